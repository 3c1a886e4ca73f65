"""The files of deploy/cluster say what the program understands and agree with each other; `bin/soak failover` and `restore` run them."""
from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.machines.cluster import ADDRESSES, blocks, secret_of, shipped
from tests.test_deploy import DEPLOY, settings_in, unit
from tests.test_packaging import ROOT
from web.config import Config

CLUSTER = DEPLOY / "cluster"
UNITS = sorted(path for path in CLUSTER.iterdir() if path.suffix in (".service", ".timer"))
GUIDE = (ROOT / "docs" / "machines.md").read_text(encoding="utf-8")


def read(tmp_path: Path, *names: str) -> Config:
    """What the program makes of environment files, the later before the earlier."""
    given: dict[str, str] = {}
    for name in names:
        (tmp_path / name).write_text(shipped(name), encoding="utf-8")
        given |= settings_in(tmp_path / name)
    return Config.from_environment(given | {"LANGBIANG_SECRET_KEY": "x" * 40})


def test_a_web_machine_has_settings_the_program_reads_and_goes_by_its_pooler(tmp_path: Path) -> None:
    config = read(tmp_path, "langbiang.env")
    assert config.is_secure
    assert not config.allow_plain_http
    assert config.host == ADDRESSES["web1"], "nginx of another machine speaks to it"
    assert config.database_url.endswith("@127.0.0.1:6432/langbiang")
    assert config.replica_url.endswith("@127.0.0.1:6432/langbiang_public")
    assert config.synchronous_standbys == 1, "that the standby is missing is said"
    assert "GRANT pg_read_all_stats TO langbiang" in shipped("roles.sql"), "and can be seen"
    assert read(tmp_path, "langbiang.env", "direct.env").database_url.endswith("@127.0.0.1:5000/langbiang")


def test_who_calls_and_who_is_called_have_the_same_secret() -> None:
    for who, names in {
        "program": ("langbiang.env", "direct.env", "userlist.txt", "roles.sql"), "etcd": ("patroni.yml", "etcd-accounts"),
    }.items():
        assert not [name for name in names if secret_of(who) not in shipped(name)]
    patroni = yaml.safe_load(shipped("patroni.yml"))
    accounts = shlex.split(shipped("etcd-accounts"), comments=True)
    assert patroni["etcd3"]["username"] in accounts
    assert accounts[-3:] == ["etcdctl", "auth", "enable"]
    assert f"/service/{patroni['scope']}/" in accounts


def test_who_may_change_what_patroni_does_has_its_password_and_a_database_machine() -> None:
    rest = yaml.safe_load(shipped("patroni.yml"))["restapi"]
    assert rest["authentication"]["password"] == secret_of("restapi")
    assert rest["allowlist"] == [ADDRESSES["db1"], ADDRESSES["db2"]]


def test_the_firewall_closes_what_the_machines_listen_on_among_themselves() -> None:
    written = (CLUSTER / "nftables.conf").read_text(encoding="utf-8")
    closed = re.findall(r"^ *tcp dport \{ ([\d, ]+) \} drop$", written, re.MULTILINE)
    ports = {port for name in ("etcd.env", "patroni.yml", "pgbouncer.ini", "haproxy.cfg", "nginx.conf")
             for port in re.findall(r"10\.77\.0\.\d+:(\d+)|127\.0\.0\.1:(\d+)|listen_port = (\d+)", shipped(name))}  # fmt: skip
    assert {port for found in ports for port in found if port} <= set(closed[0].split(", "))
    named = dict(re.findall(r"^define (\w+) = \{ (.*) \}$", written, re.MULTILINE))
    assert named["webs"].split(", ") == [ADDRESSES["web1"], ADDRESSES["web2"]]
    assert named["databases"].split(", ") == [ADDRESSES["db1"], ADDRESSES["db2"]]
    members = re.findall(r"^ETCD_INITIAL_CLUSTER=(.*)$", shipped("etcd.env"), re.MULTILINE)[0]
    assert named["etcd"].split(", ") == re.findall(r"http://([\d.]+):2380", members)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_what_is_saved_each_night_is_saved_by_a_script_that_is_there(path: Path) -> None:
    service = path.with_suffix(".service")
    assert service in UNITS
    script = CLUSTER / Path(unit(service)["Service"]["ExecStart"]).name
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0
    assert script.stat().st_mode & 0o111
    assert unit(service)["Service"]["NoNewPrivileges"] == "yes"
    assert f"deploy/cluster/{path.name}" in "\n".join(blocks("Backups"))


def test_the_guide_puts_every_file_in_its_place() -> None:
    typed = "\n".join(block for heading in re.findall(r"^### (.+)$", GUIDE, re.MULTILINE) for block in blocks(heading))
    named = set(re.findall(r"deploy/cluster/([\w.-]+)", typed))
    assert named == {path.name for path in CLUSTER.iterdir()}
    assert not [path for path in re.findall(r"(?<![\w/.])deploy/[\w./*-]+", typed) if not list(ROOT.glob(path))]
