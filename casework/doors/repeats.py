"""Requests that programs send again: done once, and answered alike for two days.

A request is claimed in a unit of work of its own; the act and its answer are committed together, by whoever still holds the claim. So a
program that died leaves nothing half done, and its claim runs out after a minute.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, select, update

from casework.db import db, inserting
from casework.models import Case, DoorRepeat
from casework.rate_limits import KEPT
from casework.sealing.seal import lookup_digest, open_sealed, seal

KEY_PURPOSE, CONTENT_PURPOSE, ANSWER_PURPOSE = "key of a request of a door", "content of a request of a door", "answer of a door"
CLAIMED_FOR = timedelta(minutes=1)


class StillRunning(Exception):
    """The first request with this key has not been answered yet."""


class OtherContent(Exception):
    """The key was used for something else."""


class ClaimLost(Exception):
    """Another request with the same key has taken the act over."""


class SetApart(Exception):
    """The case of the first request is handled apart by now: its answer is not repeated, even where a former program kept it."""


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    status: int
    body: bytes
    case_id: int | None


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that is to be done by its holder."""

    key: str
    token: str


def claim_request(key: str, content: str, *, service_id: int, route: str, now: datetime) -> Claim | FirstAnswer:
    """Claim a request by its program's key, or return what the first one was answered. The caller commits at once.

    Raises StillRunning, OtherContent, SetApart.
    """
    held = lookup_digest(f"{service_id}\n{route}\n{key}", purpose=KEY_PURPOSE)
    digest, token = lookup_digest(content, purpose=CONTENT_PURPOSE), secrets.token_hex(16)
    values = {"key": held, "service_id": service_id, "content_digest": digest, "claim": token, "claimed_at": now}
    table = DoorRepeat.__table__
    if db.session.execute(inserting(table).values(**values).on_conflict_do_nothing().returning(table.c.key)).first() is not None:
        return Claim(held, token)
    row = db.session.get(DoorRepeat, held, with_for_update=True, populate_existing=True)
    if row is None:                                        # given back meanwhile
        raise StillRunning
    is_over = row.claimed_at < now - (KEPT if row.status is not None else CLAIMED_FOR)
    if is_over:
        row.claim, row.claimed_at, row.content_digest = token, now, digest
        row.status = row.sealed_answer = row.case_id = None
        return Claim(held, token)
    if row.content_digest != digest:
        raise OtherContent
    if row.status is None or row.sealed_answer is None:
        raise StillRunning
    if row.case_id is not None and _is_apart(row.case_id):
        raise SetApart
    return FirstAnswer(row.status, open_sealed(row.sealed_answer, purpose=ANSWER_PURPOSE), row.case_id)


def keep_answer(claim: Claim, status: int, body: bytes, *, case_id: int | None) -> None:
    """Keep the answer of an act, in its unit of work. Raises ClaimLost, which takes the act back with it."""
    values: dict[str, Any] = {"status": status, "sealed_answer": seal(body, purpose=ANSWER_PURPOSE), "case_id": case_id}
    kept = update(DoorRepeat).where(*_held(claim)).values(**values).returning(DoorRepeat.key)
    if db.session.scalar(kept, execution_options={"synchronize_session": False}) is None:
        raise ClaimLost


def give_back(claim: Claim) -> None:
    """Forget a request that was refused, so that it may be sent again, mended."""
    db.session.execute(delete(DoorRepeat).where(*_held(claim), DoorRepeat.status.is_(None)),
                       execution_options={"synchronize_session": False})


def drop_old_repeats(now: datetime) -> None:
    """Forget what is no longer answered alike."""
    db.session.query(DoorRepeat).filter(DoorRepeat.claimed_at < now - KEPT).delete(synchronize_session=False)


def _is_apart(case_id: int) -> bool:
    """Whether a case, or the one it is a part of by now, is in quarantine."""
    main = select(Case.merged_into_id).where(Case.id == case_id).scalar_subquery()
    apart = select(Case.id).where(or_(Case.id == case_id, Case.id == main), Case.quarantined_at.is_not(None))
    return db.session.scalar(apart.limit(1)) is not None


def _held(claim: Claim) -> tuple[Any, ...]:
    return DoorRepeat.key == claim.key, DoorRepeat.claim == claim.token
