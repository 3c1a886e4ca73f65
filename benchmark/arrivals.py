"""`langbiang benchmark --arrive N`: N lives a second begin, at random moments, however slow the answers are (an open loop).

`--rate` measures what an installation takes; here people come whether it can take them or not. Each files a report on arrival, and the
steps follow, each as soon as the one before is done. While every hand is busy they wait, and that waiting is part of what is measured;
those still waiting when the arrivals end never started. What was started is then taken to its end, and all of it is looked at again: each
receipt stands for one report, each step was done once, `langbiang verify` finds nothing.
"""

import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from benchmark.figures import Figure, share_below
from benchmark.life import LIFE
from benchmark.pages import PageFailed
from benchmark.patience import PUT_OFF, Ledger, PatientBrowser
from benchmark.rate import MEMORY_EVERY_SECONDS, Script, Walker, growth, staffed
from benchmark.receipts import wrong_receipts
from benchmark.server import free_port, running
from benchmark.sizes import verified
from benchmark.steps import empty_application
from benchmark.surroundings import keep, memory_mb
from benchmark.visitors import HttpBrowser, Notebook, started
from casework.db import db
from web.config import Config
from workflows.models import Incident

LATE_MS = 1000
"""From the moment a request was due; people notice."""
DRAIN_TIMES, DRAIN_LEAST_SECONDS = 5, 300
"""How long what was started may go on after the last arrival: so many times the arrivals' time, and no less than so many seconds."""
LAST_ANSWER_SECONDS = 40
"""For the answers people are waiting for when nobody tries again any more."""
GROWS = 1.10


@dataclass(frozen=True)
class Asked:
    """What is to arrive, and who is there for it."""

    per_second: float
    seconds: int
    hands: int
    servers: int = 1
    seed: int = 1
    more: Mapping[str, str] = field(default_factory=dict)
    """Further settings of the installation."""

    def moments(self) -> list[float]:
        """When the lives begin, in seconds from the first moment: a Poisson process, the same for the same seed."""
        lot, moments, moment = random.Random(self.seed), list[float](), 0.0
        while (moment := moment + lot.expovariate(self.per_second)) < self.seconds:
            moments.append(moment)
        return moments

    @property
    def drain_seconds(self) -> int:
        return max(DRAIN_LEAST_SECONDS, DRAIN_TIMES * self.seconds)


@dataclass
class Lives:
    """What became of those who arrived."""

    arrived: int = 0
    never_started: int = 0
    codes: list[str] = field(default_factory=list)
    """Receipts given."""
    finished: list[str] = field(default_factory=list)
    """Codes of the lives that reached their end."""
    took: list[float] = field(default_factory=list)
    """Their seconds from arrival to end."""
    broken: list[str] = field(default_factory=list)
    """Why a life ended early."""

    @property
    def unfinished(self) -> int:
        return self.arrived - self.never_started - len(self.finished)


@dataclass
class Arrived:
    """The result of a run."""

    figures: list[Figure]
    beside: dict[str, Any]
    faults: list[str]

    def as_json(self) -> dict[str, Any]:
        """Everything, for a file."""
        return {**self.beside, "figures": [{**asdict(each), "met": each.is_met} for each in self.figures], "faults": self.faults}


