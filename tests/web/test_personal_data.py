"""The pages of the law on personal data: the register as of a day, who looked at whom, and a breach from the first word to its end."""
from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.messages.rendering import Page, words_of
from casework.models import Breach, Delivery, Event, HouseSetting, LoginSession, OutboxMessage, Output, RecurringJob
from casework.permissions import Role
from casework.privacy.identity import reveal_identity
from casework.rights.telling_affected import JOB, write_to_affected
from casework.setting_events import record_setting
from casework.upkeep.jobs import know_jobs, take_wanted, wanted_jobs
from tests import build
from tests.second_centre import of_the_installation, second_world
from tests.web.desk import Office
from tests.web.pages import words_of as read
from web.fresh_proof import FRESH_FORMS
from web.jobs.output_makers import data_lists
from web.outputs.making import MAKERS, make_outputs
from workflows.jobs import INTERVALS

WHY = "Gọi lại hỏi đường vào chỗ rác lýdo."
KNOWN = {
    "happened": "Máy tính của một cán bộ bị chiếm quyền.", "data_kinds": "Họ tên, số điện thoại.", "consequences": "Có thể bị gọi điện.",
    "measures": "Đã đổi mật khẩu.", "contact": "Bà Lan, Trung tâm, 0263 000 0000",
}  # fmt: skip
NOTICED = "2026-03-02T09:00"


assert {"processing", "looks", "affected"} <= set(MAKERS), data_lists


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def look(office: Office) -> str:
    """Somebody looks at a sender; the code of the report."""
    case = build.file_report(office.world).case
    with unit_of_work():
        locked = lock_case(case.id)
        reveal_identity(locked, locked.main_report, by=office.world.actor("operator"), reason=WHY, now=build.NOON)
    return case.code


def put_down(office: Office, by: str = "administrator", **form: str) -> str:
    """A breach through its form; its address."""
    given = {"kind": "account", "noticed_at": NOTICED, "centre": office.world.centre.ref, **KNOWN, **form}
    answer = office.post(by, "/personal-data/breaches/new", **given)
    assert answer.status_code == 302, read(answer)
    return str(answer.location)


def act(office: Office, place: str, verb: str, *, by: str = "administrator", **form: str) -> TestResponse:
    return office.post(by, place, act=verb, **form)


def exported(office: Office, name: str, address: str, **form: Any) -> Any:
    """What is in the file somebody orders, as JSON."""
    answer = office.post(name, address, form="json", centre=office.world.centre.ref, **form)
    assert answer.status_code == 302, read(answer)
    assert make_outputs(office.app, office.app.extensions["file_store"], now=office.moment, clock=lambda: office.moment) == 1
    file = office.get(name, f"{answer.location}/file")
    assert file.status_code == 200, office.words(name, str(answer.location))
    return json.loads(file.get_data())


def test_inspectors_and_administrators_find_these_pages_and_nobody_else_opens_them(office: Office) -> None:
    place = put_down(office)
    pages = ("/personal-data/processing", "/personal-data/looks", "/personal-data/breaches", place, f"{place}/notices/authority")
    for name in ("inspector", "administrator"):
        index = office.get(name, "/settings").get_data(as_text=True)
        assert all(f'href="{page}"' in index for page in pages[:3]), name
        assert [office.get(name, page).status_code for page in pages] == [200] * 5
    for name in ("operator", "ops_lead", "committee_leader", "confidential_reader", "officer_PTNMT", "citizen"):
        assert {office.get(name, page).status_code for page in pages} == {403}, name
    assert [office.get("inspector", page).status_code for page in ("/personal-data/breaches/new", f"{place}/notices/other")] == [403, 404]
    assert act(office, place, "close", by="inspector", outcome="Không phải việc của tôi.", no_notice="yes").status_code == 403
    assert "Ghi nhận sự cố" not in office.words("inspector", "/personal-data/breaches")
    second = second_world(office.world)
    office.world.people["elsewhere"] = second.people["administrator"]
    assert office.get("elsewhere", place).status_code == 404
    assert act(office, place, "tell", by="elsewhere").status_code == 404


# -- the register ----------------------------------------------------------------------------------------------------------


