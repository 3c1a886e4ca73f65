"""Sending: signed as Standard Webhooks says, in order, again until it is heard or given up, and none of it twice by itself."""
from __future__ import annotations

import base64
import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from casework.db import db, unit_of_work
from casework.doors.accounts import ServiceRefused, end_service_account
from casework.doors.gates import CLOSED_DOOR, OPEN_DOOR, Door, setting_of
from casework.doors.webhooks import sending
from casework.doors.webhooks.dead_letters import dead_letters, replay, sweep_webhooks
from casework.doors.webhooks.endpoints import (
    EndpointWish,
    add_endpoint,
    ask_for_proof,
    disable_endpoint,
    rotate_secret,
    secrets_of,
    state_of,
)
from casework.doors.webhooks.kinds import EventsUnknown, fit_events
from casework.doors.webhooks.telling import Message, queue_rows
from casework.messages import http_client
from casework.models import OutboxMessage, ServiceAccount, WebhookCourse, WebhookDelivery, WebhookEndpoint
from casework.permissions import Action
from casework.settings.value_changes import set_value
from tests import build, service_accounts, webhooks
from tests.verifying_webhooks import documented

READ = (Action.READ_CASE, Action.SEARCH_CASES)
BROKEN = (500, {}, b"")


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


@pytest.fixture
def heard() -> Iterator[webhooks.Heard]:
    with webhooks.receiver() as there:
        yield there


def endpoint_at(world: build.World, heard: webhooks.Heard, **given: Any) -> tuple[WebhookEndpoint, str]:
    row = service_accounts.made(world, *READ, agency=None)[0]
    return webhooks.listening_with(world, row, url=heard.url, **given)


def sent(after: timedelta = timedelta()) -> int:
    moment = datetime.now(UTC) + after
    return sending.deliver_due(door=webhooks.DOOR, base=webhooks.BASE, clock=lambda: moment)


def put(world: build.World, state: str) -> None:
    with unit_of_work():
        by = world.actor("administrator")
        set_value(setting_of(Door.WEBHOOKS), state, by=by, now=build.NOON, reason="Bảo trì.", centre_id=world.centre.id)


def fresh(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    return db.session.get_one(WebhookEndpoint, endpoint.id, populate_existing=True)


def test_a_challenge_that_is_answered_turns_an_endpoint_on(world: build.World, heard: webhooks.Heard) -> None:
    webhooks.opened(world)
    endpoint, _ = webhooks.added(world, service_accounts.made(world, *READ, agency=None)[0], url=heard.url)
    assert state_of(endpoint) == "unproven"
    assert sent() == 1
    assert state_of(fresh(endpoint)) == "on"
    build.case_at(world, "to_verify")
    sent()
    assert [body["type"] for body in heard.bodies] == ["endpoint.verify", "case.file_report"]


def test_messages_are_verified_by_the_library_of_the_standard(world: build.World, heard: webhooks.Heard) -> None:
    _, text = endpoint_at(world, heard, scheme="v1")
    build.case_at(world, "to_verify")
    now = datetime.now(UTC)
    sending.deliver_due(door=webhooks.DOOR, base=webhooks.BASE, clock=lambda: now)
    headers, content = heard.requests[-1]
    assert Webhook(text).verify(content, headers)["type"] == "case.file_report"
    with pytest.raises(WebhookVerificationError):
        Webhook(text).verify(content.replace(b"LD-", b"DN-"), headers)


@pytest.mark.parametrize("scheme", ["v1a", "v1"])
def test_the_documented_verifier_refuses_what_is_forged_late_or_replayed(
    world: build.World, heard: webhooks.Heard, scheme: str
) -> None:  # fmt: skip
    _, text = endpoint_at(world, heard, scheme=scheme)
    build.case_at(world, "to_verify")
    sent()
    headers, content = heard.requests[-1]
    verifier = documented(text)
    assert verifier.verify(headers, content)["data"]["seq"] == 1
    refused = verifier.Refused
    with pytest.raises(refused):
        verifier.verify(headers, content)                                   # a second time: it was taken
    for changed, body in (
        (headers, content + b" "), ({**headers, "webhook-id": "msg_other"}, content),
        ({**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 301)}, content),
        ({**headers, "webhook-signature": "v1a,AAAA v1,AAAA"}, content), ({}, content),
    ):  # fmt: skip
        with pytest.raises(refused):
            documented(text).verify(changed, body)
    with pytest.raises(refused):
        documented(text, now=lambda: time.time() + 301).verify(headers, content)


