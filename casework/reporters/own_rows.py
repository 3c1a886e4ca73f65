"""The rows of a sender's own page, in few statements made once; built at the first call, because they configure the mappers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, String, and_, bindparam, cast, exists, func, literal, or_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload

from casework.calendars import RULES_STREAM, hold_head
from casework.clocks.acts import ClockKind
from casework.db import db
from casework.documents.kinds import TO_SENDERS
from casework.models import (
    Addition,
    Assignment,
    BlockedSender,
    Case,
    CaseReport,
    Clock,
    EventStream,
    Extension,
    Forgotten,
    Letter,
    MendedQuestion,
    OutboxMessage,
    Photo,
    Publication,
    PublicationAnswer,
    PublicationPhoto,
    PublicationVersion,
    Question,
    Rating,
    Recording,
    Referral,
    Refusal,
    Report,
    ReportText,
    Review,
    Withdrawal,
)
from casework.permissions import Actor
from casework.permissions.sight import owns_report
from casework.public.filters import is_shown
from casework.reporters.unread import unread
from casework.telling.due_reasons import LATER, SOONER
from casework.upkeep.erasure_log import REPORT


class OwnPart(StrEnum):
    """What a report or its cases may have; most have little of it."""

    PHOTOS = "photos"
    RECORDINGS = "recordings"
    QUESTIONS = "questions"
    ENDED_QUESTIONS = "ended_questions"
    ADDITIONS = "additions"
    WITHDRAWALS = "withdrawals"
    REFUSALS = "refusals"
    REFERRALS = "referrals"
    EXTENSIONS = "extensions"
    LETTERS = "letters"
    PUBLICATIONS = "publications"
    PUBLISHED_PHOTOS = "published_photos"
    RATINGS = "ratings"
    REVIEWS = "reviews"
    BLOCKS = "blocks"
    NEWS = "news"
    MENDED = "mended"


@dataclass(frozen=True, slots=True)
class OwnRow:
    """A report, its sender's words as sealed, when these and their sender were erased on request, the messages that told of another day,
    newest first, and what there is of it."""

    report: Report
    sealed_words: bytes | None
    sealed_answers: bytes | None
    erased_at: datetime | None
    told: list[OutboxMessage]
    there: frozenset[OwnPart]


@dataclass(frozen=True, slots=True)
class OwnCase:
    """The links of a report, the present or last one at the end; of that case the newest limits, whether the public sees it, and how many
    reports it answers; and what there is of the report and of all its cases."""

    links: list[CaseReport]
    acceptance: Clock | None
    limit: Clock | None
    window: Clock | None
    is_shown: bool
    answers: int
    there: frozenset[OwnPart]


def own_row(by: Actor, code: str) -> OwnRow | None:
    """The report if it is the person's own, as casework.permissions.sight.report_owned_by. The head of the rules is read along."""
    row = _row(code)
    return row if row is not None and owns_report(by, row.report) else None


def row_of(report: Report) -> OwnRow:
    """The same for a report that has been found; callers make sure that it is the person's own."""
    row = _row(report.code)
    if row is None:
        raise LookupError(report.code)
    return row


def own_case(of: OwnRow) -> OwnCase:
    rows = db.session.execute(_links(), {"report": of.report.id}).unique().all()
    links, last = list(dict.fromkeys(row.CaseReport for row in rows)), rows[-1]
    there = of.there.union(part for part in _of_cases() for row in rows if row._mapping[part])
    return OwnCase(links, last.acceptance, last.of_case, last.window, bool(last.is_shown), last.answers, there)


def publication_told(case: Case) -> Publication | None:
    """The newest answer of a case, even if taken back since its senders have read it, with its versions and their answers."""
    return db.session.scalars(_publication(), {"case": case.id}).unique().first()


def _row(code: str) -> OwnRow | None:
    rows = db.session.execute(_own(), {"code": code}).all()
    if not rows:
        return None
    row, told = rows[0], [each.OutboxMessage for each in rows if each.OutboxMessage is not None]
    hold_head(row.rules_head)
    there = frozenset(part for part in _of_report() if row._mapping[part])
    return OwnRow(row.Report, row.sealed_words, row.sealed_answers, row.erased_at, told, there)


