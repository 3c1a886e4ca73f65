"""Random models: the sound ones pass the checks and run to the end on every path, the unsound ones are found where they are wrong.

False alarms and misses are counted and printed; none is allowed. `bin/soak checks` does the same with many more.
"""
from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from tests.workflows.random_models import DRAWN_FAULTS, MOST_ELEMENTS, NET_FAULTS, RULE_FAULTS, Fault, RandomModel, alone, woven
from tests.workflows.walker import Walker
from workflows.checks.diagram import processes_of
from workflows.checks.model import check_model
from workflows.checks.net import net_findings
from workflows.definitions.process import parse, read_xml

SEED = 4_000
MOST_ACTS = 60


def run_to_the_end(model: RandomModel, most: int) -> tuple[int, bool]:
    """Walk everything a model of one process can do; returns how many acts, and whether that was all. Raises what goes wrong."""
    walker = Walker(parse(model.drawing.xml), "case")
    ways = walker.everything(most)
    if ways.is_whole:
        assert not ways.hopeless(), "a state from which no end can be come to"
    walker.at_random(model.rng)
    return ways.acts, ways.is_whole


def run_woven(model: RandomModel, runs: int) -> None:
    """Go through both processes by lot until each run has ended, without what may happen at any time beside."""
    definition = parse(model.drawing.xml)
    for process_id in ("case", "assignment"):
        way = {id_ for id_, each in definition.elements.items() if "beside" not in each.properties or each.kind == "userTask"}
        walker = Walker(definition, process_id, only=way.__contains__)
        for _ in range(runs):
            walker.at_random(model.rng)


def alarms(model: RandomModel, *, is_woven: bool) -> list[tuple[str, str | None]]:
    xml = model.drawing.xml
    findings = check_model(xml).errors if is_woven else net_findings(processes_of(read_xml(xml))["case"])
    return [(finding.check, finding.element) for finding in findings]


def misses(faults: dict[str, Fault], seeds: range, *, is_woven: bool) -> tuple[Counter[str], list[str]]:
    """Break a model in each way and look for a finding at an element that is at fault; returns how many of each and what was missed."""
    made: Counter[str] = Counter()
    missed: list[str] = []
    for seed in seeds:
        for name, fault in faults.items():
            model = (woven if is_woven else alone)(Random(seed))
            at_fault = fault(model)
            if at_fault is None:
                continue
            made[name] += 1
            found = alarms(model, is_woven=is_woven)
            if not at_fault & {element for _, element in found if element}:
                missed.append(f"{name} (seed {seed}): {sorted(at_fault)} but {found[:3]}")
    return made, missed


@pytest.mark.exhaustive
def test_sound_models_of_one_process_pass_and_run_to_the_end_on_every_path(capsys: pytest.CaptureFixture[str]) -> None:
    false_alarms, acts, whole = [], 0, 0
    seeds = range(SEED, SEED + 40)
    for seed in seeds:
        model = alone(Random(seed))
        false_alarms += [f"seed {seed}: {found}" for found in alarms(model, is_woven=False)]
    for seed in seeds[:8]:
        done, is_whole = run_to_the_end(alone(Random(seed), most=20), MOST_ACTS)
        acts, whole = acts + done, whole + is_whole
    with capsys.disabled():
        print(f"\n{len(seeds)} sound nets: {len(false_alarms)} false alarms; 8 walked, {whole} whole, {acts} acts", end=" ")
    assert false_alarms == []


@pytest.mark.exhaustive
def test_sound_models_woven_into_the_shipped_one_pass_every_check_and_run(capsys: pytest.CaptureFixture[str]) -> None:
    false_alarms = []
    seeds = range(SEED, SEED + 2)
    for seed in seeds:
        model = woven(Random(seed), most=20)
        false_alarms += [f"seed {seed}: {found}" for found in alarms(model, is_woven=True)]
    run_woven(model, runs=1)
    with capsys.disabled():
        print(f"\n{len(seeds)} sound models: {len(false_alarms)} false alarms", end=" ")
    assert false_alarms == []


@pytest.mark.exhaustive
@pytest.mark.parametrize(("faults", "count", "is_woven"), [
    (NET_FAULTS, 12, False), ({**DRAWN_FAULTS, **RULE_FAULTS}, 1, True),
], ids=["nets", "models"])  # fmt: skip
def test_unsound_models_are_found_where_they_are_wrong(
    faults: dict[str, Fault], count: int, is_woven: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    made, missed = misses(faults, range(SEED, SEED + count), is_woven=is_woven)
    with capsys.disabled():
        print(f"\n{made.total()} unsound {'models' if is_woven else 'nets'} of {len(made)} kinds: {len(missed)} missed", end=" ")
    assert missed == []
    assert made.total() > count * len(faults) / 2


def test_models_have_as_many_elements_as_promised_and_are_drawn_from_their_seed_alone() -> None:
    for seed in range(SEED, SEED + 20):
        model = alone(Random(seed))
        assert len(model.drawing.processes["case"].nodes) <= MOST_ELEMENTS + 12
        assert alone(Random(seed)).drawing.xml == model.drawing.xml
