"""The only WeasyPrint call: HTML of our own templates becomes a PDF for people, archives and screen readers.

Every document is PDF/A-3a and PDF/UA-1 at once, and byte for byte the same from the same input: no clock is read, no random number
drawn. Nothing is fetched. WeasyPrint's own fetcher would read local files and the network for whatever a text managed to name,
so ours knows the assets it is given, by `app:///name`, and refuses the rest (components.md, 1a). Fonts are whole TrueType
files: from the web's woff2 subsets WeasyPrint makes one font with mixed glyphs.
"""

import hashlib
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

import weasyprint
from fontTools.ttLib import TTFont
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from casework.errors import CaseworkError

Assets = Mapping[str, tuple[str, bytes]]
"""Media type and bytes by name."""

FONT_FILES = (
    "BeVietnamPro-Regular.ttf", "BeVietnamPro-Bold.ttf", "BeVietnamPro-Italic.ttf",
    "LiberationSerif-Regular.ttf", "LiberationSerif-Bold.ttf", "LiberationSerif-Italic.ttf", "LiberationSerif-BoldItalic.ttf",
)  # fmt: skip
FONT_FACES = """
@font-face { font-family: "Be Vietnam Pro"; src: url("app:///fonts/BeVietnamPro-Regular.ttf"); }
@font-face { font-family: "Be Vietnam Pro"; src: url("app:///fonts/BeVietnamPro-Bold.ttf"); font-weight: 700; }
@font-face { font-family: "Be Vietnam Pro"; src: url("app:///fonts/BeVietnamPro-Italic.ttf"); font-style: italic; }
"""


SERIF_FACES = """
@font-face { font-family: "Liberation Serif"; src: url("app:///fonts/LiberationSerif-Regular.ttf"); }
@font-face { font-family: "Liberation Serif"; src: url("app:///fonts/LiberationSerif-Bold.ttf"); font-weight: 700; }
@font-face { font-family: "Liberation Serif"; src: url("app:///fonts/LiberationSerif-Italic.ttf"); font-style: italic; }
@font-face { font-family: "Liberation Serif"; src: url("app:///fonts/LiberationSerif-BoldItalic.ttf"); font-weight: 700;
font-style: italic; }
"""
"""For official letters: it has the measures of Times New Roman, which NĐ 30/2020 asks for and which may not be handed on."""

FAMILIES = {"Be Vietnam Pro": FONT_FILES[0], "Liberation Serif": FONT_FILES[3]}
"""One file of each family: all of a family have the same letters."""

FACES = {file.removesuffix(".ttf").replace("-Regular", "").replace("-", ""): file for file in FONT_FILES}
"""Files by the name of the face without its hyphens."""
TOLD = re.compile(rb"<([0-9a-f]{4})> <([0-9a-f]*)>")
"""One line of a table that says which letters a glyph stands for."""

UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Categories of characters that print nothing: controls, marks of direction and of no width, half characters, private ones."""
VARIATION = (0xFE00, 0xFE0F)
"""Variation selectors, which choose how the character before them looks."""
RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
TURNED = re.compile(f"[{RIGHT_TO_LEFT}]+(?:[ ]+[{RIGHT_TO_LEFT}]+)*")

MARKUP = re.compile("([<>])")
"""What begins and ends a tag; whatever somebody typed has entities in their place."""

VARIANT = "pdf/a-3a"
POINTS = 0.75
"""One CSS pixel."""
MOST_CHARACTERS = 600_000
"""Of the HTML of one document where nothing else is said: some 200 pages, and what a worker sets in a few seconds."""
SAME_DAY = datetime(2020, 3, 5, tzinfo=UTC)
"""The day attachments bear when none is handed in, because a PDF names one. It is the day of NĐ 30/2020."""

PDFUA = (
    b'<rdf:Description xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" rdf:about="" pdfuaid:part="1"/>'
    b'<rdf:Description xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"'
    b' xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#" rdf:about="">'
    b'<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource"><pdfaSchema:schema>PDF/UA Universal Accessibility Schema'
    b"</pdfaSchema:schema><pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>"
    b"<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType=\"Resource\">"
    b"<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>"
    b"<pdfaProperty:category>internal</pdfaProperty:category><pdfaProperty:description>Part of ISO 14289 the file conforms to"
    b"</pdfaProperty:description></rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"
)
"""That a file is PDF/UA-1 too, and for PDF/A, which knows its own properties only, what that property means."""


class FetchRefused(ValueError):
    """A document asked for something it was not given. WeasyPrint leaves that thing out and goes on."""


class DocumentTooLong(CaseworkError):
    """There is more text than any document of ours has."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside the PDF: the data the document was made of, for machines to read (PDF/A-3, relationship Data)."""

    name: str
    content: bytes
    description: str = ""


