"""Random models: sound ones woven of blocks, and ways of making one unsound with the elements that are then at fault.

A model is drawn from a seed alone. `woven` puts blocks into the ways of the shipped model, which keeps all the rules of the house;
`alone` draws one small process of nothing but blocks, so that each of its states can be visited.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from tests.workflows.drawing import BLANK, Drawing, button
from tests.workflows.drawing import field as form_field
from workflows.definitions.process import BPMN, SPIFF

MOST_ELEMENTS = 40

LANES = {
    "case": ("lane_operator", "lane_ops_lead", "lane_operator_beside", "lane_ops_lead_beside"),
    "assignment": ("lane_officer", "lane_agency_leader", "lane_centre", "lane_extension_leader"),
}
"""Those of staff: no unforeseen step stands in a reporter's lane."""
WAYS = {
    "case": (
        "begin_to_verify", "verify_to_classify", "classify_to_distribute", "distribute_to_again_waiting", "is_answered_to_publish",
        "is_answered_to_distribute", "publish_to_is_rateable", "is_rateable_to_ready_to_close", "is_rateable_to_rate",
        "rate_to_review_rating", "is_reopened_to_distribute", "rating_over_to_ready_to_close", "close_referral_to_is_back",
        "clear_text_to_again_words", "decide_withdrawal_to_is_withdrawn", "object_to_refusal_to_decide_objection",
    ),
    "assignment": (
        "begin_assignment_to_accept_assignment", "is_taken_to_submit_answer", "submit_answer_to_approve_answer",
        "is_approved_to_answered", "is_approved_to_submit_answer", "is_taken_to_decide_hand_back", "endorse_extension_to_is_endorsed",
    ),
}  # fmt: skip
"""Flows blocks may be put into."""
MESSAGES = {"case": ("rest_settled", "hotline_dropped", "stop_waiting"), "assignment": ()}
"""Messages no rule of the house speaks of where they are woven in."""
SERVICE = "end_rating_window"


@dataclass
class Parts:
    """What a model was woven of, by what can be broken about it."""

    steps: list[str] = field(default_factory=list)
    choices: list[tuple[str, str, list[str]]] = field(default_factory=list)
    """Gateway, merge, the conditional flows of one each."""
    joins: list[tuple[str, str]] = field(default_factory=list)
    """Split and join."""
    loops: list[tuple[str, str, str, str]] = field(default_factory=list)
    """Merge, step, gateway, the flow out."""
    timers: list[str] = field(default_factory=list)
    edges: list[tuple[str, str, bool]] = field(default_factory=list)
    """Step, event at its edge, whether it interrupts."""
    services: list[str] = field(default_factory=list)


