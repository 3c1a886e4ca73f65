"""What the public may find and read: values that hold nothing else, so that no template can show more (rules.md, section 2).

Before its first publication a case is a field, a commune and village, a day, a state and a due day. Never here: sensitive,
quarantined, refused, merged and withdrawn cases, and those answered to their sender alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, or_, select, tuple_
from sqlalchemy.orm import joinedload, selectinload

from casework.clocks import ClockKind
from casework.db import db
from casework.former_areas import Beside, names_beside
from casework.models import Area, Assignment, Case, CaseReport, Clock, Field, Publication, Report, SearchRow
from casework.public_photos import PublicPhoto, photos_of_answers, photos_of_cases
from casework.public_words import MissingAnswer, PublicAnswer, Verdicts, answers_of, missing_from, public_publications, verdicts_of
from casework.search_index import MOST_FOUND, newest_with, words_asked
from casework.states import ANSWERED_STATES, IN_PROGRESS, OPEN_STATES, PUBLIC_PROGRESS, CaseState, Pause, Progress, public_progress
from casework.told_steps import Step, public_steps
from casework.words import Bilingual

PAGE_SIZE = 20
LONGEST_SEARCH = 100


class PublicState(StrEnum):
    """The steps of the public bar as the address of the list names them."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in-progress"
    ANSWERED = "answered"


_STEP_OF = {PublicState.RECEIVED: "0", PublicState.ACCEPTED: "1", PublicState.IN_PROGRESS: "2", PublicState.ANSWERED: "4"}


@dataclass(frozen=True)
class Wanted:
    """What a reader of the list asked for; empty means all."""

    words: str = ""
    service_code: str = ""
    area_ref: str = ""
    state: PublicState | None = None
    urgent_only: bool = False


@dataclass(frozen=True)
class PublicItem:
    """One case in a list. `title` and photos are empty before the first publication; `clock` is the newest of kind case.

    While it rests `paused_for` says for what (casework.states.Pause); the reason of a hold and its end are public.
    """

    code: str
    field: Bilingual | None
    area: Bilingual | None
    village: str | None
    opened_at: datetime
    progress: Progress
    is_urgent: bool
    clock: Clock | None
    title: str | None = None
    published_at: datetime | None = None
    lead: Bilingual | None = None
    before: tuple[PublicPhoto, ...] = ()
    after: tuple[PublicPhoto, ...] = ()
    paused_for: str | None = None
    paused_until: datetime | None = None
    held_reason: str | None = None
    beside: Beside = Beside()


@dataclass(frozen=True)
class PublicPage:
    """A piece of the list, newest first; `newer` and `older` are the codes to go on from."""

    items: list[PublicItem]
    newer: str | None
    older: str | None


@dataclass(frozen=True)
class PublicCase:
    """All the public may read of one case."""

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


def public_list(wanted: Wanted, *, after: str = "", before: str = "", size: int = PAGE_SIZE) -> PublicPage:
    """The cases that match, newest first, going on behind the case coded `after` or ahead of the one coded `before`."""
    query = select(Case).where(_is_shown(), *_conditions(wanted))
    place = tuple_(Case.opened_at, Case.id)
    backwards = bool(before and not after)
    anchor = _anchor(before if backwards else after)
    if anchor is not None:
        query = query.where(place > anchor if backwards else place < anchor)
    order = (Case.opened_at, Case.id) if backwards else (Case.opened_at.desc(), Case.id.desc())
    cases = list(db.session.scalars(_with_labels(query).order_by(*order).limit(size + 1)))
    has_more = len(cases) > size
    cases = cases[:size][:: -1 if backwards else 1]
    if not cases:
        return PublicPage([], None, None)
    has_newer = has_more if backwards else anchor is not None
    has_older = True if backwards else has_more
    return PublicPage(_items(cases), cases[0].code if has_newer else None, cases[-1].code if has_older else None)


def newest_published(*, size: int = 4) -> list[PublicItem]:
    """The cases finished last, for the home page."""
    query = select(Case).where(_is_shown(), Case.is_public, Case.state.in_(ANSWERED_STATES))
    return _items(list(db.session.scalars(_with_labels(query).order_by(Case.published_at.desc(), Case.id.desc()).limit(size))))


def public_items(case_ids: Iterable[int]) -> list[PublicItem]:
    """Those of the cases the public may know of, newest first."""
    query = select(Case).where(_is_shown(), Case.id.in_(set(case_ids)))
    return _items(list(db.session.scalars(_with_labels(query).order_by(Case.opened_at.desc(), Case.id.desc()))))


def public_case(code: str) -> PublicCase | None:
    """The page of a case by its code; None when the public may not know of it."""
    query = _with_labels(select(Case).where(_is_shown(), Case.code == code))
    query = query.options(selectinload(Case.assignments).joinedload(Assignment.agency))
    case = db.session.scalars(query).one_or_none()
    if case is None:
        return None
    [item] = _items([case])
    publication = public_publications([case]).get(case.id)
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
        answers=answers_of(version, photos_of_answers(version)),
        missing=missing_from(publication, case),
        verdicts=verdicts_of(publication),
        steps=public_steps(case),
    )


