"""What an error of the database means: somebody else holds the row, no server takes writes, the disk is full."""

import sqlite3

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, TimeoutError

CIRCLE_CODES = frozenset({"40P01", "40001"})
LOCK_CODES = CIRCLE_CODES | {"55P03"}
"""PostgreSQL: deadlock detected, could not serialise; lock not available."""

READ_ONLY, VOID_PLAN = "25006", "0A000"
AWAY_CODES = frozenset({READ_ONLY, "57P01", "57P02", "57P03", "57P05", "25P03", "53300", "53100", "58030"})
"""PostgreSQL: read-only, shut down, crashed, starting, idle too long, idle too long in a transaction, too many connections, disk full,
disk failing; class 08 is connection errors."""

DISK_CODES = frozenset({"53100", "58030"})
SQLITE_DISK_CODES = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})


def is_lock_timeout(error: DBAPIError) -> bool:
    """Whether the error means that a row or table was locked for too long, or that a release has just changed the table."""
    code = getattr(error.orig, "sqlstate", None)
    return code in LOCK_CODES or is_void_plan(error.orig) or "database is locked" in str(error.orig)


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


def is_void_plan(error: BaseException | None) -> bool:
    """Recognised by the place in PostgreSQL that raises it: its code covers everything that is unsupported, and its message is
    translated."""
    diagnosis = getattr(error, "diag", None) if getattr(error, "sqlstate", None) == VOID_PLAN else None
    return diagnosis is not None and diagnosis.source_function == "RevalidateCachedQuery"
