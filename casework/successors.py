"""The readers of closed cases an ended centre or agency left: its successors, for the places they took over (rules.md, section 8).

Closed cases stay with their centre or agency when it ends, where nobody holds a role any more. The reorganisation records who took which
place (casework/reorganising/left_cases.py); this module is asked whenever anybody looks at a case.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, select

from casework.db import db
from casework.models import CaseSuccession
from casework.reading.kept_with_rules import kept_with_rules


class Followed(StrEnum):
    """Bodies that may end and be succeeded."""

    AGENCY = "agency"
    CENTRE = "centre"


Heirs = Mapping[int | None, tuple[int, ...]]
"""Readers by area, the nearest successor first; under None those for every other place, and for cases without one."""


def heirs_of(kind: Followed, ended_id: int, area_id: int | None) -> tuple[int, ...]:
    """All successors of a centre or agency for the cases of a place; empty where it has not ended."""
    heirs = _all_heirs().get((kind, ended_id))
    return () if heirs is None else heirs.get(area_id, heirs[None])


def centre_at_work(centre_id: int, area_id: int | None) -> int:
    """The centre that looks after a case today: its own, or the first successor for that place still in force."""
    ended = _all_heirs()
    return next((each for each in heirs_of(Followed.CENTRE, centre_id, area_id) if (Followed.CENTRE, each) not in ended), centre_id)


def followed_by(kind: Followed, ids: Collection[int]) -> set[int]:
    """Ended bodies succeeded by any of `ids`, at least for some places."""
    return {
        ended_id for (ended_kind, ended_id), heirs in _all_heirs().items()
        if ended_kind == kind and any(not set(readers).isdisjoint(ids) for readers in heirs.values())
    }  # fmt: skip


def followed_whole(kind: Followed, ended_id: int) -> frozenset[int]:
    """The successors of a centre or agency for all places, who read everything it left; empty where it has not ended or was divided."""
    heirs = _all_heirs().get((kind, ended_id))
    return frozenset.intersection(*map(frozenset, heirs.values())) if heirs else frozenset()


def left_whole_to(kind: Followed, ids: Collection[int]) -> set[int]:
    """Ended bodies of which one of `ids` reads everything."""
    return {ended_id for ended_kind, ended_id in _all_heirs() if ended_kind == kind and not followed_whole(kind, ended_id).isdisjoint(ids)}


def left_to(kind: Followed, ids: Collection[int], *, body: ColumnElement[Any], area: ColumnElement[Any]) -> Iterator[ColumnElement[bool]]:
    """Conditions for cases left to any of `ids`; `body` is the column of the owner, `area` that of the place. None where nothing was
    left."""
    whole: list[int] = []
    for (ended_kind, ended_id), heirs in _all_heirs().items():
        theirs = {place for place, readers in heirs.items() if not set(readers).isdisjoint(ids)} if ended_kind == kind else set()
        if theirs == set(heirs):
            whole.append(ended_id)
        elif None in theirs:
            others = sorted(place for place in heirs if place is not None and place not in theirs)
            yield (body == ended_id) & (area.is_(None) | area.not_in(others))
        elif theirs:
            yield (body == ended_id) & area.in_(sorted(filter(None, theirs)))
    if whole:
        yield body.in_(sorted(whole))


@kept_with_rules
def _all_heirs() -> Mapping[tuple[str, int], Heirs]:
    """Few installations have more than some dozen rows; they change with a reorganisation and its undo."""
    ways: dict[tuple[str, int], dict[int | None, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row in db.session.scalars(select(CaseSuccession).order_by(CaseSuccession.id)):
        ways[row.kind, row.predecessor_id][row.area_id].append(row.successor_id)
    return {(kind, id_): {place: _along(ways, kind, id_, place) for place in _places(ways, kind, id_)} for kind, id_ in [*ways]}


Ways = Mapping[tuple[str, int], Mapping[int | None, list[int]]]


def _places(ways: Ways, kind: str, id_: int) -> set[int | None]:
    """Every place that makes a difference along the succession from here."""
    found: set[int | None] = {None}
    seen, ahead = {id_}, [id_]
    while ahead:
        steps = ways.get((kind, ahead.pop()), {})
        found |= set(steps)
        behind = {each for successors in steps.values() for each in successors} - seen
        seen |= behind
        ahead += behind
    return found


def _along(ways: Ways, kind: str, id_: int, place: int | None) -> tuple[int, ...]:
    found: dict[int, None] = {}
    ahead = [id_]
    while ahead:
        steps = ways.get((kind, ahead.pop(0)), {})
        for each in steps[place] if place in steps else steps.get(None, ()):
            if each not in found:
                found[each] = None
                ahead.append(each)
    return tuple(found)
