"""Moving proved: every kind of edit at every element of every model that comes with the software, in every state; every choice between
two of them; then random ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import resources
from itertools import product
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from tests import build
from tests.conftest import environment_of, prepare_schema, running
from tests.soak.runs import Options, Round, Run
from tests.workflows.moving.cases import renamed
from tests.workflows.moving.installed import check_every_choice
from tests.workflows.moving.kinds_of_edit import KINDS, edited, edits
from tests.workflows.moving.mapped import Tally, course_of, prove_choices, prove_same
from tests.workflows.moving.proof import Broken, Counts, Course, prove
from tests.workflows.random_models import RandomModel, alone, woven
from web.config import Config
from workflows.definitions.process import BPMN, Definition, parse, read_xml, shipped_model
from workflows.moving.net import nets_of

MOST_STATES = 60
"""Of one random model: the next one tells more than more states of this one."""


def models() -> Iterator[tuple[str, bytes]]:
    """Yield the shipped model and every starting model."""
    yield "shipped", shipped_model()
    starting = resources.files("bpmn").joinpath("starting")
    if starting.is_dir():
        for file in sorted(starting.iterdir(), key=lambda file: file.name):
            if file.name.endswith(".bpmn"):
                yield file.name.removesuffix(".bpmn"), file.read_bytes()


def every_edit(xml: bytes) -> dict[str, Any]:
    """Prove every edit of a model in every state of its lines; raises what is wrong."""
    definition = parse(xml)
    courses = {process_id: Course(definition, process_id) for process_id in definition.specs}
    states = 0
    for course in courses.values():
        assert course.explore_all(), "the model has more states than are looked at"
        states += len(course.known)
    counts, broken = Counts(), list[str]()
    kind = ""
    for edit in edits(xml):
        if edit.kind != kind:
            kind = edit.kind
            print(f"  {kind}", flush=True)
        try:
            prove(courses[definition.elements[edit.at].process_id], edit, counts, to_end=3)
        except Broken as found:
            broken.append(str(found))
            print(f"  {found}", flush=True)
    print(f"  {counts.told()}", flush=True)
    assert not broken, f"{len(broken)} edits: {broken[:3]}"
    return {"states": states, **counts.told()}


def random_edits(made: Callable[[Random], RandomModel], seed: int, minutes: float, most: int | None = None) -> dict[str, Any]:
    """Prove random edits of random models for so long, or so many; raises what is wrong."""
    counts, broken = Counts(), list[str]()
    until, number = time.monotonic() + minutes * 60, 0
    while time.monotonic() < until and len(broken) < 20 and (most is None or number < most):
        number += 1
        rng = Random(seed * 1_000_003 + number)
        try:
            _random_edit(rng, made, counts)
        except Broken as found:
            broken.append(f"{number}: {found}")
            print(f"  {number}: {found}", flush=True)
    print(f"  {counts.told()}", flush=True)
    assert not broken, f"{len(broken)} edits: {broken[:3]}"
    return {"models": number, **counts.told()}


def _random_edit(rng: Random, made: Callable[[Random], RandomModel], counts: Counts) -> None:
    xml = made(rng).drawing.xml
    definition = parse(xml)
    places = [node.get("id") for process in read_xml(xml).iter(BPMN + "process") for node in process if node.get("id")]
    courses: dict[str, Course] = {}
    for _ in range(8):
        at = rng.choice([each for each in places if each in definition.elements])
        edit = edited(xml, rng.choice(list(KINDS)), at)
        if edit is None:
            continue
        process_id = definition.elements[at].process_id
        if rng.random() < 0.4:
            edit = replace(edit, mapping=edit.mapping | _chosen(rng, definition, edit.new, process_id))
        course = courses.get(process_id)
        if course is None:
            course = courses[process_id] = Course(definition, process_id)
            course.explore_all(MOST_STATES)
        prove(course, edit, counts, most=MOST_STATES, stands=rng.sample(list(course.known.values()), min(len(course.known), 20)), to_end=7)


def _chosen(rng: Random, old: Definition, new: Definition, process_id: str) -> dict[str, str | None]:
    """A choice made by hand without looking: some resting place led to another, or its token dropped."""
    places = [node.id for node in nets_of(old)[process_id].resting()]
    aims: list[str | None] = [node.id for node in nets_of(new)[process_id].resting()]
    return {rng.choice(places): rng.choice([*aims, None])} if places else {}


def every_choice(old: bytes, new: bytes) -> dict[str, Any]:
    """Send every state of a model to every resting place of another, offered or not; raises where one is led past what it lacks."""
    before, after, tally = parse(old), parse(new), Tally()
    for process_id in before.specs:
        course, fresh = course_of(before, process_id), course_of(after, process_id)
        prove_same(course, fresh, tally)
        prove_choices(course, fresh, tally)
    print(f"  {tally.told()}", flush=True)
    return tally.told()


def every_choice_installed(database_url: str | None) -> dict[str, Any]:
    """Send real cases in every state to every choice of every model, and back; verification finds nothing on the way."""
    found: dict[str, Any] = {}
    for name, xml in (*models(), ("renamed", renamed("wait_for_agencies", "agencies_done"))):
        with TemporaryDirectory(prefix="langbiang-moves-") as folder:
            config = Config.from_environment(environment_of(Path(folder), database_url))
            prepare_schema(config)
            with running(config):
                found[name] = check_every_choice(build.standard_world(), xml)
        print(f"  {name} {found[name]}", flush=True)
    return found


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    """One for each model, one for each pair of models, real cases, then the random ones for half of the minutes each."""
    for name, xml in models():
        yield f"every edit of {name}", lambda xml=xml: every_edit(xml)
    for (old, old_xml), (new, new_xml) in product(models(), models()):
        yield f"every choice from {old} to {new}", lambda old=old_xml, new=new_xml: every_choice(old, new)
    yield "every choice of real cases", lambda: every_choice_installed(None)
    yield "edits of random nets", lambda: random_edits(lambda rng: alone(rng, most=24), options.seed, options.runs / 2)
    yield "edits of random models", lambda: random_edits(lambda rng: woven(rng, most=16), options.seed, options.runs / 2)


RUN = Run("moves", "every edit of every model moved in every state, every choice between models, random edits for minutes", 10, rounds)
