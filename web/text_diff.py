"""The differences between two versions of a text, word by word, as pieces shown with <ins> and <del>."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

_WORDS = re.compile(r"\S+\s*")
_FEWEST_SAME = 2
"""A single unchanged word between two changes reads better as part of them."""


class Change(NamedTuple):
    """A stretch of text that is the `same` in both, `new`, or `old`."""

    kind: str
    text: str


def changes(before: str, after: str) -> list[Change]:
    """The pieces of both texts in reading order; removed text comes before its replacement."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    found: list[Change] = []
    for is_same, gone, come in _stretches(old, new):
        if is_same:
            found.append(Change("same", "".join(come)))
            continue
        if gone:
            found.append(Change("old", "".join(gone)))
        if come:
            found.append(Change("new", "".join(come)))
    return found


def _stretches(old: list[str], new: list[str]) -> Iterator[tuple[bool, list[str], list[str]]]:
    """Alternating same and changed stretches, with the words of each text. Space behind a word does not make it a different word."""
    matcher = SequenceMatcher(None, [word.strip() for word in old], [word.strip() for word in new], autojunk=False)
    codes = matcher.get_opcodes()
    gone: list[str] = []
    come: list[str] = []
    for place, (act, old_from, old_to, new_from, new_to) in enumerate(codes):
        is_island = 0 < place < len(codes) - 1 and new_to - new_from < _FEWEST_SAME
        if act == "equal" and not is_island:
            if gone or come:
                yield False, gone, come
                gone, come = [], []
            yield True, old[old_from:old_to], new[new_from:new_to]
        else:
            gone += old[old_from:old_to]
            come += new[new_from:new_to]
    if gone or come:
        yield False, gone, come
