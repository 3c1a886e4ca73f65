"""The log of settings changes: the stream of the rules, read backwards, as far as the reader may know it."""

from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import joinedload

from casework.calendars import RULES_STREAM
from casework.db import db
from casework.models import Event, EventStream
from casework.permissions import Action, Actor
from casework.setting_events import CHANGED

PAGE = 50
LOOKED_AT = 2_000
"""Events one page reads, so that a rare kind costs no more than a common one."""
OF_PEOPLE = ("account", "deputy", "membership")
"""Kinds with names and contacts: without a centre they are about people of the installation, or of several centres."""


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events, newest first, and the number in the stream before which the next page starts; None at the beginning."""

    events: list[Event]
    next_before: int | None


def setting_events(by: Actor, *, kind: str | None = None, row: str | None = None, before: int | None = None) -> EventPage:
    """The changes of settings the person may read: their centres' and the installation's, and those about people only in their centres.

    Other events of the rules (the initial import, an agency's template) are shown only to readers of all centres.
    """
    head = db.session.get(EventStream, RULES_STREAM)
    top = min(before or (head.seq + 1 if head else 1), (head.seq + 1) if head else 1)
    bottom = max(top - LOOKED_AT, 1)
    query = select(Event).where(Event.stream == RULES_STREAM, Event.seq < top, Event.seq >= bottom)
    centres = {grant.centre_id for grant in by.grants if grant.role in Action.READ_SETTING_EVENTS.roles}
    if None not in centres:
        centre = Event.payload["centre_id"].as_integer()
        of_all = and_(centre.is_(None), Event.payload["kind"].as_string().not_in(OF_PEOPLE))
        query = query.where(Event.type == CHANGED, or_(of_all, centre.in_(centres)))
    if kind is not None:
        query = query.where(Event.type == CHANGED, Event.payload["kind"].as_string() == kind)
    if row is not None:
        query = query.where(Event.payload["row"].as_string() == row)
    found = list(db.session.scalars(query.order_by(Event.seq.desc()).limit(PAGE + 1).options(joinedload(Event.actor))))
    if len(found) > PAGE:
        return EventPage(found[:PAGE], found[PAGE - 1].seq)
    return EventPage(found, bottom if bottom > 1 else None)
