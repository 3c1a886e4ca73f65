"""The cases an account follows, as its owner's list shows them: what the public sees of each, nothing more (rules.md, section 6)."""

from sqlalchemy import func, select

from casework.db import db
from casework.models import Case, Follower
from casework.permissions import Actor
from casework.public.cases import PublicItem, case_behind, public_items

MOST_FOLLOWED = 50
"""In the list, the newest first."""


def followed_list(actor: Actor) -> list[PublicItem]:
    """The cases somebody follows. One that was merged shows as its main case; one the public no longer knows is left out."""
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
    """The case behind a code, a merged report's being that of its main; None when the public may not know of it."""
    return case_behind(code)
