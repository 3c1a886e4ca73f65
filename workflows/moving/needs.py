"""Which values will be read on the way ahead that the tokens do not bring and nothing on the way sets."""

import ast
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import and_, or_

from workflows.bindings import BINDINGS
from workflows.checks.diagram import Node
from workflows.checks.values import given_by, values_of
from workflows.definitions.expressions import ExpressionRefused, checked, names_in
from workflows.moving.net import AT, ON, Net, Spot

Names = frozenset[str]


@dataclass(frozen=True)
class Missing:
    """A value, `name`, that may be missing when the node `reader` reads it."""

    name: str
    reader: str


def needs_of(net: Net) -> "Needs":
    """Return the needs of a net; computed once."""
    found: Needs = net.worked_out.get("needs") or net.worked_out.setdefault("needs", Needs(net))
    return found


class Needs:
    """What the nodes of a net read and leave. Sets of names are stored as integers, one bit per name."""

    def __init__(self, net: Net) -> None:
        self.net, self.graph = net, net.graph
        values = values_of(net.process, BINDINGS)
        self.sure, self.known = values.sure, values.known
        self.gives = {node.id: frozenset(given_by(node, BINDINGS)) for node in net.nodes.values()}
        self.reads = {node.id: self._read(node) for node in net.nodes.values()}
        self._names = sorted(frozenset().union(*self.reads.values()))
        self._bits = {name: 1 << at for at, name in enumerate(self._names)}
        self._read_bits = {node: self._number(names) for node, names in self.reads.items()}
        self._ways = {
            node: tuple((flow.source, self._number(self.gives[flow.source])) for flow in self.graph.entering[node]) for node in net.nodes
        }
        self._not_sure = frozenset(node for node, names in self.reads.items() if names - self.sure[node])
        self._joins = [node for node in net.nodes if net.joins(node)]
        self._at = {spot: self.sure[spot[1]] | (self.gives[spot[1]] if spot[0] == ON else frozenset()) for spot in net.home}
        self._reach: dict[str, frozenset[str]] = {}
        self._possible: dict[str, Names] = {}
        self._found: dict[object, tuple[Missing, ...]] = {}

    def at(self, spot: Spot) -> Names:
        """The values a token resting there surely has."""
        if spot not in self._at:
            self._at[spot] = self.sure[spot[1]] | (self.gives[spot[1]] if spot[0] == ON else frozenset())
        return self._at[spot]

    def armed(self, node_id: str) -> Names:
        """The values from which the timers of a resting place are computed when a token arrives."""
        node = self.net.nodes[node_id]
        events = [self.net.nodes[flow.target] for flow in self.graph.leaving[node_id]] if node.kind == "eventBasedGateway" else [node]
        events += self.graph.attached[node_id]
        return frozenset(name for event in events for name in reads_of(event.timer[1] if event.timer else ""))

    def ahead_of(self, node_id: str) -> frozenset[str]:
        """The nodes a token can reach from a node, itself included."""
        if node_id not in self._reach:
            self._reach[node_id] = frozenset(self.graph.reach([node_id]))
        return self._reach[node_id]

    def possible(self, node_id: str) -> Names:
        """The values a token at a node may have: whatever anything before it leaves."""
        if node_id not in self._possible:
            before = self.graph.reach([node_id], self.graph.before) - {node_id}
            if any(node_id in self.ahead_of(after) for after in self.graph.after(node_id)):
                before |= {node_id}
            self._possible[node_id] = frozenset(name for each in before for name in self.gives[each])
        return self._possible[node_id]

    def missing(self, brought: Mapping[Spot, Names]) -> tuple[Missing, ...]:
        """Return what the way ahead reads although tokens with these values may arrive without it."""
        ahead = frozenset().union(*(self.ahead_of(spot[1] if spot[0] == AT else spot[2]) for spot in brought))
        if self._is_as_from_the_start(brought, ahead):
            return ()
        numbers = {spot: self._number(names) for spot, names in brought.items()}
        key = frozenset(numbers.items())
        if key not in self._found:
            if len(self._found) > 5_000:
                self._found.clear()
            self._found[key] = tuple(self._missing(numbers, ahead))
        return self._found[key]

    def _is_as_from_the_start(self, brought: Mapping[Spot, Names], ahead: frozenset[str]) -> bool:
        """Whether the tokens have what those of a fresh instance have there, and nothing ahead lacks anything then."""
        return (
            not ahead & self._not_sure
            and all(self.at(spot) <= names for spot, names in brought.items())
            and all(
                source in ahead or (ON, source, join) in brought
                for join in self._joins
                if join in ahead
                for source, _gives in self._ways[join]
            )
        )

    def _number(self, names: Names) -> int:
        return sum(bit for name, bit in self._bits.items() if name in names)

    def _missing(self, brought: Mapping[Spot, int], ahead: frozenset[str]) -> Iterator[Missing]:
        before = self._before(brought, ahead)
        seeds = {spot[1] for spot in brought if spot[0] == AT}
        for node_id in self.net.nodes:
            lacks = self._read_bits[node_id] & ~before[node_id] if node_id in ahead else 0
            if lacks and (node_id not in seeds or any(each in ahead for each in self.graph.before(node_id))):
                yield from (Missing(name, node_id) for name in self._names if lacks & self._bits[name])

    def _before(self, brought: Mapping[Spot, int], ahead: frozenset[str]) -> dict[str, int]:
        """The values surely set before each node ahead, computed as in `values.py` but starting from where the tokens are."""
        everything = (1 << len(self._names)) - 1
        before = dict.fromkeys(ahead, everything)
        waiting = deque(node for node in self.net.nodes if node in ahead)
        while waiting:
            id_ = waiting.popleft()
            new = self._arrived(id_, before, brought, everything)
            if new != before[id_]:
                before[id_] = new
                waiting += [each for each in self.graph.after(id_) if each in ahead and each not in waiting]
        return before

    def _arrived(self, id_: str, before: Mapping[str, int], brought: Mapping[Spot, int], everything: int) -> int:
        node = self.net.nodes[id_]
        if node.attached_to:
            return before.get(node.attached_to, everything)
        ways = [before[source] | gives for source, gives in self._ways[id_] if source in before]
        if node.kind == "parallelGateway":
            ways += [brought[spot] for source, _gives in self._ways[id_] if (spot := (ON, source, id_)) in brought]
            return reduce(or_, ways) if ways else everything
        if (AT, id_) in brought:
            ways.append(brought[AT, id_])
        return reduce(and_, ways) if ways else everything

    def _read(self, node: Node) -> Names:
        """The values a node reads when a token arrives. Boundary events and events behind a gateway count with their step or gateway."""
        if node.attached_to or self.net.behind_gateway(node.id):
            return frozenset()
        texts = [flow.condition for flow in self.graph.leaving[node.id] if node.kind == "exclusiveGateway" and not flow.is_default]
        texts += node.parameters.values()
        return frozenset(name for text in texts for name in reads_of(text or "")) | self.armed(node.id)


@lru_cache(maxsize=4096)
def reads_of(text: str) -> Names:
    """Return the variables an expression needs, without those it asks `defined` of; none for a text that is no expression."""
    try:
        names = names_in(text or "None")
    except ExpressionRefused:
        return frozenset()
    calls = [each for each in ast.walk(checked(text or "None")) if isinstance(each, ast.Call)]
    asked_for = [each for call in calls if ast.unparse(call.func) == "defined" for each in call.args]
    return frozenset(names - {each.value for each in asked_for if isinstance(each, ast.Constant)})
