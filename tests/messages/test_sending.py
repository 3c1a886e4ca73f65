"""Sending to a real mail server and a real gateway: taken, refused for a while, refused for good, in order, at the pace that is set."""
from __future__ import annotations

import re
from datetime import timedelta
from types import ModuleType

import psycopg
import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from casework.db import db, unit_of_work
from casework.messages import routing, sending
from casework.messages.pacing import PAUSES
from casework.messages.rendering import Page
from casework.models import Case, HouseSetting
from tests import build
from tests.messages.house import BY_MAIL, BY_PHONE, MAIL_FROM, House, gateways_to, has_zns, quiet_case
from tests.outside import Outside
from web.gateways.opening import page_addresses
from web.gateways.smtp import MailGateway, SmtpServer


def test_an_email_says_what_happened_in_text_and_html_and_nothing_that_is_private(sqlite_app: Flask, mail: Outside) -> None:
    house = House(sqlite_app, gateways_to(mail))
    case = build.file_report(house.world, by="guest", contact=BY_MAIL).case
    assert (house.route(), house.send()) == (2, 1)
    [letter] = mail.letters
    assert letter["Subject"] == f"Đã nhận phản ánh {case.code}"
    assert (letter["To"], letter["From"]) == (BY_MAIL.email, MAIL_FROM)
    assert (letter["Auto-Submitted"], letter["Content-Language"]) == ("auto-generated", "vi")
    assert letter["List-Unsubscribe"].startswith("<http://127.0.0.1:8080/unsubscribe?token=")
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, html = (letter.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr]
    for part in (text, html):
        assert f"Trung tâm đã nhận phản ánh {case.code} của Ông/Bà" in part
        assert f"http://127.0.0.1:8080/track?code={case.code}" in part
        assert "Nguyễn Thị Thử" not in part
        assert "đống rác" not in part
    assert house.delivery().gateway_ref == letter["Message-ID"]


def test_an_email_is_written_in_the_language_of_its_reader(sqlite_app: Flask, mail: Outside) -> None:
    house = House(sqlite_app, gateways_to(mail))
    case = quiet_case(house.world)
    with unit_of_work():
        db.session.get_one(Case, case.id).main_report.reporter.language = "en"
    house.tell(case, "report_accepted")
    assert (house.route(), house.send()) == (1, 1)
    [letter] = mail.letters
    assert letter["Content-Language"] == "en"
    assert "phản ánh" not in letter["Subject"]
    assert case.code in letter["Subject"]


def test_an_email_asks_for_an_answer_where_a_mailbox_is_read(sqlite_app: Flask, mail: Outside) -> None:
    sqlite_app.config["MAILBOX"] = "phanhoi@trung-tam.example"
    house = House(sqlite_app, gateways_to(mail))
    case = quiet_case(house.world)
    house.tell(case, "report_accepted", "due_moved")
    assert (house.route(), house.send()) == (2, 2)
    first, second = mail.letters
    assert re.fullmatch(r"phanhoi\+[a-z0-9]{22}@trung-tam\.example", first["Reply-To"])
    assert first["Reply-To"] == second["Reply-To"]
    for kind in ("plain", "html"):
        text = first.get_body((kind,)).get_content()  # type: ignore[union-attr]
        assert "Trung tâm nhận được vào hồ sơ" in text
        assert "Xin không gửi mật khẩu" in text
        assert "xin không trả lời" not in text


@pytest.mark.parametrize("how", ["off", "ended", "apart", "restricted", "left"])
def test_no_answer_is_asked_for_where_none_would_be_taken(sqlite_app: Flask, mail: Outside, how: str) -> None:
    sqlite_app.config["MAILBOX"] = "" if how == "off" else "phanhoi@trung-tam.example"
    house = House(sqlite_app, gateways_to(mail))
    case = quiet_case(house.world)
    with unit_of_work():
        row = db.session.get_one(Case, case.id)
        recipient = f"reporter:{row.main_report.reporter_id}"
        if how == "ended":
            row.state, row.closed_at = "closed", house.now
        elif how == "apart":
            row.quarantined_at = house.now
        elif how == "left":
            row.reports[0].left_at = house.now
        elif how == "restricted":
            row.main_report.reporter.restricted_at = house.now  # type: ignore[union-attr]
    with unit_of_work():
        assert page_addresses(sqlite_app)(Page.ANSWER, recipient) == ""
    if how == "off":
        house.tell(case, "report_accepted")
        assert (house.route(), house.send()) == (1, 1)
        [letter] = mail.letters
        assert letter["Reply-To"] is None
        assert "xin không trả lời" in letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_an_email_refused_three_times_arrives_at_the_fourth_after_growing_pauses(sqlite_app: Flask, mail: Outside) -> None:
    house = House(sqlite_app, gateways_to(mail))
    house.tell(quiet_case(house.world), "report_accepted")
    mail.order("451", "451", "451")
    house.route()
    waited = []
    for pause in PAUSES[:3]:
        assert house.send() == 0
        row = house.delivery()
        assert (row.last_error, row.sent_at, row.given_up_at) == ("busy: SMTP RCPT 451 5.1.1", None, None)
        waited.append(row.due_at - house.now)
        assert pause <= waited[-1] <= pause * 1.2
        house.now = row.due_at - timedelta(seconds=1)
        assert (house.send(), len(mail.letters)) == (0, 0)
        house.now = row.due_at
    assert waited == sorted(waited)
    assert house.send() == 1
    assert (house.delivery().attempts, house.delivery().last_error, len(mail.letters)) == (4, None, 1)


