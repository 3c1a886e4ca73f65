"""A second centre beside the one of build.standard_world: its own areas, people and agencies, and nothing shared but the rules.

    world, other = build.standard_world(), second_world(world)
    build.case_at(other, "handling")                   # the builders find in `other` what they look for

Its people sign in with the names of the first centre's and `_dn` behind: `operator_dn`, `officer_ptnmt_dn`.
"""
from __future__ import annotations

from datetime import datetime
from typing import Any

from casework.calendars import RULES_STREAM
from casework.db import Model, db, unit_of_work
from casework.events import append
from casework.models import Account
from casework.permissions import SYSTEM, Role
from tests import build
from tests.grounds import remembered

PREFIX = "DN"
HOME = (11.80, 108.45)
"""A position in the second centre's commune, and in no area of the first."""

AGENCIES = {"PTNMT": "Phòng Nông nghiệp Đơn Dương", "UBND-LAT": "UBND xã Ka Đô", "HKL": "Hạt Kiểm lâm Đơn Dương"}
"""By the keys the builders ask for; a key is one of its centre."""


@remembered
def second_world(world: build.World) -> build.World:
    """The second centre, by the names under which the builders know people, areas and agencies of the first."""
    with unit_of_work():
        other = build.World(build.centre(PREFIX, is_default=False))
        commune = build.commune(other, "Xã Ka Đô", south=11.75, north=11.85, west=108.40, east=108.50)
        other.areas["xa lat"] = commune
        build.village(other, "Thôn Ta Ly", commune)
        for key, name in AGENCIES.items():
            agency = build.agency(other, key, name, f"{name} (test)")
            for role, person in ((Role.OFFICER, "officer"), (Role.OFFICER, "officer_2"), (Role.AGENCY_LEADER, "leader")):
                _staff(other, f"{person}_{key}", role, agency=agency)
        for name, role in build.CENTRE_PEOPLE.items():
            _staff(other, name, role)
        other.people["citizen"] = build.citizen(other, "citizen_3", full_name="Lê Thị Khác", phone="+84901234567")
        other.people["citizen_2"] = world.people["citizen_2"]
    return other


def of_the_installation(world: build.World, name: str, role: Role) -> Account:
    """A member of staff whose role belongs to no centre."""
    with unit_of_work():
        account = build.staff(world, name, role)
        db.session.flush()
        account.memberships[0].centre_id = None
    return account


def add_rule(row: Model, *, at: datetime = build.NOON) -> None:
    """A rule of a centre, with the event that says that the rules have changed."""
    with unit_of_work():
        db.session.add(row)
        append(RULES_STREAM, "change_rule", by=SYSTEM, at=at, payload={})


def _staff(other: build.World, name: str, role: Role, **where: Any) -> None:
    other.people[name] = build.staff(other, f"{name}_{PREFIX}", role, **where)
