"""Single values, the centre itself, the list of changes; and that a change made in one process is what all others go by."""
from __future__ import annotations

import multiprocessing
import re
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from casework.clocks.acts import ClockKind, rule_for
from casework.clocks.complexities import complexities_of
from casework.clocks.reminder_ladder import ladder_of
from casework.db import db, unit_of_work
from casework.local_time import LOCAL_ZONE
from casework.models import Centre, ClockRule, Field, HouseSetting, ReminderRule
from casework.permissions import Action, Role
from casework.rate_limits import Limit
from casework.search.staff_choices import fields_of
from casework.setting_values import GROUPS, VALUES, value_of
from casework.settings.event_lists import PAGE
from casework.settings.importing.rows import add_row, change_row
from casework.settings.kinds.table import KINDS
from casework.settings.value_changes import set_value
from tests import build
from tests.second_centre import of_the_installation, second_world
from tests.web.desk import Office
from tests.web.pages import words_of
from web.accounts import sign_in as auth
from web.filing import pages as filing
from web.reporters import acts as own_acts
from web.reporters import pages as tracking
from web.settings.index import SECTIONS

TODAY = build.NOON.astimezone(LOCAL_ZONE).date()
WHY = "Theo đề nghị của tổ trưởng"


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    there = Office(sqlite_app)
    there.world.people["overseer"] = of_the_installation(there.world, "overseer", Role.ADMINISTRATOR)
    return there


def test_a_value_is_set_for_all_or_for_a_centre_and_taken_back(office: Office) -> None:
    second = second_world(office.world)
    own, other = office.world.centre, second.centre
    office.world.people["administrator_dn"] = second.people["administrator"]

    def send(by: str, key: str, **form: str) -> int:
        answer = office.post(by, f"/settings/values/{key}", **{"reason": WHY, **form})
        db.session.rollback()
        return answer.status_code

    def held() -> list[Any]:
        return [value_of("quiet_from", scope) for scope in (None, own.id, other.id)]

    assert held() == ["21:00"] * 3
    assert "mặc định" in office.words("administrator", "/settings/values")
    assert send("overseer", "quiet_from", scope="all", value="22:00") == 302
    assert send("administrator", "quiet_from", scope=own.ref, value="20:30") == 302
    assert held() == ["22:00", "20:30", "22:00"]
    assert "20:30" in office.words("administrator", "/settings/values/quiet_from")
    assert "20:30" not in office.words("administrator_dn", "/settings/values/quiet_from")
    for by, form, status in (
        ("administrator", {"scope": "all", "value": "23:00"}, 403),
        ("administrator_dn", {"scope": own.ref, "value": "23:00"}, 404),
        ("inspector", {"scope": own.ref, "value": "23:00"}, 403),
        ("overseer", {"scope": "all", "value": "25:00"}, 422),
        ("overseer", {"scope": "all", "value": "22:00"}, 422),
        ("overseer", {"scope": "all", "value": "23:00", "reason": ""}, 422),
    ):
        assert send(by, "quiet_from", **form) == status, (by, form)
    refused = office.post("overseer", "/settings/values/sign_in_attempts", scope="all", value="1000", reason=WHY)
    assert "từ 3 đến 50" in words_of(refused)
    assert 'value="1000"' in refused.get_data(as_text=True)
    assert send("overseer", "draft_days", scope=own.ref, value="30") == 422, "retention is the same for all"
    assert send("administrator", "quiet_from", scope=own.ref, act="clear") == 302
    assert send("administrator", "quiet_from", scope=own.ref, act="clear") == 422
    assert send("overseer", "quiet_from", scope="all", act="clear") == 302
    assert held() == ["21:00"] * 3
    assert not db.session.scalar(select(func.count(HouseSetting.id)))
    words = office.words("overseer", "/settings/events?kind=value")
    assert words.count(WHY) == 4
    assert "Giờ yên lặng từ" in words


def test_a_value_that_is_nought_is_said_and_not_taken_for_none(office: Office) -> None:
    assert "Đang áp dụng: 0 (mặc định)" in office.words("overseer", "/settings/values/fresh_minutes")


