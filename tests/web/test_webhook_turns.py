"""Turns of endpoints: who is slow shares a few threads with who fails, so that whoever is quick always finds one."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask

from casework.db import db, unit_of_work
from casework.doors.webhooks import sending
from casework.doors.webhooks.telling import Message, queue_rows
from casework.models import WebhookEndpoint
from casework.permissions import Action
from tests import build, service_accounts, webhooks
from web.jobs import webhooks as job

TOLD = {"ref": "x" * 16, "case": "x" * 16, "code": "LD-2026-000001", "href": "/api/v1/cases/x"}
SLOW_SECONDS = 0.05


def tell(endpoints: list[int]) -> None:
    with unit_of_work():
        queue_rows([(each, None, Message("case.classify", datetime.now(UTC), "case:1", TOLD)) for each in endpoints])


def listening_at(url: str, world: build.World, number: int, name: str) -> list[int]:
    row = service_accounts.made(world, Action.READ_CASE, agency=None, name=name)[0]
    return [webhooks.listening(world, row, url=f"{url}/{each}").id for each in range(number)]


def test_slow_receivers_share_a_few_threads_and_a_quick_one_is_told_beside_them(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    world, released = build.standard_world(), threading.Event()
    monkeypatch.setattr(job, "SLOW_SECONDS", SLOW_SECONDS)
    monkeypatch.setitem(app.config, "INSIDE_HOSTS", webhooks.HERE)
    with webhooks.receiver() as slow, webhooks.receiver() as quick:
        slow.answers = lambda _number, _body: (time.sleep(2 * SLOW_SECONDS), (204, {}, b""))[1]
        slow_ones = [*listening_at(slow.url, world, 5, "Chậm"), *listening_at(slow.url, world, 1, "Chậm nữa")]
        quick_one = listening_at(quick.url, world, 1, "Nhanh")
        turns = job.Turns(app)
        tell(slow_ones)
        assert turns.hand_out(datetime.now(UTC)) == 6, "nobody knows yet that they are slow"
        assert _until(lambda: turns.served == 0)
        slow.answers = lambda _number, _body: (released.wait(10), (204, {}, b""))[1]
        tell([*slow_ones, *quick_one])
        assert turns.hand_out(datetime.now(UTC)) == job.APART_AT_ONCE + 1
        assert _until(lambda: len(quick.requests) == 1)
        released.set()
        turns.finish()


def test_of_those_that_work_the_first_turn_is_of_whom_nothing_was_told_yet_and_then_of_who_waits_longest(app: Flask) -> None:
    world = build.standard_world()
    first, second, never = listening_at("https://nhan.example", world, 3, "Nhận")
    with unit_of_work():
        for number, each in enumerate((second, first)):
            row = db.session.get_one(WebhookEndpoint, each)
            row.last_delivered_at = build.NOON.replace(minute=number)
    tell([first, second, never])
    assert [each for each, _fails in sending.due_endpoints(datetime.now(UTC))] == [never, second, first]


def _until(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.005)
    return False
