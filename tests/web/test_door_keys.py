"""A door lets in who shows a key: where it is open, by scope, within limits, in an agreed name; no cookie opens it, and no key a page."""
from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Blueprint, Flask, jsonify

from casework.db import db, unit_of_work
from casework.doors import asking
from casework.doors.accounts import ServiceWish, add_service_account, end_service_account
from casework.doors.behalf import agree
from casework.doors.gates import Door, setting_of
from casework.doors.key_format import new_key
from casework.doors.keys import add_key
from casework.models import Account, Event, RateCounter, ServiceAccount
from casework.permissions import Action, Grant, Role
from casework.settings.value_changes import set_value
from tests import build
from tests.conftest import client_of
from tests.web.pages import at, signed_in
from web import request_log
from web.door_keys import TooOften, caller, known_caller, spent, through_door

NOON = build.NOON
WHY = "Theo thỏa thuận."


def probe() -> Blueprint:
    """A door with a view to read and one to act, and what each refusal is called there."""
    bp = Blueprint("probe", __name__, url_prefix="/probe")

    @bp.get("/read")
    @through_door(Door.API, Action.READ_CASE, takes_parameter=True)
    def read() -> Any:
        return jsonify(who=known_caller().account.full_name, left=spent().left)

    @bp.get("/open")
    @through_door(Door.API, Action.READ_PUBLIC, needs_key=False)
    def public() -> Any:
        return jsonify(is_public=caller() is None)

    @bp.get("/other")
    @through_door(Door.API, Action.SEARCH_CASES)
    def other() -> Any:
        return jsonify(who=known_caller().account.full_name)

    @bp.post("/act")
    @through_door(Door.API, Action.PROGRESS_NOTE, is_act=True)
    def act() -> Any:
        return jsonify(on_behalf=known_caller().actor.on_behalf_id)

    for kind in (asking.KeyRefused, asking.ScopeMissing, asking.BehalfMissing, asking.BehalfRefused):
        bp.register_error_handler(kind, lambda error: (jsonify(code=type(error).__name__), 403))
    bp.register_error_handler(TooOften, lambda error: (jsonify(seconds=error.spent.seconds_left(NOON)), 429))
    return bp


@pytest.fixture
def house(app: Flask) -> tuple[Flask, build.World, str, int]:
    """The app with that door open in the centre, and a key of an agency that may read cases and note progress."""
    world = build.standard_world()
    at(app, NOON)
    app.register_blueprint(probe())
    app.extensions["csrf"].exempt(app.blueprints["probe"])
    with unit_of_work(keeps_rows=True):
        wish = ServiceWish(name="Hệ thống thử", owner=world.people["operator"], purpose="Thử",
                           scopes=[Action.READ_CASE, Action.PROGRESS_NOTE])  # fmt: skip
        row = add_service_account(
            wish, centre=world.centre, agency=world.agencies["PTNMT"], by=world.actor("administrator"), now=NOON, reason=WHY
        )
        _, text = add_key(row, by=world.actor("administrator"), now=NOON, reason=WHY)
    with unit_of_work():
        set_value(setting_of(Door.API), "open", by=world.actor("administrator"), now=NOON, reason=WHY, centre_id=world.centre.id)
    return app, world, text, row.account_id


def bearer(text: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}", **more}


def test_a_key_is_taken_from_the_header_and_from_the_parameter_where_the_view_says_so(house: Any) -> None:
    app, _, text, _ = house
    client = client_of(app)
    assert client.get("/probe/read", headers=bearer(text)).json["who"] == "Hệ thống thử"
    assert client.get("/probe/read", query_string={"api_key": text}).status_code == 200
    for wrong in ("", new_key().text, text.lower(), f"{text}0"):
        assert client.get("/probe/read", headers=bearer(wrong)).json == {"code": "KeyRefused"}
    assert client.get("/probe/open").json == {"is_public": True}
    assert client.get("/probe/open", headers=bearer(new_key().text)).status_code == 403


def test_a_closed_door_is_not_there(house: Any) -> None:
    app, world, text, _ = house
    with unit_of_work():
        set_value(setting_of(Door.API), "closed", by=world.actor("administrator"), now=NOON, reason=WHY, centre_id=world.centre.id)
    assert client_of(app).get("/probe/read", headers=bearer(text)).status_code == 404


