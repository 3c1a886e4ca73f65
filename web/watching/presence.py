"""Marks running processes: each has a row, updated every minute in a thread of its own and ended with the process."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path

from flask import Flask

import migrations
from casework.db import db, unit_of_work
from casework.upkeep.server_processes import SEEN_EVERY, Heartbeat, ahead_of_database, begin_process, end_process, see_process
from web.clock import now
from web.request_log import LOGGER, failure_facts, slow_queries

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Presence:
    def __init__(self, app: Flask, kind: str) -> None:
        self.app, self.kind = app, kind
        self.host, self.pid = socket.gethostname(), os.getpid()
        self.id = 0

    @property
    def label(self) -> str:
        """The process's name for people."""
        return f"{self.host} #{self.pid}"

    def begin(self) -> None:
        """Record the start. Lets database errors through."""
        with self.app.app_context(), unit_of_work():
            schema = migrations.newest_revision() or ""
            self.id = begin_process(self.kind, host=self.host, pid=self.pid, version=program_version(), schema=schema, now=now())

    def say(self) -> None:
        """Update the row in the caller's unit of work."""
        see_process(self.id, Heartbeat(slow_queries(), resident_bytes(), ahead_of_database(datetime.now(UTC))), now=now())

    def end(self) -> None:
        """Record the end; where the database is away, the process is seen to be gone after some minutes."""
        try:
            with self.app.app_context(), unit_of_work():
                end_process(self.id, now=now())
        except Exception as error:
            LOGGER.warning("process not ended in the database", extra=failure_facts(error))


@contextmanager
def present(app: Flask, kind: str) -> Iterator[None]:
    """Update the row every minute while the block runs. A database that is away does not end it."""
    presence, stopped = Presence(app, kind), threading.Event()
    thread = threading.Thread(target=_keep_saying, args=(presence, stopped), name="presence", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(timeout=5)
        if presence.id:
            presence.end()


def announce(app: Flask) -> None:
    """For servers that fork after making the application: each process records its start with its first request."""
    known: set[int] = set()
    guard = threading.Lock()

    def begin() -> None:
        if os.getpid() not in known:
            with guard:
                is_new = os.getpid() not in known
                known.add(os.getpid())
            if is_new:
                args = (Presence(app, "server"), threading.Event())
                threading.Thread(target=_keep_saying, args=args, name="presence", daemon=True).start()

    app.before_request(begin)


def _keep_saying(presence: Presence, stopped: threading.Event) -> None:
    while True:
        try:
            if not presence.id:
                presence.begin()
            with presence.app.app_context():
                with unit_of_work():
                    presence.say()
                db.session.remove()
        except Exception as error:
            LOGGER.warning("process not seen", extra=failure_facts(error))
        if stopped.wait(SEEN_EVERY / timedelta(seconds=1)):
            return


def program_version() -> str:
    """The version of the program, `checkout` where it is not installed."""
    try:
        return metadata.version("langbiang")
    except metadata.PackageNotFoundError:
        return "checkout"


def resident_bytes() -> int:
    """The memory of this process; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return 0
