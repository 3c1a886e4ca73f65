"""Moves the cases of a plan, or brings them back: each in a unit of work of its own, by any number of workers.

A worker leases the plan and takes its cases in order. The case's row is locked and its line read again before anything is done, so a case
moves once however many workers there are, and a worker that dies leaves no case half moved.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError

from casework.bilingual import Bilingual
from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.models import Case
from casework.permissions import Action, Actor
from workflows.bindings import BINDINGS, Bindings
from workflows.clock import Clock, clock_from
from workflows.models import OF_THE_CASE, MoveCase, ProcessInstance, ProcessMove
from workflows.moving.cases import UndoRefused, bring_back, move_case
from workflows.moving.mapping import MoveImpossible
from workflows.moving.plan_cases import counts_of, locked_line
from workflows.moving.plans import MoveRefused, MoveUnknown, locked_move
from workflows.moving.previewing import TOGETHER, actor_of, instant_for, preview_next
from workflows.moving.way import UNREADABLE, LoadedMove, unforeseen
from workflows.running.faults import place_of, root_of
from workflows.running.instances import StateUnreadable
from workflows.versions.live import acting

LOGGER = logging.getLogger("langbiang.moving")

LEASE = timedelta(seconds=60)
"""How long a worker may keep a leased plan before another takes it over."""
SECONDS = 20.0
"""How long one call works; the job calls again at once or soon after."""
READ_TOGETHER = 50
KEPT = timedelta(days=30)
"""How long a moved case can be brought back; then its former rows are dropped."""
FORGOTTEN_TOGETHER = 500
AT_WORK = ("previewing", "moving", "undoing")

UNDONE_FIRST = Bilingual("Kế hoạch đã được hoàn tác trước khi chuyển hồ sơ này.", "The plan was undone before this case was moved.")
ELSEWHERE = Bilingual("Hồ sơ nay thuộc trung tâm khác.", "The case belongs to another centre now.")


def go_on(
    now: datetime, *, most: int | None = None, seconds: float = SECONDS, only: int | None = None, bindings: Bindings = BINDINGS
) -> int:
    """Continue every plan at work, or `only` one; returns how many cases were examined, moved or brought back, at most `most`.

    A case somebody is working on at this moment is skipped and left to the next call.
    """
    done, until, clock = 0, monotonic() + seconds, clock_from(now)
    query = select(ProcessMove.id).where(ProcessMove.state.in_(AT_WORK)).order_by(ProcessMove.id)
    if only is not None:
        query = query.where(ProcessMove.id == only)
    for move_id in list(db.session.scalars(query)):
        if (most is not None and done >= most) or monotonic() >= until or (lease := _lease(move_id, clock())) is None:
            continue
        try:
            done += go_on_with(move_id, clock(), most=None if most is None else most - done, until=until, bindings=bindings)
        finally:
            _release(move_id, lease)
    db.session.rollback()
    return done


def go_on_with(
    move_id: int, now: datetime, *, most: int | None = None, until: float | None = None, bindings: Bindings = BINDINGS
) -> int:
    """Continue one plan, which the caller has leased; returns how many cases were done."""
    until = until if until is not None else monotonic() + SECONDS
    done, clock = 0, clock_from(now)
    while (most is None or done < most) and monotonic() < until:
        left = None if most is None else most - done
        number = preview_next(move_id, now, most=TOGETHER if left is None else min(left, TOGETHER), bindings=bindings)
        if number == 0:
            break
        done += number
    for state, turn in (("moving", _Move), ("undoing", _Undo)):
        db.session.rollback()
        move = db.session.get_one(ProcessMove, move_id, populate_existing=True)
        if move.state == state:
            done += turn(move, clock, bindings).run(None if most is None else most - done, until)
    return done


def undo_case(move: ProcessMove, case_ref: str, *, by: Actor, now: datetime, bindings: Bindings = BINDINGS) -> None:
    """Bring one case back to the version it was moved from, as it was, inside the caller's unit of work.

    The plan is undone once its last case is. Records `undo_move_case` in the case. Raises NotAllowed, MoveUnknown, also for a case that has
    gone to another centre, MoveRefused where the case is not moved any more, and UndoRefused where it has gone on since.
    """
    by = acting(by, move.centre_id, Action.MOVE_CASES)
    move = locked_move(move.id)  # before the case: the lock order of everything that puts cases on a plan
    query = select(MoveCase.id, MoveCase.case_id).join(MoveCase.case).where(MoveCase.move_id == move.id, Case.ref == case_ref)
    row = db.session.execute(query).first()
    if row is None:
        raise MoveUnknown
    case = lock_case(row.case_id)
    line, _has_incident = locked_line(row.id)
    if move.centre_id not in (None, case.centre_id):
        raise MoveUnknown
    if line.state != "moved" or case.quarantined_at is not None:
        raise MoveRefused("Hồ sơ này không còn ở trạng thái đã chuyển.", "This case is not moved any more.")
    at = instant_for(case, lambda: now)
    bring_back(case, line, by=by, now=at, bindings=bindings)
    db.session.flush()
    if move.state == "done" and _is_all_undone(move):
        move.state, move.ended_at = "undone", at


def forget_rows_before(now: datetime) -> int:
    """Drop the former rows of cases that nobody can bring back any more; returns of how many cases.

    These are cases whose process has ended, and cases moved KEPT ago.
    """
    ended = exists().where(
        ProcessInstance.case_id == MoveCase.case_id, ProcessInstance.process_id == OF_THE_CASE, ProcessInstance.ended_at.is_not(None)
    )
    query = select(MoveCase.id).where(MoveCase.before.is_not(None), or_(MoveCase.moved_at <= now - KEPT, ended))
    query = query.order_by(MoveCase.id).limit(FORGOTTEN_TOGETHER)
    if db.session.get_bind().dialect.name != "sqlite":
        query = query.with_for_update(skip_locked=True)
    dropped = 0
    while True:
        with unit_of_work():
            ids = list(db.session.scalars(query))
            change = update(MoveCase).where(MoveCase.id.in_(ids)).values(before=None)
            db.session.execute(change, execution_options={"synchronize_session": False})
        dropped += len(ids)
        if len(ids) < FORGOTTEN_TOGETHER:
            return dropped


class _Turn(ABC):
    """One worker's run over the cases of a plan that are in one state."""

    of_plan = ""
    of_line = ""

    def __init__(self, move: ProcessMove, clock: Clock, bindings: Bindings) -> None:
        self.way, self.clock, self.bindings = LoadedMove.of(move), clock, bindings
        self.by = actor_of(self._who(move))

    def _who(self, move: ProcessMove) -> int | None:
        return move.begun_by_id

    def run(self, most: int | None, until: float) -> int:
        """Process the cases one by one; returns how many were done."""
        done = busy = 0
        for line_id, case_id in self._lines():
            if (most is not None and done >= most) or monotonic() >= until:
                return done
            match self._alone(line_id, case_id):
                case None:
                    return done  # somebody has stopped the plan
                case True:
                    done += 1
                case False:
                    busy += 1
        if not busy:
            with unit_of_work():
                self.finish(locked_move(self.way.move_id))
        return done

    @abstractmethod
    def finish(self, move: ProcessMove) -> None:
        """Note that nothing is left to do."""

    @abstractmethod
    def do(self, case: Case, line: MoveCase, has_incident: bool, at: datetime) -> None:
        """Process one case at the instant `at`."""

    @abstractmethod
    def give_up(self, line: MoveCase, why: Bilingual) -> None:
        """Note that the case could not be processed."""

    def _lines(self) -> Iterator[tuple[int, int]]:
        last = 0
        while True:
            db.session.rollback()
            query = select(MoveCase.id, MoveCase.case_id).where(MoveCase.move_id == self.way.move_id, MoveCase.state == self.of_line)
            query = query.where(MoveCase.why_vi.is_(None), MoveCase.id > last).order_by(MoveCase.id).limit(READ_TOGETHER)
            rows = db.session.execute(query).all()
            if not rows:
                return
            for row in rows:
                last = row.id
                yield row.id, row.case_id

    def _alone(self, line_id: int, case_id: int) -> bool | None:
        """Process one case: True when done or given up, False when somebody holds the case, None when the plan was stopped."""
        try:
            with unit_of_work():
                case = lock_case(case_id)
                line, has_incident = locked_line(line_id)
                if line.move.state != self.of_plan:
                    return None
                if line.state == self.of_line:
                    self.do(case, line, has_incident, instant_for(case, self.clock))
            return True
        except (MoveImpossible, UndoRefused) as refusal:
            why = refusal.text
        except StateUnreadable:
            why = UNREADABLE
        except (StaleDataError, OperationalError) as fault:
            LOGGER.warning("move put off", extra={"case": case_id, "error": type(fault).__name__})
            return False
        except Exception as fault:  # one case must not stop the others; it is rolled back. The fault's text is never logged
            root = root_of(fault)
            LOGGER.error("move failed", extra={"case": case_id, "error": type(root).__name__, "place": place_of(root)})
            why = unforeseen(fault)
        return self._given_up(line_id, case_id, why)

    def _given_up(self, line_id: int, case_id: int, why: Bilingual) -> bool:
        try:
            with unit_of_work():
                lock_case(case_id)
                line, _has_incident = locked_line(line_id)
                if line.state == self.of_line:
                    self.give_up(line, why)
        except OperationalError:
            return False
        return True


