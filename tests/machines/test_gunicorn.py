"""gunicorn with the configuration that ships: it finishes what it has begun when told to stop, and forgets processes that ended."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.kill.ports import free_port

ROOT = Path(__file__).parent.parent.parent
START_SECONDS = 120
WAIT_SECONDS = 60
SLOW = """
import pathlib, time, wsgi

def app(env, start):
    if env["PATH_INFO"] == "/slow":
        pathlib.Path({begun!r}).touch()
        while not pathlib.Path({told!r}).exists():
            time.sleep(0.01)
    return wsgi.application(env, start)
"""
"""A page that takes until the server has been told to stop."""


@pytest.mark.exhaustive
def test_a_request_in_flight_is_finished_when_gunicorn_is_told_to_stop(sqlite_environment: dict[str, str], tmp_path: Path) -> None:
    begun, told = tmp_path / "begun", tmp_path / "told to stop"
    (tmp_path / "slow_wsgi.py").write_text(SLOW.format(begun=str(begun), told=str(told)))
    with gunicorn("slow_wsgi:app", sqlite_environment, tmp_path) as (process, address):
        statuses: list[int] = []
        slow = partial(httpx.get, f"{address}/slow", timeout=WAIT_SECONDS, verify=False)
        asking = threading.Thread(target=lambda: statuses.append(slow().status_code))
        asking.start()
        wait_for(begun.exists)
        process.send_signal(signal.SIGTERM)
        wait_for(lambda: b"Handling signal: term" in (tmp_path / "output").read_bytes())
        told.touch()
        asking.join()
        assert statuses == [404]
        assert process.wait(WAIT_SECONDS) == 0


@pytest.mark.exhaustive
def test_what_a_process_held_is_forgotten_when_it_ends(sqlite_environment: dict[str, str], tmp_path: Path) -> None:
    """Else connections of processes long gone would be added up for ever."""
    with gunicorn("wsgi:application", sqlite_environment | {"LANGBIANG_PROCESSES": "2"}, tmp_path) as (_, address):
        counted = Path(sqlite_environment["LANGBIANG_DATA"]) / "metrics" / address.rpartition(":")[2]
        # of the two, one that has answered: what it counted has a file of its own
        requests = next(counted.glob("counter_*.db"))
        pid = int(requests.stem.rpartition("_")[2])
        held = counted / f"gauge_livesum_{pid}.db"
        assert held.exists()
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not held.exists())
        assert requests.exists(), "the requests it counted stay"


@pytest.mark.exhaustive
def test_a_page_somebody_waited_too_long_for_is_refused(sqlite_environment: dict[str, str], tmp_path: Path) -> None:
    begun, told = tmp_path / "begun", tmp_path / "told to go on"
    (tmp_path / "slow_wsgi.py").write_text(SLOW.format(begun=str(begun), told=str(told)))
    few = {"LANGBIANG_THREADS": "1", "LANGBIANG_WAIT_SECONDS": "1"}
    with gunicorn("slow_wsgi:app", sqlite_environment | few, tmp_path) as (_, address):
        answers: list[httpx.Response] = []

        def ask(path: str) -> None:
            answers.append(httpx.get(f"{address}{path}", timeout=WAIT_SECONDS, verify=False))

        asking = [threading.Thread(target=ask, args=(path,)) for path in ("/slow", "/reports", "/healthz")]
        asking[0].start()
        wait_for(begun.exists)
        for each in asking[1:]:
            each.start()
        time.sleep(2)
        told.touch()
        for each in asking:
            each.join()
    assert {answer.url.path: (answer.status_code, "Retry-After" in answer.headers) for answer in answers} == {
        "/slow": (404, False), "/reports": (503, True), "/healthz": (200, False)
    }  # fmt: skip


def test_no_header_says_under_which_path_the_program_lies(sqlite_environment: dict[str, str], tmp_path: Path) -> None:
    with gunicorn("wsgi:application", sqlite_environment, tmp_path) as (_, address):
        for headers in ({"SCRIPT_NAME": "/elsewhere"}, {"PATH_INFO": "/healthz"}, {"X-Forwarded-Prefix": "/elsewhere"}):
            answer = httpx.get(f"{address}/elsewhere/healthz", headers=headers, verify=False)
            assert answer.status_code == 404, headers


@contextmanager
def gunicorn(application: str, environment: dict[str, str], folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The process and its address, once it answers."""
    port = free_port()
    own = {name: value for name, value in os.environ.items() if not name.startswith("LANGBIANG_")}
    address = f"http://127.0.0.1:{port}"
    given = own | environment | {"LANGBIANG_PORT": str(port), "LANGBIANG_BASE_URL": address}
    command = [sys.executable, "-m", "gunicorn", "--config", "python:web.serving.gunicorn_config", "--pythonpath", f"{folder},{ROOT}",
    application]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=given, stdout=output, stderr=output)
    try:
        end = time.monotonic() + START_SECONDS
        while not _answers(f"{address}/readyz"):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((folder / "output").read_text()[-2000:])
            time.sleep(0.1)
        yield process, address
    finally:
        # the first process forwards it to those it has started; killed, it would leave them behind
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, verify=False).status_code == 200
    except httpx.TransportError:
        return False
