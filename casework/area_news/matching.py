"""Finding who follows the place of a piece of news: by indexes, in the database, without reading any subscription.

News get their numbers here, one worker at a time, so that no number is given below one that has been told. A subscription that matches
gets the day it is told next, and is not looked at again before that: of a hundred publications in a night the first marks it.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from math import cos, radians

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select, true, update

from casework.area_news.scopes import areas_meant, cell_of, cells_around
from casework.db import Instant, db
from casework.followers import is_known_to_public
from casework.local_time import LOCAL_ZONE
from casework.messages.quiet import quiet_until
from casework.models import AreaNews, AreaSubscription, Case, Field
from casework.places.geometry import METRES_PER_DEGREE
from casework.publications import shows_exact_place

ANSWERED_STEPS = ("interim", "final", "corrected")
"""The steps that show an answer. Who is told at once is told of these alone."""
MORNING = time(7)
BETWEEN = timedelta(hours=1)
"""At once is not more often than this, so that an afternoon of publishing is one message."""
MONDAY = 0
JOB_LOCK = 0x61726561
"""PostgreSQL's advisory lock that lets one worker at a time number news and plan messages."""


def is_our_turn() -> bool:
    """Whether no other worker numbers or plans at this moment; holds until the unit of work ends. On SQLite there is one writer anyway."""
    if db.session.get_bind().dialect.name == "sqlite":
        return True
    return bool(db.session.scalar(select(func.pg_try_advisory_xact_lock(JOB_LOCK))))


def number_news(now: datetime, limit: int) -> int:
    """Number the oldest news and mark who is told of them; returns how many were looked at. Commits nothing.

    News of cases the public may no longer know of are deleted.
    """
    waiting = list(db.session.scalars(select(AreaNews).where(AreaNews.number.is_(None)).order_by(AreaNews.id).limit(limit)))
    if not waiting:
        return 0
    number = db.session.scalar(select(func.max(AreaNews.number))) or 0
    cases = {each.id: each for each in db.session.scalars(select(Case).where(Case.id.in_({news.case_id for news in waiting})))}
    for news in waiting:
        of = cases[news.case_id]
        if not is_known_to_public(of):
            db.session.delete(news)
            continue
        number += 1
        point = (of.latitude, of.longitude) if shows_exact_place(of) else None
        where = (point[0], point[1]) if point is not None and point[0] is not None and point[1] is not None else None
        news.number, news.area_id, news.cell = number, of.area_id, cell_of(*where) if where is not None else None
        news.field_code = db.session.get_one(Field, of.field_id).service_code if of.field_id is not None else None
        _mark(news, where, now)
    db.session.flush()
    return len(waiting)


def next_morning(now: datetime, *, weekly: bool) -> datetime:
    """The next local seven o'clock, of a Monday if weekly; later where the quiet hours last longer."""
    local = now.astimezone(LOCAL_ZONE)
    day = local.date() + timedelta(days=local.time() >= MORNING)
    if weekly:
        day += timedelta(days=(MONDAY - day.weekday()) % 7)
    morning = datetime.combine(day, MORNING, LOCAL_ZONE)
    return quiet_until(morning, None) or morning


def _mark(news: AreaNews, point: tuple[float, float] | None, now: datetime) -> None:
    """Say of every subscription that follows the place when it is told: three statements, each by its own index."""
    in_field: ColumnElement[bool] = AreaSubscription.field_code.is_(None)
    if news.field_code is not None:
        in_field = or_(in_field, AreaSubscription.field_code == news.field_code)
    wants = true() if news.step in ANSWERED_STEPS else AreaSubscription.rhythm != "at_once"
    soon, later = (quiet_until(each, None) or each for each in (now, now + BETWEEN))
    due = case(
        (AreaSubscription.rhythm == "weekly", literal(next_morning(now, weekly=True), Instant)),
        (AreaSubscription.rhythm == "daily", literal(next_morning(now, weekly=False), Instant)),
        (AreaSubscription.told_at > now - BETWEEN, literal(later, Instant)), else_=literal(soon, Instant),
    )  # fmt: skip
    for found in _ways(news, point):
        marked = update(AreaSubscription).where(AreaSubscription.due_at.is_(None), *found, in_field, wants).values(due_at=due)
        db.session.execute(marked, execution_options={"synchronize_session": False})


def _ways(news: AreaNews, point: tuple[float, float] | None) -> Sequence[Sequence[ColumnElement[bool]]]:
    ways: list[Sequence[ColumnElement[bool]]] = []
    if news.area_id is not None:
        ways.append([AreaSubscription.kind == "area", AreaSubscription.area_id.in_(areas_meant(news.area_id))])
    if point is not None and news.cell is not None:
        ways.append([AreaSubscription.kind == "circle", AreaSubscription.cell.in_(cells_around(news.cell)), _is_within(*point)])
    if news.field_code is not None:
        ways.append([AreaSubscription.kind == "field", AreaSubscription.field_code == news.field_code])
    return ways


def _is_within(latitude: float, longitude: float) -> ColumnElement[bool]:
    """Whether a point lies in the circle; over three kilometres the earth is flat."""
    north = (AreaSubscription.latitude - latitude) * METRES_PER_DEGREE
    east = (AreaSubscription.longitude - longitude) * (METRES_PER_DEGREE * cos(radians(latitude)))
    return and_(north * north + east * east <= AreaSubscription.radius_m * AreaSubscription.radius_m)
