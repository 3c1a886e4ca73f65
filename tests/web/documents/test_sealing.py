"""A letter gets its signature and its seal, fails to and is tried again, comes back signed elsewhere, and is verified by anybody."""
from __future__ import annotations

import io
import json
import logging
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from flask import Flask
from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.documents.files import files_of, open_file
from casework.documents.numbering import give_number, strike_number
from casework.documents.offers import letters_to_offer, write_letter
from casework.documents.sealing import WAITS
from casework.documents.seals import Seal
from casework.models import DocumentNumber, Event, Letter, LetterFile, SealingOrder
from casework.rights.access_log import LookFilter, looks_logged
from reports.signing.sealing import seal_pdf
from tests import build
from tests.authority import PASSPHRASE, Authority
from tests.conftest import client_of
from tests.reports.seal_samples import CENTRE, LEADER, SIGNED, SINCE, authority, body_seal, issued, own_signature
from tests.reports.test_signing import found, signed_elsewhere, with_overlay
from tests.web.desk import Office
from tests.web.pages import hidden, words_of
from web.config import Config, SettingRefused
from web.demo.seals import demo_seals
from web.documents.making import make_letter_files
from web.documents.opening import open_seals, open_trust, refuse_unknown_bodies
from web.documents.sealing_job import seal_letters
from web.documents.verify import UPLOADS
from web.startup_checks import StartRefused

TODAY = date(2026, 3, 2)
HEAD = {"issuing_body": "Trung tâm IOC Lạc Dương", "symbol": "IOC", "place": "Lạc Dương", "signer_name": LEADER}
ROW = {"code": "LD-2026-000007", "title": "Rác ven suối Đạ Nghịt", "source": "citizen", "urgent": False, "days": 3,
       "due_at": "2026-02-27T17:00:00+00:00"}  # fmt: skip


