"""Rules that are rows, changed through their pages: every kind, what is impossible, whose they are, and that they hold at once."""
from __future__ import annotations

import html
import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from casework.calendars import rules_head
from casework.clocks.acts import ClockKind, rule_for
from casework.clocks.reminder_ladder import ladder_of
from casework.db import db, unit_of_work
from casework.local_time import LOCAL_ZONE
from casework.models import Camera, Case, Clock, ClockRule, Complexity, Event, Field, ReminderRule
from casework.permissions import Role
from casework.search.staff_choices import fields_of
from casework.setting_events import CHANGED, record_setting
from casework.settings.kinds.table import KINDS
from tests import build
from tests.second_centre import of_the_installation, second_world
from tests.web.desk import Office, step
from tests.web.pages import words_of

TODAY = build.NOON.astimezone(LOCAL_ZONE).date()
TOMORROW = TODAY + timedelta(days=1)
WHY = "Theo quyết định số 12"

NAMES = {"name_vi": "Tên thử", "name_en": "A trial"}
NEW: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "field": ({"service_code": "thu_nghiem", **NAMES, "position": "9", "allows_anonymous": "yes"}, {"name_vi": "Lĩnh vực mới"}),
    "complexity": ({"key": "rat_kho", **NAMES, "position": "4"}, {"hint_vi": "Nhiều tháng"}),
    "clock": ({"kind": "approval", "urgency": "normal", "complexity": "", "amount": "6", "unit": "working_hours"}, {"amount": "7"}),
    "ladder": ({"kind": "approval", "urgency": "normal", "share": "60", "role": "agency_leader", "after_unit": ""}, {"share": "70"}),
    "refusal": ({"key": "ly_do_moi", **NAMES, "guidance_vi": "Xin gửi lại.", "guidance_en": "Please send it again.", "position": "9"},
                {"guidance_vi": "Xin gửi lại kèm ảnh."}),
    "visibility": ({"key": "ly_do_kin", **NAMES, "position": "9"}, {"name_en": "Another trial"}),
    "phrase": ({"kind": "field", "phrase": "cột điện nghiêng", "target": "do_thi", "weight": "6"}, {"weight": "9"}),
    "answer_template": ({**NAMES, "service_code": "", "position": "9", "findings": "Đã kiểm tra tại {place}.", "actions": "Đã sửa."},
                        {"actions": "Đã sửa xong."}),
    "ready_text": ({"purpose": "question", **NAMES, "service_code": "", "position": "9", "body": "Xin cho biết … (phản ánh {code})."},
                   {"body": "Xin gửi thêm ảnh."}),
    "extra_question": ({"service_code": "do_thi", "code": "do_sau", **NAMES, "position": "1", "kind": "number", "least": "1", "most": "9",
                        "for_citizens": "yes"}, {"most": "12"}),
    "camera": ({**NAMES, "kind": "tower", "area_id": "", "latitude": "", "longitude": ""}, {"kind": "security"}),
    "letterhead": ({"agency_id": "", "issuing_body": "TRUNG TÂM", "symbol": "IOC", "place": "Lạc Dương", "signer_title": "GIÁM ĐỐC"},
                   {"signer_name": "Nguyễn Văn Ký"}),
    "processing": ({"key": "khao_sat", **NAMES, "position": "300", "purpose": "Hỏi ý kiến.", "legal_basis": "Sự đồng ý.",
                    "data_kinds": "Tuổi.", "people": "Người dân.", "recipients": "Không ai.", "kept_by": "draft_days",
                    "kept": "Như bản nháp.", "protection": "Mã hóa.", "answers_for_it": "Trung tâm"}, {"recipients": "Đơn vị khảo sát."}),
    "consent_notice": ({"version": "2026-02", "body_vi": "Mục đích, quyền.", "body_en": "Purpose, rights."}, {"version": "2026-03"}),
}  # fmt: skip
"""For each kind a row that can be added, and what is changed of it."""

CHOICE = {"kind": "choice", "least": "", "most": ""}

