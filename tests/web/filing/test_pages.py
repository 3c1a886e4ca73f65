"""Sending a report without JavaScript: what was typed and photographed stays over every correction, and one form makes one report."""
from __future__ import annotations

import io
import re
import threading
from datetime import timedelta
from typing import Any

import pypdf
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from casework.db import db, unit_of_work
from casework.intake.file_report import Filed, original_words, place_words
from casework.models import Centre, Field, File, Photo, Report
from casework.photos.records import photos_of_report
from casework.places.points import point_of
from casework.rate_limits import Limit
from tests import build
from tests.conftest import client_of, on_sqlite, running
from tests.second_centre import second_world
from tests.web.pages import at, hidden, signed_in, words_of
from tests.with_photos import jpeg
from web.config import Config
from web.filing import pages as filing
from web.filing import submit as filed_forms
from workflows.models import WaitingTask

NOON = build.NOON


@pytest.fixture
def world(app: Flask) -> build.World:
    at(app, NOON)
    return build.standard_world()


def opened(client: FlaskClient) -> dict[str, Any]:
    """The hidden fields of a fresh form."""
    page = client.get("/reports/new").get_data(as_text=True)
    return {name: hidden(page, name) for name in ("photos_token", "idempotency_key")}


def filled(world: build.World, client: FlaskClient, **fields: Any) -> dict[str, Any]:
    typed = {"words": "Ổ gà sâu, nước đọng.\nXe máy dễ ngã.", "area": world.area.ref, "contact": "0912 345 678", "consent": "y",
             "act": "send"}
    return opened(client) | typed | fields


def sent_off(client: FlaskClient, form: dict[str, Any]) -> TestResponse:
    """The receipt the form leads to."""
    return client.get(client.post("/reports/new", data=form).location)


def photo(name: str = "anh.jpg", data: bytes | None = None, colour: str = "olive") -> tuple[io.BytesIO, str]:
    return io.BytesIO(data if data is not None else jpeg(colour)), name


def reports() -> list[Report]:
    return list(db.session.scalars(select(Report).order_by(Report.id)))


def test_a_guest_sends_a_report_and_gets_a_receipt_with_code_and_secret(world: build.World, client: FlaskClient) -> None:
    sent = client.post("/reports/new", data=filled(world, client, photos=[photo()], village="Thôn Păng Tiêng", place="Trước chợ",
                                                   latitude="12.05", longitude="108.4", accuracy="15"))
    [report] = reports()
    assert sent.status_code == 302
    assert sent.location == f"/reports/{report.code}/receipt"
    assert original_words(report) == "Ổ gà sâu, nước đọng.\nXe máy dễ ngã."
    assert (place_words(report), report.area_id, point_of(report)) == ("Trước chợ", world.area.id, (12.05, 108.4, 15.0))
    assert len(photos_of_report(report)) == 1
    assert db.session.scalars(select(WaitingTask.element)).all() == ["verify"]
    receipt = words_of(client.get(sent.location))
    for words in (report.code, "15:30 02/03/2026", "10:00 02/03/2026", "Thôn Păng Tiêng, Xã Lát"):
        assert words in receipt
    assert re.search(r"\b[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}\b", receipt)


@on_sqlite
def test_the_receipt_as_pdf_says_the_same_and_is_kept_by_nobody(world: build.World, client: FlaskClient) -> None:
    page = sent_off(client, filled(world, client))
    secret = re.search(r"\b[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}\b", words_of(page))
    answer = client.get(f"/reports/{reports()[0].code}/receipt.pdf")
    assert answer.mimetype == "application/pdf"
    assert page.headers["Cache-Control"] == answer.headers["Cache-Control"] == "private, no-store"
    assert secret
    assert secret[0] in pypdf.PdfReader(io.BytesIO(answer.data)).pages[0].extract_text()


@pytest.mark.exhaustive
def test_the_receipt_is_drawn_so_often_and_then_shown_as_a_page(world: build.World, client: FlaskClient) -> None:
    client.post("/reports/new", data=filled(world, client))
    code = reports()[0].code
    address = f"/reports/{code}/receipt"
    assert [client.get(f"{address}.pdf").status_code for _ in range(11)] == [200] * 10 + [302]
    assert client.get(f"{address}.pdf").location == address
    page = words_of(client.get(address))
    assert "thử lại từ" in page
    assert code in page


