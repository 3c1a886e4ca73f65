"""Ways of an answer inside its agency: done again, and approved by the next leader up where there is no other."""
from __future__ import annotations

from dataclasses import replace

from tests.build import World
from tests.scenarios.straight import (
    LIMITS,
    MESSAGES,
    OUTCOME,
    accept,
    approval,
    approve,
    at_work,
    begun,
    finish,
    give,
    publish,
    straight_but,
    submit,
)
from tests.scenarios.walking import Walk
from tests.scenarios.way import Outcome, Way, look

# -- redo -------------------------------------------------------------------------------------------------------------

REDO = frozenset({"is_approved_to_submit_answer"})
REDO_LOOK = look("redo", ["submit_answer officer PTNMT"], "Đang xử lý", "Đang xử lý", due="10/03 00:00")


def redo(w: Walk, day: str) -> None:
    submit(w, day=day)
    w.do(f"{day} 10:00", "approve_answer", "leader_PTNMT", act="redo_answer", agency="PTNMT", instructions="Chụp lại ảnh sau khi dọn.")


def walk_redo_once(world: World) -> Walk:
    w = at_work(world)
    redo(w, "03/03")
    w.look("redo")
    return finish(w, day="04/03", window="12/03 00:00")


def done_again(times: int, day: str, window: str) -> Outcome:
    """The case's due and the agency's stay; each submission has a limit of approval of its own."""
    base = straight_but("02/03", day, window, passes=REDO, after="accept_assignment", does=("submit_answer", "redo_answer") * times,
                        told=("answer_to_redo officer PTNMT",) * times)
    before = (approval(), approval(due="04/03 14:30", ended="04/03 10:00"))[:times]
    return replace(base, limits=(*base.limits, *before), looks={"redo": REDO_LOOK})


REDO_ONCE = Way("redo once", walk_redo_once, done_again(1, "04/03", "12/03 00:00"))


def walk_redo_twice(world: World) -> Walk:
    w = at_work(world)
    redo(w, "03/03")
    redo(w, "04/03")
    w.look("redo")
    return finish(w, day="05/03", window="13/03 00:00")


REDO_TWICE = Way("redo twice", walk_redo_twice, done_again(2, "05/03", "13/03 00:00"))

# -- no eligible approver ---------------------------------------------------------------------------------------------

def walk_leader_up(world: World, agency: str, leader: str) -> Walk:
    w = begun(world)
    give(w, agency)
    accept(w, agency)
    submit(w, agency)
    w.look("submitted")
    approve(w, agency, by=leader)
    publish(w)
    w.window_ends("11/03 00:00", "rating_window")
    return w


def decided_above(agency: str, desk: str) -> Outcome:
    return replace(
        OUTCOME, row=replace(OUTCOME.row, lead=agency), assignments=(f"{agency} lead approved/approved",),
        messages=tuple(each.replace("officer PTNMT", f"officer {agency}") for each in MESSAGES),
        limits=tuple(replace(each, agency=agency) if each.agency else each for each in LIMITS),
        looks={"submitted": look("approval", [f"approve_answer {desk}"], "Đang xử lý", "Đang xử lý", due="10/03 00:00")},
    )  # fmt: skip


NO_APPROVER = Way(
    "no eligible approver: found at submit, goes to the leader of the agency above",
    lambda world: walk_leader_up(world, "DOI", "leader_PTNMT"), decided_above("DOI", "agency_leader PTNMT"),
)
NO_AGENCY_ABOVE = Way(
    "no eligible approver: no agency above, goes to the committee leader",
    lambda world: walk_leader_up(world, "TO", "committee_leader"), decided_above("TO", "committee_leader"),
)

WAYS = (REDO_ONCE, REDO_TWICE, NO_APPROVER, NO_AGENCY_ABOVE)
