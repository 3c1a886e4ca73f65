"""The reporter's verdict, and the review a dissatisfied one opens."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Select, and_, bindparam, func, select
from sqlalchemy.orm import joinedload

from casework.calendars import calendar_of
from casework.clocks.acts import ClockKind, end_clock, hold_clocks, move_due, running_clock, schedule_reminder, start_clock
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Case, Clock, ClockRule, Publication, PublicationAnswer, PublicationVersion, Rating, Report, Review
from casework.outbox import tell_followers, tell_inbox, tell_reporters
from casework.permissions import Action, Actor, NotAllowed, Role, require
from casework.permissions.sight import require_sender
from casework.publications import RATED_KINDS, WHOLE, rated_publication
from casework.publishing import sentences
from casework.sealing.seal import open_text, seal_text
from casework.second_person import JudgingSeat, desk_of_either, refuse_first_person
from casework.sentences import always
from casework.states import CaseState
from casework.text import normal
from casework.verbs import DECISION, MESSAGE, Input, Verb
from casework.working_time import TimeLimit, Unit, due_at

LEVELS = ("satisfied", "acceptable", "dissatisfied")
REASON_PURPOSE = "reason of a rating"
MOST_REOPENED = 2
"""For one case; the third review goes to the committee leader (rules.md, section 6)."""


class RatingRefused(CaseworkError):
    """The rating cannot be taken; the text says why."""


class ReviewRefused(CaseworkError):
    """The review cannot be decided like this; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateInput(Input):
    report: Report
    level: str
    reason: str = ""
    agency_levels: Mapping[int, str] | None = None


