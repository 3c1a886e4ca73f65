"""Where a text names the person an erasure is for, or gives their telephone or e-mail, however it is written."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise

from casework.privacy.identity import Contact
from casework.triage.personal_marks import Mark, MarkKind, personal_marks

MOST_BLANKS = 3
"""Spaces between two words of a name."""
PARTS = (" ", ".", "-")
"""Characters allowed between the digits of a number."""
WORD_SIGN = re.compile(r"\w")


def marked_pieces(
    text: str, villages: Collection[str], contacts: Sequence[Contact]
) -> Iterator[tuple[str, MarkKind | None, bool]]:
    """A text cut into plain and marked pieces, and for each whether it is the person's own mark."""
    if text in villages:
        yield text, MarkKind.HOUSE, True
        return
    own = list(_own_marks(text, contacts))
    others = [mark for mark in personal_marks(text) if all(mark.end <= each.start or mark.start >= each.end for each in own)]
    at = 0
    for mark, is_own in sorted([(mark, True) for mark in own] + [(mark, False) for mark in others]):
        if mark.start < at:
            continue
        if text[at : mark.start]:
            yield text[at : mark.start], None, False
        yield text[mark.start : mark.end], mark.kind, is_own
        at = mark.end
    if text[at:]:
        yield text[at:], None, False


def _own_marks(text: str, contacts: Iterable[Contact]) -> Iterator[Mark]:
    """The person's marks in a text: full name or its last two words, with or without accents; telephone; e-mail."""
    plain = _plain(text)
    for contact in contacts:
        if contact.email:
            for start, end in _spelt(plain, [_plain(contact.email)]):
                if plain[max(start - 1, 0) : start] not in tuple(".+-"):
                    yield Mark(start, end, MarkKind.EMAIL)
        if contact.phone:
            yield from (Mark(start, end, MarkKind.PHONE) for start, end in _dialled(plain, contact.phone))
        words = _plain(contact.name or "").split()
        for some in [words] if len(words) == 2 else [words, words[-2:]] if len(words) > 2 else []:
            yield from (Mark(start, end, MarkKind.NAME) for start, end in _spelt(plain, some))


def _spelt(plain: str, words: list[str]) -> Iterator[tuple[int, int]]:
    """Where some words follow one another, with at most MOST_BLANKS spaces between two of them, as whole words."""
    start = plain.find(words[0])
    while start >= 0:
        end: int | None = start + len(words[0])
        for word in words[1:]:
            end = _behind(plain, end, word) if end is not None else None
        if end is not None and not _is_within_word(plain, start, end):
            yield start, end
        start = plain.find(words[0], start + 1)


def _behind(plain: str, end: int, word: str) -> int | None:
    blanks = len(plain[end : end + MOST_BLANKS]) - len(plain[end : end + MOST_BLANKS].lstrip())
    return end + blanks + len(word) if blanks and plain.startswith(word, end + blanks) else None


def _is_within_word(plain: str, start: int, end: int) -> bool:
    return any(WORD_SIGN.fullmatch(sign) for sign in (plain[max(start - 1, 0) : start], plain[end : end + 1]))


def _dialled(plain: str, phone: str) -> Iterator[tuple[int, int]]:
    """Where a number occurs, however it is separated, with or without 0, 84 or +84 in front."""
    at = [place for place, sign in enumerate(plain) if sign.isdecimal()]
    digits, wanted = "".join(plain[place] for place in at), "".join(sign for sign in phone if sign.isdecimal())
    national = wanted.removeprefix("84") if phone.startswith("+84") else wanted
    found = digits.find(national)
    while found >= 0:
        first = next((found - len(head) for head in ("84", "0") if digits.endswith(head, 0, found)), found)
        last = found + len(national) - 1
        for begin in dict.fromkeys((first, found)):
            is_one = all(plain[here + 1 : there] in ("", *PARTS) for here, there in pairwise(at[begin : last + 1]))
            stands_alone = not plain[max(at[begin] - 1, 0) : at[begin]].isdecimal() and not plain[at[last] + 1 : at[last] + 2].isdecimal()
            if is_one and stands_alone:
                plus = begin != found and plain[max(at[begin] - 1, 0) : at[begin]] == "+"
                yield at[begin] - plus, at[last] + 1
                break
        found = digits.find(national, found + 1)


def _plain(text: str) -> str:
    """Lower case without accents, character for character."""
    return "".join(unicodedata.normalize("NFD", sign.lower())[0] for sign in text).replace("đ", "d")
