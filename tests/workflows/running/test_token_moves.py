"""A token set elsewhere on its line behaves as one that came there by itself: on the shipped model, everywhere and to everywhere."""
from __future__ import annotations

from functools import cache
from operator import itemgetter
from typing import Any

import pytest
from SpiffWorkflow.exceptions import WorkflowException

from tests.whole import one_of_each_kind
from tests.workflows.raw import NOON, Run, no_service, shipped
from workflows import engine
from workflows.clock import engine_clock
from workflows.definitions.process import parse
from workflows.running.token_moves import set_token, targets_of, tokens_at_rest

ENDS_LATER = "2026-03-09T17:00:00+00:00"
RATING = {"has_rater": True, "rating_due_at": ENDS_LATER}

Way = list[tuple[Any, ...]]
MAIN: Way = [
    ("verify", "accept"), ("classify", None), ("distribute", None), ("!assignments_finished", {"answered": True}),
    ("publish", None, RATING), ("rate", "dissatisfied"), ("review_rating", "explained"), ("!rest_settled", {}),
]  # fmt: skip
"""A step with its outcome (and flags), or a message with what it brings."""
UNTIL = {"until": ENDS_LATER}
STANDS: dict[str, tuple[str, Way]] = {
    **{element: ("case", MAIN[:number]) for number, element in enumerate(
        ("verify", "classify", "distribute", "wait_for_agencies", "publish", "rate", "review_rating", "wait_for_rest"))},
    "hotline_needed": ("case", []), "call_hotline": ("case", [("!hotline_needed", {})]),
    "referred": ("case", []), "close_referral": ("case", [("!referred", {})]),
    "merged": ("case", []), "merge_settled": ("case", [("!merged", {})]),
    "withdrawal_asked": ("case", []), "decide_withdrawal": ("case", [("!withdrawal_asked", {"granted": False})]),
    "reporter_wrote": ("case", []), "clear_text": ("case", [("!reporter_wrote", {})]),
    "quarantined": ("case", []),
    "reporter_asked": ("case", []), "answer_question": ("case", [("!reporter_asked", UNTIL)]),
    "refused": ("case", []), "object_to_refusal": ("case", [("!refused", UNTIL)]),
    "decide_objection": ("case", [("!refused", UNTIL), ("object_to_refusal", "objected")]),
    "held": ("case", []), "resume": ("case", [("!held", UNTIL)]),
    "accept_assignment": ("assignment", []), "submit_answer": ("assignment", [("accept_assignment", "accept")]),
    "approve_answer": ("assignment", [("accept_assignment", "accept"), ("submit_answer", None)]),
    "decide_hand_back": ("assignment", [("accept_assignment", "hand_back")]),
    "assignment_ended": ("assignment", []),
    "extension_asked": ("assignment", []), "endorse_extension": ("assignment", [("!extension_asked", {})]),
    "decide_extension": ("assignment", [("!extension_asked", {}), ("endorse_extension", "endorse")]),
}  # fmt: skip
"""Each resting place of the shipped model: its process, and the way there."""
ON: dict[str, tuple[Any, ...]] = {
    **{MAIN[number][0].removeprefix("!"): MAIN[number] for number in range(len(MAIN))},
    "call_hotline": ("call_hotline", None), "close_referral": ("close_referral", "came_back"),
    "merge_settled": ("!merge_settled", {"split": True}),
    "decide_withdrawal": ("decide_withdrawal", "kept"), "clear_text": ("clear_text", "read", {"left": 0}),
    "answer_question": ("answer_question", "answered"), "object_to_refusal": ("object_to_refusal", "objected"),
    "decide_objection": ("decide_objection", "upheld"), "resume": ("resume", "resumed"),
    "accept_assignment": ("accept_assignment", "accept"), "submit_answer": ("submit_answer", None),
    "approve_answer": ("approve_answer", "approve"), "decide_hand_back": ("decide_hand_back", "release"),
    "endorse_extension": ("endorse_extension", "endorse"), "decide_extension": ("decide_extension", "grant"),
    "wait_for_agencies": MAIN[3], "wait_for_rest": MAIN[7],
}  # fmt: skip
"""How each place is left on the way to an end. What is not here only listens."""


