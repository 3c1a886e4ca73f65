"""The event streams of versions, one per scope, with the names of the people who acted."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from casework.bilingual import Bilingual
from casework.db import db
from casework.events import append
from casework.models import Account, Centre, Event
from casework.permissions import Action, Actor
from casework.second_person import Deed, first_person_words
from workflows.models import ProcessVersion

INSTALLATION = "installation"
MOST_READ = 500
"""Events of a scope searched for those of one version, newest first."""
WRITING = ("start_draft", "edit_draft", "hand_in")
"""Acts that make a person a writer of a version, who then may not approve it."""
GOING_LIVE = ("publish_version", "put_live", "roll_back")
"""Acts that make a version live; they name the one it replaced."""


@dataclass(frozen=True, slots=True)
class VersionEvent:
    """One event of a version. `by` is None for the software itself; a deputy acted for `on_behalf_of`."""

    at: datetime
    act: str
    number: int
    by: str | None
    on_behalf_of: str | None
    words: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class LivePeriod:
    """From when a version was the live one of its scope, until the next came."""

    since: datetime
    version_id: int


def stream_of(version: ProcessVersion) -> str:
    """The name of the event stream of a version's scope."""
    return _stream(version.key, version.centre_id)


def record_version(version: ProcessVersion, act: str, *, by: Actor, at: datetime, words: str | None = None, **facts: Any) -> None:
    """Append an event about a version. `facts` say what was before and after; neither they nor the words hold personal data."""
    payload = {"number": version.number, "state": version.state, "sha256": version.sha256, **facts}
    append(stream_of(version), act, by=by, at=at, payload={**payload, "words": words} if words else payload)


def history_of(version: ProcessVersion, *, limit: int = 100) -> list[VersionEvent]:
    """Return the events of one version, newest first."""
    actor, principal = aliased(Account), aliased(Account)
    query = (
        select(Event, actor.full_name, principal.full_name)
        .outerjoin(actor, Event.actor_id == actor.id)
        .outerjoin(principal, Event.on_behalf_of_id == principal.id)
        .where(Event.stream == stream_of(version))
        .order_by(Event.seq.desc())
        .limit(MOST_READ)
    )
    told = [_told(*row) for row in db.session.execute(query) if _is_about(row[0], version)]
    return told[:limit]


def writers_of(version: ProcessVersion) -> frozenset[int]:
    """Return the accounts that wrote or submitted a version, those they acted for, and the writers of the draft it began with.

    The last are the `writers` recorded when it was begun: what becomes of that draft later does not affect this text.
    """
    return frozenset(deed.account_id for deed in writings_of(version) if deed.account_id is not None)


def writings_of(version: ProcessVersion) -> list[Deed]:
    """Return who wrote or submitted a version, and when, as casework.second_person needs it."""
    found = [Deed(version.author_id, version.created_at)]
    for event in _events_of(version, WRITING):
        people = (event.actor_id, event.on_behalf_of_id, *(event.payload or {}).get("writers", ()))
        found += [Deed(account_id, event.at) for account_id in people if account_id is not None]
    return found


def why_not_approve(version: ProcessVersion, *, by: Actor, now: datetime) -> Bilingual | None:
    """Return why the person may not approve a version: they helped write it, or are tied to somebody who did. None if they may."""
    deeds = [(Action.EDIT_PROCESS, deed) for deed in writings_of(version)]
    return first_person_words(Action.APPROVE_PROCESS, deeds, by=by, now=now)


def replaced_by(version: ProcessVersion) -> int | None:
    """Return the number of the version that was live before this one last went live; None if there was none."""
    numbers = [(event.payload or {}).get("replaces") for event in _events_of(version, GOING_LIVE)]
    return numbers[-1] if numbers else None


def has_edited(version: ProcessVersion, by: Actor) -> bool:
    """Whether the history already has the person's saving of this draft."""
    return any(event.actor_id == by.own_id for event in _events_of(version, ("edit_draft",)))


def _events_of(version: ProcessVersion, acts: Collection[str]) -> list[Event]:
    query = select(Event).where(Event.stream == stream_of(version), Event.type.in_(acts), Event.at >= version.created_at)
    return [event for event in db.session.scalars(query.order_by(Event.seq)) if _is_about(event, version)]


def live_periods_of(version: ProcessVersion) -> list[LivePeriod]:
    """Return which versions were live in a version's scope, in order, the newest MOST_READ of them.

    Before a centre had its own, those of the installation.
    """
    found = _live_periods(version.key, version.centre_id)
    if version.centre_id is None:
        return found
    return [each for each in _live_periods(version.key, None) if not found or each.since < found[0].since] + found


def _live_periods(key: str, centre_id: int | None) -> list[LivePeriod]:
    at_home = ProcessVersion.centre_id == centre_id if centre_id else ProcessVersion.centre_id.is_(None)
    versions = select(ProcessVersion.id, ProcessVersion.number, ProcessVersion.live_at).where(ProcessVersion.key == key, at_home)
    rows = db.session.execute(versions.where(ProcessVersion.live_at.is_not(None))).all()
    numbers = {row.number: row.id for row in rows}
    went = select(Event.at, Event.payload).where(Event.stream == _stream(key, centre_id), Event.type.in_(GOING_LIVE))
    told = db.session.execute(went.order_by(Event.seq.desc()).limit(MOST_READ)).all()
    by_events = {LivePeriod(row.at, numbers[row.payload["number"]]) for row in told if row.payload and row.payload["number"] in numbers}
    return sorted(by_events | {LivePeriod(row.live_at, row.id) for row in rows})


def _is_about(event: Event, version: ProcessVersion) -> bool:
    return event.payload is not None and event.payload.get("number") == version.number


def _told(event: Event, actor: str | None, principal: str | None) -> VersionEvent:
    facts = dict(event.payload or {})
    return VersionEvent(event.at, event.type, facts.pop("number"), actor, principal, facts.pop("words", ""), facts)


def _stream(key: str, centre_id: int | None) -> str:
    return f"process:{key}:{_centre_ref(centre_id)}"


def _centre_ref(centre_id: int | None) -> str:
    return INSTALLATION if centre_id is None else str(db.session.scalars(select(Centre.ref).where(Centre.id == centre_id)).one())
