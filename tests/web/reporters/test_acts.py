"""What senders do on their own page after filing, what they read there of the centre's decisions, and that nobody else does."""
from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import func, select

from casework.db import db, unit_of_work
from casework.models import Addition, Case, Event, OutboxMessage, Publication, Question, Refusal, Report, Withdrawal
from casework.pausing.questions import answer_words
from casework.triage.refusals import objection_words
from tests import build
from tests.conftest import client_of, on_sqlite
from tests.web.pages import at, signed_in, words_of
from workflows.running.wakeups import fire_due_timers

NOON = build.NOON
LATER = NOON + timedelta(hours=3)
QUESTION = "Xin Ông/Bà cho biết rác nằm ở bờ nào của suối?"
ANSWER = "Bờ phía thôn, gần cây cầu treo câutrảlờiriêng."


@pytest.fixture
def world(app: Flask) -> build.World:
    at(app, LATER)
    return build.standard_world()


def sender(app: Flask, world: build.World, name: str = "citizen") -> FlaskClient:
    return signed_in(app, client_of(app), world.people[name], now=NOON)


def asked(world: build.World, state: str = "to_classify", *, when_unanswered: str = "continue", **given: object) -> Case:
    case = build.case_at(world, state)
    build.act(world, case, "ask_reporter", "operator", report=case.main_report, words=QUESTION, when_unanswered=when_unanswered, **given)
    return case


def refused(world: build.World) -> Case:
    case = build.case_at(world, "to_verify")
    build.do(world, case, "verify", "operator", act="refuse", reason=world.refusal_reason(), words="Xin cho biết rõ địa điểm.")
    return case


def page_of(client: FlaskClient, case: Case | str) -> str:
    code = case if isinstance(case, str) else case.code
    return words_of(client.get(f"/mine/{code}"))


def heading(client: FlaskClient, code: str) -> str:
    page = html.fromstring(client.get(f"/mine/{code}").get_data(as_text=True))
    [said] = page.xpath("//header[contains(@class, 'own-head')]//*[contains(@class, 'status')]") or page.xpath("//h1")
    return str(said.text_content())


def merged(world: build.World) -> tuple[Case, Report]:
    """A main case of `citizen` in hand, and the report of `citizen_2` merged into it."""
    main = build.case_at(world, "handling")
    other = build.case_at(world, "to_classify", by="citizen_2", words="Suối đầy rác lờingườikhác.")
    report = other.main_report
    build.act(world, other, "merge", "operator", into=main)
    return main, report


# -- the centre's question -----------------------------------------------------------------------------------------------


def test_the_question_is_shown_with_its_day_and_what_happens_without_an_answer(world: build.World, app: Flask) -> None:
    case = asked(world, when_unanswered="close", working_days=5)
    client = sender(app, world)
    page = page_of(client, case)
    assert heading(client, case.code) == "Cần bổ sung thông tin"
    for words in (QUESTION, "09/03/2026", "phản ánh sẽ kết thúc", "thời hạn tạm dừng"):
        assert words in page, words
    assert "xử lý tiếp theo thông tin" in page_of(client, asked(world))


def test_an_answer_reaches_the_centre_sealed_and_the_work_goes_on(world: build.World, app: Flask) -> None:
    case = asked(world)
    client = sender(app, world)
    answer = client.post(f"/mine/{case.code}/answer", data={"words": ANSWER})
    assert (answer.status_code, answer.location) == (302, f"/mine/{case.code}")
    [question] = db.session.scalars(select(Question))
    assert answer_words(question) == ANSWER
    assert case.state == "to_classify"
    page = page_of(client, case)
    for words in ("đã được gửi đến Trung tâm", "Trung tâm hỏi", QUESTION, "Ông/Bà trả lời", ANSWER):
        assert words in page, words
    assert heading(client, case.code) == "Đã tiếp nhận"


