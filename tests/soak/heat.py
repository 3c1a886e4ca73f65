"""The heat map over 100,000 cases: a year of facts written as rows, counted by the job, and the page's numbers read, on both databases."""
from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from sqlalchemy import func, insert, select, text

from casework.db import db, unit_of_work
from casework.models import Assignment, Case, Field
from tests import build
from tests.conftest import environment_of, prepare_schema, running
from tests.postgres import Cluster
from tests.soak.runs import Options, Round, Run
from web.config import Config
from workflows.bottlenecks.keeping import recount_step_times
from workflows.bottlenecks.reading import BottleneckQuery, heat, last_months
from workflows.bottlenecks.variants import variants
from workflows.models import FAR, ProcessInstance, StepFact, StepTimes, WaitingTask
from workflows.versions.live import live_version

END = datetime(2026, 3, 31, 12, tzinfo=UTC)
DAYS = 365
PIECE = 2_000
OWN = ("verify", "classify", "distribute", "publish", "rate")
MORE_AGENCIES = 17
AIMS = {"sqlite": 3.0, "postgres": 1.0}
TRIES = 5


def seed_cases(world: build.World, number: int, *, lot: random.Random) -> int:
    """Write so many ended cases of the last year straight into the tables, ten passages each on average. Returns the passages.

    Ids are taken after the highest there is; nothing else may write meanwhile.
    """
    version, operator = live_version(None), world.people["operator"].id
    fields = list(db.session.scalars(select(Field.id)))
    agencies = [row.id for row in world.agencies.values()]
    centre = world.centre.id
    models = (Case, Assignment, ProcessInstance, WaitingTask)
    next_id = {model: (db.session.scalar(select(func.max(model.id))) or 0) + 1 for model in models}
    passages = 0
    for start in range(0, number, PIECE):
        rows: dict[Any, list[dict[str, Any]]] = {Case: [], Assignment: [], ProcessInstance: [], WaitingTask: [], StepFact: []}
        for place in range(start, min(start + PIECE, number)):
            opened = END - timedelta(minutes=lot.randrange(DAYS * 1440))
            passages += _seed_case(rows, next_id, place, opened, lot, fields, agencies, centre, version.id, operator)
        with unit_of_work():
            for model, told in rows.items():
                db.session.execute(insert(model), told)
    with unit_of_work():
        if db.engine.dialect.name == "postgresql":
            for model in rows:
                name = model.__tablename__
                db.session.execute(text(f"SELECT setval(pg_get_serial_sequence('\"{name}\"', 'id'), (SELECT MAX(id) FROM \"{name}\"))"))
        db.session.execute(text("ANALYZE"))
    return passages


