"""Open311, and what befalls cases: passed on, withdrawn, their centre ended; and a marked sender whom no answer names."""
from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from casework.db import unit_of_work
from casework.erasure.erase import erase_originals
from casework.local_time import local_day
from casework.rights.erasing_people import erase_report
from casework.taking_back.held_acts import Hold, SentForm
from tests import build
from tests.merged import merge, split
from tests.second_centre import second_world
from tests.system import canary
from tests.system.marks import Mark, found_in
from tests.web.open311.asked import House, new_key, opened, put
from tests.web.open311.test_filing import code_of, sent
from tests.web.open311.test_requests import like_never
from tests.web.open311.test_updates import case_of, told
from tests.web.pages import at
from web.request_log import LOGGER
from workflows.running import acts
from workflows.running.carrying_out import carry_out_due
from workflows.running.steps import perform

NOT_FOR_OTHERS = (*canary.IDENTITY, *canary.IN_WORDS, *canary.IN_FILE)


@pytest.fixture
def house(app: Flask) -> House:
    return opened(app)


@pytest.fixture
def key(house: House) -> str:
    return new_key(house.world)


def test_a_case_that_is_passed_on_is_listed_by_its_new_centre_under_its_old_code(house: House, key: str) -> None:
    other = second_world(house.world)
    case = build.case_at(house.world, "to_verify")
    own = case_of(code_of(sent(house, key)))
    for each in (case, own):
        build.act(house.world, each, "pass_on", "operator", centre=other.centre, reason="Thuộc Ka Đô.")
    like_never(house, case.code)
    assert house.json(f"requests/{own.code}", key=key)[0]["service_request_id"] == own.code
    put(other, "door_open311", "open")
    listed = {name: {each["service_request_id"] for each in house.json("requests", jurisdiction_id=name)} for name in ("ld", "dn")}
    assert listed == {"ld": set(), "dn": {case.code, own.code}}
    assert house.json(f"requests/{case.code}", jurisdiction_id="ld")[0]["service_request_id"] == case.code


def test_a_withdrawn_report_is_gone_for_all_but_its_key(house: House, key: str) -> None:
    code = code_of(sent(house, key))
    case = case_of(code)
    report = case.main_report
    by = replace(house.world.actor("citizen"), tracked_report_ids=frozenset({report.id}))
    given = build.input_to_act("withdraw_report", {"report": report, "reason": ""})
    with unit_of_work():
        acts.act(case.ref, "withdraw_report", by=by, now=build.next_moment(case), assignment_ref=None, given=given)
    like_never(house, code)
    [own] = house.json(f"requests/{code}", key=key)
    assert (own["status"], own["status_notes"]) == ("closed", "Đã rút.")
    at(house.app, build.NOON.replace(hour=9))
    assert told(house) == []


def test_a_centre_that_has_ended_answers_what_is_read_and_takes_nothing(house: House) -> None:
    other = second_world(house.world)
    put(other, "door_open311", "open")
    key = new_key(other, name="Của trung tâm cũ")
    case = build.case_at(other, "to_verify")
    with unit_of_work():
        other.centre.valid_to = local_day(build.NOON)
    assert [each["service_request_id"] for each in house.json("requests", jurisdiction_id="dn")] == [case.code]
    assert house.get("services.json").status_code == 200, "one centre is at work: it need not be named"
    assert house.get("services.json", key=key).status_code == 403, "its keys end with it"
    filed = sent(house, new_key(house.world), jurisdiction_id="dn")
    assert (filed.status_code, filed.json[0]["code"]) == (404, "jurisdiction_unknown")


def words_of(house: House, code: str, key: str = "") -> list[str]:
    """What the updates say under a code."""
    return [each["description"] for each in told(house, key=key) if each["service_request_id"] == code]


@pytest.mark.exhaustive
def test_the_steps_of_a_merged_report_come_under_its_own_code_and_end_with_the_split(house: House, key: str) -> None:
    code = code_of(sent(house, key))
    main, own = build.case_at(house.world, "rating"), case_of(code)
    at(house.app, build.next_moment(main))
    public = words_of(house, main.code)
    assert public
    assert words_of(house, code, key) == words_of(house, code) == []
    report = own.main_report
    merge(house.world, own, main)
    at(house.app, build.next_moment(main) + timedelta(hours=1))
    assert words_of(house, code) == [], "to the public it is a part of the main case"
    merged = words_of(house, code, key)
    assert merged, "its sender is told of the merge"
    assert words_of(house, main.code, key) != [], "the public steps of the main case are the key's, too"
    split(house.world, main, report)
    at(house.app, build.next_moment(main) + timedelta(hours=2))
    assert len(words_of(house, code, key)) > len(merged), "and of the split"
    assert words_of(house, main.code)[: len(public)] == public


