"""The history on a dashboard: the trend of weeks or months, the traces of the main numbers, and step times compared with their limits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext as _

from casework.bilingual import Bilingual
from casework.figures.counting import month_after, month_of, start_of
from casework.local_time import LOCAL_ZONE
from reports.charts import HorizontalChart, LineChart, Trace, against_limits, lined, traced
from reports.statistics.counting import series_of
from reports.statistics.figure import LEVELS
from reports.statistics.periods import MONTH, WEEK, Period, period_at
from reports.statistics.rates import RATES, share_of
from reports.statistics.reach import Reach
from reports.statistics.standing import OpenState, standing_over
from web.filters import percent
from web.locales import in_reader_language as local
from web.statistics.figure_rows import hours
from web.statistics.figures_request import FiguresRequest
from workflows.figures.steps import is_kept, step_hours
from workflows.versions.step_limits import limits_of_steps

POINTS = 12
"""Weeks or months counted for the trend."""

WEEKS = 8
"""Weeks in the trend and in each trace."""

WEEKS_OF_A_RATE = 4
"""A point in the trace of a rate is of so many weeks: of one alone, few places have five cases."""

MOST_STEPS = 30
"""Steps in the chart; the table below has all of them."""

TREND_KEYS = ("received", "handled", "handled_late")
RATED_KEYS = ("handled_in_time", "handled_in_time_after_extension", "ratings_given")
"""What the traces of rates need as well."""


@dataclass(frozen=True, slots=True)
class StepTime:
    """A step's duration and limit, in office minutes."""

    name: Bilingual
    passages: int
    median: float | None
    limit: int | None

    @property
    def is_over(self) -> bool:
        """Whether its median duration exceeds the limit."""
        return self.median is not None and self.limit is not None and self.median > self.limit


@dataclass(frozen=True, slots=True)
class NumberTrace:
    """The trace of a main number, and its values in words for who cannot see it."""

    drawn: Trace
    words: str


def trend_of(reach: Reach, kind: str, moment: datetime) -> list[tuple[Period, dict[str, Any]]]:
    """The last weeks or months counted, oldest first, each with the counts of the figures."""
    period = period_at(kind, moment, centre_id=reach.centre.id)
    periods = [period]
    while len(periods) < POINTS:
        periods.append(periods[-1].before())
    periods.reverse()
    return list(zip(periods, series_of(reach.scope, periods, keys=(*TREND_KEYS, *RATED_KEYS), now=moment), strict=True))


def shown_trend(trend: list[tuple[Period, dict[str, Any]]], kind: str) -> list[tuple[Period, dict[str, Any]]]:
    """What chart, table and file show of it."""
    return trend[-WEEKS:] if kind == WEEK else trend


def trend_chart(trend: Sequence[tuple[Period, dict[str, Any]]], kind: str, *, since: datetime | None = None) -> LineChart:
    """Received and handled; from `since` on the ground is shaded, in a chart of weeks."""
    series = [(line, [numbers[key] for _period, numbers in trend]) for line, key in (("in", "received"), ("out", "handled"))]
    begins = (since - trend[0][0].since) / WEEK_LENGTH if since is not None and kind == WEEK and trend else None
    return lined([chart_label(period, kind) for period, _numbers in trend], series, since=begins if begins and begins > 0 else None)


WEEK_LENGTH = timedelta(days=7)


def traces_of(
    reach: Reach, standing: Mapping[OpenState, int], weeks: Sequence[tuple[Period, dict[str, Any]]], moment: datetime
) -> dict[str, NumberTrace | None]:  # fmt: skip
    """The traces of the five main numbers: what was open a week apart, and the two rates of four weeks each."""
    then = standing_over(reach.scope, [moment - WEEK_LENGTH * ago for ago in range(WEEKS - 1, 0, -1)])
    traces = {
        each.value: _trace([*(numbers[each] for numbers in then), standing[each]], str)
        for each in (OpenState.LATE, OpenState.SOON, OpenState.URGENT)
    }  # fmt: skip
    for key in ("in_time_of_handled", "content_of_rated"):
        rates = [_rate(key, [numbers for _period, numbers in weeks[end - WEEKS_OF_A_RATE : end]])
                 for end in range(len(weeks) - WEEKS + 1, len(weeks) + 1)]  # fmt: skip
        traces[key] = _trace(rates, percent)
    return traces


def _rate(key: str, weeks: Sequence[dict[str, Any]]) -> float | None:
    """A rate of several weeks together; None of too few cases."""
    told: dict[str, Any] = {name: sum(week[name] for week in weeks) for name in (*TREND_KEYS, *RATED_KEYS) if name != "ratings_given"}
    told["ratings_given"] = {level: sum(week["ratings_given"].get(level, 0) for week in weeks) for level in LEVELS}
    return share_of(RATES[key], told).percent


def _trace(values: Sequence[float | None], words: Callable[[Any], str]) -> NumberTrace | None:
    drawn = traced(values)
    return NumberTrace(drawn, ", ".join(words(value) if value is not None else "–" for value in values)) if drawn is not None else None


def chart_label(period: Period, kind: str) -> str:
    """The Monday of a week, or the month: 8/5, 5/26."""
    since = period.since.astimezone(LOCAL_ZONE)
    return f"{since.day}/{since.month}" if kind == WEEK else f"{int(period.name[5:7])}/{period.name[2:4]}"


def step_times(asked: FiguresRequest, moment: datetime) -> tuple[list[StepTime], date]:
    """The steps of the calendar month in which the period ends, from stored counts: nothing is counted while somebody waits.

    Of the last days it is the month before until the present one has a step that was done often enough.
    """
    month = month_of(min(moment, asked.period.until - timedelta(seconds=1)))
    steps = _steps_in(asked.reach, month, moment)
    if asked.days and all(step.median is None for step in steps):
        earlier = month_of(start_of(month) - timedelta(days=1))
        before = _steps_in(asked.reach, earlier, moment)
        if any(step.median is not None for step in before):
            return before, earlier
    return steps, month


def _steps_in(reach: Reach, month: date, moment: datetime) -> list[StepTime]:
    if not is_kept(month):
        return []
    period = Period(MONTH, f"{month:%Y-%m}", start_of(month), start_of(month_after(month)), reach.centre.id)
    return timed_steps(step_hours(period, centre_id=reach.centre.id, agency_id=reach.agency_id), centre_id=reach.centre.id, now=moment)


def timed_steps(rows: Sequence[Mapping[str, Any]], *, centre_id: int, now: datetime) -> list[StepTime]:
    """The hours by step (workflows.figures.steps) beside the limits that hold now."""
    limits = limits_of_steps(centre_id, now=now)
    return [StepTime(Bilingual(*row["name"]), row["passages"], row["median"], limits.get(row["step"])) for row in rows]


def steps_chart(steps: Sequence[StepTime]) -> HorizontalChart | None:
    bars = []
    for step in steps[:MOST_STEPS]:
        if step.median is not None:
            time = hours(step.median)
            words = _("%(hours)s h · over its limit", hours=time) if step.is_over else _("%(hours)s h", hours=time)
            limit = float(step.limit) if step.limit is not None else None
            bars.append((local(step.name), step.median, limit, "soon" if step.is_over else "done", str(words)))
    return against_limits(bars) if bars else None
