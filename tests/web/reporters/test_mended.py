"""The pages of “Is it really mended?”: by the link of the message, on one's own page, and the form of a new report."""
from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.calendars import RULES_STREAM
from casework.db import db, unit_of_work
from casework.erasure.people import forget_person
from casework.events import append
from casework.local_time import local_day
from casework.mended.asking import ANSWERABLE, ask_if_mended
from casework.messages.routing import route_messages
from casework.models import Area, AreaSuccession, Case, CaseReport, MendedQuestion, Publication, Report
from casework.permissions import SYSTEM
from casework.places.points import sealed_point
from casework.text import fold
from tests import build
from tests.conftest import client_of
from tests.web.letterbox import letterbox
from tests.web.offline.test_offline_api import guest
from tests.web.pages import at, hidden, signed_in, words_of
from web.reporters.mended import PURPOSE
from web.signed_links import signed_ref


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


@pytest.fixture
def question(world: build.World, app: Flask) -> MendedQuestion:
    """Asked of the sender of a closed case; the clock of the pages stands an hour later."""
    case = build.case_at(world, "closed")
    [answered_at] = db.session.scalars(select(Publication.published_at))
    moment = answered_at + timedelta(days=30)
    ask_if_mended(moment)
    at(app, moment + timedelta(hours=1))
    db.session.rollback()
    return db.session.scalars(select(MendedQuestion).where(MendedQuestion.case_id == case.id)).one()


def kept(question: MendedQuestion) -> MendedQuestion:
    db.session.rollback()
    query = select(MendedQuestion).where(MendedQuestion.id == question.id)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def path_of(question: MendedQuestion) -> str:
    return f"/m/{signed_ref(question.ref, purpose=PURPOSE)}"


def test_the_message_has_a_link_that_needs_no_sign_in(world: build.World, app: Flask, question: MendedQuestion) -> None:
    with letterbox(app, "sms") as box:
        moment = question.asked_at
        while route_messages(moment, configured={"sms"}):
            pass
        sent = [each for each in box.deliver(moment.replace(hour=5)) if path_of(question) in each.words.sms]
    assert len(sent) == 1
    assert "đã xử lý thật chưa" in sent[0].words.sms


def test_looking_changes_nothing_and_a_press_answers_once(app: Flask, question: MendedQuestion) -> None:
    client, path = client_of(app), path_of(question)
    page = words_of(client.get(path))
    assert "Đã xử lý thật chưa?" in page
    assert "Rác" not in page, "of the report the code alone"
    assert kept(question).answer is None
    assert client.post(path, data={"answer": "yes"}).location == path
    assert kept(question).answer == "yes"
    assert "Cảm ơn" in words_of(client.get(path))
    assert client.post(path, data={"answer": "no"}).status_code == 422
    assert client.post(path, data={"answer": "perhaps"}).status_code == 422
    assert kept(question).answer == "yes"


def test_an_expired_link_and_a_forged_one(app: Flask, question: MendedQuestion) -> None:
    path = path_of(question)
    assert client_of(app).get(path[:-1] + ("A" if path[-1] != "A" else "B")).status_code == 404
    at(app, question.asked_at + ANSWERABLE)
    assert "không còn trả lời được" in words_of(client_of(app).get(path))
    assert client_of(app).post(path, data={"answer": "yes"}).status_code == 422
    assert kept(question).answer is None


@pytest.mark.exhaustive
def test_a_no_opens_a_form_with_place_and_field_and_the_new_report_leads_back(
    world: build.World, app: Flask, question: MendedQuestion
) -> None:
    client = client_of(app)
    answer = client.post(path_of(question), data={"answer": "no"})
    assert answer.location == "/reports/new?again=1"
    page = client.get(answer.location).get_data(as_text=True)
    case = db.session.get_one(Case, question.case_id)
    assert f"tiếp theo {case.code}" in words_of(page)
    assert f'<option selected value="{world.area.ref}">' in page
    assert "Thôn Păng Tiêng" in page
    assert "ven suối" not in page, "the words are new"
    assert "Nguyễn Thị Thử" not in page, "and so is the contact"
    form = {
        "words": "Rác vẫn còn nguyên.", "area": world.area.ref, "phone": "0912345678", "consent": "y", "alike_seen": "y",
        **{name: hidden(page, name) for name in ("follows", "idempotency_key", "photos_token", "consent_notice")},
    }  # fmt: skip
    filed = client.post("/reports/new", data=form)
    assert filed.status_code == 302, words_of(filed)
    new = db.session.get_one(Report, kept(question).new_report_id)
    assert new.code in filed.location
    again = client.post("/reports/new", data={**form, "words": "Một việc khác hẳn.", "idempotency_key": "", "follows": form["follows"]})
    assert again.status_code == 302, "it is filed, and leads nowhere"
    assert kept(question).new_report_id == new.id
    operator = signed_in(app, client_of(app), world.people["operator"], now=app.config["CLOCK"]())
    for at_case, other in ((case, new.code), (db.session.scalars(select(Case).where(Case.code == new.code)).one(), case.code)):
        assert other in words_of(operator.get(f"/cases/{at_case.ref}?tab=history"))
    verify = build.waiting(db.session.scalars(select(Case).where(Case.code == new.code)).one(), "verify")
    assert "người gửi cho biết chưa xử lý xong" in words_of(operator.get(f"/tasks/{verify.ref}"))
    assert new.code in words_of(client_of(app).get(f"/reports/{case.code}"))
    assert case.code in words_of(client_of(app).get(f"/reports/{new.code}"))


