"""Verifying that the keys of everything sealed in the database are available. The values stay closed: a check reveals nobody."""

from collections import Counter
from collections.abc import Iterable, Iterator

from sqlalchemy import func, select
from sqlalchemy.sql.schema import Column

from casework.db import db
from casework.findings import Finding, fault
from casework.sealing.seal import VALUE_MAGIC, SealBroken, key_id_of

HEADER_BYTES = len(VALUE_MAGIC) + 1 + 32
"""The part of a sealed value that can contain the longest key id: 32 characters."""

BATCH = 1000
"""Headers read at a time."""


def check_seals(columns: Iterable[Column[bytes]], *, key_ids: frozenset[str]) -> Iterator[Finding]:
    """Read the header of every sealed value in these columns; to be called inside `one_moment`."""
    closed: Counter[str] = Counter()
    for column in columns:
        (key,) = list(column.table.primary_key.columns)[:1]
        query = select(key, func.substr(column, 1, HEADER_BYTES)).where(column.is_not(None)).execution_options(yield_per=BATCH)
        for row_key, header in db.session.execute(query):
            try:
                key_id = key_id_of(bytes(header))
            except SealBroken:
                yield fault(
                    "seal.broken", f"{column.table.name} {row_key}",
                    f"Dữ liệu niêm phong {column.table.name}.{column.name} ở dòng {row_key} bị hỏng.",
                    f"The sealed value {column.table.name}.{column.name} of row {row_key} is damaged.",
                )  # fmt: skip
                continue
            if key_id not in key_ids:
                closed[key_id] += 1
    for key_id, count in sorted(closed.items()):
        yield fault(
            "seal.key_missing", f"key {key_id}",
            f"Không có khóa {key_id}: {count} dữ liệu niêm phong trong cơ sở dữ liệu không mở được.",
            f"The key {key_id} is not here: {count} sealed values in the database cannot be opened.",
        )  # fmt: skip
