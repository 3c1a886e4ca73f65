"""What becomes of each resting place of a version when its cases move to another one, decided before anything is moved.

Every state of the old version is examined on the nets, line by line (token_game.py), so the result holds for every case.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from casework.bilingual import Bilingual
from casework.errors import CaseworkError
from workflows.definitions.cache import LruCache
from workflows.definitions.process import Definition, Element
from workflows.moving.choices import Choices
from workflows.moving.images import Mapped
from workflows.moving.looks import Look, look_at
from workflows.moving.net import AT, KEPT, NOWHERE, Spot, nets_of
from workflows.moving.pairs import Pair, pair_of
from workflows.moving.token_plans import Refusal, TokenMove

MOST_STANDINGS = 3_000
"""The most states of a process that are examined."""

_DEPENDS = Bilingual(
    "Còn tuỳ những nhánh khác của hồ sơ đang chờ ở đâu; bản chạy thử trên từng hồ sơ sẽ nói rõ.",
    "It depends on where the other branches of a case wait; the trial on each case will tell.",
)


class Verdict(StrEnum):
    """Whether a token that rests at a place can be moved."""

    MOVES = "moves"
    CHOICE = "choice"
    CANNOT = "cannot"


@dataclass(frozen=True)
class Fate:
    """What becomes of a token at one element of the old version. `target` is None if it is dropped or has nowhere to go.

    `why` is the reason it does not move; with MOVES, the condition under which it does not after all.
    """

    element: str
    verdict: Verdict
    target: str | None
    why: Bilingual | None = None


class MoveImpossible(CaseworkError):
    """This instance cannot stand in the new version; the text says why."""


_fates: LruCache[tuple[str, str, frozenset[tuple[str, str | None]]], dict[str, Fate]] = LruCache(KEPT)
_choices: LruCache[tuple[str, str, str], Choices] = LruCache(KEPT)
_targets: LruCache[tuple[str, str, str], list[Element]] = LruCache(512)


def fates(old: Definition, new: Definition, mapping: Mapped) -> dict[str, Fate]:
    """Return the fate of every resting place of the old version, joins included. `mapping` is what was chosen by hand.

    If the new version lacks a process, nothing in that process can be moved.
    """
    key = (old.sha256, new.sha256, frozenset(mapping.items()))
    return _fates.get(key, lambda: {fate.element: fate for fate in _all(old, new, mapping)})


def targets(element: str, old: Definition, new: Definition) -> list[Element]:
    """Return the targets that may be chosen by hand for a resting place, in the order of the new model: where a token could go on.

    In a large model they include targets not fully examined; the trial on each case decides.
    """
    process_id = old.elements[element].process_id
    if process_id not in new.specs:
        return []
    key = (element, old.sha256, new.sha256)
    return _targets.get(key, lambda: [new.elements[node.id] for node in _choices_of(process_id, old, new).of(element)])


def _all(old: Definition, new: Definition, mapping: Mapped) -> Iterator[Fate]:
    for process_id, net in nets_of(old).items():
        if process_id not in new.specs:
            why = Bilingual("Bản mới không có quy trình này.", "The new version does not have this process.")
            yield from (Fate(node.id, Verdict.CANNOT, None, why) for node in net.resting())
            continue
        pair = pair_of(process_id, old, new, mapping)
        judged = _Judged(pair)
        choices = _choices_of(process_id, old, new)
        for node in net.resting():
            yield _fate(node.id, judged, choices)


def _choices_of(process_id: str, old: Definition, new: Definition) -> Choices:
    key = (process_id, old.sha256, new.sha256)
    return _choices.get(key, lambda: Choices(pair_of(process_id, old, new, {})))


def _fate(element: str, judged: "_Judged", choices: Choices) -> Fate:
    refusal = judged.first_refusal(element)
    if judged.moves(element):
        return Fate(element, Verdict.MOVES, judged.target(element), refusal.why if refusal else None)
    if refusal is None:
        return Fate(element, Verdict.MOVES, judged.target(element), None)
    by_hand = refusal.by_hand and choices.has_any(element)
    return Fate(element, Verdict.CHOICE if by_hand else Verdict.CANNOT, None, refusal.why)


class _Judged:
    """The results for the spots of a process over the states of its old version."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.spots = {spot: spot[-1] for spot in pair.old.home}
        self._does: set[Spot] = set()
        self._refused: dict[Spot, Refusal] = {}
        self._perhaps: dict[Spot, Refusal] = {}
        if not pair.old.is_known:
            self._give_up([(AT, node.id) for node in pair.old.resting()], pair.plan([(AT, "")]).refusals[0])
            return
        self._judge()
        self._note_met_lines()

    def moves(self, element: str) -> bool:
        """Whether a token there can be moved in some state."""
        return any(spot in self._does for spot in self._of(element))

    def first_refusal(self, element: str) -> Refusal | None:
        """The first reason why a token there cannot be moved in some state."""
        return next((each[spot] for each in (self._refused, self._perhaps) for spot in self._of(element) if spot in each), None)

    def target(self, element: str) -> str | None:
        """Where a token there goes."""
        for spot in self._of(element):
            going = self.pair.going(spot)
            if isinstance(going, TokenMove) and going.to is not None:
                return going.to[-1]
            if isinstance(going, TokenMove) and going.flow is not None:
                landed = self.pair.new.settled(NOWHERE, [going.flow])
                return next((each[-1] for standing in landed or () for each in sorted(standing)), None)
        return None

    def _of(self, element: str) -> list[Spot]:
        return [spot for spot, at in self.spots.items() if at == element]

    def _judge(self) -> None:
        left = MOST_STANDINGS
        # states of the longest lines are left open, not those of the lines drawn last
        lines = self.pair.old.stretches
        if sum(len(line.standings) for line in lines) > left:
            lines = sorted(lines, key=lambda line: len(line.standings))
        for at, stretch in enumerate(lines):
            share = left // (len(lines) - at)
            standings = list(stretch.standings)
            for standing in standings[:share]:
                self._note(look_at(self.pair, stretch, standing))
            left -= min(share, len(standings))
            self._leave_open({spot for standing in standings[share:] for spot in standing})

    def _note(self, look: Look) -> None:
        for noted, found in ((self._refused, look.refused), (self._perhaps, look.perhaps)):
            for spot, refusal in found.items():
                noted.setdefault(spot, refusal)
        self._does |= look.does

    def _note_met_lines(self) -> None:
        """Handle lines of the old version that are one line in the new one but were examined separately."""
        met: dict[int, set[int]] = defaultdict(set)
        for spot in list(self.spots):
            going = self.pair.going(spot)
            if isinstance(going, TokenMove) and going.to in self.pair.new.home:
                met[id(self.pair.new.home[going.to])].add(id(self.pair.old.home[spot]))
        together = {each for lines in met.values() if len(lines) > 1 for each in lines}
        for spot in self.spots:
            if id(self.pair.old.home[spot]) in together and isinstance(self.pair.going(spot), TokenMove):
                self._perhaps.setdefault(spot, self._refused.pop(spot, Refusal(frozenset({spot}), _DEPENDS)))
                self._does.add(spot)

    def _leave_open(self, spots: Iterable[Spot]) -> None:
        """Mark spots not examined as depending on the case, unless the place itself cannot be moved."""
        for spot in spots:
            going = self.pair.going(spot)
            if isinstance(going, Refusal):
                self._refused.setdefault(spot, going)
            else:
                self._perhaps.setdefault(spot, Refusal(frozenset({spot}), _DEPENDS))
                self._does.add(spot)

    def _give_up(self, spots: Iterable[Spot], refusal: Refusal) -> None:
        for spot in spots:
            self.spots.setdefault(spot, spot[-1])
            self._refused.setdefault(spot, refusal)
