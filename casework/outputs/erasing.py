"""Erasing files that have expired, or may tell of a case that leaves the system."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import aliased, joinedload

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Case, CaseSuccession, File, Output, ReportSchedule
from casework.outputs.kinds import KINDS
from casework.outputs.standing import let_go_of_file
from casework.setting_values import value_of

ENDED = ("failed", "dropped", "expired")
RUNS_KEPT = 12
"""How many of a running schedule's newest runs keep their rows, which show the periods it has made."""
LEFT = Bilingual("Danh sách đã thay đổi nên tệp bị xóa.", "The list has changed, so the file is deleted.")
GONE = "…"
"""Replaces a reason."""


def has_expired(now: datetime) -> bool:
    """Whether some file has expired."""
    return db.session.scalar(select(Output.id).where(_is_over(now)).limit(1)) is not None


def erase_expired(now: datetime, *, most: int = 100) -> int:
    """Erase expired files and return how many; the job `erase_files` deletes their bytes."""
    over = select(Output).where(_is_over(now)).order_by(Output.expires_at).limit(most).options(joinedload(Output.file))
    rows = list(db.session.scalars(over))
    for row in rows:
        _expire(row, now)
    db.session.flush()
    return len(rows)


def drop_outputs_of(cases: Collection[Case], *, at: datetime, keeps_reasons: bool = False) -> int:
    """Drop all outputs that may tell of cases leaving the system (rules.md, section 6, "Quarantine"), and return how many.

    It is not recorded which cases a list holds, so all the centre's outputs about cases made since these were opened are dropped. One
    being made is made anew. `keeps_reasons`: the cases stay, and so do the reasons for looking at senders.
    """
    if not cases:
        return 0
    since, centres = min(case.opened_at for case in cases), _linked({case.centre_id for case in cases})
    kinds = [kind.key for kind in KINDS.values() if kind.holds_cases]
    may_hold = or_(
        and_(Output.kind.in_(kinds), Output.centre_id.in_(centres), Output.case_id.is_(None)),
        Output.case_id.in_([case.id for case in cases]),
    )
    being_made = update(Output).where(may_hold, Output.state == "making").values(state="waiting", leased_until=None, due_at=at)
    db.session.execute(being_made, execution_options={"synchronize_session": False})
    ready = select(Output).where(may_hold, Output.state == "ready", Output.ended_at >= since).options(joinedload(Output.file))
    ready = ready.execution_options(populate_existing=True)
    rows = list(db.session.scalars(ready.order_by(Output.id).with_for_update(of=Output)))
    for row in rows:
        _expire(row, at)
        row.error, row.error_en = LEFT
    if keeps_reasons:
        db.session.flush()
        return len(rows)
    named = update(Output).where(may_hold, Output.has_identity, Output.asked_at >= since, Output.state.not_in(("waiting", "making")))
    # the reasons for looking at senders may repeat what they sent
    db.session.execute(named.values(reason=GONE), execution_options={"synchronize_session": False})
    db.session.flush()
    return len(rows)


def drop_named_outputs(*, at: datetime) -> int:
    """Drop all files with personal data after a person asked for erasure or restriction, and return how many.

    It is not recorded whom a file names, and it would expire within hours anyway: all such files are dropped, and those being made are
    made anew.
    """
    being_made = update(Output).where(Output.has_identity, Output.state == "making").values(state="waiting", leased_until=None, due_at=at)
    db.session.execute(being_made, execution_options={"synchronize_session": False})
    ready = select(Output).where(Output.has_identity, Output.state == "ready").order_by(Output.id).options(joinedload(Output.file))
    rows = list(db.session.scalars(ready.with_for_update(of=Output).execution_options(populate_existing=True)))
    for row in rows:
        _expire(row, at)
        row.error, row.error_en = LEFT
    db.session.flush()
    return len(rows)


def forget_outputs(now: datetime, *, most: int = 500) -> int:
    """Delete the rows of orders finished, and without a file, for longer than `export_row_days` (a setting); returns how many.

    Events stay and show who ordered and fetched what. A schedule's rows stay while it still needs them to know which periods it has made.
    """
    before = now - timedelta(days=int(value_of("export_row_days")))
    newer = aliased(Output)
    after_it = select(func.count()).where(newer.schedule_id == Output.schedule_id, newer.for_at > Output.for_at)
    is_needed = and_(ReportSchedule.stopped_at.is_(None), after_it.correlate(Output).scalar_subquery() < RUNS_KEPT)
    query = (
        select(Output.id).outerjoin(File, File.output_id == Output.id).outerjoin(ReportSchedule, ReportSchedule.id == Output.schedule_id)
        .where(Output.state.in_(ENDED), func.coalesce(File.erased_at, Output.ended_at) < before)
        .where(or_(File.id.is_(None), File.erased_at.is_not(None)), or_(Output.schedule_id.is_(None), ~is_needed))
        .order_by(Output.id).limit(most)
    )  # fmt: skip
    ids = list(db.session.scalars(query))
    if ids:
        for gone in (delete(File).where(File.output_id.in_(ids)), delete(Output).where(Output.id.in_(ids), Output.state.in_(ENDED))):
            db.session.execute(gone, execution_options={"synchronize_session": False})
    return len(ids)


def _linked(centres: Collection[int]) -> set[int]:
    """Centres with all their predecessors and successors: an ended centre's lists hold cases its successor looks after now."""
    found = set(centres)
    pairs = select(CaseSuccession.predecessor_id, CaseSuccession.successor_id).where(CaseSuccession.kind == "centre")
    links = [set(pair) for pair in db.session.execute(pairs)]
    while more := {each for link in links if link & found for each in link} - found:
        found |= more
    return found


def _expire(output: Output, now: datetime) -> None:
    let_go_of_file(output, now)
    output.state = "expired"


def _is_over(now: datetime) -> ColumnElement[bool]:
    return and_(Output.state == "ready", Output.expires_at <= now)
