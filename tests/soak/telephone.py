"""What citizens do, gone on an old telephone with a weak signal, beside what it took in 0.9.0: the report, the look-up, an answer.

The telephone is Chromium at 360 × 740 with a fourth of the processor and 400 kbit/s, each question 400 ms away. It is held against a
demonstration served by its own program, so that what arrives is what arrives at a telephone: compressed, in chunks, with its headers.
The figures of 0.9.0 (telephone_of_0_9_0.json) were taken with the same telephone from the demonstration of that release.
"""
from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, FilePayload, Locator, Page, sync_playwright

from tests.browser.house import launched
from tests.browser.waiting import PATIENCE, ask, next_document
from tests.soak.lighthouse import PAGES, TOOL, demonstration, published_case

BEFORE = Path(__file__).parent / "telephone_of_0_9_0.json"
SCREEN = {"width": 360, "height": 740}
BYTES_A_SECOND, AWAY_MS, TIMES_SLOWER = 400_000 // 8, 400, 4
FIRST_VISIT_KB, TAPS, EMPTY, FILLED = 40.0, 7, 2.2, 2.8
"""The bounds: a first visit, pictures of cases apart; the straight report; the screens of its form."""

WORDS = "Cây đổ chắn ngang đường ở K' Prum."
CONTACT = "0912 345 678"
PHOTO_AT = {1: "N", 2: (12.0, 3.0, 0.0), 3: "E", 4: (108.0, 24.0, 0.0)}
IS_FULL = "document.documentElement.scrollHeight"
FIRST_PAINT = "(performance.getEntriesByName('first-contentful-paint')[0] || {}).startTime || 0"


class TooMuch(Exception):
    """A bound is missed; the text says which."""


@dataclass
class Taken:
    """What a page or a way took. `kb` is what arrived, compressed; `pictures_kb` is that of photos of cases, apart. Headers are counted in
    neither: here they come in words, from an installation pressed as well (HTTP/2)."""

    taps: int = 0
    fields: int = 0
    requests: int = 0
    kb: float = 0.0
    pictures_kb: float = 0.0
    seconds: float = 0.0

    def rounded(self) -> dict[str, Any]:
        return {name: round(value, 1) for name, value in asdict(self).items()}


class Telephone:
    """A telephone in somebody's hand, with nothing kept from an earlier visit. Seconds are those the person waits for the machine."""

    def __init__(self, browser: Browser, address: str, *, slow: bool) -> None:
        self.context = browser.new_context(base_url=address, viewport=SCREEN, locale="vi-VN", has_touch=True,  # type: ignore[arg-type]
                                           service_workers="block")
        self.context.set_default_timeout(PATIENCE)
        self.page: Page = self.context.new_page()
        self.taken, self._pictures, self._heads = Taken(), set[str](), dict[str, float]()
        wire = self.context.new_cdp_session(self.page)
        wire.on("Network.requestWillBeSent", self._asked)
        wire.on("Network.responseReceived", self._headed)
        wire.on("Network.loadingFinished", self._arrived)
        wire.send("Network.enable")
        if slow:
            wire.send("Network.emulateNetworkConditions", {"offline": False, "latency": AWAY_MS, "downloadThroughput": BYTES_A_SECOND,
                                                           "uploadThroughput": BYTES_A_SECOND})  # fmt: skip
            wire.send("Emulation.setCPUThrottlingRate", {"rate": TIMES_SLOWER})

    def _asked(self, told: dict[str, Any]) -> None:
        if told["request"]["url"].startswith("http"):
            self.taken.requests += 1
        if told.get("type") == "Image" and "/static/" not in told["request"]["url"]:
            self._pictures.add(told["requestId"])

    def _headed(self, told: dict[str, Any]) -> None:
        self._heads[told["requestId"]] = told["response"]["encodedDataLength"]

    def _arrived(self, told: dict[str, Any]) -> None:
        kilobytes = max(told["encodedDataLength"] - self._heads.get(told["requestId"], 0), 0) / 1000
        if told["requestId"] in self._pictures:
            self.taken.pictures_kb += kilobytes
        else:
            self.taken.kb += kilobytes

    def open(self, path: str) -> None:
        begun = time.monotonic()
        self.page.goto(path)
        self.taken.seconds += time.monotonic() - begun

    def tap(self, there: str | Locator) -> None:
        self.taken.taps += 1
        self._at(there).click()

    def lead(self, there: str | Locator) -> None:
        """Tap what leads to another page, and wait for it."""
        begun = time.monotonic()
        with next_document(self.page):
            self.tap(there)
        self.taken.seconds += time.monotonic() - begun

    def write(self, there: str, words: str) -> None:
        self.tap(there)
        self.taken.fields += 1
        self.page.keyboard.type(words)

    def choose(self, there: str, number: int) -> None:
        """One of a list: a tap opens it, another takes it."""
        self.taken.taps += 2
        self.taken.fields += 1
        self._at(there).select_option(index=number)

    def photograph(self, there: str) -> None:
        with self.page.expect_file_chooser() as choosing:
            self.tap(there)
        choosing.value.set_files([photo()])

    def screens(self) -> float:
        return round(float(ask(self.page, IS_FULL)) / SCREEN["height"], 1)

    def _at(self, there: str | Locator) -> Locator:
        return self.page.locator(there).locator("visible=true").first if isinstance(there, str) else there


