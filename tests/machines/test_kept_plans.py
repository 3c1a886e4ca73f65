"""PostgreSQL plans the pages people work through once a connection, and every other statement for its values."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from casework.db import db, unit_of_work
from tests import build
from tests.conftest import running
from tests.web.desk import Office, step
from web.config import Config


@pytest.fixture
def app(postgres_environment: dict[str, str]) -> Iterator[Flask]:
    with running(Config.from_environment(postgres_environment)) as made:
        yield made


@pytest.fixture
def ways(app: Flask) -> Iterator[set[str]]:
    """How the statements sent so far were planned."""
    found: set[str] = set()

    def note(_connection: object, cursor: Any, *_: object) -> None:
        found.add(cursor.connection.execute("SHOW plan_cache_mode").fetchone()[0])

    event.listen(db.engine, "after_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "after_cursor_execute", note)


@pytest.mark.exhaustive
def test_steps_keep_their_plans_and_figures_are_planned_for_their_days(app: Flask, ways: set[str]) -> None:
    office = Office(app)
    case = build.case_at(office.world, "to_verify")
    address = step(case, "verify")
    operator, lead = office.browser("operator"), office.browser("ops_lead")
    for browser, page, way in (
        (operator, "/inbox", "force_generic_plan"), (operator, address, "force_generic_plan"), (lead, "/dashboard", "auto"),
        (lead, f"/cases/{case.ref}", "auto"), (operator, "/inbox", "force_generic_plan"),
    ):  # fmt: skip
        db.session.remove()
        ways.clear()
        assert browser.get(page).status_code == 200
        assert ways == {way}, page


def test_each_transaction_of_a_session_is_planned_alike(app: Flask, ways: set[str]) -> None:
    db.session.remove()
    ways.clear()
    for _ in range(2):
        with unit_of_work(), db.session.begin_nested():
            db.session.execute(text("SELECT 1"))
        db.session.execute(text("SELECT 1"))
        db.session.rollback()
    assert ways == {"auto"}
    # what was set for one transaction is not there for whoever gets the connection next
    with db.engine.connect() as connection:
        assert connection.execute(text("SHOW plan_cache_mode")).scalar_one() == "force_generic_plan"
