"""What endpoints are told: written with the act, to whom it concerns alone, and nothing in it but refs and a code."""
from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.event import listen, remove

import workflows.every_verb  # noqa: F401  (brings all rows)
from casework.db import db, unit_of_work
from casework.doors.webhooks.kinds import PUBLIC_STEPS, VERBS, Thing
from casework.doors.webhooks.listeners import listeners
from casework.doors.webhooks.sending import body_of
from casework.doors.webhooks.telling import _tell, hear
from casework.models import Case, Event, WebhookCourse, WebhookDelivery, WebhookEndpoint
from casework.permissions import Action
from casework.sentences import Audience
from casework.verbs import events_told, every_verb
from tests import build, reorganised, service_accounts, webhooks
from tests.second_centre import second_world

READ = (Action.READ_CASE, Action.SEARCH_CASES)


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def of_agency(world: build.World, key: str = "PTNMT") -> WebhookEndpoint:
    return webhooks.listening(world, service_accounts.made(world, *READ, agency=key, name=f"Hệ thống {key}")[0])


def of_centre(world: build.World, *scopes: Action) -> WebhookEndpoint:
    return webhooks.listening(world, service_accounts.made(world, *(scopes or READ), agency=None, name="Hệ thống Trung tâm")[0])


def test_centre_and_agency_are_told_of_their_own_in_order_by_refs_and_a_code_alone(world: build.World) -> None:
    centre, agency, other = of_centre(world), of_agency(world), of_agency(world, "HKL")
    case = build.case_at(world, "rating", words="Dấu vết zqxk của người gửi.")
    told = webhooks.rows_of(centre)
    assert [row.type for row in told if not row.type.endswith("due_moved")] == [
        "case.file_report", "case.verify", "case.classify", "assignment.distribute", "assignment.accept_assignment",
        "assignment.submit_answer", "assignment.approve_answer", "assignment.end", "case.publish",
    ]  # fmt: skip
    assert [row.seq for row in told] == list(range(1, len(told) + 1))
    own = webhooks.rows_of(agency)
    assert [row.type for row in own] == [
        "assignment.distribute", "assignment.accept_assignment", "assignment.submit_answer", "assignment.approve_answer", "assignment.end",
    ]  # fmt: skip
    assert {row.told["href"] for row in own} == {f"/api/v1/assignments/{row.ref}" for row in db.session.get_one(Case, case.id).assignments}
    assert webhooks.queued(other) == []
    for row in told:
        body = body_of(row, webhooks.BASE)
        assert set(row.told) == {"ref", "case", "code", "href"}
        assert len(body.encode()) <= 2_048
        assert not any(mark in body for mark in ("zqxk", build.PHONE))


def test_an_endpoint_that_has_not_proven_itself_is_told_nothing(world: build.World) -> None:
    row, _ = service_accounts.made(world, *READ, agency=None)
    webhooks.opened(world)
    endpoint, _ = webhooks.added(world, row)
    build.case_at(world, "to_verify")
    assert webhooks.queued(endpoint) == []


def test_quarantine_erases_what_is_queued_and_ends_the_work_without_a_word(world: build.World) -> None:
    centre, agency = of_centre(world), of_agency(world)
    case, other = build.case_at(world, "at_agency"), build.case_at(world, "at_agency")
    build.act(world, case, "quarantine", "operator", reason="Tố cáo một cán bộ.")
    assert {row.case_id for row in webhooks.rows_of(centre)} == {other.id}
    left = [(row.type, row.seq) for row in webhooks.rows_of(agency) if row.case_id == case.id]
    assert left == [("assignment.end", 1)], "what nobody heard of gives its numbers back"
    with unit_of_work():
        heard = db.session.get_one(WebhookDelivery, next(row.id for row in webhooks.rows_of(agency) if row.case_id == other.id))
        heard.attempts, heard.delivered_at = 1, build.NOON
    build.act(world, other, "quarantine", "operator", reason="Tố cáo một cán bộ.")
    assert [(row.type, row.seq) for row in webhooks.rows_of(agency) if row.case_id == other.id] == [("assignment.end", 2)]


