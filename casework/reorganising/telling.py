"""Messages about an undone reorganisation: unsent ones are withdrawn, and people who got one are told of the undo."""

from datetime import datetime

from sqlalchemy import select

from casework.db import db
from casework.models import Case, Delivery, OutboxMessage
from casework.outbox import tell_followers, tell_reporter
from casework.states import OPEN_STATES

TOLD = ("case_reorganised", "followed_reorganised")


def take_back_word(case: Case, *, since: datetime, at: datetime) -> None:
    """Withdraw unsent messages of that moment or later, and tell people who got one who handles the case again.

    A message being sent at this moment counts as sent. The case is locked and restored.
    """
    query = select(OutboxMessage).where(OutboxMessage.case_id == case.id, OutboxMessage.template.in_(TOLD))
    query = query.where(OutboxMessage.created_at >= since, OutboxMessage.dropped_at.is_(None)).order_by(OutboxMessage.id)
    heard: set[str] = set()
    for message in db.session.scalars(query.with_for_update()).all():
        of_it = select(Delivery).where(Delivery.message_id == message.id).order_by(Delivery.id).with_for_update()
        deliveries = db.session.scalars(of_it).all()
        left = [row for row in deliveries if row.sent_at is not None or (row.leased_until is not None and row.leased_until > at)]
        for row in (each for each in deliveries if each not in left and each.dropped_at is None):
            row.dropped_at, row.given_up_at = at, None
        if left or message.read_at is not None:
            heard.add(message.recipient)
        else:
            message.dropped_at = at
    if heard and case.state in OPEN_STATES:
        _tell(case, heard, at)


def _tell(case: Case, heard: set[str], at: datetime) -> None:
    body = case.lead_agency.name if case.lead_agency is not None else case.centre.name
    handler = [body.vi, body.en]
    for link in case.reports:
        if link.left_at is None and f"reporter:{link.report.reporter_id}" in heard:
            tell_reporter(link.report, "case_reorganisation_undone", case=case, at=at, handler=handler)
    accounts = {int(key.partition(":")[2]) for key in heard if key.startswith("account:")}
    if accounts:
        tell_followers(case, "followed_reorganisation_undone", at=at, only=accounts, handler=handler)
