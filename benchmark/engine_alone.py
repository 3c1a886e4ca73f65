"""The same life through the engine alone: task trees restored, stepped and stored at each wait, without a database."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

from benchmark.life import LEAD, LIFE, OTHER, LifeStep
from workflows import engine
from workflows.clock import engine_clock
from workflows.definitions.process import Definition, parse, shipped_model
from workflows.running.instances import ASSIGNMENT, CASE, FIRST_MESSAGE


def shipped_definition() -> Definition:
    return parse(shipped_model())


@dataclass
class EngineLife:
    """The packed states of one case and its two assignments."""

    definition: Definition
    now: datetime
    states: dict[int | None, bytes] = field(default_factory=dict)
    ended: set[int | None] = field(default_factory=set)

    def timed_steps(self) -> Iterator[tuple[str, float]]:
        """Run the life; yields the name of each step and its seconds. Rating does not move the token."""
        with engine_clock(self.now):
            self._start(None, CASE)
            for step in LIFE:
                if step.element == "rate":
                    continue
                begun = perf_counter()
                self._take(step)
                yield step.name, perf_counter() - begun

    def _take(self, step: LifeStep) -> None:
        self._complete(step.agency, step.element, self._values(step))
        if step.element == "distribute":
            for agency in (LEAD, OTHER):
                self._start(agency, ASSIGNMENT)
        if step.agency is not None and step.agency in self.ended and {LEAD, OTHER} <= self.ended:
            workflow = self._open(None)
            engine.send(workflow, "assignments_finished", {"answered": True})
            self._rest(None, workflow)

    def _values(self, step: LifeStep) -> dict[str, Any]:
        """The values the use case of the step would leave to the gateways."""
        match step.element:
            case "verify" | "accept_assignment":
                return {step.element: "accept"}
            case "classify":
                return {"urgent": False}
            case "approve_answer":
                return {step.element: "redo" if step.act == "redo_answer" else "approve"}
            case "publish":
                return {"has_rater": True, "rating_due_at": (self.now + timedelta(days=8)).isoformat()}
        return {}

    def _start(self, agency: int | None, process_id: str) -> None:
        workflow = engine.new_instance(self.definition.specs[process_id])
        engine.run_to_rest(workflow)
        if engine.waits_for(workflow, FIRST_MESSAGE):
            engine.send(workflow, FIRST_MESSAGE, {})
        self._rest(agency, workflow)

    def _open(self, agency: int | None) -> Any:
        spec = self.definition.specs[CASE if agency is None else ASSIGNMENT]
        return engine.unpack(self.states[agency], spec)

    def _complete(self, agency: int | None, element: str, values: dict[str, Any]) -> None:
        workflow = self._open(agency)
        task = next(each for each in engine.waiting_steps(workflow) if each.task_spec.name == element)
        task.data.update(values)
        task.run()
        self._rest(agency, workflow)

    def _rest(self, agency: int | None, workflow: Any) -> None:
        engine.run_to_rest(workflow)
        self.states[agency] = engine.pack(workflow)
        if workflow.completed:
            self.ended.add(agency)
