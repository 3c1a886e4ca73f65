"""A journal of every row a reorganisation changes, so that everything can be undone (rules.md, section 8).

The session itself is watched, so that changes by other modules cannot be missed. Not recorded are events, which are never undone,
messages already sent, search rows, which are rebuilt, and the counters of optimistic locks, which only grow.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from sqlalchemy import JSON, Column, LargeBinary, Table, and_, delete, event, insert, inspect, null, select, update
from sqlalchemy.orm import Mapper, Session

from casework.db import IS_WATCHED, METADATA, Instant, Model, db
from casework.models import Reorganisation, ReorganisationChange

NOT_KEPT = frozenset({
    "event", "event_stream", "search_row", "reorganisation", "reorganisation_step", "reorganisation_change", "process_move",
    "process_move_case",
})  # fmt: skip
FORGOTTEN = frozenset({
    "title", "place", "village", "released_village", "sealed_village", "area_id", "field_id", "lead_agency_id", "latitude", "longitude",
    "visibility_reason_id", "held_reason", "instructions", "end_words",
})  # fmt: skip
"""Columns about the content of a case, which quarantine empties in the rows themselves (casework.erasure.erase)."""
TOLD = "outbox_message"
"""For messages only the change of a recipient is undone: whoever was told has been told."""

Row = dict[str, Any]


@dataclass
class NetChange:
    """The total change of one row: its columns before the first change and after the last. `is_new`, `is_gone`: added or removed."""

    table: Table
    key: Row
    before: Row = field(default_factory=dict)
    after: Row = field(default_factory=dict)
    is_new: bool = False
    is_gone: bool = False


@contextmanager
def journalled(plan: Reorganisation) -> Iterator[None]:
    """Record what the session changes in the block, for that plan; bulk statements are not seen."""
    session, plan_id = db.session(), plan.id

    def keep(rows: list[Row]) -> None:
        session.connection().execute(insert(ReorganisationChange), [{"reorganisation_id": plan_id, **row} for row in rows])

    with watched(keep):
        yield


@contextmanager
def watched(take: Callable[[list[Row]], object]) -> Iterator[None]:
    """Pass on what the session changes in the block, flush by flush: `table_name`, `row_key`, and the columns `before` and `after`."""
    session = db.session()

    def note(seen: Session, _context: object) -> None:
        if rows := list(_changes(seen)):
            take(rows)

    session.flush()
    event.listen(session, "after_flush", note)
    was_watched, session.info[IS_WATCHED] = session.info.get(IS_WATCHED), True
    try:
        yield
        session.flush()
    finally:
        session.info[IS_WATCHED] = was_watched
        event.remove(session, "after_flush", note)


def net_changes(plan_id: int) -> list[NetChange]:
    """The total change of each row of a plan, in the order of first changes."""
    return net_of(_rows(plan_id))


def net_of(changes: Iterable[Row]) -> list[NetChange]:
    """The total change of each row, in the order of first changes."""
    found: dict[tuple[str, tuple[Any, ...]], NetChange] = {}
    for change in changes:
        table = METADATA.tables[change["table_name"]]
        # PostgreSQL returns the keys of an object in its own order
        key = {column.name: change["row_key"][column.name] for column in table.primary_key}
        net = found.setdefault((table.name, tuple(key.values())), NetChange(table, key))
        if change["before"] is None:
            net.is_new = True
        elif not net.is_new:
            net.before = change["before"] | net.before
        net.after |= change["after"] or {}
        net.is_gone = change["after"] is None
    return list(found.values())


def changed_since(nets: list[NetChange]) -> list[tuple[NetChange, tuple[str, ...]]]:
    """Rows that are no longer as the reorganisation left them, with the columns that differ; none for a deleted row."""
    found: list[tuple[NetChange, tuple[str, ...]]] = []
    for net in (each for each in nets if not each.is_gone):
        now = _present(net)
        if now is None:
            found.append((net, ()))
        elif differing := tuple(name for name, value in net.after.items() if now.get(name) != value):
            found.append((net, differing))
    return found


def put_back(plan_id: int) -> int:
    """Undo every change of a plan in reverse order; returns how many rows changed. The caller has checked for obstacles."""
    return take_back(list(_rows(plan_id)))


def take_back(changes: list[Row]) -> int:
    """Undo changes in reverse order; returns how many rows changed."""
    db.session.flush()
    for change in reversed(changes):
        table, before, after = METADATA.tables[change["table_name"]], change["before"], change["after"]
        here = and_(*(table.c[name] == _read(table.c[name], value) for name, value in change["row_key"].items()))
        if before is None:
            db.session.execute(delete(table).where(here))
        elif after is None:
            db.session.execute(insert(table).values(_values(table, change["row_key"] | before)))
        else:
            db.session.execute(update(table).where(here).values(_values(table, before)))
    db.session.expire_all()
    return len({(change["table_name"], tuple(change["row_key"].values())) for change in changes})


def forget(table: type[Model], ids: Collection[int]) -> None:
    """Remove the content of cases from the journals of all plans; an undo leaves those columns as they are."""
    query = select(ReorganisationChange).where(ReorganisationChange.table_name == table.__tablename__)
    for change in db.session.scalars(query.where(ReorganisationChange.row_key["id"].as_integer().in_(ids))):
        for side in ("before", "after"):
            told = getattr(change, side)
            setattr(change, side, None if told is None else {name: value for name, value in told.items() if name not in FORGOTTEN})
        if not change.before and not change.after:
            db.session.delete(change)


def rows_with(nets: list[NetChange], table: str) -> list[NetChange]:
    return [net for net in nets if net.table.name == table]


def _rows(plan_id: int) -> Iterator[Row]:
    query = select(ReorganisationChange).where(ReorganisationChange.reorganisation_id == plan_id).order_by(ReorganisationChange.id)
    for row in db.session.scalars(query):
        yield {"table_name": row.table_name, "row_key": row.row_key, "before": row.before, "after": row.after}


def _changes(session: Session) -> Iterator[Row]:
    """The changes of one flush: rows added after those they reference, then rows changed, then rows removed."""
    order = _places()
    kept = [each for each in session.new if _table(each).name not in NOT_KEPT | {TOLD}]
    for added in sorted(kept, key=lambda each: (order[_table(each).name], _key(each).get("id", 0))):
        yield _row(added, before=None, after=_columns(added))
    for changed in session.dirty:
        if _table(changed).name not in NOT_KEPT:
            before, after = _differences(changed)
            if after:
                yield _row(changed, before=before, after=after)
    for removed in session.deleted:
        if _table(removed).name not in NOT_KEPT:
            yield _row(removed, before=_columns(removed), after=None)


@cache
def _places() -> dict[str, int]:
    """Each table's position in an order with referenced tables first, cached because sorting takes as long as some statements."""
    return {table.name: place for place, table in enumerate(METADATA.sorted_tables)}


