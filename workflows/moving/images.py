"""Which node of a new version stands for a node of the old one: the same, or the one chosen for it by hand."""

from collections.abc import Mapping
from functools import cached_property

from workflows.drafting.renaming import APART, drawn_id
from workflows.moving.net import Net

Mapped = Mapping[str, str | None]


class Images:
    """The nodes of one process in two versions with the choices made by hand.

    An element with APART appended in the choices is not the one the new version has under that id.
    """

    def __init__(self, old: Net, new: Net, chosen: Mapped) -> None:
        self.old, self.new = old, new
        self.chosen = {element: target for element, target in chosen.items() if not element.endswith(APART)}
        self.apart = frozenset(drawn_id(element) for element in chosen if element.endswith(APART))

    def of(self, node_id: str) -> str | None:
        """The node of the new version for one of the old: the same, or the one chosen for it."""
        return node_id if self.is_same(node_id) else self.chosen.get(node_id)

    def is_same(self, node_id: str) -> bool:
        """Whether the new version has the node itself."""
        old, new = self.old.nodes[node_id], self.new.nodes.get(node_id)
        return node_id not in self.apart and new is not None and (old.kind == new.kind or (old.is_step and new.is_step))

    @cached_property
    def all(self) -> frozenset[str]:
        """Every node of the new version that stands for one of the old."""
        found = (target for node in self.old.nodes for target in (self.of(node), self.chosen.get(node)))
        return frozenset(target for target in found if target is not None)
