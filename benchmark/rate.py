"""`langbiang benchmark --rate`: whole lives as fast as the installation takes them, over HTTP, with its own server and worker.

Each client files a report as a guest and takes it through all steps of benchmark/life.py: it sends the step's form and opens the page this
leads to; where that is of another case, because others work on the same desks, it opens the page of its own next. Then it starts another
life. With `programs`, the agencies' own systems do a fifth of the acts by REST (benchmark/programs.py). Everything runs on this machine:
database, servers, worker and clients.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from time import monotonic, process_time
from typing import Any, TypeVar

from flask import Flask
from sqlalchemy import func, select

from benchmark.figures import Figure, share_below
from benchmark.life import LIFE, WORDS, LifeStep, Staff, take_on_staff, typed_fields, waiting_ref
from benchmark.pages import PageFailed, Typed, filled
from benchmark.programs import STEPS as BY_PROGRAM
from benchmark.programs import UNLIMITED as UNLIMITED_DOORS
from benchmark.programs import Program, take_on_programs
from benchmark.server import free_port, running
from benchmark.steps import empty_application
from benchmark.surroundings import keep, memory_mb, processor_seconds, surroundings
from benchmark.visitors import LOST_RACE, HttpBrowser, Notebook, started
from casework.db import db, unit_of_work
from casework.models import Assignment, CaseReport, HouseSetting, Report
from web.config import Config
from workflows.models import Incident

WARM_UP_SECONDS = 10
MEMORY_EVERY_SECONDS = 5.0
END_SECONDS = 60
GROWS = 1.10
"""Memory counts as flat if it ends at no more than this multiple of its size after a fifth of the time, when every cache is full."""

AIMS = {False: 5.0, True: 3.0}
"""Lives per second, on PostgreSQL and on SQLite."""
POST_AIM_MS = 300

UNLIMITED = ("reports_an_hour", "reports_a_day_contact", "reports_a_day_device", "own_acts_an_hour", "sign_in_attempts")
"""Settings that would throttle so many requests from one place."""


LED_TO = "life page led to"
"""The page a form leads to. Hands share their desks, so another one may have done that step in this moment; the page then says so."""

ASK_AT_ONCE = 8
"""Clients that look where the next step is, at one moment: the pool of connections has no more."""

T = TypeVar("T")


@dataclass
class Rate:
    """The result of a run."""

    figures: list[Figure]
    beside: dict[str, Any]
    faults: list[str]

    def as_json(self) -> dict[str, Any]:
        """Everything, for a file."""
        figures = [{**asdict(each), "met": each.is_met} for each in self.figures]
        return {**self.beside, "figures": figures, "faults": self.faults}


class Script:
    """What people type at each step, and where the steps of a case are; that is asked of the database, not over HTTP."""

    def __init__(self, app: Flask, staff: Staff, keys: Mapping[int, tuple[str, str]] | None = None) -> None:
        self.app, self.staff, self.keys = app, staff, keys or {}
        self._asking = threading.Semaphore(ASK_AT_ONCE)
        with app.app_context():
            self.typed = {step.name: typed_fields(step, staff) for step in LIFE}
            self.area = typed_fields(LifeStep("", "classify", ""), staff)["area"]
            db.session.remove()

    def case_of(self, code: str) -> int:
        """The case of a report."""
        query = select(CaseReport.case_id).join(Report, Report.id == CaseReport.report_id).where(Report.code == code)
        return self._asked(lambda: db.session.scalars(query).one())

    def path_of(self, step: LifeStep, case_id: int) -> str:
        """The page of a waiting step."""
        return f"/tasks/{self._asked(lambda: waiting_ref(step, self.staff, case_id))}"

    def assignment_of(self, agency: int, case_id: int) -> str:
        """The ref of an agency's work on a case."""
        query = select(Assignment.ref).where(Assignment.case_id == case_id, Assignment.agency_id == self.staff.agency_ids[agency])
        return self._asked(lambda: db.session.scalars(query.where(Assignment.ended_at.is_(None))).one())

    def _asked(self, ask: Callable[[], T]) -> T:
        with self._asking, self.app.app_context():
            try:
                return ask()
            finally:
                db.session.remove()


