"""The field desk on a telephone: what an officer does without a signal is sent once; a conflict shows both; nothing is readable at rest."""
from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from casework.db import db
from casework.local_time import LOCAL_ZONE
from casework.models import Assignment, Case
from casework.photos.records import photos_of_answer
from tests import build
from tests.browser.field import (
    PARTS,
    PLANTED,
    Uplands,
    accept,
    card,
    is_gone,
    settled,
    shoot,
    taken_along,
    uplands,
    worked_with_kills,
    write,
)
from tests.browser.waiting import ask_until
from web.clock import now

pytestmark = [pytest.mark.browser]


@pytest.fixture(scope="module")
def hills(sqlite_template: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Uplands]:
    with uplands(sqlite_template, tmp_path_factory.mktemp("uplands")) as found:
        yield found


@pytest.fixture(autouse=True)
def mended(hills: Uplands) -> Iterator[None]:
    yield
    hills.wire.cut, hills.wire.lost, hills.wire.shut = False, (), ()


@pytest.mark.exhaustive
def test_a_case_is_accepted_photographed_and_answered_without_a_signal_and_sent_once(hills: Uplands) -> None:
    case = hills.case("Ổ gà ở khúc cua Thôn 1")
    telephone = hills.telephone("first")
    telephone.sign_in(hills.session("officer_PTNMT"))
    page = telephone.open()
    settled(page, state="open", cases=1)
    telephone.keep_page()
    hills.wire.cut = True
    page.reload()
    settled(page, state="open", cases=1, isOffline=True)
    accept(page, case.title)
    shoot(page, case.title)
    write(page, case.title, submit=True)
    expect(page.locator("[data-queue] > li")).to_have_count(3)
    assert hills.events(case, "accept_assignment") == 0
    hills.wire.cut = False
    page.locator("[data-send]").dispatch_event("click")         # the page may have begun by itself: then the button is gone
    settled(page, things=[], cases=0)
    [answer] = hills.answers(case)
    assert (answer.findings, answer.contact, len(photos_of_answer(answer))) == (PARTS["findings"], PARTS["contact"], 1)
    assert (hills.events(case, "accept_assignment"), hills.events(case, "submit_answer")) == (1, 1)
    telephone.close()


CONTROL = """words => new Promise(done => { const request = indexedDB.open("control", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("rows");
  request.onsuccess = () => { const deed = request.result.transaction("rows", "readwrite");
    deed.objectStore("rows").put(words, 1);
    deed.oncomplete = () => done(); }; })"""


def test_what_rests_on_the_telephone_is_unreadable_and_the_search_would_find_it(hills: Uplands) -> None:
    telephone, case = taken_along(hills, "resting")
    assert telephone.readable(*PLANTED, case.title, case.code) == []
    telephone.page.evaluate(CONTROL, "đặtvàođểtìmthấy")
    telephone.close()
    assert telephone.readable("đặtvàođểtìmthấy") != [], "the search sees what lies in clear"
    assert telephone.readable(*PLANTED, case.title, case.code) == []
    assert list(telephone.profile.rglob("IndexedDB/*"))


@pytest.mark.exhaustive
def test_signing_out_asks_about_what_waits_and_leaves_nothing(hills: Uplands) -> None:
    telephone, case = taken_along(hills, "leaving")
    hills.wire.cut = False
    hills.wire.shut = (b"POST /field/items",)
    page = telephone.page
    page.goto("/inbox")
    page.locator("form[action$='/sign-out'] button").click()
    expect(page.locator("[data-leaving]")).to_be_visible()
    page.click("[data-leave-how=delete]")
    page.wait_for_url("**/")
    hills.wire.shut = ()
    is_gone(telephone, case)


@pytest.mark.exhaustive
def test_signing_out_elsewhere_in_the_browser_wipes_by_its_worker(hills: Uplands) -> None:
    telephone, case = taken_along(hills, "worker")
    hills.wire.cut = False
    page = telephone.page
    page.goto("/inbox")
    page.evaluate("HTMLFormElement.prototype.submit.call(document.querySelector(\"form[action$='/sign-out']\"))")
    page.wait_for_url("**/")
    is_gone(telephone, case)


def test_at_the_end_of_the_session_nothing_is_left_also_without_a_signal(hills: Uplands) -> None:
    telephone, case = taken_along(hills, "ending")
    telephone.page.evaluate("langbiangFieldWork.here.endsAt = Date.now() - 1; langbiangFieldWork.watch()")
    expect(telephone.page.locator("[data-note=over]")).to_be_visible()
    is_gone(telephone, case)


