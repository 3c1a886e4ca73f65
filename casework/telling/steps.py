"""The steps of a case in words for outsiders: the public's list, and the sender's (rules.md, section 2)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.facts.undone import TURNS, standing
from casework.models import Case, CaseReport, Event, Report
from casework.places.former_agencies import names_in_events
from casework.reading.counting import MOST_KEPT
from casework.sentences import Audience, Known
from casework.telling.due_reasons import DueMove
from casework.telling.narrator import narrate
from casework.verbs import events_told, events_where

MOST_STEPS = 100


@dataclass(frozen=True)
class Step:
    """One line of a timeline. It names bodies, never people."""

    words: Bilingual
    at: datetime
    is_main: bool = False
    note: Bilingual | None = None
    is_of_day: bool = False
    """Only the day of the instant is shown."""
    event_id: int | None = field(default=None, compare=False)
    """The event it tells of; None for a change of the answer day."""
    type: str = field(default="", compare=False)
    closes: bool = field(default=False, compare=False)
    """Whether it is a final answer."""


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """The columns of an event that are read."""

    id: int
    case_id: int | None
    seq: int
    type: str
    at: datetime
    payload: dict[str, Any] | None


def public_steps(case: Case) -> list[Step]:
    """The steps of a published case, newest first. Before the first publication the public sees none (rules.md, section 2)."""
    if not case.is_public:
        return []
    events = [ToldEvent(*row) for row in db.session.execute(_public_events(), {"case": case.id, "types": _types_told(Audience.PUBLIC)})]
    return list(_told(events, Known(_agency_names([case]), Audience.PUBLIC)))


def public_steps_of(names: Mapping[int, dict[str, Bilingual]]) -> dict[int, list[Step]]:
    """The same for several published cases in one statement, newest first; `names` are the agencies of each by key."""
    query = _events().where(Event.case_id.in_(bindparam("cases", expanding=True))).order_by(Event.case_id, Event.seq.desc())
    values = {"cases": list(names), "types": _types_told(Audience.PUBLIC)}
    events: dict[int | None, list[ToldEvent]] = defaultdict(list)
    for row in db.session.execute(query.limit(MOST_STEPS * len(names)), values) if names else ():
        events[row.case_id].append(ToldEvent(*row))
    return {case_id: list(_told(events[case_id][:MOST_STEPS], Known(known, Audience.PUBLIC))) for case_id, known in names.items()}


def own_steps(report: Report, links: Sequence[CaseReport]) -> list[Step]:
    """The steps shown to the sender of a report, newest first: of each case in `links`, for the time the report was in it, without acts
    of other senders of a merged case."""
    values: dict[str, object] = {"types": _types_told(Audience.SENDER)}
    for number, link in enumerate(links):
        values |= {f"in_{number}": link.case_id, f"since_{number}": link.joined_at}
        values |= {f"until_{number}": link.left_at} if link.left_at is not None else {}
    rows = db.session.execute(_own_events(tuple(link.left_at is not None for link in links)), values)
    personal = events_where(lambda verb: verb.is_personal)
    events = [event for event in (ToldEvent(*row) for row in rows) if _concerns(event, report, personal)]
    return list(_told(events, Known(_agency_names(link.case for link in links), Audience.SENDER)))


def own_steps_of(stays: Mapping[Report, Sequence[CaseReport]]) -> dict[int, list[Step]]:
    """The same for several reports in one statement, by their rows; their links are given with cases and assignments."""
    case_ids = sorted({link.case_id for links in stays.values() for link in links})
    query = _events().where(Event.case_id.in_(bindparam("cases", expanding=True))).order_by(Event.at.desc(), Event.id.desc())
    values = {"cases": case_ids, "types": _types_told(Audience.SENDER)}
    rows = db.session.execute(query.limit(MOST_STEPS * len(case_ids)), values) if case_ids else ()
    of_cases: dict[int | None, list[ToldEvent]] = defaultdict(list)
    for row in rows:
        of_cases[row.case_id].append(ToldEvent(*row))
    personal = events_where(lambda verb: verb.is_personal)
    found = {}
    for report, links in stays.items():
        during = [event for link in links for event in of_cases[link.case_id] if _is_during(event, link)]
        during = sorted({event.id: event for event in during}.values(), key=lambda event: (event.at, event.id), reverse=True)
        events = [event for event in during[:MOST_STEPS] if _concerns(event, report, personal)]
        found[report.id] = list(_told(events, Known(_agency_names(link.case for link in links), Audience.SENDER)))
    return found


def with_moves(steps: list[Step], moves: Sequence[DueMove]) -> list[Step]:
    """The steps with the changes of the answer day, each placed above its cause."""
    told = [Step(move.words, move.at, note=move.reason) for move in moves]
    return sorted([*told, *steps], key=lambda step: step.at, reverse=True) if told else steps


@cache
def _public_events() -> Select[Any]:
    return _events().where(Event.case_id == bindparam("case")).order_by(Event.seq.desc())


@lru_cache(MOST_KEPT)
def _own_events(stays: tuple[bool, ...]) -> Select[Any]:
    """The events of some stays in a case, of which it is told whether each has ended."""
    during = or_(*(_stay(number, has_ended=has_ended) for number, has_ended in enumerate(stays)))
    return _events().where(during).order_by(Event.at.desc(), Event.id.desc())


def _events() -> Select[Any]:
    columns = Event.id, Event.case_id, Event.seq, Event.type, Event.at, Event.payload
    return select(*columns).where(Event.type.in_(bindparam("types", expanding=True))).limit(MOST_STEPS)


def _types_told(audience: Audience) -> list[str]:
    return [*events_told(audience), *TURNS]


def _stay(number: int, *, has_ended: bool) -> ColumnElement[bool]:
    since = and_(Event.case_id == bindparam(f"in_{number}"), Event.at >= bindparam(f"since_{number}"))
    return and_(since, Event.at <= bindparam(f"until_{number}")) if has_ended else since


def _is_during(event: ToldEvent, link: CaseReport) -> bool:
    return event.at >= link.joined_at and (link.left_at is None or event.at <= link.left_at)


def _concerns(event: ToldEvent, report: Report, personal: frozenset[str]) -> bool:
    payload = event.payload or {}
    if event.type in personal:
        return bool(payload.get("report", payload.get("code")) == report.code)
    # a merge and a split are in both histories: the sender reads the one of their own case
    is_of_the_main_case = event.type in ("merge", "split") and "source" in payload
    return not (is_of_the_main_case and report.code in payload.get("reports", ()))


def _told(events: Iterable[ToldEvent], known: Known) -> Iterator[Step]:
    """Each event that its reader is told. Of what a sender did the public is told the day: the time could tell a neighbour who it was."""
    is_told = events_told(known.audience)
    by_day = events_where(lambda verb: verb.is_told_by_day) if known.audience is Audience.PUBLIC else frozenset()
    events = [event for event in _standing(list(events)) if event.type in is_told]
    names = names_in_events([event.payload for event in events if event.type == "reorganise" and event.payload])
    known = known._replace(agencies={**names, **known.agencies})
    for event in events:
        said = narrate(event.type, event.payload, known)
        if said is not None:
            yield Step(said.words, event.at, said.is_main, said.note, event.type in by_day, event.id, event.type, closes=_closes(event))


def _closes(event: ToldEvent) -> bool:
    return event.type == "publish" and (event.payload or {}).get("kind") == "final"


def _standing(events: list[ToldEvent]) -> list[ToldEvent]:
    """Those that were not undone, in their order."""
    of_cases: dict[int | None, list[ToldEvent]] = defaultdict(list)
    for event in events:
        of_cases[event.case_id].append(event)
    kept = {event.id for each in of_cases.values() for event in standing(sorted(each, key=lambda event: event.seq))}
    return [event for event in events if event.id in kept]


def _agency_names(cases: Iterable[Case]) -> dict[str, Bilingual]:
    return {row.agency.key: row.agency.name for case in cases for row in case.assignments}
