"""Connections the server has ended while nobody used them are replaced before somebody does, without a ping for each request."""
from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, text

from casework.db import prepare_engine
from tests.postgres import Cluster

PID = text("SELECT pg_backend_pid()")


@pytest.fixture
def engine(postgres: Cluster, postgres_template: str) -> Iterator[Engine]:
    made = create_engine(postgres.create("lost_connections", template=postgres_template), pool_size=2)
    try:
        prepare_engine(made)
        yield made
    finally:
        made.dispose()
        postgres.drop("lost_connections")


def idle_pair(engine: Engine) -> list[int]:
    """Two connections used at one time, then left: the process of each on the server."""
    with engine.connect() as one, engine.connect() as two:
        return sorted(connection.execute(PID).scalar_one() for connection in (one, two))


def end(postgres: Cluster, pids: list[int]) -> None:
    with postgres.connect("lost_connections") as other:
        for pid in pids:
            other.execute("SELECT pg_terminate_backend(%s)", [pid])
        until = time.monotonic() + 10
        while other.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)", [pids]).fetchone() != (0,):
            assert time.monotonic() < until
            time.sleep(0.01)


def test_a_connection_nobody_ended_is_used_again(engine: Engine) -> None:
    assert idle_pair(engine) == idle_pair(engine)


def test_connections_the_server_ended_are_replaced_unseen(engine: Engine, postgres: Cluster) -> None:
    before = idle_pair(engine)
    end(postgres, before)
    after = idle_pair(engine)
    assert len(after) == 2
    assert not set(before) & set(after)


def test_a_connection_asks_nothing_before_it_is_used(engine: Engine, postgres: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    idle_pair(engine)
    sent = []
    execute = psycopg.Cursor.execute

    def noted(cursor: Any, query: Any, *rest: Any, **more: Any) -> Any:
        sent.append(query)
        return execute(cursor, query, *rest, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", noted)
    with engine.connect() as connection:
        connection.execute(PID)
    assert sent == [PID.text]
