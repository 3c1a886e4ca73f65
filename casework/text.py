"""Folding of words, the same for index and query: accents, đ, case, apostrophes and hyphens do not matter (domain.md, 5.1)."""

import re
import unicodedata

_MARKS = {ord(sign): None for sign in "'’‘ʼ`´-‐‑–"}
_SPACES = re.compile(r"\s+")
_WORD = re.compile(r"[^\W_]+")
LONGEST_WORD = 60
"""In an index: a longer run of characters without a space is no word."""


def fold(text: str) -> str:
    """Return the text without accents, in lower case, with single spaces: "Đưng K’Nớ" becomes "dung kno"."""
    lowered = unicodedata.normalize("NFC", text).lower().replace("đ", "d")
    bare = "".join(sign for sign in unicodedata.normalize("NFD", lowered) if not unicodedata.combining(sign))
    return _SPACES.sub(" ", bare.translate(_MARKS)).strip()


def index_words(text: str) -> str:
    """Return the words of a text as indexes store them: folded, only letters and digits, separated by single spaces."""
    return " ".join(word[:LONGEST_WORD] for word in _WORD.findall(fold(text)))


def normal(text: str) -> str:
    """Return typed text normalised: NFC, no control characters but line breaks, no spaces at either end."""
    kept = "".join(
        sign
        for sign in unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
        if sign == "\n" or not unicodedata.category(sign).startswith("C") or sign == "\u200d"
    )
    return kept.strip()
