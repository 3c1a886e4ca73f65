"""The report form beside what test_filing.py says of sending: every way without a script, whatever people and programs send it, and that
nothing typed is lost."""
from __future__ import annotations

import html
import io
import re
import unicodedata
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import html as lxml_html
from sqlalchemy import func, select

from casework.db import db, unit_of_work
from casework.intake.file_report import OtherReportFiled, Place, ReportFiledBefore, file_report, original_words, place_words, typed_village
from casework.models import BlockedSender, Case, ConsentNotice, Follower, IdempotencyKey, Publication, Recording, Report
from casework.permissions import Actor, Role, actor_for
from casework.photos.records import photos_of_report
from casework.places.points import place_exactly, point_of
from casework.places.villages import villages_on
from casework.privacy.identity import open_contact
from casework.rate_limits import drop_old_keys
from casework.recordings.staging import recordings_of_report
from casework.settings.consent_notices import notice_today
from casework.settings.value_changes import set_value
from casework.text import normal
from casework.upkeep.unsent_files import forget_unsent
from tests import build
from tests.conftest import client_of
from tests.second_centre import of_the_installation, second_world
from tests.web.pages import at, hidden, signed_in, words_of
from tests.with_photos import jpeg, pictured_case, publish
from tests.with_recordings import wav

NOON = build.NOON
KEY = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    at(sqlite_app, NOON)
    return build.standard_world()


@pytest.fixture
def client(sqlite_app: Flask) -> FlaskClient:
    return client_of(sqlite_app)


def form_of(client: FlaskClient, world: build.World, **fields: Any) -> dict[str, Any]:
    page = client.get("/reports/new").get_data(as_text=True)
    kept = {name: hidden(page, name) for name in ("photos_token", "idempotency_key", "consent_notice")}
    return kept | {"words": "Ổ gà sâu.", "area": world.area.ref, "contact": "0912 345 678", "consent": "y", "act": "send"} | fields


def post(client: FlaskClient, form: dict[str, Any]) -> tuple[int, str]:
    answer = client.post("/reports/new", data=form, content_type="multipart/form-data")
    return answer.status_code, answer.get_data(as_text=True)


def file(name: str, data: bytes) -> tuple[io.BytesIO, str]:
    return io.BytesIO(data), name


def reports() -> list[Report]:
    db.session.rollback()
    return list(db.session.scalars(select(Report).order_by(Report.id)))


def test_without_a_script_photos_move_and_go_a_voice_takes_the_place_of_words_and_the_proof_of_agreement_is_kept(
    world: build.World, client: FlaskClient
) -> None:
    form = form_of(client, world, words="", act="files", area="", unsure="y", place="gần cầu treo",
                   photos=[file("a.jpg", jpeg("red")), file("b.jpg", jpeg("blue"))], voice=file("loi.wav", wav()))
    status, page = post(client, form)
    assert (status, "data-errors" in page) == (200, False)
    assert "Lời ghi âm đã được tải lên" in page
    form = {name: value for name, value in form.items() if name not in ("photos", "voice")}
    first, second = re.findall(r'name="remove" value="([^"]+)"', page)
    [earlier] = re.findall(r'name="earlier" value="([^"]+)"', page)
    assert earlier == second
    _, page = post(client, form | {"earlier": second, "act": ""})
    assert re.findall(r'name="remove" value="([^"]+)"', page) == [second, first]
    recording = db.session.scalars(select(Recording.ref)).one()
    _, page = post(client, form | {"remove_recording": recording, "act": ""})
    assert "Lời ghi âm đã được tải lên" not in page
    status, page = post(client, form | {"act": "send"})
    assert (status, "bằng chữ hoặc bằng lời ghi âm" in words_of(page)) == (422, True)
    status, _ = post(client, form | {"act": "send", "voice": file("loi.wav", wav())})
    [report] = reports()
    assert status == 302
    assert [photo.ref for photo in photos_of_report(report)] == [second, first]
    assert [each.kind for each in recordings_of_report(report)] == ["voice"]
    assert (original_words(report), place_words(report)) == ("", "Người gửi không nhớ chính xác vị trí: gần cầu treo")
    notice = notice_today(None, NOON)
    assert notice is not None
    assert (report.consent_notice_id, form["consent_notice"]) == (notice.id, "2026-12")
    case = db.session.scalars(select(Case)).one()
    assert case.unconfirmed_since == NOON, "a guest whose number nobody has proven"
    assert "Luật Bảo vệ dữ liệu cá nhân" in words_of(client.get("/consent/2026-12"))
    assert client.get("/consent/2020-01").status_code == 404


