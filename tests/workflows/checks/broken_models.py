"""Broken and hostile models made from the shipped one: how each is made, which check finds it, and at which element.

Shared by the tests of the checks, of the command, of uploads and of the editor.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from functools import cache, partial
from typing import NamedTuple

from tests.workflows.drawing import Drawing, button, field
from workflows.definitions.process import shipped_model, shipped_table

CONDITION = 'accept_assignment == "accept"'
"""Of the flow `is_taken_to_submit_answer`."""


class Broken(NamedTuple):
    """One broken file. `element` None: the file cannot be read, or the finding is about all of it."""

    name: str
    make: Callable[[], bytes]
    check: str
    element: str | None


@cache
def text() -> str:
    return shipped_model().decode()


def changed(*changes: tuple[str, str]) -> bytes:
    """The shipped model with each first text replaced by the second; raises AssertionError where the first is not there."""
    model = text()
    for before, after in changes:
        assert before in model, before
        model = model.replace(before, after, 1)
    return model.encode()


def swap(before: str, after: str) -> Callable[[], bytes]:
    """What makes the shipped model with one text for another."""
    return partial(changed, (before, after))


def with_condition(condition: str) -> bytes:
    escaped = condition.replace("&", "&amp;").replace("<", "&lt;")
    return changed((f">{CONDITION}<", f">{escaped}<"))


def in_process(xml: str) -> bytes:
    """The shipped model with more in the process of the case."""
    return changed(('<bpmn:sequenceFlow id="received_to_begin"', f'{xml}<bpmn:sequenceFlow id="received_to_begin"'))


def in_extensions(element: str, xml: str) -> bytes:
    """The shipped model with more among the extensions of one element."""
    pattern = re.compile(rf'(<bpmn:\w+ id="{element}"[^>]*>\s*<bpmn:extensionElements>)')
    assert pattern.search(text()), element
    return pattern.sub(lambda found: found[1] + xml, text(), count=1).encode()


def with_property(element: str, name: str, value: str) -> bytes:
    pattern = re.compile(rf'(<bpmn:\w+ id="{element}"[^>]*>\s*<bpmn:extensionElements><spiffworkflow:properties>)')
    return pattern.sub(lambda found: f'{found[1]}<spiffworkflow:property name="{name}" value="{value}" />', text(), count=1).encode()


def without(element: str) -> bytes:
    drawing = Drawing()
    drawing.drop(element)
    return drawing.xml


def drawn(change: Callable[[Drawing], object]) -> bytes:
    drawing = Drawing()
    change(drawing)
    return drawing.xml


def legal_review(change: Callable[[Drawing], object] = lambda drawing: None, **properties: str) -> bytes:
    """The shipped model with a step of its own between submission and approval, with fields and two buttons."""
    drawing = Drawing()
    fields = [
        field("fee", "number", min="0", max="1000"), field("kind", "choice", choices=("a", "b")), field("day", "date"),
        field("remark", "text", required=False), field("weight", "number", required=False),
    ]  # fmt: skip
    form = [*fields, button("agree"), button("object")]
    drawing.node("userTask", "legal_review", process="assignment", lane="lane_agency_leader", form=form, **properties)
    drawing.between("submit_answer_to_approve_answer", "legal_review", "legal_review")
    change(drawing)
    return drawing.xml


def three_numbers(drawing: Drawing) -> None:
    """Nothing but their bounds tells that `a` and `b` can be equal where `c` cannot."""
    for id_, least, most in (("a", "0", "100"), ("b", "41", "60"), ("c", "0", "9")):
        next(drawing.root.iter("{*}form")).append(field(id_, "number", min=least, max=most))


def form_with(before: str, after: str) -> bytes:
    model = legal_review().decode()
    assert before in model, before
    return model.replace(before, after, 1).encode()


def deciding(
    *conditions: str, default: bool = False, apart: bool = False, change: Callable[[Drawing], object] = lambda drawing: None
) -> bytes:
    """The legal review followed by a choice: one way for each condition, all to the approval; `apart`: each through a step of its own."""

    def choose(drawing: Drawing) -> None:
        change(drawing)
        drawing.node("exclusiveGateway", "is_legal", process="assignment", lane="lane_agency_leader")
        drawing.node("exclusiveGateway", "is_reviewed", process="assignment", lane="lane_agency_leader")
        leave = next(each.get("id") for each in drawing.root.iter("{*}sequenceFlow") if each.get("sourceRef") == "legal_review")
        drawing.lead(leave, target="is_legal")
        for at, condition in enumerate(conditions):
            target = drawing.node("userTask", f"step_{at}", process="assignment", lane="lane_agency_leader") if apart else "is_reviewed"
            drawing.flow("is_legal", target, condition, id_=f"way_{at}")
            if apart:
                drawing.flow(target, "is_reviewed")
        if default:
            drawing.flow("is_legal", "is_reviewed", default=True, id_="otherwise")
        drawing.flow("is_reviewed", "approve_answer")

    return legal_review(choose)


def timer(text_: str, kind: str = "timeDuration") -> bytes:
    """The shipped model with the end of the hold written otherwise."""
    written = '<bpmn:timeDate xsi:type="bpmn:tFormalExpression">hold["until"]</bpmn:timeDate>'
    return changed((written, f'<bpmn:{kind} xsi:type="bpmn:tFormalExpression">{text_}</bpmn:{kind}>'))


def second_start(drawing: Drawing) -> None:
    drawing.node("startEvent", "second")
    drawing.flow("second", "verify")


def island(drawing: Drawing) -> None:
    drawing.node("userTask", "island")
    drawing.node("endEvent", "island_end")
    drawing.flow("island", "island_end")


def dead_end(drawing: Drawing) -> None:
    drawing.node("parallelGateway", "lost_way")
    drawing.between("verify_to_classify", "lost_way", "lost_way")
    drawing.node("userTask", "lost_step")
    drawing.flow("lost_way", "lost_step")


def moved_step(drawing: Drawing) -> None:
    """A step about an agency's request stands in the process of the case."""
    drawing.bridge("endorse_extension")
    drawing.node("userTask", "endorse_extension")
    drawing.between("verify_to_classify", "endorse_extension", "endorse_extension")


