"""Signing in by code, the account page, confirming a report's contact, opening reports by code: and that nobody learns who is known."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from casework.clocks.acts import running_clocks
from casework.contacts.proven import account_claiming
from casework.db import db, unit_of_work
from casework.models import Account, Case, Event, OneTimeCode, OutboxMessage, Report, Reporter
from casework.privacy.identity import Contact, open_contact
from tests import build
from tests.conftest import client_of
from tests.web.desk import Office
from tests.web.letterbox import Letterbox, letterbox
from tests.web.pages import at, words_of
from web import sessions
from workflows.desks.unconfirmed import set_apart_unconfirmed
from workflows.models import WaitingTask

NOON = build.NOON
NEW, NEW_MAIL = "+84905111222", "moi@nguoi-dan.example"
CLAIMED = build.PHONE
"""The number of `citizen`, who registered with a password and never proved it."""


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


@pytest.fixture
def box(sqlite_app: Flask, office: Office) -> Iterator[Letterbox]:
    with letterbox(sqlite_app, "sms", "email") as there:
        yield there


def is_signed_in(browser: FlaskClient) -> bool:
    return browser.get_cookie(sessions.COOKIE) is not None and browser.get("/account/messages").status_code == 200


def prove(office: Office, box: Letterbox, contact: str, browser: FlaskClient | None = None, **fields: str) -> FlaskClient:
    """A browser in which the code for a contact has just been typed on the page to sign in."""
    browser = browser or client_of(office.app)
    answer = browser.post("/sign-in/contact", data={"contact": contact, **fields})
    assert (answer.status_code, answer.location) == (302, "/sign-in/code"), words_of(answer)
    browser.answer = browser.post("/sign-in/code", data={"digits": box.code(office.moment)})      # type: ignore[attr-defined]
    return browser


def open_account(office: Office, box: Letterbox, contact: str, **fields: str) -> FlaskClient:
    browser = prove(office, box, contact)
    notice = browser.get("/sign-in/new").text.partition('name="consent_notice" value="')[2].partition('"')[0]
    browser.answer = browser.post("/sign-in/new", data={"consent": "y", "consent_notice": notice, **fields})    # type: ignore[attr-defined]
    return browser


def guest_report(office: Office, contact: Contact, **report: object) -> tuple[FlaskClient, Report]:
    """A report of a guest, and the browser that has opened it with its secret."""
    filed = build.file_report(office.world, by="guest", contact=contact, now=office.moment, **report)
    browser = client_of(office.app)
    assert browser.post("/track", data={"code": filed.report.code, "secret": filed.secret}).status_code == 302
    return browser, filed.report


def confirm(office: Office, box: Letterbox, browser: FlaskClient, report: Report) -> None:
    browser.post(f"/reports/{report.code}/contact-code")
    browser.post(f"/reports/{report.code}/contact-confirmation", data={"digits": box.code(office.moment)})


class TestSigningIn:
    def test_somebody_new_agrees_to_the_notice_before_anything_of_them_is_kept(self, office: Office, box: Letterbox) -> None:
        browser = prove(office, box, "0905 111 222", next="/reports/new?field=rung")
        assert browser.answer.location == "/sign-in/new"
        assert account_claiming(Contact(phone=NEW)) is None
        page = browser.get("/sign-in/new").text
        assert 'name="consent"' in page
        assert "checked" not in page
        assert browser.post("/sign-in/new", data={"name": "K' Prum"}).status_code == 422
        assert not is_signed_in(browser)
        answer = browser.post("/sign-in/new", data={"name": "K' Prum", "consent": "y", "consent_notice": "2026-12"})
        assert (answer.location, is_signed_in(browser)) == ("/reports/new?field=rung", True)
        account = account_claiming(Contact(phone=NEW))
        assert account is not None
        assert (account.password_hash, account.phone_verified_at, account.consented_at) == (None, NOON, NOON)
        assert account.consent_notice_id is not None
        assert open_contact(account.sealed_identity or b"") == Contact(name="K' Prum", phone=NEW)

    def test_whoever_has_an_account_is_in_with_the_code_and_no_question(self, office: Office, box: Letterbox) -> None:
        open_account(office, box, NEW_MAIL)
        office.clock(NOON + timedelta(minutes=20))
        assert prove(office, box, "MOI@Nguoi-Dan.example", next="/track").answer.location == "/track"
        assert db.session.scalar(select(func.count(Account.id)).where(Account.email_digest.is_not(None))) == 1

    def test_known_and_unknown_contacts_are_answered_alike(self, office: Office, box: Letterbox) -> None:
        open_account(office, box, NEW)
        office.clock(NOON + timedelta(minutes=20))
        pages = []
        for contact in ("0905111222", "0905111333"):
            browser = client_of(office.app)
            browser.post("/sign-in/contact", data={"contact": contact})
            pages.append(words_of(browser.get("/sign-in/code")).replace("333", "222"))
        assert pages[0] == pages[1]
        assert len(box.deliver(office.moment)) == 2

    def test_a_wrong_code_is_said_and_five_of_them_end_it(self, office: Office, box: Letterbox) -> None:
        browser = client_of(office.app)
        browser.post("/sign-in/contact", data={"contact": NEW})
        digits = box.code(NOON)
        for _ in range(5):
            answer = browser.post("/sign-in/code", data={"digits": "000000" if digits != "000000" else "111111"})
            assert (answer.status_code, "Mã chưa đúng" in answer.text) == (422, True)
        assert browser.post("/sign-in/code", data={"digits": digits}).status_code == 422
        assert 'autocomplete="one-time-code"' in browser.get("/sign-in/code").text
        assert 'inputmode="numeric"' in browser.get("/sign-in/code").text

    def test_a_second_press_sends_nothing_and_a_fourth_code_in_a_quarter_is_refused(self, office: Office, box: Letterbox) -> None:
        browser = client_of(office.app)
        browser.post("/sign-in/contact", data={"contact": NEW})
        browser.post("/sign-in/code", data={"act": "again"})
        assert len(box.deliver(NOON)) == 1
        for minute in (1, 2):
            office.clock(NOON + timedelta(minutes=minute))
            assert browser.post("/sign-in/code", data={"act": "again"}).status_code == 302
        office.clock(NOON + timedelta(minutes=3))
        answer = browser.post("/sign-in/code", data={"act": "again"})
        assert (answer.status_code, "Đã thử quá nhiều lần" in answer.text) == (429, True)

    def test_what_is_no_contact_keeps_what_was_typed(self, office: Office, box: Letterbox) -> None:
        answer = client_of(office.app).post("/sign-in/contact", data={"contact": "0912 34", "next": "/track"})
        assert answer.status_code == 422
        assert 'value="0912 34"' in answer.text
        assert 'value="/track"' in answer.text

    def test_staff_and_passwords_go_in_as_before(self, office: Office, box: Letterbox) -> None:
        staff = client_of(office.app)
        assert staff.post("/sign-in", data={"login": "operator", "password": build.PASSWORD}).location == "/inbox"
        citizen = client_of(office.app)
        assert citizen.post("/sign-in", data={"login": CLAIMED, "password": build.PASSWORD}).location == "/mine"
        assert client_of(office.app).get("/register").location == "/sign-in", "every contact can be proven here"

    def test_without_a_channel_the_page_says_so_and_keeps_the_password_way(self, office: Office) -> None:
        page = client_of(office.app).get("/sign-in").text
        assert "/sign-in/contact" not in page
        assert "/register" in page
        with letterbox(office.app, "email"):
            answer = client_of(office.app).post("/sign-in/contact", data={"contact": NEW})
            assert (answer.status_code, "chưa gửi được tin nhắn" in answer.text) == (422, True)
            refused = client_of(office.app).post("/register", data={"name": "A", "email": NEW_MAIL, "password": "nui-xanh-may-trang",
                                                                    "password_again": "nui-xanh-may-trang", "consent": "y"})
            assert (refused.status_code, "xác nhận bằng mã" in refused.text) == (422, True), "an address can be proven here"

    def test_a_demonstration_without_channels_shows_the_code(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(office.app.config, "DEMO", True)
        browser = client_of(office.app)
        browser.post("/sign-in/contact", data={"contact": NEW})
        page = browser.get("/sign-in/code").text
        assert "Bản minh họa: mã là" in words_of(page)
        digits = page.partition("data-demo-code>")[2][:6]
        assert browser.post("/sign-in/code", data={"digits": digits}).location == "/sign-in/new"


class TestClaimedContacts:
    def test_whoever_proves_a_claimed_contact_gets_it_and_nothing_of_the_account(self, office: Office, box: Letterbox) -> None:
        """Somebody may have registered with a stranger's number: the stranger must neither read their reports nor be shut out."""
        theirs = build.file_report(office.world, by="citizen", contact=None).report
        claimant = office.world.people["citizen"]
        browser = open_account(office, box, CLAIMED)
        assert is_signed_in(browser)
        assert theirs.code not in browser.get("/mine").text
        assert browser.get(f"/mine/{theirs.code}").status_code == 404
        old = db.session.get_one(Account, claimant.id)
        assert (old.phone_digest, open_contact(old.sealed_identity or b"").phone) == (None, None)
        assert open_contact(old.sealed_identity or b"").name == "Nguyễn Thị Thử"
        told = db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == "contact_taken")).one()
        assert told.recipient == f"account:{old.id}"
        assert office.browser("citizen").get(f"/mine/{theirs.code}").status_code == 200, "it keeps its reports and its sessions"

    def test_whoever_knows_its_password_keeps_the_account_with_the_contact_proven(self, office: Office, box: Letterbox) -> None:
        theirs = build.file_report(office.world, by="citizen", contact=None).report
        browser = prove(office, box, CLAIMED)
        assert "Tài khoản này có phải của Ông/Bà" in browser.get("/sign-in/new").text
        assert browser.post("/sign-in/known", data={"password": "wrong-password"}).status_code == 422
        assert browser.post("/sign-in/known", data={"password": build.PASSWORD}).location == "/mine"
        assert theirs.code in browser.get("/mine").text
        assert db.session.get_one(Account, office.world.people["citizen"].id).phone_verified_at == NOON
        for _ in range(2):
            office.clock(office.moment + timedelta(minutes=20))
            assert prove(office, box, CLAIMED).answer.location == "/mine", "from now on the code opens it"

    def test_passwords_are_not_tried_out_there(self, office: Office, box: Letterbox) -> None:
        browser = prove(office, box, CLAIMED)
        for _ in range(5):
            assert browser.post("/sign-in/known", data={"password": "wrong-password"}).status_code == 422
        assert browser.post("/sign-in/known", data={"password": build.PASSWORD}).status_code == 429


