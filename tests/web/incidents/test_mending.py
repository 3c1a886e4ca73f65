"""The administrator's pages on incidents and on the process of a case: what they show, what they do, and that no content is on them."""
from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from casework.db import db
from casework.models import Case, Event
from tests import build, tampering
from tests import drawn_steps as drawn
from tests.web.desk import Office, step
from workflows.definitions.services import SERVICES
from workflows.models import Incident, ProcessInstance, WaitingTask
from workflows.running.faults import keep
from workflows.running.incidents import spot_in_case
from workflows.running.wakeups import fire_due_timers

WHY = "Chuyển nhầm, theo yêu cầu của tổ trưởng."


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def at_desks(case: Case) -> list[tuple[str, str]]:
    query = select(WaitingTask.element, WaitingTask.state).where(WaitingTask.case_id == case.id)
    return sorted(tuple(row) for row in db.session.execute(query.where(WaitingTask.state.in_(("waiting", "frozen")))))


def token_of(page: str, label: str) -> str:
    """The hidden token of the form under a waiting place."""
    return re.findall(r'name="token" value="([^"]+)"', page[page.index(f"<b>{label}</b>"):])[0]


def test_the_page_of_a_process_shows_places_and_values_and_no_content(office: Office) -> None:
    case = build.case_at(office.world, "approval", agencies=2)
    page = office.words("administrator", f"/cases/{case.ref}/process")
    assert all(words in page for words in (case.code, "Các đơn vị đã xong", "Duyệt kết quả", "Số đơn vị", "Tạm ngừng quy trình"))
    assert case.title
    assert case.title not in page
    assert "ven suối" not in page
    assert f"/cases/{case.ref}/process" in office.get("administrator", f"/cases/{case.ref}/diagram").text
    assert f"/cases/{case.ref}/process" not in office.get("operator", f"/cases/{case.ref}/diagram").text