def empty_loop(drawing: Drawing) -> None:
    """A circle of services alone: nobody and nothing is waited for."""
    drawing.node("exclusiveGateway", "round")
    drawing.node("serviceTask", "spin", service="end_hold")
    drawing.node("exclusiveGateway", "again")
    drawing.between("classify_to_distribute", "round", "again")
    drawing.flow("round", "spin")
    drawing.flow("spin", "again")
    flows = drawing.root.iter("{*}sequenceFlow")
    drawing.drop(next(each.get("id") for each in flows if (each.get("sourceRef"), each.get("targetRef")) == ("again", "distribute")))
    drawing.flow("again", "distribute", "urgent")
    drawing.flow("again", "round", "not urgent")


def loop_without_choice(drawing: Drawing) -> None:
    drawing.node("parallelGateway", "around")
    drawing.between("verify_to_classify", "around", "around")
    drawing.node("userTask", "more_work")
    drawing.flow("around", "more_work")
    drawing.flow("more_work", "verify")


def parted(*, times: int = 1, ways: int = 2, kind: str = "userTask") -> Callable[[Drawing], object]:
    """So many times one behind the other the way parts and joins again, before publication."""

    def change(drawing: Drawing) -> None:
        target, flow = "publish", "is_answered_to_publish"
        for time in reversed(range(times)):
            split, join = drawing.node("parallelGateway", f"split_{time}"), drawing.node("parallelGateway", f"join_{time}")
            for way in range(ways):
                drawing.node(kind, f"way_{time}_{way}")
                drawing.flow(split, f"way_{time}_{way}")
                drawing.flow(f"way_{time}_{way}", join)
            drawing.flow(join, target)
            target = split
        drawing.lead(flow, target=target)

    return change


def two_arrows(drawing: Drawing) -> None:
    """From a split into its join, with nothing between."""
    split, join = drawing.node("parallelGateway", "split"), drawing.node("parallelGateway", "join")
    drawing.between("is_answered_to_publish", split, join)
    drawing.flow(split, join, id_="first")
    drawing.flow(split, join, id_="second")


def quick_round(drawing: Drawing, wait: str = '"PT1S"') -> None:
    """The event at the edge of a step leads back to the step."""
    drawing.node("boundaryEvent", "hurry", at="classify", timer=("timeDuration", wait))
    merge = drawing.node("exclusiveGateway", "again_classify")
    drawing.lead("verify_to_classify", target=merge)
    drawing.flow(merge, "classify")
    drawing.flow("hurry", merge)


def circles_beside(drawing: Drawing) -> None:
    """A circle that hears the same fact for ever, behind more other ways than can be looked at, which all stand still."""
    merge, heard = drawing.node("exclusiveGateway", "round"), drawing.node("intermediateCatchEvent", "heard", message="hotline_dropped")
    drawing.flow("begin", merge)
    drawing.flow(merge, heard)
    before = heard
    for part in (1, 2):
        fork, after = drawing.node("exclusiveGateway", f"fork_{part}"), drawing.node("exclusiveGateway", f"after_{part}")
        drawing.flow(before, fork)
        drawing.flow(fork, after, 'not defined("verify")')
        added = drawing.node("intermediateCatchEvent", message="agency_added")
        way = drawing.node("intermediateCatchEvent", message="assignments_finished", variable="assignments")
        drawing.flow(fork, added, default=True)
        drawing.flow(added, way)
        for _ in range(12):
            parts, meet = drawing.node("exclusiveGateway"), drawing.node("exclusiveGateway")
            drawing.flow(way, parts)
            drawing.flow(parts, meet, 'defined("verify")')
            drawing.flow(parts, meet, default=True)
            way = meet
        drawing.flow(way, after)
        before = after
    drawing.flow(before, merge)


def hidden_step(drawing: Drawing) -> None:
    shape = next(each for each in drawing.root.iter("{*}BPMNShape") if each.get("bpmnElement") == "classify")
    shape.getparent().remove(shape)


def cycle_at(kind: str, repeats: str = '"R3/P1D"') -> Callable[[Drawing], object]:
    def change(drawing: Drawing) -> None:
        drawing.node("boundaryEvent", "every_day", at="classify", interrupts=kind == "interrupting", timer=("timeCycle", repeats))
        drawing.node("endEvent", "day_over")
        drawing.flow("every_day", "day_over")

    return change


