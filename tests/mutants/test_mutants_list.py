"""The seeded faults still fit the code, and one of them is tried in `bin/soak exhaustive` (all: python -m tests.mutants)."""
from __future__ import annotations

import pytest

from tests.mutants.__main__ import ROOT, copy_of_the_tree, tried
from tests.mutants.mutants import MUTANTS, Mutant
from tests.whole import sample

TRIED_EACH_TIME = sample(("late one instant too late", "rollback removed", "words not cleared"), 3)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_text_a_fault_replaces_is_in_its_file(mutant: Mutant) -> None:
    assert mutant.put_into((ROOT / mutant.file).read_text(encoding="utf-8"))
    for test in mutant.tests:
        path, _, name = test.partition("::")
        text = (ROOT / path).read_text(encoding="utf-8")
        for part in name.partition("[")[0].split("::") if name else ():
            assert f"def {part}(" in text or f"class {part}:" in text, test


def test_there_are_enough_faults_each_under_a_name_of_its_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 20


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("name", TRIED_EACH_TIME)
def test_a_fault_turns_its_tests_red(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    [mutant] = [each for each in MUTANTS if each.name == name]
    verdict = tried(mutant, copy_of_the_tree(tmp_path_factory.mktemp("mutant") / "copy"))
    assert verdict.is_good, f"{verdict.word}\n{verdict.output}"
