"""An officer's telephone for tests of the field desk: a browser whose storage lies in a folder, that can be killed and searched."""
from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Playwright, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from casework.db import db, unit_of_work
from casework.models import Answer, Case, Event, LoginSession
from tests import build
from tests.browser.house import ARGUMENTS, CHROMIUM, PHONE, WITHOUT_A_WINDOW, free_port
from tests.browser.mortal import Mortal, Wire, wired
from tests.browser.waiting import PATIENCE, ask, ask_until
from tests.conftest import environment_of, running
from web import sessions
from web.clock import now
from web.config import Config

CAMERA = """navigator.mediaDevices.getUserMedia = async () => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 480];
  const brush = canvas.getContext("2d");
  let turn = 0;
  setInterval(() => { turn += 1; brush.fillStyle = `rgb(${turn % 255} ${(turn * 7) % 255} 120)`; brush.fillRect(0, 0, 640, 480); }, 30);
  return canvas.captureStream(30);
};"""
STATE = """() => { const { here, cases, things } = langbiangFieldWork;
  const kept = [...things.values()].map(each => [each.kind, each.state]);
  return { state: here.state, cases: cases.length, isOffline: here.isOffline, things: kept }; }"""
PARTS = {"findings": "Đã đến nơi, ổ gà sâu 20 cm.", "actions": "Đã rải đá và đầm phẳng.", "remaining": "Không còn.",
         "contact": "Tổ quản lý đường bộ"}  # fmt: skip


@dataclass
class Telephone:
    """A browser with a folder of its own. Each start is a new process."""

    playwright: Playwright
    address: str
    profile: Path
    context: BrowserContext = field(init=False)
    page: Page = field(init=False)

    def start(self) -> None:
        path = WITHOUT_A_WINDOW if WITHOUT_A_WINDOW.exists() else CHROMIUM
        self.context = self.playwright.chromium.launch_persistent_context(
            self.profile, executable_path=path, args=ARGUMENTS, base_url=self.address, viewport=PHONE, locale="vi-VN",   # type: ignore[arg-type]
            reduced_motion="reduce", permissions=["camera"],
        )  # fmt: skip
        self.context.set_default_timeout(PATIENCE)
        self.context.add_init_script(CAMERA)
        self.page = self.context.pages[0] if self.context.pages else self.context.new_page()

    def sign_in(self, token: str) -> None:
        self.context.add_cookies([{"name": sessions.COOKIE, "value": token, "url": self.address, "httpOnly": True}])

    def open(self) -> Page:
        self.page.goto("/field")
        ask_until(self.page, "typeof langbiangFieldWork === 'object'")
        return self.page

    def keep_page(self) -> None:
        """Wait until the telephone has put the page down for times without a signal."""
        ask_until(self.page, "navigator.serviceWorker.ready.then(() => caches.match('/field/kept', { ignoreSearch: true })).then(Boolean)")

    def processes(self) -> list[int]:
        found = []
        for each in Path("/proc").iterdir():
            if each.name.isdigit():
                with contextlib.suppress(OSError):
                    if str(self.profile).encode() in (each / "cmdline").read_bytes():
                        found.append(int(each.name))
        return found

    def end_processes(self) -> None:
        """End its processes as a telephone does: nothing is written any more."""
        for process in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def kill(self) -> None:
        """The same, and wait until the folder may be used again."""
        self.end_processes()
        with contextlib.suppress(Exception):
            self.context.close()
        end = time.monotonic() + PATIENCE / 1000
        while self.processes() and time.monotonic() < end:
            time.sleep(0.05)
        for name in ("SingletonLock", "SingletonCookie", "SingletonSocket"):
            (self.profile / name).unlink(missing_ok=True)

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self.context.close()

    def readable(self, *words: str) -> list[str]:
        """Which of these words stand in a file of the folder, in any of the ways a browser writes text."""
        wanted = [(word, form) for word in words for form in (word.encode(), word.encode("utf-16-le"), word.encode("unicode_escape"))]
        found = set()
        for path in self.profile.rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                found |= {f"{word} in {path.relative_to(self.profile)}" for word, form in wanted if form in data}
        return sorted(found)


