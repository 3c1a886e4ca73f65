"""What was planned behind PgBouncer belongs to all who ask the same: a column that changes under it troubles each of them once."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Connection, Engine, create_engine, select
from sqlalchemy.exc import OperationalError

from casework.db import prepare_engine
from casework.db_errors import is_lock_timeout
from casework.models import Centre
from tests.machines.pooler import Pooler
from tests.postgres import Cluster

CLIENTS, OFTEN, TRIES = 4, 8, 40


@pytest.fixture
def clients(postgres: Cluster, postgres_template: str) -> Iterator[list[Engine]]:
    postgres.create("pooled_plans", template=postgres_template)
    pooler = Pooler(postgres.folder, size=2)
    engines = [create_engine(pooler.url("pooled_plans"), pool_size=1) for _ in range(CLIENTS)]
    try:
        for engine in engines:
            prepare_engine(engine)
        yield engines
    finally:
        for engine in engines:
            engine.dispose()
        pooler.stop()


def refused_in(pair: list[Engine]) -> list[bool]:
    """Both read at one time, each on a connection of the server of its own: whether that was refused as if somebody held a lock."""
    with ExitStack() as stack:
        return [is_refused(stack.enter_context(engine.connect())) for engine in pair]


def is_refused(connection: Connection) -> bool:
    try:
        connection.execute(select(Centre)).all()
    except OperationalError as refused:
        return is_lock_timeout(refused)
    return False


def test_a_column_that_changes_under_what_is_prepared_is_met_once_by_each(clients: list[Engine], postgres: Cluster) -> None:
    pairs = [clients[:2], clients[2:]]
    for _ in range(OFTEN):
        assert not any(refused for pair in pairs for refused in refused_in(pair))
    with postgres.connect("pooled_plans") as other:
        other.execute("ALTER TABLE centre ALTER COLUMN name_vi TYPE varchar(84)")
    met = [0] * CLIENTS
    for _ in range(TRIES):
        met = [before + refused for before, refused in zip(met, (refused for pair in pairs for refused in refused_in(pair)), strict=True)]
    assert max(met) == 1
