"""Every route given what no page sends, as everybody in turn: no failure of ours, no traceback, no slow answer, nothing of a case one does
not see. A fault is printed with what was sent; the same seed sends the same again.

On SQLite and on PostgreSQL, which refuses what the other takes: a text with a zero in it, half a character, a year or a number too large.
Each visit begins at the same installation: one person, some hundred requests, and what they changed is taken back. So a visit is replayed
without those before it, and what one may see stays known.
"""

from __future__ import annotations

import logging
import random
import shutil
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException

from casework.db import db
from tests import build
from tests.conftest import environment_of, prepare_schema, running
from tests.grounds import KNOWN
from tests.postgres import Cluster
from tests.soak.mutating import EDGES, Sent, at_edge, mutated, names_in, requests_of
from tests.soak.runs import Options, Round, Run
from tests.system.routes import BESIDE, addresses, opens_to, rules
from tests.system.world import PEOPLE, SECRET_WORDS, Stage, stage
from tests.web.pages import at
from web.config import Config
from web.request_log import LOGGER

MINUTES_EACH = 5
DATABASES = ("SQLite", "PostgreSQL")
"""In turn."""
BEGUN = build.NOON.replace(hour=9)
VISIT = 200
"""Requests of one person before everything is taken back."""
SLOWEST = 10.0
SHUT_OUT = (
    "guest",
    "other citizen",
    "officer of an agency not asked",
    "other centre's operator",
    "other centre's ops lead",
    "other centre's administrator",
)
"""Whom nothing they do themselves lets see the cases: what they had not read before they are not to read."""
MOST_FAULTS = 40


class Failures(logging.Handler):
    """Keeps what the program logs as a failure of its own."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.places: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        chain = []
        while error is not None:
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "?"
            chain.append(f"{type(error).__name__}: {str(error)[:300]} at {place}")
            error = error.__cause__ or error.__context__
        self.places.append(
            f"{record.getMessage()} {getattr(record, 'errors', '')} {' <- '.join(chain)} {getattr(record, 'where', ['', ''])[-2:]}"
        )


class OnSqlite:
    """The database is a file."""

    def __init__(self, folder: Path) -> None:
        self.config = Config.from_environment(environment_of(folder))
        self._path = self.config.data / "langbiang.db"
        self._kept = self._path.with_name("kept.db")

    def keep(self) -> None:
        """From now on this is what every visit finds."""
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()
        shutil.copyfile(self._path, self._kept)

    def bring_back(self) -> None:
        """Forget what was written since it was kept; nobody is connected."""
        for name in ("-wal", "-shm"):
            self._path.with_name(self._path.name + name).unlink(missing_ok=True)
        shutil.copyfile(self._kept, self._path)


class OnPostgres:
    """The database is one of a server that is there for this alone."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self._cluster = cluster
        self.config = Config.from_environment(environment_of(folder, cluster.create("fuzz")))

    def keep(self) -> None:
        """From now on this is what every visit finds."""
        db.engine.dispose()
        self._cluster.create("kept", template="fuzz")

    def bring_back(self) -> None:
        """Forget what was written since it was kept; nobody is connected."""
        self._cluster.drop("fuzz")
        self._cluster.create("fuzz", template="kept")


@contextmanager
def ground(database: str, folder: Path) -> Iterator[OnSqlite | OnPostgres]:
    """A database of this kind."""
    if database == "SQLite":
        yield OnSqlite(folder)
        return
    cluster = Cluster()
    try:
        cluster.start()
        yield OnPostgres(folder, cluster)
    finally:
        cluster.stop()


