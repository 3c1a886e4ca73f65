"""The page that compares two versions: for whom what changes, both drawings marked, element by element or row by row."""
from __future__ import annotations

import gzip
import json
import re
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from casework.db import unit_of_work
from casework.permissions import Role
from tests import build
from tests import drawn_steps as drawn
from tests.second_centre import second_world
from tests.web.pages import at, words_of
from tests.web.test_studio import as_, versions
from tests.workflows.drafting.test_drafts import CHANGED, draft_of, handed_in, world_with_people
from tests.workflows.drawing import Drawing
from workflows.definitions.process import shipped_model, shipped_table
from workflows.drafting.drafts import start_draft
from workflows.models import ProcessVersion
from workflows.routing.rows import rows_of, with_rows
from workflows.versions.live import ROUTING, live_version

STATIC = Path(__file__).parents[3] / "web/static"
HOSTILE = '<script>alert(1)</script>"\'&amp;{{7*7}}'


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    at(sqlite_app, build.NOON)
    return world_with_people()


def page_of(client: FlaskClient, version: ProcessVersion, other: ProcessVersion | None = None, status: int = 200) -> str:
    answer = client.get(f"/studio/versions/{version.ref}/compare", query_string={"with": other.ref} if other is not None else {})
    assert answer.status_code == status
    if status == 200:
        assert "style-src-attr 'unsafe-inline'" in answer.headers["Content-Security-Policy"]
        assert "unsafe-inline" not in answer.headers["Content-Security-Policy"].replace("style-src-attr 'unsafe-inline'", "")
    return answer.text


def marks_on(page: str) -> list[dict[str, list[str]]]:
    """The marks of the drawing before, and of the one now."""
    return [json.loads(unescape(each)) for each in re.findall(r'data-model=".*?" data-marks="(.*?)"', page, re.DOTALL)]


def test_both_versions_stand_side_by_side_with_the_sentences_and_each_element(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World
) -> None:
    draft = draft_of(world, drawn.legal_model())
    admin = as_(sqlite_app, sqlite_client, world, "admin")
    page = page_of(admin, draft)
    words = words_of(page)
    assert "So với bản đang áp dụng: bản 1" in words
    assert "Tổ trưởng vận hành có thêm bước “Thẩm định pháp lý” (hạn 4 giờ làm việc), sau “Duyệt kết quả” và trước “Đã trả lời”" in words
    assert "Trước: bản 1" in words
    assert "Nay: bản 2" in words
    assert "đã bỏ Đồng ý? → Đã trả lời (Có)" in words
    assert "Mục cần điền nay: “Căn cứ pháp lý” (văn bản dài, bắt buộc)" in words
    before, now = marks_on(page)
    assert before == {"removed": ["is_approved_to_answered"], "changed": []}
    assert now == {"added": ["legal_review", "is_approved_to_legal_review", "legal_review_to_answered"], "changed": []}
    english = words_of(page_of(as_(sqlite_app, sqlite_client, world, "inspector", "en"), draft))
    assert "The operations lead gets a new step, “Legal review” (time limit: 4 working hours)" in english
    back = words_of(page_of(sqlite_client, live_version(None), draft))
    assert "The operations lead no longer has the step “Legal review”" in back, "either may be the one compared with"


@pytest.mark.exhaustive
def test_the_page_of_a_version_begins_with_the_sentences_and_leads_to_the_comparison(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World
) -> None:
    version = handed_in(world, drawn.costly_model())
    page = as_(sqlite_app, sqlite_client, world, "approver").get(f"/studio/versions/{version.ref}")
    words = words_of(page)
    assert "Tổ vận hành có thêm bước “Kiểm tra chi phí”" in words
    assert "Người đã làm bước “Kiểm tra chi phí” không được làm bước “Ký duyệt chi phí”." in words
    assert words.index("có thêm bước “Kiểm tra chi phí”") < words.index("phần khác nhau")
    assert f"/studio/versions/{version.ref}/compare?with={live_version(None).ref}" in page.text


