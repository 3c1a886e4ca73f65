import threading

import pytest

from workflows.definitions import process as subject
from workflows.definitions.process import BPMN, DefinitionCache, ModelRefused, digest_of, parse, read_xml, shipped_model

SMALL = """<?xml version="1.0"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" targetNamespace="x">
  <bpmn:process id="case" isExecutable="true">
    <bpmn:startEvent id="start"><bpmn:outgoing>f1</bpmn:outgoing></bpmn:startEvent>
    <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="step" />
    {step}
    <bpmn:sequenceFlow id="f2" sourceRef="step" targetRef="end" />
    <bpmn:endEvent id="end"><bpmn:incoming>f2</bpmn:incoming></bpmn:endEvent>
    {more}
  </bpmn:process>
</bpmn:definitions>"""

USER_TASK = '<bpmn:userTask id="step" name="Bước"><bpmn:incoming>f1</bpmn:incoming><bpmn:outgoing>f2</bpmn:outgoing></bpmn:userTask>'


def model(step: str = USER_TASK, more: str = "") -> bytes:
    return SMALL.format(step=step, more=more).encode()


def test_a_small_model_is_read():
    definition = parse(model())
    assert list(definition.specs) == ["case"]
    assert definition.elements["step"].is_step
    assert definition.flows["start", "step"] == "f1"


def extended(tag: str, extension: str) -> str:
    return f'<bpmn:{tag} id="step"><bpmn:extensionElements>{extension}</bpmn:extensionElements></bpmn:{tag}>'


@pytest.mark.parametrize("step", [
    '<bpmn:scriptTask id="step"><bpmn:script>import os</bpmn:script></bpmn:scriptTask>',
    extended("userTask", "<spiffworkflow:preScript>x = 1</spiffworkflow:preScript>"),
    extended("userTask", "<spiffworkflow:postScript>x = 1</spiffworkflow:postScript>"),
    '<bpmn:callActivity id="step" calledElement="other" />',
    '<bpmn:subProcess id="step" />',
    '<bpmn:userTask id="step"><bpmn:multiInstanceLoopCharacteristics /></bpmn:userTask>',
    '<bpmn:userTask id="step"><bpmn:standardLoopCharacteristics loopMaximum="3" /></bpmn:userTask>',
    '<bpmn:serviceTask id="step" />',
    '<bpmn:businessRuleTask id="step" />',
    '<bpmn:inclusiveGateway id="step" />',
    extended("serviceTask", '<spiffworkflow:serviceTaskOperator id="os/system" />'),
])  # fmt: skip
def test_what_this_software_does_not_run_is_refused_with_its_element(step):
    with pytest.raises(ModelRefused, match="step") as refusal:
        parse(model(step))
    assert refusal.value.vi
    assert refusal.value.en


@pytest.mark.parametrize("expression", ["__import__('os').system('true')", "verify.__class__", "9**9**9", "while True: pass", ""])
def test_a_condition_that_is_no_comparison_is_refused(expression):
    condition = f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{expression}</bpmn:conditionExpression>'
    more = f'<bpmn:sequenceFlow id="bad" sourceRef="step" targetRef="end">{condition}</bpmn:sequenceFlow>'
    with pytest.raises(ModelRefused, match="bad"):
        parse(model(more=more))


def test_an_unquoted_timer_is_refused():
    timer = '<bpmn:timerEventDefinition id="t"><bpmn:timeDuration>P3D T</bpmn:timeDuration></bpmn:timerEventDefinition>'
    with pytest.raises(ModelRefused, match="At t"):
        parse(model(more=f'<bpmn:boundaryEvent id="late" attachedToRef="step">{timer}</bpmn:boundaryEvent>'))


def test_two_starts_are_refused():
    with pytest.raises(ModelRefused, match="exactly one start"):
        parse(model(more='<bpmn:startEvent id="again"><bpmn:outgoing>f9</bpmn:outgoing></bpmn:startEvent>'
                         '<bpmn:sequenceFlow id="f9" sourceRef="again" targetRef="end" />'))  # fmt: skip


@pytest.mark.parametrize("xml", [
    b"not xml",
    b"<a>" + b"x" * subject.MAX_BYTES + b"</a>",
    b'<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><d>&b;</d>',
    b'<!DOCTYPE d SYSTEM "file:///etc/passwd"><d/>',
    b'<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]><d>&e;</d>',
])  # fmt: skip
def test_hostile_xml_is_refused(xml):
    with pytest.raises(ModelRefused):
        read_xml(xml)


def test_timers_stand_only_where_a_token_moves():
    """Waiting for the reporter or for an objection, the last day of a hold, the rating window; nothing else is in anybody's diagram."""
    timers = read_xml(shipped_model()).iter(f"{BPMN}timerEventDefinition")
    assert {timer.getparent().get("id") for timer in timers} == {"question_window", "objection_window", "hold_over", "rating_window"}


def test_the_cache_parses_once_for_many_threads(monkeypatch):
    parsed = []
    monkeypatch.setattr(subject, "parse", lambda xml: parsed.append(xml) or parse(xml))
    cache, xml = DefinitionCache(), shipped_model()
    found = []
    threads = [threading.Thread(target=lambda: found.append(cache.get(digest_of(xml), xml))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(parsed) == 1
    assert len({id(each) for each in found}) == 1


def test_the_cache_forgets_what_was_not_used_for_long():
    cache = DefinitionCache(size=1)
    first, second = model(), model(more="<!-- another -->")
    cache.get(digest_of(first), first)
    cache.get(digest_of(second), second)
    assert cache.peek(digest_of(first)) is None
    assert cache.peek(digest_of(second)) is not None
