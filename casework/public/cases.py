"""What the public may find and read, as values without anything else, so that no template can show more (rules.md, section 2).

Before its first publication a case is a field, a commune and village (casework/places/villages.py), a day, a state and a due day. Never
included: sensitive, quarantined, refused, merged and withdrawn cases, and those answered only to their sender.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, and_, bindparam, literal_column, select, tuple_
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.clocks.acts import ClockKind
from casework.db import db
from casework.local_time import local_day
from casework.models import Area, Assignment, Case, CaseReport, Clock, Field, Publication, PublicationVersion, Report
from casework.places.former_areas import OtherName, names_beside
from casework.public.filters import Anchor, Matching, PublicFilter, is_shown, matching, place_of
from casework.public.limits import PublicLimit
from casework.public.me_too import me_too_counts
from casework.public.parts import PublicPart, public_parts
from casework.public.photos import ChosenPhotos, PublicPhoto, photos_of_cases
from casework.public.progress import progress_of, were_asked
from casework.public.publication import MissingAnswer, PublicAnswer, Verdicts, answers_of, missing_from, public_publications, verdicts_of
from casework.public.search import found_by_words
from casework.public.unindexed import unindexed
from casework.publications import names_village
from casework.states import ANSWERED_STATES, Pause, Progress
from casework.telling.due_reasons import DueMove, moves_by_day, moves_of
from casework.telling.steps import Step, public_steps

PAGE_SIZE = 20

T = TypeVar("T")


@dataclass(frozen=True)
class PublicItem:
    """One case in a list. `title` and photos are empty before the first publication; `limit` is the newest for the answer. The public
    knows the day of filing and of the limit, never the time: a neighbour may have seen who went by.

    `paused_for` is the kind of the present pause (casework.states.Pause); the reason of a hold and its end are public.
    """

    code: str
    field: Bilingual | None
    area: Bilingual | None
    village: str | None
    opened_on: date
    progress: Progress
    is_urgent: bool
    limit: PublicLimit | None
    title: str | None = None
    published_at: datetime | None = None
    lead: Bilingual | None = None
    before: tuple[PublicPhoto, ...] = ()
    after: tuple[PublicPhoto, ...] = ()
    paused_for: str | None = None
    paused_until: datetime | None = None
    held_reason: str | None = None
    beside: OtherName = OtherName()
    also: int = 0
    """How many more people are affected by the same matter (casework/public/me_too.py)."""


@dataclass(frozen=True)
class PublicPage:
    """A page of the list, newest first; `newer` and `older` are the codes to continue from."""

    items: list[PublicItem]
    newer: str | None
    older: str | None


@dataclass(frozen=True)
class PublicCase:
    item: PublicItem
    source: str
    question: str | None = None
    summary: str | None = None
    place: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    is_interim: bool = False
    corrected_at: datetime | None = None
    correction_reason: str | None = None
    answers: tuple[PublicAnswer, ...] = ()
    missing: tuple[MissingAnswer, ...] = ()
    verdicts: Verdicts | None = None
    steps: list[Step] = field(default_factory=list)
    parts: tuple[PublicPart, ...] = ()
    """What other bodies answered by themselves for parts of it."""
    moves: tuple[DueMove, ...] = ()
    """The changes of its day, newest first, with their causes."""


def public_list(wanted: PublicFilter, *, after: str = "", before: str = "", size: int = PAGE_SIZE) -> PublicPage:
    """The matching cases, newest first, continuing after the case coded `after` or before the one coded `before`.

    A page may hold fewer than `size`, or none, and yet have `older`, because it examines only a limited number of cases.
    """
    backwards = bool(before and not after)
    anchor = place_of(before if backwards else after)
    if wanted.words.strip():
        found = _among(found_by_words(wanted).ids, size + 1, anchor, backwards=backwards)
    else:
        found = matching(wanted, most=size + 1, anchor=anchor, backwards=backwards)
    has_more = len(found.ids) > size
    ids = found.ids[:size]
    items = public_items(ids)
    ends = [item.code for item in items]
    stop = _code_at(found.goes_on_at, backwards=backwards) if found.goes_on_at is not None else None
    stop = stop if stop != (before if backwards else after) else None
    if backwards:
        newer = ends[0] if has_more and ends else stop
        return PublicPage(items, newer, ends[-1] if ends else before)
    older = ends[-1] if has_more and ends else stop
    return PublicPage(items, (ends[0] if ends else after) if anchor is not None else None, older)


def newest_published(*, size: int = 4) -> list[PublicItem]:
    """The cases finished last, for the home page."""
    # worded like the index of public cases: SQLite uses it for these words only
    is_public: ColumnElement[bool] = literal_column('"case".is_public')
    query = select(Case).where(is_shown(), is_public, unindexed(Case.state).in_(ANSWERED_STATES))
    return _items(list(db.session.scalars(_with_labels(query).order_by(Case.published_at.desc(), Case.id.desc()).limit(size))))


def public_items(case_ids: Iterable[int], *, as_given: bool = False) -> list[PublicItem]:
    """The public ones among the cases, newest first, or in the given order."""
    places = {id_: place for place, id_ in enumerate(case_ids)}
    query = select(Case).where(is_shown(), Case.id.in_(places))
    cases = list(db.session.scalars(_with_labels(query).order_by(Case.opened_at.desc(), Case.id.desc()))) if places else []
    return _items(sorted(cases, key=lambda case: places[case.id]) if as_given else cases)


def public_case(code: str) -> PublicCase | None:
    """The page of a case by its code; None where it is not public."""
    case = db.session.scalars(_with_page(select(Case).where(is_shown(), Case.code == code))).unique().one_or_none()
    return page_of(case) if case is not None else None


def page_of(case: Case) -> PublicCase:
    """The page of a public case (case_behind)."""
    published = public_publications([case])
    photos = photos_of_cases(_versions_of(published))
    [item] = _items_of([case], published, photos)
    publication = published.get(case.id)
    if publication is None:
        return PublicCase(item, source=case.source)
    version = publication.current
    return PublicCase(
        item,
        source=case.source,
        question=version.question,
        summary=version.summary,
        place=version.place,
        latitude=case.latitude if version.shows_exact_place else None,
        longitude=case.longitude if version.shows_exact_place else None,
        is_interim=publication.kind == "interim",
        corrected_at=version.written_at if version.version > 1 else None,
        correction_reason=version.correction_reason,
        answers=answers_of(version, photos[case.id].by_answer),
        missing=missing_from(publication, case),
        verdicts=verdicts_of(publication),
        steps=public_steps(case),
        parts=public_parts(case) if publication.kind == "final" else (),
        moves=tuple(moves_by_day(moves_of(case))),
    )


def item_of_code(code: str) -> PublicItem | None:
    """A case by its code as lists show it; None where it is not public."""
    case_id = db.session.scalar(select(Case.id).where(Case.code == code))
    return next(iter(public_items([case_id])), None) if case_id is not None else None


def public_item(case: Case) -> PublicItem:
    """A case as lists show it, even if not public: for the page that decides on that."""
    [item] = _items([case])
    return item


def code_of_case(report_code: str) -> str | None:
    """The code of the case that answers a report, its own unless merged; None where it is not public."""
    return db.session.scalar(_answering(select(Case.code), report_code))


def case_behind(report_code: str) -> Case | None:
    """The case that answers a report, found like `code_of_case`, with everything its page needs loaded."""
    return db.session.scalars(_answering(_with_page(select(Case)), report_code)).unique().one_or_none()


def _among(ids: list[int], most: int, anchor: Anchor | None, *, backwards: bool) -> Matching:
    """A page of some cases, newest first, cut like `matching`."""
    query = select(Case.id).where(Case.id.in_(ids))
    if anchor is not None:
        place = tuple_(Case.opened_at, Case.id)
        query = query.where(place > anchor if backwards else place < anchor)
    order = (Case.opened_at, Case.id) if backwards else (Case.opened_at.desc(), Case.id.desc())
    return Matching(list(db.session.scalars(query.order_by(*order).limit(most))) if ids else [])


def _code_at(place: Anchor, *, backwards: bool) -> str | None:
    """The code to continue from where the search stopped: there, or the nearest public one before it."""
    here = tuple_(Case.opened_at, Case.id)
    order = (Case.opened_at.desc(), Case.id.desc()) if backwards else (Case.opened_at, Case.id)
    nearest = select(Case.code).where(is_shown(), here <= place if backwards else here >= place)
    return db.session.scalar(nearest.order_by(*order).limit(1))


def _answering(query: Select[T], report_code: str) -> Select[T]:
    query = query.join(CaseReport, and_(CaseReport.case_id == Case.id, CaseReport.left_at.is_(None)))
    return query.join(Report, Report.id == CaseReport.report_id).where(Report.code == report_code, is_shown())


def _with_labels(query: Select[Case]) -> Select[Case]:
    return query.options(*_LABELS)


_LABELS = (
    joinedload(Case.field).load_only(Field.name_vi, Field.name_en),
    joinedload(Case.area).load_only(Area.name_vi, Area.name_en),
)


def _with_page(query: Select[Case]) -> Select[Case]:
    """Load everything the page needs of the row, in one statement."""
    return _with_labels(query).options(joinedload(Case.centre), joinedload(Case.assignments).joinedload(Assignment.agency))


def _versions_of(published: Mapping[int, Publication]) -> dict[int, PublicationVersion]:
    return {case_id: publication.current for case_id, publication in published.items()}


def _items(cases: list[Case]) -> list[PublicItem]:
    published = public_publications(cases)
    return _items_of(cases, published, photos_of_cases(_versions_of(published)))


def _items_of(cases: list[Case], published: Mapping[int, Publication], photos: Mapping[int, ChosenPhotos]) -> list[PublicItem]:
    """A handful of queries for any number of cases."""
    clocks = _newest_clocks(cases)
    also = me_too_counts(case.id for case in cases)
    asked = were_asked(cases)
    beside = names_beside({(case.area_id, case.village) for case in cases})
    return [
        replace(
            _item(case, published.get(case.id), clocks.get(case.id), photos.get(case.id, ChosenPhotos()), was_asked=case.id in asked),
            beside=beside.get((case.area_id, case.village), OtherName()),
            also=also.get(case.id, 0),
        )
        for case in cases
    ]


def _item(case: Case, publication: Publication | None, clock: Clock | None, photos: ChosenPhotos, *, was_asked: bool) -> PublicItem:
    is_classified = clock is not None
    lead = next((row.answer.assignment.agency.name for row in publication.current.answers), None) if publication else None
    return PublicItem(
        code=case.code,
        field=case.field.name if case.field else None,
        area=case.area.name if case.area else None,
        village=case.village if is_classified and (publication is None or names_village(publication.current)) else None,
        opened_on=local_day(case.opened_at),
        progress=progress_of(case, was_asked=was_asked),
        is_urgent=case.is_urgent,
        limit=PublicLimit.of(clock) if clock is not None else None,
        title=publication.current.title if publication else None,
        published_at=publication.published_at if publication else None,
        lead=lead,
        before=photos.before,
        after=photos.after,
        paused_for=case.paused_for,
        paused_until=case.paused_until,
        held_reason=case.held_reason if case.paused_for == Pause.HOLD else None,
    )


def _newest_clocks(cases: list[Case]) -> dict[int, Clock]:
    clocks = db.session.scalars(_CLOCKS, {"cases": [case.id for case in cases]}).unique() if cases else ()
    return {clock.case_id: clock for clock in clocks}


_CLOCKS = (
    select(Clock)
    .where(Clock.case_id.in_(bindparam("cases", expanding=True)), Clock.kind == ClockKind.CASE)
    .order_by(Clock.id)
    .options(joinedload(Clock.pauses))
)
