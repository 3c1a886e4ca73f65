"""The time of a check as if it were alone in its process: garbage it makes itself counts, what other tests hold does not."""
from __future__ import annotations

import gc
from time import thread_time


def begun_alone() -> float:
    """The processor time of this thread at this moment, after which the collector looks at nothing that is there already."""
    gc.collect()
    gc.freeze()
    return thread_time()
