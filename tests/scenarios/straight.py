"""The straight way in pieces: steps at the same hours of whatever day, and beside each piece what it leaves, worked out by hand.

    Monday 02/03/2026  10:00 filed   10:30 verified   10:40 classified   11:00 given to agencies   13:30 accepted
    the next day       09:00 submitted   10:00 approved   14:00 published   and 7 days later, at midnight, the window is over

Four working hours from 11:00 end at 16:30, from 09:00 at 14:30, from 10:00 at 15:30. Five working days from 02/03 end with
Monday 09/03, so the case is due on Tuesday 10/03 at 00:00, and its agency eight office hours before: Monday 09/03, 07:30.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tests import build
from tests.scenarios.walking import Walk
from tests.scenarios.way import DONE, MAIN, Limit, Outcome, Row

FIRST, SECOND = "02/03", "03/03"
DUE, AGENCY_DUE = "10/03 00:00", "09/03 07:30"
SEVERAL_DUE, SEVERAL_AGENCY_DUE = "12/03 00:00", "11/03 07:30"
"""Seven working days: to the end of Wednesday 11/03."""
WINDOW = "11/03 00:00"
"""Told on 03/03, so to the end of 10/03."""
MORE_AGENCIES = 10
"""Minutes by which each further agency does things later than the one before."""


# -- steps ------------------------------------------------------------------------------------------------------------

def verify(w: Walk, day: str = FIRST, *, time: str = "10:30", of: str = MAIN) -> None:
    links = [link for link in w.cases[of].reports if link.left_at is None]
    cleared = [build.cleared(link.report) for link in links]
    w.do(f"{day} {time}", "verify", "operator", of=of, title="Rác đổ ven suối", cleared=cleared)


def classified(w: Walk, *, urgency: str = "normal", complexity: str = "ordinary", **more: Any) -> dict[str, Any]:
    """What an operator says of a case."""
    place = {"area": w.world.area, "village": "Thôn Păng Tiêng"}
    return {"field": w.world.field(), "urgency": urgency, "complexity": complexity, **place, **more}


def classify(w: Walk, day: str = FIRST, *, time: str = "10:40", of: str = MAIN, **more: Any) -> None:
    w.do(f"{day} {time}", "classify", "operator", of=of, **classified(w, **more))


def take(w: Walk, day: str = FIRST) -> None:
    verify(w, day)
    classify(w, day)


def give(w: Walk, *agencies: str, day: str = FIRST, time: str = "11:00", of: str = MAIN) -> None:
    lead, *cooperating = [w.agency(key) for key in agencies or ("PTNMT",)]
    w.do(f"{day} {time}", "distribute", "operator", of=of, lead=lead, cooperating=cooperating)


def accept(w: Walk, *agencies: str, day: str = FIRST, time: str = "13:30", of: str = MAIN) -> None:
    for number, key in enumerate(agencies or ("PTNMT",)):
        w.do(f"{day} {_later(time, number)}", "accept_assignment", f"officer_{key}", of=of, agency=key)


def submit(w: Walk, *agencies: str, day: str = SECOND, time: str = "09:00", of: str = MAIN) -> None:
    for number, key in enumerate(agencies or ("PTNMT",)):
        w.do(f"{day} {_later(time, number)}", "submit_answer", f"officer_{key}", of=of, agency=key, **build.ANSWER)


def approve(w: Walk, *agencies: str, day: str = SECOND, time: str = "10:00", of: str = MAIN, by: str = "leader_{}") -> None:
    for number, key in enumerate(agencies or ("PTNMT",)):
        w.do(f"{day} {_later(time, number)}", "approve_answer", by.format(key), of=of, agency=key)


def answer(w: Walk, *agencies: str, day: str = SECOND, of: str = MAIN) -> None:
    submit(w, *agencies, day=day, of=of)
    approve(w, *agencies, day=day, of=of)


PUBLIC_WORDS: dict[str, Any] = {"title": "Rác đổ ven suối", "question": "Người dân phản ánh rác đổ ven suối.", "checked": True}


def publish(w: Walk, day: str = SECOND, *, time: str = "14:00", of: str = MAIN, **more: Any) -> None:
    w.do(f"{day} {time}", "publish", "operator", of=of, **{**PUBLIC_WORDS, **more})


def finish(w: Walk, *agencies: str, day: str = SECOND, window: str = WINDOW, of: str = MAIN) -> Walk:
    """From the work of the agencies to the end, unrated."""
    answer(w, *agencies, day=day, of=of)
    publish(w, day, of=of)
    w.window_ends(window, "rating_window", of=of)
    return w


def go(w: Walk, day: str, next_day: str, window: str, *agencies: str) -> Walk:
    """From the distribution to the end."""
    give(w, *agencies, day=day)
    accept(w, *agencies, day=day)
    return finish(w, *agencies, day=next_day, window=window)


def begun(world: build.World, **arguments: Any) -> Walk:
    """Filed, verified, classified."""
    w = Walk(world)
    w.file(**arguments)
    take(w)
    return w


def at_work(world: build.World, *agencies: str) -> Walk:
    """And an agency, or several, at work."""
    w = begun(world)
    give(w, *agencies)
    accept(w, *agencies)
    return w


def _later(time: str, number: int) -> str:
    hour, minute = divmod(int(time[:2]) * 60 + int(time[3:]) + number * MORE_AGENCIES, 60)
    return f"{hour:02}:{minute:02}"


# -- what they leave --------------------------------------------------------------------------------------------------

FILED_MESSAGES = ("report_filed citizen", "report_to_verify operator")
TAKEN = ("clear_text", "verify", "classify")
TAKEN_MESSAGES = (*FILED_MESSAGES, "report_accepted citizen", "report_classified citizen")
GIVEN_MESSAGES = ("report_distributed citizen", "assignment_given officer PTNMT")
ANSWERED_MESSAGES = ("answers_approved operator",)
PUBLISHED_MESSAGES = ("report_published citizen",)
MESSAGES = (*TAKEN_MESSAGES, *GIVEN_MESSAGES, *ANSWERED_MESSAGES, *PUBLISHED_MESSAGES)

GIVEN = ("distribute", "accept_assignment")
ANSWERED = ("submit_answer", "approve_answer")
END = ("publish", "close")
EVENTS = ("file_report", *TAKEN, *GIVEN, *ANSWERED, *END)

TAKING = frozenset({
    "received", "received_to_begin", "begin", "begin_to_verify", "verify", "verify_to_classify", "classify", "classify_to_distribute",
})
GIVING = frozenset({
    "distribute", "distribute_to_again_waiting", "again_waiting", "assigned", "assigned_to_begin_assignment", "begin_assignment",
    "begin_assignment_to_accept_assignment",
})
AGENCY = frozenset({
    "accept_assignment", "accept_assignment_to_is_taken", "is_taken", "is_taken_to_submit_answer", "submit_answer",
    "submit_answer_to_approve_answer", "approve_answer", "approve_answer_to_is_approved", "is_approved", "is_approved_to_answered",
    "answered",
})
JOINING = frozenset({
    "again_waiting_to_wait_for_agencies", "wait_for_agencies", "wait_for_agencies_to_is_answered", "is_answered", "is_answered_to_publish",
    "publish", "publish_to_is_rateable", "is_rateable",
})
WINDOW_OVER = frozenset({"rating_window", "rating_window_to_close_rating", "close_rating", "close_rating_to_rating_over"})
RATING = frozenset({"is_rateable_to_rate", "rate", "rating_over", "rating_over_to_ready_to_close"}) | WINDOW_OVER
CLOSING = frozenset({"ready_to_close", "ready_to_close_to_wait_for_rest", "wait_for_rest", "wait_for_rest_to_closed", "closed"})
STRAIGHT = (TAKING | GIVING | AGENCY | JOINING | RATING | CLOSING) - {"rate"}
"""The window ends a rating step that nobody has completed, so the step itself is passed only by a dissatisfied verdict."""


def acceptance(ended: str | None = "02/03 10:30", due: str = "02/03 15:30", **more: Any) -> Limit:
    return Limit("acceptance", "", 0, due, ended, **more)


def whole(due: str | None = DUE, ended: str | None = "03/03 14:00", *, round_: int = 0, **more: Any) -> Limit:
    """The limit of the case."""
    return Limit("case", "", round_, due, ended, **more)


def asked(agency: str = "PTNMT", *, due: str = "02/03 16:30", ended: str | None = "02/03 13:30", round_: int = 0, **more: Any) -> Limit:
    """The limit of accepting."""
    return Limit("assignment_accepted", agency, round_, due, ended, **more)


def work(agency: str = "PTNMT", *, due: str | None = AGENCY_DUE, ended: str | None = "03/03 10:00", round_: int = 0, **more: Any) -> Limit:
    return Limit("assignment", agency, round_, due, ended, **more)


def approval(agency: str = "PTNMT", *, due: str = "03/03 14:30", ended: str = "03/03 10:00", round_: int = 0, **more: Any) -> Limit:
    return Limit("approval", agency, round_, due, ended, **more)


def publication(due: str = "03/03 15:30", ended: str = "03/03 14:00", *, round_: int = 0, **more: Any) -> Limit:
    return Limit("publication", "", round_, due, ended, **more)


def rating(due: str = WINDOW, ended: str | None = None, *, round_: int = 0) -> Limit:
    """The window of rating; it ends with itself, or with a review."""
    return Limit("rating", "", round_, due, ended or due)


def limits_from(
    day: str, next_day: str, window: str, *, due: str, agency_due: str, round_: int = 0, pauses: Any = (), is_extended: bool = False
) -> tuple[Limit, ...]:
    """Of a case given out on one day and answered on the next, by one agency; `pauses` are those of the case's own limit."""
    promised, agency_promised = (DUE, AGENCY_DUE) if is_extended else (None, None)
    return (
        whole(due, f"{next_day} 14:00", round_=round_, pauses=pauses, extended=promised),
        asked(due=f"{day} 16:30", ended=f"{day} 13:30", round_=round_),
        work(due=agency_due, ended=f"{next_day} 10:00", round_=round_, extended=agency_promised),
        approval(due=f"{next_day} 14:30", ended=f"{next_day} 10:00", round_=round_),
        publication(f"{next_day} 15:30", f"{next_day} 14:00", round_=round_), rating(window, round_=round_),
    )  # fmt: skip


