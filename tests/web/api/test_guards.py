"""Nothing that is stored can be set by its name, no key is written down anywhere, and a long list asks no more than a short one."""
from __future__ import annotations

from errno import ENOSPC
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import METADATA, db
from casework.doors.scopes import IN_A_NAME
from casework.permissions import Action
from tests import build, service_accounts
from tests.web.api.asked import House, assignment_of, opened
from tests.web.api.test_matrix import asked, ref_for
from tests.web.api.test_reading import statements
from web.api import reading, views
from web.api.asking import MOST_MEMBERS
from web.api.openapi import path_of
from web.api.routes import ROUTES, Route
from web.request_log import JsonLines

COLUMNS = sorted({column.name for table in METADATA.sorted_tables for column in table.columns})
TAKING = [route for route in ROUTES if route.takes is not None and views.bp]


@pytest.fixture
def house(sqlite_app: Flask) -> House:
    return opened(sqlite_app)


@pytest.mark.parametrize("route", TAKING, ids=[route.name for route in TAKING])
def test_no_stored_column_can_be_sent_that_is_not_declared(house: House, route: Route) -> None:
    case = build.case_at(house.world, "handling")
    path = path_of(route).replace("{ref}", ref_for(route, house, case))
    key = service_accounts.made(house.world, route.action, agency=None, name="Gửi")[1] if route.action is Action.FILE_REPORT else house.key
    before = everything()
    names = [name for name in COLUMNS if name not in {each.name for each in route.takes or ()}]
    assert len(names) > 300
    for start in range(0, len(names), MOST_MEMBERS):
        some = names[start:start + MOST_MEMBERS]
        headers = {"If-Match": '"x"', "Idempotency-Key": f"columns-of-all-{start:06d}"}
        if route.action in IN_A_NAME:
            headers["Langbiang-On-Behalf-Of"] = house.world.people["officer_PTNMT"].ref
        answer = house.ask(route.method, path, key=key, headers=headers, json=dict.fromkeys(some, 1))
        assert (answer.status_code, answer.json["code"]) == (400, "member_unknown"), answer.json
        assert sorted(each["pointer"] for each in answer.json["errors"]) == sorted(f"#/{name}" for name in some)
    assert everything() == before


def everything() -> dict[str, list[Any]]:
    """Every row of every table but those that count requests."""
    found = {table.name: list(db.session.execute(select(table).order_by(*table.primary_key))) for table in METADATA.sorted_tables
             if table.name not in ("rate_counter", "service_key", "door_repeat")}  # fmt: skip
    db.session.rollback()
    return {name: [tuple(row) for row in rows] for name, rows in found.items()}


def test_no_key_stands_in_a_log_a_row_an_answer_or_an_event(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    case = build.case_at(house.world, "handling")
    wrong = house.key[:-1] + ("A" if house.key[-1] != "A" else "B")
    texts: list[str] = []
    with caplog.at_level("INFO", "langbiang"):
        for key in (house.key, wrong):
            texts += [asked(house, route, ref_for(route, house, case), key).get_data(as_text=True) for route in ROUTES]
            texts += [house.get("/cases", key="", api_key=key).get_data(as_text=True)]
        house.act(assignment_of(case), "progress_note", words="Đang làm.")

        def fail(*_: Any, **__: Any) -> None:
            raise OSError(ENOSPC, f"what was sent: {house.key}")

        monkeypatch.setattr(reading, "cases_found", fail)
        failed = house.get("/cases")
    assert failed.status_code in (500, 503)
    texts += [failed.get_data(as_text=True), *(JsonLines().format(record) for record in caplog.records)]
    texts += [repr(rows) for rows in (list(db.session.execute(select(table))) for table in METADATA.sorted_tables)]
    assert len(caplog.records) >= len(ROUTES)
    for key in (house.key, wrong):
        secret = key.rpartition("_")[2]
        assert [text[:200] for text in texts if secret in text] == []


def test_a_list_of_a_hundred_rows_asks_no_more_than_a_list_of_three(house: House) -> None:
    for _ in range(3):
        build.case_at(house.world, "at_agency")
    few = {path: counted(house, path, 3) for path in ("/cases", "/assignments")}
    for _ in range(97):
        build.case_at(house.world, "at_agency")
    many = {path: counted(house, path, 100) for path in few}
    assert many == few
    assert max(many.values()) <= 10


def counted(house: House, path: str, rows: int) -> int:
    house.json(path)
    with statements() as sent:
        assert len(house.json(path, limit="100")["items"]) == rows
    return len(sent)
