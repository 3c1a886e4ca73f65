"""One-time codes: what opens, what does not, how they leave, and what is left of them."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.contacts.codes import (
    LASTS,
    MOST_ATTEMPTS,
    MOST_ATTEMPTS_HERE,
    OF_CONTACT,
    OF_CONTACT_A_DAY,
    OF_CONTACT_HERE,
    RESEND_AFTER,
    Purpose,
    check_code,
    count_code,
    send_code,
    sweep_codes,
    way_to,
)
from casework.db import db, unit_of_work
from casework.messages.lengths import sms_segments
from casework.models import Delivery, OneTimeCode, Report
from casework.privacy.identity import Contact
from tests import build
from tests.messages.house import has_zns
from tests.web.letterbox import letterbox

NOON = build.NOON
PHONE, MAIL = Contact(phone=build.PHONE), Contact(email="thu@nguoi-dan.example")
WRONG = "not a code"
HERE, ELSEWHERE = "10.0.0.0/24", "10.0.1.0/24"


def sent(
    contact: Contact = PHONE, purpose: Purpose = Purpose.SIGN_IN, *, after: timedelta = timedelta(), ways: tuple[str, ...] = ("sms",)
) -> str:
    with unit_of_work():
        return send_code(contact, purpose=purpose, now=NOON + after, configured=ways).digits or ""


def opens(
    digits: str, contact: Contact = PHONE, purpose: Purpose = Purpose.SIGN_IN, *, network: str = HERE, after: timedelta = timedelta()
) -> bool:
    with unit_of_work():
        return check_code(contact, digits, purpose=purpose, network=network, now=NOON + after)


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


def test_a_code_sent_for_one_report_confirms_no_other_and_signs_nobody_in(sqlite_app: Flask) -> None:
    world = build.standard_world()
    one, other = (build.file_report(world, by="guest").report for _ in range(2))
    with unit_of_work():
        digits = send_code(PHONE, purpose=Purpose.CONFIRM_REPORT, now=NOON, configured=("sms",), report=one).digits or ""

    def confirms(report: Report | None) -> bool:
        with unit_of_work():
            return check_code(PHONE, digits, purpose=Purpose.CONFIRM_REPORT, network=HERE, now=NOON, report=report)

    assert not confirms(other)
    assert not confirms(None)
    assert confirms(one)



def test_five_wrong_attempts_of_a_network_end_a_code_there_fifteen_everywhere_and_the_newest_alone_counts(app: Flask) -> None:
    build.standard_world()
    digits = sent()
    assert not any(opens(WRONG) for _ in range(MOST_ATTEMPTS_HERE))
    assert not opens(digits), "the sixth attempt, be it the right one"
    assert opens(digits, network=ELSEWHERE), "a stranger who mistypes it ends no code of its owner"
    first = sent(purpose=Purpose.TRACK)
    assert sent(purpose=Purpose.TRACK, after=RESEND_AFTER - timedelta(seconds=1)) == first, "pressed twice it is the same code"
    second = sent(purpose=Purpose.TRACK, after=RESEND_AFTER)
    assert [row.sealed_message is None for row in rows()] == [True, True, False], "what was used or replaced is never sent"
    if first != second:
        assert not opens(first, purpose=Purpose.TRACK, after=RESEND_AFTER)
    assert opens(second, purpose=Purpose.TRACK, after=RESEND_AFTER)
    digits = sent(MAIL)
    assert not any(opens(WRONG, MAIL, network=f"10.0.{number % 4}.0/24") for number in range(MOST_ATTEMPTS))
    assert not opens(digits, MAIL, network="10.9.0.0/24")
    assert MOST_ATTEMPTS == 15


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


@pytest.mark.parametrize(
    ("contacts", "networks", "most"), [(1, 1, 3), (1, 5, 9), (100, 1, 60)], ids=["here", "of one contact", "of one network"]
)
def test_codes_are_limited(sqlite_app: Flask, contacts: int, networks: int, most: int) -> None:
    build.standard_world()
    assert (OF_CONTACT_HERE.allowed, OF_CONTACT.allowed, OF_CONTACT_A_DAY.allowed) == (3, 9, 30)
    asked = []
    with unit_of_work():
        for number in range(most + 10):
            contact = Contact(phone=f"+8491234{number % contacts:04}")
            asked.append(count_code(contact, network=f"10.{number % networks}.0.0/24", now=NOON))
    refused_from = next(number for number, until in enumerate(asked) if until is not None)
    assert refused_from == most
    assert all(until is not None and until > NOON for until in asked[refused_from:])


@pytest.mark.exhaustive
def test_what_one_network_is_refused_uses_up_nothing_of_others(sqlite_app: Flask) -> None:
    build.standard_world()
    with unit_of_work():
        for number in range(620):
            count_code(Contact(phone=f"+84905{number:06}"), network=HERE, now=NOON)
        assert count_code(Contact(phone="+84912999888"), network=ELSEWHERE, now=NOON) is None, "the installation still sends codes"
        for minute in range(12):
            count_code(MAIL, network=HERE, now=NOON + timedelta(minutes=15 * minute))
        assert count_code(MAIL, network=HERE, now=NOON + timedelta(hours=3)) is not None
        assert count_code(MAIL, network=ELSEWHERE, now=NOON + timedelta(hours=3)) is None, "the owner of the address still gets one"
