"""A reorganisation of the standard world, and a picture of the whole database to hold beside another.

    plan = reorganised.planned(world)                  # two communes and three agencies are followed by new ones
    reorganised.carried_out(world, plan)
"""
from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from casework.db import METADATA, db, unit_of_work
from casework.models import Account, Agency, Area, Membership, Reorganisation
from casework.permissions import Actor, actor_for
from casework.reorganising import plans
from casework.reorganising.blueprint import Blueprint, BodyKind
from casework.reorganising.seats_after import missing_seats
from tests import build
from tests.build import World
from workflows.reorganising import acts as reorganising

DAY = date(2026, 3, 4)
"""Wednesday: two days after most cases of the builders were filed."""
MORNING = datetime(2026, 3, 4, 1, 0, tzinfo=build.NOON.tzinfo)
"""08:00 local time of that day."""

DERIVED = {"event", "event_stream", "outbox_message", "search_row", "reorganisation", "reorganisation_step", "reorganisation_change"}
"""Never taken back, or made anew."""


def everything() -> dict[str, dict[Any, dict[str, Any]]]:
    """Every row of every table that is put back by an undo, by its key, without the counters of the optimistic locks."""
    found = {}
    for table in METADATA.sorted_tables:
        if table.name not in DERIVED:
            keys = [column.name for column in table.primary_key]
            rows = [dict(row._mapping) for row in db.session.execute(select(table))]
            found[table.name] = {
                tuple(row[key] for key in keys): {name: value for name, value in row.items() if name != "version" or "version" in keys}
                for row in rows
            }  # fmt: skip
    db.session.rollback()
    return found


def differences(before: dict[str, dict[Any, dict[str, Any]]], after: dict[str, dict[Any, dict[str, Any]]]) -> list[Any]:
    """What is not alike, each with both sides."""
    found = []
    for table in before:
        for key in before[table].keys() | after[table].keys():
            old, new = before[table].get(key), after[table].get(key)
            if old != new:
                apart = None if old is None or new is None else {name: (old[name], new[name]) for name in old if old[name] != new[name]}
                found.append((table, key, apart or (old, new)))
    return found


def planned(world: World, *, on: date = DAY, by: str = "administrator") -> Reorganisation:
    """Lát becomes a ward and Đạ Chais a commune; the environment office splits by place, the committee of Lát joins it there.

    New agencies by key: UBND-LB (of the ward), PKT-LD (of the commune), HKL-KV (for all).
    """
    with unit_of_work():
        actor = world.actor(by, MORNING)
        plan = plans.begin_plan(by=actor, now=MORNING - timedelta(days=1), title="Sắp xếp đơn vị hành chính", source="NQ 1671/NQ-UBTVQH15",
                                on=on, centre_id=world.centre.id)

        def new(kind: BodyKind, name: str, **values: Any) -> Any:
            return plans.new_body(plan.ref, by=actor, kind=kind, values={"name_vi": name, "name_en": name, **values})

        def follows(kind: BodyKind, before: int, behind: int | None, **more: Any) -> None:
            plans.add_line(plan.ref, by=actor, kind=kind, predecessor_id=before, successor_id=behind, **more)

        ward = new(BodyKind.AREA, "Phường Lang Biang - Đà Lạt", level="commune")
        commune = new(BodyKind.AREA, "Xã Lạc Dương", level="commune")
        follows(BodyKind.AREA, world.areas["xa lat"].id, ward.id)
        follows(BodyKind.AREA, world.areas["xa da chais"].id, commune.id)
        committee = new(BodyKind.AGENCY, "UBND phường Lang Biang - Đà Lạt", key="UBND-LB", area_id=ward.id)
        office = new(BodyKind.AGENCY, "Phòng Kinh tế xã Lạc Dương", key="PKT-LD", area_id=commune.id)
        rangers = new(BodyKind.AGENCY, "Hạt Kiểm lâm khu vực", key="HKL-KV")
        follows(BodyKind.AGENCY, world.agencies["PTNMT"].id, office.id)
        follows(BodyKind.AGENCY, world.agencies["PTNMT"].id, committee.id, by_area_id=ward.id)
        follows(BodyKind.AGENCY, world.agencies["UBND-LAT"].id, committee.id)
        follows(BodyKind.AGENCY, world.agencies["HKL"].id, rangers.id)
        # one officer of the split office goes to the ward, everybody else with the main line
        follows(BodyKind.PERSON, membership(world, "officer_PTNMT").id, committee.id)
        return plan


def posts_filled(world: World, plan: Reorganisation, *, by: str = "administrator") -> None:
    """Somebody new for each seat nobody would hold behind a plan: they work in what ends and go where they are needed."""
    actor, blueprint = world.actor(by, MORNING), Blueprint.of(plan)
    with unit_of_work():
        for (kind, successor_id), role in missing_seats(blueprint):
            before = next(line.predecessor_id for line in blueprint.of_kind(kind) if line.successor_id == successor_id)
            [post] = build.staff(world, f"{role}_{len(world.people)}", role).memberships
            post.centre_id, post.agency_id = (None, before) if kind is BodyKind.AGENCY else (before, None)
            db.session.flush()
            plans.add_line(plan.ref, by=actor, kind=BodyKind.PERSON, predecessor_id=post.id, successor_id=successor_id)


def carried_out(world: World, plan: Reorganisation, *, now: datetime = MORNING, by: str = "administrator") -> None:
    """Do a plan to its end."""
    with unit_of_work():
        reorganising.start(plan.ref, by=world.actor(by, now), now=now, reason="Đúng ngày hiệu lực.")
    follow(plan.ref, now)


def follow(ref: str, now: datetime, *, most: int | None = None) -> None:
    """Let the cases follow to the last one; none may be put off."""
    while reorganising.go_on(now, most=most):
        pass
    plan = db.session.scalars(select(Reorganisation).where(Reorganisation.ref == ref)).one()
    assert (plan.put_off, plan.finished_at is not None) == ([], True)


def membership(world: World, name: str) -> Membership:
    """The role of a person."""
    return db.session.scalars(select(Membership).where(Membership.account_id == world.people[name].id)).one()


def agency(key: str) -> Agency:
    return db.session.scalars(select(Agency).where(Agency.key == key)).one()


def area(name: str) -> Area:
    return db.session.scalars(select(Area).where(Area.name_vi == name)).one()


def person(account: Account, now: datetime) -> Actor:
    return actor_for(account, now=now)