@pytest.mark.exhaustive
def test_a_report_told_of_by_two_cases_keeps_its_numbers_when_one_is_set_apart(world: build.World) -> None:
    endpoint = of_agency(world)
    case, main = build.case_at(world, "at_agency"), build.case_at(world, "at_agency")
    about = "report:1"
    with unit_of_work():
        db.session.add_all([
            WebhookDelivery(message=f"msg_{seq}", endpoint_id=endpoint.id, about=about, seq=seq, case_id=each.id, type="report.merge",
                            at=build.NOON, told={})
            for seq, each in ((1, case), (2, main), (3, case))
        ])  # fmt: skip
        db.session.add(WebhookCourse(endpoint_id=endpoint.id, about=about, seq=3, due_at=build.NOON))
    build.act(world, main, "quarantine", "operator", reason="Tố cáo một cán bộ.")
    course = db.session.get_one(WebhookCourse, (endpoint.id, about), populate_existing=True)
    assert (course.seq, course.due_at) == (3, build.NOON), "the next has a number of its own, and what is left is sent"
    build.act(world, case, "quarantine", "operator", reason="Tố cáo một cán bộ.")
    course = db.session.get_one(WebhookCourse, (endpoint.id, about), populate_existing=True)
    assert (course.seq, course.due_at) == (1, None)


def test_a_merge_and_a_split_are_told_under_both_codes_and_the_doubled_work_ends(world: build.World) -> None:
    agency, centre = of_agency(world), of_centre(world)
    main, source = build.case_at(world, "at_agency"), build.case_at(world, "at_agency")
    before = len(webhooks.rows_of(agency))
    build.act(world, source, "merge", "operator", into=main, reason="Cùng một việc.")
    told = {(row.type, row.told["code"]) for row in webhooks.rows_of(agency)[before:]}
    assert told >= {("case.merge", source.code), ("case.merge", main.code), ("assignment.end", source.code)}
    assert ("assignment.end", main.code) not in told
    report = next(link.report for link in db.session.get_one(Case, main.id).reports if link.report.code == source.code)
    build.act(world, main, "split", "operator", report=report, reason="Hai việc khác nhau.")
    split = {row.told["code"] for row in webhooks.rows_of(centre) if row.type == "case.split"}
    assert split == {source.code, main.code}


def test_a_case_passed_on_is_told_to_the_new_centre_and_to_the_old_one_no_more(world: build.World) -> None:
    other = second_world(world)
    here = of_centre(world)
    there = webhooks.listening(other, service_accounts.made(other, *READ, agency=None, name="Nơi nhận")[0])
    case = build.case_at(world, "to_verify")
    before = webhooks.queued(here)
    build.act(world, case, "pass_on", "operator", centre=other.centre, reason="Thuộc địa bàn khác.")
    assert webhooks.queued(here) == before
    assert webhooks.queued(there) == ["case.pass_on"]


def test_endpoints_of_another_centre_cost_an_act_here_no_statement(world: build.World) -> None:
    other = second_world(world)
    webhooks.listening(other, service_accounts.made(other, *READ, agency=next(iter(other.agencies)), name="Đơn vị bên kia")[0])
    webhooks.listening(other, service_accounts.made(other, *READ, agency=None, name="Trung tâm bên kia")[0])
    case = build.case_at(world, "to_classify")
    listeners()
    asked: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    with unit_of_work():
        here = db.session.get_one(Case, case.id)
        event = Event(type="progress_note", at=build.NOON, payload={})
        hear(here, event)
        listen(db.engine, "before_cursor_execute", count)
        try:
            _tell()
        finally:
            remove(db.engine, "before_cursor_execute", count)
    assert not [each for each in asked if "assignment" in each], asked


def test_a_reorganisation_is_told_to_the_centre(world: build.World) -> None:
    build.case_at(world, "handling")
    centre = of_centre(world)
    reorganised.carried_out(world, reorganised.planned(world))
    assert {"case.reorganise", "assignment.reorganise"} <= set(webhooks.queued(centre))


def test_public_steps_and_types_are_those_of_the_verbs() -> None:
    public = events_told(Audience.PUBLIC)
    assert {verb for verb in VERBS[Thing.CASE] if verb in public} == PUBLIC_STEPS
    named = {verb.name for verb in every_verb()}
    assert {verb for verbs in VERBS.values() for verb in verbs} <= named
