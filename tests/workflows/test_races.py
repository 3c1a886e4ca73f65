"""An event-based gateway waits for the events behind it: for what it waits is known outside, and one of them wins."""
from __future__ import annotations

from datetime import timedelta

from tests.workflows.checks.test_net import net
from tests.workflows.raw import NOON, Run
from workflows import engine
from workflows.definitions.process import parse


def race() -> Run:
    nodes = "s:start r:race c:catch.rest_settled d:catch.stop_waiting t:after a:step b:step e:end f:end"
    return Run("case", parse(net(nodes, "s>r r>c r>d r>t c>a d>a t>b a>e b>f").xml))


def test_its_messages_and_its_timer_are_known() -> None:
    run = race()
    assert engine.awaited_messages(run.workflow) == {"rest_settled", "stop_waiting"}
    assert engine.has_waiting_timers(run.workflow)
    (task, due), = engine.waiting_timers(run.workflow)
    assert (task.task_spec.name, due) == ("r", NOON + timedelta(days=1))


def test_the_first_event_wins_and_the_others_are_waited_for_no_more() -> None:
    for message in ("rest_settled", "stop_waiting"):
        run = race()
        assert run.send(message) == ["a"]
        assert engine.awaited_messages(run.workflow) == set()
        assert not engine.has_waiting_timers(run.workflow)
        run.do("a")
        assert run.workflow.completed


def test_its_timer_fires_when_it_is_due_also_after_it_was_moved() -> None:
    run = race()
    (task, due), = engine.waiting_timers(run.workflow)
    engine.set_timer(run.workflow, task.id, due + timedelta(days=1))
    run.now = due
    run.rest()
    assert run.waiting == []
    run.now = due + timedelta(days=1)
    run.rest()
    assert run.waiting == ["b"]
