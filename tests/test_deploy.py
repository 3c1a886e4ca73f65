"""The files of deploy/ say what the program understands; `bin/soak install` types the guides on a fresh machine."""
from __future__ import annotations

import re
import shlex
from configparser import RawConfigParser
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from casework.photo_records import MOST_PHOTOS
from tests.test_packaging import ROOT
from web.cli import COMMANDS
from web.config import Config
from web.security import FORM_SLACK_BYTES

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
VARIABLES = {row.metadata["variable"] for row in fields(Config)}


def unit(path: Path) -> RawConfigParser:
    parser = RawConfigParser(strict=False, comment_prefixes="#")
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(path, encoding="utf-8")
    return parser


def settings_in(path: Path) -> dict[str, str]:
    """Every setting of an environment file, those behind a comment sign as well."""
    lines = (line.lstrip("#") for line in path.read_text(encoding="utf-8").splitlines() if line.lstrip("#").startswith("LANGBIANG_"))
    return dict(" ".join(shlex.split(line)).split("=", 1) for line in lines)


def test_the_environment_file_is_one_the_program_reads() -> None:
    given = settings_in(DEPLOY / "langbiang.env")
    plain = {name: value for name, value in given.items() if not name.endswith("_FILE")}
    read = Config.from_environment({**plain, "LANGBIANG_SECRET_KEY": "x" * 40})
    assert read.is_secure
    assert not read.is_sqlite


@pytest.mark.parametrize("path", [path for path in UNITS if path.suffix == ".service"], ids=lambda path: path.name)
def test_a_service_runs_a_command_there_is(path: Path) -> None:
    words = shlex.split(unit(path)["Service"]["ExecStart"])
    if words[0].endswith("/bin/langbiang"):
        assert words[1] in COMMANDS
        words = words[2:]
    else:
        assert (DEPLOY / "sbin" / Path(words[0]).name).exists()
    assert unit(path)["Service"]["User"] == "langbiang"
    assert unit(path)["Service"]["NoNewPrivileges"] == "yes"


@pytest.mark.parametrize("path", [path for path in UNITS if path.suffix == ".timer"], ids=lambda path: path.name)
def test_a_timer_starts_a_service_there_is(path: Path) -> None:
    assert path.with_suffix(".service") in UNITS


def test_nginx_lets_the_largest_report_pass_and_the_program_judge_it() -> None:
    said = re.search(r"client_max_body_size (\d+)m;", (DEPLOY / "nginx/langbiang.conf").read_text(encoding="utf-8"))
    largest = Config.from_environment({"LANGBIANG_SECRET_KEY": "x" * 40}).max_photo_bytes * MOST_PHOTOS + FORM_SLACK_BYTES
    assert said is not None
    assert int(said.group(1)) * 2**20 > largest


def test_the_containers_take_settings_the_program_knows_and_commands_there_are() -> None:
    compose = yaml.safe_load((DEPLOY / "container/compose.yaml").read_text(encoding="utf-8"))
    ours = [service for service in compose["services"].values() if service["image"].startswith("langbiang:")]
    assert len(ours) == 3
    for service in ours:
        assert {name.removesuffix("_FILE") for name in service["environment"]} <= VARIABLES
        command = service.get("command", ["langbiang", "serve"])
        assert command[1] in COMMANDS
        assert set(service["secrets"]) <= set(compose["secrets"])


def test_release_and_image_have_the_same_number() -> None:
    release = re.search(r"^version = (.+)$", (ROOT / "setup.cfg").read_text(encoding="utf-8"), re.MULTILINE)
    assert release is not None
    for name in ("Dockerfile", "compose.yaml"):
        assert set(re.findall(r"langbiang:(\d[\d.]*)", (DEPLOY / "container" / name).read_text(encoding="utf-8"))) == {release.group(1)}


def test_pgbouncer_tells_every_connection_what_the_program_cannot_tell_behind_it() -> None:
    pooler = RawConfigParser(comment_prefixes=";")
    pooler.read(DEPLOY / "cluster/pgbouncer.ini", encoding="utf-8")
    assert len(pooler["databases"]) == 2
    for name, entry in pooler["databases"].items():
        assert "connect_query='SET jit = off'" in entry, name


@pytest.mark.parametrize("name", ["install.md", "upgrade.md"])
def test_a_guide_names_files_and_commands_there_are(name: str) -> None:
    typed = "\n".join(BLOCK.findall((ROOT / "docs" / name).read_text(encoding="utf-8")))
    for path in re.findall(r"\bdeploy/[\w./*-]+", typed):
        assert list(ROOT.glob(path)), path
    for command in re.findall(r"^langbiang (\S+)", typed, re.MULTILINE):
        assert command in COMMANDS, command