def test_what_is_refused_for_good_is_tried_once_and_holds_nothing_back(sqlite_app: Flask, mail: Outside) -> None:
    house = House(sqlite_app, gateways_to(mail))
    house.tell(quiet_case(house.world), "report_accepted", "report_published")
    mail.order("550")
    house.route()
    assert house.send() == 1
    first, second = house.deliveries
    assert (first.last_error, first.attempts, first.sent_at) == ("refused: SMTP RCPT 550 5.1.1", 1, None)
    assert first.given_up_at == house.now
    assert second.sent_at == house.now
    assert BY_MAIL.email not in (first.last_error or "")


def test_nothing_overtakes_within_a_case_while_an_earlier_message_is_tried_again(sqlite_app: Flask, mail: Outside) -> None:
    house = House(sqlite_app, gateways_to(mail))
    one = quiet_case(house.world)
    other = quiet_case(house.world, BY_PHONE.__class__(name="Khác", email="khac@nguoi-dan.example"))
    house.tell(one, "report_accepted", "report_distributed", "report_published", lead="PTNMT")
    house.tell(other, "report_accepted")
    mail.order("451", "250", "451")
    house.route()
    assert house.send() == 1, "the other case's goes on"
    house.wait(minutes=30)
    house.send()
    house.wait(minutes=30)
    house.send()
    told = [letter["Subject"] for letter in mail.letters if letter["To"] == BY_MAIL.email]
    assert told == [f"{words} {one.code}{rest}" for words, rest in (
        ("Đã tiếp nhận phản ánh", ""), ("Phản ánh", " đã chuyển đơn vị xử lý"), ("Phản ánh", " đã có kết quả"))]  # fmt: skip


def test_after_the_last_attempt_a_message_is_given_up_with_its_reason(sqlite_app: Flask, mail: Outside) -> None:
    house = House(sqlite_app, gateways_to(mail))
    with unit_of_work():
        db.session.add(HouseSetting(key="message_attempts", value=2, changed_at=build.NOON))
    house.tell(quiet_case(house.world), "report_accepted")
    mail.order("hang up", "hang up", "hang up")
    house.route()
    house.send()
    assert house.delivery().last_error == "unknown: SMTPServerDisconnected"
    house.wait(minutes=2)
    house.send()
    row = house.delivery()
    assert (row.attempts, row.given_up_at) == (2, house.now)


BUSY = {"locked": Exception("database is locked"), "waited for": psycopg.errors.LockNotAvailable(), "gone": psycopg.errors.AdminShutdown()}


@pytest.mark.parametrize("why", BUSY)
@pytest.mark.parametrize(
    ("module", "name"), [(routing, "recipients_of"), (sending, "fault_of"), (sending, "words_of"), (sending, "contact_of")]
)
def test_a_database_that_is_busy_or_away_gives_no_message_up(
    sqlite_app: Flask, mail: Outside, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, why: str
) -> None:
    house = House(sqlite_app, gateways_to(mail))
    house.tell(quiet_case(house.world), "report_accepted")

    def busy(*_: object, **__: object) -> None:
        raise OperationalError("SELECT", {}, BUSY[why])

    if module is sending:
        house.route()
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(module, name, busy)
        with pytest.raises(OperationalError):
            house.route() if module is routing else house.send()
    assert [(row.given_up_at, row.dropped_at, row.last_error, row.attempts) for row in house.deliveries] == (
        [] if module is routing else [(None, None, None, 0)]), "nothing is wrong with the message"
    house.route()
    assert house.send() == 1
    assert len(mail.letters) == 1


def test_nothing_is_said_to_a_mail_server_that_cannot_hide_it(sqlite_app: Flask, mail: Outside) -> None:
    house = House(sqlite_app, {"email": MailGateway(SmtpServer("127.0.0.1", mail.port, "starttls"), MAIL_FROM)})
    house.tell(quiet_case(house.world), "report_accepted")
    house.route()
    assert house.send() == 0
    assert (house.delivery().last_error, mail.bytes) == ("unreachable: SMTPNotSupportedError", [])


