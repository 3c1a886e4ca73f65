"""Zalo's permission for an Official Account (OAuth v4, authorisation code with PKCE): where the browser is sent, and its token endpoint.

    POST …/access_token   secret_key: LANGBIANG_ZALO_APP_SECRET   (form) app_id, grant_type, and code + code_verifier, or refresh_token
    answer: 200 {"access_token": "…", "refresh_token": "…", "expires_in": "90000"}; a refusal is 200 {"error": <negative>, …}
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from casework.messages.http_client import Answer, CallFailed, Door
from casework.zalo.renewal import CALL_SECONDS, RenewalRefused, RenewalUnanswered
from casework.zalo.tokens import Tokens
from web.gateways.http import read_json

LONGEST_TOKEN = 4_000
LONGEST_LIFE = 366 * 86_400
"""Seconds."""
SECONDS = re.compile("[0-9]{1,9}")


@dataclass(frozen=True)
class ZaloApp:
    """The app of an Official Account. `centre`: the first part of the codes of the centre the account belongs to."""

    oa_id: str
    app_id: str
    secret: str
    centre: str
    address: str

    def __repr__(self) -> str:
        return f"ZaloApp({self.oa_id})"


class ZaloOauth:
    """Asks Zalo for tokens."""

    def __init__(self, app: ZaloApp, door: Door) -> None:
        self.app = app
        self._door = door.and_to(app.address)

    def permission_url(self, *, redirect_uri: str, state: str, challenge: str) -> str:
        """Where the browser of the account's administrator is sent."""
        asked = {"app_id": self.app.app_id, "redirect_uri": redirect_uri, "code_challenge": challenge, "state": state}
        return f"{self.app.address}/permission?{urlencode(asked)}"

    def by_code(self, code: str, verifier: str) -> Tokens:
        """The first pair after a consent. Raises RenewalRefused, RenewalUnanswered."""
        return self._asked({"grant_type": "authorization_code", "code": code, "code_verifier": verifier})

    def renewed(self, refresh_token: str) -> Tokens:
        """The next pair. Raises RenewalRefused, RenewalUnanswered."""
        return self._asked({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def _asked(self, fields: Mapping[str, str]) -> Tokens:
        content = urlencode({"app_id": self.app.app_id, **fields}).encode("ascii")
        headers = {"Content-Type": "application/x-www-form-urlencoded", "secret_key": self.app.secret}
        url = f"{self.app.address}/access_token"
        try:
            answer = self._door.call("POST", url, content=content, headers=headers, seconds=CALL_SECONDS)
        except CallFailed as failure:
            raise RenewalUnanswered(str(failure)) from None
        return _tokens_in(answer)


def _tokens_in(answer: Answer) -> Tokens:
    """Whatever is neither a pair nor a refusal is no answer: an error page with status 200 as well."""
    said = read_json(answer)
    error = said.get("error")
    if answer.has_succeeded and isinstance(error, int) and error < 0:
        raise RenewalRefused(f"Zalo OAuth {error}")
    tokens = [said.get(name) for name in ("access_token", "refresh_token")]
    seconds = _seconds(said.get("expires_in"))
    if not answer.has_succeeded or seconds is None or not all(map(_is_token, tokens)):
        raise RenewalUnanswered(f"HTTP {answer.status}")
    return Tokens(str(tokens[0]), str(tokens[1]), timedelta(seconds=seconds))


def _is_token(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TOKEN and value.isascii() and value.isprintable()


def _seconds(value: Any) -> int | None:
    """Zalo writes the number as text."""
    text = str(value) if isinstance(value, int | str) else ""
    return int(text) if SECONDS.fullmatch(text) and 0 < int(text) <= LONGEST_LIFE else None
