"""The server and the worker of a measured installation as processes of their own, and the log of the requests they answered."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

from web.config import Config

START_SECONDS = 60
STOP_SECONDS = 40
SETTINGS_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "PYTHONPATH", "VIRTUAL_ENV")


@contextmanager
def running(settings: Mapping[str, str], command: str, *, wait_for: int | None = None) -> Iterator[int]:
    """Run the program, as `langbiang serve` or `langbiang worker` does, until the block ends; gives its process id."""
    environment = {name: os.environ[name] for name in SETTINGS_KEPT if name in os.environ} | dict(settings)
    program = "import sys; from langbiang import main; sys.argv = ['langbiang', sys.argv[1]]; main()"
    process = subprocess.Popen([sys.executable, "-c", program, command], env=environment, stdout=subprocess.DEVNULL)
    try:
        if wait_for is not None:
            _wait_until_it_answers(process, wait_for)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = monotonic() + START_SECONDS
    while monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        sleep(0.1)
    raise RuntimeError("the server did not start")


def free_port() -> int:
    """Return a port nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def requests_of(config: Config) -> Iterator[dict[str, Any]]:
    """The lines of the servers' request logs."""
    for path in sorted(config.log.glob("serve-*.jsonl*"), reverse=True):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)
