"""From rows to acts: what must have happened in a process for exactly its steps to have waited and been done when they were.

The rows say when each step began to wait, when and how it was done or withdrawn, and which timers fired. What events heard and what steps
left to conditions is found by searching the automaton: of everything possible, whatever makes the same steps wait. Values the task tree
still has are tried first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import orjson

from casework.bilingual import Bilingual
from casework.errors import CaseworkError
from workflows.definitions.step_forms import variables_of
from workflows.definitions.variables import Type
from workflows.rehearsal.automaton import Automaton, DoesNotRun
from workflows.rehearsal.lives import CASE, CaseLife, PassedStep, PassedTimer, ProcessLife
from workflows.rehearsal.meaning import ConditionMeaning
from workflows.rehearsal.states import Act, Enabled, Kind, Move, State

MOST_TRIED = 4_000
"""Moves tried to find the way of one process."""
MOST_HEARD = 4
"""Messages heard at one instant."""

BEGIN = "begin"
"""In place of an act: an agency's process begins."""


class NotTraced(CaseworkError):
    """The rows of a case do not fit its model: it was repaired by hand, moved, or its record is damaged."""


@dataclass(frozen=True, slots=True)
class Traced:
    """One act of one process. `act` is None where the process begins; `state` is where it rested afterwards."""

    process: str
    act: Act | None
    at: float
    state: State


def trace_case(life: CaseLife, automaton: Automaton, meanings: Mapping[str, ConditionMeaning]) -> list[Traced]:
    """Return the acts of a case and its agencies in the order they happened. Raises NotTraced."""
    ways = [trace(each, automaton, meanings[each.process_id]) for each in life.processes]
    return _merged(ways)


def trace(life: ProcessLife, automaton: Automaton, meaning: ConditionMeaning) -> list[Traced]:
    """Return the acts of one process, its beginning first. Raises NotTraced."""
    return _Tracer(life, automaton, meaning).traced()


def _merged(ways: list[list[Traced]]) -> list[Traced]:
    """Merge the ways by time; at one instant steps and timers come before beginnings, and those before messages heard."""
    ahead = [list(reversed(way)) for way in ways]
    merged: list[Traced] = []
    while any(ahead):
        heads = [way for way in ahead if way]
        nearest = min(heads, key=lambda way: (way[-1].at, _rank(way[-1])))
        merged.append(nearest.pop())
    return merged


def _rank(traced: Traced) -> int:
    if traced.act is None:
        return 0 if traced.process == CASE else 2
    if traced.act.kind != Kind.MESSAGE:
        return 1
    # the centre hears that its agencies are done only after the last of them heard what ended it
    return 4 if traced.process == CASE else 3


@dataclass(frozen=True, slots=True)
class _Instant:
    """What the rows say of one instant: what was done, and which steps wait afterwards."""

    at: float
    done: tuple[PassedStep | PassedTimer, ...]
    waits: tuple[str, ...]
    is_over: bool


Path = tuple[tuple[Act, State], ...]
"""The acts of one instant, with where each came to rest."""


