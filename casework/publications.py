"""Reading what has been published."""

from typing import Protocol

from sqlalchemy import func, select

from casework.db import db
from casework.models import Case, Publication

WHOLE = "whole"

PUBLIC_KINDS = ("interim", "final")
RATED_KINDS = ("final", "private")


def next_number(case: Case) -> int:
    """The number of the case's next publication."""
    return (db.session.scalar(select(func.max(Publication.number)).where(Publication.case_id == case.id)) or 0) + 1


def newest_publication(case: Case, *, kinds: tuple[str, ...] = ("interim", "final", "private")) -> Publication | None:
    """The newest publication of a kind that has not been taken back."""
    query = select(Publication).where(Publication.case_id == case.id, Publication.kind.in_(kinds), Publication.unpublished_at.is_(None))
    return db.session.scalars(query.order_by(Publication.number.desc())).first()


def rated_publication(case: Case) -> Publication | None:
    """The answer that is rated and reviewed: the newest final or private one, also when it is no longer public.

    Its senders have read it, and what they say of it counts.
    """
    query = select(Publication).where(Publication.case_id == case.id, Publication.kind.in_(RATED_KINDS))
    return db.session.scalars(query.order_by(Publication.number.desc())).first()


class Shown(Protocol):
    """What is said of the place in a published text, or in one about to be."""

    @property
    def place(self) -> str | None: ...
    @property
    def shows_exact_place(self) -> bool: ...


def names_village(words: Shown) -> bool:
    """Whether the public text tells more of the place than its commune: without the exact place and words for it, nothing else does."""
    return words.shows_exact_place or bool(words.place)


def shows_exact_place(case: Case) -> bool:
    """Whether everybody can read now where a case lies to the metre."""
    publication = newest_publication(case, kinds=PUBLIC_KINDS) if case.is_public and case.visibility_reason_id is None else None
    return publication is not None and publication.current.shows_exact_place


def settle_publicity(case: Case) -> None:
    """Set whether the case is public: as long as a publication of it stands that everybody may read."""
    db.session.flush()
    case.is_public = newest_publication(case, kinds=PUBLIC_KINDS) is not None
