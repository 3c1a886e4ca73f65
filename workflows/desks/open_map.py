"""The map of open work: every open case a person sees, as a point or as a number among those near it, and in the list beside the map.

Operators and leads see their centre's open cases, a committee leader those of the centre, an agency those it still has to work on, with
its own limits. Which cases are open, and which are told apart because nobody has proven their contact: casework.open_cases.

Where a case is, is shown once its first reading let it out, and within the operations team before; of a case that is not made public
nobody sees more than the commune here. What is not shown is not found by its place either.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.casefile.views import opening_of
from casework.db import db
from casework.lateness import is_late
from casework.local_time import local_day
from casework.models import Centre
from casework.open_cases import count_unconfirmed
from casework.permissions import OPERATIONS, Action, Actor, Role, require
from casework.places.in_words import PlaceInWords, place_in_words
from casework.reading.kept_with_rules import kept_with_rules
from casework.states import AT_AGENCIES, CaseState, Standstill, standstill_of
from workflows.desk_access import desks_read_by
from workflows.desks.inbox_filters import NO_FILTER, SOON, InboxFilter
from workflows.desks.inbox_statements import FREE_CHOICES
from workflows.desks.open_map_statements import MOST_LOOKED_AT, SIDES, ReachShape, listed_cases, open_cases

MOST_LISTED = 200
"""Rows of one page of the list, and points on the map; beyond, the map shows how many cases there are in each cell of a grid."""
CELLS_ACROSS = 12
SMALLEST_CELL = 0.002
"""Degrees: some 200 m, as far apart as two points that are shown with three decimals should be to count as two places."""

Point = tuple[float, float]
FAR = datetime.max.replace(tzinfo=UTC)


class Kind(StrEnum):
    """What a case is on the map, the most pressing first."""

    LATE = "late"
    URGENT = "urgent"
    OPEN = "open"
    PAUSED = "paused"


RANK = {kind: number for number, kind in enumerate(Kind)}


class View(StrEnum):
    """The choices above the map."""

    ALL = "all"
    LATE = "late"
    URGENT = "urgent"
    SOON = "soon"
    MINE = "mine"


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the map, in degrees."""

    south: float
    north: float
    west: float
    east: float


@dataclass(frozen=True, slots=True)
class OpenCase:
    """An open case. `at` is its point where the person may see it; `is_reported`: a sender marked it urgent, nobody has decided yet."""

    id: int
    due_at: datetime | None
    is_urgent: bool
    is_reported: bool
    is_mine: bool
    is_soon: bool
    is_released: bool
    kind: Kind
    at: Point | None

    @property
    def order(self) -> tuple[int, datetime, int]:
        return RANK[self.kind], self.due_at or FAR, self.id

    def is_in(self, view: View) -> bool:
        match view:
            case View.LATE:
                return self.kind == Kind.LATE
            case View.URGENT:
                return self.is_urgent or self.is_reported
            case View.SOON:
                return self.is_soon
            case View.MINE:
                return self.is_mine
            case _:
                return True


@dataclass(frozen=True, slots=True)
class ListedCase:
    """A row of the list. `title` is empty where the person may not read it yet; `may_remind`: agencies have it and it is not on hold."""

    open: OpenCase
    ref: str
    code: str
    title: str
    has_title: bool
    place: PlaceInWords
    state: CaseState
    standstill: Standstill | None
    lead_agency: Bilingual | None
    may_remind: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """Cases in one cell of the grid: in the middle of them, and the box that holds them."""

    at: Point
    box: Box
    count: int
    late: int
    urgent: int


@dataclass(frozen=True, slots=True)
class OpenMap:
    """What is shown. `counts` are those of every view within the filter, `of_kind` those of the chosen view.

    `is_cut`: more than MOST_LOOKED_AT cases are open, and those due first are counted. `cells` are empty as long as every case of the view
    has a row. `unconfirmed`: how many cases of the person's centres are left out because their senders' contacts are not confirmed.
    """

    rows: tuple[ListedCase, ...]
    counts: dict[View, int]
    of_kind: dict[Kind, int]
    cells: tuple[Cell, ...]
    unplaced: int
    is_cut: bool
    has_next: bool
    unconfirmed: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the map is asked for; of the filter only what concerns the case counts."""

    view: View = View.ALL
    chosen: InboxFilter = NO_FILTER
    box: Box | None = None
    page: int = 1


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose open cases a person sees: of centres they operate, of those whose committee they lead, and of agencies they work in."""

    operated: tuple[int, ...]
    led: tuple[int, ...]
    agencies: tuple[int, ...]

    @classmethod
    def of(cls, by: Actor) -> "Reach":
        operated, led = (_centres(by, roles) for roles in (OPERATIONS, frozenset({Role.COMMITTEE_LEADER})))
        return cls(tuple(sorted(operated)), tuple(sorted(led - operated)), tuple(sorted(by.agency_ids)))

    @property
    def shape(self) -> ReachShape:
        return ReachShape(len(self.operated), len(self.led), len(self.agencies))

    @property
    def values(self) -> dict[str, int]:
        named = (("operated", self.operated), ("led", self.led), ("agency", self.agencies))
        return {f"{name}_{number}": id_ for name, ids in named for number, id_ in enumerate(ids)}


