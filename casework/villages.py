"""Villages as everybody may read them: a name of the official list, or words an operator has seen and released (rules.md, section 2)."""

from typing import NamedTuple

from sqlalchemy import select

from casework.db import db
from casework.folding import fold, normal
from casework.models import Area, Case

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
        case.unreleased_village = None
    return how


def listed_village(centre_id: int, words: str, *, area_id: int | None = None) -> str | None:
    """Return the name as the centre's list spells it, of today or of before; None where the words are no name of it and nothing else.

    Of namesakes spelt differently that of the commune counts.
    """
    if not (folded := fold(words)):
        return None
    query = select(Area.parent_id, Area.name_vi).where(Area.centre_id == centre_id, Area.level == "village", Area.folded_name == folded)
    found = db.session.execute(query.order_by(Area.valid_from.desc(), Area.id).limit(MOST_NAMESAKES)).all()
    spelt = [name for parent_id, name in found if parent_id == area_id] or [name for _parent_id, name in found]
    return next((name for name in spelt if name == words), spelt[0] if spelt else None)
