"""Checks that a process is sound: no token is lost or doubled, nothing waits for ever, and a case can always reach an end."""

from collections import defaultdict
from collections.abc import Iterator

from casework.bilingual import Bilingual
from workflows.checks.circles.endless import circle_findings
from workflows.checks.diagram import Process
from workflows.checks.graph import Graph, graph_of
from workflows.checks.token_game import (
    AT,
    BEYOND,
    ENDED,
    ON,
    TERMINATED,
    Game,
    Games,
    Place,
    State,
    TokenLine,
    TooManyStates,
    can_reach,
    play,
)
from workflows.definitions.findings import ModelFinding, Rule, named

_TWO_TOKENS = Rule(
    "two_tokens",
    Bilingual("Những gì đứng sau sẽ xảy ra hai lần cho cùng một hồ sơ.", "What comes after it would happen twice for one case."),
    Bilingual("Nối hai nhánh bằng một cổng song song, hoặc tách bằng cổng lựa chọn.",
              "Join the two ways with a parallel gateway, or part them with an exclusive one."),
)  # fmt: skip
_WAITS_FOR_EVER = Rule(
    "join_waits_for_ever",
    Bilingual("Hồ sơ sẽ dừng ở đó và không ai thấy việc để làm.", "The case would stop there, and nobody would find anything to do."),
    Bilingual("Dùng cổng song song cả khi tách và khi nối, hoặc cổng lựa chọn ở cả hai nơi.",
              "Part and join with parallel gateways, or use exclusive ones at both places."),
)  # fmt: skip
_LEAVES_WAITING = Rule(
    "end_leaves_waiting",
    Bilingual("Hồ sơ sẽ không bao giờ kết thúc.", "The case would never be over."),
    Bilingual("Đổi thành điểm kết thúc toàn bộ quy trình.", "Make it an end that ends the whole process."),
)
_NO_WAY_TO_END = Rule(
    "no_way_to_end",
    Bilingual("Hồ sơ tới đó sẽ không bao giờ kết thúc.", "A case that comes there would never be over."),
    Bilingual("Vẽ một đường từ đó tới một điểm kết thúc.", "Draw a way from there to an end."),
)
_BEGUN_AGAIN = Rule(
    "joined_beside_a_loop",
    Bilingual("Bước đó có thể đến lần nữa khi nhánh bên còn chạy; cổng nối sẽ lẫn hai lượt với nhau.",
              "The step may be reached again while the side branch still runs; a join would mix up the two rounds."),
    Bilingual("Làm các việc của nhánh bên lần lượt, không tách rồi nối song song.",
              "Let the steps of the side branch follow one another instead of splitting and joining."),
)  # fmt: skip
_NEVER_REACHED = Rule(
    "never_reached",
    Bilingual("Những gì vẽ ở đó không bao giờ xảy ra.", "What is drawn there never happens."),
    Bilingual("Nối nó vào đường đi của hồ sơ, hoặc bỏ nó.", "Connect it to the way of the case, or take it out."),
)
_TOO_MANY = Rule(
    "too_many_states",
    Bilingual("Không thể bảo đảm mọi hồ sơ đều đi tới kết thúc.", "That every case comes to an end cannot be made sure."),
    Bilingual("Bớt nhánh song song, hoặc nối chúng lại sớm hơn.", "Draw fewer parallel ways, or join them earlier."),
)


def net_findings(process: Process, games: Games | None = None) -> Iterator[ModelFinding]:
    """Yield what is unsound about a process: the cause, not what follows from it.

    A process without exactly one start is not judged. Lines begun by a parallel split that never meet are judged separately: one that goes
    round for ever is fine if another, which does more than listen, can always end the whole process.
    """
    if len(process.starts) != 1:
        return
    kept: Games = {} if games is None else games
    graph = graph_of(process)
    circles = list(circle_findings(graph))
    if circles:
        yield from circles
        return
    try:
        game = kept[process.id] = play(graph, process.starts[0])
    except TooManyStates:
        kept[process.id] = None
        yield _TOO_MANY.at(
            process.id, "Sơ đồ có quá nhiều nhánh song song để kiểm tra hết.",
            "The diagram has too many ways side by side to be looked through.",
        )  # fmt: skip
        return
    doubled = [finding for line in game.lines() for finding in _doubled(graph, line)]
    stuck = [] if doubled else [finding for line in game.lines() for finding in _stuck(graph, line)]
    endless = [] if doubled or stuck else list(_Ends(game).findings())
    yield from doubled or stuck or endless or [*_begun_again(game), *_never_reached(game)]


