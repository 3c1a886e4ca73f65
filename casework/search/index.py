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


def words_asked(typed: str) -> list[str]:
    """Return the words of a search, folded, each once: the first MOST_WORDS of the first LONGEST_SEARCH characters."""
    return list(dict.fromkeys(index_words(typed[:LONGEST_SEARCH]).split()))[:MOST_WORDS]


def newest_with(
    words: Sequence[str], *columns: Any, audience: str, where: Sequence[ColumnElement[bool]] = (), of_few: bool = False
) -> list[Any]:
    """Return columns of an audience's newest search rows that contain, for each of `words`, a word beginning with it; all rows without
    words.

    At most MOST_FOUND, plus one to show that there are more. `words` come from words_asked; `where` narrows further. Where that leaves
    FEW cases, `of_few` reads those instead of the index. `columns` begin with SearchRow.id.
    """
    # a literal, not a parameter: each audience has an index of its own
    of_audience = SearchRow.audience == bindparam("audience", audience, String(8), literal_execute=True)
    query = select(*columns).where(of_audience, *where)
    if not words or of_few:
        # no index has a sum: otherwise the databases walk all rows in order instead of reading and sorting the few
        query = query.where(*_begins(words)).order_by((SearchRow.id + 0).desc() if of_few else SearchRow.id.desc())
    elif db.session.get_bind().dialect.name == "sqlite":
        return _by_fts5(query, words, of_audience)
    else:
        return _by_tsvector(query, " & ".join(f"'{word}':*" for word in words))
    return list(db.session.execute(query.limit(MOST_FOUND + 1)))


def in_few(case_ids: Select[int] | CompoundSelect[int]) -> ColumnElement[bool]:
    """The condition that a row is of one of these cases, of which there are no more than FEW.

    PostgreSQL takes them as one value, and looks up each: from the words it expects a single row, and would read them again for each.
    """
    if db.session.get_bind().dialect.name == "sqlite":
        return SearchRow.case_id.in_(case_ids)
    return SearchRow.case_id == any_(func.array(case_ids.scalar_subquery()))


def _begins(words: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    return ((literal(" ") + SearchRow.words).contains(f" {word}") for word in words)


def _by_fts5(query: Select[Any], words: Sequence[str], of_audience: ColumnElement[bool]) -> list[Any]:
    """Like `_by_tsvector`; among the newest rows while they promise enough."""
    for looked_at in (LOOKED_AT, LOOKED_AT * MORE_TIMES):
        behind = select(SearchRow.id).where(of_audience).order_by(SearchRow.id.desc()).offset(looked_at).limit(1).scalar_subquery()
        newest = query.where(SearchRow.id > func.coalesce(behind, 0), *_begins(words)).order_by(SearchRow.id.desc())
        rows = list(db.session.execute(newest.limit(MOST_FOUND + 1)))
        if len(rows) > MOST_FOUND:
            return rows
        if len(rows) * MORE_TIMES <= MOST_FOUND:
            break
    wanted = " AND ".join(f'"{word}"*' for word in words)
    holds = literal_column("fts_search_row").op("MATCH", is_comparison=True)(literal(wanted))
    query = query.join(_FTS, SearchRow.id == _FTS.c.rowid).where(holds).order_by(_FTS.c.rowid.desc())
    return list(db.session.execute(query.limit(MOST_FOUND + 1)))


def _by_tsvector(query: Select[Any], wanted: str) -> list[Any]:
    """First among the newest rows, while they promise enough; then in the index."""
    asked = cast(literal(wanted), TSQUERY)
    vector: ColumnElement[Any] = literal_column("search_row.fts_words")
    for looked_at in (LOOKED_AT, LOOKED_AT * MORE_TIMES):
        newest = query.add_columns(vector.label("fts_words")).order_by(SearchRow.id.desc()).limit(looked_at).subquery()
        *shown, of_newest = newest.c
        query_newest = select(*shown).where(of_newest.op("@@", is_comparison=True)(asked)).order_by(shown[0].desc()).limit(MOST_FOUND + 1)
        rows = list(db.session.execute(query_newest))
        if len(rows) > MOST_FOUND:
            return rows
        if len(rows) * MORE_TIMES <= MOST_FOUND:
            break
    holds = vector.op("@@", is_comparison=True)(asked)
    # "+ 0": for an unknown word the planner expects a two-hundredth of all rows, and would walk through a million by their ids
    return list(db.session.execute(query.where(holds).order_by((SearchRow.id + 0).desc()).limit(MOST_FOUND + 1)))
