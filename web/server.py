"""`langbiang serve`: waitress, which buffers slow uploads from the mountains, and ends what it has begun when told to stop."""

import signal
import socket
import time
from collections.abc import Iterable
from types import FrameType
from typing import Any

from flask import Flask
from waitress import create_server, wasyncore
from waitress.channel import HTTPChannel

from web.config import Config
from web.watching.presence import present
from web.worker import start_jobs

LOOP_SECONDS = 0.5
FINISH_SECONDS = 30
"""How long requests in flight may take to end after SIGTERM; systemd and others kill after 90."""

IDLE_SECONDS = 120
CONNECTIONS = 500


class Server:
    """One listening server. `stop` may be called by a signal handler or another thread. `shared` is a socket that listens already."""

    def __init__(self, app: Flask, config: Config, shared: socket.socket | None = None) -> None:
        where: dict[str, Any] = {"sockets": [shared]} if shared is not None else {"listen": listen_address(config)}
        self._waitress = create_server(
            app,
            **where,
            threads=config.threads,
            ident=None,
            connection_limit=CONNECTIONS,
            channel_timeout=IDLE_SECONDS,
            # a little more than the application takes, so that it is the application's page that says "too large"
            max_request_body_size=2 * app.config["MAX_CONTENT_LENGTH"],
            # with https there is a proxy in front, whose headers the application reads (web.security)
            clear_untrusted_proxy_headers=not config.is_secure,
        )
        self._sockets: dict[int, Any] = getattr(self._waitress, "map", None) or self._waitress._map
        self._stopping = False

    def run(self) -> None:
        """Answer requests until stopped, then finish those in flight."""
        while not self._stopping:
            self._turn()
        self._refuse_new()
        deadline = time.monotonic() + FINISH_SECONDS
        while is_any_in_flight(self._sockets.values()) and time.monotonic() < deadline:
            self._turn()
        self._waitress.task_dispatcher.shutdown()
        wasyncore.close_all(self._sockets)

    def stop(self) -> None:
        """Take no new connection and let `run` come to its end."""
        self._stopping = True

    def _turn(self) -> None:
        wasyncore.loop(timeout=LOOP_SECONDS, map=self._sockets, count=1, use_poll=True)

    def _refuse_new(self) -> None:
        for listener in [each for each in self._sockets.values() if getattr(each, "accepting", False)]:
            listener.close()


def serve(app: Flask, config: Config, shared: socket.socket | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C; a second signal ends the process at once. A demonstration runs its jobs in this process too."""
    server = Server(app, config, shared)
    jobs = start_jobs(app, "demo") if config.demo else None

    def stop(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        server.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    if jobs is None:
        with present(app, "server"):
            server.run()
    else:
        server.run()
        jobs.shutdown(wait=True)


def listen_address(config: Config) -> str:
    """Host and port as waitress reads them."""
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"{host}:{config.port}"


def is_any_in_flight(channels: Iterable[object]) -> bool:
    """Whether a request that was received whole has not been answered to its last byte."""
    return any(isinstance(each, HTTPChannel) and bool(each.requests or each.total_outbufs_len) for each in list(channels))
