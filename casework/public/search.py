"""Public search in published words, the best of the newest first (domain.md, 5.1).

Only published cases have a public row, so nothing can be found by words that may not be read. Like the search of staff it looks at the
newest MOST_FOUND rows that hold the words, and filters and ranks those.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select

from casework.models import SearchRow
from casework.public.filters import LONGEST_SEARCH, PublicFilter, areas_meant, matching_among, newest_of
from casework.search.index import FEW, MOST_FOUND, in_few, newest_with, words_asked
from casework.search.ranking import exact_words, score
from casework.text import index_words

PAGE = 20


@dataclass(frozen=True)
class FoundByWords:
    """The cases found, best first; `is_more` says that more cases contain the words."""

    ids: list[int]
    is_more: bool = False

    @property
    def pages(self) -> int:
        """The number of pages, at least one."""
        return max(1, -(-len(self.ids) // PAGE))

    def page(self, number: int) -> list[int]:
        return self.ids[(number - 1) * PAGE : number * PAGE]


def found_by_words(wanted: PublicFilter) -> FoundByWords:
    """Return the cases that pass the filters and contain, for each word, one beginning with it. Signs that are no words find nothing."""
    words = words_asked(wanted.words[:LONGEST_SEARCH])
    if not words:
        return FoundByWords([])
    rows = _rows(words)
    if len(rows) > MOST_FOUND and wanted.area_ref:
        rows = _rows_of_area(words, wanted)
    kept, exact = rows[:MOST_FOUND], exact_words(wanted.words[:LONGEST_SEARCH])
    best = {row.case_id: score(words, exact, folded=row.words, written=row.exact_words) for row in kept}
    newest = {row.case_id: place for place, row in enumerate(kept)}
    shown = matching_among(wanted, list(best))
    return FoundByWords(sorted(shown, key=lambda id_: (-best[id_], newest[id_])), len(rows) > MOST_FOUND)


def _rows_of_area(words: list[str], wanted: PublicFilter) -> list[Any]:
    """Common words in one commune: searched among its newest cases, and by the index only where those are not enough, because it gets
    slower the more cases there are."""
    newest = newest_of(wanted, looked_at=FEW)
    rows = _rows(words, among=newest.ids)
    if newest.are_all or len(rows) > MOST_FOUND:
        return rows
    # the commune's name is in each of its rows
    return _rows([*words, *_words_of_area(wanted.area_ref)])


def _rows(words: list[str], *, among: Select[int] | None = None) -> list[Any]:
    columns = (SearchRow.id, SearchRow.case_id, SearchRow.words, SearchRow.exact_words)
    where = [] if among is None else [in_few(among)]
    return newest_with(list(dict.fromkeys(words)), *columns, audience="public", where=where, of_few=among is not None)


def _words_of_area(ref: str) -> list[str]:
    areas = areas_meant(ref)
    return index_words(areas[0].name_vi).split() if areas else []
