"""The pages of one's own data, and those on which operations leads decide what was asked."""
from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from casework.cases import lock_case
from casework.contacts.codes import open_code
from casework.db import db, unit_of_work
from casework.installation.first_start import set_first_values
from casework.intake.file_report import original_words
from casework.models import Account, DataRequest, Delivery, Event
from casework.notes.notes import write_note
from casework.permissions import Role
from casework.privacy.contact_codes import open_message
from casework.privacy.identity import Contact, open_contact, reveal_identity
from casework.rights.masking import mask_old_identities
from casework.rights.requests import wish_in
from tests import build
from tests.conftest import client_of
from tests.web.desk import statements_of
from tests.web.pages import at, signed_in, words_of
from tests.with_photos import jpeg, pictured_case

LATER = build.NOON + timedelta(hours=3)
WHY = "Tôi không muốn lưu nữa lờiyêucầu."


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    at(sqlite_app, LATER)
    return build.standard_world()


def person(app: Flask, world: build.World, name: str) -> FlaskClient:
    return signed_in(app, client_of(app), world.people[name], now=LATER)


def sent(client: FlaskClient, address: str, **form: str) -> TestResponse:
    return client.post(address, data=form, buffered=True)


def asked(app: Flask, world: build.World, kind: str = "erasure", **form: str) -> DataRequest:
    answer = sent(person(app, world, "citizen"), "/account/data/requests", kind=kind, password=build.PASSWORD, sure="yes", **form)
    assert answer.status_code == 302, words_of(answer)
    return db.session.scalars(select(DataRequest).order_by(DataRequest.id.desc())).first()


def test_a_copy_needs_proof_and_comes_at_once_as_a_file(sqlite_app: Flask, world: build.World) -> None:
    filed = pictured_case(world, sqlite_app.config["FILES"], "to_classify")
    build.file_report(world, by="citizen_2", words="Của người khác lờingườikhác.")
    client = person(sqlite_app, world, "citizen")
    page = words_of(client.get("/account/data"))
    for words in ("Dữ liệu của tôi", "trong 2 ngày làm việc", "Còn 1 phản ánh đang xử lý", "Luật 91/2025/QH15"):
        assert words in page, words
    for form, said in (({}, "xác nhận lần nữa"), ({"password": "sai-mat-khau"}, "Mật khẩu không đúng")):
        answer = sent(client, "/account/data/copy", **form)
        assert (answer.status_code, said in words_of(answer)) == (422, True)
    assert db.session.scalars(select(DataRequest)).all() == []
    answer = sent(client, "/account/data/copy", password=build.PASSWORD)
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("application/zip", "private, no-store")
    bundle = zipfile.ZipFile(io.BytesIO(answer.data))
    page = bundle.read(f"{filed.report.code}/du-lieu.html").decode()
    assert "Tiếng Việt</dd>" in page, "codes are words on the page"
    assert '<a href="anh-01.jpg">' in page
    assert "Có đống rác lớn ven suối" in page
    assert bundle.read(f"{filed.report.code}/anh-01.jpg") == jpeg("olive")
    assert "lờingườikhác" not in "".join(bundle.read(name).decode("utf-8", "ignore") for name in bundle.namelist())
    # proven once, it holds for ten minutes
    assert sent(client, "/account/data/copy").status_code == 200
    at(sqlite_app, LATER + timedelta(minutes=10))
    assert sent(client, "/account/data/copy").status_code == 422
    rows = db.session.scalars(select(DataRequest)).all()
    assert [(row.kind, row.done_at) for row in rows] == [("copy", LATER)] * 2
    assert "Bản sao dữ liệu" in words_of(client.get("/account/data"))


