"""How far a report has come, for its sender: what happened, step by step, and what is still to come (rules.md, section 7).

Every step is a fact with its day. What is unforeseen (a question, another body, a second look) is added at the right, so that the bar only
grows: nothing that has happened is ever taken off it, neither by a hand-back nor by a merge, a split or a withdrawal. For that it reads
every case the report has been in, for the time it was there; what another case had done before the report came counts from then on.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from casework.bilingual import Bilingual
from casework.merging.traces import Before
from casework.models import CaseReport, Report
from casework.reporters import conversation
from casework.reporters.conversation import ConversationTurn, ReferralTold
from casework.reporters.reviews import AnswerRow
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
    conversation.REFUSED: NOT_TAKEN, conversation.DISMISSED: NOT_TAKEN,
}  # fmt: skip
"""The steps that turns of the conversation are."""

Fact = tuple[Bilingual, datetime]


@dataclass(frozen=True, slots=True)
class CourseStep:
    """One step of the bar: "done", "now" for the last thing that happened, or "ahead", which has no day yet."""

    words: Bilingual
    at: datetime | None
    standing: str = "done"


@dataclass(frozen=True, slots=True)
class Found:
    """What the page has read already of a report in its cases, oldest first."""

    turns: Sequence[ConversationTurn] = ()
    referrals: Sequence[ReferralTold] = ()
    answers: Sequence[AnswerRow] = ()
    refused_at: datetime | None = None
    """When the refusal in force was written."""


def course_of(report: Report, links: Sequence[CaseReport], state: CaseState, found: Found) -> tuple[CourseStep, ...]:
    """The steps of a report with its links, the present or last one at the end; the newest fact is marked."""
    facts = [*_of_report(links, state, found), *(fact for link in links for fact in _of_link(link, found, is_last=link is links[-1]))]
    facts = [(words, max(at, report.filed_at)) for words, at in facts]
    steps = [CourseStep(SENT, report.filed_at), *_once(sorted(facts, key=lambda fact: fact[1]))]
    steps[-1] = replace(steps[-1], standing="now")
    return (*steps, *_ahead(steps, state))


def _of_report(links: Sequence[CaseReport], state: CaseState, found: Found) -> Iterator[Fact]:
    """What happened to the report itself, whichever case it was in."""
    begun = _work_began(links)
    if begun is not None:
        yield WORK, begun
    for turn in found.turns:
        if turn.heading in OF_TURNS:
            yield OF_TURNS[turn.heading], turn.at
        elif turn.heading == conversation.ANSWERED and begun is not None and begun <= turn.at:
            yield GOING_ON, turn.at
    if state == CaseState.REFUSED and found.refused_at is not None:
        yield NOT_TAKEN, found.refused_at
    ended_at = links[-1].left_at or links[-1].case.closed_at
    if state in (CaseState.WITHDRAWN, CaseState.CLOSED) and ended_at is not None:
        yield (WITHDRAWN if state == CaseState.WITHDRAWN else END), ended_at


def _work_began(links: Sequence[CaseReport]) -> datetime | None:
    """When an agency first took it on. Work that a merge brought along began before the report was in the case that has it now."""
    left = [before for link in links if (before := Before.read(link.before)) is not None]
    brought = {each.id for before in left for each in before.assignments}
    moments = [
        (row.accepted_at if row.id in brought else max(row.accepted_at, link.joined_at), link.left_at)
        for link in links for row in link.case.assignments if row.accepted_at is not None
    ]  # fmt: skip
    return min((at for at, until in moments if until is None or at <= until), default=None)


def _of_link(link: CaseReport, found: Found, *, is_last: bool) -> Iterator[Fact]:
    """What happened in one case while the report was in it. What had happened there before counts from when the report came."""
    until = link.left_at
    facts = [(words, at) for words, at in _of_case(link, found) if until is None or at <= until]
    for words, at in sorted(facts, key=lambda fact: fact[1]):
        yield words, max(at, link.joined_at)
    is_parted = until is not None and link.before is None and not is_last
    if until is not None and is_parted and any(words == ANSWER for words, _at in facts):
        yield WORK_AGAIN, until


def _of_case(link: CaseReport, found: Found) -> Iterator[Fact]:
    if link.case.accepted_at is not None:
        yield TAKEN_ON, link.case.accepted_at
    for referral in (each for each in found.referrals if each.case_id == link.case_id):
        yield ELSEWHERE, referral.referred_at
        back = referral.ended_at if referral.came_back else link.left_at if referral.ended_at is None else None
        if back is not None:
            yield GOING_ON, back
    for answer in (each for each in found.answers if each.case_id == link.case_id):
        yield ANSWER, answer.answered_at
        if answer.opened_at is not None:
            yield SECOND_LOOK, answer.opened_at
        if answer.is_reopened and answer.decided_at is not None:
            yield WORK_AGAIN, answer.decided_at


def _once(facts: Iterable[Fact]) -> Iterator[CourseStep]:
    """The facts in their order. What only repeats the step before it is no step of its own, nor is being taken on again by another case;
    an answer after the first one is another answer."""
    last, done = SENT, {SENT}
    for words, at in facts:
        named = ANSWER_AGAIN if words == ANSWER and ANSWER in done and last != ANSWER else words
        if named == last or (named in (TAKEN_ON, WORK) and named in done):
            continue
        yield CourseStep(named, at)
        last = named
        done.add(named)


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