@dataclass
class House:
    """The stage, on a database that is brought back before each visit."""

    app: Flask
    stage: Stage
    ground: OnSqlite | OnPostgres
    failures: Failures
    roles: dict[str, Collection[str]] = field(default_factory=dict)
    corpora: dict[str, list[Sent]] = field(default_factory=dict)
    known: dict[str, list[str]] = field(default_factory=dict)
    unseen: dict[str, list[str]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)
    moment: datetime = BEGUN

    def keep(self) -> None:
        """From now on this is what every visit finds."""
        db.session.remove()
        self.ground.keep()

    def bring_back(self) -> None:
        db.session.remove()
        db.engine.dispose()
        self.ground.bring_back()
        self.moment = BEGUN
        for each in KNOWN:
            each.clear()

    def gather(self, name: str) -> None:
        """Read all that is there as this person, and note what could be sent from it."""
        person, read, gathered = self.stage.person(name), [], []
        paths = [*self._some_of_each(self.roles.get(name, ())), *BESIDE]
        values = dict.fromkeys(self.stage.names.values())
        for path in paths:
            page = person.get(path, follows=False)
            read.append(page.body.decode("utf-8", "ignore"))
            if page.status == 200 or page.status == 302:
                gathered.append(Sent("GET", urlsplit(path).path, urlsplit(path).query))
            if page.status == 200:
                for sent in requests_of(page):
                    gathered.append(sent)
                    values |= dict.fromkeys(value for _, value in sent.fields if 0 < len(value) < 200)
        gathered += self._posts()
        self.corpora[name], self.known[name] = list(dict.fromkeys(gathered)), list(values)
        text = "\n".join(read)
        self.unseen[name] = [word for word in SECRET_WORDS.values() if word not in text] if name in SHUT_OUT else []

    def _some_of_each(self, roles: Collection[str]) -> list[str]:
        """Two addresses of each route that opens to this person, and of each act and kind."""
        found: Counter[tuple[str, ...]] = Counter()
        paths = []
        for each in addresses(self.app):
            key = (each.endpoint, *(each.parts.get(part, "") for part in ("verb", "kind", "key")))
            if found[key] < 2 and opens_to(self.app, each.endpoint, roles):
                found[key] += 1
                paths.append(each.path)
        return paths

    def _posts(self) -> list[Sent]:
        """Every address something can be sent to, with nothing in it."""
        urls = self.app.url_map.bind("localhost")
        return [
            Sent(
                "POST",
                urls.build(rule.endpoint, dict.fromkeys(rule.arguments, "0000000000000000"), method="POST"),
                headers=(("X-Langbiang-Device", "x"),),
            )
            for rule in rules(self.app)
            if "POST" in (rule.methods or ())
        ]

    def visit(self, name: str, lot: random.Random, seed: str) -> None:
        """One person's hundred requests, after everything they may read was read once."""
        if name not in self.corpora:
            self.bring_back()
            self.gather(name)
        self.bring_back()
        client = self.stage.person(name)._client
        cookies = dict(client._cookies)  # type: ignore[attr-defined]
        corpus, known = self.corpora[name], self.known[name]
        for number in range(VISIT):
            self.ask(name, mutated(lot.choice(corpus), lot, known), lot, f"seed {seed}, request {number}, {name}")
        client._cookies = cookies  # type: ignore[attr-defined]

    def sweep(self, name: str, done: set[tuple[str, ...]], lot: random.Random) -> None:
        """Every field somebody's pages hold, each once with every value of EDGES, unless `done` says that another's pages had it."""
        self.bring_back()
        self.gather(name)
        client = self.stage.person(name)._client
        cookies = dict(client._cookies)  # type: ignore[attr-defined]
        for sent in self.corpora[name]:
            for field_ in names_in(sent):
                key = (*self._form_of(sent), field_)
                if key in done:
                    continue
                done.add(key)
                self.bring_back()
                client._cookies = dict(cookies)  # type: ignore[attr-defined]
                for value in EDGES:
                    self.ask(name, at_edge(sent, field_, value), lot, f"{name}, {field_} = {value[:20]!r}")
        client._cookies = cookies  # type: ignore[attr-defined]

    def _form_of(self, sent: Sent) -> tuple[str, ...]:
        """The route a request goes to, and which of the acts and kinds it serves."""
        try:
            endpoint, parts = self.app.url_map.bind("localhost").match(sent.path, method=sent.method)
        except HTTPException:
            return (sent.path,)
        return (endpoint, *(str(parts.get(part, "")) for part in ("verb", "kind", "key")), dict(sent.fields).get("act", ""))

    def ask(self, name: str, sent: Sent, lot: random.Random, where: str) -> None:
        """Send one request as somebody and note what is wrong with the answer."""
        client = self.stage.person(name)._client
        # no two acts come at one microsecond in a house, and keys of messages hold the instant
        self.moment += timedelta(seconds=1)
        at(self.app, self.moment)
        self.failures.places.clear()
        begun = time.monotonic()
        network = {"REMOTE_ADDR": f"10.{lot.randrange(256)}.{lot.randrange(256)}.7"}
        try:
            answer = client.open(sent.path, environ_base=network, buffered=True, **sent.details())
            status, body = answer.status_code, answer.get_data()
            answer.close()
        except Exception as failure:  # what a server would have to answer with a failure
            status, body = 500, b""
            self.failures.places.append(f"not caught: {type(failure).__name__}: {str(failure)[:300]}")
        took = time.monotonic() - begun
        self.statuses[status] += 1
        self.asked[name] += 1
        text = body.decode("utf-8", "ignore")
        if status >= 500 and not (status == 503 and not self.failures.places):
            self._note(f"{status} {' | '.join(self.failures.places)}", where, sent)
        elif self.failures.places or "Traceback (most recent call last)" in text:
            self._note(f"failure logged: {' | '.join(self.failures.places)}", where, sent)
        if took > SLOWEST:
            self._note(f"slow: {sent.method} {sent.path.split('/')[1:2]} {took:.0f} s", where, sent)
        for word in self.unseen[name]:
            if word in text:
                self._note(f"leak: {name} reads “{word}” at {sent.path}", where, sent)

    def told(self) -> dict[str, Any]:
        """What was asked and answered."""
        return {
            "requests": self.asked.total(),
            "corpus": sum(map(len, self.corpora.values())),
            "statuses": {str(code): number for code, number in sorted(self.statuses.items())},
        }

    def _note(self, what: str, where: str, sent: Sent) -> None:
        if what not in self.faults:
            self.faults[what] = f"{what}\n{where}\n{sent.told()}"
            print(f"\n== {self.faults[what]}", flush=True)


