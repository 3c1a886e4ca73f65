"""Turns HTML of our own templates into PDF for people, archives and screen readers.

Every document is both PDF/A-3a and PDF/UA-1, and byte for byte the same from the same input: no clock is read, no random number drawn.
Nothing is fetched. WeasyPrint's own fetcher would read local files and the network for whatever a text managed to name, so ours only serves
the assets it is given, as `app:///name`, and refuses the rest.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from casework.errors import CaseworkError
from reports.assets import FAMILIES, FONT_FACES, Assets, Attachment, characters

UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Categories of characters that print nothing: controls, direction and zero-width marks, surrogates, private use."""
VARIATION = (0xFE00, 0xFE0F)
"""Variation selectors, which choose how the character before them looks."""
RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
TURNED = re.compile(f"[{RIGHT_TO_LEFT}]+(?:[ ]+[{RIGHT_TO_LEFT}]+)*")

MARKUP = re.compile("([<>])")
"""Characters that begin and end a tag; in input they are entities."""

MOST_CHARACTERS = 600_000
"""Default limit for the HTML of one document: some 200 pages, which a worker sets in a few seconds."""


class DocumentTooLong(CaseworkError):
    """There is more text than any document of ours has."""


def render_pdf(
    html: str, *, stylesheet: str, assets: Assets | None = None, faces: str = FONT_FACES, attachments: Sequence[Attachment] = (),
    made_at: datetime | None = None, most: int = MOST_CHARACTERS,
) -> bytes:  # fmt: skip
    """Set HTML as PDF/A-3a and PDF/UA-1; `<html lang>` and `<title>` are required.

    `assets` are the pictures it may name as `app:///name`; `made_at` is written into it as its creation time, none if missing. Takes some
    60 ms a letter: call it outside any write transaction. Raises DocumentTooLong above `most` characters.
    """
    if len(html) > most:
        raise too_long()
    known = characters(tuple(name for name in FAMILIES if name in faces))
    html = printable(html, known)
    given = {name: _given(media_type, data, known) for name, (media_type, data) in (assets or {}).items()}
    # WeasyPrint takes longer to import than half of the program, and most processes never print
    from reports.typesetting import typeset  # late: docs/architecture.md

    return typeset(html, stylesheet=stylesheet, assets=given, faces=faces, attachments=attachments, made_at=made_at)


def too_long() -> DocumentTooLong:
    return DocumentTooLong("Nội dung quá dài để in thành một văn bản.", "There is too much text to print it as one document.")


def printable(text: str, known: frozenset[int]) -> str:
    """The printable form of a text, in NFC: without invisible control characters, and with a box for letters the typefaces lack.

    Direction marks are removed and right-to-left words are isolated: otherwise a title could change how a number next to it reads. A letter
    no typeface of ours has would be drawn with whatever the machine has installed, or not at all, which PDF/A forbids.
    """
    # piece by piece: right after a tag, U+0338 would combine with its ">" into one letter and leave the tag open for attributes
    text = "".join(unicodedata.normalize("NFC", piece) for piece in MARKUP.split(text)).translate(_Printed(known))
    text = text.replace(" %", "\u00a0%")  # a number and its sign stay on one line
    return TURNED.sub("\u2068\\g<0>\u2069", text) if TURNED.search(text) else text


class _Printed(dict[int, int | str | None]):
    """The replacement for each character, computed on first use."""

    def __init__(self, known: frozenset[int]) -> None:
        super().__init__()
        self._known, self._instead = known, next(code for code in map(ord, "□?") if code in known)

    def __missing__(self, code: int) -> int | str | None:
        kept = self[code] = self._printed(code)
        return kept

    def _printed(self, code: int) -> int | str | None:
        if chr(code) in "\t\n\r" or " " <= chr(code) <= "~":
            return code
        kind = unicodedata.category(chr(code))
        if kind in UNSEEN or VARIATION[0] <= code <= VARIATION[1]:
            return None
        if kind[0] == "Z" and code not in self._known:
            return " "
        return code if code in self._known else self._instead


def _given(media_type: str, data: bytes, known: frozenset[int]) -> tuple[str, bytes]:
    """An asset, with the texts of an SVG treated like those of the document."""
    if media_type == "image/svg+xml":
        data = printable(data.decode("utf-8", "replace"), known).encode()
    return media_type, data
