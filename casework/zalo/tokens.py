"""Keeping an account's tokens: sealed in its row, opened to send and to renew, replaced as a pair under the row's lock.

Neither token is in a log, an error, an event or `repr`. Zalo takes a refresh token once, so a newer generation always replaces an older one
and never the other way round.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from casework.db import db
from casework.errors import CaseworkError
from casework.models import ZaloAccount
from casework.sealing.seal import open_text, seal_text

OK, RENEWING, NEEDS_CONSENT = "ok", "renewing", "needs_consent"
REFUSED_ANEW = timedelta(minutes=10)
"""An access token younger than this that is refused, as the one before it was, is not made good by another."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair as Zalo gives it. `lasts`: the life of the access token. Never in `repr`."""

    access: str
    refresh: str
    lasts: timedelta

    def __repr__(self) -> str:
        return "Tokens()"


@dataclass(frozen=True, slots=True)
class Access:
    """An access token to send with, and its generation. Never in `repr`."""

    token: str
    generation: int

    def __repr__(self) -> str:
        return f"Access({self.generation})"


class NoAccess(CaseworkError):
    """There is no access token that may still be used. `asks_administrator`: only a consent brings one."""

    def __init__(self, *, asks_administrator: bool) -> None:
        super().__init__("Chưa có quyền gửi qua Zalo.", "There is no permission to send by Zalo.")
        self.asks_administrator = asks_administrator


def purpose_of_access(oa_id: str) -> str:
    return f"access token of Zalo account {oa_id}"


def purpose_of_refresh(oa_id: str) -> str:
    return f"refresh token of Zalo account {oa_id}"


def account_of(oa_id: str) -> ZaloAccount | None:
    """The row, read anew; None before anybody consented."""
    return db.session.get(ZaloAccount, oa_id, populate_existing=True)


def locked_account(oa_id: str) -> ZaloAccount | None:
    """The row, locked until the unit of work ends."""
    return db.session.get(ZaloAccount, oa_id, with_for_update=True, populate_existing=True)


def access_of(oa_id: str, now: datetime) -> Access:
    """What to send with at the moment, also while it is being renewed. Raises NoAccess."""
    row = account_of(oa_id)
    if row is None or row.sealed_access is None or row.expires_at is None:
        raise NoAccess(asks_administrator=True)
    if row.expires_at <= now:
        raise NoAccess(asks_administrator=row.state == NEEDS_CONSENT)
    return Access(open_text(row.sealed_access, purpose=purpose_of_access(oa_id)), row.generation)


def note_refused(oa_id: str, generation: int, now: datetime) -> bool:
    """Zalo refused an access token; return whether a renewal may make it good. In the caller's unit of work.

    A first refusal has the token renewed. Where the renewed one is refused too, an administrator has to look.
    """
    row = locked_account(oa_id)
    if row is None or row.sealed_refresh is None or row.state == NEEDS_CONSENT:
        return False
    if row.generation != generation:
        return True
    is_new = row.refresh_issued_at is not None and now - row.refresh_issued_at < REFUSED_ANEW
    if row.refused_generation == generation - 1 and is_new:
        return False
    row.refused_generation = generation
    return True


def put_tokens(row: ZaloAccount, tokens: Tokens, *, generation: int, given_at: datetime) -> None:
    """Put a pair in place of an older one. The row is locked."""
    assert generation > row.generation
    row.sealed_access = seal_text(tokens.access, purpose=purpose_of_access(row.oa_id))
    row.sealed_refresh = seal_text(tokens.refresh, purpose=purpose_of_refresh(row.oa_id))
    row.refresh_issued_at, row.expires_at, row.generation = given_at, given_at + tokens.lasts, generation
    row.state, row.lease, row.leased_until = OK, None, None
    row.failures, row.next_try_at, row.said = 0, None, None


def refresh_token_of(row: ZaloAccount) -> str:
    assert row.sealed_refresh is not None
    return open_text(row.sealed_refresh, purpose=purpose_of_refresh(row.oa_id))