class _Move(_Turn):
    of_plan, of_line = "moving", "moves"

    def do(self, case: Case, line: MoveCase, has_incident: bool, at: datetime) -> None:
        move_case(case, line, self.way, by=self.by, now=at, has_incident=has_incident, bindings=self.bindings)

    def give_up(self, line: MoveCase, why: Bilingual) -> None:
        line.state, line.why_vi, line.why_en = "stayed", *why

    def finish(self, move: ProcessMove) -> None:
        left = select(MoveCase.id).where(MoveCase.move_id == move.id, MoveCase.state == "moves").limit(1)
        if move.state == "moving" and db.session.scalar(left) is None:
            move.state, move.ended_at = "undone" if _is_all_undone(move) else "done", self.clock()


class _Undo(_Turn):
    of_plan, of_line = "undoing", "moved"

    def _who(self, move: ProcessMove) -> int | None:
        return move.undone_by_id

    def do(self, case: Case, line: MoveCase, has_incident: bool, at: datetime) -> None:
        if self.way.centre_id not in (None, case.centre_id):
            raise UndoRefused(ELSEWHERE)
        bring_back(case, line, by=self.by, now=at, bindings=self.bindings)

    def give_up(self, line: MoveCase, why: Bilingual) -> None:
        line.why_vi, line.why_en = why

    def finish(self, move: ProcessMove) -> None:
        left = select(MoveCase.id).where(MoveCase.move_id == move.id, MoveCase.state == "moved", MoveCase.why_vi.is_(None)).limit(1)
        if move.state != "undoing" or db.session.scalar(left) is not None:
            return
        rest = update(MoveCase).where(MoveCase.move_id == move.id, MoveCase.state == "moves")
        db.session.execute(
            rest.values(state="stayed", why_vi=UNDONE_FIRST.vi, why_en=UNDONE_FIRST.en), execution_options={"synchronize_session": False}
        )
        undone = select(func.count()).where(MoveCase.move_id == move.id, MoveCase.state == "undone")
        move.state, move.ended_at = "undone" if db.session.scalar(undone) else "done", self.clock()


def _is_all_undone(move: ProcessMove) -> bool:
    counts = counts_of(move)
    return bool(counts.get("undone")) and not counts.get("moved")


def _lease(move_id: int, now: datetime) -> datetime | None:
    """Lease a plan nobody else is working on; returns the end of the lease, which identifies it."""
    # a lease that ends far ahead was taken before the clock was set back
    free = or_(ProcessMove.leased_until.is_(None), ProcessMove.leased_until <= now, ProcessMove.leased_until > now + 2 * LEASE)
    change = update(ProcessMove).where(ProcessMove.id == move_id, ProcessMove.state.in_(AT_WORK), free)
    with unit_of_work():
        return db.session.scalar(change.values(leased_until=now + LEASE).returning(ProcessMove.leased_until))


def _release(move_id: int, lease: datetime) -> None:
    """Release a plan, unless somebody has taken it over since."""
    db.session.rollback()
    own = update(ProcessMove).where(ProcessMove.id == move_id, ProcessMove.leased_until == lease)
    with unit_of_work():
        db.session.execute(own.values(leased_until=None))
