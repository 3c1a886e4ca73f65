"""Branches of forks that only the new version of a process has: where each first rests, and which must begin with a move."""

from collections.abc import Iterable, Iterator
from itertools import combinations

from workflows.checks.diagram import Flow
from workflows.moving.net import NOWHERE, Net, Standing, Stretch

MOST_BEGUN = 2
"""The most branches begun within one line of a case that is moved."""


class NewBranches:
    """The new branches of one process. Choices made by hand do not change them, so they are found once for two versions."""

    def __init__(self, old: Net, new: Net) -> None:
        self.old, self.new = old, new
        self._on: dict[int, list[tuple[Flow, Standing]]] = {}
        self._firsts: dict[str, Standing] = {}

    def completing(self, stretch: Stretch, own: Standing) -> list[Flow] | None:
        """The flows that must begin on one line for these tokens to be a state of it; None if none help."""
        candidates = self._new_on(stretch)
        for count in range(1, MOST_BEGUN + 1):
            for chosen in combinations(candidates, count):
                together = own.union(*(spots for _, spots in chosen))
                if together in stretch.standings and len(together) == len(own) + sum(len(spots) for _, spots in chosen):
                    return [flow for flow, _ in chosen]
        return None

    def firsts(self, flows: Iterable[Flow]) -> Standing:
        """Where branches that begin on some flows first rest."""
        return NOWHERE.union(*(self._first(flow) for flow in flows))

    def _first(self, flow: Flow) -> Standing:
        if flow.id not in self._firsts:
            found = self.new.settled(NOWHERE, [flow])
            self._firsts[flow.id] = next(iter(found)) if found and len(found) == 1 else NOWHERE
        return self._firsts[flow.id]

    def _new_on(self, stretch: Stretch) -> list[tuple[Flow, Standing]]:
        """The branches of forks on a line that the old version did not have, with where each first rests."""
        if id(stretch) not in self._on:
            rests = ((flow, self._first(flow)) for flow in self._new_flows())
            self._on[id(stretch)] = [(flow, spots) for flow, spots in rests if spots and spots <= stretch.spots]
        return self._on[id(stretch)]

    def _new_flows(self) -> Iterator[Flow]:
        """The flows that leave forks of the new version and were not drawn in the old one."""
        for node in self.new.nodes.values():
            leaving = self.new.graph.leaving[node.id]
            if node.kind == "parallelGateway" and len(leaving) > 1:
                yield from (flow for flow in leaving if not self._is_old(flow))

    def _is_old(self, flow: Flow) -> bool:
        known = self.old.nodes
        return flow.source in known and flow.target in known and bool(self.old.flows_between(flow.source, flow.target))
