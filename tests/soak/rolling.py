"""Releases that follow each other. What the first release and the last ones left, with all that was open in it, is brought to this one
and carried to its end; and two releases work side by side, as docs/machines.md describes, while people notice nothing.

Each installation is made and lived in by the old release's own program: its demonstration, and people of tests.kill at its pages.
"""
from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from lxml import html
from sqlalchemy import create_engine, func, select, text

from benchmark.pages import filled
from casework.db import db
from casework.models import Case
from tests import build
from tests.conftest import environment_of, running
from tests.kill.checking import broken_promises, told_twice, violations
from tests.kill.journal import acts_told, lines_in
from tests.kill.people import WORK, Citizen, Person, Staff, Surroundings
from tests.kill.ports import free_port
from tests.kill.site import PromiseBroken, at_work
from tests.machines.cluster import answers, snapshot, wait
from tests.machines.front import plain_configuration
from tests.postgres import Cluster
from tests.soak import carried_over
from tests.soak.releases import CommandFailed, Program, Running, fits_beside, releases, schema_of, schemas, unpacked, version_of
from tests.soak.runs import Options, Round, Run
from web.config import Config
from web.demo.people import PASSWORD as DEMO_PASSWORD
from workflows.models import WaitingTask
from workflows.running.wakeups import fire_due_timers

KINDS = ("sqlite", "postgresql")
CITIZENS = 4
OF_NGINX = "Hệ thống tạm ngừng trong ít phút"
OF_WITHDRAWAL = "Người phản ánh đang đề nghị rút"
"""In demonstrations since 0.8.0 somebody asks for that, which nobody here decides."""
UNCONFIRMED = "unconfirmed@"
"""The desk of reports whose senders have not said yet that they sent them."""
LEAST_ACTS = 5
"""In each phase, so that none passes unseen."""

LATER = timedelta(days=400)
"""After which every window for rating and objecting is over."""

HOUSE_OF_TWENTY = """
import json, sys
from pathlib import Path
from tests.kill.installation import prepare
print(json.dumps(prepare(Path(sys.argv[1]), sys.argv[2] or None)[1]))
"""
CALL = {"number": "0263 000 0000", "spoke_to": "Trực ban", "reached": "yes", "what": "Đã báo tin."}
STEPS = {*WORK, "approve_answer", "call_hotline"}
AT_WORK = "login LIKE 'vanhanh%' OR login LIKE 'canbo.%' OR login LIKE 'lanhdao.%'"
"""Operators of the demonstration, officers and leaders of its agencies."""

TAKEN_AWAY = "ALTER TABLE report ADD COLUMN of_the_next text NOT NULL DEFAULT ''; ALTER TABLE report ALTER of_the_next DROP DEFAULT"
"""What a migration must not do before the release after: the old program does not fill this."""


@contextmanager
def database(kind: str) -> Iterator[str | None]:
    """The address of an empty PostgreSQL database; None for SQLite."""
    if kind == "sqlite":
        yield None
        return
    cluster = Cluster(durable=True)
    try:
        cluster.start()
        yield cluster.create("rolling")
    finally:
        cluster.stop()


class BehindNginx(Person):
    """Knows the page nginx shows where a machine ended in the middle of a request; it has words, and cannot have what was typed."""

    def refused(self, answer: httpx.Response, typed: Collection[str]) -> None:
        super().refused(answer, () if OF_NGINX in answer.text else typed)


class Sender(BehindNginx, Citizen):
    """A citizen."""


class Desk(BehindNginx, Staff):
    """Also knows the pages of cases that run on an older model, and leaves what nobody here knows to the look at the end."""

    def verb_of(self, page: str) -> str | None:
        names = set(html.fromstring(page).xpath("//button[@name='act']/@value"))
        return super().verb_of(page) or ("verify" if "verify" in names else None)

    def take(self, path: str, page: str) -> str | None:
        if "spoke_to" in page:
            self.send(path, filled(page, path, dict(CALL)))
        elif self.verb_of(page) is not None:
            try:
                there = super().take(path, page)
            except ValueError:                                             # the page offered no agency
                if self.ask(path).status_code == 200:
                    raise
                return None
            # up to 0.9 somebody overtaken in the wrong moment saw a page of two moments, or was told of a field instead of the other person
            for told in [each for each in self.around.complaints if each.startswith(f"{self.who}: ") and "answered with 422" in each]:
                if OF_WITHDRAWAL in told or self.ask(path).status_code != 200:
                    self.around.complaints.remove(told)
            return there
        return None


@contextmanager
def of_releases(address: str, journals: Path, staff: list[str], password: str, *, citizens: int, seed: int) -> Iterator[Surroundings]:
    """People at work until the block ends. Raises PromiseBroken with what they complain of."""
    journals.mkdir(exist_ok=True)
    around = Surroundings(address, journals)
    Staff.password = password
    people: list[Person] = [Sender(f"citizen_{number}_{seed}", around, seed) for number in range(1, citizens + 1)]
    people += [Desk(login, around, seed) for login in staff]
    with at_work(people, around):
        yield around


