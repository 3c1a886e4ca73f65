"""The frame of official letters (NĐ 30/2020/NĐ-CP, Phụ lục I): heads, number left for the clerk, place and day, addressee, signature.

Letters are in Vietnamese whatever the reader's language. The same content gives the same bytes.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from casework.letterheads import Head
from casework.telephones import as_dialled
from reports.pdf import SERIF_FACES, render_pdf

MOTTO = ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc")
LEADING_ZERO_MONTHS = 2


@dataclass(frozen=True, slots=True)
class Frame:
    """What every letter has around its body. `subject` follows "V/v"; `to` are the addressees; `copies` the lines of "Nơi nhận"."""

    head: Head
    on: date
    subject: str
    to: tuple[str, ...]
    copies: tuple[str, ...]

    @property
    def place_and_day(self) -> str:
        """Place and date as the decree writes them."""
        return f"{self.head.place or '………'}, {day_in_words(self.on)}"

    @property
    def number(self) -> str:
        """The number is given by the clerk: room is left for it."""
        return f"Số:        /{self.head.symbol}" if self.head.symbol else "Số:        /………"

    @property
    def authority_lines(self) -> tuple[str, ...]:
        """TM., KT., TL. and the title of the signer, in capitals."""
        return tuple(line.upper() for line in (self.head.authority, self.head.signer_title) if line)


def day_in_words(day: date) -> str:
    """ngày 05 tháng 01 năm 2026: days below 10 and the months 1 and 2 get a leading zero, other months do not."""
    month = f"{day.month:02}" if day.month <= LEADING_ZERO_MONTHS else str(day.month)
    return f"ngày {day.day:02} tháng {month} năm {day.year}"


def short_day(day: date) -> str:
    """05/01/2026."""
    return f"{day:%d/%m/%Y}"


def letter_html(template: str, frame: Frame, **content: Any) -> str:
    """A letter as a page for print; whatever people typed is text there, never markup."""
    return _environment().get_template(template).render(frame=frame, motto=MOTTO, **content)


def body_of(html: str) -> str:
    """What stands between the body's tags: the letter, for a page that shows it with styles of its own."""
    return html.partition("<body>")[2].partition("</body>")[0]


def letter_pdf(html: str) -> bytes:
    """The letter on A4 sheets."""
    return render_pdf(html, stylesheet=_stylesheet(), faces=SERIF_FACES)


@cache
def _stylesheet() -> str:
    return (resources.files("reports") / "templates" / "official.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters.update(day=short_day, long_day=day_in_words, phone=as_dialled)
    return environment
