"""Cases as requests of Open311: the public's column, read by statements made once, whatever their number.

What is public is asked by the condition of the public list (casework.public.filters.is_shown), and what is told of a case is what its page
tells (casework/public/cases.py); a test compares the two.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, exists, func, select
from sqlalchemy.orm import aliased

from casework.bilingual import Bilingual
from casework.clocks.acts import ClockKind
from casework.db import db
from casework.doors.gates import Door, is_open
from casework.local_time import by_day, local_day, midnight
from casework.models import (
    Agency,
    Answer,
    Area,
    Assignment,
    Case,
    Clock,
    Field,
    Publication,
    PublicationAnswer,
    PublicationVersion,
    Question,
)
from casework.public.filters import is_shown
from casework.public.photos import ChosenPhotos, photos_of_cases
from casework.public.progress import progress_of
from casework.publications import PUBLIC_KINDS, names_village
from casework.states import ANSWERED_STATES, Pause, Progress


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """An agency's answer of the present version."""

    answer_id: int
    agency: Bilingual
    agency_id: int
    round: int
    text: str


@dataclass(frozen=True, slots=True)
class Published:
    """What people read of a case: the present version of its newest standing publication."""

    id: int
    publication_id: int
    is_interim: bool
    title: str
    question: str
    summary: str | None
    place: str | None
    point: tuple[float, float] | None
    corrected_at: datetime | None
    answers: tuple[AnswerRow, ...]
    photos: ChosenPhotos = ChosenPhotos()


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A case as the public may read it. `updated_at` is a local midnight before the first publication, like `requested_at` always."""

    case_id: int
    code: str
    centre_id: int
    progress: Progress
    is_closed: bool
    field: Bilingual | None
    service_code: str | None
    area: Bilingual | None
    area_ref: str | None
    province: Bilingual | None
    village: str | None
    requested_at: datetime
    updated_at: datetime
    expected_at: datetime | None
    due_on: date | None
    ended_at: datetime | None
    is_urgent: bool
    paused_for: str | None
    paused_until: datetime | None
    held_reason: str | None
    published: Published | None
    own_words: Bilingual | None = None
    """For the key that filed it alone: what is told in place of the public words."""
    is_receipt: bool = False
    """Set apart: the key that filed it reads what stood on the receipt, and nothing else."""


def rows_shown(case_ids: Collection[int]) -> dict[int, RequestRow]:
    """The public ones among some cases, by row: those of centres that have the door open. Four statements."""
    read = db.session.execute(_shown(), {"cases": list(case_ids)}) if case_ids else ()
    return rows_of(row for row in read if is_behind(row))


def is_behind(row: Any) -> bool:
    """Whether the centre that has a case now has the door open."""
    return is_open(Door.OPEN311, row.centre_id)


def rows_of(read: Iterable[Any]) -> dict[int, RequestRow]:
    """Rows of `columns` with their answers and photos, in three statements."""
    rows = list(read)
    answers = _answers_of([row.version_id for row in rows if row.version_id is not None])
    versions = {row.id: _Version(row.version_id, answers[row.version_id]) for row in rows if row.version_id is not None}
    photos = photos_of_cases(versions) if versions else {}
    return {row.id: row_of(row, answers, photos) for row in rows}


def updated_at(row: Any) -> datetime:
    """When what is shown of a case last changed: to the day before its first publication, as the feed says it."""
    if row.version_id is not None:
        taken_up = [row.clock_started_at] if row.reopened and row.clock_started_at is not None else []
        latest: datetime = max(row.written_at, row.published_at, *taken_up)
        return latest
    if row.withdrawn_at is not None:
        moment: datetime = row.withdrawn_at
        return moment
    return midnight(local_day(max(row.accepted_at or row.opened_at, row.opened_at)))


def row_of(row: Any, answers: dict[int, tuple[AnswerRow, ...]], photos: dict[int, ChosenPhotos]) -> RequestRow:
    published = _published(row, answers, photos) if row.version_id is not None else None
    names = row.clock_id is not None and (published is None or names_village(row))
    return RequestRow(
        row.id, row.code, row.centre_id, progress_of(row, was_asked=row.was_asked), row.state in ANSWERED_STATES,
        _named(row.field_vi, row.field_en), row.service_code, _named(row.area_vi, row.area_en), row.area_ref,
        _named(row.province_vi, row.province_en),
        row.village if names else None, midnight(local_day(row.opened_at)), updated_at(row),
        by_day(row.clock_due_at) - timedelta(seconds=1) if row.clock_due_at is not None else None,
        local_day(row.clock_due_at - timedelta(microseconds=1)) if row.clock_due_at is not None else None, row.clock_ended_at,
        row.urgency == "urgent", row.paused_for, row.paused_until, row.held_reason if row.paused_for == Pause.HOLD else None, published,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Version:
    id: int
    answers: Sequence[AnswerRow]


def _published(row: Any, answers: dict[int, tuple[AnswerRow, ...]], photos: dict[int, ChosenPhotos]) -> Published:
    has_point = row.shows_exact_place and row.latitude is not None and row.longitude is not None
    return Published(
        row.version_id, row.publication_id, row.kind == "interim", row.title, row.question, row.summary, row.place,
        (row.latitude, row.longitude) if has_point else None, row.written_at if row.version > 1 else None, answers[row.version_id],
        photos.get(row.id, ChosenPhotos()),
    )  # fmt: skip


def _named(vi: str | None, en: str | None) -> Bilingual | None:
    return Bilingual(vi, en or vi) if vi is not None else None


@cache
def _shown() -> Select[Any]:
    return columns().where(is_shown(), Case.id.in_(bindparam("cases", expanding=True)))


@cache
def columns() -> Select[Any]:
    """What is read of a case beside its answers and photos."""
    province = aliased(Area)
    newest = select(Publication.id).where(
        Publication.case_id == Case.id, Publication.kind.in_(PUBLIC_KINDS), Publication.unpublished_at.is_(None)
    )
    newest_id = newest.order_by(Publication.number.desc()).limit(1).correlate(Case).scalar_subquery()
    version = aliased(PublicationVersion)
    current = select(version.id).where(version.publication_id == Publication.id).order_by(version.version.desc()).limit(1)
    clock = aliased(Clock)
    limit = select(func.max(clock.id)).where(clock.case_id == Case.id, clock.kind == ClockKind.CASE).correlate(Case)
    beside = aliased(Publication)
    withdrawn = select(func.max(beside.unpublished_at)).where(beside.case_id == Case.id, beside.kind.in_(PUBLIC_KINDS)).correlate(Case)
    read: Select[Any] = (
        select(  # type: ignore[assignment]
            Case.id, Case.code, Case.centre_id, Case.state, Case.state_before, Case.reopened, Case.opened_at, Case.accepted_at,
            Case.urgency, Case.village, Case.latitude, Case.longitude, Case.paused_for, Case.paused_until, Case.held_reason,
            Field.name_vi.label("field_vi"), Field.name_en.label("field_en"), Field.service_code,
            Area.name_vi.label("area_vi"), Area.name_en.label("area_en"), Area.ref.label("area_ref"),
            province.name_vi.label("province_vi"), province.name_en.label("province_en"),
            Publication.id.label("publication_id"), Publication.kind, Publication.published_at,
            PublicationVersion.id.label("version_id"), PublicationVersion.version, PublicationVersion.title, PublicationVersion.question,
            PublicationVersion.summary, PublicationVersion.place, PublicationVersion.shows_exact_place, PublicationVersion.written_at,
            Clock.id.label("clock_id"), Clock.due_at.label("clock_due_at"), Clock.started_at.label("clock_started_at"),
            Clock.ended_at.label("clock_ended_at"), withdrawn.scalar_subquery().label("withdrawn_at"),
            exists().where(Question.case_id == Case.id, Question.ended_at.is_not(None)).label("was_asked"),
        )
        .outerjoin(Field, Field.id == Case.field_id)
        .outerjoin(Area, Area.id == Case.area_id)
        .outerjoin(province, (province.id == Area.parent_id) & (province.level == "province"))
        .outerjoin(Publication, Publication.id == newest_id)
        .outerjoin(PublicationVersion, PublicationVersion.id == current.correlate(Publication).scalar_subquery())
        .outerjoin(Clock, Clock.id == limit.scalar_subquery())
    )  # fmt: skip
    return read


def _answers_of(version_ids: list[int]) -> dict[int, tuple[AnswerRow, ...]]:
    found: dict[int, list[AnswerRow]] = defaultdict(list)
    for row in db.session.execute(_ANSWERS, {"versions": version_ids}) if version_ids else ():
        text = "\n".join(part for part in (row.findings, row.actions, row.remaining) if part)
        found[row.version_id].append(AnswerRow(row.answer_id, Bilingual(row.name_vi, row.name_en), row.agency_id, row.round, text))
    return {each: tuple(found[each]) for each in version_ids}


_ANSWERS = (
    select(
        PublicationAnswer.version_id, PublicationAnswer.answer_id, Answer.findings, Answer.actions, Answer.remaining, Agency.name_vi,
        Agency.name_en, Assignment.agency_id, Assignment.round,
    )
    .join(Answer, Answer.id == PublicationAnswer.answer_id)
    .join(Assignment, Assignment.id == Answer.assignment_id)
    .join(Agency, Agency.id == Assignment.agency_id)
    .where(PublicationAnswer.version_id.in_(bindparam("versions", expanding=True)))
    .order_by(PublicationAnswer.version_id, PublicationAnswer.position)
)  # fmt: skip
