"""More people than a server can answer: whoever waited too long is refused and told when to come again, and nobody is shut out."""
from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from gunicorn.workers.gthread import ThreadWorker

from tests.web.test_cli import free_port
from web.config import Config
from web.http.overload import FORM_TIMES, WAITED
from web.serving import server as serving
from web.serving.gunicorn_worker import Worker
from web.serving.server import Server
from web.sessions import COOKIE

WORDS = "Có đống rác lớn ven suối."


@contextmanager
def waited(seconds: float) -> Iterator[None]:
    before = WAITED.set(seconds)
    try:
        yield
    finally:
        WAITED.reset(before)


def browser_of(app: Flask) -> FlaskClient:
    """Its requests run in this very context, where it stands how long they waited."""
    return FlaskClient(app, app.response_class)


@pytest.mark.parametrize("path", ["/", "/reports", "/sign-in", "/no-such-page"])
def test_a_page_somebody_waited_too_long_for_is_refused_without_the_database(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr("web.sessions.find_session", lambda *_args, **_more: pytest.fail("the database was asked"))
    with waited(sqlite_app.config["WAIT_SECONDS"] + 0.1):
        answer = browser_of(sqlite_app).get(path, headers={"Cookie": f"{COOKIE}=any"})
    assert answer.status_code == 503
    assert 5 <= int(answer.headers["Retry-After"]) <= 15
    assert "Hệ thống đang có quá nhiều người truy cập" in answer.text


def test_what_people_typed_may_wait_longer_and_comes_back_with_the_refusal(sqlite_app: Flask) -> None:
    client, own = browser_of(sqlite_app), {"Sec-Fetch-Site": "same-origin"}
    with waited(sqlite_app.config["WAIT_SECONDS"] + 0.1):
        assert client.post("/reports/new", data={"words": WORDS}, headers=own).status_code != 503
    with waited(FORM_TIMES * sqlite_app.config["WAIT_SECONDS"] + 0.1):
        answer = client.post("/reports/new", data={"words": WORDS}, headers=own)
        told = client.post("/reports/new", data={"words": WORDS}, headers={**own, "Accept": "application/json"})
    assert (answer.status_code, WORDS in answer.text, "csrf_token" in answer.text) == (503, True, True)
    assert told.status_code == 503
    assert told.headers["Retry-After"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/static/css/citizen.css"])
def test_health_metrics_and_styles_are_always_answered(sqlite_app: Flask, path: str) -> None:
    with waited(1000), browser_of(sqlite_app).get(path) as answer:
        assert answer.status_code == 200


def test_an_unknown_host_is_refused_as_ever(sqlite_app: Flask) -> None:
    with waited(1000):
        assert browser_of(sqlite_app).get("/", headers={"Host": "elsewhere.example"}).status_code == 400


def small_app(config: Config) -> Flask:
    """Answers with how long the request waited, after a while."""
    app = Flask("small")
    app.config["MAX_CONTENT_LENGTH"] = config.max_photo_bytes

    @app.get("/<float:seconds>")
    def answer(seconds: float) -> str:
        time.sleep(seconds)
        return str(WAITED.get())

    return app


@contextmanager
def served(app: Flask, config: Config) -> Iterator[int]:
    port = free_port()
    server = Server(app, replace(config, port=port, threads=1))
    running = threading.Thread(target=server.run)
    running.start()
    try:
        yield port
    finally:
        server.stop()
        running.join(60)
    assert not running.is_alive()


def asked(port: int, path: str, answers: list[float]) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    answers.append(float(connection.getresponse().read()))
    connection.close()


def test_the_server_says_how_long_a_request_waited_for_a_thread(sqlite_config: Config) -> None:
    slow, quick = list[float](), list[float]()
    with served(small_app(sqlite_config), sqlite_config) as port:
        first = threading.Thread(target=asked, args=(port, "/1.5", slow))
        first.start()
        time.sleep(0.5)
        asked(port, "/0.0", quick)
        first.join(60)
    assert slow[0] < quick[0]
    assert quick[0] > 0.2


def test_newcomers_get_in_where_connections_nobody_uses_fill_the_server(sqlite_config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "CONNECTIONS", 12)
    monkeypatch.setattr(serving, "SPARE", 3)
    answers = list[float]()
    with served(small_app(sqlite_config), sqlite_config) as port, ExitStack() as idle:
        for _ in range(20):
            idle.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
        asked(port, "/0.0", answers)
    assert answers


def test_gunicorn_says_how_long_a_request_waited_for_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ThreadWorker, "enqueue_req", lambda _self, _conn: None)
    monkeypatch.setattr(ThreadWorker, "handle", lambda _self, _conn: WAITED.get())
    worker, connection = Worker.__new__(Worker), SimpleNamespace()
    worker.enqueue_req(connection)
    connection.queued_at -= 7
    with waited(0):
        seen: Any = worker.handle(connection)
    assert 7 <= seen < 60
