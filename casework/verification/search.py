"""Verifying that the search index matches the rows: folding, and SQLite's index."""

from collections.abc import Iterator

from sqlalchemy import column, select, table

from casework.db import db
from casework.findings import Finding, fault
from casework.models import SearchRow
from casework.text import index_words

BATCH = 1000

_SIZES = table("fts_search_row_docsize", column("id"), column("sz"))


def check_search_index() -> Iterator[Finding]:
    """Compare each search row with its index entry; to be called inside `one_moment`.

    PostgreSQL derives its index column from the row. SQLite's index is a separate table with each row's number of words: a missing row, a
    superfluous one or another number of words is a finding.
    """
    sizes = _sizes() if db.session.get_bind().dialect.name == "sqlite" else None
    columns = (SearchRow.id, SearchRow.code, SearchRow.audience, SearchRow.words, SearchRow.exact_words)
    for row in db.session.execute(select(*columns).order_by(SearchRow.id).execution_options(yield_per=BATCH)):
        is_whole = sizes is None or sizes.pop(row.id, None) == len(row.words.split())
        if row.words != index_words(row.exact_words):
            yield fault(
                "search.words", row.code,
                f"Dòng tìm kiếm của hồ sơ {row.code} cho “{row.audience}” không khớp với nội dung của nó.",
                f"The search row of the case {row.code} for “{row.audience}” does not fit its own text.",
            )  # fmt: skip
        if not is_whole:
            yield fault(
                "search.index", row.code,
                f"Chỉ mục tìm kiếm không khớp với dòng của hồ sơ {row.code} cho “{row.audience}”.",
                f"The search index does not fit the row of the case {row.code} for “{row.audience}”.",
            )  # fmt: skip
    for id_ in sizes or ():
        yield fault(
            "search.index", f"row {id_}",
            f"Chỉ mục tìm kiếm còn giữ dòng {id_} đã xóa.", f"The search index still holds row {id_}, which is gone.",
        )  # fmt: skip


def _sizes() -> dict[int, int]:
    """The number of words of each row in SQLite's index."""
    return {id_: _number(size) for id_, size in db.session.execute(select(_SIZES.c.id, _SIZES.c.sz))}


def _number(size: bytes) -> int:
    """SQLite's varint: seven bits a byte, the highest bit says that more follow."""
    value = 0
    for byte in size:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value
