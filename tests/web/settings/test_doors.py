"""Administrators make, rotate and end the accounts of other systems; a key is shown once, and officers themselves lend their names."""
from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from casework.db import db, unit_of_work
from casework.doors.asking import KeyRefused, caller_of
from casework.doors.gates import Door, is_open
from casework.doors.key_format import public_of
from casework.doors.keys import MOST_VALID
from casework.doors.standing import look_after_service_accounts
from casework.messages.http_client import Door as HttpDoor
from casework.models import Account, BehalfAgreement, Event, LoginSession, OutboxMessage, ServiceAccount, ServiceKey
from casework.setting_values import OPEN_DOOR
from tests import build
from tests.conftest import client_of
from tests.second_centre import of_the_installation, second_world
from tests.web.accounts.outside_provider import write
from tests.web.desk import Office
from tests.web.pages import words_of
from web import request_log
from web.accounts.oidc_client import ProviderClient
from web.accounts.oidc_providers import open_providers

KEY = re.compile(r"lb1_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}")
WHY = "Theo công văn số 12."
MISSING = "Mục này là bắt buộc."
DAY = timedelta(days=1)


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def typed(office: Office, **more: Any) -> dict[str, Any]:
    form = {"name": "Phần mềm giao việc", "purpose": "Nhận và trả lời việc.", "owner": office.world.people["leader_PTNMT"].ref,
            "scopes": ["read_case", "read_inbox", "progress_note"], "reason": WHY}  # fmt: skip
    return {**form, **more}


def address(office: Office, body: str = "") -> str:
    return f"/settings/doors/new?body={body or office.world.agencies['PTNMT'].ref}"


def made(office: Office, **more: Any) -> tuple[str, str]:
    """The ref of an account made through its page, and its key."""
    answer = office.post("administrator", address(office), **typed(office, **more))
    assert answer.status_code == 200, words_of(answer)[:800]
    newest = select(Account.ref).where(Account.kind == "service").order_by(Account.id.desc())
    return db.session.scalars(newest).first() or "", key_in(answer)


def key_in(answer: TestResponse) -> str:
    found = KEY.search(answer.get_data(as_text=True))
    assert found, words_of(answer)[:500]
    return found[0]


def opens(text: str, office: Office) -> bool:
    try:
        caller_of(text, door=Door.API, address="203.0.113.9", now=office.moment)
    except KeyRefused:
        return False
    return True


def key_ref(text: str) -> str:
    return db.session.scalars(select(ServiceKey.ref).where(ServiceKey.public == public_of(text))).one()


def test_an_account_is_made_with_its_key_which_is_shown_once(office: Office) -> None:
    ref, text = made(office, networks="203.0.113.0/24", days="30")
    assert opens(text, office)
    page = office.words("administrator", f"/settings/doors/{ref}")
    everything = [page, office.words("administrator", "/settings/doors"), office.words("administrator", "/settings/events")]
    assert all(public_of(text) in each for each in (everything[0], everything[1]))
    assert not any(text in each or text[13:] in each for each in everything)
    row = db.session.scalars(select(ServiceAccount)).one()
    key = db.session.scalars(select(ServiceKey)).one()
    assert (row.agency_id, row.scopes, key.networks) == (office.world.agencies["PTNMT"].id, typed(office)["scopes"], ["203.0.113.0/24"])
    assert key.expires_at == office.moment + 30 * DAY


def test_what_was_typed_stays_where_something_is_missing(office: Office) -> None:
    for wrong, words in (
        ({"name": ""}, MISSING), ({"purpose": ""}, MISSING), ({"owner": ""}, MISSING), ({"scopes": []}, MISSING), ({"reason": ""}, MISSING),
        ({"name": "x" * 121}, "Tối đa 120"), ({"purpose": " "}, "mục đích"), ({"scopes": ["approve_answer"]}, "ít nhất một việc"),
        ({"networks": "không phải mạng"}, "203.0.113.0/24"), ({"days": "366"}, "365"),
        ({"owner": office.world.people["citizen"].ref}, "chọn người được báo"),
    ):  # fmt: skip
        answer = office.post("administrator", address(office), **typed(office, **wrong))
        page = answer.get_data(as_text=True)
        assert (answer.status_code, words in words_of(answer)) == (422, True), (wrong, words_of(answer)[:900])
        assert "purpose" in wrong or "Nhận và trả lời việc." in page
        assert "scopes" in wrong or re.search(r'<input[^>]*checked[^>]*value="read_inbox"', page), wrong
        assert KEY.search(page) is None
    assert db.session.scalars(select(ServiceAccount)).first() is None


