"""Counters of attempts: every one counts, at the same time too, and a window ends when it says so."""
from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from flask import Flask

from casework.db import db, unit_of_work
from casework.rate_limits import Limit, TooManyAttempts, count_attempt, drop_old_counters, forget_attempts
from tests.build import NOON

pytestmark = pytest.mark.on_both

FEW = Limit("few", 3, timedelta(minutes=15))


def attempt(subject: str = "somebody", minutes: float = 0) -> object:
    with unit_of_work():
        return count_attempt(FEW, subject, now=NOON + timedelta(minutes=minutes))


@pytest.mark.usefixtures("app")
def test_the_attempt_after_the_last_allowed_one_is_too_many() -> None:
    end = NOON + timedelta(minutes=15)
    assert [attempt(), attempt(), attempt(), attempt()] == [None, None, None, end]


@pytest.mark.usefixtures("app")
def test_a_window_ends_at_its_end_and_not_before() -> None:
    for _ in range(FEW.most):
        attempt()
    assert attempt(minutes=14.99) is not None
    assert attempt(minutes=15) is None


@pytest.mark.usefixtures("app")
def test_subjects_do_not_meet() -> None:
    for _ in range(FEW.most):
        attempt("one")
    assert attempt("another") is None


@pytest.mark.usefixtures("app")
def test_forgetting_starts_anew() -> None:
    for _ in range(FEW.most):
        attempt()
    with unit_of_work():
        forget_attempts(FEW, "somebody", now=NOON)
    assert attempt() is None


def test_attempts_at_the_same_time_all_count(app: Flask) -> None:
    results: list[object] = []

    def try_it() -> None:
        with app.app_context():
            results.append(attempt())

    threads = [threading.Thread(target=try_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count(None) == FEW.most
    assert len(results) == 8


@pytest.mark.usefixtures("app")
def test_old_counters_are_dropped() -> None:
    attempt()
    with unit_of_work():
        assert drop_old_counters(NOON + timedelta(days=1)) == 0
    with unit_of_work():
        assert drop_old_counters(NOON + timedelta(days=3)) == 1
    db.session.rollback()


def test_the_refusal_says_when_in_local_time() -> None:
    refusal = TooManyAttempts(NOON)
    assert "10:00" in refusal.vi
    assert "10:00" in refusal.en
