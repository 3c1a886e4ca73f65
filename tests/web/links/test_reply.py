"""The page of a one-time link: what a body outside reads there, its one answer, and the one page for every address that does not hold."""
from __future__ import annotations

import io
import re

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.doors.links.secrets import code_of, secret_of
from casework.intake.file_report import Place
from casework.models import Account, Answer, Case, Photo, VisibilityReason
from tests import build, links
from tests.build import waiting
from tests.casework.acting import events
from tests.conftest import client_of
from tests.web.desk import Office
from tests.web.pages import hidden, words_of
from tests.with_photos import jpeg


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    found = Office(sqlite_app)
    links.opened(found.world)
    return found


def test_it_shows_what_was_cleared_and_asked_and_nothing_of_the_sender(office: Office) -> None:
    case = links.referred(office.world, words="Tôi là Nguyễn Văn Kín, cột điện đổ.")
    address = links.address(links.sent(office.world, case))
    answer = client_of(office.app).get(address)
    words = words_of(answer)
    assert answer.status_code == 200
    assert links.ASKED in words
    assert "Có đống rác ven suối" in words
    for hidden_words in ("Nguyễn Văn Kín", build.PHONE, "operator"):
        assert hidden_words not in answer.get_data(as_text=True)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "<script" not in answer.get_data(as_text=True)


def test_looking_uses_nothing_up_and_is_written_down_once_a_day_and_network(office: Office) -> None:
    case = links.referred(office.world)
    address = links.address(links.sent(office.world, case))
    for _ in range(3):
        assert client_of(office.app).get(address).status_code == 200
    assert events(case).count("open_link") == 1


def test_one_answer_with_photos_and_afterwards_the_receipt_alone(office: Office) -> None:
    case = links.referred(office.world)
    link = links.sent(office.world, case)
    address, browser = links.address(link), client_of(office.app)
    page = browser.get(address).get_data(as_text=True)
    form = {**links.ANSWER, "files_token": hidden(page, "files_token"), "photos": (io.BytesIO(jpeg()), "cot.jpg")}
    first = browser.post(address, data=form)
    assert first.status_code == 200, words_of(first)
    assert "Trung tâm đã nhận trả lời" in words_of(first)
    form["photos"] = (io.BytesIO(jpeg()), "cot.jpg")
    again = browser.post(address, data=form)
    assert words_of(again) == words_of(first) == words_of(browser.get(address))
    assert links.ASKED not in words_of(again)
    [photo] = db.session.scalars(select(Photo).where(Photo.reply_link_id == link.id)).all()
    shown = office.words("operator", f"/cases/{case.ref}")
    assert links.ANSWER["findings"] in shown
    assert "Chưa duyệt" in shown
    assert "Trần Văn Điện, Đội trưởng, 0263 3 000 022" in shown
    assert "Đã làm xong" in shown
    assert office.get("operator", f"/photos/{photo.ref}/centre/view").status_code == 200
    assert client_of(office.app).get(f"/photos/{photo.ref}/centre/view").status_code == 404


def test_what_was_typed_stays_where_something_is_missing(office: Office) -> None:
    address, browser = links.address(links.sent(office.world, links.referred(office.world))), client_of(office.app)
    answer = browser.post(address, data={**links.ANSWER, "position": ""})
    assert answer.status_code == 422
    assert links.ANSWER["findings"] in words_of(answer)
    assert "Vui lòng ghi chức vụ." in words_of(answer)


def test_nothing_is_chosen_at_first_and_who_needs_longer_says_why_and_by_which_day(office: Office) -> None:
    case = links.referred(office.world)
    address, browser = links.address(links.sent(office.world, case)), client_of(office.app)
    page = browser.get(address).get_data(as_text=True)
    assert (page.count('type="radio"'), page.count("checked")) == (3, 0)
    signed = {key: links.ANSWER[key] for key in ("name", "position")}
    unchosen = browser.post(address, data={**signed, "findings": "Cột gãy."})
    assert (unchosen.status_code, "Vui lòng chọn kết quả." in words_of(unchosen)) == (422, True)
    for given, said in (({}, "Vui lòng ghi ngày làm xong"), ({"ready_on": "30/02/2026"}, "Vui lòng ghi ngày làm xong"),
                        ({"ready_on": "2026-03-20"}, "Vui lòng ghi lý do.")):  # fmt: skip
        refused = browser.post(address, data={**signed, "outcome": "longer", **given})
        assert (refused.status_code, said in words_of(refused)) == (422, True)
        assert given.get("ready_on", "") in refused.get_data(as_text=True)
    sent = browser.post(address, data={**signed, "outcome": "longer", "ready_on": "2026-03-20", "reason": "Chờ cột mới."})
    assert "Trung tâm đã nhận trả lời" in words_of(sent)
    for hidden_words in ("Chờ cột mới", signed["name"], case.title or "không có", "Đang làm"):
        assert hidden_words not in words_of(sent)
    shown = office.words("operator", f"/cases/{case.ref}")
    assert "Đang làm, hẹn ngày xong, hẹn xong ngày 20/03/2026." in shown
    assert "Chờ cột mới." in shown


@pytest.mark.parametrize("with_place", [True, False])
def test_the_map_is_drawn_in_the_page_and_has_a_point_only_where_the_exact_place_is_told(office: Office, with_place: bool) -> None:
    place = Place(area=office.world.area, latitude=12.0142, longitude=108.4267, accuracy_m=20)
    case = links.referred(office.world, place=place)
    page = client_of(office.app).get(links.address(links.sent(office.world, case, with_place=with_place))).get_data(as_text=True)
    told = ('class="lm-pin"' in page, "12.01420, 108.42670" in page, "Chỉ đường" in page, "12.0142" in page)
    assert told == (with_place,) * 4


