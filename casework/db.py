"""The database: column types every table shares, and the one place that commits."""

import secrets
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import JSON, BigInteger, Connection, DateTime, Dialect, Engine, Integer, MetaData, String, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError, TimeoutError
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, registry
from sqlalchemy.types import TypeDecorator

LOCK_TIMEOUT_SECONDS = 5
"""How long a step waits for a row held by another step before it gives up."""

IDLE_SECONDS = 60
"""How long a transaction may be idle before PostgreSQL releases its rows. Without it, a process stopped or frozen in mid-step would keep
them for ever; the longest legitimate wait is half a minute, for an unreachable file storage."""

CIRCLE_CODES = frozenset({"40P01", "40001"})
LOCK_CODES = CIRCLE_CODES | {"55P03"}
"""PostgreSQL: deadlock detected, could not serialise; lock not available."""

READ_ONLY, VOID_PLAN = "25006", "0A000"
AWAY_CODES = frozenset({READ_ONLY, "57P01", "57P02", "57P03", "57P05", "25P03", "53300", "53100", "58030"})
"""PostgreSQL: read-only, shut down, crashed, starting, idle too long, idle too long in a transaction, too many connections, disk full,
disk failing; class 08 is connection errors."""

DISK_CODES = frozenset({"53100", "58030"})
SQLITE_DISK_CODES = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})

WRITES = "langbiang_writes"
"""Execution option that makes the SQLite transaction take the write lock at once."""

_BEFORE_COMMIT = "before the commit"

READS_FROM = "reads from"
"""The key in a session's `info` for the replica it reads from."""


class Instant(TypeDecorator[datetime]):
    """A UTC instant: aware `datetime` in and out on both databases; naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC; SQLite keeps no zone, so it gets the naive UTC value."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: instants carry their zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware UTC value."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


BigId = BigInteger().with_variant(Integer, "sqlite")
Json = JSON().with_variant(JSONB, "postgresql")

Id = Annotated[int, mapped_column(BigId, primary_key=True)]
Label = Annotated[str, mapped_column(String(200))]


def new_ref() -> str:
    """Return 16 random URL-safe characters (96 bits), shown in links instead of a row number."""
    return secrets.token_urlsafe(12)


METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Constraint names are fixed, so that migrations can refer to them on both databases."""


class Model(DeclarativeBase):
    registry = registry(metadata=METADATA, type_annotation_map={datetime: Instant, dict[str, Any]: Json, list[Any]: Json, int: BigId})


class Referable:
    """A row with a public address: links show `ref`, never the row number."""

    @declared_attr
    def ref(cls) -> Mapped[str]:
        return mapped_column(String(16), unique=True, default=new_ref)


