"""The registers a person may read, and what happened in one."""

from sqlalchemy import ColumnElement, null, or_, select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.documents.numbering import MOST_BOOKS, stream_of
from casework.models import DocumentBook, Event
from casework.permissions import OPERATIONS, Actor, Role
from casework.successors import Followed, left_to

MOST_EVENTS = 50


def books_seen(by: Actor, *, year: int | None = None) -> list[DocumentBook]:
    """The books a person may read, newest year first: the centre's for its clerk, operations and committee leader, an agency's for its
    leader; those of an ended body for its successor, who continues the register."""
    query = select(DocumentBook).where(_read_by(by)).options(joinedload(DocumentBook.agency))
    if year is not None:
        query = query.where(DocumentBook.year == year)
    order = (DocumentBook.year.desc(), DocumentBook.centre_id, DocumentBook.agency_id, DocumentBook.series)
    return list(db.session.scalars(query.order_by(*order).limit(MOST_BOOKS)))


def book_seen(by: Actor, ref: str) -> DocumentBook | None:
    """One book within the person's sight; None where there is none."""
    return db.session.scalars(select(DocumentBook).where(DocumentBook.ref == ref, _read_by(by))).first()


def history_of(book: DocumentBook, *, limit: int = MOST_EVENTS) -> list[Event]:
    """The events of a book, newest first."""
    query = select(Event).where(Event.stream == stream_of(book)).order_by(Event.seq.desc()).limit(limit)
    return list(db.session.scalars(query.options(joinedload(Event.actor))))


def _read_by(by: Actor) -> ColumnElement[bool]:
    roles = OPERATIONS | {Role.RECORDS_CLERK, Role.COMMITTEE_LEADER}
    centres = [grant.centre_id for grant in by.grants if grant.role in roles]
    agencies = [grant.agency_id for grant in by.grants if grant.role == Role.AGENCY_LEADER]
    of_the_centre = DocumentBook.agency_id.is_(None)
    if None in centres:
        return or_(of_the_centre, DocumentBook.agency_id.in_(agencies))
    left = [
        *(of_the_centre & each for each in
          left_to(Followed.CENTRE, set(filter(None, centres)), body=DocumentBook.centre_id.expression, area=null())),
        *left_to(Followed.AGENCY, set(filter(None, agencies)), body=DocumentBook.agency_id.expression, area=null()),
    ]  # fmt: skip
    return or_(of_the_centre & DocumentBook.centre_id.in_(centres), DocumentBook.agency_id.in_(agencies), *left)
