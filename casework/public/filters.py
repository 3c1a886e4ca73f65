"""Public filters: for the list, its map and its feed, with the newest matching cases.

The cost does not grow with the number of cases: a search walks an index from the newest case and stops after LOOKED_AT of them; the next
page continues from there.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, false, func, literal, or_, select, true, tuple_, union_all

from casework.db import Instant, db
from casework.lateness import late
from casework.local_time import midnight
from casework.models import Area, Case, Centre, Field
from casework.places.former_areas import areas_before
from casework.public.limits import LocalMidnight
from casework.public.progress import open_ways
from casework.public.unindexed import unindexed
from casework.states import ANSWERED_STATES, OPEN_STATES, CaseState

LOOKED_AT = 4_000
"""The most cases an index yields, newest first, before somebody has to ask for older ones: a rare kind must not read all cases."""
FIRST_SHARE = 10
"""The fraction of them examined first: common kinds fill a page from these."""
MOST_AREAS = 20
"""For one choice of a commune: itself and its predecessors."""
LONGEST_SEARCH = 100

Anchor = tuple[datetime, int]
"""A position in the list: when a case was opened, and its row."""


class PublicState(StrEnum):
    """The steps of the public bar, as named in the list's address, and all of those before the answer."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in-progress"
    ANSWERED = "answered"
    OPEN = "open"


_STEP_OF = {PublicState.RECEIVED: "0", PublicState.ACCEPTED: "1", PublicState.IN_PROGRESS: "2", PublicState.ANSWERED: "4"}


@dataclass(frozen=True)
class PublicFilter:
    """A reader's filter; empty fields mean all. `late_at` is the instant at which cases are to be late, by days; the days are local days
    of filing, both included."""

    words: str = ""
    service_code: str = ""
    area_ref: str = ""
    state: PublicState | None = None
    urgent_only: bool = False
    late_at: datetime | None = None
    since: date | None = None
    until: date | None = None
    centre_ref: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether the filter has more than words."""
        return bool(
            self.service_code or self.area_ref or self.state or self.urgent_only or self.late_at or self.since or self.until
            or self.centre_ref
        )  # fmt: skip


@dataclass(frozen=True)
class Matching:
    """Rows of matching cases, newest first. `goes_on_at` is where the search stopped, if there may be more."""

    ids: list[int] = field(default_factory=list)
    goes_on_at: Anchor | None = None


@cache
def is_shown() -> ColumnElement[bool]:
    """Whether a case is public: not a part, sensitive, quarantined, refused, merged, withdrawn or answered privately."""
    state = unindexed(Case.state)
    return and_(
        Case.quarantined_at.is_(None),
        Case.visibility_reason_id.is_(None),
        unindexed(Case.merged_into_id).is_(None),
        unindexed(Case.parent_id).is_(None),
        or_(state.in_(OPEN_STATES), and_(Case.is_public, state.in_(ANSWERED_STATES))),
    )


def matching(wanted: PublicFilter, *, most: int, anchor: Anchor | None = None, backwards: bool = False) -> Matching:
    """Return the newest `most` cases that match, ignoring words, after the anchor; with `backwards` those just before it."""
    choice = _choice(wanted)
    days = list(_days(wanted))
    filters = [*choice.filters, *days, *_beyond(anchor, backwards=backwards)]
    for looked_at in (max(1, LOOKED_AT // FIRST_SHARE), LOOKED_AT) if wanted.is_narrowed else (None,):
        end = _end_of_window(choice.ways, days, anchor, looked_at, backwards=backwards) if looked_at else None
        window = [] if end is None else [_place() <= end if backwards else _place() >= end]
        rows = db.session.execute(_newest(choice.ways, [is_shown(), *filters, *window], most, backwards=backwards)).all()
        if end is None or len(rows) >= most:
            break
    return Matching([row.id for row in rows], end if len(rows) < most else None)


@dataclass(frozen=True)
class Newest:
    """Matching rows among the newest cases; `are_all` where there are no older ones."""

    ids: Select[int]
    are_all: bool


def newest_of(wanted: PublicFilter, *, looked_at: int) -> Newest:
    """Return a query of the matching ones, ignoring words, among the newest cases an index yields."""
    choice, days = _choice(wanted), list(_days(wanted))
    end = _end_of_window(choice.ways, days, None, looked_at, backwards=False)
    window = [] if end is None else [_place() >= end]
    queries = [select(Case.id).where(*way, is_shown(), *choice.filters, *days, *window) for way in choice.ways]
    return Newest(select(union_all(*queries).subquery().c.id), are_all=end is None)


def matching_among(wanted: PublicFilter, case_ids: Sequence[int]) -> list[int]:
    """Return the matching ones, ignoring words, among some cases, newest first."""
    choice = _choice(wanted, are_given=True)
    # ids in the statement's text: some hundred parameters would take longer than finding the rows
    among = Case.id.in_(bindparam("cases", case_ids, expanding=True, literal_execute=True))
    query = select(Case.id).where(among, is_shown(), *choice.filters, *_days(wanted), or_(*(and_(true(), *way) for way in choice.ways)))
    return list(db.session.scalars(query.order_by(Case.opened_at.desc(), Case.id.desc()))) if case_ids else []


def place_of(code: str) -> Anchor | None:
    """The position in the list of the case with a code; None if not public, just as for an unknown code."""
    row = db.session.execute(select(Case.opened_at, Case.id).where(Case.code == code, is_shown())).one_or_none() if code else None
    return (row.opened_at, row.id) if row else None


def areas_meant(area_ref: str) -> list[Area]:
    """The chosen commune first, and its predecessors, which cases that ended earlier keep as their place."""
    area = db.session.scalar(select(Area).where(Area.ref == area_ref, Area.level == "commune"))
    if area is None:
        return []
    before = areas_before(area.id)[: MOST_AREAS - 1]
    found = {each.id: each for each in db.session.scalars(select(Area).where(Area.id.in_(before)))} if before else {}
    return [area, *(found[each] for each in before if each in found)]


@dataclass(frozen=True)
class _Choice:
    """A match is on one of the ways and passes every filter. Each way's first condition lets one index walk it from the newest case."""

    ways: list[list[ColumnElement[bool]]]
    filters: list[ColumnElement[bool]]


