"""Villages as shown to everybody: a name of the official list, or words an operator has seen and released (rules.md, section 2)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import aliased

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Area, Case
from casework.reading.kept_with_rules import kept_with_rules
from casework.sealing.seal import open_text, seal_text
from casework.text import fold, normal

MOST_LISTED = 200
"""In a list to choose from; more would weigh too much on a telephone, so that a name is typed then."""
WAITING_PURPOSE = "village of a case that nobody has let out"


class Released(NamedTuple):
    """The new village of a case. `how` is listed, or released for words only an operator could release."""

    words: str | None
    how: str | None


def released(centre_id: int, words: str | None, *, area_id: int | None) -> Released:
    """Return the village an operator releases for a case, spelt as on the list if it is there."""
    words = normal(words or "")
    if listed := listed_village(centre_id, words, area_id=area_id):
        return Released(listed, "listed")
    return Released(words or None, "released" if words else None)


def release_village(case: Case, words: str | None, *, area_id: int | None) -> str | None:
    """Release these words, or nothing, as the village of a case, and return how. This also settles older words that waited."""
    case.village, how = released(case.centre_id, words, area_id=area_id)
    if case.village is not None:
        forget_waiting(case)
    return how


def listed_village(centre_id: int, words: str, *, area_id: int | None = None) -> str | None:
    """Return a present or former village as the centre's list spells it; None where the words are not exactly one.

    Of namesakes spelt differently, the one in the commune counts.
    """
    if not (folded := fold(words)):
        return None
    found = _listed(centre_id).get(folded, ())
    spelt = [name for parent_id, name in found if parent_id == area_id] or [name for _parent_id, name in found]
    return next((name for name in spelt if name == words), spelt[0] if spelt else None)


def listed_among(centre_id: int, folded: Collection[str]) -> frozenset[str]:
    """Return which of some folded names are on the centre's list, present or former."""
    return frozenset(_listed(centre_id).keys() & set(folded)) if folded else frozenset()


@kept_with_rules
def _listed(centre_id: int) -> Mapping[str, Sequence[tuple[int | None, str]]]:
    """The present and former villages of a centre by folded name, each with its commune and spelling, the newest first."""
    found: dict[str, list[tuple[int | None, str]]] = {}
    query = select(Area.folded_name, Area.parent_id, Area.name_vi).where(Area.centre_id == centre_id, Area.level == "village")
    for folded, commune_id, name in db.session.execute(query.order_by(Area.valid_from.desc(), Area.id)):
        found.setdefault(folded, []).append((commune_id, name))
    return found


# # -- from before villages had to be released --------------------------------------------------------------------


def waits() -> ColumnElement[bool]:
    """The condition for cases whose older words wait for release, worded like its index."""
    columns = Case.__table__.c
    return or_(columns.village.is_not(None), columns.sealed_village.is_not(None))


def waiting_words(case: Case) -> str | None:
    """Open the waiting words; callers check as for original words. Words an older program has written since take precedence."""
    if case.village_in_clear is not None or case.sealed_village is None:
        return case.village_in_clear
    return open_text(case.sealed_village, purpose=WAITING_PURPOSE)


def seal_waiting(case: Case) -> None:
    """Seal waiting words still in clear."""
    if case.village_in_clear is not None:
        case.sealed_village = seal_text(case.village_in_clear, purpose=WAITING_PURPOSE)
        case.village_in_clear = None


def forget_waiting(case: Case) -> None:
    """Let nothing wait any more, because it is decided or erased."""
    case.village_in_clear = case.sealed_village = None


class ListedVillage(NamedTuple):
    """A village of the official list, the ref of its commune, and where it lies as far as that is known."""

    name: Bilingual
    area_ref: str
    latitude: float | None
    longitude: float | None


@kept_with_rules
def villages_on(on: date) -> tuple[ListedVillage, ...]:
    """The villages of a day, by name, to be chosen from without a map; none where there are more than MOST_LISTED."""
    commune = aliased(Area)
    query = (
        select(Area.name_vi, Area.name_en, commune.ref, Area.latitude, Area.longitude)
        .join(commune, commune.id == Area.parent_id)
        .where(Area.level == "village", Area.valid_from <= on, or_(Area.valid_to.is_(None), Area.valid_to > on))
        .order_by(Area.folded_name, Area.id)
        .limit(MOST_LISTED + 1)
    )
    found = tuple(ListedVillage(Bilingual(vi, en), ref, *at) for vi, en, ref, *at in db.session.execute(query))
    return found if len(found) <= MOST_LISTED else ()
