"""The worker's side: taking an order, holding it, finishing it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update

from casework.bilingual import Bilingual
from casework.db import db
from casework.files.local import StoredFile
from casework.models import Account, File, Output
from casework.outputs.kinds import KINDS, OutputRefused
from casework.outputs.rights import may_schedule, reads_scheduled, refuse_order, seen_from
from casework.outputs.standing import quarantined_by_now, record_output, under_way
from casework.outputs.telling import tell_of_failure, tell_of_run
from casework.permissions import Actor, actor_for
from casework.setting_values import value_of

LEASE = timedelta(minutes=5)
"""How long a worker may be silent about an order before another takes it over."""
WAITS = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1))
"""The wait before each further attempt."""
MOST_ATTEMPTS = len(WAITS) + 1


@dataclass(frozen=True, slots=True)
class Taken:
    """An order leased by a worker: until when, for which attempt, and which cases had left the system before it looked any up."""

    output_id: int
    until: datetime
    attempts: int
    quarantined: tuple[int, datetime | None]


STOPPED = Bilingual("Tiến trình tạo tệp bị dừng giữa chừng.", "The process that made it was stopped on its way.")
MADE_ANEW = Bilingual("Danh sách vừa thay đổi; tệp được tạo lại.", "The list has just changed; it is made anew.")


def has_output_to_make(now: datetime) -> bool:
    """Whether an order waits, or was left by a dead worker."""
    return db.session.scalar(select(Output.id).where(_is_due(now)).limit(1)) is not None


def take_output(now: datetime) -> Taken | None:
    """Lease the order that has waited longest; None where there is none. One that no worker could finish is given up."""
    query = select(Output).where(_is_due(now)).order_by(Output.due_at, Output.id).limit(1).execution_options(populate_existing=True)
    if db.session.get_bind().dialect.name != "sqlite":
        query = query.with_for_update(skip_locked=True)
    while (output := db.session.scalars(query).first()) is not None:
        if output.attempts < MOST_ATTEMPTS:
            output.state, output.leased_until, output.attempts = "making", now + LEASE, output.attempts + 1
            db.session.flush()
            return Taken(output.id, now + LEASE, output.attempts, quarantined_by_now())
        output.state, output.ended_at, output.leased_until = "failed", now, None
        output.error, output.error_en = STOPPED
        tell_of_failure(output, now=now)
        db.session.flush()
    return None


def tell_of_output(taken: Taken, *, done: int, total: int | None, now: datetime) -> Taken | None:
    """Record the progress and extend the lease; None where the order is no longer this worker's."""
    until = now + LEASE
    if not _write(taken, done=done, total=total, leased_until=until):
        return None
    return Taken(taken.output_id, until, taken.attempts, taken.quarantined)


def is_held(taken: Taken) -> bool:
    """Whether the order is still this worker's: not cancelled, and no case of it has left the system."""
    return db.session.scalar(select(Output.id).where(*_own(taken))) is not None


def finish_output(taken: Taken, stored: StoredFile, *, name: str, media_type: str, by: Actor, now: datetime) -> bool:
    """Keep the file of an order until it expires; False, keeping nothing, where the order is no longer this worker's.

    If a case has left the system since the order was taken, the file may contain it and is made anew. Scheduled outputs are kept for as
    long as the schedule says.
    """
    if taken.quarantined != quarantined_by_now():
        anew = {"state": "waiting", "leased_until": None, "due_at": now, "attempts": taken.attempts - 1}
        _write(taken, **anew, error=MADE_ANEW.vi, error_en=MADE_ANEW.en)
        return False
    if not _write(taken, state="ready", leased_until=None, ended_at=now, name=name[:120], error=None, error_en=None):
        return False
    output = db.session.get_one(Output, taken.output_id, populate_existing=True)
    output.total = output.done = output.total if output.total is not None else output.done
    output.expires_at = _kept_until(output, now)
    output.seen_from = seen_from(by, KINDS[output.kind], output.centre_id) if output.schedule_id is None else None
    old = db.session.scalars(select(File).where(File.output_id == output.id)).first()
    if old is not None:
        # the row of an erased file is reused when its order is made again, because an order has one file
        db.session.delete(old)
        db.session.flush()
    db.session.add(
        File(
            output_id=output.id, audience="centre", rendition="document", stored_name=stored.stored_name, sha256=stored.sha256,
            size=stored.size, media_type=media_type, key_id=stored.key_id, width=0, height=0, created_at=now, created_by_id=by.own_id,
        )
    )  # fmt: skip
    if output.has_identity:
        record_output("export_identity", output, by=by, at=now, rows=output.done)
    if output.schedule_id is not None and not tell_of_run(output, now=now):
        tell_of_failure(output, now=now)
    db.session.flush()
    return True


