"""The models to begin from: each is clean, begins a draft by the page, and carries a case from the report to its end."""
from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from casework.db import db
from casework.models import Case
from casework.verification.cases import check_cases
from tests import build
from tests import drawn_steps as drawn
from tests.web.pages import at, words_of
from tests.web.test_studio import as_
from tests.workflows.drafting.test_drafts import world_with_people
from workflows.definitions.process import parse, shipped_model
from workflows.models import ProcessVersion, WaitingTask
from workflows.verification import check_process
from workflows.versions.live import FIELD_REPORT, check_text
from workflows.versions.starting_models import SIMPLE, STARTING_MODELS

OWN_STEPS: dict[str, tuple[str, dict[str, Any]]] = {
    "site_survey": ("officer", {"values": {"survey_found": "Đống rác cao một mét.", "survey_on": date(2026, 3, 2)}}),
    "check_quality": ("operator", {"values": {"answers_matter": True, "shows_photos": True}}),
    "section_review": ("leader", {"button": "forward", "values": {}}),
    "sign_publication": ("ops_lead", {"values": {}}),
    "plan_work": ("ops_lead", {"values": {"plan_words": "Thu gom trong ngày.", "needs_survey": False}}),
}
"""By step who does it and what they fill in."""
ADDED = {
    "simple_centre": set(), "district": {"site_survey", "check_quality"}, "two_approvals": {"section_review", "sign_publication"},
    "urgent_fast_lane": {"plan_work"},
}  # fmt: skip


def waiting(case: Case) -> set[str]:
    query = select(WaitingTask.element).where(WaitingTask.case_id == case.id, WaitingTask.state == "waiting")
    return set(db.session.scalars(query))


def do_own_steps(world: build.World, case: Case) -> set[str]:
    done = set()
    while own := waiting(case) & OWN_STEPS.keys():
        element = own.pop()
        by, form = OWN_STEPS[element]
        agency = build.waiting(case, element).assignment and build.waiting(case, element).assignment.agency
        build.do(world, case, element, f"{by}_{agency.key}" if agency is not None else by, **form)
        done.add(element)
    return done


def to_the_end(world: build.World, *, urgent: bool = False) -> set[str]:
    """Take a new case to its end; returns the steps it took that the shipped model does not have."""
    case, done = build.file_report(world, marked_urgent=urgent).case, set()
    for state, after in zip(build.WALK, build.WALK[1:], strict=False):
        done |= do_own_steps(world, case)
        build.NEXT_STEPS[state](world, case, urgent=urgent)
        done |= do_own_steps(world, case)
        assert case.state == after
    return done


@pytest.mark.exhaustive(but=4)
@pytest.mark.parametrize("key", STARTING_MODELS)
def test_each_is_clean_and_takes_a_case_from_the_report_to_its_end(sqlite_app: Flask, key: str) -> None:
    model = STARTING_MODELS[key]
    checked = check_text(FIELD_REPORT, model.text)
    assert [str(finding) for finding in checked.findings] == []
    elements, shipped = parse(model.text).elements, parse(shipped_model()).elements
    assert shipped.keys() <= elements.keys()
    assert {each.id for each in elements.values() if each.is_step} - shipped.keys() == ADDED[key]
    world = build.standard_world()
    drawn.put_live(model.text)
    assert to_the_end(world) == ADDED[key]
    if key == "urgent_fast_lane":
        assert to_the_end(world, urgent=True) == set(), "an urgent case goes straight to distribution"
    assert [str(found) for found in (*check_cases(now=build.NOON), *check_process()) if found.is_fault] == []


@pytest.mark.exhaustive
def test_a_draft_begins_from_each_by_the_page(sqlite_app: Flask, sqlite_client: FlaskClient) -> None:
    at(sqlite_app, build.NOON)
    world = world_with_people()
    admin = as_(sqlite_app, sqlite_client, world, "admin")
    page = words_of(admin.get("/studio"))
    for model in STARTING_MODELS.values():
        assert model.name.vi in page
        assert model.what.vi in page
        begun = admin.post("/studio/drafts", data={"model": model.key, "scope": "installation"})
        draft = db.session.scalars(select(ProcessVersion).order_by(ProcessVersion.id.desc()).limit(1)).one()
        assert (begun.status_code, draft.state, draft.xml) == (302, "draft", model.text)
        assert f"Từ mẫu “{model.name.vi}”" in words_of(admin.get(f"/studio/versions/{draft.ref}"))
    assert admin.post("/studio/drafts", data={"model": "../field_report", "scope": "installation"}).status_code == 404
    assert STARTING_MODELS[SIMPLE].text == shipped_model()
