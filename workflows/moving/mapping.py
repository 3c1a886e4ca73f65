"""What becomes of each resting place of a version when its cases move to another one: said before anything is moved.

Every state of the old version is looked at on the nets, line by line (token_game.py): what is found there holds for every case.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from casework.errors import CaseworkError
from casework.words import Bilingual
from workflows.checks.vocabulary import RESTING
from workflows.definitions import Definition, Element
from workflows.moving.net import AT, NOWHERE, Kept, Net, Spot, Standing, Stretch, nets_of
from workflows.moving.pairs import Going, Mapped, Pair, Plan, Refusal, pair_of

MOST_STANDINGS = 3_000
"""So many states of a process are looked at."""

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
    """What becomes of a token at one element of the old version. `target` is None for one that is dropped or has nowhere to go.

    `why` is the reason of what does not move; with MOVES it says when it does not after all.
    """

    element: str
    verdict: Verdict
    target: str | None
    why: Bilingual | None = None


class MoveImpossible(CaseworkError):
    """This instance cannot stand in the new version; the text says why."""


_fates = Kept()
_choices = Kept(512)


def fates(old: Definition, new: Definition, mapping: Mapped) -> dict[str, Fate]:
    """Return what becomes of every resting place of the old version, joins included. `mapping` is what was chosen by hand.

    A process the new version does not have keeps its cases: nothing in it can be moved.
    """
    key = (old.sha256, new.sha256, frozenset(mapping.items()))
    found: dict[str, Fate] = _fates.get(key, lambda: {fate.element: fate for fate in _all(old, new, mapping)})
    return found


def targets(element: str, old: Definition, new: Definition) -> list[Element]:
    """Return what may be chosen by hand for a resting place, in the order of the new model: where a token of every case could go on."""
    key = (element, old.sha256, new.sha256)
    found: list[Element] = _choices.get(key, lambda: list(_targets(element, old, new)))
    return found


def _all(old: Definition, new: Definition, mapping: Mapped) -> Iterator[Fate]:
    for process_id, net in nets_of(old).items():
        if process_id not in new.specs:
            why = Bilingual("Bản mới không có quy trình này.", "The new version does not have this process.")
            yield from (Fate(node.id, Verdict.CANNOT, None, why) for node in net.resting())
            continue
        pair = pair_of(process_id, old, new, mapping)
        judged = _Judged(pair)
        for node in net.resting():
            yield _fate(node.id, judged, old, new)


def _targets(element: str, old: Definition, new: Definition) -> Iterator[Element]:
    process_id = old.elements[element].process_id
    if process_id not in new.specs:
        return
    net = nets_of(old)[process_id]
    is_join = net.joins(element)
    for node in nets_of(new)[process_id].resting():
        if (node.kind in RESTING) == is_join:
            continue
        judged = _Judged(pair_of(process_id, old, new, {element: node.id}), element)
        if judged.moves(element):
            yield new.elements[node.id]


def _fate(element: str, judged: "_Judged", old: Definition, new: Definition) -> Fate:
    refusal = judged.first_refusal(element)
    if judged.moves(element):
        return Fate(element, Verdict.MOVES, judged.target(element), refusal.why if refusal else None)
    if refusal is None:
        return Fate(element, Verdict.MOVES, judged.target(element), None)
    by_hand = refusal.by_hand and bool(targets(element, old, new))
    return Fate(element, Verdict.CHOICE if by_hand else Verdict.CANNOT, None, refusal.why)


class _Judged:
    """What was found for the spots of a process over all states of its old version; `only` looks at those of one element."""

    def __init__(self, pair: Pair, only: str | None = None) -> None:
        self.pair = pair
        self.spots = {spot: spot[-1] for spot in pair.old.home}
        self._does: set[Spot] = set()
        self._refused: dict[Spot, Refusal] = {}
        self._perhaps: dict[Spot, Refusal] = {}
        if not pair.old.is_known:
            self._give_up([(AT, node.id) for node in pair.old.resting()], pair.plan([(AT, "")]).refusals[0])
            return
        self._judge(only)
        self._note_met_lines()

    def moves(self, element: str) -> bool:
        """Whether a token there can be moved in some state."""
        return any(spot in self._does for spot in self._of(element))

    def first_refusal(self, element: str) -> Refusal | None:
        """The first reason why one cannot be, in some state."""
        return next((each[spot] for each in (self._refused, self._perhaps) for spot in self._of(element) if spot in each), None)

    def target(self, element: str) -> str | None:
        """Where a token there goes."""
        for spot in self._of(element):
            going = self.pair.going(spot)
            if isinstance(going, Going) and going.to is not None:
                return going.to[-1]
            if isinstance(going, Going) and going.flow is not None:
                landed = self.pair.new.settled(NOWHERE, [going.flow])
                return next((each[-1] for standing in landed or () for each in sorted(standing)), None)
        return None

    def _of(self, element: str) -> list[Spot]:
        return [spot for spot, at in self.spots.items() if at == element]

    def _judge(self, only: str | None) -> None:
        looked_at = 0
        for stretch in self.pair.old.stretches:
            for standing, more in _standings(self.pair.old, stretch):
                if only is not None and all(spot[-1] != only for spot in standing):
                    continue
                looked_at += 1
                if looked_at > MOST_STANDINGS:
                    self._leave_open(stretch.spots)
                    break
                self._look_at(stretch, standing, more)

    def _look_at(self, stretch: Stretch, standing: Standing, more: Standing) -> None:
        is_beside = self.pair.old.root_of[id(stretch)].event is not None
        plan = self.pair.plan(standing | more, is_beside=is_beside)
        if plan.refusals and not any(refusal.spots & standing for refusal in plan.refusals):
            # only what the rest of the instance does is in the way: that is told where it stands
            plan = self.pair.plan(standing, is_beside=is_beside, alone=True)
            more = NOWHERE
        refused = {spot: refusal for refusal in plan.refusals for spot in refusal.spots & standing}
        for spot, refusal in refused.items():
            self._refused.setdefault(spot, refusal)
        if plan.refusals:
            return
        lacking = dict(self._lacking(plan, standing, more))
        for spot, (refusal, is_sure) in lacking.items():
            (self._refused if is_sure else self._perhaps).setdefault(spot, refusal)
        self._does |= {spot for spot in standing if spot not in lacking or not lacking[spot][1]}

    def _lacking(self, plan: Plan, standing: Standing, more: Standing) -> Iterator[tuple[Spot, tuple[Refusal, bool]]]:
        """The tokens that may go on to where a value is read they may not have, and whether they surely lack it."""
        pair = self.pair
        sure = {spot: pair.before.at(spot) for spot in standing | more}
        for outcome in plan.outcomes:
            brought = pair.brought(plan, outcome, sure)
            for each in pair.needs.missing(brought):
                for spot in standing:
                    to = plan.going[spot].to
                    if to is None or each.reader in pair.new.graph.reach([to[-1]]):
                        may_be = each.name in pair.before.possible(spot[-1])
                        yield spot, (pair.lacks(each.name, each.reader, frozenset({spot})), not may_be)
        for spot in standing:
            to = plan.going[spot].to
            if spot[0] == AT and to is not None and (names := pair.newly_read(spot[1], to[1]) - sure[spot]):
                name = min(names)
                yield spot, (pair.lacks(name, to[1], frozenset({spot})), name not in pair.before.possible(spot[1]))

    def _note_met_lines(self) -> None:
        """Lines of the old version that are one in the new one were looked at each for itself."""
        met: dict[int, set[int]] = defaultdict(set)
        for spot in list(self.spots):
            going = self.pair.going(spot)
            if isinstance(going, Going) and going.to in self.pair.new.home:
                met[id(self.pair.new.home[going.to])].add(id(self.pair.old.home[spot]))
        together = {each for lines in met.values() if len(lines) > 1 for each in lines}
        for spot in self.spots:
            if id(self.pair.old.home[spot]) in together:
                self._perhaps.setdefault(spot, Refusal(frozenset({spot}), _DEPENDS))

    def _leave_open(self, spots: Iterable[Spot]) -> None:
        for spot in spots:
            self._perhaps.setdefault(spot, Refusal(frozenset({spot}), _DEPENDS))
            if spot not in self._refused:
                self._does.add(spot)

    def _give_up(self, spots: Iterable[Spot], refusal: Refusal) -> None:
        for spot in spots:
            self.spots.setdefault(spot, spot[-1])
            self._refused.setdefault(spot, refusal)


def _standings(net: Net, stretch: Stretch) -> Iterator[tuple[Standing, Standing]]:
    """Every standing of a line, each with what else stands in the instance while other lines are at their beginning."""
    around = _around(net, stretch)
    for standing, passings in stretch.standings.items():
        passed = min(passings, key=lambda each: (len(each), sorted(each)))
        yield standing, around | _beyond(net, passed)


def _around(net: Net, stretch: Stretch) -> Standing:
    """What stands outside of a line while it runs."""
    if stretch.fork is None or stretch.event is not None:
        return NOWHERE
    fork = stretch.fork
    outer = next(each for each in net.stretches if fork in each.line.splits)
    choices = [(standing, passed) for standing, passings in outer.standings.items() for passed in passings if fork in passed]
    standing, passed = min(choices, key=lambda each: (len(each[0]), len(each[1]), sorted(each[0])))
    beside = [_first(net, line) for line in net.beyond_fork(fork) if line is not stretch]
    return standing.union(_beyond(net, passed - {fork}), _around(net, outer), *beside)


def _first(net: Net, stretch: Stretch) -> Standing:
    standing = min(stretch.begun, key=sorted, default=NOWHERE)
    passed = min(stretch.begun[standing], key=sorted, default=frozenset()) if standing in stretch.begun else frozenset()
    return standing | _beyond(net, passed)


def _beyond(net: Net, passed: Iterable[str]) -> Standing:
    return NOWHERE.union(*(_first(net, line) for split in passed for line in net.beyond_fork(split)))
