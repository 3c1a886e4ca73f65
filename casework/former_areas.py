"""What a place was called before and is called since: reorganisations leave cases under the names of their day (rules.md, section 8)."""

from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import select

from casework.db import db
from casework.models import Area, AreaSuccession

Names = dict[int, list[str]]


def other_names(area_id: int | None) -> list[str]:
    """The Vietnamese names of the areas that became this one and of those it became, however far; none twice, not its own."""
    if area_id is None:
        return []
    before, behind = _ways()
    wanted = dict.fromkeys([*_along(before, area_id), *_along(behind, area_id)])
    return _named([area_id, *wanted], area_id, wanted)


def former_names(area_ids: Collection[int]) -> dict[int, list[str]]:
    """The Vietnamese names of the areas that became each of these."""
    if not area_ids:
        return {}
    before, _behind = _ways()
    chains = {area_id: list(_along(before, area_id)) for area_id in area_ids}
    names = _names({*area_ids, *(each for chain in chains.values() for each in chain)})
    return {
        area_id: list(dict.fromkeys(names[each] for each in chain if names[each] != names.get(area_id)))
        for area_id, chain in chains.items()
        if chain
    }


def _ways() -> tuple[Mapping[int, list[int]], Mapping[int, list[int]]]:
    """From an area to those before it and to those behind it. A reorganisation of a province makes some hundred rows."""
    before: dict[int, list[int]] = defaultdict(list)
    behind: dict[int, list[int]] = defaultdict(list)
    for predecessor, successor in db.session.execute(select(AreaSuccession.predecessor_id, AreaSuccession.successor_id)):
        before[successor].append(predecessor)
        behind[predecessor].append(successor)
    return before, behind


def _along(ways: Mapping[int, list[int]], area_id: int) -> dict[int, None]:
    """Every area on one way from here, the nearest first; one that comes back to itself is followed once."""
    found: dict[int, None] = {}
    ahead = list(ways.get(area_id, ()))
    while ahead:
        each = ahead.pop(0)
        if each != area_id and each not in found:
            found[each] = None
            ahead += ways.get(each, ())
    return found


def _named(area_ids: Collection[int], own_id: int, wanted: Collection[int]) -> list[str]:
    if not wanted:
        return []
    names = _names(area_ids)
    return list(dict.fromkeys(names[each] for each in wanted if names[each] != names[own_id]))


def _names(area_ids: Collection[int]) -> dict[int, str]:
    return {id_: name for id_, name in db.session.execute(select(Area.id, Area.name_vi).where(Area.id.in_(area_ids)))}  # noqa: C416