def photo() -> FilePayload:
    """A photo of a camera's that says where it was made."""
    image = Image.effect_noise((400, 300), 60).convert("RGB").resize((1600, 1200), Image.Resampling.NEAREST)
    exif = image.getexif()
    exif.get_ifd(0x8825).update(PHOTO_AT)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80, exif=exif)
    return {"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}


# -- what is tapped --------------------------------------------------------------------------------------------------------


def report(held: Telephone) -> dict[str, Any]:
    """The straight report: from home to the receipt, with a photo whose own place is taken."""
    held.open("/")
    held.lead(".tabbar .tab-main")
    empty = held.screens()
    held.photograph("[data-camera]")
    held.tap("[data-from-take]")
    held.write("[name=words]", WORDS)
    held.write("[name=contact]", CONTACT)
    held.tap("[name=consent]")
    filled = held.screens()
    held.lead(".actionbar button[value=send]")
    if not held.page.url.endswith("/receipt"):
        raise TooMuch(f"no receipt: {held.page.inner_text('main')[:300]}")
    return {"empty": empty, "filled": filled, "receipt": held.screens()}


def look_up(held: Telephone) -> dict[str, Any]:
    """The own report again, by code and secret."""
    report(held)
    code, secret = held.page.url.split("/")[-2], held.page.inner_text("#secret")
    held.context.clear_cookies()
    held.taken = Taken()
    held.open("/")
    held.lead(".tabbar a[href*='/track'], .tabbar a[href*='/mine']")
    held.write("[name=code]", code)
    held.write("[name=secret]", secret)
    held.lead("main form:has([name=secret]) .btn-primary")
    if "/mine/" not in held.page.url and code not in held.page.inner_text("main"):
        raise TooMuch(f"not their own page: {held.page.url}")
    return {"page": held.screens()}


def read_answer(held: Telephone) -> dict[str, Any]:
    """From home to what was answered on a case finished lately."""
    held.open("/")
    held.lead("#finished >> xpath=ancestor::section >> a[href*='/reports/LD-']")
    return {"page": held.screens()}


def find_answer(held: Telephone) -> dict[str, Any]:
    """From home over the list to a case, by a word."""
    held.open("/")
    held.lead(".tabbar a[href^='/reports']:not([href*='new']):not([href*='map'])")
    held.write("main [name=q]", "rác")
    held.lead("main form:has([name=q]) button:not([hidden])")
    held.lead("main a[href*='/reports/LD-']")
    return {"page": held.screens()}


def follow_area(held: Telephone) -> dict[str, Any]:
    """The news of one's commune, with a code that proves the contact."""
    held.open("/")
    held.lead("section[aria-labelledby=near] a")
    held.choose("[name=area]", 1)
    form = held.screens()
    held.write("main form [name=contact]", CONTACT)
    held.lead("main form:has([name=contact]) .btn-primary")
    held.write("[name=digits]", held.page.inner_text("[data-demo-code]"))
    held.lead("main form:has([name=digits]) .btn-primary")
    return {"form": form}


WAYS: dict[str, Callable[[Telephone], dict[str, Any]]] = {
    "straight report": report, "own report looked up": look_up, "answer read": read_answer, "case found by a word": find_answer,
    "area followed": follow_area,
}  # fmt: skip


# -- what is measured ------------------------------------------------------------------------------------------------------


def first_visit(browser: Browser, address: str, path: str) -> dict[str, Any]:
    """A page as it comes to somebody who was never here."""
    with telephone(browser, address) as held:
        held.open(path)
        held.page.wait_for_load_state("networkidle")
        paint = float(ask(held.page, FIRST_PAINT)) / 1000
        return {**held.taken.rounded(), "first_paint": round(paint, 1), "screens": held.screens()}


def gone(browser: Browser, address: str, way: Callable[[Telephone], dict[str, Any]]) -> dict[str, Any]:
    with telephone(browser, address) as held:
        screens = way(held)
        held.page.wait_for_load_state("networkidle")
        return {**held.taken.rounded(), "screens": screens}


@contextmanager
def telephone(browser: Browser, address: str, *, slow: bool = True) -> Iterator[Telephone]:
    held = Telephone(browser, address, slow=slow)
    try:
        yield held
    finally:
        held.context.close()


def measured(address: str, ways: dict[str, Callable[[Telephone], dict[str, Any]]] = WAYS) -> dict[str, Any]:
    """All of it at a served demonstration."""
    found: dict[str, Any] = {"first visits": {}, "ways": {}}
    with sync_playwright() as playwright:
        browser = launched(playwright)
        for name, path in (PAGES | {"case": published_case(address)}).items():
            found["first visits"][name] = first_visit(browser, address, path)
        for name, way in ways.items():
            found["ways"][name] = gone(browser, address, way)
        browser.close()
    return found


def missed(found: dict[str, Any]) -> list[str]:
    """The bounds that are not kept."""
    straight, visits = found["ways"]["straight report"], found["first visits"]
    kept = {
        "taps of the straight report": (straight["taps"], TAPS), "screens of the empty form": (straight["screens"]["empty"], EMPTY),
        "screens of the filled form": (straight["screens"]["filled"], FILLED),
        **{f"KB of a first visit: {name}": (each["kb"], FIRST_VISIT_KB) for name, each in visits.items()},
    }  # fmt: skip
    return [f"{name}: {value:.1f}, at most {bound}" for name, (value, bound) in kept.items() if value > bound]


def lines(found: dict[str, Any], before: dict[str, Any]) -> Iterator[str]:
    """The tables of docs/journeys.md: 0.9.0 → today."""
    def changed(kind: str, name: str, key: str) -> str:
        return f"{before.get(kind, {}).get(name, {}).get(key, '–')} → {found[kind][name][key]}"

    for name in found["first visits"]:
        yield f"| {name} | " + " | ".join(changed("first visits", name, key) for key in
                                          ("kb", "pictures_kb", "requests", "first_paint", "seconds", "screens")) + " |"  # fmt: skip
    for name in found["ways"]:
        yield f"| {name} | " + " | ".join(changed("ways", name, key) for key in
                                          ("taps", "fields", "requests", "kb", "seconds", "screens")) + " |"  # fmt: skip


def gone_on_a_telephone() -> dict[str, Any]:
    """The round of bin/soak journeys. Raises TooMuch where a bound is missed."""
    TOOL.mkdir(parents=True, exist_ok=True)
    with demonstration(TOOL / "demo") as address:
        found = measured(address)
    for line in lines(found, json.loads(BEFORE.read_text(encoding="utf-8"))):
        print(line, flush=True)
    if low := missed(found):
        raise TooMuch("; ".join(low))
    return found
