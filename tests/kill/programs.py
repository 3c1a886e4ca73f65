"""What else of an installation can be killed: a worker, and a PostgreSQL with its processes. `killing.py` has the server."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.kill.ports import free_port
from tests.postgres import Cluster

ROOT = Path(__file__).parent.parent.parent
COMMAND = (sys.executable, "-c", "import sys; sys.argv = ['langbiang', 'worker']; from web.cli import main; main()")
END_SECONDS = 60


@dataclass
class Worker:
    """One worker process after another on the same installation."""

    variables: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and leave it to itself while it comes up."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("LANGBIANG_")} | dict(self.variables)
        port = free_port()                                                 # nothing listens there: links in messages want an address
        own = {"LANGBIANG_PORT": str(port), "LANGBIANG_BASE_URL": f"http://127.0.0.1:{port}", **own}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(COMMAND, cwd=ROOT, env=own, stdout=log, stderr=log)

    def kill(self) -> None:
        """SIGKILL, wherever it is."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, as at the end of a day."""
        self._end(signal.SIGTERM)

    def _end(self, by: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(by)
            try:
                self.process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


class Database(Cluster):
    """A PostgreSQL that writes as production does, to be killed in three ways and started again where it does not come back by itself."""

    def __init__(self, ground: Path | None = None) -> None:
        super().__init__(durable=True, ground=ground)

    def kill(self, how: str) -> None:
        """`backend`: one that serves somebody, after which the server throws everybody out and recovers; `postmaster`: the first process
        alone; `power cut`: all of them. Returns when the server takes connections again."""
        server = self.server
        assert server is not None
        victims = {"backend": self._backends()[:1], "postmaster": [server.pid], "power cut": [server.pid, *children(server.pid)]}[how]
        for pid in victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if how == "backend":
            self._await_recovery(victims)
            return
        server.wait()
        self._start_again()

    def has_ended(self) -> bool:
        """Whether it has given up by itself."""
        return self.server is not None and self.server.poll() is not None

    def revive(self) -> None:
        """Start it where it has given up by itself, as a service manager does."""
        if self.has_ended():
            self._start_again()

    def _backends(self) -> list[int]:
        """Those that serve the program; the newest has perhaps just been opened, so the oldest first."""
        assert self.server is not None
        return [pid for pid in children(self.server.pid) if b"postgres: app " in command_line(pid)]

    def _await_recovery(self, victims: Sequence[int]) -> None:
        """On busy processors the victim takes a while to end, and until the server has noticed it takes connections it throws out again."""
        assert self.server is not None
        end = time.monotonic() + END_SECONDS
        while time.monotonic() <= end:
            if not set(victims) & set(children(self.server.pid)):
                with suppress(psycopg.OperationalError):
                    self.connect().close()
                    return
            time.sleep(0.02)
        raise RuntimeError("PostgreSQL did not recover")

    def _start_again(self) -> None:
        """Its children may still be about to notice that the first process is gone; until then it refuses to start, as it should."""
        end = time.monotonic() + END_SECONDS
        while True:
            try:
                self.start()
                return
            except RuntimeError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)


def children(parent: int) -> list[int]:
    """Processes one has started, the oldest first."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    return []


def command_line(pid: int) -> bytes:
    """What a process calls itself; empty when it has gone."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
