"""Which tables the migrations care about."""

from typing import Any


def include_object(_object: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
    """Leave out what no model describes: SQLite's own tables, full-text indexes with their columns, extensions' tables."""
    is_unknown = type_ in {"table", "column", "index"} and reflected and compare_to is None
    return not (is_unknown and (name or "").startswith(("sqlite_", "fts_", "spatial_ref_sys")))
