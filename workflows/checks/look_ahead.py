"""Checks how far the engine looks ahead: it makes a task for every way it foresees, and ways that part and join again multiply."""

from collections.abc import Iterator

from casework.bilingual import Bilingual
from workflows.checks.diagram import Process
from workflows.checks.graph import Graph, graph_of
from workflows.definitions.findings import ModelFinding, Rule, named

MOST_TASKS = 2_000
"""Tasks foreseen from one place. All are read and written at each step of the case; this many take about 0.2 s."""

_LOOK_AHEAD = Rule(
    "look_ahead",
    Bilingual("Sau mỗi cổng nối, máy tính trước mọi đường thêm một lần cho từng nhánh; nhiều lần tách rồi nối liên tiếp làm hồ sơ "
              "nặng gấp bội ở mỗi bước.",
              "Behind a join the engine foresees all that follows once for each way into it; to part and join again and again makes "
              "a case many times heavier at every step."),
    Bilingual("Đặt một lựa chọn (cổng loại trừ) giữa các lần tách, tách ít nhánh hơn, hoặc làm lần lượt.",
              "Put a choice (an exclusive gateway) between them, part into fewer ways, or let the steps follow one another."),
)  # fmt: skip


_UNDECIDED = ("exclusiveGateway", "eventBasedGateway")


def look_ahead_findings(process: Process) -> Iterator[ModelFinding]:
    """Yield the first node in the file from which the engine would foresee more than MOST_TASKS tasks, and from no node right behind it.

    Only for processes whose loops all go through a choice (circles/choiceless.py).
    """
    graph = graph_of(process)
    sizes = look_ahead(graph)
    for node in process.nodes.values():
        if sizes[node.id] > MOST_TASKS and all(sizes[each] <= MOST_TASKS for each in graph.after(node.id)):
            name = named(node.called, node.id)
            yield _LOOK_AHEAD.at(
                node.id, f"Từ {name.vi} máy phải tính trước hơn {MOST_TASKS} việc.",
                f"From {name.en} the engine would foresee more than {MOST_TASKS} tasks.", line=node.line,
            )  # fmt: skip
            return


def look_ahead(graph: Graph) -> dict[str, int]:
    """Return by node how many tasks the engine makes when a token arrives there, the node's own included.

    It foresees everything up to a choice, an event-based gateway or a boundary event, and behind these only the next node and those
    after it; joins are foreseen once for each way into them. The engine adds two tasks behind each end and two around a step with boundary
    events.
    """
    sizes: dict[str, int] = {}
    ahead = list(graph.nodes)
    while ahead:
        node = ahead[-1]
        missing = [each for each in _foreseen(graph, node) if each not in sizes]
        if missing:
            ahead += missing
            continue
        ahead.pop()
        sizes[node] = _own_tasks(graph, node) + sum(sizes[each] for each in _foreseen(graph, node))
    return sizes


def _own_tasks(graph: Graph, node_id: str) -> int:
    """The number of tasks for the node itself and those it alone adds."""
    kind, events = graph.nodes[node_id].kind, graph.attached[node_id]
    if kind == "endEvent":
        return 3
    if kind in _UNDECIDED:
        return 1 + sum(1 + len(graph.after(flow.target)) for flow in graph.leaving[node_id])
    return 1 + (2 + 3 * len(events) if events else 0)


def _foreseen(graph: Graph, node: str) -> list[str]:
    return [] if graph.nodes[node].kind in _UNDECIDED else [flow.target for flow in graph.leaving[node]]
