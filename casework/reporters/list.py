"""The list of a sender's own reports, read in a fixed number of queries."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Select, and_, exists, or_, select
from sqlalchemy.orm import selectinload

from casework.bilingual import Bilingual
from casework.clocks.acts import ClockKind
from casework.contacts.proven import reports_tracked_by
from casework.contacts.report_links import ended_questions, newest_links, open_questions
from casework.db import db
from casework.intake.file_report import original_words
from casework.models import Case, CaseReport, Clock, MendedQuestion, Question, Rating, Report, Reporter
from casework.permissions import Actor
from casework.publications import WHOLE, is_settled_case
from casework.reporters.labels import standing_of
from casework.reporters.unread import with_news
from casework.states import ENDED_STATES, CaseState, Progress

PAGE = 50
"""Reports on one page of the list."""
MOST_WAITING = 50
"""Reports waiting for their sender, shown before all others."""
ASKED_FOR = ("question", "rating", "mended")
"""What a report may wait for, in the order of the list: answers with a deadline come before what is optional."""


@dataclass(frozen=True)
class OwnListed:
    """One report in its sender's list; `clock` is the newest of kind case. A quarantined one has neither words nor limit."""

    code: str
    filed_at: datetime
    label: Bilingual
    progress: Progress
    words: str | None = None
    clock: Clock | None = None
    waits: str = ""
    """What its sender is asked for: one of ASKED_FOR."""


@dataclass(frozen=True)
class OwnPage:
    """A page of the list: reports waiting for their owner, those with news since the last look, and the rest; `next` is where the next
    page begins."""

    waiting: list[OwnListed] = field(default_factory=list)
    news: list[OwnListed] = field(default_factory=list)
    others: list[OwnListed] = field(default_factory=list)
    next: int | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.waiting or self.news or self.others)


def own_page_of(by: Actor, *, now: datetime, shows: str = "", before: int | None = None) -> OwnPage:
    """One page of an account's reports, the newest first. `shows` is "open", "ended" or empty for all; reports waiting for the owner are
    on the first page only, and not repeated."""
    if by.own_id is None:
        return OwnPage()
    own = select(Report).join(Reporter, Reporter.id == Report.reporter_id).where(Reporter.account_id == by.own_id)
    # what is over waits for its owner with all reports alone
    waits = {id_: asked for id_, asked in _waits(own, now).items() if not shows or asked != "mended"}
    query = _shown(own, shows).where(Report.id.not_in(waits))
    if before is not None:
        query = query.where(Report.id < before)
    reports = list(db.session.scalars(query.order_by(Report.id.desc()).limit(PAGE + 1)))
    shown, is_first = reports[:PAGE], before is None and shows != "ended"
    first = list(db.session.scalars(own.where(Report.id.in_(waits)).order_by(Report.id.desc()))) if is_first and waits else []
    return _page(first, shown, waits, next_=shown[-1].id if len(reports) > PAGE else None)


def own_page_here(by: Actor, *, now: datetime) -> OwnPage:
    """The reports opened in a browser by secret or code, which are few enough for one page; without those of the person's account, which
    are on its own list."""
    reports = [report for report in reports_tracked_by(by) if by.own_id is None or _account_of(report) != by.own_id]
    if not reports:
        return OwnPage()
    ids = [report.id for report in reports]
    waits = _waits(select(Report).join(Reporter, Reporter.id == Report.reporter_id).where(Report.id.in_(ids)), now)
    first = [report for report in reports if report.id in waits]
    return _page(first, [report for report in reports if report.id not in waits], waits)


def _page(first: list[Report], shown: list[Report], waits: dict[int, str], *, next_: int | None = None) -> OwnPage:
    listed = dict(zip([report.id for report in [*first, *shown]], own_list([*first, *shown]), strict=True))
    fresh = with_news(shown)
    return OwnPage(
        waiting=sorted(
            (replace(listed[report.id], waits=waits[report.id]) for report in first), key=lambda one: ASKED_FOR.index(one.waits)
        ),
        news=[listed[report.id] for report in shown if report.id in fresh],
        others=[listed[report.id] for report in shown if report.id not in fresh],
        next=next_,
    )


def _account_of(report: Report) -> int | None:
    return report.reporter.account_id if report.reporter is not None else None


