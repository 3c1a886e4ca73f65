"""Ways on which an agency hands the case back: released or kept, twice at most in each slot."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

from casework.assignments.hand_backs import HandBackRefused
from tests.build import World
from tests.scenarios.straight import (
    ANSWERED,
    END,
    LIMITS,
    MESSAGES,
    OUTCOME,
    SEVERAL_AGENCY_DUE,
    SEVERAL_DUE,
    STRAIGHT,
    TAKEN,
    accept,
    acceptance,
    approval,
    asked,
    begun,
    finish,
    give,
    publication,
    rating,
    straight_but,
    whole,
    work,
)
from tests.scenarios.walking import Walk
from tests.scenarios.way import Outcome, Way, look
from tests.scenarios.ways_agencies import GIVEN_LOOK, LAT

HANDED_BACK = frozenset({"is_taken_to_decide_hand_back", "decide_hand_back", "decide_hand_back_to_is_released", "is_released"})
RELEASED = HANDED_BACK | {"is_released_to_handed_back", "handed_back", "is_answered_to_distribute"}
BACK_EVENTS = ("hand_back", "decide_hand_back")
BACK_MESSAGES = ("assignment_handed_back operator", "hand_back_decided officer PTNMT")


def hand_back(w: Walk, agency: str, at: str, decided: str, *, upheld: bool = True) -> None:
    form = {"reason": "Bãi rác nằm trên đất của đơn vị khác."}
    w.do(f"02/03 {at}", "accept_assignment", f"officer_{agency}", act="hand_back", agency=agency, **form)
    w.look(f"{agency} has handed back")
    w.do(f"02/03 {decided}", "decide_hand_back", "operator", agency=agency, upheld=upheld, words="" if upheld else "Đất do đơn vị quản lý.")


def handed_back_once(world: World) -> Walk:
    w = begun(world)
    give(w)
    hand_back(w, "PTNMT", "13:30", "14:00")
    w.look("released")
    give(w, LAT, time="14:30")
    return w


def walk_handed_back_once(world: World) -> Walk:
    w = handed_back_once(world)
    accept(w, LAT, time="16:00")
    return finish(w, LAT)


# From 14:30 to 17:00 are two and a half office hours, so the second agency has until 09:00 to accept. The case's due stays.
FIRST_BACK = (asked(), work(ended="02/03 14:00"))
ONCE_LOOKS = {
    "PTNMT has handed back": look("at_agency", ["decide_hand_back operator"], "Đã tiếp nhận", "Đã tiếp nhận", due="10/03 00:00"),
    "released": look("to_distribute", ["distribute operator"], "Đã tiếp nhận", "Đã tiếp nhận", due="10/03 00:00"),
}


def handed_back(agency: str, asked_due: str, accepted: str, *, before: tuple[Any, ...], told: tuple[str, ...], times: int) -> Outcome:
    """Answered by the agency asked last, after the others have handed back."""
    own = (asked(agency, due=asked_due, ended=accepted), work(agency), approval(agency))
    given = [f"{key} lead released/handed_back" for key in ("PTNMT", LAT)[:times]]
    return replace(
        OUTCOME, elements=STRAIGHT | RELEASED, row=replace(OUTCOME.row, lead=agency),
        events=("file_report", *TAKEN, *["distribute", *BACK_EVENTS] * times, "distribute", "accept_assignment", *ANSWERED, *END),
        messages=(*MESSAGES, *BACK_MESSAGES, "report_distributed citizen", f"assignment_given officer {LAT}", *told),
        limits=(acceptance(), whole(), publication(), rating(), *before, *own), assignments=(*given, f"{agency} lead approved/approved"),
        looks=ONCE_LOOKS,
    )  # fmt: skip


ONCE = Way("handed back once", walk_handed_back_once, handed_back(LAT, "03/03 09:00", "02/03 16:00", before=FIRST_BACK, told=(), times=1))


def walk_kept(world: World) -> Walk:
    w = begun(world)
    give(w)
    hand_back(w, "PTNMT", "13:30", "14:00", upheld=False)
    w.look("kept")
    accept(w, time="15:00")
    return finish(w)


# Asked again at 14:00: three hours to 17:00 and one on the next morning.
KEPT = Way("handed back once: the agency stays", walk_kept, replace(
    straight_but(passes=HANDED_BACK | {"is_released_to_accept_assignment"}, after="distribute", does=BACK_EVENTS, told=BACK_MESSAGES,
                 looks={"PTNMT has handed back": ONCE_LOOKS["PTNMT has handed back"], "kept": GIVEN_LOOK}),
    limits=(*LIMITS, asked(due="03/03 08:30", ended="02/03 15:00")),
))


def handed_back_twice(world: World) -> Walk:
    w = handed_back_once(world)
    hand_back(w, LAT, "15:00", "15:30")
    give(w, "HKL", time="16:00")
    return w


def walk_handed_back_twice(world: World) -> Walk:
    w = handed_back_twice(world)
    accept(w, "HKL", time="16:30")
    return finish(w, "HKL")


# One hour to 17:00 and three on the next morning.
SECOND_BACK = (asked(LAT, due="03/03 09:00", ended="02/03 15:00"), work(LAT, ended="02/03 15:30"))
TWICE = Way("handed back twice", walk_handed_back_twice, handed_back(
    "HKL", "03/03 10:30", "02/03 16:30", before=(*FIRST_BACK, *SECOND_BACK), times=2,
    told=("assignment_handed_back operator", f"hand_back_decided officer {LAT}", "report_distributed citizen",
          "assignment_given officer HKL"),
))


def walk_handed_back_thrice(world: World) -> Walk:
    w = handed_back_twice(world)
    with w.refused(HandBackRefused):
        hand_back(w, "HKL", "16:20", "16:25")
    accept(w, "HKL", time="16:30")
    return finish(w, "HKL")


THRICE = Way("handed back a third time: refused", walk_handed_back_thrice, TWICE.outcome)


def walk_slots(world: World) -> Walk:
    w = handed_back_once(world)
    hand_back(w, LAT, "15:00", "15:30")
    give(w, "HKL", "PTNMT", time="16:00")
    with w.refused(HandBackRefused):
        hand_back(w, "HKL", "16:10", "16:15")
    hand_back(w, "PTNMT", "16:20", "16:25")             # the third of the case, and the first of its slot
    accept(w, "HKL", time="16:30")
    return finish(w, "HKL")


SLOTS = Way("handed back: counted per role slot, lead or cooperating", walk_slots, replace(
    TWICE.outcome, last=replace(OUTCOME.last, due=SEVERAL_DUE),
    events=("file_report", *TAKEN, *["distribute", *BACK_EVENTS] * 2, "distribute", *BACK_EVENTS, "accept_assignment", *ANSWERED, *END),
    messages=(*TWICE.outcome.messages, *BACK_MESSAGES, "assignment_given officer PTNMT", "due_moved citizen"),
    limits=(
        acceptance(), whole(SEVERAL_DUE), publication(), rating(), *FIRST_BACK, *SECOND_BACK,
        asked("HKL", due="03/03 10:30", ended="02/03 16:30"), work("HKL", due=SEVERAL_AGENCY_DUE), approval("HKL"),
        asked(due="03/03 10:30", ended="02/03 16:20"), work(due=SEVERAL_AGENCY_DUE, ended="02/03 16:25"),
    ),
    assignments=("PTNMT lead released/handed_back", f"{LAT} lead released/handed_back", "HKL lead approved/approved",
                 "PTNMT cooperating released/handed_back"),
    looks={"released": ONCE_LOOKS["released"]},
))  # fmt: skip

WAYS = (ONCE, KEPT, TWICE, THRICE, SLOTS)
