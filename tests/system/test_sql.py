"""Every page asks the database a bounded number of things, and not one more when there is more to show."""
from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from flask import Flask
from psycopg.sql import SQL, Identifier
from sqlalchemy import event, make_url, select, text

from casework.db import db, unit_of_work
from casework.models import Case, Delivery, Letter
from casework.permissions import Role
from tests import build
from tests.conftest import environment_of, running
from tests.postgres import Cluster
from tests.system.person import Person
from tests.whole import WHOLE
from web.config import Config
from workflows.models import WaitingTask

MOST = 25
FEW, MANY = 10, 60 if WHOLE else 30
STATES = ("to_verify", "to_distribute", "handling", "to_publish", "rating")
"""In which the cases stand, in turn: as many of each kind in a small world as its share in a large one."""


LATE = build.NOON.replace(month=4)
"""When everything open has been late for weeks."""

SETTINGS = (
    "/settings", "/settings/people", "/settings/agencies", "/settings/areas", "/settings/deputies", "/settings/centres", "/settings/values",
    "/settings/values/quiet_from", "/settings/rules/clock", "/settings/rules/camera", "/settings/rules/complexity", "/settings/events",
    "/settings/messages", "/settings/calendar", "/settings/boundaries", "/settings/map", "/settings/texts",
    "/settings/texts?text=report_filed", "/settings/wallboards", "/settings/reorganisations", "/settings/imports/people",
)


@pytest.fixture(scope="module")
def both(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, int]]:
    """Statements by page, in a small world and in a large one."""
    found = {}
    for size in (FEW, MANY):
        variables = environment_of(tmp_path_factory.mktemp("sql"))
        shutil.copyfile(sqlite_template, Path(variables["LANGBIANG_DATA"]) / "langbiang.db")
        with running(Config.from_environment(variables)) as app:
            found[size] = counted(app, size)
    print(f"\n{'page':<40} {FEW:>6} {MANY:>6} cases")
    for page in found[FEW]:
        print(f"{page:<40} {found[FEW][page]:>6} {found[MANY].get(page, 0):>6}")
    return found


def counted(app: Flask, size: int) -> dict[str, int]:
    world = build.standard_world()
    app.config["CLOCK"] = lambda: build.NOON.replace(hour=9)
    cases = [build.case_at(world, STATES[number % len(STATES)], agencies=2) for number in range(size)]
    told_and_written(world, cases)
    found = asked(app, pages(cases))
    app.config["CLOCK"] = lambda: LATE
    return found | asked(app, pages_when_late(cases))


def asked(app: Flask, found: list[tuple[str, str, str]]) -> dict[str, int]:
    """The statements of each page, whoever opens it signed in at this moment."""
    people = {name: Person(app, name) for name, _, _ in found}
    for name, person in people.items():
        if name != "guest":
            person.sign_in(build.PHONE if name == "citizen" else name, build.PASSWORD)
    return {f"{name} {shown}": statements(people[name], path) for name, shown, path in found}


def told_and_written(world: build.World, cases: list[Case]) -> None:
    """A letter and a message given up for each case, and for every fifth a member of staff."""
    with unit_of_work():
        for case in cases:
            db.session.add(Letter(kind="late_list", centre_id=case.centre_id, agency_id=world.agencies["PTNMT"].id, made_by_id=1,
                                  made_at=build.NOON, content={"rows": [], "words": ""}))  # fmt: skip
            db.session.add(Delivery(recipient=f"reporter:{case.main_report.reporter_id}", case_id=case.id, channel="sms",
                                    template="report_filed", dedupe_key=case.code, created_at=build.NOON, due_at=build.NOON,
                                    given_up_at=build.NOON, last_error="unreachable"))  # fmt: skip
        for case in cases[::5]:
            build.staff(world, f"officer_{case.id}", Role.OFFICER, agency=world.agencies["PTNMT"])


