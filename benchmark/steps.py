"""`langbiang benchmark`: how long a step takes and how many SQL statements it sends, through the pages, the use cases and the engine.

A life is that of benchmark/life.py. All three ways run in the same process, one after the other, in a temporary data folder, on SQLite or
in a named empty database.
"""

import os
import platform
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import fmean, median, quantiles
from time import perf_counter, thread_time
from typing import Any

from flask import Flask
from sqlalchemy import create_engine, event, func, inspect, select, text

import migrations
from benchmark.engine_alone import EngineLife, shipped_definition
from benchmark.life import LIFE, Staff, file_one, input_to, spells, take_on_staff, waiting_ref
from benchmark.pages import FILE, Browser, PageLife
from benchmark.steps_table import AIM_MS, AIM_STATE_BYTES, AIM_STATEMENTS
from benchmark.surroundings import keep
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.models import Case, Centre
from web import create_app
from web.clock import now
from web.config import Config
from web.request_log import NO_STATEMENT, be_quiet
from workflows.models import ProcessInstance
from workflows.running.steps import perform

LIVES = 20
PARTS = ("open", "page", "post", "inbox")
"""Requests: the sender's pages, those of steps, forms sent, and the inbox where somebody has nothing more to do."""


class BenchmarkRefused(CaseworkError):
    """The named database is in use; its contents would be mixed with thousands of invented cases."""

    def __init__(self) -> None:
        super().__init__(
            "Cơ sở dữ liệu này đã có dữ liệu. Phép đo chỉ chạy trên cơ sở dữ liệu trống.",
            "This database holds data already. The benchmark runs in an empty database only.",
        )


