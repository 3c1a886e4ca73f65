"""A gateway of its own for SMS, Zalo and push: the standard library's HTTP server, on a port it says on its first line."""
from __future__ import annotations

import base64
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.outside import keep, next_order

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
TURN = threading.Lock()


class Gateway(BaseHTTPRequestHandler):
    """Takes whatever is posted."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with TURN:
            order = next_order(FOLDER)
            if order == "hang up":
                self.close_connection = True
                self.connection.close()
                return
            if not order or order == "hold" or order.startswith("zns"):
                keep(FOLDER, json.dumps({"path": self.path, "headers": dict(self.headers), "body": self._read(body)}).encode())
        if order == "hold":
            time.sleep(3600)
        code, _, after = order.partition(" ")
        error = int(after) if code == "zns" else 0
        self.send_response(int(code) if code.isdigit() else 201 if self.path.startswith("/push") else 200)
        if after and code != "zns":
            self.send_header("Retry-After", after)
        answer = json.dumps({"id": "g-1", "error": error, "data": {"msg_id": "z-1"}}).encode()
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _read(self, body: bytes) -> Any:
        try:
            return json.loads(body)
        except ValueError:
            return base64.b64encode(body).decode()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    print(server.server_address[1], flush=True)
    server.serve_forever()