@on_sqlite
@pytest.mark.parametrize(("state", "steps"), [("to_verify", (0, 1, 1)), ("to_classify", (1, 2, 2)), ("handling", (2, 3, 4))])
def test_the_bar_never_goes_back_for_a_question(world: build.World, app: Flask, state: str, steps: tuple[int, ...]) -> None:
    case = build.case_at(world, state)
    client = sender(app, world)
    seen = [bar_of(client, case)]
    build.act(world, case, "ask_reporter", "operator", report=case.main_report, words=QUESTION, when_unanswered="continue")
    seen.append(bar_of(client, case))
    client.post(f"/mine/{case.code}/answer", data={"words": ANSWER})
    seen.append(bar_of(client, case))
    assert tuple(seen) == steps
    assert "Bổ sung" in words_of(client.get(f"/mine/{case.code}"))
    if state == "to_verify":
        assert heading(client, case.code) == "Trung tâm đang đọc bổ sung"
        assert "Trung tâm đang đọc bổ sung" in words_of(client.get("/mine"))


@on_sqlite
def test_the_bar_does_not_go_back_either_when_nothing_was_added(world: build.World, app: Flask) -> None:
    case = asked(world, "to_verify")
    client = sender(app, world)
    build.act(world, case, "stop_waiting", "operator")
    assert (bar_of(client, case), heading(client, case.code)) == (1, "Trung tâm đang xem xét phản ánh")


def bar_of(client: FlaskClient, case: Case) -> int:
    """How many steps of the bar lie behind the present one."""
    steps = html.fromstring(client.get(f"/mine/{case.code}").get_data(as_text=True)).xpath("//ol[contains(@class, 'progress')]/li")
    return next(number for number, step in enumerate(steps) if step.get("aria-current") == "step")


@on_sqlite
def test_with_the_tracking_secret_the_same_is_done_without_an_account(world: build.World, app: Flask) -> None:
    filed = build.file_report(world, by="guest")
    build.act(world, filed.case, "ask_reporter", "operator", report=filed.report, words=QUESTION, when_unanswered="close")
    client = client_of(app)
    assert client.post(f"/mine/{filed.report.code}/answer", data={"words": ANSWER}).status_code == 404
    client.post("/track", data={"code": filed.report.code, "secret": filed.secret})
    assert client.post(f"/mine/{filed.report.code}/answer", data={"words": ANSWER}).status_code == 302
    assert filed.case.state == "to_verify"


@on_sqlite
def test_a_refused_answer_keeps_the_words(world: build.World, app: Flask) -> None:
    case = asked(world)
    client = sender(app, world)
    assert client.post(f"/mine/{case.code}/answer", data={"words": "  "}).status_code == 422
    long = "Rất dài. " * 600
    answer = client.post(f"/mine/{case.code}/answer", data={"words": long})
    assert answer.status_code == 422
    assert long.strip() in answer.get_data(as_text=True)
    assert "tối đa" in words_of(answer)
    assert case.state == "waiting_reporter"


@on_sqlite
def test_an_answer_that_comes_when_nobody_waits_any_more_is_not_lost(world: build.World, app: Flask) -> None:
    case = asked(world)
    client = sender(app, world)
    build.act(world, case, "stop_waiting", "operator")
    answer = client.post(f"/mine/{case.code}/answer", data={"words": ANSWER})
    assert answer.status_code == 422
    assert ANSWER in answer.get_data(as_text=True)
    assert "không còn chờ" in words_of(answer) or "không chờ" in words_of(answer)
    assert f'action="/mine/{case.code}/answer"' not in answer.get_data(as_text=True)


@on_sqlite
def test_without_an_answer_the_report_closes_and_says_why(world: build.World, app: Flask) -> None:
    case = asked(world, when_unanswered="close", working_days=1)
    after = NOON + timedelta(days=3)
    fire_due_timers(after)
    at(app, after)
    client = sender(app, world)
    page = page_of(client, case)
    assert heading(client, case.code) == "Đã kết thúc"
    for words in ("Không có trả lời trước hạn.", "Kết thúc vì chưa có thông tin bổ sung"):
        assert words in page, words
    assert "Đúng hạn" not in page