class TestAccountPage:
    def test_everything_of_ones_own_account_and_nothing_in_full_until_asked(self, office: Office, box: Letterbox) -> None:
        browser = open_account(office, box, NEW, name="Ha Trung")
        page = words_of(browser.get("/account"))
        assert "… 222" in page
        assert NEW not in page
        assert NEW in words_of(browser.get("/account?contacts=1"))
        assert office.get("operator", "/account").location == "/sessions"
        assert client_of(office.app).get("/account").location == "/sign-in?next=/account"
        assert browser.post("/account/name", data={"name": "Bon Niêng Ha Đê"}).status_code == 302
        assert 'value="Bon Niêng Ha Đê"' in browser.get("/account").text
        long = browser.post("/account/name", data={"name": "Ê" * 121})
        assert (long.status_code, "Ê" * 121 in long.text) == (422, True)
        browser.post("/account/language", data={"language": "en"})
        assert "My account" in browser.get("/account").text

    def test_a_contact_holds_once_it_is_proven_and_never_anothers(self, office: Office, box: Letterbox) -> None:
        open_account(office, box, NEW_MAIL)
        office.clock(NOON + timedelta(minutes=20))
        browser = open_account(office, box, NEW)
        assert browser.post("/account/contact", data={"contact": "thu@nguoi-dan.example"}).location == "/account/contact/code"
        assert account_claiming(Contact(email="thu@nguoi-dan.example")) is None
        code = box.code(office.moment)
        assert browser.post("/account/contact/code", data={"digits": "12"}).status_code == 422
        assert browser.post("/account/contact/code", data={"digits": code}).location == "/account"
        account = account_claiming(Contact(email="thu@nguoi-dan.example"))
        assert account is not None
        assert (account.phone_verified_at is not None, account.email_verified_at is not None) == (True, True)
        browser.post("/account/contact", data={"contact": NEW_MAIL})
        answer = browser.post("/account/contact/code", data={"digits": box.code(office.moment)})
        assert (answer.status_code, "đã thuộc một tài khoản khác" in answer.text) == (422, True)

    def test_a_password_is_set_changed_and_done_without(self, office: Office, box: Letterbox) -> None:
        browser = open_account(office, box, NEW)
        short = browser.post("/account/first-password", data={"password": "ngan", "password_again": "ngan"})
        assert short.status_code == 422
        first = {"password": "nui-xanh-may-trang", "password_again": "nui-xanh-may-trang"}
        assert browser.post("/account/first-password", data=first).location == "/account"
        assert client_of(office.app).post("/sign-in", data={"login": NEW, "password": "nui-xanh-may-trang"}).location == "/mine"
        assert browser.post("/account/first-password", data=first).location == "/account/password", "not without the present one any more"
        assert browser.post("/account/password-removal", data={"present": "wrong-password"}).status_code == 422
        assert browser.post("/account/password-removal", data={"present": "nui-xanh-may-trang"}).location == "/account"
        assert client_of(office.app).post("/sign-in", data={"login": NEW, "password": "nui-xanh-may-trang"}).status_code == 422
        claimed = office.browser("citizen")
        assert claimed.post("/account/password-removal", data={"present": build.PASSWORD}).status_code == 404, "nobody would get in again"

    def test_an_open_page_takes_no_account_over_and_the_former_contact_is_told(self, office: Office, box: Letterbox) -> None:
        browser, first = open_account(office, box, NEW), {"password": "nui-xanh-may-trang", "password_again": "nui-xanh-may-trang"}
        office.clock(NOON + timedelta(minutes=10))
        for path, form in (("/account/contact", {"contact": "0905 333 444"}), ("/account/first-password", first)):
            answer = browser.post(path, data=form)
            assert (answer.status_code, "xác nhận lần nữa" in words_of(answer)) == (422, True)
            assert browser.post(path, data={**form, "code": "000000"}).status_code == 422
        assert 'value="0905 333 444"' in browser.post("/account/contact", data={"contact": "0905 333 444"}).text
        assert box.deliver(office.moment) == []
        asked = browser.post("/account/contact", data={"contact": "0905 333 444", "act": "send_code"})
        assert (asked.status_code, "… 222" in words_of(asked)) == (200, True)
        sent = browser.post("/account/contact", data={"contact": "0905 333 444", "code": box.code(office.moment)})
        assert sent.location == "/account/contact/code"
        browser.post("/account/contact/code", data={"digits": box.code(office.moment)})
        told = box.deliver(office.moment)
        assert [(each.address, "doi cach lien he" in each.words.sms, "http" in each.words.sms) for each in told] == [(NEW, True, False)]
        assert browser.post("/account/first-password", data=first).location == "/account", "proven for ten minutes"
        account = account_claiming(Contact(phone="+84905333444"))
        query = select(OutboxMessage.recipient).where(OutboxMessage.template == "sign_in_changed")
        assert set(db.session.scalars(query)) == {f"account:{account.id if account else 0}"}

    def test_signing_out_everywhere_ends_every_session(self, office: Office, box: Letterbox) -> None:
        browser = open_account(office, box, NEW)
        office.clock(NOON + timedelta(minutes=20))
        other = prove(office, box, NEW)
        assert is_signed_in(other)
        assert browser.post("/account/sign-out-everywhere").location == "/sign-in"
        assert not is_signed_in(browser)
        assert not is_signed_in(other)


