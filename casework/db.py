"""The database: column types every table shares, and the one place that commits."""

import secrets
import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import JSON, BigInteger, Connection, DateTime, Dialect, Engine, Insert, Integer, MetaData, String, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InvalidatePoolError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, SessionTransaction, declared_attr, mapped_column, registry
from sqlalchemy.types import TypeDecorator

from casework.db_errors import READ_ONLY, is_void_plan

LOCK_TIMEOUT_SECONDS = 5
"""How long a step waits for a row held by another step before it gives up."""

IDLE_SECONDS = 60
"""How long a transaction may be idle before PostgreSQL releases its rows. Without it, a process stopped or frozen in mid-step would keep
them for ever; the longest legitimate wait is half a minute, for an unreachable file storage."""

WRITES = "langbiang_writes"
"""Execution option that makes the SQLite transaction take the write lock at once."""

_BEFORE_COMMIT = "before the commit"

_ADDED = "rows to be added"

Ids = Callable[[], dict[str, int | None]]

IS_WATCHED = "changes are watched"
"""The key in a session's `info` that says that somebody is told of each row the session changes."""

KEEPS_PLANS = "keeps plans"
"""The key in a session's `info` that says that PostgreSQL may plan its statements once a connection, without looking at their values."""

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
    """Return 16 random URL-safe characters, shown in links instead of a row number. A first hyphen would be a spreadsheet's formula."""
    return new_ref() if (ref := secrets.token_urlsafe(12)).startswith("-") else ref


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
    """Reads from a replica where reading_from says so, otherwise from the primary, which takes all writes.

    A flush also sends the rows of `add_only`, so that whatever flushes before it reads sees them.
    """

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        replica: Engine | None = self.info.get(READS_FROM)
        return replica if replica is not None else super().get_bind(*args, **kwargs)

    def flush(self, objects: Sequence[Any] | None = None) -> None:
        super().flush(objects)
        alike: dict[tuple[Table, tuple[str, ...]], list[dict[str, Any]]] = {}
        for row, ids in self.info.pop(_ADDED, ()):
            _fill(row, ids)
            values = {name: value for name, value in vars(row).items() if name != "_sa_instance_state"}
            alike.setdefault((row.__table__, tuple(values)), []).append(values)
        for (table, _columns), rows in alike.items():
            self.connection().execute(_inserted(table), rows)


@cache
def _inserted(table: Table) -> Insert:
    return table.insert().inline()


@event.listens_for(RoutedSession, "after_soft_rollback")
def _forget_added(session: Session, _transaction: object) -> None:
    session.info.pop(_ADDED, None)


@event.listens_for(RoutedSession, "after_begin")
def _plan_for_values(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Let PostgreSQL look at the values of a statement before it plans it, until this transaction ends, unless the session keeps plans.

    Without them it takes a span of time for a third of the table, and no partial index is of use that is not named by a literal.
    """
    if connection.dialect.name == "postgresql" and not transaction.nested and not session.info.get(KEEPS_PLANS):
        connection.exec_driver_sql("SET LOCAL plan_cache_mode = auto")


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
    session.info.pop(_ADDED, None)
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
        do_before_commit()
        session.expire_on_commit = not keeps_rows
        session.flush()
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


def kept_for_step() -> dict[Any, Any]:
    """Values the running unit of work has read and need not read again; outside one, a dictionary that is discarded.

    Only for rows the unit has locked or alone writes, or whose change by others may take effect from the next step on.
    """
    kept: dict[Any, Any] = db.session().info.get("kept", {})
    return kept


def add_only(row: Model, *, ids: Ids | None = None) -> None:
    """Add a row nobody reads as an object: it is written with the others of its table in one statement, at the next flush, and gets no id.

    Until then it may be changed (see is_unsent). `ids` gives its columns that refer to rows which are sent in the same flush.
    """
    session = db.session()
    if not session.info.get(IS_WATCHED):
        session.info.setdefault(_ADDED, []).append((row, ids))
        return
    if ids is not None:
        session.flush()
    session.add(_fill(row, ids))


def _fill(row: Model, ids: Ids | None) -> Model:
    for name, value in (ids() if ids is not None else {}).items():
        setattr(row, name, value)
    return row


def is_unsent(row: Model) -> bool:
    """Whether a change of the row is still written: one of `add_only` that waits for the next flush, or one of the session."""
    return row in db.session or any(row is each for each, _ids in db.session().info.get(_ADDED, ()))


def before_commit(what: Hashable, do: Callable[[], None]) -> None:
    """Register something the running unit of work does once before it commits, however often it is registered, unless done_before_commit
    is called first."""
    kept_for_step().setdefault(_BEFORE_COMMIT, {})[what] = do


def do_before_commit() -> None:
    """Do now what was registered."""
    for do in kept_for_step().pop(_BEFORE_COMMIT, {}).values():
        do()


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
        event.listen(engine, "checkout", _refuse_lost_postgresql)
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
    if context.connection is not None and is_void_plan(void):
        own: Any = context.connection.connection.dbapi_connection
        own.prepare_threshold = None
        raise OperationalError(context.statement, None, void, hide_parameters=True) from void


def _prepare_postgresql(connection: Any, _record: object) -> None:
    from casework.db_postgres import PREPARED, PREPARED_FROM  # late: docs/architecture.md

    connection.prepare_threshold, connection.prepared_max = PREPARED_FROM, PREPARED
    with connection.cursor() as cursor:
        # Poolers track the time zone per client; they set the others on each connection (deploy/cluster/pgbouncer.ini). Among a million
        # cases PostgreSQL expects much of statements that are over at once, and compiled them for ten times as long as they ran. Likewise
        # it planned the longest of them anew each time, which took ten times as long as running them: see KEEPS_PLANS.
        cursor.execute("SET TIME ZONE 'UTC'; SET jit = off; SET plan_cache_mode = force_generic_plan")
    connection.commit()


def _refuse_lost_postgresql(connection: Any, _record: object, _proxy: object) -> None:
    """Have the pool replace its connections once the server has ended this one."""
    if connection.closed or connection.is_lost():
        raise InvalidatePoolError


def inserting(table: Any) -> Any:
    """An INSERT of this database's dialect, which can skip existing rows; for a table, not a model, it flushes nothing before it."""
    return (sqlite.insert if db.session.get_bind().dialect.name == "sqlite" else postgresql.insert)(table)