# -- refused, and objected to --------------------------------------------------------------------------------------------


def test_a_refusal_may_be_objected_to_once_until_the_day_shown(world: build.World, app: Flask) -> None:
    case = refused(world)
    client = sender(app, world)
    assert "đến hết ngày 09/03/2026" in page_of(client, case)
    assert client.post(f"/mine/{case.code}/objection", data={"words": ""}).status_code == 422
    assert client.post(f"/mine/{case.code}/objection", data={"words": "Địa điểm có trong ảnh lờikhiếunại."}).status_code == 302
    [refusal] = db.session.scalars(select(Refusal))
    assert objection_words(refusal) == "Địa điểm có trong ảnh lờikhiếunại."
    page = page_of(client, case)
    for words in ("Ông/Bà đề nghị xem lại việc không tiếp nhận", "lờikhiếunại", "Trung tâm đang xem lại.",
                  "sẽ báo Ông/Bà kết quả"):
        assert words in page, words
    again = client.post(f"/mine/{case.code}/objection", data={"words": "Thêm lần nữa."})
    assert again.status_code == 422
    assert "Thêm lần nữa." in again.get_data(as_text=True)


@on_sqlite
def test_after_seven_days_there_is_no_objection_any_more(world: build.World, app: Flask) -> None:
    case = refused(world)
    client = sender(app, world)
    at(app, datetime.fromisoformat("2026-03-09T23:59:00+07:00"))
    assert "Đề nghị xem lại" in page_of(client, case)
    at(app, datetime.fromisoformat("2026-03-10T00:00:00+07:00"))
    assert "Đề nghị xem lại" not in page_of(client, case)
    assert client.post(f"/mine/{case.code}/objection", data={"words": "Quá hạn."}).status_code == 422


@on_sqlite
@pytest.mark.parametrize(("upheld", "said", "label"), [
    (True, "Trung tâm đồng ý và tiếp tục xử lý phản ánh", "Chờ tiếp nhận"),
    (False, "Trung tâm đã xem lại và giữ nguyên việc không tiếp nhận", "Không tiếp nhận"),
])
def test_the_decision_on_an_objection_is_read_with_its_words(world: build.World, app: Flask, upheld: bool, said: str, label: str) -> None:
    case = refused(world)
    client = sender(app, world)
    client.post(f"/mine/{case.code}/objection", data={"words": "Địa điểm có trong ảnh."})
    now = LATER + timedelta(hours=1)
    build.do(world, case, "decide_objection", "ops_lead", now=now, upheld=upheld, words="Đã xem ảnh kèm theo.")
    at(app, now)
    page = page_of(client, case)
    assert heading(client, case.code) == label
    for words in (said, "Đã xem ảnh kèm theo.", "Xin cho biết rõ địa điểm."):
        assert words in page, words
    assert f'action="/mine/{case.code}/objection"' not in client.get(f"/mine/{case.code}").get_data(as_text=True)


# -- writing more --------------------------------------------------------------------------------------------------------


@on_sqlite
@pytest.mark.parametrize("state", ["to_verify", "at_agency", "rating"])
def test_a_sender_writes_more_until_the_report_is_closed(world: build.World, app: Flask, state: str) -> None:
    case = build.case_at(world, state)
    client = sender(app, world)
    assert client.post(f"/mine/{case.code}/additions", data={"words": "Hôm nay rác nhiều hơn."}).status_code == 302
    assert db.session.scalar(select(func.count(Addition.id))) == 1
    page = page_of(client, case)
    for words in ("Ông/Bà viết thêm", "Hôm nay rác nhiều hơn.", "Trung tâm chưa đọc."):
        assert words in page, words
    build.do(world, case, "clear_text", "operator", now=LATER + timedelta(hours=1))
    assert "Trung tâm đã đọc." in page_of(client, case)


