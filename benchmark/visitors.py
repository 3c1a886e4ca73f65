"""Simulated users over real connections: they sign in, read their inbox, open what waits and do it, as the page asks."""

import http.client
import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from time import monotonic, perf_counter, sleep
from urllib.parse import urlencode, urlsplit

from lxml import html

from benchmark.life import PASSWORD, TITLE, WORDS, typed_answer
from benchmark.pages import PageFailed, Typed, filled

TIMEOUT_SECONDS = 30
EMPTY_SECONDS = 3.0
"""How long a crew member waits after finding an empty inbox, since people do not refresh twenty times a second."""
NOBODY_SECONDS = 0.05
"""How long a thread waits when everybody is busy or resting."""
LOST_RACE = frozenset({409})
"""Somebody was quicker; such a response is no error."""

ACTS = (
    "verify", "classify", "call_hotline", "distribute", "accept_assignment", "decide_hand_back", "submit_answer", "approve_answer",
    "publish",
)  # fmt: skip
"""The buttons pressed, by value; a page has one of them."""


@dataclass(frozen=True, slots=True)
class Timing:
    """One request: its kind, when it ended (monotonic seconds), how long it took, and the response."""

    kind: str
    at: float
    milliseconds: float
    status: int
    route: str


@dataclass
class Notebook:
    """The timings of all visitors, and the steps one of them is working on."""

    timings: list[Timing] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    in_hand: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, refs: Iterable[str]) -> str | None:
        """Return a step nobody is working on, and reserve it."""
        with self.lock:
            free = [ref for ref in refs if ref not in self.in_hand]
            if not free:
                return None
            ref = random.choice(free[:20])
            self.in_hand.add(ref)
            return ref

    def between(self, begun: float, ended: float, kind: str) -> list[Timing]:
        """Return the requests whose kind begins so and that ended in a stretch of time."""
        return [each for each in self.timings if begun <= each.at <= ended and each.kind.startswith(kind)]


