"""A case classified anew: its limits follow, a promised day never moves earlier except to urgent."""
from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from flask import Flask

from casework.cases import CaseNotOpen, lock_case
from casework.clocks.acts import ClockKind, move_due, running_clock
from casework.clocks.pauses import pause_clocks, resume_clocks
from casework.db import db, unit_of_work
from casework.models import Assignment, Case, Note, OutboxMessage, SearchRow, VisibilityReason
from casework.permissions import NotAllowed, Role, desk_name
from casework.states import Pause
from casework.triage.acts import ClassificationRefused
from casework.triage.reclassification import reclassify
from tests import build
from tests.build import World
from tests.casework.acting import clock, events, local, payload, run, told


@pytest.fixture
def world(app: Flask) -> World:
    return build.standard_world()


@pytest.fixture
def small(sqlite_app: Flask) -> World:
    """The same on one database, for rules that ask nothing of it."""
    return build.standard_world()


def anew(world: World, case: Case, *, by: str = "operator", now: datetime | None = None, **changes: Any) -> None:
    same = {"field": world.field(), "urgency": case.urgency, "complexity": case.complexity, "area": world.area,
            "village": case.village, "reason": "Cán bộ đã gọi điện xác minh."}
    run(reclassify, case, world.actor(by), now=now or local(3, 3, 9), **{**same, **changes})


def given_to(case: Case) -> Assignment:
    return case.open_assignments[0]


def newest(template: str) -> dict[str, Any]:
    found = db.session.query(OutboxMessage).filter_by(template=template).order_by(OutboxMessage.id.desc()).first()
    return found.parameters if found else {}


def test_made_urgent_it_is_due_a_day_from_now_and_the_hotline_is_owed(world: World) -> None:
    case = build.case_at(world, "at_agency")
    anew(world, case, urgency="urgent")
    assert (case.urgency, case.hotline_owed, case.due_at) == ("urgent", True, local(4, 3, 9))
    assert (clock(case).amount, clock(case).unit, clock(case).first_due_at) == (24, "hours", local(10, 3))
    assert given_to(case).due_at == local(4, 3, 7)
    assert clock(case, ClockKind.ASSIGNMENT_ACCEPTED).due_at == local(2, 3, 15, 45)       # was over, and stays so
    assert newest("due_sooner")["due_at"] == local(4, 3, 9).isoformat()
    assert told("due_moved") == []
    assert told("case_urgent") == [f"desk:{desk_name(Role.OFFICER, agency_id=given_to(case).agency_id)}"]


@pytest.mark.exhaustive
def test_made_urgent_an_agency_has_half_an_hour_to_accept_and_a_leader_one_to_decide(small: World) -> None:
    asked = build.case_at(small, "at_agency")
    anew(small, asked, urgency="urgent", now=local(2, 3, 10, 30))
    assert clock(asked, ClockKind.ASSIGNMENT_ACCEPTED).due_at == local(2, 3, 11)
    submitted = build.case_at(small, "approval")
    anew(small, submitted, urgency="urgent", now=local(2, 3, 11))
    assert clock(submitted, ClockKind.APPROVAL).due_at == local(2, 3, 12)


def test_made_urgent_on_its_last_day_it_keeps_the_day(small: World) -> None:
    case = build.case_at(small, "handling")
    anew(small, case, urgency="urgent", now=local(9, 3, 13))
    assert (case.due_at, case.hotline_owed) == (local(10, 3), True)
    assert given_to(case).due_at == local(9, 3, 7, 30)             # late already: two hours before midnight would revive it
    assert told("due_sooner") == []


def test_made_urgent_when_late_it_stays_late(small: World) -> None:
    case = build.case_at(small, "handling")
    anew(small, case, urgency="urgent", now=local(11, 3, 9))
    assert case.due_at == local(10, 3)


