"""The notice of more time (thông báo gia hạn) to the senders, with the reason and the new day promised."""

from datetime import datetime

from casework.calendars import calendar_of
from casework.clocks.due_changes import last_day_in_time
from casework.documents.kinds import EXTENSION_NOTICE
from casework.documents.letters import LetterRefused
from casework.documents.writing import NOTHING_ADDED, Added, asked_for, draft, refuse_gone, title_told, write, writes_as
from casework.models import Assignment, Case, Extension, Letter
from casework.permissions import Actor, NotAllowed


def write_extension_notice(
    case: Case, *, by: Actor, now: datetime, extension: Extension, added: Added = NOTHING_ADDED, key: str | None = None
) -> Letter:
    """Write the notice of an extension that moved the day of the answer: by the centre, or by the leader of the agency that got it.

    Records `write_letter`. Raises NotAllowed, LetterRefused, AlreadyWritten.
    """
    return write(
        case, lambda: draft_extension_notice(case, by=by, now=now, extension=extension, added=added), by=by, now=now, key=key,
        asked=asked_for(added, EXTENSION_NOTICE, extension.ref),
    )  # fmt: skip


def draft_extension_notice(case: Case, *, by: Actor, now: datetime, extension: Extension, added: Added = NOTHING_ADDED) -> Letter:
    assignment = next((row for row in case.assignments if row.id == extension.assignment_id), None)
    agency = writes_as(case, by, assignment.agency if assignment is not None else None)
    refuse_gone(case)
    if agency is not None and assignment is not None and not (assignment.is_open or assignment.approved_at is not None):
        # a released or removed agency has lost access to the case
        raise NotAllowed
    if assignment is None or not moved_the_day(extension, assignment) or extension.old_due_at is None or extension.new_due_at is None:
        raise LetterRefused(
            "Lần gia hạn này không đổi ngày trả lời người phản ánh.", "This extension did not move the day of the answer to the senders."
        )
    calendar = calendar_of(case.centre_id)
    new_day = last_day_in_time(extension.new_due_at, calendar)
    content = {
        "title": title_told(case),
        "old_due_at": extension.old_due_at.isoformat(),
        "new_due_at": extension.new_due_at.isoformat(),
        "reason": extension.reason,
    }
    return draft(case, EXTENSION_NOTICE, by=by, now=now, added=added, agency=agency, content=content, reply_by=new_day)


def moved_the_day(extension: Extension, assignment: Assignment) -> bool:
    """Whether an extension moved the day promised to the senders: granted, and to the lead agency."""
    return bool(extension.granted) and extension.new_due_at is not None and assignment.is_lead
