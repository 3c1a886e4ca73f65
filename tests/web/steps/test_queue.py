"""The queue somebody works down: where a step leads when it is done, and what stands beside it."""
from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from urllib.parse import quote, unquote

import pytest
from flask import Flask

from casework.db import db, unit_of_work
from casework.models import Case, Deputy
from tests import build
from tests.web.desk import Office, statements_of, step
from tests.web.pages import words_of
from workflows.models import ProcessInstance
from workflows.running.steps import claim

REFUSAL = {"act": "refuse", "reason": "khong_ro_noi_dung", "refusal_words": "Chưa rõ nơi xảy ra."}
CASES = 24


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


@pytest.fixture
def both(app: Flask) -> Office:
    return Office(app)


def to_verify(office: Office, number: int) -> list[Case]:
    """Cases of which each is filed, and so due, a minute after the one before."""
    return [build.case_at(office.world, "to_verify", now=build.NOON - timedelta(minutes=number - each)) for each in range(number)]


def accepted(office: Office, number: int) -> list[Case]:
    return [build.case_at(office.world, "at_agency") for _ in range(number)]


def take(office: Office, case: Case, element: str, name: str) -> None:
    with unit_of_work():
        claim(build.waiting(case, element).ref, by=office.world.actor(name), now=office.moment)


def came_from(address: str, inbox: str) -> str:
    return f"{address}?back={quote(inbox, safe='/')}"


def led_to(office: Office, name: str, address: str, **form: str) -> str:
    """Where a form sent leads, without the way back."""
    answer = office.post(name, address, **(form or REFUSAL))
    assert answer.status_code in (302, 303), words_of(answer)
    return str(answer.location).partition("?")[0]


def stand_in(office: Office, deputy: str, principal: str) -> None:
    people = office.world.people
    with unit_of_work():
        db.session.add(Deputy(principal_id=people[principal].id, deputy_id=people[deputy].id, created_by_id=people["ops_lead"].id,
                              starts_at=build.NOON - timedelta(days=1), ends_at=build.NOON + timedelta(days=9)))  # fmt: skip


# -- where a step leads ------------------------------------------------------------------------------------------------


@pytest.mark.exhaustive
def test_the_next_step_of_the_case_comes_first_then_the_one_due_after_it_then_the_first(both: Office) -> None:
    first, second, third = accepted(both, 3)
    answering = led_to(both, "officer_PTNMT", step(second, "accept_assignment"), act="accept_assignment")
    assert answering == step(second, "submit_answer")
    assert led_to(both, "officer_PTNMT", answering, act="submit_answer", **build.ANSWER) == step(first, "accept_assignment")
    cases = to_verify(both, 3)
    assert led_to(both, "operator", step(cases[1], "verify")) == step(cases[2], "verify")
    assert led_to(both, "operator", step(cases[2], "verify")) == step(cases[0], "verify")
    assert led_to(both, "operator", step(cases[0], "verify")) == "/inbox"
    assert build.waiting(third, "accept_assignment").state == "waiting"


def test_it_stays_in_the_view_and_filter_somebody_came_from(both: Office) -> None:
    first, second = to_verify(both, 2)
    inbox = "/inbox?view=verify&urgency=normal"
    answer = both.post("operator", came_from(step(first, "verify"), inbox), **REFUSAL)
    led, _, back = str(answer.location).partition("?back=")
    assert (led, unquote(back)) == (step(second, "verify"), inbox)
    assert first.code in both.words("operator", str(answer.location)), "what was done is said on the page it leads to"
    assert both.post("operator", str(answer.location), **REFUSAL).location == inbox


def test_what_somebody_else_holds_is_passed_over_and_ones_own_comes_first(both: Office) -> None:
    first, second, third, fourth = to_verify(both, 4)
    take(both, second, "verify", "operator_2")
    take(both, fourth, "verify", "operator")
    assert led_to(both, "operator", step(first, "verify")) == step(fourth, "verify")
    assert led_to(both, "operator", step(fourth, "verify")) == step(third, "verify")
    assert led_to(both, "operator", step(third, "verify")) == "/inbox", "the one left is taken"


def test_called_in_ones_come_before_what_is_due_next(both: Office) -> None:
    first, second = to_verify(both, 2)
    urgent = build.file_report(both.world, marked_urgent=True)
    case = urgent.case
    assert led_to(both, "operator", step(first, "verify")) == step(case, "verify")
    assert led_to(both, "operator", step(case, "verify")) == step(second, "verify")


@pytest.mark.exhaustive
def test_a_deputy_goes_on_with_the_principals_desk_but_not_with_what_they_wrote_themselves(both: Office) -> None:
    theirs, own = (build.case_at(both.world, state) for state in ("approval", "handling"))
    stand_in(both, "officer_2_PTNMT", "leader_PTNMT")
    sent = led_to(both, "officer_2_PTNMT", step(own, "submit_answer"), act="submit_answer", **build.ANSWER)
    assert sent == step(theirs, "approve_answer"), "not the approval of what they have just written"
    assert led_to(both, "officer_2_PTNMT", sent, act="approve_answer") == "/inbox"
    assert build.waiting(own, "approve_answer").state == "waiting"