@on_sqlite
def test_nothing_is_added_to_a_closed_report(world: build.World, app: Flask) -> None:
    case = build.case_at(world, "closed")
    client = sender(app, world)
    assert "Viết thêm cho Trung tâm" not in page_of(client, case)
    answer = client.post(f"/mine/{case.code}/additions", data={"words": "Còn một điều nữa."})
    assert answer.status_code == 422
    assert "Còn một điều nữa." in answer.get_data(as_text=True)


@pytest.mark.exhaustive
def test_a_flood_of_words_is_stopped_and_the_last_ones_kept(world: build.World, app: Flask) -> None:
    case = build.case_at(world, "to_classify")
    client = sender(app, world)
    for number in range(20):
        at(app, LATER + timedelta(seconds=number))
        assert client.post(f"/mine/{case.code}/additions", data={"words": f"Lần {number}."}).status_code == 302
    answer = client.post(f"/mine/{case.code}/additions", data={"words": "Lần cuối."})
    assert answer.status_code == 429
    assert "Lần cuối." in answer.get_data(as_text=True)
    assert client.get(f"/mine/{case.code}").status_code == 200


# -- withdrawing ---------------------------------------------------------------------------------------------------------


def test_withdrawing_takes_two_clicks_and_says_first_what_happens(world: build.World, app: Flask) -> None:
    case = build.case_at(world, "to_verify")
    client = sender(app, world)
    assert f'href="/mine/{case.code}/withdrawal"' in client.get(f"/mine/{case.code}").get_data(as_text=True)
    assert "sẽ được hủy ngay" in words_of(client.get(f"/mine/{case.code}/withdrawal"))
    assert client.post(f"/mine/{case.code}/withdrawal").status_code == 422
    assert case.state == "to_verify"
    answer = client.post(f"/mine/{case.code}/withdrawal", data={"sure": "withdraw", "reason": "Đã được dọn."})
    assert (answer.status_code, answer.location) == (302, f"/mine/{case.code}")
    assert case.state == "withdrawn"
    page = page_of(client, case)
    assert heading(client, case.code) == "Đã rút"
    for words in ("Ông/Bà đã rút phản ánh.", "Đã được dọn.", "Có đống rác lớn ven suối"):
        assert words in page, words
    assert "Ông/Bà đã rút phản ánh này." in words_of(client.get(f"/mine/{case.code}/withdrawal"))
    assert "Đã rút" in words_of(client.get("/mine"))


@on_sqlite
@pytest.mark.parametrize(("granted", "said", "label"), [
    (True, "Trung tâm đồng ý cho rút phản ánh", "Đã rút"), (False, "Trung tâm tiếp tục xử lý, không nêu tên ai", "Đang xử lý")])
def test_later_it_is_a_request_which_the_centre_decides(world: build.World, app: Flask, granted: bool, said: str, label: str) -> None:
    case = build.case_at(world, "handling")
    client = sender(app, world)
    assert "đây là đề nghị rút" in words_of(client.get(f"/mine/{case.code}/withdrawal"))
    client.post(f"/mine/{case.code}/withdrawal", data={"sure": "withdraw", "reason": ""})
    assert case.state == "handling"
    assert "Trung tâm đang xem xét và sẽ báo Ông/Bà." in page_of(client, case)
    again = client.post(f"/mine/{case.code}/withdrawal", data={"sure": "withdraw", "reason": "Lần nữa."})
    assert again.status_code == 422
    assert "Lần nữa." in again.get_data(as_text=True)
    words = "Nước suối có nguy cơ ô nhiễm."
    build.do(world, case, "decide_withdrawal", "operator", now=LATER + timedelta(hours=1), granted=granted, words=words)
    page = page_of(client, case)
    assert heading(client, case.code) == label
    for each in ("Ông/Bà đề nghị rút phản ánh", said, words):
        assert each in page, each


