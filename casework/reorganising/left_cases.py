"""The readers of cases that ended centres and agencies leave behind: closed cases stay theirs (casework/successors.py)."""

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import select

from casework.db import db
from casework.models import AreaSuccession, CaseSuccession
from casework.reorganising.blueprint import Blueprint, BodyKind, Whereabouts
from casework.successors import Followed

KINDS: Mapping[Followed, BodyKind] = {Followed.CENTRE: BodyKind.CENTRE, Followed.AGENCY: BodyKind.AGENCY}


def hand_left_cases_on(blueprint: Blueprint) -> None:
    """Record the successors by place, once areas are succeeded. A body without successor leaves its cases to its centre.

    A place divided among several is read by each of them; a case without a place by the main successor.
    """
    behind: dict[int, list[int]] = defaultdict(list)
    for predecessor_id, successor_id in db.session.execute(select(AreaSuccession.predecessor_id, AreaSuccession.successor_id)):
        behind[predecessor_id].append(successor_id)
    for followed, kind in KINDS.items():
        for ended_id in sorted(blueprint.ended(kind)):
            main = blueprint.main(kind, ended_id)
            if main is None:
                continue
            _add(followed, ended_id, main, None)
            several = len(blueprint.successors(kind, ended_id)) > 1
            for area_id in _areas(blueprint, kind, ended_id) if several else ():
                takers = _takers(blueprint, kind, ended_id, area_id, behind)
                if takers != {main}:
                    for taker in sorted(takers, key=lambda each: (each != main, each)):
                        _add(followed, ended_id, taker, area_id)
    db.session.flush()


def _add(followed: Followed, ended_id: int, successor_id: int, area_id: int | None) -> None:
    db.session.add(CaseSuccession(kind=followed, predecessor_id=ended_id, successor_id=successor_id, area_id=area_id))


def _areas(blueprint: Blueprint, kind: BodyKind, ended_id: int) -> list[int]:
    """The areas cases of the ended body may be in: those of its centre, that centre's predecessors and its successors."""
    own = ended_id if kind is BodyKind.CENTRE else blueprint.centre_of_agency[ended_id]
    query = select(CaseSuccession.predecessor_id, CaseSuccession.successor_id).where(CaseSuccession.kind == Followed.CENTRE)
    ways = db.session.execute(query.order_by(CaseSuccession.id)).all()
    centres, grown = {own}, 0
    while len(centres) != grown:
        grown = len(centres)
        centres |= {before for before, after in ways if after in centres}
    centres |= set(blueprint.successors(BodyKind.CENTRE, own))
    return sorted(area.id for area in blueprint.areas.values() if area.centre_id in centres and area.level != "village")


def _takers(blueprint: Blueprint, kind: BodyKind, ended_id: int, area_id: int, behind: Mapping[int, list[int]]) -> set[int]:
    """The successors that took an area, or the areas it became."""
    path = [area_id]
    for each in path:
        path += [area for area in behind.get(each, ()) if area not in path]
    found: set[int] = set()
    for leaf in [each for each in path if each not in behind]:
        joined = [line.predecessor_id for line in blueprint.of_kind(BodyKind.AREA) if line.successor_id == leaf]
        for before in [each for each in joined if each in path] or joined or [leaf]:
            found |= _takers_of(blueprint, kind, ended_id, before, leaf)
    return found


def _takers_of(blueprint: Blueprint, kind: BodyKind, ended_id: int, before: int, leaf: int) -> set[int]:
    """The same for an area before the day and from the day on."""
    places = {line.by_area_id: line.successor_id for line in blueprint.after(kind, ended_id) if line.by_area_id and line.successor_id}
    around = {*blueprint.around(before), *blueprint.around(leaf)}
    whole = next((taker for place, taker in places.items() if place in around), None)
    if whole is not None:
        return {whole}
    parts = {taker for place, taker in places.items() if not {before, leaf}.isdisjoint(blueprint.around(place))}
    spot = Whereabouts(leaf)
    if kind is BodyKind.CENTRE:
        taker = blueprint.centre_for(ended_id, spot)
    else:
        own = blueprint.centre_of_agency[ended_id]
        taker = blueprint.agency_for(ended_id, spot, blueprint.centre_for(own, spot) or own)
    return parts | ({taker} if taker is not None else set())