# -- two tokens in one place -------------------------------------------------------------------------------------------


def _doubled(graph: Graph, line: TokenLine) -> Iterator[ModelFinding]:
    for node_id in line.doubled:
        vi, en = _name(graph, node_id)
        yield _TWO_TOKENS.at(
            node_id, f"Hai nhánh chạy song song gặp nhau tại {vi} mà không chờ nhau.",
            f"Two ways that run side by side come together at {en} without waiting for each other.", line=graph.nodes[node_id].line,
        )  # fmt: skip


# -- a join that waits for ever ----------------------------------------------------------------------------------------


def _stuck(graph: Graph, line: TokenLine) -> Iterator[ModelFinding]:
    waiting: dict[str, set[str]] = defaultdict(set)
    for flow_id in sorted({place[1] for state in line.after for place in state if place[0] == ON}):
        if len(can_reach(line, lambda state: (ON, flow_id) not in state)) < len(line.after):  # noqa: B023 -- called at once
            waiting[graph.process.flows[flow_id].target].add(flow_id)
    for join in waiting:
        vi, en = _name(graph, join)
        yield _WAITS_FOR_EVER.at(
            join, f"Cổng song song {vi} có thể chờ mãi một nhánh không bao giờ tới.",
            f"The parallel gateway {en} may wait for ever for a way that is never taken.", line=graph.nodes[join].line,
        )  # fmt: skip


# -- the option to end -------------------------------------------------------------------------------------------------