def test_the_person_reads_who_looked_at_them_by_role_and_body_and_without_names(sqlite_app: Flask, world: build.World) -> None:
    filed, client = build.file_report(world), person(sqlite_app, world, "citizen")
    other = build.file_report(world, by="citizen_2", contact=Contact(phone="+84987654321"))
    assert "Chưa có ai xem." in words_of(client.get("/account/data"))
    for case in (filed.case, other.case):
        with unit_of_work():
            look = {"by": world.actor("operator"), "reason": "Gọi lại hỏi đường lýdo.", "now": LATER}
            reveal_identity(lock_case(case.id), lock_case(case.id).main_report, **look)
    page = words_of(client.get("/account/data"))
    assert page.count("Xem họ tên, cách liên hệ để xử lý phản ánh") == 1, "not of others"
    assert f"Tổ vận hành · {world.centre.name.vi}" in page
    assert world.people["operator"].full_name not in page
    assert "lýdo" not in page
    assert filed.report.code in page


def test_whoever_comes_back_to_a_masked_report_reads_it_and_why_their_name_is_gone(sqlite_app: Flask, world: build.World) -> None:
    filed, owner, guest = build.file_report(world), person(sqlite_app, world, "citizen"), client_of(sqlite_app)
    with unit_of_work():
        case = lock_case(filed.case.id)
        case.state, case.closed_at = "closed", build.NOON
    assert filed.report.code in words_of(owner.get("/mine"))
    with unit_of_work():
        set_first_values(now=build.NOON)
    assert mask_old_identities(build.NOON + timedelta(days=800)) == 1
    assert filed.report.code not in words_of(owner.get("/mine")), "the account is a tie to the person as well"
    assert sent(guest, "/track", code=filed.report.code, secret=filed.secret).status_code == 302
    page = words_of(guest.get(f"/mine/{filed.report.code}"))
    assert "Để bảo vệ Ông/Bà, họ tên và cách liên hệ đã được xóa" in page
    assert "Có đống rác lớn ven suối" in page
    assert guest.get(f"/mine/{filed.report.code}/data").status_code == 200


def test_without_a_password_a_code_proves_it(sqlite_app: Flask, world: build.World) -> None:
    with unit_of_work():
        account = db.session.get_one(Account, world.people["citizen"].id)
        account.password_hash = None
    client = person(sqlite_app, world, "citizen")
    assert "chưa có cách liên hệ nào được xác nhận" in words_of(client.get("/account/data"))
    sqlite_app.config["DEMO"] = True
    with unit_of_work():
        db.session.get_one(Account, account.id).phone_verified_at = LATER
    answer = sent(client, "/account/data/requests", kind="restriction", words=WHY, act="send_code")
    code = open_message(open_code(Contact(phone=build.PHONE), purpose="own_data", now=LATER))[1]
    assert (answer.status_code, code in words_of(answer), WHY in words_of(answer)) == (200, True, True)
    assert sent(client, "/account/data/requests", kind="restriction", words=WHY, code="000000").status_code == 422
    assert sent(client, "/account/data/requests", kind="restriction", words=WHY, code=code).status_code == 302
    [row] = db.session.scalars(select(DataRequest))
    assert (row.kind, wish_in(row).words) == ("restriction", WHY)


def test_guesses_are_counted_and_what_was_typed_stays(sqlite_app: Flask, world: build.World) -> None:
    client = person(sqlite_app, world, "citizen")
    form = {"kind": "correction", "name": "Nguyễn Thị Đúng", "phone": "12", "words": WHY}
    answer = sent(client, "/account/data/requests", **form, password=build.PASSWORD)
    page = answer.get_data(as_text=True)
    assert (answer.status_code, "0912 345 678" in page, 'value="Nguyễn Thị Đúng"' in page, WHY in page) == (422, True, True, True)
    other = person(sqlite_app, world, "citizen_2")
    statuses = [sent(other, "/account/data/requests", kind="erasure", password="doan-mo").status_code for _ in range(9)]
    assert statuses == [422] * 9
    answer = sent(other, "/account/data/requests", kind="erasure", sure="yes", password=build.PASSWORD)
    assert (answer.status_code, "quá nhiều lần" in words_of(answer)) == (422, True)
    assert "đánh dấu" in words_of(sent(client, "/account/data/requests", kind="erasure")), "it must be ticked"
    assert db.session.scalars(select(DataRequest)).all() == []
    assert client.post("/account/data/requests", data={"kind": "copy"}).status_code == 404


