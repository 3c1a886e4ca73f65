"""A plan in the form the program works with: successions, and where each thing goes by its place (rules.md, section 8)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, cast

from sqlalchemy import or_, select

from casework.db import db
from casework.models import Account, Agency, Area, Centre, Membership, Reorganisation, ReorganisationStep
from casework.places.geometry import box_size, holds_place
from casework.text import fold


class BodyKind(StrEnum):
    """The kinds of bodies in the lines of a plan."""

    AREA = "area"
    AGENCY = "agency"
    CENTRE = "centre"
    PERSON = "person"


Body = Area | Agency | Centre
BODIES: Mapping[BodyKind, type[Any]] = {BodyKind.AREA: Area, BodyKind.AGENCY: Agency, BodyKind.CENTRE: Centre}


@dataclass(frozen=True)
class PlanLine:
    """One line: predecessor and successor, the place it takes, and whether it takes what no place decides. Without a successor the body
    ends."""

    id: int
    kind: BodyKind
    predecessor_id: int
    successor_id: int | None
    by_area_id: int | None
    is_main: bool

    @classmethod
    def of(cls, step: ReorganisationStep) -> "PlanLine":
        """From its row."""
        return cls(step.id, BodyKind(step.kind), step.predecessor_id, step.successor_id, step.by_area_id, step.is_main)


@dataclass(frozen=True)
class Whereabouts:
    """The position of a case, camera or agency, as far as known. Degrees are WGS 84."""

    area_id: int | None = None
    village: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True)
class AreaSnapshot:
    """An area as it was when the plan was read; belongs to no session."""

    id: int
    parent_id: int | None
    centre_id: int | None
    level: str
    folded_name: str
    south: float | None
    north: float | None
    west: float | None
    east: float | None
    boundary: dict[str, Any] | None


@dataclass
class Blueprint:
    """The lines of a plan by predecessor, with the areas; it changes no rows."""

    plan_id: int
    on: date
    lines: tuple[PlanLine, ...]
    centre_of_agency: dict[int, int] = field(default_factory=dict)
    area_of_agency: dict[int, int | None] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Reorganisation) -> "Blueprint":
        """Read a plan, in five statements whatever its size."""
        blueprint = cls(plan.id, plan.on, tuple(PlanLine.of(step) for step in plan.steps))
        named = blueprint.ended(BodyKind.AGENCY) | {line.successor_id for line in blueprint.of_kind(BodyKind.AGENCY) if line.successor_id}
        for agency in db.session.scalars(select(Agency).where(Agency.id.in_(named))):
            blueprint.centre_of_agency[agency.id], blueprint.area_of_agency[agency.id] = agency.centre_id, agency.area_id
        blueprint.areas  # noqa: B018  read now: what is done by the plan must not change how it is read
        return blueprint

    def of_kind(self, kind: BodyKind) -> list[PlanLine]:
        return [line for line in self.lines if line.kind is kind]

    def ended(self, kind: BodyKind) -> set[int]:
        """The bodies that end on the day."""
        return {line.predecessor_id for line in self.of_kind(kind)} if kind is not BodyKind.PERSON else set()

    def after(self, kind: BodyKind, predecessor_id: int) -> list[PlanLine]:
        return [line for line in self.of_kind(kind) if line.predecessor_id == predecessor_id and line.successor_id is not None]

    def successors(self, kind: BodyKind, predecessor_id: int) -> list[int]:
        """The successors of one predecessor, each once, the main one first."""
        lines = sorted(self.after(kind, predecessor_id), key=lambda line: not line.is_main)
        return list(dict.fromkeys(line.successor_id for line in lines if line.successor_id is not None))

    def main(self, kind: BodyKind, predecessor_id: int | None) -> int | None:
        """The successor that takes what no place decides; the row itself where the plan does not mention it; None where it ends."""
        if predecessor_id is None or predecessor_id not in self.ended(kind):
            return predecessor_id
        return next(iter(self.successors(kind, predecessor_id)), None)

    # -- places -----------------------------------------------------------------------------------------------------------

    @cached_property
    def areas(self) -> dict[int, AreaSnapshot]:
        """Every area except villages, and the villages in ending areas or named by a line."""
        by_lines = {line.by_area_id for line in self.lines if line.by_area_id}
        ended = self.ended(BodyKind.AREA)
        told = by_lines | {line.successor_id for line in self.of_kind(BodyKind.AREA) if line.successor_id}
        query = select(Area).where((Area.level != "village") | Area.id.in_(by_lines | ended) | Area.parent_id.in_(ended))
        boundaries = select(Area.id, Area.boundary).where(Area.id.in_(told))
        known: dict[int, dict[str, Any] | None] = {id_: boundary for id_, boundary in db.session.execute(boundaries)}  # noqa: C416
        return {
            area.id: AreaSnapshot(
                area.id, area.parent_id, area.centre_id, area.level, area.folded_name, area.south, area.north, area.west, area.east,
                known.get(area.id),
            )
            for area in db.session.scalars(query)
        }  # fmt: skip

    @cached_property
    def _villages(self) -> Mapping[tuple[int, str], list[int]]:
        """Villages by parent area and folded name."""
        found: dict[tuple[int, str], list[int]] = defaultdict(list)
        for area in self.areas.values():
            if area.level == "village" and area.parent_id is not None:
                found[area.parent_id, area.folded_name].append(area.id)
        return found

    def around(self, area_id: int | None) -> list[int]:
        """The area and its ancestors, the nearest first."""
        found: list[int] = []
        area = self.areas.get(area_id) if area_id is not None else None
        if area_id is not None:
            found.append(area_id)
        while area is not None and area.parent_id is not None and area.parent_id not in found:
            found.append(area.parent_id)
            area = self.areas.get(area.parent_id)
        return found

    def area_for(self, spot: Whereabouts) -> int | None:
        """The area of a spot from the day on: by a line's place, then by the successors' boundaries, then by the main line."""
        area_id = spot.area_id
        if area_id is None or area_id not in self.ended(BodyKind.AREA):
            return area_id
        lines, within = self.after(BodyKind.AREA, area_id), self._before(spot)
        claimed = next((line.successor_id for line in lines if self._claims(line.by_area_id, spot, within)), None)
        if claimed is None and spot.latitude is not None and spot.longitude is not None:
            own = [self.areas[id_] for id_ in self.successors(BodyKind.AREA, area_id) if id_ in self.areas]
            there = [area for area in own if area.boundary and _holds(area, spot.latitude, spot.longitude)]
            claimed = min(there, key=lambda area: (box_size(cast(Area, area)), area.id)).id if there and len(own) > 1 else None
        return claimed if claimed is not None else self.main(BodyKind.AREA, area_id)

    def centre_for(self, centre_id: int, spot: Whereabouts) -> int | None:
        """The centre of a spot from the day on, among the successors of `centre_id`."""
        if centre_id not in self.ended(BodyKind.CENTRE):
            return centre_id
        lines, within = self.after(BodyKind.CENTRE, centre_id), self._within(spot)
        claimed = next((line.successor_id for line in lines if self._claims(line.by_area_id, spot, within)), None)
        if claimed is None:
            owners = [self.areas[id_].centre_id for id_ in self.around(self.area_for(spot)) if id_ in self.areas]
            claimed = next((owner for owner in owners if owner in {line.successor_id for line in lines}), None)
        return claimed if claimed is not None else self.main(BodyKind.CENTRE, centre_id)

    def agency_for(self, agency_id: int, spot: Whereabouts, centre_id: int) -> int | None:
        """The agency that continues another's work at a spot, in the case's centre from the day on."""
        if agency_id not in self.ended(BodyKind.AGENCY):
            return agency_id
        lines, within = self.after(BodyKind.AGENCY, agency_id), self._within(spot)
        here = [line for line in lines if self._centre_after(line.successor_id, spot) == centre_id] or lines
        claimed = next((line.successor_id for line in here if self._claims(line.by_area_id, spot, within)), None)
        if claimed is None:
            own = {line.successor_id: self.area_of_agency.get(line.successor_id or 0) for line in here if line.by_area_id is None}
            claimed = next((id_ for id_, area_id in own.items() if area_id is not None and area_id in within), None)
        main = next((line.successor_id for line in here if line.is_main), here[0].successor_id if here else None)
        return claimed if claimed is not None else main

    def membership_goes(self, membership: Membership) -> list[tuple[int | None, int | None]]:
        """Centre and agency of a membership from the day on: by its own lines, or else with the main successor. Empty: it ends."""
        kind, body = (
            (BodyKind.AGENCY, membership.agency_id) if membership.agency_id is not None else (BodyKind.CENTRE, membership.centre_id)
        )
        own = self.after(BodyKind.PERSON, membership.id)
        ends = membership.id in self._people and not own
        goes = [line.successor_id for line in own] or [None if ends else self.main(kind, body)]
        return [(membership.centre_id, each) if kind is BodyKind.AGENCY else (each, None) for each in goes if each is not None]

    @cached_property
    def _people(self) -> set[int]:
        """The memberships with lines of their own."""
        return {line.predecessor_id for line in self.of_kind(BodyKind.PERSON)}

    def _centre_after(self, agency_id: int | None, spot: Whereabouts) -> int | None:
        centre_id = self.centre_of_agency.get(agency_id or 0)
        return self.centre_for(centre_id, Whereabouts(self.area_of_agency.get(agency_id or 0))) if centre_id is not None else None

    def _before(self, spot: Whereabouts) -> set[int]:
        """Every area that contains a spot before the day; its village by name."""
        return self._with_villages(self.around(spot.area_id), spot)

    def _within(self, spot: Whereabouts) -> set[int]:
        """Every area that contains a spot before the day or from the day on."""
        return self._before(spot) | self._with_villages(self.around(self.area_for(spot)), spot)

    def _with_villages(self, area_ids: Iterable[int], spot: Whereabouts) -> set[int]:
        found, name = set(area_ids), fold(spot.village) if spot.village else ""
        for area_id in [*found] if name else ():
            found.update(self._villages.get((area_id, name), ()))
        return found

    def _claims(self, by_area_id: int | None, spot: Whereabouts, within: Collection[int]) -> bool:
        """Whether a line's place contains the spot: by the areas it is in; where these are too large to decide or unknown, by its
        position."""
        if by_area_id is None:
            return False
        if by_area_id in within:
            return True
        area = self.areas.get(by_area_id)
        if area is None or spot.latitude is None or spot.longitude is None:
            return False
        is_finer = spot.area_id is None or spot.area_id in self.around(area.parent_id)
        return is_finer and _holds(area, spot.latitude, spot.longitude)


def _holds(area: AreaSnapshot, latitude: float, longitude: float) -> bool:
    """Like `holds_place`, for the same columns."""
    return holds_place(cast(Area, area), latitude, longitude)


def memberships_of(blueprint: Blueprint) -> list[Membership]:
    """The roles of people in ending bodies that are in force on the day or later. Those of service accounts end with the body and are never
    handed on: authentication asks for the body, and a job closes the account (casework/doors)."""
    agencies, centres = blueprint.ended(BodyKind.AGENCY), blueprint.ended(BodyKind.CENTRE)
    query = select(Membership).join(Membership.account).where(Account.kind == "staff")
    query = query.where(or_(Membership.agency_id.in_(agencies), Membership.centre_id.in_(centres))).order_by(Membership.id)
    return [row for row in db.session.scalars(query) if row.valid_to is None or row.valid_to > max(blueprint.on, row.valid_from)]


def names_of(kind: BodyKind, ids: Iterable[int]) -> dict[int, Body]:
    """The bodies of the ids in lines."""
    table = BODIES[kind]
    return {row.id: row for row in db.session.scalars(select(table).where(table.id.in_(set(ids))))}
