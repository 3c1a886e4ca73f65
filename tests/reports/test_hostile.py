"""What people should not type, in every field of every document: nothing is fetched or acted on, and it prints as typed."""
from __future__ import annotations

import io
import re
import subprocess
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch
from urllib.parse import urlsplit

import pikepdf
import pytest
from lxml import etree

from casework.documents.letterheads import Head
from casework.errors import CaseworkError
from reports.assets import characters
from reports.official import body_of
from reports.pdf import printable
from reports.typesetting import AssetFetcher
from tests.reports import samples
from tests.reports.measuring import MM, measured

MARKUP = ("<img src=file:///etc/passwd> url(http://127.0.0.1:9/x) {{ 7*7 }} {% raw %} &amp; &#0; <a rel=attachment href=file:///etc/hostname>"
          "</p></body><style>p{display:none}</style><svg><image href='http://127.0.0.1:9/y'/></svg> ]]> <!-- "
          "=HYPERLINK(\"http://x\") Đà Lạt")
LONG_WORD = "Ư" * 120
UNSEEN = "trước\u202egnúđ\u202c \u2066sau\u2069 \ufeff\u200b\u00adhết"
CONTROLS = "\x00\x01\x0b\x1f\x7f\x85\ufffe\ud800"
SERIF, SANS = characters(("Liberation Serif",)), characters(("Be Vietnam Pro",))


@contextmanager
def asked_for() -> Iterator[list[str]]:
    """The addresses a document asks for while it is made."""
    asked: list[str] = []
    fetch = AssetFetcher.fetch

    def counted(self: AssetFetcher, url: str, headers: object = None) -> object:
        asked.append(url)
        return fetch(self, url, headers)

    with patch.object(AssetFetcher, "fetch", counted):
        yield asked


def squeezed(text: str) -> str:
    return "".join(text.upper().split())


def text_of(pdf: bytes) -> str:
    return subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, check=True, capture_output=True).stdout.decode()


@pytest.mark.exhaustive(but=4)
@pytest.mark.parametrize("name", list(samples.TYPED))
def test_markup_words_without_end_and_marks_of_direction_are_text(name: str) -> None:
    with asked_for() as asked:
        pdf = samples.as_pdf(samples.TYPED[name](f"{MARKUP} {LONG_WORD} {UNSEEN}"))
    own = {urlsplit(url).path for url in asked if url.startswith("app:///")}
    assert len(asked) == len([url for url in asked if url.startswith("app:///")]), asked
    assert all(path.startswith("/fonts/") or path.endswith((".svg", ".jpg", ".jpeg", ".png", ".webp")) for path in own), own
    text = squeezed(text_of(pdf))
    assert squeezed(MARKUP) in text, text
    assert squeezed(LONG_WORD) in text
    assert "ROOT:" not in text
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert not [name for name in document.attachments if "hostname" in name or "passwd" in name]
        etree.fromstring(document.Root.Metadata.read_bytes())
        targets = {str(each.A.get("/URI", "")) for page in document.pages for each in page.get("/Annots", []) if "/A" in each}
        assert targets <= {samples.VERIFY, *samples.LINKS}, targets
    paper = measured(pdf)
    over = [line.text[-20:] for line in paper.lines if line.text.strip() and line.x > 0 and line.end > paper.sizes[line.page][0] - 9 * MM]
    assert not over
    assert "TRƯỚCGNÚĐSAUHẾT" in text
    assert not set(text) & {*UNSEEN} - {*"trướcgnúđsauhết "}


def test_control_characters_and_half_ones_leave_no_trace() -> None:
    pdf = samples.as_pdf(samples.TYPED["letter"](f"trước{CONTROLS}sau"))
    with pikepdf.open(io.BytesIO(pdf)) as document:
        etree.fromstring(document.Root.Metadata.read_bytes())
    assert "TRƯỚCSAU" in squeezed(text_of(pdf))


@pytest.mark.exhaustive(but=7)
@pytest.mark.parametrize("name", list(samples.TYPED))
def test_a_megabyte_is_refused_in_words_and_at_once(name: str) -> None:
    begun = time.process_time()
    with pytest.raises(CaseworkError) as refused:
        samples.as_pdf(samples.TYPED[name]("một hai ba bốn năm sáu bảy tám chín mười " * 25_000))
    assert refused.value.vi
    assert time.process_time() - begun < 8


def test_words_from_right_to_left_do_not_turn_what_stands_beside_them() -> None:
    """A number behind a Hebrew word belongs behind it; without isolation it would be drawn before."""
    page = samples.letter(samples.frame(), 0, closing="Mã \u05e9\u05dc\u05d5\u05dd 2026-15 km./.")
    [line] = ["".join(each.text.split()) for each in measured(samples.as_pdf(page)).lines if "km./." in each.text]
    assert line.endswith("2026-15km./."), line
    assert printable("a \u05e9\u05dc \u05d5\u05dd b", SERIF) == "a \u2068\u05e9\u05dc \u05d5\u05dd\u2069 b"


def test_a_mark_on_a_letter_that_has_none_takes_the_letter_from_no_other_word() -> None:
    """Ê̆ of the Ê Đê is a letter and a mark; and whatever else somebody puts a mark on, CỘNG HÒA stays CỘNG HÒA."""
    head = Head("Buôn Ê\u0306a Ộ\u0301 H\u0301", parent_body="O\u0301\u0301 N\u0306")
    pdf = samples.as_pdf(samples.letter(samples.frame(head), 0, closing="ê\u0306 ơ\u0306 ư\u0306 ô\u0306"))
    text = unicodedata.normalize("NFC", text_of(pdf))
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in text
    assert "BUÔN Ê\u0306A" in text
    assert "ê\u0306 ơ\u0306 ư\u0306 ô\u0306" in text
    assert "\ufffd" not in "".join(line.text for line in measured(pdf).lines)


def test_a_mark_at_the_beginning_of_a_text_does_not_open_the_tag_before_it() -> None:
    """">" and U+0338 compose to "≯", so that what follows would be attributes of the tag; of "<" and the mark would come "≮"."""
    typed = "\u0338 style=display:none onclick=alert(1) x= \u0338"
    page = samples.letter(samples.frame(Head(typed, parent_body=typed)), 0, closing=typed)
    shown = body_of(page)
    assert re.findall(r"<(/?\w+)", shown) == re.findall(r"<(/?\w+)", page.partition("<body")[2].partition(">")[2].partition("</body>")[0])
    assert not re.search(r"<[^>]*(?:onclick|display:none)", shown)
    assert "onclick=alert(1)" in text_of(samples.as_pdf(page))
    assert printable("a\u0338 <p>\u0338b=\u0338c</p>", SERIF) == "a\u0338 <p>\u0338b≠c</p>"


def test_what_the_typefaces_do_not_have_is_a_box_and_letters_are_composed() -> None:
    assert printable("e\u0323\u0302 \U0001f3e0 中\u2028x\ufe0f \ud800y", SERIF) == "ệ □ □ x y"
    assert printable("\U0001f3e0 Đường", SANS) == "? Đường"
    assert printable("\tmột\r\nhai", SANS) == "\tmột\r\nhai"
