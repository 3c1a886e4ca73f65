"""The reporter's verdict, and the review a dissatisfied one opens."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from casework.clocks import ClockKind, end_clock, running_clock, start_clock
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.folding import normal
from casework.models import Case, Publication, Rating, Report, Review
from casework.outbox import tell_desk, tell_reporters
from casework.permissions import Action, Actor, NotAllowed, Role, require
from casework.publications import newest_publication
from casework.sealing import open_text, seal_text
from casework.states import CaseState

LEVELS = ("satisfied", "acceptable", "dissatisfied")
REASON_PURPOSE = "reason of a rating"
WHOLE = "whole"
MOST_REOPENED = 2
"""Of a case; the third goes to the committee leader (rules.md, section 6)."""


class RatingRefused(CaseworkError):
    """The rating cannot be taken; the text says why."""


class ReviewRefused(CaseworkError):
    """The review cannot be decided so; the text says why."""


def rate(
    case: Case, *, by: Actor, now: datetime, report: Report, level: str, reason: str = "", agency_levels: Mapping[int, str] | None = None
) -> dict[str, object]:
    """Take a reporter's verdict on the newest final or private answer: once overall and once per agency, editable in the window.

    Records `rate`. The first dissatisfied verdict opens one review of the publication, later ones join it. The step stays open
    (outcome `waiting`) until the window ends, because verdicts may be changed in it; only `dissatisfied` moves the process on.
    Raises NotAllowed for anybody but the report's sender; RatingRefused outside the window or without a reason.
    Source: rules.md, section 6, "Rating".
    """
    _refuse_stranger(case, report, by)
    publication, window = newest_publication(case, kinds=("final", "private")), running_clock(case, ClockKind.RATING)
    # a review can go on longer than the window; where none does, the end of the window closes the case
    is_over = case.state == CaseState.REVIEW and window is not None and (window.due_at is None or now >= window.due_at)
    if publication is None or window is None or is_over:
        raise RatingRefused("Đã hết thời hạn đánh giá.", "The time for rating is over.")
    reason = normal(reason)
    levels = {WHOLE: level, **{f"agency:{agency_id}": chosen for agency_id, chosen in (agency_levels or {}).items()}}
    if any(chosen not in LEVELS for chosen in levels.values()):
        raise RatingRefused("Vui lòng chọn một mức đánh giá.", "Please choose one of the levels.")
    if level == "dissatisfied" and not reason:
        raise RatingRefused("Vui lòng cho biết vì sao Ông/Bà chưa hài lòng.", "Please say why you are not satisfied.")
    _refuse_other_agencies(publication, levels)
    whole = None
    for about, chosen in levels.items():
        row = _written(publication, report, about, chosen, reason if about == WHOLE else "", now)
        whole = row if about == WHOLE else whole
    db.session.flush()
    record(case, "rate", by=by, at=now, report=report.code, level=level, agencies=len(levels) - 1)
    if level == "dissatisfied" and whole is not None:
        return {"outcome": "dissatisfied", "opened": _open_review(case, publication, whole, now)}
    return {"outcome": "waiting"}


def end_rating(case: Case, *, by: Actor, now: datetime) -> None:
    """Close the case because the rating window is over. Records `close`."""
    end_clock(case, ClockKind.RATING, at=now)
    case.state, case.closed_at = CaseState.CLOSED, now
    record(case, "close", by=by, at=now)


def review_rating(case: Case, *, by: Actor, now: datetime, outcome: str, words: str) -> dict[str, object]:
    """Decide on a dissatisfied rating: explain and close, or reopen. The reporter is told the words either way.

    Records `review_rating` and, when so decided, `reopen`: a new case clock under the same rule from now; the first verdict
    stays counted. Raises ReviewRefused without words or without a review, or when the case was reopened twice already
    (the third goes to the committee leader). Source: rules.md, sections 4 and 6.
    """
    require(by, Action.REVIEW_RATING, case)
    words = normal(words)
    if outcome not in ("explained", "reopened") or not words:
        raise ReviewRefused("Vui lòng chọn kết quả xem lại và viết lời giải thích.", "Please choose the result and write the explanation.")
    publication = newest_publication(case, kinds=("final", "private"))
    review = (
        publication and db.session.scalars(select(Review).where(Review.publication_id == publication.id, Review.outcome.is_(None))).first()
    )
    if not review:
        raise ReviewRefused("Không có đánh giá nào cần xem lại.", "No rating is waiting for a review.")
    if outcome == "reopened" and case.reopened >= MOST_REOPENED:
        raise ReviewRefused(
            "Hồ sơ đã mở lại 2 lần; lần này do lãnh đạo UBND quyết định.", "The case was reopened twice; the committee leader decides now."
        )
    review.outcome, review.words, review.decided_by_id, review.decided_at = outcome, words, by.account_id, now
    record(case, "review_rating", by=by, at=now, outcome=outcome)
    end_clock(case, ClockKind.RATING, at=now)
    if outcome == "explained":
        case.state = CaseState.ANSWERED
        tell_reporters(case, "rating_explained", at=now)
        return {"outcome": "explained"}
    case.reopened += 1
    case.state, case.answered_at = CaseState.TO_DISTRIBUTE, None
    record(case, "reopen", by=by, at=now, times=case.reopened)
    clock = start_clock(case, ClockKind.CASE, at=now)
    tell_reporters(case, "report_reopened", at=now, due_at=clock.first_due_at.isoformat())
    return {"outcome": "reopened"}


def ratings_of(publication: Publication) -> list[Rating]:
    """Every verdict on a publication, oldest first."""
    return list(db.session.scalars(select(Rating).where(Rating.publication_id == publication.id).order_by(Rating.id)))


def rating_reason(rating: Rating) -> str | None:
    """The reporter's words with a verdict: for the operator, the ops lead and their writer."""
    return open_text(rating.sealed_reason, purpose=REASON_PURPOSE) if rating.sealed_reason else None


def _refuse_stranger(case: Case, report: Report, by: Actor) -> None:
    reporter = report.reporter
    own_by_account = reporter is not None and reporter.account_id is not None and reporter.account_id == by.own_id
    own = own_by_account or report.id in by.tracked_report_ids
    if not own or reporter is None or all(link.report_id != report.id or link.left_at is not None for link in case.reports):
        raise NotAllowed


def _refuse_other_agencies(publication: Publication, levels: Mapping[str, str]) -> None:
    answered = {f"agency:{row.answer.assignment.agency_id}" for row in publication.current.answers}
    if set(levels) - {WHOLE} - answered:
        raise RatingRefused("Đơn vị này không có trả lời trong bản công khai.", "This agency has no answer in the publication.")


def _written(publication: Publication, report: Report, about: str, level: str, reason: str, now: datetime) -> Rating:
    query = select(Rating).where(Rating.publication_id == publication.id, Rating.reporter_id == report.reporter_id, Rating.about == about)
    row = db.session.scalars(query).first()
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
    tell_desk(Role.OPS_LEAD, "rating_to_review", case=case, at=now)
    return True

