"""What was public of places before anybody had to let it out is hidden, and listed until somebody has decided on each."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from casework.db import db, unit_of_work
from casework.intake.file_report import Place
from casework.models import Case, SearchRow
from casework.places.villages import waiting_words
from casework.rights.erasing_people import erase_report
from tests import build
from tests.casework.acting import payload
from tests.conftest import client_of
from tests.second_centre import second_world
from tests.web.desk import Office, statements_of, step
from tests.web.pages import words_of
from tests.web.steps.test_triage import classify_form
from web.watching.figures import count
from web.watching.findings import findings
from web.watching.surroundings import surroundings

PAGE = "/unreleased-villages"
PLAIN, TYPED = "Đường Bi Đúp", "Nhà bà Zýndar số nhà 45/3, 0912345678"


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def waiting(office: Office, words: str, state: str = "closed") -> Case:
    """A case as the migration leaves it whose sender had typed these words."""
    case = build.case_at(office.world, state, place=Place(area=office.world.area, village=words))
    with unit_of_work():
        row = db.session.merge(case)
        row.village, row.village_in_clear = None, words
    return case


def decided(office: Office, act: str, *cases: Case, by: str = "ops_lead", **fields: str) -> Any:
    form = {f"words-{case.ref}": waiting_words(case) or "" for case in cases} | fields
    return office.post(by, PAGE, act=act, pick=[case.ref for case in cases], **form)


def shown_words(page: Any) -> list[str]:
    return [words for words in (PLAIN, "Zýndar", "0912345678") if words in page.get_data(as_text=True)]


def test_they_are_listed_to_the_operations_lead_with_neutral_words_and_a_line_in_the_inbox(office: Office) -> None:
    assert "Địa bàn chưa ai cho công khai" not in office.words("ops_lead", "/inbox")
    plain, typed = waiting(office, PLAIN), waiting(office, TYPED, "handling")
    assert "Địa bàn chưa ai cho công khai 2" in office.words("ops_lead", "/inbox")
    assert "Địa bàn chưa ai cho công khai" not in office.words("operator", "/inbox")
    page = office.get("ops_lead", PAGE)
    assert shown_words(page) == [PLAIN, "Zýndar", "0912345678"]
    assert f'name="words-{plain.ref}" value="{PLAIN}"' in page.get_data(as_text=True)
    assert f'name="words-{typed.ref}" value="Nhà bà Zýndar số nhà [số nhà], [số điện thoại]"' in page.get_data(as_text=True)
    assert words_of(page).index(typed.code) < words_of(page).index(plain.code)


@pytest.mark.parametrize("name", ["officer_PTNMT", "leader_PTNMT", "committee_leader", "administrator", "inspector", "confidential_reader"])
def test_nobody_else_reads_the_list(office: Office, name: str) -> None:
    waiting(office, PLAIN)
    page = office.get(name, PAGE)
    assert page.status_code == 403
    assert shown_words(page) == []


@pytest.mark.exhaustive
def test_what_waits_stands_nowhere_else(office: Office) -> None:
    case = waiting(office, TYPED)
    for path in ("/reports", "/reports?state=open", "/reports.atom?state=open", f"/reports/{case.code}", "/reports.csv",
                 "/reports.json", "/reports?q=zyndar", "/reports.atom"):
        assert shown_words(client_of(office.app).get(path)) == [], path
    for name in ("officer_PTNMT", "committee_leader"):
        for path in (f"/cases/{case.ref}?tab=all", "/search?q=zyndar", "/dashboard"):
            assert shown_words(office.get(name, path)) == [], path


def test_words_are_let_out_as_they_stood_replaced_or_left_unsaid_and_each_is_an_event(office: Office) -> None:
    as_it_is, other, unsaid = (waiting(office, PLAIN) for _ in range(3))
    assert decided(office, "release", as_it_is).status_code == 200
    assert decided(office, "release", other, **{f"words-{other.ref}": "thon pang tieng"}).status_code == 200
    assert decided(office, "leave", unsaid).status_code == 200
    assert [(case.village, waiting_words(case)) for case in (as_it_is, other, unsaid)] == [
        (PLAIN, None), ("Thôn Păng Tiêng", None), (None, None)]
    assert [payload(case) for case in (as_it_is, other, unsaid)] == [{"village": "released"}, {"village": "listed"}, {"village": "unsaid"}]
    assert db.session.query(SearchRow).filter_by(case_id=as_it_is.id, audience="agencies").one().exact_words.count(PLAIN) == 1
    assert "Công khai thôn hoặc đường" in office.words("ops_lead", f"/cases/{as_it_is.ref}?tab=all")
    assert "Không còn gì chờ" in office.words("ops_lead", PAGE)


def test_several_are_let_out_at_once_but_none_with_marks_of_a_person_unconfirmed(office: Office) -> None:
    first, second, typed = waiting(office, PLAIN), waiting(office, PLAIN), waiting(office, TYPED)
    answer = decided(office, "release", first, second, typed)
    assert answer.status_code == 422
    assert "Lời này có thể còn cho biết về một người." in words_of(answer)
    assert [case.village for case in (first, second, typed)] == [PLAIN, PLAIN, None]
    [mark] = [part.split('"')[0] for part in answer.get_data(as_text=True).split(f'name="seen-{typed.ref}" value="')[1:]]
    changed = decided(office, "release", typed, **{f"seen-{typed.ref}": mark, f"words-{typed.ref}": f"{TYPED}!"})
    assert (changed.status_code, typed.village) == (422, None)
    assert decided(office, "release", typed, **{f"seen-{typed.ref}": mark}).status_code == 200
    assert typed.village == TYPED


def test_who_comes_second_is_told_and_changes_nothing(office: Office) -> None:
    case = waiting(office, PLAIN)
    assert decided(office, "leave", case).status_code == 200
    answer = decided(office, "release", case, by="operator", **{f"words-{case.ref}": PLAIN})
    assert "Địa bàn của hồ sơ này đã có người quyết định." in words_of(answer)
    assert case.village is None
    assert decided(office, "release").status_code == 422


def test_another_centre_neither_reads_nor_decides(office: Office) -> None:
    case = waiting(office, PLAIN)
    other = second_world(office.world)
    office.world.people.update({name: account for name, account in other.people.items() if name not in office.world.people})
    stranger = next(name for name, account in office.world.people.items() if account is other.people["ops_lead"])
    assert shown_words(office.get(stranger, PAGE)) == []
    assert decided(office, "leave", case, by=stranger).status_code == 422
    assert waiting_words(case) == PLAIN


def test_classifying_with_words_settles_what_waited_and_without_leaves_it(office: Office) -> None:
    case, other = waiting(office, PLAIN, "to_classify"), waiting(office, PLAIN, "to_classify")
    office.post("operator", step(case, "classify"), **classify_form(office, village=PLAIN))
    office.post("operator", step(other, "classify"), **classify_form(office, village=""))
    assert [(each.village, waiting_words(each)) for each in (case, other)] == [(PLAIN, None), (None, PLAIN)]


def test_quarantine_and_erasure_take_it_along(office: Office) -> None:
    apart, forgotten = waiting(office, TYPED, "handling"), waiting(office, TYPED)
    build.act(office.world, apart, "quarantine", "operator", reason="Tố cáo cán bộ có tên, theo Luật Tố cáo.")
    with unit_of_work():
        row = db.session.merge(forgotten)
        erase_report(row.main_report, row.reports[0], at=build.NOON + timedelta(days=90))
    assert [waiting_words(case) for case in (apart, forgotten)] == [None, None]
    assert shown_words(office.get("ops_lead", PAGE)) == []


def test_the_health_page_says_so_while_any_waits(office: Office) -> None:
    def keys() -> set[str]:
        return {each.key for each in findings(count(office.app, office.moment), surroundings())}

    case = waiting(office, PLAIN)
    assert "villages_unreleased" in keys()
    decided(office, "leave", case)
    assert "villages_unreleased" not in keys()


@pytest.mark.exhaustive
def test_a_page_costs_the_same_however_many_wait(office: Office) -> None:
    waiting(office, PLAIN)
    office.get("ops_lead", PAGE)
    few = statements_of(lambda: office.get("ops_lead", PAGE))
    for _ in range(4):
        waiting(office, PLAIN)
    assert statements_of(lambda: office.get("ops_lead", PAGE)) == few
