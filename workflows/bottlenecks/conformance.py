"""Would the live model have allowed the ways that old cases went, and where do they depart from it?

The case's own process and that of each agency are judged separately. Of a way we know which steps were done, in what order and with what
outcome. We do not know which messages the process heard or which timers fired, so these are silent moves: a way is allowed when some of
them lead through all its steps. The search is bounded; where the bound was reached, the result says so.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from time import process_time
from typing import Any

from casework.bilingual import Bilingual
from workflows.bottlenecks.traces import Trace
from workflows.definitions.process import Definition, parse
from workflows.rehearsal.automaton import Automaton, DoesNotRun, NotEnabled, TooManyStates
from workflows.rehearsal.states import Act, Enabled, Kind, Move, State

MOST_SILENT = 4
"""Messages and timers in a row between two steps."""

MOST_STATES = 400
"""States a way may be in at once."""

MOST_RUNS = 600
"""Moves of the engine for one way; the same move is made once for all ways."""

MOST_NAMED = 4
"""Steps named that the model would have allowed instead."""

CASE, ASSIGNMENT = "case", "assignment"
Deed = tuple[str, str | None]
"""A step and its outcome."""

Way = tuple[str, tuple[Deed, ...]]
"""A process and the steps that were done in it."""


class Fit(StrEnum):
    """The result for one way."""

    ALLOWED = "allowed"
    DEPARTS = "departs"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class WayFinding:
    """Whether one way through one process is allowed. If it departs, `at` is the index of the step (from 0) and `why` the reason."""

    process_id: str
    steps: tuple[Deed, ...]
    fit: Fit
    at: int | None = None
    why: Bilingual | None = None


def judged(asked: Mapping[str, Any], tell: Callable[[int, int], None]) -> dict[str, Any]:
    """Judge `ways` by the model `xml` and return the findings in the same order. What there was no time for is undecided.

    Runs in the child process (workflows/sandbox.py).
    """
    judge, told, ways = Judge(Automaton(parse(asked["xml"].encode()))), [], asked["ways"]
    for number, (process_id, steps) in enumerate(ways, start=1):
        way = tuple((element, outcome) for element, outcome in steps)
        is_time = process_time() < asked["seconds"]
        finding = judge.finding(process_id, way) if is_time else WayFinding(process_id, way, Fit.UNDECIDED, why=NO_TIME)
        told.append({"fit": finding.fit.value, "at": finding.at, "why": list(finding.why) if finding.why else None})
        tell(number, len(ways))
    return {"findings": told}


NO_TIME = Bilingual("Chưa kịp xem đường đi này.", "There was no time to look at this way.")


def ways_of(case: Trace) -> list[Way]:
    """The case's own way, and that of each of its agencies."""
    ways: dict[int | None, list[Deed]] = defaultdict(list)
    ways[None] = []
    for passage in case.passages:
        ways[passage.assignment_id].append((passage.element, passage.outcome))
    return [(CASE if key is None else ASSIGNMENT, tuple(way)) for key, way in ways.items()]


