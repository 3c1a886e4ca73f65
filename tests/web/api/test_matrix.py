"""Every route with every kind of key: without one, without the scope, of another agency, of the centre, of another centre; and a canary."""
from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from casework.db import db
from casework.doors.scopes import IN_A_NAME, OF_AGENCY, OF_CENTRE
from casework.models import Photo
from casework.permissions import Action
from tests import build, service_accounts
from tests.web.api.asked import House, assignment_of, opened
from tests.web.pages import at
from web.api.openapi import path_of
from web.api.routes import ROUTES, Route

NOTHING = "0" * 16
SECRET = "Ông Canary Bí Mật"


@pytest.fixture
def house(sqlite_app: Flask) -> House:
    return opened(sqlite_app)


def path(route: Route, ref: str) -> str:
    return path_of(route).replace("{ref}", ref)


def asked(house: House, route: Route, ref: str, key: str) -> Any:
    headers = {"Langbiang-On-Behalf-Of": house.world.people["officer_PTNMT"].ref, "If-Match": '"x"',
               "Idempotency-Key": f"matrix-{route.name:-<20}"}
    more: dict[str, Any] = {"data": {},
                            "content_type": "multipart/form-data"} if route.takes_file else {"json": {}} if route.takes is not None else {}
    return house.ask(route.method, path(route, ref), key=key, headers=headers, **more)


def ref_for(route: Route, house: House, case: Any) -> str:
    return case.ref if route.rule.startswith("/cases") else assignment_of(case).ref if route.rule.startswith("/assignments") else NOTHING


def test_without_a_key_nothing_is_told_but_the_document(house: House) -> None:
    case = build.case_at(house.world, "at_agency")
    for route in ROUTES:
        expected = 401 if route.needs_key else 200
        assert asked(house, route, ref_for(route, house, case), "").status_code == expected, route


def test_a_key_opens_its_scope_alone(house: House) -> None:
    case = build.case_at(house.world, "at_agency")
    keys = {scope: service_accounts.made(house.world, scope, name=f"Chỉ {scope}")[1] for scope in (Action.READ_INBOX,
                                                                                                   Action.READ_STATISTICS)}
    for scope, key in keys.items():
        for route in ROUTES:
            answer = asked(house, route, ref_for(route, house, case), key)
            if route.any_scope or not route.needs_key or scope in (route.action, route.or_action):
                assert answer.status_code != 403, (scope, route)
            else:
                assert (answer.status_code, answer.json["code"]) == (403, "scope"), (scope, route)


def test_what_belongs_to_another_agency_is_like_what_never_was(house: House) -> None:
    case = build.case_at(house.world, "at_agency")
    other = service_accounts.made(house.world, *OF_AGENCY, agency="HKL", name="Của HKL")[1]
    for route in (each for each in ROUTES if "<ref>" in each.rule):
        theirs, never = (asked(house, route, ref, other) for ref in (ref_for(route, house, case), NOTHING))
        expected = 403 if route.action in IN_A_NAME and route.takes is not None else 404     # the officer is of the first agency
        assert theirs.status_code == never.status_code == expected, route
        assert {**theirs.json, "instance": ""} == {**never.json, "instance": ""}


def test_the_centre_s_system_does_no_act_of_an_agency(house: House) -> None:
    case = build.case_at(house.world, "at_agency")
    scopes = [scope for scope in OF_CENTRE if scope not in (Action.FILE_REPORT, Action.MANAGE_PEOPLE)]
    centre = service_accounts.made(house.world, *scopes, agency=None, name="Của Trung tâm")[1]
    for route in ROUTES:
        answer = asked(house, route, ref_for(route, house, case), centre)
        if route.action in IN_A_NAME or route.action in (Action.READ_INBOX, Action.FILE_REPORT):
            assert answer.status_code == 403, route
        else:
            assert answer.status_code in (200, 404), route


def test_no_answer_holds_what_a_sender_wrote_or_who_they_are(house: House) -> None:
    case = build.case_at(house.world, "approval", words=f"{SECRET}: rác ở nhà số 12, gọi 0987000111.")
    at(house.app, build.next_moment(case))
    scopes = [scope for scope in OF_CENTRE if scope is not Action.MANAGE_PEOPLE]
    centre = service_accounts.made(house.world, *scopes, agency=None, name="Của Trung tâm")[1]
    other = service_accounts.made(house.world, *OF_AGENCY, agency="HKL", name="Của HKL")[1]
    for key in (house.key, centre, other, ""):
        for route in ROUTES:
            text = asked(house, route, ref_for(route, house, case), key).get_data(as_text=True)
            for secret in (SECRET, "0987000111", build.PHONE, "Nguyễn Thị Thử", house.key):
                assert secret not in text, route
    assert db.session.query(Photo).count() == 0
    findings = house.json(f"/cases/{case.ref}")["answers"][0]["findings"]
    assert findings not in house.get(f"/cases/{case.ref}", key=centre).get_data(as_text=True), "not approved yet"
