"""The walk through the real engine: the shipped model passes within its time, and what fails in a run is found where it fails."""
from __future__ import annotations

from collections.abc import Callable
from time import thread_time

import pytest
from lxml import etree

from tests.workflows.checks.alone import begun_alone
from tests.workflows.checks.test_net import net
from tests.workflows.drawing import XSI_TYPE, Drawing, button, field
from workflows.checks import walk
from workflows.checks.diagram import processes_of
from workflows.checks.walk import walk_findings
from workflows.definitions.process import BPMN, read_xml


def found(drawing: Drawing) -> list[tuple[str, str | None]]:
    xml = drawing.xml
    return [(finding.check, finding.element) for finding in walk_findings(xml, processes_of(read_xml(xml)))]


def asks(flow: str, condition: str) -> Callable[[Drawing], None]:
    def change(drawing: Drawing) -> None:
        drawing.find(flow).find(BPMN + "conditionExpression").text = condition

    return change


def waits_until(event: str, moment: str) -> Callable[[Drawing], None]:
    def change(drawing: Drawing) -> None:
        drawing.find(event).find(f"{BPMN}timerEventDefinition/*").text = moment

    return change


def calls_nothing(drawing: Drawing) -> None:
    service = next(drawing.find("close_hold").iter("{*}serviceTaskOperator"))
    service.set("id", "rm")


@pytest.mark.exhaustive
def test_the_shipped_model_is_walked_without_a_fault_in_a_second_and_a_half() -> None:
    drawing = Drawing()
    found(drawing)
    begun = begun_alone()
    assert found(drawing) == []
    assert thread_time() - begun < 1.5


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize(("change", "expected"), [
    (asks("is_taken_to_submit_answer", 'accept_assignment == "yes"'), ("engine_fails", "is_taken")),
    (asks("is_back_to_referred_out", "nobody_knows"), ("engine_fails", "is_back")),
    (asks("is_rateable_to_rate", "has_rater and 1 < 'a'"), ("engine_fails", "is_rateable")),
    (waits_until("hold_over", 'hold["till"]'), ("engine_fails", "hold_over")),
    (waits_until("question_window", '"soon"'), ("engine_fails", "question_window")),
    (asks("is_taken_to_submit_answer", "accept_assignment ="), ("engine_refuses", "is_taken_to_submit_answer")),
    (calls_nothing, ("engine_refuses", "close_hold")),
])  # fmt: skip
def test_what_fails_in_a_run_is_found_where_it_fails(change: Callable[[Drawing], None], expected: tuple[str, str]) -> None:
    drawing = Drawing()
    change(drawing)
    assert expected in found(drawing)


def test_a_node_that_is_led_to_but_not_there_is_refused_by_the_engine() -> None:
    drawing = Drawing()
    drawing.find("verify_to_classify").set("targetRef", "nowhere")
    assert [check for check, _ in found(drawing)] == ["engine_refuses"]


def test_each_answer_of_a_step_is_tried() -> None:
    """Of three buttons and a number only one combination fails."""
    drawing = Drawing()
    step = drawing.node("userTask", "opinion", form=[field("weeks", "number"), button("agree"), button("refuse"), button("ask")])
    gateway, after = drawing.node("exclusiveGateway", "is_agreed"), drawing.node("exclusiveGateway")
    drawing.between("classify_to_distribute", step, after)
    drawing.flow(step, gateway)
    drawing.flow(gateway, after, 'opinion == "agree" or opinion == "refuse"')
    asked = drawing.flow(gateway, after, 'opinion == "ask" and weeks < 3')
    assert found(drawing) == [("engine_fails", "is_agreed")]
    drawing.find(asked).find(BPMN + "conditionExpression").text = 'opinion == "ask" and (weeks < 3 or weeks >= 3)'
    assert found(drawing) == []


