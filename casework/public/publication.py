"""The content of a publication as values: each agency's answer under its full name, agencies without one, and the readers' ratings."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Agency, Answer, Assignment, Case, Publication, PublicationAnswer, PublicationVersion, Rating
from casework.public.photos import PublicPhoto
from casework.publications import PUBLIC_KINDS, WHOLE
from casework.publishing.ratings import LEVELS
from casework.reading.lacking import Part, not_lacked
from casework.states import AssignmentEnd


@dataclass(frozen=True)
class PublicAnswer:
    """One agency's approved answer, unedited."""

    agency: Bilingual
    is_lead: bool
    answered_at: datetime
    findings: str
    actions: str
    remaining: str
    contact: str
    no_photo_reason: str | None
    photos: tuple[PublicPhoto, ...] = ()


@dataclass(frozen=True)
class MissingAnswer:
    """An agency without an answer: the centre's reason for going on without it, or None while it is at work."""

    agency: Bilingual
    is_lead: bool
    reason: str | None


@dataclass(frozen=True)
class Verdicts:
    """How often each level was given, to the whole and to each agency by full name, without the raters."""

    whole: Mapping[str, int]
    by_agency: tuple[tuple[Bilingual, Mapping[str, int]], ...]
    before_correction: int

    @property
    def total(self) -> int:
        return sum(self.whole.values())


def public_publications(
    cases: list[Case], *, kinds: tuple[str, ...] = PUBLIC_KINDS, even_taken_back: bool = False
) -> dict[int, Publication]:
    """The newest publication of each case, with versions and answers, by case.

    One taken back counts only if `even_taken_back`: for senders, whose answer it was.
    """
    ids = not_lacked(Part.PUBLICATIONS, [case.id for case in cases])
    standing = [] if even_taken_back else [Publication.unpublished_at.is_(None)]
    query = (
        select(Publication)
        .where(Publication.case_id.in_(ids), Publication.kind.in_(kinds), *standing)
        .order_by(Publication.number)
        .options(_WITH_ANSWERS)
    )
    return {publication.case_id: publication for publication in db.session.scalars(query).unique()} if ids else {}


_WITH_ANSWERS = (
    joinedload(Publication.versions)
    .selectinload(PublicationVersion.answers)
    .joinedload(PublicationAnswer.answer)
    .joinedload(Answer.assignment)
    .joinedload(Assignment.agency)
)


def answers_of(version: PublicationVersion, photos: Mapping[int, tuple[PublicPhoto, ...]]) -> tuple[PublicAnswer, ...]:
    return tuple(public_answer(row.answer, photos.get(row.answer_id, ())) for row in version.answers)


def missing_from(publication: Publication, case: Case) -> tuple[MissingAnswer, ...]:
    """The agencies without an answer in it, the lead first: those the centre went on without, and for an interim one those at work."""
    return missing_beside([row.answer for row in publication.current.answers], case, is_interim=publication.kind == "interim")


def missing_beside(answers: Sequence[Answer], case: Case, *, is_interim: bool) -> tuple[MissingAnswer, ...]:
    """The agencies of a case other than those of these answers, as in `missing_from`."""
    answered = [answer.assignment for answer in answers]
    rounds, there = {row.round for row in answered}, {row.agency_id for row in answered}
    gone = [row for row in case.assignments if row.end_reason == AssignmentEnd.MISSING and row.round in rounds]
    at_work = case.open_assignments if is_interim else []
    found = {row.agency_id: row for row in [*gone, *at_work] if row.agency_id not in there}
    return tuple(
        MissingAnswer(row.agency.name, row.is_lead, None if row.is_open else row.end_words)
        for row in sorted(found.values(), key=lambda row: (not row.is_lead, row.id))
    )


def verdicts_of(publication: Publication) -> Verdicts | None:
    """The ratings of a publication, counted; None when there are none yet."""
    query = select(Rating).where(Rating.publication_id == publication.id).order_by(Rating.id)
    ratings = list(db.session.scalars(query))
    whole = [rating for rating in ratings if rating.about == WHOLE]
    if not whole:
        return None
    names = _agency_names(publication)
    by_agency = tuple(
        (name, counted) for agency_id, name in names.items() if (counted := _counted([r for r in ratings if r.agency_id == agency_id]))
    )
    outdated = sum(rating.version_id != publication.current.id for rating in whole)
    return Verdicts(_counted(whole), by_agency, outdated)


def public_answer(answer: Answer, photos: tuple[PublicPhoto, ...]) -> PublicAnswer:
    """An answer as published, with the photos chosen for it."""
    return PublicAnswer(
        agency=answer.assignment.agency.name,
        is_lead=answer.assignment.is_lead,
        answered_at=answer.submitted_at,
        findings=answer.findings,
        actions=answer.actions,
        remaining=answer.remaining,
        contact=answer.contact,
        no_photo_reason=answer.no_photo_reason,
        photos=photos,
    )


def _agency_names(publication: Publication) -> dict[int, Bilingual]:
    agencies: list[Agency] = [row.answer.assignment.agency for row in publication.current.answers]
    return {agency.id: agency.name for agency in agencies}


def _counted(ratings: list[Rating]) -> dict[str, int]:
    counts = Counter(rating.level for rating in ratings)
    return {level: counts[level] for level in LEVELS if counts[level]}
