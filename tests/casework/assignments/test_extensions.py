"""More time for an agency: asked in time, endorsed, decided, at most twice."""
from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask

from casework.assignments import extensions
from casework.assignments.extensions import ExtensionRefused
from casework.cases import CaseNotOpen, lock_case
from casework.clocks.acts import ClockKind
from casework.clocks.pauses import pause_clocks, resume_clocks
from casework.db import db, unit_of_work
from casework.models import Assignment, Case, Clock, Extension, OutboxMessage
from casework.permissions import NotAllowed, Role, desk_name
from casework.states import Pause
from casework.working_time import DayTooFar
from tests import build
from tests.build import World
from tests.casework.acting import clock, events, local, payload, told


@pytest.fixture
def world(app: Flask) -> World:
    return build.standard_world()


@pytest.fixture
def small(sqlite_app: Flask) -> World:
    """The same on one database, for rules that ask nothing of it."""
    return build.standard_world()


def run(use_case: Any, assignment: Assignment, world: World, by: str, *, now: datetime | None = None, **form: Any) -> Any:
    now = now or build.next_moment(assignment.case)
    with unit_of_work():
        case = lock_case(assignment.case_id)
        row = next(row for row in case.assignments if row.id == assignment.id)
        return use_case(row, build.input_for(use_case, form), by=world.actor(by), now=now)


def ask(world: World, assignment: Assignment, until: date, *, now: datetime | None = None, reason: str = "Chờ vật tư.") -> None:
    run(extensions.request_extension, assignment, world, f"officer_{assignment.agency.key}", now=now, reason=reason, until=until)


def endorse(world: World, assignment: Assignment, *, endorsed: bool = True, words: str = "") -> Any:
    return run(extensions.endorse_extension, assignment, world, f"leader_{assignment.agency.key}", endorsed=endorsed, words=words)


def decide(world: World, assignment: Assignment, by: str = "ops_lead", *, granted: bool = True, words: str = "",
           now: datetime | None = None) -> Any:
    return run(extensions.decide_extension, assignment, world, by, now=now, granted=granted, words=words)


def grant(world: World, assignment: Assignment, until: date, *, by: str = "ops_lead") -> None:
    ask(world, assignment, until)
    endorse(world, assignment)
    decide(world, assignment, by)


def march(day: int) -> date:
    return date(2026, 3, day)


def lead_of(case: Case) -> Assignment:
    return next(row for row in case.assignments if row.is_lead)


def own_clock(assignment: Assignment) -> Clock:
    return db.session.query(Clock).filter_by(assignment_id=assignment.id, kind=ClockKind.ASSIGNMENT).one()


def test_the_lead_is_given_time_and_the_case_with_it(world: World) -> None:
    case = build.case_at(world, "handling")                        # due 10/03 00:00, the agency 09/03 07:30
    lead = lead_of(case)
    ask(world, lead, march(12))
    assert (lead.extension_asked, case.due_at) == (True, local(10, 3))
    assert told("extension_to_endorse") == [f"desk:{desk_name(Role.AGENCY_LEADER, agency_id=lead.agency_id)}"]
    assert endorse(world, lead) == {"outcome": "endorse"}
    assert told("extension_to_decide") == [f"desk:{desk_name(Role.OPS_LEAD, centre_id=case.centre_id)}"]
    assert decide(world, lead, now=local(4, 3, 11)) == {"outcome": "grant"}
    assert (lead.extension_asked, lead.due_at, case.due_at) == (False, local(13, 3), local(14, 3))
    assert {clock(case).extended_at, own_clock(lead).extended_at} == {local(4, 3, 11)}
    assert clock(case).first_due_at == local(10, 3)
    row = db.session.query(Extension).one()
    assert (row.number, row.endorsed, row.granted, row.old_due_at, row.new_due_at) == (1, True, True, local(10, 3), local(14, 3))
    said = db.session.query(OutboxMessage).filter_by(template="due_moved").one()
    assert (said.parameters["reason"], said.parameters["extension"]) == ("extension", row.ref)
    assert said.parameters["due_at"] == local(14, 3).isoformat()
    assert told("extension_granted") == [f"desk:{desk_name(Role.OFFICER, agency_id=lead.agency_id)}"]
    assert events(case)[-3:] == ["request_extension", "endorse_extension", "decide_extension"]
    assert payload(case) == {
        "agency": "PTNMT", "number": 1, "granted": True, "until": "2026-03-12", "due": [local(10, 3).isoformat(), local(14, 3).isoformat()],
        "agency_dues": {"PTNMT": ["2026-03-09T00:30:00+00:00", local(13, 3).isoformat()]},
    }


