"""What the guides of docs/ tell to type, a release as somebody unpacks it, and somebody at the console of a machine."""
from __future__ import annotations

import io
import re
import shlex
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager

from tests.soak.machine import ROOT, Machine, Shell, git
from tests.soak.runs import RESULTS
from tests.soak.visitors import PASSWORD

FOLDER_OF_RELEASE = "/root/langbiang"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^    (\S.*)$", re.MULTILINE)
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


def guide(name: str, *headings: str) -> Iterator[str]:
    """What is to be typed, block by block; of the sections that are named, or of all."""
    for text in sections(name, *headings):
        yield from BLOCK.findall(text)


def sections(name: str, *headings: str) -> Iterator[str]:
    parts = HEADING.split((ROOT / "docs" / name).read_text(encoding="utf-8"))
    for heading, text in zip(parts[1::2], parts[2::2], strict=True):
        if not headings or heading in headings:
            yield text


def unpack(machine: Machine, commit: str, folder: str, *paths: str) -> None:
    """The release of a commit, as somebody unpacks it; of some paths, or of all."""
    archive = subprocess.run(["git", "archive", commit, *paths], cwd=ROOT, check=True, capture_output=True).stdout
    there = machine.root / folder.lstrip("/")
    there.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(there, filter="data")


def release_before() -> str:
    """The last commit of the release before this one."""
    changed = git("log", "-1", "--format=%H", "-G^version = ", "--", "setup.cfg")
    return git("rev-parse", f"{changed}^")


@contextmanager
def console(machine: Machine) -> Iterator[Shell]:
    """Somebody at the machine, with the verbs of systemctl the guides use."""
    there = machine.root / "usr/local/sbin/systemctl"
    shutil.copy(ROOT / "tests/soak/systemctl.py", there)
    there.chmod(0o755)
    shell = Shell(machine, RESULTS / f"{machine.root.name}.log")
    try:
        shell.type(f"export ADMINISTRATOR_PASSWORD={shlex.quote(PASSWORD)}; cd {FOLDER_OF_RELEASE}")
        yield shell
    finally:
        shell.close()
