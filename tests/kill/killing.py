"""The one with the rifle: starts the server, kills it at drawn instants while people work, and starts it again."""
from __future__ import annotations

import itertools
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.kill.journal import acts_told
from tests.kill.people import WORK, Citizen, Person, Staff, Surroundings
from tests.kill.ports import free_port
from tests.kill.server import ABOUT_TO_COMMIT, FILE_WRITTEN

ROOT = Path(__file__).parent.parent.parent
SERVE = "import sys; sys.argv = ['langbiang', 'serve']; from web.cli import main; main()"
READY_SECONDS = 120
BETWEEN = (0.8, 2.5)
"""Seconds of work between the server's start and the next kill, drawn evenly."""

AFTERWARDS = 300
EVERYTHING = {"file_report", "rate", *WORK}

PATIENT = 60
"""Seconds the killer waits for the moment it has chosen; then any request on its way will do."""

AIMS: Mapping[str, bytes | None] = {
    "between file and commit": FILE_WRITTEN, "just before the commit": ABOUT_TO_COMMIT, "in a request": None, "at any instant": b"",
}
"""What is aimed at, in turn: a moment the server announces, a request on its way, or nothing at all."""


@dataclass
class Kill:
    """One kill: what it was aimed at, whether it hit that, and how many requests were on their way."""

    aim: str
    hit: bool
    in_flight: int


@dataclass
class Server:
    """One server process after another on the same installation and port."""

    variables: Mapping[str, str]
    log: Path
    arguments: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    moments: int = -1
    announces: bool = True
    """Whether it says when it is at a moment at which a kill would hurt most; it is slower for that."""

    @property
    def address(self) -> str:
        """Where it is reached."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers. Raises RuntimeError with the end of its log."""
        self.launch()
        self.await_answer()

    def launch(self) -> None:
        """Start it, and leave it to itself while it comes up."""
        self.moments, write_end = os.pipe()
        own = {name: value for name, value in os.environ.items() if not name.startswith("LANGBIANG_")}
        environment = own | dict(self.variables) | {"LANGBIANG_PORT": str(self.port), "LANGBIANG_BASE_URL": self.address}
        with self.log.open("ab") as log:
            program = ["-m", "tests.kill.server", str(write_end), *self.arguments] if self.announces else ["-c", SERVE]
            self.process = subprocess.Popen([sys.executable, *program], cwd=ROOT, env=environment, pass_fds=[write_end],
                                            stdout=log, stderr=log)
        os.close(write_end)

    def await_answer(self) -> None:
        """Wait until it answers. Raises RuntimeError with the end of its log."""
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end and self.process is not None and self.process.poll() is None:
            try:
                # nothing is encrypted here, and reading the certificates anew for each try cost more than what is asked
                if httpx.get(f"{self.address}/healthz", timeout=5, verify=False).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise RuntimeError(f"the server did not start: {self.log.read_text(encoding='utf-8', errors='replace')[-2000:]}")

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is written any more."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, as at the end of a day."""
        self._end(signal.SIGTERM)

    def _end(self, by: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(by)
            self.process.wait(READY_SECONDS)
            os.close(self.moments)
            self.process = None


def work_and_kill(server: Server, staff: list[str], password: str, *, citizens: int, kills: int, seed: int, folder: Path,
                  aims: Sequence[str] = tuple(AIMS), afterwards: float = AFTERWARDS) -> dict[str, Any]:
    """Let everybody work while the server is killed so many times; afterwards all acts begun are brought to their end.

    The first kill comes when work is under way. The work goes on after the last one until each kind of act has been told of,
    at most `afterwards` seconds. Journals lie in `folder`. Returns what was done; `complaints` are answers nobody should get.
    """
    folder.mkdir(parents=True, exist_ok=True)
    server.start()
    around = Surroundings(server.address, folder)
    people: list[Person] = [Citizen(f"citizen_{number}", around, seed) for number in range(1, citizens + 1)]
    Staff.password = password
    people += [Staff(login, around, seed) for login in staff]
    for person in people:
        person.start()
    try:
        let_work(folder, {"file_report", "verify"}, AFTERWARDS)
        done = list(_kills(server, around, itertools.islice(itertools.cycle(aims), kills), random.Random(seed)))
        let_work(folder, EVERYTHING, afterwards)
    finally:
        around.stop.set()
        for person in people:
            person.join(READY_SECONDS * 2)
        server.stop()
    around.complaints += [f"{person.name} is still at it" for person in people if person.is_alive()]
    return {"kills": [asdict(kill) for kill in done], "people": len(people), "requests_cut_off": around.traffic.cut_off,
            "complaints": around.complaints}


def let_work(folder: Path, acts: set[str], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not set(acts_told(folder)) >= acts:
        time.sleep(0.3)


def _kills(server: Server, around: Surroundings, aims: Iterator[str], lot: random.Random) -> Iterator[Kill]:
    for aim in aims:
        listen(server, lot.uniform(*BETWEEN), None)
        hit = wait_for(server, around, AIMS[aim])
        in_flight = around.traffic.in_flight
        server.kill()
        yield Kill(aim, hit, in_flight)
        server.start()


def wait_for(server: Server, around: Surroundings, moment: bytes | None) -> bool:
    """Wait for the moment aimed at; returns at once where nothing is aimed at. False when it did not come."""
    if moment == b"":
        return True
    if moment is not None:
        return listen(server, PATIENT, moment)
    end = time.monotonic() + PATIENT
    while time.monotonic() < end:
        if around.traffic.in_flight:
            return True
        time.sleep(0.0005)
    return False


def listen(server: Server, seconds: float, moment: bytes | None) -> bool:
    """Read what the server announces until the moment comes (True) or the time is over."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        readable, _, _ = select.select([server.moments], [], [], left)
        if not readable:
            break
        told = os.read(server.moments, 4096)
        if not told:                                                       # the server has ended by itself
            time.sleep(min(left, 0.1))
        elif moment is not None and told[-1:] == moment:                   # the last byte: earlier moments are over already
            return True
    return False
