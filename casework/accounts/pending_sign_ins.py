"""Sign-ins waiting for their second step after the right password: one browser, ten minutes, five attempts, one session."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import select, update

from casework.db import db
from casework.models import Account, SignInBegun
from casework.sealing.seal import lookup_digest

HOLDS = timedelta(minutes=10)
MOST_ATTEMPTS = 5
TOKEN_PURPOSE = "sign-in begun"


def begin_sign_in(account_id: int, *, first_factor: str, now: datetime) -> str:
    """Add a sign-in that passed its first step and return the browser's token; the row keeps only its digest."""
    token = secrets.token_urlsafe(32)
    db.session.add(
        SignInBegun(token_digest=token_digest(token), account_id=account_id, first_factor=first_factor, created_at=now,
                    expires_at=now + HOLDS)
    )  # fmt: skip
    return token


def begun_by(token: str, *, now: datetime) -> SignInBegun | None:
    """The sign-in a browser has begun; None once it is over, used, tried too often, or its account disabled."""
    row = db.session.scalar(select(SignInBegun).where(SignInBegun.token_digest == token_digest(token))) if token else None
    if row is None or row.used_at is not None or now >= row.expires_at or row.attempts >= MOST_ATTEMPTS:
        return None
    return row if row.account.disabled_at is None else None


def count_try(row: SignInBegun) -> bool:
    """Count one attempt; False when there were too many. The caller commits before checking the attempt."""
    more = update(SignInBegun).where(SignInBegun.id == row.id, SignInBegun.attempts < MOST_ATTEMPTS, SignInBegun.used_at.is_(None))
    result = db.session.execute(more.values(attempts=SignInBegun.attempts + 1), execution_options={"synchronize_session": False})
    return bool(result.rowcount)  # type: ignore[attr-defined]


def finish_sign_in(begun_id: int, *, now: datetime) -> Account | None:
    """Use up a sign-in and return its account; None when another request was quicker or it ended meanwhile."""
    used = update(SignInBegun).where(SignInBegun.id == begun_id, SignInBegun.used_at.is_(None), SignInBegun.expires_at > now)
    if not db.session.execute(used.values(used_at=now), execution_options={"synchronize_session": False}).rowcount:  # type: ignore[attr-defined]
        return None
    query = select(Account).join(SignInBegun, SignInBegun.account_id == Account.id).where(SignInBegun.id == begun_id)
    account = db.session.scalars(query).one()
    return account if account.disabled_at is None else None


def drop_old_begun(now: datetime) -> int:
    """Delete the pending sign-ins that ended more than a day ago and return how many."""
    return db.session.query(SignInBegun).filter(SignInBegun.expires_at < now - timedelta(days=1)).delete(synchronize_session=False)


def token_digest(token: str) -> str:
    return lookup_digest(token, purpose=TOKEN_PURPOSE)
