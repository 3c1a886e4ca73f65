"""Acts people do at any time the rules allow, independent of tokens: the use case is run, then the process hears what changed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import NoResultFound

from casework.cases import lock_case, lock_case_named, lock_families
from casework.db import db
from casework.errors import CaseworkError
from casework.events import case_stream, hold_heads
from casework.models import Assignment, Case, Clock, Draft, HeldAct
from casework.permissions import Actor
from casework.steps.drafts import DraftPlace
from casework.taking_back.held_acts import Hold
from casework.verbs import Input, carry_out, verb_named
from workflows.bindings import BINDINGS, Bindings
from workflows.models import Incident, Message, ProcessInstance, Timer, WaitingTask
from workflows.running.case_rows import hold_rows
from workflows.running.faults import FaultSpot
from workflows.running.first_steps import start_with
from workflows.running.for_agency import do_for_agency
from workflows.running.forgetting import forget_values
from workflows.running.hearing import heard_in
from workflows.running.holding import held_instead, is_held, refuse_held_beside
from workflows.running.incidents import run_recorded
from workflows.running.instances import CaseProcess
from workflows.running.step_rows import rows_to_act_on

OTHER_CASES = ("into", "source")
"""Result keys under which use cases about two cases return the id of the other case; `merged` also those merged with it. A case that was
opened is `started`, and `first` what its first steps take; `for_agency` is the work of an agency whose `steps` are done along."""


class ActUnknown(CaseworkError):
    def __init__(self) -> None:
        super().__init__("Không tìm thấy hồ sơ hoặc việc này.", "There is no such case or act.")


@dataclass(frozen=True, slots=True)
class ActResult:
    """The result of an act: the case, and the steps that now wait because of it; with `held` nothing is done yet."""

    case: Case
    opened: tuple[WaitingTask, ...]
    held: HeldAct | None = None


def act(
    case_ref: str,
    verb: str,
    *,
    by: Actor,
    now: datetime,
    assignment_ref: str | None = None,
    given: Input | None = None,
    hold: Hold | None = None,
    bindings: Bindings = BINDINGS,
) -> ActResult:
    """Do an act on a case, or on one agency's work in it, that is not bound to a step; inside the caller's unit of work.

    The case is locked first; where others take part, all they are merged with, in the order of their rows. Raises ActUnknown, ActNotInModel
    where the case's model would not hear of it, and whatever the use case refuses with. Who may do it and see the case is for the use case
    and the caller to check.
    """
    use_case = bindings.acts.get(verb)
    if use_case is None:
        raise ActUnknown
    case, others = _locked(case_ref, verb, given)
    subject = case if assignment_ref is None else _assignment(case, assignment_ref)

    def do() -> list[WaitingTask]:
        with heard_in(case, verb, subject if isinstance(subject, Assignment) else None, bindings=bindings):
            result = carry_out(use_case, subject, given, by=by, now=now)
        if (started := result.get("started")) is not None:
            start_with(started, result.get("first", ()), by=by, now=now, bindings=bindings)
        if (work := result.get("for_agency")) is not None:
            do_for_agency(work, result["steps"], by=by, now=now, bindings=bindings)
        also = [lock_case(each) for each in (*(result[name] for name in OTHER_CASES if name in result), *result.get("merged", ()))]
        opened: list[WaitingTask] = []
        for each in (all_ := dict.fromkeys((case, *others, *also))):
            opened += follow(each, now=now, bindings=bindings, adopts=len(all_) > 1)
        return opened

    if hold is None or not is_held(verb, hold):
        return ActResult(case, tuple(do()))
    refuse_held_beside(case, verb)
    _tried, held = held_instead(do, DraftPlace(case.id, None, verb), verb, given, by=by, now=now, hold=hold)
    return ActResult(case, (), held)


def act_recorded(
    case_ref: str,
    verb: str,
    *,
    by: Actor,
    now: datetime,
    assignment_ref: str | None = None,
    given: Input | None = None,
    hold: Hold | None = None,
    bindings: Bindings = BINDINGS,
) -> ActResult:
    """Do an act in a unit of work of its own, or hold it where it can be taken back; a fault leaves an incident. For the edge.

    Raises what `act` refuses with, CaseBusy and StepFailed.
    """
    return run_recorded(
        lambda: act(case_ref, verb, by=by, now=now, assignment_ref=assignment_ref, given=given, hold=hold, bindings=bindings),
        lambda: _spot(case_ref, verb),
        now=now,
    )


def follow(case: Case, *, now: datetime, bindings: Bindings = BINDINGS, adopts: bool = True) -> list[WaitingTask]:
    """Let the process of a locked case hear what has changed; returns the steps that now wait.

    Without `adopts` no work of agencies can have moved to it. If the case is quarantined, values filled in at drawn steps are erased.
    """
    if adopts:
        db.session.flush()
        _adopt(case)
    process = CaseProcess(case, now=now, bindings=bindings)
    process.open_changed()
    process.settle()
    if case.quarantined_at is not None:
        forget_values(process.instances, bindings)
    return process.rows.opened


def _locked(case_ref: str, verb: str, given: Input | None) -> tuple[Case, list[Case]]:
    """Lock the case, and all it is merged with if the act takes or may take another case along (`lock_families`); returns it and the other
    cases that take part."""
    row = verb_named(verb)
    if row is None or not row.locks_family:
        return _locked_alone(case_ref), []
    case_id = db.session.scalar(select(Case.id).where(Case.ref == case_ref))
    if case_id is None:
        raise ActUnknown
    other_ids = [each.id for each in given.other_cases] if given is not None else []
    locked = lock_families({case_id, *other_ids})
    return locked[case_id], [locked[each] for each in other_ids if each != case_id]


def _locked_alone(case_ref: str) -> Case:
    """The case, locked, with the rows its process begins with and the locked head of its chain, which every act asks for."""
    try:
        case = lock_case_named(case_ref)
    except NoResultFound:
        raise ActUnknown from None
    rows = db.session.execute(rows_to_act_on(), {"case": case.id, "stream": case_stream(case)}).all()
    if rows:
        hold_heads(rows[0].case_head, rows[0].rules_head)
        hold_rows(case, (row.instance for row in rows if row.instance is not None), (row.step for row in rows))
    return case


def _assignment(case: Case, assignment_ref: str) -> Assignment:
    found = next((row for row in case.assignments if row.ref == assignment_ref), None)
    if found is None:
        raise ActUnknown
    return found


def _adopt(case: Case) -> None:
    """Take over the processes of assignments that moved to this case by a merge, or back by a split, with what is being typed for them."""
    moved = select(ProcessInstance.id).join(Assignment, ProcessInstance.assignment_id == Assignment.id)
    moved = moved.where(Assignment.case_id == case.id, ProcessInstance.case_id != case.id)
    instance_ids = list(db.session.scalars(moved))
    if not instance_ids:
        return
    in_them = {
        ProcessInstance: ProcessInstance.id, WaitingTask: WaitingTask.instance_id, Timer: Timer.instance_id,
        Incident: Incident.instance_id,
    }  # fmt: skip
    for table, column in in_them.items():
        db.session.execute(update(table).where(column.in_(instance_ids)).values(case_id=case.id))
    assignment_ids = select(ProcessInstance.assignment_id).where(ProcessInstance.id.in_(instance_ids))
    for table in (Clock, Message, Draft):
        db.session.execute(update(table).where(table.assignment_id.in_(assignment_ids)).values(case_id=case.id))
    db.session.expire_all()


def _spot(case_ref: str, verb: str) -> FaultSpot | None:
    query = select(ProcessInstance).join(Case, ProcessInstance.case_id == Case.id)
    instance = db.session.scalars(query.where(Case.ref == case_ref, ProcessInstance.assignment_id.is_(None))).first()
    return FaultSpot("step", instance.id, instance.case_id, verb) if instance else None
