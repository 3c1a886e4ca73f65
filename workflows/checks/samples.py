"""Values to try a model with: for each variable, one on either side of every difference a condition makes."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import islice, product
from typing import Any

from workflows.bindings import Bindings
from workflows.checks.diagram import Node, Process
from workflows.checks.graph import Graph
from workflows.definitions.expressions import ExpressionRefused, checked
from workflows.definitions.services import SERVICES
from workflows.definitions.step_forms import variables_of
from workflows.definitions.variables import Type, Variable, Variables

MOST_SAMPLES = 24
"""Combinations of values tried at one place."""


class Samples:
    """The values that steps, messages and services of a process can leave. `now` is the instant they are tried at."""

    def __init__(self, graph: Graph, bindings: Bindings, now: datetime) -> None:
        self.bindings, self.now = bindings, now
        self.constants = _constants(graph.process)
        self.live = _live(graph, {node.id: self._written(node) for node in graph.nodes.values()})

    def of_step(self, node: Node) -> list[dict[str, Any]]:
        """What completing a step can leave, one dict per combination."""
        step = self.bindings.steps.get(node.id)
        variables = step.variables(node.id, node.label) if step else variables_of(node.form, node.id, node.label)
        missing = set() if step else {each.id for each in node.form.fields if not each.is_required}
        return self._choices(variables, "", missing)

    def of_message(self, node: Node) -> list[dict[str, Any]]:
        """What a message can bring to the event that waits for it."""
        fact = self.bindings.facts.get(node.message or "")
        return self._choices(fact.gives if fact else {}, f"{node.message_variable}.", set())

    def of_service(self, name: str, result_variables: Iterable[str]) -> list[dict[str, Any]]:
        """What a service can answer. `result_variables` are the names under which the diagram keeps the result."""
        service = SERVICES.get(name)
        found = [self._choices(service.gives if service else {}, f"{each}.", set()) for each in result_variables]
        return max(found, key=len, default=[{}])

    def _written(self, node: Node) -> set[str]:
        if node.is_step:
            step = self.bindings.steps.get(node.id)
            return set(step.variables(node.id, node.label) if step else variables_of(node.form, node.id, node.label))
        return {name for name in (node.message_variable, node.result_variable) if name}

    def _choices(self, variables: Variables, prefix: str, missing: set[str]) -> list[dict[str, Any]]:
        values = {name: self._values(prefix + name, variable, name in missing) for name, variable in variables.items()}
        return [dict(zip(values, chosen, strict=True)) for chosen in islice(product(*values.values()), MOST_SAMPLES)]

    def _values(self, path: str, variable: Variable, may_be_missing: bool) -> list[Any]:
        if variable.type == Type.RECORD:
            return list(self._choices(variable.members, f"{path}.", set()))
        found = list(_sample(variable, self.constants.get(path, set()), self.now))
        if path not in self.constants:
            return found[:1]
        return [*found, None] if may_be_missing else found


def _sample(variable: Variable, constants: set[Any], now: datetime) -> Iterator[Any]:
    match variable.type:
        case Type.CHOICE:
            yield from (choice.id for choice in variable.choices)
        case Type.BOOLEAN:
            yield from (True, False)
        case Type.NUMBER:
            numbers = {each for each in constants if isinstance(each, int | float) and not isinstance(each, bool)}
            yield from sorted({near for number in numbers for near in (number - 1, number, number + 1)} or {1})
        case Type.DATE:
            days = sorted({day for each in constants for day in _days_around(each)})
            yield from (day.isoformat() for day in days or [now.date()])
        case Type.MOMENT:
            yield (now + timedelta(days=7)).isoformat()
        case _:
            yield from sorted({each for each in constants if isinstance(each, str)} | {"x"})


def _days_around(text: Any) -> list[date]:
    try:
        day = date.fromisoformat(text)
        return [day - timedelta(days=1), day, day + timedelta(days=1)]
    except (TypeError, ValueError, OverflowError):
        return []


# -- what the conditions read ------------------------------------------------------------------------------------------


def _constants(process: Process) -> dict[str, set[Any]]:
    """The values each variable is compared with, by name or `record.member`. Variables read without comparison are keys too."""
    found: dict[str, set[Any]] = defaultdict(set)
    for flow in process.flows.values():
        for node in ast.walk(_tree(flow.condition)):
            for path in _paths(node):
                found[path].update()
            if isinstance(node, ast.Compare):
                sides = [node.left, *node.comparators]
                values = {each.value for side in sides for each in ast.walk(side) if isinstance(each, ast.Constant)}
                for side in sides:
                    for path in _paths(side):
                        found[path] |= values
    return dict(found)


def _tree(text: str | None) -> ast.AST:
    try:
        return checked(text or "None")
    except ExpressionRefused:
        return ast.Constant(None)


def _paths(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name):
            yield name
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(member))):
            yield f"{name}.{member}"
        case ast.Call(args=arguments):
            yield from (path for each in arguments for path in _paths(each))
        case ast.UnaryOp(operand=operand):
            yield from _paths(operand)


def _live(graph: Graph, written: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    """By node the variables whose values still make a difference to a token resting there."""
    read: dict[str, set[str]] = {}
    for node in graph.nodes.values():
        texts = [flow.condition for flow in graph.leaving[node.id] if node.kind == "exclusiveGateway"]
        read[node.id] = {each.id for text in texts for each in ast.walk(_tree(text)) if isinstance(each, ast.Name)}
    live = {node: set(names) for node, names in read.items()}
    is_settled = False
    while not is_settled:
        is_settled = True
        for id_ in graph.nodes:
            after = set[str]().union(*(live[flow.target] for flow in graph.leaving[id_])) - written[id_]
            found = read[id_] | after.union(*(live[event.id] for event in graph.attached[id_]))
            if found != live[id_]:
                live[id_], is_settled = found, False
    return {node: frozenset(names) for node, names in live.items()}
