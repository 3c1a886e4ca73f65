"""The token game of a process: every state its tokens can be in, explored line by line where lines are independent.

A state is the set of places that hold a token: a node at which one rests, a flow into a parallel join that waits for the others, a
non-interrupting boundary event that has not happened yet, a parallel split beyond which independent lines run. Whatever moves by itself
moves at once. Every choice and every event counts as possible. A process is safe if no place ever gets two tokens.

Lines begun by a parallel split are independent if no node belongs to two of them and nothing else leads into them. They never meet, so they
are explored one by one, and their states add up instead of multiplying. What a non-interrupting boundary event begins is such a line too:
it may be begun again while it still runs, and each time goes its own way.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile

from workflows.checks.diagram import Flow, Node
from workflows.checks.graph import Graph
from workflows.checks.own_time import own_time
from workflows.definitions.vocabulary import RESTING

MAX_STATES = 20_000
MAX_TOKENS = 250_000
"""Tokens in all states together, since the memory of a state grows with its tokens."""
MAX_SECONDS = 2.0
"""Seconds of processor time for one process of a model: a busy machine or a full memory must not change a verdict."""
STATES_BETWEEN = 16
"""States between two readings of that clock, which itself takes time."""

Place = tuple[str, str]
State = frozenset[Place]

AT, ON, ARMED, BEYOND, OVER = "at", "on", "armed", "beyond", "over"
TERMINATED: State = frozenset({(OVER, "")})
ENDED: State = frozenset()


class TooManyStates(RuntimeError):
    """The diagram has more states than can be explored, because too much runs in parallel."""


@dataclass
class TokenLine:
    """One independent part of a process, begun by `entries`, with every state it can be in and what follows each.

    `doubled` are the nodes at which two tokens met that then stood in one place, found after the fewest moves: once two are doubled, they
    follow each other to everything behind. `came_round` are those where one token came back by a loop, or came behind the other on the same
    way, which mostly follows from another meeting. `ended_by` are the plain ends that took the last token.
    """

    entries: tuple[Flow, ...]
    first: frozenset[State] = frozenset()
    after: dict[State, set[State]] = field(default_factory=dict)
    doubled: list[str] = field(default_factory=list)
    came_round: list[str] = field(default_factory=list)
    ended_by: set[str] = field(default_factory=set)
    splits: set[str] = field(default_factory=set)


@dataclass
class Game:
    """The result of the game: the line of the start, the lines beyond each split, and the nodes tokens reached."""

    graph: Graph
    start: TokenLine
    beyond: dict[str, list[TokenLine]]
    reached: set[str]

    def lines(self) -> Iterator[TokenLine]:
        yield self.start
        for lines in self.beyond.values():
            yield from lines


Games = dict[str, Game | None]
"""The games of one check by process; None where there are too many states. Two checks share a game, which may take seconds."""


def play(graph: Graph, start: Node) -> Game:
    """Explore a process from its start. Raises TooManyStates."""
    player = _Player(graph)
    player.reached.add(start.id)
    first = TokenLine(graph.leaving[start.id])
    waiting = [first]
    while waiting:
        line = waiting.pop()
        player.explore(line)
        for split in line.splits - player.beyond.keys():
            player.beyond[split] = [TokenLine(group) for group in player.independent(split)]
            waiting.extend(player.beyond[split])
    return Game(graph, first, player.beyond, player.reached)


def can_reach(line: TokenLine, is_goal: Callable[[State], bool]) -> set[State]:
    """Return the states of a line from which a goal can still be reached, goals included."""
    before: dict[State, list[State]] = defaultdict(list)
    for state, following in line.after.items():
        for each in following:
            before[each].append(state)
    found = {state for state in line.after if is_goal(state)}
    ahead = list(found)
    while ahead:
        new = [state for state in before[ahead.pop()] if state not in found]
        found.update(new)
        ahead.extend(new)
    return found


Trail = tuple[Flow, ...]
"""The flows a token came along since it last rested."""


@dataclass(frozen=True)
class _Moving:
    """The resting tokens, the moving ones with the way they came, and the ways of those that came to rest."""

    rest: State
    moving: tuple[Trail, ...]
    trails: Mapping[Place, Trail]

    @property
    def sign(self) -> tuple[State, tuple[Flow, ...]]:
        return self.rest, tuple(trail[-1] for trail in self.moving)

    def laid(self, place: Place, trail: Trail, *more: Place) -> "_Moving":
        return _Moving(self.rest | {place, *more}, self.moving[:-1], {**self.trails, place: trail})

    def on(self, trail: Trail, flows: Iterable[Flow], taken: State = ENDED) -> "_Moving":
        return _Moving(self.rest - taken, self.moving[:-1] + tuple((*trail, flow) for flow in flows), self.trails)


class _Player:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.reached: set[str] = set()
        self.beyond: dict[str, list[TokenLine]] = {}
        self._groups: dict[str, list[tuple[Flow, ...]]] = {}
        self._reach: dict[str, set[str]] = {}
        self._states = self._tokens = 0
        self._until = own_time() + MAX_SECONDS

    def explore(self, line: TokenLine) -> None:
        """Fill in the states of a line breadth first, up to where a place gets two tokens."""
        begun = self._settled(line, _Moving(ENDED, tuple((flow,) for flow in line.entries), {}))
        trails = {each.rest: each.trails for each in begun}
        line.first = frozenset(trails)
        line.after.update((state, set()) for state in trails)
        ahead = list(trails)
        try:
            while ahead and not line.doubled:
                ahead = [following for state in ahead for following in self._next(line, state, trails)]
        except TooManyStates:
            if not line.doubled and not line.came_round:
                raise
        line.doubled = line.doubled or line.came_round

    def _next(self, line: TokenLine, state: State, trails: dict[State, Mapping[Place, Trail]]) -> Iterator[State]:
        """Yield the states that can follow one and were not known yet."""
        self._states += 1
        if self._states > MAX_STATES or (self._states % STATES_BETWEEN == 0 and own_time() > self._until):
            raise TooManyStates
        for rest, flows in self._moves(line, state):
            for following in self._settled(line, _Moving(rest, tuple((flow,) for flow in flows), trails[state])):
                line.after[state].add(following.rest)
                if following.rest not in line.after:
                    self._tokens += len(following.rest)
                    if self._tokens > MAX_TOKENS:
                        raise TooManyStates
                    line.after[following.rest] = set()
                    trails[following.rest] = following.trails
                    yield following.rest

    def _moves(self, line: TokenLine, state: State) -> Iterator[tuple[State, tuple[Flow, ...]]]:
        """Yield what people and events can do: the state without the token that moves, and the flows it leaves by."""
        for kind, id_ in sorted(state):
            if kind != AT:
                continue
            attached = self.graph.attached[id_]
            gone = state - {(AT, id_)} - {(ARMED, event.id) for event in attached}
            if self.graph.nodes[id_].kind == "eventBasedGateway":
                for flow in self.graph.leaving[id_]:
                    self.reached.add(flow.target)
                    yield gone, self.graph.leaving[flow.target]
                continue
            yield gone, self.graph.leaving[id_]
            for event in attached:
                if event.interrupts:
                    self.reached.add(event.id)
                    yield gone, self.graph.leaving[event.id]
                elif (ARMED, event.id) in state:
                    self.reached.add(event.id)
                    if self.independent(event.id):
                        line.splits.add(event.id)
                    yield state - spent(event), () if self.independent(event.id) else self.graph.leaving[event.id]

    def _settled(self, line: TokenLine, begun: _Moving) -> Iterator[_Moving]:
        """Move tokens along flows until all rest; yields one state for each choice on the way."""
        ahead = [begun]
        seen = {begun.sign}
        while ahead:
            now = ahead.pop()
            if not now.moving:
                yield now
                continue
            for following in self._arrive(line, now):
                if following.sign not in seen:
                    if len(following.moving) > len(self.graph.process.flows):
                        raise TooManyStates
                    seen.add(following.sign)
                    ahead.append(following)

    def _arrive(self, line: TokenLine, now: _Moving) -> Iterator[_Moving]:
        trail = now.moving[-1]
        node = self.graph.nodes[trail[-1].target]
        leaving = self.graph.leaving[node.id]
        if node.kind == "parallelGateway" and len(self.graph.entering[node.id]) > 1:
            place = (ON, trail[-1].id)
            others = {(ON, each.id) for each in self.graph.entering[node.id]} - {place}
            if place in now.rest:
                self._double(line, now, place)
            elif others <= now.rest:
                self.reached.add(node.id)
                yield from self._split(line, now, trail, node, frozenset(others))
            else:
                yield now.laid(place, trail)
            return
        self.reached.add(node.id)
        if node.kind in RESTING:
            if (AT, node.id) in now.rest:
                self._double(line, now, (AT, node.id))
            else:
                yield now.laid((AT, node.id), trail, *((ARMED, each.id) for each in self.graph.attached[node.id] if not each.interrupts))
        elif node.kind == "exclusiveGateway" and leaving:
            for each in leaving:
                yield now.on(trail, [each])
        elif node.kind == "endEvent" and node.is_terminate:
            yield _Moving(TERMINATED, (), {})
        elif node.kind == "parallelGateway":
            yield from self._split(line, now, trail, node, ENDED)
        else:
            if not leaving and not now.rest and len(now.moving) == 1:
                line.ended_by.add(node.id)
            yield now.on(trail, leaving)

    def _split(self, line: TokenLine, now: _Moving, trail: Trail, node: Node, taken: State) -> Iterator[_Moving]:
        groups = self.independent(node.id)
        place = (BEYOND, node.id)
        if not groups:
            yield now.on(trail, self.graph.leaving[node.id], taken)
        elif place in now.rest:
            self._double(line, now, place)
        else:
            line.splits.add(node.id)
            alone = {flow for group in groups for flow in group}
            further = now.on(trail, [flow for flow in self.graph.leaving[node.id] if flow not in alone], taken)
            yield _Moving(further.rest | {place}, further.moving, {**further.trails, place: trail})

    def _double(self, line: TokenLine, now: _Moving, place: Place) -> None:
        """Note where the way of a second token met that of the first."""
        first, second = now.trails[place], now.moving[-1]
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(reversed(first), reversed(second), strict=False)))
        meeting = second[-same].source if same else second[-1].target
        into = {trail[-same - 1].source for trail in (first, second) if len(trail) > same}
        noted = line.came_round if not into or any(self._comes_round(each, meeting) for each in into) else line.doubled
        if meeting not in noted:
            noted.append(meeting)

    def _comes_round(self, source: str, meeting: str) -> bool:
        """Whether a node is only reachable through the meeting itself."""
        starts = [node.id for node in self.graph.process.starts]
        return source not in self.graph.reach(starts, lambda node: [each for each in self.graph.after(node) if each != meeting])

    def independent(self, node: str) -> list[tuple[Flow, ...]]:
        """The groups of flows out of a parallel split or a non-interrupting boundary event that begin independent lines."""
        if node not in self._groups:
            is_event = self.graph.nodes[node].kind == "boundaryEvent"
            self._groups[node] = list(self._of_event(node) if is_event else self._independent(node))
        return self._groups[node]

    def _of_event(self, event: str) -> Iterator[tuple[Flow, ...]]:
        flows = self.graph.leaving[event]
        nodes = set[str]().union(*(self._ways(flow.target) for flow in flows))
        if event not in nodes and self._are_entered_by(nodes, flows):
            yield flows

    def _independent(self, split: str) -> Iterator[tuple[Flow, ...]]:
        groups = self._grouped(self.graph.leaving[split])
        if len(groups) < 2 or any(split in nodes for _, nodes in groups):
            return
        yield from (tuple(flows) for flows, nodes in groups if self._are_entered_by(nodes, flows))

    def _are_entered_by(self, nodes: set[str], flows: Iterable[Flow]) -> bool:
        entries = {flow.id for node in nodes for flow in self.graph.entering[node] if flow.source not in nodes}
        return entries == {flow.id for flow in flows if flow.target in nodes}

    def _grouped(self, flows: tuple[Flow, ...]) -> list[tuple[list[Flow], set[str]]]:
        """Flows whose ways meet, grouped. Ends belong to no group: a token that arrives there is gone."""
        groups: list[tuple[list[Flow], set[str]]] = []
        for flow in flows:
            together, nodes = [flow], self._ways(flow.target)
            apart = []
            for group in groups:
                if group[1] & nodes:
                    together, nodes = group[0] + together, group[1] | nodes
                else:
                    apart.append(group)
            groups = [*apart, (together, nodes)]
        return groups

    def _ways(self, node: str) -> set[str]:
        if node not in self._reach:
            self._reach[node] = {each for each in self.graph.reach([node]) if self.graph.nodes[each].kind != "endEvent"}
        return self._reach[node]


def spent(event: Node) -> set[Place]:
    """The places that are gone once a boundary event has happened: a message is heard once while its step waits and a moment comes once,
    but a timer with a cycle comes again."""
    return set() if event.timer is not None and event.timer[0] == "timeCycle" else {(ARMED, event.id)}
