"""A sender's own page and “Mine” on a telephone: three screens at most in every state, and a rating that needs no script."""
from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from casework.contacts.report_links import newest_links
from casework.db import db, unit_of_work
from casework.files.local import LocalFileStore
from casework.models import Centre, Report
from casework.photos.records import photos_of_answer, photos_of_report
from casework.rights.erasing_people import erase_report
from casework.sealing.seal import grouped_secret
from tests import build
from tests.browser.citizen_desks import STORIES, Town, extend, furnish
from tests.browser.day import Day, begun
from tests.browser.judging import barriers, speak, too_wide
from tests.browser.waiting import next_document
from tests.conftest import environment_of
from tests.second_centre import PREFIX
from tests.with_photos import answers_of, pictured_case, publish, staged

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TELEPHONE = {"width": 360, "height": 740}
MOST_SCREENS = 3
ENDLESS = "Vẫn còn rác" + "k" * 150


@pytest.fixture(scope="module")
def town(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    variables = environment_of(tmp_path_factory.mktemp("own"))
    shutil.copyfile(sqlite_template, Path(variables["LANGBIANG_DATA"]) / "langbiang.db")
    with begun(variables) as day:
        town = furnish(day)
        town.codes["fullest"] = fullest(day)
        yield town


def fullest(day: Day) -> str:
    """A report with nearly everything there can be: photos, a question, an addition, another body, more time, three agencies."""
    files, world = day.house.app.extensions["file_store"].root, day.world
    filed = pictured_case(world, files, "handling", agencies=3)
    day.cases["fullest"], report = filed.case, filed.report
    day.act("fullest", "ask_reporter", "operator", report=report, words="Rác nằm ở bờ nào của suối?", when_unanswered="continue")
    day.do("fullest", "answer_question", "citizen", report=report, words="Bờ phía thôn, gần cây cầu treo.")
    day.act("fullest", "write_to_centre", "citizen", report=report, words="Sáng nay rác vẫn còn.")
    day.act("fullest", "refer", "operator", body="Điện lực Lâm Đồng", reason="Có trụ điện đổ trong rác.")
    day.do("fullest", "close_referral", "operator", act="take_back", result="Trụ điện đã được dựng lại.")
    extend(day, "fullest")
    for assignment in build.assignments(day.case("fullest"), "handling"):
        officer = f"officer_{assignment.agency.key}"
        token = staged(world, LocalFileStore(files), f"full-{assignment.id}", by=officer, purpose="after", colour="green")
        form = {**build.ANSWER, "no_photo_reason": "", "photos_token": token}
        day.do("fullest", "submit_answer", officer, agency=assignment.agency.key, **form)
    day.case("fullest")
    build.approve(world, filed.case)
    publish(world, filed, files, [*photos_of_report(report), *(photo for each in answers_of(filed) for photo in photos_of_answer(each))])
    return filed.case.code


@pytest.mark.exhaustive
def test_every_state_fits_three_screens_of_a_telephone(town: Town) -> None:
    page = town.person("citizen").page
    speak(page, town.day.house.address, "vi")
    page.set_viewport_size(TELEPHONE)                                                     # type: ignore[arg-type]
    screens = {}
    for story in (*STORIES, "answered"):
        page.goto(f"/mine/{town.codes[story]}")
        screens[story] = round(page.evaluate("document.documentElement.scrollHeight") / TELEPHONE["height"], 2)
    assert {story: number for story, number in screens.items() if number > MOST_SCREENS} == {}


def test_nearly_everything_at_once_takes_three_screens_before_the_foot(town: Town) -> None:
    page = town.person("citizen").page
    page.set_viewport_size(TELEPHONE)                                                     # type: ignore[arg-type]
    page.goto(f"/mine/{town.codes['fullest']}")
    for there in ("#talk", "#referral-row", "#extended", "#history", "#rating", "#sent"):
        assert page.locator(there).count() == 1, there
    assert page.evaluate("document.querySelector('main').scrollHeight") <= MOST_SCREENS * TELEPHONE["height"]
    assert [*too_wide(page, 360), *barriers(page)] == []


@pytest.mark.exhaustive
def test_after_erasure_and_at_another_centre_the_page_keeps_nobody_out_and_stays_as_short(town: Town) -> None:
    day, world = town.day, town.day.world
    other = db.session.scalars(select(Centre).where(Centre.code_prefix == PREFIX)).one()
    gone = pictured_case(world, day.house.app.extensions["file_store"].root, "closed")
    moved = build.file_report(world, by="guest", now=day.now())
    build.act(world, moved.case, "pass_on", "operator", centre=other, reason="Thuộc Ka Đô.")
    with unit_of_work():
        db.session.get_one(Centre, other.id).phone = "0263 3847 500"
        report = db.session.get_one(Report, gone.report.id)
        erase_report(report, newest_links([report.id])[report.id], at=day.now())
    page = town.person("neighbour").page
    for filed, words in ((gone, "đã được xóa theo yêu cầu"), (moved, "Phản ánh do trung tâm thử nghiệm DN phụ trách.")):
        page.goto("/track")
        page.fill("[name=code]", filed.report.code)
        page.fill("[name=secret]", grouped_secret(filed.secret))
        with next_document(page):
            page.click("main form button.btn-primary")
        assert words in page.inner_text("main")
        for width in (320, 360, 1366):
            page.set_viewport_size({"width": width, "height": 740})
            assert [*too_wide(page, width), *barriers(page)] == [], (words, width)
        page.set_viewport_size(TELEPHONE)                                                 # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollHeight") <= MOST_SCREENS * TELEPHONE["height"], words


def test_the_result_is_rated_by_keyboard_and_without_a_script_and_the_reason_appears_where_it_is_needed(town: Town) -> None:
    house, signed_in = town.day.house, town.person("citizen")
    context = house.browser.new_context(base_url=house.address, viewport=TELEPHONE, java_script_enabled=False)  # type: ignore[arg-type]
    context.add_cookies(signed_in.context.cookies())                                      # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"/mine/{town.codes['answered']}")
    assert not page.is_visible("#reason")
    page.focus("#level-satisfied")
    page.keyboard.press("Space")
    assert not page.is_visible("#reason")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.is_checked("#level-dissatisfied")
    page.fill("#reason", ENDLESS)
    with next_document(page):
        page.click("#rating form button")
    assert page.is_visible("ol.next"), "what follows, by when"
    assert not page.is_visible("#rating form")
    assert not page.is_visible("[data-due=kept]")
    context.close()


@pytest.mark.exhaustive
def test_what_is_rated_agency_by_agency_keeps_nobody_out_and_no_word_widens_the_page(town: Town) -> None:
    page = town.person("citizen").page
    for width in (320, 360, 1366):
        page.set_viewport_size({"width": width, "height": 740})
        for story in ("rated", "answered"):
            page.goto(f"/mine/{town.codes[story]}")
            page.evaluate("document.querySelectorAll('#rating details').forEach(each => { each.open = true; })")
            assert [*too_wide(page, width), *barriers(page)] == []


def test_a_guest_finds_what_was_opened_here_the_form_and_the_way_to_sign_in(town: Town) -> None:
    page = town.person("neighbour").page
    page.set_viewport_size(TELEPHONE)                                                     # type: ignore[arg-type]
    page.goto("/mine")
    page.fill("[name=code]", town.codes["near"])
    page.fill("[name=secret]", town.secrets["near"])
    with next_document(page):
        page.click("main form button.btn-primary")
    assert page.url.endswith(f"/mine/{town.codes['near']}")
    with next_document(page):
        page.click("nav.crumbs a")
    assert page.is_visible(f"a[href='/mine/{town.codes['near']}']")
    assert page.is_visible("main a[href^='/sign-in']")
    assert [*too_wide(page, 360), *barriers(page)] == []
