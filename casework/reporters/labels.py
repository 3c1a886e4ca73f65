"""The state of a report in its sender's words, and the sentence about what comes next (rules.md, section 7)."""

from dataclasses import dataclass

from casework.bilingual import Bilingual
from casework.models import Case, CaseReport, Question
from casework.public.progress import progress_of
from casework.reporters.next_steps import NEXT
from casework.states import ENDED_STATES, OPEN_STATES, CaseState, Pause, Progress, owner_label, public_progress

WITHDRAWN = Bilingual("Đã rút", "Withdrawn")
JOINED_NEXT = Bilingual(
    "Phản ánh được xử lý chung với phản ánh khác cùng việc; Ông/Bà vẫn được báo kết quả và được đánh giá.",
    "The report is handled together with another on the same matter; you are still told the result and may rate it.",
)
OTHERS_ASKED = Bilingual(
    "Trung tâm đang chờ một người gửi khác cho biết thêm; trong lúc chờ, thời hạn tạm dừng.",
    "The centre waits to hear more from another sender; the time limit rests meanwhile.",
)
HELD_NEXT = Bilingual(
    "Trung tâm tạm dừng xử lý; thời hạn nghỉ theo và sẽ tính tiếp khi xử lý lại.",
    "The centre has put the work on hold; the time limit rests and goes on with it.",
)
READING = Bilingual("Trung tâm đang đọc bổ sung", "The centre is reading what was added")
LOOKING = Bilingual("Trung tâm đang xem xét phản ánh", "The centre is looking at the report")
"""For a report that is not accepted yet after a question to its sender: the bar stays as it was."""
REVIEWING = Bilingual("Đang xem lại", "Being looked at again")
CLOSED_OTHERWISE = Bilingual("Phản ánh đã kết thúc, lý do ở dưới.", "The report is closed, for the reason below.")


@dataclass(frozen=True)
class Standing:
    """The heading of a report for its sender: its state, the step of the bar, and what comes next.

    `limit_counts` is false where nothing was or will be answered, and while an answer is looked at again: there being in time means
    nothing to the sender.
    """

    state: CaseState
    label: Bilingual
    progress: Progress
    next_step: Bilingual
    merged_into: str | None = None
    limit_counts: bool = False


def standing_of(
    case: Case, link: CaseReport, code: str, *, is_asked: bool, ended: Question | None = None, with_reason: bool = True
) -> Standing:
    """The standing of the report coded `code` in its case by `link`, or its former case if it was withdrawn.

    `is_asked` says that the open question is to this report's sender: other senders of a merged case only wait. `ended` is the newest
    finished question of the case. `with_reason` adds to the label why a case is paused; a list has no room for it.
    """
    if case.quarantined_at is not None:
        state = CaseState.QUARANTINED
        return Standing(state, owner_label(state, 0), public_progress(state), NEXT[state])
    state = CaseState(case.state)
    if link.left_at is not None or state == CaseState.WITHDRAWN:
        state = CaseState.WITHDRAWN
        return Standing(state, WITHDRAWN, public_progress(state), NEXT[state])
    merged_into = case.code if case.code != code else None
    label = _label(case, merged_into, is_asked, with_reason)
    if state == CaseState.TO_VERIFY and ended is not None:
        label = READING if ended.answered_at is not None else LOOKING
    return Standing(
        state, label, _progress(case, was_asked=ended is not None), _next(case, merged_into, is_asked), merged_into,
        limit_counts=state not in ENDED_STATES | {CaseState.REVIEW} or (state == CaseState.CLOSED and not _is_closed_otherwise(case)),
    )  # fmt: skip


def _progress(case: Case, *, was_asked: bool) -> Progress:
    """The step as the disc of the status shows it; what is looked at again is not drawn as done."""
    shown = progress_of(case, was_asked=was_asked)
    return shown._replace(step="r") if case.state == CaseState.REVIEW else shown


def _label(case: Case, merged_into: str | None, is_asked: bool, with_reason: bool) -> Bilingual:
    state = CaseState(case.state)
    if state == CaseState.REVIEW:
        return REVIEWING
    if state == CaseState.WAITING_REPORTER and not is_asked:
        state = CaseState(case.state_before or CaseState.TO_CLASSIFY)
    if state in (CaseState.WAITING_REPORTER, CaseState.REFERRED):
        # what the sender has to do, or who works on it now, says more than that the case was reopened once
        return owner_label(state, 0)
    if merged_into is not None and state in OPEN_STATES:
        label = Bilingual(f"Đã gộp với {merged_into}", f"Merged with {merged_into}")
    else:
        label = owner_label(state, case.reopened)
    if case.paused_for != Pause.HOLD:
        return label
    if not with_reason or not case.held_reason:
        return Bilingual(f"{label.vi} (tạm dừng)", f"{label.en} (paused)")
    reason = case.held_reason.rstrip(" .")
    return Bilingual(f"{label.vi} (tạm dừng: {reason})", f"{label.en} (paused: {reason})")


def _next(case: Case, merged_into: str | None, is_asked: bool) -> Bilingual:
    state = CaseState(case.state)
    if state == CaseState.WAITING_REPORTER:
        return NEXT[state] if is_asked else OTHERS_ASKED
    if case.paused_for == Pause.HOLD:
        return HELD_NEXT
    if _is_closed_otherwise(case):
        return CLOSED_OTHERWISE
    if merged_into is not None and state in OPEN_STATES - {CaseState.REFERRED}:
        return JOINED_NEXT
    return NEXT[state]


def _is_closed_otherwise(case: Case) -> bool:
    """Whether it ended without an answer: the question was not answered, or another body settled the matter."""
    return case.state == CaseState.CLOSED and case.answered_at is None and not case.reopened


def is_going_on(standing: Standing) -> bool:
    """Whether anything can still happen to the report, so that its sender may write more."""
    return standing.state not in ENDED_STATES