def open_map(by: Actor, asked: Asked, *, now: datetime) -> OpenMap:
    """The map of somebody's open work: two statements, and one for the unconfirmed cases of a centre.

    Raises NotAllowed for roles that have none.
    """
    require(by, Action.READ_OPEN_MAP)
    reach = Reach.of(by)
    looked_at = _open_cases(by, reach, asked, now)
    is_cut, looked_at = len(looked_at) > MOST_LOOKED_AT, looked_at[:MOST_LOOKED_AT]
    shown = sorted((each for each in looked_at if each.is_in(asked.view)), key=lambda each: each.order)
    last_page = max(1, -(-len(shown) // MOST_LISTED))
    page = max(1, min(asked.page, last_page))
    placed = [each for each in shown if each.at is not None]
    return OpenMap(
        rows=tuple(_listed(by, reach, shown[(page - 1) * MOST_LISTED : page * MOST_LISTED], now)),
        counts={view: sum(each.is_in(view) for each in looked_at) for view in View},
        of_kind={kind: sum(each.kind == kind for each in shown) for kind in Kind},
        cells=tuple(cells_of(placed)) if len(shown) > MOST_LISTED else (),
        unplaced=len(shown) - len(placed),
        is_cut=is_cut,
        has_next=page < last_page,
        unconfirmed=count_unconfirmed(reach.operated) if reach.operated else 0,
    )


def cells_of(cases: Sequence[OpenCase]) -> list[Cell]:
    """The cells of a grid laid over some cases, with how many are in each."""
    points = [each.at for each in cases if each.at is not None]
    if not points:
        return []
    spans = (max(point[axis] for point in points) - min(point[axis] for point in points) for axis in (0, 1))
    size = max(SMALLEST_CELL, max(spans) / CELLS_ACROSS)
    found: dict[tuple[int, int], list[OpenCase]] = defaultdict(list)
    for each in cases:
        if each.at is not None:
            found[int(each.at[0] // size), int(each.at[1] // size)].append(each)
    return [_cell(together) for together in found.values()]


def _cell(cases: Sequence[OpenCase]) -> Cell:
    points = [each.at for each in cases if each.at is not None]
    latitudes, longitudes = zip(*points, strict=True)
    middle = (sum(latitudes) / len(points), sum(longitudes) / len(points))
    box = Box(min(latitudes), max(latitudes), min(longitudes), max(longitudes))
    late, urgent = (sum(each.kind == kind for each in cases) for kind in (Kind.LATE, Kind.URGENT))
    return Cell(middle, box, len(cases), late, urgent)


def _open_cases(by: Actor, reach: Reach, asked: Asked, now: datetime) -> list[OpenCase]:
    if reach.shape == ReachShape(0, 0, 0):
        return []
    given = {name: getattr(asked.chosen, name) for name in FREE_CHOICES if getattr(asked.chosen, name) is not None}
    values: dict[str, Any] = dict.fromkeys(given, "given")
    shape = InboxFilter(**values)
    query = open_cases(reach.shape, shape, in_box=asked.box is not None)
    box = {side: getattr(asked.box, side) for side in SIDES} if asked.box is not None else {}
    rows = db.session.execute(query, {**reach.values, **given, **box, "desks": desks_read_by(by)})
    return [_open_case(row, now) for row in rows]


def _open_case(row: Any, now: datetime) -> OpenCase:
    id_, due_at, urgency, paused_for, latitude, longitude, is_released, is_reported, is_mine = row
    is_urgent, late = urgency == "urgent", is_late(due_at, now)
    kind = Kind.LATE if late else Kind.PAUSED if paused_for else Kind.URGENT if is_urgent or is_reported else Kind.OPEN
    is_soon = due_at is not None and not late and due_at <= now + SOON
    at = (latitude, longitude) if latitude is not None and longitude is not None else None
    return OpenCase(id_, due_at, is_urgent, bool(is_reported), bool(is_mine), is_soon, bool(is_released), kind, at)


def _listed(by: Actor, reach: Reach, cases: Sequence[OpenCase], now: datetime) -> list[ListedCase]:
    if not cases:
        return []
    query, ids = listed_cases(with_words=bool(reach.operated)), [each.id for each in cases]
    rows = {row[0]: tuple(row)[1:] for row in db.session.execute(query, {"ids": ids})}
    return [_row(by, each, rows[each.id], now) for each in cases if each.id in rows]


def _row(by: Actor, case: OpenCase, row: Sequence[Any], now: datetime) -> ListedCase:
    (
        ref, code, title, words, centre_id, area_id, village, state, paused_for, is_hidden, lead_vi, lead_en,
    ) = row  # fmt: skip
    reads_original = by.holds(OPERATIONS, centre_id=centre_id)
    title = title if case.is_released or reads_original else None
    is_told = not is_hidden and (case.is_released or reads_original)
    place = place_in_words(area_id, village if is_told else None, on=local_day(now), point=case.at)
    can_wait = paused_for is None and state in AT_AGENCIES
    return ListedCase(
        open=case,
        ref=ref,
        code=code,
        title=title or (opening_of(words) if reads_original and words is not None else ""),
        has_title=bool(title),
        place=place,
        state=CaseState(state),
        standstill=standstill_of(state, paused_for),
        lead_agency=Bilingual(lead_vi, lead_en) if lead_vi is not None else None,
        may_remind=can_wait and by.holds(OPERATIONS | {Role.COMMITTEE_LEADER}, centre_id=centre_id),
    )


def _centres(by: Actor, roles: frozenset[Role]) -> set[int]:
    """The centres where one of the roles is held; one held in the installation counts in every centre."""
    held = {grant.centre_id for grant in by.grants if grant.role in roles}
    return set(_every_centre()) if None in held else {each for each in held if each is not None}


@kept_with_rules
def _every_centre() -> tuple[int, ...]:
    return tuple(db.session.scalars(select(Centre.id).order_by(Centre.id)))
