"""The list of rules.md, section 5, and the ways that walk it. The list is written by hand, in the order and the words of the rules."""
from __future__ import annotations

from tests.scenarios import ways_apart, ways_asking, ways_joining, ways_taking
from tests.scenarios.way import Way

WAYS: tuple[Way, ...] = (*ways_taking.WAYS, *ways_asking.WAYS, *ways_joining.WAYS, *ways_apart.WAYS)
