"""The receipt for a sender: code, secret, and until when the centre promises to accept the report (rules.md, sections 3 and 4)."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from casework.bilingual import Bilingual
from casework.intake.telephones import as_dialled
from casework.local_time import LOCAL_ZONE
from casework.sealing.seal import grouped_secret
from reports.pdf import render_pdf

if TYPE_CHECKING:
    import segno

WORDS: Mapping[str, Bilingual] = {
    "title": Bilingual("Giấy biên nhận phản ánh hiện trường", "Receipt of a field report"),
    "code": Bilingual("Mã phản ánh", "Report code"),
    "secret": Bilingual("Mã bí mật", "Secret"),
    "keep": Bilingual(
        "Giữ kín mã bí mật. Ai có mã phản ánh và mã bí mật đều xem được phản ánh này như Ông/Bà.",
        "Keep the secret to yourself. Whoever has the code and the secret reads this report as you do.",
    ),
    "not_shown": Bilingual(
        "Mã bí mật chỉ hiện một lần, ngay sau khi gửi, nên không in lại được.",
        "The secret is shown once, right after sending, and cannot be printed again.",
    ),
    "scan": Bilingual("Quét mã để theo dõi", "Scan to follow it"),
    "filed": Bilingual("Gửi lúc", "Sent at"),
    "place": Bilingual("Nơi xảy ra", "Place"),
    "photos": Bilingual("Số ảnh", "Photos"),
    "promise": Bilingual(
        "Trung tâm sẽ tiếp nhận hoặc báo lý do không tiếp nhận trước", "The centre will accept it, or say why not, before"
    ),
    "answer_day": Bilingual(
        "Ngày trả lời được hẹn khi Trung tâm tiếp nhận và phân loại.",
        "The day of the answer is set when the centre accepts and classifies it.",
    ),
    "sealed": Bilingual(
        "Thông tin cá nhân của Ông/Bà được giữ kín, chỉ Trung tâm xem được khi có lý do.",
        "What you told about yourself stays sealed; the centre alone can open it, with a reason.",
    ),
    "danger": Bilingual(
        "Cháy, tai nạn, nguy hiểm tính mạng: gọi ngay 114, 113, 115.", "Fire, accident, danger to life: call 114, 113 or 115 at once."
    ),
    "hotline": Bilingual("Đường dây nóng", "Hotline"),
    "follow": Bilingual("Theo dõi tại", "Follow it at"),
}


@dataclass(frozen=True)
class Receipt:
    """The content of a receipt. `secret` is None when it is printed later, since only its digest is stored.

    `accepted_by` is the first late instant of the acceptance clock; `tracking_page` is the address of the page that asks for code and
    secret.
    """

    centre: Bilingual
    hotline: str | None
    code: str
    secret: str | None
    filed_at: datetime
    accepted_by: datetime
    place: str
    photos: int
    tracking_page: str
    language: str = "vi"

    @property
    def shown_secret(self) -> str | None:
        """The secret in groups of four."""
        return grouped_secret(self.secret) if self.secret else None

    @property
    def tracking_address(self) -> str:
        """The address in the QR code. The secret is in the fragment (`#`), which browsers do not send, so it reaches no log, no proxy and
        no referrer; the page's script puts it into the form, which is posted."""
        address = f"{self.tracking_page}?code={quote(self.code)}"
        return f"{address}#{self.secret}" if self.secret else address


def qr_svg(receipt: Receipt) -> str:
    """The QR code as an inline SVG element: without size, style or the encoded text."""
    return _code(receipt).svg_inline(border=4, svgclass="qr", lineclass=None, omitsize=True)


def receipt_pdf(receipt: Receipt) -> bytes:
    return render_pdf(receipt_html(receipt), stylesheet=_stylesheet(), assets={"qr.svg": ("image/svg+xml", _qr_file(receipt))})


def receipt_html(receipt: Receipt) -> str:
    """The receipt as HTML; input is escaped, never markup."""
    words = {key: text.in_language(receipt.language) for key, text in WORDS.items()}
    return _environment().get_template("receipt.html").render(receipt=receipt, words=words)


def local_moment(instant: datetime) -> str:
    """An instant in local notation: 15:30 02/03/2026."""
    return f"{instant.astimezone(LOCAL_ZONE):%H:%M %d/%m/%Y}"


def _code(receipt: Receipt) -> segno.QRCode:
    import segno  # late: docs/architecture.md

    return segno.make(receipt.tracking_address, error="m", micro=False)


def _qr_file(receipt: Receipt) -> bytes:
    target = io.BytesIO()
    _code(receipt).save(target, kind="svg", border=4, xmldecl=True, omitsize=True)
    return target.getvalue()


@cache
def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["moment"] = local_moment
    environment.filters["phone"] = as_dialled
    environment.filters["in_language"] = lambda text, language: text.in_language(language)
    return environment


@cache
def _stylesheet() -> str:
    return (resources.files("reports") / "templates" / "receipt.css").read_text(encoding="utf-8")
