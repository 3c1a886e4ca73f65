"""A table as JSON: an array of objects keyed by column, instants in ISO 8601 with offset."""

from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from casework.local_time import LOCAL_ZONE
from reports.tables.table import Table, printable


def write_objects(table: Table, path: Path) -> int:
    """Write the table and return the number of rows."""
    keys = [column.key for column in table.columns]
    number = 0
    with path.open("wb") as file:
        file.write(b"[")
        for row in table.rows:
            file.write(b",\n" if number else b"\n")
            file.write(orjson.dumps({key: _cell(cell) for key, cell in zip(keys, row, strict=True)}))
            number += 1
        file.write(b"\n]\n")
    return number


def _cell(cell: Any) -> Any:
    if isinstance(cell, str):
        return printable(cell)
    return cell.astimezone(LOCAL_ZONE).isoformat(timespec="seconds") if isinstance(cell, datetime) else cell
