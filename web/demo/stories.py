"""The model of a story of the demonstration: a report, the deeds done to it one after another, and when each was done."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

from casework.installation.seeding import Row, table_rows
from casework.local_time import LOCAL_ZONE, local_day
from casework.working_time import Calendar, add_working_minutes, subtract_working_minutes


@cache
def _reports() -> Mapping[str, Row]:
    return {row["title"]: row for row in table_rows("demo_reports.csv")}


OWN_DEEDS = frozenset({"file", "confirm", "rate", "object", "answer_question", "write", "withdraw", "follow", "me_too"})
"""Deeds of citizens, at any hour. Staff work on non-urgent cases in office hours."""


@dataclass(frozen=True, eq=False)
class Deed:
    """One act in a story, `after` so many minutes from the deed before (else the usual pace).

    `agencies` are the keys of those it concerns, where it is not all of them; `form` is what is filled in for it.
    """

    step: str
    after: int | None = None
    agencies: tuple[str, ...] = ()
    form: Mapping[str, Any] = field(default_factory=dict)


def deed(step: str, *agencies: str, after: int | None = None, **form: Any) -> Deed:
    """Write a deed as one line of a story."""
    return Deed(step, after, agencies, form)


@dataclass(frozen=True, eq=False)
class Story:
    """One report of `demo_reports.csv`, by its title, and the deeds after it was filed; a bare word is a deed without details.

    `filed_at` is a fixed local time in the system's first years, `months_ago` a day of so many months before now; without either, the last
    deed was done `idle` minutes before now. `cooperating` is how many of the row's agencies are asked in addition to the lead. `reporter`
    is the index of the sender in SENDERS, None for somebody without an account, who may be anonymous, or otherwise one of GUESTS, who
    proves the contact unless `is_unconfirmed`; `is_call`: an operator wrote it down for a caller. `voice` and `video`: a recording came
    with it. `asked` is what was answered to the extra questions, by their codes; `answers` are an agency's own words instead of the usual
    ones. `row`: the report itself, where it is not in the table.
    """

    title: str
    way: tuple[str | Deed, ...]
    picture: str | None = None
    filed_at: str | None = None
    months_ago: int = 0
    idle: int = 30
    cooperating: int = 0
    complexity: str = "ordinary"
    reporter: int | None = 0
    is_anonymous: bool = False
    guest: int = 0
    is_unconfirmed: bool = False
    voice: bool = False
    video: bool = False
    visibility: str | None = None
    camera: str | None = None
    is_call: bool = False
    shows_exact_place: bool = True
    is_round_the_clock: bool = False
    asked: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    row: Row | None = None

    @property
    def report(self) -> Row:
        """What was reported, and by which agencies it was answered how."""
        return self.row if self.row is not None else _reports()[self.title]

    @property
    def is_urgent(self) -> bool:
        """Whether the matter is on the 24-hour track."""
        return bool(self.report["urgency"] == "Khẩn")

    @property
    def deeds(self) -> tuple[Deed, ...]:
        """All deeds, beginning with the filing."""
        proves = self.reporter is None and not (self.is_anonymous or self.is_unconfirmed or self.camera)
        way = ("file", "confirm", *self.way) if proves else ("file", *self.way)
        return tuple(each if isinstance(each, Deed) else Deed(each) for each in way)


TAKEN = ("verify", "classify", "distribute", "accept")
URGENTLY_TAKEN = ("verify", "classify", "call_hotline", "distribute", "accept")
ANSWERED = ("submit", "approve", "publish")

USUAL = 60
PACE = {"confirm": 3, "classify": 10, "distribute": 10, "accept": 90, "submit": 600, "submit_again": 240, "publish": 90,
        "answer_privately": 90, "rate": 900, "review": 240}  # fmt: skip
USUAL_URGENT = 10
URGENT_PACE = {"confirm": 3, "classify": 4, "call_hotline": 3, "distribute": 3, "submit": 150, "submit_again": 90, "approve": 25,
               "publish": 20, "publish_interim": 20, "answer_privately": 20, "rate": 900, "review": 240}  # fmt: skip
"""Minutes since the deed before, unless a story says otherwise: office minutes, or all hours where the case is urgent."""


def moments_of(story: Story, *, urgent: bool, now: datetime, calendar: Calendar) -> Iterator[tuple[Deed, datetime]]:
    """Yield each deed with its instant; the last lies at least a minute before `now`."""
    deeds = story.deeds
    around = urgent or story.is_round_the_clock
    usual, pace = (USUAL_URGENT, URGENT_PACE) if urgent else (USUAL, PACE)
    lengths = [each.after or pace.get(each.step, usual) for each in deeds]
    if story.filed_at:
        filed_at = datetime.fromisoformat(story.filed_at).replace(tzinfo=LOCAL_ZONE)
        moments = _onwards(filed_at, deeds, lengths, around, calendar)
    elif story.months_ago:
        moments = _onwards(_in_month(now, story.months_ago), deeds, lengths, around, calendar)
    else:
        moments = _backwards(now, story.idle, deeds, lengths, around, calendar)
    return zip(deeds, moments, strict=True)


def _in_month(now: datetime, months_ago: int) -> datetime:
    """A different day and minute for each story, early enough in its month for the case to be over today."""
    today = local_day(now)
    month = today.year * 12 + today.month - 1 - months_ago
    return datetime.combine(date(month // 12, month % 12 + 1, 3 + months_ago), time(7, 5 * months_ago % 60), LOCAL_ZONE)


def _onwards(filed_at: datetime, deeds: tuple[Deed, ...], lengths: list[int], around: bool, calendar: Calendar) -> list[datetime]:
    moments = [filed_at]
    for each, length in zip(deeds[1:], lengths[1:], strict=True):
        if around or each.step in OWN_DEEDS:
            moments.append(moments[-1] + timedelta(minutes=length))
        else:
            moments.append(add_working_minutes(moments[-1], length, calendar))
    return moments


def _backwards(now: datetime, idle: int, deeds: tuple[Deed, ...], lengths: list[int], around: bool, calendar: Calendar) -> list[datetime]:
    moment = now.replace(second=0, microsecond=0) - timedelta(minutes=idle + 1)
    moments: list[datetime] = []
    for number in range(len(deeds) - 1, -1, -1):
        at_any_hour = around or deeds[number].step in OWN_DEEDS
        if not at_any_hour:
            moment = subtract_working_minutes(moment, 1, calendar)
        moments.append(moment)
        length = lengths[number]
        moment = moment - timedelta(minutes=length) if at_any_hour else subtract_working_minutes(moment, length, calendar)
    return moments[::-1]
