"""The inbox: what waits, grouped by day, narrowed by views, taken and put back."""
from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask

from casework.db import db
from casework.models import Case
from tests import build
from tests.web.desk import Office, step
from tests.web.pages import words_of
from web.inbox import position_in, position_text
from workflows.inbox import Position, codes_meant, counts_for
from workflows.models import WaitingTask

LATER = build.NOON + timedelta(days=7)


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def test_shows_what_waits_for_the_desk_first_due_first_in_groups(app: Flask) -> None:
    office = Office(app)
    late = build.case_at(office.world, "to_verify", now=build.NOON - timedelta(days=5))
    today = build.case_at(office.world, "to_verify")
    later = build.case_at(office.world, "to_distribute")
    page = office.words("operator", "/inbox")
    assert "Trễ hạn 1" in page
    places = [page.index(words) for words in (late.code, "Hôm nay", today.code, "Sau đó", later.code)]
    assert places == sorted(places)


def test_an_agency_sees_only_its_own_steps(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    assert case.code in office.words("officer_PTNMT", "/inbox")
    assert case.code not in office.words("officer_HKL", "/inbox")
    assert case.code not in office.words("operator", "/inbox")


def test_a_new_report_shows_its_first_words_to_the_centre_alone(office: Office) -> None:
    build.file_report(office.world, words="Nước suối đổi màu từ sáng nay.")
    assert "Nước suối đổi màu" in office.words("operator", "/inbox")
    assert "Nước suối đổi màu" in office.words("ops_lead", "/inbox")
    for name in ("officer_PTNMT", "administrator", "inspector", "committee_leader"):
        assert "Nước suối" not in office.words(name, "/inbox")


def test_views_narrow_to_a_step_and_count_it(office: Office) -> None:
    verify, distribute = build.case_at(office.world, "to_verify"), build.case_at(office.world, "to_distribute")
    page = office.words("operator", "/inbox?view=distribute")
    assert distribute.code in page
    assert verify.code not in page
    assert "Chờ tiếp nhận 1" in page


def test_soon_and_late_are_cut_at_the_due_instant(office: Office) -> None:
    case = build.case_at(office.world, "to_verify")
    due = build.waiting(case, "verify").due_at
    office.clock(due - timedelta(microseconds=1))
    assert case.code in office.words("operator", "/inbox?view=soon")
    assert case.code not in office.words("operator", "/inbox?view=late")
    office.clock(due)
    assert case.code not in office.words("operator", "/inbox?view=soon")
    assert case.code in office.words("operator", "/inbox?view=late")


def test_a_step_taken_is_mine_and_a_colleague_cannot_take_it_with_one_click(office: Office) -> None:
    case = build.case_at(office.world, "to_verify")
    address = step(case, "verify")
    assert office.post("operator", f"{address}/claim").status_code == 302
    assert case.code in office.words("operator", "/inbox?view=mine")
    page = office.get("operator_2", "/inbox").get_data(as_text=True)
    assert "Người Thử operator" in words_of(page)
    assert f'{address}/claim"' not in page
    office.post("operator_2", f"{address}/claim")
    assert build.waiting(case, "verify").claimed_by_id == office.world.people["operator"].id
    refused = office.post("operator_2", address, act="refuse", reason="khong_ro_noi_dung", refusal_words="Chưa rõ nơi xảy ra.")
    assert refused.status_code == 409
    assert "Chưa rõ nơi xảy ra." in words_of(refused)


def test_its_holder_and_the_operations_lead_may_put_a_step_back(office: Office) -> None:
    case = build.case_at(office.world, "to_verify")
    address = step(case, "verify")
    office.post("operator", f"{address}/claim")
    assert office.post("operator_2", f"{address}/release").status_code == 403
    assert office.post("ops_lead", f"{address}/release").status_code == 302
    assert build.waiting(case, "verify").claimed_by_id is None


def test_the_agencys_leader_and_the_operations_lead_may_put_an_officers_step_back(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    address = step(case, "accept_assignment")
    for name in ("leader_PTNMT", "ops_lead"):
        office.post("officer_PTNMT", f"{address}/claim")
        assert build.waiting(case, "accept_assignment").claimed_by_id == office.world.people["officer_PTNMT"].id
        answer = office.post(name, f"{address}/release", to="task")
        assert (answer.status_code, answer.location) == (302, "/inbox?view=all")
        assert build.waiting(case, "accept_assignment").claimed_by_id is None
    office.post("officer_PTNMT", f"{address}/claim")
    assert office.post("leader_HKL", f"{address}/release").status_code == 404
    assert office.post("officer_2_PTNMT", f"{address}/release").status_code == 403


def test_a_step_of_another_desk_cannot_be_taken(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    address = step(case, "accept_assignment")
    assert office.post("operator", f"{address}/claim").status_code == 404
    assert office.post("operator", f"{address}/release").status_code == 404


def test_is_found_by_its_code_or_its_last_digits(office: Office) -> None:
    case, other = build.case_at(office.world, "to_verify"), build.case_at(office.world, "to_distribute")
    for words in (case.code, case.code.lower(), "1"):
        page = office.words("operator", f"/inbox?q={words}")
        assert case.code in page
        assert other.code not in page


def test_a_case_without_a_step_for_me_is_offered_to_be_read_if_i_may(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    assert f"/cases/{case.ref}" in office.get("operator", f"/inbox?q={case.code}").get_data(as_text=True)
    assert f"/cases/{case.ref}" not in office.get("officer_HKL", f"/inbox?q={case.code}").get_data(as_text=True)


def test_goes_on_page_by_page_without_losing_or_repeating_one(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = {build.case_at(office.world, "to_verify", now=build.NOON + timedelta(minutes=n // 2)).code for n in range(5)}
    monkeypatch.setattr("web.inbox.PER_PAGE", 2)
    found: list[str] = []
    address: str | None = "/inbox"
    while address:
        html = office.get("operator", address).get_data(as_text=True)
        found += [code for code in codes if f">{code}</span>" in html]
        address = html.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&") if 'rel="next"' in html else None
    assert sorted(found) == sorted(codes)


@pytest.mark.parametrize("text", ["", "x", "1-", "-1", "1-x", "9" * 39 + "-1", "١-1"])
def test_an_address_that_names_no_place_begins_at_the_start(text: str) -> None:
    assert position_in(text) is None


def test_a_place_in_the_list_survives_the_address() -> None:
    place = Position(build.NOON + timedelta(microseconds=1), 12)
    assert position_in(position_text(place)) == place


def test_an_empty_inbox_says_so(office: Office) -> None:
    assert "Không có việc nào đang chờ." in office.words("inspector", "/inbox")


@pytest.mark.parametrize("words", ["", "LD", "LD-2026", "xin chào", "LD-2026-abc", "1234567"])
def test_words_that_are_no_code_mean_none(office: Office, words: str) -> None:
    assert codes_meant(words, now=build.NOON) == ()


def test_the_page_costs_the_same_number_of_statements_at_any_length(office: Office) -> None:
    def statements() -> int:
        seen: list[str] = []
        listen = lambda *arguments: seen.append(arguments[2])  # noqa: E731
        from sqlalchemy import event

        event.listen(db.engine, "before_cursor_execute", listen)
        office.words("operator", "/inbox")
        event.remove(db.engine, "before_cursor_execute", listen)
        return len(seen)

    build.case_at(office.world, "to_verify")
    office.words("operator", "/inbox")
    few = statements()
    for _ in range(4):
        build.case_at(office.world, "to_verify")
    assert statements() == few


def test_every_element_of_the_inbox_has_a_label(office: Office) -> None:
    build.case_at(office.world, "rating")
    from web.inbox_views import ELEMENT_LABELS
    from web.tasks import PAGES

    assert set(ELEMENT_LABELS) == set(PAGES)
    assert db.session.query(WaitingTask).count() > 0


def test_what_rests_with_its_case_is_in_a_view_of_its_own_and_comes_back(app: Flask) -> None:
    office = Office(app)
    case = build.case_at(office.world, "handling")
    build.act(office.world, case, "hold", "ops_lead", reason="Chờ nước rút.", until=date(2026, 3, 9))
    assert case.code not in office.words("officer_PTNMT", "/inbox")
    page = office.get("officer_PTNMT", "/inbox?view=frozen").get_data(as_text=True)
    assert case.code in page
    assert f'href="/cases/{case.ref}"' in page, "the step itself cannot be done: its row leads to the case"
    assert "đến 09/03/2026" in words_of(page)
    assert f"/tasks/{frozen(case).ref}/claim" not in page
    assert case.code not in office.words("officer_HKL", "/inbox?view=frozen")
    build.do(office.world, case, "resume", "ops_lead")
    office.clock(build.next_moment(case))
    assert case.code in office.words("officer_PTNMT", "/inbox")
    assert case.code not in office.words("officer_PTNMT", "/inbox?view=frozen")


def waits_for_its_reporter(office: Office) -> Case:
    case = build.case_at(office.world, "handling")
    build.act(office.world, case, "ask_reporter", "operator", report=case.main_report, words="Ở đoạn nào?", working_days=3,
              when_unanswered="continue")
    return case


def is_referred(office: Office) -> Case:
    case = build.case_at(office.world, "handling")
    build.act(office.world, case, "refer", "operator", body="Điện lực Lâm Đồng", reason="Thuộc lưới điện.")
    return case


@pytest.mark.parametrize(("rest", "why"), [(waits_for_its_reporter, "Chờ người phản ánh"), (is_referred, "Đã chuyển cơ quan khác")])
def test_a_step_that_rests_says_why(office: Office, rest: Callable[[Office], Case], why: str) -> None:
    case = rest(office)
    office.clock(build.next_moment(case))
    page = office.words("officer_PTNMT", "/inbox?view=frozen")
    assert case.code in page
    assert why in page
    for view in ("all", "mine", "soon", "late", "submit_answer"):
        assert case.code not in office.words("officer_PTNMT", f"/inbox?view={view}"), view


def test_what_rests_is_in_no_other_number(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    build.act(office.world, case, "refer", "operator", body="Điện lực Lâm Đồng", reason="Thuộc lưới điện.")
    counts = counts_for(office.world.actor("officer_PTNMT"), now=office.moment)
    assert (counts.all, counts.frozen) == (0, 1)


def frozen(case: Case) -> WaitingTask:
    return db.session.query(WaitingTask).filter_by(case_id=case.id, state="frozen").one()
