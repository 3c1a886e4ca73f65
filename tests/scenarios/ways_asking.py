"""Ways on which the centre and the reporter write to each other: asked and answered, not answered, written to once more."""
from __future__ import annotations

from tests.build import World
from tests.scenarios.straight import TAKEN, TAKEN_MESSAGES, TAKING, acceptance, at_work, begun, finish, go, straight_but, whole
from tests.scenarios.walking import Walk
from tests.scenarios.way import Outcome, Row, Way, look

ASKED = frozenset({"reporter_asked", "reporter_asked_to_answer_question"})
LAPSED = ASKED | {"question_window", "question_window_to_close_question", "close_question", "close_question_to_is_given_up", "is_given_up"}
OVER = frozenset({"question_over", "question_over_to_again_question"})
ASKED_LOOK = look(
    "waiting_reporter", ["answer_question reporter", "(distribute operator)"], "Đã tiếp nhận", "Cần bổ sung thông tin", due=None
)
"""Seven working days after 02/03 are over at 12/03 00:00; until then no clock of the case runs."""


def ask(world: World, when_unanswered: str) -> Walk:
    w = begun(world)
    report = w.reports["main"]
    w.act("02/03 10:50", "ask_reporter", "operator", report=report, words="Đống rác ở phía nào của cầu?", when_unanswered=when_unanswered)
    w.look("asked")
    return w


def rested(until: str) -> tuple[tuple[str, str, str], ...]:
    return (("question", "02/03 10:50", until),)


def walk_answered(world: World) -> Walk:
    w = ask(world, "close")
    w.own("04/03 09:00", "answer_question", words="Phía thượng lưu.")
    w.look("answered")
    return go(w, "04/03", "05/03", "13/03 00:00")


# 03/03 rests, on 04/03 the clock starts again: counted are 05, 06, 09, 10 and 11/03.
ANSWERED = Way("ask the reporter: answered", walk_answered, straight_but(
    "04/03", "05/03", "13/03 00:00", due="12/03 00:00", agency_due="11/03 07:30", pauses=rested("04/03 09:00"),
    passes=ASKED | OVER | {"answer_question", "answer_question_to_question_over"},
    after="classify", does=("ask_reporter", "answer_question"),
    told=("reporter_asked citizen", "question_answered operator", "due_moved citizen"),
    looks={"asked": ASKED_LOOK,
           "answered": look("to_distribute", ["distribute operator"], "Đã tiếp nhận", "Đã tiếp nhận", due="12/03 00:00")},
))


def walk_not_answered(world: World) -> Walk:
    w = ask(world, "close")
    w.window_ends("12/03 00:00", "question_window")
    return w


NOT_ANSWERED = Way("ask the reporter: not answered, closed with notice", walk_not_answered, Outcome(
    elements=TAKING | LAPSED | {"is_given_up_to_unanswered"}, end="unanswered", row=Row("closed", closed="12/03 00:00"),
    last=look("closed", (), None, "Đã kết thúc", due="20/03 00:00"), looks={"asked": ASKED_LOOK},
    events=("file_report", *TAKEN, "ask_reporter", "end_question"),
    messages=(*TAKEN_MESSAGES, "reporter_asked citizen", "question_closed_case citizen"),
    limits=(acceptance(), whole("20/03 00:00", "12/03 00:00", pauses=rested("12/03 00:00"))),
))


def walk_continued(world: World) -> Walk:
    w = ask(world, "continue")
    w.window_ends("12/03 00:00", "question_window")
    w.look("over")
    return go(w, "12/03", "13/03", "21/03 00:00")


# From 03/03 to 11/03 it rests, 12/03 is the day it starts again: counted are 13, 16, 17, 18 and 19/03.
CONTINUED = Way("ask the reporter: not answered, continued", walk_continued, straight_but(
    "12/03", "13/03", "21/03 00:00", due="20/03 00:00", agency_due="19/03 07:30", pauses=rested("12/03 00:00"),
    passes=LAPSED | OVER | {"is_given_up_to_question_over"}, after="classify", does=("ask_reporter", "end_question"),
    told=("reporter_asked citizen", "question_lapsed citizen", "due_moved citizen"),
    looks={"over": look("to_distribute", ["distribute operator"], "Đã tiếp nhận", "Đã tiếp nhận", due="20/03 00:00")},
))


def walk_not_waited_for(world: World) -> Walk:
    w = ask(world, "close")
    w.act("03/03 09:00", "stop_waiting", "operator")
    w.look("over")
    return go(w, "03/03", "04/03", "12/03 00:00")


# 03/03 is the day it starts again: counted are 04, 05, 06, 09 and 10/03.
NOT_WAITED_FOR = Way("ask the reporter: not waited for any longer", walk_not_waited_for, straight_but(
    "03/03", "04/03", "12/03 00:00", due="11/03 00:00", agency_due="10/03 07:30", pauses=rested("03/03 09:00"),
    passes=ASKED | OVER | {"stop_waiting", "stop_waiting_to_question_over"}, after="classify", does=("ask_reporter", "stop_waiting"),
    told=("reporter_asked citizen", "question_lapsed citizen", "due_moved citizen"),
    looks={"over": look("to_distribute", ["distribute operator"], "Đã tiếp nhận", "Đã tiếp nhận", due="11/03 00:00")},
))

# -- the reporter writes ----------------------------------------------------------------------------------------------

def walk_reporter_writes(world: World) -> Walk:
    w = at_work(world)
    w.act("02/03 14:00", "write_to_centre", "citizen", report=w.reports["main"], words="Sáng nay rác đã trôi xuống hạ lưu.")
    w.look("written")
    w.do("02/03 14:30", "clear_text", "operator", words="Rác trôi xuống hạ lưu.")
    w.look("read")
    return finish(w)


REPORTER_WRITES = Way("the reporter writes, the operator clears it", walk_reporter_writes, straight_but(
    passes={"reporter_wrote", "reporter_wrote_to_clear_text", "clear_text", "clear_text_to_again_words"},
    after="accept_assignment", does=("write_to_centre", "clear_text"), told=("reporter_wrote operator", "words_cleared officer PTNMT"),
    looks={
        "written": look("handling", ["clear_text operator", "submit_answer officer PTNMT"], "Đang xử lý", "Đang xử lý", due="10/03 00:00"),
        "read": look("handling", ["submit_answer officer PTNMT"], "Đang xử lý", "Đang xử lý", due="10/03 00:00"),
    },
))

WAYS = (ANSWERED, NOT_ANSWERED, CONTINUED, NOT_WAITED_FOR)
