"""A plugin of pytest: the processor time each file of tests takes, with that of the browsers, databases and servers it starts.

    python -m pytest -p tests.processor …        as bin/test does; the sum is told at the end, each file's seconds are in var/processor.txt

A file's time depends less on what else the machine does than its duration would. tests/processor.txt is such a list, by which
`bin/test --changed` tells how long its choice takes; after a run of everything, `cp var/processor.txt tests/processor.txt` renews it.
"""
from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
RECORD, LATEST = ROOT / "tests/processor.txt", ROOT / "var/processor.txt"
TICKS = os.sysconf("SC_CLK_TCK")
AROUND = "(around the tests)"
"""What no file takes: starting, reading all tests, and ending."""


def spent() -> float:
    """Seconds of processor this process has taken so far, with its children: those that ended, and those that still run."""
    told = os.times()
    return told.user + told.system + told.children_user + told.children_system + sum(_of_descendants())


def _of_descendants() -> Iterator[float]:
    children: dict[int, list[tuple[int, int]]] = {}
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            told = Path(f"/proc/{process}/stat").read_text()
        except OSError:
            continue                                          # it has ended meanwhile
        fields = told.rpartition(")")[2].split()
        children.setdefault(int(fields[1]), []).append((int(process), sum(map(int, fields[11:15]))))
    parents = [os.getpid()]
    while parents:
        for process, ticks in children.get(parents.pop(), ()):
            parents.append(process)
            yield ticks / TICKS


class Meter:
    """What the files of one process have taken."""

    def __init__(self) -> None:
        self.of: Counter[str] = Counter()
        self.before = 0.0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
        if not self.of:
            self.note(AROUND)
        try:
            return (yield)
        finally:
            if nextitem is None or nextitem.path != item.path:
                self.note(item.nodeid.partition("::")[0])

    def note(self, what: str) -> None:
        now = spent()
        self.of[what] += max(0.0, now - self.before)          # of a descendant that nobody waited for nothing is known any more
        self.before = now

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.note(AROUND)
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["processor"] = dict(self.of)


class Sum:
    """What all processes have taken."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.meter.of.update(getattr(node, "workeroutput", {}).get("processor", {}))
        self.meter.before = spent()                            # what a process of pytest-xdist took is told by itself

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        minutes = sum(self.meter.of.values()) / 60
        terminalreporter.write_line(f"Processor: {minutes:.1f} minutes")
        LATEST.parent.mkdir(exist_ok=True)
        LATEST.write_text(written(self.meter.of), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    meter = Meter()
    config.pluginmanager.register(meter, "meter")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Sum(meter), "sum of the meters")


def written(seconds: Mapping[str, float]) -> str:
    """A line for each file, the longest first."""
    return "".join(f"{taken:.1f} {file}\n" for file, taken in sorted(seconds.items(), key=lambda each: (-each[1], each[0])))


def read(text: str) -> dict[str, float]:
    """The seconds of each file, from such lines."""
    return {file: float(taken) for taken, _, file in (line.partition(" ") for line in text.splitlines())}