class _Tracer:
    def __init__(self, life: ProcessLife, automaton: Automaton, meaning: ConditionMeaning) -> None:
        self.life, self.automaton, self.meaning = life, automaton, meaning
        self.graph = automaton.graphs[life.process_id]
        self.variables = automaton.variables(life.process_id)
        self.instants = list(_instants(life))
        self.heard = {node.message for node in self.graph.nodes.values() if node.message and (not life.reached or node.id in life.reached)}
        self._tried = 0
        self._numbers = _numbered(life)

    def traced(self) -> list[Traced]:
        first = self.automaton.start(self.life.process_id)
        way: list[Path] = []
        ahead = [self._through(self.instants[0], first)]
        while ahead:
            following = next(ahead[-1], None)
            if following is None:
                ahead.pop()
                if way:
                    way.pop()
                continue
            path, state = following
            way.append(path)
            if len(way) == len(self.instants):
                return self._told(first, way)
            ahead.append(self._through(self.instants[len(way)], state))
        raise NotTraced(*NOT_TRACED)

    def _told(self, first: State, way: list[Path]) -> list[Traced]:
        began = Traced(self.life.key, None, self.life.started, first)
        paths = zip(self.instants, way, strict=True)
        acts = [Traced(self.life.key, act, instant.at, state) for instant, path in paths for act, state in path]
        return [began, *acts]

    def _through(self, instant: _Instant, state: State) -> Iterator[tuple[Path, State]]:
        """The ways through one instant after which the right steps wait, those with the fewest messages first."""
        layer: list[tuple[Path, State, tuple[int, ...]]] = [((), state, tuple(range(len(instant.done))))]
        seen: set[tuple[int, tuple[int, ...]]] = set()
        for _ in range(MOST_HEARD + 1):
            come_to: list[tuple[Path, State, tuple[int, ...]]] = []
            stack = layer[::-1]
            while stack:
                path, here, left = stack.pop()
                if (here.number, left) in seen:
                    continue
                seen.add((here.number, left))
                come_to.append((path, here, left))
                if not left and self._fits(here, instant):
                    yield path, here
                further = [
                    ((*path, (act, move.state)), move.state, tuple(each for each in left if each != number))
                    for number in left
                    for act, move in self._doing(here, instant.done[number])
                ]
                stack += further[::-1]
            layer = [
                ((*path, (act, move.state)), move.state, left)
                for path, here, left in come_to
                for each in here.enabled
                if each.kind == Kind.MESSAGE and each.name in self.heard
                for act, move in self._hearing(here, each)
            ]

    def _fits(self, state: State, instant: _Instant) -> bool:
        if state.is_over:
            return instant.is_over and (not self.life.reached or self.life.reached.issuperset(state.ends))
        return not instant.is_over and tuple(sorted(state.steps)) == instant.waits

    def _doing(self, state: State, passed: PassedStep | PassedTimer) -> Iterator[tuple[Act, Move]]:
        if isinstance(passed, PassedTimer):
            if (Kind.TIMER, passed.element) in state.signs:
                yield from self._moves(state, Act.timer(passed.element))
            return
        if (Kind.STEP, passed.element) not in state.signs:
            return
        enabled = Enabled(Kind.STEP, passed.element, passed.element)
        node = self.graph.nodes[passed.element]
        step = self.automaton.bindings.steps.get(passed.element)
        known = self._kept(passed)
        given: list[dict[str, Any]] = []
        for values in self.automaton.choices(state, enabled):
            if node.id in values and passed.outcome is not None:
                values[node.id] = passed.outcome
            given.append({name: self._meant(name, value, is_bound=step is not None) for name, value in values.items()})
        if known:
            best = given[0] | known if given else known
            if node.id in best and passed.outcome is not None:
                best[node.id] = passed.outcome
            given.insert(0, best)
        for values in _different(given):
            yield from self._moves(state, Act.step(passed.element, values))

    def _kept(self, passed: PassedStep) -> dict[str, Any]:
        """What the tree still has of the passage; nothing if rounds of that step were removed."""
        kept = self.life.left.get(passed.element, [])
        done = [each for each in self.life.steps if each.element == passed.element and each.is_done]
        if len(kept) != len(done):
            return {}
        step = self.automaton.bindings.steps.get(passed.element)
        values = kept[self._numbers[id(passed)]]
        node = self.graph.nodes[passed.element]
        own = step.variables(node.id, node.label) if step else variables_of(node.form, node.id, node.label)
        return {name: self._meant(name, values[name], is_bound=step is not None) for name in own if name in values}

    def _meant(self, name: str, value: Any, *, is_bound: bool) -> Any:
        """Values of drawn steps are content, so each is replaced by one that leads the same way. Moments all get the same replacement."""
        variable = self.variables.get(name)
        if variable is None or value is None or (is_bound and variable.type != Type.MOMENT):
            return value
        return self.meaning.same_way(name, variable, value)

    def _hearing(self, state: State, enabled: Enabled) -> Iterator[tuple[Act, Move]]:
        for values in self.automaton.choices(state, enabled):
            yield from self._moves(state, Act.message(enabled.name, values))

    def _moves(self, state: State, act: Act) -> Iterator[tuple[Act, Move]]:
        """The move, and its variants in which services answer otherwise."""
        move = self._move(state, act)
        if move is None:
            return
        if not move.asked:
            yield act, move
            return
        names = sorted(set(move.asked))
        for answers in product(*(self.automaton.answers_of(state.process_id, name) for name in names)):
            named = Act(act.kind, act.element, act.values, orjson.dumps(dict(zip(names, answers, strict=True))))
            other = self._move(state, named)
            if other is not None:
                yield named, other

    def _move(self, state: State, act: Act) -> Move | None:
        self._tried += 1
        if self._tried > MOST_TRIED:
            raise NotTraced(*NOT_TRACED)
        try:
            return self.automaton.move(state, act)
        except DoesNotRun:
            return None


NOT_TRACED = Bilingual(
    "Nhật ký của hồ sơ không khớp với mô hình: quy trình đã được sửa tay hoặc chuyển bản.",
    "The record of the case does not fit the model: its process was mended by hand or moved.",
)


def _instants(life: ProcessLife) -> Iterator[_Instant]:
    times = {life.started, *(step.entered for step in life.steps), *(step.left for step in life.steps if step.left is not None)}
    times |= {timer.fired for timer in life.timers if timer.fired is not None}
    if life.ended is not None:
        times.add(life.ended)
    for at in sorted(times):
        done: list[PassedStep | PassedTimer] = [step for step in life.steps if step.is_done and step.left == at]
        done += [timer for timer in life.timers if timer.fired == at]
        waits = sorted(step.element for step in life.steps if step.entered <= at and (step.left is None or step.left > at))
        yield _Instant(at, tuple(done), tuple(waits), life.ended is not None and at >= life.ended)


def _numbered(life: ProcessLife) -> dict[int, int]:
    """By passage, its index among the completed ones of its element."""
    counted: dict[str, int] = {}
    numbers: dict[int, int] = {}
    for step in sorted((each for each in life.steps if each.is_done), key=lambda each: each.left or 0.0):
        numbers[id(step)] = counted.get(step.element, 0)
        counted[step.element] = numbers[id(step)] + 1
    return numbers


def _different(given: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    seen: set[bytes] = set()
    for values in given:
        sign = orjson.dumps(values, option=orjson.OPT_SORT_KEYS)
        if sign not in seen:
            seen.add(sign)
            yield values