def test_a_guest_asks_about_one_report_with_its_secret(sqlite_app: Flask, world: build.World) -> None:
    filed = build.file_report(world, by="guest")
    address = f"/mine/{filed.report.code}/data"
    assert client_of(sqlite_app).get(address).status_code == 404
    client = client_of(sqlite_app)
    client.post("/track", data={"code": filed.report.code, "secret": filed.secret})
    assert client.get("/account/data").location.startswith("/sign-in")
    assert filed.report.code in words_of(client.get(address))
    assert sent(client, f"{address}/copy", secret="AAAA-BBBB-CCCC").status_code == 422
    answer = sent(client, f"{address}/copy", secret=filed.secret)
    assert f"{filed.report.code}/phan-anh.json" in zipfile.ZipFile(io.BytesIO(answer.data)).namelist()
    assert sent(client, f"{address}/requests", kind="correction", phone="0901 234 567").status_code == 302
    row = db.session.scalars(select(DataRequest).order_by(DataRequest.id.desc())).first()
    assert (row.report_id, row.account_id) == (filed.report.id, None)
    lead = person(sqlite_app, world, "ops_lead")
    assert sent(lead, f"/data-requests/{row.ref}", act="carry_out", words="Đã sửa.").status_code == 302
    db.session.expire_all()
    assert open_contact(filed.report.reporter.sealed_identity).phone == "+84901234567"
    page = words_of(client.get(address))
    assert "Đã sửa." in page
    assert "Nguyễn" not in page
    own = client.get(f"/mine/{filed.report.code}").get_data(as_text=True)
    assert f'href="{address}"' in own


def test_who_lost_the_receipt_proves_it_by_a_code_to_the_contact_of_the_report(sqlite_app: Flask, world: build.World) -> None:
    filed, never = (build.file_report(world, by="guest", contact=Contact(phone=build.PHONE)) for _ in range(2))
    with unit_of_work():
        reporter = db.session.merge(filed.report).reporter
        reporter.contact_verified_at, reporter.verified_contact = LATER, "phone"
    sqlite_app.config["DEMO"] = True
    client = client_of(sqlite_app)
    for each in (filed, never):
        client.post("/track", data={"code": each.report.code, "secret": each.secret})
    address = f"/mine/{filed.report.code}/data"
    assert 'value="send_code"' not in client.get(f"/mine/{never.report.code}/data").text, "nobody has proven that one"
    answer = sent(client, f"{address}/requests", kind="restriction", act="send_code")
    code = open_message(open_code(Contact(phone=build.PHONE), purpose="own_data", now=LATER))[1]
    assert (answer.status_code, code in words_of(answer)) == (200, True)
    assert sent(client, f"{address}/requests", kind="restriction", password=build.PASSWORD).status_code == 422
    assert sent(client, f"{address}/requests", kind="restriction", code="000000").status_code == 422
    assert sent(client, f"{address}/requests", kind="restriction", code=code).status_code == 302


def test_resting_data_are_taken_up_again_by_the_person(sqlite_app: Flask, world: build.World) -> None:
    row = asked(sqlite_app, world, "restriction")
    lead = person(sqlite_app, world, "ops_lead")
    assert sent(lead, f"/data-requests/{row.ref}", act="carry_out").status_code == 302
    client = person(sqlite_app, world, "citizen")
    page = words_of(client.get("/account/data"))
    assert "đang được hạn chế xử lý" in page
    assert "Gửi yêu cầu hạn chế" not in page
    assert sent(client, "/account/data/restriction").status_code == 422
    assert sent(client, "/account/data/restriction", password=build.PASSWORD).status_code == 302
    assert "đang được hạn chế xử lý" not in words_of(client.get("/account/data"))


