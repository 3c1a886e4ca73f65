"""The rows of a kind an administrator sees: the installation's and those of their centres; and their states."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from casework.db import db
from casework.permissions import Actor
from casework.settings.importing.rows import RuleKind
from casework.settings.scopes import administered_centres, is_of

PAGE = 50
MOST_ROWS = 5_000
MOST_VERSIONS = 50


class RowState(StrEnum):
    """Whether a row is in force on a day."""

    HOLDS = "holds"
    COMING = "coming"
    ENDED = "ended"
    OVERRIDDEN = "overridden"


@dataclass(frozen=True, slots=True)
class RowPage:
    """Some rows in order, and the row after which the next page begins."""

    rows: list[Any]
    next_after: int | None
    total: int


def state_of(row: Any, day: date) -> RowState:
    """Whether the row is in force, will be, or was."""
    if row.valid_to is not None and (row.valid_to <= day or row.valid_to == row.valid_from):
        return RowState.ENDED
    return RowState.COMING if row.valid_from > day else RowState.HOLDS


def own_rows(kind: RuleKind, rows: list[Any], by: Actor, day: date) -> dict[int, list[Any]]:
    """The administered centres' rows that replace the installation's on a day, by the latter's id."""
    model, common = kind.model, [row for row in rows if row.centre_id is None and state_of(row, day) is RowState.HOLDS]
    if not common or not kind.replacing:
        return {}

    def key_of(row: Any) -> tuple[Any, ...]:
        return tuple(getattr(row, name) for name in kind.replacing)

    first = getattr(model, kind.replacing[0])
    query = select(model).where(model.centre_id.is_not(None), is_of(administered_centres(by), model.centre_id), *kind.where())
    query = query.where(model.valid_from <= day, or_(model.valid_to.is_(None), model.valid_to > day))
    query = query.where(or_(first.in_({key_of(row)[0] for row in common} - {None}), first.is_(None)))
    found: dict[tuple[Any, ...], dict[int, Any]] = {}
    for row in db.session.scalars(query.order_by(model.centre_id, model.id).limit(MOST_ROWS)):
        found.setdefault(key_of(row), {}).setdefault(row.centre_id, row)
    return {row.id: list(found[key_of(row)].values()) for row in common if key_of(row) in found}


def state_beside(row: Any, day: date, own: list[Any], centres: Collection[int]) -> RowState:
    """Like state_of; an installation's row is overridden when each of these centres has a row of its own."""
    state = state_of(row, day)
    is_overridden = state is RowState.HOLDS and bool(own) and set(centres) <= {each.centre_id for each in own}
    return RowState.OVERRIDDEN if is_overridden else state


def rows_seen(
    kind: RuleKind, by: Actor, *, day: date, ended: bool = False, after: int | None = None, narrowed: Mapping[str, Any] | None = None
) -> RowPage:
    """The present and future rows, or those that have ended; a page of PAGE in the order of the kind, `narrowed` by columns.

    Of the others only ids are read (at most MOST_ROWS), so a page costs the same however many there are.
    """
    model = kind.model
    has_ended = model.valid_to.is_not(None) & ((model.valid_to <= day) | (model.valid_to == model.valid_from))
    query = select(model.id).where(_seen(kind, by), *kind.where(), has_ended if ended else ~has_ended)
    query = query.where(*(getattr(model, name).is_not_distinct_from(kept) for name, kept in (narrowed or {}).items()))
    order = [getattr(model, name).nulls_last() for name in kind.order]
    ids = list(
        db.session.scalars(
            query.order_by(model.centre_id.is_not(None), model.centre_id, *order, model.valid_from, model.id).limit(MOST_ROWS)
        )
    )
    first = ids.index(after) + 1 if after in ids else 0
    wanted = ids[first : first + PAGE]
    found = {row.id: row for row in db.session.scalars(select(model).where(model.id.in_(wanted)))}
    is_more = first + PAGE < len(ids)
    return RowPage([found[id_] for id_ in wanted], wanted[-1] if is_more else None, len(ids))


def row_seen(kind: RuleKind, by: Actor, id_: int) -> Any:
    """The row with that id if it is the installation's or of an administered centre; None otherwise."""
    return db.session.scalars(select(kind.model).where(kind.model.id == id_, _seen(kind, by), *kind.where())).first()


def versions_of(kind: RuleKind, row: Any) -> list[Any]:
    """The earlier and later rows with the same key in the same scope, newest first."""
    model = kind.model
    same = [getattr(model, name).is_not_distinct_from(getattr(row, name)) for name in kind.key]
    query = select(model).where(model.centre_id.is_not_distinct_from(row.centre_id), *kind.where(), *same)
    return list(db.session.scalars(query.order_by(model.valid_from.desc(), model.id.desc()).limit(MOST_VERSIONS)))


def may_edit(by: Actor, centre_id: int | None) -> bool:
    mine = administered_centres(by)
    return mine is None or centre_id in mine


def rows_pointed_to(kind: RuleKind, rows: list[Any]) -> list[Any]:
    """The areas and agencies the rows refer to, read in one statement each; the caller keeps them while it shows the rows."""
    found: list[Any] = []
    for column in (column for column in kind.columns if column.points_to is not None):
        ids = {getattr(row, column.name) for row in rows} - {None}
        found += db.session.scalars(select(column.points_to).where(column.points_to.id.in_(ids))) if ids else []
    return found


def _seen(kind: RuleKind, by: Actor) -> ColumnElement[bool]:
    return or_(kind.model.centre_id.is_(None), is_of(administered_centres(by), kind.model.centre_id))
