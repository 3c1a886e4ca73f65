"""kill -9 while twenty people work: nothing anybody was told is lost or doubled. `bin/soak kills` does it fifty times."""
from __future__ import annotations

from pathlib import Path

import pytest

from tests import build
from tests.kill.checking import violations
from tests.kill.installation import CITIZENS, prepare
from tests.kill.journal import acts_told
from tests.kill.killing import EVERYTHING, Server, work_and_kill
from tests.whole import WHOLE

pytestmark = pytest.mark.exhaustive

KILLS, SEED = 5 if WHOLE else 2, 20221107
"""Of the aims, the first two are the moments at which a kill would hurt most; `bin/soak whole` takes each."""


@pytest.mark.slow
def test_what_was_acknowledged_survives_kills(tmp_path: Path) -> None:
    variables, staff = prepare(tmp_path / "installation", None)
    server = Server(variables, tmp_path / "server.log")
    done = work_and_kill(server, staff, build.PASSWORD, citizens=CITIZENS, kills=KILLS, seed=SEED, folder=tmp_path / "journals")
    assert done["complaints"] == []
    assert done["people"] == 20
    assert violations(variables, tmp_path / "journals") == []
    assert sum(1 for kill in done["kills"] if kill["in_flight"]) * 2 >= KILLS
    assert any(kill["aim"] == "between file and commit" and kill["hit"] for kill in done["kills"])
    assert set(acts_told(tmp_path / "journals")) >= EVERYTHING


@pytest.mark.slow
def test_a_server_that_answers_before_it_commits_is_found_out(tmp_path: Path) -> None:
    """The control: the same people, the commit behind the response, killed in between."""
    variables, staff = prepare(tmp_path / "installation", None)
    server = Server(variables, tmp_path / "server.log", ("--commit-after-response",))
    found: list[str] = []
    for attempt in range(3):                                            # the first is mostly enough
        journals = tmp_path / f"journals-{attempt}"
        work_and_kill(server, staff, build.PASSWORD, citizens=CITIZENS, kills=1, seed=SEED + attempt, folder=journals,
                      aims=["just before the commit"], afterwards=0)
        if found := violations(variables, journals):
            break
    assert found
