"""The job that forgets old news, and those who have followed an area for longer than they agreed to."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from casework.db import db, unit_of_work
from casework.models import AreaNews, AreaSubscription
from casework.setting_values import value_of

NEWS_KEPT = timedelta(days=45)
"""Longer than a week and an outage; they hold nothing but which case took which step."""
TOGETHER = 1_000
DAYS_OF_MONTH = 30.44


def sweep_area_news(now: datetime) -> int:
    """Delete news and subscriptions that are too old; returns how many rows. A job. The newest number always stays: others are counted on
    from it."""
    gone = 0
    months = int(value_of("area_months"))
    with unit_of_work():
        newest = db.session.scalar(select(func.max(AreaNews.number)))
        old = select(AreaNews.id).where(AreaNews.at < now - NEWS_KEPT, AreaNews.number.is_distinct_from(newest))
        gone += _delete(AreaNews, list(db.session.scalars(old.limit(TOGETHER))))
        since = now - timedelta(days=months * DAYS_OF_MONTH)
        ended = select(AreaSubscription.id).where(AreaSubscription.confirmed_at < since).limit(TOGETHER)
        gone += _delete(AreaSubscription, list(db.session.scalars(ended)))
    return gone


def _delete(table: type[AreaNews] | type[AreaSubscription], ids: list[int]) -> int:
    if ids:
        db.session.execute(delete(table).where(table.id.in_(ids)), execution_options={"synchronize_session": False})
    return len(ids)
