"""The weight of a case in the database: bytes of rows and of indexes, table by table, photos excluded."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import func, select, text

from benchmark.plan import tables_of_cases
from casework.db import db
from casework.models import Case

AIM_BYTES = 40_000

OF_POSTGRESQL = "SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class WHERE relkind = 'r' AND relname = ANY(:names)"
OF_SQLITE = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name"
INDEXES_OF_SQLITE = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'"
SEARCHED = "fts_search_row"


@dataclass(frozen=True, slots=True)
class Weight:
    """One table: the number of rows, and the bytes of rows and indexes."""

    table: str
    rows: int
    bytes: int
    index_bytes: int

    @property
    def all_bytes(self) -> int:
        return self.bytes + self.index_bytes


def weights() -> list[Weight]:
    """The weight of each table of cases, heaviest first. On PostgreSQL after VACUUM."""
    tables = [*tables_of_cases(), db.metadata.tables["event_stream"]]
    sizes = _sizes_of_sqlite() if db.engine.dialect.name == "sqlite" else _sizes_of_postgresql([table.name for table in tables])
    found = []
    for table in tables:
        rows = db.session.scalar(select(func.count()).select_from(table)) or 0
        if rows:
            found.append(Weight(table.name, rows, *sizes.get(table.name, (0, 0))))
    db.session.rollback()
    return sorted(found, key=lambda each: -each.all_bytes)


def bytes_of_a_case(found: Iterable[Weight]) -> int:
    """The total divided by the number of cases, nearly all of which are finished in a large installation."""
    by_name = {each.table: each for each in found}
    return round(sum(each.all_bytes for each in by_name.values()) / by_name[Case.__tablename__].rows)


def lines(found: list[Weight]) -> Iterator[str]:
    """A table for people, per case on average."""
    cases = max(each.rows for each in found if each.table == Case.__tablename__)
    yield f"{'a case in the database, on average':36}{'rows':>8}{'bytes':>9}{'indexes':>9}{'share':>8}"
    whole = sum(each.all_bytes for each in found)
    for each in found:
        share = 100 * each.all_bytes / whole
        yield f"{each.table:36}{each.rows / cases:>8.2f}{each.bytes / cases:>9.0f}{each.index_bytes / cases:>9.0f}{share:>7.1f}%"
    weight = bytes_of_a_case(found)
    yield f"{'together':36}{'':8}{sum(each.bytes for each in found) / cases:>9.0f}{sum(each.index_bytes for each in found) / cases:>9.0f}"
    yield f"a case: {weight} bytes (aim: {AIM_BYTES}; {'met' if weight <= AIM_BYTES else 'MISSED'})"


def _sizes_of_postgresql(names: list[str]) -> dict[str, tuple[int, int]]:
    rows = db.session.execute(text(OF_POSTGRESQL), {"names": names})
    return {name: (rows_bytes, index_bytes) for name, rows_bytes, index_bytes in rows}


def _sizes_of_sqlite() -> dict[str, tuple[int, int]]:
    """The full-text index counts with the search rows."""
    tables = {row.name: row.tbl_name for row in db.session.execute(text(INDEXES_OF_SQLITE))}
    sizes: dict[str, tuple[int, int]] = {}
    for name, size in db.session.execute(text(OF_SQLITE)):
        is_search = name.startswith(SEARCHED)
        table = "search_row" if is_search else tables.get(name, name)
        rows_bytes, index_bytes = sizes.get(table, (0, 0))
        sizes[table] = (rows_bytes, index_bytes + size) if is_search or name in tables else (rows_bytes + size, index_bytes)
    return sizes
