"""Consenting: an administrator of the account's centre goes to Zalo and comes back once, within minutes, in the same session (OAuth with
PKCE, RFC 7636). Withdrawing deletes both tokens.
"""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from casework.db import db, inserting
from casework.errors import CaseworkError
from casework.models import Account, Centre, ZaloAccount, ZaloConsent
from casework.permissions import Action, Actor, require
from casework.sealing.seal import lookup_digest, open_text, seal_text
from casework.setting_events import record_setting, require_administrator_of
from casework.zalo.tokens import NEEDS_CONSENT, Tokens, locked_account, put_tokens

LASTS = timedelta(minutes=10)
"""As long as Zalo's code lives."""
KIND = "zalo_account"
STATE_PURPOSE, SESSION_PURPOSE = "state of a consent at Zalo", "session consenting at Zalo"
VERIFIER_PURPOSE = "verifier of a consent at Zalo"
CONSENTED, WITHDRAWN = "Đồng ý tại Zalo / consented at Zalo", "Thu hồi quyền gửi qua Zalo / withdrew the permission"


class ConsentRefused(CaseworkError):
    """The consent counts for nothing: too late, a second time, another session, another account."""


class ConsentOver(ConsentRefused):
    def __init__(self) -> None:
        super().__init__(
            "Lần cấp quyền này đã hết hạn hoặc đã được dùng. Vui lòng bắt đầu lại.",
            "This consent has run out or was used already. Please begin again.",
        )


class OtherAccount(ConsentRefused):
    def __init__(self) -> None:
        super().__init__(
            "Official Account vừa chọn ở Zalo không phải tài khoản đã thiết lập cho trung tâm. Vui lòng chọn đúng tài khoản.",
            "The Official Account chosen at Zalo is not the one set up for the centre. Please choose that one.",
        )


@dataclass(frozen=True, slots=True)
class AccountSeen:
    """An account as pages show it, without a token."""

    oa_id: str
    state: str
    has_tokens: bool
    expires_at: datetime | None
    refresh_issued_at: datetime | None
    failures: int
    said: str | None
    consented_by: str | None
    consented_at: datetime | None


def centre_of_account(prefix: str) -> Centre | None:
    """The centre a setting names by the first part of its codes."""
    return db.session.scalar(select(Centre).where(Centre.code_prefix == prefix))


def require_keeper(by: Actor, centre: Centre) -> None:
    """Raise NotAllowed unless the person administers the account's centre."""
    require(by, Action.CHANGE_SETTINGS)
    require_administrator_of(by, centre.id)


def account_seen(oa_id: str) -> AccountSeen:
    """Also before anybody consented."""
    query = select(ZaloAccount, Account.full_name).outerjoin(Account, Account.id == ZaloAccount.consented_by_id)
    found = db.session.execute(query.where(ZaloAccount.oa_id == oa_id)).first()
    if found is None:
        return AccountSeen(oa_id, NEEDS_CONSENT, False, None, None, 0, None, None, None)
    row, name = found
    return AccountSeen(row.oa_id, row.state, row.sealed_refresh is not None, row.expires_at, row.refresh_issued_at, row.failures, row.said,
                       name, row.consented_at)  # fmt: skip


def challenge_of(verifier: str) -> str:
    """The `code_challenge` of a verifier, method S256."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()


def begin_consent(oa_id: str, centre: Centre, *, session: str, by: Actor, now: datetime) -> tuple[str, str]:
    """Keep a consent that leaves for Zalo; return its state and code challenge. Raises NotAllowed."""
    require_keeper(by, centre)
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    db.session.add(
        ZaloConsent(
            state_digest=lookup_digest(state, purpose=STATE_PURPOSE), session_digest=lookup_digest(session, purpose=SESSION_PURPOSE),
            oa_id=oa_id, sealed_verifier=seal_text(verifier, purpose=VERIFIER_PURPOSE), expires_at=now + LASTS,
        )
    )  # fmt: skip
    return state, challenge_of(verifier)


def take_consent(state: str, oa_id: str, *, returned_id: str, session: str, now: datetime) -> str:
    """Use up a consent that came back; return its code verifier. Raises ConsentOver, OtherAccount, which uses it up as well.

    The caller commits also after OtherAccount.
    """
    row = db.session.scalar(select(ZaloConsent).where(ZaloConsent.state_digest == lookup_digest(state, purpose=STATE_PURPOSE)))
    is_its_own = row is not None and row.session_digest == lookup_digest(session, purpose=SESSION_PURPOSE) and row.oa_id == oa_id
    if row is None or not is_its_own or row.sealed_verifier is None or now >= row.expires_at:
        raise ConsentOver
    verifier = open_text(row.sealed_verifier, purpose=VERIFIER_PURPOSE)
    used = update(ZaloConsent).where(ZaloConsent.id == row.id, ZaloConsent.sealed_verifier.is_not(None)).values(sealed_verifier=None)
    if db.session.execute(used.returning(ZaloConsent.id), execution_options={"synchronize_session": False}).first() is None:
        raise ConsentOver
    if returned_id != oa_id:
        raise OtherAccount
    return verifier


def accept_consent(oa_id: str, centre: Centre, tokens: Tokens, *, by: Actor, now: datetime) -> None:
    """Put the tokens of a consent in place of whatever there was. Records `change_setting`. Raises NotAllowed."""
    require_keeper(by, centre)
    new = {"oa_id": oa_id, "centre_id": centre.id, "generation": 0, "failures": 0, "state": NEEDS_CONSENT}
    db.session.execute(inserting(ZaloAccount.__table__).values(**new).on_conflict_do_nothing())
    row = locked_account(oa_id)
    assert row is not None
    old = {"consented": row.sealed_refresh is not None}
    put_tokens(row, tokens, generation=row.generation + 1, given_at=now)
    row.centre_id, row.consented_by_id, row.consented_at = centre.id, by.account_id, now
    record_setting(KIND, oa_id, by=by, at=now, centre_id=centre.id, old=old, new={"consented": True, "renewed": True}, reason=CONSENTED)


def withdraw_consent(oa_id: str, centre: Centre, *, by: Actor, now: datetime) -> bool:
    """Delete both tokens; return whether there were any. Records `change_setting`. Raises NotAllowed.

    The generation grows, so that an answer still under way is not taken up.
    """
    require_keeper(by, centre)
    row = locked_account(oa_id)
    if row is None or row.sealed_refresh is None:
        return False
    row.sealed_access = row.sealed_refresh = row.expires_at = row.refresh_issued_at = row.lease = row.leased_until = None
    row.state, row.generation, row.failures, row.said, row.next_try_at = NEEDS_CONSENT, row.generation + 1, 0, None, None
    record_setting(KIND, oa_id, by=by, at=now, centre_id=centre.id, old={"consented": True}, new={"consented": False}, reason=WITHDRAWN)
    return True


def forget_consents(now: datetime) -> None:
    """Delete the consents that did not come back in time. In the caller's unit of work."""
    db.session.execute(delete(ZaloConsent).where(ZaloConsent.expires_at <= now))
