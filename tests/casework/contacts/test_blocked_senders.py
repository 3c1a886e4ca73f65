"""Blocked senders: who blocks whom, by what a sender is known again, what they are told, and that nobody learns who they are."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.cases import lock_case
from casework.contacts.blocked_senders import (
    Block,
    BlockRefused,
    SenderBlocked,
    block_seen,
    block_sender,
    blocks_of,
    blocks_seen,
    can_be_blocked,
    kinds_known,
    lift_block,
    refuse_blocked,
)
from casework.db import db, unit_of_work
from casework.erasure.quarantine import HandOverInput, QuarantineInput, hand_over, quarantine
from casework.intake.file_report import Filed
from casework.models import BlockedSender, Centre, Device, Event, OutboxMessage, Report, Reporter
from casework.permissions import NotAllowed
from casework.privacy.identity import Contact
from casework.rights.held_data import as_json, parts_of_person
from casework.rights.requests import Person
from tests import build

NOON = build.NOON
WHY = "Gửi hơn bốn mươi phản ánh giống nhau trong một buổi."


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def block(world: build.World, filed: Filed, *, by: str = "ops_lead", days: int = 30, reason: str = WHY) -> Block:
    with unit_of_work():
        return block_sender(lock_case(filed.case.id), db.session.get_one(Report, filed.report.id), by=world.actor(by), now=NOON,
                            reason=reason, days=days)  # fmt: skip


def refusal(world: build.World, *, contact: Contact | None = None, account: str | None = None, device: Device | None = None,
            after: timedelta = timedelta(), centre: Centre | None = None) -> str:
    """The English words somebody would read who files now; empty where the report is taken."""
    person = world.people[account] if account else None
    try:
        refuse_blocked(centre=centre or world.centre, contact=contact, account=person, device=device, now=NOON + after)
    except SenderBlocked as refused:
        return refused.en
    return ""


def device() -> Device:
    row = Device(token_digest="d" * 64, created_at=NOON, last_seen_at=NOON)
    db.session.add(row)
    db.session.flush()
    return row


def test_a_sender_is_known_again_by_account_browser_and_contact_until_the_last_day_is_over(world: build.World) -> None:
    filed = build.file_report(world, contact=Contact(name="Nguyễn Thị Thử", phone="+84905111222", email="thu@example.org"))
    with unit_of_work():
        browser, other = device(), Device(token_digest="e" * 64, created_at=NOON, last_seen_at=NOON)
        db.session.add(other)
        reporter = db.session.get_one(Reporter, filed.report.reporter_id)
        reporter.contact_verified_at, reporter.verified_contact = NOON, "email"
        db.session.merge(world.people["citizen"]).phone_verified_at = NOON
        db.session.get_one(Report, filed.report.id).device_id = browser.id
    made = block(world, filed)
    assert (made.kinds, f"{made.last_day}") == (("account", "device", "phone", "email"), "2026-04-01")
    said = refusal(world, account="citizen")
    assert "until the end of 01/04/2026. Reason: Gửi hơn bốn mươi" in said
    assert "113, 114, 115" in said
    assert "you can follow it" in said
    by_number = refusal(world, contact=Contact(email="thu@example.org"))
    assert "01/04/2026" in by_number
    assert WHY[:20] not in by_number, "who only types a number may be somebody else"
    assert refusal(world, device=browser) == by_number, "nor is a telephone one person's alone"
    assert refusal(world, contact=Contact(phone=build.PHONE)) == by_number, "the number the account has proven counts too"
    assert refusal(world, contact=Contact(phone="+84905111222")) == "", "anybody can type a number"
    assert refusal(world, account="citizen_2", device=browser) == by_number
    with unit_of_work():
        world.people["citizen_2"] = db.session.merge(world.people["citizen_2"])
        world.people["citizen_2"].phone_verified_at = NOON
    assert refusal(world, account="citizen_2", device=browser) == "", "who has proven to be somebody else is not held by the telephone"
    assert refusal(world, account="citizen_2", contact=Contact(phone="+84987654321"), device=other) == ""
    assert refusal(world) == ""
    assert refusal(world, account="citizen", after=timedelta(days=30, hours=13, minutes=59))
    assert refusal(world, account="citizen", after=timedelta(days=30, hours=14)) == "", "it ends by itself at local midnight"
    assert blocks_of(filed.report, now=NOON + timedelta(days=31)) == []


def test_another_centre_goes_on_taking_reports(world: build.World) -> None:
    block(world, build.file_report(world))
    with unit_of_work():
        other = build.centre("ĐR", is_default=False)
    assert refusal(world, account="citizen", centre=other) == ""


@pytest.mark.on_both
def test_a_number_blocks_and_tells_why_only_where_it_was_proven(world: build.World) -> None:
    typed = Contact(phone="+84987654321")
    filed = build.file_report(world, by="guest", contact=typed)
    with pytest.raises(BlockRefused, match="no confirmed contact"):
        block(world, filed)
    assert not can_be_blocked(filed.report)
    with unit_of_work():
        browser = device()
        db.session.get_one(Report, filed.report.id).device_id = browser.id
    assert kinds_known(filed.report) == block(world, filed).kinds == ("device",)
    assert refusal(world, contact=typed) == refusal(world, account="citizen_2") == "", "whoever really has the number goes on reporting"
    proven = build.file_report(world, by="guest", contact=typed, words="Đèn hỏng.")
    with unit_of_work():
        reporter = db.session.get_one(Reporter, proven.report.reporter_id)
        reporter.contact_verified_at, reporter.verified_contact = NOON, "phone"
    assert block(world, proven).kinds == ("phone",)
    assert refusal(world, account="citizen_2") == "", "an account that only claims the number is somebody else"

    def told_in_copy() -> bool:
        return WHY in str(as_json(parts_of_person(Person(account=db.session.merge(world.people["citizen_2"])))))

    assert not told_in_copy()
    with unit_of_work():
        world.people["citizen_2"] = db.session.merge(world.people["citizen_2"])
        world.people["citizen_2"].phone_verified_at = NOON
    assert WHY[:20] in refusal(world, account="citizen_2")
    assert told_in_copy()


def test_only_the_operations_lead_of_the_case_blocks_with_a_reason_and_a_last_day(world: build.World) -> None:
    filed, other = build.file_report(world), build.file_report(world, by="citizen_2", contact=None, words="Đèn hỏng.")
    for name in ("operator", "committee_leader", "administrator", "officer_PTNMT", "confidential_reader", "citizen", "guest"):
        with pytest.raises(NotAllowed):
            block(world, filed, by=name)
    for wrong, words in (({"reason": "quá ngắn"}, "10 to 300"), ({"reason": "x" * 301}, "10 to 300"), ({"days": 0}, "1 to 365"),
                         ({"days": 366}, "1 to 365")):
        with pytest.raises(BlockRefused, match=words):
            block(world, filed, **wrong)  # type: ignore[arg-type]
    with pytest.raises(BlockRefused, match="does not belong"), unit_of_work():
        block_sender(lock_case(filed.case.id), other.report, by=world.actor("ops_lead"), now=NOON, reason=WHY, days=3)
    nobody = build.file_report(world, by="guest", contact=None, marked_urgent=True)
    with pytest.raises(BlockRefused, match="Nothing is known"):
        block(world, nobody)
    assert (can_be_blocked(nobody.report), can_be_blocked(filed.report)) == (False, True)
    block(world, filed, days=365)
    with pytest.raises(BlockRefused, match="blocked already"):
        block(world, filed)
    assert [row.report_id for row in db.session.scalars(select(BlockedSender))] == [filed.report.id]


@pytest.mark.on_both
def test_it_is_written_down_told_and_lifted_without_a_word_of_who_it_is(world: build.World) -> None:
    filed = build.file_report(world)
    made = block(world, filed)
    lead = world.actor("ops_lead")
    [listed] = blocks_seen(lead, now=NOON)
    assert (listed.ref, listed.report.code, listed.by, listed.reason) == (made.ref, filed.report.code, "Người Thử ops_lead", WHY)
    assert blocks_seen(world.actor("operator"), now=NOON) == []
    assert block_seen(world.actor("administrator"), made.ref, now=NOON) is None
    with pytest.raises(NotAllowed), unit_of_work():
        lift_block(lock_case(filed.case.id), made, by=world.actor("operator"), now=NOON)
    found = block_seen(lead, made.ref, now=NOON)
    assert found is not None
    with unit_of_work():
        lift_block(lock_case(filed.case.id), found, by=lead, now=NOON + timedelta(hours=1))
    with pytest.raises(BlockRefused, match="ended or was lifted"), unit_of_work():
        lift_block(lock_case(filed.case.id), found, by=lead, now=NOON + timedelta(hours=2))
    assert refusal(world, account="citizen", after=timedelta(hours=2)) == ""
    assert (blocks_seen(lead, now=NOON), block_seen(lead, made.ref, now=NOON)) == ([], None)
    events = db.session.scalars(select(Event).where(Event.type.in_(("block_sender", "lift_block"))).order_by(Event.id)).all()
    assert [(event.type, event.payload) for event in events] == [
        ("block_sender", {"report": filed.report.code, "until": "2026-04-01"}), ("lift_block", {"report": filed.report.code})]  # fmt: skip
    told = db.session.scalars(select(OutboxMessage).where(OutboxMessage.template.in_(("sender_blocked", "sender_unblocked"))))
    assert [(row.template, row.recipient, WHY[:10] in str(row.parameters)) for row in told] == [
        (template, f"reporter:{filed.report.reporter_id}", False) for template in ("sender_blocked", "sender_unblocked")]  # fmt: skip
    assert build.file_report(world, words="Một việc khác.").report.code


def test_quarantine_takes_the_words_and_the_hand_over_what_is_known_of_the_sender(world: build.World) -> None:
    filed = build.file_report(world)
    block(world, filed)
    with unit_of_work():
        quarantine(lock_case(filed.case.id), QuarantineInput(reason="Tố cáo người có tên."), by=world.actor("operator"), now=NOON)
    db.session.expire_all()
    assert {row.reason for row in db.session.scalars(select(BlockedSender))} == {""}
    assert blocks_seen(world.actor("ops_lead"), now=NOON) == []
    assert "until the end of 01/04/2026." in refusal(world, account="citizen"), "it holds all the same"
    with pytest.raises(NotAllowed):
        block(world, filed)
    with unit_of_work():
        hand_over(lock_case(filed.case.id), HandOverInput(receipt="Biên bản 12/BB-TTĐH"), by=world.actor("confidential_reader"), now=NOON)
    assert db.session.scalars(select(BlockedSender)).all() == []
