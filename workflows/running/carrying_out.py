"""Carries out what was held (workflows/running/holding.py) once nobody can take it back any more, and returns what cannot be done.

An act is done with the moment of its press, so that every limit counts from there; its row goes in the same unit of work, so that a worker
that dies leaves it held or done. If something was recorded meanwhile that changes what the act decided upon
(casework/taking_back/meanwhile.py), it goes back to its author, who sees what has changed and decides anew. The clock itself waits: timers
and reminders of the case rest while an act on it is held.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import NoResultFound, OperationalError
from sqlalchemy.orm import InstrumentedAttribute

from casework.bilingual import Bilingual
from casework.cases import CaseBusy, lock_case_of
from casework.db import db, unit_of_work
from casework.db_errors import is_circle, is_lock_timeout, is_unreachable
from casework.errors import CaseworkError
from casework.models import Account, Case, HeldAct
from casework.permissions import Actor, NotAllowed, actor_for
from casework.steps.drafts import DraftPlace
from casework.taking_back.held_acts import give_back, given_of
from casework.taking_back.meanwhile import has_changed_since
from workflows.models import WaitingTask
from workflows.running.acts import ActUnknown, act
from workflows.running.faults import FaultSpot, place_of, root_of
from workflows.running.held_input import given_from
from workflows.running.incidents import StepFailed, run_recorded, spot_of
from workflows.running.steps import TaskUnknown, draft_place, perform

LOGGER = logging.getLogger("langbiang.held")

BATCH = 100
LONGEST = timedelta(hours=12)
"""After a worker stood still for longer, an act goes back: files made for it are about to be swept, and days may have been summed up."""


class ChangedMeanwhile(CaseworkError):
    """Something was recorded in the case after the press that changes what was decided upon."""

    def __init__(self) -> None:
        super().__init__(
            "Hồ sơ vừa có thay đổi khác trong lúc chờ. Vui lòng xem lại hồ sơ rồi quyết định lại.",
            "Something else has changed in the case meanwhile. Please look at the case again and decide anew.",
        )


class StoodStill(CaseworkError):
    """No worker ran for so long that nobody expects the act any more."""

    def __init__(self) -> None:
        super().__init__(
            "Hệ thống tạm dừng quá lâu nên việc này chưa được thực hiện. Vui lòng xem lại rồi quyết định lại.",
            "The system stood still for so long that this was not carried out. Please look at it again and decide anew.",
        )


NOT_THERE = Bilingual("Việc này không còn ở chỗ Ông/Bà.", "This task is not at your desk any more.")
NOT_ALLOWED = Bilingual("Ông/Bà không còn quyền thực hiện việc này.", "You are not allowed to do this any more.")


def carry_out_due(now: datetime, limit: int = BATCH) -> int:
    """Carry out what nobody can take back any more, in the order in which it was pressed; returns how many were carried out or returned."""
    query = select(HeldAct.id).where(HeldAct.returned_at.is_(None), HeldAct.due_at <= now).order_by(HeldAct.pressed_at, HeldAct.id)
    ids = list(db.session.scalars(query.limit(limit)))
    db.session.rollback()
    return sum(settle(held_id, now) for held_id in ids)


def take_back(ref: str, *, by: Actor, now: datetime) -> HeldAct | None:
    """Take back one's own held act, with what was typed; in the caller's unit of work. None where it is settled already."""
    held = _locked(HeldAct.ref, ref)
    if held is None or held.account_id != by.account_id:
        return None
    give_back(held, _place_of(held), now=now)
    return held


def settle(held_id: int, now: datetime) -> bool:
    """Carry out one act that is due, or return it; also for whoever meets it where no worker runs. Returns whether it is settled."""
    try:
        return run_recorded(lambda: _carry_out(held_id, now), lambda: _spot(held_id), now=now)
    except CaseBusy:
        return False                                                      # the next round will do
    except CaseworkError as refusal:
        return _return(held_id, _words(refusal), now)
    except OperationalError as fault:
        if is_lock_timeout(fault) or is_circle(fault) or is_unreachable(fault):
            return False
        return _return_after(fault, held_id, now)
    except Exception as fault:
        # whatever it is, it must not stop the acts of others, nor be met again for ever
        return _return_after(fault, held_id, now)


def _carry_out(held_id: int, now: datetime) -> bool:
    held = _locked(HeldAct.id, held_id)
    if held is None or held.due_at > now:
        return False
    case_id, pressed_at, task_ref, verb, given = held.case_id, held.pressed_at, held.task_ref, held.verb, given_from(given_of(held))
    case = db.session.get_one(Case, case_id)
    if has_changed_since(case, held):
        raise ChangedMeanwhile
    if now - pressed_at > LONGEST:
        raise StoodStill
    by = actor_for(db.session.get_one(Account, held.account_id), now=now)
    db.session.delete(held)
    db.session.flush()
    if task_ref is not None:
        perform(task_ref, by=by, now=pressed_at, act=verb, given=given)
    else:
        act(case.ref, verb, by=by, now=pressed_at, given=given)
    return True


def _return(held_id: int, why: Bilingual, now: datetime) -> bool:
    with unit_of_work():
        held = _locked(HeldAct.id, held_id)
        if held is not None:
            give_back(held, _place_of(held), now=now, why=why)
    return True


def _return_after(fault: Exception, held_id: int, now: datetime) -> bool:
    cause = root_of(fault)
    LOGGER.error("held act returned", extra={"held": held_id, "error": type(cause).__name__, "place": place_of(cause)})
    return _return(held_id, StepFailed(None).text, now)


def _words(refusal: CaseworkError) -> Bilingual:
    known: dict[type[CaseworkError], Bilingual] = {TaskUnknown: NOT_THERE, ActUnknown: NOT_THERE, NotAllowed: NOT_ALLOWED}
    return known.get(type(refusal), refusal.text)


def _locked(key: InstrumentedAttribute[Any], value: object) -> HeldAct | None:
    """A held act with its case locked; None where it has been settled meanwhile."""
    try:
        lock_case_of(HeldAct.case_id, key, value)
    except NoResultFound:
        return None
    query = select(HeldAct).where(key == value, HeldAct.returned_at.is_(None))
    return db.session.scalars(query.execution_options(populate_existing=True)).first()


def _place_of(held: HeldAct) -> DraftPlace | None:
    """Where its step is now; None for an act beside the steps."""
    step = db.session.scalars(select(WaitingTask).where(WaitingTask.ref == held.task_ref)).first() if held.task_ref is not None else None
    return draft_place(step) if step is not None else None


def _spot(held_id: int) -> FaultSpot | None:
    held = db.session.get(HeldAct, held_id)
    return spot_of(held.task_ref) if held is not None and held.task_ref is not None else None

