"""The house of several machines, as deploy/cluster describes it: those very files, with the folders of a rehearsal."""
from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg

from tests.machines.network import Host, Network, NotHere
from tests.machines.storage import Storage

ROOT = Path(__file__).parent.parent.parent
SHIPPED = ROOT / "deploy" / "cluster"
PROGRAMS = Path("/usr/lib/postgresql/17/bin")
NEEDED = {"patroni": "patroni", "etcd": "etcd-server", "pgbouncer": "pgbouncer", "haproxy": "haproxy", "nginx": "nginx"}
SPEAKS_ETCD = Path("/usr/lib/python3/dist-packages/etcd")
"""Debian's Patroni comes with one store or another, and by itself with Consul."""
FRONT = "10.77.0.10"
ADDRESSES = {"front": FRONT, "web1": "10.77.0.11", "web2": "10.77.0.12", "db1": "10.77.0.21", "db2": "10.77.0.22", "store": "10.77.0.31"}
DATABASES, WEBS = ("db1", "db2"), ("web1", "web2")
ETCD = ("web1", "web2", "store")
CODE = ("bpmn", "casework", "migrations", "reports", "web", "workflows", "langbiang.py")
STORE_PORT = 8333
WAIT_SECONDS = 180
PASSWORDS = {f"change-me-{who}": f"of-the-{who}" for who in ("superuser", "replicator", "rewinder")}
PROGRAM_PASSWORD = "of-the-program"


def refuse_missing() -> None:
    """Raises NotHere with the line to type where something is not installed."""
    path = "/usr/sbin:/usr/bin:/sbin:/bin"
    missing = sorted({package for program, package in NEEDED.items() if shutil.which(program, path=path) is None})
    if not (PROGRAMS / "postgres").exists():
        missing.append("postgresql-17")
    if not SPEAKS_ETCD.exists():
        missing.append("python3-etcd")
    if missing:
        raise NotHere(f"apt-get install -y --no-install-recommends {' '.join(missing)}")


