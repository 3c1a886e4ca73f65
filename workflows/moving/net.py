"""A version as a net of tokens: its graph, and which tokens can stand at the same time in one instance.

A standing is the set of places of one group of tokens: nodes at which they rest and flows on which they wait for a join. Lines that never
meet (token_game.py) are judged separately; whatever a non-interrupting boundary event has begun is a group of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from workflows.checks.diagram import Flow, Node, Process, processes_of
from workflows.checks.graph import graph_of
from workflows.checks.token_game import AT, BEYOND, ON, OVER, Game, TokenLine, TooManyStates, play
from workflows.definitions.cache import LruCache
from workflows.definitions.process import Definition, read_xml
from workflows.definitions.vocabulary import RESTING

KEPT = 24
"""Pairs of versions kept in their cache; that of the nets holds twice as many versions."""

Spot = tuple[str, ...]
"""Where a token is: (AT, node) or (ON, source, join)."""
Standing = frozenset[Spot]
NOWHERE: Standing = frozenset()


_nets: LruCache[str, dict[str, "Net"]] = LruCache(2 * KEPT)


def nets_of(definition: Definition) -> dict[str, "Net"]:
    """Return the nets of a version by process id; computed once per content."""
    return _nets.get(definition.sha256, lambda: _read(definition))


def _read(definition: Definition) -> dict[str, "Net"]:
    processes = processes_of(read_xml(definition.xml))
    return {process_id: Net(processes[process_id]) for process_id in definition.specs}


@dataclass(eq=False)
class Stretch:
    """One line of the game with the standings of its tokens; `standings` gives for each the sets of splits beyond
    which further lines may run at the same time.

    `event` is the boundary event that began it, None for a line that belongs to the instance from its start.
    """

    line: TokenLine
    event: str | None
    standings: dict[Standing, set[frozenset[str]]] = field(default_factory=lambda: defaultdict(set))
    begun: dict[Standing, set[frozenset[str]]] = field(default_factory=lambda: defaultdict(set))
    fork: str | None = None

    @cached_property
    def spots(self) -> frozenset[Spot]:
        return frozenset(spot for standing in self.standings for spot in standing)


class Net:
    def __init__(self, process: Process) -> None:
        self.process, self.graph = process, graph_of(process)
        self.stretches: list[Stretch] = []
        self.home: dict[Spot, Stretch] = {}
        self.beyond: dict[str, list[Stretch]] = {}
        self.roots: list[Stretch] = []
        self.root_of: dict[int, Stretch] = {}
        self._beneath: dict[int, list[Stretch]] = {}
        self.worked_out: dict[str, Any] = {}
        """Results other modules compute once for this net."""
        self.is_known = True
        try:
            game = play(self.graph, process.starts[0])
        except TooManyStates:
            self.is_known = False
        else:
            self._note(game)
            self.is_known = not any(line.doubled for line in game.lines())

    @property
    def nodes(self) -> Any:
        return self.graph.nodes

    @cached_property
    def standings_at(self) -> dict[str, list[tuple[Stretch, Standing]]]:
        """Every standing with a token at an element, by element, in the order found."""
        found: dict[str, list[tuple[Stretch, Standing]]] = defaultdict(list)
        for stretch in self.stretches:
            for standing in stretch.standings:
                seen = (stretch, standing)
                for element in {spot[-1] for spot in standing}:
                    found[element].append(seen)
        return dict(found)

    @cached_property
    def beside(self) -> dict[Spot, frozenset[Spot]]:
        """For each spot, the spots on its line that can hold a token at the same time."""
        found: dict[Spot, set[Spot]] = defaultdict(set)
        for stretch in self.stretches:
            for standing in stretch.standings:
                for spot in standing:
                    if self.home[spot] is stretch:
                        found[spot] |= standing
        return {spot: frozenset(others - {spot}) for spot, others in found.items()}

    def joins(self, node_id: str) -> bool:
        """Whether tokens wait for each other at a node."""
        return self.nodes[node_id].kind == "parallelGateway" and len(self.graph.entering[node_id]) > 1

    def behind_gateway(self, node_id: str) -> str | None:
        """The event-based gateway before a catching event, at which its tokens rest."""
        sources = (self.nodes[flow.source] for flow in self.graph.entering[node_id])
        return next((each.id for each in sources if each.kind == "eventBasedGateway"), None)

    def resting(self) -> Iterator[Node]:
        """The nodes tokens rest at, joins last."""
        yield from (node for node in self.nodes.values() if node.kind in RESTING and self.behind_gateway(node.id) is None)
        yield from (node for node in self.nodes.values() if self.joins(node.id))

    def flows_between(self, source: str, target: str) -> list[Flow]:
        return [flow for flow in self.graph.leaving.get(source, ()) if flow.target == target]

    def beneath(self, stretch: Stretch) -> list[Stretch]:
        """A stretch and those that begin at splits on it."""
        found = self._beneath.get(id(stretch))
        if found is None:
            found = [stretch]
            for each in found:
                found += [more for split in sorted(each.line.splits) for more in self._lines(split) if more not in found]
            self._beneath[id(stretch)] = found
        return found

    def beyond_fork(self, fork: str) -> list[Stretch]:
        """The lines a fork begins."""
        return self._lines(fork)

    def _lines(self, split: str) -> list[Stretch]:
        return [] if self.nodes[split].kind == "boundaryEvent" else self.beyond[split]

    def _note(self, game: Game) -> None:
        self.roots = [self._stretch(game.start, None)]
        for split, lines in game.beyond.items():
            event = split if self.nodes[split].kind == "boundaryEvent" else None
            self.beyond[split] = [self._stretch(line, event) for line in lines]
            for each in self.beyond[split]:
                each.fork = split
            if event is not None:
                self.roots += self.beyond[split]
        for stretch in self.stretches:
            for spot in stretch.spots:
                self.home.setdefault(spot, stretch)
        self.root_of = {id(each): root for root in self.roots for each in self.beneath(root)}

    def _stretch(self, line: TokenLine, event: str | None) -> Stretch:
        stretch = Stretch(line, event)
        self.stretches.append(stretch)
        for state in line.after:
            standing, passed = self._seen(state)
            if not any(kind == OVER for kind, _ in state):
                stretch.standings[standing].add(passed)
                if state in line.first:
                    stretch.begun[standing].add(passed)
        return stretch

    def _seen(self, state: Iterable[tuple[str, str]]) -> tuple[Standing, frozenset[str]]:
        spots: set[Spot] = set()
        passed: set[str] = set()
        for kind, id_ in state:
            if kind == AT:
                spots.add((AT, id_))
            elif kind == ON:
                flow = self.process.flows[id_]
                spots.add((ON, flow.source, flow.target))
            elif kind == BEYOND:
                passed.add(id_)
        return frozenset(spots), frozenset(passed)

    # -- tokens on their way ---------------------------------------------------------------------------------------

    def settled(self, rest: Standing, flows: Iterable[Flow]) -> set[Standing] | None:
        """Where tokens can come to rest that start on some flows while others rest; None if that ends everything.

        A join that has all it waits for lets its tokens through first.
        """
        moving = list(flows)
        now = set(rest)
        for join in {spot[2] for spot in rest if spot[0] == ON}:
            arriving = {(ON, flow.source, join) for flow in self.graph.entering[join]}
            if self.joins(join) and arriving <= now:
                now -= arriving
                moving += self.graph.leaving[join]
        found: set[Standing] = set()
        ahead = [(frozenset(now), tuple(moving))]
        seen = set(ahead)
        while ahead:
            resting, on_way = ahead.pop()
            if not on_way:
                found.add(resting)
                continue
            for following in self._arrive(resting, on_way[-1], on_way[:-1]):
                if following is None:
                    return None
                if following not in seen and len(seen) < 500:
                    seen.add(following)
                    ahead.append(following)
        return found

    def _arrive(self, rest: Standing, flow: Flow, others: tuple[Flow, ...]) -> Iterator[tuple[Standing, tuple[Flow, ...]] | None]:
        node = self.nodes[flow.target]
        leaving = self.graph.leaving[node.id]
        if self.joins(node.id):
            spot = (ON, flow.source, node.id)
            arriving = {(ON, each.source, node.id) for each in self.graph.entering[node.id]}
            if arriving <= rest | {spot}:
                yield rest - arriving, (*others, *leaving)
            else:
                yield rest | {spot}, others
        elif node.kind in RESTING:
            yield rest | {(AT, node.id)}, others
        elif node.kind == "exclusiveGateway":
            for each in leaving:
                yield rest, (*others, each)
        elif node.kind == "endEvent" and node.is_terminate:
            yield None
        else:
            yield rest, (*others, *leaving)
