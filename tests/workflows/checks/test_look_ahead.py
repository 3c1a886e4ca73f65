"""How far the engine looks ahead: what is worked out from the drawing is what the engine does."""
from __future__ import annotations

import pytest
from SpiffWorkflow.util.task import TaskState

from tests.workflows.checks.broken_models import parted
from tests.workflows.checks.test_net import net
from tests.workflows.drawing import Drawing
from workflows import engine
from workflows.checks.graph import graph_of
from workflows.checks.look_ahead import MOST_TASKS, look_ahead, look_ahead_findings
from workflows.definitions.process import parse


def joined_often() -> Drawing:
    drawing = Drawing()
    parted(times=4, ways=3)(drawing)
    return drawing


def edge_events() -> Drawing:
    """A step and the event at its edge lead to the same step, three times one behind the other."""
    return net("s:start a:step m:on.a b:step n:on.b c:step o:on.c e:end", "s>a a>b m>b b>c n>c c>e o>e")


def races() -> Drawing:
    return net("s:start r:race c:catch t:after a:step b:step e:end f:end", "s>r r>c r>t c>a t>b a>e b>f")


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("draw", [Drawing, joined_often, edge_events, races])
def test_as_many_tasks_are_foreseen_as_the_engine_makes(draw: type[Drawing]) -> None:
    drawing = draw()
    for process_id, spec in parse(drawing.xml).specs.items():
        if process_id not in drawing.processes:
            continue
        graph = graph_of(drawing.processes[process_id])
        for node, expected in look_ahead(graph).items():
            if graph.nodes[node].kind == "startEvent":
                continue
            workflow = engine.new_instance(spec)
            first = spec.task_specs.get(f"{node}.BoundaryEventSplit") or spec.task_specs[node]
            arrived = workflow.task_tree._add_child(first, TaskState.FUTURE)
            first._predict(arrived, mask=TaskState.FUTURE | TaskState.PREDICTED_MASK)
            assert len(workflow.get_tasks(arrived)) == pytest.approx(expected, rel=0.35), node


def test_the_split_is_named_from_which_it_is_too_much() -> None:
    drawing = Drawing()
    parted(times=9)(drawing)
    process = drawing.processes["case"]
    sizes = look_ahead(graph_of(process))
    finding, = look_ahead_findings(process)
    assert finding.element is not None
    assert sizes[finding.element] > MOST_TASKS
    assert sizes[finding.element] < 2 * MOST_TASKS + 10
    assert process.nodes[finding.element].kind == "parallelGateway"


def test_twelve_steps_side_by_side_are_let_through() -> None:
    drawing = Drawing()
    parted(ways=12)(drawing)
    assert list(look_ahead_findings(drawing.processes["case"])) == []


def test_a_choice_between_them_lets_it_through() -> None:
    drawing = Drawing()
    parted(times=9)(drawing)
    for time in range(1, 9):
        choice = drawing.node("exclusiveGateway", f"is_on_{time}")
        flow = next(each for each in drawing.processes["case"].entering(f"split_{time}"))
        drawing.between(flow.id, choice, choice)
    assert list(look_ahead_findings(drawing.processes["case"])) == []