def test_the_form_does_not_show_the_case_it_follows_as_one_alike(world: build.World, app: Flask, question: MendedQuestion) -> None:
    """It is being handled again: “Tôi cũng gặp” would count its own sender, and the receipt would ask about it once more."""
    client = client_of(app)
    page = client.get(client.post(path_of(question), data={"answer": "no"}).location).get_data(as_text=True)
    with unit_of_work():
        case = db.session.get_one(Case, question.case_id)
        case.state, case.opened_at, case.title = "handling", question.asked_at, "Rác đổ ven suối"
    form = {"words": "Rác vẫn đổ ven suối.", "area": world.area.ref}
    assert case.code in words_of(client.post("/reports/alike", data=form)), "of anybody else"
    form["follows"] = hidden(page, "follows")
    assert case.code not in words_of(client.post("/reports/alike", data=form))
    more = {name: hidden(page, name) for name in ("idempotency_key", "photos_token", "consent_notice")}
    filed = client.post("/reports/new", data={**form, **more, "contact": "0912345678", "consent": "y"})
    assert filed.status_code == 302, words_of(filed)
    assert "giống vậy" not in words_of(client.get(filed.location))


def test_a_form_with_a_forged_question_is_filed_and_leads_nowhere(world: build.World, app: Flask, question: MendedQuestion) -> None:
    client = client_of(app)
    page = client.get("/reports/new?again=1").get_data(as_text=True)
    assert "data-follows hidden" in page
    filed = client.post("/reports/new", data={
        "words": "Rác vẫn còn.", "area": world.area.ref, "phone": "0912345678", "consent": "y", "alike_seen": "y",
        "follows": f"{question.ref}.{'A' * 16}", "idempotency_key": hidden(page, "idempotency_key"),
        "photos_token": hidden(page, "photos_token"), "consent_notice": hidden(page, "consent_notice"),
    })  # fmt: skip
    assert filed.status_code == 302, words_of(filed)
    assert kept(question).new_report_id is None


def test_the_sender_answers_on_their_own_page_and_nobody_else_does(world: build.World, app: Flask, question: MendedQuestion) -> None:
    code = db.session.get_one(Report, question.report_id).code
    now = app.config["CLOCK"]()
    stranger = signed_in(app, client_of(app), world.people["citizen_2"], now=now)
    assert stranger.post(f"/mine/{code}/mended", data={"answer": "yes", "question": question.ref}).status_code == 404
    own = signed_in(app, client_of(app), world.people["citizen"], now=now)
    page = own.get(f"/mine/{code}").get_data(as_text=True)
    [ref] = re.findall(r'name="question" value="([^"]+)"', page)
    assert ref == question.ref
    assert own.post(f"/mine/{code}/mended", data={"answer": "yes", "question": "x" * 16}).status_code == 404
    assert own.post(f"/mine/{code}/mended", data={"answer": "no", "question": ref}).location == "/reports/new?again=1"
    page = words_of(own.get(f"/mine/{code}"))
    assert ("Viết phản ánh mới" in page, "Đã xử lý thật" in page.replace("Đã xử lý thật chưa", "")) == (True, False)


def test_a_report_asked_about_waits_for_its_sender_in_their_list_until_they_have_said(
    world: build.World, app: Flask, question: MendedQuestion
) -> None:
    code = db.session.get_one(Report, question.report_id).code
    own = signed_in(app, client_of(app), world.people["citizen"], now=app.config["CLOCK"]())
    assert f"/mine/{code}#mended" in own.get("/mine").get_data(as_text=True)
    assert "Chờ Ông/Bà" in words_of(own.get("/mine"))
    assert code in words_of(own.get("/mine?show=ended")), "it is over all the same"
    assert code not in words_of(own.get("/mine?show=open"))
    own.post(f"/mine/{code}/mended", data={"answer": "yes", "question": question.ref})
    assert "Chờ Ông/Bà" not in words_of(own.get("/mine"))
    assert code in words_of(own.get("/mine"))


def said_no(app: Flask, question: MendedQuestion) -> str:
    """The token of the form that opens after a no; of a browser that is closed then."""
    client = client_of(app)
    return hidden(client.get(client.post(path_of(question), data={"answer": "no"}).location).get_data(as_text=True), "follows")


