"""Ways on which time stands still or is given: a case held by the operations lead, an incident in its process."""
from __future__ import annotations

import dataclasses
from datetime import datetime

import pytest

from casework.models import Case
from casework.permissions import Actor, NotAllowed
from casework.triage.acts import ClassifyInput
from casework.verbs import Input
from tests import build
from tests.build import World
from tests.scenarios.straight import (
    EVENTS,
    LIMITS,
    OUTCOME,
    accept,
    acceptance,
    answer,
    approval,
    asked,
    at_work,
    classified,
    classify,
    finish,
    give,
    publication,
    publish,
    rating,
    straight_but,
    verify,
    whole,
    work,
)
from tests.scenarios.walking import Walk
from tests.scenarios.way import Limit, Way, at, day, look
from workflows.bindings import BINDINGS, Step
from workflows.running.incidents import StepFailed, open_incidents, perform_recorded, retry_recorded
from workflows.running.wakeups import fire_due_timers

# -- hold -------------------------------------------------------------------------------------------------------------

REASON = "Chờ mưa lũ rút"
HELD = frozenset({"held", "held_to_resume"})
OVER = frozenset({"hold_ended", "hold_ended_to_again_hold"})
HELD_LOOK = look("handling", ["resume ops_lead", "(submit_answer officer PTNMT)"], "Đang xử lý", f"Đang xử lý (tạm dừng: {REASON})")
HANDLING = look("handling", ["submit_answer officer PTNMT"], "Đang xử lý", "Đang xử lý", due="12/03 00:00")
HELD_MESSAGES = ("case_held citizen", "work_paused officer PTNMT", "work_resumed officer PTNMT", "due_moved citizen")


def hold(world: World, until: str) -> Walk:
    w = at_work(world)
    w.act("03/03 08:00", "hold", "ops_lead", reason=REASON, until=day(until))
    w.look("held")
    return w


def walk_hold(world: World) -> Walk:
    w = hold(world, "06/03")
    w.do("05/03 09:00", "resume", "ops_lead")
    w.look("resumed")
    return finish(w, day="06/03", window="14/03 00:00")


# 03/03 is used up, 04/03 rests, on 05/03 the clock starts again: counted are 03, 06, 09, 10 and 11/03. The agency's limit rests
# with the case's and ends eight office hours before it.
def held(until: str) -> tuple[Limit, ...]:
    rest = (("hold", "03/03 08:00", until),)
    return (
        acceptance(), whole("12/03 00:00", "06/03 14:00", pauses=rest), asked(),
        work(due="11/03 07:30", ended="06/03 10:00", pauses=rest), approval(due="06/03 14:30", ended="06/03 10:00"),
        publication("06/03 15:30", "06/03 14:00"), rating("14/03 00:00"),
    )  # fmt: skip


HOLD = Way("hold and resume", walk_hold, straight_but(
    "02/03", "06/03", "14/03 00:00", due="12/03 00:00", passes=HELD | OVER | {"resume", "resume_to_hold_ended"},
    after="accept_assignment", does=("hold", "resume"), told=HELD_MESSAGES, limits=held("05/03 09:00"),
    looks={"held": HELD_LOOK, "resumed": HANDLING},
))


def walk_hold_over(world: World) -> Walk:
    w = hold(world, "04/03")
    w.window_ends("05/03 00:00", "hold_over")
    w.look("over")
    return finish(w, day="06/03", window="14/03 00:00")


HOLD_OVER = Way("hold and resume: its last day was over", walk_hold_over, straight_but(
    "02/03", "06/03", "14/03 00:00", due="12/03 00:00", passes=HELD | OVER | {"hold_over", "hold_over_to_close_hold", "close_hold",
                                                                              "close_hold_to_hold_ended"},
    after="accept_assignment", does=("hold", "resume"), told=HELD_MESSAGES, limits=held("05/03 00:00"),
    looks={"held": HELD_LOOK, "over": HANDLING},
))

# -- incident ---------------------------------------------------------------------------------------------------------

def fails(_case: Case, _given: Input | None = None, *, by: Actor, now: datetime) -> None:
    raise ZeroDivisionError


BROKEN = dataclasses.replace(BINDINGS, steps={**BINDINGS.steps, "classify": Step({"classify": fails})}, ends={"closed": fails})


def walk_incident(world: World) -> Walk:
    w = Walk(world)
    w.file()
    verify(w)
    task, now = build.waiting(w.case, "classify"), at("02/03 10:35")
    with pytest.raises(StepFailed):
        perform_recorded(task.ref, by=world.actor("operator"), now=now, given=ClassifyInput(**classified(w)), bindings=BROKEN)
    w.look("failed")
    retry(w, "02/03 10:38")
    classify(w)
    give(w)
    accept(w)
    answer(w)
    publish(w)
    fire_due_timers(at("11/03 00:00"), bindings=BROKEN)
    fire_due_timers(at("11/03 08:00"))                  # put aside until somebody looks at it
    w.look("timer failed")
    retry(w, "11/03 09:00")
    return w


def retry(w: Walk, when: str) -> None:
    """The administrator finds the incident and has it tried again; nobody else may."""
    w.now = at(when)
    [incident] = [each for each in open_incidents(w.world.actor("administrator")) if each.case_id == w.case.id]
    with w.refused(NotAllowed):
        retry_recorded(incident.ref, by=w.world.actor("operator"), now=w.now)
    retry_recorded(incident.ref, by=w.world.actor("administrator"), now=w.now)


INCIDENT = Way("incident and retry", walk_incident, straight_but(
    after="verify", does=("retry_incident",), told=(), events=(*EVENTS[:3], "retry_incident", *EVENTS[3:], "retry_incident"),
    row=dataclasses.replace(OUTCOME.row, closed="11/03 09:00"), limits=(*LIMITS[:-1], rating("11/03 00:00", "11/03 09:00")),
    looks={
        "failed": look("to_classify", ["classify operator"], "Đã tiếp nhận", "Đã tiếp nhận"),
        "timer failed": look("rating", ["rate reporter"], "Đã xử lý", "Mời đánh giá", published="final", due="10/03 00:00"),
    },
))

HOLDS = (HOLD, HOLD_OVER)
LAST = (INCIDENT,)
