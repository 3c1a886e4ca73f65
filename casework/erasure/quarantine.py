"""Cases that must leave the system: a denunciation of a named official, a matter of the state's secrets (rules.md, section 6).

Everything derived from the report is erased at once, and only the confidential readers of its centre can open the case. They hand over
its sealed content outside the system; then that is erased too. What stays is one case "referred outside", and a history whose events say
when something happened but no longer what.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from casework.assignments.moves import forget_clocks
from casework.cases import lock_case
from casework.clocks.acts import end_all_clocks, running_clocks
from casework.db import db
from casework.erasure.erase import erase_derived, erase_originals
from casework.errors import CaseworkError
from casework.events import record
from casework.models import (
    Answer,
    Assignment,
    Case,
    CaseReport,
    File,
    Hold,
    Photo,
    Question,
    Referral,
    ReportText,
    StepRecord,
    StepValue,
    Withdrawal,
)
from casework.outbox import tell_desk, tell_reporters
from casework.parts import parts_of
from casework.permissions import AGENCY_ROLES, OPERATIONS, Action, Actor, NotAllowed, Role, require
from casework.permissions.sight import Sight, sees
from casework.sealing.seal import open_text, seal_text
from casework.sentences import always
from casework.states import AssignmentEnd, AssignmentState, CaseState
from casework.successors import centre_at_work
from casework.text import normal
from casework.upkeep.erasure_log import handed_over_at, note_forgotten
from casework.verbs import DECISION, Input, Situation, Verb, writes

REASON_PURPOSE = "reason of a quarantine"
LONGEST_REASON = 2_000
LONGEST_RECEIPT = 300


APART = "Hồ sơ được xử lý theo thủ tục riêng."
"""What an agency may know about why its work ended."""


class QuarantineRefused(CaseworkError):
    """The case cannot be taken out like this; the text says why."""


class ContentHandOverRefused(CaseworkError):
    """The content cannot be erased yet, or not any more; the text says why."""


def can_be_set_apart(at: Situation) -> bool:
    """A case that is merged into no other: the centre always may, an agency as long as it works on the case."""
    works_on_it = any(at.by.holds(AGENCY_ROLES, agency_id=row.agency_id) for row in at.case.open_assignments)
    return at.case.merged_into_id is None and (at.by.holds_for(OPERATIONS, at.case) or works_on_it)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineInput(Input):
    reason: str


@Verb(
    "quarantine", Action.QUARANTINE, kinds=DECISION,
    staff=always("Đưa ra khỏi hệ thống để xử lý theo thủ tục riêng", "Taken out of the system for its own procedure", is_main=True),
    is_act=True, offered=can_be_set_apart, locks_family=True,
)  # fmt: skip
def quarantine(case: Case, given: QuarantineInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Take a case out of the system, whatever its state: nobody but the confidential readers of its centre sees it again.

    Cases merged into it and its parts go with it, since their texts tell the same; a report that has nothing to do with the matter is to be
    split off first. `reason` is sealed with the main report's words and read by the confidential readers alone: no event, no
    message and no agency is told why. Records `quarantine` and erases what the history told before. Returns the row numbers of
    the cases merged into it as `merged`, for their processes to end. Raises NotAllowed for an agency that does not have the case
    open, QuarantineRefused without a reason, for a merged case (its main has the reports) and when it has been done.
    """
    require(by, Action.QUARANTINE, case)
    _refuse_agency_without_case(case, by)
    reason = normal(given.reason)
    if not reason or len(reason) > LONGEST_REASON:
        raise QuarantineRefused(
            f"Vui lòng nêu lý do, tối đa {LONGEST_REASON} ký tự. Chỉ người đọc bảo mật được xem.",
            f"Please give the reason in at most {LONGEST_REASON} characters. Only the confidential readers will read it.",
            about="reason",
        )
    if case.quarantined_at is not None:
        raise QuarantineRefused("Hồ sơ đã được xử lý theo thủ tục riêng.", "The case is handled under a procedure of its own already.")
    if case.merged_into_id is not None:
        raise QuarantineRefused("Hồ sơ đã gộp. Xin thực hiện ở hồ sơ chính.", "The case was merged. Please do this in its main case.")
    return take_out(case, by=by, now=now, reason=reason)


