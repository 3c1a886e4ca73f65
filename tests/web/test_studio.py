"""The studio's pages: what is listed, shown, uploaded, handed in, approved and refused, in both languages."""
from __future__ import annotations

import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import Account, Membership
from casework.permissions import Role
from tests import build
from tests.web.pages import at, signed_in, words_of
from tests.workflows.drafting.test_drafts import CHANGED, CHANGED_AGAIN, NOTE, UNCLEAN, deputy, draft_of, handed_in, world_with_people
from workflows.definitions.parsed import text_of
from workflows.definitions.process import shipped_model, shipped_table
from workflows.models import ProcessVersion
from workflows.versions.live import ROUTING, live_version


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    at(sqlite_app, build.NOON)
    return world_with_people()


def as_(app: Flask, client: FlaskClient, world: build.World, name: str, language: str = "vi") -> FlaskClient:
    signed_in(app, client, world.people[name], now=build.NOON)
    client.set_cookie("langbiang_language", language)
    return client


def versions(key: str = "field_report") -> list[ProcessVersion]:
    db.session.rollback()
    return list(db.session.scalars(select(ProcessVersion).where(ProcessVersion.key == key).order_by(ProcessVersion.id)))


def upload(client: FlaskClient, xml: bytes, name: str = "moi.bpmn", *, key: str = "field_report", scope: str = "installation"):
    return client.post("/studio/uploads", data={"key": key, "scope": scope, "note": NOTE, "file": (io.BytesIO(xml), name)})


def test_the_list_shows_each_process_with_its_versions_and_open_cases(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World
) -> None:
    build.file_report(world)
    draft_of(world)
    page = words_of(as_(sqlite_app, sqlite_client, world, "admin").get("/studio"))
    assert "Xử lý phản ánh Toàn hệ thống" in page
    assert "Bản 2 Bản nháp Người Thử admin 10:00 02/03/2026" in page
    assert "Bản 1 Đang áp dụng theo phần mềm từ 02/03/2026 1" in page
    assert "Bảng gợi ý phân công" in page
    english = words_of(as_(sqlite_app, sqlite_client, world, "inspector", "en").get("/studio"))
    assert "Handling of reports The whole installation" in english
    assert "Version 1 Live with the software since 02/03/2026 1 The version that comes with the software" in english
    assert "Begin a draft" not in english
    assert "The centre follows the version of the whole installation." in english


@pytest.mark.exhaustive
def test_an_administrator_begins_a_draft_hands_it_in_and_a_second_person_puts_it_live(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World
) -> None:
    admin = as_(sqlite_app, sqlite_client, world, "admin")
    assert upload(admin, CHANGED).status_code == 302
    draft = versions()[-1]
    page = admin.get(f"/studio/versions/{draft.ref}")
    assert page.status_code == 200
    assert "Kiểm tra: không có gì phải sửa" in words_of(page)
    assert admin.post(f"/studio/versions/{draft.ref}/hand_in", data={"words": NOTE, "revision": "1"}).status_code == 302
    page = words_of(admin.get(f"/studio/versions/{draft.ref}"))
    assert "Chờ phê duyệt" in page
    assert NOTE in page
    assert admin.post(f"/studio/versions/{draft.ref}/approve_version").status_code == 403
    approver = as_(sqlite_app, sqlite_client, world, "approver")
    for verb in ("approve_version", "put_live"):
        assert approver.post(f"/studio/versions/{draft.ref}/{verb}").status_code == 302
    page = words_of(approver.get(f"/studio/versions/{draft.ref}"))
    assert "Người phê duyệt Người Thử approver" in page
    assert "thay bản 1" in page
    assert [row.state for row in versions()] == ["retired", "live"]