def test_a_session_ended_by_somebody_else_is_wiped_at_the_next_contact(hills: Uplands) -> None:
    telephone, case = taken_along(hills, "ended")
    hills.end_sessions()
    hills.wire.cut = False
    telephone.page.evaluate("langbiangFieldWork.meet()")
    expect(telephone.page.locator("[data-note=over]")).to_be_visible()
    assert hills.answers(case) == []
    is_gone(telephone, case)


@pytest.mark.exhaustive
def test_a_colleague_was_quicker_both_versions_stand_there_and_nothing_is_lost(hills: Uplands) -> None:
    telephone, case = taken_along(hills, "quicker")
    page = telephone.page
    card(page, case.title).locator("[data-do=write]").click()
    page.click("[data-submit]")
    build.do(hills.world, case, "submit_answer", "officer_PTNMT", **build.ANSWER)
    hills.wire.cut = False
    page.evaluate("langbiangFieldWork.meet()")
    conflict = page.locator("[data-conflicts] > section")
    expect(conflict).to_contain_text(PLANTED[2])
    expect(conflict).to_contain_text(build.ANSWER["findings"])
    assert len(hills.answers(case)) == 1
    page.on("dialog", lambda dialog: dialog.accept())
    conflict.locator("[data-do=drop]").click()
    settled(page, things=[])
    telephone.close()


@pytest.mark.exhaustive
def test_work_taken_from_the_agency_says_so_and_keeps_what_was_written(hills: Uplands) -> None:
    telephone, case = taken_along(hills, "taken")
    into = hills.case("Hồ sơ chính để gộp")
    build.act(hills.world, case, "merge", "operator", into=into, reason="Cùng một nơi.")
    hills.wire.cut = False
    telephone.page.evaluate("langbiangFieldWork.meet()")
    expect(telephone.page.locator("[data-conflicts] > section")).to_contain_text(PLANTED[2])
    telephone.close()


HELD_BACK = """() => { const ask = self.fetch;
  let asked = 0, came;
  const another = new Promise(done => { came = done; });
  self.fetch = async (address, how) => {
    const isFirst = String(address).endsWith("/field/work") && (asked += 1) === 1, answer = await ask(address, how);
    if (isFirst) { self.isHeldBack = true; await Promise.race([another, new Promise(done => setTimeout(done, 2000))]); }
    else if (asked > 1) setTimeout(came, 300);
    return answer;
  };
  self.asking = [langbiangFieldWork.meet()]; }"""
LIMIT = """assignment => { const { answer_due_at: due, moved } = langbiangFieldWork.cases.find(one => one.assignment === assignment);
  return [due, moved].map(each => each && JSON.stringify(each)); }"""


def more_time(hills: Uplands, case: Any) -> tuple[datetime, datetime]:
    """Move the day of the answer by six days; the old instant and the new one."""
    db.session.rollback()
    [part] = db.session.get_one(Case, case.id).open_assignments
    before = part.due_at
    assert before is not None
    until = (before + timedelta(days=6)).date()
    build.act(hills.world, case, "request_extension", "officer_PTNMT", assignment=part, until=until, reason="Chờ máy xúc.", now=now())
    build.do(hills.world, case, "endorse_extension", "leader_PTNMT", agency=part.agency, endorsed=True, now=now())
    build.do(hills.world, case, "decide_extension", "ops_lead", agency=part.agency, granted=True, now=now())
    db.session.rollback()
    after = db.session.get_one(Assignment, part.id).due_at
    assert after is not None
    assert after > before
    return before, after


def at_the_centre(instant: datetime) -> str:
    return f"{instant.astimezone(LOCAL_ZONE):%H:%M %d/%m}"


@pytest.mark.exhaustive
def test_a_limit_that_moved_while_there_was_no_signal_is_told_and_stays_told(hills: Uplands) -> None:
    telephone, case = taken_along(hills, "moved")
    page, words = telephone.page, "Hạn đã đổi: {} → {}"
    before, after = more_time(hills, case)
    hills.wire.cut = False
    page.evaluate("langbiangFieldWork.meet()")
    settled(page, things=[["draft", "saved"]])
    line = card(page, case.title).locator("[data-moved-line]")
    expect(line).to_have_text(words.format(at_the_centre(before), at_the_centre(after)))
    hills.wire.cut = True
    page.reload()
    settled(page, state="open", isOffline=True, things=[["draft", "saved"]])
    expect(line).to_have_text(words.format(at_the_centre(before), at_the_centre(after)))
    telephone.close()


@pytest.mark.exhaustive
def test_a_list_read_before_a_limit_moved_does_not_come_in_after_the_one_read_later(hills: Uplands) -> None:
    telephone, case = taken_along(hills, "overtaken")
    page = telephone.page
    hills.wire.cut = False
    page.evaluate("langbiangFieldWork.meet()")
    settled(page, things=[["draft", "saved"]])
    page.evaluate(HELD_BACK)
    ask_until(page, "self.isHeldBack === true")
    before, after = more_time(hills, case)
    page.evaluate("void self.asking.push(langbiangFieldWork.meet())")
    page.evaluate("Promise.all(self.asking).then(() => true)")
    [part] = case.open_assignments
    due, moved = page.evaluate(LIMIT, part.ref)
    assert datetime.fromisoformat(json.loads(due)) == after
    assert [datetime.fromisoformat(each) for each in json.loads(moved or "{}").values()] == [before, after]
    telephone.close()