class Statements:
    """Counts the SQL statements sent by an engine."""

    def __init__(self) -> None:
        self.count = 0

    def watch(self, engine: Any) -> None:
        event.listen(engine, "before_cursor_execute", self._sent)

    def _sent(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.count += not NO_STATEMENT.match(statement)


@dataclass
class Readings:
    """Milliseconds (passed, and spent by the processor) and statements of each step, one entry per life."""

    statements: Statements
    milliseconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    processor: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    sent: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    @contextmanager
    def reading(self, step: str) -> Iterator[None]:
        """Read clocks and counter before and after the block."""
        before, begun, spent = self.statements.count, perf_counter(), thread_time()
        yield
        self.milliseconds[step].append((perf_counter() - begun) * 1000)
        self.processor[step].append((thread_time() - spent) * 1000)
        self.sent[step].append(self.statements.count - before)

    def of_step(self, step: str) -> dict[str, float]:
        """One step: median and 95th percentile, and the most statements it ever sent."""
        return {**spread(self.milliseconds[step]), "statements": max(self.sent[step], default=0)}

    def of_all(self, steps: list[str]) -> dict[str, float]:
        """All steps of the life together, without filing."""
        times = [time for step in steps for time in self.milliseconds[step]]
        sent = [count for step in steps for count in self.sent[step]]
        spent = [time for step in steps for time in self.processor[step]]
        ours = {"processor_p50_ms": round(median(spent), 2)} if spent else {}
        statements = {"statements_p50": median(sent), "statements_mean": round(fmean(sent), 1), "statements_max": max(sent)}
        return {**spread(times), **ours, **statements}


def spread(times: list[float]) -> dict[str, float]:
    """Median and 95th percentile, in the unit given."""
    top = quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
    return {"p50_ms": round(median(times), 2), "p95_ms": round(top, 2)}


def run(*, lives: int = LIVES, database_url: str | None = None, with_pages: bool = True, out: Path | None = None) -> dict[str, Any]:
    """Measure and return what `steps_table.lines` shows; `out` stores it as JSON. Raises BenchmarkRefused.

    One uncounted life of each way comes first, since it parses the model and fills the caches.
    """
    with tempfile.TemporaryDirectory(prefix="langbiang-benchmark-") as folder:
        # no worker runs that would carry out what can be taken back
        settings = {"LANGBIANG_DATA": folder, "LANGBIANG_TAKE_BACK_SECONDS": "0"}
        config = Config.from_environment(settings | ({"LANGBIANG_DATABASE_URL": database_url} if database_url else {}))
        with empty_application(config) as app:
            result = _measured(app, config, lives, with_pages)
    if out is not None:
        keep(result, out)
    return result


@contextmanager
def empty_application(config: Config) -> Iterator[Flask]:
    """The application on an empty database with its tables. Raises BenchmarkRefused for one in use."""
    refuse_used(config)
    migrations.upgrade(config.database_url)
    app = create_app(config)
    be_quiet()                                             # a line for each request would drown the table
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            for engine in db.engines.values():
                engine.dispose()


def refuse_used(config: Config) -> None:
    """Raise BenchmarkRefused if anything has been installed."""
    engine = create_engine(config.database_url)
    try:
        with engine.connect() as connection:
            used = inspect(connection).has_table(Centre.__tablename__) and connection.scalar(select(func.count()).select_from(Centre))
    finally:
        engine.dispose()
    if used:
        raise BenchmarkRefused


def _measured(app: Flask, config: Config, lives: int, with_pages: bool) -> dict[str, Any]:
    statements = Statements()
    with app.app_context():
        made_at = now()
        statements.watch(db.engine)
        with unit_of_work():
            staff = take_on_staff(made_at)
        size_before = database_bytes(config)
        ways = {"engine": _engine_way(Readings(statements), lives)}
        use_cases = Readings(statements)
        states: list[int] = []
        for number in range(lives + 1):
            _use_case_life(staff, use_cases if number else Readings(statements), states)
        ways["use_cases"] = _of_way(use_cases)
        size = (database_bytes(config) - size_before) / (lives + 1)
    requests: dict[str, Any] = {}
    if with_pages:
        parts, asked = _page_parts(app, staff, statements, lives)
        names = [FILE, *(step.name for step in LIFE)]
        ways["http"] = _of_way(_together(parts, names, ("open", "post")))
        ways["http_with_page"] = _of_way(_together(parts, names, ("open", "page", "post")))
        each = {part: {name: max(sent) for name, sent in readings.sent.items()} for part, readings in parts.items()}
        requests = {"statements_of_requests": each, "requests_of_a_life": asked}
    return {
        "made_at": made_at.isoformat(timespec="seconds"), "python": platform.python_version(),
        "processors": os.cpu_count(), "database": "sqlite" if config.is_sqlite else "postgresql",
        "lives": lives, "steps": len(LIFE), "ways": ways,
        "state_bytes_per_waiting_instance": {"mean": round(fmean(states)), "max": max(states)},
        "database_bytes_per_life": round(size), "statements_of_requests": {}, **requests,
        "aims": {"p50_ms": AIM_MS, "statements_p50": AIM_STATEMENTS, "state_bytes": AIM_STATE_BYTES},
    }  # fmt: skip


def _of_way(readings: Readings) -> dict[str, Any]:
    names = [step.name for step in LIFE if readings.milliseconds[step.name]]
    shown = ([FILE] if readings.milliseconds[FILE] else []) + names
    return {"each": {name: readings.of_step(name) for name in shown}, "step": readings.of_all(names)}


def _engine_way(readings: Readings, lives: int) -> dict[str, Any]:
    definition = shipped_definition()
    for number in range(lives + 1):
        for name, seconds in EngineLife(definition, now()).timed_steps():
            if number:
                readings.milliseconds[name].append(seconds * 1000)
                readings.sent[name].append(0)
    return _of_way(readings)


def _use_case_life(staff: Staff, readings: Readings, states: list[int]) -> None:
    """Actors and form values are looked up before, as a page does; only the unit of work is timed."""
    moment = now()
    with readings.reading(FILE), unit_of_work():
        filed = file_one(staff, now=moment)
        case_id, report_id = filed.case.id, filed.report.id
    for step in LIFE:
        states += _waiting_states(case_id)
        moment += timedelta(seconds=1)
        case = db.session.get_one(Case, case_id)
        ref, given = waiting_ref(step, staff, case_id), input_to(step, staff, case)
        by = staff.actor(step.who, moment, report_id)
        with readings.reading(step.name), unit_of_work():
            perform(ref, by=by, now=moment, act=step.act, given=given)
        db.session.remove()
    states += _waiting_states(case_id)


def _waiting_states(case_id: int) -> list[int]:
    query = select(ProcessInstance.state).where(ProcessInstance.case_id == case_id, ProcessInstance.status == "running")
    return [len(state) for state in db.session.scalars(query)]


def _page_parts(app: Flask, staff: Staff, statements: Statements, lives: int) -> tuple[dict[str, Readings], float]:
    """The pages and forms of all lives, each read by itself, and how many requests a life is.

    All cases are in hand at once, so that everybody works down a queue: who sends a form is led to what they do next.
    """
    browsers = {who: Browser(app) for who in staff.accounts}
    for who, browser in browsers.items():
        browser.sign_in(f"benchmark_{who}")
    _live_together(app, staff, browsers, {name: Readings(statements) for name in PARTS}, 1)
    parts = {name: Readings(statements) for name in PARTS}
    asked = _live_together(app, staff, browsers, parts, lives)
    return parts, round(asked / lives, 1)


def _live_together(app: Flask, staff: Staff, browsers: Mapping[str, Browser], parts: Mapping[str, Readings], lives: int) -> int:
    """Returns how many requests that took."""
    before = sum(browser.asked for browser in browsers.values())

    def timed(step: str, part: str, act: Callable[[], Any]) -> Any:
        with parts[part].reading(step):
            return act()

    together = [PageLife(app, staff, browsers, timed) for _ in range(lives)]
    for life in together:
        life.file()
    for steps in spells():
        for life in together:
            for step, then in zip(steps, (*steps[1:], steps[0]), strict=True):
                life.take(step, then)
    return sum(browser.asked for browser in (*browsers.values(), *(life.guest for life in together))) - before


def _together(parts: Mapping[str, Readings], names: list[str], wanted: tuple[str, ...]) -> Readings:
    """The parts of each step added up, life by life."""
    total = Readings(Statements())
    for name in names:
        readings = [parts[part] for part in wanted if parts[part].milliseconds[name]]
        total.milliseconds[name] = [sum(times) for times in zip(*(each.milliseconds[name] for each in readings), strict=True)]
        total.sent[name] = [sum(counts) for counts in zip(*(each.sent[name] for each in readings), strict=True)]
    return total


def database_bytes(config: Config) -> int:
    """The size of the database on disk, after the write-ahead log has been checkpointed."""
    if config.is_sqlite:
        db.session.rollback()
        db.session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        db.session.rollback()
        return (config.data / "langbiang.db").stat().st_size
    size: int = db.session.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    return size