def test_no_longer_urgent_it_counts_from_filing(world: World) -> None:
    case = build.case_at(world, "handling", urgent=True)           # due 03/03 10:00, the agency two hours earlier
    anew(world, case, urgency="normal", now=local(3, 3, 7))
    assert (case.urgency, case.hotline_owed, case.due_at) == ("normal", False, local(10, 3))
    assert (clock(case).amount, clock(case).unit) == (5, "working_days")
    assert given_to(case).due_at == local(9, 3, 7, 30)
    assert newest("due_moved")["reason"] == "reclassified"
    assert told("case_not_urgent") == [f"desk:{desk_name(Role.OFFICER, agency_id=given_to(case).agency_id)}"]


def test_no_longer_urgent_the_limit_to_accept_is_the_normal_one(small: World) -> None:
    case = build.case_at(small, "at_agency", urgent=True)
    started = clock(case, ClockKind.ASSIGNMENT_ACCEPTED).started_at
    assert started == local(2, 3, 10, 20)
    anew(small, case, urgency="normal", now=local(2, 3, 10, 30))
    assert clock(case, ClockKind.ASSIGNMENT_ACCEPTED).due_at == local(2, 3, 15, 50)


def test_a_day_that_was_promised_later_is_kept_when_it_is_no_longer_urgent(small: World) -> None:
    case = build.case_at(small, "handling", urgent=True)
    with unit_of_work():
        locked = lock_case(case.id)
        own = running_clock(locked, ClockKind.CASE)
        assert own is not None
        move_due(own, local(20, 3), case=locked)
    anew(small, case, urgency="normal")
    assert case.due_at == local(20, 3)


@pytest.mark.parametrize(("complexity", "due"), [("complex", local(12, 3)), ("simple", local(10, 3))])
def test_another_complexity_only_gives_time(world: World, complexity: str, due: datetime) -> None:
    case = build.case_at(world, "handling")
    anew(world, case, complexity=complexity)
    assert (case.complexity, case.due_at) == (complexity, due)
    assert given_to(case).due_at == (local(11, 3, 7, 30) if complexity == "complex" else local(9, 3, 7, 30))
    assert clock(case).amount == (7 if complexity == "complex" else 5)
    assert (told("due_moved") != []) == (complexity == "complex")
    assert case.hotline_owed is False


def test_it_counts_from_the_original_start_without_the_pauses(small: World) -> None:
    case = build.case_at(small, "handling")
    with unit_of_work():
        pause_clocks(lock_case(case.id), pause=Pause.HOLD, until=None, at=local(4, 3, 15))
    with unit_of_work():
        resume_clocks(lock_case(case.id), at=local(9, 3, 9))
    anew(small, case, complexity="complex", now=local(9, 3, 10))
    assert (case.due_at, given_to(case).due_at) == (local(17, 3), local(16, 3, 7, 30))


def test_with_several_agencies_the_longest_limit_holds_whatever_the_complexity(small: World) -> None:
    case = build.case_at(small, "handling", agencies=2)            # due 12/03
    anew(small, case, complexity="simple")
    assert case.due_at == local(12, 3)
    anew(small, case, urgency="urgent", now=local(3, 3, 10))
    assert case.due_at == local(4, 3, 10)
    anew(small, case, urgency="normal", now=local(3, 3, 11))
    assert case.due_at == local(12, 3)


def test_a_limit_an_operator_set_earlier_goes_only_where_the_case_overtakes_it(small: World) -> None:
    case = build.case_at(small, "handling", agencies=2)
    with unit_of_work():
        locked = lock_case(case.id)
        row = locked.open_assignments[1]
        own = running_clock(locked, ClockKind.ASSIGNMENT, assignment=row)
        assert own is not None
        move_due(own, local(6, 3), case=locked, assignment=row)
    anew(small, case, urgency="urgent", now=local(4, 3, 9))
    assert [row.due_at for row in case.open_assignments] == [local(5, 3, 7), local(5, 3, 7)]
    anew(small, case, urgency="normal", now=local(4, 3, 10))
    assert [row.due_at for row in case.open_assignments] == [local(11, 3, 7, 30), local(11, 3, 7, 30)]


