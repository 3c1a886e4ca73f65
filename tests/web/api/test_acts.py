"""The acts of agencies by the API: the use cases of the pages, for an officer who agreed, on what was read last, and each once."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from casework.db import db, unit_of_work
from casework.doors.behalf import end_agreement
from casework.doors.repeats import drop_old_repeats
from casework.models import Answer, Case, DoorRepeat, Event, HandBack, Note
from tests import build, service_accounts
from tests.merged import merge
from tests.web.api.asked import OF_AGENCY, House, assignment_of, opened
from tests.web.pages import at

ANSWER = {
    "findings": "Đã kiểm tra, có khoảng hai mét khối rác.", "actions": "Đã thu gom và đặt biển cấm.", "remaining": "Không còn.",
    "contact": "Phòng TNMT", "no_photo_reason": "Trời tối.",
}  # fmt: skip


@pytest.fixture
def house(app: Flask) -> House:
    return opened(app)


def later(house: House, case: Any) -> None:
    at(house.app, build.next_moment(case))


def newest(type_: str) -> Event:
    found = db.session.query(Event).filter_by(type=type_).order_by(Event.id.desc()).first()
    assert found is not None
    return found


@pytest.mark.exhaustive
def test_an_agency_works_a_case_from_acceptance_to_its_answer(house: House) -> None:
    case = build.case_at(house.world, "at_agency")
    row = assignment_of(case)
    later(house, case)
    accepted = house.act(row, "accept_assignment")
    assert (accepted.status_code, accepted.json["state"]) == (200, "handling")
    assert accepted.headers["ETag"] == house.get(f"/assignments/{row.ref}").headers["ETag"]
    event = newest("accept_assignment")
    officer = house.world.people["officer_PTNMT"]
    assert (event.actor_id, event.on_behalf_of_id) == (house.account.account_id, officer.id)
    assert house.act(row, "progress_note", words="Đã cử hai người đi.").status_code == 200
    assert db.session.query(Note).one().body == "Đã cử hai người đi."
    answered = house.act(row, "submit_answer", **ANSWER)
    assert (answered.status_code, answered.json["state"]) == (200, "submitted"), answered.json
    answer = db.session.query(Answer).one()
    assert (answer.findings, answer.author_id, answer.author_for_id) == (ANSWER["findings"], house.account.account_id, officer.id)
    db.session.rollback()
    build.do(house.world, case, "approve_answer", "leader_PTNMT", act="approve_answer", agency=house.world.agencies["PTNMT"])
    assert house.json(f"/assignments/{row.ref}")["state"] == "approved"


def test_more_time_is_asked_for_and_work_is_handed_back(house: House) -> None:
    case = build.case_at(house.world, "handling")
    row = assignment_of(case)
    later(house, case)
    due = house.json(f"/assignments/{row.ref}")["due_at"]
    asked = house.act(row, "request_extension", until_on="2020-01-01", reason="Mưa lũ.")
    assert (asked.status_code, asked.json["errors"][0]["pointer"]) == (422, "#/until_on")
    until = (assignment_of(case).due_at + timedelta(days=3)).date() if assignment_of(case).due_at else None
    assert until is not None
    asked = house.act(row, "request_extension", until_on=until.isoformat(), reason="Mưa lũ.")
    assert (asked.status_code, asked.json.get("extension_asked"), asked.json.get("due_at")) == (200, True, due), asked.json
    other = build.case_at(house.world, "at_agency")
    handed = house.act(assignment_of(other), "hand_back", reason="Không thuộc thẩm quyền.")
    assert (handed.status_code, handed.json["state"]) == (200, "handed_back")
    assert db.session.query(HandBack).one().handed_back_by_id == house.world.people["officer_PTNMT"].id


def test_an_act_names_an_officer_who_agreed_and_still_does(house: House) -> None:
    row = assignment_of(build.case_at(house.world, "at_agency"))
    assert house.act(row, "accept_assignment", by=None).json["code"] == "on_behalf_missing"
    for other in ("officer_2_PTNMT", "officer_HKL", "operator"):
        refused = house.act(row, "accept_assignment", by=other)
        assert (refused.status_code, refused.json["code"]) == (403, "on_behalf_refused")
    with unit_of_work():
        end_agreement(house.account, by=house.world.actor("officer_PTNMT"), now=build.NOON)
    assert house.act(row, "accept_assignment").status_code == 403
    assert house.json(f"/assignments/{row.ref}")["state"] == "asked"


def test_an_act_needs_the_mark_of_what_was_read_last(house: House) -> None:
    case = build.case_at(house.world, "at_agency")
    row = assignment_of(case)
    later(house, case)
    for missing in ("*",):
        refused = house.act(row, "accept_assignment", etag=missing)
        assert (refused.status_code, refused.json["code"]) == (428, "precondition")
    mark = house.get(f"/assignments/{row.ref}").headers["ETag"]
    build.advance(house.world, case, "handling")
    later(house, case)
    stale = house.act(row, "accept_assignment", etag=mark)
    assert (stale.status_code, stale.json["code"], stale.json["act"]) == (412, "stale", "accept_assignment")
    assert stale.json["by"]["vi"] == house.world.people["officer_PTNMT"].full_name
    assert stale.json["at"].endswith("Z")
    assert stale.headers["ETag"] == stale.json["etag"] == house.get(f"/assignments/{row.ref}").headers["ETag"]
    late = house.act(row, "accept_assignment")
    assert (late.status_code, late.json["code"], late.json["act"]) == (409, "not_now", "accept_assignment")


@pytest.mark.exhaustive
def test_an_act_sent_again_is_done_once_and_answered_alike(house: House) -> None:
    case = build.case_at(house.world, "handling")
    row = assignment_of(case)
    later(house, case)
    mark = house.get(f"/assignments/{row.ref}").headers["ETag"]
    first, again = (house.act(row, "progress_note", etag=mark, repeat="the-same-key-0000001", words="Đang làm.") for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert (first.data, first.headers["ETag"]) == (again.data, again.headers["ETag"])
    assert (first.headers.get("Idempotent-Replayed"), again.headers.get("Idempotent-Replayed")) == (None, "true")
    assert db.session.query(Note).count() == 1
    other = house.act(row, "progress_note", etag=mark, repeat="the-same-key-0000001", words="Khác.")
    assert (other.status_code, other.json["code"]) == (422, "idempotency_reused")
    for wrong in ("short", "x" * 65, "with space in the key"):
        assert house.act(row, "progress_note", repeat=wrong, words="A").json["code"] == "idempotency_key"
    with unit_of_work():
        drop_old_repeats(build.next_moment(case) + timedelta(days=3))
    assert db.session.query(DoorRepeat).count() == 0


def test_a_refused_act_may_be_sent_again_with_the_same_key(house: House) -> None:
    row = assignment_of(build.case_at(house.world, "handling"))
    refused = house.act(row, "progress_note", repeat="one-key-for-both-00001", words="")
    assert refused.status_code == 422
    assert house.act(row, "progress_note", repeat="one-key-for-both-00001", words="Đang làm.").status_code == 200


def test_a_key_of_another_account_opens_nothing(house: House) -> None:
    row = assignment_of(build.case_at(house.world, "handling"))
    house.act(row, "progress_note", repeat="shared-key-of-two-0001", words="Đang làm.")
    _row, other = service_accounts.made(house.world, *OF_AGENCY, agency="HKL", name="Khác")
    refused = house.act(row, "progress_note", key=other, etag='"x"', repeat="shared-key-of-two-0001", words="Đang làm.")
    assert refused.status_code in (403, 404)
    assert "Đang làm" not in refused.get_data(as_text=True)


def test_all_that_is_wrong_is_told_at_once_with_where_it_stands(house: House) -> None:
    row = assignment_of(build.case_at(house.world, "handling"))
    refused = house.act(row, "submit_answer", findings="", remaining=7, photos=["no"], contact="x" * 300)
    assert (refused.status_code, refused.json["code"]) == (422, "invalid")
    assert {each["pointer"]: each["code"] for each in refused.json["errors"]} == {
        "#/findings": "wrong", "#/actions": "missing", "#/remaining": "wrong", "#/photos": "wrong", "#/contact": "wrong",
    }  # fmt: skip
    assert all(set(each["in"]) == {"vi", "en"} for each in refused.json["errors"])
    unknown = house.act(row, "submit_answer", **ANSWER, author_id=1, state="approved")
    assert (unknown.status_code, unknown.json["code"]) == (400, "member_unknown")
    assert [each["pointer"] for each in unknown.json["errors"]] == ["#/author_id", "#/state"]
    unfilled = house.act(row, "submit_answer", **{**ANSWER, "actions": "Đã làm … ở {nơi}"})
    assert [each["pointer"] for each in unfilled.json["errors"]] == ["#/actions"]
    missing = house.act(row, "submit_answer", **{**ANSWER, "photos": ["0" * 16]})
    assert [each["pointer"] for each in missing.json["errors"]] == ["#/photos/0"]
    without = house.act(row, "submit_answer", **{**ANSWER, "no_photo_reason": ""})
    assert (without.status_code, without.json["code"]) == (422, "refused")
    assert without.json["in"]["en"]["detail"].startswith("At least one photo")
    assert db.session.query(Answer).count() == 0


@pytest.mark.exhaustive(but=5)
@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b'{"words": "a', 400), (b"[1]", 400), (b"\xff", 400), (b'{"words": NaN}', 400), (b'{"words": 1e400}', 400),
     (b'{"words": "a\\u0000b"}', 422), (b'{"words": "\\ud800"}', 400), (b'{"words": ' + b"[" * 500 + b"]" * 500 + b"}", 400),
     (b'{"words": "a", "words": "b"}', 200), (b'{"words": ' + b"9" * 4000 + b"}", 422)],
)  # fmt: skip
def test_bodies_that_cannot_be_read_are_told_apart(house: House, body: bytes, status: int) -> None:
    row = assignment_of(build.case_at(house.world, "handling"))
    path = f"/assignments/{row.ref}"
    headers = {
        "If-Match": house.get(path).headers["ETag"], "Idempotency-Key": "bodies-of-all-kinds-01", "Content-Type": "application/json",
        "Langbiang-On-Behalf-Of": house.world.people["officer_PTNMT"].ref,
    }  # fmt: skip
    answer = house.ask("POST", f"{path}/progress_note", headers=headers, data=body)
    assert answer.status_code in ({status, 400, 422} if status != 200 else {200}), answer.get_data(as_text=True)
    typed = house.ask("POST", f"{path}/progress_note", headers={**headers, "Content-Type": "text/plain"}, data=b"{}")
    assert typed.status_code in (415, 422)


def test_a_case_that_rests_or_moved_or_was_set_apart_takes_no_act(house: House) -> None:
    held = build.case_at(house.world, "at_agency")
    build.act(house.world, held, "hold", "ops_lead", reason="Chờ", until=build.next_moment(held).date() + timedelta(days=9))
    later(house, held)
    refused = house.act(assignment_of(held), "accept_assignment")
    assert (refused.status_code, refused.json["code"], refused.json["act"]) == (409, "not_now", "hold")
    apart = build.case_at(house.world, "at_agency")
    row = assignment_of(apart)
    mark = house.get(f"/assignments/{row.ref}").headers["ETag"]
    kept = house.act(row, "accept_assignment", repeat="kept-until-set-apart-1")
    assert kept.status_code == 200
    build.act(house.world, apart, "quarantine", "operator", reason="Tố cáo")
    gone = house.act(row, "accept_assignment", etag=mark, repeat="kept-until-set-apart-1")
    assert gone.status_code == 404
    assert db.session.query(DoorRepeat).filter_by(case_id=apart.id).count() == 0


def test_what_a_former_program_kept_of_a_case_it_set_apart_is_not_repeated(house: House) -> None:
    case = build.case_at(house.world, "at_agency")
    row = assignment_of(case)
    mark = house.get(f"/assignments/{row.ref}").headers["ETag"]
    assert house.act(row, "accept_assignment", repeat="kept-until-set-apart-2").status_code == 200
    with unit_of_work():
        db.session.get_one(Case, case.id).quarantined_at = build.next_moment(case)
    again = house.act(row, "accept_assignment", etag=mark, repeat="kept-until-set-apart-2")
    assert (again.status_code, case.code in again.get_data(as_text=True)) == (404, False)


@pytest.mark.exhaustive
def test_work_of_a_merged_case_goes_on_in_the_main_one(house: House) -> None:
    main, other = build.case_at(house.world, "handling"), build.case_at(house.world, "at_agency")
    row, gone = assignment_of(main), assignment_of(other)
    merge(house.world, other, main)
    later(house, main)
    assert house.get(f"/assignments/{gone.ref}").status_code == 404, "the agency has one assignment in the main case"
    assert house.act(row, "progress_note", words="Một việc cho cả hai.").status_code == 200


@pytest.mark.exhaustive
def test_of_twenty_clients_with_one_mark_one_acts_and_the_others_read_who_did(house: House) -> None:
    case = build.case_at(house.world, "at_agency")
    row = assignment_of(case)
    later(house, case)
    mark, name = house.get(f"/assignments/{row.ref}").headers["ETag"], house.world.people["officer_PTNMT"].full_name
    refs = row.ref, house.world.people["officer_PTNMT"].ref

    def client(number: int) -> tuple[int, Any]:
        headers = {"If-Match": mark, "Idempotency-Key": f"client-of-twenty-{number:03d}", "Langbiang-On-Behalf-Of": refs[1]}
        with house.app.app_context():
            answer = house.ask("POST", f"/assignments/{refs[0]}/accept_assignment", headers=headers, json={})
        return answer.status_code, answer.json

    db.session.rollback()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda number: Context().run(client, number), range(20)))
    assert sorted(status for status, _body in answers) == [200, *[412] * 19], answers
    for status, body in answers:
        if status != 200:
            assert body["act"] == "accept_assignment"
            assert name in body["by"]["vi"]
    assert db.session.query(Event).filter_by(type="accept_assignment", case_id=case.id).count() == 1
