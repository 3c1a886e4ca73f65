"""Messages that were given up, on the administrator's page: why, sent again one by one or by reason, let go, and a test to oneself."""
from __future__ import annotations

import re

from flask import Flask

from casework.db import db, unit_of_work
from casework.models import Account, Case, Event, HouseSetting
from tests import build
from tests.messages.house import BY_MAIL, House, gateways_to, quiet_case
from tests.outside import Outside
from tests.second_centre import second_world
from tests.web.desk import Office, statements_of


def refused(house: House, mail: Outside, number: int) -> list[Case]:
    cases = [quiet_case(house.world, words=f"Rác ven suối, chỗ thứ {each}.") for each in range(number)]
    for case in cases:
        house.tell(case, "report_accepted")
    mail.order(*["550"] * number)
    house.route()
    house.send()
    return cases


def test_an_administrator_reads_why_and_sends_it_again(sqlite_app: Flask, mail: Outside) -> None:
    office = Office(sqlite_app)
    house = House(sqlite_app, gateways_to(mail), world=office.world)
    sqlite_app.extensions["gateways"] |= house.gateways
    with unit_of_work():
        db.session.add(HouseSetting(key="most_email", value=6_000, changed_at=build.NOON))
        db.session.get_one(Account, house.world.people["administrator"].id).email = "quan.tri@lacduong.example"
    first, second, third = refused(house, mail, 3)
    words = office.words("administrator", "/settings/messages")
    for said in (first.code, "Khi phản ánh được tiếp nhận", "SMTP RCPT 550 5.1.1", "Nơi nhận từ chối hẳn"):
        assert said in words
    assert BY_MAIL.email not in office.get("administrator", "/settings/messages").text
    assert office.get("operator", "/settings/messages").status_code == 403

    one = re.findall(r'name="message" value="(\d+)"', office.get("administrator", "/settings/messages").text)[-1]
    assert office.post("administrator", "/settings/messages/retries", message=one).status_code == 302
    house.send()
    assert [letter["Subject"] for letter in mail.letters] == [f"Đã tiếp nhận phản ánh {first.code}"]
    assert office.post("administrator", "/settings/messages/retries", message=one).status_code == 422

    two = re.findall(r'name="message" value="(\d+)"', office.get("administrator", "/settings/messages").text)[0]
    assert office.post("administrator", "/settings/messages/dropped", message=two, why="").status_code == 422
    assert office.post("administrator", "/settings/messages/dropped", message=two, why="Hộp thư không còn.").status_code == 302
    assert third.code not in office.words("administrator", "/settings/messages")
    assert office.post("administrator", "/settings/messages/retries", reason="refused").status_code == 302
    assert office.post("administrator", "/settings/messages/tests", channel="email").status_code == 302
    assert office.post("administrator", "/settings/messages/tests", channel="sms").status_code == 422
    house.send()
    assert [letter["Subject"] for letter in mail.letters[1:]] == ["Tin thử của hệ thống phản ánh", f"Đã tiếp nhận phản ánh {second.code}"]
    told = [(event.type, event.payload) for event in db.session.query(Event).filter_by(stream="messages").order_by(Event.id)]
    assert told == [
        ("retry_message", {"messages": 1, "reason": ""}),
        ("drop_message", {"messages": 1, "reason": "", "why": "Hộp thư không còn."}),
        ("retry_message", {"messages": 1, "reason": "refused"}),
    ]


def test_nobody_sees_what_another_centre_or_a_case_set_apart_could_not_send(sqlite_app: Flask, mail: Outside) -> None:
    office = Office(sqlite_app)
    house = House(sqlite_app, gateways_to(mail), world=office.world)
    other = second_world(office.world)
    seen, apart = refused(house, mail, 2)
    with unit_of_work():
        db.session.get_one(Case, apart.id).quarantined_at = house.now
    before = statements_of(lambda: office.words("administrator", "/settings/messages"))
    words = office.words("administrator", "/settings/messages")
    assert seen.code in words
    assert apart.code not in words
    office.world.people["administrator_dn"] = other.people["administrator"]
    assert "Chưa có tin nào bị bỏ" in office.words("administrator_dn", "/settings/messages")
    assert office.post("administrator_dn", "/settings/messages/retries", reason="refused").status_code == 422
    refused(house, mail, 3)
    assert statements_of(lambda: office.words("administrator", "/settings/messages")) <= before
