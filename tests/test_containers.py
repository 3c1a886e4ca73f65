"""deploy/container says what the program understands and what is there; `bin/soak install` carries the Dockerfile out."""
from __future__ import annotations

import os
import re
import shlex
from dataclasses import fields
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.test_packaging import ROOT, TOPS, setup_cfg
from web.cli import COMMANDS
from web.config import Config

DEPLOY = ROOT / "deploy"
SETTINGS = {row.metadata["variable"] for row in fields(Config)}
OF_THE_HOUSE = ("deploy/container/.env", "deploy/container/secrets/database_password", "deploy/container/secrets/database_url",
                "deploy/container/secrets/secret_key", "deploy/container/tls/fullchain.pem", "deploy/container/tls/privkey.pem")
"""What install.md tells to put beside compose.yaml."""


@cache
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "container/compose.yaml").read_text(encoding="utf-8"))
    return found


def ours() -> dict[str, dict[str, Any]]:
    return {name: service for name, service in compose()["services"].items() if service["image"].startswith("langbiang:")}


def test_the_containers_take_settings_the_program_knows_and_commands_there_are() -> None:
    of_the_script = set(re.findall(r'"\$\{(\w+):=', (DEPLOY / "sbin/langbiang-backup").read_text(encoding="utf-8")))
    assert ours().keys() == {"migrate", "server", "worker", "backup", "verify"}
    for name, service in ours().items():
        command = service.get("command", ["langbiang", "serve"])
        known = SETTINGS | of_the_script if name == "backup" else SETTINGS
        assert {variable.removesuffix("_FILE") for variable in service["environment"]} <= known
        if command[0] == "langbiang":
            assert command[1] in COMMANDS
        else:
            assert (DEPLOY / "sbin" / Path(command[0]).name).exists()
        assert set(service["secrets"]) <= set(compose()["secrets"])


def test_upkeep_in_containers_is_that_of_the_units() -> None:
    for name in ("backup", "verify"):
        text = (DEPLOY / f"systemd/langbiang-{name}.service").read_text(encoding="utf-8")
        of_the_unit = dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))
        words = shlex.split(of_the_unit["ExecStart"].removeprefix("/opt/langbiang/current/bin/"))
        service = ours()[name]
        assert service["command"] == words
        assert service["profiles"], "not by `up`"
        for variable, value in (pair.split("=") for pair in of_the_unit.get("Environment", "").split()):
            assert service["environment"][variable] == value
    backups = ours()["backup"]["environment"]["BACKUPS"]
    assert f"backups:{backups}" in ours()["backup"]["volumes"]


def test_no_container_fills_the_disk_with_what_it_says() -> None:
    for name, service in compose()["services"].items():
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name


def test_what_containers_mount_is_here_or_the_guide_says_what_to_put_there() -> None:
    folder = DEPLOY / "container"
    for name, service in compose()["services"].items():
        for mount in service.get("volumes", []):
            source = mount["source"] if isinstance(mount, dict) else mount.partition(":")[0]
            if not source.startswith("."):
                assert source in compose()["volumes"], (name, source)
                continue
            path = os.path.relpath(folder / source, ROOT)
            assert (ROOT / path).exists() or any(f"{each}/".startswith(f"{path}/") for each in OF_THE_HOUSE), (name, source)
    for secret in compose()["secrets"].values():
        assert os.path.relpath(folder / secret["file"], ROOT) in OF_THE_HOUSE
    for service in ours().values():
        context = (folder / service["build"]["context"]).resolve()
        assert context == ROOT
        assert (context / service["build"]["dockerfile"]).is_file()


def test_nginx_in_a_container_finds_what_it_is_to_replace() -> None:
    web = compose()["services"]["web"]
    replaced = re.findall(r"s([/#])(.+?)\1(.+?)\1\"", web["command"][2])
    conf = (DEPLOY / "nginx/langbiang.conf").read_text(encoding="utf-8")
    for _, before, after in replaced:
        assert before in conf
        conf = conf.replace(before, after)
    directives = re.sub(r"#.*", "", conf)
    assert {after for _, _, after in replaced} == {"$$ADDRESS", "server:8080", "/dev/stdout", "/dev/stderr"}
    assert "/var/log" not in directives
    assert "phananh.example.vn" not in directives
    assert set(re.findall(r"\$\{(\w+)", (DEPLOY / "container/compose.yaml").read_text(encoding="utf-8"))) == {"ADDRESS", "EXTRAS"}


def is_left_out(path: str) -> bool:
    """Whether .dockerignore leaves a file out of a build: the last line decides that names it or a folder it lies in."""
    parts = path.split("/")
    above = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
    left_out = False
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        rule = line.removeprefix("!")
        if rule.startswith("**/"):
            named = any(fnmatchcase(part, rule.removeprefix("**/")) for part in parts)
        else:
            named = any(fnmatchcase(name, rule) and name.count("/") == rule.count("/") for name in above)
        if named and not line.startswith("#"):
            left_out = not line.startswith("!")
    return left_out


def test_an_image_is_built_of_the_program_and_of_nothing_of_the_house() -> None:
    written = (DEPLOY / "container/Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"/src/([\w./-]+)", written)
    assert copied == ["constraints.txt", "deploy/sbin/langbiang-backup"]
    modules = [f"{name}.py" for name in setup_cfg()["options"]["py_modules"].split()]
    needed = [*copied, *modules, "setup.cfg", "pyproject.toml", setup_cfg()["metadata"]["long_description"].removeprefix("file: ")]
    needed += [file.relative_to(ROOT).as_posix() for top in TOPS for file in (ROOT / top).rglob("*")
               if file.is_file() and "__pycache__" not in file.parts]  # fmt: skip
    assert [path for path in needed if not (ROOT / path).exists() or is_left_out(path)] == []
    others = (".git/config", ".venv/bin/python", "var/keys/keyring.json", "tests/build.py", "web/__pycache__/cli.cpython-311.pyc")
    assert [path for path in (*OF_THE_HOUSE, *others) if not is_left_out(path)] == []


def test_what_belongs_to_the_house_is_never_committed() -> None:
    left_out = set((ROOT / ".gitignore").read_text(encoding="utf-8").splitlines())
    assert {f"/{path}" if Path(path).parent.name == "container" else f"/{Path(path).parent}/" for path in OF_THE_HOUSE} <= left_out
