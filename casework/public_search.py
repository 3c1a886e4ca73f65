"""Search for everybody: words of what has been published, the best of the newest first (domain.md, 5.1).

Only published cases have a row for the public, so nothing can be found by words that may not be read. Like the search of staff it
looks at the newest MOST_FOUND rows that hold the words, and filters and ranks those.
"""

from dataclasses import dataclass
from typing import Any

from casework.folding import index_words
from casework.models import SearchRow
from casework.public_filters import LONGEST_SEARCH, Wanted, areas_meant, matching_among
from casework.search_index import MOST_FOUND, newest_with, words_asked
from casework.search_ranking import exact_words, score

PAGE = 20


@dataclass(frozen=True)
class FoundByWords:
    """The cases found, the best first; there are more that hold the words where `is_more`."""

    ids: list[int]
    is_more: bool = False

    @property
    def pages(self) -> int:
        """How many pages they fill, at least one."""
        return max(1, -(-len(self.ids) // PAGE))

    def page(self, number: int) -> list[int]:
        """The cases of one page, from 1 on."""
        return self.ids[(number - 1) * PAGE : number * PAGE]


def found_by_words(wanted: Wanted) -> FoundByWords:
    """Return the cases that hold a word beginning with each asked for and pass the filters. Signs that are no words are found nowhere."""
    words = words_asked(wanted.words[:LONGEST_SEARCH])
    if not words:
        return FoundByWords([])
    rows = _rows(words)
    if len(rows) > MOST_FOUND and wanted.area_ref:
        # the commune's name stands in each of its rows: with it, what is common everywhere is found there
        rows = _rows([*words, *_words_of_area(wanted.area_ref)])
    kept, exact = rows[:MOST_FOUND], exact_words(wanted.words[:LONGEST_SEARCH])
    best = {row.case_id: score(words, exact, folded=row.words, written=row.exact_words) for row in kept}
    newest = {row.case_id: place for place, row in enumerate(kept)}
    shown = matching_among(wanted, list(best))
    return FoundByWords(sorted(shown, key=lambda id_: (-best[id_], newest[id_])), len(rows) > MOST_FOUND)


def _rows(words: list[str]) -> list[Any]:
    columns = (SearchRow.id, SearchRow.case_id, SearchRow.words, SearchRow.exact_words)
    return newest_with(list(dict.fromkeys(words)), *columns, audience="public")


def _words_of_area(ref: str) -> list[str]:
    areas = areas_meant(ref)
    return index_words(areas[0].name_vi).split() if areas else []
