"""A sender's own page where the report went to another centre, was merged there, and after what they sent was erased."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from casework.cases import lock_case
from casework.contacts.report_links import newest_links
from casework.db import db, unit_of_work
from casework.intake.file_report import Filed
from casework.models import Case, Centre, OutboxMessage, Report
from casework.permissions import NotAllowed, Role, desk_name
from casework.rights.erasing_people import erase_report
from tests import build, reorganised
from tests.conftest import client_of
from tests.second_centre import second_world
from tests.web.pages import at, signed_in, words_of
from tests.with_photos import pictured_case

LATER = build.NOON + timedelta(hours=3)
MINE = "Suối đầy rác lờicủatôi."
THEIRS = "Nước suối đen lờingườikhác."


@pytest.fixture
def world(app: Flask) -> build.World:
    at(app, LATER)
    return build.standard_world()


@pytest.fixture
def other(world: build.World) -> build.World:
    return second_world(world)


def opened(app: Flask, filed: Filed) -> FlaskClient:
    """A browser in which the report was opened with its secret."""
    client = client_of(app)
    assert client.post("/track", data={"code": filed.report.code, "secret": filed.secret}).status_code == 302
    return client


def page_of(client: FlaskClient, code: str) -> str:
    answer = client.get(f"/mine/{code}")
    assert answer.status_code == 200
    return words_of(answer)


def passed_on(world: build.World, other: build.World, **report: object) -> Filed:
    filed = build.file_report(world, words=MINE, **report)  # type: ignore[arg-type]
    build.act(world, filed.case, "pass_on", "operator", centre=other.centre, reason="Thuộc Ka Đô lờitrongnội bộ.")
    return filed


@pytest.mark.parametrize("by", ["guest", "citizen"])
def test_a_report_passed_to_another_centre_keeps_its_page_and_takes_more(
    app: Flask, world: build.World, other: build.World, by: str
) -> None:
    filed = passed_on(world, other, by=by)
    code = filed.report.code
    for client in [opened(app, filed), *([signed_in(app, client_of(app), world.people["citizen"], now=LATER)] if by == "citizen" else [])]:
        page = page_of(client, code)
        for words in (MINE, "Chuyển đến trung tâm phụ trách địa bàn", "Chờ tiếp nhận", code):
            assert words in page, words
        assert "lờitrongnội" not in page
        assert client.post(f"/mine/{code}/additions", data={"words": "Vẫn còn rác."}).status_code == 302
        assert "Vẫn còn rác." in page_of(client, code)
        assert client.get(f"/reports/{code}/receipt").status_code == 200
        assert client.get(f"/mine/{code}/data").status_code in (200, 302), "302: who has an account asks there"


def desks_told(since: int) -> set[tuple[str, str]]:
    """The messages to desks written after the outbox row `since`, by template and desk."""
    query = select(OutboxMessage.template, OutboxMessage.recipient).where(OutboxMessage.id > since, OutboxMessage.recipient.like("desk:%"))
    return {(template, desk) for template, desk in db.session.execute(query)}


def newest_message() -> int:
    return db.session.scalar(select(func.max(OutboxMessage.id))) or 0


def test_the_page_names_the_centre_that_handles_it_now_and_how_it_is_reached(app: Flask, world: build.World, other: build.World) -> None:
    with unit_of_work():
        db.session.get_one(Centre, other.centre.id).phone = "+842633839040"
    filed, stayed = build.file_report(world, by="guest"), build.file_report(world, by="guest", words=THEIRS)
    client, code = opened(app, filed), filed.report.code
    there = "Phản ánh do trung tâm thử nghiệm DN phụ trách. Gọi 0263 3839 040"
    assert "Phản ánh do trung tâm" not in page_of(client, code), "every page bears the name of this one"
    build.act(world, filed.case, "pass_on", "operator", centre=other.centre, reason="Thuộc Ka Đô.")
    assert there in page_of(client, code)
    assert 'href="tel:+842633839040"' in client.get(f"/mine/{code}").get_data(as_text=True)
    assert "Phản ánh do trung tâm" not in page_of(opened(app, stayed), stayed.report.code)
    build.act(other, filed.case, "merge", "operator", into=build.case_at(other, "handling", by="citizen_2"))
    assert there in page_of(client, code)


def test_what_the_sender_does_reaches_the_centre_that_handles_it_now_alone(app: Flask, world: build.World, other: build.World) -> None:
    lead, operator = (f"desk:{desk_name(role, centre_id=other.centre.id)}" for role in (Role.OPS_LEAD, Role.OPERATOR))
    refused, answered = passed_on(world, other, by="guest"), passed_on(world, other, by="guest")
    build.do(other, refused.case, "verify", "operator", act="refuse", reason=other.refusal_reason(), words="Không rõ nơi xảy ra.")
    since = newest_message()
    sent = opened(app, refused).post(f"/mine/{refused.report.code}/objection", data={"words": "Tôi đã ghi rõ."})
    assert (sent.status_code, desks_told(since)) == (302, {("refusal_objected", lead)})
    client, code = opened(app, answered), answered.report.code
    build.act(other, answered.case, "ask_reporter", "operator", report=answered.report, words="Bờ nào?", when_unanswered="continue")
    since = newest_message()
    assert client.post(f"/mine/{code}/answer", data={"words": "Bờ phía thôn."}).status_code == 302
    assert {desk for _template, desk in desks_told(since)} == {operator}
    build.advance(other, answered.case, "rating")
    since = newest_message()
    assert client.post(f"/mine/{code}/rating", data={"level": "dissatisfied", "reason": "Chưa dọn hết."}).status_code == 302
    assert desks_told(since) == {("rating_to_review", lead)}
    with pytest.raises(NotAllowed):
        build.do(world, answered.case, "review_rating", "ops_lead", outcome="explained", words="Đã dọn.")
    build.do(other, answered.case, "review_rating", "ops_lead", outcome="explained", words="Đã giải thích.")
    assert "Đã giải thích." in page_of(client, code)


@pytest.mark.exhaustive
def test_it_is_merged_answered_and_rated_at_the_other_centre(app: Flask, world: build.World, other: build.World) -> None:
    filed = passed_on(world, other, by="guest")
    main = build.case_at(other, "handling", by="citizen_2", words=THEIRS)
    build.act(other, filed.case, "merge", "operator", into=main)
    client, code = opened(app, filed), filed.report.code
    page = page_of(client, code)
    for words in (MINE, f"Đã gộp với {main.code}", main.code, "Chuyển đến trung tâm phụ trách địa bàn"):
        assert words in page, words
    assert "lờingườikhác" not in page
    build.advance(other, main, "rating")
    assert "Mời đánh giá" in page_of(client, code)
    assert client.post(f"/mine/{code}/rating", data={"level": "satisfied"}).status_code == 302
    assert "Hài lòng" in page_of(client, code)
    stranger = client_of(app)
    assert stranger.get(f"/mine/{code}").status_code == 404


def erased(filed: Filed) -> None:
    """As a request to erase is carried out once the case is over."""
    with unit_of_work():
        report = db.session.get_one(Report, filed.report.id)
        erase_report(report, newest_links([report.id])[report.id], at=LATER)


GONE = "Họ tên, cách liên hệ và nội dung Ông/Bà gửi đã được xóa theo yêu cầu"


def test_after_erasure_the_page_says_what_is_gone_and_keeps_the_answer(app: Flask, world: build.World) -> None:
    filed = pictured_case(world, app.config["FILES"], "rating")
    code = filed.report.code
    build.do(world, filed.case, "rate", "citizen", report=filed.report, level="dissatisfied", reason="Chưa dọn hết lờiđánhgiá.")
    build.do(world, filed.case, "review_rating", "ops_lead", outcome="explained", words="Đã giải thích.")
    client = opened(app, filed)
    before = client.get(f"/mine/{code}")
    assert (GONE in words_of(before), "lờiđánhgiá" in words_of(before), "/centre/view" in before.get_data(as_text=True)) == (
        False, True, True
    )  # fmt: skip
    erased(filed)
    after = client.get(f"/mine/{code}")
    page = words_of(after)
    for words in (f"{GONE} lúc 13:00 02/03/2026", "Đã thu gom và dọn sạch.", "Đã giải thích.", "Không hài lòng"):
        assert words in page, words
    for words in ("mùi rất nặng", "lờiđánhgiá", "Nội dung Ông/Bà đã gửi", "cách liên hệ chưa được xác nhận"):
        assert words not in page, words
    assert "/centre/view" not in after.get_data(as_text=True), "no photo of the sender"
    for address in ("/mine", f"/reports/{code}/receipt", f"/mine/{code}/data"):
        there = client.get(address)
        assert there.status_code == 200, address
        assert "mùi rất nặng" not in words_of(there), address


def test_of_a_report_masked_before_it_is_erased_the_page_does_not_say_that_what_was_sent_stays(app: Flask, world: build.World) -> None:
    filed = build.file_report(world)
    build.advance(world, filed.case, "closed")
    with unit_of_work():
        lock_case(filed.case.id).masked_at = LATER
    client, code = opened(app, filed), filed.report.code
    assert "Phản ánh này đã kết thúc từ lâu" in page_of(client, code)
    erased(filed)
    page = page_of(client, code)
    assert (GONE in page, "đã kết thúc từ lâu" in page) == (True, False)


def test_erased_at_the_other_centre_nothing_of_what_was_added_or_answered_is_left(
    app: Flask, world: build.World, other: build.World
) -> None:
    filed = passed_on(world, other, by="citizen")
    client, code = opened(app, filed), filed.report.code
    assert client.post(f"/mine/{code}/additions", data={"words": "Thêm lờithêmvào."}).status_code == 302
    case = db.session.get_one(Case, filed.case.id)
    build.do(other, case, "verify", "operator", act="refuse", reason=other.refusal_reason(), words="Không rõ nơi xảy ra.")
    assert client.post(f"/mine/{code}/objection", data={"words": "Tôi đã ghi rõ lờixemlại."}).status_code == 302
    build.do(other, case, "decide_objection", "ops_lead", upheld=False, words="Vẫn không rõ.")
    assert "lờixemlại" in page_of(client, code)
    erased(filed)
    page = page_of(client, code)
    for words in (GONE, "Không rõ nơi xảy ra.", "Vẫn không rõ."):
        assert words in page, words
    for words in ("lờithêmvào", "lờixemlại", MINE, "lờitrongnội"):
        assert words not in page, words


def test_the_page_goes_on_where_another_agency_follows_those_that_had_the_case(app: Flask, world: build.World) -> None:
    filed = build.file_report(world, by="guest", words=MINE)
    build.advance(world, filed.case, "handling", agencies=2)
    client, code = opened(app, filed), filed.report.code
    kept = ("Đang xử lý", "Hẹn trả lời chậm nhất 11/03/2026", MINE, "UBND xã Lát tiếp nhận xử lý")
    followed = "Do sắp xếp đơn vị, hồ sơ được xử lý tiếp · UBND phường Lang Biang - Đà Lạt 08:00 04/03/2026"
    assert followed not in page_of(client, code)
    reorganised.carried_out(world, reorganised.planned(world))
    at(app, reorganised.MORNING + timedelta(hours=2))
    page = page_of(client, code)
    assert [words for words in (*kept, followed) if words not in page] == []
    assert page.count("Do sắp xếp đơn vị") == 1, "one agency follows both"
    assert client.post(f"/mine/{code}/additions", data={"words": "Vẫn còn rác."}).status_code == 302
    assert "Vẫn còn rác." in page_of(client, code)
