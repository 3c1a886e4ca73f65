"""E-mail addresses that take no letters any more, by digest: their owners are told by other ways (casework.messages.recipients)."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from casework.db import db, inserting
from casework.models import DeadEmail

TRIED_AGAIN_AFTER = timedelta(days=90)


def mark_dead(email_digest: str, *, now: datetime) -> None:
    added = inserting(DeadEmail.__table__).values(email_digest=email_digest, told_at=now)
    db.session.execute(added.on_conflict_do_update(index_elements=["email_digest"], set_={"told_at": now}))


def dead_among(digests: Collection[str]) -> frozenset[str]:
    """Those of some digests of addresses that are dead."""
    if not digests:
        return frozenset()
    return frozenset(db.session.scalars(select(DeadEmail.email_digest).where(DeadEmail.email_digest.in_(digests))))


def lives_again(email_digest: str | None) -> None:
    """Forget that an address was dead, or whose it was: a code sent there was typed in, or its owner is forgotten."""
    if email_digest is not None:
        db.session.execute(delete(DeadEmail).where(DeadEmail.email_digest == email_digest))


def forget_old_dead(now: datetime) -> None:
    """Try addresses again after TRIED_AGAIN_AFTER."""
    db.session.execute(delete(DeadEmail).where(DeadEmail.told_at < now - TRIED_AGAIN_AFTER))
