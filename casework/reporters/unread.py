"""A sender's unread news: messages to them since they last opened the page of their report."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, select, update

from casework.db import db, unit_of_work
from casework.models import OutboxMessage, Report

NO_NEWS = ("report_filed",)
"""Messages about what the sender has just done themselves."""


def with_news(reports: Collection[Report]) -> set[int]:
    """The ids of those reports with unread messages."""
    recipients = {f"reporter:{report.reporter_id}": report.id for report in reports if report.reporter_id is not None}
    if not recipients:
        return set()
    query = select(OutboxMessage.recipient).where(OutboxMessage.recipient.in_(recipients), *unread()).distinct()
    return {recipients[recipient] for recipient in db.session.scalars(query)}


def put_news_away(report: Report, *, now: datetime) -> None:
    """Mark the report's news as read; for a report that has some."""
    mine = OutboxMessage.recipient == f"reporter:{report.reporter_id}"
    with unit_of_work():
        seen = update(OutboxMessage).where(mine, *unread()).values(read_at=now)
        db.session.execute(seen, execution_options={"synchronize_session": False})


def unread(message: type[OutboxMessage] = OutboxMessage) -> tuple[ColumnElement[bool], ...]:
    return message.read_at.is_(None), message.dropped_at.is_(None), message.template.not_in(NO_NEWS)