class TestConfirmingAReport:
    def test_filing_sends_a_code_once_and_the_receipt_takes_it(self, office: Office, box: Letterbox) -> None:
        browser, form = client_of(office.app), client_of(office.app).get("/reports/new").text
        notice = form.partition('name="consent_notice"')[2].partition('value="')[2].partition('"')[0]
        answer = browser.post("/reports/new", data={
            "words": "Có cây đổ chắn đường.", "area": str(office.world.area.id), "place": "Gần cầu", "phone": "0912 345 678",
            "consent": "y", "consent_notice": notice, "idempotency_key": "k" * 32, "photos_token": "t" * 32,
        })  # fmt: skip
        assert answer.status_code == 302, words_of(answer)
        code = answer.location.split("/")[2]
        assert "Xác nhận số điện thoại" in browser.get(answer.location).text
        page = browser.post(f"/reports/{code}/contact-confirmation", data={"digits": box.code(NOON), "back": answer.location})
        assert page.location == answer.location
        assert "Xác nhận số điện thoại" not in browser.get(answer.location).text
        reporter = db.session.scalars(select(Reporter)).one()
        assert (reporter.contact_verified_at, reporter.verified_contact) == (NOON, "phone")
        case = db.session.scalars(select(Case)).one()
        assert case.unconfirmed_since is None
        event = db.session.scalars(select(Event).where(Event.type == "confirm_contact")).one()
        assert event.payload == {"report": code, "contact": "phone"}

    def test_only_its_sender_may_and_a_code_for_one_report_confirms_no_stranger(self, office: Office, box: Letterbox) -> None:
        browser, report = guest_report(office, Contact(phone=NEW))
        stranger, other = guest_report(office, Contact(phone=NEW))
        assert client_of(office.app).post(f"/reports/{report.code}/contact-code").status_code == 404
        assert office.browser("operator").post(f"/reports/{report.code}/contact-code").status_code == 404
        confirm(office, box, browser, report)
        assert db.session.get_one(Report, report.id).reporter.contact_verified_at is not None
        assert db.session.get_one(Report, other.id).reporter.contact_verified_at is None, "anybody can type a number"
        wrong = stranger.post(f"/reports/{other.code}/contact-confirmation", data={"digits": "1"}, headers={"Accept": "application/json"})
        assert (wrong.status_code, "error" in wrong.json) == (422, True)
        assert not db.session.get_one(Report, other.id).reporter.contact_verified_at

    @pytest.mark.exhaustive
    def test_unconfirmed_ones_leave_the_inbox_after_a_day_and_come_back_confirmed(self, office: Office, box: Letterbox) -> None:
        _, report = guest_report(office, Contact(phone=NEW), words="Có đống rác lớn.")
        _, urgent = guest_report(office, Contact(phone=NEW), words="Cây sắp đổ.", marked_urgent=True)
        by_account = build.file_report(office.world, by="citizen", contact=None).report
        before = {row.id: row.due_at for row in running_clocks(db.session.scalars(select(Case).where(Case.code == report.code)).one())}
        assert "Chưa xác nhận liên hệ" in office.words("operator", "/inbox")
        assert set_apart_unconfirmed(NOON + timedelta(hours=23, minutes=59), provable=("phone",)) == 0
        assert set_apart_unconfirmed(NOON + timedelta(hours=24), provable=("phone",)) == 1
        office.clock(NOON + timedelta(hours=24, minutes=1))
        page = office.words("operator", "/inbox")
        assert report.code not in page
        assert urgent.code in page
        assert by_account.code in page
        assert report.code in office.words("operator", "/inbox?view=unconfirmed")
        assert report.code in office.words("ops_lead", "/inbox?view=unconfirmed")
        assert report.code in office.words("operator", f"/inbox?q={report.code}")
        assert report.code not in office.words("officer_PTNMT", "/inbox?view=unconfirmed")
        task = db.session.scalars(select(WaitingTask).join(Case).where(Case.code == report.code)).one()
        assert office.get("operator", f"/tasks/{task.ref}").status_code == 200
        assert office.get("officer_PTNMT", f"/tasks/{task.ref}").status_code == 404
        case = db.session.scalars(select(Case).where(Case.code == report.code)).one()
        assert {row.id: row.due_at for row in running_clocks(case)} == before, "its limits hold"
        confirm_by_secret(office, box, report)
        assert report.code in office.words("operator", "/inbox")

    def test_operators_verify_one_that_was_set_apart(self, office: Office, box: Letterbox) -> None:
        _, report = guest_report(office, Contact(phone=NEW))
        set_apart_unconfirmed(NOON + timedelta(hours=24), provable=("phone",))
        case = db.session.scalars(select(Case).where(Case.code == report.code)).one()
        build.do(office.world, case, "verify", "operator", title="Rác đổ ven suối", cleared=[build.cleared(report)],
                 now=NOON + timedelta(hours=25))
        assert db.session.get_one(Case, case.id).state == "to_classify"
        assert report.code in office.words("operator", "/inbox")


