"""Which drawn step is which: an id that stood for another step is found, given anew, and never taken for that step."""
from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
import zstandard
from flask import Flask, current_app
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import ElementSetting
from tests import build
from tests.workflows.drafting.test_drafts import world_with_people
from tests.workflows.drawing import Drawing, button
from tests.workflows.test_element_settings import set_
from web.studio.editor import daily_of
from workflows.bottlenecks.keeping import MINUTES
from workflows.bottlenecks.reading import BottleneckQuery, heat
from workflows.comparison.changes import ChangeKind, changes_between
from workflows.comparison.sentences import sentences_between
from workflows.definitions.parsed import definition_of, text_of
from workflows.definitions.process import BPMN, SPIFF, digest_of, shipped_model
from workflows.drafting.approvals import roll_back
from workflows.drafting.drafts import hand_in, start_draft
from workflows.drafting.foreign_settings import end_all_foreign_settings
from workflows.drafting.renaming import drawn_id, renamed_in, set_apart, with_ids
from workflows.models import ProcessMove, ProcessVersion, StepTimes
from workflows.moving.mapping import Verdict, fates
from workflows.moving.plan_choices import mapping_of
from workflows.versions.live import FIELD_REPORT, ModelNotClean, check_version, live_version
from workflows.versions.step_origins import new_stamp, parts_of, reused_between

NOON = build.NOON
LEGAL, SURVEY = ("Thẩm định pháp lý", "Legal review"), ("Khảo sát tại chỗ", "Survey on the spot")


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return world_with_people()


def drawn(name: tuple[str, str], flow: str, *, xml: bytes | None = None, process: str = "case", id_: str = "step_1") -> bytes:
    """The shipped model with a step of one's own, asked in a choice behind it."""
    drawing = Drawing(xml)
    drawing.node("userTask", id_, process=process, form=[button("agree"), button("object")])
    gateway, merge = drawing.node("exclusiveGateway", process=process), drawing.node("exclusiveGateway", process=process)
    drawing.between(flow, id_, merge)
    leave = next(each.get("id") for each in drawing.root.iter(BPMN + "sequenceFlow") if each.get("sourceRef") == merge)
    drawing.drop(leave)
    target = drawing.find(flow).get("targetRef")
    assert target == id_
    after = Drawing(xml).find(flow).get("targetRef")
    drawing.flow(id_, gateway)
    drawing.flow(gateway, merge, f'{id_} == "agree"')
    drawing.flow(gateway, merge, f'{id_} == "object"')
    drawing.flow(merge, after)
    return called(drawing.xml, name, id_)


def called(xml: bytes, name: tuple[str, str], id_: str = "step_1") -> bytes:
    drawing = Drawing(xml)
    node = drawing.find(id_)
    node.set("name", name[0])
    next(each for each in node.iter(SPIFF + "property") if each.get("name") == "label_en").set("value", name[1])
    return drawing.xml


def stored(xml: bytes, *, base: ProcessVersion | None, live: bool, at: datetime = NOON) -> ProcessVersion:
    """A version as 0.9.0 kept it, whatever ids it has; a live one replaces the one before."""
    with unit_of_work():
        before = live_version(None)
        number = max(db.session.scalars(select(ProcessVersion.number)).all()) + 1
        version = ProcessVersion(
            key=FIELD_REPORT, number=number, state="live" if live else "draft", xml=xml, sha256=digest_of(xml), created_at=NOON,
            saved_at=NOON, base_id=base.id if base else None, live_at=at if live else None,
        )  # fmt: skip
        if live:
            before.state, before.retired_at = "retired", NOON
            db.session.flush()
        db.session.add(version)
    return version


CASE_WAY, OTHER_WAY = "verify_to_classify", "is_answered_to_publish"


@pytest.fixture
def twice(world: build.World) -> tuple[build.World, ProcessVersion, ProcessVersion]:
    """An installation where `step_1` is the legal review of the live version and a survey in a draft from the first version."""
    shipped = live_version(None)
    legal = stored(drawn(LEGAL, OTHER_WAY), base=shipped, live=True)
    return world, legal, stored(drawn(SURVEY, CASE_WAY), base=shipped, live=False)


def found(version: ProcessVersion) -> set[tuple[str, str | None]]:
    return {(finding.check, finding.element) for finding in check_version(version).errors}


@pytest.mark.exhaustive
def test_an_id_that_stood_for_another_step_is_an_error_that_names_both(twice: tuple[build.World, ProcessVersion, ProcessVersion]) -> None:
    world, legal, survey = twice
    assert reused_between(legal, survey) == {"step_1"} == reused_between(survey, legal)
    finding, = check_version(survey).errors
    assert (finding.check, finding.element) == ("id_reused", "step_1")
    assert all(name in finding.what.vi for name in (LEGAL[0], SURVEY[0], str(legal.number)))
    assert all(name in finding.what.en for name in (LEGAL[1], SURVEY[1]))
    assert check_version(legal).is_clean
    with pytest.raises(ModelNotClean), unit_of_work():
        hand_in(survey, by=world.actor("admin"), now=NOON, note="Khảo sát trước khi phân loại")


