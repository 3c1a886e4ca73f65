"""Who is told outside the house, by which way; and what is told no more because things have changed before it left."""
from __future__ import annotations

from datetime import timedelta
from threading import Thread

import pytest
from flask import Flask
from sqlalchemy import delete

from casework.db import db, unit_of_work
from casework.erasure.erase import erase_originals
from casework.messages import desks
from casework.messages.rendering import Page
from casework.messages.routing import route_messages
from casework.messages.sending import Receipt, claim, mark_sent, send_waiting
from casework.models import Account, Case, Deputy, HouseSetting, MessageChoice
from casework.outbox import tell_desk, tell_of_sign_in
from casework.permissions import Role
from casework.privacy.identity import Contact
from tests import build
from tests.messages.house import BY_MAIL, BY_PHONE, House, gateways_to, quiet_case, told_of_everything, with_mail
from tests.outside import Outside
from web.gateways.opening import page_addresses
from web.gateways.smtp import MailGateway, SmtpServer

NOWHERE = MailGateway(SmtpServer("127.0.0.1", 9, "no"), "phananh@trung-tam.example")
ALL = {"email": NOWHERE, "push": NOWHERE, "zns": NOWHERE, "sms": NOWHERE}


def told(house: House) -> set[tuple[str, str]]:
    house.route()
    names = {f"account:{account.id}": name for name, account in house.world.people.items()}
    return {(names.get(row.recipient, "reporter"), row.channel) for row in house.deliveries}


@pytest.mark.parametrize(
    ("contact", "channels", "ways"),
    [
        (BY_MAIL, (), {"email"}),
        (BY_PHONE, (), {"sms"}),
        (Contact(email=BY_MAIL.email, phone=build.PHONE), (), {"email"}),
        (Contact(email=BY_MAIL.email, phone=build.PHONE), ("sms",), {"sms"}),
        (Contact(email=BY_MAIL.email, phone=build.PHONE), ("email",), {"email"}),
        (Contact(email=BY_MAIL.email, phone=build.PHONE), ("zns",), {"sms"}),
        (Contact(email=BY_MAIL.email, phone=build.PHONE), ("none",), set()),
    ],
    ids=["an address", "a number", "both: by e-mail", "asked for SMS", "asked for e-mail", "asked for Zalo without a template",
         "asked for nothing"],
)  # fmt: skip
def test_a_reporter_without_an_account_is_told_as_they_wish(
    sqlite_app: Flask, contact: Contact, channels: tuple[str, ...], ways: set[str]
) -> None:
    house = House(sqlite_app, ALL)
    case = quiet_case(house.world, contact, channels=channels)
    house.tell(case, "report_published")
    assert {way for _, way in told(house)} == ways


def test_a_channel_that_is_not_configured_gets_nothing_now_or_later(sqlite_app: Flask) -> None:
    house = House(sqlite_app, {})
    house.tell(quiet_case(house.world), "report_published")
    assert told(house) == set()
    house.gateways = ALL
    assert told(house) == set()


