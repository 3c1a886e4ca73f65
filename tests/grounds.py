"""The ground tests stand on: one application for each kind of database and test process, on a database brought back for each test.

Making an application, a database and a world of people takes longer than most tests do. So the application stays, and what it
stands on is exchanged: each test has folders, keys' file and engine of its own, on SQLite a copy of a prepared file, on PostgreSQL
the one database of the ground with every table and sequence as it was prepared. Transactions, connections, triggers and locks are
those of an installation.

A builder marked @remembered is run once for each situation it is asked for in; after that its outcome is brought back:

    ground.situation    the number of what was built since the migrations, as far as it was built by such builders alone; None
                        after anything else has written, and once a test has replaced parts of the program

A test that asks for `config` or `environment` stands on a ground of its own instead (tests/conftest.py), for it may do anything.
"""
from __future__ import annotations

import functools
import shutil
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import psycopg
import pytest
from flask import Flask, current_app, has_app_context
from sqlalchemy import URL, Connection, Dialect, Engine, QueuePool, event, inspect, make_url
from sqlalchemy.orm import make_transient_to_detached

from casework import calendars
from casework.db import WRITES, Model, db, prepare_engine
from casework.db_postgres import KeepingConnection
from casework.files.local import LocalFileStore
from casework.places import map_layers
from casework.reading import kept_with_rules
from casework.sealing.keyring import Keyring, use_keyring
from casework.wallboard import map as wallboard_map
from tests.postgres import Cluster
from web import navigation
from web.config import Config

P = ParamSpec("P")
T = TypeVar("T")

MOST_KEPT = 500
"""Situations kept at a time; about a megabyte each."""

KNOWN: tuple[dict[Any, Any], ...] = (
    kept_with_rules.KEPT, calendars._kept, map_layers._kept, wallboard_map._kept, navigation._kept,
)  # fmt: skip
"""What the program remembers of the rules, by the address of the database first."""