@writes("quarantine")
def take_out(case: Case, *, by: Actor, now: datetime, reason: str = "") -> dict[str, object]:
    """Do what `quarantine` has decided; also when an older backup is restored and cases that had been taken out are taken out again.

    The reason is unknown then, and none is sealed. Records `quarantine`, and returns what `quarantine` returns.
    """
    parts = [lock_case(each.id) for each in parts_of(case) if each.quarantined_at is None]
    cases = [case, *_merged_into(case), *parts]
    for each in cases:
        record(each, "quarantine", by=by, at=now)
    agencies = [(each, assignment.agency_id) for each in (case, *parts) for assignment in each.open_assignments]
    for each in cases:
        _end_work(each, now)
        each.quarantined_at, each.is_public, each.published_at, each.state_before = now, False, None, None
        each.withdrawal_asked = each.has_unread_words = each.hotline_owed = False
        # which successor of an ended centre reads a case depends on its place, erased below: so the case moves to that successor now
        each.centre_id = centre_at_work(each.centre_id, each.area_id)
    # merged cases stay merged, so that the matter counts once
    for each in cases:
        note_forgotten("quarantine", each.ref, at=now)
    for each in (case, *parts):
        each.state, each.closed_at = CaseState.QUARANTINED, each.closed_at or now
    db.session.flush()
    erase_derived(cases, at=now)
    for assignment in (row for each in cases for row in each.assignments if row.end_reason == AssignmentEnd.QUARANTINED):
        assignment.end_words = APART
    if reason:
        _seal_reason(case, reason, by, now)
    for worked_on, agency_id in agencies:
        tell_desk(Role.OFFICER, "work_ended", case=worked_on, at=now, agency_id=agency_id)
    tell_desk(Role.CONFIDENTIAL_READER, "case_quarantined", case=case, at=now)
    tell_reporters(case, "report_handled_apart", at=now)
    db.session.flush()
    return {"merged": [each.id for each in cases[1:]]}


def can_be_handed_over(at: Situation) -> bool:
    """A case that was set apart and has not been handed over yet."""
    return at.case.state == CaseState.QUARANTINED and handed_over_at(at.case) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverInput(Input):
    receipt: str


@Verb(
    "hand_over", Action.HAND_OVER, kinds=DECISION,
    staff=always("Bàn giao nội dung ngoài hệ thống và xóa", "Content handed over outside the system and erased", is_main=True),
    is_act=True, offered=can_be_handed_over, is_for_quarantine=True,
)  # fmt: skip
def hand_over(case: Case, given: HandOverInput, *, by: Actor, now: datetime) -> None:
    """Erase the sealed content for good, because it was handed over outside the system: words, places, photos, identities.

    `receipt` says by which paper it was handed over, and to whom; it is kept, so it must not tell the content. Records `hand_over`. The
    digests of the photos still prove what people sent, without showing it. Raises NotAllowed for anybody but a confidential reader,
    ContentHandOverRefused without a receipt, before quarantine and when it has been done.
    """
    require(by, Action.HAND_OVER, case)
    receipt = normal(given.receipt)
    if not receipt or len(receipt) > LONGEST_RECEIPT:
        raise ContentHandOverRefused(
            f"Vui lòng ghi số biên bản bàn giao và nơi nhận, tối đa {LONGEST_RECEIPT} ký tự.",
            f"Please write the number of the receipt and who received it, in at most {LONGEST_RECEIPT} characters.",
            about="receipt",
        )
    if case.state != CaseState.QUARANTINED:
        raise ContentHandOverRefused("Hồ sơ không thuộc diện bàn giao.", "This case is not one to be handed over.")
    if handed_over_at(case) is not None:
        raise ContentHandOverRefused("Hồ sơ đã được bàn giao.", "The case has been handed over already.")
    erase_handed_over(case, by=by, now=now)
    handed = Referral(
        case_id=case.id, body="", reason=receipt, referred_by_id=by.account_id, referred_at=now, ended_by_id=by.account_id, ended_at=now
    )
    db.session.add(handed)
    db.session.flush()


def erase_handed_over(case: Case, *, by: Actor, now: datetime) -> None:
    """Erase the content that was handed over, with that of its parts; repeated after an older backup is restored, which does not know of
    the receipt."""
    parts = [lock_case(part.id) for part in parts_of(case) if part.quarantined_at is not None]
    erase_originals([case, *_merged_into(case), *parts], at=now)
    for each in (case, *(part for part in parts if handed_over_at(part) is None)):
        record(each, "hand_over", by=by, at=now)
        note_forgotten("hand_over", each.ref, at=now)


