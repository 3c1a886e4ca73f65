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

FILES = (
    "tests/casework/intake/test_filing_at_once.py", "tests/workflows/running/test_steps.py", "tests/workflows/running/test_incidents.py",
    "tests/workflows/desks/test_assigning.py", "tests/workflows/drafting/test_drafts.py", "tests/workflows/running/test_wakeups.py",
    "tests/workflows/mending/test_acts.py", "tests/workflows/moving",
    "tests/messages/test_routing.py", "tests/casework/outputs/test_ordering.py",
    "tests/casework/outputs/test_schedules.py", "tests/casework/upkeep/test_jobs.py", "tests/casework/clocks/test_reminders.py",
    "tests/casework/test_rate_limits.py", "tests/casework/pausing/test_withdrawals.py", "tests/casework/rights/test_requests.py",
    "tests/casework/public/test_search.py", "tests/casework/casefile/test_search.py", "tests/casework/documents",
    "tests/web/steps/test_pages.py",
    "tests/web/steps/test_distribution.py", "tests/machines/test_two_machines.py",
)  # fmt: skip


def through_pooler(path: str) -> dict[str, Any]:
    """Run a file or folder of tests; raises RuntimeError with the end of what pytest says."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not sqlite", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {THROUGH_POOLER: "yes"})
    if done.returncode != 0:
        raise RuntimeError(done.stdout[-3000:])
    found = re.search(r"(\d+) passed", done.stdout)
    return {"passed": int(found.group(1)) if found else 0}


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    """One for each file or folder."""
    for path in FILES:
        yield path, lambda path=path: through_pooler(path)                                           # type: ignore[misc]


RUN = Run("pooler", "the tests of races, claims and queues through PgBouncer in transaction mode", 1, rounds)