def test_suspending_says_so_to_who_opens_the_step_and_resuming_gives_it_back(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    at, page = step(case, "submit_answer"), f"/cases/{case.ref}/process"
    office.clock(build.next_moment(case))
    refused = office.post("administrator", f"{page}/suspension", reason=" ")
    assert (refused.status_code, "Xin ghi lý do" in refused.text) == (422, True)
    assert office.post("administrator", f"{page}/suspension", reason=WHY).status_code == 302
    answer = office.post("officer_PTNMT", at, act="submit_answer", **build.ANSWER)
    assert answer.status_code == 409
    assert "đang được quản trị tạm ngừng" in answer.text
    assert build.ANSWER["findings"] in answer.text                      # nothing typed is lost
    assert office.get("officer_PTNMT", "/inbox?view=frozen").text.count(case.code) >= 1
    assert "Quản trị tạm ngừng quy trình. Lý do: " + WHY in office.words("operator", f"/cases/{case.ref}?tab=all")
    assert WHY not in office.words("officer_PTNMT", f"/cases/{case.ref}?tab=all")
    assert office.post("administrator", f"{page}/resumption", reason=WHY).status_code == 302
    assert office.post("officer_PTNMT", at, act="submit_answer", **build.ANSWER).status_code == 302


def test_a_token_is_set_elsewhere_and_a_refusal_keeps_what_was_chosen(office: Office) -> None:
    case = build.case_at(office.world, "to_distribute")
    page = f"/cases/{case.ref}/process"
    office.clock(build.next_moment(case))
    shown = office.get("administrator", page).text
    assert '<option value="verify">' in shown
    assert '<option value="rate">' not in shown                         # nothing is published yet
    form = {"of": "case", "token": token_of(shown, "Phân công đơn vị"), "target": "rate", "reason": WHY}
    refused = office.post("administrator", f"{page}/token", **form)
    assert refused.status_code == 422
    assert "chưa công bố" in refused.text
    assert f'value="{WHY}"' in refused.text
    unexplained = office.post("administrator", f"{page}/token", **form | {"target": "classify", "reason": ""})
    assert (unexplained.status_code, '<option value="classify" selected>' in unexplained.text) == (422, True)
    assert at_desks(case) == [("distribute", "waiting")]
    assert office.post("administrator", f"{page}/token", **form | {"target": "classify"}).status_code == 302
    assert at_desks(case) == [("classify", "waiting")]
    assert office.post("administrator", f"{page}/token", **form).status_code == 422
    assert office.post("administrator", f"{page}/token", **form | {"of": "nothing"}).status_code == 404


def test_a_value_is_corrected_and_what_is_none_is_refused(office: Office) -> None:
    case = build.case_at(office.world, "to_publish")
    page = f"/cases/{case.ref}/process"
    office.clock(build.next_moment(case))
    form = {"of": "case", "name": "agencies", "value": "nhiều", "reason": WHY}
    def correct(**changed: str) -> TestResponse:
        return office.browser("administrator").post(f"{page}/variable", data=form | changed)

    refused = correct()
    assert (refused.status_code, "Xin nhập một số" in refused.text, 'value="nhiều"' in refused.text) == (422, True, True)
    assert correct(value="3").status_code == 302
    assert correct(name="assignments.answered", value="false").status_code == 302
    shown = office.get("administrator", page).text
    assert "agencies</code>: <b>3</b>" in shown
    assert "assignments.answered</code>: <b>Không</b>" in shown
    assert db.session.scalars(select(Event.payload).where(Event.type == "edit_variable")).all()[0]["new"] == 3


@pytest.mark.exhaustive
def test_what_was_filled_in_at_a_drawn_step_stands_on_neither_page(office: Office) -> None:
    drawn.put_live(drawn.costly_model())
    case = build.case_at(office.world, "approval")
    build.approve(office.world, case)
    build.do(office.world, case, "cost_check", "operator", values={"settled": True, "cost": 987654})
    office.clock(build.next_moment(case))
    fault = keep(RuntimeError(), spot_in_case(case.id, "cost_signature"), build.next_moment(case))
    apart = "(nội dung hồ sơ, chỉ Trung tâm đọc)"
    page = f"/cases/{case.ref}/process"
    for shown in (page, f"/incidents/{fault}"):
        words = office.words("administrator", shown)
        assert (words.count(apart), "987654" in words, "Chi phí (triệu đồng)" in words) == (2, False, True), shown
    typed = {"of": "case", "name": "cost", "value": "12x", "reason": WHY}
    correct = partial(office.browser("administrator").post, f"{page}/variable")
    refused = correct(data=typed)
    assert (refused.status_code, 'value="12x"' in refused.text, "987654" in refused.text) == (422, True, False)
    assert correct(data=typed | {"name": "settled", "value": ""}).status_code == 422
    assert correct(data=typed | {"value": "12"}).status_code == 302


def test_nobody_else_mends_and_a_quarantined_case_is_not_there(office: Office) -> None:
    case = build.case_at(office.world, "to_classify")
    page = f"/cases/{case.ref}/process"
    for name in ("operator", "ops_lead", "officer_PTNMT", "process_approver", "inspector", "confidential_reader"):
        assert office.get(name, page).status_code == 403
        assert office.post(name, f"{page}/suspension", reason=WHY).status_code == 403
    assert office.get("administrator", "/cases/0000000000000000/process").status_code == 404
    build.act(office.world, case, "quarantine", "operator", reason="Tố cáo một cán bộ.")
    for path, form in (("", None), ("/suspension", {}), ("/token", {"of": "case"}), ("/variable", {"of": "case"})):
        answer = office.get("administrator", page) if form is None else office.post("administrator", page + path, reason=WHY, **form)
        assert answer.status_code == 404


# -- incidents ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def failed(office: Office, monkeypatch: pytest.MonkeyPatch) -> list[Case]:
    """Three cases whose rating could not be closed by its timer."""
    cases = [build.case_at(office.world, "rating") for _ in range(3)]
    service = SERVICES["end_rating_window"]
    monkeypatch.setitem(SERVICES, "end_rating_window", replace(service, run=lambda *_, **__: 1 / 0))
    over = max(build.next_moment(case) for case in cases) + timedelta(days=30)
    assert fire_due_timers(over) == 0
    office.clock(over)
    return cases


def incidents() -> list[Incident]:
    db.session.rollback()
    return list(db.session.scalars(select(Incident).order_by(Incident.id)))


@pytest.mark.exhaustive
def test_many_are_tried_at_once_and_each_says_what_came_of_it(
    office: Office, failed: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    refs = [each.ref for each in incidents()]
    answer = office.post("administrator", "/incidents/retries")
    assert (answer.status_code, answer.location) == (302, "/incidents")
    answer = office.post("administrator", "/incidents/retries", incident=refs[:2])
    assert answer.text.count('data-outcome="failed"') == 2
    assert [each.attempts for each in incidents()] == [2, 2, 1]
    monkeypatch.undo()
    answer = office.post("administrator", "/incidents/retries", incident=[*refs[1:], refs[0], "0000000000000000"])
    assert re.findall(r'data-outcome="(\w+)"', answer.text) == ["done", "done", "done", "gone"]
    db.session.expire_all()
    assert {case.state for case in failed} == {"closed"}
    assert "Không có sự cố nào" in office.words("administrator", "/incidents")


def test_an_incident_tells_what_was_done_why_it_failed_and_how_it_stood_before(office: Office, failed: list[Case]) -> None:
    first = incidents()[0]
    office.post("administrator", f"/incidents/{first.ref}/retry")
    page = office.get("administrator", f"/incidents/{first.ref}").text
    words = office.words("administrator", f"/incidents/{first.ref}")
    told = (failed[0].code, "Hết hạn đánh giá", "ZeroDivisionError", "Đánh giá kết quả", "Phần mềm gặp một lỗi")
    assert all(each in words for each in told)
    assert office.world.people["administrator"].full_name in words      # who tried
    assert '&#34;current&#34;: [&#34;rate&#34;]' in page
    assert '&#34;errors&#34;: [&#34;rating_window&#34;]' in page
    assert failed[0].title
    assert failed[0].title not in words
    assert office.get("operator", f"/incidents/{first.ref}").status_code == 403
    assert office.get("administrator", "/incidents/0000000000000000").status_code == 404


def test_the_list_goes_on_from_page_to_page(office: Office, failed: list[Case], monkeypatch: pytest.MonkeyPatch) -> None:
    from web.incidents import pages

    monkeypatch.setattr(pages, "MOST_SHOWN", 2)
    codes = [case.code for case in reversed(failed)]
    first = office.get("administrator", "/incidents").text
    assert [code in first for code in codes] == [True, True, False]
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    second = office.get("administrator", following[1]).text
    assert [code in second for code in codes] == [False, False, True]
    assert office.get("administrator", "/incidents?after=0000000000000000").status_code == 404


def test_a_state_that_cannot_be_read_is_said_everywhere_and_restored_from_its_incident(office: Office, failed: list[Case]) -> None:
    case, first = failed[0], incidents()[0]
    tampering.run(update(ProcessInstance).where(ProcessInstance.id == first.instance_id).values(state=b"x"))
    assert "Không đọc được trạng thái" in office.words("administrator", f"/cases/{case.ref}/process")
    assert "Không đọc được trạng thái" in office.words("operator", f"/cases/{case.ref}/diagram")
    assert "Khôi phục" in office.words("administrator", f"/incidents/{first.ref}")
    assert office.post("administrator", f"/incidents/{first.ref}/state", reason="").status_code == 422
    assert office.post("administrator", f"/incidents/{first.ref}/state", reason=WHY).status_code == 302
    assert "Đánh giá kết quả" in office.words("operator", f"/cases/{case.ref}/diagram")
    assert office.post("administrator", f"/incidents/{first.ref}/state", reason=WHY).status_code == 422


# -- the live diagram --------------------------------------------------------------------------------------------------


def marks(page: str) -> dict[str, Any]:
    found = re.search(r'data-marks="([^"]*)"', page)
    assert found
    marked: dict[str, Any] = json.loads(html.unescape(found[1]))
    return marked


def test_the_diagram_marks_what_is_late_and_shows_one_agency_alone(office: Office) -> None:
    case = build.case_at(office.world, "handling", agencies=2)
    first, second = case.open_assignments
    build.do(office.world, case, "submit_answer", "officer_UBND-LAT", agency=second.agency, **build.ANSWER)
    at = f"/cases/{case.ref}/diagram"
    assert marks(office.get("operator", at).text)["late"] == []
    office.clock(build.NOON + timedelta(days=20))
    page = office.get("operator", at).text
    assert marks(page)["late"] == ["approve_answer", "submit_answer"]
    assert "trễ" in office.words("operator", at)
    alone = marks(office.get("operator", f"{at}?of={first.ref}").text)
    assert (alone["current"], alone["late"]) == (["submit_answer"], ["submit_answer"])
    own = marks(office.get("operator", f"{at}?of=case").text)
    assert (own["current"], own["late"]) == (["wait_for_agencies"], [])
    assert office.get("operator", f"{at}?of=nobody").status_code == 404
