"""Which tables the migrations care about."""

from typing import Any


def include_object(_object: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
    """Leave out what no model describes: SQLite's own tables, shadow tables of full-text indexes, extensions' tables."""
    return not (type_ == "table" and reflected and compare_to is None and (name or "").startswith(("sqlite_", "fts_", "spatial_ref_sys")))
