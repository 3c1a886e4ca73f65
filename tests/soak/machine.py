"""A fresh machine: the smallest Debian 13 in a folder, with a clone of this repository or of what it was, nothing of which has run.

Where packages come from is this machine's own affair: its configuration of apt and pip is read when the run starts and
copied in. Mounts are made in a namespace of their own, so that nothing stays mounted whatever ends the run. Needs root.
"""
from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.soak.runs import RESULTS

ROOT = Path(__file__).parent.parent.parent
SUITE = "trixie"
NOT_FOR_OTHERS = ("sources.list.d/older-defaults-of-debian.sources", "preferences.d/installed-versions")
"""Parts of the configuration of apt that speak of what is installed here, and would be wrong on a fresh machine."""

PASSED_ON = re.compile(r"PIP_.*|(https?|no|all)_proxy|SSL_CERT_FILE|REQUESTS_CA_BUNDLE", re.IGNORECASE)
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NAMESPACE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
ENTER = """mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && mount -t sysfs sysfs "$0/sys" && mount -t tmpfs tmpfs "$0/dev/shm"
machine=$0; exec chroot "$machine" "$@" """


class NotHere(Exception):
    """This machine cannot make another one; the text says what is missing."""


class Machine:
    """A machine in the folder `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def make(self) -> None:
        """Install the smallest Debian with this machine's sources of packages. Raises NotHere without root or debootstrap."""
        if os.geteuid() != 0 or not shutil.which("debootstrap"):
            raise NotHere("making a machine needs root and debootstrap: apt-get install -y --no-install-recommends debootstrap")
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        with (RESULTS / f"{self.root.name}-machine.log").open("wb") as log:
            subprocess.run(["debootstrap", "--variant=minbase", SUITE, self.root, mirror()], check=True, stdout=log, stderr=log)
        self._copy_configuration()

    def copy_of(self, other: Machine) -> None:
        """Become what another machine is now."""
        shutil.rmtree(self.root, ignore_errors=True)
        subprocess.run(["cp", "--archive", other.root, self.root], check=True)

    def put_away(self) -> None:
        shutil.rmtree(self.root)

    def start(self, command: list[str], output: Any, *, folder: str = "/root", stdin: Any = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Start a command inside the machine, as its first user would; whatever it started ends with it, and its mounts."""
        environment = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", **passed_on()}
        variables = [f"{name}={value}" for name, value in environment.items()]
        inside = ["env", "-i", *variables, "sh", "-c", f'cd {folder} && exec "$@"', "sh", *command]
        return subprocess.Popen([*NAMESPACE, "sh", "-c", ENTER, self.root, *inside], stdin=stdin, stdout=output, stderr=output)

    def _copy_configuration(self) -> None:
        """apt's and pip's configuration of this machine, with the certificates and folders it names."""
        shutil.copytree("/etc/apt", self.root / "etc/apt", dirs_exist_ok=True, symlinks=True)
        for name in NOT_FOR_OTHERS:
            (self.root / "etc/apt" / name).unlink(missing_ok=True)
        if any((self.root / "etc/apt/sources.list.d").iterdir()):
            (self.root / "etc/apt/sources.list").unlink(missing_ok=True)   # debootstrap's own line, which would be there twice
        for name in ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/root/.config/pip/pip.conf", "/root/.pip/pip.conf"):
            self._copy_in(Path(name))
        shutil.copytree("/etc/ssl/certs", self.root / "etc/ssl/certs", dirs_exist_ok=True, ignore_dangling_symlinks=True)
        of_pip = self._text("etc/pip.conf") + self._text("root/.config/pip/pip.conf")
        named = re.findall(r"^\s*[\w-]+\s*=\s*(/\S+)", of_pip, re.MULTILINE)
        for value in (*named, *passed_on().values()):
            if value.startswith("/"):
                self._copy_in(Path(value))

    def _copy_in(self, path: Path) -> None:
        there = self.root / path.relative_to("/")
        if path.is_dir():
            shutil.copytree(path, there, dirs_exist_ok=True)
        elif path.is_file():
            there.parent.mkdir(parents=True, exist_ok=True)
            there.unlink(missing_ok=True)
            shutil.copyfile(path, there)

    def _text(self, name: str) -> str:
        path = self.root / name
        return path.read_text(encoding="utf-8") if path.is_file() else ""


class LineFailed(Exception):
    """Something typed did not end well; the text has it and what was printed last."""


class Shell:
    """Somebody at the machine's console as root. Services started here run until `close`."""

    def __init__(self, machine: Machine, log: Path) -> None:
        self.log = log
        self._output = log.open("wb")
        self._process = machine.start(["bash"], self._output, stdin=subprocess.PIPE)

    def type(self, lines: str, seconds: int = 1200) -> str:
        """Type lines and return what they printed. Raises LineFailed when one of them ends with anything but 0."""
        begun, mark = self.log.stat().st_size, f"typed-{secrets.token_hex(8)}"
        # in the shell itself, so that a variable lives on; a failing line ends it by -e, and the trap says so
        text = f"set -e; trap 'echo {mark} failed' EXIT\n{lines}\nset +e; trap - EXIT; echo {mark} done\n"
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            printed = self.log.read_bytes()[begun:].decode("utf-8", "replace")
            if f"{mark} done" in printed:
                return printed.partition(f"{mark} done")[0]
            if f"{mark} failed" in printed or self._process.poll() is not None:
                break
            time.sleep(0.2)
        raise LineFailed("\n".join([lines.strip(), "…", *last_lines(self.log, 15)]))

    def close(self) -> None:
        """Leave; everything in the namespace ends."""
        stop(self._process)
        self._output.close()


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the namespace's first process: everything in it ends with it, and its mounts."""
    process.kill()
    process.wait()


def mirror() -> str:
    """Where this machine gets Debian 13 from."""
    form = ["apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Identifier: Packages"]
    for line in subprocess.run(form, check=True, capture_output=True, text=True).stdout.splitlines():
        suite, _, address = line.partition(" ")
        if suite == SUITE and not address.startswith("file:"):
            return address
    raise NotHere(f"apt on this machine has no source for Debian's {SUITE}")


def passed_on() -> Mapping[str, str]:
    """The variables that say how packages are fetched."""
    return {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}


def git(*arguments: str) -> str:
    """What git says of this repository."""
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def last_lines(log: Path, number: int) -> list[str]:
    return log.read_text("utf-8", "replace").strip().splitlines()[-number:]
