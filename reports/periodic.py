"""Documents about a period from stored content: as HTML, and with the files attached to the PDF."""

import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from PIL import Image

from casework.casefile.photo_access import public_copy
from casework.documents.kinds import AGENCY_SHEET, PERIOD_REPORT, YEARBOOK
from casework.documents.letterheads import Head
from casework.documents.periodic import NOTHING_TYPED, ROWS, Typed
from casework.files.local import FileMissing, FileStore
from casework.models import File
from casework.photos.records import open_copy
from reports.agency_sheet import AgencySheet, agency_sheet_html
from reports.agency_sheet import data_of as data_of_sheet
from reports.assets import Assets
from reports.official import letter_pdf
from reports.period_report import PeriodReport, period_report_html
from reports.period_report import data_of as data_of_report
from reports.yearbook import Yearbook, yearbook_html
from reports.yearbook import data_of as data_of_yearbook

Document = PeriodReport | AgencySheet | Yearbook
TYPES: dict[str, type[PeriodReport] | type[AgencySheet] | type[Yearbook]] = {
    PERIOD_REPORT: PeriodReport, AGENCY_SHEET: AgencySheet, YEARBOOK: Yearbook,
}  # fmt: skip
MOST_CHARACTERS = 2_000_000
"""For the HTML of one document: a province's month takes a tenth of it."""
PICTURE = 900
"""The longer side of a printed picture of a yearbook, in pixels."""


def document_of(kind: str, told: Mapping[str, Any], rows: Sequence[Mapping[str, Any]] | None = None) -> Document:
    """The document a letter or a preview stored."""
    whole = dict(told) if rows is None else {**told, ROWS[kind]: [dict(row) for row in rows]}
    return TYPES[kind].read(whole)


def periodic_html(kind: str, content: Mapping[str, Any], marks: Mapping[str, Any]) -> str:
    document = document_of(kind, content["report"], content["rows"])
    typed = Typed(content.get("assessment", ""), content.get("proposals", ""), tuple(content["to"]), tuple(content["copies"]))
    return document_html(document, Head(**content["head"]), date.fromisoformat(content["on"]), typed=typed, **marks)


def document_html(document: Document, head: Head, on: date, *, typed: Typed = NOTHING_TYPED, **marks: Any) -> str:
    """A document as HTML for print and screen."""
    words: dict[str, Any] = {"copies": typed.copies, "assessment": typed.assessment, "proposals": typed.proposals}
    if isinstance(document, PeriodReport):
        return period_report_html(document, head, on, to=typed.to, **words, **marks)
    if isinstance(document, AgencySheet):
        return agency_sheet_html(document, head, on, **words, **marks)
    return yearbook_html(document, head, on, **words, **marks)


def document_pdf(document: Document, html: str, *, store: FileStore | None, assessment: str = "", proposals: str = "") -> bytes:
    """The PDF of a document with its figures attached, and for a yearbook the published pictures. Takes seconds: not in a request."""
    assets: Assets = {}
    if isinstance(document, PeriodReport):
        data = data_of_report(document, assessment=assessment, proposals=proposals)
    elif isinstance(document, AgencySheet):
        data = data_of_sheet(document)
    else:
        data = data_of_yearbook(document)
        assets = dict(_pictures(document.pictures, store)) if store is not None else {}
    return letter_pdf(
        with_assets(html), assets=assets, attachments=[data], made_at=document.counted_at, most=MOST_CHARACTERS
    )  # fmt: skip


def kept_pdf(kind: str, content: Mapping[str, Any], html: str, *, store: FileStore | None) -> bytes:
    """The PDF of a letter of one of these kinds."""
    document = document_of(kind, content["report"], content["rows"])
    return document_pdf(document, html, store=store, assessment=content.get("assessment", ""), proposals=content.get("proposals", ""))


def with_assets(html: str) -> str:
    """The HTML with the picture addresses used within a PDF; on screen they are addresses of our own pages."""
    return with_pictures_under(html, "app://")


def with_pictures_under(html: str, root: str) -> str:
    """The HTML with its picture addresses under another root, such as the path of the host that the pages are served under."""
    return html.replace('<img src="/photos/', f'<img src="{root}/photos/')


def _pictures(refs: Sequence[str], store: FileStore) -> list[tuple[str, tuple[str, bytes]]]:
    """The published copies, as everybody may see them now, scaled for print; withdrawn ones are left out."""
    found = []
    for ref in refs:
        copy = public_copy(ref, "view")
        if copy is not None and (data := _scaled(copy, store)) is not None:
            found.append((f"photos/{ref}/public/view", ("image/jpeg", data)))
    return found


def _scaled(copy: File, store: FileStore) -> bytes | None:
    try:
        with open_copy(copy, store=store) as opened, Image.open(io.BytesIO(opened.read())) as image:
            image.draft("RGB", (PICTURE, PICTURE))
            small = image.convert("RGB")
    except (FileMissing, OSError):
        return None
    small.thumbnail((PICTURE, PICTURE), Image.Resampling.LANCZOS)
    target = io.BytesIO()
    small.save(target, "JPEG", quality=80, optimize=True)
    return target.getvalue()
