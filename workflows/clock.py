"""The engine's clock, which the caller sets, since SpiffWorkflow's timer module reads the time itself; and the clock of a long job."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta, tzinfo
from time import monotonic
from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions import timer as engine_timers

Clock = Callable[[], datetime]
"""Returns the current time while a job runs."""

_now: ContextVar[datetime] = ContextVar("engine_now")


class EngineMoment(datetime):
    """Replaces `datetime` for the engine's timers.

    `now()` is the instant of the running step. The engine asks `due < now`, but a limit is reached at its very instant (rules.md, section
    4: late is `now >= due`), so `<` includes equality here.
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
    """Return a clock that goes on from an instant, so that a job of several minutes does not date everything by its beginning."""
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
