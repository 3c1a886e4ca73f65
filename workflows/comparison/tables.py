"""Comparing two decision tables row by row: rows added, removed, changed cell by cell, or tried in another order."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from casework.bilingual import Bilingual
from workflows.definitions.process import read_xml
from workflows.routing.table_rows import Cell, Table, TableRow, table_of


class RowKind(StrEnum):
    """What happened to a row. A changed row may have moved as well."""

    SAME = "same"
    ADDED = "added"
    CHANGED = "changed"
    MOVED = "moved"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row as it stands in the new table, or for a removed row, in the old one.

    `cells` are pairs of old and new cells in the order of the columns, None on a side without that row or column; `number_before` and
    `number_after` are its positions, counted from 1.
    """

    kind: RowKind
    before: TableRow | None
    after: TableRow | None
    cells: tuple[tuple[Cell | None, Cell | None], ...]
    number_before: int | None
    number_after: int | None
    has_moved: bool = False

    @property
    def is_other_reason(self) -> bool:
        """Whether the stated reason differs."""
        return self.before is not None and self.after is not None and self.before.reason != self.after.reason


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """A column that was added or removed, or that now asks or answers something else."""

    kind: RowKind
    id: str
    label: Bilingual


def is_table(xml: bytes) -> bool:
    """Whether a text is a decision table instead of a model. Raises ModelRefused if it is not XML."""
    return next(read_xml(xml).iter("{*}decisionTable"), None) is not None


def columns_between(before: bytes, after: bytes) -> tuple[ColumnChange, ...]:
    """Return the columns that differ. Raises ModelRefused if a text is not XML."""
    old, new = table_of(before), table_of(after)
    was, now_ = dict([*old.inputs, *old.outputs]), dict([*new.inputs, *new.outputs])
    kept = [each for each in now_ if each in was]
    changed = {each for each in kept if was[each] != now_[each]}
    if [each for each in was if each in now_] != kept:
        changed.update(kept)
    return (
        *(
            ColumnChange(RowKind.ADDED if id_ not in was else RowKind.CHANGED, id_, label)
            for id_, label in now_.items()
            if id_ not in was or id_ in changed
        ),
        *(ColumnChange(RowKind.REMOVED, id_, label) for id_, label in was.items() if id_ not in now_),
    )


def rows_between(before: bytes, after: bytes) -> tuple[RowChange, ...]:
    """Return every row of both tables: the new rows in their order, each removed row after the one it used to follow.

    Rows are matched by id, otherwise by content. Raises ModelRefused if a text is not XML.
    """
    return rows_of(table_of(before), table_of(after))


def rows_of(old: Table, new: Table) -> tuple[RowChange, ...]:
    """The same for two tables already read."""
    pairs = _pairs(old.rows, new.rows)
    moved = _moved([pairs[at] for at in range(len(new.rows)) if at in pairs])
    columns = _columns(old, new)
    found = {
        at: _change(old.rows[pairs[at]] if at in pairs else None, row, columns, pairs.get(at), at, has_moved=pairs.get(at) in moved)
        for at, row in enumerate(new.rows)
    }
    result: list[RowChange] = []
    place_of = {pairs[at]: at for at in pairs}
    gone = [at for at in range(len(old.rows)) if at not in place_of]
    behind: dict[int, list[int]] = {}
    for at in gone:
        earlier = next((place_of[each] for each in range(at - 1, -1, -1) if each in place_of), -1)
        behind.setdefault(earlier, []).append(at)
    for place in range(-1, len(new.rows)):
        if place >= 0:
            result.append(found[place])
        result += [_change(old.rows[at], None, columns, at, None, has_moved=False) for at in behind.get(place, ())]
    return tuple(result)


def _pairs(old: Sequence[TableRow], new: Sequence[TableRow]) -> dict[int, int]:
    """The index of the old row for each new row that has one."""
    by_id = {row.id: at for at, row in enumerate(old) if row.id}
    pairs = {at: by_id[row.id] for at, row in enumerate(new) if row.id in by_id}
    by_content: dict[object, list[int]] = {}
    taken = set(pairs.values())
    for at, row in enumerate(old):
        if at not in taken:
            by_content.setdefault(_content(row), []).append(at)
    for at, row in enumerate(new):
        if at not in pairs and (places := by_content.get(_content(row))):
            pairs[at] = places.pop(0)
    return pairs


def _moved(places: Sequence[int]) -> set[int]:
    """The old indexes of the fewest rows that must have moved: all except a longest run that kept its order."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int | None] = []
    for at, place in enumerate(places):
        length = bisect_left(ends, place)
        before.append(last[length - 1] if length else None)
        if length == len(ends):
            ends.append(place)
            last.append(at)
        else:
            ends[length], last[length] = place, at
    kept: set[int] = set()
    step: int | None = last[-1] if last else None
    while step is not None:
        kept.add(places[step])
        step = before[step]
    return set(places) - kept


def _columns(old: Table, new: Table) -> tuple[tuple[int | None, int | None], ...]:
    """Pairs of column indexes, matched by id, then by name; removed columns come last."""
    before, after = [*old.inputs, *old.outputs], [*new.inputs, *new.outputs]
    left = dict(enumerate(before))
    pairs: list[tuple[int | None, int | None]] = []
    for at, column in enumerate(after):
        place = next((each for each, other in left.items() if other[0] == column[0]), None)
        if place is None:
            place = next((each for each, other in left.items() if other[1] == column[1]), None)
        if place is not None:
            del left[place]
        pairs.append((place, at))
    return (*pairs, *((place, None) for place in left))


def _change(
    before: TableRow | None,
    after: TableRow | None,
    columns: Sequence[tuple[int | None, int | None]],
    old_place: int | None,
    new_place: int | None,
    *,
    has_moved: bool,
) -> RowChange:
    cells = tuple((_cell(before, old), _cell(after, new)) for old, new in columns)
    if before is None:
        kind = RowKind.ADDED
    elif after is None:
        kind = RowKind.REMOVED
    elif before.reason != after.reason or any(_text(old) != _text(new) for old, new in cells):
        kind = RowKind.CHANGED
    else:
        kind = RowKind.MOVED if has_moved else RowKind.SAME
    return RowChange(kind, before, after, cells, _number(old_place), _number(new_place), has_moved)


def _number(place: int | None) -> int | None:
    return place + 1 if place is not None else None


def _cell(row: TableRow | None, place: int | None) -> Cell | None:
    return row.cells[place] if row is not None and place is not None and place < len(row.cells) else None


def _text(cell: Cell | None) -> str:
    return cell.text if cell is not None else ""


def _content(row: TableRow) -> object:
    return tuple(cell.text for cell in row.cells), row.reason