READS = ("SELECT", "PRAGMA", "BEGIN", "SHOW", "EXPLAIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "SET")


class Unkeyable(Exception):
    """Something was given to a builder by which its situation cannot be told."""


@dataclass
class Kept:
    """A situation that can be brought back: what the database and the folder of files held, what the process knew of the rules, and
    what the builder returned."""

    situation: int
    database: Any
    files: Path
    known: Any
    result: Any


class Ground(ABC):
    """Where the tests of one process on one kind of database stand, one after the other."""

    def __init__(self, folder: Path, make_app: Callable[[Config], Flask]) -> None:
        self.folder = folder
        self.make_app = make_app
        self.app: Flask | None = None
        self.config: Config | None = None
        self.engine: Engine | None = None
        self.situation: int | None = None
        self.replaced: pytest.MonkeyPatch | None = None
        self._like_new: dict[str, Any] = {}
        self._kept: dict[tuple[Any, ...], Kept] = {}
        self._contents: dict[int, tuple[Any, Path, Any]] = {}
        self._number = 0
        self._threads = 0
        self._listeners = 0

    # -- what the kinds do differently ------------------------------------------------------------------------------------

    @abstractmethod
    def _url(self, folder: Path) -> str:
        """The address of the database of a test with this folder."""

    @abstractmethod
    def _engine(self, config: Config) -> Engine: ...

    @abstractmethod
    def _empty(self) -> None:
        """Bring the database to where the migrations leave it."""

    @abstractmethod
    def _take(self) -> Any:
        """Keep the content of the database."""

    @abstractmethod
    def _bring_back(self, kept: Any) -> None:
        """Give the database a content that was kept."""

    @abstractmethod
    def _is_as_told(self) -> bool:
        """Whether the database is as `situation` says: nobody wrote past the engine of the test."""

    @abstractmethod
    def _forget(self) -> None:
        """Throw away every content kept."""

    # -- one test -------------------------------------------------------------------------------------------------------

    @contextmanager
    def standing(
        self, environment: Callable[[Path, str | None], dict[str, str]], folder: Path, *, remembering: bool,
        replaced: pytest.MonkeyPatch | None = None,
    ) -> Iterator[Flask]:
        """The application for one test, its data in `folder`, with its context pushed; `replaced` knows what the test puts in place of
        parts of the program."""
        variables = environment(folder, self._url(folder))
        config = self.config = Config.from_environment(variables)
        if (keys := self.folder / "keyring.json").exists():
            shutil.copy(keys, config.keyring)
        self._empty()
        if self.app is None:
            self.app = self.make_app(config)
            shutil.copy(config.keyring, keys)
            self._like_new = _state_of(self.app)
            with self.app.app_context():
                db.engine.dispose()
        app = self.app
        self._repoint(app, config)
        self.situation = 0 if remembering else None
        self.replaced = replaced
        self._threads = threading.active_count()
        with app.app_context():
            try:
                yield app
            finally:
                db.session.remove()
                self._leave()
                if _changed_for_good(app, self._like_new):
                    self.app = None

    def _repoint(self, app: Flask, config: Config) -> None:
        from web import settings_of
        from web.accounts.outside_opening import open_outside
        from web.accounts.password_lists import open_lists
        from web.documents.opening import open_seals, open_trust
        from web.files.scanning import Scanner
        from web.gateways.opening import open_gateways, open_mailbox, open_transport, open_zalo
        from web.locales import open_languages

        app.__dict__.update({name: _copied(value) for name, value in self._like_new["plain"].items()})
        app.config.clear()
        app.config.update(self._like_new["config"] | settings_of(config))
        app.extensions.clear()
        app.extensions.update({name: _copied(value) for name, value in self._like_new["extensions"].items()})
        app.extensions["mailbox"] = open_mailbox(config)
        app.extensions["file_store"] = LocalFileStore(config.files)
        app.extensions["gateways"] = open_gateways(config)
        app.extensions["exchange"] = open_transport(config)
        app.extensions["zalo"] = open_zalo(config)
        app.extensions["outside"] = open_outside(config)
        app.extensions["password_lists"] = open_lists(config)
        app.extensions["scanner"] = Scanner.read(config.clamav) if config.clamav else None
        app.extensions["seals"], app.extensions["trust"] = open_seals(config), open_trust(config)
        app.extensions["ground"] = self
        open_languages(app)
        use_keyring(Keyring.load(config.keyring))
        self._new_engine(app, config)

    def _new_engine(self, app: Flask, config: Config) -> None:
        from web import request_log

        self.engine = self._engine(config)
        prepare_engine(self.engine)
        request_log.watch_statements(self.engine)
        event.listen(self.engine, "after_cursor_execute", self._note)
        self._listeners = len(self.engine.dispatch.before_cursor_execute)
        db._app_engines[app][None] = self.engine

    def _note(self, _connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if not statement.lstrip()[:9].upper().startswith(READS):
            self.situation = None

    def _leave(self) -> None:
        if self.engine is not None:
            self.engine.dispose()
        # kept by the address of the database, of which it is said that the rules' head tells all changes: tests write past that
        for kept in KNOWN:
            kept.clear()

    def _known(self) -> list[dict[tuple[Any, ...], Any]]:
        """What the process knows of the rules in the database of this test."""
        address = str(self.engine.url)                          # type: ignore[union-attr]
        return [{key[1:] if isinstance(key, tuple) else (): value for key, value in kept.items()
                 if (key[0] if isinstance(key, tuple) else key) == address} for kept in KNOWN]

    def _know(self, known: list[dict[tuple[Any, ...], Any]]) -> None:
        address = str(self.engine.url)                          # type: ignore[union-attr]
        for kept, values in zip(KNOWN, known, strict=True):
            kept.update({(address, *rest) if rest else address: value for rest, value in values.items()})

    # -- situations ------------------------------------------------------------------------------------------------------

    def remembered(self, builder: Callable[..., Any], given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """What the builder returns, from the shelf where it built the same in the same situation before."""
        assert self.config is not None
        session = db.session()
        listening = len(self.engine.dispatch.before_cursor_execute) > self._listeners   # type: ignore[union-attr]
        if threading.active_count() != self._threads:                                  # several at once, and one of them may be this
            self.situation = None
        if self.replaced is not None and _has_replaced(self.replaced):
            self.situation = None
        if self.situation is None or listening or session.info.get("in_unit_of_work"):
            return builder(*given, **named)
        try:
            key = (self.situation, builder.__module__, builder.__qualname__, self._told(given), self._told(named))
        except Unkeyable:
            return builder(*given, **named)
        session.rollback()
        if not (self._is_at_rest() and self._is_as_told()):
            self.situation = None
            return builder(*given, **named)
        if kept := self._kept.get(key):
            self._bring_back(kept.database)
            shutil.rmtree(self.config.files, ignore_errors=True)
            if kept.files.exists():
                shutil.copytree(kept.files, self.config.files)
            self._know(kept.known)
            self.situation = kept.situation
            return found_again(kept.result)
        result = builder(*given, **named)
        session.rollback()
        if self._is_at_rest():
            with suppress(Unkeyable):
                self._keep(key, reference_to(result))
        return result

    def _is_at_rest(self) -> bool:
        """Whether nobody is connected in the middle of something."""
        return self.engine is not None and self.engine.pool.checkedout() == 0          # type: ignore[attr-defined]

    def _keep(self, key: tuple[Any, ...], reference: Any) -> None:
        assert self.config is not None
        if self.situation is None:                                                     # else builders inside this one kept it just now
            if len(self._contents) >= MOST_KEPT:
                self._forget()
                self._kept.clear()
                self._contents.clear()
                shutil.rmtree(self.folder / "files", ignore_errors=True)
            self._number += 1
            files = self.folder / "files" / str(self._number)
            if self.config.files.exists() and any(self.config.files.iterdir()):
                shutil.copytree(self.config.files, files)
            self._contents[self._number] = (self._take(), files, self._known())
            self.situation = self._number
        if self.situation in self._contents:
            self._kept[key] = Kept(self.situation, *self._contents[self.situation], reference)

    def _told(self, value: Any) -> Any:
        """What was given to a builder, so that equal things are equal. Raises Unkeyable."""
        match value:
            case None | bool() | int() | str() | float() | bytes() | date() | datetime():
                return (type(value).__name__, value)
            case Model():
                return (type(value).__name__, *(inspect(value).identity or _no_key()))
            case Path():
                return "files" if self.config is not None and value == self.config.files else _no_key()
            case list() | tuple():
                return (type(value).__name__, *(self._told(each) for each in value))
            case dict():
                return ("dict", *((self._told(key), self._told(each)) for key, each in value.items()))
            case _ if is_dataclass(value) and not isinstance(value, type):
                return (type(value).__name__, *(self._told(getattr(value, field.name)) for field in fields(value)))
            case _:
                raise Unkeyable(type(value))


def _no_key() -> Any:
    raise Unkeyable


def _has_replaced(patches: pytest.MonkeyPatch) -> bool:
    return any((patches._setattr, patches._setitem, patches._cwd, patches._savesyspath))


@dataclass(frozen=True)
class _Row:
    kind: type[Any]
    identity: tuple[Any, ...]


def reference_to(value: Any) -> Any:
    """The value with its rows replaced by their keys. Raises Unkeyable."""
    match value:
        case None | bool() | int() | str() | float() | bytes() | date() | datetime():
            return value
        case Model():
            return _Row(type(value), inspect(value).identity or _no_key())
        case list() | tuple():
            return type(value)(reference_to(each) for each in value)
        case dict():
            return {key: reference_to(each) for key, each in value.items()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return (type(value), {field.name: reference_to(getattr(value, field.name)) for field in fields(value)})
        case _:
            raise Unkeyable(type(value))


def found_again(reference: Any) -> Any:
    """The value again, its rows expired as after a commit: each is read when it is asked for something."""
    match reference:
        case _Row(kind, identity):
            session = db.session()
            key = inspect(kind).identity_key_from_primary_key(identity)
            row = session.identity_map.get(key)
            if row is None:
                row = kind()
                for column, value in zip(inspect(kind).primary_key, identity, strict=True):
                    setattr(row, inspect(kind).get_property_by_column(column).key, value)
                make_transient_to_detached(row)
                session.add(row)
            return row
        case (type() as kind, dict(given)) if is_dataclass(kind):
            return kind(**{name: found_again(value) for name, value in given.items()})
        case list() | tuple():
            return type(reference)(found_again(each) for each in reference)
        case dict():
            return {key: found_again(each) for key, each in reference.items()}
        case _:
            return reference


def remembered(builder: Callable[P, T]) -> Callable[P, T]:
    """Mark a builder of situations: real use cases alone, the same outcome for the same arguments in the same situation."""
    @functools.wraps(builder)
    def built(*given: P.args, **named: P.kwargs) -> T:
        ground = current_app.extensions.get("ground") if has_app_context() else None
        return ground.remembered(builder, given, named) if ground else builder(*given, **named)

    return built


# -- the application ------------------------------------------------------------------------------------------------------

PLAIN = ("test_client_class", "test_cli_runner_class", "_got_first_request", "testing", "session_interface", "before_request_funcs",
         "after_request_funcs", "teardown_request_funcs", "teardown_appcontext_funcs", "error_handler_spec", "view_functions",
         "template_context_processors", "wsgi_app", "json")


EXTENSIONS = {
    "babel", "csrf", "demo_accounts", "exchange", "file_store", "gateways", "ground", "languages", "mailbox", "outside", "password_lists",
    "scanner",
    "seals", "sqlalchemy", "trust", "zalo",
}  # fmt: skip
"""Of which it is known that nothing of a test stays in them, or that _repoint makes them anew."""


def _copied(value: Any) -> Any:
    """Containers anew, all the way down; what they hold stays."""
    if type(value) is list:
        return [_copied(each) for each in value]
    if isinstance(value, dict):
        copy = value.copy()
        copy.update((key, _copied(each)) for key, each in value.items())
        return copy
    return value


def _state_of(app: Flask) -> dict[str, Any]:
    unknown = set(app.extensions) - EXTENSIONS
    assert not unknown, f"{unknown} would be shared by all tests: make them anew in Ground._repoint, then name them in EXTENSIONS"
    plain = {name: _copied(app.__dict__[name]) for name in PLAIN if name in app.__dict__} | {"_got_first_request": False}
    return {"plain": plain, "config": dict(app.config), "extensions": {name: _copied(value) for name, value in app.extensions.items()},
            "lasting": _lasting(app)}


def _lasting(app: Flask) -> Any:
    return (len(app.url_map._rules), dict(app.jinja_env.globals), dict(app.jinja_env.filters), dict(app.jinja_env.tests))


def _changed_for_good(app: Flask, like_new: dict[str, Any]) -> bool:
    """Whether a test did to the application what cannot be taken back: then the next one gets a new application."""
    return bool(_lasting(app) != like_new["lasting"])


# -- SQLite -------------------------------------------------------------------------------------------------------------


class SqliteGround(Ground):
    """Each test has a file of its own, copied from one that was prepared."""

    def __init__(self, folder: Path, make_app: Callable[[Config], Flask], template: Path, dialects: dict[str, Dialect], cache: Any) -> None:
        super().__init__(folder, make_app)
        self.template, self.dialects, self.cache = template, dialects, cache

    def _url(self, folder: Path) -> str | None:  # type: ignore[override]
        return None

    @property
    def _file(self) -> Path:
        assert self.config is not None
        return self.config.data / "langbiang.db"

    def _engine(self, config: Config) -> Engine:
        dialect, url = self.dialects["sqlite"], make_url(config.database_url)
        arguments, options = dialect.create_connect_args(url)
        prepare = dialect.on_connect_url(url)

        def connect() -> sqlite3.Connection:
            connection = dialect.connect(*arguments, **options)
            if prepare is not None:
                prepare(connection)
            return connection  # type: ignore[return-value]

        pool = QueuePool(connect, pool_size=config.threads, max_overflow=2, dialect=dialect)
        return Engine(pool, dialect, url, hide_parameters=True, execution_options={"compiled_cache": self.cache})

    def _empty(self) -> None:
        shutil.copyfile(self.template, self._file)

    def _take(self) -> Path:
        assert self.engine is not None
        self.engine.dispose()                                   # the last connection to close takes the WAL in
        assert not self._file.with_name("langbiang.db-wal").exists()
        kept = self.folder / f"{self._number}.db"
        shutil.copyfile(self._file, kept)
        return kept

    def _bring_back(self, kept: Path) -> None:
        assert self.engine is not None
        self.engine.dispose()
        assert not self._file.with_name("langbiang.db-wal").exists(), "somebody is connected past the engine of the test"
        shutil.copyfile(kept, self._file)

    def _is_as_told(self) -> bool:
        return True                                             # the file is a test's own, which had no way to its folder

    def _forget(self) -> None:
        for database, *_ in self._contents.values():
            database.unlink()


# -- PostgreSQL ---------------------------------------------------------------------------------------------------------

SHELF = "shelf"
"""The schema beside the tables where contents are kept."""

VACUUM_AFTER = 40
"""Contents brought back before what was deleted is swept away."""


class KeepingPool(QueuePool):
    """Hands its first connection over to the next test instead of closing it."""

    ground: PostgresGround

    def _close_connection(self, connection: Any, *, terminate: bool = False) -> None:
        if not self.ground.keep_connection(connection):
            super()._close_connection(connection, terminate=terminate)


class PostgresGround(Ground):
    """One database; every table that was written is given its content back, and every sequence its number.

    Each content of a table has a number and is kept on the shelf under it, 0 for what the migrations leave. What was written is
    told by the rows' own transaction numbers and their count, whoever wrote it. Triggers taken away are put back; any other change
    of the tables themselves costs the database its life.
    """

    def __init__(self, folder: Path, make_app: Callable[[Config], Flask], cluster: Cluster, template: str, dialects: dict[str, Dialect],
                 cache: Any) -> None:
        super().__init__(folder, make_app)
        self.cluster, self.template, self.dialects, self.cache = cluster, template, dialects, cache
        self.database = ""
        self.hand: psycopg.Connection[tuple[object, ...]] | None = None
        self.spare: Any = None
        self.seen: dict[str, tuple[int, int]] = {}
        self.tests = 0

    def _url(self, folder: Path) -> str:
        if not self.database:
            self._make()
        return self.cluster.url(self.database)

    def _make(self) -> None:
        self.database = "ground"
        self.cluster.create(self.database, template=self.template)
        hand = self.hand = self.cluster.connect(self.database)
        self.columns: dict[str, str] = {}
        found = hand.execute("""
            SELECT c.relname, string_agg(quote_ident(a.attname), ',' ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '')
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY 1 ORDER BY 1""").fetchall()
        self.columns = {str(table): str(columns) for table, columns in found}
        self.sequences = [str(name) for name, in hand.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace ORDER BY 1")]
        self.triggers = self._triggers()
        hand.execute(f"CREATE SCHEMA {SHELF}")
        hand.execute(f"""CREATE UNLOGGED TABLE {SHELF}.changes (tag text);
            CREATE FUNCTION {SHELF}.note_change() RETURNS event_trigger LANGUAGE plpgsql AS
            $$ BEGIN INSERT INTO {SHELF}.changes VALUES (tg_tag); END $$""")
        for table, columns in self.columns.items():
            hand.execute(f'CREATE UNLOGGED TABLE {SHELF}."{table}" AS SELECT 0 AS shelved, {columns} FROM public."{table}"')
            hand.execute(f'CREATE INDEX ON {SHELF}."{table}" (shelved)')
        hand.execute(f"CREATE EVENT TRIGGER {SHELF}_changes ON ddl_command_end EXECUTE FUNCTION {SHELF}.note_change()")
        hand.execute("SET session_replication_role = replica")             # no triggers, no foreign keys: whole contents are exchanged
        asked = " UNION ALL ".join(
            [f"SELECT '{table}', count(*), count(*) FILTER (WHERE xmin::text::bigint >= $1) FROM public.\"{table}\""
             for table in self.columns]
            + [f"SELECT '{name}', CASE WHEN is_called THEN last_value ELSE 0 END, -1 FROM public.\"{name}\"" for name in self.sequences]
            + [f"SELECT '', count(*), -1 FROM {SHELF}.changes"])
        hand.execute(f"PREPARE look (bigint) AS {asked}")
        self.now: dict[str, int] = dict.fromkeys(self.columns, 0)          # the number of each table's content
        self.since = 0
        seen = self._look()
        self.counts = {(table, 0): seen[table][0] for table in self.columns}
        self.empty = (dict(self.now), {name: seen[name][0] for name in self.sequences})
        self.now_sequences = self.empty[1]
        self.numbers = 0
        self.swept = 0
        self._settle()

    def _look(self) -> dict[str, tuple[int, int]]:
        assert self.hand is not None
        return {str(name): (count, newer) for name, count, newer in self.hand.execute(f"EXECUTE look ({self.since})")}  # type: ignore

    def _settle(self) -> None:
        """What is written from here on is new."""
        assert self.hand is not None
        [[self.since]] = self.hand.execute("SELECT txid_snapshot_xmax(txid_current_snapshot())").fetchall()  # type: ignore[misc]

    def _written(self, seen: dict[str, tuple[int, int]]) -> list[str]:
        return [table for table in self.columns if seen[table][1] or seen[table][0] != self.counts[table, self.now[table]]]

    def _engine(self, config: Config) -> Engine:
        dialect, url = self.dialects["postgresql"], make_url(config.database_url)
        arguments, options = dialect.create_connect_args(url)
        prepare = dialect.on_connect_url(url)

        def connect() -> Any:
            if (spare := self.spare) is not None:
                self.spare = None
                return spare
            connection = KeepingConnection.connect(*arguments, **options)
            if prepare is not None:
                prepare(connection)
            return connection

        pool = KeepingPool(connect, pool_size=config.threads, max_overflow=2, dialect=dialect, use_lifo=True)
        pool.ground = self
        self.tests += 1
        # what is kept by the address of a database is kept for one test
        named: URL = url.update_query_dict({"application_name": f"test_{self.tests}"})
        return Engine(pool, dialect, named, hide_parameters=True, execution_options={"compiled_cache": self.cache})

    def keep_connection(self, connection: Any) -> bool:
        """Whether a connection that is given up was kept for the next test."""
        if self.spare is not None or connection.closed or connection.info.transaction_status != 0:
            return False
        self.spare = connection
        return True

    def _empty(self) -> None:
        assert self.hand is not None
        seen = self._look()
        if seen[""][0] and not self._put_triggers_back():
            self._throw_away()
            self._make()
        else:
            self._exchange(self.empty, seen)

    def _triggers(self) -> dict[tuple[str, str], str]:
        """The definitions of all triggers, by table and name."""
        assert self.hand is not None
        return {(str(table), str(name)): str(definition) for table, name, definition in self.hand.execute(
            "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal")}

    def _put_triggers_back(self) -> bool:
        """Whether nothing but triggers was changed, and all of them are as they were."""
        assert self.hand is not None
        if self.hand.execute(f"SELECT FROM {SHELF}.changes WHERE tag <> 'DROP TRIGGER'").fetchall():
            return False
        there = self._triggers()
        for each in self.triggers.keys() - there.keys():
            self.hand.execute(self.triggers[each])              # type: ignore[arg-type]
        self.hand.execute(f"DELETE FROM {SHELF}.changes")
        return self._triggers() == self.triggers

    def _throw_away(self) -> None:
        if self.spare is not None:
            self.spare.close()
            self.spare = None
        if self.hand is not None:
            self.hand.close()
        self.cluster.drop(self.database)
        self._kept.clear()
        self._contents.clear()
        self.database = ""

    def _leave(self) -> None:
        assert self.engine is not None
        in_use = self.engine.pool.checkedout()                             # type: ignore[attr-defined]
        super()._leave()
        assert self.hand is not None
        mine = self.spare.info.backend_pid if self.spare is not None else 0
        if self.spare is not None:
            self.spare.execute("SELECT pg_advisory_unlock_all()")
            self.spare.rollback()
        if in_use:
            self.hand.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                              " AND pid NOT IN (pg_backend_pid(), %s)", [mine])

    def _exchange(self, wanted: tuple[dict[str, int], dict[str, int]], seen: dict[str, tuple[int, int]]) -> None:
        """Give every table and sequence what is wanted of it, where it has not got it."""
        assert self.hand is not None
        contents, numbers = wanted
        written = set(self._written(seen))
        commands = []
        for table, number in contents.items():
            if table in written or self.now[table] != number:
                if seen[table][0]:
                    commands.append(f'DELETE FROM public."{table}"')
                if self.counts[table, number]:
                    columns = self.columns[table]
                    commands.append(f'INSERT INTO public."{table}" ({columns})'
                                    f' SELECT {columns} FROM {SHELF}."{table}" WHERE shelved = {number}')
        for name, number in numbers.items():
            if seen[name][0] != number:
                commands.append(f"SELECT setval('public.\"{name}\"', {max(number, 1)}, {number > 0})")
        if commands:
            self.hand.execute("; ".join(["BEGIN", *commands, "COMMIT"]))
            self.swept += 1
            if self.swept >= VACUUM_AFTER:
                self.swept = 0
                self.hand.execute("VACUUM")
        self.now = dict(contents)
        self._settle()

    def _take(self) -> tuple[dict[str, int], dict[str, int]]:
        assert self.hand is not None
        seen = self._look()
        self.numbers += 1
        commands = []
        for table in self._written(seen):
            self.now[table] = self.numbers
            self.counts[table, self.numbers] = seen[table][0]
            columns = self.columns[table]
            if seen[table][0]:
                commands.append(f'INSERT INTO {SHELF}."{table}" (shelved, {columns})'
                                f' SELECT {self.numbers}, {columns} FROM public."{table}"')
        if commands:
            self.hand.execute("; ".join(["BEGIN", *commands, "COMMIT"]))
        self._settle()
        return dict(self.now), {name: seen[name][0] for name in self.sequences}

    def _bring_back(self, kept: tuple[dict[str, int], dict[str, int]]) -> None:
        self._exchange(kept, self.seen)

    def _is_as_told(self) -> bool:
        self.seen = self._look()
        return not self._written(self.seen) and not self.seen[""][0]

    def _forget(self) -> None:
        assert self.hand is not None
        for table in self.columns:
            self.hand.execute(f'DELETE FROM {SHELF}."{table}" WHERE shelved > 0')
        self.hand.execute("VACUUM")
        # what the tables hold now is on no shelf any more
        self.now = {table: number if not number else -1 for table, number in self.now.items()}
        self.counts.update({(table, -1): -1 for table in self.columns})

    def close(self) -> None:
        """Let go of the database."""
        if self.database:
            self._throw_away()


def somebody_else() -> Connection:
    """A connection of somebody who writes, or holds a row, beside the test."""
    return db.engine.connect().execution_options(**{WRITES: True})
