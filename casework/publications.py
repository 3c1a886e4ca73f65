"""Reading the publications of a case."""

from datetime import datetime
from typing import Protocol

from sqlalchemy import ColumnElement, and_, func, not_, or_, select

from casework.db import db
from casework.models import Case, Publication
from casework.states import CaseState

WHOLE = "whole"

PUBLIC_KINDS = ("interim", "final")
RATED_KINDS = ("final", "private")
SETTLED_STATES = (CaseState.ANSWERED, CaseState.CLOSED)
"""Answered, and neither rated nor reviewed any more."""


def next_number(case: Case) -> int:
    return (db.session.scalar(select(func.max(Publication.number)).where(Publication.case_id == case.id)) or 0) + 1


def newest_publication(case: Case, *, kinds: tuple[str, ...] = ("interim", "final", "private")) -> Publication | None:
    """The newest publication of such a kind that was not taken back."""
    query = select(Publication).where(Publication.case_id == case.id, Publication.kind.in_(kinds), Publication.unpublished_at.is_(None))
    return db.session.scalars(query.order_by(Publication.number.desc())).first()


def rated_publication(case: Case) -> Publication | None:
    """The answer that is rated and reviewed: the newest final or private one, even when it is no longer public.

    Its senders have read it, and their verdict counts.
    """
    query = select(Publication).where(Publication.case_id == case.id, Publication.kind.in_(RATED_KINDS))
    return db.session.scalars(query.order_by(Publication.number.desc())).first()


def is_taken_back(case: Case, *, kind: str, told_at: datetime) -> bool:
    """Whether the publication of that kind that was the newest at `told_at` is not public any more."""
    query = select(Publication.unpublished_at).where(Publication.case_id == case.id, Publication.kind == kind)
    query = query.where(Publication.published_at <= told_at).order_by(Publication.number.desc()).limit(1)
    return db.session.scalar(query) is not None


class ShownPlace(Protocol):
    """How a present or future public text shows the place."""

    @property
    def place(self) -> str | None: ...
    @property
    def shows_exact_place(self) -> bool: ...


def names_village(words: ShownPlace) -> bool:
    """Whether the public text says more about the place than its commune: only the exact place and a place in words do."""
    return words.shows_exact_place or bool(words.place)


def shows_exact_place(case: Case) -> bool:
    """Whether the public can read the exact position of a case."""
    publication = newest_publication(case, kinds=PUBLIC_KINDS) if case.is_public and case.visibility_reason_id is None else None
    return publication is not None and publication.current.shows_exact_place


def is_settled(case: Case) -> bool:
    """Whether the answer of a case stands in public and nothing is under way on it any more."""
    is_apart = case.quarantined_at is not None or case.visibility_reason_id is not None or case.merged_into_id is not None
    return case.is_public and not is_apart and case.state in SETTLED_STATES


def is_settled_case() -> ColumnElement[bool]:
    """The same in a statement about cases."""
    is_apart = or_(Case.quarantined_at.is_not(None), Case.visibility_reason_id.is_not(None), Case.merged_into_id.is_not(None))
    return and_(Case.is_public, not_(is_apart), Case.state.in_(SETTLED_STATES))


def settle_publicity(case: Case) -> None:
    """Set whether the case is public: while a public publication of it stands."""
    db.session.flush()
    case.is_public = newest_publication(case, kinds=PUBLIC_KINDS) is not None
