"""The tests in which transactions of several people meet, through PgBouncer in transaction mode with three connections to the server."""
from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from tests.postgres import THROUGH_POOLER
from tests.soak.runs import Options, Round, Run

FILES = ("tests/workflows/test_races.py", "tests/casework/test_filing_at_once.py", "tests/casework/test_outputs.py",
         "tests/workflows/test_incidents.py", "tests/messages/test_routing.py", "tests/casework/test_schedules.py",
         "tests/casework/test_search.py", "tests/casework/test_rights.py", "tests/workflows/moving", "tests/casework/documents",
         "tests/web/test_tasks.py", "tests/machines/test_two_machines.py")  # fmt: skip


def through_pooler(path: str) -> dict[str, Any]:
    """Run a file or folder of tests; raises RuntimeError with the end of what pytest says."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {THROUGH_POOLER: "yes"})
    if done.returncode != 0:
        raise RuntimeError(done.stdout[-3000:])
    found = re.search(r"(\d+) passed", done.stdout)
    return {"passed": int(found.group(1)) if found else 0}


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    """One for each file or folder that is there."""
    for path in FILES:
        if os.path.exists(path):
            yield path, lambda path=path: through_pooler(path)                                       # type: ignore[misc]


RUN = Run("pooler", "the tests of races, claims and queues through PgBouncer in transaction mode", 1, rounds)