class Judge:
    """Judges ways by one model and remembers each result."""

    def __init__(self, automaton: Automaton) -> None:
        self.automaton = automaton
        self._found: dict[tuple[str, tuple[Deed, ...]], WayFinding] = {}
        self._silent: dict[int, list[State]] = {}
        self._reached: dict[tuple[str, tuple[str, ...]], set[str]] = {}
        self._runs_left = MOST_RUNS

    def finding(self, process_id: str, steps: tuple[Deed, ...]) -> WayFinding:
        if (process_id, steps) not in self._found:
            self._found[process_id, steps] = self._judged(process_id, steps)
        return self._found[process_id, steps]

    def _judged(self, process_id: str, steps: tuple[Deed, ...]) -> WayFinding:
        definition = self.automaton.definition
        if process_id not in definition.specs:
            why = Bilingual("Mô hình đang áp dụng không có quy trình của đơn vị.", "The live model has no process for agencies.")
            return WayFinding(process_id, steps, Fit.DEPARTS, 0, why)
        missing = next((place for place, (element, _outcome) in enumerate(steps) if element not in definition.elements), None)
        try:
            return self._walked(process_id, steps, missing)
        except (TooManyStates, DoesNotRun) as fault:
            return WayFinding(process_id, steps, Fit.UNDECIDED, why=fault.text)

    def _walked(self, process_id: str, steps: tuple[Deed, ...], missing: int | None) -> WayFinding:
        """Search with as few silent moves as possible, one more per step each time it fails. After MOST_RUNS the way is undecided."""
        self._runs_left = MOST_RUNS
        finding = self._walked_with(process_id, steps, missing, 0)
        return finding if finding.fit == Fit.ALLOWED or finding.at == missing else self._walked_with(process_id, steps, missing, 1)

    def _walked_with(self, process_id: str, steps: tuple[Deed, ...], missing: int | None, more: int) -> WayFinding:
        here = [self.automaton.start(process_id)]
        for place, (element, outcome) in enumerate(steps):
            if place == missing:
                why = Bilingual(f"Mô hình đang áp dụng không có bước “{element}”.", f"The live model has no step “{element}”.")
                return WayFinding(process_id, steps, Fit.DEPARTS, place, why)
            if not any(self._can_come(state, element) for state in here):
                return WayFinding(process_id, steps, Fit.DEPARTS, place, self._why(here, steps, place))
            come_to = self._through(here, partial(self._done, element=element, outcome=outcome), more)
            if not come_to:
                return WayFinding(process_id, steps, self._fit_of_none, place, self._why(here, steps, place))
            here = come_to
        # an agency's process may be ended from outside, with its case
        if process_id == CASE and not self._through(here, lambda state: [state] if state.is_over else [], 0):
            names = self._names(here)
            why = Bilingual(
                f"Quy trình đã kết thúc, nhưng theo mô hình đang áp dụng còn phải làm: {names.vi}.",
                f"The process ended, but by the live model there was still to do: {names.en}.",
            )
            return WayFinding(process_id, steps, self._fit_of_none, len(steps), why)
        return WayFinding(process_id, steps, Fit.ALLOWED)

    def _can_come(self, state: State, element: str) -> bool:
        """Whether the drawing leads to the step without another step being done. If not, no search is needed."""
        key = state.process_id, state.places + state.listening
        if key not in self._reached:
            graph, elements = self.automaton.graphs[state.process_id], self.automaton.definition.elements

            def after(node_id: str) -> list[str]:
                is_step = node_id in elements and elements[node_id].is_step
                return [event.id for event in graph.attached[node_id]] if is_step else graph.after(node_id)

            self._reached[key] = graph.reach(key[1], after)
        return element in self._reached[key]

    @property
    def _fit_of_none(self) -> Fit:
        return Fit.DEPARTS if self._runs_left > 0 else Fit.UNDECIDED

    def _through(self, here: Iterable[State], then: Callable[[State], list[State]], more: int) -> list[State]:
        """The states `then` leads to, from the given states or the nearest reachable by silent moves, and `more` silent moves beyond."""
        layer = {state.number: state for state in here}
        seen, left = dict(layer), MOST_SILENT
        found: dict[int, State] = {}
        while layer and left >= 0:
            for state in layer.values():
                found.update((after.number, after) for after in then(state))
            if found:
                left = min(left, more)
                more -= 1
            if left > 0:
                layer = {after.number: after for state in layer.values() for after in self._silently(state) if after.number not in seen}
                seen.update(layer)
            left -= 1
        return list(found.values())[:MOST_STATES]

    def _silently(self, state: State) -> list[State]:
        """The states one message or timer leads to; none once all runs are used up."""
        if self._runs_left <= 0:
            return []
        if state.number not in self._silent:
            found: dict[int, State] = {}
            for enabled in state.enabled:
                if enabled.kind != Kind.STEP:
                    for after in self._after(state, enabled, self.automaton.choices(state, enabled)):
                        found[after.number] = after
            self._silent[state.number] = [each for number, each in found.items() if number != state.number]
        return self._silent[state.number]

    def _done(self, state: State, *, element: str, outcome: str | None) -> list[State]:
        """The states after the step, one for each combination of the values that are unknown."""
        if (Kind.STEP, element) not in state.signs:
            return []
        enabled = Enabled(Kind.STEP, element, element)
        choices = self.automaton.choices(state, enabled) or [{}]
        fitting = [each for each in choices if outcome is None or each.get(element, outcome) == outcome]
        return list({after.number: after for after in self._after(state, enabled, fitting)}.values())

    def _after(self, state: State, enabled: Enabled, choices: Iterable[dict[str, Any]]) -> Iterator[State]:
        """The states after something that can happen, for each of the values and for each answer of the services asked on the way."""
        before = self.automaton.runs
        for values in choices:
            move = self._move(state, _act(enabled, values, {}))
            if move is not None:
                yield move.state
                for service in sorted(set(move.asked)):
                    for answer in self.automaton.answers_of(state.process_id, service)[1:]:
                        other = self._move(state, _act(enabled, values, {service: answer}))
                        if other is not None:
                            yield other.state
        self._runs_left -= self.automaton.runs - before

    def _move(self, state: State, act: Act) -> Move | None:
        try:
            return self.automaton.move(state, act)
        except (DoesNotRun, NotEnabled):
            return None

    def _why(self, here: Iterable[State], steps: tuple[Deed, ...], place: int) -> Bilingual:
        element, outcome = steps[place]
        label = _label(self.automaton.definition, element)
        after = _label(self.automaton.definition, steps[place - 1][0]) if place else None
        vi = f"Sau “{after.vi}”" if after else "Khi bắt đầu"
        en = f"After “{after.en}”" if after else "At the beginning"
        if any((Kind.STEP, element) in state.signs for state in here):
            return Bilingual(
                f"{vi}, bước “{label.vi}” không có lựa chọn “{outcome}” trong mô hình đang áp dụng.",
                f"{en}, the step “{label.en}” has no choice “{outcome}” in the live model.",
            )
        names = self._names(here)
        return Bilingual(
            f"{vi}, hồ sơ làm bước “{label.vi}”; mô hình đang áp dụng chỉ cho: {names.vi}.",
            f"{en}, the case did “{label.en}”; the live model only allows: {names.en}.",
        )

    def _names(self, states: Iterable[State]) -> Bilingual:
        """Names of the steps that wait in these states, the most frequent first."""
        counted = Counter(step for state in states for step in set(state.steps))
        labels = [_label(self.automaton.definition, step) for step, _number in counted.most_common(MOST_NAMED)]
        if not labels:
            return Bilingual("không bước nào", "no step")
        more = len(counted) > MOST_NAMED
        vi, en = ", ".join(f"“{each.vi}”" for each in labels), ", ".join(f"“{each.en}”" for each in labels)
        return Bilingual(vi + (" và bước khác" if more else ""), en + (" and others" if more else ""))


def _act(enabled: Enabled, values: dict[str, Any], answers: dict[str, Any]) -> Act:
    if enabled.kind == Kind.TIMER:
        return Act.timer(enabled.name, answers)
    return (Act.step if enabled.kind == Kind.STEP else Act.message)(enabled.name, values, answers)


def _label(definition: Definition, element: str) -> Bilingual:
    found = definition.elements.get(element)
    return Bilingual(found.label.vi or element, found.label.en or found.label.vi or element) if found else Bilingual(element, element)
