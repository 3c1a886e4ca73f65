"""The list of one's own reports: what waits for its owner first, then what is new, by pages."""
from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from casework.models import Case
from tests import build
from tests.conftest import client_of
from tests.web.desk import statements_of
from tests.web.pages import at, signed_in, words_of

LATER = build.NOON + timedelta(hours=3)


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    at(sqlite_app, LATER)
    return build.standard_world()


def sender(app: Flask, world: build.World) -> FlaskClient:
    return signed_in(app, client_of(app), world.people["citizen"], now=build.NOON)


def asked(world: build.World) -> Case:
    case = build.case_at(world, "to_classify")
    build.act(world, case, "ask_reporter", "operator", report=case.main_report, words="Ở bờ nào?", when_unanswered="continue")
    return case


@pytest.mark.exhaustive
def test_the_list_puts_first_what_waits_for_its_owner_then_what_is_new(sqlite_app: Flask, world: build.World) -> None:
    quiet, closed = build.file_report(world).case, build.case_at(world, "closed")
    to_rate, question = build.case_at(world, "rating"), asked(world)
    withdrawn = build.file_report(world).case
    build.act(world, withdrawn, "withdraw_report", "citizen", report=withdrawn.main_report, reason="")
    client = sender(sqlite_app, world)
    page = words_of(client.get("/mine"))
    first, news, rest = (page.index(words) for words in ("Chờ Ông/Bà", "Có tin mới", "Các phản ánh khác"))
    for case, group in ((to_rate, (first, news)), (question, (first, news)), (closed, (news, rest)), (quiet, (rest, len(page)))):
        assert group[0] < page.index(case.code) < group[1], case.state
        assert page.count(case.code) == 1
    assert f"/mine/{question.code}#question" in client.get("/mine").get_data(as_text=True)
    client.get(f"/mine/{closed.code}")
    assert words_of(client.get("/mine")).index(closed.code) > words_of(client.get("/mine")).index("Các phản ánh khác")
    ended = words_of(client.get("/mine?show=ended"))
    assert [case.code in ended for case in (closed, withdrawn, quiet, to_rate)] == [True, True, False, False]
    going_on = words_of(client.get("/mine?show=open"))
    assert [case.code in going_on for case in (closed, withdrawn, quiet, to_rate)] == [False, False, True, True]
    build.rate(world, to_rate)
    assert words_of(client.get("/mine")).index(to_rate.code) > words_of(client.get("/mine")).index("Có tin mới")


def test_a_long_list_turns_its_pages_and_asks_as_much_as_a_short_one(sqlite_app: Flask, world: build.World) -> None:
    codes = [build.file_report(world, now=LATER + timedelta(minutes=number)).report.code for number in range(4)]
    client = sender(sqlite_app, world)
    client.get("/mine")
    few = statements_of(lambda: client.get("/mine"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("casework.reporters.list.PAGE", 3)
        assert statements_of(lambda: client.get("/mine")) == few
        page = client.get("/mine").get_data(as_text=True)
        assert [code in page for code in codes] == [False, True, True, True]
        following = html.unescape(re.search(r'rel="next" href="([^"]+)"', page)[1])
        assert [code in client.get(following).get_data(as_text=True) for code in codes] == [True, False, False, False]
        assert client.get("/mine?before=x").status_code == 200
