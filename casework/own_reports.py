"""A sender's view of their own report: opened by account or by tracking secret, told in their words (rules.md, sections 2, 3 and 7)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from casework.clocks import ClockKind, running_clock
from casework.db import db
from casework.intake import original_words, place_words
from casework.models import Assignment, Case, CaseReport, Clock, Publication, Rating, Refusal, Report, Review
from casework.next_steps import NEXT
from casework.photo_records import copy_for, photos_of_report
from casework.public_cases import progress_of
from casework.public_photos import photos_of_answers
from casework.public_words import PublicAnswer, answers_of, public_publications
from casework.ratings import WHOLE, rating_reason
from casework.sealing import secret_matches
from casework.states import OPEN_STATES, CaseState, Progress, owner_label
from casework.told_steps import Step, own_steps
from casework.words import Bilingual

_NOBODYS_DIGEST = "0" * 64


@dataclass(frozen=True)
class OwnPhoto:
    """A photo the sender sent; its copy for the centre is theirs to see."""

    ref: str
    width: int
    height: int


@dataclass(frozen=True)
class RefusalTold:
    """Why a report was not taken, as told to its sender."""

    reason: Bilingual
    guidance: Bilingual
    words: str


@dataclass(frozen=True)
class ReviewTold:
    """What the centre's look at a dissatisfied rating came to, in the words written to the sender."""

    is_reopened: bool
    words: str
    decided_at: datetime


@dataclass(frozen=True)
class Given:
    """A rating the sender gave: of the whole, or of the agency with this ref."""

    level: str
    reason: str | None
    agency_ref: str | None


@dataclass(frozen=True)
class Rateable:
    """What may be rated until when; `agencies` are pairs of ref and full name."""

    until: datetime
    agencies: tuple[tuple[str, Bilingual], ...]


@dataclass(frozen=True)
class OwnListed:
    """One report in its sender's list; `clock` is the newest of kind case. Of a quarantined one there are no words and no limit."""

    code: str
    filed_at: datetime
    label: Bilingual
    progress: Progress
    words: str | None = None
    clock: Clock | None = None


@dataclass(frozen=True)
class OwnReport:
    """All a sender reads of their report. Of a quarantined one only what the receipt says."""

    code: str
    case_code: str
    filed_at: datetime
    state: CaseState
    label: Bilingual
    progress: Progress
    next_step: Bilingual
    words: str | None = None
    place: str | None = None
    village: str | None = None
    area: Bilingual | None = None
    photos: tuple[OwnPhoto, ...] = ()
    clock: Clock | None = None
    acceptance: Clock | None = None
    held_reason: str | None = None
    refusal: RefusalTold | None = None
    publication: Publication | None = None
    answers: tuple[PublicAnswer, ...] = ()
    rateable: Rateable | None = None
    given: tuple[Given, ...] = ()
    review: ReviewTold | None = None
    steps: tuple[Step, ...] = ()


def report_opened_by(code: str, secret: str) -> Report | None:
    """The report with this code, if the secret typed with it is the one on its receipt. An unknown code takes as long to refuse."""
    report = db.session.scalar(select(Report).where(Report.code == code.strip().upper()))
    return report if secret_matches(secret, report.secret_digest if report else _NOBODYS_DIGEST) else None


def case_of(report: Report) -> Case:
    """The case that answers a report now."""
    query = (
        select(Case)
        .join(CaseReport, CaseReport.case_id == Case.id)
        .where(CaseReport.report_id == report.id, CaseReport.left_at.is_(None))
        .options(selectinload(Case.assignments).joinedload(Assignment.agency), joinedload(Case.area))
    )
    return db.session.scalars(query).one()


def own_list(reports: list[Report]) -> list[OwnListed]:
    """The reports of one sender as their list shows them, in the order given and with as many questions however many there are."""
    ids = [report.id for report in reports]
    with_texts = select(Report).where(Report.id.in_(ids)).options(selectinload(Report.texts)).execution_options(populate_existing=True)
    read = {report.id: report for report in db.session.scalars(with_texts)}
    answering = select(CaseReport.report_id, Case).join(Case, CaseReport.case_id == Case.id)
    answering = answering.where(CaseReport.report_id.in_(ids), CaseReport.left_at.is_(None))
    cases: dict[int, Case] = {report_id: case for report_id, case in db.session.execute(answering)}  # noqa: C416 (rows are no pairs to mypy)
    limits = select(Clock).where(Clock.case_id.in_({case.id for case in cases.values()}), Clock.kind == ClockKind.CASE)
    clocks = {clock.case_id: clock for clock in db.session.scalars(limits.options(selectinload(Clock.pauses)).order_by(Clock.id))}
    return [_listed(read[id_], cases[id_], clocks) for id_ in ids]