def test_limits_and_retention_are_what_was_set(office: Office) -> None:
    def use(key: str, value: str) -> None:
        with unit_of_work():
            set_value(key, value, by=office.world.actor("overseer"), now=build.NOON, reason=WHY)

    limits: dict[str, Limit] = {"sign_in_attempts": auth.HERE, "registrations_an_hour": auth.REGISTRATIONS,
                                "reports_an_hour": filing.NETWORK, "track_attempts": tracking.HERE, "own_acts_an_hour": own_acts.ACTS}
    for key, limit in limits.items():
        assert limit.allowed == limit.most == VALUES[key].default
        use(key, "17")
        assert limit.allowed == 17, key
    use("report_photos", "3")
    guest = office.app.test_client()
    assert "tối đa 3" in words_of(guest.get("/reports/new")).lower()
    office.get("operator", "/inbox")
    use("staff_session_hours", "1")
    office.moment += timedelta(minutes=20)
    office.app.config["CLOCK"] = lambda: office.moment
    assert office.get("operator", "/inbox").status_code == 200
    office.app.config["CLOCK"] = lambda: office.moment + timedelta(minutes=61)
    assert office.get("operator", "/inbox").status_code == 302, "an hour unused is over"


def test_the_notice_on_personal_data_names_where_the_centre_is_found_once_that_is_set(office: Office) -> None:
    guest = office.app.test_client()
    before = words_of(guest.get("/privacy"))
    assert "Địa chỉ" not in before, "nothing false, and no empty line"
    assert "theo quy định của Trung tâm" not in before, "how long it is kept is said as it is"
    assert "đến khi Ông/Bà yêu cầu xóa" in before
    for key, value in (("controller_address", "1 đường Lang Biang, xã Lạc Dương"), ("controller_contact", "dulieu@ioc.example")):
        with unit_of_work():
            set_value(key, value, centre_id=office.world.centre.id, by=office.world.actor("administrator"), now=build.NOON, reason=WHY)
    after = words_of(guest.get("/privacy"))
    assert "Địa chỉ: 1 đường Lang Biang, xã Lạc Dương" in after
    assert "Về dữ liệu cá nhân: dulieu@ioc.example" in after


def test_every_value_has_words_bounds_and_a_group() -> None:
    for value in VALUES.values():
        assert value.group in GROUPS, value.key
        assert all((*value.name, *value.hint)), value.key
        assert value.read(str(value.default)) == value.default, value.key


def test_a_centre_says_who_it_is_at_once_and_open_cases_keep_how_they_are_counted(office: Office) -> None:
    case, centre = build.case_at(office.world, "to_verify"), office.world.centre
    address = f"/settings/centres/{centre.ref}"
    assert address in office.get("administrator", "/settings/centres").get_data(as_text=True)
    form = {"name_vi": "Trung tâm mới", "name_en": "New centre", "phone": "1022", "case_clock_starts": "acceptance", "reason": WHY}
    assert office.post("administrator", address, **form).status_code == 302
    assert "Trung tâm mới" in office.words("operator", "/inbox")
    later = build.case_at(office.world, "to_verify")
    db.session.rollback()
    assert (case.clock_starts, later.clock_starts) == ("filing", "acceptance")
    for wrong, words in (
        ({"phone": "không có"}, "Số điện thoại không hợp lệ"), ({"name_vi": ""}, "Cần tên"),
        ({"case_clock_starts": "never"}, "Vui lòng chọn"),
        ({"reason": "", "phone": ""}, "ghi lý do"), ({}, "Chưa có gì thay đổi"),
    ):
        refused = office.post("administrator", address, **{**form, **wrong})
        assert (refused.status_code, words in words_of(refused)) == (422, True), wrong
    other = second_world(office.world).centre
    assert office.post("administrator", f"/settings/centres/{other.ref}", **form).status_code == 404
    assert "lúc người dân gửi" in office.words("inspector", "/settings/events?kind=centre")


