"""The operator's first acts: verifying a report (with words cleared for agencies), and classifying it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from casework.bilingual import Bilingual
from casework.clocks.acts import ClockKind, end_clock
from casework.clocks.complexities import complexities_for
from casework.clocks.pauses import counted_from, start_case_clock
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Area, Case, Field, Photo, Recording, Report, ReportText, VisibilityReason
from casework.outbox import tell_reporters
from casework.permissions import Action, Actor, require
from casework.photos.records import PreparedCopies, add_copies, photos_of_report, uncleared_photos
from casework.places.villages import release_village
from casework.reading.rule_rows import AreaRow, FieldRow, KeyedRow
from casework.recordings.transcripts import transcribe, transcripts_of
from casework.search.rows import refresh_search_rows
from casework.sentences import always
from casework.states import CaseState
from casework.text import normal
from casework.triage import sentences
from casework.verbs import DECISION, MESSAGE, Input, Verb, writes

LONGEST_TITLE = 200


class VerificationRefused(CaseworkError):
    """The report cannot be accepted yet; the text says what is missing."""


class ClassificationRefused(CaseworkError):
    """The case cannot be classified like this; the text says why."""


@dataclass(frozen=True)
class ClearedReport:
    """What agencies will see of one report: words without traces of their writer, copies of its photos, transcripts of its recordings."""

    report: Report
    words: str
    copies: tuple[tuple[Photo, PreparedCopies], ...] = ()
    transcripts: tuple[tuple[Recording, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyInput(Input):
    title: str
    cleared: list[ClearedReport]
    place: str | None = None
    village: str | None = None


@Verb(
    "verify", Action.VERIFY, kinds=DECISION, gives_title=True,
    staff=always("Tiếp nhận phản ánh", "Accepted the report", is_main=True),
    public=always("Trung tâm tiếp nhận", "The centre accepted it", is_main=True),
)  # fmt: skip
def verify(case: Case, given: VerifyInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Accept a report: give it a title for the public and clear its words and photos for agencies.

    `village` is the public village or street from now on; None leaves it unchanged. Ends the acceptance clock. Records `verify` and, per
    report, `clear_text`. Raises VerificationRefused when the title is missing or a report has no cleared words or an uncleared photo.
    Source: rules.md, sections 2 and 4.
    """
    require(by, Action.VERIFY, case)
    title = normal(given.title)
    if not title or len(title) > LONGEST_TITLE:
        raise VerificationRefused(
            f"Vui lòng đặt tiêu đề, tối đa {LONGEST_TITLE} ký tự, không nêu tên người.",
            f"Please write a title of at most {LONGEST_TITLE} characters that names nobody.",
            about="title",
        )
    for part in given.cleared:
        clear_text(case, part, by=by, now=now)
    for link in (link for link in case.reports if link.left_at is None):
        if not any(part.report.id == link.report_id for part in given.cleared):
            raise VerificationRefused("Chưa biên tập nội dung gửi đơn vị.", "The text for agencies has not been cleared.")
        if uncleared_photos(link.report):
            raise VerificationRefused("Còn ảnh chưa được kiểm tra trước khi gửi đơn vị.", "A photo has not been cleared for agencies.")
    how: dict[str, str | None] = {}
    if given.village is not None:
        how["village"] = release_village(case, given.village, area_id=case.area_id)
    record(case, "verify", by=by, at=now, title=title, **how)
    case.title, case.place = title, normal(given.place or "") or None
    case.state, case.accepted_at = CaseState.TO_CLASSIFY, now
    end_clock(case, ClockKind.ACCEPTANCE, at=now)
    tell_reporters(case, "report_accepted", at=now)
    refresh_search_rows(case, at=now)
    return {"outcome": "accept"}


@Verb("clear_text", Action.CLEAR_TEXT, kinds=MESSAGE, staff=sentences.cleared)
def clear_text(case: Case, part: ClearedReport, *, by: Actor, now: datetime) -> None:
    """Store the words and photo copies for agencies, leaving the original untouched.

    For a report sent only by voice the transcript is its words. Records `clear_text` without the words. Raises VerificationRefused when
    there are none, TranscriptRefused.
    """
    require(by, Action.CLEAR_TEXT, case)
    for recording, said in part.transcripts:
        transcribe(case, by=by, now=now, recording=recording, words=said)
    words = normal(part.words) or "\n\n".join(transcripts_of(part.report))
    if not words:
        raise VerificationRefused("Nội dung gửi đơn vị đang trống.", "The text for agencies is empty.")
    part.report.texts.append(ReportText(kind="cleared", body=words, written_by_id=by.account_id, written_at=now))
    own = {photo.id for photo in photos_of_report(part.report)} if part.copies else set()
    for photo, copies in part.copies:
        if photo.id not in own:
            raise VerificationRefused("Ảnh không thuộc phản ánh này.", "The photo does not belong to this report.")
        add_copies(photo, copies, audience="agencies", by=by, now=now)
    record(case, "clear_text", by=by, at=now, report=part.report.code, photos=len(part.copies))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifyInput(Input):
    field: Field | FieldRow
    urgency: str
    complexity: str
    area: Area | AreaRow
    village: str | None = None
    visibility_reason: VisibilityReason | KeyedRow | None = None


@writes("classify")
def classify(case: Case, given: ClassifyInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Set field, urgency, complexity, place and visibility, and start the case clock from filing (or acceptance, as frozen).

    `village` is the public village or street, empty if nobody has checked it. Of several reports the first filed counts: they were merged
    before anything was promised, and the earlier due wins. Records `classify`; the answer day is promised to the reporter here. Raises
    ClassificationRefused for unknown values. Source: rules.md, section 4, clock "case", and section 6, "Merge".
    """
    require(by, Action.CLASSIFY, case)
    rated = {row.key: row.name for row in complexities_for(case, now=now, counted_from=counted_from(case, now=now))}
    if given.urgency not in ("urgent", "normal") or given.complexity not in rated:
        raise ClassificationRefused("Mức độ hoặc độ phức tạp không hợp lệ.", "Urgency or complexity is not valid.")
    case.field_id, case.urgency, case.complexity = given.field.id, given.urgency, given.complexity
    case.area_id, how = given.area.id, release_village(case, given.village, area_id=given.area.id)
    case.visibility_reason_id = given.visibility_reason.id if given.visibility_reason else None
    case.state, case.hotline_owed = CaseState.TO_DISTRIBUTE, case.is_urgent
    record(case, "classify", by=by, at=now, **classes_told(given, rated), village=how)
    clock = start_case_clock(case, at=counted_from(case, now=now))
    tell_reporters(case, "report_classified", at=now, due_at=clock.first_due_at.isoformat(), urgent=case.is_urgent)
    db.session.expire(case, ["area", "field", "visibility_reason"])
    refresh_search_rows(case, at=now)
    return {"urgent": case.is_urgent}


def classes_told(given: ClassifyInput, rated: Mapping[str, Bilingual]) -> dict[str, object]:
    """How a case was classified, as its event tells it; `rated` are the complexities of the centre by key."""
    return {
        "field": given.field.service_code, "urgency": given.urgency, "complexity": given.complexity, "area": given.area.ref,
        "visibility": given.visibility_reason.key if given.visibility_reason else None,
        "rated": list(rated.get(given.complexity, (given.complexity, given.complexity))),
    }  # fmt: skip
