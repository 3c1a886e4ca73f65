"""Ways after the answer: rated, reviewed, reopened, or nobody to rate."""
from __future__ import annotations

from dataclasses import replace

from casework.permissions import NotAllowed
from casework.publishing.ratings import RatingRefused, ReviewRefused
from tests.build import World
from tests.scenarios.straight import (
    ANSWERED,
    ANSWERED_MESSAGES,
    CLOSING,
    EVENTS,
    GIVEN,
    GIVEN_MESSAGES,
    LIMITS,
    MESSAGES,
    OUTCOME,
    PUBLISHED_MESSAGES,
    RATING,
    STRAIGHT,
    WINDOW_OVER,
    accept,
    acceptance,
    answer,
    at_work,
    classify,
    give,
    limits_from,
    publish,
    rating,
    straight_but,
    verify,
)
from tests.scenarios.walking import Walk
from tests.scenarios.way import Outcome, Way, look

INVITED = look("rating", ["rate reporter"], "Đã xử lý", "Mời đánh giá", published="final", due="10/03 00:00")


def published(world: World) -> Walk:
    w = at_work(world)
    answer(w)
    publish(w)
    return w


# -- rated ------------------------------------------------------------------------------------------------------------

def walk_rated(world: World, level: str) -> Walk:
    w = published(world)
    with w.refused(NotAllowed):
        w.rate("04/03 09:00", level, by="citizen_2", reason="Không phải việc của tôi.")
    w.rate("04/03 09:00", level)
    w.look("rated")
    verdicts = w.public().verdicts
    assert verdicts is not None
    assert {each: number for each, number in verdicts.whole.items() if number} == {level: 1}
    w.window_ends("11/03 00:00", "rating_window")
    return w


RATED = straight_but(after="publish", does=("rate",), told=(), looks={"rated": INVITED})
"""A verdict can be changed until the window ends, so the step stays with the reporter."""
SATISFIED = Way("rated satisfied", lambda world: walk_rated(world, "satisfied"), RATED)
ACCEPTABLE = Way("rated acceptable", lambda world: walk_rated(world, "acceptable"), RATED)


def dissatisfied(w: Walk, when: str) -> None:
    w.rate(when, "dissatisfied", reason="Rác vẫn còn bên kia suối.")


def review(w: Walk, when: str, outcome: str, *, by: str = "ops_lead") -> None:
    w.do(when, "review_rating", by, outcome=outcome, words="Trung tâm đã kiểm tra lại.")


def walk_dissatisfied(world: World) -> Walk:
    w = published(world)
    w.rate("04/03 09:00", "acceptable")
    with w.refused(RatingRefused):
        w.rate("04/03 10:00", "dissatisfied")           # needs a reason
    dissatisfied(w, "04/03 10:00")
    w.look("in review")
    dissatisfied(w, "04/03 11:00")                      # joins the one review there is
    review(w, "05/03 09:00", "explained")
    return w


REVIEWED = frozenset({"rate", "rate_to_review_rating", "review_rating", "review_rating_to_is_reopened", "is_reopened"})
EXPLAINED = (STRAIGHT - WINDOW_OVER) | REVIEWED | {"is_reopened_to_rating_over"}
IN_REVIEW = look("review", ["review_rating ops_lead"], "Đã xử lý", "Đang xem lại", published="final", due="10/03 00:00")


def explained(*verdicts: str) -> Outcome:
    return replace(
        OUTCOME, elements=EXPLAINED, row=replace(OUTCOME.row, closed="05/03 09:00"),
        events=(*EVENTS[:-1], *verdicts, "review_rating", "close"),
        messages=(*MESSAGES, "rating_to_review ops_lead", "rating_explained citizen"),
        limits=(*LIMITS[:-1], rating("11/03 00:00", "05/03 09:00")), looks={"in review": IN_REVIEW},
    )  # fmt: skip


DISSATISFIED = Way("rated dissatisfied", walk_dissatisfied, explained("rate", "rate", "rate"))


def walk_explained(world: World) -> Walk:
    w = published(world)
    dissatisfied(w, "04/03 09:00")
    w.look("in review")
    with w.refused(NotAllowed):
        review(w, "05/03 09:00", "explained", by="operator")
    review(w, "05/03 09:00", "explained")
    return w


REVIEW_EXPLAINED = Way("review: explained", walk_explained, explained("rate"))

# -- reopened ---------------------------------------------------------------------------------------------------------

def reopened_once(world: World) -> Walk:
    w = published(world)
    dissatisfied(w, "04/03 09:00")
    review(w, "05/03 09:00", "reopened")
    w.look("reopened")
    give(w, day="05/03")
    return w


def walk_reopened_once(world: World) -> Walk:
    w = reopened_once(world)
    accept(w, day="05/03")
    answer(w, day="06/03")
    publish(w, "06/03")
    w.window_ends("14/03 00:00", "rating_window")
    return w


