"""The transfer slip (phiếu chuyển): what an agency or a body outside is asked to do, where, and by when."""

from datetime import datetime
from typing import Any

from casework.calendars import calendar_of
from casework.clocks.due_changes import last_day_in_time
from casework.documents.kinds import TRANSFER_SLIP
from casework.documents.letters import LetterRefused
from casework.documents.writing import NOTHING_ADDED, Added, asked_for, draft, refuse_gone, require_writer, title_told, write
from casework.intake.file_report import cleared_words
from casework.models import Assignment, Case, Letter
from casework.pausing.referrals import NOT_REFERRED, open_referral
from casework.permissions import Actor
from casework.photos.records import copy_for, photos_of_report


def write_transfer_slip(
    case: Case, *, by: Actor, now: datetime, assignment: Assignment | None = None, added: Added = NOTHING_ADDED, key: str | None = None
) -> Letter:
    """Write the slip for an agency's open assignment, or, where none is named, for the body the case is referred to.

    Records `write_letter`. Raises NotAllowed for anybody but the centre's operations, LetterRefused, AlreadyWritten.
    """
    return write(
        case, lambda: draft_transfer_slip(case, by=by, now=now, assignment=assignment, added=added), by=by, now=now, key=key,
        asked=asked_for(added, TRANSFER_SLIP, assignment.ref if assignment is not None else None),
    )  # fmt: skip


def draft_transfer_slip(
    case: Case, *, by: Actor, now: datetime, assignment: Assignment | None = None, added: Added = NOTHING_ADDED
) -> Letter:
    """The slip as it would be written now, with the words and place cleared for agencies, never a sender's own."""
    require_writer(case, by, TRANSFER_SLIP)
    refuse_gone(case)
    return _to_agency(case, assignment, by, now, added) if assignment is not None else _to_body(case, by, now, added)


def _to_agency(case: Case, assignment: Assignment, by: Actor, now: datetime, added: Added) -> Letter:
    if not assignment.is_open or assignment.case_id != case.id:
        raise LetterRefused("Đơn vị này không còn việc trong hồ sơ.", "This agency has no open work in the case.")
    due = assignment.due_at
    content = {
        "to": assignment.agency.name_vi,
        "role": assignment.slot,
        "title": case.title or "",
        **_matter(case),
        "instructions": assignment.instructions or "",
        "due_at": due.isoformat() if due is not None else None,
    }
    return draft(
        case, TRANSFER_SLIP, by=by, now=now, added=added, agency=assignment.agency, content=content,
        reply_by=last_day_in_time(due, calendar_of(case.centre_id)) if due is not None else None,
    )  # fmt: skip


def _to_body(case: Case, by: Actor, now: datetime, added: Added) -> Letter:
    """For a sensitive case the slip has neither title nor place nor words, because it leaves the installation."""
    referral = open_referral(case)
    if referral is None:
        raise LetterRefused(*NOT_REFERRED)
    is_sensitive = case.visibility_reason_id is not None
    content = {
        "to": referral.body,
        "role": None,
        "title": title_told(case),
        **_matter(case, is_hidden=is_sensitive),
        "is_sensitive": is_sensitive,
        "instructions": "" if is_sensitive else referral.reason,
        "due_at": None,
    }
    return draft(case, TRANSFER_SLIP, by=by, now=now, added=added, content=content)


def _matter(case: Case, *, is_hidden: bool = False) -> dict[str, Any]:
    """The matter in words cleared for agencies."""
    reports = [link.report for link in case.reports if link.left_at is None]
    texts = [{"code": report.code, "words": words} for report in reports if (words := cleared_words(report))]
    area = case.area.name_vi if case.area is not None else None
    return {
        "field": case.field.name_vi if case.field is not None and not is_hidden else "",
        "urgent": case.is_urgent,
        "where": "" if is_hidden else ", ".join(filter(None, (case.place, case.village, area))),
        "texts": [] if is_hidden else texts,
        "photos": 0 if is_hidden else sum(
            copy_for(photo, "agencies", "view") is not None for report in reports for photo in photos_of_report(report)
        ),
    }  # fmt: skip
