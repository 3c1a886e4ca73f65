"""The bare engine over the shipped model, saved and restored at every rest: no database, no use cases."""

from datetime import UTC, datetime
from typing import Any

from SpiffWorkflow.bpmn import BpmnWorkflow

from workflows import engine
from workflows.clock import engine_clock
from workflows.definitions.process import Definition, definitions, digest_of, shipped_model

NOON = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


def shipped() -> Definition:
    xml = shipped_model()
    return definitions.get(digest_of(xml), xml)


def no_service(_name: str, _parameters: dict[str, Any]) -> str:
    """What a service task calls here: nothing happens, and nothing comes of it."""
    return "{}"


class Run:
    """One instance; `sizes` are its stored bytes at each rest."""

    def __init__(self, process_id: str, definition: Definition | None = None, now: datetime = NOON) -> None:
        self.definition = definition or shipped()
        self.spec = self.definition.specs[process_id]
        self.now = now
        self.sizes: list[int] = []
        self.workflow: BpmnWorkflow = engine.new_instance(self.spec, no_service)
        self.rest()
        if engine.waits_for(self.workflow, "assigned"):
            self.send("assigned")

    def rest(self) -> None:
        with engine_clock(self.now):
            engine.run_to_rest(self.workflow)
        state = engine.pack(self.workflow)
        self.sizes.append(len(state))
        self.workflow = engine.unpack(state, self.spec, no_service)

    def do(self, element: str, outcome: str | None = None, **flags: Any) -> list[str]:
        task = next(task for task in engine.waiting_steps(self.workflow) if task.task_spec.name == element)
        task.data.update(flags | ({element: outcome} if outcome else {}))
        with engine_clock(self.now):
            task.run()
        self.rest()
        return self.waiting

    def send(self, message: str, **payload: Any) -> list[str]:
        with engine_clock(self.now):
            engine.send(self.workflow, message, payload)
        self.rest()
        return self.waiting

    @property
    def waiting(self) -> list[str]:
        return sorted(task.task_spec.name for task in engine.waiting_steps(self.workflow))
