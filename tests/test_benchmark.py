"""The aims of the benchmark, held by a short run of it; the long one is `bin/soak benchmark`."""
from __future__ import annotations

import json
from typing import Any

import pytest

from tests.postgres import Cluster
from web import benchmark, benchmark_alone, benchmark_load, benchmark_table, benchmark_visitors
from web.benchmark_house import Scale
from web.benchmark_life import LIFE
from web.benchmark_visitors import Crew, HttpBrowser, Notebook, Timing

LIVES = 2
LEEWAY = 3
"""Machines that run tests are slow and shared. So the time is the processor's, and this many times the aim."""

MOST_STATEMENTS = 40
"""Of the longest step, distributing to two agencies: a query that is sent once more for each row would soon pass it."""


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("benchmark") / "kept" / "benchmark.json"
    measured = benchmark.run(lives=LIVES, out=out)
    assert json.loads(out.read_text(encoding="utf-8")) == measured
    print("\n".join(benchmark_table.lines(measured)))
    return measured


def test_a_life_has_thirteen_steps() -> None:
    assert len(LIFE) == 13


def test_a_step_through_the_use_cases_sends_few_statements(result: dict[str, Any]) -> None:
    step = result["ways"]["use_cases"]["step"]
    assert step["statements_p50"] <= benchmark_table.AIM_STATEMENTS
    assert step["statements_max"] <= MOST_STATEMENTS


def test_a_step_through_the_use_cases_is_quick(result: dict[str, Any]) -> None:
    assert result["ways"]["use_cases"]["step"]["processor_p50_ms"] <= benchmark_table.AIM_MS * LEEWAY


def test_the_state_of_a_waiting_instance_is_small(result: dict[str, Any]) -> None:
    assert 0 < result["state_bytes_per_waiting_instance"]["max"] < benchmark_table.AIM_STATE_BYTES


def test_engine_and_pages_are_measured_beside_the_use_cases(result: dict[str, Any]) -> None:
    assert set(result["ways"]) == {"engine", "use_cases", "http", "http_with_page"}
    for way in ("use_cases", "http"):
        assert set(result["ways"][way]["each"]) == {"file", *(step.name for step in LIFE)}


def test_it_runs_on_postgresql_and_refuses_a_database_in_use(postgres: Cluster) -> None:
    url = postgres.create("benchmark")
    try:
        step = benchmark.run(lives=1, database_url=url, with_pages=False)["ways"]["use_cases"]["step"]
        assert step["statements_p50"] <= benchmark_table.AIM_STATEMENTS
        with pytest.raises(benchmark.BenchmarkRefused):
            benchmark.run(lives=1, database_url=url, with_pages=False)
    finally:
        postgres.drop("benchmark")


SMALL = Scale(cases=300, open_steps=60, agencies=3, sessions=10, pace_seconds=1, steps_per_second=4, clients=2, seconds=2)
"""A house in which every kind of measurement still finds something to measure."""


def test_people_work_in_a_house_of_copied_cases_without_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark_alone, "ASKED", 5)    # what they take is nothing here: that each kind is there and answers
    monkeypatch.setattr(benchmark_alone, "PHOTOS", 1)
    measured = benchmark_load.run(SMALL)
    print("\n".join(benchmark_load.lines(measured)))
    figures = {each.name: each for each in measured.figures}
    assert measured.beside["cases"] == SMALL.cases
    assert measured.faults == []
    assert measured.beside["incidents"] == 0
    assert [name for name, each in figures.items() if each.value is None] == []
    assert [name for name, each in figures.items() if ("errors" in name or "statements" in name) and not each.is_met] == []
    assert [kind for kind, took in measured.beside["alone"].items() if not took["requests"]] == []
    assert measured.beside["public"].keys() == measured.beside["alone"].keys()
    assert measured.beside["photos"]["photos"] == benchmark_alone.PHOTOS


def test_a_house_has_enough_open_cases_for_its_crew_and_more_where_asked() -> None:
    assert Scale(cases=1_000, open_steps=60, seconds=60).cases_at_desks == 666
    assert Scale(cases=100_000, open_steps=2_000, seconds=60).cases_at_desks == 2_000
    assert Scale(cases=100_000, open_steps=60, seconds=60).cases_at_desks == 750


class EmptyInbox(HttpBrowser):
    """Somebody for whom nothing is to do."""

    def read_inbox(self, kind: str = "inbox") -> None:
        self.notebook.timings.append(Timing(kind, 0, 0, 200, "inbox"))


def test_whoever_finds_an_inbox_empty_leaves_it_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [1.0]
    monkeypatch.setattr(benchmark_visitors, "monotonic", lambda: moment[0])
    monkeypatch.setattr(benchmark_visitors, "sleep", lambda _seconds: None)
    notebook = Notebook()
    crew = Crew([EmptyInbox("127.0.0.1", 1, notebook, "only_one")], notebook)
    assert [crew.do_one() for _ in range(3)] == [False] * 3
    assert len(notebook.timings) == 1
    moment[0] += benchmark_visitors.EMPTY_SECONDS
    crew.do_one()
    assert len(notebook.timings) == 2