@Verb(
    "rate", Action.RATE, kinds=MESSAGE, is_personal=True, is_from_outside=True, staff=sentences.rated,
    public=always("Người gửi đánh giá kết quả", "Its sender rated the result"),
    sender=always("Ông/Bà đánh giá kết quả", "You rated the result"),
)  # fmt: skip
def rate(case: Case, given: RateInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Take a reporter's verdict on the newest final or private answer: once overall and once per agency, editable in the window.

    It belongs to the present version, so that after a correction earlier ones can be told apart.

    Records `rate`. The first dissatisfied verdict opens one review of the publication, later ones join it. The step stays open (outcome
    `waiting`) until the window ends, because verdicts may be changed in it; only `dissatisfied` moves the process on. Raises NotAllowed
    for anybody but the report's sender; RatingRefused outside the window or without a reason. Source: rules.md, section 6, "Rating".
    """
    require_sender(by, given.report, case)
    read = db.session.execute(_rated(), {"case": case.id, "reporter": given.report.reporter_id}).unique().all()
    if read:
        hold_clocks(case, (row.Clock for row in read if row.Clock is not None))
    publication, window = read[0].Publication if read else None, running_clock(case, ClockKind.RATING)
    # a review may last longer than the window; without one the end of the window closes the case
    is_over = case.state == CaseState.REVIEW and window is not None and (window.due_at is None or now >= window.due_at)
    if publication is None or window is None or is_over:
        raise RatingRefused("Đã hết thời hạn đánh giá.", "The time for rating is over.")
    reason = normal(given.reason)
    levels = {WHOLE: given.level, **{f"agency:{agency_id}": chosen for agency_id, chosen in (given.agency_levels or {}).items()}}
    if any(chosen not in LEVELS for chosen in levels.values()):
        raise RatingRefused("Vui lòng chọn một mức đánh giá.", "Please choose one of the levels.", about="level")
    if given.level == "dissatisfied" and not reason:
        raise RatingRefused("Vui lòng cho biết vì sao Ông/Bà chưa hài lòng.", "Please say why you are not satisfied.", about="reason")
    _refuse_other_agencies(publication, levels)
    earlier = {row.Rating.about: row.Rating for row in read if row.Rating is not None}
    written = {
        about: _written(publication, given.report, about, earlier.get(about), chosen, reason if about == WHOLE else "", now)
        for about, chosen in levels.items()
    }
    db.session.flush()
    record(case, "rate", by=by, at=now, report=given.report.code, level=given.level, agencies=len(levels) - 1)
    if given.level == "dissatisfied":
        return {"outcome": "dissatisfied", "opened": _open_review(case, publication, written[WHOLE], now)}
    return {"outcome": "waiting"}


def end_rating_window(case: Case, *, now: datetime) -> dict[str, object]:
    """Accept no more verdicts because the window is over; the case may still wait for its call to the hotline before it closes.

    Records nothing: what closes the case does.
    """
    end_clock(case, ClockKind.RATING, at=now)
    case.state = CaseState.ANSWERED
    return {}


@Verb(
    "close", None, kinds=DECISION,
    staff=always("Kết thúc hồ sơ", "Closed the case", is_main=True),
    sender=always("Kết thúc", "Closed", is_main=True),
)  # fmt: skip
def end_rating(case: Case, *, by: Actor, now: datetime) -> None:
    """Close the case because the rating window is over. Records `close`."""
    end_clock(case, ClockKind.RATING, at=now)
    case.state, case.closed_at = CaseState.CLOSED, now
    record(case, "close", by=by, at=now)


def invite_to_rate(case: Case, report: Report, *, at: datetime) -> bool:
    """Give a reporter who joins an answered case by a merge the whole window from now; nobody's time to rate gets shorter.

    Returns whether there is a window: none for unreachable reporters, nor in a case that is closed or never rated. Source: rules.md,
    sections 4 and 6, "rating" and "Merge".
    """
    if report.reporter is None or not report.reporter.can_be_told or case.state not in (CaseState.RATING, CaseState.REVIEW):
        return False
    publication, window = rated_publication(case), running_clock(case, ClockKind.RATING)
    if publication is None:
        return False
    if window is None:
        start_clock(case, ClockKind.RATING, at=at, publication=publication)
        return True
    due = due_at(TimeLimit(window.amount, Unit(window.unit)), at, calendar_of(case.centre_id))
    if due is not None and window.due_at is not None and due > window.due_at:
        move_due(window, due, case=case)
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRatingInput(Input):
    outcome: str
    words: str


@Verb(
    "reopen", Action.REOPEN, kinds=DECISION,
    staff=always("Mở lại hồ sơ", "Reopened the case", is_main=True),
    public=always("Trung tâm mở lại để xử lý tiếp", "The centre reopened it", is_main=True),
)  # fmt: skip
@Verb("review_rating", Action.REVIEW_RATING, kinds=DECISION, staff=sentences.rating_reviewed, sender=sentences.explained)
def review_rating(case: Case, given: ReviewRatingInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Decide on a dissatisfied rating: explain and close, or reopen. The reporter is told the words either way.

    The operations lead decides, and the third time the committee leader, who can only explain. Records `review_rating` and, when
    so decided, `reopen`: a new case clock under the same rule from now; the first verdict stays counted. Raises NotAllowed at
    another desk than review_desk, SecondPersonNeeded for who wrote, approved or published what was rated; ReviewRefused without words
    or without a review, or when the case was reopened twice already.
    Source: rules.md, sections 4 and 6.
    """
    require(by, Action.REVIEW_RATING, case)
    if by.grant_at(review_desk(case, now)) is None and not by.holds([_reviewer(case)], centre_id=case.centre_id):
        raise NotAllowed
    words = normal(given.words)
    if given.outcome not in ("explained", "reopened") or not words:
        raise ReviewRefused("Vui lòng chọn kết quả xem lại và viết lời giải thích.", "Please choose the result and write the explanation.")
    review = open_review(case)
    if review is None:
        raise ReviewRefused("Không có đánh giá nào cần xem lại.", "No rating is waiting for a review.")
    if given.outcome == "reopened" and case.reopened >= MOST_REOPENED:
        raise ReviewRefused(
            "Hồ sơ đã mở lại 2 lần nên không mở lại nữa. Xin giải thích với người gửi.",
            "The case was reopened twice and is not reopened again. Please explain to its sender.",
            about="outcome",
        )
    refuse_first_person(Action.REVIEW_RATING, case, by=by, now=now)
    review.outcome, review.words, review.decided_by_id, review.decided_at = given.outcome, words, by.account_id, now
    record(case, "review_rating", by=by, at=now, outcome=given.outcome)
    end_clock(case, ClockKind.RATING, at=now)
    if given.outcome == "explained":
        case.state = CaseState.ANSWERED
        tell_reporters(case, "rating_explained", at=now)
        return {"outcome": "explained"}
    case.reopened += 1
    case.state, case.answered_at = CaseState.TO_DISTRIBUTE, None
    record(case, "reopen", by=by, at=now, times=case.reopened)
    clock = _clock_of_next_round(case, now)
    tell_reporters(case, "report_reopened", at=now, due_at=clock.first_due_at.isoformat())
    tell_followers(case, "followed_reopened", at=now, due_at=clock.first_due_at.isoformat())
    return {"outcome": "reopened"}


def review_desk(case: Case, now: datetime) -> str:
    """The inbox a review waits in: the operations lead's; once the case was reopened twice the committee leader's.

    Where everybody who holds that seat is tied to what is judged, the other one of the two.
    """
    [other] = {Role.OPS_LEAD, Role.COMMITTEE_LEADER} - {_reviewer(case)}
    seats = JudgingSeat(_reviewer(case), case.centre_id), JudgingSeat(other, case.centre_id)
    return desk_of_either(Action.REVIEW_RATING, *seats, case, now=now)


def open_review(case: Case) -> Review | None:
    """The undecided review of a case."""
    query = select(Review).join(Publication, Review.publication_id == Publication.id).where(Publication.case_id == case.id)
    return db.session.scalars(query.where(Review.outcome.is_(None)).order_by(Review.id.desc())).first()


def ratings_of(publication: Publication) -> list[Rating]:
    return list(db.session.scalars(select(Rating).where(Rating.publication_id == publication.id).order_by(Rating.id)))


def rating_reason(rating: Rating) -> str | None:
    """The reporter's reason, for the operator, the ops lead and its writer."""
    return open_text(rating.sealed_reason, purpose=REASON_PURPOSE) if rating.sealed_reason else None


def _refuse_other_agencies(publication: Publication, levels: Mapping[str, str]) -> None:
    answered = {f"agency:{row.answer.assignment.agency_id}" for row in publication.current.answers}
    if set(levels) - {WHOLE} - answered:
        raise RatingRefused("Đơn vị này không có trả lời trong bản công khai.", "This agency has no answer in the publication.")


@cache
def _rated() -> Select[Publication, Clock | None, Rating | None]:
    """The rated answer of `case` (casework.publications.rated_publication) with the running limits and what `reporter` has rated; built
    at the first call, because it configures the mappers."""
    which = Publication.case_id == bindparam("case"), Publication.kind.in_(RATED_KINDS)
    newest = select(func.max(Publication.number)).where(*which).scalar_subquery()
    running = and_(Clock.case_id == Publication.case_id, Clock.ended_at.is_(None))
    own = and_(Rating.publication_id == Publication.id, Rating.reporter_id == bindparam("reporter"))
    query = select(Publication, Clock, Rating).outerjoin(Clock, running).outerjoin(Rating, own).where(*which, Publication.number == newest)
    answers = joinedload(Publication.versions).joinedload(PublicationVersion.answers).joinedload(PublicationAnswer.answer)
    return query.options(answers).order_by(Clock.id)


def _written(
    publication: Publication, report: Report, about: str, row: Rating | None, level: str, reason: str, now: datetime
) -> Rating:
    if row is None:
        agency_id = int(about.partition(":")[2]) if about != WHOLE else None
        row = Rating(publication_id=publication.id, reporter_id=report.reporter_id, agency_id=agency_id, about=about, rated_at=now)
        db.session.add(row)
    else:
        row.changed_at = now
    row.level, row.version_id = level, publication.current.id
    row.sealed_reason = seal_text(reason, purpose=REASON_PURPOSE) if reason else None
    return row


def _open_review(case: Case, publication: Publication, rating: Rating, now: datetime) -> bool:
    if db.session.scalars(select(Review).where(Review.publication_id == publication.id)).first():
        return False
    db.session.add(Review(publication_id=publication.id, rating_id=rating.id, opened_at=now))
    case.state = CaseState.REVIEW
    db.session.flush()
    tell_inbox(review_desk(case, now), "rating_to_review", case=case, at=now)
    return True


def _reviewer(case: Case) -> Role:
    return Role.COMMITTEE_LEADER if case.reopened >= MOST_REOPENED else Role.OPS_LEAD


def _clock_of_next_round(case: Case, now: datetime) -> Clock:
    """Start the case's limit anew under the rule row of its last one, even if another rule has come into force; not if it became urgent."""
    last = db.session.scalars(select(Clock).where(Clock.case_id == case.id, Clock.kind == ClockKind.CASE).order_by(Clock.id.desc())).first()
    rule = db.session.get(ClockRule, last.rule_id) if last is not None and last.rule_id is not None else None
    if last is None or rule is None or rule.urgency not in (None, case.urgency):
        return start_clock(case, ClockKind.CASE, at=now)
    due = due_at(TimeLimit(last.amount, Unit(last.unit)), now, calendar_of(case.centre_id))
    clock = start_clock(case, ClockKind.CASE, at=now, due=due)
    clock.rule_id, clock.amount, clock.unit = last.rule_id, last.amount, last.unit
    schedule_reminder(clock, case)
    return clock
