"""Measures how far a replica of the database is behind by polling both servers in the background."""

import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

import psycopg
from sqlalchemy import Engine, make_url

LOOKED_EVERY = 2.0
AWAY_AFTER = 5.0
"""Seconds without an answer after which a server counts as away; the least LANGBIANG_REPLICA_LAG allows."""

QUICK_TO_GIVE_UP: Mapping[str, Any] = {"connect_timeout": 2, "tcp_user_timeout": 3_000}
"""Timeouts for a lost server: seconds to connect, milliseconds for what was sent to arrive."""

FULL = "53"
"""Class of the errors of a server that has no connection or no memory left."""

WRITTEN = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"
REPLAYED = "SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') WHERE pg_is_in_recovery()"


class NoReplica(psycopg.OperationalError):
    """The server at LANGBIANG_REPLICA_URL follows no primary: perhaps it was promoted, perhaps it was abandoned."""


@dataclass(frozen=True, slots=True)
class ReplicaState:
    """The state of the replica. `behind` is None where it is not known."""

    answers: bool
    behind: float | None
    most_behind: float


class PolledServer:
    """One polled server, with a connection kept for that purpose."""

    def __init__(self, url: str, question: str) -> None:
        self._address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._question = question
        self._connection: psycopg.Connection[Any] | None = None
        self._in_turn = threading.Lock()
        self._waiting_since: float | None = None
        self._has_answered = False
        self._error: psycopg.Error | None = None

    def ask(self) -> int:
        """The position of the server's write-ahead log. Raises psycopg.Error."""
        with self._in_turn:
            self._waiting_since = monotonic()
            try:
                if self._connection is None:
                    self._connection = psycopg.connect(self._address, autocommit=True, prepare_threshold=None, **QUICK_TO_GIVE_UP)
                row = self._connection.execute(self._question).fetchone()
                if row is None:
                    raise NoReplica
            except psycopg.Error as error:
                self.failed(error)
                self.hang_up()
                raise
            finally:
                self._waiting_since = None
            self._has_answered, self._error = True, None
            return int(row[0])

    @property
    def answers(self) -> bool:
        """Whether it answered the last time; false before the first poll."""
        return self._has_answered and self._error is None and not self._is_silent

    @property
    def is_away(self) -> bool:
        """Whether a query there would get no answer. A server that is full, or refuses only this question, is not away."""
        error = self._error
        return self._is_silent or (isinstance(error, psycopg.OperationalError) and not (error.sqlstate or "").startswith(FULL))

    @property
    def _is_silent(self) -> bool:
        since = self._waiting_since
        return since is not None and monotonic() - since > AWAY_AFTER

    def failed(self, error: psycopg.Error) -> None:
        """Note that there was no answer, until there is one."""
        self._error = error

    def hang_up(self) -> None:
        """Close the connection; the next poll opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Replica:
    """A read-only copy of the database, and the most seconds it may be behind.

    No server's clock is used, and an idle database does not look late: the primary's log position at some instant is compared with the
    replica's later. Two threads per process poll, from the first public page on; a page never waits for them.
    """

    def __init__(self, engine: Engine, *, primary_url: str, url: str, most_behind: float) -> None:
        self.engine, self.most_behind = engine, most_behind
        self._primary, self._replica = PolledServer(primary_url, WRITTEN), PolledServer(url, REPLAYED)
        self._written: deque[tuple[float, int]] = deque(maxlen=2_000)
        self._equal_at: float | None = None
        self._guard = threading.Lock()
        self._asked_by: int | None = None
        self._closed = threading.Event()
        self._asking: list[threading.Thread] = []
        self.asks_by_itself = True

    def first_choices(self) -> tuple[Engine | None, ...]:
        """Where to read a page from, best first; None stands for the primary.

        A replica too far behind is the second choice, because an old list is better than none. It is the only one while the primary is
        away.
        """
        self._begin()
        if not self._replica.answers:
            return (None,)
        if self._primary.is_away:
            return (self.engine,)
        return (self.engine, None) if self._is_near() else (None, self.engine)

    def look(self) -> None:
        """Poll both servers once."""
        for look in (self._look_at_primary, self._look_at_replica):
            _in_peace(look)

    def nearness(self) -> ReplicaState:
        """The state, for monitoring."""
        if self._asked_by != os.getpid() and self.asks_by_itself:
            self.look()
            if self._replica.answers and self._equal_at is None:  # anything written at that very moment is still on its way
                self._closed.wait(0.5)
                self.look()
        with self._guard:
            equal_at, is_equal = self._equal_at, not self._written and self._primary.answers
        behind = None if equal_at is None else 0.0 if is_equal else monotonic() - equal_at
        return ReplicaState(self._replica.answers, behind, self.most_behind)

    def failed(self) -> None:
        """A page could not be read there: no other page tries it until it answers again."""
        self._replica.failed(NoReplica())

    def close(self) -> None:
        self._closed.set()
        for thread in self._asking:
            thread.join(AWAY_AFTER)
        for server in (self._primary, self._replica):
            server.hang_up()

    def _begin(self) -> None:
        """Start this process's two threads; a forked server has none of its parent's."""
        if self._asked_by == os.getpid() or not self.asks_by_itself:
            return
        with self._guard:
            if self._asked_by == os.getpid():
                return
            self._asked_by = os.getpid()
        looks = (self._look_at_primary, self._look_at_replica)
        self._asking = [threading.Thread(target=self._watch, args=(look,), name="replica", daemon=True) for look in looks]
        for thread in self._asking:
            thread.start()

    def _watch(self, look: Callable[[], None]) -> None:
        while not self._closed.is_set():
            _in_peace(look)
            self._closed.wait(LOOKED_EVERY)

    def _look_at_primary(self) -> None:
        at = monotonic()
        place = self._primary.ask()
        with self._guard:
            self._written.append((at, place))

    def _look_at_replica(self) -> None:
        place = self._replica.ask()
        with self._guard:
            # everything committed before that instant is there: nothing in between is missing
            self._equal_at = max((at for at, written in self._written if written <= place), default=self._equal_at)
            while self._equal_at is not None and self._written and self._written[0][0] <= self._equal_at:
                self._written.popleft()

    def _is_near(self) -> bool:
        equal_at = self._equal_at
        return equal_at is not None and monotonic() - equal_at <= self.most_behind


def _in_peace(look: Callable[[], None]) -> None:
    with suppress(psycopg.Error):  # the server object remembers that it did not answer
        look()
