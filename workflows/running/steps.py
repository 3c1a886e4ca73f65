"""Performs one step for a person: finds the task, locks the case, runs the use case and moves the token, in the caller's unit of work."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import case as when
from sqlalchemy import or_, select, update
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.cases import STANDSTILLS, CaseBusy, lock_case_of
from casework.db import db
from casework.errors import CaseworkError
from casework.events import case_stream, hold_heads
from casework.local_time import LOCAL_ZONE
from casework.models import Account, Case
from casework.permissions import Actor, NotAllowed, Role
from casework.reading.counting import Counted, rows_of, values_of
from casework.reading.lacking import UNDER_LOCK, hold_lacking
from casework.second_person import SECOND_PERSON, deeds_judged, first_person_words
from casework.steps.drafts import DraftPlace, hold_drafts_there
from casework.taking_back.held_acts import Hold
from casework.verbs import Input
from workflows.bindings import BINDINGS, Bindings
from workflows.desk_access import REPORTER, is_at, leads_desk, own_desk
from workflows.models import WaitingTask
from workflows.running.case_rows import hold_rows
from workflows.running.claims import holder_of, is_free, is_stood_in_by
from workflows.running.doing import StepResult, do_step
from workflows.running.drawn_steps import barred_by, label_of_step, outcome_words, step_of
from workflows.running.hearing import hold_version, refuse_unheard
from workflows.running.holding import held_at_step, held_instead, is_held, is_held_at_step, refuse_held
from workflows.running.step_rows import step_locked, step_shown, step_to_do

SUSPENDED = Bilingual(
    "Quy trình của hồ sơ này đang được quản trị tạm ngừng. Bước này chờ ở đây và làm được ngay khi quy trình chạy tiếp.",
    "An administrator has suspended the process of this case. The step waits here and can be done as soon as the process goes on.",
)
"""Why a step is on hold although its case is not."""


class TaskUnknown(CaseworkError):
    def __init__(self) -> None:
        super().__init__("Không tìm thấy bước công việc này.", "There is no such step.")


class TaskAlreadyDone(CaseworkError):
    """Somebody was quicker, or the step no longer waits; the text says who did what and when."""


class TaskClaimed(CaseworkError):
    """Another person has claimed the step."""


class StepRefused(CaseworkError):
    """The step cannot be done now or in this way."""


HELD = "held"

Choice = Callable[[WaitingTask], tuple[str | None, Input | None]]


def perform(
    task_ref: str,
    *,
    by: Actor,
    now: datetime,
    act: str | None = None,
    given: Input | None = None,
    hold: Hold | None = None,
    bindings: Bindings = BINDINGS,
) -> StepResult:
    """Do one step: `act` is the verb chosen if a step has several, `given` what its use case takes. With `hold` it is held where it can be
    taken back (workflows/running/holding.py).

    A step only the model knows is done by `casework.casefile.step_records.record_step`, with the fields and buttons the model declares. The
    case row is locked before anything is decided, so of two people one wins and the other reads who did what. Eligibility is judged in the
    same transaction. Raises TaskUnknown, TaskAlreadyDone, NotAllowed, TaskClaimed, StepRefused, ActHeld, ActNotInModel, CaseBusy and
    whatever the use case refuses with.
    """
    return perform_chosen(task_ref, lambda _task: (act, given), by=by, now=now, hold=hold, bindings=bindings)


def perform_chosen(
    task_ref: str,
    choose: Choice,
    *,
    by: Actor,
    now: datetime,
    hold: Hold | None = None,
    bindings: Bindings = BINDINGS,
) -> StepResult:
    """The same, where the act and what it takes are chosen from the rows of the locked case, so that they are read once.

    `choose` is called as soon as it is clear that the person may do the step now; it must not write.
    """
    case, rows = _locked(task_ref, step_to_do())
    return _performed(case, rows, choose, by=by, now=now, hold=hold, bindings=bindings)


def perform_own(case: Case, element: str, given: Input, *, by: Actor, now: datetime) -> StepResult | None:
    """The same for the step that waits for a reporter of a case the caller has locked; None where none waits."""
    asked = {"case": case.id, "element": element, "stream": case_stream(case)}
    rows = db.session.execute(step_to_do(is_own=True), asked).all()
    if not rows:
        return None
    hold_heads(rows[0].case_head, rows[0].rules_head)
    return _performed(case, rows, lambda _task: (None, given), by=by, now=now, bindings=BINDINGS)


def perform_unsent(
    case: Case, task: WaitingTask, given: Input, *, beside: Sequence[WaitingTask], by: Actor, now: datetime, bindings: Bindings
) -> StepResult:
    """The same for a step of a case this unit of work has opened, whose rows are not sent yet: nothing is asked for them, and the caller
    flushes. `beside` are all steps of the case at desks."""
    hold_rows(case, (each.instance for each in beside), beside)
    return _done(case, task, lambda _task: (None, given), by=by, now=now, bindings=bindings, flushes=False)


def _performed(
    case: Case, rows: Sequence[Any], choose: Choice, *, by: Actor, now: datetime, bindings: Bindings, hold: Hold | None = None
) -> StepResult:
    """Do the step whose rows were read; those of its process, read along, are kept for it."""
    row = rows[0]
    hold_rows(case, (each.instance for each in rows), (each.step for each in rows))
    drafts_at = draft_place(row.WaitingTask) if row.has_drafts else None
    return _done(
        case, row.WaitingTask, choose, by=by, now=now, bindings=bindings, held_id=row.held, drafts_at=drafts_at, hold=hold
    )


def _done(
    case: Case, task: WaitingTask, choose: Choice, *, by: Actor, now: datetime, bindings: Bindings, held_id: int | None = None,
    drafts_at: DraftPlace | None = None, hold: Hold | None = None, flushes: bool = True,
) -> StepResult:  # fmt: skip
    """Do the step if the person may do it now; `held_id` as in refuse_held."""
    _refuse_unavailable(task, by, case, now)
    refuse_held(held_id)
    if (why := _other_than_words(task, by, now)) is not None:
        raise StepRefused(*why)
    act, given = choose(task)
    act = act or step_of(task, bindings).own_act
    if act not in step_of(task, bindings).acts:
        raise StepRefused("Bước này không có lựa chọn đó.", "This step has no such choice.")
    refuse_unheard(task.instance.process_version, act, bindings=bindings)
    by = by.at(own_desk(by, task.desk) or task.desk)
    if hold is None or not is_held(act, hold):
        return do_step(case, task, act, given, by=by, now=now, bindings=bindings, drafts_at=drafts_at, flushes=flushes)
    place, ref = draft_place(task), task.ref
    tried, held = held_instead(
        lambda: do_step(case, task, act, given, by=by, now=now, bindings=bindings), place, act, given, by=by, now=now, hold=hold,
        task_ref=ref,
    )  # fmt: skip
    return replace(tried, opened=(), held=held)


def claim(task_ref: str, *, by: Actor, now: datetime) -> WaitingTask:
    """Claim a step, so that colleagues see it is taken; claiming one's own again changes nothing.

    A sender's own step cannot be claimed. Raises TaskUnknown, TaskAlreadyDone, TaskClaimed, StepRefused for a step on hold and for a
    person who did the step this one checks, and CaseBusy if it moved to another desk of theirs at that moment.
    """
    task = _task(task_ref)
    if own_desk(by, task.desk) is None or not is_at(by, task.desk, task.case):
        raise TaskUnknown
    if (why := same_person_words(task, by, now=now)) is not None:
        raise StepRefused(*why)
    change = (
        update(WaitingTask)
        .where(WaitingTask.id == task.id, WaitingTask.state == "waiting", WaitingTask.desk == task.desk)
        .where(or_(is_free(now), WaitingTask.claimed_by_id == by.account_id), ~is_held_at_step())
        .values(
            claimed_by_id=by.account_id, claimed_at=now,
            assigned_by_id=when((WaitingTask.claimed_by_id == by.account_id, WaitingTask.assigned_by_id), else_=None),
        )
        .returning(WaitingTask.id)
    )
    taken = db.session.scalar(change, execution_options={"synchronize_session": False})
    task = _locked_task(task_ref)
    if taken is None:
        if own_desk(by, task.desk) is None or not is_at(by, task.desk, task.case):
            raise TaskUnknown
        _refuse_frozen(task)
        _refuse_done(task)
        refuse_held(db.session.scalar(select(held_at_step()).where(WaitingTask.id == task.id)))
        holder = holder_of(task, now=now)
        raise _claimed(task, holder) if holder is not None else CaseBusy()
    return task


def release(task_ref: str, *, by: Actor, now: datetime) -> WaitingTask:
    """Release a claimed step, if `may_release` allows (rules.md, section 6).

    For people not at its desk it does not exist. Raises TaskUnknown, NotAllowed, TaskAlreadyDone, CaseBusy.
    """
    case, task = locked_step(task_ref)
    holder = holder_of(task, now=now)
    is_allowed = may_release(task, holder, by=by, now=now)
    if case.quarantined_at is not None or not (is_allowed or is_at(by, task.desk, case)):
        raise TaskUnknown
    _refuse_done(task)
    if holder is not None and not is_allowed:
        raise NotAllowed
    task.claimed_by_id = task.claimed_at = task.assigned_by_id = None
    return task


def may_release(task: WaitingTask, holder: Account | None, *, by: Actor, now: datetime) -> bool:
    """Whether the person may release what `holder` has: their own, that of a person they stand in for, or of their own deputy.

    The head of the desk may at any time: the leader of the agency, and for every desk of its centre the operations lead.
    """
    if _leads(by, task):
        return True
    if holder is None:
        return False
    return holder.id in _counts_as(by, task) or (own_desk(by, task.desk) is not None and is_stood_in_by(by, holder, now=now))


def lock_open_step(task_ref: str, *, by: Actor) -> WaitingTask:
    """Lock the case of a step somebody works on and return the step, waiting or on hold, so that no typed text outlives it.

    Raises TaskUnknown if it is not on one of the person's desks, TaskAlreadyDone, CaseBusy.
    """
    case, task = locked_step(task_ref)
    if own_desk(by, task.desk) is None or not is_at(by, task.desk, case):
        raise TaskUnknown
    _refuse_done(task)
    return task


def draft_place(task: WaitingTask) -> DraftPlace:
    """Return what drafts of a step are attached to: not its row, which another version of the process replaces."""
    return DraftPlace(task.case_id, task.assignment_id, task.element)


def locked_step(task_ref: str) -> tuple[Case, WaitingTask]:
    """Lock the case of a step and return both, the step as it is now.

    Raises TaskUnknown, and CaseBusy if a merge or split moved the step to another case during the wait for the lock.
    """
    case, rows = _locked(task_ref, step_locked())
    return case, rows[0].WaitingTask


def _locked(task_ref: str, reading: Any) -> tuple[Case, Sequence[Any]]:
    """The case, locked, and the rows of its step, with the locked head of its chain, and that of the rules, which every step asks for."""
    try:
        case = lock_case_of(WaitingTask.case_id, WaitingTask.ref, task_ref)
    except NoResultFound:
        raise TaskUnknown from None
    rows = db.session.execute(reading, {"ref": task_ref, "stream": case_stream(case)}).all()
    if rows[0].WaitingTask.case_id != case.id:
        raise CaseBusy
    hold_heads(rows[0].case_head, rows[0].rules_head)
    if not rows[0].WaitingTask.desk.startswith(REPORTER):
        hold_lacking(case, rows[0]._mapping, UNDER_LOCK)
    return case, rows


def refuse_not_waiting(task: WaitingTask) -> None:
    """Raise StepRefused for a step on hold, TaskAlreadyDone for one done or withdrawn."""
    _refuse_frozen(task)
    _refuse_done(task)


def done_since(task: WaitingTask, moment: datetime) -> bool:
    """Whether the same step of the case, or of the agency's work, was done after a moment; earlier input then belongs to another round."""
    same = select(WaitingTask.id).where(WaitingTask.case_id == task.case_id, WaitingTask.element == task.element)
    same = same.where(WaitingTask.assignment_id.is_not_distinct_from(task.assignment_id))
    return db.session.scalar(same.where(WaitingTask.state == "done", WaitingTask.done_at > moment).limit(1)) is not None


