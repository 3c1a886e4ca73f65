"""Starts the child process (workflows/sandbox.py), limits its time and memory, and reports its progress and result or the failure."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from casework.bilingual import Bilingual
from casework.errors import CaseworkError

SECONDS = 20
"""Processor time of one rehearsal."""
WAITED = 120
"""Seconds after which it is ended, however little it computes."""
MEMORY = 512 * 2**20
"""Bytes in addition to what the process holds when it begins."""

MOST_SAID = 16 * 2**20
"""Longest line the process may write, in bytes; anything longer is not a result of ours."""

ROOT = Path(__file__).parent.parent.parent
PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from workflows.sandbox import main; main(*sys.argv[2:])"

Tell = Callable[[int, int], None]

TOO_SLOW = Bilingual(
    "Bản này cần quá nhiều thời gian để diễn tập: có thể có vòng lặp không dứt hoặc quá nhiều nhánh.",
    "This version takes too long to be rehearsed: it may have a loop without an end, or too many branches.",
)
TOO_LARGE = Bilingual("Bản này cần quá nhiều bộ nhớ để diễn tập.", "This version needs too much memory to be rehearsed.")
FAILED = Bilingual("Diễn tập bị dừng vì một lỗi không lường trước.", "The rehearsal was stopped by an unforeseen fault.")


class RehearsalFailed(CaseworkError):
    """There is no result; the text says why. `fault` is the class and place of an unforeseen fault, for the log."""

    fault: str = ""


def in_child(
    program: str, asked: Mapping[str, Any], *, tell: Tell = lambda _done, _total: None, seconds: int = SECONDS, memory: int = MEMORY,
    waited: float = WAITED,
) -> dict[str, Any]:  # fmt: skip
    """Run a program of the child process and return its result. `tell` is called with its progress. Raises RehearsalFailed."""
    command = [sys.executable, "-B", "-s", "-c", PROGRAM, str(ROOT), program, str(seconds), str(memory)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/", env={"MALLOC_ARENA_MAX": "1"}
    ) as child:
        killed = threading.Event()
        watch = threading.Timer(waited, _end, (child, killed))
        feeder = threading.Thread(target=_feed, args=(child, orjson.dumps(asked)), daemon=True)
        watch.start()
        feeder.start()
        try:
            told = _heard(child, tell)
        finally:
            watch.cancel()
            child.kill()
            child.wait()
            feeder.join()
    if "result" in told:
        result: dict[str, Any] = told["result"]
        return result
    if "refused" in told:
        raise RehearsalFailed(*told["refused"])
    failure = RehearsalFailed(*_reason(child.returncode, killed.is_set()))
    failure.fault = str(told.get("fault", ""))
    raise failure


def _end(child: subprocess.Popen[bytes], killed: threading.Event) -> None:
    killed.set()
    child.kill()


def _feed(child: subprocess.Popen[bytes], data: bytes) -> None:
    assert child.stdin is not None
    # if the child is gone, its answer shows that; unwritten data is dropped, so that closing does not try to write it again
    with suppress(OSError):
        child.stdin.write(data)
    with suppress(OSError):
        child.stdin.close()


def _heard(child: subprocess.Popen[bytes], tell: Tell) -> dict[str, Any]:
    """Its last line; of the earlier ones the newest is reported about once a second."""
    assert child.stdout is not None
    last, told_at = dict[str, Any](), 0.0
    while line := child.stdout.readline(MOST_SAID):
        if not line.endswith(b"\n"):
            raise RehearsalFailed(*TOO_LARGE)
        last = orjson.loads(line)
        if "done" in last and time.monotonic() - told_at > 1:
            told_at = time.monotonic()
            tell(last["done"], last["total"])
    child.wait()
    return last


def _reason(status: int, was_killed: bool) -> Bilingual:
    if was_killed or status in (-signal.SIGXCPU, -signal.SIGKILL):
        return TOO_SLOW
    if status == 4:
        return TOO_LARGE
    return TOO_LARGE if status == -signal.SIGSEGV else FAILED
