"""The page of search: what stands in the address, what a row shows, and the caller's number that stands nowhere."""
from __future__ import annotations

import html
import re

import pytest
from flask import Flask

from casework.casefile.phone_search import LOOK_UPS, STREAM
from casework.db import db, unit_of_work
from casework.models import AreaSuccession, Event
from casework.search.rows import refresh_search_rows
from tests import build
from tests.web.desk import Office
from tests.web.pages import words_of


@pytest.mark.exhaustive
def test_a_search_shows_what_was_found_and_why(sqlite_app: Flask) -> None:
    office = Office(sqlite_app)
    with unit_of_work():
        newer = build.commune(office.world, "Xã Lạc Dương")
        older = db.session.merge(office.world.areas["xa da chais"])
        db.session.add(AreaSuccession(predecessor_id=older.id, successor_id=newer.id, on=build.LONG_AGO))
    case, other = build.case_at(office.world, "handling"), build.case_at(office.world, "to_verify", by="citizen_2")
    with unit_of_work():
        row = db.session.merge(case)
        row.title, row.area = "<b>Rác</b> & đổ ven suối", db.session.merge(newer)
        refresh_search_rows(row, at=build.NOON)

    assert "/search" in office.get("operator", "/inbox").get_data(as_text=True)
    assert "/search" not in office.get("inspector", "/inbox").get_data(as_text=True)
    assert office.get("inspector", "/search").status_code == 403
    empty = office.get("operator", "/search").get_data(as_text=True)
    assert "Gõ không dấu cũng được" in empty
    assert "Theo số người gọi" in empty
    assert "Theo số người gọi" not in office.words("officer_PTNMT", "/search")

    page = office.get("operator", "/search?q=rac+da+chais").get_data(as_text=True)
    assert f'href="/cases/{case.ref}"' in page
    assert '&lt;b&gt;<mark class="hit">Rác</mark>&lt;/b&gt; &amp; đổ ven suối' in page
    assert "(trước đây: Xã Đạ Chais" in words_of(page)
    assert '<mark class="hit">mùi</mark>' in office.get("operator", "/search?q=nang+mui").get_data(as_text=True)
    assert "1 kết quả" in words_of(page)

    for who, query, found in (
        ("operator", "state=open", {case.code, other.code}), ("operator", "state=to_verify", {other.code}),
        ("operator", "q=rac&year=2025", set()),
        ("operator", f"q={int(case.code[-6:])}", {case.code}), ("officer_PTNMT", "q=rac", {case.code}), ("officer_HKL", "q=rac", set()),
        ("officer_HKL", f"q={case.code}", set()), ("committee_leader", "q=rac", {case.code}),
        ("operator", "q=rac&area=x&state=x&field=x&page=-1", set()),
        ("operator", "q=rac&year=9999&page=99", {case.code}), ("operator", "q=%22%27%3C%00%F0%9F%98%80*&page=x&year=abcd", set()),
    ):  # fmt: skip
        text = html.unescape(office.get(who, f"/search?{query}").get_data(as_text=True))
        assert set(re.findall(r'class="code strong" href="[^"]+">([^<]+)<', text)) == found, (who, query)
    nothing = office.words("operator", "/search?q=khongco&state=closed")
    untitled = office.words("operator", "/search?state=to_verify")
    assert "Chưa có tiêu đề" in untitled
    assert "Phản ánh mới" not in untitled, "a state is no title"
    assert "Không thấy “khongco”." in nothing
    assert "Tìm ở mọi tình trạng" in nothing


def test_what_is_called_so_stands_before_what_lies_in_a_place_of_that_name(sqlite_app: Flask) -> None:
    """Each case of the commune holds its name, and its former ones; a title was written to say what the case is about."""
    office = Office(sqlite_app)
    cases = [build.case_at(office.world, "to_classify") for _number in range(3)]
    with unit_of_work():
        area = build.commune(office.world, "Thị trấn Lạc Dương")
        for case, title in zip(cases, ("Hỏng đường giao thông", "Đèn không sáng", "Rác ven suối"), strict=True):
            row = db.session.merge(case)
            row.title, row.area = title, area
            refresh_search_rows(row, at=build.NOON)
    page = office.words("operator", "/search?q=duong")
    assert page.index(cases[0].code) < min(page.index(cases[1].code), page.index(cases[2].code)), "the oldest, but called so"


def test_a_callers_number_finds_cases_and_is_kept_nowhere(sqlite_app: Flask) -> None:
    office = Office(sqlite_app)
    case = build.case_at(office.world, "to_verify")
    reason = "Người gọi hỏi về phản ánh của mình."
    for who, status in (("officer_PTNMT", 403), ("committee_leader", 403), ("administrator", 403)):
        assert office.post(who, "/search/phone", phone="0912345678", reason=reason).status_code == status
    assert office.get("operator", "/search/phone?phone=0912345678").status_code in (404, 405)
    for phone, why in (("", reason), ("khong phai so", reason), ("0912345678", "vì")):
        refused = office.post("operator", "/search/phone", phone=phone, reason=why)
        assert refused.status_code == 422
        assert case.code not in refused.get_data(as_text=True)
    answer = office.post("operator", "/search/phone", phone="0912 345 678", reason=reason)
    page = answer.get_data(as_text=True)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert case.code in page
    assert "345" not in re.sub(r"Ví dụ[^<]*", "", page.replace(" ", ""))
    assert "Nguyễn Thị Thử" not in page
    assert "Không có hồ sơ nào gửi từ số này." in words_of(office.post("operator", "/search/phone", phone="0987654321", reason=reason))
    events = db.session.query(Event).filter(Event.stream == STREAM).all()
    assert [event.payload["found"] for event in events if event.payload] == [1, 0]
    for _ in range(LOOK_UPS.most - 3):
        status = office.post("operator", "/search/phone", phone="0912345678", reason=reason).status_code
    assert status == 200
    assert office.post("operator", "/search/phone", phone="0912345678", reason=reason).status_code == 429
    assert office.post("operator_2", "/search/phone", phone="0912345678", reason=reason).status_code == 200


def test_addresses_that_make_no_sense_narrow_nothing(sqlite_app: Flask) -> None:
    office = Office(sqlite_app)
    for address in ("/search?year=000002026123", "/search?q=rác&year=0", "/search?q=rác&page=99999&state=x&area=-&field=%07"):
        assert office.get("operator", address).status_code == 200
