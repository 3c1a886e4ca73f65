"""An act has parts in many places; each test here names the place where one was forgotten, and what has to stand there.

In order: the use case and its binding (workflows/bindings.py), the sentence of the history, the part of the history it belongs to, the
offer on the case's page, the page itself (tests/web/steps/test_acts.py), and the lists by which tests try every act there is.
"""
from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from casework.casefile import possible_acts
from casework.casefile.history import SENTENCES
from casework.casefile.history_kinds import ABOUT_LIMITS, MAY_MOVE, OF_KIND, HistoryKind
from tests.casework.casefile import test_possible_acts as tried
from tests.scenarios.lives_forms import ACT_FORMS, ASSIGNMENT_FORMS
from tests.web.steps.test_acts import REPORTERS_OWN
from workflows.bindings import BINDINGS

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("casework", "workflows", "reports", "web")

OF_STAFF = set(BINDINGS.acts) - REPORTERS_OWN
RECORDED_AS = {"publish_interim": "publish"}
"""Acts whose event has another name."""
NOT_OF_THE_CASE = {"follow", "unfollow"}
"""What a stranger to the case does leaves nothing in its history."""

OF_NO_KIND = {
    "accept_assignment", "assign_task", "retry_incident", "restate_look",
    "mask_identity", "erase_report", "redact_text", "end_erasure", "lift_restriction",
    "request_data", "look_at_data_request", "extend_data_request", "answer_data_request", "refuse_data_request", "carry_out_data_request",
}  # fmt: skip
"""Told in the whole history alone: no decision on the matter, no message, no limit."""

NOT_IN_RANDOM_LIVES = {"remind", "pass_on", "apologise"}
"""`remind` names its assignment in its form, `pass_on` needs another centre, `apologise` a case that is late: each is tried apart."""

HANDED_ON = {"type_"}
"""Names under which a helper is given the event it records."""


def verbs() -> set[str]:
    return {verb for step in BINDINGS.steps.values() for verb in step.acts} | set(BINDINGS.acts)


@cache
def recorded() -> frozenset[str]:
    """Every event that somewhere is recorded in a case."""
    return frozenset(_recorded())


def _recorded() -> Iterator[str]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            if "record(" not in source:
                continue
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "record" and len(node.args) > 1:
                    match node.args[1]:
                        case ast.Constant(value=str(text)):
                            yield text
                        case ast.Name(id=name) if name not in HANDED_ON:
                            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                            yield str(getattr(importlib.import_module(module), name))


def test_the_history_has_a_sentence_for_every_act_and_event() -> None:
    acts = {RECORDED_AS.get(verb, verb) for verb in verbs() - NOT_OF_THE_CASE}
    assert len(recorded()) > 60, "the calls of record are not found any more"
    assert acts <= recorded(), "an act that leaves no event: record it, or name it in NOT_OF_THE_CASE"
    assert recorded() - set(SENTENCES) == set(), "say in casework/telling/staff_acts.py (or the file beside it) what happened"


def test_every_event_belongs_to_a_part_of_the_history_or_is_named_as_belonging_to_none() -> None:
    placed = set[str]().union(*OF_KIND.values())
    assert placed <= set(SENTENCES), "a part of the history names an event nobody records"
    assert set(SENTENCES) - placed == OF_NO_KIND, (
        "put the event into OF_KIND of casework/casefile/history_kinds.py, or into OF_NO_KIND here"
    )
    assert OF_KIND[HistoryKind.LIMITS] == ABOUT_LIMITS | MAY_MOVE


def test_every_act_of_staff_is_offered_somewhere() -> None:
    source = ast.parse(Path(possible_acts.__file__).read_text(encoding="utf-8"))
    offered = {str(node.args[0].value) for node in ast.walk(source) if isinstance(node, ast.Call) and node.args
               and isinstance(node.func, ast.Name) and node.func.id == "PossibleAct" and isinstance(node.args[0], ast.Constant)}
    assert offered == OF_STAFF, "say in casework/casefile/possible_acts.py for whom and when the act makes sense"


def test_every_act_is_tried_on_cases_in_every_state() -> None:
    listed = {*tried.VERBS, *tried.OF_AGENCY, *tried.OF_PUBLICATION, *tried.OF_REPORT, *tried.WHEN_LATE}
    assert listed == OF_STAFF, "add the act to the lists of tests/casework/casefile/test_possible_acts.py"


def test_every_act_happens_in_random_lives() -> None:
    in_lives = {*ACT_FORMS, *ASSIGNMENT_FORMS}
    assert in_lives == set(BINDINGS.acts) - NOT_IN_RANDOM_LIVES, "give the act a form in tests/scenarios/lives_forms.py"
