"""Bulk writes by each driver's own means: COPY for PostgreSQL, one prepared statement for SQLite."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

KINDS = {
    "sqlite": {"number": "INTEGER", "text": "TEXT", "bytes": "BLOB"},
    "postgresql": {"number": "bigint", "text": "text", "bytes": "bytea"},
}
ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
AT_ONCE = 1_000
"""Rows passed to the driver together."""

Rows = Iterable[Sequence[Any]]


class Bulk:
    """One connection, used through its driver. Commits nothing."""

    def __init__(self, connection: Connection) -> None:
        self.connection, self.dialect = connection, connection.dialect.name

    def type_of(self, kind: str) -> str:
        """The database's name for a type of column."""
        return KINDS[self.dialect][kind]

    def send(self, statement: str) -> None:
        """Execute a statement literally: only psycopg treats a per cent sign as a placeholder."""
        self.connection.exec_driver_sql(statement.replace("%", "%%") if self.dialect == "postgresql" else statement)

    def put(self, table: str, columns: Sequence[str], rows: Rows) -> None:
        """Insert rows of numbers, texts and bytes."""
        names = ", ".join(f'"{name}"' for name in columns)
        if self.dialect == "sqlite":
            places = ", ".join("?" * len(columns))
            self._driver().executemany(f'INSERT INTO "{table}" ({names}) VALUES ({places})', rows)
            return
        with self._driver().cursor() as cursor, cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copying:
            for lines in _lines(rows):
                copying.write(lines)

    def update(self, table: str, column: str, values: Iterable[tuple[int, bytes]]) -> None:
        """Set one column of rows by row number."""
        place = "?" if self.dialect == "sqlite" else "%s"
        pairs = [(value, id_) for id_, value in values]
        if pairs:
            cursor = self._driver().cursor()
            cursor.executemany(f'UPDATE "{table}" SET "{column}" = {place} WHERE id = {place}', pairs)
            cursor.close()

    def _driver(self) -> Any:
        return self.connection.connection.driver_connection


def _lines(rows: Rows) -> Iterator[str]:
    waiting: list[str] = []
    for row in rows:
        waiting.append("\t".join(map(_cell, row)))
        if len(waiting) == AT_ONCE:
            yield "\n".join(waiting) + "\n"
            waiting.clear()
    if waiting:
        yield "\n".join(waiting) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(ESCAPED)
    return "\\\\x" + value.hex() if isinstance(value, bytes) else str(value)
