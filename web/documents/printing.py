"""Letters on screen and as files: set for the reader's access, or the stored bytes once the worker has made them."""

import re

from flask import Response, current_app, make_response, redirect, request, url_for
from markupsafe import Markup

from casework.db import db
from casework.documents.files import newest_file, open_file
from casework.documents.kinds import APOLOGY, symbol_of
from casework.documents.periodic import ROWS as PERIODIC
from casework.local_time import local_day
from casework.models import Case, DocumentNumber, Letter, LetterFile, Report
from casework.permissions import Actor
from casework.text import fold
from reports.letters import page_of, sheets_of
from reports.official import body_of
from reports.periodic import with_pictures_under
from web.documents.making import verify_url
from web.guards import file_store

LONGEST_SET_HERE = 9_000
"""Characters of a page that is set while somebody waits: a letter with some fifteen rows, a quarter of a second."""


def shown_page(letter: Letter, number: DocumentNumber | None, *, reader: Actor) -> Markup | None:
    """The letter as HTML for one of our pages, limited to what its reader may read; None where nothing of it is printed any more."""
    if letter.withdrawn_at is not None:
        return None
    try:
        return Markup(with_pictures_under(body_of(_html(letter, number, reader=reader)), request.root_path))
    except LookupError:
        return None


def letter_file(letter: Letter, number: DocumentNumber | None, *, reader: Actor, kept: LetterFile | None = None) -> Response:
    """The letter as a download: the stored bytes, or sheets with room for the number while it waits for one."""
    kept = kept or newest_file(letter)
    if kept is not None:
        return _sent(_bytes_of(kept), name_of(letter, number))
    html = _html(letter, number, reader=reader) if letter.kind not in PERIODIC else ""
    if not html or len(html) > LONGEST_SET_HERE:
        # many pages: left to the worker
        return _to_order(letter)
    return _sent(sheets_of(letter, html, store=file_store()), name_of(letter, number))


def _to_order(letter: Letter) -> Response:
    response: Response = current_app.make_response(redirect(url_for("reporting.letter_sheets", ref=letter.ref)))
    return response


def own_letter_file(letter: Letter, report: Report) -> Response:
    """The sender's copy of a letter: as issued, else as it will be, addressed by the code of their report.

    A case may answer several reports. The issued paper names one of them and is sent only to its sender, whichever report leads the case
    since.
    """
    kept = newest_file(letter) if report.code == _code_on(letter) else None
    if kept is not None:
        data = _bytes_of(kept)
    else:
        data = sheets_of(letter, _html(letter, letter.given_number, report=report), store=file_store())
    return _sent(data, f"{'xin-loi' if letter.kind == APOLOGY else 'van-ban'}-{report.code}")


def name_of(letter: Letter, number: DocumentNumber | None) -> str:
    """The file name of a download: so-05-BC-IOC-2026."""
    if number is None:
        return f"van-ban-{local_day(letter.made_at):%Y%m%d}-{letter.ref}"
    symbol = re.sub(r"[^a-z0-9]+", "-", fold(symbol_of(letter))).strip("-").upper()
    return "-".join(filter(None, ("so", f"{number.number:02}", symbol, str(number.given_on.year))))


def _html(letter: Letter, number: DocumentNumber | None, *, reader: Actor | None = None, report: Report | None = None) -> str:
    given = number.number if number is not None else None
    url = verify_url(current_app, letter) if number is not None else None
    return page_of(letter, number=given, verify_url=url, reader=reader, report=report)


def _bytes_of(kept: LetterFile) -> bytes:
    with open_file(kept, store=file_store()) as opened:
        return opened.read()


def _code_on(letter: Letter) -> str | None:
    """The code on the issued paper; for apologies from before letters stored it, that of the case."""
    if letter.case_id is None:
        return None
    return letter.content.get("code") or db.session.get_one(Case, letter.case_id).code


def _sent(data: bytes, name: str) -> Response:
    response = make_response(data)
    response.mimetype = "application/pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response.headers["Cache-Control"] = "private, no-store"
    return response

