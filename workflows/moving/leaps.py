"""What an instance has surely passed where a token stands, and which required steps a moved token would skip.

A token has surely passed one of some nodes if no token could come to where it stands while nothing leaves those nodes. A join lets through
only once a token has come by each flow into it, so behind it a node on any one of the joined branches counts as passed. This looks at the
nets alone; token_targets.py also reads the rows of a case.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from casework.bilingual import Bilingual
from workflows.bindings import BINDINGS
from workflows.definitions.findings import named
from workflows.moving.net import AT, Net, Spot

OTHER_THAN = "other_than"
"""The property by which a drawn step requires another person: an approval the organisation added itself."""


@dataclass(frozen=True)
class RequiredStep:
    """Something a token may not skip: one of some steps, or a message. People are shown the label of `element`.

    `is_core` are verification, approvals (drawn ones included), publication and the end of the agencies' work: an administrator cannot move
    a token past one the case lacks. The other required steps are not skipped by a move to another version, since later steps rely on them.
    """

    element: str
    steps: frozenset[str]
    messages: frozenset[str] = frozenset()
    is_core: bool = False

    def nodes_in(self, net: Net) -> frozenset[str]:
        """The nodes of a process of which a token must have left one."""
        nodes = net.nodes.values()
        return frozenset(node.id for node in nodes if (node.is_step and node.id in self.steps) or node.message in self.messages)


VERIFIED = RequiredStep("verify", frozenset({"verify"}), is_core=True)
PUBLISHED = RequiredStep("publish", frozenset({"publish"}), is_core=True)
APPROVED = RequiredStep("approve_answer", frozenset({"approve_answer"}), is_core=True)
SETTLED = RequiredStep("approve_answer", frozenset({"approve_answer", "decide_hand_back"}), frozenset({"assignment_ended"}), is_core=True)
"""How the work of an agency ends: an approved answer, a release, or its removal."""
FINISHED = RequiredStep("wait_for_agencies", frozenset(), frozenset({"assignments_finished"}), is_core=True)
"""No agency is at work any more, and at least one answer is approved."""

_CORE = {owed.element: owed for owed in (VERIFIED, PUBLISHED, APPROVED)}


def _required_in(net: Net) -> tuple[RequiredStep, ...]:
    """What no token of a process may skip: the software's steps in order, and the drawn approvals."""
    found: tuple[RequiredStep, ...] = net.worked_out.get("owed", ())
    if not found:
        bound = [name for name, step in BINDINGS.steps.items() if step.process_id == net.process.id]
        house = [_CORE.get(name) or RequiredStep(name, frozenset({name})) for name in bound]
        steps = [node for node in net.nodes.values() if node.is_step and node.id not in BINDINGS.steps]
        drawn = [RequiredStep(step.id, frozenset({step.id}), is_core=True) for step in steps if OTHER_THAN in step.properties]
        found = net.worked_out["owed"] = tuple(owed for owed in (SETTLED, *house, *drawn) if owed.nodes_in(net))
    return found


def has_passed(net: Net, spot: Spot, nodes: frozenset[str]) -> bool:
    """Whether a token can stand there only after one of some nodes has been left."""
    return spot in net.home and not _comes_without(net, spot, nodes)


def passed_at(net: Net, spot: Spot) -> tuple[RequiredStep, ...]:
    """Return what a token has surely passed where it stands; computed once."""
    known: dict[Spot, tuple[RequiredStep, ...]] = net.worked_out.setdefault("passed at", {})
    if spot not in known:
        known[spot] = tuple(owed for owed in _required_in(net) if has_passed(net, spot, owed.nodes_in(net)))
    return known[spot]


def leapt_over(old: Net, stood: Collection[Spot], new: Net, stands: Spot) -> Iterator[RequiredStep]:
    """Yield what every token standing there in the new version has passed, but tokens standing so in the old one have not.

    Requirements the old version lacked do not count, since its cases were never asked for them.
    """
    before = {owed for spot in stood for owed in passed_at(old, spot)}
    yield from (owed for owed in passed_at(new, stands) if owed not in before and owed in _required_in(old))


def left_undone(old: Net, stood: Collection[Spot], new: Net, stands: Collection[Spot], mapping: Mapping[str, str | None]) -> list[str]:
    """Return the drawn steps that tokens skip: those every token standing there has passed, and those at which one waited that is
    sent past them by hand.

    They do not prevent a move; the person who begins it is told.
    """
    drawn = [node.id for node in new.nodes.values() if node.is_step and node.id not in BINDINGS.steps]
    found = []
    for step in drawn:
        before = frozenset(each for each in (step, *mapping) if each in old.nodes and mapping.get(each, step) == step)
        is_past = any(has_passed(new, spot, frozenset({step})) for spot in stands)
        if is_past and not any(has_passed(old, spot, before) for spot in stood):
            found.append(step)
    for _, element, *_join in stood:
        target = mapping.get(element)
        is_step = old.nodes[element].is_step and element not in BINDINGS.steps
        if is_step and target in old.nodes and target in old.graph.reach([flow.target for flow in old.graph.leaving[element]]):
            found.append(element)
    return found


def label_of(net: Net, element: str) -> Bilingual:
    """Return the label of a node, in quotes."""
    node = net.nodes.get(element)
    return named(node.called, node.id) if node is not None else Bilingual(f"“{element}”", f"“{element}”")


def skipping(step: Bilingual) -> Bilingual:
    """The reason against a move: it would skip a step the case has not passed."""
    return Bilingual(f"Hồ sơ sẽ bỏ qua {step.vi}, là bước hồ sơ chưa qua.", f"The case would skip {step.en}, which it has not passed.")


def _comes_without(net: Net, spot: Spot, nodes: frozenset[str]) -> bool:
    """Whether a token can reach a spot while nothing leaves some nodes."""
    known: dict[frozenset[str], tuple[set[str], set[str]]] = net.worked_out.setdefault("reached without", {})
    if nodes not in known:
        known[nodes] = _reached_without(net, nodes)
    places, flows = known[nodes]
    return spot[1] in places if spot[0] == AT else any(flow.id in flows for flow in net.flows_between(spot[1], spot[2]))


def _reached_without(net: Net, nodes: frozenset[str]) -> tuple[set[str], set[str]]:
    """The nodes and flows tokens reach while nothing leaves some nodes."""
    places, flows = set[str](), set[str]()
    ahead = [node.id for node in net.process.starts]
    while ahead:
        place = ahead.pop()
        if place in places:
            continue
        places.add(place)
        ahead += [event.id for event in net.graph.attached[place]]
        for flow in net.graph.leaving[place] if place not in nodes else ():
            flows.add(flow.id)
            if not net.joins(flow.target) or all(each.id in flows for each in net.graph.entering[flow.target]):
                ahead.append(flow.target)
    return places, flows
