"""The SQL that copies rows, for one database: `c` is the copy (copies.COPIED), `t` the row of its original."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Table

from benchmark.plan import CopyPlan, Named, tables_of_cases
from casework.db import Instant

REMINDED_WITHIN_MINUTES = 2_880
FAR = "9000-01-01"


class Statements:
    """One INSERT … SELECT per table, and the expression for each column."""

    def __init__(self, plan: CopyPlan, agencies: Named, named: Mapping[int, int], *, is_sqlite: bool) -> None:
        self.is_sqlite, self.stride, self.turned, self.now = is_sqlite, plan.stride, plan.turned, datetime.fromisoformat(plan.now)
        self.agencies, self.named = agencies, named
        self.moving = {table.name for table in tables_of_cases()}

    def copy(self, table: Table) -> str:
        """Return the statement that writes one table's rows of all copies."""
        columns = ", ".join(f'"{column.name}"' for column in table.columns)
        values = ", ".join(self._value(table, column) for column in table.columns)
        joined = f'copied c JOIN "original_{table.name}" t ON t.block = c.block'
        return f'INSERT INTO "{table.name}" ({columns}) SELECT {values} FROM {joined} ORDER BY c.number'

    def _value(self, table: Table, column: Column[Any]) -> str:
        name = f't."{column.name}"'
        special = SPECIAL.get((table.name, column.name)) or SPECIAL.get((None, column.name))
        if special is not None:
            return special(self, name)
        target = next((key.column.table.name for key in column.foreign_keys), None)
        if (column.primary_key and column.name == "id") or target in self.moving:
            return f"{name} + {self._move()}"
        if target in ("agency", "area", "field"):
            return self._turn(name, getattr(self.turned, target))
        if target == "account":
            return self._turn_person(name)
        if column.name == "ref":
            return "lower(hex(randomblob(8)))" if self.is_sqlite else "substr(md5(random()::text || clock_timestamp()::text), 1, 16)"
        return self.instant(name) if isinstance(column.type, Instant) else name

    def _move(self) -> str:
        return f"c.number * {self.stride}"

    def _turn(self, value: str, rows: list[int]) -> str:
        """The row as many positions further as the number of the copy; rows not in the list stay."""
        places = " ".join(f"WHEN {row} THEN {place}" for place, row in enumerate(rows))
        place = f"((CASE {value} {places} END) + c.number) % {len(rows)}"
        turned = " ".join(f"WHEN {place_} THEN {row}" for place_, row in enumerate(rows))
        return f"COALESCE(CASE {place} {turned} END, {value})"

    def _turn_person(self, value: str) -> str:
        """An agency's people change with it; the centre's stay."""
        for rows in self.turned.people:
            value = self._turn(value, rows) if rows else value
        return value

    def instant(self, value: str) -> str:
        """Shifted back as far as the copy; FAR stays FAR."""
        if self.is_sqlite:
            moved = f"strftime('%Y-%m-%d %H:%M:%f', {value}, '-' || c.back || ' minutes') || '000'"
        else:
            moved = f"{value} - c.back * interval '1 minute'"
        return f"CASE WHEN {value} >= '{FAR}' THEN {value} ELSE {moved} END"

    def later(self, value: str) -> str:
        """No clock of a copy rings before now, since in a running installation those have rung."""
        minutes, moved = f"(t.id + c.number) % {REMINDED_WITHIN_MINUTES} + 5", self.instant(value)
        if self.is_sqlite:
            now = f"{self.now:%Y-%m-%d %H:%M:%S}"
            return (
                f"CASE WHEN ({moved}) <= '{now}' THEN strftime('%Y-%m-%d %H:%M:%f', '{now}', '+' || ({minutes}) || ' minutes') || '000' "
                f"ELSE {moved} END"
            )
        now = f"TIMESTAMPTZ '{self.now.isoformat()}'"
        return f"CASE WHEN ({moved}) <= {now} THEN {now} + ({minutes}) * interval '1 minute' ELSE {moved} END"

    def code(self, _value: str) -> str:
        return "c.code"

    def title(self, value: str) -> str:
        """A title distinct from those of other copies; none if there was none."""
        return f"CASE WHEN {value} IS NULL THEN NULL ELSE c.title END"

    def secret(self, _value: str) -> str:
        """The digest of a secret nobody has."""
        return "c.secret"

    def found(self, value: str) -> str:
        """The words a case is found by."""
        return f"replace(replace(replace({value}, c.old_code, c.code), c.old_title, c.title), c.old_place, c.place)"

    def found_folded(self, value: str) -> str:
        """The same, folded as in the index."""
        coded = f"replace({value}, c.old_folded_code, c.folded_code)"
        return f"replace(replace({coded}, c.old_folded_title, c.folded_title), c.old_folded_place, c.folded_place)"

    def parameters(self, value: str) -> str:
        """The parameters of a message: the code, and the agency if it names one."""
        said = f"replace(CAST({value} AS text), c.old_code, c.code)"
        if self.named:
            place = f"CASE t.id {' '.join(f'WHEN {id_} THEN {each}' for id_, each in self.named.items())} END"
            keys = " ".join(f"WHEN {each} THEN '{key}'" for each, key in enumerate(self.agencies.keys))
            old, new = (f"'\"' || CASE {each} {keys} END || '\"'" for each in (place, f"({place} + c.number) % {len(self.agencies.keys)}"))
            said = f"CASE WHEN {place} IS NULL THEN {said} ELSE replace({said}, {old}, {new}) END"
        return said if self.is_sqlite else f"CAST({said} AS jsonb)"

    def minutes(self, value: str) -> str:
        """Office minutes to the first answer, counted again."""
        return f"CASE WHEN {value} IS NULL THEN NULL ELSE c.minutes END"

    def desk(self, value: str) -> str:
        """`officer@a7`, `reporter@r52`, `operator@c1`, perhaps behind `desk:`."""
        at = f"instr({value}, '@')" if self.is_sqlite else f"strpos({value}, '@')"
        head, kind, row = f"substr({value}, 1, {at} + 1)", f"substr({value}, {at} + 1, 1)", f"CAST(substr({value}, {at} + 2) AS INTEGER)"
        turned = self._turn(row, self.turned.agency)
        return f"CASE {kind} WHEN 'a' THEN {head} || {turned} WHEN 'r' THEN {head} || ({row} + {self._move()}) ELSE {value} END"

    def recipient(self, value: str) -> str:
        """`reporter:<id>` is shifted, `desk:…` and `account:<id>` follow the agency."""
        moved = f"'reporter:' || (CAST(substr({value}, 10) AS INTEGER) + {self._move()})"
        turned = f"'account:' || {self._turn_person(f'CAST(substr({value}, 9) AS INTEGER)')}"
        desk = f"WHEN {value} LIKE 'desk:%@%' THEN {self.desk(value)}"
        return f"CASE WHEN {value} LIKE 'reporter:%' THEN {moved} WHEN {value} LIKE 'account:%' THEN {turned} {desk} ELSE {value} END"

    def turned_to(self, value: str, of: str) -> str:
        """The agency, area or field of a fact changes with that of its case."""
        return self._turn(value, getattr(self.turned, of))

    def numbered(self, value: str) -> str:
        """A value that must be unique."""
        return f"{value} || ' ' || c.number"

    def phone(self, value: str) -> str:
        """The sender's number; one person sends several reports."""
        return f"CASE WHEN {value} IS NULL THEN NULL ELSE c.phone END"

    def identity(self, value: str) -> str:
        """The sender's identity, sealed again."""
        return f"CASE WHEN {value} IS NULL THEN NULL ELSE c.identity END"

    def beside(self, value: str) -> str:
        """A place some way off, within the district."""
        return f"{value} + (c.number * 37 % 1000 - 500) * 0.0004"

    def beside_across(self, value: str) -> str:
        """The same in the other direction."""
        return f"{value} + (c.number * 101 % 1000 - 500) * 0.0004"


