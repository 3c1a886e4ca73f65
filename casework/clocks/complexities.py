"""The complexities of cases: rows in force with a limit of their own; a case keeps the key."""

from datetime import date, datetime

from casework.clocks.acts import ClockKind, RuleMissing, rule_for
from casework.local_time import local_day
from casework.models import Case, Complexity
from casework.reading.kept_with_rules import kept_with_rules
from casework.reading.rule_rows import KeyedRow, own_before_shared

AT_FILING = "ordinary"
"""The complexity of a case until it is classified."""
SEVERAL_AGENCIES = "complex"
"""The complexity whose limit applies once several agencies work on a case (rules.md, section 4)."""


def complexities_for(case: Case, *, now: datetime, counted_from: datetime) -> list[KeyedRow]:
    """The complexities that may be chosen for a case today, in order: only those with a limit counted from that instant, since others
    would fail later."""
    on = local_day(counted_from)
    rows = complexities_of(case.centre_id, local_day(now))
    return [row for row in rows if has_limit(row.key, case.centre_id, on)]


@kept_with_rules
def complexities_of(centre_id: int | None, day: date) -> tuple[KeyedRow, ...]:
    """The complexities in force on a day, a centre's own before the installation's (rules.md, section 8)."""
    return own_before_shared(KeyedRow, Complexity, centre_id, day, key="key")


def has_limit(key: str, centre_id: int | None, on: date) -> bool:
    """Whether a normal case of that complexity has a limit beginning on that day."""
    try:
        rule_for(ClockKind.CASE, centre_id=centre_id, on=on, urgency="normal", complexity=key)
    except RuleMissing:
        return False
    return True
