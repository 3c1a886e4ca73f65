"""Checks that every loop goes through a choice: otherwise the engine, which looks ahead along every way, never ends."""

from collections.abc import Iterator

from casework.bilingual import Bilingual
from workflows.checks.diagram import Process
from workflows.checks.graph import Graph, graph_of
from workflows.definitions.findings import ModelFinding, Rule, named

_NO_CHOICE = Rule(
    "loop_no_choice",
    Bilingual("Một vòng không có lựa chọn nào thì máy tính trước đường đi không bao giờ xong và hồ sơ không bắt đầu được.",
              "Without a choice in a circle the engine looks ahead for ever, and no case can begin."),
    Bilingual("Đặt một cổng loại trừ vào vòng, ví dụ nơi các nhánh quay về gặp nhau.",
              "Put an exclusive gateway into the circle, for example where the ways back meet."),
)  # fmt: skip


def loop_findings(process: Process) -> Iterator[ModelFinding]:
    """Yield one finding per group of loops without an exclusive gateway, at its first node in the file."""
    graph, told = graph_of(process), set[str]()
    for node in process.nodes.values():
        if node.kind == "exclusiveGateway" or node.id in told:
            continue
        ahead = graph.reach(_without_choice(graph, node.id), lambda id_: _without_choice(graph, id_))
        if node.id in ahead:
            knot = [id_ for id_ in process.nodes if id_ in ahead and node.id in graph.reach([id_], lambda id_: _without_choice(graph, id_))]
            told |= set(knot)
            name, through = named(node.called, node.id), ", ".join(knot[:6])
            yield _NO_CHOICE.at(
                node.id, f"Có một vòng khép kín qua {name.vi} ({through}).", f"A circle goes through {name.en} ({through}).", line=node.line
            )


def _without_choice(graph: Graph, node_id: str) -> list[str]:
    return [id_ for id_ in graph.after(node_id) if graph.nodes[id_].kind != "exclusiveGateway"]
