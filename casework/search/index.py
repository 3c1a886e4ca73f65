"""Searching the full-text index: every word as a prefix, newest rows first.

The index is the database's own (migrations/full_text.py). The words searched for consist of letters and digits only, so nothing typed is
ever an operator of its query language.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    String,
    any_,
    bindparam,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from casework.db import db
from casework.models import SearchRow
from casework.text import index_words

LONGEST_SEARCH = 200
MOST_WORDS = 10
MOST_FOUND = 500
"""The newest rows a search examines: a word in half of all cases must not read them all."""
FEW = 3_000
"""For this many cases, reading their rows one by one is faster than reading a common word's."""

LOOKED_AT = 2_500
"""The newest rows examined before the index is used: a common word has MOST_FOUND hits among them. No database can tell in advance how
common a prefix is, and both collect all its hits before they return the newest."""
MORE_TIMES = 4
"""How many times LOOKED_AT are examined where the first batch promises enough: the index takes as long for a word in one row in twenty."""

_FTS = table("fts_search_row", column("rowid"))
_VECTOR: ColumnElement[Any] = literal_column("search_row.fts_words")


def words_asked(typed: str) -> list[str]:
    """Return the words of a search, folded, each once: the first MOST_WORDS of the first LONGEST_SEARCH characters."""
    return list(dict.fromkeys(index_words(typed[:LONGEST_SEARCH]).split()))[:MOST_WORDS]


def newest_with(
    words: Sequence[str],
    *columns: Any,
    audience: str,
    where: Sequence[ColumnElement[bool]] = (),
    of_few: bool = False,
    cases: Select[int] | None = None,
) -> list[Any]:
    """Return columns of an audience's newest search rows that contain, for each of `words`, a word beginning with it; all rows without
    words.

    At most MOST_FOUND, plus one to show that there are more. `words` come from words_asked; `where` narrows further. Where that leaves
    FEW cases, `of_few` reads those instead of the index. `cases` are those the reader may see, newest first, where these are some of many.
    `columns` begin with SearchRow.id.
    """
    # a literal, not a parameter: each audience has an index of its own
    of_audience = SearchRow.audience == bindparam("audience", audience, String(8), literal_execute=True)
    query = select(*columns).where(of_audience, *where)
    if not words or of_few:
        # no index has a sum: otherwise the databases walk all rows in order instead of reading and sorting the few
        query = query.where(*_begins(words)).order_by((SearchRow.id + 0).desc() if of_few else SearchRow.id.desc())
        return _first(query)
    # among the newest, while these promise enough; then in the index
    for looked_at in (LOOKED_AT, LOOKED_AT * MORE_TIMES):
        rows = _first(_among_newest(query, words, looked_at, of_audience, cases))
        if len(rows) > MOST_FOUND:
            return rows
        if len(rows) * MORE_TIMES <= MOST_FOUND:
            break
    return _first(_in_index(query, words))


def in_few(case_ids: Select[int] | CompoundSelect[int]) -> ColumnElement[bool]:
    """The condition that a row is of one of these cases, of which there are no more than FEW.

    PostgreSQL takes them as one value, and looks up each: from the words it expects a single row, and would read them again for each.
    """
    if _is_on_sqlite():
        return SearchRow.case_id.in_(case_ids)
    return SearchRow.case_id == any_(func.array(case_ids.scalar_subquery()))


def _begins(words: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    return ((literal(" ") + SearchRow.words).contains(f" {word}") for word in words)


def _among_newest(
    query: Select[Any], words: Sequence[str], looked_at: int, of_audience: ColumnElement[bool], cases: Select[int] | None
) -> Select[Any]:
    """The rows of the newest cases, or the newest rows. An agency's are found by its cases: among a million it would be a walk past those
    of all others."""
    if cases is not None:
        return query.where(in_few(cases.limit(looked_at)), *_begins(words)).order_by((SearchRow.id + 0).desc())
    if _is_on_sqlite():
        behind = select(SearchRow.id).where(of_audience).order_by(SearchRow.id.desc()).offset(looked_at).limit(1).scalar_subquery()
        return query.where(SearchRow.id > func.coalesce(behind, 0), *_begins(words)).order_by(SearchRow.id.desc())
    newest = query.add_columns(_VECTOR.label("fts_words")).order_by(SearchRow.id.desc()).limit(looked_at).subquery()
    *shown, of_newest = newest.c
    return select(*shown).where(of_newest.op("@@", is_comparison=True)(_asked(words))).order_by(shown[0].desc())


def _in_index(query: Select[Any], words: Sequence[str]) -> Select[Any]:
    if _is_on_sqlite():
        wanted = " AND ".join(f'"{word}"*' for word in words)
        holds = literal_column("fts_search_row").op("MATCH", is_comparison=True)(literal(wanted))
        return query.join(_FTS, SearchRow.id == _FTS.c.rowid).where(holds).order_by(_FTS.c.rowid.desc())
    holds = _VECTOR.op("@@", is_comparison=True)(_asked(words))
    # "+ 0": for an unknown word the planner expects a two-hundredth of all rows, and would walk through a million by their ids
    return query.where(holds).order_by((SearchRow.id + 0).desc())


def _first(query: Select[Any]) -> list[Any]:
    return list(db.session.execute(query.limit(MOST_FOUND + 1)))


def _asked(words: Sequence[str]) -> ColumnElement[Any]:
    return cast(literal(" & ".join(f"'{word}':*" for word in words)), TSQUERY)


def _is_on_sqlite() -> bool:
    return db.session.get_bind().dialect.name == "sqlite"
