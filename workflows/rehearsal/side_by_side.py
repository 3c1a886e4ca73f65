"""A kept way gone through two texts side by side: what is told is what differs between them, and the way goes on after a difference.

What was kept may be older than both: an act neither of them knows any more is passed over, and where a case rests is compared between the
two, not with what was kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from casework.bilingual import Bilingual
from casework.errors import CaseworkError
from workflows.rehearsal.automaton import Act, Automaton, Kind, State
from workflows.rehearsal.lives import CASE
from workflows.rehearsal.stories import ASSIGNMENT, BEGIN, LONGEST_WHY, MOST_ACTS, Story, act_of, cut, name_of, where

MOST_HELPED = 20
"""Steps done in a row that the kept way does not know, before its next act is given up."""
MOST_TOLD = 12
"""Differences of one way; what follows is counted."""
NOT_BEGUN = Bilingual("chưa bắt đầu", "has not begun")


@dataclass(frozen=True, slots=True)
class Difference:
    """After which act of the way, counted from 0, the two stand apart, and where each stands. `process` is whose act it was."""

    at: int
    process: str
    what: Bilingual
    live: Bilingual
    draft: Bilingual


@dataclass(frozen=True, slots=True)
class Compared:
    """How a way goes in both. `more` counts differences that are not told, `passed_over` acts that neither could do."""

    differences: tuple[Difference, ...]
    more: int
    passed_over: int


def compare(story: Story, live: Automaton, draft: Automaton) -> Compared:
    """Go a kept way through both texts. Raises KeyError, TypeError, ValueError or AttributeError where the way is damaged."""
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
    """Where one of them stands and the other does not."""
    return frozenset((0, place) for place in live - draft) | frozenset((1, place) for place in draft - live)


def _what(told: Mapping[str, Any], sides: Sequence["_Side"]) -> Bilingual:
    """What people call the act, in the text that knows it."""
    element = str(told.get("element", ""))
    knowing = next((side for side in sides if element in side.automaton.definition.elements), sides[0])
    return name_of(told, knowing.automaton)


@dataclass(slots=True)
class _Side:
    """The way in one text: where each process of it stands. A process that cannot go on stays where it is."""

    automaton: Automaton
    story: Story
    states: dict[str, State] = field(default_factory=dict)

    def take(self, told: Mapping[str, Any], key: str, number: int) -> bool:
        """Do the next act of the way, after the steps it does not know; says whether it could be done."""
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
        """The state in which the act can happen, after steps the rest of the way does not know; None where there is none."""
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
