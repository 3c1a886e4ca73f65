"""The words of messages are looked at, refused where they could not be sent, changed from now on, and put back."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.calendars import rules_head
from casework.db import db, unit_of_work
from casework.messages.kinds import KINDS
from casework.messages.rendering import template_of
from casework.messages.texts import FIELDS, shipped_words
from casework.models import Account, Event, Membership, TextTemplate
from casework.permissions import Role
from tests import build
from tests.second_centre import second_world
from tests.web.desk import Office, statements_of
from tests.web.pages import words_of

KEY = "report_classified"
PAGE = f"/settings/texts?text={KEY}"


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    """Two centres, an administrator of the first and one of the whole house (`house`)."""
    office = Office(sqlite_app)
    second_world(office.world)
    with unit_of_work():
        account = Account(kind="staff", login="house", full_name="Người Quản Trị", title_vi="", title_en="", created_at=build.NOON)
        account.memberships.append(Membership(role=Role.ADMINISTRATOR, valid_from=build.LONG_AGO))
        db.session.add(account)
    office.world.people["house"] = account
    return office


def sent(**changed: Any) -> dict[str, Any]:
    words = {name: getattr(shipped_words(KEY), name) or "" for name in FIELDS}
    return {**words, "act": "save", "reason": "Theo quy chế mới", **changed}


def holds(office: Office, centre_id: int | None) -> TextTemplate:
    db.session.rollback()
    row = template_of(KEY, centre_id, office.moment)
    assert row is not None
    return row


@pytest.mark.exhaustive
def test_every_message_is_there_with_a_preview_by_every_way(office: Office) -> None:
    words = office.words("administrator", "/settings/texts")
    assert all(kind.when.vi in words for kind in KINDS.values())
    for key in KINDS:
        page = office.get("administrator", f"/settings/texts?text={key}")
        assert page.status_code == 200, key
        assert "{" not in page.text.split('class="stack previews"')[1].split("textacts")[0], f"{key}: a place is not filled in the preview"
    words = office.words("administrator", PAGE)
    line = f"Phản ánh LD-2026-000123: hạn trả lời 17:00 19/07/2026. {office.app.config['BASE_URL']}/mine/LD-2026-000123"
    assert f"{line} 2 tin SMS trên tối đa 2 · {len(line)} ký tự · có dấu (UCS-2)" in words
    assert "1 tin SMS trên tối đa 2" in words, "English has no marks"
    assert "68 trên 400 ký tự" in words
    assert office.get("administrator", "/settings/texts?text=nothing").status_code == 404
    assert statements_of(lambda: office.get("administrator", "/settings/texts")) <= 10
    changed = office.post("administrator", PAGE, **sent(act="preview", short_vi="Hạn {code} là {due_at}", reason=""))
    assert changed.status_code == 200
    assert "Hạn LD-2026-000123 là 17:00 19/07/2026 http://" in words_of(changed)
    assert holds(office, office.world.centre.id).short_vi == shipped_words(KEY).short_vi, "looking changes nothing"


REFUSED = [
    ({"body_vi": "Phản ánh {code} trả lời trước {due_at}, {phone}"}, "không có chỗ điền {phone}"),
    ({"body_vi": "Phản ánh {code} trả lời trước {due_at}, {tên}"}, "không có chỗ điền {tên}"),
    ({"body_vi": "{code} {due_at} " + "a" * 380, "zns_template": "123456", "zns-code": "ma"}, "qua Zalo tối đa 400 ký tự"),
    ({"body_vi": "Phản ánh {code} trả lời trước {due_at"}, "phải đi thành cặp"),
    ({"body_vi": "Phản ánh {code} trả lời trước {due_at!r}"}, "phải đi thành cặp"),
    ({"body_en": "Report {code} will be answered."}, "Thiếu chỗ điền {due_at}"),
    ({"subject_vi": "<b>Hạn</b> {code}"}, "không có định dạng"),
    ({"subject_vi": "Hạn\u202e {code}"}, "ký tự điều khiển"),
    ({"subject_en": ""}, "Vui lòng ghi lời"),
    ({"subject_vi": "Xem {link}"}, "không có chỗ điền {link}"),
    ({"short_vi": "Phản ánh {code} " + "được trả lời trước " * 8}, "Dài 4 tin SMS"),
    ({"short_vi": "Không có mã"}, "Thiếu chỗ điền {code}"),
    ({"body_vi": "{code} {due_at}" + "a" * 2_000}, "Tối đa 2000 ký tự"),
    ({"zns_template": "12a", "zns-code": "ma"}, "chỉ gồm chữ số"),
    ({"zns_template": "123456"}, "ít nhất một tham số"),
    ({"zns_template": "123456", "zns-code": "mã phản ánh"}, "chữ không dấu"),
    ({"reason": " "}, "ghi lý do"),
]


def test_what_could_not_be_sent_is_refused_with_the_reason(office: Office) -> None:
    head = rules_head()
    for changed, said in REFUSED:
        answer = office.post("administrator", PAGE, **sent(**changed))
        assert answer.status_code == 422, changed
        assert said in words_of(answer), (changed, words_of(answer)[:600])
    assert office.post("administrator", f"{PAGE}&of=DN", **sent()).status_code == 404, "another centre's words"
    assert office.post("administrator", f"{PAGE}&of=house", **sent()).status_code == 404
    assert office.get("operator", PAGE).status_code == 403
    db.session.rollback()
    assert rules_head() == head


def test_a_centres_own_words_stand_before_the_houses_and_go_back_to_them(office: Office) -> None:
    own = office.world.centre.id
    assert office.post("house", f"{PAGE}&of=house", **sent(subject_vi="Lời chung {code}")).status_code == 302
    assert [holds(office, centre).subject_vi for centre in (None, own)] == ["Lời chung {code}"] * 2
    by_zalo = {"zns_template": "123456", "zns-code": "ma", "zns-due_at": "han"}
    answer = office.post("administrator", PAGE, **sent(subject_vi="Lời riêng {code}", **by_zalo))
    assert answer.status_code == 302
    assert [holds(office, centre).subject_vi for centre in (None, own)] == ["Lời chung {code}", "Lời riêng {code}"]
    assert holds(office, own).zns_parameters == {"ma": "code", "han": "due_at"}
    assert "lời riêng" in office.words("administrator", "/settings/texts")
    event = db.session.scalars(select(Event).where(Event.type == "change_setting").order_by(Event.id.desc())).first()
    assert event is not None
    assert event.payload is not None
    assert [event.payload[name] for name in ("kind", "row", "centre_id", "reason")] == ["text", KEY, own, "Theo quy chế mới"]
    assert event.payload["new"]["subject_vi"] == "Lời riêng {code}"
    office.clock(office.moment + timedelta(days=1))
    assert office.post("administrator", PAGE, act="restore", reason="Thôi").status_code == 302
    assert holds(office, own).subject_vi == "Lời chung {code}"
    assert template_of(KEY, own, build.NOON).subject_vi == "Lời riêng {code}", "what was said yesterday can still be read"  # type: ignore[union-attr]
    assert office.post("administrator", PAGE, act="restore", reason="Thôi").status_code == 422, "there is nothing of its own left"
    assert office.post("house", f"{PAGE}&of=house", act="restore", reason="Thôi").status_code == 302
    assert holds(office, own).subject_vi == shipped_words(KEY).subject_vi
    assert office.post("house", f"{PAGE}&of=house", act="restore", reason="Thôi").status_code == 422
