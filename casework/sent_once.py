"""What is sent twice with one showing of a form, by two presses or because the answer was lost, is recorded once.

Whoever shows a form gives it a key (web/sent_forms.py). The first event a unit of work records takes the key in the same unit, so key
and act are kept together or not at all; what keeps no event takes it by itself.
"""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from casework.db import db, kept_for_step
from casework.models import IdempotencyKey
from casework.sealing.seal import lookup_digest

PURPOSE = "sent_form"
DIGEST_PURPOSE = "form that was sent"
_TAKEN = "key of the sent form is taken"


class SentBefore(Exception):
    """The same was sent with the same showing of the form, and has been recorded. No refusal: it is answered as the first one was."""


@dataclass(slots=True)
class Sent:
    """What is being sent. `is_recorded` says that a unit of work has taken its key, and means to keep it."""

    key: str
    by_whom: str = field(default_factory=lambda: secrets.token_hex(32))
    is_recorded: bool = False


_present: ContextVar[Sent | None] = ContextVar("sent", default=None)


def key_of(*parts: object) -> str:
    """The key of something sent, of the showing of its form, its sender, its place and its words: a digest that says nothing of them."""
    return lookup_digest(json.dumps(parts), purpose=DIGEST_PURPOSE)


@contextmanager
def sending(key: str) -> Iterator[Sent]:
    """Within it what is recorded takes the key, and raises SentBefore where somebody has before."""
    sent = Sent(key)
    former = _present.set(sent)
    try:
        yield sent
    finally:
        _present.reset(former)


def take_key(now: datetime) -> None:
    """Take the key of the form being sent, once in a unit of work; of two at one moment the second waits for the first.

    Raises SentBefore. Does nothing where no form is being sent.
    """
    sent = _present.get()
    if sent is None or _TAKEN in kept_for_step():
        return
    insert = sqlite.insert if db.session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = insert(IdempotencyKey).values(key=sent.key, purpose=PURPOSE, result="", content_digest=sent.by_whom, used_at=now)
    if db.session.execute(row.on_conflict_do_nothing().returning(IdempotencyKey.key)).first() is None:
        # one request may record in several units of work
        taken_by = select(IdempotencyKey.content_digest).where(IdempotencyKey.key == sent.key)
        if db.session.scalar(taken_by) != sent.by_whom:
            raise SentBefore
    kept_for_step()[_TAKEN] = sent.is_recorded = True


def answered_at(address: str) -> str:
    """Remember where what is being recorded leads, because a page of its own is made by it; returns the address."""
    sent = _present.get()
    if sent is not None and sent.is_recorded:
        row = update(IdempotencyKey).where(IdempotencyKey.key == sent.key, IdempotencyKey.content_digest == sent.by_whom)
        db.session.execute(row.values(result=address), execution_options={"synchronize_session": False})
    return address


def answer_to(key: str) -> str | None:
    """Where led what was recorded with a key, empty where nobody has said so; None where nothing was recorded."""
    return db.session.scalar(select(IdempotencyKey.result).where(IdempotencyKey.key == key))