def _seed_case(
    rows: dict[Any, list[dict[str, Any]]], next_id: dict[Any, int], place: int, opened: datetime, lot: random.Random, fields: list[int],
    agencies: list[int], centre: int, version: int, operator: int,
) -> int:  # fmt: skip
    def new(model: Any, **columns: Any) -> int:
        row_id = next_id[model]
        next_id[model] += 1
        rows[model].append({"id": row_id, **columns})
        return row_id

    agency, at = lot.choice(agencies), opened
    case = new(Case, code=f"LD-2025-{place + 1_000_000}", ref=f"c{place:015d}", centre_id=centre, state="closed", source="citizen",
               opened_at=opened, clock_starts="filing", field_id=lot.choice(fields), version=1)
    part = new(Assignment, ref=f"a{place:015d}", case_id=case, agency_id=agency, slot="lead", state="approved", distributed_at=opened,
               distributed_by_id=operator, ended_at=opened + timedelta(days=9), version=1)
    theirs = ("accept_assignment", *("submit_answer", "approve_answer") * lot.choice((1, 1, 1, 2, 3)))
    steps = [*((step, None) for step in OWN[:3]), *((step, part) for step in theirs), *((step, None) for step in OWN[3:])]
    own = new(ProcessInstance, process_id="case", version_id=version, case_id=case, assignment_id=None, state=b"", status="ended",
              started_at=opened, ended_at=opened + timedelta(days=20), version=1)
    other = new(ProcessInstance, process_id="assignment", version_id=version, case_id=case, assignment_id=part, state=b"", status="ended",
                started_at=opened, ended_at=opened + timedelta(days=9), version=1)
    for number, (step, of) in enumerate(steps):
        entered, minutes = at, int(lot.expovariate(1 / 300))
        at += timedelta(minutes=minutes * 3 + 1)
        instance, engine_task = (other if of else own), f"{place:012d}-{number:03d}"
        new(WaitingTask, ref=f"t{next_id[WaitingTask]:015d}", instance_id=instance, version_id=version, engine_task=engine_task,
            element=step, desk=f"officer@a{agency}" if of else f"operator@c{centre}", case_id=case, assignment_id=of, centre_id=centre,
            agency_id=agency if of else None, due_at=entered + timedelta(days=2) if of else FAR, state="done", entered_at=entered,
            done_at=at, outcome=None)
        rows[StepFact].append({"instance_id": instance, "engine_task": engine_task, "case_id": case, "assignment_id": of,
                               "version_id": version, "element": step, "entered_at": entered, "left_at": at, "working_minutes": minutes})
    return len(steps)


@contextmanager
def seeded(kind: str, cases: int, seed: int) -> Iterator[tuple[Flask, build.World, int]]:
    """An installation with so many cases behind it."""
    with TemporaryDirectory(prefix="langbiang-heat-") as folder:
        cluster = Cluster() if kind == "postgres" else None
        try:
            if cluster is not None:
                cluster.start()
            config = Config.from_environment(environment_of(Path(folder), cluster.create("heat") if cluster else None))
            prepare_schema(config)
            with running(config) as app:
                world = build.standard_world()
                with unit_of_work():
                    for number in range(MORE_AGENCIES):
                        build.agency(world, f"CQ-{number}", f"Cơ quan {number}", f"Agency {number}")
                yield app, world, seed_cases(world, cases, lot=random.Random(seed))
        finally:
            if cluster is not None:
                cluster.stop()


def _seconds(do: Callable[[], Any], tries: int = TRIES) -> list[float]:
    found = []
    for _ in range(tries):
        db.session.rollback()
        begun = time.monotonic()
        do()
        found.append(round(time.monotonic() - begun, 3))
    return found


def measured(kind: str, cases: int, seed: int) -> dict[str, Any]:
    """Count and read; raises AssertionError above the aim."""
    with seeded(kind, cases, seed) as (_app, world, passages):
        by, first_last = world.actor("ops_lead", END), last_months(END, 14)
        wanted = BottleneckQuery(*first_last)
        counting = _seconds(lambda: recount_step_times(END), 1)
        found = heat(wanted, by=by)
        assert sum(measures.passages for _element, measures in found.all) > 0.9 * passages
        whole = _seconds(lambda: heat(wanted, by=by))
        one = BottleneckQuery(*first_last, version=found.drawn, field="rung_dat_moi_truong", agency=world.agencies["PTNMT"])
        told = {
            "cases": cases, "passages": passages, "rows": db.session.scalar(select(func.count(StepTimes.id))),
            "recount_seconds": counting, "heat_seconds": whole, "heat_of_field_and_agency_seconds": _seconds(lambda: heat(one, by=by)),
            "variants_seconds": _seconds(lambda: variants(wanted, by=by), 2),
        }  # fmt: skip
        assert max(whole) <= AIMS[kind], told
        return told


def _rounds(options: Options) -> Iterator[tuple[str, Round]]:
    for kind in AIMS:
        yield kind, lambda kind=kind: measured(kind, options.runs, options.seed)  # type: ignore[misc]


RUN = Run("heat", "the heat map over so many cases, on SQLite and PostgreSQL", 100_000, _rounds)
