"""Signatures on documents: they hold by two readers, what is done to a file afterwards is found and said, hostile files end."""
from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from time import process_time
from types import SimpleNamespace
from typing import Any

import pikepdf
import pytest
from asn1crypto import x509 as asn1_x509
from asn1crypto.keys import PrivateKeyInfo
from asn1crypto.tsp import TimeStampReq
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields as sign_fields
from pyhanko.sign import signers
from pyhanko.sign.timestamps import DummyTimeStamper

from reports.signing import reading
from reports.signing.examining import examine, roots_of
from reports.signing.failures import SealingFailed
from reports.signing.fields import with_fields
from reports.signing.found import SignatureFound, found_again
from reports.signing.object_streams import IndexedReader
from reports.signing.prefixes import digests_of_beginnings
from reports.signing.reading import FileUnread, examined, signatures_of
from reports.signing.returning import ReturnRefused, judge_returned
from reports.signing.revoking import NOTHING_KNOWN, ListUnread, read_lists
from reports.signing.sealing import seal_pdf
from tests.authority import PASSPHRASE, Authority
from tests.reports.big_samples import printed_report
from tests.reports.seal_samples import (
    CENTRE,
    ENVIRON,
    LEADER,
    SIGNED,
    SINCE,
    authority,
    body_seal,
    issued,
    own_signature,
    sealed,
    sealed_on_top,
    signed,
)
from tests.shut_in import assert_shut_in

NOW = SIGNED + timedelta(days=1)
SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")


def found(pdf: bytes, *, trust: Authority | None = None, at: datetime = NOW) -> list[SignatureFound]:
    """As the process that is shut in finds it, here without that process, which costs half a second."""
    told = examine(pdf, roots=roots_of([(trust or authority()).pem.decode()]), at=at)
    return [found_again(each) for each in told["signatures"]]


def judged(pdf: bytes, **more: Any) -> list[tuple[str, str, str, str]]:
    return [(each.content, each.cover, each.vouched, each.period) for each in found(pdf, **more)]


def said(signature: SignatureFound) -> str:
    return " ".join(text.vi for text in signature.words)


@cache
def twice() -> bytes:
    return sealed()


GOOD = ("intact", "whole", "trusted", "valid")


def test_a_signature_and_a_seal_hold_are_an_increment_and_leave_the_document_accessible() -> None:
    pdf = twice()
    assert pdf.startswith(signed()), "what was issued is the beginning of every copy"
    assert signed().startswith(issued()), "what was issued is the beginning of every copy"
    assert sealed() == pdf, "the same letter, key and instant give the same bytes"
    assert with_fields(issued()) == issued(), "the same letter, key and instant give the same bytes"
    assert judged(issued()) == []
    assert judged(signed()) == [GOOD]
    assert judged(pdf) == [("intact", "signed_again", "trusted", "valid"), GOOD]
    assert judged(sealed_on_top()) == [GOOD]
    first, second = found(pdf)
    assert (first.signer, second.signer, second.reason) == (LEADER, CENTRE, "Đóng dấu cơ quan ban hành văn bản")
    assert first.at == SIGNED
    assert not first.is_attested
    assert first.is_good
    assert not first.faults
    assert "Phần được ký còn nguyên" in said(second)
    assert "bị thu hồi hay không" in said(second)
    assert "không có dấu thời gian" in said(second)
    for told in (pdf, issued(), sealed_on_top()):
        with pikepdf.open(io.BytesIO(told)) as document:
            assert not document.check_pdf_syntax()
            page: Any = document.pages[0]
            tree: Any = document.Root.StructTreeRoot
            widgets = [each for each in page.Annots if each.Subtype == "/Widget"]
            assert page.Tabs == "/S"
            assert {str(each.T) for each in widgets} == {"NguoiKy", "CoQuan"}
            numbers = dict(zip(list(tree.ParentTree.Nums)[::2], list(tree.ParentTree.Nums)[1::2], strict=True))
            for each in widgets:
                element = numbers[each.StructParent]
                assert element.S == "/Form", "PDF/UA-1, 7.18.4"
                assert element.Alt, "PDF/UA-1, 7.18.4"
                assert str(each.TU), "PDF/UA-1, 7.18.4"
                assert element.K.Obj.objgen == each.objgen, "PDF/UA-1, 7.18.4"
                assert each.AP.N is not None, "PDF/A-3, 6.3.3: an appearance, printed"
                assert int(each.F) & 4, "PDF/A-3, 6.3.3: an appearance, printed"
            assert "/NeedAppearances" not in document.Root.AcroForm
            with document.open_metadata() as xmp:
                assert (xmp["pdfaid:part"], xmp["pdfaid:conformance"], xmp["pdfuaid:part"]) == ("3", "A", "1")
    words = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    assert "2026-03-02T10:15:00+07:00" in words, "ISO 8601, to the second, with the zone of Vietnam (NĐ 30/2020, Phụ lục I)"
    on_top = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=sealed_on_top(), capture_output=True, check=True).stdout.decode()
    line = next(each for each in on_top.splitlines() if ">2026-03-02T10:15:00+07:00<" in each)
    left, top, right, bottom = (float(part.split('"')[0]) for part in line.split('="')[1:5])
    assert left > 595 / 2, "top right, size 10"
    assert right < 595 - 15 * 72 / 25.4, "top right, size 10"
    assert bottom < 20 * 72 / 25.4, "top right, size 10"
    assert 9 < bottom - top < 13, "top right, size 10"


