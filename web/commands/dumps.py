"""Saves the database to one file and loads it again: SQLite by its online backup, PostgreSQL by pg_dump and pg_restore, while
people work."""

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.engine import URL, make_url

from casework.db import METADATA
from casework.errors import CaseworkError

DEBIAN_PROGRAMS = Path("/usr/lib/postgresql")
OF_THE_MOMENT = frozenset({"presence"})
"""Tables whose rows are in no backup: what they say is over before anybody could restore it, and is to be kept nowhere."""
TABLE_ROWS = re.compile(r"^\d+; \d+ \d+ TABLE DATA (\S+) (\S+) ", re.MULTILINE)
"""A line of `pg_restore --list` naming schema and table of table data."""


class DumpRefused(CaseworkError):
    """The database cannot be saved or restored; the text says why."""


def dump_name(database_url: str) -> str:
    """The file name of the dump inside a backup."""
    return "database.sqlite3" if _is_sqlite(database_url) else "database.pgdump"


@contextmanager
def dumped(database_url: str, target: Path) -> Iterator[Connection]:
    """Write the database to `target` and yield a connection that sees exactly what was written, whatever others commit meanwhile.

    Raises DumpRefused.
    """
    with _dumped_sqlite(database_url, target) if _is_sqlite(database_url) else _dumped_postgresql(database_url, target) as connection:
        yield connection


def load_dump(source: Path, database_url: str) -> None:
    """Fill an empty database from a dump of the same kind. Raises DumpRefused."""
    if _is_sqlite(database_url):
        target = _sqlite_path(database_url)
        staged = target.with_name(f".{target.name}.part")
        shutil.copyfile(source, staged)
        staged.chmod(0o600)
        _refuse_damaged(staged)
        staged.replace(target)
        return
    with _connected(database_url) as connection:
        program, schema = _program("pg_restore", _major_version(connection)), _schema_of(connection)
    held = _tables_in(source, program)
    if not any(each == schema for each, _table in held):
        names = ", ".join(sorted({each for each, _table in held})) or "?"
        raise DumpRefused(
            f"Bản sao lưu có các bảng ở lược đồ {names}, còn cơ sở dữ liệu này mở lược đồ {schema}. Hãy tạo lược đồ {names} và đặt "
            "search_path theo nó, rồi khôi phục lại.",
            f"The backup has its tables in the schema {names}, and this database opens the schema {schema}. Create the schema {names}, "
            "set search_path to it, and restore again.",
        )
    # one schema only: extensions and publications, which older backups contain too, are created by an administrator
    options = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", f"--schema={schema}")
    _run(program, *options, f"--dbname={_conninfo(database_url)}", str(source), password=_password(database_url))


def is_empty(database_url: str) -> bool:
    """Whether there is no table yet; true for an SQLite file that does not exist."""
    if _is_sqlite(database_url) and not _sqlite_path(database_url).exists():
        return True
    with _connected(database_url) as connection:
        return not inspect(connection).get_table_names()


def server_version(connection: Connection) -> str:
    query = "SELECT sqlite_version()" if connection.dialect.name == "sqlite" else "SHOW server_version"
    return str(connection.scalar(text(query)))


