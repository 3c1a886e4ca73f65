"""The frame of official documents (NĐ 30/2020/NĐ-CP, Phụ lục I): heads, number, place and date, title, addressees, signature, stamps.

They are in Vietnamese whatever the reader's language. The same content gives the same bytes. Sizes and positions are those of the decree;
tests/reports/measuring.py measures them in the PDF.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from casework.documents.letterheads import Head
from casework.intake.telephones import as_dialled
from reports.assets import SERIF_FACES, Assets, Attachment, characters
from reports.lines import MILLIMETRE, balanced, width
from reports.pdf import printable, render_pdf, too_long

MOTTO = ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc")
LEADING_ZERO_MONTHS = 2
STAMPS = {"khan": "KHẨN", "thuong_khan": "THƯỢNG KHẨN", "hoa_toc": "HỎA TỐC"}
"""The red stamps (ô 10b), by the word stored with a letter."""
AUTHORITIES = ("TM.", "TL.", "TUQ.", "KT.", "Q.")
"""Signing authorities, in the order of their lines: for the whole body, then by order, then as a deputy."""
DEGREE = re.compile(
    r"^(?:(?:GS|PGS|TSKH|TS|ThS|Th\.S|Thạc sĩ|Thạc sỹ|Tiến sĩ|Tiến sỹ|Giáo sư|Phó Giáo sư|CN|KS|BS|DS|LS|CKI|CKII|"
    r"NGND|NGƯT|NSND|NSƯT|Ông|Bà)"
    r"(?:\.|\s)\s*)+",
    re.IGNORECASE,
)
"""Degrees and honorary titles, which the decree does not allow before the signer's name."""
MOST_LETTER = 250_000
"""Characters of the HTML of one letter: a hundred late cases take a tenth of it."""
BODY_ROOM, MOTTO_ROOM, TITLE_ROOM, SIGN_ROOM, COPIES_ROOM = 64.0, 95.0, 128.0, 80.0, 72.0
"""Millimetres for the issuing body, the motto, the title of a named type, the signer, and the recipients."""
SIGNATURE_ROOM = 24.0
"""Millimetres between title and name, for signature and seal."""
LEADING = 1.3
NO_BREAK = "\u00a0"
OF_ONE_MEANING = ("phản ánh", "hiện trường")
"""Two-syllable words in most of our titles, which are not split across lines."""
SERIF = "Liberation Serif"
REGULAR, BOLD, ITALIC = "LiberationSerif-Regular", "LiberationSerif-Bold", "LiberationSerif-Italic"


