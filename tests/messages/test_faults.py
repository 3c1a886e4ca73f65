"""What goes wrong around a message: no template at Zalo, a gateway set up wrongly, a clock that was ahead, a row nobody can read."""
from __future__ import annotations

import socket
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.messages import dead_letters
from casework.messages.http_client import OutsideOnly
from casework.messages.pacing import PAUSES, room_for
from casework.messages.retention import forget_sent
from casework.messages.sending import Refused, SendFailed, TryLater
from casework.models import Case, Delivery, HouseSetting, OutboxMessage, TextTemplate, VisibilityReason
from casework.outbox import tell_agency_of_letter, tell_of_breach
from tests import build
from tests.messages.house import BY_MAIL, BY_PHONE, House, gateways_to, has_zns, quiet_case, with_mail
from tests.outside import Outside
from tests.second_centre import second_world
from web.gateways.answers import refuse_unless_taken
from web.gateways.smtp import _refuse_unless_taken


def outcomes(house: House) -> list[tuple[str, str | None, bool]]:
    return [(row.channel, row.last_error, row.sent_at is not None) for row in house.deliveries]


def set_value(key: str, value: int) -> None:
    with unit_of_work():
        db.session.add(HouseSetting(key=key, value=value, changed_at=build.NOON))


def another_text(key: str, **changed: Any) -> None:
    """A second row of a kind's words."""
    row = db.session.scalars(select(TextTemplate).where(TextTemplate.key == key)).one()
    same = {column.name: getattr(row, column.name) for column in TextTemplate.__table__.columns if column.name != "id"}
    db.session.add(TextTemplate(**(same | changed)))


@pytest.mark.exhaustive
def test_what_zalo_has_no_template_for_here_and_now_goes_by_sms(sqlite_app: Flask, gateway: Outside) -> None:
    house = House(sqlite_app, gateways_to(gateway=gateway))
    other = second_world(house.world)
    case, apart = (quiet_case(house.world, BY_PHONE, words=f"Rác ven suối, chỗ thứ {number}.") for number in range(2))
    has_zns("report_accepted", "report_distributed")
    with unit_of_work():
        for row in db.session.scalars(select(TextTemplate).where(TextTemplate.key == "report_accepted")):
            row.valid_to = build.NOON.date()
        db.session.flush()
        another_text("report_accepted", valid_from=build.NOON.date(), valid_to=None, zns_template=None, zns_parameters=None)
        another_text("report_published", centre_id=other.centre.id, zns_template="999", zns_parameters={"ma": "code"})
        db.session.get_one(Case, apart.id).visibility_reason_id = db.session.scalars(select(VisibilityReason.id)).first()
    house.tell(case, "report_accepted", "report_published")
    house.tell(apart, "report_distributed", lead="PTNMT")
    house.route()
    assert [row.channel for row in house.deliveries] == ["sms"] * 3, "its template has ended, is another centre's, or would say too much"
    assert house.send("sms") == 3

    house.tell(case, "report_distributed", lead="PTNMT")
    house.route()
    with unit_of_work():
        for row in db.session.scalars(select(TextTemplate).where(TextTemplate.key == "report_distributed")):
            row.zns_template = None
    house.wait(minutes=1)
    assert (house.send("zns"), house.send("sms")) == (0, 1)
    assert outcomes(house)[3:] == [("zns", "replaced", False), ("sms", None, True)], "the template was taken back after it was routed"
    assert {request["path"] for request in gateway.requests} == {"/sms"}


def test_what_zalo_did_not_take_in_all_attempts_goes_by_sms(sqlite_app: Flask, gateway: Outside) -> None:
    house = House(sqlite_app, gateways_to(gateway=gateway))
    set_value("message_attempts", 2)
    has_zns("report_accepted")
    house.tell(quiet_case(house.world, BY_PHONE), "report_accepted")
    gateway.order("500", "zns -100")
    house.route()
    house.send("zns")
    assert outcomes(house) == [("zns", "busy: HTTP 500", False)]
    house.wait(minutes=2)
    house.send("zns")
    assert house.send("sms") == 1
    assert outcomes(house) == [("zns", "replaced", False), ("sms", None, True)]


