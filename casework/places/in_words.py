"""A position in words: the named place it is at or near, the commune of today, and what that was before.

Nothing here is read for a single position: names and points of places are kept with the rules. Callers decide what somebody may see of a
place, and hand over no village and no point where it is the commune alone (rules.md, section 2).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Area
from casework.places.former_areas import names_beside
from casework.places.geometry import METRES_PER_DEGREE, metres_between
from casework.reading.kept_with_rules import kept_with_rules

FURTHEST_M = 5_000
"""A village further away says nothing about where something is."""


@dataclass(frozen=True, slots=True)
class PlaceInWords:
    """The parts of a place that are known. `is_near`: the named place is the nearest one to a position, nobody said it is there."""

    named: str = ""
    is_near: bool = False
    commune: Bilingual | None = None
    formerly: Bilingual | None = None
    accuracy_m: int | None = None

    def __bool__(self) -> bool:
        return bool(self.named or self.commune)

    @property
    def words(self) -> Bilingual:
        """"Gần Thôn 2, xã Lạc Dương (trước đây: xã Đạ Chais) · ±18 m"."""
        return Bilingual(_sentence(self, "vi"), _sentence(self, "en"))

    @property
    def short(self) -> Bilingual:
        """The same for a row of a list: without former name and accuracy."""
        return Bilingual(_where(self, "vi"), _where(self, "en"))


class NamedPlace(NamedTuple):
    name: str
    latitude: float
    longitude: float


def place_in_words(
    area_id: int | None, village: str | None, *, on: date, point: tuple[float, float] | None = None
) -> PlaceInWords:
    """The place of a case in words. `village` is one somebody named; else the nearest known one of the commune counts."""
    commune, formerly = _commune_today(area_id, village)
    nearest = _nearest(area_id, point, on) if point is not None and not village else None
    return PlaceInWords(village or nearest or "", nearest is not None, commune, formerly)


def position_in_words(
    latitude: float, longitude: float, *, on: date, area_id: int | None = None, village: str | None = None, accuracy_m: float | None = None
) -> PlaceInWords:
    """A point in words: near the nearest village whose place is known, else near the one that was named."""
    commune, formerly = _commune_today(area_id, village)
    named = _nearest(area_id, (latitude, longitude), on) or village or ""
    return PlaceInWords(named, bool(named), commune, formerly, round(accuracy_m) if accuracy_m else None)


def _commune_today(area_id: int | None, village: str | None) -> tuple[Bilingual | None, Bilingual | None]:
    """The name of today, and the one before."""
    own = _names().get(area_id or 0)
    if own is None:
        return None, None
    beside = names_beside([(area_id, village)]).get((area_id, village))
    if beside is None:
        return own, None
    return (beside.nowadays, own) if beside.nowadays is not None else (own, beside.formerly)


def _nearest(area_id: int | None, point: tuple[float, float], on: date) -> str | None:
    known = _villages(on)
    places = known.get(area_id, ()) if area_id is not None else [each for several in known.values() for each in several]
    reach = FURTHEST_M / METRES_PER_DEGREE
    about = [each for each in places if abs(each.latitude - point[0]) <= reach]
    measured = [(metres_between(*point, each.latitude, each.longitude), each.name) for each in about]
    distance, name = min(measured, default=(FURTHEST_M + 1, ""))
    return name if distance <= FURTHEST_M else None


def _sentence(place: PlaceInWords, language: str) -> str:
    where = _where(place, language)
    if where and place.formerly is not None:
        before = _in_sentence(place.formerly.vi) if language == "vi" else place.formerly.en
        where += f" (trước đây: {before})" if language == "vi" else f" (formerly {before})"
    if place.accuracy_m is None:
        return where
    return f"{where} · ±{place.accuracy_m} m" if where else f"±{place.accuracy_m} m"


def _where(place: PlaceInWords, language: str) -> str:
    commune = "" if place.commune is None else place.commune.vi if language == "vi" else place.commune.en
    if not place.named:
        return commune
    named = place.named if not place.is_near else f"Gần {place.named}" if language == "vi" else f"Near {place.named}"
    return ", ".join(filter(None, (named, _in_sentence(commune) if language == "vi" else commune)))


def _in_sentence(name: str) -> str:
    """"Xã Lạc Dương" after a comma: its kind is a common noun."""
    return name[:1].lower() + name[1:]


@kept_with_rules
def _names() -> Mapping[int, Bilingual]:
    """Of every commune and what is above it, by row."""
    query = select(Area.id, Area.name_vi, Area.name_en).where(Area.level != "village")
    return {id_: Bilingual(vi, en) for id_, vi, en in db.session.execute(query)}


@kept_with_rules
def _villages(on: date) -> Mapping[int | None, Sequence[NamedPlace]]:
    """The villages of a day whose place on the map is known, by commune."""
    found: dict[int | None, list[NamedPlace]] = defaultdict(list)
    query = select(Area.parent_id, Area.name_vi, Area.latitude, Area.longitude).where(
        Area.level == "village", Area.latitude.is_not(None), Area.longitude.is_not(None),
        Area.valid_from <= on, or_(Area.valid_to.is_(None), Area.valid_to > on),
    )  # fmt: skip
    for parent_id, name, latitude, longitude in db.session.execute(query):
        found[parent_id].append(NamedPlace(name, latitude or 0, longitude or 0))
    return dict(found)
