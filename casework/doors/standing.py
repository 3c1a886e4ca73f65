"""What the clock does for service accounts: owners hear of keys that run out, accounts end with their centre or agency, and calls of what
goes from the API are forgotten.

Nothing waits for it: a key that has run out, or whose centre or agency has ended, opens nothing by the day itself.
"""

from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select

from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.doors.accounts import beside, close
from casework.doors.going import forget_calls
from casework.doors.owners import tell_owner
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import Agency, Centre, ServiceAccount, ServiceKey
from casework.permissions import SYSTEM

TOLD_BEFORE = (30, 7, 1)
"""Days before a key runs out."""
AT_ONCE = 100
BODY_ENDED = "Nơi sở hữu đã kết thúc hoạt động / the body it belonged to has ended"


def look_after_service_accounts(now: datetime) -> None:
    """The job: each account and key in a unit of work of its own, so that a busy one holds up no other."""
    for account_id in _of_ended_bodies(now):
        with unit_of_work():
            row = db.session.get(ServiceAccount, account_id, options=beside(), with_for_update={"of": ServiceAccount})
            if row is not None and row.ended_at is None:
                close(row, by=SYSTEM, now=now, reason=BODY_ENDED)
    for key_id in _running_out(now):
        with unit_of_work():
            _tell_of_end(key_id, now)
    forget_calls(now)


def _of_ended_bodies(now: datetime) -> list[int]:
    today = local_day(now)
    query = select(ServiceAccount.account_id).join(ServiceAccount.centre).outerjoin(ServiceAccount.agency)
    query = query.where(ServiceAccount.ended_at.is_(None), or_(Centre.valid_to <= today, Agency.valid_to <= today))
    return list(db.session.scalars(query.order_by(ServiceAccount.account_id).limit(AT_ONCE)))


def _running_out(now: datetime) -> list[int]:
    """The keys of which another notice is due."""
    due = or_(*(
        and_(ServiceKey.expires_at <= now + timedelta(days=days), or_(ServiceKey.told_days.is_(None), ServiceKey.told_days > days))
        for days in TOLD_BEFORE
    ))  # fmt: skip
    query = select(ServiceKey.id).where(ServiceKey.revoked_at.is_(None), ServiceKey.expires_at > now, due)
    return list(db.session.scalars(query.order_by(ServiceKey.expires_at, ServiceKey.id).limit(AT_ONCE)))


def _tell_of_end(key_id: int, now: datetime) -> None:
    """Tell the owner once of the nearest of the three days; one that was missed is not made up for."""
    key = db.session.get(ServiceKey, key_id, with_for_update=True)
    if key is None or key.revoked_at is not None:
        return
    days = min(each for each in TOLD_BEFORE if key.expires_at <= now + timedelta(days=each))
    if key.told_days is not None and key.told_days <= days:
        return
    key.told_days = days
    row = db.session.get_one(ServiceAccount, key.account_id, options=beside())
    name, ends = row.account.full_name, f"{key.expires_at.astimezone(LOCAL_ZONE):%d/%m/%Y}"
    words = Bilingual(f"khóa {key.public} của tài khoản kết nối “{name}” hết hạn ngày {ends}",
                      f"the key {key.public} of the service account “{name}” runs out on {ends}")  # fmt: skip
    tell_owner(row, words, at=now, key=f"{key.ref}:{days}")
