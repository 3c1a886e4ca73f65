"""The notice of refusal (thông báo không tiếp nhận): the reason, what to do instead, and the last day for an objection."""

from datetime import datetime

from casework.calendars import calendar_of
from casework.clocks.due_changes import last_day_in_time
from casework.documents.kinds import REFUSAL_NOTICE
from casework.documents.letters import LetterRefused
from casework.documents.writing import NOTHING_ADDED, Added, asked_for, draft, refuse_gone, require_writer, title_told, write
from casework.models import Case, Letter
from casework.permissions import Actor
from casework.states import CaseState
from casework.triage.refusals import OBJECTION_DAYS, newest_refusal


def write_refusal_notice(case: Case, *, by: Actor, now: datetime, added: Added = NOTHING_ADDED, key: str | None = None) -> Letter:
    """Write the notice that a case is refused, to the senders of its reports.

    Records `write_letter`. Raises NotAllowed for anybody but the centre's operations, LetterRefused, AlreadyWritten.
    """
    return write(
        case, lambda: draft_refusal_notice(case, by=by, now=now, added=added), by=by, now=now, key=key,
        asked=asked_for(added, REFUSAL_NOTICE, None),
    )  # fmt: skip


def draft_refusal_notice(case: Case, *, by: Actor, now: datetime, added: Added = NOTHING_ADDED) -> Letter:
    """The notice as it would be written now: with the guidance of the day, and how to object while that is possible."""
    require_writer(case, by, REFUSAL_NOTICE)
    refuse_gone(case)
    refusal = newest_refusal(case)
    if case.state != CaseState.REFUSED or refusal is None:
        raise LetterRefused("Hồ sơ không bị từ chối tiếp nhận.", "The case was not refused.")
    due = refusal.objection_due_at
    until = last_day_in_time(due, calendar_of(case.centre_id)) if due is not None and now < due and refusal.objected_at is None else None
    content = {
        "title": title_told(case),
        "reason": refusal.reason.name_vi,
        "explained": refusal.words,
        "guidance": refusal.reason.guidance_vi or "",
        "object_until": until.isoformat() if until is not None else None,
        "object_days": OBJECTION_DAYS,
    }
    return draft(case, REFUSAL_NOTICE, by=by, now=now, added=added, content=content, reply_by=until)