LONG = "Nước tràn. " * 3637
ODD = "Ngập 🌊 ở K’ Prum" + unicodedata.normalize("NFD", ": đường vỡ")
TRUNCATED = jpeg("green")[:-400]
BAD: list[tuple[str, dict[str, Any], str]] = [
    ("a digit short", {"contact": "0912 345 67"}, "Số điện thoại còn thiếu 1 chữ số. Vd: 0912 345 678. Hoặc ghi thư điện tử."),
    ("letters", {"contact": "‮chín một hai"}, "Đây chưa phải số điện thoại, cũng chưa phải thư điện tử"),
    ("e-mail", {"contact": "khong@phai-thu"}, "Thư điện tử thiếu phần đuôi"),
    ("before there was one field", {"contact": "", "phone": "0912 345"}, "Số điện thoại còn thiếu 3 chữ số"),
    ("no contact", {"contact": "", "urgent": ""}, "để lại số điện thoại hoặc thư điện tử"),
    ("no words", {"words": " \u200b\n"}, "Vui lòng cho biết nội dung phản ánh"),
    ("no place", {"area": "", "place": "", "village": ""}, "Chọn nơi trên bản đồ, hoặc viết thôn, tổ, đường."),
    ("no agreement", {"consent": ""}, "Vui lòng đọc và đồng ý"),
    ("40,000 characters", {"words": LONG}, "Tối đa 10000 ký tự"),
    ("long place", {"place": "x" * 501}, "Tối đa"),
    ("20 MB", {"photos": [file("to.jpg", jpeg() + bytes(20_000_000))]}, "«to.jpg» nặng 19,1 MB, vượt mức 15 MB"),
    ("renamed program", {"photos": [file("anh.jpg", b"MZ\x90" + bytes(300))]}, "«anh.jpg» là chương trình máy tính"),
    ("truncated", {"photos": [file("cut.jpg", TRUNCATED)]}, "«cut.jpg» bị hỏng hoặc chưa tải lên trọn vẹn"),
    ("empty file", {"photos": [file("rong.jpg", b"")]}, "«rong.jpg» rỗng"),
    ("heic", {"photos": [file("IMG.HEIC", b"\0\0\0\x18ftypheic" + bytes(99))]}, "«IMG.HEIC» có định dạng HEIC, hệ thống chưa đọc được"),
    ("a photo as voice", {"voice": file("anh.mp3", jpeg())}, "«anh.mp3» là ảnh"),
    ("a program as video", {"video": file("phim.mp4", b"MZ" + bytes(300))}, "«phim.mp4» là chương trình máy tính"),
    ("words as files", {"photos": "x", "voice": "x", "video": "x", "contact": "1"}, "Số điện thoại còn thiếu 8 chữ số"),
]


def test_what_was_kept_too_long_is_named_and_a_form_sent_twice_is_one_report(
    sqlite_app: Flask, world: build.World, client: FlaskClient
) -> None:
    chosen = [file("a.jpg", jpeg("red")), file("b.jpg", jpeg("blue"))]
    form = form_of(client, world, contact="12", photos=chosen, voice=file("l.wav", wav()))
    status, page = post(client, form)
    shown = re.findall(r'name="kept_file" value="([^"]+)"', page)
    assert (status, [each.partition(":")[0] for each in shown]) == (422, ["photos", "photos", "voice"])
    form = {name: value for name, value in form.items() if name not in ("photos", "voice")}
    form |= {"contact": "0912 345 678", "kept_file": shown}
    later = NOON + timedelta(days=2, hours=1)
    at(sqlite_app, later)
    with unit_of_work():
        forget_unsent(now=later)
    status, page = post(client, form | {"photos": file("b.jpg", jpeg("blue"))})
    assert (status, reports()) == (422, [])
    assert "Ảnh 1 đã hết hạn lưu tạm, vui lòng chọn lại." in words_of(page)
    assert "Ảnh 2 đã" not in words_of(page), "it was chosen again"
    assert "Lời ghi âm đã hết hạn lưu tạm" in words_of(page)
    form |= {"kept_file": re.findall(r'name="kept_file" value="([^"]+)"', page)}
    assert [post(client, form)[0], post(client, form)[0]] == [302, 302]
    assert [len(photos_of_report(report)) for report in reports()] == [1]


