"""Parallel gateways on the real engine: they join each time round a loop, and keep what each branch left."""
from __future__ import annotations

from itertools import product

import pytest

from tests.workflows.checks.test_net import net
from tests.workflows.drawing import Drawing
from tests.workflows.raw import Run
from workflows.definitions.process import Definition, parse


def in_a_loop() -> Definition:
    """Two opinions side by side, then a decision that may ask for both again."""
    drawing = net("s:start l:xor p:and a:step b:step j:and c:step x:xor e:end", "s>l l>p p>a p>b a>j b>j j>c c>x")
    drawing.flow("x", "l", 'c == "again"')
    drawing.flow("x", "e", 'c == "go"')
    return parse(drawing.xml)


@pytest.mark.parametrize("orders", list(product(["ab", "ba"], repeat=3)))
def test_a_join_waits_for_both_branches_in_every_round(orders: tuple[str, ...]) -> None:
    run = Run("case", in_a_loop())
    for round_, (first, last) in enumerate(orders, start=1):
        assert run.do(first) == [last]
        assert run.do(last) == ["c"]
        run.do("c", "go" if round_ == len(orders) else "again")
    assert run.workflow.completed


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_what_a_branch_changed_outlives_the_old_value_in_the_other(order: str) -> None:
    run = Run("case", in_a_loop())
    for opinion in ("no", "yes"):
        for step in order:
            run.do(step, opinion if step == "a" else None, **({"flag": opinion} if step == "a" else {}))
        task, = (task for task in run.workflow.get_tasks() if task.task_spec.name == "c" and task.state == 16)
        assert (task.data["a"], task.data["flag"]) == (opinion, opinion)
        run.do("c", "again")


def test_joins_within_joins_and_after_choices() -> None:
    nodes = "s:start p:and q:and a:step b:step j:and x:xor c:step d:step m:xor k:and e:end"
    drawing: Drawing = net(nodes, "s>p p>q p>x q>a q>b a>j b>j j>k c>m d>m m>k k>e")
    drawing.flow("x", "c", "1 == 1")
    drawing.flow("x", "d", "1 == 2")
    definition = parse(drawing.xml)
    for order in ("abc", "cab", "bca"):
        run = Run("case", definition)
        for step in order:
            run.do(step)
        assert run.workflow.completed