@pytest.mark.parametrize("state", ["to_verify", "rating"])
def test_what_is_set_apart_and_then_erased_leaves_no_update_and_no_request(house: House, key: str, state: str) -> None:
    code = code_of(sent(house, key))
    case = case_of(code)
    if state == "rating":
        case = build.advance(house.world, case, "rating")
    build.act(house.world, case, "quarantine", "operator", reason="Tố cáo cán bộ.")
    at(house.app, build.NOON + timedelta(hours=20))
    assert told(house) == told(house, key=key) == []
    like_never(house, code)
    [receipt] = house.json(f"requests/{code}", key=key)
    assert (receipt["status"], receipt["description"], receipt["media_url"]) == ("open", None, None)
    with unit_of_work():
        erase_originals([case_of(code)], at=build.NOON + timedelta(hours=20))
    assert told(house) == told(house, key=key) == []
    like_never(house, code)
    assert house.json(f"requests/{code}", key=key) == [receipt], "the erasure is told to nobody"


def test_a_report_erased_for_its_sender_keeps_what_was_published(house: House, key: str) -> None:
    code = code_of(sent(house, key, description="Bí mật bịmậtbom."))
    case = build.advance(house.world, case_of(code), "rating")
    at(house.app, build.next_moment(case))
    before, steps = house.json(f"requests/{code}"), told(house)
    row = case_of(code)
    with unit_of_work():
        erase_report(row.main_report, row.reports[0], at=build.next_moment(case))
    assert house.json(f"requests/{code}")[0]["status_notes"] == before[0]["status_notes"]
    assert [each["update_id"] for each in told(house)] == [each["update_id"] for each in steps]
    for form in ("json", "xml"):
        for asks in ("", key):
            for path in ("requests", f"requests/{code}", "servicerequestupdates"):
                assert "bịmậtbom" not in house.get(f"{path}.{form}", key=asks, extensions="true").get_data(as_text=True)


def test_a_publication_that_can_still_be_taken_back_is_told_to_nobody(house: House, key: str) -> None:
    code = code_of(sent(house, key))
    case = build.advance(house.world, case_of(code), "to_publish")
    moment = build.next_moment(case)
    at(house.app, moment)
    before = [house.json(f"requests/{code}", key=asks, extensions="true") for asks in ("", key)]
    steps = [told(house, key=asks) for asks in ("", key)]
    task = build.waiting(case, "publish")
    given = {"title": "Ổ gà", "question": "Người dân phản ánh ổ gà.", "checked": True}
    with unit_of_work():
        perform(task.ref, by=house.world.actor("operator", moment), now=moment, act="publish",
                given=build.input_at(task, "publish", {**given}), hold=Hold(timedelta(minutes=2), SentForm()))  # fmt: skip
    assert [house.json(f"requests/{code}", key=asks, extensions="true") for asks in ("", key)] == before
    assert [told(house, key=asks) for asks in ("", key)] == steps
    assert carry_out_due(moment + timedelta(minutes=3)) == 1
    at(house.app, moment + timedelta(minutes=5))
    assert house.json(f"requests/{code}")[0]["status"] == "closed"


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What is written into the log."""
    held: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            held.append(record.getMessage())

    handler = Keep()
    LOGGER.addHandler(handler)
    yield held
    LOGGER.removeHandler(handler)


def test_a_marked_sender_is_named_by_no_answer_and_no_key_stands_in_a_log(house: House, key: str, lines: list[str]) -> None:
    photo = (io.BytesIO(canary.marked_photo()), canary.FILE_NAME)
    answer = sent(house, key, description=canary.WORDS, phone=canary.PHONE, email=canary.EMAIL, last_name=canary.FULL_NAME,
                  address_string=canary.HOUSE, photo1=photo, **{"attribute[village]": canary.VILLAGE})  # fmt: skip
    code = code_of(answer)
    done = build.case_at(house.world, "rating")
    other = new_key(house.world, name="Ứng dụng khác")
    paths = ("requests", f"requests/{code}", f"requests/{done.code}", "servicerequestupdates", f"tokens/{canary.PHONE}")
    for form in ("json", "xml"):
        for asks in ("", other, key):
            for path in paths:
                told_it = house.get(f"{path}.{form}", key=asks, extensions="true")
                assert found_in(told_it.data + str(told_it.headers).encode(), NOT_FOR_OTHERS) == set(), (path, asks == key)
    house.get("services.json", api_key=key)
    house.get("services.json", api_key=key[:-1])
    secret = Mark("key", key.split("_")[2][:40])
    assert lines
    assert found_in("\n".join(lines), [secret, *NOT_FOR_OTHERS]) == set()


