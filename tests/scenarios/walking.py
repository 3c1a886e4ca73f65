"""Walking: each step at a given local time, by a named person, through the real use cases, the engine and the worker's jobs."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.models import Agency, Assignment, Case, Event, Report
from casework.permissions import Role
from casework.public.cases import PublicCase, public_case
from casework.publishing.ratings import RateInput
from tests import build
from tests.scenarios.looking import looked_at
from tests.scenarios.way import MAIN, Look, at
from workflows.models import Timer
from workflows.running import reporter_steps
from workflows.running.rating import rate_report
from workflows.running.wakeups import deliver_messages, fire_due_timers

FILED_AT = "02/03 10:00"
JUST_BEFORE = timedelta(microseconds=1)


def world_of_ways() -> build.World:
    """The standard world, and two small agencies whose one officer leads them as well: one under PTNMT, one under nobody."""
    world = build.standard_world()
    with unit_of_work():
        for key, name_vi, name_en, parent in (
            ("DOI", "Đội Quản lý trật tự đô thị", "Urban Order Squad", world.agencies["PTNMT"].id),
            ("TO", "Tổ bảo vệ rừng Păng Tiêng", "Păng Tiêng Forest Guards", None),
        ):
            row = build.agency(world, key, name_vi, name_en, parent_id=parent)
            alone = build.staff(world, f"officer_{key}", Role.OFFICER, agency=row)
            alone.memberships.append(build.Membership(role=Role.AGENCY_LEADER, agency_id=row.id, valid_from=build.LONG_AGO))
    return world


@dataclass
class Walk:
    """One way being walked: its cases by name, whom it looked at when, and the last moment."""

    world: build.World
    cases: dict[str, Case] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    looks: dict[tuple[str, str], Look] = field(default_factory=dict)
    now: datetime = at(FILED_AT)

    @property
    def case(self) -> Case:
        return self.cases[MAIN]

    def agency(self, key: str) -> Agency:
        return self.world.agencies[key]

    def newest(self, key: str, of: str = MAIN) -> Assignment:
        """The newest assignment of an agency."""
        return [row for row in self.cases[of].assignments if row.agency.key == key][-1]

    def file(self, when: str = FILED_AT, *, by: str = "citizen", of: str = MAIN, **arguments: Any) -> None:
        filed = build.file_report(self.world, by=by, now=self._at(when), **arguments)
        self.cases[of], self.reports[of] = filed.case, filed.report

    def do(
        self, when: str, element: str, by: str, *, of: str = MAIN, act: str | None = None, agency: str | None = None, **form: Any
    ) -> None:
        """A step of the process."""
        named = self.agency(agency) if agency else None
        build.do(self.world, self.cases[of], element, by, act=act, agency=named, now=self._at(when), **form)

    def act(self, when: str, verb: str, by: str, *, of: str = MAIN, work_of: str | None = None, **form: Any) -> None:
        """An act beside the tokens: on the case, or on the newest assignment of an agency."""
        named = self.newest(work_of, of) if work_of else None
        build.act(self.world, self.cases[of], verb, by, assignment=named, now=self._at(when), **form)

    def own(self, when: str, element: str, *, by: str = "citizen", of: str = MAIN, **form: Any) -> None:
        """A reporter's step, found for them on their own page."""
        now, case, report = self._at(when), self.cases[of], self.reports[of]
        actor = self.world.actor(by, now)
        with unit_of_work():
            given = build.input_at(build.waiting(case, element), None, {"report": report, **form})
            assert given is not None
            reporter_steps.do_own_step(case, element, by=actor, now=now, given=given)

    def rate(self, when: str, level: str, *, by: str = "citizen", of: str = MAIN, reason: str = "", in_case: str = MAIN) -> None:
        """A verdict on the reporter's own page, of the report filed as `of`."""
        now, case, report = self._at(when), self.cases[in_case], self.reports[of]
        actor = self.world.actor(by, now)
        with unit_of_work():
            rate_report(lock_case(case.id), RateInput(report=report, level=level, reason=reason), by=actor, now=now)

    def window_ends(self, when: str, element: str, *, of: str = MAIN) -> None:
        """The timer of that element is due at that instant: it fires then, once, and not a moment before."""
        now, case_id = self._at(when), self.cases[of].id
        query = select(Timer).where(Timer.case_id == case_id, Timer.element == element, Timer.ended_at.is_(None))
        timer = db.session.scalars(query).one()
        assert timer.due_at == now
        fire_due_timers(now - JUST_BEFORE)
        db.session.refresh(timer)
        assert timer.fired_at is None
        fire_due_timers(now)
        db.session.refresh(timer)
        assert timer.fired_at == now
        assert fire_due_timers(now) == 0

    def messages_delivered(self, when: str) -> None:
        deliver_messages(self._at(when))

    def look(self, name: str, *, of: str = MAIN) -> None:
        self.looks[of, name] = looked_at(self.world, self.cases, of, self.reports[of], self.now)

    def public(self, of: str = MAIN) -> PublicCase:
        """What the public reads of a case it may know of."""
        db.session.expire_all()
        found = public_case(self.cases[of].code)
        assert found is not None
        return found

    @contextmanager
    def refused(self, refusal: type[Exception]) -> Iterator[None]:
        """What is tried inside is refused, and leaves nothing."""
        before = self._events()
        with pytest.raises(refusal):
            yield
        db.session.expire_all()
        assert self._events() == before

    def _events(self) -> int:
        ids = [case.id for case in self.cases.values()]
        return db.session.scalar(select(func.count()).select_from(Event).where(Event.case_id.in_(ids))) or 0

    def _at(self, when: str) -> datetime:
        self.now = at(when)
        return self.now
