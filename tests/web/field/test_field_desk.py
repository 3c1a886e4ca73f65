"""What a telephone takes along and sends: of the officer's own agency alone, once, and never over what somebody else has done."""
from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from casework.db import db, unit_of_work
from casework.models import Account, Answer, Case, Deputy, Event, LoginSession
from casework.photos.records import photos_of_answer
from tests import build, reorganised
from tests import drawn_steps as drawn
from tests.conftest import client_of
from tests.second_centre import second_world
from tests.web.desk import Office, statements_of
from tests.web.pages import signed_in
from tests.with_photos import jpeg
from tests.workflows.moving import cases as moving

HEADERS = {"X-Langbiang-Field": "", "Sec-Fetch-Site": "same-origin"}
PARTS = dict(build.ANSWER)


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


def work(office: Office, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = office.get(name, "/field/work").json["cases"]           # type: ignore[index]
    return found


def send(office: Office, name: str, kind: str, assignment: str, *, key: str = "", **form: Any) -> TestResponse:
    form |= {"kind": kind, "assignment": assignment}
    return office.browser(name).post(f"/field/items/{key or uuid4()}", data=form, headers=HEADERS)


def answer(office: Office, name: str, kind: str, one: dict[str, Any], **form: Any) -> TestResponse:
    given = {"version": one["version"], "window": "abcdefghijkl", **PARTS, **form}
    return send(office, name, kind, one["assignment"], **given)


def happened(case: Case, event: str) -> int:
    return db.session.query(Event).filter(Event.case_id == case.id, Event.type == event).count()


def test_a_thing_sent_again_is_recorded_once(office: Office) -> None:
    case, key = build.case_at(office.world, "at_agency"), str(uuid4())
    [one] = work(office, "officer_PTNMT")
    for _ in range(2):
        assert send(office, "officer_PTNMT", "accept", one["assignment"], key=key).json["state"] == "done"      # type: ignore[index]
    [one], key = work(office, "officer_PTNMT"), str(uuid4())
    for _ in range(2):
        assert answer(office, "officer_PTNMT", "answer", one, key=key).json["state"] == "done"                  # type: ignore[index]
    assert (happened(case, "accept_assignment"), happened(case, "submit_answer")) == (1, 1)
    assert work(office, "officer_PTNMT") == []


def test_what_is_not_the_agencys_is_gone_for_them(office: Office) -> None:
    build.case_at(office.world, "at_agency")
    [one] = work(office, "officer_PTNMT")
    assert work(office, "officer_HKL") == []
    refused = send(office, "officer_HKL", "accept", one["assignment"])
    assert (refused.status_code, refused.json["conflict"]) == (409, "gone")                                     # type: ignore[index]
    assert send(office, "officer_PTNMT", "accept", "0" * 16).json["conflict"] == "gone"                         # type: ignore[index]


def test_a_quarantined_case_is_not_taken_along_and_nothing_is_told_of_it(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    [one] = work(office, "officer_PTNMT")
    build.act(office.world, case, "quarantine", "operator", reason="Tố cáo cán bộ.")
    assert work(office, "officer_PTNMT") == []
    told = answer(office, "officer_PTNMT", "answer", one)
    assert (told.status_code, set(told.json or {})) == (409, {"conflict", "words"})


def test_an_answer_written_before_a_colleagues_is_not_handed_in_over_it(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    [one] = work(office, "officer_PTNMT")
    build.do(office.world, case, "submit_answer", "officer_2_PTNMT", **{**build.ANSWER, "findings": "Bản của đồng nghiệp."})
    told = answer(office, "officer_PTNMT", "answer", one).json or {}
    assert (told["conflict"], told["theirs"]["parts"]["findings"]) == ("done", "Bản của đồng nghiệp.")
    build.redo(office.world, case, office.world.agencies["PTNMT"])
    assert (answer(office, "officer_PTNMT", "answer", one).json or {})["conflict"] == "done", "also in the next round"
    [again] = work(office, "officer_PTNMT")
    assert (again["is_redo"], again["again"], again["version"]) == (True, "Chụp lại ảnh sau khi dọn.", 1)
    assert (answer(office, "officer_PTNMT", "answer", again).json or {})["state"] == "done"


def test_an_answer_that_lacks_something_is_refused_and_kept_as_a_draft(office: Office) -> None:
    build.case_at(office.world, "handling")
    [one] = work(office, "officer_PTNMT")
    refused = answer(office, "officer_PTNMT", "answer", one, no_photo_reason="")
    assert refused.status_code == 422
    [again] = work(office, "officer_PTNMT")
    assert again["draft"]["parts"]["findings"] == build.ANSWER["findings"]


def test_another_sites_page_sends_nothing(office: Office) -> None:
    build.case_at(office.world, "at_agency")
    [one] = work(office, "officer_PTNMT")
    form = {"kind": "accept", "assignment": one["assignment"]}
    for headers in ({}, {**HEADERS, "Sec-Fetch-Site": "cross-site"}, {**HEADERS, "Origin": "https://elsewhere.example"}):
        assert office.browser("officer_PTNMT").post(f"/field/items/{uuid4()}", data=form, headers=headers).status_code == 404


def test_the_secret_tells_whether_its_session_is_on_and_nothing_else(office: Office) -> None:
    secret = (office.get("officer_PTNMT", "/field/work").json or {})["secret"]
    ask = lambda value: office.browser("guest").get("/field/contact", headers={"X-Langbiang-Field": value}).json  # noqa: E731
    office._browsers["guest"] = office.app.test_client()
    assert ask(secret) == {"is_on": True, "is_signed_in": False}
    assert ask(secret[:-1] + "x")["is_on"] is ask("")["is_on"] is False
    with unit_of_work():
        db.session.execute(update(LoginSession).values(revoked_at=build.NOON))
    assert ask(secret)["is_on"] is False


def test_the_secret_of_a_session_is_told_again_to_the_same_person_alone(office: Office) -> None:
    ref = (office.get("officer_PTNMT", "/field/work").json or {})["secret"].split(".")[0]
    told = [(office.browser(name).get("/field/work", headers={"X-Langbiang-Field": ref}).json or {})["known"]
            for name in ("officer_PTNMT", "officer_2_PTNMT")]
    assert (len(told[0]), told[1]) == (1, [])


def test_taking_work_along_costs_the_same_for_one_case_and_for_several(office: Office) -> None:
    build.case_at(office.world, "handling")
    office.get("officer_PTNMT", "/field/work")
    one = statements_of(lambda: office.get("officer_PTNMT", "/field/work"))
    for _ in range(3):
        build.case_at(office.world, "handling")
    assert statements_of(lambda: office.get("officer_PTNMT", "/field/work")) == one <= 16


# -- a cut line, a day that moved, bodies that end, and deputies ---------------------------------------------------------


def send_photo(office: Office, one: dict[str, Any], key: str, content: bytes, digest: str) -> TestResponse:
    form = {"kind": "answer", "assignment": one["assignment"], "window": "abcdefghijkl", "sha256": digest,
            "photo": (BytesIO(content), "anh.jpg")}  # fmt: skip
    return office.browser("officer_PTNMT").post(f"/field/items/{key}/photo", data=form, headers=HEADERS, content_type="multipart/form-data")


def test_a_photo_cut_off_on_the_way_is_sent_again_and_kept_once(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    [one], key, whole = work(office, "officer_PTNMT"), str(uuid4()), jpeg()
    digest = sha256(whole).hexdigest()
    given = {"key": key, "photo": digest, "no_photo_reason": ""}
    early = answer(office, "officer_PTNMT", "answer", one, **given)
    assert (early.status_code, early.json) == (409, {"missing": [digest]}), "never handed in without its photo"
    cut = send_photo(office, one, key, whole[: len(whole) // 2], digest)
    assert (cut.status_code, cut.json) == (400, {"damaged": True})
    assert (answer(office, "officer_PTNMT", "answer", one, **given).json or {})["missing"] == [digest]
    assert happened(case, "submit_answer") == 0
    for _ in range(2):
        assert send_photo(office, one, key, whole, digest).json == {"have": digest}
    for _ in range(2):
        assert (answer(office, "officer_PTNMT", "answer", one, **given).json or {})["state"] == "done"
    assert happened(case, "submit_answer") == 1
    [written] = db.session.query(Answer).all()
    assert [photo.sha256 for photo in photos_of_answer(written)] == [digest]


def test_a_day_that_moved_is_told_and_takes_nothing_from_what_was_written(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    [one] = work(office, "officer_PTNMT")
    [part] = case.open_assignments
    until = (part.due_at + timedelta(days=6)).date()                                                             # type: ignore[operator]
    build.act(office.world, case, "request_extension", "officer_PTNMT", assignment=part, until=until, reason="Chờ máy xúc.")
    build.do(office.world, case, "endorse_extension", "leader_PTNMT", agency=part.agency, endorsed=True)
    build.do(office.world, case, "decide_extension", "ops_lead", agency=part.agency, granted=True)
    [again] = work(office, "officer_PTNMT")
    assert again["answer_due_at"] > one["answer_due_at"]
    assert (answer(office, "officer_PTNMT", "answer", one).json or {})["state"] == "done", "what was written before is taken"
    assert happened(case, "submit_answer") == 1


def test_two_centres_take_nothing_of_each_other_along(office: Office) -> None:
    other = second_world(office.world)
    ours, theirs = build.case_at(office.world, "at_agency"), build.case_at(other, "at_agency")
    [one] = work(office, "officer_PTNMT")
    stranger = signed_in(office.app, client_of(office.app), other.people["officer_PTNMT"], now=office.moment)
    taken = stranger.get("/field/work")
    assert theirs.code in taken.text
    assert ours.code not in taken.text
    assert theirs.code not in office.get("officer_PTNMT", "/field/work").text
    refused = stranger.post(f"/field/items/{uuid4()}", data={"kind": "accept", "assignment": one["assignment"]}, headers=HEADERS)
    assert (refused.status_code, (refused.json or {})["conflict"]) == (409, "gone")
    assert ours.code not in refused.text
    assert happened(ours, "accept_assignment") == 0


def test_an_answer_written_before_a_merge_goes_to_the_case_the_work_went_to(office: Office) -> None:
    case, main = build.case_at(office.world, "handling"), build.case_at(office.world, "to_distribute")
    commune = office.world.agencies["UBND-LAT"]
    build.do(office.world, main, "distribute", "operator", lead=commune, cooperating=[])
    build.do(office.world, main, "accept_assignment", "officer_UBND-LAT", agency=commune)
    [one] = work(office, "officer_PTNMT")
    build.act(office.world, case, "merge", "operator", now=max(build.next_moment(case), build.next_moment(main)), into=main)
    office.clock(build.next_moment(main))
    assert [each["code"] for each in work(office, "officer_PTNMT")] == [main.code]
    assert (answer(office, "officer_PTNMT", "answer", one).json or {})["state"] == "done"
    assert (happened(case, "submit_answer"), happened(main, "submit_answer")) == (0, 1)


def test_an_answer_to_work_that_ended_with_a_merge_is_kept_and_told_so(office: Office) -> None:
    case, main = build.case_at(office.world, "handling"), build.case_at(office.world, "handling")
    taken = work(office, "officer_PTNMT")
    one = next(each for each in taken if each["code"] == case.code)
    build.act(office.world, case, "merge", "operator", now=max(build.next_moment(case), build.next_moment(main)), into=main)
    office.clock(build.next_moment(main))
    told = answer(office, "officer_PTNMT", "answer", one)
    assert (told.status_code, (told.json or {})["conflict"]) == (409, "gone")
    assert (happened(case, "submit_answer"), happened(main, "submit_answer")) == (0, 0)


@pytest.mark.exhaustive
def test_an_answer_written_before_a_move_to_another_version_is_handed_in_once(office: Office) -> None:
    source, case = moving.live(), build.case_at(office.world, "handling")
    [one], key = work(office, "officer_PTNMT"), str(uuid4())
    office.clock(build.next_moment(case))
    moving.carried_out(office.world, source, drawn.put_live(drawn.legal_model()), now=office.moment)
    for _ in range(2):
        assert (answer(office, "officer_PTNMT", "answer", one, key=key).json or {})["state"] == "done"
    assert happened(case, "submit_answer") == 1


def test_after_a_reorganisation_the_successor_hands_in_and_who_went_elsewhere_is_told_so(office: Office) -> None:
    world = office.world
    case = build.case_at(world, "handling")
    [one] = work(office, "officer_PTNMT")
    plan = reorganised.planned(world)
    reorganised.posts_filled(world, plan)
    office.clock(reorganised.MORNING)
    reorganised.carried_out(world, plan)
    office.clock(office.moment + timedelta(minutes=5))
    db.session.expire_all()
    [part] = db.session.get_one(Case, case.id).open_assignments
    has_it = {name: any(row.agency_id == part.agency_id for row in db.session.get_one(Account, world.people[name].id).memberships)
              for name in ("officer_PTNMT", "officer_2_PTNMT")}  # fmt: skip
    assert set(has_it.values()) == {True, False}, "one of them went along with the case, the other with the office"
    gone = answer(office, next(name for name, has in has_it.items() if not has), "answer", one)
    assert (gone.status_code, (gone.json or {})["conflict"]) == (409, "gone")
    assert happened(case, "submit_answer") == 0
    kept = answer(office, next(name for name, has in has_it.items() if has), "answer", one)
    assert (kept.json or {})["state"] == "done", "the telephone sends what it wrote for the office that was"
    assert happened(case, "submit_answer") == 1


def test_a_deputy_and_the_principal_do_not_answer_over_each_other(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    people, days = office.world.people, timedelta(days=2)
    with unit_of_work():
        db.session.add(Deputy(principal_id=people["officer_PTNMT"].id, deputy_id=people["officer_HKL"].id, starts_at=build.NOON - days,
                              ends_at=build.NOON + days, created_by_id=people["administrator"].id))  # fmt: skip
    [one] = work(office, "officer_HKL")
    assert work(office, "officer_PTNMT")[0]["assignment"] == one["assignment"]
    build.do(office.world, case, "submit_answer", "officer_PTNMT", **{**build.ANSWER, "findings": "Bản của người được thay."})
    told = answer(office, "officer_HKL", "answer", one, findings="Bản của người thay.").json or {}
    assert (told["conflict"], told["theirs"]["parts"]["findings"]) == ("done", "Bản của người được thay.")
    build.redo(office.world, case, office.world.agencies["PTNMT"])
    [again] = work(office, "officer_HKL")
    office.clock(build.NOON + days + timedelta(minutes=1))
    over = answer(office, "officer_HKL", "answer", again)
    assert (over.status_code, (over.json or {})["conflict"]) == (409, "gone"), "the deputyship is over"
    assert (answer(office, "officer_PTNMT", "answer", again).json or {})["state"] == "done"
    assert happened(case, "submit_answer") == 2
