"""A short random walk over acts that are taken back or not, with a worker that dies in the middle (tests/scenarios/taking_back.py)."""
from __future__ import annotations

import random

import pytest
from flask import Flask

from tests.scenarios.taking_back import Walk
from tests.web.desk import Office
from tests.whole import WHOLE

ACTS = 200 if WHOLE else 30


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("seed", [1, 2] if WHOLE else [1])
def test_each_press_ends_done_or_back_and_nothing_is_told_before(app: Flask, seed: int) -> None:
    app.config["TAKE_BACK_SECONDS"] = 10
    walk = Walk(Office(app), random.Random(seed))
    walk.go(ACTS)
    while walk.waiting:
        walk.work()
        walk.look()
    assert walk.finish() == []
    counts = walk.counts
    assert counts["done"] + counts["back, taken"] + counts["back, changed meanwhile"] == counts["pressed"] == ACTS
    assert all(counts[name] for name in ("done", "back, taken", "killed")), counts