def go(run: Run, act: tuple[Any, ...]) -> None:
    name, given, *flags = act
    if name.startswith("!"):
        run.send(name[1:], **given)
    else:
        run.do(name, given, **(flags[0] if flags else {}))


@cache
def state_at(element: str) -> bytes:
    """What is stored of an instance that came to an element by itself."""
    process_id, way = STANDS[element]
    run = Run(process_id)
    for act in way:
        go(run, act)
    return engine.pack(run.workflow)


def standing_at(element: str) -> Run:
    run = Run.__new__(Run)
    run.definition, run.now, run.sizes = shipped(), NOON, []
    run.spec = run.definition.specs[STANDS[element][0]]
    run.workflow = engine.unpack(state_at(element), run.spec, no_service)
    return run


def move(run: Run, source: str, target: str) -> None:
    """Move a token that has what the timers at the edge of steps ask for."""
    [token] = [task for task in tokens_at_rest(run.workflow, run.definition) if task.task_spec.name == source]
    token.data.update(RATING | {"question": UNTIL, "refusal": UNTIL, "hold": UNTIL})
    with engine_clock(run.now):
        set_token(run.workflow, token.id, target)
    run.rest()


def stands(run: Run) -> tuple[list[str], list[str], list[str]]:
    """What an instance waits for: people, moments, messages."""
    timers = sorted(task.task_spec.name for task, _due in engine.waiting_timers(run.workflow))
    return run.waiting, timers, sorted(engine.awaited_messages(run.workflow))


def finish(run: Run) -> None:
    for _ in range(40):
        if run.workflow.completed:
            return
        resting = [task.task_spec.name for task in tokens_at_rest(run.workflow, run.definition)]
        # first what stands beside the way, so that every line is walked
        beside = [name for name in resting if name in ON and name not in MAIN_LINE]
        ahead = beside or [name for name in resting if name in MAIN_LINE]
        go(run, ON[ahead[0]])
    raise AssertionError(f"no end from {stands(run)}")


MAIN_LINE = ("verify", "classify", "distribute", "wait_for_agencies", "publish", "rate", "review_rating", "wait_for_rest",
             "accept_assignment", "submit_answer", "approve_answer", "decide_hand_back")  # fmt: skip
MOVES = [(source, target) for source, (process_id, _way) in STANDS.items() for target in targets_of(source, process_id, shipped())]


def test_every_resting_place_of_the_model_is_known_here() -> None:
    resting = {"userTask", "manualTask", "intermediateCatchEvent"}
    assert set(STANDS) == {element.id for element in shipped().elements.values() if element.kind in resting}


@pytest.mark.exhaustive(but=3)
@pytest.mark.parametrize(("source", "target"), one_of_each_kind(MOVES, itemgetter(0), one_of=3))
def test_a_token_moved_stands_as_one_that_came_by_itself_and_goes_on_to_an_end(source: str, target: str) -> None:
    run = standing_at(source)
    move(run, source, target)
    assert stands(run) == stands(standing_at(target))
    finish(run)


# -- models with lines side by side ------------------------------------------------------------------------------------

