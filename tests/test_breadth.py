"""Which tests a run leaves to `bin/soak exhaustive`: real runs of pytest with the plugin of bin/test, and the marks there are."""
from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.mutants.mutants import MUTANTS
from tests.soak import exhaustive
from tests.test_turns import ROOT, ran

TESTS = """
from pytest import mark

def test_the_way(): pass

@mark.exhaustive
def test_the_breadth(): pass

@mark.exhaustive(but=3, start=0)
@mark.parametrize("number", range(7))
def test_some_of_it(number): pass

@mark.exhaustive(but=2)
def test_of_a_database(kind_of_database): pass

@mark.exhaustive
class TestMore:
    def test_all_of_it(self): pass
"""
STAYS = {"test_the_way", "test_some_of_it[0]", "test_some_of_it[3]", "test_some_of_it[6]"}


def test_what_is_marked_is_left_out_but_for_the_cases_at_their_turn_and_a_pair_leaves_one(tmp_path: Path) -> None:
    taken = ran(tmp_path, tests=TESTS)
    assert taken >= STAYS
    assert len(taken - STAYS) == 1
    assert taken - STAYS <= {"test_of_a_database[sqlite]", "test_of_a_database[postgres]"}


def test_the_same_cases_stay_in_every_run(tmp_path: Path) -> None:
    assert ran(tmp_path, tests=TESTS) == ran(tmp_path, "test_it.py", tests=TESTS)


def test_of_a_changed_file_nothing_is_left_out(tmp_path: Path) -> None:
    assert ran(tmp_path, "--all-of=test_it.py", tests=TESTS) >= {"test_the_breadth", "TestMore::test_all_of_it"}


def test_the_long_run_takes_all_that_is_marked_and_nothing_else(tmp_path: Path) -> None:
    taken = ran(tmp_path, "-m", "exhaustive", tests=TESTS, WHOLE_TESTS="yes")
    assert taken == {"test_the_breadth", *(f"test_some_of_it[{number}]" for number in range(7)), "test_of_a_database[sqlite]",
                     "test_of_a_database[postgres]", "TestMore::test_all_of_it"}  # fmt: skip


def test_the_long_run_has_a_round_for_each_file_with_such_a_test() -> None:
    assert [ROOT / file for file in exhaustive.files()] == sorted(file for file in (ROOT / "tests").rglob("test_*.py") if marked(file))


def test_whatever_must_notice_a_seeded_fault_runs_every_time() -> None:
    tests = {test for each in MUTANTS for test in each.tests}
    assert {test for test in tests if not {"pytestmark", *names(test)}.isdisjoint(marked(ROOT / test.partition("::")[0]))} == set()


RELEASED = {"test_everything_the_packages_carry_is_in_the_wheel"}
"""What only a release can get wrong, and takes half a minute."""


def test_of_whatever_the_security_standard_is_answered_with_something_runs_every_time() -> None:
    named = set(re.findall(r"\btest_\w+", (ROOT / "docs/asvs.md").read_text(encoding="utf-8")))
    wholly = {name for file in exhaustive.files() for name in left_out_of(ROOT / file) & named}
    assert wholly == RELEASED


def names(test: str) -> list[str]:
    return test.partition("::")[2].partition("[")[0].split("::")


def marked(file: Path) -> dict[str, str]:
    """The tests and classes of a file that are marked and how, and `pytestmark` where the whole file is."""
    text = file.read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for node in ast.walk(ast.parse(text)) if exhaustive.MARK in text else ():
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            for mark in map(ast.unparse, node.decorator_list):
                if exhaustive.MARK in mark:
                    found[node.name] = mark
        elif isinstance(node, ast.Assign) and exhaustive.MARK in ast.unparse(node.value) and ast.unparse(*node.targets) == "pytestmark":
            found["pytestmark"] = exhaustive.MARK
    return found


def left_out_of(file: Path) -> set[str]:
    """The tests of a file of which no case runs."""
    of = marked(file)
    if "pytestmark" in of:
        return set(re.findall(r"\bdef (test_\w+)", file.read_text(encoding="utf-8")))
    return {name for name, mark in of.items() if "but=" not in mark}
