"""States of cases and assignments, and the words people read for each (rules.md, section 7)."""

from enum import StrEnum
from typing import NamedTuple

from casework.bilingual import Bilingual


class CaseState(StrEnum):
    """The state of a case. Late, urgent, extended and held are flags in addition to a state, never states."""

    TO_VERIFY = "to_verify"
    WAITING_REPORTER = "waiting_reporter"
    TO_CLASSIFY = "to_classify"
    TO_DISTRIBUTE = "to_distribute"
    AT_AGENCY = "at_agency"
    HANDLING = "handling"
    REDO = "redo"
    APPROVAL = "approval"
    TO_PUBLISH = "to_publish"
    REFERRED = "referred"
    RATING = "rating"
    ANSWERED = "answered"
    REVIEW = "review"
    CLOSED = "closed"
    REFUSED = "refused"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"
    JOINED = "joined"
    """A part that was joined to its case again."""
    QUARANTINED = "quarantined"


class AssignmentState(StrEnum):
    """The state of one agency's work."""

    ASKED = "asked"
    HANDLING = "handling"
    HANDED_BACK = "handed_back"
    SUBMITTED = "submitted"
    REDO = "redo"
    APPROVED = "approved"
    RELEASED = "released"
    REMOVED = "removed"


ENDED_STATES = frozenset(
    {CaseState.CLOSED, CaseState.REFUSED, CaseState.MERGED, CaseState.WITHDRAWN, CaseState.JOINED, CaseState.QUARANTINED}
)
"""States in which nothing happens any more."""

ANSWERED_STATES = frozenset({CaseState.RATING, CaseState.ANSWERED, CaseState.REVIEW, CaseState.CLOSED})

OPEN_STATES = frozenset(CaseState) - ENDED_STATES - ANSWERED_STATES
"""States in which the centre still owes an answer."""

UNCLASSIFIED = frozenset({CaseState.TO_VERIFY, CaseState.TO_CLASSIFY})
"""States before an answer day is promised."""

AT_AGENCIES = frozenset({CaseState.AT_AGENCY, CaseState.HANDLING, CaseState.REDO, CaseState.APPROVAL})
"""States that follow from the agencies' work."""


class Pause(StrEnum):
    """Reasons for pausing the clocks of a case (rules.md, section 4, "Pauses")."""

    QUESTION = "question"
    HOLD = "hold"
    REFERRAL = "referral"


class Standstill(StrEnum):
    """Why a case is standing still: one of the pauses, or refused or merged and perhaps to be resumed."""

    QUESTION = "question"
    HOLD = "hold"
    REFERRAL = "referral"
    REFUSED = "refused"
    MERGED = "merged"


STILL_STATES = {CaseState.REFUSED: Standstill.REFUSED, CaseState.MERGED: Standstill.MERGED}


def standstill_of(state: str, paused_for: str | None) -> Standstill | None:
    """Why a case is paused; None otherwise."""
    return Standstill(paused_for) if paused_for is not None else STILL_STATES.get(CaseState(state))


class AssignmentEnd(StrEnum):
    APPROVED = "approved"
    HANDED_BACK = "handed_back"
    REMOVED = "removed"
    MISSING = "missing"
    MERGED = "merged"
    CLOSED = "closed"
    QUARANTINED = "quarantined"
    REORGANISED = "reorganised"
    """Two agencies of the case became one; the other assignment continues."""


class Progress(NamedTuple):
    """A step of the public bar: its number (0 to 4, 'x' for refused) and its words."""

    step: str
    label: Bilingual


RECEIVED = Progress("0", Bilingual("Chờ tiếp nhận", "Received"))
ACCEPTED = Progress("1", Bilingual("Đã tiếp nhận", "Accepted"))
IN_PROGRESS = Progress("2", Bilingual("Đang xử lý", "In progress"))
ANSWERED = Progress("4", Bilingual("Đã xử lý", "Answered"))
NOT_ACCEPTED = Progress("x", Bilingual("Đã từ chối", "Not accepted"))

PUBLIC_PROGRESS: dict[CaseState, Progress] = {
    CaseState.TO_VERIFY: RECEIVED,
    CaseState.WAITING_REPORTER: ACCEPTED,
    CaseState.TO_CLASSIFY: ACCEPTED,
    CaseState.TO_DISTRIBUTE: ACCEPTED,
    CaseState.AT_AGENCY: ACCEPTED,
    CaseState.HANDLING: IN_PROGRESS,
    CaseState.REDO: IN_PROGRESS,
    CaseState.APPROVAL: IN_PROGRESS,
    CaseState.TO_PUBLISH: IN_PROGRESS,
    CaseState.REFERRED: IN_PROGRESS,
    CaseState.RATING: ANSWERED,
    CaseState.ANSWERED: ANSWERED,
    CaseState.REVIEW: ANSWERED,
    CaseState.CLOSED: ANSWERED,
    CaseState.REFUSED: NOT_ACCEPTED,
    CaseState.MERGED: Progress("x", Bilingual("Đã gộp", "Merged")),
    CaseState.WITHDRAWN: Progress("x", Bilingual("Đã rút", "Withdrawn")),
    CaseState.JOINED: Progress("x", Bilingual("Đã nhập lại", "Joined again")),
    CaseState.QUARANTINED: ACCEPTED,
}

