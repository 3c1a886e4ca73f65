"""The twenty: each looks at pages and sends forms as a browser does, and goes on trying until the server has answered."""
from __future__ import annotations

import hashlib
import io
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from lxml import html
from PIL import Image

from benchmark.pages import errors_on, filled
from tests.kill.journal import Journal

PATIENCE = 240
"""Seconds a person goes on trying while nobody answers, unless the surroundings say otherwise."""

REPORTS_AT_ONCE = 2
"""A citizen waits for an answer before sending more: else all would be begun and nothing finished."""

SAID = {"findings": "Đã kiểm tra tại chỗ, có rác.", "actions": "Đã thu gom và dọn sạch.", "remaining": "Không còn.",
        "contact": "Bộ phận môi trường"}

Typed = dict[str, str | list[str]]
Files = list[tuple[str, tuple[str, bytes, str]]]


class GivenUp(Exception):
    """The server did not answer for as long as a person has patience."""


class Traffic:
    """How many requests are on their way, and how many were cut off."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.in_flight = 0
        self.cut_off = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """One request."""
        with self._lock:
            self.in_flight += 1
        try:
            yield
        except httpx.ConnectError:                                         # nobody there: not even begun
            raise
        except httpx.TransportError:
            with self._lock:
                self.cut_off += 1
            raise
        finally:
            with self._lock:
                self.in_flight -= 1


@dataclass
class Surroundings:
    """What all people share."""

    address: str
    journals: Path
    traffic: Traffic = field(default_factory=Traffic)
    stop: threading.Event = field(default_factory=threading.Event)
    complaints: list[str] = field(default_factory=list)
    patience: float = PATIENCE
    rests: tuple[float, float] = (0.0, 0.06)
    """Seconds somebody rests between two acts, drawn evenly."""
    trouble: threading.Event = field(default_factory=threading.Event)
    """Set while something outside of the program fails: people are then asked to send again what could not be taken in."""
    refusals: Counter[int] = field(default_factory=Counter)


class Person(threading.Thread):
    """One of the twenty. Subclasses say what one act is."""

    def __init__(self, who: str, surroundings: Surroundings, seed: int) -> None:
        super().__init__(name=who, daemon=True)
        self.who, self.around = who, surroundings
        self.lot = random.Random(f"{seed}:{who}")
        self.journal = Journal(surroundings.journals, who)
        # nothing is encrypted here, and twenty people would read the certificates
        self.browser = httpx.Client(base_url=surroundings.address, timeout=30, verify=False)

    def run(self) -> None:
        """Act after act until told to stop; the act begun is brought to its end."""
        try:
            self.arrive()
            while not self.around.stop.is_set():
                self.act()
                self.rest(self.lot.uniform(*self.around.rests))
        except Exception as error:
            self.around.complaints.append(f"{self.who}: {type(error).__name__}: {error}")
        finally:
            self.browser.close()
            self.journal.close()

    def arrive(self) -> None:
        """What comes before the first act."""

    def act(self) -> None:
        raise NotImplementedError

    def rest(self, seconds: float) -> None:
        """Do nothing for a while, unless it is time to stop."""
        self.around.stop.wait(seconds)

    def ask(self, path: str) -> httpx.Response:
        """Open a page, however often the server is killed meanwhile."""
        return self._insist(lambda: self.browser.get(path), ())

    def send(self, path: str, fields: list[tuple[str, str]], files: Files | None = None) -> httpx.Response:
        """Send a form until there is an answer: always the same form, so that its key is the same."""
        data: dict[str, list[str]] = {}
        for name, value in fields:
            data.setdefault(name, []).append(value)
        typed = [value for name, value in fields if len(value) > 30 and " " in value]
        return self._insist(lambda: self.browser.post(path, data=data, files=files), typed)

    def _insist(self, request: Callable[[], httpx.Response], typed: Collection[str]) -> httpx.Response:
        end = time.monotonic() + self.around.patience
        while time.monotonic() < end:
            try:
                with self.around.traffic.one():
                    answer = request()
            except httpx.TransportError:
                time.sleep(0.1)
                continue
            if answer.status_code != 503:                                  # busy: to be tried again, as its page says
                if answer.status_code >= 500:
                    self.around.complaints.append(f"{self.who}: {answer.request.method} {answer.request.url.path}: {answer.status_code}")
                return answer
            self.refused(answer, typed)
            time.sleep(0.2)
        raise GivenUp(f"no answer for {self.around.patience:.0f} seconds")

    def refused(self, answer: httpx.Response, typed: Collection[str]) -> None:
        """An answer that asks to send the same again: it says so in words of the reader's, and what was typed is still there."""
        self.around.refusals[answer.status_code] += 1
        if 'lang="vi"' not in answer.text or not all(each in answer.text for each in typed):
            what = f"{answer.request.url.path}: {answer.status_code} without its words, or without what was typed"
            self.around.complaints.append(f"{self.who}: {what}")

    def photo(self) -> tuple[Files, str]:
        """A picture nobody else has, as a form sends it, and its SHA-256."""
        picture = Image.new("RGB", (160, 120), tuple(self.lot.randrange(256) for _ in range(3)))
        for _ in range(40):
            colour = tuple(self.lot.randrange(256) for _ in range(3))
            picture.putpixel((self.lot.randrange(160), self.lot.randrange(120)), colour)
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=90, comment=self.lot.randbytes(16).hex().encode())
        data = out.getvalue()
        return [("photos", ("anh.jpg", data, "image/jpeg"))], hashlib.sha256(data).hexdigest()


