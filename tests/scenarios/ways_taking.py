"""Ways at the door: accepted, refused and objected to, asked back, written to once more."""
from __future__ import annotations

from dataclasses import replace

from tests.build import World
from tests.scenarios.straight import (
    EVENTS,
    FILED_MESSAGES,
    GIVEN_MESSAGES,
    GIVING,
    MESSAGES,
    OUTCOME,
    STRAIGHT,
    TAKEN,
    TAKEN_MESSAGES,
    TAKING,
    acceptance,
    asked,
    begun,
    classify,
    give,
    go,
    limits_from,
    straight_but,
    take,
    verify,
    whole,
    work,
)
from tests.scenarios.walking import Walk
from tests.scenarios.way import Outcome, Row, Way, look

# -- accept -----------------------------------------------------------------------------------------------------------

def walk_accept(world: World) -> Walk:
    w = Walk(world)
    w.file()
    w.look("filed")
    verify(w)
    w.look("accepted")
    classify(w)
    w.look("classified")
    return go(w, "02/03", "03/03", "11/03 00:00")


ACCEPT = Way("accept", walk_accept, replace(OUTCOME, looks={
    "filed": look("to_verify", ["verify operator"], "Chờ tiếp nhận", "Chờ tiếp nhận"),
    "accepted": look("to_classify", ["classify operator"], "Đã tiếp nhận", "Đã tiếp nhận"),
    "classified": look("to_distribute", ["distribute operator"], "Đã tiếp nhận", "Đã tiếp nhận", due="10/03 00:00"),
}))

# -- refuse -----------------------------------------------------------------------------------------------------------

REFUSED = frozenset({"refused", "refused_to_object_to_refusal"})
NOT_OBJECTED = REFUSED | {"objection_window", "objection_window_to_refused_for_good"}
OBJECTED = REFUSED | {"object_to_refusal", "object_to_refusal_to_decide_objection", "decide_objection", "decide_objection_to_is_upheld",
                      "is_upheld"}
UPHELD = OBJECTED | {"is_upheld_to_again_refusal"}


def refused_at_verification(world: World) -> Walk:
    w = Walk(world)
    w.file()
    w.do("02/03 10:30", "verify", "operator", act="refuse", reason=world.refusal_reason(), words="Chưa rõ địa điểm.")
    w.look("refused")
    return w


def walk_refuse_at_verification(world: World) -> Walk:
    w = refused_at_verification(world)
    w.window_ends("10/03 00:00", "objection_window")    # the 7th calendar day after 02/03 is 09/03
    return w


REFUSED_LOOK = look("refused", ["object_to_refusal reporter", "(verify operator)"], None, "Không tiếp nhận")
REFUSE_AT_VERIFICATION = Way("refuse at verification", walk_refuse_at_verification, Outcome(
    elements=NOT_OBJECTED, end="refused_for_good", row=Row("refused", closed="02/03 10:30"),
    last=look("refused", (), None, "Không tiếp nhận"), looks={"refused": REFUSED_LOOK},
    events=("file_report", "refuse"), messages=(*FILED_MESSAGES, "report_refused citizen"), limits=(acceptance("02/03 10:30"),),
))


def refused_at_agency(world: World) -> Walk:
    w = begun(world)
    give(w)
    w.act("02/03 14:00", "refuse", "operator", reason=world.refusal_reason("ngoai_tham_quyen"), words="Việc của cơ quan khác.")
    w.look("refused")
    return w


def walk_refuse_after_classification(world: World) -> Walk:
    w = refused_at_agency(world)
    w.window_ends("10/03 00:00", "objection_window")
    return w


LEFT_BY_REFUSAL = ("PTNMT lead removed/removed",)
TAKEN_OFF = frozenset({"beside_removal_to_assignment_ended", "assignment_ended", "assignment_ended_to_removed", "removed"})
REFUSED_MESSAGES = (*TAKEN_MESSAGES, *GIVEN_MESSAGES, "work_ended officer PTNMT", "report_refused citizen")
REFUSE_AFTER_CLASSIFICATION = Way(
    "refuse after classification, before any agency accepted", walk_refuse_after_classification, Outcome(
        elements=TAKING | GIVING | TAKEN_OFF | NOT_OBJECTED, end="refused_for_good",
        row=Row("refused", closed="02/03 14:00"), last=look("refused", (), None, "Không tiếp nhận", due="10/03 00:00"),
        looks={"refused": look("refused", ["object_to_refusal reporter"], None, "Không tiếp nhận", due="10/03 00:00")},
        events=("file_report", *TAKEN, "distribute", "refuse"), messages=REFUSED_MESSAGES, assignments=LEFT_BY_REFUSAL,
        limits=(acceptance(), whole(ended="02/03 14:00"), asked(ended="02/03 14:00"), work(ended="02/03 14:00")),
    ),
)

