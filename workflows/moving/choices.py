"""Which targets can be chosen by hand for tokens at a resting place, found state by state, within a limit of states.

Targets the nets rule out at a glance are dropped first: those at which no token could stand together with the others, and those in a line
of another event. Only the others are planned, and the first state in which one works is enough.
"""

from collections.abc import Iterable, Iterator

from workflows.checks.diagram import Node
from workflows.definitions.vocabulary import RESTING
from workflows.moving.looks import look_at
from workflows.moving.net import AT, Spot, Standing, Stretch
from workflows.moving.pairs import Pair
from workflows.moving.token_plans import Refusal

MOST_TRIED = 1_000
"""The most states planned for the targets of one element."""
MOST_TRIED_AT_ONCE = 8_000
"""About the most states planned for all elements together when the question is only whether they have any target."""


class Choices:
    """The targets of every resting place of a process. `pair` is its two versions with nothing chosen."""

    def __init__(self, pair: Pair) -> None:
        self.pair, self.old, self.new = pair, pair.old, pair.new
        self._has_any: dict[str, bool] = {}
        self._bits = {spot: 1 << at for at, spot in enumerate(self.new.home)}
        self._beside = {spot: self._number(others) for spot, others in self.new.beside.items()}
        self._lines = {id(stretch): self._number(stretch.spots) for stretch in self.new.stretches}

    def has_any(self, element: str) -> bool:
        """Whether an element has any target. If finding out would take too many states, yes is assumed."""
        if element not in self._has_any:
            most = max(20, MOST_TRIED_AT_ONCE // max(1, sum(1 for _ in self.old.resting())))
            self._has_any[element] = any(True for _ in self._offered(element, most))
        return self._has_any[element]

    def of(self, element: str) -> list[Node]:
        """The targets of an element, in the order of the new model, including those not fully examined."""
        return list(self._offered(element, MOST_TRIED))

    def _offered(self, element: str, most: int) -> Iterator[Node]:
        if not (self.old.is_known and self.new.is_known):
            return
        is_join = self.old.joins(element)
        nodes = [node for node in self.new.resting() if (node.kind in RESTING) != is_join]
        usable = list(self._usable(element))
        for at, node in enumerate(nodes):
            there = [(stretch, standing) for stretch, standing, beside in usable if is_join or self._fits(node.id, stretch, beside)]
            # a target that is decided early leaves its share to the others
            share = max(1, most // (len(nodes) - at)) if most else 0
            tried = there[:: max(1, -(-len(there) // share))] if share else []
            pair = self.pair.sending(element, node.id)
            goes, number = self._goes_in(tried, pair, element)
            most = max(0, most - number)
            if goes or len(tried) < len(there):
                yield node

    @staticmethod
    def _goes_in(standings: list[tuple[Stretch, Standing]], pair: Pair, element: str) -> tuple[bool, int]:
        """Whether a token at the element can move in one of some states, and how many were examined."""
        for number, (stretch, standing) in enumerate(standings, start=1):
            if any(spot[-1] == element for spot in look_at(pair, stretch, standing).does):
                return True, number
        return False, len(standings)

    def _usable(self, element: str) -> Iterator[tuple[Stretch, Standing, int]]:
        """The states with a token there in which no other token prevents the move, each with where the others come to stand."""
        for stretch, standing in self.old.standings_at.get(element, ()):
            beside = self._beside_it(element, standing)
            if beside is not None:
                yield stretch, standing, beside

    def _beside_it(self, element: str, standing: Standing) -> int | None:
        beside = 0
        for spot in standing:
            if spot[0] == AT and spot[-1] != element:
                going = self.pair.going(spot)
                if isinstance(going, Refusal):
                    return None
                beside |= self._bits[going.to] if going.to is not None else 0
        return beside

    def _fits(self, target: str, stretch: Stretch, beside: int) -> bool:
        """Whether a token may stand at a target with the others where they end up: on its line all must be able to stand together."""
        spot: Spot = (AT, target)
        if spot not in self.new.home:
            return False
        event = self.old.root_of[id(stretch)].event
        line = self.new.home[spot]
        if self.new.root_of[id(line)].event != (self.pair.image(event) if event is not None else None):
            return False
        return not beside & self._lines[id(line)] & ~self._beside[spot]

    def _number(self, spots: Iterable[Spot]) -> int:
        return sum(self._bits[spot] for spot in spots)
