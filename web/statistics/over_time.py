"""The history on a dashboard: the trend of weeks or months, and step times compared with their limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext as _

from casework.bilingual import Bilingual
from casework.figures.counting import month_after, month_of, start_of
from casework.local_time import LOCAL_ZONE
from reports.statistics.counting import series_of
from reports.statistics.periods import MONTH, WEEK, Period, period_at
from reports.statistics.reach import Reach
from web.locales import in_reader_language as local
from web.statistics.charts import GroupedChart, HorizontalChart, against_limits, grouped
from web.statistics.figure_rows import hours
from web.statistics.figures_request import FiguresRequest
from workflows.figures.steps import is_kept, step_hours
from workflows.versions.step_limits import limits_of_steps

POINTS = 12
"""Weeks or months in the trend."""

MOST_STEPS = 30
"""Steps in the chart; the table below has all of them."""

TREND_KEYS = ("received", "handled_late")


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


def trend_of(reach: Reach, kind: str, moment: datetime) -> list[tuple[Period, dict[str, Any]]]:
    """The last weeks or months, oldest first, each with the counts of the figures."""
    period = period_at(kind, moment, centre_id=reach.centre.id)
    periods = [period]
    while len(periods) < POINTS:
        periods.append(periods[-1].before())
    periods.reverse()
    return list(zip(periods, series_of(reach.scope, periods, keys=TREND_KEYS, now=moment), strict=True))


def trend_chart(trend: Sequence[tuple[Period, dict[str, Any]]], kind: str) -> GroupedChart:
    bars = [
        (chart_label(period, kind), [("open", numbers["received"]), ("late", numbers["handled_late"])]) for period, numbers in trend
    ]  # fmt: skip
    return grouped(bars)


def chart_label(period: Period, kind: str) -> str:
    """The Monday of a week, or the month: 8/5, 5/26."""
    since = period.since.astimezone(LOCAL_ZONE)
    return f"{since.day}/{since.month}" if kind == WEEK else f"{int(period.name[5:7])}/{period.name[2:4]}"


def step_times(asked: FiguresRequest, moment: datetime) -> tuple[list[StepTime], date]:
    """The steps of the calendar month in which the period ends, from stored counts: nothing is counted while somebody waits."""
    reach = asked.reach
    month = month_of(min(moment, asked.period.until - timedelta(seconds=1)))
    if not is_kept(month):
        return [], month
    period = Period(MONTH, f"{month:%Y-%m}", start_of(month), start_of(month_after(month)), reach.centre.id)
    limits = limits_of_steps(reach.centre.id, now=moment)
    rows = step_hours(period, centre_id=reach.centre.id, agency_id=reach.agency_id)
    return [StepTime(Bilingual(*row["name"]), row["passages"], row["median"], limits.get(row["step"])) for row in rows], month


def steps_chart(steps: Sequence[StepTime]) -> HorizontalChart | None:
    bars = []
    for step in steps[:MOST_STEPS]:
        if step.median is not None:
            time = hours(step.median)
            words = _("%(hours)s h · over its limit", hours=time) if step.is_over else _("%(hours)s h", hours=time)
            limit = float(step.limit) if step.limit is not None else None
            bars.append((local(step.name), step.median, limit, "soon" if step.is_over else "done", str(words)))
    return against_limits(bars) if bars else None
