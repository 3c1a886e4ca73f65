"""Splitting a part off a case, for another body to answer by itself, and joining it again while it has no answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select

from casework.assignments.distribution import DistributeInput
from casework.cases import refuse_unless_open
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.intake.file_report import Filed, Place, file_report
from casework.models import Agency, Answer, Assignment, Case, Note
from casework.parting import sentences
from casework.parting.photos import CarriedPhoto, Copies, carry, refuse_not_released
from casework.parts import MOST_PARTS, parent_of, parts_of
from casework.pausing.standstills import end_case
from casework.permissions import Action, Actor, require
from casework.reading.lacking import UNDER_LOCK, Part, hold_lacking
from casework.reading.rule_rows import AgencyRow, AreaRow, FieldRow
from casework.search.rows import refresh_search_rows
from casework.search.staff_choices import agencies_chosen
from casework.sentences import always
from casework.states import AT_AGENCIES, AssignmentEnd, CaseState
from casework.text import normal
from casework.triage.acts import ClassifyInput, ClearedReport, VerifyInput
from casework.verbs import DECISION, Input, Situation, Verb

LONGEST_WORDS = 2_000
LONGEST_REASON = 2_000
JOINED_AGAIN = "Phần việc này đã được nhập lại vào hồ sơ chính; đơn vị không cần tiếp tục."


class PartRefused(CaseworkError):
    """No part can be split off or joined like this; the text says why."""


def can_be_divided(at: Situation) -> bool:
    """While agencies work on it and one has accepted: before, it may still be refused; a part is not divided again."""
    case = at.case
    is_at_work = at.is_under_way and case.state in AT_AGENCIES and any(row.accepted_at is not None for row in case.assignments)
    return is_at_work and case.parent_id is None and not case.withdrawal_asked and len(parts_of(case)) < MOST_PARTS


@dataclass(frozen=True, slots=True, kw_only=True)
class DivideInput(Input):
    """`words` are the operator's own. `parts_seen` is how many parts the case had when the form was shown: of two people who split off the
    same part at the same time, the second reads of the first."""

    title: str
    words: str
    field: FieldRow
    area: AreaRow
    lead: Agency | AgencyRow
    cooperating: Sequence[Agency | AgencyRow] = ()
    urgency: str = "normal"
    complexity: str = "ordinary"
    village: str = ""
    place: str = ""
    to_agencies: str = ""
    photos: Sequence[CarriedPhoto] = ()
    parts_seen: int = 0


@Verb(
    "divide", Action.DIVIDE, kinds=DECISION, staff=sentences.divided,
    public=always("Trung tâm tách một phần việc để nơi khác trả lời", "The centre gave a part to another body to answer"),
    is_act=True, needs=("assignments_finished",), offered=can_be_divided,
)  # fmt: skip
def divide(case: Case, given: DivideInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Split a part off, which another body answers for itself: a case with its own code, field, agencies and limit.

    The part has no reporter, and nothing of the sender's words goes along; of the photos those that are chosen, as they were released to
    agencies. Where commune and village stay the same, it lies where the case lies. What must not be public of the case must not be of the
    part. The case waits for it before its answer; its own limit stays. Records `divide` with the code. Returns the part's row as `started`
    and as `first` what its first steps take, for its process to begin. Raises PartRefused, and what verifying, classifying and
    distributing the part refuse with. Source: rules.md, section 6, "Children".
    """
    require(by, Action.DIVIDE, case)
    _refuse_unfit(case, given, by, now)
    lead, *cooperating = agencies_chosen([given.lead, *given.cooperating])
    filed = file_report(centre=case.centre, source="officer", words=given.words, place=Place(case.area), by=by, now=now, parent=case)
    part = filed.case
    if given.area.id == case.area_id and normal(given.village) == (case.village or ""):
        part.latitude, part.longitude, part.placed_at = case.latitude, case.longitude, case.placed_at
    case.is_divided = True
    copies = carry(given.photos, filed.report, by=by, now=now) if given.photos else ()
    hold_lacking(part, {each: each == Part.REPORT_PHOTOS and bool(copies) for each in UNDER_LOCK}, UNDER_LOCK)
    record(case, "divide", by=by, at=now, part=part.code)
    return {"started": part.id, "first": _first_steps(case, filed, given, copies, lead, cooperating)}


def _first_steps(
    case: Case, filed: Filed, given: DivideInput, copies: Copies, lead: Agency, cooperating: list[Agency]
) -> tuple[tuple[str, Input], ...]:
    cleared = ClearedReport(filed.report, given.words, copies)
    words = {agency.id: given.to_agencies for agency in (lead, *cooperating)} if given.to_agencies.strip() else None
    return (
        ("verify", VerifyInput(title=given.title, cleared=[cleared], place=given.place)),
        ("classify", ClassifyInput(
            field=given.field, urgency=given.urgency, complexity=given.complexity, area=given.area, village=given.village,
            visibility_reason=case.visibility_reason,
        )),
        ("distribute", DistributeInput(lead=lead, cooperating=cooperating, instructions=words)),
    )  # fmt: skip