class Crowd:
    """Hands that take up the lives as they arrive, each one life at a time."""

    def __init__(self, asked: Asked, script: Script, port: int, ledger: Ledger) -> None:
        self.asked, self.script, self.port, self.ledger = asked, script, port, ledger
        self.lives = Lives()
        self._cookies: dict[str, dict[str, str]] = {}
        self._moments = asked.moments()
        self._taken = 0
        self._lock = threading.Lock()
        self.begun = 0.0

    def sign_in(self) -> None:
        """Everybody on the staff signs in once; all hands then work in these sessions."""
        for who in self.script.staff.accounts:
            browser = HttpBrowser("127.0.0.1", self.port, Notebook(), f"benchmark_{who}")
            browser.sign_in()
            browser.close()
            self._cookies[who] = browser.cookies

    def begin(self) -> list[threading.Thread]:
        """From now on lives arrive."""
        self.begun = monotonic()
        self.ledger.give_up_at = self.begun + self.asked.seconds + self.asked.drain_seconds
        self.lives.arrived = len(self._moments)
        return started([self._work] * self.asked.hands)

    def end_arrivals(self) -> None:
        """Nobody is taken up any more who has been waiting until now."""
        with self._lock:
            self.lives.never_started = len(self._moments) - self._taken
            self._taken = len(self._moments)

    def _next(self) -> tuple[int, float] | None:
        with self._lock:
            if self._taken >= len(self._moments):
                return None
            number, self._taken = self._taken, self._taken + 1
            return number, self.begun + self._moments[number]

    def _work(self) -> None:
        guest = PatientBrowser(self.port, self.ledger)
        staff = {who: PatientBrowser(self.port, self.ledger, who, cookies) for who, cookies in self._cookies.items()}
        walker = Walker(self.script, staff)
        while (arrival := self._next()) is not None:
            number, due = arrival
            sleep(max(0.0, due - monotonic()))
            guest.cookies, guest.due = {}, due
            try:
                self._live(walker, guest, f"09{number:08}", due)
            except Exception as fault:  # whatever it is, it is this life's, and is counted
                self._break(str(fault) if isinstance(fault, PageFailed) else f"{type(fault).__name__}: {fault}")
            for browser in (guest, *staff.values()):
                browser.close()

    def _live(self, walker: Walker, guest: PatientBrowser, phone: str, due: float) -> None:
        code = walker.file(guest, phone)
        with self._lock:
            self.lives.codes.append(code)
        case_id = self.script.case_of(code)
        for step in LIFE:
            if monotonic() > self.ledger.give_up_at:
                raise PageFailed(f"out of time before {step.name}")
            walker.take(step, guest, code, case_id)
            if step.who in walker.browsers:
                walker.browsers[step.who].close()          # a hand has one connection, whoever it is at the moment
        with self._lock:
            self.lives.finished.append(code)
            self.lives.took.append(monotonic() - due)

    def _break(self, why: str) -> None:
        with self._lock:
            self.lives.broken.append(why)


def run(asked: Asked, *, database_url: str | None = None, out: Path | None = None, say: Callable[[str], None] = print) -> Arrived:
    """Let lives arrive and return what became of them. Raises BenchmarkRefused for a database in use."""
    with TemporaryDirectory(prefix="langbiang-arrivals-") as folder:
        settings = {"LANGBIANG_DATA": folder, "LANGBIANG_PORT": str(free_port()), "LANGBIANG_PROCESSES": str(asked.servers), **asked.more}
        settings |= {"LANGBIANG_TAKE_BACK_SECONDS": "0", **({"LANGBIANG_DATABASE_URL": database_url} if database_url else {})}
        config = Config.from_environment(settings)
        with empty_application(config) as app:
            told, staff = staffed(app)
            crowd = Crowd(asked, Script(app, staff), config.port, Ledger())
            times, memory = _arrived(crowd, config, settings, say)
            incidents, wrong = _looked_at(app, crowd.lives)
            found = verified(config)
    result = _counted(crowd, memory, incidents, [*wrong, *map(str, found["first"])])
    result.beside |= told | times | {"verify": found["faults"], "asked": {**asdict(asked), "drain_seconds": asked.drain_seconds}}
    if out is not None:
        keep(result.as_json(), out)
    return result


