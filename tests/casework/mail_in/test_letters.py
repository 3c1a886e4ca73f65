"""Letters against real cases: whose they are, that each is kept once, and what an address that takes none means."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from casework.contacts.confirming import confirm_report
from casework.db import db, unit_of_work
from casework.erasure.people import forget_mail_of
from casework.mail_in import read_letter
from casework.mail_in.addresses import ANSWERED_WITHIN, forget_old_addresses, report_answered, token_for
from casework.mail_in.judging import Verdict, judge, take_bounce
from casework.mail_in.keeping import (
    CLAIMED_FOR,
    KEPT_FOR,
    claim_letter,
    forget_old_letters,
    give_back,
    keep_letter,
    mark_handled,
    note_left,
)
from casework.messages.recipients import recipient_of
from casework.messages.routing import route_messages
from casework.models import Case, DeadEmail, Delivery, IncomingLetter, ReplyAddress, Report
from casework.privacy.dead_addresses import forget_old_dead
from casework.privacy.identity import Contact
from tests import build
from tests.casework.mail_in.hostile import hostile_forms
from tests.messages.house import BY_MAIL, House, gateways_to, quiet_case

NOW = build.NOON
OURS, SERVER = "phanhoi@xa.example", "mx.xa.example"
ADDRESS = str(BY_MAIL.email)
VOUCHED = f"Authentication-Results: {SERVER}; dmarc=pass header.from=nguoi-dan.example\r\n"
WITH_PHONE = Contact(name="Nguyễn Thị Thử", email=ADDRESS, phone=build.PHONE)
REF = "<0123456789abcdef@trung-tam.example>"


@pytest.fixture
def house(app: Flask) -> House:
    return House(app, gateways_to())


def raw(to: str, *, sender: str = ADDRESS, head: str = VOUCHED, words: str = "Tôi bổ sung: cột thứ hai", number: int = 1) -> bytes:
    return f"{head}From: {sender}\r\nTo: {to}\r\nMessage-ID: <{number}@nguoi-dan.example>\r\n\r\n{words}".encode()


def told_to(case: Case) -> str:
    """The address at which the sender of a case answers."""
    with unit_of_work():
        token = token_for(f"reporter:{db.session.get_one(Case, case.id).main_report.reporter_id}", now=NOW)
    local, _, domain = OURS.partition("@")
    return f"{local}+{token}@{domain}"


def judged(letter: bytes, *, after: timedelta = timedelta(0)) -> Verdict:
    return judge(read_letter(letter), mailbox=OURS, server=SERVER, now=NOW + after)


def token_in(address: str) -> str:
    return address.partition("@")[0].partition("+")[2]


def sent_by_email(case: Case, ref: str = REF) -> Delivery:
    with unit_of_work():
        reporter_id = db.session.get_one(Case, case.id).main_report.reporter_id
        row = Delivery(recipient=f"reporter:{reporter_id}", case_id=case.id, channel="email", template="report_accepted",
                       dedupe_key=f"1:{ref}:email", created_at=NOW, due_at=NOW, sent_at=NOW, gateway_ref=ref)  # fmt: skip
        db.session.add(row)
    return row


def returned(address: str = ADDRESS, ref: str = REF) -> bytes:
    """A notice that a letter of ours could not be delivered."""
    return (
        "From: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {ref}\r\n\r\nx\r\n--b--\r\n"
    ).encode()


def test_an_answer_from_the_senders_address_belongs_to_their_report(house: House) -> None:
    case = quiet_case(house.world)
    address = told_to(case)
    assert judged(raw(address)) == Verdict("taken", None, case.main_report.id)
    assert told_to(case) == address, "the same in every letter"
    assert db.session.scalar(select(func.count()).select_from(ReplyAddress)) == 1


def test_what_is_not_proven_waits_for_a_person(house: House) -> None:
    case = quiet_case(house.world)
    address, report = told_to(case), case.main_report.id
    assert judged(raw(address, head="")) == Verdict("unclear", "unproven", report)
    assert judged(raw(address, head=VOUCHED.replace("pass", "fail"))) == Verdict("unclear", "unproven", report)
    assert judged(raw(address, head=VOUCHED.replace(SERVER, "mx.evil.example"))) == Verdict("unclear", "unproven", report)
    assert judged(raw(address, sender="khac@nguoi-dan.example")) == Verdict("unclear", "sender", report)
    assert judged(raw(f"phanhoi+{'a' * 22}@xa.example")) == Verdict("unclear", "address")
    assert judged(raw(OURS)) == Verdict("unclear", "address")


def test_an_address_leads_to_no_other_persons_case(house: House) -> None:
    first, second = quiet_case(house.world), quiet_case(house.world, Contact(email="hai@nguoi-dan.example"))
    assert judged(raw(told_to(first), sender="hai@nguoi-dan.example")).state == "unclear"
    both = judged(raw(f"{told_to(first)}, {told_to(second)}"))
    assert both == Verdict("unclear", "address"), "two addresses are none"


def test_an_answer_without_the_address_is_known_by_the_letter_it_quotes(house: House) -> None:
    case = quiet_case(house.world)
    sent_by_email(case)
    quoting = f"{VOUCHED}In-Reply-To: {REF}\r\n"
    assert judged(raw(OURS, head=quoting)) == Verdict("taken", None, case.main_report.id)
    assert judged(raw(OURS, head=quoting, sender="khac@nguoi-dan.example")).state == "unclear"
    assert judged(raw(f"phanhoi+{'a' * 22}@xa.example", head=quoting)).state == "unclear", "a wrong address is not mended by a quotation"


def test_an_answer_to_letters_about_two_matters_belongs_to_none(house: House) -> None:
    other = "<fedcba@trung-tam.example>"
    sent_by_email(quiet_case(house.world))
    sent_by_email(quiet_case(house.world), other)
    assert judged(raw(OURS, head=f"{VOUCHED}References: {REF} {other}\r\n")) == Verdict("unclear", "address")


def test_what_a_machine_wrote_is_taken_for_nothing(house: House) -> None:
    address = told_to(quiet_case(house.world))
    assert judged(raw(address, head=f"{VOUCHED}Auto-Submitted: auto-replied\r\n")).state == "machine"
    assert judged(raw(address, head=f"{VOUCHED}Precedence: bulk\r\n")).state == "machine"


def test_an_address_counts_thirty_days_after_the_end_and_is_deleted_then(house: House) -> None:
    case = quiet_case(house.world)
    address = told_to(case)
    with unit_of_work():
        db.session.get_one(Case, case.id).closed_at = NOW
    assert judged(raw(address), after=ANSWERED_WITHIN - timedelta(seconds=1)).state == "taken"
    assert judged(raw(address), after=ANSWERED_WITHIN) == Verdict("unclear", "address")
    open_one = told_to(quiet_case(house.world))
    with unit_of_work():
        forget_old_addresses(NOW + 2 * ANSWERED_WITHIN)
    assert report_answered(token_in(address), now=NOW) is None
    assert report_answered(token_in(open_one), now=NOW + 2 * ANSWERED_WITHIN) is not None


def test_nothing_leads_to_a_person_who_is_forgotten(house: House) -> None:
    case = quiet_case(house.world)
    address = told_to(case)
    kept = keep_letter(raw(address, head=""), mailbox=OURS, now=NOW)
    with unit_of_work():
        mark_handled(kept.id, state="unclear", why="unproven", report_id=case.main_report.id, now=NOW)
    with unit_of_work():
        reporter = db.session.get_one(Report, case.main_report.id).reporter
        assert reporter is not None
        forget_mail_of(reporter)
    assert judged(raw(address)) == Verdict("unclear", "address")
    assert db.session.get_one(IncomingLetter, kept.id).sealed_raw is None


def test_a_letter_is_kept_once_however_often_it_comes(house: House) -> None:
    first = keep_letter(raw(OURS), mailbox=OURS, now=NOW)
    again = keep_letter(raw(OURS, head="Received: by another\r\n"), mailbox=OURS, now=NOW)
    assert again == first
    assert keep_letter(raw(OURS), mailbox="khac@xa.example", now=NOW).id != first.id, "another mailbox"
    other = keep_letter(raw(OURS, words="Chuyện khác"), mailbox=OURS, now=NOW)
    assert (other.id != first.id, other.state) == (True, "unclear"), "nobody takes the place of a letter by its Message-ID"
    assert keep_letter(raw(OURS, words="Chuyện khác"), mailbox=OURS, now=NOW) == other
    large = note_left("7 99", mailbox=OURS, size=30_000_000, why="size", now=NOW)
    assert large == note_left("7 99", mailbox=OURS, size=30_000_000, why="size", now=NOW)
    assert large.state == "unclear"
    row = db.session.get_one(IncomingLetter, first.id)
    assert row.sealed_raw is not None
    assert "cột".encode() not in row.sealed_raw


def test_a_letter_is_worked_on_by_one_and_taken_up_again_when_that_one_died(house: House) -> None:
    kept = keep_letter(raw(OURS), mailbox=OURS, now=NOW)
    claimed = claim_letter(kept.id, now=NOW)
    assert claimed is not None
    assert (claimed.raw, "nguoi-dan" in repr(claimed)) == (raw(OURS), False)
    assert claim_letter(kept.id, now=NOW) is None
    give_back(kept.id)
    for attempt in range(4):
        assert claim_letter(kept.id, now=NOW + attempt * CLAIMED_FOR) is not None
    assert claim_letter(kept.id, now=NOW + 9 * CLAIMED_FOR) is None
    db.session.expire_all()
    row = db.session.get_one(IncomingLetter, kept.id)
    assert (row.state, row.why, row.sealed_raw is not None) == ("unclear", "fault", True)


def test_a_letter_that_was_taken_is_erased_and_its_trace_forgotten_later(house: House) -> None:
    kept = keep_letter(raw(OURS), mailbox=OURS, now=NOW)
    with unit_of_work():
        mark_handled(kept.id, state="taken", now=NOW)
    assert db.session.get_one(IncomingLetter, kept.id).sealed_raw is None
    assert claim_letter(kept.id, now=NOW) is None
    for moment, left in ((NOW + KEPT_FOR, 1), (NOW + KEPT_FOR + timedelta(seconds=1), 0)):
        with unit_of_work():
            forget_old_letters(moment)
        assert db.session.scalar(select(func.count()).select_from(IncomingLetter)) == left


def test_a_letter_that_comes_back_closes_the_address_and_its_owner_is_told_by_telephone(house: House) -> None:
    case = quiet_case(house.world, WITH_PHONE)
    house.tell(case, "report_accepted")
    route_messages(NOW, configured={"email", "sms"})
    [row] = house.deliveries
    with unit_of_work():
        row = db.session.get_one(Delivery, row.id)
        row.sent_at, row.gateway_ref = NOW, REF
    for _twice in range(2):
        with unit_of_work():
            assert take_bounce(read_letter(returned()), now=NOW, configured={"email", "sms"})
    assert [(each.channel, each.sent_at, each.given_up_at) for each in house.deliveries] == [("email", NOW, None), ("sms", None, None)]
    person = recipient_of(row.recipient)
    assert person is not None
    assert "email" not in person.reached
    with unit_of_work():
        confirm_report(db.session.get_one(Report, case.main_report.id), contact=Contact(email=ADDRESS), now=NOW)
    person = recipient_of(row.recipient)
    assert person is not None
    assert "email" in person.reached, "a code sent there was typed in"


def test_where_no_other_way_leads_the_letter_waits_with_the_dead_ones(house: House) -> None:
    row = sent_by_email(quiet_case(house.world))
    with unit_of_work():
        take_bounce(read_letter(returned()), now=NOW, configured={"email", "sms"})
    dead = db.session.get_one(Delivery, row.id)
    assert (dead.sent_at, dead.given_up_at, dead.last_error) == (None, NOW, "refused: 5.1.1")
    with unit_of_work():
        forget_old_dead(NOW + timedelta(days=91))
    assert db.session.scalar(select(func.count()).select_from(DeadEmail)) == 0


def test_a_forged_notice_closes_no_address(house: House) -> None:
    row = sent_by_email(quiet_case(house.world))
    for forged in (returned(ref="<guessed@trung-tam.example>"), returned("khac@nguoi-dan.example"), raw(OURS)):
        with unit_of_work():
            assert not take_bounce(read_letter(forged), now=NOW, configured={"email"})
    assert db.session.scalar(select(func.count()).select_from(DeadEmail)) == 0
    assert db.session.get_one(Delivery, row.id).sent_at == NOW


def test_forged_letters_reach_no_real_case(house: House) -> None:
    told_to(quiet_case(house.world))
    for name, letter in hostile_forms():
        if name.startswith(("to ", "said ", "sign ")):
            assert judged(letter).state != "taken", name
