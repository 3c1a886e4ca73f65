"""A random walk over acts that can be taken back: two browsers and more press, take back, change the case meanwhile, while whoever carries
out is killed at any instant. Each press ends in done, or back with its author and the text kept: never half, never twice, never told early.

The short walk of the suite has a clock of its own and breaks the worker's unit of work at a drawn statement; the long one
(tests/soak/takebacks.py) has the real clock, and workers that are killed.
"""
from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event, select

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.models import Case, Draft, Event, HeldAct, OutboxMessage
from casework.notes.notes import write_note
from casework.states import ENDED_STATES
from casework.steps.drafts import opened_fields
from casework.taking_back.held_acts import fields_of
from casework.taking_back.meanwhile import ASIDE
from casework.verification.cases import check_cases
from casework.verification.chains import check_chains
from tests import build
from tests.web.desk import Office
from workflows.running.carrying_out import carry_out_due
from workflows.verification import check_process

SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Way:
    """One of the acts: where its case stands, its step, who may do it, and the field its text is in."""

    verb: str
    state: str
    element: str
    people: tuple[str, ...]
    text_in: str


WAYS = (
    Way("refuse", "to_verify", "verify", ("operator", "operator_2", "ops_lead"), "refusal_words"),
    Way("distribute", "to_distribute", "distribute", ("operator", "operator_2", "ops_lead"), "instructions"),
    Way("approve_answer", "approval", "approve_answer", ("leader_PTNMT",), ""),
    Way("publish", "to_publish", "publish", ("operator", "operator_2", "ops_lead"), "summary"),
    Way("answer_privately", "to_publish", "publish", ("operator", "operator_2", "ops_lead"), "summary"),
)
PRESSED_AT = {way.state for way in WAYS}
ON_THE_WAY = {"to_classify", "at_agency", "handling"}


@dataclass
class Pressed:
    """One press and what has become of it; found by its ref, since SQLite gives the number of a deleted row again."""

    ref: str
    way: Way
    by: str
    case: int
    at: datetime
    text: str
    is_taken: bool = False
    is_overtaken: bool = False


class Killed(BaseException):
    """The worker is gone, in the middle of a statement."""


