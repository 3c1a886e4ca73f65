"""Prints letters of every kind from their stored content."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from casework.db import db
from casework.documents.kinds import (
    AGENCY_SHEET,
    ANSWER,
    APOLOGY,
    EXTENSION_NOTICE,
    HANDOVER_MINUTES,
    LATE_LIST,
    PERIOD_REPORT,
    REFUSAL_NOTICE,
    TRANSFER_SLIP,
    YEARBOOK,
    Issuer,
    LetterKind,
    kind_of,
    symbol_of,
)
from casework.documents.letterheads import Head
from casework.documents.letters import content_for
from casework.documents.periodic import ROWS as PERIODIC
from casework.files.local import FileStore
from casework.local_time import local_day
from casework.models import Case, Letter, Report
from casework.permissions import Actor
from reports.apology import apology_html
from reports.case_letters import (
    answer_letter_html,
    extension_notice_html,
    handover_minutes_html,
    refusal_notice_html,
    transfer_slip_html,
)
from reports.late_list import late_list_html
from reports.official import Frame, letter_pdf
from reports.periodic import kept_pdf, periodic_html

Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CaseLetter:
    """How a letter about a case is printed: its subject, its template function, and whether it has an addressee."""

    subject: str
    page: Callable[[Content, Frame], str]
    is_addressed: bool = True


CASE_LETTERS: Mapping[str, CaseLetter] = {
    TRANSFER_SLIP: CaseLetter("Về việc xử lý phản ánh hiện trường", transfer_slip_html),
    ANSWER: CaseLetter("trả lời phản ánh hiện trường", answer_letter_html),
    EXTENSION_NOTICE: CaseLetter("Về việc gia hạn thời gian trả lời phản ánh hiện trường", extension_notice_html),
    REFUSAL_NOTICE: CaseLetter("Về việc không tiếp nhận phản ánh hiện trường", refusal_notice_html),
    HANDOVER_MINUTES: CaseLetter("Bàn giao hồ sơ phản ánh hiện trường", handover_minutes_html, is_addressed=False),
}


def page_of(
    letter: Letter, *, number: int | None = None, verify_url: str | None = None, reader: Actor | None = None, report: Report | None = None
) -> str:
    """The letter as HTML (`reports.official.letter_pdf` makes the PDF), with its number once it has one.

    `reader` is the member of staff who views it: whatever they may not read of the case now is left out
    (casework.documents.letters.content_for); None gives the paper itself. `report` is the one whose sender it is addressed to, where a case
    answers several; by default the main report. Raises LookupError for a letter that was emptied or of a kind that is printed elsewhere.
    """
    if not letter.content:
        raise LookupError(f"letter {letter.ref} was emptied")
    content = content_for(reader, letter) if reader is not None else letter.content
    if number is not None and letter.given_number is not None:
        # dated by the day of its number (NĐ 30/2020, Điều 15); the content is as of the day it was written
        content = {**content, "on": letter.given_number.given_on.isoformat(), "as_of": content["on"]}
    marks = {
        "number": number, "symbol": _symbol(letter), "urgency": letter.urgency, "verify_url": verify_url,
        # minutes are signed by two people by hand; a letter without a number is not sealed
        "signature_field": number is not None and letter.kind != HANDOVER_MINUTES,
    }  # fmt: skip
    if letter.kind == LATE_LIST and letter.reply_by is not None:
        return late_list_html(content, letter.reply_by, **marks)
    if letter.kind == APOLOGY and letter.reply_by is not None:
        return _apology(letter, content, report, marks)
    if letter.kind in PERIODIC:
        return periodic_html(letter.kind, content, marks)
    kind = CASE_LETTERS[letter.kind]
    if report is not None:
        content = {**content, "code": report.code, "filed_on": local_day(report.filed_at).isoformat()}
    return kind.page(content, _frame(letter, content, kind, marks))


def sheets_of(letter: Letter, html: str, *, store: FileStore | None = None) -> bytes:
    """The PDF of a letter's HTML: documents about a period have their figures attached, and a yearbook its pictures."""
    if letter.kind in PERIODIC:
        return kept_pdf(letter.kind, letter.content, html, store=store)
    return letter_pdf(html)


def file_name_of(letter: Letter, *, report: Report | None = None) -> str:
    """The file name of a letter without extension: ASCII, nothing about the matter."""
    stem = FILE_NAMES.get(letter.kind, "van-ban")
    code = report.code if report is not None else letter.content.get("code")
    return f"{stem}-{code}" if code else f"{stem}-{local_day(letter.made_at):%Y%m%d}-{letter.ref}"


FILE_NAMES = {
    LATE_LIST: "cong-van", APOLOGY: "xin-loi", TRANSFER_SLIP: "phieu-chuyen", ANSWER: "tra-loi", EXTENSION_NOTICE: "gia-han",
    REFUSAL_NOTICE: "khong-tiep-nhan", HANDOVER_MINUTES: "bien-ban-ban-giao", PERIOD_REPORT: "bao-cao", AGENCY_SHEET: "phieu-don-vi",
    YEARBOOK: "nien-giam",
}  # fmt: skip


def _apology(letter: Letter, content: Content, report: Report | None, marks: Mapping[str, Any]) -> str:
    """Older apologies have no code stored; for those the case's code is used."""
    day: date = letter.reply_by or date.max
    if report is None and "code" in content:
        return apology_html(content, day, code=content["code"], filed_at=datetime.fromisoformat(content["filed_at"]), **marks)
    about = report or db.session.get_one(Case, letter.case_id).main_report
    filed_at: datetime = about.filed_at
    return apology_html(content, day, code=about.code, filed_at=filed_at, **marks)


def _frame(letter: Letter, content: Content, printed: CaseLetter, marks: Mapping[str, Any]) -> Frame:
    kind = kind_of(letter)
    head = Head(**content["head"])
    to = (_addressee(kind, content),) if printed.is_addressed else ()
    return Frame(
        head,
        date.fromisoformat(content["on"]),
        printed.subject,
        to,
        _copies(letter, kind, content, head),
        type_name=kind.type_name,
        **marks,
    )


def _addressee(kind: LetterKind, content: Content) -> str:
    """A citizen is addressed by the code of their own report, never by name."""
    return f"Ông/Bà có phản ánh mã số {content['code']}" if kind.to_senders else str(content["to"])


def _copies(letter: Letter, kind: LetterKind, content: Content, head: Head) -> tuple[str, ...]:
    centre = (content["centre"],) if kind.issuer is Issuer.NAMED_AGENCY and letter.agency_id is not None else ()
    kept = f"Lưu: VT{f', {head.symbol}' if head.symbol else ''}"
    return ("Như trên", *centre, *content["copies"], kept)


def _symbol(letter: Letter) -> str | None:
    """The text after the number. If the letterhead has no symbol, room for it after the type's abbreviation."""
    kind = kind_of(letter)
    return symbol_of(letter) or (f"{kind.abbreviation}-………" if kind.abbreviation else None)
