"""The installation the twenty work in: a data folder of its own, one centre, staff enough for them all."""
from __future__ import annotations

from pathlib import Path

from benchmark.rate import UNLIMITED
from casework.db import db, unit_of_work
from casework.models import HouseSetting
from casework.permissions import Role
from tests import build
from tests.conftest import environment_of, prepare_schema, running
from web.config import Config

OPERATORS, CITIZENS = 5, 9
"""With two officers and a leader in each of two agencies they are twenty."""

AGENCIES = 2


def prepare(folder: Path, database_url: str | None, *, more: int = 0) -> tuple[dict[str, str], list[str]]:
    """Migrate and seed; returns the variables of the installation and the logins of its staff, all with build.PASSWORD.

    With `more` there are so many operators more, and officers and leaders in each agency.
    """
    variables = environment_of(folder, database_url)
    config = Config.from_environment(variables)
    prepare_schema(config)
    with running(config):
        world = build.standard_world()
        agencies = [world.agencies[key] for key, _, _ in build.AGENCIES[:AGENCIES]]
        with unit_of_work():
            for name in UNLIMITED:                                            # nine citizens send for as long as it takes
                db.session.add(HouseSetting(key=name, value=10**6, changed_at=build.NOON))
            for key, _, _ in build.AGENCIES[AGENCIES:]:
                world.agencies[key].valid_to = build.LONG_AGO                 # nobody works there, so nobody is asked
            for number in range(3, OPERATORS + more + 1):
                build.staff(world, f"operator_{number}", Role.OPERATOR)
            others = [(f"{part}_more_{number}_{row.key}", role, row) for row in agencies for number in range(more)
                      for part, role in (("officer", Role.OFFICER), ("leader", Role.AGENCY_LEADER))]
            for name, role, row in others:
                build.staff(world, name, role, agency=row)
        names = ["operator", "operator_2", *(f"operator_{number}" for number in range(3, OPERATORS + more + 1))]
        names += [name for name, _, _ in others]
        names += [f"{part}_{row.key}" for row in agencies for part in ("officer", "officer_2", "leader")]
        logins = [world.people[name].login or "" for name in names]
    return variables, logins
