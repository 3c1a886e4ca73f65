"""Stored task trees that are only looked at: restored once for a page or a unit of work, however many of its parts look."""

from SpiffWorkflow.bpmn import BpmnWorkflow

from casework.db import kept_for_step
from workflows import engine
from workflows.definitions.parsed import definition_of
from workflows.models import ProcessVersion


def tree_to_read(state: bytes, process_id: str, version: ProcessVersion) -> BpmnWorkflow:
    """Return the task tree of a stored state. Change nothing in it, since others look at the same one; to run it, use `engine.unpack`.

    It is kept under the state itself, so whoever asks after a change or a rollback gets the tree of what is stored then. Raises whatever
    damaged bytes make the engine raise.
    """
    kept, key = kept_for_step(), ("tree", state, process_id, version.id)
    if key not in kept:
        kept[key] = engine.unpack(state, definition_of(version).specs[process_id])
    workflow: BpmnWorkflow = kept[key]
    return workflow
