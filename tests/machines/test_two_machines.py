"""Two machines share one database behind a pooler and one bucket, and nothing else: whoever is answered by one may go on at the other."""
from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from lxml import html
from sqlalchemy import select

import web
from benchmark.pages import filled
from casework.db import db, unit_of_work
from casework.events import append
from casework.files.bucket import Bucket, BucketFileStore
from casework.models import Account
from casework.permissions import SYSTEM, Role, actor_for
from casework.settings.value_changes import set_value
from casework.verification.anchor_keys import AnchorKeyUnusable
from casework.verification.anchors import anchor_files, write_anchor
from tests import build
from tests.conftest import running
from tests.kill.people import Citizen, Person, Staff, Surroundings, choices_of
from tests.kill.ports import free_port
from tests.machines.pooler import Pooler
from tests.machines.storage import BUCKET, KEY, REGION, SECRET, Storage
from tests.postgres import Cluster
from tests.second_centre import of_the_installation
from web.commands.verify import verify
from web.config import Config
from web.serving import server

START_SECONDS = 120


@dataclass
class Machine:
    """One server with a data folder, a memory and connections of its own: a process that was forked before it had any application."""

    variables: dict[str, str]
    port: int = field(default_factory=free_port)
    pid: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        return Path(self.variables["LANGBIANG_DATA"])

    def start(self) -> None:
        self.pid = os.fork()
        if self.pid:
            return
        try:
            config = Config.from_environment(self.variables | {"LANGBIANG_PORT": str(self.port), "LANGBIANG_BASE_URL": self.address})
            server.serve(web.create_app(config), config)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)

    def wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while True:
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.address}/readyz", verify=False).status_code == 200:
                    return
            if time.monotonic() > end:
                raise RuntimeError(f"no answer from {self.address}")
            time.sleep(0.05)

    def stop(self) -> int:
        """End it as at the end of a day; returns its exit status."""
        os.kill(self.pid, signal.SIGTERM)
        _pid, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return status


@dataclass
class House:
    """Two machines, what they share, and what a third process, the test, needs to look at it."""

    one: Machine
    other: Machine
    config: Config
    journals: Path
    pooler: Pooler
    people: list[Person] = field(default_factory=list)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, postgres: Cluster, postgres_template: str) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("machines")
    postgres.create("machines", template=postgres_template)
    storage, pooler = Storage().start(), Pooler(postgres.folder)
    storage.make_bucket()
    shared = {"LANGBIANG_KEYRING": str(folder / "keyring.json"), "LANGBIANG_SECRET_KEY": "shared-by-all-machines-" + "x" * 32,
              "LANGBIANG_DATABASE_URL": pooler.url("machines"), **storage.variables()}
    machines = []
    for name in ("one", "other"):
        (folder / name).mkdir()
        machines.append(Machine(shared | {"LANGBIANG_DATA": str(folder / name)}))
    config = Config.from_environment(machines[0].variables)
    try:
        with running(config):
            of_the_installation(build.standard_world(), "overseer", Role.ADMINISTRATOR)
        for machine in machines:
            machine.start()
        for machine in machines:
            machine.wait()
        (folder / "journals").mkdir()
        house = House(*machines, config, folder / "journals", pooler)
        yield house
        for each in house.people:
            each.browser.close()
            each.journal.close()
        assert [machine.stop() for machine in machines] == [0, 0]
    finally:
        for machine in machines:
            if machine.pid:
                os.kill(machine.pid, signal.SIGKILL)
        pooler.stop()
        storage.stop()
        postgres.drop("machines")


class Wandering(httpx.Client):
    """A browser whose requests go to one machine and to the other in turn, as a balancer without memory would send them."""

    def __init__(self, house: House) -> None:
        super().__init__(verify=False, timeout=30)
        self._turns = [house.one.address, house.other.address]

    def request(self, method: str, url: httpx.URL | str, **given: object) -> httpx.Response:                # type: ignore[override]
        self._turns.reverse()
        return super().request(method, f"{self._turns[0]}{url}", **given)                                   # type: ignore[arg-type]


Somebody = TypeVar("Somebody", Citizen, Staff)


def person(kind: type[Somebody], who: str, house: House, around: Surroundings) -> Somebody:
    """One of tests.kill.people, at a browser that wanders."""
    Staff.password = build.PASSWORD
    made = kind(who, around, 1)
    made.browser.close()
    made.browser = Wandering(house)
    house.people.append(made)
    return made