@dataclass
class House:
    """All machines, and what is shared by them."""

    network: Network
    storage: Storage
    archives: bool = False

    def __getitem__(self, name: str) -> Host:
        return self.network.hosts[name]

    @classmethod
    def build(cls, network: Network, *, archives: bool = False) -> House:
        """Machines, storage, etcd and both databases, the standby synchronous; with `archives` their log goes to pgBackRest."""
        for name, address in ADDRESSES.items():
            network.add(name, address)
        store = network.hosts["store"]
        storage = Storage(host=store.address, port=STORE_PORT, inside=store.inside)
        house = cls(network, storage, archives)
        storage.start()
        storage.make_bucket()
        for name in ETCD:
            house.start_etcd(name)
        for name in DATABASES:
            house.start_database(name)
            wait("a database that leads", lambda: house.primary() is not None)
        house.wait_for_standby()
        with psycopg.connect(house.superuser_url(), autocommit=True) as connection:
            connection.execute(f"CREATE ROLE langbiang LOGIN PASSWORD '{PROGRAM_PASSWORD}'")
            connection.execute("CREATE DATABASE langbiang OWNER langbiang")
        return house

    def start_etcd(self, name: str) -> None:
        host = self[name]
        members = ",".join(f"{each}=http://{ADDRESSES[each]}:2380" for each in ETCD)
        host.start("etcd", ["etcd", "--name", name, "--data-dir", str(host.folder / "etcd"), "--initial-cluster", members,
                            "--listen-peer-urls", f"http://{host.address}:2380", "--initial-advertise-peer-urls", f"http://{host.address}:2380",
                            "--listen-client-urls", f"http://{host.address}:2379", "--advertise-client-urls", f"http://{host.address}:2379",
                            "--heartbeat-interval", "300", "--election-timeout", "3000", "--log-level", "error"])

    def start_database(self, name: str) -> None:
        """Patroni, which starts the database itself."""
        host = self[name]
        text = (SHIPPED / "patroni.yml").read_text().replace("name: db1", f"name: {name}")
        text = re.sub(r"10\.77\.0\.21(?=:8008|:5432|,127)", host.address, text)
        for shipped, own in PASSWORDS.items():
            text = text.replace(shipped, own)
        text = text.replace("/var/lib/postgresql/17/langbiang", str(host.folder / "data")).replace("/var/run/postgresql", str(host.folder))
        text = text.replace("/var/lib/postgresql/.pgpass-patroni", str(host.folder / "pgpass"))
        text = text.replace("local all all peer", "local all all trust")
        archiving = f"pgbackrest --config={host.folder}/pgbackrest.conf --stanza" if self.archives else "true #"
        text = text.replace("pgbackrest --stanza", archiving)
        (host.folder / "patroni.yml").write_text(text)
        _own(host.folder, "postgres")
        host.start("patroni", ["patroni", str(host.folder / "patroni.yml")], user="postgres")

    def start_web(self, name: str, variables: dict[str, str], *, code: Path = ROOT, reads_replica: bool = False) -> None:
        """HAProxy, PgBouncer, `langbiang serve` and `langbiang worker` of the program in `code`."""
        host = self[name]
        (host.folder / "haproxy.cfg").write_text((SHIPPED / "haproxy.cfg").read_text())
        host.start("haproxy", ["/usr/sbin/haproxy", "-db", "-f", str(host.folder / "haproxy.cfg")])
        (host.folder / "userlist.txt").write_text(f'"langbiang" "{PROGRAM_PASSWORD}"\n')
        text = (SHIPPED / "pgbouncer.ini").read_text().replace("/etc/pgbouncer/userlist.txt", str(host.folder / "userlist.txt"))
        (host.folder / "pgbouncer.ini").write_text(text)
        _own(host.folder, "postgres")
        host.start("pgbouncer", ["/usr/sbin/pgbouncer", "-q", str(host.folder / "pgbouncer.ini")], user="postgres")
        (host.folder / "program").mkdir(exist_ok=True)
        wait(f"the way of {name} to the database", lambda: self._reaches_database(host))
        pooler = f"postgresql://langbiang:{PROGRAM_PASSWORD}@127.0.0.1:6432"
        own = {"LANGBIANG_REPLICA_URL": f"{pooler}/langbiang_public"} if reads_replica else {}
        own |= variables | {"LANGBIANG_DATA": str(host.folder / "program"), "LANGBIANG_HOST": "0.0.0.0",
                            "LANGBIANG_DATABASE_URL": f"{pooler}/langbiang"}
        program = f"import sys; sys.path.insert(0, {str(code)!r}); import langbiang; langbiang.main()"
        for command in ("serve", "worker"):
            host.start(command, [sys.executable, "-c", program, command], variables=own)

    def start_front(self) -> None:
        host = self["front"]
        text = (SHIPPED / "nginx.conf").read_text().replace("/var/log/nginx/langbiang.log", str(host.folder / "access.log"))
        text = f"pid {host.folder}/nginx.pid;\nerror_log {host.folder}/error.log;\nuser root;\ndaemon off;\n" + text
        (host.folder / "nginx.conf").write_text(text)
        host.start("nginx", ["/usr/sbin/nginx", "-c", str(host.folder / "nginx.conf"), "-p", str(host.folder)])

    def wait_for_web(self) -> None:
        for name in WEBS:
            wait(f"{name} to answer", lambda name=name: answers(f"http://{ADDRESSES[name]}:8080/readyz", host=FRONT))    # type: ignore[misc]
        wait("the front to answer", lambda: answers(f"http://{FRONT}/readyz", host=FRONT))

    def primary(self) -> str | None:
        """The name of the database that leads; None while none does."""
        for name in DATABASES:
            if answers(f"http://{ADDRESSES[name]}:8008/primary"):
                return name
        return None

    def wait_for_standby(self) -> None:
        """Until the other database follows synchronously."""
        wait("a synchronous standby", lambda: any(answers(f"http://{ADDRESSES[name]}:8008/synchronous") for name in DATABASES))

    def superuser_url(self) -> str:
        return f"postgresql://postgres:of-the-superuser@{ADDRESSES[self.primary() or 'db1']}:5432/postgres"

    def own_url(self) -> str:
        """The database as the program reaches it past all poolers: on the primary of this moment."""
        return f"postgresql://langbiang:{PROGRAM_PASSWORD}@{ADDRESSES[self.primary() or 'db1']}:5432/langbiang"

    def said(self) -> dict[str, object]:
        """What Patroni says of its members."""
        for name in DATABASES:
            try:
                with urllib.request.urlopen(f"http://{ADDRESSES[name]}:8008/cluster", timeout=2) as answer:
                    members = json.load(answer)["members"]
                return {each["name"]: f"{each['role']} {each['state']}" for each in members}
            except OSError:
                continue
        return {}

    def _reaches_database(self, host: Host) -> bool:
        address = f"host=127.0.0.1 port=6432 user=langbiang password={PROGRAM_PASSWORD} dbname=langbiang"
        asked = [*host.inside, str(PROGRAMS / "psql"), "-c", "SELECT 1", address]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def snapshot(folder: Path, revision: str | None = None) -> Path:
    """A copy of the program that nobody edits meanwhile: of the checkout as it is, or of a revision."""
    code = folder / (revision or "now")
    code.mkdir()
    if revision is not None:
        archive = subprocess.run(["git", "archive", revision, *CODE], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", str(code)], input=archive, check=True)
        return code
    for name in CODE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, code / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, code / name)
    return code


def answers(address: str, *, host: str | None = None) -> bool:
    """Whether an address answers with 200."""
    try:
        return httpx.get(address, timeout=2, verify=False, headers={"Host": host} if host else None).status_code == 200
    except httpx.TransportError:
        return False


def wait(what: str, until: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
    """Look again and again. Raises RuntimeError when it does not come about."""
    end = time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            raise RuntimeError(f"waited {seconds:.0f} seconds in vain for {what}")
        time.sleep(0.3)


def _own(folder: Path, user: str) -> None:
    for path in (folder, *folder.iterdir()):
        if path.name not in {"etcd", "program"} and not path.name.endswith(".log"):
            shutil.chown(path, user, user)
    folder.chmod(0o755)
    assert os.path.isdir(folder)