def _turning(of: str) -> Callable[[Statements, str], str]:
    return lambda statements, value: statements.turned_to(value, of)


OF_FACTS = {"field_id": "field", "area_id": "area", "agency_id": "agency", "acting_agency_id": "agency"}
"""Columns by which facts are counted that are not row references, by the rows they follow."""

SPECIAL: dict[tuple[str | None, str], Callable[[Statements, str], str]] = {
    ("case", "code"): Statements.code,
    ("report", "code"): Statements.code,
    ("search_row", "code"): Statements.code,
    ("report", "secret_digest"): Statements.secret,
    ("case", "title"): Statements.title,
    ("publication_version", "title"): Statements.title,
    ("search_row", "words"): Statements.found_folded,
    ("search_row", "exact_words"): Statements.found,
    ("case", "latitude"): Statements.beside,
    ("case", "longitude"): Statements.beside_across,
    ("reporter", "phone_digest"): Statements.phone,
    ("reporter", "sealed_identity"): Statements.identity,
    ("clock", "remind_at"): Statements.later,
    ("case_span", "minutes"): Statements.minutes,
    **{(table, column): _turning(of) for table in ("case_span", "case_moment") for column, of in OF_FACTS.items()},
    ("waiting_task", "desk"): Statements.desk,
    ("assignment", "approval_desk"): Statements.desk,
    ("outbox_message", "recipient"): Statements.recipient,
    ("outbox_message", "dedupe_key"): Statements.numbered,
    ("outbox_message", "parameters"): Statements.parameters,
}
"""Columns that are more than a value, by table and name, or by name in every table."""
