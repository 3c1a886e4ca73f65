"""What goes of packages: bytes that have left, what was refused thirty days ago, and all of a case that leaves the system."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Select, or_, select, update

from casework.db import db
from casework.models import IncomingPackage, Letter, OutgoingPackage, PackagePiece

TOGETHER = 50
"""Packages forgotten in one unit of work."""

_UNSEEN = {"synchronize_session": False}


def drop_packages(case_ids: Collection[int], *, at: datetime) -> None:
    """Send nothing more of these cases and forget what was to be sent. What came in stays sealed. The caller holds the locks."""
    of_cases = select(OutgoingPackage.id).where(_going_out(case_ids))
    db.session.query(PackagePiece).where(PackagePiece.outgoing_id.in_(of_cases)).delete(synchronize_session=False)
    values = {"sealed_told": None, "due_at": None}
    db.session.execute(update(OutgoingPackage).where(_going_out(case_ids)).values(values), execution_options=_UNSEEN)
    unsent = _going_out(case_ids) & OutgoingPackage.sent_at.is_(None) & OutgoingPackage.dropped_at.is_(None)
    db.session.execute(update(OutgoingPackage).where(unsent).values(dropped_at=at), execution_options=_UNSEEN)


def erase_packages(case_ids: Collection[int]) -> None:
    """Erase the words and bytes of what came in about these cases. Rows stay, with identifiers and digests."""
    _forget(select(IncomingPackage.id).where(IncomingPackage.case_id.in_(case_ids)))


def forget_refused(now: datetime) -> int:
    """Forget what was refused long enough ago, a part of it; returns how many."""
    due = select(IncomingPackage.id).where(IncomingPackage.forget_at <= now).order_by(IncomingPackage.forget_at).limit(TOGETHER)
    ids = list(db.session.scalars(due))
    if ids:
        _forget(select(IncomingPackage.id).where(IncomingPackage.id.in_(ids)))
    return len(ids)


def _going_out(case_ids: Collection[int]) -> ColumnElement[bool]:
    letters = select(Letter.id).where(Letter.case_id.in_(case_ids))
    return or_(OutgoingPackage.case_id.in_(case_ids), OutgoingPackage.letter_id.in_(letters))


def _forget(ids: Select[int]) -> None:
    db.session.query(PackagePiece).where(PackagePiece.incoming_id.in_(ids)).delete(synchronize_session=False)
    gone = update(IncomingPackage).where(IncomingPackage.id.in_(ids)).values(sealed_told=None, forget_at=None)
    db.session.execute(gone, execution_options=_UNSEEN)
