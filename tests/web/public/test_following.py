"""Following a case from its public page, and the list of what one follows."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db
from casework.models import Follower
from tests import build
from tests.conftest import client_of
from tests.web.pages import at, signed_in, words_of

NOON = build.NOON


@pytest.fixture
def world(app: Flask) -> build.World:
    at(app, NOON + timedelta(hours=3))
    return build.standard_world()


def test_who_has_an_account_follows_and_stops_following(world: build.World, app: Flask) -> None:
    case = build.case_at(world, "handling")
    client = signed_in(app, client_of(app), world.people["citizen_2"], now=NOON)
    answer = client.post(f"/reports/{case.code}/following", data={"act": "follow"})
    assert (answer.status_code, answer.location) == (302, f"/reports/{case.code}")
    assert "Thôi theo dõi" in words_of(client.get(f"/reports/{case.code}"))
    page = words_of(client.get("/mine"))
    assert "Phản ánh đang theo dõi" in page
    assert case.code in page
    client.post(f"/reports/{case.code}/following", data={"act": "unfollow"})
    assert "Thôi theo dõi" not in words_of(client.get(f"/reports/{case.code}"))
    assert case.code not in words_of(client.get("/mine"))


def test_a_guest_is_led_to_sign_in_and_comes_back(world: build.World, app: Flask) -> None:
    case = build.case_at(world, "handling")
    client = client_of(app)
    assert f'href="/sign-in?next=/reports/{case.code}"' in client.get(f"/reports/{case.code}").get_data(as_text=True)
    answer = client.post(f"/reports/{case.code}/following", data={"act": "follow"})
    assert (answer.status_code, answer.location) == (302, f"/sign-in?next=/reports/{case.code}")
    assert db.session.scalars(select(Follower)).all() == []


@pytest.mark.parametrize("data", [{}, {"act": "quarantine"}])
def test_no_other_act_is_done_here(world: build.World, app: Flask, data: dict[str, str]) -> None:
    case = build.case_at(world, "handling")
    client = signed_in(app, client_of(app), world.people["operator"], now=NOON)
    assert client.post(f"/reports/{case.code}/following", data=data).status_code == 302
    assert case.state == "handling"
    assert db.session.scalars(select(Follower)).all() == []


def test_a_sender_needs_not_follow_their_own_case(world: build.World, app: Flask) -> None:
    case = build.case_at(world, "handling")
    client = signed_in(app, client_of(app), world.people["citizen"], now=NOON)
    assert "vẫn nhận được mọi thông báo" in words_of(client.get(f"/reports/{case.code}"))
    assert client.post(f"/reports/{case.code}/following", data={"act": "follow"}).status_code == 422


def test_what_the_public_does_not_know_cannot_be_followed(world: build.World, app: Flask) -> None:
    case = build.case_at(world, "to_verify")
    client = signed_in(app, client_of(app), world.people["citizen_2"], now=NOON)
    client.post(f"/reports/{case.code}/following", data={"act": "follow"})
    build.do(world, case, "verify", "operator", act="refuse", reason=world.refusal_reason(), words="Không đúng nơi.")
    assert case.code not in words_of(client.get("/mine"))
    assert client.post(f"/reports/{case.code}/following", data={"act": "unfollow"}).status_code == 404
    assert client.post("/reports/LD-2026-999999/following", data={"act": "follow"}).status_code == 404


def test_following_a_merged_case_leads_to_its_main(world: build.World, app: Flask) -> None:
    main, other = build.case_at(world, "handling"), build.case_at(world, "to_classify")
    client = signed_in(app, client_of(app), world.people["citizen_2"], now=NOON)
    client.post(f"/reports/{other.code}/following", data={"act": "follow"})
    former = other.code
    build.act(world, other, "merge", "operator", into=main)
    page = client.get("/mine").get_data(as_text=True)
    assert f'href="/reports/{main.code}"' in page
    assert f'href="/reports/{former}"' not in page
    assert client.get(f"/reports/{former}").location == f"/reports/{main.code}"
    client.post(f"/reports/{former}/following", data={"act": "unfollow"})
    assert "Phản ánh đang theo dõi" not in words_of(client.get("/mine"))


@pytest.mark.exhaustive
def test_pressing_the_button_without_end_is_stopped(world: build.World, app: Flask) -> None:
    case = build.case_at(world, "handling")
    client = signed_in(app, client_of(app), world.people["citizen_2"], now=NOON)
    for number in range(60):
        client.post(f"/reports/{case.code}/following", data={"act": ("follow", "unfollow")[number % 2]})
    answer = client.post(f"/reports/{case.code}/following", data={"act": "follow"})
    assert answer.status_code == 429
    assert "quá nhiều lần" in words_of(answer)


def test_the_list_of_another_person_shows_nothing_of_it(world: build.World, app: Flask) -> None:
    case = build.case_at(world, "handling")
    build.act(world, case, "follow", "citizen_2")
    assert case.code not in words_of(signed_in(app, client_of(app), world.people["operator_2"], now=NOON).get("/mine"))