class Walk:
    def __init__(self, office: Office, lot: random.Random, *, has_own_clock: bool = True) -> None:
        self.office, self.lot, self.has_own_clock = office, lot, has_own_clock
        self.cases: list[int] = []
        self.ended: list[int] = []
        self.waiting: list[Pressed] = []
        self.counts: Counter[str] = Counter()

    def go(self, acts: int, between: Callable[[], None] = lambda: None) -> None:
        """Press so many times; then let everything that is held be carried out, and look at all of it."""
        while self.counts["pressed"] < acts:
            self.one()
            between()

    def one(self) -> None:
        what = self.lot.choices(("press", "take back", "note", "change", "colleague", "worker"), (6, 3, 1, 1, 1, 3))[0]
        match what:
            case "press":
                self.press()
            case "take back" if self.waiting:
                self.take_back(self.lot.choice(self.waiting))
            case "note" if self.waiting:
                self.note(self.lot.choice(self.waiting))
            case "change" if self.waiting:
                self.change(self.lot.choice(self.waiting))
            case "colleague" if self.waiting:
                self.press_too(self.lot.choice(self.waiting))
            case "worker" if self.has_own_clock:
                self.work()
        self.look()

    # -- what people do

    def press(self) -> None:
        case = self._case()
        way = self.lot.choice([way for way in WAYS if way.state == case.state])
        by, text = self.lot.choice(way.people), f"Lời thứ {self.counts['pressed']}"
        self._tick()
        task = build.waiting(case, way.element)
        began = self._now()
        answer = self.office.post(by, f"/tasks/{task.ref}", act=way.verb, **self._form(way, text))
        assert answer.status_code == 302, (way.verb, answer.status_code, answer.get_data(as_text=True)[-3000:])
        db.session.expire_all()
        mine = select(HeldAct).where(HeldAct.case_id == case.id, HeldAct.pressed_at >= began)
        held = db.session.scalars(mine.order_by(HeldAct.pressed_at.desc())).first()
        assert held is not None, "the machine is slower than acts are held"
        self.waiting.append(Pressed(held.ref, way, by, case.id, held.pressed_at, text if way.text_in else ""))
        self.counts["pressed"] += 1
        self.counts[way.verb] += 1

    def take_back(self, pressed: Pressed) -> None:
        self._tick()
        answer = self.office.post(pressed.by, f"/held/{pressed.ref}/take-back")
        pressed.is_taken = answer.location.startswith("/tasks/")
        self.counts["taken back" if pressed.is_taken else "too late"] += 1

    def note(self, pressed: Pressed) -> None:
        """Words among colleagues, which leave what is held as it is."""
        self._tick()
        moment = self._now()
        with unit_of_work():
            by = self.office.world.actor("ops_lead", moment)
            write_note(lock_case(pressed.case), by=by, now=moment, audience="centre", words="Đã gọi lại.")
        self.counts["noted"] += 1

    def change(self, pressed: Pressed) -> None:
        """A directive of the committee, which has to be read before anything is decided."""
        self._tick()
        moment, case = self._now(), db.session.get_one(Case, pressed.case)
        if case.state in ENDED_STATES:
            return
        pressed.is_overtaken = True
        build.act(self.office.world, case, "direct", "committee_leader", now=moment, words="Xem lại ngay.")
        self.counts["changed"] += 1

    def press_too(self, pressed: Pressed) -> None:
        """A second browser, which still shows the form."""
        held = self._row(pressed)
        others = [name for name in pressed.way.people if name != pressed.by]
        if held is None or held.returned_at is not None or not others:
            return
        self._tick()
        address, form = f"/tasks/{held.task_ref}", {"act": pressed.way.verb, **self._form(pressed.way, "Khác")}
        answer = self.office.browser(self.lot.choice(others)).post(address, data=form, content_type="multipart/form-data")
        assert answer.status_code in (302, 409)
        if answer.status_code == 409:
            self.counts["refused to a colleague"] += 1
            return
        # it had gone back or been done just before
        still = self._row(pressed)
        assert still is None or still.returned_at is not None, "a colleague did what was held"
        db.session.expire_all()
        held_now = select(HeldAct).where(HeldAct.case_id == pressed.case, HeldAct.returned_at.is_(None))
        for row in db.session.scalars(held_now).all():
            self.office.post(row.account.login or "", f"/held/{row.ref}/take-back")

    # -- whoever carries out

    def work(self) -> None:
        """Carry out what is due, now and then killed at a drawn statement."""
        self.office.clock(self.office.moment + self.lot.randint(1, 8) * SECOND)
        last = self.lot.randint(1, 120) if self.lot.random() < 0.6 else 0
        sent = 0

        def count(*_: object) -> None:
            nonlocal sent
            sent += 1
            if sent == last:
                raise Killed

        event.listen(db.engine, "before_cursor_execute", count)
        try:
            carry_out_due(self.office.moment)
        except Killed:
            self.counts["killed"] += 1
        finally:
            event.remove(db.engine, "before_cursor_execute", count)
            db.session.rollback()

    # -- what is promised

    def look(self) -> None:
        """Hold every press that was not settled against what is there; those that are held, and nothing else, are seen by two
        statements together."""
        held = self._held_and_untold()
        self.waiting = [each for each in self.waiting if (each.ref in held and not each.is_taken) or not self._is_settled(each)]

    def _held_and_untold(self) -> set[str]:
        """Which presses of nobody was told yet, and are held after that was read."""
        db.session.rollback()
        cases = {each.case for each in self.waiting}
        told = db.session.execute(select(OutboxMessage.case_id, OutboxMessage.created_at).where(OutboxMessage.case_id.in_(cases)))
        done = db.session.execute(select(Event.case_id, Event.at).where(Event.case_id.in_(cases)))
        known = {(case, at) for case, at in (*told, *done)}
        db.session.rollback()
        held = set(db.session.scalars(select(HeldAct.ref).where(HeldAct.case_id.in_(cases), HeldAct.returned_at.is_(None))))
        return {each.ref for each in self.waiting if each.ref in held and (each.case, each.at) not in known}

    def finish(self) -> list[str]:
        """What is wrong at the end."""
        assert not self.waiting, self.waiting
        db.session.rollback()
        db.session.expire_all()
        now = self._now()
        found = [finding.text.en for finding in (*check_process(), *check_cases(now=now), *check_chains()) if finding.is_fault]
        backwards = [case for case in (*self.cases, *self.ended) if not self._runs_forwards(case)]
        return found + [f"the history of case {case} runs backwards" for case in backwards]

    def _is_settled(self, pressed: Pressed) -> bool:
        row = self._row(pressed)
        done = self._done(pressed)
        if row is not None and row.returned_at is None and done:
            row = self._row(pressed)                                      # carried out between the two looks
        if row is None:
            assert not pressed.is_taken, f"{pressed}: taken back, and gone"
            assert self._done(pressed) == 1, f"{pressed}: gone, and done {done} times"
            assert self._told(pressed), f"{pressed}: done, and nobody told"
            self.counts["done"] += 1
            return True
        if row.returned_at is None:
            assert not pressed.is_taken, f"{pressed}: taken back, and held"
            assert not self._told(pressed) or self._row(pressed) is None, f"{pressed}: told before it was done"
            return False
        assert not done, f"{pressed}: back, and done"
        assert not self._told(pressed), f"{pressed}: back, and told"
        drafts = db.session.scalars(select(Draft).where(Draft.case_id == pressed.case)).all()
        kept = [value for draft in drafts for _, value in opened_fields(draft)]
        kept += [value for _, value in fields_of(HeldAct(sealed_fields=row.sealed_fields))]
        assert not pressed.text or any(pressed.text in value for value in kept), f"{pressed}: what was typed is lost"
        assert row.sealed_why is None or pressed.is_overtaken, f"{pressed}: back, although nothing else was decided"
        self.counts["back, changed meanwhile" if row.sealed_why is not None else "back, taken"] += 1
        return True

    def _told(self, pressed: Pressed) -> bool:
        db.session.rollback()
        query = select(OutboxMessage.id).where(OutboxMessage.case_id == pressed.case, OutboxMessage.created_at == pressed.at)
        return db.session.scalar(query.limit(1)) is not None

    def _row(self, pressed: Pressed) -> Any:
        """The row as it is now, as values: a worker may delete it at any moment."""
        db.session.rollback()
        columns = HeldAct.returned_at, HeldAct.sealed_why, HeldAct.sealed_fields, HeldAct.task_ref
        return db.session.execute(select(*columns).where(HeldAct.ref == pressed.ref)).first()

    def _done(self, pressed: Pressed) -> int:
        db.session.rollback()
        found = select(Event.id).where(Event.case_id == pressed.case, Event.type == pressed.way.verb, Event.at == pressed.at)
        return len(list(db.session.scalars(found)))

    def _runs_forwards(self, case: int) -> bool:
        decided = Event.type.not_in(ASIDE)
        times = list(db.session.scalars(select(Event.at).where(Event.case_id == case, decided).order_by(Event.seq)))
        return times == sorted(times)

    # -- the cases

    def _case(self) -> Case:
        """A case at one of the steps at which nothing is held: one there is, or a new one."""
        db.session.expire_all()
        busy = {each.case for each in self.waiting}
        free = [id_ for id_ in self.cases if id_ not in busy]
        while free:
            case = db.session.get_one(Case, free.pop(self.lot.randrange(len(free))))
            while case.state in ON_THE_WAY or (case.state == "to_verify" and self.lot.random() < 0.7):
                build.NEXT_STEPS[case.state](self.office.world, case, agencies=1, urgent=False)
                db.session.expire_all()
            if case.state in PRESSED_AT:
                return case
            self.ended.append(case.id)
            self.cases.remove(case.id)
        case = build.file_report(self.office.world, now=self._filed_at()).case
        self.cases.append(case.id)
        if self.lot.random() < 0.8:
            build.advance(self.office.world, case, self.lot.choice(("to_distribute", "approval", "to_publish")))
        return db.session.get_one(Case, case.id)

    def _filed_at(self) -> datetime:
        return self._now() - timedelta(hours=2)

    def _form(self, way: Way, text: str) -> dict[str, Any]:
        agency = self.office.world.agencies["PTNMT"]
        match way.verb:
            case "refuse":
                return {"reason": "khong_ro_noi_dung", "refusal_words": text}
            case "distribute":
                return {"lead": agency.ref, f"instructions-{agency.ref}": text}
            case "approve_answer":
                return {}
        return {"title": "Rác ven suối đã được dọn", "question": "Người dân phản ánh rác.", "summary": text, "checked": "y"}

    def _now(self) -> datetime:
        return self.office.moment if self.has_own_clock else datetime.now(UTC)

    def _tick(self) -> None:
        """A moment later, and never before the last thing that happened in a case."""
        if not self.has_own_clock:
            return
        newest = max((build.next_moment(db.session.get_one(Case, id_)) for id_ in self.cases), default=self.office.moment)
        self.office.clock(max(self.office.moment + SECOND, newest - timedelta(minutes=build.MINUTES_BETWEEN_STEPS) + SECOND))
