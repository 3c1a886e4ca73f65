"""A way of a case through the process: what is walked, and what the rules say it leaves. Local times of 2026: "02/03 10:00"."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from casework.local_time import LOCAL_ZONE

if TYPE_CHECKING:
    from tests.build import World
    from tests.scenarios.walking import Walk

YEAR = 2026
CLOSED, MAIN = "closed", "main"


def at(moment: str) -> datetime:
    """The instant of a local time such as "02/03 10:00"."""
    return datetime.strptime(f"{moment}/{YEAR}", "%d/%m %H:%M/%Y").replace(tzinfo=LOCAL_ZONE).astimezone(UTC)


def local(instant: datetime | None) -> str | None:
    """The local time of an instant, the other way round; with seconds where it has any."""
    if instant is None:
        return None
    is_whole = instant.second == instant.microsecond == 0
    return instant.astimezone(LOCAL_ZONE).strftime("%d/%m %H:%M" if is_whole else "%d/%m %H:%M:%S.%f")


def day(words: str) -> date:
    """The local day written "11/03"."""
    return at(f"{words} 00:00").astimezone(LOCAL_ZONE).date()


@dataclass(frozen=True, order=True)
class Limit:
    """A clock. `due` is the first late instant; a pause is (what for, since, until); `extended` is what was promised before
    more time was granted: in time by it or only after the extension is counted apart."""

    kind: str
    agency: str
    round: int
    due: str | None
    ended: str | None
    late: bool = False
    pauses: tuple[tuple[str, str, str | None], ...] = ()
    extended: str | None = None


@dataclass(frozen=True)
class Look:
    """What there is to see of a case at one moment.

    `tasks` are "element desk", in brackets where they rest with their case; `public` is the step of the public bar, None where
    the public may not know of the case; `published` is the kind of the publication the public reads; `due` the promised day.
    """

    state: str
    tasks: frozenset[str]
    public: str | None
    owner: str
    published: str | None = None
    due: str | None = None


def look(state: str, tasks: Iterable[str], public: str | None, owner: str, **more: str | None) -> Look:
    """A Look; tasks in any order."""
    return Look(state, frozenset(tasks), public, owner, **more)


DONE = look(CLOSED, (), "Đã xử lý", "Đã kết thúc", published="final")
"""Published, and over."""


@dataclass(frozen=True)
class Row:
    """The case's own row at the end. `flags` are the columns among those of looking.FLAGS that are set."""

    state: str
    closed: str | None
    answered: str | None = None
    is_public: bool = False
    reopened: int = 0
    urgency: str = "normal"
    lead: str | None = None
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Outcome:
    """What one case has come to. `elements` are ids of the model, of nodes and of flows, that its tokens must have passed; `end`
    the end event of the case's process; assignments are "agency slot state/end reason"; messages "template recipient"."""

    elements: frozenset[str]
    end: str
    row: Row
    last: Look
    events: tuple[str, ...]
    messages: tuple[str, ...]
    limits: tuple[Limit, ...]
    assignments: tuple[str, ...] = ()
    looks: Mapping[str, Look] = field(default_factory=dict)


@dataclass(frozen=True)
class Way:
    """One way of rules.md, section 5, in its words. `others` are the outcomes of the further cases that take part, by name."""

    name: str
    walk: Callable[[World], Walk]
    outcome: Outcome
    others: Mapping[str, Outcome] = field(default_factory=dict)

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """What each case comes to, by its name in the walk."""
        return {MAIN: self.outcome, **self.others}

    @property
    def elements(self) -> frozenset[str]:
        """Everything of the model this way needs, ends included."""
        return frozenset[str]().union(*(each.elements | {each.end} for each in self.outcomes.values()))
