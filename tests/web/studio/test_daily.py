"""The page of daily settings: what the diagram says, what is set, and the way to set it; the step's page shows the help."""
from __future__ import annotations

import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from casework.db import db
from casework.models import ElementSetting
from tests import build
from tests import drawn_steps as drawn
from tests.web.pages import at, words_of
from tests.web.test_studio import as_
from tests.workflows.drafting.test_drafts import world_with_people


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    at(sqlite_app, build.NOON)
    return world_with_people()


def test_an_administrator_sets_a_step_by_the_pages_and_whoever_does_it_reads_so(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World
) -> None:
    drawn.put_live(drawn.costly_model())
    admin = as_(sqlite_app, sqlite_client, world, "admin")
    page = admin.get("/studio/daily")
    words = words_of(page)
    assert "Kiểm tra chi phí Tổ vận hành hạn không có hạn riêng" in words
    assert "Tiếp nhận, xác minh Tổ vận hành hạn theo bảng Thời hạn" in words
    assert "0 phần được đặt." in words
    where = "/settings/rules/element/new?kind=element&centre=all&element=cost_check"
    assert "element=cost_check" in unescape(page.text)
    form = admin.get(where)
    assert '<option selected value="cost_check">' in form.text
    sent = {"element": "cost_check", "amount": "3", "unit": "hours", "role": "ops_lead", "label_vi": "Soát chi phí",
            "help_vi": "Xem <b>dự toán</b>.", "centre": "all", "reason": "Gấp hơn.", "from_day": "2026-03-02"}  # fmt: skip
    assert admin.post("/settings/rules/element/new", data=sent).status_code == 302
    assert db.session.scalars(select(ElementSetting)).one().amount == 3
    words = words_of(admin.get("/studio/daily"))
    assert "hạn 3 giờ (cả ngày đêm) Tổ trưởng vận hành “Soát chi phí” Xem <b>dự toán</b>." in words
    refused = admin.post("/settings/rules/element/new", data={**sent, "element": "verify", "role": "officer", "label_vi": "Nhận nhanh"})
    assert (refused.status_code, "Nhận nhanh" in refused.text) == (422, True)
    assert "Vai trò này không làm được bước này; chỉ: Tổ vận hành, Tổ trưởng vận hành." in refused.text
    case = build.case_at(world, "to_publish")
    lead = as_(sqlite_app, sqlite_client, world, "ops_lead")
    step = words_of(lead.get(f"/tasks/{build.waiting(case, 'cost_check').ref}"))
    assert "Soát chi phí" in step
    assert "Xem <b>dự toán</b>." in step
    assert "Soát chi phí" in words_of(lead.get("/inbox"))


def roles_offered(page: str) -> list[str]:
    [field] = re.findall(r'<select[^>]*name="role".*?</select>', page, re.DOTALL)
    return re.findall(r'<option[^>]*value="([^"]*)"', field)


def test_only_roles_that_can_do_the_step_are_offered(sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World) -> None:
    drawn.put_live(drawn.costly_model())
    admin = as_(sqlite_app, sqlite_client, world, "admin")
    for element, offered in (
        ("cost_check", ["", "operator", "ops_lead", "committee_leader"]), ("verify", ["", "operator", "ops_lead"]),
        ("approve_answer", [""]), ("submit_answer", [""]),
    ):  # fmt: skip
        assert roles_offered(admin.get(f"/settings/rules/element/new?centre=all&element={element}").text) == offered, element
    sent = {"element": "cost_check", "role": "ops_lead", "centre": "all", "reason": "Gấp hơn.", "from_day": "2026-03-02"}
    kept = admin.post("/settings/rules/element/new", data=sent)
    assert roles_offered(admin.get(kept.location).text) == ["", "operator", "ops_lead", "committee_leader"]
    refused = admin.post("/settings/rules/element/new", data={**sent, "element": "submit_answer", "role": "operator"})
    assert (refused.status_code, roles_offered(refused.text)) == (422, [""])
    assert "Ai làm bước này là theo sơ đồ." in refused.text


def test_it_is_for_administrators_each_in_their_own_scope(sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World) -> None:
    assert as_(sqlite_app, sqlite_client, world, "ops_lead").get("/studio/daily").status_code == 403
    admin = as_(sqlite_app, sqlite_client, world, "admin", "en")
    assert "Daily settings of the process" in words_of(admin.get(f"/studio/daily?scope={world.centre.ref}"))
    assert admin.get("/studio/daily?scope=0000000000000000").status_code == 404
