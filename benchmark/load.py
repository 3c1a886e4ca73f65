"""`langbiang benchmark --load`: a large installation with its own server and worker, and people at work in it from this process.

Server time and statements come from the server's request log; waiting times are measured by the clients.
"""

import json
import os
import platform
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep, time
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from benchmark.figures import Figure, by_route, page_figures, share_below
from benchmark.guests import public_addresses, public_figures, public_times, read_public_pages
from benchmark.house import Installation, Scale, workers
from benchmark.pages import PageFailed
from benchmark.pages_alone import photos_beside_pages, public_pages_alone
from benchmark.seeding import build_house
from benchmark.steps import database_bytes, empty_application
from benchmark.surroundings import keep
from benchmark.visitors import Crew, HttpBrowser, Notebook, Timing, at_pace, started
from casework.db import db
from casework.models import Case
from web.config import Config
from workflows.models import Incident

START_SECONDS = 60
STOP_SECONDS = 40
WARM_UP_STEPS = 12
CASES_READ = 400
"""Cases from all over the two years, and as many open ones."""
FEWEST_PAGES = 5
"""Of each kind, however short the part is."""
PAGES_PER_SECOND = 6.0
PULSE_SECONDS = 30.0
"""How often an open inbox polls for news."""

SETTINGS_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "PYTHONPATH", "VIRTUAL_ENV")
PAGES_SHARE = (("inbox", 0.4), ("case", 0.25), ("open", 0.25), ("post", 0.10))
"""What somebody at a session does next, with relative frequencies."""


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
        settings = {"LANGBIANG_DATA": folder, "LANGBIANG_PORT": str(free_port())}
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


def lines(measured: Measured) -> Iterator[str]:
    """The result as a table: targets first, then server time by route."""
    beside = measured.beside
    yield (
        f"{beside['cases']} cases, {beside['open_steps']} open steps, {beside['people']} people on {beside['database']}, "
        f"{beside['processors']} processors, server processes: {beside['scale']['servers']}, Python {beside['python']}"
    )
    yield f"{'':58}{'measured':>12}{'aim':>10}   {'':8}{'of':>7}"
    for each in measured.figures:
        shown = "–" if each.value is None else f"{each.value:.10g}"
        yield f"{each.name:58}{shown:>12}{f'{each.aim:g}':>10} {each.unit:6}{'met' if each.is_met else 'MISSED':>8}{each.asked:>7}"
    yield f"{'in the server':40}{'requests':>10}{'p50 ms':>9}{'p95 ms':>9}{'SQL p50':>9}{'SQL max':>9}"
    for route, took in sorted(measured.routes.items(), key=lambda each: -each[1]["requests"]):
        yield (
            f"{route:40}{took['requests']:>10.0f}{took['p50_ms']:>9.1f}{took['p95_ms']:>9.1f}"
            f"{took['statements_p50']:>9.0f}{took['statements_max']:>9.0f}"
        )
    yield f"{'alone, in this process':40}{'requests':>10}{'CPU p50':>9}{'CPU p95':>9}{'p50 ms':>9}{'p95 ms':>9}"
    for kind, took in beside["alone"].items():
        yield (
            f"{'public ' + kind:40}{took['requests']:>10.0f}{took['processor_p50_ms']:>9.1f}{took['processor_p95_ms']:>9.1f}"
            f"{took['passed_p50_ms']:>9.1f}{took['passed_p95_ms']:>9.1f}"
        )
    photos = beside["photos"]
    yield (
        f"a photo of 12 megapixels: {photos['photo_least_s']} to {photos['photo_most_s']} s (aim: 1.5; of the processor "
        f"{photos['photo_processor_s']} s); the list beside it p95 {photos['list_beside_p95_ms']} ms, at most "
        f"{photos['list_beside_most_ms']} ms, alone {photos['list_alone_p95_ms']} ms"
    )
    yield (
        f"steps each second, all the while: {beside['steps_per_second']} (wanted: {beside['scale']['steps_per_second']:g}); "
        f"{beside['clients']} clients without a pause: {beside['flat_out_steps_per_second']} a second, "
        f"p50 {beside['flat_out_p50_ms']} ms; incidents: {beside['incidents']}; slow queries: {beside['slow_queries']}"
    )
    for fault, times in sorted(_counted(measured.faults).items(), key=lambda each: -each[1])[:10]:
        yield f"fault, {times} times: {fault}"