def test_a_centre_system_that_files_reports_names_its_agreement(office: Office) -> None:
    centre = office.world.centre.ref
    form = typed(office, scopes=["file_report"], owner=office.world.people["ops_lead"].ref)
    refused = office.post("administrator", address(office, centre), **form)
    assert (refused.status_code, "thỏa thuận" in words_of(refused)) == (422, True)
    refused = office.post("administrator", address(office, centre), **{**form, "agreement_number": "5/TT", "agreement_on": "hôm qua"})
    assert (refused.status_code, "Cần ngày dạng" in words_of(refused)) == (422, True)
    given = {**form, "agreement_number": "5/TT", "agreement_on": office.moment.date().isoformat()}
    assert office.post("administrator", address(office, centre), **given).status_code == 200
    assert db.session.scalars(select(ServiceAccount.agreement_number)).one() == "5/TT"


def test_a_second_key_follows_the_first_without_a_gap(office: Office) -> None:
    ref, first = made(office)
    answer = office.post("administrator", f"/settings/doors/{ref}/key", reason=WHY)
    second = key_in(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    assert opens(first, office)
    assert opens(second, office)
    third = office.post("administrator", f"/settings/doors/{ref}/key", reason=WHY)
    assert (third.status_code, f"Đã có {MOST_VALID} khóa" in words_of(third)) == (422, True)
    revoked = f"/settings/doors/{ref}/keys/{key_ref(first)}/revocation"
    assert "lý do" in words_of(office.post("administrator", revoked, reason=""))
    assert office.post("administrator", revoked, reason=WHY).location == f"/settings/doors/{ref}"
    assert (opens(first, office), opens(second, office)) == (False, True)
    assert office.post("administrator", revoked, reason=WHY).status_code == 422
    assert "1 khóa trước đây" in office.words("administrator", f"/settings/doors/{ref}")


def test_an_account_is_changed_and_ended_for_good(office: Office) -> None:
    ref, text = made(office)
    form = typed(office, name="Phần mềm khác", scopes=["read_statistics"])
    assert office.post("administrator", f"/settings/doors/{ref}/change", **form).status_code == 302
    assert "Xem số liệu" in office.words("administrator", f"/settings/doors/{ref}")
    assert office.post("administrator", f"/settings/doors/{ref}/change", **{**form, "purpose": " "}).status_code == 422
    assert "lý do" in words_of(office.post("administrator", f"/settings/doors/{ref}/end", reason=""))
    assert office.post("administrator", f"/settings/doors/{ref}/end", reason=WHY).status_code == 302
    assert not opens(text, office)
    assert "Phần mềm khác" not in office.words("administrator", "/settings/doors")
    assert "Phần mềm khác" in office.words("administrator", "/settings/doors?state=ended")
    for part in ("change", "key"):
        assert office.get("administrator", f"/settings/doors/{ref}/{part}").status_code == 404
    assert office.post("administrator", f"/settings/doors/{ref}/end", reason=WHY).status_code == 422


def test_two_administrators_at_one_account_hear_of_each_other(office: Office) -> None:
    ref, _ = made(office)
    page = office.get("administrator", f"/settings/doors/{ref}/change").get_data(as_text=True)
    seen = re.search(r'name="seen" value="(\w+)"', page)
    assert seen
    first = office.post("administrator", f"/settings/doors/{ref}/change", **typed(office, purpose="Việc khác."), seen=seen[1])
    assert first.status_code == 302
    late = office.post("administrator", f"/settings/doors/{ref}/change", **typed(office, name="Tên nữa"), seen=seen[1])
    assert (late.status_code, "người khác đã thay đổi" in words_of(late), "Tên nữa" in late.get_data(as_text=True)) == (422, True, True)


def test_a_door_is_opened_and_closed(office: Office) -> None:
    centre_id = office.world.centre.id
    assert "mở hay đóng" in words_of(office.post("administrator", "/settings/doors/gates/api", state="ajar", reason=WHY))
    assert "lý do" in words_of(office.post("administrator", "/settings/doors/gates/api", state=OPEN_DOOR, reason=""))
    assert not is_open(Door.API, centre_id)
    assert office.post("administrator", "/settings/doors/gates/api", state=OPEN_DOOR, reason=WHY).status_code == 302
    assert is_open(Door.API, centre_id)
    assert not is_open(Door.OPEN311, centre_id)
    assert office.post("administrator", "/settings/doors/gates/api", state="closed", reason=WHY).status_code == 302
    assert not is_open(Door.API, centre_id)
    assert office.post("administrator", "/settings/doors/gates/no_such_door", state=OPEN_DOOR, reason=WHY).status_code == 404


def test_whoever_administers_several_centres_says_where_a_door_opens(office: Office) -> None:
    other = second_world(office.world)
    of_the_installation(office.world, "overseer", build.Role.ADMINISTRATOR)
    form = {"state": OPEN_DOOR, "reason": WHY}
    assert office.post("overseer", "/settings/doors/gates/api", **form).status_code == 422
    assert office.post("overseer", "/settings/doors/gates/api", scope=other.centre.ref, **form).status_code == 302
    assert (is_open(Door.API, other.centre.id), is_open(Door.API, office.world.centre.id)) == (True, False)
    assert office.post("overseer", "/settings/doors/gates/api", scope="all", **form).status_code == 302
    assert is_open(Door.API, office.world.centre.id)


def test_nothing_of_another_centre_is_found(office: Office) -> None:
    ref, text = made(office)
    second_world(office.world)
    office.world.people["administrator_DN"] = db.session.scalars(select(Account).where(Account.login == "administrator_dn")).one()
    for path in ("", "/change", "/key"):
        assert office.get("administrator_DN", f"/settings/doors/{ref}{path}").status_code == 404
    for path in ("change", "key", "end", f"keys/{key_ref(text)}/revocation"):
        assert office.post("administrator_DN", f"/settings/doors/{ref}/{path}", **typed(office)).status_code == 404
    assert "Phần mềm giao việc" not in office.words("administrator_DN", "/settings/doors")
    answer = office.post("administrator_DN", address(office), **typed(office))
    assert "Hệ thống này của ai" in words_of(answer)
    assert opens(text, office)
    assert len(db.session.scalars(select(ServiceAccount)).all()) == 1


def test_a_key_waits_for_a_proof_even_where_no_other_act_does(office: Office) -> None:
    administrator = office.world.people["administrator"]
    office.browser("administrator")
    with unit_of_work():
        for row in db.session.scalars(select(LoginSession).where(LoginSession.account_id == administrator.id)):
            row.authenticated_at = row.created_at = office.moment - timedelta(hours=9)
    answer = office.post("administrator", address(office), **typed(office))
    assert answer.status_code == 401
    assert (KEY.search(answer.get_data(as_text=True)), db.session.scalars(select(ServiceAccount)).first()) == (None, None)


def test_no_address_session_event_message_or_log_holds_a_key(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    monkeypatch.setattr(request_log.LOGGER, "info", lambda what, extra: lines.append(json.dumps(extra, default=str)))
    browser = office.browser("administrator")
    ref, first = made(office)
    answer = office.post("administrator", f"/settings/doors/{ref}/key", reason=WHY)
    second = key_in(answer)
    office.post("administrator", f"/settings/doors/{ref}/keys/{key_ref(first)}/revocation", reason=WHY)
    office.post("administrator", f"/settings/doors/{ref}/end", reason=WHY)
    look_after_service_accounts(office.moment)
    rows = (select(Event.payload), select(OutboxMessage.__table__), select(ServiceKey.__table__))
    kept = [repr(row) for each in rows for row in db.session.execute(each)] + [str(cookie) for cookie in browser._cookies.values()]
    kept += [f"{answer.headers}", *lines, office.words("administrator", f"/settings/doors/{ref}")]
    assert len(lines) >= 4
    for text in (first, second):
        secret = text.split("_")[2]
        assert not any(secret[:12] in each for each in kept)


def test_officers_lend_their_names_themselves_and_end_it_at_once(office: Office) -> None:
    ref, _ = made(office)
    world = office.world
    page = office.words("officer_PTNMT", "/account/systems")
    assert "Phần mềm giao việc" in page
    assert "Ghi tiến độ" in page
    assert "Đọc hồ sơ" not in page
    assert "Phần mềm giao việc" not in office.words("officer_HKL", "/account/systems")
    assert office.post("officer_HKL", f"/account/systems/{ref}/agreement").status_code == 404
    assert "Chưa có ai đồng ý" in office.words("administrator", f"/settings/doors/{ref}")
    assert office.post("officer_PTNMT", f"/account/systems/{ref}/agreement").status_code == 302
    assert "đang làm thay Ông/Bà" in office.words("officer_PTNMT", "/account/systems")
    assert (world.people["officer_PTNMT"].full_name or "") in office.words("administrator", f"/settings/doors/{ref}")
    assert office.post("officer_PTNMT", f"/account/systems/{ref}/agreement").status_code == 302, "twice is as once"
    assert office.post("officer_PTNMT", f"/account/systems/{ref}/end").status_code == 302
    agreements = db.session.scalars(select(BehalfAgreement)).all()
    assert [row.ended_at for row in agreements] == [office.moment]
    assert "đang làm thay Ông/Bà" not in office.words("officer_PTNMT", "/account/systems")


def test_nobody_agrees_with_a_start_password_an_administrator_has_seen(office: Office) -> None:
    ref, _ = made(office)
    office.browser("officer_PTNMT")
    with unit_of_work():
        db.session.get_one(Account, office.world.people["officer_PTNMT"].id).must_change_password = True
    assert office.post("officer_PTNMT", f"/account/systems/{ref}/agreement").location == "/account/password"
    assert db.session.scalars(select(BehalfAgreement)).first() is None


def test_who_is_told_sees_what_they_own_and_citizens_and_guests_nothing(office: Office) -> None:
    made(office)
    assert "Phần mềm giao việc" in office.words("leader_PTNMT", "/account/systems")
    assert "Đơn vị của Ông/Bà không có hệ thống" in office.words("operator", "/account/systems")
    assert office.get("citizen", "/account/systems").status_code == 403
    assert client_of(office.app).get("/account/systems").location.startswith("/sign-in")


def test_the_list_of_changes_says_it_in_words(office: Office) -> None:
    ref, _ = made(office, networks="203.0.113.0/24")
    office.post("officer_PTNMT", f"/account/systems/{ref}/agreement")
    office.post("administrator", f"/settings/doors/{ref}/end", reason=WHY)
    page = office.words("administrator", "/settings/events")
    for words in ("Tài khoản kết nối", "Được làm", "Đọc hồ sơ; Đọc hộp việc; Ghi tiến độ", "Mã khóa", "Chỉ từ mạng", "Hết hạn ngày",
                  "Đồng ý cho làm thay", "Đã kết thúc", "Người được báo"):  # fmt: skip
        assert words in page, words
    assert "Mã đơn vị" not in page
    assert "progress_note" not in page


def test_a_directory_names_the_provider_its_people_sign_in_at(office: Office, tmp_path: Path) -> None:
    told = {"enabled": True, "serves": "staff", "name": {"vi": "Tài khoản tỉnh", "en": "Province"}, "issuer": "https://tinh.example.vn",
            "client_id": "langbiang", "authentication": "none"}  # fmt: skip
    known = open_providers(write(tmp_path, {"so-noi-vu": told}))  # type: ignore[arg-type]
    office.app.extensions["outside"] = {key: ProviderClient(each, HttpDoor()) for key, each in known.items()}
    body = address(office, office.world.centre.ref)
    assert "Tài khoản tỉnh" in office.words("administrator", body)
    assert "Tài khoản tỉnh" not in office.words("administrator", address(office))
    refused = office.post("administrator", body, **typed(office, scopes=["read_case"], provider="so-noi-vu"))
    assert refused.status_code == 422
    form = typed(office, scopes=["manage_people"], provider="so-noi-vu", name="Danh bạ")
    assert office.post("administrator", body, **form).status_code == 200
    row = db.session.scalars(select(ServiceAccount)).one()
    assert (row.provider, row.scopes) == ("so-noi-vu", ["manage_people"])
    assert "Tài khoản tỉnh" in office.words("administrator", f"/settings/doors/{row.account.ref}")
    changed = office.post("administrator", f"/settings/doors/{row.account.ref}/change", **{**form, "provider": "khong-co"})
    assert changed.status_code in (302, 422)
    assert db.session.scalars(select(ServiceAccount.provider)).one() in ("so-noi-vu", None)


def test_who_keeps_contacts_and_from_where_photos_come_is_set_on_the_form_and_stands_on_the_page(office: Office) -> None:
    filing = {"owner": office.world.people["operator"].ref, "scopes": ["file_report"], "agreement_number": "12/TT",
              "agreement_on": "2026-03-01", "contact_mode": "partner"}  # fmt: skip
    form = typed(office, **filing, photo_hosts="Anh.example.vn\nkho.example.vn")
    wrong = office.post("administrator", address(office, office.world.centre.ref), **{**form, "photo_hosts": "https://anh.example.vn/a"})
    assert wrong.status_code == 422
    assert "anh.example.vn/a" in wrong.get_data(as_text=True), "what was typed is still there"
    assert "Ghi tên máy chủ" in words_of(wrong)
    ref, _key = made_of_centre(office, form)
    page = office.words("administrator", f"/settings/doors/{ref}")
    assert "anh.example.vn, kho.example.vn" in page
    assert "Không ai: hệ thống đó giữ thông tin liên hệ" in page
    again = {**form, "name": "Phần mềm giao việc", "photo_hosts": ""}
    assert office.post("administrator", f"/settings/doors/{ref}/change", **again).status_code == 302
    assert "anh.example.vn" not in office.words("administrator", f"/settings/doors/{ref}")
    events = office.words("administrator", "/settings/events")
    assert "Máy chủ được tải ảnh" in events
    assert "không ai: đối tác giữ" in events


def made_of_centre(office: Office, form: dict[str, Any]) -> tuple[str, str]:
    answer = office.post("administrator", address(office, office.world.centre.ref), **form)
    assert answer.status_code == 200, words_of(answer)[:800]
    newest = select(Account.ref).where(Account.kind == "service").order_by(Account.id.desc())
    return db.session.scalars(newest).first() or "", key_in(answer)
