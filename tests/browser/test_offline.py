"""A telephone without a signal: what is written waits in it, goes out by itself, once, for whom it was written and for nobody else."""
from __future__ import annotations

import hashlib
import io
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, TimeoutError, expect, sync_playwright
from sqlalchemy import func, select

from casework.asking.answers import answers_given
from casework.db import db, unit_of_work
from casework.intake.file_report import original_words
from casework.models import ExtraQuestion, OutboxMessage, Report
from casework.permissions import actor_for
from casework.photos.records import open_copy, photos_of_report
from casework.recordings.staging import recordings_of_report
from casework.sealing.seal import parse_tracking_secret, secret_matches
from casework.settings.importing.rows import change_row
from casework.settings.kinds.table import KINDS
from tests import build
from tests.asked import FIELD, USUAL, extra_question
from tests.browser.filing import open_more, tell_place
from tests.browser.house import EVERY_IMPACT, House, Visitor, free_port, launched
from tests.browser.mortal import Mortal, Wire, wired
from tests.browser.waiting import PATIENCE, ask_until, next_document
from tests.conftest import environment_of, running
from tests.with_photos import jpeg
from web import sessions
from web.clock import now
from web.config import Config
from web.guards import file_store

pytestmark = [pytest.mark.browser]

QUEUED = """async () => { const reports = await langbiangQueue.all(), digests = [];
  for (const report of reports) for (const file of await langbiangQueue.filesOf(report.key))
    digests.push(Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", file.data)))
      .map(byte => byte.toString(16).padStart(2, "0")).join(""));
  return { states: reports.map(each => each.state), whys: reports.map(each => each.why), digests }; }"""
KEPT = """async () => { const found = [];
  for (const name of await caches.keys()) for (const request of await (await caches.open(name)).keys()) {
    const answer = await (await caches.open(name)).match(request);
    found.push({ name, url: new URL(request.url).pathname, text: await answer.text() });
  }
  return found; }"""
AS_KEPT_BEFORE = """number => langbiangQueue.all().then(([report]) => langbiangQueue.change(report.key, { state: "waiting",
  fields: report.fields.filter(([name]) => !["contact", "phone"].includes(name)).concat([["phone", number], ["email", ""]]) }))"""
WORDS = "Cầu gỗ mục ở lối xuống suối, trẻ con đi học qua."
PHOTOS = [jpeg("olive"), jpeg("teal")]


def spoken() -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(range(256)) * 20)
    return target.getvalue()


VOICE = spoken()
THIRD = jpeg("navy")
PRESSED_AGAIN = 5_000                                                     # milliseconds
SENT = [hashlib.sha256(data).hexdigest() for data in (*PHOTOS, VOICE)]


@dataclass
class Valley:
    """An installation, the line to it, and people with telephones."""

    house: House
    server: Mortal
    wire: Wire
    world: build.World
    question: int
    """The number of a question the form asks where the field of it is chosen."""

    def telephone(self, name: str = "") -> Visitor:
        """A browser that has seen the report form once, and so has kept it; signed in if it is somebody's."""
        visitor = self.house.visitor()
        if name:
            self.sign_in(visitor, name)
        visitor.go("/reports/new")
        ask_until(visitor.page, "navigator.serviceWorker.ready.then(() => Boolean(navigator.serviceWorker.controller))")
        return visitor

    def sign_in(self, visitor: Visitor, name: str) -> None:
        with self.house.app.test_request_context(), unit_of_work():
            token = sessions.open_session(db.session.merge(self.world.people[name]), now=now())
        visitor.context.add_cookies([{"name": sessions.COOKIE, "value": token, "url": self.house.address, "httpOnly": True}])

    def reports(self) -> list[Report]:
        db.session.rollback()
        return list(db.session.scalars(select(Report).order_by(Report.id)))

    def filed_since(self, count: int) -> list[Report]:
        return self.reports()[count:]