def test_both_secrets_sign_until_the_overlap_is_over(world: build.World, heard: webhooks.Heard) -> None:
    endpoint, first = endpoint_at(world, heard, scheme="v1")
    now = datetime.now(UTC)
    with unit_of_work():
        second = rotate_secret(fresh(endpoint), days=1, by=world.actor("administrator"), now=now, reason=webhooks.WHY)
    sent()
    headers, content = heard.requests[-1]
    for text in (first, second):
        assert Webhook(text).verify(content, headers)["type"] == "endpoint.rotate_secret"
    assert len(secrets_of(endpoint.id, now=now + timedelta(days=1, seconds=1))) == 1
    assert all(text.encode() not in row.sealed_secret for row in secrets_of(endpoint.id, now=now) for text in (first, second))
    assert base64.b64decode(first.removeprefix("whsec_")) not in secrets_of(endpoint.id, now=now)[-1].sealed_secret


def test_the_next_of_a_case_waits_for_the_one_before_and_other_cases_go_on(world: build.World, heard: webhooks.Heard) -> None:
    endpoint, _ = endpoint_at(world, heard)
    first, second = (build.case_at(world, state).code for state in ("to_classify", "to_verify"))
    heard.answers = lambda _n, body: (400, {}, b"") if body["data"]["code"] == first else (204, {}, b"")
    sent()
    assert [(body["type"], body["data"]["code"]) for body in heard.bodies] == [
        ("case.file_report", first), ("case.file_report", second)
    ]  # fmt: skip
    heard.answers = lambda _n, _body: (204, {}, b"")
    sent(timedelta(seconds=6))
    assert [body["data"]["seq"] for body in heard.bodies if body["data"]["code"] == first] == [1, 1, 2]
    ids = [headers["webhook-id"] for headers, _ in heard.requests]
    contents = [content for _, content in heard.requests]
    assert (ids[0], contents[0]) == (ids[2], contents[2]), "the same id and the same bytes"
    assert all(row.delivered_at is not None for row in webhooks.rows_of(endpoint))


@pytest.mark.exhaustive
def test_ten_failures_make_a_dead_letter_that_can_be_sent_again(world: build.World, heard: webhooks.Heard) -> None:
    endpoint, _ = endpoint_at(world, heard)
    build.case_at(world, "to_verify")
    heard.answers = lambda _n, _body: (404, {}, b"")
    waits, after = [], timedelta()
    for _ in range(10):
        assert sent(after) == 1
        due = db.session.scalars(select(WebhookCourse.due_at).where(WebhookCourse.about != "endpoint")).one()
        waits.append(due - datetime.now(UTC) - after if due is not None else None)
        db.session.rollback()
        # tried at once, whatever the five days: only how long each wait is counts here
        with unit_of_work():
            fresh(endpoint).failing_since = None
        after += (waits[-1] or timedelta()) + timedelta(seconds=1)
    for wait, delay in zip(waits[:9], sending.DELAYS, strict=True):
        assert wait is not None
        assert delay * 0.9 - timedelta(seconds=5) <= wait <= delay * 1.1 + timedelta(seconds=5)
    letter = dead_letters(fresh(endpoint))[0]
    assert (letter.attempts, letter.last_status) == (10, 404)
    heard.answers = lambda _n, _body: (204, {}, b"")
    with unit_of_work():
        assert replay(fresh(endpoint), by=world.actor("administrator"), now=datetime.now(UTC), reason=webhooks.WHY) == 1
    assert sent(timedelta(seconds=1)) == 1
    assert len({headers["webhook-id"] for headers, _ in heard.requests}) == 1
    assert dead_letters(fresh(endpoint)) == []
    with pytest.raises(ServiceRefused), unit_of_work():
        replay(fresh(endpoint), by=world.actor("administrator"), now=datetime.now(UTC), reason=webhooks.WHY)


