"""Writes a table in any of the forms."""

from datetime import datetime
from pathlib import Path

from reports.tables.objects import write_objects
from reports.tables.separated import write_separated
from reports.tables.table import Table

MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
"""By form."""


def write_table(table: Table, form: str, path: Path, *, made_at: datetime) -> int:
    """Write a table to a file row by row, and return the number of rows. Raises KeyError for an unknown form."""
    from reports.tables.workbook import write_workbook  # late: docs/architecture.md

    match form:
        case "xlsx":
            return write_workbook(table, path, made_at=made_at)
        case "csv":
            return write_separated(table, path)
        case "json":
            return write_objects(table, path)
    raise KeyError(form)
