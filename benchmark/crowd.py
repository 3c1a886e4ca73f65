"""The people of a load measurement: they sign in, read pages, work at their sessions and send steps, each in a thread."""

import random
import threading
from collections.abc import Callable
from time import monotonic, sleep

from benchmark.house import Scale
from benchmark.pages import PageFailed
from benchmark.server import STOP_SECONDS
from benchmark.visitors import Crew, HttpBrowser, Notebook, at_pace, started

WARM_UP_STEPS = 12
FEWEST_PAGES = 5
"""Of each kind, however short the part is."""
PAGES_PER_SECOND = 6.0
PULSE_SECONDS = 30.0
"""How often an open inbox polls for news."""
PAGES_SHARE = (("inbox", 0.4), ("case", 0.25), ("open", 0.25), ("post", 0.10))
"""What somebody at a session does next, with relative frequencies."""


def browsers_of(port: int, notebook: Notebook, logins: list[str]) -> list[HttpBrowser]:
    """A browser for each log-in."""
    return [HttpBrowser("127.0.0.1", port, notebook, login) for login in logins]


def all_signed_in(browsers: list[HttpBrowser]) -> None:
    """Everybody signs in, as in the morning: sixteen at a time."""
    waiting = list(browsers)

    def sign_in() -> None:
        while waiting:
            try:
                browser = waiting.pop()
            except IndexError:
                return
            try:
                browser.sign_in()
            except PageFailed as fault:
                browser.notebook.faults.append(str(fault))

    for thread in started([sign_in] * 16):
        thread.join()


def warm_up(crew: Crew, cases: list[str]) -> None:
    """A newly started process compiles its templates and parses its model once, which is not part of a day's work."""
    for _ in range(WARM_UP_STEPS):
        crew.do_one()
    crew.browsers[0].open(cases[0], "warm up")
    crew.browsers[0].read_inbox("warm up")


def pages_read(browsers: list[HttpBrowser], cases: list[str], scale: Scale) -> None:
    """Inboxes and case pages in turn, by people of all roles, PAGES_PER_SECOND together."""
    stop, turns, lock = threading.Event(), iter(range(10**9)), threading.Lock()

    def read() -> None:
        with lock:
            turn = next(turns)
        browser = browsers[turn // 2 % len(browsers)]
        try:
            if turn % 2 and (case := _case_for(browser, cases)):
                browser.open(case, "pages case")
                return
            browser.read_inbox("pages inbox")
            if browser.tasks and not browser.cases and not _reads_all(browser):
                browser.open_step(random.choice(browser.tasks), "pages step")
                browser.page = None
        except PageFailed as fault:
            browser.notebook.faults.append(str(fault))

    begun, notebook = monotonic(), browsers[0].notebook
    hands = at_pace(read, per_second=PAGES_PER_SECOND, hands=2, until=stop)
    sleep(scale.seconds)
    while min(len(notebook.between(begun, monotonic(), kind)) for kind in ("pages inbox", "pages case")) < FEWEST_PAGES:
        if monotonic() - begun > scale.seconds + STOP_SECONDS:
            break
        sleep(0.1)
    stop.set()
    for hand in hands:
        hand.join(timeout=STOP_SECONDS)


def sessions_work(browsers: list[HttpBrowser], cases: list[str], scale: Scale) -> None:
    """Everybody acts once per pace, at their own moment; an open inbox also polls for news, where it does."""
    stop = threading.Event()
    has_pulse = _has_pulse(browsers[0])
    hands = started([_sitting(browser, cases, scale, stop, has_pulse) for browser in browsers])
    sleep(scale.seconds)
    stop.set()
    for hand in hands:
        hand.join(timeout=STOP_SECONDS)


def _sitting(browser: HttpBrowser, cases: list[str], scale: Scale, stop: threading.Event, has_pulse: bool) -> Callable[[], None]:
    def sit() -> None:
        lot = random.Random(browser.login)
        next_act = monotonic() + lot.random() * scale.pace_seconds
        next_pulse = monotonic() + lot.random() * PULSE_SECONDS if has_pulse else float("inf")
        while not stop.wait(max(0.0, min(next_act, next_pulse) - monotonic())):
            try:
                if next_pulse <= next_act:
                    next_pulse += PULSE_SECONDS
                    browser.open("/inbox/pulse", "session pulse")
                else:
                    next_act += scale.pace_seconds
                    _act_once(browser, cases, lot)
            except PageFailed as fault:
                browser.notebook.faults.append(str(fault))

    return sit


def _act_once(browser: HttpBrowser, cases: list[str], lot: random.Random) -> None:
    wish = lot.choices([name for name, _ in PAGES_SHARE], [share for _, share in PAGES_SHARE])[0]
    ref = browser.notebook.take(browser.tasks) if wish in ("open", "post") and browser.page is None else None
    case = _case_for(browser, cases)
    if browser.page is not None and wish in ("open", "post"):
        browser.send_step("session step")
    elif ref is not None:
        browser.tasks.remove(ref)
        browser.open_step(ref, "session step page")
    elif wish == "case" and case:
        browser.open(case, "session case")
    else:
        browser.read_inbox("session inbox")


def flat_out(crew: Crew, scale: Scale) -> None:
    """As many steps as the server takes."""
    until = monotonic() + min(scale.seconds, 30)

    def run() -> None:
        while monotonic() < until:
            crew.do_one()

    for thread in started([run] * scale.clients):
        thread.join(timeout=STOP_SECONDS + scale.seconds)


def _case_for(browser: HttpBrowser, cases: list[str]) -> str:
    """A case this person may read: any for the centre, one met at a step for an agency; empty if there is none yet."""
    found = cases if _reads_all(browser) else browser.cases
    return random.choice(found) if found else ""


def _reads_all(browser: HttpBrowser) -> bool:
    return int(browser.login[-1]) in (0, 5, 9)


def _has_pulse(browser: HttpBrowser) -> bool:
    try:
        browser.open("/inbox/pulse", "is there a pulse")
    except PageFailed:
        browser.notebook.faults.pop()
        return False
    return True
