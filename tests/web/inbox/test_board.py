"""The inbox on a second screen: the board with a column for each step, and the television of a desk."""
from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import Case, VisibilityReason
from tests import build
from tests.second_centre import second_world
from tests.web.desk import Office, statements_of, step
from workflows.desks import board as module


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


def columns(office: Office, name: str, asked: str = "") -> dict[str, str]:
    """The columns of somebody's board by key, as HTML."""
    page = office.get(name, f"/inbox/board{asked}").get_data(as_text=True)
    return dict(re.findall(r'<section class="bcol" aria-labelledby="b-([^"]+)">(.*?)</section>', page, re.DOTALL))


def wall(office: Office, name: str) -> str:
    return office.words(name, "/desk-wall/picture")


def some_work(office: Office) -> dict[str, Case]:
    states = ("to_verify", "to_classify", "to_distribute", "at_agency", "handling", "to_publish")
    return {state: build.case_at(office.world, state) for state in states}


def test_a_column_is_a_view_of_the_inbox_and_a_card_leads_to_its_step_and_back_there(office: Office) -> None:
    cases = some_work(office)
    shown = columns(office, "operator")
    assert list(shown) == ["verify", "classify", "distribute", "publish"], "in the order of the process, none that is empty"
    assert list(columns(office, "officer_PTNMT")) == ["accept_assignment", "submit_answer"]
    for key, state in (("verify", "to_verify"), ("distribute", "to_distribute")):
        links = [html.unescape(each) for each in re.findall(r'<a [^>]*?href="([^"]+)"', shown[key])]
        assert links == [f"/inbox?view={key}", f"{step(cases[state], key)}?back=/inbox?view%3D{key}"]
        assert cases[state].code in shown[key]
    assert columns(office, "administrator") == {}, "whom nothing waits for"
    assert "draggable" not in office.get("operator", "/inbox/board").get_data(as_text=True)


