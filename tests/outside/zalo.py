"""A Zalo of its own, in a process of its own: its permission page, its token endpoint and its message endpoint, with a clock that is set.

It is told what to do by POST /admin with JSON: `life` (seconds of an access token), `ahead` (seconds its clock is ahead of the machine's),
`expires_as` (text or number), `revoke`, and orders, one for each call of the token endpoint:

    hold | hold after rotating             keep the line open for ever, before or after the new pair was made
    hang up | hang up after rotating       cut the line
    500 | html | refuse -14014             answer so
"""
from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.outside import keep

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
TURN = threading.Lock()
APP_ID, APP_SECRET, OA_ID = "4310000000000000001", "app-secret", "1423847451268726170"
CODE_LASTS = 600
REFUSED, REVOKED = -14014, -220


class State:
    """What this Zalo remembers."""

    def __init__(self) -> None:
        self.life, self.ahead, self.expires_as = 3600.0, 0.0, "text"
        self.orders: list[str] = []
        self.numbers: list[int] = []
        self.codes: dict[str, tuple[str, float]] = {}
        self.refresh: set[str] = set()
        self.access: dict[str, float] = {}
        self.calls: list[str] = []

    def now(self) -> float:
        return time.time() + self.ahead

    def pair(self) -> dict[str, Any]:
        access, refresh = token_urlsafe(40), token_urlsafe(40)
        self.access[access] = self.now() + self.life
        self.refresh.add(refresh)
        seconds = int(self.life)
        return {"access_token": access, "refresh_token": refresh, "expires_in": str(seconds) if self.expires_as == "text" else seconds}


STATE = State()


class Zalo(BaseHTTPRequestHandler):
    """The three interfaces."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/admin":
            self._answer({"calls": STATE.calls, "pairs": len(STATE.access), "orders": STATE.orders})
        elif parts.path == "/v4/oa/permission" and asked.get("app_id") == APP_ID:
            code = token_urlsafe(30)
            with TURN:
                STATE.codes[code] = (asked["code_challenge"], STATE.now() + CODE_LASTS)
            back = urlencode({"code": code, "oa_id": OA_ID, "state": asked["state"]})
            self._answer({}, status=302, headers={"Location": f"{asked['redirect_uri']}?{back}"})
        else:
            self._answer({"error": -14003, "error_description": "Invalid redirect uri"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/admin":
            self._told(json.loads(body))
        elif self.path == "/v4/oa/access_token":
            self._token({name: values[0] for name, values in parse_qs(body.decode()).items()})
        else:
            self._message(body)

    def _told(self, told: dict[str, Any]) -> None:
        with TURN:
            if told.pop("revoke", False):
                STATE.access.clear()
                STATE.refresh.clear()
            if told.pop("refuse_access", False):
                STATE.access.clear()
            for name, value in told.items():
                setattr(STATE, name, value)
        self._answer({})

    def _token(self, asked: dict[str, str]) -> None:
        with TURN:
            STATE.calls.append(asked.get("grant_type", ""))
            order = STATE.orders.pop(0) if STATE.orders else ""
        if order in ("hold", "hang up", "500", "html") or order.startswith("refuse"):
            return self._instead(order)
        with TURN:
            answer = self._exchanged(asked)
        if order:
            return self._instead(order)
        return self._answer(answer)

    def _exchanged(self, asked: dict[str, str]) -> dict[str, Any]:
        if self.headers.get("secret_key") != APP_SECRET or asked.get("app_id") != APP_ID:
            return {"error": -14004, "error_description": "Invalid app"}
        if asked.get("grant_type") == "refresh_token" and asked.get("refresh_token") in STATE.refresh:
            STATE.refresh.remove(asked["refresh_token"])
            return STATE.pair()
        challenge, until = STATE.codes.pop(asked.get("code", ""), ("", 0.0))
        digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        if challenge and STATE.now() < until and urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge:
            return STATE.pair()
        return {"error": REFUSED, "error_name": "invalid_grant", "error_description": "no"}

    def _instead(self, order: str) -> None:
        if order.startswith("hold"):
            time.sleep(3600)
        elif order.startswith("hang up"):
            self.close_connection = True
            self.connection.close()
        elif order == "html":
            self._answer(b"<html>Zalo</html>")
        elif order.startswith("refuse"):
            self._answer({"error": int(order.split()[1]), "error_name": "refused"})
        else:
            self._answer({}, status=int(order))

    def _message(self, body: bytes) -> None:
        with TURN:
            until = STATE.access.get(self.headers.get("access_token", ""))
            number = STATE.numbers.pop(0) if STATE.numbers else 0
            if until is None or until <= STATE.now():
                number = REVOKED if until is None else -216
            if number == 0:
                keep(FOLDER, json.dumps({"path": self.path, "headers": dict(self.headers), "body": json.loads(body)}).encode())
        self._answer({"error": number, "message": "…", **({"data": {"msg_id": "z-1"}} if number == 0 else {})})

    def _answer(self, said: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Zalo)
    print(server.server_address[1], flush=True)
    server.serve_forever()
