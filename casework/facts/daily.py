"""Daily sums of facts by dimension and subject. A fact counts on the local day of its instant.

The keys are those of the figures that can be added up over days (reports/statistics): `refused:<reason>` one for each reason, `minutes`
the list of office minutes from filing to the first answer. Stocks at an instant (carried over, open) are not daily sums.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import delete, func, insert, or_, select, update

from casework.db import db, inserting, unit_of_work
from casework.facts.progress import lock_facts
from casework.facts.reading import APART
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import CaseMoment, CaseSpan, Centre, DailyFigures, StaleDay
from casework.upkeep.batches import OneByOne

ALL = "all"
DIMENSIONS = {"field": "field_id", "area": "area_id", "agency": "agency_id", "urgency": "urgency", "source": "source"}
"""The dimensions of facts, with their columns."""

MINUTES = "minutes"
HANDLED = {"in_time": "handled_in_time", "after_extension": "handled_in_time_after_extension", "late": "handled_late"}
OF_MOMENTS = {"extended": "extensions_granted"}
"""The key of a kind of moment where it differs."""

TOGETHER = 7
"""Days summed up in one unit of work: on SQLite every other writer waits for it."""

Subject = tuple[str, str]
Figures = dict[str, Any]
Sums = dict[Subject, Figures]

_DAY = timedelta(days=1)
_SPAN = (
    CaseSpan.centre_id, CaseSpan.field_id, CaseSpan.area_id, CaseSpan.agency_id, CaseSpan.urgency, CaseSpan.source, CaseSpan.opened_at,
    CaseSpan.opened_by, CaseSpan.ended_at, CaseSpan.ended_by, CaseSpan.refusal_reason, CaseSpan.verdict, CaseSpan.is_first_answer,
    CaseSpan.is_private, CaseSpan.minutes,
)  # fmt: skip
_MOMENT = (
    CaseMoment.centre_id, CaseMoment.field_id, CaseMoment.area_id, CaseMoment.acting_agency_id.label("agency_id"), CaseMoment.urgency,
    CaseMoment.source, CaseMoment.kind, CaseMoment.at,
)  # fmt: skip


class DayCount(NamedTuple):
    """One counted thing: its day and key, once; for `minutes`, how many."""

    centre_id: int
    day: date
    subjects: tuple[Subject, ...]
    key: str
    minutes: int | None = None


def counted_of(spans: Iterable[Mapping[str, Any]], moments: Iterable[Mapping[str, Any]]) -> Iterator[DayCount]:
    """The counts that facts contribute."""
    for span in spans:
        centre_id, subjects = span["centre_id"], _subjects(span)
        yield DayCount(centre_id, local_day(span["opened_at"]), subjects, span["opened_by"])
        if span["ended_at"] is None:
            continue
        day = local_day(span["ended_at"])
        for key in _ends(span):
            yield DayCount(centre_id, day, subjects, key)
        if span["minutes"] is not None:
            yield DayCount(centre_id, day, subjects, MINUTES, span["minutes"])
    for moment in moments:
        # for the agency that acted; a lead acts for nobody else
        own = {**moment, "agency_id": moment["acting_agency_id"]} if "acting_agency_id" in moment else moment
        kind = moment["kind"]
        yield DayCount(moment["centre_id"], local_day(moment["at"]), _subjects(own), OF_MOMENTS.get(kind, kind))


def _ends(span: Mapping[str, Any]) -> Iterator[str]:
    if span["ended_by"] == "refused":
        yield f"refused:{span['refusal_reason'] or ''}"
    elif span["ended_by"] != "answered":
        yield span["ended_by"]
    elif span["is_first_answer"]:
        yield HANDLED[span["verdict"]]
        if span["is_private"]:
            yield "answered_privately"
    else:
        yield "handled_again"


def _subjects(row: Mapping[str, Any]) -> tuple[Subject, ...]:
    """The subjects a fact counts for; a quarantined case counts only for the whole."""
    if row["source"] == APART:
        return ((ALL, ""),)
    return ((ALL, ""), *((name, "" if row[column] is None else str(row[column])) for name, column in DIMENSIONS.items()))


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL_ZONE)


def sum_up_days(now: datetime, *, told: Callable[[int, int], object] | None = None) -> int:
    """Sum up the days whose facts have changed, the newest first; returns how many. The job.

    `told` hears how many days are done, and of how many. Days that cannot be summed up do not hold up the others. Raises the first
    failure at the end: the run has failed.
    """
    stale = select(StaleDay.centre_id, StaleDay.day).order_by(StaleDay.centre_id, StaleDay.day.desc())
    waiting = [(centre_id, day) for centre_id, day in db.session.execute(stale)]
    db.session.rollback()
    work, done = OneByOne("sum_up_days"), 0
    for centre_id, days in groupby(waiting, key=lambda each: each[0]):
        for run in _runs([day for _, day in days]):
            with work.each(centre=centre_id, day=run[0].isoformat()):
                with unit_of_work():
                    _sum_up(centre_id, run)
                done += len(run)
            if told is not None:
                told(done, len(waiting))
    work.end()
    return done


def _runs(days: list[date]) -> Iterator[list[date]]:
    """Runs of consecutive days, backwards, TOGETHER days at most."""
    run: list[date] = []
    for day in days:
        if run and (run[-1] - day != _DAY or len(run) == TOGETHER):
            yield run
            run = []
        run.append(day)
    if run:
        yield run


def _sum_up(centre_id: int, days: list[date]) -> None:
    """Replace the sums of consecutive days. No fact is written meanwhile."""
    lock_facts()
    db.session.execute(delete(StaleDay).where(StaleDay.centre_id == centre_id, StaleDay.day.in_(days)))
    fresh = sums_between(centre_id, min(days), max(days))
    wanted = {(day, *subject): figures for day, sums in fresh.items() for subject, figures in sums.items()}
    columns = (DailyFigures.id, DailyFigures.day, DailyFigures.dimension, DailyFigures.subject, DailyFigures.figures)
    changed: list[dict[str, Any]] = []
    gone: list[int] = []
    of_days = (DailyFigures.centre_id == centre_id, DailyFigures.day.in_(days), DailyFigures.dimension.in_((ALL, *DIMENSIONS)))
    for id_, day, dimension, subject, figures in db.session.execute(select(*columns).where(*of_days)):
        new = wanted.pop((day, dimension, subject), None)
        if new is None:
            gone.append(id_)
        elif new != figures:
            changed.append({"id": id_, "figures": new})
    if gone:
        db.session.execute(delete(DailyFigures).where(DailyFigures.id.in_(gone)))
    if changed:
        db.session.execute(update(DailyFigures), changed)
    if wanted:
        rows = [
            {"centre_id": centre_id, "day": day, "dimension": dimension, "subject": subject, "figures": figures}
            for (day, dimension, subject), figures in wanted.items()
        ]
        db.session.execute(insert(DailyFigures), rows)


def sums_between(centre_id: int, first: date, last: date) -> dict[date, Sums]:
    """The sums of consecutive days as the facts stand; days and figures without anything are left out. Changes nothing."""
    since, until = start_of(first), start_of(last + _DAY)
    began = (CaseSpan.opened_at >= since, CaseSpan.opened_at < until)
    ended = (CaseSpan.ended_at >= since, CaseSpan.ended_at < until)
    total: dict[date, Sums] = defaultdict(lambda: defaultdict(Counter))
    # two queries over two indexes: otherwise what began and ended in these days would be read twice
    spans = [
        *db.session.execute(select(*_SPAN).where(CaseSpan.centre_id == centre_id, *began)).mappings(),
        *db.session.execute(
            select(*_SPAN).where(CaseSpan.centre_id == centre_id, *ended, or_(CaseSpan.opened_at < since, CaseSpan.opened_at >= until))
        ).mappings(),
    ]
    moments = db.session.execute(
        select(*_MOMENT).where(CaseMoment.centre_id == centre_id, CaseMoment.at >= since, CaseMoment.at < until)
    )
    for counted in counted_of(spans, [*moments.mappings()]):
        if first <= counted.day <= last:
            for subject in counted.subjects:
                figures = total[counted.day][subject]
                if counted.minutes is None:
                    figures[counted.key] += 1
                else:
                    figures.setdefault(MINUTES, []).append(counted.minutes)
    return {day: {subject: _plain(figures) for subject, figures in sums.items()} for day, sums in total.items()}


def _plain(figures: Figures) -> Figures:
    return {key: sorted(value) if key == MINUTES else value for key, value in sorted(figures.items())}


def days_known(centre_id: int) -> tuple[date, date] | None:
    """The first and last day with facts, with sums, or waiting for them; None where there are none."""
    ends: list[date] = []
    instants = ((CaseSpan, CaseSpan.opened_at), (CaseSpan, CaseSpan.ended_at), (CaseMoment, CaseMoment.at))
    for table, column in instants:
        first, last = (db.session.scalar(select(edge(column)).where(table.centre_id == centre_id)) for edge in (func.min, func.max))
        ends += [local_day(instant) for instant in (first, last) if instant is not None]
    for days in (DailyFigures, StaleDay):
        edges = (db.session.scalar(select(edge(days.day)).where(days.centre_id == centre_id)) for edge in (func.min, func.max))
        ends += [day for day in edges if day is not None]
    return (min(ends), max(ends)) if ends else None


def mark_all_days() -> None:
    """Mark every day with facts or sums for summing up anew."""
    for centre_id in db.session.scalars(select(Centre.id).order_by(Centre.id)).all():
        known = days_known(centre_id)
        if known is not None:
            first, last = known
            mark_days((centre_id, first + _DAY * place) for place in range((last - first).days + 1))


def mark_days(days: Iterable[tuple[int, date]]) -> None:
    """Remember that the facts of these days of centres have changed since they were summed up."""
    rows = [{"centre_id": centre_id, "day": day} for centre_id, day in sorted(set(days))]
    if rows:
        db.session.execute(inserting(StaleDay).on_conflict_do_nothing(), rows)
