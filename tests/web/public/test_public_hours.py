"""Of a filing and of a limit the public sees the day, never the hour: with 24 hours from filing the one is the other."""
from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.models import Case, Clock, OutboxMessage, Report
from casework.outbox import tell_followers, tell_reporters
from tests import build
from tests.web.pages import at

NOON = build.NOON
LATER = timedelta(hours=3)
"""Filed as much later on the same day: at noon and at three."""
OUTPUTS = (
    "/", "/reports", "/reports?state=open", "/reports?view=map", "/reports?state=open&late=late", "/reports?state=open&urgency=urgent",
    "/reports.csv", "/reports.json", "/reports.xlsx", "/reports.atom", "/reports/points.json", "/transparency",
    "/reports/{code}", "/reports/{code}/card.png",
)
MOMENTS = [timedelta(hours=hours) for hours in (4, 13, 22, 25, 28, 37, 61)]
"""After noon: while it runs, around the hours at which it is due, when it is late for either, and the days after."""
OF_THE_REQUEST = re.compile(rb'name="csrf_token" value="[^"]*"|nonce-?[="][^"]*"|content="[\w.-]{60,}"')


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return build.standard_world()


def told(app: Flask, case: Case) -> dict[str, bytes]:
    """All that a stranger can read, at each of the moments."""
    code, found = case.code, {}
    for moment in MOMENTS:
        at(app, NOON + moment)
        client = app.test_client()
        for language in ("vi", "en"):
            client.get(f"/language?code={language}")
            for address in OUTPUTS:
                answer = client.get(address.format(code=code))
                assert answer.status_code == 200, address
                found[f"{address} {language} {moment}"] = OF_THE_REQUEST.sub(b"", answer.data)
    return found


def filed_later(case: Case) -> None:
    """Let the same case have been filed, and be due, some hours later of the same day."""
    with unit_of_work():
        for row, names in ((Case, ("opened_at", "due_at")), (Clock, ("started_at", "due_at", "first_due_at")), (Report, ("filed_at",))):
            for each in db.session.scalars(select(row)):  # type: ignore[call-overload]
                moved = {name: getattr(each, name) + LATER for name in names if getattr(each, name) is not None}
                db.session.execute(update(row).where(row.id == each.id).values(moved))  # type: ignore[attr-defined]
        for message in db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == "due_moved")):
            due_at = build.datetime.fromisoformat(message.parameters["due_at"]) + LATER
            message.parameters = {**message.parameters, "due_at": due_at.isoformat()}
    db.session.expire_all()


def test_followers_are_told_the_day_of_a_limit_and_its_sender_the_hour(world: build.World) -> None:
    case = build.case_at(world, "handling", urgent=True)
    build.act(world, case, "follow", "citizen_2")
    due_at = case.due_at
    assert due_at is not None
    with unit_of_work():
        locked = lock_case(case.id)
        tell_reporters(locked, "due_moved", at=NOON, due_at=due_at.isoformat(), reason="extension")
        tell_followers(locked, "followed_due_moved", at=NOON, due_at=due_at.isoformat())
    rows = select(OutboxMessage).where(OutboxMessage.template.like("%due_moved"))
    told = {row.template: row.parameters["due_at"] for row in db.session.scalars(rows)}
    assert told == {"due_moved": due_at.isoformat(), "followed_due_moved": "2026-03-04T00:00:00+07:00"}


@pytest.mark.exhaustive
@pytest.mark.parametrize("state", ["handling", "rating"])
def test_no_output_changes_with_the_hour_an_urgent_case_was_filed_at(sqlite_app: Flask, world: build.World, state: str) -> None:
    case = build.case_at(world, state, urgent=True)
    with unit_of_work():
        tell_reporters(lock_case(case.id), "due_moved", at=NOON, due_at=case.due_at.isoformat(), reason="extension")
    before = told(sqlite_app, case)
    filed_later(case)
    after = told(sqlite_app, case)
    assert [name for name in before if before[name] != after[name]] == []
