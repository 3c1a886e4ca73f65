"""Signing in with an identity of another provider (OpenID Connect): which identity opens which account, and sign-ins under way.

    begin  →  the browser is sent to the provider  →  it comes back once, within LASTS  →  the account its identity is linked to,
                                                                                            or: somebody new agrees to the notice

An identity is linked by its owner, signed in here, or by an administrator; never because an e-mail address is the same. Of who somebody
is at the provider only keyed digests are kept, of a personal identification number too.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from casework.db import db
from casework.errors import CaseworkError
from casework.models import Account, OutsideIdentity, OutsideSignIn
from casework.permissions import Action, Actor, NotAllowed, require
from casework.privacy.identity import Contact, citizen_account
from casework.sealing.seal import lookup_digest, open_json, seal_json
from casework.setting_events import record_setting
from casework.settings.consent_notices import Notice
from casework.settings.people import require_own
from casework.text import normal

LASTS = timedelta(minutes=10)
"""How long a browser may be away, and how long somebody new may read the notice after it."""
KEPT = timedelta(days=1)
LONGEST_SUBJECT, LONGEST_NAME, LONGEST_TARGET = 255, 120, 300
MOST_LISTED = 20
STATE_PURPOSE, BROWSER_PURPOSE = "state of a sign-in elsewhere", "browser signing in elsewhere"
SECRETS_PURPOSE = "secrets of a sign-in elsewhere"
SUBJECT_PURPOSE, NUMBER_PURPOSE = "subject at a provider", "personal identification number"
OWN_LINK = "Tự liên kết / linked it themselves"
OWN_UNLINK = "Tự bỏ liên kết / took the link away themselves"
KIND = "outside_identity"


class OutsideRefused(CaseworkError):
    """The identity cannot be linked or unlinked, or the sign-in under way opens nothing; the text says why."""


class SignInOver(OutsideRefused):
    """The sign-in came back too late, a second time, in another browser, from another provider, or was never begun: the same refusal for
    all."""

    def __init__(self) -> None:
        super().__init__(
            "Lần đăng nhập này đã hết hạn hoặc đã được dùng. Ông/Bà vui lòng bắt đầu lại.",
            "This sign-in has run out or was used already. Please begin again.",
        )


@dataclass(frozen=True, slots=True)
class Subject:
    """A person as identified by a provider, already checked. Never in `repr`."""

    provider: str
    issuer: str
    subject: str
    number: str | None = None
    name: str | None = None

    def __repr__(self) -> str:
        return f"Subject({self.provider})"

    @property
    def subject_digest(self) -> str:
        return lookup_digest(f"{self.issuer} {self.subject}", purpose=SUBJECT_PURPOSE)

    @property
    def number_digest(self) -> str | None:
        return lookup_digest(f"{self.provider} {self.number}", purpose=NUMBER_PURPOSE) if self.number else None


@dataclass(frozen=True, slots=True)
class Begun:
    """A returning sign-in with the values it was begun with. Never in `repr`."""

    purpose: str
    account_id: int | None
    target: str
    nonce: str
    verifier: str

    def __repr__(self) -> str:
        return f"Begun({self.purpose})"


# -- sign-ins under way --------------------------------------------------------------------------------------------------------


def begin_outside(provider: str, *, browser: str, target: str, account: Account | None, now: datetime) -> tuple[str, str, str]:
    """Keep a sign-in that leaves for the provider, or with `account` the linking of an identity; return state, nonce and code verifier."""
    state, nonce, verifier = (secrets.token_urlsafe(size) for size in (32, 32, 48))
    db.session.add(
        OutsideSignIn(
            state_digest=_state_digest(state), browser_digest=_browser_digest(browser), provider=provider,
            purpose="sign_in" if account is None else "link", account_id=account.id if account is not None else None,
            sealed_secrets=seal_json({"nonce": nonce, "verifier": verifier}, purpose=SECRETS_PURPOSE),
            target=target[:LONGEST_TARGET], created_at=now, expires_at=now + LASTS,
        )
    )  # fmt: skip
    return state, nonce, verifier


def take_back(state: str, *, provider: str, browser: str, now: datetime) -> Begun:
    """Use up a sign-in and return what it was begun with. Raises SignInOver.

    It counts only in the browser that left, and only from the provider it left for: an answer from another provider opens nothing (mix-up
    attack).
    """
    digest = _state_digest(state)
    row = db.session.scalar(select(OutsideSignIn).where(OutsideSignIn.state_digest == digest))
    is_its_own = row is not None and row.provider == provider and row.browser_digest == _browser_digest(browser)
    if row is None or not is_its_own or row.used_at is not None or now >= row.expires_at or row.sealed_secrets is None:
        raise SignInOver
    told = open_json(row.sealed_secrets, purpose=SECRETS_PURPOSE)
    begun = Begun(row.purpose, row.account_id, row.target, told["nonce"], told["verifier"])
    used = update(OutsideSignIn).where(OutsideSignIn.id == row.id, OutsideSignIn.used_at.is_(None))
    used = used.values(used_at=now, sealed_secrets=None).returning(OutsideSignIn.id)
    if db.session.execute(used, execution_options={"synchronize_session": False}).first() is None:
        raise SignInOver
    return begun


def keep_newcomer(who: Subject, *, browser: str, target: str, now: datetime) -> None:
    """Let a person without an account read the consent notice in this browser; nothing of them is kept beyond LASTS unless they agree."""
    db.session.execute(delete(OutsideSignIn).where(OutsideSignIn.state_digest == _newcomer_digest(browser)))
    told = {"issuer": who.issuer, "subject": who.subject, "number": who.number, "name": who.name}
    db.session.add(
        OutsideSignIn(
            state_digest=_newcomer_digest(browser), browser_digest=_browser_digest(browser), provider=who.provider, purpose="sign_in",
            sealed_secrets=seal_json(told, purpose=SECRETS_PURPOSE), target=target[:LONGEST_TARGET], created_at=now,
            expires_at=now + LASTS, proven_at=now,
        )
    )  # fmt: skip


def newcomer_of(browser: str, *, now: datetime) -> tuple[Subject, str] | None:
    """The person reading the notice in this browser, and where they continue afterwards."""
    row = db.session.scalar(select(OutsideSignIn).where(OutsideSignIn.state_digest == _newcomer_digest(browser)))
    if row is None or row.sealed_secrets is None or row.used_at is not None or now >= row.expires_at:
        return None
    told = open_json(row.sealed_secrets, purpose=SECRETS_PURPOSE)
    return Subject(row.provider, told["issuer"], told["subject"], told["number"], told["name"]), row.target


def open_outside_account(
    browser: str, *, name: str, language: str, notice: Notice | None, now: datetime
) -> Account:
    """Open a citizen's account for the person who agreed to the notice in this browser. Raises SignInOver; OutsideRefused for too long a
    name."""
    waiting, name = newcomer_of(browser, now=now), " ".join(normal(name).split())
    if waiting is None:
        raise SignInOver
    if len(name) > LONGEST_NAME:
        raise OutsideRefused(f"Họ và tên tối đa {LONGEST_NAME} ký tự.", f"A name has {LONGEST_NAME} characters at most.", about="name")
    used = delete(OutsideSignIn).where(OutsideSignIn.state_digest == _newcomer_digest(browser)).returning(OutsideSignIn.id)
    if db.session.execute(used, execution_options={"synchronize_session": False}).first() is None:
        raise SignInOver
    account = citizen_account(Contact(name=name or None), password_hash=None, language=language, now=now)
    account.consented_at, account.consent_notice_id = now, notice.id if notice is not None else None
    db.session.flush()
    _add(account, waiting[0], by_id=account.id, now=now).last_used_at = now
    return account


def sweep_outside(now: datetime) -> int:
    """Forget sign-ins that have run out: what they were begun with at once, their row a day later. Commits nothing."""
    over = update(OutsideSignIn).where(OutsideSignIn.expires_at <= now, OutsideSignIn.sealed_secrets.is_not(None))
    db.session.execute(over.values(sealed_secrets=None), execution_options={"synchronize_session": False})
    ids = list(db.session.scalars(select(OutsideSignIn.id).where(OutsideSignIn.expires_at < now - KEPT).limit(1_000)))
    if ids:
        db.session.execute(delete(OutsideSignIn).where(OutsideSignIn.id.in_(ids)), execution_options={"synchronize_session": False})
    return len(ids)


# -- identities and accounts ------------------------------------------------------------------------------------------


def account_of_subject(who: Subject, *, kind: str, now: datetime, by_number: bool = False) -> Account | None:
    """Return the account of that kind an identity opens, and note the use; None where it opens none.

    With `by_number` the provider vouches for its personal numbers: the same number is the same person, whatever subject the provider now
    gives them. Otherwise a number opens nothing, because whoever can write it at the provider could open another person's account.
    """
    row = db.session.scalar(
        select(OutsideIdentity).where(OutsideIdentity.provider == who.provider, OutsideIdentity.subject_digest == who.subject_digest)
    )
    if row is None and by_number and who.number_digest is not None:
        same = select(OutsideIdentity).where(
            OutsideIdentity.provider == who.provider, OutsideIdentity.number_digest == who.number_digest
        )
        row = db.session.scalar(same.order_by(OutsideIdentity.id).limit(1))
        if row is not None:
            row.subject_digest = who.subject_digest
    if row is None or row.account.kind != kind:
        return None
    row.last_used_at, row.number_digest = now, who.number_digest or row.number_digest
    return row.account


def identities_of(account: Account) -> list[OutsideIdentity]:
    query = select(OutsideIdentity).where(OutsideIdentity.account_id == account.id)
    return list(db.session.scalars(query.order_by(OutsideIdentity.id).limit(MOST_LISTED)))


def link_own_identity(account: Account, who: Subject, *, by: Actor, now: datetime) -> OutsideIdentity:
    """Link an identity the person has just proven to their own account; for staff an event is recorded. Raises NotAllowed,
    OutsideRefused."""
    if account.id != by.own_id:
        raise NotAllowed
    return _link(account, who, by=by, reason=OWN_LINK, now=now)


def link_identity(account: Account, who: Subject, *, by: Actor, reason: str, now: datetime) -> OutsideIdentity:
    """Link an identity named by an administrator to a member of staff's account. Records `change_setting`.

    Raises NotAllowed, OutsideRefused, ReasonMissing. The subject itself is in no event.
    """
    require(by, Action.MANAGE_PEOPLE)
    require_own(by, account, now)
    if account.id == by.own_id:
        raise OutsideRefused(
            "Tài khoản của mình xin liên kết ở trang “Phiên đăng nhập”.", "Please link your own account on the page of your sessions."
        )
    if not who.subject or len(who.subject) > LONGEST_SUBJECT:
        raise OutsideRefused("Vui lòng ghi mã chủ thể (sub), tối đa 255 ký tự.", "Please give the subject (sub), 255 characters at most.")
    return _link(account, who, by=by, reason=reason, now=now)


def unlink_own_identity(account: Account, ref: str, *, by: Actor, reaches: Collection[str], now: datetime) -> bool:
    """Unlink an identity from one's own account; return whether there was one.

    `reaches` are the kinds of contact a code can be sent to. Raises NotAllowed; OutsideRefused when nothing else would open the account.
    """
    if account.id != by.own_id:
        raise NotAllowed
    rows = identities_of(account)
    row = next((each for each in rows if each.ref == ref), None)
    if row is None:
        return False
    proven = {"phone": account.phone_verified_at, "email": account.email_verified_at}
    has_contact = any(proven[kind] is not None for kind in reaches)
    if account.password_hash is None and not has_contact and len(rows) == 1:
        raise OutsideRefused(
            "Chưa bỏ được: đây là cách đăng nhập duy nhất của tài khoản. Ông/Bà vui lòng đặt mật khẩu hoặc thêm số điện thoại trước.",
            "Not taken away: nothing else opens this account. Please set a password or add a telephone number first.",
        )
    _unlink(account, row, by=by, reason=OWN_UNLINK, now=now)
    return True


def unlink_identity(account: Account, ref: str, *, by: Actor, reason: str, now: datetime) -> bool:
    """Unlink an identity from a member of staff's account; return whether there was one. Raises NotAllowed, ReasonMissing."""
    require_own(by, account, now)
    row = next((each for each in identities_of(account) if each.ref == ref), None)
    if row is not None:
        _unlink(account, row, by=by, reason=reason, now=now)
    return row is not None


