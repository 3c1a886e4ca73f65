"""Distributing, accepting, handing back: through the pages."""
from __future__ import annotations

import contextvars
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from casework.assignments.due_previews import distribution_limits
from casework.calendars import calendar_of
from casework.clocks.due_changes import assignment_due
from casework.db import db, unit_of_work
from casework.models import Case, Event
from casework.working_time import DayTooFar
from tests import build
from tests.web.desk import Office, step
from tests.web.pages import words_of
from web.due_words import short_limit_words


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def agencies(office: Office, lead: str, *others: str, **more: Any) -> dict[str, Any]:
    return {"lead": office.world.agencies[lead].ref, "cooperating": [office.world.agencies[key].ref for key in others], **more}


def chosen(page: str) -> list[str]:
    """The agencies that lead or are ticked, by ref."""
    return re.findall(r'<(?:input [^>]*value|option value)="([^"]+)"[^>]* (?:checked|selected)>', page)


def test_the_table_suggests_and_says_why_and_nobody_is_chosen_before_a_person_does(office: Office) -> None:
    case = build.case_at(office.world, "to_distribute")
    address, lat = step(case, "distribute"), office.world.agencies["UBND-LAT"]
    page = office.get("operator", address).get_data(as_text=True)
    assert chosen(page) == []
    first = words_of(page.split('class="sug"')[1].split("</label>")[0])
    assert "Phòng Tài nguyên và Môi trường" in first
    assert "Theo bảng phân phối: Đất đai, rác thải, nguồn nước" in first
    assert "Chưa chọn đơn vị" in words_of(page)
    assert office.post("operator", address, act="distribute", lead="").status_code == 422
    taken = office.post("operator", address, take=lat.ref, lead=office.world.agencies["PTNMT"].ref, cooperating=[])
    assert taken.status_code == 200
    assert chosen(taken.get_data(as_text=True)) == [office.world.agencies["PTNMT"].ref, lat.ref]
    assert case.assignments == []


def test_whom_an_agency_named_and_who_led_such_cases_there_stand_among_the_suggestions(office: Office) -> None:
    world = office.world
    for _ in range(2):
        led = build.case_at(world, "to_distribute")
        build.do(world, led, "distribute", "operator", lead=world.agencies["HKL"], cooperating=[])
    case = build.case_at(world, "at_agency")
    build.do(world, case, "accept_assignment", "officer_PTNMT", act="hand_back", reason="Thuộc xã.", suggested=world.agencies["UBND-LAT"])
    build.do(world, case, "decide_hand_back", "operator", upheld=True, words="Đúng.")
    page = office.get("operator", step(case, "distribute")).get_data(as_text=True)
    cards = [words_of(card) for card in page.split('class="sug"')[1].split('id="lead-is-other"')[0].split("</label>")]
    assert "UBND xã Lát Phòng Tài nguyên và Môi trường chuyển trả và nêu đơn vị này" in cards[0]
    assert any("Hạt Kiểm lâm" in card and "Đã chủ trì 2 vụ cùng lĩnh vực ở xã này" in card for card in cards)
    assert len(cards) <= 4                                                 # three, and what follows the last


def test_without_a_script_the_agencies_to_tick_are_found_without_accents_and_the_chosen_stay(office: Office) -> None:
    case = build.case_at(office.world, "to_distribute")
    sent = agencies(office, "PTNMT", "HKL", find="xa lat", act="choose")
    page = office.post("operator", step(case, "distribute"), **sent).get_data(as_text=True)
    ticks = re.findall(r'<label class="form-check"( hidden)?>(.*?)</label>', page, re.DOTALL)
    in_sight = {words_of(tick).split(" đang")[0] for is_hidden, tick in ticks if not is_hidden and 'name="cooperating"' in tick}
    assert in_sight == {"UBND xã Lát", "Hạt Kiểm lâm huyện Lạc Dương"}