def test_the_register_is_read_as_of_a_day_with_the_values_that_are_set(office: Office) -> None:
    with unit_of_work():
        db.session.add(HouseSetting(key="identity_export_hours", value=36, changed_at=build.NOON))
        change = {"by": office.world.actor("administrator"), "at": build.NOON, "reason": "Thử", "centre_id": None}
        record_setting("value", "identity_export_hours", old={"value": 24}, new={"value": 36}, **change)
    page = office.words("inspector", "/personal-data/processing")
    for words in ("Tiếp nhận và xử lý phản ánh hiện trường", "Giữ tệp có thông tin người gửi (giờ): 36", "Tính đến ngày 02/03/2026",
                  "Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15", "Toàn hệ thống"):  # fmt: skip
        assert words in page, words
    assert "Sửa sổ" not in page
    assert "Sửa sổ" in office.words("administrator", "/personal-data/processing")
    assert "Ngày đó sổ chưa có gì." in office.words("inspector", "/personal-data/processing?on=31/12/2025")
    assert "“hôm qua” không phải là ngày" in office.words("inspector", "/personal-data/processing?on=hôm qua")


def test_the_register_leaves_as_a_file_with_what_the_page_says(office: Office) -> None:
    file = exported(office, "inspector", "/exports/new/processing?on=2026-03-02")
    rows = {row["key"]: row for row in file}
    assert rows["exports"]["set"] == "Giữ tệp có thông tin người gửi (giờ): 24"
    assert rows["messages"]["purpose"].startswith("Báo tiến độ")
    assert (rows["messages"]["whose"], rows["messages"]["valid_from"]) == ("Toàn hệ thống", "2026-01-01")


# -- who looked ------------------------------------------------------------------------------------------------------------


def test_looks_are_read_narrowed_and_taken_out_for_a_reason_that_is_itself_written_down(office: Office) -> None:
    code = look(office)
    page = office.words("inspector", f"/personal-data/looks?code={code}&from=2026-03-02&to=02/03/2026")
    for words in ("Xem người gửi của một phản ánh", code, WHY, str(office.world.people["operator"].login)):
        assert words in page, words
    plain = office.words("administrator", "/personal-data/looks")
    assert (code in plain, "lýdo" in plain, "Lý do chỉ thanh tra đọc được." in plain) == (True, False, True)
    for query, said in (("login=nobody", "Không có cán bộ nào có tên đăng nhập này."), ("from=mai", "“mai” không phải là ngày")):
        answer = office.get("inspector", f"/personal-data/looks?{query}")
        assert (answer.status_code, said in read(answer)) == (422, True)
    address = f"/exports/new/looks?code={code}"
    assert f'href="{address}"' in office.get("inspector", f"/personal-data/looks?code={code}").get_data(as_text=True)
    refused = office.post("inspector", address, form="json", centre=office.world.centre.ref, reason="ngắn")
    assert (refused.status_code, "lý do kết xuất" in read(refused)) == (422, True)
    [row] = exported(office, "inspector", address, reason="Kiểm tra định kỳ quý I.")
    assert (row["code"], row["reason"], row["login"]) == (code, WHY, office.world.people["operator"].login)
    db.session.rollback()
    written = [(event.type, (event.payload or {}).get("reason")) for event in
               db.session.scalars(select(Event).where(Event.stream == "outputs").order_by(Event.id))]  # fmt: skip
    assert written == [("order_output", "Kiểm tra định kỳ quý I."), ("fetch_output", None)]
    assert "Kiểm tra định kỳ quý I." in office.words("inspector", "/personal-data/looks"), "that it was taken out is in the list too"
    for_administrators = exported(office, "administrator", address, reason="Xem lại trước khi họp.")
    assert [each["reason"] for each in for_administrators] == [None]


# -- a breach --------------------------------------------------------------------------------------------------------------


def test_a_breach_is_followed_from_the_first_word_to_its_end(office: Office) -> None:
    code = look(office)
    place = put_down(office)
    page = office.words("administrator", place)
    assert "Báo cơ quan chuyên trách trước 09:00 05/03/2026" in page
    answer = act(office, place, "work_out", way="account", login=str(office.world.people["operator"].login), first="2026-03-02T00:00",
                 until="2026-03-03T00:00")  # fmt: skip
    assert answer.status_code == 302, read(answer)
    page = office.words("administrator", place)
    for words in ("Đã thêm 1 phản ánh, tài khoản bị ảnh hưởng.", code, "tìm thấy 1, trong đó 1 mới",
                  "từ 00:00 02/03/2026 đến trước 00:00 03/03/2026"):  # fmt: skip
        assert words in page, words
    assert build.PHONE not in page
    assert "Nguyễn Thị Thử" not in page
    draft = office.words("inspector", f"{place}/notices/authority")
    assert "Bộ Công an" in draft
    assert KNOWN["measures"] in draft
    assert code not in draft
    assert act(office, place, "tell").status_code == 302
    page = office.words("administrator", place)
    assert "Đang gửi tin: đã xong 0 trong 1 phản ánh, tài khoản." in page
    assert "Gửi tin cho người chưa được báo" not in page, "it is decided"
    assert write_to_affected(office.moment) == 1
    assert "Đang gửi tin" not in office.words("administrator", place)
    assert "1 đã gửi tin, 0 không có cách liên hệ, 0 chưa báo" in office.words("administrator", place)
    assert act(office, place, "notice", whom="authority", at="2026-03-02T09:30", words="Số 12/TB-TT").status_code == 302
    assert act(office, place, "describe", **{**KNOWN, "measures": "Đã khóa tài khoản."}).status_code == 302
    assert act(office, place, "close", outcome="Đã thay máy, đã tập huấn.").status_code == 302
    page = office.words("inspector", place)
    for words in ("Đã kết thúc", "Số 12/TB-TT", "Đã khóa tài khoản.", "Đã đổi mật khẩu.", "Đã thay máy, đã tập huấn."):
        assert words in page, words
    assert 'method="post" action="/personal-data' not in office.get("administrator", place).get_data(as_text=True), "nothing is left to do"
    own = office.words("citizen", "/account/data")
    assert "Sự cố liên quan đến dữ liệu của Ông/Bà" in own
    assert "Đã khóa tài khoản." in own
    assert "Sự cố liên quan" not in office.words("citizen_2", "/account/data")


