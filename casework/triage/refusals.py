"""Refusing a report, and the one objection its sender may raise (rules.md, section 6, "Refuse")."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from casework.calendars import calendar_of
from casework.cases import refuse_unless_open
from casework.clocks.pauses import revive_clocks
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Case, Refusal, RefusalReason, Report
from casework.outbox import tell_desk, tell_inbox, tell_reporters
from casework.pausing.standstills import end_case
from casework.permissions import Action, Actor, NotAllowed, Role, require
from casework.permissions.sight import require_sender
from casework.reading.rule_rows import KeyedRow
from casework.sealing.seal import open_text, seal_text
from casework.second_person import JudgingSeat, deciding_desk, refuse_first_person
from casework.sentences import always
from casework.states import AssignmentEnd, CaseState
from casework.text import normal
from casework.triage import sentences
from casework.verbs import DECISION, MESSAGE, Input, Situation, Verb
from casework.working_time import calendar_days_due

OBJECTION_PURPOSE = "objection to a refusal"
OBJECTION_DAYS = 7
"""Calendar days, to the end of the last."""

LONGEST_OBJECTION = 4_000
NOT_TAKEN = "Phản ánh không được tiếp nhận nên đơn vị không cần tiếp tục."


class RefusalIncomplete(CaseworkError):
    """A refusal needs a reason from the list and words for its sender, and must precede acceptance by an agency."""


class ObjectionRefused(CaseworkError):
    """The objection cannot be raised or decided like this; the text says why."""


def can_be_refused(at: Situation) -> bool:
    """As long as no agency has taken it on; at verification it is a button of the step itself."""
    case = at.case
    return at.is_under_way and case.state != CaseState.TO_VERIFY and all(row.accepted_at is None for row in case.assignments)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseInput(Input):
    reason: RefusalReason | KeyedRow
    words: str


@Verb(
    "refuse", Action.REFUSE, kinds=DECISION,
    staff=always("Từ chối tiếp nhận", "Did not accept the report", is_main=True),
    sender=always("Trung tâm không tiếp nhận", "The centre did not accept it", is_main=True),
    is_act=True, needs=("refused",), offered=can_be_refused,
)  # fmt: skip
def refuse(case: Case, given: RefuseInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Refuse a report with a reason from the list and own words, which the sender is always told, with guidance.

    Allowed at verification and until an agency has accepted. Ends every clock; agencies asked meanwhile are told. Records `refuse`.
    Raises RefusalIncomplete, or CaseNotOpen where the case is answered, ended or paused. Source: rules.md, section 6, "Refuse".
    """
    require(by, Action.REFUSE, case)
    refuse_unless_open(case)
    words = normal(given.words)
    if not words:
        raise RefusalIncomplete(
            "Vui lòng viết lý do để người gửi hiểu.", "Please write the reason so that the sender understands.",
            about="words",
        )
    if any(assignment.accepted_at for assignment in case.assignments):
        raise RefusalIncomplete(
            "Đơn vị đã tiếp nhận, không thể từ chối nữa.", "An agency has accepted the case; it can no longer be refused."
        )
    before = case.state
    db.session.add(
        Refusal(
            case_id=case.id, reason_id=given.reason.id, words=words, refused_by_id=by.account_id, refused_at=now, state_before=before,
            objection_due_at=calendar_days_due(now, OBJECTION_DAYS, calendar_of(case.centre_id)),
        )
    )  # fmt: skip
    record(case, "refuse", by=by, at=now, reason=given.reason.key)
    end_case(case, CaseState.REFUSED, end=AssignmentEnd.REMOVED, words=NOT_TAKEN, at=now)
    case.state_before = before
    tell_reporters(case, "report_refused", at=now, reason=given.reason.key)
    return {"outcome": "refuse"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectToRefusalInput(Input):
    report: Report
    words: str


@Verb(
    "object_to_refusal", Action.OBJECT_TO_REFUSAL, kinds=MESSAGE, is_personal=True, is_from_outside=True,
    staff=always("Đề nghị xem lại việc từ chối", "Objected to the refusal"),
    sender=always("Ông/Bà đề nghị xem lại", "You asked for another look"),
)  # fmt: skip
def object_to_refusal(case: Case, given: ObjectToRefusalInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Ask the operations lead to review a refusal: once, within OBJECTION_DAYS, by the sender of one of the reports.

    Records `object_to_refusal` without the words, which are sealed. Raises NotAllowed for anybody else, ObjectionRefused.
    """
    require_sender(by, given.report, case)
    refusal = newest_refusal(case)
    if case.state != CaseState.REFUSED or refusal is None:
        raise ObjectionRefused("Phản ánh này không bị từ chối.", "This report was not refused.")
    if refusal.objected_at is not None:
        raise ObjectionRefused("Việc từ chối đã được đề nghị xem lại một lần.", "A second look at the refusal was asked for already.")
    if refusal.objection_due_at is not None and now >= refusal.objection_due_at:
        raise ObjectionRefused(
            f"Đã hết thời hạn {OBJECTION_DAYS} ngày để đề nghị xem lại.", f"The {OBJECTION_DAYS} days for an objection are over."
        )
    words = normal(given.words)
    if not words or len(words) > LONGEST_OBJECTION:
        raise ObjectionRefused(
            f"Vui lòng cho biết vì sao Ông/Bà đề nghị xem lại, tối đa {LONGEST_OBJECTION} ký tự.",
            f"Please say why it should be looked at again, {LONGEST_OBJECTION} characters at most.",
            about="words",
        )
    refusal.sealed_objection = seal_text(words, purpose=OBJECTION_PURPOSE)
    refusal.objected_at, refusal.objected_by_id = now, given.report.id
    record(case, "object_to_refusal", by=by, at=now, report=given.report.code)
    db.session.flush()
    tell_inbox(objection_desk(case, now), "refusal_objected", case=case, at=now)
    return {"outcome": "objected"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideObjectionInput(Input):
    upheld: bool
    words: str


@Verb(
    "decide_objection", Action.DECIDE_OBJECTION, kinds=DECISION, moves_limit=True,
    staff=sentences.objection_decided, sender=sentences.looked_at_again,
)  # fmt: skip
def decide_objection(case: Case, given: DecideObjectionInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Decide on an objection; the reporters are told, and `words` are for them to read.

    If upheld, the case continues where it was refused (and is distributed again where agencies had been asked), and its limits resume as
    after a pause. Records `decide_objection`. Raises NotAllowed at another desk than objection_desk, SecondPersonNeeded for the person
    who refused it, and ObjectionRefused without an open objection, or when it is dismissed without words.
    """
    require(by, Action.DECIDE_OBJECTION, case)
    refusal = open_objection(case)
    if refusal is None:
        raise ObjectionRefused("Không có đề nghị xem lại nào đang chờ.", "No objection is waiting for a decision.")
    if by.grant_at(objection_desk(case, now)) is None and not by.holds_for([Role.OPS_LEAD], case):
        raise NotAllowed
    refuse_first_person(Action.DECIDE_OBJECTION, case, by=by, now=now)
    words = normal(given.words)
    if not given.upheld and not words:
        raise ObjectionRefused("Vui lòng giải thích vì sao giữ nguyên việc từ chối.", "Please explain why the refusal stands.")
    refusal.objection_upheld, refusal.decided_by_id, refusal.decided_at = given.upheld, by.account_id, now
    refusal.decision_words = words or None
    record(case, "decide_objection", by=by, at=now, upheld=given.upheld)
    if not given.upheld:
        tell_reporters(case, "objection_dismissed", at=now)
        return {"outcome": "dismissed"}
    before = CaseState(refusal.state_before)
    case.state = CaseState.TO_DISTRIBUTE if before == CaseState.AT_AGENCY else before
    case.state_before = case.closed_at = None
    revive_clocks(case, since=refusal.refused_at, at=now)
    tell_reporters(case, "objection_upheld", at=now)
    tell_desk(Role.OPERATOR, "case_taken_up_again", case=case, at=now)
    return {"outcome": "upheld"}


def objection_desk(case: Case, now: datetime) -> str:
    """The inbox an objection waits in: the operations lead's; the committee's where every one of them refused it or is tied to somebody
    who did."""
    seats = [JudgingSeat(role, case.centre_id) for role in (Role.OPS_LEAD, Role.COMMITTEE_LEADER)]
    return deciding_desk(Action.DECIDE_OBJECTION, seats, case, now=now)


def newest_refusal(case: Case) -> Refusal | None:
    """The refusal that counts, the last one: a case may be refused, resumed and refused again."""
    return db.session.scalars(select(Refusal).where(Refusal.case_id == case.id).order_by(Refusal.id.desc())).first()


def open_objection(case: Case) -> Refusal | None:
    """The refusal whose objection waits for a decision."""
    refusal = newest_refusal(case) if case.state == CaseState.REFUSED else None
    return refusal if refusal is not None and refusal.objected_at is not None and refusal.decided_at is None else None


def objection_words(refusal: Refusal) -> str | None:
    """The sender's objection, for the operations team and its writer."""
    return open_text(refusal.sealed_objection, purpose=OBJECTION_PURPOSE) if refusal.sealed_objection else None
