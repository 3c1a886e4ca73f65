"""What one version says otherwise than the one it is measured against: elements of a model, rows of a table, for who approves it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.permissions import Actor
from workflows.comparison.model import UNDRAWN, Model, is_same, model_of, name_of
from workflows.comparison.tables import RowKind, columns_between, is_table, rows_between
from workflows.models import ProcessVersion
from workflows.versions.events import replaced_by
from workflows.versions.live import NoLiveVersion, in_scope, live_version, version_for


class ChangeKind(StrEnum):
    """What happened to an element."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """One element that is new, other or gone; a flow without a name is called by what it leads from and to.

    `is_shown` says whether the new text's drawing or table has it: a message stands only in the file.
    """

    kind: ChangeKind
    element: str
    label: Bilingual
    is_shown: bool


class Basis(StrEnum):
    """Why a version is measured against another."""

    LIVE = "live"
    REPLACED = "replaced"
    DRAWN_FROM = "drawn_from"


@dataclass(frozen=True, slots=True)
class Measure:
    """The version another one is measured against, and why that one."""

    version: ProcessVersion
    basis: Basis


def measure_of(version: ProcessVersion, *, by: Actor) -> Measure | None:
    """Return what a reader compares a version with; None where there is nothing, or nothing they may read.

    What is not live yet is compared with what counts in its scope now, however it came about: an approver answers for that step.
    What is or was live is compared with the one it replaced, else the one it was drawn from.
    """
    if version.state in ("draft", "checked", "approved"):
        try:
            return Measure(live_version(version.centre_id, key=version.key), Basis.LIVE)
        except NoLiveVersion:
            pass
    number = replaced_by(version) if version.live_at else None
    if number is not None:
        before = select(ProcessVersion).where(*in_scope(version.key, version.centre_id), ProcessVersion.number == number)
        return Measure(db.session.scalars(before).one(), Basis.REPLACED)
    base = db.session.get(ProcessVersion, version.base_id) if version.base_id else None
    return Measure(base, Basis.DRAWN_FROM) if base is not None and version_for(by, base.ref) is not None else None


def changes_between(before: bytes, after: bytes) -> tuple[Change, ...]:
    """Return what is new, other and gone in `after`, in the order of the files; how it is drawn does not count.

    Only at a choice it does: of two conditions that hold at once the engine takes the way drawn higher up. A choice whose ways stand
    in another order than before is one that changed. Elements are known by their ids. Raises ModelRefused for a text that cannot be read.
    """
    if is_table(after):
        return tuple(_table_changes(before, after))
    return tuple(changes_of(model_of(before), model_of(after)))


def changes_of(old: Model, new: Model) -> Iterator[Change]:
    """Yield the same of two models that are read already."""
    for id_, part in new.parts.items():
        if id_ not in old.parts:
            yield Change(ChangeKind.ADDED, id_, name_of(new, id_), part.tag not in UNDRAWN)
        elif not is_same(old, new, id_):
            yield Change(ChangeKind.CHANGED, id_, name_of(new, id_), part.tag not in UNDRAWN)
    for id_ in old.parts:
        if id_ not in new.parts:
            yield Change(ChangeKind.REMOVED, id_, name_of(old, id_), is_shown=False)


_ROWS = {
    RowKind.ADDED: ChangeKind.ADDED,
    RowKind.CHANGED: ChangeKind.CHANGED,
    RowKind.MOVED: ChangeKind.CHANGED,
    RowKind.REMOVED: ChangeKind.REMOVED,
}


def _table_changes(before: bytes, after: bytes) -> Iterator[Change]:
    for column in columns_between(before, after):
        yield Change(_ROWS[column.kind], column.id, column.label, is_shown=column.kind != RowKind.REMOVED)
    rows = [row for row in rows_between(before, after) if row.kind != RowKind.SAME]
    for row in sorted(rows, key=lambda row: row.kind == RowKind.REMOVED):
        shown = row.after or row.before
        if shown is not None:
            place = f"{row.number_after or row.number_before}"
            label = Bilingual(shown.reason.vi or f"Dòng {place}", shown.reason.en or shown.reason.vi or f"Row {place}")
            yield Change(_ROWS[row.kind], shown.id, label, is_shown=row.after is not None)
