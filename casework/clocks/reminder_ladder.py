"""The ladder of reminders: which rungs a time limit has, and when each is reached (rules.md, section 4, "Reminders")."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta

from sqlalchemy import select

from casework.db import db
from casework.models import Clock, ReminderRule
from casework.reading.kept_with_rules import kept_with_rules
from casework.working_time import Calendar, Pause, TimeLimit, Unit, due_at, fraction_instant

URGENCIES = ("normal", "urgent")
WHOLE = 100
"""Per cent: the rung at the due instant itself."""

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Rung:
    """A row of `reminder_rule` as it was read: shared by all steps, so it belongs to no session."""

    id: int
    kind: str
    urgency: str | None
    share: int | None
    after_amount: int | None
    after_unit: str | None
    role: str
    merges_into_letter: bool
    centre_id: int | None
    valid_from: date
    valid_to: date | None

    def fits(self, kind: str, centre_id: int | None, on: date, urgency: str) -> bool:
        """Whether the rule applies; an empty column applies to all."""
        return (
            self.kind == kind
            and self.valid_from <= on
            and (self.valid_to is None or on < self.valid_to)
            and self.centre_id in (centre_id, None)
            and self.urgency in (urgency, None)
        )

    def instant(self, clock: Clock, calendar: Calendar) -> datetime | None:
        """When the limit reaches the rung; None while it is paused without a due instant.

        A share of the time is measured as working_time.fraction_instant does. Days after due are counted from the last instant in time,
        so that one working day after a limit that ended with Monday is over at midnight after Tuesday.
        """
        if clock.due_at is None:
            return None
        pauses = [Pause(pause.since, pause.until) for pause in clock.pauses]
        if self.share is not None:
            return fraction_instant(clock.started_at, clock.due_at, self.share, Unit(clock.unit), calendar, pauses)
        limit = TimeLimit(self.after_amount or 1, Unit(self.after_unit or Unit.HOURS))
        counts_days = limit.unit in (Unit.WORKING_DAYS, Unit.CALENDAR_DAYS)
        return due_at(limit, clock.due_at - _MOMENT if counts_days else clock.due_at, calendar, pauses)


def ladder_of(kind: str, *, centre_id: int | None, on: date, urgency: str) -> list[Rung]:
    """Return the rungs in force on a local day, none for a limit nobody is reminded of.

    A ladder is taken as a whole: a centre's own replaces the installation's, the one for this urgency replaces the general one.
    """
    found = [rung for rung in _all_rungs() if rung.fits(kind, centre_id, on, urgency)]
    rank = max(((rung.centre_id is not None, rung.urgency is not None) for rung in found), default=None)
    return [rung for rung in found if (rung.centre_id is not None, rung.urgency is not None) == rank]


def rungs_silenced_by(kind: str, urgency: str | None, *, centre_id: int | None, on: date) -> list[tuple[Rung, str | None]]:
    """The rungs in force that would no longer count once a scope has a rung of its own, each with the urgency a copy of it needs.

    Nothing is silenced where the scope has such a ladder already. Source: ladder_of.
    """
    found: dict[int, tuple[Rung, str | None]] = {}
    for each in URGENCIES if urgency is None else (urgency,):
        before = ladder_of(kind, centre_id=centre_id, on=on, urgency=each)
        for rung in before:
            is_own = rung.centre_id == centre_id and (rung.urgency == urgency or urgency is None)
            if not is_own:
                found[rung.id] = (rung, urgency or rung.urgency)
    return list(found.values())


def reached_rungs(ladder: list[Rung], clock: Clock, calendar: Calendar, now: datetime) -> list[Rung]:
    """The rungs a limit has reached, the lowest first."""
    reached = [(instant, rung) for rung in ladder if (instant := rung.instant(clock, calendar)) is not None and instant <= now]
    return [rung for _, rung in sorted(reached, key=lambda pair: (pair[0], pair[1].share is None, pair[1].id))]


def next_rung_at(ladder: list[Rung], clock: Clock, calendar: Calendar, climbed: Collection[int] = ()) -> datetime | None:
    """Return when the next rung not yet climbed is reached, None when there is none or the limit rests.

    `climbed` are rows of reminder_rule. The instant may have passed already.
    """
    left = [rung for rung in ladder if rung.id not in climbed]
    shares = [rung for rung in left if rung.share is not None]
    # a smaller share is never reached later, nor a share after what comes behind due: most limits end before more is worked out
    nearest = [min(shares, key=lambda rung: rung.share or WHOLE)] if shares else left
    return min((instant for rung in nearest if (instant := rung.instant(clock, calendar)) is not None), default=None)


@kept_with_rules
def _all_rungs() -> list[Rung]:
    """Every rule: each limit that starts asks for them."""
    columns = [getattr(ReminderRule, field.name) for field in fields(Rung)]
    return [Rung(*row) for row in db.session.execute(select(*columns).order_by(ReminderRule.id))]