@pytest.mark.exhaustive
def test_an_approver_reads_what_an_upload_changes_in_what_is_live(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World
) -> None:
    admin = as_(sqlite_app, sqlite_client, world, "admin")
    changed = CHANGED.replace(b'id="message_assigned" name="assigned"', b'id="message_assigned" name="given"')
    assert upload(admin, changed, scope=world.centre.ref).status_code == 302
    page = admin.get(f"/studio/versions/{versions()[-1].ref}")
    assert "So với bản đang áp dụng: bản 1 Toàn hệ thống" in words_of(page)
    assert "đã sửa Thông điệp “given”" in words_of(page)
    assert "đã sửa Phân loại hồ sơ" in words_of(page)
    assert 'data-to-element="classify"' in page.text
    assert 'data-to-element="message_assigned"' not in page.text


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("number", ["9" * 5000, "9" * 10, "-1", "x"])
def test_a_revision_that_is_none_hands_nothing_in(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World, number: str
) -> None:
    draft = draft_of(world)
    answer = as_(sqlite_app, sqlite_client, world, "admin").post(
        f"/studio/versions/{draft.ref}/hand_in", data={"words": NOTE, "revision": number}
    )
    assert (answer.status_code, versions()[-1].state) == (422, "draft")
    assert NOTE in answer.text


@pytest.mark.exhaustive
def test_what_was_typed_survives_a_refusal(sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World) -> None:
    version = handed_in(world)
    ref = version.ref
    approver = as_(sqlite_app, sqlite_client, world, "approver")
    answer = approver.post(f"/studio/versions/{ref}/send_back", data={"words": " " * 3})
    assert (answer.status_code, "Xin ghi cần sửa gì" in words_of(answer)) == (422, True)
    answer = approver.post(f"/studio/versions/{ref}/send_back", data={"words": "dài " * 600})
    assert answer.status_code == 422
    assert "dài dài dài" in answer.text
    approver.post(f"/studio/versions/{ref}/approve_version")
    answer = approver.post(f"/studio/versions/{ref}/approve_version", data={"words": "Nhận xét của tôi"})
    assert answer.status_code == 409
    assert "Bản 2 hiện đã được phê duyệt, không còn làm được việc này." in words_of(answer)
    assert "Nhận xét của tôi" in words_of(answer)


@pytest.mark.exhaustive
def test_a_version_with_findings_names_them_and_cannot_be_handed_in(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World
) -> None:
    admin = as_(sqlite_app, sqlite_client, world, "admin")
    assert upload(admin, UNCLEAN).status_code == 302
    draft = versions()[-1]
    page = admin.get(f"/studio/versions/{draft.ref}")
    assert "nobody_knows_this" in words_of(page)
    assert 'data-sev="error"' in page.text
    assert 'disabled aria-describedby="hand_in-what"' in page.text
    answer = admin.post(f"/studio/versions/{draft.ref}/hand_in", data={"words": "Điều tôi đã sửa", "revision": "1"})
    assert answer.status_code == 422
    assert "Còn lỗi phải sửa" in words_of(answer)
    assert "Điều tôi đã sửa" in answer.text
    assert draft.state == "draft"


