"""Who asks: read in one statement at the beginning of a request, and the same until its end."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import FrozenInstanceError
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from casework.calendars import RULES_STREAM, rules_head
from casework.db import db, unit_of_work
from casework.events import append
from casework.local_time import midnight
from casework.models import Account, Deputy, Membership
from casework.permissions import SYSTEM, Role, actor_for
from casework.permissions.acting_account import ActingAccount
from tests import build
from tests.web.desk import statements_of
from tests.web.pages import at, signed_in
from web import sessions
from web.guards import actor, must_set_up
from web.locales import language
from web.sessions import current_session, own_account, signed_in_account

NOON, DAY = build.NOON, timedelta(days=1)


@pytest.fixture
def world(app: Flask) -> build.World:
    at(app, NOON)
    return build.standard_world()


def token_of(app: Flask, account: Account, now: datetime = NOON) -> str:
    with app.test_request_context(), unit_of_work():
        return sessions.open_session(account, now=now)


@contextmanager
def asking(app: Flask, token: str) -> Iterator[None]:
    """A request of the browser that holds the token, before any statement."""
    with app.app_context(), app.test_request_context(headers={"Cookie": f"{sessions.COOKIE}={token}"}):
        yield


def stand_in(world: build.World, deputy: str, principal: str, **columns: Any) -> None:
    with unit_of_work():
        between = {"starts_at": NOON - DAY, "ends_at": NOON + DAY, **columns}
        db.session.add(Deputy(principal_id=world.people[principal].id, deputy_id=world.people[deputy].id,
                              created_by_id=world.people["administrator"].id, **between))  # fmt: skip


def change(account: Account, **columns: Any) -> None:
    account_id = account.id
    with unit_of_work():
        for name, value in columns.items():
            setattr(db.session.get_one(Account, account_id), name, value)


@pytest.mark.parametrize("name", ["operator", "officer_HKL", "leader_HKL", "administrator", "citizen"])
def test_it_takes_one_statement_whoever_asks(app: Flask, world: build.World, name: str) -> None:
    stand_in(world, "officer_HKL", "leader_HKL")
    token, account_id = token_of(app, world.people[name]), world.people[name].id

    def ask() -> None:
        with asking(app, token):
            assert (actor().account_id, must_set_up(), language()) == (account_id, False, "vi")
            assert rules_head()

    ask()           # reads what is kept until the rules change
    assert statements_of(ask) == 1


@pytest.mark.parametrize(("principal", "counts", "columns"), [
    ("leader_HKL", True, {}), ("leader_HKL", False, {"starts_at": NOON + timedelta(seconds=1)}), ("leader_HKL", False, {"ends_at": NOON}),
    ("confidential_reader", False, {}), ("confidential_reader", True, {"confirmed_at": NOON - DAY}), ("inspector", True, {}),
])  # fmt: skip
def test_the_roles_are_those_every_other_way_finds(
    app: Flask, world: build.World, principal: str, counts: bool, columns: dict[str, Any]
) -> None:
    for _ in range(2):          # two periods that overlap lend a role once
        stand_in(world, "operator", principal, **columns)
    found = actor_for(world.people["operator"], now=NOON)
    lent = [grant.principal_id for grant in found.grants if grant.principal_id is not None]
    assert lent == ([world.people[principal].id] if counts else [])
    with asking(app, token_of(app, world.people["operator"])):
        assert actor() == found
        assert actor().alone == found.alone


def test_a_principal_whose_account_is_closed_lends_nothing(app: Flask, world: build.World) -> None:
    stand_in(world, "operator", "leader_HKL")
    change(world.people["leader_HKL"], disabled_at=NOON)
    with asking(app, token_of(app, world.people["operator"])):
        assert actor().roles == {Role.OPERATOR}


def test_a_role_that_ends_at_midnight_is_gone_at_midnight(app: Flask, world: build.World, client: FlaskClient) -> None:
    last = midnight(date(2026, 3, 3))
    with unit_of_work():
        [role] = db.session.get_one(Account, world.people["operator"].id).memberships
        db.session.get_one(Membership, role.id).valid_to = last.date()
    signed_in(app, client, world.people["operator"], now=last - timedelta(hours=1))
    at(app, last - timedelta(seconds=1))
    assert client.get("/inbox").status_code == 200
    at(app, last)
    assert client.get("/inbox").status_code == 403


def test_a_role_that_begins_tomorrow_is_not_held_today(app: Flask, world: build.World) -> None:
    first = midnight(date(2026, 3, 3))
    with unit_of_work():
        [role] = db.session.get_one(Account, world.people["operator"].id).memberships
        role.valid_from = first.date()
    token = token_of(app, world.people["operator"], now=first - timedelta(hours=1))
    for moment, roles in ((first - timedelta(seconds=1), set()), (first, {Role.OPERATOR})):
        at(app, moment)
        with asking(app, token):
            assert actor().roles == roles


def test_whoever_asks_cannot_be_changed(app: Flask, world: build.World) -> None:
    with asking(app, token_of(app, world.people["operator"])):
        session = current_session()
        assert session is not None
        for thing, name in ((session, "grants"), (session, "account"), (session.account, "must_change_password"), (actor(), "grants")):
            with pytest.raises(FrozenInstanceError):
                setattr(thing, name, None)


def test_an_account_closed_in_mid_request_is_out_at_the_next(app: Flask, world: build.World, client: FlaskClient) -> None:
    signed_in(app, client, world.people["operator"], now=NOON)
    cookie = client.get_cookie(sessions.COOKIE)
    assert cookie is not None
    with asking(app, cookie.value):
        before = actor()
        change(world.people["operator"], disabled_at=NOON)
        assert actor() is before
        assert signed_in_account() is before.account
    assert client.get("/inbox").location == "/sign-in?next=/inbox"


def test_the_row_of_the_account_is_the_one_of_now(app: Flask, world: build.World) -> None:
    with asking(app, token_of(app, world.people["citizen"])):
        asked = signed_in_account()
        change(world.people["citizen"], language="en")
        own = own_account()
        assert asked is not None
        assert own is not None
        assert (asked.language, own.language) == ("vi", "en")
        assert ActingAccount.of(own) != asked


def test_a_change_of_the_rules_is_seen_in_the_request_that_makes_it(app: Flask, world: build.World) -> None:
    with asking(app, token_of(app, world.people["operator"])):
        assert actor().is_staff
        before = rules_head()
        with unit_of_work():
            assert rules_head() == before
            append(RULES_STREAM, "change_setting", by=SYSTEM, at=NOON, payload={})
            after = rules_head()
        assert before != after == rules_head()