class RandomModel:
    """A sound model; `drawing` can be written, `parts` says what there is to break."""

    def __init__(self, rng: Random, drawing: Drawing, most: int) -> None:
        self.rng, self.drawing, self.left = rng, drawing, most
        self.process, self.lanes, self.messages = "case", ("lane",), ("ping", "pong")
        self.parts = Parts()
        self.is_beside = False

    def block(self, depth: int = 0) -> tuple[str, str]:
        """Draw a block; returns where it is entered and left. Its two ends have one way in and one way out to be drawn."""
        kinds: list[Callable[[int], tuple[str, str]]] = [self._step, self._guarded, self._service]
        if self.left > 6 and depth < 4:
            kinds += [self._sequence, self._choice, self._loop, self._choice]
        if self.left > 6 and depth < 4 and not self.is_beside:
            kinds += [self._parallel, self._parallel]
        if self.left > 8 and depth < 4 and len(self.messages) > 1:
            kinds.append(self._race)
        return self.rng.choice(kinds)(depth + 1)

    def _node(self, kind: str, **more: object) -> str:
        self.left -= 1
        return self.drawing.node(kind, process=self.process, lane=self.rng.choice(self.lanes), **more)  # type: ignore[arg-type]

    def _step(self, _depth: int = 0) -> tuple[str, str]:
        form = [form_field(self.drawing.fresh("text"), self.rng.choice(["text", "long_text", "photo"]), required=False)]
        step = self._node("userTask", form=form if self.rng.random() < 0.5 else None)
        self.parts.steps.append(step)
        return step, step

    def _service(self, _depth: int = 0) -> tuple[str, str]:
        if self.process == "assignment":
            return self._step()
        service = self._node("serviceTask", service=SERVICE, variable=self.drawing.fresh("result"))
        self.parts.services.append(service)
        return service, service

    def _guarded(self, depth: int = 0) -> tuple[str, str]:
        """A step with an event at its edge: one that ends its waiting and leads on, or one that begins something beside it.

        What is begun beside a step may be begun again by a loop, so nothing is joined in it.
        """
        step, _ = self._step()
        interrupts = self.rng.random() < 0.5
        event = self._node("boundaryEvent", at=step, interrupts=interrupts, **self._event())
        self.parts.edges.append((step, event, interrupts))
        was_beside, self.is_beside = self.is_beside, self.is_beside or not interrupts
        entry, leave = self.block(depth) if self.left > 4 else self._step()
        self.is_beside = was_beside
        self.drawing.flow(event, entry)
        if not interrupts:
            self.drawing.flow(leave, self._node("endEvent"))
            return step, step
        merge = self._node("exclusiveGateway")
        self.drawing.flow(step, merge)
        self.drawing.flow(leave, merge)
        return step, merge

    def _event(self) -> dict[str, object]:
        if self.messages and self.rng.random() < 0.5:
            return {"message": self.rng.choice(self.messages)}
        return {"timer": ("timeDuration", self.rng.choice(['"P1D"', '"PT4H"', '"P2W"']))}

    def _sequence(self, depth: int) -> tuple[str, str]:
        blocks = [self.block(depth) for _ in range(self.rng.randint(2, 3))]
        for (_, leave), (entry, _) in pairwise(blocks):
            self.drawing.flow(leave, entry)
        return blocks[0][0], blocks[-1][1]

    def _choice(self, depth: int) -> tuple[str, str]:
        step, conditions = self._asking()
        gateway, merge = self._node("exclusiveGateway"), self._node("exclusiveGateway")
        self.drawing.flow(step, gateway)
        flows = []
        for number, condition in enumerate(conditions):
            is_default = condition is None
            if self.rng.random() < 0.3 and number:
                flow = self.drawing.flow(gateway, merge, condition, default=is_default)
            else:
                entry, leave = self.block(depth)
                flow = self.drawing.flow(gateway, entry, condition, default=is_default)
                self.drawing.flow(leave, merge)
            if not is_default:
                flows.append(flow)
        self.parts.choices.append((gateway, merge, flows))
        return step, merge

    def _asking(self) -> tuple[str, list[str | None]]:
        """A step and the conditions of a choice after it: together they cover what it can leave, none overlaps."""
        name = self.drawing.fresh("asked")
        match self.rng.randrange(6):
            case 0:
                step = self._node("userTask", form=[button("agree"), button("refuse")])
                conditions: list[str | None] = [f'{step} == "agree"', f'{step} == "refuse"']
            case 1:
                step = self._node("userTask", form=[button("one"), button("two"), button("three")])
                conditions = [f'{step} == "one"', f'{step} in ["two", "three"]']
            case 2:
                step = self._node("userTask", form=[form_field(name, "yes_no")])
                conditions = [name, f"not {name}"]
            case 3:
                step = self._node("userTask", form=[form_field(name, "number")])
                conditions = [f"{name} < 3", f"{name} >= 3 and {name} <= 10", f"{name} > 10"]
            case 4:
                step = self._node("userTask", form=[form_field(name, "choice", choices=["red", "green", "blue"])])
                conditions = [f'{name} == "red"', f'{name} != "red"']
            case _:
                step = self._node("userTask", form=[form_field(name, "date")])
                conditions = [f'{name} < "2026-06-01"', None]
        self.parts.steps.append(step)
        return step, conditions

    def _parallel(self, depth: int) -> tuple[str, str]:
        split, join = self._node("parallelGateway"), self._node("parallelGateway")
        for _ in range(self.rng.choice([2, 2, 3])):
            entry, leave = self.block(depth)
            self.drawing.flow(split, entry)
            self.drawing.flow(leave, join)
        self.parts.joins.append((split, join))
        return split, join

    def _loop(self, depth: int) -> tuple[str, str]:
        merge = self._node("exclusiveGateway")
        entry, leave = self.block(depth)
        step, gateway = self._node("userTask", form=[button("again"), button("done")]), self._node("exclusiveGateway")
        self.parts.steps.append(step)
        after = self._node("exclusiveGateway")
        self.drawing.flow(merge, entry)
        self.drawing.flow(leave, step)
        self.drawing.flow(step, gateway)
        self.drawing.flow(gateway, merge, f'{step} == "again"')
        out = self.drawing.flow(gateway, after, f'{step} == "done"')
        self.parts.loops.append((merge, step, gateway, out))
        return merge, after

    def _race(self, depth: int) -> tuple[str, str]:
        gateway, merge = self._node("eventBasedGateway"), self._node("exclusiveGateway")
        events = [{"message": each} for each in self.rng.sample(self.messages, self.rng.randint(1, 2))]
        if len(events) < 2 or self.rng.random() < 0.5:
            events.append({"timer": ("timeDuration", '"P3D"')})
        for event in events:
            catch = self._node("intermediateCatchEvent", **event)
            if "timer" in event:
                self.parts.timers.append(catch)
            self.drawing.flow(gateway, catch)
            if self.rng.random() < 0.5:
                self.drawing.flow(catch, merge)
            else:
                entry, leave = self.block(depth)
                self.drawing.flow(catch, entry)
                self.drawing.flow(leave, merge)
        return gateway, merge


