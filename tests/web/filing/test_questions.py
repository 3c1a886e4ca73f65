"""Extra questions in the form for senders and in the intake of calls: asked once, kept over every refusal, sent with the report."""
from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from casework.asking.answers import answers_given
from casework.db import db, unit_of_work
from casework.intake.file_report import cleared_words
from casework.local_time import local_day
from casework.models import Case, Report
from casework.settings.importing.rows import change_row, end_row
from casework.settings.kinds.table import KINDS
from tests import build
from tests.asked import FIELD, USUAL, extra_question, input_of
from tests.conftest import client_of
from tests.second_centre import second_world
from tests.web.desk import Office, named, statements_of, step
from tests.web.filing.test_pages import filled
from tests.web.offline.test_offline_api import guest
from tests.web.pages import at, hidden, words_of

CHOICE = {"code": "mau", "kind": "choice", "name_vi": "Màu gì?", "name_en": "Which colour?",
          "options_vi": "Đỏ\nXanh", "options_en": "Red\nBlue"}  # fmt: skip
NOTICE = {"code": "dat_dai", "kind": "stop", "name_vi": "Tranh chấp đất không nhận ở đây.", "name_en": "Disputes about land are not taken.",
          "hint_vi": "Xin gọi Tòa án 0263 111 222.", "hint_en": "Please call the court on 0263 111 222."}  # fmt: skip


@pytest.fixture
def world(app: Flask) -> build.World:
    at(app, build.NOON)
    return build.standard_world()


def newest() -> Report | None:
    db.session.rollback()
    return db.session.scalars(select(Report).order_by(Report.id.desc())).first()


def said(report: Report | None) -> list[tuple[str, str]]:
    assert report is not None
    return [(each.code, each.words.vi) for each in answers_given(report)]


def sent(world: build.World, client: FlaskClient, **fields: Any) -> TestResponse:
    return client.post("/reports/new", data=filled(world, client, field=FIELD, **fields))


def hidden_groups(page: str) -> list[str]:
    return re.findall(r'data-questions="([^"]+)" hidden', page)


def test_a_report_of_the_field_comes_with_its_answers(world: build.World, client: FlaskClient) -> None:
    depth, colour = input_of(extra_question(world, most="99", is_required="yes")), input_of(extra_question(world, **CHOICE))
    opened = client.get("/reports/new").get_data(as_text=True)
    assert hidden_groups(opened) == [FIELD]
    assert "js/questions.js" in opened
    assert sent(world, client, **{depth: "30", colour: "Xanh"}).status_code == 302
    assert said(newest()) == [("do_sau", "30"), ("mau", "Xanh")]


def test_without_a_script_the_form_comes_back_once_with_what_has_to_be_answered(world: build.World, client: FlaskClient) -> None:
    depth = input_of(extra_question(world, is_required="yes"))
    extra_question(world, code="them", kind="text", name_vi="Còn gì nữa?", name_en="Anything else?")
    answer = sent(world, client)
    page = answer.get_data(as_text=True)
    assert (answer.status_code, hidden_groups(page), newest()) == (422, [], None)
    assert "Sâu khoảng bao nhiêu cm? Vui lòng trả lời câu hỏi này." in words_of(answer)
    assert "Ổ gà sâu, nước đọng." in page
    assert sent(world, client, **{depth: "5"}).status_code == 302


@pytest.mark.parametrize(("how_deep", "which", "reason"), [
    ("sâu", "Đỏ", "Vui lòng ghi một số"), ("100", "Đỏ", "Cần một số không quá 99."), ("30", "Tím", "chọn một mục trong danh sách"),
])  # fmt: skip
def test_an_answer_that_is_none_is_refused_and_everything_stays(
    world: build.World, client: FlaskClient, how_deep: str, which: str, reason: str
) -> None:
    depth, colour = input_of(extra_question(world, most="99")), input_of(extra_question(world, **CHOICE))
    answer = sent(world, client, **{depth: how_deep, colour: which})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert reason in words_of(answer)
    assert f'value="{how_deep}"' in page
    assert newest() is None


def test_questions_of_a_field_that_is_not_chosen_are_neither_asked_nor_kept(world: build.World, client: FlaskClient) -> None:
    depth = input_of(extra_question(world, is_required="yes"))
    form = filled(world, client, **{depth: "chưa biết"})
    assert client.post("/reports/new", data=form).status_code == 302
    assert said(newest()) == []


def test_a_notice_keeps_what_was_typed_and_takes_nothing(world: build.World, client: FlaskClient) -> None:
    land = input_of(extra_question(world, **NOTICE))
    answer = sent(world, client, **{land: "y"})
    assert (answer.status_code, newest()) == (422, None)
    assert "Tranh chấp đất không nhận ở đây. Xin gọi Tòa án 0263 111 222." in words_of(answer)
    assert "Ổ gà sâu, nước đọng." in answer.get_data(as_text=True)
    assert f'name="{land}"' not in answer.get_data(as_text=True), "nothing offers to send it"
    assert client.post("/reports/new", data=filled(world, client)).status_code == 302, "without the field, or with another"