def was_done(answer: httpx.Response) -> bool:
    """A step that was done leads to another page; everything else shows the same one again."""
    return answer.status_code in (302, 303)


class Citizen(Person):
    """Files reports with a photo each, and rates what has been answered."""

    def __init__(self, who: str, surroundings: Surroundings, seed: int) -> None:
        super().__init__(who, surroundings, seed)
        self.codes: list[str] = []
        self.rated: set[str] = set()
        self.email, self.phone = "", "0912345678"
        self.marks = count(1)

    def act(self) -> None:
        if len(self.codes) - len(self.rated) < REPORTS_AT_ONCE:
            self.file_report()
        else:
            self.rate()
        self.rest(self.lot.uniform(0.1, 0.5))

    def file_report(self) -> None:
        path = "/reports/new"
        page = self.ask(path).text
        files, sha256 = self.photo()
        mark = f"{self.who}-{next(self.marks)}"
        area = self.lot.choice(choices_of(page, "area"))
        words = f"Rác đổ ven suối, mốc {mark}."
        typed: dict[str, str] = {"words": words, "area": area, "name": "Nguyễn Thị Thử", "contact": self.phone or self.email,
                                 "consent": "y", "alike_seen": "y"}
        fields = filled(page, path, typed, act="send")
        key = dict(fields)["idempotency_key"]
        answer = self.send(path, fields, files)
        end = time.monotonic() + self.around.patience
        while answer.status_code == 422 and self.around.trouble.is_set() and time.monotonic() < end:
            self.refused(answer, [typed["words"]])                         # a photo could not be stored; the form is shown again
            time.sleep(0.5)
            answer = self.send(path, fields, files)
        if not was_done(answer):
            self.around.complaints.append(f"{self.who}: a report was refused with {answer.status_code} {errors_on(answer.text)}")
            return
        code = urlsplit(answer.headers["location"]).path.split("/")[2]
        self.journal.told("file_report", code=code, key=key, mark=mark, photos=[sha256] if files else [])
        self.codes.append(code)

    def rate(self) -> None:
        waiting = [code for code in self.codes if code not in self.rated]
        if not waiting:
            return
        code = self.lot.choice(waiting)
        path = f"/mine/{code}/rating"
        page = self.ask(f"/mine/{code}")
        if f'action="{path}"' not in page.text:
            return
        level = self.lot.choice(("satisfied", "acceptable"))
        if was_done(self.send(path, filled(page.text, path, {"level": level}))):
            self.journal.told("rate", code=code, level=level)
            self.rated.add(code)


