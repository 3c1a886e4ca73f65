"""Scenarios: recorded from a real case by one click, without its content; run in a process of its own; clean on live, and in words where
a draft goes otherwise."""
from __future__ import annotations

import time
from typing import Any

import orjson
import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import ElementSetting, Event
from casework.permissions import NotAllowed
from tests import build
from tests import drawn_steps as drawn
from tests.second_centre import add_rule
from workflows.definitions.process import parse, shipped_model
from workflows.drafting.drafts import save_draft, start_draft
from workflows.mending.acts import CaseUnknown
from workflows.models import ProcessVersion, Rehearsal, Scenario
from workflows.rehearsal.asking import RehearsalRefused, ReplayPeriod, ask_history, ask_scenarios
from workflows.rehearsal.automaton import Automaton
from workflows.rehearsal.reading import newest_of
from workflows.rehearsal.recording import record_scenario
from workflows.rehearsal.running import HISTORY, LEASE, SCENARIOS, go_on_with_rehearsals
from workflows.rehearsal.scenarios import ScenarioRefused, ScenarioUnknown, drop_scenario, name_scenario, scenarios_for, shipped_scenarios
from workflows.rehearsal.shut_in import TOO_LARGE, TOO_SLOW, RehearsalFailed, in_child
from workflows.rehearsal.stories import go_through
from workflows.versions.live import live_version

NOON = build.NOON


def record(world: build.World, case: Any, name: str = "Một đường đi", by: str = "administrator") -> Scenario:
    ref = case.ref
    with unit_of_work(keeps_rows=True):
        return record_scenario(ref, name=name, by=world.actor(by), now=NOON)


def draft_of(world: build.World, xml: bytes) -> ProcessVersion:
    with unit_of_work(keeps_rows=True):
        return start_draft(by=world.actor("administrator"), now=NOON, centre_id=world.centre.id, xml=xml)


def rehearsed(world: build.World, version: ProcessVersion, ask: Any = ask_scenarios, **wishes: Any) -> Rehearsal:
    version_id = version.id
    with unit_of_work():
        ask(db.session.get_one(ProcessVersion, version_id), by=world.actor("administrator"), now=NOON, **wishes)
    assert go_on_with_rehearsals(NOON) == 1
    kind = SCENARIOS if ask is ask_scenarios else HISTORY
    found = newest_of(db.session.get_one(ProcessVersion, version_id), kind, by=world.actor("administrator"))
    assert found is not None
    return found


def set_for_the_day(world: build.World) -> None:
    """Another limit for a step of the live model, as of long ago."""
    add_rule(ElementSetting(centre_id=world.centre.id, element="verify", amount=6, unit="working_hours", valid_from=build.LONG_AGO))


def result_of(rehearsal: Rehearsal) -> dict[str, Any]:
    assert rehearsal.result is not None, rehearsal.error_en
    return rehearsal.result


@pytest.mark.exhaustive
def test_a_real_case_becomes_a_scenario_that_holds_nothing_of_it_and_tells_where_a_draft_goes_otherwise(sqlite_app: Flask) -> None:
    world = build.standard_world()
    drawn.put_live(drawn.costly_model())
    case = build.case_at(world, "to_publish", agencies=2)
    build.do(world, case, "cost_check", "operator", values={"cost": 731, "settled": True})
    kept = record(world, case, "  Chi phí   lớn ")
    assert kept.name == "Chi phí lớn"
    text = orjson.dumps(kept.acts).decode()
    [check] = [each for each in kept.acts if each["element"] == "cost_check"]
    assert check["values"] == {"cost": 6, "settled": True}        # not what was typed, and it leads the same way: to the signature
    assert check["rest"] == ["cost_signature"]
    assert [each for each in ("731", case.code, "2026-03-02") if each in text] == []
    assert {each["process"] for each in kept.acts} == {"case", "1", "2"}
    # clean on what is live, with the software's own where they fit it, and otherwise at the first act that leads elsewhere
    live = live_version(world.centre.id)
    outcomes = {each["ref"]: each for each in result_of(rehearsed(world, live))["scenarios"]}
    assert outcomes[kept.ref]["is_clean"]
    assert len(outcomes) == 1 + len(shipped_scenarios())
    draft = draft_of(world, shipped_model())
    told = {each["ref"]: each for each in result_of(rehearsed(world, draft))["scenarios"]}
    one, other = told[kept.ref]["differences"]
    assert other["what"] == ["Kiểm tra chi phí", "Check the cost"]
    assert (one["what"], one["live"], one["draft"]) == (
        ["Các đơn vị đã xong việc", "All agencies are done"], ["chờ tại “Kiểm tra chi phí”", "waits at “Check the cost”"],
        ["chờ tại “Biên tập, công khai kết quả”", "waits at “Edit and publish”"],
    )  # fmt: skip
    assert told[kept.ref]["passed_over"] == 0, "the check and the signature are done in what is live, and the draft has neither"
    # named, dropped, and out of the list; who does not rehearse there does not find it
    with unit_of_work():
        name_scenario(kept.ref, name="Chi phí trên năm triệu", by=world.actor("process_approver"), now=NOON)
    for hidden in ("\u200b", "Chi \u202eíhp", "\u3164"):
        with pytest.raises(ScenarioRefused, match="hidden"):
            name_scenario(kept.ref, name=hidden, by=world.actor("administrator"), now=NOON)
    assert [each.name.vi for each in scenarios_for(live, by=world.actor("administrator"))][-1] == "Chi phí trên năm triệu"
    for refused in ("operator", "inspector"):
        with pytest.raises(ScenarioUnknown), unit_of_work():
            drop_scenario(kept.ref, by=world.actor(refused), now=NOON)
    with unit_of_work():
        drop_scenario(kept.ref, by=world.actor("administrator"), now=NOON)
    assert kept.ref not in {each.ref for each in scenarios_for(live, by=world.actor("administrator"))}
    stream = select(Event.type).where(Event.stream.like("process:field_report:%"), Event.type.like("%scenario"))
    assert list(db.session.scalars(stream.order_by(Event.seq))) == ["record_scenario", "name_scenario", "drop_scenario"]