def test_a_notice_alone_is_not_called_a_question(world: build.World, client: FlaskClient) -> None:
    extra_question(world, **NOTICE)
    page = words_of(client.get("/reports/new"))
    assert ("Xin đọc trước khi gửi" in page, "Vài câu hỏi thêm của lĩnh vực này" in page) == (True, False)
    extra_question(world)
    page = words_of(client.get("/reports/new"))
    assert ("Xin đọc trước khi gửi" in page, "Vài câu hỏi thêm của lĩnh vực này" in page) == (False, True)


def test_where_the_house_allows_it_a_report_is_sent_all_the_same(world: build.World, client: FlaskClient) -> None:
    land = input_of(extra_question(world, **NOTICE, may_send="yes"))
    answer = sent(world, client)
    assert answer.status_code == 422
    assert "Tôi đã đọc và vẫn gửi" in words_of(answer)
    assert sent(world, client, **{land: "y"}).status_code == 302
    assert said(newest()) == []


def test_the_form_asks_what_the_centre_of_the_place_asks(world: build.World, client: FlaskClient) -> None:
    other = second_world(world)
    extra_question(world, centre_id=other.centre.id, is_required="yes")
    assert sent(world, client).status_code == 302
    page = sent(world, client, area=other.area.ref, words="Một việc khác.")
    assert (page.status_code, "Vui lòng trả lời câu hỏi này." in words_of(page)) == (422, True)


def test_where_the_place_is_chosen_after_the_field_its_centre_asks_and_answers_that_stay_are_kept(
    world: build.World, client: FlaskClient
) -> None:
    other = second_world(world)
    depth = input_of(extra_question(world))
    own = input_of(extra_question(world, centre_id=other.centre.id, code="rieng", kind="text", name_vi="Gần trạm nào?", is_required="yes"))
    assert f'name="{own}"' not in client.get("/reports/new").get_data(as_text=True), "its centre is not known yet"
    asked = sent(world, client, area=other.area.ref, **{depth: "30"})
    page = asked.get_data(as_text=True)
    assert (asked.status_code, newest(), hidden_groups(page)) == (422, None, [])
    assert "Gần trạm nào? Vui lòng trả lời câu hỏi này." in words_of(asked)
    assert re.search(rf'<input[^>]*name="{depth}"[^>]*value="30"', page)
    assert "Ổ gà sâu, nước đọng." in page
    assert sent(world, client, area=other.area.ref, **{depth: "30", own: "Trạm 3"}).status_code == 302
    assert sorted(said(newest())) == [("do_sau", "30"), ("rieng", "Trạm 3")]


def test_back_at_the_first_centre_the_question_of_the_other_is_gone_with_its_answer(world: build.World, client: FlaskClient) -> None:
    other = second_world(world)
    depth = input_of(extra_question(world))
    own = input_of(extra_question(world, centre_id=other.centre.id, code="rieng", kind="text", is_required="yes"))
    assert sent(world, client, area=other.area.ref, **{depth: "30"}).status_code == 422
    assert sent(world, client, **{depth: "30", own: "Trạm 3"}).status_code == 302
    assert said(newest()) == [("do_sau", "30")]


def test_a_report_that_waited_brings_its_answers_and_is_told_what_is_missing(world: build.World, client: FlaskClient) -> None:
    depth = input_of(extra_question(world, is_required="yes"))
    phone = guest(client)
    refused = phone.report(world, [], field=FIELD, **{depth: " "})
    assert refused.status_code == 422
    assert refused.json is not None
    assert refused.json["faults"] == [{"field": "Sâu khoảng bao nhiêu cm?", "text": "Vui lòng trả lời câu hỏi này."}]
    for _again in range(2):
        assert phone.report(world, [], field=FIELD, **{depth: "12"}).status_code == 200
    assert db.session.scalar(select(func.count()).select_from(Report)) == 1
    assert said(newest()) == [("do_sau", "12")]


@pytest.mark.parametrize("change", ["replaced", "ended"])
def test_what_was_written_before_a_question_changed_is_filed_once_with_the_question_as_it_was_asked(
    world: build.World, client: FlaskClient, app: Flask, change: str
) -> None:
    row, kind, later = extra_question(world), KINDS["extra_question"], build.NOON + timedelta(days=2)
    colour = input_of(extra_question(world, **CHOICE))
    phone = guest(client)
    by, on = world.actor("overseer", build.NOON), local_day(later)
    with unit_of_work():
        if change == "ended":
            end_row(kind, row, by=by, now=build.NOON, reason="Thử", on=on)
        else:
            typed = {**USUAL, "name_vi": "Rộng bao nhiêu m?", "name_en": "How wide is it, in m?", "is_required": "yes"}
            change_row(kind, row, typed, by=by, now=build.NOON, reason="Thử", from_day=on)
    name = input_of(row)
    at(app, later)
    assert f'name="{name}"' not in client.get("/reports/new").get_data(as_text=True)
    for _again in range(2):
        assert phone.report(world, [], field=FIELD, **{name: "12", colour: "Đỏ"}).status_code == 200
    kept = answers_given(newest() or pytest.fail("nothing was filed"))
    assert [(each.question.vi, each.words.vi) for each in kept] == [("Sâu khoảng bao nhiêu cm?", "12"), ("Màu gì?", "Đỏ")]
    assert db.session.scalar(select(func.count()).select_from(Report)) == 1


