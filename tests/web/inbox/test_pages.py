"""The inbox: what waits, grouped by day, narrowed by views, taken and put back."""
from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from html import escape, unescape
from urllib.parse import quote, unquote

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from casework.calendars import RULES_STREAM
from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.erasure.quarantine import HandOverInput, hand_over
from casework.events import append
from casework.inbox.saved_filters import MOST_KEPT, keep_filter
from casework.models import Agency, Case, Centre, Deputy, LoginSession, Membership, Note, SavedFilter, VisibilityReason
from casework.permissions import SYSTEM, Actor, Grant, Role
from casework.privacy.identity import Contact
from casework.rights.breaches import AUTHORITY, BreachFacts, lock_breach, open_breach, record_notice
from casework.search.rows import refresh_search_rows
from casework.search.staff_choices import work_choices
from tests import build
from tests.second_centre import of_the_installation, second_world
from tests.web.desk import Office, statements_of, step
from tests.web.pages import words_of
from web.filters import local_datetime
from web.inbox.groups import position_in, position_text
from workflows.desks.inbox import Position, codes_meant, counts_for, page_of
from workflows.desks.inbox_filters import InboxQuery
from workflows.drafting.drafts import hand_in, start_draft
from workflows.models import ProcessVersion, WaitingTask
from workflows.running import steps
from workflows.versions.live import FIELD_REPORT

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


def test_what_the_filter_offers_is_kept_until_the_rules_change_and_apart_for_those_who_work_elsewhere(office: Office) -> None:
    first, again = (statements_of(lambda: office.words("operator", "/inbox")) for _ in range(2))
    assert again <= first - 3
    elsewhere = second_world(office.world).centre
    with unit_of_work():
        renamed = db.session.scalars(select(Agency).where(Agency.key == "PTNMT", Agency.centre_id == office.world.centre.id)).one()
        renamed.short_name_vi = "Phòng vừa đổi tên"
        append(RULES_STREAM, "change_setting", by=SYSTEM, at=build.NOON, payload={})
    assert "Phòng vừa đổi tên" in office.words("operator", "/inbox")
    assert "Phòng vừa đổi tên" not in {name for _ref, name in _offered(elsewhere)}


def _offered(centre: Centre) -> tuple[tuple[str, str], ...]:
    there = Actor(account=None, grants=(Grant(Role.OPERATOR, centre_id=centre.id, agency_id=None),))
    return tuple((ref, name.vi) for ref, name in work_choices(there, now=build.NOON).agencies)


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


def test_what_a_deputy_took_is_anybodys_of_the_desk_once_the_deputyship_is_over(office: Office) -> None:
    case, people = build.case_at(office.world, "approval"), office.world.people
    with unit_of_work():
        db.session.add(Deputy(principal_id=people["leader_PTNMT"].id, deputy_id=people["officer_HKL"].id,
                              starts_at=build.NOON - timedelta(days=1), ends_at=build.NOON + timedelta(days=1),
                              created_by_id=people["administrator"].id))  # fmt: skip
    address = step(case, "approve_answer")
    office.post("officer_HKL", f"{address}/claim")
    held = office.words("leader_PTNMT", address)
    assert "Người Thử officer_HKL đã nhận" in held
    assert "Trả về việc chung" in held, "who is stood in for can put it back"
    seen = office.get("ops_lead", f"/cases/{case.ref}?tab=all").get_data(as_text=True)
    assert "Người Thử officer_HKL đã nhận" in words_of(seen)
    assert f'{address}/release"' in seen, "and so can the operations lead, on the page of the case"
    back = office.post("ops_lead", f"{address}/release", to="case", case=case.ref)
    assert (back.status_code, back.location) == (302, f"/cases/{case.ref}")
    office.post("officer_HKL", f"{address}/claim")
    office.clock(build.NOON + timedelta(days=1))
    page = office.get("leader_PTNMT", "/inbox").get_data(as_text=True)
    assert f'{address}/claim"' in page
    assert "Người Thử officer_HKL" not in words_of(page)
    assert "Người Thử officer_HKL" not in office.words("ops_lead", f"/cases/{case.ref}?tab=all").partition("Lịch sử")[0]
    assert office.post("leader_PTNMT", f"{address}/claim").status_code == 302
    assert build.waiting(case, "approve_answer").claimed_by_id == people["leader_PTNMT"].id


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


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("words", ["bien quang cao", "cáo biển", "klong klanh"])
def test_is_found_by_words_with_or_without_accents_and_by_its_place(app: Flask, words: str) -> None:
    office = Office(app)
    case, other = build.case_at(office.world, "at_agency"), build.case_at(office.world, "at_agency")
    with unit_of_work():
        case.title = "Biển quảng cáo che khuất tầm nhìn"
        case.village = "Thôn Klong Klanh"
        refresh_search_rows(case, at=office.moment)
    for name in ("officer_PTNMT", "operator"):
        page = office.words(name, f"/inbox?q={words}")
        assert (case.code in page) == (name != "operator"), "only what waits for the person"
        assert other.code not in page