def test_what_a_closed_door_or_a_missing_scope_refuses_counts_too(house: Any) -> None:
    app, world, text, _ = house
    with unit_of_work():
        set_value("door_reads_key", "3", by=build_administrator(world), now=NOON, reason=WHY)
    refused = client_of(app)
    assert [refused.get("/probe/other", headers=bearer(text)).status_code for _ in range(2)] == [403, 403]
    with unit_of_work():
        set_value(setting_of(Door.API), "closed", by=world.actor("administrator"), now=NOON, reason=WHY, centre_id=world.centre.id)
    assert [refused.get("/probe/read", headers=bearer(text)).status_code for _ in range(2)] == [404, 429]


def test_no_cookie_opens_a_door_and_no_key_a_page(house: Any) -> None:
    app, world, text, _ = house
    client = signed_in(app, client_of(app), world.people["officer_PTNMT"], now=NOON)
    assert client.get("/probe/read").json == {"code": "KeyRefused"}
    assert client_of(app).get("/inbox", headers=bearer(text)).status_code == 302


def test_an_act_names_the_officer_it_is_done_for(house: Any) -> None:
    app, world, text, account_id = house
    client, officer = client_of(app), world.people["officer_PTNMT"]
    assert client.post("/probe/act", headers=bearer(text)).json == {"code": "BehalfMissing"}
    named = bearer(text, **{"Langbiang-On-Behalf-Of": officer.ref})
    assert client.post("/probe/act", headers=named).json == {"code": "BehalfRefused"}
    with unit_of_work():
        agree(db.session.get_one(ServiceAccount, account_id), by=world.actor("officer_PTNMT"), now=NOON)
    assert client.post("/probe/act", headers=named).json == {"on_behalf": officer.id}
    with unit_of_work():
        db.session.get_one(Account, officer.id).disabled_at = NOON
    assert client.post("/probe/act", headers=named).json == {"code": "BehalfRefused"}


def test_an_ended_account_is_refused_at_the_next_request(house: Any) -> None:
    app, world, text, account_id = house
    with unit_of_work():
        end_service_account(db.session.get_one(ServiceAccount, account_id), by=world.actor("administrator"), now=NOON, reason=WHY)
    assert client_of(app).get("/probe/read", headers=bearer(text)).status_code == 403


def test_too_many_readings_wait_and_too_many_wrong_keys_lock_no_partner_out(house: Any) -> None:
    app, world, text, _ = house
    with unit_of_work():
        for key, most in (("door_reads_key", "3"), ("door_wrong_keys", "2")):
            set_value(key, most, by=build_administrator(world), now=NOON, reason=WHY)
    client = client_of(app)
    wrong = [client.get("/probe/read", headers=bearer(new_key().text)).status_code for _ in range(4)]
    assert wrong == [403, 403, 429, 429]
    right = [client.get("/probe/read", headers=bearer(text)) for _ in range(4)]
    assert [each.status_code for each in right] == [200, 200, 200, 429]
    assert [each.json["left"] for each in right[:3]] == [2, 1, 0]
    at(app, NOON + timedelta(minutes=1))
    assert client.get("/probe/read", headers=bearer(text)).status_code == 200


def build_administrator(world: build.World) -> Any:
    """The administrator of the installation, who alone sets what counts for all centres."""
    return replace(world.actor("administrator"), grants=(Grant(Role.ADMINISTRATOR, None, None),))


def test_no_log_event_or_counter_holds_a_key(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app, _, text, _ = house
    lines: list[str] = []
    monkeypatch.setattr(request_log.LOGGER, "info", lambda what, extra: lines.append(json.dumps(extra, default=str)))
    client = client_of(app)
    client.get("/probe/read", headers=bearer(text))
    client.get("/probe/read", query_string={"api_key": text})
    client.get("/probe/nowhere", query_string={"api_key": text})
    client.get("/probe/read", headers=bearer(new_key().text))
    kept = [repr(row.payload) for row in db.session.query(Event)] + [row.bucket for row in db.session.query(RateCounter)]
    assert len(lines) == 4
    assert not any(text.split("_")[2][:16] in line for line in [*lines, *kept])
    assert "key refused" in lines[-1]
