"""`langbiang benchmark --house N`: builds, weighs and verifies an installation of N cases, and times its pages, steps and timers.

One visitor at a time uses its own server over HTTP, with nobody else at work, so installations differ by size only. Time and statements
come from the server's request log. Installations are kept, so that a killed run can be resumed.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from flask import Flask
from sqlalchemy import create_engine, select

import migrations
from benchmark.figures import share_below
from benchmark.guests import public_addresses
from benchmark.house import Installation, Scale, workers
from benchmark.load import some_cases
from benchmark.seeding import Told, build_house, is_begun
from benchmark.server import free_port, requests_of, running
from benchmark.steps import Readings, Statements, refuse_used
from benchmark.surroundings import keep, surroundings
from benchmark.visitors import Crew, HttpBrowser, Notebook
from benchmark.weight import Weight, bytes_of_a_case, weights
from casework.clocks.reminders import send_reminders
from casework.db import db
from casework.facts.keeping import keep_facts
from casework.figures.keeping import count_public_figures
from casework.messages.routing import route_messages
from casework.models import Case
from web import create_app
from web.commands.backup import verify
from web.config import Config
from web.request_log import be_quiet
from workflows.models import Timer
from workflows.running.wakeups import deliver_messages, fire_due_timers

ASKED = 200
"""Requests of each kind."""
STEPS = 150
LOOKS = 30
FIRED = 20
AGENCIES_AT_WORK = 6
"""Agencies whose people do the steps, in addition to the centre's."""
FEWEST_OPEN, OPEN_SHARE = 300, 50
"""One case in fifty stays open, and no fewer than there are steps to do."""

PEOPLE = ("work_operator_0", "work_ops_lead", "work_officer_0", "work_leader_0")
STAFF_PAGES: Mapping[str, tuple[str, Sequence[str]]] = {
    "inbox, operator": ("work_operator_0", ["/inbox"]),
    "inbox, operations lead": ("work_ops_lead", ["/inbox"]),
    "inbox, officer": ("work_officer_0", ["/inbox"]),
    "inbox, agency's leader": ("work_leader_0", ["/inbox"]),
    "staff search, common": ("work_operator_0", ["/search?q=duong", "/search?q=%C4%91%C6%B0%E1%BB%9Dng", "/search?q=rac+suoi"]),
    "palette, words": ("work_operator_0", ["/palette?q=duong", "/palette?q=rac+suoi", "/palette?q=%C4%91%C6%B0%E1%BB%9Dng+den"]),
    "palette, first letters": ("work_operator_0", ["/palette?q=du", "/palette?q=xa", "/palette?q=th"]),
    "palette, a code's number": ("work_operator_0", ["/palette?q=17", "/palette?q=4711"]),
    "palette, officer": ("work_officer_0", ["/palette?q=duong", "/palette?q=xa+lat"]),
    "dashboard": ("work_ops_lead", ["/dashboard"]),
    "statistics, a month": ("work_ops_lead", ["/statistics"]),
    "statistics, by agency": ("work_ops_lead", ["/statistics?by=agency"]),
    "late cases": ("work_ops_lead", ["/late"]),
}
"""Who requests which page, by kind."""

GUESTS = "public "
STEP = "a step, sent"


@dataclass(frozen=True, slots=True)
class BuiltInstallation:
    """An installation that is built, the application on it and the settings for its own server."""

    app: Flask
    config: Config
    settings: Mapping[str, str]
    house: Installation


def run(
    cases: int, *, folder: Path, database_url: str | None = None, with_verify: bool = False, asked: int = ASKED, out: Path | None = None,
    say: Callable[[str], None] = print, told: Told = lambda _what, _done, _total: None,
) -> dict[str, Any]:  # fmt: skip
    """Build the installation, or resume, and return the measurements. Raises BenchmarkRefused for a database in use."""
    with standing(cases, folder=folder, database_url=database_url, told=told) as built:
        house = built.house
        say(f"{house.cases} cases, {house.open_steps} open steps: built in {house.seconds:.0f} s")
        result = weighed(built)
        if with_verify:
            result["verification"] = verified(built.config)
            say(f"verified in {result['verification']['seconds']:.0f} s: {result['verification']['faults']} faults")
        result["figures"] = pages_in_turns([built], asked=asked, say=say)[0] | _steps(built, asked, say) | _timers(built.app, say)
    if out is not None:
        keep(result, out)
    return result