def test_whatever_is_wrong_is_said_in_a_sentence_and_all_that_was_typed_is_still_there(world: build.World, client: FlaskClient) -> None:
    faults: list[tuple[str, str]] = []
    for name, fields, sentence in BAD:
        typed = {"words": ODD, "village": "Kơ Dơng Ha Lem", "place": "Nhà ông Ha Trung", "name": "K' Prum", "urgent": "y",
                 "field": "do_thi"} | fields
        form = form_of(client, world, **typed)
        status, page = post(client, form)
        if status != 422 or sentence not in words_of(page):
            faults.append((name, f"{status} {words_of(page)[900:1900]}"))
        whole = html.unescape(page)
        kept = [str(form[each]) for each in ("words", "village", "place", "name", "contact") if str(form[each]).strip()]
        faults += [(name, f"lost: {value[:40]}") for value in kept if value not in whole]
        ticked = [bool(re.search(each, page)) for each in ('<input[^>]*checked[^>]*name="urgent"', '<option selected value="do_thi"')]
        if ticked != [bool(form["urgent"]), True]:
            faults.append((name, "a choice is lost"))
    assert not faults
    assert reports() == []


def test_names_of_the_highlands_signs_and_composed_letters_are_kept_as_one_would_type_them(world: build.World, client: FlaskClient) -> None:
    for name in ("K' Prum", "Ha Trung", "Kơ Dơng Ha Lem", unicodedata.normalize("NFD", "Kră Jăn Đạ Cháy")):
        status, page = post(client, form_of(client, world, words=ODD, name=name, village=name, alike_seen="y"))
        assert status == 302, words_of(page)
        report = reports()[-1]
        assert report.reporter is not None
        assert report.reporter.sealed_identity is not None
        assert open_contact(report.reporter.sealed_identity).name == unicodedata.normalize("NFC", name) == typed_village(report)
        assert original_words(report) == normal(ODD)
        assert unicodedata.is_normalized("NFC", original_words(report) or "")


def test_a_program_that_fills_the_hidden_field_is_told_a_plain_sentence_and_files_nothing(world: build.World, client: FlaskClient) -> None:
    form = form_of(client, world, website="https://spam.example", photos=[file("a.jpg", jpeg())])
    status, page = post(client, form)
    assert status == 200
    assert "Không gửi được. Vui lòng thử lại" in words_of(page)
    assert "spam.example" not in page, "a person whose browser filled it in may send again"
    assert "/centre/thumb" not in page
    assert reports() == []
    assert post(client, {**form, "photos": [], "website": ""})[0] == 302


def alike_at(world: build.World, **fields: Any) -> Case:
    """A case in the commune, with the title an operator gave it."""
    case = build.case_at(world, "to_classify", place=Place(world.area, latitude=12.05, longitude=108.4))
    with unit_of_work():
        row = db.session.get_one(Case, case.id)
        row.title = "Ổ gà sâu trên đường vào thôn"
        for name, value in fields.items():
            setattr(row, name, value)
    return db.session.get_one(Case, case.id)


NEAR = {"latitude": "12.05", "longitude": "108.4", "outside": "y"}
ASKED = {"latitude": "12.05", "longitude": "108.4", "words": "Ổ gà lớn quá"}


