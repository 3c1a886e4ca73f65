"""Ways out of the centre's hands: referred elsewhere, quarantined, withdrawn by the reporter."""
from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from casework.db import db
from casework.models import Event, SearchRow
from casework.pausing.referrals import ReferralRefused
from casework.permissions import NotAllowed
from tests.build import World
from tests.scenarios.straight import (
    EVENTS,
    FILED_MESSAGES,
    GIVEN,
    GIVEN_MESSAGES,
    GIVING,
    LIMITS,
    OUTCOME,
    TAKEN,
    TAKEN_MESSAGES,
    TAKING,
    acceptance,
    asked,
    at_work,
    begun,
    finish,
    go,
    straight_but,
    whole,
    work,
)
from tests.scenarios.walking import Walk
from tests.scenarios.way import Outcome, Row, Way, look
from tests.scenarios.ways_taking import TAKEN_OFF

HANDLING = look("handling", ["submit_answer officer PTNMT"], "Đang xử lý", "Đang xử lý", due="10/03 00:00")
TAKEN_ON = frozenset({"accept_assignment", "accept_assignment_to_is_taken", "is_taken", "is_taken_to_submit_answer"})
AT_WORK = TAKING | GIVING | TAKEN_ON | TAKEN_OFF
AT_WORK_EVENTS = ("file_report", *TAKEN, *GIVEN)
AT_WORK_MESSAGES = (*TAKEN_MESSAGES, *GIVEN_MESSAGES)

# -- refer ------------------------------------------------------------------------------------------------------------

REFERRED = frozenset({"referred", "referred_to_close_referral", "close_referral", "close_referral_to_is_back", "is_back"})
REFERRED_LOOK = look("referred", ["close_referral operator", "(distribute operator)"], "Đang xử lý", "Đã chuyển cơ quan khác")


def referred(world: World) -> Walk:
    w = begun(world)
    w.act("02/03 11:00", "refer", "operator", body="Vườn quốc gia Bidoup - Núi Bà", reason="Khu vực do Vườn quản lý.")
    w.look("referred")
    with w.refused(ReferralRefused):
        w.do("04/03 09:00", "close_referral", "operator", result="")
    return w


def walk_refer(world: World) -> Walk:
    w = referred(world)
    w.do("04/03 10:00", "close_referral", "operator", result="Vườn đã dọn sạch.")
    return w


REST = (("referral", "02/03 11:00", "04/03 10:00"),)
REFER = Way("refer elsewhere", walk_refer, Outcome(
    elements=TAKING | REFERRED | {"is_back_to_referred_out"}, end="referred_out", row=Row("closed", closed="04/03 10:00"),
    last=look("closed", (), None, "Đã kết thúc", due="12/03 00:00"), looks={"referred": REFERRED_LOOK},
    events=("file_report", *TAKEN, "refer", "close_referral"),
    messages=(*TAKEN_MESSAGES, "report_referred citizen", "referral_closed citizen"),
    limits=(acceptance(), whole("12/03 00:00", "04/03 10:00", pauses=REST)),
))


def walk_came_back(world: World) -> Walk:
    w = referred(world)
    w.do("04/03 10:00", "close_referral", "operator", act="take_back", result="Ngoài ranh giới Vườn.")
    w.look("back")
    return go(w, "04/03", "05/03", "13/03 00:00")


CAME_BACK = Way("refer elsewhere: it came back", walk_came_back, straight_but(
    "04/03", "05/03", "13/03 00:00", due="12/03 00:00", agency_due="11/03 07:30", pauses=REST,
    passes=REFERRED | {"is_back_to_again_referral"}, after="classify", does=("refer", "take_back"),
    told=("report_referred citizen", "referral_came_back citizen", "due_moved citizen"),
    looks={"back": look("to_distribute", ["distribute operator"], "Đã tiếp nhận", "Đã tiếp nhận", due="12/03 00:00")},
))

# -- quarantine -------------------------------------------------------------------------------------------------------