def own_step(id_: str) -> bytes:
    """The shipped model with a step of one's own under this id."""

    def change(drawing: Drawing) -> None:
        drawing.node("userTask", id_)
        drawing.between("verify_to_classify", id_, id_)

    return drawn(change)


def dot_before(drawing: Drawing) -> None:
    """A step has two shapes; the first, which is the one that is drawn, is too small to be seen."""
    shape = next(each for each in drawing.root.iter("{*}BPMNShape") if each.get("bpmnElement") == "classify")
    dot = deepcopy(shape)
    dot.set("id", "dot")
    next(dot.iter("{*}Bounds")).set("width", "0.5")
    shape.addprevious(dot)


def named(element: str, name: str) -> bytes:
    """The shipped model with one element under another Vietnamese name."""
    found = re.search(rf'<bpmn:\w+ id="{element}" name="([^"]*)"', text())
    assert found, element
    return changed((found[0], found[0].replace(f'name="{found[1]}"', f'name="{name}"')))


def table(before: str, after: str) -> bytes:
    """The shipped table with the first text replaced by the second."""
    shipped = shipped_table().decode()
    assert before in shipped, before
    return shipped.replace(before, after, 1).encode()


OF_EVERY_OBJECT = (
    "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "__proto__", "constructor", "hasOwnProperty",
    "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf",
)  # fmt: skip
"""What Object.getOwnPropertyNames(Object.prototype) says in a browser; tests/browser/test_studio.py asks one."""

DEEP = 100_000
BOMB = "".join(f'<!ENTITY b{at} "{f"&b{at - 1};" * 10}">' for at in range(1, 10))