def test_of_a_breach_whoever_chose_to_be_told_nothing_is_told_by_zalo_and_else_by_sms(sqlite_app: Flask, gateway: Outside) -> None:
    house = House(sqlite_app, gateways_to(gateway=gateway))
    set_value("message_attempts", 2)
    has_zns("data_breach")
    case = quiet_case(house.world, BY_PHONE)
    with unit_of_work():
        report = db.session.get_one(Case, case.id).main_report
        report.reporter.channels = ["none"]
        tell_of_breach(f"reporter:{report.reporter.id}", "data_breach", breach="mot-su-co", at=house.now, code=report.code)
    gateway.order("500", "500")
    house.route()
    house.send("zns")
    house.wait(minutes=2)
    house.send("zns")
    assert house.send("sms") == 1
    assert outcomes(house) == [("zns", "replaced", False), ("sms", None, True)]


@pytest.mark.parametrize("status", [301, 307, 401, 403, 404, 405, 407, 410, 429, 503])
def test_an_answer_that_is_our_fault_or_the_gateways_holds_the_channel(status: int) -> None:
    with pytest.raises(TryLater) as caught:
        refuse_unless_taken(status, None)
    assert caught.value.holds_all


@pytest.mark.parametrize(
    ("turn", "code", "said", "failure", "holds_all"),
    [
        ("RCPT", 550, b"5.1.1 <relay@nguoi-dan.example> is not here", Refused, False),
        ("RCPT", 550, b"<a.relay@nguoi-dan.example>: no such user", Refused, False),
        ("RCPT", 554, b"5.7.1 <thu@nguoi-dan.example>: Relay access denied", TryLater, False),
        ("RCPT", 550, b"5.7.1 Unauthenticated email is not accepted", TryLater, False),
        ("RCPT", 550, b"relay not permitted", TryLater, False),
        ("RCPT", 530, b"5.7.0 Authentication required", TryLater, True),
        ("MAIL", 550, b"5.1.8 sender", TryLater, True),
        ("RCPT", 421, b"4.3.2 closing", TryLater, True),
        ("RCPT", 451, b"4.7.1 greylisted", TryLater, False),
    ],
)
def test_a_mail_server_that_does_not_serve_us_is_not_taken_for_a_wrong_address(
    turn: str, code: int, said: bytes, failure: type[SendFailed], holds_all: bool
) -> None:
    with pytest.raises(failure) as caught:
        _refuse_unless_taken(turn, code, said)
    assert getattr(caught.value, "holds_all", False) is holds_all
    assert "@" not in caught.value.detail


