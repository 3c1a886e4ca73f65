"""Several machines, the primary database of which dies under load: nothing acknowledged is lost, and the pause is measured.

In network namespaces on one bridge stand nginx, two web machines (PgBouncer, HAProxy, `langbiang serve`, `langbiang worker`), two databases
under Patroni, and a storage that speaks S3; the web machines and the storage's hold etcd. The files are those of deploy/cluster.
People of tests.kill file reports and carry cases on through nginx. First every process of the primary's machine is killed, then the next
primary's cable is pulled.
"""
from __future__ import annotations

import json
import re
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

from casework.db import db, unit_of_work
from casework.models import HouseSetting
from tests import build
from tests.conftest import running
from tests.kill.checking import violations
from tests.kill.installation import prepare
from tests.kill.journal import Journal, acts_told
from tests.kill.people import Citizen, Person, Staff, Surroundings
from tests.machines.cluster import ADDRESSES, FRONT, WEBS, House, refuse_missing, snapshot, wait
from tests.machines.network import network
from tests.soak.runs import Options, Round, Run
from web.config import Config

SECRET = "shared-by-all-machines-" + "x" * 32
CITIZENS = 4
BEFORE, AFTER = 20.0, 25.0
"""Seconds of work before the primary dies, and after answers have come again."""

LONGEST_PAUSE = 30.0
MOST_FAILURES = 10
"""Of each machine, shown when the run fails."""


