"""Following one's own report by secret or account, reading the answer, and rating it."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import html as lxml_html
from sqlalchemy import select

from casework.clocks.acts import ClockKind, running_clock
from casework.db import db, unit_of_work
from casework.models import Publication, Rating, Review
from casework.publishing.ratings import rating_reason
from tests import build
from tests.conftest import client_of, on_sqlite
from tests.web.pages import at, signed_in, words_of
from tests.with_photos import pictured_case

NOON = build.NOON


@pytest.fixture
def world(app: Flask) -> build.World:
    at(app, NOON + timedelta(hours=3))
    return build.standard_world()


def track(client: FlaskClient, code: str, secret: str) -> int:
    return client.post("/track", data={"code": code, "secret": secret}).status_code


def test_code_and_secret_open_the_report_however_they_are_typed(world: build.World, client: FlaskClient) -> None:
    filed = build.file_report(world, by="guest")
    typed = f" {filed.secret[:4].lower()} {filed.secret[4:8]}-{filed.secret[8:]} "
    answer = client.post("/track", data={"code": f" {filed.report.code.lower()} ", "secret": typed})
    assert (answer.status_code, answer.location) == (302, f"/mine/{filed.report.code}")
    assert "Có đống rác lớn ven suối" in words_of(client.get(answer.location))


@on_sqlite
def test_a_wrong_secret_and_an_unknown_code_are_refused_alike(world: build.World, client: FlaskClient) -> None:
    filed = build.file_report(world, by="guest")
    answers = [client.post("/track", data={"code": code, "secret": "ABCDEFGH2345"}) for code in (filed.report.code, "LD-2026-999999")]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert all("không khớp" in words_of(answer) for answer in answers)
    assert client.get(f"/mine/{filed.report.code}").status_code == 404


def test_guessing_is_stopped_and_shuts_nobody_out_of_their_own_report(world: build.World, app: Flask, client: FlaskClient) -> None:
    filed = build.file_report(world, by="guest")
    assert [track(client, filed.report.code, "ABCDEFGH2345") for _ in range(11)] == [422] * 10 + [429]
    assert track(client, filed.report.code, filed.secret) == 302, "the sender, in the same network"
    assert track(client, filed.report.code, "ABCDEFGH2345") == 429
    at(app, NOON + timedelta(hours=3, minutes=16))
    assert track(client, filed.report.code, "ABCDEFGH2345") == 422


def test_the_code_looked_up_on_the_home_page_leads_to_what_is_public(world: build.World, client: FlaskClient) -> None:
    case = build.case_at(world, "handling")
    page = client.get(f"/track?code={case.code}").get_data(as_text=True)
    assert f'href="/reports/{case.code}"' in page
    assert f'value="{case.code}"' in page
    assert "/reports/LD" not in client.get("/track?code=LD-2026-999999").get_data(as_text=True)


def test_the_sender_reads_words_photos_promise_and_steps(world: build.World, app: Flask, client: FlaskClient) -> None:
    filed = pictured_case(world, app.config["FILES"], "handling", by="guest")
    track(client, filed.report.code, filed.secret)
    answer = client.get(f"/mine/{filed.report.code}")
    page = words_of(answer)
    for words in ("Có đống rác lớn ven suối, mùi rất nặng.", "Đang xử lý", "09/03/2026", "Ông/Bà gửi phản ánh", "Trung tâm tiếp nhận",
                  "Phòng Tài nguyên và Môi trường tiếp nhận xử lý", "Đơn vị đang xử lý và sẽ trả lời kèm ảnh."):
        assert words in page, words
    assert "/centre/view" in answer.get_data(as_text=True)
    assert "Người Thử" not in page


@on_sqlite
@pytest.mark.parametrize(("state", "label"), [
    ("to_verify", "Chờ tiếp nhận"), ("to_classify", "Đã tiếp nhận"), ("to_distribute", "Đã tiếp nhận"), ("at_agency", "Đã tiếp nhận"),
    ("handling", "Đang xử lý"), ("approval", "Đang xử lý"), ("to_publish", "Đang xử lý"), ("rating", "Mời đánh giá")])
def test_each_state_has_its_label(world: build.World, app: Flask, client: FlaskClient, state: str, label: str) -> None:
    case = build.case_at(world, state)
    signed_in(app, client, world.people["citizen"], now=NOON)
    page = lxml_html.fromstring(client.get(f"/mine/{case.code}").get_data(as_text=True))
    assert page.xpath("string(//header//*[contains(@class, 'status')])") == label


@on_sqlite
def test_before_publication_the_sender_reads_no_answer(world: build.World, app: Flask, client: FlaskClient) -> None:
    case = build.case_at(world, "to_publish")
    signed_in(app, client, world.people["citizen"], now=NOON)
    assert "thu gom" not in words_of(client.get(f"/mine/{case.code}"))


def test_the_account_lists_its_reports_and_nobody_elses(world: build.World, app: Flask, client: FlaskClient) -> None:
    own = build.file_report(world)
    other = build.file_report(world, by="citizen_2")
    signed_in(app, client, world.people["citizen"], now=NOON)
    page = words_of(client.get("/mine"))
    assert own.report.code in page
    assert other.report.code not in page
    assert client.get(f"/mine/{other.report.code}").status_code == 404
    guest = words_of(client_of(app).get("/mine"))
    assert own.report.code not in guest
    assert "Mở phản ánh bằng mã" in guest


@on_sqlite
def test_staff_do_not_open_reports_by_these_pages(world: build.World, app: Flask, client: FlaskClient) -> None:
    filed = build.file_report(world)
    signed_in(app, client, world.people["operator"], now=NOON)
    assert client.get(f"/mine/{filed.report.code}").status_code == 404
    assert client.get(f"/reports/{filed.report.code}/receipt").status_code == 404


@on_sqlite
def test_a_refused_report_says_why_and_what_to_do(world: build.World, app: Flask, client: FlaskClient) -> None:
    case = build.case_at(world, "to_verify")
    reason = world.refusal_reason()
    build.do(world, case, "verify", "operator", act="refuse", reason=reason, words="Xin cho biết rõ địa điểm.")
    signed_in(app, client, world.people["citizen"], now=NOON)
    page = words_of(client.get(f"/mine/{case.code}"))
    for words in ("Không tiếp nhận", reason.name_vi, "Xin cho biết rõ địa điểm.", reason.guidance_vi):
        assert words in page


@on_sqlite
def test_a_private_answer_is_read_by_its_sender_alone(world: build.World, app: Flask, client: FlaskClient) -> None:
    case = build.case_at(world, "rating")
    with unit_of_work():
        db.session.scalars(select(Publication)).one().kind = "private"
        db.session.merge(case).is_public = False
    signed_in(app, client, world.people["citizen"], now=NOON)
    page = words_of(client.get(f"/mine/{case.code}"))
    assert "Đã thu gom và dọn sạch." in page
    assert "dành riêng cho Ông/Bà" in page
    assert client_of(app).get(f"/reports/{case.code}").status_code == 404


@on_sqlite
def test_a_quarantined_report_shows_its_sender_only_the_receipt(world: build.World, app: Flask, client: FlaskClient) -> None:
    filed = build.file_report(world)
    with unit_of_work():
        db.session.merge(filed.case).quarantined_at = NOON
    signed_in(app, client, world.people["citizen"], now=NOON)
    page = words_of(client.get(f"/mine/{filed.report.code}"))
    assert "thủ tục riêng" in page
    assert "rác" not in page


def test_the_sender_rates_the_whole_and_each_agency(world: build.World, app: Flask, client: FlaskClient) -> None:
    case = build.case_at(world, "rating", agencies=2)
    signed_in(app, client, world.people["citizen"], now=NOON)
    ref = world.agencies["UBND-LAT"].ref
    answer = client.post(f"/mine/{case.code}/rating", data={"level": "satisfied", f"agency-{ref}": "acceptable", "reason": ""})
    assert answer.location == f"/mine/{case.code}#rating"
    rows = {row.about: row.level for row in db.session.scalars(select(Rating))}
    assert rows == {"whole": "satisfied", f"agency:{world.agencies['UBND-LAT'].id}": "acceptable"}
    assert "Hài lòng" in words_of(client.get(f"/mine/{case.code}"))


@on_sqlite
def test_dissatisfied_needs_a_reason_and_keeps_what_was_chosen(world: build.World, app: Flask, client: FlaskClient) -> None:
    case = build.case_at(world, "rating", agencies=2)
    signed_in(app, client, world.people["citizen"], now=NOON)
    ref = world.agencies["UBND-LAT"].ref
    answer = client.post(f"/mine/{case.code}/rating", data={"level": "dissatisfied", f"agency-{ref}": "satisfied", "reason": "  "})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Vui lòng cho biết vì sao" in page
    assert 'name="level" value="dissatisfied" checked' in page
    assert f'name="agency-{ref}" value="satisfied" checked' in page
    assert db.session.scalars(select(Rating)).all() == []
    client.post(f"/mine/{case.code}/rating", data={"level": "dissatisfied", "reason": "Vẫn còn rác."})
    [rating] = db.session.scalars(select(Rating))
    assert rating_reason(rating) == "Vẫn còn rác."


@on_sqlite
@pytest.mark.parametrize("data", [{}, {"level": "excellent"}, {"level": ""}])
def test_a_level_that_does_not_exist_is_refused(world: build.World, app: Flask, client: FlaskClient, data: dict[str, str]) -> None:
    case = build.case_at(world, "rating")
    signed_in(app, client, world.people["citizen"], now=NOON)
    assert client.post(f"/mine/{case.code}/rating", data=data).status_code == 422


@on_sqlite
def test_nobody_else_rates(world: build.World, app: Flask, client: FlaskClient) -> None:
    case = build.case_at(world, "rating")
    for name in ("citizen_2", "operator", "officer_PTNMT"):
        other = signed_in(app, client_of(app), world.people[name], now=NOON)
        assert other.post(f"/mine/{case.code}/rating", data={"level": "satisfied"}).status_code == 404
    assert client.post(f"/mine/{case.code}/rating", data={"level": "satisfied"}).status_code == 404
    assert db.session.scalars(select(Rating)).all() == []


def test_a_dissatisfied_sender_may_change_the_rating_while_the_centre_looks_again(
    world: build.World, app: Flask, client: FlaskClient
) -> None:
    case = build.case_at(world, "rating")
    signed_in(app, client, world.people["citizen"], now=NOON)
    client.post(f"/mine/{case.code}/rating", data={"level": "dissatisfied", "reason": "Vẫn còn rác."})
    assert case.state == "review"
    assert 'name="level"' in client.get(f"/mine/{case.code}").get_data(as_text=True)
    for level, reason in (("dissatisfied", "Còn rác và mùi."), ("acceptable", "Đã đỡ hơn.")):
        answer = client.post(f"/mine/{case.code}/rating", data={"level": level, "reason": reason})
        assert answer.status_code == 302
        [rating] = db.session.scalars(select(Rating))
        assert (rating.level, rating_reason(rating)) == (level, reason)
    assert len(db.session.scalars(select(Review)).all()) == 1
    assert build.waiting(case, "review_rating")
    stranger = signed_in(app, client_of(app), world.people["citizen_2"], now=NOON)
    assert stranger.post(f"/mine/{case.code}/rating", data={"level": "satisfied"}).status_code == 404


@on_sqlite
def test_who_is_not_satisfied_reads_that_they_were_heard_since_when_and_nothing_in_green(
    world: build.World, app: Flask, client: FlaskClient
) -> None:
    case = build.case_at(world, "rating", agencies=2)
    signed_in(app, client, world.people["citizen"], now=NOON)
    assert 'data-due="kept"' in client.get(f"/mine/{case.code}").get_data(as_text=True)
    client.post(f"/mine/{case.code}/rating", data={"level": "dissatisfied", "reason": "Vẫn còn rác."})
    page = client.get(f"/mine/{case.code}").get_data(as_text=True)
    said = words_of(page)
    assert "Ông/Bà cho biết chưa hài lòng. Trung tâm đang xem lại và sẽ báo Ông/Bà kết quả." in said
    assert "Ông/Bà chưa hài lòng. Việc tiếp theo:" in said
    days = [" ".join(row.text_content().split()) for row in lxml_html.fromstring(page).xpath("//ol[@class='next']/li/b")]
    assert days == ["Chậm nhất 17:00 02/03/2026", "Chậm nhất 11/03/2026", "Nếu Trung tâm giữ kết quả cũ"]
    assert course_of(page)[-1] == ("Xem lại", "step")
    assert "có người chưa hài lòng" not in said
    assert 'data-due="kept"' not in page
    rating = lxml_html.fromstring(page).xpath("//section[@id='rating']")[0]
    assert "Vẫn còn rác." in words_of(lxml_html.tostring(rating.xpath("./div")[0], encoding="unicode"))
    [changing] = rating.xpath("./details")
    assert (changing.get("open"), len(changing.xpath(".//form"))) == (None, 1)
    refused = client.post(f"/mine/{case.code}/rating", data={"level": "dissatisfied", "reason": " "}).get_data(as_text=True)
    assert lxml_html.fromstring(refused).xpath("//section[@id='rating']/form"), "a refusal is not folded away"
    build.do(world, case, "review_rating", "ops_lead", outcome="reopened", words="Sẽ dọn tiếp.")
    steps = course_of(client.get(f"/mine/{case.code}").get_data(as_text=True))
    assert [words for words, _standing in steps] == ["Đã gửi", "Tiếp nhận", "Xử lý", "Trả lời", "Xem lại", "Xử lý lại", "Trả lời lại"]
    assert steps[-2:] == [("Xử lý lại", "step"), ("Trả lời lại", None)]


def course_of(page: str) -> list[tuple[str, str | None]]:
    """The steps of the bar in words, the present one marked."""
    steps = lxml_html.fromstring(page).xpath("//ol[contains(@class, 'course')]/li")
    return [(step.text.strip(), step.get("aria-current")) for step in steps]


@pytest.mark.exhaustive
@on_sqlite
def test_what_is_opened_with_a_secret_is_listed_without_an_account_and_what_asks_comes_first(
    world: build.World, client: FlaskClient
) -> None:
    to_rate, quiet = build.case_at(world, "rating", by="guest"), build.file_report(world, by="guest")
    with client.session_transaction() as session:
        session["tracked"] = [to_rate.main_report.id, quiet.report.id]
    page = words_of(client.get("/mine"))
    places = [page.index(words) for words in ("Chờ Ông/Bà", to_rate.code, quiet.report.code, "Mở phản ánh bằng mã")]
    assert places == sorted(places)
    assert client.get("/track/reports").location == "/mine"
    client.post("/track/closing")
    assert quiet.report.code not in words_of(client.get("/mine"))


@pytest.mark.exhaustive
@on_sqlite
def test_the_agencies_are_rated_behind_a_fold(world: build.World, app: Flask, client: FlaskClient) -> None:
    case = build.case_at(world, "rating", agencies=3)
    signed_in(app, client, world.people["citizen"], now=NOON)
    form = lxml_html.fromstring(client.get(f"/mine/{case.code}").get_data(as_text=True)).xpath("//section[@id='rating']//form")[0]
    assert len(form.xpath(".//input[@type='radio'][not(ancestor::details)]")) == 3
    [fold] = form.xpath(".//details")
    assert (len(fold.xpath(".//input[@type='radio']")), fold.get("open")) == (9, None)


@on_sqlite
def test_a_review_longer_than_the_window_takes_no_more_ratings(world: build.World, app: Flask, client: FlaskClient) -> None:
    case = build.case_at(world, "rating")
    build.rate(world, case, level="dissatisfied")
    window = running_clock(case, ClockKind.RATING)
    assert window is not None
    assert window.due_at is not None
    at(app, window.due_at)
    signed_in(app, client, world.people["citizen"], now=window.due_at)
    assert 'name="level"' not in client.get(f"/mine/{case.code}").get_data(as_text=True)
    assert client.post(f"/mine/{case.code}/rating", data={"level": "satisfied"}).status_code == 422
    assert db.session.scalars(select(Rating)).one().level == "dissatisfied"


@pytest.mark.exhaustive(but=2)
@on_sqlite
@pytest.mark.parametrize(("outcome", "said"), [("explained", "Trung tâm giải thích kết quả"), ("reopened", "được mở lại")])
def test_the_words_of_a_review_reach_the_sender(world: build.World, app: Flask, client: FlaskClient, outcome: str, said: str) -> None:
    case = build.case_at(world, "rating")
    build.rate(world, case, level="dissatisfied")
    signed_in(app, client, world.people["citizen"], now=NOON)
    assert "xem xét lại" not in words_of(client.get(f"/mine/{case.code}"))
    build.do(world, case, "review_rating", "ops_lead", outcome=outcome, words="Đã cho kiểm tra lại hiện trường.")
    page = words_of(client.get(f"/mine/{case.code}"))
    for words in ("Trung tâm đã xem xét lại", said, "Đã cho kiểm tra lại hiện trường."):
        assert words in page, words
    assert "kiểm tra lại hiện trường" not in words_of(client_of(app).get(f"/reports/{case.code}"))


@on_sqlite
def test_before_an_answer_nothing_is_rated(world: build.World, app: Flask, client: FlaskClient) -> None:
    case = build.case_at(world, "handling")
    signed_in(app, client, world.people["citizen"], now=NOON)
    assert client.post(f"/mine/{case.code}/rating", data={"level": "satisfied"}).status_code == 422
    assert 'name="level"' not in client.get(f"/mine/{case.code}").get_data(as_text=True)