def test_the_desk_lists_what_is_due_marks_what_is_late_and_shows_nobodys_words(sqlite_app: Flask, world: build.World) -> None:
    filed = build.file_report(world)
    row = asked(sqlite_app, world, words=WHY)
    address = f"/data-requests/{row.ref}"
    lead = person(sqlite_app, world, "ops_lead")
    for name in ("operator", "administrator", "officer_PTNMT", "inspector", "committee_leader"):
        assert person(sqlite_app, world, name).get("/data-requests").status_code == 403, name
    page = words_of(lead.get("/data-requests"))
    assert "Xóa dữ liệu cá nhân" in page
    assert 'data-due="late"' not in lead.get("/data-requests").get_data(as_text=True)
    assert "lờiyêucầu" not in page + words_of(lead.get(address))
    assert filed.report.code in words_of(lead.get(address))
    at(sqlite_app, LATER + timedelta(days=3))
    lead = signed_in(sqlite_app, client_of(sqlite_app), world.people["ops_lead"], now=LATER + timedelta(days=3))
    assert 'data-due="late"' in lead.get("/data-requests").get_data(as_text=True)
    assert "đã trễ hạn" in words_of(lead.get(address))

    answer = sent(lead, f"{address}/look", reason="xem")
    assert (answer.status_code, "lờiyêucầu" in words_of(answer)) == (422, False)
    answer = sent(lead, f"{address}/look", reason="Xem lý do trước khi xóa.")
    page = words_of(answer)
    assert ("lờiyêucầu" in page, "Nguyễn Thị Thử" in page, answer.headers["Cache-Control"]) == (True, True, "private, no-store")
    [looked] = db.session.scalars(select(Event).where(Event.type == "look_at_data_request"))
    assert looked.actor_id == world.people["ops_lead"].id

    answer = sent(lead, address, act="extend", days="40", words="Cần thời gian.")
    assert (answer.status_code, "Cần thời gian." in words_of(answer), 'value="40"' in answer.get_data(as_text=True)) == (422, True, True)
    assert sent(lead, address, act="carry_out", words="Đã xóa.").status_code == 422, "erasing must be ticked"
    assert sent(lead, address, act="no_such_act").status_code == 404
    assert sent(lead, address, act="carry_out", words="Đã xóa.", sure="yes").status_code == 302
    assert "Chờ phản ánh kết thúc" in words_of(lead.get("/data-requests"))
    assert "xóa khi kết thúc" in words_of(lead.get(address))
    assert original_words(filed.report) is not None
    assert client_of(sqlite_app).post("/sign-in", data={"login": build.PHONE, "password": build.PASSWORD}).status_code == 422
    assert db.session.scalars(select(Delivery)).all() == []


