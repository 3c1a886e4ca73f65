"""Distributing, accepting, handing back: through the pages."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from casework.due_previews import distribution_limits
from casework.working_time import DayTooFar
from tests import build
from tests.web.desk import Office, step
from tests.web.pages import words_of


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def agencies(office: Office, lead: str, *others: str, **more: Any) -> dict[str, Any]:
    return {"lead": office.world.agencies[lead].ref, "cooperating": [office.world.agencies[key].ref for key in others], **more}


def test_the_table_suggests_and_says_why(office: Office) -> None:
    case = build.case_at(office.world, "to_distribute")
    page = office.get("operator", step(case, "distribute")).get_data(as_text=True)
    assert f'<option selected value="{office.world.agencies["PTNMT"].ref}">' in page
    assert "Gợi ý theo bảng phân phối" in words_of(page)


def test_the_limits_are_shown_before_anything_is_sent(office: Office) -> None:
    case = build.case_at(office.world, "to_distribute")
    answer = office.post("operator", step(case, "distribute"), act="check", **agencies(office, "PTNMT", "UBND-LAT"))
    assert answer.status_code == 200
    assert "Hạn tiếp nhận" in words_of(answer)
    assert "Phân phối đến 2 đơn vị" in words_of(answer)
    assert case.state == "to_distribute"


@pytest.mark.parametrize(("others", "urgent"), [((), False), (("UBND-LAT",), False), (("UBND-LAT", "HKL"), True)])
def test_the_limits_shown_are_the_limits_set(app: Flask, others: tuple[str, ...], urgent: bool) -> None:
    office = Office(app)
    case = build.case_at(office.world, "to_distribute", urgent=urgent)
    moment = build.next_moment(case)
    shown = distribution_limits(case, agencies=1 + len(others), now=moment)
    office.clock(moment)
    words = {f"instructions-{office.world.agencies['PTNMT'].ref}": "Xin làm trước."}
    answer = office.post("operator", step(case, "distribute"), act="distribute", **agencies(office, "PTNMT", *others, **words))
    assert answer.status_code == 302
    assert case.due_at == shown.case_due_at
    assert {assignment.due_at for assignment in case.assignments} == {shown.answer_by}
    assert case.assignments[0].instructions == "Xin làm trước."
    assert build.waiting(case, "accept_assignment", office.world.agencies["PTNMT"]).due_at == shown.accept_by


def test_a_day_beyond_ten_years_is_refused_in_words(office: Office) -> None:
    case = build.case_at(office.world, "to_distribute")
    office.clock(build.NOON + timedelta(days=4, hours=3))
    answer = office.post("ops_lead", step(case, "distribute"), act="distribute", **agencies(office, "PTNMT", until="9999-12-31"))
    assert answer.status_code == 422
    assert DayTooFar().vi in words_of(answer)
    assert case.assignments == []


def test_going_back_keeps_what_was_chosen(office: Office) -> None:
    case = build.case_at(office.world, "to_distribute")
    answer = office.post("operator", step(case, "distribute"), act="choose", **agencies(office, "HKL", "UBND-LAT"))
    page = answer.get_data(as_text=True)
    assert f'<option selected value="{office.world.agencies["HKL"].ref}">' in page
    assert f'value="{office.world.agencies["UBND-LAT"].ref}" checked' in page


def test_somebody_must_lead(office: Office) -> None:
    case = build.case_at(office.world, "to_distribute")
    answer = office.post("operator", step(case, "distribute"), act="distribute", lead="", cooperating=[office.world.agencies["HKL"].ref])
    assert answer.status_code == 422
    assert case.assignments == []


def test_handing_back_needs_a_reason_and_the_centre_decides(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    address = step(case, "accept_assignment")
    assert office.post("officer_PTNMT", address, act="hand_back", reason="").status_code == 422
    office.post("officer_PTNMT", address, act="hand_back", reason="Thuộc xã.", suggested=office.world.agencies["UBND-LAT"].ref)
    decide = step(case, "decide_hand_back")
    page = office.words("operator", decide)
    assert "Thuộc xã." in page
    assert "UBND xã Lát" in page
    assert office.post("operator", decide, upheld="no", words="").status_code == 422
    answer = office.post("operator", decide, upheld="no", words="Việc này thuộc phòng.")
    assert answer.status_code == 302
    assert "Việc này thuộc phòng." in office.words("officer_PTNMT", step(case, "accept_assignment"))


def test_a_decision_nobody_made_is_none(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    office.post("officer_PTNMT", step(case, "accept_assignment"), act="hand_back", reason="Thuộc xã.")
    answer = office.post("operator", step(case, "decide_hand_back"), words="Đồng ý.")
    assert answer.status_code == 422
    assert "Vui lòng chọn đồng ý chuyển trả hay giữ nguyên đơn vị." in words_of(answer)
