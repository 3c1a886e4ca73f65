"""The facts the events of a diagram wait for, read from the rows of the domain: a fact that holds is heard, whoever brought it about.

Nothing is sent, so nothing gets lost: an event fires as soon as the process runs while its fact holds. A fact is None while it does not
hold, else the few flags the diagram reads. Source: docs/decisions.md, 13.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.cases import answered_this_round
from casework.db import db
from casework.models import Assignment, Case
from casework.parts import open_parts
from casework.states import AssignmentEnd, CaseState, Pause
from casework.triage.refusals import newest_refusal
from workflows.definitions.variables import Variables, flag, moment
from workflows.models import ProcessInstance

Ask = Callable[[Any], dict[str, Any] | None]
"""Called with a case, or with an assignment for its own process."""


ENDS_OF_ITS_OWN = frozenset({AssignmentEnd.APPROVED, AssignmentEnd.HANDED_BACK})
"""Ways an agency's work ends by a step of its own process, which then runs to its end."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A message a diagram may wait for: how to ask for it, its label, its process, and the members it brings."""

    ask: Ask
    label: Bilingual
    process_id: str = "case"
    gives: Variables = field(default_factory=dict)

    def __call__(self, subject: Any) -> dict[str, Any] | None:
        """Return the flags of the fact while it holds, else None."""
        return self.ask(subject)


def _when(holds: Callable[[Any], bool]) -> Ask:
    return lambda subject: {} if holds(subject) else None


def _assignments_finished(case: Case) -> dict[str, Any] | None:
    """None while an agency owes something, or with its answer a part still does; else whether this round brought an answer.

    Reads the rows; counts no messages. A case without an answer waits for no part: it is distributed anew first.
    """
    if case.open_assignments or case.standstill is not None or case.closed_at is not None or _waits_for_parts(case):
        return None
    return None if _steps_follow_answer(case) else {"answered": answered_this_round(case)}


def _waits_for_parts(case: Case) -> bool:
    """Whether only parts still owe something; without a statement for a case that was never divided."""
    return case.is_divided and answered_this_round(case) and bool(open_parts(case))


def _steps_follow_answer(case: Case) -> bool:
    """Whether an agency's process goes on after its answer or release, because an administrator drew steps there."""
    running = select(ProcessInstance).where(ProcessInstance.case_id == case.id, ProcessInstance.assignment_id.is_not(None))
    with db.session.no_autoflush:
        found = list(db.session.scalars(running.where(ProcessInstance.ended_at.is_(None))))
    # an instance that has just ended is not written yet
    return any(each.ended_at is None and each.assignment is not None and each.assignment.end_reason in ENDS_OF_ITS_OWN for each in found)


def _reporter_asked(case: Case) -> dict[str, Any] | None:
    return _until(case) if case.paused_for == Pause.QUESTION else None


def _held(case: Case) -> dict[str, Any] | None:
    return _until(case) if case.paused_for == Pause.HOLD else None


def _until(case: Case) -> dict[str, Any] | None:
    return {"until": case.paused_until.isoformat()} if case.paused_until else None


def _refused(case: Case) -> dict[str, Any] | None:
    refusal = newest_refusal(case) if case.state == CaseState.REFUSED else None
    return {"until": refusal.objection_due_at.isoformat()} if refusal and refusal.objection_due_at else None


def _merge_settled(case: Case) -> dict[str, Any] | None:
    if case.state != CaseState.MERGED:
        return {"split": True}
    # a refused main case is not over while somebody may object, or has objected
    own = select(ProcessInstance.status).where(ProcessInstance.case_id == case.merged_into_id, ProcessInstance.assignment_id.is_(None))
    with db.session.no_autoflush:
        return {"split": False} if db.session.scalar(own) == "ended" else None


def _withdrawal_asked(case: Case) -> dict[str, Any] | None:
    is_granted = case.state in (CaseState.WITHDRAWN, CaseState.JOINED)
    return {"granted": is_granted} if is_granted or case.withdrawal_asked else None


def _was_taken_off(assignment: Assignment) -> bool:
    return assignment.ended_at is not None and assignment.end_reason not in ENDS_OF_ITS_OWN


_UNTIL = {"until": moment("Đến lúc", "Until")}

FACTS: Mapping[str, Fact] = {
    "assignments_finished": Fact(
        _assignments_finished,
        Bilingual("Các đơn vị đã xong việc", "All agencies are done"),
        gives={"answered": flag("Đã có trả lời", "There is an answer")},
    ),
    "agency_added": Fact(
        _when(lambda case: bool(case.open_assignments) or _waits_for_parts(case)), Bilingual("Có đơn vị được thêm", "An agency was added")
    ),
    "hotline_needed": Fact(_when(lambda case: case.hotline_owed), Bilingual("Cần gọi đường dây nóng", "The hotline must be called")),
    "hotline_dropped": Fact(_when(lambda case: not case.hotline_owed), Bilingual("Không cần gọi nữa", "The hotline need not be called")),
    "rest_settled": Fact(
        _when(lambda case: not case.hotline_owed and not case.has_unread_words),
        Bilingual("Hết việc còn dở", "Nothing is left to do"),
    ),
    "referred": Fact(
        _when(lambda case: case.paused_for == Pause.REFERRAL), Bilingual("Đã chuyển cơ quan khác", "Referred to another body")
    ),
    "merged": Fact(_when(lambda case: case.state == CaseState.MERGED), Bilingual("Đã gộp vào hồ sơ khác", "Merged into another case")),
    "merge_settled": Fact(
        _merge_settled,
        Bilingual("Hồ sơ chính đã xong, hoặc đã tách ra", "The main case is over, or this one was split off"),
        gives={"split": flag("Đã tách ra", "Split off")},
    ),
    "withdrawal_asked": Fact(
        _withdrawal_asked,
        Bilingual("Người phản ánh xin rút", "The reporter wishes to withdraw"),
        gives={"granted": flag("Đã rút ngay", "Withdrawn at once")},
    ),
    "reporter_wrote": Fact(_when(lambda case: case.has_unread_words), Bilingual("Người phản ánh viết thêm", "The reporter wrote")),
    "quarantined": Fact(_when(lambda case: case.quarantined_at is not None), Bilingual("Hồ sơ được tách riêng", "The case was set apart")),
    "reporter_asked": Fact(_reporter_asked, Bilingual("Đã hỏi người phản ánh", "The reporter was asked"), gives=_UNTIL),
    "stop_waiting": Fact(
        _when(lambda case: case.paused_for != Pause.QUESTION),
        Bilingual("Không chờ người phản ánh nữa", "The reporter is waited for no more"),
    ),
    "refused": Fact(_refused, Bilingual("Không tiếp nhận", "The report was not accepted"), gives=_UNTIL),
    "held": Fact(_held, Bilingual("Hồ sơ tạm dừng", "The case is on hold"), gives=_UNTIL),
    "assignment_ended": Fact(_when(_was_taken_off), Bilingual("Đơn vị được rút", "The agency was taken off"), process_id="assignment"),
    "extension_asked": Fact(
        _when(lambda assignment: assignment.extension_asked and assignment.is_open),
        Bilingual("Đơn vị xin gia hạn", "The agency asks for more time"),
        process_id="assignment",
    ),
}
"""Facts by the name of the message their event waits for."""
