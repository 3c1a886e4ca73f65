"""Several server processes on one port: they share the work, come back when one dies, and end together."""
from __future__ import annotations

import os
import signal
import socket
import threading
import time
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest
from flask import Flask

from tests.web.test_cli import COMMAND, fetched, free_port, started
from web.config import Config, StartRefused
from web.server_processes import do_apart
from web.serving.server import Server


def pids_of(parent: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()]


def until(is_so: object, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not is_so():                                  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.exhaustive
def test_server_processes_share_a_port_and_a_dead_one_comes_back(sqlite_environment: dict[str, str]) -> None:
    port = free_port()
    variables = sqlite_environment | {"LANGBIANG_PORT": str(port), "LANGBIANG_PROCESSES": "2"}
    with started((*COMMAND, "serve"), variables) as process:
        assert b"<h1" in fetched(f"http://127.0.0.1:{port}/")
        until(lambda: len(pids_of(process.pid)) == 2)
        first, second = pids_of(process.pid)
        os.kill(first, signal.SIGKILL)
        until(lambda: len(pids_of(process.pid)) == 2 and first not in pids_of(process.pid))
        assert second in pids_of(process.pid), "the other one went on"
        assert b"<h1" in fetched(f"http://127.0.0.1:{port}/")
        left = pids_of(process.pid)
        process.send_signal(signal.SIGTERM)
        until(lambda: is_refused(port))
        assert process.wait(20) == 0
    assert not [pid for pid in left if Path(f"/proc/{pid}").exists()]
    logs = Path(sqlite_environment["LANGBIANG_DATA"]) / "log"
    assert {path.name for path in logs.glob("serve-*")} >= {f"serve-{port}-0.jsonl", f"serve-{port}-1.jsonl"}


def test_what_a_proxy_sends_on_a_connection_it_keeps_is_answered_though_the_server_ends(sqlite_app: Flask, sqlite_config: Config) -> None:
    port = free_port()
    server = Server(sqlite_app, replace(sqlite_config, port=port))
    running = threading.Thread(target=server.run)
    running.start()
    kept = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        kept.request("GET", "/healthz")
        assert kept.getresponse().read()
        server.stop()
        until(lambda: is_refused(port))
        kept.request("GET", "/healthz")
        answer = kept.getresponse()
        assert (answer.status, answer.getheader("Connection")) == (200, "close")
    finally:
        server.stop()
        running.join(20)
        kept.close()
    assert not running.is_alive()


def is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_what_is_done_apart_is_done_in_a_process_that_ends_and_says_why_it_was_refused(tmp_path: Path) -> None:
    def refuse() -> None:
        raise StartRefused("This folder is another's.")

    def fail() -> None:
        raise ZeroDivisionError

    told = tmp_path / "told"
    do_apart(lambda: told.write_text(str(os.getpid())) and None)
    assert int(told.read_text()) != os.getpid()
    assert not Path(f"/proc/{told.read_text()}").exists()
    with pytest.raises(StartRefused, match="another's"):
        do_apart(refuse)
    with pytest.raises(SystemExit):
        do_apart(fail)
