"""Machines of a rehearsal: network namespaces on one bridge, each with an address, processes of its own, and a cable that can be pulled.

Files, memory and processors they share; what they say to each other goes through the bridge. Needs root.
"""
from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

GATE = "10.77.0.1"
"""This machine, from which people come."""

LOCK = Path("/run/lock/langbiang-machines")

NEEDED = {"ip": "iproute2"}

OURS = re.compile(r"lb[0-9a-f]{1,4}")
"""The name of a rehearsal's network, with which those of its bridge and of its machines begin."""


class NotHere(Exception):
    """This machine cannot rehearse it; the text says what is missing."""


@dataclass
class Host:
    """One machine of the rehearsal."""

    name: str
    address: str
    folder: Path
    network: str
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def inside(self) -> list[str]:
        """What a command begins with to run there."""
        return ["ip", "netns", "exec", f"{self.network}-{self.name}"]

    def start(self, what: str, command: Sequence[str | Path], *, user: str | None = None,
              variables: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start a command whose output goes to a log of its own."""
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        with (self.folder / f"{what}.log").open("ab") as log:
            process = subprocess.Popen([*self.inside, *as_user, *command], stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/",
                                       env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.folder), **(variables or {})})
        self.started.append(process)
        return process

    def stop(self, *programs: Sequence[str]) -> None:
        """SIGTERM to what was started by commands that end so, and wait for it."""
        ending = [each for each in self.started if any(list(each.args)[-len(end):] == list(end) for end in programs)]   # type: ignore[call-overload, arg-type]
        for process in ending:
            process.terminate()
        for process in ending:
            process.wait(120)

    def pids(self) -> list[int]:
        """Everything that runs there."""
        told = subprocess.run(["ip", "netns", "pids", f"{self.network}-{self.name}"], capture_output=True, text=True, check=False).stdout
        return [int(each) for each in told.split()]

    def kill(self) -> int:
        """SIGKILL to everything there, in one go; returns how many it was."""
        pids = self.pids()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while self.pids():
            time.sleep(0.02)
        for process in self.started:
            process.wait()
        self.started.clear()
        return len(pids)

    def pull_cable(self) -> None:
        _ip("link", "set", f"{self.network}{self.name}", "down")

    def plug_in(self) -> None:
        _ip("link", "set", f"{self.network}{self.name}", "up")


@dataclass
class Network:
    """The bridge and the machines on it."""

    name: str
    folder: Path
    hosts: dict[str, Host] = field(default_factory=dict)

    def add(self, name: str, address: str) -> Host:
        """A machine more, with nothing running."""
        space, cable = f"{self.name}-{name}", f"{self.name}{name}"
        _ip("netns", "add", space)
        _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space)
        _ip("link", "set", cable, "master", f"{self.name}br", "up")
        for what in (["addr", "add", f"{address}/24", "dev", "eth0"], ["link", "set", "eth0", "up"], ["link", "set", "lo", "up"]):
            _ip("-n", space, *what)
        folder = self.folder / name
        folder.mkdir()
        folder.chmod(0o755)
        host = self.hosts[name] = Host(name, address, folder, self.name)
        return host


@contextmanager
def network(folder: Path) -> Iterator[Network]:
    """A bridge of its own; whatever runs in its machines at the end is killed and nothing of it is left."""
    if os.geteuid() != 0:
        raise NotHere("making machines needs root")
    for program, package in NEEDED.items():
        if shutil.which(program) is None:
            raise NotHere(f"{program} is missing: apt-get install -y --no-install-recommends {package}")
    name = f"lb{os.getpid() % 0xFFFF:x}"
    made = Network(name, folder)
    ours = LOCK.open("w")
    fcntl.flock(ours, fcntl.LOCK_EX)                                       # all have the addresses of deploy/cluster: one at a time
    _clear_away()
    _ip("link", "add", f"{name}br", "type", "bridge")
    try:
        _ip("addr", "add", f"{GATE}/24", "dev", f"{name}br")
        _ip("link", "set", f"{name}br", "up")
        yield made
    finally:
        for host in made.hosts.values():
            host.kill()
            _ip("netns", "del", f"{name}-{host.name}")
        _ip("link", "del", f"{name}br")
        ours.close()


def _clear_away() -> None:
    """Take away the networks of rehearsals that were killed: whoever has the lock is the only one there is."""
    for space in _listed("netns", "list"):
        network_name, _, host_name = space["name"].partition("-")
        if OURS.fullmatch(network_name) and host_name:
            Host(host_name, "", Path(), network_name).kill()
            _ip("netns", "del", space["name"])
    for bridge in _listed("link", "show", "type", "bridge"):
        if OURS.fullmatch(bridge["ifname"].removesuffix("br")) and bridge["ifname"].endswith("br"):
            _ip("link", "del", bridge["ifname"])


def _listed(*arguments: str) -> list[dict[str, Any]]:
    told = _ip("-json", *arguments)
    return [each for each in json.loads(told) if each] if told.strip() else []


def _ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotHere(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout
