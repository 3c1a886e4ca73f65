"""The steps beside the straight way: objections, holds, referrals, words of reporters, withdrawals, more time; through the pages."""
from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from casework.assignments.extensions import extensions_of
from casework.db import db
from casework.models import Case, Refusal, Withdrawal
from casework.pausing.additions import additions_of
from tests import build
from tests.beside import CASES, act, merged, more_time_asked, two_at_work, withdrawal
from tests.web.desk import Office
from tests.web.pages import words_of


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def step(office: Office, case: Case, element: str) -> str:
    office.clock(build.next_moment(case))
    return f"/tasks/{build.waiting(case, element).ref}"


def decided(office: Office, name: str, case: Case, element: str, **form: Any) -> None:
    address = step(office, case, element)
    assert office.get(name, address).status_code == 200
    answer = office.post(name, address, **form)
    assert answer.status_code == 302, words_of(answer)


def written(office: Office, case: Case, words: str, by: str = "citizen") -> None:
    build.act(office.world, case, "write_to_centre", by, report=case.main_report, words=words)


# -- objections --------------------------------------------------------------------------------------------------------


def test_an_objection_is_decided_beside_the_refusal_and_its_words(app: Flask) -> None:
    office = Office(app)
    case = CASES["objected"](office.world)
    page = office.words("ops_lead", step(office, case, "decide_objection"))
    assert "Chưa rõ nơi xảy ra." in page
    assert "Xin xem lại." in page
    decided(office, "ops_lead", case, "decide_objection", upheld="yes", words="")
    assert case.state == "to_distribute"


def test_a_refusal_that_stands_needs_words(office: Office) -> None:
    case = CASES["objected"](office.world)
    address = step(office, case, "decide_objection")
    assert office.post("ops_lead", address, upheld="no", words="").status_code == 422
    assert office.post("ops_lead", address, words="Đã xem kỹ.").status_code == 422
    decided(office, "ops_lead", case, "decide_objection", upheld="no", words="Đã xem kỹ, nơi này ngoài địa bàn.")
    assert db.session.query(Refusal).one().objection_upheld is False
    assert "Đã xem kỹ, nơi này ngoài địa bàn." in office.words("operator", f"/cases/{case.ref}?tab=all")


def test_an_objection_is_the_operations_leads_alone(office: Office) -> None:
    case = CASES["objected"](office.world)
    address = step(office, case, "decide_objection")
    for name in ("operator", "officer_PTNMT", "committee_leader", "administrator"):
        assert office.get(name, address).status_code == 404, name


# -- rests -------------------------------------------------------------------------------------------------------------


def test_a_held_case_is_taken_up_before_its_day(office: Office) -> None:
    case = CASES["held"](office.world)
    page = office.words("ops_lead", step(office, case, "resume"))
    assert "Chờ nước rút." in page
    assert "09/03/2026" in page
    decided(office, "ops_lead", case, "resume")
    assert case.paused_for is None


@pytest.mark.parametrize(("button", "state"), [("close_referral", "closed"), ("take_back", "handling")])
def test_a_referral_ends_with_a_result_either_way(office: Office, button: str, state: str) -> None:
    case = CASES["referred"](office.world)
    address = step(office, case, "close_referral")
    assert "Điện lực Lâm Đồng" in office.words("operator", address)
    refused = office.post("operator", address, act=button, result="")
    assert refused.status_code == 422
    decided(office, "operator", case, "close_referral", act=button, result="Đã thay dây điện.")
    assert case.state == state


def test_a_step_that_rests_says_why_and_that_it_comes_back(office: Office) -> None:
    case = two_at_work(office.world)
    address = f"/tasks/{build.waiting(case, 'submit_answer', office.world.agencies['PTNMT']).ref}"
    act(office.world, case, "hold", "ops_lead", reason="Chờ nước rút.", until=date(2026, 3, 9))
    answer = office.get("officer_PTNMT", address)
    assert answer.status_code == 409
    assert "Hồ sơ đang tạm dừng." in words_of(answer)
    assert "tự trở lại khi hồ sơ tiếp tục" in words_of(answer)
    sent = office.post("officer_PTNMT", address, act="submit_answer", findings="Chữ đã gõ dở dang.")
    assert sent.status_code == 409
    assert "Chữ đã gõ dở dang." in words_of(sent)


def test_refusing_at_verification_leads_back_to_the_inbox(office: Office) -> None:
    case = build.case_at(office.world, "to_verify")
    address = f"/tasks/{build.waiting(case, 'verify').ref}"
    answer = office.post("operator", address, act="refuse", reason="khong_ro_noi_dung", refusal_words="Chưa rõ.")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/inbox")
    assert case.state == "refused"


# -- words of reporters ------------------------------------------------------------------------------------------------


