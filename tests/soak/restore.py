"""A cluster that is lost with its bucket, and brought back to a moment: docs/machines.md, typed while people work.

Two databases under Patroni, a storage that speaks S3 and one web machine, each in a network namespace of its own, with the files of
deploy/cluster. pgBackRest saves whole and in part while people of tests.kill file reports and carry cases on; a case is taken out after
the moment. Then both databases, the bucket and the data folder of the web machine are gone.
"""
from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from minio import Minio
from minio.deleteobjects import DeleteObject
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.erasure.quarantine import QuarantineInput
from casework.models import Account, Case, HouseSetting, Report
from casework.permissions import actor_for
from tests import build
from tests.conftest import running
from tests.kill.checking import broken_promises, told_twice
from tests.kill.installation import prepare
from tests.kill.journal import Journal, acts_told, lines_in
from tests.kill.people import Citizen, Person, Staff, Surroundings
from tests.kill.site import at_work
from tests.machines.cluster import ADDRESSES, DATABASES, House, answers, blocks, refuse_missing, shipped, snapshot, wait
from tests.machines.network import Host, NotHere, network
from tests.machines.storage import BUCKET, KEY, REGION, SECRET
from tests.soak.runs import Options, Round, Run
from web.config import Config
from workflows.models import WaitingTask
from workflows.running.acts import act

WEB = "web1"
ADDRESS = f"http://{ADDRESSES[WEB]}:8080"
CITIZENS = 4
NEEDED = {"pgbackrest": "pgbackrest", "rclone": "rclone"}
CERTAIN = 1.0
"""Seconds before the moment up to which what was told must be there; what was told within them may."""


class NotRestored(Exception):
    """Something that was acknowledged before the moment is not there, or something else is wrong."""


class Timed(Journal):
    """A journal that also says when."""

    def __init__(self, journal: Journal) -> None:
        self.who, self._file = journal.who, journal._file

    def told(self, act: str, **facts: Any) -> None:
        super().told(act, at=time.time(), **facts)