class Watch(threading.Thread):
    """Opens a public page again and again, and notes when which status came; and when acts were acknowledged."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.answers: list[tuple[float, int, str]] = []
        self.acts: list[float] = []
        self.stop = threading.Event()

    def run(self) -> None:
        with httpx.Client(timeout=30) as browser:
            while not self.stop.wait(0.2):
                try:
                    answer = browser.get(f"http://{FRONT}/reports")
                    status, after = answer.status_code, answer.headers.get("Retry-After", "")
                except httpx.TransportError:
                    status, after = 0, ""
                self.answers.append((time.monotonic(), status, after))

    def longest_gap(self, since: float, moments: list[float]) -> float:
        """Seconds without one of the moments, from an instant on."""
        later = [since, *sorted(each for each in moments if each > since)]
        return max((after - before for before, after in pairwise(later)), default=float("inf"))

    def good(self) -> list[float]:
        return [moment for moment, status, _ in self.answers if status == 200]


class Clocked(Journal):
    """A journal that also says when."""

    def __init__(self, journal: Journal, acts: list[float]) -> None:
        self.who, self._file, self._acts = journal.who, journal._file, acts

    def told(self, act: str, **facts: Any) -> None:
        super().told(act, **facts)
        self._acts.append(time.monotonic())


def rehearse(options: Options) -> dict[str, Any]:
    """The whole of it; raises RuntimeError with what is wrong."""
    refuse_missing()
    folder = Path(tempfile.mkdtemp(prefix="langbiang-failover-"))
    folder.chmod(0o755)
    try:
        with network(folder) as made:
            house = House.build(made)
            try:
                return _rehearse(house, folder, options)
            finally:
                house.storage.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _rehearse(house: House, folder: Path, options: Options) -> dict[str, Any]:
    variables, staff = prepare(folder / "prepared", house.own_url())
    with running(Config.from_environment(variables)), unit_of_work():
        # all citizens come with one number here, and the limit counts what they send to either machine
        db.session.add(HouseSetting(key="reports_a_day_contact", value=1_000, changed_at=build.NOON))
    shared = {"LANGBIANG_KEYRING": variables["LANGBIANG_KEYRING"], "LANGBIANG_SECRET_KEY": SECRET, "LANGBIANG_ALLOW_PLAIN_HTTP": "yes",
              "LANGBIANG_BASE_URL": f"http://{FRONT}", "LANGBIANG_PUSH": "no", "LANGBIANG_METRICS_TOKEN": SECRET,
              **house.storage.variables()}  # fmt: skip
    code = snapshot(folder)
    for name in WEBS:
        house.start_web(name, shared, code=code, reads_replica=True)
    house.start_front()
    house.wait_for_web()
    journals = folder / "journals"
    journals.mkdir()
    watch, around = Watch(), Surroundings(f"http://{FRONT}", journals)
    people = _people(around, staff, options.seed, watch)
    watch.start()
    for person in people:
        person.start()
    found = []
    try:
        wait("work to be under way", lambda: {"file_report", "verify"} <= set(acts_told(journals)))
        for how in ("killed", "cut off")[: options.runs]:
            time.sleep(BEFORE)
            found.append(_fail(house, watch, how))
            print("  the primary {primary} was {how}: no page for {pages_stopped_seconds} s, no act acknowledged for "
                  "{acts_stopped_seconds} s; {next} leads".format(**found[-1]), flush=True)
            time.sleep(AFTER)
    finally:
        around.stop.set()
        for person in people:
            person.join(150)
        watch.stop.set()
    read_from = sum((_pages_read(name) for name in WEBS), Counter())
    for name in WEBS:
        house[name].stop(["serve"], ["worker"])
    wrong = violations(variables | house.storage.variables() | {"LANGBIANG_DATABASE_URL": house.own_url(),
                                                                "LANGBIANG_ALLOW_PLAIN_HTTP": "yes"}, journals)
    statuses = Counter(status for _, status, _ in watch.answers)
    unclear = sorted({status for _, status, after in watch.answers if status not in (200, 503) or (status == 503 and not after)})
    result = {"failovers": found, "acts_acknowledged": acts_told(journals), "answers_by_status": dict(statuses),
              "answers_without_retry_after": unclear, "complaints": around.complaints, "lost_or_wrong": wrong,
              "public_pages_read_from": dict(read_from), "members": house.said(),
              "failures": [failure for name in WEBS for failure in _failures(house[name].folder / "serve.log")]}  # fmt: skip
    if wrong or around.complaints or not read_from["replica"] or any(each["acts_stopped_seconds"] > LONGEST_PAUSE for each in found):
        raise RuntimeError(str(result))
    return result


def _pages_read(name: str) -> Counter[str]:
    """How many public pages a machine has read from the primary, and how many from the replica."""
    told = httpx.get(f"http://{ADDRESSES[name]}:8080/metrics", headers={"Authorization": f"Bearer {SECRET}"}, timeout=30)
    found = re.findall(r'^langbiang_public_pages_read_total{place="(\w+)"} ([0-9.e+]+)', told.text, re.MULTILINE)
    return Counter({place: int(float(number)) for place, number in found})


def _failures(log: Path) -> list[dict[str, Any]]:
    """What a server says of its failures, which nobody can read any more when the machines are gone."""
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("level") == "error" and line.get("what") not in ("away", "no rollback")][:MOST_FAILURES]


def _people(around: Surroundings, staff: list[str], seed: int, watch: Watch) -> list[Person]:
    Staff.password = build.PASSWORD
    people: list[Person] = [Citizen(f"citizen_{number}", around, seed) for number in range(1, CITIZENS + 1)]
    people += [Staff(login, around, seed) for login in staff]
    for person in people:
        person.journal = Clocked(person.journal, watch.acts)
    return people


def _fail(house: House, watch: Watch, how: str) -> dict[str, Any]:
    """Let the primary die, wait for the other and for the old one's return as its standby."""
    house.wait_for_standby()
    primary = house.primary()
    assert primary is not None
    since = time.monotonic()
    processes = house[primary].kill() if how == "killed" else len(house[primary].pids())
    if how == "cut off":
        house[primary].pull_cable()
    wait("another primary", lambda: house.primary() not in (None, primary))
    led = time.monotonic() - since
    wait("acts to be acknowledged again", lambda: any(act > since + led for act in list(watch.acts)))
    time.sleep(5)
    pages, acts = watch.longest_gap(since, watch.good()), watch.longest_gap(since, list(watch.acts))
    following = house.primary()
    if how == "killed":
        house.start_database(primary)
    else:
        house[primary].plug_in()
    house.wait_for_standby()
    return {"how": how, "primary": primary, "next": following, "processes": processes, "led_after_seconds": round(led, 1),
            "pages_stopped_seconds": round(pages, 1), "acts_stopped_seconds": round(acts, 1),
            "old_one_back_after_seconds": round(time.monotonic() - since, 1)}


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    """One rehearsal."""
    yield "rehearsal", lambda: rehearse(options)


RUN = Run("failover", "times the primary database dies under load, two machines of each kind (needs root and Debian packages)", 2, rounds)
