"""The deadline table of the rules through the whole stack: sent from the form at that moment, worked on, paused, and read on the pages.

Each row runs on both databases. A limit in days is shown as its last day in time, one in hours with the minute from which it is late.
"""
from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.clocks.acts import ClockKind
from casework.db import db
from casework.local_time import LOCAL_ZONE
from casework.models import Case, Report
from casework.working_time import Unit
from tests import build
from tests.casework.acting import clock, told
from tests.casework.test_working_time import TABLE, local
from tests.conftest import client_of
from tests.web.desk import Office
from tests.web.pages import hidden, signed_in, words_of

Stop = tuple[str, str] | None
Row = tuple[int, Unit, str, Stop, str]

DAYS = [row for row in TABLE if row[1] is Unit.WORKING_DAYS]
OFFICE_HOURS = [row for row in TABLE if row[1] is Unit.WORKING_HOURS]
HOURS = [row for row in TABLE if row[1] is Unit.HOURS]
COMPLEXITY = {3: "simple", 5: "ordinary"}


def named(row: Row) -> str:
    return f"{row[0]} {row[1]} from {row[2]}{' with a pause' if row[3] else ''}"


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


class Sender:
    """A guest who sends a report from the form and follows it in the same browser."""

    def __init__(self, office: Office, moment: datetime, *, urgent: bool = False) -> None:
        self.office, self.browser = office, client_of(office.app)
        office.clock(moment)
        page = self.browser.get("/reports/new").get_data(as_text=True)
        form = {name: hidden(page, name) for name in ("photos_token", "idempotency_key")}
        form |= {"words": "Có đống rác ven suối.", "area": office.world.area.ref, "phone": "0912 345 678", "consent": "y", "act": "send"}
        receipt = self.browser.post("/reports/new", data=form | ({"urgent": "y"} if urgent else {})).location
        self.receipt = words_of(self.browser.get(receipt))
        self.code = receipt.split("/")[2]

    @property
    def case(self) -> Case:
        return db.session.scalars(select(Case).where(Case.code == self.code)).one()

    def page(self, moment: datetime) -> str:
        self.office.clock(moment)
        answer = self.browser.get(f"/mine/{self.code}")
        assert answer.status_code == 200
        return words_of(answer)


def shown(due: datetime) -> str:
    """As pages write a limit; the arithmetic of the product is not asked."""
    here = due.astimezone(LOCAL_ZONE)
    return f"{here - timedelta(days=1):%d/%m/%Y}" if (here.hour, here.minute) == (0, 0) else f"{here:%H:%M %d/%m/%Y}"


def minute(moment: datetime) -> str:
    return f"{moment.astimezone(LOCAL_ZONE):%H:%M %d/%m/%Y}"


def classify(office: Office, case: Case, *, complexity: str = "ordinary", urgent: bool = False) -> None:
    build.verify(office.world, case)
    build.do(office.world, case, "classify", "operator", field=office.world.field(), urgency="urgent" if urgent else "normal",
             complexity=complexity, area=office.world.area)


def held(office: Office, sender: Sender, stop: Stop) -> None:
    """Let the case rest as its operations lead does; meanwhile nobody is promised a day."""
    if stop is None:
        return
    since, until = local(stop[0]), local(stop[1])
    case = sender.case
    build.act(office.world, case, "hold", "ops_lead", now=since, reason="Chờ kết quả quan trắc.",
              until=max(until, since + timedelta(days=1)).astimezone(LOCAL_ZONE).date())
    assert (case.due_at, case.paused_for) == (None, "hold")
    page = sender.page(since + timedelta(minutes=1))
    assert "Tạm dừng" in page
    assert "Hẹn trả lời" not in page
    build.do(office.world, case, "resume", "ops_lead", now=until)


def after(case: Case, stop: Stop) -> datetime:
    """When the pages are looked at: a minute after the last thing that happened."""
    return build.next_moment(case) if stop is None else local(stop[1]) + timedelta(minutes=1)


