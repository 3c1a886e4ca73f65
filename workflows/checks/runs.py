"""Checks whether a path rule holds in every run of a process, with joins waiting for all their branches.

A path drawn through a join is not a run: the join lets nothing through until a token has come by each flow into it. So tokens are moved as
in the token game (token_game.py). Tokens that come from the beginning of the rule are marked, a join passes the mark on, and marked tokens
stop at what the rule requires them to pass. A marked token that still reaches a goal shows a run that breaks the rule. Unmarked tokens
count for nothing, since whatever they do may have happened before the beginning.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from workflows.checks.diagram import Flow
from workflows.checks.own_time import own_time
from workflows.checks.token_game import ARMED, AT, ON, Game, Place, TooManyStates, spent
from workflows.checks.ways import Bypass, PathQuery, Step, is_join, open_flows, parting
from workflows.definitions.vocabulary import RESTING

MAX_STATES = 20_000
MAX_SECONDS = 1.0
"""Seconds of processor time for all rules of one process together."""
STATES_BETWEEN = 16
"""States between two readings of that clock."""


@dataclass(frozen=True, eq=False, slots=True)
class _Token:
    """A token on its way to `target` or at rest there; `came_of` are the tokens it came from, by which a run is traced back."""

    step: Step
    target: str
    is_marked: bool
    came_of: tuple["_Token", ...] = ()

    @property
    def sign(self) -> tuple[Step, bool]:
        return self.step, self.is_marked


@dataclass(frozen=True, slots=True)
class _State:
    """The resting and the moving tokens, and whether the beginning of the rule has been passed."""

    rest: Mapping[Place, _Token]
    moving: tuple[_Token, ...]
    is_begun: bool
    is_over: bool = False

    @property
    def sign(self) -> object:
        rest = frozenset((place, token.is_marked) for place, token in self.rest.items())
        return rest, tuple(token.sign for token in self.moving), self.is_begun

    def without(self, places: Iterable[Place]) -> "_State":
        """The state with some places emptied."""
        gone = set(places)
        return replace(self, rest={place: token for place, token in self.rest.items() if place not in gone})

    def with_moving(self, tokens: Iterable[_Token]) -> "_State":
        return replace(self, moving=(*self.moving, *tokens))


class _GoalReached(Exception):
    """A marked token has reached a goal."""

    def __init__(self, token: _Token) -> None:
        self.token = token


class Runs:
    """The runs of one process in which no place ever gets two tokens. All rules share one budget of states and time."""

    def __init__(self, game: Game) -> None:
        self.graph = game.graph
        self.beyond = {split: [line.entries for line in lines] for split, lines in game.beyond.items()}
        self._states, self._left, self._until = 0, MAX_SECONDS, 0.0

    def bypass(self, wanted: PathQuery) -> Bypass | None:
        """Return a run that breaks the rule, None if there is none. Raises TooManyStates."""
        self._until = own_time() + self._left
        try:
            _Search(self, wanted).run()
        except _GoalReached as found:
            way = list(_way_back(found.token))
            goal = found.token.target
            is_joined = any(is_join(self.graph, before) for before, _ in way)
            return Bypass(parting(self.graph, way, goal, wanted), self.graph.nodes[goal], is_joined)
        finally:
            self._left = self._until - own_time()
        return None

    def count(self) -> None:
        """Count one visited state. Raises TooManyStates."""
        self._states += 1
        if self._states > MAX_STATES or (self._states % STATES_BETWEEN == 0 and own_time() > self._until):
            raise TooManyStates


class _Search:
    """The search for a run that breaks one rule, line by line: lines beyond a split never meet again."""

    def __init__(self, runs: Runs, wanted: PathQuery) -> None:
        self.runs, self.graph, self.wanted = runs, runs.graph, wanted
        self._stays = wanted.left | wanted.begun
        self._lines: list[_State] = []
        self._known: set[object] = set()

    def run(self) -> None:
        """Visit every run. Raises _GoalReached with the first that breaks the rule, and TooManyStates."""
        start = self.graph.process.starts[0].id
        is_begun = start in self.wanted.begun
        tokens = tuple(_Token((start, flow.id), flow.target, is_begun) for flow in self.graph.leaving[start])
        self._begin(_State({}, tokens, is_begun))
        while self._lines:
            self._explore(self._lines.pop())

    def _begin(self, line: _State) -> None:
        """Note a line to be searched, unless nothing in it concerns the rule."""
        reached = self.graph.reach(token.target for token in line.moving)
        if line.sign not in self._known and reached & (self.wanted.goals if line.is_begun else self.wanted.begun):
            self._known.add(line.sign)
            self._lines.append(line)

    def _explore(self, line: _State) -> None:
        seen = set[object]()
        ahead = deque(self._settled(line))
        while ahead:
            state = ahead.popleft()
            if state.sign in seen or (state.is_begun and not any(token.is_marked for token in state.rest.values())):
                continue
            seen.add(state.sign)
            self.runs.count()
            for following in self._moves(state):
                ahead.extend(self._settled(following))

    def _moves(self, state: _State) -> Iterator[_State]:
        """Yield what people and events can do."""
        for (kind, node), token in state.rest.items():
            if kind != AT:
                continue
            attached = self.graph.attached[node]
            gone = state.without([(AT, node), *((ARMED, event.id) for event in attached)])
            if self.graph.nodes[node].kind == "eventBasedGateway":
                for flow in self.graph.leaving[node]:
                    yield from self._happen(_Token((node, flow.id), flow.target, token.is_marked, (token,)), gone)
            else:
                yield from self._leave(node, [token], gone)
            for event in attached:
                after = gone if event.interrupts else state.without(spent(event)) if (ARMED, event.id) in state.rest else None
                if after is not None:
                    yield from self._happen(_Token((node, event.id), event.id, token.is_marked, (token,)), after)

    def _happen(self, token: _Token, state: _State) -> Iterator[_State]:
        """An event happens: a token arrives there and goes on at once."""
        if not self._is_closed_to(token):
            yield from self._leave(token.target, [token], state)

    def _is_closed_to(self, token: _Token) -> bool:
        """Whether the token has reached what it had to pass. Raises _GoalReached for a marked token at a goal."""
        if token.is_marked and token.target in self.wanted.closed:
            return True
        if token.is_marked and token.target in self.wanted.goals:
            raise _GoalReached(token)
        return False

    def _settled(self, begun: _State) -> Iterator[_State]:
        """Move tokens on until all rest; yields each possible state."""
        ahead, seen = [begun], set[object]()
        while ahead:
            state = ahead.pop()
            if state.sign in seen:
                continue
            seen.add(state.sign)
            if len(state.moving) > len(self.graph.process.flows):
                raise TooManyStates
            if state.moving:
                ahead += self._arrive(state.moving[-1], replace(state, moving=state.moving[:-1]))
            elif not state.is_over:
                yield state

    def _arrive(self, token: _Token, state: _State) -> Iterator[_State]:
        node = self.graph.nodes[token.target]
        if is_join(self.graph, node.id):
            place = (ON, token.step[1])
            others = [(ON, flow.id) for flow in self.graph.entering[node.id] if flow.id != token.step[1]]
            if all(each in state.rest for each in others):
                arrived = [token, *(state.rest[each] for each in others)]
                yield from self._leave(node.id, arrived, state.without(others))
            else:
                yield _laid(state, token, place)
        elif self._is_closed_to(token):
            yield state
        elif node.kind in RESTING:
            armed = [(ARMED, each.id) for each in self.graph.attached[node.id] if not each.interrupts]
            yield _laid(state, token, (AT, node.id), *armed)
        elif node.kind == "endEvent":
            yield replace(state, rest={}, is_over=True) if node.is_terminate else state
        else:
            yield from self._leave(node.id, [token], state)

    def _leave(self, node_id: str, tokens: list[_Token], state: _State) -> Iterator[_State]:
        """Yield what follows when tokens leave a node; where the rule begins, also as if it began here, with marked tokens."""
        came_of = tuple(token for token in tokens if token.is_marked)
        if came_of and node_id in self._stays:
            yield state
            return
        yield from self._parted(node_id, came_of, state, is_marked=bool(came_of))
        if not state.is_begun and node_id in self.wanted.begun:
            yield from self._parted(node_id, (), replace(state, is_begun=True), is_marked=True)

    def _parted(self, node_id: str, came_of: tuple[_Token, ...], state: _State, *, is_marked: bool) -> Iterator[_State]:
        alone = self.runs.beyond.get(node_id, [])
        if is_marked or not state.is_begun:
            for entries in alone:
                self._begin(_State({}, _onto(entries, came_of, is_marked=is_marked), state.is_begun))
        apart = {flow.id for entries in alone for flow in entries}
        flows = open_flows(self.graph, node_id, self.wanted.values if is_marked else {})
        onward = _onto([flow for flow in flows if flow.id not in apart], came_of, is_marked=is_marked)
        if self.graph.nodes[node_id].kind == "exclusiveGateway":
            yield from (state.with_moving([token]) for token in onward)
        else:
            yield state.with_moving(onward)


def _laid(state: _State, token: _Token, *places: Place) -> _State:
    return replace(state, rest={**state.rest, **dict.fromkeys(places, token)})


def _onto(flows: Iterable[Flow], came_of: tuple[_Token, ...], *, is_marked: bool) -> tuple[_Token, ...]:
    return tuple(_Token((flow.source, flow.id), flow.target, is_marked, came_of) for flow in flows)


def _way_back(token: _Token) -> Iterator[Step]:
    """Yield the steps of a run from the last back to its beginning, through every joined branch."""
    seen, ahead = {id(token)}, deque([token])
    while ahead:
        token = ahead.popleft()
        yield token.step
        new = [each for each in token.came_of if id(each) not in seen]
        seen.update(id(each) for each in new)
        ahead.extend(new)
