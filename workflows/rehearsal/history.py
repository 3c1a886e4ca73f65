"""The closed cases of a period as plain data: which steps waited from when to when, and how they were done. No content, no persons."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from casework.clocks.acts import ClockKind
from casework.db import db
from casework.models import Assignment, Case, Clock
from workflows.bindings import BINDINGS, Bindings
from workflows.definitions.parsed import definition_of
from workflows.models import ProcessInstance, ProcessVersion, Timer, WaitingTask
from workflows.rehearsal.lives import CASE, CaseLife, PassedStep, PassedTimer, ProcessLife, values_left

MOST_CASES = 3_000
"""Cases replayed; if there are more, they are picked evenly over the period."""
READ_TOGETHER = 200


@dataclass(frozen=True, slots=True)
class History:
    """The cases of a period that are replayed, and how many were found."""

    case_ids: tuple[int, ...]
    found: int


def closed_cases(since: datetime, until: datetime, *, centre_ids: Collection[int] | None, most: int = MOST_CASES) -> History:
    """Return the cases filed in a period that are over, of some centres or of all (None); if there are more than `most`, evenly spaced
    ones.

    Quarantined cases are left out.
    """
    query = select(Case.id).where(*_closed_in(since, until, centre_ids)).order_by(Case.opened_at, Case.id)
    found = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ids = list(db.session.scalars(query)) if found <= most else list(_evenly(query, found, most))
    return History(tuple(ids), found)


def _closed_in(since: datetime, until: datetime, centre_ids: Collection[int] | None) -> tuple[ColumnElement[bool], ...]:
    of_centres = () if centre_ids is None else (Case.centre_id.in_(centre_ids),)
    return Case.opened_at >= since, Case.opened_at < until, Case.closed_at.is_not(None), Case.quarantined_at.is_(None), *of_centres


def _evenly(query: Any, found: int, most: int) -> Iterator[int]:
    """Evenly spaced rows of many, in order; the same ones each time."""
    wanted = {place * found // most for place in range(most)}
    for place, case_id in enumerate(db.session.scalars(query.execution_options(yield_per=5_000))):
        if place in wanted:
            yield case_id


def lives_of(case_ids: Sequence[int], *, bindings: Bindings = BINDINGS) -> Iterator[tuple[int, CaseLife]]:
    """Read cases in batches; cases without a process of their own are left out."""
    for at in range(0, len(case_ids), READ_TOGETHER):
        yield from _read(case_ids[at : at + READ_TOGETHER], bindings)


def _read(case_ids: Sequence[int], bindings: Bindings) -> Iterator[tuple[int, CaseLife]]:
    instances = _by_case(
        select(
            ProcessInstance.case_id, ProcessInstance.id, ProcessInstance.process_id, ProcessInstance.version_id, ProcessInstance.state,
            ProcessInstance.started_at, ProcessInstance.ended_at, Assignment.agency_id,
        )
        .outerjoin(Assignment, ProcessInstance.assignment_id == Assignment.id)
        .where(ProcessInstance.case_id.in_(case_ids))
        .order_by(ProcessInstance.id)
    )  # fmt: skip
    steps = _by_case(
        select(
            WaitingTask.case_id, WaitingTask.instance_id, WaitingTask.element, WaitingTask.state, WaitingTask.outcome,
            WaitingTask.entered_at, WaitingTask.done_at,
        )
        .where(WaitingTask.case_id.in_(case_ids))
        .order_by(WaitingTask.id)
    )  # fmt: skip
    timers = _by_case(
        select(Timer.case_id, Timer.instance_id, Timer.element, Timer.due_at, Timer.fired_at, Timer.ended_at)
        .where(Timer.case_id.in_(case_ids))
        .order_by(Timer.id)
    )
    of_cases = (Clock.kind == str(ClockKind.CASE), Clock.assignment_id.is_(None))
    clocks = _by_case(
        select(Clock.case_id, Clock.started_at, Clock.due_at, Clock.ended_at)
        .where(Clock.case_id.in_(case_ids), *of_cases)
        .order_by(Clock.id)
    )
    versions = _versions({row.version_id for rows in instances.values() for row in rows})
    for case_id in case_ids:
        rows = instances.get(case_id, [])
        if not rows or all(row.process_id != CASE for row in rows):
            continue
        own = next(row for row in rows if row.process_id == CASE)
        ordered = [own, *(row for row in rows if row is not own)]
        processes = tuple(
            _process(str(number) if number else CASE, row, steps.get(case_id, []), timers.get(case_id, []), versions, bindings)
            for number, row in enumerate(ordered)
        )
        clock = clocks[case_id][-1] if clocks.get(case_id) else None
        is_one_version = len({row.version_id for row in rows}) == 1
        yield case_id, CaseLife(
            version=versions[own.version_id].sha256 if is_one_version else "",
            processes=processes,
            due=_seconds(clock.due_at) if clock is not None else None,
            due_began=_seconds(clock.started_at) if clock is not None else None,
            answered=_seconds(clock.ended_at) if clock is not None else None,
        )


def _by_case(query: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in db.session.execute(query):
        found[row.case_id].append(row)
    return found


def _versions(ids: Collection[int]) -> Mapping[int, ProcessVersion]:
    return {version.id: version for version in db.session.scalars(select(ProcessVersion).where(ProcessVersion.id.in_(ids)))}


def _process(
    key: str, row: Any, steps: list[Any], timers: list[Any], versions: Mapping[int, ProcessVersion], bindings: Bindings
) -> ProcessLife:
    definition = definition_of(versions[row.version_id])
    passed = tuple(
        PassedStep(
            each.element, each.entered_at.timestamp(), _seconds(each.done_at), each.state == "done",
            each.outcome if each.state == "done" else None,
        )
        for each in steps
        if each.instance_id == row.id
    )  # fmt: skip
    waited = tuple(
        PassedTimer(each.element, each.due_at.timestamp(), _seconds(each.fired_at), _seconds(each.ended_at))
        for each in timers
        if each.instance_id == row.id
    )
    left, reached = values_left(row.state, definition, row.process_id, bindings)
    return ProcessLife(
        key=key, process_id=row.process_id, started=row.started_at.timestamp(), ended=_seconds(row.ended_at), steps=passed, timers=waited,
        left=left, reached=reached, agency=row.agency_id,
    )  # fmt: skip


def _seconds(instant: datetime | None) -> float | None:
    return instant.timestamp() if instant is not None else None
