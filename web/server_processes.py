"""Several server processes on one listening socket, because one Python process uses one processor however many threads it has."""

import ctypes
import errno
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

from web.config import Config, StartRefused
from web.request_log import LOGGER

BACKLOG = 1024
PAUSE_SECONDS = 1.0
"""Before a process that ended unexpectedly is started again."""

STOPS = (signal.SIGTERM, signal.SIGINT)

COUNTED_IN = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder in which processes on one port count their requests together (web/http/metrics.py)."""

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal a process gets when its parent is gone."""


def taken_port(config: Config) -> socket.socket:
    """Bind the port before anything is made or loaded for it; nobody can connect yet. Raises StartRefused."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((config.host, config.port))
    except OSError as fault:
        taken.close()
        raise StartRefused(_why_not_taken(config, fault)) from None
    taken.setblocking(False)
    taken.set_inheritable(True)
    return taken


def let_in(taken: socket.socket, config: Config) -> None:
    """Listen on the bound port; connections wait until they are served. Raises StartRefused where another process was quicker."""
    try:
        taken.listen(BACKLOG)
    except OSError as fault:
        raise StartRefused(_why_not_taken(config, fault)) from None


def _why_not_taken(config: Config, fault: OSError) -> str:
    if fault.errno == errno.EADDRINUSE:
        to_do = "Give another one with --port." if config.demo else "Stop what listens there, or set LANGBIANG_PORT to another one."
        return f"The port {config.port} of {config.host} is taken. {to_do}"
    return (
        f"The program cannot listen on the port {config.port} of {config.host}: {fault.strerror}. LANGBIANG_HOST and LANGBIANG_PORT say "
        "where it is to listen."
    )


def count_together(folder: Path) -> None:
    """Let processes forked from now on count their requests together in this folder, which is emptied.

    Call it before the application is made: the metrics library reads the variable when it is imported.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    os.environ[COUNTED_IN] = str(folder)


def run_processes(count: int, serve: Callable[[int], None], shared: socket.socket) -> int:
    """Run `count` processes, passing each its number, until SIGTERM or Ctrl-C; return the exit code.

    Afterwards nobody listens on `shared`, so that a proxy is refused at once and goes elsewhere instead of waiting in vain. A process that
    dies is restarted, so that one fault does not halve the capacity for good. One that ends with an error before it has served for
    PAUSE_SECONDS ends all: it would not do better the next time.
    """
    running: dict[int, tuple[int, float]] = {}
    is_stopping = False

    def start(number: int) -> None:
        # a signal between the two would miss the new process
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        running[_started(number, serve)] = number, time.monotonic()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_stopping
        is_stopping = True
        shared.close()
        for pid in running:
            os.kill(pid, signal.SIGTERM)

    for each in STOPS:
        signal.signal(each, stop)
    for number in range(count):
        start(number)
    code = 0
    while running:
        pid, status = os.wait()
        number, since = running.pop(pid)
        forget_process(pid)
        if is_stopping:
            continue
        if os.waitstatus_to_exitcode(status) > 0 and time.monotonic() - since < PAUSE_SECONDS:
            code = os.waitstatus_to_exitcode(status)
            stop(signal.SIGTERM, None)
            continue
        time.sleep(PAUSE_SECONDS)
        if not is_stopping:
            start(number)
    return code


def do_apart(work: Callable[[], None]) -> None:
    """Do something in a process of its own, so that its memory is freed afterwards; no threads may be running yet.

    Raises StartRefused with the sentence of the one raised there, SystemExit for any other failure.
    """
    reading, writing = os.pipe()

    def tell(_number: int) -> None:
        os.close(reading)
        try:
            work()
        except StartRefused as refusal:
            os.write(writing, str(refusal).encode())
            raise SystemExit(1) from None

    pid = _started(0, tell)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        sentence = pipe.read().decode()
    _pid, status = os.waitpid(pid, 0)
    if sentence:
        raise StartRefused(sentence)
    if status:
        raise SystemExit(1)


def forget_process(pid: int) -> None:
    """Metrics: the ended process holds no connections any more, but the requests it counted stay."""
    if COUNTED_IN in os.environ:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(pid)


def _started(number: int, serve: Callable[[int], None]) -> int:
    parent = os.getpid()
    pid = os.fork()
    return pid or _serve_alone(number, serve, parent)


def _serve_alone(number: int, serve: Callable[[int], None], parent: int) -> NoReturn:
    """In the new process: end with the parent, even where that was killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    for each in STOPS:
        signal.signal(each, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    code = 1
    try:
        if os.getppid() == parent:
            serve(number)
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except Exception:
        # the parent only sees that this process ended
        LOGGER.exception("server process failed")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