@dataclass
class Walker:
    """Takes cases through their steps, with a browser for each person involved."""

    script: Script
    browsers: Mapping[str, HttpBrowser]
    programs: Mapping[int, Program] = field(default_factory=dict)
    requests: int = 0
    """Sent so far."""

    def file(self, guest: HttpBrowser, phone: str) -> str:
        """Send a report; returns its code."""
        typed: Typed = {
            "words": WORDS, "area": self.script.area, "name": "Nguyễn Thị Thử", "contact": phone, "consent": "y"
        }  # fmt: skip
        self.requests += 2
        page = guest.open("/reports/new", "life page")
        return guest.send("/reports/new", filled(page, "/reports/new", typed, act="send"), "life post").split("/")[2]

    def take(self, step: LifeStep, guest: HttpBrowser, code: str, case_id: int) -> None:
        """Do one step: its form, and the page this leads to; first the step's own page, where the browser has another one at hand."""
        self.requests += 2
        if step.element == "rate":
            page = guest.open(f"/mine/{code}", "life page")
            guest.send(f"/mine/{code}/rating", filled(page, f"/mine/{code}/rating", {"level": "satisfied"}), "life post")
            return
        if self.programs and step.agency is not None and step.name in BY_PROGRAM:
            program, typed = self.programs[step.agency], {name: str(value) for name, value in self.script.typed[step.name].items()}
            program.act(self.script.assignment_of(step.agency, case_id), BY_PROGRAM[step.name], typed)
            return
        path, browser = self.script.path_of(step, case_id), self.browsers[step.who]
        at_hand, page = browser.page or ("", "")
        if at_hand != path or not page:
            self.requests += 1
            page = browser.open(path, "life page")
        fields = filled(page, path, self.script.typed[step.name], act=step.act or step.element)
        led = browser.send(path, fields, "life post") or "/inbox"
        browser.page = led, browser.open(led, LED_TO if led.startswith("/tasks/") else "life inbox")


def run(
    *, seconds: int, hands: int, servers: int, programs: bool = False, database_url: str | None = None, out: Path | None = None,
    say: Callable[[str], None] = print,
) -> Rate:  # fmt: skip
    """Live for that many seconds and return the measurements. Raises BenchmarkRefused for a database in use."""
    with TemporaryDirectory(prefix="langbiang-rate-") as folder:
        settings = {"LANGBIANG_DATA": folder, "LANGBIANG_PORT": str(free_port()), "LANGBIANG_PROCESSES": str(servers)}
        settings |= {"LANGBIANG_TAKE_BACK_SECONDS": "0", **({"LANGBIANG_DATABASE_URL": database_url} if database_url else {})}
        config = Config.from_environment(settings)
        with empty_application(config) as app:
            told, staff = staffed(app)
            keys = _programs(app, staff) if programs else {}
            measured = _lived(Script(app, staff, keys), config, settings, seconds, hands, say)
    measured.beside |= told | {"programs": programs, "seconds": seconds, "hands": hands, "servers": servers, "steps_of_a_life": len(LIFE)}
    if out is not None:
        keep(measured.as_json(), out)
    return measured


def staffed(app: Flask) -> tuple[dict[str, Any], Staff]:
    """Take on staff in an empty installation and lift its limits; returns also where the measurement is made."""
    with app.app_context():
        told = surroundings()
        with unit_of_work():
            staff = take_on_staff(datetime.now(UTC))
            for key in UNLIMITED:
                db.session.add(HouseSetting(key=key, value=10**6, changed_at=datetime.now(UTC)))
        db.session.remove()
        db.engine.dispose()
    return told, staff


def _programs(app: Flask, staff: Staff) -> dict[int, tuple[str, str]]:
    with app.app_context():
        with unit_of_work():
            keys = take_on_programs(staff, datetime.now(UTC))
            for key in UNLIMITED_DOORS:
                db.session.add(HouseSetting(key=key, value=10**6, changed_at=datetime.now(UTC)))
        db.session.remove()
        db.engine.dispose()
    return keys


def lines(measured: Rate) -> Iterator[str]:
    """The result for people."""
    beside = measured.beside
    yield (
        f"{beside['lives']} lives of {beside['steps_of_a_life']} steps in {beside['seconds']} s on {beside['database']}: "
        f"{beside['hands']} hands, server processes: {beside['servers']}, one worker, {beside['machine']['processors']} processors"
    )
    for each in measured.figures:
        yield each.line
    yield f"requests a second: {beside['requests_per_second']}, of a life: {beside['requests_of_a_life']}"
    yield f"a life takes {beside['life_p50_s']} s at the median"
    seconds = beside["processor_seconds"]
    yield (
        f"of the processor: servers {seconds['servers']} s ({beside['server_ms_per_request']} ms a request), worker {seconds['worker']} s, "
        f"hands {seconds['hands']} s; the rest is the database's"
    )
    yield "memory of servers, MB: " + " ".join(f"{each:.0f}" for each in beside["memory_mb"]["servers"])
    yield "memory of the worker, MB: " + " ".join(f"{each:.0f}" for each in beside["memory_mb"]["worker"])
    for fault in measured.faults[:10]:
        yield f"fault: {fault}"


