"""A channel or template that takes nothing: its messages wait without losing an attempt, or go another way, and it is said what to mend."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.messages import dead_letters
from casework.messages.faults import FORGOTTEN_AFTER, PAUSES, Fault, holds_on, note_fault
from casework.messages.queue import LEASE
from casework.messages.retention import forget_sent
from casework.messages.sending import Held, Refused, SendFailed, TryLater
from casework.models import ChannelFault, Delivery, HouseSetting, TextTemplate
from tests import build
from tests.at_once import at_once
from tests.messages.house import BY_PHONE, House, gateways_to, has_zns, quiet_case
from tests.outside import Outside
from tests.web.desk import Office, statements_of
from web.gateways.zalo_numbers import failure_of, words_of_number
from web.watching.figures import count
from web.watching.findings import findings
from web.watching.surroundings import surroundings

LATE_EVENING = build.NOON.replace(hour=15)
"""22:00 in Vietnam."""


def by_zalo(house: House, number: int, *templates: str) -> None:
    """So many senders who are told of something by Zalo."""
    has_zns(*templates)
    for case in [quiet_case(house.world, BY_PHONE, words=f"Rác ven suối, chỗ thứ {each}.") for each in range(number)]:
        house.tell(case, *templates, lead="PTNMT")
    house.route()


def zalo_alone(app: Flask, gateway: Outside) -> House:
    house = House(app, gateways_to(gateway=gateway))
    del house.gateways["sms"]
    return house


def asked(gateway: Outside, path: str = "/message/template") -> int:
    return sum(request["path"] == path for request in gateway.requests)


def ends(house: House, channel: str = "zns") -> list[str | None]:
    return [row.last_error for row in house.deliveries if row.channel == channel]


def kept_faults() -> list[ChannelFault]:
    db.session.rollback()
    return list(db.session.scalars(select(ChannelFault).order_by(ChannelFault.of).execution_options(populate_existing=True)))


@pytest.mark.parametrize("order", ["zns -124", "zns -220", "zns -101", "403", "404", "302"])
def test_while_only_an_administrator_can_mend_zalo_everybody_is_told_by_sms(sqlite_app: Flask, gateway: Outside, order: str) -> None:
    house = House(sqlite_app, gateways_to(gateway=gateway))
    by_zalo(house, 3, "report_accepted")
    gateway.order(order)
    house.send("zns")
    house.send("zns")
    assert asked(gateway) == order.startswith("zns"), "one was tried, the others were not (only what is answered with 200 is kept)"
    assert house.send("sms") == 3
    assert ends(house) == ["replaced"] * 3
    [fault] = kept_faults()
    assert (fault.of, fault.asks_administrator, fault.since) == ("zns", True, house.now)


def test_what_has_no_other_way_waits_loses_no_attempt_and_leaves_once_it_is_mended(app: Flask, gateway: Outside) -> None:
    house = zalo_alone(app, gateway)
    by_zalo(house, 3, "report_accepted")
    for pause in (*PAUSES, PAUSES[-1]):
        gateway.order("zns -124")
        before = asked(gateway)
        assert (house.send("zns"), asked(gateway)) == (0, before + 1)
        house.now += pause - timedelta(seconds=1)
        assert (house.send("zns"), asked(gateway)) == (0, before + 1), "it is held"
        house.wait(seconds=1)
    assert [(row.attempts, row.given_up_at) for row in house.deliveries] == [(0, None)] * 3
    assert house.send("zns") == 3
    assert kept_faults() == []


@pytest.mark.exhaustive
def test_a_template_that_is_held_does_not_hold_the_others(sqlite_app: Flask, gateway: Outside) -> None:
    house = House(sqlite_app, gateways_to(gateway=gateway))
    has_zns("report_distributed")
    with unit_of_work():
        for row in db.session.scalars(select(TextTemplate).where(TextTemplate.key == "report_distributed")):
            row.zns_template = "777"
    cases = [quiet_case(house.world, BY_PHONE, words=f"Rác ven suối, chỗ thứ {each}.") for each in range(4)]
    has_zns("report_accepted")
    for number, case in enumerate(cases):
        house.tell(case, "report_accepted" if number % 2 else "report_distributed", lead="PTNMT")
    house.route()
    gateway.order("zns -131")
    assert house.send("zns") == 2
    assert [request["body"]["template_id"] for request in gateway.requests] == ["777", "123456", "123456"]
    assert house.send("sms") == 2
    assert ends(house) == ["replaced", None, "replaced", None]
    assert [(fault.of, fault.said) for fault in kept_faults()] == [("zns 777", "ZNS -131")]
    house.wait(minutes=10)
    house.tell(cases[0], "report_distributed", lead="PTNMT")
    house.route()
    assert house.send("zns") == 1
    assert kept_faults() == [], "approved meanwhile"


def test_what_may_not_be_sent_at_night_waits_until_six_and_what_is_urgent_goes_by_sms(sqlite_app: Flask, gateway: Outside) -> None:
    house = House(sqlite_app, gateways_to(gateway=gateway), now=LATE_EVENING)
    has_zns("due_sooner", "report_accepted")
    first, second = (quiet_case(house.world, BY_PHONE, words=f"Cây đổ chắn đường, chỗ thứ {each}.") for each in range(2))
    house.tell(first, "due_sooner", due_at=house.now.isoformat(), urgent=True)
    house.tell(second, "report_accepted")
    house.route()
    gateway.order("zns -133")
    house.send("zns")
    assert house.send("sms") == 1
    [hold] = holds_on("zns", house.now).values()
    assert hold.until == LATE_EVENING.replace(hour=23), "six o'clock in Vietnam"
    house.now = hold.until + timedelta(hours=1)
    assert house.send("zns") == 1


def test_when_the_day_s_number_is_used_up_all_but_the_urgent_wait_for_the_next_day(sqlite_app: Flask, gateway: Outside) -> None:
    house = House(sqlite_app, gateways_to(gateway=gateway))
    by_zalo(house, 2, "report_accepted")
    gateway.order("zns -144")
    house.send("zns")
    case = quiet_case(house.world, BY_PHONE, words="Cây đổ chắn ngang đường.")
    has_zns("due_sooner")
    house.wait(hours=1)
    house.tell(case, "due_sooner", due_at=house.now.isoformat(), urgent=True)
    house.route()
    assert (house.send("zns"), house.send("sms"), asked(gateway)) == (0, 1, 1)
    assert [(row.channel, row.last_error) for row in house.deliveries if row.case_id == case.id] == [("zns", "replaced"), ("sms", None)]
    house.now = build.NOON.replace(hour=17)                                         # midnight in Vietnam
    house.send("zns")
    house.now = build.NOON.replace(day=3, hour=1)
    house.send("zns")
    assert sum(row.sent_at is not None for row in house.deliveries if row.channel == "zns") == 2


def test_a_template_that_does_not_fit_is_told_of_and_holds_nothing_back(sqlite_app: Flask, gateway: Outside) -> None:
    house = House(sqlite_app, gateways_to(gateway=gateway))
    by_zalo(house, 2, "report_accepted")
    gateway.order("zns -132", "zns -132")
    house.send("zns")
    assert (asked(gateway), house.send("sms"), ends(house)) == (2, 2, ["replaced"] * 2)
    [fault] = kept_faults()
    assert (fault.of, fault.said, fault.times, fault.held_until) == ("zns 123456", "ZNS -132", 2, None)
    forget_sent(house.now + FORGOTTEN_AFTER)
    assert len(kept_faults()) == 1
    forget_sent(house.now + FORGOTTEN_AFTER + timedelta(seconds=1))
    assert kept_faults() == [], "nobody has met it again: the template is not used any more"


@pytest.mark.exhaustive
@pytest.mark.parametrize("alone", [True, False])
def test_however_many_are_held_a_look_costs_the_same(sqlite_app: Flask, gateway: Outside, alone: bool) -> None:
    house = zalo_alone(sqlite_app, gateway) if alone else House(sqlite_app, gateways_to(gateway=gateway))

    def look(number: int) -> int:
        by_zalo(house, number, "report_accepted")
        with unit_of_work():
            note_fault(Fault("zns", "", "ZNS -124", True), after=None, now=house.now)
        return statements_of(lambda: house.send("zns"))

    few = look(2)
    house.wait(minutes=6)
    assert look(20) <= few
    assert gateway.requests == []


def test_what_may_have_been_sent_is_not_sent_by_sms_while_its_channel_is_held(sqlite_app: Flask, gateway: Outside) -> None:
    house = House(sqlite_app, gateways_to(gateway=gateway))
    by_zalo(house, 1, "report_accepted")
    with unit_of_work():
        row = db.session.scalars(select(Delivery)).one()
        row.lease, row.leased_until, row.attempts = "a" * 32, house.now + LEASE, 1
        note_fault(Fault("zns", "", "ZNS -124", True), after=timedelta(minutes=10), now=house.now)
    house.wait(minutes=5)
    assert (house.send("zns"), house.send("sms")) == (0, 0)
    house.wait(minutes=6)
    assert (house.send("zns"), house.send("sms"), ends(house)) == (0, 0, ["unknown"])


def test_what_was_held_for_too_long_waits_with_the_dead_letters_and_can_be_sent_again(sqlite_app: Flask, gateway: Outside) -> None:
    house = zalo_alone(sqlite_app, gateway)
    by_zalo(house, 1, "report_accepted")
    for _ in range(9):
        gateway.order("zns -124")
        house.send("zns")
        house.wait(days=1)
    assert [(row.last_error, row.given_up_at is not None) for row in house.deliveries] == [("held: ZNS -124", True)]
    with unit_of_work():
        dead_letters.retry(house.world.actor("administrator"), now=house.now, reason="held")
    gateway.order()
    assert house.send("zns") == 1


def test_one_that_is_held_again_though_others_are_taken_uses_up_its_attempts(sqlite_app: Flask, gateway: Outside) -> None:
    house = House(sqlite_app, gateways_to(gateway=gateway))
    with unit_of_work():
        db.session.add(HouseSetting(key="message_attempts", value=2, changed_at=build.NOON))
    cases = [quiet_case(house.world, BY_PHONE, words=f"Rác ven suối, chỗ thứ {each}.") for each in range(2)]
    odd = cases[0].id
    house.tell(cases[0], "report_accepted")
    for _ in range(8):
        house.tell(cases[1], "report_accepted")
        house.route()
        due = sorted((row.due_at, row.id, row.case_id) for row in house.deliveries if row.sent_at is None and row.given_up_at is None)
        gateway.order(*["403" if case_id == odd else "" for _, _, case_id in due])
        house.send("sms")
        house.wait(minutes=20)
    [one] = [row for row in house.deliveries if row.case_id == odd]
    assert (one.attempts, one.last_error, one.given_up_at is not None) == (2, "held: HTTP 403", True)
    assert all(row.sent_at is not None for row in house.deliveries if row.case_id != odd)


def test_a_gateway_that_is_away_uses_up_no_attempt(sqlite_app: Flask, gateway: Outside) -> None:
    house = House(sqlite_app, gateways_to(gateway=gateway))
    house.tell(quiet_case(house.world, BY_PHONE), "report_accepted")
    house.route()
    real = house.gateways["sms"]
    house.gateways["sms"] = gateways_to(gateway=Outside(gateway.folder, 9))["sms"]
    for _ in range(30):
        house.send("sms")
        house.wait(hours=2)
    assert (house.delivery().attempts, house.delivery().given_up_at) == (0, None)
    house.gateways["sms"] = real
    house.now = build.NOON + timedelta(days=3)
    assert house.send("sms") == 1


def test_workers_that_meet_the_same_fault_at_the_same_moment_note_it_together(app: Flask) -> None:
    build.standard_world()

    def meet(_: int) -> str:
        with unit_of_work():
            note_fault(Fault("sms", "", "HTTP 403", True), after=None, now=build.NOON)
        return "noted"

    assert set(at_once(app, meet)) == {"noted"}
    [fault] = kept_faults()
    assert (fault.times, fault.since) == (6, build.NOON)


def test_a_clock_that_was_ahead_holds_nothing_back_for_long(sqlite_app: Flask) -> None:
    build.standard_world()
    with unit_of_work():
        note_fault(Fault("sms", "", "HTTP 503", False), after=None, now=build.NOON + timedelta(days=30))
    assert holds_on("sms", build.NOON) == {}


def test_an_administrator_reads_what_is_wrong_since_when_and_what_to_do(sqlite_app: Flask, gateway: Outside) -> None:
    office = Office(sqlite_app)
    house = House(sqlite_app, gateways_to(gateway=gateway), world=office.world)
    sqlite_app.extensions["gateways"] |= house.gateways
    with unit_of_work():
        note_fault(Fault("zns", "", "ZNS -115", True), after=None, now=house.now)
        note_fault(Fault("zns", "123456", "ZNS -133", False), after=None, now=house.now)
    words = office.words("administrator", "/settings/messages")
    for said in ("Hết tiền hoặc chưa có tài khoản thanh toán ở Zalo", "ZNS -115", "mẫu 123456: Không được gửi vào giờ này",
                 "Kiểm tra địa chỉ, khóa và tài khoản của kênh"):  # fmt: skip
        assert said in words
    told = {each.what.vi: each for each in findings(count(sqlite_app, house.now + timedelta(minutes=20)), surroundings())
            if each.key == "channel_fault"}  # fmt: skip
    assert list(told) == [
        "Gửi qua Zalo bị lỗi từ 20 phút trước: Hết tiền hoặc chưa có tài khoản thanh toán ở Zalo (ZNS -115).",
        "Gửi qua Zalo, mẫu 123456 bị lỗi từ 20 phút trước: Không được gửi vào giờ này (ZNS -133).",
    ]


@pytest.mark.parametrize(
    ("table", "number", "failure", "holds"),
    [
        ("zbs", -32, Held, True), ("zbs", -100, TryLater, False), ("zbs", -108, Refused, False), ("zbs", -118, Refused, False),
        ("zbs", -131, Held, False), ("zbs", -147, Held, False), ("zbs", -999, Refused, False), ("zbs", "-124", Refused, False),
        ("zbs", -216, Held, True), ("zbs", -219, Held, True), ("oa", -216, Held, True), ("oa", -211, Held, True),
        ("oa", -115, Refused, False), ("zbs", -115, Held, True), ("oa", -230, Refused, False), ("oa", None, Refused, False),
        ("zbs", True, Refused, False),
    ],
)  # fmt: skip
def test_a_number_of_zalo_means_what_its_table_says(table: str, number: object, failure: type[SendFailed], holds: bool) -> None:
    got = failure_of(table, number, template="123")
    assert (type(got), getattr(got, "holds_all", False)) == (failure, holds)


def test_a_code_that_is_none_of_zalo_s_has_no_meaning_there() -> None:
    assert [words_of_number(said) for said in ("HTTP 403", "ZNS ?", "ZNS -9", "ZNS --1", "")] == [None] * 5
    assert words_of_number("ZNS -115") == words_of_number("Zalo OA -320")