IMPOSSIBLE: list[tuple[str, dict[str, str], str, str]] = [
    ("clock", {"amount": "0"}, "amount", "Cần một số nguyên từ 1"),
    ("clock", {"amount": "99", "unit": "working_days"}, "amount", "Tối đa 90 với đơn vị này"),
    ("clock", {"complexity": "complex"}, "complexity", "Chỉ thời hạn giải quyết hồ sơ phân theo độ phức tạp"),
    ("clock", {"kind": "assignment", "amount": "4", "unit": "working_days"}, "amount", "ngắn hơn thời hạn giải quyết hồ sơ"),
    ("clock", {"kind": "case", "urgency": "urgent", "amount": "1", "unit": "hours"}, "amount", "ngắn hơn thời hạn giải quyết hồ sơ"),
    ("clock", {"urgency": "whenever"}, "urgency", "chọn một mục trong danh sách"),
    ("field", {"service_code": "Có Dấu"}, "service_code", "chữ thường không dấu"),
    ("field", {"name_vi": " "}, "name_vi", "Không được để trống"),
    ("field", {"name_vi": "ă" * 201}, "name_vi", "Tối đa 200 ký tự"),
    ("field", {"service_code": "do_thi"}, "", "Đã có một dòng như vậy"),
    ("complexity", {"key": "much_too_long"}, "key", "2 đến 8 ký tự"),
    ("ladder", {"share": "101"}, "share", "từ 1 đến 100"),
    ("ladder", {"share": ""}, "share", "một trong hai"),
    ("ladder", {"share": "", "after_amount": "2"}, "after_unit", "cả số và đơn vị"),
    ("ladder", {"urgency": ""}, "urgency", "Vui lòng chọn một mức độ"),
    ("ladder", {"role": "inspector"}, "role", "chọn một mục trong danh sách"),
    ("refusal", {"guidance_en": ""}, "guidance_en", "Không được để trống"),
    ("visibility", {"position": "-1"}, "position", "từ 0 đến 999"),
    ("phrase", {"kind": "urgency"}, "target", "chỉ gợi ý “Khẩn”"),
    ("phrase", {"weight": "11"}, "weight", "từ 1 đến 10"),
    ("ready_text", {"body": "Xin gửi ảnh đến {street}."}, "body", "Không có chỗ điền “{street}”"),
    ("extra_question", {**CHOICE, "options_vi": "Một"}, "options_vi", "Cần 2 đến 12 mục"),
    ("extra_question", {**CHOICE, "options_vi": "\n".join(map(str, range(13)))}, "options_vi", "Cần 2 đến 12"),
    ("extra_question", {**CHOICE, "options_vi": "Một\nMột"}, "options_vi", "Có hai mục giống nhau"),
    ("extra_question", {**CHOICE, "options_vi": "Một\nHai", "options_en": "One"}, "options_en", "cùng số dòng"),
    ("extra_question", {"least": "10"}, "most", "nhỏ hơn giới hạn dưới"),
    ("extra_question", {"kind": "text"}, "least", "Chỉ câu hỏi về số"),
    ("extra_question", {"kind": "stop", "least": "", "most": ""}, "hint_vi", "nơi cần gọi"),
    ("extra_question", {"may_send": "yes"}, "may_send", "Chỉ dùng cho thông báo"),
    ("extra_question", {"for_citizens": ""}, "for_citizens", "ít nhất một nơi"),
    ("extra_question", {"options_vi": "Một\nHai"}, "options_vi", "Chỉ câu hỏi chọn một"),
    ("answer_template", {"actions": "Đã sửa {street}."}, "actions", "Không có chỗ điền “{street}”"),
    ("camera", {"longitude": "x"}, "longitude", "như 108.4267"),
    ("camera", {"latitude": "12.01"}, "longitude", "Cần cả vĩ độ và kinh độ"),
    ("camera", {"latitude": "21.03", "longitude": "105.85"}, "latitude", "ngoài địa bàn của Trung tâm"),
    ("letterhead", {"signer_title": ""}, "signer_title", "Không được để trống"),
    ("processing", {"purpose": " "}, "purpose", "Không được để trống"),
    ("processing", {"kept_by": "quiet_from"}, "kept_by", "chọn một mục trong danh sách"),
    ("consent_notice", {"version": "Tết"}, "version", "chữ cái không dấu"),
    ("consent_notice", {"version": "2026-12"}, "version", "Phiên bản này đã có"),
    ("field", {"from_day": "2020-01-01"}, "from_day", "Không chọn được ngày đã qua"),
    ("field", {"from_day": "2040-01-01"}, "from_day", "tối đa hai năm"),
    ("field", {"reason": ""}, "reason", "Vui lòng ghi lý do"),
]
"""By kind: what is typed beside a row that could be added, the field the fault stands at, and the words of it."""


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    there = Office(sqlite_app)
    there.world.people["overseer"] = of_the_installation(there.world, "overseer", Role.ADMINISTRATOR)
    return there


