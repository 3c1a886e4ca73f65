"""The wheel, installed into an empty environment outside the checkout: everything it needs is in it, and used from there."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

from tests.test_packaging import ROOT, TOPS

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

OLDEST_SETUPTOOLS = 77

AT_WORK = """
import io, json, sys
from pathlib import Path
import bpmn, casework, langbiang, migrations, reports, web, workflows
from lxml import html
from PIL import Image
from casework.db import db, unit_of_work
from casework.intake.file_report import original_words
from casework.models import Photo, Report
from benchmark.life import take_on_staff
from benchmark.pages import filled
from web.clock import now
from web.config import Config
from workflows.definitions.process import shipped_model
from workflows.models import WaitingTask
from workflows.routing.suggestion import shipped_table

app = web.create_app(Config.from_environment())
with app.app_context(), unit_of_work():
    take_on_staff(now())
picture = io.BytesIO()
Image.new("RGB", (640, 480), "green").save(picture, "JPEG")
browser, path = app.test_client(), "/reports/new"
page = browser.get(path).get_data(as_text=True)
area = [value for value in html.fromstring(page).xpath("//select[@name='area']/option/@value") if value][0]
typed = {"words": "Rác đổ ven suối.", "area": area, "name": "Nguyễn Thị Thử", "contact": "0912345678", "consent": "y"}
fields = dict(filled(page, path, typed, act="send"), photos=(io.BytesIO(picture.getvalue()), "anh.jpg"))
sent = browser.post(path, data=fields)
receipt = sent.headers.get("Location", "")
pdf = browser.get(receipt + ".pdf")
styles = html.fromstring(page).xpath("//link[@rel='stylesheet']/@href")
with app.app_context():
    report = db.session.query(Report).one()
    found = {
        "modules": [module.__file__ for module in (bpmn, casework, langbiang, migrations, reports, web, workflows)],
        "folders": [app.root_path, app.static_folder, *app.jinja_loader.searchpath],
        "sent": sent.status_code, "words": original_words(report), "photos": db.session.query(Photo).filter_by(report_id=report.id).count(),
        "waits": [task.element for task in db.session.query(WaitingTask)], "models": [len(shipped_model()), len(shipped_table())],
        "title": html.fromstring(page).findtext(".//h1"),
        "styles": [browser.get(address).status_code for address in styles], "pdf": pdf.get_data()[:5].decode("latin-1"),
        "path": sys.path,
    }
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an environment with the wheel, which sees the libraries of this one but not the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    wheel = build_wheel(folder)
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    subprocess.run([sys.executable, "-m", "pip", "--python", environment / "bin/python", "install", "--quiet", "--no-deps", "--no-index",
                    "--disable-pip-version-check", wheel], check=True)
    # A line in a .pth file is a folder to look in; .pth files in there, such as that of an editable checkout, are not read.
    libraries = sysconfig.get_path("purelib")
    (site_packages(environment) / "libraries.pth").write_text(f"{libraries}\n", encoding="utf-8")
    return environment


def build_wheel(folder: Path) -> Path:
    """Build from a copy, so that nothing is left in the checkout and nothing old is taken from it."""
    source = folder / "source"
    for top in TOPS:
        shutil.copytree(ROOT / top, source / top, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("langbiang.py", "wsgi.py", "setup.cfg", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    own_tools = ["--no-build-isolation"] if has_build_tools() else []
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--disable-pip-version-check", *own_tools,
                    "--wheel-dir", folder / "wheels", source], check=True, cwd=folder)
    return next((folder / "wheels").glob("langbiang-*.whl"))


def has_build_tools() -> bool:
    """Whether this environment has what pyproject.toml asks for; else pip fetches it, as it does for everybody who installs."""
    try:
        return int(version("setuptools").partition(".")[0]) >= OLDEST_SETUPTOOLS
    except PackageNotFoundError:
        return False


