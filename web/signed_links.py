"""Signed addresses in messages: they open one row by its ref, for whoever holds the message, and need no sign-in.

They are short, for an SMS has room for two dozen words and an address.
"""

import hmac
from hashlib import sha256

from itsdangerous import Signer

from web.http.signing_keys import signing_keys

BETWEEN = "."
"""Stands in no ref and in no signature."""
SIGNS = 16
"""Of the signature: 96 bits, and the ref has as many."""


def signed_ref(ref: str, *, purpose: str) -> str:
    """The token of a row: its ref and our signature."""
    return f"{ref}{BETWEEN}{_signature(ref, purpose, signing_keys()[-1])}"


def ref_in(token: str, *, purpose: str) -> str | None:
    """The ref a token names; None if this installation did not sign it for that purpose."""
    ref, _dot, signature = token.partition(BETWEEN)
    if not ref or not token.isascii():
        return None
    known = [hmac.compare_digest(_signature(ref, purpose, key), signature) for key in signing_keys()]
    return ref if any(known) else None


def _signature(ref: str, purpose: str, key: str) -> str:
    signer = Signer(key, salt=purpose, key_derivation="hmac", digest_method=sha256)
    return signer.get_signature(ref).decode()[:SIGNS]
