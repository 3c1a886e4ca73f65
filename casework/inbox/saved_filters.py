"""Saved filters of the inbox: a person's own, or shared with everybody who works in a centre or agency."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, func, or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.errors import CaseworkError
from casework.models import Account, Agency, Centre, SavedFilter
from casework.permissions import Action, Actor, NotAllowed, Role, require
from casework.reading.counting import Counted
from casework.reading.kept_with_rules import kept_with_rules
from casework.sent_once import take_key
from casework.text import normal

MOST_KEPT = 20
"""Filters one person may save, private and shared together."""
MOST_SHOWN = 30
"""Filters one person is shown: their own, then colleagues' shared ones, oldest first."""
LONGEST_NAME = 60

_FILTER, _ACCOUNT = SavedFilter.__table__.c, Account.__table__.c
_IS_OWN = _FILTER.owner_id == bindparam("owner")
_IS_SEEN = or_(
    _IS_OWN, _FILTER.centre_id.in_(bindparam("of_centres", expanding=True)), _FILTER.agency_id.in_(bindparam("of_agencies", expanding=True))
)  # fmt: skip
SEEN = select(_FILTER.id).where(_IS_SEEN).limit(MOST_SHOWN)
SHOWN = (
    select(_FILTER.ref, _FILTER.name, _FILTER.chosen, _FILTER.centre_id, _FILTER.agency_id, _FILTER.owner_id, _ACCOUNT.full_name)
    .join_from(SavedFilter.__table__, Account.__table__, _ACCOUNT.id == _FILTER.owner_id)
    .where(_IS_SEEN)
    .order_by(case((_IS_OWN, 0), else_=1), _FILTER.id)
    .limit(MOST_SHOWN)
)


class FilterRefused(CaseworkError):
    """The filter cannot be kept like this; the text says why."""


class FilterUnknown(CaseworkError):
    """There is no such filter here."""

    def __init__(self) -> None:
        super().__init__("Không tìm thấy bộ lọc này.", "There is no such filter.")


@dataclass(frozen=True, slots=True)
class SharedWith:
    """A centre or agency a filter may be shared with, known to pages by its ref."""

    ref: str
    name: Bilingual
    centre_id: int | None = None
    agency_id: int | None = None


@dataclass(frozen=True, slots=True)
class SeenFilter:
    """A saved filter as it is listed: `chosen` as the address of the inbox carries it."""

    ref: str
    name: str
    chosen: Mapping[str, Any]
    centre_id: int | None
    agency_id: int | None
    owner_id: int
    owner_name: str | None

    @property
    def is_shared(self) -> bool:
        """Whether others see it too."""
        return self.centre_id is not None or self.agency_id is not None


def sharing_places(by: Actor) -> list[SharedWith]:
    """Return the centres and agencies the person works in and may share a filter with."""
    return _places(frozenset(_centre_ids(by)), by.agency_ids)


@kept_with_rules
def _places(centre_ids: frozenset[int], agency_ids: frozenset[int]) -> list[SharedWith]:
    agencies = db.session.scalars(select(Agency).where(Agency.id.in_(agency_ids)).order_by(Agency.name_vi)) if agency_ids else ()
    centres = db.session.scalars(select(Centre).where(Centre.id.in_(centre_ids)).order_by(Centre.id)) if centre_ids else ()
    return [
        *(SharedWith(centre.ref, centre.name, centre_id=centre.id) for centre in centres),
        *(SharedWith(agency.ref, agency.name, agency_id=agency.id) for agency in agencies),
    ]


def filters_of(by: Actor) -> list[SeenFilter]:
    """Return a person's own filters and those shared where they work, in the order in which they were saved."""
    seen = seen_filters(by)
    return [SeenFilter(*row) for row in db.session.execute(SHOWN, dict(seen.values))] if seen is not None else []


def seen_filters(by: Actor) -> Counted | None:
    """The same to be counted with other numbers: not everybody has any. None for nobody in particular."""
    if by.own_id is None:
        return None
    return Counted(SEEN, {"owner": by.own_id, "of_centres": sorted(_centre_ids(by)), "of_agencies": sorted(by.agency_ids)})


