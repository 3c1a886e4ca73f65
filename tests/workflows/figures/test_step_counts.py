"""Open steps counted by element of a version."""
from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import event, text

from casework.db import db
from casework.permissions import Role, actor_for
from tests import build
from tests.second_centre import of_the_installation, second_world
from workflows.figures import step_counts
from workflows.figures.step_counts import open_steps
from workflows.versions.live import live_version


@pytest.mark.exhaustive
def test_open_steps_are_counted_with_those_that_rest(app: Flask) -> None:
    world = build.standard_world()
    cases = [build.case_at(world, state) for state in ("to_verify", "to_verify", "to_classify", "handling", "closed")]
    build.act(world, cases[2], "hold", "ops_lead", until=build.NOON.date().replace(day=6), reason="Chờ kết quả giám định.")
    version = live_version(world.centre.id)
    by = world.actor("administrator")
    assert open_steps(version, by=by) == {"verify": 2, "classify": 1, "resume": 1, "submit_answer": 1}


def test_steps_of_other_centres_are_not_counted_for_a_role_of_one(sqlite_app: Flask) -> None:
    world = build.standard_world()
    other = second_world(world)
    build.file_report(world)
    for _ in range(2):
        build.file_report(other)
    inspector = of_the_installation(world, "inspector_of_all", Role.INSPECTOR)
    version = live_version(None)
    for by, number in ((world.actor("administrator"), 1), (other.actor("administrator"), 2), (actor_for(inspector, now=build.NOON), 3)):
        assert open_steps(version, by=by) == {"verify": number}


@pytest.mark.parametrize("role", ["administrator", "admin_of_all"])
def test_counting_stops_at_the_bound_and_reads_the_index_alone(app: Flask, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    world = build.standard_world()
    of_the_installation(world, "admin_of_all", Role.ADMINISTRATOR)
    for _ in range(3):
        build.file_report(world)
    version, by = live_version(world.centre.id), world.actor(role)
    monkeypatch.setattr(step_counts, "MOST", 2)
    sent: list[tuple[str, object]] = []
    event.listen(db.engine, "before_cursor_execute", lambda _c, _k, statement, given, *_: sent.append((statement, given)))
    assert open_steps(version, by=by) == {"verify": 2}
    [(statement, given)] = [each for each in sent if "waiting_task" in each[0]]
    is_sqlite = db.engine.dialect.name == "sqlite"
    if not is_sqlite:
        db.session.execute(text("SET LOCAL enable_seqscan = off"))        # three rows are read faster than any index
    raw = db.session.connection().connection.cursor()
    raw.execute(("EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN ") + statement, given)
    plan = "\n".join(str(row) for row in raw.fetchall())
    assert "ix_waiting_task_version" in plan
    assert not re.search(r"SCAN waiting_task|Seq Scan", plan), plan
    print(plan[:1500])
