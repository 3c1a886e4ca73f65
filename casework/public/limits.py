"""The public limit of a case: its last day, and from the day after that it is late.

The hour of a 24-hour limit is the hour at which the report was sent, and a neighbour may have seen who was there. Watching when “late”
appears would reveal the hour, so that goes by days as well. The sender, the agencies and the centre see the instant. Source: rules.md,
section 2.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from casework.db import Instant
from casework.local_time import LOCAL_ZONE, last_day, local_day
from casework.models import Case, Clock


@dataclass(frozen=True, slots=True)
class PublicLimit:
    """A limit. `due_on` is the last day in time, None for a limit without an end; `ended_at` is when the answer came, which is public."""

    due_on: date | None
    ended_at: datetime | None = None
    is_extended: bool = False
    is_paused: bool = False

    @classmethod
    def of(cls, clock: Clock) -> "PublicLimit":
        """The public part of a limit."""
        due_on = last_day(clock.due_at) if clock.due_at is not None else None
        return cls(due_on, clock.ended_at, clock.extended_at is not None, clock.is_paused)

    def days_late(self, now: datetime) -> int | None:
        """Whole days since the last day in time, 0 on the first; None where it is or was in time."""
        if self.due_on is None:
            return None
        days = (local_day(self.ended_at or now) - self.due_on).days
        return days - 1 if days > 0 else None


def is_late_by_day(case: Case, now: datetime) -> bool:
    """Whether a case is late for the public."""
    return case.due_at is not None and local_day(case.answered_at or case.closed_at or now) > last_day(case.due_at)


class LocalMidnight(FunctionElement[datetime]):
    """The beginning of an instant's local day, computed by the database."""

    inherit_cache = True
    name = "local_midnight"
    type = Instant()

    def __init__(self, instant: ColumnElement[Any]) -> None:
        super().__init__(instant)


@compiles(LocalMidnight, "postgresql")
def _truncated(element: LocalMidnight, compiler: Any, **options: Any) -> str:
    return f"date_trunc('day', {compiler.process(element.clauses, **options)}, '{LOCAL_ZONE.key}')"


@compiles(LocalMidnight, "sqlite")
def _shifted(element: LocalMidnight, compiler: Any, **options: Any) -> str:
    # Viet Nam has had one offset since 1975, and SQLite has no zones; it would round 23:59:59.9999 up to the next day
    whole_seconds = f"substr({compiler.process(element.clauses, **options)}, 1, 19)"
    return f"(datetime({whole_seconds}, '+7 hours', 'start of day', '-7 hours') || '.000000')"