@pytest.fixture
def office(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Office:
    """With the centre's seal and the signature of one person, and their passphrase."""
    office = Office(sqlite_app)
    monkeypatch.setitem(sqlite_app.extensions, "seals", {each.name: each for each in (body_seal(), own_signature())})
    monkeypatch.setitem(sqlite_app.extensions, "trust", (authority().pem.decode(),))
    monkeypatch.setenv("SEAL_OF_TESTS", PASSPHRASE)
    return office


def numbered(office: Office) -> str:
    """A letter that has its number and its file."""
    with unit_of_work():
        row = Letter(
            kind="late_list", centre_id=office.world.centre.id, agency_id=office.world.agencies["PTNMT"].id, made_at=build.NOON,
            made_by_id=office.world.people["operator"].id, reply_by=date(2026, 3, 9),
            content={"head": HEAD, "on": TODAY.isoformat(), "to": "Phòng TNMT", "rows": [ROW], "words": "", "phone": ""},
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        ref = row.ref
        give_number(row, on=TODAY, by=office.world.actor("records_clerk"), now=office.moment)
    make_letter_files(office.app, office.app.extensions["file_store"], now=office.moment)
    return ref


def work(office: Office, *, later: timedelta = timedelta(0)) -> None:
    seal_letters(office.app, office.app.extensions["file_store"], now=office.moment + later)


def kept(office: Office, ref: str) -> list[tuple[str, bytes]]:
    db.session.rollback()
    letter = db.session.scalars(select(Letter).where(Letter.ref == ref)).one()
    return [(row.kind, open_file(row, store=office.app.extensions["file_store"]).read()) for row in files_of(letter)]


def order(ref: str) -> SealingOrder:
    db.session.rollback()
    query = select(SealingOrder).join(Letter, Letter.id == SealingOrder.letter_id).where(Letter.ref == ref)
    return db.session.scalars(query.order_by(SealingOrder.id.desc())).first()  # type: ignore[return-value]


def hand_in(office: Office, name: str, ref: str, pdf: bytes) -> tuple[int, str]:
    answer = office.post(name, f"/documents/{ref}/signed", file=(io.BytesIO(pdf), "ky.pdf"))
    return answer.status_code, words_of(answer)


def verified(office: Office, pdf: bytes) -> tuple[int, str]:
    answer = client_of(office.app).post("/verify", data={"file": (io.BytesIO(pdf), "x.pdf")}, content_type="multipart/form-data")
    return answer.status_code, words_of(answer)


@pytest.mark.exhaustive
def test_a_letter_is_signed_sealed_and_verified_by_anybody(office: Office, monkeypatch: pytest.MonkeyPatch,
                                                           caplog: pytest.LogCaptureFixture) -> None:
    for name in ("pyhanko", "pyhanko_certvalidator", "langbiang"):
        caplog.set_level(logging.DEBUG, name)
    ref = numbered(office)
    page = f"/documents/{ref}"
    # who may use which: the clerk the centre's seal, the person their own signature, nobody else either
    told = office.words("records_clerk", page)
    assert "Con dấu được đóng sau khi người ký văn bản đã ký" in told
    assert "Đóng dấu: Con dấu Trung tâm" not in told, "the person signs first (NĐ 30/2020, Điều 13 and 17)"
    assert "Ký: Chữ ký lãnh đạo" in office.words("ops_lead", page)
    assert "Chữ ký lãnh đạo" not in office.words("records_clerk", page)
    assert "Con dấu Trung tâm" not in office.words("ops_lead", page)
    assert "Đóng dấu" not in office.words("operator", page)
    for name, seal in (("operator", "centre"), ("ops_lead", "centre"), ("records_clerk", "leader"), ("leader_PTNMT", "centre")):
        assert office.post(name, f"{page}/seals", seal=seal).status_code == 403
    assert office.post("records_clerk", f"{page}/seals", seal="other").status_code == 404
    assert office.post("records_clerk", f"{page}/seals", seal="centre").status_code == 302
    assert "chưa có chữ ký của người ký" in office.words("records_clerk", page)
    assert order(ref) is None

    # a wrong passphrase ends it at once, with its reason and a button; a missing file is tried again, longer and longer
    monkeypatch.setenv("SEAL_OF_TESTS", "một mật khẩu sai")
    assert office.post("ops_lead", f"{page}/seals", seal="leader").status_code == 302
    assert office.post("ops_lead", f"{page}/seals", seal="leader").status_code == 302
    assert "đang chờ ký số" in office.words("ops_lead", page)
    work(office)
    told = office.words("ops_lead", page)
    assert "Ký số không thành công" in told
    assert "không đúng. Hệ thống không tự thử lại" in told
    assert "Thử lại" in told
    assert order(ref).attempts == 1
    monkeypatch.setenv("SEAL_OF_TESTS", PASSPHRASE)
    with monkeypatch.context() as patch:
        gone = {**office.app.extensions["seals"], "leader": replace(own_signature(), file=Path("/nowhere/leader.p12"))}
        patch.setitem(office.app.extensions, "seals", gone)
        assert office.post("ops_lead", f"{page}/seals/{order(ref).ref}/retry").status_code == 302
        for wait in WAITS:
            work(office, later=order(ref).due_at - office.moment)
            assert (order(ref).state, order(ref).error) == ("waiting", "no_file")
            assert order(ref).due_at - office.moment >= wait
        assert "được thử lại lúc" in office.words("ops_lead", page)
        work(office, later=order(ref).due_at - office.moment)
        assert (order(ref).state, order(ref).error) == ("failed", "no_file")
    assert office.post("ops_lead", f"{page}/seals/{order(ref).ref}/retry").status_code == 302
    work(office)
    assert "Đóng dấu: Con dấu Trung tâm" in office.words("records_clerk", page)
    assert office.post("records_clerk", f"{page}/seals", seal="centre").status_code == 302
    work(office)
    assert office.post("records_clerk", f"{page}/seals", seal="centre").status_code == 302
    assert "đã có chữ ký" in office.words("records_clerk", page)
    told = office.words("operator", page)
    assert LEADER in told
    assert CENTRE in told
    assert "Chứng thư số do tổ chức chứng thực mà hệ thống tin cậy cấp" in told
    files = kept(office, ref)
    assert [kind for kind, _pdf in files] == ["issued", "sealed", "sealed"]
    assert files[2][1].startswith(files[1][1])
    assert files[1][1].startswith(files[0][1])
    types = list(db.session.scalars(select(Event.type).where(Event.stream.like("book:%")).order_by(Event.id)))
    assert types == ["give_number", "ask_seal", "seal_letter", "ask_seal", "seal_letter"]
    assert PASSPHRASE not in caplog.text
    assert "một mật khẩu sai" not in caplog.text

    # anybody: by the file, by the code on the paper; nothing of the matter
    for _kind, pdf in files:
        status, told = verified(office, pdf)
        assert status == 200
        assert "Xác thực" in told or "Nguyên bản" in told, told
        assert "01/IOC" in told
        assert "02/03/2026" in told
        assert "Trung tâm IOC Lạc Dương" in told
        assert (LEADER in told) == (pdf is not files[0][1])
        assert not any(word in told for word in ("LD-2026-000007", "Đạ Nghịt", "Phòng TNMT"))
    told = words_of(client_of(office.app).get(f"/verify/{ref}"))
    assert "Đã ban hành, còn giá trị" in told
    assert "01/IOC" in told
    assert not any(word in told for word in ("LD-2026-000007", "Đạ Nghịt", "Phòng TNMT"))
    assert client_of(office.app).get("/verify/0000000000000000").status_code == 404
    sealed = files[2][1]
    status, told = verified(office, with_overlay(sealed))
    assert status == 200
    assert "Chúng tôi không biết tệp này" in told
    assert "mở đầu như văn bản của chúng tôi" in told
    assert "đã được thêm hoặc sửa" in told
    changed = bytearray(sealed)
    changed[changed.index(b"stream\n") + 30] ^= 1
    status, told = verified(office, bytes(changed))
    assert "đã bị thay đổi sau khi ký" in told
    assert "01/IOC" not in told
    monkeypatch.setattr("web.documents.verify.MOST_BYTES", 300_000)
    for pdf, word in ((b"", "chọn tệp PDF"), (b"GIF89a", "không phải tệp PDF"), (b"%PDF-1.7 cut", "bị hỏng"), (bytes(300_001), "25 MB")):
        status, told = verified(office, pdf)
        assert status == 422
        assert word in told, told
    for _ in range(UPLOADS.most):
        status, told = verified(office, b"")
    assert status == 429
    assert "quá nhiều lần" in told
    with unit_of_work():
        strike_number(db.session.scalars(select(DocumentNumber)).one(), reason="Soạn nhầm đơn vị.", by=office.world.actor("records_clerk"),
                      now=office.moment)
    told = words_of(client_of(office.app).get(f"/verify/{ref}"))
    assert "Đã hủy số, không còn giá trị" in told
    assert "Soạn nhầm" not in told
    assert office.post("records_clerk", f"{page}/seals", seal="centre").status_code == 302
    assert order(ref).state == "sealed", "what was taken back gets no seal"


def looks(office: Office) -> list[tuple[str, str, str]]:
    """What an inspector reads of who took papers out: who, on what occasion, which."""
    found = looks_logged(office.world.actor("inspector"), LookFilter()).looks
    return [(each.login, each.occasion.en, each.file) for each in found]


def test_who_seals_what_they_do_not_read_fetches_it_and_that_is_written_down(office: Office) -> None:
    ref = numbered(office)
    address = f"/documents/{ref}/file"
    assert "Đạ Nghịt" not in office.words("records_clerk", f"/documents/{ref}")
    assert "Mỗi lần tải tệp đều được ghi lại" in office.words("records_clerk", f"/documents/{ref}")
    assert looks(office) == [], "to look at the page is no look at the paper"
    answer = office.get("records_clerk", address)
    assert (answer.status_code, answer.data) == (200, kept(office, ref)[0][1]), "the very bytes that are to be signed"
    assert office.get("records_clerk", address + "?file=unknown").status_code == 404
    assert looks(office) == [("records_clerk", "Downloaded a file", "Công văn nhắc hồ sơ trễ hạn 01/IOC")]
    assert "Tải văn bản số 01 về để ký hoặc đóng dấu" in office.words("records_clerk", "/documents/books")
    # the addressee neither signs nor seals it; who has a whole case in sight leaves no look
    assert office.get("leader_PTNMT", address).status_code == 404
    assert len(looks(office)) == 1

    case, operator = build.case_at(office.world, "handling"), office.world.actor("operator")
    with unit_of_work():
        [slip] = [each for each in letters_to_offer(lock_case(case.id), operator) if each.kind.key == "transfer_slip"]
        letter = write_letter(lock_case(case.id), slip, by=operator, now=office.moment)
        give_number(letter, on=TODAY, by=office.world.actor("records_clerk"), now=office.moment)
        other = letter.ref
    make_letter_files(office.app, office.app.extensions["file_store"], now=office.moment)
    assert [office.get(name, f"/documents/{other}/file").status_code for name in ("operator", "records_clerk")] == [200, 200]
    assert looks(office)[0] == ("records_clerk", "Downloaded a file", "Phiếu chuyển 02")
    assert len(looks(office)) == 2
    page = looks_logged(office.world.actor("inspector"), LookFilter(code=case.code)).looks
    assert [(each.login, each.code) for each in page] == [("records_clerk", case.code)], "asked for by the code of the case"
    assert "Tải văn bản" in office.words("operator", f"/cases/{case.ref}?tab=all")


@pytest.mark.exhaustive
def test_a_copy_signed_elsewhere_is_handed_in(office: Office) -> None:
    ref = numbered(office)
    paper = kept(office, ref)[0][1]
    leaf, stranger = authority().leaf("Phó Chủ tịch", since=SINCE), Authority.new("Tổ chức lạ", since=SINCE)
    assert office.get("operator", f"/documents/{ref}/signed").status_code == 403
    assert office.get("leader_PTNMT", f"/documents/{ref}/signed").status_code == 404, "the addressee is not who issues"
    assert "Nộp tệp đã ký" in office.words("records_clerk", f"/documents/{ref}/signed")
    for pdf, reason in (
        (b"", "Vui lòng chọn tệp"), (paper, "chưa có chữ ký số nào mới"), (b"%PDF-1.7 other" * 9000, "không phải bản đã ban hành"),
        (signed_elsewhere(paper, stranger.leaf("Kẻ lạ", since=SINCE), by=stranger), "Chữ ký của Kẻ lạ: Chứng thư số do tổ chức không"),
    ):  # fmt: skip
        status, told = hand_in(office, "records_clerk", ref, pdf)
        assert status == 422
        assert reason in told
    assert [kind for kind, _pdf in kept(office, ref)] == ["issued"]
    signed = signed_elsewhere(paper, leaf, by=authority())
    # nobody is named to sign for the centre: the clerk sees whose certificate it is, and says that they may
    answer = office.post("records_clerk", f"/documents/{ref}/signed", file=(io.BytesIO(signed), "ky.pdf"))
    assert answer.status_code == 200
    assert "Phó Chủ tịch" in words_of(answer)
    assert "Tổ chức chứng thực thử" in words_of(answer)
    token = hidden(answer.text, "kept")
    assert [kind for kind, _pdf in kept(office, ref)] == ["issued"]
    assert office.post("records_clerk", f"/documents/{ref}/signed", kept=token).status_code == 200, "asked again"
    for name, sent in (("records_clerk", token + "x"), ("ops_lead", token)):
        answer = office.post(name, f"/documents/{ref}/signed", kept=sent, is_right="yes")
        assert (answer.status_code, "chọn lại tệp" in words_of(answer)) == (422, True)
    assert office.post("records_clerk", f"/documents/{ref}/signed", kept=token, is_right="yes").status_code == 302
    assert kept(office, ref)[-1] == ("returned", signed)
    assert db.session.scalars(select(Event.payload).where(Event.type == "return_signed")).one()["is_vouched"] is True
    row = db.session.scalars(select(LetterFile).where(LetterFile.kind == "returned")).one()
    assert [each["signer"] for each in row.signatures] == ["Phó Chủ tịch"]
    assert "Đã ký, đóng dấu" in office.words("records_clerk", f"/documents/{ref}")
    assert "Phó Chủ tịch" in verified(office, signed)[1]
    # the seal goes onto the signed copy, and what is signed on the old one comes too late
    assert office.post("records_clerk", f"/documents/{ref}/seals", seal="centre").status_code == 302
    work(office)
    kind, sealed = kept(office, ref)[-1]
    assert kind == "sealed"
    assert sealed.startswith(signed)
    status, told = hand_in(office, "ops_lead", ref, signed_elsewhere(paper, leaf, by=authority()))
    assert status == 422
    assert "bản mới nhất" in told


@pytest.mark.exhaustive
def test_who_is_named_to_sign_for_a_body_signs_for_it_and_nobody_else(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = numbered(office)
    paper, deputy = kept(office, ref)[0][1], authority().leaf("Phó Chủ tịch", since=SINCE)
    digest = deputy[1].fingerprint(hashes.SHA256()).hex()

    def named(*signers: str, **more: str) -> None:
        seals = {**office.app.extensions["seals"], "ngoai": Seal("ngoai", Bilingual("Ký nơi khác", "Elsewhere"), "LD", kind="elsewhere",
                                                                signers=signers, **more)}  # fmt: skip
        monkeypatch.setitem(office.app.extensions, "seals", seals)

    named("Chủ tịch")
    assert "Ký nơi khác" not in office.words("records_clerk", f"/documents/{ref}"), "nothing one could seal with here"
    status, told = hand_in(office, "records_clerk", ref, signed_elsewhere(paper, deputy, by=authority()))
    assert (status, "Chứng thư của Phó Chủ tịch không có trong danh sách" in told) == (422, True)
    named("Chủ tịch", agency="PTNMT")
    assert hand_in(office, "records_clerk", ref, signed_elsewhere(paper, deputy, by=authority()))[0] == 200, "named for another body"
    for signer, each in (("Phó Chủ tịch", ref), (digest, numbered(office))):
        named("Chủ tịch", signer)
        assert hand_in(office, "records_clerk", each, signed_elsewhere(kept(office, each)[0][1], deputy, by=authority()))[0] == 302
        assert [kind for kind, _pdf in kept(office, each)] == ["issued", "returned"]


@pytest.mark.exhaustive
def test_what_holds_of_a_seal_today_is_told_and_a_newer_list_is_read_by_itself(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(office.app.config, "TRUST", tmp_path)
    ref = numbered(office)
    assert office.post("ops_lead", f"/documents/{ref}/seals", seal="leader").status_code == 302
    work(office)
    pdf, page = kept(office, ref)[-1][1], f"/verify/{ref}"
    [row] = db.session.scalars(select(LetterFile.signatures).where(LetterFile.kind == "sealed")).one()
    serial, anybody = int(row["chain"][-1][1], 16), client_of(office.app)
    assert "còn hiệu lực vào thời gian ký" in words_of(anybody.get(page))
    assert "không có danh sách thu hồi" in words_of(anybody.get(page))
    made = office.moment
    (tmp_path / "root.crl").write_bytes(authority().revocation_list(on=made))
    assert "không có trong danh sách thu hồi ngày" in words_of(anybody.get(page))
    office.clock(made + timedelta(days=30))
    (tmp_path / "root.crl").write_bytes(authority().revocation_list((serial, made + timedelta(days=20)), on=made + timedelta(days=21)))
    for told in (words_of(anybody.get(page)), verified(office, pdf)[1], office.words("records_clerk", f"/documents/{ref}")):
        assert "đã bị thu hồi ngày" in told
        assert "chữ ký có từ trước đó" in told, "we have had the file since before"
    # it is put on nothing more, and a file that is not ours proves nothing by the time it names
    other = numbered(office)
    assert office.post("ops_lead", f"/documents/{other}/seals", seal="leader").status_code == 302
    work(office)
    assert (order(other).state, order(other).error) == ("failed", "revoked")
    assert "không có gì chứng minh" in verified(office, pdf + b"\n")[1]
    # a list nobody can read leaves what was known
    (tmp_path / "root.crl").write_bytes(b"none at all")
    assert "đã bị thu hồi ngày" in words_of(anybody.get(page))
    office.clock(made + timedelta(days=4000))
    (tmp_path / "root.crl").unlink()
    assert "nay đã hết hạn" in words_of(anybody.get(page))


def test_seals_are_read_at_the_start_and_what_is_missing_is_named(tmp_path: Path, sqlite_app: Flask) -> None:
    file = authority().file(tmp_path / "seal.p12", CENTRE, since=SINCE)
    good = {"name": {"vi": "Con dấu", "en": "Seal"}, "centre": "LD", "file": file.name, "passphrase_variable": "SEAL_LD"}
    where, secrets = tmp_path / "seals.json", {"SEAL_LD": PASSPHRASE}

    def opened(told: Any, environ: dict[str, str] = secrets) -> Any:
        where.write_text(told if isinstance(told, str) else json.dumps(told), encoding="utf-8")
        return open_seals(Config.from_environment({"LANGBIANG_DATA": str(tmp_path), "LANGBIANG_SEALS": str(where)}), environ)

    def why(told: Any, environ: dict[str, str] = secrets) -> str:
        with pytest.raises(SettingRefused) as refusal:
            opened(told, environ)
        assert PASSPHRASE not in str(refusal.value)
        return str(refusal.value)

    build.standard_world()
    seals = opened({"trung-tam": good, "don-vi": {**good, "agency": "PTNMT"}, "sai": {**good, "agency": "KHONG-CO"}})
    assert seals["trung-tam"].file == file
    assert PASSPHRASE not in repr(seals)
    with pytest.raises(StartRefused, match=r"seal 'sai': there is no agency 'KHONG-CO' of centre 'LD'\."):
        refuse_unknown_bodies(seals)
    demo = Config.from_environment({"LANGBIANG_DATA": str(tmp_path), **demo_seals(tmp_path / "demo")})
    refuse_unknown_bodies(open_seals(demo, {}))
    assert [each.signer for each in open_seals(demo, {}).values()] == ["body", "person"]
    assert "minh họa" in found(seal_pdf(issued(), open_seals(demo, {})["chu-ky-lanh-dao"], reason="", at=SIGNED))[0].signer
    (tmp_path / "word").write_text(PASSPHRASE + "\n")
    by_file = {key: value for key, value in good.items() if key != "passphrase_variable"} | {"passphrase_file": "word"}
    assert opened({"a": by_file}, {})["a"].secret_file == tmp_path / "word"
    for told, environ, sentence in (
        ("{", secrets, "this is no JSON (line 1)"), ("[]", secrets, "an object of seals by name"),
        ({"Dấu": good}, secrets, "small letters"),
        ({"a": good}, {}, "the environment variable SEAL_LD is not set"),
        ({"a": {**good, "file": "gone.p12"}}, secrets, "there is no such file"),
        ({"a": {**good, "fiel": "x"}}, secrets, "did you mean 'file'?"), ({"a": {**good, "kind": "usb"}}, secrets, "pkcs12 and pkcs11"),
        ({"a": {**good, "passphrase_file": "word"}}, secrets, "one of passphrase_variable and passphrase_file"),
        ({"a": {**good, "passphrase_variable": "LANGBIANG_SEAL"}}, secrets, "does not begin with LANGBIANG_"),
        ({"a": {**good, "timestamps": "http://tsa.example.vn"}}, secrets, "timestamps is 'http://tsa.example.vn': allowed is an https://"),
        ({"a": {**good, "picture": "word"}}, secrets, "picture has to be a PNG"),
        ({"a": {**good, "chain": "word"}}, secrets, "no certificate"),
        ({"a": {**good, "name": {"vi": "x"}}}, secrets, "in vi and en"), ({"a": {**good, "centre": ""}}, secrets, "centre is missing"),
        ({"a": {**good, "kind": "pkcs11", "pin_variable": "SEAL_LD"}}, secrets, "module is missing"),
    ):  # fmt: skip
        assert sentence in why(told, environ), (why(told, environ), sentence)
    config = Config.from_environment({"LANGBIANG_DATA": str(tmp_path), "LANGBIANG_TRUST": str(tmp_path)})
    with pytest.raises(SettingRefused, match="there is no certificate in it"):
        open_trust(config)
    (tmp_path / "root.pem").write_bytes(authority().pem)
    assert open_trust(config) == (authority().pem.decode(),)
    elsewhere = {"name": good["name"], "centre": "LD", "kind": "elsewhere", "signers": ["Phó Chủ tịch ", "AB:" * 31 + "AB"]}
    assert opened({"ngoai": elsewhere}, {})["ngoai"].signers == ("Phó Chủ tịch", "ab" * 32)
    assert "signers has to list" in why({"ngoai": {**elsewhere, "signers": []}})
    (tmp_path / "root.crl").write_bytes(Authority.new("Tổ chức lạ", since=SINCE).revocation_list(on=SINCE))
    with pytest.raises(SettingRefused, match=r"root\.crl': no certificate next to it has signed it"):
        open_trust(config)
    (tmp_path / "root.crl").write_bytes(authority().revocation_list(on=SINCE))
    assert open_trust(config) == (authority().pem.decode(),)
    (tmp_path / "other.crt").write_text("none")
    with pytest.raises(SettingRefused, match="holds no certificate in PEM form"):
        open_trust(config)
