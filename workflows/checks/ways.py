"""Whether every way from one mark of a diagram to another passes a third, and which way does not."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from workflows.checks.diagram import Flow, Node
from workflows.checks.graph import Graph
from workflows.definitions.expressions import ExpressionRefused, evaluate


class Mark(NamedTuple):
    """Something a way can pass, by kind: `done` (a step) or `offered` (a step before it is done, `*` any); an event that `waits` for or
    `hears` a message; `stands`, where a way stands still for a message (`*` any); `runs` (a service); `end`, by id; `*` is any that
    ends the whole process, `!id` any such but this one."""

    kind: str
    name: str


def done(step: str) -> Mark:
    """Somebody did the step; what its boundary events begin does not count."""
    return Mark("done", step)


def offered(step: str) -> Mark:
    """The step came to somebody."""
    return Mark("offered", step)


def waits(message: str) -> Mark:
    return Mark("waits", message)


def hears(message: str) -> Mark:
    return Mark("hears", message)


def stands(message: str) -> Mark:
    """A way stands still until the message is heard, and nothing else leads on."""
    return Mark("stands", message)


def runs(service: str) -> Mark:
    return Mark("runs", service)


def end(name: str = "*") -> Mark:
    return Mark("end", name)


def marked(graph: Graph, mark: Mark) -> list[Node]:
    """The nodes a mark stands for."""
    found = [node for node in graph.nodes.values() if _is(node, mark)]
    return [node for node in found if mark.kind != "stands" or not _is_raced(graph, node)]


def _is_raced(graph: Graph, node: Node) -> bool:
    return any(graph.nodes[flow.source].kind == "eventBasedGateway" for flow in graph.entering[node.id])


def _is(node: Node, mark: Mark) -> bool:
    match mark.kind:
        case "done" | "offered":
            return node.id == mark.name or (mark.name == "*" and node.is_step)
        case "waits" | "hears":
            return node.message == mark.name and node.kind in ("intermediateCatchEvent", "boundaryEvent")
        case "stands":
            return node.kind == "intermediateCatchEvent" and (node.message == mark.name or (mark.name == "*" and node.message is not None))
        case "runs":
            return node.service == mark.name
    if node.kind != "endEvent" or not mark.name.startswith(("*", "!")):
        return node.kind == "endEvent" and node.id == mark.name
    # events listen throughout both processes, so a plain end ends a line, not the process
    return node.is_terminate and node.id != mark.name[1:]


Step = tuple[str, str]
"""The node a token left, and by which flow or event."""


@dataclass(frozen=True)
class Bypass:
    """A way that breaks a rule: the element at which it goes wrong, the goal it reaches, and whether a join lies on it."""

    element: str
    goal: Node
    is_joined: bool


@dataclass(frozen=True)
class PathQuery:
    """A path rule in the nodes of one graph: where ways begin, what they reach and what they have to pass.

    A way has passed what is `closed` on arriving there, what is `left` on going on from there. `values` are set at the beginning; a flow
    whose condition is false then is not a way.
    """

    begun: frozenset[str]
    goals: frozenset[str]
    closed: frozenset[str]
    left: frozenset[str]
    values: Mapping[str, Any]


def path_query(
    graph: Graph, start: Mark | None, goals: Iterable[Mark], passing: Iterable[Mark], given: Mapping[str, Any] | None = None
) -> PathQuery:
    """The rule that every way from the start (None: of the process) to a goal has to pass one of `passing`."""
    passed = list(passing)
    return PathQuery(
        begun=frozenset(node.id for node in (graph.process.starts if start is None else marked(graph, start))),
        goals=frozenset(node.id for mark in goals for node in marked(graph, mark)),
        closed=frozenset(node.id for mark in passed if mark.kind in ("offered", "waits") for node in marked(graph, mark)),
        left=frozenset(node.id for mark in passed if mark.kind not in ("offered", "waits") for node in marked(graph, mark)),
        values=_named(graph, start, given),
    )


def bypass(graph: Graph, wanted: PathQuery) -> Bypass | None:
    """Return a drawn way that breaks the rule, None if there is none.

    If a join lies on it, perhaps no token ever goes that way, because the join waits for all flows into it (runs.py).
    """
    came: dict[str, Step] = {}
    ahead = [(node, *step) for node in sorted(wanted.begun) for step in _onward(graph, node, wanted.values) if step[0] not in graph.nodes]
    while ahead:
        before, by, node = ahead.pop(0)
        if node in came or node in wanted.closed:
            continue
        came[node] = (before, by)
        if node in wanted.goals:
            way = list(_way_back(came, node, wanted.begun))
            return Bypass(parting(graph, way, node, wanted), graph.nodes[node], any(is_join(graph, before) for before, _ in way))
        stays = node in wanted.left | wanted.begun
        ahead += [(node, *step) for step in _onward(graph, node, wanted.values) if not stays or step[0] in graph.nodes]
    return None


def _way_back(came: Mapping[str, Step], goal: str, begun: frozenset[str]) -> Iterator[Step]:
    node = goal
    while node in came:
        yield came[node]
        node = came[node][0]
        if node in begun:
            return


def is_join(graph: Graph, node: str) -> bool:
    """Whether a node waits for a token on each flow into it."""
    return graph.nodes[node].kind == "parallelGateway" and len(graph.entering[node]) > 1


def _named(graph: Graph, start: Mark | None, given: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The given values by the names conditions use: those of a message or service stand under the name the diagram gives it."""
    if start is None or not given or start.kind == "done":
        return given or {}
    names = {node.message_variable or node.result_variable for node in marked(graph, start)}
    return {name: given for name in names if name}