@pytest.mark.exhaustive
def test_a_draft_begun_from_it_or_uploaded_gets_an_id_never_used_before_and_says_so(
    twice: tuple[build.World, ProcessVersion, ProcessVersion]
) -> None:
    world, legal, survey = twice
    xml = text_of(survey)
    for given in ({"base": survey}, {"xml": xml}):
        with unit_of_work():
            draft = start_draft(by=world.actor("admin"), now=NOON, **given)
        assert check_version(draft).findings == ()
        [id_] = [id_ for id_, part in parts_of(text_of(draft)).items() if part.label.vi == SURVEY[0]]
        assert id_.startswith("step_")
        assert id_ != "step_1"
        assert f"step_1 → {id_}" in (draft.note or "")
        assert f'{id_} == "agree"'.encode() in text_of(draft).replace(b"&quot;", b'"')
        assert not reused_between(legal, draft)
    assert text_of(survey) == xml


@pytest.mark.exhaustive
def test_an_honest_renaming_stays_the_same_step(twice: tuple[build.World, ProcessVersion, ProcessVersion]) -> None:
    world, legal, _ = twice
    renamed = called(text_of(legal), ("Xem xét pháp lý", "Look at the law"))
    with unit_of_work():
        draft = start_draft(by=world.actor("admin"), now=NOON, base=legal)
        uploaded = start_draft(by=world.actor("admin"), now=NOON, xml=renamed)
    assert text_of(uploaded) == renamed
    drawn_on = stored(renamed, base=legal, live=False)
    further = stored(called(renamed, ("Ý kiến luật sư", "A lawyer's opinion")), base=drawn_on, live=False)
    for each in (draft, uploaded, drawn_on, further):
        assert not reused_between(legal, each)
        assert found(each) == set()


def test_a_step_drawn_anew_elsewhere_under_the_id_of_one_taken_out_is_another(
    twice: tuple[build.World, ProcessVersion, ProcessVersion]
) -> None:
    _, legal, _ = twice
    redrawn = stored(drawn(("Mời họp", "Invite"), "begin_to_verify"), base=legal, live=False)
    assert reused_between(legal, redrawn) == {"step_1"}
    assert ("id_reused", "step_1") in found(redrawn)


def test_a_comparison_tells_one_step_gone_and_one_new_and_not_one_renamed(
    twice: tuple[build.World, ProcessVersion, ProcessVersion]
) -> None:
    _, legal, survey = twice
    before, after = text_of(legal), text_of(survey)
    apart = set_apart(before, after, reused_between(legal, survey))
    changes = {(change.kind, drawn_id(change.element)) for change in changes_between(apart, after)}
    assert {(ChangeKind.ADDED, "step_1"), (ChangeKind.REMOVED, "step_1")} <= changes
    assert (ChangeKind.CHANGED, "step_1") not in changes
    said = " ".join(each.text.vi for group in sentences_between(apart, after) for each in group.sentences)
    assert SURVEY[0] in said
    assert LEGAL[0] in said
    assert f"“{LEGAL[0]}” nay gọi là" not in said
    assert set_apart(before, after, ()) == before


def test_a_case_at_the_one_is_not_moved_to_the_other(twice: tuple[build.World, ProcessVersion, ProcessVersion]) -> None:
    _, legal, survey = twice
    old, new = definition_of(legal), definition_of(survey)
    assert fates(old, new, {})["step_1"].verdict is Verdict.MOVES, "by the texts alone they are one"
    told = fates(old, new, mapping_of(ProcessMove(source=legal, target=survey, mapping={})))
    assert told["step_1"].verdict is Verdict.CHOICE
    assert told["classify"].verdict is Verdict.MOVES
    chosen = fates(old, new, mapping_of(ProcessMove(source=legal, target=survey, mapping={"step_1": "publish"})))
    assert (chosen["step_1"].verdict, chosen["step_1"].target) == (Verdict.MOVES, "publish")