@pytest.fixture(scope="module")
def valley(sqlite_template: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valley]:
    variables = environment_of(tmp_path_factory.mktemp("valley"))
    config = Config.from_environment(variables | {"LANGBIANG_PORT": str(free_port())})
    (config.data / "langbiang.db").write_bytes(sqlite_template.read_bytes())
    with running(config) as app:
        app.config["WTF_CSRF_ENABLED"] = True
        app.testing = False
        world = build.standard_world()
        question = extra_question(world, is_required="yes").id
        db.session.remove()
        server = Mortal(app, config)
        try:
            server.start()
            with wired(config.port) as wire, sync_playwright() as playwright:
                browser = launched(playwright)
                yield Valley(House(app, wire.address, browser, impacts=EVERY_IMPACT), server, wire, world, question)
                browser.close()
        finally:
            server.end()


@pytest.fixture(scope="module")
def guests(valley: Valley) -> Visitor:
    return valley.telephone()


@pytest.fixture(scope="module")
def citizens(valley: Valley) -> Visitor:
    return valley.telephone("citizen")


@pytest.fixture(autouse=True)
def mended(valley: Valley) -> Iterator[None]:
    """Each test begins with a line that is whole."""
    yield
    valley.wire.cut, valley.wire.lost, valley.wire.shut = False, (), ()
    for context in valley.house.browser.contexts:
        context.set_offline(False)


def write(page: Page, *, words: str = WORDS, files: bool = True, phone: str = "0912 345 678") -> None:
    page.fill("[name=words]", words)
    tell_place(page)
    if page.locator("[name=contact]").is_visible():
        page.fill("[name=contact]", phone)
    if files:
        page.set_input_files("[name=photos]", [{"name": f"anh{number}.jpg", "mimeType": "image/jpeg", "buffer": data}
                                               for number, data in enumerate(PHOTOS)])
        page.set_input_files("[name=voice]", {"name": "noi.wav", "mimeType": "audio/wav", "buffer": VOICE})
    page.check("[name=consent]")


def press_send(page: Page, times: int = 1) -> None:
    with next_document(page):
        page.evaluate("times => { const button = document.querySelector('.actionbar button[value=send]');"
                      "for (let turn = 0; turn < times; turn += 1) button.click(); }", times)


def bytes_kept(report: Report) -> list[str]:
    rows = [*photos_of_report(report), *recordings_of_report(report)]
    return [hashlib.sha256(open_copy(next(file for file in row.files if file.audience == "sealed"), store=file_store()).read()).hexdigest()
            for row in rows]


def acknowledged(report: Report) -> int:
    told = select(func.count()).select_from(OutboxMessage).where(OutboxMessage.template == "report_filed")
    return db.session.scalar(told.where(OutboxMessage.recipient == f"reporter:{report.reporter_id}")) or 0


def shown_code(page: Page) -> tuple[str, str]:
    expect(page.locator("[data-list] [data-code]:visible")).to_be_visible()
    return page.inner_text("[data-list] [data-code]"), page.inner_text("[data-list] [data-secret]")


def judge(valley: Valley, page: Page, before: int, *, words: str = WORDS, files: list[str] = SENT) -> Report:
    """One case with what was written, and the code the telephone shows is its."""
    code, secret = shown_code(page)
    [report] = valley.filed_since(before)
    assert (report.code, original_words(report), bytes_kept(report), acknowledged(report)) == (code, words, files, 1)
    assert secret_matches(parse_tracking_secret(secret), report.secret_digest)
    return report


def keeps(page: Page, **queue: list[str]) -> None:
    """Wait until that is what the telephone keeps."""
    ask_until(page, QUEUED, queue.__eq__)


def note_down(page: Page) -> None:
    page.click("[data-act=noted]")
    expect(page.locator("[data-list-empty]")).to_be_visible()


