"""The first part of a reorganisation, in one unit of work: areas, agencies and centres end and are succeeded; places and people move
along."""

from collections import Counter
from collections.abc import Iterator
from datetime import date

from sqlalchemy import or_, select

from casework.db import db
from casework.models import (
    Agency,
    AgencySuccession,
    Area,
    AreaSuccession,
    Camera,
    Centre,
    Membership,
    Reorganisation,
    SavedFilter,
    Wallboard,
)
from casework.reorganising.blueprint import BODIES, Blueprint, BodyKind, Whereabouts, memberships_of
from casework.reorganising.journal import NetChange, rows_with
from casework.reorganising.left_cases import hand_left_cases_on
from casework.reorganising.plans import planned_rows
from casework.reorganising.rules import hand_rules_on
from casework.text import fold

Moved = Counter[str]


def move_bodies(plan: Reorganisation, blueprint: Blueprint) -> Moved:
    """End what the plan ends, put in force what it makes, and move places, people and rules; returns how much of each."""
    moved: Moved = Counter()
    for row in planned_rows(plan):
        row.valid_to = None
        moved["new"] += 1
    db.session.flush()
    _end(plan, blueprint, moved)
    _move_villages(plan, blueprint, moved)
    _move_areas(blueprint, moved)
    _move_agencies(blueprint, moved)
    _move_cameras(blueprint, moved)
    moved += hand_rules_on(blueprint, on=plan.on)
    _move_people(blueprint, plan.on, moved)
    _move_shared(blueprint, moved)
    hand_left_cases_on(blueprint)
    db.session.flush()
    return moved


def _end(plan: Reorganisation, blueprint: Blueprint, moved: Moved) -> None:
    for kind, table in BODIES.items():
        for predecessor_id in sorted(blueprint.ended(kind)):
            row = db.session.get_one(table, predecessor_id)
            row.valid_to = plan.on
            moved[f"{kind}_ended"] += 1
            for successor_id in blueprint.successors(kind, predecessor_id):
                if isinstance(row, Area):
                    _follow_area(row.id, successor_id, plan)
                elif isinstance(row, Agency):
                    db.session.add(
                        AgencySuccession(predecessor_id=row.id, successor_id=successor_id, on=plan.on, source=plan.source)
                    )
            if isinstance(row, Centre) and row.is_default:
                row.is_default = False
                heir = db.session.get_one(Centre, blueprint.main(kind, predecessor_id))
                heir.is_default = True


def _follow_area(predecessor_id: int, successor_id: int, plan: Reorganisation) -> None:
    db.session.add(AreaSuccession(predecessor_id=predecessor_id, successor_id=successor_id, on=plan.on, source=plan.source))


def _move_villages(plan: Reorganisation, blueprint: Blueprint, moved: Moved) -> None:
    """Move the content of an ended area to its successor: a village as a new row, a larger area as it is."""
    ended = blueprint.ended(BodyKind.AREA)
    query = select(Area).where(Area.parent_id.in_(ended), Area.id.not_in(ended)).order_by(Area.id)
    below = [area for area in db.session.scalars(query) if area.holds_on(plan.on)]
    there = _villages_there({each for area in below for each in blueprint.successors(BodyKind.AREA, area.parent_id or 0)}, plan.on)
    for area in below:
        lines = blueprint.after(BodyKind.AREA, area.parent_id or 0)
        claimed = next((line.successor_id for line in lines if line.by_area_id == area.id), None)
        successor_id = claimed or blueprint.area_for(Whereabouts(area.parent_id, area.name_vi, area.latitude, area.longitude))
        if successor_id is None:
            continue
        if area.level != "village":
            area.parent_id = successor_id
            continue
        area.valid_to = plan.on
        known = there.get((successor_id, area.folded_name)) or _like(area, successor_id, plan.on)
        _follow_area(area.id, known.id, plan)
        moved["villages"] += 1


def _villages_there(area_ids: set[int], on: date) -> dict[tuple[int, str], Area]:
    query = select(Area).where(Area.parent_id.in_(area_ids), Area.level == "village")
    return {(area.parent_id or 0, area.folded_name): area for area in db.session.scalars(query) if area.holds_on(on)}


