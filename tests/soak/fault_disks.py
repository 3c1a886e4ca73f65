"""Disks that fill up or take only reads: small ones in memory, mounted where nobody else sees them. Needs root."""
from __future__ import annotations

import ctypes
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.machines.network import NotHere

CLONE_NEWNS = 0x00020000
PIECES = (1 << 20, 1 << 12, 1)
MOUNT_SECONDS = 60


def mount_apart() -> None:
    """From here on mounts of this process and of those it starts are nobody else's, and end with them. Raises NotHere without root."""
    if os.geteuid() != 0:
        raise NotHere("mounting small disks needs root: sudo bin/soak faults")
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        raise NotHere(f"this machine gives no mount namespace of its own: {os.strerror(ctypes.get_errno())}")
    _mount("--make-rprivate", "/")


class Disk:
    """A small disk in memory."""

    def __init__(self, at: Path, megabytes: int) -> None:
        at.mkdir(parents=True, exist_ok=True)
        self.at = at
        _mount("-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(at))

    def put_away(self) -> None:
        """Let go of it, whoever may still have files open there."""
        subprocess.run(["umount", "--lazy", str(self.at)], check=False, capture_output=True)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Not a byte free, and whatever becomes free is taken at once; afterwards there is room again."""
        ballast, stop = self.at / "ballast", threading.Event()

        def fill() -> None:
            with ballast.open("ab", buffering=0) as file:
                while not stop.is_set():
                    for size in PIECES:
                        with suppress(OSError):
                            while file.write(bytes(size)) == size and not stop.is_set():
                                pass
                    stop.wait(0.05)

        filling = threading.Thread(target=fill, daemon=True)
        filling.start()
        try:
            yield
        finally:
            stop.set()
            filling.join()
            ballast.unlink()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Takes only reads. Where somebody is writing at that moment it takes some tries. Raises NotHere when it does not come about."""
        end = time.monotonic() + MOUNT_SECONDS
        while subprocess.run(["mount", "-o", "remount,ro", str(self.at)], check=False, capture_output=True).returncode:
            if time.monotonic() > end:
                raise NotHere("somebody has a file open for writing all the time, so the disk cannot be made read-only")
            time.sleep(0.02)
        try:
            yield
        finally:
            _mount("-o", "remount,rw", str(self.at))


class Ext4(Disk):
    """One that fails as a real one does: the kernel stops taking writes, also of files that are open; then it has to be mounted anew."""

    def __init__(self, at: Path, megabytes: int) -> None:
        at.mkdir(parents=True, exist_ok=True)
        self.at, self.image = at, at.with_suffix(".image")
        with self.image.open("wb") as file:
            file.truncate(megabytes << 20)
        subprocess.run(["mkfs.ext4", "-q", str(self.image)], check=True)
        self._mount()

    def fail(self) -> None:
        """From now on only reads are taken."""
        # what the kernel does by itself when a disk fails (errors=remount-ro)
        device = subprocess.run(["findmnt", "-n", "-o", "SOURCE", str(self.at)], check=True, capture_output=True, text=True).stdout.strip()
        (Path("/sys/fs/ext4") / Path(device).name / "trigger_fs_error").write_text("a rehearsal")

    def mend(self) -> None:
        """Check it and mount it anew, once nobody has a file open there."""
        _run("umount", str(self.at))
        subprocess.run(["fsck.ext4", "-y", "-f", str(self.image)], check=False, capture_output=True)
        self._mount()

    def _mount(self) -> None:
        _mount("-o", "loop,errors=remount-ro", str(self.image), str(self.at))


def _mount(*arguments: str) -> None:
    _run("mount", *arguments)


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise NotHere(f"{' '.join(command)}: {done.stderr.strip()}")