@on_sqlite
def test_a_form_of_thousands_of_fields_is_refused_before_it_is_read(world: build.World, client: FlaskClient) -> None:
    answer = client.post("/reports/new", data={f"field{number}": "x" for number in range(1_001)}, content_type="multipart/form-data")
    assert answer.status_code == 413


@on_sqlite
def test_the_secret_is_in_no_address_and_not_readable_in_the_cookie(world: build.World, client: FlaskClient) -> None:
    page = sent_off(client, filled(world, client))
    found = re.search(r"\b[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}\b", words_of(page))
    assert found
    text = page.get_data(as_text=True)
    links = " ".join(re.findall(r'(?:href|src|action)="([^"]*)"', text))
    cookies = " ".join(str(cookie.value) for cookie in client._cookies.values())
    for shown in (found[0], found[0].replace("-", "")):
        assert shown not in links
        assert shown not in cookies


@on_sqlite
def test_another_browser_sees_neither_receipt_nor_report(world: build.World, app: Flask, client: FlaskClient) -> None:
    client.post("/reports/new", data=filled(world, client))
    code = reports()[0].code
    stranger = client_of(app)
    for address in (f"/reports/{code}/receipt", f"/reports/{code}/receipt.pdf", f"/mine/{code}"):
        assert stranger.get(address).status_code == 404


