"""Whoever had to wait for a case decides on what it is then: its field, and whether its sender is confirmed."""
from __future__ import annotations

import threading
import time

from flask import Flask
from sqlalchemy import func, select

from casework.cases import lock_case
from casework.contacts.confirming import confirm_report
from casework.db import db, unit_of_work
from casework.models import Event, Field, Report
from casework.privacy.identity import Contact
from tests import build
from tests.at_once import AT_ONCE, at_once


def test_whoever_waited_for_a_case_reads_the_field_it_got_meanwhile(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "to_classify")
    case_id, field_id = case.id, db.session.scalars(select(Field.id)).first()
    assert case.field_id != field_id
    db.session.rollback()
    is_held, told = threading.Event(), list[int | None]()

    def wait_for_it() -> None:
        with app.app_context(), unit_of_work():
            is_held.wait(10)
            field = lock_case(case_id).field
            told.append(field.id if field is not None else None)

    def classify() -> None:
        with app.app_context(), unit_of_work():
            case = lock_case(case_id)
            is_held.set()
            time.sleep(0.5)                                # the other one waits for the lock by now
            case.field_id = field_id

    # on SQLite a unit of work is the lock: whoever waits must not have it before the other one begins
    first, second = threading.Thread(target=classify), threading.Thread(target=wait_for_it)
    first.start()
    is_held.wait(10)
    second.start()
    first.join(30)
    second.join(30)
    assert told == [field_id]


def test_a_contact_confirmed_many_times_at_once_is_confirmed_once(app: Flask) -> None:
    world, contact = build.standard_world(), Contact(name="Nguyễn Thị Thử", phone="+84912345678")
    report_id = build.file_report(world, by="guest", contact=contact).report.id
    db.session.rollback()

    def confirm(_number: int) -> str:
        with unit_of_work():
            report = db.session.get_one(Report, report_id)
            return str(confirm_report(report, contact=contact, now=build.NOON))

    assert sorted(at_once(app, confirm)) == ["False"] * (AT_ONCE - 1) + ["True"]
    assert db.session.scalar(select(func.count()).select_from(Event).where(Event.type == "confirm_contact")) == 1
