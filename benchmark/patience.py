"""Browsers of people who do not give up: a request that was put off is sent again, and all of it is timed from when it was due."""

import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from time import monotonic, sleep

from benchmark.pages import PageFailed
from benchmark.visitors import LOST_RACE, HttpBrowser, Notebook

PUT_OFF, CUT_OFF = 503, 599
"""The server asks to come again later; no answer came at all."""

PAUSE_SECONDS = 5.0
"""Before somebody who was not told when to come back tries again."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One request as its sender sees it: when it was due, when its last attempt was sent and answered, and how often it was tried."""

    kind: str
    due: float
    sent: float
    ended: float
    status: int
    tries: int

    @property
    def waited_ms(self) -> float:
        """From the moment it was due: waiting for a free hand and being put off count."""
        return (self.ended - self.due) * 1000

    @property
    def answered_ms(self) -> float:
        """From the moment it was really sent the last time, as a measurement sees it that forgets who is still waiting."""
        return (self.ended - self.sent) * 1000


@dataclass
class Ledger:
    """What became of every request, and what every single attempt was answered."""

    give_up_at: float = float("inf")
    """From this moment (monotonic) on, nobody tries again."""
    wishes: list[Wish] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    put_off: Counter[str] = field(default_factory=Counter)
    """503s `with` and `without` the header Retry-After."""
    led_to: Counter[str] = field(default_factory=Counter)
    """What trying again led to."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answered(self, status: int, retry_after: str) -> None:
        """One attempt."""
        with self.lock:
            self.answers[status] += 1
            if status == PUT_OFF:
                self.put_off["with" if retry_after else "without"] += 1

    def settled(self, wish: Wish) -> None:
        """The end of all attempts."""
        with self.lock:
            self.wishes.append(wish)
            if wish.tries > 1:
                self.led_to[_outcome(wish.status)] += 1


class PatientBrowser(HttpBrowser):
    """Sends a request again, the same form with the same key, while the server puts it off or does not answer.

    `due` is when the next request should start; without it, that is when it does.
    """

    def __init__(self, port: int, ledger: Ledger, login: str = "", cookies: dict[str, str] | None = None) -> None:
        super().__init__("127.0.0.1", port, Notebook(), login)
        self.cookies = dict(cookies or {})
        self.ledger = ledger
        self.due: float | None = None

    def _answered(self, method: str, path: str, kind: str, body: str | None) -> tuple[int, str, str]:
        due, self.due, tries = self.due or monotonic(), None, 0
        while True:
            sent, tries, fault = monotonic(), tries + 1, None
            try:
                status, text, location = super()._answered(method, path, kind, body)
            except PageFailed as cut:
                status, text, location, fault = CUT_OFF, "", "", cut
            retry_after = self.retry_after if fault is None else ""
            self.ledger.answered(status, retry_after)
            back_at = monotonic() + (float(retry_after) if retry_after.isdigit() else PAUSE_SECONDS) + random.random()
            if status not in (PUT_OFF, CUT_OFF) or back_at > self.ledger.give_up_at:
                self.ledger.settled(Wish(kind, due, sent, monotonic(), status, tries))
                if fault is not None:
                    raise fault
                return status, text, location
            self.close()
            sleep(max(0.0, back_at - monotonic()))

    def _note(self, kind: str, begun: float, status: int, path: str) -> None:
        """The ledger has it."""


def _outcome(status: int) -> str:
    if status in LOST_RACE:
        return "found done"
    if status in (PUT_OFF, CUT_OFF):
        return "given up"
    return "done" if status < 400 else "failed"