def site_packages(environment: Path) -> Path:
    return next(environment.glob("lib/python*/site-packages"))


def run(installed: Path, folder: Path, *command: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command of the environment, standing elsewhere, on an installation in `folder`."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("LANGBIANG_", "PYTHON", "COVERAGE"))}
    variables = {"LANGBIANG_DATA": str(folder / "data"), **({"PYTHONPATH": str(path)} if path else {})}
    program = [str(installed / "bin" / command[0]), *command[1:]]
    return subprocess.run(program, cwd=folder, env=own | variables, capture_output=True, text=True, timeout=120)


def test_a_report_with_a_photo_is_filed_with_what_is_in_the_wheel(installed: Path, tmp_path: Path) -> None:
    migrated = run(installed, tmp_path, "langbiang", "migrate")
    assert migrated.returncode == 0, migrated.stderr
    worked = run(installed, tmp_path, "python", "-c", AT_WORK)
    assert worked.returncode == 0, worked.stderr
    found: dict[str, Any] = json.loads(worked.stdout.splitlines()[-1])
    home = site_packages(installed)
    assert str(ROOT) not in found["path"]
    assert all(Path(place).is_relative_to(home) for place in found["modules"] + found["folders"])
    assert found["sent"] in (302, 303)
    assert (found["words"], found["photos"], found["waits"]) == ("Rác đổ ven suối.", 1, ["verify"])
    assert all(found["models"])
    assert not found["title"].isascii()                                    # translated, so the catalogue is there
    assert found["styles"]
    assert set(found["styles"]) == {200}
    assert found["pdf"] == "%PDF-"


def test_everything_the_packages_carry_is_in_the_wheel(installed: Path) -> None:
    """The fonts of the receipt, for one: without them a PDF is still made, with whatever font the machine has."""
    home = site_packages(installed)
    files = [file for top in TOPS for file in (ROOT / top).rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    carried = [str(file.relative_to(ROOT)) for file in files]
    assert [file for file in carried if not (home / file).is_file()] == []
    assert list((home / "reports").rglob("*.ttf"))


def test_gunicorn_finds_its_configuration_and_the_application_in_the_wheel(installed: Path, tmp_path: Path) -> None:
    """As the unit of deploy/systemd starts it: from a folder in which nothing of ours lies."""
    migrated = run(installed, tmp_path, "langbiang", "migrate")
    assert migrated.returncode == 0, migrated.stderr
    for name in ("web.serving.gunicorn_config", "web.gunicorn_config"):
        words = ["--config", f"python:{name}", "wsgi:application"]
        checked = run(installed, tmp_path, "python", "-m", "gunicorn", "--check-config", *words)
        assert checked.returncode == 0, checked.stderr
    where = run(installed, tmp_path, "python", "-c", "import wsgi; print(wsgi.__file__)").stdout.strip()
    assert Path(where).is_relative_to(site_packages(installed))


def test_another_web_package_before_ours_is_named(installed: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "elsewhere" / "web"
    foreign.mkdir(parents=True)
    (foreign / "__init__.py").write_text("def application(mapping): ...\n", encoding="utf-8")
    for command in ("serve", "migrate"):
        refused = run(installed, tmp_path, "langbiang", command, path=foreign.parent)
        assert refused.returncode == 2
        assert f"The Python package `web` in {foreign} belongs to another distribution" in refused.stderr
        assert "Traceback" not in refused.stderr


def test_a_web_package_installed_over_ours_is_named(installed: Path, tmp_path: Path) -> None:
    """pip writes a second distribution's files into the very folder of the first."""
    copy = tmp_path / "environment"
    shutil.copytree(installed, copy, symlinks=True)
    web = site_packages(copy) / "web"
    (web / "__init__.py").write_text("def application(mapping): ...\n", encoding="utf-8")
    refused = run(copy, tmp_path, "python", "-c", "import langbiang; langbiang.main()")
    assert refused.returncode == 2
    assert "another distribution" in refused.stderr
