"""Villages as everybody may read them: a name of the official list, or words an operator has seen and released (rules.md, section 2)."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select

from casework.db import db
from casework.models import Area, Case
from casework.sealing.seal import open_text, seal_text
from casework.text import fold, normal

WAITING_PURPOSE = "village of a case that nobody has let out"
MOST_NAMESAKES = 200
"""Villages of one centre that share a name."""


class Released(NamedTuple):
    """What the village of a case becomes. `how` is listed, or released of words that are nobody's but an operator's to let out."""

    words: str | None
    how: str | None


def released(centre_id: int, words: str | None, *, area_id: int | None) -> Released:
    """Return what an operator lets everybody read as the village of a case: as the list spells it where it has the name."""
    words = normal(words or "")
    if listed := listed_village(centre_id, words, area_id=area_id):
        return Released(listed, "listed")
    return Released(words or None, "released" if words else None)


def release_village(case: Case, words: str | None, *, area_id: int | None) -> str | None:
    """Let everybody read these words as the village of a case, or nothing, and return how. Words settle what waited there from before."""
    case.village, how = released(case.centre_id, words, area_id=area_id)
    if case.village is not None:
        forget_waiting(case)
    return how


def listed_village(centre_id: int, words: str, *, area_id: int | None = None) -> str | None:
    """Return the name as the centre's list spells it, of today or of before; None where the words are no name of it and nothing else.

    Of namesakes spelt differently that of the commune counts.
    """
    if not (folded := fold(words)):
        return None
    query = select(Area.parent_id, Area.name_vi).where(*_listed(centre_id), Area.folded_name == folded)
    found = db.session.execute(query.order_by(Area.valid_from.desc(), Area.id).limit(MOST_NAMESAKES)).all()
    spelt = [name for parent_id, name in found if parent_id == area_id] or [name for _parent_id, name in found]
    return next((name for name in spelt if name == words), spelt[0] if spelt else None)


def listed_among(centre_id: int, folded: Collection[str]) -> frozenset[str]:
    """Return which of some folded names stand in the centre's list, of today or of before."""
    query = select(Area.folded_name).distinct().where(*_listed(centre_id), Area.folded_name.in_(folded))
    return frozenset(db.session.scalars(query)) if folded else frozenset()


def _listed(centre_id: int) -> tuple[ColumnElement[bool], ...]:
    return Area.centre_id == centre_id, Area.level == "village"


# -- what stood there before anybody had to let it out --------------------------------------------------------------------


def waits() -> ColumnElement[bool]:
    """The condition for cases whose words of before wait to be let out, as the index on it answers it."""
    return or_(Case.village_in_clear.is_not(None), Case.sealed_village.is_not(None))


def waiting_words(case: Case) -> str | None:
    """Open what waits; callers take the same care as for original words. What a program of before has written since comes first."""
    if case.village_in_clear is not None or case.sealed_village is None:
        return case.village_in_clear
    return open_text(case.sealed_village, purpose=WAITING_PURPOSE)


def seal_waiting(case: Case) -> None:
    """Seal what waits in clear."""
    if case.village_in_clear is not None:
        case.sealed_village = seal_text(case.village_in_clear, purpose=WAITING_PURPOSE)
        case.village_in_clear = None


def forget_waiting(case: Case) -> None:
    """Let nothing wait there any more: it is decided, or erased."""
    case.village_in_clear = case.sealed_village = None