def test_only_the_desks_one_chose_are_gone_on_with(both: Office) -> None:
    build.case_at(both.world, "approval")
    first, second = accepted(both, 2)
    stand_in(both, "officer_2_PTNMT", "leader_PTNMT")
    principal = both.world.people["leader_PTNMT"].ref
    inbox = "/inbox?whose=own"
    build.do(both.world, first, "accept_assignment", "officer_PTNMT")
    sent = led_to(both, "officer_2_PTNMT", came_from(step(first, "submit_answer"), inbox), act="submit_answer", **build.ANSWER)
    assert sent == step(second, "accept_assignment")
    build.do(both.world, second, "accept_assignment", "officer_PTNMT")
    inbox = f"/inbox?whose={principal}"
    sent = led_to(both, "officer_2_PTNMT", came_from(step(second, "submit_answer"), inbox), act="submit_answer", **build.ANSWER)
    assert sent.startswith("/tasks/")
    assert sent != step(second, "approve_answer"), "that answer is their own"


def test_a_step_of_a_case_taken_out_or_at_a_standstill_meanwhile_is_not_led_to(both: Office) -> None:
    first, second, third, fourth = to_verify(both, 4)
    with unit_of_work():
        db.session.get_one(Case, second.id).quarantined_at = build.NOON
        build.waiting(third, "verify").instance.status = "incident"
    assert led_to(both, "operator", step(first, "verify")) == step(fourth, "verify")
    assert db.session.query(ProcessInstance).filter_by(status="incident").count() == 1


def test_a_merged_case_is_not_led_to(office: Office) -> None:
    first, second, third = to_verify(office, 3)
    build.act(office.world, second, "merge", "operator", into=third)
    assert led_to(office, "operator", step(first, "verify")) == step(third, "verify")


def test_of_two_browsers_the_second_is_told_and_each_goes_on(office: Office) -> None:
    first, second, third = to_verify(office, 3)
    address = step(first, "verify")
    assert led_to(office, "operator", address) == step(second, "verify")
    assert office.post("operator_2", address, **REFUSAL).status_code == 409
    assert led_to(office, "operator_2", step(second, "verify")) == step(third, "verify")


def test_a_refused_form_stays_and_so_does_a_step_that_is_not_over(office: Office) -> None:
    first, _ = to_verify(office, 2)
    assert office.post("operator", step(first, "verify"), act="refuse").status_code == 422
    assert build.waiting(first, "verify").state == "waiting"


def test_sent_twice_it_leads_to_the_same_place(office: Office) -> None:
    first, second = to_verify(office, 2)
    inbox = "/inbox?view=verify"
    address = came_from(step(first, "verify"), inbox)
    token = re.search(r'name="csrf_token" value="([^"]+)"', office.get("operator", address).get_data(as_text=True))
    assert token is not None
    form = {**REFUSAL, "csrf_token": unescape(token[1])}
    places = [office.post("operator", address, **form).location for _ in range(2)]
    assert places[0] == places[1]
    assert step(second, "verify") in str(places[0])


def test_gone_back_to_a_step_that_is_done_its_page_says_so(office: Office) -> None:
    first, _ = to_verify(office, 2)
    address = step(first, "verify")
    led_to(office, "operator", address)
    assert office.get("operator", address).status_code == 409


@pytest.mark.exhaustive
def test_whoever_comes_from_the_page_of_a_case_goes_on_with_the_case_alone(office: Office) -> None:
    first, second = accepted(office, 2)
    page = office.get("officer_PTNMT", f"/cases/{first.ref}?tab=all").get_data(as_text=True)
    links = [unescape(each) for each in re.findall(r'href="(/tasks/[^"]+)"', page)]
    assert f"{step(first, 'accept_assignment')}?alone=1" in links
    page = office.get("officer_PTNMT", links[0]).get_data(as_text=True)
    assert "data-queue" not in page
    claim_form = re.search(r'action="(/tasks/[^"]+/claim[^"]*)"', page)
    assert claim_form is not None
    assert office.post("officer_PTNMT", unescape(claim_form[1]), to="task").location == links[0], "taken, it is still opened so"
    answer = office.post("officer_PTNMT", links[0], act="accept_assignment")
    assert answer.location == f"{step(first, 'submit_answer')}?alone=1"
    assert office.post("officer_PTNMT", str(answer.location), act="submit_answer", **build.ANSWER).location == "/inbox"
    assert build.waiting(second, "accept_assignment").state == "waiting"


@pytest.mark.parametrize("inbox", ["/inbox?view=all&waits=others", "/inbox?view=frozen"])
def test_a_list_in_which_nothing_waits_for_the_person_is_no_queue(office: Office, inbox: str) -> None:
    first, second = to_verify(office, 2)
    address = came_from(step(first, "verify"), inbox)
    assert "data-queue" not in office.get("ops_lead", address).get_data(as_text=True)
    assert office.post("ops_lead", address, **REFUSAL).location == inbox
    assert build.waiting(second, "verify").state == "waiting"