@pytest.mark.exhaustive
def test_each_agency_shows_what_it_has_and_what_is_late(office: Office) -> None:
    for _ in range(2):
        build.case_at(office.world, "handling", agencies=2)
    old = build.case_at(office.world, "at_agency")
    with unit_of_work():
        old.assignments[0].due_at = build.NOON - timedelta(days=1)
    build.case_at(office.world, "approval")
    build.case_at(office.world, "to_publish")                              # done, so nothing of it lies on a table
    case = build.case_at(office.world, "to_distribute")
    page = office.words("operator", step(case, "distribute"))
    assert re.search(r"Phòng Tài nguyên và Môi trường [^·]*?4 hồ sơ đang mở, 1 trễ", page)
    assert "UBND xã Lát 2 hồ sơ đang mở" in page
    assert "0 hồ sơ đang mở" not in page


def test_the_limits_of_one_and_of_several_are_worked_out_for_what_is_ticked(office: Office) -> None:
    case = build.case_at(office.world, "to_distribute")
    address = step(case, "distribute")
    page = office.get("operator", address).get_data(as_text=True)
    assert limits_in_sight(page) == ["1"]
    assert "Tính thời hạn theo lựa chọn" in page                           # the way without a script
    several = office.post("operator", address, act="choose", **agencies(office, "PTNMT", "UBND-LAT")).get_data(as_text=True)
    assert limits_in_sight(several) == ["2"]
    shown = distribution_limits(case, agencies=2, now=office.moment)
    assert shown.case_due_at is not None
    for limit in (shown.case_due_at, shown.accept_by):
        assert short_limit_words(limit, now=office.moment) in words_of(several)


def limits_in_sight(page: str) -> list[str]:
    return [number for number, more in re.findall(r'data-limits-of="(.)"([^>]*)>', page) if "hidden" not in more]


def test_a_cooperating_agency_may_get_an_earlier_day_and_only_an_earlier_one(app: Flask) -> None:
    office = Office(app)
    case = build.case_at(office.world, "to_distribute")
    address, lat = step(case, "distribute"), office.world.agencies["UBND-LAT"]
    moment = build.next_moment(case)
    office.clock(moment)
    sent = agencies(office, "PTNMT", "UBND-LAT")
    page = office.post("operator", address, act="choose", **sent).get_data(as_text=True)
    days = {ref: re.findall(rf'<input [^>]*name="day-{ref}"[^>]*>', page)[0] for ref in sent["cooperating"] + [sent["lead"]]}
    assert [ref for ref, day in days.items() if "disabled" not in day] == [lat.ref]
    wrong = {"2026-03-20": "không sớm hơn hạn chung", "2026-03-02": "chưa đến một ngày làm việc", "hôm nay": "một ngày có trong lịch"}
    for day, words in wrong.items():
        typed = {f"day-{lat.ref}": day, f"instructions-{lat.ref}": "Đo trước."}
        refused = office.post("operator", address, act="distribute", **sent, **typed)
        assert refused.status_code == 422, day
        assert words in words_of(refused), day
        assert f'value="{day}"' in refused.get_data(as_text=True)
        assert "Đo trước." in words_of(refused)
    answer = office.post("operator", address, act="distribute", **sent, **{f"day-{lat.ref}": "2026-03-05"})
    assert answer.status_code == 302
    due = {row.agency.key: row.due_at for row in case.assignments}
    assert due == {"PTNMT": distribution_limits_at(case, moment), "UBND-LAT": datetime(2026, 3, 5, 17, tzinfo=UTC)}
    told = db.session.scalars(select(Event).where(Event.case_id == case.id, Event.type == "distribute")).one()
    assert told.payload is not None
    assert told.payload["earlier"] == {"UBND-LAT": "2026-03-05"}


def distribution_limits_at(case: Case, moment: datetime) -> datetime | None:
    """When the leading agency has to answer."""
    return assignment_due(case.due_at, False, calendar_of(case.centre_id))


def test_what_was_written_to_agencies_is_still_there_after_choosing_others(office: Office) -> None:
    case = build.case_at(office.world, "to_distribute")
    address, lat = step(case, "distribute"), office.world.agencies["UBND-LAT"]
    words = {f"instructions-{lat.ref}": "Đo trước.", f"day-{lat.ref}": "2026-03-05"}
    for lead in ("PTNMT", "HKL"):
        page = office.post("operator", address, act="choose", **agencies(office, lead, "UBND-LAT"), **words).get_data(as_text=True)
        assert "Đo trước.</textarea>" in page
        assert 'value="2026-03-05"' in page