def test_a_second_centre_is_made_beside_the_first_by_who_administers_the_installation(office: Office) -> None:
    form = {"code_prefix": "dd", "name_vi": "Trung tâm Đơn Dương", "name_en": "", "phone": "1022", "reason": WHY,
            "case_clock_starts": "filing"}
    assert "/settings/centres/new" not in office.get("administrator", "/settings/centres").text
    assert office.post("administrator", "/settings/centres/new", **form).status_code == 404
    assert "/settings/centres/new" in office.get("overseer", "/settings/centres").text
    for wrong, words in (
        ({"code_prefix": office.world.centre.code_prefix}, "đã được dùng"), ({"code_prefix": "Đ1"}, "Tiền tố mã gồm"),
        ({"name_vi": " "}, "Cần tên"), ({"phone": "không"}, "Số điện thoại không hợp lệ"), ({"reason": ""}, "ghi lý do"),
        ({"case_clock_starts": "never"}, "Vui lòng chọn"),
    ):
        refused = office.post("overseer", "/settings/centres/new", **{**form, **wrong})
        assert (refused.status_code, words in words_of(refused)) == (422, True), wrong
        assert 'value="Trung tâm Đơn Dương"' in refused.text or "name_vi" in wrong, "what was typed is still there"
        assert 'href="#name_en"' not in refused.text, "the English name may stay empty, so it is never what is wrong"
    answer = office.post("overseer", "/settings/centres/new", **form)
    db.session.rollback()
    made = db.session.scalars(select(Centre).where(Centre.code_prefix == "DD")).one()
    assert (answer.location, made.is_default, made.phone) == (f"/settings/centres/{made.ref}", False, "1022")
    assert "Trung tâm Đơn Dương" in office.words("overseer", "/settings/events?kind=centre")
    assert office.post("overseer", "/settings/centres/new", **form).status_code == 422, "pressed twice, it is one centre"
    assert office.get("administrator", f"/settings/centres/{made.ref}").status_code == 404


def test_the_settings_show_to_each_person_the_sections_they_may(office: Office) -> None:
    def sections(name: str) -> tuple[bool, list[str]]:
        page = office.get(name, "/settings").get_data(as_text=True)
        return 'href="/settings"' in office.get(name, "/sessions").get_data(as_text=True), re.findall(r'settingcard" href="([^"]+)"', page)

    assert Action.OPEN_SETTINGS.roles == {role for each in SECTIONS for role in each.action.roles}
    assert sections("ops_lead") == (True, ["/settings/deputies", "/settings/wallboards"])
    assert sections("leader_PTNMT") == sections("committee_leader") == (True, ["/settings/deputies"])
    of_data = ["/personal-data/processing", "/personal-data/looks", "/personal-data/breaches"]
    assert sections("inspector") == (True, [*of_data, "/settings/events"])
    assert (sections("administrator")[0], len(sections("administrator")[1])) == (True, sum(not each.of_installation for each in SECTIONS))
    for name in ("operator", "officer_PTNMT", "records_clerk"):
        assert sections(name) == (False, []), name


def test_the_list_of_changes_goes_back_page_by_page(office: Office) -> None:
    for number in range(PAGE + 2):
        with unit_of_work():
            set_value("draft_days", str(100 + number), by=office.world.actor("overseer"), now=build.NOON, reason=f"Lần {number};")
    first = office.get("inspector", "/settings/events?kind=value")
    words = words_of(first)
    assert ("Lần 51;" in words, "Lần 2;" in words, "Lần 1;" in words) == (True, True, False)
    after = first.get_data(as_text=True).split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    words = office.words("inspector", after)
    assert ("Lần 2;" in words, "Lần 1;" in words, "Lần 0;" in words) == (False, True, True)
    assert "Lần" not in office.words("inspector", "/settings/events?kind=field")
    for name, seen in (("overseer", True), ("inspector", False)):
        beginning = office.words(name, "/settings/events?before=3")
        assert ("Cài quy định ban đầu" in beginning) == seen, "what came in other ways is for whoever reads all centres"


# -- one change, all processes -----------------------------------------------------------------------------------------


