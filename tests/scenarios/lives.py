"""Many people acting at random on many cases, and what must hold whatever they do."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import func, select

from casework.clocks.reminders import send_reminders
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.facts.daily import sum_up_days
from casework.facts.keeping import keep_facts
from casework.facts.verification import check_facts
from casework.models import Assignment, Case, Clock, Event, Report
from casework.parts import open_parts, parts_of
from casework.permissions import Actor, actor_for
from casework.permissions.sight import Sight, case_seen_by, sees
from casework.states import CaseState, Standstill
from casework.verification import cases as case_verification
from casework.verification.chains import check_chains
from tests import build
from tests.scenarios.lives_forms import ACT_FORMS, ASSIGNMENT_FORMS, Forms
from workflows.bindings import BINDINGS
from workflows.desk_access import REPORTER, own_desk
from workflows.models import Incident, WaitingTask
from workflows.running import acts, steps
from workflows.running.wakeups import deliver_messages, fire_due_timers
from workflows.verification import check_process

WITHOUT_PUBLICATION = ("correct_publication", "unpublish")
NEVER_EARLIER_BUT = {"merge", "split", "classify"}
"""Acts after which the day of a case may come sooner: it became urgent, took the earlier day of another one, or left it again."""


class Lives:
    """The cases of one world, acted on by everybody. `now` only goes forward; what refused is counted by its reason."""

    def __init__(self, world: build.World, random: Random) -> None:
        self.world, self.random = world, random
        # another life may have been led in this world before: time goes on from there
        self.now = max(build.NOON, db.session.scalar(select(func.max(Event.at))) or build.NOON)
        self.case_ids: list[int] = []
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.promised: dict[int, datetime] = {}

    # -- what people do ------------------------------------------------------------------------------------------------

    def file(self) -> None:
        """A report by a citizen, a guest or from a camera, urgent or not."""
        by = self.random.choice(["citizen", "citizen", "citizen_2", "guest", "camera"])
        urgent = self.random.random() < 0.3
        if by == "camera":
            filed = build.file_report(self.world, by="operator", now=self.now, source="camera", contact=None)
        else:
            filed = build.file_report(self.world, by=by, now=self.now, marked_urgent=urgent)
        self.case_ids.append(filed.case.id)
        self.done["file"] += 1

    def do_a_step(self) -> None:
        """Any open step, mostly by somebody at its desk."""
        self._pass(minutes=self.random.randint(1, 240))
        query = select(WaitingTask).where(WaitingTask.state.in_(("waiting", "frozen"))).order_by(WaitingTask.id)
        tasks = list(db.session.scalars(query))
        if not tasks:
            return
        task = self.random.choice(tasks)
        step = BINDINGS.steps[task.element]
        verb = self.random.choice(list(step.acts))
        case = task.case
        form = Forms(self.world, self.random, self.now).of_step(task.element, verb, case)
        by = self._somebody_at(task, form.get("report"))
        ref, given = task.ref, build.input_at(task, verb, form)
        self._try(f"{task.element}/{verb}", case, lambda: steps.perform(ref, by=by, now=self.now, act=verb, given=given))

    def act_beside(self, verbs: Sequence[str] = (), among: Sequence[int] = ()) -> None:
        """Any act beside the tokens, or one of these, on any case, or one of these, by anybody who could mean it."""
        self._pass(minutes=self.random.randint(1, 240))
        if not self.case_ids:
            return
        case = db.session.get_one(Case, self.random.choice(among or self.case_ids[-12:]))
        forms = Forms(self.world, self.random, self.now)
        verb = self.random.choice(sorted(verbs or [*ACT_FORMS, *ASSIGNMENT_FORMS]))
        if verb in ("quarantine", "hand_over") and self.random.random() < 0.8:
            return
        assignment: Assignment | None = None
        if verb in ASSIGNMENT_FORMS:
            if not case.assignments:
                return
            assignment = self.random.choice(case.assignments)
            form = ASSIGNMENT_FORMS[verb](forms, assignment)
        else:
            form = ACT_FORMS[verb](forms, case)
        if verb in WITHOUT_PUBLICATION and form["publication"] is None:
            return
        by = self._somebody_for(verb, assignment, form.get("report"))
        ref, assignment_ref, given = case.ref, assignment.ref if assignment else None, build.input_to_act(verb, form)
        self._try(verb, case, lambda: acts.act(ref, verb, by=by, now=self.now, assignment_ref=assignment_ref, given=given))

    def let_time_pass(self) -> None:
        """Hours or days go by, and the worker does what is due."""
        self._pass(minutes=self.random.choice([30, 300, 1440, 3 * 1440, 9 * 1440]))
        fire_due_timers(self.now)
        deliver_messages(self.now)
        send_reminders(self.now)
        db.session.rollback()
        self.done["time"] += 1

    def _pass(self, *, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    def _try(self, what: str, case: Case, act: Callable[[], Any]) -> None:
        case_id = case.id
        try:
            with unit_of_work():
                act()
        except CaseworkError as refusal:
            self.refused[f"{what}: {type(refusal).__name__}"] += 1
            db.session.rollback()
        else:
            self.done[what] += 1
            db.session.expire_all()
            if what == "divide":
                self.case_ids += [part.id for part in parts_of(db.session.get_one(Case, case_id)) if part.id not in self.case_ids]
            self.check_case(db.session.get_one(Case, case_id))

    # -- who -----------------------------------------------------------------------------------------------------------

    def _somebody_at(self, task: WaitingTask, report: Report | None) -> Actor:
        if self.random.random() < 0.08:
            return self._anybody()
        if task.desk.startswith(REPORTER):
            return self._sender(report or task.case.main_report)
        fitting = [name for name in self._staff() if own_desk(self.world.actor(name, self.now), task.desk) is not None]
        return self.world.actor(self.random.choice(fitting), self.now) if fitting else self._anybody()

    def _somebody_for(self, verb: str, assignment: Assignment | None, report: Report | None) -> Actor:
        if self.random.random() < 0.08:
            return self._anybody()
        if verb in ("withdraw_report", "write_to_centre") and report is not None:
            return self._sender(report)
        if verb in ("follow", "unfollow"):
            return self.world.actor(self.random.choice(["citizen", "citizen_2"]), self.now)
        if verb in ("progress_note", "request_extension") and assignment is not None:
            return self.world.actor(f"officer_{assignment.agency.key}", self.now)
        names = {"direct": "committee_leader", "hand_over": "confidential_reader", "hold": "ops_lead", "close_without_answer": "ops_lead"}
        return self.world.actor(names.get(verb) or self.random.choice(["operator", "ops_lead"]), self.now)

    def _sender(self, report: Report) -> Actor:
        reporter = report.reporter
        account = reporter.account if reporter is not None else None
        return actor_for(account, now=self.now, tracked_report_ids=() if account else [report.id])

    def _anybody(self) -> Actor:
        return self.world.actor(self.random.choice(sorted(self.world.people)), self.now)

    def _staff(self) -> list[str]:
        return [name for name, account in sorted(self.world.people.items()) if account.kind == "staff"]

    # -- what must hold ------------------------------------------------------------------------------------------------

    def check_case(self, case: Case) -> None:
        """What a single case must never be."""
        open_rows = [row.agency.key for row in case.assignments if row.is_open]
        assert case.closed_at is None or not open_rows, f"{case.code} has ended as {case.state} with {open_rows} still at work"
        waiting = db.session.scalar(
            select(func.count()).select_from(WaitingTask).where(WaitingTask.case_id == case.id, WaitingTask.state == "waiting")
        )
        goes_on = case.closed_at is None and case.standstill is not Standstill.MERGED
        assert not goes_on or waiting or open_parts(case), f"{case.code} at {case.state} waits for nobody"
        self._check_promise(case)
        self._check_sight(case)

    def _check_promise(self, case: Case) -> None:
        query = select(Clock).where(Clock.case_id == case.id, Clock.kind == "case").order_by(Clock.id.desc())
        clock = db.session.scalars(query).first()
        if clock is None or clock.due_at is None:
            return
        last = db.session.scalars(select(Event.type).where(Event.case_id == case.id).order_by(Event.seq.desc()).limit(3)).all()
        earlier = self.promised.get(clock.id)
        assert earlier is None or clock.due_at >= earlier or NEVER_EARLIER_BUT & set(last), (
            f"{case.code}: the promised {earlier} became {clock.due_at} by {last}"
        )
        self.promised[clock.id] = clock.due_at

    def _check_sight(self, case: Case) -> None:
        """The table of rules.md, section 2, for one person drawn by lot, told here from the rows alone."""
        name = self.random.choice(sorted(self.world.people))
        by = self.world.actor(name, self.now)
        in_house, quarantined = name in ("operator", "operator_2", "ops_lead"), case.quarantined_at is not None
        agency = self.world.agencies.get(name.partition("_")[2].removeprefix("2_")) if name.startswith(("officer", "leader")) else None
        at_work = any(row.agency_id == getattr(agency, "id", None) and (row.is_open or row.approved_at) for row in case.assignments)
        own_desk = any(row.is_open and row.approval_desk in by.desks for row in case.assignments)
        original = (in_house and not quarantined) or (name == "confidential_reader" and quarantined)
        cleared = (in_house or name == "committee_leader" or at_work or own_desk) and not quarantined
        assert sees(by, Sight.ORIGINAL, case) is original, (name, case.code, case.state)
        assert sees(by, Sight.CLEARED, case) is cleared, (name, case.code, case.state)
        if quarantined:
            assert (case_seen_by(by, case.ref) is not None) is (name == "confidential_reader"), (name, case.code)

    def check_all(self) -> None:
        """Rows, tokens and history agree; nothing has failed silently; every case can go on or has ended."""
        db.session.rollback()
        db.session.expire_all()
        assert db.session.scalars(select(Incident)).all() == []
        for case_id in self.case_ids:
            self.check_case(db.session.get_one(Case, case_id))
        keep_facts(self.now)
        sum_up_days(self.now)
        findings = (*check_process(), *case_verification.check_cases(now=self.now), *check_chains(), *check_facts())
        found = [finding.text.en for finding in findings if finding.is_fault]
        assert found == [], "\n".join(found[:10])
        assert all(case.state in set(CaseState) for case in db.session.scalars(select(Case)))
