"""Which programs still call what goes from the API: noted by the day, and the owner of a program is told once of each such operation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from casework.bilingual import Bilingual
from casework.db import db, inserting, unit_of_work
from casework.doors.accounts import beside
from casework.doors.asking import Caller
from casework.doors.owners import tell_owner
from casework.local_time import local_day
from casework.models import GoingCall, ServiceAccount

KEPT = timedelta(days=90)
"""How long after the last call it is shown."""
TOGETHER = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Goes:
    """An operation that goes: its name in OpenAPI, method and address, since when that is announced, the first day it is not there, and
    where one reads on."""

    name: str
    address: str
    announced_on: date
    ends_on: date
    about: str

    @property
    def last_day(self) -> date:
        return self.ends_on - timedelta(days=1)


def note_call(goes: Goes, *, by: Caller, now: datetime) -> None:
    """Keep the day of a call, and tell the owner unless they were told of this operation before, whichever of their programs called it. One
    statement where both was done."""
    today = local_day(now)
    row = GoingCall
    own = (row.service_id == by.account_id, row.operation == goes.name, row.announced_on == goes.announced_on)
    asked = select(row.last_used_on, row.told_id, ServiceAccount.owner_id).where(*own)
    known = db.session.execute(asked.join(ServiceAccount, ServiceAccount.account_id == row.service_id)).first()
    if known is not None and known.last_used_on == today and known.told_id == known.owner_id:
        return
    table: Any = GoingCall.__table__
    values = {"service_id": by.account_id, "operation": goes.name, "announced_on": goes.announced_on, "last_used_on": today}
    insert = inserting(table).values([values])
    kept = {"last_used_on": insert.excluded.last_used_on}
    # whoever calls at the same moment waits here, and reads that the owner was told
    db.session.execute(insert.on_conflict_do_update(index_elements=["service_id", "operation", "announced_on"], set_=kept))
    service = db.session.get_one(ServiceAccount, by.account_id, options=beside(), populate_existing=True)
    of_owner = select(row.service_id).where(*own[1:], row.told_id == service.owner_id).limit(1)
    if db.session.scalar(of_owner) is None:
        _tell(service, goes, now)
    told = update(row).where(*own).values(told_id=service.owner_id)
    db.session.execute(told, execution_options={"synchronize_session": False})


def _tell(service: ServiceAccount, goes: Goes, now: datetime) -> None:
    name, last = service.account.full_name or service.account.ref, f"{goes.last_day:%d/%m/%Y}"
    words = Bilingual(
        f"“{name}” dùng {goes.address} của API; địa chỉ này chỉ còn đến hết ngày {last}. Xem {goes.about}",
        f"“{name}” calls {goes.address} of the API, which is there until the end of {last} only. See {goes.about}",
    )
    tell_owner(service, words, at=now)


def calls_of(service: ServiceAccount, *, now: datetime) -> Sequence[tuple[str, date, date]]:
    """What a program called of late that goes: operation, since when that is announced, and the day of the last call; the newest first."""
    row = GoingCall
    query = select(row.operation, row.announced_on, row.last_used_on).where(row.service_id == service.account_id)
    query = query.where(row.last_used_on > local_day(now - KEPT)).order_by(row.last_used_on.desc(), row.operation)
    return [(operation, announced_on, used_on) for operation, announced_on, used_on in db.session.execute(query)]


def forget_calls(now: datetime) -> None:
    """Forget calls of long ago, at most TOGETHER at once."""
    row = GoingCall
    old = select(row.service_id, row.operation, row.announced_on).where(row.last_used_on <= local_day(now - KEPT))
    with unit_of_work():
        for service_id, operation, announced_on in db.session.execute(old.limit(TOGETHER)).all():
            gone = delete(GoingCall).where(row.service_id == service_id, row.operation == operation, row.announced_on == announced_on)
            db.session.execute(gone, execution_options={"synchronize_session": False})