def _choice(wanted: PublicFilter, *, are_given: bool = False) -> _Choice:
    """The rarest choice leads: an open state, then a commune, then a field; the rest are filters.

    Where the cases are given, nothing leads: otherwise SQLite would read all cases of a commune instead of the few given.
    """
    lead: Callable[[Any], Any] = unindexed if are_given else lambda column: column
    filters = list(_plain_filters(wanted))
    areas = [area.id for area in areas_meant(wanted.area_ref)] if wanted.area_ref else []
    fields = list(db.session.scalars(select(Field.id).where(Field.service_code == wanted.service_code))) if wanted.service_code else []
    if (wanted.area_ref and not areas) or (wanted.service_code and not fields):
        return _Choice([[false()]], filters)
    if wanted.state is None or wanted.state == PublicState.ANSWERED:
        ways = [[lead(Case.area_id) == each] for each in areas] or [[lead(Case.field_id) == each] for each in fields] or [[]]
        filters += [unindexed(Case.field_id).in_(fields)] if fields and areas else []
        filters += [unindexed(Case.state).in_(ANSWERED_STATES)] if wanted.state else []
        return _Choice(ways, filters)
    filters += [unindexed(Case.area_id).in_(areas)] if areas else []
    filters += [unindexed(Case.field_id).in_(fields)] if fields else []
    if wanted.state == PublicState.OPEN:
        return _Choice([[lead(Case.state) == state] for state in CaseState if state in OPEN_STATES], filters)
    return _Choice(list(open_ways(_STEP_OF[wanted.state], lead(Case.state))), filters)


def _plain_filters(wanted: PublicFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.urgent_only:
        yield Case.urgency == "urgent"
    if wanted.late_at is not None:
        until = func.coalesce(Case.answered_at, Case.closed_at, literal(wanted.late_at, Instant()))
        yield late(Case.due_at, LocalMidnight(until))
    if wanted.centre_ref:
        yield unindexed(Case.centre_id).in_(select(Centre.id).where(Centre.ref == wanted.centre_ref))


def _days(wanted: PublicFilter) -> Iterator[ColumnElement[bool]]:
    """Bounds of the position in the list: the search begins at the last day asked for, not today."""
    if wanted.since is not None:
        yield Case.opened_at >= midnight(wanted.since)
    if wanted.until is not None:
        yield Case.opened_at < midnight(wanted.until + timedelta(days=1))


def _place() -> ColumnElement[tuple[datetime, int]]:
    return tuple_(Case.opened_at, Case.id)


def _beyond(anchor: Anchor | None, *, backwards: bool) -> list[ColumnElement[bool]]:
    if anchor is None:
        return []
    return [_place() > anchor if backwards else _place() < anchor]


def _end_of_window(
    ways: list[list[ColumnElement[bool]]], days: list[ColumnElement[bool]], anchor: Anchor | None, looked_at: int, *, backwards: bool
) -> Anchor | None:
    """The position of the last row of these days to examine; None where there is none after it. Only the indexes are read, because a
    way's further conditions may be rare."""
    rows = _newest([way[:1] for way in ways], [*days, *_beyond(anchor, backwards=backwards)], looked_at + 1, backwards=backwards).subquery()
    order = rows.c.opened_at, rows.c.id
    query = select(*order).order_by(*(order if backwards else (each.desc() for each in order))).offset(looked_at - 1).limit(2)
    found = db.session.execute(query).all()
    return (found[0].opened_at, found[0].id) if len(found) > 1 else None


def _newest(ways: list[list[ColumnElement[bool]]], filters: list[ColumnElement[bool]], most: int, *, backwards: bool) -> Select[Any]:
    """Rows and instants of the first `most`, each way walked by itself: no database walks several in the order of one list."""
    order = (Case.opened_at, Case.id) if backwards else (Case.opened_at.desc(), Case.id.desc())
    each: list[Any] = [select(Case.opened_at, Case.id).where(*way, *filters).order_by(*order).limit(most) for way in ways]
    if len(each) == 1:
        only: Select[Any] = each[0]
        return only
    rows = union_all(*(select(query.subquery()) for query in each)).subquery()
    names = rows.c.opened_at, rows.c.id
    merged: Select[Any] = select(*names).order_by(*(names if backwards else (name.desc() for name in names))).limit(most)
    return merged
