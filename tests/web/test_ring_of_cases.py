"""Merges around a ring of cases, all at one moment, with notes and a withdrawal: each is done, or refused in words."""
from __future__ import annotations

import contextvars
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import func, select

from casework.db import db
from casework.findings import one_moment
from casework.models import Case, Event, Note
from casework.verification.cases import check_cases
from casework.verification.chains import check_chains
from tests import build
from tests.web.desk import Office
from workflows.verification import check_process

SIZE, MERGES = 4, 24
pytestmark = [pytest.mark.parametrize("kind_of_database", ["postgres"], indirect=True), pytest.mark.exhaustive]


def all_at_once(office: Office, sends: list[Callable[[], int]]) -> list[int]:
    """The statuses of what is sent by as many threads."""
    answered: list[int] = []
    together = threading.Barrier(len(sends))

    def run(send: Callable[[], int]) -> None:
        with office.app.app_context():
            together.wait(20)
            answered.append(send())
            db.session.remove()

    threads = [threading.Thread(target=contextvars.Context().run, args=(run, send)) for send in sends]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert len(answered) == len(sends)
    return answered


def sending(office: Office, name: str, address: str, **form: str) -> Callable[[], int]:
    cookies = dict(office.browser(name)._cookies or {})

    def send() -> int:
        browser = office.app.test_client()
        browser._cookies = dict(cookies)
        return browser.post(address, data=form).status_code

    return send


def around(office: Office, cases: list[Case]) -> list[Callable[[], int]]:
    """Each case into the next one, again and again, and beside them notes on each, and a sender who withdraws."""
    codes, refs = [case.code for case in cases], [case.ref for case in cases]
    merges = [
        sending(office, "operator", f"/cases/{refs[number % SIZE]}/acts/merge", code=codes[(number + 1) % SIZE], reason="Cùng một nơi.")
        for number in range(MERGES)
    ]
    notes = [sending(office, "ops_lead", f"/cases/{ref}/notes", audience="centre", words=f"Ghi chú {ref}.") for ref in refs]
    withdrawal = sending(office, "citizen", f"/mine/{codes[0]}/withdrawal", sure="withdraw", reason="Đã dọn.")
    return [*merges, *notes, withdrawal]


def faults(now: datetime) -> list[str]:
    """What `verify` says."""
    found = []
    for check in (check_chains, lambda: check_cases(now=now), check_process):
        with one_moment():
            found += [str(each) for each in check() if each.is_fault]
    return found


@pytest.mark.parametrize("state", ["handling", "to_verify"])
def test_merges_around_a_ring_never_wait_for_each_other_in_a_circle(app: Flask, state: str) -> None:
    office = Office(app)
    for _round in range(3):
        cases = [build.case_at(office.world, state) for _ in range(SIZE)]
        ids = [case.id for case in cases]
        notes = db.session.scalar(select(func.count()).select_from(Note)) or 0
        answers = Counter(all_at_once(office, around(office, cases)))
        assert set(answers) <= {200, 302, 422, 404, 403}, answers
        db.session.rollback()
        merged = [case for case in (db.session.get_one(Case, id_) for id_ in ids) if case.merged_into_id is not None]
        done = db.session.scalar(select(func.count()).where(Event.case_id.in_(ids), Event.type == "merge")) or 0
        assert merged, answers
        assert done == 2 * len(merged), "each merge stands once in both histories"
        assert all(case.merged_into.merged_into_id is None for case in merged)
        bodies = list(db.session.scalars(select(Note.body).where(Note.body.startswith("Ghi chú"), Note.id > notes)))
        assert len(bodies) == len(set(bodies))
        assert faults(max(build.next_moment(case) for case in cases)) == []