class TestOpeningReports:
    def test_a_code_opens_what_was_confirmed_with_the_contact_and_says_nothing_before(self, office: Office, box: Letterbox) -> None:
        browser, report = guest_report(office, Contact(phone=NEW, email=NEW_MAIL))
        confirm(office, box, browser, report)
        guest_report(office, Contact(phone=NEW))                  # the same number, never confirmed
        told = []
        for number, contact in enumerate((NEW, NEW_MAIL, "0905111333")):
            office.clock(NOON + timedelta(minutes=20 * (number + 1)))
            elsewhere = client_of(office.app)
            assert elsewhere.post("/track/contact", data={"contact": contact}).location == "/track/code"
            told.append(elsewhere.post("/track/code", data={"digits": box.code(office.moment)}).location)
        assert told == [f"/mine/{report.code}", "/track", "/track"], "the address of the report was never proven: it may be mistyped"
        browser, other = guest_report(office, Contact(phone=NEW))
        confirm(office, box, browser, other)
        elsewhere = client_of(office.app)
        elsewhere.post("/track/contact", data={"contact": NEW})
        assert elsewhere.post("/track/code", data={"digits": box.code(office.moment)}).location == "/mine"
        page = words_of(elsewhere.get("/mine"))
        assert (report.code in page, other.code in page) == (True, True)
        # who hands the telephone on closes them: telephones keep sessions when the browser is closed
        assert elsewhere.post("/track/closing").location == "/"
        assert report.code not in elsewhere.get("/mine").text
        assert elsewhere.get(f"/mine/{report.code}").status_code == 404

    def test_signing_in_takes_the_confirmed_reports_of_the_contact_along(self, office: Office, box: Letterbox) -> None:
        browser, report = guest_report(office, Contact(phone=NEW))
        confirm(office, box, browser, report)
        _, unconfirmed = guest_report(office, Contact(phone=NEW))
        office.clock(NOON + timedelta(minutes=20))
        mine = open_account(office, box, NEW).get("/mine").text
        assert (report.code in mine, unconfirmed.code in mine) == (True, False)

    def test_a_guest_with_a_proven_contact_chooses_how_to_be_told(self, office: Office, box: Letterbox) -> None:
        browser, report = guest_report(office, Contact(phone=NEW, email=NEW_MAIL))
        assert 'name="ways"' not in browser.get(f"/mine/{report.code}").text
        confirm(office, box, browser, report)
        assert 'name="ways"' in browser.get(f"/mine/{report.code}").text
        browser.post(f"/mine/{report.code}/ways", data={"ways": ["sms", "push"]})
        assert db.session.get_one(Report, report.id).reporter.channels == ["sms"]
        browser.post(f"/mine/{report.code}/ways", data={})
        assert db.session.get_one(Report, report.id).reporter.channels == ["sms"], "nothing at all has to be meant"
        browser.post(f"/mine/{report.code}/ways", data={"knows": "on"})
        assert db.session.get_one(Report, report.id).reporter.channels == ["none"]
        assert client_of(office.app).post(f"/mine/{report.code}/ways", data={"ways": "sms"}).status_code == 404


