"""Reading what has been published."""

from sqlalchemy import func, select

from casework.db import db
from casework.models import Case, Publication


def next_number(case: Case) -> int:
    """The number of the case's next publication."""
    return (db.session.scalar(select(func.max(Publication.number)).where(Publication.case_id == case.id)) or 0) + 1


def newest_publication(case: Case, *, kinds: tuple[str, ...] = ("interim", "final", "private")) -> Publication | None:
    """The newest publication of a kind that has not been taken back."""
    query = select(Publication).where(Publication.case_id == case.id, Publication.kind.in_(kinds), Publication.unpublished_at.is_(None))
    return db.session.scalars(query.order_by(Publication.number.desc())).first()