@dataclass
class Uplands:
    """An installation, the line to it, and its people."""

    address: str
    server: Mortal
    wire: Wire
    world: build.World
    playwright: Playwright
    folder: Path

    def telephone(self, name: str) -> Telephone:
        telephone = Telephone(self.playwright, self.address, self.folder / name)
        telephone.start()
        return telephone

    def session(self, login: str) -> str:
        with self.world_context(), unit_of_work():
            return sessions.open_session(db.session.merge(self.world.people[login]), now=now())

    def world_context(self) -> Any:
        from flask import current_app

        return current_app.test_request_context()

    def end_sessions(self) -> None:
        with unit_of_work():
            for row in db.session.query(LoginSession).filter(LoginSession.revoked_at.is_(None)):
                row.revoked_at = now()

    def case(self, title: str, *, accepted: bool = False, words: str = "", at: tuple[float, float] | None = None) -> Case:
        """A case the land office is asked to work on."""
        case = build.case_at(self.world, "to_verify", now=now())
        cleared = [build.cleared(link.report, words or f"Nội dung của {title}.") for link in case.reports]
        build.do(self.world, case, "verify", "operator", title=title, cleared=cleared, now=now())
        build.do(self.world, case, "classify", "operator", field=self.world.field(), urgency="normal", complexity="ordinary",
                 area=self.world.area, village="Thôn Păng Tiêng", now=now())
        build.do(self.world, case, "distribute", "operator", lead=self.world.agencies["PTNMT"], cooperating=[], now=now())
        if at is not None:
            with unit_of_work():
                row = db.session.get_one(Case, case.id)
                row.latitude, row.longitude = at
        if accepted:
            build.do(self.world, case, "accept_assignment", "officer_PTNMT", now=now())
        return case

    def events(self, case: Case, event: str) -> int:
        db.session.rollback()
        return db.session.query(Event).filter(Event.case_id == case.id, Event.type == event).count()

    def answers(self, case: Case) -> list[Answer]:
        db.session.rollback()
        case = db.session.get_one(Case, case.id)
        return [answer for part in case.assignments for answer in part.answers]


@contextmanager
def uplands(sqlite_template: Path, folder: Path) -> Iterator[Uplands]:
    variables = environment_of(folder / "installation")
    config = Config.from_environment(variables | {"LANGBIANG_PORT": str(free_port())})
    (config.data / "langbiang.db").write_bytes(sqlite_template.read_bytes())
    with running(config) as app:
        app.config["WTF_CSRF_ENABLED"] = True
        app.testing = False
        world = build.standard_world()
        db.session.remove()
        server = Mortal(app, config)
        try:
            server.start()
            for rows in (world.people, world.agencies, world.areas):
                rows.update({name: db.session.merge(row) for name, row in rows.items()})   # type: ignore[attr-defined]
            world.centre = db.session.merge(world.centre)
            with wired(config.port) as wire, sync_playwright() as playwright:
                yield Uplands(wire.address, server, wire, world, playwright, folder)
        finally:
            server.end()


def settled(page: Page, **wanted: Any) -> None:
    """Wait until that is what the telephone says of itself."""
    ask_until(page, STATE, lambda said: all(said[name] == value for name, value in wanted.items()))


def card(page: Page, title: str) -> Any:
    found = page.locator("[data-near] > li", has_text=title)
    expect(found).to_have_count(1)
    return found


def accept(page: Page, title: str) -> None:
    card(page, title).locator("[data-do=accept]").click()
    expect(card(page, title).locator("[data-do=accept]")).to_be_hidden()


def shoot(page: Page, title: str) -> None:
    card(page, title).locator("[data-do=shoot]").click()
    expect(page.locator("[data-finder-take]")).to_be_enabled()
    before = page.locator("[data-finder-taken]").inner_text()
    page.locator("[data-finder-take]").click()
    expect(page.locator("[data-finder-taken]")).not_to_have_text(before)
    page.locator("[data-finder-close]").click()