QUARANTINED = frozenset({"quarantined", "quarantined_to_quarantine_end"})
APART = look("quarantined", (), None, "Đã tiếp nhận")
"""Its sender reads what the receipt says."""
APART_MESSAGES = ("case_quarantined confidential_reader", "report_handled_apart citizen")
ERASED_MESSAGES = ("case_quarantined confidential_reader", "report_handled_apart nobody")
"""Once the content has been handed over, nothing tells any more whom that message went to."""
IN_QUARANTINE = frozenset({"quarantined_at"})
REASON = "Tố cáo đích danh một cán bộ."


def handed_over(w: Walk) -> Walk:
    """Nothing made of the report is left; then the sealed rest goes too, by the confidential reader's hand alone."""
    case = w.case
    db.session.refresh(case)
    assert (case.title, case.village, case.area_id, case.field_id) == (None, None, None, None)
    assert not db.session.scalars(select(SearchRow).where(SearchRow.case_id == case.id)).all()
    assert {event.payload for event in db.session.scalars(select(Event).where(Event.case_id == case.id))} == {None}
    with w.refused(NotAllowed):
        w.act("05/03 09:00", "hand_over", "ops_lead", receipt="BB-12/2026")
    w.act("05/03 09:00", "hand_over", "confidential_reader", receipt="BB-12/2026")
    return w


def walk_quarantine(world: World) -> Walk:
    w = Walk(world)
    w.file()
    w.act("02/03 10:30", "quarantine", "operator", reason=REASON)
    w.look("apart")
    return handed_over(w)


QUARANTINE = Way("quarantine at verification", walk_quarantine, Outcome(
    elements=QUARANTINED | {"received", "begin"}, end="quarantine_end",
    row=Row("quarantined", closed="02/03 10:30", flags=IN_QUARANTINE), last=APART, looks={"apart": APART},
    events=("file_report", "quarantine", "hand_over"), messages=ERASED_MESSAGES, limits=(acceptance(),),
))


def walk_quarantine_later(world: World) -> Walk:
    w = at_work(world)
    w.act("03/03 08:00", "quarantine", "operator", reason=REASON)
    w.look("apart")
    return handed_over(w)


QUARANTINE_LATER = Way("quarantine later", walk_quarantine_later, Outcome(
    elements=AT_WORK | QUARANTINED, end="quarantine_end", row=Row("quarantined", closed="03/03 08:00", flags=IN_QUARANTINE),
    last=replace(APART, due="10/03 00:00"), looks={"apart": replace(APART, due="10/03 00:00")},
    events=(*AT_WORK_EVENTS, "quarantine", "hand_over"), messages=(*ERASED_MESSAGES, "work_ended officer PTNMT"),
    limits=(acceptance(), whole(ended="03/03 08:00"), asked(), work(ended="03/03 08:00")), assignments=("PTNMT lead removed/quarantined",),
))


def walk_quarantine_closed(world: World) -> Walk:
    w = go(begun(world), "02/03", "03/03", "11/03 00:00")
    w.act("12/03 08:00", "quarantine", "ops_lead", reason=REASON)
    return w


QUARANTINE_CLOSED = Way("quarantine later: when it was closed", walk_quarantine_closed, replace(
    OUTCOME, row=replace(OUTCOME.row, state="quarantined", is_public=False, lead=None, flags=IN_QUARANTINE),
    last=replace(APART, due="10/03 00:00"), events=(*EVENTS, "quarantine"), messages=APART_MESSAGES, limits=LIMITS,
))


def walk_quarantine_by_agency(world: World) -> Walk:
    w = at_work(world)
    with w.refused(NotAllowed):
        w.act("03/03 08:00", "quarantine", "officer_HKL", reason=REASON)
    w.act("03/03 08:00", "quarantine", "officer_PTNMT", reason=REASON)
    w.look("apart")
    return handed_over(w)


QUARANTINE_BY_AGENCY = Way("quarantine by an agency's button", walk_quarantine_by_agency, QUARANTINE_LATER.outcome)

