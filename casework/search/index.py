"""Asking the full-text index: every word as the beginning of a word, the newest rows first.

The index is the database's own (migrations/full_text.py). The words asked for are of letters and digits alone, so nothing a person
types is ever an operator of its language.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, String, bindparam, cast, column, func, literal, literal_column, select, table
from sqlalchemy.dialects.postgresql import TSQUERY

from casework.db import db
from casework.models import SearchRow
from casework.text import index_words

LONGEST_SEARCH = 200
MOST_WORDS = 10
MOST_FOUND = 500
"""Rows a search looks at, the newest first: a word that half of all cases hold must not read them all."""
FEW = 3_000
"""Cases whose rows are read faster one by one than a common word's are."""

LOOKED_AT = 2_500
"""The newest rows looked at before the index is asked: a common word has MOST_FOUND hits among them. No database can tell beforehand how
common the beginning of a word is, and both gather all hits of a beginning before they give the newest."""
MORE_TIMES = 4
"""So many times LOOKED_AT are looked at where the first promise enough: an index takes as long for what one row in twenty holds."""

_FTS = table("fts_search_row", column("rowid"))


def words_asked(typed: str) -> list[str]:
    """Return the words somebody looks for, folded, each once: the first MOST_WORDS of the first LONGEST_SEARCH signs."""
    return list(dict.fromkeys(index_words(typed[:LONGEST_SEARCH]).split()))[:MOST_WORDS]


def newest_with(
    words: Sequence[str], *columns: Any, audience: str, where: Sequence[ColumnElement[bool]] = (), of_few: bool = False
) -> list[Any]:
    """Return columns of the newest search rows of an audience that hold a word beginning with each of `words`; all rows without words.

    At most MOST_FOUND and one more, which says that there are more. `words` come from words_asked; `where` narrows further.
    Where that leaves FEW cases, `of_few` reads those rather than the index. `columns` begin with SearchRow.id.
    """
    # as it stands, not as a parameter: the index of an audience is one of its own
    of_audience = SearchRow.audience == bindparam("audience", audience, String(8), literal_execute=True)
    query = select(*columns).where(of_audience, *where)
    if not words or of_few:
        # a sum is in no index: else the databases walk all rows in their order rather than read the few and sort them
        query = query.where(*_begins(words)).order_by((SearchRow.id + 0).desc() if of_few else SearchRow.id.desc())
    elif db.session.get_bind().dialect.name == "sqlite":
        return _by_fts5(query, words, of_audience)
    else:
        return _by_tsvector(query, " & ".join(f"'{word}':*" for word in words))
    return list(db.session.execute(query.limit(MOST_FOUND + 1)))


def _begins(words: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    return ((literal(" ") + SearchRow.words).contains(f" {word}") for word in words)


def _by_fts5(query: Select[Any], words: Sequence[str], of_audience: ColumnElement[bool]) -> list[Any]:
    """As `_by_tsvector`; among the newest rows as long as they promise enough."""
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
    """First among the newest rows, as long as they promise enough; then in the index."""
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
    # "+ 0": of a word it does not know the planner expects a two-hundredth of all rows, and would walk through a million by their numbers
    return list(db.session.execute(query.where(holds).order_by((SearchRow.id + 0).desc()).limit(MOST_FOUND + 1)))
