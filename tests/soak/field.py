"""bin/soak field: an officer's telephone with twenty cases, killed at instants drawn by lot until all of them are answered.

Its storage is searched after each kill, and once the officer has signed out, the session has ended, or somebody has ended it elsewhere.
"""
from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from casework.photos.records import photos_of_answer
from tests.browser.field import Telephone, Uplands, is_gone, taken_along, uplands, worked_with_kills
from tests.conftest import environment_of, prepare_schema
from tests.soak.runs import Options, Round, Run
from web.config import Config

CASES = 20


def _rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield f"seed {options.seed}, {options.runs} cases", lambda: _round(options.seed, options.runs)


def _round(seed: int, number_of_cases: int) -> dict[str, Any]:
    kills = number_of_cases + number_of_cases // 2
    with tempfile.TemporaryDirectory(prefix="field") as name:
        folder = Path(name)
        config = Config.from_environment(environment_of(folder / "template"))
        prepare_schema(config)
        with uplands(config.data / "langbiang.db", folder) as hills:
            cases = [hills.case(f"Việc số {number} trên núi") for number in range(number_of_cases)]
            killed = worked_with_kills(hills, cases, seed=seed, kills=kills)
            for case in cases:
                [answer] = hills.answers(case)
                assert len(photos_of_answer(answer)) == 1, case.code
                assert (hills.events(case, "accept_assignment"), hills.events(case, "submit_answer")) == (1, 1), case.code
            for name, end in ENDS.items():
                hills.wire.cut, hills.wire.shut = False, ()
                telephone, case = taken_along(hills, name)
                end(hills, telephone)
                is_gone(telephone, case)
    return {"cases": number_of_cases, "killed": killed, "searched": killed + 2 * len(ENDS)}


def _sign_out(hills: Uplands, telephone: Telephone) -> None:
    hills.wire.cut, hills.wire.shut = False, (b"POST /field/items",)
    telephone.page.goto("/inbox")
    telephone.page.locator("form[action$='/sign-out'] button").click()
    telephone.page.click("[data-leave-how=delete]")
    telephone.page.wait_for_url("**/")


def _session_over(_hills: Uplands, telephone: Telephone) -> None:
    telephone.page.evaluate("langbiangFieldWork.here.endsAt = Date.now() - 1; langbiangFieldWork.watch()")
    expect(telephone.page.locator("[data-note=over]")).to_be_visible()


def _ended_elsewhere(hills: Uplands, telephone: Telephone) -> None:
    hills.end_sessions()
    hills.wire.cut = False
    telephone.page.evaluate("langbiangFieldWork.meet()")
    expect(telephone.page.locator("[data-note=over]")).to_be_visible()


ENDS: dict[str, Callable[[Uplands, Telephone], None]] = {
    "signed out": _sign_out, "session over": _session_over, "ended elsewhere": _ended_elsewhere,
}  # fmt: skip
"""How what a telephone keeps comes to its end, without a signal but for the last contact."""


RUN = Run("field", "cases on an officer's telephone without a signal, killed at any instant: each answered exactly once", CASES, _rounds)
