"""Examines one state of an old version under a plan: which of its tokens can move, which cannot, and which perhaps."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from workflows.moving.net import AT, NOWHERE, Net, Spot, Standing, Stretch
from workflows.moving.pairs import Pair
from workflows.moving.token_plans import OVER_AT_ONCE, Refusal, TokenPlan


@dataclass(frozen=True)
class Look:
    """The result for the tokens of a state. A token in `does` may also be in `perhaps`: in some cases it cannot move."""

    does: Standing = NOWHERE
    refused: Mapping[Spot, Refusal] = field(default_factory=dict)
    perhaps: Mapping[Spot, Refusal] = field(default_factory=dict)


def look_at(pair: Pair, stretch: Stretch, standing: Standing) -> Look:
    """Examine one state of a line of the old version, with what else stands in the instance while other lines are at their beginning."""
    more = others_of(pair.old, stretch, standing)
    event = pair.old.root_of[id(stretch)].event
    plan = pair.plan(standing | more, event=event)
    beside: dict[Spot, Refusal] = {}
    if plan.refusals and not any(refusal.spots and refusal.spots <= standing for refusal in plan.refusals):
        # the rest of the instance is in the way, which is reported there: if it stands elsewhere, these tokens may move
        for refusal in plan.refusals:
            beside |= dict.fromkeys(refusal.spots & standing, refusal)
        plan = pair.plan(standing, event=event, alone=True)
        more = NOWHERE
    if plan.refusals:
        refused: dict[Spot, Refusal] = {}
        for refusal in plan.refusals:
            refused |= dict.fromkeys(refusal.spots & standing, refusal)
        return Look(refused=refused)
    lacking = _lacking(pair, plan, standing, more)
    said = {spot: pair.lacks(each.name, each.reader, frozenset({spot})) for spot, each in lacking.items()}
    surely = {spot: refusal for spot, refusal in said.items() if lacking[spot].is_sure}
    perhaps = beside | {spot: refusal for spot, refusal in said.items() if spot not in surely}
    if event is not None and not any(plan.outcomes):
        # nothing of this group goes on: a case that has nothing else would be over
        perhaps |= {spot: Refusal(frozenset({spot}), OVER_AT_ONCE) for spot in standing}
    return Look(standing - surely.keys(), surely, perhaps)


@dataclass(frozen=True, slots=True)
class _Lack:
    name: str
    reader: str
    is_sure: bool


def _lacking(pair: Pair, plan: TokenPlan, standing: Standing, more: Standing) -> dict[Spot, _Lack]:
    """The tokens that may reach a node reading a value they may not have; values surely missing come before those perhaps missing."""
    found: dict[Spot, _Lack] = {}
    for spot, lack in _each_lack(pair, plan, standing, more):
        if lack.is_sure or spot not in found or not found[spot].is_sure:
            found[spot] = lack
    return found


def _each_lack(pair: Pair, plan: TokenPlan, standing: Standing, more: Standing) -> Iterator[tuple[Spot, _Lack]]:
    sure = {spot: pair.before.at(spot) for spot in standing | more}
    for outcome in plan.outcomes:
        for each in pair.needs.missing(pair.brought(plan, outcome, sure)):
            for spot in standing:
                to = plan.going[spot].to
                if to is None or each.reader in pair.needs.ahead_of(to[-1]):
                    yield spot, _Lack(each.name, each.reader, each.name not in pair.before.possible(spot[-1]))
    for spot in standing:
        to = plan.going[spot].to
        if spot[0] == AT and to is not None and (names := pair.newly_read(spot[1], to[1]) - sure[spot]):
            name = min(names)
            yield spot, _Lack(name, to[1], name not in pair.before.possible(spot[1]))


# -- what else stands in the instance ------------------------------------------------------------------------------------


def others_of(net: Net, stretch: Stretch, standing: Standing) -> Standing:
    """What else stands in the instance while a line is in this state and other lines are at their beginning; computed once."""
    known: dict[tuple[int, Standing], Standing] = net.worked_out.setdefault("others", {})
    key = (id(stretch), standing)
    if key not in known:
        passed = min(stretch.standings[standing], key=lambda each: (len(each), sorted(each)))
        known[key] = _around(net, stretch) | _beyond(net, passed)
    return known[key]


def _around(net: Net, stretch: Stretch) -> Standing:
    """What stands outside of a line while it runs."""
    known: dict[int, Standing] = net.worked_out.setdefault("around", {})
    if id(stretch) not in known:
        known[id(stretch)] = _worked_out_around(net, stretch)
    return known[id(stretch)]


def _worked_out_around(net: Net, stretch: Stretch) -> Standing:
    if stretch.fork is None or stretch.event is not None:
        return NOWHERE
    fork = stretch.fork
    outer = next(each for each in net.stretches if fork in each.line.splits)
    choices = [(standing, passed) for standing, passings in outer.standings.items() for passed in passings if fork in passed]
    standing, passed = min(choices, key=lambda each: (len(each[0]), len(each[1]), sorted(each[0])))
    beside = [_first(net, line) for line in net.beyond_fork(fork) if line is not stretch]
    return standing.union(_beyond(net, passed - {fork}), _around(net, outer), *beside)


def _first(net: Net, stretch: Stretch) -> Standing:
    standing = min(stretch.begun, key=sorted, default=NOWHERE)
    passed = min(stretch.begun[standing], key=sorted, default=frozenset()) if standing in stretch.begun else frozenset()
    return standing | _beyond(net, passed)


def _beyond(net: Net, passed: Iterable[str]) -> Standing:
    return NOWHERE.union(*(_first(net, line) for split in passed for line in net.beyond_fork(split)))
