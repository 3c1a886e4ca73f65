"""A verb has parts in many places; the row on its use case (casework/verbs.py) holds most of them, and each lack is named here."""
from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import is_dataclass, replace
from functools import cache
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from casework.casefile.possible_acts import ORDER
from casework.permissions import Action
from casework.sentences import always
from casework.verbs import MESSAGE, Input, Verb, every_verb, input_of, verb_of
from tests.casework.casefile import test_possible_acts as tried
from tests.scenarios.lives_forms import ACT_FORMS, ASSIGNMENT_FORMS
from tools import verbs as listed
from web.steps.act_page import ActPage
from web.steps.acts import PAGES
from workflows import every_verb as register
from workflows.bindings import BINDINGS

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("casework", "workflows", "reports", "web")
TEMPLATES = ROOT / "web/templates"

NOT_IN_RANDOM_LIVES = {"remind", "pass_on", "apologise", "send_link", "send_agency_link", "take_up_answer"}
"""`remind` names its assignment in its form, `pass_on` needs another centre, `apologise` a case that is late, links an open door: each is
tried apart."""

OF_NO_KIND = {"accept_assignment"}
"""Of what people do at steps and beside them: told in the whole history alone."""

BY_NOBODY = {
    "close": "the process ends", "end_question": "time ran out", "recount_due": "a calendar changed", "restate_look": "a job",
    "erase_report": "follows from a request", "end_erasure": "follows from a request", "mask_identity": "a job",
    "ask_if_mended": "a job", "fetch_photo": "a job",
}  # fmt: skip
"""What the system does by itself, and why: nobody has to be allowed to."""

HANDED_ON = {"type_"}
"""Names under which a function is given the event it records."""


