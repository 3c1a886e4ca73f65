"""How the installation says how it is: jobs and processes tell of themselves, /metrics for machines, the health page for people."""
from __future__ import annotations

import ast
import inspect
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
import yaml
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import Breach, ChannelFault, ProgramProcess, RecurringJob, TextTemplate, UpkeepMark
from casework.permissions import Role
from casework.rights.breaches import AUTHORITY, BreachFacts, close_breach, lock_breach, open_breach, record_notice
from casework.settings.gaps import Gaps
from casework.settings.value_changes import set_value
from casework.upkeep import jobs as job_records
from casework.upkeep.jobs import know_jobs
from casework.upkeep.server_processes import begin_process, leave_mark
from casework.zalo.consent import AccountSeen
from tests import build
from tests.conftest import client_of
from tests.second_centre import of_the_installation
from tests.web.desk import Office, statements_of
from tests.web.pages import words_of
from web import create_app, engine_options
from web.config import Config
from web.http.replica_lag import ReplicaState
from web.request_log import LOGGER, slow_queries, watch_statements
from web.watching import findings as finding_rules
from web.watching import findings_of_channels, findings_of_keeping, findings_of_settings, findings_of_standbys, findings_of_zalo
from web.watching import jobs as job_watch
from web.watching.command import health_lines
from web.watching.exposed_keys import exposed_keys
from web.watching.figures import Backlog, Disk, Figures, Standbys, count
from web.watching.finding import Level
from web.watching.findings import Surroundings, findings, is_sound
from web.watching.job_threads import CONNECTIONS, KEPT, OTHERS_AT_ONCE, QUICK_AT_ONCE
from web.watching.job_words import WHAT
from web.watching.jobs import SECOND, Jobs, kept_time
from web.watching.spans import span
from web.watching.surroundings import surroundings
from workflows.jobs import INTERVALS, Job

NOW = build.NOON
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TOKEN = "t" * 40
WAIT_SECONDS = 60
KNOWN = BreachFacts(*["Khóa bị lộ."] * 5)
MONITORING = Path(__file__).parent.parent.parent / "deploy" / "monitoring"


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    there = Office(sqlite_app)
    for name, role in (("overseer", Role.ADMINISTRATOR), ("state_inspector", Role.INSPECTOR)):
        there.world.people[name] = of_the_installation(there.world, name, role)
    return there


# -- jobs tell of themselves -------------------------------------------------------------------------------------------


@contextmanager
def working(app: Flask, *jobs: Job) -> Iterator[Jobs]:
    running = Jobs(app, jobs, "worker")
    running.start()
    try:
        yield running
    finally:
        running.shutdown()