def _arrived(
    crowd: Crowd, config: Config, settings: Mapping[str, str], say: Callable[[str], None]
) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """Arrivals and drain; returns how long each took, and the memory of servers and worker over all of it."""
    asked, memory = crowd.asked, {"servers": list[float](), "worker": list[float]()}
    with ExitStack() as processes:
        server = processes.enter_context(running(settings, "serve", wait_for=config.port))
        worker = processes.enter_context(running(settings, "worker"))
        crowd.sign_in()
        say(f"{asked.per_second:g} lives a second arrive for {asked.seconds} s, {asked.hands} hands …")
        threads = crowd.begin()

        def until(moment: float) -> None:
            while (left := moment - monotonic()) > 0 and any(each.is_alive() for each in threads):
                memory["servers"].append(memory_mb(server))
                memory["worker"].append(memory_mb(worker))
                _joined(threads, min(left, MEMORY_EVERY_SECONDS))

        arrivals_end = crowd.begun + asked.seconds
        until(arrivals_end)
        crowd.end_arrivals()
        say(f"… {crowd.lives.unfinished} are under way and are taken to their end, in {asked.drain_seconds} s at most …")
        until(crowd.ledger.give_up_at)
        drained = monotonic() - arrivals_end
        _joined(threads, LAST_ANSWER_SECONDS)
    return {"drained_after_seconds": round(max(drained, 0.0), 1)}, memory


def _joined(threads: list[threading.Thread], seconds: float) -> None:
    """Wait until all of them have ended, or for so long."""
    end = monotonic() + seconds
    for thread in threads:
        thread.join(timeout=max(0.0, end - monotonic()))


def _looked_at(app: Flask, lives: Lives) -> tuple[int, list[str]]:
    """How many incidents there are, and what is lost or doubled."""
    with app.app_context():
        incidents = db.session.scalar(select(func.count()).select_from(Incident)) or 0
        wrong = wrong_receipts(lives.codes, lives.finished, may_be_more=lives.arrived - lives.never_started - len(lives.codes))
        db.session.remove()
        db.engine.dispose()
    return incidents, wrong


def _counted(crowd: Crowd, memory: dict[str, list[float]], incidents: int, wrong: list[str]) -> Arrived:
    lives, ledger = crowd.lives, crowd.ledger
    failed = Counter(each.status for each in ledger.wishes if each.status >= 400 and each.status != 409)
    figures = [
        Figure("requests that failed", sum(failed.values()), "", 0, len(ledger.wishes)),
        Figure("503 without Retry-After", ledger.put_off["without"], "", 0, ledger.answers[PUT_OFF]),
        Figure("started and not finished", lives.unfinished, "lives", 0, lives.arrived - lives.never_started),
        Figure("lost, doubled or wrong", len(wrong), "", 0, len(lives.codes)),
        Figure("incidents", incidents, "", 0, len(lives.codes)),
        Figure("memory of servers, end to begin", growth(memory["servers"]), "times", GROWS, len(memory["servers"])),
    ]
    times = {}
    for name, kind in (("all", "life "), ("inbox", "life inbox"), ("page", "life page"), ("form sent", "life post")):
        wishes = [each for each in ledger.wishes if each.kind.startswith(kind)]
        times[name] = {
            "requests": len(wishes),
            "late": sum(each.waited_ms > LATE_MS for each in wishes),
            "from_when_due_ms": spread([each.waited_ms for each in wishes]),
            "from_when_sent_ms": spread([each.answered_ms for each in wishes]),
        }
    beside = {
        "lives": {
            "arrived": lives.arrived, "never_started": lives.never_started, "finished": len(lives.finished),
            "unfinished": lives.unfinished, "receipts": len(lives.codes), "seconds": spread(lives.took),
        },
        "answers": dict(sorted(ledger.answers.items())), "failed": dict(failed), "put_off": dict(ledger.put_off),
        "requests_of_a_life": round(len(ledger.wishes) / max(len(lives.finished), 1), 1),
        "tried_again": dict(ledger.led_to), "most_tries": max((each.tries for each in ledger.wishes), default=0),
        "times": times, "memory_mb": memory, "incidents": incidents,
    }  # fmt: skip
    return Arrived(figures, beside, [*wrong, *lives.broken])


def spread(values: list[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile, and the most."""
    shares = {f"p{percent}": share_below(values, percent) or 0.0 for percent in (50, 95, 99)}
    return {**shares, "most": round(max(values, default=0.0), 1)}