def task_for(by: Actor, task_ref: str) -> WaitingTask:
    """Return a step the person may see because it is on their desk, waiting or done. Raises TaskUnknown otherwise."""
    return task_with_counts(by, task_ref, {})[0]


def task_with_counts(by: Actor, task_ref: str, counted: Mapping[str, Counted | None]) -> tuple[WaitingTask, dict[str, int]]:
    """The same, with numbers counted in the same statement, and as HELD the newest act of the step that is held or went back."""
    there = {name: each for name, each in counted.items() if each is not None}
    row = db.session.execute(step_shown(rows_of(there)), {"ref": task_ref, **values_of(there)}).unique().first()
    if row is None or not is_at(by, row.WaitingTask.desk, row.WaitingTask.case):
        raise TaskUnknown
    task: WaitingTask = row.WaitingTask
    hold_drafts_there(draft_place(task), there=row.has_drafts)
    hold_lacking(task.case, row._mapping)
    if row.version_of_case == task.instance.version_id:
        hold_version(task.case, task.instance.process_version)
    return task, {HELD: row.held or 0, **{name: row._mapping[name] if name in there else 0 for name in counted}}


def _task(task_ref: str) -> WaitingTask:
    task = db.session.scalars(select(WaitingTask).where(WaitingTask.ref == task_ref)).first()
    if task is None:
        raise TaskUnknown
    return task


