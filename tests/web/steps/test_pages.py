"""Steps in general: who may open them, what is said when they are over, where one goes next."""
from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from casework.db import db, unit_of_work
from casework.models import Case
from tests import build
from tests.web.desk import Office, step
from tests.web.pages import words_of
from web.steps import pages as tasks
from web.steps.pages import PAGES
from web.text_diff import Change, changes
from workflows.definitions.process import shipped_model
from workflows.models import WaitingTask


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def test_a_step_of_another_desk_is_not_there(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    for name in ("operator", "officer_HKL", "leader_PTNMT", "administrator"):
        assert office.get(name, step(case, "accept_assignment")).status_code == 404
        assert office.post(name, step(case, "accept_assignment"), act="accept_assignment").status_code == 404
    assert case.state == "at_agency"


def test_a_senders_step_has_no_page_for_staff(office: Office) -> None:
    case = build.case_at(office.world, "rating")
    assert office.get("operator", step(case, "rate")).status_code == 404


def test_a_step_that_is_over_says_who_did_what_and_when(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    address = step(case, "accept_assignment")
    build.do(office.world, case, "accept_assignment", "officer_PTNMT")
    answer = office.get("officer_2_PTNMT", address)
    assert answer.status_code == 409
    assert "Người Thử officer_PTNMT" in words_of(answer)
    assert "10:20 02/03/2026" in words_of(answer)


def test_what_was_typed_is_shown_again_to_who_came_second(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    address = step(case, "accept_assignment")
    office.post("officer_PTNMT", address, act="accept_assignment")
    answer = office.post("officer_2_PTNMT", address, act="hand_back", reason="Không thuộc thẩm quyền.")
    assert answer.status_code == 409
    assert "Không thuộc thẩm quyền." in words_of(answer)


def test_after_a_step_the_next_one_of_the_case_opens_if_it_is_mine(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    answer = office.post("officer_PTNMT", step(case, "accept_assignment"), act="accept_assignment")
    assert answer.headers["Location"] == step(case, "submit_answer")
    assert office.post("officer_PTNMT", answer.headers["Location"], act="submit_answer", **build.ANSWER).headers["Location"] == "/inbox"


def test_a_verb_the_step_does_not_have_does_its_own_act_and_no_other(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    office.post("officer_PTNMT", step(case, "accept_assignment"), act="publish")
    assert db.session.get_one(type(case), case.id).state == "handling"


def test_every_step_of_the_shipped_model_but_the_senders_has_a_page() -> None:
    from workflows.definitions.process import definitions, digest_of

    xml = shipped_model()
    steps = {element.id for element in definitions.get(digest_of(xml), xml).steps if element.role != "reporter"}
    assert steps == set(PAGES)


def test_a_step_of_the_software_is_never_done_by_the_form_of_drawn_steps(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    case = build.case_at(office.world, "to_verify")
    monkeypatch.delitem(PAGES, "verify")
    answer = office.post("operator", step(case, "verify"), act="verify")
    assert answer.status_code == 422
    assert "Bước này không có lựa chọn đó." in words_of(answer)
    assert build.waiting(case, "verify").state == "waiting"


def test_a_colleagues_step_can_be_read_but_has_no_buttons(office: Office) -> None:
    case = build.case_at(office.world, "to_verify")
    office.post("operator", f"{step(case, 'verify')}/claim")
    page = office.get("operator_2", step(case, "verify")).get_data(as_text=True)
    assert "<fieldset class=\"bare\" disabled>" in page
    assert 'value="verify"' not in page


def test_without_signing_in_a_step_leads_to_the_sign_in(office: Office) -> None:
    case = build.case_at(office.world, "to_verify")
    answer = office.app.test_client().get(step(case, "verify"))
    assert answer.status_code == 302
    assert "/sign-in" in answer.headers["Location"]


def test_of_a_quarantined_case_no_step_is_there(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    addresses = {"officer_PTNMT": step(case, "accept_assignment"), "operator": f"/tasks/{of(case, 'verify').ref}"}
    with unit_of_work():
        db.session.get_one(type(case), case.id).quarantined_at = build.NOON
    assert {office.get(name, address).status_code for name, address in addresses.items()} == {404}


def test_of_a_case_taken_out_while_its_step_is_sent_nothing_is_found_either(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    case = build.case_at(office.world, "at_agency")
    perform = tasks.run_recorded

    def taken_out_first(*work: Any, **how: Any) -> Any:
        with unit_of_work():
            db.session.get_one(Case, case.id).quarantined_at = build.NOON
        return perform(*work, **how)

    monkeypatch.setattr(tasks, "run_recorded", taken_out_first)
    assert office.post("officer_PTNMT", step(case, "accept_assignment"), act="accept").status_code == 404
    db.session.expire_all()
    assert build.waiting(case, "accept_assignment").state == "waiting"


def test_an_agency_that_was_released_reads_no_title_on_its_old_step(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    address = step(case, "accept_assignment")
    build.do(office.world, case, "accept_assignment", "officer_PTNMT", act="hand_back", reason="Thuộc xã.")
    assert "Rác đổ ven suối" in words_of(office.get("officer_PTNMT", address))
    build.do(office.world, case, "decide_hand_back", "operator", upheld=True, words="")
    assert "Rác đổ ven suối" not in words_of(office.get("officer_PTNMT", address))


def of(case: Case, element: str) -> WaitingTask:
    return db.session.query(WaitingTask).filter_by(case_id=case.id, element=element).one()


def test_an_unknown_step_is_not_there(office: Office) -> None:
    assert office.get("operator", "/tasks/0000000000000000").status_code == 404
    assert db.session.get(WaitingTask, 0) is None


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("một hai ba", "một hai ba", [Change("same", "một hai ba")]),
        ("", "mới", [Change("new", "mới")]),
        ("cũ", "", [Change("old", "cũ")]),
        (
            "đã nhắc nhở ông ấy",
            "đã dọn sạch ông ấy",
            [Change("same", "đã "), Change("old", "nhắc nhở "), Change("new", "dọn sạch "), Change("same", "ông ấy")],
        ),
        ("a b c", "x b y", [Change("old", "a b c"), Change("new", "x b y")]),
        ("một hai", "một hai ba", [Change("same", "một hai "), Change("new", "ba")]),
    ],
)
def test_changes_of_a_text_are_told_word_by_word(before: str, after: str, expected: list[Change]) -> None:
    assert changes(before, after) == expected
