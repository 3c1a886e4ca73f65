"""What befalls a case, an agency, a centre or a person while a system of theirs reads and acts."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from casework.db import db, unit_of_work
from casework.doors.asking import BehalfRefused
from casework.doors.behalf import agree
from casework.models import Assignment, Note
from casework.permissions import NotAllowed
from casework.settings.deputyships import appoint_deputy
from casework.taking_back.held_acts import Hold, SentForm
from tests import build, reorganised, service_accounts
from tests.reorganised import MORNING
from tests.second_centre import second_world
from tests.web.api.asked import OF_AGENCY, OF_CENTRE, House, assignment_of, opened, put_open
from tests.web.api.test_acts import ANSWER
from tests.web.pages import at
from workflows.running.carrying_out import carry_out_due
from workflows.running.steps import perform

TEN = timedelta(seconds=10)


@pytest.fixture
def house(app: Flask) -> House:
    return opened(app)


def addresses(case_ref: str, assignment_ref: str | None = None) -> list[str]:
    found = [f"/cases/{case_ref}", f"/cases/{case_ref}/history"]
    return found + ([f"/assignments/{assignment_ref}", f"/assignments/{assignment_ref}/answers"] if assignment_ref else [])


def statuses(house: House, paths: list[str], key: str) -> set[int]:
    return {house.get(path, key=key).status_code for path in paths}


def test_a_case_passed_on_is_gone_for_the_first_centre_and_there_for_the_second(house: House) -> None:
    other = second_world(house.world)
    put_open(other)
    keys = [service_accounts.made(world, *OF_CENTRE, agency=None, name=name)[1] for world, name in ((house.world, "A"), (other, "B"))]
    case = build.case_at(house.world, "to_verify")
    assert [statuses(house, addresses(case.ref), key) for key in keys] == [{200}, {404}]
    build.act(house.world, case, "pass_on", "operator", centre=other.centre, reason="Thuộc địa bàn khác.")
    assert [statuses(house, addresses(case.ref), key) for key in keys] == [{404}, {200}]
    assert [[each["ref"] for each in house.json("/cases", key=key)["items"]] for key in keys] == [[], [case.ref]]


def test_a_second_centres_accounts_find_nothing_of_the_first(house: House) -> None:
    other = second_world(house.world)
    put_open(other)
    case = build.case_at(house.world, "approval")
    agency = service_accounts.made(other, *OF_AGENCY, name="Đơn vị khác")[1]
    centre = service_accounts.made(other, *OF_CENTRE, agency=None, name="Trung tâm khác")[1]
    for key, paths in ((agency, addresses(case.ref, assignment_of(case).ref)), (centre, addresses(case.ref))):
        assert statuses(house, paths, key) == {404}
        assert house.json("/cases", key=key)["items"] == []
    assert house.json("/assignments", key=agency)["items"] == []
    names = [each["name"]["vi"] for each in house.json("/agencies", key=agency)["items"]]
    assert "Phòng Nông nghiệp Đơn Dương" in names
    assert {each.name_vi for each in house.world.agencies.values()}.isdisjoint(names)


def test_two_agencies_of_one_case_see_their_own_part_and_no_draft_of_the_other(house: House) -> None:
    case = build.case_at(house.world, "approval", agencies=2)
    mine, theirs = case.assignments
    key = service_accounts.made(house.world, *OF_AGENCY, agency=theirs.agency.key, name="Đơn vị phối hợp")[1]
    assert [each["ref"] for each in house.json("/assignments", key=key)["items"]] == [theirs.ref]
    assert statuses(house, [f"/assignments/{mine.ref}", f"/assignments/{mine.ref}/answers"], key) == {404}
    told = house.json(f"/cases/{case.ref}", key=key)
    assert [each["agency"]["ref"] for each in told["answers"]] == [theirs.agency.ref]
    assert {each["agency"]["ref"] for each in told["agencies"]} == {mine.agency.ref, theirs.agency.ref}
    refused = house.act(mine, "progress_note", key=key, etag='"x"', words="Không phải việc mình.")
    assert refused.status_code == 403, "the officer agreed to the first agency's system alone"


def test_after_a_reorganisation_the_old_key_opens_nothing_and_the_successors_system_sees_the_work(house: House) -> None:
    case = build.case_at(house.world, "handling")
    row = assignment_of(case)
    paths = addresses(case.ref, row.ref)
    assert statuses(house, paths, house.key) == {200}
    reorganised.carried_out(house.world, reorganised.planned(house.world))
    at(house.app, MORNING + timedelta(hours=1))
    assert statuses(house, paths, house.key) == {401}
    for key in ("UBND-LB", "PKT-LD"):
        house.world.agencies[key] = reorganised.agency(key)
    keys = [service_accounts.made(house.world, *OF_AGENCY, agency=key, name=key, now=MORNING)[1] for key in ("UBND-LB", "PKT-LD")]
    assert [statuses(house, paths, key) for key in keys] == [{200}, {404}], "the ward's, because the case lies there"
    assert [len(house.json("/assignments", key=key)["items"]) for key in keys] == [1, 0]
    assert house.json(f"/assignments/{row.ref}", key=keys[0])["agency"]["ref"] == house.world.agencies["UBND-LB"].ref


def test_what_a_leader_can_still_take_back_has_not_happened(house: House) -> None:
    case = build.case_at(house.world, "approval")
    row, now = assignment_of(case), build.next_moment(case)
    at(house.app, now)
    task = build.waiting(case, "approve_answer", house.world.agencies["PTNMT"])
    with unit_of_work():
        perform(task.ref, by=house.world.actor("leader_PTNMT", now), now=now, act="approve_answer", hold=Hold(TEN, SentForm()))
    before = house.get(f"/assignments/{row.ref}")
    assert (before.json["state"], before.json["approved_at"]) == ("submitted", None)
    again = house.act(row, "submit_answer", **ANSWER)
    assert (again.status_code, again.json["code"]) == (409, "not_now")
    noted = house.act(row, "progress_note", words="Đã gửi ảnh bổ sung qua thư.")
    assert noted.status_code == 200, noted.json
    assert carry_out_due(now + TEN + TEN) == 1
    assert house.json(f"/assignments/{row.ref}")["state"] == "approved"
    late = house.act(row, "progress_note", etag=noted.headers["ETag"], words="Muộn.")
    assert (late.status_code, late.json["act"]) == (412, "approve_answer")


def test_nobody_is_acted_for_by_way_of_their_deputy(house: House) -> None:
    row, people, soon = assignment_of(build.case_at(house.world, "at_agency")), house.world.people, build.NOON + timedelta(days=3)
    with unit_of_work(keeps_rows=True):
        appoint_deputy(principal=people["officer_PTNMT"], deputy=people["officer_2_PTNMT"], starts_at=build.NOON, ends_at=soon,
                       by=house.world.actor("administrator"), now=build.NOON, reason="Đi công tác.")  # fmt: skip
    refused = house.act(row, "accept_assignment", by="officer_2_PTNMT")
    assert (refused.status_code, refused.json["code"]) == (403, "on_behalf_refused")
    with unit_of_work():
        agree(house.account, by=house.world.actor("officer_2_PTNMT"), now=build.NOON)
    accepted = house.act(row, "accept_assignment", by="officer_2_PTNMT")
    assert accepted.status_code == 200, "in their own right, having agreed themselves"
    with pytest.raises((BehalfRefused, NotAllowed)), unit_of_work():
        agree(house.account, by=house.world.actor("officer_HKL"), now=build.NOON)


def test_of_twenty_notes_on_one_mark_one_is_taken(house: House) -> None:
    case = build.case_at(house.world, "handling")
    row, officer = assignment_of(case), house.world.people["officer_PTNMT"].ref
    at(house.app, build.next_moment(case))
    path = f"/assignments/{row.ref}"
    before = house.get(path)
    mark = before.headers["ETag"]

    def client(number: int) -> tuple[int, Any]:
        headers = {"If-Match": mark, "Idempotency-Key": f"note-of-twenty-{number:03d}", "Langbiang-On-Behalf-Of": officer}
        with house.app.app_context():
            answer = house.ask("POST", f"{path}/progress_note", headers=headers, json={"words": f"Lời {number}."})
        return answer.status_code, answer.json

    db.session.rollback()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda number: Context().run(client, number), range(20)))
    assert sorted(status for status, _body in answers) == [200, *[412] * 19], answers
    assert {body["act"] for status, body in answers if status == 412} == {"progress_note"}
    assert db.session.query(Note).count() == 1
    after = house.get(path)
    assert (before.json["progress_notes"], after.json["progress_notes"]) == (0, 1)
    again = house.act(db.session.query(Assignment).one(), "progress_note", words="Lời sau, đã đọc lời trước.")
    assert (again.status_code, again.json["progress_notes"]) == (200, 2)