def _refuse_unfit(case: Case, given: DivideInput, by: Actor, now: datetime) -> None:
    if case.parent_id is not None:
        raise PartRefused(
            "Hồ sơ này đã là một phần tách ra; một phần không tách tiếp được. Xin thêm đơn vị phối hợp, hoặc tách từ hồ sơ chính.",
            "This case is a part already, and a part is not divided again. Add an agency to it, or split another part off its case.",
        )
    there = parts_of(case)
    if len(there) >= MOST_PARTS:
        raise PartRefused(f"Một hồ sơ tách được tối đa {MOST_PARTS} phần.", f"At most {MOST_PARTS} parts are split off one case.")
    if case.quarantined_at is not None or not can_be_divided(Situation(case, by, now, lambda: ())):
        raise PartRefused(
            "Chỉ tách khi hồ sơ đang ở đơn vị, ít nhất một đơn vị đã tiếp nhận và không có đề nghị rút đang chờ.",
            "A part is split off while agencies work on the case, one has accepted, and no request to withdraw is waiting.",
        )
    if len(there) > given.parts_seen:
        codes = ", ".join(part.code for part in there[given.parts_seen :])
        raise PartRefused(
            f"Trong lúc Ông/Bà soạn, một phần khác vừa được tách: {codes}. Xin xem phần đó; nếu vẫn cần tách thêm, bấm lại.",
            f"While you were writing, another part was split off: {codes}. Look at it, please; to split off one more, press again.",
        )
    words = normal(given.words)
    if not words or len(words) > LONGEST_WORDS:
        raise PartRefused(
            f"Vui lòng ghi nội dung phần được tách, tối đa {LONGEST_WORDS} ký tự.",
            f"Please write what the part is about, {LONGEST_WORDS} characters at most.",
            about="words",
        )
    refuse_not_released(case, given.photos)


def can_be_joined(at: Situation) -> bool:
    """A part under way to which no agency has submitted an answer, whose case is under way too."""
    return at.case.parent_id is not None and at.is_under_way and not _has_answer(at.case) and _goes_on(parent_of(at.case))


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinPartInput(Input):
    reason: str


@Verb(
    "join_part", Action.JOIN_PART, kinds=DECISION, is_noted=True, staff=sentences.joined,
    public=always("Trung tâm nhập lại phần việc đã tách", "The centre joined the part to the case again"),
    is_act=True, needs=("withdrawal_asked",), offered=can_be_joined, locks_family=True,
)  # fmt: skip
def join_part(case: Case, given: JoinPartInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Undo the dividing: the part ends, its agencies are told, and its case waits for it no more.

    `reason` becomes a note of both cases. The code of the part is not used again. Records `join_part` in both, and returns the row of the
    case as `into`. Raises PartRefused for a case that is no part, once an agency has submitted an answer, when the case is over, and
    without a reason; CaseNotOpen while the part is not under way.
    """
    require(by, Action.JOIN_PART, case)
    parent = parent_of(case)
    if parent is None:
        raise PartRefused("Hồ sơ này không phải là một phần tách ra.", "This case is no part of another.")
    refuse_unless_open(case)
    if _has_answer(case):
        raise PartRefused(
            "Đã có đơn vị trình trả lời cho phần này nên không nhập lại được. Xin để phần này đi đến kết quả.",
            "An agency has submitted an answer to this part, so it is not joined again. Let it come to its end.",
        )
    if not _goes_on(parent):
        raise PartRefused(f"Hồ sơ chính {parent.code} không còn xử lý.", f"Its case {parent.code} is not under way any more.")
    reason = normal(given.reason)
    if not reason or len(reason) > LONGEST_REASON:
        raise PartRefused(
            f"Vui lòng nêu lý do nhập lại, tối đa {LONGEST_REASON} ký tự.",
            f"Please give the reason in at most {LONGEST_REASON} characters.",
            about="reason",
        )
    record(case, "join_part", by=by, at=now, main=parent.code)
    record(parent, "join_part", by=by, at=now, part=case.code)
    for each in (case, parent):
        db.session.add(Note(case_id=each.id, audience="centre", body=reason, written_by_id=by.account_id, written_at=now))
    end_case(case, CaseState.JOINED, end=AssignmentEnd.CLOSED, words=JOINED_AGAIN, at=now)
    case.hotline_owed = False
    db.session.flush()
    refresh_search_rows(case, at=now)
    return {"into": parent.id}


def _goes_on(parent: Case | None) -> bool:
    return parent is not None and parent.closed_at is None and parent.quarantined_at is None


def _has_answer(part: Case) -> bool:
    return bool(
        db.session.scalar(select(exists().where(Answer.assignment_id == Assignment.id, Assignment.case_id == part.id)))
    )
