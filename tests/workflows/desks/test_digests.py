"""One letter for each person and morning: true when it leaves, merged over all their inboxes, none when there is nothing to say."""
from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.messages.routing import route_messages
from casework.messages.sending import Outgoing, Receipt, claim, send_waiting
from casework.models import Account, Case, Delivery, Membership, MessageChoice
from casework.outbox import add_to_letter
from casework.permissions import Role, desk_name
from tests import build
from tests.second_centre import second_world
from web.gateways.opening import page_addresses
from workflows.desks.digests import plan_morning

MORNING = datetime(2026, 3, 3, 0, 30, tzinfo=build.NOON.tzinfo)
"""Tuesday 03/03/2026, 07:30 local time: the offices open."""
WAYS = frozenset({"email", "push"})


@pytest.fixture
def world(app: Flask) -> build.World:
    """A standard world whose operators have e-mail."""
    world = build.standard_world()
    with unit_of_work():
        for name in ("operator", "operator_2", "inspector"):
            db.session.get_one(Account, world.people[name].id).email = f"{name}@lacduong.gov.vn"
    return world


def letters(world: build.World, name: str = "operator") -> list[Delivery]:
    db.session.rollback()
    query = select(Delivery).where(Delivery.recipient == f"account:{world.people[name].id}").order_by(Delivery.id)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def sent(app: Flask, now: datetime) -> list[Outgoing]:
    """What leaves by e-mail."""
    left: list[Outgoing] = []

    def keep(outgoing: Outgoing) -> Receipt:
        left.append(outgoing)
        return Receipt("taken")

    send_waiting("email", keep, clock=lambda: now, pages=page_addresses(app), configured=WAYS)
    return left


def morning(now: datetime) -> None:
    plan_morning(now, configured=WAYS)


@pytest.mark.exhaustive(but=2)
@pytest.mark.on_both
def test_each_gets_one_letter_with_what_waits_at_that_moment(app: Flask, world: build.World) -> None:
    late = build.case_at(world, "to_verify")
    build.case_at(world, "to_distribute", urgent=True)
    morning(MORNING - timedelta(minutes=1))
    assert letters(world) == [], "the offices are shut"
    workers = [threading.Thread(target=_worker, args=(app,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(letters(world)) == len(letters(world, "operator_2")) == 1, "three workers, one letter"
    build.case_at(world, "to_verify", now=MORNING)
    letter, other = sorted(sent(app, MORNING + timedelta(minutes=2)), key=lambda each: each.address)
    assert (letter.address, other.address) == ("operator@lacduong.gov.vn", "operator_2@lacduong.gov.vn")
    assert letter.words.subject == "Việc hôm nay: 4 việc đang chờ, 1 trễ hạn"
    assert letter.words.body.splitlines() == [
        "4 việc đang chờ trong hộp việc", "1 việc đã trễ hạn", "3 việc đến hạn hôm nay", "2 việc khẩn", "4 việc mới từ thư trước",
    ], letter.words.body  # fmt: skip
    assert late.code not in letter.words.body
    assert letter.words.link.endswith("/inbox")
    assert letter.words.choices.endswith("/account/messages")
    morning(MORNING + timedelta(hours=3))
    assert len(letters(world)) == 1
    assert letters(world, "inspector")[0].dropped_at, "nothing waits for them, so nothing is sent"
    morning(MORNING + timedelta(days=1))
    assert len(letters(world)) == 2


def _worker(app: Flask) -> None:
    with app.app_context():
        morning(MORNING)
        db.session.remove()


def test_after_an_outage_todays_letter_leaves_and_none_of_the_days_before(app: Flask, world: build.World) -> None:
    build.case_at(world, "to_verify")
    for day in (0, 1):
        morning(MORNING + timedelta(days=day))
    assert len(letters(world)) == 2, "put down, with nothing to send them by"
    back = MORNING + timedelta(days=2, hours=4)
    morning(back)
    assert [each.address for each in sent(app, back)] == ["operator@lacduong.gov.vn", "operator_2@lacduong.gov.vn"]
    assert [bool(each.dropped_at) for each in letters(world)] == [True, True, False]
    for closed in (MORNING + timedelta(days=2, hours=10), MORNING + timedelta(days=4, hours=1)):
        plan_morning(closed, configured=WAYS)
    assert len(letters(world)) == 3, "evening, and Saturday"


@pytest.mark.exhaustive(but=2)
def test_reminders_of_all_inboxes_are_one_letter_as_each_person_wishes(app: Flask, world: build.World) -> None:
    other = second_world(world)
    first, second = build.case_at(world, "handling"), build.case_at(other, "handling")
    with unit_of_work():
        everywhere, at_once, never = (db.session.get_one(Account, world.people[name].id) for name in ("operator", "operator_2", "ops_lead"))
        everywhere.memberships.append(Membership(role=Role.OPERATOR, centre_id=other.centre.id, valid_from=build.LONG_AGO))
        never.email = "totruong@lacduong.gov.vn"
        chosen = {at_once.id: "all", never.id: "urgent"}
        db.session.add_all(MessageChoice(account_id=id_, channel="email", takes=takes, changed_at=MORNING) for id_, takes in chosen.items())
        for case in (first, second):
            locked: Case = lock_case(case.id)
            add_to_letter(desk_name(Role.OPERATOR, centre_id=locked.centre_id), locked, at=build.NOON, due=MORNING)
    route_messages(MORNING, configured=WAYS)
    assert [each.template for each in letters(world) if each.template == "reminder_letter"] == []
    morning(MORNING)
    words = {each.address: each.words.body for each in sent(app, MORNING) if each.words.topic == "digest"}
    assert f"Sắp đến hạn hoặc đã trễ hạn: {first.code}, {second.code}." in words["operator@lacduong.gov.vn"]
    assert words["operator_2@lacduong.gov.vn"] == f"Sắp đến hạn hoặc đã trễ hạn: {first.code}."
    assert "totruong@lacduong.gov.vn" not in words
    with unit_of_work():
        db.session.execute(Delivery.__table__.update().where(Delivery.template == "morning_digest").values(sent_at=None))  # type: ignore[attr-defined]
        db.session.add(MessageChoice(account_id=world.people["operator"].id, channel="email", takes="none", changed_at=MORNING))
    while (outgoing := claim("email", now=MORNING, pages=page_addresses(app))) is not None:
        assert outgoing.address != "operator@lacduong.gov.vn", "taken back before it left"
