"""The rows a figure is counted from, as conditions that each use an index."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_

from casework.db import db
from casework.models import CaseMoment, CaseSpan
from reports.statistics.figure import FactSource, Figure, Shape
from reports.statistics.periods import Period
from reports.statistics.subjects import NOT_YET, Scope

Stretch = tuple[datetime, datetime]
"""since <= t < until."""


def told_apart_by(figure: Figure) -> Any:
    if figure.shape == Shape.REASONS:
        return func.coalesce(CaseSpan.refusal_reason, NOT_YET)
    if figure.shape == Shape.LEVELS:
        return CaseMoment.kind
    return CaseSpan.minutes if figure.shape == Shape.SPREAD else None


def rows_of(
    facts: FactSource, scope: Scope, centre_id: int, period: Period, stretches: Sequence[Stretch]
) -> list[ColumnElement[bool]]:  # fmt: skip
    """The rows a figure is counted from, as one or two disjoint conditions that each use an index."""
    if facts in (FactSource.STOOD_BEFORE, FactSource.STOOD_AFTER):
        moment = period.since if facts == FactSource.STOOD_BEFORE else period.until
        scoped = _of(CaseSpan, scope, centre_id)
        # written so that SQLite uses no index on it, which would read every case ever opened before
        is_sqlite = db.session.get_bind().dialect.name == "sqlite"
        was_opened = (func.coalesce(CaseSpan.opened_at, CaseSpan.opened_at) if is_sqlite else CaseSpan.opened_at) < moment
        return [and_(scoped, CaseSpan.ended_at.is_(None), was_opened), and_(scoped, CaseSpan.ended_at >= moment, was_opened)]
    table: Any = CaseMoment if facts == FactSource.MOMENTS else CaseSpan
    column = instant_of(facts)
    within = or_(*(and_(column >= since, column < until) for since, until in stretches)) if stretches else false()
    return [and_(_of(table, scope, centre_id, by_agency=facts != FactSource.OPENED), within)]


def instant_of(facts: FactSource) -> Any:
    return {FactSource.OPENED: CaseSpan.opened_at, FactSource.ENDED: CaseSpan.ended_at, FactSource.MOMENTS: CaseMoment.at}[facts]


def agency_of(table: Any) -> Any:
    """The agency of an extension, a hand-back or a redo; a stretch belongs to the lead agency."""
    return CaseMoment.acting_agency_id if table is CaseMoment else CaseSpan.agency_id


def _of(table: Any, scope: Scope, centre_id: int, *, by_agency: bool = True) -> ColumnElement[bool]:
    """The condition of the scope. Only one of two indexes is usable, so that no planner picks the worse one."""
    own = [table.centre_id == centre_id]
    if scope.agency_id is not None:
        agency = agency_of(table)
        own = [table.centre_id + 0 == centre_id, agency == scope.agency_id] if by_agency else [*own, agency + 0 == scope.agency_id]
    for column, value in (
        (table.field_id, scope.field_id), (table.area_id, scope.area_id), (table.urgency, scope.urgency), (table.source, scope.source)
    ):  # fmt: skip
        if value is not None:
            own.append(column == value)
    return and_(*own)
