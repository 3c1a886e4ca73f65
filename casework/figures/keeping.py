"""Keeping the counted months as rows: the present and previous ones are recounted each hour, older ones once."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.figures.counting import ALL, counted, month_after, month_before, month_of, start_of
from casework.figures.definitions import FIGURES, NESTED, NOT_PUBLIC
from casework.models import Case, Centre, PublicFigures
from casework.upkeep.batches import OneByOne

FRESH = timedelta(minutes=30)
"""The job skips what another worker has counted within this time."""

STANDING = ("open_in_time", "open_late", "unconfirmed")
"""Counted while a month lasts; afterwards its last count stands."""

MOST_MISSING = 36
"""How many older months of a centre one run counts, newest first, so that a long past does not hold up the present."""


def count_public_figures(now: datetime) -> int:
    """Count the months that are missing or may have changed. The job; returns how many months of centres it counted.

    A month that cannot be counted does not hold up the others. Raises the first failure at the end: the run has failed.
    """
    work, number, present = OneByOne("count_public_figures"), 0, month_of(now)
    for centre_id in _centre_ids():
        missing = _missing(centre_id, month_before(month_before(present)))[:MOST_MISSING]
        for month_on in (present, month_before(present), *missing):
            with work.each(centre=centre_id, month=month_on.isoformat()):
                number += count_month(month_on, centre_id=centre_id, now=now, unless_since=now - FRESH)
    work.end()
    return number


def recount_public_figures(now: datetime) -> int:
    """Recount every month of every centre; returns how many. Open cases of past months stay as counted then."""
    number = 0
    for centre_id in _centre_ids():
        month_on, first = month_of(now), min([*_counted_months(centre_id), _first_month(centre_id) or month_of(now)])
        while month_on >= first:
            number += count_month(month_on, centre_id=centre_id, now=now)
            month_on = month_before(month_on)
    return number


def count_month(month_on: date, *, centre_id: int, now: datetime, unless_since: datetime | None = None) -> bool:
    """Count one month of a centre and replace its rows. Returns False when that was done lately.

    Counting takes no lock; the rows are written in a unit of work of their own, one worker at a time.
    """
    if _is_counted(month_on, centre_id, unless_since):
        return False
    fresh = counted(month_on, centre_id=centre_id, now=now)
    with unit_of_work():
        db.session.execute(select(Centre.id).where(Centre.id == centre_id).with_for_update(key_share=True))
        if _is_counted(month_on, centre_id, unless_since):
            return False
        _write(month_on, centre_id, fresh, now)
    return True


def _write(month_on: date, centre_id: int, fresh: dict[tuple[str, str], dict[str, Any]], now: datetime) -> None:
    rows = db.session.scalars(select(PublicFigures).where(PublicFigures.month_on == month_on, PublicFigures.centre_id == centre_id))
    kept = {(row.dimension, row.subject): row for row in rows}
    if now >= start_of(month_after(month_on)):
        is_as_now = (ALL, "") in kept and NOT_PUBLIC in kept[ALL, ""].figures
        for subject, row in kept.items():
            if not is_as_now and subject != (ALL, ""):
                continue  # what was open there counted cases that are not public
            standing = {key: row.figures[key] for key in STANDING if key in row.figures}
            if standing:
                fresh[subject] = {**fresh.get(subject, {}), **standing}
    fresh[ALL, ""] = {**_noughts(is_over=now >= start_of(month_after(month_on))), **fresh[ALL, ""]}
    for (dimension, name), figures in fresh.items():
        found = kept.get((dimension, name))
        if found is None:
            found = PublicFigures(month_on=month_on, centre_id=centre_id, dimension=dimension, subject=name)
            db.session.add(found)
        found.figures, found.counted_at = figures, now
    for subject in kept.keys() - fresh.keys():
        db.session.delete(kept[subject])


def _noughts(*, is_over: bool) -> dict[str, Any]:
    """Every figure before anything is counted; open cases are no longer counted in a month that is over."""
    return {key: {} if key in NESTED else 0 for key in FIGURES if not (is_over and key in STANDING)}


def _centre_ids() -> list[int]:
    return list(db.session.scalars(select(Centre.id).order_by(Centre.id)))


def _is_counted(month_on: date, centre_id: int, since: datetime | None) -> bool:
    if since is None:
        return False
    query = select(PublicFigures.id).where(
        PublicFigures.month_on == month_on, PublicFigures.centre_id == centre_id, PublicFigures.dimension == ALL,
        PublicFigures.counted_at > since,
    )  # fmt: skip
    return db.session.scalar(query.limit(1)) is not None


def _missing(centre_id: int, newest: date) -> list[date]:
    """The months not counted in the present way, newest first."""
    first = _first_month(centre_id)
    known = {month_on for month_on, figures in _kept_months(centre_id) if NOT_PUBLIC in figures}
    found: list[date] = []
    while first is not None and newest >= first:
        if newest not in known:
            found.append(newest)
        newest = month_before(newest)
    return found


def _counted_months(centre_id: int) -> list[date]:
    return [month_on for month_on, _figures in _kept_months(centre_id)]


def _kept_months(centre_id: int) -> list[tuple[date, dict[str, Any]]]:
    query = select(PublicFigures.month_on, PublicFigures.figures)
    query = query.where(PublicFigures.centre_id == centre_id, PublicFigures.dimension == ALL)
    return [(month_on, figures) for month_on, figures in db.session.execute(query.order_by(PublicFigures.month_on))]


def _first_month(centre_id: int) -> date | None:
    """The month of the first accepted case: the only instant in a centre's past an index can find."""
    first = db.session.scalar(
        select(Case.accepted_at).where(Case.centre_id == centre_id, Case.accepted_at.is_not(None)).order_by(Case.accepted_at).limit(1)
    )
    return month_of(first) if first is not None else None
