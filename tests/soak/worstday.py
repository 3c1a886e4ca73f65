"""A province's worst day in ten minutes: on PostgreSQL, four web processes and two workers, everything recomputed afterwards.

    100,000 cases a year / 365 days         =   273 reports on a usual day
    ten times as many on the worst          = 2,730 reports
    each goes its whole way, 13 human steps = 35,490 acts: filed, verified, classified, distributed to one or two agencies, accepted,
                                              answered, now and then redone, approved, published, rated
    in 10 minutes                           = 273 reports a minute, 4.6 a second; 59 acts a second

`--runs` says how many of the ten minutes; each brings 273 reports, evenly over all of the time. Staff take from the inbox what nobody else
has in hand. After the minutes everybody goes on until every report has been rated, and it is said how long that took. Then: nothing
acknowledged lost or doubled, every limit what an oracle works out from the history, the outbox empty, every message arrived once and in
order, `verify` clean.
"""
from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
from lxml import html
from sqlalchemy import func, select

from benchmark.surroundings import processor_seconds
from casework.db import db
from casework.models import Case
from tests.kill.auditing import messages_left
from tests.kill.journal import acts_told
from tests.kill.people import Citizen, Files, Staff, Surroundings
from tests.kill.programs import Database
from tests.kill.site import PromiseBroken, Site, kept_when_broken, site
from tests.soak.clock_oracle import wrong_clocks
from tests.soak.runs import RESULTS, Options, Round, Run
from workflows.models import Incident

YEAR, WORSE, MINUTES = 100_000, 10, 10
REPORTS_A_MINUTE = YEAR // 365 * WORSE // MINUTES
CITIZENS = 24
PROCESSES = 4
HELD = 20.0
"""Seconds for which nobody else takes a step that one has taken."""

TAKEN_AT_ONCE = 6
"""Steps somebody does before looking into the inbox again."""

MORE_STAFF = 6
"""People more of each kind than the twenty of `kills` have: one alone does a few steps a second at most."""

WITH_PHOTO = 0.2
"""The share of reports with a photo, of 160 by 120 points as those of answers: what a photo of a telephone costs is measured elsewhere."""

LOOK_AGAIN = 6.0
"""Seconds until a sender looks again whether an answer has come."""

PATIENCE_SHARE = 6
"""How many times the asked minutes it may take until everything is done."""


class Schedule:
    """When the next report comes, for all who send some."""

    def __init__(self, reports: int, seconds: float) -> None:
        self._lock, self._left, self._between = threading.Lock(), reports, seconds / reports
        self._next = time.monotonic()

    def next_at(self) -> float | None:
        """The instant of one more report; None when all have come."""
        with self._lock:
            if not self._left:
                return None
            self._left -= 1
            self._next += self._between
            return self._next

    @property
    def is_over(self) -> bool:
        return not self._left


class Sender(Citizen):
    """Sends a report when one is due, and rates what was answered while waiting for it."""

    schedule: Schedule
    due: float | None = None
    look_at = 0.0

    def __init__(self, who: str, surroundings: Surroundings, seed: int) -> None:
        super().__init__(who, surroundings, seed)
        self.kept: dict[str, httpx.Cookies] = {}
        """What the browser each report was sent from knows, by the report's code: behind each is somebody else."""

    def act(self) -> None:
        if self.due is None:
            self.due = self.schedule.next_at()
        if self.due is not None and self.due <= time.monotonic():
            self.due = None
            self.file_report()
            return
        if self.look_at <= time.monotonic():
            self.rate()
        self.rest(0.1)

    def file_report(self) -> None:
        self.phone, self.browser.cookies = f"0912{self.lot.randrange(10**6):06}", httpx.Cookies()
        before = len(self.codes)
        super().file_report()
        if len(self.codes) > before:
            self.kept[self.codes[-1]] = httpx.Cookies(self.browser.cookies)

    def photo(self) -> tuple[Files, str]:
        return super().photo() if self.lot.random() < WITH_PHOTO else ([], "")

    def rate(self) -> None:
        """The oldest first: it has most probably been answered."""
        waiting = [code for code in self.codes if code not in self.rated][:1]
        every, self.codes = self.codes, waiting
        self.browser.cookies = self.kept[waiting[0]] if waiting else httpx.Cookies()
        super().rate()
        self.codes = every
        if waiting and waiting[0] not in self.rated:
            self.look_at = time.monotonic() + LOOK_AGAIN


