"""Holding an act back that can be taken back: it is tried where it would be done, undone again, and only the wish to do it is kept.

So whoever presses reads every refusal at once, and until the act is carried out (workflows/running/carrying_out.py) nothing of it is
written: no event, no message, no token that has moved.
"""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, bindparam, exists, select
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.db import db, kept_for_step
from casework.errors import CaseworkError
from casework.local_time import LOCAL_ZONE
from casework.models import Case, HeldAct
from casework.permissions import Actor
from casework.steps.drafts import DraftPlace
from casework.taking_back.held_acts import HELD_VERBS, Hold, keep_held
from casework.verbs import Input
from workflows.models import WaitingTask
from workflows.running.held_input import packed

Tried = TypeVar("Tried")


class ActHeld(CaseworkError):
    """Somebody has done it and can still take it back; the text says who and until when."""


def held_at_step() -> Any:
    """The column with the held act of a step, for statements that read the step; none where none is held."""
    query = select(HeldAct.id).where(HeldAct.task_ref == WaitingTask.ref, HeldAct.returned_at.is_(None))
    return query.limit(1).correlate(WaitingTask).scalar_subquery().label("held")


def newest_of_step() -> Any:
    """The column with the newest act of a step that is held or has gone back."""
    query = select(HeldAct.id).where(HeldAct.task_ref == WaitingTask.ref).order_by(HeldAct.id.desc())
    return query.limit(1).correlate(WaitingTask).scalar_subquery().label("held")


def is_held_at_step() -> ColumnElement[bool]:
    """The condition that an act is held at the step."""
    return exists().where(HeldAct.task_ref == WaitingTask.ref, HeldAct.returned_at.is_(None))


def is_held(verb: str, hold: Hold | None) -> bool:
    return hold is not None and bool(hold.lasts) and verb in HELD_VERBS


def held_instead(
    do: Callable[[], Tried], place: DraftPlace, verb: str, given: Input | None, *, by: Actor, now: datetime, hold: Hold,
    task_ref: str | None = None,
) -> tuple[Tried, HeldAct]:  # fmt: skip
    """Try what is to be done, undo it, and hold it; returns what it came to and the row. Raises whatever refuses it."""
    trial = db.session.begin_nested()
    try:
        tried = do()
    finally:
        with db.session.no_autoflush:
            trial.rollback()
        kept_for_step().clear()
    held = keep_held(place, verb, packed(given), by=by, now=now, hold=hold, task_ref=task_ref)
    if task_ref is not None:
        db.session.scalars(_again(), {"ref": task_ref}).unique().one()
    return tried, held


@cache
def _again() -> Select[WaitingTask]:
    """The step `ref` and its case, which undoing the trial has put out of date: what the next page asks of them, in one statement."""
    case = joinedload(WaitingTask.case).joinedload(Case.assignments)
    return select(WaitingTask).where(WaitingTask.ref == bindparam("ref")).options(joinedload(WaitingTask.instance), case)


def refuse_held(held_id: int | None) -> None:
    """Raise ActHeld if there is such a row."""
    held = db.session.get(HeldAct, held_id) if held_id is not None else None
    if held is not None:
        raise ActHeld(*held_words(held))


def refuse_held_beside(case: Case, verb: str) -> None:
    """The same for an act beside the steps of a locked case."""
    query = select(HeldAct.id).where(HeldAct.case_id == case.id, HeldAct.subject == verb, HeldAct.returned_at.is_(None))
    refuse_held(db.session.scalar(query.limit(1)))


def held_words(held: HeldAct) -> Bilingual:
    """Who has done it, and from when on it cannot be taken back."""
    who, pressed, due = held.account.full_name or "", _local(held.pressed_at), _local(held.due_at)
    return Bilingual(
        f"{who} đã thực hiện bước này lúc {pressed} và còn có thể hoàn tác đến {due}.",
        f"{who} did this step at {pressed} and can take it back until {due}.",
    )


def _local(instant: datetime) -> str:
    return f"{instant.astimezone(LOCAL_ZONE):%H:%M:%S}"