@pytest.mark.exhaustive
def test_what_a_reporter_adds_is_read_and_cleared_for_agencies(app: Flask) -> None:
    office = Office(app)
    case = two_at_work(office.world)
    written(office, case, "Tôi là Nguyễn Văn An, số 0912 345 678. Rác còn nhiều hơn.")
    address = step(office, case, "clear_text")
    page = office.get("operator", address).get_data(as_text=True)
    assert '<mark class="personal">Nguyễn Văn An</mark>' in page
    [addition] = additions_of(case)
    decided(office, "operator", case, "clear_text", act="clear_text", seen=addition.ref, words="Rác còn nhiều hơn.")
    assert not case.has_unread_words
    for name, original, cleared in (("operator", True, True), ("officer_PTNMT", False, True), ("committee_leader", False, True),
                                    ("administrator", False, False)):
        shown = office.words(name, f"/cases/{case.ref}?tab=all")
        assert ("Nguyễn Văn An" in shown) is original, name
        assert ("Rác còn nhiều hơn." in shown) is cleared, name


def test_what_is_only_read_goes_to_no_agency(office: Office) -> None:
    case = two_at_work(office.world)
    written(office, case, "Nhà tôi ngay đó.")
    [addition] = additions_of(case)
    decided(office, "operator", case, "clear_text", act="clear_text", seen=addition.ref, words="")
    assert "Nhà tôi ngay đó." in office.words("operator", f"/cases/{case.ref}?tab=all")
    assert addition.report.code not in office.words("officer_PTNMT", f"/cases/{case.ref}?tab=all").replace(case.code, "")


def test_what_came_in_meanwhile_stays_to_be_read(office: Office) -> None:
    case = two_at_work(office.world)
    written(office, case, "Lời thứ nhất.")
    address, first = step(office, case, "clear_text"), additions_of(case)[0].ref
    written(office, case, "Lời thứ hai.")
    answer = office.post("operator", address, act="clear_text", seen=first, words="")
    assert answer.headers["Location"] == f"/tasks/{build.waiting(case, 'clear_text').ref}"
    page = office.words("operator", answer.headers["Location"])
    assert "Trong lúc đó người gửi viết thêm" in page
    assert "Lời thứ hai." in page
    assert "Lời thứ nhất." not in page


def test_a_form_that_names_nothing_clears_nothing(office: Office) -> None:
    case = two_at_work(office.world)
    written(office, case, "Lời thứ nhất.")
    address, [addition] = step(office, case, "clear_text"), additions_of(case)
    assert f'name="seen" value="{addition.ref}"' in office.get("operator", address).get_data(as_text=True)
    assert office.post("operator", address, act="clear_text", words="Rác còn nhiều hơn.").status_code == 422
    assert case.has_unread_words


def test_words_that_tell_who_wrote_them_are_named_before_agencies_get_them(office: Office) -> None:
    case = two_at_work(office.world)
    written(office, case, "Gọi tôi.")
    answer = office.post("operator", step(office, case, "clear_text"), act="clear_text", words="x" * 5000 + " gọi 0912 345 678")
    assert answer.status_code == 422
    assert "0912 345 678" in words_of(answer)


# -- withdrawals -------------------------------------------------------------------------------------------------------


def test_a_wish_to_withdraw_is_granted(office: Office) -> None:
    case = withdrawal(office.world, "handling")
    decided(office, "operator", case, "decide_withdrawal", granted="yes", words="")
    assert case.state == "withdrawn"


def test_a_case_goes_on_although_its_reporter_wishes_to_withdraw(office: Office) -> None:
    case = withdrawal(office.world, "handling")
    address = step(office, case, "decide_withdrawal")
    assert office.post("operator", address, granted="no", words="").status_code == 422
    decided(office, "operator", case, "decide_withdrawal", granted="no", words="Nguy hiểm cho người đi đường.")
    assert db.session.query(Withdrawal).one().granted is False
    assert "Nguy hiểm cho người đi đường." in office.words("operator", f"/cases/{case.ref}?tab=all")
    assert "Nguy hiểm cho người đi đường." not in office.words("committee_leader", f"/cases/{case.ref}?tab=all")
    assert case.code in office.words("officer_PTNMT", f"/cases/{case.ref}?tab=all")


# -- more time ---------------------------------------------------------------------------------------------------------


def test_more_time_is_endorsed_and_granted_beside_its_reason_and_days(app: Flask) -> None:
    office = Office(app)
    case = more_time_asked(office.world)
    page = office.words("leader_PTNMT", step(office, case, "endorse_extension"))
    assert "Chờ vật tư." in page
    assert "11/03/2026" in page
    decided(office, "leader_PTNMT", case, "endorse_extension", endorsed="yes", words="")
    page = office.words("ops_lead", step(office, case, "decide_extension"))
    assert "Chờ vật tư." in page
    before = case.due_at
    decided(office, "ops_lead", case, "decide_extension", granted="yes", words="")
    assert before is not None
    assert case.due_at is not None
    assert case.due_at > before
    shown = office.words("officer_PTNMT", f"/cases/{case.ref}?tab=all")
    assert all(name in shown for name in ("Người Thử officer_PTNMT", "Người Thử leader_PTNMT", "Người Thử ops_lead"))