class Guide:
    """Types lines on a machine of the rehearsal: folders are the rehearsal's, systemd is nobody's, `langbiang` is a snapshot."""

    def __init__(self, folder: Path, code: Path, variables: dict[str, str]) -> None:
        self.folder, self.code, self.variables = folder, code, variables

    def type(self, host: Host, lines: str, **given: str) -> str:
        """Raises NotRestored with what was printed when a line fails."""
        lines = self.here(host, lines)
        program = f"import sys; sys.path.insert(0, {str(self.code)!r}); import langbiang; langbiang.main()"
        before = f"""systemctl() {{ :; }}
langbiang() {{ {shlex.quote(sys.executable)} -c {shlex.quote(program)} "$@"; }}
"""
        own = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": str(host.folder), **self.variables, **given}
        done = subprocess.run([*host.inside, "bash", "-euc", before + lines], env=own, cwd="/", capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NotRestored(f"{lines.strip()}\n… {(done.stdout + done.stderr)[-3000:]}")
        return done.stdout

    def here(self, host: Host, text: str) -> str:
        """With the folders of the rehearsal."""
        for there, here in self._places(host):
            text = text.replace(there, here)
        return text

    def _places(self, host: Host) -> Iterator[tuple[str, str]]:
        yield "pgbackrest --stanza", f"pgbackrest --config={host.folder}/pgbackrest.conf --stanza"
        yield "langbiang-save-database", f"{host.folder}/langbiang-save-database"
        yield "/etc/pgbackrest.conf", f"{host.folder}/pgbackrest.conf"
        yield "/etc/patroni/config.yml", f"{host.folder}/patroni.yml"
        yield "/etc/langbiang/rclone.conf", f"{self.folder}/rclone.conf"
        yield "/var/lib/postgresql/17/langbiang", f"{host.folder}/data"
        yield "/var/run/postgresql", str(host.folder)
        yield "/var/log/postgresql", str(host.folder)
        yield "/srv/langbiang-files", f"{self.folder}/away"


class Rehearsal:
    """The house, who works in it, and what is saved of it."""

    def __init__(self, house: House, folder: Path, seed: int) -> None:
        self.house, self.folder, self.seed = house, folder, seed
        self.web, self.journals, self.keys = house[WEB], folder / "journals", folder / "keys"
        self.journals.mkdir()
        self.code = snapshot(folder)
        prepared, self.staff = prepare(folder / "prepared", house.own_url())
        self.shared = {"LANGBIANG_KEYRING": prepared["LANGBIANG_KEYRING"], "LANGBIANG_SECRET_KEY": "shared-" + "x" * 40,
                       "LANGBIANG_ALLOW_PLAIN_HTTP": "yes", "LANGBIANG_BASE_URL": ADDRESS, "LANGBIANG_PUSH": "no",
                       **house.storage.variables()}  # fmt: skip

    @property
    def variables(self) -> dict[str, str]:
        """Of a program on the web machine, past the poolers, as commands that keep an installation are called."""
        return self.shared | {"LANGBIANG_DATA": str(self.web.folder / "program"), "LANGBIANG_DATABASE_URL": self.house.own_url()}

    @property
    def guide(self) -> Guide:
        return Guide(self.folder, self.code, self.variables)

    def equip(self) -> None:
        """Each database machine with pgbackrest.conf and what saves it each night, this one with rclone.conf."""
        for name in DATABASES:
            host = self.house[name]
            text = self.guide.here(host, shipped("pgbackrest.conf")).replace("/srv/pgbackrest", f"{self.folder}/repository")
            (host.folder / "pgbackrest.conf").write_text(text.replace("/var/log/pgbackrest", str(host.folder)), encoding="utf-8")
            saves = host.folder / "langbiang-save-database"
            saves.write_text(self.guide.here(host, shipped("langbiang-save-database")), encoding="utf-8")
            saves.chmod(0o755)
            shutil.chown(host.folder / "pgbackrest.conf", "postgres", "postgres")
        for name in ("repository", "away"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "repository", "postgres", "postgres")
        text = shipped("rclone.conf").replace("https://s3.example.vn", self.house.storage.url)
        text = text.replace("access_key_id = change-me", f"access_key_id = {KEY}")
        text = text.replace("secret_access_key = change-me", f"secret_access_key = {SECRET}")
        text = text.replace("region = vn-1", f"region = {REGION}").replace("/srv/langbiang-files", f"{self.folder}/away")
        (self.folder / "rclone.conf").write_text(text, encoding="utf-8")

    def save_database(self, kind: str) -> None:
        """The first time, whole, as docs/machines.md says; then in part, as both machines do it at night."""
        if kind == "full":
            self.guide.type(self.house[self.house.primary() or DATABASES[0]], blocks("Backups")[1])
            return
        for name in DATABASES:
            self.guide.type(self.house[name], "runuser -u postgres -- langbiang-save-database incr")

    def save_bucket(self) -> None:
        self.guide.type(self.web, shipped("langbiang-save-bucket").replace("files:langbiang", f"files:{BUCKET}"))

    def start_web(self) -> None:
        self.house.start_web(WEB, self.shared, code=self.code)
        wait("the web machine to answer", lambda: answers(f"{ADDRESS}/readyz"))

    @contextmanager
    def people(self, seed: int) -> Iterator[Surroundings]:
        """At work until the block ends. Raises PromiseBroken with what they complain of."""
        around = Surroundings(ADDRESS, self.journals)
        Staff.password = build.PASSWORD
        people: list[Person] = [Citizen(f"citizen_{number}_{seed}", around, seed) for number in range(1, CITIZENS + 1)]
        people += [Staff(login, around, seed) for login in self.staff]
        for person in people:
            person.journal = Timed(person.journal)
        with at_work(people, around):
            yield around

    def lose_everything(self) -> None:
        """Both databases at once, then what the bucket and the web machine hold; keys and backups lie elsewhere."""
        shutil.copytree(self.web.folder / "program" / "keys", self.keys)
        for name in (*DATABASES, WEB):
            self.house[name].kill()
        self.house.start_etcd(WEB)
        wait("the lock of who led to run out", lambda: not _led(self.house))
        for name in DATABASES:
            shutil.rmtree(self.house[name].folder / "data")
        shutil.rmtree(self.web.folder / "program")
        bucket = self.bucket()
        lost = [DeleteObject(each.object_name) for each in bucket.list_objects(BUCKET, recursive=True)]
        if list(bucket.remove_objects(BUCKET, lost)):
            raise NotRestored("the bucket could not be emptied")

    def bucket(self) -> Minio:
        return Minio(self.house.storage.url.removeprefix("http://"), access_key=KEY, secret_key=SECRET, secure=False, region=REGION)

    def bring_back(self, moment: datetime) -> dict[str, float]:
        """Line by line as the guide says; returns the seconds each part took."""
        databases, files = blocks("Back")
        first, other = (self.house[name] for name in DATABASES)
        begun = time.monotonic()
        (first.folder / "data").mkdir(mode=0o700)
        shutil.chown(first.folder / "data", "postgres", "postgres")
        self.guide.type(first, databases, MOMENT=moment.isoformat(sep=" "))
        recovered = time.monotonic()
        self.house.start_database(first.name)
        wait("the restored database to lead", lambda: self.house.primary() == first.name)
        led = time.monotonic()
        self.house.start_database(other.name)
        (self.web.folder / "program").mkdir()
        shutil.copytree(self.keys, self.web.folder / "program" / "keys")
        self.guide.type(self.web, files.replace("files:langbiang", f"files:{BUCKET}"), MOMENT=moment.isoformat(sep=" "))
        verified = time.monotonic()
        self.start_web()
        served = time.monotonic()
        self.house.wait_for_standby()
        return {"database_recovered": recovered - begun, "database_leads": led - recovered, "files_erased_again_verified": verified - led,
                "pages_again": served - verified, "until_pages": served - begun, "until_two_databases": time.monotonic() - begun}


def take_out(code: str) -> None:
    """An operator takes a case out of the system, which erases what agencies and people could see of it. In an application's context."""
    now = datetime.now(UTC)
    operator = actor_for(db.session.scalars(select(Account).where(Account.login == "operator")).one(), now=now)
    ref = db.session.scalars(select(Case.ref).where(Case.code == code)).one()
    with unit_of_work():
        act(ref, "quarantine", by=operator, now=now, given=QuarantineInput(reason="Tố cáo cán bộ có tên, theo Luật Tố cáo."))


def lines_of_others(told: list[dict[str, Any]], code: str) -> list[dict[str, Any]]:
    """Without what was told of the case that was taken out."""
    query = select(WaitingTask.ref).join(Case, Case.id == WaitingTask.case_id).where(Case.code == code)
    steps = set(db.session.scalars(query))
    return [line for line in told if line.get("code") != code and line.get("task") not in steps]


def rehearse(options: Options) -> dict[str, Any]:
    """The whole of it. Raises NotRestored with what is wrong."""
    refuse_missing()
    if missing := [package for program, package in NEEDED.items() if shutil.which(program) is None]:
        raise NotHere(f"apt-get install -y --no-install-recommends {' '.join(missing)}")
    folder = Path(tempfile.mkdtemp(prefix="langbiang-restore-"))
    folder.chmod(0o755)
    try:
        with network(folder) as made:
            house = House.build(made, archives=True)
            try:
                return _rehearse(Rehearsal(house, folder, options.seed), seconds=options.runs)
            finally:
                house.storage.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _rehearse(there: Rehearsal, *, seconds: int) -> dict[str, Any]:
    there.equip()
    with running(Config.from_environment(there.variables)), unit_of_work():
        db.session.add(HouseSetting(key="reports_a_day_contact", value=1_000, changed_at=build.NOON))
    there.start_web()
    there.save_database("full")
    with there.people(there.seed):
        wait("work to be under way", lambda: {"file_report", "verify"} <= set(acts_told(there.journals)))
        time.sleep(seconds)
        there.save_database("incr")
        there.save_bucket()
        time.sleep(seconds)
        with psycopg.connect(there.house.superuser_url()) as connection:
            moment = connection.execute("SELECT now()").fetchone()[0]                                  # type: ignore[index]
        wait("acts after the moment", lambda: any(line["at"] > moment.timestamp() + CERTAIN for line in lines_in(there.journals)))
        taken_out = next(line["code"] for line in reversed(list(lines_in(there.journals)))
                         if line["act"] == "file_report" and line["at"] < moment.timestamp() - CERTAIN)  # fmt: skip
        with running(Config.from_environment(there.variables)):
            take_out(taken_out)
        time.sleep(seconds)
        there.save_bucket()
    wait("the log to be away", lambda: _is_archived(there.house))
    there.lose_everything()
    took = there.bring_back(moment)
    told = list(lines_in(there.journals))
    before = [line for line in told if line["at"] <= moment.timestamp() - CERTAIN]
    after = [line for line in told if line["act"] == "file_report" and line["at"] > moment.timestamp() + CERTAIN]
    with running(Config.from_environment(there.variables)):
        others = lines_of_others(before, taken_out)
        wrong = [*told_twice(others), *broken_promises(others)]
        if back := db.session.scalars(select(Report.code).where(Report.code.in_([line["code"] for line in after]))).all():
            wrong.append(f"{len(back)} reports of after the moment are there: it is not the moment that was asked for")
        if db.session.scalars(select(Case.quarantined_at).where(Case.code == taken_out)).one() is None:
            wrong.append(f"{taken_out} was taken out after the moment and is there again")
    if wrong:
        raise NotRestored("; ".join(wrong[:20]))
    with there.people(there.seed + 1):
        time.sleep(seconds)
    print(f"  {len(before)} acts acknowledged before {moment:%H:%M:%S} UTC are there, verify is clean; pages again after "
          f"{took['until_pages']:.0f} s, two databases after {took['until_two_databases']:.0f} s", flush=True)
    return {"acknowledged_before": len(before), "lost_as_asked": len(told) - len(before), "reports_after_the_moment": len(after),
            "took": {name: round(value, 1) for name, value in took.items()}, "members": there.house.said()}


def _led(house: House) -> bool:
    """Whether somebody holds Patroni's lock in etcd."""
    return bool(house.asked_of_etcd("get", "/service/langbiang/leader").strip())


def _is_archived(house: House) -> bool:
    """Whether the present segment of the log has left; a new one is begun for it."""
    with psycopg.connect(house.superuser_url(), autocommit=True) as connection:
        segment = connection.execute("SELECT pg_walfile_name(pg_current_wal_lsn()), pg_switch_wal()").fetchone()[0]   # type: ignore[index]
        time.sleep(3)
        last = connection.execute("SELECT last_archived_wal FROM pg_stat_archiver").fetchone()[0]                      # type: ignore[index]
    return bool(last and last >= segment)


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    """One rehearsal."""
    yield "rehearsal", lambda: rehearse(options)


RUN = Run("restore", "seconds of work around each backup; then all is lost and brought back to a moment (needs root)", 10, rounds)
