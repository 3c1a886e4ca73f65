"""One event for each change of a setting, in the stream of the rules: what, old, new, why. All processes' caches follow that stream."""

from datetime import date, datetime
from typing import Any

from casework.calendars import RULES_STREAM
from casework.errors import CaseworkError
from casework.events import append
from casework.models import Event
from casework.permissions import Actor, NotAllowed, Role
from casework.text import normal

CHANGED = "change_setting"
LONGEST_REASON = 500

Side = dict[str, Any] | None


class ReasonMissing(CaseworkError):
    def __init__(self) -> None:
        super().__init__(
            f"Vui lòng ghi lý do thay đổi, tối đa {LONGEST_REASON} ký tự.", f"Please give the reason, {LONGEST_REASON} characters at most.",
            about="reason",
        )


def record_setting(
    kind: str, row: str, *, by: Actor, at: datetime, centre_id: int | None, old: Side, new: Side, reason: str, was_common: bool = False
) -> Event:
    """Append `change_setting`: `kind` names the table, `row` the row by its public name.

    Only columns that differ are recorded. `old` None: the row is new; `new` None: it was removed; `was_common`: `old` was the
    installation's. Raises ReasonMissing. No personal data of citizens.
    """
    reason = normal(reason)
    if not reason or len(reason) > LONGEST_REASON:
        raise ReasonMissing
    if old is not None and new is not None:
        changed = {column for column in {*old, *new} if old.get(column) != new.get(column)}
        old, new = ({column: value for column, value in side.items() if column in changed} for side in (old, new))
    payload = {"kind": kind, "row": row, "centre_id": centre_id, "old": _plain(old), "new": _plain(new), "reason": reason}
    if was_common:
        payload["was_common"] = True
    return append(RULES_STREAM, CHANGED, by=by, at=at, payload=payload)


def require_administrator_of(by: Actor, centre_id: int | None) -> None:
    """Raise NotAllowed unless the person administers that centre; with None, the whole installation (rules.md, section 8)."""
    if not administers(by, centre_id):
        raise NotAllowed


def administers(by: Actor, centre_id: int | None) -> bool:
    """Whether the person administers that centre; with None, the whole installation."""
    return any(grant.role == Role.ADMINISTRATOR and grant.centre_id in (None, centre_id) for grant in by.grants)


def _plain(side: Side) -> Side:
    if side is None:
        return None
    return {column: value.isoformat() if isinstance(value, date | datetime) else value for column, value in sorted(side.items())}