def scope_of(office: Office, kind: str) -> str:
    return "all" if KINDS[kind].for_installation and kind != "letterhead" else office.world.centre.ref


def add(office: Office, kind: str, /, by: str = "overseer", **typed: str) -> TestResponse:
    form = {"centre": scope_of(office, kind), "reason": WHY, **NEW[kind][0], **typed}
    return office.post(by, f"/settings/rules/{kind}/new", **form)


def row_at(answer: TestResponse, kind: str) -> Any:
    """The row a page has led to."""
    assert answer.status_code == 302, words_of(answer)
    db.session.rollback()
    return db.session.get_one(KINDS[kind].model, int(answer.location.rsplit("/", 1)[1]))


def shown(office: Office, kind: str, row: Any, by: str = "overseer") -> dict[str, str]:
    """The form of a row as its page shows it."""
    page = office.get(by, f"/settings/rules/{kind}/{row.id}").get_data(as_text=True)
    start = page.index('aria-labelledby="change"')
    form = page[start : page.index("<details", start)]
    found = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form))
    found |= dict.fromkeys(re.findall(r'<input checked[^>]*name="([^"]+)"', form), "yes")
    found |= dict(re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\s*([^<]*)', form))
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        found[name] = "".join(re.findall(r'<option selected value="([^"]*)"', options))
    unticked = {name for name in re.findall(r'<input[^>]*name="([^"]+)"[^>]*type="checkbox"', form) if found.get(name) != "yes"}
    return {name: html.unescape(value) for name, value in found.items() if name not in {"csrf_token", *unticked}}


def change(office: Office, kind: str, row: Any, /, by: str = "overseer", **typed: str) -> TestResponse:
    form = {**shown(office, kind, row, by), "reason": WHY, **typed}
    if not form.get("is_slip"):
        form.pop("is_slip", None)
    return office.post(by, f"/settings/rules/{kind}/{row.id}", **form)


def end(office: Office, kind: str, row: Any, /, by: str = "overseer", **typed: str) -> TestResponse:
    return office.post(by, f"/settings/rules/{kind}/{row.id}", act="end", **{"end_reason": WHY, "end_day": TODAY.isoformat(), **typed})


def told() -> list[dict[str, Any]]:
    db.session.rollback()
    return [event.payload or {} for event in db.session.scalars(select(Event).where(Event.type == CHANGED).order_by(Event.id))]


@pytest.mark.exhaustive(but=3)
@pytest.mark.parametrize("kind", NEW)
def test_a_row_is_added_changed_and_ended_in_its_page_with_an_event_each(office: Office, kind: str) -> None:
    first = row_at(add(office, kind, from_day=TODAY.isoformat()), kind)
    part, value = next(iter(NEW[kind][1].items()))
    second = row_at(change(office, kind, first, from_day=TOMORROW.isoformat(), **{part: value}), kind)
    assert second.id != first.id
    assert (first.valid_to, second.valid_from, second.valid_to) == (TOMORROW, TOMORROW, None)
    assert str(getattr(second, part)) == value != str(getattr(first, part))
    office.clock(build.NOON + timedelta(days=2))
    assert row_at(end(office, kind, second, end_day=(TODAY + timedelta(days=2)).isoformat()), kind).id == second.id
    added, changed, ended = told()
    assert [each["reason"] for each in (added, changed, ended)] == [WHY] * 3
    assert added["old"] is None
    assert changed["new"][part] == getattr(second, part)
    assert changed["old"][part] == getattr(first, part)
    assert ended["new"] == {"valid_to": (TODAY + timedelta(days=2)).isoformat()}
    assert db.session.get(KINDS[kind].model, first.id) is not None, "a row in use never vanishes"
    listed = office.words("overseer", f"/settings/events?kind={kind}")
    assert listed.count(WHY) == 3
    assert KINDS[kind].title.vi in listed
    assert "Đã kết thúc" in office.words("overseer", f"/settings/rules/{kind}/{second.id}")
    assert f"/settings/rules/{kind}/{second.id}" in office.get("overseer", f"/settings/rules/{kind}?ended=1").get_data(as_text=True)
    assert KINDS[kind].what.vi in office.words("overseer", f"/settings/rules/{kind}/{second.id}"), "a page says what the setting does"


def test_a_new_question_begins_as_one_that_is_asked_everywhere_and_a_copy_as_what_it_copies(office: Office) -> None:
    begun = office.get("overseer", "/settings/rules/extra_question/new").get_data(as_text=True)
    assert re.findall(r'<input checked[^>]*name="([^"]+)"', begun) == ["for_citizens", "for_operators"]
    row = row_at(add(office, "extra_question", for_operators=""), "extra_question")
    copied = office.get("overseer", f"/settings/rules/extra_question/new?like={row.id}").get_data(as_text=True)
    assert re.findall(r'<input checked[^>]*name="([^"]+)"', copied) == ["for_citizens"]


@pytest.mark.exhaustive
def test_what_is_impossible_is_refused_beside_its_field_and_what_was_typed_stays(office: Office) -> None:
    faults = []
    for kind, typed, name, words in IMPOSSIBLE:
        answer = add(office, kind, **typed)
        page = html.unescape(answer.get_data(as_text=True))
        beside = re.search(rf'<p class="ferr" id="{name}-error">(.*?)</p>', page, re.DOTALL)
        if answer.status_code != 422 or words not in (beside[1] if name and beside else page):
            faults.append((kind, typed, answer.status_code, words_of(answer)[-600:]))
        kept = next(iter({**NEW[kind][0], **typed}.values()))
        if kept.strip() and kept not in page:
            faults.append((kind, typed, "what was typed is gone"))
    assert not faults
    assert told() == []


def test_a_change_counts_from_a_day_on_and_what_happened_before_keeps_its_rule(office: Office) -> None:
    case = build.case_at(office.world, "to_verify")
    clock = db.session.scalars(select(Clock).where(Clock.case_id == case.id)).one()
    was = (clock.rule_id, clock.amount, clock.due_at)
    rule = db.session.get_one(ClockRule, clock.rule_id)
    new = row_at(change(office, "clock", rule, amount="2"), "clock")
    db.session.refresh(clock)
    assert (clock.rule_id, clock.amount, clock.due_at) == was, "what runs keeps the rule it began under"
    for day, amount in ((TODAY - timedelta(days=1), rule.amount), (TODAY, 2)):
        assert rule_for(ClockKind.ACCEPTANCE, centre_id=None, on=day, urgency="normal").amount == amount
    assert row_at(change(office, "clock", new, amount="3"), "clock").id == new.id, "what began today is changed where it stands"
    refused = change(office, "clock", new, amount="3")
    assert (refused.status_code, "Chưa có gì thay đổi" in words_of(refused)) == (422, True)
    assert "đã hết hiệu lực" in words_of(office.post("overseer", f"/settings/rules/clock/{rule.id}", amount="9", reason=WHY))


def test_a_slip_is_corrected_where_it_stands_and_nothing_else_is(office: Office) -> None:
    field = db.session.scalars(select(Field).where(Field.service_code == "do_thi")).one()
    began = field.valid_from
    corrected = row_at(change(office, "field", field, name_en="Town management", is_slip="y"), "field")
    assert (corrected.id, corrected.name_en, corrected.valid_from) == (field.id, "Town management", began)
    refused = change(office, "field", field, allows_anonymous="yes", is_slip="y")
    assert (refused.status_code, "Không phải sửa lỗi chữ" in words_of(refused)) == (422, True)
    stale = shown(office, "field", field)
    assert change(office, "field", field, position="8", is_slip="y").status_code == 302
    refused = office.post("overseer", f"/settings/rules/field/{field.id}", **{**stale, "name_en": "Urban", "is_slip": "y", "reason": WHY})
    assert (refused.status_code, "Có người vừa sửa dòng này" in words_of(refused)) == (422, True)


def test_what_has_not_begun_is_moved_and_taken_back_without_a_gap(office: Office) -> None:
    rule = db.session.scalars(select(ClockRule).where(ClockRule.kind == "rating")).one()
    week = TODAY + timedelta(days=7)
    coming = row_at(change(office, "clock", rule, amount="9", from_day=week.isoformat()), "clock")
    assert "Sắp áp dụng" in office.words("overseer", "/settings/rules/clock")
    moved = row_at(change(office, "clock", coming, from_day=TOMORROW.isoformat()), "clock")
    db.session.refresh(rule)
    assert (moved.id, moved.valid_from, rule.valid_to) == (coming.id, TOMORROW, TOMORROW)
    assert end(office, "clock", coming).status_code == 302
    db.session.rollback()
    assert (rule.valid_to, rule.amount) == (None, 7)
    again = row_at(change(office, "clock", rule, amount="10", from_day=TOMORROW.isoformat()), "clock")
    assert again.amount == 10


def test_what_people_cannot_do_without_is_not_ended(office: Office) -> None:
    for kind, model, found, words in (
        ("clock", ClockRule, ClockRule.kind == "rating", "không còn quy định nào"),
        ("clock", ClockRule, ClockRule.complexity == "complex", "không còn quy định nào (Phức tạp)"),
        ("complexity", Complexity, Complexity.key == "ordinary", "hệ thống dùng mức này"),
    ):
        refused = end(office, kind, db.session.scalars(select(model).where(found)).one())
        assert (refused.status_code, words in words_of(refused)) == (422, True), words_of(refused)
    rows = db.session.scalars(select(Field)).all()
    answers = [end(office, "field", row) for row in rows]
    assert [answer.status_code for answer in answers] == [302] * (len(rows) - 1) + [422]
    assert "mục cuối cùng" in words_of(answers[-1])


def test_a_centre_takes_its_own_and_nobody_changes_what_is_anothers(office: Office) -> None:
    other = second_world(office.world)
    office.world.people["administrator_dn"] = other.people["administrator"]
    field = db.session.scalars(select(Field).where(Field.service_code == "do_thi")).one()
    page = office.get("administrator", f"/settings/rules/field/{field.id}").get_data(as_text=True)
    assert "Lưu thay đổi" not in page
    like = html.unescape(re.search(r'href="([^"]*like=[^"]*)"', page)[1])  # type: ignore[index]
    assert 'value="Quản lý đô thị"' in office.get("administrator", like).get_data(as_text=True)
    own_words = {"service_code": "do_thi", "name_vi": "Đô thị Lạc Dương"}
    own = row_at(add(office, "field", by="administrator", centre=office.world.centre.ref, **own_words), "field")
    names = {centre.id: {row.name_vi for row in fields_of(centre.id, now=build.NOON)} for centre in (office.world.centre, other.centre)}
    assert "Đô thị Lạc Dương" in names[office.world.centre.id]
    assert "Quản lý đô thị" not in names[office.world.centre.id]
    assert "Đô thị Lạc Dương" not in names[other.centre.id]
    before = db.session.scalar(select(func.count(Event.id)))
    for by, address, form, status in (
        ("administrator_dn", f"/settings/rules/field/{own.id}", {"name_vi": "Khác", "reason": WHY}, 404),
        ("administrator_dn", f"/settings/rules/field/{field.id}", {"name_vi": "Khác", "reason": WHY}, 403),
        ("administrator_dn", "/settings/rules/field/new", {**NEW["field"][0], "centre": office.world.centre.ref, "reason": WHY}, 404),
        ("administrator_dn", "/settings/rules/field/new", {**NEW["field"][0], "centre": "all", "reason": WHY}, 404),
        ("operator", f"/settings/rules/field/{field.id}", {"name_vi": "Khác", "reason": WHY}, 403),
        ("inspector", "/settings/rules/field/new", {**NEW["field"][0], "reason": WHY}, 403),
    ):
        assert office.post(by, address, **form).status_code == status, (by, address)
    assert office.get("administrator_dn", f"/settings/rules/field/{own.id}").status_code == 404
    assert db.session.scalar(select(func.count(Event.id))) == before
    # who inspects one centre reads its changes and the installation's, and nothing but those
    row_at(add(office, "visibility"), "visibility")
    office.world.people["inspector_dn"] = other.people["inspector"]
    for name, seen in (("inspector", True), ("inspector_dn", False), ("administrator_dn", False), ("overseer", True)):
        words = office.words(name, "/settings/events")
        assert ("Đô thị Lạc Dương" in words, "Tên thử" in words) == (seen, True), name
    assert "Nhật ký cài đặt" in office.words("inspector", "/settings")
    assert "Thời hạn" not in office.words("inspector", "/settings")
    assert office.get("inspector", "/settings/rules/field").status_code == 403


def test_the_first_own_rung_of_a_centre_takes_the_whole_common_ladder_along(office: Office) -> None:
    centre = office.world.centre
    common = ladder_of("approval", centre_id=centre.id, on=TODAY, urgency="normal")
    assert "cả thang chung của loại đó được chép" in office.words("administrator", "/settings/rules/ladder/new")
    rung = row_at(add(office, "ladder", by="administrator", centre=centre.ref), "ladder")
    told_of = [event for event in told() if event["kind"] == "ladder"]
    assert [event["reason"] for event in told_of] == [WHY] * (len(common) + 1), "an event for each rung, one reason"
    own = ladder_of("approval", centre_id=centre.id, on=TODAY, urgency="normal")
    assert {(each.share, each.after_amount, each.role) for each in own} == {
        (60, None, "agency_leader"), *((each.share, each.after_amount, each.role) for each in common)
    }  # fmt: skip
    assert {each.centre_id for each in own} == {centre.id}
    row_at(add(office, "ladder", by="administrator", centre=centre.ref, share="65"), "ladder")
    assert len(told()) == len(common) + 2, "the second rung is alone"
    urgent = ladder_of("approval", centre_id=centre.id, on=TODAY, urgency="urgent")
    assert {each.centre_id for each in urgent} == {None}, "another urgency keeps the common ladder"
    # the list is narrowed by limit and urgency, says which rows no longer count, and leads to those that do
    page = office.words("administrator", "/settings/rules/ladder?by_kind=approval&by_urgency=normal")
    assert (page.count("Đã có dòng riêng"), page.count("Đang áp dụng")) == (len(common), len(common) + 2)
    assert page.count("khẩn") < 6
    assert f"{2 * len(common) + 2} dòng" in page
    assert "Đơn vị xử lý, trả lời" in office.words("administrator", "/settings/rules/ladder?by_kind=assignment")
    old = office.get("administrator", f"/settings/rules/ladder/{common[0].id}").get_data(as_text=True)
    assert "Đã có dòng riêng" in old
    assert f"/settings/rules/ladder/{min(each.id for each in own)}" in old
    assert rung.centre_id == centre.id


def test_events_say_people_places_numbers_and_what_held_in_common_in_words(office: Office) -> None:
    field = db.session.scalars(select(Field).where(Field.service_code == "do_thi")).one()
    own_words = {"service_code": "do_thi", "name_vi": "Đô thị Lạc Dương", "name_en": "", "position": "7"}
    own = row_at(add(office, "field", by="administrator", centre=office.world.centre.ref, **own_words), "field")
    assert own.name_en == "Đô thị Lạc Dương", "an English name is optional"
    assert told()[-1]["old"]["name_vi"] == field.name_vi
    page = office.words("administrator", "/settings/events?kind=field")
    assert "Quản lý đô thị (chung) Đô thị Lạc Dương" in page
    seen = office.words("administrator", "/settings/rules/field")
    assert "Đã có dòng riêng" in seen
    by, at = office.world.actor("administrator"), build.NOON
    agency = office.world.agencies["PTNMT"]
    with unit_of_work():
        for kind, row, new in (
            ("membership", "hatrung: officer@PTNMT", {"place": "officer@PTNMT", "role": "officer"}),
            ("text", "report_accepted", {"km2": 1324.25, "parent_id": None}),
            ("agency", "PX", {"parent_id": agency.id}),
        ):
            record_setting(kind, row, by=by, at=at, centre_id=office.world.centre.id, old={}, new=new, reason=WHY)
    page = office.words("administrator", "/settings/events")
    assert f"hatrung · Cán bộ đơn vị · {agency.name_vi}" in page
    assert "1.324,25" in page
    assert "report_accepted" not in page
    assert f"Cấp trên – {agency.name_vi}" in page
    assert "officer@PTNMT" not in page
    assert "@" not in page.replace("@ người, đơn vị", ""), "but for the sign that the palette in the bar explains"


@pytest.mark.exhaustive
def test_a_part_of_the_settings_has_one_name_everywhere(office: Office) -> None:
    index = office.get("overseer", "/settings").get_data(as_text=True)
    cards = re.findall(r'<a class="settingcard" href="([^"]+)"><b>([^<]+)</b>', index)
    assert len(cards) > 20
    options = re.findall(r"<option[^>]*>([^<]+)</option>", office.get("overseer", "/settings/events").get_data(as_text=True))
    called = {html.unescape(title) for _url, title in cards}
    assert {"Tivi hiển thị", "Người làm thay", "Lời tin nhắn", "Bản đồ nền", "Các Trung tâm", "Sắp xếp lại đơn vị"} <= called & set(options)
    for url, title in cards:
        answer = office.get("overseer", html.unescape(url))
        heading = re.search(r"<h1[^>]*>(.*?)</h1>", answer.get_data(as_text=True), re.DOTALL)
        assert heading, url
        assert heading[1].strip().startswith(title), url


def test_a_complexity_is_offered_once_it_has_a_limit_and_not_before(office: Office) -> None:
    case = build.case_at(office.world, "to_classify")
    page = step(case, "classify")
    row = row_at(add(office, "complexity", name_vi="Rất phức tạp"), "complexity")
    assert "chưa được đưa ra để chọn" in office.words("overseer", f"/settings/rules/complexity/{row.id}")
    assert "Rất phức tạp" not in office.words("operator", page)
    limit = {"kind": "case", "urgency": "normal", "complexity": "rat_kho", "amount": "20", "unit": "working_days"}
    row_at(add(office, "clock", **limit), "clock")
    assert "Rất phức tạp" in office.words("operator", page)
    chosen = {"field": "do_thi", "urgency": "normal", "complexity": "rat_kho", "area": office.world.areas["xa lat"].ref, "visibility": ""}
    assert office.post("operator", page, **chosen).status_code == 302
    db.session.rollback()
    assert db.session.get_one(Case, case.id).complexity == "rat_kho"
    assert "rất phức tạp" in office.words("operator", f"/cases/{case.ref}?tab=all")
    assert office.post("operator", page, **{**chosen, "complexity": "gone"}).status_code != 302


def test_an_agency_leaves_as_much_for_approval_as_the_rule_of_its_first_day_says(office: Office) -> None:
    rule = db.session.scalars(select(ClockRule).where(ClockRule.kind == "assignment", ClockRule.urgency.is_(None))).one()
    row_at(change(office, "clock", rule, amount="4"), "clock")
    case = build.case_at(office.world, "handling")
    calendar_day, due = case.due_at, case.assignments[0].due_at
    assert calendar_day is not None
    assert due is not None
    assert due.astimezone(LOCAL_ZONE).hour == 13, "four working hours before the end of a day: the afternoon is left"


def test_cameras_and_rungs_hold_at_once_under_the_head_of_the_rules(office: Office) -> None:
    head = rules_head()
    camera = row_at(add(office, "camera", by="administrator"), "camera")
    assert isinstance(camera, Camera)
    assert camera.centre_id == office.world.centre.id
    assert rules_head() != head
    rung = row_at(add(office, "ladder", kind="rating", role="operator", urgency="", share="50"), "ladder")
    assert isinstance(rung, ReminderRule)
    assert (rung.merges_into_letter, rung.after_unit, rung.urgency, date.min < rung.valid_from) == (False, None, None, True)
