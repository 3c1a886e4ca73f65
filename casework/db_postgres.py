"""A PostgreSQL connection whose statements stay prepared. Imported late: docs/architecture.md."""

from select import POLLIN, poll
from typing import Any

from psycopg import Connection, IsolationLevel
from psycopg.pq import ExecStatus, TransactionStatus

PREPARED_FROM = 1
"""How often a statement is sent as it is before it is prepared: what one page asks once in a day is not worth keeping."""

PREPARED = 300
"""Statements a connection keeps prepared, those used last: somewhat more than all pages and steps of a case use.

PgBouncer keeps as many (deploy/cluster/pgbouncer.ini).
"""


class KeepingConnection(Connection[Any]):
    """Keeps prepared statements after transactions that only read.

    A page ends with a rollback, and on every rollback the driver forgets its prepared statements, because a table made in that
    transaction might be gone. So no statement was used often enough to be prepared, and planning took three times as long as running. A
    transaction that cannot write is committed instead, with the same effect.
    """

    def begins(self, *, reads: bool) -> None:
        """Set, before the first statement, whether the next transaction reads a single snapshot or writes.

        A writer sees what the transaction it waited for has committed; a reader sees one snapshot, as on SQLite. A page read from two
        snapshots would show a step still waiting next to the work of the person who has just done it.
        """
        # not False: a server that has become a standby refuses READ WRITE with BEGIN already, by another code than it refuses writing
        wanted = (IsolationLevel.REPEATABLE_READ, True) if reads else (IsolationLevel.READ_COMMITTED, None)
        if (self.isolation_level, self.read_only) != wanted:
            self.isolation_level, self.read_only = wanted             # sent with BEGIN, not as an extra statement

    def is_lost(self) -> bool:
        """Whether the server has ended this connection while nobody used it. Only where it has said something is it asked: a ping of its
        own would cost every request a round trip.
        """
        heard = poll()
        heard.register(self.fileno(), POLLIN)
        return bool(heard.poll(0)) and self.pgconn.exec_(b"").status != ExecStatus.EMPTY_QUERY

    def rollback(self) -> None:
        if self.read_only and self.info.transaction_status == TransactionStatus.INTRANS:
            self.commit()
        else:
            super().rollback()
