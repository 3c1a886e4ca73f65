"""What failed is run once more, alone: real runs of pytest with the plugin of bin/test, over tests that fail once, twice or always."""
from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies

ROOT = Path(__file__).resolve().parent.parent
FAILS_ONCE = """
def first_time(name):
    there = pathlib.Path(__file__).with_name(name)
    first = not there.exists()
    there.touch()
    return first
"""
ONCE = """
def test_{0}():
    first = first_time("{0}")
    print("said by {0} at the", "first" if first else "second")
    assert not first, "why {0} failed"
"""
ALWAYS = """
def test_always():
    assert False, "why it always fails"
"""
STEADY = """
def test_steady():
    pass
"""
IN_ITS_FIXTURE = """
@pytest.fixture
def ground():
    assert not first_time("made"), "why it was not made ready"
    yield
    assert not first_time("put away"), "why it was not put away"

def test_on_ground(ground):
    pass
"""
DIES = """
def test_dies():
    if first_time("death"):
        os._exit(3)
"""
SKIPPED_AGAIN = """
def test_skipped_again():
    if not first_time("skipped"):
        pytest.skip("nothing to be tried")
    assert False
"""


def run(folder: Path, *tests: str, arguments: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """A run of the tests beside the plugin."""
    (folder / "test_it.py").write_text("\n".join(("import os, pathlib, pytest", FAILS_ONCE, *tests)))
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -ra\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    environment |= {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run([sys.executable, "-m", "pytest", "-p", "tests.unsteady", *arguments], cwd=folder, capture_output=True, text=True,
                          env=environment, check=False)


def closing(ended: subprocess.CompletedProcess[str]) -> str:
    return ended.stdout.rstrip().splitlines()[-1].strip("= ").rpartition(" in ")[0]


IN_PROCESSES = ("-p", "xdist", "-n", "2")
BESIDE = pytest.mark.parametrize("arguments", [(), IN_PROCESSES], ids=["alone", "in processes"])


@pytest.mark.exhaustive(but=2)
@BESIDE
def test_what_fails_once_and_passes_alone_is_unsteady_and_told_with_both_outputs(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ended = run(tmp_path, STEADY, ONCE.format("one"), arguments=arguments)
    assert ended.returncode == 0, ended.stdout
    assert closing(ended) == "2 passed, 1 unsteady"
    for said in ("why one failed", "said by one at the first", "    said by one at the second", "UNSTEADY test_it.py::test_one"):
        assert said in ended.stdout
    assert "FAILED" not in ended.stdout


@pytest.mark.exhaustive
def test_two_may_be_unsteady_and_three_have_failed(tmp_path: Path) -> None:
    two = run(tmp_path, STEADY, ONCE.format("one"), ONCE.format("two"))
    assert (two.returncode, closing(two)) == (0, "3 passed, 2 unsteady")
    three = run(tmp_path, STEADY, *map(ONCE.format, ("three", "four", "five")))
    assert (three.returncode, closing(three)) == (1, "3 failed, 1 passed, 3 unsteady")
    assert "3 tests are unsteady" in three.stdout
    assert "    said by five at the second" in three.stdout


@pytest.mark.exhaustive(but=2)
@BESIDE
def test_what_fails_twice_fails_the_run_and_hides_nothing_unsteady(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ended = run(tmp_path, STEADY, ALWAYS, ONCE.format("one"), arguments=arguments)
    assert ended.returncode == 1
    assert closing(ended) == "1 failed, 2 passed, 1 unsteady"
    assert ended.stdout.count("AssertionError: why it always fails") >= 2, "both runs are told"
    assert "FAILED TWICE test_it.py::test_always" in ended.stdout
    assert "UNSTEADY test_it.py::test_one" in ended.stdout


@pytest.mark.exhaustive
def test_a_fixture_that_fails_counts_like_a_test_and_has_to_pass_in_each_step_alone(tmp_path: Path) -> None:
    ended = run(tmp_path, STEADY, IN_ITS_FIXTURE)
    assert ended.returncode == 1, "made ready the second time, not put away"
    assert closing(ended) == "1 passed, 1 error"
    (tmp_path / "made").unlink()
    ended = run(tmp_path, STEADY, IN_ITS_FIXTURE.replace('not first_time("put away")', "True"))
    assert (ended.returncode, closing(ended)) == (0, "2 passed, 1 unsteady")
    assert "why it was not made ready" in ended.stdout


@pytest.mark.exhaustive
def test_a_process_that_dies_under_a_test_counts_like_a_failure(tmp_path: Path) -> None:
    ended = run(tmp_path, STEADY, DIES, arguments=IN_PROCESSES)
    assert (ended.returncode, closing(ended)) == (0, "2 passed, 1 unsteady")
    (tmp_path / "death").unlink()
    always = run(tmp_path, STEADY, DIES.replace('first_time("death")', "True"), arguments=IN_PROCESSES)
    assert (always.returncode, closing(always)) == (1, "1 failed, 1 passed"), "the second run dies of it, too"


def test_what_is_skipped_the_second_time_has_not_passed(tmp_path: Path) -> None:
    ended = run(tmp_path, STEADY, SKIPPED_AGAIN)
    assert (ended.returncode, closing(ended)) == (1, "1 failed, 1 passed")


@pytest.mark.exhaustive
def test_a_run_that_stopped_early_or_read_not_all_its_tests_is_not_made_good(tmp_path: Path) -> None:
    stopped = run(tmp_path, ONCE.format("one"), ALWAYS, arguments=("-x",))
    assert (stopped.returncode, closing(stopped)) == (1, "1 failed")
    assert run(tmp_path, STEADY, arguments=("-k", "nothing")).returncode == pytest.ExitCode.NO_TESTS_COLLECTED
    (tmp_path / "test_unreadable.py").write_text("import nothing_of_that_name")
    unread = run(tmp_path, STEADY, ONCE.format("two"), arguments=("--continue-on-collection-errors",))
    assert (unread.returncode, closing(unread)) == (1, "1 failed, 1 passed, 1 error")


def test_when_much_is_broken_nothing_is_run_again(tmp_path: Path) -> None:
    ended = run(tmp_path, *(ONCE.format(f"number_{number}") for number in range(21)))
    assert (ended.returncode, closing(ended)) == (1, "21 failed")
    assert "run once more" not in ended.stdout


@settings(max_examples=3)
@given(strategies.integers())
def test_an_example_of_many_may_take_longer_than_its_library_thinks(number: int) -> None:
    time.sleep(0.25)


def test_bin_test_runs_with_it_and_asks_nothing_of_the_kind_elsewhere() -> None:
    said = (ROOT / "bin/test").read_text().replace("python -m pytest --collect-only", "")
    assert said.count("python -m pytest") == said.count("python -m pytest -p tests.unsteady") == 1
