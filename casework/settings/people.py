"""Members of staff: added, changed, disabled and enabled by an administrator; they change their own passwords."""

import re
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from casework.db import db
from casework.errors import CaseworkError
from casework.models import Account, Event, LoginSession, SignInBegun
from casework.permissions import Action, Actor, NotAllowed, require
from casework.privacy.account_marks import mark_account
from casework.setting_events import record_setting
from casework.setting_values import value_of
from casework.settings.scopes import centre_of, is_wholly_theirs, one_at_a_time, principals_of_own
from casework.text import normal

LOGIN = re.compile(r"[a-z][a-z0-9._-]{1,59}")
LANGUAGES = ("vi", "en")
LONGEST_NAME = 120
OWN_PASSWORD = "Tự đổi mật khẩu / changed their own password"


class PersonRefused(CaseworkError):
    """The account cannot be made or changed like this; the text says why."""


def add_person(
    *,
    by: Actor,
    now: datetime,
    login: str,
    full_name: str,
    password_hash: str | None,
    reason: str,
    title_vi: str = "",
    title_en: str = "",
    language: str = "vi",
    email: str = "",
    phone: str = "",
    centre_id: int | None = None,
    is_known_free: bool = False,
    is_fit_login: bool = False,
) -> Account:
    """Add a member of staff who signs in with a start password and must change it first. Roles are given separately.

    Without a password they sign in elsewhere, or wait for a start password. `centre_id` is the event's centre; `is_known_free` says that
    the user name was checked, where many were looked up at once, `is_fit_login` that it has the form it must have. Records
    `change_setting` of an account, without any password. Raises NotAllowed, PersonRefused (names, user name taken or unfit),
    ReasonMissing.
    """
    require(by, Action.MANAGE_PEOPLE)
    columns = fit_person(full_name, title_vi, title_en, language, email, phone)
    login = login if is_fit_login else fit_login(login)
    if not is_known_free:
        one_at_a_time()
    if not is_known_free and db.session.scalar(select(Account.id).where(func.lower(Account.login) == login)) is not None:
        raise PersonRefused(f"Tên đăng nhập “{login}” đã có người dùng.", f"The user name “{login}” is taken.", about="login")
    account = Account(kind="staff", login=login, created_at=now, **columns)
    if password_hash is not None:
        _put_start_password(account, password_hash, now)
    db.session.add(account)
    record_setting("account", login, by=by, at=now, centre_id=centre_id, old=None, new=_seen(account), reason=reason)
    mark_account(account, by=by, at=now)
    return account


def change_person(
    account: Account, *, by: Actor, now: datetime, reason: str, is_known_own: bool = False, **columns: str
) -> bool:
    """Change name, title, language or official contact; the user name stays. Returns whether anything changed.

    `is_known_own` says that permission was checked, where many accounts were judged at once. Raises NotAllowed for people who also work
    elsewhere and for one's own principals, PersonRefused, ReasonMissing.
    """
    require(by, Action.MANAGE_PEOPLE)
    if not is_known_own:
        require_own(by, account, now)
    present = {
        "full_name": account.full_name or "", "title_vi": account.title_vi or "", "title_en": account.title_en or "",
        "language": account.language, "email": account.email or "", "phone": account.phone or "",
    }  # fmt: skip
    fit, old = fit_person(**{**present, **columns}), _seen(account)
    if all(getattr(account, column) == value for column, value in fit.items()):
        return False
    for column, value in fit.items():
        setattr(account, column, value)
    record_account(account, by=by, at=now, old=old, new=_seen(account), reason=reason)
    return True


def give_start_password(account: Account, *, by: Actor, now: datetime, password_hash: str, reason: str) -> None:
    """Set a new start password, to be changed at the next sign-in; all the person's sessions end.

    Raises NotAllowed, PersonRefused for oneself and for a disabled person, ReasonMissing.
    """
    require_own(by, account, now)
    if account.id == by.own_id:
        raise PersonRefused("Mật khẩu của mình xin đổi ở trang “Đổi mật khẩu”.", "Please change your own password on its page.")
    if account.disabled_at is not None:
        raise PersonRefused("Tài khoản đang bị khóa. Xin mở lại trước.", "The account is disabled. Please enable it first.")
    _put_start_password(account, password_hash, now)
    end_sessions(account, at=now)
    told = {"start_password": True}
    record_account(account, by=by, at=now, old={}, new=told, reason=reason)


