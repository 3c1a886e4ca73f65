"""Everybody acts at random for many steps: nothing but declared refusals, no case without a way forward, promises kept."""
from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests import build
from tests.scenarios.lives import Lives
from tests.whole import WHOLE

STEPS = 120 if WHOLE else 60
"""Of a life in `bin/soak lives`."""

OF_A_TEST = STEPS if WHOLE else STEPS // 2


def machine_of(world: build.World, tally: Counter[str]) -> type[RuleBasedStateMachine]:
    """The rules over one world; examples go on where the one before stopped, with new cases. What was done is added to `tally`."""

    class Everybody(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.steps = 0

        @initialize(lot=st.integers(0, 2**32 - 1))
        def begin(self, lot: int) -> None:
            self.lives = Lives(world, Random(lot))
            self.lives.file()

        @rule()
        def a_report_comes_in(self) -> None:
            self.lives.file()

        @rule(times=st.integers(1, 6))
        def steps_are_done(self, times: int) -> None:
            for _ in range(times):
                self.lives.do_a_step()

        @rule(times=st.integers(1, 4))
        def people_act_beside(self, times: int) -> None:
            for _ in range(times):
                self.lives.act_beside()

        @rule()
        def time_passes(self) -> None:
            self.lives.let_time_pass()

        @invariant()
        def everything_agrees(self) -> None:
            self.steps += 1
            if hasattr(self, "lives") and self.steps % 20 == 0:
                self.lives.check_all()

        def teardown(self) -> None:
            if hasattr(self, "lives"):
                self.lives.check_all()
                tally.update(self.lives.done + Counter({f"refused: {reason}": times for reason, times in self.lives.refused.items()}))

    return Everybody


def live(world: build.World, *, examples: int, steps: int, seeded: int | None = None, **more: Any) -> Counter[str]:
    """Run the machine and return what was done how often; a failing history is printed by hypothesis and found again by its seed."""
    tally: Counter[str] = Counter()
    machine = machine_of(world, tally)
    run_state_machine_as_test(
        machine if seeded is None else seed(seeded)(machine),
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck), database=None, **more,
        ),
    )  # fmt: skip
    return tally


@pytest.mark.exhaustive(but=2)
def test_whatever_people_do_the_house_stays_in_order(app: Flask) -> None:
    tally = live(build.standard_world(), examples=2, steps=OF_A_TEST, derandomize=True)
    assert tally.total() > OF_A_TEST
