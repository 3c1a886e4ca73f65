"""What is read by the API is what the same viewer sees on pages: by agency, centre and state of the case, and nothing beside it."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from casework.db import db, unit_of_work
from casework.doors.api import within
from casework.intake.file_report import Place
from casework.models import Case, VisibilityReason
from tests import build, service_accounts
from tests.many import copies
from tests.merged import merge
from tests.web.api.asked import OF_AGENCY, OF_CENTRE, House, assignment_of, opened
from tests.web.pages import at


@pytest.fixture
def house(app: Flask) -> House:
    return opened(app)


@contextmanager
def statements() -> Iterator[list[str]]:
    asked: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        yield asked
    finally:
        event.remove(db.engine, "before_cursor_execute", count)


def codes(house: House, path: str, **query: Any) -> list[str]:
    return [each["code"] for each in house.json(path, **query)["items"]]


def test_an_assignment_is_told_as_the_agency_sees_it(house: House) -> None:
    case = build.case_at(house.world, "at_agency")
    [told] = house.json("/assignments")["items"]
    row = assignment_of(case)
    assert (told["ref"], told["case"], told["code"], told["state"], told["slot"]) == (row.ref, case.ref, case.code, "asked", "lead")
    assert told["state_words"]["en"] == "Waiting to be accepted"
    assert told["title"] == case.title
    assert house.json(f"/assignments/{row.ref}") == told
    assert house.json("/assignments", state="handling")["items"] == []
    assert codes(house, "/assignments", case=case.ref, slot="lead", state="asked") == [case.code]


def test_a_list_tells_of_a_sensitive_matter_no_more_than_its_commune(house: House) -> None:
    place = Place(area=house.world.area, village="Thôn Păng Tiêng", words="Sau nhà văn hóa", latitude=12.0331, longitude=108.3672)
    case = build.case_at(house.world, "at_agency", place=place)
    where = ("village", "place", "latitude", "longitude")
    [told] = house.json("/cases")["items"]
    plain = {name: told[name] for name in where}
    assert plain["village"]
    assert plain["latitude"]
    with unit_of_work():
        reason = db.session.scalars(select(VisibilityReason).limit(1)).one()
        db.session.get_one(Case, case.id).visibility_reason_id = reason.id
    [told] = house.json("/cases")["items"]
    assert {name: told[name] for name in where} == dict.fromkeys(where)
    assert told["area"]["ref"] == house.world.area.ref
    one = house.json(f"/cases/{case.ref}")
    assert (one["village"], one["place"]) == (plain["village"], plain["place"]), "who works on it reads where it is"


def test_a_case_is_told_with_what_was_cleared_and_never_the_original(house: House) -> None:
    case = build.case_at(house.world, "at_agency", words="Có đống rác lớn ven suối, gọi 0912345678 cho ông Canary.")
    answer = house.get(f"/cases/{case.ref}")
    told, text = answer.json, answer.get_data(as_text=True)
    assert told["reports"][0]["words"] == "Có đống rác ven suối, mùi nặng."
    assert told["agencies"][0]["agency"]["name"]["en"] == "Natural Resources and Environment Office"
    assert "Canary" not in text
    assert "0912345678" not in text
    assert told["latitude"] is None or round(told["latitude"], 3) == told["latitude"]
    [listed] = house.json("/cases")["items"]
    assert "reports" not in listed
    assert {name: told[name] for name in listed} == listed


def test_another_agency_and_another_centre_find_nothing(house: House) -> None:
    case = build.case_at(house.world, "at_agency")
    _row, other = service_accounts.made(house.world, *OF_AGENCY, agency="UBND-LAT", name="Của xã")
    for path in ("/cases", "/assignments"):
        assert codes(house, path, key=other) == []
    for path in (f"/cases/{case.ref}", f"/cases/{case.ref}/history", f"/assignments/{assignment_of(case).ref}"):
        gone, never = house.get(path, key=other), house.get(path.replace(case.ref, "0" * 16), key=other)
        assert gone.status_code == 404
        assert {**gone.json, "instance": ""} == {**never.json, "instance": ""}


def test_the_centre_reads_its_cases_without_unapproved_answers(house: House) -> None:
    case = build.case_at(house.world, "approval")
    _row, centre = service_accounts.made(house.world, *OF_CENTRE, agency=None, name="Của Trung tâm")
    told = house.json(f"/cases/{case.ref}", key=centre)
    assert told["answers"] == []
    assert told["reports"][0]["words"]
    own = house.json(f"/cases/{case.ref}")["answers"]
    assert [each["version"] for each in own] == [1]
    build.advance(house.world, case, "to_publish")
    assert [each["verdict"] for each in house.json(f"/cases/{case.ref}", key=centre)["answers"]] == ["approve"]


def test_versions_of_an_answer_come_with_what_to_do_again(house: House) -> None:
    case = build.case_at(house.world, "approval")
    build.redo(house.world, case, house.world.agencies["PTNMT"])
    [version] = house.json(f"/assignments/{assignment_of(case).ref}/answers")["items"]
    assert version["verdict"] == "redo"
    assert version["instructions"]


def test_an_assignment_that_ended_without_an_answer_is_gone_at_once(house: House) -> None:
    case = build.case_at(house.world, "at_agency")
    row = assignment_of(case)
    build.do(house.world, case, "accept_assignment", "officer_PTNMT", act="hand_back", agency=house.world.agencies["PTNMT"],
             reason="Không phải")
    assert house.get(f"/assignments/{row.ref}").status_code == 200
    build.do(house.world, case, "decide_hand_back", "operator", upheld=True, words="Đúng")
    assert house.get(f"/assignments/{row.ref}").status_code == 404
    assert codes(house, "/assignments") == []
    assert codes(house, "/cases") == []


def test_a_case_set_apart_is_as_one_that_never_was(house: House) -> None:
    case = build.case_at(house.world, "at_agency")
    row = assignment_of(case)
    mark = house.get(f"/assignments/{row.ref}").headers["ETag"]
    build.act(house.world, case, "quarantine", "operator", reason="Tố cáo")
    at(house.app, build.next_moment(case))
    for path in (f"/cases/{case.ref}", f"/cases/{case.ref}/history", f"/assignments/{row.ref}"):
        assert house.get(path, headers={"If-None-Match": mark}).status_code == 404
    assert codes(house, "/cases") == codes(house, "/assignments") == []


def test_a_merged_code_leads_to_the_main_case(house: House) -> None:
    main, other = build.case_at(house.world, "at_agency"), build.case_at(house.world, "to_classify")
    merge(house.world, other, main)
    assert codes(house, "/cases", code=other.code) == [main.code]


@pytest.mark.exhaustive
def test_pages_of_a_list_hold_each_row_once_while_rows_are_added(house: House) -> None:
    cases = [build.case_at(house.world, "at_agency") for _ in range(5)]
    first = house.get("/cases", limit="2")
    build.case_at(house.world, "at_agency")
    assert 'rel="next"' in first.headers["Link"]
    found, cursor = [each["code"] for each in first.json["items"]], first.json["next"]
    while cursor:
        page = house.json("/cases", limit="2", cursor=cursor)
        found += [each["code"] for each in page["items"]]
        cursor = page["next"]
    assert found == [each.code for each in reversed(cases)]


def test_a_cursor_is_of_its_filters_its_account_and_its_day(house: House) -> None:
    for _ in range(3):
        build.case_at(house.world, "at_agency")
    cursor = house.json("/cases", limit="1")["next"]
    _row, other = service_accounts.made(house.world, *OF_AGENCY, name="Khác")
    wrong = (
        house.get("/cases", cursor=cursor, state="at_agency"), house.get("/cases", cursor=cursor, key=other),
        house.get("/assignments", cursor=cursor), house.get("/cases", cursor=f"A{cursor[1:]}"), house.get("/cases", cursor=f"{cursor}x"),
    )  # fmt: skip
    assert [(each.status_code, each.json["code"]) for each in wrong] == [(400, "cursor_invalid")] * 5


@pytest.mark.parametrize("typed", ["0001-01-01T00:00:00+07:00", "9999-12-31T23:59:59-07:00"])
def test_an_instant_no_database_holds_is_refused_like_any_other_wrong_value(house: House, typed: str) -> None:
    for path, name in (("/cases", "since"), ("/cases", "until"), ("/cases", "updated_since"), ("/assignments", "due_before")):
        answer = house.get(path, **{name: typed})
        assert (answer.status_code, answer.json["code"]) == (400, "parameter")


def test_who_asks_for_more_changes_than_are_looked_through_is_told_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [build.case_at(house.world, "at_agency") for _ in range(3)]
    since = f"{build.LONG_AGO:%Y-%m-%d}T00:00:00+07:00"
    monkeypatch.setattr(within, "MOST_CHANGED", 3)
    assert len(codes(house, "/cases", updated_since=since)) == 3
    monkeypatch.setattr(within, "MOST_CHANGED", 2)
    answer = house.get("/cases", updated_since=since)
    assert (answer.status_code, answer.json["code"]) == (400, "narrow"), "never a part without a word"
    assert len(cases) == 3


def test_what_has_not_changed_is_304(house: House) -> None:
    case = build.case_at(house.world, "at_agency")
    for path in (f"/cases/{case.ref}", f"/assignments/{assignment_of(case).ref}", "/cases", "/assignments"):
        mark = house.get(path).headers["ETag"]
        assert not mark.startswith("W/")
        assert house.get(path, headers={"If-None-Match": mark}).status_code == 304
    build.advance(house.world, case, "handling")
    assert house.get(f"/assignments/{assignment_of(case).ref}", headers={"If-None-Match": mark}).status_code == 200


@pytest.mark.exhaustive
def test_a_list_of_a_hundred_asks_ten_statements_at_most(house: House) -> None:
    for state in ("at_agency", "handling", "approval", "rating"):
        copies(build.case_at(house.world, state), 24)
    house.json("/cases")
    for path in ("/cases", "/assignments"):
        with statements() as asked:
            assert len(house.json(path, limit="100")["items"]) == 100
        assert len(asked) <= 10, asked


def test_the_history_is_told_without_contents(house: House) -> None:
    case = build.case_at(house.world, "approval")
    steps = house.json(f"/cases/{case.ref}/history")["items"]
    assert steps[0]["words"]["en"].endswith("submitted its answer, version 1")
    assert all(set(each) == {"at", "words", "by"} for each in steps)
