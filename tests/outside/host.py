"""A host application of its own, "Lạc Dương Smart": it signs who its person is with a key of its own and sends their web view on.

Says its port on the first line, its public key (PEM in one line of JSON) on the second.

    GET /open?at=<our address>&phone=…&name=…&next=…    asks for a ticket as a server does, then redirects the web view to it
"""
from __future__ import annotations

import json
import secrets
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jws
from joserfc.jwk import ECKey

KEY = ec.generate_private_key(ec.SECP256R1())
SIGNING = ECKey.import_key(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


class Host(BaseHTTPRequestHandler):
    """Where the person presses on "Phản ánh" among thirteen modules."""

    def do_GET(self) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        issued = int(time.time())
        claims = {"iss": "lac-duong-smart", "aud": asked["at"], "sub": "cong-dan-1", "phone": asked["phone"], "name": asked["name"],
                  "next": asked["next"], "iat": issued, "exp": issued + 60, "jti": secrets.token_hex(16)}
        token = jws.serialize_compact({"alg": "ES256"}, json.dumps(claims).encode(), SIGNING)
        request = Request(f"{asked['at']}/hand-over/tickets", token.encode(), {"Content-Type": "application/jose"})
        with urlopen(request, timeout=20) as answer:
            target = json.load(answer)["url"]
        self.send_response(302)
        self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    print(server.server_address[1], flush=True)
    print(json.dumps(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()), flush=True)
    server.serve_forever()
