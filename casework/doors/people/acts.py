"""What a centre's directory does to its people: the verbs of its administrators, within that centre, and no others.

Roles, passwords and second factors are given here by people. Closing an account is `shut_out` (workflows/reorganising/leaving.py), after
`refuse_last_administrator`; each verb asks for permission again.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from casework.accounts.outside_identities import OutsideRefused, Subject, identities_of, link_identity, unlink_identity
from casework.db import db
from casework.doors.asking import Caller
from casework.doors.people.rows import EXTERNAL_PURPOSE, external_digest, is_removed
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import Account, Deputy, Membership, ProvisionedPerson
from casework.permissions import Action, Actor, Grant, Role, require
from casework.sealing.seal import open_text, seal_text
from casework.settings.people import PersonRefused, add_person, change_person, enable_account, fit_login, require_own
from casework.settings.scopes import one_at_a_time
from casework.settings.seats import Seat, holders, seat_of
from casework.text import normal

REASON = "Theo danh bạ cán bộ (SCIM) / as the directory of staff says (SCIM)"
LONGEST_EXTERNAL = 255
_LOGIN = re.compile(r"(?=.*[a-z])[a-z0-9][a-z0-9._-]{1,59}")


class NameTaken(CaseworkError):
    """The user name, the identifier or the identity is somebody else's; `about` names which."""


class LastAdministrator(CaseworkError):
    """The centre would be without an administrator."""

    def __init__(self) -> None:
        super().__init__(
            "Đây là quản trị viên cuối cùng của Trung tâm; xin giao vai trò này cho người khác trước.",
            "This is the last administrator of the centre; please give the role to somebody else first.",
        )


class ClosedElsewhere(CaseworkError):
    """People closed the account, and people open it again."""

    def __init__(self) -> None:
        super().__init__(
            "Tài khoản này do quản trị viên khóa; chỉ quản trị viên mở lại được.",
            "An administrator closed this account; only an administrator can open it again.",
        )


class IdentityStays(CaseworkError):
    """The outside identity of an administrator is not a directory's to change."""

    def __init__(self) -> None:
        super().__init__(
            "Không đổi externalId của người đang giữ hoặc sắp giữ vai trò quản trị viên.",
            "The externalId of somebody who is, or will be, an administrator cannot be changed.",
        )


@dataclass(frozen=True, slots=True)
class Issuer:
    """The provider of sign-ins whose subjects the directory names: its key in the configuration, and its issuer."""

    provider: str
    issuer: str

    def subject(self, external: str) -> Subject:
        return Subject(self.provider, self.issuer, external)


def administrator_of(caller: Caller) -> Actor:
    """The directory as an administrator of its centre, for this verb alone: every use case asks for both again."""
    grants = (Grant(Role.ADMINISTRATOR, caller.centre_id, None),)
    return Actor(caller.actor.account, grants, scopes=frozenset({Action.MANAGE_PEOPLE}) & (caller.actor.scopes or frozenset()))


def admit(
    *, centre_id: int, login: str, full_name: str, title: str, email: str, external: str | None, by: Actor, now: datetime
) -> Account:
    """Add a person who holds no role and has no password, and return the account, flushed.

    Whoever the directory removed before comes back when it names them by the same identifier, with their roles as far as these have not run
    out. Records `change_setting`. Raises NotAllowed, NameTaken, PersonRefused.
    """
    require(by, Action.MANAGE_PEOPLE)
    one_at_a_time()
    login = fit_directory_login(login)
    known = _removed(centre_id, login)
    if known is not None and external is not None and known[1].external_digest == external_digest(fit_external(external)):
        account = known[0]
        readmit(account, by=by, now=now)
        change(account, by=by, now=now, full_name=full_name, title=title, email=email)
        return account
    if db.session.scalar(select(Account.id).where(Account.login == login)) is not None:
        raise NameTaken(f"Tên đăng nhập “{login}” đã có người dùng.", f"The user name “{login}” is taken.", about="userName")
    account = add_person(
        by=by, now=now, login=login, full_name=full_name, password_hash=None, reason=REASON, title_vi=title, email=email,
        centre_id=centre_id, is_known_free=True, is_fit_login=True,
    )  # fmt: skip
    db.session.flush()
    db.session.add(ProvisionedPerson(account_id=account.id, centre_id=centre_id, created_at=now))
    db.session.flush()
    return account


def readmit(account: Account, *, by: Actor, now: datetime) -> None:
    """Open what the directory itself closed, to be signed in to as before; roles, deputies and agreements that have ended stay ended.

    Records `change_setting`. Raises NotAllowed, PersonRefused, ClosedElsewhere.
    """
    row = db.session.get(ProvisionedPerson, account.id)
    if row is None or row.closed_at is None or row.closed_at != account.disabled_at:
        raise ClosedElsewhere
    enable_account(account, by=by, now=now, password_hash=None, reason=REASON)
    row.deleted_at = row.closed_at = None


def note_closed(account: Account, *, centre_id: int, now: datetime) -> None:
    """Note that the directory closed the account, now, so that it may open it again."""
    row = _said_of(account, centre_id, now)
    row.closed_at = account.disabled_at
    db.session.add(row)


def change(account: Account, *, by: Actor, now: datetime, full_name: str, title: str, email: str) -> bool:
    """Change name, Vietnamese title and official address; the user name stays. Returns whether anything changed.

    Records `change_setting`. Raises NotAllowed, PersonRefused.
    """
    return change_person(account, by=by, now=now, reason=REASON, full_name=full_name, title_vi=title, email=email)


