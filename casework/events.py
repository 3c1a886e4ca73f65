"""Recording what happened: one hash chain per stream.

Rows alone prove nothing against someone who rewrites both rows and hashes: `anchors.py` carries the heads out of the
database, signed. The hash covers a salted digest of the payload, so that a payload can be erased and the chain still holds.
"""

import hashlib
import secrets
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, null, select, update

from casework.db import add_only, db, kept_for_step
from casework.models import Case, Event, EventStream
from casework.permissions import Actor
from casework.sent_once import take_key

START = "0" * 64
"""The hash before the first event of a stream."""

Listener = Callable[[Case, Event], None]

_LISTENERS: list[Listener] = []


def listens(listener: Listener) -> Listener:
    """Have a function called with each event of a case, within the act that records it. It neither fails nor asks the database."""
    _LISTENERS.append(listener)
    return listener


def record(case: Case, type_: str, *, by: Actor, at: datetime, **payload: Any) -> Event:
    """Append an event to the stream of a case. The caller holds the case's lock; no personal data in the payload."""
    event = append(case_stream(case), type_, by=by, at=at, case_id=case.id, payload=payload)
    for listener in _LISTENERS:
        listener(case, event)
    return event


def case_stream(case: Case) -> str:
    return f"case:{case.id}"


def append(stream: str, type_: str, *, by: Actor, at: datetime, payload: dict[str, Any], case_id: int | None = None) -> Event:
    """Append an event to any stream, locking its head first. A deputy's act is recorded as done for the principal.

    The first event of a step uses up the key of the form being sent: raises SentBefore.
    """
    take_key(at)
    head = _locked_head(stream)
    if head is None:
        head = EventStream(stream=stream, seq=0, hash=START, changed_at=at)
        db.session.add(head)
    kept_for_step()["locked head", stream] = head
    salt = secrets.token_bytes(16)
    event = Event(
        stream=stream,
        seq=head.seq + 1,
        type=type_,
        at=at,
        case_id=case_id,
        actor_id=by.own_id,
        on_behalf_of_id=by.principal_id,
        payload=payload,
        salt=salt,
        payload_digest=payload_digest(payload, salt),
        previous_hash=head.hash,
    )
    event.hash = chain_hash(event)
    # what was held is recorded with the moment of its press, perhaps behind a note that is younger
    head.seq, head.hash, head.changed_at = event.seq, event.hash, max(head.changed_at, at)
    add_only(event)
    return event


def empty_payloads(which: ColumnElement[bool]) -> None:
    """Empty some events' payloads, with their salts: the digests stay and reveal nothing."""
    written = update(Event).where(which, Event.salt.is_not(None))
    db.session.execute(written.values(payload=null(), salt=None), execution_options={"synchronize_session": False})


def begin_stream(case: Case) -> None:
    """Begin the chain of a case that this unit of work has just opened, so that nothing is asked for its head."""
    head = EventStream(stream=case_stream(case), seq=0, hash=START, changed_at=case.opened_at)
    db.session.add(head)
    kept_for_step()["locked head", head.stream] = head


def lock_streams_ahead(cases: Collection[Case]) -> None:
    """Lock the chain heads of several locked cases at once, so that the step asks for none of them again."""
    query = select(EventStream).where(EventStream.stream.in_([case_stream(case) for case in cases])).order_by(EventStream.stream)
    if db.session.get_bind().dialect.name != "sqlite":
        query = query.with_for_update()
    kept_for_step().update({("locked head", head.stream): head for head in db.session.scalars(query)})


def hold_heads(case_head: EventStream, *others: EventStream | None) -> None:
    """Keep the head of a case's chain, which the caller has locked, and others read along, so that the step asks for none of them."""
    kept_for_step()["locked head", case_head.stream] = case_head
    kept_for_step()["heads read along"] = others


def last_seq(case: Case) -> int:
    """The number of the newest event of a locked case; 0 where there is none."""
    head = _locked_head(case_stream(case))
    return head.seq if head is not None else 0


def _locked_head(stream: str) -> EventStream | None:
    """The head of a chain, locked; a step that has locked it appends again without asking."""
    kept: EventStream | None = kept_for_step().get(("locked head", stream))
    lock = True if db.session.get_bind().dialect.name != "sqlite" else None
    return kept or db.session.get(EventStream, stream, with_for_update=lock)


def payload_digest(payload: dict[str, Any], salt: bytes) -> str:
    """The digest of a payload: canonical JSON with a random salt, so that it reveals nothing once both are erased."""
    return hashlib.sha256(salt + orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)).hexdigest()


def chain_hash(event: Event) -> str:
    """The hash of one event: over everything that identifies it, and the previous hash."""
    parts = (
        event.stream, str(event.seq), event.type, event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        str(event.case_id or ""), str(event.actor_id or ""), str(event.on_behalf_of_id or ""), event.payload_digest, event.previous_hash,
    )  # fmt: skip
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
