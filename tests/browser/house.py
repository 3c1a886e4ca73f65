"""The running program and the browsers of the people who use it: what the browser tests stand on.

Each page shown to `Visitor.look` is tried at 360 or at 1366 pixels by turns, in a whole run at both: it fits, and the browser had nothing
to complain of; of every other one nothing serious for people with disabilities is wrong, in a whole run of all, and there a picture of it
is written to var/screenshots/.
"""
from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, sync_playwright

from tests import build
from tests.browser.judging import violations
from tests.browser.waiting import PATIENCE, ask, next_document
from tests.conftest import running
from tests.whole import WHOLE, at_every_other
from web.config import Config
from web.serving.server import Server

CHROMIUM = "/usr/bin/chromium"
WITHOUT_A_WINDOW = Path("/usr/lib/chromium/chromium-headless-shell")
"""The same Chromium without the window around its pages, which nobody sees: that took two thirds of the time of opening a page."""

SPARED = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "SpareRendererForSitePerProcess")
"""Where there is none: what a window gets ready for who types an address, and for the next page."""

LEFT_OUT = ("AimEnabled", "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable",
            "HttpsUpgrades", "LensOverlay", "MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding",
            "PreconnectToSearch", "ThirdPartyStoragePartitioning")  # fmt: skip
"""What Playwright leaves out: of two such lists the browser takes the last one alone."""

ARGUMENTS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--no-first-run", f"--disable-features={','.join((*LEFT_OUT, *SPARED))}"]  # fmt: skip
PICTURES = Path(__file__).resolve().parent.parent.parent / "var" / "screenshots"
PHONE, TABLET, DESK = {"width": 360, "height": 780}, {"width": 768, "height": 900}, {"width": 1366, "height": 900}
HIGHEST = 6000
SERIOUS = frozenset({"serious", "critical"})
EVERY_IMPACT = SERIOUS | {"moderate", "minor"}


@dataclass
class House:
    """A served installation with its people; `folder` is where its pictures go."""

    app: Flask
    address: str
    browser: Browser
    folder: Path = PICTURES
    world: build.World | None = None
    sizes: tuple[dict[str, int], ...] = (PHONE, DESK)
    at_every_size: bool = WHOLE
    impacts: frozenset[str] = SERIOUS
    faults: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)

    def visitor(self, login: str = "", *, scripts: bool = True, password: str = build.PASSWORD) -> Visitor:
        """Somebody with a browser of their own, signed in if they have a login."""
        context = self.browser.new_context(base_url=self.address, viewport=DESK, locale="vi-VN", java_script_enabled=scripts,
                                           reduced_motion="reduce")
        visitor = Visitor(self, context, context.new_page(), login or "guest")
        visitor.listen()
        context.set_default_timeout(PATIENCE)
        if login:
            visitor.page.goto("/sign-in")
            visitor.page.fill("#login", login)
            visitor.page.fill("#password", password)
            with next_document(visitor.page, lambda url: "/sign-in" not in url):
                visitor.page.press("#password", "Enter")
        return visitor


@dataclass
class Visitor:
    """One person and the page they have open."""

    house: House
    context: BrowserContext
    page: Page
    name: str

    def listen(self) -> None:
        """Keep what the browser complains of: errors of scripts, refused contents, things that are not there."""
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.house.faults.append(f"{self.name} {self.page.url}: {error}"))

    def _console(self, message: ConsoleMessage) -> None:
        # a refused form is answered with 422, which the browser reports as a failed resource
        if message.type == "error" and "status of 422" not in message.text and "status of 404" not in message.text:
            self.house.faults.append(f"{self.name} {self.page.url}: {message.text}")

    def go(self, path: str, shown: str = "") -> Page:
        """Open an address; with `shown`, look at it under that name."""
        self.page.goto(path)
        if shown:
            self.look(shown)
        return self.page

    def look(self, shown: str, *, closely: bool = False) -> None:
        """Judge the page as it stands and take its pictures; `closely`: at both widths and for everybody, in every run."""
        self.house.pictures.append(shown)
        number = len(self.house.pictures)
        # pages look alike from one to the next: in turn each is judged at one width, in a whole run at all
        sizes = self.house.sizes if self.house.at_every_size or closely else self.house.sizes[number % len(self.house.sizes):][:1]
        # and every other one closely: what everybody opens has its own tests, and axe takes longer than all the rest
        closely = closely or self.house.at_every_size or at_every_other(number - 1, len(self.house.sizes))
        for size in sizes:
            self.page.set_viewport_size(size)                   # type: ignore[arg-type]
            self._judge_width(shown, size["width"])
            if not closely:
                continue
            self._stretch(size["width"])
            if self.house.at_every_size:                        # of a test run nobody looks at the pictures
                path = self.house.folder / f"{number:02d}-{shown}-{size['width']}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                self.page.screenshot(path=path)
            self.house.faults += [f"{shown} at {size['width']}: {fault}" for fault in self._barriers()]
        self.page.set_viewport_size(DESK)                       # type: ignore[arg-type]

    def press(self, words: str) -> None:
        """Press the button or link with these words and wait until the next page is there."""
        with next_document(self.page):
            self.page.get_by_role("button", name=words).or_(self.page.get_by_role("link", name=words)).first.click()

    def send(self, value: str) -> None:
        """Press the button that chooses this act; its form may have a hidden one for the Enter key."""
        with next_document(self.page):
            self.page.locator(f"button[name=act][value={value}]:not([tabindex='-1'])").click()

    def _judge_width(self, shown: str, width: int) -> None:
        if (wide := ask(self.page, "document.documentElement.scrollWidth")) > width:
            self.house.faults.append(f"{shown}: {wide} pixels wide at {width}")

    def _stretch(self, width: int) -> None:
        """Make the window as high as the page, so that bars fixed to its lower edge do not cover the middle of a picture."""
        height = min(max(ask(self.page, "document.documentElement.scrollHeight"), DESK["height"]), HIGHEST)
        self.page.set_viewport_size({"width": width, "height": height})

    def _barriers(self) -> Iterator[str]:
        for violation in violations(self.page):
            if violation["impact"] in self.house.impacts:
                yield f"{violation['id']}: {violation['nodes'][0]['html'][:160]} ({len(violation['nodes'])})"


def launched(playwright: Playwright, *, with_window: bool = False) -> Browser:
    """A browser of the tests; without a window it shows no notices."""
    without = WITHOUT_A_WINDOW.exists() and not with_window
    return playwright.chromium.launch(executable_path=WITHOUT_A_WINDOW if without else CHROMIUM, args=ARGUMENTS)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def opened(environment: dict[str, str], *, with_window: bool = False) -> Iterator[House]:
    """The program served by its own server in a thread, with the standard world and a browser."""
    config = Config.from_environment({**environment, "LANGBIANG_PORT": str(free_port())})
    with running(config) as app:
        app.config["WTF_CSRF_ENABLED"] = True
        app.testing = False                                     # failures are answered with their page, as everywhere else
        world = build.standard_world()
        with visited(app, config, with_window=with_window) as house:
            house.world = world
            yield house


@contextmanager
def visited(app: Flask, config: Config, folder: Path = PICTURES, *, with_window: bool = False) -> Iterator[House]:
    """An application served to a browser, whatever stands in its database."""
    with sync_playwright() as playwright:
        server = Server(app, config)
        thread = threading.Thread(target=server.run)
        thread.start()
        browser = launched(playwright, with_window=with_window)
        try:
            yield House(app, f"http://127.0.0.1:{config.port}", browser, folder)
        finally:
            browser.close()
            server.stop()
            thread.join(timeout=40)