class AssetFetcher(URLFetcher):
    """Serves the given assets and nothing else: no file, no network, no data address."""

    def __init__(self, assets: Assets) -> None:
        super().__init__(allowed_protocols={"app"}, allow_redirects=False)
        self._assets = assets

    def fetch(self, url: str, headers: Any = None) -> Any:
        """Return an asset; raises FetchRefused."""
        parts = urlsplit(url)
        asset = self._assets.get(parts.path.lstrip("/")) if parts.scheme == "app" and not parts.netloc else None
        if asset is None:
            raise FetchRefused(f"{parts.scheme or 'relative'} address refused")
        media_type, data = asset
        return URLFetcherResponse(url, data, {"Content-Type": media_type})


def render_pdf(
    html: str, *, stylesheet: str, assets: Assets | None = None, faces: str = FONT_FACES, attachments: Sequence[Attachment] = (),
    made_at: datetime | None = None, most: int = MOST_CHARACTERS,
) -> bytes:  # fmt: skip
    """Set a page of HTML as PDF/A-3a and PDF/UA-1; `<html lang>` and `<title>` must be there.

    `assets` are the pictures it may name as `app:///name`; `made_at` is written into it as the moment it was made, none without.
    Takes some 60 ms a letter: outside any write transaction. Raises DocumentTooLong above `most` characters.
    """
    if len(html) > most:
        raise too_long()
    known = characters(tuple(name for name in FAMILIES if name in faces))
    html = printable(html, known)
    given = {name: _given(media_type, data, known) for name, (media_type, data) in (assets or {}).items()}
    fetcher = AssetFetcher({**_fonts(), **given})
    # anew for each document, which costs a fifth of the time: pango's map of fonts is no thing for two threads
    fonts = FontConfiguration()
    styles = [CSS(string=text, url_fetcher=fetcher, font_config=fonts, base_url="app:///") for text in (faces, stylesheet)]
    document = HTML(string=html, url_fetcher=fetcher, base_url="app:///")
    laid_out = document.render(stylesheets=styles, font_config=fonts, pdf_variant=VARIANT)
    if made_at is not None:
        laid_out.metadata.created = laid_out.metadata.modified = f"{made_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    pdf: bytes = laid_out.write_pdf(
        pdf_variant=VARIANT, finisher=_finish, pdf_identifier=_identifier(html, stylesheet, faces, given, attachments, made_at),
        attachments=[_attached(each, fetcher, (made_at or SAME_DAY).astimezone(UTC)) for each in attachments],
    )
    return pdf


def too_long() -> DocumentTooLong:
    """The refusal of what is too long."""
    return DocumentTooLong("Nội dung quá dài để in thành một văn bản.", "There is too much text to print it as one document.")


def printable(text: str, known: frozenset[int]) -> str:
    """What can be printed of a text, in NFC: nothing that acts unseen, and a box for a letter the typefaces do not have.

    Marks that turn the direction of writing go, and right-to-left words are shut off from what surrounds them: else a title could
    change how a number beside it reads. A letter from elsewhere would be drawn with whatever the machine has installed, or not at all,
    which PDF/A forbids.
    """
    # piece by piece: typed right behind a tag, U+0338 would make one letter of it and the ">" and leave the tag open for attributes
    text = "".join(unicodedata.normalize("NFC", piece) for piece in MARKUP.split(text)).translate(_Printed(known))
    return TURNED.sub("\u2068\\g<0>\u2069", text) if TURNED.search(text) else text


class _Printed(dict[int, int | str | None]):
    """What stands for each character; worked out when it is first met."""

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


