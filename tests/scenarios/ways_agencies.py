"""Ways between the centre and its agencies: one or several, and what acceptance changes."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

from casework.triage.refusals import RefusalIncomplete
from tests.build import World
from tests.scenarios.straight import (
    ANSWERED,
    ANSWERED_MESSAGES,
    END,
    OUTCOME,
    PUBLISHED_MESSAGES,
    SEVERAL_AGENCY_DUE,
    SEVERAL_DUE,
    TAKEN,
    TAKEN_MESSAGES,
    accept,
    acceptance,
    answer,
    approval,
    approve,
    asked,
    at_work,
    begun,
    finish,
    give,
    publication,
    publish,
    rating,
    straight_but,
    submit,
    whole,
    work,
)
from tests.scenarios.walking import Walk
from tests.scenarios.way import Way, look

LAT = "UBND-LAT"
HANDLING = look("handling", ["submit_answer officer PTNMT"], "Đang xử lý", "Đang xử lý", due="10/03 00:00")

# -- one, several, accepted -------------------------------------------------------------------------------------------

def walk_one(world: World) -> Walk:
    w = begun(world)
    give(w)
    w.look("given")
    accept(w)
    with w.refused(RefusalIncomplete):
        w.act("02/03 14:00", "refuse", "operator", reason=world.refusal_reason(), words="Không thuộc phạm vi.")
    submit(w)
    w.look("submitted")
    approve(w)
    w.look("approved")
    publish(w)
    w.window_ends("11/03 00:00", "rating_window")
    return w


GIVEN_LOOK = look("at_agency", ["accept_assignment officer PTNMT"], "Đã tiếp nhận", "Đã tiếp nhận", due="10/03 00:00")
ONE = Way("one agency", walk_one, replace(OUTCOME, looks={
    "given": GIVEN_LOOK,
    "submitted": look("approval", ["approve_answer agency_leader PTNMT"], "Đang xử lý", "Đang xử lý", due="10/03 00:00"),
    "approved": look("to_publish", ["publish operator"], "Đang xử lý", "Đang xử lý", due="10/03 00:00"),
}))


def walk_several(world: World) -> Walk:
    w = begun(world)
    give(w, "PTNMT", LAT, "HKL")
    w.look("given")
    accept(w, "PTNMT", LAT)
    w.look("two at work")
    accept(w, "HKL", time="14:30")
    answer(w, "PTNMT", LAT)
    w.look("two have answered")
    answer(w, "HKL", day="04/03")
    publish(w, "04/03")
    w.window_ends("12/03 00:00", "rating_window")
    return w


def one_of(agency: str, minutes: int, *, day: str = "03/03", due: str = SEVERAL_AGENCY_DUE) -> tuple[Any, ...]:
    """The limits of the second agency or the third, which does everything ten or twenty minutes after the first."""
    return (
        asked(agency, ended=f"02/03 13:{30 + minutes}"), work(agency, due=due, ended=f"{day} 10:{minutes:02}"),
        approval(agency, due=f"{day} 14:{30 + minutes}", ended=f"{day} 10:{minutes:02}"),
    )  # fmt: skip


TWO_MESSAGES = (*TAKEN_MESSAGES, "due_moved citizen", "report_distributed citizen", "assignment_given officer PTNMT",
                f"assignment_given officer {LAT}", *ANSWERED_MESSAGES, *PUBLISHED_MESSAGES)
"""Promised for 10/03 at classification; several agencies have seven working days, to the end of 11/03."""
SEVERAL = Way("several agencies", walk_several, replace(
    OUTCOME, row=replace(OUTCOME.row, closed="12/03 00:00", answered="04/03 14:00"), last=replace(OUTCOME.last, due=SEVERAL_DUE),
    events=("file_report", *TAKEN, "distribute", *["accept_assignment"] * 3, *["submit_answer"] * 2, *["approve_answer"] * 2,
            *ANSWERED, *END),
    messages=(*TWO_MESSAGES, "assignment_given officer HKL"),
    limits=(
        acceptance(), whole(SEVERAL_DUE, "04/03 14:00"), asked(), work(due=SEVERAL_AGENCY_DUE), approval(), *one_of(LAT, 10),
        asked("HKL", ended="02/03 14:30"), work("HKL", due=SEVERAL_AGENCY_DUE, ended="04/03 10:00"),
        approval("HKL", due="04/03 14:30", ended="04/03 10:00"), publication("04/03 15:30", "04/03 14:00"), rating("12/03 00:00"),
    ),
    assignments=("PTNMT lead approved/approved", f"{LAT} cooperating approved/approved", "HKL cooperating approved/approved"),
    looks={
        "given": look("at_agency", ["accept_assignment officer PTNMT", f"accept_assignment officer {LAT}", "accept_assignment officer HKL"],
                      "Đã tiếp nhận", "Đã tiếp nhận", due=SEVERAL_DUE),
        "two at work": look("handling", ["submit_answer officer PTNMT", f"submit_answer officer {LAT}", "accept_assignment officer HKL"],
                            "Đang xử lý", "Đang xử lý", due=SEVERAL_DUE),
        "two have answered": look("handling", ["submit_answer officer HKL"], "Đang xử lý", "Đang xử lý", due=SEVERAL_DUE),
    },
))  # fmt: skip


def walk_accepted(world: World) -> Walk:
    w = at_work(world)
    w.look("accepted")
    w.act("02/03 15:00", "progress_note", "officer_PTNMT", work_of="PTNMT", words="Đã liên hệ xe chở rác.")
    return finish(w)


ACCEPTED = Way("accepted by the agency", walk_accepted, straight_but(
    after="accept_assignment", does=("progress_note",), told=("progress_noted operator",), looks={"accepted": HANDLING},
))

WAYS = (ONE, SEVERAL, ACCEPTED)
