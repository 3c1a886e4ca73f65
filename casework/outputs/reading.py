"""Reading outputs a person ordered or was sent: a page of them, one of them, its file."""

from datetime import datetime, timedelta

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.models import File, Output
from casework.outputs.kinds import KINDS, OutputRefused
from casework.outputs.rights import reads_run, refuse_moved, refuse_order, refuse_others
from casework.outputs.standing import record_output
from casework.permissions import Actor, NotAllowed

PAGE = 25
LATELY = timedelta(days=1)
"""How long a page shows the result of an order that changes it."""


def outputs_seen(by: Actor, *, before: int | None = None, limit: int = PAGE) -> list[Output]:
    """A page of the person's orders, newest first; `before` is the last row of the previous page."""
    query = _of(by).where(Output.state != "dropped").order_by(Output.asked_at.desc(), Output.id.desc()).limit(limit)
    if before is not None:
        asked_at = select(Output.asked_at).where(Output.id == before).scalar_subquery()
        query = query.where(or_(Output.asked_at < asked_at, and_(Output.asked_at == asked_at, Output.id < before)))
    return list(db.session.scalars(query))


def output_seen(by: Actor, ref: str) -> Output | None:
    """One of the person's own orders, or a scheduled one they may read; None where there is none: nobody fetches another person's order."""
    own = db.session.scalars(_of(by).where(Output.ref == ref, Output.state != "dropped")).first()
    if own is not None:
        return own
    made = select(Output).where(Output.ref == ref, Output.schedule_id.is_not(None), Output.state != "dropped")
    row = db.session.scalars(made.options(joinedload(Output.centre), joinedload(Output.file), joinedload(Output.schedule))).first()
    return row if row is not None and reads_run(row, by) else None


def newest_order(kind: str, *, centre_id: int, now: datetime, **parameters: str) -> Output | None:
    """The newest order of a kind in a centre with such parameters, by anybody; None where there is no recent one."""
    lately = select(Output).where(Output.centre_id == centre_id, Output.asked_at > now - LATELY)
    lately = lately.where(Output.kind == kind, Output.state != "dropped")
    rows = db.session.scalars(lately.order_by(Output.asked_at.desc(), Output.id.desc()).limit(PAGE))
    return next((row for row in rows if all(row.parameters.get(name) == value for name, value in parameters.items())), None)


def file_of(output: Output, *, by: Actor, now: datetime) -> File:
    """The file of a finished order, for a person who may still have it. Raises NotAllowed; OutputRefused once it has expired."""
    if output.schedule_id is None:
        refuse_others(output, by)
    elif not reads_run(output, by):
        raise NotAllowed
    refuse_order(KINDS[output.kind], by=by, centre_id=output.centre_id, with_identity=output.has_identity, reason=output.reason)
    if output.schedule_id is None:
        refuse_moved(output, by)
    is_over = output.expires_at is not None and output.expires_at <= now
    if output.state != "ready" or is_over or output.file is None or output.file.erased_at is not None:
        raise OutputRefused("Liên kết đã hết hạn, tệp đã bị xóa.", "The link has run out, and the file is deleted.")
    return output.file


def count_fetched(output: Output, *, by: Actor, now: datetime) -> None:
    """Count a download and, for a file with personal data or one that needs a reason, record `fetch_output`."""
    output.fetched += 1
    if output.has_identity or KINDS[output.kind].needs_reason:
        record_output("fetch_output", output, by=by, at=now, number=output.fetched)
    db.session.flush()


def _of(by: Actor) -> Select[Output]:
    query = select(Output).where(Output.asked_by_id == by.own_id, Output.asked_by_id.is_not(None))
    return query.options(joinedload(Output.centre), joinedload(Output.file))
