"""Two models side by side: which node of the new one is which of the old, what is new, what is gone, and one sentence about it."""

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
    """One thing that changed. `element` is the part it is about, in the new text or, where it `is_gone`, in the old one."""

    element: str
    text: Bilingual
    is_gone: bool = False


Told = tuple[str, Sentence]
"""A sentence, and before it whom it concerns: a role, the reporter, or everybody."""


@dataclass
class Pairing:
    """`was` gives by the id of a node of the new model the id it had: its own, or that of one that was drawn anew under another id."""

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
        """By the id a node had the id it has."""
        return {old: new for new, old in self.was.items()}

    @cached_property
    def added(self) -> list[Node]:
        """The nodes that are new."""
        return [node for id_, node in self.new.nodes.items() if id_ not in self.was]

    @cached_property
    def removed(self) -> list[Node]:
        """The nodes that are gone."""
        return [node for id_, node in self.old.nodes.items() if id_ not in self.now]

    def leads_on(self, source: str, target: str | None) -> bool:
        """Whether nodes that are new lead from one to the other in the new model."""
        return target is not None and is_led(self.new, source, target, {node.id for node in self.added})

    def led_on(self, flow: Flow) -> bool:
        """Whether nodes that are gone led, in the old model, where a flow of the new one leads."""
        return is_led(self.old, self.was[flow.source], self.was[flow.target], {node.id for node in self.removed})


def concerned(role: str | None) -> str:
    """Whom a sentence about somebody's step concerns."""
    return role if role and (role == REPORTER or role in {*Role}) else EVERYBODY


def _identity(node: Node) -> tuple[object, ...]:
    return node.process_id, node.kind, node.label, node.attached_to
