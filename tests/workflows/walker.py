"""A simple walker over a model on the real engine: everything that can happen, in every state, with no plan and nothing left out.

It knows nothing of the checks. States are told apart by what waits and by every value conditions could read; each is stored and
restored before it is gone on from. `ways` says whether every state leads to the end.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from random import Random
from typing import Any

import orjson
from SpiffWorkflow.bpmn import BpmnWorkflow

from tests.workflows.raw import NOON
from workflows import engine
from workflows.clock import engine_clock
from workflows.definitions.process import Definition, Element
from workflows.definitions.step_forms import FieldType

OVER = b"over"

VALUES: dict[FieldType, list[Any]] = {
    FieldType.YES_NO: [True, False],
    FieldType.NUMBER: [2, 3, 10, 11],
    FieldType.DATE: ["2026-05-31", "2026-06-01"],
}
OUTCOMES = {
    "verify": ["accept"], "rate": ["dissatisfied"], "review_rating": ["explained", "reopened"],
    "accept_assignment": ["accept", "hand_back"],
    "decide_hand_back": ["release", "keep"], "approve_answer": ["approve", "redo"], "endorse_extension": ["endorse", "decline"],
    "object_to_refusal": ["objected"], "decide_objection": ["dismissed", "upheld"], "close_referral": ["closed", "came_back"],
    "decide_withdrawal": ["granted", "kept"],
}  # fmt: skip
BROUGHT = {"assignments_finished": [{"answered": True}, {"answered": False}], "merge_settled": [{"split": True}, {"split": False}],
           "withdrawal_asked": [{"granted": True}, {"granted": False}]}  # fmt: skip
UNTIL = {"until": "2026-03-09T17:00:00+00:00"}


class Lost(AssertionError):
    """A state nothing leads on from, or that is not the same after it was stored."""


@dataclass
class Ways:
    """What was walked: which state follows which, and whether all of it was."""

    after: dict[bytes, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    acts: int = 0
    is_whole: bool = True

    def hopeless(self) -> set[bytes]:
        """The states from which the end cannot be come to."""
        before: dict[bytes, set[bytes]] = defaultdict(set)
        for state, following in self.after.items():
            for each in following:
                before[each].add(state)
        found, ahead = {OVER}, [OVER]
        while ahead:
            new = before[ahead.pop()] - found
            found |= new
            ahead += new
        return {*self.after, *before} - found


Act = Callable[[BpmnWorkflow], None]


@dataclass(frozen=True)
class Stand:
    """A state at rest: what tells it apart, what is stored of it, and what can happen in it."""

    key: bytes
    state: bytes = b""
    acts: tuple[Act, ...] = ()


class Walker:
    """Walks one process; `only` are the elements whose steps, events and timers are tried (all by default)."""

    def __init__(self, definition: Definition, process_id: str, only: Callable[[str], bool] = lambda _: True) -> None:
        self.definition, self.spec, self.only = definition, definition.specs[process_id], only
        self.elements = {id_: each for id_, each in definition.elements.items() if each.process_id == process_id}

    def everything(self, most: int = 2_000) -> Ways:
        """Try every act in every state, `most` of them; raises Lost."""
        ways = Ways()
        first = self._begun()
        known, ahead = {first.key}, [first]
        while ahead:
            stand = ahead.pop()
            for act in stand.acts:
                if ways.acts == most:
                    ways.is_whole = False
                    return ways
                ways.acts += 1
                following = self._do(stand, act)
                ways.after[stand.key].add(following.key)
                if following.key not in known:
                    known.add(following.key)
                    ahead.append(following)
        return ways

    def at_random(self, rng: Random, most: int = 500) -> int:
        """Go on by lot until the end; returns how many acts it took. Raises Lost after `most`."""
        stand = self._begun()
        for done in range(most):
            if stand.key == OVER:
                return done
            stand = self._do(stand, rng.choice(stand.acts))
        raise Lost(f"not at an end after {most} acts")

    def _begun(self) -> Stand:
        workflow = engine.new_instance(self.spec, self._serve)
        with engine_clock(NOON):
            engine.run_to_rest(workflow)
            if engine.waits_for(workflow, "assigned"):
                engine.send(workflow, "assigned", {})
                engine.run_to_rest(workflow)
        return self._stored(workflow)

    def _serve(self, name: str, _parameters: dict[str, Any]) -> str:
        return orjson.dumps({"closes": True} if name == "end_question" else {}).decode()

    def _do(self, stand: Stand, act: Act) -> Stand:
        workflow = engine.unpack(stand.state, self.spec, self._serve)
        with engine_clock(NOON):
            act(workflow)
            engine.run_to_rest(workflow)
        return self._stored(workflow)

    def _stored(self, workflow: BpmnWorkflow) -> Stand:
        if workflow.completed:
            return Stand(OVER)
        state = engine.pack(workflow)
        restored = engine.unpack(state, self.spec, self._serve)
        if _standing(workflow) != _standing(restored):
            raise Lost("a stored state waits for something else than before")
        acts = tuple(self._acts(restored))
        if not acts:
            raise Lost(f"nothing leads on from {_standing(workflow)}")
        return Stand(self._key(restored), state, acts)

    def _key(self, workflow: BpmnWorkflow) -> bytes:
        # a result or a message that was heard is no value a choice of these models asks for
        values = [(task.task_spec.name, {name: task.data[name] for name in task.data if name in self.elements or name.startswith("asked")})
                  for task in engine.waiting_steps(workflow)]  # fmt: skip
        return orjson.dumps([_standing(workflow), sorted(values, key=str)], option=orjson.OPT_SORT_KEYS)

    def _acts(self, workflow: BpmnWorkflow) -> Iterator[Act]:
        for task in engine.waiting_steps(workflow):
            if self.only(task.task_spec.name):
                for values in self._answers(self.elements[task.task_spec.name]):
                    yield _completed(task.id, values)
        for message in sorted(engine.awaited_messages(workflow)):
            if any(self.only(name) for name in _waiting_for(workflow, message)):
                for brought in BROUGHT.get(message, [UNTIL]):
                    yield _heard(message, brought)
        for task, _ in engine.waiting_timers(workflow):
            if self.only(task.task_spec.name):
                yield _fired(task.id)

    def _answers(self, element: Element) -> Iterator[dict[str, Any]]:
        given: dict[str, list[Any]] = {each.id: VALUES[each.type] for each in element.form.fields if each.type in VALUES}
        given |= {each.id: [choice.id for choice in each.choices] for each in element.form.fields if each.choices}
        if element.form.buttons or element.id in OUTCOMES:
            given[element.id] = [each.id for each in element.form.buttons] or OUTCOMES[element.id]
        if element.id == "publish":
            given |= {"has_rater": [True, False], "rating_due_at": [UNTIL["until"]]}
        for chosen in product(*given.values()):
            yield dict(zip(given, chosen, strict=True))


def _standing(workflow: BpmnWorkflow) -> list[list[str]]:
    steps = sorted(task.task_spec.name for task in engine.waiting_steps(workflow))
    timers = sorted(f"{task.task_spec.name} {due.isoformat()}" for task, due in engine.waiting_timers(workflow))
    return [steps, timers, sorted(engine.awaited_messages(workflow))]


def _waiting_for(workflow: BpmnWorkflow, message: str) -> list[str]:
    waiting = [task for task in workflow.event_manager.tasks.values() if task.state == 8]
    return [task.task_spec.name for task in waiting if any(getattr(each, "name", "") == message for each in engine._waits_for(task))]


def _completed(task_id: Any, values: dict[str, Any]) -> Act:
    def act(workflow: BpmnWorkflow) -> None:
        task = workflow.get_task_from_id(task_id)
        task.data.update(values)
        task.run()

    return act


def _heard(message: str, brought: dict[str, Any]) -> Act:
    return lambda workflow: engine.send(workflow, message, brought)


def _fired(task_id: Any) -> Act:
    return lambda workflow: engine.set_timer(workflow, task_id, NOON)