def test_before_a_weekend_the_case_keeps_a_working_day_to_publish(small: World) -> None:
    case = build.case_at(small, "handling")
    grant(small, lead_of(case), march(13))                         # a Friday
    assert (lead_of(case).due_at, case.due_at) == (local(14, 3), local(17, 3))


def test_an_agency_that_helps_moves_only_its_own_limit(world: World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    helper = case.open_assignments[1]
    grant(world, helper, march(12))
    assert (helper.due_at, case.due_at, lead_of(case).due_at) == (local(13, 3), local(12, 3), local(11, 3, 7, 30))
    assert clock(case).extended_at is None
    assert told("due_moved") == [f"reporter:{case.main_report.reporter_id}"]      # because several agencies were asked


def test_not_endorsed_nothing_moves_and_it_does_not_count(world: World) -> None:
    case = build.case_at(world, "handling")
    lead = lead_of(case)
    ask(world, lead, march(12))
    assert endorse(world, lead, endorsed=False, words="Làm kịp.") == {"outcome": "decline"}
    assert (lead.extension_asked, case.due_at) == (False, local(10, 3))
    assert db.session.query(Extension).one().decision_words == "Làm kịp."
    assert told("extension_not_endorsed") == [f"desk:{desk_name(Role.OFFICER, agency_id=lead.agency_id)}"]
    ask(world, lead, march(12))
    assert [row.number for row in extensions.extensions_of(case)] == [1, 1]


def test_not_granted_nothing_moves_and_it_counts(world: World) -> None:
    case = build.case_at(world, "handling")
    lead = lead_of(case)
    ask(world, lead, march(12))
    endorse(world, lead)
    assert decide(world, lead, granted=False, words="Việc đơn giản.") == {"outcome": "deny"}
    assert (lead.extension_asked, case.due_at, lead.due_at) == (False, local(10, 3), local(9, 3, 7, 30))
    assert told("extension_not_granted") == [f"desk:{desk_name(Role.OFFICER, agency_id=lead.agency_id)}"]
    ask(world, lead, march(12))
    assert [row.number for row in extensions.extensions_of(case)] == [1, 2]


def test_a_second_goes_to_the_committee_and_there_is_no_third(world: World) -> None:
    case = build.case_at(world, "handling")
    lead = lead_of(case)
    grant(world, lead, march(12))
    ask(world, lead, march(16))
    assert extensions.extension_desk(lead, build.NOON) == desk_name(Role.COMMITTEE_LEADER, centre_id=case.centre_id)
    endorse(world, lead)
    with pytest.raises(NotAllowed):
        decide(world, lead, "ops_lead")
    decide(world, lead, "committee_leader")
    assert case.due_at == local(18, 3)
    assert not extensions.may_still_be_extended(lead, local(5, 3))
    with pytest.raises(ExtensionRefused, match="no third"):
        ask(world, lead, march(18))


def test_agencies_share_the_two_of_a_case(small: World) -> None:
    case = build.case_at(small, "handling", agencies=2)
    first, second = case.open_assignments
    ask(small, first, march(12))
    ask(small, second, march(12))
    assert extensions.extension_desk(first, build.NOON).startswith("ops_lead@")
    assert extensions.extension_desk(second, build.NOON).startswith("committee_leader@")


def test_of_an_urgent_case_the_committee_decides_and_two_hours_are_kept(small: World) -> None:
    case = build.case_at(small, "handling", urgent=True)           # due 03/03 10:00
    lead = lead_of(case)
    ask(small, lead, march(4), now=local(2, 3, 14))
    endorse(small, lead)
    assert extensions.extension_desk(lead, build.NOON).startswith("committee_leader@")
    with pytest.raises(NotAllowed):
        decide(small, lead, "ops_lead")
    decide(small, lead, "committee_leader")
    assert (lead.due_at, case.due_at) == (local(5, 3), local(5, 3, 2))


def test_the_first_is_not_for_the_committee(small: World) -> None:
    lead = lead_of(build.case_at(small, "handling"))
    ask(small, lead, march(12))
    endorse(small, lead)
    with pytest.raises(NotAllowed):
        decide(small, lead, "committee_leader")


def test_more_time_is_asked_for_before_the_time_is_over(small: World) -> None:
    lead = lead_of(build.case_at(small, "handling"))               # due 09/03 07:30
    with pytest.raises(ExtensionRefused, match="before it ended"):
        ask(small, lead, march(12), now=local(9, 3, 7, 30))
    ask(small, lead, march(12), now=local(9, 3, 7, 29))


@pytest.mark.parametrize(("day", "match"), [(8, "after the present"), (19, "at most 7 working days")])
def test_the_new_day_is_after_the_present_one_and_at_most_seven_working_days_later(small: World, day: int, match: str) -> None:
    lead = lead_of(build.case_at(small, "handling"))
    with pytest.raises(ExtensionRefused, match=match):
        ask(small, lead, march(day))


def test_no_time_is_asked_for_beyond_ten_years(small: World) -> None:
    lead = lead_of(build.case_at(small, "handling"))
    with pytest.raises(DayTooFar):
        ask(small, lead, date.max)
    assert not lead.extension_asked


@pytest.mark.parametrize("day", [9, 18])
def test_the_nearest_and_the_farthest_day(small: World, day: int) -> None:
    lead = lead_of(build.case_at(small, "handling"))
    ask(small, lead, march(day))
    assert lead.extension_asked


def test_refused_without_a_reason_twice_at_once_or_before_acceptance(small: World) -> None:
    lead = lead_of(build.case_at(small, "handling"))
    with pytest.raises(ExtensionRefused, match="why"):
        ask(small, lead, march(12), reason=" ")
    assert extensions.may_still_be_extended(lead, local(4, 3))
    ask(small, lead, march(12))
    assert not extensions.may_still_be_extended(lead, local(4, 3))
    with pytest.raises(ExtensionRefused, match="already"):
        ask(small, lead, march(12))
    with pytest.raises(ExtensionRefused, match="accepted"):
        ask(small, lead_of(build.case_at(small, "at_agency")), march(12))


def test_a_no_needs_words_and_there_must_be_a_wish(small: World) -> None:
    lead = lead_of(build.case_at(small, "handling"))
    with pytest.raises(ExtensionRefused, match="No wish"):
        endorse(small, lead)
    ask(small, lead, march(12))
    with pytest.raises(ExtensionRefused, match="No endorsed"):
        decide(small, lead)
    with pytest.raises(ExtensionRefused, match="why"):
        endorse(small, lead, endorsed=False)
    endorse(small, lead)
    with pytest.raises(ExtensionRefused, match="No wish"):
        endorse(small, lead)
    with pytest.raises(ExtensionRefused, match="why"):
        decide(small, lead, granted=False)


def test_only_the_own_officers_ask_and_only_the_own_leader_endorses(small: World) -> None:
    lead = lead_of(build.case_at(small, "handling"))
    for by in ("leader_PTNMT", "officer_HKL", "operator"):
        with pytest.raises(NotAllowed):
            run(extensions.request_extension, lead, small, by, now=local(4, 3, 9), reason="Chờ.", until=march(12))
    ask(small, lead, march(12))
    for by in ("officer_PTNMT", "leader_HKL", "ops_lead"):
        with pytest.raises(NotAllowed):
            run(extensions.endorse_extension, lead, small, by, now=local(4, 3, 9), endorsed=True)


def test_a_case_that_rests_is_not_extended(small: World) -> None:
    lead = lead_of(build.case_at(small, "handling"))
    with unit_of_work():
        pause_clocks(lock_case(lead.case_id), pause=Pause.HOLD, until=None, at=local(3, 3, 9))
    assert not extensions.may_still_be_extended(lead, local(4, 3))
    with pytest.raises(CaseNotOpen):
        ask(small, lead, march(12))


def test_after_an_extension_the_agency_still_goes_with_its_case(small: World) -> None:
    case = build.case_at(small, "handling")
    grant(small, lead_of(case), march(12))                         # the agency until Thursday, the case until Friday
    with unit_of_work():
        pause_clocks(lock_case(case.id), pause=Pause.HOLD, until=None, at=local(5, 3, 9))
    with unit_of_work():
        resume_clocks(lock_case(case.id), at=local(9, 3, 9))
    assert (case.due_at, lead_of(case).due_at) == (local(18, 3), local(17, 3, 7, 30))


def test_a_wish_overtaken_by_a_longer_limit_takes_nothing_away(small: World) -> None:
    case = build.case_at(small, "handling")
    lead = lead_of(case)
    ask(small, lead, march(9))
    endorse(small, lead)
    with unit_of_work():
        pause_clocks(lock_case(case.id), pause=Pause.HOLD, until=None, at=local(4, 3, 10))
    with unit_of_work():
        resume_clocks(lock_case(case.id), at=local(6, 3, 9))
    before = (lead.due_at, case.due_at)
    assert before[0] is not None
    assert before[0] > local(10, 3), "later than the end of the day asked for"
    decide(small, lead, now=local(6, 3, 10))
    assert (lead.due_at, case.due_at) == before


def test_what_was_in_time_without_more_time_is_judged_by_the_day_as_a_rest_had_moved_it(small: World) -> None:
    case = build.case_at(small, "handling")
    with unit_of_work():
        row = lock_case(case.id)
        pause_clocks(row, pause=Pause.HOLD, until=None, at=local(4, 3, 8))
        resume_clocks(row, at=local(6, 3, 8))
    rested = clock(case).due_at
    assert rested is not None
    assert clock(case).first_due_at == local(10, 3) < rested, "a rest alone moves no promise"
    lead = lead_of(case)
    for day, by in ((13, "ops_lead"), (17, "committee_leader")):
        ask(small, lead, march(day), now=local(6, 3, 9 if day == 13 else 11))
        endorse(small, lead)
        decide(small, lead, by)
        due = clock(case).due_at
        assert due is not None
        assert clock(case).first_due_at == rested < due, "the second moves it no more"

    def rest(since: datetime, until: datetime) -> datetime:
        with unit_of_work():
            row = lock_case(case.id)
            pause_clocks(row, pause=Pause.HOLD, until=None, at=since)
            resume_clocks(row, at=until)
        return clock(case).first_due_at

    assert rested == local(12, 3)
    assert rest(local(9, 3, 8), local(11, 3, 8)) == local(14, 3), "a rest after it does: no limit counts the time a case rested"
    assert rest(local(16, 3, 8), local(17, 3, 8)) == local(14, 3), "one that begins when it has run out does not"


def test_a_day_that_has_gone_when_somebody_decides_is_neither_endorsed_nor_granted(world: World) -> None:
    """The senders would be told a day that is over, as a promise; that it is not given can still be said."""
    case = build.case_at(world, "handling")
    [row] = case.open_assignments
    ask(world, row, march(11))
    last = local(12, 3)
    with pytest.raises(ExtensionRefused, match="is over"):
        run(extensions.endorse_extension, row, world, "leader_PTNMT", now=last, endorsed=True)
    endorse(world, row)
    with pytest.raises(ExtensionRefused, match="is over") as refused:
        decide(world, row, now=last)
    assert "11/03/2026" in refused.value.vi
    assert refused.value.about == "granted"
    assert decide(world, row, granted=False, words="Ngày xin đã qua.", now=last) == {"outcome": "deny"}


def test_a_day_is_granted_up_to_its_last_minute(world: World) -> None:
    case = build.case_at(world, "handling")
    [row] = case.open_assignments
    ask(world, row, march(11))
    endorse(world, row)
    assert decide(world, row, now=local(11, 3, 23, 59)) == {"outcome": "grant"}
