"""The counted months combined for a page: sums, medians, rates with both numbers. Reads a bounded number of rows."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, union_all

from casework.bilingual import Bilingual
from casework.db import db
from casework.figures.counting import AGENCY, ALL, AREA, FIELD, NOT_YET, Figures, Subject, month_before, month_of
from casework.figures.definitions import (
    ANSWER_DAYS,
    FEWEST_FOR_A_RATE,
    FIGURES,
    MEDIAN,
    MEDIANS,
    NESTED,
    NOT_PUBLIC,
    NOUGHT_LEFT_OUT,
    RATES,
    REFUSED,
    Rate,
)
from casework.lateness import late, public_moment
from casework.local_time import local_day
from casework.models import Agency, Area, Case, Centre, Field, PublicFigures, RefusalReason
from casework.open_cases import OWED_STATES
from casework.public.cases import PublicItem, public_items

MONTHS_SHOWN = 12
MONTHS_SEARCHED = 120
MOST_LATE = 20

NOTHING_YET = {
    FIELD: Bilingual("Chưa phân loại", "Not classified yet"),
    AREA: Bilingual("Chưa rõ địa bàn", "Place not known yet"),
    AGENCY: Bilingual("Chưa giao đơn vị", "No agency yet"),
}


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, each None where it was not counted. `percent` is None below FEWEST_FOR_A_RATE."""

    rate: Rate
    part: int | None
    whole: int | None

    @property
    def percent(self) -> float | None:
        """Rounded to one decimal."""
        if self.part is None or self.whole is None or self.whole < FEWEST_FOR_A_RATE:
            return None
        return round(100 * self.part / self.whole, 1)


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """The figures of one subject over some months; one that is neither in `figures` nor in `not_counted` is zero."""

    figures: Figures
    not_counted: frozenset[str] = frozenset()

    def number(self, *keys: str) -> int | None:
        """The sum of plain figures, or the count of those by reason or minute. None where one of them was not counted."""
        if not self.not_counted.isdisjoint(keys):
            return None
        found = (self.figures.get(key, 0) for key in keys)
        return sum(sum(each.values()) if isinstance(each, dict) else int(each) for each in found)

    def share(self, key: str) -> Share:
        rate = RATES[key]
        return Share(rate, self.number(*rate.part), self.number(*rate.whole))

    @property
    def median_minutes(self) -> float | None:
        """Working minutes from filing to acceptance, the mean of the middle two.

        None below FEWEST_FOR_A_RATE: the minutes of a single report, subtracted from when the public saw it accepted, would reveal when
        it was sent.
        """
        counts, total = self._counts(MEDIAN)
        return (_at(counts, (total - 1) // 2) + _at(counts, total // 2)) / 2 if total >= FEWEST_FOR_A_RATE else None

    @property
    def half_days(self) -> int | None:
        """The fewest days within which at least half of the cases were answered; None below FEWEST_FOR_A_RATE, or where it was not
        counted."""
        counts, total = self._counts(ANSWER_DAYS)
        return _at(counts, (total - 1) // 2) if total >= FEWEST_FOR_A_RATE and ANSWER_DAYS not in self.not_counted else None

    def median(self, key: str) -> float | None:
        """Of one of MEDIANS."""
        return self.half_days if key == ANSWER_DAYS else self.median_minutes

    def _counts(self, key: str) -> tuple[list[tuple[int, int]], int]:
        counts = sorted((int(size), number) for size, number in self.figures.get(key, {}).items())
        return counts, sum(number for _size, number in counts)

    @property
    def is_empty(self) -> bool:
        return not self.figures


@dataclass(frozen=True, slots=True)
class FiguresLine:
    """A field, commune or agency with its figures. `subject` is its value in the filter of the list of reports, empty where it has none."""

    name: Bilingual
    subject: str
    numbers: PeriodFigures


@dataclass(frozen=True)
class FiguresPage:
    """Everything on the page: the whole of the period, and its parts in their own order, which is never a ranking."""

    months: list[date]
    counted_at: datetime | None
    whole: PeriodFigures
    by_month: list[tuple[date, PeriodFigures]]
    fields: list[FiguresLine]
    areas: list[FiguresLine]
    agencies: list[FiguresLine]
    refused: list[tuple[Bilingual, int]] = field(default_factory=list)
    gaps: list[date] = field(default_factory=list)
    """Months of the period not counted yet although an earlier one is."""


@dataclass(frozen=True, slots=True)
class OpenRow:
    """The figures of one subject in one month as open data. `name` is None for the whole."""

    month_on: date
    dimension: str
    subject: str
    name: Bilingual | None
    figures: Figures
    counted_at: datetime


def months_counted(centre_id: int, now: datetime) -> list[date]:
    """The months of the last ten years with anything to count, newest first."""
    query = select(PublicFigures.month_on, PublicFigures.figures).where(
        PublicFigures.month_on.in_(last_months(now, MONTHS_SEARCHED)), PublicFigures.centre_id == centre_id, PublicFigures.dimension == ALL
    )  # fmt: skip
    return [month_on for month_on, figures in db.session.execute(query.order_by(PublicFigures.month_on.desc())) if any(figures.values())]


def last_months(now: datetime, number: int = MONTHS_SHOWN) -> list[date]:
    """The present month and those before it, oldest first."""
    months = [month_of(now)]
    while len(months) < number:
        months.append(month_before(months[-1]))
    return months[::-1]


def shown_figures(centre_id: int, *, period: Sequence[date], chart: Sequence[date]) -> FiguresPage:
    rows = _rows(centre_id, {*period, *chart}, set(period))
    in_period: dict[Subject, list[tuple[date, Figures]]] = {}
    whole: dict[date, Figures] = {}
    for row in rows:
        if row.dimension == ALL:
            whole[row.month_on] = row.figures
        if row.month_on in period:
            in_period.setdefault((row.dimension, row.subject), []).append((row.month_on, row.figures))
    newest = max(period)
    unknown = _not_counted_in([whole.get(month_on) for month_on in period])
    total = summed(in_period.get((ALL, ""), []), newest, unknown)
    parts = {subject: summed(figures, newest, unknown) for subject, figures in in_period.items()}
    return FiguresPage(
        months=list(period),
        counted_at=max((row.counted_at for row in rows if row.month_on in period), default=None),
        whole=total,
        by_month=[(month_on, PeriodFigures(whole.get(month_on, {}), not_counted(whole.get(month_on)))) for month_on in chart],
        fields=_lines(FIELD, parts, _names_of_fields),
        areas=_lines(AREA, parts, _names_of_areas),
        agencies=_lines(AGENCY, parts, _names_of_agencies),
        refused=_reasons(total.figures.get(REFUSED, {})),
        gaps=[month_on for month_on in period if month_on not in whole and any(each < month_on for each in whole)],
    )


def not_counted(whole: Figures | None) -> frozenset[str]:
    """The figures that were not counted in a month, judged by what is stored of its whole; None: the month was not counted."""
    if whole is None:
        return frozenset(FIGURES)
    return frozenset(FIGURES) - NOUGHT_LEFT_OUT - whole.keys()


def _not_counted_in(months: Sequence[Figures | None]) -> frozenset[str]:
    """The figures that have no sum over some months, oldest first, because one of these lacks it.

    A month missing altogether does not count: it is before the centre's first, or will be counted within the hour.
    """
    kept = [not_counted(whole) for whole in months if whole is not None]
    added_up = frozenset().union(*(each for each in kept)) if kept else frozenset(FIGURES)
    newest = not_counted(months[-1])
    return frozenset(key for key in FIGURES if key in (newest if FIGURES[key].is_standing else added_up))


def summed(figures: Iterable[tuple[date, Figures]], newest: date, unknown: frozenset[str] = frozenset()) -> PeriodFigures:
    """Months combined: numbers are added up; standing figures are those of the newest month of the period."""
    total: Counter[str] = Counter()
    nested: dict[str, Counter[str]] = {key: Counter() for key in NESTED}
    for month_on, counts in figures:
        for key, number in counts.items():
            if key in NESTED:
                nested[key].update(number)
            elif key in FIGURES and (month_on == newest or not FIGURES[key].is_standing):
                total[key] += number
    return PeriodFigures({**total, **{key: dict(counts) for key, counts in nested.items() if counts}}, unknown)


def open_rows(centre_id: int, months: Iterable[date]) -> tuple[list[OpenRow], dict[Subject, dict[str, float | None]]]:
    """The figures of some months as open data, and the medians of each subject over all these months.

    None: not counted in that month, or not published.

    Anything left out is zero. The distributions of minutes and days are not published, only medians, and below FEWEST_FOR_A_RATE None
    (`median_minutes`). Otherwise a sum over subjects would reveal those of the one left out.
    """
    rows = _rows(centre_id, set(months), set(months))
    names: dict[Subject, Bilingual] = {}
    for dimension, asked in ((FIELD, _names_of_fields), (AREA, _names_of_areas), (AGENCY, _names_of_agencies)):
        subjects = {row.subject for row in rows if row.dimension == dimension}
        names.update({(dimension, subject): name for subject, name in asked(subjects).items()})
        names[dimension, NOT_YET] = NOTHING_YET[dimension]
    spread: dict[Subject, dict[str, Counter[str]]] = {}
    unknown = {row.month_on: not_counted(row.figures) for row in rows if row.dimension == ALL}
    told = []
    for row in rows:
        figures = {**dict.fromkeys(unknown.get(row.month_on, ())), **row.figures}
        for key in (each for each in MEDIANS if each in row.figures):
            spread.setdefault((row.dimension, row.subject), {}).setdefault(key, Counter()).update(row.figures[key])
            figures[key] = PeriodFigures(row.figures).median(key)
        name = names.get((row.dimension, row.subject))
        told.append(OpenRow(row.month_on, row.dimension, row.subject, name, figures, row.counted_at))
    lacking = frozenset().union(*unknown.values())
    return told, {
        subject: {key: PeriodFigures(counts, lacking).median(key) for key in counts} for subject, counts in spread.items()
    }  # fmt: skip


def late_cases(centre_id: int, *, now: datetime) -> list[PublicItem]:
    """The open cases longest overdue that the public may know of, MOST_LATE at most."""
    # the first ones of each state by the index on centre, state and limit, so that the number read does not grow with the number late
    found = [
        select(Case.id, Case.due_at)
        .where(Case.centre_id == centre_id, Case.state == state, late(Case.due_at, public_moment(now)))
        .where(Case.quarantined_at.is_(None), Case.visibility_reason_id.is_(None), Case.merged_into_id.is_(None))
        .where(Case.parent_id.is_(None))
        .order_by(Case.due_at)
        .limit(MOST_LATE)
        .subquery()
        for state in OWED_STATES
    ]
    behind = union_all(*(select(each.c.id, each.c.due_at) for each in found)).subquery()
    ids = list(db.session.scalars(select(behind.c.id).order_by(behind.c.due_at, behind.c.id).limit(MOST_LATE)))
    # not in the order of the hours, which are not public
    today = local_day(now)
    return sorted(public_items(ids), key=lambda item: (item.limit.due_on or today if item.limit else today, item.code))


def centres_with_figures() -> list[Centre]:
    return list(db.session.scalars(select(Centre).order_by(Centre.is_default.desc(), Centre.id)))


def _rows(centre_id: int, months: set[date], with_parts: set[date]) -> list[PublicFigures]:
    query = select(PublicFigures).where(PublicFigures.centre_id == centre_id)
    whole = query.where(PublicFigures.month_on.in_(months - with_parts), PublicFigures.dimension == ALL, PublicFigures.subject == "")
    rows = list(db.session.scalars(query.where(PublicFigures.month_on.in_(with_parts))))
    if months - with_parts:
        rows += db.session.scalars(whole)
    # parts of a month stored without it include cases that are not public; the worker recounts it (keeping.py)
    as_now = {row.month_on for row in rows if row.dimension == ALL and NOT_PUBLIC in row.figures}
    rows = [row for row in rows if row.dimension == ALL or row.month_on in as_now]
    return sorted(rows, key=lambda row: (row.month_on, row.id))


def _lines(dimension: str, parts: Mapping[Subject, PeriodFigures], asked: Any) -> list[FiguresLine]:
    found = {subject: numbers for (kind, subject), numbers in parts.items() if kind == dimension and not numbers.is_empty}
    lines = [FiguresLine(name, subject, found[subject]) for subject, name in asked(set(found)).items()]
    return [*lines, *([FiguresLine(NOTHING_YET[dimension], "", found[NOT_YET])] if NOT_YET in found else [])]


def _names_of_fields(codes: set[str]) -> dict[str, Bilingual]:
    query = select(Field).where(Field.service_code.in_(codes)).order_by(Field.position, Field.valid_from.desc(), Field.id)
    names: dict[str, Bilingual] = {}
    for row in db.session.scalars(query):
        names.setdefault(row.service_code, row.name)
    return names


def _names_of_areas(refs: set[str]) -> dict[str, Bilingual]:
    return {row.ref: row.name for row in db.session.scalars(select(Area).where(Area.ref.in_(refs)).order_by(Area.folded_name, Area.id))}


def _names_of_agencies(refs: set[str]) -> dict[str, Bilingual]:
    query = select(Agency).where(Agency.ref.in_(refs)).order_by(Agency.folded_name, Agency.id)
    return {row.ref: row.name for row in db.session.scalars(query)}


def _reasons(counts: Mapping[str, int]) -> list[tuple[Bilingual, int]]:
    rows = db.session.scalars(select(RefusalReason).where(RefusalReason.key.in_(counts)).order_by(RefusalReason.position, RefusalReason.id))
    names: dict[str, Bilingual] = {}
    for row in rows:
        names.setdefault(row.key, row.name)
    return [(name, counts[key]) for key, name in names.items()]


def _at(counts: Sequence[tuple[int, int]], place: int) -> int:
    for minutes, number in counts:
        if place < number:
            return minutes
        place -= number
    raise IndexError(place)