def test_a_code_opens_it_and_the_wrong_one_shows_nothing(office: Office) -> None:
    link = links.sent(office.world, links.referred(office.world), with_code=True)
    address, browser = links.address(link), client_of(office.app)
    assert links.ASKED not in words_of(browser.get(address))
    wrong = "000000" if code_of(link.ref) != "000000" else "000001"
    refused = browser.post(address, data={"digits": wrong})
    assert refused.status_code == 422
    assert links.ASKED not in words_of(refused)
    skipped = browser.post(address, data={**links.ANSWER, "opened": "x"})
    assert "Trung tâm đã nhận" not in words_of(skipped)
    right = browser.post(address, data={"digits": code_of(link.ref)})
    assert links.ASKED in words_of(right)
    mark = hidden(right.get_data(as_text=True), "opened")
    assert "Trung tâm đã nhận trả lời" in words_of(browser.post(address, data={**links.ANSWER, "opened": mark}))


def test_a_matter_that_becomes_sensitive_is_opened_by_a_code_from_then_on(office: Office) -> None:
    case = links.referred(office.world)
    link = links.sent(office.world, case)
    address = links.address(link)
    assert links.ASKED in words_of(client_of(office.app).get(address))
    with unit_of_work():
        reason = db.session.scalars(select(VisibilityReason).limit(1)).one()
        db.session.get_one(Case, case.id).visibility_reason_id = reason.id
    assert links.ASKED not in words_of(client_of(office.app).get(address))
    assert "Trung tâm đã nhận" not in words_of(client_of(office.app).post(address, data=links.ANSWER))
    assert code_of(link.ref) in office.words("operator", f"/cases/{case.ref}/links/{link.ref}")


@pytest.mark.exhaustive
def test_what_an_agency_answered_is_submitted_with_its_photos_and_decided_by_the_leader_above(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    with unit_of_work():
        for name, account in office.world.people.items():
            if name.endswith("_PTNMT"):
                db.session.get_one(Account, account.id).disabled_at = build.NOON
    link = links.sent(office.world, case, assignment=case.assignments[0])
    address, browser = links.address(link), client_of(office.app)
    page = browser.get(address).get_data(as_text=True)
    browser.post(address, data={**links.ANSWER, "files_token": hidden(page, "files_token"), "photos": (io.BytesIO(jpeg()), "cot.jpg")})
    act = f"/cases/{case.ref}/acts/take_up_answer?assignment={case.assignments[0].ref}"
    assert "Trình trả lời nhận qua đường dẫn" in office.words("operator", act)
    refused = office.post("operator", act, contact="")
    assert refused.status_code == 422
    done = office.post("operator", act, contact="Điện lực Lâm Đồng, 0263 3822 822")
    assert done.status_code == 302, words_of(done)
    [answer] = db.session.scalars(select(Answer)).all()
    assert (answer.findings, answer.author_id) == (links.ANSWER["findings"], office.world.people["operator"].id)
    assert [photo.sha256 for photo in db.session.scalars(select(Photo).where(Photo.answer_id == answer.id))] == [
        photo.sha256 for photo in db.session.scalars(select(Photo).where(Photo.reply_link_id == link.id))]  # fmt: skip
    assert waiting(case, "approve_answer").desk == f"committee_leader@c{office.world.centre.id}"
    assert office.post("operator", act, contact="x").status_code != 302


def test_every_address_that_does_not_hold_is_one_page_with_the_telephone(office: Office) -> None:
    case = links.referred(office.world)
    replaced, _newest = links.sent(office.world, case), links.sent(office.world, case)
    wrong = [client_of(office.app).get(each) for each in (links.address(replaced), f"/reply/{'a' * 43}", "/reply/x")]
    assert [each.status_code for each in wrong] == [404, 404, 404]
    assert len({each.get_data() for each in wrong}) == 1
    assert "Đường dẫn này không dùng được" in words_of(wrong[0])
    if office.world.centre.phone:
        assert office.world.centre.phone in words_of(wrong[0])


@pytest.mark.exhaustive
def test_the_operator_makes_it_reads_it_out_and_revokes_it(office: Office) -> None:
    case = links.referred(office.world)
    assert "Tạo đường dẫn trả lời" in office.words("operator", f"/cases/{case.ref}")
    made = office.post("operator", f"/cases/{case.ref}/acts/send_link", asked=links.ASKED, days="7", with_code="y")
    assert made.status_code == 302, words_of(made)
    link = links.newest()
    page = office.words("operator", f"/cases/{case.ref}/links/{link.ref}")
    assert secret_of(link.ref) in page
    assert code_of(link.ref) in page
    assert secret_of(link.ref) not in office.get("operator", f"/cases/{case.ref}").get_data(as_text=True)
    for name in ("officer_PTNMT", "administrator"):
        assert office.get(name, f"/cases/{case.ref}/links/{link.ref}").status_code in (403, 404)
    assert office.post("operator", f"/cases/{case.ref}/links/{link.ref}/revoke").status_code == 302
    assert client_of(office.app).get(links.address(link)).status_code == 404


def test_no_log_holds_the_address(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    link = links.sent(office.world, links.referred(office.world))
    browser = client_of(office.app)
    browser.get(links.address(link))
    browser.get(f"{links.address(link)}/photos/x")
    said = capsys.readouterr()
    assert not re.search(secret_of(link.ref), said.out + said.err)
