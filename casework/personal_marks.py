"""Finding what may say who wrote a text, for the operator who clears it (rules.md, section 2). It suggests, a person decides."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from casework.words import Bilingual


class MarkKind(StrEnum):
    """What a stretch of text may be."""

    PHONE = "phone"
    EMAIL = "email"
    NAME = "name"
    HOUSE = "house"
    ID_NUMBER = "id_number"


MARK_LABELS: dict[MarkKind, Bilingual] = {
    MarkKind.PHONE: Bilingual("số điện thoại", "telephone number"),
    MarkKind.EMAIL: Bilingual("thư điện tử", "e-mail address"),
    MarkKind.NAME: Bilingual("tên người gửi", "name of the sender"),
    MarkKind.HOUSE: Bilingual("số nhà", "house number"),
    MarkKind.ID_NUMBER: Bilingual("số giấy tờ", "identity number"),
}


class Mark(NamedTuple):
    """A stretch of the text, as offsets."""

    start: int
    end: int
    kind: MarkKind


class Piece(NamedTuple):
    """A piece of a text: plain, or marked as what it may be."""

    text: str
    kind: MarkKind | None


_SMALL = "a-zàáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ"
_LARGE = _SMALL.upper()
_WORD = rf"(?:[{_LARGE}][{_SMALL}’']*|K['’ ]\s?[{_LARGE}][{_SMALL}]*)"

_PATTERNS: tuple[tuple[MarkKind, re.Pattern[str]], ...] = (
    (MarkKind.EMAIL, re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    (MarkKind.ID_NUMBER, re.compile(r"(?<!\d)\d{12}(?!\d)")),
    (MarkKind.PHONE, re.compile(r"(?<![\d.,])(?:\+?84|0)(?:[ .-]?\d){8,10}(?!\d)")),
    (
        MarkKind.NAME,
        re.compile(rf"(?i:tôi tên là|tôi tên|tên tôi là|tên tôi|tôi là|tên là|em là|cháu là|mình là)\s+({_WORD}(?:\s+{_WORD}){{0,4}})"),
    ),
    (MarkKind.HOUSE, re.compile(r"(?i:số nhà|nhà số|nhà tôi ở số)\s+(\d+[a-zA-Z]?(?:/\d+[a-zA-Z]?)*)")),
)


def personal_marks(text: str) -> list[Mark]:
    """Return the stretches that may be personal data, in order and not overlapping."""
    found = sorted(_found(text), key=lambda mark: (mark.start, -mark.end))
    kept: list[Mark] = []
    for mark in found:
        if not kept or mark.start >= kept[-1].end:
            kept.append(mark)
    return kept


def marked_pieces(text: str) -> list[Piece]:
    """Cut a text into plain and marked pieces that together are the text."""
    pieces, at = [], 0
    for mark in personal_marks(text):
        pieces.append(Piece(text[at : mark.start], None))
        pieces.append(Piece(text[mark.start : mark.end], mark.kind))
        at = mark.end
    pieces.append(Piece(text[at:], None))
    return [piece for piece in pieces if piece.text]


def _found(text: str) -> Iterator[Mark]:
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span(1) if pattern.groups else match.span()
            yield Mark(start, end, kind)
