"""nginx of deploy/cluster/nginx.conf on a machine of a rehearsal: that very file, with its names, folders and ports."""
from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

SHIPPED = Path(__file__).parent.parent.parent / "deploy" / "cluster" / "nginx.conf"
SERVERS = re.compile(r"( +server )10\.77\.0\.1[12]:8080 ([^;]*;\n) +server [^;]+;\n")
SPOOLS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(frozen=True)
class Certificate:
    """One that signs itself, and is trusted by whoever is given `chain`."""

    chain: Path
    key: Path

    @classmethod
    def make(cls, folder: Path, addresses: Collection[str]) -> Certificate:
        """For some addresses, good for two days; made as docs/install.md makes the one to begin with."""
        made = cls(folder / "fullchain.pem", folder / "privkey.pem")
        names = ",".join(f"IP:{address}" for address in addresses)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=phananh.example.vn",
                        "-addext", f"subjectAltName={names}", "-keyout", made.key, "-out", made.chain], check=True, capture_output=True)
        return made


def configuration(folder: Path, *, name: str, certificate: Certificate) -> str:
    """The file for a machine of its own, reached by `name`."""
    text = _at_home(folder).replace("phananh.example.vn", name)
    for there, here in (("fullchain.pem", certificate.chain), ("privkey.pem", certificate.key)):
        text = text.replace(f"/etc/langbiang/tls/{there}", str(here))
    return text


def plain_configuration(folder: Path, *, port: int, servers: Sequence[int], how: str | None = None) -> str:
    """The file without its TLS, for people and servers on ports of this machine; `how` in place of what stands behind each server."""
    text = _at_home(folder)
    first, second = (text.index(f"    server {{\n        listen {number}") for number in (80, 443))
    text = text[:first] + text[second:]
    text = re.sub(r"^ +(?:ssl_\w+|listen \[::\]:443) .*\n", "", text, flags=re.MULTILINE)
    text = text.replace("listen 443 ssl http2;", f"listen 127.0.0.1:{port};").replace("Host $host;", "Host $http_host;")
    found = SERVERS.search(text)
    assert found is not None
    ours = "".join(f"{found.group(1)}127.0.0.1:{each} {how or found.group(2)}" for each in servers)
    return text[:found.start()] + ours + text[found.end():]


def _at_home(folder: Path) -> str:
    """With the account, the logs and the spools of a rehearsal, in the foreground."""
    text = SHIPPED.read_text(encoding="utf-8")
    text = text.replace("/var/log/langbiang-nginx", str(folder)).replace("/run/nginx.pid", f"{folder}/nginx.pid")
    text = text.replace("user www-data;\n", "user root;\n" if os.geteuid() == 0 else "")
    spools = "".join(f"    {kind}_temp_path {folder}/{kind};\n" for kind in SPOOLS)
    return "daemon off;\n" + text.replace("http {\n", f"http {{\n{spools}", 1)
