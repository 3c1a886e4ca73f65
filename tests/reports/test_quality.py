"""Every document of samples.py as a file: sound, for archives and screen readers, its letters whole, and looking as its kept picture."""
from __future__ import annotations

import hashlib
import html
import io
import re
import subprocess
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from reports.assets import Attachment, characters
from reports.official import letter_pdf
from reports.pdf import DocumentTooLong, printable, render_pdf
from tests.reports import pictures, samples
from tests.reports.checker import checked
from tests.reports.measuring import MM, measured

NAMES = samples.AT_TURN
TOLERATED = frozenset({
    "TBL-014",      # several tables beneath each other are taken for one grid, and the headings between them for its text
    "LNK-010",      # an address that is printed is no link: it is there to be typed
    "PAG-001",      # the same words again and again are no head or foot of pages
})  # fmt: skip
"""Warnings of the checker we know and keep; errors never."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("samples")
    paths = {name: folder / f"{pictures.slug(name)}.pdf" for name in NAMES}
    assert len(set(paths.values())) == len(NAMES), "two samples have one name"
    for name, path in paths.items():
        path.write_bytes(samples.pdf_of(name))
    return paths


def said(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.exhaustive
def test_files_are_sound_and_bring_all_their_typefaces(files: dict[str, Path]) -> None:
    for name, path in files.items():
        assert "No syntax or stream encoding errors found" in said("qpdf", "--check", path), name
        _title, _line, *fonts = said("pdffonts", path).splitlines()
        assert fonts, name
        for font in fonts:
            family, kind, told = font[:36].strip(), font[37:54].strip(), font[72:].split()
            assert (kind, told[0], told[2]) == ("CID TrueType", "yes", "yes"), (name, font)
            assert re.fullmatch(r"[A-Z]{6}\+(Liberation-Serif|Be-Vietnam-Pro)(-Bold)?(-Italic)?", family), (name, font)


def test_every_file_is_for_archives_and_for_screen_readers_at_once(files: dict[str, Path]) -> None:
    for name, path in files.items():
        with pikepdf.open(path) as document:
            root, packet = document.Root, document.Root.Metadata.read_bytes().decode()
            assert 'pdfaid:part="3" pdfaid:conformance="A"' in packet, name
            assert 'pdfuaid:part="1"' in packet, name
            assert "<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>" in packet, name
            assert packet.count("<rdf:RDF") == 1, name
            assert str(root.Lang) in ("vi", "en"), name
            assert (root.MarkInfo.Marked, root.ViewerPreferences.DisplayDocTitle) == (True, True), name
            [intent] = root.OutputIntents
            assert (intent.S, bytes(intent.DestOutputProfile.read_bytes())[36:40]) == ("/GTS_PDFA1", b"acsp"), name
            assert html.escape(str(document.docinfo["/Title"]), quote=False) in packet, name
            assert str(document.docinfo["/Title"]).strip(), name
            assert "/Encrypt" not in document.trailer, name
            assert len(document.trailer.ID) == 2, name
            assert not {"/OpenAction", "/AA"} & set(root.keys()), name
            assert "/JavaScript" not in root.get("/Names", {}), name


@pytest.mark.exhaustive
def test_the_checker_finds_no_error(files: dict[str, Path]) -> None:
    found = {path.stem: [(grave, words) for grave, words in told if grave != "info" and words.split()[0] not in TOLERATED]
             for path, told in checked(list(files.values())).items()}
    assert {name: told for name, told in found.items() if told} == {}


@pytest.mark.exhaustive
def test_vietnamese_comes_out_letter_for_letter(files: dict[str, Path]) -> None:
    """What poppler reads is what the template wrote: in NFC, and in the order it is read; heads of tables come again on each page."""
    for name, path in files.items():
        text = said("pdftotext", "-raw", "-enc", "UTF-8", path, "-")
        assert unicodedata.is_normalized("NFC", text), name
        assert "\ufffd" not in text, name
        made = samples.made(name)
        if not isinstance(made, str):
            assert text.strip(), name
            continue
        written = html.unescape(re.sub(r"<style.*?</style>|<title>.*?</title>|<[^>]+>", "", made.partition("<body")[2].partition(">")[2]))
        wanted, pages = _letters(printable(written, characters(("Liberation Serif",)))), text.split("\f")
        came = _letters("".join(page if number == 0 else _without_number(page, number + 1) for number, page in enumerate(pages)))
        if "<table" not in made:
            assert sorted(came) == sorted(wanted), name
        missing = [letter for letter in set(wanted) if came.count(letter) < wanted.count(letter)]
        assert not missing, (name, missing)


def _letters(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).upper().split())


def _without_number(page: str, number: int) -> str:
    return re.sub(rf"(?m)^{number}$", "", page, count=1)


@pytest.mark.parametrize("name", NAMES)
def test_it_looks_as_its_kept_picture(name: str, files: dict[str, Path]) -> None:
    with pikepdf.open(files[name]) as document:
        pages = len(document.pages)
    for page, image in pictures.pictures_of(files[name], pages).items():
        path = pictures.kept(name, page)
        if not pictures.is_alike(image, path):
            pytest.fail(f"Page {page} of {name!r} looks other than {path.name}: see {pictures.sheet(image, path)}. If it is right: "
                        f"python -m tests.reports.pictures --renew {pictures.slug(name)!r}")


@cache
def letter() -> str:
    return samples.letter(samples.frame(number=5, urgency="khan", verify_url=samples.VERIFY, signature_field=True), 1)


def made(**more: Any) -> bytes:
    return letter_pdf(letter(), attachments=[Attachment("ho-so.json", b'{"a": 1}', "Dữ liệu")], made_at=samples.FILED, **more)


@pytest.mark.exhaustive
def test_the_same_input_gives_the_same_bytes_in_any_process_and_thread_and_other_input_others() -> None:
    first = made()
    with ThreadPoolExecutor(4) as threads:
        assert {bytes(pdf) for pdf in threads.map(lambda _number: made(), range(4))} == {first}
    script = "import hashlib, sys; from reports.official import letter_pdf as p; print(hashlib.sha256(p(sys.argv[1])).hexdigest())"
    assert said(sys.executable, "-W", "ignore", "-c", script, letter()).strip() == hashlib.sha256(letter_pdf(letter())).hexdigest()
    identifiers = set()
    for pdf in (first, letter_pdf(letter()), letter_pdf(letter(), made_at=samples.FILED),
                letter_pdf(letter(), attachments=[Attachment("ho-so.json", b"{}")])):
        with pikepdf.open(io.BytesIO(pdf)) as document:
            identifiers.add(bytes(document.trailer.ID[0]))
    assert len(identifiers) == 4


def test_no_clock_is_read_and_the_day_handed_in_is_told() -> None:
    with pikepdf.open(io.BytesIO(letter_pdf(letter()))) as document:
        assert not {"/CreationDate", "/ModDate"} & set(document.docinfo.keys())
        assert "CreateDate" not in document.Root.Metadata.read_bytes().decode()
    with pikepdf.open(io.BytesIO(made())) as document:
        assert document.docinfo["/CreationDate"] == document.docinfo["/ModDate"] == "D:20260302030000Z"
        assert "<xmp:CreateDate>2026-03-02T03:00:00Z</xmp:CreateDate>" in document.Root.Metadata.read_bytes().decode()


def test_an_attached_file_is_data_of_the_document() -> None:
    with pikepdf.open(io.BytesIO(made())) as document:
        [told] = document.Root.AF
        assert (told.AFRelationship, str(told.UF), str(told.Desc)) == ("/Data", "ho-so.json", "Dữ liệu")
        assert told.EF.F.Subtype == "/application/json"
        assert told.EF.F.Params.ModDate == "D:20260302030000Z"
        assert document.attachments["ho-so.json"].get_file().read_bytes() == b'{"a": 1}'


def test_a_seal_finds_its_place_and_a_reader_the_page_that_verifies() -> None:
    with pikepdf.open(io.BytesIO(letter_pdf(letter()))) as document:
        name, place = document.Root.Names.Dests.Names
        assert (str(name), place[1]) == ("signature-area", "/XYZ")
        page, left, top = place[0], float(place[2]), float(place[3])
        assert 595 * 0.4 < left < 595 * 0.6
        assert 200 < top < 600
        assert page.objgen == document.pages[0].objgen
        [link] = document.pages[0].Annots
        assert str(link.A.URI) == samples.VERIFY
        assert link.F == 4


def test_a_picture_is_told_where_it_is() -> None:
    paper = measured(letter_pdf(letter()))
    with pikepdf.open(io.BytesIO(letter_pdf(letter()))) as document:
        [box] = [each.A.BBox for each in document.objects if isinstance(each, pikepdf.Dictionary) and each.get("/S") == "/Figure"]
    left, bottom, right, top = (float(each) for each in box)
    [code] = [mark for mark in paper.marks if mark.page == 0 and mark.top > 700]
    assert left <= code.x < code.end <= right + 0.1
    assert 841 - top <= code.top < code.bottom <= 842.5 - bottom
    assert (round((right - left) / MM), round((top - bottom) / MM)) == (15, 15)


def test_a_document_beyond_all_measure_is_refused_before_anything_is_laid_out() -> None:
    with pytest.raises(DocumentTooLong):
        render_pdf(f"<html lang=vi><title>x</title>{'a' * 700_000}</html>", stylesheet="")
    with pytest.raises(DocumentTooLong):
        letter_pdf(samples.letter(samples.frame(subject="a" * 1_000_000), 1))


