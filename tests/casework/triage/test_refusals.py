"""Not taking a report, and the one objection to it."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from casework.cases import CaseNotOpen
from casework.clocks.acts import ClockKind
from casework.db import db
from casework.models import Case, Refusal
from casework.pausing import holds
from casework.permissions import Actor, NotAllowed
from casework.triage import refusals
from casework.triage.refusals import ObjectionRefused, RefusalIncomplete
from tests import build
from tests.build import NOON, World
from tests.casework.acting import clock, events, guest_of, local, payload, run, running, told


@pytest.fixture
def world(app: Flask) -> World:
    return build.standard_world()


@pytest.fixture
def small(sqlite_app: Flask) -> World:
    """The same on one database, for rules that ask nothing of it."""
    return build.standard_world()


def refuse(world: World, case: Case, *, by: str = "operator", words: str = "Xin cho biết rõ địa điểm.", **arguments: Any) -> Any:
    return run(refusals.refuse, case, world.actor(by), reason=world.refusal_reason(), words=words, **arguments)


def refused(world: World, state: str = "to_verify", **arguments: Any) -> Case:
    case = build.case_at(world, state, **arguments)
    refuse(world, case)
    return case


def object_to(world: World, case: Case, *, by: Actor | None = None, words: str = "Địa điểm đã ghi trong phản ánh.",
              **arguments: Any) -> Any:
    return run(refusals.object_to_refusal, case, by or world.actor("citizen"), report=case.main_report, words=words, **arguments)


def decide(world: World, case: Case, *, upheld: bool, words: str = "Đã xem lại.", by: str = "ops_lead", **arguments: Any) -> Any:
    return run(refusals.decide_objection, case, world.actor(by), upheld=upheld, words=words, **arguments)


@pytest.mark.parametrize("state", ["to_verify", "to_classify", "to_distribute", "at_agency"])
def test_a_case_is_refused_until_an_agency_has_accepted_it(world: World, state: str) -> None:
    case = refused(world, state, agencies=2)
    assert (case.state, case.state_before, case.closed_at) == ("refused", state, NOON)
    assert running(case) == []
    assert case.open_assignments == []
    assert told("report_refused") == [f"reporter:{case.main_report.reporter_id}"]
    assert payload(case) == {"reason": "khong_ro_noi_dung"}


def test_agencies_that_were_asked_are_told_and_keep_nothing(small: World) -> None:
    case = refused(small, "at_agency", agencies=2)
    assert told("work_ended") == [f"desk:officer@a{small.agencies[key].id}" for key in ("PTNMT", "UBND-LAT")]
    assert {(row.state, row.end_reason, row.ended_at) for row in case.assignments} == {("removed", "removed", NOON)}
    assert all("không được tiếp nhận" in (row.end_words or "") for row in case.assignments)


def test_a_case_an_agency_has_accepted_is_not_refused(small: World) -> None:
    case = build.case_at(small, "handling")
    with pytest.raises(RefusalIncomplete, match="An agency has accepted"):
        refuse(small, case)


def test_a_refusal_needs_words(small: World) -> None:
    case = build.case_at(small, "to_verify")
    with pytest.raises(RefusalIncomplete, match="write the reason"):
        refuse(small, case, words=" ")


def test_only_the_operations_team_refuses(small: World) -> None:
    case = build.case_at(small, "to_verify")
    with pytest.raises(NotAllowed):
        refuse(small, case, by="committee_leader")


def test_a_case_that_stands_still_or_was_refused_is_not_refused(small: World) -> None:
    case = build.case_at(small, "to_classify")
    run(holds.hold, case, small.actor("ops_lead"), reason="Chờ kết quả đo.", until=local(4, 3).date())
    with pytest.raises(CaseNotOpen, match="on hold"):
        refuse(small, case)
    run(holds.resume, case, small.actor("ops_lead"), now=NOON + timedelta(hours=1))
    refuse(small, case, now=NOON + timedelta(hours=2))
    with pytest.raises(CaseNotOpen):
        refuse(small, case, now=NOON + timedelta(hours=3))


# -- objection ----------------------------------------------------------------------------------------------------------


def test_the_sender_objects_once_in_sealed_words(world: World) -> None:
    case = refused(world)
    assert object_to(world, case) == {"outcome": "objected"}
    refusal = db.session.query(Refusal).one()
    assert refusals.objection_words(refusal) == "Địa điểm đã ghi trong phản ánh."
    assert "Địa điểm".encode() not in (refusal.sealed_objection or b"")
    assert (refusal.objected_at, refusal.objected_by_id) == (NOON, case.main_report.id)
    assert told("refusal_objected") == [f"desk:ops_lead@c{world.centre.id}"]
    assert payload(case) == {"report": case.code}
    with pytest.raises(ObjectionRefused, match="asked for already"):
        object_to(world, case)


def test_the_seventh_day_after_the_refusal_is_the_last_in_time(small: World) -> None:
    case = refused(small)                              # Monday 02/03, 10:00
    with pytest.raises(ObjectionRefused, match="7 days"):
        object_to(small, case, now=local(10, 3))
    object_to(small, case, now=local(10, 3) - timedelta(microseconds=1))


def test_who_has_the_secret_may_object_and_nobody_else(small: World) -> None:
    case = refused(small)
    for stranger in ("citizen_2", "operator", "guest"):
        with pytest.raises(NotAllowed):
            object_to(small, case, by=small.actor(stranger))
    object_to(small, case, by=guest_of(case.main_report))


@pytest.mark.parametrize("words", ["  ", "x" * 4001])
def test_an_objection_needs_words_of_a_readable_length(small: World, words: str) -> None:
    case = refused(small)
    with pytest.raises(ObjectionRefused, match="4000 characters"):
        object_to(small, case, words=words)


def test_only_a_refusal_can_be_objected_to(small: World) -> None:
    case = build.case_at(small, "to_verify")
    with pytest.raises(ObjectionRefused, match="was not refused"):
        object_to(small, case)


@pytest.mark.parametrize(("before", "after"), [("to_verify", "to_verify"), ("to_classify", "to_classify"), ("at_agency", "to_distribute")])
def test_upheld_the_case_goes_on_where_it_was_refused(world: World, before: str, after: str) -> None:
    case = refused(world, before)
    object_to(world, case)
    later = NOON + timedelta(days=1)
    assert decide(world, case, upheld=True, now=later) == {"outcome": "upheld"}
    assert (case.state, case.state_before, case.closed_at) == (after, None, None)
    assert case.open_assignments == []
    assert told("objection_upheld") == [f"reporter:{case.main_report.reporter_id}"]
    assert told("case_taken_up_again") == [f"desk:operator@c{world.centre.id}"]
    assert events(case)[-2:] == ["object_to_refusal", "decide_objection"]


def test_nobody_leads_a_case_that_was_refused_and_taken_up_again(small: World) -> None:
    case = build.case_at(small, "at_agency")
    assert case.lead_agency_id == small.agencies["PTNMT"].id
    refuse(small, case)
    object_to(small, case)
    decide(small, case, upheld=True)
    assert (case.state, case.lead_agency_id) == ("to_distribute", None)


def test_the_limits_run_again_and_the_time_of_the_refusal_does_not_count(world: World) -> None:
    case = refused(world, "at_agency")                 # 5 working days from Monday 02/03, 10:00
    object_to(world, case)
    decide(world, case, upheld=True, now=local(4, 3, 9))
    assert running(case) == ["case"]
    assert clock(case).due_at == case.due_at == local(12, 3)


def test_the_limit_of_acceptance_runs_again_too(small: World) -> None:
    case = build.case_at(small, "to_verify")           # 4 working hours from 10:00: 15:30
    refuse(small, case, now=local(2, 3, 11))
    object_to(small, case, now=local(2, 3, 11))
    decide(small, case, upheld=True, now=local(3, 3, 9))
    assert clock(case, ClockKind.ACCEPTANCE).due_at == local(3, 3, 13, 30)


def test_dismissed_the_refusal_stands_and_is_explained(small: World) -> None:
    case = refused(small)
    object_to(small, case)
    with pytest.raises(ObjectionRefused, match="explain"):
        decide(small, case, upheld=False, words="")
    assert decide(small, case, upheld=False) == {"outcome": "dismissed"}
    assert (case.state, case.closed_at) == ("refused", NOON)
    assert db.session.query(Refusal).one().decision_words == "Đã xem lại."
    assert told("objection_dismissed") == [f"reporter:{case.main_report.reporter_id}"]
    with pytest.raises(ObjectionRefused, match="No objection"):
        decide(small, case, upheld=True)
    with pytest.raises(ObjectionRefused, match="asked for already"):
        object_to(small, case)


def test_only_the_operations_lead_decides(small: World) -> None:
    case = refused(small)
    object_to(small, case)
    for other in ("operator", "committee_leader"):
        with pytest.raises(NotAllowed):
            decide(small, case, upheld=True, by=other)


def test_a_second_refusal_may_be_objected_to_once_more(small: World) -> None:
    case = refused(small)
    object_to(small, case)
    decide(small, case, upheld=True)
    refuse(small, case, now=NOON + timedelta(hours=1))
    assert object_to(small, case, now=NOON + timedelta(hours=2)) == {"outcome": "objected"}
