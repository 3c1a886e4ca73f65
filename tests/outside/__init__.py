"""The world outside the house, in processes of its own: a mail server, a mailbox, and a gateway over HTTP for SMS, Zalo and push.

Each keeps what it takes as numbered files in a folder, written before it answers, and does as the file `orders` in it says, one line
for each thing it is given; without a line it takes what comes:

    550 | 451 | 429 7 …    answer so (HTTP: with Retry-After of so many seconds)
    hold                   take it and never answer
    hang up                cut the line without taking it
    twice                  (mail) take it, and say so twice
    taken, then hang up    (mail) take it, and cut the line in place of the answer

A mailbox (`imap`) has orders of its own, which its module tells.
"""
from __future__ import annotations

import email
import email.policy
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 20


class Outside:
    """A running server: its port, what it was told to do, what it has taken."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port

    def order(self, *orders: str) -> None:
        """Say what to do with the next things that come."""
        draft = self.folder / "orders.draft"
        draft.write_text("".join(f"{order}\n" for order in orders), encoding="utf-8")
        draft.rename(self.folder / "orders")

    def forget(self) -> None:
        """Throw away what was taken and ordered."""
        for path in self.folder.iterdir():
            path.unlink(missing_ok=True)

    @property
    def bytes(self) -> list[bytes]:
        """All that was taken, in order, as it came over the line."""
        return [path.read_bytes() for path in sorted(self.folder.glob("*.taken"))]

    @property
    def letters(self) -> list[EmailMessage]:
        """The same of a mail server, read; To is the envelope's."""
        return [_letter(data) for data in self.bytes]

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The same of a gateway: path, headers, body (an object where it was JSON)."""
        return [json.loads(data) for data in self.bytes]

    def wait_for_file(self, name: str) -> None:
        """Wait until the server has written that file. Raises AssertionError after PATIENCE seconds."""
        end = time.monotonic() + PATIENCE
        while not (self.folder / name).exists():
            assert time.monotonic() < end, name
            time.sleep(0.02)

    def wait_for(self, number: int) -> None:
        """Wait until so many things were taken. Raises AssertionError after PATIENCE seconds."""
        end = time.monotonic() + PATIENCE
        while len(self.bytes) < number:
            assert time.monotonic() < end, f"{len(self.bytes)} of {number} came"
            time.sleep(0.02)


@contextmanager
def running(kind: str, folder: Path) -> Iterator[Outside]:
    """A server of a kind, `mail`, `gateway` or `imap`, in a process of its own."""
    folder.mkdir(parents=True)
    process = subprocess.Popen([sys.executable, "-m", f"tests.outside.{kind}", str(folder)], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield Outside(folder, int(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def next_order(folder: Path) -> str:
    """Take the next order off the list; empty when there is none."""
    path = folder / "orders"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    if lines:
        path.write_text("".join(f"{line}\n" for line in lines[1:]), encoding="utf-8")
    return lines[0] if lines else ""


def keep(folder: Path, data: bytes) -> None:
    """Write down what was taken, whole or not at all."""
    number = len(list(folder.glob("*.taken"))) + 1
    draft = folder / f"{number:05}.draft"
    draft.write_bytes(data)
    draft.rename(folder / f"{number:05}.taken")


def _letter(data: bytes) -> EmailMessage:
    letter = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(letter, EmailMessage)
    return letter
