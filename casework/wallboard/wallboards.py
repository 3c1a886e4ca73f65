"""Televisions that show a centre's work without a signed-in person: set up by its ops lead, paired by a code, revoked at once."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.errors import CaseworkError
from casework.models import Centre, Wallboard
from casework.permissions import SYSTEM, Action, Actor, NotAllowed, Role, require
from casework.sealing.seal import lookup_digest
from casework.setting_events import record_setting
from casework.text import normal

TOKEN_PURPOSE = "wallboard"
CODE_PURPOSE = "pairing of a wallboard"
CODE_DIGITS = 8
CODE_LASTS = timedelta(minutes=10)
SEEN_EVERY = timedelta(minutes=5)
"""How precisely `last_seen_at` is kept: writing at each poll would be three writes a minute per television."""
LONGEST_NAME = 80
MOST_LISTED = 200
PAIRED = "Ghép bằng mã trên tivi"
"""The reason in the event of a pairing, which nobody types."""


class WallboardRefused(CaseworkError):
    """The television cannot be set up or paired like this; the text says why."""


def centres_managed(by: Actor) -> list[int] | None:
    """The centres whose televisions a person manages; None for all."""
    roles = frozenset(Role(role) for role in Action.MANAGE_WALLBOARDS.roles)
    grants = [grant for grant in by.grants if grant.role in roles]
    return None if any(grant.centre_id is None for grant in grants) else sorted({grant.centre_id for grant in grants if grant.centre_id})


def wallboards_of(by: Actor) -> list[Wallboard]:
    """The televisions of those centres that were not revoked, by name; at most MOST_LISTED."""
    query = select(Wallboard).where(Wallboard.revoked_at.is_(None)).options(joinedload(Wallboard.centre))
    if (centres := centres_managed(by)) is not None:
        query = query.where(Wallboard.centre_id.in_(centres))
    return list(db.session.scalars(query.order_by(Wallboard.name, Wallboard.id).limit(MOST_LISTED)))


def wallboard_managed(by: Actor, ref: str) -> Wallboard | None:
    """A television by its ref; None where it is not the person's to manage, or was revoked."""
    board = db.session.scalar(select(Wallboard).where(Wallboard.ref == ref, Wallboard.revoked_at.is_(None)))
    centres = centres_managed(by)
    return board if board is not None and (centres is None or board.centre_id in centres) else None


def add_wallboard(*, centre: Centre, name: str, reason: str, by: Actor, now: datetime) -> tuple[Wallboard, str]:
    """Set up a television and return it with the code to type there within CODE_LASTS.

    Records `change_setting`. Raises NotAllowed, WallboardRefused without a name, ReasonMissing.
    """
    require(by, Action.MANAGE_WALLBOARDS)
    centres = centres_managed(by)
    if centres is not None and centre.id not in centres:
        raise NotAllowed
    name = normal(name)
    if not name or len(name) > LONGEST_NAME:
        raise WallboardRefused(
            f"Vui lòng đặt tên cho tivi, tối đa {LONGEST_NAME} ký tự.", f"Please name the television, {LONGEST_NAME} characters at most.",
            about="name",
        )
    board = Wallboard(centre_id=centre.id, name=name, created_by_id=by.account_id, created_at=now)
    record_setting("wallboard", name, by=by, at=now, centre_id=centre.id, old=None, new={"name": name}, reason=reason)
    db.session.add(board)
    code = _give_code(board, now)
    db.session.flush()
    return board, code


def renew_code(board: Wallboard, *, by: Actor, now: datetime) -> str:
    """Return a new code for a television that is to be paired (again); an earlier pairing holds until then."""
    _require_manager(board, by)
    return _give_code(board, now)


def revoke_wallboard(board: Wallboard, *, reason: str, by: Actor, now: datetime) -> None:
    """Revoke a television; it stops at its next poll. Records `change_setting`. Raises NotAllowed, ReasonMissing."""
    _require_manager(board, by)
    record_setting("wallboard", board.name, by=by, at=now, centre_id=board.centre_id, old={"name": board.name}, new=None, reason=reason)
    board.revoked_at = now
    board.token_digest = board.pairing_digest = None


def pair_wallboard(code: str, *, now: datetime) -> str:
    """Use up a code and return the token the television keeps; an earlier pairing ends.

    Records `change_setting`. Raises WallboardRefused alike for a wrong, used or expired code. The caller counts attempts first
    (casework.rate_limits).
    """
    digits = "".join(sign for sign in code if sign.isascii() and sign.isdigit())
    digest = lookup_digest(digits, purpose=CODE_PURPOSE)
    board = db.session.scalar(select(Wallboard).where(Wallboard.pairing_digest == digest).with_for_update())
    if board is None or board.revoked_at is not None or board.pairing_ends_at is None or now >= board.pairing_ends_at:
        raise WallboardRefused(
            "Mã không đúng hoặc đã hết hạn. Mã chỉ dùng được một lần, trong 10 phút.",
            "The code is wrong or too old. A code can be used once, within 10 minutes.",
            about="code",
        )
    token = secrets.token_urlsafe(32)
    before = {"paired": board.paired_at}
    record_setting(
        "wallboard", board.name, by=SYSTEM, at=now, centre_id=board.centre_id, old=before, new={"paired": now}, reason=PAIRED
    )  # fmt: skip
    board.token_digest = lookup_digest(token, purpose=TOKEN_PURPOSE)
    board.pairing_digest = board.pairing_ends_at = None
    board.paired_at = board.last_seen_at = now
    return token


def wallboard_of_token(token: str) -> Wallboard | None:
    """The television with a token; None once it was revoked or paired anew."""
    query = select(Wallboard).where(Wallboard.token_digest == lookup_digest(token, purpose=TOKEN_PURPOSE), Wallboard.revoked_at.is_(None))
    return db.session.scalar(query.options(joinedload(Wallboard.centre)))


def note_seen(board: Wallboard, *, now: datetime) -> None:
    db.session.execute(update(Wallboard).where(Wallboard.id == board.id).values(last_seen_at=now))


def wants_noting(board: Wallboard, *, now: datetime) -> bool:
    """Whether `last_seen_at` is older than SEEN_EVERY."""
    return board.last_seen_at is None or now - board.last_seen_at >= SEEN_EVERY


def _give_code(board: Wallboard, now: datetime) -> str:
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    board.pairing_digest, board.pairing_ends_at = lookup_digest(code, purpose=CODE_PURPOSE), now + CODE_LASTS
    return code


def _require_manager(board: Wallboard, by: Actor) -> None:
    require(by, Action.MANAGE_WALLBOARDS)
    centres = centres_managed(by)
    if centres is not None and board.centre_id not in centres:
        raise NotAllowed
