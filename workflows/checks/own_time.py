"""The time a check takes the processor, without what the garbage of the whole process takes meanwhile."""

import gc
from collections.abc import Mapping
from threading import local
from time import thread_time

_collector = local()


def own_time() -> float:
    """Seconds this thread has had the processor for itself, from an unknown beginning.

    The collector runs in whichever thread happens to ask for memory, and looks through what all of them hold: in a process with some
    millions of objects that is seconds, and what a model may take would depend on what else goes on.
    """
    while True:
        collected = getattr(_collector, "seconds", 0.0)
        now = thread_time()
        if getattr(_collector, "seconds", 0.0) == collected:               # else it ran between the two
            return now - collected


def _watch(phase: str, _: Mapping[str, int]) -> None:
    if phase == "start":
        _collector.begun = thread_time()
    elif hasattr(_collector, "begun"):
        _collector.seconds = getattr(_collector, "seconds", 0.0) + thread_time() - _collector.begun
        del _collector.begun


gc.callbacks.append(_watch)
