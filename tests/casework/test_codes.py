"""One-time codes: what opens, what does not, how they leave, and what is left of them."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.contacts.codes import (
    LASTS,
    MOST_ATTEMPTS,
    OF_CONTACT,
    RESEND_AFTER,
    Purpose,
    check_code,
    count_code,
    send_code,
    sweep_codes,
    way_to,
)
from casework.db import db, unit_of_work
from casework.identity import Contact
from casework.messages.lengths import sms_segments
from casework.models import Delivery, OneTimeCode
from tests import build
from tests.messages.house import has_zns
from tests.web.letterbox import letterbox

NOON = build.NOON
PHONE, MAIL = Contact(phone=build.PHONE), Contact(email="thu@nguoi-dan.example")
WRONG = "not a code"


def sent(
    contact: Contact = PHONE, purpose: Purpose = Purpose.SIGN_IN, *, after: timedelta = timedelta(), ways: tuple[str, ...] = ("sms",)
) -> str:
    with unit_of_work():
        return send_code(contact, purpose=purpose, now=NOON + after, configured=ways).digits or ""


def opens(digits: str, contact: Contact = PHONE, purpose: Purpose = Purpose.SIGN_IN, *, after: timedelta = timedelta()) -> bool:
    with unit_of_work():
        return check_code(contact, digits, purpose=purpose, now=NOON + after)


def rows() -> list[OneTimeCode]:
    db.session.rollback()
    return list(db.session.scalars(select(OneTimeCode).order_by(OneTimeCode.id).execution_options(populate_existing=True)))


def test_a_code_opens_once_for_its_contact_and_purpose_and_no_longer_than_ten_minutes(app: Flask) -> None:
    build.standard_world()
    digits = sent()
    assert len(digits) == 6
    assert not opens(digits, Contact(phone="+84987654321"))
    assert not opens(digits, MAIL)
    assert not opens(digits, purpose=Purpose.TRACK)
    assert not opens(digits, after=LASTS)
    assert opens(f" {digits[:3]} {digits[3:]} ", after=LASTS - timedelta(seconds=1)), "spaces do not matter"
    assert not opens(digits), "once"
    [row] = rows()
    assert (row.sealed_message, row.used_at is not None) == (None, True)


def test_five_wrong_attempts_end_a_code_and_the_newest_alone_counts(app: Flask) -> None:
    build.standard_world()
    digits = sent()
    assert not any(opens(WRONG) for _ in range(MOST_ATTEMPTS))
    assert not opens(digits), "the sixth attempt, be it the right one"
    first = sent(purpose=Purpose.TRACK)
    assert sent(purpose=Purpose.TRACK, after=RESEND_AFTER - timedelta(seconds=1)) == first, "pressed twice it is the same code"
    second = sent(purpose=Purpose.TRACK, after=RESEND_AFTER)
    assert [row.sealed_message is None for row in rows()] == [False, True, False], "what was replaced is never sent"
    if first != second:
        assert not opens(first, purpose=Purpose.TRACK, after=RESEND_AFTER)
    assert opens(second, purpose=Purpose.TRACK, after=RESEND_AFTER)


def test_it_leaves_at_once_in_quiet_hours_too_and_is_wiped_once_it_has(sqlite_app: Flask) -> None:
    build.standard_world()
    night = timedelta(hours=14)                                    # midnight, local time
    with letterbox(sqlite_app, "sms", "email") as box:
        digits, mailed = sent(after=night), sent(MAIL, after=night, ways=("sms", "email"))
        by_way = {each.channel: each for each in box.deliver(NOON + night)}
    assert by_way["sms"].address == build.PHONE
    assert digits in by_way["sms"].words.sms
    assert by_way["sms"].words.sms.isascii(), "one marked letter would make two messages of it"
    assert sms_segments(by_way["sms"].words.sms) == 1
    assert "http" not in by_way["sms"].words.sms + by_way["email"].words.body, "who asks for a code is not to be trained to press links"
    assert (by_way["email"].address, mailed in by_way["email"].words.body) == (MAIL.email, True)
    assert [row.sealed_message for row in rows()] == [None, None]
    assert opens(digits, after=night), "its digest stays"
    told = " ".join(str(value) for row in db.session.scalars(select(Delivery)) for value in vars(row).values())
    assert digits not in told
    assert build.PHONE not in told


def test_what_could_not_be_sent_in_time_is_dropped_and_an_old_row_is_forgotten(sqlite_app: Flask) -> None:
    build.standard_world()
    with letterbox(sqlite_app, "sms") as box:
        sent()
        sent(Contact(phone="+84987654321"))
        assert box.deliver(NOON + LASTS) == []
    assert {row.last_error for row in db.session.scalars(select(Delivery))} == {"out_of_date"}
    with unit_of_work():
        assert sweep_codes(NOON + LASTS) == 0
    assert [row.sealed_message for row in rows()] == [None, None]
    with unit_of_work():
        assert sweep_codes(NOON + timedelta(days=2)) == 1
    assert len(rows()) == 1, "the last number is not given again"


def test_by_zalo_where_its_template_is_approved_by_sms_where_it_refuses_and_by_nothing_where_nothing_leads(sqlite_app: Flask) -> None:
    build.standard_world()
    ways = {"email", "sms", "zns"}
    assert way_to("phone", configured=ways, now=NOON) == "sms"
    assert way_to("phone", configured={"zns", "push"}, now=NOON) is None, "no template yet"
    assert way_to("email", configured={"sms"}, now=NOON) is None
    has_zns("one_time_code")
    assert way_to("phone", configured=ways, now=NOON) == "zns"
    assert sent(ways=("zns", "sms"))
    with letterbox(sqlite_app, "zns", "sms") as box:
        [outgoing] = box.deliver(NOON)
    assert outgoing.channel == "zns"
    with unit_of_work():
        nowhere = send_code(MAIL, purpose=Purpose.SIGN_IN, now=NOON, configured=())
    assert (nowhere.channel, len(nowhere.digits or "")) == (None, 6)


@pytest.mark.parametrize(("contacts", "networks"), [(1, 5), (100, 1)], ids=["of one contact", "of one network"])
def test_codes_are_limited(sqlite_app: Flask, contacts: int, networks: int) -> None:
    build.standard_world()
    asked = []
    with unit_of_work():
        for number in range(OF_CONTACT.allowed + 60):
            contact = Contact(phone=f"+8491234{number % contacts:04}")
            asked.append(count_code(contact, network=f"10.{number % networks}.0.0/24", now=NOON))
    refused_from = next(number for number, until in enumerate(asked) if until is not None)
    assert refused_from == (OF_CONTACT.allowed if contacts == 1 else 60)
    assert all(until is not None and until > NOON for until in asked[refused_from:])
