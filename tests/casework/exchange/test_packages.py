"""Packages of document exchange: what is written fits the schema and is read as it was; what is wrong is refused with its reason."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from importlib import resources

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from casework.exchange import (
    Answered,
    Attachment,
    Business,
    DocumentId,
    DocumentType,
    Organ,
    Package,
    PackageRefused,
    ReceiverChange,
    Replaced,
    Signer,
    Staff,
    Status,
    Trace,
    Update,
    read,
    status_words,
    write,
)
from casework.exchange.contents import clean_name
from casework.exchange.packages import NAMESPACE, STATUSES
from casework.exchange.refusals import REFUSALS
from casework.exchange.writing import Malformed
from casework.text import normal
from tests.casework.exchange.hostile import hostile, of_bombs, of_files, of_header, of_xml
from tests.casework.exchange.samples import AT, DOCUMENT, OF_OURS, OTHER, OURS, PDF, element, package, raw, status, swapped, zipped

SECONDS = 5.0
"""Of the processor for one package, the largest included."""


def take(held: bytes) -> Package | Status:
    return read(held, ours={OURS})


def validate(held: bytes) -> None:
    schema = etree.XMLSchema(etree.fromstring(resources.files("casework").joinpath("exchange", "edxml.xsd").read_bytes()))
    schema.assertValid(etree.fromstring(held))


BUSINESSES = {
    "new": package(),
    "without files": package(attachments=()),
    "taken back": package(business=Business.TAKEN_BACK, reason="Nhầm nơi nhận", attachments=()),
    "updated": package(business=Business.UPDATED, update=Update("1", "1", (ReceiverChange("H36.20", "0"), ReceiverChange("H36.21", "1")))),
    "replaces": package(business=Business.REPLACES, reason="Sai ngày",
                        replaces=(Replaced(OF_OURS, ("H36.20", "H36.21")), Replaced(DOCUMENT))),
    "bare": Package(Organ(OTHER), (Organ(OURS),), DOCUMENT, "17", "", "Về việc"),
}  # fmt: skip


@pytest.mark.parametrize("message", BUSINESSES.values(), ids=BUSINESSES)
def test_a_document_fits_the_schema_and_is_read_as_it_was_written(message: Package) -> None:
    held = write(message)
    validate(held)
    assert take(held) == message


@pytest.mark.parametrize("code", STATUSES)
def test_a_status_fits_the_schema_and_is_read_as_it_was_written(code: str) -> None:
    held = write(status(code=code))
    validate(held)
    assert take(held) == status(code=code)


def test_the_prefix_stands_in_the_envelope_and_not_on_the_files() -> None:
    held = raw().decode()
    assert f'<edXML xmlns="{NAMESPACE}"' in held
    assert "<AttachmentEncoded><Attachment><ContentId>cid:a1</ContentId>" in held
    assert "<edXML:DocumentId>H36.20,2026/12/03,17/TB-TTĐH</edXML:DocumentId>" in held
    envelope = held[held.index("<edXML:edXMLEnvelope>") : held.index("</edXML:edXMLEnvelope>")]
    assert envelope.count("<") == envelope.count("<edXML:") + envelope.count("</edXML:")


def test_every_text_is_escaped_and_what_xml_cannot_hold_left_out() -> None:
    message = package(subject='a]]>&amp;<b c="\x00\x0b\ud800">', attachments=(Attachment('<&">.pdf', PDF, content_id='"<1>'),))
    read_again = take(write(message))
    assert isinstance(read_again, Package)
    assert read_again.subject == 'a]]>&amp;<b c="">'
    assert (read_again.attachments[0].content_id, read_again.attachments[0].name) == ('"<1>', "&.pdf")


@pytest.mark.parametrize("wrong", [
    package(subject=""), package(number=" "), package(sender=Organ("no identifier")), package(receivers=()), package(content="a" * 20_001),
    package(document=DocumentId(OTHER, date(2026, 12, 3), "17,18")), status(code="17"), status(code="1"),
])  # fmt: skip
def test_nothing_is_written_that_does_not_fit_the_schema(wrong: Package | Status) -> None:
    with pytest.raises(Malformed):
        write(wrong)


@pytest.mark.parametrize(("code", "files"), [("files", 51), pytest.param("size", 2, marks=pytest.mark.exhaustive)])
def test_no_more_is_written_than_a_package_may_hold(code: str, files: int) -> None:
    content = PDF if code == "files" else bytes(20 * 1024 * 1024)
    with pytest.raises(PackageRefused) as refused:
        write(package(attachments=tuple(Attachment("a.pdf", content) for _ in range(files))))
    assert refused.value.code == code


def _refusals(cases: Callable[[], Iterator[tuple[str, str, bytes]]]) -> None:
    for name, code, held in cases():
        begun = time.process_time()
        with pytest.raises(PackageRefused) as refused:
            take(held)
        assert (name, refused.value.code) == (name, code)
        assert "{element}" not in refused.value.vi + refused.value.en, name
        assert time.process_time() - begun < SECONDS, name


def test_what_is_no_xml_of_ours_is_refused_with_its_reason() -> None:
    _refusals(of_xml)


def test_what_lacks_or_repeats_something_is_refused_with_its_reason() -> None:
    _refusals(of_header)


def test_files_that_do_not_fit_are_refused_with_their_reason() -> None:
    _refusals(of_files)


@pytest.mark.exhaustive
def test_each_reason_is_met_by_a_package_and_bombs_by_theirs() -> None:
    _refusals(of_bombs)
    every = hostile()
    assert set(REFUSALS) - {code for code, _ in every.values()} == {"status", "infected", "unknown"}  # tests of their own
    assert len(every) >= 130


@pytest.mark.parametrize("code", ["00", "17", "xx", "", "001", "-1"])
def test_a_status_without_a_known_number_is_refused(code: str) -> None:
    with pytest.raises(PackageRefused) as refused:
        take(swapped(element("StatusCode", "03"), element("StatusCode", code), of=write(status())))
    assert refused.value.code == "status"


def test_a_status_of_one_digit_is_taken() -> None:
    assert take(swapped(element("StatusCode", "03"), element("StatusCode", "3"), of=write(status()))) == status()


def test_a_status_must_name_a_document_of_ours() -> None:
    for answers, code in ((Answered(OURS, "05"), "response_for"), (Answered("H36.1", "05", DocumentId("H36.1", AT.date(), "5")), "to")):
        with pytest.raises(PackageRefused) as refused:
            take(write(status(answers=answers)))
        assert refused.value.code == code


def test_a_status_whose_time_cannot_be_read_has_none() -> None:
    assert take(swapped("2026/12/03 09:30:05", "yesterday", of=write(status()))) == status(at=None)


def test_statuses_nobody_explains_are_told_as_their_number() -> None:
    assert status_words("09") == ("Trạng thái 09", "Status 09")
    assert status_words("01").en == "Arrived, not yet handled"


def test_order_and_unknown_elements_do_not_matter() -> None:
    held = swapped("<edXML:Subject>", "<edXML:Unknown>x</edXML:Unknown><edXML:Subject>").decode()
    begins, ends = held.index("<edXML:DueDate>"), held.index("</edXML:DueDate>") + len("</edXML:DueDate>")
    due = held[begins:ends]
    moved = held.replace(due, "").replace("<edXML:MessageHeader>", f"<edXML:MessageHeader>{due}")
    assert take(moved.encode()) == package()


@pytest.mark.parametrize(("old", "new"), [
    ("<ContentId>cid:a1</ContentId>", "<ContentId>a1</ContentId>"),
    ("<edXML:ContentId>cid:a1</edXML:ContentId>", "<edXML:ContentId>a1</edXML:ContentId>"),
    ("<ContentId>cid:a1</ContentId>", "<ContentId> CID:a1\n</ContentId>"),
])  # fmt: skip
def test_a_file_is_found_with_the_prefix_or_without(old: str, new: str) -> None:
    assert take(swapped(old, new)) == package()


def test_a_signature_is_told_and_never_looked_into() -> None:
    signature = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><x xmlns="urn:x"/></SignedInfo></Signature>'
    assert take(swapped("</edXML:edXMLHeader>", f"{signature}</edXML:edXMLHeader>")) == package(is_signed=True)
    held = swapped("</edXML:edXMLHeader>", f"{signature}</edXML:edXMLHeader>", of=write(status()))
    assert take(held) == status(is_signed=True)


def test_a_mark_of_the_byte_order_comments_and_cdata_are_taken() -> None:
    assert take(b"\xef\xbb\xbf" + swapped("Đã vá xong.", "<!-- x --><![CDATA[Đã vá]]> xong.")) == package()


def test_lines_in_base64_are_taken() -> None:
    held = raw().decode()
    begins = held.index("<edXML:ContentTransferEncoded>") + len("<edXML:ContentTransferEncoded>")
    broken = held[:begins] + "\r\n  " + held[begins : begins + 8] + "\n" + held[begins + 8 :]
    assert take(broken.encode()) == package()


def test_a_zip_of_one_file_is_unpacked() -> None:
    found = take(raw(attachments=(Attachment("tra-loi.pdf", zipped({"tra-loi.pdf": PDF}), description="Bản chính", content_id="a1"),)))
    assert found == package()


@pytest.mark.parametrize(("content", "shown"), [
    (PDF, True), (zipped({"[Content_Types].xml": b"x", "word/document.xml": b"x"}), True), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 x", True),
    (b"\x89PNG\r\n\x1a\n x", True), (b"\xff\xd8\xff x", True), (b"RIFF0000WEBP", True), (b"MZ program", False), (b"<html>", False),
    (zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "a/content.xml": b"x"}), False),
])  # fmt: skip
def test_only_documents_and_images_may_be_shown(content: bytes, shown: bool) -> None:
    found = take(raw(attachments=(Attachment("a.pdf", content, content_id="a1"),)))
    assert isinstance(found, Package)
    assert (found.attachments[0].content, found.attachments[0].shown) == (content, shown)


@pytest.mark.parametrize(("name", "kept"), [
    ("../../etc/passwd", "passwd"), ("C:\\Users\\x\\a.pdf", "a.pdf"), ("", "tep"), ("...", "tep"), ("a\u202efdp.exe", "afdp.exe"),
    ("a\x00\n.pdf", "a .pdf"), ("x" * 300 + ".pdf", "x" * 116 + ".pdf"), ("Công văn số 1.pdf", "Công văn số 1.pdf"), ("a/", "a"),
    ("<b>|?.doc", "b.doc"),
])  # fmt: skip
def test_names_of_files_are_cleaned(name: str, kept: str) -> None:
    assert clean_name(name) == kept


@pytest.mark.exhaustive
def test_a_file_of_thirty_megabytes_is_written_and_read() -> None:
    content = random.Random(7).randbytes(1024) * 30_000
    begun = time.process_time()
    message = package(attachments=(Attachment("lon.pdf", b"%PDF-" + content, content_id="a1"),))
    assert take(write(message)) == message
    assert time.process_time() - begun < SECONDS


WORDS = st.text(st.characters(exclude_categories=("Cs", "Co", "Cn")), max_size=60).map(normal)
SAID = WORDS.filter(bool)
DAYS = st.dates(date(1900, 1, 1), date(2999, 12, 31))
ORGANS = st.from_regex(r"[A-Za-z0-9]{1,13}(\.[A-Za-z0-9]{1,13}){0,3}", fullmatch=True)
CODES = st.from_regex(r"[0-9]{1,6}/[A-ZĐ-]{1,20}", fullmatch=True)
DOCUMENTS = st.builds(DocumentId, ORGANS, DAYS, CODES)
BODIES = st.builds(Organ, ORGANS, WORDS, WORDS, WORDS, WORDS, WORDS, WORDS, WORDS)
TIMES = st.integers(0, 10**9).map(lambda seconds: AT - timedelta(seconds=seconds))
ANSWERED = st.builds(Answered, ORGANS | st.just(""), WORDS, DOCUMENTS | st.none(), DAYS | st.none())
STAFFS = st.builds(Staff, WORDS, WORDS, WORDS, WORDS)
FILES = st.lists(
    st.builds(Attachment, SAID.map(clean_name), st.binary(min_size=1, max_size=300).map(b"%PDF-".__add__), SAID, WORDS), max_size=4
).map(lambda files: tuple(replace(file, content_id=f"t{number}") for number, file in enumerate(files)))
PACKAGES = st.builds(
    Package, BODIES, st.lists(BODIES, max_size=3).map(lambda found: (*found, Organ(OURS))), DOCUMENTS, SAID, WORDS, SAID,
    business=st.sampled_from([Business.NEW, Business.UPDATED, Business.REPLACES]), reason=WORDS,
    promulgated_on=DAYS | st.none(), place=WORDS,
    type=st.builds(DocumentType, WORDS, WORDS, WORDS), content=WORDS, signer=st.builds(Signer, WORDS, WORDS, WORDS),
    due_on=DAYS | st.none(), priority=WORDS, pages=WORDS, answers=st.lists(ANSWERED, max_size=3).map(tuple),
    places=st.lists(WORDS, max_size=3).map(tuple), traces=st.lists(st.builds(Trace, ORGANS, TIMES), max_size=2).map(tuple),
    paper=st.booleans(), update=st.none() | st.builds(Update, st.sampled_from("01"), st.sampled_from("01"), st.tuples(
        st.builds(ReceiverChange, ORGANS, st.sampled_from("01")))),
    replaces=st.lists(st.builds(Replaced, DOCUMENTS, st.lists(ORGANS, max_size=2).map(tuple)), max_size=2).map(tuple),
    staff=STAFFS, attachments=FILES,
)  # fmt: skip
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], derandomize=True)


@pytest.mark.exhaustive
@MANY
@given(PACKAGES)
def test_whatever_is_written_fits_the_schema_and_is_read_as_it_was(message: Package) -> None:
    held = write(message)
    validate(held)
    assert take(held) == message


@pytest.mark.exhaustive
@MANY
@given(st.builds(Status, BODIES, st.builds(Answered, st.just(OURS), WORDS, DOCUMENTS), st.sampled_from(STATUSES), WORDS, TIMES, STAFFS))
def test_whatever_status_is_written_is_read_as_it_was(message: Status) -> None:
    assert take(write(message)) == message


@pytest.mark.exhaustive
def test_no_spoilt_package_does_anything_but_be_refused_or_read() -> None:
    """Three thousand, each with bytes changed, cut, doubled or moved, always the same ones."""
    chance, well = random.Random(102), raw()
    for _ in range(3_000):
        spoilt = bytearray(well)
        for _change in range(chance.randint(1, 6)):
            at, length = chance.randrange(len(spoilt)), chance.randint(1, 40)
            match chance.randrange(4):
                case 0:
                    spoilt[at] = chance.randrange(256)
                case 1:
                    del spoilt[at : at + length]
                case 2:
                    spoilt[at:at] = spoilt[at : at + length]
                case _:
                    spoilt[at:at] = chance.choice([b"<", b">", b"&", b"]]>", b"<!--", b"\xff", b"<edXML:To>", b"<![CDATA["])
        with suppress(PackageRefused):  # anything else ends the test
            take(bytes(spoilt))
