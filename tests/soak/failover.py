"""Several machines, the primary database of which dies under load: nothing acknowledged is lost, and the pause is measured.

In network namespaces on one bridge stand nginx, two web machines (PgBouncer, HAProxy, `langbiang serve`, `langbiang worker`), two databases
under Patroni, and a storage that speaks S3; the web machines and the storage's hold etcd. The files are those of deploy/cluster.
People of tests.kill file reports and carry cases on through nginx, by TLS. First every process of the primary's machine is killed, then the
next primary's cable is pulled. Before, strangers try what is closed to them; who watches sees the standby, and then that it is missing.
"""
from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
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
from tests.machines.cluster import ADDRESSES, FRONT, WEBS, House, refuse_missing, secret_of, snapshot, wait
from tests.machines.network import network
from tests.soak.runs import Options, Round, Run
from web.config import Config

SECRET = "shared-by-all-machines-" + "x" * 32
ADDRESS = f"https://{FRONT}"
CLOSED = {
    "front": ("web1:2379", "web1:5432", "db1:5432", "db2:8008", "store:2380"), "web1": ("web2:8080", "web2:6432"),
    "web2": ("web1:8080",), "db1": ("web1:8080", "store:2380"),
}  # fmt: skip
"""From each machine what it has nothing to do with; where nobody listens there it is to be closed all the same."""
KNOCKS = """import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2)
except TimeoutError:
    sys.exit(9)
except OSError:
    pass
"""
"""Ends with 9 where nobody says a word, not even that nobody is there."""
RELOADS = """import sys, urllib.error, urllib.request
try:
    print(urllib.request.urlopen(urllib.request.Request(f"http://{sys.argv[1]}:8008/reload", method="POST"), timeout=5).status)
except urllib.error.HTTPError as refused:
    print(refused.code)
"""
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
                    answer = browser.get(f"{ADDRESS}/reports")
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
                with house.trusted():
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
    shared = {"LANGBIANG_KEYRING": variables["LANGBIANG_KEYRING"], "LANGBIANG_SECRET_KEY": SECRET, "LANGBIANG_BASE_URL": ADDRESS,
              "LANGBIANG_PUSH": "no", **house.variables()}  # fmt: skip
    code = snapshot(folder)
    for name in WEBS:
        house.start_web(name, shared, code=code, reads_replica=True)
    house.start_front()
    house.wait_for_web()
    if found_open := [*_open_within(house), *_open_in_front()]:
        raise RuntimeError(f"open, and ought not to be: {found_open}")
    journals = folder / "journals"
    journals.mkdir()
    watch, around = Watch(), Surroundings(ADDRESS, journals)
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
    wrong = violations(variables | house.variables() | {"LANGBIANG_DATABASE_URL": house.own_url()}, journals)
    statuses = Counter(status for _, status, _ in watch.answers)
    unclear = sorted({status for _, status, after in watch.answers if status not in (200, 503) or (status == 503 and not after)})
    result = {"failovers": found, "acts_acknowledged": acts_told(journals), "answers_by_status": dict(statuses),
              "answers_without_retry_after": unclear, "complaints": around.complaints, "lost_or_wrong": wrong,
              "public_pages_read_from": dict(read_from), "members": house.said(),
              "failures": [failure for name in WEBS for failure in _failures(house[name].folder / "serve.log")]}  # fmt: skip
    if wrong or around.complaints or not read_from["replica"] or any(each["acts_stopped_seconds"] > LONGEST_PAUSE for each in found):
        raise RuntimeError(str(result))
    return result


def _open_within(house: House) -> Iterator[str]:
    """What the machines say to each other, and a stranger among them could say."""
    for name, places in CLOSED.items():
        for place in places:
            machine, _, port = place.partition(":")
            knocks = [*house[name].inside, sys.executable, "-c", KNOCKS, ADDRESSES[machine], port]
            if subprocess.run(knocks, check=False).returncode != 9:
                yield f"{place} from {name}"
    asked = {"key": base64.b64encode(b"/service/langbiang/leader").decode()}
    if httpx.post(f"http://{ADDRESSES['store']}:2379/v3/kv/range", json=asked, timeout=5).status_code == 200:
        yield "etcd without an account"
    for name, refused in (("web1", "403"), ("db1", "401")):
        reloads = [*house[name].inside, sys.executable, "-c", RELOADS, ADDRESSES["db2"]]
        said = subprocess.run(reloads, capture_output=True, text=True, check=True).stdout.strip()
        if said != refused:
            yield f"Patroni from {name} without its password: {said}"


def _open_in_front() -> Iterator[str]:
    """What people reach."""
    token = {"Authorization": f"Bearer {secret_of('metrics')}"}
    for address, refused in ((f"{ADDRESS}/metrics", 404), (f"{ADDRESS}/readyz", 403), (f"http://{FRONT}/hand-over/tickets", 403),
                             (f"http://{FRONT}/", 308)):  # fmt: skip
        answer = httpx.get(address, headers=token, timeout=30)
        if answer.status_code != refused or not answer.headers.get("Location", ADDRESS).startswith(ADDRESS):
            yield f"{address}: {answer.status_code}"


def _told_by(name: str) -> str:
    """What a web machine tells whoever watches; nothing while it cannot."""
    address, token = f"http://{ADDRESSES[name]}:8080/metrics", {"Authorization": f"Bearer {secret_of('metrics')}"}
    try:
        answer = httpx.get(address, headers=token, timeout=30)
    except httpx.TransportError:
        return ""
    return answer.text if answer.status_code == 200 else ""


def _sees_standby(name: str) -> bool:
    told = _told_by(name)
    return 'langbiang_standbys{kind="synchronous"} 1.0' in told and 'langbiang_replica_lag_seconds{name="db' in told


def _misses_standby(name: str) -> bool:
    return 'langbiang_findings{key="no_standby",level="danger"} 1.0' in _told_by(name)


def _pages_read(name: str) -> Counter[str]:
    """How many public pages a machine has read from the primary, and how many from the replica."""
    found = re.findall(r'^langbiang_public_pages_read_total{place="(\w+)"} ([0-9.e+]+)', _told_by(name), re.MULTILINE)
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
    for name in WEBS:
        wait(f"{name} to see the standby", lambda name=name: _sees_standby(name))                                       # type: ignore[misc]
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
    for name in WEBS:
        wait(f"{name} to miss the standby", lambda name=name: _misses_standby(name))                                    # type: ignore[misc]
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
