"""Where a list goes on: the ref of the last row, the filters and the account, signed by us and good for a day; no row number is in it."""

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

from itsdangerous import Signer

from web.api.problems import Refused
from web.clock import now
from web.door_keys import known_caller
from web.http.signing_keys import signing_keys

GOOD_FOR = timedelta(days=1)
SALT = "cursor of a list"
LONGEST = 300


def cursor_after(ref: str, rule: str, filters: Mapping[str, Any]) -> str:
    """The cursor of a page that ended with the row `ref`."""
    held = json.dumps([ref, int((now() + GOOD_FOR).timestamp()), _digest(rule, filters)], separators=(",", ":"))
    text = base64.urlsafe_b64encode(held.encode()).decode().rstrip("=")
    return f"{text}.{_signature(text, signing_keys()[-1])}"


def ref_after(cursor: str, rule: str, filters: Mapping[str, Any]) -> str:
    """The ref in a cursor. Raises Refused where it was altered, has run out, or is of other filters or another account."""
    text, _dot, signature = cursor[:LONGEST].partition(".")
    is_ours = [hmac.compare_digest(_signature(text, key).encode(), signature.encode("utf-8", "replace")) for key in signing_keys()]
    if not any(is_ours):
        raise Refused("cursor_invalid")
    ref, until, digest = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    if until < now().timestamp() or digest != _digest(rule, filters):
        raise Refused("cursor_invalid")
    return str(ref)


def _digest(rule: str, filters: Mapping[str, Any]) -> str:
    asked = [known_caller().account.ref, rule, sorted((name, str(value)) for name, value in filters.items())]
    return sha256(json.dumps(asked).encode()).hexdigest()[:24]


def _signature(text: str, key: str) -> str:
    return Signer(key, salt=SALT, key_derivation="hmac", digest_method=sha256).get_signature(text.encode("utf-8", "replace")).decode()