def _worked_in(
    app: Flask, config: Config, settings: Mapping[str, str], house: Installation, scale: Scale, say: Callable[[str], None]
) -> Measured:
    """The parts of the measurement, one after the other, while the crew does its steps."""
    with app.app_context():
        cases, public = some_cases(house), public_addresses()
        db.session.remove()
    say("Public pages and photos, with nobody else at work …")
    alone, photos = public_pages_alone(app, public), photos_beside_pages(app)
    db_free(app)
    notebook = Notebook()
    ports = [config.port]
    with ExitStack() as processes:
        processes.enter_context(running({**settings, "LANGBIANG_PROCESSES": str(scale.servers)}, "serve", wait_for=config.port))
        processes.enter_context(running(settings, "worker"))
        crew = Crew(_browsers(ports, notebook, [login for login, _, _ in workers(scale.agencies)]), notebook)
        _all_signed_in(crew.browsers)
        _warm_up(crew, cases)
        stop = threading.Event()
        begun, done = monotonic(), crew.done
        hands = at_pace(crew.do_one, per_second=scale.steps_per_second, hands=scale.clients, until=stop)
        say(f"{scale.sessions} sign in …")
        sessions = _browsers(ports, notebook, house.sessions)
        log_ins = _part(notebook, lambda: _all_signed_in(sessions))
        say(f"Pages are read for {scale.seconds} s …")
        pages = _part(notebook, lambda: _pages_read(sessions, cases, scale))
        say(f"Public pages are read for {scale.seconds} s …")
        read_public_pages(config.port, public, scale.seconds)
        say(f"{len(sessions)} sessions work for {scale.seconds} s …")
        at_work = _part(notebook, lambda: _sessions_work(sessions, cases, scale))
        stop.set()
        for hand in hands:
            hand.join(timeout=STOP_SECONDS)
        paced = RunPart(begun, monotonic(), notebook)
        rate = round((crew.done - done) / paced.seconds, 1)
        say(f"{scale.clients} clients without a pause for {min(scale.seconds, 30)} s …")
        done = crew.done
        flat_out = _part(notebook, lambda: _flat_out(crew, scale))
        for browser in (*crew.browsers, *sessions):
            browser.close()
    requests = list(requests_of(config))
    with app.app_context():
        incidents = db.session.scalar(select(func.count()).select_from(Incident)) or 0
        db.session.remove()
    served = [each for each in requests if each.get("what") == "request" and paced.holds(each)]
    steps, answers = paced.timings("crew step"), at_work.timings("session ")
    steps = [each for each in steps if each.kind == "crew step"]
    in_pages = [each for each in served if pages.holds(each)]
    figures = [
        *page_figures("inbox", "/inbox", in_pages),
        *page_figures("case page", "/cases/<ref>", in_pages),
        *public_figures(requests),
        Figure("step sent, p50", share_below([each.milliseconds for each in steps], 50), "ms", 60, len(steps)),
        Figure("step sent, p95", share_below([each.milliseconds for each in steps], 95), "ms", 300, len(steps)),
        Figure(f"{len(sessions)} sessions, p95", share_below([each.milliseconds for each in answers], 95), "ms", 500, len(answers)),
        Figure(f"{len(sessions)} sessions, errors", len(at_work.errors("session ")), "", 0, len(answers)),
        Figure(f"{len(sessions)} log-ins, all done", round(log_ins.seconds, 1), "s", 60, len(log_ins.timings("sign-in"))),
        Figure(f"{len(sessions)} log-ins, errors", len(log_ins.errors("sign-in")), "", 0, len(log_ins.timings("sign-in"))),
    ]
    unpaused = [each.milliseconds for each in flat_out.timings("crew step") if each.kind == "crew step"]
    return Measured(
        figures,
        by_route(served),
        {
            "alone": alone, "photos": photos, "public": public_times(requests),
            "load_averages": [round(each, 1) for each in os.getloadavg()],
            "steps_per_second": rate, "clients": scale.clients, "incidents": incidents,
            "flat_out_steps_per_second": round((crew.done - done) / flat_out.seconds, 1), "flat_out_p50_ms": share_below(unpaused, 50),
            "slow_queries": sum(each.get("what") == "slow query" for each in requests),
            "slow_statements": _counted(each["statement"] for each in requests if each.get("what") == "slow query"),
        },
        [*notebook.faults, *(f"the log: {each['what']} {each.get('errors', '')}" for each in requests if each.get("level") == "error")],
    )  # fmt: skip


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


