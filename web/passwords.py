"""Passwords: Argon2id at the cost OWASP gives as least, about 20 ms, so that a morning's two hundred sign-ins get through."""

import secrets
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
START_HASHER = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
"""Of start passwords, which are random: thousands are made at once, and each is hashed at the full cost when it is changed."""
START_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
START_GROUPS, START_GROUP = 3, 4
SHORTEST, LONGEST = 8, 200
COMMON = frozenset(
    {"12345678", "123456789", "1234567890", "0123456789", "87654321", "password", "password1", "matkhau123", "iloveyou", "qwertyui"}
)


def hash_password(password: str) -> str:
    """The hash that is kept. Slow on purpose: never inside a unit of work, which others wait for."""
    return HASHER.hash(_same(password))


def new_start_password() -> tuple[str, str]:
    """A password to begin with and its hash: 12 random signs of 31 are 59 bits, in groups that can be read over the telephone."""
    groups = ("".join(secrets.choice(START_ALPHABET) for _ in range(START_GROUP)) for _ in range(START_GROUPS))
    password = "-".join(groups)
    return password, START_HASHER.hash(password)


def check_password(password: str, kept: str | None) -> bool:
    """Whether the password is the right one. Without a kept hash (no such account) it costs the same time, and is wrong."""
    try:
        HASHER.verify(kept or _hash_of_nobody(), _same(password))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether the hash was made at another cost and is to be made anew at the next sign-in."""
    return HASHER.check_needs_rehash(kept)


def is_too_common(password: str) -> bool:
    """Whether everybody would try this one first: in the short list, or one sign repeated."""
    return password.lower() in COMMON or len(set(password)) < 3


def _same(password: str) -> str:
    """One form of accented letters, which keyboards send in two."""
    return unicodedata.normalize("NFC", password)[:LONGEST]


@cache
def _hash_of_nobody() -> str:
    return HASHER.hash("nobody has this password")