def test_cases_alike_stop_nobody_and_stand_on_the_receipt_once(world: build.World, client: FlaskClient) -> None:
    assert post(client, form_of(client, world, **NEAR, words="Tôi là Nguyễn Thị Thử, ổ gà", village="Nhà số 5"))[0] == 302
    case = db.session.scalars(select(Case)).one()
    with unit_of_work():
        db.session.get_one(Case, case.id).title = "Ổ gà sâu trên đường vào thôn"
    form = form_of(client, world, **NEAR, words="Ổ gà lớn", urgent="y")
    assert [post(client, form)[0] for _ in range(2)] == [302, 302]
    assert len(reports()) == 2
    receipt = f"/reports/{reports()[-1].code}/receipt"
    first, second = (words_of(client.get(receipt)) for _ in range(2))
    shown = first[first.index("Gần đây có 1 phản ánh giống vậy"):]
    assert "trong khoảng 1 km" in shown
    for hidden_from_all in ("Thử", "Nhà số 5"):
        assert hidden_from_all not in shown
    assert "giống vậy" not in second, "once"


def test_who_has_seen_cases_alike_while_writing_is_not_shown_them_again(world: build.World, client: FlaskClient) -> None:
    case = alike_at(world)
    piece = client.post("/reports/alike", data=ASKED).get_data(as_text=True)
    assert (case.code in piece, "Ổ gà sâu trên đường vào thôn" in piece) == (True, True)
    form = form_of(client, world, **NEAR, words="Ổ gà lớn", alike_seen=case.code)
    assert post(client, form)[0] == 302
    assert "giống vậy" not in words_of(client.get(f"/reports/{reports()[-1].code}/receipt"))


def test_what_the_public_may_not_know_is_alike_to_nothing(world: build.World, client: FlaskClient) -> None:
    case = alike_at(world)
    for column, value in (("visibility_reason_id", 1), ("quarantined_at", NOON)):
        with unit_of_work():
            row = db.session.get_one(Case, case.id)
            row.visibility_reason_id = row.quarantined_at = None
            setattr(row, column, value)
        assert case.code not in client.post("/reports/alike", data=ASKED).get_data(as_text=True), column
    assert post(client, form_of(client, world, **NEAR, words="Ổ gà lớn"))[0] == 302
    assert case.code not in client.get(f"/reports/{reports()[-1].code}/receipt").get_data(as_text=True)


def test_what_is_near_and_tells_of_something_else_is_not_alike(world: build.World, client: FlaskClient) -> None:
    alike_at(world)
    far = ASKED | {"latitude": "12.2", "longitude": "108.6"}
    for asked in (ASKED | {"words": "Chó lạ cắn người trong thôn"}, far, ASKED | {"words": ""}, {"words": ASKED["words"]}):
        assert "giống vậy" not in words_of(client.post("/reports/alike", data=asked)), asked


def test_i_met_it_too_counts_a_guest_once_tells_how_many_and_can_be_taken_back(
    sqlite_app: Flask, world: build.World, client: FlaskClient
) -> None:
    case = alike_at(world)
    asks = {"Accept": "application/json"}
    others = [client_of(sqlite_app) for _ in range(2)]
    said = [each.post(f"/reports/{case.code}/me-too", data={"act": "say"}, headers=asks).get_json() for each in (*others, client, client)]
    assert [each["also"] for each in said] == [1, 2, 3, 3]
    assert "(3)" in words_of(client.post("/reports/alike", data=ASKED))
    assert client.post(f"/reports/{case.code}/me-too", data={"act": "take_back"}, headers=asks).get_json() == {"also": 2}
    page = client.post("/reports/new", data=form_of(client, world, **NEAR, words="Ổ gà lớn") | {"me_too": case.code, "act": ""})
    assert (page.status_code, reports()[1:]) == (200, []), "without a script: counted, and nothing is sent"
    assert "Đã ghi: Ông/Bà cũng gặp. Giờ là 3 người. Không cần gửi lại nữa." in words_of(page)
    assert "Ổ gà lớn" in words_of(page)
    assert db.session.scalar(select(func.count()).select_from(Follower)) == 0, "being told needs a proven contact"
    with unit_of_work():
        db.session.get_one(Case, case.id).quarantined_at = NOON
    gone = client.post("/reports/new", data=form_of(client, world, **NEAR, words="Ổ gà lớn") | {"me_too": case.code, "act": ""})
    assert (gone.status_code, "Ổ gà lớn" in words_of(gone)) == (422, True)