def _like(area: Area, parent_id: int, on: date) -> Area:
    parent = db.session.get_one(Area, parent_id)
    row = Area(
        centre_id=parent.centre_id, parent_id=parent_id, level=area.level, official_code=area.official_code, name_vi=area.name_vi,
        name_en=area.name_en, folded_name=fold(area.name_vi), latitude=area.latitude, longitude=area.longitude, south=area.south,
        north=area.north, west=area.west, east=area.east, boundary=area.boundary, boundary_source=area.boundary_source, valid_from=on,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def _move_areas(blueprint: Blueprint, moved: Moved) -> None:
    """Move the surviving areas of an ended centre to the centre that takes them."""
    ended = blueprint.ended(BodyKind.CENTRE)
    for area in db.session.scalars(select(Area).where(Area.centre_id.in_(ended)).order_by(Area.id)):
        if area.centre_id is not None and (area.valid_to is None or area.valid_to > blueprint.on):
            area.centre_id = blueprint.centre_for(area.centre_id, Whereabouts(area.id, None, area.latitude, area.longitude))
            moved["areas"] += 1
    db.session.flush()


def _move_agencies(blueprint: Blueprint, moved: Moved) -> None:
    """Update agencies that continue: their centre, parent agency and area may have been succeeded."""
    agencies, centres, areas = (blueprint.ended(kind) for kind in (BodyKind.AGENCY, BodyKind.CENTRE, BodyKind.AREA))
    touched = or_(Agency.parent_id.in_(agencies), Agency.centre_id.in_(centres), Agency.area_id.in_(areas))
    for agency in db.session.scalars(select(Agency).where(touched).order_by(Agency.id)):
        if agency.id in agencies or (agency.valid_to is not None and agency.valid_to <= blueprint.on):
            continue
        spot = Whereabouts(agency.area_id)
        agency.centre_id = blueprint.centre_for(agency.centre_id, spot) or agency.centre_id
        agency.area_id = blueprint.area_for(spot)
        agency.parent_id = blueprint.agency_for(agency.parent_id, spot, agency.centre_id) if agency.parent_id is not None else None
        moved["agencies"] += 1
    db.session.flush()


def _move_cameras(blueprint: Blueprint, moved: Moved) -> None:
    touched = or_(Camera.centre_id.in_(blueprint.ended(BodyKind.CENTRE)), Camera.area_id.in_(blueprint.ended(BodyKind.AREA)))
    for camera in db.session.scalars(select(Camera).where(touched).order_by(Camera.id)):
        if camera.valid_to is None or camera.valid_to > blueprint.on:
            spot = Whereabouts(camera.area_id, None, camera.latitude, camera.longitude)
            camera.centre_id = blueprint.centre_for(camera.centre_id, spot) or camera.centre_id
            camera.area_id = blueprint.area_for(spot)
            moved["cameras"] += 1


def _move_people(blueprint: Blueprint, on: date, moved: Moved) -> None:
    """End each role with its body and begin it in the successors, unless the person already has it there."""
    held = {(row.account_id, row.role, row.centre_id, row.agency_id) for row in _roles_there(blueprint) if row.holds_on(on)}
    for row in memberships_of(blueprint):
        targets, until, begins = blueprint.membership_goes(row), row.valid_to, max(on, row.valid_from)
        moved["people"] += 1
        if row.valid_from < on:
            row.valid_to = on
        elif targets:
            # a role that begins on the day or later was never in force elsewhere
            row.centre_id, row.agency_id = targets.pop(0)
        else:
            row.valid_to = row.valid_from
        for target in targets:
            if (row.account_id, row.role, *target) in held:
                continue
            held.add((row.account_id, row.role, *target))
            db.session.add(
                Membership(
                    account_id=row.account_id, role=row.role, centre_id=target[0], agency_id=target[1], is_focal=row.is_focal,
                    valid_from=begins, valid_to=until,
                )
            )  # fmt: skip
    db.session.flush()


def people_in(nets: list[NetChange]) -> set[int]:
    """The accounts whose roles were changed; to be called while the rows still exist."""
    ids = [net.key["id"] for net in rows_with(nets, "membership")]
    return set(db.session.scalars(select(Membership.account_id).where(Membership.id.in_(ids)))) if ids else set()


def _roles_there(blueprint: Blueprint) -> Iterator[Membership]:
    agencies = {line.successor_id for line in blueprint.of_kind(BodyKind.AGENCY) if line.successor_id is not None}
    centres = {line.successor_id for line in blueprint.of_kind(BodyKind.CENTRE) if line.successor_id is not None}
    yield from db.session.scalars(select(Membership).where(or_(Membership.agency_id.in_(agencies), Membership.centre_id.in_(centres))))


def _move_shared(blueprint: Blueprint, moved: Moved) -> None:
    """Move shared filters and wallboards to the main successor, and the areas and agencies that filters name."""
    refs = {}
    for kind in (BodyKind.AREA, BodyKind.AGENCY):
        table = BODIES[kind]
        for predecessor_id in blueprint.ended(kind):
            heir = blueprint.main(kind, predecessor_id)
            if heir is not None:
                refs[str(kind), db.session.get_one(table, predecessor_id).ref] = db.session.get_one(table, heir).ref
    for row in db.session.scalars(select(SavedFilter).order_by(SavedFilter.id)):
        agency_id, centre_id = blueprint.main(BodyKind.AGENCY, row.agency_id), blueprint.main(BodyKind.CENTRE, row.centre_id)
        chosen = {name: refs.get((name, value), value) if isinstance(value, str) else value for name, value in row.chosen.items()}
        if (agency_id, centre_id, chosen) != (row.agency_id, row.centre_id, row.chosen):
            row.agency_id, row.centre_id, row.chosen = agency_id, centre_id, chosen
            moved["filters"] += 1
    for wallboard in db.session.scalars(select(Wallboard).where(Wallboard.centre_id.in_(blueprint.ended(BodyKind.CENTRE)))):
        wallboard.centre_id = blueprint.main(BodyKind.CENTRE, wallboard.centre_id) or wallboard.centre_id
        moved["wallboards"] += 1
