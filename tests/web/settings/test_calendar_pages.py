"""The pages of the working calendar: what moves is read before it is done, and done once with its reason."""
from __future__ import annotations

import re
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from casework.calendars import calendar_of
from casework.clocks.calendar_changes import recount_after_calendar_change
from casework.db import db, unit_of_work
from casework.models import CalendarDay, Case, Event, Membership
from tests import build
from tests.casework.acting import local
from tests.web.desk import Office
from tests.web.pages import words_of

DAY = {"of": "LD", "year": "2026", "first": "2026-03-06", "kind": "off", "label_vi": "Nghỉ bão", "label_en": "Storm",
       "source": "Công văn 12/UBND", "reason": "Bão số 3 đổ bộ."}


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    office = Office(sqlite_app)
    build.case_at(office.world, "handling", agencies=2)
    office.clock(local(3, 3, 8))
    return office


def seen_in(html: str) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', html)
    assert found
    return found[1]


def test_a_day_off_is_previewed_then_done_with_its_reason_and_shows_at_once(office: Office) -> None:
    shown = office.post("administrator", "/settings/calendar/days", act="preview", **DAY)
    page = words_of(shown)
    case = db.session.scalars(select(Case)).one()
    for words in ("3 thời hạn của 1 hồ sơ dời, 1 người phản ánh được báo ngày mới", case.code, "11/03/2026", "12/03/2026"):
        assert words in page, words
    assert db.session.query(CalendarDay).filter_by(day=date(2026, 3, 6)).count() == 0
    # done without a preview, or another day than was shown, it is shown first
    other = {**DAY, "first": "2026-03-05", "act": "do", "seen": seen_in(shown.get_data(as_text=True))}
    assert office.post("administrator", "/settings/calendar/days", **other).status_code == 200
    assert not db.session.query(CalendarDay).filter_by(day=date(2026, 3, 5)).count()
    form = {**DAY, "act": "do", "seen": other["seen"]}
    unexplained = office.post("administrator", "/settings/calendar/days", **{**form, "reason": " "})
    assert (unexplained.status_code, "lý do" in words_of(unexplained)) == (422, True)
    assert office.post("administrator", "/settings/calendar/days", **form).status_code == 302
    assert not calendar_of(office.world.centre.id).is_working_day(date(2026, 3, 6))
    kinds = list(db.session.scalars(select(Event.type).where(Event.stream == "rules").order_by(Event.seq.desc()).limit(2)))
    assert kinds == ["set_calendar_day", "change_setting"]
    year = office.words("administrator", "/settings/calendar?of=LD&year=2026")
    assert "Đang tính lại thời hạn" in year
    assert "còn 1" in year
    assert "Nghỉ bão Công văn 12/UBND" in year
    recount_after_calendar_change(local(3, 3, 9))
    assert case.due_at == local(13, 3)
    assert "Đang tính lại" not in office.words("administrator", "/settings/calendar?of=LD&year=2026")
    refused = office.post("administrator", "/settings/calendar/days", act="preview", **DAY)
    assert (refused.status_code, "đã được ghi như vậy" in words_of(refused)) == (422, True)


def test_swaps_copies_and_office_hours_have_their_preview_too(office: Office) -> None:
    with unit_of_work():
        db.session.query(Membership).filter_by(account_id=office.world.people["administrator"].id).one().centre_id = None
    words = {key: DAY[key] for key in ("source", "reason")} | {"off_vi": "Nghỉ hoán đổi", "off_en": ""} | {
        "worked_vi": "Làm việc bù", "worked_en": "Made up",
    }  # fmt: skip
    forms = {
        "swap": {"of": "house", "off": "2026-03-06", "worked": "2026-03-14", **words},
        "copy": {"of": "house", "year": "2027", "reason": "Chuẩn bị năm sau."},
        "hours": {"of": "LD", "valid_from": "2026-03-09", "spans": "08:00-12:00; 13:30 - 16:30", "reason": "Giờ mùa đông."},
    }
    for what, form in forms.items():
        shown = office.post("administrator", f"/settings/calendar/{what}", act="preview", **{"year": "2026", **form})
        assert shown.status_code == 200, (what, words_of(shown))
        seen = seen_in(shown.get_data(as_text=True))
        done = office.post("administrator", f"/settings/calendar/{what}", act="do", seen=seen, **{"year": "2026", **form})
        assert done.status_code == 302, (what, words_of(done))
        if what == "swap":  # each day has its own name, one in Vietnamese is enough, and the recount of both is told once
            page = office.words("administrator", "/settings/calendar?of=house")
            assert page.count("Đang tính lại thời hạn") == 1
            rows = db.session.query(CalendarDay).filter(CalendarDay.source == DAY["source"]).order_by(CalendarDay.day)
            labels = [(row.kind, row.label_vi, row.label_en) for row in rows]
            assert labels == [("off", "Nghỉ hoán đổi", "Nghỉ hoán đổi"), ("worked", "Làm việc bù", "Made up")]
    assert "Chưa có số văn bản" in office.words("administrator", "/settings/calendar?of=house&year=2028")
    page = office.words("administrator", "/settings/calendar?of=LD")
    assert "08:00-12:00, 13:30-16:30 từ 09/03/2026 sắp áp dụng riêng của trung tâm" in page
    for what, form, said in (
        ("swap", {**forms["swap"], "worked": "2026-03-11"}, "thứ Bảy"),
        ("hours", {**forms["hours"], "spans": "17:00-08:00"}, "theo thứ tự"),
        ("days", {**DAY, "last": "2026-09-01"}, "31 ngày"), ("days", {**DAY, "source": ""}, "số văn bản"),
        ("days", {**DAY, "first": ""}, "chọn ngày"),
    ):  # fmt: skip
        answer = office.post("administrator", f"/settings/calendar/{what}", act="preview", **{"year": "2026", **form})
        assert (answer.status_code, said in words_of(answer)) == (422, True), (what, words_of(answer)[:500])


def test_only_administrators_keep_the_calendar_and_each_of_their_own_centre(office: Office) -> None:
    for name in ("operator", "ops_lead", "leader_PTNMT", "inspector", "citizen"):
        assert office.get(name, "/settings/calendar").status_code == 403, name
    assert office.get("administrator", "/settings/calendar?of=house").status_code == 404
    assert office.post("administrator", "/settings/calendar/days", act="do", **{**DAY, "of": "house"}).status_code == 404
    assert office.post("administrator", "/settings/calendar/nothing", **DAY).status_code == 404