class HttpBrowser:
    """One person's browser: a persistent connection, cookies, no scripts; one request at a time."""

    def __init__(self, host: str, port: int, notebook: Notebook, login: str = "") -> None:
        self.address, self.notebook, self.login = (host, port), notebook, login
        self.cookies: dict[str, str] = {}
        self.tasks: list[str] = []
        self.cases: list[str] = []
        self.page: tuple[str, str] | None = None
        """Path and text of a step's page that is open and may be sent."""
        self.mark = ""
        """The id its requests have in the server's log."""
        self.retry_after = ""
        """What the last answer said of trying again."""
        self.etag = ""
        self._connection: http.client.HTTPConnection | None = None
        self._asking = threading.Lock()

    def open(self, path: str, kind: str) -> str:
        """Return the text of a page. Raises PageFailed unless it loads."""
        status, text, _ = self._ask("GET", path, kind)
        if status not in (200, 304, *LOST_RACE):
            raise PageFailed(f"GET {path}: {status}")
        return text if status == 200 else ""

    def send(self, path: str, fields: list[tuple[str, str]], kind: str) -> str:
        """Submit a form and return where it leads, empty if somebody was quicker. Raises PageFailed if the page is shown again."""
        status, text, location = self._ask("POST", path, kind, urlencode(fields))
        if status in LOST_RACE:
            return ""
        if status not in (302, 303):
            shown = " ".join(html.fromstring(text).xpath("//*[contains(@class, 'error') or @role='alert']//text()")) if text else ""
            raise PageFailed(f"POST {path}: {status} {' '.join(shown.split())[:200]}")
        return urlsplit(location).path

    def sign_in(self) -> None:
        """Sign in with the password of every account of the installation. Raises PageFailed."""
        page = self.open("/sign-in", "page to sign in")
        self.send("/sign-in", filled(page, "/sign-in", {"login": self.login, "password": PASSWORD}), "sign-in")

    def read_inbox(self, kind: str = "inbox") -> None:
        """Open the inbox and note the waiting steps, and the cases it names."""
        links = set(html.fromstring(self.open("/inbox", kind)).xpath("//a/@href"))
        self.tasks = sorted({path for link in links if (path := urlsplit(link).path).startswith("/tasks/") and path.count("/") == 2})

    def open_step(self, path: str, kind: str = "step page") -> bool:
        """Open a step and keep its page; returns whether it can be submitted."""
        text = self.open(path, kind)
        self.page = (path, text) if text else None
        if text:
            links = (urlsplit(link).path for link in html.fromstring(text).xpath("//a/@href"))
            self.cases += [link for link in links if link.startswith("/cases/") and link.count("/") == 2][:1]
            del self.cases[:-20]
        return self.page is not None

    def send_step(self, kind: str = "step") -> str | None:
        """Submit the open page with what it asks for; returns where it leads, None if this visitor does not know the step."""
        if self.page is None:
            return None
        (path, text), self.page = self.page, None
        typed, act = what_to_type(text)
        return self.send(path, filled(text, path, typed, act=act), kind) if act else None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, method: str, path: str, kind: str, body: str | None = None) -> tuple[int, str, str]:
        with self._asking:
            return self._answered(method, path, kind, body)

    def _answered(self, method: str, path: str, kind: str, body: str | None) -> tuple[int, str, str]:
        begun = perf_counter()
        headers = {"User-Agent": "langbiang benchmark", **self._headers(body)} | ({"X-Request-Id": self.mark} if self.mark else {})
        try:
            answer, data = self._exchange(method, path, body, headers)
        except (OSError, http.client.HTTPException) as fault:
            self.close()
            self._note(kind, begun, 599, path)
            raise PageFailed(f"{method} {path}: {type(fault).__name__}") from fault
        self._note(kind, begun, answer.status, path)
        self.retry_after, self.etag = answer.headers.get("Retry-After", ""), answer.headers.get("ETag", "")
        for line in answer.headers.get_all("Set-Cookie", []):
            self.cookies.update({name: morsel.value for name, morsel in SimpleCookie(line).items()})
        return answer.status, data.decode("utf-8", "replace"), answer.headers.get("Location", "")

    def _headers(self, body: str | None) -> dict[str, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        return headers if body is None else {**headers, "Content-Type": "application/x-www-form-urlencoded"}

    def _exchange(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[http.client.HTTPResponse, bytes]:
        """The server may have closed a persistent connection meanwhile: then the page is requested again on a new one."""
        for is_last in (False, True):
            is_kept = self._connection is not None
            self._connection = self._connection or http.client.HTTPConnection(*self.address, timeout=TIMEOUT_SECONDS)
            try:
                self._connection.request(method, path, body, headers)
                answer = self._connection.getresponse()
                return answer, answer.read()
            except (ConnectionError, http.client.BadStatusLine):
                self.close()
                if is_last or not is_kept:
                    raise
        raise AssertionError("the loop returns or raises")

    def _note(self, kind: str, begun: float, status: int, path: str) -> None:
        timing = Timing(kind, monotonic(), (perf_counter() - begun) * 1000, status, path.split("/")[1])
        self.notebook.timings.append(timing)
        if status >= 400 and status not in LOST_RACE:
            self.notebook.faults.append(f"{kind}: {status}")


def what_to_type(page: str) -> tuple[Typed, str | None]:
    """Return the values a step's page needs and the button to press, None on a page this visitor does not know."""
    tree = html.fromstring(page)
    there = set(tree.xpath("//button[@name='act']/@value"))
    act = next((each for each in ACTS if each in there), None)
    match act:
        case "verify" | "publish":
            return {"title": TITLE, "question": WORDS, "checked": "y"}, act
        case "classify":
            return {"field": _option(tree, "field"), "area": _option(tree, "area"), "urgency": "normal", "complexity": "ordinary"}, act
        case "call_hotline":
            return {"number": "02630000000", "spoke_to": "Trực ban", "reached": "yes", "what": "Đã báo."}, act
        case "distribute":
            return {"lead": "other", "lead_other": _option(tree, "lead_other"), "cooperating": []}, act
        case "decide_hand_back":
            return {"upheld": "no", "words": "Đất do đơn vị quản lý."}, act
        case "submit_answer":
            return typed_answer(), act
    return {}, act


def _option(tree: html.HtmlElement, name: str) -> str:
    options = [value for value in tree.xpath(f"//select[@name='{name}']/option/@value") if value]
    return str(random.choice(options)) if options else ""


@dataclass
class Crew:
    """The people who work on open cases: each reads an inbox once the last is done, opens a step and does it.

    Whoever finds an inbox empty rests for EMPTY_SECONDS.
    """

    browsers: list[HttpBrowser]
    notebook: Notebook
    done: int = 0
    _next: int = 0
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _busy: set[str] = field(default_factory=set)
    _rests_until: dict[str, float] = field(default_factory=dict)

    def do_one(self) -> bool:
        """Do one step with somebody who is free and has one; returns whether one was done."""
        for _ in range(len(self.browsers)):
            browser = self._free()
            if browser is None:
                sleep(NOBODY_SECONDS)
                return False
            try:
                if self._step_of(browser):
                    with self._turn:
                        self.done += 1
                    return True
            except PageFailed as fault:
                self.notebook.faults.append(str(fault))
                return False
            finally:
                with self._turn:
                    self._busy.discard(browser.login)
        return False

    def _step_of(self, browser: HttpBrowser) -> bool:
        ref = self.notebook.take(browser.tasks)
        if ref is None:
            browser.read_inbox("crew inbox")
            ref = self.notebook.take(browser.tasks)
        if ref is None:
            self._rests_until[browser.login] = monotonic() + EMPTY_SECONDS
            return False
        browser.tasks = [each for each in browser.tasks if each != ref]
        if not browser.open_step(ref, "crew step page"):
            return False
        where = browser.send_step("crew step")
        if where and where.startswith("/tasks/"):
            browser.tasks.insert(0, where)
        return where is not None

    def _free(self) -> HttpBrowser | None:
        with self._turn:
            for _ in range(len(self.browsers)):
                browser = self.browsers[self._next % len(self.browsers)]
                self._next += 1
                if browser.login not in self._busy and self._rests_until.get(browser.login, 0.0) <= monotonic():
                    self._busy.add(browser.login)
                    return browser
        return None


def at_pace(act: Callable[[], object], *, per_second: float, hands: int, until: threading.Event) -> list[threading.Thread]:
    """Let `hands` threads act together that many times a second until stopped; late acts are caught up, not skipped."""
    begun, lock, given = monotonic(), threading.Lock(), [0]

    def run() -> None:
        while not until.is_set():
            with lock:
                due = begun + given[0] / per_second
                given[0] += 1
            if until.wait(max(0.0, due - monotonic())):
                return
            act()

    return started([run] * hands)


def started(runs: Iterable[Callable[[], object]]) -> list[threading.Thread]:
    threads = [threading.Thread(target=run, daemon=True) for run in runs]
    for thread in threads:
        thread.start()
    return threads