@on_sqlite
def test_an_answered_report_is_not_withdrawn_any_more(world: build.World, app: Flask) -> None:
    case = build.case_at(world, "rating")
    client = sender(app, world)
    assert "/withdrawal" not in client.get(f"/mine/{case.code}").get_data(as_text=True)
    assert "không còn rút được" in words_of(client.get(f"/mine/{case.code}/withdrawal"))
    assert client.post(f"/mine/{case.code}/withdrawal", data={"sure": "withdraw"}).status_code == 422
    assert db.session.scalar(select(func.count(Withdrawal.id))) == 0


# -- merged --------------------------------------------------------------------------------------------------------------


def test_a_merged_report_leads_to_its_main_case_and_follows_it(world: build.World, app: Flask) -> None:
    main, report = merged(world)
    client = sender(app, world, "citizen_2")
    assert heading(client, report.code) == f"Đã gộp với {main.code}"
    assert f'href="/reports/{main.code}"' in client.get(f"/mine/{report.code}").get_data(as_text=True)
    page = page_of(client, report.code)
    for words in (f"Trung tâm gộp với phản ánh {main.code} cùng việc", "lờingườikhác", "Ông/Bà gửi phản ánh"):
        assert words in page, words
    assert "mùi rất nặng" not in page
    assert f"Đã gộp với {main.code}" in words_of(client.get("/mine"))
    build.advance(world, main, "rating")
    assert heading(client, report.code) == "Mời đánh giá"
    assert client.post(f"/mine/{report.code}/rating", data={"level": "satisfied"}).status_code == 302


@on_sqlite
def test_a_question_is_put_to_the_sender_it_was_meant_for(world: build.World, app: Flask) -> None:
    main, report = merged(world)
    build.act(world, main, "ask_reporter", "operator", report=report, words=QUESTION, when_unanswered="continue")
    asked_one, other = sender(app, world, "citizen_2"), sender(app, world)
    assert heading(asked_one, report.code) == "Cần bổ sung thông tin"
    assert heading(other, main.code) == "Đang xử lý"
    page = page_of(other, main)
    assert QUESTION not in page
    assert "Trung tâm hỏi thêm Ông/Bà" not in page
    assert "một người gửi khác" in page
    assert other.post(f"/mine/{main.code}/answer", data={"words": "Tôi biết."}).status_code == 422
    asked_one.post(f"/mine/{report.code}/answer", data={"words": ANSWER})
    assert ANSWER in page_of(asked_one, report.code)
    assert "câutrảlờiriêng" not in page_of(other, main)


@on_sqlite
def test_one_of_several_withdraws_at_once_and_reads_no_more_of_the_case(world: build.World, app: Flask) -> None:
    main, report = merged(world)
    client = sender(app, world, "citizen_2")
    assert "việc vẫn được xử lý cho những người còn lại" in words_of(client.get(f"/mine/{report.code}/withdrawal"))
    assert client.post(f"/mine/{report.code}/withdrawal", data={"sure": "withdraw"}).status_code == 302
    assert heading(client, report.code) == "Đã rút"
    assert main.state == "handling"
    build.advance(world, main, "rating")
    page = page_of(client, report.code)
    assert "lờingườikhác" in page
    assert "Đã thu gom và dọn sạch." not in page
    assert "Trung tâm công khai kết quả" not in page
    assert "Đã rút" in words_of(client.get("/mine"))
    assert client.get(f"/reports/{report.code}/receipt").status_code == 200
    assert client.post(f"/mine/{report.code}/additions", data={"words": "Còn nữa."}).status_code == 422


# -- held, referred, reopened, extended ----------------------------------------------------------------------------------


@on_sqlite
def test_a_hold_is_read_with_its_reason_and_its_last_day(world: build.World, app: Flask) -> None:
    case = build.case_at(world, "handling")
    build.act(world, case, "hold", "ops_lead", reason="Chờ nước rút.", until=date(2026, 3, 6))
    client = sender(app, world)
    assert heading(client, case.code) == "Đang xử lý (tạm dừng: Chờ nước rút)"
    assert "Tạm dừng đến hết ngày 06/03/2026." in page_of(client, case)
    assert "Đang xử lý (tạm dừng)" in words_of(client.get("/mine"))
    public = words_of(client_of(app).get(f"/reports/{case.code}"))
    assert "Tạm dừng đến hết ngày 06/03/2026: Chờ nước rút." in public
    build.do(world, case, "resume", "ops_lead")
    assert heading(client, case.code) == "Đang xử lý"
    assert "Chờ nước rút" not in words_of(client_of(app).get(f"/reports/{case.code}"))