def staff_page(office: Office, case: Case, moment: datetime, *, by: str = "operator") -> str:
    """A colleague who signs in at that moment and opens the case."""
    office.clock(moment)
    browser = signed_in(office.app, client_of(office.app), office.world.people[by], now=moment)
    answer = browser.get(f"/cases/{case.ref}?tab=all")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def points_at(due: datetime) -> str:
    """What a chip says to whoever points at it: the first late minute, as the table has it."""
    return f'title="{minute(due)}"'


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("row", DAYS, ids=named)
def test_the_answer_is_due_in_working_days(office: Office, row: Row) -> None:
    amount, _, start, stop, due = row
    sender = Sender(office, local(start))
    case = sender.case
    classify(office, case, complexity=COMPLEXITY[amount])
    held(office, sender, stop)
    own = clock(case)
    assert (case.opened_at, own.started_at, own.amount, own.unit) == (local(start), local(start), amount, "working_days")
    assert own.due_at == case.due_at == local(due)
    assert f"Hẹn trả lời chậm nhất {shown(local(due))}" in sender.page(after(case, stop))
    page = staff_page(office, case, after(case, stop))
    assert points_at(local(due)) in page
    assert f"Hạn trả lời {shown(local(due))}" in words_of(page)
    assert len(told("due_moved")) == (stop is not None)


@pytest.mark.parametrize("row", HOURS, ids=named)
def test_an_urgent_answer_is_due_round_the_clock(office: Office, row: Row) -> None:
    amount, _, start, stop, due = row
    sender = Sender(office, local(start), urgent=True)
    assert minute(local(start) + timedelta(minutes=30)) in sender.receipt
    case = sender.case
    classify(office, case, urgent=True)
    held(office, sender, stop)
    own = clock(case)
    assert (own.started_at, own.amount, own.unit) == (local(start), amount, "hours")
    assert own.due_at == case.due_at == local(due)
    assert f"Hẹn trả lời chậm nhất {shown(local(due))}" in sender.page(after(case, stop))
    page = staff_page(office, case, after(case, stop))
    assert points_at(local(due)) in page
    assert f"Hạn trả lời {shown(local(due))}" in words_of(page)


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("row", OFFICE_HOURS, ids=named)
def test_acceptance_is_due_in_office_hours(office: Office, row: Row) -> None:
    amount, _, start, stop, due = row
    sender = Sender(office, local(start))
    case = sender.case
    held(office, sender, stop)
    own = clock(case, ClockKind.ACCEPTANCE)
    assert (own.started_at, own.amount, own.unit, own.due_at) == (local(start), amount, "working_hours", local(due))
    if stop is None:
        assert shown(local(due)) in sender.receipt
        assert f"trước {shown(local(due))}" in sender.page(local(start) + timedelta(minutes=1))
    page = staff_page(office, case, after(case, stop))
    assert points_at(local(due)) in page
    assert f"{minute(local(start))} {shown(local(due))}" in words_of(page)
    assert ("ban đầu" in page) == (stop is not None)


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("row", OFFICE_HOURS, ids=named)
def test_an_agency_accepts_in_office_hours(office: Office, row: Row) -> None:
    amount, _, start, stop, due = row
    sender = Sender(office, local(start) - timedelta(minutes=30))
    case = sender.case
    classify(office, case)
    build.do(office.world, case, "distribute", "operator", now=local(start), lead=office.world.agencies["PTNMT"], cooperating=[])
    held(office, sender, stop)
    own = clock(case, ClockKind.ASSIGNMENT_ACCEPTED)
    assert (own.started_at, own.amount, own.unit, own.due_at) == (local(start), amount, "working_hours", local(due))
    page = staff_page(office, case, after(case, stop), by="officer_PTNMT")
    assert re.search(rf'class="due"[^>]* title="(Hạn )?{minute(local(due))}"', page)
    assert f"{minute(local(start))} {shown(local(due))}" in words_of(staff_page(office, case, after(case, stop)))


def test_every_row_of_the_table_is_walked() -> None:
    assert len(DAYS) + len(OFFICE_HOURS) + len(HOURS) == len(TABLE) == 13


def test_a_report_sent_in_the_last_minute_of_a_day_counts_from_that_day(office: Office) -> None:
    moment = local("Mon 02/03/2026 23:59")
    sender = Sender(office, moment)
    classify(office, sender.case)
    assert sender.case.due_at == local("Tue 10/03/2026 00:00")
    report = db.session.scalars(select(Report)).one()
    assert report.filed_at == moment
