"""Changes between a version and its baseline, for approvers: elements of a model or rows of a table."""

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
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class ElementChange:
    """One element that was added, changed or removed; an unnamed flow is described by its ends.

    `is_shown` is false where the new drawing or table does not show it: a message, for instance, stands only in the file.
    """

    kind: ChangeKind
    element: str
    label: Bilingual
    is_shown: bool


class Basis(StrEnum):
    """Why the baseline was chosen."""

    LIVE = "live"
    REPLACED = "replaced"
    DRAWN_FROM = "drawn_from"


@dataclass(frozen=True, slots=True)
class Baseline:
    """The version another one is compared with, and why."""

    version: ProcessVersion
    basis: Basis


def baseline_of(version: ProcessVersion, *, by: Actor) -> Baseline | None:
    """Return the version a reader compares another with; None if there is none, or none they may read.

    A version that is not live yet is compared with the one live in its scope now, whatever it was drawn from, because the approver answers
    for that step. A version that is or was live is compared with the one it replaced, else with the one it was drawn from.
    """
    if version.state in ("draft", "checked", "approved"):
        try:
            return Baseline(live_version(version.centre_id, key=version.key), Basis.LIVE)
        except NoLiveVersion:
            pass
    number = replaced_by(version) if version.live_at else None
    if number is not None:
        before = select(ProcessVersion).where(*in_scope(version.key, version.centre_id), ProcessVersion.number == number)
        return Baseline(db.session.scalars(before).one(), Basis.REPLACED)
    base = db.session.get(ProcessVersion, version.base_id) if version.base_id else None
    return Baseline(base, Basis.DRAWN_FROM) if base is not None and version_for(by, base.ref) is not None else None


def changes_between(before: bytes, after: bytes) -> tuple[ElementChange, ...]:
    """Return what was added, changed and removed in `after`, in the order of the files. Elements are matched by id.

    Layout does not count, except at a choice: if two conditions hold, the engine takes the way drawn higher up, so a different order of the
    ways is a change. Raises ModelRefused for a text that cannot be read.
    """
    if is_table(after):
        return tuple(_table_changes(before, after))
    return tuple(changes_of(model_of(before), model_of(after)))


def changes_of(old: Model, new: Model) -> Iterator[ElementChange]:
    """Yield the same for two models already read."""
    for id_, part in new.parts.items():
        if id_ not in old.parts:
            yield ElementChange(ChangeKind.ADDED, id_, name_of(new, id_), part.tag not in UNDRAWN)
        elif not is_same(old, new, id_):
            yield ElementChange(ChangeKind.CHANGED, id_, name_of(new, id_), part.tag not in UNDRAWN)
    for id_ in old.parts:
        if id_ not in new.parts:
            yield ElementChange(ChangeKind.REMOVED, id_, name_of(old, id_), is_shown=False)


_ROWS = {
    RowKind.ADDED: ChangeKind.ADDED,
    RowKind.CHANGED: ChangeKind.CHANGED,
    RowKind.MOVED: ChangeKind.CHANGED,
    RowKind.REMOVED: ChangeKind.REMOVED,
}


def _table_changes(before: bytes, after: bytes) -> Iterator[ElementChange]:
    for column in columns_between(before, after):
        yield ElementChange(_ROWS[column.kind], column.id, column.label, is_shown=column.kind != RowKind.REMOVED)
    rows = [row for row in rows_between(before, after) if row.kind != RowKind.SAME]
    for row in sorted(rows, key=lambda row: row.kind == RowKind.REMOVED):
        shown = row.after or row.before
        if shown is not None:
            place = f"{row.number_after or row.number_before}"
            label = Bilingual(shown.reason.vi or f"Dòng {place}", shown.reason.en or shown.reason.vi or f"Row {place}")
            yield ElementChange(_ROWS[row.kind], shown.id, label, is_shown=row.after is not None)
