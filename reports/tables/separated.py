"""A table as CSV: RFC 4180 in UTF-8 with a byte order mark, without which Excel misreads Vietnamese.

Cells are separated by commas, as in the RFC, in our own imports and in all programs except an Excel set to another separator; for Excel
there is the workbook. Every text is quoted, so that a semicolon in it does not split it into two cells, the second perhaps a formula, where
semicolons separate. A text that would begin a formula is prefixed with an apostrophe, as in all our tables.
"""

import csv
from datetime import datetime
from pathlib import Path
from typing import Any

from casework.local_time import LOCAL_ZONE
from casework.settings.importing.tables import harmless
from reports.tables.table import Table, Type, printable


def write_separated(table: Table, path: Path) -> int:
    """Write the table and return the number of rows."""
    types = [column.type for column in table.columns]
    number = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
        writer.writerow([harmless(printable(column.name)) for column in table.columns])
        for row in table.rows:
            writer.writerow([_cell(cell, type_) for cell, type_ in zip(row, types, strict=True)])
            number += 1
    return number


def _cell(cell: Any, type_: Type) -> str | int | float:
    """Numbers with a decimal point, days and local instants in ISO 8601 with a space, which every program recognises."""
    if cell is None:
        return ""
    if type_ == "text":
        return harmless(printable(cell))
    if isinstance(cell, datetime):
        return cell.astimezone(LOCAL_ZONE).strftime("%Y-%m-%d %H:%M")
    return cell.isoformat() if type_ == "day" else cell  # type: ignore[no-any-return]