def write(page: Page, title: str, *, submit: bool = False, **parts: str) -> None:
    card(page, title).locator("[data-do=write]").click()
    for name, words in (PARTS | parts).items():
        page.fill(f"[data-writing] [name={name}]", words)
    if submit:
        page.click("[data-submit]")
    else:
        page.locator("[data-writing] [data-close]").last.click()
    expect(page.locator("[data-writing]")).to_be_hidden()


NEXT = """() => langbiangFieldWork.cases.map(one => { const thing = langbiangFieldWork.thingOf(one.assignment);
  const isAccepting = langbiangFieldWork.thingOf(one.assignment, true);
  const deed = one.is_new && !isAccepting ? "accept" : !thing || !thing.photos.length ? "shoot" : thing.kind === "draft" ? "write" : "";
  return [one.title, deed]; })"""


def worked_with_kills(hills: Uplands, cases: Sequence[Case], *, seed: int, kills: int) -> int:
    """Work on cases until all of them are answered, with the line cut and whole by turns and the browser killed at instants drawn by
    lot, and its storage searched each time. Returns how often it was killed."""
    lot, killed, titles = random.Random(seed), 0, {case.title for case in cases}
    words = [word for case in cases for word in (case.title or "", case.code)] + [PARTS["findings"], PARTS["actions"]]
    telephone = hills.telephone(f"killed-{seed}")
    try:
        _begin(hills, telephone)
        while True:
            timer = threading.Timer(lot.uniform(0.1, 3), telephone.end_processes) if killed < kills else None
            try:
                if timer is not None:
                    timer.start()
                hills.wire.cut = lot.random() < 0.6
                if not _one_more(telephone.page, titles, lot):
                    return killed
            except (PlaywrightError, AssertionError):
                if telephone.processes():
                    raise
            if timer is not None:
                timer.join()
                killed += 1
                telephone.kill()
                assert telephone.readable(*words) == []
                telephone.start()
                hills.wire.cut = False
                _begin(hills, telephone)
    finally:
        telephone.kill()


def _begin(hills: Uplands, telephone: Telephone) -> None:
    telephone.sign_in(hills.session("officer_PTNMT"))
    settled(telephone.open(), state="open")


def _one_more(page: Page, titles: set[str], lot: random.Random) -> bool:
    """Do one thing that is still to be done; send where nothing is. False once the centre has all of it."""
    left = [(title, deed) for title, deed in ask(page, NEXT) if title in titles]
    if not left:
        return bool(ask(page, "langbiangFieldWork.unsent().length"))
    if deeds := [each for each in left if each[1]]:
        title, deed = lot.choice(deeds)
        {"accept": accept, "shoot": shoot, "write": lambda *at: write(*at, submit=True)}[deed](page, title)
        return True
    ask(page, "langbiangFieldWork.meet()")
    return True


PLANTED = ("Hố ga mất nắp trước trường", "lờikểkínzqx", "chữngườitrảlờizqx")
"""Title and words that are looked for on a telephone: of what was taken along, and of what was written on it."""


def taken_along(hills: Uplands, name: str, words: str = PLANTED[1]) -> tuple[Telephone, Case]:
    """A telephone with a case on it, a draft and a photo, without a signal."""
    case = hills.case(f"{PLANTED[0]} {name}", accepted=True, words=f"Nội dung {words}.")
    telephone = hills.telephone(name)
    telephone.sign_in(hills.session("officer_2_PTNMT"))
    page = telephone.open()
    settled(page, state="open")
    telephone.keep_page()
    hills.wire.cut = True
    page.reload()
    settled(page, state="open", isOffline=True)
    shoot(page, case.title)
    write(page, case.title, findings=f"Nội dung {PLANTED[2]} dài vừa đủ.")
    expect(page.locator("[data-queue] > li")).to_have_count(2)
    return telephone, case


def is_gone(telephone: Telephone, case: Case) -> None:
    """Nothing of the work is in the page, in its storage, or in any file of the browser."""
    page = telephone.page
    ask_until(page, "indexedDB.databases().then(all => all.every(each => each.name !== 'langbiang-field'))")
    assert [each["name"] for each in telephone.context.cookies() if each["name"] == "field_desk"] == []
    assert telephone.readable(*PLANTED, case.title, case.code) == []
    telephone.close()
    assert telephone.readable(*PLANTED, case.title, case.code) == []
