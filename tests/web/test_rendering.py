"""A page is read before it is rendered: while its template runs, no statement is sent. Held of the rooms that have come to it so far."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from casework.db import unit_of_work
from casework.inbox.saved_filters import keep_filter
from tests import build
from tests.web.desk import Office, statements_of
from tests.web.rendering import sent_while_rendering
from workflows.desks.assigning import assign_task
from workflows.running.steps import claim

pytestmark = pytest.mark.on_both

ROOMS = {
    "inbox": (
        ("operator", "/inbox"), ("operator", "/inbox?view=late"), ("operator", "/inbox?waits=others"), ("operator", "/inbox?q=1"),
        ("operator", "/inbox?state=to_verify&urgency=normal&holder=nobody"), ("operator_2", "/inbox?view=mine"), ("ops_lead", "/inbox"),
        ("ops_lead", "/inbox?view=frozen"), ("ops_lead", "/inbox?waits=officer"), ("officer_PTNMT", "/inbox"),
        ("leader_PTNMT", "/inbox?view=approve_answer"), ("administrator", "/inbox"), ("inspector", "/inbox"),
    ),
}  # fmt: skip
"""The pages of the rooms that read before they render, and who opens them."""

FEW = 4
"""Statements of an inbox at most, those that tell who asks left out; two for somebody without saved filters and notices."""


@pytest.fixture
def office(app: Flask) -> Office:
    """Whatever an inbox may show: steps of several desks, taken, given and on hold, reported urgent, filters and notices."""
    office = Office(app)
    world = office.world
    for state in ("to_verify", "to_classify", "to_distribute", "at_agency", "handling", "approval", "to_publish", "rating"):
        build.case_at(world, state)
    build.file_report(world, marked_urgent=True)
    held = build.case_at(world, "to_verify")
    build.act(world, held, "hold", "ops_lead", reason="Chờ nước rút.", until=(build.NOON + timedelta(days=2)).date())
    taken, given, asked = build.case_at(world, "to_verify"), build.case_at(world, "to_verify"), build.case_at(world, "at_agency")
    with unit_of_work():
        claim(build.waiting(taken, "verify").ref, by=world.actor("operator_2"), now=build.NOON)
    for step, by, to in ((build.waiting(given, "verify"), "ops_lead", "operator"),
                         (build.waiting(asked, "accept_assignment"), "leader_PTNMT", "officer_PTNMT")):  # fmt: skip
        ref, colleague = step.ref, world.people[to].ref
        with unit_of_work():
            assign_task(ref, by=world.actor(by), now=build.NOON, to=colleague)
    for name in ("operator", "ops_lead", "officer_PTNMT"):
        with unit_of_work():
            keep_filter(by=world.actor(name), now=build.NOON, name="Khẩn", chosen={"urgency": "urgent"})
    return office


@pytest.mark.parametrize("room", ROOMS)
def test_no_statement_is_sent_while_a_template_runs(office: Office, room: str) -> None:
    found: dict[str, list[str]] = {}
    for name, address in ROOMS[room]:
        office.words(name, address)
        with sent_while_rendering(office.app) as sent:
            office.words(name, address)
        found |= {f"{name} {address}": sent} if sent else {}
    assert found == {}


def test_a_statement_of_a_template_is_noticed(office: Office) -> None:
    """The search counts what waits, for the bar, while it is rendered."""
    with sent_while_rendering(office.app) as sent:
        office.words("operator", "/search")
    assert any("waiting_task" in statement for statement in sent)


def test_an_inbox_takes_four_statements_at_most(office: Office) -> None:
    def took(name: str, address: str) -> int:
        office.words(name, address)
        return statements_of(lambda: office.words(name, address))

    shown = {name: office.words(name, "/inbox") for name in ("operator", "officer_PTNMT", "ops_lead", "leader_PTNMT", "operator_2")}
    assert all("Khẩn" in shown[name] and "Ông/Bà được giao một việc" in shown[name] for name in ("operator", "officer_PTNMT"))
    # the numbers that an open page asks for by itself take one statement
    whoever = {name: took(name, "/inbox/pulse") - 1 for name in shown}
    assert {name: took(name, "/inbox") - whoever[name] for name in shown} == {
        "operator": FEW, "officer_PTNMT": FEW, "ops_lead": FEW, "leader_PTNMT": 2, "operator_2": 2,
    }  # fmt: skip
    for address in ("/inbox?view=mine", "/inbox?view=late", "/inbox?urgency=urgent&state=to_verify&holder=nobody", "/inbox?view=frozen"):
        assert took("operator", address) - whoever["operator"] <= FEW, address