def carry_over(commit: str, kind: str, options: Options) -> dict[str, Any]:
    """An installation of an old release, with everything that was open in it, goes on under this one until every case has ended."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="langbiang-rolling-")))
        variables = environment_of(folder, stack.enter_context(database(kind)))
        port = free_port()
        variables |= {"LANGBIANG_BASE_URL": f"http://127.0.0.1:{port}"}
        old, new = (Program(code, variables, folder) for code in (unpacked(commit, folder), snapshot(folder)))
        old.start("demo", "--port", str(port), "--data", variables["LANGBIANG_DATA"], port=port).stop()
        config = Config.from_environment(variables)
        staff = asked(config, f"SELECT login FROM account WHERE {AT_WORK}")
        work = partial(of_releases, variables["LANGBIANG_BASE_URL"], folder / "journals", staff, DEMO_PASSWORD)
        with processes(old, port), work(citizens=CITIZENS, seed=options.seed):
            time.sleep(options.runs)
        open_before = asked(config, """SELECT code FROM "case" WHERE closed_at IS NULL""")
        begun = time.monotonic()
        new.command("migrate")
        migrated = time.monotonic() - begun
        said = new.command("verify")
        with processes(new, port), work(citizens=0, seed=options.seed + 1) as around, running(config):
            try:
                wait("every step to be done", lambda: not steps_waiting(), 300)
            except RuntimeError as failure:
                raise PromiseBroken(f"{failure}: {steps_waiting()}; {sorted(set(around.complaints))[:20]}") from failure
        with running(config):
            while fire_due_timers(datetime.now(UTC) + LATER):
                pass
            left = dict(db.session.execute(select(Case.code, Case.state).where(Case.code.in_(open_before), Case.closed_at.is_(None))).all())
            elements = db.session.execute(select(WaitingTask.element, func.count()).where(WaitingTask.state == "waiting")
                                          .group_by(WaitingTask.element)).all()
            told = list(lines_in(folder / "journals"))
            wrong = [*told_twice(told), *broken_promises(told)]
        new.command("verify")
        result = {"release": version_of(commit), "commit": commit[:10], "schema": f"{schema_of(commit)} to {schemas()[-1]}",
                  "open_before": len(open_before), "still_open": left,
                  "waiting_at_the_end": dict(elements), "migrated_seconds": round(migrated, 1),
                  "acts_acknowledged": acts_told(folder / "journals"), "verify": said.splitlines()[-1]}
    if wrong:
        raise PromiseBroken("; ".join(wrong[:20]))
    return result


def asked(config: Config, query: str) -> list[str]:
    """The first column of a query that old and new tables understand."""
    engine = create_engine(config.database_url)
    try:
        with engine.connect() as connection:
            return list(connection.scalars(text(query)))
    finally:
        engine.dispose()


@contextmanager
def processes(program: Program, port: int) -> Iterator[list[Running]]:
    """A server and a worker of a program."""
    started: list[Running] = []
    try:
        started = [program.start("serve", port=port), program.start("worker")]
        yield started
        for each in started:
            each.stop()
    finally:
        for each in started:
            each.kill()


def steps_waiting() -> dict[str, int]:
    """Of steps the people here do, by element: not those that wait for a sender's word, or for one on a withdrawal."""
    query = select(WaitingTask.element, func.count()).join(Case, Case.id == WaitingTask.case_id).where(
        WaitingTask.state == "waiting", WaitingTask.element.in_(STEPS), ~WaitingTask.desk.startswith(UNCONFIRMED), ~Case.withdrawal_asked
    )
    found = dict(db.session.execute(query.group_by(WaitingTask.element)).tuples().all())
    db.session.rollback()
    return found


def side_by_side(commit: str, options: Options, *, afterwards: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Two machines with the release before, people at work through nginx; the tables are migrated, then one machine after the other.

    What `afterwards` does to the database follows the migration. Raises PromiseBroken.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="langbiang-rolling-")))
        address = stack.enter_context(database("postgresql")) or ""
        ports, front = (free_port(), free_port()), free_port()
        code, now = unpacked(commit, folder), snapshot(folder)
        (folder / "data").mkdir()
        staff = json.loads(Program(code, {}, folder).python(HOUSE_OF_TWENTY, str(folder), address).splitlines()[-1])
        variables = environment_of(folder, address) | {"LANGBIANG_BASE_URL": f"http://127.0.0.1:{front}", "LANGBIANG_PUSH": "no"}
        old, new = Program(code, variables, folder), Program(now, variables, folder)
        allow_many_reports(address)
        machines = [stack.enter_context(started(old, port)) for port in ports]
        stack.enter_context(nginx(folder, front, ports))
        journals = folder / "journals"
        phases: list[dict[str, Any]] = []
        with of_releases(variables["LANGBIANG_BASE_URL"], journals, staff, build.PASSWORD, citizens=CITIZENS, seed=options.seed) as around:

            def phase(name: str) -> None:
                before = sum(acts_told(journals).values())
                time.sleep(options.runs)
                wait(f"work in “{name}”", lambda: bool(around.complaints) or sum(acts_told(journals).values()) > before + LEAST_ACTS)
                phases.append({"phase": name, "acts": sum(acts_told(journals).values()) - before,
                               "to_be_sent_again": sum(around.refusals.values())})

            phase("old tables, two old machines")
            tries, seconds = migrate(new)
            if afterwards is not None:
                afterwards(address)
            phase("new tables, two old machines")
            for number, machine in enumerate(machines, 1):
                machine.stop()
                machine.become(new)
                phase(f"new tables, {number} of two machines new")
            cut_off = sum(around.refusals.values())
            machines[0].stop()
            machines[0].become(new)
            phase("a new machine started anew")
            if sum(around.refusals.values()) > cut_off:
                raise PromiseBroken("a machine of this release that ended let somebody send a form again")
        for machine in machines:
            machine.stop()
        wrong = violations(variables, journals)
        said = new.command("verify").splitlines()[-1]
        if wrong:
            raise PromiseBroken("; ".join(wrong[:20]))
        statuses = Counter(line.split()[1] for line in (folder / "requests.log").read_text(encoding="utf-8").splitlines())
        return {"from": version_of(commit), "commit": commit[:10], "schema": f"{schema_of(commit)} to {schemas()[-1]}",
                "migrate_seconds": seconds, "migrate_tries": tries, "phases": phases, "answers_by_status": dict(statuses),
                "acts_acknowledged": acts_told(journals), "verify": said}  # fmt: skip


