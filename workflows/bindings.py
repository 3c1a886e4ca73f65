"""The one table between diagram and domain: which use case a step runs, what an end means, what a message may claim."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from casework import answering, distribution, publishing, ratings, triage
from casework.cases import answered_this_round
from casework.models import Assignment, Case
from casework.permissions import Actor

Subject = Case | Assignment

UseCase = Callable[..., dict[str, Any]]
"""`(subject, *, by, now, **form) -> {"outcome": ..., flags the gateways read}`; refuses with a CaseworkError."""


def _never(_result: Mapping[str, Any]) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Step:
    """What a person can do at one user task.

    `acts` by verb; the first is the step's own. `stays_open` says from a use case's result that the step is not over
    (nobody answered the hotline). `desk` may name another inbox than the lane does.
    """

    acts: Mapping[str, UseCase]
    stays_open: Callable[[Mapping[str, Any]], bool] = _never
    desk: Callable[[Any], str | None] | None = None

    @property
    def own_act(self) -> str:
        """The verb meant when a form names none."""
        return next(iter(self.acts))


@dataclass(frozen=True, slots=True)
class Bindings:
    """Steps and ends by element id; facts by message name, asked again at the moment of delivery."""

    steps: Mapping[str, Step]
    ends: Mapping[str, Callable[..., None]] = field(default_factory=dict)
    facts: Mapping[str, Callable[[Case], dict[str, Any] | None]] = field(default_factory=dict)


ASSIGNMENTS_FINISHED = "assignments_finished"


def assignments_finished(case: Case) -> dict[str, Any] | None:
    """Say whether the case may go on: None while an agency owes something, else whether this round brought an answer.

    The join reads the rows of the domain and counts no messages.
    """
    if case.open_assignments:
        return None
    return {"answered": answered_this_round(case)}


def close(case: Case, *, by: Actor, now: datetime) -> None:
    """Close the case when its process has ended: rated or not, and the hotline called where it had to be."""
    if case.closed_at is None:
        ratings.end_rating(case, by=by, now=now)


def _approval_desk(assignment: Assignment) -> str | None:
    return assignment.approval_desk


BINDINGS = Bindings(
    steps={
        "verify": Step({"verify": triage.verify, "refuse": triage.refuse}),
        "classify": Step({"classify": triage.classify}),
        "call_hotline": Step({"call_hotline": triage.call_hotline}, stays_open=lambda result: not result["reached"]),
        "distribute": Step({"distribute": distribution.distribute}),
        "publish": Step({"publish": publishing.publish, "answer_privately": publishing.answer_privately}),
        "rate": Step({"rate": ratings.rate}, stays_open=lambda result: result["outcome"] == "waiting"),
        "review_rating": Step({"review_rating": ratings.review_rating}),
        "accept_assignment": Step({"accept_assignment": distribution.accept_assignment, "hand_back": distribution.hand_back}),
        "decide_hand_back": Step({"decide_hand_back": distribution.decide_hand_back}),
        "submit_answer": Step({"submit_answer": answering.submit_answer}),
        "approve_answer": Step({"approve_answer": answering.approve_answer, "redo_answer": answering.redo_answer}, desk=_approval_desk),
    },
    ends={"closed": close},
    facts={ASSIGNMENTS_FINISHED: assignments_finished},
)
