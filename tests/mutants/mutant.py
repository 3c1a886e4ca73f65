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
    """In `file`, `new` instead of `old`, which stands there `times` times; `tests` are what pytest is given.

    `together`: what is replaced with it, once each, where one guard covers the other and either alone would do.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    times: int = 1
    together: tuple[tuple[str, str], ...] = ()

    def put_into(self, text: str) -> str:
        """The text of the file with the fault in it; raises MutantStale."""
        for old, new, times in ((self.old, self.new, self.times), *((*pair, 1) for pair in self.together)):
            if text.count(old) != times:
                raise MutantStale(f"{self.name}: {self.file} has {text.count(old)} times, not {times} times, the text {old!r}")
            text = text.replace(old, new)
        return text


def promise(*tests: str) -> tuple[str, ...]:
    """Tests of what the house promises."""
    return tuple(f"{PROMISES}::test_{test}" for test in tests)


def unit(module: str, *tests: str) -> tuple[str, ...]:
    """Tests of one module of the domain, `room/name`; of a class written `TestOwnRules::test_…`, else without the `test_`."""
    room, _, name = module.rpartition("/")
    path = "/".join(filter(None, ("tests/casework", room, f"test_{name}.py")))
    return tuple(f"{path}::{test if '::' in test else f'test_{test}'}" for test in tests)


def way(*names: str) -> tuple[str, ...]:
    """Ways of rules.md, section 5, walked from filing to their end; one kind of database will do."""
    return tuple(f"{WAYS}[sqlite-{name}]" for name in names)