def _row(thing: Model, *, before: Row | None, after: Row | None) -> Row:
    return {"table_name": _table(thing).name, "row_key": _key(thing), "before": before, "after": after}


def _differences(thing: Model) -> tuple[Row, Row]:
    """The changed columns, before and after. Raises RuntimeError for a change over a value nobody had read."""
    state, mapper = inspect(thing), _mapper(thing)
    before: Row = {}
    after: Row = {}
    for prop in mapper.column_attrs:
        column, history = prop.columns[0], state.attrs[prop.key].history
        if column is mapper.version_id_col or not history.added:
            continue
        if not history.deleted:
            raise RuntimeError(f"{_table(thing).name}.{column.name} was changed without having been read")
        before[column.name], after[column.name] = _plain(history.deleted[0]), _plain(history.added[0])
    return before, after


def _columns(thing: Model) -> Row:
    """The columns in the session, without those the database fills in."""
    known, mapper = inspect(thing).dict, _mapper(thing)
    return {
        prop.columns[0].name: _plain(known[prop.key])
        for prop in mapper.column_attrs
        if prop.key in known and prop.columns[0] is not mapper.version_id_col
    }


def _present(net: NetChange) -> Row | None:
    columns = [net.table.c[name] for name in net.after] or list(net.table.primary_key)
    here = and_(*(net.table.c[name] == _read(net.table.c[name], value) for name, value in net.key.items()))
    row = db.session.execute(select(*columns).where(here)).first()
    return None if row is None else {column.name: _plain(value) for column, value in zip(columns, row, strict=True)}


def _key(thing: Model) -> Row:
    mapper = _mapper(thing)
    return {column.name: _plain(getattr(thing, mapper.get_property_by_column(column).key)) for column in mapper.primary_key}


def _mapper(thing: Model) -> Mapper[Any]:
    mapper: Mapper[Any] = inspect(type(thing))
    return mapper


def _table(thing: Model) -> Table:
    table = _mapper(thing).local_table
    assert isinstance(table, Table)
    return table


def _plain(value: Any) -> Any:
    """A value as JSON stores it: instants in UTC, bytes as base 64."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case bytes():
            return b64encode(value).decode()
        case str():
            return str(value)  # an enumeration is written as its value
        case _:
            return value


def _read(column: Column[Any], value: Any) -> Any:
    """The value of a column read back."""
    if value is None:
        return null() if isinstance(column.type, JSON) else None
    if isinstance(column.type, Instant):
        return datetime.fromisoformat(value)
    if isinstance(column.type, LargeBinary):
        return b64decode(value)
    if isinstance(value, str) and column.type.python_type is date:
        return date.fromisoformat(value)
    return value


def _values(table: Table, row: Mapping[str, Any]) -> Row:
    return {name: _read(table.c[name], value) for name, value in row.items()}
