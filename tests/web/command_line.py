"""The command `langbiang` as processes of its own."""
from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

LATE = (
    "weasyprint openpyxl xlsxwriter pyhanko pikepdf fontTools segno feedgen numpy shapely rapidfuzz sklearn cv2 av minio alembic mako "
    "apscheduler authlib joserfc webauthn phonenumbers email_validator web.jobs.worker web.demo"
)
"""What no process reads in to start: docs/architecture.md, Late imports."""

READY = """
import json, logging, os, signal, sys
from importlib import import_module
import web
import web.commands.backup, web.serving.server
from web import cli
for name in web.PAGES:
    import_module(f"web.{name}")
import web.watching.presence
print(*(each for each in sys.argv[1].split() if each in sys.modules), flush=True)
for line in sys.stdin:
    words, surroundings, files = json.loads(line)
    if (child := os.fork()) == 0:
        os.environ.clear()
        os.environ.update(surroundings)
        for number, path in ((0, os.devnull), (1, files[0]), (2, files[1])):
            os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
        signal.alarm(60)
        sys.argv = ["langbiang", *words]
        try:
            cli.main()
        except SystemExit as end:
            if not isinstance(end.code, int):
                raise
            logging.shutdown()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code)                                  # to take apart what was read in would take longer than the command
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def surroundings(variables: Mapping[str, str], python_path: Path = ROOT) -> dict[str, str]:
    """The environment of a process: ours without its settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LANGBIANG_")}
    return kept | {"PYTHONPATH": str(python_path), "PYTHONUNBUFFERED": "1"} | dict(variables)


class Langbiang:
    """The command, each time in a process of its own that has read in the program already: to do so takes longer than most commands.

    Such a process is a fork of one that does nothing else. That the command starts from nothing is shown where `started` is used.
    """

    def __init__(self, folder: Path) -> None:
        self.said = folder / "stdout", folder / "stderr"
        command = (sys.executable, "-c", READY, LATE)
        self.ready = subprocess.Popen(command, env=surroundings({}), cwd="/", text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.ready.stdout is not None
        self.heavy = self.ready.stdout.readline().split()

    def __call__(self, *arguments: str | Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        assert self.ready.stdin is not None
        assert self.ready.stdout is not None
        words, files = list(map(str, arguments)), list(map(str, self.said))
        self.ready.stdin.write(json.dumps([words, surroundings(variables), files]) + "\n")
        self.ready.stdin.flush()
        code = int(self.ready.stdout.readline())
        return subprocess.CompletedProcess(words, code, *(path.read_text(encoding="utf-8") for path in self.said))
