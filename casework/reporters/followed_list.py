"""The cases an account follows, as its owner's list shows them: only what is public (rules.md, section 6)."""

from sqlalchemy import func, select

from casework.db import db
from casework.models import Case, Follower
from casework.permissions import Actor
from casework.public.cases import PublicItem, case_behind, public_items

MOST_FOLLOWED = 50
"""In the list, the newest first."""


def followed_list(actor: Actor) -> list[PublicItem]:
    """The cases a person follows. A merged one appears as its main case; one that is no longer public is left out."""
    if actor.own_id is None:
        return []
    query = (
        select(func.coalesce(Case.merged_into_id, Case.id))
        .join(Follower, Follower.case_id == Case.id)
        .where(Follower.account_id == actor.own_id, Follower.ended_at.is_(None))
        .order_by(Follower.since.desc(), Follower.id.desc())
        .limit(MOST_FOLLOWED)
    )
    return public_items(db.session.scalars(query))


def case_to_follow(code: str) -> Case | None:
    """The case of a code, for a merged report its main; None where it is not public."""
    return case_behind(code)
