"""Counting one month of one centre. Each statement begins at an index by instant, so its cost grows with that month and not with the
installation.

The whole counts every case; a field, place or agency counts only those the public may know of (casework.public.filters.is_shown), so that
comparing such a number with the list of cases, or subtracting others from it, never reveals a sensitive, refused or privately answered
one. Quarantined cases are counted as received and as referred (rules.md, section 6).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.orm import aliased

from casework.calendars import calendar_of
from casework.clocks.acts import ClockKind
from casework.db import db
from casework.figures.definitions import ANSWER_DAYS, MEDIAN, NOT_PUBLIC, RATED, REFUSED, ROUNDED_TO
from casework.lateness import late, public_moment
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import (
    Agency,
    Area,
    Assignment,
    Case,
    Clock,
    Extension,
    Field,
    MendedQuestion,
    Publication,
    Rating,
    Referral,
    Refusal,
    RefusalReason,
    Review,
)
from casework.open_cases import count_unconfirmed, is_open
from casework.public.filters import is_shown
from casework.publications import WHOLE
from casework.states import CaseState
from casework.working_time import working_minutes

ALL, FIELD, AREA, AGENCY = "all", "field", "area", "agency"
NOT_YET = "none"
"""The subject of cases without a field, place or agency."""

Subject = tuple[str, str]
Figures = dict[str, Any]
FINAL_KINDS = ("final", "private")
NOT_ELIGIBLE = (CaseState.REFUSED, CaseState.MERGED, CaseState.WITHDRAWN, CaseState.JOINED, CaseState.QUARANTINED)
DIMENSIONS = (Case.field_id, Case.area_id, Case.lead_agency_id)


def month_of(instant: datetime) -> date:
    return local_day(instant).replace(day=1)


def month_after(month_on: date) -> date:
    return date(month_on.year + month_on.month // 12, month_on.month % 12 + 1, 1)


def month_before(month_on: date) -> date:
    return date(month_on.year - (month_on.month == 1), (month_on.month - 2) % 12 + 1, 1)


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL_ZONE)


def counted(month_on: date, *, centre_id: int, now: datetime) -> dict[Subject, Figures]:
    """The figures of a month so far, by dimension and subject, without zeros. Changes nothing.

    Open cases can only be counted while the month lasts.
    """
    since, until = start_of(month_on), start_of(month_after(month_on))
    tally = _Tally()
    _count_received(tally, centre_id, since, until)
    _count_refused(tally, centre_id, since, until)
    _count_answered(tally, centre_id, since, until)
    _count_acts(tally, centre_id, since, until)
    _count_ratings(tally, centre_id, since, until)
    _count_mended(tally, centre_id, since, until)
    _count_acceptances(tally, centre_id, since, until)
    if since <= now < until:
        _count_open(tally, centre_id, now)
    return tally.by_subject(_subjects(tally.keys()))


class _Tally:
    """Numbers by (field, area, agency) of the case, grouped by subject at the end."""

    def __init__(self) -> None:
        self._whole: Counter[str] = Counter()
        self._parts: dict[tuple[str, int | None], Counter[str]] = defaultdict(Counter)

    def add(self, key: str, number: int, case: Iterable[int | None], *, is_public: bool) -> None:
        """Count cases for the whole and, if the public may know of them, for their field, area and agency."""
        if not number:
            return
        self._whole[key] += number
        for dimension, row_id in zip((FIELD, AREA, AGENCY), case, strict=True) if is_public else ():
            self._parts[dimension, row_id][key] += number

    def add_whole(self, key: str, number: int) -> None:
        self._whole[key] += number

    def add_part(self, key: str, number: int, dimension: str, row_id: int | None) -> None:
        self._parts[dimension, row_id][key] += number

    def keys(self) -> Iterable[tuple[str, int | None]]:
        """The dimensions and rows something was counted for."""
        return self._parts

    def by_subject(self, subjects: Mapping[tuple[str, int | None], str]) -> dict[Subject, Figures]:
        """The figures by subject; rows that mean the same subject (a field in the wording of two centres) are added up."""
        found: dict[Subject, Counter[str]] = defaultdict(Counter)
        found[ALL, ""].update(self._whole)
        for part, numbers in self._parts.items():
            found[part[0], subjects[part]].update(numbers)
        return {subject: _nested(numbers) for subject, numbers in found.items()}


def _nested(numbers: Mapping[str, int]) -> Figures:
    """Make `refused:quang_cao` and the minutes nested objects."""
    figures: Figures = {}
    for key, number in sorted(numbers.items()):
        if not number:
            continue
        outer, colon, inner = key.partition(":")
        if colon:
            figures.setdefault(outer, {})[inner] = number
        else:
            figures[key] = number
    return figures


def _count_received(tally: _Tally, centre_id: int, since: datetime, until: datetime) -> None:
    is_eligible = and_(Case.accepted_at.is_not(None), Case.state.not_in(NOT_ELIGIBLE), Case.quarantined_at.is_(None))
    query = select(*DIMENSIONS, is_shown(), is_eligible, func.count()).where(
        _of(centre_id), Case.opened_at >= since, Case.opened_at < until
    )
    for *case, is_public, eligible, number in db.session.execute(query.group_by(*DIMENSIONS, is_shown(), is_eligible)):
        tally.add("received", number, case, is_public=is_public)
        if eligible:
            tally.add("eligible", number, case, is_public=is_public)
        if not is_public:
            tally.add_whole(NOT_PUBLIC, number)


def _count_refused(tally: _Tally, centre_id: int, since: datetime, until: datetime) -> None:
    query = select(*DIMENSIONS, is_shown(), RefusalReason.key, func.count()).select_from(Refusal).join(Case, Case.id == Refusal.case_id)
    query = query.join(RefusalReason, RefusalReason.id == Refusal.reason_id)
    query = query.where(_between(Refusal.refused_at, since, until), Refusal.objection_upheld.is_not(True), *_counts(centre_id))
    for *case, is_public, reason, number in db.session.execute(query.group_by(*DIMENSIONS, is_shown(), RefusalReason.key)):
        tally.add(f"{REFUSED}:{reason}", number, case, is_public=is_public)


def _count_answered(tally: _Tally, centre_id: int, since: datetime, until: datetime) -> None:
    """Counted by the limit the answer ended; a case is judged by its first answer (rules.md, section 4, "Reopen")."""
    earlier = aliased(Publication)
    is_second = exists().where(
        earlier.case_id == Publication.case_id, earlier.number < Publication.number, earlier.kind.in_(FINAL_KINDS)
    )  # fmt: skip
    query = select(
        Case.id, *DIMENSIONS, is_shown(), Case.opened_at, Publication.published_at, Clock.ended_late, Clock.extended_at, Clock.ended_at,
        Clock.first_due_at,
    )  # fmt: skip
    query = query.select_from(Publication).join(Case, Case.id == Publication.case_id)
    query = query.outerjoin(
        Clock, and_(Clock.case_id == Case.id, Clock.kind == ClockKind.CASE, Clock.ended_at == Publication.published_at)
    )  # fmt: skip
    query = query.where(_between(Publication.published_at, since, until), Publication.kind.in_(FINAL_KINDS), ~is_second)
    query = query.where(*_counts(centre_id))
    seen: set[int] = set()
    for case_id, field_id, area_id, agency_id, is_public, opened_at, published_at, *limit in db.session.execute(query):
        if case_id not in seen:
            seen.add(case_id)
            days = (local_day(published_at) - local_day(opened_at)).days
            for key in ("answered", _verdict(*limit), f"{ANSWER_DAYS}:{days}"):
                tally.add(key, 1, (field_id, area_id, agency_id), is_public=is_public)


def _verdict(ended_late: bool | None, extended_at: datetime | None, ended_at: datetime | None, first_due_at: datetime | None) -> str:
    if ended_late:
        return "late"
    if extended_at is not None and ended_at is not None and first_due_at is not None and ended_at >= first_due_at:
        return "in_time_after_extension"
    return "in_time"


def _count_acts(tally: _Tally, centre_id: int, since: datetime, until: datetime) -> None:
    reopened = select(*DIMENSIONS, is_shown(), func.count()).select_from(Review).join(Publication, Publication.id == Review.publication_id)
    reopened = reopened.join(Case, Case.id == Publication.case_id)
    reopened = reopened.where(_between(Review.decided_at, since, until), Review.outcome == "reopened", *_counts(centre_id))
    _add_rows(tally, "reopened", reopened)
    referred = select(*DIMENSIONS, is_shown(), func.count()).select_from(Referral).join(Case, Case.id == Referral.case_id)
    _add_rows(tally, "referred", referred.where(_between(Referral.referred_at, since, until), *_counts(centre_id)))
    # a matter counts once: cases merged into a quarantined one stay merged
    is_main = (Case.merged_into_id + 0).is_(None)  # no index by it either, see _of
    apart = select(func.count()).where(
        Case.quarantined_at.is_not(None), _between(Case.quarantined_at, since, until), _of(centre_id), is_main
    )  # fmt: skip
    tally.add_whole("referred", db.session.scalar(apart) or 0)
    own = (Case.field_id, Case.area_id, Assignment.agency_id)
    extended = select(*own, is_shown(), func.count()).select_from(Extension).join(Assignment, Assignment.id == Extension.assignment_id)
    extended = extended.join(Case, Case.id == Assignment.case_id)
    extended = extended.where(_between(Extension.decided_at, since, until), Extension.granted.is_(True), *_counts(centre_id))
    _add_rows(tally, "extended", extended, own)


def _count_ratings(tally: _Tally, centre_id: int, since: datetime, until: datetime) -> None:
    whole = Rating.about == WHOLE
    columns = (Case.field_id, Case.area_id, Rating.agency_id, Rating.level)
    query = select(*columns, whole, is_shown(), func.count()).select_from(Rating).join(Publication, Publication.id == Rating.publication_id)
    query = query.join(Case, Case.id == Publication.case_id).where(_between(Rating.rated_at, since, until), *_counts(centre_id))
    for field_id, area_id, agency_id, level, is_whole, is_public, number in db.session.execute(query.group_by(*columns, whole, is_shown())):
        if level not in RATED:
            continue
        if is_whole:
            tally.add_whole(level, number)
        if is_whole and is_public:
            tally.add_part(level, number, FIELD, field_id)
            tally.add_part(level, number, AREA, area_id)
        elif is_public:
            tally.add_part(level, number, AGENCY, agency_id)


def _count_mended(tally: _Tally, centre_id: int, since: datetime, until: datetime) -> None:
    columns = (*DIMENSIONS, MendedQuestion.answer, is_shown())
    said = select(*columns, func.count()).select_from(MendedQuestion).join(Case, Case.id == MendedQuestion.case_id)
    said = said.where(_between(MendedQuestion.answered_at, since, until), *_counts(centre_id)).group_by(*columns)
    for *case, answer, is_public, number in db.session.execute(said):
        tally.add("mended" if answer == "yes" else "not_mended", number, case, is_public=is_public)


def _count_acceptances(tally: _Tally, centre_id: int, since: datetime, until: datetime) -> None:
    calendar = calendar_of(centre_id)
    query = select(*DIMENSIONS, is_shown(), Case.opened_at, Case.accepted_at).where(_between(Case.accepted_at, since, until))
    query = query.where(Case.centre_id == centre_id, Case.quarantined_at.is_(None), Case.parent_id.is_(None))
    for *case, is_public, opened_at, accepted_at in db.session.execute(query):
        minutes = working_minutes(opened_at, accepted_at or opened_at, calendar)
        tally.add(f"{MEDIAN}:{ROUNDED_TO * round(minutes / ROUNDED_TO)}", 1, case, is_public=is_public)


def _count_open(tally: _Tally, centre_id: int, now: datetime) -> None:
    # by days: a figure of one commune that changed with the hour would reveal when its only report was sent
    is_late = and_(Case.due_at.is_not(None), late(Case.due_at, public_moment(now)))
    query = select(*DIMENSIONS, is_shown(), is_late, func.count()).where(Case.centre_id == centre_id, *is_open())
    for *case, is_public, behind, number in db.session.execute(query.group_by(*DIMENSIONS, is_shown(), is_late)):
        tally.add("open_late" if behind else "open_in_time", number, case, is_public=is_public)
    # for the whole only: for a commune it would reveal how its only report was sent
    tally.add_whole("unconfirmed", count_unconfirmed([centre_id]))


def _add_rows(tally: _Tally, key: str, query: Select[*tuple[Any, ...]], columns: tuple[Any, ...] = DIMENSIONS) -> None:
    for *case, is_public, number in db.session.execute(query.group_by(*columns, is_shown())):
        tally.add(key, number, case, is_public=is_public)


def _counts(centre_id: int) -> tuple[ColumnElement[bool], ...]:
    return _of(centre_id), Case.quarantined_at.is_(None)


def _of(centre_id: int) -> ColumnElement[bool]:
    """Cases of that centre, but no parts of one, worded so that no index by centre applies: SQLite would use it and read every case the
    centre ever had."""
    return and_(Case.centre_id + 0 == centre_id, Case.parent_id.is_(None))


def _between(column: Any, since: datetime, until: datetime) -> ColumnElement[bool]:
    return and_(column >= since, column < until)


def _subjects(parts: Iterable[tuple[str, int | None]]) -> dict[tuple[str, int | None], str]:
    """The public identifiers of rows: service code, or random id."""
    wanted: dict[str, set[int]] = defaultdict(set)
    found = dict.fromkeys(parts, NOT_YET)
    for dimension, row_id in found:
        if row_id is not None:
            wanted[dimension].add(row_id)
    for dimension, id_column, name in ((FIELD, Field.id, Field.service_code), (AREA, Area.id, Area.ref), (AGENCY, Agency.id, Agency.ref)):
        for row_id, subject in db.session.execute(select(id_column, name).where(id_column.in_(wanted[dimension]))):
            found[dimension, row_id] = subject
    return found
