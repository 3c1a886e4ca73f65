"""A centre's calendar, built from its rows and cached until the rules change."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from hashlib import sha256
from typing import Any

from sqlalchemy import event, inspect, or_, select
from sqlalchemy.orm import Session, SessionTransaction

from casework.db import RoutedSession, db
from casework.models import CalendarDay, EventStream, OfficeHours
from casework.working_time import Calendar

Spans = tuple[tuple[time, time], ...]

RULES_STREAM = "rules"
"""Every change of a rule is an event of this stream, so its head tells whether cached rules are still valid."""

HEAD, HEAD_ROW = "rules head", "rules head row"
"""The keys in a session's `info` for the head read with who asks, and for its row."""

_kept: dict[tuple[str, int | None], tuple[str, Calendar]] = {}


def calendar_of(centre_id: int | None) -> Calendar:
    """Return days off, worked Saturdays and office hours of a centre, its own rows before the installation's."""
    head, place = rules_head(), (str(db.engine.url), centre_id)
    kept = _kept.get(place)
    if kept is None or kept[0] != head:
        kept = _kept[place] = (head, _read(centre_id))
    return kept[1]


def rules_head() -> str:
    """The hash of the newest change of the rules; while it stays the same, cached rules are valid."""
    session = db.session()
    held: str | None = session.info.get(HEAD)
    if held is not None:
        return held
    head = session.info.get(HEAD_ROW)
    if head is None or head not in session or inspect(head).expired:
        # a page asks many times, and even a query answered from the session takes a while
        head = session.info[HEAD_ROW] = session.get(EventStream, RULES_STREAM)
    return head.hash if head else ""


def rules_version(on: date) -> str:
    """A name for what the rules say on a day, for addresses: the same until they change, and telling nothing of them."""
    return sha256(f"{rules_head()} {on}".encode()).hexdigest()[:16]


def hold_head(head: str | None) -> None:
    """Hold the head a request has read with who asks, until its transaction ends. A unit of work holds the row instead, because it may
    change it."""
    info = db.session().info
    if not info.get("in_unit_of_work"):
        info[HEAD] = head or ""


@event.listens_for(RoutedSession, "after_transaction_end")
def _let_go_of_head(session: Session, _transaction: SessionTransaction) -> None:
    session.info.pop(HEAD, None)


@dataclass(frozen=True, slots=True)
class HoursRow:
    """Office hours of a scope from one day until another (exclusive)."""

    valid_from: date
    valid_to: date | None
    spans: tuple[str, ...]

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def told(self) -> list[Any]:
        """The values as an event stores them."""
        return [self.valid_from.isoformat(), self.valid_to.isoformat() if self.valid_to else None, list(self.spans)]

    @classmethod
    def from_told(cls, told: list[Any]) -> "HoursRow":
        """Read back what `told` has written."""
        return cls(date.fromisoformat(told[0]), date.fromisoformat(told[1]) if told[1] else None, tuple(told[2]))


def hours_of_scope(centre_id: int | None) -> list[HoursRow]:
    """The office hours a centre has set itself, or those of the installation, in the order of their days."""
    of_scope = OfficeHours.centre_id.is_not_distinct_from(centre_id)
    query = select(OfficeHours).where(of_scope).order_by(OfficeHours.valid_from, OfficeHours.id)
    return [HoursRow(row.valid_from, row.valid_to, tuple(row.spans)) for row in db.session.scalars(query)]


def calendar_from(days: Iterable[tuple[date, str]], installation: Sequence[HoursRow], centre: Sequence[HoursRow]) -> Calendar:
    """Build a calendar: each day has the centre's hours, or else the installation's.

    Before the first row its hours are used, so that clocks which began earlier can be counted.
    """
    calendar = Calendar.from_rows(days)
    rows = [*centre, *installation]
    starts = sorted({day for row in rows for day in (row.valid_from, row.valid_to) if day is not None})
    steps: list[tuple[date, Spans]] = []
    for day in starts:
        row = next((each for each in reversed(centre) if each.holds_on(day)), None)
        row = row or next((each for each in reversed(installation) if each.holds_on(day)), None)
        spans = read_spans(row.spans) if row is not None else calendar.office_hours
        if not steps or steps[-1][1] != spans:
            steps.append((day, spans))
    if not steps:
        return calendar
    return replace(calendar, office_hours=steps[0][1], changed_hours=tuple(steps[1:]))


def read_spans(spans: Iterable[str]) -> Spans:
    """Parse office hours as rows write them, "07:30-11:30". Raises ValueError."""
    parts = (span.split("-") for span in spans)
    return tuple((time.fromisoformat(start), time.fromisoformat(end)) for start, end in parts)


def _read(centre_id: int | None) -> Calendar:
    days = db.session.scalars(
        select(CalendarDay)
        .where(or_(CalendarDay.centre_id == centre_id, CalendarDay.centre_id.is_(None)))
        .order_by(CalendarDay.centre_id.is_(None).desc())
    )
    kinds = {row.day: row.kind for row in days}
    return calendar_from(kinds.items(), hours_of_scope(None), hours_of_scope(centre_id) if centre_id is not None else [])
