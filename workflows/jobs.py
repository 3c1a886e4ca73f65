"""Everything that happens by the clock, in one table; the worker hands it to APScheduler, any number of workers may run it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflows.wakeups import deliver_messages, fire_due_timers

Run = Callable[[datetime], object]


@dataclass(frozen=True, slots=True)
class Job:
    """A recurring job: `run(now)` claims its own rows, so two workers never do the same work twice."""

    name: str
    every: timedelta
    run: Run


INTERVALS: dict[str, timedelta] = {
    "fire_due_timers": timedelta(seconds=2),
    "deliver_messages": timedelta(seconds=30),
    "send_outbox": timedelta(seconds=5),
    "sweep_files": timedelta(hours=6),
    "write_anchors": timedelta(days=1),
}

OWN: dict[str, Run] = {"fire_due_timers": fire_due_timers, "deliver_messages": deliver_messages}


def recurring_jobs(others: Mapping[str, Run]) -> list[Job]:
    """Return the whole table. `others` are the jobs that need the edge's configuration (mail host, file store, keys).

    Raises KeyError when one is missing or has no interval: nothing may be forgotten silently.
    """
    runs = {**OWN, **others}
    if set(runs) != set(INTERVALS):
        raise KeyError(f"jobs and intervals differ: {sorted(set(runs) ^ set(INTERVALS))}")
    return [Job(name, every, runs[name]) for name, every in INTERVALS.items()]