@pytest.mark.exhaustive
def test_a_case_is_carried_on_by_two_machines_in_turn(house: House) -> None:
    """Signing in, forms and their tokens, an upload and its photo: page and answer never come from the same machine."""
    around = Surroundings(house.one.address, house.journals)
    citizen, operator = person(Citizen, "citizen_of_two", house, around), person(Staff, "operator", house, around)
    citizen.file_report()
    operator.arrive()
    inbox = operator.ask("/inbox")
    steps = [path for path in html.fromstring(inbox.text).xpath("//a/@href") if path.startswith("/tasks/") and path.count("/") == 2]
    page = operator.ask(steps[0])
    photos = {src for src in html.fromstring(page.text).xpath("//img/@src") if src.startswith("/photos/")}
    assert photos
    for photo in photos:
        for _machine in ("one", "other"):
            assert operator.ask(photo).content[:2] == b"\xff\xd8"
    following = operator.take(steps[0], page.text)
    assert following is not None
    classified = operator.ask(following)
    assert choices_of(classified.text, "complexity")
    operator.take(following, classified.text)
    assert around.complaints == []
    lines = (house.journals / "operator.jsonl").read_text().splitlines()
    assert len(lines) == 2


def test_what_is_set_holds_on_every_machine_from_the_next_request_on(house: House) -> None:
    urls = [f"{machine.address}/reports/new" for machine in (house.one, house.other)]
    for most in ("2", "3"):
        with running(house.config), unit_of_work():
            now = datetime.now(UTC)
            administrator = actor_for(db.session.scalars(select(Account).where(Account.login == "overseer")).one(), now=now)
            set_value("report_photos", most, by=administrator, now=now, reason="Thử hai máy.")
        for url in urls:
            assert f'data-most="{most}"' in httpx.get(url, verify=False).text


def test_wrong_passwords_are_counted_together(house: House) -> None:
    answers = []
    with Wandering(house) as browser:
        for _ in range(12):
            page = browser.get("/sign-in").text
            answers.append(browser.post("/sign-in", data=dict(filled(page, "/sign-in", {"login": "ops_lead", "password": "không phải"}))))
    refused = [answer.status_code for answer in answers]
    assert refused.count(429) >= 1, refused


@pytest.mark.exhaustive
def test_anchors_of_two_machines_are_one_chain(house: House) -> None:
    """Written by whoever comes first, each machine with a whole copy; what somebody changed in one of the copies is found."""
    store = BucketFileStore(Bucket(url=house.config.s3_url, name=BUCKET, key=KEY, secret=SECRET, region=REGION))
    one, other = house.one.data, house.other.data
    now = datetime.now(UTC)
    with running(house.config):
        assert write_anchor(one, now=now, shelf=store) is not None
        with unit_of_work():
            append("rules", "changed", by=SYSTEM, at=now, payload={})
        with pytest.raises(AnchorKeyUnusable):
            write_anchor(other, now=now, shelf=store)
        (other / "keys").mkdir(exist_ok=True)
        (other / "keys" / "anchor_key").write_bytes((one / "keys" / "anchor_key").read_bytes())
        assert write_anchor(other, now=now, shelf=store) is not None
    assert verify(house.config, now=now).faults == []
    names = [path.name for path in anchor_files(one / "anchors")]
    assert names == [path.name for path in anchor_files(other / "anchors")] == ["000001.json", "000002.json"]
    changed = one / "anchors" / "000002.json"
    changed.write_bytes(changed.read_bytes().replace(b'"number":2', b'"number":3'))
    assert "anchor.copies_differ" in {finding.check for finding in verify(house.config, now=now).faults}
    changed.unlink()
    assert verify(house.config, now=now).faults == []


def test_while_the_database_is_away_pages_say_so_and_keep_what_was_typed(house: House) -> None:
    """Also for who is signed in, whose account and language nobody can read now; afterwards the same form is taken."""
    operator = person(Staff, "operator_2", house, Surroundings(house.one.address, house.journals))
    operator.arrive()
    path = "/reports/new"
    words = "Rác đổ ven suối, chưa kịp gửi thì mất kết nối."
    page = operator.ask(path).text
    fields = filled(page, path, {"words": words, "area": choices_of(page, "area")[0], "name": "Nguyễn Thị Thử", "contact": "0912345678",
                                 "consent": "y", "alike_seen": "y"}, act="send")
    house.pooler.kill()
    try:
        for asked in ("/inbox", "/reports", "/", "/sign-in"):
            away = operator.browser.get(asked)
            assert (away.status_code, away.headers["Retry-After"]) == (503, "15"), asked
            assert "đang chuyển máy chủ" in away.text
        sent = operator.browser.post(path, data=dict(fields))
        assert (sent.status_code, words in sent.text) == (503, True)
        assert [httpx.get(f"{house.one.address}/{each}", verify=False).status_code for each in ("healthz", "readyz")] == [200, 503]
    finally:
        house.pooler.start()
    assert operator.browser.get("/inbox").status_code == 200
    assert operator.browser.post(path, data=dict(fields)).status_code == 302
