"""Copies of whole cases made by the database: one INSERT … SELECT for each table, row numbers moved by a stride, times moved back."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Engine, Index, Table, func, select, text
from sqlalchemy.schema import CreateIndex, DropIndex

import workflows.models  # noqa: F401  the tables register themselves
from casework.db import METADATA, Instant, db

ROOTS = frozenset({"case", "report", "reporter"})
OPTIONAL = frozenset({"photo", "file", "photo_detection", "publication_photo"})
"""Photos are not copied: their files would have to be."""

REMINDED_WITHIN_MINUTES = 2_880


@dataclass
class Block:
    """The rows one life wrote, by table: numbers above `after`, up to `upto`. `copies` of them over the last `minutes`."""

    after: Mapping[str, int]
    upto: Mapping[str, int]
    copies: int = 0
    minutes: int = 0


@dataclass(frozen=True)
class Turned:
    """Rows that stand for one another: the n-th copy has the n-th agency, area and field after the original's.

    `people` are the officers and the leaders, each list in the order of their agencies.
    """

    agency: list[int]
    area: list[int]
    field: list[int]
    people: list[list[int]]


def tables_of_cases() -> list[Table]:
    """Every table whose rows belong to a case, parents first."""
    names = set(ROOTS)
    found = [table for table in METADATA.sorted_tables if _belongs(table, names)]
    return [table for table in found if table.name not in OPTIONAL]


def _belongs(table: Table, names: set[str]) -> bool:
    belongs = table.name in names or any(key.column.table.name in names for key in table.foreign_keys)
    if belongs:
        names.add(table.name)
    return belongs


def ids_now() -> dict[str, int]:
    """The highest row number of each table of cases."""
    numbered = [table for table in tables_of_cases() if "id" in table.c]
    return {table.name: db.session.scalar(select(func.max(table.c.id))) or 0 for table in numbered}


def multiply(engine: Engine, blocks: Iterable[Block], ids: Mapping[str, int], turned: Turned, *, now: datetime) -> None:
    """Write the copies of all blocks, each with row numbers, references and codes of its own, and clocks that ring later than now."""
    stride = max(ids.values()) + 1
    engine.dispose()
    with _fast(engine) as connection:
        dialect = Dialect(connection.dialect.name, stride, ids["report"] + 1, turned)
        for table in tables_of_cases():
            for block in blocks:
                if block.copies:
                    statement = dialect.copy(table, block)
                    if statement is not None:
                        _send(connection, statement)
        for block in blocks:
            if block.copies:
                _send(connection, dialect.copy_streams(block))
        connection.execute(text(dialect.later_reminders()), {"now": _bound(now, dialect.name)})
        if dialect.name == "postgresql":
            for table in tables_of_cases():
                if "id" in table.c:
                    sequence = f"pg_get_serial_sequence('\"{table.name}\"', 'id')"
                    connection.execute(text(f'SELECT setval({sequence}, (SELECT coalesce(max(id), 1) FROM "{table.name}"))'))
    engine.dispose()


@contextmanager
def _fast(engine: Engine) -> Iterator[Connection]:
    """A connection that writes without looking back: indexes are made at the end, nobody else is there, a crash loses everything."""
    indexes = [index for table in tables_of_cases() for index in indexes_of(table)]
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite:
            connection.exec_driver_sql("COMMIT")  # of the transaction every connection of ours begins with
            for pragma in ("foreign_keys=OFF", "journal_mode=OFF", "synchronous=OFF", "cache_size=-500000", "temp_store=MEMORY"):
                connection.exec_driver_sql(f"PRAGMA {pragma}")
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
        else:
            # only an owner of the server may leave references unchecked; for others it takes longer
            if connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
                connection.exec_driver_sql("SET session_replication_role = replica")
            connection.exec_driver_sql("SET synchronous_commit = off; SET maintenance_work_mem = '512MB'")
        for index in indexes:
            connection.execute(DropIndex(index))
        yield connection
        for index in indexes:
            connection.execute(CreateIndex(index))
        if is_sqlite:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        else:
            connection.exec_driver_sql("VACUUM ANALYZE")  # autovacuum would have done it over two years


class Dialect:
    """The statements, in the words of one database. `:n` of a copy is the column `n` of the numbers it is joined with."""

    def __init__(self, name: str, stride: int, codes: int, turned: Turned) -> None:
        self.name, self.stride, self.codes, self.turned = name, stride, codes, turned
        self.moving = {table.name for table in tables_of_cases()}

    def copy(self, table: Table, block: Block) -> str | None:
        """Return the statement that copies one table's rows of a block; None when there are none."""
        where = self._where(table, block)
        if where is None:
            return None
        columns = ", ".join(f'"{column.name}"' for column in table.columns)
        values = ", ".join(self._value(table, column, block) for column in table.columns)
        rows = f'{self._numbers(block)} CROSS JOIN "{table.name}" t WHERE {where}'
        return f'INSERT INTO "{table.name}" ({columns}) SELECT {values} FROM {rows}'

    def copy_streams(self, block: Block) -> str:
        """Return the statement that gives each copied case the end of its chain."""
        case = "CAST(substr(t.stream, 6) AS INTEGER)"
        originals = ", ".join(f"'case:{row}'" for row in range(block.after["case"] + 1, block.upto["case"] + 1))
        return (
            f"INSERT INTO event_stream (stream, seq, hash, changed_at) SELECT 'case:' || ({case} + {self._move()}), t.seq, t.hash, "
            f"{self._instant('changed_at', block)} FROM {self._numbers(block)} CROSS JOIN event_stream t "
            f"WHERE t.stream IN ({originals})"
        )

    def later_reminders(self) -> str:
        """Return the statement that lets no clock of a copy ring before now: in a house that runs, those have rung."""
        minutes = f"(id % {REMINDED_WITHIN_MINUTES} + 5)"
        if self.name == "sqlite":
            later = f"strftime('%Y-%m-%d %H:%M:%f', :now, '+' || {minutes} || ' minutes') || '000'"
        else:
            later = f"CAST(:now AS timestamptz) + {minutes} * interval '1 minute'"
        return f"UPDATE clock SET remind_at = {later} WHERE remind_at IS NOT NULL AND remind_at <= {self._cast(':now')}"

    def _cast(self, value: str) -> str:
        return value if self.name == "sqlite" else f"CAST({value} AS timestamptz)"

    def _numbers(self, block: Block) -> str:
        if self.name == "postgresql":
            return f"(SELECT n FROM generate_series(1::bigint, {block.copies}) AS n ORDER BY n) AS numbers"
        counted = f"SELECT 1 AS n UNION ALL SELECT n + 1 FROM counted WHERE n < {block.copies}"
        return f"(WITH RECURSIVE counted(n) AS ({counted}) SELECT n FROM counted) AS numbers"

    def _where(self, table: Table, block: Block) -> str | None:
        if "id" in table.c:
            after, upto = block.after[table.name], block.upto[table.name]
            return f"t.id > {after} AND t.id <= {upto}" if upto > after else None
        parent = next(key for column in table.primary_key for key in column.foreign_keys)
        after, upto = block.after[parent.column.table.name], block.upto[parent.column.table.name]
        return f't."{parent.parent.name}" > {after} AND t."{parent.parent.name}" <= {upto}' if upto > after else None

    def _value(self, table: Table, column: Column[Any], block: Block) -> str:
        name = f't."{column.name}"'
        target = next((key.column.table.name for key in column.foreign_keys), None)
        if (column.primary_key and column.name == "id") or target in self.moving:
            return f"{name} + {self._move()}"
        if target in ("agency", "area", "field"):
            return self._turn(name, getattr(self.turned, target))
        if target == "account":
            return self._turn_person(name)
        if column.name == "ref":
            return self._random()
        if isinstance(column.type, Instant):
            return self._instant(column.name, block)
        special = SPECIAL.get((table.name, column.name)) or SPECIAL.get((None, column.name))
        return special(self, name) if special is not None else name

    def _move(self) -> str:
        return f"numbers.n * {self.stride}"

    def _random(self) -> str:
        return "lower(hex(randomblob(8)))" if self.name == "sqlite" else "substr(md5(random()::text || clock_timestamp()::text), 1, 16)"

    def _turn(self, value: str, rows: list[int]) -> str:
        """The row as many places further as the number of the copy; what is not among them stays."""
        places = " ".join(f"WHEN {row} THEN {place}" for place, row in enumerate(rows))
        place = f"((CASE {value} {places} END) + numbers.n) % {len(rows)}"
        turned = " ".join(f"WHEN {place_} THEN {row}" for place_, row in enumerate(rows))
        return f"COALESCE(CASE {place} {turned} END, {value})"

    def _turn_person(self, value: str) -> str:
        """Who works in an agency is turned with it; the centre's people stay."""
        for rows in self.turned.people:
            value = self._turn(value, rows) if rows else value
        return value

    def _instant(self, column: str, block: Block) -> str:
        """Earlier copies lie further back, none in the future; far away stays far away."""
        back = f"(({block.copies} - numbers.n) * {block.minutes} / {max(block.copies, 1)})"
        if self.name == "sqlite":
            moved = f"strftime('%Y-%m-%d %H:%M:%f', t.\"{column}\", '-' || {back} || ' minutes') || '000'"
            return f"CASE WHEN t.\"{column}\" >= '9000-01-01' THEN t.\"{column}\" ELSE {moved} END"
        moved = f't."{column}" - {back} * interval \'1 minute\''
        return f"CASE WHEN t.\"{column}\" >= '9000-01-01' THEN t.\"{column}\" ELSE {moved} END"

    def code(self, value: str) -> str:
        """The number of the n-th copy, in the same series."""
        digits = f"CAST(substr({value}, length({value}) - 5) AS INTEGER) + numbers.n * {self.codes}"
        padded = f"printf('%06d', {digits})" if self.name == "sqlite" else f"lpad(CAST({digits} AS text), 6, '0')"
        return f"substr({value}, 1, length({value}) - 6) || {padded}"

    def desk(self, value: str) -> str:
        """`officer@a7`, `reporter@r52`, `operator@c1`, perhaps behind `desk:`."""
        at = f"instr({value}, '@')" if self.name == "sqlite" else f"strpos({value}, '@')"
        head, kind, row = f"substr({value}, 1, {at} + 1)", f"substr({value}, {at} + 1, 1)", f"CAST(substr({value}, {at} + 2) AS INTEGER)"
        turned = self._turn(row, self.turned.agency)
        return f"CASE {kind} WHEN 'a' THEN {head} || {turned} WHEN 'r' THEN {head} || ({row} + {self._move()}) ELSE {value} END"

    def recipient(self, value: str) -> str:
        """`reporter:<id>` is moved, `desk:…` and `account:<id>` are turned."""
        moved = f"'reporter:' || (CAST(substr({value}, 10) AS INTEGER) + {self._move()})"
        turned = f"'account:' || {self._turn_person(f'CAST(substr({value}, 9) AS INTEGER)')}"
        desk = f"WHEN {value} LIKE 'desk:%@%' THEN {self.desk(value)}"
        return f"CASE WHEN {value} LIKE 'reporter:%' THEN {moved} WHEN {value} LIKE 'account:%' THEN {turned} {desk} ELSE {value} END"

    def turned_to(self, value: str, of: str) -> str:
        """The agency, area or field of a fact goes where that of its case goes."""
        return self._turn(value, getattr(self.turned, of))

    def stream(self, value: str) -> str:
        """`case:<id>`."""
        moved = f"'case:' || (CAST(substr({value}, 6) AS INTEGER) + {self._move()})"
        return f"CASE WHEN {value} LIKE 'case:%' THEN {moved} ELSE {value} END"

    def named(self, value: str) -> str:
        """A title or words that can be told from those of other copies."""
        return f"{value} || ' ' || numbers.n"

    def digest(self, value: str) -> str:
        """Of a contact: a person sends five reports."""
        number = "printf('%012d', numbers.n / 5)" if self.name == "sqlite" else "lpad(CAST(numbers.n / 5 AS text), 12, '0')"
        return f"substr({value}, 1, 52) || {number}"

    def beside(self, value: str) -> str:
        """A place some way off, within the district."""
        return f"{value} + (numbers.n * 37 % 1000 - 500) * 0.0004"

    def beside_across(self, value: str) -> str:
        """The same in the other direction."""
        return f"{value} + (numbers.n * 101 % 1000 - 500) * 0.0004"