def forget_identities(account_id: int) -> None:
    """Unlink every outside identity of an account that is being erased."""
    for table in (OutsideIdentity, OutsideSignIn):
        db.session.execute(delete(table).where(table.account_id == account_id), execution_options={"synchronize_session": "fetch"})


def _link(account: Account, who: Subject, *, by: Actor, reason: str, now: datetime) -> OutsideIdentity:
    taken = db.session.scalar(
        select(OutsideIdentity).where(OutsideIdentity.provider == who.provider, OutsideIdentity.subject_digest == who.subject_digest)
    )
    if taken is not None and taken.account_id == account.id:
        return taken
    if taken is not None:
        raise OutsideRefused(
            "Danh tính này đã liên kết với một tài khoản khác.", "This identity is linked to another account already."
        )
    if account.disabled_at is not None:
        raise OutsideRefused("Tài khoản đang bị khóa.", "The account is disabled.")
    if len(identities_of(account)) >= MOST_LISTED:
        raise OutsideRefused(f"Tối đa {MOST_LISTED} liên kết cho một tài khoản.", f"An account has {MOST_LISTED} links at most.")
    if account.kind == "staff":
        told = {"linked": who.provider}
        record_setting(KIND, account.login or account.ref, by=by, at=now, centre_id=None, old={}, new=told, reason=reason)
    return _add(account, who, by_id=by.own_id or account.id, now=now)


def _unlink(account: Account, row: OutsideIdentity, *, by: Actor, reason: str, now: datetime) -> None:
    if account.kind == "staff":
        told = {"linked": row.provider}
        record_setting(KIND, account.login or account.ref, by=by, at=now, centre_id=None, old=told, new=None, reason=reason)
    db.session.delete(row)


def _add(account: Account, who: Subject, *, by_id: int, now: datetime) -> OutsideIdentity:
    row = OutsideIdentity(
        account_id=account.id, provider=who.provider, subject_digest=who.subject_digest, number_digest=who.number_digest, linked_at=now,
        linked_by_id=by_id,
    )  # fmt: skip
    db.session.add(row)
    return row


def _state_digest(state: str) -> str:
    return lookup_digest(state, purpose=STATE_PURPOSE)


def _newcomer_digest(browser: str) -> str:
    return lookup_digest(f"newcomer {browser}", purpose=STATE_PURPOSE)


def _browser_digest(browser: str) -> str:
    return lookup_digest(browser, purpose=BROWSER_PURPOSE)
