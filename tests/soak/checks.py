"""The checks of models and tables under files made to break them, and random sound and unsound models in numbers."""
from __future__ import annotations

import resource
import select
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Any, BinaryIO

from tests.soak.mutations import bitten, mutated
from tests.soak.runs import RESULTS, Options, Round, Run
from tests.workflows.checks.test_random_models import alarms, misses, run_to_the_end, run_woven
from tests.workflows.random_models import DRAWN_FAULTS, NET_FAULTS, RULE_FAULTS, alone, woven
from workflows.checks.model import check_model
from workflows.definitions.process import BPMN, read_xml, shipped_model, shipped_table

SECONDS_EACH = 5.0
SECONDS_OF_LARGE = 10.0
MEMORY = 300 * 1024 * 1024
"""More than the checking process has once everything is loaded."""
FAILED = RESULTS / "fuzz"
"""Where a file that broke a check is kept."""
VERDICTS = ("clean", "findings", "unreadable")


def check_files(read: BinaryIO, write: BinaryIO) -> None:
    """The checking process: reads files, writes one byte each; whatever a check raises ends it."""
    from workflows.checks.model import check_model
    from workflows.checks.table import check_table

    check_model(shipped_model())
    check_table(shipped_table())
    with open("/proc/self/statm", encoding="ascii") as file:
        size = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
    while header := read.read(5):
        kind, length = struct.unpack(">cI", header)
        checked = (check_model if kind == b"m" else check_table)(read.read(length))
        for finding in checked.findings:
            assert all((*finding.what, *finding.why, *finding.mend)), finding
            assert finding.element or finding.line or not checked.is_readable or finding.check.startswith("findings"), finding
        verdict = "unreadable" if not checked.is_readable else "clean" if checked.is_clean else "findings"
        write.write(bytes([VERDICTS.index(verdict)]))
        write.flush()


