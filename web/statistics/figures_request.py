"""Which figures an address asks for, and what every page of the figures needs to show the choice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from flask import request

from casework.bilingual import Bilingual
from casework.facts.progress import waits_since
from casework.local_time import LOCAL_ZONE, local_day
from casework.permissions import Action, may
from reports.statistics.behind import is_listed
from reports.statistics.figure import LEVELS, Shape
from reports.statistics.figures import FIGURES
from reports.statistics.periods import (
    HALF_YEAR,
    KIND_NAMES,
    MONTH,
    OTHER,
    QUARTER,
    WEEK,
    YEAR,
    Period,
    as_called,
    period_at,
    period_between,
    period_named,
)
from reports.statistics.rates import FEWEST
from reports.statistics.reach import Reach, reach_named, reaches_of
from reports.statistics.subjects import DIMENSION_NAMES, WHOLE, Dimension
from web.clock import now
from web.filters import percent
from web.guards import actor, found
from web.statistics.figure_rows import hours, number_words

OFFERED = {MONTH: 13, QUARTER: 5, HALF_YEAR: 3, YEAR: 4, WEEK: 6}
"""How many periods of a kind are offered; older ones can be given by name in the address, or by days."""

LAST_DAYS = (7, 28, 90)
"""The last days a dashboard can be asked for, today among them."""
USUAL_DAYS = 28
"""Four whole weeks: as many Mondays as in the weeks before, and nothing empty on the first day of a month."""


@dataclass(frozen=True, slots=True)
class FiguresRequest:
    reaches: list[Reach]
    reach: Reach
    period: Period
    by: Dimension
    days: int = 0
    """How many last days are asked for; 0 where a period is named."""

    @property
    def label(self) -> Bilingual:
        return Bilingual(f"{self.days} ngày qua", f"Last {self.days} days") if self.days else self.period.label

    @property
    def label_before(self) -> Bilingual:
        """The label of the period before, which is as long."""
        return Bilingual(f"{self.days} ngày trước đó", f"{self.days} days before") if self.days else self.period.before().label

    @property
    def address(self) -> dict[str, Any]:
        """The same request as parameters for another page's address."""
        return {"period": self.period.name, "by": self.by.value, **self.own_address}

    @property
    def own_address(self) -> dict[str, Any]:
        """The scope in an address, named where the person may read several."""
        return {"of": self.reach.ref} if len(self.reaches) > 1 else {}

    @property
    def dimensions(self) -> list[Dimension]:
        """The dimensions available here: by month if the period has several, by agency unless it is about one."""
        fitting = [each for each in Dimension if each != Dimension.MONTH or len(self.period.months()) > 1]
        return [each for each in fitting if each != Dimension.AGENCY or self.reach.agency is None]


def told_to_pages(asked: FiguresRequest) -> dict[str, Any]:
    """The values shared by every page of the figures and the dashboard."""
    return {
        "asked": asked,
        "offered": _offered(asked.reach.centre.id, asked.period),
        "first_day": local_day(asked.period.since),
        "last_day": _last_day(asked.period),
        "listed": lambda key: may(actor(), Action.READ_CASE) and is_listed(key),
        "is_going_on": not asked.period.is_over(now()),
        "waits_since": waits_since(now()),
        **words_of_figures(),
    }


def words_of_figures() -> dict[str, Any]:
    return {
        "dimension_names": DIMENSION_NAMES,
        "number_words": number_words,
        "percent": percent,
        "hours": hours,
        "levels": LEVELS,
        "fewest": FEWEST,
        "figures": FIGURES,
        "shapes": Shape,
        "whole_subject": WHOLE,
    }


def asked_in_address(given: Mapping[str, str] | None = None) -> FiguresRequest:
    """The request in an address or a form; by default, or where it makes no sense, the present month of the first centre."""
    given = request.args if given is None else given
    reaches = reaches_of(actor())
    reach = found(reach_named(reaches, given.get("of", "")))
    centre_id = reach.centre.id
    try:
        if given.get("from") and given.get("to") and (not given.get("period") or given.get("period") == OTHER):
            period = period_between(date.fromisoformat(given["from"]), date.fromisoformat(given["to"]), centre_id=centre_id)
        else:
            period = period_named(given.get("period", ""), centre_id=centre_id)
    except ValueError:
        period = period_at(MONTH, now(), centre_id=centre_id)
    if period.since > now():
        # a future period has nothing to show; everything open would count as late in it
        period = period_at(MONTH, now(), centre_id=centre_id)
    period = as_called(period)
    asked = FiguresRequest(reaches, reach, period, Dimension.FIELD)
    return FiguresRequest(reaches, reach, period, dimension_named(given.get("by"), asked.dimensions, Dimension.FIELD))


def asked_of_last_days() -> FiguresRequest:
    """As asked_in_address, but the last USUAL_DAYS days where no period is named, or as many as `days` says."""
    if request.args.get("period") or request.args.get("from"):
        return asked_in_address()
    given = request.args.get("days", "")
    days = next((each for each in LAST_DAYS if str(each) == given), USUAL_DAYS)
    asked, today = asked_in_address(), local_day(now())
    period = period_between(today - timedelta(days=days - 1), today, centre_id=asked.reach.centre.id)
    return replace(asked, period=period, days=days)


def dimension_named(word: str | None, offered: Sequence[Dimension], default: Dimension) -> Dimension:
    return next((each for each in offered if each.value == word), default)


def _offered(centre_id: int, chosen: Period) -> list[tuple[Bilingual, list[Period]]]:
    """The periods of each kind up to the present one, newest first, always including the chosen one."""
    groups: list[tuple[Bilingual, list[Period]]] = []
    for kind, number in OFFERED.items():
        period = period_at(kind, now(), centre_id=centre_id)
        rows: list[Period] = []
        while len(rows) < number:
            rows.append(period)
            period = period.before()
        if chosen.kind == kind and all(each.name != chosen.name for each in rows):
            rows.append(chosen)
        groups.append((KIND_NAMES[kind], rows))
    return [*groups, *([(KIND_NAMES[OTHER], [chosen])] if chosen.kind == OTHER else [])]


def _last_day(period: Period) -> date:
    until = period.until.astimezone(LOCAL_ZONE)
    return date.fromordinal(until.date().toordinal() - 1) if until.time() == datetime.min.time() else until.date()