def quarantine_reason(case: Case, *, by: Actor) -> str | None:
    """Why the case was taken out; None once handed over. Raises NotAllowed for anybody but its confidential readers."""
    _refuse_others(case, by)
    query = select(ReportText).join(CaseReport, CaseReport.report_id == ReportText.report_id)
    query = query.where(CaseReport.case_id == case.id, ReportText.kind == "original", ReportText.written_by_id.is_not(None))
    text = db.session.scalars(query.order_by(ReportText.id.desc())).first()
    return open_text(text.sealed_body, purpose=REASON_PURPOSE) if text is not None and text.sealed_body else None


def hand_over_receipt(case: Case, *, by: Actor) -> str | None:
    """The paper by which the content was handed over. Raises NotAllowed for anybody but its confidential readers."""
    _refuse_others(case, by)
    if handed_over_at(case) is None:
        return None
    return db.session.scalar(select(Referral.reason).where(Referral.case_id == case.id).order_by(Referral.id.desc()).limit(1))


def original_photo(ref: str, *, by: Actor) -> File | None:
    """The sealed original of a photo in a quarantined case, for its confidential readers; the other copies are gone.

    None where the person has none: the look-up is the permission check.
    """
    sealed = select(File).join(File.photo).where(Photo.ref == ref, File.audience == "sealed", File.erased_at.is_(None))
    file = db.session.scalars(sealed).first()
    case = _case_of(file.photo) if file is not None and file.photo is not None else None
    return file if case is not None and case.quarantined_at is not None and sees(by, Sight.ORIGINAL, case) else None


def _refuse_agency_without_case(case: Case, by: Actor) -> None:
    """An agency may do this only while it works on the case."""
    if by.holds_for(OPERATIONS, case):
        return
    if not any(by.holds(AGENCY_ROLES, agency_id=assignment.agency_id) for assignment in case.open_assignments):
        raise NotAllowed


def _refuse_others(case: Case, by: Actor) -> None:
    if case.quarantined_at is None or not sees(by, Sight.QUARANTINED, case):
        raise NotAllowed


def _case_of(photo: Photo) -> Case | None:
    if photo.answer_id is not None:
        query = select(Case).join(Assignment, Assignment.case_id == Case.id).join(Answer, Answer.assignment_id == Assignment.id)
        return db.session.scalars(query.where(Answer.id == photo.answer_id)).first()
    if photo.step_value_id is not None:
        query = select(Case).join(StepRecord, StepRecord.case_id == Case.id).join(StepValue, StepValue.record_id == StepRecord.id)
        return db.session.scalars(query.where(StepValue.id == photo.step_value_id)).first()
    query = select(Case).join(CaseReport, CaseReport.case_id == Case.id).where(CaseReport.left_at.is_(None))
    return db.session.scalars(query.where(CaseReport.report_id == photo.report_id)).first()


def _merged_into(case: Case) -> list[Case]:
    """The cases merged into this one, locked."""
    return [lock_case(case_id) for case_id in db.session.scalars(select(Case.id).where(Case.merged_into_id == case.id).order_by(Case.id))]


def _end_work(case: Case, now: datetime) -> None:
    """End agencies, limits and whatever the case was waiting for; the reason is told to nobody."""
    for clock in running_clocks(case):
        for pause in clock.pauses:
            pause.until = pause.until or now
    end_all_clocks(case, at=now)
    forget_clocks(case)
    for assignment in case.assignments:
        assignment.extension_asked = False
        if assignment.is_open:
            assignment.state, assignment.ended_at = AssignmentState.REMOVED, now
            assignment.end_reason = AssignmentEnd.QUARANTINED
    case.paused_for = case.paused_until = None
    waits: tuple[type[Question] | type[Hold] | type[Referral], ...] = (Question, Hold, Referral)
    for wait in waits:
        db.session.execute(update(wait).where(wait.case_id == case.id, wait.ended_at.is_(None)).values(ended_at=now))
    asked = update(Withdrawal).where(Withdrawal.case_id == case.id, Withdrawal.decided_at.is_(None))
    db.session.execute(asked.values(decided_at=now))


def _seal_reason(case: Case, reason: str, by: Actor, now: datetime) -> None:
    sealed = seal_text(reason, purpose=REASON_PURPOSE)
    db.session.add(ReportText(report_id=case.main_report.id, kind="original", sealed_body=sealed, written_by_id=by.own_id, written_at=now))
