"""The command `langbiang`, mostly as a process of its own: sentences and exit codes."""
from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import pytest
from flask import Flask

import web
from casework.db import unit_of_work
from casework.events import append
from casework.models import Delivery, File, IdempotencyKey, OutboxMessage, Photo
from casework.permissions import SYSTEM
from migrations import newest_revision
from tests import build
from tests.web.command_line import ROOT, Langbiang, free_port, surroundings
from web.cli import foreign_web
from web.config import Config
from web.jobs.worker import jobs_of, route, run_job, sweep
from workflows.jobs import INTERVALS, Job

COMMAND = (sys.executable, "-c", "import sys; sys.argv[0] = 'langbiang'; from web.cli import main; main()")
SLOW_PAGE = """
import sys, time
from casework.permissions import Action
from web import create_app
from web.serving import server
from web.config import Config
from web.guards import performs
config = Config.from_environment()
app = create_app(config)
def slow():
    print("begun", flush=True)
    time.sleep(1)
    return "x" * 4_000_000
app.add_url_rule("/slow", "slow", performs(Action.READ_PUBLIC)(slow))
server.serve(app, config)
"""

@contextmanager
def started(command: tuple[str, ...], variables: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, env=surroundings(variables), cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def fetched(url: str, *, patience: float = 30) -> bytes:
    """The page, as soon as the server listens."""
    end = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(url, timeout=patience) as answer:
                return bytes(answer.read())
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def test_a_new_installation_is_migrated_and_served(langbiang: Langbiang, tmp_path: Path) -> None:
    port = free_port()
    variables = {"LANGBIANG_DATA": str(tmp_path / "data"), "LANGBIANG_PORT": str(port)}
    early = langbiang("serve", variables=variables)
    assert (early.returncode, early.stdout) == (2, "")
    assert "Run `langbiang migrate` first." in early.stderr
    done = langbiang("migrate", variables=variables)
    assert (done.returncode, done.stdout) == (0, f"The database is at revision {newest_revision()}.\n")
    with started((*COMMAND, "serve"), variables) as process:
        assert b"<h1" in fetched(f"http://127.0.0.1:{port}/")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stdout is not None
        said = process.stdout.read()
    assert f"Serving http://127.0.0.1:{port} on 127.0.0.1:{port}." in said
    assert '"route": "/", "status": 200' in said
    assert '"route": "/", "status": 200' in (tmp_path / "data" / "log" / f"serve-{port}.jsonl").read_text(encoding="utf-8")


@pytest.mark.exhaustive
def test_a_request_in_flight_is_answered_to_its_last_byte(sqlite_environment: dict[str, str]) -> None:
    port = free_port()
    command, variables = (sys.executable, "-c", SLOW_PAGE), sqlite_environment | {"LANGBIANG_PORT": str(port)}
    with started(command, variables) as process, socket.socket() as reader:
        fetched(f"http://127.0.0.1:{port}/healthz")
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", port))
        reader.sendall(b"GET /slow HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        assert process.stdout is not None
        while process.stdout.readline() != "begun\n":
            pass
        process.send_signal(signal.SIGTERM)
        time.sleep(2)                                   # a slow telephone: the page is ready long before it has been read
        received = b"".join(iter(lambda: reader.recv(1 << 20), b""))
        assert received.endswith(b"x" * 4_000_000)
        assert process.wait(20) == 0


@pytest.mark.exhaustive
def test_the_worker_ends_when_told(environment: dict[str, str]) -> None:
    with started((*COMMAND, "worker"), environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "Working.\n"
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert '"level": "error"' not in process.stdout.read()


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"LANGBIANG_PROT": "1"}, "LANGBIANG_PROT is no setting of this program: did you mean LANGBIANG_PORT?"),
        ({"LANGBIANG_HOST": "0.0.0.0"}, "LANGBIANG_ALLOW_PLAIN_HTTP"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_sentence(langbiang: Langbiang, tmp_path: Path, variables: dict[str, str], said: str) -> None:
    done = langbiang("serve", variables={"LANGBIANG_DATA": str(tmp_path)} | variables)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_lost_keys_are_one_sentence(langbiang: Langbiang, app: Flask, config: Config, environment: dict[str, str]) -> None:
    build.standard_world()
    config.keyring.unlink()
    done = langbiang("serve", variables=environment | {"LANGBIANG_PORT": str(free_port())})
    assert done.returncode == 2
    assert "Restore the key file from the backup of the keys" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_sound_installation_is_verified(langbiang: Langbiang, app: Flask, environment: dict[str, str]) -> None:
    with unit_of_work():
        append("rules", "install_rules", by=SYSTEM, at=build.NOON, payload={})
    done = langbiang("verify", variables=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 event" in done.stdout
    assert "Nothing is wrong." in done.stdout


def test_a_fault_ends_the_verification_with_one(langbiang: Langbiang, sqlite_app: Flask, sqlite_environment: dict[str, str]) -> None:
    with unit_of_work():
        append("rules", "install_rules", by=SYSTEM, at=build.NOON, payload={}).hash = "0" * 64
    done = langbiang("verify", variables=sqlite_environment)
    assert done.returncode == 1
    assert "FAULT" in done.stdout


@pytest.mark.exhaustive
def test_backup_and_restore_say_what_they_did(
    langbiang: Langbiang, sqlite_app: Flask, sqlite_environment: dict[str, str], tmp_path: Path
) -> None:
    done = langbiang("backup", tmp_path / "backup", "--keys", tmp_path / "keys.json", variables=sqlite_environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"to {tmp_path / 'backup'}." in done.stdout
    again = langbiang("backup", tmp_path / "backup", variables=sqlite_environment)
    assert again.returncode == 1
    assert "choose a new folder" in again.stderr
    empty = {"LANGBIANG_DATA": str(tmp_path / "new")}
    restored = langbiang("restore", tmp_path / "backup", "--keys", tmp_path / "keys.json", variables=empty)
    assert "Restored the backup" in restored.stdout
    assert "Nothing is wrong." in restored.stdout
    assert restored.stderr == ""
    other = {"LANGBIANG_DATA": str(tmp_path / "other")}
    refused = langbiang("restore", tmp_path / "backup", variables=other)
    assert (refused.returncode, "--unproven" in refused.stderr) == (1, True)
    unproven = langbiang("restore", tmp_path / "backup", "--unproven", variables=other)
    assert "WARNING: There are no keys to check the seal" in unproven.stderr
    assert langbiang("restore", tmp_path / "nowhere", variables=sqlite_environment).returncode == 2


def test_what_few_processes_need_and_takes_long_is_not_read_in_at_the_start(langbiang: Langbiang) -> None:
    assert langbiang.heavy == []


def test_every_command_has_help(langbiang: Langbiang) -> None:
    words = langbiang("--help", variables={}).stdout
    for command in ("serve", "worker", "demo", "migrate", "verify", "backup", "restore", "benchmark"):
        assert f"  {command} " in words


def test_another_distributions_pages_are_refused(tmp_path: Path) -> None:
    """As when web.py was installed later: some of its files, some of ours."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "__init__.py").write_text("__version__ = '0.62'\n")
    shutil.copy(ROOT / "web" / "cli.py", tmp_path / "web")
    path = surroundings({}) | {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    for command in (COMMAND, (sys.executable, "-c", f"import runpy; runpy.run_path({str(ROOT / 'wsgi.py')!r})")):
        done = subprocess.run(command, env=path, cwd="/", capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode != 0
        assert "belongs to another distribution" in done.stderr
        assert "Traceback" not in done.stderr


def test_pages_overwritten_in_place_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert foreign_web() is None
    monkeypatch.delattr(web, "create_app")
    assert "another distribution" in (foreign_web() or "")


class TestJobs:
    def test_every_job_of_the_table_runs(self, app: Flask) -> None:
        assert {job.name for job in jobs_of(app)} == set(INTERVALS)
        assert all(run_job(app, job) for job in jobs_of(app))

    def test_a_failing_job_does_not_end_the_worker(self, sqlite_app: Flask) -> None:
        def fail(_now: object) -> None:
            raise RuntimeError

        assert run_job(sqlite_app, Job("failing", timedelta(seconds=1), fail)) is False

    def test_without_a_way_out_messages_are_told_on_pages_alone_and_wait_for_nothing(self, sqlite_app: Flask) -> None:
        from casework.db import db

        build.case_at(build.standard_world(), "handling")
        route(sqlite_app, build.NOON + timedelta(days=1))
        assert db.session.query(OutboxMessage).filter(OutboxMessage.routed_at.is_(None)).count() == 0
        assert db.session.query(Delivery).count() == 0

    def test_photos_of_forms_never_sent_are_forgotten(self, app: Flask) -> None:
        from casework.db import db
        from casework.permissions import Actor
        from casework.photos.records import prepare_photo, stage_photo
        from tests.with_photos import jpeg

        store = app.extensions["file_store"]
        prepared = prepare_photo(jpeg(), "a.jpg", store=store, max_bytes=10**7)
        with unit_of_work():
            stage_photo(prepared, token="t" * 24, purpose="scene", by=Actor(account=None), now=build.NOON)
        sweep(app, build.NOON + timedelta(days=1))
        assert db.session.query(Photo).count() == 1
        sweep(app, build.NOON + timedelta(days=3))
        assert db.session.query(Photo).count() == db.session.query(File).count() == 0

    def test_the_tracking_secret_for_a_form_sent_twice_is_forgotten_after_two_days(self, app: Flask) -> None:
        from casework.db import db

        build.file_report(build.standard_world(), idempotency_key="k" * 24)
        sweep(app, build.NOON + timedelta(days=2))
        assert db.session.query(IdempotencyKey).one().sealed_result is not None
        sweep(app, build.NOON + timedelta(days=2, seconds=1))
        assert db.session.query(IdempotencyKey).count() == 0


@pytest.mark.exhaustive
def test_install_begins_an_installation_once(langbiang: Langbiang, sqlite_environment: dict[str, str]) -> None:
    words = ["install", "--prefix", "LD", "--name-vi", "Trung tâm", "--name-en", "Centre", "--login", "admin", "--full-name", "Văn Mẫu"]
    variables = sqlite_environment | {"ADMINISTRATOR_PASSWORD": "mat khau dai va la"}
    first, again = (langbiang(*words, variables=variables) for _ in range(2))
    assert (first.returncode, "Sign in as admin" in first.stdout) == (0, True), first.stderr
    assert again.returncode == 1
    assert "already" in again.stderr
    words = ["add-centre", "--prefix", "DD", "--name-vi", "Trung tâm Đơn Dương", "--phone", "1022", "--reason", "Có trung tâm riêng"]
    second, taken = (langbiang(*words, variables=variables) for _ in range(2))
    assert (second.returncode, "with the prefix DD" in second.stdout) == (0, True), second.stderr
    assert (taken.returncode, "The prefix DD is taken." in taken.stderr) == (2, True)


@pytest.mark.exhaustive
def test_install_without_a_terminal_names_the_variable_that_takes_the_password(sqlite_environment: dict[str, str]) -> None:
    words = ("install", "--prefix", "LD", "--name-vi", "Trung tâm", "--name-en", "Centre", "--login", "admin", "--full-name", "Văn Mẫu")
    done = subprocess.run((*COMMAND, *words), env=surroundings(sqlite_environment), cwd="/", capture_output=True, text=True, timeout=60,
                          check=False, stdin=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
    assert done.returncode == 2
    assert "ADMINISTRATOR_PASSWORD" in done.stderr
    assert "Aborted" not in done.stderr


def test_the_version_is_told(langbiang: Langbiang) -> None:
    done = langbiang("--version", variables={})
    assert (done.returncode, done.stdout) == (0, f"langbiang {version('langbiang')}\n")


def test_a_port_typed_after_serve_names_the_setting(langbiang: Langbiang, sqlite_environment: dict[str, str]) -> None:
    for words in (("--port", "8081"), ("--port=8081",)):
        done = langbiang("serve", *words, variables=sqlite_environment)
        assert (done.returncode, done.stderr) == (2, "The port is a setting: LANGBIANG_PORT=8081 langbiang serve\n")


def test_progress_is_drawn_for_nobody_where_there_is_no_terminal(
    langbiang: Langbiang, sqlite_app: Flask, sqlite_environment: dict[str, str]
) -> None:
    build.file_report(build.standard_world())
    done = langbiang("facts", "--rebuild", variables=sqlite_environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Made the facts of 1 case." in done.stdout


@pytest.mark.exhaustive
def test_a_restore_that_lacks_its_keys_does_not_say_that_nothing_is_wrong(
    langbiang: Langbiang, sqlite_app: Flask, sqlite_environment: dict[str, str], tmp_path: Path
) -> None:
    build.file_report(build.standard_world())
    assert langbiang("backup", tmp_path / "backup", variables=sqlite_environment).returncode == 0
    done = langbiang("restore", tmp_path / "backup", "--unproven", variables={"LANGBIANG_DATA": str(tmp_path / "new")})
    assert done.returncode == 1
    assert "keyring.json is missing" in done.stderr
    assert "Nothing is wrong." not in done.stdout