def alone(rng: Random, most: int = MOST_ELEMENTS) -> RandomModel:
    """One process of nothing but blocks, from its start to one plain end."""
    model = RandomModel(rng, Drawing(BLANK), rng.randint(6, most) - 2)
    start, end = model.drawing.node("startEvent", "begun"), model.drawing.node("endEvent", "over")
    entry, leave = model._sequence(0)
    model.drawing.flow(start, entry)
    model.drawing.flow(leave, end)
    return model


def woven(rng: Random, most: int = MOST_ELEMENTS) -> RandomModel:
    """The shipped model with blocks in some of its ways."""
    model = RandomModel(rng, Drawing(), rng.randint(4, most))
    while model.left > 2:
        model.process = rng.choice(["case", "case", "assignment"])
        model.lanes, model.messages = LANES[model.process], MESSAGES[model.process]
        entry, leave = model.block()
        model.drawing.between(rng.choice(WAYS[model.process]), entry, leave)
    return model


# -- what makes a model unsound ----------------------------------------------------------------------------------------

Fault = Callable[[RandomModel], "set[str] | None"]
"""Breaks a model; returns the elements at which a finding may tell of it, None when this model has nothing to break so."""


def _choice_merged_by_join(model: RandomModel) -> set[str] | None:
    if not model.parts.choices:
        return None
    _, merge, _ = model.rng.choice(model.parts.choices)
    _retag(model, merge, "parallelGateway")
    return {merge}


def _parallel_merged_by_choice(model: RandomModel) -> set[str] | None:
    if not model.parts.joins:
        return None
    _, join = model.rng.choice(model.parts.joins)
    _retag(model, join, "exclusiveGateway")
    _step_after(model, join)
    return {join}


def _loop_entered_by_join(model: RandomModel) -> set[str] | None:
    if not model.parts.loops:
        return None
    merge, _, _, _ = model.rng.choice(model.parts.loops)
    _retag(model, merge, "parallelGateway")
    return {merge}


def _flow_dropped(model: RandomModel) -> set[str] | None:
    step = model.rng.choice([*model.parts.steps, *model.parts.services])
    _, flow = _way_out(model, step)
    target = model.drawing.find(flow).get("targetRef")
    model.drawing.drop(flow)
    return {step, target}


def _dead_end(model: RandomModel) -> set[str] | None:
    if not model.parts.choices:
        return None
    _, _, flows = model.rng.choice(model.parts.choices)
    step = model._node("userTask")
    model.drawing.lead(model.rng.choice(flows), target=step)
    return {step}


def _nothing_leads_there(model: RandomModel) -> set[str] | None:
    step = model._node("userTask")
    model.drawing.flow(step, model.drawing.node("endEvent", process=model.process))
    return {step}


def _condition_uncovered(model: RandomModel) -> set[str] | None:
    if not model.parts.choices:
        return None
    gateway, _, flows = model.rng.choice(model.parts.choices)
    if model.drawing.find(gateway).get("default"):
        return None
    flow = model.rng.choice(flows)
    condition = model.drawing.find(flow).find(BPMN + "conditionExpression")
    condition.text = f"({condition.text}) and 1 == 2"
    return {gateway, flow}


def _variable_undeclared(model: RandomModel) -> set[str] | None:
    if not model.parts.choices:
        return None
    gateway, _, flows = model.rng.choice(model.parts.choices)
    flow = model.rng.choice(flows)
    condition = model.drawing.find(flow).find(BPMN + "conditionExpression")
    condition.text = "nobody_declared_it"
    return {gateway, flow}


def _beside_joins_the_way(model: RandomModel) -> set[str] | None:
    """What an event began beside a step comes back into the way of the step itself."""
    if not model.parts.steps:
        return None
    step = model.rng.choice(model.parts.steps)
    process, flow = _way_out(model, step)
    merge = model.drawing.node("exclusiveGateway", process=process)
    model.drawing.between(flow, merge, merge)
    _step_after(model, merge)
    event = model.drawing.node("boundaryEvent", at=step, process=process, interrupts=False, timer=("timeDuration", '"P1D"'))
    model.drawing.flow(event, merge)
    return {merge}