def weighed(built: BuiltInstallation) -> dict[str, Any]:
    """What is known before the pages are read: where and when, how large, how long it took, what a case weighs."""
    with built.app.app_context():
        found = weights()
        result = surroundings() | {
            "cases": built.house.cases, "open_steps": built.house.open_steps, "seconds_to_build": built.house.seconds,
            "bytes_of_a_case": bytes_of_a_case(found), "weights": [asdict(each) for each in found],
        }  # fmt: skip
        count_public_figures(datetime.now(UTC))
        db.session.remove()
    return result


@contextmanager
def standing(
    cases: int, *, folder: Path, database_url: str | None, told: Told = lambda _what, _done, _total: None
) -> Iterator[BuiltInstallation]:
    """The installation with that many cases in this folder and database, built before or now. Raises BenchmarkRefused."""
    settings = {"LANGBIANG_DATA": str(folder), "LANGBIANG_PORT": str(free_port()), "LANGBIANG_METRICS": "no"}
    settings |= {"LANGBIANG_DATABASE_URL": database_url} if database_url else {}
    config, scale = Config.from_environment(settings), scale_of(cases)
    with opened(config, scale) as app:
        yield BuiltInstallation(app, config, settings, build_house(app, scale, now=datetime.now(UTC), told=told))


def scale_of(cases: int) -> Scale:
    """The scale for that many cases, with nobody at work."""
    return Scale(cases=cases, open_steps=max(min(FEWEST_OPEN, cases // 2), cases // OPEN_SHARE), steps_per_second=0.0)


@contextmanager
def opened(config: Config, scale: Scale) -> Iterator[Flask]:
    """The application on a build of the same scale, or on an empty database. Raises BenchmarkRefused."""
    config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(config.database_url)
    try:
        with engine.connect() as connection:
            has_begun = is_begun(connection, scale)
    finally:
        engine.dispose()
    if not has_begun:
        refuse_used(config)
    migrations.upgrade(config.database_url)
    app = create_app(config)
    be_quiet()
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def verified(config: Config) -> dict[str, Any]:
    """The result of `langbiang verify`, and how long it took."""
    begun = monotonic()
    found = verify(config, now=datetime.now(UTC))
    return {
        "seconds": round(monotonic() - begun, 1), "faults": len(found.faults) + found.unlisted,
        "first": [str(each) for each in found.faults[:5]], "counts": found.counts,
    }  # fmt: skip


def weighed_in(result: Mapping[str, Any]) -> list[Weight]:
    """The weights stored in a file."""
    return [Weight(**each) for each in result["weights"]]


def pages_in_turns(houses: Sequence[BuiltInstallation], *, asked: int, say: Callable[[str], None]) -> list[dict[str, dict[str, float]]]:
    """Time the pages of several installations: one page of a kind from each in turn.

    So whatever slows the machine for a minute slows the pages of all of them.
    """
    token, notebook = secrets.token_hex(3), Notebook()
    everywhere = [_kinds_in(each) for each in houses]
    names = list(everywhere[0])
    with ExitStack() as stack:
        browsers = [stack.enter_context(_browsers(each, PEOPLE, notebook)) for each in houses]
        for place, name in enumerate(names):
            for turn in range(-2, asked):                  # the caches of a process are full after two
                for kinds, of_house in zip(everywhere, browsers, strict=True):
                    login, paths = kinds[name]
                    of_house[login].mark = f"sized.{token}.{place:02}" if turn >= 0 else ""
                    of_house[login].open(paths[turn % len(paths)], name)
    say(f"{asked} pages of each of {len(names)} kinds were read; faults: {len(notebook.faults)} {' '.join(notebook.faults[:3])}")
    return [_taken_by_kind(each.config, token, names, lambda line: line["status"] == 200) for each in houses]


def _steps(standing: BuiltInstallation, asked: int, say: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """The time of each kind of step, done by people of AGENCIES_AT_WORK agencies and of the centre."""
    token, notebook, wanted = secrets.token_hex(3), Notebook(), min(STEPS, asked)
    with _browsers(standing, [login for login, _, _ in workers(AGENCIES_AT_WORK)], notebook) as browsers:
        crew = Crew([browser for login, browser in browsers.items() if login], notebook)
        for turn in range(-10, 2 * wanted):
            if crew.done >= wanted + 10:
                break
            for browser in crew.browsers:
                browser.mark = f"sized.{token}.00" if turn >= 0 else ""
            crew.do_one()
    found = _taken_by_kind(standing.config, token, [STEP], lambda line: line["method"] == "POST" and line["status"] in (302, 303))
    say(f"{found.get(STEP, {}).get('requests', 0)} steps were done; faults: {len(notebook.faults)} {' '.join(notebook.faults[:3])}")
    return found


@contextmanager
def _browsers(standing: BuiltInstallation, logins: Sequence[str], notebook: Notebook) -> Iterator[dict[str, HttpBrowser]]:
    """Browsers of these people, signed in, and of a guest (""), on a server of the installation."""
    with standing.app.app_context():
        db.session.remove()
        db.engine.dispose()
    with running({**standing.settings, "LANGBIANG_PROCESSES": "1"}, "serve", wait_for=standing.config.port):
        browsers = {login: HttpBrowser("127.0.0.1", standing.config.port, notebook, login) for login in ("", *logins)}
        for login in logins:
            browsers[login].sign_in()
        try:
            yield browsers
        finally:
            for browser in browsers.values():
                browser.close()


def _taken_by_kind(
    config: Config, token: str, names: Sequence[str], is_counted: Callable[[Mapping[str, Any]], bool]
) -> dict[str, dict[str, float]]:
    """Times from the server's log, of the requests with this mark that count."""
    found: dict[str, list[Mapping[str, Any]]] = {name: [] for name in names}
    for line in requests_of(config):
        mark = str(line.get("request", "")).split(".")
        if line.get("what") == "request" and mark[:2] == ["sized", token] and is_counted(line):
            found[names[int(mark[2])]].append(line)
    return {kind: _taken(lines) for kind, lines in found.items() if lines}


def _kinds_in(standing: BuiltInstallation) -> dict[str, tuple[str, Sequence[str]]]:
    """Who requests which addresses, by kind: cases of all ages, words half of all cases contain and words only one does."""
    with standing.app.app_context():
        kinds = _kinds(standing.house)
        db.session.remove()
    return kinds


def _kinds(house: Installation) -> dict[str, tuple[str, Sequence[str]]]:
    cases = sorted(some_cases(house))                      # by their refs, which are random, so that ages are mixed
    codes = select(Case.code).where(Case.centre_id == house.centre_id)
    rare = [*db.session.scalars(codes.order_by(Case.id).limit(20)), *db.session.scalars(codes.order_by(Case.id.desc()).limit(20))]
    searches = [f"/search?q={each}" for each in rare]
    kinds = {**STAFF_PAGES, "case page": ("work_operator_0", cases), "staff search, rare": ("work_operator_0", searches)}
    return kinds | {f"{GUESTS}{kind}": ("", paths) for kind, paths in public_addresses().items()}


def _taken(lines: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    times, statements = [each["ms"] for each in lines], [each["statements"] for each in lines]
    return {
        "requests": len(lines), "p50_ms": share_below(times, 50) or 0.0, "p95_ms": share_below(times, 95) or 0.0,
        "statements_p50": share_below(statements, 50) or 0.0, "statements_max": max(statements),
    }  # fmt: skip


def _timers(app: Flask, say: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """Times of the worker's most frequent jobs with nothing to do, and of a due timer."""
    looks: dict[str, Callable[[datetime], object]] = {
        "timers, none due": lambda now: fire_due_timers(now, 100),
        "messages between processes, none": lambda now: deliver_messages(now, 100),
        "reminders, none due": lambda now: send_reminders(now, 100),
        "messages to route, none": lambda now: route_messages(now, 100, configured=()),
        "facts, nothing new": keep_facts,
    }  # fmt: skip
    with app.app_context():
        statements = Statements()
        statements.watch(db.engine)
        readings = Readings(statements)
        for name, look in looks.items():
            now = datetime.now(UTC)
            while look(now):
                pass
            for _ in range(LOOKS):
                with readings.reading(name):
                    look(now)
        due = select(Timer.due_at).where(Timer.ended_at.is_(None), Timer.fired_at.is_(None), Timer.due_at > now)
        for moment in list(db.session.scalars(due.order_by(Timer.due_at).limit(FIRED))):
            db.session.rollback()
            with readings.reading("a timer, fired"):
                fire_due_timers(moment, 1)
        db.session.remove()
    say("timers were looked at and fired")
    return {
        name: {
            "requests": len(times), "p50_ms": share_below(times, 50) or 0.0, "p95_ms": share_below(times, 95) or 0.0,
            "statements_p50": share_below([float(each) for each in readings.sent[name]], 50) or 0.0,
            "statements_max": max(readings.sent[name]),
        }
        for name, times in readings.milliseconds.items()
    }  # fmt: skip