# A new limit from the decision on 05/03: 06, 09, 10, 11 and 12/03. The first verdict, in time, stays counted.
ROUND_1 = limits_from("05/03", "06/03", "14/03 00:00", due="13/03 00:00", agency_due="12/03 07:30", round_=1)
FIRST_ROUND = (*LIMITS[:-1], rating("11/03 00:00", "05/03 09:00"))
REOPENED = STRAIGHT | REVIEWED | {"is_reopened_to_distribute"}
REVIEW_EVENTS = ("rate", "review_rating", "reopen")
NEXT_ROUND = (*GIVEN, *ANSWERED, "publish")
ROUND_MESSAGES = ("rating_to_review ops_lead", "report_reopened citizen", *GIVEN_MESSAGES, *ANSWERED_MESSAGES, *PUBLISHED_MESSAGES)
REOPENED_LOOK = look("to_distribute", ["distribute operator"], "Đang xử lý", "Đang xử lý lại", published="final", due="13/03 00:00")
REOPENED_ONCE = Way("reopened once", walk_reopened_once, replace(
    OUTCOME, elements=REOPENED, row=replace(OUTCOME.row, closed="14/03 00:00", answered="06/03 14:00", reopened=1),
    last=replace(OUTCOME.last, due="13/03 00:00"), events=(*EVENTS[:-1], *REVIEW_EVENTS, *NEXT_ROUND, "close"),
    messages=(*MESSAGES, *ROUND_MESSAGES), limits=(*FIRST_ROUND, *ROUND_1),
    assignments=("PTNMT lead approved/approved", "PTNMT lead approved/approved round 1"), looks={"reopened": REOPENED_LOOK},
))


def reopened_twice(world: World) -> Walk:
    w = reopened_once(world)
    accept(w, day="05/03")
    answer(w, day="06/03")
    publish(w, "06/03")
    dissatisfied(w, "09/03 09:00")
    review(w, "10/03 09:00", "reopened")
    w.look("reopened again")
    give(w, day="10/03")
    accept(w, day="10/03")
    answer(w, day="11/03")
    publish(w, "11/03")
    return w


def walk_reopened_twice(world: World) -> Walk:
    w = reopened_twice(world)
    w.window_ends("19/03 00:00", "rating_window")
    return w


# From 10/03: 11, 12, 13, 16 and 17/03.
SECOND_ROUND = (*ROUND_1[:-1], rating("14/03 00:00", "10/03 09:00", round_=1))
ROUND_2 = limits_from("10/03", "11/03", "19/03 00:00", due="18/03 00:00", agency_due="17/03 07:30", round_=2)
REOPENED_TWICE = Way("reopened twice", walk_reopened_twice, replace(
    REOPENED_ONCE.outcome, row=replace(OUTCOME.row, closed="19/03 00:00", answered="11/03 14:00", reopened=2),
    last=replace(OUTCOME.last, due="18/03 00:00"), events=(*EVENTS[:-1], *[*REVIEW_EVENTS, *NEXT_ROUND] * 2, "close"),
    messages=(*MESSAGES, *ROUND_MESSAGES, *ROUND_MESSAGES), limits=(*FIRST_ROUND, *SECOND_ROUND, *ROUND_2),
    assignments=(*REOPENED_ONCE.outcome.assignments, "PTNMT lead approved/approved round 2"),
    looks={"reopened again": replace(REOPENED_LOOK, due="18/03 00:00")},
))


def walk_third_time(world: World) -> Walk:
    w = reopened_twice(world)
    dissatisfied(w, "12/03 09:00")
    w.look("in review")
    with w.refused(NotAllowed):
        review(w, "13/03 09:00", "explained")
    with w.refused(ReviewRefused):
        review(w, "13/03 09:00", "reopened", by="committee_leader")
    review(w, "13/03 09:00", "explained", by="committee_leader")
    return w


THIRD_TIME = Way("reopened: the third time goes to the committee leader", walk_third_time, replace(
    REOPENED_TWICE.outcome, elements=EXPLAINED | REOPENED - WINDOW_OVER,
    row=replace(REOPENED_TWICE.outcome.row, closed="13/03 09:00"),
    events=(*EVENTS[:-1], *[*REVIEW_EVENTS, *NEXT_ROUND] * 2, "rate", "review_rating", "close"),
    messages=(*REOPENED_TWICE.outcome.messages, "rating_to_review committee_leader", "rating_explained citizen"),
    limits=(*FIRST_ROUND, *SECOND_ROUND, *ROUND_2[:-1], rating("19/03 00:00", "13/03 09:00", round_=2)),
    looks={"in review": replace(IN_REVIEW, tasks=frozenset({"review_rating committee_leader"}), due="18/03 00:00")},
))

# -- not rated --------------------------------------------------------------------------------------------------------

def walk_unrated(world: World) -> Walk:
    w = published(world)
    w.look("invited")
    w.window_ends("11/03 00:00", "rating_window")
    with w.refused(RatingRefused):
        w.rate("11/03 00:00", "satisfied")
    return w


UNRATED = Way("unrated close", walk_unrated, replace(OUTCOME, looks={"invited": INVITED}))


def walk_camera(world: World) -> Walk:
    w = Walk(world)
    w.file(by="operator", source="camera")
    verify(w, time="10:20")
    classify(w, time="10:25")
    give(w)
    accept(w)
    answer(w)
    publish(w)
    return w


# From a camera it is accepted within 30 minutes round the clock; nobody is told and nobody rates, so publication closes it.
CAMERA = Way("camera-only case without rating", walk_camera, replace(
    OUTCOME, elements=(STRAIGHT - RATING) | CLOSING | {"is_rateable_to_ready_to_close"}, row=replace(OUTCOME.row, closed="03/03 14:00"),
    messages=tuple(each for each in MESSAGES if not each.endswith(" citizen")),
    limits=(acceptance("02/03 10:20", due="02/03 10:30"), *LIMITS[1:-1]),
))

WAYS = (SATISFIED, ACCEPTABLE, DISSATISFIED, REVIEW_EXPLAINED, REOPENED_ONCE, REOPENED_TWICE, THIRD_TIME, UNRATED, CAMERA)
