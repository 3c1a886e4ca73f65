"""`langbiang serve`: waitress, which buffers slow uploads from the mountains and finishes requests when told to stop."""

import logging
import signal
import socket
import time
from types import FrameType
from typing import Any

from flask import Flask
from waitress import create_server, wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.utilities import queue_logger

from web.config import Config
from web.http.overload import WAITED
from web.watching.presence import present

LOOP_SECONDS = 0.5
FINISH_SECONDS = 30
"""How long requests in flight may take to end after SIGTERM; systemd and others kill after 90."""

LAST_CALL_SECONDS = 1
"""How long a recently used connection stays open after SIGTERM for a request a proxy may already be sending."""

IDLE_SECONDS = 120
CONNECTIONS, SPARE = 500, 20
"""How many connections a process holds. When so few are left, those that were idle longest are closed, so that newcomers get in."""


class Request(HTTPRequestParser):
    """A request that knows when it had arrived completely."""

    arrived_at = 0.0

    def received(self, data: bytes) -> int:
        taken: int = super().received(data)
        if self.completed and not self.arrived_at:
            self.arrived_at = time.monotonic()
        return taken


class Channel(HTTPChannel):
    """A connection. Once its server stops, each response is marked as the last, so that a proxy goes elsewhere afterwards."""

    parser_class = Request
    is_last = False

    def service(self) -> None:
        if self.is_last and self.requests:
            self.requests[0].headers["CONNECTION"] = "close"
        if self.requests:
            WAITED.set(time.monotonic() - self.requests[0].arrived_at)
        super().service()

    def is_in_flight(self) -> bool:
        """Whether a request has at least partly arrived and not been answered completely."""
        return bool(self.requests or self.request or self.total_outbufs_len)


class Server:
    """One listening server. `stop` may be called by a signal handler or another thread. `shared` is an already listening socket."""

    def __init__(self, app: Flask, config: Config, shared: socket.socket | None = None) -> None:
        where: dict[str, Any] = {"sockets": [shared]} if shared is not None else {"listen": listen_address(config)}
        self._waitress = create_server(
            app,
            **where,
            threads=config.threads,
            ident=None,
            connection_limit=CONNECTIONS,
            channel_timeout=IDLE_SECONDS,
            # a little more than the application accepts, so that the application's own page says "too large"
            max_request_body_size=2 * app.config["MAX_CONTENT_LENGTH"],
            # with https there is a proxy in front, whose headers the application reads (web.http.security)
            clear_untrusted_proxy_headers=not config.is_secure,
        )
        self._sockets: dict[int, Any] = getattr(self._waitress, "map", None) or self._waitress._map
        for listener in self._listeners():
            listener.channel_class = Channel
        self._stopping = False
        self._look_for_room_at = 0.0
        queue_logger.setLevel(logging.ERROR)               # it warns of each request that waits for a thread

    def run(self) -> None:
        """Answer requests until stopped, then finish those in flight."""
        while not self._stopping:
            self._turn()
        for listener in self._listeners():
            listener.close()
        deadline = time.monotonic() + FINISH_SECONDS
        while self._is_one_needed() and time.monotonic() < deadline:
            self._turn()
        self._waitress.task_dispatcher.shutdown()
        wasyncore.close_all(self._sockets)

    def stop(self) -> None:
        """Accept no new connections and let `run` finish."""
        self._stopping = True

    def _turn(self) -> None:
        wasyncore.loop(timeout=LOOP_SECONDS, map=self._sockets, count=1, use_poll=True)
        if len(self._sockets) >= CONNECTIONS - SPARE and time.monotonic() >= self._look_for_room_at:
            self._look_for_room_at = time.monotonic() + LOOP_SECONDS
            self._make_room()

    def _make_room(self) -> None:
        """Close the connections that have been idle longest, but none a browser may be using at this moment."""
        until = time.time() - LAST_CALL_SECONDS
        idle = [each for each in self._channels() if not each.is_in_flight() and each.last_activity < until]
        for each in sorted(idle, key=lambda each: each.last_activity)[: 2 * SPARE]:
            each.will_close = True

    def _listeners(self) -> list[Any]:
        return [each for each in self._sockets.values() if getattr(each, "accepting", False)]

    def _channels(self) -> list[Channel]:
        return [each for each in self._sockets.values() if isinstance(each, Channel)]

    def _is_one_needed(self) -> bool:
        """Whether a request is in flight, or may be on its way on a connection used a moment ago."""
        channels = self._channels()
        for each in channels:
            each.is_last = True
        return any(each.is_in_flight() or time.time() - each.last_activity < LAST_CALL_SECONDS for each in channels)


def serve(app: Flask, config: Config, shared: socket.socket | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C; a second signal ends the process at once. A demonstration also runs its jobs in this process."""
    server, jobs = Server(app, config, shared), None
    if config.demo:
        from web.jobs.worker import start_jobs  # late: docs/architecture.md

        jobs = start_jobs(app, "demo")

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
    """Host and port in waitress' format."""
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"{host}:{config.port}"