LIMITS = (acceptance(), *limits_from(FIRST, SECOND, WINDOW, due=DUE, agency_due=AGENCY_DUE))

ROW = Row("closed", closed=WINDOW, answered="03/03 14:00", is_public=True, lead="PTNMT")

OUTCOME = Outcome(
    elements=STRAIGHT, end="closed", row=ROW, last=replace(DONE, due=DUE), events=EVENTS, messages=MESSAGES, limits=LIMITS,
    assignments=("PTNMT lead approved/approved",),
)
"""Of the straight way, to be changed where a way differs."""


def straight_but(
    day: str = FIRST, next_day: str = SECOND, window: str = WINDOW, *, due: str = DUE, agency_due: str = AGENCY_DUE, pauses: Any = (),
    is_extended: bool = False, first: Limit | None = None, passes: Iterable[str] = (), after: str, does: Iterable[str],
    told: Iterable[str], looks: Any = None, **changes: Any,
) -> Outcome:
    """The straight way with something on it: `does` are the events behind the first `after`, `told` the further messages.

    The case is given out on `day` and answered on `next_day`.
    """
    place = EVENTS.index(after) + 1
    outcome = Outcome(
        elements=STRAIGHT | frozenset(passes), end="closed",
        row=replace(ROW, closed=window, answered=f"{next_day} 14:00"), last=replace(DONE, due=due),
        events=(*EVENTS[:place], *does, *EVENTS[place:]), messages=(*MESSAGES, *told),
        limits=(
            first or acceptance(),
            *limits_from(day, next_day, window, due=due, agency_due=agency_due, pauses=pauses, is_extended=is_extended),
        ),
        assignments=("PTNMT lead approved/approved",), looks=looks or {},
    )  # fmt: skip
    return replace(outcome, **changes)
