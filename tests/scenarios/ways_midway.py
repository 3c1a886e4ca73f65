"""Ways on which the agencies of a case change while it goes on: one more, one less, another lead, on without one's answer."""
from __future__ import annotations

from dataclasses import replace

from casework.assignments.reassignment import ReassignmentRefused
from casework.permissions import NotAllowed
from tests.build import World
from tests.scenarios.straight import (
    ANSWERED,
    END,
    GIVEN,
    MESSAGES,
    OUTCOME,
    SEVERAL_AGENCY_DUE,
    SEVERAL_DUE,
    STRAIGHT,
    TAKEN,
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
from tests.scenarios.way import Way, look
from tests.scenarios.ways_agencies import LAT, TWO_MESSAGES, one_of
from tests.scenarios.ways_taking import TAKEN_OFF

WORK_OF_BOTH = (f"submit_answer officer {LAT}", "submit_answer officer PTNMT")

# -- added ------------------------------------------------------------------------------------------------------------

def walk_added(world: World) -> Walk:
    w = at_work(world)
    w.act("03/03 08:00", "add_agency", "operator", agency=w.agency(LAT), instructions="Phối hợp xác định chủ đất.")
    w.look("added")
    accept(w, LAT, day="03/03", time="08:30")
    return finish(w, "PTNMT", LAT)


# Of several agencies seven working days from filing: 11/03. The first agency's limit hangs on the case's and goes along.
# The new one may accept until 13:30: three and a half hours to the noon break, half an hour after it.
ADDED_LIMITS = (
    acceptance(), whole(SEVERAL_DUE), asked(), work(due=SEVERAL_AGENCY_DUE), approval(),
    asked(LAT, due="03/03 13:30", ended="03/03 08:30"), work(LAT, due=SEVERAL_AGENCY_DUE, ended="03/03 10:10"),
    approval(LAT, due="03/03 14:40", ended="03/03 10:10"), publication("03/03 15:40"), rating(),
)  # fmt: skip
ADDED = Way("agency added midway", walk_added, replace(
    OUTCOME, last=replace(OUTCOME.last, due=SEVERAL_DUE), limits=ADDED_LIMITS,
    events=("file_report", *TAKEN, *GIVEN, "add_agency", "accept_assignment", *["submit_answer"] * 2, *["approve_answer"] * 2, *END),
    messages=(*MESSAGES, "due_moved citizen", f"assignment_given officer {LAT}"),
    assignments=("PTNMT lead approved/approved", f"{LAT} cooperating approved/approved"),
    looks={"added": look("handling", [f"accept_assignment officer {LAT}", "submit_answer officer PTNMT"], "Đang xử lý", "Đang xử lý",
                         due=SEVERAL_DUE)},
))


def walk_added_late(world: World) -> Walk:
    w = at_work(world)
    answer(w)
    w.look("to publish")
    w.act("03/03 11:00", "add_agency", "operator", agency=w.agency(LAT))
    w.look("added")
    accept(w, LAT, day="03/03", time="13:30")
    answer(w, LAT, day="04/03")
    publish(w, "04/03")
    w.window_ends("12/03 00:00", "rating_window")
    return w


# Asked at 11:00, half an hour before the noon break: until 16:30. Publication waits again, and its limit starts again with the
# last approval; the first agency has answered, so its limits are over.
ADDED_LATE = Way("agency added midway: when the answers were to be published", walk_added_late, replace(
    OUTCOME, elements=STRAIGHT | {"agency_added", "agency_added_to_again_waiting"},
    row=replace(OUTCOME.row, closed="12/03 00:00", answered="04/03 14:00"), last=replace(OUTCOME.last, due=SEVERAL_DUE),
    events=("file_report", *TAKEN, *GIVEN, *ANSWERED, "add_agency", "accept_assignment", *ANSWERED, *END),
    messages=(*MESSAGES, "due_moved citizen", f"assignment_given officer {LAT}", "answers_approved operator"),
    limits=(
        acceptance(), whole(SEVERAL_DUE, "04/03 14:00"), asked(), work(), approval(), publication(ended="03/03 11:00"),
        asked(LAT, due="03/03 16:30", ended="03/03 13:30"), work(LAT, due=SEVERAL_AGENCY_DUE, ended="04/03 10:00"),
        approval(LAT, due="04/03 14:30", ended="04/03 10:00"), publication("04/03 15:30", "04/03 14:00"), rating("12/03 00:00"),
    ),
    assignments=("PTNMT lead approved/approved", f"{LAT} cooperating approved/approved"),
    looks={
        "to publish": look("to_publish", ["publish operator"], "Đang xử lý", "Đang xử lý", due="10/03 00:00"),
        "added": look("handling", [f"accept_assignment officer {LAT}"], "Đang xử lý", "Đang xử lý", due=SEVERAL_DUE),
    },
))  # fmt: skip

# -- removed ----------------------------------------------------------------------------------------------------------

def walk_removed(world: World) -> Walk:
    w = at_work(world, "PTNMT", LAT)
    with w.refused(ReassignmentRefused):                # who leads goes last
        w.act("03/03 08:00", "remove_agency", "operator", work_of="PTNMT", reason="Không còn cần phối hợp.")
    w.act("03/03 08:00", "remove_agency", "operator", work_of=LAT, reason="Không còn cần phối hợp.")
    w.look("removed")
    return finish(w)


# The day promised for several agencies stays: a promised day never moves earlier.
REMOVED = Way("agency removed midway", walk_removed, replace(
    OUTCOME, elements=STRAIGHT | TAKEN_OFF, last=replace(OUTCOME.last, due=SEVERAL_DUE),
    events=("file_report", *TAKEN, "distribute", *["accept_assignment"] * 2, "remove_agency", *ANSWERED, *END),
    messages=(*TWO_MESSAGES, f"agency_removed officer {LAT}"),
    limits=(
        acceptance(), whole(SEVERAL_DUE), asked(), work(due=SEVERAL_AGENCY_DUE), approval(), publication(), rating(),
        asked(LAT, ended="02/03 13:40"), work(LAT, due=SEVERAL_AGENCY_DUE, ended="03/03 08:00"),
    ),
    assignments=("PTNMT lead approved/approved", f"{LAT} cooperating removed/removed"),
    looks={"removed": look("handling", ["submit_answer officer PTNMT"], "Đang xử lý", "Đang xử lý", due=SEVERAL_DUE)},
))  # fmt: skip

# -- another lead -----------------------------------------------------------------------------------------------------

def walk_lead_changed(world: World) -> Walk:
    w = at_work(world, "PTNMT", LAT)
    w.act("03/03 08:00", "change_lead", "operator", agency=w.agency(LAT))
    w.look("changed")
    return finish(w, "PTNMT", LAT)


BOTH_LIMITS = (acceptance(), whole(SEVERAL_DUE), asked(), work(due=SEVERAL_AGENCY_DUE), approval(), *one_of(LAT, 10),
               publication("03/03 15:40"), rating())
BOTH_ANSWERED = (*["submit_answer"] * 2, *["approve_answer"] * 2)
LEAD_CHANGED = Way("lead changed midway", walk_lead_changed, replace(
    OUTCOME, row=replace(OUTCOME.row, lead=LAT), last=replace(OUTCOME.last, due=SEVERAL_DUE),
    events=("file_report", *TAKEN, "distribute", *["accept_assignment"] * 2, "change_lead", *BOTH_ANSWERED, *END),
    messages=(*TWO_MESSAGES, "lead_changed officer PTNMT", f"lead_changed officer {LAT}", "report_distributed citizen"),
    limits=BOTH_LIMITS, assignments=("PTNMT cooperating approved/approved", f"{LAT} lead approved/approved"),
    looks={"changed": look("handling", WORK_OF_BOTH, "Đang xử lý", "Đang xử lý", due=SEVERAL_DUE)},
))

# -- closed without a missing answer ----------------------------------------------------------------------------------

def walk_missing(world: World) -> Walk:
    w = at_work(world, "PTNMT", LAT)
    answer(w)
    with w.refused(NotAllowed):
        w.act("04/03 09:00", "close_without_answer", "operator", work_of=LAT, reason="Xã chưa trả lời.")
    w.act("04/03 09:00", "close_without_answer", "ops_lead", work_of=LAT, reason="Xã chưa trả lời.")
    w.look("closed without")
    publish(w, "04/03")
    assert [(each.agency.vi, each.reason) for each in w.public().missing] == [(w.agency(LAT).name_vi, "Xã chưa trả lời.")]
    w.window_ends("12/03 00:00", "rating_window")
    return w


# Publication is owed from the moment nobody is waited for any longer: 04/03 09:00 and four office hours.
MISSING = Way("closed without a missing agency's answer", walk_missing, replace(
    OUTCOME, elements=STRAIGHT | TAKEN_OFF, row=replace(OUTCOME.row, closed="12/03 00:00", answered="04/03 14:00"),
    last=replace(OUTCOME.last, due=SEVERAL_DUE),
    events=("file_report", *TAKEN, "distribute", *["accept_assignment"] * 2, *ANSWERED, "close_without_answer", *END),
    messages=(*TWO_MESSAGES, f"closed_without_answer officer {LAT}"),
    limits=(
        acceptance(), whole(SEVERAL_DUE, "04/03 14:00"), asked(), work(due=SEVERAL_AGENCY_DUE), approval(),
        asked(LAT, ended="02/03 13:40"), work(LAT, due=SEVERAL_AGENCY_DUE, ended="04/03 09:00"),
        publication("04/03 14:30", "04/03 14:00"), rating("12/03 00:00"),
    ),
    assignments=("PTNMT lead approved/approved", f"{LAT} cooperating removed/missing"),
    looks={"closed without": look("to_publish", ["publish operator"], "Đang xử lý", "Đang xử lý", due=SEVERAL_DUE)},
))  # fmt: skip

WAYS = (ADDED, ADDED_LATE, REMOVED, LEAD_CHANGED)
