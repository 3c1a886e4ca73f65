"""A report that has just been sent and comes again in another showing of the form: told so, and only to who holds it."""
from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from casework.db import db, unit_of_work
from casework.erasure.erase import erase_originals
from casework.intake.file_report import Place
from casework.intake.just_sent import key_of_sending
from casework.models import Case, IdempotencyKey, Report
from casework.rate_limits import JUST_SENT, drop_old_keys
from casework.states import CaseState
from tests import build
from tests.casework.intake.test_filing_at_once import AT_ONCE, at_once
from tests.conftest import client_of
from tests.web.filing.test_report_form import file, form_of, post
from tests.web.offline.test_offline_api import guest
from tests.web.pages import at, signed_in, words_of
from tests.with_photos import jpeg

pytestmark = pytest.mark.on_both

NOON = build.NOON
TOLD = "Ông/Bà vừa gửi phản ánh này: LD-2026-000001."


@pytest.fixture
def world(app: Flask) -> build.World:
    at(app, NOON)
    return build.standard_world()


@pytest.fixture
def small(sqlite_app: Flask) -> build.World:
    at(sqlite_app, NOON)
    return build.standard_world()


def filed() -> int:
    db.session.rollback()
    return db.session.scalars(select(func.count()).select_from(Report)).one()


def send(client: FlaskClient, world: build.World, **fields: Any) -> tuple[int, str]:
    """Open the form anew, fill it in and send it."""
    status, page = post(client, form_of(client, world, **fields))
    return status, page if status == 302 else words_of(page)


@pytest.mark.exhaustive(but=2)
def test_the_same_from_a_page_gone_back_to_is_answered_with_the_code_and_not_filed_again(world: build.World, app: Flask) -> None:
    client = client_of(app)
    assert send(client, world)[0] == 302
    at(app, NOON + timedelta(minutes=9))
    status, page = post(client, form_of(client, world, photos=[file("a.jpg", jpeg())]))
    assert (status, filed(), TOLD in words_of(page)) == (422, 1, True)
    assert 'href="/mine/LD-2026-000001"' in page
    assert "Ổ gà sâu." in page
    assert 'value="photos:' in page, "a photo that was chosen is kept"
    assert send(client, world, words="Ổ gà sâu. Có thêm một ổ gà nữa.")[0] == 302
    at(app, NOON + timedelta(minutes=10))
    assert send(client, world)[0] == 302
    assert filed() == 3


def test_a_stranger_with_the_same_telephone_and_words_learns_nothing(small: build.World, sqlite_app: Flask) -> None:
    assert send(client_of(sqlite_app), small)[0] == 302
    status, page = send(client_of(sqlite_app), small)
    assert (status, filed()) == (302, 2)
    assert "000001" not in page


def test_who_is_signed_in_is_told_in_every_browser_and_nobody_else_is(small: build.World, sqlite_app: Flask) -> None:
    browsers = [signed_in(sqlite_app, client_of(sqlite_app), small.people["citizen"], now=NOON) for _ in range(2)]
    assert send(browsers[0], small)[0] == 302
    status, page = send(browsers[1], small)
    assert (status, TOLD in page, filed()) == (422, True, 1)
    other = signed_in(sqlite_app, client_of(sqlite_app), small.people["citizen_2"], now=NOON)
    assert send(other, small)[0] == 302


def test_two_persons_with_one_telephone_and_one_browser_tell_of_two_matters(small: build.World, sqlite_app: Flask) -> None:
    client = client_of(sqlite_app)
    near = {"latitude": "12.05", "longitude": "108.4", "outside": "y", "alike_seen": "y"}
    assert send(client, small, **near)[0] == 302
    different: tuple[dict[str, Any], ...] = (
        {"words": "Đèn đường hỏng."}, {"contact": "0987 654 321"}, {"village": "Thôn Păng Tiêng"}, {"place": "gần cầu treo"},
        {"latitude": "12.06"}, {"words": "", "voice": None},
    )  # fmt: skip
    for fields in different[:-1]:
        assert send(client, small, **{**near, **fields})[0] == 302, fields
    assert filed() == len(different)
    assert send(client, small, **{**near, "latitude": "12.0605"})[0] == 422, "measured again at the same place"
    assert send(client, small, **{**near, "latitude": "", "longitude": ""})[0] == 422


def test_what_was_withdrawn_meanwhile_may_be_sent_anew(small: build.World, sqlite_app: Flask) -> None:
    client = client_of(sqlite_app)
    assert send(client, small)[0] == 302
    with unit_of_work():
        db.session.scalars(select(Case)).one().state = CaseState.WITHDRAWN
    assert send(client, small)[0] == 302
    assert filed() == 2


def several(app: Flask, world: build.World) -> list[FlaskClient]:
    """Browsers of one person."""
    return [signed_in(app, client_of(app), world.people["citizen"], now=NOON) for _ in range(AT_ONCE)]


@pytest.mark.exhaustive(but=2)
def test_of_many_forms_with_the_same_sent_at_one_moment_by_one_person_one_is_filed(world: build.World, app: Flask) -> None:
    browsers = several(app, world)
    forms = [form_of(browser, world) for browser in browsers]
    answers = at_once(app, lambda number: str(post(browsers[number], forms[number])[0]))
    assert sorted(answers) == ["302", *["422"] * (AT_ONCE - 1)]
    assert filed() == 1


def test_one_form_sent_twice_at_one_moment_is_answered_like_the_first(world: build.World, app: Flask) -> None:
    browsers = several(app, world)
    form = form_of(browsers[0], world)
    answers = at_once(app, lambda number: str(post(browsers[number], dict(form))[0]))
    assert (set(answers), filed()) == ({"302"}, 1)


def test_what_waited_in_a_browser_goes_out_each_by_its_own_key(small: build.World, sqlite_app: Flask) -> None:
    phone = guest(client_of(sqlite_app))
    for _ in range(2):
        assert phone.report(small, [], key=str(uuid4())).status_code == 200
    assert filed() == 2


@pytest.mark.exhaustive(but=2)
def test_kept_is_a_digest_for_ten_minutes_and_none_of_what_was_erased(world: build.World, app: Flask) -> None:
    client = client_of(app)
    assert send(client, world)[0] == 302
    [row] = db.session.scalars(select(IdempotencyKey).where(IdempotencyKey.purpose == JUST_SENT))
    assert (row.sealed_result, row.content_digest, len(row.key)) == (None, "", 64)
    report = db.session.scalars(select(Report)).one()
    assert row.result == report.ref
    with unit_of_work():
        drop_old_keys(NOON + timedelta(minutes=9))
    assert kept() == 1
    with unit_of_work():
        erase_originals([db.session.scalars(select(Case)).one()], at=NOON)
    assert kept() == 0
    assert send(client, world)[0] == 302
    with unit_of_work():
        drop_old_keys(NOON + timedelta(minutes=11))
    assert kept() == 0


def kept() -> int:
    db.session.rollback()
    return db.session.scalars(select(func.count()).select_from(IdempotencyKey).where(IdempotencyKey.purpose == JUST_SENT)).one()


def test_nobody_is_told_anything_of_a_report_without_words_or_of_which_nothing_is_known(small: build.World) -> None:
    place = Place(area=small.area)
    guest, citizen = small.actor("guest"), small.actor("citizen")
    assert key_of_sending(" ", place, by=citizen, contact=None, device=None) is None
    assert key_of_sending("Ổ gà", place, by=guest, contact=None, device=None) is None
    assert key_of_sending("Ổ gà", place, by=citizen, contact=None, device=None) is not None
