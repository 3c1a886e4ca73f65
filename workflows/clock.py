"""The engine's clock, set by the caller: SpiffWorkflow reads the time itself, and only inside its timer module; and that of a long job."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta, tzinfo
from time import monotonic
from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions import timer as engine_timers

Clock = Callable[[], datetime]
"""Says what time it is while something goes on."""

_now: ContextVar[datetime] = ContextVar("engine_now")


class EngineMoment(datetime):
    """What the engine's timers take for `datetime`.

    `now()` is the instant of the running step. The engine asks `due < now`; a limit is reached at its very instant
    (rules.md, section 4: late is `now >= due`), hence the comparison that counts equality in.
    """

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "EngineMoment":
        """Return the instant of the running step; raises LookupError outside one."""
        moment = _now.get().astimezone(tz)
        return cls.combine(moment.date(), moment.timetz())

    def __lt__(self, other: Any) -> bool:
        return super().__le__(other)


engine_timers.datetime = EngineMoment


def clock_from(now: datetime) -> Clock:
    """Return the time as it goes on from an instant: a job that works for minutes, beside others, must not date all by its beginning."""
    began = monotonic()
    return lambda: now + timedelta(seconds=monotonic() - began)


@contextmanager
def engine_clock(now: datetime) -> Iterator[None]:
    """Let the engine see `now` (aware) inside the block."""
    if now.tzinfo is None:
        raise ValueError(f"naive datetime {now!r}: the engine's clock is an instant")
    token = _now.set(now)
    try:
        yield
    finally:
        _now.reset(token)