def test_writing_that_fails_is_said_on_the_page_and_tried_again_from_there(office: Office) -> None:
    with unit_of_work():
        know_jobs(INTERVALS)
    place = put_down(office)
    assert act(office, place, "work_out", way="cases", codes=look(office)).status_code == 302
    assert act(office, place, "tell").status_code == 302
    assert wanted_jobs() == [JOB], "a worker comes to it within seconds"
    with unit_of_work():
        assert take_wanted(JOB)
        failed = {"failures_in_a_row": 2, "failed_at": office.moment, "error": "OSError"}
        db.session.execute(update(RecurringJob).where(RecurringJob.name == JOB).values(**failed))
    page = office.words("administrator", place)
    assert "Lần chạy gần nhất bị lỗi" in page
    assert "không ai nhận hai lần" in page
    assert "Thử lại" in page
    assert "Thử lại" not in office.words("inspector", place)
    assert act(office, place, "retry").status_code == 302
    assert wanted_jobs() == [JOB]
    assert act(office, place, "retry", by="inspector").status_code == 403


def test_what_was_typed_stays_where_it_is_refused_and_the_form_says_why(office: Office) -> None:
    for form, said in (({"noticed_at": "hôm qua"}, "Phát hiện lúc: Cần giờ và ngày"), ({"kind": "flood"}, "chọn loại sự cố"),
                       ({"noticed_at": ""}, "Vui lòng ghi: Phát hiện lúc"), ({"contact": " "}, "Vui lòng ghi: Người liên hệ"),
                       ({"noticed_at": "2030-01-01T00:00"}, "không thể ở tương lai"), ({"centre": "all"}, "chọn Trung tâm")):  # fmt: skip
        given = {"kind": "account", "noticed_at": NOTICED, "centre": office.world.centre.ref, **KNOWN, **form}
        answer = office.post("administrator", "/personal-data/breaches/new", **given)
        assert (answer.status_code, said in read(answer), KNOWN["happened"] in read(answer)) == (422, True, True), said
    place = put_down(office)
    for verb, form, said, kept in (
        ("work_out", {"way": "cases", "codes": "LD-1999-000001"}, "Không có mã", "LD-1999-000001"),
        ("work_out", {"way": "account", "login": "nobody", "until": NOTICED}, "không có cán bộ nào", "nobody"),
        ("work_out", {"way": "centre", "first": NOTICED, "until": NOTICED}, "phải sau lúc bắt đầu", NOTICED),
        ("work_out", {"way": "moon"}, "chọn cách tìm", ""), ("work_out", {"way": "output", "output": "zzz"}, "không có tệp nào", "zzz"),
        ("notice", {"whom": "authority", "at": NOTICED, "words": ""}, "Số văn bản", NOTICED),
        ("close", {"outcome": "Đã xử lý xong sự cố."}, "chưa ghi nhận đã báo", "Đã xử lý xong sự cố."),
        ("describe", KNOWN, "Chưa có gì thay đổi", KNOWN["measures"]), ("tell", {}, "không còn ai", ""),
    ):  # fmt: skip
        answer = act(office, place, verb, **form)
        html = answer.get_data(as_text=True)
        assert (answer.status_code, said.lower() in html.lower(), kept in html) == (422, True, True), (verb, form)
    assert act(office, place, "no_such_act").status_code == 404