# -- objection --------------------------------------------------------------------------------------------------------

def object_to_it(w: Walk) -> None:
    w.own("03/03 09:00", "object_to_refusal", words="Địa điểm đã ghi trong ảnh.")
    w.look("objected")


def walk_objection_upheld(world: World) -> Walk:
    w = refused_at_verification(world)
    object_to_it(w)
    w.do("04/03 10:00", "decide_objection", "ops_lead", upheld=True, words="Đồng ý tiếp nhận.")
    w.look("upheld")
    take(w, "04/03")
    return go(w, "04/03", "05/03", "13/03 00:00")


# Of the 4 working hours 30 minutes are used at 10:30; from 04/03 10:00 there are 90 to the noon break and two hours after it.
# The case counts from filing: 03/03 rests, 04/03 is the day it starts again, so 05, 06, 09, 10 and 11/03 are its five days.
RESTED = (("refusal", "02/03 10:30", "04/03 10:00"),)
OBJECTION_UPHELD = Way("objection of the reporter upheld", walk_objection_upheld, straight_but(
    "04/03", "05/03", "13/03 00:00", due="12/03 00:00", agency_due="11/03 07:30", pauses=RESTED,
    first=acceptance("04/03 10:30", due="04/03 15:00", pauses=RESTED), passes=UPHELD,
    after="file_report", does=("refuse", "object_to_refusal", "decide_objection"),
    told=("report_refused citizen", "refusal_objected ops_lead", "objection_upheld citizen", "case_taken_up_again operator"),
    looks={
        "refused": REFUSED_LOOK,
        "objected": look("refused", ["decide_objection ops_lead", "(verify operator)"], None, "Không tiếp nhận"),
        "upheld": look("to_verify", ["verify operator"], "Chờ tiếp nhận", "Chờ tiếp nhận"),
    },
))



def walk_objection_upheld_later(world: World) -> Walk:
    w = refused_at_agency(world)
    object_to_it(w)
    w.do("04/03 10:00", "decide_objection", "ops_lead", upheld=True, words="Đồng ý tiếp nhận.")
    w.look("upheld")
    return go(w, "04/03", "05/03", "13/03 00:00")


RESTED_LATER = (("refusal", "02/03 14:00", "04/03 10:00"),)
FIRST_ASKED = (asked(ended="02/03 14:00"), work(ended="02/03 14:00"))
OBJECTION_UPHELD_LATER = Way("objection of the reporter upheld, agencies had been asked", walk_objection_upheld_later, Outcome(
    elements=STRAIGHT | TAKEN_OFF | UPHELD, end="closed",
    row=replace(OUTCOME.row, closed="13/03 00:00", answered="05/03 14:00"), last=replace(OUTCOME.last, due="12/03 00:00"),
    looks={
        "objected": look("refused", ["decide_objection ops_lead"], None, "Không tiếp nhận", due="10/03 00:00"),
        "upheld": look("to_distribute", ["distribute operator"], "Đã tiếp nhận", "Đã tiếp nhận", due="12/03 00:00"),
    },
    events=("file_report", *TAKEN, "distribute", "refuse", "object_to_refusal", "decide_objection", *EVENTS[4:]),
    messages=(*MESSAGES, *GIVEN_MESSAGES, "work_ended officer PTNMT", "report_refused citizen", "refusal_objected ops_lead",
              "objection_upheld citizen", "case_taken_up_again operator", "due_moved citizen"),
    limits=(acceptance(), *FIRST_ASKED,
            *limits_from("04/03", "05/03", "13/03 00:00", due="12/03 00:00", agency_due="11/03 07:30", pauses=RESTED_LATER)),
    assignments=(*LEFT_BY_REFUSAL, "PTNMT lead approved/approved"),
))


def walk_objection_dismissed(world: World) -> Walk:
    w = refused_at_verification(world)
    object_to_it(w)
    w.do("04/03 10:00", "decide_objection", "ops_lead", upheld=False, words="Địa điểm vẫn chưa rõ.")
    return w


OBJECTION_DISMISSED = Way("objection of the reporter dismissed", walk_objection_dismissed, replace(
    REFUSE_AT_VERIFICATION.outcome, elements=OBJECTED | {"is_upheld_to_objection_dismissed"}, end="objection_dismissed",
    events=("file_report", "refuse", "object_to_refusal", "decide_objection"),
    messages=(*FILED_MESSAGES, "report_refused citizen", "refusal_objected ops_lead", "objection_dismissed citizen"),
    looks={"refused": REFUSED_LOOK, "objected": OBJECTION_UPHELD.outcome.looks["objected"]},
))

WAYS = (ACCEPT, REFUSE_AT_VERIFICATION, REFUSE_AFTER_CLASSIFICATION, OBJECTION_UPHELD, OBJECTION_UPHELD_LATER, OBJECTION_DISMISSED)
