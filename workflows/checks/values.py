"""The variables of a process: which its nodes leave, and which are surely set when a token arrives at a node."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from casework.bilingual import Bilingual
from workflows.bindings import Bindings
from workflows.checks.diagram import Node, Process
from workflows.checks.graph import Graph, graph_of
from workflows.definitions.services import SERVICES
from workflows.definitions.step_forms import variables_of
from workflows.definitions.variables import Type, Variable


@dataclass(frozen=True, slots=True)
class Known:
    """One variable of a process. `may_be_empty`: an optional field, which is None when left empty. A number lies within its bounds."""

    variable: Variable
    may_be_empty: bool = False
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Values:
    """The variables of one process by name, and the names surely set when a token arrives at a node, before the node adds its own."""

    known: Mapping[str, Known]
    sure: Mapping[str, frozenset[str]]


def values_of(process: Process, bindings: Bindings) -> Values:
    """Work out both. If two nodes declare the same name, the first in the file counts; a difference is another check's finding."""
    known: dict[str, Known] = {}
    gives = {node.id: given_by(node, bindings) for node in process.nodes.values()}
    for given in gives.values():
        for name, each in given.items():
            known.setdefault(name, each)
    return Values(known, _surely(graph_of(process), {id_: frozenset(given) for id_, given in gives.items()}, frozenset(known)))


def given_by(node: Node, bindings: Bindings) -> dict[str, Known]:
    """The variables a node leaves to what comes after it."""
    if node.is_step and node.id in bindings.steps:
        return {name: Known(variable) for name, variable in bindings.steps[node.id].variables(node.id, node.label).items()}
    if node.is_step:
        fields = {field.id: field for field in node.form.fields}
        return {
            name: Known(variable, not fields[name].is_required, fields[name].minimum, fields[name].maximum)
            if name in fields
            else Known(variable)
            for name, variable in variables_of(node.form, node.id, node.label).items()
        }
    return {name: Known(variable) for name, variable in _records(node, bindings)}


def _records(node: Node, bindings: Bindings) -> Iterator[tuple[str, Variable]]:
    fact = bindings.facts.get(node.message or "")
    if node.message_variable and fact is not None:
        yield node.message_variable, Variable(Type.RECORD, fact.label, members=fact.gives)
    service = SERVICES.get(node.service or "")
    if node.result_variable and service is not None:
        yield node.result_variable, Variable(Type.RECORD, service.label, members=service.gives)


def _surely(graph: Graph, gives: Mapping[str, frozenset[str]], everything: frozenset[str]) -> dict[str, frozenset[str]]:
    """The greatest solution: a parallel join knows what any branch brings, every other node what all ways to it bring.

    A boundary event knows what was known when its step began, since the step may not have been done.
    """
    starts = {node.id for node in graph.process.starts}
    before = {id_: frozenset() if id_ in starts else everything for id_ in graph.nodes}
    waiting = list(graph.nodes)
    while waiting:
        id_ = waiting.pop(0)
        node = graph.nodes[id_]
        if node.attached_to:
            brought = [before[host] for host in graph.before(id_)]
        else:
            brought = [before[flow.source] | gives[flow.source] for flow in graph.entering[id_]]
        if not brought or id_ in starts:
            continue
        new = frozenset.union(*brought) if node.kind == "parallelGateway" else frozenset.intersection(*brought)
        if new != before[id_]:
            before[id_] = new
            waiting += [each for each in graph.after(id_) if each not in waiting]
    return before


def words_for(name: str, known: Known) -> Bilingual:
    """The name people read for a variable, in quotes."""
    label = known.variable.label
    return Bilingual(f"“{label.vi or name}”", f"“{label.en or label.vi or name}”")
