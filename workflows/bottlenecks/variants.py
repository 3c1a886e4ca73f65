"""Variants: the different orders in which the steps of cases were done, the most frequent first."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from statistics import median

from casework.permissions import Actor
from workflows.bottlenecks.reading import FEWEST, Wanted
from workflows.bottlenecks.traces import Trace, traces

MOST = 600
"""Cases a page looks at while somebody waits; of a period with more, those that ended last."""

MOST_VARIANTS = 20
DIGITS = 1


@dataclass(slots=True)
class Variant:
    """One order of steps; `late` are the cases in which a step was done late. `elapsed` is from the beginning to the end of a case."""

    steps: tuple[str, ...]
    cases: int = 0
    late: int = 0
    elapsed: list[timedelta] = field(default_factory=list)

    @property
    def median(self) -> timedelta | None:
        """Half of its cases took longer; None below FEWEST cases."""
        return timedelta(seconds=median(each.total_seconds() for each in self.elapsed)) if self.cases >= FEWEST else None

    @property
    def runs(self) -> list[tuple[str, int]]:
        """Its steps with how often each was done in a row."""
        found: list[tuple[str, int]] = []
        for step in self.steps:
            if found and found[-1][0] == step:
                found[-1] = (step, found[-1][1] + 1)
            else:
                found.append((step, 1))
        return found


@dataclass(frozen=True, slots=True)
class Variants:
    """The most frequent orders; `cases` were looked at, in `different` orders. `is_sample`: there are more cases in the period."""

    shown: tuple[Variant, ...]
    cases: int
    different: int
    is_sample: bool

    def percent_of(self, part: int, whole: int | None = None) -> float | None:
        """A part of the cases, or of some of them; None where they are few."""
        whole = self.cases if whole is None else whole
        return round(100 * part / whole, DIGITS) if whole >= FEWEST else None


def variants(wanted: Wanted, *, by: Actor) -> Variants:
    """Return the variants of the cases whose process ended in the period."""
    taken: list[Trace] = []
    for trace in traces(wanted, by=by, newest_first=True):
        if len(taken) == MOST:
            return variants_of(taken, is_sample=True)
        taken.append(trace)
    return variants_of(taken)


def variants_of(taken: Iterable[Trace], *, is_sample: bool = False) -> Variants:
    """Put cases of the same order together."""
    found: dict[tuple[str, ...], Variant] = {}
    for trace in taken:
        variant = found.setdefault(trace.steps, Variant(trace.steps))
        variant.cases += 1
        variant.late += any(passage.is_late for passage in trace.passages)
        variant.elapsed.append(trace.ended_at - trace.started_at)
    ordered = sorted(found.values(), key=lambda each: (-each.cases, each.steps))
    return Variants(tuple(ordered[:MOST_VARIANTS]), sum(each.cases for each in ordered), len(ordered), is_sample)


def directly_follows(wanted: Wanted, *, by: Actor) -> Counter[tuple[str, str]]:
    """How often one step was done directly after another in the cases that ended in the period: what a program that reads the log finds."""
    counts: Counter[tuple[str, str]] = Counter()
    for trace in traces(wanted, by=by):
        counts.update(pairwise(trace.steps))
    return counts