def test_without_a_signal_closed_opened_and_back_in_the_valley(valley: Valley, guests: Visitor) -> None:
    before, phone = len(valley.reports()), guests
    phone.context.set_offline(True)
    phone.page.goto("/")
    assert phone.page.locator("[name=words]").count(), "the start page is the form"
    phone.page.locator(".actionbar button[value=send]").click()
    expect(phone.page.locator("[data-queue-lacks]")).to_contain_text("đồng ý")
    write(phone.page)
    press_send(phone.page, times=2)
    expect(phone.page.locator("[data-list-saved]")).to_contain_text(
        "Chưa có mạng. Phản ánh được lưu trên máy và sẽ gửi khi có sóng.")
    queued = phone.page.evaluate(QUEUED)
    assert (queued["states"], queued["digests"]) == (["waiting"], SENT), "a double tap is one report, its bytes are those of the files"
    phone.page.close()
    phone.page = phone.context.new_page()
    phone.listen()
    again = phone.go("/offline/queue")
    expect(again.locator("[data-list] article")).to_have_count(1)
    assert again.locator("[data-list] [data-count=photos] b").inner_text() == "2"
    assert valley.filed_since(before) == []
    phone.context.set_offline(False)
    judge(valley, again, before)
    assert again.evaluate(QUEUED)["digests"] == []
    note_down(again)
    assert [fault for fault in valley.house.faults if "net::ERR" not in fault and "status of 409" not in fault] == []


def test_an_answer_waits_with_its_report_and_is_filed_once_as_an_answer_to_what_was_asked(valley: Valley) -> None:
    phone, before = valley.telephone(), len(valley.reports())
    page = phone.page
    phone.context.set_offline(True)
    page.goto("/reports/new")
    write(page)
    open_more(page)
    page.select_option("[name=field]", FIELD)
    page.fill(f"[name=ask-{valley.question}]", "12")
    press_send(page, times=2)
    assert page.evaluate(QUEUED)["states"] == ["waiting"]
    with valley.house.app.test_request_context(), unit_of_work():
        by = actor_for(db.session.merge(valley.world.people["overseer"]), now=now())
        typed = {**USUAL, "name_vi": "Rộng bao nhiêu m?", "name_en": "How wide, in m?"}
        change_row(KINDS["extra_question"], db.session.get_one(ExtraQuestion, valley.question), typed, by=by, now=now(), reason="Thử")
    phone.context.set_offline(False)
    page.click("[data-send-all]")
    report = judge(valley, page, before)
    assert [(each.question.vi, each.words.vi) for each in answers_given(report)] == [("Sâu khoảng bao nhiêu cm?", "12")]
    note_down(page)


def test_the_server_is_killed_in_the_middle_of_an_upload_and_what_it_refuses_is_mended(valley: Valley, guests: Visitor) -> None:
    before, page = len(valley.reports()), guests.page
    guests.context.set_offline(True)
    page.goto("/reports/new")
    write(page, phone="12")
    press_send(page)
    guests.context.set_offline(False)
    expect(page.locator("[data-refusal]")).to_contain_text("Số điện thoại còn thiếu 7 chữ số.")
    page.click("[data-mend]")
    expect(page.locator("[data-queue-mends]")).to_be_visible()
    assert (page.input_value("[name=words]"), page.locator("[data-preview]").count()) == (WORDS, 2)
    page.fill("[name=contact]", "0912 345 678")
    with valley.server.killed_with_file_written():
        press_send(page)
    keeps(page, states=["waiting"], whys=[""], digests=SENT)
    valley.server.start()
    page.click("[data-send-all]")
    judge(valley, page, before)
    note_down(page)


def test_with_a_signal_the_page_answers_and_a_lost_answer_files_nothing_twice(valley: Valley, guests: Visitor) -> None:
    before, page = len(valley.reports()), guests.go("/reports/new")
    write(page, words="", files=False)
    press_send(page)
    expect(page.locator("#words-error")).to_be_visible()
    keeps(page, states=[], whys=[], digests=[])                # the form with its corrections is what counts now
    write(page)
    valley.wire.lost = (b"POST /reports/new",)
    press_send(page, times=2)
    assert page.url.endswith("/offline/queue"), "where the browser comes to instead of an error of its own"
    judge(valley, page, before)
    note_down(page)
    valley.wire.lost = ()
    page.goto("/reports/new")
    write(page, words="Một chuyện khác: đèn đường tắt.", files=False)
    press_send(page)
    assert page.url.endswith("/receipt"), page.inner_text("main")
    keeps(page, states=[], whys=[], digests=[])
    assert len(valley.filed_since(before)) == 2