@cache
def characters(families: tuple[str, ...]) -> frozenset[int]:
    """The characters each of some families has."""
    each = [frozenset(TTFont(io.BytesIO(_fonts()[f"fonts/{FAMILIES[name]}"][1]), lazy=True).getBestCmap()) for name in families]
    return frozenset.intersection(*each)


def _given(media_type: str, data: bytes, known: frozenset[int]) -> tuple[str, bytes]:
    """An asset, with the words of a drawing treated as those around it."""
    if media_type == "image/svg+xml":
        data = printable(data.decode("utf-8", "replace"), known).encode()
    return media_type, data


def _attached(attachment: Attachment, fetcher: AssetFetcher, at: datetime) -> weasyprint.Attachment:
    return weasyprint.Attachment(
        file_obj=io.BytesIO(attachment.content), url_fetcher=fetcher, name=attachment.name, description=attachment.description,
        created=at, modified=at, relationship="Data",
    )  # fmt: skip


def _identifier(
    html: str, stylesheet: str, faces: str, assets: Assets, attachments: Sequence[Attachment], made_at: datetime | None
) -> bytes:
    """The identifier of the file: by default it is random, and two prints of one receipt could not be compared."""
    digest = hashlib.sha256()
    for part in (html, stylesheet, faces, made_at.isoformat() if made_at else "", *assets, *(each.name for each in attachments)):
        digest.update(hashlib.sha256(part.encode()).digest())
    for content in (*(data for _type, data in assets.values()), *(each.content for each in attachments)):
        digest.update(hashlib.sha256(content).digest())
    return digest.digest()[:16]


def _finish(_document: Any, pdf: Any) -> None:
    """Say that the file is PDF/UA-1 too, and where pictures are: WeasyPrint says the first of one standard only, the second in pixels."""
    metadata = pdf.objects[int(pdf.catalog["Metadata"].split()[0])]
    packet = b"".join(metadata.stream)
    metadata.stream = [packet.replace(b"</rdf:RDF>", PDFUA + b"</rdf:RDF>")]
    # an archive looks for it without unpacking anything
    metadata.compress = False
    for figure in pdf.objects:
        if isinstance(figure, dict) and figure.get("S") == "/Figure" and "BBox" in figure.get("A", {}):
            _left, _top, _right, height = pdf.objects[int(figure["Pg"].split()[0])]["MediaBox"]
            x, top, end, bottom = (each * POINTS for each in figure["A"]["BBox"])
            figure["A"]["BBox"][:] = (x, height - bottom, end, height - top)
    for font in pdf.objects:
        if isinstance(font, dict) and font.get("Subtype") == "/Type0":
            _tell_letters(pdf.objects[int(font["ToUnicode"].split()[0])].stream, font["BaseFont"].decode())
    if "AF" in pdf.catalog:  # each file is named twice there
        pdf.catalog["AF"][:] = dict.fromkeys(pdf.catalog["AF"])


def _tell_letters(lines: list[bytes], name: str) -> None:
    """Say of each glyph its own letter where a mark was put on it: WeasyPrint says nothing of the letter and both of the mark.

    What it says of a glyph holds for the whole document: one name typed with an accent no letter has would take that letter out of every
    word somebody searches for or is read to.
    """
    for place, line in enumerate(lines):
        told = TOLD.fullmatch(line)
        text = bytes.fromhex(told[2].decode()).decode("utf-16-be") if told else "-"
        if told and (not text or any(map(unicodedata.combining, text[1:]))):
            letter = _letters_of(name.partition("+")[2].replace("-", "")).get(int(told[1], 16), text)
            lines[place] = b"<%s> <%s>" % (told[1], letter.encode("utf-16-be").hex().encode())


@cache
def _letters_of(name: str) -> dict[int, str]:
    """Which letter each glyph of a typeface is, by the name WeasyPrint gives the face; none for a face that is not ours."""
    file = f"fonts/{FACES[name]}" if name in FACES else ""
    if not file:
        return {}
    font = TTFont(io.BytesIO(_fonts()[file][1]), lazy=True)
    return {font.getGlyphID(glyph): chr(code) for code, glyph in sorted(font.getBestCmap().items(), reverse=True)}


@cache
def _fonts() -> Assets:
    folder = resources.files("reports") / "fonts"
    return {f"fonts/{name}": ("font/ttf", (folder / name).read_bytes()) for name in FONT_FILES}
