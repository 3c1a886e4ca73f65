"""setup.cfg names what is there: a package or data file left out is missing only after installation, where nobody looks."""
import shutil
import subprocess
from configparser import ConfigParser
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOPS = ("benchmark", "bpmn", "casework", "migrations", "reports", "web", "workflows")


def setup_cfg() -> ConfigParser:
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def test_every_package_is_named() -> None:
    named = setup_cfg()["options"]["packages"].split()
    found = {init.parent.relative_to(ROOT).as_posix().replace("/", ".") for top in TOPS for init in (ROOT / top).rglob("__init__.py")}
    assert sorted(found) == sorted(named)


def test_every_data_file_is_shipped() -> None:
    packages, data = set(setup_cfg()["options"]["packages"].split()), setup_cfg()["options.package_data"]
    forgotten = []
    for file in (f for top in TOPS for f in (ROOT / top).rglob("*") if f.is_file() and "__pycache__" not in f.parts):
        path = file.relative_to(ROOT)
        if file.suffix == ".py" and ".".join(path.parent.parts) in packages:
            continue
        top, inside = path.parts[0], "/".join(path.parts[1:])
        patterns = data.get(top, "").split()
        if not any(fnmatch(inside, pattern) or fnmatch(inside, pattern.replace("**/", "")) for pattern in patterns):
            forgotten.append(path.as_posix())
    assert not forgotten


def test_every_requirement_is_pinned_as_in_the_constraints() -> None:
    options = setup_cfg()
    wanted = options["options"]["install_requires"].split("\n") + options["options.extras_require"]["dev"].split("\n")
    constraints = {line.lower() for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()}
    for requirement in filter(None, (w.replace(" ", "").replace("[binary]", "").lower() for w in wanted)):
        assert requirement in constraints


@pytest.mark.parametrize(("uv", "called"), [
    ("exit 0", ["uv pip install --quiet --python there/bin/python --requirement asked.txt"]),
    ("exit 1", ["uv pip install --quiet --python there/bin/python --requirement asked.txt", "pip --requirement asked.txt"]),
    (None, ["pip uv==1.2.3", "pip --requirement asked.txt"]),
])  # fmt: skip
def test_what_uv_cannot_install_is_installed_by_pip(tmp_path: Path, uv: str | None, called: list[str]) -> None:
    """The script itself, with programs that note what they are given; without one, uv is asked for, and does not come."""
    for name in ("bin", ".venv/bin", "there/bin"):
        (tmp_path / name).mkdir(parents=True)
    shutil.copy(ROOT / "bin/_environment.sh", tmp_path / "bin")
    (tmp_path / "constraints.txt").write_text("urllib3==2.8.0\nuv==1.2.3\n")
    programs = {f"{each}/bin/python": "echo pip $(echo \"$*\" | sed 's/.*--timeout 60 //') >> called" for each in (".venv", "there")}
    programs |= {".venv/bin/uv": f"echo uv \"$@\" >> called\n{uv}"} if uv is not None else {}
    for name, does in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o700)
    (tmp_path / "bin/it").write_text('. "$(dirname "$0")/_environment.sh"\ninstall_into there --requirement asked.txt\n')
    done = subprocess.run(["sh", "bin/it"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, (tmp_path / "called").read_text().splitlines()) == (0, called), done.stderr