def _lived(script: Script, config: Config, settings: Mapping[str, str], seconds: int, hands: int, say: Callable[[str], None]) -> Rate:
    notebook, memory = Notebook(), {"servers": list[float](), "worker": list[float]()}
    with ExitStack() as processes:
        server = processes.enter_context(running(settings, "serve", wait_for=config.port))
        worker = processes.enter_context(running(settings, "worker"))
        crew = [Hand(script, config.port, notebook, number) for number in range(hands)]
        say(f"{hands} hands sign in and live for {WARM_UP_SECONDS + seconds} s …")
        for hand in crew:
            hand.sign_in()
        stop = threading.Event()
        threads = started([hand.until(stop) for hand in crew])
        stop.wait(min(WARM_UP_SECONDS, seconds))
        begun, before = monotonic(), [processor_seconds(server), processor_seconds(worker), process_time()]
        while (left := begun + seconds - monotonic()) > 0:
            memory["servers"].append(memory_mb(server))
            memory["worker"].append(memory_mb(worker))
            stop.wait(min(left, MEMORY_EVERY_SECONDS))
        while not all(hand.lives or hand.notebook.faults for hand in crew) and monotonic() < begun + seconds + END_SECONDS:
            stop.wait(0.2)                                 # on a slow machine a short run is over when everybody has lived once
        ended = monotonic()
        after = [processor_seconds(server), processor_seconds(worker), process_time()]
        stop.set()
        for thread in threads:
            thread.join(timeout=END_SECONDS)
    with script.app.app_context():
        incidents = db.session.scalar(select(func.count()).select_from(Incident)) or 0
        db.session.remove()
        db.engine.dispose()
    spent = [now - then for now, then in zip(after, before, strict=True)]
    lives, aim = [length for hand in crew for at, length in hand.lives if begun <= at <= ended], AIMS[config.is_sqlite]
    posts = [each.milliseconds for each in notebook.between(begun, ended, "life post")]
    requests = notebook.between(begun, ended, "life ")
    overtaken = sum(each.kind == LED_TO and each.status in LOST_RACE for each in requests)
    errors = len(notebook.faults) + incidents + sum(each.status >= 400 for each in requests) - overtaken
    figures = [
        Figure("lives a second", round(len(lives) / (ended - begun), 2), "", aim, len(lives), is_least=True),
        Figure("errors", errors, "", 0, len(requests)),
        Figure("a form sent, p95", share_below(posts, 95), "ms", POST_AIM_MS, len(posts)),
        *_of_programs(script, [each.milliseconds for each in notebook.between(begun, ended, "life act")]),
        *(Figure(f"memory of {whose}, end to begin", growth(memory[each]), "times", GROWS, len(memory[each]))
          for each, whose in (("servers", "servers"), ("worker", "the worker"))),
    ]
    beside = {
        "lives": len(lives), "requests_per_second": round(len(requests) / (ended - begun), 1), "life_p50_s": _median_seconds(lives),
        "requests_of_a_life": round(fmean([each for hand in crew for each in hand.requests] or [0]), 1),
        "post_p50_ms": share_below(posts, 50), "incidents": incidents, "memory_mb": memory,
        "processor_seconds": {name: round(each, 1) for name, each in zip(("servers", "worker", "hands"), spent, strict=True)},
        "server_ms_per_request": round(1000 * spent[0] / max(len(requests), 1), 1),
    }  # fmt: skip
    return Rate(figures, beside, notebook.faults)


def _of_programs(script: Script, acts: list[float]) -> list[Figure]:
    return [Figure("an act by REST, p95", share_below(acts, 95), "ms", POST_AIM_MS, len(acts))] if script.keys else []


class Hand:
    """A client that lives one case after the other."""

    def __init__(self, script: Script, port: int, notebook: Notebook, number: int) -> None:
        self.script, self.port, self.notebook, self.number = script, port, notebook, number
        self.browsers = {who: HttpBrowser("127.0.0.1", port, notebook, f"benchmark_{who}") for who in script.staff.accounts}
        self.programs = {agency: Program("127.0.0.1", port, notebook, *held) for agency, held in script.keys.items()}
        self.walker = Walker(script, self.browsers, self.programs)
        self.lives: list[tuple[float, float]] = []
        """When each life ended, and how many seconds it took."""
        self.requests: list[int] = []
        """How many requests each of them was."""

    def sign_in(self) -> None:
        for browser in self.browsers.values():
            browser.sign_in()

    def until(self, stop: threading.Event) -> Callable[[], None]:
        """Live until told to stop."""

        def run() -> None:
            while not stop.is_set():
                begun, asked = monotonic(), self.walker.requests
                try:
                    is_over = self._live(stop)
                except PageFailed as fault:
                    self.notebook.faults.append(str(fault))
                else:
                    self.lives += [(monotonic(), monotonic() - begun)] if is_over else []
                    self.requests += [self.walker.requests - asked] if is_over else []
            for client in (*self.browsers.values(), *self.programs.values()):
                client.close()

        return run

    def _live(self, stop: threading.Event) -> bool:
        """One case, from filing to rating; returns whether it reached its end."""
        guest = HttpBrowser("127.0.0.1", self.port, self.notebook)
        try:
            code = self.walker.file(guest, f"09{self.number:02}{len(self.lives) % 10**6:06}")
            case_id = self.script.case_of(code)
            for step in LIFE:
                if stop.is_set():
                    return False
                self.walker.take(step, guest, code, case_id)
        finally:
            guest.close()
        return True


def growth(memory: list[float]) -> float | None:
    """Memory at the end, as a multiple of that after a fifth of the time."""
    early = memory[len(memory) // 5 :][:3]
    return round(max(memory[-3:]) / max(early), 3) if any(early) else None


def _median_seconds(lives: list[float]) -> float:
    return round(share_below([each * 1000 for each in lives], 50) or 0.0) / 1000