def until(holds: Callable[[], Any]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
        db.session.rollback()


def row_of(name: str) -> RecurringJob:
    return db.session.get_one(RecurringJob, name, populate_existing=True)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What else takes seconds, in hundredths."""
    monkeypatch.setattr(job_watch, "TURN_SECONDS", 0.02)
    for name in ("HEARS_EVERY", "TELLS_EVERY", "SPREAD_SMALL", "SPREAD_LARGE"):
        monkeypatch.setattr(job_watch, name, timedelta(seconds=0.1))


@pytest.mark.usefixtures("quick")
class TestJobs:
    def test_the_scheduler_is_never_asked_while_rows_are_held(self, sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        """One that is ending answers nobody before its last job is done, and that job may be waiting for the very rows."""
        held, asked = list[bool](), Jobs._next_times
        monkeypatch.setattr(Jobs, "_next_times", lambda *it: held.append(db.session().info.get("in_unit_of_work", False)) or asked(*it))
        with working(sqlite_app, Job("counting", MINUTE, lambda _moment: 1)):
            until(lambda: held)
        assert not any(held)

    def test_a_failure_is_told_at_once_and_an_empty_run_in_time(self, app: Flask) -> None:
        def fail(_now: datetime) -> None:
            raise ValueError("0912 345 678")

        empty: list[datetime] = []
        with working(app, Job("failing", HOUR, fail), Job("empty", timedelta(seconds=0.1), empty.append)):
            until(lambda: row_of("failing").failures)
            told = row_of("empty").runs
            until(lambda: len(empty) > told + 3)
            assert row_of("empty").runs == told, "what found nothing to do is told with the next beat"
            failing = row_of("failing")
            assert (failing.result, failing.error, failing.running_id) == ("failed", "ValueError", None)
            assert re.fullmatch(r"web/watching/jobs\.py:\d+ perform", failing.error_place or ""), "the last place within the program"
            assert "0912" not in repr(vars(failing))
            process = db.session.scalars(select(ProgramProcess)).one()
            assert (process.kind, process.ended_at, failing.worker) == ("worker", None, f"{process.host} #{process.pid}")
            assert process.memory > 10_000_000
        db.session.rollback()
        assert row_of("empty").runs == len(empty)
        assert db.session.scalars(select(ProgramProcess.ended_at)).one() is not None

    def test_of_two_workers_one_does_the_large_jobs_and_a_start_does_them_not_again(self, app: Flask) -> None:
        runs: list[datetime] = []
        large = Job("large", HOUR, runs.append)
        with working(app, large), working(app, large):
            until(lambda: row_of("large").runs)
            time.sleep(0.3)
        with working(app, large):
            time.sleep(0.3)
        assert len(runs) == 1
        db.session.rollback()
        next_at = row_of("large").next_at
        assert next_at is not None
        assert timedelta(minutes=50) < next_at - datetime.now(UTC) < timedelta(minutes=70)

    def test_what_an_administrator_wants_runs_at_once_and_once(self, app: Flask) -> None:
        runs: list[datetime] = []
        large = Job("large", HOUR, runs.append)
        with working(app, large), working(app, large):
            until(lambda: row_of("large").runs)
            with unit_of_work():
                db.session.get_one(RecurringJob, "large").wanted_at = datetime.now(UTC)
            until(lambda: len(runs) == 2)
            time.sleep(0.3)
        assert len(runs) == 2

    @pytest.mark.parametrize("is_heard_by", ["the worker that runs it", "another worker"])
    def test_what_is_wanted_while_the_job_runs_is_done_when_that_run_is_over(self, app: Flask, is_heard_by: str) -> None:
        runs, may_end = list[datetime](), threading.Event()

        def take_long(moment: datetime) -> None:
            runs.append(moment)
            may_end.wait(WAIT_SECONDS)

        large = Job("large", HOUR, take_long)
        with working(app, large) as first:
            until(lambda: runs)
            with ExitStack() as others:
                if is_heard_by == "another worker":
                    first._heard += HOUR
                    others.enter_context(working(app, large))
                with unit_of_work():
                    db.session.get_one(RecurringJob, "large").wanted_at = datetime.now(UTC)
                until(lambda: row_of("large").wanted_at is None)
                time.sleep(0.5)
                assert len(runs) == 1
                may_end.set()
                until(lambda: len(runs) == 2)
                time.sleep(0.5)
                assert len(runs) == 2

    def test_a_small_job_that_is_wanted_runs_at_once_and_once(self, app: Flask) -> None:
        runs: list[datetime] = []
        with working(app, Job("small", MINUTE, runs.append)):
            until(lambda: runs)
            with unit_of_work():
                db.session.get_one(RecurringJob, "small").wanted_at = datetime.now(UTC)
            until(lambda: len(runs) == 2)
            time.sleep(1)
        assert len(runs) == 2

    def test_a_large_job_that_failed_is_tried_again_long_before_its_next_time(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(job_records, "AGAIN_AFTER", timedelta(seconds=0.2))
        monkeypatch.setattr(job_watch, "SEEN_EVERY", timedelta(seconds=0.1))
        runs: list[datetime] = []

        def fail_twice(moment: datetime) -> None:
            runs.append(moment)
            if len(runs) < 3:
                raise OSError

        daily = Job("daily", 24 * HOUR, fail_twice)
        with working(app, daily), working(app, daily):
            until(lambda: row_of("daily").result == "done")
            time.sleep(0.5)
        assert len(runs) == 3

    @pytest.mark.exhaustive(but=2)
    @pytest.mark.on_both
    def test_jobs_that_a_storage_holds_up_hold_up_no_timer_with_few_threads_for_pages(self, config: Config) -> None:
        app, back, held, fired = create_app(replace(config, threads=1), runs_jobs=True), threading.Event(), list[str](), list[datetime]()

        def hang(_now: datetime) -> None:
            db.session.scalar(select(RecurringJob.name).limit(1))
            # who makes a file tells how far it has come, in a session of its own
            with app.app_context():
                db.session.scalar(select(RecurringJob.name).limit(1))
                held.append("")
                back.wait(30)

        def fire(now: datetime) -> None:
            db.session.scalar(select(RecurringJob.name).limit(1))
            fired.append(now)

        makers = [Job(name, SECOND, hang) for name in ("make_outputs", "make_letter_files")]
        # together as many as there are threads: with more, they might have them all before the makers come
        others = [Job(f"other_{number}", SECOND, lambda _now: back.wait(30)) for number in range(OTHERS_AT_ONCE - len(makers))]
        try:
            with app.app_context(), working(app, *makers, *others, Job("fire_due_timers", SECOND / 10, fire)):
                until(lambda: len(held) == len(makers))
                db.session.rollback()
                before = len(fired)
                until(lambda: len(fired) > before + 5)
                back.set()
        finally:
            back.set()
            with app.app_context():
                db.engine.dispose()

    @pytest.mark.parametrize("hours", [-2, 2])
    def test_a_clock_that_is_put_stops_no_job(self, sqlite_app: Flask, hours: int) -> None:
        ran: list[float] = []
        seldom = Job("seldom", timedelta(seconds=60), lambda _: None)
        often = Job("often", timedelta(seconds=0.2), lambda _: ran.append(time.monotonic()))
        with time_machine.travel(datetime.now(UTC), tick=True) as clock, working(sqlite_app, often, seldom) as running:
            until(lambda: len(ran) > 2)
            clock.move_to(datetime.now(UTC) + timedelta(hours=hours))
            put_at, before = time.monotonic(), len(ran)
            until(lambda: len(ran) > before + 2)
            assert ran[before + 2] - put_at < 60, "not when the clock has come there again"
            left = running.scheduler.get_job("seldom").next_run_time - datetime.now(UTC)
            assert timedelta() < left <= timedelta(seconds=60)

    def test_a_database_that_is_away_loses_no_count(self, sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        away = threading.Event()
        record = job_watch.record_runs

        def recording(*args: Any, **kwargs: Any) -> None:
            if away.is_set():
                raise OSError
            record(*args, **kwargs)

        monkeypatch.setattr(job_watch, "record_runs", recording)
        runs: list[datetime] = []
        away.set()
        with working(sqlite_app, Job("counted", timedelta(seconds=0.1), lambda now: len(runs) or runs.append(now) or 1)):
            time.sleep(0.5)
            away.clear()
            until(lambda: row_of("counted").runs > 3)


def test_there_is_a_thread_for_each_quick_job_and_a_connection_for_whatever_runs_at_a_time(sqlite_config: Config) -> None:
    assert (set(INTERVALS) >= job_watch.QUICK, len(job_watch.QUICK)) == (True, QUICK_AT_ONCE)

    def most(config: Config, **named: bool) -> int:
        options = engine_options(config, **named)
        return int(options["pool_size"] + options["max_overflow"])

    few = replace(sqlite_config, threads=1)
    assert [most(few), most(few, runs_jobs=True), most(replace(few, demo=True))] == [3, CONNECTIONS, CONNECTIONS + 3]
    assert CONNECTIONS > QUICK_AT_ONCE + OTHERS_AT_ONCE
    handbook = (MONITORING.parent.parent / "docs" / "operations.md").read_text(encoding="utf-8")
    assert f"a worker up to {CONNECTIONS}, of which it keeps {KEPT}" in handbook


def test_a_job_that_ran_while_the_clock_was_put_keeps_its_new_time() -> None:
    after = NOW + 2 * HOUR
    assert kept_time(NOW + 10 * MINUTE, HOUR, before=NOW, after=after) == after + 10 * MINUTE
    assert kept_time(after + 30 * MINUTE, HOUR, before=NOW, after=after) == after + 30 * MINUTE, "ran in between, by the new clock"
    back = NOW - 2 * HOUR
    assert kept_time(NOW + 10 * MINUTE, HOUR, before=NOW, after=back) == back + 10 * MINUTE
    assert kept_time(NOW + 30 * HOUR, HOUR, before=NOW, after=NOW + MINUTE) == NOW + MINUTE + HOUR, "never longer than from run to run"
    assert kept_time(NOW - HOUR, HOUR, before=NOW, after=NOW + MINUTE) == NOW + MINUTE, "what is overdue runs now"


def test_every_job_has_words_and_slow_statements_are_counted_with_what_they_were_for(
    sqlite_app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    assert set(INTERVALS) == set(WHAT)
    watch_statements(db.engine, slow_ms=0)
    before = slow_queries()
    LOGGER.propagate = True
    try:
        looks = select(UpkeepMark.kind).where(UpkeepMark.kind == "geheim")
        job_watch.perform(sqlite_app, Job("slow", HOUR, lambda _: db.session.scalar(looks)))
    finally:
        LOGGER.propagate = False
    record = next(each for each in caplog.records if each.message == "slow query" and "upkeep_mark" in each.statement)
    assert record.work == "slow"
    assert "geheim" not in record.statement
    assert slow_queries() > before


# -- for machines ------------------------------------------------------------------------------------------------------


def metrics_of(app: Flask, *, address: str = "127.0.0.1", **headers: str) -> tuple[int, str]:
    answer = client_of(app).get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})
    return answer.status_code, answer.get_data(as_text=True)


def test_metrics_are_for_this_machine_and_for_who_holds_the_token(sqlite_app: Flask) -> None:
    assert metrics_of(sqlite_app)[0] == 200
    assert metrics_of(sqlite_app, Host="web-2.internal:8080")[0] == 200, "each of several servers is asked by its own name"
    assert metrics_of(sqlite_app, address="10.0.0.7")[0] == 404
    assert metrics_of(sqlite_app, **{"X-Forwarded-For": "127.0.0.1"})[0] == 404
    assert metrics_of(sqlite_app, Authorization="Bearer ")[0] == 404, "no token is set"
    sqlite_app.config["METRICS_TOKEN"] = TOKEN
    assert metrics_of(sqlite_app, address="10.0.0.7", Authorization=f"Bearer {TOKEN}")[0] == 200
    assert metrics_of(sqlite_app, address="10.0.0.7", Authorization=f"Bearer {TOKEN[1:]}")[0] == 404
    sqlite_app.config["METRICS"] = False
    assert metrics_of(sqlite_app, Authorization=f"Bearer {TOKEN}")[0] == 404
    sqlite_app.config.update(METRICS=True, METRICS_TOKEN="")


def test_metrics_tell_what_is_so_and_ask_the_database_once_in_a_while(app: Flask) -> None:
    world = build.standard_world()
    case = build.file_report(world).case
    app.config["CLOCK"] = lambda: NOW
    with unit_of_work():
        know_jobs(["write_anchors"])
        db.session.get_one(RecurringJob, "write_anchors").runs = 7
        begin_process("worker", host="may-1", pid=4711, version="0.9.0", schema="0011", now=NOW)
        leave_mark("backup", is_well=True, facts={}, now=NOW - HOUR)
    app.extensions.pop("figures", None)
    client_of(app).open("/metrics", method="GEHEIM")
    asked = statements_of(lambda: metrics_of(app))
    text = metrics_of(app)[1]
    for line in (
        'langbiang_cases_open{state="to_verify"} 1.0', "langbiang_steps_unclaimed 1.0", "langbiang_reports_filed_today 1.0",
        'langbiang_job_runs_total{job="write_anchors"} 7.0', 'langbiang_processes{kind="worker"} 1.0',
        'langbiang_upkeep_age_seconds{kind="backup"} 3600.0', 'langbiang_deliveries_due{channel="sms"} 0.0',
    ):  # fmt: skip
        assert line in text
    assert 'langbiang_http_requests_total{method="GET",route="/metrics",status="200"}' in text
    assert "GEHEIM" not in text, "what a stranger makes up is no label"
    assert case.code not in text
    assert "Nguyễn" not in text
    assert asked > 10
    assert statements_of(lambda: metrics_of(app)) == 0


def test_what_dashboard_and_alerts_ask_for_is_there(sqlite_app: Flask) -> None:
    build.standard_world()
    sqlite_app.config["CLOCK"] = lambda: NOW
    with unit_of_work():
        know_jobs(["write_anchors"])
        db.session.get_one(RecurringJob, "write_anchors").ended_at = NOW
        begin_process("worker", host="may-1", pid=1, version="0.9.0", schema="0011", now=NOW)
    sqlite_app.extensions.pop("figures", None)
    client_of(sqlite_app).get("/")
    text = metrics_of(sqlite_app)[1]
    there = set(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE)) | set(re.findall(r"^(\w+)[ {]", text, re.MULTILINE))
    files = [MONITORING / "grafana-dashboard.json", MONITORING / "alerts.yml"]
    asked = {name for file in files for name in re.findall(r"\blangbiang_\w+", file.read_text(encoding="utf-8"))}
    assert len(asked) > 20
    assert asked <= there | {"langbiang_anchor_age_seconds"}, "no anchor was written here"
    assert 'langbiang_findings{key="keys",level="danger"} 1.0' in text, "what the page says machines are told as well"


OF_THEIR_OWN = {
    "backup": "BackupOld", "clocks": "ClocksDiffer", "deliveries": "MessagesStuck", "disk": "DiskLow", "failing_job": "JobFailing",
    "files": "FilesWaiting", "given_up": "MessagesGivenUp", "hidden_standby": "StandbyHidden", "incidents": "Incidents",
    "no_worker": "NoWorker", "public_replica": "PublicReplicaAway", "replica": "StandbyBehind", "timers": "TimersLate",
    "unrouted": "MessagesUnrouted",
}  # fmt: skip
"""Alerts that ask for a figure instead of what the page says, by the key of that."""


def keys_of_findings() -> set[str]:
    """Of everything the health page can say."""
    modules = (finding_rules, findings_of_channels, findings_of_keeping, findings_of_settings, findings_of_standbys, findings_of_zalo)
    calls = (node for module in modules for node in ast.walk(ast.parse(inspect.getsource(module)))
             if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding")  # fmt: skip
    return {ast.literal_eval(call.args[1]) for call in calls}


def test_whatever_the_health_page_says_there_is_an_alert_for_once() -> None:
    written = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))
    alerts = {rule["alert"]: rule["expr"] for group in written["groups"] for rule in group["rules"]}
    rest = re.search(r'key!~"([\w|]+)"', alerts["LangbiangHealthPage"])
    assert rest is not None
    left_out = rest.group(1).split("|")
    by_key = re.findall(r'langbiang_findings\{key="(\w+)"', " ".join(alerts.values()))
    assert sorted(left_out) == sorted({*by_key, *OF_THEIR_OWN})
    assert set(left_out) <= keys_of_findings(), "a key nobody says any more would leave its alert dead"
    assert {f"Langbiang{name}" for name in OF_THEIR_OWN.values()} <= set(alerts)
    assert {key for _, key, _ in BROKEN.values()} <= keys_of_findings()


def test_a_folder_that_is_named_is_watched_where_it_lies_on_a_disk_of_its_own(sqlite_app: Flask, tmp_path: Path) -> None:
    elsewhere, missing = Path("/dev/shm"), tmp_path / "not-mounted"
    if elsewhere.stat().st_dev == Path(sqlite_app.config["DATA"]).stat().st_dev:
        elsewhere = Path("/proc")
    sqlite_app.config["DISKS"] = (tmp_path, Path(sqlite_app.config["DATA"]), elsewhere, missing)
    found = count(sqlite_app, NOW)
    sqlite_app.config["DISKS"] = ()
    assert str(elsewhere) in found.disks
    assert str(sqlite_app.config["DATA"]) not in found.disks, "its disk is told already"
    assert found.unseen_disks == (str(missing),)


# -- for people --------------------------------------------------------------------------------------------------------


@pytest.fixture
def sound(sqlite_app: Flask) -> Figures:
    """An installation in which all is well."""
    build.standard_world()
    sqlite_app.config["CLOCK"] = lambda: NOW
    empty = count(sqlite_app, NOW)
    first, second = (
        ProgramProcess(kind="worker", host="may-1", pid=pid, version="0.9.0", schema="0011", started_at=NOW - HOUR, seen_at=NOW,
                       slow_queries=0, memory=1, clock_ahead_ms=0) for pid in (1, 2)
    )  # fmt: skip
    done = {kind: UpkeepMark(kind=kind, done_at=NOW - HOUR, well_at=NOW - HOUR, is_well=True, facts={"keys": ["k1"]})
            for kind in ("backup", "keys", "verify")}  # fmt: skip
    jobs = {name: RecurringJob(name=name, ended_at=NOW, failures_in_a_row=0) for name in INTERVALS}
    return replace(empty, processes=(first, second), marks=done, jobs=jobs, disks={"data": Disk(10**11, 5 * 10**10)}, anchored_at=NOW,
                   event_at=NOW)  # fmt: skip


AROUND = Surroundings(Gaps(), "0011", "0011", frozenset({"k1"}), frozenset({"email"}))


def keys_of(found: Figures, around: Surroundings = AROUND) -> list[str]:
    return [each.key for each in findings(found, around)]


def altered(found: Figures, place: str, **values: Any) -> Figures:
    """With other values in the worker, in a trace or in a job."""
    rows: dict[str, Any] = {"worker": found.processes[0], **found.marks, **found.jobs}
    for name, value in values.items():
        setattr(rows[place], name, value)
    return found


def fault_of(channel: str, said: str, template: str = "", *, mends_itself: bool = False) -> ChannelFault:
    return ChannelFault(of=f"{channel} {template}".strip(), channel=channel, template=template, said=said,
                        asks_administrator=not mends_itself, since=NOW - HOUR, last_at=NOW, times=3, held_until=NOW + MINUTE)  # fmt: skip


def zalo_seen(**other: Any) -> AccountSeen:
    """An Official Account whose permission is well, but for some of it."""
    return replace(AccountSeen("1423", "ok", True, NOW + HOUR, NOW, 0, None, None, NOW), **other)


OLD = NOW - timedelta(days=9)
BROKEN: dict[str, tuple[Callable[[Figures], Figures], str, Level]] = {
    "no worker": (lambda it: replace(it, processes=()), "no_worker", Level.DANGER),
    "one vanished": (lambda it: altered(it, "worker", seen_at=NOW - 4 * MINUTE), "lost_process", Level.WARNING),
    "clocks": (lambda it: altered(it, "worker", clock_ahead_ms=-2500), "clocks", Level.DANGER),
    "slow": (lambda it: altered(it, "worker", slow_queries=50), "slow_queries", Level.NOTE),
    "failing": (lambda it: altered(it, "send_email", failures_in_a_row=3, error="OSError"), "failing_job", Level.DANGER),
    "missed": (lambda it: altered(it, "route_messages", ended_at=NOW - 20 * MINUTE), "missed_job", Level.WARNING),
    "timers": (lambda it: replace(it, timers=Backlog(3, NOW - 6 * MINUTE)), "timers", Level.DANGER),
    "unrouted": (lambda it: replace(it, unrouted=Backlog(3, NOW - HOUR)), "unrouted", Level.DANGER),
    "stuck": (lambda it: replace(it, deliveries={"email": Backlog(3, NOW - 3 * HOUR)}), "deliveries", Level.WARNING),
    "channel held": (lambda it: replace(it, faults=(fault_of("zns", "ZNS -124"),)), "channel_fault", Level.DANGER),
    "template held": (lambda it: replace(it, faults=(fault_of("zns", "ZNS -131", template="12"),)), "channel_fault", Level.WARNING),
    "gateway away": (lambda it: replace(it, faults=(fault_of("sms", "ConnectError", mends_itself=True),)), "channel_fault", Level.WARNING),
    "zalo not consented": (lambda it: replace(it, zalo=zalo_seen(has_tokens=False)), "zalo_consent", Level.WARNING),
    "zalo ends": (lambda it: replace(it, zalo=zalo_seen(state="needs_consent")), "zalo_consent", Level.DANGER),
    "zalo not renewed": (lambda it: replace(it, zalo=zalo_seen(failures=3)), "zalo_renewal", Level.NOTE),
    "zalo renewed long ago": (lambda it: replace(it, zalo=zalo_seen(refresh_issued_at=NOW - 61 * DAY)), "zalo_refresh", Level.NOTE),
    "zalo about to end": (lambda it: replace(it, zalo=zalo_seen(refresh_issued_at=NOW - 81 * DAY)), "zalo_refresh", Level.DANGER),
    "given up": (lambda it: replace(it, given_up={"sms": 2}), "given_up", Level.WARNING),
    "incidents": (lambda it: replace(it, incidents=Backlog(1, NOW)), "incidents", Level.WARNING),
    "files": (lambda it: replace(it, files={"outputs": Backlog(1, NOW - HOUR)}), "files", Level.WARNING),
    "points": (lambda it: replace(it, points_in_clear=3), "points", Level.NOTE),
    "disk low": (lambda it: replace(it, disks={"data": Disk(10**11, 10**10)}), "disk", Level.WARNING),
    "disk full": (lambda it: replace(it, disks={"database": Disk(10**11, 4 * 10**9)}), "disk", Level.DANGER),
    "disk not there": (lambda it: replace(it, unseen_disks=("/srv/backups",)), "unseen_disk", Level.WARNING),
    "disk of the backups": (lambda it: replace(it, disks={"/srv/backups": Disk(10**11, 10**10)}), "disk", Level.WARNING),
    "never saved": (lambda it: replace(it, marks={key: mark for key, mark in it.marks.items() if key != "backup"}), "backup", Level.DANGER),
    "saved long ago": (lambda it: altered(it, "backup", well_at=NOW - timedelta(days=2)), "backup", Level.WARNING),
    "old backups": (lambda it: altered(it, "backup", done_at=NOW, facts={"oldest": (NOW - timedelta(days=34)).isoformat()}), "old_backups",
                    Level.WARNING),
    "backup lacks files": (lambda it: altered(it, "backup", is_well=False), "backup", Level.DANGER),
    "new key": (lambda it: altered(it, "keys", facts={"keys": ["k0"]}), "keys", Level.DANGER),
    "faults": (lambda it: altered(it, "verify", is_well=False), "verify", Level.DANGER),
    "not verified": (lambda it: altered(it, "verify", done_at=OLD), "verify", Level.WARNING),
    "breach late": (lambda it: replace(it, notices_late=Backlog(1, NOW)), "breach_late", Level.DANGER),
    "breach due": (lambda it: replace(it, notices_due=Backlog(1, NOW + HOUR)), "breach_due", Level.WARNING),
    "no anchor": (lambda it: replace(it, anchored_at=NOW - timedelta(days=2)), "anchors", Level.WARNING),
    "standby": (lambda it: replace(it, standbys=Standbys(asynchronous=1, behind={"db2": 90.0})), "replica", Level.WARNING),
    "standby nobody may see": (lambda it: replace(it, standbys=Standbys(wanted=1, hidden=1)), "hidden_standby", Level.WARNING),
    "no standby": (lambda it: replace(it, standbys=Standbys(wanted=1, asynchronous=1)), "no_standby", Level.DANGER),
    "public replica away": (lambda it: replace(it, nearness=ReplicaState(False, None, 10)), "public_replica", Level.WARNING),
    "public replica late": (lambda it: replace(it, nearness=ReplicaState(True, 11.0, 10)), "public_replica", Level.WARNING),
}  # fmt: skip


def test_whatever_is_wrong_is_said_and_nothing_else_is(sound: Figures) -> None:
    assert keys_of(sound) == []
    for name, (breaks, key, level) in BROKEN.items():
        with db.session.no_autoflush:
            told = findings(breaks(_copied(sound)), AROUND)
        assert [(each.key, each.level) for each in told] == [(key, level)], name
        assert all(each.what.vi != each.what.en and each.todo.vi for each in told), name
        assert is_sound(told) == (level == Level.NOTE)


def _copied(found: Figures) -> Figures:
    """With rows of its own, to be changed."""
    def copy(row: Any) -> Any:
        return type(row)(**{column.key: getattr(row, column.key) for column in row.__table__.columns})

    return replace(found, processes=tuple(map(copy, found.processes)), marks={key: copy(row) for key, row in found.marks.items()},
                   jobs={key: copy(row) for key, row in found.jobs.items()})  # fmt: skip


def test_keys_everybody_can_read_are_told(sound: Figures, tmp_path: Path) -> None:
    folder, keyring = tmp_path / "keys", tmp_path / "elsewhere" / "ring.json"
    for path in (folder / "secret_key", folder / "anchor_key", keyring):
        path.parent.mkdir(exist_ok=True, mode=0o755)
        path.write_text("x", encoding="ascii")
        path.chmod(0o600)
    assert exposed_keys(folder, keyring) == ()
    (folder / "secret_key").chmod(0o644)
    keyring.chmod(0o604)
    assert exposed_keys(folder, keyring) == ("secret_key", "ring.json")
    keyring.parent.chmod(0o700)
    assert exposed_keys(folder, keyring) == ("secret_key",), "a folder nobody else may enter keeps what is in it"
    told = findings(sound, replace(AROUND, exposed_keys=("secret_key",)))
    assert [(each.key, each.level, "secret_key" in each.what.vi) for each in told] == [("exposed_keys", Level.DANGER, True)]


def test_schema_and_versions_are_compared_and_the_worst_stands_first(sound: Figures) -> None:
    other = ProgramProcess(kind="server", host="may-2", pid=2, version="0.8.0", schema="0010", started_at=NOW, seen_at=NOW, slow_queries=0,
                           memory=1, clock_ahead_ms=0)  # fmt: skip
    mixed = replace(sound, processes=(*sound.processes, other), given_up={"sms": 1})
    assert keys_of(mixed, replace(AROUND, schema_there="0012")) == ["schema", "given_up", "versions"]


def test_a_breach_the_authority_has_to_know_of_is_said_before_and_after_its_72_hours(office: Office) -> None:
    by = office.world.actor("overseer")
    with unit_of_work():
        ids = [open_breach("key", KNOWN, by=by, now=NOW, noticed_at=NOW, centre_id=None).id for _ in range(2)]
        steps = {"by": by, "now": NOW}
        record_notice(db.session.get_one(Breach, ids[1]), AUTHORITY, at=NOW, words="Số 12/TB-TT", **steps)

    def told(hours: int) -> list[tuple[str, str]]:
        found = replace(count(office.app, NOW + hours * HOUR), jobs={}, processes=())
        return [(each.key, each.what.vi) for each in findings(found, AROUND) if each.key.startswith("breach")]

    assert told(47) == []
    [(key, words)] = told(70)
    assert (key, "gần nhất còn 2 giờ" in words) == ("breach_due", True), words
    [(key, words)] = told(72)
    assert (key, words.startswith("1 sự cố dữ liệu cá nhân đã quá 72 giờ")) == ("breach_late", True), words
    with unit_of_work():
        close_breach(lock_breach(ids[0]), outcome="Không có dữ liệu nào lọt ra ngoài.", without_notice=True, **steps)
    assert told(80) == [], "it was said that nobody need be told"


def test_what_the_settings_lack_is_said(office: Office) -> None:
    lacking = surroundings().gaps
    assert lacking == Gaps(centres_without_address=(office.world.centre.name,)), lacking
    assert [each.key for each in findings_of_settings.of_settings(lacking)] == ["address"]
    assert "chưa ghi địa chỉ" in office.words("overseer", "/settings/health")
    with unit_of_work():
        overseer, centre_id = office.world.actor("overseer"), office.world.centre.id
        set_value("controller_address", "1 Lang Biang", centre_id=centre_id, by=overseer, now=NOW, reason="Mới")
        text = db.session.scalars(select(TextTemplate).where(TextTemplate.key == "report_filed")).one()
        text.body_vi = text.body_vi.replace("iấy biên nhận", "iấy tiếp nhận")
    lacking = surroundings().gaps
    assert lacking == Gaps(texts_of_old=("report_filed",))
    assert [each.key for each in findings_of_settings.of_settings(lacking)] == ["texts_of_old"]
    assert "còn ghi “giấy tiếp nhận”" in office.words("overseer", "/settings/health")
    with unit_of_work():
        text.body_vi = text.body_vi.replace("iấy tiếp nhận", "iấy biên nhận")
    assert surroundings().gaps == Gaps()
    with unit_of_work():
        build.agency(office.world, "XDL", "Phòng Quản lý đô thị", "Urban Management Office")
        office.world.people["ops_lead"].disabled_at = NOW
    office.clock(datetime(2034, 12, 1, 3, tzinfo=UTC))
    lacking = surroundings().gaps
    assert lacking.roles == ((Role.OPS_LEAD, office.world.centre.name),)
    assert [each.vi for each in lacking.agencies] == ["Phòng Quản lý đô thị"]
    assert lacking.years_without_days_off == (2034, 2035)


def test_the_pages_are_for_those_of_the_whole_installation(office: Office) -> None:
    with unit_of_work():
        know_jobs(INTERVALS)
    office.app.extensions.pop("figures", None)
    page = office.words("overseer", "/settings/health")
    assert "Không có tiến trình nền nào hoạt động" in page
    assert "Các khóa chưa từng được sao lưu" in page
    assert "Tình trạng hệ thống" in office.words("state_inspector", "/settings")
    assert "Tình trạng hệ thống" not in office.words("administrator", "/settings")
    assert "Chạy ngay" in office.words("overseer", "/settings/jobs")
    assert "Chạy ngay" not in office.words("state_inspector", "/settings/jobs")
    for name, status in (("administrator", 404), ("inspector", 404), ("operator", 403)):
        assert office.get(name, "/settings/health").status_code == status
    for name, job, status in (
        ("overseer", "no_such_job", 404), ("state_inspector", "keep_facts", 403), ("administrator", "keep_facts", 404),
        ("overseer", "keep_facts", 302),
    ):  # fmt: skip
        assert office.post(name, f"/settings/jobs/{job}/runs").status_code == status
    db.session.rollback()
    assert row_of("keep_facts").wanted_at is not None
    assert "Ngay bây giờ" in words_of(office.get("overseer", "/settings/jobs"))
    lines, is_well = health_lines("en")
    assert not is_well
    assert any(line.startswith("DANGER No worker is running") for line in lines)


def test_a_span_is_told_in_the_largest_unit_of_which_there_are_two() -> None:
    told = [span(timedelta(seconds=seconds)).en for seconds in (0, 1, 90, 120, 7_199, 86_400, 172_800)]
    assert told == ["0 seconds", "1 second", "90 seconds", "2 minutes", "119 minutes", "24 hours", "2 days"]
