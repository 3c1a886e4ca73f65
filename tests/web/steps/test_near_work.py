"""Other open work of the agency near the case an officer answers, and the way to it on the map of open work."""
from __future__ import annotations

import html
import re

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.intake.file_report import Place
from casework.models import Case, VisibilityReason
from tests import build
from tests.web.desk import Office, statements_of, step
from workflows.desks import near_work

HERE = (12.041, 108.411)
NEAR, FAR = (12.044, 108.413), (12.06, 108.411)


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


def case_at(office: Office, at: tuple[float, float] = HERE, state: str = "handling") -> Case:
    return build.case_at(office.world, state, place=Place(area=office.world.area, latitude=at[0], longitude=at[1]))


def near_told(office: Office, case: Case) -> tuple[str, str]:
    """What the answer page says of other work nearby, and where it leads."""
    page = office.get("officer_PTNMT", step(case, "submit_answer")).get_data(as_text=True)
    found = re.search(r'<p class="nearwork small"><a href="([^"]+)">.*?(Việc gần đây: \S+)</a>', page)
    return (found[2], html.unescape(found[1])) if found else ("", "")


@pytest.mark.exhaustive
def test_other_open_work_of_the_agency_nearby_is_counted_and_is_what_the_map_then_lists(office: Office) -> None:
    case = case_at(office)
    assert near_told(office, case) == ("", "")
    near, set_apart, private = case_at(office, NEAR), case_at(office, NEAR), case_at(office, NEAR)
    case_at(office, FAR)
    case_at(office, NEAR, "to_distribute")
    case_at(office, NEAR, "to_publish")
    with unit_of_work():
        set_apart.quarantined_at = build.NOON
        private.visibility_reason = db.session.scalars(select(VisibilityReason)).first()
    words, address = near_told(office, case)
    assert words == "Việc gần đây: 1"
    listed = office.get("officer_PTNMT", address).get_data(as_text=True)
    assert set(re.findall(r'id="c-([^"]+)"', listed)) == {case.ref, near.ref}
    assert address.endswith(f"#c-{case.ref}"), "the map opens with this case chosen"


@pytest.mark.exhaustive
def test_many_are_told_as_more_than_can_be_counted_and_cost_no_more(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    case = case_at(office)
    office.get("officer_PTNMT", step(case, "submit_answer"))
    alone = statements_of(lambda: near_told(office, case))
    for _number in range(3):
        case_at(office, NEAR)
    monkeypatch.setattr(near_work, "MOST_COUNTED", 2)
    monkeypatch.setattr("web.steps.answering.MOST_COUNTED", 2)
    near_told(office, case)
    assert statements_of(lambda: near_told(office, case)) == alone
    assert near_told(office, case)[0] == "Việc gần đây: 2+"


def test_a_case_of_which_nobody_is_shown_the_place_has_no_way_to_the_map(office: Office) -> None:
    case, other = case_at(office), case_at(office, NEAR)
    page = office.get("ops_lead", f"/cases/{case.ref}").get_data(as_text=True)
    assert re.search(rf'href="/open-map\?box=[^"]+#c-{case.ref}"', page)
    with unit_of_work():
        case.visibility_reason = db.session.scalars(select(VisibilityReason)).first()
    assert f"#c-{case.ref}" not in office.get("ops_lead", f"/cases/{case.ref}").get_data(as_text=True)
    assert near_told(office, case) == ("", "")
    assert near_told(office, other) == ("", ""), "and is not counted near another"