def test_a_desk_is_whoever_reads_it_now_and_their_deputies_but_not_who_did_it(sqlite_app: Flask) -> None:
    house = House(sqlite_app, ALL)
    people = ("operator", "operator_2", "ops_lead", "inspector", "officer_PTNMT", "officer_2_PTNMT", "leader_PTNMT", "officer_HKL")
    with_mail(house.world, *people)
    case = build.case_at(house.world, "to_distribute")
    told_of_everything()
    with unit_of_work():
        deputyship = {"starts_at": build.NOON - timedelta(days=1), "ends_at": build.NOON + timedelta(days=9)}
        for principal, deputy in (("officer_2_PTNMT", "officer_HKL"), ("operator_2", "inspector")):
            db.session.add(Deputy(principal_id=house.world.people[principal].id, deputy_id=house.world.people[deputy].id,
                                  created_by_id=house.world.people["ops_lead"].id, **deputyship))  # fmt: skip
        db.session.get_one(Account, house.world.people["operator_2"].id).disabled_at = build.NOON
    assert desks.readers_of([f"operator@c{house.world.centre.id}"], now=build.NOON) == {
        f"operator@c{house.world.centre.id}": {house.world.people["operator"].id}
    }, "nobody is deputy of somebody whose account is shut"
    build.advance(house.world, case, "handling")
    house.wait(hours=1)
    staff = {pair for pair in told(house) if pair[0] != "reporter"}
    assert staff == {("officer_PTNMT", "email"), ("officer_2_PTNMT", "email"), ("officer_HKL", "email")}
    with unit_of_work():
        case = db.session.get_one(Case, case.id)
        just_now = build.next_moment(case) - timedelta(minutes=5)
        tell_desk(Role.OFFICER, "lead_changed", case=case, at=just_now, agency_id=case.lead_agency_id, lead="PTNMT")
    house.route()
    after = {row.recipient for row in house.deliveries if row.template == "lead_changed"}
    assert after == {f"account:{house.world.people[name].id}" for name in ("officer_2_PTNMT", "officer_HKL")}, "the first officer did it"


def test_staff_are_told_at_once_of_what_is_urgent_and_of_the_rest_in_the_morning(sqlite_app: Flask) -> None:
    house = House(sqlite_app, ALL)
    with_mail(house.world, "operator")
    with unit_of_work():
        for choice in db.session.query(MessageChoice):
            choice.takes = "digest"
        db.session.get_one(Account, house.world.people["operator"].id).phone = "+84263000000"
    build.file_report(house.world, words="Rác ven suối, không gấp.")
    assert {pair for pair in told(house) if pair[0] == "operator"} == set()
    build.file_report(house.world, words="Cháy rừng ở đồi thông!", marked_urgent=True)
    assert {pair for pair in told(house) if pair[0] == "operator"} == {("operator", "email"), ("operator", "sms")}


@pytest.mark.parametrize("takes", ["none", "digest"])
def test_that_a_key_of_an_account_has_changed_is_told_by_one_way_whatever_its_owner_chose(
    sqlite_app: Flask, mail: Outside, takes: str
) -> None:
    house = House(sqlite_app, gateways_to(mail))
    with_mail(house.world, "operator")
    account_id = house.world.people["operator"].id
    with unit_of_work():
        db.session.execute(delete(MessageChoice))
        chosen = {"email": takes, "push": "none", "zns": "none", "sms": "none"}
        for channel, wish in chosen.items():
            db.session.add(MessageChoice(account_id=account_id, channel=channel, takes=wish, changed_at=house.now))
        db.session.get_one(Account, account_id).phone = "+84263000000"
        tell_of_sign_in(account_id, "second_factor_changed", at=house.now, key="1", change=["Đã thêm ứng dụng", "App added"])
    house.route()
    assert {(row.template, row.channel) for row in house.deliveries} == {("second_factor_changed", "email")}
    assert house.send() == 1, "nor is it held back right before it leaves"


GONE = {
    "the case was quarantined": lambda world, case: build.act(world, case, "quarantine", "operator", reason="Tố cáo một cán bộ."),
    "the choice was taken back": lambda world, case: _channels(case, ["none"]),
    "the identity was erased": lambda world, case: _forget(case),
}


@pytest.mark.parametrize("change", GONE, ids=list(GONE))
def test_what_may_not_be_told_any_more_is_dropped_right_before_it_leaves(sqlite_app: Flask, mail: Outside, change: str) -> None:
    house = House(sqlite_app, gateways_to(mail))
    case = quiet_case(house.world)
    house.tell(case, "report_published")
    house.route()
    GONE[change](house.world, case)
    assert house.send() == 0
    assert mail.bytes == []
    [row] = house.deliveries
    assert row.dropped_at is not None
    assert row.sent_at is None


