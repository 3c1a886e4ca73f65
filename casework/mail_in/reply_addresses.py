"""The reply address of one matter and one person: phanhoi+TOKEN@domain, where the token is 22 random small letters and digits.

Mail servers may change the case of an address, so none counts.
"""

import re

from casework.mail_in.headers import addresses_of
from casework.mail_in.reading import Letter

_TOKEN = re.compile(r"[a-z0-9]{22}")
_ADDRESSED = ("Delivered-To", "X-Original-To", "To", "Cc")


def token_of(letter: Letter, *, mailbox: str) -> str | None:
    """The token a letter was sent to, or None. `mailbox`: the address without a token, for example phanhoi@xa.gov.vn.

    Letters that name two tokens have none: nothing says which matter they belong to.
    """
    found = tokens_of(letter, mailbox=mailbox)
    return found.pop() if len(found) == 1 else None


def tokens_of(letter: Letter, *, mailbox: str) -> set[str]:
    """Every token a letter was sent to."""
    local, _, domain = mailbox.lower().rpartition("@")
    found = set()
    for address in addresses_of(letter.message, *_ADDRESSED):
        name, _, host = address.rpartition("@")
        base, plus, token = name.partition("+")
        if host == domain and base == local and plus and _TOKEN.fullmatch(token):
            found.add(token)
    return found