def is_start_password_over(account: Account, *, now: datetime) -> bool:
    """Whether the account still has an expired start password. One given before that was recorded lasts from the upgrade on."""
    if not account.must_change_password or account.start_password_at is None:
        return False
    return now >= account.start_password_at + timedelta(days=int(value_of("start_password_days")))


def change_own_password(account: Account, *, by: Actor, now: datetime, password_hash: str, session_id: int) -> None:
    """Set one's own password; every other session ends. For staff an event is recorded, for citizens only a mark, as they are not in that
    stream."""
    if account.id != by.own_id:
        raise NotAllowed
    account.password_hash, account.must_change_password = password_hash, False
    end_sessions(account, at=now, besides=session_id)
    if account.kind == "staff":
        told = {"own_password": True}
        record_account(account, by=by, at=now, old={}, new=told, reason=OWN_PASSWORD)
    else:
        mark_account(account, by=by, at=now)


def disable_account(account: Account, *, by: Actor, now: datetime, reason: str) -> None:
    """Close an account: its sessions end at once. Successors and unclaimed steps are handled in `leaving`.

    Raises NotAllowed, PersonRefused for oneself or when it is already closed, ReasonMissing.
    """
    require_own(by, account, now)
    refuse_oneself(account, by=by)
    if account.disabled_at is not None:
        raise PersonRefused("Tài khoản này đã bị khóa.", "This account is disabled already.")
    account.disabled_at = now
    end_sessions(account, at=now)
    record_account(account, by=by, at=now, old={"disabled": False}, new={"disabled": True}, reason=reason)


def refuse_oneself(account: Account, *, by: Actor) -> None:
    """Raise PersonRefused for disabling one's own account, so that nobody locks themselves out."""
    if account.id == by.own_id:
        raise PersonRefused(
            "Không tự khóa tài khoản của mình được; xin nhờ một quản trị viên khác.",
            "You cannot disable your own account; please ask another administrator.",
        )


def enable_account(account: Account, *, by: Actor, now: datetime, password_hash: str | None, reason: str) -> None:
    """Reopen a disabled account with a start password, or with None to be signed in to as before; roles that ended stay ended.

    Raises NotAllowed, PersonRefused.
    """
    require_own(by, account, now)
    if account.disabled_at is None:
        raise PersonRefused("Tài khoản này đang hoạt động.", "This account is not disabled.")
    account.disabled_at = None
    if password_hash is not None:
        _put_start_password(account, password_hash, now)
    record_account(account, by=by, at=now, old={"disabled": True}, new={"disabled": False}, reason=reason)


def _put_start_password(account: Account, password_hash: str, now: datetime) -> None:
    account.password_hash, account.must_change_password, account.start_password_at = password_hash, True, now


def require_own(by: Actor, account: Account, now: datetime) -> None:
    """Raise NotAllowed unless the administrator may change the account itself, not only a role of it."""
    require(by, Action.MANAGE_PEOPLE)
    if not is_own(by, account, now):
        raise NotAllowed


def is_own(by: Actor, account: Account, now: datetime) -> bool:
    """Whether an administrator may change an account.

    Not that of their own principal: with a new password they could act as that person beyond the agreed time.
    """
    return account.kind == "staff" and account.id not in principals_of_own(by, now=now) and is_wholly_theirs(by, account, now=now)


def end_sessions(account: Account, *, at: datetime, besides: int | None = None) -> None:
    """End all sessions of the person except one, and sign-ins that wait for their second step."""
    begun = update(SignInBegun).where(SignInBegun.account_id == account.id, SignInBegun.used_at.is_(None))
    db.session.execute(begun.values(used_at=at), execution_options={"synchronize_session": False})
    ended = update(LoginSession).where(LoginSession.account_id == account.id, LoginSession.revoked_at.is_(None))
    if besides is not None:
        ended = ended.where(LoginSession.id != besides)
    db.session.execute(ended.values(revoked_at=at), execution_options={"synchronize_session": False})