@cache
def _own() -> Any:
    """The report `code` with its sender and area, and the messages that told of another day, a row each."""
    head = select(EventStream.hash).where(EventStream.stream == RULES_STREAM).scalar_subquery()
    words = select(ReportText.sealed_body).where(ReportText.report_id == Report.id, ReportText.kind == "original")
    words = words.order_by(ReportText.id).limit(1).correlate(Report)
    answers = words.with_only_columns(ReportText.sealed_answers).scalar_subquery().label("sealed_answers")
    erased = select(Forgotten.at).where(Forgotten.kind == REPORT, Forgotten.subject == Report.ref).correlate(Report)
    query = select(Report, OutboxMessage, head.label("rules_head"), words.scalar_subquery().label("sealed_words"), answers)
    query = query.add_columns(erased.scalar_subquery().label("erased_at"))
    query = query.add_columns(*(condition.label(part) for part, condition in _of_report().items()))
    query = query.outerjoin(OutboxMessage, and_(_to_sender(OutboxMessage), OutboxMessage.template.in_((LATER, SOONER))))
    query = query.where(Report.code == bindparam("code")).order_by(OutboxMessage.id.desc())
    return query.options(joinedload(Report.reporter), joinedload(Report.area))


def _to_sender(message: type[OutboxMessage]) -> ColumnElement[bool]:
    return message.recipient == literal("reporter:").concat(cast(Report.reporter_id, String))


@cache
def _of_report() -> dict[OwnPart, ColumnElement[bool]]:
    news = aliased(OutboxMessage)
    return {
        OwnPart.PHOTOS: exists().where(Photo.report_id == Report.id),
        OwnPart.RECORDINGS: exists().where(Recording.report_id == Report.id),
        OwnPart.QUESTIONS: exists().where(Question.report_id == Report.id),
        OwnPart.ADDITIONS: exists().where(Addition.report_id == Report.id),
        OwnPart.WITHDRAWALS: exists().where(Withdrawal.report_id == Report.id),
        OwnPart.RATINGS: exists().where(Rating.reporter_id == Report.reporter_id),
        OwnPart.BLOCKS: exists().where(BlockedSender.report_id == Report.id),
        OwnPart.NEWS: exists().where(_to_sender(news), *unread(news)),
        OwnPart.MENDED: or_(
            exists().where(MendedQuestion.report_id == Report.id), exists().where(MendedQuestion.new_report_id == Report.id)
        ),
    }


@cache
def _of_cases() -> dict[OwnPart, ColumnElement[bool]]:
    published = Publication.case_id == Case.id
    return {
        OwnPart.ENDED_QUESTIONS: exists().where(Question.case_id == Case.id, Question.ended_at.is_not(None)),
        OwnPart.REFUSALS: exists().where(Refusal.case_id == Case.id),
        OwnPart.REFERRALS: exists().where(Referral.case_id == Case.id),
        OwnPart.EXTENSIONS: exists().where(Extension.assignment_id == Assignment.id, Assignment.case_id == Case.id),
        OwnPart.LETTERS: exists().where(Letter.case_id == Case.id, Letter.kind.in_(TO_SENDERS)),
        OwnPart.PUBLICATIONS: exists().where(published),
        OwnPart.PUBLISHED_PHOTOS: exists().where(
            published, PublicationVersion.publication_id == Publication.id, PublicationPhoto.version_id == PublicationVersion.id
        ),
        OwnPart.REVIEWS: exists().where(published, Review.publication_id == Publication.id),
    }


@cache
def _links() -> Any:
    """The links of `report`."""
    limits = {ClockKind.ACCEPTANCE: "acceptance", ClockKind.CASE: "of_case", ClockKind.RATING: "window"}
    clocks = {kind: aliased(Clock, name=name) for kind, name in limits.items()}
    beside = aliased(CaseReport)
    answers = select(func.count(beside.id)).where(beside.case_id == Case.id, beside.left_at.is_(None)).correlate(Case)
    query: Any = select(CaseReport, *clocks.values(), is_shown().label("is_shown"), answers.scalar_subquery().label("answers"))
    query = query.add_columns(*(condition.label(part) for part, condition in _of_cases().items()))
    query = query.join(CaseReport.case).where(CaseReport.report_id == bindparam("report"))
    for kind, clock in clocks.items():
        query = query.outerjoin(clock, clock.id == _newest_clock(kind))
    return query.order_by(CaseReport.left_at.is_(None), CaseReport.id).options(
        contains_eager(CaseReport.case).joinedload(Case.assignments).joinedload(Assignment.agency),
        joinedload(clocks[ClockKind.CASE].pauses),
    )


def _newest_clock(kind: ClockKind) -> ScalarSelect[int]:
    clock = aliased(Clock)
    return select(func.max(clock.id)).where(clock.case_id == Case.id, clock.kind == kind).correlate(Case).scalar_subquery()


@cache
def _publication() -> Select[Publication]:
    newest = select(func.max(Publication.number)).where(Publication.case_id == bindparam("case")).scalar_subquery()
    answers = joinedload(Publication.versions).joinedload(PublicationVersion.answers).joinedload(PublicationAnswer.answer)
    return select(Publication).where(Publication.case_id == bindparam("case"), Publication.number == newest).options(answers)
