"""A program of ours that reads hostile files, taken over by one: what it can still do once it has shut itself in."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TAKEN_OVER = """import os, socket, sys
sys.path.insert(0, {folder!r})
import importlib
written = os.open({beside!r}, os.O_WRONLY | os.O_CREAT)
importlib.import_module({program!r})._shut_in(1, 64 * 2**20)
def tried(deed):
    try: deed()
    except (OSError, MemoryError): return "refused"
    return "done"
os.close(0)
said = [tried(deed) for deed in (
    lambda: os.open("/proc/%d/environ" % os.getppid(), 0), socket.socket, lambda: os.write(written, b"x"), lambda: bytes(128 * 2**20),
    lambda: os.fork() or os._exit(0))]
os.write(1, " ".join(said).encode())
while True: pass
"""
ENDED_BY_TIME = (-9, -24)


def assert_shut_in(program: str, *, folder: Path, beside: Path, options: tuple[str, ...]) -> None:
    """A second of computing and 64 MB: it opens, calls, writes and takes nothing more, and does not go on for ever."""
    code = TAKEN_OVER.format(folder=str(folder), beside=str(beside), program=program)
    command = [sys.executable, *options, "-c", code]
    done = subprocess.run(command, env={}, stdin=subprocess.PIPE, capture_output=True, check=False, timeout=60)
    assert done.stdout.split()[:4] == [b"refused"] * 4, done.stderr
    # no limit of processes holds root
    assert done.stdout.split()[4] == (b"done" if os.getuid() == 0 else b"refused")
    assert done.returncode in ENDED_BY_TIME, "by the limit of computing time"