@cache
def source_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def modules() -> tuple[Path, ...]:
    return tuple(path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")) if "record" in source_of(path))


def named_in(node: ast.Call, path: Path) -> Iterator[str]:
    """The events a call records."""
    match node.args[1]:
        case ast.Constant(value=str(text)):
            yield text
        case ast.Name(id=name) if name not in HANDED_ON:
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield str(getattr(importlib.import_module(module), name))


def calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names and len(node.args) > 1:
            yield node


@cache
def recorded() -> frozenset[str]:
    """Every event that somewhere is recorded in a case."""
    found = ((path, node) for path in modules() for node in calls(ast.parse(source_of(path)), "record", "record_request"))
    return frozenset(event for path, node in found for event in named_in(node, path))


def bound() -> set[str]:
    """What people do: at steps, and beside them."""
    return {verb for step in BINDINGS.steps.values() for verb in step.acts} | set(BINDINGS.acts)


def lacks(verb: Verb, page: type[ActPage] | None) -> Iterator[str]:
    """What a verb still needs, and where it has to stand."""
    if verb.has_event and verb.staff is None:
        yield "staff: what the history says of it"
    if verb.leaves_event and (verb.recorded_as or verb.name) not in recorded():
        yield "an event: record it, or say leaves_event=False"
    if verb.recorded_as and verb_of(verb.recorded_as) is None:
        yield "the row it is recorded as"
    if verb.name in bound() and verb.has_event and not verb.parts and verb.name not in OF_NO_KIND:
        yield "kinds: the part of the history it belongs to"
    if verb.action is None and verb.name not in BY_NOBODY:
        yield "an Action: who may do it (casework/permissions)"
    if verb.name in {*Action} - {*BY_NOBODY} and verb.action != Action(verb.name):
        yield "the Action of its own name"
    if not listed.tests_of(verb):
        yield "a test"
    if verb.is_act and BINDINGS.acts.get(verb.name) is not verb.use_case:
        yield "its module in workflows/bindings.py"
    if verb.is_act and verb.name not in {*ACT_FORMS, *ASSIGNMENT_FORMS} | NOT_IN_RANDOM_LIVES:
        yield "a form in tests/scenarios/lives_forms.py"
    if verb.is_of_staff:
        yield from lacks_of_staff(verb, page)
    elif page is not None:
        yield "is_act: it has a page and cannot be done"


def lacks_of_staff(verb: Verb, page: type[ActPage] | None) -> Iterator[str]:
    if (verb.offered is None) == (verb.offered_on is None):
        yield "offered or offered_on: when the act makes sense"
    if page is None:
        yield "a page (web/steps/acts_*.py)"
    elif not (TEMPLATES / page.template).is_file():
        yield "the template of its page"
    if not any(verb.name in line for line in ORDER):
        yield "its place in ORDER of casework/casefile/possible_acts.py"
    tried_on = {*tried.VERBS, *tried.OF_AGENCY, *tried.OF_PUBLICATION, *tried.OF_REPORT, *tried.WHEN_LATE}
    if verb.name not in tried_on:
        yield "to be tried on cases in every state (tests/casework/casefile/test_possible_acts.py)"


@pytest.mark.exhaustive(but=8)
@pytest.mark.parametrize("verb", every_verb(), ids=lambda verb: verb.name)
def test_a_verb_lacks_nothing(verb: Verb) -> None:
    assert list(lacks(verb, PAGES.get(verb.name))) == []


def test_every_event_has_its_row() -> None:
    assert len(recorded()) > 60, "the calls of record are not found any more"
    assert {event for event in recorded() if verb_of(event) is None} == set(), "put a row on the use case (casework/verbs.py)"


def test_what_people_do_at_steps_has_its_row_and_no_row_names_a_step_that_is_not_there() -> None:
    names = {verb.name for verb in every_verb()}
    assert bound() - names == set()
    assert {name for line in ORDER for name in line} <= names, "an order of acts that are not there"
    assert set(BY_NOBODY) <= names


@pytest.mark.exhaustive
def test_an_incomplete_register_refuses_to_say_which_events_there_are() -> None:
    """An erasure would leave what it does not know of, and a verification find nothing."""
    asked = "from casework.verbs import events_where; events_where(lambda verb: verb.gives_title)"
    ended = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "RuntimeError: some verbs have no row yet" in ended.stderr


HOLD = next(verb for verb in every_verb() if verb.name == "hold")


@pytest.mark.parametrize(("change", "words"), [
    ({"staff": None}, "staff:"),
    ({"name": "hold_on"}, "an event:"),
    ({"recorded_as": "put_away"}, "the row it is recorded as"),
    ({"kinds": frozenset(), "about_limit": False}, "kinds:"),
    ({"action": None}, "an Action:"),
    ({"action": Action.REFER}, "the Action of its own name"),
    ({"name": "put_" + "aside", "use_case": lambda: None}, "a test"),
    ({"use_case": always}, "its module"),
    ({"name": "hold_on"}, "a form in"),
    ({"is_act": False}, "is_act:"),
    ({"offered": None}, "offered or"),
    ({"offered_on": HOLD.offered}, "offered or"),
    ({"name": "hold_on"}, "its place in ORDER"),
    ({"name": "hold_on"}, "to be tried"),
])  # fmt: skip
def test_each_lack_is_named(change: dict[str, Any], words: str) -> None:
    assert any(words in lack for lack in lacks(replace(HOLD, **change), PAGES["hold"]))


def test_a_lack_of_a_page_or_its_template_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert any("a page" in lack for lack in lacks(HOLD, None))
    monkeypatch.setattr(PAGES["hold"], "template", "steps/acts/nowhere.html")
    assert list(lacks(HOLD, PAGES["hold"])) == ["the template of its page"]


@pytest.mark.exhaustive
def test_an_action_a_use_case_asks_for_is_that_of_a_verb() -> None:
    """In a function that records something in a case."""
    asked = set()
    for path in modules():
        for function in [node for node in ast.walk(ast.parse(source_of(path))) if isinstance(node, ast.FunctionDef)]:
            if any(calls(function, "record", "record_request")):
                asked |= {str(node.args[1].attr) for node in calls(function, "require") if isinstance(node.args[1], ast.Attribute)}
    assert len(asked) > 30
    assert asked - {verb.action.name for verb in every_verb() if verb.action is not None} == set()


@pytest.mark.exhaustive
def test_the_document_is_what_the_rows_say() -> None:
    assert listed.FILE.read_text(encoding="utf-8") == listed.document(), "python -m tools.verbs --write"


def test_a_use_case_takes_a_subject_what_was_filled_in_who_and_when() -> None:
    """What it is called with at a step or for an act is known: nothing passes through a mapping of names."""
    bound = [*BINDINGS.acts.items(), *(each for step in BINDINGS.steps.values() for each in step.acts.items())]
    for verb, use_case in bound:
        subject, *more = signature(use_case).parameters.values()
        assert subject.name in ("case", "assignment"), verb
        assert [each.name for each in more] in (["by", "now"], ["given", "by", "now"]), verb
        kind = input_of(use_case)
        assert kind is None or (issubclass(kind, Input) and is_dataclass(kind)), verb


@pytest.mark.parametrize("verb", sorted(PAGES))
def test_the_page_of_an_act_makes_an_input_where_its_use_case_takes_one(verb: str) -> None:
    """Else the act would fail as its button is pressed."""
    page = PAGES[verb]
    makes = page.given is not ActPage.given or page.act is not ActPage.act
    assert makes == (input_of(BINDINGS.acts[verb]) is not None)


def test_one_row_a_verb() -> None:
    with pytest.raises(ValueError, match="hold"):
        Verb("hold", Action.HOLD, kinds=MESSAGE)(lambda: None)


# -- the register is whole -----------------------------------------------------------------------------------------------


def told_by(program: str) -> list[str]:
    """What a fresh Python prints."""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


NAMES = "from casework.verbs import {0}; print(*(verb.name for verb in {0}()))"


@pytest.mark.exhaustive
def test_the_register_is_whole_where_the_programs_import_it() -> None:
    for package in PACKAGES:
        for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            if not module.name.endswith(("__main__", "gunicorn_config")):
                importlib.import_module(module.name)
    names = [verb.name for verb in every_verb()]
    assert told_by(f"import {register.__name__}; " + NAMES.format("every_verb")) == names, "name the module in workflows/every_verb.py"
    of_acts = [verb.name for verb in every_verb() if verb.is_act]
    assert told_by("import workflows.bindings; " + NAMES.format("acts")) == of_acts, "name the module in workflows/bindings.py"
    assert list(BINDINGS.acts) == of_acts