def test_an_earlier_limit_stays_when_the_case_is_given_time(small: World) -> None:
    case = build.case_at(small, "handling")
    with unit_of_work():
        locked = lock_case(case.id)
        own = running_clock(locked, ClockKind.ASSIGNMENT)
        assert own is not None
        move_due(own, local(6, 3), case=locked, assignment=locked.open_assignments[0])
    anew(small, case, complexity="complex")
    assert (case.due_at, given_to(case).due_at) == (local(12, 3), local(6, 3))


def test_the_place_changes_in_rows_search_and_history_and_the_reason_is_a_note(world: World) -> None:
    case = build.case_at(world, "to_distribute")
    other = world.areas["xa da chais"]
    anew(world, case, area=other, village="Thôn Klong Klanh")
    assert (case.area_id, case.village, case.due_at) == (other.id, "Thôn Klong Klanh", local(10, 3))
    assert (events(case)[-1], payload(case)["changed"], payload(case)["area"]) == ("classify", ["area", "village"], other.ref)
    assert "xác minh" not in str(payload(case))
    note = db.session.query(Note).one()
    assert (note.audience, note.body) == ("centre", "Cán bộ đã gọi điện xác minh.")
    assert "klong klanh" in db.session.query(SearchRow).filter_by(case_id=case.id, audience="centre").one().words
    assert told("due_moved") == told("due_sooner") == []


@pytest.mark.parametrize("state", ["to_verify", "to_classify"])
def test_what_was_never_classified_is_not_classified_anew(small: World, state: str) -> None:
    with pytest.raises(ClassificationRefused, match="first time"):
        anew(small, build.case_at(small, state), urgency="urgent")


@pytest.mark.parametrize("state", ["rating", "closed"])
def test_what_is_answered_is_not_classified_anew(small: World, state: str) -> None:
    with pytest.raises(CaseNotOpen):
        anew(small, build.case_at(small, state), urgency="urgent")


def test_what_rests_is_not_classified_anew(small: World) -> None:
    case = build.case_at(small, "handling")
    with unit_of_work():
        pause_clocks(lock_case(case.id), pause=Pause.HOLD, until=None, at=local(3, 3, 9))
    with pytest.raises(CaseNotOpen, match="on hold"):
        anew(small, case, urgency="urgent")


@pytest.mark.parametrize(
    ("changes", "match"),
    [({"urgency": "soon"}, "not valid"), ({"complexity": "easy"}, "not valid"), ({"urgency": "urgent", "reason": " "}, "why"),
     ({}, "Nothing")],
)
def test_refused_with_unknown_values_without_a_reason_and_without_a_change(small: World, changes: dict[str, Any], match: str) -> None:
    with pytest.raises(ClassificationRefused, match=match):
        anew(small, build.case_at(small, "handling"), **changes)


def test_what_is_published_is_taken_down_before_it_becomes_sensitive(small: World) -> None:
    case = build.case_at(small, "handling")
    sensitive = db.session.query(VisibilityReason).first()
    assert sensitive is not None
    with unit_of_work():
        lock_case(case.id).is_public = True
    with pytest.raises(ClassificationRefused, match="Take the publication down"):
        anew(small, case, visibility_reason=sensitive)
    with unit_of_work():
        lock_case(case.id).is_public = False
    anew(small, case, visibility_reason=sensitive)
    assert (case.visibility_reason_id, payload(case)["changed"]) == (sensitive.id, ["visibility_reason"])


def test_an_agency_does_not_classify(small: World) -> None:
    case = build.case_at(small, "handling")
    for by in ("officer_PTNMT", "leader_PTNMT", "committee_leader"):
        with pytest.raises(NotAllowed):
            anew(small, case, by=by, urgency="urgent")


@pytest.mark.exhaustive
def test_the_hotline_is_owed_from_classification_until_somebody_is_reached(world: World) -> None:
    case = build.case_at(world, "to_distribute", urgent=True)
    assert case.hotline_owed
    call = {"number": "02630000000", "what": "Đã báo sự việc."}
    build.do(world, case, "call_hotline", "operator", spoke_to="", reached=False, **call)
    assert case.hotline_owed
    build.do(world, case, "call_hotline", "operator", spoke_to="Trực ban", reached=True, **call)
    assert not case.hotline_owed
    assert not build.case_at(world, "to_distribute").hotline_owed