# -- what stands beside it ---------------------------------------------------------------------------------------------


def queue_on(office: Office, name: str, address: str) -> tuple[list[str], str, dict[str, str]]:
    """The steps of the list, that at hand, and the ways to the one before and the one after."""
    page = office.get(name, address).get_data(as_text=True)
    queue = re.search(r'<nav class="queue".*?</nav>', page, re.S)
    walk = re.search(r'<nav class="walk".*?</nav>', page, re.S)
    assert queue is not None
    rows = re.findall(r'<a href="(/tasks/[^"?]+)[^"]*"( aria-current="true")?', queue[0])
    ways = dict(re.findall(r'href="(?P<url>/tasks/[^"?]+)[^"]*" rel="(\w+)"', walk[0])) if walk else {}
    return [url for url, _ in rows], "".join(url for url, at in rows if at), {rel: url for url, rel in ways.items()}


def test_the_queue_stands_beside_the_step_with_the_way_to_its_neighbours(both: Office) -> None:
    cases = to_verify(both, 3)
    addresses = [step(case, "verify") for case in cases]
    assert queue_on(both, "operator", addresses[1]) == (addresses, addresses[1], {"prev": addresses[0], "next": addresses[2]})
    assert queue_on(both, "operator", addresses[0])[2] == {"next": addresses[1]}
    words = both.words("operator", addresses[2])
    assert "Việc 3/3" in words
    assert "Toàn bộ hộp việc" in words


@pytest.mark.exhaustive
def test_it_is_the_queue_somebody_came_from(both: Office) -> None:
    first, second = to_verify(both, 2)
    build.case_at(both.world, "to_classify")
    take(both, second, "verify", "operator")
    rows, at, ways = queue_on(both, "operator", came_from(step(second, "verify"), "/inbox?view=mine"))
    assert (rows, at, ways) == ([step(second, "verify")], step(second, "verify"), {})
    assert len(queue_on(both, "operator", came_from(step(first, "verify"), "/inbox?view=verify"))[0]) == 2
    assert queue_on(both, "operator", came_from(step(first, "verify"), "/inbox?view=mine"))[1] == "", "it is not in that queue"
    code = came_from(step(first, "verify"), f"/inbox?q={first.code}")
    assert queue_on(both, "operator", code)[0] == [step(first, "verify")]
    assert "data-queue" not in both.get("operator", came_from(step(first, "verify"), "/inbox?q=khong")).get_data(as_text=True)


@pytest.mark.exhaustive
def test_of_a_long_queue_a_part_is_shown_and_beyond_what_is_counted_the_rest(both: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = [step(case, "verify") for case in to_verify(both, CASES)]
    rows, at, _ = queue_on(both, "operator", addresses[7])
    assert (rows, at) == (addresses[3:23], addresses[7])
    assert queue_on(both, "operator", addresses[-1])[0] == addresses[-20:]
    monkeypatch.setattr("workflows.desks.queue.MOST_PLACES", 5)
    rows, at, ways = queue_on(both, "operator", addresses[9])
    assert (rows, at, ways) == (addresses[9:], addresses[9], {"next": addresses[10]})


def test_it_shows_no_more_of_a_case_than_the_inbox_does(office: Office) -> None:
    first, second = accepted(office, 2)
    build.case_at(office.world, "to_verify")
    rows, _, _ = queue_on(office, "officer_PTNMT", step(first, "accept_assignment"))
    assert rows == [step(first, "accept_assignment"), step(second, "accept_assignment")]
    assert queue_on(office, "operator", step(build.case_at(office.world, "to_classify"), "classify"))[0] != rows


@pytest.mark.exhaustive
def test_the_queue_costs_one_statement_whatever_its_length(office: Office) -> None:
    first = accepted(office, 2)[0]

    def took(address: str) -> int:
        office.words("officer_PTNMT", address)
        return statements_of(lambda: office.words("officer_PTNMT", address))

    address = step(first, "accept_assignment")
    assert took(address) == took(f"{address}?alone=1") + 1
    assert took(came_from(address, "/inbox?view=accept_assignment")) == took(f"{address}?alone=1") + 1
    accepted(office, 3)
    assert took(address) == took(f"{address}?alone=1") + 1


def test_the_steps_of_one_case_follow_one_another_whatever_is_due_between_them(both: Office) -> None:
    case, other = build.case_at(both.world, "to_distribute", urgent=True), build.case_at(both.world, "to_classify")
    own = [step(case, element) for element in ("call_hotline", "distribute")]
    with unit_of_work():
        for number, (of, element) in enumerate([(case, "call_hotline"), (other, "classify"), (case, "distribute")]):
            build.waiting(of, element).due_at = both.moment + timedelta(hours=1 + number)
    addresses = [*own, step(other, "classify")]
    for at, ways in ((own[0], {"next": own[1]}), (own[1], {"prev": own[0], "next": addresses[2]}), (addresses[2], {"prev": own[1]})):
        assert queue_on(both, "operator", at) == (addresses, at, ways)
    html = both.get("operator", own[0]).get_data(as_text=True)
    assert html.count('<li class="queue-row') == 2, "one card for each case"
