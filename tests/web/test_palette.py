"""The palette: what somebody finds by a few letters, and nothing they may not open."""
from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db
from tests import build
from tests import drawn_steps as drawn
from tests.conftest import client_of
from tests.second_centre import second_world
from tests.web.desk import Office, statements_of
from tests.web.pages import signed_in
from tests.workflows.moving import cases as moving
from workflows.models import WaitingTask

EVERYBODY = (
    "operator", "ops_lead", "officer_PTNMT", "leader_PTNMT", "committee_leader", "records_clerk", "administrator", "process_approver",
    "confidential_reader", "inspector",
)  # fmt: skip


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


def found(office: Office, name: str, typed: str, case: str = "") -> dict[str, list[str]]:
    """The addresses found, by group."""
    return groups(office.get(name, f"/palette?q={quote(typed)}&case={case}").text)


def groups(html: str) -> dict[str, list[str]]:
    parts = re.split(r'<div role="group" aria-labelledby="pal-(\w+)">', html)
    return {key: re.findall(r'role="option"[^>]*href="([^"]+)"', rows) for key, rows in zip(parts[1::2], parts[2::2], strict=True)}


def test_a_case_is_found_by_words_in_any_order_without_accents_and_by_its_code(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    there = [f"/cases/{case.ref}"]
    words = " ".join(reversed((case.title or "").lower().split()[:2]))
    for typed in (words, case.code, str(int(case.code[-6:])), "xa lat"):
        assert found(office, "operator", typed).get("cases") == there, typed
        assert found(office, "officer_PTNMT", typed).get("cases") == there, typed
        assert "cases" not in found(office, "officer_HKL", typed), f"{typed}: an agency without the case"
        assert "cases" not in found(office, "administrator", typed), f"{typed}: somebody who searches nothing"
    assert "<mark>" in office.get("operator", "/palette?q=xa").text
    assert "cases" not in found(office, "operator", "x"), "one letter would find nearly all"
    assert any(each.startswith("/open-map?area=") for each in found(office, "officer_PTNMT", "xa lat")["pages"]), "what is open there"
    assert found(office, "operator", "zzz")["pages"] == ["/search?q=zzz"], "the search page, where nothing is found"


def test_acts_of_the_open_case_lead_to_their_pages_and_do_nothing(office: Office) -> None:
    case = build.case_at(office.world, "to_verify")
    acts = found(office, "operator", ">", case.ref)
    assert acts.keys() == {"acts"}
    assert acts["acts"][0] == f"/tasks/{build.waiting(case, 'verify').ref}", "the step that waits comes first"
    assert f"/cases/{case.ref}/acts/merge" in acts["acts"]
    assert found(office, "operator", ">gop", case.ref)["acts"] == [f"/cases/{case.ref}/acts/merge"], "by letters without accents"
    for address in acts["acts"]:
        assert office.get("operator", address).status_code == 200, address
    for name in ("officer_HKL", "inspector", "records_clerk"):
        assert found(office, name, ">", case.ref) == {}, f"{name} has no business with the case"
    assert found(office, "operator", ">", "no-such-case") == found(office, "operator", ">") == {}
    build.act(office.world, case, "quarantine", "operator", reason="Nghi lộ bí mật nhà nước.")
    assert found(office, "operator", ">", case.ref) == {}
    assert "cases" not in found(office, "operator", case.code)


@pytest.mark.exhaustive(but=6)
@pytest.mark.parametrize("name", EVERYBODY)
def test_every_page_it_leads_to_opens(office: Office, name: str) -> None:
    pages = [*found(office, name, "")["pages"], *(each for letter in "bctdhp" for each in found(office, name, letter).get("pages", []))]
    assert pages
    for address in dict.fromkeys(each.replace("&amp;", "&") for each in pages):
        assert office.get(name, address).status_code in (200, 302), address


def test_people_and_agencies_are_for_those_who_see_their_work(office: Office) -> None:
    people, agency = office.world.people, office.world.agencies["PTNMT"]
    assert f"/inbox?waits=team&amp;holder={people['operator'].ref}" in found(office, "ops_lead", "@operator")["people"]
    assert found(office, "operator", "@").get("people") is None
    assert any(agency.ref in each for each in found(office, "operator", "@")["bodies"])
    assert found(office, "administrator", "@")["bodies"][0].startswith("/settings/agencies/")
    assert found(office, "officer_PTNMT", "@") == found(office, "inspector", "@") == {}
    for name in ("ops_lead", "operator", "administrator"):
        for address in (each for rows in found(office, name, "@").values() for each in rows):
            assert office.get(name, address.replace("&amp;", "&")).status_code == 200, address


def test_two_centres_find_nothing_of_each_other(office: Office) -> None:
    other = second_world(office.world)
    ours, theirs = build.case_at(office.world, "handling"), build.case_at(other, "handling")
    stranger = signed_in(office.app, client_of(office.app), other.people["operator"], now=office.moment)
    for typed in ("xa", "phong", ours.code, "@", "> "):
        page = stranger.get(f"/palette?q={quote(typed)}&case={ours.ref}").text
        assert ours.ref not in page, typed
        assert office.world.agencies["PTNMT"].ref not in page, typed
    assert theirs.ref in stranger.get("/palette?q=xa").text


def test_a_case_that_is_set_apart_is_found_by_nobody_and_acted_on_by_its_reader_alone(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    steps = list(db.session.scalars(select(WaitingTask.ref).where(WaitingTask.case_id == case.id)))
    build.act(office.world, case, "quarantine", "operator", reason="Nghi lộ bí mật nhà nước.")
    for name in ("operator", "ops_lead", "officer_PTNMT", "committee_leader"):
        for typed in ("xa lat", case.code, ">", "> gop"):
            page = office.get(name, f"/palette?q={quote(typed)}&case={case.ref}").text
            assert case.ref not in page, (name, typed)
            assert not any(ref in page for ref in steps), (name, typed)
    assert "cases" not in found(office, "confidential_reader", case.code)
    assert found(office, "confidential_reader", ">", case.ref)["acts"] == [f"/cases/{case.ref}/acts/hand_over"]


@pytest.mark.exhaustive
def test_after_a_merge_the_acts_are_those_of_the_case_that_is_open(office: Office) -> None:
    case, main = build.case_at(office.world, "handling"), build.case_at(office.world, "to_distribute")
    commune = office.world.agencies["UBND-LAT"]
    build.do(office.world, main, "distribute", "operator", lead=commune, cooperating=[])
    build.do(office.world, main, "accept_assignment", "officer_UBND-LAT", agency=commune)
    build.act(office.world, case, "merge", "operator", now=max(build.next_moment(case), build.next_moment(main)), into=main)
    office.clock(build.next_moment(main))
    assert f"/cases/{case.ref}/acts/merge" not in found(office, "operator", ">", case.ref).get("acts", [])
    for name in ("operator", "officer_PTNMT"):
        acts = found(office, name, ">", main.ref)["acts"]
        assert acts, name
        for address in (*acts, *found(office, name, main.code)["cases"], *found(office, "operator", case.code)["cases"]):
            assert office.get(name if main.ref in address or "/tasks/" in address else "operator", address).status_code == 200, address
    assert found(office, "officer_PTNMT", main.code)["cases"] == [f"/cases/{main.ref}"], "the agency goes along"


@pytest.mark.exhaustive
def test_after_a_move_the_acts_lead_to_the_steps_of_the_new_version(office: Office) -> None:
    source, case = moving.live(), build.case_at(office.world, "handling")
    office.clock(build.next_moment(case))
    moving.carried_out(office.world, source, drawn.put_live(drawn.legal_model()), now=office.moment)
    db.session.expire_all()
    acts = found(office, "officer_PTNMT", ">", case.ref)["acts"]
    assert acts[0] == f"/tasks/{build.waiting(case, 'submit_answer').ref}"
    assert [office.get("officer_PTNMT", address).status_code for address in acts] == [200] * len(acts)


def test_it_is_bounded_and_kept_nowhere_and_strangers_do_not_get_it(office: Office) -> None:
    for _ in range(10):
        build.case_at(office.world, "to_verify")
    assert all(len(rows) <= 9 for rows in found(office, "operator", "xa").values())
    answer = office.get("operator", "/palette?q=xa")
    assert answer.headers["Cache-Control"] == "no-store"
    assert statements_of(lambda: office.browser("operator").get("/palette?q=xa")) <= 14
    assert statements_of(lambda: office.browser("operator").get("/palette?q=")) <= 2
    assert client_of(office.app).get("/palette?q=xa").status_code == 302
    assert office.get("citizen", "/palette?q=xa").status_code == 403
    assert "data-palette=" not in office.get("citizen", "/mine").text


def test_a_page_that_comes_small_fetches_the_palette_and_the_box_of_the_bell(office: Office) -> None:
    frame = office.get("administrator", "/palette?frame=1").text
    assert 'data-palette="/palette"' in frame
    assert "data-bell-box" in frame
    assert office.get("citizen", "/palette?frame=1").status_code == 403


def test_what_is_typed_is_escaped(office: Office) -> None:
    page = office.get("operator", f"/palette?q={quote('<script>alert(1)</script>')}").text
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_without_a_script_the_field_leads_to_the_search_page(office: Office) -> None:
    assert re.search(r'<a class="palbtn" href="/search"', office.get("operator", "/inbox").text)
    assert re.search(r'<a class="palbtn" href="#main" hidden', office.get("inspector", "/inbox").text)