@pytest.mark.exhaustive
def test_a_draft_is_told_what_differs_from_what_is_live_and_nothing_of_what_both_have_changed_since(sqlite_app: Flask) -> None:
    world = build.standard_world()
    live = drawn.put_live(drawn.costly_model())
    alone = {each.ref: go_through(each.story, Automaton(parse(drawn.costly_model()))).is_clean for each in shipped_scenarios()}
    assert not all(alone.values()), "held against what was kept, what is live itself goes otherwise"
    same = draft_of(world, drawn.costly_model())
    assert same.sha256 == live.sha256
    visit = drawn.Step("field_visit", "Xem hiện trường", "Visit the place", "lane_operator", (900, 700))
    more = drawn.step_on(drawn.costly_model(), "classify_to_distribute", visit)
    outcomes = result_of(rehearsed(world, draft_of(world, more)))["scenarios"]
    assert {each["ref"] for each in outcomes} == set(alone)
    for each in outcomes:
        [one] = each["differences"]
        assert one["what"] == ["Phân loại", "Classify"]
        assert "“Visit the place”" in one["draft"][1], "once: the way goes on behind the new step"
        assert "“Visit the place”" not in one["live"][1]
        assert "_" not in " ".join(one["live"]), "no id of the diagram"


@pytest.mark.exhaustive
def test_a_way_goes_on_after_a_difference_to_the_next_one(sqlite_app: Flask) -> None:
    world = build.standard_world()
    xml = shipped_model()
    for flow, id_ in (("classify_to_distribute", "field_visit"), ("is_answered_to_publish", "proof_reading")):
        xml = drawn.step_on(xml, flow, drawn.Step(id_, f"Bước {id_[0]}", f"Step {id_[0]}", "lane_operator", (900, 700)))
    outcomes = {each["ref"]: each for each in result_of(rehearsed(world, draft_of(world, xml)))["scenarios"]}
    told = [one["draft"][1] for one in outcomes["shipped:one_agency"]["differences"]]
    assert told == ["waits at “Step f”", "waits at “Step p”"]


def test_who_may_not_and_what_cannot_be_recorded_and_quarantine(sqlite_app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "handling")
    with pytest.raises(ScenarioRefused, match="name the scenario"):
        record(world, case, "   ")
    for refused in ("operator", "process_approver"):
        with pytest.raises((CaseUnknown, NotAllowed)):
            record(world, case, by=refused)
    kept = record(world, case)
    assert kept.case_id == case.id
    build.act(world, case, "quarantine", "ops_lead", reason="Có nội dung không thể xử lý ở đây.")
    assert db.session.scalars(select(Scenario.case_id).where(Scenario.id == kept.id)).one() is None
    with pytest.raises(CaseUnknown):
        record(world, case)


def test_the_scenarios_of_the_software_go_through_its_model_and_damaged_ones_are_said_to_be() -> None:
    automaton = Automaton(parse(shipped_model()))
    assert {each.ref: go_through(each.story, automaton).why for each in shipped_scenarios()} == dict.fromkeys(
        (each.ref for each in shipped_scenarios()), None
    )
    assert len(shipped_scenarios()) == 6
    damaged: list[list[dict[str, Any]]] = [
        [{"process": "case", "kind": "begin", "rest": ["verify"]}, {"kind": 7}], [{"kind": "step", "element": "x"}], [{"kind": "begin"}],
    ]  # fmt: skip
    assert [go_through(story, automaton).at for story in damaged] == [1, 0, 0]


