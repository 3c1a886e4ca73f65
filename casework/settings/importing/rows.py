"""Adding, changing and ending rows of rules. A row is never deleted, because what happened under it refers to it.

A change ends the row on a day and adds the next one from that day: today or a later day, never an earlier one, because earlier cases were
judged by the former row. Three things are changed in place: a slip in words, when the administrator says it is one; a row that begins on
that very day; and a row that has not begun, which may also be removed.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, select

from casework.bilingual import Bilingual
from casework.calendars import RULES_STREAM
from casework.db import db
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import EventStream
from casework.permissions import Action, Actor, require
from casework.setting_events import LONGEST_REASON, ReasonMissing, record_setting, require_administrator_of
from casework.setting_values import ValueRefused
from casework.settings.importing.columns import Column, Scope

FARTHEST_DAYS = 731
"""How far ahead a rule may begin or end."""

Faults = dict[str, Bilingual]
"""Faults by column, or by `from_day`, `reason`, `centre` or the empty name (the whole row)."""


class RowRefused(CaseworkError):
    """The row is not possible like this; `faults` gives the reason for each column."""

    def __init__(self, faults: Faults) -> None:
        super().__init__(" ".join(fault.vi for fault in faults.values()), " ".join(fault.en for fault in faults.values()))
        self.faults = faults


class Proposal(NamedTuple):
    """A proposed row, for the checks of its kind."""

    values: dict[str, Any]
    scope: Scope
    by: Actor


@dataclass(frozen=True)
class RuleKind:
    """One table of rules: its columns, its key and its checks.

    `key` are the columns that tell rows of one scope apart on a day. `what` says in a sentence what the rows do, `counts` from when a
    change counts. `check` finds faults of a row as it would be, `check_end` of its ending on a day.

    `carried` are the rows to add along with one that would otherwise silence them; `note` says so on the page. `replaces_by` are the
    columns by which a centre's own row replaces the installation's (the key by default; none: both are in force). A list can be narrowed
    by `filters`.
    """

    name: str
    model: Any
    title: Bilingual
    one: Bilingual
    what: Bilingual
    counts: Bilingual
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    order: tuple[str, ...]
    shown: tuple[str, ...]
    for_installation: bool = True
    set_beside: Mapping[str, Any] = field(default_factory=dict)
    where: Callable[[], tuple[ColumnElement[bool], ...]] = tuple
    check: Callable[[Proposal], Iterable[tuple[str, Bilingual]]] = lambda _proposal: ()
    check_end: Callable[[Any, date], Iterable[tuple[str, Bilingual]]] = lambda _row, _day: ()
    remark: Callable[[Any, date], Bilingual | None] = lambda _row, _day: None
    carried: Callable[[Proposal], Iterable[Mapping[str, Any]]] = lambda _proposal: ()
    note: Bilingual | None = None
    replaces_by: tuple[str, ...] | None = None
    filters: tuple[str, ...] = ()

    @property
    def replacing(self) -> tuple[str, ...]:
        """The columns by which a centre's own row replaces the installation's; none where both are in force."""
        return () if not self.for_installation else self.key if self.replaces_by is None else self.replaces_by

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def name_of(self, row: Any) -> str:
        """The name of a row in events: its natural key."""
        return self.name_from({name: getattr(row, name) for name in self.key})

    def name_from(self, values: Mapping[str, Any]) -> str:
        """The same for a row that does not exist yet."""
        parts = (self.column(name).tell(values[name]) for name in self.key)
        return " / ".join("*" if part in (None, "") else str(part) for part in parts)

    def told(self, row: Any) -> dict[str, Any]:
        """A row as stored in events."""
        values = {column.name: column.tell(getattr(row, column.name)) for column in self.columns}
        return {**values, "valid_from": row.valid_from, "valid_to": row.valid_to}


def version_of(kind: RuleKind, row: Any) -> str:
    """A mark of a row's present state: a form is refused if somebody has changed the row since."""
    return hashlib.sha256(orjson.dumps(kind.told(row), option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def add_row(
    kind: RuleKind, typed: Mapping[str, str], *, by: Actor, now: datetime, reason: str, centre_id: int | None, from_day: date | None = None
) -> Any:
    """Add a row in force from a local day (today by default) and return it.

    `typed` are the columns as a form sends them. Records `change_setting`. Raises RowRefused with every fault, NotAllowed outside the
    administrator's centres. For a centre's first own row the event has the installation's as old. Carried rows get events of their own.
    Source: rules.md, section 8 (a centre's own row takes precedence over the installation's).
    """
    _require(by, centre_id)
    _lock_rules()
    today, faults = local_day(now), Faults()
    day = from_day or today
    if centre_id is None and not kind.for_installation:
        faults["centre"] = Bilingual("Vui lòng chọn một trung tâm.", "Please choose a centre.")
    _judge_day(day, today, faults)
    _judge_reason(reason, faults)
    scope = Scope(centre_id, day, today=today)
    values = read_values(kind, typed, scope, faults)
    _judge(kind, Proposal(values, scope, by), faults)
    if not faults and (other := _overlapping(kind, values, centre_id, day, None)) is not None:
        faults[""] = _exists(other, today)
    _refuse(faults)
    held = _held_in_common(kind, values, day) if centre_id is not None and kind.replacing == kind.key else None
    for other_values in list(kind.carried(Proposal(values, scope, by))):
        if any(other_values[name] != values[name] for name in kind.key):
            carried = _added(kind, other_values, centre_id, day, until=_next_start(kind, other_values, centre_id, day))
            record_setting(
                kind.name, kind.name_of(carried), by=by, at=now, centre_id=centre_id, old=None, new=kind.told(carried), reason=reason
            )
    row = _added(kind, values, centre_id, day)
    old = {column.name: column.tell(getattr(held, column.name)) for column in kind.columns} if held is not None else None
    record_setting(
        kind.name, kind.name_of(row), by=by, at=now, centre_id=centre_id, old=old, new=kind.told(row), reason=reason,
        was_common=held is not None,
    )  # fmt: skip
    return row


def change_row(
    kind: RuleKind, row: Any, typed: Mapping[str, str], *, by: Actor, now: datetime, reason: str,
    from_day: date | None = None, is_slip: bool = False, seen: str | None = None,
) -> Any:  # fmt: skip
    """Change a row from a local day on (today by default); return the row in force from then on.

    `is_slip`: a correction of words, made in place. `seen` is version_of the row when the form was shown. Records `change_setting`.
    Raises RowRefused, NotAllowed.
    """
    _require(by, row.centre_id)
    _lock_rules()
    db.session.refresh(row)
    today, faults = local_day(now), Faults()
    is_coming = row.valid_from > today
    day = from_day or (row.valid_from if is_coming else today)
    _refuse_gone(kind, row, today, seen)
    if not is_slip:
        _judge_day(day, today, faults)
        if row.valid_to is not None and day >= row.valid_to:
            faults["from_day"] = Bilingual(
                f"Dòng này chỉ còn hiệu lực đến trước {row.valid_to:%d/%m/%Y}.",
                f"This row holds only until before {row.valid_to:%d/%m/%Y}.",
            )
    _judge_reason(reason, faults)
    scope = Scope(row.centre_id, day, row, today)
    kept = {column.name: getattr(row, column.name) for column in kind.columns if column.is_fixed}
    values = {**read_values(kind, typed, scope, faults, without=kept), **kept}
    changed = [column for column in kind.columns if column.name in values and getattr(row, column.name) != values[column.name]]
    if not changed and not faults and (not is_coming or day == row.valid_from):
        faults[""] = Bilingual("Chưa có gì thay đổi.", "Nothing has been changed.")
    if is_slip:
        _judge_slip(changed, faults)
    _judge(kind, Proposal(values, scope, by), faults)
    starts = row.valid_from if is_slip else day
    if not faults and (other := _overlapping(kind, values, row.centre_id, starts, row)) is not None:
        faults[""] = _exists(other, today)
    _refuse(faults)
    old, name = kind.told(row), kind.name_of(row)
    if is_slip or is_coming or row.valid_from == day:
        if not is_slip and day != row.valid_from:
            _move_start(kind, row, day)
        new = _written(row, values)
    else:
        new = kind.model(centre_id=row.centre_id, valid_from=day, valid_to=row.valid_to, **kind.set_beside, **values)
        row.valid_to = day
        db.session.add(new)
    db.session.flush()
    record_setting(kind.name, name, by=by, at=now, centre_id=row.centre_id, old=old, new=kind.told(new), reason=reason)
    return new


def end_row(kind: RuleKind, row: Any, *, by: Actor, now: datetime, reason: str, on: date | None = None, seen: str | None = None) -> None:
    """End a row on a local day (today by default). One that has not begun is removed, as if never planned.

    Records `change_setting`. Raises RowRefused when the remaining rows would not suffice, NotAllowed.
    """
    _require(by, row.centre_id)
    _lock_rules()
    db.session.refresh(row)
    today, faults = local_day(now), Faults()
    _refuse_gone(kind, row, today, seen)
    is_coming = row.valid_from > today
    day = row.valid_from if is_coming else on or today
    _judge_day(day, today, faults)
    _judge_reason(reason, faults)
    if row.valid_to is not None and day >= row.valid_to:
        faults["from_day"] = Bilingual(
            f"Dòng này đã có ngày kết thúc: {row.valid_to:%d/%m/%Y}.", f"It ends on {row.valid_to:%d/%m/%Y} already."
        )
    before = _before(kind, row) if is_coming else None
    if not faults and before is None:
        faults.update(kind.check_end(row, day))
    _refuse(faults)
    old = kind.told(row)
    if before is not None:
        before.valid_to = row.valid_to
    row.valid_to = day
    db.session.flush()
    record_setting(kind.name, kind.name_of(row), by=by, at=now, centre_id=row.centre_id, old=old, new=kind.told(row), reason=reason)


def read_values(kind: RuleKind, typed: Mapping[str, str], scope: Scope, faults: Faults, *, without: Iterable[str] = ()) -> dict[str, Any]:
    """Read what a form sent; unreadable values become faults of their columns."""
    values: dict[str, Any] = {}
    for column in (column for column in kind.columns if column.name not in without):
        text = typed.get(column.name, "").strip()
        if column.shape == "tick":
            values[column.name] = column.read(text)
        elif column.choices is not None:
            found = next((choice for choice in column.choices(scope) if choice.typed == text), None)
            if found is None:
                faults[column.name] = Bilingual("Vui lòng chọn một mục trong danh sách.", "Please choose one of the list.")
            else:
                values[column.name] = found.kept
        elif not text and column.falls_back_to:
            values[column.name] = values.get(column.falls_back_to, "")
        elif not text:
            values[column.name] = column.empty
            if column.is_required:
                faults[column.name] = Bilingual("Không được để trống.", "This cannot be empty.")
        else:
            try:
                values[column.name] = column.read(text)
            except ValueRefused as refusal:
                faults[column.name] = refusal.text
    return values


def _require(by: Actor, centre_id: int | None) -> None:
    require(by, Action.CHANGE_SETTINGS)
    require_administrator_of(by, centre_id)


def _lock_rules() -> None:
    """One change at a time: what is checked now must still be true when it is written."""
    if db.session.get_bind().dialect.name != "sqlite":
        db.session.execute(select(EventStream.seq).where(EventStream.stream == RULES_STREAM).with_for_update())


def _refuse(faults: Faults) -> None:
    if faults:
        raise RowRefused(faults)


def _refuse_gone(kind: RuleKind, row: Any, today: date, seen: str | None) -> None:
    if row.valid_to is not None and row.valid_to <= max(today, row.valid_from):
        raise RowRefused({"": Bilingual("Dòng này đã hết hiệu lực, không sửa được nữa.", "This row has ended and is changed no more.")})
    if seen is not None and seen != version_of(kind, row):
        raise RowRefused({"": Bilingual(
            "Có người vừa sửa dòng này. Vui lòng xem lại giá trị hiện tại rồi gửi lại.",
            "Somebody has just changed this row. Please look at it as it is now and send it again.",
        )})  # fmt: skip


def _judge(kind: RuleKind, proposal: Proposal, faults: Faults) -> None:
    if all(column.name in proposal.values and column.name not in faults for column in kind.columns):
        for name, fault in kind.check(proposal):
            faults.setdefault(name, fault)


def _judge_day(day: date, today: date, faults: Faults) -> None:
    if day < today:
        faults["from_day"] = Bilingual(
            "Không chọn được ngày đã qua: những gì đã xảy ra giữ quy định cũ.", "A past day cannot be chosen: what happened keeps its rule."
        )
    elif (day - today).days > FARTHEST_DAYS:
        faults["from_day"] = Bilingual("Ngày quá xa, tối đa hai năm.", "That is too far ahead: two years at most.")


def _judge_slip(changed: Iterable[Column], faults: Faults) -> None:
    if deeper := [column for column in changed if not column.is_words]:
        names = (", ".join(column.label.vi for column in deeper), ", ".join(column.label.en for column in deeper))
        faults["from_day"] = Bilingual(
            f"Không phải sửa lỗi chữ: {names[0]}. Vui lòng chọn ngày áp dụng.", f"More than words: {names[1]}. Please choose a day."
        )


def _judge_reason(reason: str, faults: Faults) -> None:
    if not reason.strip() or len(reason) > LONGEST_REASON:
        faults["reason"] = ReasonMissing().text


def _of_scope(kind: RuleKind, centre_id: int | None) -> Any:
    return select(kind.model).where(kind.model.centre_id.is_not_distinct_from(centre_id), *kind.where())


def _same_key(kind: RuleKind, values: Mapping[str, Any]) -> list[Any]:
    return [getattr(kind.model, name).is_not_distinct_from(values[name]) for name in kind.key]


def _overlapping(kind: RuleKind, values: Mapping[str, Any], centre_id: int | None, day: date, row: Any) -> Any:
    """Another row of the same key and scope whose time overlaps with this one's."""
    model, last = kind.model, row.valid_to if row is not None else None
    query = _of_scope(kind, centre_id).where(*_same_key(kind, values), (model.valid_to.is_(None)) | (model.valid_to > day))
    query = query.where((model.valid_to.is_(None)) | (model.valid_to > model.valid_from))
    if last is not None:
        query = query.where(model.valid_from < last)
    if row is not None:
        query = query.where(model.id != row.id)
        if (before := _before(kind, row)) is not None:
            query = query.where(model.id != before.id)  # it always ends where this one begins
    return db.session.scalars(query.order_by(model.valid_from).limit(1)).first()


def _empty_row(kind: RuleKind, values: Mapping[str, Any], centre_id: int | None, day: date) -> Any:
    """A removed row of that key and day that was never in force, reused for what is planned now."""
    model = kind.model
    query = _of_scope(kind, centre_id).where(*_same_key(kind, values), model.valid_from == day, model.valid_to == model.valid_from)
    row = db.session.scalars(query.limit(1)).first()
    if row is not None:
        row.valid_to = None
    return row


def _added(kind: RuleKind, values: Mapping[str, Any], centre_id: int | None, day: date, *, until: date | None = None) -> Any:
    row = _empty_row(kind, values, centre_id, day)
    row = kind.model(centre_id=centre_id, valid_from=day, **kind.set_beside, **values) if row is None else _written(row, values)
    row.valid_to = until
    db.session.add(row)
    db.session.flush()
    return row


def _next_start(kind: RuleKind, values: Mapping[str, Any], centre_id: int | None, day: date) -> date | None:
    """When a planned row of the same key and scope begins."""
    later = _overlapping(kind, values, centre_id, day, None)
    return later.valid_from if later is not None else None


def _held_in_common(kind: RuleKind, values: Mapping[str, Any], day: date) -> Any:
    """The installation's row of the same key on a day."""
    model = kind.model
    query = _of_scope(kind, None).where(*_same_key(kind, values), model.valid_from <= day)
    return db.session.scalars(query.where(model.valid_to.is_(None) | (model.valid_to > day)).limit(1)).first()


def _before(kind: RuleKind, row: Any) -> Any:
    """The row in force until this one begins."""
    model, values = kind.model, {name: getattr(row, name) for name in kind.key}
    query = _of_scope(kind, row.centre_id).where(*_same_key(kind, values), model.valid_to == row.valid_from, model.id != row.id)
    return db.session.scalars(query.where(model.valid_from < model.valid_to).order_by(model.id.desc()).limit(1)).first()


def _move_start(kind: RuleKind, row: Any, day: date) -> None:
    if (before := _before(kind, row)) is not None:
        before.valid_to = day
    row.valid_from = day


def _written(row: Any, values: Mapping[str, Any]) -> Any:
    for name, value in values.items():
        setattr(row, name, value)
    return row


def _exists(other: Any, today: date) -> Bilingual:
    if other.valid_from > today:
        return Bilingual(
            f"Đã có một dòng như vậy, có hiệu lực từ {other.valid_from:%d/%m/%Y}. Vui lòng sửa dòng đó.",
            f"There is such a row already, from {other.valid_from:%d/%m/%Y} on. Please change that one.",
        )
    return Bilingual("Đã có một dòng như vậy. Vui lòng sửa dòng đó.", "There is such a row already. Please change that one.")