def _locked_task(task_ref: str) -> WaitingTask:
    # the row too, since claiming a step does not lock its case
    query = select(WaitingTask).where(WaitingTask.ref == task_ref).options(joinedload(WaitingTask.instance))
    query = query.with_for_update(of=WaitingTask)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def _refuse_unavailable(task: WaitingTask, by: Actor, case: Case, now: datetime) -> None:
    if case.quarantined_at is not None:  # perhaps since the page was opened: the case must not be found any more
        raise TaskUnknown
    if not is_at(by, task.desk, case):
        raise NotAllowed
    _refuse_frozen(task)
    _refuse_done(task)
    holder = holder_of(task, now=now)
    if holder is not None and holder.id not in _counts_as(by, task):
        raise _claimed(task, holder)
    if task.instance.status != "running":
        raise StepRefused(
            "Quy trình của hồ sơ đang chờ xử lý một sự cố kỹ thuật. Xin thử lại sau.",
            "The process of this case waits until a technical fault is mended. Please try again later.",
        )


def same_person_words(task: WaitingTask, by: Actor, *, now: datetime) -> Bilingual | None:
    """Return why the person may not do the step: what they did, or who did which step before it. None if they may."""
    action = _JUDGING.get(task.element) if task.state != "done" else None
    if action is not None:
        words = first_person_words(action, deeds_judged(action, task.assignment or task.case), by=by, now=now)
        if words is not None:
            return words
    return _other_than_words(task, by, now)


