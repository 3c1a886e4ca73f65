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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import httpx

from tests.machines.front import Certificate, configuration
from tests.machines.network import GATE, Host, Network, NotHere
from tests.machines.storage import Storage

ROOT = Path(__file__).parent.parent.parent
SHIPPED = ROOT / "deploy" / "cluster"
PROGRAMS = Path("/usr/lib/postgresql/17/bin")
NEEDED = {"patroni": "patroni", "etcd": "etcd-server", "etcdctl": "etcd-client", "pgbouncer": "pgbouncer", "haproxy": "haproxy",
          "nginx": "nginx", "nft": "nftables", "openssl": "openssl"}  # fmt: skip
SPEAKS_ETCD = Path("/usr/lib/python3/dist-packages/etcd")
"""Debian's Patroni comes with one store or another, and by itself with Consul."""
FRONT = "10.77.0.10"
ADDRESSES = {"front": FRONT, "web1": "10.77.0.11", "web2": "10.77.0.12", "db1": "10.77.0.21", "db2": "10.77.0.22", "store": "10.77.0.31"}
DATABASES, WEBS = ("db1", "db2"), ("web1", "web2")
ETCD = ("web1", "web2", "store")
CODE = ("bpmn", "casework", "migrations", "reports", "web", "workflows", "langbiang.py")
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STORE_PORT, STORE_TLS_PORT = 8333, 8443
WAIT_SECONDS = 180
TLS_OF_STORE = """pid {folder}/nginx.pid;
error_log {folder}/errors.log;
user root;
daemon off;
events {{}}
http {{
    access_log off;
    client_max_body_size 0;
    server {{
        listen {address}:{tls} ssl;
        ssl_certificate {certificate.chain};
        ssl_certificate_key {certificate.key};
        location / {{
            proxy_pass http://{address}:{port};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_request_buffering off;
        }}
    }}
}}
"""
"""Storages speak TLS to several machines, and the one of the tests does not."""


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


def secret_of(who: str) -> str:
    """What stands for `change-me-WHO` in the files of deploy/cluster."""
    return f"of-the-{who}-" + "x" * 24


def shipped(name: str) -> str:
    """A file of deploy/cluster with secrets of its own."""
    return re.sub(r"change-me-(\w+)", lambda found: secret_of(found.group(1)), (SHIPPED / name).read_text(encoding="utf-8"))


def settings_in(path: Path) -> dict[str, str]:
    """What an environment file sets."""
    return dict(line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))