# -- withdraw ---------------------------------------------------------------------------------------------------------

WITHDRAWN = look("withdrawn", (), None, "Đã rút")
ASKED = frozenset({"withdrawal_asked", "withdrawal_asked_to_is_cancelled", "is_cancelled"})
DECIDED = ASKED | {"is_cancelled_to_decide_withdrawal", "decide_withdrawal", "decide_withdrawal_to_is_withdrawn", "is_withdrawn"}
ASKED_LOOK = replace(HANDLING, tasks=HANDLING.tasks | {"decide_withdrawal operator"})
ASKED_MESSAGES = ("withdrawal_received citizen", "withdrawal_to_decide operator")


def walk_withdrawn_before(world: World) -> Walk:
    w = Walk(world)
    w.file()
    with w.refused(NotAllowed):
        w.act("02/03 10:20", "withdraw_report", "citizen_2", report=w.reports["main"])
    w.act("02/03 10:20", "withdraw_report", "citizen", report=w.reports["main"], reason="Rác đã được dọn.")
    return w


WITHDRAWN_BEFORE = Way("withdrawn by the reporter before acceptance", walk_withdrawn_before, Outcome(
    elements=ASKED | {"received", "begin", "is_cancelled_to_cancelled"}, end="cancelled", row=Row("withdrawn", closed="02/03 10:20"),
    last=WITHDRAWN, events=("file_report", "withdraw_report"),
    messages=(*FILED_MESSAGES, "report_withdrawn citizen", "report_left operator"), limits=(acceptance("02/03 10:20"),),
))


def withdrawal_asked(world: World) -> Walk:
    w = at_work(world)
    w.act("02/03 14:00", "withdraw_report", "citizen", report=w.reports["main"], reason="Ngại va chạm hàng xóm.")
    w.look("asked")
    return w


def walk_withdrawn_after(world: World) -> Walk:
    w = withdrawal_asked(world)
    w.do("03/03 08:00", "decide_withdrawal", "operator", granted=True, words="")
    return w


WITHDRAWN_AFTER = Way("withdrawn by the reporter after acceptance", walk_withdrawn_after, Outcome(
    elements=AT_WORK | DECIDED | {"is_withdrawn_to_withdrawn"}, end="withdrawn", row=Row("withdrawn", closed="03/03 08:00"),
    last=replace(WITHDRAWN, due="10/03 00:00"), looks={"asked": ASKED_LOOK},
    events=(*AT_WORK_EVENTS, "withdraw_report", "decide_withdrawal"),
    messages=(*AT_WORK_MESSAGES, *ASKED_MESSAGES, "work_ended officer PTNMT", "report_withdrawn citizen"),
    limits=(acceptance(), whole(ended="03/03 08:00"), asked(), work(ended="03/03 08:00")), assignments=("PTNMT lead removed/closed",),
))


def walk_withdrawal_kept(world: World) -> Walk:
    w = withdrawal_asked(world)
    w.do("03/03 08:00", "decide_withdrawal", "operator", granted=False, words="Rác gây nguy hiểm nên vẫn xử lý, không nêu tên Ông/Bà.")
    w.look("kept")
    return finish(w)


WITHDRAWAL_KEPT = Way("withdrawn by the reporter after acceptance: the centre goes on", walk_withdrawal_kept, straight_but(
    passes=DECIDED | {"is_withdrawn_to_again_withdrawal"}, after="accept_assignment", does=("withdraw_report", "decide_withdrawal"),
    told=(*ASKED_MESSAGES, "withdrawal_kept citizen"), looks={"asked": ASKED_LOOK, "kept": HANDLING},
))

WAYS = (REFER, CAME_BACK, QUARANTINE, QUARANTINE_LATER, QUARANTINE_CLOSED, QUARANTINE_BY_AGENCY, WITHDRAWN_BEFORE, WITHDRAWN_AFTER,
        WITHDRAWAL_KEPT)