@pytest.mark.exhaustive
def test_a_hostile_model_is_ended_by_the_limits_of_its_process_and_said_in_words() -> None:
    acts = shipped_scenarios()[0].story
    back = {"process": "1", "kind": "step", "element": "accept_assignment", "rest": ["decide_hand_back"]}
    kept = {"process": "1", "kind": "step", "element": "decide_hand_back", "rest": ["accept_assignment"]}
    # each act leaves a value nothing reads, so that none is known already
    rounds = [
        {**act, "values": {act["element"]: outcome, "number": number}}
        for number in range(15_000) for act, outcome in ((back, "hand_back"), (kept, "keep"))
    ]  # fmt: skip
    begin = {"process": "1", "kind": "begin", "rest": ["accept_assignment"]}
    endless = [{"ref": str(at), "acts": [begin, *rounds[at : at + 480]]} for at in range(0, 30_000, 480)]
    begun = time.monotonic()
    with pytest.raises(RehearsalFailed) as slow:
        in_child("scenarios", {"xml": shipped_model().decode(), "stories": endless}, seconds=1)
    assert slow.value.text == TOO_SLOW
    with pytest.raises(RehearsalFailed) as waited:
        in_child("scenarios", {"xml": shipped_model().decode(), "stories": endless}, waited=0.5)
    assert waited.value.text == TOO_SLOW
    with pytest.raises(RehearsalFailed) as large:
        in_child("scenarios", {"xml": shipped_model().decode(), "stories": endless}, memory=2**20)
    assert large.value.text == TOO_LARGE
    assert time.monotonic() - begun < 60
    # a token that becomes two each time round: the engine's own bound comes first, in words at the act
    flows = (("s", "x"), ("x", "g"), ("g", "x"), ("g", "y"), ("y", "x"))
    xml = (
        '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="urn:x"><bpmn:process id="case" '
        'isExecutable="true"><bpmn:startEvent id="s"/><bpmn:exclusiveGateway id="x"/><bpmn:parallelGateway id="g"/>'
        '<bpmn:exclusiveGateway id="y"/>'
        + "".join(f'<bpmn:sequenceFlow id="{a}{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in flows)
        + "</bpmn:process></bpmn:definitions>"
    )
    told = in_child("scenarios", {"xml": xml, "stories": [{"ref": "1", "acts": acts}]})
    assert not told["scenarios"][0]["is_clean"]
    assert "never comes to rest" in told["scenarios"][0]["why"][1]


@pytest.mark.exhaustive
def test_past_cases_are_replayed_in_a_draft_by_the_worker(sqlite_app: Flask) -> None:
    world = build.standard_world()
    for agencies in (1, 2):
        build.case_at(world, "closed", agencies=agencies)
    build.case_at(world, "handling")
    today = NOON.date()
    period = ReplayPeriod(today, today)
    live = live_version(world.centre.id)
    same = result_of(rehearsed(world, live, ask_history, period=period))
    assert (same["replayed"], same["draft"] == same["basis"]) == (2, True)
    assert not any("Daily settings" in en for _, en in same["assumptions"])
    draft = draft_of(world, drawn.legal_model())
    set_for_the_day(world)
    done = result_of(rehearsed(world, draft, ask_history, period=period))
    assert [vi for vi, _ in done["assumptions"] if vi.startswith("Thiết đặt hằng ngày")] != []
    assert done["found"] == 2
    changed = [row for row in done["steps"] if row["basis"] != row["draft"]]
    assert {row["element"]: (row["basis"], row["draft"]) for row in changed} == {"legal_review": (0, 3)}
    assert done["draft"]["answered"]["mean"] > done["basis"]["answered"]["mean"]
    # a draft that was saved since is not what was asked about; one asked twice is asked once; a lost worker is said
    by, ref = world.actor("administrator"), draft.ref
    with unit_of_work():
        version = db.session.scalars(select(ProcessVersion).where(ProcessVersion.ref == ref)).one()
        first = ask_scenarios(version, by=by, now=NOON)
        assert ask_scenarios(version, by=by, now=NOON) is first
        with pytest.raises(RehearsalRefused, match="last day"):
            ask_history(version, period=ReplayPeriod(today, today.replace(day=1)), by=by, now=NOON)
        with pytest.raises(NotAllowed):
            ask_scenarios(version, by=world.actor("operator"), now=NOON)
    with unit_of_work():
        version = db.session.scalars(select(ProcessVersion).where(ProcessVersion.ref == ref)).one()
        save_draft(version, by=by, now=NOON, xml=drawn.costly_model(), revision=version.revision, page=None)
    assert go_on_with_rehearsals(NOON) == 1
    assert why_failed().startswith("The draft was saved again")
    with unit_of_work():
        lost = ask_scenarios(db.session.scalars(select(ProcessVersion).where(ProcessVersion.ref == ref)).one(), by=by, now=NOON)
        lost.state, lost.leased_until = "running", NOON
    assert go_on_with_rehearsals(NOON + LEASE) == 0
    assert "stopped on its way" in why_failed()


def why_failed() -> str:
    row = db.session.scalars(select(Rehearsal).order_by(Rehearsal.id.desc()).limit(1)).one()
    assert row.state == "failed"
    return row.error_en or ""
