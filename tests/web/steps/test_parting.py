"""The pages of parts: one is split off with everything its agencies need, typed text stays, twice is once; both cases show each other."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from casework.db import db
from casework.models import Case
from casework.parts import parts_of
from casework.photos.records import photos_of_report
from tests import build
from tests.casework.parting.family import answer, divided, finish_agencies
from tests.web.desk import Office, statements_of
from tests.web.pages import words_of
from tests.with_photos import pictured_case

WORDS = "Cột điện cạnh bãi rác bị nghiêng, có nguy cơ đổ."
MOST_STATEMENTS = 45
"""A report is filed, its process begun, and three steps are done: each row of them is written about once."""


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


def address(case: Case, verb: str = "divide") -> str:
    return f"/cases/{case.ref}/acts/{verb}"


def filled_in(office: Office, **changed: Any) -> dict[str, Any]:
    world = office.world
    given = {
        "title": "Cột điện nghiêng", "words": WORDS, "field": "rung_dat_moi_truong", "urgency": "normal", "complexity": "simple",
        "area": world.area.ref, "village": "Thôn Păng Tiêng", "place": "", "lead": world.agencies["UBND-LAT"].ref, "parts_seen": "0",
    }  # fmt: skip
    return {**given, **changed}


def at_work(office: Office) -> Case:
    case = build.case_at(office.world, "handling")
    office.clock(build.next_moment(case))
    return case


def key_of(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found
    return found[1]


def test_the_form_offers_what_the_case_has_and_what_is_sent_is_with_its_agencies(office: Office) -> None:
    case = at_work(office)
    page = office.get("operator", address(case)).text
    assert "Thôn Păng Tiêng" in page
    assert "Có đống rác" not in re.findall(r"<textarea[^>]*name=\"words\"[^>]*>([^<]*)", page)[0], "the words are written anew"
    hkl = office.world.agencies["HKL"].ref
    sent = office.post("operator", address(case), **filled_in(office, cooperating=[hkl], to_agencies="Xin kiểm tra ngay."))
    assert (sent.status_code, sent.location) == (302, f"/cases/{case.ref}")
    db.session.expire_all()
    [part] = parts_of(case)
    assert (part.state, part.title, part.complexity, part.village) == ("at_agency", "Cột điện nghiêng", "simple", "Thôn Păng Tiêng")
    assert {(row.agency.key, row.is_lead, row.instructions) for row in part.assignments} == {
        ("UBND-LAT", True, "Xin kiểm tra ngay."), ("HKL", False, "Xin kiểm tra ngay."),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"words": " "}, "nội dung phần được tách"), ({"title": ""}, "tiêu đề"), ({"lead": ""}, "chủ trì"), ({"field": ""}, "chọn"),
     ({"words": f"{WORDS} Gọi 0912 345 678."}, "")],
)  # fmt: skip
def test_what_is_refused_keeps_what_was_typed(office: Office, changed: dict[str, str], words: str) -> None:
    case = at_work(office)
    given = filled_in(office, place="Ngã ba đầu thôn", to_agencies="Xin kiểm tra ngay.", **changed)
    refused = office.post("operator", address(case), **given)
    assert refused.status_code == 422
    assert words in words_of(refused)
    for typed in (given["place"], given["to_agencies"], given["title"], given["words"].strip()):
        assert typed in refused.text
    db.session.expire_all()
    assert parts_of(case) == []


def test_a_double_click_splits_off_one_part_and_two_browsers_too(office: Office) -> None:
    case = at_work(office)
    pages = {name: key_of(office.get(name, address(case)).text) for name in ("operator", "operator_2")}
    for _click in range(2):
        answer_ = office.post("operator", address(case), **filled_in(office, csrf_token=pages["operator"]))
        assert answer_.status_code == 302
    db.session.expire_all()
    [part] = parts_of(case)
    second = office.post("operator_2", address(case), **filled_in(office, csrf_token=pages["operator_2"]))
    assert second.status_code == 422
    assert part.code in words_of(second)
    assert WORDS in second.text
    assert 'name="parts_seen" type="hidden" value="1"' in second.text, "pressed again it is meant"
    db.session.expire_all()
    assert len(parts_of(case)) == 1


def test_only_photos_agencies_may_see_are_offered_and_go_along(office: Office) -> None:
    filed = pictured_case(office.world, Path(office.app.config["FILES"]), "handling")
    case = filed.case
    office.clock(build.next_moment(case))
    [photo] = photos_of_report(filed.report)
    assert f'value="{photo.ref}"' in office.get("operator", address(case)).text
    office.post("operator", address(case), **filled_in(office, photos=[photo.ref, "nicht-da"]))
    db.session.expire_all()
    [part] = parts_of(case)
    [copy] = photos_of_report(part.main_report)
    office.clock(build.next_moment(part))
    assert office.get("officer_UBND-LAT", f"/photos/{copy.ref}/agencies/view").status_code == 200


def test_the_case_shows_its_parts_and_the_part_its_case(office: Office) -> None:
    case, part = divided(office.world)
    office.clock(build.next_moment(part))
    page = office.words("operator", f"/cases/{case.ref}")
    assert part.code in page
    assert "Cột điện nghiêng" in page
    assert case.code in office.words("operator", f"/cases/{part.ref}")
    commune = office.words("officer_UBND-LAT", f"/cases/{part.ref}")
    assert case.code not in commune, "who has no business with the case does not learn its code"
    assert "phần" in commune
    assert office.get("officer_UBND-LAT", f"/cases/{case.ref}").status_code == 404
    assert part.code not in office.words("officer_PTNMT", f"/cases/{case.ref}")


def test_the_inbox_marks_a_part(office: Office) -> None:
    _case, part = divided(office.world)
    office.clock(build.next_moment(part))
    assert "Phần tách ra" in office.words("officer_UBND-LAT", "/inbox")
    assert "Phần tách ra" not in office.words("officer_PTNMT", "/inbox")


def test_a_part_is_joined_again_by_its_page(office: Office) -> None:
    case, part = divided(office.world)
    office.clock(build.next_moment(part))
    assert office.post("operator", address(part, "join_part"), reason="").status_code == 422
    assert office.post("operator", address(part, "join_part"), reason="Đơn vị chủ trì làm luôn.").status_code == 302
    db.session.expire_all()
    assert part.state == "joined"
    assert "Đã nhập lại" in office.words("operator", f"/cases/{case.ref}")


@pytest.mark.exhaustive
def test_everybody_reads_the_answer_of_a_part_on_the_page_of_its_case(office: Office) -> None:
    case, part = divided(office.world)
    answer(office.world, part)
    finish_agencies(office.world, case)
    assert "Cột điện bị nghiêng." not in office.browser("citizen").get(f"/reports/{case.code}").text
    build.publish(office.world, case)
    office.clock(build.next_moment(case))
    page = office.browser("citizen").get(f"/reports/{case.code}")
    assert page.status_code == 200
    assert "Cột điện bị nghiêng." in words_of(page)
    assert office.browser("citizen").get(f"/reports/{part.code}").status_code == 404


def test_who_looks_at_a_case_that_waits_for_its_part_alone_reads_so(office: Office) -> None:
    case, part = divided(office.world)
    finish_agencies(office.world, case)
    office.clock(build.next_moment(case))
    assert f"Chờ phần tách ra {part.code}" in office.words("operator", f"/cases/{case.ref}")
    build.advance(office.world, part, "to_publish")
    office.clock(build.next_moment(part))
    step = build.waiting(part, "publish").ref
    assert "được đọc trên trang của hồ sơ chính" in office.words("operator", f"/tasks/{step}")


def test_splitting_a_part_off_takes_no_more_statements_than_its_steps_need(office: Office) -> None:
    case = at_work(office)
    where, given = address(case), filled_in(office)
    given["csrf_token"] = key_of(office.get("operator", where).text)
    assert statements_of(lambda: office.post("operator", where, **given)) <= MOST_STATEMENTS
