"""How a key of a service account is written: `lb1_`, eight signs by which it is found, `_`, a secret of 256 bits, six signs that check it.

The check is a CRC-32 of all before it. It proves nothing; programs that look for keys in code and mail know one by it, and a cut or
mistyped key is told from a wrong one without the database.
"""

import re
import secrets
import string
import zlib
from typing import NamedTuple

from casework.sealing.seal import lookup_digest

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
PREFIX = "lb1"
PUBLIC_SIGNS, SECRET_SIGNS, CHECK_SIGNS = 8, 43, 6
"""43 signs of 62 are 256 bits."""
LONGEST = len(PREFIX) + PUBLIC_SIGNS + SECRET_SIGNS + CHECK_SIGNS + 2
PURPOSE = "key of a service account"

_KEY = re.compile(rf"{PREFIX}_([0-9A-Za-z]{{{PUBLIC_SIGNS}}})_[0-9A-Za-z]{{{SECRET_SIGNS + CHECK_SIGNS}}}")


class NewKey(NamedTuple):
    """A key just made: `text` is shown once and kept nowhere."""

    text: str
    public: str
    digest: str


def new_key() -> NewKey:
    public, secret = _random(PUBLIC_SIGNS), _random(SECRET_SIGNS)
    body = f"{PREFIX}_{public}_{secret}"
    text = body + check_of(body)
    return NewKey(text, public, digest_of(text))


def public_of(text: str) -> str | None:
    """The eight signs by which a key is found; None for what is no key."""
    found = _KEY.fullmatch(text)
    if found is None or check_of(text[:-CHECK_SIGNS]) != text[-CHECK_SIGNS:]:
        return None
    return found[1]


def digest_of(text: str) -> str:
    return lookup_digest(text, purpose=PURPOSE)


def check_of(body: str) -> str:
    number, signs = zlib.crc32(body.encode()), ""
    for _ in range(CHECK_SIGNS):
        number, rest = divmod(number, len(BASE62))
        signs = BASE62[rest] + signs
    return signs


def _random(signs: int) -> str:
    return "".join(secrets.choice(BASE62) for _ in range(signs))