def standard_phone(typed: str) -> str | None:
    """A number in E.164, or a Vietnamese short emergency or service number unchanged; None for anything else."""
    import phonenumbers  # late: docs/architecture.md

    typed = normal(typed)
    try:
        parsed = phonenumbers.parse(typed, "VN")
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_valid_number(parsed):
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    digits = re.sub(r"[\s.-]", "", typed)
    is_short = digits.isdigit() and (
        phonenumbers.is_emergency_number(digits, "VN") or phonenumbers.is_valid_short_number_for_region(parsed, "VN")
    )
    return digits if is_short else None


def fit_person(full_name: str, title_vi: str, title_en: str, language: str, email: str, phone: str) -> dict[str, Any]:
    """The normalised columns of a person. Raises PersonRefused."""
    names = {"full_name": full_name, "title_vi": title_vi, "title_en": title_en}
    fit: dict[str, Any] = {column: " ".join(normal(value).split()) for column, value in names.items()}
    if not fit["full_name"]:
        raise PersonRefused("Vui lòng ghi họ và tên.", "Please give the full name.", about="full_name")
    for column, value in fit.items():
        if len(value) > LONGEST_NAME:
            raise PersonRefused(
                f"Tên và chức danh tối đa {LONGEST_NAME} ký tự.", f"Names and titles have {LONGEST_NAME} characters at most.", about=column
            )
    if language not in LANGUAGES:
        raise PersonRefused("Ngôn ngữ là vi hoặc en.", "The language is vi or en.", about="language")
    return {**fit, "language": language, "email": fit_email(email), "phone": fit_phone(phone)}


def fit_email(email: str) -> str | None:
    """Normalise an address; None for none. Raises PersonRefused."""
    from email_validator import EmailNotValidError, validate_email  # late: docs/architecture.md

    try:
        return validate_email(normal(email), check_deliverability=False).normalized.lower() if normal(email) else None
    except EmailNotValidError:
        raise PersonRefused("Địa chỉ thư điện tử không đúng.", "The e-mail address is not valid.", about="email") from None


def fit_phone(phone: str) -> str | None:
    """A number in E.164; None for none. Raises PersonRefused."""
    if not normal(phone):
        return None
    number = standard_phone(phone)
    if number is None or not number.startswith("+"):
        raise PersonRefused(
            "Số điện thoại không đúng. Ví dụ: 0912 345 678.", "The telephone number is not valid. Example: 0912 345 678.",
            about="phone",
        )
    return number


def fit_login(login: str) -> str:
    """Normalise a user name. Raises PersonRefused."""
    login = normal(login).lower()
    if not LOGIN.fullmatch(login):
        raise PersonRefused(
            "Tên đăng nhập gồm 2 đến 60 ký tự: chữ không dấu, số, dấu chấm, gạch nối; bắt đầu bằng chữ.",
            "A user name has 2 to 60 plain letters, digits, dots or hyphens and begins with a letter.",
            about="login",
        )
    return login


def record_account(account: Account, *, by: Actor, at: datetime, old: dict[str, Any], new: dict[str, Any], reason: str) -> Event:
    """Append `change_setting` of an account, and mark the account."""
    name = account.login or account.ref
    event = record_setting("account", name, by=by, at=at, centre_id=_centre(account), old=old, new=new, reason=reason)
    mark_account(account, by=by, at=at)
    return event


def _seen(account: Account) -> dict[str, Any]:
    columns = ("login", "full_name", "title_vi", "title_en", "language", "email", "phone")
    return {column: getattr(account, column) for column in columns}


def _centre(account: Account) -> int | None:
    """The centre in which a change of an account is shown: the person's only centre, or None."""
    centres = {centre_of(row) for row in account.memberships}
    return centres.pop() if len(centres) == 1 else None
