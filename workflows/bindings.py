"""The one table between diagram and domain: what a step, an act beside the tokens, an end and a message mean."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from casework import followers
from casework.answers import acts as answering
from casework.assignments import distribution, extensions, hand_backs, reassignment
from casework.bilingual import Bilingual
from casework.clocks import reminders
from casework.documents import apologies
from casework.doors.links import sending as links
from casework.doors.links import taking_up
from casework.erasure import quarantine
from casework.intake import pass_on as centres
from casework.merging import merge as merging
from casework.models import Assignment, Case
from casework.notes import directives, notes
from casework.parting import acts as parting
from casework.pausing import additions, holds, questions, referrals, withdrawals
from casework.permissions import Actor
from casework.publishing import acts as publishing
from casework.publishing import corrections, ratings
from casework.states import Standstill
from casework.triage import acts as triage
from casework.triage import hotline, reclassification, refusals
from casework.verbs import UseCase, acts
from workflows.definitions.variables import Choice, Type, Variable, Variables, flag, moment, number
from workflows.facts import FACTS, Fact
from workflows.outcomes import OUTCOMES

OTHER_THAN = "other_than"
"""Names another step of the same process: who did that one may not do this one."""

OF_THE_PAUSE = "pause"
"""Written at a step in the place of a clock: its limit is the end of the pause."""

Subject = Case | Assignment

PAUSED = frozenset({Standstill.QUESTION, Standstill.HOLD, Standstill.REFERRAL})


def _never(_result: Mapping[str, Any]) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Step:
    """What a person can do at one user task.

    `acts` by verb; the first is the step's own. `stays_open` says from a use case's result that the step is not over
    (nobody answered the hotline). `desk` may name another inbox than the lane does, by the case or the agency's work as it stands at a
    moment. `goes_on_in` are the standstills of a case in which the step can be done all the same. `outcomes` and `gives` are what it
    leaves to the conditions after it, under its own name and under theirs; `process_id` is where it may stand.
    """

    acts: Mapping[str, UseCase]
    stays_open: Callable[[Mapping[str, Any]], bool] = _never
    desk: Callable[[Any, datetime], str | None] | None = None
    goes_on_in: frozenset[Standstill] = frozenset()
    outcomes: tuple[str, ...] = ()
    gives: Variables = field(default_factory=dict)
    process_id: str = "case"

    @property
    def own_act(self) -> str:
        """The verb meant when a form names none."""
        return next(iter(self.acts))

    def variables(self, element_id: str, label: Bilingual) -> dict[str, Variable]:
        """Return what the step leaves to conditions, by name."""
        choices = tuple(Choice(outcome, OUTCOMES[outcome]) for outcome in self.outcomes)
        own = {element_id: Variable(Type.CHOICE, label, choices)} if choices else {}
        return {**own, **self.gives}


@dataclass(frozen=True, slots=True)
class Bindings:
    """Steps and ends by element id, acts beside the tokens by verb, facts by message name.

    `needs` and `may_need` say by verb which messages a model must wait for if the act is to be heard: always, or only where the
    act makes their facts hold.
    """

    steps: Mapping[str, Step]
    ends: Mapping[str, Callable[..., None]] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)
    acts: Mapping[str, UseCase] = field(default_factory=dict)
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    may_need: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def close(case: Case, *, by: Actor, now: datetime) -> None:
    """Close the case when its process has ended: rated or not, and the hotline called where it had to be."""
    if case.closed_at is None:
        ratings.end_rating(case, by=by, now=now)


def _approval_desk(assignment: Assignment, _now: datetime) -> str | None:
    return assignment.approval_desk


ASSIGNMENT = "assignment"

STEPS = {
    "verify": Step(
        {"verify": triage.verify, "refuse": refusals.refuse},
        stays_open=lambda result: result["outcome"] == "refuse",
        outcomes=("accept",),
    ),
    "classify": Step({"classify": triage.classify}, gives={"urgent": flag("Khẩn cấp", "Urgent")}),
    "call_hotline": Step(
        {"call_hotline": hotline.call_hotline},
        stays_open=lambda result: not result["reached"],
        gives={"reached": flag("Đã liên lạc được", "Somebody was reached")},
    ),
    "distribute": Step({"distribute": distribution.distribute}, gives={"agencies": number("Số đơn vị", "Number of agencies")}),
    "publish": Step(
        {"publish": publishing.publish, "answer_privately": publishing.answer_privately},
        gives={
            "has_rater": flag("Có người đánh giá", "Somebody can rate it"),
            "rating_due_at": moment("Hết hạn đánh giá", "End of the time for ratings"),
        },
    ),
    "rate": Step(
        {"rate": ratings.rate}, stays_open=lambda result: result["outcome"] == "waiting", outcomes=("dissatisfied",)
    ),
    "review_rating": Step({"review_rating": ratings.review_rating}, desk=ratings.review_desk, outcomes=("explained", "reopened")),
    "accept_assignment": Step(
        {"accept_assignment": distribution.accept_assignment, "hand_back": hand_backs.hand_back},
        outcomes=("accept", "hand_back"),
        process_id=ASSIGNMENT,
    ),
    "decide_hand_back": Step(
        {"decide_hand_back": hand_backs.decide_hand_back}, outcomes=("release", "keep"), process_id=ASSIGNMENT
    ),
    "submit_answer": Step({"submit_answer": answering.submit_answer}, process_id=ASSIGNMENT),
    "approve_answer": Step(
        {"approve_answer": answering.approve_answer, "redo_answer": answering.redo_answer},
        desk=_approval_desk,
        outcomes=("approve", "redo"),
        process_id=ASSIGNMENT,
    ),
    "endorse_extension": Step(
        {"endorse_extension": extensions.endorse_extension},
        desk=extensions.endorsing_desk,
        outcomes=("endorse", "decline"),
        process_id=ASSIGNMENT,
    ),
    "decide_extension": Step(
        {"decide_extension": extensions.decide_extension},
        desk=extensions.extension_desk,
        outcomes=("grant", "deny"),
        process_id=ASSIGNMENT,
    ),
    "answer_question": Step(
        {"answer_question": questions.answer_question}, goes_on_in=frozenset({Standstill.QUESTION}), outcomes=("answered",)
    ),
    "object_to_refusal": Step(
        {"object_to_refusal": refusals.object_to_refusal}, goes_on_in=frozenset({Standstill.REFUSED}), outcomes=("objected",)
    ),
    "decide_objection": Step(
        {"decide_objection": refusals.decide_objection},
        desk=refusals.objection_desk,
        goes_on_in=frozenset({Standstill.REFUSED}),
        outcomes=("dismissed", "upheld"),
    ),
    "resume": Step({"resume": holds.resume}, goes_on_in=frozenset({Standstill.HOLD}), outcomes=("resumed",)),
    "close_referral": Step(
        {"close_referral": referrals.close_referral, "take_back": referrals.take_back},
        goes_on_in=frozenset({Standstill.REFERRAL}),
        outcomes=("closed", "came_back"),
    ),
    "decide_withdrawal": Step({"decide_withdrawal": withdrawals.decide_withdrawal}, goes_on_in=PAUSED, outcomes=("granted", "kept")),
    "clear_text": Step(
        {"clear_text": additions.clear_addition},
        goes_on_in=PAUSED,
        outcomes=("read",),
        gives={"left": number("Còn chưa đọc", "Not read yet")},
    ),
}

WITH_ACTS = (
    followers, reassignment, extensions, reminders, apologies, quarantine, centres, merging, directives, notes, parting, additions, holds,
    questions, referrals, links, taking_up, withdrawals, publishing, corrections, reclassification, refusals,
)  # fmt: skip
"""The modules whose rows are read next: one that is not imported here has no act."""

ACTS: Mapping[str, UseCase] = {verb.name: cast(UseCase, verb.use_case) for verb in acts()}
"""What people may do beside the tokens (casework/verbs.py); the process hears of it by the facts it leaves."""

NEEDS: Mapping[str, tuple[str, ...]] = {verb.name: verb.needs for verb in acts() if verb.needs}
"""By verb, the messages a model must wait for. Quarantine needs none: what does not hear of it is ended where it stands."""

MAY_NEED: Mapping[str, tuple[str, ...]] = {verb.name: verb.may_need for verb in acts() if verb.may_need}
"""The same, where it depends on what is chosen and on where the case stands."""

BINDINGS = Bindings(steps=STEPS, ends={"closed": close}, facts=FACTS, acts=ACTS, needs=NEEDS, may_need=MAY_NEED)