def public_item(case: Case) -> PublicItem:
    """A case as lists show it, whether the public may know of it or not: for the page that decides on that."""
    [item] = _items([case])
    return item


def code_of_case(report_code: str) -> str | None:
    """The code of the case that answers a report, its own unless it was merged; None when the public may not know of it."""
    query = select(Case.code).join(CaseReport, and_(CaseReport.case_id == Case.id, CaseReport.left_at.is_(None)))
    return db.session.scalar(query.join(Report, Report.id == CaseReport.report_id).where(Report.code == report_code, _is_shown()))


def progress_of(case: Case) -> Progress:
    """The step of the public bar; a reopened case is in progress whatever desk it waits at (rules.md, section 7)."""
    return IN_PROGRESS if case.reopened and CaseState(case.state) in OPEN_STATES else public_progress(case.state)


def _is_shown() -> ColumnElement[bool]:
    return and_(
        Case.quarantined_at.is_(None),
        Case.visibility_reason_id.is_(None),
        Case.merged_into_id.is_(None),
        or_(Case.state.in_(OPEN_STATES), and_(Case.is_public, Case.state.in_(ANSWERED_STATES))),
    )


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.service_code:
        found.append(Case.field_id.in_(select(Field.id).where(Field.service_code == wanted.service_code)))
    if wanted.area_ref:
        found.append(Case.area_id.in_(select(Area.id).where(Area.ref == wanted.area_ref)))
    if wanted.urgent_only:
        found.append(Case.urgency == "urgent")
    if wanted.state is not None:
        found.append(_in_state(wanted.state))
    if wanted.words.strip():
        words = words_asked(wanted.words[:LONGEST_SEARCH])
        # signs that are no words are found nowhere
        found.append(Case.id.in_(_found_by(words) if words else []))
    return found


def _in_state(state: PublicState) -> ColumnElement[bool]:
    states = [each for each, progress in PUBLIC_PROGRESS.items() if progress.step == _STEP_OF[state]]
    plain = Case.state.in_(states)
    if state == PublicState.ANSWERED:
        return plain
    if state == PublicState.IN_PROGRESS:
        return or_(plain, and_(Case.reopened > 0, Case.state.in_(OPEN_STATES)))
    return and_(plain, Case.reopened == 0)


def _found_by(words: list[str]) -> list[int]:
    """The newest cases whose words for the public hold a word beginning with each asked for; only published cases have any."""
    return [case_id for _id, case_id in newest_with(words, SearchRow.id, SearchRow.case_id, audience="public")[:MOST_FOUND]]


def _anchor(code: str) -> tuple[datetime, int] | None:
    row = db.session.execute(select(Case.opened_at, Case.id).where(Case.code == code)).one_or_none() if code else None
    return (row.opened_at, row.id) if row else None


def _with_labels(query: Select[Case]) -> Select[Case]:
    return query.options(joinedload(Case.field), joinedload(Case.area))


def _items(cases: list[Case]) -> list[PublicItem]:
    """A handful of queries for any number of cases."""
    published = public_publications(cases)
    clocks = _newest_clocks(cases)
    before, after = photos_of_cases({case_id: publication.current for case_id, publication in published.items()})
    beside = names_beside({(case.area_id, case.village) for case in cases})
    return [
        replace(
            _item(case, published.get(case.id), clocks.get(case.id), before.get(case.id, ()), after.get(case.id, ())),
            beside=beside.get((case.area_id, case.village), Beside()),
        )
        for case in cases
    ]


def _item(
    case: Case, publication: Publication | None, clock: Clock | None, before: tuple[PublicPhoto, ...], after: tuple[PublicPhoto, ...]
) -> PublicItem:
    is_classified = clock is not None
    lead = next((row.answer.assignment.agency.name for row in publication.current.answers), None) if publication else None
    return PublicItem(
        code=case.code,
        field=case.field.name if case.field else None,
        area=case.area.name if case.area else None,
        # until an operator has classified the case its village is what the sender typed, and may name a house
        village=case.village if is_classified else None,
        opened_at=case.opened_at,
        progress=progress_of(case),
        is_urgent=case.is_urgent,
        clock=clock,
        title=publication.current.title if publication else None,
        published_at=publication.published_at if publication else None,
        lead=lead,
        before=before,
        after=after,
        paused_for=case.paused_for,
        paused_until=case.paused_until,
        held_reason=case.held_reason if case.paused_for == Pause.HOLD else None,
    )


def _newest_clocks(cases: list[Case]) -> dict[int, Clock]:
    query = select(Clock).where(Clock.case_id.in_([case.id for case in cases]), Clock.kind == ClockKind.CASE).order_by(Clock.id)
    return {clock.case_id: clock for clock in db.session.scalars(query.options(selectinload(Clock.pauses)))}
