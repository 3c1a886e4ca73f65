"""`langbiang benchmark --load`: a large installation with its own server and worker, and people at work in it from this process.

Server time and statements come from the server's request log; waiting times are measured by the clients.
"""

import os
import platform
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, time
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from benchmark.crowd import all_signed_in, browsers_of, flat_out, pages_read, sessions_work, warm_up
from benchmark.figures import Figure, by_route, page_figures, share_below
from benchmark.guests import public_addresses, public_figures, public_times, read_public_pages
from benchmark.house import Installation, Scale, workers
from benchmark.pages_alone import photos_beside_pages, public_pages_alone
from benchmark.seeding import build_house
from benchmark.server import STOP_SECONDS, free_port, requests_of, running
from benchmark.steps import database_bytes, empty_application
from benchmark.surroundings import keep
from benchmark.visitors import Crew, Notebook, Timing, at_pace
from casework.db import db
from casework.models import Case
from web.config import Config
from workflows.models import Incident

CASES_READ = 400
"""Cases from all over the two years, and as many open ones."""


@dataclass
class Measured:
    """The result of a run: the figures, the times of every route, and other observations."""

    figures: list[Figure]
    routes: dict[str, dict[str, float]]
    beside: dict[str, Any]
    faults: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Everything, for a file."""
        return {**asdict(self), "figures": [{**asdict(each), "met": each.is_met} for each in self.figures]}


def run(scale: Scale, *, database_url: str | None = None, out: Path | None = None, say: Callable[[str], None] = print) -> Measured:
    """Build the installation, let people work in it, and return the measurements. Raises BenchmarkRefused for a database in use."""
    with tempfile.TemporaryDirectory(prefix="langbiang-load-") as folder:
        settings = {"LANGBIANG_DATA": folder, "LANGBIANG_PORT": str(free_port()), "LANGBIANG_TAKE_BACK_SECONDS": "0"}
        settings |= {"LANGBIANG_DATABASE_URL": database_url} if database_url else {}
        config = Config.from_environment(settings)
        with empty_application(config) as app:
            say(f"Building a house of {scale.cases} cases …")
            house = build_house(app, scale, now=datetime.now(UTC))
            with app.app_context():
                size = database_bytes(config)
            people, megabytes = len(house.accounts), size // 1_000_000
            say(f"{house.cases} cases, {house.open_steps} open steps, {people} people: {house.seconds:.0f} s, {megabytes} MB")
            measured = _worked_in(app, config, settings, house, scale, say)
        measured.beside |= {
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"), "python": platform.python_version(), "processors": os.cpu_count(),
            "database": "sqlite" if config.is_sqlite else "postgresql", "scale": asdict(scale), "cases": house.cases,
            "open_steps": house.open_steps, "people": len(house.accounts), "seconds_to_build": house.seconds, "database_bytes": size,
        }  # fmt: skip
    if out is not None:
        keep(measured.as_json(), out)
    return measured


@dataclass(frozen=True, slots=True)
class RunPart:
    """A stretch of the run on the monotonic clock, with its timings."""

    begun: float
    ended: float
    notebook: Notebook

    @property
    def seconds(self) -> float:
        return self.ended - self.begun

    def timings(self, kind: str) -> list[Timing]:
        return self.notebook.between(self.begun, self.ended, kind)

    def errors(self, kind: str) -> list[Timing]:
        """Those that failed."""
        return [each for each in self.timings(kind) if each.status >= 400 and each.status != 409]

    def holds(self, line: Mapping[str, Any]) -> bool:
        """Whether a line of the server's log belongs to this part."""
        since = time() - monotonic()
        return self.begun <= datetime.fromisoformat(line["at"]).timestamp() - since <= self.ended


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a run, and the steps done in a second while people work and without a pause. `paced` is all before `flat_out`."""

    sessions: int
    log_ins: RunPart
    pages: RunPart
    at_work: RunPart
    paced: RunPart
    flat_out: RunPart
    paced_rate: float
    flat_out_rate: float


def _worked_in(
    app: Flask, config: Config, settings: Mapping[str, str], house: Installation, scale: Scale, say: Callable[[str], None]
) -> Measured:
    """Measure what is measured alone, then the parts of the run while the crew does its steps."""
    with app.app_context():
        cases, public = some_cases(house), public_addresses()
        db.session.remove()
    say("Public pages and photos, with nobody else at work …")
    alone, photos = public_pages_alone(app, public), photos_beside_pages(app)
    db_free(app)
    notebook = Notebook()
    with ExitStack() as processes:
        processes.enter_context(running({**settings, "LANGBIANG_PROCESSES": str(scale.servers)}, "serve", wait_for=config.port))
        processes.enter_context(running(settings, "worker"))
        parts = _parts(config.port, notebook, house, scale, cases, lambda: read_public_pages(config.port, public, scale.seconds), say)
    requests = list(requests_of(config))
    with app.app_context():
        incidents = db.session.scalar(select(func.count()).select_from(Incident)) or 0
        db.session.remove()
    served = [each for each in requests if each.get("what") == "request" and parts.paced.holds(each)]
    slow = [each["statement"] for each in requests if each.get("what") == "slow query"]
    unpaused = [each.milliseconds for each in parts.flat_out.timings("crew step") if each.kind == "crew step"]
    return Measured(
        [*_page_figures(parts, served, requests), *_work_figures(parts)],
        by_route(served),
        {
            "alone": alone, "photos": photos, "public": public_times(requests),
            "load_averages": [round(each, 1) for each in os.getloadavg()],
            "steps_per_second": parts.paced_rate, "clients": scale.clients, "incidents": incidents,
            "flat_out_steps_per_second": parts.flat_out_rate, "flat_out_p50_ms": share_below(unpaused, 50),
            "slow_queries": len(slow), "slow_statements": counted(slow),
        },
        [*notebook.faults, *(f"the log: {each['what']} {each.get('errors', '')}" for each in requests if each.get("level") == "error")],
    )  # fmt: skip


def _parts(
    port: int, notebook: Notebook, house: Installation, scale: Scale, cases: list[str], read_public: Callable[[], None],
    say: Callable[[str], None],
) -> Parts:  # fmt: skip
    """The parts of the run, one after the other."""
    crew = Crew(browsers_of(port, notebook, [login for login, _, _ in workers(scale.agencies)]), notebook)
    all_signed_in(crew.browsers)
    warm_up(crew, cases)
    stop = threading.Event()
    begun, done = monotonic(), crew.done
    hands = at_pace(crew.do_one, per_second=scale.steps_per_second, hands=scale.clients, until=stop)
    say(f"{scale.sessions} sign in …")
    sessions = browsers_of(port, notebook, house.sessions)
    log_ins = _part(notebook, lambda: all_signed_in(sessions))
    say(f"Pages are read for {scale.seconds} s …")
    pages = _part(notebook, lambda: pages_read(sessions, cases, scale))
    say(f"Public pages are read for {scale.seconds} s …")
    read_public()
    say(f"{len(sessions)} sessions work for {scale.seconds} s …")
    at_work = _part(notebook, lambda: sessions_work(sessions, cases, scale))
    stop.set()
    for hand in hands:
        hand.join(timeout=STOP_SECONDS)
    paced = RunPart(begun, monotonic(), notebook)
    paced_rate = round((crew.done - done) / paced.seconds, 1)
    say(f"{scale.clients} clients without a pause for {min(scale.seconds, 30)} s …")
    done = crew.done
    unpaused = _part(notebook, lambda: flat_out(crew, scale))
    for browser in (*crew.browsers, *sessions):
        browser.close()
    rate = round((crew.done - done) / unpaused.seconds, 1)
    return Parts(len(sessions), log_ins, pages, at_work, paced, unpaused, paced_rate, rate)


def _page_figures(parts: Parts, served: list[dict[str, Any]], requests: list[dict[str, Any]]) -> Iterator[Figure]:
    """How long the server took for pages."""
    in_pages = [each for each in served if parts.pages.holds(each)]
    yield from page_figures("inbox", "/inbox", in_pages)
    yield from page_figures("case page", "/cases/<ref>", in_pages)
    yield from public_figures(requests)


def _work_figures(parts: Parts) -> Iterator[Figure]:
    """How long people waited who send steps, work at a session or sign in."""
    steps = [each.milliseconds for each in parts.paced.timings("crew step") if each.kind == "crew step"]
    yield Figure("step sent, p50", share_below(steps, 50), "ms", 60, len(steps))
    yield Figure("step sent, p95", share_below(steps, 95), "ms", 300, len(steps))
    answers = parts.at_work.timings("session ")
    yield Figure(f"{parts.sessions} sessions, p95", share_below([each.milliseconds for each in answers], 95), "ms", 500, len(answers))
    yield Figure(f"{parts.sessions} sessions, errors", len(parts.at_work.errors("session ")), "", 0, len(answers))
    signed_in = len(parts.log_ins.timings("sign-in"))
    yield Figure(f"{parts.sessions} log-ins, all done", round(parts.log_ins.seconds, 1), "s", 60, signed_in)
    yield Figure(f"{parts.sessions} log-ins, errors", len(parts.log_ins.errors("sign-in")), "", 0, signed_in)


def _part(notebook: Notebook, act: Callable[[], None]) -> RunPart:
    begun = monotonic()
    act()
    return RunPart(begun, monotonic(), notebook)


def some_cases(house: Installation) -> list[str]:
    """Addresses of cases from all over the two years, and of open ones."""
    query = select(Case.ref).where(Case.centre_id == house.centre_id).order_by(Case.id).limit(1)
    highest = db.session.scalar(select(func.max(Case.id))) or 0
    found = [db.session.scalar(query.where(Case.id > highest * place // CASES_READ)) for place in range(CASES_READ)]
    going_on = select(Case.ref).where(Case.centre_id == house.centre_id, Case.closed_at.is_(None)).limit(CASES_READ)
    return [f"/cases/{ref}" for ref in dict.fromkeys([*found, *db.session.scalars(going_on)]) if ref is not None]


def counted(words: Iterable[str]) -> dict[str, int]:
    """Return how often each text occurs."""
    found: dict[str, int] = {}
    for each in words:
        found[each] = found.get(each, 0) + 1
    return found


def db_free(app: Flask) -> None:
    """Release the database: from here on the server uses it."""
    with app.app_context():
        db.engine.dispose()
