"""A person's hand at a browser: what is pressed, what is typed, what the browser asks of the server, and how long all of it takes.

Time is that of the keystroke-level model (Card, Moran and Newell, Communications of the ACM 23(7), 1980) for the person, and measured
for the machine. Reading and thinking what to write are not in it: they are the same whatever the pages look like.
"""
from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, request_finished
from playwright.sync_api import Locator, Page

from tests.browser.waiting import next_document

KEY = 0.2
"""Seconds for a key, of an average skilled typist (55 words a minute)."""

KEY_OF_TELEPHONE = 0.33
"""The same on glass: 36 words a minute (Palin and others, How do People Type on Mobile Devices?, MobileHCI 2019)."""

POINT, CLICK, HOME, PREPARE = 1.1, 0.2, 0.4, 1.35
"""Pointing at something; pressing and letting go; the hand from mouse to keyboard or back; the mind before each act."""

SCREEN = 0.85
"""How much of a screen's height is new after Page Down."""

BY_ITSELF = ("/pulse", "/draft")
"""What a page asks without anybody: news of the inbox, drafts kept, figures renewed."""

OUT_OF_SIGHT = """field => {
    const box = (field.closest("label") || field).getBoundingClientRect(), bar = document.querySelector(".actionbar");
    const isCovered = bar && !bar.contains(field), foot = isCovered ? Math.min(innerHeight, bar.getBoundingClientRect().top) : innerHeight;
    return box.top < 0 ? -box.top / innerHeight : box.bottom > foot ? (box.bottom - foot) / innerHeight : 0;
}"""


@dataclass
class Counted:
    """What a way took: `requests` are pages, forms and what scripts ask; `pictures` and what pages ask `by_themselves` are apart."""

    presses: int = 0
    keys: int = 0
    requests: int = 0
    pictures: int = 0
    by_themselves: int = 0
    person_seconds: float = 0.0
    machine_seconds: float = 0.0

    def rounded(self) -> dict[str, Any]:
        return {name: round(value, 1) for name, value in asdict(self).items()}


def keys_of(words: str) -> int:
    """How many keys words are by Telex, where each mark of a Vietnamese letter is a key of its own."""
    return len(unicodedata.normalize("NFD", words)) + sum(words.lower().count(letter) for letter in "đ")


class Hand:
    """One person at the page they have open. `path` is where they begin, which is not counted; `code` is that of the case in hand."""

    def __init__(self, app: Flask, page: Page, path: str, *, code: str = "", on_telephone: bool = False) -> None:
        self.app, self.page, self.code, self.on_telephone = app, page, code, on_telephone
        page.goto(path)
        page.wait_for_load_state("networkidle")
        self.counted = Counted()
        self.asked: list[str] = []
        self._is_at_keyboard = False
        request_finished.connect(self._hear, app)

    def _hear(self, _app: Flask, response: Response, **_: Any) -> None:
        """Counted where they arrive: a browser asks nobody for what it has. What it keeps for good was asked for before a way begins."""
        if request.endpoint == "static" or request.path.endswith(("/sw.js", ".webmanifest")) or response.cache_control.immutable:
            return
        if request.headers.get("Sec-Fetch-Dest") in ("image", "audio", "video"):
            self.counted.pictures += 1
        elif any(part in request.path for part in BY_ITSELF):
            self.counted.by_themselves += 1
        else:
            self.counted.requests += 1
            self.asked.append(f"{request.method} {request.path}")

    def press(self, there: Locator) -> None:
        """Press something; what stands below the foot of the screen is scrolled to."""
        self._see(there)
        self._to_mouse()
        self._spend(PREPARE + POINT + CLICK)
        self.counted.presses += 1
        there.click()

    def lead(self, there: Locator) -> None:
        """Press what leads to another page."""
        self._see(there)
        self._to_mouse()
        self._spend(PREPARE + POINT + CLICK)
        self.counted.presses += 1
        with self._waited():
            there.click()

    def type(self, there: Locator, words: str) -> None:
        """Type into a field, after a press into it unless the cursor stands there."""
        if not there.evaluate("field => field === document.activeElement"):
            self.press(there)
        self._to_keyboard()
        self._spend(PREPARE + keys_of(words) * self._key)
        self.counted.keys += keys_of(words)
        there.press_sequentially(words)

    def strike(self, key: str, *, leads: bool = False) -> None:
        """A single key, such as Enter."""
        self._to_keyboard()
        self._spend(PREPARE + self._key)
        self.counted.keys += 1
        if not leads:
            self.page.keyboard.press(key)
            return
        with self._waited():
            self.page.keyboard.press(key)

    def choose(self, there: Locator, value: str) -> None:
        """One of a list: a press opens it, another takes it."""
        self._see(there)
        self._to_mouse()
        self._spend(2 * (PREPARE + POINT + CLICK))
        self.counted.presses += 2
        there.select_option(value)

    def photograph(self, there: Locator, picture: Path) -> None:
        """A photo of the camera's: a press into the field, one on the shutter, one to take it."""
        self._see(there)
        self._spend(3 * (PREPARE + POINT + CLICK))
        self.counted.presses += 3
        there.set_input_files(picture)

    def look_for(self, there: Locator) -> None:
        """Scroll until it is in sight."""
        self._see(there)

    def done(self) -> Counted:
        """What it took so far, once what the last page asks has been answered."""
        self.page.wait_for_load_state("networkidle")
        request_finished.disconnect(self._hear, self.app)
        return self.counted

    @property
    def _key(self) -> float:
        return KEY_OF_TELEPHONE if self.on_telephone else KEY

    def _spend(self, seconds: float) -> None:
        self.counted.person_seconds += seconds

    def _to_keyboard(self) -> None:
        if not self._is_at_keyboard and not self.on_telephone:
            self._spend(HOME)
        self._is_at_keyboard = True

    def _to_mouse(self) -> None:
        if self._is_at_keyboard and not self.on_telephone:
            self._spend(HOME)
        self._is_at_keyboard = False

    def _see(self, there: Locator) -> None:
        """A screen further is a key, on a telephone a stroke of the finger."""
        there.wait_for(state="attached")
        away = there.evaluate(OUT_OF_SIGHT)
        screens = -int(-away // SCREEN)
        if not away:
            return
        there.evaluate("""field => (field.closest("label") || field).scrollIntoView({ block: "center", behavior: "instant" })""")
        if self.on_telephone:
            self.counted.presses += screens
            self._spend(screens * (POINT + CLICK))
        else:
            self.counted.keys += screens
            self._spend(screens * KEY)

    @contextmanager
    def _waited(self) -> Iterator[None]:
        begun = time.monotonic()
        with next_document(self.page):
            yield
        self.counted.machine_seconds += time.monotonic() - begun
        self._is_at_keyboard = False if self.on_telephone else self._is_at_keyboard
