"""Earlier releases of the program: found in the history by what the changelog says, unpacked, and run with the packages that are here."""
from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import httpx

from tests.soak.machine import ROOT, git

MIGRATIONS = ROOT / "migrations" / "versions"
MAIN = "import langbiang; langbiang.main()"
READY_SECONDS = 400
DAY = re.compile(r"\(\d{4}-\d\d-\d\d\)")


def schemas() -> list[str]:
    """The revisions of the tables, from the first to this program's."""
    return sorted(path.name.partition("_")[0] for path in MIGRATIONS.glob("[0-9]*_*.py"))


def releases() -> dict[str, str]:
    """The commit of the last program of each release before this one, the first release first, by version.

    One with a day ended with it; before there were days, it ended where the changelog begins the next.
    """
    headings = [line.split() for line in git("show", "HEAD:CHANGELOG.md").splitlines() if line.startswith("## ")]
    found = {}
    for (_, following, *_), (_, version, said) in reversed(list(pairwise(headings))):
        if DAY.fullmatch(said):
            found[version] = git("rev-list", "-1", f"--before={said[1:-1]}T23:59:59+00:00", "HEAD")
        else:
            begun = git("log", "--reverse", "--format=%H", f"-S## {following} (", "--", "CHANGELOG.md").splitlines()[0]
            found[version] = git("rev-parse", f"{begun}^")
    return found


def schema_of(commit: str) -> str:
    """The newest revision of the tables a commit knows."""
    names = git("ls-tree", "--name-only", commit, "migrations/versions/").splitlines()
    return max(each.rpartition("/")[2].partition("_")[0] for each in names if each.endswith(".py") and "/0" in each)


def fits_beside(commit: str) -> bool:
    """Whether the newest tables promise that a program goes on beside this one."""
    newest = next(MIGRATIONS.glob(f"{schemas()[-1]}_*.py"))
    oldest = getattr(import_module(f"migrations.versions.{newest.stem}"), "oldest_program", schemas()[-1])
    return schema_of(commit) >= oldest


def version_of(commit: str) -> str:
    """What the changelog of a commit calls its release."""
    return next(line.split()[1] for line in git("show", f"{commit}:CHANGELOG.md").splitlines() if line.startswith("## "))


def unpacked(commit: str, folder: Path) -> Path:
    """The whole of a commit, its tests with it, in a folder of its own."""
    code = folder / f"release-{version_of(commit)}-{commit[:10]}"
    code.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(code)], input=archive, check=True)
    return code


class CommandFailed(Exception):
    """A command of a program ended with something else than 0; the text has the end of what it said."""


class Program:
    """A program in a folder. Its processes see the variables of one installation and nothing of the checkout."""

    def __init__(self, code: Path, variables: Mapping[str, str], logs: Path) -> None:
        self.code, self.logs = code, logs
        self._variables = {name: value for name, value in os.environ.items() if not name.startswith("LANGBIANG_")} | dict(variables)
        if not any("TAKE_BACK_SECONDS" in path.read_text(encoding="utf-8") for path in (code / "web").glob("config/__init__.py")):
            self._variables.pop("LANGBIANG_TAKE_BACK_SECONDS", None)      # a release before there was one refuses it

    def python(self, script: str, *arguments: str) -> str:
        """Run a script with its modules; returns what it printed. Raises CommandFailed."""
        # -c looks for modules in the current folder first
        command = [sys.executable, "-c", script, *arguments]
        done = subprocess.run(command, cwd=self.code, env=self._variables, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = (done.stdout + done.stderr)[-3000:]
            raise CommandFailed(f"{' '.join(arguments)} of {self.code.name} ended with {done.returncode}: {said}")
        return done.stdout

    def command(self, *words: str) -> str:
        """`langbiang WORDS`; returns what it printed. Raises CommandFailed."""
        return self.python(MAIN, *words)

    def start(self, command: str, *words: str, port: int | None = None) -> Running:
        """`langbiang COMMAND` until it is told to end; with a port it is waited for until it answers there."""
        own = self._variables | ({"LANGBIANG_PORT": str(port)} if port else {})
        log = self.logs / f"{self.code.name}-{command}-{port or time.monotonic_ns()}.log"
        with log.open("ab") as output:
            process = subprocess.Popen([sys.executable, "-c", MAIN, command, *words], cwd=self.code, env=own, stdout=output, stderr=output,
                                       stdin=subprocess.DEVNULL)
        running = Running(process, log)
        if port is not None:
            running.await_answer(port)
        return running


class Running:
    """A process of a program."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process, self.log = process, log

    def await_answer(self, port: int) -> None:
        """Wait until it answers. Raises CommandFailed."""
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5, verify=False).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise CommandFailed(f"{self.log.name} did not come up: {self.said()[-2000:]}")

    def await_words(self, words: str) -> None:
        """Wait until it has printed them. Raises CommandFailed."""
        end = time.monotonic() + READY_SECONDS
        while words not in self.said():
            if self.process.poll() is not None or time.monotonic() > end:
                raise CommandFailed(f"{self.log.name} did not come up: {self.said()[-2000:]}")
            time.sleep(0.1)

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        """SIGTERM, and wait until what was begun is finished."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(120)

    def kill(self) -> None:
        """At the end of a rehearsal, whatever state it is in."""
        self.process.kill()
        self.process.wait()
