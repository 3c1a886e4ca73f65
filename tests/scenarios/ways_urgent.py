"""Ways of urgency: the hotline reached or not, urgent only later, urgent no longer."""
from __future__ import annotations

from dataclasses import replace

from casework.publishing.ratings import RatingRefused
from tests.build import World
from tests.scenarios.straight import (
    EVENTS,
    MESSAGES,
    OUTCOME,
    STRAIGHT,
    accept,
    acceptance,
    approval,
    approve,
    asked,
    at_work,
    classified,
    classify,
    give,
    go,
    publication,
    publish,
    rating,
    straight_but,
    submit,
    verify,
    whole,
    work,
)
from tests.scenarios.walking import Walk
from tests.scenarios.way import Way, look

# -- the hotline ------------------------------------------------------------------------------------------------------

HOTLINE = frozenset({"hotline_needed", "hotline_needed_to_call_hotline", "call_hotline", "call_hotline_to_again_hotline"})


def call(w: Walk, when: str, *, reached: bool) -> None:
    w.do(when, "call_hotline", "operator", number="02633 111 114", spoke_to="Trực ban" if reached else "", reached=reached,
         what="Báo có khói ven rừng." if reached else "Không ai nghe máy.")


def urgent(world: World, *, reached: bool) -> Walk:
    """Marked urgent, and answered within the day."""
    w = Walk(world)
    w.file(marked_urgent=True)
    verify(w, time="10:20")
    classify(w, time="10:25", urgency="urgent")
    w.look("classified")
    call(w, "02/03 10:30", reached=reached)
    w.look("called")
    give(w, time="10:35")
    accept(w, time="10:45")
    submit(w, day="02/03", time="14:00")
    approve(w, day="02/03", time="14:30")
    publish(w, "02/03", time="15:00")
    return w


def walk_reached(world: World) -> Walk:
    w = urgent(world, reached=True)
    w.window_ends("10/03 00:00", "rating_window")
    return w


# Round the clock: accepted within 30 minutes of filing, by the agency within 30 minutes of being asked; the case within 24 hours
# of filing and its agency two hours sooner; approval and publication within an hour each.
URGENT_LIMITS = (
    acceptance("02/03 10:20", due="02/03 10:30"), whole("03/03 10:00", "02/03 15:00"), asked(due="02/03 11:05", ended="02/03 10:45"),
    work(due="03/03 08:00", ended="02/03 14:30"), approval(due="02/03 15:00", ended="02/03 14:30"),
    publication("02/03 15:30", "02/03 15:00"), rating("10/03 00:00"),
)  # fmt: skip
URGENT_LOOK = look("to_distribute", ["call_hotline operator", "distribute operator"], "Đã tiếp nhận", "Đã tiếp nhận", due="03/03 10:00")
HOTLINE_REACHED = Way("urgent with hotline reached", walk_reached, replace(
    OUTCOME, elements=STRAIGHT | HOTLINE, row=replace(OUTCOME.row, closed="10/03 00:00", answered="02/03 15:00", urgency="urgent"),
    last=replace(OUTCOME.last, due="03/03 10:00"), events=(*EVENTS[:4], "call_hotline", *EVENTS[4:]), limits=URGENT_LIMITS,
    looks={"classified": URGENT_LOOK, "called": replace(URGENT_LOOK, tasks=frozenset({"distribute operator"}))},
))


def walk_not_reached(world: World) -> Walk:
    w = urgent(world, reached=False)
    w.window_ends("10/03 00:00", "rating_window")
    w.look("only the call is left")
    with w.refused(RatingRefused):
        w.rate("10/03 08:00", "satisfied")
    call(w, "10/03 09:00", reached=True)
    return w


HOTLINE_NOT_REACHED = Way("urgent with hotline not reached: it blocks closing, not distribution", walk_not_reached, replace(
    HOTLINE_REACHED.outcome, row=replace(HOTLINE_REACHED.outcome.row, closed="10/03 09:00"),
    events=(*EVENTS[:4], "call_hotline", *EVENTS[4:-1], "call_hotline", "close"),
    looks={
        "classified": URGENT_LOOK, "called": URGENT_LOOK,
        "only the call is left": look("answered", ["call_hotline operator"], "Đã xử lý", "Đã xử lý", published="final", due="03/03 10:00"),
    },
))

# -- urgency up and down ----------------------------------------------------------------------------------------------

def walk_up(world: World) -> Walk:
    w = at_work(world)
    w.act("03/03 08:00", "classify", "operator", **classified(w, urgency="urgent"), reason="Rác bốc cháy.")
    w.look("up")
    call(w, "03/03 08:10", reached=True)
    submit(w)
    approve(w, time="09:30")
    publish(w, time="10:00")
    w.window_ends("11/03 00:00", "rating_window")
    return w


# The earlier of 10/03 and the change and 24 hours: 04/03 08:00, the agency two hours sooner; approval and publication are owed
# within the hour.
UP = Way("urgency up", walk_up, replace(
    OUTCOME, elements=STRAIGHT | HOTLINE, row=replace(OUTCOME.row, urgency="urgent", answered="03/03 10:00"),
    last=replace(OUTCOME.last, due="04/03 08:00"), events=(*EVENTS[:6], "classify", "call_hotline", *EVENTS[6:]),
    messages=(*MESSAGES, "due_sooner citizen", "case_urgent officer PTNMT"),
    limits=(
        acceptance(), whole("04/03 08:00", "03/03 10:00"), asked(), work(due="04/03 06:00", ended="03/03 09:30"),
        approval(due="03/03 10:00", ended="03/03 09:30"), publication("03/03 10:30", "03/03 10:00"), rating(),
    ),
    looks={"up": look("handling", ["call_hotline operator", "submit_answer officer PTNMT"], "Đang xử lý", "Đang xử lý", due="04/03 08:00")},
))  # fmt: skip


def walk_down(world: World) -> Walk:
    w = Walk(world)
    w.file()
    verify(w)
    classify(w, urgency="urgent")
    w.look("urgent")
    w.act("02/03 10:50", "classify", "operator", **classified(w), reason="Không có cháy.")
    w.look("down")
    return go(w, "02/03", "03/03", "11/03 00:00")


# Filing and five working days, which is later than the day promised before.
DOWN = Way("urgency down", walk_down, straight_but(
    passes={"hotline_needed", "hotline_needed_to_call_hotline", "hotline_dropped", "hotline_dropped_to_again_hotline"},
    after="classify", does=("classify",), told=("due_moved citizen",),
    looks={"urgent": URGENT_LOOK,
           "down": look("to_distribute", ["distribute operator"], "Đã tiếp nhận", "Đã tiếp nhận", due="10/03 00:00")},
))

WAYS = (HOTLINE_REACHED, HOTLINE_NOT_REACHED)
LATER = (UP, DOWN)