def test_a_case_alike_is_shown_with_its_published_photo_and_with_no_other(
    sqlite_app: Flask, world: build.World, client: FlaskClient
) -> None:
    files = sqlite_app.config["FILES"]
    filed = pictured_case(world, files, "to_publish")

    def shown() -> list[tuple[str, str]]:
        written = {"words": "Rác đổ ven suối, hôi lắm", "village": "Thôn Păng Tiêng", "area": world.area.ref}
        page = client.post("/reports/alike", data=written)
        assert filed.case.code in page.get_data(as_text=True)
        return [(each.get("src"), each.get("alt")) for each in lxml_html.fromstring(page.get_data(as_text=True)).xpath("//img")]

    assert shown() == [], "not published"
    publish(world, filed, files, photos_of_report(filed.report))
    [(address, words)] = shown()
    assert words == f"Ảnh của phản ánh {filed.case.code}"
    assert address.startswith(f"/photos/{photos_of_report(filed.report)[0].ref}/public/thumb"), address
    assert client.get(address).mimetype == "image/webp"


def test_everything_to_put_right_is_said_in_one_answer_with_links_and_the_same_sentence_at_each_field(
    sqlite_app: Flask, world: build.World, client: FlaskClient
) -> None:
    wrong = form_of(client, world, latitude="11.2", longitude="107.2", words="", contact="", consent="", photos=[file("a.gif", b"GIF89a")])
    status, page = post(client, wrong)
    tree = lxml_html.fromstring(page)
    links = {link.get("href"): link.text_content() for link in tree.xpath("//*[@data-errors][1]//li/a")}
    assert (status, set(links)) == (422, {"#words", "#contact", "#consent"})
    for address, sentence in links.items():
        [said] = tree.xpath(f"//*[@id='{address[1:]}-error']")
        assert said.text_content().strip() == sentence
        assert tree.xpath(f"//*[@id='{address[1:]}' and @aria-invalid='true']"), address
    assert "Còn 3 chỗ cần Ông/Bà sửa. Mọi thứ đã nhập vẫn còn." in words_of(page)
    assert "«a.gif»" in words_of(page), "files, too"
    assert tree.xpath("//input[@name='outside']"), "and the place outside the area"
    nowhere = lxml_html.fromstring(post(client, form_of(client, world, area=""))[1])
    assert nowhere.xpath("//*[@data-errors]//li/a/@href") == ["#place"]
    assert nowhere.xpath("//*[@id='place' and @aria-invalid='true']")


def test_one_field_takes_number_and_address_and_a_contact_may_be_missing_where_the_rules_say_so(
    sqlite_app: Flask, world: build.World, client: FlaskClient
) -> None:
    for typed, number, address in (
        ("+84 912.345.678", "+84912345678", None), (" 0912-345-678 ", "+84912345678", None), ("84912345678", "+84912345678", None),
        ("0263 3822 345", "+842633822345", None), ("Ten@Example.VN ", None, "ten@example.vn"),
    ):  # fmt: skip
        assert post(client, form_of(client, world, words=f"Rác {typed}", contact=typed))[0] == 302, typed
        reporter = reports()[-1].reporter
        assert reporter is not None
        assert reporter.sealed_identity is not None
        contact = open_contact(reporter.sealed_identity)
        assert (contact.phone, contact.email) == (number, address), typed
    for enough in ({"phone": "0912 345 678", "email": "ten@example.vn"}, {"urgent": "y"}, {"field": "giao_thong_an_ninh"}):
        assert post(client, form_of(client, world, contact="", words=f"Ổ gà {enough}", **enough))[0] == 302, enough
    citizen = signed_in(sqlite_app, client_of(sqlite_app), world.people["citizen"], now=NOON)
    assert post(citizen, form_of(citizen, world, contact=""))[0] == 302


