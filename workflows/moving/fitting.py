"""Fits tokens that were moved into states a fresh instance of the new version can be in, with branches that must begin for it."""

from collections.abc import Iterable, Mapping
from functools import cached_property

from casework.bilingual import Bilingual
from workflows.checks.diagram import Flow
from workflows.moving.images import Images
from workflows.moving.leaps import label_of
from workflows.moving.net import NOWHERE, Net, Spot, Standing, Stretch
from workflows.moving.new_branches import NewBranches
from workflows.moving.token_plans import Refusal, TokenMove, going_to


class Fitting:
    """One group of tokens of the old version, moved, and an outcome: where they come to stand in the new one."""

    def __init__(self, images: Images, branches: NewBranches, moved: Mapping[Spot, TokenMove], outcome: Standing) -> None:
        self.images, self.branches, self.new = images, branches, images.new
        self.moved, self.outcome = moved, outcome
        self._every = frozenset(moved)
        self._by: dict[int, Standing] = {}
        self._begins: list[Flow] = []
        self._reached: set[int] = set()

    def begins(self, event: str | None, *, alone: bool) -> tuple[Flow, ...] | Refusal:
        """The flows that must begin for these tokens to stand as in a fresh instance, or the reason if none achieve that.

        `event` is the boundary event that began the group. `alone`: ignore what else the instance does.
        """
        if event is not None and not self.outcome:
            return ()
        for spot in self.outcome:
            if spot not in self.new.home:
                return self._refused(frozenset({spot}))
        lines = {id(self.new.home[spot]): self.new.home[spot] for spot in self.outcome}
        self._by = {each: frozenset(spot for spot in self.outcome if id(self.new.home[spot]) == each) for each in lines}
        roots = {id(root): root for root in (self.new.root_of[each] for each in lines)}
        begun_by = self.images.of(event) if event is not None else None
        if (event is not None and (len(roots) > 1 or begun_by is None)) or any(root.event != begun_by for root in roots.values()):
            return not_together(self.new, self.outcome, self._every)
        if alone:
            return self._line_by_line(lines)
        return self._from_root(next((self.new.root_of[each] for each in lines), self.new.roots[0]))

    def _line_by_line(self, lines: Mapping[int, Stretch]) -> tuple[Flow, ...] | Refusal:
        for each, spots in self._by.items():
            found = self._within(lines[each], spots)
            if found is None:
                return self._refused(spots)
            self._begins += found
        return tuple(self._begins)

    def _from_root(self, root: Stretch) -> tuple[Flow, ...] | Refusal:
        fault = self._fit(root)
        if fault is None and (left := self._by.keys() - self._reached):
            fault = frozenset(spot for each in left for spot in self._by[each])
        if fault is None:
            return tuple(self._begins)
        chosen = frozenset(spot for spot, each in self.moved.items() if each == TokenMove() or spot[-1] in self.images.chosen)
        return self._refused(fault, chosen)

    def _fit(self, stretch: Stretch) -> Standing | None:
        """Find a state of a line, and of those beyond its splits, with exactly these tokens; returns those that do not fit.

        Flows that have to begin are noted in `_begins`, lines that are dealt with in `_reached`.
        """
        own = self._by.get(id(stretch), NOWHERE)
        self._reached.add(id(stretch))
        begun = self._within(stretch, own)
        if begun is None:
            return own
        self._begins += begun
        states = stretch.standings[own | self.branches.firsts(begun)]
        beneath = [(passed, [line for split in sorted(passed) for line in self.new.beyond_fork(split)]) for passed in states]
        needed = {each for each in self._by if each not in self._reached}
        # prefer the state that accounts for most of the tokens
        _, lines = max(beneath, key=lambda each: (len(needed & self._all_beneath(each[1])), -len(each[0])))
        for line in lines:
            if self._is_fresh(line) and not self._all_beneath([line]) & self._by.keys():
                self._begins += line.line.entries
                self._reached |= self._all_beneath([line])
            elif (fault := self._fit(line)) is not None:
                return fault
        return None

    def _within(self, stretch: Stretch, own: Standing) -> list[Flow] | None:
        """The flows that must begin on one line for these tokens to be a state of it; None if none help.

        Nothing begins next to a token that was moved by hand: nobody can tell whether its fork or its join is still ahead.
        """
        if own in stretch.standings:
            return []
        return None if own & self._leapt else self.branches.completing(stretch, own)

    @cached_property
    def _leapt(self) -> Standing:
        """Where tokens stand that were moved by hand to a node the old version had too, perhaps before a join they have passed."""
        by_hand = ((spot, each.to) for spot, each in self.moved.items() if spot[-1] in self.images.chosen and each.to is not None)
        return frozenset(to for spot, to in by_hand if to[-1] != spot[-1] and to[-1] in self.images.old.nodes)

    def _all_beneath(self, lines: Iterable[Stretch]) -> set[int]:
        return {id(each) for line in lines for each in self.new.beneath(line)}

    def _is_fresh(self, line: Stretch) -> bool:
        """Whether nothing of a line was in the old version."""
        spots = {spot[-1] for each in self.new.beneath(line) for spot in each.spots}
        return bool(spots) and not spots & self.images.all

    def _refused(self, spots: Standing, otherwise: frozenset[Spot] = frozenset()) -> Refusal:
        """The refusal for tokens that come to stand at some spots; for those `otherwise`, or for all, if none of them does."""
        return not_together(self.new, spots, going_to(spots, self.moved) or otherwise or self._every)


def not_together(new: Net, spots: Standing, blamed: frozenset[Spot]) -> Refusal:
    """The refusal for tokens that no case of the new version has at these spots at once."""
    labels = [label_of(new, spot[-1]) for spot in sorted(spots)]
    if not labels:
        why = Bilingual(
            "Ở bản mới, nhánh này không thể vắng khi các nhánh kia còn chờ.",
            "In the new version this branch cannot be missing while the others still wait.",
        )  # fmt: skip
    elif len(labels) == 1:
        why = Bilingual(
            f"Ở bản mới, khi chờ tại {labels[0].vi} luôn còn nhánh khác cùng chờ; không rõ nhánh đó đứng ở đâu.",
            f"In the new version, whenever a case waits at {labels[0].en}, another branch waits too; where that would stand is not clear.",
        )
    else:
        vi, en = ", ".join(each.vi for each in labels), ", ".join(each.en for each in labels)
        why = Bilingual(f"Ở bản mới không hồ sơ nào cùng lúc chờ tại {vi}.", f"In the new version no case waits at {en} at once.")
    return Refusal(blamed, why, by_hand=True)