def test_a_report_that_waited_owes_no_answer_to_what_its_form_did_not_ask(world: build.World, client: FlaskClient) -> None:
    extra_question(world, is_required="yes")
    extra_question(world, **NOTICE, may_send="yes")
    assert guest(client).report(world, [], field=FIELD).status_code == 200
    assert said(newest()) == []


def test_a_report_that_waited_is_not_taken_where_a_notice_stops(world: build.World, client: FlaskClient) -> None:
    extra_question(world, **NOTICE)
    refused = guest(client).report(world, [], field=FIELD)
    assert (refused.status_code, newest()) == (422, None)
    assert "Xin gọi Tòa án 0263 111 222." in str(refused.json)


def test_a_form_answers_no_question_of_another_centre(world: build.World, client: FlaskClient) -> None:
    foreign = input_of(extra_question(world, centre_id=second_world(world).centre.id))
    assert sent(world, client, **{foreign: "5"}).status_code == 302
    assert said(newest()) == []


def test_all_questions_of_all_fields_cost_the_form_no_statement_each(app: Flask) -> None:
    office = Office(app)

    def statements() -> int:
        office.get("citizen", "/reports/new")
        return statements_of(lambda: office.get("citizen", "/reports/new"))

    before = statements()
    for number in range(6):
        extra_question(office.world, code=f"cau_{number}")
        extra_question(office.world, code=f"cau_{number}", service_code="rung_dat_moi_truong")
    assert statements() == before


def test_a_caller_is_asked_what_operators_ask(app: Flask) -> None:
    office = Office(app)
    depth = input_of(extra_question(office.world, is_required="yes"))
    colour = input_of(extra_question(office.world, **CHOICE, for_operators="", is_required="yes"))
    page = office.get("operator", "/intake/call").get_data(as_text=True)
    assert f'name="{depth}"' in page
    assert f'name="{colour}"' not in page
    call = {"source": "phone", "phone": "0912 345 678", "consent": "y", "words": "Cây đổ.", "area": "xa lat", "told": "zns",
            "language": "vi", "act": "send", "field": FIELD, "idempotency_key": hidden(page, "idempotency_key")}  # fmt: skip
    refused = office.browser("operator").post("/intake/call", data=call)
    assert (refused.status_code, "Vui lòng trả lời câu hỏi này." in words_of(refused)) == (422, True)
    assert office.browser("operator").post("/intake/call", data={**call, depth: "1,5"}).status_code == 302
    assert said(newest()) == [("do_sau", "1,5")]


def test_the_operator_reads_them_with_the_words_and_releases_what_may_be_read(app: Flask) -> None:
    office = Office(app)
    where = input_of(extra_question(office.world, kind="text"))
    client = client_of(app)
    assert sent(office.world, client, **{where: "cạnh nhà ông Bảy, 0912 999 888"}).status_code == 302
    report = newest()
    assert report is not None
    case = db.session.scalars(select(Case).where(Case.code == report.code)).one()
    address = step(case, "verify")
    page = office.get("operator", address).get_data(as_text=True)
    assert "Sâu khoảng bao nhiêu cm? cạnh nhà ông Bảy, 0912 999 888" in page
    words = re.search(r'<textarea[^>]*name="words-[^>]*>([^<]*)', page)
    assert words is not None
    assert "cạnh nhà ông Bảy" in words[1], "the text to be cleared begins with everything that was said"
    form = {"act": "verify", "title": "Ổ gà", "place": "", named(page, "words-")[0]: "Ổ gà. Sâu khoảng bao nhiêu cm? cạnh một ngôi nhà"}
    assert office.post("operator", address, **form, **dict.fromkeys(named(page, "show-"), "yes")).status_code == 302
    db.session.rollback()
    assert cleared_words(report) == "Ổ gà. Sâu khoảng bao nhiêu cm? cạnh một ngôi nhà"
    assert db.session.scalar(select(func.count()).select_from(Report)) == 1


def test_the_settings_show_a_question_as_people_will_see_it(app: Flask) -> None:
    office = Office(app)
    row = extra_question(office.world, **CHOICE, hint_vi="Nhìn từ xa.")
    page = office.get("overseer", f"/settings/rules/extra_question/{row.id}").get_data(as_text=True)
    preview = page[page.index('aria-labelledby="preview"') : page.index('aria-labelledby="change"')]
    assert all(words in preview for words in ("Màu gì?", "Nhìn từ xa.", "Đỏ", "Xanh"))
    assert " hidden" not in preview
