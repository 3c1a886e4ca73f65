"""The door of the API: closed is not there; who asks, what is refused and how, in both languages, with the limits on every answer."""
from __future__ import annotations

import pytest
from flask import Flask

from casework.doors.limits import READS
from casework.permissions import Action
from tests.web.api.asked import House, opened, put_open
from web.api.problems import PROBLEMS


@pytest.fixture
def house(sqlite_app: Flask) -> House:
    return opened(sqlite_app)


def test_a_key_is_told_whose_it_is_and_what_it_may_do(house: House) -> None:
    answer = house.get("/")
    assert answer.status_code == 200
    told = answer.json
    assert told["name"] == "Hệ thống thử"
    assert told["ref"] == house.account.account.ref
    assert told["agency"]["name"]["en"] == "Natural Resources and Environment Office"
    assert "submit_answer" in told["scopes"]
    assert "approve_answer" not in told["scopes"]
    assert told["expires_at"].endswith("Z")
    assert house.key not in answer.get_data(as_text=True)
    assert {each["name"]: each["allowed"] for each in told["limits"]}[READS.name] == 600


def test_every_answer_tells_the_limit_and_sets_no_cookie(house: House) -> None:
    for path, status in (("/", 200), ("/no-such-thing", 404), ("/cases/0000000000000000", 404)):
        answer = house.get(path)
        assert answer.status_code == status
        assert answer.headers["RateLimit-Policy"] == '"minute";q=600;w=60'
        assert answer.headers["RateLimit"].startswith('"minute";r=')
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Vary"] == "Accept-Language"


@pytest.mark.parametrize(("language", "title"), [("vi", "Không tìm thấy."), ("en", "It is not there."),
                                                 ("en-GB,vi;q=0.5", "It is not there.")])
def test_a_problem_is_told_in_both_languages(house: House, language: str, title: str) -> None:
    answer = house.get("/cases/0000000000000000", headers={"Accept-Language": language})
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Content-Language"] == language[:2]
    told = answer.json
    assert told["title"] == title
    assert told["status"] == 404
    assert told["code"] == "not_found"
    assert told["in"]["vi"]["title"] == "Không tìm thấy."
    assert told["in"]["en"]["title"] == "It is not there."
    assert told["instance"].startswith("urn:request:")
    assert told["type"].endswith("/api/problems/not_found")


def test_no_key_is_401_a_wrong_scope_403_and_a_closed_door_404(house: House) -> None:
    for key in ("", "lb1_wrong"):
        answer = house.get("/cases", key=key)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="langbiang"')
    put_open(house.world, "closed")
    for key in ("", "lb1_wrong", house.key):
        for path in ("/", "/cases", "/openapi.json", "/nothing"):
            assert house.get(path, key=key).status_code == 404
            assert house.ask("DELETE", path, key=key).status_code == 404


def test_a_key_with_one_scope_opens_nothing_else(sqlite_app: Flask) -> None:
    house = opened(sqlite_app, Action.READ_INBOX, agrees=False)
    assert house.get("/assignments").status_code == 200
    answer = house.get("/cases")
    assert (answer.status_code, answer.json["code"]) == (403, "scope")


def test_another_method_is_405_with_those_that_are_taken(house: House) -> None:
    for method in ("PUT", "PATCH", "DELETE", "POST", "OPTIONS"):
        answer = house.ask(method, "/cases")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert house.ask("HEAD", "/cases").status_code == 200


def test_what_is_asked_too_often_waits(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(READS), "allowed", property(lambda _limit: 2))
    assert [house.get("/").status_code for _ in range(3)] == [200, 200, 429]
    answer = house.get("/")
    assert answer.json["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    assert answer.json["violated-policies"] == ["minute"]
    assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "late=perhaps", "since=2026-01-01", "state=no", "nonsense=1",
                                   "limit=1&limit=2",
                                   "q=%00", "q=%ff", "cursor=abc", "area=x", "since=NaN"])  # fmt: skip
def test_a_wrong_parameter_is_named(house: House, query: str) -> None:
    answer = house.get(f"/cases?{query}")
    assert answer.status_code == 400
    assert answer.json["code"] in ("parameter", "unreadable", "cursor_invalid")
    if answer.json["code"] == "parameter":
        assert answer.json["errors"][0]["pointer"] == query.partition("=")[0]


def test_each_problem_has_a_page_that_says_what_to_do(house: House) -> None:
    for code, problem in PROBLEMS.items():
        page = house.get(f"/api/problems/{code}", key="")
        assert page.status_code == 200
        assert problem.advice.en in page.get_data(as_text=True).replace("&#39;", "'")
    assert house.get("/api/problems/no_such_thing", key="").status_code == 404
