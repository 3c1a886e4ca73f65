"""The place beside every step: the exact point for the centre, the held one for agencies, none of a case that must not be public."""
from __future__ import annotations

import re

import pytest
from flask import Flask

from casework.db import db, unit_of_work
from casework.intake.file_report import Place
from casework.models import Case, VisibilityReason
from tests import build
from tests.web.desk import Office, step

EXACT, ROUNDED = ("12.03354", "108.36846"), ("12.034", "108.368")


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def case_there(office: Office, state: str) -> Case:
    place = Place(area=office.world.area, village="Thôn Păng Tiêng", latitude=12.03354, longitude=108.36846, accuracy_m=18)
    return build.case_at(office.world, state, place=place)


def point_on(page: str) -> tuple[str, ...]:
    found = re.search(r'data-place="own" data-latitude="([\d.]+)" data-longitude="([\d.]+)"', page)
    return found.groups() if found else ()


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize(("state", "element"), [("to_verify", "verify"), ("to_classify", "classify"), ("to_distribute", "distribute"),
                                                ("to_publish", "publish")])  # fmt: skip
def test_the_centre_sees_the_exact_point_and_how_exact_it_is_before_the_form(office: Office, state: str, element: str) -> None:
    page = office.get("operator", step(case_there(office, state), element)).get_data(as_text=True)
    assert point_on(page) == EXACT
    assert 'data-accuracy="18"' in page
    form = page[page.index('class="work-grid') :]
    assert form.index('class="place-t"') < form.index("form-label")
    assert "data-staff-map" in page


@pytest.mark.parametrize(("state", "element", "who"), [("at_agency", "accept_assignment", "officer_PTNMT"), ("handling", "submit_answer",
                         "officer_PTNMT"), ("approval", "approve_answer", "leader_PTNMT")])  # fmt: skip
def test_an_agency_sees_the_point_the_case_holds_and_the_way_there(office: Office, state: str, element: str, who: str) -> None:
    address = step(case_there(office, state), element)
    page = office.get(who, address).get_data(as_text=True)
    assert point_on(page) == ROUNDED
    assert "destination=12.03400%2C108.36800" in page
    on_android = office.browser(who).get(address, headers={"User-Agent": "Mozilla/5.0 (Linux; Android 14)"}).get_data(as_text=True)
    assert 'href="geo:12.03400,108.36800?q=12.03400,108.36800"' in on_android
    assert not any(number in page + on_android for number in EXACT)


def test_the_way_of_the_centre_leads_to_the_held_point_because_a_maps_program_learns_it(office: Office) -> None:
    page = office.get("operator", step(case_there(office, "to_distribute"), "distribute")).get_data(as_text=True)
    assert "destination=12.03400%2C108.36800" in page


@pytest.mark.parametrize("state", ["to_verify", "handling"])
def test_so_does_the_way_on_the_page_of_the_case(office: Office, state: str) -> None:
    case = case_there(office, state)
    page = office.get("operator", f"/cases/{case.ref}").get_data(as_text=True)
    assert point_on(page) == EXACT
    assert re.findall(r'href="(?:geo:|https://www\.google)[^"]*"', page) == [
        'href="https://www.google.com/maps/dir/?api=1&amp;destination=12.03400%2C108.36800"'
    ]


def test_agencies_get_no_point_of_a_case_that_must_not_be_public(office: Office) -> None:
    case = case_there(office, "handling")
    with unit_of_work():
        case.visibility_reason_id = db.session.query(VisibilityReason.id).limit(1).scalar()
    answer = office.get("officer_PTNMT", step(case, "submit_answer"))
    page = answer.get_data(as_text=True)
    assert point_on(page) == ()
    assert "data-staff-map" not in page
    assert "google" not in page
    assert "chỉ nêu xã: hồ sơ không được công khai" in page


def test_what_a_sender_calls_urgent_is_told_apart_from_what_an_operator_decided(office: Office) -> None:
    address = step(build.file_report(office.world, marked_urgent=True).case, "verify")
    page = office.get("operator", address).get_data(as_text=True)
    bar = page[page.index('class="casebar"') : page.index("</header>", page.index('class="casebar"'))]
    assert "Người gửi báo khẩn" in bar
    assert 'class="urgent"' not in bar
    decided = build.case_at(office.world, "to_distribute", urgent=True)
    page = office.get("operator", step(decided, "distribute")).get_data(as_text=True)
    bar = page[page.index('class="casebar"') : page.index("</header>", page.index('class="casebar"'))]
    assert "Người gửi báo khẩn" not in bar
    assert 'class="urgent"' in bar