@pytest.mark.parametrize("of_centre", [False, True])
def test_a_daily_setting_of_the_one_is_neither_shown_nor_left_to_the_other(
    twice: tuple[build.World, ProcessVersion, ProcessVersion], of_centre: bool
) -> None:
    world, legal, survey = twice
    row = set_(world, "step_1", amount="3", unit="working_days", centre_id=world.centre.id if of_centre else None)
    with current_app.test_request_context():
        assert ("step_1" in daily_of(legal)) != of_centre
        assert "step_1" not in daily_of(survey)
    assert end_all_foreign_settings(now=NOON) == 0
    tomorrow = NOON + timedelta(days=1)
    other = stored(text_of(survey), base=db.session.get(ProcessVersion, survey.base_id), live=True, at=tomorrow)
    assert reused_between(legal, other) == {"step_1"}
    with unit_of_work():
        assert end_all_foreign_settings(now=tomorrow) == 1
    assert db.session.get(ElementSetting, row.id).valid_to is not None  # type: ignore[union-attr]


def test_what_was_set_for_a_step_outlives_the_versions_drawn_from_its_own(
    twice: tuple[build.World, ProcessVersion, ProcessVersion]
) -> None:
    """The id stood for another step once, before anything was set."""
    world, legal, survey = twice
    day = timedelta(days=1)
    second = stored(text_of(survey), base=db.session.get(ProcessVersion, survey.base_id), live=True, at=NOON + timedelta(hours=1))
    row = set_(world, "step_1", amount="3", unit="working_days")
    later = stored(called(text_of(second), ("Đi khảo sát", "Survey the site")), base=second, live=True, at=NOON + day)
    assert reused_between(legal, later) == {"step_1"}
    with unit_of_work():
        assert end_all_foreign_settings(now=NOON + day) == 0
        assert end_all_foreign_settings(now=NOON + 2 * day) == 0
    assert db.session.get(ElementSetting, row.id).valid_to is None  # type: ignore[union-attr]


def test_going_back_to_a_version_ends_what_was_set_for_the_other_step(twice: tuple[build.World, ProcessVersion, ProcessVersion]) -> None:
    world, legal, survey = twice
    stored(text_of(survey), base=db.session.get(ProcessVersion, survey.base_id), live=True)
    row, kept = set_(world, "step_1", amount="3", unit="working_days"), set_(world, "classify", label_vi="Xếp loại", label_en="Sort")
    with unit_of_work():
        roll_back(legal, by=world.actor("approver"), now=NOON, words="Bản mới sai")
    assert row.valid_to is not None
    assert row.valid_to <= kept.valid_from
    assert kept.valid_to is None


def test_the_heat_map_keeps_the_hours_of_the_one_apart_from_those_of_the_other(
    twice: tuple[build.World, ProcessVersion, ProcessVersion]
) -> None:
    world, legal, survey = twice
    other = stored(text_of(survey), base=db.session.get(ProcessVersion, survey.base_id), live=True)
    month = NOON.date().replace(day=1)
    with unit_of_work():
        for version, passages in ((legal, 7), (other, 9)):
            minutes = zstandard.compress(np.array([60] * passages, dtype=MINUTES).tobytes())
            for element in ("step_1", "classify"):
                db.session.add(StepTimes(
                    month_on=month, centre_id=world.centre.id, version_id=version.id, element=element, passages=passages, late=0,
                    redone=0, withdrawn=0, minutes=minutes, counted_at=NOON,
                ))  # fmt: skip
    seen = heat(BottleneckQuery(month, month), by=world.actor("admin"))
    assert {element.id: measures.passages for element, measures in seen.steps if measures.passages} == {"classify": 16, "step_1": 9}
    assert [(element.label.vi, measures.passages) for element, measures in seen.elsewhere if element] == [(LEGAL[0], 7)]


def test_two_who_open_an_editor_at_once_draw_under_ids_of_their_own() -> None:
    assert len({new_stamp() for _ in range(200)}) == 200


def test_new_ids_reach_every_place_an_id_stands_in() -> None:
    drawing = Drawing(drawn(LEGAL, OTHER_WAY))
    drawing.node("userTask", "second", other_than="step_1")
    drawing.between(OTHER_WAY, "second", "second")
    drawing.node("boundaryEvent", "late", at="step_1", interrupts=False, timer=("timeDuration", '"P1D"'))
    drawing.flow("late", drawing.node("endEvent"))
    again = with_ids(drawing.xml, {"step_1": "step_kqmtv_1"})
    assert b'"step_1"' not in again
    assert b">step_1<" not in again
    assert b"step_1 ==" not in again
    assert again.count(b"step_kqmtv_1") == drawing.xml.count(b'"step_1"') + drawing.xml.count(b">step_1<") + drawing.xml.count(b"step_1 ==")
    assert renamed_in(' (step_1 == "ý step_1" and\r\n defined(\'step_1\') and step_12) ', {"step_1": "own"}) == (
        '(own == "ý step_1" and\r\n defined("own") and step_12)'
    )
    assert with_ids(shipped_model(), {}) == with_ids(shipped_model(), {"step_1": "x"})