@pytest.mark.parametrize(("xml", "said"), [
    (b"not xml at all", "moi.bpmn: Không đọc được tệp này như một quy trình."),
    (b"", "moi.bpmn: Tệp trống."),
    (b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", "DOCTYPE"),
    (b"<a>" * 100_000, "moi.bpmn: Không đọc được tệp này như một quy trình."),
    (b"<a>" + b"x" * 2_000_000 + b"</a>", "1 MB"),
])  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_by_its_name_with_the_reason(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World, xml: bytes, said: str
) -> None:
    answer = upload(as_(sqlite_app, sqlite_client, world, "admin"), xml)
    assert answer.status_code == 422
    assert said in words_of(answer)
    assert NOTE in words_of(answer)
    assert len(versions()) == 1


def test_a_file_is_downloaded_as_it_was_uploaded(sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World) -> None:
    admin = as_(sqlite_app, sqlite_client, world, "admin")
    upload(admin, CHANGED_AGAIN)
    answer = admin.get(f"/studio/versions/{versions()[-1].ref}/text")
    assert (answer.data, answer.mimetype) == (CHANGED_AGAIN, "application/xml")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="field_report-2.bpmn"'


def test_the_table_is_shown_as_a_table_and_what_is_live_is_what_suggests(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World
) -> None:
    admin = as_(sqlite_app, sqlite_client, world, "admin")
    page = admin.get(f"/studio/versions/{live_version(None, key=ROUTING).ref}")
    assert "Lĩnh vực UBND nơi xảy ra Mức độ Chủ trì Phối hợp Lý do" in words_of(page)
    assert "Đất đai, rác thải, nguồn nước" in words_of(page)
    assert "data-diagram" not in page.text
    ref = live_version(None, key=ROUTING).ref
    english = words_of(as_(sqlite_app, sqlite_client, world, "inspector", "en").get(f"/studio/versions/{ref}"))
    assert "Field The committee of the place Urgency Leads Cooperate Reason" in english
    assert "2 Forest, land, natural resources and environment any any" in english
    case = build.case_at(world, "to_distribute")
    operator = as_(sqlite_app, sqlite_client, world, "operator")
    task = build.waiting(case, "distribute").ref
    before = words_of(operator.get(f"/tasks/{task}"))
    assert "Đất đai, rác thải, nguồn nước" in before
    table = shipped_table().replace("Đất đai, rác thải, nguồn nước".encode(), "Rác thì kiểm lâm trước".encode()).replace(
        b'<outputEntry id="rule_2_lead">\n          <text>"PTNMT"', b'<outputEntry id="rule_2_lead">\n          <text>"HKL"'
    )
    admin = as_(sqlite_app, sqlite_client, world, "admin")
    assert upload(admin, table, "bang.dmn", key=ROUTING).status_code == 302
    ref = versions(ROUTING)[-1].ref
    admin.post(f"/studio/versions/{ref}/hand_in", data={"words": NOTE})
    approver = as_(sqlite_app, sqlite_client, world, "approver")
    for verb in ("approve_version", "put_live"):
        assert approver.post(f"/studio/versions/{ref}/{verb}").status_code == 302
    after = words_of(as_(sqlite_app, sqlite_client, world, "operator").get(f"/tasks/{task}"))
    assert "Rác thì kiểm lâm trước" in after


def test_a_centres_people_begin_drafts_of_their_centre_and_change_nothing_else(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World
) -> None:
    admin = as_(sqlite_app, sqlite_client, world, "administrator")
    base, scope = live_version(None).ref, world.centre.ref
    assert admin.post("/studio/drafts", data={"base": base, "scope": "installation"}).status_code == 404
    assert upload(admin, CHANGED).status_code == 404
    assert admin.post("/studio/drafts", data={"base": base, "scope": scope}).status_code == 302
    draft = versions()[-1]
    assert (draft.centre_id, draft.number, text_of(draft)) == (world.centre.id, 1, shipped_model())
    of_all = draft_of(world)
    assert admin.post(f"/studio/versions/{of_all.ref}/discard_draft").status_code == 403
    assert admin.get("/studio/versions/nowhere").status_code == 404
    assert admin.post(f"/studio/versions/{of_all.ref}/no_such_act").status_code == 404


def test_who_has_nothing_to_do_with_a_version_is_told_so(sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World) -> None:
    inspector = as_(sqlite_app, sqlite_client, world, "inspector")
    ref = live_version(None).ref
    page = words_of(inspector.get(f"/studio/versions/{ref}"))
    assert "Ông/Bà không có việc gì với bản này." in page
    assert "Quy trình" in page
    assert inspector.post(f"/studio/versions/{ref}/roll_back", data={"words": "x"}).status_code == 403
    assert as_(sqlite_app, sqlite_client, world, "operator").get("/studio").status_code == 403


def test_a_writer_is_told_that_a_second_person_approves(sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World) -> None:
    ref = handed_in(world).ref
    with unit_of_work():
        world.people["admin"].memberships.append(Membership(role=Role.PROCESS_APPROVER, valid_from=build.LONG_AGO))
    page = as_(sqlite_app, sqlite_client, world, "admin", "en").get(f"/studio/versions/{ref}")
    assert "another process approver decides" in words_of(page)
    assert f"/studio/versions/{ref}/take_back" in page.text
    world.people["stand_in"] = db.session.get_one(Account, deputy(world, "stand_in", "admin").account_id)
    page = as_(sqlite_app, sqlite_client, world, "stand_in", "en").get(f"/studio/versions/{ref}")
    assert page.status_code == 403, "nobody stands in for somebody in whom roles that watch each other meet"
    other = as_(sqlite_app, sqlite_client, world, "approver", "en").get(f"/studio/versions/{ref}")
    assert "another process approver decides" not in words_of(other)
