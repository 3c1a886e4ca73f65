"""Processor time of a check, without the garbage collection of the whole process."""

import gc
from collections.abc import Mapping
from threading import local
from time import thread_time

_collector = local()


def own_time() -> float:
    """Seconds of processor time this thread has used, from an unknown start, garbage collection excluded.

    The collector runs in whichever thread happens to allocate, and walks the objects of all threads. In a process with millions of objects
    that takes seconds, so the limit for a model would depend on what else is going on.
    """
    while True:
        collected = getattr(_collector, "seconds", 0.0)
        now = thread_time()
        if getattr(_collector, "seconds", 0.0) == collected:               # else it ran between the two readings
            return now - collected


def _watch(phase: str, _: Mapping[str, int]) -> None:
    if phase == "start":
        _collector.begun = thread_time()
    elif hasattr(_collector, "begun"):
        _collector.seconds = getattr(_collector, "seconds", 0.0) + thread_time() - _collector.begun
        del _collector.begun


gc.callbacks.append(_watch)