def test_words_find_nothing_of_a_case_taken_out_and_nothing_on_another_desk(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    with unit_of_work():
        case.title = "Biển quảng cáo che khuất tầm nhìn"
        refresh_search_rows(case, at=office.moment)
    assert case.code not in office.words("officer_HKL", "/inbox?q=quang+cao")
    assert case.code in office.words("officer_PTNMT", "/inbox?q=quang+cao")
    build.act(office.world, case, "quarantine", "ops_lead", reason="Có dấu hiệu tố cáo.")
    assert case.code not in office.words("officer_PTNMT", "/inbox?q=quang+cao")


@pytest.mark.parametrize("words", ["%", "_", "' OR 1=1 --", "&|!"])
def test_signs_of_a_query_language_are_no_words(office: Office, words: str) -> None:
    case = build.case_at(office.world, "to_verify")
    assert case.code not in office.words("operator", f"/inbox?q={quote(words)}")


def test_the_steps_of_one_case_stand_together_and_the_case_is_told_once(office: Office) -> None:
    case, other = build.case_at(office.world, "to_distribute", urgent=True), build.case_at(office.world, "to_classify")
    with unit_of_work():
        for number, (of, element) in enumerate([(case, "call_hotline"), (other, "classify"), (case, "distribute")]):
            build.waiting(of, element).due_at = office.moment + timedelta(hours=1 + number)
    html = office.get("operator", "/inbox").get_data(as_text=True)
    rows = re.findall(r'<tr role="row" id="t-([^"]+)" data-row class="([^"]*)"', html)
    assert [(ref, "goes-on" in told) for ref, told in rows] == [
        (step(case, "call_hotline").rpartition("/")[2], False), (step(case, "distribute").rpartition("/")[2], True),
        (step(other, "classify").rpartition("/")[2], False),
    ]  # fmt: skip
    assert html.count(f'<span class="code">{case.code}</span>') == 1


def test_what_a_colleague_holds_comes_after_what_the_person_can_do(office: Office) -> None:
    first, second, third = (build.case_at(office.world, "to_classify", now=build.NOON + timedelta(minutes=each)) for each in range(3))
    with unit_of_work():
        steps.claim(build.waiting(first, "classify").ref, by=office.world.actor("operator_2"), now=office.moment)
        steps.claim(build.waiting(second, "classify").ref, by=office.world.actor("operator"), now=office.moment)
    html = office.get("operator", "/inbox").get_data(as_text=True)
    places = [html.index(f'<span class="code">{case.code}</span>') for case in (second, third, first)]
    assert places == sorted(places)


def test_views_with_nothing_in_them_are_folded_except_the_one_that_is_open(office: Office) -> None:
    build.case_at(office.world, "to_verify")
    shown, folded = office.get("operator", "/inbox").get_data(as_text=True).split("data-idle>")
    assert 'data-view="verify"' in shown
    assert 'data-view="mine"' not in shown
    assert 'data-view="mine"' in folded.partition("</details>")[0]
    shown = office.get("operator", "/inbox?view=mine").get_data(as_text=True).partition("data-idle>")[0]
    assert 'data-view="mine" aria-current' in shown


def test_a_case_without_a_step_for_me_is_offered_to_be_read_if_i_may(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    assert f"/cases/{case.ref}" in office.get("operator", f"/inbox?q={case.code}").get_data(as_text=True)
    assert f"/cases/{case.ref}" not in office.get("officer_HKL", f"/inbox?q={case.code}").get_data(as_text=True)


def test_goes_on_page_by_page_without_losing_or_repeating_one(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = {build.case_at(office.world, "to_verify", now=build.NOON + timedelta(minutes=n // 2)).code for n in range(5)}
    monkeypatch.setattr("web.inbox.pages.PER_PAGE", 2)
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
        return statements_of(lambda: office.words("operator", "/inbox"))

    build.case_at(office.world, "to_verify")
    office.words("operator", "/inbox")
    few = statements()
    for _ in range(4):
        build.case_at(office.world, "to_verify")
    assert statements() == few


def test_every_element_of_the_inbox_has_a_label(office: Office) -> None:
    build.case_at(office.world, "rating")
    from web.inbox.views import ELEMENT_LABELS
    from web.steps.pages import PAGES

    assert set(ELEMENT_LABELS) == set(PAGES)
    assert db.session.query(WaitingTask).count() > 0


def test_what_rests_with_its_case_is_in_a_view_of_its_own_and_comes_back(app: Flask) -> None:
    office = Office(app)
    case = build.case_at(office.world, "handling")
    build.act(office.world, case, "hold", "ops_lead", reason="Chờ nước rút.", until=date(2026, 3, 9))
    assert case.code not in office.words("officer_PTNMT", "/inbox")
    page = office.get("officer_PTNMT", "/inbox?view=frozen").get_data(as_text=True)
    assert case.code in page
    assert f'href="/cases/{case.ref}?back=' in page, "the step itself cannot be done: its row leads to the case"
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


# -- filters, kept filters ---------------------------------------------------------------------------------------------


def html(office: Office, name: str, address: str) -> str:
    return office.get(name, address).get_data(as_text=True)


def test_a_filter_combines_with_its_view_and_says_what_it_hides(office: Office) -> None:
    plain, urgent = build.case_at(office.world, "to_distribute"), build.case_at(office.world, "to_distribute", urgent=True)
    verify = build.case_at(office.world, "to_verify")
    page = office.words("operator", "/inbox?view=distribute&urgency=urgent")
    assert urgent.code in page
    assert plain.code not in page
    assert verify.code not in page
    assert "1 việc khác ngoài bộ lọc." in page
    assert "Mức độ: Khẩn" in page
    nothing = html(office, "operator", "/inbox?view=distribute&source=camera&state=to_distribute")
    assert "Không có việc nào khớp bộ lọc." in words_of(nothing)
    assert "2 việc khác ngoài bộ lọc." in words_of(nothing)
    assert 'href="/inbox?view=distribute"' in nothing, "one click clears it and keeps the view"
    assert 'href="/inbox?view=distribute&amp;state=to_distribute"' in nothing, "and each part can be taken away alone"
    senseless = office.words("operator", "/inbox?state=no_such&urgency=%27x&area=' or 1&due=never&waits=nobody&whose=x")
    assert plain.code in senseless or "Không có việc nào khớp bộ lọc." in senseless


def test_what_waits_for_others_leads_to_the_case_and_says_who_waits_since_when(office: Office) -> None:
    asked = build.case_at(office.world, "at_agency")
    task = build.waiting(asked, "accept_assignment")
    with unit_of_work():
        steps.claim(task.ref, by=office.world.actor("officer_PTNMT"), now=build.NOON)
    page = html(office, "operator", "/inbox?waits=officer")
    assert f'href="/cases/{asked.ref}?back=' in page
    assert f'href="/tasks/{task.ref}?' not in page
    assert f"/tasks/{task.ref}/claim" not in page
    assert "Người Thử officer_PTNMT" in words_of(page)
    assert f"từ {local_datetime(task.entered_at)}" in words_of(page)
    assert "Đang chờ: Cán bộ đơn vị" in words_of(page)
    assert f"/tasks/{task.ref}/assign" not in page, "the centre does not give out the agency's work"
    assert f"/tasks/{task.ref}/assign" in html(office, "leader_PTNMT", "/inbox?waits=team")
    for name in ("leader_HKL", "officer_HKL", "committee_leader"):
        assert asked.code not in office.words(name, "/inbox?waits=officer")


def keep(office: Office, who: str, **form: str) -> TestResponse:
    return office.browser(who).post("/inbox/filters", data=form)


def test_a_filter_is_kept_shared_renamed_and_removed_by_who_may(office: Office) -> None:
    build.case_at(office.world, "to_distribute", urgent=True)
    keep(office, "operator", name="Khẩn cần chia", view="distribute", urgency="urgent", junk="x", state="no_such")
    page = html(office, "operator", "/inbox")
    assert 'href="/inbox?view=distribute&amp;urgency=urgent"' in page
    assert "Khẩn cần chia 1" in words_of(page)
    assert "Khẩn cần chia" not in office.words("operator_2", "/inbox")
    centre, agency = office.world.centre, office.world.agencies["PTNMT"]
    for who, place, text in (("operator", centre, "Chung trung tâm"), ("officer_PTNMT", agency, "Chung đơn vị")):
        assert keep(office, who, name=text, urgency="urgent", shared=place.ref).status_code == 302
    assert "Chung trung tâm" in office.words("operator_2", "/inbox")
    assert "Chung đơn vị" not in office.words("operator_2", "/inbox")
    assert "Chung đơn vị" in office.words("officer_2_PTNMT", "/inbox")
    assert "Chung" not in office.words("officer_HKL", "/inbox")
    refs = {row.name: row.ref for row in db.session.query(SavedFilter)}
    assert office.post("operator_2", f"/inbox/filters/{refs['Chung trung tâm']}/remove").status_code == 403
    for verb in ("rename", "remove"):
        for ref in (refs["Khẩn cần chia"], refs["Chung đơn vị"], "0000000000000000"):
            assert office.browser("operator_2").post(f"/inbox/filters/{ref}/{verb}", data={"name": "Của tôi"}).status_code == 404
    assert office.browser("ops_lead").post(
        f"/inbox/filters/{refs['Chung trung tâm']}/rename", data={"name": "Của cả tổ"}
    ).status_code == 302
    assert "Của cả tổ" in office.words("operator", "/inbox/filters")
    assert office.post("leader_PTNMT", f"/inbox/filters/{refs['Chung đơn vị']}/remove").status_code == 302
    # not with others' people, not without a choice or a name, not without end; what was typed stays
    other = office.world.agencies["HKL"].ref
    assert keep(office, "operator", name="Lạ", urgency="urgent", shared=other).status_code == 422
    refused = keep(office, "operator", name="", urgency="urgent")
    assert refused.status_code == 422
    assert 'name="urgency" value="urgent"' in refused.get_data(as_text=True)
    assert keep(office, "operator", name="Rỗng").status_code == 422
    for number in range(MOST_KEPT):
        last = keep(office, "operator", name=f"Bộ {number}", urgency="urgent")
    assert last.status_code == 422
    assert f"tối đa {MOST_KEPT}" in words_of(last)
    assert keep(office, "operator", name="Bộ 0", urgency="normal").status_code == 302, "the same name is the same filter"


# -- coming back -------------------------------------------------------------------------------------------------------


def test_view_filter_and_page_survive_opening_a_step_and_performing_it(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    first, case = build.case_at(office.world, "to_verify"), build.case_at(office.world, "to_verify")
    monkeypatch.setattr("web.inbox.pages.PER_PAGE", 1)
    place = position_text(Position(build.waiting(first, "verify").due_at, build.waiting(first, "verify").id))
    here = f"/inbox?view=verify&urgency=normal&after={place}"
    link = re.search(r'href="(/tasks/[^"]+)"', html(office, "operator", here))
    assert link is not None
    address = unescape(link[1])
    assert step(case, "verify") in address
    page = html(office, "operator", address)
    ref = build.waiting(case, "verify").ref
    assert f'href="{escape(here)}#t-{ref}"' in page
    assert office.post("operator", address, act="refuse", reason="khong_ro_noi_dung").status_code == 422
    answer = office.post("operator", address, act="refuse", reason="khong_ro_noi_dung", refusal_words="Chưa rõ nơi xảy ra.")
    assert unquote(str(answer.location)) == f"{step(first, 'verify')}?back={here}", "the next one, which is on the page before"
    taken = office.post("operator", f"{step(first, 'verify')}/claim", back=here)
    assert taken.location == f"{here}#t-{build.waiting(first, 'verify').ref}"


@pytest.mark.parametrize("back", ["https://evil.example/inbox", "//evil.example/inbox", "/\\evil.example/inbox", "/cases/x?view=all",
                                  "/inbox/../sign-out", "javascript:alert(1)", "/inbox?x=" + "y" * 700])  # fmt: skip
def test_the_way_back_leads_nowhere_but_to_the_inbox(office: Office, back: str) -> None:
    case = build.case_at(office.world, "to_verify")
    page = office.browser("operator").get(step(case, "verify"), query_string={"back": back}).get_data(as_text=True)
    assert 'href="/inbox" aria-label' in page
    form = {"act": "refuse", "reason": "khong_ro_noi_dung", "refusal_words": "Chưa rõ."}
    answer = office.browser("operator").post(step(case, "verify"), query_string={"back": back}, data=form)
    assert answer.location == "/inbox"


# -- several at once ---------------------------------------------------------------------------------------------------


def refs_of(*cases: Case) -> list[str]:
    waiting = db.session.query(WaitingTask).filter_by(state="waiting").order_by(WaitingTask.id)
    return [waiting.filter_by(case_id=case.id).first().ref for case in cases]


def results(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200, answer.location
    return re.findall(r'data-result="(\w+)"', answer.get_data(as_text=True))


@pytest.mark.exhaustive
def test_taking_and_putting_back_several_answers_for_each_and_twice_does_no_harm(office: Office) -> None:
    free, held, done, foreign = (build.case_at(office.world, "to_verify") for _ in range(4))
    tasks = [*refs_of(free, held, done), build.waiting(build.case_at(office.world, "at_agency"), "accept_assignment").ref, "no-such-step"]
    office.post("operator_2", f"/tasks/{tasks[1]}/claim")
    build.verify(office.world, done)
    answer = office.post("operator", "/inbox/bulk/claim", task=tasks)
    assert results(answer) == ["done", "refused", "already", "refused", "refused"]
    assert "Người Thử operator_2 đã nhận bước này" in words_of(answer)
    assert "đã thực hiện bước" in words_of(answer)
    assert results(office.post("operator", "/inbox/bulk/claim", task=tasks[:1])) == ["already"]
    assert results(office.post("operator", "/inbox/bulk/release", task=tasks[:2])) == ["done", "refused"]
    assert results(office.post("operator", "/inbox/bulk/release", task=tasks[:1])) == ["already"]
    assert build.waiting(held, "verify").claimed_by_id == office.world.people["operator_2"].id
    for many in ([], [f"step-{number}" for number in range(51)]):
        assert office.post("operator", "/inbox/bulk/claim", task=many, back="/inbox?view=late").location == "/inbox?view=late"
    assert foreign.code not in words_of(answer)


def test_several_are_given_to_a_colleague_but_none_is_taken_from_one(office: Office) -> None:
    free, held = build.case_at(office.world, "to_verify"), build.case_at(office.world, "to_verify")
    tasks, to = refs_of(free, held), office.world.people["operator_2"].ref
    office.post("operator", f"/tasks/{tasks[1]}/claim")
    asked = office.post("ops_lead", "/inbox/bulk/assign", task=tasks)
    assert free.code in words_of(asked)
    assert build.waiting(free, "verify").claimed_by_id is None, "nothing is done before the colleague is named"
    assert office.post("ops_lead", "/inbox/bulk/assign", task=tasks, sent="yes", to="somebody").status_code == 422
    answer = office.post("ops_lead", "/inbox/bulk/assign", task=tasks, sent="yes", to=to)
    assert results(answer) == ["done", "refused"]
    assert f"/tasks/{tasks[1]}/assign" in answer.get_data(as_text=True)
    assert results(office.post("ops_lead", "/inbox/bulk/assign", task=tasks[:1], sent="yes", to=to)) == ["already"]
    assert office.post("operator", "/inbox/bulk/assign", task=tasks, sent="yes", to=to).status_code == 403
    page = office.words("operator_2", "/inbox")
    assert "Ông/Bà được giao một việc:" in page
    assert free.code in page
    office.post("operator_2", "/inbox/notices")
    assert "Ông/Bà được giao một việc:" not in office.words("operator_2", "/inbox")


def test_several_are_classified_each_keeping_its_place_and_none_without_one(office: Office) -> None:
    first, placeless, other = (build.case_at(office.world, state) for state in ("to_classify", "to_classify", "to_verify"))
    with unit_of_work():
        first.area_id, first.village = office.world.areas["xa da chais"].id, "Thôn Klong Klanh"
        placeless.area_id = None
    tasks = refs_of(first, placeless, other)
    form = {"task": tasks, "sent": "yes", "field": office.world.field().service_code, "urgency": "normal", "complexity": "simple"}
    assert office.post("operator", "/inbox/bulk/classify", **{**form, "field": "no_such"}).status_code == 422
    answer = office.post("operator", "/inbox/bulk/classify", **form)
    assert results(answer) == ["done", "refused", "refused"]
    assert "Hồ sơ chưa rõ địa bàn." in words_of(answer)
    db.session.expire_all()
    assert (first.state, first.complexity) == ("to_distribute", "simple")
    assert (first.area.folded_name, first.village) == ("xa da chais", "Thôn Klong Klanh")
    assert (placeless.state, other.state) == ("to_classify", "to_verify")
    assert results(office.post("operator", "/inbox/bulk/classify", **form))[0] == "already"


def test_several_agencies_are_reminded_and_several_cases_noted_once_though_sent_twice(office: Office) -> None:
    at_agency, new = build.case_at(office.world, "handling"), build.case_at(office.world, "to_verify")
    tasks = [build.waiting(at_agency, "submit_answer").ref, *refs_of(new)]
    key = {"csrf_token": f"~{'k' * 16}"}
    for states in (["done", "refused"], ["already", "refused"]):
        assert results(office.post("operator", "/inbox/bulk/remind", **key, task=tasks, sent="yes", words="Sắp đến hạn.")) == states
    asked = office.post("operator", "/inbox/bulk/note", task=tasks)
    assert asked.status_code == 200
    assert office.post("operator", "/inbox/bulk/note", task=tasks, sent="yes", audience="centre", words=" ").status_code in (200, 422)
    form = {**key, "task": tasks, "sent": "yes", "audience": "centre", "words": "Họp sáng mai."}
    for states in (["done", "done"], ["already", "already"]):
        assert results(office.post("operator", "/inbox/bulk/note", **form)) == states
    bodies = sorted(row.body for row in db.session.query(Note))
    assert bodies == ["Họp sáng mai.", "Họp sáng mai.", "Sắp đến hạn."]
    own = office.post("officer_PTNMT", "/inbox/bulk/note", task=tasks, sent="yes", audience="agency", words="Chờ vật tư.")
    assert results(own) == ["done", "refused"], "of a case that is not theirs an agency reaches nothing"


def test_a_note_on_several_tells_whom_it_names_and_a_name_nobody_has_is_said_beside_the_case(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    form = {"task": [build.waiting(case, "submit_answer").ref], "sent": "yes", "audience": "agencies"}
    asked = office.post("operator", "/inbox/bulk/note", task=form["task"])
    assert "Lưu ghi chú" in words_of(asked)
    assert case.title in words_of(asked)
    unknown = office.post("operator", "/inbox/bulk/note", **form, words="Nhờ @khong_co xem.")
    assert results(unknown) == ["refused"]
    assert "@khong_co" in words_of(unknown)
    assert db.session.query(Note).count() == 0
    assert results(office.post("operator", "/inbox/bulk/note", **form, words="Nhờ @officer_ptnmt xem.")) == ["done"]
    assert "Ghi chú nhắc đến tôi 1" in office.words("officer_PTNMT", "/inbox")


# -- giving one out, the team ------------------------------------------------------------------------------------------


def test_a_colleagues_task_is_moved_by_a_second_page_with_a_reason_and_never_by_one_click(office: Office) -> None:
    case = build.case_at(office.world, "to_verify")
    address, operator_2 = step(case, "verify"), office.world.people["operator_2"]
    assert f"{address}/assign" in html(office, "ops_lead", address)
    assert f"{address}/assign" not in html(office, "operator", address)
    office.post("operator", f"{address}/claim")
    asked = office.post("ops_lead", f"{address}/assign", to=operator_2.ref)
    assert asked.status_code == 200
    assert "Người Thử operator đang giữ việc này" in words_of(asked)
    assert build.waiting(case, "verify").claimed_by_id == office.world.people["operator"].id
    again = office.post("ops_lead", f"{address}/assign", to=operator_2.ref, takes_over_from=office.world.people["operator"].ref, reason="")
    assert again.status_code == 422
    sent = {"to": operator_2.ref, "takes_over_from": office.world.people["operator"].ref, "reason": "Nghỉ ốm."}
    moved = office.post("ops_lead", f"{address}/assign?back=/inbox?view%3Dverify", **sent)
    assert moved.location == f"/inbox?view=verify#t-{build.waiting(case, 'verify').ref}"
    assert build.waiting(case, "verify").claimed_by_id == operator_2.id
    assert "Một việc của Ông/Bà đã chuyển cho người khác:" in office.words("operator", "/inbox")
    assert "Chuyển bước “Tiếp nhận, xác minh” cho người khác làm" in office.words("operator", f"/cases/{case.ref}?tab=all")
    assert office.post("ops_lead", f"{address}/assign", to="nobody", takes_over_from=operator_2.ref, reason="Để chung.").status_code == 302
    assert build.waiting(case, "verify").claimed_by_id is None
    assert office.get("leader_PTNMT", f"{address}/assign").status_code == 404
    assert office.get("operator", f"{address}/assign").status_code == 403


def test_the_teams_page_leads_into_the_inbox_of_each_member(office: Office) -> None:
    case, free = build.case_at(office.world, "to_verify"), build.case_at(office.world, "to_verify")
    office.post("operator", f"{step(case, 'verify')}/claim")
    page, holder = html(office, "ops_lead", "/team"), office.world.people["operator"].ref
    assert "1 việc chưa ai nhận." in words_of(page)
    assert f"/inbox?waits=team&amp;holder={holder}" in page
    mine = office.words("ops_lead", f"/inbox?waits=team&holder={holder}")
    assert case.code in mine
    assert free.code not in mine
    assert free.code in office.words("ops_lead", "/inbox?waits=team&holder=nobody")
    assert "Người Thử officer_PTNMT" in office.words("leader_PTNMT", "/team")


# -- what comes meanwhile ----------------------------------------------------------------------------------------------


def test_the_pulse_says_what_came_and_nothing_where_nothing_changed(app: Flask) -> None:
    office = Office(app)
    build.case_at(office.world, "to_verify")
    page = html(office, "operator", "/inbox?view=verify")
    address = unescape(re.search(r'data-pulse="([^"]+)"', page)[1])  # type: ignore[index]
    first = office.get("operator", address)
    etag = first.headers["ETag"]
    assert (first.json["fresh"], first.json["shown"], first.json["views"]["verify"]["count"]) == (0, "1", "1")
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert not etag.startswith("W/")
    same = office.browser("operator").get(address, headers={"If-None-Match": etag})
    assert (same.status_code, same.data) == (304, b"")
    build.file_report(office.world, marked_urgent=True)
    build.case_at(office.world, "to_distribute")
    build.case_at(office.world, "at_agency")
    changed = office.browser("operator").get(address, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert (changed.json["fresh"], changed.json["fresh_urgent"], changed.json["shown"], changed.json["all"]) == (1, 1, "2", 3)
    assert office.get("operator", f"{address}&urgency=urgent").json["fresh"] == 0
    assert office.get("officer_PTNMT", "/inbox/pulse?since=0").json["all"] == 1
    assert office.get("operator", "/inbox/pulse?since=x&view=no_such").json["fresh"] == 0
    # whoever is not there any more is signed out although the page asks on
    seen = db.session.query(LoginSession).filter_by(account_id=office.world.people["operator"].id).one().last_seen_at
    office.clock(build.NOON + timedelta(hours=1))
    office.get("operator", address)
    db.session.expire_all()
    assert db.session.query(LoginSession).filter_by(account_id=office.world.people["operator"].id).one().last_seen_at == seen


def test_the_pulse_says_at_once_what_a_colleague_took_or_finished_though_nothing_newer_came(office: Office) -> None:
    first, _newest = (build.case_at(office.world, "to_verify") for _ in range(2))
    known = office.get("operator", "/inbox/pulse?since=0")

    def pulse() -> TestResponse:
        return office.browser("operator").get("/inbox/pulse?since=0", headers={"If-None-Match": known.headers["ETag"]})

    assert (known.json["all"], known.json["views"]["verify"]["count"], pulse().status_code) == (2, "2", 304)
    build.do(office.world, first, "verify", "operator_2", act="refuse", reason=office.world.refusal_reason(), words="Xin nói rõ nơi.")
    told = pulse()
    assert (told.status_code, told.json["newest"]) == (200, known.json["newest"])
    assert (told.json["all"], told.json["views"]["verify"]["count"]) == (1, "1")



def test_a_row_of_a_principals_desk_says_for_whom(office: Office) -> None:
    people = office.world.people
    with unit_of_work():
        db.session.add(Deputy(principal_id=people["leader_PTNMT"].id, deputy_id=people["operator"].id, created_by_id=people["ops_lead"].id,
                              starts_at=build.NOON - timedelta(days=1), ends_at=build.NOON + timedelta(days=1)))
    mine, theirs = build.case_at(office.world, "to_verify"), build.case_at(office.world, "approval")
    page = office.words("operator", "/inbox")
    assert "Ông/Bà đang thay Người Thử leader_PTNMT." in page
    assert page.count("Thay Người Thử leader_PTNMT") > 1
    assert mine.code not in office.words("operator", f"/inbox?whose={people['leader_PTNMT'].ref}")
    assert theirs.code not in office.words("operator", "/inbox?whose=own")


ADDRESSES = ("/inbox?view=verify&urgency=normal&state=to_verify&holder=nobody", "/inbox?waits=others", "/inbox", "/team")


@pytest.mark.exhaustive
def test_the_inbox_costs_few_statements_whatever_it_shows(office: Office) -> None:
    with unit_of_work():
        by = office.world.actor("ops_lead")
        for number in range(8):
            chosen = {"waits": "officer"} if number % 2 else {"urgency": "urgent", "view": "mine"}
            keep_filter(by=by, now=build.NOON, name=f"Bộ {number}", chosen=chosen)
        people = office.world.people
        db.session.add(Deputy(principal_id=people["leader_PTNMT"].id, deputy_id=people["ops_lead"].id, created_by_id=people["operator"].id,
                              starts_at=build.NOON - timedelta(days=1), ends_at=build.NOON + timedelta(days=1)))
    found = []
    for wave in (("to_verify", "at_agency", "approval"), ("to_verify", "at_agency", "approval") * 3):
        for state in wave:
            build.case_at(office.world, state)
        for address in ADDRESSES:
            office.words("ops_lead", address)
        found.append({address: statements(office, "ops_lead", address) for address in ADDRESSES})
    assert found[0] == found[1]
    assert max(found[1].values()) <= 14, found[1]


def statements(office: Office, name: str, address: str) -> int:
    return statements_of(lambda: office.words(name, address))


def test_bulk_classifying_makes_nothing_public_and_nothing_less_urgent_than_was_asked_for(office: Office) -> None:
    other = second_world(office.world)
    with unit_of_work():
        own, since = office.world.centre.id, build.LONG_AGO
        reason = VisibilityReason(key="rieng", name_vi="Riêng", name_en="Own", position=99, centre_id=own, valid_from=since)
        who = office.world.people["operator"].id
        work = Membership(account_id=who, role="operator", centre_id=other.centre.id, valid_from=since)
        db.session.add_all([reason, work])
    here, there = build.case_at(office.world, "to_classify"), build.case_at(other, "to_classify")
    marked = build.case_at(office.world, "to_classify", urgent=True)
    refs = [build.waiting(case, "classify").ref for case in (here, there, marked)]
    chosen = {"task": refs, "sent": "yes", "field": "rung_dat_moi_truong", "urgency": "normal", "complexity": "ordinary"}
    assert office.post("operator", "/inbox/bulk/classify", **chosen, visibility="khong_co").status_code == 422
    words = words_of(office.post("operator", "/inbox/bulk/classify", **chosen, visibility="rieng"))
    assert "không có lý do không công khai này" in words
    assert "Người gửi đánh dấu khẩn" in words
    db.session.expire_all()
    assert [case.state for case in (here, there, marked)] == ["to_distribute", "to_classify", "to_classify"]
    assert here.visibility_reason_id == reason.id


def test_who_approves_processes_is_told_of_a_version_that_waits_and_its_writer_is_not(office: Office) -> None:
    administrator = office.world.actor("administrator")
    with unit_of_work():
        draft = start_draft(by=administrator, now=build.NOON, centre_id=office.world.centre.id, key=FIELD_REPORT)
        ref = draft.ref
    assert "Quy trình chờ phê duyệt: " not in office.words("process_approver", "/inbox"), "a draft waits for nobody"
    with unit_of_work():
        draft = db.session.scalars(select(ProcessVersion).where(ProcessVersion.ref == ref)).one()
        hand_in(draft, by=administrator, now=build.NOON, note="Thử")
    page = office.get("process_approver", "/inbox").get_data(as_text=True)
    assert "Quy trình chờ phê duyệt: 1 đang chờ Ông/Bà" in words_of(page)
    assert f'href="/studio/versions/{ref}"' in page
    assert "Quy trình chờ phê duyệt" not in office.words("administrator", "/inbox")
    office.world.people["both"] = of_the_installation(office.world, "both", Role.PROCESS_APPROVER)
    with unit_of_work():
        db.session.execute(update(ProcessVersion).where(ProcessVersion.ref == ref).values(author_id=office.world.people["both"].id))
    assert "Quy trình chờ phê duyệt: " not in office.words("both", "/inbox"), "nobody approves what they wrote"


def test_a_confidential_reader_finds_what_was_taken_out_and_what_waits_to_be_handed_over(office: Office) -> None:
    assert "Chưa có hồ sơ nào được tách riêng." in office.words("confidential_reader", "/quarantined")
    case = build.case_at(office.world, "to_verify", words="Lời tố cáo không ai khác đọc.")
    build.act(office.world, case, "quarantine", "operator", reason="Tố cáo người có tên.")
    assert "Hồ sơ theo thủ tục riêng: 1 đang chờ Ông/Bà" in office.words("confidential_reader", "/inbox")
    page = office.words("confidential_reader", "/quarantined?after=abc")
    assert case.code in page
    assert "chờ bàn giao" in page
    assert "tố cáo không ai" not in page
    with unit_of_work():
        hand_over(lock_case(case.id), HandOverInput(receipt="Biên bản 12/BB"), by=office.world.actor("confidential_reader"), now=build.NOON)
    assert "đã bàn giao và xóa lúc" in office.words("confidential_reader", "/quarantined")
    assert "đang chờ Ông/Bà" not in office.words("confidential_reader", "/inbox")
    for name in ("operator", "ops_lead", "administrator", "officer_PTNMT"):
        assert office.get(name, "/quarantined").status_code == 403
        assert "thủ tục riêng" not in office.words(name, "/inbox")


def test_who_handles_breaches_is_told_of_those_the_authority_has_no_notice_of(office: Office) -> None:
    administrator = office.world.actor("administrator")
    assert "cơ quan chuyên trách" not in office.words("administrator", "/inbox")
    with unit_of_work():
        known = BreachFacts("Máy bị chiếm.", "Họ tên.", "Lừa đảo.", "Đã khóa.", "Bà Lan")
        centre_id = office.world.centre.id
        breach = open_breach("account", known, by=administrator, now=build.NOON, noticed_at=build.NOON, centre_id=centre_id)
        breach_id = breach.id
    assert "Sự cố dữ liệu chưa báo cơ quan chuyên trách: 1 đang chờ Ông/Bà" in office.words("administrator", "/inbox")
    assert "cơ quan chuyên trách" not in office.words("operator", "/inbox")
    with unit_of_work():
        record_notice(lock_breach(breach_id), AUTHORITY, by=administrator, now=build.NOON, at=build.NOON, words="Công văn 12")
    assert "cơ quan chuyên trách" not in office.words("administrator", "/inbox")


def test_calls_and_what_was_reported_urgent_stand_first_and_say_so_before_anybody_has_classified_them(office: Office) -> None:
    """Whatever else is due or late before them: nobody but who reads them first knows whether they are urgent."""
    world, now = office.world, build.NOON
    late = build.file_report(world, now=now - timedelta(days=3)).report.code
    soon = build.file_report(world, now=now - timedelta(hours=2)).report.code
    urgent = build.file_report(world, now=now, marked_urgent=True).report.code
    caller = Contact(name="Người Gọi", phone=build.PHONE)
    call = build.file_report(world, by="operator", source="phone", now=now, contact=caller).report.code
    shown = office.words("operator", "/inbox")
    first, rest = shown.index("Cuộc gọi và báo khẩn, xem trước"), shown.index(late)
    assert first < min(shown.index(urgent), shown.index(call)) < max(shown.index(urgent), shown.index(call)) < rest < shown.index(soon)
    assert shown.count("Báo khẩn") == 1
    case = db.session.scalars(select(Case).where(Case.code == urgent)).one()
    assert "Báo khẩn" in office.words("operator", f"/tasks/{build.waiting(case, 'verify').ref}")
    build.advance(world, case, "to_distribute")
    assert "Báo khẩn" not in office.words("operator", "/inbox")


def test_pages_go_on_behind_what_stands_first_and_show_each_step_once(office: Office) -> None:
    for number in range(4):
        build.file_report(office.world, now=build.NOON - timedelta(hours=number), marked_urgent=number % 2 == 0)
    by, after, seen = office.world.actor("operator", office.moment), None, []
    while True:
        page = page_of(by, InboxQuery(), now=office.moment, after=after, limit=2)
        seen += [task.case.code for task in page.tasks]
        after = page.next
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 4
