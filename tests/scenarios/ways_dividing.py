"""Ways of a case of which a part is split off for another body: told with what its part brought, or with the part joined to it again."""
from __future__ import annotations

from dataclasses import replace

from casework.parts import parts_of
from tests.build import World
from tests.scenarios.straight import (
    ANSWERED,
    GIVEN,
    OUTCOME,
    RATING,
    STRAIGHT,
    TAKEN,
    TAKING,
    accept,
    acceptance,
    answer,
    approval,
    asked,
    at_work,
    finish,
    publication,
    publish,
    rating,
    whole,
    work,
)
from tests.scenarios.walking import Walk
from tests.scenarios.way import Outcome, Row, Way, look

PART, COMMUNE = "part", "UBND-LAT"


def divided(world: World) -> Walk:
    """A case with PTNMT at work, of which "part" was split off at 14:00 for the commune."""
    w = at_work(world)
    w.act(
        "02/03 14:00", "divide", "operator", title="Cột điện nghiêng", words="Cột điện bên cạnh bãi rác bị nghiêng.", field=world.field(),
        area=world.area, village="Thôn Păng Tiêng", lead=w.agency(COMMUNE),
    )  # fmt: skip
    [w.cases[PART]] = parts_of(w.case)
    w.reports[PART] = w.cases[PART].main_report
    w.look("divided")
    w.look("divided", of=PART)
    return w


def walk_divide(world: World) -> Walk:
    w = divided(world)
    accept(w, COMMUNE, time="15:00", of=PART)
    answer(w, "PTNMT")
    w.look("waits")
    answer(w, COMMUNE, of=PART)
    publish(w, time="11:00", of=PART)
    w.look("answered", of=PART)
    w.messages_delivered("03/03 11:01")
    w.look("to be told")
    publish(w)
    w.window_ends("11/03 00:00", "rating_window")
    return w


def walk_join(world: World) -> Walk:
    w = divided(world)
    w.act("02/03 15:00", "join_part", "operator", of=PART, reason="Đơn vị chủ trì làm luôn.")
    w.look("joined")
    return finish(w)


# The part is filed, accepted, classified and given out at 14:00: four office hours from then end at 08:30 of the next day. What is to be
# told of the case waits for the part, which is heard of at 11:01: 29 minutes to the break, then to 16:31.
PART_LIMITS = (acceptance("02/03 14:00", due="03/03 08:30"), asked(COMMUNE, due="03/03 08:30", ended="02/03 15:00"))
PART_BEGUN = look(
    "at_agency", ["accept_assignment officer UBND-LAT"], None, "Đã tiếp nhận", due="10/03 00:00",
)  # fmt: skip
BEGUN = look("handling", ["submit_answer officer PTNMT"], "Đang xử lý", "Đang xử lý", due="10/03 00:00")
PART_TAKEN = ("file_report", *TAKEN, "distribute")
TO_PART = ("file_report", *TAKEN, *GIVEN, "divide")

DIVIDED = Way("split into children", walk_divide,
    replace(
        OUTCOME,
        looks={
            "divided": BEGUN, "waits": look("handling", (), "Đang xử lý", "Đang xử lý", due="10/03 00:00"),
            "to be told": look("to_publish", ["publish operator"], "Đang xử lý", "Đang xử lý", due="10/03 00:00"),
        },
        events=(*TO_PART, *ANSWERED, "publish", "close"),
        limits=(acceptance(), whole(), asked(), work(), approval(), publication("03/03 16:31"), rating()),
    ),
    others={PART: Outcome(
        elements=STRAIGHT - RATING | {"is_rateable_to_ready_to_close"}, end="closed",
        row=Row("closed", closed="03/03 11:00", answered="03/03 11:00", is_public=True, lead=COMMUNE),
        last=look("closed", (), None, "Đã kết thúc", due="10/03 00:00"),
        looks={"divided": PART_BEGUN, "answered": look("closed", (), None, "Đã kết thúc", due="10/03 00:00")},
        events=(*PART_TAKEN, "accept_assignment", *ANSWERED, "publish", "close"),
        messages=("assignment_given officer UBND-LAT", "answers_approved operator"),
        limits=(*PART_LIMITS, whole(ended="03/03 11:00"), work(COMMUNE), approval(COMMUNE), publication(ended="03/03 11:00")),
        assignments=("UBND-LAT lead approved/approved",),
    )},
)  # fmt: skip

JOINED = Way("split into children, joined again", walk_join,
    replace(OUTCOME, looks={"divided": BEGUN, "joined": BEGUN}, events=(*TO_PART, "join_part", *ANSWERED, "publish", "close")),
    others={PART: Outcome(
        elements=TAKING | {"distribute"}, end="cancelled", row=Row("joined", closed="02/03 15:00"),
        last=look("joined", (), None, "Đã nhập lại", due="10/03 00:00"), looks={"divided": PART_BEGUN},
        events=(*PART_TAKEN, "join_part"), messages=("assignment_given officer UBND-LAT", "work_ended officer UBND-LAT"),
        limits=(*PART_LIMITS, whole(ended="02/03 15:00"), work(COMMUNE, ended="02/03 15:00")),
        assignments=("UBND-LAT lead removed/closed",),
    )},
)  # fmt: skip
WAYS = (DIVIDED, JOINED)