class Busy(Staff):
    """Takes some steps out of the inbox that nobody else has in hand, and does them one after the other."""

    in_hand: dict[str, float]
    turn: threading.Lock

    def act(self) -> None:
        inbox = self.ask("/inbox")
        links = html.fromstring(inbox.text).xpath("//a/@href")
        steps = sorted({path for path in links if path.startswith("/tasks/") and path.count("/") == 2})
        mine = self.taken(steps)
        for path in mine:
            following: str | None = path
            while following is not None and not self.around.stop.is_set():
                page = self.ask(following)
                following = self.take(following, page.text) if page.status_code == 200 else None
                if following is not None and not self.taken([following]):
                    break
        if not mine:
            self.rest(self.lot.uniform(2, 5))

    def taken(self, steps: list[str]) -> list[str]:
        """Those nobody took a while ago, some of them taken now; what was done is in no inbox read later."""
        now = time.monotonic()
        with self.turn:
            mine = [path for path in steps if now - self.in_hand.get(path, -HELD) >= HELD][:TAKEN_AT_ONCE]
            self.in_hand.update(dict.fromkeys(mine, now))
        return mine


def day(options: Options) -> dict[str, Any]:
    """So many minutes of it; raises PromiseBroken."""
    database = Database()
    try:
        database.start()
        with kept_when_broken("worstday", RESULTS / "worstday-broken") as folder:
            more = {"LANGBIANG_PROCESSES": str(PROCESSES), "LANGBIANG_THREADS": "4"}
            with site(folder, database, options.seed, citizens=0, more=more, more_staff=MORE_STAFF) as house:
                return _worked(house, options)
    finally:
        database.stop()


def _worked(house: Site, options: Options) -> dict[str, Any]:
    reports, seconds = REPORTS_A_MINUTE * options.runs, 60.0 * options.runs
    Sender.schedule = Schedule(reports, seconds)
    Busy.in_hand, Busy.turn = {}, threading.Lock()
    logins = [person.who for person in house.people]
    house.people = [Sender(f"citizen_{number}", house.around, options.seed) for number in range(1, CITIZENS + 1)]
    house.people += [Busy(login, house.around, options.seed) for login in logins]
    begun, before = time.monotonic(), taken_by(house)
    for person in house.people:
        person.start()
    time.sleep(seconds)
    at_end, left_at_end = acts_told(house.around.journals), messages_left()
    while acts_told(house.around.journals).get("rate", 0) < reports and not house.around.complaints:
        if time.monotonic() - begun > PATIENCE_SHARE * seconds + 300:
            break
        time.sleep(0.5)
    took = time.monotonic() - begun
    shares = {who: round((now - before[who]) / took, 2) for who, now in taken_by(house).items()}
    told = acts_told(house.around.journals)
    unfinished = reports - told.get("rate", 0)
    ended = house.finish(kinds=set())
    wrong = list(wrong_clocks())
    db.session.rollback()
    incidents = db.session.scalar(select(func.count()).select_from(Incident)) or 0
    cases = db.session.scalar(select(func.count()).select_from(Case)) or 0
    done = sum(told.values())
    found = {
        "reports": reports, "minutes_asked": options.runs, "minutes_taken": round(took / 60, 1), "in_time": took <= seconds * 1.05 + 5,
        "acts": done, "acts_per_second": round(done / took, 1), "reports_rated_per_second": round(told.get("rate", 0) / took, 2),
        "acts_when_the_minutes_were_over": sum(at_end.values()), "messages_left_when_the_minutes_were_over": left_at_end,
        "processors": shares, "cases": cases, "unfinished": unfinished, "incidents": incidents, "wrong_clocks": len(wrong), **ended,
    }  # fmt: skip
    print("  {reports} reports, {acts} acts in {minutes_taken} min ({acts_per_second} a second); lost 0, doubled 0, wrong clocks "
          "{wrong_clocks}, incidents {incidents}; outbox empty {outbox_empty_after_seconds} s after the last act; ".format(**found)
          + ("in time" if found["in_time"] else f"the {options.runs} minutes: missed, "
             f"{found['acts_when_the_minutes_were_over']} acts were done when they were over"), flush=True)  # fmt: skip
    print("  processors at work: " + ", ".join(f"{who} {share}" for who, share in shares.items()), flush=True)
    if wrong or incidents or unfinished or cases != reports or ended["sms"]["doubled"]:
        raise PromiseBroken(f"{found}; " + "; ".join(wrong[:10]))
    return found


def taken_by(house: Site) -> dict[str, float]:
    """Seconds each part has had a processor so far; `people` are this process, which also looks at what is answered."""
    assert house.server.process is not None
    assert house.database is not None
    assert house.database.server is not None
    workers = [worker.process.pid for worker in house.workers if worker.process is not None]
    return {"servers": processor_seconds(house.server.process.pid), "workers": sum(map(processor_seconds, workers)),
            "database": processor_seconds(house.database.server.pid), "people": time.process_time()}


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield "the day", lambda: day(options)


RUN = Run("worstday", "minutes of a province's worst day, 273 reports each, on PostgreSQL, four web processes and two workers", 10, rounds)