@on_sqlite
def test_a_refused_photo_is_named_and_everything_else_stays(world: build.World, client: FlaskClient) -> None:
    form = filled(world, client, photos=[photo("toi.gif", b"GIF89a...."), photo("duong.jpg")], village="Thôn Păng Tiêng", urgent="y",
                  field="do_thi", contact="0912 345 67")
    answer = client.post("/reports/new", data=form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "«toi.gif»" in page
    assert "Số điện thoại còn thiếu 1 chữ số." in page
    for kept in ("Ổ gà sâu, nước đọng.", "Thôn Păng Tiêng", 'value="0912 345 67"', f'<option selected value="{world.area.ref}">',
                 f'value="{form["photos_token"]}"', f'value="{form["idempotency_key"]}"'):
        assert kept in page, kept
    assert re.search(r'<input[^>]*checked[^>]*name="urgent"', page)
    assert '<option selected value="do_thi">' in page
    assert page.count("/centre/thumb") == 1
    assert client.get(re.search(r'src="(/photos/[^"]+)"', page)[1]).status_code == 200  # type: ignore[index]
    assert reports() == []


def test_a_photo_kept_over_a_correction_arrives_with_the_report(world: build.World, client: FlaskClient) -> None:
    form = filled(world, client)
    client.post("/reports/new", data=form | {"photos": [photo()], "consent": ""})
    client.post("/reports/new", data=form)
    assert len(photos_of_report(reports()[0])) == 1


@on_sqlite
def test_photos_can_be_uploaded_and_taken_out_without_script_and_without_errors(world: build.World, client: FlaskClient) -> None:
    form = opened(client) | {"words": "Đang gõ dở"}
    page = client.post("/reports/new", data=form | {"act": "files", "photos": [photo("a.jpg", colour="red"), photo("b.jpg")]})
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "data-errors" not in text
    assert "Đang gõ dở" in text
    assert text.count("/centre/thumb") == 2
    ref = re.findall(r'name="remove" value="([^"]+)"', text)[0]
    text = client.post("/reports/new", data=form | {"remove": ref}).get_data(as_text=True)
    assert text.count("/centre/thumb") == 1
    assert ref not in text
    assert "Đang gõ dở" in text


@on_sqlite
def test_the_first_button_of_the_form_sends_it(world: build.World, client: FlaskClient) -> None:
    form = opened(client)
    page = client.post("/reports/new", data=form | {"act": "files", "photos": [photo()]}).get_data(as_text=True)
    first = re.findall(r"<button[^>]*>", page[page.index('enctype="multipart/form-data"'):])[0]
    assert 'value="send"' in first


def test_the_same_photo_sent_twice_is_kept_once_and_the_seventh_is_refused(world: build.World, client: FlaskClient) -> None:
    form = opened(client) | {"act": "files"}
    for _ in range(2):
        client.post("/reports/new", data=form | {"photos": [photo()]})
    assert db.session.scalar(select(func.count()).select_from(Photo)) == 1
    many = [photo(f"{number}.jpg", jpeg(f"rgb({number * 20},0,0)")) for number in range(7)]
    page = client.post("/reports/new", data=form | {"photos": many}).get_data(as_text=True)
    assert "Tối đa 6 ảnh" in page
    assert page.count("/centre/thumb") == 6


def test_a_form_sent_twice_makes_one_report_and_shows_the_same_secret(world: build.World, client: FlaskClient) -> None:
    form = filled(world, client)
    pages = [words_of(sent_off(client, form)) for _ in range(2)]
    assert len(reports()) == 1
    secrets = [re.search(r"\b[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}\b", page)[0] for page in pages]  # type: ignore[index]
    assert secrets[0] == secrets[1]


@pytest.mark.exhaustive(but=3)
@pytest.mark.parametrize("other", [
    {"words": "Cây đổ chắn đường."}, {"place": "Gần cầu"}, {"contact": "0987 654 321"}, {"latitude": "12.05", "longitude": "108.4"}])
def test_another_report_with_the_form_of_the_first_is_kept_and_sent_by_itself(
    world: build.World, client: FlaskClient, other: dict[str, str]
) -> None:
    form = filled(world, client, photos=[photo()])
    client.post("/reports/new", data=form)
    second = form | {"village": "Thôn Păng Tiêng"} | other | {"photos": [photo("cay.jpg", colour="red")]}
    answer = client.post("/reports/new", data=second)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f"đã được tiếp nhận với mã {reports()[0].code}" in page
    assert len(reports()) == 1
    assert 'value="Thôn Păng Tiêng"' in page
    assert page.count("/centre/thumb") == 1
    for value in other.values():
        assert value in page
    fresh = {name: hidden(page, name) for name in ("photos_token", "idempotency_key")}
    assert fresh["idempotency_key"] != form["idempotency_key"]
    again = second | {"photos": []} | fresh
    sent = [client.post("/reports/new", data=again).location for _ in range(2)]
    assert sent[0] == sent[1] == f"/reports/{reports()[1].code}/receipt"
    assert [len(photos_of_report(report)) for report in reports()] == [1, 1]


@on_sqlite
@pytest.mark.parametrize(("fields", "words"), [
    ({"words": " "}, "Vui lòng cho biết nội dung phản ánh, bằng chữ hoặc bằng lời ghi âm."),
    ({"area": ""}, "Chọn nơi trên bản đồ, hoặc viết thôn, tổ, đường."),
    ({"consent": ""}, "Vui lòng đọc và đồng ý"),
    ({"contact": ""}, "Vui lòng để lại số điện thoại hoặc thư điện tử"),
    ({"contact": "khong@phai-thu"}, "Thư điện tử thiếu phần đuôi"),
    ({"area": "", "latitude": "999", "longitude": "x"}, "Chọn nơi trên bản đồ"),
])
def test_what_is_missing_is_said_and_nothing_is_filed(world: build.World, client: FlaskClient, fields: dict[str, str], words: str) -> None:
    answer = client.post("/reports/new", data=filled(world, client, **fields))
    assert answer.status_code == 422
    assert words in words_of(answer)
    assert reports() == []


@on_sqlite
def test_consent_is_never_ticked_beforehand(world: build.World, client: FlaskClient) -> None:
    page = client.get("/reports/new").get_data(as_text=True)
    assert not re.search(r'<input[^>]*checked[^>]*name="consent"', page)


def own_field(centre: Centre, code: str, name: str, **columns: Any) -> None:
    with unit_of_work():
        db.session.add(Field(centre_id=centre.id, service_code=code, name_vi=name, name_en=name, position=1, hint_vi="", hint_en="",
                             valid_from=build.LONG_AGO, **columns))


def test_the_fields_offered_are_those_of_the_centre_that_gets_the_report(world: build.World, client: FlaskClient) -> None:
    other = second_world(world)
    own_field(other.centre, "kenh_muong", "Kênh mương Đơn Dương")
    own_field(world.centre, "rung_dat_moi_truong", "Rừng và suối Lạc Dương")
    page = words_of(client.get("/reports/new"))
    assert "Kênh mương Đơn Dương" not in page, "nothing chosen yet: those of the centre that takes what no other does"
    assert "Rừng và suối Lạc Dương" in page
    form = filled(world, client, area=other.area.ref, field="kenh_muong", contact="")
    again = words_of(client.post("/reports/new", data=form))
    assert "Kênh mương Đơn Dương" in again
    assert "Rừng và suối Lạc Dương" not in again
    assert client.post("/reports/new", data=form | {"contact": "0912 345 678"}).status_code == 302
    [report] = reports()
    assert (report.centre_id, db.session.get_one(Field, report.field_id).service_code) == (other.centre.id, "kenh_muong")


@on_sqlite
def test_a_field_of_another_centre_is_none_for_this_one(world: build.World, client: FlaskClient) -> None:
    own_field(second_world(world).centre, "kenh_muong", "Kênh mương Đơn Dương", allows_anonymous=True)
    assert client.post("/reports/new", data=filled(world, client, field="kenh_muong", contact="")).status_code == 422
    assert client.post("/reports/new", data=filled(world, client, field="kenh_muong")).status_code == 302
    assert reports()[0].field_id is None


@on_sqlite
def test_who_leaves_no_contact_is_warned_beforehand(world: build.World, client: FlaskClient) -> None:
    assert "và có thể không kiểm chứng được" in words_of(client.get("/reports/new"))


@on_sqlite
def test_an_urgent_report_is_taken_without_a_contact(world: build.World, client: FlaskClient) -> None:
    assert client.post("/reports/new", data=filled(world, client, contact="", urgent="y")).status_code == 302
    reporter = reports()[0].reporter
    assert reporter is not None
    assert reporter.is_anonymous


@on_sqlite
def test_a_citizen_signed_in_is_not_asked_who_they_are(world: build.World, app: Flask, client: FlaskClient) -> None:
    signed_in(app, client, world.people["citizen"], now=NOON)
    assert 'name="contact"' not in client.get("/reports/new").get_data(as_text=True)
    client.post("/reports/new", data=filled(world, client, contact=""))
    reporter = reports()[0].reporter
    assert reporter is not None
    assert reporter.account_id == world.people["citizen"].id


@on_sqlite
def test_a_member_of_staff_reports_as_anybody(world: build.World, app: Flask, client: FlaskClient) -> None:
    signed_in(app, client, world.people["officer_PTNMT"], now=NOON)
    client.post("/reports/new", data=filled(world, client))
    [report] = reports()
    assert report.filed_by_id is None
    assert report.reporter is not None
    assert report.reporter.account_id is None


def test_one_network_cannot_send_without_end(world: build.World, app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filing, "NETWORK", Limit("test", 2, timedelta(hours=1)))
    form = filled(world, client, consent="")
    assert [client.post("/reports/new", data=form).status_code for _ in range(3)] == [422, 422, 429]


@pytest.mark.exhaustive
def test_who_is_filing_keeps_nobody_else_waiting(postgres_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """On SQLite all who write wait for each other; here two dozen people do not wait for the number of the next report."""
    begun, may_end, file_report = threading.Event(), threading.Event(), filed_forms.file_report

    def slowly(**report: Any) -> Filed:
        filed = file_report(**report)
        if not begun.is_set():
            begun.set()
            assert may_end.wait(30)
        return filed

    with running(Config.from_environment(postgres_environment)) as app:
        at(app, NOON)
        world = build.standard_world()
        monkeypatch.setattr(filed_forms, "file_report", slowly)
        first, second = client_of(app), client_of(app)
        forms = filled(world, first), filled(world, second, contact="0912000002")
        db.session.rollback()
        sent = list[int]()

        def send() -> None:
            with app.app_context():
                sent.append(first.post("/reports/new", data=forms[0]).status_code)

        sending = threading.Thread(target=send)
        sending.start()
        assert begun.wait(30)
        sent.append(second.post("/reports/new", data=forms[1]).status_code)
        may_end.set()
        sending.join()
        assert (sent, len({report.code for report in reports()})) == ([302, 302], 2)


def test_no_served_copy_of_an_uploaded_photo_is_its_original(world: build.World, client: FlaskClient) -> None:
    client.post("/reports/new", data=filled(world, client, photos=[photo()]))
    ref = photos_of_report(reports()[0])[0].ref
    assert {file.audience for file in db.session.scalars(select(File))} == {"sealed", "centre"}
    for audience in ("sealed", "public", "agencies"):
        assert client.get(f"/photos/{ref}/{audience}/view").status_code == 404
    assert client.get(f"/photos/{ref}/sealed/original").status_code == 404
    assert client.get(f"/photos/{ref}/centre/view").data != jpeg()


@on_sqlite
def test_typed_markup_is_shown_as_text(world: build.World, client: FlaskClient) -> None:
    form = filled(world, client, words="<script>alert(1)</script>", village='"><img src=x>', consent="")
    page = client.post("/reports/new", data=form).get_data(as_text=True)
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