class Staff(Person):
    """Takes a step out of the inbox and does it, whatever it is."""

    password = ""

    def arrive(self) -> None:
        path = "/sign-in"
        page = self.ask(path).text
        answer = self.send(path, filled(page, path, {"login": self.login, "password": self.password}))
        if not was_done(answer):
            raise PermissionError(f"signing in was answered with {answer.status_code}")

    @property
    def login(self) -> str:
        """The user name."""
        return self.who

    def act(self) -> None:
        inbox = self.ask("/inbox")
        if inbox.status_code != 200:
            self.around.complaints.append(f"{self.who}: signed in, and yet the inbox was answered with {inbox.status_code}")
            self.arrive()
            return
        links = html.fromstring(inbox.text).xpath("//a/@href")
        steps = sorted({path for path in links if path.startswith("/tasks/") and path.count("/") == 2})
        path: str | None = self.lot.choice(steps) if steps else None
        if path is None:
            self.rest(0.3)
        while path is not None and not self.around.stop.is_set():
            page = self.ask(path)
            path = self.take(path, page.text) if page.status_code == 200 else None

    def take(self, path: str, page: str) -> str | None:
        """Fill the step's form and send it; returns the step the server leads to next, if there is one for this person."""
        verb = self.verb_of(page)
        if verb is None:
            self.around.complaints.append(f"{self.who}: {path} has no form anybody here knows")
            return None
        if verb == "approve_answer" and self.lot.random() < 0.2:
            verb = "redo_answer"
        typed = WORK[verb](self, page)
        files, sha256 = self.photo() if verb == "submit_answer" else (None, "")
        answer = self.send(path, filled(page, path, typed, act=verb), files)
        if was_done(answer):
            self.journal.told(verb, task=path.rpartition("/")[2], login=self.login, photos=[sha256] if files else [])
            there = urlsplit(answer.headers["location"]).path
            return there if there.startswith("/tasks/") and there != path else None
        if answer.status_code == 422 and self.around.trouble.is_set():
            self.refused(answer, ())
        elif answer.status_code not in (404, 409):                       # somebody else was quicker, which is as it should be
            self.around.complaints.append(f"{self.who}: {verb} was answered with {answer.status_code} {_told_by(answer.text)}")
        return None

    def verb_of(self, page: str) -> str | None:
        """What a page is for."""
        names = set(html.fromstring(page).xpath("//*[@name]/@name"))
        return next((verb for verb, field in KNOWN_BY.items() if field in names), None)

    def typed_verify(self, page: str) -> Typed:
        return {"title": "Rác đổ ven suối", **dict.fromkeys(shown_photos(page), "y")}

    def typed_classify(self, page: str) -> Typed:
        return {"field": self.lot.choice(choices_of(page, "field")), "urgency": "normal", "complexity": "ordinary"}

    def typed_distribute(self, page: str) -> Typed:
        lead, *others = self.lot.sample(choices_of(page, "lead_other"), 2)
        return {"lead": "other", "lead_other": lead, "cooperating": others if self.lot.random() < 0.5 else []}

    def typed_answer(self, page: str) -> Typed:
        return dict(SAID)

    def typed_redo(self, page: str) -> Typed:
        return {"instructions": "Chụp lại ảnh sau khi dọn."}

    def typed_publish(self, page: str) -> Typed:
        return {"title": "Rác đổ ven suối", "question": "Người dân phản ánh rác ven suối.", "checked": "y",
                **dict.fromkeys(shown_photos(page), "y")}

    def nothing_typed(self, page: str) -> Typed:
        return {}


def _told_by(page: str) -> str:
    """Why a page came back, or, where it does not say so, what it holds."""
    return errors_on(page) or " ".join(str(html.fromstring(page).xpath("string(//main)")).split())[:1500]


def choices_of(page: str, name: str) -> list[str]:
    """What a list or a row of buttons offers."""
    found = html.fromstring(page).xpath("//select[@name=$name]/option/@value | //input[@name=$name][@type='radio']/@value", name=name)
    return [str(value) for value in found if value]


def shown_photos(page: str) -> list[str]:
    """The ticks that let a photo be seen."""
    return [str(name) for name in html.fromstring(page).xpath("//input[starts-with(@name, 'show-')]/@name")]


WORK: Mapping[str, Callable[[Staff, str], Typed]] = {
    "verify": Staff.typed_verify, "classify": Staff.typed_classify, "distribute": Staff.typed_distribute, "publish": Staff.typed_publish,
    "accept_assignment": Staff.nothing_typed, "submit_answer": Staff.typed_answer, "approve_answer": Staff.nothing_typed,
    "redo_answer": Staff.typed_redo,
}
"""What is typed for each verb."""

KNOWN_BY = {
    "verify": "refusal_words", "classify": "complexity", "distribute": "lead", "accept_assignment": "suggested",
    "submit_answer": "findings", "approve_answer": "instructions", "publish": "question",
}
"""The field by which a person tells what a page is for."""