class Checker:
    """The checking process seen from outside: killed when it takes too long, started again when it died."""

    def __init__(self) -> None:
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        words = "import sys; from tests.soak.checks import check_files; check_files(sys.stdin.buffer, sys.stdout.buffer)"
        return subprocess.Popen([sys.executable, "-c", words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def verdict(self, kind: bytes, data: bytes) -> tuple[str, str]:
        """Return what the checks say, or `died` or `hung` and the last words of the process."""
        process = self.process
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            process.stdin.write(struct.pack(">cI", kind, len(data)) + data)
            process.stdin.flush()
        except BrokenPipeError:
            pass
        ready, _, _ = select.select([process.stdout], [], [], SECONDS_EACH + 0.5)
        answer = process.stdout.read(1) if ready else b""
        if answer:
            return VERDICTS[answer[0]], ""
        process.kill()
        words = process.stderr.read().decode(errors="replace")[-2_000:]
        process.wait()
        self.process = self._start()
        return ("died" if ready else "hung"), words

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()


def fuzz(kind: bytes, made: Callable[[Random], bytes], seed: int, minutes: float) -> dict[str, Any]:
    """Check files for so long; returns how many there were of each verdict. Fails at the end when any check died or hung."""
    counts: Counter[str] = Counter()
    failed: list[str] = []
    checker = Checker()
    checker.verdict(kind, shipped_model() if kind == b"m" else shipped_table())
    until, slowest, number = time.monotonic() + minutes * 60, 0.0, 0
    try:
        while time.monotonic() < until and len(failed) < 20:
            number += 1
            data = made(Random(seed * 1_000_003 + number))
            begun = time.monotonic()
            verdict, words = checker.verdict(kind, data)
            slowest = max(slowest, time.monotonic() - begun)
            counts[verdict] += 1
            if verdict not in VERDICTS:
                FAILED.mkdir(parents=True, exist_ok=True)
                name = f"{kind.decode()}-{seed}-{number}-{verdict}"
                (FAILED / f"{name}.xml").write_bytes(data)
                (FAILED / f"{name}.txt").write_text(words, encoding="utf-8")
                failed.append(name)
    finally:
        checker.close()
    found = {"files": number, **counts, "slowest_seconds": round(slowest, 2)}
    print(f"  {found}", flush=True)
    assert not failed, f"{len(failed)} files broke a check, kept in {FAILED}: {failed[:5]}"
    return found


def of_the_shipped(rng: Random) -> bytes:
    """A change of the model that comes with the software."""
    return mutated(shipped_model(), rng)


def of_a_random_one(rng: Random) -> bytes:
    """A change of a random model, or of one that was unsound before."""
    model = woven(rng)
    if rng.random() < 0.5:
        rng.choice(list({**NET_FAULTS, **DRAWN_FAULTS}.values()))(model)
    return mutated(model.drawing.xml, rng) if rng.random() < 0.8 else model.drawing.xml


def of_the_table(rng: Random) -> bytes:
    """A change of the decision table."""
    return mutated(shipped_table(), rng)


def of_bytes(rng: Random) -> bytes:
    """Hardly a model any more."""
    return bitten(rng.randbytes(rng.randrange(2_000)) if rng.random() < 0.3 else shipped_model(), rng)


def numbers(seed: int, count: int) -> dict[str, Any]:
    """Sound models pass and run, unsound ones are found; returns how many of each, and fails at any false alarm or miss."""
    false_alarms: list[str] = []
    acts = whole = 0
    for number in range(count):
        model = alone(Random(seed + number))
        false_alarms += [f"net {seed + number}: {found}" for found in alarms(model, is_woven=False)]
        done, is_whole = run_to_the_end(alone(Random(seed + number), most=24), 400)
        acts, whole = acts + done, whole + is_whole
        model = woven(Random(seed + number))
        false_alarms += [f"model {seed + number}: {found}" for found in alarms(model, is_woven=True)]
        run_woven(model, runs=2)
    nets, missed = misses(NET_FAULTS, range(seed, seed + 3 * count), is_woven=False)
    models, more = misses({**NET_FAULTS, **DRAWN_FAULTS, **RULE_FAULTS}, range(seed, seed + count), is_woven=True)
    found = {"sound": 2 * count, "false_alarms": len(false_alarms), "walked_whole": whole, "acts": acts,
             "unsound": nets.total() + models.total(), "missed": len(missed + more), "kinds": dict(nets + models)}
    print(f"  {found}", flush=True)
    assert not [*false_alarms, *missed, *more], (false_alarms[:5], (missed + more)[:5])
    return found


def elements_of(xml: bytes) -> int:
    """How many elements the processes of a model have, their sequence flows not counted."""
    others = (BPMN + "sequenceFlow", BPMN + "laneSet")
    return sum(node.get("id") is not None and node.tag not in others for each in read_xml(xml).iter(BPMN + "process") for node in each)


def large(seed: int, count: int) -> dict[str, Any]:
    """Check and walk models of some 300 elements, each within ten seconds of processor time; those that are clean are walked, and count."""
    took: list[float] = []
    for number in range(seed, seed + 50 * count):
        xml = woven(Random(number), most=240).drawing.xml
        if not 270 <= elements_of(xml) <= 400:
            continue
        begun = time.process_time()
        is_clean = check_model(xml).is_clean
        seconds = time.process_time() - begun
        assert seconds <= SECONDS_OF_LARGE, (number, seconds)
        if is_clean:
            took.append(seconds)
        if len(took) == count:
            break
    found = {"models": len(took), "median_seconds": round(sorted(took)[len(took) // 2], 2), "slowest_seconds": round(max(took), 2)}
    print(f"  {found}", flush=True)
    return found


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    minutes = float(options.runs)
    for name, kind, made, share in (
        ("changes of the shipped model", b"m", of_the_shipped, 0.45), ("changes of random models", b"m", of_a_random_one, 0.3),
        ("changes of the table", b"t", of_the_table, 0.15), ("broken bytes", b"m", of_bytes, 0.1),
    ):  # fmt: skip
        yield name, partial(fuzz, kind, made, options.seed, minutes * share)
    yield "models of 300 elements", lambda: large(options.seed, 2 * options.runs)
    yield "sound and unsound models", lambda: numbers(options.seed * 10_000, 2 * options.runs)


RUN = Run("checks", "minutes of broken models and tables thrown at their checks, then large, sound and unsound random models", 10, rounds)
