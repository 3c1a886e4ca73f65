"""The pages of people, agencies and areas: who joins, signs in first, forgets, leaves; what is found and what is another centre's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import Account, Agency, Area, Deputy, Event, SearchRow
from casework.permissions import Role
from tests import build
from tests.conftest import client_of
from tests.second_centre import of_the_installation
from tests.web.desk import Office, statements_of
from tests.web.pages import words_of

WHY = {"reason": "Theo quyết định phân công."}


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def account(login: str) -> Account:
    return db.session.scalars(select(Account).where(Account.login == login)).one()


def settings_told() -> Iterator[dict[str, Any]]:
    yield from db.session.scalars(select(Event.payload).where(Event.type == "change_setting").order_by(Event.seq))


def shown_password(page: str) -> str:
    found = re.search(r"\b[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}\b", page)
    assert found, page[:500]
    return found[0]


def test_somebody_joins_and_must_choose_a_password_before_anything_opens(office: Office) -> None:
    agency = office.world.agencies["PTNMT"]
    form = {
        "login": "Mai.Tran",
        "full_name": "Trần Thị  Mai",
        "title_vi": "Chuyên viên",
        "email": "mai@example.vn",
        "seat": f"officer.{agency.ref}",
        "is_focal": "yes",
        "language": "vi",
        **WHY,
    }
    for wrong, words in (
        ({"login": "0912345678"}, "Tên đăng nhập gồm"),
        ({"login": "operator"}, "đã có người dùng"),
        ({"full_name": " "}, "họ và tên"),
        ({"seat": "", "is_focal": ""}, "chọn vai trò"),
        ({"reason": ""}, "lý do"),
    ):
        refused = office.post("administrator", "/settings/people/new", **{**form, **wrong})
        assert (refused.status_code, words in words_of(refused)) == (422, True), wrong
    made = office.post("administrator", "/settings/people/new", **form)
    password = shown_password(words_of(made))
    assert made.headers["Cache-Control"] == "no-store"
    assert password not in str([*settings_told(), *db.session.scalars(select(Event.payload))])
    assert [row["kind"] for row in settings_told()] == ["account", "membership"]
    mai, browser, other = account("mai.tran"), client_of(office.app), client_of(office.app)
    for each in (browser, other):
        assert each.post("/sign-in", data={"login": "mai.tran", "password": password}).status_code == 302
    for path in ("/inbox", "/team", "/search"):
        assert browser.get(path).location == f"/account/password?next={path}"
    assert browser.post("/tasks/x/claim").location == "/account/password"
    assert browser.get("/sessions").status_code == 200
    new = "một câu dễ nhớ"
    for sent, words in (
        ({"present": "sai", "password": new}, "không đúng"),
        ({"present": password, "password": password}, "mật khẩu khác"),
        ({"present": password, "password": "12345678"}, "mật khẩu khác"),
        ({"present": password, "password": "ngắn"}, "8"),
    ):
        page = browser.post("/account/password", data={**sent, "password_again": sent["password"]})
        assert (page.status_code, words in words_of(page)) == (422, True), (sent, words_of(page)[:900])
    changed = browser.post(
        "/account/password?next=/inbox", data={"present": password, "password": new, "password_again": new, "next": "/inbox?view=mine"}
    )
    assert changed.location == "/inbox?view=mine"
    cookie = changed.headers["Set-Cookie"]
    assert cookie.startswith("langbiang_session="), "whoever has the cookie of before has nothing any more"
    assert (browser.get("/inbox").status_code, other.get("/inbox").status_code) == (200, 302)
    assert not account("mai.tran").must_change_password
    # forgotten: a new start password, and every browser is signed out
    again = office.post("administrator", f"/settings/people/{mai.ref}", act="password", **WHY)
    second = shown_password(words_of(again))
    assert second != password
    given_at = office.moment
    office.clock(given_at + timedelta(days=7))
    late = client_of(office.app).post("/sign-in", data={"login": "mai.tran", "password": second})
    assert (late.status_code, "không còn hiệu lực" in words_of(late)) == (422, True), "it lay in a drawer for a week"
    office.clock(given_at + timedelta(days=7) - timedelta(seconds=1))
    assert client_of(office.app).post("/sign-in", data={"login": "mai.tran", "password": second}).status_code == 302
    office.clock(given_at)
    assert browser.get("/inbox").location == "/sign-in?next=/inbox"
    assert client_of(office.app).post("/sign-in", data={"login": "mai.tran", "password": new}).status_code == 422


def test_a_person_is_changed_disabled_with_a_look_ahead_and_enabled(office: Office) -> None:
    world, lead = office.world, office.world.people["ops_lead"]
    page = f"/settings/people/{lead.ref}"
    changed = {
        "full_name": "Lê Đổi Tên",
        "email": "LE@Example.vn",
        "phone": "0912 345 678",
        "title_vi": "Tổ trưởng",
        "title_en": "",
        "language": "en",
    }
    assert office.post("administrator", page, act="change", **changed, **WHY).status_code == 302
    lead = account("ops_lead")
    assert (lead.full_name, lead.folded_name, lead.email, lead.phone) == ("Lê Đổi Tên", "le doi ten", "le@example.vn", "+84912345678")
    assert "không đúng" in words_of(office.post("administrator", page, act="change", **{**changed, "phone": "12"}, **WHY))
    assert "Lê Đổi Tên" in office.words("administrator", "/settings/people?q=DOI+le")
    look = office.words("administrator", f"{page}/leaving?seat=all")
    assert "Không còn ai khác" in look
    assert office.post("administrator", f"{page}/leaving", seat="all", act="leave", **WHY).status_code == 422
    own = f"/settings/people/{office.world.people['administrator'].ref}/leaving?seat=all"
    assert "Không tự khóa tài khoản của mình được" in office.words("administrator", own), "told only after a reason was typed"
    assert account("ops_lead").disabled_at is None
    heir = {f"takes_over-ops_lead.{world.centre.ref}": world.people["operator"].ref}
    assert office.post("administrator", f"{page}/leaving", seat="all", act="leave", **heir, **WHY).location == page
    assert account("ops_lead").disabled_at == build.NOON
    assert "Lê Đổi Tên" in office.words("administrator", "/settings/people?state=disabled")
    assert office.get("operator", "/team").status_code == 200, "who takes over leads now"
    shown_password(words_of(office.post("administrator", page, act="enable", **WHY)))
    assert [row["new"] for row in settings_told() if row["kind"] == "account"][-1] == {"disabled": False}
    moved = office.post(
        "administrator",
        f"/settings/people/{world.people['officer_PTNMT'].ref}/leaving",
        seat=f"officer.{world.agencies['PTNMT'].ref}",
        act="leave",
        moves_to=f"officer.{world.agencies['HKL'].ref}",
        **WHY,
    )
    assert moved.status_code == 302
    assert "Hạt Kiểm lâm" in office.words("administrator", f"/settings/people/{world.people['officer_PTNMT'].ref}")


def test_a_leader_appoints_a_deputy_and_calls_them_back(office: Office) -> None:
    colleague, leader = office.world.people["officer_PTNMT"], office.world.people["leader_PTNMT"]
    assert "Người làm thay tôi" in office.words("leader_PTNMT", "/sessions")
    form = {
        "act": "appoint",
        "principal": leader.ref,
        "deputy": colleague.ref,
        "starts_at": "2026-03-02T09:30",
        "ends_at": "2026-03-04T17:00",
        **WHY,
    }
    assert "Chưa có ai" in office.words("leader_PTNMT", "/settings/deputies")
    assert office.post("leader_PTNMT", "/settings/deputies", **{**form, "ends_at": "hôm nay"}).status_code == 422
    assert '<option value="">Vui lòng chọn</option>' in office.get("leader_PTNMT", "/settings/deputies").get_data(as_text=True)
    nobody = office.post("leader_PTNMT", "/settings/deputies", **{**form, "deputy": ""})
    assert (nobody.status_code, "Vui lòng chọn người làm thay" in words_of(nobody)) == (422, True)
    assert office.post("leader_PTNMT", "/settings/deputies", **form).status_code == 302
    assert "10:00 02/03/2026 – 17:00 04/03/2026" in office.words("administrator", "/settings/deputies")
    assert office.get("officer_PTNMT", "/approvals").status_code == 200
    assert office.post("leader_HKL", "/settings/deputies", **form).status_code == 404
    assert office.get("operator", "/settings/deputies").status_code == 403
    from casework.settings.deputyships import deputyships_of

    [row] = deputyships_of(leader, now=build.NOON)
    ended = {"act": "end", "principal": leader.ref, "deputy": colleague.ref, "starts_at": row.starts_at.isoformat(), **WHY}
    assert office.post("leader_PTNMT", "/settings/deputies", **ended).status_code == 302
    assert office.get("officer_PTNMT", "/approvals").status_code == 403


def test_a_confidential_reader_appoints_and_an_administrator_confirms_on_the_page(office: Office) -> None:
    reader, colleague = office.world.people["confidential_reader"], office.world.people["operator"]
    time = {"starts_at": "2026-03-02T09:30", "ends_at": "2026-03-04T17:00"}
    form = {"act": "appoint", "principal": reader.ref, "deputy": colleague.ref, **time}
    assert "chỉ chính người này cử" in words_of(office.post("administrator", "/settings/deputies", **form, **WHY))
    assert "Người làm thay tôi" in office.words("confidential_reader", "/sessions")
    assert office.post("confidential_reader", "/settings/deputies", **form, **WHY).status_code == 302
    assert "chờ xác nhận" in office.words("confidential_reader", "/settings/deputies")
    page = office.get("administrator", "/settings/deputies").get_data(as_text=True)
    assert "chờ xác nhận" in words_of(page)
    start = re.search(r'name="starts_at" value="([^"]+)"', page)
    assert start is not None
    word = {"principal": reader.ref, "deputy": colleague.ref, "starts_at": start[1]}
    assert 'action="/settings/deputies/confirmations"' not in office.get("confidential_reader", "/settings/deputies").get_data(as_text=True)
    for name, status in (("confidential_reader", 403), ("operator", 403), ("ops_lead", 403)):
        assert office.post(name, "/settings/deputies/confirmations", **word, **WHY).status_code == status
    assert office.post("administrator", "/settings/deputies/confirmations", **word, reason="").status_code == 422
    assert office.post("administrator", "/settings/deputies/confirmations", **word, **WHY).status_code == 302
    assert "đang thay" in office.words("administrator", "/settings/deputies")
    assert office.post("administrator", "/settings/deputies/confirmations", **word, **WHY).status_code in (404, 422)


def test_a_deputy_changes_no_people_and_nobody_those_they_stand_in_for(office: Office) -> None:
    world = office.world
    with unit_of_work():
        world.people["second"] = build.staff(world, "second", Role.ADMINISTRATOR)
        for deputy, principal in (("operator", "administrator"), ("second", "ops_lead")):
            row = Deputy(principal_id=world.people[principal].id, deputy_id=world.people[deputy].id, starts_at=build.NOON,
                         ends_at=build.NOON + timedelta(days=2), created_by_id=world.people[principal].id)  # fmt: skip
            db.session.add(row)
    administrator, lead = world.people["administrator"], world.people["ops_lead"]
    assert office.get("operator", "/settings/values").status_code == 200, "settings are the deputy's to change"
    for path in ("people", "agencies", "deputies", "imports/people", "exports/people.csv"):
        assert office.get("operator", f"/settings/{path}").status_code == 403, path
    assert "Cán bộ và vai trò" not in office.words("operator", "/settings")
    seat = f"records_clerk.{world.centre.ref}"
    for act in ("password", "give", "change"):
        assert office.post("operator", f"/settings/people/{administrator.ref}", act=act, seat=seat, **WHY).status_code == 403
    # an administrator in their own right keeps off the people they stand in for
    page = f"/settings/people/{lead.ref}"
    assert "thay người này" in words_of(office.post("second", page, act="give", seat=seat, **WHY))
    assert 'value="password"' in office.get("administrator", page).get_data(as_text=True)
    assert 'value="password"' not in office.get("second", page).get_data(as_text=True)
    assert office.post("second", page, act="password", **WHY).status_code == 403
    leaving = {"act": "leave", f"takes_over-ops_lead.{world.centre.ref}": world.people["operator_2"].ref, **WHY}
    assert "thay người này" in words_of(office.post("second", f"{page}/leaving", seat=f"ops_lead.{world.centre.ref}", **leaving))
    told = {"principal": lead.ref, "deputy": world.people["operator"].ref, "starts_at": "2026-03-09T09:00", "ends_at": "2026-03-10T09:00"}
    assert "quản trị viên khác cử" in words_of(office.post("second", "/settings/deputies", act="appoint", **told, **WHY))
    assert not list(settings_told())
    assert office.post("administrator", page, act="give", seat=seat, **WHY).status_code == 302


AGENCY = {"key": "CA", "name_vi": "Công an xã", "name_en": "Commune police", "phone": "113", "parent": "PTNMT", "area": "Xã Lát", **WHY}


def test_agencies_are_added_put_right_and_ended(office: Office) -> None:
    at, world = "/settings/agencies", office.world
    for wrong, words in (
        ({"key": "ptnmt"}, "đã dùng"),
        ({"key": "có dấu"}, "Mã đơn vị gồm"),
        ({"phone": "99"}, "không đúng"),
        ({"parent": "KHÔNG"}, "cấp trên"),
        ({"area": "Xã Nào"}, "địa bàn"),
        ({"name_vi": ""}, "ghi tên bằng tiếng Việt"),
    ):
        refused = office.post("administrator", f"{at}/new", **{**AGENCY, **wrong})
        assert (refused.status_code, words in words_of(refused)) == (422, True), wrong
    assert office.post("administrator", f"{at}/new", **AGENCY).status_code == 302
    row = db.session.scalars(select(Agency).where(Agency.key == "CA")).one()
    assert (row.phone, row.area_id, row.parent_id) == ("113", world.area.id, world.agencies["PTNMT"].id)
    page, renamed = f"{at}/{row.ref}", {**AGENCY, "act": "change", "name_vi": "Công an xã Lát", "phone": "0263 3822 123"}
    assert "Sắp xếp lại" in words_of(office.post("administrator", page, **renamed))
    assert office.post("administrator", page, **renamed, corrects_names="yes").status_code == 302
    db.session.expire_all()
    assert (row.name_vi, row.phone, "cong an xa lat" in row.folded_name) == ("Công an xã Lát", "+842633822123", True)
    circle = {
        **AGENCY,
        "act": "change",
        "name_vi": world.agencies["PTNMT"].name_vi,
        "name_en": world.agencies["PTNMT"].name_en,
        "parent": "CA",
        "short_name_vi": world.agencies["PTNMT"].name_vi,
        "short_name_en": world.agencies["PTNMT"].name_en,
    }
    assert "vòng tròn" in words_of(office.post("administrator", f"{at}/{world.agencies['PTNMT'].ref}", **circle))
    case = build.case_at(world, "at_agency")
    refused = words_of(office.post("administrator", f"{at}/{world.agencies['PTNMT'].ref}", act="end", on="2026-04-01", **WHY))
    assert "1 phần việc đang xử lý, 3 vai trò của cán bộ, 1 đơn vị trực thuộc" in refused
    assert office.post("administrator", page, act="end", on="2026-03-01", **WHY).status_code == 422
    assert office.post("administrator", page, act="end", on="2026-04-01", **WHY).status_code == 302
    assert "Công an" in office.words("administrator", f"{at}?q=cong")
    assert case.lead_agency_id == world.agencies["PTNMT"].id
    assert [row["kind"] for row in settings_told()] == ["agency"] * 3


def test_areas_keep_their_code_to_their_time_and_search_follows_a_corrected_name(office: Office) -> None:
    at, world = "/settings/areas", office.world
    case = build.case_at(world, "to_classify")
    area = {"level": "commune", "name_vi": "Xã Mới", "name_en": "New commune", "official_code": "24846", "valid_from": "2026-03-02", **WHY}
    assert office.post("administrator", f"{at}/new", **area).status_code == 302
    for wrong, words in (
        ({"name_vi": "Xã Khác"}, "là của Xã Mới"),
        ({"official_code": "x"}, "chữ số"),
        ({"official_code": ""}, "Đã có Xã Mới"),
        ({"level": "village", "official_code": "1"}, "cấp trên"),
        ({"level": "village", "official_code": "", "parent": "24846", "valid_from": "2025-01-01"}, "không có hiệu lực"),
        ({"level": "commune", "official_code": "2", "parent": "Xã Lát"}, "Không rõ"),
    ):
        refused = office.post("administrator", f"{at}/new", **{**area, **wrong})
        assert (refused.status_code, words in words_of(refused)) == (422, True), (wrong, words_of(refused)[:600])
    new = db.session.scalars(select(Area).where(Area.official_code == "24846")).one()
    village = {**area, "level": "village", "name_vi": "Thôn Một", "official_code": "", "parent": "24846"}
    assert office.post("administrator", f"{at}/new", **village).status_code == 302
    assert "1 địa bàn cấp dưới" in words_of(office.post("administrator", f"{at}/{new.ref}", act="end", on="2026-05-01", **WHY))
    thon = db.session.scalars(select(Area).where(Area.name_vi == "Thôn Một")).one()
    for each in (thon, new):
        assert office.post("administrator", f"{at}/{each.ref}", act="end", on="2026-05-01", **WHY).status_code == 302
    # the same code is another's once the first is over
    assert office.post("administrator", f"{at}/new", **{**area, "name_vi": "Xã Sau", "valid_from": "2026-05-01"}).status_code == 302
    lat = world.area
    corrected = {"act": "change", "name_vi": "Xã Langbiang", "name_en": "Langbiang", "parent": "", "official_code": "", **WHY}
    assert "Sắp xếp lại" in words_of(office.post("administrator", f"{at}/{lat.ref}", **corrected))
    with unit_of_work():
        db.session.get_one(type(case), case.id).area_id = lat.id
    refused = office.post("administrator", f"{at}/{lat.ref}", act="end", on="2026-05-01", **WHY)
    assert (refused.status_code, "còn 1 hồ sơ đang xử lý" in words_of(refused)) == (422, True)
    assert 'id="f-on" name="on" value="2026-05-01"' in refused.get_data(as_text=True), "the day that was chosen is gone"
    assert office.post("administrator", f"{at}/{lat.ref}", **corrected, corrects_names="yes").status_code == 302
    words = list(db.session.scalars(select(SearchRow.words).where(SearchRow.case_id == case.id)))
    assert words
    assert all("xa langbiang" in each for each in words)
    assert "Xã Langbiang" in office.words("administrator", f"{at}?q=LANG&level=commune")


def test_what_is_another_centres_is_not_there_and_lists_cost_the_same_at_any_length(office: Office) -> None:
    world = office.world
    with unit_of_work():
        other = build.World(build.centre("DN", is_default=False))
        world.people["administrator_DN"] = build.staff(other, "administrator_DN", Role.ADMINISTRATOR)
        agency = build.agency(other, "QLDT", "Phòng Quản lý đô thị", "Urban office")
        build.commune(other, "Phường Lạ")
    mine = [
        f"/settings/people/{world.people['operator'].ref}",
        f"/settings/people/{world.people['operator'].ref}/leaving?seat=all",
        f"/settings/agencies/{world.agencies['PTNMT'].ref}",
        f"/settings/areas/{world.area.ref}",
    ]
    for path in mine:
        assert (office.get("administrator", path).status_code, office.get("administrator_DN", path).status_code) == (200, 404), path
        assert office.get("operator", path).status_code == 403
        assert office.post("administrator_DN", path.partition("?")[0], act="change", seat="all", **WHY).status_code == 404
    for path in (
        "/settings/people",
        "/settings/agencies",
        "/settings/areas",
        "/settings/exports/people.csv",
        "/settings/exports/areas.csv",
    ):
        read = office.get("administrator_DN", path).get_data(as_text=True)
        assert not {"PTNMT", "officer_ptnmt", "Xã Lát", "leader_hkl"} & set(re.findall(r"Xã Lát|[\w-]+", read)), path
    found = office.post(
        "administrator_DN",
        f"/settings/people/{world.people['administrator_DN'].ref}",
        act="give",
        seat=f"officer.{world.agencies['HKL'].ref}",
        **WHY,
    )
    assert found.status_code == 404
    # another centre's code is neither in the way nor told; people of the installation are in no centre's log
    with unit_of_work():
        db.session.get_one(Area, world.area.id).official_code = "24846"
    coded = {"level": "commune", "name_vi": "Xã Đạ", "name_en": "Da", "official_code": "24846", "valid_from": "2026-03-02", **WHY}
    assert office.post("administrator_DN", "/settings/areas/new", **coded).status_code == 302
    again = office.post("administrator_DN", "/settings/areas/new", **{**coded, "name_vi": "Xã Khác"})
    assert (again.status_code, "là của Xã Đạ" in words_of(again), "Xã Lát" in words_of(again)) == (422, True, False)
    root = world.people["root"] = of_the_installation(world, "root", Role.ADMINISTRATOR)
    mail = {"act": "change", "full_name": "Lê Thị Tỉnh", "email": "tinh@example.vn", **WHY}
    assert office.post("root", f"/settings/people/{root.ref}", **mail).status_code == 302
    for query in ("", "?kind=account"):
        seen = [office.words(name, f"/settings/events{query}") for name in ("root", "administrator", "administrator_DN")]
        assert ["tinh@example.vn" in words for words in seen] == [True, False, False], query
    few = statements_of(lambda: office.get("administrator", "/settings/people"))
    with unit_of_work():
        for number in range(60):
            build.staff(world, f"extra_{number}", Role.OFFICER, agency=world.agencies["HKL"], full_name=f"Ngô Văn {number:02d}")
    assert statements_of(lambda: office.get("administrator", "/settings/people")) == few
    page = office.get("administrator", "/settings/people").get_data(as_text=True)
    after = re.search(r"after=([\w-]+)", page)
    assert after
    assert "operator" in office.words("administrator", f"/settings/people?after={after[1]}")
    assert agency.key == "QLDT"