def test_what_stays_is_looked_through_with_a_reason_and_cleared_before_the_erasure(sqlite_app: Flask, world: build.World) -> None:
    case = build.case_at(world, "handling")
    with unit_of_work():
        words = "Chị Nguyễn Thị Thử nhờ gọi 0912 345 678. Anh Lê Văn Hùng cũng biết."
        write_note(lock_case(case.id), by=world.actor("operator"), now=LATER, audience="centre", words=words)
    row = asked(sqlite_app, world)
    address, lead = f"/data-requests/{row.ref}/what-stays", person(sqlite_app, world, "ops_lead")
    assert address in lead.get(f"/data-requests/{row.ref}").get_data(as_text=True)
    for name in ("operator", "inspector", "confidential_reader"):
        assert person(sqlite_app, world, name).get(address).status_code == 403, name
    assert "Chị Nguyễn Thị Thử" not in words_of(lead.get(address)), "nothing before a look"
    assert sent(lead, address, reason="xem").status_code == 422
    assert sent(lead, address, reason="Xem trước khi xóa dữ liệu.").status_code == 302
    answer = lead.get(address)
    page = answer.get_data(as_text=True)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert '<mark class="strong">Nguyễn Thị Thử</mark>' in page
    assert '<mark>Lê Văn Hùng</mark>' in page
    text, version = (re.search(rf'name="{name}" value="([^"]+)"', page)[1] for name in ("which", "version"))  # type: ignore[index]
    answer = sent(lead, address, which=text, version=version, stretch="", words="không có")
    assert (answer.status_code, "không có các từ đã ghi" in words_of(answer)) == (422, True)
    chosen = {"which": text, "version": version, "stretch": ["Nguyễn Thị Thử", "0912 345 678"]}
    assert lead.post(address, data=chosen).status_code == 302
    page = words_of(lead.get(address))
    assert "Đã thay bằng từ trung tính." in page
    assert "Chị [tên người gửi] nhờ gọi [số điện thoại]. Anh Lê Văn Hùng cũng biết." in page
    answer = lead.post(address, data=chosen)
    assert (answer.status_code, "đã được thay đổi hoặc không còn" in words_of(answer)) == (422, True)
    assert "Thay từ trung tính vào chỗ có thể cho biết ai là người gửi" in words_of(lead.get(f"/cases/{case.ref}?tab=all"))
    asked_to_rest = asked(sqlite_app, world, "restriction")
    assert lead.get(f"/data-requests/{asked_to_rest.ref}/what-stays").status_code == 404


def test_another_centre_finds_nothing_and_a_list_asks_as_much_however_long_it_is(sqlite_app: Flask, world: build.World) -> None:
    row = asked(sqlite_app, world)
    with unit_of_work():
        other = build.World(build.centre("DN", is_default=False))
        world.people["ops_lead_DN"] = build.staff(other, "ops_lead_DN", Role.OPS_LEAD)
    stranger, lead = person(sqlite_app, world, "ops_lead_DN"), person(sqlite_app, world, "ops_lead")
    assert "Không có yêu cầu nào đang chờ" in words_of(stranger.get("/data-requests"))
    assert stranger.get(f"/data-requests/{row.ref}").status_code == 404
    assert sent(stranger, f"/data-requests/{row.ref}", act="answer").status_code == 404
    few = statements_of(lambda: lead.get("/data-requests"))
    with unit_of_work():
        db.session.add_all(
            DataRequest(kind="erasure", centre_id=world.centre.id, account_id=world.people["citizen_2"].id, requested_at=LATER,
                        answer_due_at=row.answer_due_at, done_due_at=row.done_due_at)
            for _ in range(60)
        )  # fmt: skip
    assert statements_of(lambda: lead.get("/data-requests")) == few
    page = lead.get("/data-requests").get_data(as_text=True)
    assert page.count("<tr>") == 51
    assert 'rel="next"' in page


def test_what_stays_asks_as_much_however_many_reports_there_are(sqlite_app: Flask, world: build.World) -> None:
    def another() -> None:
        case = build.case_at(world, "rating")
        with unit_of_work():
            write_note(lock_case(case.id), by=world.actor("operator"), now=LATER, audience="centre", words="Chị Nguyễn Thị Thử gọi.")

    another()
    row = asked(sqlite_app, world)
    page, lead = f"/data-requests/{row.ref}", person(sqlite_app, world, "ops_lead")
    sent(lead, f"{page}/what-stays", reason="Xem trước khi xóa dữ liệu.")
    lead.get(f"{page}/what-stays")
    few = [statements_of(lambda: lead.get(page)), statements_of(lambda: lead.get(f"{page}/what-stays"))]
    for _ in range(3):
        another()
    many = [statements_of(lambda: lead.get(page)), statements_of(lambda: lead.get(f"{page}/what-stays"))]
    assert lead.get(f"{page}/what-stays").get_data(as_text=True).count('<mark class="strong">') >= 4
    assert many == few
