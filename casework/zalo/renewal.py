"""Renewing an account's tokens, by one worker at a time, so that a death at any moment costs at most a second try.

    adopt what was kept  →  claim (committed)  →  call, no transaction open  →  keep the answer on disk  →  put it in the row (committed)

Zalo takes a refresh token once. A worker killed before the answer was on disk leaves a lease that runs out; the same refresh token is then
tried again, and if Zalo refuses it, somebody has to consent anew. Until then sending goes on with the access token there is.
"""

import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from casework.db import db, unit_of_work
from casework.models import ZaloAccount
from casework.sealing.keyring import KeyMissing
from casework.sealing.seal import SealBroken
from casework.zalo.kept_answers import forget_answer, keep_answer, kept_answers, open_answer
from casework.zalo.tokens import NEEDS_CONSENT, OK, RENEWING, Tokens, account_of, locked_account, put_tokens, refresh_token_of

LOGGER = logging.getLogger("langbiang.zalo")

LEFT = 0.4
"""The share of its life below which an access token is renewed."""
LEASE = timedelta(seconds=30)
"""How long one attempt may take; the call gives up after CALL_SECONDS."""
CALL_SECONDS = 10.0
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15))
"""After the first, second … attempt that brought neither tokens nor a refusal; the last repeats."""


class RenewalFailed(Exception):
    """No tokens came. `said`: a protocol code, without a token."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said[:120]


class RenewalRefused(RenewalFailed):
    """Zalo answered that it gives none."""


class RenewalUnanswered(RenewalFailed):
    """Whether Zalo used up the refresh token is not known."""


Renew = Callable[[str], Tokens]
"""Asks Zalo for the next pair by a refresh token, within CALL_SECONDS. Raises RenewalRefused, RenewalUnanswered."""


def renew_when_due(oa_id: str, renew: Renew, *, folder: Path, clock: Callable[[], datetime]) -> bool:
    """Renew an account's tokens where it is time, or take up an answer a killed worker had kept; returns whether there are new ones.
    Commits. A job, run by any number of workers."""
    if adopt_kept(oa_id, folder=folder):
        return True
    lease = _claim(oa_id, clock())
    if lease is None:
        return False
    name, generation, token = lease
    try:
        tokens = renew(token)
    except RenewalFailed as failure:
        _note_failure(oa_id, name, failure, clock())
        return False
    given_at = clock()
    try:
        keep_answer(folder, oa_id, generation + 1, tokens, given_at=given_at)
    except OSError as error:
        # a full disk is no reason to lose the only good token: the database may still take it
        LOGGER.error("zalo tokens not kept on disk", extra={"error": type(error).__name__})
    is_put = _put(oa_id, generation + 1, tokens, given_at)
    forget_answer(folder, oa_id, generation + 1)
    return is_put


def adopt_kept(oa_id: str, *, folder: Path) -> bool:
    """Put answers that were kept into the row where they are newer; returns whether one was. Commits."""
    is_put = False
    for generation in kept_answers(folder, oa_id):
        try:
            kept = open_answer(folder, oa_id, generation)
        except (SealBroken, KeyMissing) as error:
            LOGGER.error("zalo tokens kept on disk do not open", extra={"error": type(error).__name__})
            continue
        if kept is None:
            continue
        is_put = _put(oa_id, generation, *kept) or is_put
        forget_answer(folder, oa_id, generation)
    return is_put


def is_due(row: ZaloAccount, now: datetime) -> bool:
    """Whether the tokens are to be renewed now. Instants far in the future were noted by a clock that has been set back since."""
    if row.sealed_refresh is None or row.expires_at is None or row.refresh_issued_at is None or row.state == NEEDS_CONSENT:
        return False
    if row.state == RENEWING:
        return row.leased_until is None or not now < row.leased_until <= now + LEASE
    if row.next_try_at is not None and now < row.next_try_at <= now + PAUSES[-1]:
        return False
    return row.refused_generation == row.generation or now >= row.expires_at - LEFT * (row.expires_at - row.refresh_issued_at)


def _claim(oa_id: str, now: datetime) -> tuple[str, int, str] | None:
    """Take the lease of a renewal that is due: its name, the present generation, and the refresh token."""
    seen = account_of(oa_id)
    due = seen is not None and is_due(seen, now)
    db.session.rollback()
    if not due:
        return None
    with unit_of_work():
        row = locked_account(oa_id)
        if row is None or not is_due(row, now):
            return None
        if row.state == RENEWING:
            LOGGER.warning("zalo renewal taken over", extra={"generation": row.generation})
        token = refresh_token_of(row)
        row.state, row.lease, row.leased_until = RENEWING, secrets.token_hex(16), now + LEASE
        return row.lease, row.generation, token


def _put(oa_id: str, generation: int, tokens: Tokens, given_at: datetime) -> bool:
    with unit_of_work():
        row = locked_account(oa_id)
        # withdrawn or consented anew meanwhile: its generation is as great
        if row is None or row.generation >= generation:
            return False
        put_tokens(row, tokens, generation=generation, given_at=given_at)
    LOGGER.info("zalo tokens renewed", extra={"generation": generation})
    return True


def _note_failure(oa_id: str, lease: str, failure: RenewalFailed, now: datetime) -> None:
    with unit_of_work():
        row = locked_account(oa_id)
        if row is None or row.lease != lease:
            return
        row.lease = row.leased_until = None
        row.failures, row.said = row.failures + 1, failure.said
        if isinstance(failure, RenewalRefused):
            row.state, row.next_try_at = NEEDS_CONSENT, None
        else:
            row.state, row.next_try_at = OK, now + PAUSES[min(row.failures, len(PAUSES)) - 1]
    LOGGER.warning("zalo tokens not renewed", extra={"said": failure.said})