def test_without_anything_to_compare_with_there_is_a_choice_and_any_two_versions_can_be_chosen(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World
) -> None:
    first = live_version(None)
    admin = as_(sqlite_app, sqlite_client, world, "admin")
    assert "Không có bản nào khác để so." in words_of(page_of(admin, first))
    one, two = draft_of(world, CHANGED), draft_of(world, CHANGED + b" ")
    assert "Chưa có bản nào để so. Xin chọn một bản ở trên." in words_of(page_of(admin, first))
    page = page_of(admin, two, one)
    assert "Chỉ hình vẽ khác đi." in words_of(page)
    assert f'<option value="{one.ref}" selected>' in page
    assert f'<option value="{two.ref}"' not in page
    page_of(admin, two, live_version(None, key=ROUTING), status=404)
    assert sqlite_client.get(f"/studio/versions/{two.ref}/compare?with=no-such-version").status_code == 404


def test_a_table_is_compared_row_by_row_with_the_old_cell_beside_the_new(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World
) -> None:
    rows = rows_of(shipped_table())
    changed = with_rows(shipped_table(), [rows[0], *rows[2:4], rows[1]]).replace(b'"HKL"', b'"CAH"', 1)
    with unit_of_work():
        draft = start_draft(by=world.actor("admin"), now=build.NOON, key=ROUTING, xml=changed, note="Thử một dòng khác.")
    page = page_of(as_(sqlite_app, sqlite_client, world, "admin"), draft)
    words = words_of(page)
    assert f"0 dòng mới, 1 dòng đã sửa, 1 dòng chuyển chỗ, {len(rows) - 4} dòng đã bỏ, 2 dòng như cũ." in words
    assert "trước đây: Hạt Kiểm lâm huyện Lạc Dương nay: CAH" in words
    assert "trước là dòng 2" in words
    assert "<code>" not in re.search(r'<tr id="at-rule_1" data-kind="changed">.*?</tr>', page, re.DOTALL)[0]


def test_names_and_values_of_a_drawing_are_shown_as_text(sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World) -> None:
    drawing = Drawing(drawn.every_type_model())
    for id_ in ("inspection", "lane_operator", "is_rateable", "depth", "high", "pass"):
        drawing.find(id_).set("label_vi" if id_ in ("depth", "high", "pass") else "name", HOSTILE)
    drawing.find("is_rateable_to_rate").find("{*}conditionExpression").text = f"has_rater and danger == '{'<b>x</b>'}'"
    draft = draft_of(world, drawing.xml)
    admin = as_(sqlite_app, sqlite_client, world, "admin")
    for page in (page_of(admin, draft), admin.get(f"/studio/versions/{draft.ref}").text):
        assert "<script>alert" not in page
        assert "<b>x" not in page
        assert "alert(1)&lt;/script&gt;" in page
        assert "{{7*7}}" in page


def test_a_model_that_changes_everywhere_is_bounded(sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World) -> None:
    drawing = Drawing(shipped_model())
    for number in range(90):
        drawing.node("userTask", f"step_{number}", role="operator")
    draft = draft_of(world, drawing.xml)
    page = page_of(as_(sqlite_app, sqlite_client, world, "admin"), draft)
    assert page.count("Tổ vận hành có thêm bước") == 60
    assert page.count('data-kind="added"') == 60
    assert "và 30 thay đổi nữa" in words_of(page)


def test_an_administrator_of_a_centre_compares_with_nothing_of_another_centre(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World
) -> None:
    other = second_world(world)
    with unit_of_work():
        build.staff(other, "their_admin", Role.ADMINISTRATOR)
    foreign, installation = draft_of(world, CHANGED, centre_id=world.centre.id), live_version(None)
    theirs = as_(sqlite_app, sqlite_client, other, "their_admin")
    page_of(theirs, installation)
    page_of(theirs, foreign, status=404)
    page_of(theirs, installation, foreign, status=404)
    assert foreign.ref not in page_of(theirs, installation)


def test_whoever_reads_no_processes_gets_no_comparison_and_the_scripts_stay_small(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World
) -> None:
    draft = draft_of(world, CHANGED)
    page_of(as_(sqlite_app, sqlite_client, world, "operator"), draft, status=403)
    page = page_of(as_(sqlite_app, sqlite_client, world, "admin"), draft)
    scripts = re.findall(r'<script src="/static/((?:vendor/bpmn-js|js/studio)[^"?]*)', page)
    assert len(scripts) == 2
    assert sum(len(gzip.compress((STATIC / each).read_bytes())) for each in scripts) <= 80 * 1024
    assert len(versions()) == 2
