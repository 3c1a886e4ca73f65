"""Variants: the different orders in which cases passed the steps, most frequent first."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from statistics import median

from casework.permissions import Actor
from workflows.bottlenecks.reading import FEWEST, BottleneckQuery
from workflows.bottlenecks.traces import Trace, traces

MOST = 600
"""Cases a page reads while somebody waits; if the period has more, those that ended last."""

MOST_VARIANTS = 20
DIGITS = 1


@dataclass(slots=True)
class Variant:
    """One order of steps. `late` counts cases with a late step; `elapsed` is from the beginning to the end of each case."""

    steps: tuple[str, ...]
    cases: int = 0
    late: int = 0
    elapsed: list[timedelta] = field(default_factory=list)

    @property
    def median(self) -> timedelta | None:
        """The median of `elapsed`; None below FEWEST cases."""
        return timedelta(seconds=median(each.total_seconds() for each in self.elapsed)) if self.cases >= FEWEST else None

    @property
    def runs(self) -> list[tuple[str, int]]:
        """The steps, each with how often it was done in a row."""
        found: list[tuple[str, int]] = []
        for step in self.steps:
            if found and found[-1][0] == step:
                found[-1] = (step, found[-1][1] + 1)
            else:
                found.append((step, 1))
        return found


@dataclass(frozen=True, slots=True)
class Variants:
    """The most frequent of `different` orders in `cases` cases. `is_sample`: the period has more cases than were read."""

    shown: tuple[Variant, ...]
    cases: int
    different: int
    is_sample: bool

    def percent_of(self, part: int, whole: int | None = None) -> float | None:
        """`part` in percent of all cases or of `whole`; None where they are few."""
        whole = self.cases if whole is None else whole
        return round(100 * part / whole, DIGITS) if whole >= FEWEST else None


def variants(wanted: BottleneckQuery, *, by: Actor) -> Variants:
    taken: list[Trace] = []
    for trace in traces(wanted, by=by, newest_first=True):
        if len(taken) == MOST:
            return variants_of(taken, is_sample=True)
        taken.append(trace)
    return variants_of(taken)


def variants_of(taken: Iterable[Trace], *, is_sample: bool = False) -> Variants:
    """Group cases with the same order of steps."""
    found: dict[tuple[str, ...], Variant] = {}
    for trace in taken:
        variant = found.setdefault(trace.steps, Variant(trace.steps))
        variant.cases += 1
        variant.late += any(passage.is_late for passage in trace.passages)
        variant.elapsed.append(trace.ended_at - trace.started_at)
    ordered = sorted(found.values(), key=lambda each: (-each.cases, each.steps))
    return Variants(tuple(ordered[:MOST_VARIANTS]), sum(each.cases for each in ordered), len(ordered), is_sample)


def directly_follows(wanted: BottleneckQuery, *, by: Actor) -> Counter[tuple[str, str]]:
    """How often one step directly followed another in the period, as a program that reads the log would find."""
    counts: Counter[tuple[str, str]] = Counter()
    for trace in traces(wanted, by=by):
        counts.update(pairwise(trace.steps))
    return counts