def blocks(heading: str) -> list[str]:
    """What docs/machines.md says is to be typed under a heading of the second or third level."""
    parts = re.split(r"^###? (.+)$", (ROOT / "docs" / "machines.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return BLOCK.findall(dict(zip(parts[1::2], parts[2::2], strict=True))[heading])


def filled_in(host: Host, heading: str, name: str, there: str, here: Path) -> None:
    """Type the line of docs/machines.md that fills the file `name` in for one machine; it stands at `there`, and here at `here`."""
    lines = [line for block in blocks(heading) for line in block.replace("\\\n", "").splitlines()]
    [line] = [line for line in lines if line.startswith("sed ") and there in line]
    own = host.folder / f"shipped-{name}"
    own.write_text(shipped(name), encoding="utf-8")
    if f"deploy/cluster/{name}" not in line:                                          # in place, of what was put there before
        shutil.copy(own, here)
    line = line.replace(f"deploy/cluster/{name}", str(own)).replace(there, str(here))
    _carry_out(host, ["env", f"NAME={host.name}", f"ADDRESS={host.address}", "bash", "-euc", line])


@dataclass
class House:
    """All machines, and what is shared by them."""

    network: Network
    storage: Storage
    certificate: Certificate
    archives: bool = False

    def __getitem__(self, name: str) -> Host:
        return self.network.hosts[name]

    @classmethod
    def build(cls, network: Network, *, archives: bool = False) -> House:
        """Machines, storage, etcd and both databases, the standby synchronous; with `archives` their log goes to pgBackRest."""
        for name, address in ADDRESSES.items():
            _close(network.add(name, address))
        store = network.hosts["store"]
        storage = Storage(host=store.address, port=STORE_PORT, inside=store.inside)
        house = cls(network, storage, Certificate.make(network.folder, [FRONT, store.address]), archives)
        storage.start()
        storage.make_bucket()
        house.start_tls_of_store()
        for name in ETCD:
            house.start_etcd(name)
        wait("etcd", lambda: answers(f"http://{store.address}:2379/health"))
        _carry_out(store, ["sh", "-c", shipped("etcd-accounts")])
        for name in DATABASES:
            house.start_database(name)
            wait("a database that leads", lambda: house.primary() is not None)
        house.wait_for_standby()
        leading = house[house.primary() or DATABASES[0]]
        psql = ["runuser", "-u", "postgres", "--", "psql", f"--host={leading.folder}", "--quiet", "--set=ON_ERROR_STOP=1"]
        _carry_out(leading, psql, typed=shipped("roles.sql"))
        return house

    def variables(self) -> dict[str, str]:
        """What a program needs that keeps its files in the storage by TLS, as it has to beyond one machine."""
        told = self.storage.variables() | {"LANGBIANG_S3_URL": f"https://{ADDRESSES['store']}:{STORE_TLS_PORT}"}
        return told | {"SSL_CERT_FILE": str(self.certificate.chain)}

    @contextmanager
    def trusted(self) -> Iterator[None]:
        """Whoever speaks TLS from this process trusts the certificate of the house, and no other."""
        with patch.dict(os.environ, {"SSL_CERT_FILE": str(self.certificate.chain)}):
            yield

    def start_tls_of_store(self) -> None:
        host = self["store"]
        (host.folder / "nginx.conf").write_text(TLS_OF_STORE.format(
            folder=host.folder, address=host.address, port=STORE_PORT, tls=STORE_TLS_PORT, certificate=self.certificate
        ))  # fmt: skip
        host.start("nginx", ["/usr/sbin/nginx", "-c", str(host.folder / "nginx.conf"), "-p", str(host.folder)])

    def start_etcd(self, name: str) -> None:
        host = self[name]
        filled_in(host, "etcd", "etcd.env", "/etc/default/etcd", host.folder / "etcd.env")
        own = settings_in(host.folder / "etcd.env") | {"ETCD_DATA_DIR": str(host.folder / "etcd")}
        host.start("etcd", ["etcd"], variables=own)

    def asked_of_etcd(self, *question: str) -> str:
        """What etcdctl prints for its administrator."""
        store = self["store"]
        who = ["etcdctl", f"--endpoints=http://{store.address}:2379", f"--user=root:{secret_of('keeper')}"]
        return _carry_out(store, [*who, *question])

    def start_database(self, name: str) -> None:
        """Patroni, which starts the database itself."""
        host = self[name]
        filled_in(host, "A database machine", "patroni.yml", "/etc/patroni/config.yml", host.folder / "patroni.yml")
        text = (host.folder / "patroni.yml").read_text(encoding="utf-8")
        text = text.replace("/var/lib/postgresql/17/langbiang", str(host.folder / "data")).replace("/var/run/postgresql", str(host.folder))
        text = text.replace("/var/lib/postgresql/.pgpass-patroni", str(host.folder / "pgpass"))
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
        (host.folder / "userlist.txt").write_text(shipped("userlist.txt"))
        text = (SHIPPED / "pgbouncer.ini").read_text().replace("/etc/pgbouncer/userlist.txt", str(host.folder / "userlist.txt"))
        (host.folder / "pgbouncer.ini").write_text(text)
        _own(host.folder, "postgres")
        host.start("pgbouncer", ["/usr/sbin/pgbouncer", "-q", str(host.folder / "pgbouncer.ini")], user="postgres")
        (host.folder / "program").mkdir(exist_ok=True)
        wait(f"the way of {name} to the database", lambda: self._reaches_database(host))
        filled_in(host, "A web machine", "langbiang.env", "/etc/langbiang/langbiang.env", host.folder / "langbiang.env")
        own = settings_in(host.folder / "langbiang.env") | variables
        own |= {"LANGBIANG_DATA": str(host.folder / "program"), "LANGBIANG_PROCESSES": "1"}
        if not reads_replica:
            del own["LANGBIANG_REPLICA_URL"]
        program = f"import sys; sys.path.insert(0, {str(code)!r}); import langbiang; langbiang.main()"
        for command in ("serve", "worker"):
            host.start(command, [sys.executable, "-c", program, command], variables=own)

    def start_front(self) -> None:
        host = self["front"]
        (host.folder / "nginx.conf").write_text(configuration(host.folder, name=FRONT, certificate=self.certificate), encoding="utf-8")
        host.start("nginx", ["/usr/sbin/nginx", "-c", str(host.folder / "nginx.conf"), "-p", str(host.folder)])

    def wait_for_web(self) -> None:
        for name in WEBS:
            wait(f"{name} to answer", lambda name=name: answers(f"http://{ADDRESSES[name]}:8080/readyz", host=FRONT))    # type: ignore[misc]
        wait("the front to answer", lambda: answers(f"https://{FRONT}/healthz"))

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
        return f"postgresql://postgres:{secret_of('superuser')}@{ADDRESSES[self.primary() or 'db1']}:5432/postgres"

    def own_url(self) -> str:
        """The database as the program reaches it past all poolers: on the primary of this moment."""
        return f"postgresql://langbiang:{secret_of('program')}@{ADDRESSES[self.primary() or 'db1']}:5432/langbiang"

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
        address = f"host=127.0.0.1 port=6432 user=langbiang password={secret_of('program')} dbname=langbiang"
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


def _carry_out(host: Host, command: list[str], *, typed: str = "") -> str:
    """Raises RuntimeError with what was said where it does not end well."""
    done = subprocess.run([*host.inside, *command], input=typed, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} on {host.name}: {(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def _close(host: Host) -> None:
    """The firewall; who watches is the machine people and the rehearsal come from."""
    (host.folder / "nftables.conf").write_text(shipped("nftables.conf").replace("10.77.0.5", GATE))
    _carry_out(host, ["nft", "-f", str(host.folder / "nftables.conf")])


def _own(folder: Path, user: str) -> None:
    for path in (folder, *folder.iterdir()):
        if path.name not in {"etcd", "program"} and not path.name.endswith(".log"):
            shutil.chown(path, user, user)
    folder.chmod(0o755)
    assert os.path.isdir(folder)