OWNER_LABELS: dict[CaseState, Bilingual] = {
    CaseState.TO_VERIFY: Bilingual("Chờ tiếp nhận", "Received"),
    CaseState.WAITING_REPORTER: Bilingual("Cần bổ sung thông tin", "More information needed"),
    CaseState.REFERRED: Bilingual("Đã chuyển cơ quan khác", "Referred to another body"),
    CaseState.RATING: Bilingual("Mời đánh giá", "Please rate"),
    CaseState.ANSWERED: Bilingual("Đã xử lý", "Answered"),
    CaseState.REVIEW: Bilingual("Đã xử lý", "Answered"),
    CaseState.CLOSED: Bilingual("Đã kết thúc", "Closed"),
    CaseState.REFUSED: Bilingual("Không tiếp nhận", "Not accepted"),
}
"""The reporter's words where they differ from the public bar."""

STAFF_LABELS: dict[CaseState, tuple[str, Bilingual]] = {
    CaseState.TO_VERIFY: ("0", Bilingual("Chờ tiếp nhận", "To verify")),
    CaseState.WAITING_REPORTER: ("p", Bilingual("Chờ người dân bổ sung", "Waiting for the reporter")),
    CaseState.TO_CLASSIFY: ("1", Bilingual("Chờ phân loại", "To classify")),
    CaseState.TO_DISTRIBUTE: ("1", Bilingual("Chờ phân phối", "To distribute")),
    CaseState.AT_AGENCY: ("1", Bilingual("Chờ đơn vị tiếp nhận", "Waiting for the agency")),
    CaseState.HANDLING: ("2", Bilingual("Đang xử lý", "In hand")),
    CaseState.REDO: ("r", Bilingual("Yêu cầu xử lý lại", "To be redone")),
    CaseState.APPROVAL: ("3", Bilingual("Chờ lãnh đạo duyệt", "Waiting for approval")),
    CaseState.TO_PUBLISH: ("3", Bilingual("Chờ công khai", "To publish")),
    CaseState.REFERRED: ("p", Bilingual("Đã chuyển, đang theo dõi", "Referred, being watched")),
    CaseState.RATING: ("4", Bilingual("Chờ đánh giá", "Waiting for a rating")),
    CaseState.ANSWERED: ("4", Bilingual("Đã trả lời, còn việc phải xong", "Answered, something still to be done")),
    CaseState.REVIEW: ("r", Bilingual("Xem lại đánh giá", "Rating under review")),
    CaseState.CLOSED: ("4", Bilingual("Đã kết thúc", "Closed")),
    CaseState.REFUSED: ("x", Bilingual("Đã từ chối", "Not accepted")),
    CaseState.MERGED: ("x", Bilingual("Đã gộp", "Merged")),
    CaseState.WITHDRAWN: ("x", Bilingual("Người dân rút", "Withdrawn")),
    CaseState.JOINED: ("x", Bilingual("Đã nhập lại vào hồ sơ chính", "Joined to its case again")),
    CaseState.QUARANTINED: ("x", Bilingual("Đã chuyển ngoài hệ thống", "Handled outside the system")),
}
"""The disc of the status tag (look, "How state is shown") and the words for staff."""

ASSIGNMENT_LABELS: dict[AssignmentState, tuple[str, Bilingual]] = {
    AssignmentState.ASKED: ("0", Bilingual("Chờ tiếp nhận", "Waiting to be accepted")),
    AssignmentState.HANDLING: ("2", Bilingual("Đang xử lý", "In hand")),
    AssignmentState.HANDED_BACK: ("r", Bilingual("Chuyển trả", "Handed back")),
    AssignmentState.SUBMITTED: ("3", Bilingual("Chờ lãnh đạo duyệt", "Waiting for approval")),
    AssignmentState.REDO: ("r", Bilingual("Yêu cầu xử lý lại", "To be redone")),
    AssignmentState.APPROVED: ("4", Bilingual("Đã duyệt", "Approved")),
    AssignmentState.RELEASED: ("x", Bilingual("Đã chuyển trả", "Released")),
    AssignmentState.REMOVED: ("x", Bilingual("Đã rút khỏi hồ sơ", "Removed from the case")),
}


def public_progress(state: CaseState | str) -> Progress:
    """The step of the five-step bar the public sees."""
    return PUBLIC_PROGRESS[CaseState(state)]


def owner_label(state: CaseState | str, reopened: int) -> Bilingual:
    """The reporter's words; a reopened case is said to be handled again."""
    state = CaseState(state)
    if reopened and state in OPEN_STATES:
        return Bilingual("Đang xử lý lại", "Being handled again")
    return OWNER_LABELS.get(state, PUBLIC_PROGRESS[state].label)
