"""Erases values filled in at drawn steps from the states of a quarantined case's processes, for good."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import select, update

from casework.db import db
from workflows.bindings import Bindings
from workflows.definitions.parsed import definition_of
from workflows.models import Incident, MoveCase, ProcessInstance, ProcessVersion, Scenario
from workflows.packing import compressed, decompressed
from workflows.running.process_variables import content_names
from workflows.versions.past import versions_run

NOTHING = b""
"""Replaces a state that cannot be read and so cannot be cleaned; pages say that it cannot be read, as before."""


def forget_values(instances: Collection[ProcessInstance], bindings: Bindings) -> None:
    """Erase the values from the states of a quarantined case's instances, and from the states stored with its incidents.

    An ended instance loses every value, since nothing reads them any more; one that goes on only those of form fields. Which elements were
    reached stays, so that the diagram can be drawn. A scenario recorded from the case no longer names it; it holds no texts, people or
    dates from it. Repeating this changes nothing.
    """
    own = {each.id: each for each in instances}
    for each in instances:
        each.state = _cleaned(each.state, each, bindings)
    for incident in db.session.scalars(select(Incident).where(Incident.instance_id.in_(own))):
        incident.state_before = _cleaned(incident.state_before, own[incident.instance_id], bindings)
    moves = update(MoveCase).where(MoveCase.case_id.in_({each.case_id for each in instances}))
    # such a case is never brought back
    db.session.execute(moves.values(before=None), execution_options={"synchronize_session": False})
    recorded = update(Scenario).where(Scenario.case_id.in_({each.case_id for each in instances}))
    db.session.execute(recorded.values(case_id=None), execution_options={"synchronize_session": False})
    db.session.flush()


def _cleaned(state: bytes, instance: ProcessInstance, bindings: Bindings) -> bytes:
    names: set[str] | None = None
    if instance.ended_at is None:
        # values filled in under a version the case was moved from are content too
        names = {name for version in versions_run(instance) for name in _fields(version, instance.process_id, bindings)}
    try:
        return without_values(state, names)
    except Exception:  # damaged: its bytes may raise anything, and may still hold a value
        return NOTHING


def _fields(version: ProcessVersion, process_id: str, bindings: Bindings) -> Collection[str]:
    definition = definition_of(version)
    return content_names(definition, process_id, bindings) if process_id in definition.specs else ()


def without_values(state: bytes, names: Collection[str] | None = None) -> bytes:
    """Return a stored task tree without the variables of these names, or without any for None, and then without its timers' instants."""
    tree = decompressed(state)
    tree["data"] = _without(tree["data"], names)
    for task in tree["tasks"].values():
        task["data"] = _without(task["data"], names)
        # the changes a task made to the variables of the one before it
        if "updates" in task["delta"]:
            task["delta"]["updates"] = _without(task["delta"]["updates"], names)
            task["delta"]["deletions"] = [] if names is None else [name for name in task["delta"]["deletions"] if name not in names]
        if names is None:
            task["internal_data"] = {}
    return compressed(tree)


def _without(variables: dict[str, Any], names: Collection[str] | None) -> dict[str, Any]:
    return {} if names is None else {name: value for name, value in variables.items() if name not in names}
