"""Every way of rules.md, section 5, from filing to its end event: rows, clocks, tasks, public state, messages and events as the rules say."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

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
    row_of,
)
from tests.scenarios.walking import FILED_AT, Walk, world_of_ways
from tests.scenarios.way import Outcome, Way, at
from tests.scenarios.ways import WAYS
from web.config import Config


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
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


@pytest.fixture(scope="module")
def known(world: World) -> set[tuple[str, str]]:
    """What the verification has found so far: a way answers only for what it leaves itself."""
    return findings(at(FILED_AT))


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
    return [f"{name}, {part}: {_told(seen, wanted)}" for part, (seen, wanted) in pairs.items() if seen != wanted]


def _told(seen: object, wanted: object) -> str:
    if isinstance(seen, list | set | frozenset) and isinstance(wanted, list | set | frozenset):
        more, less = Counter(seen) - Counter(wanted), Counter(wanted) - Counter(seen)
        if more or less:
            return f"is there and should not be: {list(more.elements())}; is missing: {list(less.elements())}"
    return f"is {seen}; should be {wanted}"


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_the_way_is_as_the_rules_say(world: World, known: set[tuple[str, str]], way: Way) -> None:
    walk = way.walk(world)
    found = [line for name, outcome in way.outcomes.items() for line in differences(walk, name, outcome)]
    new = findings(walk.now) - known
    known |= new
    assert not found, "\n".join(found)
    assert not new
