"""When a one-time link holds: asked of the referral or the agency's work it is of at each request, and before its address is sent."""

from datetime import datetime
from enum import StrEnum

from casework.doors.gates import Door, is_open
from casework.doors.links.secrets import digest_of, secret_of
from casework.models import Assignment, Case, ReplyLink
from casework.states import AssignmentState, Pause


class Standing(StrEnum):
    """How a link stands: it holds, or why it opens nothing."""

    HOLDS = "holds"
    USED = "used"
    """Answered or revoked."""
    RUN_OUT = "run_out"
    OTHER_KEY = "other_key"
    """Made under another lookup key, so that no address finds it."""
    ENDED = "ended"
    """The referral or the agency's work it is of has ended, or waits for nobody outside."""
    DOOR_CLOSED = "door_closed"


def standing_of(link: ReplyLink, case: Case, now: datetime) -> Standing:
    if link.revoked_at is not None or link.answered_at is not None:
        return Standing.USED
    if now >= link.expires_at:
        return Standing.RUN_OUT
    if link.digest != digest_of(secret_of(link.ref)):
        return Standing.OTHER_KEY
    if not _goes_on(link, case):
        return Standing.ENDED
    return Standing.HOLDS if is_open(Door.LINKS, case.centre_id) else Standing.DOOR_CLOSED


def holds(link: ReplyLink, case: Case, now: datetime) -> bool:
    """Whether it can be answered: in time, not used or revoked, while the referral or the agency's work it is of goes on."""
    return standing_of(link, case, now) is Standing.HOLDS


def shows_receipt(link: ReplyLink, case: Case, now: datetime) -> bool:
    """Whether it says that the answer came: until its last day, unless the case was set apart."""
    is_apart = case.quarantined_at is not None or link.revoked_at is not None
    return link.answered_at is not None and now < link.expires_at and not is_apart and is_open(Door.LINKS, case.centre_id)


def can_answer(assignment: Assignment) -> bool:
    """Whether an agency works on its answer; also again, after its leader has ordered a redo."""
    return assignment.is_open and assignment.state != AssignmentState.SUBMITTED


def _goes_on(link: ReplyLink, case: Case) -> bool:
    if case.quarantined_at is not None or case.closed_at is not None or case.merged_into_id is not None:
        return False
    if link.assignment is not None:
        return can_answer(link.assignment)
    return link.referral is not None and link.referral.ended_at is None and case.paused_for == Pause.REFERRAL
