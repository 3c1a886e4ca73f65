"""Which values the way ahead of some tokens reads that they do not bring and nothing on the way sets."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from workflows.bindings import BINDINGS
from workflows.checks.diagram import Node
from workflows.checks.values import given_by, values_of
from workflows.expressions import ExpressionRefused, checked, names_in
from workflows.moving.net import AT, ON, Net, Spot

Names = frozenset[str]


@dataclass(frozen=True)
class Missing:
    """A value that is read at a node and may not be there; `spots` are the tokens it may be missing to."""

    name: str
    reader: str


class Needs:
    """What the nodes of a net read and leave."""

    def __init__(self, net: Net) -> None:
        self.net, self.graph = net, net.graph
        values = values_of(net.process, BINDINGS)
        self.sure, self.known = values.sure, values.known
        self.gives = {node.id: frozenset(given_by(node, BINDINGS)) for node in net.nodes.values()}
        self.reads = {node.id: self._read(node) for node in net.nodes.values()}
        self._found: dict[object, tuple[Missing, ...]] = {}

    def at(self, spot: Spot) -> Names:
        """What a token that rests somewhere surely has."""
        return self.sure[spot[1]] | (self.gives[spot[1]] if spot[0] == ON else frozenset())

    def armed(self, node_id: str) -> Names:
        """What the moments of a resting place are worked out from when a token arrives."""
        node = self.net.nodes[node_id]
        events = [self.net.nodes[flow.target] for flow in self.graph.leaving[node_id]] if node.kind == "eventBasedGateway" else [node]
        events += self.graph.attached[node_id]
        return frozenset(name for event in events for name in reads_of(event.timer[1] if event.timer else ""))

    def possible(self, node_id: str) -> Names:
        """What a token at a node may have: what anything before it leaves."""
        before = self.graph.reach([node_id], self.graph.before) - {node_id}
        if node_id in {each for after in self.graph.after(node_id) for each in self.graph.reach([after])}:
            before |= {node_id}
        return frozenset(name for each in before for name in self.gives[each])

    def missing(self, brought: Mapping[Spot, Names]) -> tuple[Missing, ...]:
        """Return what the way ahead reads though tokens with these values may come there without it."""
        key = frozenset(brought.items())
        if key not in self._found:
            if len(self._found) > 5_000:
                self._found.clear()
            self._found[key] = tuple(self._missing(brought))
        return self._found[key]

    def _missing(self, brought: Mapping[Spot, Names]) -> Iterator[Missing]:
        begun = {spot[1] for spot in brought if spot[0] == AT} | {spot[2] for spot in brought if spot[0] == ON}
        ahead = self.graph.reach(begun)
        before = self._before(brought, ahead)
        seeds = {spot[1] for spot in brought if spot[0] == AT}
        come_round = {each for node in ahead for each in self.graph.after(node)}
        for node_id in self.net.nodes:
            if node_id in ahead and (node_id not in seeds or node_id in come_round):
                yield from (Missing(name, node_id) for name in sorted(self.reads[node_id] - before[node_id]))

    def _before(self, brought: Mapping[Spot, Names], ahead: set[str]) -> dict[str, Names]:
        """As `values.py` works it out from the start, but from where the tokens are."""
        everything = frozenset().union(*self.gives.values(), *self.reads.values(), *brought.values())
        before = dict.fromkeys(ahead, everything)
        waiting = [node for node in self.net.nodes if node in ahead]
        while waiting:
            id_ = waiting.pop(0)
            new = self._arrived(id_, before, brought, everything)
            if new != before[id_]:
                before[id_] = new
                waiting += [each for each in self.graph.after(id_) if each in ahead and each not in waiting]
        return before

    def _arrived(self, id_: str, before: Mapping[str, Names], brought: Mapping[Spot, Names], everything: Names) -> Names:
        node = self.net.nodes[id_]
        if node.attached_to:
            return before.get(node.attached_to, everything)
        ways = [before[flow.source] | self.gives[flow.source] for flow in self.graph.entering[id_] if flow.source in before]
        waiting = [names for spot, names in brought.items() if spot[0] == ON and spot[2] == id_]
        if node.kind == "parallelGateway":
            return frozenset().union(*ways, *waiting) if ways or waiting else everything
        own = [names for spot, names in brought.items() if spot == (AT, id_)]
        return frozenset.intersection(*ways, *own) if ways or own else everything

    def _read(self, node: Node) -> Names:
        """What a node reads when a token comes to it; the moments of an event at an edge or behind a gateway are read before."""
        if node.attached_to or self.net.behind_gateway(node.id):
            return frozenset()
        texts = [flow.condition for flow in self.graph.leaving[node.id] if node.kind == "exclusiveGateway" and not flow.is_default]
        texts += node.parameters.values()
        return frozenset(name for text in texts for name in reads_of(text or "")) | self.armed(node.id)


@lru_cache(maxsize=4096)
def reads_of(text: str) -> Names:
    """Return the variables an expression cannot do without: what it first asks `defined` of may be missing."""
    try:
        names = names_in(text or "None")
    except ExpressionRefused:
        return frozenset()
    calls = [each for each in ast.walk(checked(text or "None")) if isinstance(each, ast.Call)]
    asked_for = [each for call in calls if ast.unparse(call.func) == "defined" for each in call.args]
    return frozenset(names - {each.value for each in asked_for if isinstance(each, ast.Constant)})
