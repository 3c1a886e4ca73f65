"""What one agency was asked in a period and how each of it ended, counted by hand."""
from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask

from casework.assignments.periods import agency_figures
from casework.clocks.acts import ClockKind
from casework.db import db, unit_of_work
from casework.local_time import LOCAL_ZONE
from casework.models import Assignment, Case, Clock
from casework.states import AssignmentEnd, AssignmentState
from tests import build


def at(day: str) -> datetime:
    return datetime.fromisoformat(f"2026-{day}T09:00").replace(tzinfo=LOCAL_ZONE)


MARCH, APRIL = at("03-01").replace(hour=0), at("04-01").replace(hour=0)

BY_HAND = (
    # given, ended, how; what becomes of it in March. All are due on 01/04 at 00:00, the first instant of April, but for one
    ("02-10", "02-20", "approved"),  # all of it before
    ("02-27", "03-05", "approved"),  # carried over, answered
    ("02-27", "03-06", "removed"),  # carried over, taken away
    ("02-28", None, None),  # carried over, open; late when March ended
    ("03-02", "03-10", "approved"),
    ("03-02", "03-11", "approved"),
    ("03-03", "03-12", "handed_back"),
    ("03-03", "03-12", "removed"),
    ("03-04", "03-13", "missing"),
    ("03-05", "03-14", "merged"),
    ("03-06", "03-15", "closed"),
    ("03-06", "03-15", "reorganised"),
    ("03-20", "04-02", "approved"),  # open when March ended
    ("03-21", None, None),
    ("04-01", "04-01", "removed"),  # all of it later
    ("03-07", "03-16", "quarantined"),  # in no figure of an agency
)
"""Each way an assignment ends has a row (casework.states.AssignmentEnd)."""


def test_what_an_agency_was_given_is_answered_taken_away_or_open(app: Flask) -> None:
    assert {end for _given, _ended, end in BY_HAND if end} == set(AssignmentEnd)
    world = build.standard_world()
    agency, operator = world.agencies["PTNMT"], world.people["operator"]
    with unit_of_work():
        for place, (given, ended, end) in enumerate(BY_HAND):
            case = Case(
                centre_id=world.centre.id, code=f"LD-2026-9{place:05}", state="handling", source="citizen", opened_at=at("02-01"),
                clock_starts="filing",
                quarantined_at=at("03-16") if end == AssignmentEnd.QUARANTINED else None,
            )  # fmt: skip
            db.session.add(case)
            db.session.flush()
            is_answered = end == AssignmentEnd.APPROVED and ended is not None
            part = Assignment(
                case_id=case.id, agency_id=agency.id, slot="lead", distributed_at=at(given), distributed_by_id=operator.id,
                state=AssignmentState.APPROVED if is_answered else AssignmentState.REMOVED if ended else AssignmentState.HANDLING,
                approved_at=at(ended) if is_answered and ended else None, ended_at=at(ended) if ended else None, end_reason=end,
            )  # fmt: skip
            db.session.add(part)
            db.session.flush()
            due = APRIL if given != "03-21" else APRIL + timedelta(days=1)
            db.session.add(Clock(
                case_id=case.id, assignment_id=part.id, kind=ClockKind.ASSIGNMENT, unit="working_days", amount=5, started_at=at(given),
                due_at=due, first_due_at=due, ended_at=part.ended_at,
            ))  # fmt: skip
    told = agency_figures(agency.id, since=MARCH, until=APRIL)
    keys = ("carried_over", "asked", "answered", "taken_away", "open")
    assert {key: told[key] for key in keys} == {"carried_over": 3, "asked": 10, "answered": 3, "taken_away": 7, "open": 3}
    assert told["open_late"] == 2, "late is now >= due, and when March ended it was due"
    assert told["carried_over"] + told["asked"] == told["answered"] + told["taken_away"] + told["open"]

