"""Former and present names of places: reorganisations leave cases under the names of their day (rules.md, section 8)."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Area, AreaSuccession
from casework.reading.kept_with_rules import kept_with_rules
from casework.text import fold

Names = dict[int, list[str]]


def other_names(area_id: int | None) -> list[str]:
    """The Vietnamese names of all predecessors and successors of an area, each once, without its own."""
    if area_id is None:
        return []
    before, behind = _ways()
    wanted = dict.fromkeys([*_along(before, area_id), *_along(behind, area_id)])
    return _named([area_id, *wanted], area_id, wanted)


def other_area_ids(area_id: int) -> list[int]:
    """All predecessors and successors of an area."""
    before, behind = _ways()
    return list(dict.fromkeys([*_along(before, area_id), *_along(behind, area_id)]))


def areas_before(area_id: int) -> list[int]:
    """All predecessors of an area, the nearest first."""
    before, _behind = _ways()
    return list(_along(before, area_id))


def areas_now(area_id: int, on: date) -> list[Area]:
    """The area where it stands on a day, else all that followed it and stand then."""
    _before, behind = _ways()
    in_force = Area.valid_from <= on, or_(Area.valid_to.is_(None), Area.valid_to > on)
    found = db.session.scalars(select(Area).where(Area.id.in_([area_id, *_along(behind, area_id)]), *in_force).order_by(Area.id)).all()
    return [area for area in found if area.id == area_id] or list(found)


def former_names(area_ids: Collection[int]) -> dict[int, list[str]]:
    """The Vietnamese names of all predecessors of each of these areas."""
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


class OtherName(NamedTuple):
    """Another name of a place: its former or its present one. At most one of them."""

    formerly: Bilingual | None = None
    nowadays: Bilingual | None = None


Place = tuple[int | None, str | None]
"""An area and the village in it, as in a case."""


def names_beside(places: Collection[Place]) -> dict[Place, OtherName]:
    """What to add to the name of each place: "Xã Lạc Dương (trước đây: xã Đạ Chais)", or "(nay là …)" where cases stay as they were.

    Of several areas that became one, the one that had the village; nothing where it is unknown.
    """
    before, behind, names, villages = _land()
    told: dict[Place, OtherName] = {}
    for place in places:
        if not _next(before, place) and not _next(behind, place):
            continue
        formerly, nowadays = (_one(_next(ways, place), place[1], villages, names) for ways in (before, behind))
        own = names.get(place[0] or 0)
        told[place] = OtherName(
            *(name if name is not None and (own is None or name.vi != own.vi) else None for name in (formerly, nowadays))
        )
    return told


def _next(ways: Mapping[int, list[int]], place: Place) -> list[int]:
    return ways.get(place[0], []) if place[0] is not None else []


def _one(ids: list[int], village: str | None, villages: Mapping[int, set[str]], names: Mapping[int, Bilingual]) -> Bilingual | None:
    if len(ids) > 1 and village:
        ids = [each for each in ids if fold(village) in villages.get(each, ())]
    return names.get(ids[0]) if len(ids) == 1 else None


def _villages_of(area_ids: Collection[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    query = select(Area.parent_id, Area.folded_name).where(Area.parent_id.in_(area_ids), Area.level == "village")
    for parent_id, folded in db.session.execute(query) if area_ids else ():
        found[parent_id or 0].add(folded)
    return found


Ways = Mapping[int, list[int]]


class AreaNames(NamedTuple):
    """Predecessors and successors by area; the names of all these, and the villages of those that were merged."""

    before: Ways
    behind: Ways
    names: Mapping[int, Bilingual]
    villages: Mapping[int, set[str]]


def _ways() -> tuple[Ways, Ways]:
    return _land()[:2]


@kept_with_rules
def _land() -> AreaNames:
    """Reorganising a province makes some hundred successions."""
    before: dict[int, list[int]] = defaultdict(list)
    behind: dict[int, list[int]] = defaultdict(list)
    for predecessor, successor in db.session.execute(select(AreaSuccession.predecessor_id, AreaSuccession.successor_id)):
        before[successor].append(predecessor)
        behind[predecessor].append(successor)
    columns = select(Area.id, Area.name_vi, Area.name_en).where(Area.id.in_({*before, *behind}))
    names = {row.id: Bilingual(row.name_vi, row.name_en) for row in db.session.execute(columns)} if before else {}
    several = {each for ways in (before, behind) for ids in ways.values() if len(ids) > 1 for each in ids}
    return AreaNames(dict(before), dict(behind), names, _villages_of(several))


def _along(ways: Mapping[int, list[int]], area_id: int) -> dict[int, None]:
    """Every area in one direction from here, the nearest first; circles are followed once."""
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
    """The Vietnamese names of those of some areas that have predecessors or successors."""
    names = _land().names
    return {id_: names[id_].vi for id_ in area_ids if id_ in names}
