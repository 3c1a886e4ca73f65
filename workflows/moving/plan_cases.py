"""The cases on a plan: added, locked, counted, grouped by result, listed with their forecasts, and marked to be previewed again."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, String, and_, cast, exists, func, insert, literal, or_, select, update
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.db import Json, db
from casework.models import Case
from workflows.drafting.version_lists import OPEN
from workflows.models import OF_THE_CASE, Incident, MoveCase, ProcessInstance, ProcessMove

FILLED_TOGETHER = 2000
"""The most cases put on a plan in one statement."""
PREVIEWED = ("moves", "choice", "cannot")
"""Results of a preview; a change of the plan discards those it concerns."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The forecast for a case that moves, and where it came to rest. Elements of the new version; `skips` may be of either."""

    rests: tuple[str, ...] = ()
    skips: tuple[str, ...] = ()
    tells: tuple[str, ...] = ()
    came_to: tuple[str, ...] | None = None

    @property
    def is_true(self) -> bool:
        """Whether it rests where forecast, as far as it has moved."""
        return self.came_to is None or self.came_to == self.rests


def forecast_of(line: MoveCase) -> Forecast | None:
    """Return the forecast for a case of a plan; None if it does not move, or moved before there were forecasts."""
    told = line.forecast
    if told is None or line.state not in ("moves", "moved"):
        return None
    came_to = tuple(line.came_to) if line.state == "moved" and line.came_to is not None else None
    return Forecast(tuple(told["rests"]), tuple(told["skips"]), tuple(told["tells"]), came_to)


@dataclass(frozen=True, slots=True)
class CaseGroup:
    """Cases of a plan that rest at the same places with the same result: how many, why they do not move, or their forecast."""

    places: tuple[str, ...]
    state: str
    number: int
    why: Bilingual | None
    forecast: Forecast | None


def groups_of(move: ProcessMove) -> list[CaseGroup]:
    """Return the listed cases of a plan, grouped by places, state, reason and forecast, the largest groups first."""
    texts = (cast(each, String) for each in (MoveCase.places, MoveCase.forecast, MoveCase.came_to))
    shown = func.max(cast(MoveCase.id, Integer))
    query = select(shown, func.count()).join(MoveCase.case).where(*_listed(move))
    numbers = {row[0]: row[1] for row in db.session.execute(query.group_by(*texts, MoveCase.state, MoveCase.why_vi, MoveCase.why_en))}
    lines: list[MoveCase] = []
    for start in range(0, len(numbers), 500):
        lines += db.session.scalars(select(MoveCase).where(MoveCase.id.in_(list(numbers)[start : start + 500])))
    found = [
        CaseGroup(
            tuple(line.places), line.state, numbers[line.id], Bilingual(line.why_vi, line.why_en or line.why_vi) if line.why_vi else None,
            forecast_of(line),
        )
        for line in lines
    ]  # fmt: skip
    return sorted(found, key=lambda group: (-group.number, group.state, group.places))


def counts_of(move: ProcessMove) -> dict[str, int]:
    """Return how many listed cases of a plan are in each state."""
    query = select(MoveCase.state, func.count()).join(MoveCase.case).where(*_listed(move)).group_by(MoveCase.state)
    return {row[0]: row[1] for row in db.session.execute(query)}


def lines_of(move: ProcessMove, *, state: str | None = None, after: int = 0, limit: int = 50) -> list[MoveCase]:
    """Return the cases of a plan in order, in one state or all, after the one with the number `after`.

    Quarantined ones are left out, and from a centre's plan those that have gone to another centre since.
    """
    query = select(MoveCase).join(MoveCase.case).where(*_listed(move), MoveCase.id > after)
    if state is not None:
        query = query.where(MoveCase.state == state)
    return list(db.session.scalars(query.options(joinedload(MoveCase.case)).order_by(MoveCase.id).limit(limit)))


def _listed(move: ProcessMove) -> tuple[ColumnElement[bool], ...]:
    own = (MoveCase.move_id == move.id, Case.quarantined_at.is_(None))
    return own if move.centre_id is None else (*own, Case.centre_id == move.centre_id)


# -- added, locked and previewed again ------------------------------------------------------------------------------------


def fill(move: ProcessMove) -> int:
    """Add the next open cases to a plan, FILLED_TOGETHER at most; returns how many, 0 if none are left."""
    last = select(func.coalesce(func.max(MoveCase.case_id), 0)).where(MoveCase.move_id == move.id).scalar_subquery()
    cases = (
        select(literal(move.id), ProcessInstance.case_id, literal("waiting"), literal([], Json))
        .join(Case, ProcessInstance.case_id == Case.id)
        .where(
            ProcessInstance.status.in_(OPEN), ProcessInstance.version_id == move.source_id, ProcessInstance.process_id == OF_THE_CASE,
            Case.quarantined_at.is_(None), ProcessInstance.case_id > last,
        )
    )  # fmt: skip
    if move.centre_id is not None:
        cases = cases.where(Case.centre_id == move.centre_id)
    rows = insert(MoveCase).from_select(
        ["move_id", "case_id", "state", "places"], cases.order_by(ProcessInstance.case_id).limit(FILLED_TOGETHER)
    )
    return int(getattr(db.session.execute(rows), "rowcount", 0))


def locked_line(line_id: int) -> tuple[MoveCase, bool]:
    """Lock the row of a case on a plan; returns it and whether the case has an open incident. Lock the case itself first."""
    of_plan = joinedload(MoveCase.move, innerjoin=True).options(
        joinedload(ProcessMove.source, innerjoin=True), joinedload(ProcessMove.target, innerjoin=True)
    )
    failed = exists().where(Incident.case_id == MoveCase.case_id, Incident.resolved_at.is_(None))
    query = select(MoveCase, failed).where(MoveCase.id == line_id).options(of_plan).execution_options(populate_existing=True)
    if db.session.get_bind().dialect.name != "sqlite":
        query = query.with_for_update(of=MoveCase)
    line, has_incident = db.session.execute(query).one()
    return line, has_incident


def preview_again(move: ProcessMove, elements: set[str] | None) -> None:
    """Have the cases resting at one of some elements previewed again, or all for None."""
    again = update(MoveCase).where(MoveCase.move_id == move.id, MoveCase.state.in_(PREVIEWED))
    again = again.values(state="waiting", why_vi=None, why_en=None)
    if elements is None:
        db.session.execute(again, execution_options={"synchronize_session": False})
        return
    shapes: Select[Any] = select(MoveCase.places).where(MoveCase.move_id == move.id, MoveCase.state.in_(PREVIEWED)).distinct()
    for places in db.session.scalars(shapes):
        if elements & set(places):
            db.session.execute(again.where(MoveCase.places == literal(places, Json)), execution_options={"synchronize_session": False})


def has_outdated_preview(move: ProcessMove) -> bool:
    """Whether a case was previewed before the target's text was last saved, or before there were forecasts."""
    is_old = and_(MoveCase.state == "moves", cast(MoveCase.forecast, String).is_(None))
    if move.target.saved_at is not None:
        is_old = or_(is_old, MoveCase.previewed_at < move.target.saved_at)
    earlier = select(MoveCase.id).where(MoveCase.move_id == move.id, MoveCase.state.in_(PREVIEWED), is_old)
    return db.session.scalar(earlier.limit(1)) is not None
