"""A part of a case that another body answers for itself: split off, waited for, told with its case, never lost silently."""
from __future__ import annotations

import pytest
from flask import Flask

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.merging.merge import MergeRefused
from casework.models import Case, CaseReport, ReportText
from casework.parting.acts import PartRefused
from casework.parts import open_parts, parts_of
from casework.permissions import NotAllowed
from casework.public.cases import public_case, public_items
from casework.publishing.acts import PublicationRefused
from tests import build
from workflows.models import WaitingTask
from workflows.running.wakeups import deliver_messages

WORDS = "Cột điện bên cạnh bãi rác bị nghiêng."


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def divided(world: build.World, state: str = "handling") -> tuple[Case, Case]:
    case = build.case_at(world, state)
    build.act(world, case, "divide", "operator", words=WORDS)
    db.session.expire_all()
    [part] = parts_of(case)
    return case, part


def steps(case: Case) -> set[str]:
    db.session.expire_all()
    return {row.element for row in db.session.query(WaitingTask).filter_by(case_id=case.id, state="waiting")}


def answer_part(world: build.World, part: Case) -> None:
    build.advance(world, part, "to_publish")
    build.do(world, part, "publish", "operator", act="answer_privately", title="Cột điện", question="Cột điện bị nghiêng.")


def hear(case: Case) -> None:
    deliver_messages(build.next_moment(case))


def test_a_part_is_a_case_of_its_own_without_sender_or_the_senders_words(world: build.World) -> None:
    case, part = divided(world)
    assert (part.parent_id, part.code != case.code, part.due_at, part.centre_id) == (case.id, True, None, case.centre_id)
    [link] = db.session.query(CaseReport).filter_by(case_id=part.id)
    assert link.report.reporter is None
    assert db.session.query(ReportText).filter_by(report_id=link.report_id).count() == 1
    assert steps(part) == {"verify"}
    assert case.due_at is not None, "the limit of the case stays"


def test_the_case_waits_for_its_part_and_is_published_with_what_it_brought(world: build.World) -> None:
    case, part = divided(world)
    build.advance(world, case, "approval")
    build.do(world, case, "approve_answer", "leader_PTNMT")
    assert "publish" not in steps(case), "its own agencies are done, the part is not"
    answer_part(world, part)
    hear(part)
    assert "publish" in steps(case)
    assert part.closed_at is not None
    build.publish(world, case)
    db.session.expire_all()
    shown = public_case(case.code)
    assert shown is not None
    [(question, answers)] = shown.parts
    assert (question, len(answers)) == ("Cột điện bị nghiêng.", 1)


def test_a_part_is_not_listed_or_published_by_itself(world: build.World) -> None:
    _case, part = divided(world)
    build.advance(world, part, "to_publish")
    with pytest.raises(PublicationRefused, match="part"):
        build.publish(world, part)
    assert public_items([part.id]) == []
    assert public_case(part.code) is None


def test_a_part_that_is_refused_is_waited_for_no_more(world: build.World) -> None:
    case, part = divided(world)
    reason = build.refusal_reason(world) if hasattr(build, "refusal_reason") else None
    if reason is None:
        pytest.skip("no reason at hand")
    build.do(world, part, "verify", "operator", act="refuse", reason=reason, words="Không có thật.")
    assert open_parts(case) == []


def test_a_part_is_not_divided_again_and_nobody_else_divides(world: build.World) -> None:
    case, part = divided(world)
    build.advance(world, part, "handling")
    with pytest.raises(PartRefused):
        build.act(world, part, "divide", "operator", words=WORDS)
    for name in ("officer_PTNMT", "leader_PTNMT", "committee_leader", "administrator"):
        with pytest.raises(NotAllowed):
            build.act(world, case, "divide", name, words=WORDS)
    with pytest.raises(PartRefused):
        build.act(world, case, "divide", "operator", words=" ")


def test_before_an_agency_has_accepted_nothing_is_split_off(world: build.World) -> None:
    case = build.case_at(world, "at_agency")
    with pytest.raises(PartRefused):
        build.act(world, case, "divide", "operator", words=WORDS)


def test_a_case_with_an_open_part_and_the_part_are_not_merged(world: build.World) -> None:
    case, part = divided(world)
    other = build.case_at(world, "handling")
    for source, main in ((case, other), (part, other), (other, part)):
        with pytest.raises(MergeRefused):
            build.act(world, source, "merge", "operator", into=db.session.get_one(Case, main.id))
    db.session.rollback()
    with unit_of_work():
        assert lock_case(case.id).merged_into_id is None


def test_the_parts_go_with_a_case_that_is_set_apart(world: build.World) -> None:
    case, part = divided(world)
    build.act(world, case, "quarantine", "ops_lead", reason="Tố cáo cán bộ có tên.")
    db.session.expire_all()
    assert part.quarantined_at is not None
    assert steps(part) == set()
    assert part.title is None
