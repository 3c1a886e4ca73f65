"""Drops indexes while copies are written and creates them again afterwards."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Engine

from benchmark.bulk import Bulk
from benchmark.plan import tables_of_cases

OF_POSTGRESQL = """
SELECT t.relname, i.relname, c.conname, coalesce(pg_get_constraintdef(c.oid), pg_get_indexdef(x.indexrelid))
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
LEFT JOIN pg_constraint c ON c.conindid = x.indexrelid AND c.contype = 'u'
WHERE NOT x.indisprimary AND t.relnamespace = current_schema()::regnamespace ORDER BY t.relname, i.relname
"""
OF_SQLITE = "SELECT tbl_name, name, NULL, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY tbl_name, name"
MEMORY = "512MB"
HANDS = 2

Told = Callable[[str, int, int], None]
Kept = Sequence[Sequence[Any]]
"""Table, name, name of its constraint, and the statement that creates it."""


def kept_indexes(engine: Engine) -> list[list[Any]]:
    """The indexes of the tables of cases. Primary keys stay, since rows are written in their order."""
    tables = {table.name for table in tables_of_cases()} | {"event_stream"}
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(OF_SQLITE if engine.dialect.name == "sqlite" else OF_POSTGRESQL)
        return [list(row) for row in rows if row[0] in tables]


def drop_indexes(engine: Engine, indexes: Kept) -> None:
    """Drop them; those already dropped are skipped."""
    with engine.begin() as connection:
        for table, name, constraint, _ in indexes:
            is_constraint = f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS "{constraint}"'
            Bulk(connection).send(is_constraint if constraint else f'DROP INDEX IF EXISTS "{name}"')


def create_indexes(engine: Engine, indexes: Kept, told: Told) -> None:
    """Create the missing ones, each in a transaction of its own, several tables in parallel."""
    done = 0

    def of_table(rows: list[Sequence[Any]]) -> None:
        nonlocal done
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SET maintenance_work_mem = '{MEMORY}'")
                connection.commit()
            for row in rows:
                _create(connection, row)
                connection.commit()
                done += 1
                told("Indexes", done, len(indexes))

    hands = 1 if engine.dialect.name == "sqlite" else HANDS
    by_table = sorted((list(rows) for _, rows in groupby(indexes, key=lambda row: row[0])), key=len, reverse=True)
    with ThreadPoolExecutor(hands) as pool:
        for hand in [pool.submit(of_table, rows) for rows in by_table]:
            hand.result()


def _create(connection: Connection, row: Sequence[Any]) -> None:
    table, name, constraint, definition = row
    is_sqlite = connection.dialect.name == "sqlite"
    catalogue = f"sqlite_master WHERE name = '{name}'" if is_sqlite else f"pg_class WHERE relname = '{name}' AND relkind = 'i'"
    if connection.exec_driver_sql(f"SELECT 1 FROM {catalogue}").first() is None:
        Bulk(connection).send(f'ALTER TABLE "{table}" ADD CONSTRAINT "{constraint}" {definition}' if constraint else definition)
