"""Pairs two versions of a process: where a group of tokens of one can stand in the other, decided on the nets alone."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

from casework.bilingual import Bilingual
from workflows.checks.diagram import Flow, Node
from workflows.definitions.cache import LruCache
from workflows.definitions.findings import named
from workflows.definitions.process import Definition
from workflows.definitions.vocabulary import RESTING
from workflows.drafting.renaming import APART, drawn_id
from workflows.moving.leaps import label_of, leapt_over, skipping
from workflows.moving.needs import Names, needs_of, reads_of
from workflows.moving.net import AT, KEPT, NOWHERE, ON, Net, Spot, Standing, Stretch, nets_of

MOST_BEGUN = 2
"""The most branches begun within one line of a case that is moved."""

OVER_AT_ONCE = Bilingual("Chuyển như thế thì quy trình kết thúc ngay.", "Moved like that, the process would be over at once.")

Mapped = Mapping[str, str | None]


@dataclass(frozen=True)
class Refusal:
    """Why some tokens cannot be moved. `by_hand`: choosing other targets may help."""

    spots: frozenset[Spot]
    why: Bilingual
    by_hand: bool = False


@dataclass(frozen=True)
class TokenMove:
    """What becomes of one token: it stands at `to`, goes on by `flow` of the new version, or is dropped."""

    to: Spot | None = None
    flow: Flow | None = None


@dataclass(frozen=True)
class TokenPlan:
    """What becomes of a group of tokens. `begins` are flows of forks already passed on which a new branch starts."""

    going: Mapping[Spot, TokenMove] = field(default_factory=dict)
    begins: tuple[Flow, ...] = ()
    outcomes: frozenset[Standing] = frozenset()
    refusals: tuple[Refusal, ...] = ()

    @property
    def moves_on(self) -> bool:
        """Whether more happens than that tokens stand elsewhere: one is dropped or goes on, or a branch begins."""
        return any(each.to is None for each in self.going.values()) or bool(self.begins)


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
        self.mapping = {element: target for element, target in mapping.items() if not element.endswith(APART)}
        self.apart = frozenset(drawn_id(element) for element in mapping if element.endswith(APART))
        self.before, self.needs = needs_of(old), needs_of(new)
        # the new version uses these ids for other elements: what the old ones left under a name says nothing about it
        self.foreign = frozenset[str]().union(*(self.before.gives[element] for element in self.apart if element in old.nodes))
        # whatever choices do not change is shared with the pair `like`
        self._branches: dict[int, list[tuple[Flow, Standing]]] = like._branches if like else {}
        self._firsts: dict[str, Standing] = like._firsts if like else {}
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
        return node_id if self._is_same(node_id) else self.mapping.get(node_id)

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
        if element in self.mapping:
            target = self.mapping[element]
            if target is None:
                return TokenMove()
            node = self.new.nodes.get(target)
            if node is None or node.kind not in RESTING:
                return self._gone(spot)
            return self._standing(spot, target)
        if self._is_same(element):
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
        if join in self.mapping and self.mapping[join] is None:
            return TokenMove()
        target = self.mapping.get(join) or self.image(join)
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

    def _is_same(self, node_id: str) -> bool:
        old, new = self.old.nodes[node_id], self.new.nodes.get(node_id)
        return node_id not in self.apart and new is not None and (old.kind == new.kind or (old.is_step and new.is_step))

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
            found = self._stood(outcome, moved, event, alone)
            if isinstance(found, Refusal):
                return TokenPlan(refusals=(found,))
            begins.add(found)
        if len(begins) > 1:
            return TokenPlan(refusals=(self._beside_each_other(frozenset(counted), frozenset(counted)),))
        if (leap := self._leap(moved, outcomes)) is not None:
            return TokenPlan(refusals=(leap,))
        return TokenPlan(moved, begins.pop(), frozenset(outcomes))

    def _leap(self, moved: Mapping[Spot, TokenMove], outcomes: Iterable[Standing]) -> Refusal | None:
        """Why tokens may not come to stand so: they would skip a required step the case may not have done."""
        for spot in sorted(frozenset().union(*outcomes)):
            owed = next(leapt_over(self.old, moved.keys(), self.new, spot), None)
            if owed is not None:
                return Refusal(self._from({spot}, moved) or frozenset(moved), skipping(label_of(self.new, owed.element)), by_hand=True)
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

    def _stood(self, outcome: Standing, moved: Mapping[Spot, TokenMove], event: str | None, alone: bool) -> "tuple[Flow, ...] | Refusal":
        """The flows that must begin for these tokens to stand as in a fresh instance, or the reason if none achieve that."""
        if event is not None and not outcome:
            return ()
        every = frozenset(moved)
        by: dict[int, set[Spot]] = {}
        stretches = {id(each): each for each in self.new.stretches}
        for spot in outcome:
            stretch = self.new.home.get(spot)
            if stretch is None:
                return self._beside_each_other(frozenset({spot}), self._from({spot}, moved) or every)
            by.setdefault(id(stretch), set()).add(spot)
        roots = {id(root): root for root in (self.new.root_of[each] for each in by)}
        main = self.new.roots[0]
        begun_by = self.image(event) if event is not None else None
        if (event is not None and (len(roots) > 1 or begun_by is None)) or any(root.event != begun_by for root in roots.values()):
            return self._beside_each_other(outcome, every)
        begins: list[Flow] = []
        leapt = self._leapt(moved)
        if alone:
            for each, spots in by.items():
                found = self._within(stretches[each], frozenset(spots), leapt)
                if found is None:
                    return self._beside_each_other(frozenset(spots), self._from(spots, moved) or every)
                begins += found
            return tuple(begins)
        root = next((self.new.root_of[each] for each in by), main)
        reached: set[int] = set()
        fault = self._fit(root, {each: frozenset(spots) for each, spots in by.items()}, leapt, begins, reached)
        if fault is None and (left := by.keys() - reached):
            fault = frozenset(spot for each in left for spot in by[each])
        if fault is not None:
            chosen = frozenset(spot for spot, each in moved.items() if each == TokenMove() or spot[-1] in self.mapping)
            return self._beside_each_other(fault, self._from(fault, moved) or chosen or every)
        return tuple(begins)

    def _fit(self, stretch: Stretch, by: Mapping[int, Standing], leapt: Standing, begins: list[Flow], reached: set[int]) -> Standing | None:
        """Find a state of a line, and of those beyond its splits, with exactly these tokens; returns those that do not fit.

        Flows that have to begin are added to `begins`, lines that are dealt with to `reached`.
        """
        own = by.get(id(stretch), NOWHERE)
        reached.add(id(stretch))
        begun = self._within(stretch, own, leapt)
        if begun is None:
            return own
        begins += begun
        states = stretch.standings[own | self._begun(begun)]
        beneath = [(passed, [line for split in sorted(passed) for line in self.new.beyond_fork(split)]) for passed in states]
        needed = {each for each in by if each not in reached}
        # prefer the state that accounts for most of the tokens
        _, lines = max(beneath, key=lambda each: (len(needed & self._all_beneath(each[1])), -len(each[0])))
        for line in lines:
            if self._is_fresh(line) and not self._all_beneath([line]) & by.keys():
                begins += line.line.entries
                reached.update(self._all_beneath([line]))
            elif (fault := self._fit(line, by, leapt, begins, reached)) is not None:
                return fault
        return None

    def _all_beneath(self, lines: Iterable[Stretch]) -> set[int]:
        return {id(each) for line in lines for each in self.new.beneath(line)}

    def _is_fresh(self, line: Stretch) -> bool:
        """Whether nothing of a line was in the old version."""
        spots = {spot[-1] for each in self.new.beneath(line) for spot in each.spots}
        return bool(spots) and not spots & self._images

    @cached_property
    def _images(self) -> set[str]:
        return {target for node in self.old.nodes for target in (self.image(node), self.mapping.get(node)) if target is not None}

    def _leapt(self, moved: Mapping[Spot, TokenMove]) -> Standing:
        """Where tokens stand that were moved by hand to a node the old version had too, perhaps before a join they have passed."""
        by_hand = ((spot, each.to) for spot, each in moved.items() if spot[-1] in self.mapping and each.to is not None)
        return frozenset(to for spot, to in by_hand if to[-1] != spot[-1] and to[-1] in self.old.nodes)

    def _within(self, stretch: Stretch, own: Standing, leapt: Standing) -> list[Flow] | None:
        """The flows that must begin on one line for these tokens to be a state of it; None if none help.

        Nothing begins next to a token in `leapt`, which was moved by hand: nobody can tell whether its fork or its join is still ahead.
        """
        if own in stretch.standings:
            return []
        if own & leapt:
            return None
        if id(stretch) not in self._branches:
            self._branches[id(stretch)] = list(self._new_branches(stretch))
        candidates = self._branches[id(stretch)]
        for count in range(1, MOST_BEGUN + 1):
            for chosen in combinations(candidates, count):
                together = own.union(*(spots for _, spots in chosen))
                if together in stretch.standings and len(together) == len(own) + sum(len(spots) for _, spots in chosen):
                    return [flow for flow, _ in chosen]
        return None

    def _begun(self, flows: Iterable[Flow]) -> Standing:
        return NOWHERE.union(*(spots for flow in flows for _, spots in [self._first(flow)]))

    def _first(self, flow: Flow) -> tuple[Flow, Standing]:
        if flow.id not in self._firsts:
            found = self.new.settled(NOWHERE, [flow])
            self._firsts[flow.id] = next(iter(found)) if found and len(found) == 1 else NOWHERE
        return flow, self._firsts[flow.id]

    def _new_branches(self, stretch: Stretch) -> Iterator[tuple[Flow, Standing]]:
        """The branches of forks on a line that the old version did not have, with where each first rests."""
        for node in self.new.nodes.values():
            leaving = self.new.graph.leaving[node.id]
            if node.kind != "parallelGateway" or len(leaving) < 2:
                continue
            for flow in leaving:
                is_old = node.id in self.old.nodes and flow.target in self.old.nodes and self.old.flows_between(node.id, flow.target)
                spots = self._first(flow)[1] if not is_old else NOWHERE
                if spots and spots <= stretch.spots:
                    yield flow, spots

    def _from(self, spots: Iterable[Spot], moved: Mapping[Spot, TokenMove]) -> frozenset[Spot]:
        """The tokens of the old version that stand there."""
        wanted = set(spots)
        return frozenset(spot for spot, each in moved.items() if each.to in wanted)

    def _beside_each_other(self, spots: frozenset[Spot], blamed: frozenset[Spot]) -> Refusal:
        labels = [label_of(self.new, spot[-1]) for spot in sorted(spots)]
        if not labels:
            why = Bilingual(
                "Ở bản mới, nhánh này không thể vắng khi các nhánh kia còn chờ.",
                "In the new version this branch cannot be missing while the others still wait.",
            )  # fmt: skip
        elif len(labels) == 1:
            why = Bilingual(
                f"Ở bản mới, khi chờ tại {labels[0].vi} luôn còn nhánh khác cùng chờ; không rõ nhánh đó đứng ở đâu.",
                f"In the new version another branch always waits beside {labels[0].en}; where that one would stand is not clear.",
            )
        else:
            vi, en = ", ".join(each.vi for each in labels), ", ".join(each.en for each in labels)
            why = Bilingual(f"Ở bản mới không hồ sơ nào cùng lúc chờ tại {vi}.", f"In the new version no case waits at {en} at once.")
        return Refusal(blamed, why, by_hand=True)
