"""Moves instances without a person: due timers and undelivered messages. Any number of workers may run this.

A worker first leases rows in a short unit of work, then fires them with their cases locked and the rows read again: a timer fires exactly
once however many workers there are and wherever one of them dies.
"""

import logging
from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select, update
from sqlalchemy.exc import OperationalError

from casework.cases import CaseBusy, lock_case, lock_case_of, lock_free_cases
from casework.db import db, unit_of_work
from casework.held_cases import is_held
from casework.models import Case
from workflows.bindings import BINDINGS, Bindings
from workflows.models import Message, ProcessInstance, Timer
from workflows.running.case_rows import read_ahead
from workflows.running.faults import FaultSpot, keep_remembered, place_of, root_of
from workflows.running.incidents import StepFailed, run_recorded
from workflows.running.instances import CaseProcess

LOGGER = logging.getLogger("langbiang.wakeups")

LEASE = timedelta(seconds=60)
"""How long a worker may keep a leased timer before another takes it over."""

FAR_AHEAD = 2 * LEASE
"""A lease that ends later than this was taken before the clock was set back, and is ignored."""

TOGETHER = 20
"""Timers fired in one unit of work. A click on one of their cases waits that much longer, a tenth of a second or two."""


def fire_due_timers(now: datetime, limit: int = 100, *, bindings: Bindings = BINDINGS) -> int:
    """Fire the timers that are due, at most `limit`, several in a unit of work where possible; returns how many fired."""
    keep_remembered()
    if db.session.scalar(_due(now).limit(1)) is None:
        return 0
    with unit_of_work():
        timer_ids = _lease(now, limit)
    return sum(_fire_together(timer_ids[start : start + TOGETHER], now, bindings) for start in range(0, len(timer_ids), TOGETHER))


def deliver_messages(now: datetime, limit: int = 100, *, bindings: Bindings = BINDINGS) -> int:
    """Offer each pending message to its case again; returns how many were delivered or obsolete."""
    query = (
        select(Message.case_id)
        .join(ProcessInstance, (ProcessInstance.case_id == Message.case_id) & ProcessInstance.assignment_id.is_(None))
        .where(Message.delivered_at.is_(None), ProcessInstance.status.in_(("running", "ended")))
        .order_by(Message.attempts, Message.id)
        .limit(limit)
    )
    return sum(_deliver_to(case_id, now, bindings) for case_id in dict.fromkeys(db.session.scalars(query)))


def fire_first_due(until: datetime, *, bindings: Bindings = BINDINGS) -> bool:
    """Fire the timer due first, at its own instant and in the caller's unit of work, and deliver the messages it causes.

    For setting up an installation, with nobody at work in it. Returns whether one was due by `until`.
    """
    timer_id = db.session.scalar(_due(until).limit(1))
    if timer_id is None:
        return False
    timer = db.session.get_one(Timer, timer_id)
    due_at = timer.due_at
    _fire(lock_case(timer.case_id), timer, due_at, bindings)
    db.session.flush()
    for case_id in list(db.session.scalars(select(Message.case_id).where(Message.delivered_at.is_(None)).distinct())):
        _offer(case_id, due_at, bindings)
    return True


def _due(now: datetime) -> Select[int]:
    return (
        select(Timer.id)
        .join(Timer.instance)
        .where(Timer.ended_at.is_(None), Timer.due_at <= now, ProcessInstance.status == "running", ~is_held(Timer.case_id))
        .where(or_(Timer.leased_until.is_(None), Timer.leased_until <= now, Timer.leased_until > now + FAR_AHEAD))
        .order_by(Timer.due_at, Timer.id)
    )


def _lease(now: datetime, limit: int) -> list[int]:
    query = _due(now).limit(limit)
    if db.session.get_bind().dialect.name != "sqlite":
        query = query.with_for_update(of=Timer, skip_locked=True)
    timer_ids = list(db.session.scalars(query))
    db.session.execute(update(Timer).where(Timer.id.in_(timer_ids)).values(leased_until=now + LEASE))
    return timer_ids