@contextmanager
def _dumped_sqlite(database_url: str, target: Path) -> Iterator[Connection]:
    source = _sqlite_path(database_url)
    if not source.exists():
        raise DumpRefused(f"Không có cơ sở dữ liệu {source}.", f"There is no database {source}.")
    with closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as there, closing(sqlite3.connect(target)) as copy:
        there.backup(copy)
        copy.execute("PRAGMA secure_delete=ON")         # written over, not only unlinked
        there_too = {name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table in sorted(OF_THE_MOMENT & there_too):
            copy.execute(f"DELETE FROM {table}")
        copy.commit()
        copy.execute("PRAGMA journal_mode=DELETE")  # one file instead of three; the program switches back to WAL when it opens it
    target.chmod(0o600)
    _refuse_damaged(target)
    with _connected(f"sqlite:///{target}") as connection:
        yield connection


@contextmanager
def _dumped_postgresql(database_url: str, target: Path) -> Iterator[Connection]:
    with _connected(database_url) as connection:
        connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        major, schema = _major_version(connection), _schema_of(connection)
        dump, restore = _program("pg_dump", major), _program("pg_restore", major)
        snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
        without = (f"--exclude-table-data={_pattern(schema)}.{_pattern(table)}" for table in sorted(OF_THE_MOMENT))
        options = ("--format=custom", "--no-owner", "--no-privileges", *without, f"--snapshot={snapshot}", f"--file={target}")
        _run(dump, *options, *_of_own_schema(schema), f"--dbname={_conninfo(database_url)}", password=_password(database_url))
        target.chmod(0o600)
        _refuse_unrestorable(target, restore, connection, schema)
        yield connection


def _of_own_schema(schema: str) -> tuple[str, ...]:
    """Arguments that limit a dump to the program's schema: the rest of the database is not ours to save, and our role could not
    restore it."""
    return (f"--schema={_pattern(schema)}",)


def _pattern(name: str) -> str:
    """A name quoted for pg_dump's patterns, so that no character in it is special."""
    return '"' + name.replace('"', '""') + '"'


def _refuse_unrestorable(dump: Path, program: str, connection: Connection, schema: str) -> None:
    """Raise DumpRefused where the dump cannot be read to its end or lacks one of the program's tables."""
    _run(program, f"--schema={schema}", f"--file={os.devnull}", str(dump), password=None)
    there, held = set(inspect(connection).get_table_names()), _tables_in(dump, program)
    lacking = sorted(table for table in METADATA.tables if table in there and (schema, table) not in held and table not in OF_THE_MOMENT)
    if lacking:
        raise DumpRefused(f"Bản kết xuất thiếu bảng {', '.join(lacking)}.", f"The dump lacks the tables {', '.join(lacking)}.")


def _tables_in(dump: Path, program: str) -> set[tuple[str, str]]:
    """Schema and name of each table whose data a dump holds, as `pg_restore --list` names them."""
    return set(TABLE_ROWS.findall(_run(program, "--list", str(dump), password=None)))


def _schema_of(connection: Connection) -> str:
    """The schema of the program's tables: the first in the role's search path."""
    schema: str | None = connection.scalar(text("SELECT current_schema()"))
    if schema is None:
        raise DumpRefused(
            "Cơ sở dữ liệu không có lược đồ nào theo search_path của tài khoản này.",
            "The database has none of the schemas in the search_path of this role.",
        )
    return schema


@contextmanager
def _connected(database_url: str) -> Iterator[Connection]:
    engine = create_engine(database_url, hide_parameters=True)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _refuse_damaged(path: Path) -> None:
    with closing(sqlite3.connect(path)) as opened:
        try:
            told = opened.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            told = str(error)
    if told != "ok":
        raise DumpRefused(f"Cơ sở dữ liệu SQLite bị hỏng: {told}.", f"The SQLite database is damaged: {told}.")


def _program(name: str, major: int) -> str:
    """The PostgreSQL program of the server's own version: another version may not be able to read or write this server's dumps."""
    packaged = DEBIAN_PROGRAMS / str(major) / "bin" / name
    if packaged.exists():
        return str(packaged)
    on_path = shutil.which(name)
    if on_path is not None and _version_of(on_path) == major:
        return on_path
    raise DumpRefused(
        f"Cần chương trình {name} của PostgreSQL {major} (Debian: gói postgresql-client-{major}).",
        f"The program {name} of PostgreSQL {major} is needed (Debian: package postgresql-client-{major}).",
    )


def _version_of(program: str) -> int | None:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    number = told.rpartition(")")[2].split(".")[0].split()
    return int(number[0]) if number and number[0].isdigit() else None


def _run(program: str, *arguments: str, password: str | None) -> str:
    """Run a program and return its output. The password is passed in the environment, since every user of the machine can see arguments."""
    environment = {**os.environ, "PGAPPNAME": "langbiang"} | ({"PGPASSWORD": password} if password else {})
    done = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        # the first line only: later ones may quote rows
        reason = next(iter(done.stderr.strip().splitlines()), "") or f"exit {done.returncode}"
        raise DumpRefused(f"{Path(program).name} không làm xong: {reason}", f"{Path(program).name} failed: {reason}")
    return done.stdout


def _conninfo(database_url: str) -> str:
    return make_conninfo(**{name: value for name, value in _parameters(database_url).items() if name != "password"})


def _password(database_url: str) -> str | None:
    password = _parameters(database_url).get("password")
    return str(password) if password else None


def _parameters(database_url: str) -> Mapping[str, Any]:
    url = make_url(database_url)
    _, parameters = url.get_dialect()().create_connect_args(url)
    return {name: value for name, value in parameters.items() if name != "context"}


def _major_version(connection: Connection) -> int:
    return int(connection.scalar(text("SHOW server_version_num"))) // 10_000


def _is_sqlite(database_url: str) -> bool:
    return make_url(database_url).get_backend_name() == "sqlite"


def _sqlite_path(database_url: str) -> Path:
    url: URL = make_url(database_url)
    return Path(url.database or "")
