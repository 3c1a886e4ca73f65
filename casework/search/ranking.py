"""Ranking search results: words as typed with accents come before the same words without (domain.md, 5.1)."""

from collections.abc import Sequence
from unicodedata import normalize


def exact_words(typed: str) -> list[str]:
    """Return the typed words, each once, in lower case."""
    return [word for word in dict.fromkeys(normalize("NFC", typed).lower().split()) if word]


def score(words: Sequence[str], exact: Sequence[str], *, folded: str, written: str) -> int:
    """How well a row matches: a word with its accents weighs more than a whole word without, and that more than a prefix."""
    padded, lowered = f" {folded} ", written.lower()
    whole = sum(f" {word} " in padded for word in words)
    return whole + 4 * sum(_stands_in(word, lowered) for word in exact)


def _stands_in(word: str, text: str) -> bool:
    """Whether a word occurs as a whole word: no letter or digit on either side."""
    at = text.find(word)
    while at >= 0:
        before, behind = text[at - 1 : at], text[at + len(word) : at + len(word) + 1]
        if not (before.isalnum() or behind.isalnum()):
            return True
        at = text.find(word, at + 1)
    return False