def test_many_dead_letters_are_sent_again_in_portions_the_oldest_first(world: build.World, heard: webhooks.Heard) -> None:
    endpoint, _ = endpoint_at(world, heard)
    told = {"ref": "x", "case": "x", "code": "LD-2026-000001", "href": "/api/v1/cases/x"}
    with unit_of_work():
        queue_rows([(endpoint.id, None, Message("case.classify", build.NOON, f"case:{number % 7}", told)) for number in range(25)])
    with unit_of_work():
        for row in webhooks.rows_of(endpoint):
            row.dead_at = build.NOON
    by, portions = world.actor("administrator"), []
    for _ in range(4):
        with unit_of_work():
            portions.append(replay(fresh(endpoint), by=by, now=build.NOON, reason=webhooks.WHY, most=10, goes_on=bool(portions)))
        left = [row.id for row in webhooks.rows_of(endpoint) if row.dead_at is not None]
        assert left == [row.id for row in webhooks.rows_of(endpoint)][sum(portions):]
    assert portions == [10, 10, 5, 0]


def test_a_receiver_that_asks_for_time_gets_it(world: build.World, heard: webhooks.Heard) -> None:
    endpoint, _ = endpoint_at(world, heard)
    build.case_at(world, "to_verify")
    heard.answers = lambda _n, _body: (429, {"Retry-After": "3600"}, b"")
    sent()
    heard.answers = lambda _n, _body: (204, {}, b"")
    assert sent(timedelta(minutes=59)) == 0
    assert sent(timedelta(minutes=61)) == 1
    assert fresh(endpoint).failures == 0


@pytest.mark.exhaustive
def test_gone_is_off_at_once_and_a_person_turns_it_on_again(world: build.World, heard: webhooks.Heard) -> None:
    endpoint, _ = endpoint_at(world, heard)
    build.case_at(world, "to_classify")
    heard.answers = lambda _n, _body: (410, {}, b"")
    assert sent() == 1
    assert state_of(fresh(endpoint)) == "gone"
    assert len(dead_letters(fresh(endpoint))) == 2
    assert sent(timedelta(days=1)) == 0
    told = db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == "service_account_changed")).all()
    assert any("was turned off" in str(each.parameters) for each in told), "its owner is told"
    heard.answers = lambda _n, _body: (204, {}, b"")
    with unit_of_work():
        ask_for_proof(fresh(endpoint), by=world.actor("administrator"), now=datetime.now(UTC), reason=webhooks.WHY)
    sent()
    assert fresh(endpoint).is_on


def test_silence_of_five_days_turns_it_off(world: build.World, heard: webhooks.Heard) -> None:
    endpoint, _ = endpoint_at(world, heard)
    build.case_at(world, "to_verify")
    heard.answers = lambda _n, _body: BROKEN
    sent()
    sweep_webhooks(datetime.now(UTC) + timedelta(days=4, hours=23))
    assert fresh(endpoint).is_on
    sweep_webhooks(datetime.now(UTC) + timedelta(days=5, seconds=5))
    assert state_of(fresh(endpoint)) == "silent"


def test_deliveries_are_forgotten_after_a_month_and_dead_letters_after_three(world: build.World, heard: webhooks.Heard) -> None:
    endpoint, _ = endpoint_at(world, heard)
    build.case_at(world, "to_classify")
    heard.answers = lambda _n, body: (204 if body["data"]["seq"] == 1 else 410, {}, b"")
    sent()
    now = datetime.now(UTC)
    for days, left in ((29, 2), (31, 1), (89, 1), (91, 0)):
        sweep_webhooks(now + timedelta(days=days))
        assert len(webhooks.rows_of(endpoint)) == left


def test_of_an_account_that_ended_endpoints_are_turned_off_and_nothing_is_kept_for_good(world: build.World, heard: webhooks.Heard) -> None:
    endpoint, _ = endpoint_at(world, heard)
    build.case_at(world, "to_classify")
    with unit_of_work():
        row = db.session.get_one(ServiceAccount, endpoint.account_id)
        end_service_account(row, by=world.actor("administrator"), now=build.NOON, reason=webhooks.WHY)
    now = datetime.now(UTC)
    sweep_webhooks(now)
    assert state_of(fresh(endpoint)) == "asked"
    assert sent() == 0
    assert db.session.query(WebhookCourse).count() > 0
    sweep_webhooks(now + timedelta(days=91))
    assert (db.session.query(WebhookCourse).count(), webhooks.rows_of(endpoint)) == (0, [])


def test_the_numbers_of_an_endpoint_that_goes_on_are_kept(world: build.World, heard: webhooks.Heard) -> None:
    endpoint, _ = endpoint_at(world, heard)
    case = build.case_at(world, "to_classify")
    sent()
    sweep_webhooks(datetime.now(UTC) + timedelta(days=91))
    before = db.session.query(WebhookCourse).filter_by(about=f"case:{case.id}").one().seq
    assert (before, webhooks.rows_of(endpoint)) == (2, [])