@pytest.mark.exhaustive
def test_a_newer_draft_of_ones_own_is_asked_about_before_it_is_replaced(hills: Uplands) -> None:
    telephone, case = taken_along(hills, "newer")
    hills.wire.cut = False
    page = telephone.page
    page.evaluate("langbiangFieldWork.meet()")
    settled(page, things=[["draft", "saved"]])
    telephone.context.set_offline(True)
    write(page, case.title, findings="Bản viết trên núi, đủ dài để giữ.")
    other = hills.telephone("desk")
    other.sign_in(hills.session("officer_2_PTNMT"))
    desk = other.open()
    settled(desk, state="open")
    write(desk, case.title, findings="Bản viết ở bàn, đủ dài để giữ.")
    settled(desk, things=[["draft", "saved"]])
    telephone.context.set_offline(False)
    page.evaluate("langbiangFieldWork.meet()")
    conflict = page.locator("[data-conflicts] > section")
    expect(conflict).to_contain_text("Bản viết trên núi")
    expect(conflict).to_contain_text("Bản viết ở bàn")
    conflict.locator("[data-do=mine]").click()
    settled(page, things=[["draft", "saved"]])
    for each in (telephone, other):
        each.close()


def test_killed_at_any_instant_everything_is_recorded_once(hills: Uplands) -> None:
    cases = [hills.case(f"Việc số {number} bị ngắt giữa chừng") for number in range(3)]
    assert worked_with_kills(hills, cases, seed=1, kills=4) == 4
    for case in cases:
        [answer] = hills.answers(case)
        assert len(photos_of_answer(answer)) == 1
        assert (hills.events(case, "accept_assignment"), hills.events(case, "submit_answer")) == (1, 1)


OLD_QUEUE = """words => new Promise(done => { const request = indexedDB.open("langbiang", 1);
  request.onupgradeneeded = () => { const made = request.result;
    made.createObjectStore("reports", { keyPath: "key" });
    made.createObjectStore("files", { keyPath: ["key", "number"] });
    made.createObjectStore("meta", { keyPath: "name" }); };
  request.onsuccess = () => { const deed = request.result.transaction(["reports", "files"], "readwrite");
    const key = "10000000-0000-4000-8000-000000000001", now = Date.now();
    deed.objectStore("reports").put({ key, owner: "guest", language: "vi", savedAt: now, heldAt: now, tries: 1, why: "", text: "",
      nextTry: now + 9e8, state: "waiting", fields: [["words", words]],
      files: [{ kind: "photos", name: "a.jpg", type: "image/jpeg", size: 3, number: 0 }] });
    deed.objectStore("files").put({ key, number: 0, data: new Uint8Array([1, 2, 3]).buffer });
    deed.oncomplete = () => { request.result.close(); done(); }; }; })"""
CLEAR = """() => new Promise(done => { const request = indexedDB.open("langbiang"); request.onsuccess = () => {
  const deed = request.result.transaction(["reports", "files"]);
  const [rows, files] = ["reports", "files"].map(name => deed.objectStore(name).getAll());
  deed.oncomplete = () => { request.result.close();
    done([...rows.result, ...files.result].filter(row => !row.iv || row.fields).length); }; }; })"""
FILE = "langbiangQueue.filesOf('10000000-0000-4000-8000-000000000001').then(rows => [...new Uint8Array(rows[0].data)])"


def test_reports_that_wait_are_sealed_also_those_of_an_earlier_release(hills: Uplands) -> None:
    telephone = hills.telephone("citizen")
    page = telephone.page
    page.route("**/queue-core.js*", lambda route: route.abort())
    page.goto("/reports")
    page.evaluate(OLD_QUEUE, PLANTED[1])
    page.unroute("**/queue-core.js*")
    hills.wire.shut = (b"POST /offline",)
    page.goto("/offline/queue")
    expect(page.locator("[data-list] article")).to_contain_text(PLANTED[1])
    assert page.evaluate(FILE) == [1, 2, 3]
    assert page.evaluate(CLEAR) == 0
    page.evaluate("""words => langbiangQueue.save("20000000-0000-4000-8000-000000000002",
      { owner: "guest", language: "vi", fields: [["words", words]], files: [], state: "waiting" })""", PLANTED[2])
    telephone.close()
    assert telephone.readable(PLANTED[2]) == []
