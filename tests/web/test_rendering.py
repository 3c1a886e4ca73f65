"""A page is read before it is rendered: while its template runs, no statement is sent. Held of the rooms that have come to it so far."""
from __future__ import annotations

from datetime import timedelta
from statistics import median

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.inbox.saved_filters import keep_filter
from casework.models import Case
from tests import build
from tests.web.desk import Office, statements_of
from tests.web.rendering import sent_while_rendering
from workflows.desks.assigning import assign_task
from workflows.models import WaitingTask
from workflows.running.steps import claim

pytestmark = pytest.mark.on_both

ROOMS = {
    "inbox": (
        ("operator", "/inbox"), ("operator", "/inbox?view=late"), ("operator", "/inbox?waits=others"), ("operator", "/inbox?q=1"),
        ("operator", "/inbox?state=to_verify&urgency=normal&holder=nobody"), ("operator_2", "/inbox?view=mine"), ("ops_lead", "/inbox"),
        ("ops_lead", "/inbox?view=frozen"), ("ops_lead", "/inbox?waits=officer"), ("officer_PTNMT", "/inbox"),
        ("leader_PTNMT", "/inbox?view=approve_answer"), ("administrator", "/inbox"), ("inspector", "/inbox"),
    ),
    "map of open work": (
        ("operator", "/open-map"), ("ops_lead", "/open-map?view=late"), ("officer_PTNMT", "/open-map"), ("committee_leader", "/open-map"),
    ),
    "steps": (
        ("operator", "/tasks/{verify}"), ("operator", "/tasks/{classify}"), ("operator", "/tasks/{distribute}"),
        ("officer_PTNMT", "/tasks/{accept_assignment}"), ("officer_PTNMT", "/tasks/{submit_answer}"),
        ("leader_PTNMT", "/tasks/{approve_answer}"), ("operator", "/tasks/{publish}"),
    ),
    "cases": (
        ("operator", "/cases/{to_verify}"), ("operator", "/cases/{at_agency}"), ("ops_lead", "/cases/{handling}?tab=all"),
        ("officer_PTNMT", "/cases/{approval}?tab=all"), ("leader_PTNMT", "/cases/{approval}"),
        ("committee_leader", "/cases/{rating}?tab=all"), ("administrator", "/cases/{handling}?tab=all"),
        ("operator", "/cases/{waiting_reporter}?tab=exchange"),
        ("operator", "/cases/{rating}?tab=history"), ("operator", "/cases/{handling}/print"), ("operator", "/cases/{handling}/diagram"),
    ),
    "reporters": (
        ("citizen", "/mine/{to_verify}"), ("citizen", "/mine/{to_classify}"), ("citizen", "/mine/{at_agency}"),
        ("citizen", "/mine/{handling}"), ("citizen", "/mine/{approval}"), ("citizen", "/mine/{rating}"),
        ("citizen", "/mine/{waiting_reporter}"), ("citizen", "/mine/{refused}"), ("citizen", "/mine/{to_verify}/withdrawal"),
        ("citizen", "/reports/{rating}/receipt"),
    ),
}  # fmt: skip
"""The pages of the rooms that read before they render, and who opens them. `{verify}` stands for a step that waits, a state for the code of
a case in it, in the room of cases for its reference."""

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
    question, refused = build.case_at(world, "to_classify"), build.case_at(world, "to_verify")
    build.act(world, question, "ask_reporter", "operator", report=question.main_report, words="Ở bờ nào?", when_unanswered="continue")
    build.do(world, refused, "verify", "operator", act="refuse", reason=world.refusal_reason(), words="Xin cho biết rõ địa điểm.")
    for name in ("operator", "ops_lead", "officer_PTNMT"):
        with unit_of_work():
            keep_filter(by=world.actor(name), now=build.NOON, name="Khẩn", chosen={"urgency": "urgent"})
    return office


def waiting() -> dict[str, str]:
    """The addresses of steps that wait and that nobody has taken, by element."""
    query = select(WaitingTask).where(WaitingTask.state == "waiting", WaitingTask.claimed_by_id.is_(None))
    return {step.element: step.ref for step in db.session.scalars(query)}


@pytest.mark.exhaustive(but=3)
@pytest.mark.parametrize("room", ROOMS)
def test_no_statement_is_sent_while_a_template_runs(office: Office, room: str) -> None:
    found: dict[str, list[str]] = {}
    named = Case.ref if room == "cases" else Case.code
    codes = {str(state): code for state, code in db.session.execute(select(Case.state, named))}
    for name, page in ROOMS[room]:
        address = page.format_map({**codes, **waiting()})
        office.words(name, address)
        with sent_while_rendering(office.app) as sent:
            office.words(name, address)
        found |= {f"{name} {page}": sent} if sent else {}
    assert found == {}


@pytest.mark.exhaustive(but=2)
def test_a_statement_of_a_template_is_noticed(office: Office) -> None:
    """The search counts what waits, for the bar, while it is rendered."""
    with sent_while_rendering(office.app) as sent:
        office.words("operator", "/search")
    assert any("waiting_task" in statement for statement in sent)


@pytest.mark.exhaustive(but=2)
def test_the_page_of_an_answered_report_takes_six_statements_at_most(office: Office) -> None:
    """Those that tell who asks included; one more where the day was moved, and one where there was news to put away."""
    code = db.session.scalars(select(Case.code).where(Case.state == "rating")).one()
    office.words("citizen", f"/mine/{code}")
    assert statements_of(lambda: office.words("citizen", f"/mine/{code}")) <= 6


@pytest.mark.exhaustive
def test_an_inbox_takes_four_statements_at_most(office: Office) -> None:
    def took(name: str, address: str) -> int:
        office.words(name, address)
        return statements_of(lambda: office.words(name, address))

    shown = {name: office.words(name, "/inbox") for name in ("operator", "officer_PTNMT", "ops_lead", "leader_PTNMT", "operator_2")}
    assert all("Khẩn" in shown[name] and "Ông/Bà được giao một việc" in shown[name] for name in ("operator", "officer_PTNMT"))
    # what an open page asks for by itself takes two statements: the numbers, and who has which case open
    whoever = {name: took(name, "/inbox/pulse") - 2 for name in shown}
    assert {name: took(name, "/inbox") - whoever[name] for name in shown} == {
        "operator": FEW, "officer_PTNMT": FEW, "ops_lead": FEW, "leader_PTNMT": 2, "operator_2": 2,
    }  # fmt: skip
    for address in ("/inbox?view=mine", "/inbox?view=late", "/inbox?urgency=urgent&state=to_verify&holder=nobody", "/inbox?view=frozen"):
        assert took("operator", address) - whoever["operator"] <= FEW, address


@pytest.mark.exhaustive
def test_a_step_takes_seven_statements_at_most_and_mostly_five(office: Office) -> None:
    took = {}
    for name, page in ROOMS["steps"]:
        address = page.format_map(waiting())
        office.words(name, address)
        took[page] = statements_of(lambda name=name, address=address: office.words(name, address))  # type: ignore[misc]
    assert max(took.values()) <= 7, took
    assert median(took.values()) <= 5, took
