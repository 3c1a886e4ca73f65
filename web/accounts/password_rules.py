"""Hashing and judging passwords: Argon2id at OWASP's minimum cost, about 20 ms, so that a morning's two hundred sign-ins get through."""

import re
import secrets
import unicodedata
from collections.abc import Container, Iterable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import gettext as _

from casework.text import fold, index_words

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
START_HASHER = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
"""For start passwords, which are random: thousands are made at once, and each is hashed at full cost when it is changed."""
START_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
START_GROUPS, START_GROUP = 3, 4
SHORTEST, LONGEST = 8, 200
_LETTERS = re.compile(r"[^a-z0-9]")
OUR_WORDS = ("langbiang", "lang biang", "phan anh", "phan anh hien truong", "password", "mat khau", "admin", "ubnd")
"""Words of this product, which an attacker would try here first."""
LEFT = 4
"""Characters a password must have apart from digits and locally guessable words (ASVS 5.0, 6.2.11)."""


def hash_password(password: str) -> str:
    """Slow on purpose: never call it inside a unit of work, which others wait for."""
    return HASHER.hash(_same(password))


def new_start_password() -> tuple[str, str]:
    """A start password and its hash: 12 random characters out of 31 (59 bits), in groups that can be read out over the telephone."""
    groups = ("".join(secrets.choice(START_ALPHABET) for _ in range(START_GROUP)) for _ in range(START_GROUPS))
    password = "-".join(groups)
    return password, START_HASHER.hash(password)


def check_password(password: str, kept: str | None) -> bool:
    """Compare a password with its hash. Without a hash (no such account) it takes equally long and is wrong."""
    try:
        HASHER.verify(kept or _hash_of_nobody(), _same(password))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether the hash was made at another cost and should be renewed at the next sign-in."""
    return HASHER.check_needs_rehash(kept)


def weakness_of(password: str, *, about: Iterable[str] = (), lists: Iterable[Container[str]] = ()) -> str:
    """Why a password is refused, in the reader's language; else empty. Forms check the length, and nothing else is required of it: no
    capitals, digits or special characters (NIST SP 800-63B).

    `about` are names the person or place is known by; `lists` hold stolen or common passwords.
    """
    if len(set(password)) < 3:
        return str(_("This password is too easy to guess: it repeats one or two signs."))
    if _is_made_of(password, (*OUR_WORDS, *about)):
        return str(_("This password is too easy to guess: it is made of a name and digits. A short sentence is better."))
    if any(password in each for each in lists):
        return str(_("This password is known: it is among those used most, or was stolen somewhere and published. Please choose another."))
    return ""


def _is_made_of(password: str, about: Iterable[str]) -> bool:
    """Whether little is left of a password once digits and the words of the names are taken out."""
    rest = _LETTERS.sub("", fold(password).replace(" ", ""))
    words = {word for text in about for word in (index_words(text).replace(" ", ""), *index_words(text).split())}
    found = False
    for word in sorted((word for word in words if len(word) >= 3 and not word.isdigit()), key=len, reverse=True):
        found, rest = found or word in rest, rest.replace(word, "")
    digits = {"".join(sign for sign in text if sign.isdigit())[-9:] for text in about}
    typed = "".join(sign for sign in password if sign.isdigit())
    found = found or any(len(each) >= 8 and each in typed for each in digits)
    return found and len([sign for sign in rest if not sign.isdigit()]) < LEFT


def _same(password: str) -> str:
    """Normalise accented letters, which some keyboards send as two characters."""
    return unicodedata.normalize("NFC", password)[:LONGEST]


@cache
def _hash_of_nobody() -> str:
    return HASHER.hash("nobody has this password")