class _Ends:
    """Whether lines can end, by themselves or by ending the whole process."""

    def __init__(self, game: Game) -> None:
        self.game, self.graph = game, game.graph
        self._terminates: dict[int, bool] = {}
        self._completes: dict[int, bool] = {}

    def findings(self) -> Iterator[ModelFinding]:
        yield from self._of_siblings([self.game.start])
        for event, lines in self.game.beyond.items():
            if self.graph.nodes[event].kind == "boundaryEvent":
                yield from self._of_siblings(lines)

    def terminates(self, line: TokenLine) -> bool:
        """Whether the whole process can be ended from every state of the line."""
        if id(line) not in self._terminates:
            self._terminates[id(line)] = len(can_reach(line, self._may_terminate)) == len(line.after)
        return self._terminates[id(line)]

    def completes(self, line: TokenLine) -> bool:
        """Whether every state of the line leads to an end of the line or of the whole process."""
        if id(line) not in self._completes:
            self._completes[id(line)] = len(can_reach(line, self._may_complete)) == len(line.after)
        return self._completes[id(line)]

    def _may_terminate(self, state: State) -> bool:
        return state == TERMINATED or any(self._can_terminate(self.siblings(split)) for split in _splits(state))

    def _may_complete(self, state: State) -> bool:
        if self._may_terminate(state) or state == ENDED:
            return True
        return all(place[0] == BEYOND for place in state) and all(self._can_complete(self.siblings(split)) for split in _splits(state))

    def _can_terminate(self, lines: list[TokenLine]) -> bool:
        return any(self.terminates(line) for line in self._driven(lines) or lines)

    def _can_complete(self, lines: list[TokenLine]) -> bool:
        return self._can_terminate(lines) or all(self.completes(line) for line in lines)

    def siblings(self, split: str) -> list[TokenLine]:
        """The lines beyond a split; a line that only splits again is replaced by the lines beyond that split."""
        found: list[TokenLine] = []
        for line in self.game.beyond[split]:
            first = next(iter(line.first)) if len(line.first) == 1 else ENDED
            if first and all(place[0] == BEYOND for place in first):
                found += [each for further in _splits(first) for each in self.siblings(further)]
            else:
                found.append(line)
        return found

    def _driven(self, lines: list[TokenLine]) -> list[TokenLine]:
        """The lines that go on by people's work or by time. A line that begins by waiting for a message may never wake."""
        return [line for line in lines if any(self._goes_on(place) for state in line.first for place in state)]

    def _goes_on(self, place: Place) -> bool:
        node = self.graph.nodes.get(place[1]) if place[0] == AT else None
        if node is None:
            return False
        if node.kind == "eventBasedGateway":
            return any(self.graph.nodes[flow.target].timer for flow in self.graph.leaving[node.id])
        return node.is_step or node.message is None

    def _of_siblings(self, lines: list[TokenLine]) -> Iterator[ModelFinding]:
        if self._can_complete(lines):
            return
        driven = self._driven(lines) or lines
        endless = [line for line in lines if not self.completes(line)]
        listener = next((line for line in endless if line not in driven), endless[0])
        if len(lines) > 1:
            early = [line for line in driven if line.ended_by and line is not listener]
            if early:
                yield from self._ends_too_little(max(early, key=lambda line: len(line.after)), listener)
                return
        for line in [line for line in endless if line in driven] or endless:
            yield from self._without_end(line)

    def _ends_too_little(self, line: TokenLine, listener: TokenLine) -> Iterator[ModelFinding]:
        other = _name(self.graph, self._nodes_of(listener)[0])
        for end in sorted(line.ended_by):
            vi, en = _name(self.graph, end)
            yield _LEAVES_WAITING.at(
                end, f"{vi} chưa kết thúc hẳn quy trình: {other.vi} vẫn chờ mãi.",
                f"{en} does not end the whole process: {other.en} goes on waiting.", line=self.graph.nodes[end].line,
            )  # fmt: skip

    def _without_end(self, line: TokenLine) -> Iterator[ModelFinding]:
        hopeless = line.after.keys() - can_reach(line, self._may_complete)
        beyond = sorted({split for state in hopeless if not _resting(state) for split in _splits(state)})
        if beyond:
            for split in beyond:
                yield from self._of_siblings(self.siblings(split))
            return
        places = {place[1] for state in hopeless for place in _resting(state)}
        node = next(each for each in self.graph.nodes if each in places)
        vi, en = _name(self.graph, node)
        yield _NO_WAY_TO_END.at(
            node, f"Từ {vi} không còn đường nào tới điểm kết thúc.", f"From {en} no way leads to an end any more.",
            line=self.graph.nodes[node].line,
        )  # fmt: skip

    def _nodes_of(self, line: TokenLine) -> list[str]:
        """The nodes at which the tokens of a line can rest, in the order of the file."""
        places = {place[1] for state in line.after for place in state}
        return [node for node in self.graph.nodes if node in places]


def _splits(state: State) -> list[str]:
    return sorted(id_ for kind, id_ in state if kind == BEYOND)


def _resting(state: State) -> list[Place]:
    return [place for place in state if place[0] in (AT, ON)]


def _begun_again(game: Game) -> Iterator[ModelFinding]:
    """Yield boundary events of steps in a loop that begin a part with a parallel join, where two rounds could mix."""
    graph = game.graph
    for event in (graph.nodes[each] for each in game.beyond if graph.nodes[each].attached_to):
        joins = [each for each in graph.reach([event.id]) if graph.nodes[each].kind == "parallelGateway" and len(graph.entering[each]) > 1]
        if joins and event.attached_to in graph.reach(graph.after(event.attached_to or "")):
            vi, en = _name(graph, event.id)
            yield _BEGUN_AGAIN.at(
                event.id, f"{vi} mở một nhánh bên có cổng nối, ở một bước nằm trong vòng lặp.",
                f"{en} begins a side branch that has a join, at a step inside a loop.", line=event.line,
            )  # fmt: skip


# -- what no token ever comes to ---------------------------------------------------------------------------------------


def _never_reached(game: Game) -> Iterator[ModelFinding]:
    """Yield each node no token reaches although one reaches a node before it. Nodes without any way in have another finding."""
    graph = game.graph
    for node in graph.nodes.values():
        if node.id not in game.reached and set(graph.before(node.id)) & game.reached:
            vi, en = _name(graph, node.id)
            yield _NEVER_REACHED.at(node.id, f"Không hồ sơ nào tới được {vi}.", f"No case ever comes to {en}.", line=node.line)


def _name(graph: Graph, node_id: str) -> Bilingual:
    return named(graph.nodes[node_id].called, node_id)