def pages(cases: list[Case]) -> list[tuple[str, str, str]]:
    """Who opens what: the name of the page and its address. The newest case of each state stands for its pages."""
    newest = {case.state: case for case in cases}
    done, open_ = newest["rating"], newest["handling"]
    found = [("guest", path, path) for path in ("/", "/reports", "/reports?q=rac", "/reports?view=map&state=answered",
                                                "/reports/points.json", "/reports.atom", "/reports/new", "/track", "/sign-in", "/register")]
    found += [("guest", "/reports/<published>", f"/reports/{done.code}"), ("guest", "/reports/<open>", f"/reports/{open_.code}"),
              ("guest", "/reports/<published>/card.png", f"/reports/{done.code}/card.png")]
    found += [("citizen", "/mine", "/mine"), ("citizen", "/mine/<answered>", f"/mine/{done.code}"), ("citizen", "/sessions", "/sessions"),
              ("citizen", "/reports/<code>/receipt", f"/reports/{open_.code}/receipt")]
    found += [(name, path, path) for name in ("operator", "officer_PTNMT") for path in ("/inbox", "/inbox?view=mine", "/inbox?view=late")]
    found += [("operator", "/inbox?q=", f"/inbox?q={open_.code}")]
    found += [("operator", path, path) for path in ("/inbox?waits=others", "/inbox?state=to_verify&urgency=normal", "/inbox/pulse")]
    found += [("operator", path, path) for path in ("/palette?q=rac", "/bell")]
    found += [("leader_PTNMT", "/team", "/team")]
    found += [(name, f"/cases/<{case.state}>", f"/cases/{case.ref}") for name in ("operator", "officer_PTNMT", "committee_leader")
              for case in (open_, done)]
    found += [("operator", "/cases/<rating>/diagram", f"/cases/{done.ref}/diagram")]
    for case in newest.values():
        for task in db.session.scalars(select(WaitingTask).where(WaitingTask.case_id == case.id, WaitingTask.state == "waiting")):
            name = {"operator": "operator", "officer": "officer_PTNMT"}.get(task.desk.partition("@")[0])
            if name and (task.assignment is None or task.assignment.agency.key == "PTNMT"):
                found.append((name, f"/tasks/<{task.element}>", f"/tasks/{task.ref}"))
    return found


def pages_when_late(cases: list[Case]) -> list[tuple[str, str, str]]:
    """What is read of late cases, and what is set."""
    open_ = next(case for case in reversed(cases) if case.state == "handling")
    agency = open_.assignments[0].agency.ref
    paths = ("/late", "/documents", "/documents/books", "/account/messages")
    found = [(name, path, path) for name in ("operator", "leader_PTNMT") for path in paths]
    found += [("operator", path, path) for path in ("/intake/call", "/intake/camera", "/intake/cameras", "/wallboard",
                                                    "/wallboard/picture", "/inbox/board", "/desk-wall")]  # fmt: skip
    found += [("operator", "/late/<agency>/letter", f"/late/{agency}/letter"),
              ("operator", "/cases/<late>/acts/apologise", f"/cases/{open_.ref}/acts/apologise"),
              ("operator", "/cases/<late>", f"/cases/{open_.ref}"),
              ("administrator", "/settings/agencies/<agency>", f"/settings/agencies/{agency}")]
    return found + [("administrator", path, path) for path in SETTINGS]


def statements(person: Person, path: str) -> int:
    """How many statements one page takes, with every cache of the process warm."""
    person.get(path)
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement != "BEGIN":
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        page = person.get(path)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert page.status == 200, f"{path}: {page.status}"
    return len(seen)


@pytest.mark.exhaustive
def test_no_page_takes_more_statements_than_allowed(both: dict[int, dict[str, int]]) -> None:
    assert {page: number for page, number in both[MANY].items() if number > MOST} == {}


@pytest.mark.exhaustive
def test_no_page_takes_more_statements_when_there_are_more_cases(both: dict[int, dict[str, int]]) -> None:
    grown = {page: (both[FEW][page], number) for page, number in both[MANY].items() if number > both[FEW][page]}
    assert grown == {}


def test_postgresql_compiles_no_statement_of_ours_whatever_the_server_is_set_to(
    postgres_environment: dict[str, str], postgres: Cluster
) -> None:
    config = Config.from_environment(postgres_environment)
    with postgres.connect() as connection:
        connection.execute(SQL("ALTER DATABASE {} SET jit = on").format(Identifier(make_url(config.database_url).database or "")))
    with running(config):
        assert db.session.scalar(text("SHOW jit")) == "off"
