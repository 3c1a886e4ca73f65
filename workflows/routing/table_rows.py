"""A decision table as a page shows it, read from the file without judging it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Agency, Field
from workflows.checks.table_words import COLUMN_WORDS
from workflows.definitions.process import read_xml
from workflows.models import ProcessVersion
from workflows.routing.rows import ANYTHING, BETWEEN_LANGUAGES, key_in, keys_in

MOST_NAMES = 500


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text, empty if anything matches, and its names if it consists of names only."""

    id: str
    text: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableRow:
    """One rule: its cells in the order of the columns, and its reason."""

    id: str
    cells: tuple[Cell, ...]
    reason: Bilingual


@dataclass(frozen=True, slots=True)
class Table:
    """The columns with ids and names, and the rules in the order they are tried."""

    inputs: tuple[tuple[str, Bilingual], ...]
    outputs: tuple[tuple[str, Bilingual], ...]
    rows: tuple[TableRow, ...]


def table_of(xml: bytes) -> Table:
    """Return the first decision table of a file; if there is none, an empty table. Raises ModelRefused if it is not XML."""
    table = next(read_xml(xml).iter("{*}decisionTable"), None)
    if table is None:
        return Table((), (), ())
    return Table(_columns(table, "input"), _columns(table, "output"), tuple(_row(rule) for rule in table.iterchildren("{*}rule")))


def names_in_tables(version: ProcessVersion) -> dict[str, Bilingual]:
    """Return names for the values in a table: fields, agencies of its centre before those of others, the urgency."""
    known = {"urgent": Bilingual("Khẩn", "Urgent"), "normal": Bilingual("Bình thường", "Normal"), "area": COLUMN_WORDS["area"]}
    known |= {row.service_code: row.name for row in db.session.scalars(select(Field).order_by(Field.id).limit(MOST_NAMES))}
    own_last = (Agency.centre_id == version.centre_id, Agency.id) if version.centre_id else (Agency.id,)
    known |= {row.key: row.short_name for row in db.session.scalars(select(Agency).order_by(*own_last).limit(MOST_NAMES))}
    return known


def _columns(table: Any, kind: str) -> tuple[tuple[str, Bilingual], ...]:
    """Columns we know have names in both languages; for others the file's name is used."""
    columns = []
    for each in table.iterchildren(f"{{*}}{kind}"):
        asked = (each.findtext("{*}inputExpression/{*}text") or each.get("name") or "").strip()
        label = each.get("label") or asked
        columns.append((each.get("id", ""), COLUMN_WORDS.get(asked) or Bilingual(label, label)))
    return tuple(columns)


def _row(rule: Any) -> TableRow:
    vi, _, en = (rule.findtext("{*}description") or "").partition(BETWEEN_LANGUAGES)
    cells = [*rule.iterchildren("{*}inputEntry"), *rule.iterchildren("{*}outputEntry")]
    return TableRow(rule.get("id", ""), tuple(_cell(cell) for cell in cells), Bilingual(vi, en or vi))


def _cell(cell: Any) -> Cell:
    text = (cell.findtext("{*}text") or "").strip()
    text = "" if text == ANYTHING else text
    return Cell(cell.get("id", ""), text, _names_in(text))


def _names_in(text: str) -> tuple[str, ...]:
    """The names in a cell, one or a list; empty if it says anything else."""
    listed, one = keys_in(text), key_in(text)
    return listed if listed is not None else (one,) if one else ()
