"""The complexities of cases: rows in force with a limit of their own; a case keeps the key."""

from datetime import date, datetime

from sqlalchemy import or_, select

from casework.clocks.acts import ClockKind, RuleMissing, rule_for
from casework.db import db
from casework.local_time import local_day
from casework.models import Case, Complexity

AT_FILING = "ordinary"
"""The complexity of a case until it is classified."""
SEVERAL_AGENCIES = "complex"
"""The complexity whose limit applies once several agencies work on a case (rules.md, section 4)."""


def complexities_for(case: Case, *, now: datetime, counted_from: datetime) -> list[Complexity]:
    """The complexities that may be chosen for a case today, in order: only those with a limit counted from that instant, since others
    would fail later."""
    on = local_day(counted_from)
    rows = complexities_of(case.centre_id, local_day(now))
    return [row for row in rows if has_limit(row.key, case.centre_id, on)]


def complexities_of(centre_id: int | None, day: date) -> list[Complexity]:
    """The complexities in force on a day, a centre's own before the installation's (rules.md, section 8)."""
    query = select(Complexity).where(or_(Complexity.centre_id == centre_id, Complexity.centre_id.is_(None)))
    rows = [row for row in db.session.scalars(query.order_by(Complexity.position, Complexity.id)) if row.holds_on(day)]
    own = {row.key for row in rows if row.centre_id is not None}
    return [row for row in rows if row.centre_id is not None or row.key not in own]


def has_limit(key: str, centre_id: int | None, on: date) -> bool:
    """Whether a normal case of that complexity has a limit beginning on that day."""
    try:
        rule_for(ClockKind.CASE, centre_id=centre_id, on=on, urgency="normal", complexity=key)
    except RuleMissing:
        return False
    return True
