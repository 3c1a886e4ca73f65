"""The steps of a case in words for outsiders: the public's list, and the sender's (rules.md, section 2)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.facts.undone import TURNS, standing
from casework.models import Case, CaseReport, Event, Report
from casework.places.former_agencies import names_in_events
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


def public_steps(case: Case) -> list[Step]:
    """The steps of a published case, newest first. Before the first publication the public sees none (rules.md, section 2)."""
    if not case.is_public:
        return []
    types = (*events_told(Audience.PUBLIC), *TURNS)
    query = select(Event).where(Event.case_id == case.id, Event.type.in_(types)).order_by(Event.seq.desc()).limit(MOST_STEPS)
    return list(_told(db.session.scalars(query), Known(_agency_names([case]), Audience.PUBLIC)))


def own_steps(report: Report, links: Sequence[CaseReport]) -> list[Step]:
    """The steps shown to the sender of a report, newest first: of each case in `links`, for the time the report was in it, without acts
    of other senders of a merged case."""
    stays = or_(*(_stay(link) for link in links))
    types = (*events_told(Audience.SENDER), *TURNS)
    query = select(Event).where(stays, Event.type.in_(types)).order_by(Event.at.desc(), Event.id.desc()).limit(MOST_STEPS)
    personal = events_where(lambda verb: verb.is_personal)
    events = (event for event in db.session.scalars(query) if _concerns(event, report, personal))
    return list(_told(events, Known(_agency_names(link.case for link in links), Audience.SENDER)))


def with_moves(steps: list[Step], moves: Sequence[DueMove]) -> list[Step]:
    """The steps with the changes of the answer day, each placed above its cause."""
    told = [Step(move.words, move.at, note=move.reason) for move in moves]
    return sorted([*told, *steps], key=lambda step: step.at, reverse=True) if told else steps


def _stay(link: CaseReport) -> ColumnElement[bool]:
    since = and_(Event.case_id == link.case_id, Event.at >= link.joined_at)
    return since if link.left_at is None else and_(since, Event.at <= link.left_at)


def _concerns(event: Event, report: Report, personal: frozenset[str]) -> bool:
    payload = event.payload or {}
    if event.type in personal:
        return bool(payload.get("report", payload.get("code")) == report.code)
    # a merge and a split are in both histories: the sender reads the one of their own case
    is_of_the_main_case = event.type in ("merge", "split") and "source" in payload
    return not (is_of_the_main_case and report.code in payload.get("reports", ()))


def _told(events: Iterable[Event], known: Known) -> Iterator[Step]:
    """Each event that its reader is told. Of what a sender did the public is told the day: the time could tell a neighbour who it was."""
    is_told = events_told(known.audience)
    by_day = events_where(lambda verb: verb.is_told_by_day) if known.audience is Audience.PUBLIC else frozenset()
    events = [event for event in _standing(list(events)) if event.type in is_told]
    names = names_in_events([event.payload for event in events if event.type == "reorganise" and event.payload])
    known = known._replace(agencies={**names, **known.agencies})
    for event in events:
        said = narrate(event.type, event.payload, known)
        if said is not None:
            yield Step(said.words, event.at, said.is_main, said.note, event.type in by_day)


def _standing(events: list[Event]) -> list[Event]:
    """Those that were not undone, in their order."""
    of_cases: dict[int | None, list[Event]] = defaultdict(list)
    for event in events:
        of_cases[event.case_id].append(event)
    kept = {event.id for each in of_cases.values() for event in standing(sorted(each, key=lambda event: event.seq))}
    return [event for event in events if event.id in kept]


def _agency_names(cases: Iterable[Case]) -> dict[str, Bilingual]:
    return {row.agency.key: row.agency.name for case in cases for row in case.assignments}