def _fire_together(timer_ids: list[int], now: datetime, bindings: Bindings) -> int:
    """Fire several timers in one unit of work: together they cost a fraction of what each costs alone.

    Left to a unit of their own are timers whose case somebody else holds, a second one of the same case, and all of them if one fails: the
    others must not wait for it, and its fault is recorded where it stands alone.
    """
    fired: dict[int, bool] = {}
    try:
        with unit_of_work():
            fired = _fire_free(timer_ids, now, bindings)
    except Exception:
        # whatever it is, it recurs with the timer it belongs to
        fired = {}
    return sum(fired.values()) + sum(_fire_alone(timer_id, now, bindings) for timer_id in timer_ids if timer_id not in fired)


def _fire_free(timer_ids: list[int], now: datetime, bindings: Bindings) -> dict[int, bool]:
    first_of: dict[int, int] = {}
    for timer_id, case_id in db.session.execute(select(Timer.id, Timer.case_id).where(Timer.id.in_(timer_ids)).order_by(Timer.id)):
        first_of.setdefault(case_id, timer_id)
    cases = {case.id: case for case in lock_free_cases(first_of)}
    read_ahead(cases.values())
    timers = db.session.scalars(select(Timer).where(Timer.id.in_(first_of.values())).execution_options(populate_existing=True))
    # one flush at the end, when all have fired
    with db.session.no_autoflush:
        return {timer.id: _fire(cases[timer.case_id], timer, now, bindings) for timer in list(timers) if timer.case_id in cases}


def _fire_alone(timer_id: int, now: datetime, bindings: Bindings) -> bool:
    """Fire one timer. If it cannot run now it stays for later; if it fails it leaves an incident. Neither stops the others."""
    try:
        return run_recorded(lambda: _fire_locked(timer_id, now, bindings), lambda: _spot_of(timer_id), now=now, refusals=())
    except (CaseBusy, StepFailed, OperationalError) as failure:
        _log("timer", failure, timer=timer_id)
        return False


def _fire_locked(timer_id: int, now: datetime, bindings: Bindings) -> bool:
    case = lock_case_of(Timer.case_id, Timer.id, timer_id)
    timer = db.session.get_one(Timer, timer_id, populate_existing=True)
    if timer.case_id != case.id:  # moved by a merge or split during the wait for its case's lock
        raise CaseBusy
    return _fire(case, timer, now, bindings)


def _fire(case: Case, timer: Timer, now: datetime, bindings: Bindings) -> bool:
    """Fire a timer that was read after locking its case; returns whether it fired."""
    process = CaseProcess(case, now=now, bindings=bindings)
    if timer.ended_at is not None or timer.due_at > now or timer.instance.status != "running":
        return False
    process.open(timer.instance)
    process.bring_to_rest()
    if timer.fired_at is None:
        timer.leased_until = None
    return timer.fired_at is not None


def _spot_of(timer_id: int) -> FaultSpot | None:
    timer = db.session.get(Timer, timer_id)
    return FaultSpot("timer", timer.instance_id, timer.case_id, timer.element, timer.engine_task) if timer else None


def _deliver_to(case_id: int, now: datetime, bindings: Bindings) -> int:
    try:
        return run_recorded(lambda: _offer(case_id, now, bindings), lambda: _spot_in(case_id), now=now, refusals=())
    except (CaseBusy, StepFailed, OperationalError) as failure:
        _log("message", failure, case=case_id)
        return 0


def _log(kind: str, failure: Exception, **row: int) -> None:
    """Log one line: a busy case is retried automatically, a fault waits for the administrator. Never the text of the fault."""
    cause = root_of(failure)
    facts = {**row, "incident": getattr(failure, "incident_ref", None), "error": type(cause).__name__, "place": place_of(cause)}
    if isinstance(failure, CaseBusy):
        LOGGER.warning("%s put off", kind, extra=facts)
    else:
        LOGGER.error("%s failed", kind, extra=facts)


def _offer(case_id: int, now: datetime, bindings: Bindings) -> int:
    process = CaseProcess(lock_case(case_id), now=now, bindings=bindings)
    before = list(process.waiting_messages())
    for message in before:
        message.attempts += 1
    process.settle(offer_messages=True)
    return sum(message.delivered_at is not None for message in before)


def _spot_in(case_id: int) -> FaultSpot | None:
    query = select(ProcessInstance.id).where(ProcessInstance.case_id == case_id, ProcessInstance.assignment_id.is_(None))
    instance_id = db.session.scalar(query)
    return FaultSpot("message", instance_id, case_id, "message") if instance_id else None