def test_photos_and_voice_stay_with_a_report_that_was_to_be_corrected_and_then_lost_its_signal(valley: Valley, guests: Visitor) -> None:
    before, page = len(valley.reports()), guests.go("/reports/new")
    write(page, phone="12")
    press_send(page)
    expect(page.locator("#contact-error")).to_be_visible()
    keeps(page, states=["asked"], whys=[""], digests=SENT)
    with next_document(page):
        page.locator("figure.shot:not([data-preview]) .shot-x").first.click()
    page.set_input_files("[name=photos]", [{"name": "ba.jpg", "mimeType": "image/jpeg", "buffer": THIRD}])
    with next_document(page):
        page.evaluate("document.querySelector('form button[name=act][value=files]').click()")
    expect(page.locator("figure.shot:not([data-preview])")).to_have_count(2)
    page.fill("[name=contact]", "0912 345 678")
    page.check("[name=consent]")
    guests.context.set_offline(True)
    valley.wire.cut = True
    press_send(page)
    left = [SENT[1], hashlib.sha256(THIRD).hexdigest(), SENT[2]]
    keeps(page, states=["waiting"], whys=[""], digests=left)
    valley.wire.cut = False
    guests.context.set_offline(False)
    judge(valley, page, before, files=left)
    note_down(page)


def test_back_from_the_receipt_is_an_empty_form_that_leads_to_the_receipt(valley: Valley, guests: Visitor) -> None:
    before, page = len(valley.reports()), guests.go("/reports/new")
    for corrected in (False, True):
        page.goto("/reports/new")
        write(page, words=f"Lề đường sụt, {corrected}.", phone="12" if corrected else "0912 345 678")
        press_send(page)
        if corrected:
            expect(page.locator("#contact-error")).to_be_visible()
            page.fill("[name=contact]", "0912 345 678")
            page.check("[name=consent]")
            press_send(page)
        assert page.url.endswith("/receipt"), page.inner_text("main")
        receipt = page.url
        page.go_back(wait_until="commit")
        expect(page.locator("[data-sent-before]")).to_contain_text("đã được gửi")
        assert "/offline" not in page.url
        assert (page.input_value("[name=words]"), page.input_value("[name=contact]")) == ("", "")
        assert page.locator("figure.shot").count() == 0
        expect(page.locator("[data-draft-offer]")).to_be_hidden()
        assert page.get_attribute("[data-sent-before] a", "href") in receipt
        page.reload()
        expect(page.locator("[data-sent-before]")).to_be_hidden()
        write(page, words=f"Một chuyện khác, {corrected}.", files=False)
        press_send(page)
        assert page.url.endswith("/receipt"), page.inner_text("main")
    assert len(valley.filed_since(before)) == 4


def test_what_was_written_after_a_report_was_sent_is_still_there_on_the_way_back(valley: Valley, guests: Visitor) -> None:
    page = guests.go("/reports/new")
    write(page, words="Cột điện nghiêng.", files=False)
    press_send(page)
    assert page.url.endswith("/receipt"), page.inner_text("main")
    page.goto("/reports/new")
    page.fill("[name=words]", "Viết dở một chuyện khác")
    ask_until(page, "Boolean(localStorage.getItem('report-draft:guest'))")
    page.evaluate("document.querySelector('form[data-report]').removeAttribute('data-guard')")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/track")
    page.go_back(wait_until="commit")
    expect(page.locator("[data-sent-before]")).to_be_hidden()
    ask_until(page, "document.querySelector('[name=words]').value === 'Viết dở một chuyện khác'"
                    " || !document.querySelector('[data-draft-offer]').hidden")