def _branch_never_joins(model: RandomModel) -> set[str] | None:
    """An event takes one branch of several to an end of its own."""
    if not model.parts.joins:
        return None
    split, join = model.rng.choice(model.parts.joins)
    process, flow = _way_out(model, split)
    step, end = model.drawing.node("userTask", process=process), model.drawing.node("endEvent", process=process)
    model.drawing.between(flow, step, step)
    event = model.drawing.node("boundaryEvent", at=step, process=process, timer=("timeDuration", '"P1D"'))
    model.drawing.flow(event, end)
    return {join}


def _loop_without_a_person(model: RandomModel) -> set[str] | None:
    if not model.parts.steps:
        return None
    process, flow = _way_out(model, model.rng.choice(model.parts.steps))
    gateway, back = (model.drawing.node("exclusiveGateway", process=process) for _ in range(2))
    model.drawing.between(flow, back, gateway)
    _, onward = _way_out(model, gateway)
    model.drawing.find(gateway).set("default", onward)
    return {gateway, back, onward, model.drawing.flow(back, gateway), model.drawing.flow(gateway, back, "1 == 1")}


def _second_start(model: RandomModel) -> set[str] | None:
    start = model.drawing.node("startEvent", process=model.process)
    step = model._node("userTask")
    model.drawing.flow(start, step)
    model.drawing.flow(step, model.drawing.node("endEvent", process=model.process))
    return {start, model.process, step}


def _timer_mistyped(model: RandomModel) -> set[str] | None:
    if not model.parts.timers:
        return None
    event = model.rng.choice(model.parts.timers)
    model.drawing.find(event).find(f"{BPMN}timerEventDefinition/*").text = model.rng.choice(["P3D", '"P3X"', '"-P1D"', '""'])
    return {event}


def _service_unknown(model: RandomModel) -> set[str] | None:
    if not model.parts.services:
        return None
    service = model.rng.choice(model.parts.services)
    next(model.drawing.find(service).iter(SPIFF + "serviceTaskOperator")).set("id", "send_money")
    return {service}


def _step_after(model: RandomModel, node: str) -> None:
    """Two tokens that an end takes one after the other do no harm."""
    process, flow = _way_out(model, node)
    step = model.drawing.node("userTask", process=process)
    model.drawing.between(flow, step, step)


def _way_out(model: RandomModel, node: str) -> tuple[str, str]:
    """The process a node stands in and the first flow out of it."""
    flow = next(each for each in model.drawing.root.iter(BPMN + "sequenceFlow") if each.get("sourceRef") == node)
    return flow.getparent().get("id"), flow.get("id")


def _retag(model: RandomModel, node: str, kind: str) -> None:
    model.drawing.find(node).tag = BPMN + kind


NET_FAULTS: dict[str, Fault] = {
    "a choice merged by a parallel join": _choice_merged_by_join,
    "parallel branches merged by a choice": _parallel_merged_by_choice,
    "a loop entered through a join": _loop_entered_by_join,
    "what began beside joins the way": _beside_joins_the_way,
    "a branch that may never join": _branch_never_joins,
    "a loop without a person": _loop_without_a_person,
}
"""Faults the net alone shows."""

DRAWN_FAULTS: dict[str, Fault] = {
    "a flow dropped": _flow_dropped,
    "a dead end": _dead_end,
    "a step nothing leads to": _nothing_leads_there,
    "a condition that leaves values out": _condition_uncovered,
    "an undeclared variable": _variable_undeclared,
    "a second start": _second_start,
    "a mistyped timer": _timer_mistyped,
    "an unknown service": _service_unknown,
}
"""Faults of the drawing and of what its parts say."""


def _obligatory(change: Callable[[Drawing], set[str]]) -> Fault:
    return lambda model: change(model.drawing)


def _without(element: str, process: str, *around: str) -> Fault:
    """`around` are the elements that mean nothing without it."""

    def change(drawing: Drawing) -> set[str]:
        drawing.bridge(element)
        return {process, *around}

    return _obligatory(change)


def _plain(end: str) -> Fault:
    def change(drawing: Drawing) -> set[str]:
        drawing.drop(f"{end}_terminate")
        return {end}

    return _obligatory(change)


def _to_lane(step: str, lane: str) -> Fault:
    def change(drawing: Drawing) -> set[str]:
        drawing.to_lane(step, lane)
        return {step}

    return _obligatory(change)


RULE_FAULTS: dict[str, Fault] = {
    "nobody listens for a hold": _without("held", "case", "again_hold", "hold_over"),
    "nobody listens for a removal": _without("assignment_ended", "assignment"),
    "no leader approves": _without("approve_answer", "assignment"),
    "nobody may rate": _without("rate", "case", "close_rating"),
    "an end that ends too little": _plain("closed"),
    "an officer approves": _to_lane("approve_answer", "lane_officer"),
    "a reporter is given a step of the staff": _to_lane("publish", "lane_reporter"),
}
"""Faults against the rules of the house, in models woven into the shipped one."""
