"""The choices a person makes for a plan by hand: where tokens go that do not simply go to the same element."""

from dataclasses import dataclass

from casework.bilingual import Bilingual
from workflows.definitions.parsed import definition_of
from workflows.definitions.process import Definition
from workflows.drafting.renaming import APART
from workflows.models import ProcessMove
from workflows.moving.mapping import Fate, Verdict, fates, targets
from workflows.versions.step_origins import reused_between


@dataclass(frozen=True, slots=True)
class MoveChoice:
    """An element of the old version whose tokens do not simply go to the same element, or were sent elsewhere by hand."""

    element: str
    label: Bilingual
    targets: tuple[tuple[str, Bilingual], ...]
    chosen: str | None
    is_chosen: bool
    may_end: bool
    why: Bilingual | None


def choices_of(move: ProcessMove, places: set[str]) -> list[MoveChoice]:
    """Return the pending and the made choices for the elements at which cases of the plan rest."""
    old, new = definition_of(move.source), definition_of(move.target)
    found = fates(old, new, mapping_of(move))
    shown = [name for name in old.elements if name in move.mapping or (name in places and _needs_choice(found.get(name)))]
    return [
        MoveChoice(
            name, label_in(old, name), tuple((each.id, each.label) for each in targets(name, old, new)), move.mapping.get(name),
            name in move.mapping, not old.elements[name].is_step, found[name].why if name in found else None,
        )
        for name in shown
    ]  # fmt: skip


def mapping_of(move: ProcessMove) -> dict[str, str | None]:
    """Return the choices made by hand, and the ids the target uses for another part, marked as such."""
    return {**{element + APART: None for element in reused_between(move.source, move.target)}, **move.mapping}


def may_choose(element: str, chosen: str | None, old: Definition, new: Definition) -> bool:
    """Whether a target (None: nowhere) can be chosen for an element: somebody's step never goes nowhere."""
    if element not in old.elements:
        return False
    return not old.elements[element].is_step if chosen is None else chosen in {each.id for each in targets(element, old, new)}


def _needs_choice(fate: Fate | None) -> bool:
    return fate is not None and fate.verdict != Verdict.MOVES


def label_in(definition: Definition, element: str) -> Bilingual:
    """Return the label of an element, its id where the version does not have it."""
    found = definition.elements.get(element)
    return found.label if found is not None else Bilingual(element, element)
