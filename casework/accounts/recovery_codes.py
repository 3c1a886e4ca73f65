"""Recovery codes: ten on paper for the day the telephone is lost, each valid once; a new set replaces the old one."""

import secrets
import unicodedata
from datetime import datetime

from sqlalchemy import delete, func, select, update

from casework.db import db
from casework.models import RecoveryCode
from casework.sealing.seal import SECRET_ALPHABET, lookup_digest

NUMBER, LENGTH, GROUP = 10, 10, 5
"""Ten of 31 characters are 49 bits: nobody guesses one within the attempts allowed."""


def new_codes(account_id: int, *, now: datetime) -> list[str]:
    """Make a set, replacing the earlier one; only keyed digests are stored."""
    drop_codes(account_id)
    codes = ["".join(secrets.choice(SECRET_ALPHABET) for _sign in range(LENGTH)) for _code in range(NUMBER)]
    db.session.add_all(RecoveryCode(account_id=account_id, code_digest=_digest(account_id, code), created_at=now) for code in codes)
    return [f"{code[:GROUP]}-{code[GROUP:]}" for code in codes]


def take_recovery_code(account_id: int, typed: str, *, now: datetime) -> bool:
    """Whether the code is an unused one of the set. A single statement decides, so that it opens one session only, however often it is
    sent at once."""
    signs = "".join(sign for sign in unicodedata.normalize("NFKC", typed).upper() if sign in SECRET_ALPHABET)
    used = update(RecoveryCode).where(
        RecoveryCode.account_id == account_id, RecoveryCode.code_digest == _digest(account_id, signs), RecoveryCode.used_at.is_(None)
    )
    result = db.session.execute(used.values(used_at=now), execution_options={"synchronize_session": False})
    return bool(result.rowcount)  # type: ignore[attr-defined]


def codes_left(account_id: int) -> int:
    query = select(func.count(RecoveryCode.id)).where(RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))
    return db.session.scalar(query) or 0


def drop_codes(account_id: int) -> None:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))


def _digest(account_id: int, signs: str) -> str:
    return lookup_digest(f"{account_id} {signs}", purpose="recovery code")
