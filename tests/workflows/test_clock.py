import inspect
import threading
from datetime import UTC, datetime, timedelta

import pytest
from SpiffWorkflow.bpmn.specs.event_definitions import timer

from tests.workflows.raw import NOON
from workflows.clock import EngineMoment, engine_clock


def test_the_timer_module_still_reads_the_one_name_we_replace():
    """If this fails, SpiffWorkflow's timers changed: look at workflows/clock.py before anything else."""
    assert timer.datetime is EngineMoment
    source = inspect.getsource(timer)
    assert "from datetime import datetime, timedelta, timezone" in source
    assert source.count("datetime.now(") == 6
    assert "time.time(" not in source
    assert "import datetime" not in source.replace("from datetime import datetime", "")
    assert source.count("< datetime.now(timezone.utc)") == 3


def test_the_engine_sees_the_instant_passed_in():
    with engine_clock(NOON):
        assert timer.datetime.now(UTC) == NOON
        with engine_clock(NOON + timedelta(microseconds=1)):
            assert timer.datetime.now(UTC) == NOON + timedelta(microseconds=1)
        assert timer.datetime.now(UTC) == NOON


def test_outside_a_step_there_is_no_time():
    with pytest.raises(LookupError):
        timer.datetime.now(UTC)


def test_a_naive_instant_is_refused():
    with pytest.raises(ValueError, match="naive"), engine_clock(datetime(2026, 3, 2)):  # noqa: DTZ001
        pass


def test_a_limit_is_reached_at_its_instant():
    moment = EngineMoment.fromisoformat("2026-03-02T03:00:00+00:00")
    with engine_clock(NOON):
        assert moment < timer.datetime.now(UTC)
    with engine_clock(NOON - timedelta(microseconds=1)):
        assert not moment < timer.datetime.now(UTC)


def test_threads_have_clocks_of_their_own():
    seen = {}

    def look(name, now):
        with engine_clock(now):
            barrier.wait()
            seen[name] = timer.datetime.now(UTC)

    barrier = threading.Barrier(2)
    instants = {"a": NOON, "b": NOON + timedelta(days=1)}
    threads = [threading.Thread(target=look, args=item) for item in instants.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == instants
