"""Steps an organisation has drawn before one of the software's own: whether a case that needs them no more may be taken past them.

That is so where nothing ahead reads what they give, and no second look at somebody's work is among them.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casework.bilingual import Bilingual
from workflows.bindings import Bindings
from workflows.checks.diagram import Node, processes_of
from workflows.checks.graph import Graph, graph_of
from workflows.checks.values import given_by
from workflows.clock import engine_clock
from workflows.definitions.cache import LruCache
from workflows.definitions.expressions import ExpressionRefused, names_in
from workflows.definitions.parsed import definition_of
from workflows.definitions.process import Definition, read_xml
from workflows.running.instances import CASE, CaseProcess
from workflows.running.token_moves import set_token, targets_of, tokens_at_rest

OTHER_THAN = "other_than"
PASSED = frozenset({"userTask", "manualTask", "exclusiveGateway", "boundaryEvent"})
"""What lies between may be of these kinds alone: nothing happens by itself there."""


@dataclass(frozen=True, slots=True)
class Passed:
    """The step a token has left, and the labels of it and of the one at which it arrived."""

    element: str
    left: Bilingual
    came_to: Bilingual


_graphs: LruCache[str, Graph] = LruCache(24)


class OwnStepsBetween(Exception):
    """The case cannot be taken past what its model has before the step; `where` is the label of what it stops at."""

    def __init__(self, where: Bilingual) -> None:
        self.where = where
        super().__init__(where.en)


def set_before(process: CaseProcess, element: str, *, done: Collection[str], now: datetime, bindings: Bindings) -> Passed | None:
    """Let the token of a locked case that rests at an organisation's own step arrive at a step of the software further on its line.

    `done` are the software's steps the case has passed. Returns what it has left and where it came; None where none of its tokens can
    come there, which leaves everything as it is. Raises OwnStepsBetween where it may not be taken past what lies between.
    """
    instance = process.instance_of(None)
    if instance is None or instance.status != "running":
        return None
    definition, workflow = definition_of(instance.process_version), process.open(instance)
    resting = [task for task in tokens_at_rest(workflow, definition) if task.task_spec.name not in bindings.steps]
    there = [task for task in resting if element in targets_of(task.task_spec.name, CASE, definition)]
    if len(there) != 1:
        return None
    source = there[0].task_spec.name
    if (stops := _stops_at(definition, source, element, done, bindings)) is not None:
        raise OwnStepsBetween(stops)
    with engine_clock(now):
        set_token(workflow, there[0].id, element)
    process.settle()
    return Passed(source, definition.elements[source].label, definition.elements[element].label)


def _stops_at(definition: Definition, source: str, element: str, done: Collection[str], bindings: Bindings) -> Bilingual | None:
    """The label of the first thing between two elements, the first included, that a case must not be taken past."""
    graph = _graphs.get(definition.sha256, lambda: graph_of(processes_of(read_xml(definition.xml))[CASE]))
    onward = graph.reach([source], lambda node: () if node == element else graph.after(node))
    between = (onward & graph.reach([element], graph.before)) - {element}
    left = set(graph.nodes) - between
    read = {name for node in left for name in _reads(graph, node)}
    for node in (graph.nodes[each] for each in sorted(between, key=lambda each: (each != source, each))):
        is_owed = node.id in bindings.steps and node.id not in done
        if node.kind not in PASSED or is_owed or OTHER_THAN in node.properties or set(given_by(node, bindings)) & read:
            return node.called
    return None


def _reads(graph: Graph, node_id: str) -> Iterator[str]:
    """The values that are read at a node, on the flows that leave it, and by who may do it."""
    node: Node = graph.nodes[node_id]
    texts: list[Any] = [flow.condition for flow in graph.leaving[node_id]]
    texts += [*node.parameters.values(), node.timer[1] if node.timer else ""]
    yield from str(node.properties.get(OTHER_THAN, "")).split()
    for text in filter(None, texts):
        try:
            yield from names_in(text)
        except ExpressionRefused:
            continue
