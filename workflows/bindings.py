"""The one table between diagram and domain: what a step, an act beside the tokens, an end and a message mean."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from casework import (
    additions,
    answering,
    centres,
    corrections,
    directives,
    distribution,
    extensions,
    followers,
    holds,
    merging,
    notes,
    publishing,
    quarantine,
    questions,
    ratings,
    reassignment,
    reclassification,
    referrals,
    refusals,
    reminders,
    triage,
    withdrawals,
)
from casework.models import Assignment, Case
from casework.permissions import Actor
from casework.states import Standstill
from workflows.facts import FACTS, Fact

Subject = Case | Assignment

UseCase = Callable[..., Any]
"""`(subject, *, by, now, **form)`; refuses with a CaseworkError. Of a step it returns `{"outcome": ..., flags the gateways read}`."""

PAUSED = frozenset({Standstill.QUESTION, Standstill.HOLD, Standstill.REFERRAL})


def _never(_result: Mapping[str, Any]) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Step:
    """What a person can do at one user task.

    `acts` by verb; the first is the step's own. `stays_open` says from a use case's result that the step is not over
    (nobody answered the hotline). `desk` may name another inbox than the lane does. `goes_on_in` are the standstills of a case
    in which the step can be done all the same.
    """

    acts: Mapping[str, UseCase]
    stays_open: Callable[[Mapping[str, Any]], bool] = _never
    desk: Callable[[Any], str | None] | None = None
    goes_on_in: frozenset[Standstill] = frozenset()

    @property
    def own_act(self) -> str:
        """The verb meant when a form names none."""
        return next(iter(self.acts))


@dataclass(frozen=True, slots=True)
class Bindings:
    """Steps and ends by element id, acts beside the tokens by verb, facts by message name."""

    steps: Mapping[str, Step]
    ends: Mapping[str, Callable[..., None]] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)
    acts: Mapping[str, UseCase] = field(default_factory=dict)


def close(case: Case, *, by: Actor, now: datetime) -> None:
    """Close the case when its process has ended: rated or not, and the hotline called where it had to be."""
    if case.closed_at is None:
        ratings.end_rating(case, by=by, now=now)


def _approval_desk(assignment: Assignment) -> str | None:
    return assignment.approval_desk


STEPS = {
    "verify": Step({"verify": triage.verify, "refuse": refusals.refuse}, stays_open=lambda result: result["outcome"] == "refuse"),
    "classify": Step({"classify": triage.classify}),
    "call_hotline": Step({"call_hotline": triage.call_hotline}, stays_open=lambda result: not result["reached"]),
    "distribute": Step({"distribute": distribution.distribute}),
    "publish": Step({"publish": publishing.publish, "answer_privately": publishing.answer_privately}),
    "rate": Step({"rate": ratings.rate}, stays_open=lambda result: result["outcome"] == "waiting"),
    "review_rating": Step({"review_rating": ratings.review_rating}, desk=ratings.review_desk),
    "accept_assignment": Step({"accept_assignment": distribution.accept_assignment, "hand_back": distribution.hand_back}),
    "decide_hand_back": Step({"decide_hand_back": distribution.decide_hand_back}),
    "submit_answer": Step({"submit_answer": answering.submit_answer}),
    "approve_answer": Step({"approve_answer": answering.approve_answer, "redo_answer": answering.redo_answer}, desk=_approval_desk),
    "endorse_extension": Step({"endorse_extension": extensions.endorse_extension}),
    "decide_extension": Step({"decide_extension": extensions.decide_extension}, desk=extensions.extension_desk),
    "answer_question": Step({"answer_question": questions.answer_question}, goes_on_in=frozenset({Standstill.QUESTION})),
    "object_to_refusal": Step({"object_to_refusal": refusals.object_to_refusal}, goes_on_in=frozenset({Standstill.REFUSED})),
    "decide_objection": Step({"decide_objection": refusals.decide_objection}, goes_on_in=frozenset({Standstill.REFUSED})),
    "resume": Step({"resume": holds.resume}, goes_on_in=frozenset({Standstill.HOLD})),
    "close_referral": Step(
        {"close_referral": referrals.close_referral, "take_back": referrals.take_back}, goes_on_in=frozenset({Standstill.REFERRAL})
    ),
    "decide_withdrawal": Step({"decide_withdrawal": withdrawals.decide_withdrawal}, goes_on_in=PAUSED),
    "clear_text": Step({"clear_text": additions.clear_addition}, goes_on_in=PAUSED),
}

ACTS: Mapping[str, UseCase] = {
    "add_agency": reassignment.add_agency,
    "ask_reporter": questions.ask_reporter,
    "change_lead": reassignment.change_lead,
    "classify": reclassification.reclassify,
    "close_without_answer": reassignment.close_without_answer,
    "correct_publication": corrections.correct_publication,
    "direct": directives.direct,
    "follow": followers.follow,
    "hand_over": quarantine.hand_over,
    "hold": holds.hold,
    "merge": merging.merge,
    "pass_on": centres.pass_on,
    "progress_note": notes.progress_note,
    "publish_interim": publishing.publish_interim,
    "quarantine": quarantine.quarantine,
    "refer": referrals.refer,
    "refuse": refusals.refuse,
    "remind": reminders.remind,
    "remove_agency": reassignment.remove_agency,
    "request_extension": extensions.request_extension,
    "split": merging.split,
    "stop_waiting": questions.stop_waiting,
    "unfollow": followers.unfollow,
    "unpublish": corrections.unpublish,
    "withdraw_report": withdrawals.withdraw_report,
    "write_to_centre": additions.write_to_centre,
}
"""What people may do beside the tokens; the process hears of it by the facts it leaves."""

BINDINGS = Bindings(steps=STEPS, ends={"closed": close}, facts=FACTS, acts=ACTS)
