"""A fresh machine: the smallest Debian 13 in a folder, a clone of this repository in it, bin/demo and bin/test at the first try.

Where packages come from is this machine's own affair: its configuration of apt and pip is read when the run starts and
copied in. Mounts are made in a namespace of their own, so that nothing stays mounted whatever ends the run. Needs root.
"""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.kill.ports import free_port
from tests.soak.runs import RESULTS, Options, Round, Run

ROOT = Path(__file__).parent.parent.parent
MACHINE = RESULTS / "chroot"
CLONE = "srv/langbiang"
SUITE = "trixie"
NOT_FOR_OTHERS = ("sources.list.d/older-defaults-of-debian.sources", "preferences.d/installed-versions")
"""Parts of the configuration of apt that speak of what is installed here, and would be wrong on a fresh machine."""

DEMO_MINUTES, TEST_MINUTES = 20, 60
PASSED_ON = re.compile(r"PIP_.*|(https?|no|all)_proxy|SSL_CERT_FILE|REQUESTS_CA_BUNDLE", re.IGNORECASE)
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NAMESPACE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
ENTER = """mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && mount -t sysfs sysfs "$0/sys" && mount -t tmpfs tmpfs "$0/dev/shm"
machine=$0; exec chroot "$machine" "$@" """


class NotHere(Exception):
    """This machine cannot make another one; the text says what is missing."""


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield "machine", make_machine
    yield "demo", run_demo
    yield "test", run_tests
    yield "put away", put_away


def make_machine() -> dict[str, Any]:
    """A fresh Debian with a clone of the repository, nothing of which has run."""
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        raise NotHere("making a machine needs root and debootstrap: apt-get install -y --no-install-recommends debootstrap")
    shutil.rmtree(MACHINE, ignore_errors=True)
    MACHINE.mkdir(parents=True)
    with (RESULTS / "chroot-machine.log").open("wb") as log:
        subprocess.run(["debootstrap", "--variant=minbase", SUITE, MACHINE, mirror()], check=True, stdout=log, stderr=log)
    copy_configuration()
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, MACHINE / CLONE], check=True)
    commit = _git("rev-parse", "HEAD")
    return {"suite": SUITE, "commit": commit, "uncommitted_left_out": len(_git("status", "--porcelain").splitlines())}


def run_demo() -> dict[str, Any]:
    """bin/demo until the address it prints answers."""
    port, log = free_port(), RESULTS / "chroot-demo.log"
    begun = time.monotonic()
    with log.open("wb") as output:
        process = start(["bin/demo", "--port", str(port)], output)
        try:
            address = wait_for_address(process, log, port)
            with urllib.request.urlopen(address, timeout=30) as answer:
                status, page = answer.status, answer.read().decode()
        finally:
            _stop(process)
    if status != 200 or "<html" not in page:
        raise RuntimeError(f"{address} answered {status}")
    return {"address_works_after_seconds": round(time.monotonic() - begun, 1), "tries": 1}


def run_tests() -> dict[str, Any]:
    """bin/test, which must end well."""
    log = RESULTS / "chroot-test.log"
    with log.open("wb") as output:
        process = start(["bin/test"], output)
        try:
            status = process.wait(TEST_MINUTES * 60)
        finally:
            _stop(process)
    last = _last_lines(log, 15)
    if status != 0:
        raise RuntimeError(f"bin/test ended with {status}, see {log}:\n" + "\n".join(last))
    return {"last_line": last[-1] if last else "", "tries": 1}


def put_away() -> dict[str, Any]:
    shutil.rmtree(MACHINE)
    return {}


def mirror() -> str:
    """Where this machine gets Debian 13 from."""
    form = ["apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Identifier: Packages"]
    for line in subprocess.run(form, check=True, capture_output=True, text=True).stdout.splitlines():
        suite, _, address = line.partition(" ")
        if suite == SUITE and not address.startswith("file:"):
            return address
    raise NotHere(f"apt on this machine has no source for Debian's {SUITE}")


def copy_configuration() -> None:
    """apt's and pip's configuration of this machine, with the certificates and folders it names."""
    shutil.copytree("/etc/apt", MACHINE / "etc/apt", dirs_exist_ok=True, symlinks=True)
    for name in NOT_FOR_OTHERS:
        (MACHINE / "etc/apt" / name).unlink(missing_ok=True)
    if any((MACHINE / "etc/apt/sources.list.d").iterdir()):
        (MACHINE / "etc/apt/sources.list").unlink(missing_ok=True)        # debootstrap's own line, which would be there twice
    for name in ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/root/.config/pip/pip.conf", "/root/.pip/pip.conf"):
        _copy_in(Path(name))
    shutil.copytree("/etc/ssl/certs", MACHINE / "etc/ssl/certs", dirs_exist_ok=True, ignore_dangling_symlinks=True)
    of_pip = _text("etc/pip.conf") + _text("root/.config/pip/pip.conf")
    named = re.findall(r"^\s*[\w-]+\s*=\s*(/\S+)", of_pip, re.MULTILINE)
    for value in (*named, *passed_on().values()):
        if value.startswith("/"):
            _copy_in(Path(value))


def passed_on() -> Mapping[str, str]:
    """The variables that say how packages are fetched."""
    return {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}


def start(command: list[str], output: Any) -> subprocess.Popen[bytes]:
    """Start a command of the clone inside the machine, as its first user would."""
    environment = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", **passed_on()}
    variables = [f"{name}={value}" for name, value in environment.items()]
    inside = ["env", "-i", *variables, "sh", "-c", f'cd /{CLONE} && exec "$@"', "sh", *command]
    return subprocess.Popen([*NAMESPACE, "sh", "-c", ENTER, MACHINE, *inside], stdin=subprocess.DEVNULL, stdout=output, stderr=output)


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
    raise RuntimeError("bin/demo gave no address that answers:\n" + "\n".join(_last_lines(log, 15)))


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the namespace's first process: everything in it ends with it, and its mounts."""
    process.kill()
    process.wait()


def _copy_in(path: Path) -> None:
    there = MACHINE / path.relative_to("/")
    if path.is_dir():
        shutil.copytree(path, there, dirs_exist_ok=True)
    elif path.is_file():
        there.parent.mkdir(parents=True, exist_ok=True)
        there.unlink(missing_ok=True)
        shutil.copyfile(path, there)


def _text(name: str) -> str:
    path = MACHINE / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def _last_lines(log: Path, number: int) -> list[str]:
    return log.read_text("utf-8", "replace").strip().splitlines()[-number:]


RUN = Run("chroot", "bin/demo and bin/test on a fresh minimal Debian 13, each at the first try", 1, rounds)