@on_sqlite
@pytest.mark.parametrize(("act", "said", "label"), [
    ("close_referral", "Kết quả của cơ quan đó", "Đã kết thúc"), ("take_back", "Trung tâm xử lý tiếp", "Đang xử lý")])
def test_a_referral_is_read_with_body_reason_and_result(world: build.World, app: Flask, act: str, said: str, label: str) -> None:
    case = build.case_at(world, "handling")
    build.act(world, case, "refer", "operator", body="Công ty Điện lực Lâm Đồng", reason="Trụ điện thuộc ngành điện.")
    client = sender(app, world)
    page = page_of(client, case)
    assert heading(client, case.code) == "Đã chuyển cơ quan khác"
    for words in ("Công ty Điện lực Lâm Đồng", "Trụ điện thuộc ngành điện."):
        assert words in page, words
        assert words not in words_of(client_of(app).get(f"/reports/{case.code}"))
    build.do(world, case, "close_referral", "operator", act=act, result="Đã dựng lại trụ điện.")
    page = page_of(client, case)
    assert heading(client, case.code) == label
    for words in (said, "Đã dựng lại trụ điện."):
        assert words in page, words


@on_sqlite
def test_a_reopened_report_says_so(world: build.World, app: Flask) -> None:
    case = build.case_at(world, "rating")
    build.rate(world, case, level="dissatisfied")
    build.do(world, case, "review_rating", "ops_lead", outcome="reopened", words="Làm lại.")
    assert heading(sender(app, world), case.code) == "Đang xử lý lại"


@on_sqlite
def test_an_extension_is_read_with_its_reason_and_its_new_day(world: build.World, app: Flask) -> None:
    case = build.case_at(world, "handling")
    [assignment] = case.assignments
    build.act(world, case, "request_extension", "officer_PTNMT", assignment=assignment, reason="Cần xe chuyên dụng.",
              until=date(2026, 3, 12))
    client = sender(app, world)
    assert "Cần xe chuyên dụng." not in page_of(client, case)
    build.do(world, case, "endorse_extension", "leader_PTNMT", agency=assignment.agency, endorsed=True)
    build.do(world, case, "decide_extension", "ops_lead", agency=assignment.agency, granted=True)
    page = page_of(client, case)
    for words in ("Đã gia hạn", "Cần xe chuyên dụng."):
        assert words in page, words
    assert case.due_at is not None
    assert f"{case.due_at - timedelta(minutes=1):%d/%m/%Y}" in page
    public = words_of(client_of(app).get(f"/reports/{case.code}"))
    assert "Đã gia hạn" in public
    assert "Cần xe chuyên dụng." not in public


# -- answers missing, corrected, taken back ------------------------------------------------------------------------------


@on_sqlite
def test_an_agency_without_an_answer_is_named_with_the_reason(world: build.World, app: Flask) -> None:
    case = build.case_at(world, "handling", agencies=2)
    lead, silent = case.assignments
    build.do(world, case, "submit_answer", "officer_PTNMT", agency=lead.agency, **build.ANSWER)
    build.do(world, case, "approve_answer", "leader_PTNMT", agency=lead.agency)
    build.act(world, case, "close_without_answer", "ops_lead", assignment=silent, reason="Đơn vị đang tổ chức lại.")
    build.advance(world, case, "rating")
    for client, path in ((sender(app, world), "/mine/"), (client_of(app), "/reports/")):
        page = words_of(client.get(path + case.code))
        for words in ("UBND xã Lát", "chưa có trả lời.", "Đơn vị đang tổ chức lại.", "UBND xã Lát chưa có trả lời, Trung tâm đi tiếp"):
            assert words in page, (path, words)