def migrate(program: Program, tries: int = 10) -> tuple[int, float]:
    """As docs/machines.md says: while people work, begun anew where a table was in use for too long. Returns tries and seconds."""
    begun = time.monotonic()
    for number in range(1, tries + 1):
        try:
            program.command("migrate")
        except CommandFailed as failure:
            if "lock" not in str(failure) or number == tries:
                raise
            time.sleep(1)
        else:
            return number, round(time.monotonic() - begun, 1)
    raise AssertionError


class SideMachine:
    """A server and a worker, of one program and then of another."""

    def __init__(self, program: Program, port: int) -> None:
        self.port = port
        self.become(program)

    def become(self, program: Program) -> None:
        """Start with a program."""
        self.running = [program.start("serve", port=self.port), program.start("worker")]
        self.running[1].await_words("Working.")

    def stop(self) -> None:
        """As systemd does; raises PromiseBroken where one had ended by itself."""
        ended = [f"{each.log.name}: {each.said()[-600:]}" for each in self.running if each.process.poll() is not None]
        for each in self.running:
            each.stop()
        if ended:
            raise PromiseBroken(f"ended by themselves: {ended}")


@contextmanager
def started(program: Program, port: int) -> Iterator[SideMachine]:
    machine = SideMachine(program, port)
    try:
        yield machine
    finally:
        for each in machine.running:
            each.kill()


@contextmanager
def nginx(folder: Path, front: int, ports: tuple[int, int]) -> Iterator[None]:
    """deploy/cluster/nginx.conf before two servers of this machine."""
    (folder / "nginx.conf").write_text(plain_configuration(folder, port=front, servers=ports), encoding="utf-8")
    process = subprocess.Popen(["/usr/sbin/nginx", "-c", folder / "nginx.conf", "-p", folder], stdin=subprocess.DEVNULL)
    try:
        wait("the front to answer", lambda: answers(f"http://127.0.0.1:{front}/healthz"), 30)
        yield
    finally:
        process.terminate()
        process.wait()


def allow_many_reports(address: str) -> None:
    """All citizens here come with one number."""
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO house_setting (key, value, changed_at) VALUES ('reports_a_day_contact', '1000', now())"))
    engine.dispose()


def control(commit: str, options: Options) -> dict[str, Any]:
    """Where the tables no longer fit the old program, the same rehearsal must fail: else it would prove nothing."""
    def take_away(address: str) -> None:
        engine = create_engine(address)
        with engine.begin() as connection:
            connection.execute(text(TAKEN_AWAY))
        engine.dispose()

    try:
        side_by_side(commit, options, afterwards=take_away)
    except PromiseBroken as found:
        return {"found": str(found)[:500]}
    raise PromiseBroken("an old program that no longer fits the tables was not found out")


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    """From the first release and the last two on both databases, and what 0.9.0 may have left; then those beside this one that fit."""
    known = releases()
    first, *others = known
    for version in (first, *others[-2:]):
        for kind in KINDS:
            yield f"{version} carried over on {kind}", partial(carry_over, known[version], kind, options)
    for kind in KINDS:
        yield f"what {carried_over.RELEASE} left, carried over on {kind}", partial(what_was_left, known[carried_over.RELEASE], kind)
    beside = [version for version in others[-2:] if fits_beside(known[version])]
    for version in beside:
        yield f"{version} beside this one", partial(side_by_side, known[version], options)
    yield "the control: tables the old program does not fit", partial(control, known[beside[-1]], options)


def what_was_left(commit: str, kind: str) -> dict[str, Any]:
    with database(kind) as address:
        return carried_over.carry_over(commit, address)


RUN = Run("rolling", "seconds of work in each phase: upgrades from the first and the last releases, and side by side", 20, rounds)