@dataclass(frozen=True, slots=True)
class Frame:
    """What every official document has around its body.

    `subject` is the trích yếu: it follows "V/v" in a công văn, and stands beneath `type_name` ("Báo cáo", "Phiếu chuyển") where there is
    one. `to` are the addressees, none for most named types; `copies` the lines of "Nơi nhận", the last one "Lưu: …". `number` is empty
    until the clerk assigns it: room is left. `symbol` follows it ("BC-IOC"); if empty, the letterhead's own. `urgency` is khan, thuong_khan
    or hoa_toc. `verify_url` becomes a QR code at the foot of the first page. With `signature_field` there is room for a digital seal and
    signature, with the anchor `signature-area`.
    """

    head: Head
    on: date
    subject: str
    to: tuple[str, ...]
    copies: tuple[str, ...]
    type_name: str | None = None
    number: int | None = None
    symbol: str | None = None
    urgency: str | None = None
    verify_url: str | None = None
    signature_field: bool = False

    @property
    def title(self) -> str:
        """The document title in the PDF."""
        return f"{self.type_name} {self.subject}".strip() if self.type_name else f"V/v {self.subject}"

    @property
    def parent_lines(self) -> list[str]:
        """The body above the issuing one."""
        return balanced(self.head.parent_body.upper(), face=REGULAR, size=12, room=BODY_ROOM)

    @property
    def issuer_lines(self) -> list[str]:
        """The issuing body."""
        return balanced(self.head.issuing_body.upper(), face=BOLD, size=12, room=BODY_ROOM)

    @property
    def type_lines(self) -> list[str]:
        """The name of the type in capitals; none in a công văn."""
        return balanced((self.type_name or "").upper(), face=BOLD, size=14, room=TITLE_ROOM)

    @property
    def subject_lines(self) -> list[str]:
        """The trích yếu: under the number in a công văn, else under the name of the type."""
        subject = self.subject
        for words in OF_ONE_MEANING:
            subject = subject.replace(words, words.replace(" ", NO_BREAK))
        if self.type_name:
            return balanced(subject, face=BOLD, size=14, room=TITLE_ROOM)
        return balanced(f"V/v {subject}", face=REGULAR, size=12.5, room=BODY_ROOM)

    @property
    def place_and_day(self) -> str:
        """Place and date as the decree writes them."""
        return f"{self.head.place or '………'}, {day_in_words(self.on)}"

    @property
    def place_lines(self) -> list[str]:
        """The same in one line, or broken after a place name too long for it."""
        if width(self.place_and_day, ITALIC, 13) <= MOTTO_ROOM * MILLIMETRE:
            return [self.place_and_day]
        place, _comma, day = self.place_and_day.rpartition(", ")
        return [*balanced(f"{place},", face=ITALIC, size=13, room=MOTTO_ROOM), day]

    @property
    def number_line(self) -> str:
        """Số: 05/BC-IOC, with room for the number until the clerk has assigned it."""
        behind = f"/{self.symbol or self.head.symbol or '………'}"
        if self.number is not None:
            return f"Số: {self.number:02}{behind}"
        # less room for the clerk is better than a symbol on two lines
        lines = [f"Số:{' ' * spaces}{behind}" for spaces in (8, 6, 5)]
        return next((line for line in lines if width(line, REGULAR, 13) <= BODY_ROOM * MILLIMETRE), lines[-1])

    @property
    def stamp(self) -> str | None:
        """The urgency as it is stamped."""
        return STAMPS[self.urgency] if self.urgency else None

    @property
    def authority_lines(self) -> tuple[tuple[str, ...], ...]:
        """TM., KT., TL. and the title of the signer, in capitals and in the order of the decree; each in as many lines as needed."""
        # several are stored in one field: "TM. Ủy ban nhân dân; KT. Chủ tịch"
        names = [line.strip().upper() for line in re.split(r"[;\n]", self.head.authority) if line.strip()]
        titles = [*sorted(names, key=_rank), self.head.signer_title.upper()]
        return tuple(tuple(balanced(line, face=BOLD, size=14, room=SIGN_ROOM)) for line in titles if line)

    @property
    def signer(self) -> str:
        """The signer's name, without degrees."""
        return DEGREE.sub("", self.head.signer_name).strip() or self.head.signer_name

    @property
    def signer_lines(self) -> list[str]:
        """The name in as many lines as needed."""
        return balanced(self.signer, face=BOLD, size=14, room=SIGN_ROOM)

    @property
    def copies_beside(self) -> tuple[str, ...]:
        """The first recipients, as many as fit next to the signature, with which they are kept on one page."""
        lines = sum(map(len, self.authority_lines)) + len(self.signer_lines)
        left = SIGNATURE_ROOM * MILLIMETRE + lines * 14 * LEADING - 12 * LEADING
        for number, name in enumerate(self.copies):
            if left <= 0:
                return self.copies[:number]
            left -= len(balanced(f"- {name};", face=REGULAR, size=11, room=COPIES_ROOM)) * 11 * LEADING
        return self.copies

    @property
    def copies_below(self) -> tuple[str, ...]:
        """The others, which may continue on further pages."""
        return self.copies[len(self.copies_beside) :]

    @property
    def verify_code(self) -> Markup:
        """The QR code of the verification page, as SVG without style or script."""
        import segno  # late: docs/architecture.md

        code = segno.make(self.verify_url or "", error="m", micro=False)
        return Markup(
            code.svg_inline(border=0, title="Mã QR để kiểm tra văn bản", svgclass="qr", lineclass=None, omitsize=True)
        )


def _rank(line: str) -> int:
    return next((rank for rank, name in enumerate(AUTHORITIES) if line.startswith(name)), len(AUTHORITIES))


def day_in_words(day: date) -> str:
    """ngày 05 tháng 01 năm 2026: days below 10 and the months 1 and 2 get a leading zero, other months do not."""
    month = f"{day.month:02}" if day.month <= LEADING_ZERO_MONTHS else str(day.month)
    return f"ngày {day.day:02} tháng {month} năm {day.year}"


def short_day(day: date) -> str:
    """05/01/2026."""
    return f"{day:%d/%m/%Y}"


def letter_html(template: str, frame: Frame, **content: Any) -> str:
    """A letter as HTML for printing; input is escaped, never markup."""
    return _environment().get_template(template).render(frame=frame, motto=MOTTO, **content)


def body_of(html: str) -> str:
    """The content of the body element: the letter as it will be printed, for a page with its own styles."""
    return printable(html.partition("<body")[2].partition(">")[2].partition("</body>")[0], characters((SERIF,)))


def refuse_long(html: str) -> None:
    """Raise DocumentTooLong for a letter that could not be printed, so that its writer is told and not the clerk who numbered it."""
    if len(html) > MOST_LETTER:
        raise too_long()


def letter_pdf(
    html: str, *, assets: Assets | None = None, attachments: Sequence[Attachment] = (), made_at: datetime | None = None,
    most: int = MOST_LETTER,
) -> bytes:  # fmt: skip
    """The letter on A4 sheets. Raises DocumentTooLong."""
    return render_pdf(
        html, stylesheet=_stylesheet(), faces=SERIF_FACES, assets=assets, attachments=attachments, made_at=made_at, most=most
    )


@cache
def _stylesheet() -> str:
    return (resources.files("reports") / "templates" / "official.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters.update(day=short_day, long_day=day_in_words, phone=as_dialled)
    return environment