@pytest.mark.exhaustive
def test_a_gateway_that_takes_nothing_is_not_overrun_and_nothing_is_given_up(sqlite_app: Flask, gateway: Outside) -> None:
    house = House(sqlite_app, gateways_to(gateway=gateway))
    set_value("most_sms", 36)
    cases = [quiet_case(house.world, BY_PHONE, words=f"Rác ven suối, chỗ thứ {number}.") for number in range(8)]
    for case in cases:
        house.tell(case, "report_accepted")
    house.route()
    gateway.order("404")
    house.send("sms")
    assert sum(row.attempted_at is not None for row in house.deliveries) == 1, "a wrong address: the channel rests"
    house.send("sms")
    assert sum(row.attempted_at is not None for row in house.deliveries) == 1
    assert sum(row.attempts for row in house.deliveries) == 0, "nothing is wrong with the message"
    house.wait(minutes=1)
    gateway.order(*["500"] * 8)
    house.send("sms")
    assert sum(row.attempts for row in house.deliveries) == 5, "five failures in a row end a round"
    house.send("sms")
    assert sum(row.attempts for row in house.deliveries) == 6, "six are a sixth of a minute's share, taken or not"
    house.wait(seconds=11)
    house.send("sms")
    assert all(row.given_up_at is None and row.due_at > house.now for row in house.deliveries)
    gateway.order()
    house.wait(minutes=PAUSES[0].seconds // 60 + 1)
    assert house.send("sms") == 6
    assert house.send("sms") == 0


def test_a_clock_that_was_ahead_does_not_stop_a_channel(sqlite_app: Flask, mail: Outside) -> None:
    house = House(sqlite_app, gateways_to(mail))
    set_value("most_email", 6)
    house.now += timedelta(days=1)
    house.tell(quiet_case(house.world, BY_MAIL), "report_accepted")
    house.route()
    assert house.send() == 1
    assert room_for("email", house.now) == 0
    assert room_for("email", house.now - timedelta(days=1)) == 1


def test_a_push_service_is_reached_by_ipv4_where_its_other_addresses_lead_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    host = "push.example"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = [(family, socket.SOCK_STREAM, 6, "", (address, port)) for family, address in (
            (socket.AF_INET6, "::1"), (socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1"))]  # fmt: skip
        real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", lambda name, *rest, **named: found if name == host else real(name, *rest, **named))
        stream = OutsideOnly({host}).connect_tcp(host, port, timeout=2)
        assert stream.get_extra_info("server_addr")[0] == "127.0.0.1"
        stream.close()


def test_what_nobody_can_read_is_logged_and_the_others_are_told(app: Flask, mail: Outside, caplog: pytest.LogCaptureFixture) -> None:
    house = House(app, gateways_to(mail))
    with_mail(house.world, "operator")
    case = quiet_case(house.world)
    desk, person = "desk:former_role@c1", f"account:{house.world.people['operator'].id}"
    with unit_of_work():
        for number, (recipient, template, key) in enumerate(((desk, "step_waiting", "a"), (person, "reminder", "reminder"))):
            due = build.NOON - timedelta(hours=1 + number)
            db.session.add(OutboxMessage(recipient=recipient, channel="page", template=template, parameters={"code": case.code},
                                         dedupe_key=key, case_id=case.id, created_at=build.NOON, due_at=due))  # fmt: skip
        db.session.add(Delivery(recipient="account:nobody", channel="email", template="test_message", dedupe_key="b", is_urgent=True,
                                created_at=build.NOON, due_at=build.NOON))  # fmt: skip
    house.tell(case, "report_accepted")
    assert house.route() == 3
    assert house.send() == 1
    ends = {row.template: (row.last_error, row.given_up_at is not None) for row in house.deliveries}
    assert ends == {"test_message": ("fault: ValueError", True), "reminder": ("out_of_date", False), "report_accepted": (None, False)}
    assert [record.message for record in caplog.records] == ["message not routed", "message not prepared"]


def test_what_is_too_old_is_dropped_but_not_what_is_sent_again_by_hand(sqlite_app: Flask, mail: Outside) -> None:
    house = House(sqlite_app, gateways_to(mail))
    set_value("most_email", 1)
    case = quiet_case(house.world)
    house.tell(case, "report_accepted", "report_distributed", lead="PTNMT")
    mail.order("550")
    house.route()
    house.send()
    house.tell(case, "report_published")
    house.wait(days=8)
    house.route()
    assert house.send() == 0
    assert [row.last_error for row in house.deliveries] == ["refused: SMTP RCPT 550 5.1.1", "too_old", "too_old"]
    assert all(row.dropped_at for row in house.deliveries[1:])
    with unit_of_work():
        dead_letters.retry(house.world.actor("administrator"), now=house.now, ids=[house.deliveries[0].id])
    assert house.send() == 1
    assert [letter["Subject"] for letter in mail.letters] == [f"Đã tiếp nhận phản ánh {case.code}"]


def test_traces_of_what_was_sent_or_dropped_go_after_a_while_and_what_was_given_up_stays(sqlite_app: Flask) -> None:
    house = House(sqlite_app, {})
    ends = {"sent": {"sent_at": house.now}, "dropped": {"dropped_at": house.now}, "given up": {"given_up_at": house.now}, "waiting": {}}
    with unit_of_work():
        for key, end in ends.items():
            db.session.add(Delivery(recipient="reporter:1", channel="sms", template="report_accepted", dedupe_key=key, created_at=house.now,
                                    due_at=house.now, **end))  # fmt: skip
    assert forget_sent(house.now + timedelta(days=180)) == 0
    assert forget_sent(house.now + timedelta(days=180, seconds=1)) == 2
    assert [row.dedupe_key for row in house.deliveries] == ["given up", "waiting"]


def test_word_of_a_letter_leads_to_the_letter(sqlite_app: Flask, mail: Outside) -> None:
    house = House(sqlite_app, gateways_to(mail))
    with_mail(house.world, "leader_PTNMT")
    with unit_of_work():
        tell_agency_of_letter(house.world.agencies["PTNMT"].id, "late_letter", letter="Zk3_ref-of-letter", at=house.now, number=2,
                              due_at=house.now.isoformat())  # fmt: skip
    house.route()
    assert house.send() == 1
    assert "http://127.0.0.1:8080/documents/Zk3_ref-of-letter" in mail.letters[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