FILES = [
    Broken("empty", bytes, "file_empty", None),
    Broken("only spaces", lambda: b" \n\t" * 100, "file_empty", None),
    Broken("not XML", lambda: b"Dear sir, please find the process below.", "file_not_xml", None),
    Broken("a picture", lambda: b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "file_encoding", None),
    Broken("cut off", lambda: shipped_model()[:50_000], "file_not_xml", None),
    Broken("another root", lambda: b"<html><body>x</body></html>", "file_not_a_model", None),
    Broken(
        "XXE",
        lambda: changed(
            ("<bpmn:definitions", '<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]><bpmn:definitions'),
            ('name="Phân loại"', 'name="&e;"'),
        ),
        "file_doctype",
        None,
    ),
    Broken("parameter entity", lambda: b'<!DOCTYPE d [<!ENTITY % p SYSTEM "http://127.0.0.1/x.dtd"> %p;]><d/>', "file_doctype", None),
    Broken("billion laughs", lambda: f'<!DOCTYPE d [<!ENTITY b0 "ha">{BOMB}]><d>&b9;</d>'.encode(), "file_doctype", None),
    Broken(
        "quadratic blow-up",
        lambda: b'<!DOCTYPE d [<!ENTITY a "' + b"a" * 400_000 + b'">]><d>' + b"&a;" * 10_000 + b"</d>",
        "file_doctype",
        None,
    ),
    Broken("names a schema", swap("xmlns:xsi=", 'xsi:schemaLocation="urn:x http://127.0.0.1/x.xsd" xmlns:xsi='), "file_names_others", None),
    Broken("100,000 deep", lambda: b"<a>" * DEEP + b"</a>" * DEEP, "file_too_deep", None),
    Broken("60 deep", lambda: b"<a>" * 60 + b"</a>" * 60, "file_too_deep", None),
    Broken("over a megabyte", lambda: changed(("</bpmn:definitions>", " " * 1_000_000 + "</bpmn:definitions>")), "file_too_large", None),
    Broken("200,000 tags", lambda: b"<d>" + b"<a/>" * 200_000 + b"</d>", "file_too_many_elements", None),
    Broken("60,000 attributes", lambda: b"<d " + b" ".join(b'a%d=""' % at for at in range(60_000)) + b"/>", "file_not_a_model", None),
    Broken("UTF-16", lambda: text().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"), "file_encoding", None),
    Broken("UTF-7", swap('encoding="UTF-8"', 'encoding="UTF-7"'), "file_encoding", None),
    Broken("a byte that is no letter", lambda: shipped_model().replace(b"verify", b"veri\xff", 1), "file_encoding", None),
]

HOSTILE = [
    ("attribute walk", "verify.__class__.__base__.__subclasses__()"),
    ("import", '__import__("os").system("true")'),
    ("import statement", "import os"),
    ("comprehension", "[x for x in (1).__class__.__base__.__subclasses__()]"),
    ("generator", "any(True for _ in [1])"),
    ("lambda", "(lambda: True)()"),
    ("format string", 'f"{verify.__class__}" == ""'),
    ("format method", '"{0.__class__}".format(accept_assignment) == ""'),
    ("percent format", '"%1000000000d" % 1 == ""'),
    ("walrus", "(x := True)"),
    ("power bomb", "9**9**9**9 > 1"),
    ("string bomb", '"a" * 1000000000 == "b"'),
    ("shift bomb", "1 << 1000000000 > 1"),
    ("huge number", "1e308 > 1"),
    ("dunder", "__builtins__ == 1"),
    ("call", 'eval("1") == 1'),
    ("star", "lower(*[accept_assignment]) == \"a\""),
    ("slice", 'accept_assignment[0:1] == "a"'),
    ("conditional", 'True if accept_assignment == "accept" else False'),
    ("await", "await accept_assignment"),
    ("bytes", 'b"accept" == accept_assignment'),
    ("dictionary", '{"a": 1}["a"] == 1'),
    ("3,000 brackets", "(" * 3_000 + "True" + ")" * 3_000),
    ("180 brackets", "[" * 180 + "]" * 180),
    ("90 negations", "not " * 90 + "True"),
    ("500 KB", " or ".join([CONDITION] * 15_000)),
    ("nothing", ""),
    ("two lines", "True\nimport os"),
]  # fmt: skip

MEANINGS = [
    ("wide letters", '\uff41ccept_assignment == "accept"', "expression_letters"),
    ("letters in one", 'accept_assignment == "accept" and de\ufb01ned("verify")', "expression_letters"),
    ("unknown value", "urgency_of_it == 1", "expression_unknown"),
    ("value of the other process", "urgent", "expression_unknown"),
    ("not yet there", 'approve_answer == "redo"', "expression_not_set"),
    ("no such choice", 'accept_assignment == "acept"', "expression_value"),
    ("text with number", "accept_assignment == 3", "expression_type"),
    ("ordering a choice", 'accept_assignment < "b"', "expression_type"),
    ("part of one value", 'accept_assignment["accept"] == 1', "expression_type"),
    ("no answer", "accept_assignment", "expression_answer"),
    ("a number for an answer", "length(accept_assignment)", "expression_answer"),
    ("never true", 'accept_assignment == "accept" and not accept_assignment == "accept"', "condition_never"),
]

MODELS = [
    Broken(
        "script task",
        lambda: in_process('<bpmn:scriptTask id="script"><bpmn:script>import os</bpmn:script></bpmn:scriptTask>'),
        "vocabulary_element",
        "script",
    ),
    Broken(
        "pre-script",
        partial(in_extensions, "classify", "<spiffworkflow:preScript>import os</spiffworkflow:preScript>"),
        "vocabulary_element",
        "classify",
    ),
    Broken(
        "post-script",
        partial(in_extensions, "classify", "<spiffworkflow:postScript>x = 1</spiffworkflow:postScript>"),
        "vocabulary_element",
        "classify",
    ),
    Broken("unit tests of a script", partial(in_extensions, "classify", "<spiffworkflow:unitTests />"), "vocabulary_element", "classify"),
    Broken(
        "mistyped extension",
        lambda: changed(
            ("<spiffworkflow:messageVariable>", "<spiffworkflow:mesageVariable>"),
            ("</spiffworkflow:messageVariable>", "</spiffworkflow:mesageVariable>"),
        ),
        "vocabulary_element",
        "wait_for_agencies_message",
    ),
    Broken("mistyped property", partial(with_property, "classify", "lable_en", "Sort"), "property_unknown", "classify"),
    Broken(
        "mistyped prefix",
        partial(in_extensions, "classify", '<x:form xmlns:x="urn:langbiang:model:2" />'),
        "vocabulary_element",
        "classify",
    ),
    Broken(
        "unknown attribute",
        swap('<bpmn:userTask id="classify"', '<bpmn:userTask implementation="x" id="classify"'),
        "vocabulary_attribute",
        "classify",
    ),
    Broken(
        "foreign attribute",
        swap('<bpmn:userTask id="classify"', '<bpmn:userTask xmlns:c="urn:c" c:assignee="x" id="classify"'),
        "vocabulary_attribute",
        "classify",
    ),
    Broken(
        "form on a gateway",
        partial(in_extensions, "begin", '<langbiang:form xmlns:langbiang="urn:langbiang:model:1" />'),
        "vocabulary_place",
        "begin",
    ),
    Broken(
        "operator on a step",
        partial(in_extensions, "classify", '<spiffworkflow:serviceTaskOperator id="end_hold" resultVariable="x" />'),
        "vocabulary_place",
        "classify",
    ),
    Broken(
        "two operators",
        partial(in_extensions, "close_hold", '<spiffworkflow:serviceTaskOperator id="end_hold" resultVariable="x" />'),
        "vocabulary_twice",
        "close_hold",
    ),
    Broken(
        "property without a name",
        partial(in_extensions, "verify", '<spiffworkflow:properties><spiffworkflow:property value="x" /></spiffworkflow:properties>'),
        "vocabulary_incomplete",
        "verify",
    ),
    Broken("subprocess", lambda: in_process('<bpmn:subProcess id="inner" />'), "vocabulary_element", "inner"),
    Broken("call activity", lambda: in_process('<bpmn:callActivity id="call" calledElement="assignment" />'), "vocabulary_element", "call"),
    Broken(
        "multi-instance",
        swap("</bpmn:userTask>", "<bpmn:multiInstanceLoopCharacteristics /></bpmn:userTask>"),
        "vocabulary_element",
        "verify",
    ),
    Broken("inclusive gateway", lambda: in_process('<bpmn:inclusiveGateway id="some" />'), "vocabulary_element", "some"),
    Broken(
        "signal",
        swap('<bpmn:terminateEventDefinition id="closed_terminate" />', '<bpmn:signalEventDefinition id="closed_signal" />'),
        "vocabulary_element",
        "closed_signal",
    ),
    Broken(
        "colour that fetches",
        lambda: changed(
            (
                'bpmnElement="verify">',
                'bpmnElement="verify" xmlns:bioc="http://bpmn.io/schema/bpmn/biocolor/1.0" bioc:fill="url(http://x)">',
            )
        ),
        "drawing_colour",
        "verify",
    ),
    Broken("duplicate id", swap('<bpmn:userTask id="classify"', '<bpmn:userTask id="verify"'), "id_duplicate", "verify"),
    Broken("button named as a step", partial(form_with, 'button id="agree"', 'button id="publish"'), "id_duplicate", "legal_review"),
    Broken(
        "operator named as a node",
        swap('serviceTaskOperator id="end_hold"', 'serviceTaskOperator id="close_hold"'),
        "id_duplicate",
        "close_hold",
    ),
    Broken("id that is none", swap('<bpmn:parallelGateway id="begin" ', '<bpmn:parallelGateway id="bắt đầu" '), "id_shape", "bắt đầu"),
    Broken("very long id", lambda: in_process(f'<bpmn:endEvent id="{"x" * 200}" />'), "id_shape", "x" * 80),
    Broken("very long name", lambda: changed(('name="Phân loại"', f'name="{"x" * 500}"')), "limit_text", "classify"),
    Broken("400 steps", lambda: in_process("".join(f'<bpmn:userTask id="step_{at}" />' for at in range(400))), "limit_nodes", None),
    Broken(
        "2,000 arrows",
        lambda: in_process("".join(f'<bpmn:sequenceFlow id="flow_{at}" sourceRef="verify" targetRef="classify" />' for at in range(2_000))),
        "limit_nodes",
        None,
    ),
    Broken(
        "wrong by the schema", swap('attachedToRef="publish"', 'attachedToRef="publish" cancelActivity="perhaps"'), "schema", "agency_added"
    ),
    Broken("pool without its process", swap('processRef="case"', 'processRef="cases"'), "vocabulary_reference", "centre_pool"),
    Broken("step that is not drawn", partial(drawn, hidden_step), "drawing_missing", "classify"),
    Broken(
        "no process of the case",
        lambda: changed(('<bpmn:process id="case"', '<bpmn:process id="cases"'), ('processRef="case"', 'processRef="cases"')),
        "process_missing",
        "case",
    ),
    Broken(
        "process that is not run",
        swap('name="Hồ sơ phản ánh" isExecutable="true"', 'name="Hồ sơ phản ánh" isExecutable="false"'),
        "process_not_run",
        "case",
    ),
    Broken("second start", partial(drawn, second_start), "start_one", "second"),
    Broken("no start", partial(without, "received"), "start_one", "case"),
    Broken(
        "start without its message", swap('messageRef="message_assigned"', 'messageRef="message_extension_asked"'), "start_kind", "assigned"
    ),
    Broken("disconnected step", partial(drawn, island), "node_unreachable", "island"),
    Broken("dead end", partial(drawn, dead_end), "node_dead_end", "lost_step"),
    Broken("way that was cut", partial(without, "verify_to_classify"), "node_dead_end", "verify"),
    Broken("arrow to nowhere", swap('targetRef="classify"', 'targetRef="nowhere"'), "flow_nowhere", "verify_to_classify"),
    Broken("arrow to the other process", swap('targetRef="classify"', 'targetRef="submit_answer"'), "flow_nowhere", "verify_to_classify"),
    Broken("two arrows out of a step", partial(drawn, lambda drawing: drawing.flow("verify", "distribute")), "split_implicit", "verify"),
    Broken("arrow out of an end", partial(drawn, lambda drawing: drawing.flow("closed", "verify")), "end_left", "closed"),
    Broken(
        "arrow into the start",
        partial(drawn, lambda drawing: drawing.lead("is_reopened_to_distribute", target="received")),
        "start_entered",
        "received",
    ),
    Broken("event on no step", swap('attachedToRef="publish"', 'attachedToRef="is_answered"'), "boundary_attached", "agency_added"),
    Broken(
        "event without a kind",
        lambda: changed(
            ('<bpmn:messageEventDefinition id="agency_added_message" messageRef="message_agency_added"></bpmn:messageEventDefinition>', "")
        ),
        "event_definition",
        "agency_added",
    ),
    Broken("loop without a choice", partial(drawn, loop_without_choice), "loop_no_choice", "verify"),
    Broken("parts and joins seven times", partial(drawn, parted(times=7)), "look_ahead", "split_0"),
    Broken("parts and joins forty times", partial(drawn, parted(times=40, kind="intermediateThrowEvent")), "look_ahead", "split_33"),
    Broken("parts in four and joins four times", partial(drawn, parted(times=4, ways=4)), "look_ahead", "split_0"),
    Broken("two arrows from a split into its join", partial(drawn, two_arrows), "flow_twice", "second"),
    Broken("a round each second", partial(drawn, quick_round), "timer_round", "hurry"),
    Broken("circles that cannot be looked through", partial(drawn, circles_beside), "circle_too_many_ways", "round"),
    Broken("empty loop", partial(drawn, empty_loop), "endless_circle", "round"),
    Broken("no way on", swap('not assignments["answered"]', 'assignments["answered"]'), "gateway_incomplete", "is_answered"),
    Broken("outcome without a way", swap('approve_answer == "redo"', 'approve_answer == "approve"'), "gateway_incomplete", "is_approved"),
    Broken(
        "way without a condition",
        lambda: re.sub(rb"<bpmn:conditionExpression [^>]*>has_rater</bpmn:conditionExpression>", b"", shipped_model()),
        "condition_missing",
        "is_rateable_to_rate",
    ),
    Broken(
        "condition on a plain arrow",
        lambda: changed(
            (
                '<bpmn:sequenceFlow id="verify_to_classify" sourceRef="verify" targetRef="classify" />',
                (
                    '<bpmn:sequenceFlow id="verify_to_classify" sourceRef="verify" targetRef="classify"><bpmn:conditionExpression '
                    'xsi:type="bpmn:tFormalExpression">verify == "accept"</bpmn:conditionExpression></bpmn:sequenceFlow>'
                ),
            )
        ),
        "condition_misplaced",
        "verify_to_classify",
    ),
    Broken(
        "default with a condition",
        lambda: changed(
            ('<bpmn:exclusiveGateway id="is_taken"', '<bpmn:exclusiveGateway default="is_taken_to_submit_answer" id="is_taken"')
        ),
        "gateway_default",
        "is_taken_to_submit_answer",
    ),
    Broken(
        "default of another",
        lambda: changed(('<bpmn:exclusiveGateway id="is_taken"', '<bpmn:exclusiveGateway default="is_approved_to_answered" id="is_taken"')),
        "gateway_default",
        "is_taken",
    ),
    Broken("unknown message", swap('name="hotline_needed"', 'name="hotline_neded"'), "message_unknown", "hotline_needed"),
    Broken(
        "message of the other process",
        swap('messageRef="message_hotline_needed"', 'messageRef="message_extension_asked"'),
        "message_unknown",
        "hotline_needed",
    ),
    Broken("message that is not declared", swap('<bpmn:message id="message_held" name="held" />', ""), "message_unknown", "held"),
    Broken(
        "unknown service", swap('serviceTaskOperator id="end_hold"', 'serviceTaskOperator id="os_system"'), "service_unknown", "close_hold"
    ),
    Broken(
        "parameter nobody takes",
        lambda: changed(
            (
                '<spiffworkflow:serviceTaskOperator id="end_hold" resultVariable="end_hold"><spiffworkflow:parameters />',
                (
                    '<spiffworkflow:serviceTaskOperator id="end_hold" resultVariable="end_hold"><spiffworkflow:parameters>'
                    '<spiffworkflow:parameter id="days" type="number" value="3" /></spiffworkflow:parameters>'
                ),
            )
        ),
        "service_parameter",
        "close_hold",
    ),
    Broken("result named as a step", swap('resultVariable="end_hold"', 'resultVariable="classify"'), "name_taken", "close_hold"),
    Broken("result that cannot be written", swap('resultVariable="end_hold"', 'resultVariable="if"'), "name_form", "close_hold"),
    Broken("role nobody holds", swap('name="role" value="ops_lead"', 'name="role" value="king"'), "step_role", "lane_ops_lead"),
    Broken("role that may not", partial(with_property, "approve_answer", "role", "officer"), "step_role", "approve_answer"),
    Broken("agency in the case", partial(with_property, "classify", "role", "officer"), "step_role", "classify"),
    Broken("step in no lane", swap("<bpmn:flowNodeRef>classify</bpmn:flowNodeRef>", ""), "step_role", "classify"),
    Broken(
        "step in two lanes",
        lambda: changed(
            (
                "<bpmn:flowNodeRef>rate</bpmn:flowNodeRef>",
                "<bpmn:flowNodeRef>rate</bpmn:flowNodeRef><bpmn:flowNodeRef>classify</bpmn:flowNodeRef>",
            )
        ),
        "step_role",
        "classify",
    ),
    Broken("step without its Vietnamese", swap('id="classify" name="Phân loại"', 'id="classify"'), "step_label", "classify"),
    Broken("unknown clock", swap('name="clock" value="acceptance"', 'name="clock" value="aceptance"'), "step_clock", "verify"),
    Broken("timer of a limit that is none", partial(with_property, "hold_over", "clock", "pause"), "step_clock", "hold_over"),
    Broken("limit of nothing", partial(with_property, "classify", "limit", "0"), "step_limit", "classify"),
    Broken("limit without a unit", partial(with_property, "classify", "limit", "3"), "step_limit", "classify"),
    Broken("other than itself", partial(with_property, "classify", "other_than", "classify"), "step_other_than", "classify"),
    Broken(
        "other than one of another process",
        partial(with_property, "classify", "other_than", "submit_answer"),
        "step_other_than",
        "classify",
    ),
    Broken("mistyped beside", partial(with_property, "classify", "beside", "no"), "step_beside", "classify"),
    Broken("step of the other process", partial(drawn, moved_step), "step_process", "endorse_extension"),
    Broken(
        "two lines meet unjoined",
        partial(drawn, lambda drawing: drawing.lead("begin_to_beside_hotline", target="verify")),
        "node_unreachable",
        "beside_hotline",
    ),
]

TIMERS = [
    Broken(f"timer {text_}", partial(timer, text_, kind), check, "hold_over")
    for text_, kind, check in [
        ("P3D", "timeDuration", "timer_form"),
        ('"3 days"', "timeDuration", "timer_form"),
        ('"P"', "timeDuration", "timer_form"),
        ('"PT"', "timeDuration", "timer_form"),
        ('"-P3D"', "timeDuration", "timer_form"),
        ('"P3D4H"', "timeDuration", "timer_form"),
        ("3", "timeDuration", "timer_form"),
        ('"P0D"', "timeDuration", "timer_length"),
        ('"PT0S"', "timeDuration", "timer_length"),
        ('"P900Y"', "timeDuration", "timer_length"),
        ('"P99999D"', "timeDuration", "timer_length"),
        ('"R/P1D"', "timeCycle", "timer_cycle"),
        ('"R-1/P1D"', "timeCycle", "timer_cycle"),
        ('"R3/P1D"', "timeCycle", "timer_cycle"),
        ('"tomorrow"', "timeDate", "timer_form"),
        ('"２０２６-12-31T17:00:00+07:00"', "timeDate", "timer_form"),
        ('hｏld["until"]', "timeDate", "expression_letters"),
        ('"2026-13-45T00:00:00+07:00"', "timeDate", "timer_form"),
        ('"2026-03-02T00:00:00"', "timeDate", "timer_form"),
        ("has_rater", "timeDate", "expression_not_set"),
        ('hold["since"]', "timeDate", "expression_unknown"),
        ("hold", "timeDate", "expression_type"),
        ("", "timeDuration", "timer_form"),
    ]
]

FORMS = [
    Broken("form on a step of the software", partial(in_extensions,
        "classify", '<langbiang:form xmlns:langbiang="urn:langbiang:model:1" />'), "form_on_own_page", "classify"),
    Broken("unknown type of field", partial(form_with, 'id="fee" type="number"', 'id="fee" type="money"'), "field_type", "legal_review"),
    Broken("field without its Vietnamese", partial(form_with, 'label_vi="Ô fee"', 'label_vi=" "'), "form_label",
           "legal_review"),
    Broken("field named as a keyword", partial(form_with, 'id="fee"', 'id="lambda"'), "name_form", "legal_review"),
    Broken("field named as a function", partial(form_with, 'id="fee"', 'id="length"'), "name_form", "legal_review"),
    Broken("two fields of one name", partial(form_with, 'id="kind" type="choice"', 'id="fee" type="choice"'), "form_id", "legal_review"),
    Broken("field named as a step", partial(form_with, 'id="fee"', 'id="approve_answer"'), "id_duplicate", "legal_review"),
    Broken("choice of one", lambda: re.sub(rb'<[^<>]*choice id="b"[^>]*>', b"", legal_review()), "field_choices", "legal_review"),
    Broken("choices of a number", partial(form_with, 'type="choice"', 'type="number"'), "field_choices", "legal_review"),
    Broken("bounds the wrong way", partial(form_with, 'min="0"', 'min="2000"'), "field_bounds", "legal_review"),
    Broken("endless bound", partial(form_with, 'max="1000"', 'max="inf"'), "field_bounds", "legal_review"),
    Broken("perhaps required", partial(form_with, 'required="true"', 'required="perhaps"'), "field_required", "legal_review"),
    Broken("40 fields", lambda: legal_review(lambda drawing: next(drawing.root.iter("{*}form")).extend(
        field(f"extra_{at}", "text") for at in range(40))), "form_size", "legal_review"),
    Broken("two buttons of one name", partial(form_with, 'button id="object"', 'button id="agree"'), "form_id", "legal_review"),
    Broken("drawn step of a role that reads no case", lambda: legal_review(role="administrator"), "step_role", "legal_review"),
    Broken("lane of a role that reads no case", swap('name="role" value="ops_lead"', 'name="role" value="inspector"'), "step_role",
           "lane_ops_lead"),
    Broken("drawn step of the reporter", lambda: legal_review(role="reporter"), "step_role", "legal_review"),
    Broken("drawn in one lane, done by another", lambda: legal_review(role="officer"), "lane_role", "legal_review"),
    Broken("limit in minutes", lambda: legal_review(limit="3", limit_unit="minutes"), "step_limit", "legal_review"),
    Broken("button without a way", lambda: deciding('legal_review == "agree"'), "condition_misplaced", "way_0"),
    Broken("one button forgotten", lambda: deciding('legal_review == "agree"', 'legal_review == "agree" and fee > 3'),
           "gateway_incomplete", "is_legal"),
    Broken("numbers between", lambda: deciding("fee < 100", "fee > 100"), "gateway_incomplete", "is_legal"),
    Broken("two fields that are equal", lambda: deciding("fee < weight", "fee > weight", "weight is None"),
           "gateway_incomplete", "is_legal"),
    Broken("three fields", lambda: deciding("a < b or (a == b and c == a)", "a > b", change=three_numbers),
           "gateway_incomplete", "is_legal"),
    Broken("two ways at once", lambda: deciding("fee <= 500", "fee >= 500", apart=True), "conditions_overlap", "is_legal"),
    Broken("left empty", lambda: deciding("weight < 100", "weight >= 100"), "gateway_incomplete", "is_legal"),
    Broken("text in a condition", lambda: deciding('remark == "x"', 'not remark == "x"'), "expression_unknown", "way_0"),
    Broken("day that is none", lambda: deciding('day < "2026-02-31"', 'day >= "2026-02-31"'), "expression_value", "way_0"),
    Broken("day with a number", lambda: deciding("day < 5", "day >= 5"), "expression_type", "way_0"),
]  # fmt: skip

EVENTS = [
    Broken("repeats and ends the step", lambda: drawn(cycle_at("interrupting")), "timer_cycle", "every_day"),
    *(Broken(f"repeats {repeats}", partial(drawn, cycle_at("beside", f'"{repeats}"')), check, "every_day")
      for repeats, check in [
          ("R10/PT1S", "timer_cycle_short"), ("R100/PT1M", "timer_cycle_short"), ("R2/PT59M59S", "timer_cycle_short"),
          ("R100/P1M", "timer_length"), ("R3/P1Y", "timer_length"), ("R101/PT1H", "timer_cycle"), ("R0/P1D", "timer_cycle"),
      ]),
]  # fmt: skip

NOT_DRAWN = [
    *(Broken(f"id {name}", partial(own_step, name), "id_not_drawn", name) for name in OF_EVERY_OBJECT),
    Broken("id of the name beside an event", partial(own_step, "closed_label"), "id_not_drawn", "closed_label"),
    Broken("id of a name in a form", partial(form_with, 'button id="agree"', 'button id="constructor"'), "id_not_drawn", "legal_review"),
    Broken("value named as every object", swap('resultVariable="end_hold"', 'resultVariable="valueOf"'), "name_form", "close_hold"),
    Broken("drawn twice, first as a dot", partial(drawn, dot_before), "drawing_missing", "classify"),
]

UNSEEN = [
    *(Broken(f"name of {name}", partial(named, "classify", text), "name_signs", "classify")
      for name, text in [
          ("zero-width signs alone", "\u200b\u200d\ufeff"), ("a zero-width sign within", "Phân\u200b loại"),
          ("a soft hyphen", "Phân\u00adloại"),
          ("a blank letter", "\u3164"), ("blank dots", "\u2800\u2800"), ("marks alone", "\u0301\ufe0f"),
          ("words turned round", "\u202eiạol nâhP"), ("words set apart", "Phân \u2067loại\u2069"),
          ("a mark of direction", "Phân loại\u200f"),
          ("two lines", "Phân&#10;loại"), ("a separator of lines", "Phân\u2028loại"), ("a tabulator", "Phân&#9;loại"),
          ("a sign of nobody", "Phân \ue000"), ("a tag", "Phân loại\U000e0041"),
      ]),
    Broken("name in English turned round", swap('name="label_en" value="Classify"', 'name="label_en" value="\u202eyfissalC"'), "name_signs",
           "classify"),
    Broken("name of a lane", lambda: re.sub('(<bpmn:lane id="lane_operator" name=")', "\\1\u2066", text()).encode(), "name_signs",
           "lane_operator"),
    Broken("name of a button", partial(form_with, 'label_vi="Nút agree"', 'label_vi="Nút\u200bagree"'), "name_signs", "legal_review"),
    Broken("value of a condition turned round", partial(with_condition, 'accept_assignment == "\u202etpecca"'), "name_signs",
           "is_taken_to_submit_answer"),
    Broken("note turned round", lambda: in_process('<bpmn:textAnnotation id="note"><bpmn:text>a\u202eb</bpmn:text></bpmn:textAnnotation>'),
           "name_signs", "note"),
]  # fmt: skip

TABLES = [
    Broken("table: reason turned round", partial(table, "<description>", "<description>\u202e"), "name_signs", "rule_1"),
    Broken("table: name of a column", partial(table, 'label="', 'label="\u200b'), "name_signs", None),
    Broken("table: wide letters", partial(table, '["CAH", area]', '["CAH", ａrea]'), "expression_letters", None),
    Broken("table: id of every object", partial(table, '<rule id="rule_1"', '<rule id="toString"'), "id_not_drawn", "toString"),
]

CONDITIONS = [
    *(Broken(f"condition: {name}", partial(with_condition, condition), "expression_refused", "is_taken_to_submit_answer")
      for name, condition in HOSTILE),
    *(Broken(f"condition: {name}", partial(with_condition, condition), check, "is_taken_to_submit_answer")
      for name, condition, check in MEANINGS),
]  # fmt: skip

BROKEN: list[Broken] = [*FILES, *MODELS, *CONDITIONS, *TIMERS, *FORMS, *EVENTS, *NOT_DRAWN, *UNSEEN, *TABLES]
"""All of them. None is a model that may be approved."""

UNREADABLE = frozenset(each.name for each in FILES)
