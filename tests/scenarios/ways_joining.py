"""Ways of two cases about one matter: merged into another, and split again."""
from __future__ import annotations

from dataclasses import replace

from tests.build import World
from tests.scenarios.straight import (
    ANSWERED,
    GIVEN,
    MESSAGES,
    OUTCOME,
    STRAIGHT,
    TAKEN,
    TAKING,
    accept,
    acceptance,
    answer,
    approval,
    asked,
    classify,
    finish,
    give,
    publication,
    publish,
    rating,
    verify,
    whole,
    work,
)
from tests.scenarios.walking import Walk
from tests.scenarios.way import DONE, Outcome, Row, Way, look

MERGED = frozenset({"merged", "merged_to_merge_settled", "merge_settled", "merge_settled_to_is_split", "is_split"})
OTHERS_MESSAGES = (
    "report_filed citizen_2", "report_to_verify operator", "report_accepted citizen_2", "report_classified citizen_2",
    "report_distributed citizen_2", "assignment_given officer HKL",
)


def two_cases(world: World) -> Walk:
    """The main case, with PTNMT at work, and "other": filed at 10:10 by somebody else, simple, with HKL asked at 11:10."""
    w = Walk(world)
    w.file("02/03 10:00")
    w.file("02/03 10:10", by="citizen_2", of="other", words="Rác chất đống cạnh suối Păng Tiêng.")
    verify(w)
    classify(w)
    verify(w, time="10:50", of="other")
    classify(w, time="10:55", of="other", complexity="simple")
    give(w)
    give(w, "HKL", time="11:10", of="other")
    accept(w)
    return w


def walk_merge(world: World) -> Walk:
    w = two_cases(world)
    w.act("02/03 14:00", "merge", "operator", of="other", into=w.case, reason="Cùng một bãi rác.")
    w.look("merged")
    w.look("merged", of="other")
    accept(w, "HKL", time="14:30")
    answer(w, "PTNMT", "HKL")
    publish(w)
    w.look("published")
    w.rate("04/03 09:00", "satisfied", by="citizen_2", of="other")
    w.window_ends("11/03 00:00", "rating_window")
    w.messages_delivered("11/03 00:00")
    w.look("over", of="other")
    return w


# The other case was due after three working days, 03, 04 and 05/03: earlier, so it wins. PTNMT's limit ends eight office hours
# before that too, as HKL's did already. Acceptance of a report filed at 10:10: 80 minutes to the break, then to 15:40; of the
# assignment given at 11:10, 20 minutes and then to 16:40.
BOTH_AT_WORK = ["accept_assignment officer HKL", "submit_answer officer PTNMT"]
MERGE_INTO = Outcome(
    elements=STRAIGHT, end="closed", row=OUTCOME.row, last=replace(DONE, due="06/03 00:00"),
    looks={
        "merged": look("handling", BOTH_AT_WORK, "Đang xử lý", "Đang xử lý", due="06/03 00:00"),
        "published": look("rating", ["rate reporter"], "Đã xử lý", "Mời đánh giá", published="final", due="06/03 00:00"),
    },
    events=("file_report", *TAKEN, *GIVEN, "merge", "accept_assignment", "submit_answer", "submit_answer", "approve_answer",
            "approve_answer", "publish", "rate", "close"),
    messages=(*MESSAGES, "report_merged citizen_2", "due_moved citizen", "assignment_moved officer HKL", "report_published citizen_2"),
    limits=(
        acceptance(), whole("06/03 00:00"), asked(), work(due="05/03 07:30"), approval(),
        asked("HKL", due="02/03 16:40", ended="02/03 14:30"), work("HKL", due="05/03 07:30", ended="03/03 10:10"),
        approval("HKL", due="03/03 14:40", ended="03/03 10:10"), publication("03/03 15:40"), rating(),
    ),
    assignments=("PTNMT lead approved/approved", "HKL cooperating approved/approved"),
)  # fmt: skip
MERGE_AWAY = Outcome(
    elements=TAKING | MERGED | {"distribute", "is_split_to_merged_for_good"}, end="merged_for_good",
    row=Row("merged", closed="02/03 14:00", flags=frozenset({"merged_into_id"})),
    last=look("merged", (), None, "Đã kết thúc", due="06/03 00:00"),
    looks={"merged": look("merged", (), None, "Đã gộp với «main»", due="06/03 00:00")},
    events=("file_report", *TAKEN, "distribute", "merge"), messages=OTHERS_MESSAGES,
    limits=(acceptance("02/03 10:50", due="02/03 15:40"), whole("06/03 00:00", "02/03 14:00")),
)  # fmt: skip
MERGE = Way("merge", walk_merge, MERGE_INTO, others={"other": MERGE_AWAY})


def walk_split(world: World) -> Walk:
    w = two_cases(world)
    w.act("02/03 14:00", "merge", "operator", of="other", into=w.case)
    w.act("02/03 15:00", "split", "operator", report=w.reports["other"], reason="Hai bãi rác khác nhau.")
    w.look("split")
    w.look("split", of="other")
    assert w.cases["other"].code == w.reports["other"].code
    accept(w, "HKL", time="15:30", of="other")
    answer(w, "HKL", of="other")
    publish(w, of="other")
    w.window_ends("11/03 00:00", "rating_window", of="other")
    return finish(w, day="11/03", window="19/03 00:00")


# The day promised by the merge stays promised to the sender of the main case: 06/03 00:00, and it is over when that answers.
SPLIT = Way("split again", walk_split,
    Outcome(
        elements=STRAIGHT, end="closed", row=replace(OUTCOME.row, closed="19/03 00:00", answered="11/03 14:00"),
        last=replace(DONE, due="06/03 00:00"),
        looks={"split": look("handling", ["submit_answer officer PTNMT"], "Đang xử lý", "Đang xử lý", due="06/03 00:00")},
        events=("file_report", *TAKEN, *GIVEN, "merge", "split", *ANSWERED, "publish", "close"),
        messages=(*MESSAGES, "report_merged citizen_2", "due_moved citizen", "assignment_moved officer HKL"),
        limits=(
            acceptance(), whole("06/03 00:00", "11/03 14:00", late=True), asked(), work(due="05/03 07:30", ended="11/03 10:00", late=True),
            approval(due="11/03 14:30", ended="11/03 10:00"), publication("11/03 15:30", "11/03 14:00"), rating("19/03 00:00"),
        ),
        assignments=("PTNMT lead approved/approved",),
    ),
    others={"other": Outcome(
        elements=STRAIGHT | MERGED | {"is_split_to_again_merge"}, end="closed", row=replace(OUTCOME.row, lead="HKL"),
        last=replace(DONE, due="06/03 00:00"),
        looks={"split": look("at_agency", ["accept_assignment officer HKL"], "Đã tiếp nhận", "Đã tiếp nhận", due="06/03 00:00")},
        events=("file_report", *TAKEN, "distribute", "merge", "split", "accept_assignment", *ANSWERED, "publish", "close"),
        messages=(*OTHERS_MESSAGES, "report_split citizen_2", "assignment_moved officer HKL", "answers_approved operator",
                  "report_published citizen_2"),
        limits=(
            acceptance("02/03 10:50", due="02/03 15:40"), whole("06/03 00:00"), asked("HKL", due="02/03 16:40", ended="02/03 15:30"),
            work("HKL", due="05/03 07:30"), approval("HKL"), publication(), rating(),
        ),
        assignments=("HKL lead approved/approved",),
    )},
)  # fmt: skip

WAYS = (MERGE, SPLIT)
