"""Pairs two versions of a process: where a group of tokens of one can stand in the other, decided on the nets alone."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from casework.bilingual import Bilingual
from workflows.checks.diagram import Flow, Node
from workflows.definitions.cache import LruCache
from workflows.definitions.findings import named
from workflows.definitions.process import Definition
from workflows.definitions.vocabulary import RESTING
from workflows.drafting.renaming import APART, drawn_id
from workflows.moving.fitting import Fitting, not_together
from workflows.moving.images import Images, Mapped
from workflows.moving.leaps import label_of, leapt_over, skipping
from workflows.moving.needs import Names, needs_of, reads_of
from workflows.moving.net import AT, KEPT, NOWHERE, ON, Net, Spot, Standing, nets_of
from workflows.moving.new_branches import NewBranches
from workflows.moving.token_plans import OVER_AT_ONCE, Refusal, TokenMove, TokenPlan, going_to

_pairs: LruCache[tuple[str, str, str, frozenset[tuple[str, str | None]]], "Pair"] = LruCache(KEPT)


def pair_of(process_id: str, old: Definition, new: Definition, mapping: Mapped) -> "Pair":
    """Return the pair for moving a process from one version to another with these choices made by hand; computed once.

    An element with APART appended in the mapping is not the one the new version has under that id.
    """
    chosen = frozenset((element, target) for element, target in mapping.items() if drawn_id(element) in old.elements)
    key = (process_id, old.sha256, new.sha256, chosen)
    return _pairs.get(key, lambda: Pair(nets_of(old)[process_id], nets_of(new)[process_id], dict(chosen)))


class Pair:
    """One process of two versions with the choices made by hand."""

    def __init__(self, old: Net, new: Net, mapping: Mapped, like: "Pair | None" = None) -> None:
        self.old, self.new = old, new
        self.images = Images(old, new, mapping)
        self.apart = self.images.apart
        self.before, self.needs = needs_of(old), needs_of(new)
        # the new version uses these ids for other elements: what the old ones left under a name says nothing about it
        self.foreign = frozenset[str]().union(*(self.before.gives[element] for element in self.apart if element in old.nodes))
        # whatever choices do not change is shared with the pair `like`
        self.branches: NewBranches = like.branches if like else NewBranches(old, new)
        self._known: dict[str, Names] = like._known if like else {}
        self._plans: dict[object, TokenPlan] = {}
        self._targets: dict[Spot, TokenMove | Refusal] = {}

    def plan(self, spots: Iterable[Spot], *, event: str | None = None, alone: bool = False) -> TokenPlan:
        """Decide for one group. `event` is the boundary event that began it. `alone`: ignore what else the instance does."""
        counted = Counter(spots)
        key = (frozenset(counted.items()), event, alone)
        if key not in self._plans:
            if len(self._plans) > 20_000:
                self._plans.clear()
            self._plans[key] = self._plan(counted, event, alone)
        return self._plans[key]

    def going(self, spot: Spot) -> TokenMove | Refusal:
        """Decide for one token alone."""
        if spot not in self._targets:
            self._targets[spot] = self._at(spot) if spot[0] == AT else self._on(spot)
        return self._targets[spot]

    def sending(self, element: str, target: str) -> "Pair":
        """The same two versions with one choice alone."""
        return Pair(self.old, self.new, {**{each + APART: None for each in self.apart}, element: target}, self)

    def image(self, node_id: str) -> str | None:
        """The node of the new version for one of the old: the same, or the one chosen for it."""
        return self.images.of(node_id)

    def brought(self, plan: TokenPlan, outcome: Standing, had: Mapping[Spot, Names]) -> dict[Spot, Names]:
        """The values of each token after the move, by spot of an outcome and of what begins with it, given what each had before."""
        came = [had[spot] for spot, each in plan.going.items() if each.flow is not None]
        moved = {each.to: had[spot] for spot, each in plan.going.items() if each.to is not None}
        on_way: Names = frozenset.intersection(*came) if came else frozenset()
        found = {spot: moved.get(spot, on_way) for spot in outcome}
        for flow in plan.begins:
            names = self._known_at(flow.source)
            found |= {spot: names for standing in self.new.settled(NOWHERE, [flow]) or () for spot in standing}
        return {spot: names - self.foreign for spot, names in found.items()}

    def _known_at(self, fork: str) -> Names:
        """The values a case of the old version surely has where a fork of the new one was passed."""
        if fork not in self._known:
            self._known[fork] = self._known_where_passed(fork)
        return self._known[fork]

    def _known_where_passed(self, fork: str) -> Names:
        seen, ahead, names = {fork}, [fork], list[Names]()
        while ahead:
            node = ahead.pop()
            if node in self.old.nodes and node not in self.apart:
                names.append(self.before.sure[node] | (self.before.gives[node] if node != fork else frozenset()))
                continue
            new = [each for each in self.new.graph.before(node) if each not in seen]
            seen.update(new)
            ahead += new
        return frozenset.intersection(*names) if names else frozenset()

    def missing(self, brought: Mapping[Spot, Names], spots: frozenset[Spot]) -> Refusal | None:
        """Why tokens with these values could not go on: something ahead reads a value they may lack."""
        missing = self.needs.missing(brought)
        return self.lacks(missing[0].name, missing[0].reader, spots) if missing else None

    def lacks(self, name: str, reader: str, spots: frozenset[Spot]) -> Refusal:
        """The refusal that names the missing value."""
        known = self.needs.known.get(name)
        value = named(known.variable.label, name) if known else Bilingual(f"“{name}”", f"“{name}”")
        node = label_of(self.new, reader)
        return Refusal(spots, Bilingual(
            f"Thiếu giá trị {value.vi} mà bản mới hỏi tại {node.vi}; hồ sơ chưa qua bước cho giá trị đó.",
            f"The value {value.en}, which the new version asks for at {node.en}, is missing: no step the case has passed gave it.",
        ), by_hand=True)  # fmt: skip

    def newly_read(self, element: str, target: str) -> Names:
        """The values read by those timers of a resting place that the old version did not have there, or set otherwise."""
        node = self.new.nodes[target]
        events = [self.new.nodes[flow.target] for flow in self.new.graph.leaving[target]] if node.kind == "eventBasedGateway" else [node]
        fresh = [event for event in (*events, *self.new.graph.attached[target]) if event.timer and not self._was_armed(event, element)]
        return frozenset(name for event in fresh for name in reads_of(event.timer[1] if event.timer else ""))

    def _was_armed(self, event: Node, element: str) -> bool:
        old = self.old.nodes.get(event.id)
        if old is None or event.id in self.apart:
            return False
        return old.timer == event.timer and element in (old.id, old.attached_to, self.old.behind_gateway(old.id))

    def is_listening(self, spot: Spot) -> bool:
        """Whether a token waits at the beginning of a line of its own that only listens for messages."""
        stretch = self.old.home.get(spot)
        if stretch is None or stretch.fork is None or stretch.event is not None or frozenset({spot}) not in stretch.begun:
            return False
        node = self.old.nodes[spot[1]]
        events = [self.old.nodes[flow.target] for flow in self.old.graph.leaving[node.id]] if node.kind == "eventBasedGateway" else [node]
        return all(event.message for event in events) and not self.old.graph.attached[node.id]

    # -- one token -------------------------------------------------------------------------------------------------

    def _at(self, spot: Spot) -> TokenMove | Refusal:
        element = spot[1]
        if element in self.images.chosen:
            target = self.images.chosen[element]
            if target is None:
                return TokenMove()
            node = self.new.nodes.get(target)
            if node is None or node.kind not in RESTING:
                return self._gone(spot)
            return self._standing(spot, target)
        if self.images.is_same(element):
            return self._standing(spot, element)
        if element not in self.new.nodes and self.is_listening(spot) and self._row_is_gone(spot):
            return TokenMove()
        return self._gone(spot)

    def _standing(self, spot: Spot, target: str) -> TokenMove | Refusal:
        to = (AT, self.new.behind_gateway(target) or target)
        if to not in self.new.home:
            label = label_of(self.new, target)
            return Refusal(frozenset({spot}), Bilingual(
                f"Ở bản mới không hồ sơ nào tới được {label.vi}.", f"In the new version no case ever comes to {label.en}.",
            ), by_hand=True)  # fmt: skip
        return TokenMove(to)

    def _gone(self, spot: Spot) -> Refusal:
        label = label_of(self.old, spot[-1])
        return Refusal(frozenset({spot}), Bilingual(
            f"Bản mới không còn {label.vi} như bản cũ.", f"The new version has no {label.en} like that of the old one.",
        ), by_hand=True)  # fmt: skip

    def _row_is_gone(self, spot: Spot) -> bool:
        rows = self.old.beneath(self.old.home[spot])
        return not any(self.image(each[1]) for row in rows for each in row.spots)

    def _on(self, spot: Spot) -> TokenMove | Refusal:
        """A token that has finished its branch: it waits on, goes on along what now comes before the join, or is no longer needed."""
        _, source, join = spot
        if join in self.images.chosen and self.images.chosen[join] is None:
            return TokenMove()
        target = self.images.chosen.get(join) or self.image(join)
        behind, is_direct = self._surviving(source)
        if behind is None:
            return self._unclear(spot)
        if target is not None and self.new.joins(target) and self.new.flows_between(behind, target):
            return TokenMove((ON, behind, target))
        leaving = self.new.graph.leaving[behind]
        if len(leaving) == 1:
            return TokenMove(flow=leaving[0])
        if not is_direct and self.new.nodes[behind].kind == "parallelGateway":
            return TokenMove()
        return self._unclear(spot)

    def _surviving(self, node_id: str) -> tuple[str | None, bool]:
        """The node as the new version has it, else the last node before it that the new version has, and whether it is the node itself.

        None where there is none, or where more than one way leads to the node.
        """
        seen = {node_id}
        first = node_id
        while True:
            image = self.image(node_id)
            if image is not None:
                return image, node_id == first
            before = self.old.graph.before(node_id)
            if len(before) != 1 or before[0] in seen:
                return None, False
            node_id = before[0]
            seen.add(node_id)

    def _unclear(self, spot: Spot) -> Refusal:
        label, source = label_of(self.old, spot[2]), label_of(self.old, spot[1])
        return Refusal(frozenset({spot}), Bilingual(
            f"Nhánh {source.vi} đã xong và đang chờ ở cổng {label.vi}; ở bản mới không rõ nhánh đó đi tiếp từ đâu.",
            f"The branch of {source.en} is done and waits at {label.en}; where it goes on in the new version is not clear.",
        ))  # fmt: skip

    # -- a group ---------------------------------------------------------------------------------------------------

    def _plan(self, counted: Counter[Spot], event: str | None, alone: bool) -> TokenPlan:
        if not (self.old.is_known and self.new.is_known):
            return TokenPlan(refusals=(Refusal(frozenset(counted), Bilingual(
                "Mô hình có quá nhiều nhánh song song để bảo đảm chuyển đúng.",
                "The model has too many parallel ways for a move that is sure.",
            )),))  # fmt: skip
        going = {spot: self.going(spot) for spot in sorted(counted)}
        refused = [each for each in going.values() if isinstance(each, Refusal)]
        moved = {spot: each for spot, each in going.items() if isinstance(each, TokenMove)}
        refused += self._met(moved, counted)
        if refused:
            return TokenPlan(refusals=tuple(refused))
        rest = frozenset(each.to for each in moved.values() if each.to is not None)
        outcomes = self.new.settled(rest, [each.flow for each in moved.values() if each.flow is not None])
        if outcomes is None or (counted and event is None and not alone and not any(outcomes)):
            return TokenPlan(refusals=(Refusal(frozenset(counted), OVER_AT_ONCE, by_hand=True),))
        begins: set[tuple[Flow, ...]] = set()
        for outcome in outcomes:
            found = Fitting(self.images, self.branches, moved, outcome).begins(event, alone=alone)
            if isinstance(found, Refusal):
                return TokenPlan(refusals=(found,))
            begins.add(found)
        if len(begins) > 1:
            return TokenPlan(refusals=(not_together(self.new, frozenset(counted), frozenset(counted)),))
        if (leap := self._leap(moved, outcomes)) is not None:
            return TokenPlan(refusals=(leap,))
        return TokenPlan(moved, begins.pop(), frozenset(outcomes))

    def _leap(self, moved: Mapping[Spot, TokenMove], outcomes: Iterable[Standing]) -> Refusal | None:
        """Why tokens may not come to stand so: they would skip a required step the case may not have done."""
        for spot in sorted(frozenset().union(*outcomes)):
            owed = next(leapt_over(self.old, moved.keys(), self.new, spot), None)
            if owed is not None:
                return Refusal(going_to({spot}, moved) or frozenset(moved), skipping(label_of(self.new, owed.element)), by_hand=True)
        return None

    def _met(self, moved: Mapping[Spot, TokenMove], counted: Counter[Spot]) -> Iterator[Refusal]:
        to = Counter[Spot]()
        for spot, each in moved.items():
            if each.to is not None:
                to[each.to] += counted[spot]
        for target, count in to.items():
            if count > 1:
                label = label_of(self.new, target[-1])
                spots = frozenset(spot for spot, each in moved.items() if each.to == target)
                yield Refusal(spots, Bilingual(
                    f"Hai việc cùng chờ sẽ thành một việc tại {label.vi}.", f"Two things that wait would become one at {label.en}.",
                ), by_hand=True)  # fmt: skip