def test_pdfsig_says_the_same(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(authority().pem)
    (tmp_path / "password").write_text("")
    store = f"sql:{tmp_path}"
    subprocess.run(["certutil", "-N", "-d", store, "-f", tmp_path / "password"], check=True, capture_output=True)
    subprocess.run(["certutil", "-A", "-d", store, "-n", "ca", "-t", "CT,C,C", "-i", tmp_path / "ca.pem"], check=True, capture_output=True)

    def pdfsig(pdf: bytes) -> str:
        (tmp_path / "letter.pdf").write_bytes(pdf)
        command = ["pdfsig", "-nssdir", store, tmp_path / "letter.pdf"]
        return subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"], "TZ": "UTC"}).stdout

    told = pdfsig(twice())
    assert told.count("Signature is Valid.") == 2, told
    assert told.count("Certificate is Trusted.") == 2, told
    assert told.count("ETSI.CAdES.detached") == 2
    assert "Total document signed" in told
    assert pdfsig(changed_byte()).count("Digest Mismatch") == 2


def changed_byte() -> bytes:
    """Another letter in a text that was signed: one bit of it."""
    pdf = bytearray(twice())
    pdf[pdf.index(b"stream\n") + 30] ^= 1
    return bytes(pdf)


def removed_page() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(twice())) as document:
        document.add_blank_page()
        del document.pages[0]
        document.save(out)
    return out.getvalue()