def _waits(own: Select[Report], now: datetime) -> dict[int, str]:
    """What the reports ask of their sender."""
    asked, to_rate = _waiting(own, now)
    return {**dict.fromkeys(_to_look_at(own, now), "mended"), **dict.fromkeys(to_rate, "rating"), **dict.fromkeys(asked, "question")}


def _to_look_at(own: Select[Report], now: datetime) -> list[int]:
    """The reports whose sender is asked whether it is really mended."""
    link = and_(CaseReport.report_id == Report.id, CaseReport.left_at.is_(None), CaseReport.case_id == MendedQuestion.case_id)
    query = own.join(MendedQuestion, MendedQuestion.report_id == Report.id).join(CaseReport, link)
    query = query.join(Case, Case.id == CaseReport.case_id)
    query = query.where(MendedQuestion.answer.is_(None), MendedQuestion.expires_at > now, is_settled_case())
    return list(db.session.scalars(query.with_only_columns(Report.id).order_by(Report.id.desc()).limit(MOST_WAITING)))


def _waiting(own: Select[Report], now: datetime) -> tuple[list[int], list[int]]:
    """The reports with a question to their sender, and those with a result that may be rated and is not."""
    asked = own.join(Question, Question.report_id == Report.id).where(Question.ended_at.is_(None))
    rated = exists().where(Rating.reporter_id == Reporter.id, Rating.about == WHOLE, Rating.rated_at >= Case.answered_at)
    window = exists().where(Clock.case_id == Case.id, Clock.kind == ClockKind.RATING, Clock.ended_at.is_(None), Clock.due_at > now)
    to_rate = own.join(CaseReport, and_(CaseReport.report_id == Report.id, CaseReport.left_at.is_(None)))
    to_rate = to_rate.join(Case, Case.id == CaseReport.case_id).where(Case.state == CaseState.RATING, window, ~rated)
    return (
        list(db.session.scalars(asked.with_only_columns(Report.id).order_by(Report.id.desc()).limit(MOST_WAITING))),
        list(db.session.scalars(to_rate.with_only_columns(Report.id).order_by(Report.id.desc()).limit(MOST_WAITING))),
    )


def _shown(own: Select[Report], shows: str) -> Select[Report]:
    if shows not in ("open", "ended"):
        return own
    joined = own.outerjoin(CaseReport, and_(CaseReport.report_id == Report.id, CaseReport.left_at.is_(None)))
    joined = joined.outerjoin(Case, Case.id == CaseReport.case_id)
    # a report withdrawn from a case has no link any more
    return joined.where(or_(Case.id.is_(None), Case.state.in_(ENDED_STATES)) if shows == "ended" else Case.state.not_in(ENDED_STATES))


def own_list(reports: list[Report]) -> list[OwnListed]:
    """The reports of one sender as their list shows them, in the given order and in a fixed number of queries."""
    ids = [report.id for report in reports]
    with_texts = select(Report).where(Report.id.in_(ids)).options(selectinload(Report.texts)).execution_options(populate_existing=True)
    read = {report.id: report for report in db.session.scalars(with_texts)}
    links = newest_links(ids)
    asked = open_questions(ids)
    case_ids = {link.case_id for link in links.values()}
    ended = ended_questions(case_ids)
    limits = select(Clock).where(Clock.case_id.in_(case_ids), Clock.kind == ClockKind.CASE)
    clocks = {clock.case_id: clock for clock in db.session.scalars(limits.options(selectinload(Clock.pauses)).order_by(Clock.id))}
    return [_listed(read[id_], links[id_], clocks, ended.get(links[id_].case_id), is_asked=id_ in asked) for id_ in ids]


def _listed(report: Report, link: CaseReport, clocks: dict[int, Clock], ended: Question | None, *, is_asked: bool) -> OwnListed:
    standing = standing_of(link.case, link, report.code, is_asked=is_asked, ended=ended, with_reason=False)
    if standing.state == CaseState.QUARANTINED:
        return OwnListed(report.code, report.filed_at, standing.label, standing.progress)
    clock = clocks.get(link.case_id) if standing.limit_counts else None
    return OwnListed(report.code, report.filed_at, standing.label, standing.progress, original_words(report), clock)