def test_a_report_kept_without_a_signal_leads_back_when_it_is_sent_and_once(
    world: build.World, app: Flask, question: MendedQuestion
) -> None:
    token, phone = said_no(app, question), guest(client_of(app))
    for _again in range(2):
        assert phone.report(world, [], follows=token).status_code == 200
    new = db.session.get_one(Report, kept(question).new_report_id)
    case = db.session.get_one(Case, question.case_id)
    assert case.code in words_of(client_of(app).get(f"/reports/{new.code}"))


@pytest.mark.exhaustive(but=3)
@pytest.mark.parametrize("meanwhile", ["set apart", "merged", "split off", "erased"])
def test_where_the_report_before_is_no_longer_there_the_new_one_is_taken_without_a_word_of_it(
    world: build.World, app: Flask, question: MendedQuestion, meanwhile: str
) -> None:
    token = said_no(app, question)
    other = build.file_report(world, now=question.asked_at).case
    with unit_of_work():
        case = db.session.get_one(Case, question.case_id)
        if meanwhile == "set apart":
            case.quarantined_at = question.asked_at
        elif meanwhile == "erased":
            forget_person(db.session.get_one(Report, question.report_id).reporter or pytest.fail("nobody sent it"))
        else:
            [link] = db.session.scalars(select(CaseReport).where(CaseReport.report_id == question.report_id))
            link.left_at = question.asked_at
            db.session.flush()
            db.session.add(CaseReport(case_id=other.id, report_id=question.report_id, joined_at=question.asked_at))
            if meanwhile == "merged":
                case.state, case.merged_into_id = "merged", other.id
    client = client_of(app)
    refused = client.post("/reports/new", data={"words": "Rác vẫn còn.", "area": world.area.ref, "follows": token})
    assert refused.status_code == 422, "consent is missing"
    assert case.code not in words_of(refused)
    assert guest(client).report(world, [], follows=token).status_code == 200
    assert kept(question).new_report_id is None
    new = db.session.scalars(select(Report).order_by(Report.id.desc())).first()
    assert new is not None
    operator = signed_in(app, client_of(app), world.people["operator"], now=app.config["CLOCK"]())
    at_case = db.session.scalars(select(Case).where(Case.code == new.code)).one()
    assert case.code not in words_of(operator.get(f"/cases/{at_case.ref}?tab=history"))


def ended(world: build.World, called: str, at_: datetime, *successors: str) -> list[Area]:
    """The commune ends with its villages, and new ones follow it: one with the same villages."""
    before, day = world.areas[called], local_day(at_)
    with unit_of_work():
        row = db.session.get_one(Area, before.id)
        villages = db.session.scalars(select(Area).where(Area.parent_id == row.id)).all()
        for each in (row, *villages):
            each.valid_to = day
        made = []
        for name in successors:
            area = Area(level="commune", name_vi=name, name_en=name, folded_name=fold(name), valid_from=day, centre_id=row.centre_id)
            db.session.add(area)
            db.session.flush()
            db.session.add(AreaSuccession(predecessor_id=before.id, successor_id=area.id, on=day))
            made.append(area)
        for village in villages if len(made) == 1 else ():
            names = {column: getattr(village, column) for column in ("name_vi", "name_en", "folded_name", "centre_id")}
            db.session.add(Area(level="village", parent_id=made[0].id, valid_from=day, **names))
        append(RULES_STREAM, "change_rule", by=SYSTEM, at=at_, payload={})
    return made


def test_of_a_commune_that_has_ended_the_form_offers_the_one_that_followed(
    world: build.World, app: Flask, question: MendedQuestion
) -> None:
    [ward] = ended(world, "xa lat", question.asked_at, "Phường Lang Biang")
    client = client_of(app)
    page = client.get(client.post(path_of(question), data={"answer": "no"}).location).get_data(as_text=True)
    assert f'<option selected value="{ward.ref}">' in page
    assert world.area.ref not in page
    assert "Thôn Păng Tiêng" in page


def test_where_several_followed_the_commune_is_left_open_and_the_point_kept(
    world: build.World, app: Flask, question: MendedQuestion
) -> None:
    with unit_of_work():
        db.session.get_one(Report, question.report_id).sealed_point = sealed_point(12.0345, 108.4012, 8.0)
    ended(world, "xa lat", question.asked_at, "Phường Lang Biang", "Xã Păng Tiêng")
    client = client_of(app)
    page = client.get(client.post(path_of(question), data={"answer": "no"}).location).get_data(as_text=True)
    area = page[page.index('<select class="form-select" id="area"') :]
    assert '<option selected value="">' in area[: area.index("</select>")]
    assert (hidden(page, "latitude"), hidden(page, "longitude")) == ("12.0345", "108.4012")
