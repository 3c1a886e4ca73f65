"""Pairs the nodes of two models: which are the same, which are new, which are gone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from casework.bilingual import Bilingual
from casework.permissions import Role
from workflows.checks.diagram import Flow, Node
from workflows.comparison.model import Model
from workflows.comparison.nearby import is_led
from workflows.desk_access import REPORTER

EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One change in words. `element` is the part concerned, in the new text, or in the old one if it `is_gone`."""

    element: str
    text: Bilingual
    is_gone: bool = False


AddressedSentence = tuple[str, Sentence]
"""Whom a sentence concerns (a role, the reporter or everybody), and the sentence."""


@dataclass
class Pairing:
    """Two models with their nodes paired. `was` maps node ids of the new model to those of the old one.

    A named node that was drawn anew under another id counts as the same if process, kind, name and attachment agree.
    """

    old: Model
    new: Model
    was: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.was = {id_: id_ for id_ in self.new.nodes if id_ in self.old.nodes}
        gone = [node for id_, node in self.old.nodes.items() if id_ not in self.new.nodes]
        for id_, node in self.new.nodes.items():
            twin = (
                next((each for each in gone if _identity(each) == _identity(node)), None) if node.label.vi and id_ not in self.was else None
            )
            if twin is not None:
                gone.remove(twin)
                self.was[id_] = twin.id

    @cached_property
    def now(self) -> Mapping[str, str]:
        """Node ids of the new model by those of the old one."""
        return {old: new for new, old in self.was.items()}

    @cached_property
    def added(self) -> list[Node]:
        return [node for id_, node in self.new.nodes.items() if id_ not in self.was]

    @cached_property
    def removed(self) -> list[Node]:
        return [node for id_, node in self.old.nodes.items() if id_ not in self.now]

    def leads_on(self, source: str, target: str | None) -> bool:
        """Whether new nodes connect one node to the other in the new model."""
        return target is not None and is_led(self.new, source, target, {node.id for node in self.added})

    def led_on(self, flow: Flow) -> bool:
        """Whether removed nodes connected the ends of this new flow in the old model."""
        return is_led(self.old, self.was[flow.source], self.was[flow.target], {node.id for node in self.removed})


def concerned(role: str | None) -> str:
    """Whom a sentence about a role's step concerns."""
    return role if role and (role == REPORTER or role in {*Role}) else EVERYBODY


def _identity(node: Node) -> tuple[object, ...]:
    return node.process_id, node.kind, node.label, node.attached_to
