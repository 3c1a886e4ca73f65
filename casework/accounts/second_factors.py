"""The second factors somebody has: added and removed by the owner, or reset by an administrator when the telephone is lost.

Each change is an event in the stream of accounts, and the person is told at their official address, whoever made the change.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, select

from casework.accounts import recovery_codes
from casework.accounts.code_apps import app_of, keep_app
from casework.accounts.passkeys import Party, PasskeyNotKept, keep_passkey, passkeys_of, read_name
from casework.bilingual import Bilingual
from casework.db import db
from casework.errors import CaseworkError
from casework.models import Account, CodeApp, Passkey, RecoveryCode
from casework.outbox import tell_of_sign_in
from casework.permissions import SYSTEM, Actor, NotAllowed
from casework.permissions.acting_account import ActingAccount
from casework.settings.people import PersonRefused, end_sessions, record_account, require_own

OWN_CHOICE = "Tự thay đổi cách đăng nhập / changed their own sign-in"
TOLD: dict[str, Bilingual] = {
    "code_app": Bilingual("đã thêm ứng dụng mã một lần", "an authenticator app was added"),
    "code_app_gone": Bilingual("đã bỏ ứng dụng mã một lần", "the authenticator app was removed"),
    "passkey": Bilingual("đã thêm một khóa truy cập", "a passkey was added"),
    "passkey_gone": Bilingual("đã bỏ một khóa truy cập", "a passkey was removed"),
    "passkey_renamed": Bilingual("đã đổi tên một khóa truy cập", "a passkey was renamed"),
    "recovery_codes": Bilingual("đã tạo bộ mã dự phòng mới", "new recovery codes were made"),
    "recovery_code_used": Bilingual("đã đăng nhập bằng một mã dự phòng", "a recovery code was used to sign in"),
    "factors_reset": Bilingual("quản trị viên đã xóa xác thực hai lớp", "an administrator has taken the second factors away"),
}
"""The changes a message names, by event key."""


Removal = Callable[[Account, Actor, bool], None]
"""A removal of one factor: whose, by whom, and whether the last one has to stay."""


class LastFactor(CaseworkError):
    """The last factor cannot be removed where the person's role needs one."""

    def __init__(self) -> None:
        super().__init__(
            "Vai trò của Ông/Bà cần xác thực hai lớp: xin thêm cách khác trước khi bỏ cách này.",
            "Your role needs a second factor: please add another one before you remove this.",
        )


@dataclass(frozen=True, slots=True)
class Held:
    """The factors a person has in addition to the password."""

    app: CodeApp | None
    passkeys: tuple[Passkey, ...]
    codes_left: int

    @property
    def number(self) -> int:
        """The number of factors; recovery codes do not count, they only replace one."""
        return len(self.passkeys) + (self.app is not None)


def held_by(account_id: int) -> Held:
    return Held(app_of(account_id), tuple(passkeys_of(account_id)), recovery_codes.codes_left(account_id))


def has_second_factor(account_id: int) -> bool:
    by_app = exists().where(CodeApp.account_id == account_id)
    return bool(db.session.scalar(select(by_app | exists().where(Passkey.account_id == account_id))))


def add_code_app(account: Account, secret: bytes, *, step: int, by: Actor, now: datetime) -> None:
    """Keep the authenticator app whose first code was right, replacing an earlier one. Raises NotAllowed for anybody else's."""
    _require_self(account, by)
    keep_app(account.id, secret, step=step, now=now)
    _note(account, "code_app", by=by, now=now)


def remove_code_app(account: Account, *, by: Actor, now: datetime, is_needed: bool) -> None:
    """Remove the authenticator app. Raises NotAllowed, LastFactor when it is the last and `is_needed`."""
    _require_self(account, by)
    _refuse_last(account, is_needed)
    db.session.execute(delete(CodeApp).where(CodeApp.account_id == account.id))
    _drop_idle_codes(account)
    _note(account, "code_app_gone", by=by, now=now)


