"""Which of two databases a test runs on: real runs of pytest with the plugin of bin/test."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = """
[pytest]
markers =
    on_both: runs on both
    exhaustive: left to the long runs
"""
FIXTURE = """
import pytest

@pytest.fixture(params=["sqlite", "postgres"])
def kind_of_database(request):
    return request.param
"""
TESTS = """
import pytest

def test_one(kind_of_database): pass

@pytest.mark.parametrize("day", ["sqlite", "monday"])
def test_of_a_day(kind_of_database, day): pass

def test_of_none(): pass

@pytest.mark.on_both
def test_of_a_lock(kind_of_database): pass

@pytest.mark.parametrize("kind_of_database", ["sqlite"], indirect=True)
def test_of_words(kind_of_database): pass

class TestMore:
    def test_one(self, kind_of_database): pass
"""
FEW = """
import pytest

@pytest.mark.parametrize("day", ["friday", "monday"])
def test_of_a_day(kind_of_database, day): pass

@pytest.mark.on_both
def test_of_a_lock(kind_of_database): pass
"""


def ran(folder: Path, *arguments: str, tests: str = TESTS, **variables: str) -> set[str]:
    """The tests that such a run takes, by what stands behind their file's name."""
    (folder / "pytest.ini").write_text(SETTINGS)
    (folder / "conftest.py").write_text(FIXTURE)
    (folder / "test_it.py").write_text(tests)
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_", "WHOLE_"))}
    own |= {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} | variables
    ended = subprocess.run([sys.executable, "-m", "pytest", "-p", "tests.turns", "-p", "no:cacheprovider", "-v", *arguments], cwd=folder,
                           capture_output=True, text=True, env=own, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return {line.split()[0].partition("::")[2] for line in ended.stdout.splitlines() if line.startswith("test_it.py::")}


PAIRS = ["test_one[{}]", "test_of_a_day[{}-sqlite]", "test_of_a_day[{}-monday]", "TestMore::test_one[{}]"]
ALWAYS = {"test_of_none", "test_of_a_lock[sqlite]", "test_of_a_lock[postgres]", "test_of_words[sqlite]"}


def test_of_each_pair_one_runs_and_the_file_sees_both_databases(tmp_path: Path) -> None:
    taken = ran(tmp_path)
    assert taken >= ALWAYS
    kinds = [[kind for kind in ("sqlite", "postgres") if name.format(kind) in taken] for name in PAIRS]
    assert [len(each) for each in kinds] == [1, 1, 1, 1]
    assert sorted(kind for [kind] in kinds) == ["postgres", "postgres", "sqlite", "sqlite"]
    assert len(taken) == len(ALWAYS) + len(PAIRS)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_what_is_asked_for_by_name_runs_there(tmp_path: Path, kind: str) -> None:
    assert ran(tmp_path, f"test_it.py::test_one[{kind}]") == {f"test_one[{kind}]"}


def test_a_whole_run_takes_both(tmp_path: Path) -> None:
    assert ran(tmp_path, WHOLE_TESTS="yes") == ALWAYS | {name.format(kind) for name in PAIRS for kind in ("sqlite", "postgres")}


def test_a_file_with_few_such_tests_runs_on_both(tmp_path: Path) -> None:
    assert len(ran(tmp_path, tests=FEW)) == 6
