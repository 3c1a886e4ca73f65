"""How far a report has come, for its sender: what happened, step by step, and what is still to come (rules.md, section 7).

Every step is a fact with its day. What is unforeseen (a question, another body, a second look) is added at the right, so that the bar only
grows: nothing that has happened is ever taken off it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from casework.bilingual import Bilingual
from casework.models import Case, CaseReport, Report
from casework.reporters import conversation
from casework.reporters.conversation import ConversationTurn, ReferralTold
from casework.reporters.reviews import ReviewRow
from casework.states import ENDED_STATES, CaseState

SENT = Bilingual("Đã gửi", "Sent")
TAKEN_ON = Bilingual("Tiếp nhận", "Accepted")
WORK = Bilingual("Xử lý", "Work")
ANSWER = Bilingual("Trả lời", "Answer")
ADDITION = Bilingual("Bổ sung", "Question")
GOING_ON = Bilingual("Xử lý tiếp", "Work goes on")
ELSEWHERE = Bilingual("Chuyển cơ quan khác", "Referred")
SECOND_LOOK = Bilingual("Xem lại", "Second look")
WORK_AGAIN = Bilingual("Xử lý lại", "Work again")
ANSWER_AGAIN = Bilingual("Trả lời lại", "Second answer")
NOT_TAKEN = Bilingual("Không tiếp nhận", "Not accepted")
WITHDRAWN = Bilingual("Đã rút", "Withdrawn")
END = Bilingual("Kết thúc", "Closed")

STRAIGHT = (SENT, TAKEN_ON, WORK, ANSWER)
"""What every report goes through if nothing comes between."""
OF_TURNS = {
    conversation.ASKED: ADDITION, conversation.OBJECTED: SECOND_LOOK, conversation.OTHER_OBJECTED: SECOND_LOOK,
    conversation.REFUSED: NOT_TAKEN,
}  # fmt: skip
"""The steps that turns of the conversation are."""


@dataclass(frozen=True, slots=True)
class CourseStep:
    """One step of the bar: "done", "now" for the last thing that happened, or "ahead", which has no day yet."""

    words: Bilingual
    at: datetime | None
    standing: str = "done"


@dataclass(frozen=True, slots=True)
class Found:
    """What the page has read already of a report in its case."""

    turns: Sequence[ConversationTurn] = ()
    referral: ReferralTold | None = None
    answered_at: datetime | None = None
    """Of the newest answer that is not an interim one."""
    refused_at: datetime | None = None
    reviews: Sequence[ReviewRow] = ()


def course_of(report: Report, link: CaseReport, state: CaseState, found: Found) -> tuple[CourseStep, ...]:
    """The steps of a report, the present one marked. Of a case it has left it reads nothing of later."""
    until = link.left_at
    facts = [(words, max(at, report.filed_at)) for words, at in _facts(link, state, found) if until is None or at <= until]
    steps = [CourseStep(SENT, report.filed_at), *_once(sorted(facts, key=lambda fact: fact[1]))]
    steps[-1] = replace(steps[-1], standing="now")
    return (*steps, *_ahead(steps, state))


def _facts(link: CaseReport, state: CaseState, found: Found) -> Iterator[tuple[Bilingual, datetime]]:
    case = link.case
    if case.accepted_at is not None:
        yield TAKEN_ON, case.accepted_at
    begun = _work_began(case)
    if begun is not None:
        yield WORK, begun
    yield from _of_turns(found.turns, begun)
    if found.referral is not None:
        yield ELSEWHERE, found.referral.referred_at
        if found.referral.came_back and found.referral.ended_at is not None:
            yield GOING_ON, found.referral.ended_at
    yield from _of_answers(found)
    if state == CaseState.REFUSED and found.refused_at is not None:
        yield NOT_TAKEN, found.refused_at
    ended_at = link.left_at or case.closed_at
    if state in (CaseState.WITHDRAWN, CaseState.CLOSED) and ended_at is not None:
        yield (WITHDRAWN if state == CaseState.WITHDRAWN else END), ended_at


def _work_began(case: Case) -> datetime | None:
    return min((row.accepted_at for row in case.assignments if row.accepted_at is not None), default=None)


def _of_turns(turns: Iterable[ConversationTurn], begun: datetime | None) -> Iterator[tuple[Bilingual, datetime]]:
    for turn in turns:
        if turn.heading in OF_TURNS:
            yield OF_TURNS[turn.heading], turn.at
        elif turn.heading == conversation.ANSWERED and begun is not None and begun <= turn.at:
            yield GOING_ON, turn.at


def _of_answers(found: Found) -> Iterator[tuple[Bilingual, datetime]]:
    newest = () if found.answered_at is None else (found.answered_at,)
    for number, at in enumerate(sorted({*newest, *(review.answered_at for review in found.reviews)})):
        yield (ANSWER_AGAIN if number else ANSWER), at
    for review in found.reviews:
        yield SECOND_LOOK, review.opened_at
        if review.is_reopened and review.decided_at is not None:
            yield WORK_AGAIN, review.decided_at


def _once(facts: Iterable[tuple[Bilingual, datetime]]) -> Iterator[CourseStep]:
    """The facts in their order; one that only repeats the step before it is not a step of its own."""
    last = SENT
    for words, at in facts:
        if words != last:
            yield CourseStep(words, at)
        last = words


def _ahead(steps: Sequence[CourseStep], state: CaseState) -> Iterator[CourseStep]:
    done = {step.words for step in steps}
    if state in ENDED_STATES or state == CaseState.REVIEW:
        return
    furthest = max(STRAIGHT.index(words) for words in STRAIGHT if words in done)
    for words in STRAIGHT[furthest + 1 :]:
        yield CourseStep(words, None, "ahead")
    is_again = [step.words for step in steps if step.words in (WORK_AGAIN, ANSWER_AGAIN)]
    if is_again and is_again[-1] == WORK_AGAIN:
        yield CourseStep(ANSWER_AGAIN, None, "ahead")
