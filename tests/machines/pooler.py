"""A PgBouncer of the tests' own in transaction mode, so small that transactions of one client go to many connections of the server."""
from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from tests.kill.ports import free_port

START_SECONDS = 120
CONNECTIONS = 3


class Pooler:
    """Between an application and a server reached by a Unix socket in `server`."""

    def __init__(self, server: Path, *, size: int = CONNECTIONS) -> None:
        program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin")
        if program is None:
            raise RuntimeError("PgBouncer is not installed: apt-get install -y --no-install-recommends pgbouncer")
        self.folder = Path(tempfile.mkdtemp(prefix="langbiang-pool-", dir=server.parent))
        self.port = free_port()
        (self.folder / "pgbouncer.ini").write_text(f"""[databases]
* = host={server} user=app connect_query='SET jit = off; SET plan_cache_mode = force_generic_plan'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 200
max_prepared_statements = 300
server_round_robin = 1
logfile = {self.folder / "log"}
log_connections = 0
log_disconnections = 0
""")
        self._command = [program, "-q", str(self.folder / "pgbouncer.ini")]
        self.start()

    def start(self) -> None:
        """Start it and wait until it listens."""
        as_owner = ["setpriv"]
        if os.geteuid() == 0:                                              # it refuses to run as root
            shutil.chown(self.folder, "postgres", "postgres")
            as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        self._process = subprocess.Popen([*as_owner, "--pdeathsig=INT", *self._command], cwd="/")
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("PgBouncer did not start") from None
                time.sleep(0.05)
            else:
                return

    def url(self, database: str) -> str:
        """The address of a database behind it."""
        return f"postgresql+psycopg://app@127.0.0.1:{self.port}/{database}"

    def kill(self) -> None:
        """End it at once; `start` brings it back on its port."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
