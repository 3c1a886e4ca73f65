"""Copies whole cases: their rows by one INSERT … SELECT per table, their histories with new hash chains (chains.py).

A copy has its own row numbers, references, code, sender and seal, is shifted back in time by its position among all, and is about another
area, field and agency than the copy before it. `langbiang verify` finds no fault in it.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, select

from benchmark.bulk import Bulk
from benchmark.chains import EVENT, HEAD, Chains
from benchmark.plan import (
    Copy,
    CopyPlan,
    Named,
    named_agencies,
    named_areas,
    named_fields,
    order_of,
    originals_of,
    rows_of,
    tables_of_cases,
)
from benchmark.statements import Statements
from casework.calendars import calendar_of
from casework.db import db
from casework.facts.reading import office_minutes
from casework.local_time import local_day
from casework.models import OutboxMessage
from casework.privacy.identity import PHONE_PURPOSE, Contact, seal_contact
from casework.sealing.seal import lookup_digest
from casework.text import index_words

REPORTS_A_PERSON = 5

COPIED = {
    "number": "number", "block": "number", "back": "number", "old_code": "text", "code": "text", "old_folded_code": "text",
    "folded_code": "text", "old_title": "text", "title": "text", "old_folded_title": "text", "folded_title": "text", "old_place": "text",
    "place": "text", "old_folded_place": "text", "folded_place": "text", "secret": "text", "minutes": "number", "phone": "text",
    "identity": "bytes",
}  # fmt: skip
"""The table joined with the originals: a row per copy."""


class Copier:
    """Writes copies of a plan over one connection; several may run in parallel on different numbers."""

    def __init__(self, connection: Connection, plan: CopyPlan) -> None:
        self.plan, self.bulk = plan, Bulk(connection)
        is_sqlite = self.bulk.dialect == "sqlite"
        self.originals, self.areas = originals_of(plan), named_areas(plan.turned.area)
        agencies = named_agencies(plan.turned.agency)
        fields = named_fields(plan.turned.field)
        self.chains = Chains(plan, self.originals, areas=self.areas, agencies=agencies, fields=fields, is_sqlite=is_sqlite)
        self.tables = [(table, rows) for table in tables_of_cases() if (rows := rows_of(plan, table))]
        self.statements = Statements(plan, agencies, _agencies_named(plan, agencies), is_sqlite=is_sqlite)
        self.calendars = {each.centre_id: calendar_of(each.centre_id) for each in self.originals}
        self.blocks, self.backs = order_of(plan)

    def prepare(self) -> None:
        """Set the originals apart, where copying finds them and little else. In a transaction of the caller's."""
        columns = ", ".join(f"{name} {self.bulk.type_of(kind)}" for name, kind in COPIED.items())
        self.bulk.send(f"CREATE TEMPORARY TABLE copied ({columns})")
        for table, rows in self.tables:
            names = ", ".join(f't."{column.name}"' for column in table.columns)
            parts = (f'SELECT {names}, {block} AS block FROM "{table.name}" t WHERE {where}' for block, where in rows)
            self.bulk.send(f'CREATE TEMPORARY TABLE "original_{table.name}" AS {" UNION ALL ".join(parts)}')

    def copy(self, first: int, last: int) -> None:
        """Write the copies with these numbers, both included. In a transaction of the caller's."""
        copies = [self._copy(number) for number in range(first, last + 1)]
        # PostgreSQL never vacuums a temporary table: each statement would read past all rows deleted before
        self.bulk.send("DELETE FROM copied" if self.bulk.dialect == "sqlite" else "TRUNCATE copied")
        self.bulk.put("copied", list(COPIED), self._rows(copies))
        for table, _ in self.tables:
            if table.name == "event":
                self.bulk.put(table.name, EVENT, self.chains.told(copies))
            else:
                self.bulk.send(self.statements.copy(table))
        self.bulk.put("event_stream", HEAD, self.chains.heads)
        self.bulk.update("process_instance", "state", self.chains.states(copies))

    def _copy(self, number: int) -> Copy:
        block, back = self.blocks[number - 1], self.backs[number - 1]
        original, minutes = self.originals[block], None
        opened = original.opened_at - timedelta(minutes=back)
        if original.answered_at is not None:
            minutes = office_minutes(opened, original.answered_at - timedelta(minutes=back), self.calendars[original.centre_id])
        code = f"{original.prefix}-{local_day(opened).year}-{self.plan.codes + number:06d}"
        return Copy(number, block, back, code, f"{original.title} {number}" if original.title else "", minutes)

    def _rows(self, copies: Iterable[Copy]) -> Iterator[tuple[Any, ...]]:
        """The parameters of the statements for each copy."""
        for copy in copies:
            original = self.originals[copy.block]
            old_place = place = ""
            if original.area_id in self.areas.ids:
                at = self.areas.ids.index(original.area_id)
                old_place, place = self.areas.words[at], self.areas.words[self.areas.after(at, copy.number)]
            old_title, phone = _folded(original.title), f"+849{copy.number // REPORTS_A_PERSON:08}"
            yield (
                copy.number, copy.block, copy.back, original.code, copy.code, _folded(original.code), copy.code.lower().replace("-", ""),
                original.title, copy.title, old_title, f"{old_title} {copy.number}" if old_title else "", old_place, place,
                _folded(old_place), _folded(place), copy.secret, copy.minutes, lookup_digest(phone, purpose=PHONE_PURPOSE),
                seal_contact(Contact(name=f"Người Gửi {copy.number}", phone=phone)),
            )  # fmt: skip


@lru_cache(maxsize=4_096)
def _folded(text: str) -> str:
    return index_words(text)


def _agencies_named(plan: CopyPlan, agencies: Named) -> dict[int, int]:
    """Which messages of the originals name an agency, by its index: the copy's message names another."""
    ids = [id_ for block in plan.rows["outbox_message"] for id_ in block]
    places = {key: place for place, key in enumerate(agencies.keys)}
    found = {}
    for id_, parameters in db.session.execute(select(OutboxMessage.id, OutboxMessage.parameters).where(OutboxMessage.id.in_(ids))):
        for value in parameters.values():
            if isinstance(value, str) and value in places:
                found[id_] = places[value]
    return found


def multiply(connection: Connection, plan: CopyPlan) -> None:
    """Write all copies of a small plan in one transaction, with nobody else at work."""
    copier = Copier(connection, plan)
    copier.prepare()
    copier.copy(1, plan.total)
    set_sequences(copier.bulk)


def set_sequences(bulk: Bulk) -> None:
    """Set each table's sequence to the next free number."""
    for table in tables_of_cases() if bulk.dialect == "postgresql" else ():
        if "id" in table.c:
            sequence = f"pg_get_serial_sequence('\"{table.name}\"', 'id')"
            bulk.send(f'SELECT setval({sequence}, (SELECT coalesce(max(id), 1) FROM "{table.name}"))')
