"""A process as a graph: what leads where, boundary events counted as ways out of their step."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from workflows.checks.diagram import Flow, Node, Process


@dataclass(frozen=True)
class Graph:
    """The nodes of a process with the flows out of and into each, and the boundary events attached to it."""

    process: Process
    leaving: Mapping[str, tuple[Flow, ...]]
    entering: Mapping[str, tuple[Flow, ...]]
    attached: Mapping[str, tuple[Node, ...]]

    @property
    def nodes(self) -> Mapping[str, Node]:
        return self.process.nodes

    def after(self, node_id: str) -> list[str]:
        """Every node a token can reach next, by a flow or a boundary event."""
        return [flow.target for flow in self.leaving[node_id]] + [event.id for event in self.attached[node_id]]

    def before(self, node_id: str) -> list[str]:
        """Every node a token can come from."""
        host = self.nodes[node_id].attached_to
        return [flow.source for flow in self.entering[node_id]] + ([host] if host and host in self.nodes else [])

    def reach(self, starts: Iterable[str], after: Callable[[str], Iterable[str]] | None = None) -> set[str]:
        """Return the nodes reachable from `starts`, which are included."""
        follow = after or self.after
        found = set(starts)
        ahead = list(found)
        while ahead:
            new = set(follow(ahead.pop())) - found
            found |= new
            ahead.extend(new)
        return found


def graph_of(process: Process) -> Graph:
    leaving: dict[str, list[Flow]] = defaultdict(list)
    entering: dict[str, list[Flow]] = defaultdict(list)
    attached: dict[str, list[Node]] = defaultdict(list)
    for flow in process.flows.values():
        leaving[flow.source].append(flow)
        entering[flow.target].append(flow)
    for node in process.nodes.values():
        if node.attached_to and node.attached_to in process.nodes:
            attached[node.attached_to].append(node)
    return Graph(
        process,
        {node: tuple(leaving[node]) for node in process.nodes},
        {node: tuple(entering[node]) for node in process.nodes},
        {node: tuple(attached[node]) for node in process.nodes},
    )
