"""The list of rules.md, section 5, and the ways that walk it. The list is written by hand, in the order and the words of the rules."""
from __future__ import annotations

from tests.scenarios import (
    ways_agencies,
    ways_answers,
    ways_apart,
    ways_asking,
    ways_extensions,
    ways_joining,
    ways_midway,
    ways_ratings,
    ways_resting,
    ways_taking,
    ways_urgent,
)
from tests.scenarios.way import Way

WAYS: tuple[Way, ...] = (
    *ways_taking.WAYS, *ways_asking.WAYS, *ways_joining.WAYS, *ways_apart.WAYS, *ways_urgent.WAYS, *ways_agencies.WAYS,
    *ways_midway.WAYS, *ways_extensions.WAYS, *ways_answers.REDONE, *ways_answers.INTERIM_AND_FINAL, ways_midway.MISSING,
    *ways_answers.AFTERWARDS, *ways_ratings.WAYS, *ways_resting.HOLDS, *ways_urgent.LATER, *ways_resting.LAST, ways_asking.REPORTER_WRITES,
)
"""In the order of the rules; the last is of section 6."""
