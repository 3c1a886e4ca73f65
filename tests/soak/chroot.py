"""bin/demo and bin/test on a fresh machine, each at the first try."""
from __future__ import annotations

import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.kill.ports import free_port
from tests.soak.machine import ROOT, SUITE, Machine, git, last_lines, stop
from tests.soak.runs import RESULTS, Options, Round, Run

MACHINE = Machine(RESULTS / "chroot")
CLONE = "srv/langbiang"
DEMO_MINUTES, TEST_MINUTES = 20, 60


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield "machine", make_machine
    yield "demo", run_demo
    yield "test", run_tests
    yield "put away", put_away


def make_machine() -> dict[str, Any]:
    """A fresh Debian with a clone of the repository, nothing of which has run."""
    MACHINE.make()
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, MACHINE.root / CLONE], check=True)
    return {"suite": SUITE, "commit": git("rev-parse", "HEAD"), "uncommitted_left_out": len(git("status", "--porcelain").splitlines())}


def run_demo() -> dict[str, Any]:
    """bin/demo until the address it prints answers."""
    port, log = free_port(), RESULTS / "chroot-demo.log"
    begun = time.monotonic()
    with log.open("wb") as output:
        process = MACHINE.start(["bin/demo", "--port", str(port)], output, folder=f"/{CLONE}")
        try:
            address = wait_for_address(process, log, port)
            with urllib.request.urlopen(address, timeout=30) as answer:
                status, page = answer.status, answer.read().decode()
        finally:
            stop(process)
    if status != 200 or "<html" not in page:
        raise RuntimeError(f"{address} answered {status}")
    return {"address_works_after_seconds": round(time.monotonic() - begun, 1), "tries": 1}


def run_tests() -> dict[str, Any]:
    """bin/test, which must end well."""
    log = RESULTS / "chroot-test.log"
    with log.open("wb") as output:
        process = MACHINE.start(["bin/test"], output, folder=f"/{CLONE}")
        try:
            status = process.wait(TEST_MINUTES * 60)
        finally:
            stop(process)
    last = last_lines(log, 15)
    if status != 0:
        raise RuntimeError(f"bin/test ended with {status}, see {log}:\n" + "\n".join(last))
    return {"last_line": last[-1] if last else "", "tries": 1}


def put_away() -> dict[str, Any]:
    MACHINE.put_away()
    return {}


def wait_for_address(process: subprocess.Popen[bytes], log: Path, port: int) -> str:
    """The address bin/demo prints. Raises RuntimeError with its last lines when it ends or takes too long."""
    end = time.monotonic() + DEMO_MINUTES * 60
    while time.monotonic() < end and process.poll() is None:
        if found := re.search(rf"http://[\w.\[\]:]+:{port}\b", log.read_text("utf-8", "replace")):
            try:
                urllib.request.urlopen(found.group(), timeout=5).close()
            except OSError:
                pass                                                       # printed a moment before it listens
            else:
                return found.group()
        time.sleep(1)
    raise RuntimeError("bin/demo gave no address that answers:\n" + "\n".join(last_lines(log, 15)))


RUN = Run("chroot", "bin/demo and bin/test on a fresh minimal Debian 13, each at the first try", 1, rounds)
