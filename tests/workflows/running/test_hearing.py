"""Cases on the model of release 0.1.0 after an upgrade: they go their way, and what their model cannot hear of is refused in words."""
from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import Case, Event
from tests import build
from tests.web.pages import signed_in
from workflows.models import ProcessInstance, ProcessVersion, WaitingTask
from workflows.running.hearing import ActNotInModel, acts_to_offer, unheard_acts
from workflows.versions import live as versions
from workflows.versions.live import install_shipped_model

OLD_MODEL = (Path(__file__).parent.parent.parent / "data" / "field_report_0_1_0.bpmn").read_bytes()


@pytest.fixture
def world(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> build.World:
    """An installation that was begun with release 0.1.0."""
    monkeypatch.setitem(versions.SHIPPED, versions.FIELD_REPORT, lambda: OLD_MODEL)
    return build.standard_world()


def upgrade(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with unit_of_work():
        install_shipped_model(now=build.NOON)


def test_an_old_case_finishes_on_its_own_model_after_the_upgrade(world: build.World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = build.case_at(world, "to_distribute")
    upgrade(monkeypatch)
    build.advance(world, case, "closed")
    own = db.session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == case.id))
    assert {row.process_version.number for row in own} == {1}
    newer = build.file_report(world).case
    assert db.session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == newer.id)).one().process_version.number == 2


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize(("state", "verb", "by", "form"), [
    ("to_classify", "hold", "ops_lead", {"reason": "Chờ mưa tạnh.", "until": date(2026, 3, 6)}),
    ("to_classify", "refer", "operator", {"body": "Tỉnh", "reason": "Không thuộc huyện."}),
    ("to_distribute", "ask_reporter", "operator", {"words": "Ở đâu?", "when_unanswered": "continue"}),
    ("to_distribute", "refuse", "operator", {"words": "Không thuộc thẩm quyền."}),
    ("to_distribute", "classify", "operator", {"urgency": "urgent"}),
])  # fmt: skip
def test_what_the_old_model_cannot_hear_of_is_refused_and_leaves_nothing(
    world: build.World, monkeypatch: pytest.MonkeyPatch, state: str, verb: str, by: str, form: dict[str, object]
) -> None:
    case = build.case_at(world, state)
    upgrade(monkeypatch)
    if verb == "classify":
        form = {**form, "field": world.field(), "complexity": "ordinary", "area": world.area, "village": "", "reason": "Nguy hiểm."}
    if verb == "ask_reporter":
        form = {**form, "report": case.main_report}
    if verb == "refuse":
        form = {**form, "reason": world.refusal_reason()}
    events = len(db.session.scalars(select(Event)).all())
    with pytest.raises(ActNotInModel) as refusal:
        build.act(world, case, verb, by, **form)
    assert refusal.value.vi.startswith("Hồ sơ này chạy theo bản quy trình 1, bản đó chưa có phần “")
    assert len(db.session.scalars(select(Event)).all()) == events
    assert case.state == state


def test_what_would_be_refused_is_not_offered(world: build.World, monkeypatch: pytest.MonkeyPatch) -> None:
    old = build.case_at(world, "to_distribute")
    upgrade(monkeypatch)
    new = build.case_at(world, "to_distribute")
    operator = world.actor("operator")
    offered = {each.verb for each in acts_to_offer(new, operator, build.NOON)}
    assert {"ask_reporter", "refer", "merge", "classify", "quarantine"} <= offered
    assert {each.verb for each in acts_to_offer(old, operator, build.NOON)} == offered - unheard_acts(old.id)
    assert {"classify", "quarantine"} <= offered - unheard_acts(old.id)
    assert not unheard_acts(new.id)


def test_an_old_case_can_always_be_set_apart(world: build.World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = build.case_at(world, "handling")
    upgrade(monkeypatch)
    build.act(world, case, "quarantine", "operator", reason="Tố cáo cán bộ có tên.")
    instances = db.session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == case.id)).all()
    assert {row.status for row in instances} == {"ended"}
    assert len(instances) == 2
    assert not db.session.scalars(select(WaitingTask).where(WaitingTask.case_id == case.id, WaitingTask.state == "waiting")).all()


def test_a_new_case_set_apart_ends_by_its_own_event(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "handling")
    build.act(world, case, "quarantine", "operator", reason="Tố cáo cán bộ có tên.")
    instances = db.session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == case.id)).all()
    assert {row.status for row in instances} == {"ended"}


def test_pages_do_not_offer_what_the_old_model_cannot_hear_of(
    world: build.World, monkeypatch: pytest.MonkeyPatch, sqlite_app: Flask, sqlite_client: FlaskClient
) -> None:
    sqlite_app.config["CLOCK"] = lambda: build.NOON
    to_verify, open_case = build.file_report(world).case, build.case_at(world, "to_distribute")
    code, upgraded = open_case.main_report.code, db.session.scalars(select(ProcessVersion)).all()
    assert [row.number for row in upgraded if row.key == versions.FIELD_REPORT] == [1]
    upgrade(monkeypatch)
    signed_in(sqlite_app, sqlite_client, world.people["operator"], now=build.NOON)
    case_page = sqlite_client.get(f"/cases/{open_case.ref}").text
    assert f"/cases/{open_case.ref}/acts/quarantine" in case_page
    assert f"/cases/{open_case.ref}/acts/hold" not in case_page
    assert f"/cases/{open_case.ref}/acts/refer" not in case_page
    verify_page = sqlite_client.get(f"/tasks/{build.waiting(to_verify, 'verify').ref}").text
    assert 'value="verify"' in verify_page
    assert 'value="refuse"' not in verify_page
    signed_in(sqlite_app, sqlite_client, world.people["citizen"], now=build.NOON)
    own = sqlite_client.get(f"/mine/{code}").text
    assert f"/mine/{code}/withdrawal" not in own
    assert f"/mine/{code}/additions" not in own


def test_an_old_report_cannot_be_refused_at_verification_either(world: build.World, monkeypatch: pytest.MonkeyPatch) -> None:
    case: Case = build.file_report(world).case
    upgrade(monkeypatch)
    with pytest.raises(ActNotInModel):
        build.do(world, case, "verify", "operator", act="refuse", reason=world.refusal_reason(), words="Không rõ.")
    assert build.waiting(case, "verify").state == "waiting"
