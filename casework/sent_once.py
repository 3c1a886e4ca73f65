"""A form sent twice, by two clicks or because the answer was lost, is recorded once.

Every rendered form has a key (web/sent_forms.py). The first event of a unit of work takes the key in the same unit, so key and act are
committed together or not at all; acts without an event take it explicitly.
"""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import delete, select, update

from casework.db import db, inserting, kept_for_step
from casework.models import IdempotencyKey
from casework.sealing.seal import lookup_digest

PURPOSE = "sent_form"
DIGEST_PURPOSE = "form that was sent"
_TAKEN = "key of the sent form is taken"


class SentBefore(Exception):
    """The same form was sent before and has been recorded. This is no refusal: it is answered like the first time."""


@dataclass(slots=True)
class SentForm:
    """The form being sent. `is_recorded` says that a unit of work has taken its key and is going to commit it."""

    key: str
    by_whom: str = field(default_factory=lambda: secrets.token_hex(32))
    is_recorded: bool = False


_present: ContextVar[SentForm | None] = ContextVar("sent", default=None)


def key_of(*parts: object) -> str:
    """The key of a sent form: a digest of its rendering, sender, place and words that reveals nothing of them."""
    return lookup_digest(json.dumps(parts), purpose=DIGEST_PURPOSE)


@contextmanager
def sending(key: str) -> Iterator[SentForm]:
    """Within this block what is recorded takes the key, or raises SentBefore where that was done before."""
    sent = SentForm(key)
    former = _present.set(sent)
    try:
        yield sent
    finally:
        _present.reset(former)


def take_key(now: datetime) -> None:
    """Take the key of the form being sent, once in a unit of work; of two simultaneous ones the second waits for the first.

    Raises SentBefore. Does nothing where no form is being sent.
    """
    sent = _present.get()
    if sent is None or _TAKEN in kept_for_step():
        return
    row = {"key": sent.key, "purpose": PURPOSE, "result": "", "content_digest": sent.by_whom, "used_at": now}
    # not through the session, which would send everything else first
    if db.session.connection().execute(_taking(db.session.get_bind().dialect.name), row).first() is None:
        # one request may record in several units of work
        taken_by = select(IdempotencyKey.content_digest).where(IdempotencyKey.key == sent.key)
        if db.session.scalar(taken_by) != sent.by_whom:
            raise SentBefore
    kept_for_step()[_TAKEN] = sent.is_recorded = True


def key_taken() -> str | None:
    """The key of the form being sent, where the running unit of work has taken it."""
    sent = _present.get()
    return sent.key if sent is not None and _TAKEN in kept_for_step() else None


def give_key_back(key: str) -> None:
    """Let a form be sent again: what was recorded for it has been taken back."""
    db.session.execute(delete(IdempotencyKey).where(IdempotencyKey.key == key), execution_options={"synchronize_session": False})


@cache
def _taking(_dialect: str) -> Any:
    table = IdempotencyKey.__table__
    return inserting(table).on_conflict_do_nothing().returning(table.c.key)


def answered_at(address: str) -> str:
    """Remember the address a newly recorded thing has, for answering a repeat; returns the address."""
    sent = _present.get()
    if sent is not None and sent.is_recorded:
        row = update(IdempotencyKey).where(IdempotencyKey.key == sent.key, IdempotencyKey.content_digest == sent.by_whom)
        db.session.execute(row.values(result=address), execution_options={"synchronize_session": False})
    return address


def answer_to(key: str) -> str | None:
    """The address that answered the first sending, empty where none was remembered; None where nothing was recorded."""
    return db.session.scalar(select(IdempotencyKey.result).where(IdempotencyKey.key == key))