def _turning(of: str) -> Callable[[Dialect, str], str]:
    return lambda dialect, value: dialect.turned_to(value, of)


OF_FACTS = {"field_id": "field", "area_id": "area", "agency_id": "agency", "acting_agency_id": "agency"}
"""What a fact is counted by and is no reference to a row, by the rows that are turned with it."""

SPECIAL: dict[tuple[str | None, str], Callable[[Dialect, str], str]] = {
    ("case", "code"): Dialect.code,
    ("report", "code"): Dialect.code,
    ("search_row", "code"): Dialect.code,
    ("case", "title"): Dialect.named,
    ("search_row", "words"): Dialect.named,
    ("search_row", "exact_words"): Dialect.named,
    ("case", "latitude"): Dialect.beside,
    ("report", "latitude"): Dialect.beside,
    ("case", "longitude"): Dialect.beside_across,
    ("report", "longitude"): Dialect.beside_across,
    (None, "phone_digest"): Dialect.digest,
    (None, "email_digest"): Dialect.digest,
    **{(table, column): _turning(of) for table in ("case_span", "case_moment") for column, of in OF_FACTS.items()},
    ("event", "stream"): Dialect.stream,
    ("waiting_task", "desk"): Dialect.desk,
    ("assignment", "approval_desk"): Dialect.desk,
    ("outbox_message", "recipient"): Dialect.recipient,
    ("outbox_message", "dedupe_key"): Dialect.named,
}
"""Columns that are more than a value, by table and name, or by name in every table."""


def _send(connection: Connection, statement: str) -> None:
    """Send a statement as it stands: psycopg alone reads a per cent sign as the place of a value."""
    connection.exec_driver_sql(statement.replace("%", "%%") if connection.dialect.name == "postgresql" else statement)


def indexes_of(table: Table) -> list[Index]:
    """The indexes of a table that prove nothing, and may be made last."""
    return [index for index in sorted(table.indexes, key=lambda each: str(each.name)) if not index.unique]


def _bound(moment: datetime, dialect: str) -> Any:
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds") if dialect == "sqlite" else moment