def test_once_sent_nothing_is_said_to_wait_and_code_and_secret_are_pointed_at(valley: Valley, guests: Visitor) -> None:
    before, page = len(valley.reports()), guests.page
    guests.context.set_offline(True)
    page.goto("/reports/new")
    write(page, files=False, words="Ống nước vỡ trên dốc.")
    press_send(page)
    page.goto("/reports/new")
    expect(page.locator("[data-queue-waits]")).to_contain_text("1")
    expect(page.locator("[data-queue-sent]")).to_be_hidden()
    guests.context.set_offline(False)
    page.goto("/track")
    expect(page.locator("[data-queue-sent]")).to_contain_text("Đã gửi")
    expect(page.locator("[data-queue-waits]")).to_be_hidden()
    page.locator("[data-queue-sent] a").click()
    judge(valley, page, before, words="Ống nước vỡ trên dốc.", files=[])
    note_down(page)
    page.goto("/track")
    expect(page.locator("[data-queue-sent]")).to_be_hidden()


def test_two_tabs_send_what_waits_once_and_the_secret_stays_until_it_was_noted(valley: Valley, guests: Visitor) -> None:
    before, page, words = len(valley.reports()), guests.page, "Cống tràn trước trạm y tế."
    guests.context.set_offline(True)
    page.goto("/reports/new")
    write(page, words=words)
    press_send(page)
    second = guests.context.new_page()
    second.goto("/offline/queue")
    expect(second.locator("[data-list] article")).to_have_count(1)
    guests.context.set_offline(False)
    report = judge(valley, page, before, words=words)
    shown = shown_code(page)
    for tab in (page, second):
        expect(tab.get_by_role("heading", level=1)).to_have_text(f"Đã gửi: {report.code}")
        expect(tab.locator("[data-fact-summary]")).to_have_text(words)
        expect(tab.locator("[data-fact-photos]")).to_have_text("2")
    page.reload()
    assert shown_code(page) == shown, "until it was noted down"
    note_down(page)
    expect(second.locator("[data-list-empty]")).to_be_visible()
    second.close()
    assert len(valley.filed_since(before)) == 1


def test_what_an_earlier_release_has_kept_goes_out_and_is_mended_in_the_one_field(valley: Valley) -> None:
    before, phone = len(valley.reports()), valley.telephone()         # with nothing on it that a test before may have left
    page = phone.page
    phone.context.set_offline(True)
    page.goto("/reports/new")
    write(page, files=False, words="Biển báo gãy.")
    press_send(page)
    for number, says in (("0912", "mend"), ("0912 345 678", "sent")):
        page.evaluate(AS_KEPT_BEFORE, number)
        phone.context.set_offline(False)
        if says == "mend":
            expect(page.locator("[data-refusal]")).to_contain_text("Số điện thoại còn thiếu")
            page.click("[data-mend]")
            expect(page.locator("[data-queue-mends]")).to_be_visible()
            assert page.input_value("[name=contact]") == number
            page.goto("/offline/queue")
            phone.context.set_offline(True)
    judge(valley, page, before, words="Biển báo gãy.", files=[])
    note_down(page)
    phone.context.close()


def test_without_a_signal_pages_that_need_one_say_so_in_our_words(valley: Valley, guests: Visitor) -> None:
    guests.context.set_offline(True)
    for path in ("/reports", "/reports?words=cau", "/track"):
        guests.page.goto(path)
        expect(guests.page.get_by_role("heading", level=1)).to_have_text("Chưa có mạng")
        assert guests.page.url.endswith(path)
        expect(guests.page.get_by_role("link", name="Gửi phản ánh").first).to_be_visible()
    guests.context.set_offline(False)
    guests.page.get_by_role("link", name="Thử lại").click()
    expect(guests.page.get_by_role("heading", level=1)).not_to_have_text("Chưa có mạng")


