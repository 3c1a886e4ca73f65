"""The part of printing that uses WeasyPrint: what it may fetch, the layout, and corrections to its output.

Imported with the first document of a process (reports/pdf.py), since importing it takes a quarter of a second and most processes never
print.
"""

import hashlib
import io
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import weasyprint
from fontTools.ttLib import TTFont
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from reports.assets import FONT_FILES, Assets, Attachment, font_assets

VARIANT = "pdf/a-3a"
POINTS = 0.75
"""One CSS pixel."""
SAME_DAY = datetime(2020, 3, 5, tzinfo=UTC)
"""The date of attachments if none is given, because a PDF needs one: the day of NĐ 30/2020."""

FACES = {file.removesuffix(".ttf").replace("-Regular", "").replace("-", ""): file for file in FONT_FILES}
"""Files by the name of the face without its hyphens."""
TOLD = re.compile(rb"<([0-9a-f]{4})> <([0-9a-f]*)>")
"""One line of a table that maps a glyph to its characters."""

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
"""Metadata that declares PDF/UA-1 too, and for PDF/A, which knows only its own properties, the definition of that property."""


class FetchRefused(ValueError):
    """A document asked for something it was not given. WeasyPrint leaves it out and goes on."""


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


def typeset(
    html: str, *, stylesheet: str, assets: Assets, faces: str, attachments: Sequence[Attachment], made_at: datetime | None
) -> bytes:  # fmt: skip
    """Set HTML whose texts are printable; see reports.pdf.render_pdf."""
    fetcher = AssetFetcher({**font_assets(), **assets})
    # anew for each document, at a fifth of the time: pango's font map is not thread-safe
    fonts = FontConfiguration()
    styles = [CSS(string=text, url_fetcher=fetcher, font_config=fonts, base_url="app:///") for text in (faces, stylesheet)]
    document = HTML(string=html, url_fetcher=fetcher, base_url="app:///")
    laid_out = document.render(stylesheets=styles, font_config=fonts, pdf_variant=VARIANT)
    if made_at is not None:
        laid_out.metadata.created = laid_out.metadata.modified = f"{made_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    pdf: bytes = laid_out.write_pdf(
        pdf_variant=VARIANT, finisher=_finish, pdf_identifier=_identifier(html, stylesheet, faces, assets, attachments, made_at),
        attachments=[_attached(each, fetcher, (made_at or SAME_DAY).astimezone(UTC)) for each in attachments],
    )
    return pdf


def _attached(attachment: Attachment, fetcher: AssetFetcher, at: datetime) -> weasyprint.Attachment:
    return weasyprint.Attachment(
        file_obj=io.BytesIO(attachment.content), url_fetcher=fetcher, name=attachment.name, description=attachment.description,
        created=at, modified=at, relationship="Data",
    )  # fmt: skip


def _identifier(
    html: str, stylesheet: str, faces: str, assets: Assets, attachments: Sequence[Attachment], made_at: datetime | None
) -> bytes:
    """The identifier of the file, made from its content. By default it is random, and two prints of one receipt could not be compared."""
    digest = hashlib.sha256()
    for part in (html, stylesheet, faces, made_at.isoformat() if made_at else "", *assets, *(each.name for each in attachments)):
        digest.update(hashlib.sha256(part.encode()).digest())
    for content in (*(data for _type, data in assets.values()), *(each.content for each in attachments)):
        digest.update(hashlib.sha256(content).digest())
    return digest.digest()[:16]


def _finish(document: Any, pdf: Any) -> None:
    """Declare PDF/UA-1 too, give the boxes of figures in points, and describe internal links by their text.

    WeasyPrint declares one standard only, gives these boxes in pixels, and describes such a link by its anchor.
    """
    for _type, target, _rectangle, box in (link for page in document.pages for link in page.links if link[0] == "internal"):
        box.link_annotation["Contents"].string = " ".join("".join(box.element.itertext()).split()) or target
    metadata = pdf.objects[int(pdf.catalog["Metadata"].split()[0])]
    packet = b"".join(metadata.stream)
    metadata.stream = [packet.replace(b"</rdf:RDF>", PDFUA + b"</rdf:RDF>")]
    # archives look for it without decompressing anything
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
    """Map each glyph to its own letter where a mark was put on it: WeasyPrint maps the letter's glyph to nothing and the
    mark's to both.

    The mapping of a glyph holds for the whole document: one name typed with an accent no letter has would remove that letter from every
    word somebody searches for or has read aloud.
    """
    for place, line in enumerate(lines):
        told = TOLD.fullmatch(line)
        text = bytes.fromhex(told[2].decode()).decode("utf-16-be") if told else "-"
        if told and (not text or any(map(unicodedata.combining, text[1:]))):
            letter = _letters_of(name.partition("+")[2].replace("-", "")).get(int(told[1], 16), text)
            lines[place] = b"<%s> <%s>" % (told[1], letter.encode("utf-16-be").hex().encode())


@cache
def _letters_of(name: str) -> dict[int, str]:
    """The letter of each glyph of a typeface, by WeasyPrint's name for the face; empty for a face that is not ours."""
    file = f"fonts/{FACES[name]}" if name in FACES else ""
    if not file:
        return {}
    font = TTFont(io.BytesIO(font_assets()[file][1]), lazy=True)
    return {font.getGlyphID(glyph): chr(code) for code, glyph in sorted(font.getBestCmap().items(), reverse=True)}
