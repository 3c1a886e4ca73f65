"""The calendar of a centre, put together from its rows and kept until the rules change."""

from datetime import time

from sqlalchemy import or_, select

from casework.db import db
from casework.models import CalendarDay, EventStream, OfficeHours
from casework.working_time import Calendar

RULES_STREAM = "rules"
"""Every change of a rule is an event of this stream, so its head tells whether what is kept is still true."""

_kept: dict[tuple[str, int | None], tuple[str, Calendar]] = {}


def calendar_of(centre_id: int | None) -> Calendar:
    """Return days off, worked Saturdays and office hours of a centre, its own rows before the installation's."""
    head, place = rules_head(), (str(db.engine.url), centre_id)
    kept = _kept.get(place)
    if kept is None or kept[0] != head:
        kept = _kept[place] = (head, _read(centre_id))
    return kept[1]


def rules_head() -> str:
    """The hash of the newest change of the rules: as long as it is the same, what was read of them is still true."""
    session = db.session()
    # held on to, so that the session knows the row until its transaction ends, and asks again after that
    head = session.info["rules head"] = session.get(EventStream, RULES_STREAM)
    return head.hash if head else ""


def _read(centre_id: int | None) -> Calendar:
    days = db.session.scalars(
        select(CalendarDay)
        .where(or_(CalendarDay.centre_id == centre_id, CalendarDay.centre_id.is_(None)))
        .order_by(CalendarDay.centre_id.is_(None).desc())
    )
    calendar = Calendar.from_rows((row.day, row.kind) for row in {row.day: row for row in days}.values())
    hours = db.session.scalars(
        select(OfficeHours)
        .where(or_(OfficeHours.centre_id == centre_id, OfficeHours.centre_id.is_(None)), OfficeHours.valid_to.is_(None))
        .order_by(OfficeHours.centre_id.is_(None))
    ).first()
    if hours is None:
        return calendar
    spans = tuple((time.fromisoformat(start), time.fromisoformat(end)) for start, end in (span.split("-") for span in hours.spans))
    return Calendar(days_off=calendar.days_off, worked_days=calendar.worked_days, office_hours=spans)