def test_a_village_chosen_from_the_list_is_a_place_and_brings_its_commune(world: build.World, client: FlaskClient) -> None:
    [village] = [each for each in villages_on(NOON.date()) if each.area_ref == world.area.ref][:1]
    page = lxml_html.fromstring(client.get("/reports/new").get_data(as_text=True))
    assert village.name.vi in page.xpath("//select[@name='village']/optgroup/option/text()")
    status, _ = post(client, form_of(client, world, area="", village=village.name.vi))
    [report] = reports()
    assert (status, report.area_id, typed_village(report)) == (302, world.area.id, village.name.vi)


def test_from_the_page_with_something_to_put_right_one_press_sends_all_that_was_typed_chosen_and_photographed(
    world: build.World, client: FlaskClient
) -> None:
    case = build.case_at(world, "rating", place=Place(world.area, latitude=12.05, longitude=108.4))
    with unit_of_work():
        db.session.scalars(select(Publication)).one().current.shows_exact_place = True
        place_exactly(db.session.get_one(Case, case.id), now=NOON)
    form = form_of(
        client, world, words="Rác đổ ven suối, hôi lắm", latitude="12.051", longitude="108.4", urgent="y", field="do_thi",
        village="Thôn Păng Tiêng", place="gần cầu treo", name="K' Prum", photos=[file("a.jpg", jpeg("red")), file("b.jpg", jpeg("blue"))],
        voice=file("loi.wav", wav()), outside="y", consent="",
    )  # fmt: skip
    status, page = post(client, form)
    shown = words_of(page[page.index('id="alike"') :])
    assert (status, case.code in shown, "cách khoảng 110 m" in shown) == (422, True, True)
    status, _ = post(client, sent_as_shown(page) | {"consent": "y"})
    assert status == 302
    report = reports()[-1]
    assert "giống vậy" not in words_of(client.get(f"/reports/{report.code}/receipt")), "they were seen on the page"
    assert [len(photos_of_report(report)), len(recordings_of_report(report))] == [2, 1]
    assert (original_words(report), typed_village(report), place_words(report)) == (form["words"], form["village"], form["place"])
    assert (report.marked_urgent, report.field_id) == (True, world.field("do_thi").id)
    assert point_of(report) == (12.051, 108.4, None)
    assert report.reporter is not None
    assert report.reporter.sealed_identity is not None
    contact = open_contact(report.reporter.sealed_identity)
    assert (contact.name, contact.phone, contact.email) == ("K' Prum", "+84912345678", None)


def sent_as_shown(page: str) -> dict[str, Any]:
    """What a browser without a script sends when the button that sends is pressed on this page."""
    form = lxml_html.fromstring(page).xpath("//form[@data-report]")[0]
    return {name: value for name, value in form.form_values() if name != "act"} | {"act": "send"}


def test_a_report_that_waited_in_a_browser_is_filed_once_for_ninety_days_and_belongs_to_its_owner(world: build.World) -> None:
    citizen = world.actor("citizen")

    def file_(words: str = "Cây đổ", by: Actor = citizen, days: float = 0) -> Any:
        with unit_of_work():
            return file_report(centre=world.centre, source="citizen", words=words, place=Place(area=world.area), by=by, consented=True,
                               marked_urgent=True, now=NOON + timedelta(days=days), client_key=KEY)  # fmt: skip

    first = file_()
    secret = first.secret
    for days in (0, 3, 89):
        with unit_of_work():
            drop_old_keys(NOON + timedelta(days=days))
        again = file_(days=days)
        assert (again.is_repeat, again.secret, again.report.id) == (True, secret, first.report.id)
    for other in ({"words": "Khác"}, {"by": world.actor("citizen_2")}, {"by": Actor(account=None)}):
        with pytest.raises(OtherReportFiled):
            file_(**other)
    with unit_of_work():
        drop_old_keys(NOON + timedelta(days=91))
    assert db.session.scalar(select(func.count()).select_from(IdempotencyKey)) == 0
    with pytest.raises(ReportFiledBefore) as refusal:
        file_(days=91)
    assert refusal.value.code == first.report.code
    assert len(reports()) == 1
    assert db.session.scalars(select(Case.unconfirmed_since)).all() == [None], "who has an account is known"