def read_rules(centre_id: int) -> dict[str, Any]:
    """What a process goes by, of each kind of rule that is kept in memory, and of those that are not."""
    db.session.rollback()
    on = TODAY
    return {
        "clock": rule_for(ClockKind.RATING, centre_id=centre_id, on=on, urgency="normal").amount,
        "ladder": sorted(rung.share or 0 for rung in ladder_of("rating", centre_id=centre_id, on=on, urgency="normal")),
        "value": value_of("quiet_from", centre_id),
        "field": next(row.name_vi for row in fields_of(centre_id, now=build.NOON)),
        "complexity": [row.name_vi for row in complexities_of(centre_id, on)],
    }


def other_process(app: Flask, centre_id: int, line: Connection) -> None:
    """Another worker: it has read the rules before, and reads them again whenever it is asked to."""
    with app.app_context():
        db.engine.dispose(close=False)
        while line.recv() == "read":
            line.send(read_rules(centre_id))
        db.session.remove()


def test_what_one_process_changes_is_what_the_next_request_of_every_other_goes_by(office: Office) -> None:
    centre_id = office.world.centre.id
    by = office.world.actor("overseer")
    db.session.rollback()
    db.session.remove()
    db.engine.dispose()
    ours, theirs = multiprocessing.Pipe()
    worker = multiprocessing.get_context("fork").Process(target=other_process, args=(office.app, centre_id, theirs), daemon=True)
    worker.start()

    def there() -> dict[str, Any]:
        ours.send("read")
        assert ours.poll(20)
        found: dict[str, Any] = ours.recv()
        return found

    def use(act: Callable[..., Any], *given: Any, **named: Any) -> None:
        with unit_of_work():
            act(*given, by=by, now=build.NOON, reason=WHY, **named)

    def typed(kind: str, row: Any, **changed: str) -> dict[str, str]:
        columns = (column for column in KINDS[kind].columns if not column.is_fixed)
        kept = {column.name: getattr(row, column.name) for column in columns}
        return {**{name: "" if value is None else str(value) for name, value in kept.items()}, **changed}

    try:
        before = there()
        assert before == read_rules(centre_id)
        rating = db.session.scalars(select(ClockRule).where(ClockRule.kind == "rating")).one()
        use(change_row, KINDS["clock"], rating, typed("clock", rating, amount="12"))
        assert there() == {**before, "clock": 12}
        rung = {"kind": "rating", "urgency": "", "share": "40", "role": "operator", "after_unit": ""}
        use(add_row, KINDS["ladder"], rung, centre_id=None)
        assert there() == {**before, "clock": 12, "ladder": [40]}
        use(set_value, "quiet_from", "19:00", centre_id=centre_id)
        field = db.session.scalars(select(Field).where(Field.service_code == "do_thi")).one()
        use(change_row, KINDS["field"], field, typed("field", field, name_vi="Đô thị và nông thôn"))
        hard = {"key": "rat_kho", "name_vi": "Rất khó", "name_en": "Hard", "position": "9"}
        use(add_row, KINDS["complexity"], hard, centre_id=centre_id)
        after = there()
        assert (after["value"], after["field"], after["complexity"][-1]) == ("19:00", "Đô thị và nông thôn", "Rất khó")
        assert after == read_rules(centre_id)
        assert db.session.scalar(select(func.count(ReminderRule.id)).where(ReminderRule.kind == "rating")) == 1
    finally:
        ours.send("end")
        worker.join(20)
    assert worker.exitcode == 0


def test_the_bars_say_the_short_name_and_citizens_read_the_whole_in_the_foot(office: Office) -> None:
    def bar(page: TestResponse) -> str:
        return page.get_data(as_text=True).partition("</header>")[0]

    centre, guest = office.world.centre, office.app.test_client()
    assert f">{centre.name_vi}</b>" in bar(office.get("operator", "/inbox"))
    by = office.world.actor("administrator")
    with unit_of_work():
        set_value("centre_short_name", "Xã Lạc Dương", centre_id=centre.id, by=by, now=build.NOON, reason=WHY)
    assert f'title="{centre.name_vi}">Xã Lạc Dương</b>' in bar(office.get("operator", "/inbox"))
    assert "<small>Xã Lạc Dương</small>" in bar(guest.get("/"))
    assert centre.name_vi in guest.get("/").get_data(as_text=True).partition("<footer")[2]
