"""Messages written with the act they tell of: to whom, with whose code, and how often."""
from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.followers import follow
from casework.models import Case, OutboxMessage
from casework.outbox import (
    LETTER,
    add_to_letter,
    tell_account,
    tell_agency_of_letter,
    tell_desk,
    tell_followers,
    tell_inbox,
    tell_of_breach,
    tell_of_schedule,
    tell_reporters,
)
from casework.permissions import Role
from tests import build
from tests import merged as joined

NOON = build.NOON


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return build.standard_world()


def messages(template: str) -> list[OutboxMessage]:
    db.session.rollback()
    return list(db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == template).order_by(OutboxMessage.id)))


def told(template: str) -> list[tuple[str, str]]:
    """Who was told, and with which code."""
    return [(row.recipient, str(row.parameters.get("code", ""))) for row in messages(template)]


def test_each_sender_is_told_with_the_code_of_their_own_report_as_long_as_it_is_in_the_case(world: build.World) -> None:
    case, other = build.case_at(world, "handling"), build.case_at(world, "to_distribute", by="citizen_2")
    report = other.main_report
    joined.merge(world, other, case)
    with unit_of_work():
        tell_reporters(lock_case(case.id), "case_resumed", at=NOON)
    both = {(f"reporter:{row.reporter_id}", row.code) for row in (case.main_report, report)}
    assert (set(told("case_resumed")), len(told("case_resumed"))) == (both, 2)
    joined.split(world, case, report)
    with unit_of_work():
        tell_reporters(lock_case(case.id), "case_held", at=NOON)
    assert told("case_held") == [(f"reporter:{case.main_report.reporter_id}", case.main_report.code)]


def test_who_left_no_contact_and_a_camera_are_told_nothing(world: build.World) -> None:
    for report in ({"by": "guest", "contact": None, "marked_urgent": True}, {"by": "operator", "source": "camera"}):
        case = build.file_report(world, **report).case
        with unit_of_work():
            tell_reporters(lock_case(case.id), "case_resumed", at=NOON)
    assert told("case_resumed") == []


def test_who_follows_is_told_the_cases_code_and_the_day_alone_and_no_sender_twice(world: build.World) -> None:
    case = build.case_at(world, "handling")
    with unit_of_work():
        follow(lock_case(case.id), by=world.actor("citizen_2"), now=NOON)
        follow(lock_case(case.id), by=world.actor("operator"), now=NOON)
    due = datetime.fromisoformat("2026-03-09T09:30:00+07:00")
    with unit_of_work():
        tell_followers(lock_case(case.id), "followed_due_moved", at=NOON, due_at=due.isoformat())
    rows = messages("followed_due_moved")
    assert {row.recipient for row in rows} == {f"account:{world.people[name].id}" for name in ("citizen_2", "operator")}
    assert {row.parameters["code"] for row in rows} == {case.code}
    assert {datetime.fromisoformat(row.parameters["due_at"]) for row in rows} == {datetime.fromisoformat("2026-03-10T00:00:00+07:00")}
    with unit_of_work():
        tell_followers(lock_case(case.id), "followed_interim", at=NOON, only=[world.people["operator"].id])
    assert told("followed_interim") == [(f"account:{world.people['operator'].id}", case.code)]
    joined.merge(world, build.case_at(world, "to_distribute", by="citizen_2"), case)
    with unit_of_work():
        tell_followers(lock_case(case.id), "followed_published", at=NOON)
    assert told("followed_published") == [(f"account:{world.people['operator'].id}", case.code)], "a sender is told as one"


def test_of_a_case_the_public_may_not_know_of_no_follower_is_told(world: build.World) -> None:
    case = build.case_at(world, "handling")
    with unit_of_work():
        follow(lock_case(case.id), by=world.actor("citizen_2"), now=NOON)
        locked = lock_case(case.id)
        locked.quarantined_at = NOON
        tell_followers(locked, "followed_interim", at=NOON)
    assert told("followed_interim") == []


def test_what_a_step_says_twice_is_one_message_with_what_was_said_last_and_what_two_steps_say_are_two(world: build.World) -> None:
    case = build.case_at(world, "handling")
    for _ in range(2):
        with unit_of_work():
            locked = lock_case(case.id)
            for agency in ("PTNMT", "HKL"):
                tell_desk(Role.OPERATOR, "progress_noted", case=locked, at=NOON, agency=agency)
    assert [row.parameters["agency"] for row in messages("progress_noted")] == ["HKL", "HKL"]
    with unit_of_work():
        locked = lock_case(case.id)
        for about in ("1", "2"):
            tell_inbox(f"operator@c{world.centre.id}", "hand_back_asked", case=locked, at=NOON, about=about)
    assert len(messages("hand_back_asked")) == 2, "of two things"


def test_a_desk_is_that_of_the_cases_centre_or_of_the_agency(world: build.World) -> None:
    case, agency = build.case_at(world, "handling"), world.agencies["PTNMT"]
    with unit_of_work():
        locked = lock_case(case.id)
        tell_desk(Role.OPS_LEAD, "one", case=locked, at=NOON)
        tell_desk(Role.AGENCY_LEADER, "one", case=locked, at=NOON, agency_id=agency.id)
        tell_account(world.people["operator"].id, "one", case=locked, at=NOON)
    assert [recipient for recipient, _code in told("one")] == [
        f"desk:ops_lead@c{world.centre.id}", f"desk:agency_leader@a{agency.id}", f"account:{world.people['operator'].id}"]  # fmt: skip


def test_what_has_a_key_of_its_own_is_told_once_for_ever(world: build.World) -> None:
    case = build.case_at(world, "handling")
    for moment in (NOON, NOON + timedelta(days=1)):
        with unit_of_work():
            tell_of_schedule("account:1", "schedule_failed", at=moment, key="schedule:1:2026-03")
    assert len(messages("schedule_failed")) == 1
    for tell in (
        lambda: tell_agency_of_letter(1, "late_letter", letter="a-letter", at=NOON),
        lambda: tell_of_breach("account:1", "data_breach", breach="a-breach", at=NOON),
        lambda: tell_account(1, "mentioned_in_note", case=db.session.get_one(Case, case.id), at=NOON, key="note:1:1"),
    ):
        with unit_of_work():
            tell()
        with pytest.raises(IntegrityError), unit_of_work():
            tell()


def test_a_desk_gets_one_letter_a_day_with_each_case_once_and_no_words_of_it(world: build.World) -> None:
    one, other = (build.case_at(world, "to_verify") for _ in range(2))
    desk, due = f"operator@c{world.centre.id}", NOON + timedelta(hours=20)
    for case, day in ((one, due), (other, due), (one, due), (one, due + timedelta(days=1))):
        with unit_of_work():
            add_to_letter(desk, lock_case(case.id), at=NOON, due=day)
    assert [row.parameters for row in messages(LETTER)] == [{"codes": [one.code, other.code]}, {"codes": [one.code]}]
    with unit_of_work():
        row = messages(LETTER)[0]
        row.dropped_at, row.parameters = NOON, {"codes": []}
    with unit_of_work():
        add_to_letter(desk, lock_case(other.id), at=NOON, due=due)
    first = messages(LETTER)[0]
    assert (first.dropped_at, first.parameters) == (None, {"codes": [other.code]}), "one that was emptied is begun again"