_JUDGING = {str(action): action for action in SECOND_PERSON}


def _other_than_words(task: WaitingTask, by: Actor, now: datetime) -> Bilingual | None:
    """The model's own requirement: another person than at an earlier step."""
    earlier = barred_by(task, by, now=now)
    if earlier is None:
        return None
    who, label, when = _name(earlier.done_by), label_of_step(earlier), _local(earlier.done_at)
    return Bilingual(
        f"{who.vi} đã thực hiện bước “{label.vi}” lúc {when}, nên bước này do người khác thực hiện.",
        f"{who.en} did the step “{label.en}” at {when}, so somebody else has to do this one.",
    )


def _counts_as(by: Actor, task: WaitingTask) -> frozenset[int]:
    desk = own_desk(by, task.desk)
    return by.at(desk).counts_as if desk else by.counts_as


def _leads(by: Actor, task: WaitingTask) -> bool:
    """Whether the person leads those who work at the step: in the agency, or in the centre's operations."""
    in_agency = task.agency_id is not None and by.holds([Role.AGENCY_LEADER], agency_id=task.agency_id)
    return in_agency or leads_desk(by, task.desk) or by.holds([Role.OPS_LEAD], centre_id=task.centre_id)


def _refuse_frozen(task: WaitingTask) -> None:
    if task.instance.status == "suspended":
        raise StepRefused(*SUSPENDED)
    standstill = task.case.standstill
    if task.state == "frozen" and standstill is not None:
        raise StepRefused(*STANDSTILLS[standstill])


def _refuse_done(task: WaitingTask) -> None:
    if task.state in ("waiting", "frozen"):
        return
    label, when = label_of_step(task), _local(task.done_at)
    if task.state == "withdrawn":
        raise TaskAlreadyDone(
            f"Bước “{label.vi}” không còn chờ thực hiện từ {when}.", f"The step “{label.en}” has not been waiting any more since {when}."
        )
    who = _name(task.done_by)
    outcome = outcome_words(task)
    what = Bilingual(f" ({outcome.vi})", f" ({outcome.en})") if outcome else Bilingual("", "")
    raise TaskAlreadyDone(
        f"{who.vi} đã thực hiện bước “{label.vi}”{what.vi} lúc {when}.", f"{who.en} did the step “{label.en}”{what.en} at {when}."
    )


def _claimed(task: WaitingTask, holder: Account) -> TaskClaimed:
    who, at = _name(holder), _local(task.claimed_at)
    return TaskClaimed(f"{who.vi} đã nhận bước này lúc {at}.", f"{who.en} took this step at {at}.")


def _name(account: Account | None) -> Bilingual:
    if account is None or account.full_name is None:
        return Bilingual("Người phản ánh", "The reporter")
    return Bilingual(account.full_name, account.full_name)


def _local(instant: datetime | None) -> str:
    return f"{instant.astimezone(LOCAL_ZONE):%H:%M %d/%m/%Y}" if instant else ""
