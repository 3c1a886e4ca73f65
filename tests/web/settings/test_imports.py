"""Tables: looked through, taken over all or nothing, twice without harm; exported and sent again they change nothing."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from casework.db import db, unit_of_work
from casework.models import Account, Agency, Area, Event, Membership, StagedImport
from casework.permissions import Role, actor_for
from casework.settings.importing.staging import forget_staged_imports
from tests import build
from tests.conftest import client_of
from tests.second_centre import second_world
from tests.web.desk import Office, statements_of
from tests.web.pages import hidden, words_of

WHY = {"reason": "Theo danh sách của Sở Nội vụ."}


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


@pytest.fixture
def kind_of_database() -> str:
    return "sqlite"


def send(office: Office, kind: str, table: str | bytes, name: str = "t.csv", by: str = "administrator", **form: Any) -> TestResponse:
    data = table.encode() if isinstance(table, str) else table
    return office.post(by, f"/settings/imports/{kind}", file=(io.BytesIO(data), name), **form)


def counts(page: TestResponse) -> list[int]:
    """New, changed, unchanged, faulty."""
    return [int(number) for number in re.findall(r'<b class="num">(\d+)</b>', page.get_data(as_text=True))]


def looked(office: Office, sent: TestResponse) -> tuple[str, TestResponse]:
    assert sent.status_code == 302, words_of(sent)[:600]
    return sent.location, office.get("administrator", sent.location)


def take(office: Office, at: str, page: TestResponse) -> TestResponse:
    return office.post("administrator", at, digest=hidden(page.get_data(as_text=True), "digest"), **WHY)


PEOPLE = """Tên đăng nhập;Họ và tên;Chức danh;Điện thoại;Vai trò;Mã đơn vị;Đầu mối
an.le;Lê Thị An;Chuyên viên;0912345678;Cán bộ đơn vị;PTNMT;x
an.le;Lê Thị An;Chuyên viên;0912345678;officer;hkl;
operator_2;Người Thử operator_2;Chuyên viên;;ops_lead;;
"""


def test_people_come_from_a_table_with_start_passwords_fetched_once(office: Office) -> None:
    events = db.session.scalar(select(func.count(Event.id)))
    at, page = looked(office, send(office, "people", PEOPLE))
    assert counts(page) == [1, 2, 0, 0]
    assert (db.session.scalar(select(func.count(Event.id))), b"an.le" in db.session.scalars(select(StagedImport.sealed_rows)).one()) == (
        events,
        False,
    )
    assert office.post("administrator", at, digest=hidden(page.get_data(as_text=True), "digest"), reason="").status_code == 422
    assert take(office, at, page).status_code == 302
    an = db.session.scalars(select(Account).where(Account.login == "an.le")).one()
    assert {(grant.role, grant.agency_id) for grant in actor_for(an, now=build.NOON).grants} == {
        (Role.OFFICER, office.world.agencies[key].id) for key in ("PTNMT", "HKL")
    }
    assert (an.phone, an.must_change_password) == ("+84912345678", True)
    told = list(db.session.execute(select(Event.type, Event.payload).where(Event.stream == "rules").order_by(Event.id.desc()).limit(5)))
    assert [(type_, payload.get("kind")) for type_, payload in reversed(told)] == [
        ("import_table", "people"),
        ("change_setting", "account"),
        ("change_setting", "membership"),
        ("change_setting", "membership"),
        ("change_setting", "membership"),
    ]
    # pressed twice, and sent again: nothing is done again
    assert counts(take(office, at, page)) == [1, 2, 0, 0]
    again_at, again = looked(office, send(office, "people", PEOPLE))
    assert counts(again) == [0, 0, 3, 0]
    assert "Không có gì khác" in words_of(again)
    assert db.session.scalar(select(func.count(Membership.id)).where(Membership.account_id == an.id)) == 2
    handed = office.post("administrator", f"{at}/passwords", form="csv").get_data(as_text=True)
    [password] = re.findall(r"an\.le,([a-z0-9-]{14})", handed)
    assert office.post("administrator", f"{at}/passwords", form="page").status_code == 422
    assert client_of(office.app).post("/sign-in", data={"login": "an.le", "password": password}).status_code == 302
    assert db.session.scalars(select(StagedImport.sealed_passwords)).all() == [None, None]
    with pytest.raises(AssertionError):
        looked(office, send(office, "people", PEOPLE, "t.xlsm"))
    assert forget_staged_imports(build.NOON + timedelta(hours=25)) == 2
    assert office.get("administrator", again_at).status_code == 404


FAULTY = """User name,Full name,Role,Centre,Key of the agency,From day,E-mail
0912345678,A B,operator,LD,,,
b.c,,operator,LD,,,
c.d,C D,king,LD,,,
d.e,D E,operator,XX,,,
e.f,E F,officer,LD,NOWHERE,,
f.g,F G,operator,LD,,31/31/2026,
g.h,G H,operator,LD,,,not an address
h.i,H I,,LD,,,
i.k,=1+1,operator,LD,,,
k.l,K L,operator,LD,,2026-03-02,k@example.vn
k.l,K L,operator,LD,,,k@example.vn
k.l,K Other,ops_lead,LD,,,k@example.vn
administrator,Người Thử administrator,operator,LD,,,
"""


def test_faulty_rows_are_named_with_their_column_and_nothing_is_taken_over(office: Office) -> None:
    accounts = db.session.scalar(select(func.count(Account.id)))
    at, page = looked(office, send(office, "people", FAULTY))
    assert counts(page) == [1, 0, 0, 12]
    said = words_of(page)
    for words in (
        "Tên đăng nhập: Tên đăng nhập gồm",
        "Họ và tên: Thiếu giá trị",
        "Vai trò: Không có vai trò này",
        "Trung tâm: Không có trung tâm này",
        "Mã đơn vị: Không có đơn vị",
        "Từ ngày: Cần ngày dạng",
        "Thư điện tử: Địa chỉ thư điện tử",
        "Vai trò: Người mới cần",
        "Ô chứa công thức",
        "Vai trò này đã có ở một dòng trước",
        "Khác với dòng trước",
        "Không tự giao vai trò cho mình",
    ):
        assert words in said, words
    refused = office.post("administrator", at, digest="x" * 32, **WHY)
    assert refused.status_code == 422
    assert db.session.scalar(select(func.count(Account.id))) == accounts
    # a preview that is not true any more is shown again instead of done
    at, page = looked(office, send(office, "people", PEOPLE))
    with unit_of_work():
        db.session.get_one(Account, office.world.people["operator_2"].id).title_vi = "Tổ phó"
    assert "đã thay đổi sau khi xem trước" in words_of(take(office, at, page))
    assert db.session.scalar(select(func.count(Account.id))) == accounts


def test_of_people_of_other_centres_a_file_says_that_the_name_is_taken_and_no_more(sqlite_app: Flask) -> None:
    office = Office(sqlite_app)
    world, day = office.world, build.NOON.date()
    world.people["dn"] = second_world(world).people["administrator"]
    with unit_of_work():
        # one is at work there, one has left, one worked in both places and left both, one has an account without any role
        lead, gone, both, none = (db.session.get_one(Account, world.people[name].id) for name in LOGINS)
        lead.email = "rieng@example.vn"
        for row in (*gone.memberships, *both.memberships):
            row.valid_from, row.valid_to = day - timedelta(days=9), day
        db.session.add(Membership(account=both, role="inspector", centre_id=world.people["dn"].memberships[0].centre_id,
                                  valid_from=day - timedelta(days=9), valid_to=day))  # fmt: skip
        for row in none.memberships:
            db.session.delete(row)
        disabled = db.session.get_one(Account, world.people["officer_HKL"].id)
        disabled.disabled_at = build.NOON
        rows = [f"{each.login};{each.full_name};inspector" for each in (lead, gone, both, none, disabled)]
        refs = [each.ref for each in (lead, gone, both, none)]
    table = "Tên đăng nhập;Họ và tên;Vai trò\n" + "\n".join(rows)
    sent = send(office, "people", table, by="dn")
    page = office.get("dn", sent.location)
    said = words_of(page)
    assert (counts(page), said.count("đã có người dùng"), said.count("từng làm việc ở nơi khác")) == ([0, 0, 0, 5], 4, 1), said
    assert "rieng@example.vn" not in said
    assert office.post("dn", sent.location, digest="x" * 32, **WHY).status_code == 422
    for ref, there in zip(refs, (404, 404, 200, 404), strict=True):
        assert office.get("dn", f"/settings/people/{ref}").status_code == there
    seat = f"inspector.{world.people['dn'].memberships[0].centre.ref}"
    for act, status in (("give", 422), ("password", 403)):
        assert office.post("dn", f"/settings/people/{refs[2]}", act=act, seat=seat, **WHY).status_code == status
    assert "2000 dòng" in words_of(send(office, "people", "login,full_name\n" + "a,b\n" * 2_001))


LOGINS = ("ops_lead", "operator_2", "committee_leader", "leader_HKL")

AGENCIES = """key,Tên,Name in English,Telephone,Key of the agency above,Area
XA2,UBND xã Đạ Chais,Commune office,,UBND-LAT,Xã Đạ Chais
XA3,Công an,Police,113,XA4,
XA4,Công an huyện,District police,0263 3822 123,,
PTNMT,Phòng Tài nguyên và Môi trường,Natural Resources and Environment Office,,XA4,
"""
AREAS = """Cấp;Mã hành chính;Tên;Tên tiếng Anh;Thuộc địa bàn;Vĩ độ;Kinh độ;Trung tâm
tỉnh;68;Tỉnh Lâm Đồng;Lâm Đồng;;;;LD
xã;24848;Xã Mới;New commune;68;12,03;108,4;LD
thôn;;Thôn Một;Village one;24848;;;LD
thôn;;Thôn Hai;Village two;Xã Lát;;;LD
"""


def test_agencies_and_areas_come_from_tables_in_any_order(office: Office) -> None:
    at, page = looked(office, send(office, "agencies", AGENCIES))
    assert counts(page) == [3, 1, 0, 0], words_of(page)
    assert take(office, at, page).status_code == 302
    rows = {row.key: row for row in db.session.scalars(select(Agency))}
    assert (rows["XA3"].parent_id, rows["XA3"].phone, rows["PTNMT"].parent_id) == (rows["XA4"].id, "113", rows["XA4"].id)
    assert rows["XA2"].area_id == office.world.areas["xa da chais"].id
    named = "key,Tên,Name in English,Key of the agency above\nXA3,Công an xã,Police,XA4\nXA4,Công an huyện,District police,XA3\n"
    _at, page = looked(office, send(office, "agencies", named))
    assert (counts(page), "vòng tròn" in words_of(page), "Sửa lỗi ghi tên" in words_of(page)) == ([0, 0, 0, 2], True, True)
    at, page = looked(office, send(office, "agencies", named.replace("XA4,Công an huyện,District police,XA3\n", ""), corrects_names="yes"))
    assert counts(page) == [0, 1, 0, 0]
    at, page = looked(office, send(office, "areas", AREAS))
    assert counts(page) == [4, 0, 0, 0], words_of(page)
    assert take(office, at, page).status_code == 302
    areas = {row.name_vi: row for row in db.session.scalars(select(Area))}
    assert (areas["Thôn Một"].parent_id, areas["Xã Mới"].parent_id) == (areas["Xã Mới"].id, areas["Tỉnh Lâm Đồng"].id)
    assert (areas["Thôn Hai"].parent_id, areas["Xã Mới"].latitude) == (office.world.area.id, 12.03)
    wrong = "Level,Name in Vietnamese,Name in English,Lies in,Latitude\nthôn,Thôn Ba,Three,Không đâu,\nkhóm,X,Y,,\nxã,Xã Z,Z,68,abc\n"
    _at, page = looked(office, send(office, "areas", wrong))
    assert counts(page) == [0, 0, 0, 3]


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_what_was_exported_and_is_sent_again_changes_nothing(office: Office, form: str) -> None:
    world = office.world
    with unit_of_work():
        row = db.session.get_one(Agency, world.agencies["HKL"].id)
        row.phone, row.name_en, row.parent_id, row.area_id = "+842633822123", "=HYPERLINK(0)", world.agencies["PTNMT"].id, world.area.id
        db.session.get_one(Account, world.people["operator"].id).title_vi = "@chuyên viên"
        build.village(world, "Thôn Păng Tiêng", world.areas["xa da chais"])
        build.commune(world, "Xã Nam", latitude=-12.5, longitude=108.0)
    for kind in ("people", "agencies", "areas"):
        file = office.get("administrator", f"/settings/exports/{kind}.{form}")
        assert "attachment" in file.headers["Content-Disposition"]
        assert build.password_hash()[:20].encode() not in file.get_data()
        _at, page = looked(office, send(office, kind, file.get_data(), f"x.{form}"))
        new, changed, unchanged, faulty = counts(page)
        assert (new, changed, faulty) == (0, 0, 0), (kind, words_of(page)[:3000])
        assert unchanged >= 3
        template = office.get("administrator", f"/settings/imports/{kind}/template.{form}")
        assert template.status_code == 200
        _at, page = looked(office, send(office, kind, template.data, f"t.{form}"))
        assert counts(page) == [1, 0, 0, 0], (kind, words_of(page))
        if form == "xlsx":
            lists = list(load_workbook(io.BytesIO(template.data)).worksheets[1].iter_rows(values_only=True))
            words = {"people": ("Tổ trưởng vận hành", "PTNMT"), "agencies": ("PTNMT",), "areas": ("Xã, phường", "Xã Lát")}[kind]
            assert set(words) <= {row[1] for row in lists}, kind


def test_a_file_is_its_senders_alone_and_a_preview_costs_the_same_at_any_length(office: Office) -> None:
    with unit_of_work():
        office.world.people["second"] = build.staff(office.world, "second", Role.ADMINISTRATOR)
    at, _page = looked(office, send(office, "people", PEOPLE))
    few = statements_of(lambda: office.get("administrator", at))
    assert office.get("second", at).status_code == 404
    assert office.post("second", at, digest="x", **WHY).status_code == 404
    assert office.get("operator", at).status_code == 403
    assert send(office, "people", b"\xff\xfeT\0", by="administrator").status_code == 422
    assert "Windows-1258" in words_of(send(office, "people", "Tên".encode("cp1258", "ignore") + b"\xec"))
    table = "login,full_name,role\n" + "".join(f"p.{number},Người {number},operator\n" for number in range(150))
    at, page = looked(office, send(office, "people", table))
    assert counts(page)[0] == 150
    assert statements_of(lambda: office.get("administrator", at)) <= few + 1
    assert take(office, at, page).status_code == 302
    assert db.session.scalar(select(func.count(Account.id)).where(Account.must_change_password)) == 150
