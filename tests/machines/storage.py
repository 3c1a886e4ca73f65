"""A storage that speaks S3, for tests: OpenStack Swift with s3api on one machine, in a folder that is thrown away.

It is the server others run in production, so it checks signatures, puts large objects together from parts and answers as such servers do.
"""
from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.kill.ports import free_port

ENVIRONMENT = Path(__file__).parent.parent.parent / "var" / "swift"
PROGRAM = Path(__file__).with_name("swift_server.py")
START_SECONDS = 120
KEY, SECRET, REGION, BUCKET = "langbiang:program", "a-secret-of-the-tests", "vn-test", "langbiang-files"


class StorageMissing(Exception):
    """The storage of the tests is not installed."""


class Storage:
    """One storage on this machine's loopback, or on another address, started by `inside` (a network namespace)."""

    def __init__(self, *, host: str = "127.0.0.1", port: int | None = None, inside: Sequence[str] = ()) -> None:
        if not (ENVIRONMENT / "bin" / "swift-proxy-server").exists():
            raise StorageMissing("There is no storage in var/swift; bin/test and bin/soak install it.")
        self.folder = Path(tempfile.mkdtemp(prefix="langbiang-s3-"))
        self.host, self.port, self._inside = host, port or free_port(), list(inside)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def variables(self, bucket: str = BUCKET) -> dict[str, str]:
        """The settings of an installation that keeps its files here."""
        return {"LANGBIANG_S3_URL": self.url, "LANGBIANG_S3_BUCKET": bucket, "LANGBIANG_S3_KEY": KEY, "LANGBIANG_S3_SECRET": SECRET,
                "LANGBIANG_S3_REGION": REGION}

    def start(self) -> Storage:
        """Start it, with what an earlier one left, and wait until it answers."""
        arguments = [str(self.folder), self.host, str(self.port), KEY, SECRET, REGION]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*self._inside, ENVIRONMENT / "bin" / "python", PROGRAM, *arguments], stdout=log, stderr=log)
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the storage did not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.1)
        return self

    def make_bucket(self, name: str = BUCKET) -> None:
        """An empty bucket."""
        from minio import Minio

        Minio(f"{self.host}:{self.port}", access_key=KEY, secret_key=SECRET, secure=False, region=REGION).make_bucket(name)

    def pause(self) -> None:
        """Let it take connections and answer nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, as a power cut would; `start` brings it back with what it has on its disk."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            socket.create_connection((self.host, self.port), timeout=2).close()
        except OSError:
            return False
        return True
