"""What lies between the program and a server outside, and does with it as it is told: a line of bytes, and a proxy that speaks HTTP."""
from __future__ import annotations

import http.client
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SLOW_SECONDS = 1.5
"""Before each answer, or piece of one, of a server that is slow."""


class BadLine:
    """Passes bytes on both ways. `mode`: pass, slow, mute (takes connections and says nothing), cut (after 40 bytes of an answer), down."""

    def __init__(self, port: int) -> None:
        self.mode = "pass"
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self.mode == "down":
                near.close()
            elif self.mode != "mute":
                with suppress(OSError):
                    far = socket.create_connection(self._target)
                    threading.Thread(target=self._pump, args=(near, far, False), daemon=True).start()
                    threading.Thread(target=self._pump, args=(far, near, True), daemon=True).start()
            else:
                threading.Timer(60, near.close).start()

    def _pump(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        passed = 0
        with suppress(OSError):
            while data := source.recv(65_536):
                if is_answer and self.mode == "slow":
                    time.sleep(SLOW_SECONDS)
                if is_answer and self.mode == "cut":
                    target.sendall(data[: max(40 - passed, 0)])
                    break
                target.sendall(data)
                passed += len(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class LyingStorage:
    """A proxy in front of a storage. `mode`: pass, slow, down (hangs up), 500, half (cuts what is read in the middle), wrong bytes (in what
    is read), forgets (says that it has stored what it throws away)."""

    def __init__(self, host: str, port: int) -> None:
        self.mode = "pass"
        self.met = 0
        """Requests that met something else than a storage."""
        outer = self

        class Handler(_Handler):
            lying, target = outer, (host, port)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Take no more requests."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lying: LyingStorage
    target: tuple[str, int]

    def _pass_on(self) -> None:
        mode = self.lying.mode
        self.lying.met += mode != "pass"
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if mode == "down":
            self.close_connection = True
            return
        if mode == "slow":
            time.sleep(SLOW_SECONDS)
        if mode == "500" or (mode == "forgets" and self.command == "PUT"):
            self._answer(500 if mode == "500" else 200, [("ETag", '"d41d8cd98f00b204e9800998ecf8427e"')], b"")
            return
        connection = http.client.HTTPConnection(*self.target, timeout=30)
        try:
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            data = answer.read()
        except OSError:
            self.close_connection = True
            return
        finally:
            connection.close()
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in ("transfer-encoding", "connection", "date")]
        if mode == "wrong bytes" and self.command == "GET" and len(data) > 200:
            data = data[:100] + bytes(each ^ 0x55 for each in data[100:150]) + data[150:]
        self._answer(answer.status, headers, data, half=mode == "half" and self.command == "GET")


    def _answer(self, status: int, headers: list[tuple[str, str]], data: bytes, *, half: bool = False) -> None:
        self.send_response_only(status)
        lengths = [value for name, value in headers if name.lower() == "content-length"]
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", lengths[0] if self.command == "HEAD" and lengths else str(len(data)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(data[: len(data) // 2] if half else data)
        if half:
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


for verb in ("GET", "PUT", "HEAD", "DELETE", "POST"):
    setattr(_Handler, f"do_{verb}", _Handler._pass_on)
