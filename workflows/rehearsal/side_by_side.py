"""Runs a stored scenario through two texts and reports where they differ; the scenario goes on after a difference.

The scenario may be older than both texts: an act neither knows any more is skipped, and where a case rests is compared between the two, not
with what was stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from casework.bilingual import Bilingual
from casework.errors import CaseworkError
from workflows.rehearsal.automaton import Automaton
from workflows.rehearsal.lives import CASE
from workflows.rehearsal.states import Act, Kind, State
from workflows.rehearsal.stories import ASSIGNMENT, BEGIN, LONGEST_WHY, MOST_ACTS, Story, act_of, cut, name_of, where

MOST_HELPED = 20
"""Steps done in a row that the scenario does not know, before its next act is given up."""
MOST_TOLD = 12
"""Differences reported per scenario; further ones are counted."""
NOT_BEGUN = Bilingual("chưa bắt đầu", "has not begun")


@dataclass(frozen=True, slots=True)
class Difference:
    """After which act, counted from 0, the two differ, and where each stands. `process` is the process of that act."""

    at: int
    process: str
    what: Bilingual
    live: Bilingual
    draft: Bilingual


@dataclass(frozen=True, slots=True)
class Compared:
    """The result in both texts. `more` counts further differences, `passed_over` the acts neither could do."""

    differences: tuple[Difference, ...]
    more: int
    passed_over: int


def compare(story: Story, live: Automaton, draft: Automaton) -> Compared:
    """Run a scenario through both texts. Raises KeyError, TypeError, ValueError or AttributeError if it is damaged."""
    sides = _Side(live, story), _Side(draft, story)
    told: list[Difference] = []
    more = passed_over = 0
    apart: dict[str, frozenset[tuple[int, str]]] = {}
    for number, each in enumerate(story[:MOST_ACTS]):
        key = str(each.get("process", CASE))
        done = [side.take(each, key, number) for side in sides]
        passed_over += not any(done)
        now = _apart(*(side.stand(key) for side in sides))
        if now and now != apart.get(key, frozenset()):
            if len(told) < MOST_TOLD:
                was, is_ = (side.told(key) for side in sides)
                told.append(Difference(number, key, _what(each, sides), was, is_))
            else:
                more += 1
        apart[key] = now
    return Compared(tuple(told), more, passed_over)


def _apart(live: frozenset[str], draft: frozenset[str]) -> frozenset[tuple[int, str]]:
    """Where only one of them stands."""
    return frozenset((0, place) for place in live - draft) | frozenset((1, place) for place in draft - live)


def _what(told: Mapping[str, Any], sides: Sequence["_Side"]) -> Bilingual:
    """The name of the act, in a text that knows it."""
    element = str(told.get("element", ""))
    knowing = next((side for side in sides if element in side.automaton.definition.elements), sides[0])
    return name_of(told, knowing.automaton)


@dataclass(slots=True)
class _Side:
    """The scenario in one text: where each process stands. A process that cannot go on stays where it is."""

    automaton: Automaton
    story: Story
    states: dict[str, State] = field(default_factory=dict)

    def take(self, told: Mapping[str, Any], key: str, number: int) -> bool:
        """Do the next act of the scenario, after steps it does not know; returns whether that was possible."""
        if told["kind"] == BEGIN:
            process_id = CASE if key == CASE else ASSIGNMENT
            if process_id not in self.automaton.graphs:
                return False
            self.states[key] = self.automaton.start(process_id)
            return True
        act = act_of(told)
        state = self._ready_for(act, key, number)
        if state is None:
            return False
        self.states[key] = state
        try:
            self.states[key] = self.automaton.after(state, act)
        except CaseworkError:
            return False
        return True

    def stand(self, key: str) -> frozenset[str]:
        """Where the process rests, or how it ended."""
        state = self.states.get(key)
        if state is None:
            return frozenset()
        return frozenset(f"end {each}" for each in state.ends) if state.is_over else frozenset(state.places)

    def told(self, key: str) -> Bilingual:
        """The same in words."""
        state = self.states.get(key)
        return cut(where(state, self.automaton), LONGEST_WHY) if state is not None else NOT_BEGUN

    def _ready_for(self, act: Act, key: str, number: int) -> State | None:
        """The state in which the act can happen, after steps the rest of the scenario does not know; None if there is none."""
        state = self.states.get(key)
        ahead = {(str(each.get("process", CASE)), each.get("element")) for each in self.story[number:MOST_ACTS]}
        for _ in range(MOST_HELPED):
            if state is None or state.is_over or state.can(act):
                break
            state = self._helped(state, {element for process, element in ahead if process == key})
        return state if state is not None and not state.is_over and state.can(act) else None

    def _helped(self, state: State, ahead: set[Any]) -> State | None:
        for enabled in state.enabled:
            if enabled.kind != Kind.STEP or enabled.name in ahead:
                continue
            for values in self.automaton.choices(state, enabled) or [{}]:
                try:
                    return self.automaton.after(state, Act.step(enabled.name, values))
                except CaseworkError:
                    continue
        return None
