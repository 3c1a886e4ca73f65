"""Traces: for each case whose process ended in a period, the steps that were done, ordered by time.

A case's own process and those of its agencies form one trace. They are read in batches, so memory does not grow with the period, and hold
no persons and nothing anybody wrote.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, exists, select, tuple_

from casework.db import db
from casework.models import Assignment, Case
from casework.permissions import Actor
from workflows.bottlenecks.reading import BottleneckQuery, centres_read, field_ids
from workflows.models import ProcessInstance, StepFact, WaitingTask

PIECE = 300
"""Cases read at a time."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One step that was done. `role` is the role of its desk, never a person."""

    element: str
    version_id: int
    assignment_id: int | None
    entered_at: datetime
    left_at: datetime
    working_minutes: int | None
    role: str
    agency_id: int | None
    outcome: str | None
    is_late: bool


@dataclass(frozen=True, slots=True)
class Trace:
    """The steps of one case whose process has ended."""

    case_id: int
    version_id: int
    centre_id: int
    field_id: int | None
    started_at: datetime
    ended_at: datetime
    passages: tuple[Passage, ...]

    @property
    def steps(self) -> tuple[str, ...]:
        """The element ids, in order."""
        return tuple(each.element for each in self.passages)


def traces(wanted: BottleneckQuery, *, by: Actor, newest_first: bool = False, lets_go: bool = False) -> Iterator[Trace]:
    """The traces of the person's centres; see `traces_of`."""
    return traces_of(wanted, centres_read(by), newest_first=newest_first, lets_go=lets_go)


def traces_of(
    wanted: BottleneckQuery, centres: Collection[int] | None, *, newest_first: bool = False, lets_go: bool = False
) -> Iterator[Trace]:
    """Yield the cases of some centres (None: all) by when their process ended, read lazily.

    With `lets_go` the transaction ends after each batch, for readers that take minutes; ended cases do not change any more.
    """
    return _traces(_ended(wanted, centres), newest_first, lets_go)


def _traces(ended: Select[*tuple[Any, ...]], newest_first: bool, lets_go: bool) -> Iterator[Trace]:
    last: tuple[datetime, int] | None = None
    while True:
        rows = db.session.execute(_piece(ended, last, newest_first)).all()
        passages = _passages([row.case_id for row in rows])
        if lets_go:
            db.session.rollback()
        for row in rows:
            yield Trace(
                row.case_id, row.version_id, row.centre_id, row.field_id, row.started_at, row.ended_at, tuple(passages[row.case_id])
            )
        if len(rows) < PIECE:
            return
        last = rows[-1].ended_at, rows[-1].id


def _piece(ended: Select[*tuple[Any, ...]], last: tuple[datetime, int] | None, newest_first: bool) -> Select[*tuple[Any, ...]]:
    """The next PIECE cases after `last`."""
    order = (ProcessInstance.ended_at, ProcessInstance.id)
    if last is not None:
        ended = ended.where(tuple_(*order) < last if newest_first else tuple_(*order) > last)
    return ended.order_by(*(each.desc() if newest_first else each for each in order)).limit(PIECE)


def _ended(wanted: BottleneckQuery, centres: Collection[int] | None) -> Select[*tuple[Any, ...]]:
    """Ended processes of the period, through their index."""
    query = select(
        ProcessInstance.id, ProcessInstance.case_id, ProcessInstance.version_id, Case.centre_id, Case.field_id,
        ProcessInstance.started_at, ProcessInstance.ended_at,
    )  # fmt: skip
    query = query.join(Case, Case.id == ProcessInstance.case_id)
    query = query.where(ProcessInstance.assignment_id.is_(None), ProcessInstance.ended_at.is_not(None), Case.quarantined_at.is_(None))
    query = query.where(ProcessInstance.ended_at >= wanted.since, ProcessInstance.ended_at < wanted.until)
    if centres is not None:
        query = query.where(Case.centre_id.in_(centres))
    if wanted.centre is not None:
        query = query.where(Case.centre_id == wanted.centre.id)
    if wanted.version is not None:
        query = query.where(ProcessInstance.version_id == wanted.version.id)
    if wanted.field:
        query = query.where(Case.field_id.in_(field_ids(wanted.field)))
    if wanted.agency is not None:
        query = query.where(exists().where(Assignment.case_id == Case.id, Assignment.agency_id == wanted.agency.id))
    return query


def _passages(case_ids: Collection[int]) -> dict[int, list[Passage]]:
    query = (
        select(
            StepFact.case_id, StepFact.element, StepFact.version_id, StepFact.assignment_id, StepFact.entered_at, StepFact.left_at,
            StepFact.working_minutes, WaitingTask.desk, WaitingTask.agency_id, WaitingTask.outcome, WaitingTask.due_at,
        )
        .select_from(StepFact)
        .join(WaitingTask, and_(WaitingTask.instance_id == StepFact.instance_id, WaitingTask.engine_task == StepFact.engine_task))
        .where(StepFact.case_id.in_(case_ids), StepFact.left_at.is_not(None), WaitingTask.state == "done")
        .order_by(StepFact.case_id, StepFact.left_at, StepFact.id)
    )  # fmt: skip
    found: dict[int, list[Passage]] = defaultdict(list)
    rows: Iterable[Any] = db.session.execute(query) if case_ids else ()
    for case_id, element, version_id, assignment_id, entered_at, left_at, minutes, desk, agency_id, outcome, due_at in rows:
        role = desk.partition("@")[0]
        found[case_id].append(
            Passage(element, version_id, assignment_id, entered_at, left_at, minutes, role, agency_id, outcome, left_at >= due_at)
        )
    return found
