"""Setting a single value for the installation or a centre, and resetting it; one event each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from casework.db import db
from casework.models import HouseSetting
from casework.permissions import Action, Actor, require
from casework.setting_events import record_setting, require_administrator_of
from casework.setting_values import VALUES, Value, ValueRefused, value_of
from casework.settings.scopes import administered_centres, is_of
from casework.text import normal
from casework.tile_addresses import ADDRESS, SOURCE, source_fault

KIND = "value"
"""The kind of single values in events."""


@dataclass(frozen=True, slots=True)
class ScopedValue:
    """A setting with its values in `by_scope`, the installation's under None."""

    value: Value
    by_scope: dict[int | None, Any]

    def in_force(self, centre_id: int | None) -> Any:
        """The value in force for a scope."""
        return self.by_scope.get(centre_id, self.by_scope.get(None, self.value.default))


def values_seen(by: Actor) -> list[ScopedValue]:
    """Every setting with its values for the installation and for the centres the person administers."""
    query = select(HouseSetting.key, HouseSetting.centre_id, HouseSetting.value)
    query = query.where(HouseSetting.centre_id.is_(None) | is_of(administered_centres(by), HouseSetting.centre_id))
    found: dict[str, dict[int | None, Any]] = {}
    for key, centre_id, value in db.session.execute(query):
        found.setdefault(key, {})[centre_id] = value
    return [ScopedValue(value, found.get(key, {})) for key, value in VALUES.items()]


def set_value(key: str, typed: str, *, by: Actor, now: datetime, reason: str, centre_id: int | None = None) -> Any:
    """Set a value for the installation or, where it may differ, a centre; return it.

    Records `change_setting`. Raises KeyError, NotAllowed, ReasonMissing, ValueRefused when it is not allowed, or unchanged.
    """
    value = VALUES[key]
    _require(value, by, centre_id)
    new, row = value.read(normal(typed)), _row(key, centre_id)
    before = row.value if row is not None else None
    if row is not None and before == new:
        raise ValueRefused("Giá trị này đang được áp dụng.", "This is what holds already.")
    _refuse_tiles_without_source(key, centre_id, {(key, centre_id): new})
    old = {"value": before if row is not None else value_of(key, centre_id)}
    is_first = row is None and centre_id is not None
    record_setting(KIND, key, by=by, at=now, centre_id=centre_id, old=old, new={"value": new}, reason=reason, was_common=is_first)
    if row is None:
        row = HouseSetting(key=key, centre_id=centre_id)
        db.session.add(row)
    row.value, row.changed_at, row.changed_by_id = new, now, by.account_id
    return new


def clear_value(key: str, *, by: Actor, now: datetime, reason: str, centre_id: int | None = None) -> Any:
    """Remove a value that was set; return the one now in force. Raises KeyError, NotAllowed, ReasonMissing, ValueRefused."""
    value = VALUES[key]
    _require(value, by, centre_id)
    row = _row(key, centre_id)
    if row is None:
        raise ValueRefused("Chưa có giá trị riêng để bỏ.", "There is no value of its own to take away.")
    _refuse_tiles_without_source(key, centre_id, {})
    then = value_of(key, None) if centre_id is not None else value.default
    old, new = {"value": row.value}, {"value": then}
    record_setting(KIND, key, by=by, at=now, centre_id=centre_id, old=old, new=new, reason=reason)
    db.session.delete(row)
    return then


def _require(value: Value, by: Actor, centre_id: int | None) -> None:
    require(by, Action.CHANGE_SETTINGS)
    require_administrator_of(by, centre_id)
    if centre_id is not None and not value.for_centre:
        raise ValueRefused("Giá trị này dùng chung cho toàn hệ thống.", "This value is the same for the whole installation.")


def _refuse_tiles_without_source(key: str, centre_id: int | None, new: dict[tuple[str, int | None], Any]) -> None:
    """Refuse a change after which a map of that scope, or of a centre that inherits it, would show tiles without their source.

    `new` are the scope's values after the change.
    """
    if key not in (ADDRESS, SOURCE):
        return
    query = select(HouseSetting.key, HouseSetting.centre_id, HouseSetting.value).where(HouseSetting.key.in_((ADDRESS, SOURCE)))
    rows = db.session.execute(query).all()
    held = {(row.key, row.centre_id): row.value for row in rows if (row.key, row.centre_id) != (key, centre_id)}
    scopes = {centre_id} | {each for _, each in held if centre_id is None and (key, each) not in held}
    held |= new
    for scope in scopes:
        tiles, source = (held.get((each, scope), held.get((each, None), VALUES[each].default)) for each in (ADDRESS, SOURCE))
        if (fault := source_fault(tiles, source)) is not None:
            raise ValueRefused(*fault)


def _row(key: str, centre_id: int | None) -> HouseSetting | None:
    query = select(HouseSetting).where(HouseSetting.key == key, HouseSetting.centre_id.is_not_distinct_from(centre_id))
    return db.session.scalars(query.with_for_update()).first()
