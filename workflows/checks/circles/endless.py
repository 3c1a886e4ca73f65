"""Checks for loops a token could run round for ever, because nobody has to do anything in them and no time has to pass."""

from collections.abc import Iterator

from casework.bilingual import Bilingual
from workflows.checks.diagram import Node
from workflows.checks.graph import Graph
from workflows.definitions.findings import ModelFinding, Rule, named

NEVER_TOGETHER = (
    frozenset({"agency_added", "assignments_finished"}),
    frozenset({"hotline_needed", "hotline_dropped"}),
    frozenset({"hotline_needed", "rest_settled"}),
    frozenset({"merged", "merge_settled"}),
    frozenset({"reporter_asked", "stop_waiting"}),
    frozenset({"reporter_wrote", "rest_settled"}),
)
"""Facts of which one holds only while the other does not (workflows/facts.py): a loop that needs both rests in between."""

ENDED_BY = {"end_hold": "held", "end_question": "reporter_asked"}
"""Services after which a fact no longer holds."""

MOST_WAYS = 2_000
"""If a group of loops has more ways than this, they are not examined one by one."""

_HEARD_AGAIN = Rule(
    "endless_circle",
    Bilingual("Sự kiện xảy ra bao lâu tình huống còn đúng, nên vòng lặp sẽ không bao giờ dừng.",
              "An event happens as long as what it waits for is true, so the circle would never come to rest."),
    Bilingual("Đặt vào vòng lặp một bước có người làm, hoặc một khoảng chờ.",
              "Put a step that somebody does, or a lapse of time, into the circle."),
)  # fmt: skip
_NO_STOP = Rule(
    "endless_circle",
    Bilingual("Hồ sơ chạy vòng mãi và không bao giờ tới ai.", "A case would run round for ever and never come to anybody."),
    Bilingual("Đặt vào vòng lặp một bước có người làm, hoặc bỏ mũi tên quay lại.",
              "Put a step that somebody does into the circle, or take the arrow back out."),
)  # fmt: skip
_TOO_MANY = Rule(
    "circle_too_many_ways",
    Bilingual("Không thể bảo đảm vòng lặp sẽ dừng ở một việc có người làm.",
              "That the circle comes to rest at something a person does cannot be made sure."),
    Bilingual("Bớt lựa chọn trong vòng lặp, hoặc đặt vào đó một bước có người làm.",
              "Draw fewer choices into the circle, or put a step that somebody does into it."),
)  # fmt: skip


class _TooManyWays(Exception):
    """More than MOST_WAYS ways lead through one group of loops, whose nodes are `knot`."""

    def __init__(self, knot: set[str]) -> None:
        self.knot = knot


def circle_findings(graph: Graph) -> Iterator[ModelFinding]:
    """Yield an error for each group of loops that never comes to rest, or has too many ways through it to tell.

    An event hears a fact as long as it holds, so a loop of messages turns each time the process runs. Only a person, a lapse of time or
    facts that exclude each other stop it.
    """
    told: set[str] = set()
    for node in graph.nodes:
        try:
            circle = _endless(graph, node) if node not in told else None
        except _TooManyWays as many:
            told |= many.knot
            yield _many_ways(graph.nodes[node])
            continue
        if circle is None:
            continue
        told |= set(circle)
        hears = [graph.nodes[each] for each in circle if graph.nodes[each].message]
        yield _finding(graph.nodes[circle[0]], hears)


def _endless(graph: Graph, start: str) -> list[str] | None:
    """Return a loop through a node that never rests, None if every loop rests somewhere. Raises _TooManyWays."""
    behind = graph.reach([start], lambda node: _by_itself(graph, node))
    knot = {node for node in behind if start in graph.reach(_by_itself(graph, node), lambda node: _by_itself(graph, node))}
    ahead: list[list[str]] = [[start]] if start in knot else []
    for _ in range(MOST_WAYS):
        if not ahead:
            return None
        way = ahead.pop()
        for following in _by_itself(graph, way[-1]):
            if following == start and _never_rests([graph.nodes[each] for each in way]):
                return way
            if following in knot and following not in way:
                ahead.append([*way, following])
    raise _TooManyWays(knot)


def _by_itself(graph: Graph, node_id: str) -> Iterator[str]:
    """The next nodes a token reaches without a person and without time passing."""
    node = graph.nodes[node_id]
    if not node.is_step and not _takes_time(node):
        yield from (flow.target for flow in graph.leaving[node_id])
    if node.is_step:
        yield from (event.id for event in graph.attached[node_id])


def _takes_time(node: Node) -> bool:
    """Whether the event waits every time. A fixed date may already have passed; a duration starts anew each time."""
    return node.timer is not None and node.timer[0] != "timeDate"


def _never_rests(nodes: list[Node]) -> bool:
    heard = {node.message for node in nodes if node.message}
    ended = {ENDED_BY.get(node.service or "") for node in nodes}
    return not (heard & ended) and not any(pair <= heard for pair in NEVER_TOGETHER)


def _finding(node: Node, hears: list[Node]) -> ModelFinding:
    if hears:
        name = named(hears[0].called, hears[0].id)
        return _HEARD_AGAIN.at(
            hears[0].id, f"{name.vi} có thể lặp lại mãi mà không ai phải làm gì.",
            f"{name.en} can happen again and again without anybody having to do anything.", line=hears[0].line,
        )  # fmt: skip
    name = named(node.called, node.id)
    return _NO_STOP.at(
        node.id, f"Vòng lặp qua {name.vi} không có bước nào để dừng.", f"The circle through {name.en} has no step to stop at.",
        line=node.line,
    )  # fmt: skip


def _many_ways(node: Node) -> ModelFinding:
    name = named(node.called, node.id)
    return _TOO_MANY.at(
        node.id, f"Qua {name.vi} có quá nhiều vòng lặp để xem hết.", f"Too many circles lead through {name.en} to look at each.",
        line=node.line,
    )  # fmt: skip
