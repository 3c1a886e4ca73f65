"""Checks for short loops driven by a timer: nobody does anything in them, so rounds are written for as long as the case lasts."""

import ast
from collections.abc import Iterator

from casework.bilingual import Bilingual
from workflows.checks.diagram import Node, Process
from workflows.checks.events import SHORTEST_ROUND, days_of
from workflows.checks.graph import Graph, graph_of
from workflows.definitions.expressions import ExpressionRefused, checked
from workflows.definitions.findings import ModelFinding, Rule, named

_ROUND = Rule(
    "timer_round",
    Bilingual("Vòng này tự chạy mà không cần ai, và mỗi lượt được ghi mãi trong hồ sơ: chờ dưới một giờ thì hồ sơ nặng dần đến khi không "
              "mở được.",
              "The circle turns by itself, and each round stays written in the case: with waits under an hour a case would grow until it "
              "cannot be opened."),
    Bilingual("Chờ ít nhất một giờ (“PT1H”), hoặc đặt vào vòng một bước có người làm.",
              "Wait an hour (“PT1H”) or longer, or put a step that somebody does into the circle."),
)  # fmt: skip


def round_findings(process: Process) -> Iterator[ModelFinding]:
    """Yield each timer shorter than an hour in a loop where nobody does anything and nothing waits longer."""
    graph = graph_of(process)
    for node in process.nodes.values():
        if _is_short(node) and node.id in graph.reach(_alone(graph, node.id), lambda each: _alone(graph, each)):
            name = named(node.called, node.id)
            yield _ROUND.at(
                node.id, f"{name.vi} chờ dưới một giờ trong một vòng tự chạy.",
                f"{name.en} waits less than an hour on a circle that turns by itself.", line=node.line,
            )  # fmt: skip


def _alone(graph: Graph, node_id: str) -> list[str]:
    """The nodes a token reaches within the hour without a step being done."""
    node = graph.nodes[node_id]
    if node.is_step:
        return [event.id for event in graph.attached[node_id]]
    is_long = node.timer is not None and node.timer[0] != "timeDate" and not _is_short(node)
    return [] if is_long else [flow.target for flow in graph.leaving[node_id]]


def _is_short(node: Node) -> bool:
    kind, text = node.timer or ("", "")
    if kind not in ("timeDuration", "timeCycle"):
        return False
    try:
        tree = checked(text)
    except ExpressionRefused:
        return False
    days = days_of(str(tree.value).rpartition("/")[2]) if isinstance(tree, ast.Constant) else None
    return days is not None and days < SHORTEST_ROUND