@contextmanager
def house(database: str) -> Iterator[House]:
    """The stage with everybody signed in, as each visit finds it. Raises AssertionError at the end with the faults that were found."""
    with TemporaryDirectory() as folder, ground(database, Path(folder)) as stands_on:
        prepare_schema(stands_on.config)
        with running(stands_on.config) as app:
            app.testing, app.config["PROPAGATE_EXCEPTIONS"] = False, False
            found = House(app, stage(app), stands_on, Failures())
            LOGGER.addHandler(found.failures)
            for handler in [each for each in LOGGER.handlers if each is not found.failures]:
                LOGGER.removeHandler(handler)
            try:
                for name in PEOPLE:
                    found.stage.person(name)
                assert found.stage.names, "read while the rows are at hand"
                found.roles = {name: found.stage.world.actor(login).roles for name, login in PEOPLE.items() if login}
                found.keep()
                yield found
            finally:
                LOGGER.removeHandler(found.failures)
            print(found.told(), flush=True)
            if found.faults:
                raise AssertionError(f"{len(found.faults)} faults: {found.told()}\n" + "\n\n".join(found.faults.values()))


def fuzzed(seed: int, part: int, minutes: float, database: str) -> dict[str, Any]:
    """Visits for so long, everybody in turn. Raises AssertionError with what was found."""
    with house(database) as visited:
        everybody = list(PEOPLE)
        random.Random(f"{seed}/{part}").shuffle(everybody)
        end, visit = time.monotonic() + minutes * 60, 0
        while time.monotonic() < end and len(visited.faults) < MOST_FAULTS:
            name = everybody[visit % len(everybody)]
            seeded = f"{seed}/{part}/{visit}"
            visited.visit(name, random.Random(seeded), seeded)
            visit += 1
    return {**visited.told(), "visits": visit}


def swept(seed: int, database: str) -> dict[str, Any]:
    """Every field of every form and link of everybody, with every value at its edge. Raises AssertionError with what was found."""
    lot, done = random.Random(f"{seed}/edges"), set[tuple[str, ...]]()
    with house(database) as visited:
        for name in PEOPLE:
            visited.sweep(name, done, lot)
    return {**visited.told(), "fields": len(done)}


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    for database in DATABASES:
        yield f"every field at its edges, {database}", partial(swept, options.seed, database)
    for part, begun in enumerate(range(0, options.runs, MINUTES_EACH)):
        minutes, database = min(MINUTES_EACH, options.runs - begun), DATABASES[part % len(DATABASES)]
        yield f"minutes {begun + 1} to {begun + minutes}, {database}", partial(fuzzed, options.seed, part, minutes, database)


RUN = Run("fuzz", "so many minutes of hostile requests to every route as everybody: no failure, no leak, nothing slow", 30, rounds)
