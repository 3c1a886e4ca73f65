"""Several server processes on one port: they share the work, come back when one dies, and end together."""
from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tests.web.test_cli import COMMAND, fetched, free_port, started


def pids_of(parent: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()]


def until(is_so: object, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not is_so():                                  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.1)


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
        assert process.wait(20) == 0
    assert not [pid for pid in left if Path(f"/proc/{pid}").exists()]
    logs = Path(sqlite_environment["LANGBIANG_DATA"]) / "log"
    assert {path.name for path in logs.glob("serve-*")} >= {f"serve-{port}-0.jsonl", f"serve-{port}-1.jsonl"}