def test_a_gateway_is_told_the_same_key_each_time_and_waits_as_long_as_it_asks(sqlite_app: Flask, gateway: Outside) -> None:
    house = House(sqlite_app, gateways_to(gateway=gateway))
    case = quiet_case(house.world, BY_PHONE)
    house.tell(case, "report_accepted")
    gateway.order("429 1800", "hang up")
    house.route()
    assert house.send("sms") == 0
    assert house.delivery().due_at == house.now + timedelta(minutes=30)
    house.wait(minutes=30)
    assert house.send("sms") == 0
    house.wait(minutes=10)
    assert house.send("sms") == 1
    [request] = gateway.requests
    assert (request["path"], request["body"]["to"]) == ("/sms", build.PHONE)
    assert request["body"]["text"] == f"Đã tiếp nhận phản ánh {case.code}. http://127.0.0.1:8080/track?code={case.code}"
    assert request["headers"]["Authorization"] == "Bearer sms-token"
    assert len(request["headers"]["Idempotency-Key"]) == 32
    assert house.delivery().gateway_ref == "g-1"


def test_zalo_is_given_its_template_and_what_it_refuses_goes_by_sms(sqlite_app: Flask, gateway: Outside) -> None:
    house = House(sqlite_app, gateways_to(gateway=gateway))
    case = quiet_case(house.world, BY_PHONE)
    has_zns("report_accepted", "report_published")
    house.tell(case, "report_accepted", "report_published")
    gateway.order("", "zns -118")
    house.route()
    assert [row.channel for row in house.deliveries] == ["zns", "zns"]
    assert (house.send("zns"), house.send("sms")) == (1, 1)
    taken, refused, sms = gateway.requests
    link = f"http://127.0.0.1:8080/track?code={case.code}"
    assert taken["body"] == {"phone": build.PHONE[1:], "template_id": "123456", "template_data": {"ma": case.code, "duong_dan": link},
                             "tracking_id": taken["body"]["tracking_id"]}  # fmt: skip
    assert (taken["headers"]["access_token"], refused["path"], sms["path"]) == ("zalo-token", "/message/template", "/sms")
    assert [(row.channel, row.last_error, row.sent_at is not None) for row in house.deliveries] == [
        ("zns", None, True), ("zns", "replaced", False), ("sms", None, True)]  # fmt: skip


def test_a_message_to_zalo_of_which_no_answer_came_is_not_sent_again_by_itself(sqlite_app: Flask, gateway: Outside) -> None:
    house = House(sqlite_app, gateways_to(gateway=gateway))
    has_zns("report_accepted")
    house.tell(quiet_case(house.world, BY_PHONE), "report_accepted")
    gateway.order("hang up")
    house.route()
    house.send("zns")
    house.wait(days=1)
    house.send("zns")
    assert gateway.requests == []
    assert (house.delivery().last_error or "").startswith("unknown")
    assert house.delivery().given_up_at is not None


def test_in_quiet_hours_only_what_is_urgent_leaves_with_what_stands_before_it(sqlite_app: Flask, mail: Outside) -> None:
    house = House(sqlite_app, gateways_to(mail))
    calm, hurried = quiet_case(house.world), quiet_case(house.world, words="Cây đổ chắn ngang đường, rất nguy hiểm.")
    house.now = build.NOON.replace(hour=15)                                        # 22:00 local
    house.tell(calm, "report_accepted")
    house.tell(hurried, "report_published")
    house.route()
    assert house.send() == 0
    assert {row.due_at for row in house.deliveries} == {build.NOON.replace(day=3, hour=0)}
    house.tell(hurried, "due_sooner", due_at=house.now.isoformat(), urgent=True)
    house.route()
    assert house.send() == 2
    told = [letter["Subject"] for letter in mail.letters]
    assert told == [f"Phản ánh {hurried.code} đã có kết quả", f"Phản ánh {hurried.code} sẽ được trả lời sớm hơn"]
    house.now = build.NOON.replace(day=3, hour=0)
    assert house.send() == 1


@pytest.mark.exhaustive
def test_two_days_without_anything_are_worked_off_at_the_pace_set_the_urgent_first(sqlite_app: Flask, mail: Outside) -> None:
    house = House(sqlite_app, gateways_to(mail))
    with unit_of_work():
        db.session.add(HouseSetting(key="most_email", value=12, changed_at=build.NOON))
    cases = [quiet_case(house.world, words=f"Rác ven suối, chỗ thứ {number}.") for number in range(6)]
    for hour in range(0, 48, 16):
        house.now = build.NOON + timedelta(hours=hour)
        for case in cases:
            house.tell(case, "report_accepted" if hour else "report_published")
    house.tell(cases[-1], "due_sooner", due_at=house.now.isoformat(), urgent=True)
    house.now = build.NOON + timedelta(days=2)
    house.route()
    sent_at = []
    for _ in range(40):
        sent_at += [house.now] * house.send()
        house.wait(seconds=5)
    assert len(sent_at) == len(mail.letters) == 19
    assert max(sum(1 for each in sent_at if start <= each < start + timedelta(minutes=1)) for start in sent_at) <= 12
    assert max(sent_at.count(each) for each in sent_at) <= 2
    subjects = [letter["Subject"] for letter in mail.letters]
    first = [cases[-1].code in subject for subject in subjects[:5]]
    assert first == [True] * 4 + [False], "what stands before the urgent one leaves with it"
    for case in cases:
        own = [letter["Subject"] for letter in mail.letters if case.code in letter["Subject"]]
        assert own[0] == f"Phản ánh {case.code} đã có kết quả"
