"""A server that can be killed and started again, and a line to it that can be cut, for tests of what a telephone does then.

The server is a fork of the test's own process: to start one costs nothing but its memory. Whoever forks has to do so before there are
threads of its own: open it before the browser.
"""
from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import Flask

from casework.db import db
from tests.kill.server import FILE_WRITTEN, announce_files
from web.config import Config
from web.serving.server import Server

PATIENCE = 60
PID_BYTES = 4


class Mortal:
    """One server process after another on the same port, forked off a process that does nothing else."""

    def __init__(self, app: Flask, config: Config) -> None:
        self.port, self.pid = config.port, 0
        self.moments, moments_end = os.pipe()
        told, self._orders = os.pipe()
        self._answers, answer = os.pipe()
        self._parent = os.fork()
        if not self._parent:
            with contextlib.suppress(BaseException):
                os.close(self._orders)
                _obey(app, config, told, answer, moments_end)
            os._exit(0)
        for end in (told, answer, moments_end):
            os.close(end)

    def start(self) -> None:
        """Start one and wait until it listens."""
        os.write(self._orders, b"s")
        self.pid = int.from_bytes(os.read(self._answers, PID_BYTES))
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.02)
        raise RuntimeError("the server does not listen")

    def kill(self) -> None:
        """Nothing is finished, nothing is written any more."""
        os.kill(self.pid, signal.SIGKILL)
        os.write(self._orders, b"w")
        os.read(self._answers, PID_BYTES)
        self.pid = 0

    @contextmanager
    def killed_with_file_written(self) -> Iterator[None]:
        """The same at the moment at which the first file sent from now on lies on the disk and its row is not there."""
        while select.select([self.moments], [], [], 0)[0]:
            os.read(self.moments, 100)
        killer = threading.Thread(target=self._kill_with_file_written)
        killer.start()
        yield
        killer.join()
        assert not self.pid, "nobody sent a file"

    def _kill_with_file_written(self) -> None:
        if select.select([self.moments], [], [], PATIENCE)[0]:
            assert os.read(self.moments, 1) == FILE_WRITTEN
            self.kill()

    def end(self) -> None:
        """No more of them."""
        if self.pid:
            self.kill()
        for end in (self._orders, self._answers, self.moments):
            os.close(end)
        os.waitpid(self._parent, 0)


def _obey(app: Flask, config: Config, told: int, answer: int, moments: int) -> None:
    child = 0
    while order := os.read(told, 1):
        if order == b"w":
            os.waitpid(child, 0)
        elif not (child := os.fork()):
            with app.app_context():
                # the connections are of the process the test runs in
                db.engine.dispose(close=False)
            os.set_blocking(moments, False)
            announce_files(moments)
            Server(app, config).run()
            os._exit(0)
        os.write(answer, child.to_bytes(PID_BYTES))


@dataclass
class Wire:
    """What lies between browser and server. `cut`: nothing goes through; `lost`: what is asked with one of these beginnings arrives,
    and its answer does not; `shut`: it does not even arrive."""

    port: int
    cut: bool = False
    lost: tuple[bytes, ...] = ()
    shut: tuple[bytes, ...] = ()
    seen: list[bytes] = field(default_factory=list)
    _listening: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def run(self) -> None:
        """Take what comes until closed."""
        with contextlib.suppress(OSError):
            while True:
                browser, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=(browser,), daemon=True).start()

    def close(self) -> None:
        self.cut = True
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _carry(self, browser: socket.socket) -> None:
        with browser, contextlib.suppress(OSError):
            if self.cut:
                return
            with socket.create_connection(("127.0.0.1", self.port), 5) as server:
                self._exchange(browser, server)

    def _exchange(self, browser: socket.socket, server: socket.socket) -> None:
        is_lost = False
        while True:
            ready, _, _ = select.select([browser, server], [], [], 0.05)
            if self.cut:
                return
            for one in ready:
                data = one.recv(65536)
                if not data or (one is browser and data.startswith(self.shut or (b"\0",))):
                    return
                if one is server:
                    if is_lost:
                        return
                    browser.sendall(data)
                else:
                    self.seen.append(data[:60])
                    is_lost = is_lost or data.startswith(self.lost or (b"\0",))
                    server.sendall(data)


@contextmanager
def wired(port: int) -> Iterator[Wire]:
    """A line to the server on that port."""
    wire = Wire(port)
    thread = threading.Thread(target=wire.run, daemon=True)
    thread.start()
    try:
        yield wire
    finally:
        wire.close()
        thread.join(5)