def with_overlay(pdf: bytes) -> bytes:
    """Content laid over what there was, as an increment: what was signed before is still there, byte for byte."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    page = writer.root["/Pages"]["/Kids"][0]
    over = generic.StreamObject(stream_data=b"0 0 0 rg 100 100 200 20 re f")
    page["/Contents"] = generic.ArrayObject([page.raw_get("/Contents"), writer.add_object(over)])
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def signed_elsewhere(base: bytes, key: tuple[Any, Any], *, by: Authority) -> bytes:
    """With another program's field and ways, as a leader's own signing software would."""
    held = pkcs12.serialize_key_and_certificates(b"x", key[0], key[1], [by.certificate], NoEncryption())
    signer = signers.SimpleSigner.load_pkcs12_data(held, other_certs=[], passphrase=None)
    meta = signers.PdfSignatureMetadata(field_name="Signature1", subfilter=sign_fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED)
    return signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(base)), meta, signer=signer).getvalue()


def test_what_is_done_to_a_signed_file_is_found_and_said_in_both_languages() -> None:
    foreign = Authority.new("Tổ chức lạ", since=SINCE)
    cases: list[tuple[Callable[[], list[SignatureFound]], tuple[str, str, str, str], str, str]] = [
        (lambda: found(changed_byte()), ("changed", "whole", "trusted", "valid"), "đã bị thay đổi sau khi ký", "was changed after"),
        (lambda: found(removed_page()), ("changed", "part", "trusted", "valid"), "đã bị thay đổi sau khi ký", "was changed after"),
        (lambda: found(with_overlay(twice())), ("intact", "added", "trusted", "valid"), "đã được thêm hoặc sửa", "added or altered"),
        (lambda: found(twice(), trust=foreign), ("intact", "whole", "foreign", "valid"), "không có trong danh sách", "does not know"),
        (lambda: found(twice(), at=NOW + timedelta(days=4000)), ("intact", "whole", "trusted", "ended"), "nay đã hết hạn", "expired since"),
        (lambda: found(of_period(SINCE - timedelta(days=900))), ("intact", "whole", "trusted", "expired"), "hết hạn trước", "had expired"),
        (lambda: found(of_period(NOW + timedelta(days=9))), ("intact", "whole", "trusted", "not_yet"), "chưa có hiệu lực", "not yet valid"),
        (lambda: found(of_usage()), ("intact", "whole", "unusable", "valid"), "không được dùng để ký", "not for signing"),
        (lambda: found(damaged()), ("unreadable", "part", "foreign", "valid"), "Không đọc được chữ ký", "cannot be read"),
    ]  # fmt: skip
    for make, judgement, vietnamese, english in cases:
        last = make()[-1]
        assert (last.content, last.cover, last.vouched, last.period) == judgement
        assert vietnamese in said(last), said(last)
        assert english in " ".join(text.en for text in last.words), said(last)
        assert last.is_good == (judgement[3] == "ended"), "a certificate that has ended since was good when it signed"
        assert bool(last.faults) != last.is_good


@pytest.mark.exhaustive
def test_a_report_of_many_tables_signed_twice_is_examined_in_time_that_grows_with_it() -> None:
    report = printed_report(cases=2_000, areas=20, agencies=20, late=40)
    once = seal_pdf(report, own_signature(), reason="Ký ban hành văn bản", at=SIGNED, environ=ENVIRON)
    pdf = seal_pdf(once, body_seal(), reason="Đóng dấu cơ quan ban hành văn bản", at=SIGNED, number="05/BC-IOC", environ=ENVIRON)
    began = process_time()
    told = examine(pdf, roots=roots_of([authority().pem.decode()]), at=NOW)
    assert process_time() - began < 10, "an index read anew for each object takes twice as long"
    assert [found_again(each).is_good for each in told["signatures"]] == [True, True]


@pytest.mark.parametrize(("content", "number", "first"), [
    (b"1 0 2 21 3 29 <</Type/Catalog/X 2 0 R>>[1 2 3]null<<", 3, 14), (b"1 0 2 x 3 29 <</Type/Catalog/X 2 0 R>>[1 2 3]null", 3, 14),
    (b"1 0 2 21 3 900 <</Type/Catalog/X 2 0 R>>[1 2 3]null", 3, 15), (b"1 0 2 21 2 29 <</Type/Catalog/X 2 0 R>>[1 2 3]null", 3, 14),
    (b"1 0 2 21 3 29 <</Type/Catalog/X 2 0 R>>[1 2 3]", 9, 14), (b"1 0 2 21 3 29 <</Type/Catalog/X 2 0 R>>[1 2 3", 3, 14),
    (b"1 0 2 21 3 29 <</Type/Catalog/X 2 0 R>>[1 2 3]1 0 R", 2, 14), (b"", 3, 14),
    (b"1 0 2\x0b21 3 29 <</Type/Catalog/X 2 0 R>>[1 2 3]null", 3, 14), (b"1 0 2 %b 3 29 [1 2 3]" % (b"9" * 5_000), 3, 5_012),
], ids=["sound", "no offset", "behind the end", "twice", "number too large", "cut", "reference", "empty", "no blank",
        "long number"])  # fmt: skip
def test_a_damaged_stream_of_objects_is_read_as_the_library_reads_it(content: bytes, number: int, first: int) -> None:
    def read_by(reader: type[PdfFileReader]) -> list[str]:
        found = []
        for name in (2, 3, 2):
            try:
                opened = reader(io.BytesIO(_of_one_stream(content, number, first)), strict=False)
                written = io.BytesIO()
                opened.get_object(generic.Reference(name, 0, opened)).write_to_stream(written, None)
                found.append(repr(written.getvalue()))
            except Exception as refused:
                found.append(type(refused).__name__)
        return found

    assert read_by(IndexedReader) == read_by(PdfFileReader)


def _of_one_stream(content: bytes, number: int, first: int) -> bytes:
    """A file whose objects 1 to 3 are in one stream that is not packed."""
    head = b"%PDF-1.7\n"
    stream = b"4 0 obj\n<</Type/ObjStm/N %d/First %d/Length %d>>\nstream\n%b\nendstream\nendobj\n" % (number, first, len(content), content)
    rows = [(0, 0, 0), (2, 4, 0), (2, 4, 1), (2, 4, 2), (1, len(head), 0), (1, len(head) + len(stream), 0)]
    table = b"".join(kind.to_bytes(1, "big") + where.to_bytes(2, "big") + place.to_bytes(1, "big") for kind, where, place in rows)
    xref = b"5 0 obj\n<</Type/XRef/Size 6/W[1 2 1]/Root 1 0 R/Length %d>>\nstream\n%b\nendstream\nendobj\n" % (len(table), table)
    return head + stream + xref + b"startxref\n%d\n%%%%EOF" % (len(head) + len(stream))


@pytest.mark.exhaustive
def test_what_held_when_it_was_signed_and_what_holds_today_are_both_told(tmp_path: Path) -> None:
    own = replace(own_signature(), file=authority().file(tmp_path / "own.p12", LEADER, since=SINCE, days=400))
    pdf = seal_pdf(issued(), own, reason="", at=SIGNED, environ=ENVIRON)
    [kept] = found(pdf)
    day, serial, pems = timedelta(days=1), int(kept.chain[-1][1], 16), [authority().pem.decode()]
    assert found_again(kept.told()) == kept

    def today(at: datetime, *revoked: datetime, listed: bool = True, **more: Any) -> SignatureFound:
        crl = authority().revocation_list(*((serial, each) for each in revoked), on=at)
        known = read_lists([crl], pems) if listed else NOTHING_KNOWN
        return found_again(kept.told()).as_of(at, known, **more)

    held = today(NOW + day, listed=False)
    assert "còn hiệu lực vào thời gian ký ghi trong chữ ký và cả hôm nay (đến 05/02/2027)" in said(held)
    assert "bị thu hồi hay không" in said(held)
    assert "không có trong danh sách thu hồi ngày 04/03/2026" in said(today(NOW + day))
    ended = today(NOW + 500 * day)
    assert "nay đã hết hạn; còn hiệu lực vào thời gian ký" in said(ended)
    assert ended.is_good
    revoked = SIGNED + 10 * day
    # a time the signer wrote proves nothing: whoever has stolen a key writes an earlier one
    bad = today(revoked + day, revoked)
    assert (bad.is_good, bad.revocation) == (False, "revoked")
    assert "đã bị thu hồi ngày 12/03/2026, và không có gì chứng minh" in said(bad)
    [fault] = bad.faults
    assert fault.en.startswith("The certificate was revoked on 12/03/2026, and nothing proves")
    # that we have had the file since before does
    ours = today(revoked + day, revoked, had_since=revoked - day)
    assert (ours.is_good, ours.revocation) == (True, "revoked_since")
    assert "chữ ký có từ trước đó" in said(ours)
    assert not today(revoked + day, revoked, had_since=revoked + day).is_good
    assert today(revoked - day, revoked).is_good, "not yet"
    attested = replace(today(revoked + day, revoked), is_attested=True)
    assert (attested.is_good, attested.revocation) == (True, "revoked_since")
    known, sha256 = read_lists([authority().revocation_list((serial, SIGNED), on=NOW)], pems), hashlib.sha256(issued()).hexdigest()
    with pytest.raises(ReturnRefused, match="was revoked on"):
        judge_returned(pdf, sha256=sha256, size=len(issued()), before=0, trust=pems, at=NOW, known=known)


def test_a_list_counts_when_who_issued_the_certificates_has_signed_it_and_it_is_whole() -> None:
    _key, certificate = authority().leaf(LEADER, since=SINCE)
    namesake = Authority.new(authority().name, since=SINCE)
    pems, old, new = [authority().pem.decode()], SIGNED, SIGNED + timedelta(days=3)
    for crl in (namesake.revocation_list(on=old), authority().revocation_list(on=old, delta=True), b"none", b"-----BEGIN X509 CRL-----\nx"):
        with pytest.raises(ListUnread):
            read_lists([crl], pems)
    lists = [authority().revocation_list((certificate.serial_number, SINCE), on=old), authority().revocation_list(on=new)]
    for held in (lists, lists[::-1]):
        known = read_lists(held, pems)
        [issuer] = known.lists
        assert (known.revoked_at(issuer, certificate.serial_number), known.known_on(issuer)) == (None, new), "the newest holds"


def test_a_time_stamp_stands_behind_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    rsa_key = rsa.generate_private_key(65537, 2048)
    der, stamped_at = rsa_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()), SIGNED + timedelta(seconds=2)

    def stamping(by: Authority) -> DummyTimeStamper:
        _key, certificate = by.leaf("Dấu thời gian", since=SINCE, key=rsa_key, use=ExtendedKeyUsageOID.TIME_STAMPING)
        own = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
        return DummyTimeStamper(own, PrivateKeyInfo.load(der), fixed_dt=stamped_at)

    stamper, asked = stamping(authority()), []

    def call(_door: object, method: str, url: str, *, content: bytes, headers: dict[str, str]) -> Any:
        asked.append((method, url, headers["Content-Type"]))
        # asked from within a loop: it awaits nothing, so its first step is its last
        with pytest.raises(StopIteration) as answered:
            stamper.async_request_tsa_response(TimeStampReq.load(content)).send(None)
        headers = {"content-type": "application/timestamp-reply"}
        return SimpleNamespace(has_succeeded=True, status=200, headers=headers, content=answered.value.value.dump())

    monkeypatch.setattr("casework.messages.http_client.Door.call", call)
    seal = replace(own_signature(), timestamps="https://tsa.example.vn/tsa")
    pdf = seal_pdf(issued(), seal, reason="", at=SIGNED, environ=ENVIRON)
    [told] = found(pdf)
    assert asked == [("POST", "https://tsa.example.vn/tsa", "application/timestamp-query")]
    assert (told.is_good, told.is_attested, told.at) == (True, True, stamped_at)
    assert "được dấu thời gian tin cậy xác nhận" in said(told)
    # a stamp of somebody we do not know stands behind nothing
    stamper = stamping(Authority.new("Tổ chức lạ", since=SINCE))
    [told] = found(seal_pdf(issued(), seal, reason="", at=SIGNED, environ=ENVIRON))
    assert (told.is_good, told.is_attested, told.at) == (True, False, SIGNED)


def of_period(since: datetime) -> bytes:
    """Signed with a certificate that held for ninety days from a moment; our own seal would refuse to."""
    return signed_elsewhere(issued(), authority().leaf("Người khác", since=since, days=90), by=authority())


def of_usage() -> bytes:
    return signed_elsewhere(issued(), authority().leaf("Máy chủ", since=SINCE, signs=False), by=authority())


def damaged() -> bytes:
    pdf = twice()
    start = pdf.rindex(b"/Contents <") + 11
    return pdf[:start] + b"0" * 400 + pdf[start + 400 :]


def test_hostile_files_end_soon_with_a_word() -> None:
    trust, huge = [authority().pem.decode()], 25_000_001
    nested = b"%PDF-1.7\n1 0 obj\n" + b"[" * 2_000_000 + b"\nendobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF"
    loop = b"%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer<</Size 1/Prev 9/Root 1 0 R>>\nstartxref\n9\n%%EOF"
    locked, plain = io.BytesIO(), pikepdf.open(io.BytesIO(issued()))
    plain.save(locked, encryption=pikepdf.Encryption(owner="a", user="b"))
    words = {}
    for name, pdf in {"empty": b"", "text": b"hello" * 900, "huge": b"%PDF-" + bytes(huge), "cut": issued()[:9000], "nested": nested,
                      "loop": loop, "bomb": bomb(), "locked": locked.getvalue(), "noise": b"%PDF-1.7\n" + os.urandom(300_000)}.items():
        with pytest.raises(FileUnread) as refusal:
            examined(pdf, trust=trust, at=NOW, seconds=2)
        words[name] = refusal.value.word
    assert words["empty"] == words["text"] == "not_pdf"
    assert words["huge"] == "too_big"
    assert words["locked"] == "encrypted"
    assert {words[name] for name in ("cut", "nested", "loop", "bomb", "noise")} <= {"unreadable", "too_slow", "too_large"}
    # in the process of the server itself nothing is looked for without end
    tracemalloc.start()
    assert len(digests_of_beginnings(b"%PDF-1.7\n" + b"%%EOF" * 200_000)) == 40
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()
    # and a sound file is read in the process that opens nothing, with every kind of key: what it needs was loaded before
    assert [each.is_good for each in signatures_of(twice(), trust=trust, at=NOW)] == [True, True]


def bomb() -> bytes:
    """A table of contents of a gigabyte, packed a thousandfold twice."""
    packed = zlib.compress(zlib.compress(bytes(200_000_000), 9), 9)
    table = b"1 0 obj\n<</Type/XRef/Size 9999999/W[1 4 1]/Root 1 0 R/Filter[/FlateDecode/FlateDecode]/Length %d>>\nstream\n" % len(packed)
    return b"%PDF-1.7\n" + table + packed + b"\nendstream\nendobj\nstartxref\n9\n%%EOF"


def long_table() -> bytes:
    """A table of contents of so many lines that reading it takes some hundred megabytes."""
    lines = 1_200_000
    head = b"%%PDF-1.7\nxref\n0 %d\n" % lines
    return head + b"0000000009 00000 n \n" * lines + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n9\n%%%%EOF" % lines


def test_a_file_that_asks_for_more_memory_than_there_is_is_told_so() -> None:
    with pytest.raises(FileUnread) as refusal:
        examined(long_table(), trust=[authority().pem.decode()], at=NOW, seconds=60, memory=64 * 2**20)
    assert refusal.value.word == "too_large"


def test_the_reader_of_files_taken_over_opens_writes_and_takes_nothing_and_ends(tmp_path: Path) -> None:
    assert_shut_in("reports.signing.child", folder=reading.ROOT, beside=tmp_path / "beside", options=("-B", "-s"))


@pytest.mark.exhaustive
def test_a_copy_signed_elsewhere_is_taken_back_when_it_is_ours_and_well_signed() -> None:
    def back(pdf: bytes, base: bytes = issued(), before: int = 0, **more: Any) -> Any:
        return judge_returned(pdf, sha256=hashlib.sha256(base).hexdigest(), size=len(base), before=before,
                              trust=[authority().pem.decode()], at=NOW, **more)

    def why(pdf: bytes, **more: Any) -> str:
        with pytest.raises(ReturnRefused) as refusal:
            back(pdf, **more)
        return refusal.value.vi

    leaf = authority().leaf("Phó Chủ tịch", since=SINCE)
    good = signed_elsewhere(issued(), leaf, by=authority())
    taken = back(good)
    assert [each.signer for each in taken.signatures] == ["Phó Chủ tịch"]
    assert taken.pages == 1
    assert "không phải bản đã ban hành" in why(signed_elsewhere(sealed_on_top(), leaf, by=authority()))
    assert "chưa có chữ ký số nào" in why(issued())
    # signed along with what was laid over it
    assert "thêm hoặc sửa nội dung" in why(signed_elsewhere(with_overlay(issued()), leaf, by=authority()))
    stranger = Authority.new("Tổ chức lạ", since=SINCE)
    told = why(signed_elsewhere(issued(), stranger.leaf("Kẻ lạ", since=SINCE), by=stranger))
    assert told.startswith("Chữ ký của Kẻ lạ: Chứng thư số do tổ chức không có trong danh sách tin cậy")
    assert "bản mới nhất" in why(good, base=signed(), before=1, older=[hashlib.sha256(issued()).hexdigest()])


def test_a_seal_that_cannot_be_put_on_says_why_and_names_no_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def word(seal: Any, environ: dict[str, str] | None = None, at: datetime = SIGNED, pdf: bytes | None = None) -> str:
        with pytest.raises(SealingFailed) as failure:
            seal_pdf(pdf or issued(), seal, reason="", at=at, environ=ENVIRON if environ is None else environ)
        assert PASSPHRASE not in str(failure.value) + failure.value.vi
        return failure.value.word

    seal = body_seal()
    assert word(seal, {}) == "no_secret"
    assert word(seal, {"SEAL_OF_TESTS": "sai"}) == "wrong_secret"
    assert word(replace(seal, file=tmp_path / "gone.p12")) == "no_file"
    assert word(replace(seal, picture=tmp_path / "gone.png")) == "no_file"
    assert word(seal, at=SIGNED + timedelta(days=4000)) == "expired"
    assert word(seal, at=SINCE - timedelta(days=1)) == "expired"
    assert word(seal, pdf=b"%PDF-1.7 no more") == "unsignable"
    assert word(replace(seal, timestamps="http://127.0.0.1:9/tsa")) == "no_timestamp"
    assert word(replace(seal, kind="pkcs11", module=tmp_path / "gone.so", token="x", key="y")) == "no_token"
    assert PASSPHRASE not in caplog.text
    assert PASSPHRASE not in repr(seal)


def test_a_token_seals_and_a_wrong_pin_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not SOFTHSM.exists() or shutil.which("softhsm2-util") is None:
        pytest.skip("softhsm2 IS MISSING: signing with a PKCS#11 token is NOT TESTED here (apt-get install softhsm2)")
    import pkcs11
    from pkcs11.util.rsa import decode_rsa_private_key
    from pkcs11.util.x509 import decode_x509_certificate

    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path / 'tokens'}\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    init = ["softhsm2-util", "--init-token", "--free", "--label", "con-dau", "--so-pin", "00000000", "--pin", "73519428"]
    subprocess.run(init, check=True, capture_output=True)
    key, certificate = authority().leaf(CENTRE, since=SINCE, key=rsa.generate_private_key(65537, 2048))
    token = pkcs11.lib(str(SOFTHSM)).get_token(token_label="con-dau")
    with token.open(user_pin="73519428", rw=True) as session:
        der = key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        session.create_object({**decode_rsa_private_key(der), pkcs11.Attribute.TOKEN: True, pkcs11.Attribute.LABEL: "seal",
                               pkcs11.Attribute.SIGN: True, pkcs11.Attribute.PRIVATE: True, pkcs11.Attribute.ID: b"1"})
        session.create_object({**decode_x509_certificate(certificate.public_bytes(Encoding.DER)), pkcs11.Attribute.TOKEN: True,
                               pkcs11.Attribute.LABEL: "seal", pkcs11.Attribute.ID: b"1"})
    seal = replace(body_seal(), kind="pkcs11", module=SOFTHSM, token="con-dau", key="seal", secret="PIN")
    pdf = seal_pdf(issued(), seal, reason="Đóng dấu", at=SIGNED, environ={"PIN": "73519428"})
    assert judged(pdf) == [GOOD]
    assert found(pdf)[0].signer == CENTRE
    for changed, word in ((replace(seal, key="other"), "no_key"), (replace(seal, token="other"), "no_token")):
        with pytest.raises(SealingFailed) as failure:
            seal_pdf(issued(), changed, reason="", at=SIGNED, environ={"PIN": "73519428"})
        assert failure.value.word == word
    with pytest.raises(SealingFailed) as failure:
        seal_pdf(issued(), seal, reason="", at=SIGNED, environ={"PIN": "00000001"})
    assert failure.value.word == "wrong_secret"


