"""Following an area by its pages: nothing begins before the code came back, and one press ends it."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from casework.area_news.telling import tell_areas
from casework.db import db, unit_of_work
from casework.models import Account, AreaSubscription, OneTimeCode, Publication
from casework.privacy.identity import open_contact
from casework.rights.erasing_people import erase_account
from tests import build
from tests.casework.acting import local
from tests.conftest import client_of
from tests.web.letterbox import Letterbox, letterbox
from tests.web.pages import at, words_of
from web.areas_followed import area_link
from web.gateways.smtp import letter_of

MAIL = "theo-doi@nguoi-dan.example"
NOW, MORNING = local(2, 3, 10), local(3, 3, 9)


@pytest.fixture
def world(app: Flask) -> build.World:
    at(app, NOW)
    return build.standard_world()


@pytest.fixture
def post(app: Flask) -> Iterator[Letterbox]:
    with letterbox(app, "email", "sms") as box:
        yield box


def wish(world: build.World, contact: str = MAIL, **more: str) -> dict[str, str]:
    return {"where": "area", "area": world.area.ref, "rhythm": "at_once", "radius": "1000", "contact": contact, **more}


def begin(world: build.World, app: Flask, post: Letterbox, client: FlaskClient, **more: str) -> str:
    """Follow by form and code; the path of the page behind the link."""
    assert client.post("/area", data=wish(world, **more)).location == "/area/code"
    answer = client.post("/area/code", data={"digits": post.code(NOW)})
    assert answer.status_code == 302, words_of(answer)
    return answer.location


def rows() -> list[AreaSubscription]:
    db.session.rollback()
    return list(db.session.scalars(select(AreaSubscription).order_by(AreaSubscription.id)))


def test_nothing_begins_before_the_code_came_back(world: build.World, app: Flask, post: Letterbox) -> None:
    client = client_of(app)
    client.post("/area", data=wish(world))
    page = words_of(client.get("/area/code"))
    assert ("Đồng ý nhận tin" in page, world.area.name_vi in page, MAIL in page) == (True, True, False)
    assert rows() == []
    assert client.post("/area/code", data={"digits": "000000"}).status_code == 422
    assert rows() == []
    assert client.post("/area/code", data={"digits": post.code(NOW)}).location.startswith("/a/")
    [row] = rows()
    assert (open_contact(row.sealed_contact).email, row.rhythm, row.area_id) == (MAIL, "at_once", world.area.id)


def test_the_answer_tells_nobody_whether_an_address_follows_anything(world: build.World, app: Flask, post: Letterbox) -> None:
    begin(world, app, post, client_of(app))
    at(app, NOW + timedelta(minutes=20))
    pages = []
    for contact in (MAIL, "khac@nguoi-dan.example"):
        client = client_of(app)
        assert client.post("/area", data=wish(world, contact)).location == "/area/code"
        pages.append(words_of(client.get("/area/code")).replace("th…@nguoi-dan.example", "").replace("kh…@nguoi-dan.example", ""))
    assert pages[0] == pages[1]


def test_an_address_is_not_flooded_with_codes(world: build.World, app: Flask, post: Letterbox) -> None:
    answers = []
    for minute in range(6):
        at(app, NOW + timedelta(minutes=2 * minute))
        answers.append(client_of(app).post("/area", data=wish(world)).status_code)
    assert answers == [302, 302, 302, 422, 422, 422]
    assert len(db.session.scalars(select(OneTimeCode)).all()) == 3


def test_the_message_leads_to_its_page_and_one_press_ends_it(world: build.World, app: Flask, post: Letterbox) -> None:
    path = begin(world, app, post, client_of(app))
    case = build.case_at(world, "rating")
    at(app, MORNING)
    assert tell_areas(MORNING, configured={"email"}) == 1
    [sent] = [each for each in post.deliver(MORNING) if each.recipient.startswith("area:")]
    assert (sent.address, sent.words.link, sent.words.choices) == (MAIL, f"{app.config['BASE_URL']}{path}", sent.words.link)
    letter = letter_of(sent, MAIL, "Trung tâm <phananh@trung-tam.example>")
    assert letter["List-Unsubscribe"] == f"<{sent.words.link}>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    stranger = client_of(app)
    page = words_of(stranger.get(path))
    assert ("Dừng nhận tin" in page, "Rác đổ ven suối" in page, MAIL in page, case.code in page) == (True, True, False, True)
    assert len(rows()) == 1, "looking ends nothing"
    assert "đã được xóa" in words_of(stranger.post(path))
    assert rows() == []
    assert "đã được xóa" in words_of(stranger.get(path))
    assert stranger.get(path[:-1] + "x").status_code == 404


def test_a_mail_program_ends_it_without_a_token_of_a_form(world: build.World, app: Flask, post: Letterbox) -> None:
    path = begin(world, app, post, client_of(app))
    assert client_of(app).post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert rows() == []


def test_by_telephone_the_link_fits_into_the_message(world: build.World, app: Flask, post: Letterbox) -> None:
    path = begin(world, app, post, client_of(app), contact="0912 345 678")
    build.case_at(world, "rating")
    tell_areas(MORNING, configured={"sms"})
    [sent] = [each for each in post.deliver(MORNING) if each.recipient.startswith("area:")]
    assert (sent.channel, path in sent.words.sms) == ("sms", True)
    long = sent.words.link.replace(app.config["BASE_URL"], "https://phananh.lacduong.lamdong.gov.vn")
    words = replace(sent.words, link=long, line=sent.words.line.replace(sent.words.link, long))
    assert long in words.sms


@pytest.mark.parametrize(("more", "said"), [
    ({"area": ""}, "Vui lòng chọn xã"), ({"where": "circle"}, "lấy vị trí"), ({"where": "field"}, "chọn một lĩnh vực"),
    ({"rhythm": "hourly"}, "khi nào báo"), ({"contact": "không phải"}, "số điện thoại"), ({"where": "circle", "latitude": "nan",
    "longitude": "1e999"}, "lấy vị trí"),
])  # fmt: skip
def test_what_is_missing_is_said_at_its_field_and_what_was_typed_is_kept(
    world: build.World, app: Flask, post: Letterbox, more: dict[str, str], said: str
) -> None:
    answer = client_of(app).post("/area", data=wish(world, **more))
    assert answer.status_code == 422
    assert said in words_of(answer)
    assert more.get("contact", MAIL) in answer.get_data(as_text=True)


def test_a_public_case_proposes_its_commune_and_where_its_place_is_public_a_circle(world: build.World, app: Flask, post: Letterbox) -> None:
    case = build.case_at(world, "rating")
    client = client_of(app)
    assert f'href="/area?near={case.code}"' in client.get(f"/reports/{case.code}").get_data(as_text=True)
    page = client.get(f"/area?near={case.code}").get_data(as_text=True)
    assert f'<option value="{world.area.ref}" selected>' in page
    assert 'value="circle" checked' not in page
    with unit_of_work():
        row = db.session.merge(case)
        row.latitude, row.longitude = 12.02, 108.44
        db.session.scalars(select(Publication)).one().current.shows_exact_place = True
    assert 'value="circle" checked' in client.get(f"/area?near={case.code}").get_data(as_text=True)
    begin(world, app, post, client_of(app), where="circle", latitude="12.0201", longitude="108.4402", radius="500")
    assert [(row.kind, row.radius_m, row.latitude) for row in rows()] == [("circle", 500, 12.02)]


def test_an_erased_account_follows_nothing_any_more_and_a_claimed_one_erases_nobodys(
    world: build.World, app: Flask, post: Letterbox
) -> None:
    begin(world, app, post, client_of(app), contact="0912345678")
    begin(world, app, post, client_of(app), contact="0987654321")
    with unit_of_work():
        citizen, claims = (db.session.get_one(Account, world.people[name].id) for name in ("citizen", "citizen_2"))
        citizen.phone_verified_at, claims.phone_verified_at = NOW, None
        for account in (citizen, claims):
            erase_account(account, at=NOW)
    assert [open_contact(row.sealed_contact).phone for row in rows()] == ["+84987654321"]


def test_another_purpose_or_a_foreign_signature_opens_nothing(world: build.World, app: Flask, post: Letterbox) -> None:
    path = begin(world, app, post, client_of(app))
    ref = rows()[0].ref
    assert area_link(ref).endswith(path)
    for token in (ref, f"{ref}.", f"{ref}.{'A' * 16}", f".{path.rpartition('.')[2]}", "é.é"):
        assert client_of(app).get(f"/a/{token}").status_code == 404
    assert client_of(app).get(path.replace("/a/", "/m/")).status_code == 404