@pytest.mark.parametrize(
    ("element", "name", "field"), [("endorse_extension", "leader_PTNMT", "endorsed"), ("decide_extension", "ops_lead", "granted")]
)
def test_more_time_not_given_needs_words(office: Office, element: str, name: str, field: str) -> None:
    case = more_time_asked(office.world)
    if element == "decide_extension":
        decided(office, "leader_PTNMT", case, "endorse_extension", endorsed="yes", words="")
    address = step(office, case, element)
    refused = office.post(name, address, **{field: "no", "words": ""})
    assert refused.status_code == 422
    assert office.post(name, address).status_code == 422
    decided(office, name, case, element, **{field: "no", "words": "Đã đủ thời gian."})
    [extension] = extensions_of(case)
    assert extension.decision_words == "Đã đủ thời gian."
    assert not case.open_assignments[0].extension_asked


@pytest.mark.parametrize(
    ("element", "name", "field"), [("endorse_extension", "leader_PTNMT", "endorsed"), ("decide_extension", "ops_lead", "granted")]
)
def test_a_day_that_is_over_is_no_longer_offered_and_the_page_says_why(office: Office, element: str, name: str, field: str) -> None:
    case = more_time_asked(office.world)
    if element == "decide_extension":
        decided(office, "leader_PTNMT", case, "endorse_extension", endorsed="yes", words="")
    address = step(office, case, element)

    def shown() -> tuple[set[str], bool]:
        page = office.get(name, address)
        choices = re.findall(rf'<input[^>]*name="{field}"[^>]*value="(\w+)"', page.get_data(as_text=True))
        return set(choices), "Ngày đơn vị xin, 11/03/2026, đã qua." in words_of(page)

    assert shown() == ({"yes", "no"}, False)
    office.clock(build.NOON + timedelta(days=9, hours=13, minutes=59))
    assert shown() == ({"yes", "no"}, False), "the last minute of 11/03"
    office.clock(build.NOON + timedelta(days=9, hours=14))
    assert shown() == ({"no"}, True)
    refused = office.post(name, address, **{field: "yes", "words": ""})
    assert refused.status_code == 422


def test_another_agencys_wish_for_time_is_read_once_it_is_granted_and_without_its_reason(office: Office) -> None:
    case = two_at_work(office.world)
    row = next(row for row in case.open_assignments if row.agency.key == "PTNMT")
    build.act(office.world, case, "request_extension", "officer_PTNMT", assignment=row, reason="Chờ vật tư.", until=date(2026, 3, 12))
    assert "Gia hạn" not in office.words("officer_UBND-LAT", f"/cases/{case.ref}?tab=all")
    decided(office, "leader_PTNMT", case, "endorse_extension", endorsed="yes", words="")
    decided(office, "ops_lead", case, "decide_extension", granted="yes", words="")
    shown = office.words("officer_UBND-LAT", f"/cases/{case.ref}?tab=all")
    assert "được gia hạn đến hết ngày 12/03/2026" in shown
    assert "Chờ vật tư." not in shown
    assert "Chờ vật tư." in office.words("committee_leader", f"/cases/{case.ref}?tab=all")


# -- what the case page says -------------------------------------------------------------------------------------------

STANDING = {
    "asked at verification": "Chờ người phản ánh đến", "held": "Tạm dừng đến hết ngày 09/03/2026.", "referred": "Đã chuyển",
    "refused": "Người gửi được đề nghị xem lại đến hết ngày", "objected": "Người gửi đề nghị xem lại lúc", "merged away": "Đã gộp vào",
}  # fmt: skip


@pytest.mark.parametrize("kind", STANDING)
def test_the_case_page_says_first_why_the_case_rests(office: Office, kind: str) -> None:
    case = CASES[kind](office.world)
    assert STANDING[kind] in office.words("operator", f"/cases/{case.ref}?tab=all")


def test_a_question_and_its_answer_are_the_centres(office: Office) -> None:
    case = CASES["asked while at work"](office.world)
    build.do(office.world, case, "answer_question", "citizen", report=case.main_report, words="Ngay trước nhà tôi.")
    for name, reads in (("operator", True), ("officer_PTNMT", False), ("committee_leader", False), ("administrator", False)):
        page = office.words(name, f"/cases/{case.ref}?tab=all")
        assert ("Ở đoạn nào?" in page) is reads, name
        assert ("Ngay trước nhà tôi." in page) is reads, name


def test_objections_and_refusals_are_read_as_the_table_allows(office: Office) -> None:
    case = CASES["objected"](office.world)
    for name, objection, refusal in (("operator", True, True), ("committee_leader", False, True), ("administrator", False, False)):
        page = office.words(name, f"/cases/{case.ref}?tab=all")
        assert ("Xin xem lại." in page) is objection, name
        assert ("Chưa rõ nơi xảy ra." in page) is refusal, name


def test_the_reports_of_a_merged_case_are_listed_and_lead_on(office: Office) -> None:
    main = merged(office.world, main=True)
    codes = [link.report.code for link in main.reports]
    page = office.words("operator", f"/cases/{main.ref}?tab=all")
    assert all(code in page for code in codes)
    away = db.session.query(Case).filter(Case.merged_into_id == main.id).one()
    assert f'href="/cases/{main.ref}"' in office.get("operator", f"/cases/{away.ref}?tab=all").get_data(as_text=True)
