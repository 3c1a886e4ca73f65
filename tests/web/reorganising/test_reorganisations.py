"""A reorganisation in its pages: planned, looked through, done with a last word, undone on the day; by administrators of the place."""
from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db
from casework.models import Agency, Reorganisation
from tests import build, reorganised
from tests.reorganised import MORNING
from tests.second_centre import second_world
from tests.web.desk import Office
from tests.web.pages import words_of

LIST = "/settings/reorganisations"


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def plan_page(office: Office) -> str:
    plan = db.session.scalars(select(Reorganisation).order_by(Reorganisation.id.desc())).first()
    assert plan is not None
    return f"{LIST}/{plan.ref}"


def choice(page: str, select_name: str, words: str) -> str:
    """The value of an option by its words."""
    options = re.search(rf'name="{select_name}".*?</select>', page, re.S)
    assert options is not None, select_name
    found = [value for value, text in re.findall(r'<option[^>]*value="([^"]*)"[^>]*>([^<]*)', options[0]) if text.startswith(words)]
    assert len(found) == 1, (select_name, words, found)
    return found[0]


@pytest.mark.exhaustive
def test_a_plan_is_drawn_up_looked_through_done_and_undone_in_its_pages(office: Office) -> None:
    case, closed = build.case_at(office.world, "handling"), build.case_at(office.world, "closed")
    office.clock(MORNING)
    begun = office.post("administrator", LIST, title="Sắp xếp xã Lát", source="NQ 1671", on="2026-03-05",
                        centre=office.world.centre.ref)
    assert begun.status_code == 302
    address = plan_page(office)
    page = office.get("administrator", address).text
    lat = choice(page, "area-predecessor", "Xã Lát")
    answer = office.post("administrator", f"{address}/lines/area", **{
        "area-predecessor": lat, "area-successor": "new", "area-name_vi": "Phường Lang Biang - Đà Lạt", "area-level": "commune",
    })  # fmt: skip
    assert answer.status_code == 302, words_of(answer)
    again = office.post("administrator", f"{address}/lines/area", **{"area-predecessor": lat, "area-successor": lat})
    assert (again.status_code, "không thể tự kế thừa" in again.text) == (422, True)
    page = office.get("administrator", address).text
    office.post("administrator", f"{address}/lines/agency", **{
        "agency-predecessor": choice(page, "agency-predecessor", "Phòng Tài nguyên"), "agency-successor": "new",
        "agency-name_vi": "Phòng Kinh tế, Hạ tầng và Đô thị", "agency-key": "PKTHTDT",
        "agency-area": choice(page, "agency-area", "Phường Lang Biang"),
    })  # fmt: skip
    words = office.words("administrator", address)
    assert "Phòng Tài nguyên và Môi trường → Phòng Kinh tế, Hạ tầng và Đô thị" in words
    assert "Phương án thực hiện được từ ngày 05/03/2026" in words
    early = office.post("administrator", f"{address}/doing", reason="x", typed="Sắp xếp xã Lát")
    assert (early.status_code, "từ ngày đó" in early.text) == (422, True)
    seen = office.words("administrator", f"{address}/preview")
    assert case.code in seen
    assert "Người Thử officer_PTNMT" in seen
    assert "Hồ sơ chuyển theo 1" in seen

    office.clock(MORNING + timedelta(days=1))
    wrong = office.post("administrator", f"{address}/doing", reason="Đúng ngày.", typed="Sắp xếp")
    assert wrong.status_code == 422
    assert office.post("administrator", f"{address}/doing", reason="Đúng ngày.", typed="Sắp xếp xã Lát").status_code == 302
    done = office.words("administrator", address)
    assert "Đã thực hiện" in done
    assert case.code in done
    assert "Hoàn tác" in done
    step = build.waiting(case, "submit_answer")
    assert step.agency_id == db.session.scalars(select(Agency.id).where(Agency.key == "PKTHTDT")).one()
    page = office.words("operator", f"/cases/{case.ref}?tab=all")
    assert "Phòng Tài nguyên và Môi trường → Phòng Kinh tế, Hạ tầng và Đô thị" in page
    assert "Thôn Păng Tiêng, Phường Lang Biang - Đà Lạt (trước đây: xã Lát)" in page
    assert "Phòng Kinh tế, Hạ tầng và Đô thị (trước đây: Phòng Tài nguyên và Môi trường)" in page
    page = office.words("operator", f"/cases/{closed.ref}?tab=all")
    assert "Thôn Păng Tiêng, Xã Lát (nay là phường Lang Biang - Đà Lạt)" in page
    assert "Phòng Tài nguyên và Môi trường (nay là Phòng Kinh tế, Hạ tầng và Đô thị)" in page

    assert office.post("administrator", f"{address}/undoing", reason="").status_code == 422
    assert office.post("administrator", f"{address}/undoing", reason="Nhầm ngày.").status_code == 302
    assert "Đã hoàn tác" in office.words("administrator", address)
    db.session.expire_all()
    assert build.waiting(case, "submit_answer").agency_id == office.world.agencies["PTNMT"].id
    assert office.post("administrator", f"{address}/copy").status_code == 302
    copied = plan_page(office)
    assert copied != address
    assert "Ông/Bà có chắc muốn bỏ?" in office.words("administrator", copied), "it asks before a draft is thrown away"
    assert office.post("administrator", f"{copied}/removal").status_code == 302
    assert office.get("administrator", copied).status_code == 404


def test_a_plan_is_for_those_who_administer_its_centre(office: Office) -> None:
    plan = reorganised.planned(office.world)
    assert office.get("operator", LIST).status_code == 403
    assert office.get("ops_lead", f"{LIST}/{plan.ref}").status_code == 403
    assert plan.title in office.words("administrator", LIST)
    page = office.get("administrator", f"{LIST}/{plan.ref}").text
    assert 'name="agency-predecessor"' in page
    assert 'name="centre-predecessor"' not in page                 # centres are the installation's
    refused = office.post("administrator", f"{LIST}/{plan.ref}/lines/centre", **{"centre-predecessor": office.world.centre.ref})
    assert refused.status_code == 404
    office.world.people["elsewhere"] = second_world(office.world).people["administrator"]
    assert plan.title not in office.words("elsewhere", LIST)
    for address in ("", "/preview"):
        assert office.get("elsewhere", f"{LIST}/{plan.ref}{address}").status_code == 404
    assert office.post("elsewhere", f"{LIST}/{plan.ref}/doing", reason="x", typed=plan.title).status_code == 404