@pytest.mark.exhaustive
def test_a_column_shows_the_first_ones_and_says_how_many_are_left_and_costs_no_more(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = build.case_at(office.world, "to_distribute", now=build.NOON - timedelta(days=20))
    for _number in range(2):
        build.case_at(office.world, "to_distribute")
    office.get("operator", "/inbox/board")
    few = statements_of(lambda: office.get("operator", "/inbox/board"))
    assert few <= 4
    for _number in range(module.MOST_CARDS):
        build.case_at(office.world, "to_distribute")
    assert statements_of(lambda: office.get("operator", "/inbox/board")) == few
    column = columns(office, "operator")["distribute"]
    assert column.count("<li") == module.MOST_CARDS
    assert re.findall(r"còn \d+ nữa", words_of_html(column)) == ["còn 3 nữa"]
    assert re.findall(r"LD-\d+-\d+", column)[0] == late.code, "the first due first"
    assert len(re.findall('<ul data-page>', office.get("operator", "/desk-wall").get_data(as_text=True))) == 3
    assert statements_of(lambda: office.get("operator", "/desk-wall/picture")) <= 4
    office.get("officer_PTNMT", "/desk-wall")
    assert statements_of(lambda: office.get("officer_PTNMT", "/desk-wall")) <= 4


def words_of_html(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_what_is_on_hold_stands_in_a_column_of_its_own_and_is_not_on_the_wall(office: Office) -> None:
    case = build.case_at(office.world, "to_distribute")
    build.act(office.world, case, "hold", "ops_lead", reason="Chờ nước rút.", until=(build.NOON + timedelta(days=3)).date())
    shown = columns(office, "operator")
    assert case.code in shown["frozen"]
    assert "distribute" not in shown
    assert not re.search(r"data-page", office.get("operator", "/desk-wall/picture").get_data(as_text=True))


@pytest.mark.exhaustive
def test_the_board_has_what_the_inbox_of_the_same_person_has_and_nothing_else(office: Office) -> None:
    cases, other = some_work(office), second_world(office.world)
    office.world.people["operator_dn"] = other.people["operator"]
    theirs = build.case_at(other, "to_distribute")
    gone = build.case_at(office.world, "to_classify")
    build.act(office.world, gone, "quarantine", "operator", reason="Tố cáo cán bộ.")
    for name in ("operator", "ops_lead", "officer_PTNMT", "leader_PTNMT", "officer_HKL", "operator_dn", "committee_leader"):
        listed = set(re.findall(r"[A-Z]{2}-\d{4}-\d{6}", office.words(name, "/inbox").replace("LD-2026-000123", "")))
        found = set(re.findall(r"[A-Z]{2}-\d{4}-\d{6}", " ".join(columns(office, name).values())))
        assert found == listed, name
        assert gone.code not in found, name
    assert theirs.code in " ".join(columns(office, "operator_dn").values())
    assert cases["to_verify"].code not in " ".join(columns(office, "operator_dn").values())


def test_the_television_tells_no_title_no_words_no_code_and_nobodys_name(office: Office) -> None:
    cases = some_work(office)
    secret = build.case_at(office.world, "to_verify", words="Lời kín của người gửi. Gọi 0912 345 678.")
    private = build.case_at(office.world, "to_distribute")
    with unit_of_work():
        private.visibility_reason = db.session.scalars(select(VisibilityReason)).first()
        private.title = "Việc riêng tư"
    office.post("operator", f"{step(cases['to_distribute'], 'distribute')}/claim")
    name = office.world.people["operator"].full_name or ""
    shown = wall(office, "operator")
    assert "đã có người nhận" in shown
    assert "Phân công" in shown or "Phân phối" in shown, shown
    assert "và còn 1 việc nữa" in shown, "a sensitive case is counted and has no line"
    page = office.get("operator", "/desk-wall").get_data(as_text=True)
    titles = [case.title for case in (*cases.values(), secret) if case.title]
    codes = [case.code for case in (*cases.values(), secret, private)]
    for told in (*titles, *codes, name, "Lời kín", "0912", "Việc riêng tư", "Rác"):
        assert told not in page, told


def test_the_television_is_the_staffs_own_and_ends_with_the_session(office: Office) -> None:
    for name in ("operator", "leader_PTNMT", "confidential_reader"):
        for path in ("/inbox/board", "/desk-wall", "/desk-wall/picture"):
            assert office.get(name, path).status_code == 200, (name, path)
    assert office.get("citizen", "/desk-wall").status_code == 403
    guest = office.app.test_client()
    assert guest.get("/desk-wall").location.startswith("/sign-in")
    browser = office.browser("operator")
    first = browser.get("/desk-wall/picture")
    assert browser.get("/desk-wall/picture", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    for _hour in range(30):
        office.moment += timedelta(hours=1)
        office.clock(office.moment)
        answer = browser.get("/desk-wall/picture")
        if answer.status_code != 200:
            break
    assert answer.status_code == 302, "asking every twenty seconds keeps no session"


def test_a_page_of_the_television_that_comes_again_is_read_from_the_same_rows_as_the_board(office: Office) -> None:
    some_work(office)
    for name in ("operator", "officer_PTNMT"):
        numbers = re.findall(r'<span class="count num">(\d+)', office.get(name, "/inbox/board").get_data(as_text=True))
        steps = office.get(name, "/desk-wall/picture").get_data(as_text=True).split('class="wall-steps"')[1]
        assert re.findall(r'<b class="num">(\d+)</b>', steps) == numbers != []


# -- the filter of the inbox on the board -------------------------------------------------------------------------------


def links(page: str) -> list[str]:
    return [html.unescape(each) for each in re.findall(r'href="([^"]+)"', page)]


def test_the_filter_of_the_inbox_is_that_of_the_board_and_goes_along_from_one_to_the_other(office: Office) -> None:
    cases = some_work(office)
    urgent = build.case_at(office.world, "to_distribute", urgent=True)
    shown = columns(office, "operator", "?urgency=urgent")
    assert list(shown) == ["call_hotline", "distribute"], "an urgent one is to be called as well"
    assert (urgent.code in shown["distribute"], cases["to_distribute"].code in shown["distribute"]) == (True, False)
    assert links(shown["distribute"])[0] == "/inbox?view=distribute&urgency=urgent", "a column is the view with the filter"
    board = office.get("operator", "/inbox/board?urgency=urgent").get_data(as_text=True)
    assert "/inbox?urgency=urgent" in links(board), "as a list"
    assert "/inbox/board?urgency=urgent" in links(office.get("operator", "/inbox?urgency=urgent").get_data(as_text=True)), "as a board"
    fields = re.compile(r'<select class="form-select" id="f-([^"]+)"')
    assert fields.findall(board) == fields.findall(office.get("operator", "/inbox").get_data(as_text=True)) != []
    nothing = office.words("operator", "/inbox/board?urgency=urgent&due=late")
    assert "Không có việc nào khớp bộ lọc." in nothing
    assert list(columns(office, "operator", "?urgency=nonsense&colour=blue")) == list(columns(office, "operator"))


@pytest.mark.exhaustive
def test_the_filtered_board_has_what_the_filtered_list_has(office: Office) -> None:
    cases = some_work(office)
    field, agency = office.world.field(), office.world.agencies["PTNMT"]
    office.post("operator", f"{step(cases['to_distribute'], 'distribute')}/claim")
    for name in ("operator", "ops_lead", "officer_PTNMT", "leader_PTNMT"):
        for asked in (f"?field={field.service_code}", f"?agency={agency.ref}", "?state=to_classify", "?holder=nobody", "?waits=others",
                      f"?area={office.world.area.ref}", "?waits=officer"):  # fmt: skip
            listed = set(re.findall(r"[A-Z]{2}-\d{4}-\d{6}", office.words(name, f"/inbox{asked}").replace("LD-2026-000123", "")))
            found = set(re.findall(r"[A-Z]{2}-\d{4}-\d{6}", " ".join(columns(office, name, asked).values())))
            assert found == listed, (name, asked)


def test_a_filter_costs_the_board_no_more(office: Office) -> None:
    some_work(office)
    office.get("operator", "/inbox/board?urgency=normal")
    assert statements_of(lambda: office.get("operator", "/inbox/board?urgency=normal")) <= 4
    office.get("operator", "/inbox/board?waits=others")
    few = statements_of(lambda: office.get("operator", "/inbox/board?waits=others"))
    some_work(office)
    assert statements_of(lambda: office.get("operator", "/inbox/board?waits=others")) == few
