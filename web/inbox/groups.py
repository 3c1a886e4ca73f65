"""Groups the inbox by due date, and encodes a position in it for addresses."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from flask_babel import gettext as _

from casework.lateness import is_late
from casework.local_time import local_day
from casework.parsing import MICROSECOND_DIGITS, number_in
from web.due_words import day_words, last_day
from workflows.desks.inbox import Position
from workflows.desks.inbox_steps import InboxStep


@dataclass(slots=True)
class DueGroup:
    """The steps due in one period of time: by case, in the place of its first. `number` counts those of the period itself, since later
    steps of a case stand with its first."""

    key: str
    words: str
    cases: dict[int, list[InboxStep]] = field(default_factory=dict)
    number: int = 0
    apart: int = 0
    """How many belong to unconfirmed cases, which do not count as late although their limit has passed."""

    def put_last(self, steps: Collection[int]) -> None:
        """Move the cases of which only these steps are listed behind the others."""
        self.cases = dict(sorted(self.cases.items(), key=lambda each: all(task.id in steps for task in each[1])))

    def add(self, task: InboxStep, *, is_of_period: bool) -> None:
        self.cases.setdefault(task.case_id, []).append(task)
        self.number += is_of_period
        self.apart += is_of_period and self.key == "late" and task.case.is_unconfirmed


def groups_of(
    tasks: list[InboxStep], *, now: datetime, first: Collection[int] = (), of_others: Collection[int] = ()
) -> list[DueGroup]:
    """Group a list sorted by limit into late, today, tomorrow, later, and no limit; the steps in `first` come before them.

    In a group, cases of which a colleague holds every listed step, those of `of_others`, come last.
    """
    today = local_day(now)
    groups: dict[str, DueGroup] = {}
    of_case: dict[int, DueGroup] = {}
    for task in tasks:
        key = "first" if task.id in first else _group_key(task, now, today)
        if task.case_id not in of_case:
            of_case[task.case_id] = groups.setdefault(key, DueGroup(key, _group_words(key, today)))
        of_case[task.case_id].add(task, is_of_period=of_case[task.case_id].key == key)
    for group in groups.values():
        group.put_last(of_others)
    return list(groups.values())


def position_text(position: Position) -> str:
    """A position in the list for an address: microseconds and row number."""
    return f"{int(position.due_at.timestamp() * 1_000_000)}-{position.id}"


def position_in(text: str) -> Position | None:
    """The position named by an address; None when it names none."""
    first, _dash, second = text.partition("-")
    micros, row = number_in(first, digits=MICROSECOND_DIGITS), number_in(second)
    if micros is None or row is None:
        return None
    return Position(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros), row)


def _group_key(task: InboxStep, moment: datetime, today: date) -> str:
    if task.state == "frozen":
        return "frozen"
    if task.limit is None:
        return "none"
    if is_late(task.limit, moment):
        return "late"
    day = last_day(task.due_at)
    if day <= today:
        return "today"
    return "tomorrow" if day == today + timedelta(days=1) else "later"


def _group_words(key: str, today: date) -> str:
    tomorrow = day_words(today + timedelta(days=1))
    words: dict[str, str] = {
        "first": _("Calls and reported urgent, to look at first"),
        "late": _("Late"),
        "today": _("Today"),
        "tomorrow": _("Tomorrow, %(day)s", day=tomorrow),
        "later": _("Later"),
        "frozen": _("On hold until their case resumes"),
    }
    return words.get(key) or str(_("No time limit"))