def test_a_correction_is_read_with_its_reason_and_one_taken_back_by_its_sender_alone(world: build.World, app: Flask) -> None:
    case = build.case_at(world, "rating")
    client = sender(app, world)
    [publication] = db.session.scalars(select(Publication))
    build.act(world, case, "correct_publication", "operator", publication=publication, version_seen=1, title="Rác đổ ven suối",
              question="Người dân phản ánh rác đổ ven suối.", summary="Đã dọn xong.", reason="Ghi lại khối lượng rác.", checked=True)
    for page in (page_of(client, case), words_of(client_of(app).get(f"/reports/{case.code}"))):
        assert "Đã đính chính lúc" in page
        assert "Ghi lại khối lượng rác." in page
        assert "Trung tâm đính chính kết quả" in page
    build.act(world, case, "unpublish", "operator", publication=publication, reason="Lý do nội bộ.")
    assert client_of(app).get(f"/reports/{case.code}").status_code == 404
    page = page_of(client, case)
    for words in ("gỡ trả lời này khỏi trang công khai", "Đã thu gom và dọn sạch."):
        assert words in page, words
    assert "Lý do nội bộ." not in page


# -- nobody else ---------------------------------------------------------------------------------------------------------

PRIVATE = (QUESTION, "câutrảlờiriêng", "thêmmộtlờiriêng", "lýdorútriêng")


@pytest.mark.exhaustive
def test_another_citizen_a_follower_and_the_public_see_none_of_it(world: build.World, app: Flask) -> None:
    case = asked(world, "handling")
    client = sender(app, world)
    build.act(world, case, "follow", "citizen_2")
    client.post(f"/mine/{case.code}/answer", data={"words": ANSWER})
    client.post(f"/mine/{case.code}/additions", data={"words": "Và thêmmộtlờiriêng."})
    client.post(f"/mine/{case.code}/withdrawal", data={"sure": "withdraw", "reason": "Vì lýdorútriêng."})
    own = page_of(client, case)
    assert [words for words in PRIVATE if words not in own] == []
    kept = [*db.session.scalars(select(Event.payload)), *db.session.scalars(select(OutboxMessage.parameters))]
    assert [words for words in PRIVATE if words in json.dumps(kept, ensure_ascii=False)] == []
    events = db.session.scalar(select(func.count(Event.id)))
    build_pages = ["/", "/reports", f"/reports/{case.code}", f"/mine/{case.code}", f"/mine/{case.code}/withdrawal", "/mine"]
    for other in (client_of(app), sender(app, world, "citizen_2"), sender(app, world, "officer_HKL")):
        shown = " ".join(words_of(other.get(path)) for path in build_pages)
        assert [words for words in (*PRIVATE, "Ông/Bà đề nghị rút") if words in shown] == []
        assert other.get(f"/mine/{case.code}").status_code == 404
        assert other.get(f"/mine/{case.code}/withdrawal").status_code == 404
        for act in ("answer", "objection", "additions", "withdrawal"):
            data = {"words": "Tôi không phải người gửi.", "sure": "withdraw"}
            assert other.post(f"/mine/{case.code}/{act}", data=data).status_code == 404
    assert db.session.scalar(select(func.count(Event.id))) == events


@on_sqlite
def test_a_quarantined_report_takes_nothing_more(world: build.World, app: Flask) -> None:
    case = asked(world)
    build.act(world, case, "quarantine", "operator", reason="Tố cáo cán bộ có tên.")
    client = sender(app, world)
    page = page_of(client, case)
    assert QUESTION not in page
    assert "thủ tục riêng" in page
    for act in ("answer", "objection", "additions", "withdrawal"):
        assert client.post(f"/mine/{case.code}/{act}", data={"words": "Lời này.", "sure": "withdraw"}).status_code == 422
    with unit_of_work():
        assert db.session.scalar(select(func.count(Addition.id))) == 0
