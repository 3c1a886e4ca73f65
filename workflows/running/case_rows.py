"""The rows a step reads of its locked case: each on demand, or read ahead for many cases."""

from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.orm import joinedload

from casework.clocks.acts import read_clocks_ahead
from casework.db import db, kept_for_step
from casework.events import lock_streams_ahead
from casework.models import Case
from casework.states import CaseState
from workflows.models import ProcessInstance, Timer, WaitingTask

AT_DESKS = ("waiting", "frozen")
"""States of a step that is in an inbox, or will be again once its case goes on."""


def instances_of(case: Case) -> list[ProcessInstance]:
    """The instances of a case and of its assignments, oldest first."""
    return _rows(case, "instances")


def instances_and_steps(case: Case) -> tuple[list[ProcessInstance], list[WaitingTask] | None]:
    """The instances of a case with its steps at desks, in one statement; None for steps that have been read ahead."""
    if ("instances", case.id) in kept_for_step():
        return instances_of(case), None
    with db.session.no_autoflush:
        rows = db.session.execute(_instances_and_steps(), {"ids": [case.id]}).all()
    return list(dict.fromkeys(row[0] for row in rows)), [row[1] for row in rows if row[1] is not None]


@cache
def _instances_and_steps() -> Select[ProcessInstance, WaitingTask]:
    at_desk = and_(WaitingTask.instance_id == ProcessInstance.id, WaitingTask.state.in_(AT_DESKS))
    return QUERIES["instances"].add_columns(WaitingTask).outerjoin(WaitingTask, at_desk).order_by(WaitingTask.id)


def steps_of(case: Case) -> list[WaitingTask]:
    """The steps of a case that wait for a person or are on hold."""
    return _rows(case, "steps")


def timers_of(case: Case, *, keeps: bool = False) -> list[Timer]:
    """The timers of a case that have not ended. `keeps`: for the next one who asks, too."""
    rows = _rows(case, "timers")
    if keeps:
        kept_for_step()["timers", case.id] = rows
    return rows


def forget_timers(case: Case) -> None:
    """Have the next one who asks for the timers of a case read them again."""
    kept_for_step().pop(("timers", case.id), None)


def merged_into(case: Case) -> list[Case]:
    return _rows(case, "merged")


def hold_rows(case: Case, instances: Iterable[ProcessInstance], steps: Iterable[WaitingTask | None]) -> None:
    """Keep the instances of a locked case and its steps at desks, read along with something else, for the step that is being done."""
    kept = kept_for_step()
    kept["instances", case.id] = list(dict.fromkeys(instances))
    kept["steps", case.id] = [step for step in dict.fromkeys(steps) if step is not None]


def held_instances(case: Case) -> list[ProcessInstance]:
    """The instances that are kept for the step, if they are."""
    kept: list[ProcessInstance] = kept_for_step().get(("instances", case.id), [])
    return kept


def nothing_yet(case: Case) -> None:
    """Say that a case just filed has no instance, step or timer: nothing is asked for them."""
    kept_for_step().update({(kind, case.id): [] for kind in ("instances", "steps", "timers")})


def read_ahead(cases: Collection[Case]) -> None:
    """Read everything a step of each of several locked cases needs, in a few statements.

    Rows read ahead serve the first step of each case in this unit of work; a second one reads again.
    """
    if not cases:
        return
    read_clocks_ahead(cases)
    lock_streams_ahead(cases)
    kept, ids = kept_for_step(), [case.id for case in cases]
    for kind, query in QUERIES.items():
        kept.update({(kind, case_id): [] for case_id in ids})
        for row in db.session.scalars(query, {"ids": ids}):
            kept[kind, row.merged_into_id if isinstance(row, Case) else row.case_id].append(row)


_IDS: Any = bindparam("ids", expanding=True)
QUERIES: dict[str, Select[Any]] = {
    "instances": select(ProcessInstance).where(ProcessInstance.case_id.in_(_IDS)).order_by(ProcessInstance.id),
    "steps": (
        select(WaitingTask).where(WaitingTask.case_id.in_(_IDS), WaitingTask.state.in_(AT_DESKS)).options(joinedload(WaitingTask.instance))
    ),
    "timers": select(Timer).where(Timer.case_id.in_(_IDS), Timer.ended_at.is_(None)),
    "merged": select(Case).where(Case.merged_into_id.in_(_IDS), Case.state == CaseState.MERGED),
}


def _rows(case: Case, kind: str) -> list[Any]:
    ahead = kept_for_step().pop((kind, case.id), None)
    if ahead is not None:
        rows: list[Any] = ahead
        return rows
    # called in the middle of a step, whose rows are written once, at its end
    with db.session.no_autoflush:
        return list(db.session.scalars(QUERIES[kind], {"ids": [case.id]}))
