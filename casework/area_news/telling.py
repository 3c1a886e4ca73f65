"""The job that tells those who follow an area: it plans messages, and never more than a few hundred that have not left yet."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select

from casework.area_news.matching import is_our_turn, number_news
from casework.area_news.words import TEMPLATE
from casework.db import db, unit_of_work
from casework.messages.queue import under_way
from casework.messages.quiet import quiet_until
from casework.messages.rendering import template_of
from casework.models import AreaNews, AreaSubscription, Delivery
from casework.privacy.area_contacts import FOLLOWS_AREA

NEWS_TOGETHER, PLANNED_TOGETHER = 20, 100
MOST_WAITING = 500
"""Messages of this kind planned and not yet sent: senders of reports, whose messages come meanwhile, do not wait behind thousands."""


def tell_areas(now: datetime, *, configured: Collection[str]) -> int:
    """Number new news, and plan the messages whose time has come; returns how many messages. A job; any number of workers may run it.

    A message is planned together with the mark of what it tells of, so that a kill makes none twice and loses none. What it says is found
    when it is sent: what is not public any more by then is not in it.
    """
    planned = 0
    while _number(now) >= NEWS_TOGETHER:
        pass
    while (number := _plan(now, configured)) > 0:
        planned += number
    return planned


def _number(now: datetime) -> int:
    if db.session.scalar(select(AreaNews.id).where(AreaNews.number.is_(None)).limit(1)) is None:
        return 0
    with unit_of_work():
        return number_news(now, NEWS_TOGETHER) if is_our_turn() else 0


def _plan(now: datetime, configured: Collection[str]) -> int:
    """Plan one batch; 0 where nothing is due, in quiet hours, and while enough messages wait to leave."""
    due = select(AreaSubscription).where(AreaSubscription.due_at <= now).order_by(AreaSubscription.due_at, AreaSubscription.id)
    if quiet_until(now, None) is not None or db.session.scalar(due.with_only_columns(AreaSubscription.id).limit(1)) is None:
        return 0
    with unit_of_work():
        if not is_our_turn() or (room := MOST_WAITING - _waiting()) <= 0:
            return 0
        query = due.limit(min(room, PLANNED_TOGETHER))
        if db.session.get_bind().dialect.name != "sqlite":
            # one that is being ended at this moment is left to whoever ends it
            query = query.with_for_update(skip_locked=True)
        rows = list(db.session.scalars(query.execution_options(populate_existing=True)))
        newest = db.session.scalar(select(func.max(AreaNews.number))) or 0
        for row in rows:
            _put(row, newest, configured, now)
        return len(rows)


def _put(row: AreaSubscription, newest: int, configured: Collection[str], now: datetime) -> None:
    """Plan its message, and mark what it tells of. Where no channel leads there, it has been told of nothing and does not pile up."""
    channel = _channel(row, configured, now)
    if channel is not None and newest > row.told_up_to:
        delivery = Delivery(
            message_id=None, recipient=f"{FOLLOWS_AREA}{row.ref}", case_id=None, channel=channel, is_urgent=False, template="area_news",
            parameters={"after": row.told_up_to, "up_to": newest}, dedupe_key=f"{FOLLOWS_AREA}{row.ref}:{newest}", created_at=now,
            due_at=now,
        )  # fmt: skip
        db.session.add(delivery)
        row.told_at = now
    row.told_up_to, row.due_at = newest, None


def _channel(row: AreaSubscription, configured: Collection[str], now: datetime) -> str | None:
    if row.contact_kind == "email":
        return "email" if "email" in configured else None
    template = template_of(TEMPLATE, None, now)
    if "zns" in configured and template is not None and template.zns_template:
        return "zns"
    return "sms" if "sms" in configured else None


def _waiting() -> int:
    some = select(Delivery.id).where(Delivery.template == TEMPLATE, Delivery.channel.in_(("email", "zns", "sms")), under_way())
    return db.session.scalar(select(func.count()).select_from(some.limit(MOST_WAITING).subquery())) or 0