def keep_filter(*, by: Actor, now: datetime, name: str, chosen: Mapping[str, str], shared_with: SharedWith | None = None) -> SavedFilter:
    """Save a filter; an own one with the same name and readers is replaced.

    Raises NotAllowed for a place one does not work in, FilterRefused without a name or a choice, and above MOST_KEPT.
    """
    require(by, Action.KEEP_FILTER)
    take_key(now)
    name = _fit(name)
    if not chosen:
        raise FilterRefused("Vui lòng chọn điều kiện lọc trước khi lưu.", "Please choose what to filter by before keeping it.")
    if shared_with is not None and shared_with not in sharing_places(by):
        raise NotAllowed
    centre_id, agency_id = (shared_with.centre_id, shared_with.agency_id) if shared_with else (None, None)
    db.session.scalars(select(Account.id).where(Account.id == by.account_id).with_for_update()).one()
    mine = select(SavedFilter).where(SavedFilter.owner_id == by.account_id)
    for row in db.session.scalars(mine):
        if (row.name, row.centre_id, row.agency_id) == (name, centre_id, agency_id):
            row.chosen = dict(chosen)
            return row
    if (db.session.scalar(select(func.count()).select_from(mine.subquery())) or 0) >= MOST_KEPT:
        raise FilterRefused(
            f"Mỗi người lưu tối đa {MOST_KEPT} bộ lọc. Vui lòng xóa bớt bộ lọc không còn dùng.",
            f"One person may keep {MOST_KEPT} filters. Please remove one that is no longer used.",
        )
    row = SavedFilter(
        owner_id=by.account_id, centre_id=centre_id, agency_id=agency_id, name=name, chosen=dict(chosen), created_at=now
    )  # fmt: skip
    db.session.add(row)
    return row


def rename_filter(ref: str, *, by: Actor, name: str) -> SavedFilter:
    """Rename a filter. Raises FilterUnknown; NotAllowed unless the person may change it; FilterRefused."""
    row = _own_or_led(ref, by)
    row.name = _fit(name)
    return row


def remove_filter(ref: str, *, by: Actor) -> None:
    """Remove a filter: its owner may, and for a shared one the leader of the centre or agency. Raises FilterUnknown, NotAllowed."""
    db.session.delete(_own_or_led(ref, by))


def may_change(by: Actor, row: SavedFilter | SeenFilter) -> bool:
    if row.owner_id == by.own_id:
        return True
    if row.agency_id is not None:
        return by.holds([Role.AGENCY_LEADER], agency_id=row.agency_id)
    return row.centre_id is not None and any(grant.role == Role.OPS_LEAD and grant.centre_id == row.centre_id for grant in by.grants)


def _own_or_led(ref: str, by: Actor) -> SavedFilter:
    require(by, Action.KEEP_FILTER)
    seen = or_(SavedFilter.owner_id == by.account_id, *_shared_with(by))
    row = db.session.scalars(select(SavedFilter).where(SavedFilter.ref == ref, seen)).first()
    if row is None:
        raise FilterUnknown
    if not may_change(by, row):
        raise NotAllowed
    return row


def _shared_with(by: Actor) -> list[ColumnElement[bool]]:
    return [SavedFilter.centre_id.in_(_centre_ids(by)), SavedFilter.agency_id.in_(by.agency_ids)]


def _centre_ids(by: Actor) -> set[int]:
    return {grant.centre_id for grant in by.grants if grant.centre_id is not None and grant.agency_id is None}


def _fit(name: str) -> str:
    name = normal(name)
    if not name or len(name) > LONGEST_NAME:
        raise FilterRefused(
            f"Vui lòng đặt tên bộ lọc, tối đa {LONGEST_NAME} ký tự.", f"Please name the filter, {LONGEST_NAME} characters at most.",
            about="name",
        )
    return name
