"""Identities that are masked by the rule of retention: who is forgotten, what is held, and that nothing else changes."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.cases import lock_case
from casework.db import METADATA, db, unit_of_work
from casework.facts.keeping import keep_facts
from casework.installation.first_start import set_first_values
from casework.intake.file_report import original_words
from casework.models import (
    Account,
    Case,
    CaseMoment,
    CaseSpan,
    DataRequest,
    Event,
    LoginSession,
    OutboxMessage,
    Report,
    Reporter,
)
from casework.privacy.identity import Contact, reveal_identity
from casework.rights.masking import TOLD_BEFORE, mask_old_identities, months_before
from casework.rights.requests import Wish, person_of, request_data
from casework.verification.cases import check_cases
from casework.verification.chains import check_chains
from tests import build
from tests.casework.acting import guest_of

LONG_AFTER = datetime(2028, 6, 1, 3, tzinfo=UTC)
STATISTICS = (CaseSpan, CaseMoment)


@pytest.fixture(autouse=True)
def forgetting(request: pytest.FixtureRequest) -> None:
    """The values of a new installation, in whichever database the test has."""
    for name in ("app", "sqlite_app"):
        if name in request.fixturenames:
            request.getfixturevalue(name)
            with unit_of_work():
                set_first_values(now=build.NOON)


def closed(world: build.World, **report: object) -> Case:
    case = build.case_at(world, "rating", **report)
    build.end_rating_window(case)
    return case


def facts() -> list[object]:
    keep_facts(LONG_AFTER)
    tables = [METADATA.tables[each.__tablename__] for each in STATISTICS]
    found = [[tuple(getattr(row, column.key) for column in table.columns if column.key not in ("id", "event_seq"))
              for row in db.session.execute(select(table))] for table in tables]
    db.session.rollback()
    return [sorted(map(repr, rows)) for rows in found]


def open_values() -> str:
    return "\n".join(str(value) for table in METADATA.sorted_tables for row in db.session.execute(select(table)) for value in row
                     if isinstance(value, str | dict | list))


def sender(case: Case) -> Reporter:
    db.session.expire_all()
    reporter = db.session.get_one(Case, case.id).main_report.reporter
    assert reporter is not None
    return reporter


@pytest.mark.exhaustive(but=2)
def test_of_old_cases_the_sender_is_forgotten_and_case_figures_and_chain_stay(app: Flask) -> None:
    world = build.standard_world()
    old, guests, still_open = closed(world), closed(world, by="guest"), build.case_at(world, "handling")
    digest = sender(old).phone_digest
    with unit_of_work():
        reveal_identity(lock_case(old.id), old.main_report, by=world.actor("operator"), reason="Gọi bà Thử hỏi đường.", now=build.NOON)
    before, words = facts(), original_words(old.main_report)
    assert mask_old_identities(LONG_AFTER - timedelta(days=700)) == 0, "not before the rule says"
    assert mask_old_identities(LONG_AFTER) == 2
    assert mask_old_identities(LONG_AFTER) == 0
    for case in (old, guests):
        reporter = sender(case)
        assert (reporter.sealed_identity, reporter.account_id, reporter.phone_digest, reporter.is_anonymous) == (None, None, None, False)
    assert sender(still_open).phone_digest == digest
    assert (original_words(old.main_report), db.session.get_one(Case, old.id).masked_at) == (words, LONG_AFTER)
    assert facts() == before
    told = [(event.case_id, event.payload) for event in db.session.scalars(select(Event).where(Event.type == "mask_identity"))]
    assert sorted(told) == [(old.id, {"reports": 1}), (guests.id, {"reports": 1})]
    assert "bà Thử" not in open_values(), "why somebody looked may name the person"
    assert [found for found in (*check_chains(), *check_cases(now=LONG_AFTER)) if found.is_fault] == []


def test_what_is_held_is_not_touched(sqlite_app: Flask) -> None:
    world = build.standard_world()
    asked, apart, other = closed(world, by="guest"), build.file_report(world, by="guest").case, closed(world, by="guest")
    guest = guest_of(asked.main_report)
    with unit_of_work():
        lock_case(asked.id)
        request_data("correction", person=person_of(guest, asked.main_report), by=guest, now=build.NOON,
                     wish=Wish("Sai số.", Contact(phone="+84901234567")))
    build.act(world, apart, "quarantine", "operator", reason="Tố cáo cán bộ có tên, theo Luật Tố cáo.")
    assert mask_old_identities(LONG_AFTER) == 1
    assert [sender(case).sealed_identity is None for case in (asked, apart, other)] == [False, False, True]
    with unit_of_work():
        db.session.scalars(select(DataRequest)).one().done_at = LONG_AFTER
    assert mask_old_identities(LONG_AFTER) == 1
    assert db.session.scalars(select(DataRequest)).one().sealed_words is None, "it holds the contact that was to stand there"


def test_an_unused_account_is_erased_after_its_owner_was_told_and_did_not_come_back(sqlite_app: Flask) -> None:
    world = build.standard_world()
    closed(world)
    citizen, other = world.people["citizen"], world.people["citizen_2"]
    with unit_of_work():
        db.session.get_one(Account, other.id).phone_digest = db.session.get_one(Account, other.id).email_digest = None
    assert mask_old_identities(LONG_AFTER) == 2, "the sender, and the account nobody can be told of"
    db.session.expire_all()
    assert (citizen.sealed_identity is None, other.sealed_identity, other.disabled_at) == (False, None, LONG_AFTER)
    [message] = db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == "account_unused"))
    assert message.recipient == f"account:{citizen.id}"
    assert mask_old_identities(LONG_AFTER + TOLD_BEFORE - timedelta(seconds=1)) == 0
    back = LONG_AFTER + timedelta(days=10)
    with unit_of_work():
        db.session.add(LoginSession(token_digest="d" * 64, account_id=citizen.id, created_at=back, last_seen_at=back, expires_at=back,
                                    browser="", network=""))
    assert mask_old_identities(LONG_AFTER + TOLD_BEFORE) == 0, "whoever comes back keeps it"
    again = back + timedelta(days=1_000)
    assert mask_old_identities(again) == 0, "and is told once more"
    assert mask_old_identities(again + TOLD_BEFORE) == 1
    assert db.session.scalars(select(Report).join(Reporter).where(Reporter.account_id == citizen.id)).all() == []
    assert db.session.scalars(select(Event.type).where(Event.stream == f"account:{citizen.ref}")).all() == ["erase_unused_account"]


@pytest.mark.parametrize(("now", "months", "day"), [
    (datetime(2028, 3, 30, 20, tzinfo=UTC), 1, (2028, 2, 29)), (datetime(2028, 1, 15, 3, tzinfo=UTC), 24, (2026, 1, 15)),
])  # fmt: skip
def test_months_are_counted_by_the_local_calendar(now: datetime, months: int, day: tuple[int, int, int]) -> None:
    found = months_before(now, months)
    assert (found.year, found.month, found.day) == day
