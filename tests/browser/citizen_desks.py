"""Every page a citizen may come to, with something on it: a town whose reports are in every state, and the people who sent them."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from flask import Flask
from flask.typing import ResponseReturnValue
from playwright.sync_api import Page, expect
from sqlalchemy import select
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, Unauthorized

from casework.cases import CaseBusy, lock_case
from casework.contacts.blocked_senders import block_sender
from casework.db import db, unit_of_work
from casework.figures.keeping import count_public_figures
from casework.intake.file_report import Place
from casework.models import ConsentNotice, DataRequest
from casework.privacy.identity import Contact
from casework.rights import deciding
from casework.rights.requests import Wish, lock_request, person_of, request_data
from casework.sealing.seal import grouped_secret
from tests import build
from tests.browser.day import Day
from tests.browser.desks import Desk
from tests.browser.filing import tell_place
from tests.browser.house import DESK, Visitor
from tests.browser.waiting import PATIENCE, next_document
from tests.with_photos import pictured_case
from web import sessions
from web.errors import StaleDataError
from web.http.display_preferences import COOKIE as COMFORT
from web.text_owner import AnothersText

WORDS = "Cây thông lớn đổ chắn ngang đường vào thôn Păng Tiêng, xe máy không qua được."
QUESTION = "Xin Ông/Bà cho biết rác nằm ở bờ nào của suối?"
AT = (12.05, 108.40)
OUTSIDE = (11.5, 107.9)
STORIES = ("waiting", "asked", "refused", "objected", "extended", "rated", "main", "merged", "withdrawn", "apart", "referred", "held",
           "private", "reopened")  # fmt: skip
"""Reports of one citizen; beside them `answered`, which has photos."""
FAILURES: dict[str, Exception] = {
    "400": BadRequest(), "401": Unauthorized(), "409": StaleDataError(), "412": AnothersText(), "413": RequestEntityTooLarge(),
    "503": CaseBusy(),
}  # fmt: skip
"""What is hard to come by in a browser, raised for it: the page it is answered with is the same."""


@dataclass
class Town:
    """The people with their browsers, and the codes of the reports by the name of their story."""

    day: Day
    codes: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    people: dict[str, Visitor] = field(default_factory=dict)

    def person(self, name: str) -> Visitor:
        """Somebody with a browser of their own; signed in where they have an account."""
        if name not in self.people:
            house, account = self.day.house, self.day.world.people.get(name)
            context = house.browser.new_context(base_url=house.address, viewport=DESK, locale="vi-VN",  # type: ignore[arg-type]
                                                reduced_motion="reduce", service_workers="block")
            cookies: list[Any] = []
            if account is not None:
                with house.app.test_request_context(), unit_of_work():
                    token = sessions.open_session(db.session.merge(account), now=self.day.now())
                cookies.append({"name": sessions.COOKIE, "value": token, "url": house.address})
            if name == "reader":
                cookies.append({"name": COMFORT, "value": "larger.more", "url": house.address})
            context.add_cookies(cookies)
            context.set_default_timeout(PATIENCE)
            self.people[name] = Visitor(house, context, context.new_page(), name)
            self.people[name].listen()
        return self.people[name]


def fail_on_request(app: Flask) -> None:
    """Addresses that fail in each way."""
    def view(code: str) -> ResponseReturnValue:
        raise FAILURES[code]

    app.add_url_rule("/fails/<code>", "fails", view)


def furnish(day: Day) -> Town:
    """A report in every state its sender may find it in, requests about data in each of theirs, and figures of the month."""
    town, world = Town(day), day.world
    pictured = pictured_case(world, day.house.app.extensions["file_store"].root, "rating")
    day.cases["answered"] = pictured.case
    for story in STORIES:
        day.file(story, words=f"{WORDS} ({story})")
    day.act("asked", "ask_reporter", "operator", report=day.case("asked").main_report, words=QUESTION, when_unanswered="close")
    for story in ("refused", "objected"):
        day.do(story, "verify", "operator", act="refuse", reason=world.refusal_reason(), words="Xin cho biết rõ nơi xảy ra.")
    day.do("objected", "object_to_refusal", "citizen", report=day.case("objected").main_report, words="Tôi đã ghi rõ thôn.")
    day.to_handling("extended", "PTNMT", "HKL")
    extend(day, "extended")
    for story in ("rated", "reopened"):
        day.to_publish(story, "PTNMT", "HKL")
        day.do(story, "publish", "operator", title="Cây đổ", question="Cây thông đổ chắn đường.", checked=True)
        day.do(story, "rate", "citizen", report=day.case(story).main_report, level="dissatisfied", reason="Cành cây còn ở lề đường.")
    day.do("reopened", "review_rating", "ops_lead", outcome="reopened", words="Sẽ dọn tiếp cành cây.")
    day.to_publish("private", "PTNMT")
    day.do("private", "publish", "operator", act="answer_privately", title="Cây đổ", question="Cây thông đổ.")
    day.act("merged", "merge", "operator", into=day.case("main"), reason="Cùng một nơi.")
    day.act("withdrawn", "withdraw_report", "citizen", report=day.case("withdrawn").main_report)
    day.act("apart", "quarantine", "operator", reason="Tố cáo cán bộ.")
    day.act("referred", "refer", "operator", body="Điện lực Lâm Đồng", reason="Thuộc lưới điện.")
    day.to_classify("held")
    day.act("held", "hold", "ops_lead", reason="Chờ nước rút.", until=date(2026, 3, 5))
    day.to_handling("main", "PTNMT")
    day.act("main", "write_to_centre", "citizen", report=day.case("main").main_report, words="Sáng nay cây vẫn còn nằm đó.")
    day.file("blocked", by="citizen_2")
    for story, place in (("near", Place(area=world.area, latitude=AT[0], longitude=AT[1])), ("of a guest", Place(area=world.area))):
        filed = build.file_report(world, by="guest", now=day.now(), place=place, contact=Contact(name="Ha Trung", phone="+84905111222"))
        day.cases[story], town.secrets[story] = filed.case, grouped_secret(filed.secret)
    day.to_distribute("near")
    with unit_of_work():
        report = db.session.merge(day.cases["blocked"]).main_report
        block_sender(lock_case(day.cases["blocked"].id), report, by=world.actor("ops_lead"), now=day.now(), days=5,
                     reason="Gửi nhiều phản ánh không có thật.")
    ask_about_data(day)
    count_public_figures(day.now())
    db.session.rollback()
    town.codes = {story: case.code for story, case in day.cases.items()}
    return town


def extend(day: Day, story: str) -> None:
    assignment = day.case(story).assignments[0]
    build.act(day.world, day.case(story), "request_extension", "officer_PTNMT", now=day.now(), assignment=assignment, reason="Chờ xe cẩu.",
              until=date(2026, 3, 12))
    day.do(story, "endorse_extension", "leader_PTNMT", endorsed=True)
    day.do(story, "decide_extension", "ops_lead", granted=True)


def ask_about_data(day: Day) -> None:
    """One request carried out, one refused, one that needs longer, and one that waits."""
    world, now = day.world, day.now()
    by, lead = world.actor("citizen", now), world.actor("ops_lead", now)
    done: tuple[tuple[str, Callable[[DataRequest], None] | None], ...] = (
        ("correction", lambda row: deciding.refuse_request(row, by=lead, now=now, words="Họ tên này đã đúng như Ông/Bà đã gửi.")),
        ("restriction", lambda row: deciding.carry_out(row, by=lead, now=now, words="Từ nay chỉ lưu giữ.")),
        ("erasure", lambda row: deciding.extend_request(row, by=lead, now=now, days=5, words="Còn phản ánh đang xử lý.")),
        ("correction", None),
    )
    for kind, decide in done:
        with unit_of_work():
            wish = Wish("Tên tôi bị viết sai.", Contact(name="Nguyễn Thị Thử"))
            row = request_data(kind, person=person_of(by), by=by, now=now, wish=wish)
        if decide is not None:
            with unit_of_work():
                decide(lock_request(row.id))


# -- what is done on a page before it is looked at --------------------------------------------------------------------------


def sent(page: Page, selector: str = "main form:not([hidden]) button.btn-primary") -> None:
    """Press a button that leads to another page."""
    with next_document(page):
        page.locator(selector).last.click()


def fill_in(page: Page, at: tuple[float, float] | None = None, **fields: str) -> None:
    page.fill("[name=words]", WORDS)
    tell_place(page)
    for name, value in fields.items():
        page.fill(f"[name={name}]", value)
    if at is not None:
        page.evaluate("at => { for (const name in at) document.querySelector(`[name=${name}]`).value = at[name]; }",
                      {"latitude": str(at[0]), "longitude": str(at[1])})
    page.check("[name=consent]")


def send_report(page: Page, at: tuple[float, float] | None = None, **fields: str) -> None:
    fill_in(page, at, **fields)
    sent(page, ".actionbar button[value=send]")


def send_nothing(page: Page) -> None:
    page.fill("[name=contact]", "0912 34")
    sent(page, ".actionbar button[value=send]")
    assert page.evaluate("document.activeElement.matches('[data-errors]')"), "the focus is at what has to be put right"


def ask_code(page: Page, contact: str) -> None:
    page.fill("[name=contact]", contact)
    if page.locator("form:has([name=contact]) [name=password]").count():
        page.fill("form:has([name=contact]) [name=password]", build.PASSWORD)
    sent(page, "main form:has([name=contact]) button.btn-primary, main form:has([name=contact]) button:not([name])")


def type_code(page: Page) -> None:
    page.fill("[name=digits]", page.inner_text("[data-demo-code]"))
    sent(page, "main form:has([name=digits]) button:not([value=again])")


def ask_and_type(page: Page, contact: str) -> None:
    ask_code(page, contact)
    type_code(page)


def type_wrong(page: Page) -> None:
    page.fill("[name=digits]", "000000")
    sent(page, "main form:has([name=digits]) button:not([value=again])")


def try_too_often(page: Page) -> None:
    """A person who types wrong secrets until the page says when to go on."""
    for _ in range(30):
        page.fill("[name=code]", "LD-2026-000001")
        page.fill("[name=secret]", "AAAA-BBBB-CCCC")
        with next_document(page), page.expect_response(lambda answer: answer.request.is_navigation_request()) as answered:
            page.locator("main form button.btn-primary").first.click()
        if answered.value.status == 429:
            return
    raise AssertionError("nobody is told to wait")


def track(page: Page, code: str, secret: str) -> None:
    page.fill("[name=code]", code)
    page.fill("[name=secret]", secret)
    sent(page, "main form:has([name=secret]) button.btn-primary")


WAITS = """now => new Promise(done => { const asked = indexedDB.open("langbiang"); asked.onsuccess = () => {
  const deed = asked.result.transaction(["reports"], "readwrite"), reports = deed.objectStore("reports");
  const photo = { kind: "photos", name: "a.jpg", type: "image/jpeg", size: 9, number: 0 };
  const written = { owner: "guest", language: "vi", savedAt: now, heldAt: now, tries: 1, why: "", text: "", nextTry: now + 9e8,
                    fields: [["words", "Cây đổ chắn ngang đường vào thôn."]], files: [photo] };
  const one = (number, state, more) =>
    reports.put(Object.assign({ key: "10000000-0000-4000-8000-00000000000" + number }, written, { state }, more));
  one(1, "waiting", {});
  one(2, "refused", { text: "Số điện thoại không đúng. Ví dụ: 0912 345 678", faults: [] });
  one(3, "sent", { code: "LD-2026-000123", secret: "ABCD-EFGH-JKMN", follow: "/track", fields: [], files: [] });
  deed.oncomplete = () => { asked.result.close(); done(); }; }; })"""


def with_reports_waiting(page: Page) -> None:
    page.evaluate(WAITS, int(page.evaluate("Date.now()")))
    page.reload()
    expect(page.locator("[data-list] article")).to_have_count(3)


def open_map(page: Page) -> None:
    page.click("[data-pick-open]")
    expect(page.locator(".leaflet-control-zoom")).to_be_visible()


def done(act: Callable[..., None], *given: Any, **named: Any) -> Callable[[Page], None]:
    """An act with what it needs beside the page."""
    return lambda page: act(page, *given, **named)


def bare_desks() -> list[Desk]:
    """Where nothing has been sent yet."""
    empty = (("guest", "home", "/"), ("guest", "reports", "/reports"), ("guest", "transparency", "/transparency"),
             ("citizen", "mine", "/mine"), ("citizen_2", "data", "/account/data"))  # fmt: skip
    return [Desk(person, f"{name}-empty", path) for person, name, path in empty]


def citizen_desks(town: Town) -> list[Desk]:
    """Each page once, in the order in which one leads to another: the browser of a sender without an account keeps what it has opened."""
    codes, notice = town.codes, db.session.scalars(select(ConsentNotice.version).order_by(ConsentNotice.id.desc()).limit(1)).one()
    own = {story: f"/mine/{codes[story]}" for story in codes}
    guest, mine = partial(Desk, "guest"), partial(Desk, "citizen")
    return [
        guest("home", "/"), guest("reports", "/reports"), guest("reports-filtered", "/reports?state=answered"),
        guest("reports-search", "/reports?q=rac"), guest("reports-nothing", "/reports?q=khongco"),
        guest("reports-fault", "/reports?from=31/02/2026&to=nay"), guest("map", "/reports?view=map"),
        guest("case-open", f"/reports/{codes['extended']}"), guest("case-published", f"/reports/{codes['answered']}"),
        guest("case-of-two", f"/reports/{codes['rated']}"), guest("transparency", "/transparency?period=2026-03"),
        guest("consent", f"/consent/{notice}"), guest("privacy", "/privacy"), guest("help", "/help"),
        guest("accessibility", "/accessibility"), guest("licences", "/licences"),
        guest("form", "/reports/new"), guest("form-errors", "/reports/new", then=send_nothing),
        guest("form-map", "/reports/new", then=open_map),
        guest("form-alike", "/reports/new", then=done(send_report, AT, contact="0905 222 333")),
        guest("form-outside", "/reports/new", then=done(send_report, OUTSIDE, contact="0905 222 333")),
        Desk("sender", "receipt-unconfirmed", "/reports/new", then=done(send_report, contact="0905 222 333")),
        Desk("citizen", "receipt", "/reports/new", then=send_report),
        mine("receipt-apart", f"/reports/{codes['apart']}/receipt"),
        Desk("citizen_2", "form-blocked", "/reports/new", then=send_report),
        guest("track", "/track"), Desk("sender", "track-refused", "/track", then=done(track, codes["near"], "AAAA-BBBB-CCCC")),
        Desk("sender", "own-unconfirmed", "/track", then=done(track, codes["of a guest"], town.secrets["of a guest"])),
        Desk("sender", "opened-here", "/mine"), Desk("sender", "data-of-report", f"{own['of a guest']}/data"),
        guest("track-contact", "/track/contact"),
        Desk("sender", "track-code", "/track/contact", then=done(ask_code, "0905 111 222")),
        Desk("sender", "track-code-wrong", "/track/code", then=type_wrong),
        Desk("sender", "track-code-right", "/track/code", then=type_code),
        guest("sign-in", "/sign-in"), guest("register", "/register"),
        Desk("sender", "sign-in-code", "/sign-in", then=done(ask_code, "0905 111 333")),
        Desk("sender", "sign-in-new", "/sign-in/code", then=type_code),
        Desk("sender", "sign-in-known", "/sign-in", then=done(ask_and_type, build.PHONE)),
        mine("account", "/account"), mine("account-code", "/account", then=done(ask_code, "moi@nguoi-dan.example")),
        mine("messages", "/account/messages"), mine("password", "/account/password"), mine("sessions", "/sessions"),
        mine("data", "/account/data"), mine("mine", "/mine"),
        *(mine(f"own-{story}", own[story]) for story in (
            "waiting", "asked", "refused", "objected", "extended", "answered", "rated", "main", "merged", "withdrawn", "apart", "referred",
            "held", "private", "reopened")),
        mine("withdrawal", f"{own['waiting']}/withdrawal"), Desk("citizen_2", "own-blocked", own["blocked"]),
        guest("offline-form", "/offline"), guest("queue-empty", "/offline/queue"), guest("offline-away", "/offline/away"),
        mine("error-403", "/inbox", 403), guest("error-404", "/reports/LD-2026-999999", 404),
        *(guest(f"error-{code}", f"/fails/{code}", int(code)) for code in FAILURES),
        Desk("sender", "error-429", "/track", then=try_too_often),
        Desk("sender", "queue", "/offline/queue", then=with_reports_waiting),
        *(Desk("reader", f"larger-{name}", path) for name, path in (("home", "/"), ("form", "/reports/new"), ("reports", "/reports"),
          ("case", f"/reports/{codes['answered']}"), ("transparency", "/transparency?period=2026-03"), ("sign-in", "/sign-in"))),
        Desk("reader", "larger-own", "/track", then=done(track, codes["near"], town.secrets["near"])),
    ]  # fmt: skip