def fail_output(taken: Taken, error: Bilingual, *, now: datetime, again: bool) -> bool:
    """Record why it was not made; with `again` it is tried later, after longer and longer waits, MOST_ATTEMPTS times in all."""
    words = {"error": error.vi[:300], "error_en": error.en[:300], "leased_until": None}
    if again and taken.attempts < MOST_ATTEMPTS:
        return _write(taken, state="waiting", due_at=now + WAITS[taken.attempts - 1], done=0, total=None, **words)
    is_own = _write(taken, state="failed", ended_at=now, **words)
    if is_own and (output := db.session.get_one(Output, taken.output_id, populate_existing=True)).schedule_id is not None:
        tell_of_failure(output, now=now)
    return is_own


def actor_of(output: Output, *, now: datetime) -> Actor:
    """The person it is made for, with the roles they hold now: whoever asked, or in whose name the schedule is.

    Raises NotAllowed where the roles are lost; for a schedule OutputRefused, which says what to do.
    """
    if output.schedule is not None:
        return _scheduler_of(output, output.schedule.made_by, now)
    by = actor_for(output.asked_by, now=now)
    refuse_order(KINDS[output.kind], by=by, centre_id=output.centre_id, with_identity=output.has_identity, reason=output.reason)
    return by


def _scheduler_of(output: Output, account: Account, now: datetime) -> Actor:
    by = actor_for(account, now=now)
    is_read = reads_scheduled(output.kind, by=by, centre_id=output.centre_id, agency_id=output.agency_id)
    if not (is_read and may_schedule(by, output.centre_id)):
        raise OutputRefused(
            f"Lịch đứng tên {account.full_name}, người không còn quyền lập tệp này. Người phụ trách Trung tâm mở lịch, bấm “Thay đổi” rồi"
            " lưu lại để lịch đứng tên mình, sau đó thử lại.",
            f"The schedule is in the name of {account.full_name}, who may not have this file any more. Who runs the centre opens the"
            " schedule, presses “Change” and saves it, so that it is in their name, and tries again.",
        )
    return by


def _kept_until(output: Output, now: datetime) -> datetime | None:
    """Scheduled outputs are kept as long as the schedule says; None: for ever."""
    if output.schedule is not None:
        return now + timedelta(days=output.schedule.keep_days) if output.schedule.keep_days is not None else None
    if output.has_identity:
        return now + timedelta(hours=int(value_of("identity_export_hours")))
    return now + timedelta(days=int(value_of("export_days")))


def _is_due(now: datetime) -> ColumnElement[bool]:
    waits = and_(Output.state == "waiting", Output.due_at <= now)
    return and_(under_way(), or_(waits, and_(Output.state == "making", Output.leased_until < now)))


def _own(taken: Taken) -> tuple[ColumnElement[bool], ...]:
    return Output.id == taken.output_id, Output.state == "making", Output.leased_until == taken.until


def _write(taken: Taken, **values: Any) -> bool:
    """Change an order while it is this worker's."""
    written = update(Output).where(*_own(taken)).values(**values).returning(Output.id)
    return db.session.scalar(written, execution_options={"synchronize_session": False}) is not None