def test_words_for_all_reach_each_agency_that_has_none_of_its_own(office: Office) -> None:
    case = build.case_at(office.world, "to_distribute")
    office.clock(build.next_moment(case))
    own = {f"instructions-{office.world.agencies['UBND-LAT'].ref}": "Đo trước."}
    answer = office.post(
        "operator", step(case, "distribute"), act="distribute", to_all="Gửi kèm ảnh.", **agencies(office, "PTNMT", "UBND-LAT"), **own
    )
    assert answer.status_code == 302
    assert {row.agency.key: row.instructions for row in case.assignments} == {"PTNMT": "Gửi kèm ảnh.", "UBND-LAT": "Đo trước."}


def test_how_often_it_went_to_and_fro_is_counted_with_what_follows(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    for reason, upheld in (("Thuộc xã.", False), ("Vẫn thuộc xã.", True)):
        build.do(office.world, case, "accept_assignment", "officer_PTNMT", act="hand_back", reason=reason)
        page = office.words("operator", step(case, "decide_hand_back"))
        assert reason in page
        if not upheld:
            assert "Với vai trò đơn vị chủ trì hồ sơ còn được chuyển trả 1 lần nữa." in page
            assert "Giữ nguyên: đơn vị đọc lý do của Ông/Bà và phải tiếp nhận trước" in page
            assert "Đồng ý chuyển trả: hồ sơ được phân phối lại." in page
        else:
            assert "lần thứ ba sẽ bị từ chối, dù chọn đơn vị nào" in page
            assert "Đã chuyển trả 2 lần" in page
            assert "(đơn vị chủ trì, lần thứ 1) Thuộc xã." in page
            assert "Giữ nguyên đơn vị. Do phòng quản lý." in page
        build.do(office.world, case, "decide_hand_back", "operator", upheld=upheld, words="Do phòng quản lý.")
    page = office.words("operator", step(case, "distribute"))
    assert "Đã chuyển trả 2 lần" in page
    assert "Người Thử officer_PTNMT" in page
    assert "lần thứ ba sẽ bị từ chối" in page


def test_the_limits_are_shown_before_anything_is_sent(office: Office) -> None:
    case = build.case_at(office.world, "to_distribute")
    answer = office.post("operator", step(case, "distribute"), act="choose", **agencies(office, "PTNMT", "UBND-LAT"))
    assert answer.status_code == 200
    assert "Chủ trì, nhận việc" in words_of(answer)
    assert "Phân phối đến 2 đơn vị" in words_of(answer)
    assert case.state == "to_distribute"


@pytest.mark.parametrize(("others", "urgent"), [((), False), (("UBND-LAT",), False), (("UBND-LAT", "HKL"), True)])
def test_the_limits_shown_are_the_limits_set(app: Flask, others: tuple[str, ...], urgent: bool) -> None:
    office = Office(app)
    case = build.case_at(office.world, "to_distribute", urgent=urgent)
    moment = build.next_moment(case)
    shown = distribution_limits(case, agencies=1 + len(others), now=moment)
    office.clock(moment)
    words = {f"instructions-{office.world.agencies['PTNMT'].ref}": "Xin làm trước."}
    answer = office.post("operator", step(case, "distribute"), act="distribute", **agencies(office, "PTNMT", *others, **words))
    assert answer.status_code == 302
    assert case.due_at == shown.case_due_at
    assert {assignment.due_at for assignment in case.assignments} == {shown.answer_by}
    assert case.assignments[0].instructions == "Xin làm trước."
    assert build.waiting(case, "accept_assignment", office.world.agencies["PTNMT"]).due_at == shown.accept_by


def test_a_day_beyond_ten_years_is_refused_in_words(office: Office) -> None:
    case = build.case_at(office.world, "to_distribute")
    office.clock(build.NOON + timedelta(days=4, hours=3))
    answer = office.post("ops_lead", step(case, "distribute"), act="distribute", **agencies(office, "PTNMT", until="9999-12-31"))
    assert answer.status_code == 422
    assert DayTooFar().vi in words_of(answer)
    assert case.assignments == []


def test_going_back_keeps_what_was_chosen(office: Office) -> None:
    case = build.case_at(office.world, "to_distribute")
    answer = office.post("operator", step(case, "distribute"), act="choose", **agencies(office, "HKL", "UBND-LAT"))
    assert set(chosen(answer.get_data(as_text=True))) >= {office.world.agencies[key].ref for key in ("HKL", "UBND-LAT")}


def test_an_agency_that_is_not_suggested_leads_from_the_list(office: Office) -> None:
    case = build.case_at(office.world, "to_distribute")
    office.clock(build.next_moment(case))
    answer = office.post("operator", step(case, "distribute"), act="distribute", lead="other", lead_other=office.world.agencies["HKL"].ref)
    assert answer.status_code == 302
    assert [row.agency.key for row in case.assignments] == ["HKL"]


def test_somebody_must_lead(office: Office) -> None:
    case = build.case_at(office.world, "to_distribute")
    answer = office.post("operator", step(case, "distribute"), act="distribute", lead="", cooperating=[office.world.agencies["HKL"].ref])
    assert answer.status_code == 422
    assert case.assignments == []


def overtaken(app: Flask, office: Office, ask: Callable[[str], TestResponse], *, at: str) -> TestResponse:
    """The answer to somebody whose step another does in the very moment after the table `at` was read."""
    address = step(build.case_at(office.world, "to_distribute"), "distribute")
    office.browser("operator"), office.browser("operator_2")
    waits = threading.Lock()

    def distribute() -> None:
        with app.app_context():
            assert office.post("operator_2", address, act="distribute", **agencies(office, "PTNMT", "HKL")).status_code == 302

    def after(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if f"FROM {at}" in statement and waits.acquire(blocking=False):
            other = threading.Thread(target=contextvars.Context().run, args=(distribute,))
            other.start()
            other.join(60)

    engine = db.engine
    event.listen(engine, "after_cursor_execute", after)
    try:
        return ask(address)
    finally:
        event.remove(engine, "after_cursor_execute", after)
        assert waits.locked()


@pytest.mark.on_both
def test_a_page_shows_one_moment_however_quick_others_are(app: Flask) -> None:
    office = Office(app)
    answer = overtaken(app, office, lambda address: office.get("operator", address), at="waiting_task")
    assert answer.status_code == 200
    assert all(f'<option value="{agency.ref}"' in answer.get_data(as_text=True) for agency in office.world.agencies.values())


def test_who_sends_a_step_while_another_does_it_is_told_who_did(app: Flask) -> None:
    office = Office(app)
    chosen = agencies(office, "PTNMT", "HKL")
    answer = overtaken(app, office, lambda address: office.post("operator", address, act="distribute", **chosen), at="login_session")
    assert answer.status_code == 409
    assert "Người Thử operator_2" in words_of(answer)


def test_handing_back_needs_a_reason_and_the_centre_decides(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    address = step(case, "accept_assignment")
    assert office.post("officer_PTNMT", address, act="hand_back", reason="").status_code == 422
    office.post("officer_PTNMT", address, act="hand_back", reason="Thuộc xã.", suggested=office.world.agencies["UBND-LAT"].ref)
    decide = step(case, "decide_hand_back")
    page = office.words("operator", decide)
    assert "Thuộc xã." in page
    assert "UBND xã Lát" in page
    assert office.post("operator", decide, upheld="no", words="").status_code == 422
    answer = office.post("operator", decide, upheld="no", words="Việc này thuộc phòng.")
    assert answer.status_code == 302
    assert "Việc này thuộc phòng." in office.words("officer_PTNMT", step(case, "accept_assignment"))


def test_a_decision_nobody_made_is_none(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    office.post("officer_PTNMT", step(case, "accept_assignment"), act="hand_back", reason="Thuộc xã.")
    answer = office.post("operator", step(case, "decide_hand_back"), words="Đồng ý.")
    assert answer.status_code == 422
    assert "Vui lòng chọn đồng ý chuyển trả hay giữ nguyên đơn vị." in words_of(answer)