def identify(
    account: Account, external: str | None, *, centre_id: int, issuer: Issuer | None, by: Actor, now: datetime
) -> None:
    """Keep the directory's own identifier of a person, or with None forget it; with `issuer`, it is their subject there and signs them in.

    A closed account is linked when it is opened again. What was linked by the identifier before is unlinked. Of people it did not add the
    directory keeps its identifier, and how they sign in stays theirs. Records `change_setting` of the identity. Raises NotAllowed,
    NameTaken, PersonRefused for one that is too long, IdentityStays where it would change how an administrator signs in.
    """
    require_own(by, account, now)
    external = fit_external(external) if external is not None else None
    row = _said_of(account, centre_id, now)
    is_administrator = _may_administer(account, now)
    issuer = issuer if _is_added(account, row) else None
    former = open_text(row.sealed_external, purpose=EXTERNAL_PURPOSE) if row.sealed_external is not None else None
    if external != former:
        if issuer is not None and is_administrator:
            raise IdentityStays
        _refuse_named(external, centre_id, besides=account.id)
        if former is not None and issuer is not None:
            _unlink(account, issuer.subject(former), by=by, now=now)
        row.sealed_external = seal_text(external, purpose=EXTERNAL_PURPOSE) if external is not None else None
        row.external_digest = external_digest(external) if external is not None else None
        if external is not None or former is not None:
            db.session.add(row)
    if external is not None and issuer is not None and account.disabled_at is None and not is_administrator:
        _link(account, issuer.subject(external), by=by, now=now)


def remove(account: Account, *, centre_id: int, now: datetime) -> None:
    """Note that the directory does not know the person any more; the account has been closed."""
    row = _said_of(account, centre_id, now)
    row.deleted_at = now
    db.session.add(row)


def refuse_last_administrator(account: Account, *, by: Actor, now: datetime) -> None:
    """Raise LastAdministrator where a centre would be without an administrator for good. The caller has locked nothing of it yet."""
    require(by, Action.MANAGE_PEOPLE)
    held = [row for row in account.memberships if row.role == Role.ADMINISTRATOR and row.holds_on(local_day(now))]
    if any(not _has_another(seat_of(row), account, now) for row in held):
        raise LastAdministrator


def fit_directory_login(login: str) -> str:
    """Normalise a user name; a directory's may begin with a digit, but not be a number. Raises PersonRefused."""
    found = normal(login).lower()
    return found if _LOGIN.fullmatch(found) else fit_login(found)


def fit_external(external: str) -> str:
    """Raises PersonRefused."""
    if not 0 < len(external) <= LONGEST_EXTERNAL:
        raise PersonRefused(
            f"externalId có 1 đến {LONGEST_EXTERNAL} ký tự.", f"externalId has 1 to {LONGEST_EXTERNAL} characters.", about="externalId"
        )
    return external


def _said_of(account: Account, centre_id: int, now: datetime) -> ProvisionedPerson:
    """What this centre's directory has said of a person; what that of another centre said before is forgotten. A new row is not added."""
    row = db.session.get(ProvisionedPerson, account.id)
    if row is None:
        return ProvisionedPerson(account_id=account.id, centre_id=centre_id, created_at=now)
    if row.centre_id != centre_id:
        row.centre_id, row.created_at = centre_id, now
        row.sealed_external = row.external_digest = row.deleted_at = row.closed_at = None
    return row


def _is_added(account: Account, row: ProvisionedPerson) -> bool:
    """Whether the directory added the account, and did not meet it: then both rows were made by one act."""
    return row.created_at == account.created_at


def _may_administer(account: Account, now: datetime) -> bool:
    """Whether the person is an administrator, will be one, or acts for one."""
    today = local_day(now)
    if any(row.role == Role.ADMINISTRATOR and (row.valid_to is None or row.valid_to > today) for row in account.memberships):
        return True
    acting = select(Membership.id).join(Deputy, Deputy.principal_id == Membership.account_id)
    acting = acting.where(Deputy.deputy_id == account.id, Deputy.ends_at > now, Membership.role == Role.ADMINISTRATOR)
    return db.session.scalar(acting.limit(1)) is not None


def _removed(centre_id: int, login: str) -> tuple[Account, ProvisionedPerson] | None:
    query = select(Account, ProvisionedPerson).join(ProvisionedPerson, ProvisionedPerson.account_id == Account.id)
    found = db.session.execute(query.where(Account.login == login, ProvisionedPerson.centre_id == centre_id, is_removed())).one_or_none()
    return (found[0], found[1]) if found is not None else None


def _has_another(seat: Seat, account: Account, now: datetime) -> bool:
    lasting = holders(seat, on=local_day(now), besides=account.id).where(Membership.valid_to.is_(None))
    return db.session.scalars(lasting.limit(1)).first() is not None


def _refuse_named(external: str | None, centre_id: int, *, besides: int) -> None:
    if external is None:
        return
    query = select(ProvisionedPerson).where(
        ProvisionedPerson.centre_id == centre_id, ProvisionedPerson.external_digest == external_digest(external),
        ProvisionedPerson.account_id != besides,
    )  # fmt: skip
    other = db.session.scalar(query)
    if other is None:
        return
    if other.deleted_at is None or db.session.get_one(Account, other.account_id).disabled_at is None:
        raise NameTaken("externalId này là của người khác.", "This externalId is another person's.", about="externalId")
    other.sealed_external = other.external_digest = None
    db.session.flush()


def _link(account: Account, who: Subject, *, by: Actor, now: datetime) -> None:
    try:
        link_identity(account, who, by=by, reason=REASON, now=now)
    except OutsideRefused as refusal:
        raise NameTaken(*refusal.text, about="externalId") from None


def _unlink(account: Account, who: Subject, *, by: Actor, now: datetime) -> None:
    for each in identities_of(account):
        if (each.provider, each.subject_digest) == (who.provider, who.subject_digest):
            unlink_identity(account, each.ref, by=by, reason=REASON, now=now)
