"""Ways of more time: asked for by the agency, endorsed by its leader, decided by the operations lead, the second by the committee's."""
from __future__ import annotations

from dataclasses import replace

from casework.assignments.extensions import ExtensionRefused
from casework.permissions import NotAllowed
from tests.build import World
from tests.scenarios.straight import (
    MESSAGES,
    OUTCOME,
    accept,
    acceptance,
    approval,
    approve,
    asked,
    at_work,
    classify,
    finish,
    give,
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
from tests.scenarios.way import Look, Way, day, look
from tests.scenarios.ways_urgent import HOTLINE_REACHED, call

ASKED = frozenset({"extension_asked", "extension_asked_to_endorse_extension", "endorse_extension", "endorse_extension_to_is_endorsed",
                   "is_endorsed"})
DECIDED = ASKED | {"is_endorsed_to_decide_extension", "decide_extension", "decide_extension_to_again_extension"}
EVENTS = ("request_extension", "endorse_extension", "decide_extension")
WANTED = ("extension_to_endorse agency_leader PTNMT", "extension_to_decide ops_lead")
WORKS = "submit_answer officer PTNMT"


def handling(step: str, due: str = "10/03 00:00") -> Look:
    """The agency works on, whatever becomes of its wish."""
    return look("handling", [WORKS, step] if step else [WORKS], "Đang xử lý", "Đang xử lý", due=due)


def ask(w: Walk, when: str, until: str) -> None:
    w.act(when, "request_extension", "officer_PTNMT", work_of="PTNMT", reason="Chờ xe chuyên dụng.", until=day(until))


def endorse(w: Walk, when: str, *, endorsed: bool = True) -> None:
    words = "" if endorsed else "Vẫn kịp."
    w.do(when, "endorse_extension", "leader_PTNMT", agency="PTNMT", endorsed=endorsed, words=words)


def decide(w: Walk, when: str, *, granted: bool = True, by: str = "ops_lead") -> None:
    w.do(when, "decide_extension", by, agency="PTNMT", granted=granted, words="" if granted else "Việc gấp.")


def asked_once(world: World) -> Walk:
    w = at_work(world)
    with w.refused(ExtensionRefused):                   # 09/03 and seven working days are 18/03
        ask(w, "03/03 09:00", "19/03")
    ask(w, "03/03 09:00", "11/03")
    w.look("asked")
    return w


def walk_granted(world: World) -> Walk:
    w = asked_once(world)
    endorse(w, "03/03 10:00")
    w.look("endorsed")
    decide(w, "03/03 14:00")
    w.look("granted")
    return finish(w, day="10/03", window="18/03 00:00")


# To the end of 11/03: due 12/03 00:00. The case keeps its eight office hours for approval and publication: to the end of 12/03.
# Answered on 10/03, it is late by the first promise and in time by the second.
GRANTED = Way("extension endorsed and granted", walk_granted, straight_but(
    "02/03", "10/03", "18/03 00:00", due="13/03 00:00", agency_due="12/03 00:00", is_extended=True, passes=DECIDED,
    after="accept_assignment", does=EVENTS,
    told=(*WANTED, "extension_granted officer PTNMT", "due_moved citizen"),
    looks={
        "asked": handling("endorse_extension agency_leader PTNMT"), "endorsed": handling("decide_extension ops_lead"),
        "granted": handling("", "13/03 00:00"),
    },
))


def walk_not_endorsed(world: World) -> Walk:
    w = asked_once(world)
    endorse(w, "03/03 10:00", endorsed=False)
    w.look("not endorsed")
    return finish(w, day="04/03", window="12/03 00:00")


NOT_ENDORSED = Way("extension not endorsed", walk_not_endorsed, straight_but(
    "02/03", "04/03", "12/03 00:00", passes=ASKED | {"is_endorsed_to_again_extension"}, after="accept_assignment", does=EVENTS[:2],
    told=(WANTED[0], "extension_not_endorsed officer PTNMT"), looks={"not endorsed": handling("")},
))


def walk_not_granted(world: World) -> Walk:
    w = asked_once(world)
    endorse(w, "03/03 10:00")
    decide(w, "03/03 14:00", granted=False)
    w.look("not granted")
    return finish(w, day="04/03", window="12/03 00:00")


NOT_GRANTED = Way("extension not granted", walk_not_granted, straight_but(
    "02/03", "04/03", "12/03 00:00", passes=DECIDED, after="accept_assignment", does=EVENTS,
    told=(*WANTED, "extension_not_granted officer PTNMT"), looks={"not granted": handling("")},
))


def granted_twice(world: World) -> Walk:
    w = asked_once(world)
    endorse(w, "03/03 10:00")
    decide(w, "03/03 14:00")
    ask(w, "04/03 09:00", "13/03")
    endorse(w, "04/03 10:00")
    w.look("endorsed again")
    with w.refused(NotAllowed):
        decide(w, "04/03 14:00")
    decide(w, "04/03 14:00", by="committee_leader")
    w.look("granted again")
    return w


def walk_second(world: World) -> Walk:
    return finish(granted_twice(world), day="05/03", window="13/03 00:00")


# To the end of Friday 13/03: due Saturday 14/03 00:00; eight office hours more are Monday 16/03, so the case is due 17/03 00:00.
SECOND = Way("extension: a second, by the committee leader", walk_second, straight_but(
    "02/03", "05/03", "13/03 00:00", due="17/03 00:00", agency_due="14/03 00:00", is_extended=True, passes=DECIDED,
    after="accept_assignment", does=EVENTS * 2,
    told=(*WANTED, WANTED[0], "extension_to_decide committee_leader", *["extension_granted officer PTNMT", "due_moved citizen"] * 2),
    looks={"endorsed again": handling("decide_extension committee_leader", "13/03 00:00"), "granted again": handling("", "17/03 00:00")},
))


def walk_third(world: World) -> Walk:
    w = granted_twice(world)
    with w.refused(ExtensionRefused):
        ask(w, "05/03 08:00", "17/03")
    return finish(w, day="05/03", window="13/03 00:00")


THIRD = Way("extension: a third refused", walk_third, SECOND.outcome)


def walk_urgent(world: World) -> Walk:
    w = Walk(world)
    w.file(marked_urgent=True)
    verify(w, time="10:20")
    classify(w, time="10:25", urgency="urgent")
    call(w, "02/03 10:30", reached=True)
    give(w, time="10:35")
    accept(w, time="10:45")
    ask(w, "02/03 11:00", "04/03")
    endorse(w, "02/03 11:10")
    w.look("endorsed")
    decide(w, "02/03 11:20", by="committee_leader")
    submit(w, day="02/03", time="14:00")
    approve(w, day="02/03", time="14:30")
    publish(w, "02/03", time="15:00")
    w.window_ends("10/03 00:00", "rating_window")
    return w


# To the end of 04/03: due 05/03 00:00, the case two hours later.
URGENT = Way("extension of an urgent case: by the committee leader alone", walk_urgent, replace(
    HOTLINE_REACHED.outcome, elements=HOTLINE_REACHED.outcome.elements | DECIDED, last=replace(OUTCOME.last, due="05/03 02:00"),
    events=(*HOTLINE_REACHED.outcome.events[:7], *EVENTS, *HOTLINE_REACHED.outcome.events[7:]),
    messages=(*MESSAGES, WANTED[0], "extension_to_decide committee_leader", "extension_granted officer PTNMT", "due_moved citizen"),
    limits=(
        acceptance("02/03 10:20", due="02/03 10:30"), whole("05/03 02:00", "02/03 15:00", extended="03/03 10:00"),
        asked(due="02/03 11:05", ended="02/03 10:45"), work(due="05/03 00:00", ended="02/03 14:30", extended="03/03 08:00"),
        approval(due="02/03 15:00", ended="02/03 14:30"),
        publication("02/03 15:30", "02/03 15:00"), rating("10/03 00:00"),
    ),
    looks={"endorsed": handling("decide_extension committee_leader", "03/03 10:00")},
))  # fmt: skip

WAYS = (GRANTED, NOT_ENDORSED, NOT_GRANTED, SECOND, THIRD, URGENT)
