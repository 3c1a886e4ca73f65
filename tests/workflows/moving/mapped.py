"""The proof that no choice leads past what a case lacks: each state of a model sent to each resting place of another by hand.

What is offered either refuses a state or leaves it with everything ahead that it has not done: whoever does all but that one step comes
to no end. What is not offered moves no state. Which steps a state has done is read from the acts that led to it, not from the nets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.workflows.moving.proof import LATER, Act, Broken, Course, Stand
from workflows.definitions.process import Definition
from workflows.moving.mapping import targets
from workflows.moving.net import nets_of
from workflows.moving.tree import MoveImpossible, move_tree, places_of

NEEDED = {
    "case": (frozenset({"verify"}), frozenset({"publish"})),
    "assignment": (frozenset({"approve_answer", "decide_hand_back", "assignment_ended"}),),
}
"""By process what the way to its end takes: one of some steps, or messages, each."""


@dataclass
class Tally:
    """What was tried."""

    choices: int = 0
    moved: int = 0
    refused: int = 0
    not_offered: int = 0
    walked: int = 0
    after: dict[Any, Stand] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        return {
            "choices": self.choices, "moved": self.moved, "refused": self.refused, "not_offered_and_refused": self.not_offered,
            "states_walked": self.walked,
        }  # fmt: skip


def prove_choices(old: Course, fresh: Course, tally: Tally, *, every: int = 1) -> None:
    """Send each `every`-th state with a token there to each resting place, offered or not. Raises Broken."""
    old_net, new_net = (nets_of(each.definition)[old.process_id] for each in (old, fresh))
    places = [node.id for node in old_net.resting() if not old_net.joins(node.id)]
    aims: list[str | None] = [node.id for node in new_net.resting() if not new_net.joins(node.id)]
    standing = {element: [each for each in _stands(old) if element in _rests(old, each)] for element in places}
    for element in places:
        offered = {each.id for each in targets(element, old.definition, fresh.definition)}
        for aim in (*aims, None):
            tally.choices += aim in offered
            for stand in standing[element][::every]:
                _sent(old, fresh, stand, {element: aim}, aim is None or aim in offered, tally)


def prove_same(old: Course, fresh: Course, tally: Tally) -> None:
    """Move every state with nothing chosen. Raises Broken."""
    for stand in _stands(old):
        _sent(old, fresh, stand, {}, True, tally)


def _sent(old: Course, fresh: Course, stand: Stand, mapping: dict[str, str | None], is_offered: bool, tally: Tally) -> None:
    try:
        moved = move_tree(
            old.tree(stand), process_id=old.process_id, old=old.definition, new=fresh.definition, mapping=mapping, now=LATER,
            services=fresh.serve,
        )  # fmt: skip
    except MoveImpossible:
        tally.refused += is_offered
        tally.not_offered += not is_offered
        return
    tally.moved += 1
    if not is_offered:
        raise Broken(f"{mapping} is no choice, and moves {sorted(_rests(old, stand))}")
    after = fresh.stand(moved)
    for needed in NEEDED[old.process_id]:
        if not _is_done(stand.path, needed) and (end := _end_without(fresh, after, needed, tally)) is not None:
            raise Broken(f"{mapping} leads {sorted(_rests(old, stand))} past {sorted(needed)}: {[each.element for each in end]}")


def _is_done(path: Collection[Act], needed: Collection[str]) -> bool:
    return any({act.element, act.name} & set(needed) for act in path if act.kind in ("step", "message"))


def _end_without(course: Course, begun: Stand, needed: Collection[str], tally: Tally) -> tuple[Act, ...] | None:
    """The acts by which a state comes to the end of the way that takes what is needed, without doing that; None where none does.

    Only what is done on that way is followed: what listens beside it may end a case for reasons of its own.
    """
    if begun.key is None:
        return ()
    way = frozenset().union(*(line for line in course.lines() if set(needed) & line)) - _beside(course)
    ahead: list[tuple[Stand, tuple[Act, ...]]] = [(begun, ())]
    seen = {begun.key}
    while ahead:
        stand, done = ahead.pop()
        tally.walked += 1
        for act in course.acts(course.tree(stand), way):
            if {act.element, act.name} & set(needed):
                continue
            following = _after(course, stand, act, tally)
            if following.key is None:
                return (*done, act)
            if following.key not in seen:
                seen.add(following.key)
                ahead.append((following, (*done, act)))
    return None


def _after(course: Course, stand: Stand, act: Act, tally: Tally) -> Stand:
    """What follows, done once; kept beside what the course knows, as a state that was moved there has another past."""
    sign = (id(course), stand.key, act)
    if sign not in tally.after:
        tally.after[sign] = course._following(stand, act)
    return tally.after[sign]


def _beside(course: Course) -> set[str]:
    return {each.id for each in course.definition.elements.values() if "beside" in each.properties}


def _stands(course: Course) -> Iterator[Stand]:
    yield from list(course.known.values())


def _rests(course: Course, stand: Stand) -> set[str]:
    return set(places_of(course.tree(stand), course.definition))


def course_of(definition: Definition, process_id: str) -> Course:
    """A process explored to its end."""
    course = Course(definition, process_id)
    assert course.explore_all(), "the model has more states than are looked at"
    return course