HEAD = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" targetNamespace="x">
  <bpmn:message id="message_m" name="m" /><bpmn:message id="message_n" name="n" /><bpmn:process id="case" isExecutable="true">"""


def drawn(nodes: str, *flows: str) -> Any:
    """A model of nodes as `kind id` (or whole elements) and flows as `a>b`."""
    parts = [part if part.startswith("<") else '<bpmn:{} id="{}" />'.format(*part.split()) for part in nodes.strip().splitlines()]
    parts += [f'<bpmn:sequenceFlow id="{flow.replace(">", "_to_")}" sourceRef="{flow.split(">")[0]}" targetRef="{flow.split(">")[1]}" />'
              for flow in flows]  # fmt: skip
    return parse((HEAD + "".join(parts) + "</bpmn:process></bpmn:definitions>").encode())


def message(kind: str, id_: str, name: str, more: str = "") -> str:
    return f'<bpmn:{kind} id="{id_}"{more}><bpmn:messageEventDefinition id="{id_}_m" messageRef="message_{name}" /></bpmn:{kind}>'


STEPS = "userTask before|userTask a1|userTask a2|userTask b|userTask after"
SIDE_BY_SIDE = (f"startEvent s|{STEPS}|parallelGateway split|parallelGateway join|endEvent e".replace("|", "\n"),
                "s>before", "before>split", "split>a1", "a1>a2", "a2>join", "split>b", "b>join", "join>after", "after>e")  # fmt: skip


def test_a_token_stays_on_its_line_and_the_join_waits_for_both() -> None:
    model = drawn(*SIDE_BY_SIDE)
    assert {each: targets_of(each, "case", model) for each in ("before", "a1", "a2", "b", "after")} == {
        "before": [], "a1": ["a2"], "a2": ["a1"], "b": [], "after": []}  # fmt: skip
    run = Run("case", model)
    assert run.do("before") == ["a1", "b"]
    for source, target in (("a1", "a2"), ("a2", "a1"), ("a1", "a2")):
        move(run, source, target)
        assert run.waiting == sorted([target, "b"])
    assert run.do("a2") == ["b"]
    assert run.do("b") == ["after"]
    run.do("after")
    assert run.workflow.completed


def test_what_an_event_that_does_not_interrupt_began_is_a_line_of_its_own() -> None:
    model = drawn(
        "startEvent s\nuserTask step\nuserTask next\nuserTask aside\nuserTask aside_2\nendEvent e\nendEvent e_2\n"
        + message("boundaryEvent", "note", "m", ' attachedToRef="step" cancelActivity="false"'),
        "s>step", "step>next", "next>e", "note>aside", "aside>aside_2", "aside_2>e_2",
    )  # fmt: skip
    assert targets_of("step", "case", model) == ["next"]
    assert targets_of("aside", "case", model) == ["aside_2"]
    run = Run("case", model)
    assert run.send("m") == ["aside", "step"]
    move(run, "step", "next")
    assert (run.waiting, engine.awaited_messages(run.workflow)) == (["aside", "next"], set())
    move(run, "next", "step")
    assert (run.waiting, engine.awaited_messages(run.workflow)) == (["aside", "step"], {"m"})
    move(run, "aside", "aside_2")
    assert run.waiting == ["aside_2", "step"]
    for step in ("step", "next", "aside_2"):
        run.do(step)
    assert run.workflow.completed


def test_a_token_waits_at_an_event_based_gateway_and_never_at_one_of_its_events() -> None:
    model = drawn(
        "startEvent s\nuserTask step\neventBasedGateway which\nuserTask after_m\nuserTask after_n\nendEvent e\nendEvent e_2\n"
        + message("intermediateCatchEvent", "on_m", "m") + "\n" + message("intermediateCatchEvent", "on_n", "n"),
        "s>step", "step>which", "which>on_m", "which>on_n", "on_m>after_m", "on_n>after_n", "after_m>e", "after_n>e_2",
    )  # fmt: skip
    assert targets_of("step", "case", model) == ["which", "after_m", "after_n"]
    run = Run("case", model)
    move(run, "step", "which")
    assert run.waiting == []
    run.send("n")
    assert run.waiting == ["after_n"]
    move(run, "after_n", "which")
    assert run.send("m") == ["after_m"]
    run.do("after_m")
    assert run.workflow.completed


def test_a_token_whose_target_lacks_a_value_is_not_set_there() -> None:
    run = standing_at("verify")
    [token] = [task for task in tokens_at_rest(run.workflow, run.definition) if task.task_spec.name == "verify"]
    with pytest.raises(WorkflowException, match="rating_due_at"), engine_clock(run.now):
        set_token(run.workflow, token.id, "rate")
