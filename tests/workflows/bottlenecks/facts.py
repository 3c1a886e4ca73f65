"""A hand-made table of facts: steps that were done or withdrawn, written as rows and not walked, so that every number can be counted.

    ground = facts.Ground(world)
    case = ground.case(agencies=("PTNMT",))                                    # an ended case with its processes
    ground.step(case, "verify", at=local(3, 2, 9), minutes=30)                 # done then, after so many office minutes
"""
from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from casework.db import db
from casework.local_time import LOCAL_ZONE
from casework.models import Assignment, Case
from tests import build
from workflows.models import FAR, ProcessInstance, ProcessVersion, StepFact, WaitingTask
from workflows.versions.live import live_version

_numbers = count(1)


def local(month: int, day: int, hour: int = 9, minute: int = 0, *, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=LOCAL_ZONE)


class Ground:
    """Rows of one world, inside the caller's unit of work."""

    def __init__(self, world: build.World, version: ProcessVersion | None = None) -> None:
        self.world, self.version = world, version or live_version(None)

    def case(self, *agencies: str, field: str = "rung_dat_moi_truong", ended_at: datetime | None = None, **columns: Any) -> Case:
        number = next(_numbers)
        case = Case(code=f"LD-2026-{700_000 + number}", centre_id=self.world.centre.id, state="closed", source="citizen",
                    opened_at=local(1, 2), clock_starts="filing", field_id=self.world.field(field).id, **columns)
        db.session.add(case)
        db.session.flush()
        rows = [Assignment(case_id=case.id, agency_id=self.world.agencies[key].id, slot="lead" if not place else "cooperating",
                           state="approved", distributed_at=local(1, 3), ended_at=ended_at,
                           distributed_by_id=self.world.people["operator"].id) for place, key in enumerate(agencies)]
        db.session.add_all(rows)
        db.session.flush()
        for row in (None, *rows):
            db.session.add(ProcessInstance(process_id="assignment" if row else "case", version_id=self.version.id, case_id=case.id,
                                           assignment_id=row.id if row else None, state=b"", status="ended" if ended_at else "running",
                                           started_at=local(1, 2), ended_at=ended_at))
        db.session.flush()
        return case

    def step(self, case: Case, element: str, *, at: datetime, minutes: int | None = 60, agency: str | None = None,
             due: datetime | None = None,
             state: str = "done", outcome: str | None = None, role: str = "operator", version: ProcessVersion | None = None) -> None:
        agency_id = self.world.agencies[agency].id if agency else None
        query = db.session.query(ProcessInstance).filter_by(case_id=case.id)
        if agency is None:
            instance = query.filter(ProcessInstance.assignment_id.is_(None)).one()
        else:
            instance = query.join(Assignment).filter(Assignment.agency_id == agency_id).one()
        version_id, engine_task = (version or self.version).id, f"task-{next(_numbers)}"
        entered = at - timedelta(minutes=minutes or 0)
        db.session.add(WaitingTask(
            instance_id=instance.id, version_id=version_id, engine_task=engine_task, element=element, case_id=case.id,
            desk=f"{role}@{f'a{agency_id}' if agency else f'c{case.centre_id}'}", assignment_id=instance.assignment_id,
            centre_id=case.centre_id, agency_id=agency_id, due_at=due or FAR, state=state, entered_at=entered, done_at=at, outcome=outcome,
            urgent=False,
        ))
        db.session.add(StepFact(
            instance_id=instance.id, engine_task=engine_task, case_id=case.id, assignment_id=instance.assignment_id, version_id=version_id,
            element=element, entered_at=entered, left_at=at, working_minutes=minutes,
        ))
        db.session.flush()
