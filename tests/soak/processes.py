"""What the processes of an installation take: seconds from their start to their first answer, and memory while nothing happens."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import create_engine, func, select

from casework.models import ProgramProcess
from tests.conftest import environment_of, prepare_schema
from tests.kill.ports import free_port
from tests.soak.runs import Options, Round, Run
from web.config import Config

ROOT = Path(__file__).parent.parent.parent
PROGRAM = (sys.executable, "-c", "import sys; sys.argv[0] = 'langbiang'; from langbiang import main; main()")
PATIENCE = 600.0
LEFT_ALONE = 20.0
"""Seconds a process that answers is left alone before its memory is looked at."""
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def started(*words: str, variables: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("LANGBIANG_")} | dict(variables)
    own.pop("PYTHONDONTWRITEBYTECODE", None)                               # a program that is installed is compiled
    with subprocess.Popen((*PROGRAM, *words), cwd=ROOT, env=own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def until(process: subprocess.Popen[bytes], holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert process.poll() is None, f"it ended with {process.returncode}"
        assert time.monotonic() < end, "it never answered"
        time.sleep(0.01)


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def spent(pid: int) -> float:
    """Seconds of processor time of a process and of its children that have ended."""
    numbers = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(map(int, numbers[11:15])) / TICKS


def memory_mb(pid: int) -> float:
    """What a process and its children hold, what they share counted once."""
    family, total = [pid], 0
    for each in family:
        for thread in Path(f"/proc/{each}/task").iterdir():
            family += map(int, (thread / "children").read_text(encoding="ascii").split())
        shares = Path(f"/proc/{each}/smaps_rollup").read_text(encoding="ascii").splitlines()
        total += sum(int(line.split()[1]) for line in shares if line.startswith("Pss:"))
    return round(total / 1024, 1)


def start_of(*words: str, variables: Mapping[str, str], is_there: Callable[[], bool]) -> dict[str, Any]:
    """Start a process, wait for its first answer, leave it alone, look at it."""
    begun = time.monotonic()
    with started(*words, variables=variables) as process:
        until(process, is_there)
        seconds, processor = time.monotonic() - begun, spent(process.pid)
        time.sleep(LEFT_ALONE)
        return {"seconds": round(seconds, 2), "processor_seconds": round(processor, 2), "memory_mb": memory_mb(process.pid)}


def middle_of(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    found = {name: round(median(each[name] for each in rounds), 2) for name in rounds[0]}
    print("    " + ", ".join(f"{name} {value}" for name, value in found.items()), flush=True)
    return {**found, "starts": len(rounds)}


@contextmanager
def empty_house() -> Iterator[tuple[dict[str, str], int]]:
    port = free_port()
    with TemporaryDirectory(prefix="langbiang-processes-") as folder:
        variables = environment_of(Path(folder), None) | {"LANGBIANG_PORT": str(port), "LANGBIANG_BASE_URL": f"http://127.0.0.1:{port}"}
        prepare_schema(Config.from_environment(variables))
        yield variables, port


def starts_of_serve(options: Options) -> dict[str, Any]:
    with empty_house() as (variables, port):
        return middle_of([start_of("serve", variables=variables, is_there=lambda: answers(port)) for _ in range(options.runs)])


def starts_of_worker(options: Options) -> dict[str, Any]:
    """It is there when its row says so."""
    with empty_house() as (variables, _port):
        engine = create_engine(Config.from_environment(variables).database_url)

        def known() -> int:
            with engine.connect() as connection:
                return int(connection.scalar(select(func.count()).select_from(ProgramProcess)) or 0)

        rounds = []
        for _ in range(options.runs):
            before = known()
            rounds.append(start_of("worker", variables=variables, is_there=lambda before=before: known() > before))  # type: ignore[misc]
        engine.dispose()
        return middle_of(rounds)


def demonstration(options: Options) -> Iterator[tuple[str, Round]]:
    """Once from nothing, then again in the same folder."""
    folder, port = TemporaryDirectory(prefix="langbiang-processes-"), free_port()
    words = ("demo", "--port", str(port), "--data", folder.name)

    def first() -> dict[str, Any]:
        return middle_of([start_of(*words, variables={}, is_there=lambda: answers(port))])

    def again() -> dict[str, Any]:
        try:
            if not any(Path(folder.name).iterdir()):
                first()
            rounds = [start_of(*words, variables={}, is_there=lambda: answers(port)) for _ in range(options.runs)]
        finally:
            folder.cleanup()
        return middle_of(rounds)

    yield "demo, from nothing", first
    yield "demo, again", again


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield "serve", lambda: starts_of_serve(options)
    yield "worker", lambda: starts_of_worker(options)
    yield from demonstration(options)


RUN = Run("processes", "starts of serve, worker and demo: seconds to the first answer, memory after 20 of rest", 3, rounds)