def _onward(graph: Graph, node: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield by which flow or event a token goes on, and to which node."""
    yield from ((flow.id, flow.target) for flow in open_flows(graph, node, values))
    yield from ((event.id, event.id) for event in graph.attached[node])


def open_flows(graph: Graph, node: str, values: Mapping[str, Any]) -> tuple[Flow, ...]:
    """The flows by which a token with these values can leave a node."""
    flows = graph.leaving[node]
    return tuple(_possible(flows, values)) if graph.nodes[node].kind == "exclusiveGateway" and values else flows


def _possible(flows: Iterable[Flow], values: Mapping[str, Any]) -> Iterator[Flow]:
    """The flows that can be taken if these values are known and all others are not."""
    worth = {flow: _worth(flow, values) for flow in flows if not flow.is_default}
    for flow, is_true in worth.items():
        if is_true is not False:
            yield flow
    if True not in worth.values():
        yield from (flow for flow in flows if flow.is_default)


def _worth(flow: Flow, values: Mapping[str, Any]) -> bool | None:
    if flow.condition is None:
        return None
    try:
        return bool(evaluate(flow.condition, values))
    except ExpressionRefused:
        return None


def parting(graph: Graph, way: list[Step], goal: str, wanted: PathQuery) -> str:
    """Return the flow or event by which a way goes wrong; `way` holds its steps, last first.

    That is where it leaves the last node from which it could still have passed what it must; else where the given values decided; else the
    last boundary event on it. Failing these it is, for a way from the process start, the flow into the goal, else the last choice or the
    flow out of its beginning.
    """
    passing = wanted.closed | wanted.left
    chosen = [(before, by) for before, by in way if _is_choice(graph, before, by)]
    for before, by in chosen:
        if before in passing:
            return by
        others = [each for each in graph.after(before) if each != goal]
        if passing & graph.reach(others, lambda node: [each for each in graph.after(node) if each != goal]):
            return by
    decided = [by for before, by in chosen if len(list(_onward(graph, before, wanted.values))) < len(graph.after(before))]
    events = [by for _, by in way if by in graph.nodes]
    if decided or events:
        return (decided or events)[0]
    is_from_start = all(graph.nodes[each].kind == "startEvent" for each in wanted.begun)
    return way[0][1] if is_from_start else (chosen or way[-1:])[0][1]


def _is_choice(graph: Graph, before: str, by: str) -> bool:
    """Whether a token could have gone another way there instead. At a parallel gateway it goes all of them."""
    kind = graph.nodes[before].kind
    return by in graph.nodes or (kind in ("exclusiveGateway", "eventBasedGateway") and len(graph.leaving[before]) > 1)
