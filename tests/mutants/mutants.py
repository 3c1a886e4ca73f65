"""Seeded faults: what a tired programmer might write, and the tests that must notice; each rule of rules.md, sections 4 to 6, has one."""
from __future__ import annotations

from tests.mutants.mutant import Mutant, MutantStale
from tests.mutants.mutants_acts import ACTS
from tests.mutants.mutants_answers import ANSWERS
from tests.mutants.mutants_changes import CHANGES
from tests.mutants.mutants_guards import GUARDS_GONE
from tests.mutants.mutants_house import HOUSE
from tests.mutants.mutants_limits import LIMITS
from tests.mutants.mutants_ways import WAYS

__all__ = ["MUTANTS", "Mutant", "MutantStale"]

MUTANTS: list[Mutant] = [*HOUSE, *LIMITS, *CHANGES, *WAYS, *ACTS, *ANSWERS, *GUARDS_GONE]