def add_passkey(
    account: Account, answer: str, challenge: bytes, *, name: str, party: Party, by: Actor, now: datetime
) -> Passkey:
    _require_self(account, by)
    row = keep_passkey(account, answer, challenge, name=name, party=party, now=now)
    _note(account, "passkey", by=by, now=now)
    return row


def rename_passkey(account: Account, row: Passkey, *, name: str, by: Actor, now: datetime) -> None:
    """Rename a passkey. Raises NotAllowed; PasskeyNotKept for an empty or too long name."""
    _require_self(account, by)
    if row.account_id != account.id:
        raise NotAllowed
    name = read_name(name)
    if not name:
        raise PasskeyNotKept("Vui lòng ghi tên mới.", "Please write the new name.", about="name")
    if name != row.name:
        row.name = name
        _note(account, "passkey_renamed", by=by, now=now)


def remove_passkey(account: Account, row: Passkey, *, by: Actor, now: datetime, is_needed: bool) -> None:
    """Remove a passkey. Raises NotAllowed, LastFactor when it is the last and `is_needed`."""
    _require_self(account, by)
    if row.account_id != account.id:
        raise NotAllowed
    _refuse_last(account, is_needed)
    db.session.delete(row)
    db.session.flush()
    _drop_idle_codes(account)
    _note(account, "passkey_gone", by=by, now=now)


def make_recovery_codes(account: Account, *, by: Actor, now: datetime) -> list[str]:
    """Make ten codes, which are shown only this once and replace earlier ones. Raises NotAllowed."""
    _require_self(account, by)
    codes = recovery_codes.new_codes(account.id, now=now)
    _note(account, "recovery_codes", by=by, now=now)
    return codes


def use_recovery_code(account: Account, typed: str, *, now: datetime) -> bool:
    """Whether the code is right; if so it is used up and the person is told."""
    if not recovery_codes.take_recovery_code(account.id, typed, now=now):
        return False
    _note(account, "recovery_code_used", by=Actor(ActingAccount.of(account)), now=now)
    return True


def reset_factors(account: Account, *, by: Actor, now: datetime, reason: str) -> None:
    """Remove every second factor and end every session, because the telephone is lost. The person is told.

    `by` is an administrator who may change the account, never its owner, or SYSTEM from the command line. Raises NotAllowed;
    PersonRefused for oneself and where there is nothing to remove; ReasonMissing.
    """
    if by is not SYSTEM:
        require_own(by, account, now)
    if by.account is not None and account.id == by.own_id:
        raise PersonRefused(
            "Không tự xóa xác thực hai lớp của mình ở đây được; xin nhờ một quản trị viên khác.",
            "You cannot reset your own second factor here; please ask another administrator.",
        )
    held = held_by(account.id)
    if not held.number and not held.codes_left:
        raise PersonRefused("Tài khoản này không có xác thực hai lớp.", "This account has no second factor.")
    for table in (CodeApp, Passkey, RecoveryCode):
        db.session.execute(delete(table).where(table.account_id == account.id))
    end_sessions(account, at=now)
    _note(account, "factors_reset", by=by, now=now, reason=reason)


def _require_self(account: Account, by: Actor) -> None:
    if account.kind != "staff" or account.id != by.own_id:
        raise NotAllowed


def _refuse_last(account: Account, is_needed: bool) -> None:
    if is_needed and held_by(account.id).number < 2:
        raise LastFactor


def _drop_idle_codes(account: Account) -> None:
    """Remove recovery codes when no factor is left: they only replace one, and would open what a password opens anyway."""
    if not has_second_factor(account.id):
        recovery_codes.drop_codes(account.id)


def _note(account: Account, what: str, *, by: Actor, now: datetime, reason: str = OWN_CHOICE) -> None:
    event = record_account(account, by=by, at=now, old={}, new={what: True}, reason=reason)
    db.session.flush()
    tell_of_sign_in(account.id, "second_factor_changed", at=now, key=str(event.seq), change=list(TOLD[what]))
