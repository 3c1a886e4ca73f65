"""Where a measurement was made: machine, versions and day, for the file with the figures."""

import json
import os
import platform
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from sqlalchemy import text

from casework.db import db

PACKAGES = ("langbiang", "SpiffWorkflow", "SQLAlchemy", "Flask", "waitress", "gunicorn", "psycopg")
MEGABYTE = 1_000_000


def surroundings() -> dict[str, Any]:
    """Return them; needs the database."""
    is_sqlite = db.engine.dialect.name == "sqlite"
    asked = "SELECT sqlite_version()" if is_sqlite else "SHOW server_version"
    version = db.session.execute(text(asked)).scalar_one()
    db.session.rollback()
    return {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "processors": os.cpu_count(), "processor": _told_in("/proc/cpuinfo", "model name"), "memory_mb": _memory_mb(),
            "system": f"{platform.system()} {platform.release()}", "load_averages": [round(each, 2) for each in os.getloadavg()],
        },
        "versions": {"python": platform.python_version(), "sqlite" if is_sqlite else "postgresql": version, **_packages()},
        "database": "sqlite" if is_sqlite else "postgresql",
    }  # fmt: skip


def keep(result: Mapping[str, Any], out: Path) -> None:
    """Write the result to a file, as JSON people can read and compare too."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def memory_mb(process_id: int) -> float:
    """Memory of a process and its children, without what they share."""
    return round(sum(_own_memory(each) for each in (process_id, *_started_by(process_id))) / MEGABYTE, 1)


def processor_seconds(process_id: int) -> float:
    """Processor time of a process and its children."""
    return round(sum(_own_seconds(each) for each in (process_id, *_started_by(process_id))), 2)


def _own_seconds(process_id: int) -> float:
    with suppress(OSError, IndexError):
        told = Path(f"/proc/{process_id}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _own_memory(process_id: int) -> int:
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{process_id}/smaps_rollup").read_text("ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def _started_by(process_id: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{process_id}/task").iterdir():
            for child in (task / "children").read_text("ascii").split():
                found += [int(child), *_started_by(int(child))]
    return found


def _packages() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found[name.lower()] = metadata.version(name)
    return found


def _told_in(path: str, name: str) -> str:
    with suppress(OSError):
        for line in Path(path).read_text("utf-8").splitlines():
            if line.startswith(name):
                return " ".join(line.partition(":")[2].split())
    return platform.machine()


def _memory_mb() -> int:
    told = _told_in("/proc/meminfo", "MemTotal").split()
    return int(told[0]) // 1_000 if told and told[0].isdigit() else 0
