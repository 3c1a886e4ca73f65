#!/usr/bin/python3
"""The few verbs of systemctl the guides use, for a machine without systemd running: units are read from their files, started as they say.

What confines a service (ProtectSystem, capabilities, filters of system calls) is not done here; `systemd-analyze verify` reads it.
"""
from __future__ import annotations

import os
import pwd
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

UNITS = Path("/etc/systemd/system")
RUNNING = Path("/run/units")
OF_PACKAGES = Path("/etc/init.d")


class Unit:
    """A service or timer file and what lies in its folder .d; keys that may stand several times keep all their values."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.values: dict[str, list[str]] = {}
        for path in (UNITS / name, *sorted((UNITS / f"{name}.d").glob("*.conf"))):
            for line in path.read_text(encoding="utf-8").splitlines():
                key, equals, value = line.partition("=")
                if equals and not line.startswith("#"):
                    kept = self.values.setdefault(key.strip(), [])
                    kept.append(value.strip()) if value.strip() else kept.clear()

    def one(self, key: str, default: str = "") -> str:
        return self.values.get(key, [default])[-1]

    @property
    def pid_file(self) -> Path:
        return RUNNING / f"{self.name}.pid"

    @property
    def pid(self) -> int | None:
        """Of the service, when it runs."""
        try:
            pid = int(self.pid_file.read_text())
            os.kill(pid, 0)
        except (OSError, ValueError):
            return None
        return None if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z" else pid

    def environment(self) -> dict[str, str]:
        given = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        lines = [word for value in self.values.get("Environment", []) for word in shlex.split(value)]
        for path in self.values.get("EnvironmentFile", []):
            lines += [" ".join(shlex.split(line)) for line in Path(path).read_text().splitlines() if line.strip() and line[0] != "#"]
        return given | dict(line.split("=", 1) for line in lines)

    def start(self) -> int:
        if self.name.endswith(".timer"):
            return 0 if (UNITS / self.name.replace(".timer", ".service")).exists() else 1
        if self.pid is not None:
            return 0
        account = pwd.getpwnam(self.one("User", "root"))
        for folder in self.one("StateDirectory").split():
            path = Path("/var/lib") / folder
            path.mkdir(exist_ok=True)
            os.chown(path, account.pw_uid, account.pw_gid)
            path.chmod(int(self.one("StateDirectoryMode", "0755"), 8))
        with Path(f"/var/log/{self.name}.log").open("ab") as log:
            process = subprocess.Popen(
                shlex.split(self.one("ExecStart")), env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                user=account.pw_uid, group=account.pw_gid, extra_groups=[], umask=int(self.one("UMask", "0022"), 8), cwd="/",
                start_new_session=True,
            )  # fmt: skip
        if self.one("Type") == "oneshot":
            return process.wait()
        RUNNING.mkdir(exist_ok=True)
        self.pid_file.write_text(str(process.pid))
        time.sleep(0.5)
        return 0 if process.poll() is None else 1

    def stop(self) -> int:
        pid = self.pid if self.name.endswith(".service") else None
        if pid is None:
            return 0
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + int(self.one("TimeoutStopSec", "90"))
        while self.pid is not None:
            if time.monotonic() > deadline:
                os.killpg(pid, signal.SIGKILL)
                return 1
            time.sleep(0.1)
        return 0


def main(words: list[str]) -> int:
    verb, *names = [word for word in words if not word.startswith("-")]
    if verb == "daemon-reload":
        return 0
    worst = 0
    for name in names:
        name = name if "." in name else f"{name}.service"
        script = OF_PACKAGES / name.removesuffix(".service")
        if not (UNITS / name).exists():
            worst = max(worst, subprocess.run([str(script), verb], stdin=subprocess.DEVNULL).returncode)
            continue
        unit = Unit(name)
        if verb in ("start", "enable"):
            worst = max(worst, unit.start() if verb == "start" or "--now" in words else 0)
        elif verb == "stop":
            worst = max(worst, unit.stop())
        elif verb == "restart":
            worst = max(worst, unit.stop(), unit.start())
        elif verb == "is-active":
            worst = max(worst, 0 if unit.pid is not None else 3)
        else:
            print(f"systemctl {verb} is not known here", file=sys.stderr)
            return 2
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
