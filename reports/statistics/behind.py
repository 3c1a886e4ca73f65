"""The lists behind figures: which cases were counted, in the order of an index, a page at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, or_, select, true

from casework.db import db
from casework.facts.reading import APART
from casework.local_time import LOCAL_ZONE
from casework.models import Case, CaseMoment, CaseSpan
from reports.statistics.figure import FactSource, Figure
from reports.statistics.figures import FIGURES
from reports.statistics.periods import Period
from reports.statistics.rows import agency_of, instant_of, rows_of, told_apart_by
from reports.statistics.subjects import COLUMNS, NOT_YET, OUTSIDE, Dimension, Scope

MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class CountedFact:
    """One fact behind a figure: the case, when it counted, its limit."""

    case_id: int
    at: datetime
    due_at: datetime | None
    id: int
    mark: str
    """Where the list continues after it."""


class Behind(NamedTuple):
    """A page of the list behind a figure, and where the next one begins (None: this was the last)."""

    rows: list[CountedFact]
    next: str | None


def cases_of(
    key: str, scope: Scope, period: Period, *, subject: str | None = None, by: Dimension | None = None, after: str | None = None,
    limit: int = 50, now: datetime | None = None, part: str | None = None, beside: tuple[Dimension, str] | None = None,
) -> Behind:  # fmt: skip
    """Return the facts behind a figure, in the order of an index; `part` is a reason of refusal or a level of rating.

    `beside` is the other dimension and subject of a cell of a cross table. A quarantined case is never listed, so a list may be shorter
    than its figure. Raises KeyError for a figure without a list.
    """
    figure = FIGURES[key]
    if figure.facts == FactSource.NONE:
        raise KeyError(key)
    told_apart = [each for each in ((by, subject), beside) if each is not None and each[0] is not None and each[1]]
    for dimension, word in told_apart:
        if dimension == Dimension.MONTH:
            period = next((month for month in period.months() if month.name == word), period)
    period = period.up_to(now)
    limit = min(limit, MOST_LISTED)
    place, mark = _place(after)
    rows: list[CountedFact] = []
    for number, listed in enumerate(_lists(figure, scope, period, part, told_apart)):
        if number < place:
            continue
        query = listed.query.where(_beyond(listed.order, listed.id, mark)) if number == place and mark else listed.query
        for fact in db.session.execute(query.order_by(listed.order, listed.id).limit(limit + 1 - len(rows))):
            if len(rows) == limit:
                return Behind(rows, rows[-1].mark)
            rows.append(CountedFact(fact.case_id, fact.at, fact.due_at, fact.id, f"{number}.{_micros(fact.ordered_by)}.{fact.id}"))
    return Behind(rows, None)


def is_listed(key: str) -> bool:
    """Whether a figure has a list: hours, which come from the steps, and cases that left the system have none."""
    return key in FIGURES and FIGURES[key].facts != FactSource.NONE and key != "quarantined"


class _Listed(NamedTuple):
    """A statement for some of the rows behind a figure, and its order."""

    query: Select[Any]
    order: Any
    id: Any


def _lists(
    figure: Figure, scope: Scope, period: Period, part: str | None, told_apart: Sequence[tuple[Dimension | None, str | None]]
) -> Iterable[_Listed]:  # fmt: skip
    """The statements in the order they are read. For a figure at a moment: what still stands, by limit; then what has ended since."""
    table: Any = CaseMoment if figure.facts == FactSource.MOMENTS else CaseSpan
    own = [figure.counts(period), *(_of_subject(table, by, subject) for by, subject in told_apart)]
    if part and (column := told_apart_by(figure)) is not None:
        own.append(column == part)
    is_standing = figure.facts in (FactSource.STOOD_BEFORE, FactSource.STOOD_AFTER)
    for centre_id in scope.centre_ids:
        where = rows_of(figure.facts, scope, centre_id, period, [(period.since, period.until)])
        if not is_standing:
            yield _listed(table, instant_of(figure.facts), instant_of(figure.facts), [*where, *own])
            continue
        still, later = where
        yield _listed(CaseSpan, CaseSpan.due_at, CaseSpan.opened_at, [still, CaseSpan.due_at.is_not(None), *own])
        yield _listed(CaseSpan, CaseSpan.opened_at, CaseSpan.opened_at, [still, CaseSpan.due_at.is_(None), *own])
        yield _listed(CaseSpan, CaseSpan.ended_at, CaseSpan.opened_at, [later, *own])


def _listed(table: Any, order: Any, at: Any, where: Sequence[ColumnElement[bool]]) -> _Listed:
    due_at = CaseSpan.due_at if table is CaseSpan else Case.due_at
    query = select(table.case_id, table.id, at.label("at"), due_at.label("due_at"), order.label("ordered_by"))
    query = query.select_from(table).join(Case, Case.id == table.case_id)
    return _Listed(query.where(*where, Case.quarantined_at.is_(None)), order, table.id)


def _of_subject(table: Any, by: Dimension | None, subject: str | None) -> ColumnElement[bool]:
    if by is None or subject is None or by == Dimension.MONTH:
        return true()
    column = agency_of(table) if by == Dimension.AGENCY else getattr(table, COLUMNS[by])
    if by in (Dimension.URGENCY, Dimension.SOURCE):
        return and_(column == subject)
    if subject == NOT_YET:
        return and_(column.is_(None), table.source != APART)
    id_column, name = OUTSIDE[by]
    found: ColumnElement[bool] = column.in_(select(id_column).where(name == subject))
    return found


EPOCH = datetime(2000, 1, 1, tzinfo=LOCAL_ZONE)


def _micros(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1)


def _place(after: str | None) -> tuple[int, tuple[datetime, int] | None]:
    """The position in an address, which people may have edited: anything invalid means the beginning."""
    parts = (after or "").split(".")
    # sixteen digits are three centuries of microseconds: every instant a row may have, and none a database cannot hold
    if len(parts) != 3 or not all(each.removeprefix("-").isdecimal() and len(each) <= 16 for each in parts):
        return 0, None
    return int(parts[0]), (EPOCH + timedelta(microseconds=int(parts[1])), int(parts[2]))


def _beyond(order: Any, row_id: Any, mark: tuple[datetime, int]) -> ColumnElement[bool]:
    return and_(order >= mark[0], or_(order > mark[0], row_id > mark[1]))
