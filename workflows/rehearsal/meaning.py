"""Replaces values by others that make no difference to any condition of the models."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from workflows.checks.graph import Graph
from workflows.definitions.expressions import ExpressionRefused, checked, evaluate
from workflows.definitions.variables import Type, Variable


class ConditionMeaning:
    """The conditions of one process, in one or several models, split into parts and indexed by the variable each reads."""

    def __init__(self, graphs: Iterable[Graph], now: datetime) -> None:
        self.now = now
        self._asked: dict[str, list[str]] = defaultdict(list)
        self._together: set[str] = set()
        self._constants: dict[str, set[Any]] = defaultdict(set)
        self._known: dict[tuple[str, str], Any] = {}
        for graph in graphs:
            for flow in graph.process.flows.values():
                for atom in _atoms(_tree(flow.condition)):
                    self._note(atom)

    def _note(self, atom: ast.expr) -> None:
        paths = set(_paths(atom))
        if len(paths) > 1:
            self._together |= paths
        for path in paths:
            text = ast.unparse(atom)
            if len(paths) == 1 and text not in self._asked[path]:
                self._asked[path].append(text)
            self._constants[path] |= {each.value for each in ast.walk(atom) if isinstance(each, ast.Constant)}

    def reads(self, path: str) -> bool:
        """Whether some condition reads it."""
        return path in self._asked or path in self._together

    def same_way(self, path: str, variable: Variable, value: Any) -> Any:
        """Return the first candidate for which all conditions give the same answers; the value itself if there is none, or if a condition
        reads it together with another variable.

        A moment always gets the same replacement, since no condition compares moments.
        """
        if value is None:
            return None
        if variable.type == Type.RECORD:
            members = value if isinstance(value, dict) else {}
            return {name: self.same_way(f"{path}.{name}", each, members.get(name)) for name, each in variable.members.items()}
        sign = path, repr(value)
        if sign not in self._known:
            self._known[sign] = self._found(path, variable, value)
        return self._known[sign]

    def _found(self, path: str, variable: Variable, value: Any) -> Any:
        candidates = list(self._candidates(path, variable))
        if variable.type == Type.MOMENT or not self.reads(path):
            return candidates[0] if candidates else value
        if path in self._together:
            return value
        meant = self._answers(path, value)
        return next((each for each in candidates if self._answers(path, each) == meant), value)

    def _answers(self, path: str, value: Any) -> list[Any]:
        record, _, member = path.partition(".")
        variables = {record: {member: value} if member else value}
        return [_answer(text, variables) for text in self._asked[path]]

    def _candidates(self, path: str, variable: Variable) -> Iterator[Any]:
        constants = self._constants.get(path, set())
        match variable.type:
            case Type.CHOICE:
                yield from (choice.id for choice in variable.choices)
            case Type.BOOLEAN:
                yield from (True, False)
            case Type.NUMBER:
                yield from _numbers(constants)
            case Type.DATE:
                yield from _days(constants, self.now)
            case Type.MOMENT:
                yield (self.now + timedelta(days=7)).isoformat()
            case _:
                yield from sorted({each for each in constants if isinstance(each, str)} | {"x"})


def _numbers(constants: set[Any]) -> Iterator[float]:
    numbers = sorted(each for each in constants if isinstance(each, int | float) and not isinstance(each, bool))
    yield from sorted({near for number in numbers for near in (number - 1, number, number + 1)} or {1})
    yield from ((low + high) / 2 for low, high in pairwise(numbers))


def _days(constants: set[Any], now: datetime) -> Iterator[str]:
    found: set[date] = set()
    for each in constants:
        try:
            day = date.fromisoformat(each)
            found |= {day - timedelta(days=1), day, day + timedelta(days=1)}
        except (TypeError, ValueError, OverflowError):
            continue
    yield from (day.isoformat() for day in sorted(found) or [now.date()])


def _answer(text: str, variables: dict[str, Any]) -> Any:
    try:
        return evaluate(text, variables)
    except (ExpressionRefused, TypeError):
        return "refused"


def _tree(text: str | None) -> ast.expr:
    try:
        return checked(text or "None")
    except ExpressionRefused:
        return ast.Constant(None)


def _atoms(node: ast.expr) -> Iterator[ast.expr]:
    """The parts of a condition that are evaluated separately."""
    match node:
        case ast.BoolOp(values=values):
            for each in values:
                yield from _atoms(each)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from _atoms(operand)
        case _:
            yield node


def _paths(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(member))):
            yield f"{name}.{member}"
        case ast.Name(id=name):
            yield name
        case ast.Call(func=ast.Name(id="defined"), args=[ast.Constant(value=str(name))]):
            yield name
        case ast.Call(args=arguments):
            for each in arguments:
                yield from _paths(each)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _paths(child)
