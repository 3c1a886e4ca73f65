"""A provider of OpenID Connect of its own: it checks client, redirect address and PKCE, gives each code once, and signs as it is ordered.

Says its port on the first line. The orders (tests.outside) are lines of JSON, one for each token it is asked for:

    {"claims": {…}}      say this beside or instead of what is true; null leaves a claim out
    {"alg": "none"} {"alg": "HS256"} {"alg": "RS384"}    sign so: with nothing, with its public key as a secret, with another algorithm
    {"key": "new"}       sign with a key it publishes from now on
    {"key": "strange"}   sign with a key it never publishes, under the name of its own
    {"hold": true}       do not answer
    {"status": 503}      answer so
    {"as": "sub"}        it is this person
"""
from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from tests.outside import keep, next_order

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
CLIENT, SECRET = "langbiang", "a secret of the client"
CODES: dict[str, dict[str, str]] = {}
KEYS: dict[str, RSAKey | ECKey] = {
    "first": RSAKey.generate_key(2048, {"kid": "first", "use": "sig"}),
    "curve": ECKey.generate_key("P-256", {"kid": "curve", "use": "sig"}),
}
STRANGE = RSAKey.generate_key(2048, {"kid": "first"})


class Provider(BaseHTTPRequestHandler):
    """Whoever comes to it is signed in already, as the person of the next order."""

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/.well-known/openid-configuration":
            places = {f"{name}_endpoint": f"{self.issuer}/{name}" for name in ("authorization", "token")}
            return self._json({"issuer": self.issuer, **places, "jwks_uri": f"{self.issuer}/keys",
                               "authorization_response_iss_parameter_supported": True})
        if parts.path == "/keys":
            keep(FOLDER, b'"keys"')
            return self._json({"keys": [key.as_dict(private=False) for key in KEYS.values()]})
        assert (parts.path, asked["client_id"], asked["code_challenge_method"]) == ("/authorization", CLIENT, "S256")
        code = secrets.token_urlsafe(16)
        CODES[code] = asked
        back = urlencode({"code": code, "state": asked["state"], "iss": self.issuer})
        self.send_response(302)
        self.send_header("Location", f"{asked['redirect_uri']}?{back}")
        self.send_header("Content-Length", "0")
        self.end_headers()
        return None

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        sent = {name: values[0] for name, values in parse_qs(body).items()}
        order: dict[str, Any] = json.loads(next_order(FOLDER) or "{}")
        if order.get("hold"):
            time.sleep(3600)
        if status := order.get("status"):
            return self._json({"message": "not now"}, status)
        asked = CODES.pop(sent.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(sent.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        basic = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        is_right = asked is not None and challenge == asked["code_challenge"] and sent.get("redirect_uri") == asked["redirect_uri"]
        if asked is None or not is_right or self.headers["Authorization"] != basic:
            return self._json({"error": "invalid_grant", "error_description": "Nguyễn Văn An"}, 400)
        now = int(time.time())
        said = {"iss": self.issuer, "aud": CLIENT, "sub": order.get("as", "mai"), "nonce": asked["nonce"], "iat": now, "exp": now + 300,
                **order.get("claims", {})}
        said = {name: value for name, value in said.items() if value is not None}
        return self._json({"access_token": "opaque", "token_type": "Bearer", "id_token": signed(said, order)})

    def _json(self, said: Any, status: int = 200) -> None:
        content = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def signed(said: dict[str, Any], order: dict[str, Any]) -> str:
    """A token as it is ordered."""
    algorithm, name = order.get("alg", "RS256"), order.get("key", "first")
    if algorithm in ("none", "HS256"):
        head = _text({"alg": algorithm, "kid": "first"}) + "." + _text(said)
        secret = KEYS["first"].as_pem(private=False)
        mark = b"" if algorithm == "none" else hmac.new(secret, head.encode(), hashlib.sha256).digest()
        return f"{head}.{base64.urlsafe_b64encode(mark).decode().rstrip('=')}"
    if name == "new":
        KEYS["new"] = KEYS.get("new") or RSAKey.generate_key(2048, {"kid": "new", "use": "sig"})
    key = STRANGE if name == "strange" else KEYS["curve" if algorithm == "ES256" else name]
    return jws.serialize_compact({"alg": algorithm, "kid": key.kid}, json.dumps(said).encode(), key, algorithms=[algorithm])


def _text(said: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    print(server.server_address[1], flush=True)
    server.serve_forever()
