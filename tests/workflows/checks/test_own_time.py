"""What a model may take of the processor does not depend on what else the process holds."""

import gc
from time import thread_time

import pytest

from workflows.checks.own_time import own_time

pytestmark = pytest.mark.exhaustive


def test_the_collector_of_garbage_is_not_counted_and_everything_else_is() -> None:
    held = [[number] for number in range(500_000)]
    begun, own = thread_time(), own_time()
    while thread_time() - begun < 0.2:
        gc.collect()
    assert own_time() - own < 0.02
    begun, own = thread_time(), own_time()
    while thread_time() - begun < 0.2:
        held.reverse()
    assert own_time() - own > 0.15
