"""The table between diagram and domain: the model and the code name the same things."""

import ast
import inspect

import pytest

from casework.clocks.acts import ClockKind
from casework.permissions import Action
from tests.workflows.raw import shipped
from workflows.bindings import BINDINGS, OF_THE_PAUSE, Step
from workflows.checks.model import check_model
from workflows.definitions.expressions import names_in
from workflows.definitions.process import read_xml, shipped_model

BESIDE_THE_OUTCOMES = {"has_rater", "rating_due_at", "assignments", "question", "refusal", "hold", "merge", "withdrawal", "end_question"}
"""Variables of the model that are no step's outcome: flags of use cases, what facts bring, and the result of a service."""


def test_every_step_of_the_model_has_a_binding_and_no_binding_is_idle():
    assert {element.id for element in shipped().steps} == set(BINDINGS.steps)
    assert set(BINDINGS.ends) <= {element.id for element in shipped().elements.values() if element.kind == "endEvent"}
    assert check_model(shipped_model()).findings == ()


STEP_ACTS = [act for step in BINDINGS.steps.values() for act in step.acts.items()]
ACTS = [*STEP_ACTS, *BINDINGS.acts.items()]
OTHER_NAMES = {"clear_addition": "clear_text", "reclassify": "classify"}
"""Two use cases do what one verb names: one before the agencies, one after; one at first, one when it changes."""
OTHER_WORDS = {"answer_privately", "apologise", "publish_interim", "stop_waiting", "close_referral", "take_back",
               "close_without_answer", "unfollow", "send_agency_link", "take_up_answer"}  # fmt: skip
"""Verbs whose permission is that of another: to publish, to write letters, to ask, to refer, to close, to follow, to send a link."""


@pytest.mark.parametrize(("verb", "use_case"), ACTS)
def test_a_verb_is_the_name_of_its_use_case_and_takes_by_and_now(verb, use_case):
    parameters = inspect.signature(use_case).parameters
    assert OTHER_NAMES.get(use_case.__name__, use_case.__name__) == verb
    assert parameters["by"].kind is parameters["now"].kind is inspect.Parameter.KEYWORD_ONLY
    assert verb in {*Action, *OTHER_WORDS}


def test_every_message_of_the_model_is_a_fact_somebody_can_state():
    named = {node.get("name") for node in read_xml(shipped_model()).iter("{*}message")}
    assert named - {"assigned"} == set(BINDINGS.facts)


def test_each_step_offers_its_own_verb_first():
    for element, step in BINDINGS.steps.items():
        assert step.own_act == element


def test_clocks_named_in_the_model_exist():
    for element in shipped().steps:
        assert element.properties["clock"] in {*ClockKind, OF_THE_PAUSE, "objection"}, element.id


def test_conditions_read_only_what_steps_and_messages_bring():
    steps = {element.id for element in shipped().steps}
    for node in read_xml(shipped_model()).iter("{*}conditionExpression", "{*}timeDate"):
        assert names_in(node.text) <= steps | BESIDE_THE_OUTCOMES, node.text


def test_outcomes_that_gateways_compare_are_written_by_a_use_case():
    source = "".join(inspect.getsource(inspect.getmodule(use_case)) for _, use_case in STEP_ACTS)
    for node in read_xml(shipped_model()).iter("{*}conditionExpression"):
        for constant in ast.walk(ast.parse(node.text.strip(), mode="eval")):
            if isinstance(constant, ast.Constant) and constant.value not in ("answered", "split", "granted", "closes", "until"):
                assert f'"{constant.value}"' in source, node.text


def test_a_model_whose_role_nobody_holds_is_refused():
    checked = check_model(shipped_model().replace(b'value="ops_lead"', b'value="king"'))
    assert any("king" in finding.what.en for finding in checked.errors)


def test_acts_need_messages_there_are_and_the_shipped_model_hears_all_of_them():
    needed = {name for table in (BINDINGS.needs, BINDINGS.may_need) for names in table.values() for name in names}
    assert needed <= set(BINDINGS.facts)
    assert needed <= shipped().messages
    assert {*BINDINGS.needs, *BINDINGS.may_need} <= set(BINDINGS.acts)


def test_a_step_knows_its_own_act():
    assert Step({"a": dict, "b": dict}).own_act == "a"
