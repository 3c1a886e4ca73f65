"""Cases that arrive whatever happens: when they do, how browsers wait and come again, and how the end is judged."""
from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import cast

import pytest
from flask import Flask

from benchmark import patience
from benchmark.arrivals import Asked, Crowd
from benchmark.pages import PageFailed
from benchmark.patience import Ledger, PatientBrowser
from benchmark.rate import Script
from benchmark.receipts import wrong_receipts


def test_cases_arrive_at_random_moments_that_a_seed_repeats() -> None:
    moments = Asked(10, 100, 1, seed=7).moments()
    assert moments == Asked(10, 100, 1, seed=7).moments() == sorted(moments)
    assert moments != Asked(10, 100, 1, seed=8).moments()
    assert 900 < len(moments) < 1100
    assert 0 < moments[0] < moments[-1] < 100


def test_who_is_waiting_when_the_arrivals_end_never_started() -> None:
    crowd = Crowd(Asked(1, 10, 0), cast("Script", None), 1, Ledger())
    crowd.begin()
    assert crowd._next() is not None
    crowd.end_arrivals()
    assert crowd._next() is None
    assert (crowd.lives.never_started, crowd.lives.unfinished) == (crowd.lives.arrived - 1, 1)


class Busy(BaseHTTPRequestHandler):
    """Answers the first requests as `answers` says: a status, with what it says of coming again; 0 hangs up."""

    protocol_version = "HTTP/1.1"
    answers: list[tuple[int, str]]
    bodies: list[bytes]

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        status, retry_after = self.answers.pop(0)
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Location", "/done")
        self.send_header("Content-Length", "0")
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(patience.random, "random", lambda: 0.0)
    monkeypatch.setattr(patience, "PAUSE_SECONDS", 0.0)
    Busy.bodies = []
    server = HTTPServer(("127.0.0.1", 0), Busy)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield server.server_port
    server.shutdown()
    serving.join()
    server.server_close()


def test_a_form_that_was_put_off_is_sent_again_and_timed_from_when_it_was_due(port: int) -> None:
    Busy.answers = [(503, "1"), (503, ""), (0, ""), (303, "")]
    ledger = Ledger()
    browser = PatientBrowser(port, ledger)
    assert browser.send("/form", [("key", "one")], "life post") == "/done"
    browser.close()
    assert Busy.bodies == [b"key=one"] * 4
    assert ledger.answers == {503: 2, 599: 1, 303: 1}
    assert ledger.put_off == {"with": 1, "without": 1}
    assert ledger.led_to == {"done": 1}
    [wish] = ledger.wishes
    assert (wish.status, wish.tries) == (303, 4)
    assert wish.waited_ms > 1000 + wish.answered_ms


def test_nobody_comes_again_when_the_time_is_over_nor_after_a_failure(port: int) -> None:
    Busy.answers = [(503, "1"), (500, "")]
    late = Ledger(give_up_at=0)
    for ledger, status in ((late, 503), (Ledger(), 500)):
        browser = PatientBrowser(port, ledger)
        with pytest.raises(PageFailed):
            browser.send("/form", [("key", "one")], "life post")
        browser.close()
        assert [(wish.status, wish.tries) for wish in ledger.wishes] == [(status, 1)]


def test_what_is_lost_doubled_or_not_done_is_found(sqlite_app: Flask) -> None:
    with sqlite_app.app_context():
        assert wrong_receipts([], []) == []
        found = wrong_receipts(["LD-1", "LD-1"], ["LD-1"])
    assert found == ["LD-1 was given to 2 senders", "LD-1 is lost", "LD-1: done were {}"]
