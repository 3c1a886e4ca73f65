"""The receipt: what it promises, what it never carries, and that it is the same each time."""
from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pypdf
import pytest
from PIL import Image, ImageFile

from casework.bilingual import Bilingual
from casework.photos.images import accept_photo
from casework.photos.uploads import PhotoRefused
from reports import pdf, receipt, typesetting

FILED = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
RECEIPT = receipt.Receipt(
    centre=Bilingual("Trung tâm điều hành Lạc Dương", "Lạc Dương operations centre"), hotline="0263 300 0000", code="LD-2026-000123",
    secret="ABCDEFGH2345", filed_at=FILED, accepted_by=datetime(2026, 3, 2, 8, 30, tzinfo=UTC), place="Thôn Păng Tiêng, Xã Lát",
    photos=2, tracking_page="https://paht.example.vn/track",
)  # fmt: skip


def text_of(data: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages).split())


def test_it_shows_code_secret_moments_and_the_promise_in_local_time() -> None:
    text = text_of(receipt.receipt_pdf(RECEIPT))
    title = "Giấy biên nhận phản ánh hiện trường"
    for words in (title, "LD-2026-000123", "ABCD-EFGH-2345", "10:00 02/03/2026", "15:30 02/03/2026", "Xã Lát"):
        assert words in text


def test_it_is_complete_in_english() -> None:
    text = text_of(receipt.receipt_pdf(replace(RECEIPT, language="en")))
    for words in ("Receipt of a field report", "Lạc Dương operations centre", "before 15:30 02/03/2026", "Keep the secret to yourself"):
        assert words in text
    assert "phản ánh" not in text


def test_it_fits_one_a5_page_tagged_and_in_its_language() -> None:
    reader = pypdf.PdfReader(io.BytesIO(receipt.receipt_pdf(RECEIPT)))
    [page] = reader.pages
    assert (round(float(page.mediabox.width)), round(float(page.mediabox.height))) == (420, 595)
    assert reader.trailer["/Root"]["/Lang"] == "vi"
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_the_same_receipt_gives_the_same_bytes() -> None:
    assert receipt.receipt_pdf(RECEIPT) == receipt.receipt_pdf(RECEIPT)
    assert receipt.receipt_pdf(RECEIPT) != receipt.receipt_pdf(replace(RECEIPT, photos=3))


def test_printed_later_it_has_no_secret() -> None:
    later = replace(RECEIPT, secret=None)
    assert "ABCD" not in text_of(receipt.receipt_pdf(later))
    assert "Mã bí mật chỉ hiện một lần" in text_of(receipt.receipt_pdf(later))
    assert later.tracking_address == "https://paht.example.vn/track?code=LD-2026-000123"


def test_the_secret_stands_behind_the_hash_of_the_address_where_no_server_sees_it() -> None:
    address, _, fragment = RECEIPT.tracking_address.partition("#")
    assert fragment == "ABCDEFGH2345"
    assert "ABCDEFGH2345" not in address


def test_what_people_typed_is_text_and_never_markup() -> None:
    typed = '<b>Thôn</b> <img src="file:///etc/hostname"> <a rel=attachment href="file:///etc/hostname">x</a>'
    html = receipt.receipt_html(replace(RECEIPT, place=typed))
    assert "<b>" not in html
    assert html.count("<img") == 1
    data = receipt.receipt_pdf(replace(RECEIPT, place=typed))
    assert "<b>Thôn</b>" in text_of(data)
    assert not pypdf.PdfReader(io.BytesIO(data)).attachments


def test_the_qr_code_is_drawn_without_style_or_script() -> None:
    svg = receipt.qr_svg(RECEIPT)
    assert svg.startswith("<svg")
    for forbidden in ("style=", "<script", "ABCDEFGH2345", "paht.example.vn"):
        assert forbidden not in svg


@pytest.mark.parametrize("address", [
    "file:///etc/hostname", "http://127.0.0.1:9/x", "https://example.vn/x", "data:text/plain,x", "app:///../receipt.py",
    "app:///missing.svg", "app://host/qr.svg", "ftp://example.vn/x", "qr.svg"])
def test_the_fetcher_refuses_whatever_it_was_not_given(address: str) -> None:
    with pytest.raises(typesetting.FetchRefused):
        typesetting.AssetFetcher({"qr.svg": ("image/svg+xml", b"<svg/>")}).fetch(address)


def test_a_document_that_asks_for_more_is_made_without_it() -> None:
    html = ('<html lang="vi"><title>x</title><p>Lạc Dương</p><img src="file:///etc/hostname" alt="a">'
            '<img src="http://127.0.0.1:9/" alt="b"><link rel="attachment" href="file:///etc/hostname"></html>')
    data = pdf.render_pdf(html, stylesheet='@import url("http://127.0.0.1:9/x.css"); p { background: url(file:///etc/hostname) }')
    assert "Lạc Dương" in text_of(data)
    assert not pypdf.PdfReader(io.BytesIO(data)).attachments


def test_only_the_vendored_typeface_is_in_it() -> None:
    page = pypdf.PdfReader(io.BytesIO(receipt.receipt_pdf(RECEIPT))).pages[0]
    names = {font.get_object()["/BaseFont"] for font in page["/Resources"]["/Font"].values()}
    assert all("Be-Vietnam-Pro" in name for name in names), names


def test_making_a_receipt_does_not_let_damaged_photos_in() -> None:
    picture = io.BytesIO()
    Image.effect_noise((400, 300), 80).save(picture, "JPEG")
    ImageFile.LOAD_TRUNCATED_IMAGES = True  # as importing WeasyPrint leaves it
    with pytest.raises(PhotoRefused):
        accept_photo(picture.getvalue()[: len(picture.getvalue()) // 2], "cut.jpg")


def test_nothing_calls_the_paper_of_what_is_not_accepted_yet_an_acceptance() -> None:
    """In administration "tiếp nhận" means that it was accepted; what a sender holds says that it was received."""
    root = Path(__file__).parent.parent.parent
    told = [path for folder in ("casework", "reports", "workflows", "web") for kind in ("py", "html", "csv", "po", "js", "txt")
            for path in (root / folder).rglob(f"*.{kind}")]
    wrong = [path.name for path in told if "giấy tiếp nhận" in path.read_text(encoding="utf-8").lower()]
    assert (wrong, len(told) > 500) == (["findings_of_settings.py"], True), "which names the messages that still say it"


def test_a_telephone_number_is_written_as_in_every_letter() -> None:
    html = receipt.receipt_html(replace(RECEIPT, hotline="+842633123456"))
    assert "<dd>0263 3123 456</dd>" in html
    assert "+84" not in html
