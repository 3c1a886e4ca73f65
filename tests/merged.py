"""Two cases about one matter: merged, split and looked at again, through the use cases alone."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.merging import merge as merging
from casework.merging.merge import MergeInput
from casework.merging.split import SplitInput
from casework.models import Assignment, Case, Clock, Follower, OutboxMessage, Report
from tests import build


def merge(
    world: build.World, case: Case, into: Case, *, by: str = "operator", now: datetime | None = None, reason: str = ""
) -> dict[str, Any]:
    """Merge `case` into `into`, a little after the last thing that happened in either."""
    moment = now or max(build.next_moment(case), build.next_moment(into))
    actor = world.actor(by, moment)
    with unit_of_work():
        return merging.merge(lock_case(case.id), MergeInput(into=db.session.get_one(Case, into.id), reason=reason), by=actor, now=moment)


def split(world: build.World, case: Case, report: Report, *, by: str = "operator", now: datetime | None = None) -> dict[str, Any]:
    """Split a report off."""
    moment = now or build.next_moment(case)
    actor, report_id = world.actor(by, moment), report.id
    with unit_of_work():
        main = lock_case(case.id)
        return merging.split(
            main, SplitInput(report=db.session.get_one(Report, report_id), reason="Hai việc khác nhau."), by=actor, now=moment
        )


def running(case: Case) -> dict[tuple[str, int | None], datetime | None]:
    """The due instants of the limits of a case that run, by kind and assignment."""
    query = db.select(Clock).where(Clock.case_id == case.id, Clock.ended_at.is_(None))
    return {(clock.kind, clock.assignment_id): clock.due_at for clock in db.session.scalars(query)}


def assignment_of(case: Case, key: str) -> Assignment:
    """The newest assignment of an agency in a case."""
    return [row for row in case.assignments if row.agency.key == key][-1]


def told(report: Report) -> list[str]:
    """The templates sent to a report's sender, oldest first."""
    query = db.select(OutboxMessage.template).where(OutboxMessage.recipient == f"reporter:{report.reporter_id}")
    return list(db.session.scalars(query.order_by(OutboxMessage.id)))


def told_desk(desk: str) -> list[str]:
    """The templates sent to a desk, oldest first."""
    query = db.select(OutboxMessage.template).where(OutboxMessage.recipient == f"desk:{desk}")
    return list(db.session.scalars(query.order_by(OutboxMessage.id)))


def following(case: Case) -> set[int]:
    """Who follows a case, by account."""
    return set(db.session.scalars(db.select(Follower.account_id).where(Follower.case_id == case.id, Follower.ended_at.is_(None))))