def test_an_endpoint_turned_off_is_told_that_and_no_more(world: build.World, heard: webhooks.Heard) -> None:
    endpoint, _ = endpoint_at(world, heard)
    build.case_at(world, "to_verify")
    with unit_of_work():
        disable_endpoint(fresh(endpoint), by=world.actor("administrator"), now=datetime.now(UTC), reason=webhooks.WHY)
    sent()
    build.case_at(world, "to_verify")
    sent()
    assert [body["type"] for body in heard.bodies] == ["endpoint.disable"]


@pytest.mark.parametrize("url", [
    "http://nhan.example/hook", "https://nhan.example:9000/hook", "https://127.0.0.2/hook", "https://[::ffff:10.0.0.1]/hook",
    "https://169.254.169.254/", "https://nhan.example/#x", "https://user:pw@nhan.example/", "ftp://nhan.example", "", "https://localhost/",
])  # fmt: skip
def test_no_address_inside_and_no_other_port_is_taken(world: build.World, url: str) -> None:
    row = service_accounts.made(world, *READ, agency=None)[0]
    with pytest.raises(ServiceRefused):
        webhooks.added(world, row, url=url)


def test_a_host_of_this_network_is_called_on_the_port_it_is_named_with_or_on_443(world: build.World) -> None:
    row, by = service_accounts.made(world, *READ, agency=None)[0], world.actor("administrator")
    for inside, url, is_taken in (
        ("10.0.0.5", "https://10.0.0.5:9200/", False), ("10.0.0.5", "https://10.0.0.5/", True),
        ("10.0.0.5:9443", "https://10.0.0.5:9443/", True), ("10.0.0.5:9443", "https://10.0.0.5/", True),
        ("10.0.0.5:9443", "https://10.0.0.5:9200/", False),
        ("127.0.0.1", "http://127.0.0.1:6379/", False), ("[fd00::5]:9443", "https://[fd00::5]:9443/", True),
        ("10.0.0.5", "https://10.0.0.5:8443/", False),
    ):  # fmt: skip
        wish = EndpointWish(url=url, events=["case"])
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.nullcontext() if is_taken else pytest.raises(ServiceRefused))
            with unit_of_work():
                each = db.session.get_one(ServiceAccount, row.account_id)
                endpoint, _ = add_endpoint(each, wish, inside=frozenset({inside}), by=by, now=build.NOON, reason=webhooks.WHY)
                disable_endpoint(endpoint, by=by, now=build.NOON, reason=webhooks.WHY)
    with pytest.raises(http_client.NotReached):
        http_client.Door({"10.0.0.5:9443"}).refuse_unless_open("https://10.0.0.5:9200/")
    http_client.Door({"10.0.0.5"}).refuse_unless_open("https://10.0.0.5:9200/")


def test_five_endpoints_at_most_and_only_events_of_ones_scopes(world: build.World) -> None:
    row = service_accounts.made(world, *READ, agency=None)[0]
    for number in range(5):
        webhooks.added(world, row, url=f"https://nhan{number}.example/")
    with pytest.raises(ServiceRefused):
        webhooks.added(world, row)
    for events in (["report"], ["case.quarantine"], []):
        with pytest.raises(EventsUnknown):
            fit_events(events, db.session.get_one(ServiceAccount, row.account_id).scopes)


def test_behind_a_door_that_was_closed_what_waits_is_not_sent_until_it_is_open_again(world: build.World, heard: webhooks.Heard) -> None:
    endpoint_at(world, heard)
    build.case_at(world, "to_verify")
    number = len(heard.requests)
    put(world, CLOSED_DOOR)
    assert (sent(), len(heard.requests)) == (0, number)
    put(world, OPEN_DOOR)
    assert sent() > 0


def test_a_worker_that_died_leaves_a_claim_that_runs_out(world: build.World, heard: webhooks.Heard) -> None:
    endpoint, _ = endpoint_at(world, heard)
    build.case_at(world, "to_verify")
    with unit_of_work():
        row = fresh(endpoint)
        row.claim, row.claimed_until = "x" * 16, datetime.now(UTC) + sending.LEASE
    assert sent() == 0
    assert sent(sending.LEASE + timedelta(seconds=1)) == 1
    assert db.session.scalars(select(WebhookDelivery.attempts).where(WebhookDelivery.about != "endpoint")).one() == 1