def sign_out(page: Page) -> None:
    """Who wants to sign out on the page of what waits is asked there what is to become of it."""
    page.locator(".sitebar form[action='/sign-out'] button").click()
    expect(page.locator("[data-leaving]")).to_be_visible()


def leave(page: Page, way: str) -> None:
    def accept(dialog: Dialog) -> None:
        dialog.accept()

    page.on("dialog", accept)
    end = time.monotonic() + PATIENCE / 1000
    while True:
        page.click(f"[data-leave={way}]")
        try:
            page.wait_for_url(lambda url: "/offline" not in url, timeout=PRESSED_AGAIN)
            break
        except TimeoutError:                                              # what is just on its way is not deleted: one presses again
            if time.monotonic() > end:
                raise
    page.remove_listener("dialog", accept)


def with_one_waiting(valley: Valley, phone: Visitor) -> None:
    """A report of the citizen lies in the telephone, there is a signal, and the server does not take it just now."""
    phone.context.set_offline(True)
    phone.page.goto("/reports/new")
    write(phone.page, files=False)
    press_send(phone.page)
    valley.wire.shut = (b"POST /offline/reports",)
    phone.context.set_offline(False)
    phone.page.goto("/offline/queue")


def test_a_second_person_on_the_same_telephone_sends_nothing_of_the_first(valley: Valley, citizens: Visitor) -> None:
    before, page = len(valley.reports()), citizens.page
    with_one_waiting(valley, citizens)
    sign_out(page)
    citizens.look("offline-queue-leaving")
    leave(page, "keep")
    valley.wire.shut = ()

    valley.sign_in(citizens, "citizen_2")
    seen = len(valley.wire.seen)
    page.goto("/offline/queue")
    expect(page.locator("[data-list-others]")).to_be_visible()
    assert WORDS not in page.inner_text("main")
    keeps(page, states=["waiting"], whys=["other"], digests=[])
    assert not [each for each in valley.wire.seen[seen:] if each.startswith(b"POST /offline/reports")]
    assert valley.filed_since(before) == []

    valley.sign_in(citizens, "citizen")
    page.goto("/offline/queue")
    report = judge(valley, page, before, files=[])
    assert report.reporter is not None
    assert report.reporter.account_id == db.session.merge(valley.world.people["citizen"]).id


def test_before_signing_out_what_waits_is_sent_or_deleted(valley: Valley, citizens: Visitor) -> None:
    before, page = len(valley.reports()), citizens.page
    with_one_waiting(valley, citizens)
    sign_out(page)
    page.click("[data-leave=send]")
    expect(page.locator("[data-leaving-failed]")).to_be_visible()
    valley.wire.shut = ()
    leave(page, "send")
    assert page.evaluate(QUEUED)["states"] == [], "the account has it; its secret does not stay in the telephone"
    assert len(valley.filed_since(before)) == 1

    valley.sign_in(citizens, "citizen")
    page.goto("/offline/queue")
    with_one_waiting(valley, citizens)
    sign_out(page)
    leave(page, "delete")
    assert page.evaluate(QUEUED)["states"] == []
    assert len(valley.filed_since(before)) == 1


def test_what_the_telephone_keeps_is_of_nobody(valley: Valley, citizens: Visitor) -> None:
    valley.sign_in(citizens, "citizen")
    for path in ("/mine", "/reports/new"):
        citizens.go(path)
    kept = citizens.page.evaluate(KEPT)
    assert {each["url"] for each in kept if not each["url"].startswith("/static/")} == {"/offline", "/offline/away", "/offline/queue"}
    assert len({each["name"] for each in kept}) == 1
    for each in kept:
        if not each["url"].startswith("/static/"):
            for mark in ("csrf_token", "/sign-out", "Nguyễn Thị Thử"):
                assert mark not in each["text"], mark
    citizens.context.set_offline(True)
    for path in ("/mine", "/inbox", "/cases/x"):
        with pytest.raises(Exception, match="ERR_INTERNET_DISCONNECTED"):
            citizens.page.goto(path)