def test_a_field_that_may_be_left_empty_is_tried_empty() -> None:
    drawing = Drawing()
    step = drawing.node("userTask", form=[field("weeks", "number", required=False)])
    gateway, after = drawing.node("exclusiveGateway", "is_long"), drawing.node("exclusiveGateway")
    drawing.between("classify_to_distribute", step, after)
    drawing.flow(step, gateway)
    drawing.flow(gateway, after, "weeks > 3")
    drawing.flow(gateway, after, "weeks <= 3")
    assert found(drawing) == [("engine_fails", "is_long")]


def test_what_a_service_may_answer_is_tried() -> None:
    drawing = Drawing()
    asks("is_given_up_to_question_over", "end_question")(drawing)
    assert found(drawing) == []
    asks("is_given_up_to_question_over", 'end_question["closes"] == 1')(drawing)
    assert found(drawing) == [("engine_fails", "is_given_up")]


def test_a_join_that_waits_for_ever_stands_still_in_the_engine_too() -> None:
    drawing = net("s:start x:xor a:step b:step j:and e:end", "s>x a>j b>j j>e")
    drawing.flow("x", "a", "1 == 1")
    drawing.flow("x", "b", "1 == 2")
    assert found(drawing) == [("engine_stands_still", "j")]


def test_two_tokens_at_one_step_are_found_in_the_engine_too() -> None:
    drawing = net("s:start p:and m:xor a:step e:end", "s>p p>m p>m m>a a>e")
    assert found(drawing) == [("engine_two_tokens", "a")]


def test_what_an_event_begins_beside_a_step_may_be_begun_more_than_once() -> None:
    drawing = net("s:start a:step n:beside.a b:step e:end f:end", "s>a a>e n>b b>f")
    timer = drawing.find("n")
    timer.remove(timer.find(f"{BPMN}messageEventDefinition"))
    definition = etree.SubElement(timer, f"{BPMN}timerEventDefinition", id="often")
    moment = etree.SubElement(definition, f"{BPMN}timeCycle")
    moment.set(XSI_TYPE, "bpmn:tFormalExpression")
    moment.text = '"R100/P1D"'
    begun = begun_alone()
    assert found(drawing) == []
    assert thread_time() - begun < 1


def test_a_circle_that_never_rests_is_stopped() -> None:
    drawing = net("s:start m:xor x:xor e:end", "s>m m>x")
    drawing.flow("x", "m", "1 == 1")
    drawing.flow("x", "e", "1 == 2")
    (check, element), = found(drawing)
    assert check == "engine_fails"
    assert element in ("m", "x")


@pytest.mark.parametrize(("nodes", "flows"), [
    ("s:start r:race c:catch t:after a:step b:step e:end f:end", "s>r r>c r>t c>a t>b a>e b>f"),
    ("s:start a:step n:beside.a b:step e:end f:end", "s>a a>e n>b b>f"),
    ("s:start p:and a:step b:step j:and c:step d:step k:and e:end", "s>p p>a p>b a>j b>j j>c c>k p>d d>k k>e"),
])  # fmt: skip
def test_races_events_at_the_edge_and_joins_run(nodes: str, flows: str) -> None:
    assert found(net(nodes, flows)) == []


def side_by_side(lines: int) -> Drawing:
    """So many lines of two steps each, side by side before the agencies are asked."""
    drawing = Drawing()
    split, join = drawing.node("parallelGateway", "split"), drawing.node("parallelGateway", "join")
    drawing.between("classify_to_distribute", split, join)
    for _ in range(lines):
        first, second = drawing.node("userTask"), drawing.node("userTask")
        drawing.flow(split, first)
        drawing.flow(first, second)
        drawing.flow(second, join)
    return drawing


@pytest.mark.exhaustive
def test_of_many_lines_side_by_side_each_act_is_tried_though_not_each_state() -> None:
    drawing = side_by_side(6)
    begun = begun_alone()
    assert found(drawing) == []
    assert thread_time() - begun < walk.MAX_SECONDS


def test_a_walk_that_takes_too_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MAX_SECONDS", 0.05)
    assert found(Drawing()) == [("walk_too_long", "case")]