def _listed(report: Report, case: Case, clocks: dict[int, Clock]) -> OwnListed:
    if case.quarantined_at is not None:
        return OwnListed(report.code, report.filed_at, owner_label(CaseState.QUARANTINED, 0), progress_of(case))
    label = owner_label(case.state, case.reopened)
    return OwnListed(report.code, report.filed_at, label, progress_of(case), original_words(report), clocks.get(case.id))


def own_report(report: Report, *, now: datetime) -> OwnReport:
    """What the sender of a report reads at this moment. Callers make sure that it is their own (permissions.report_owned_by)."""
    case = case_of(report)
    state = CaseState(case.state)
    if case.quarantined_at is not None:
        state = CaseState.QUARANTINED
        return OwnReport(report.code, report.code, report.filed_at, state, owner_label(state, 0), progress_of(case), NEXT[state])
    publication = public_publications([case], kinds=("interim", "final", "private")).get(case.id)
    answers: tuple[PublicAnswer, ...] = ()
    if publication is not None:
        version = publication.current
        answers = answers_of(version, photos_of_answers(version))
    clocks = {clock.kind: clock for clock in db.session.scalars(select(Clock).where(Clock.case_id == case.id).order_by(Clock.id))}
    return OwnReport(
        code=report.code, case_code=case.code, filed_at=report.filed_at, state=state, label=owner_label(state, case.reopened),
        progress=progress_of(case), next_step=NEXT[state], words=original_words(report), place=place_words(report),
        village=report.village, area=report.area.name if report.area else None, photos=_photos(report),
        clock=clocks.get(ClockKind.CASE), acceptance=clocks.get(ClockKind.ACCEPTANCE),
        held_reason=case.held_reason if state in OPEN_STATES else None,
        refusal=_refusal(case) if state == CaseState.REFUSED else None, publication=publication, answers=answers,
        rateable=_rateable(case, report, publication, now), given=_given(report, publication), review=_review(case),
        steps=tuple(own_steps(case, report)),
    )  # fmt: skip


def _photos(report: Report) -> tuple[OwnPhoto, ...]:
    found = ((photo, copy_for(photo, "centre", "view")) for photo in photos_of_report(report))
    return tuple(OwnPhoto(photo.ref, copy.width, copy.height) for photo, copy in found if copy is not None)


def _refusal(case: Case) -> RefusalTold | None:
    row = db.session.scalars(select(Refusal).where(Refusal.case_id == case.id).order_by(Refusal.id.desc())).first()
    return RefusalTold(row.reason.name, Bilingual(row.reason.guidance_vi, row.reason.guidance_en), row.words) if row else None


def _review(case: Case) -> ReviewTold | None:
    """The newest review that is decided: it stays to be read when the case is answered once more."""
    query = select(Review).join(Publication, Publication.id == Review.publication_id).where(Publication.case_id == case.id)
    row = db.session.scalars(query.where(Review.outcome.is_not(None)).order_by(Review.id.desc())).first()
    if row is None or not row.words or row.decided_at is None:
        return None
    return ReviewTold(row.outcome == "reopened", row.words, row.decided_at)


def _rateable(case: Case, report: Report, publication: Publication | None, now: datetime) -> Rateable | None:
    clock = running_clock(case, ClockKind.RATING)
    if clock is None or clock.due_at is None or report.reporter is None or publication is None or publication.kind == "interim":
        return None
    if case.state == CaseState.REVIEW and now >= clock.due_at:
        return None
    agencies = [row.answer.assignment.agency for row in publication.current.answers]
    return Rateable(clock.due_at, tuple((agency.ref, agency.name) for agency in agencies))


def _given(report: Report, publication: Publication | None) -> tuple[Given, ...]:
    if publication is None or report.reporter_id is None:
        return ()
    query = select(Rating).where(Rating.publication_id == publication.id, Rating.reporter_id == report.reporter_id).order_by(Rating.id)
    refs = {row.answer.assignment.agency_id: row.answer.assignment.agency.ref for row in publication.current.answers}
    return tuple(
        Given(rating.level, rating_reason(rating) if rating.about == WHOLE else None, refs.get(rating.agency_id or 0))
        for rating in db.session.scalars(query)
        if rating.about == WHOLE or rating.agency_id in refs
    )
