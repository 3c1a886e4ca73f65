"""The tests `bin/test` takes a sample of, in full: the demonstration and every way on both databases, each page at both widths,
everybody at every address, every fault of a model, a kill for each aim, the benchmark's houses on both databases, and each promise of the
time limits by more examples. And on both databases what runs on one of them by turns."""
from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

from tests.soak.runs import Options, Round, Run
from tests.whole import VARIABLE

PAGES = ("case_page", "drafts", "hand_over", "inbox", "intake", "leader", "maps", "offline", "passkeys", "public_map", "report_form",
         "studio", "triage")  # fmt: skip
"""Of what is pressed in a browser: every other page is judged in a test run, and here each at both widths."""

SAMPLED = ("tests/scenarios/test_demo.py", "tests/scenarios/test_demo_year.py", "tests/scenarios/test_ways.py",
           "tests/scenarios/test_random_lives.py",
           "tests/casework/casefile/test_possible_acts.py", "tests/kill/test_kill.py", "tests/browser/test_journey.py",
           "tests/browser/test_desks_for_everybody.py", "tests/browser/test_citizen_pages.py", "tests/browser/test_monday.py",
           *(f"tests/browser/test_{pages}.py" for pages in PAGES),
           "tests/workflows/test_second_person.py", "tests/workflows/running/test_token_moves.py",
           "tests/workflows/checks/test_broken_models.py", "tests/workflows/checks/test_runs.py", "tests/system/test_refused_forms.py",
           "tests/casework/test_working_time.py", "tests/casework/clocks/test_due_changes.py", "tests/casework/photos/test_images.py",
           "tests/system/test_roles.py", "tests/system/test_two_centres.py", "tests/system/test_canary.py",
           "tests/system/test_pseudo_locale.py", "tests/system/test_sql.py", "tests/mutants/test_mutants_list.py",
           "tests/test_benchmark.py")  # fmt: skip

AT_TURNS = ("tests/casework", "tests/messages", "tests/reports", "tests/scenarios", "tests/web", "tests/workflows")
"""Where tests run on one of two databases by turns (tests/turns.py)."""


def rounds(_options: Options) -> Iterator[tuple[str, Round]]:
    for tests in SAMPLED:
        yield tests, partial(judge, tests)
    for folder in AT_TURNS:
        yield f"{folder} on both databases", partial(judge, folder, "-k", "sqlite or postgres")


def judge(*tests: str) -> dict[str, Any]:
    command = (sys.executable, "-m", "pytest", "-q", *tests)
    done = subprocess.run(command, env=os.environ | {VARIABLE: "yes"}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stdout[-4000:])
    return {"said": done.stdout.strip().splitlines()[-1]}


RUN = Run("whole", "in full what a test run takes a sample of", len(SAMPLED) + len(AT_TURNS), rounds)
