"""python -m tests.mutants [NAME...]: put each seeded fault into a copy of the tree and see that a test notices.

    --jobs N      how many copies work beside each other (2)
    --list        only print the faults

Ends with 0 when every fault turned its tests red, and with 1 when one of them survived or could not be tried.
"""
from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.mutants import MUTANTS, Mutant, MutantStale

ROOT = Path(__file__).resolve().parent.parent.parent
LEFT_OUT = shutil.ignore_patterns(".*", "*.egg-info", "build", "dist", "node_modules", "var", "vendor")
MOST_SECONDS = 300
NOTICED = 1
"""pytest's exit code for "tests failed": a collection error or an empty selection is no proof of anything."""


@dataclass(frozen=True)
class Verdict:
    """What became of one fault."""

    mutant: Mutant
    word: str
    seconds: float
    output: str = ""

    @property
    def is_good(self) -> bool:
        return self.word == "noticed"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.names) - {mutant.name for mutant in MUTANTS}:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    mutants = [mutant for mutant in MUTANTS if not chosen.names or mutant.name in chosen.names]
    if chosen.list:
        for mutant in mutants:
            print(f"{mutant.name:<34} {mutant.file:<34} {' '.join(mutant.tests)}")
        return 0
    verdicts = try_all(mutants, jobs=chosen.jobs)
    bad = [verdict for verdict in verdicts if not verdict.is_good]
    for verdict in bad:
        print(f"\n== {verdict.mutant.name}: {verdict.word}\n{verdict.output}", file=sys.stderr)
    print(f"{len(verdicts) - len(bad)} of {len(verdicts)} faults noticed")
    return 1 if bad else 0


def try_all(mutants: list[Mutant], *, jobs: int = 2) -> list[Verdict]:
    """Try each fault in a copy of the tree; a copy is used again once its fault has been taken out."""
    copies: SimpleQueue[Path] = SimpleQueue()

    def try_in_some_copy(mutant: Mutant) -> Verdict:
        copy = copies.get()
        try:
            return tried(mutant, copy)
        finally:
            copies.put(copy)

    with tempfile.TemporaryDirectory(prefix="langbiang-mutants-") as folder, ThreadPoolExecutor(jobs) as workers:
        for number in range(jobs):
            copies.put(copy_of_the_tree(Path(folder) / str(number)))
        verdicts = []
        for verdict in workers.map(try_in_some_copy, mutants):
            print(f"{verdict.mutant.name:<34} {verdict.word:<20} {verdict.seconds:6.1f} s", flush=True)
            verdicts.append(verdict)
        return verdicts


def copy_of_the_tree(folder: Path) -> Path:
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
    # pages need the vendored assets only as files to link to
    (folder / "web/static/vendor").symlink_to(ROOT / "web/static/vendor")
    return folder


def tried(mutant: Mutant, copy: Path) -> Verdict:
    """Run the tests of a fault without it, then with it: they must be green before they can turn red."""
    started, path = time.monotonic(), copy / mutant.file
    sound = path.read_text(encoding="utf-8")
    try:
        faulty = mutant.put_into(sound)
    except MutantStale as stale:
        return Verdict(mutant, "does not fit any more", 0, str(stale))
    code, output = run_tests(mutant.tests, copy)
    if code != 0:
        return Verdict(mutant, "red without it", time.monotonic() - started, output)
    path.write_text(faulty, encoding="utf-8")
    # told from its source by second and size, and a fault may change neither
    Path(cache_from_source(str(path))).unlink(missing_ok=True)
    try:
        code, output = run_tests(mutant.tests, copy)
    finally:
        path.write_text(sound, encoding="utf-8")
    word = "noticed" if code == NOTICED else "NOT NOTICED" if code == 0 else f"could not run ({code})"
    return Verdict(mutant, word, time.monotonic() - started, "" if word == "noticed" else output)


def run_tests(tests: tuple[str, ...], copy: Path) -> tuple[int, str]:
    """Run tests with the packages of the copy, not those of the checkout, which the environment knows as an editable install."""
    # Byte code of what is sound came with the copy; of a fault there shall be none.
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "MUTANT_COPY": str(copy)}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=short", "-p", "no:cacheprovider", "-p", "tests.mutants.origin"]
    try:
        ended = subprocess.run([*command, *tests], cwd=copy, env=environment, capture_output=True, text=True, timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        return 124, f"took longer than {MOST_SECONDS} s"
    return ended.returncode, (ended.stdout + ended.stderr)[-4000:]


if __name__ == "__main__":
    sys.exit(main())
