"""Counts the figures of a period over the facts of one or several centres, in total or by one or two dimensions.

Figures that add up over days come from the sums the worker stores (`DailyFigures`), for the whole local days inside the period whose sums
are up to date. The remaining hours at both ends, days changed since, and everything that does not add up are counted from the facts
themselves, each statement beginning at an index by instant. So the work grows with the period and not with the installation.

A fact counts where its case stands now: a correction of its field moves it, also in periods long past. Figures that must not change any
more are frozen (snapshots.py).
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from casework.db import db
from casework.facts.reading import APART
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import CaseMoment, CaseSpan, DailyFigures, StaleDay
from reports.statistics.figure import LEVELS, FactSource, Figure, Shape
from reports.statistics.figures import FIGURES, ratable
from reports.statistics.periods import Period
from reports.statistics.rows import Stretch, agency_of, rows_of, told_apart_by
from reports.statistics.subjects import COLUMNS, NOT_YET, WHOLE, Dimension, Scope, subjects_of

DAILY: dict[str, tuple[str, ...]] = {
    **{key: (key,) for key in (
        "received", "reopened", "returned", "merged", "referred", "withdrawn", "quarantined", "closed", "handled_in_time",
        "handled_in_time_after_extension", "handled_late", "answered_privately", "handled_again", "extensions_granted", "handed_back",
        "redone", "asked_mended", "mended", "not_mended",
    )},
    "handled": ("handled_in_time", "handled_in_time_after_extension", "handled_late"),
    "ratings_given": tuple(LEVELS),
    "refused": (),
    "working_minutes_filed_to_final": ("minutes",),
}  # fmt: skip
"""Figures available from daily sums (casework/facts/daily.py), and from which sums; `refused` has one per reason."""

COUNTED = tuple(key for key, figure in FIGURES.items() if figure.facts != FactSource.NONE)
"""Every figure counted here: all except those of steps, which are passed in."""

Days = tuple[date, date]
"""A run of days, both ends included."""

ALL_OF_DAY = "all"
"""The dimension of the total sums."""

MOST_RUNS = 12
"""Runs of days taken from sums at once; each gap between them is counted from facts."""


def figures_of(
    scope: Scope, period: Period, *, by: Dimension | None = None, keys: Collection[str] | None = None, now: datetime | None = None
) -> dict[str, dict[str, Any]]:
    """Return the figures of a period by subject, WHOLE always among them. Changes nothing.

    A subject is the service code of a field, the ref of an area or agency, a word, or the name of a month; names_of() gives its label. With
    `now`, an unfinished period is counted up to then. A figure for which nothing was counted is 0; percentiles of nothing are None.
    """
    wanted = _wanted(keys)
    if by == Dimension.MONTH:
        return _by_month(scope, period, wanted, now)
    period = period.up_to(now)
    tally = _tally(scope, period, (by,) if by else (), wanted)
    parts = {subject[0]: numbers for subject, numbers in _named(tally, (by,)).items()} if by else {}
    return {subject: _told(numbers, wanted) for subject, numbers in {WHOLE: tally.whole, **parts}.items()}


def series_of(
    scope: Scope, periods: Sequence[Period], *, keys: Collection[str], now: datetime | None = None
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the totals of several periods, as figures_of does, reading the sums of all their days at once.

    Only for figures that add up over days. Raises KeyError for other figures.
    """
    wanted = tuple(key for key in keys if DAILY[key])
    tallies = [_Tally() for _ in periods]
    gone = [period.up_to(now) for period in periods]
    first = min((_first_day(period.since) for period in gone), default=date.max)
    last = max((local_day(period.until) for period in gone), default=date.min)
    for centre_id in scope.centre_ids if periods else ():
        kept = _kept_days(centre_id, first, last) if _has_daily(scope, ()) else set()
        days = db.session.execute(_days_of(scope, centre_id).where(DailyFigures.day.between(first, last)))
        sums = dict(map(tuple, days))
        for tally, period in zip(tallies, gone, strict=True):
            runs, rest = _split(kept, period)
            for day in (each for each in kept if any(begins <= each <= ends for begins, ends in runs)):
                _add_day(tally.whole, sums.get(day, {}), wanted)
            _Counter(tally, scope, centre_id, period, ()).count(wanted, rest)
    return [_told(tally.whole, wanted) for tally in tallies]


