"""A connection to PostgreSQL that has its statements planned once. Imported late: docs/architecture.md."""

from typing import Any

from psycopg import Connection, IsolationLevel
from psycopg.pq import TransactionStatus

PREPARED = 300
"""Statements a connection keeps prepared, those asked last: somewhat more than all pages and steps of a case ask. PgBouncer keeps as
many (deploy/cluster/pgbouncer.ini)."""


class KeepingConnection(Connection[Any]):
    """Keeps what it has prepared after what was only read.

    A page ends by rolling back, as nothing is to be committed, and with every rollback the driver forgets what the server has prepared:
    a table made in that transaction might be gone. So no statement was ever asked often enough to be prepared, and planning took thrice
    as long as running. A transaction that cannot write is committed instead, which comes to the same.
    """

    def begins(self, *, reads: bool) -> None:
        """Say, before the first statement, what the next transaction is for: one moment of everything to read, or to write.

        Who writes sees what the one they waited for has committed; who only reads sees one moment, as on SQLite. A page read at two
        moments would show a step that waits beside the work of who has just done it.
        """
        # not False: a server that has become a standby refuses READ WRITE with BEGIN already, by another code than it refuses writing
        wanted = (IsolationLevel.REPEATABLE_READ, True) if reads else (IsolationLevel.READ_COMMITTED, None)
        if (self.isolation_level, self.read_only) != wanted:
            self.isolation_level, self.read_only = wanted             # said with BEGIN: no statement more

    def rollback(self) -> None:
        """End the transaction without keeping what it wrote."""
        if self.read_only and self.info.transaction_status == TransactionStatus.INTRANS:
            self.commit()
        else:
            super().rollback()
