"""A PostgreSQL cluster of the tests' own: made, started and thrown away by them, never one that exists already."""
from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import sql

from tests.machines.pooler import Pooler

INSTALLED = Path("/usr/lib/postgresql")
OLDEST, PREFERRED = 15, 17
START_SECONDS = 120
FAST_AND_LOSABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0",
                    "autovacuum": "off", "jit": "off"}  # fmt: skip


THROUGH_POOLER = "TESTS_THROUGH_POOLER"
"""yes: copies of templates are reached through PgBouncer in transaction mode (bin/soak pooler)."""


class PostgresMissing(Exception):
    """No PostgreSQL server of a supported version is installed."""


def find_programs() -> Path:
    """The folder with initdb and postgres: version 17 if installed, else the newest from 15 on."""
    versions = sorted((int(p.name) for p in INSTALLED.glob("[0-9]*") if p.name.isdigit() and (p / "bin/initdb").exists()), reverse=True)
    usable = [v for v in versions if v >= OLDEST]
    if not usable:
        raise PostgresMissing(f"PostgreSQL {OLDEST} or later is not installed under {INSTALLED}, and a run without it is a failure: "
                              f"apt-get install -y --no-install-recommends postgresql-{PREFERRED}")
    return INSTALLED / str(PREFERRED if PREFERRED in usable else usable[0]) / "bin"


def server_version() -> str:
    """What the server calls itself, e.g. "17.12 (Debian 17.12-0+deb13u1)"."""
    told = subprocess.run([find_programs() / "postgres", "--version"], check=True, capture_output=True, text=True).stdout
    found = re.search(r"PostgreSQL\)\s+(.+)", told)
    return found.group(1).strip() if found else told.strip()


def _ground(durable: bool) -> Path:
    """Where a cluster lies: in the folder in memory that bin/test makes and clears away, where it made one, else in /tmp.

    A socket path may have 107 bytes, so no other TMPDIR. What shall survive a kill lies on a disk.
    """
    here = Path(tempfile.gettempdir())
    return here if not durable and here.is_relative_to("/dev/shm") else Path("/tmp")


class Cluster:
    """One server on a Unix socket in its own folder, so that no port can be taken.

    With `durable`, it syncs as production does (for tests that kill it); else it forgets everything in a crash and is fast. With `follows`
    it is a streaming replica of another, to be started with the same `options`, which are settings of the server.
    """

    def __init__(self, *, durable: bool = False, follows: Cluster | None = None, ground: Path | None = None, **options: str) -> None:
        self.programs = find_programs()
        self.folder = Path(tempfile.mkdtemp(prefix="langbiang-pg-", dir=ground or _ground(durable)))
        self.durable, self.options = durable, options
        self.pooler: Pooler | None = None
        self.server: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:                                                       # the server refuses to run as root
            shutil.chown(self.folder, "postgres", "postgres")
            self.as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        else:
            self.as_owner = ["setpriv"]
        data = self.folder / "data"
        making = ["initdb", "-D", data, "-U", "app", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        if follows is not None:
            making = ["pg_basebackup", "-D", data, "-R", "-c", "fast", "-h", follows.folder, "-U", "app", "--no-sync"]
        try:
            subprocess.run([*self.as_owner, self.programs / making[0], *making[1:]], check=True, capture_output=True, cwd="/")
        except subprocess.CalledProcessError as error:
            self.stop()
            raise RuntimeError(f"{making[0]} failed: {error.stderr.decode()}") from error

    def start(self) -> None:
        """Start the server and wait until it answers. It dies with the process that started it, whatever ends that one."""
        options = {"listen_addresses": "", "unix_socket_directories": str(self.folder), "max_connections": "120", "shared_buffers": "64MB",
                   "logging_collector": "off", "timezone": "UTC"} | ({} if self.durable else FAST_AND_LOSABLE) | self.options
        with (self.folder / "log").open("ab") as log:
            self.server = subprocess.Popen([*self.as_owner, "--pdeathsig=INT", self.programs / "postgres", "-D", self.folder / "data",
                                            *(f"-c{name}={value}" for name, value in options.items())], stdout=log, stderr=log, cwd="/")
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                self.connect().close()
            except psycopg.OperationalError as error:
                if self.server.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"PostgreSQL did not start: {error}\n{(self.folder / 'log').read_text()}") from error
                time.sleep(0.05)
            else:
                break
        if os.environ.get(THROUGH_POOLER) == "yes":
            self.pooler = Pooler(self.folder)

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        if self.pooler is not None:
            self.pooler.stop()
        if self.server:
            # SIGTERM would wait for whoever is still connected; without durability nothing is tidied that is deleted next
            self.server.send_signal(signal.SIGINT if self.durable else signal.SIGQUIT)
            try:
                self.server.wait(timeout=START_SECONDS)
            except subprocess.TimeoutExpired:
                # asked for while it still recovers, a fast stop can be left undone for good (seen with 17.12)
                self.server.send_signal(signal.SIGQUIT)
                self.server.wait(timeout=START_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(host=str(self.folder), user="app", dbname=database, autocommit=True)

    def url(self, database: str) -> str:
        """The address of a database in this cluster, as LANGBIANG_DATABASE_URL takes it."""
        return self.own_url(database) if self.pooler is None else self.pooler.url(database)

    def own_url(self, database: str) -> str:
        """The address without a pooler."""
        return f"postgresql+psycopg://app@/{database}?host={self.folder}"

    def create(self, database: str, *, template: str = "template0") -> str:
        """Create a database as a copy of `template` and return its address; nobody may be connected to the template."""
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(database), sql.Identifier(template)))
        # migrations go to the server itself, and nobody may stay connected to what is copied
        return self.own_url(database) if template == "template0" else self.url(database)

    def drop(self, database: str) -> None:
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