def confirm_by_secret(office: Office, box: Letterbox, report: Report) -> None:
    """The sender opens the report again with what stands on the receipt, in another browser, and proves the contact."""
    from casework.sealing.seal import new_tracking_secret, secret_digest

    secret = new_tracking_secret()
    with unit_of_work():
        db.session.get_one(Report, report.id).secret_digest = secret_digest(secret)
    browser = client_of(office.app)
    assert browser.post("/track", data={"code": report.code, "secret": secret}).status_code == 302
    confirm(office, box, browser, report)


def test_nothing_of_a_contact_stands_in_cookies_or_rows(office: Office, box: Letterbox) -> None:
    browser = client_of(office.app)
    browser.post("/sign-in/contact", data={"contact": NEW})
    state = browser.get_cookie("langbiang_state")
    assert state is not None
    from base64 import urlsafe_b64decode
    from zlib import decompress

    raw = state.value.split(".")[1 if state.value.startswith(".") else 0]
    data = urlsafe_b64decode(raw + "=" * (-len(raw) % 4))
    readable = decompress(data) if state.value.startswith(".") else data
    assert b"905111222" not in readable
    row = db.session.scalars(select(OneTimeCode)).one()
    assert b"905111222" not in (row.sealed_message or b"")


def test_the_reason_of_a_refusal_stands_above_the_telephone_that_may_be_confirmed(office: Office, box: Letterbox) -> None:
    world, app = office.world, office.app
    filed = build.file_report(world, by="guest")
    client = client_of(app)

    def own() -> str:
        return words_of(client.get(f"/mine/{filed.report.code}"))

    client.post("/track", data={"code": filed.report.code, "secret": filed.secret})
    assert "Xác nhận số điện thoại" in own()
    build.do(world, filed.case, "verify", "operator", act="refuse", reason=world.refusal_reason(), words="Xin cho biết rõ địa điểm.")
    page = own()
    assert page.index("Xin cho biết rõ địa điểm.") < page.index("Xác nhận số điện thoại")
    assert "có thể được xem sau" not in page, "it has been looked at"
    at(app, NOON + timedelta(days=20))
    assert "Xác nhận số điện thoại" not in own(), "nothing can come of it any more"
