"""What changed between two versions of a text, word by word, as pieces a template shows with <ins> and <del>."""

import re
from difflib import SequenceMatcher
from typing import NamedTuple

_WORDS = re.compile(r"\s+|[^\s]+")


class Change(NamedTuple):
    """A stretch of text that is the `same` in both, `new`, or `old`."""

    kind: str
    text: str


def changes(before: str, after: str) -> list[Change]:
    """Return the pieces of both texts in reading order; what was taken out stands before what took its place."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    found: list[Change] = []
    for act, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if act == "equal":
            found.append(Change("same", "".join(new[new_from:new_to])))
            continue
        if old_from < old_to:
            found.append(Change("old", "".join(old[old_from:old_to])))
        if new_from < new_to:
            found.append(Change("new", "".join(new[new_from:new_to])))
    return found
