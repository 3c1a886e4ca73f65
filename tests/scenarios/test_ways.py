"""Every way of rules.md, section 5, from filing to its end event: rows, clocks, tasks, what each side reads, messages and events."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from casework.db import db
from tests.build import World
from tests.conftest import environment_of, prepare_schema, running
from tests.scenarios.looking import (
    assignments_of,
    ends_of,
    events_of,
    findings,
    is_listed,
    limits_of,
    looked_at,
    messages_of,
    passed_by,
    promised_to,
    row_of,
)
from tests.scenarios.walking import FILED_AT, Walk, world_of_ways
from tests.scenarios.way import Outcome, Way, at
from tests.scenarios.ways import OF_SECTION_6, THE_LIST, WATCHERS, WAYS, lacking
from tests.whole import WHOLE, sample
from web.config import Config
from workflows.definitions.process import parse, shipped_model

VERIFIED_TOGETHER = 8
MODEL = parse(shipped_model())
IDS = frozenset(MODEL.elements) | frozenset(MODEL.flows.values())


def test_the_ways_are_those_of_the_list_in_its_order() -> None:
    named = [name for _, names in THE_LIST for name in names]
    assert [way.name for way in WAYS] == [*named, *OF_SECTION_6]


def test_the_model_has_every_way() -> None:
    assert lacking(IDS) == {}


@pytest.mark.parametrize("element", sorted(set(MODEL.elements) - WATCHERS))
def test_a_model_that_lacks_an_element_lacks_a_way(element: str) -> None:
    assert lacking(IDS - {element})


def test_a_model_without_an_objection_lacks_the_ways_of_objecting() -> None:
    kept = {flow for (source, target), flow in MODEL.flows.items() if "object_to_refusal" not in (source, target)}
    assert set(lacking((set(MODEL.elements) - {"object_to_refusal"}) | kept)) == {
        "refuse at verification", "refuse after classification, before any agency accepted", "objection of the reporter upheld",
        "objection of the reporter upheld, agencies had been asked", "objection of the reporter dismissed", "taken back: refuse",
    }


def test_every_way_out_of_a_decision_is_walked() -> None:
    walked = frozenset[str]().union(*(way.elements for way in WAYS))
    decisions = {id_ for id_, element in MODEL.elements.items() if element.kind in ("exclusiveGateway", "boundaryEvent")} - WATCHERS
    assert {flow for (source, _), flow in MODEL.flows.items() if source in decisions} - walked == set()


def test_every_end_of_a_case_is_the_end_of_some_way() -> None:
    ends = {element.id for element in MODEL.elements.values() if element.kind == "endEvent" and element.process_id == "case"}
    assert {outcome.end for way in WAYS for outcome in way.outcomes.values()} == ends


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for all ways, of either kind of database: each way has cases of its own, and looks at no others."""
    url = None
    if request.param == "postgres":
        url = request.getfixturevalue("postgres").create("ways", template=request.getfixturevalue("postgres_template"))
    config = Config.from_environment(environment_of(tmp_path_factory.mktemp("ways"), url))
    if url is None:
        prepare_schema(config)
    with running(config):
        yield world_of_ways()
    if url is not None:
        request.getfixturevalue("postgres").drop("ways")


class Verification:
    """What `langbiang verify` says of the world. It looks through the cases of all ways, so it is asked after every eighth and after the
    last that is walked; in a whole run after each."""

    def __init__(self, last: str) -> None:
        self.known, self.last = findings(at(FILED_AT)), last
        self.since: list[str] = []
        """The ways walked since it was asked."""

    def faults_after(self, way: Way, walk: Walk) -> list[str]:
        """What it says now and did not say before."""
        self.since.append(way.name)
        if not (WHOLE or way.name == self.last or len(self.since) == VERIFIED_TOGETHER):
            return []
        walked, self.since = self.since, []
        new = findings(walk.now) - self.known
        self.known |= new
        return [f"after {', '.join(walked)}: {check}: {words}" for check, words in sorted(new)]


@pytest.fixture(scope="module")
def verification(world: World, request: pytest.FixtureRequest) -> Verification:
    kind = "sqlite" if db.engine.dialect.name == "sqlite" else "postgres"
    given = [item.callspec.params for item in request.session.items if item.path == request.path and hasattr(item, "callspec")]
    return Verification([each["way"].name for each in given if each.get("world") == kind][-1])


def differences(walk: Walk, name: str, outcome: Outcome) -> list[str]:
    """What a case has come to, held against what the rules say; one line for each part that differs."""
    case, looks = walk.cases[name], {moment: look for (of, moment), look in walk.looks.items() if of == name}
    pairs: dict[str, tuple[object, object]] = {f"look at {moment}": (looks.get(moment), look) for moment, look in outcome.looks.items()}
    pairs |= {
        "end": (ends_of(case), {outcome.end}),
        "passed": (outcome.elements & passed_by(case), outcome.elements),
        "row": (row_of(case), outcome.row),
        "last look": (looked_at(walk.world, walk.cases, name, walk.reports[name], walk.now), outcome.last),
        "in the public list": (is_listed(case), outcome.last.public is not None),
        "assignments": (assignments_of(case), list(outcome.assignments)),
        "limits": (limits_of(case), sorted(outcome.limits, key=repr)),
        "messages": (messages_of(walk.world, case), sorted(outcome.messages)),
        "events": (events_of(case), list(outcome.events)),
    }
    if outcome.row.answered and any(message.startswith("report_classified") for message in outcome.messages):
        pairs["promised"] = (promised_to(case), outcome.last.due)
    return [f"{name}, {part}: {_told(seen, wanted)}" for part, (seen, wanted) in pairs.items() if seen != wanted]


def _told(seen: object, wanted: object) -> str:
    if isinstance(seen, list | set | frozenset) and isinstance(wanted, list | set | frozenset):
        more, less = Counter(seen) - Counter(wanted), Counter(wanted) - Counter(seen)
        if more or less:
            return f"is there and should not be: {list(more.elements())}; is missing: {list(less.elements())}"
    return f"is {seen}; should be {wanted}"


WALKED = [("sqlite", way) for way in WAYS] + [("postgres", way) for way in sample(WAYS, 8)]
"""On which database each way is walked."""


# without the scope, which a way given directly would take away, each way had a world of its own: most of the time went to migrations
@pytest.mark.parametrize(("world", "way"), WALKED, ids=lambda part: getattr(part, "name", part), indirect=["world"], scope="module")
def test_the_way_is_as_the_rules_say(world: World, verification: Verification, way: Way) -> None:
    walk = way.walk(world)
    found = [line for name, outcome in way.outcomes.items() for line in differences(walk, name, outcome)]
    found += verification.faults_after(way, walk)
    assert not found, "\n".join(found)