def test_the_whole_installation_is_put_down_by_who_administers_it_and_a_session_is_chosen_from_a_list(office: Office) -> None:
    office.world.people["overseer"] = of_the_installation(office.world, "overseer", Role.ADMINISTRATOR)
    code = look(office)
    place = put_down(office, "overseer", centre="all", kind="backup")
    assert act(office, place, "work_out", by="overseer", way="centre", centre="all", until="2026-03-03T00:00").status_code == 302
    assert act(office, place, "work_out", by="overseer", way="citizens", until="2026-03-03T00:00").status_code == 302
    assert code in office.words("overseer", place)
    assert office.get("administrator", place).status_code == 404, "it is not of one centre alone"
    office.get("operator", "/inbox")
    login = str(office.world.people["operator"].login)
    html = office.get("overseer", f"{place}?login={login}").get_data(as_text=True)
    [session] = re.findall(r'name="session" value="([^"]+)"', html)
    assert act(office, place, "work_out", by="overseer", way="session", session=session).status_code == 302
    assert "Không có cán bộ nào" in office.words("overseer", f"{place}?login=nobody")
    assert "Chưa ghi nhận sự cố nào." in office.words("administrator", "/personal-data/breaches?after=abc")


def test_those_affected_leave_as_a_file_by_code_alone_and_for_a_reason(office: Office) -> None:
    code, place = look(office), put_down(office)
    assert act(office, place, "work_out", way="cases", codes=code).status_code == 302
    [address] = re.findall(r'href="(/exports/new/affected[^"]+)"', office.get("administrator", place).get_data(as_text=True))
    assert office.get("inspector", address).status_code in (403, 404)
    rows = exported(office, "administrator", address, reason="Gửi kèm thông báo bổ sung.")
    assert [(row["code"], row["way"], row["told"]) for row in rows] == [(code, "Các mã phản ánh, hồ sơ", "chưa")]
    assert not {"name", "sender", "phone", "email"} & set(rows[0])
    db.session.rollback()
    assert db.session.scalars(select(Output.reason)).all() == ["Gửi kèm thông báo bổ sung."]


def test_the_message_leads_to_the_page_of_ones_data_and_says_no_more(office: Office) -> None:
    code, place = look(office), put_down(office)
    act(office, place, "work_out", way="cases", codes=code)
    act(office, place, "tell")
    write_to_affected(office.moment)
    db.session.rollback()
    message = db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == "data_breach")).one()
    delivery = Delivery(message_id=message.id, recipient=message.recipient, channel="email", template=message.template)
    for language, subject in (("vi", "Thông báo về dữ liệu cá nhân của Ông/Bà"), ("en", "A notice about your personal data")):
        words = words_of(delivery, message, None, language=language, now=office.moment, pages=lambda page, of: f"{page}:{of}")
        assert (words.subject, words.link) == (subject, f"{Page.OWN_DATA}:")
        assert not any(part in words.body + words.sms for part in (code, KNOWN["happened"], "Nguyễn"))


# -- a proof of who sits there ---------------------------------------------------------------------------------------------


def test_forms_that_want_a_fresh_proof_are_forms_there_are(sqlite_app: Flask) -> None:
    assert set(FRESH_FORMS) <= set(sqlite_app.view_functions), "a renamed page would ask nobody any more"


def signed_in_long_ago() -> None:
    with unit_of_work():
        db.session.execute(update(LoginSession).values(created_at=build.NOON - timedelta(hours=1), authenticated_at=None))


def test_a_breach_and_its_files_wait_until_one_has_proven_who_one_is(office: Office) -> None:
    look(office)
    place = put_down(office)
    with unit_of_work():
        db.session.add(HouseSetting(key="fresh_minutes", value=10, changed_at=build.NOON))
        change = {"by": office.world.actor("administrator"), "at": build.NOON, "reason": "Thử", "centre_id": None}
        record_setting("value", "fresh_minutes", old={"value": 0}, new={"value": 10}, **change)
    signed_in_long_ago()
    closing = act(office, place, "close", outcome="Không có gì lọt ra ngoài.", no_notice="yes")
    assert closing.status_code == 401
    db.session.rollback()
    assert db.session.scalars(select(Breach.closed_at)).one() is None
    order = {"form": "json", "centre": office.world.centre.ref}
    looks = {"reason": "Kiểm tra định kỳ quý I.", **order}
    assert office.post("inspector", "/exports/new/looks", **looks).status_code == 302, "signed in just now"
    signed_in_long_ago()
    assert office.post("inspector", "/exports/new/looks", **looks).status_code == 401
    assert office.post("inspector", "/exports/new/processing", **order).status_code == 302, "what names nobody waits for no proof"
    office.browser("ops_lead")
    signed_in_long_ago()
    named = {"with_identity": "y", "reason": WHY, **order}
    assert office.post("ops_lead", "/exports/new/cases", **named).status_code == 401