class RoutedSession(Session):
    """Reads from a replica where reading_from says so, otherwise from the primary, which takes all writes."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        replica: Engine | None = self.info.get(READS_FROM)
        return replica if replica is not None else super().get_bind(*args, **kwargs)


db = SQLAlchemy(metadata=METADATA, disable_autonaming=True, session_options={"class_": RoutedSession})


class FairLock:
    """A lock that serves threads in the order in which they asked.

    SQLite has one writer. Without an orderly queue in front of `BEGIN IMMEDIATE` its busy handler lets one thread win again and again
    while another waits a second.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = False

    def acquire(self) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire()

    def release(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False


_sqlite_writer = FairLock()


@contextmanager
def unit_of_work(*, keeps_rows: bool = False) -> Iterator[None]:
    """Run the block as one transaction: all of it is committed, or none of it.

    This is the only place that commits. What was read before is forgotten first, so that a decision inside never rests on a row read
    outside. With `keeps_rows` rows read inside stay loaded afterwards. Not to be nested: raises RuntimeError.
    """
    session = db.session()
    if session.info.get("in_unit_of_work"):
        raise RuntimeError("units of work do not nest: commit at the edge")
    session.rollback()
    session.expire_all()
    session.info.pop(READS_FROM, None)
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    if on_sqlite:
        _sqlite_writer.acquire()
    session.info["in_unit_of_work"] = True
    session.info["kept"] = {}
    try:
        connection = session.connection(execution_options={WRITES: True})
        if not on_sqlite:
            # set for this transaction, not for the session: behind a pooler the next transaction has another connection
            connection.exec_driver_sql(
                f"SELECT set_config('lock_timeout', '{LOCK_TIMEOUT_SECONDS}s', true), "
                f"set_config('idle_in_transaction_session_timeout', '{IDLE_SECONDS}s', true)"
            )
        yield
        for do in list(session.info["kept"].pop(_BEFORE_COMMIT, {}).values()):
            do()
        session.expire_on_commit = not keeps_rows
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.expire_on_commit = True
        session.info["in_unit_of_work"] = False
        del session.info["kept"]
        if on_sqlite:
            _sqlite_writer.release()


def reading_from(replica: Engine | None) -> None:
    """Let this request read from a replica until a unit of work begins, or with None from the primary. Rows read before are discarded."""
    try:
        db.session.remove()
    except SQLAlchemyError:                                              # its connection is gone
        db.session().invalidate()
        db.session.remove()
    if replica is not None:
        db.session().info[READS_FROM] = replica


@contextmanager
def reading_once() -> Iterator[None]:
    """Let a read-only page read only once what several of its parts ask for (see kept_for_step)."""
    info = db.session().info
    if "kept" in info:
        yield
        return
    info["kept"] = {}
    try:
        yield
    finally:
        info.pop("kept", None)


def is_lock_timeout(error: DBAPIError) -> bool:
    """Whether the error means that a row or table was locked for too long, or that a release has just changed the table."""
    code = getattr(error.orig, "sqlstate", None)
    return code in LOCK_CODES or _is_void_plan(error.orig) or "database is locked" in str(error.orig)


def is_circle(error: DBAPIError) -> bool:
    """Whether PostgreSQL ended the transaction because of a deadlock; repeated, it succeeds."""
    return getattr(error.orig, "sqlstate", None) in CIRCLE_CODES


def is_unreachable(error: SQLAlchemyError) -> bool:
    """Whether no database accepts writes at this moment: it is down, starting, being replaced, full, or out of connections; for SQLite,
    whether its disk accepts none."""
    import psycopg  # late: docs/architecture.md

    if isinstance(error, TimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error.orig, sqlite3.Error):
        return is_disk_trouble(error)
    if not isinstance(error.orig, psycopg.Error):
        return False
    code = error.orig.sqlstate
    if code is None:
        return isinstance(error.orig, psycopg.OperationalError) or error.connection_invalidated
    return code in AWAY_CODES or code.startswith("08")


def is_disk_trouble(error: BaseException) -> bool:
    """Whether the disk under the database is full, failing or read-only."""
    told = error.orig if isinstance(error, DBAPIError) else None
    if isinstance(told, sqlite3.Error):
        return getattr(told, "sqlite_errorcode", 0) & 0xFF in SQLITE_DISK_CODES
    return getattr(told, "sqlstate", None) in DISK_CODES


def kept_for_step() -> dict[Any, Any]:
    """Values the running unit of work has read and need not read again; outside one, a dictionary that is discarded.

    Only for rows the unit has locked or alone writes, or whose change by others may take effect from the next step on.
    """
    kept: dict[Any, Any] = db.session().info.get("kept", {})
    return kept


def before_commit(what: Hashable, do: Callable[[], None]) -> None:
    """Register something the running unit of work does once before it commits, however often it is registered, unless done_before_commit
    is called first."""
    kept_for_step().setdefault(_BEFORE_COMMIT, {})[what] = do


def done_before_commit(what: Hashable) -> None:
    """Cancel what was registered under that key, because it was done."""
    kept_for_step().get(_BEFORE_COMMIT, {}).pop(what, None)


def prepare_engine(engine: Engine) -> None:
    """Set what every connection needs.

    SQLite: WAL, full synchronisation (an acknowledged act survives a power cut), foreign keys, and real transactions:
    the driver's own handling loses updates between processes without an error. PostgreSQL: UTC.
    """
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "do_connect", _connect_postgresql)
        event.listen(engine, "connect", _prepare_postgresql)
        event.listen(engine, "begin", _begin_postgresql)
        event.listen(engine, "handle_error", _tell_refused_writing)
        event.listen(engine, "handle_error", _give_up_preparing)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={LOCK_TIMEOUT_SECONDS * 6000}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _connect_postgresql(_dialect: Dialect, _record: object, arguments: Any, parameters: Any) -> Any:
    from casework.db_postgres import KeepingConnection  # late: docs/architecture.md

    return KeepingConnection.connect(*arguments, **parameters)


def _begin_postgresql(connection: Connection) -> None:
    options = connection.get_execution_options()
    own: Any = connection.connection.dbapi_connection
    if "isolation_level" not in options:
        own.begins(reads=not options.get(WRITES))
    elif own.read_only and not options.get("postgresql_readonly"):
        own.read_only = None


class WrittenOutsideUnit(RuntimeError):
    """A write or row lock outside a unit of work: a programming error."""


def _tell_refused_writing(context: ExceptionContext) -> None:
    """Discard the connections of a server that has become a standby and refuses writes, so that new ones go to the primary.

    A write outside a unit of work is refused in the same way, but raises WrittenOutsideUnit.
    """
    if getattr(context.original_exception, "sqlstate", None) != READ_ONLY or context.connection is None:
        return
    options = context.connection.get_execution_options()
    if options.get(WRITES) or "isolation_level" in options:
        context.is_disconnect = True
    elif not options.get("postgresql_readonly"):
        raise WrittenOutsideUnit from context.original_exception


def _give_up_preparing(context: ExceptionContext) -> None:
    """Stop preparing statements on a connection whose prepared plan a schema change has invalidated, as a rolling release does.

    Behind PgBouncer the invalid plan is shared and would be met again and again. The request is told to try again.
    """
    void = context.original_exception
    if context.connection is not None and _is_void_plan(void):
        own: Any = context.connection.connection.dbapi_connection
        own.prepare_threshold = None
        raise OperationalError(context.statement, None, void, hide_parameters=True) from void


def _is_void_plan(error: BaseException | None) -> bool:
    """Recognised by the place in PostgreSQL that raises it: its code covers everything that is unsupported, and its message is
    translated."""
    diagnosis = getattr(error, "diag", None) if getattr(error, "sqlstate", None) == VOID_PLAN else None
    return diagnosis is not None and diagnosis.source_function == "RevalidateCachedQuery"


def _prepare_postgresql(connection: Any, _record: object) -> None:
    from casework.db_postgres import PREPARED  # late: docs/architecture.md

    connection.prepared_max = PREPARED
    with connection.cursor() as cursor:
        # Poolers track the time zone per client; they set the other on each connection (deploy/cluster/pgbouncer.ini). Among a million
        # cases PostgreSQL expects much of statements that are over at once, and compiled them for ten times as long as they ran.
        cursor.execute("SET TIME ZONE 'UTC'; SET jit = off")
    connection.commit()


def inserting(table: Any) -> Any:
    """An INSERT of this database's dialect, which can skip existing rows."""
    return (sqlite.insert if db.session.get_bind().dialect.name == "sqlite" else postgresql.insert)(table)
