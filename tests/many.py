"""Cases in numbers: what the database holds of one is copied row by row, since walking a hundred through the process takes a minute."""
from __future__ import annotations

from secrets import token_urlsafe
from typing import Any

from sqlalchemy import Table, insert, select

from casework.db import METADATA, db, unit_of_work
from casework.models import Case

OF_CASE = ("clock", "assignment", "publication")
BELOW = {"publication": (("publication_version", "publication_id"),), "publication_version": (("publication_answer", "version_id"),)}


def copies(case: Case, number: int) -> list[str]:
    """The codes of so many copies of a case: itself, its limits, its agencies' work, and what was published of it."""
    with unit_of_work():
        table = METADATA.tables["case"]
        row = dict(db.session.execute(select(table).where(table.c.id == case.id)).one()._mapping)
        codes = [f"{case.code}{copy:03d}" for copy in range(number)]
        for code in codes:
            copied = _again(table, {**row, "code": code})
            for name in OF_CASE:
                _copy(METADATA.tables[name], "case_id", case.id, copied)
    return codes


def _copy(table: Table, parent: str, old: int, new: int) -> None:
    for row in db.session.execute(select(table).where(table.c[parent] == old)).all():
        copied = _again(table, {**row._mapping, parent: new})
        for below, column in BELOW.get(table.name, ()):
            _copy(METADATA.tables[below], column, row._mapping["id"], copied)


def _again(table: Table, row: dict[str, Any]) -> int:
    values = {name: value for name, value in row.items() if name != "id" or len(table.primary_key.columns) > 1}
    if "ref" in values:
        values["ref"] = token_urlsafe(12)
    made = db.session.execute(insert(table).values(values))
    return int(made.inserted_primary_key[0]) if made.inserted_primary_key else 0