def test_after_quarantine_a_sender_is_told_only_that_there_is_something_to_read(sqlite_app: Flask, mail: Outside) -> None:
    house = House(sqlite_app, gateways_to(mail))
    case = quiet_case(house.world)
    build.act(house.world, case, "quarantine", "operator", reason="Tố cáo một cán bộ.")
    house.wait(minutes=10)
    house.route()
    assert house.send() == 1
    [letter] = mail.letters
    assert letter["Subject"] == f"Có thông tin mới về phản ánh {case.code}"
    assert "thủ tục" not in letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_reminders_of_what_is_over_are_not_sent_after_an_outage(sqlite_app: Flask, mail: Outside) -> None:
    house = House(sqlite_app, gateways_to(mail))
    with_mail(house.world, "operator", "operator_2")
    case = build.file_report(house.world).case
    house.route()
    build.advance(house.world, case, "to_classify")
    build.file_report(house.world, words="Một việc khác, còn chờ tiếp nhận.")
    house.wait(days=2)
    house.route()
    house.send()
    to_staff = [row for row in house.deliveries if row.recipient.startswith("account:")]
    by_template = {(row.template, row.case_id == case.id): row.last_error for row in to_staff}
    assert by_template["report_to_verify", True] == "out_of_date"
    assert by_template["report_to_verify", False] is None
    assert {letter["To"] for letter in mail.letters} == {"operator@lacduong.example", "operator_2@lacduong.example"}


@pytest.mark.exhaustive
def test_several_workers_route_and_send_everything_once(app: Flask, mail: Outside) -> None:
    house = House(app, gateways_to(mail))
    with unit_of_work():
        db.session.add(HouseSetting(key="most_email", value=6_000, changed_at=build.NOON))
    cases = [quiet_case(house.world, words=f"Rác ven suối, chỗ thứ {number}.") for number in range(4)]
    for case in cases:
        house.tell(case, "report_accepted", "report_published")

    def work() -> None:
        with app.app_context():
            route_messages(house.now, configured=frozenset({"email"}))
            for _ in range(3):
                send_waiting("email", house.gateways["email"], clock=lambda: house.now, pages=page_addresses(app), configured={"email"})

    workers = [Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(letter["Message-ID"] for letter in mail.letters) == sorted(row.gateway_ref for row in house.deliveries)
    assert len(mail.letters) == 8
    for case in cases:
        own = [letter["Subject"] for letter in mail.letters if case.code in letter["Subject"]]
        assert own == [f"Đã tiếp nhận phản ánh {case.code}", f"Phản ánh {case.code} đã có kết quả"]


def test_a_lease_that_ran_out_is_taken_over_and_its_first_holder_can_mark_nothing(app: Flask) -> None:
    house = House(app, ALL)
    house.tell(quiet_case(house.world), "report_accepted")
    house.route()
    pages = page_addresses(app)
    first = claim("email", now=house.now, pages=pages)
    assert first is not None
    assert claim("email", now=house.now + timedelta(seconds=119), pages=pages) is None
    second = claim("email", now=house.now + timedelta(minutes=2), pages=pages)
    assert second is not None
    assert (second.token, second.lease == first.lease) == (first.token, False)
    assert mark_sent(first, Receipt(), now=house.now) is False
    assert house.delivery().sent_at is None
    assert mark_sent(second, Receipt(), now=house.now) is True
    assert house.delivery().attempts == 2


def _channels(case: Case, channels: list[str]) -> None:
    with unit_of_work():
        reporter = db.session.get_one(Case, case.id).main_report.reporter
        assert reporter is not None
        reporter.channels = channels


def _forget(case: Case) -> None:
    with unit_of_work():
        erase_originals([db.session.get_one(Case, case.id)], at=build.NOON)


@pytest.mark.parametrize("page", [page for page in Page if page is not Page.ANSWER])
def test_every_link_leads_to_a_page_there_is(sqlite_app: Flask, page: Page) -> None:
    address = page_addresses(sqlite_app)(page, "reporter:0" if page is Page.CHOICES else "LD-2026-000001")
    path = address.removeprefix(sqlite_app.config["BASE_URL"]).partition("?")[0]
    assert sqlite_app.url_map.bind("-").match(path, method="GET")