def test_too_many_reports_of_one_contact_account_or_blocked_sender_wait_and_all_typed_stays(
    sqlite_app: Flask, world: build.World, client: FlaskClient
) -> None:
    overseer = actor_for(of_the_installation(world, "overseer", Role.ADMINISTRATOR), now=NOON)
    with unit_of_work():
        for key in ("reports_a_day_contact", "reports_a_day_account"):
            set_value(key, "3", by=overseer, now=NOON, reason="Thử")
    citizen = signed_in(sqlite_app, client_of(sqlite_app), world.people["citizen"], now=NOON)
    for browser in (client, citizen):
        for number in range(4):
            form = form_of(browser, world, words=f"Rác {number}", alike_seen="y")
            status, page = post(browser, form)
            assert status == (302 if number < 3 else 429), words_of(page)
        assert "Ông/Bà đã gửi nhiều phản ánh trong một ngày" in words_of(page)
        assert "Rác 3" in page
    assert post(client, form_of(client, world, contact="0987 654 321", alike_seen="y"))[0] == 302, "another number is another sender"
    [report] = [each for each in reports() if each.reporter and each.reporter.account_id][:1]
    with unit_of_work():
        db.session.add(BlockedSender(kind="account", subject=str(world.people["citizen"].id), centre_id=world.centre.id,
                                     report_id=report.id, reason="Gửi ảnh quảng cáo nhiều lần", blocked_at=NOON,
                                     blocked_by_id=world.people["ops_lead"].id, until=NOON + timedelta(days=9)))  # fmt: skip
    at(sqlite_app, NOON + timedelta(days=2))
    status, page = post(citizen, form_of(citizen, world, words="Lại gửi", alike_seen="y"))
    assert (status, "tạm không nhận phản ánh mới của Ông/Bà" in words_of(page), "Lại gửi" in page) == (422, True, True)


def test_a_centre_with_a_notice_of_its_own_has_it_read_before_it_takes_the_report(world: build.World, client: FlaskClient) -> None:
    other = second_world(world)
    with unit_of_work():
        db.session.add(ConsentNotice(version="DN-1", body_vi="Thông báo của Đà Nẵng", body_en="Notice of Đà Nẵng",
                                     valid_from=NOON.date(), centre_id=other.centre.id))
    form = form_of(client, world, area=other.area.ref)
    assert form["consent_notice"] == "2026-12"
    status, page = post(client, form)
    assert (status, hidden(page, "consent_notice"), "Thông báo của Đà Nẵng" in page) == (422, "DN-1", True)
    assert not re.search(r'<input[^>]*checked[^>]*name="consent"', page), "agreed to was another text"
    assert post(client, form | {"consent_notice": "DN-1"})[0] == 302
    [report] = reports()
    assert db.session.get_one(ConsentNotice, report.consent_notice_id).version == "DN-1"


def test_a_video_has_room_here_alone_and_the_microphone_too(sqlite_app: Flask, world: build.World, client: FlaskClient) -> None:
    sqlite_app.config["MAX_CONTENT_LENGTH"] = 1000
    heavy = form_of(client, world, video=file("phim.mp4", bytes(52_428_801)))
    status, page = post(client, heavy)
    assert (status, "Video «phim.mp4» nặng 50,0 MB, vượt mức 50 MB. Vui lòng gửi đoạn ngắn hơn" in words_of(page)) == (422, True)
    assert client.post("/track", data={"code": "x" * 2000}).status_code == 413
    assert "microphone=(self)" in client.get("/reports/new").headers["Permissions-Policy"]
    assert "media-src 'self' blob:" in client.get("/reports/new").headers["Content-Security-Policy"]
    assert "microphone=()" in client.get("/track").headers["Permissions-Policy"]
    assert "media-src" not in client.get("/track").headers["Content-Security-Policy"]