def cross(
    scope: Scope, period: Period, rows: Dimension, columns: Dimension, *, keys: Collection[str] | None = None, now: datetime | None = None
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the figures by two dimensions; (x, WHOLE), (WHOLE, y) and (WHOLE, WHOLE) are the totals.

    By month, the totals of standing figures are those of the whole period, as everywhere: months are not added up.
    """
    wanted = _wanted(keys)
    if columns == Dimension.MONTH:
        turned = cross(scope, period, columns, rows, keys=keys, now=now)
        return {(second, first): figures for (first, second), figures in turned.items()}
    if rows == Dimension.MONTH:
        found = {(WHOLE, subject): figures for subject, figures in figures_of(scope, period, by=columns, keys=keys, now=now).items()}
        for month in _months_gone(period, now):
            figures_by = figures_of(scope, month, by=columns, keys=keys, now=now)
            found.update({(month.name, subject): figures for subject, figures in figures_by.items()})
        return found
    tally = _tally(scope, period.up_to(now), (rows, columns), wanted)
    sums: dict[tuple[str, ...], Numbers] = defaultdict(Numbers, {(WHOLE, WHOLE): tally.whole})
    for (first, second), numbers in _named(tally, (rows, columns)).items():
        for subject in ((first, second), (first, WHOLE), (WHOLE, second)):
            sums[subject].take(numbers)
    return {(first, second): _told(numbers, wanted) for (first, second), numbers in sums.items()}


class Numbers(Counter[str]):
    """Counts by key, with reason or level after a colon; and the minutes from which percentiles are computed."""

    def __init__(self) -> None:
        super().__init__()
        self.minutes: list[int] = []

    def take(self, other: "Numbers") -> None:
        """Add the counts of another subject."""
        self.update(other)
        self.minutes += other.minutes


RATABLE = "ratable"
"""The whole of `rated_of_handled`."""


def _wanted(keys: Collection[str] | None) -> tuple[str, ...]:
    return COUNTED if keys is None else tuple(key for key in COUNTED if key in keys)


def _by_month(scope: Scope, period: Period, keys: tuple[str, ...], now: datetime | None) -> dict[str, dict[str, Any]]:
    found = figures_of(scope, period, keys=keys, now=now)
    for month in _months_gone(period, now):
        found[month.name] = figures_of(scope, month, keys=keys, now=now)[WHOLE]
    return found


def _months_gone(period: Period, now: datetime | None) -> list[Period]:
    return [month for month in period.months() if now is None or month.since < now]


# -- counting ---------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Tally:
    """Total counts, and counts by the raw values of the dimensions' columns. Cases counted apart are in the total only."""

    whole: Numbers = dataclass_field(default_factory=Numbers)
    parts: dict[tuple[Any, ...], Numbers] = dataclass_field(default_factory=lambda: defaultdict(Numbers))

    def of(self, subject: tuple[Any, ...]) -> tuple[Numbers, ...]:
        """What a row counts for: the total and, with dimensions, its subject; the last element of `subject` says whether it is apart."""
        return (self.whole, self.parts[subject[:-1]]) if subject and not subject[-1] else (self.whole,)


def _tally(scope: Scope, period: Period, dimensions: tuple[Dimension, ...], keys: tuple[str, ...]) -> _Tally:
    tally = _Tally()
    for centre_id in scope.centre_ids:
        additive = tuple(key for key in keys if key in DAILY)
        rest = [(period.since, period.until)]
        if additive and _has_daily(scope, dimensions):
            runs, rest = _summed_days(centre_id, period)
            _add_days(tally, scope, centre_id, runs, dimensions, additive)
        counter = _Counter(tally, scope, centre_id, period, dimensions)
        counter.count(additive, rest)
        counter.count(tuple(key for key in keys if key not in DAILY), [(period.since, period.until)])
    return tally


@dataclass(frozen=True, slots=True)
class _Counter:
    """Counts facts of one centre, by some dimensions, into a tally."""

    tally: _Tally
    scope: Scope
    centre_id: int
    period: Period
    dimensions: tuple[Dimension, ...]

    def count(self, keys: tuple[str, ...], stretches: Sequence[Stretch]) -> None:
        """Count figures over stretches of the period; standing figures at its ends."""
        if not stretches:
            return
        for facts in (FactSource.OPENED, FactSource.ENDED, FactSource.STOOD_BEFORE, FactSource.STOOD_AFTER, FactSource.MOMENTS):
            own = [FIGURES[key] for key in keys if FIGURES[key].facts == facts]
            sums = {each.key: each.counts(self.period) for each in own if each.shape in (Shape.NUMBER, Shape.PART)}
            if any(each.shape == Shape.PART for each in own):
                sums[RATABLE] = ratable(self.period)
            for where in rows_of(facts, self.scope, self.centre_id, self.period, stretches) if own else ():
                self._sum(facts, sums, where)
                for each in own:
                    if (column := told_apart_by(each)) is not None:
                        self._spread(each, column, where)

    def _columns(self, facts: FactSource) -> tuple[Any, ...]:
        """The grouping columns: the dimensions, and whether a case is counted apart."""
        if not self.dimensions:
            return ()
        table: Any = CaseMoment if facts == FactSource.MOMENTS else CaseSpan
        return (
            *(agency_of(table) if each == Dimension.AGENCY else getattr(table, COLUMNS[each]) for each in self.dimensions),
            table.source == APART,
        )

    def _sum(self, facts: FactSource, sums: Mapping[str, ColumnElement[bool]], where: ColumnElement[bool]) -> None:
        if not sums:
            return
        columns = self._columns(facts)
        query = select(*columns, *(func.count().filter(condition) for condition in sums.values())).where(where)
        query = query.select_from(CaseMoment if facts == FactSource.MOMENTS else CaseSpan)
        for row in db.session.execute(query.group_by(*columns)):
            subject, numbers = tuple(row[: len(columns)]), row[len(columns) :]
            for counts in self.tally.of(subject):
                for key, number in zip(sums, numbers, strict=True):
                    counts[key] += number

    def _spread(self, figure: Figure, column: Any, where: ColumnElement[bool]) -> None:
        columns = self._columns(figure.facts)
        query = select(*columns, column, func.count()).where(where, figure.counts(self.period)).group_by(*columns, column)
        for *subject, value, number in db.session.execute(query):
            for counts in self.tally.of(tuple(subject)):
                if figure.shape == Shape.SPREAD:
                    counts.minutes += [value] * number
                else:
                    counts[f"{figure.key}:{value}"] += number


# -- the sums of days -------------------------------------------------------------------------------------------------------------


def _has_daily(scope: Scope, dimensions: tuple[Dimension, ...]) -> bool:
    """Whether daily sums exist for this: the total, one agency, or one dimension of the total."""
    filters = (scope.field_id, scope.area_id, scope.urgency, scope.source)
    return all(each is None for each in filters) and len(dimensions) + (scope.agency_id is not None) <= 1


def _summed_days(centre_id: int, period: Period) -> tuple[list[Days], list[Stretch]]:
    """The runs of whole local days whose sums are valid, and the remaining stretches of the period.

    A day without a sum, or whose facts have changed since, is counted from its facts. So are short runs if there are many.
    """
    first, last = _first_day(period.since), local_day(period.until) - timedelta(days=1)
    return _split(_kept_days(centre_id, first, last) if first <= last else set(), period)


def _kept_days(centre_id: int, first: date, last: date) -> set[date]:
    """The days whose sums are valid."""
    kept = select(DailyFigures.day).where(
        DailyFigures.centre_id == centre_id, DailyFigures.dimension == ALL_OF_DAY, DailyFigures.day >= first, DailyFigures.day <= last
    )  # fmt: skip
    stale = select(StaleDay.day).where(StaleDay.centre_id == centre_id, StaleDay.day >= first, StaleDay.day <= last)
    return set(db.session.scalars(kept)) - set(db.session.scalars(stale))


def _split(kept: Collection[date], period: Period) -> tuple[list[Days], list[Stretch]]:
    """The runs of whole days of the period among these, and the remaining stretches."""
    first, last = _first_day(period.since), local_day(period.until) - timedelta(days=1)
    days = sorted(day for day in kept if first <= day <= last)
    runs: list[Days] = []
    for day in days:
        if runs and runs[-1][1] == day - timedelta(days=1):
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    runs = sorted(sorted(runs, key=lambda run: run[0] - run[1])[:MOST_RUNS])
    rest: list[Stretch] = []
    since = period.since
    for begins, ends in runs:
        if since < _midnight(begins):
            rest.append((since, _midnight(begins)))
        since = _midnight(ends + timedelta(days=1))
    return runs, [*rest, (since, period.until)] if since < period.until else rest


def _add_days(
    tally: _Tally, scope: Scope, centre_id: int, runs: Sequence[Days], dimensions: tuple[Dimension, ...], keys: tuple[str, ...]
) -> None:  # fmt: skip
    if not runs:
        return
    within = or_(*(DailyFigures.day.between(first, last) for first, last in runs))
    query = select(DailyFigures.figures).where(DailyFigures.centre_id == centre_id, within)
    for _day, figures in db.session.execute(_days_of(scope, centre_id).where(within)):
        _add_day(tally.whole, figures, keys)
    for dimension in dimensions:
        parts = query.add_columns(DailyFigures.subject).where(DailyFigures.dimension == str(dimension))
        for figures, subject in db.session.execute(parts):
            _add_day(tally.parts[(_raw(dimension, subject),)], figures, keys)


def _days_of(scope: Scope, centre_id: int) -> Select[date, Any]:
    """The daily sums in total, or of the requested agency."""
    query = select(DailyFigures.day, DailyFigures.figures).where(DailyFigures.centre_id == centre_id)
    if scope.agency_id is not None:
        return query.where(DailyFigures.dimension == str(Dimension.AGENCY), DailyFigures.subject == str(scope.agency_id))
    return query.where(DailyFigures.dimension == ALL_OF_DAY)


def _add_day(numbers: Numbers, figures: Mapping[str, Any], keys: tuple[str, ...]) -> None:
    for key in keys:
        shape = FIGURES[key].shape
        if shape == Shape.SPREAD:
            numbers.minutes += figures.get(DAILY[key][0], ())
        elif shape == Shape.REASONS:
            for name, number in figures.items():
                if name.startswith(f"{key}:"):
                    numbers[name if name != f"{key}:" else f"{key}:{NOT_YET}"] += number
        elif shape == Shape.LEVELS:
            for level in DAILY[key]:
                numbers[f"{key}:{level}"] += figures.get(level, 0)
        else:
            numbers[key] += sum(figures.get(name, 0) for name in DAILY[key])


def _raw(dimension: Dimension, subject: str) -> Any:
    if dimension in (Dimension.URGENCY, Dimension.SOURCE):
        return subject
    return int(subject) if subject else None


def _first_day(instant: datetime) -> date:
    day = local_day(instant)
    return day if _midnight(day) == instant else day + timedelta(days=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL_ZONE)


# -- telling ----------------------------------------------------------------------------------------------------------------------


def _named(tally: _Tally, dimensions: Sequence[Dimension]) -> dict[tuple[str, ...], Numbers]:
    """By subject as it is named outside. Rows with the same meaning (a field in two centres) are merged."""
    known = [subjects_of(dimension, {raw[place] for raw in tally.parts}) for place, dimension in enumerate(dimensions)]
    found: dict[tuple[str, ...], Numbers] = defaultdict(Numbers)
    for raw, numbers in tally.parts.items():
        if any(numbers.values()) or numbers.minutes:
            found[tuple(names[value] for names, value in zip(known, raw, strict=True))].take(numbers)
    return found


def _told(numbers: Numbers, keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: _value(FIGURES[key], numbers) for key in keys}


def _value(figure: Figure, numbers: Numbers) -> Any:
    if figure.shape == Shape.PART:
        return [numbers[figure.key], numbers[RATABLE]]
    if figure.shape == Shape.NUMBER:
        return numbers[figure.key]
    if figure.shape == Shape.SPREAD:
        return spread(numbers.minutes)
    inner = {key.partition(":")[2]: number for key, number in numbers.items() if number and key.startswith(f"{figure.key}:")}
    if figure.shape == Shape.LEVELS:
        return {level: inner.get(level, 0) for level in LEVELS}
    return dict(sorted(inner.items()))


def spread(values: Collection[int]) -> dict[str, float | None]:
    """Median (mean of the middle two) and 90th percentile (nearest rank); None of nothing."""
    if not values:
        return {"median": None, "p90": None}
    ordered = sorted(values)
    return {
        "median": (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2,
        # in integers, since 0.9 is not exact in binary
        "p90": ordered[-(-9 * len(ordered) // 10) - 1],
    }
