"""What a seeded fault is, and short names for the tests that must notice it."""
from __future__ import annotations

from dataclasses import dataclass

MODEL = "bpmn/field_report.bpmn"
PROMISES = "tests/system/test_promises.py"
WAYS = "tests/scenarios/test_ways.py::test_the_way_is_as_the_rules_say"


class MutantStale(AssertionError):
    """The text a fault replaces is not in its file (any more) exactly as often as it should be."""


@dataclass(frozen=True)
class Mutant:
    """In `file`, `new` instead of `old`, which stands there `times` times; `tests` are what pytest is given."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    times: int = 1

    def put_into(self, text: str) -> str:
        """The text of the file with the fault in it; raises MutantStale."""
        if text.count(self.old) != self.times:
            raise MutantStale(f"{self.name}: {self.file} has {text.count(self.old)} times, not {self.times} times, the text {self.old!r}")
        return text.replace(self.old, self.new)


def promise(*tests: str) -> tuple[str, ...]:
    """Tests of what the house promises."""
    return tuple(f"{PROMISES}::test_{test}" for test in tests)


def unit(module: str, *tests: str) -> tuple[str, ...]:
    """Tests of one module of the domain; of a class written `TestOwnRules::test_…`, else without the `test_`."""
    return tuple(f"tests/casework/test_{module}.py::{test if '::' in test else f'test_{test}'}" for test in tests)


def way(*names: str) -> tuple[str, ...]:
    """Ways of rules.md, section 5, walked from filing to their end; one kind of database will do."""
    return tuple(f"{WAYS}[sqlite-{name}]" for name in names)