def _part(notebook: Notebook, act: Callable[[], None]) -> RunPart:
    begun = monotonic()
    act()
    return RunPart(begun, monotonic(), notebook)


def _all_signed_in(browsers: list[HttpBrowser]) -> None:
    """Everybody signs in, as in the morning: sixteen at a time."""
    waiting = list(browsers)

    def sign_in() -> None:
        while waiting:
            try:
                browser = waiting.pop()
            except IndexError:
                return
            try:
                browser.sign_in()
            except PageFailed as fault:
                browser.notebook.faults.append(str(fault))

    for thread in started([sign_in] * 16):
        thread.join()


def _warm_up(crew: Crew, cases: list[str]) -> None:
    """A newly started process compiles its templates and parses its model once, which is not part of a day's work."""
    for _ in range(WARM_UP_STEPS):
        crew.do_one()
    crew.browsers[0].open(cases[0], "warm up")
    crew.browsers[0].read_inbox("warm up")


def _pages_read(browsers: list[HttpBrowser], cases: list[str], scale: Scale) -> None:
    """Inboxes and case pages in turn, by people of all roles, PAGES_PER_SECOND together."""
    stop, turns, lock = threading.Event(), iter(range(10**9)), threading.Lock()

    def read() -> None:
        with lock:
            turn = next(turns)
        browser = browsers[turn // 2 % len(browsers)]
        try:
            if turn % 2 and (case := _case_for(browser, cases)):
                browser.open(case, "pages case")
                return
            browser.read_inbox("pages inbox")
            if browser.tasks and not browser.cases and not _reads_all(browser):
                browser.open_step(random.choice(browser.tasks), "pages step")
                browser.page = None
        except PageFailed as fault:
            browser.notebook.faults.append(str(fault))

    begun, notebook = monotonic(), browsers[0].notebook
    hands = at_pace(read, per_second=PAGES_PER_SECOND, hands=2, until=stop)
    sleep(scale.seconds)
    while min(len(notebook.between(begun, monotonic(), kind)) for kind in ("pages inbox", "pages case")) < FEWEST_PAGES:
        if monotonic() - begun > scale.seconds + STOP_SECONDS:
            break
        sleep(0.1)
    stop.set()
    for hand in hands:
        hand.join(timeout=STOP_SECONDS)


def _sessions_work(browsers: list[HttpBrowser], cases: list[str], scale: Scale) -> None:
    """Everybody acts once per pace, at their own moment; an open inbox also polls for news, where it does."""
    stop = threading.Event()
    has_pulse = _has_pulse(browsers[0])
    hands = started([_sitting(browser, cases, scale, stop, has_pulse) for browser in browsers])
    sleep(scale.seconds)
    stop.set()
    for hand in hands:
        hand.join(timeout=STOP_SECONDS)


def _sitting(browser: HttpBrowser, cases: list[str], scale: Scale, stop: threading.Event, has_pulse: bool) -> Callable[[], None]:
    def sit() -> None:
        lot = random.Random(browser.login)
        next_act = monotonic() + lot.random() * scale.pace_seconds
        next_pulse = monotonic() + lot.random() * PULSE_SECONDS if has_pulse else float("inf")
        while not stop.wait(max(0.0, min(next_act, next_pulse) - monotonic())):
            try:
                if next_pulse <= next_act:
                    next_pulse += PULSE_SECONDS
                    browser.open("/inbox/pulse", "session pulse")
                else:
                    next_act += scale.pace_seconds
                    _act_once(browser, cases, lot)
            except PageFailed as fault:
                browser.notebook.faults.append(str(fault))

    return sit


def _act_once(browser: HttpBrowser, cases: list[str], lot: random.Random) -> None:
    wish = lot.choices([name for name, _ in PAGES_SHARE], [share for _, share in PAGES_SHARE])[0]
    ref = browser.notebook.take(browser.tasks) if wish in ("open", "post") and browser.page is None else None
    case = _case_for(browser, cases)
    if browser.page is not None and wish in ("open", "post"):
        browser.send_step("session step")
    elif ref is not None:
        browser.tasks.remove(ref)
        browser.open_step(ref, "session step page")
    elif wish == "case" and case:
        browser.open(case, "session case")
    else:
        browser.read_inbox("session inbox")


def _flat_out(crew: Crew, scale: Scale) -> None:
    """As many steps as the server takes."""
    until = monotonic() + min(scale.seconds, 30)

    def run() -> None:
        while monotonic() < until:
            crew.do_one()

    for thread in started([run] * scale.clients):
        thread.join(timeout=STOP_SECONDS + scale.seconds)


def _case_for(browser: HttpBrowser, cases: list[str]) -> str:
    """A case this person may read: any for the centre, one met at a step for an agency; empty if there is none yet."""
    found = cases if _reads_all(browser) else browser.cases
    return random.choice(found) if found else ""


def _reads_all(browser: HttpBrowser) -> bool:
    return int(browser.login[-1]) in (0, 5, 9)


def _has_pulse(browser: HttpBrowser) -> bool:
    try:
        browser.open("/inbox/pulse", "is there a pulse")
    except PageFailed:
        browser.notebook.faults.pop()
        return False
    return True


def some_cases(house: Installation) -> list[str]:
    """Addresses of cases from all over the two years, and of open ones."""
    query = select(Case.ref).where(Case.centre_id == house.centre_id).order_by(Case.id).limit(1)
    highest = db.session.scalar(select(func.max(Case.id))) or 0
    found = [db.session.scalar(query.where(Case.id > highest * place // CASES_READ)) for place in range(CASES_READ)]
    going_on = select(Case.ref).where(Case.centre_id == house.centre_id, Case.closed_at.is_(None)).limit(CASES_READ)
    return [f"/cases/{ref}" for ref in dict.fromkeys([*found, *db.session.scalars(going_on)]) if ref is not None]


def _counted(words: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in words:
        found[each] = found.get(each, 0) + 1
    return found


def requests_of(config: Config) -> Iterator[dict[str, Any]]:
    """The lines of the servers' request logs."""
    for path in sorted(config.log.glob("serve-*.jsonl*"), reverse=True):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def _browsers(ports: list[int], notebook: Notebook, logins: list[str]) -> list[HttpBrowser]:
    return [HttpBrowser("127.0.0.1", ports[number % len(ports)], notebook, login) for number, login in enumerate(logins)]


def db_free(app: Flask) -> None:
    """Release the database: from here on the server uses it."""
    with app.app_context():
        db.engine.dispose()


@contextmanager
def running(settings: Mapping[str, str], command: str, *, wait_for: int | None = None) -> Iterator[int]:
    """Run the program, as `langbiang serve` or `langbiang worker` does, until the block ends; gives its process id."""
    environment = {name: os.environ[name] for name in SETTINGS_KEPT if name in os.environ} | dict(settings)
    program = "import sys; from langbiang import main; sys.argv = ['langbiang', sys.argv[1]]; main()"
    process = subprocess.Popen([sys.executable, "-c", program, command], env=environment, stdout=subprocess.DEVNULL)
    try:
        if wait_for is not None:
            _wait_until_it_answers(process, wait_for)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = monotonic() + START_SECONDS
    while monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        sleep(0.1)
    raise RuntimeError("the server did not start")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
