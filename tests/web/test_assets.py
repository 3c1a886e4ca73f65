"""What browsers load: small enough, of our own or listed, and nothing that a strict content security policy refuses."""
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from tests.web.desk import Office, statements_of

ROOT = Path(__file__).parent.parent.parent
STATIC = ROOT / "web/static"
TEMPLATES = sorted((ROOT / "web/templates").rglob("*.html"))
CITIZEN_CSS_LIMIT = 16 * 1024
CITIZEN_PAGE_LIMIT = 60_000                             # bytes of style, script and icons, uncompressed: leaves 40 KB for text and pictures


def icons_of(sprite: str) -> set[str]:
    return set(re.findall(r'<symbol id="i-([^"]+)"', (STATIC / f"vendor/tabler/{sprite}.svg").read_text(encoding="utf-8")))


def template(path: Path) -> str:
    """The text without Jinja comments."""
    return re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_stylesheet_of_citizens_pages_stays_small() -> None:
    assert (STATIC / "css/citizen.css").stat().st_size <= CITIZEN_CSS_LIMIT


def test_what_every_citizens_page_loads_stays_small() -> None:
    files = ("css/citizen.css", "css/citizen-pages.css", "js/forms.js", "js/citizen.js", "vendor/tabler/citizen.svg", "img/mark.svg")
    assert sum((STATIC / f).stat().st_size for f in files) <= CITIZEN_PAGE_LIMIT


@pytest.mark.parametrize("sheet", sorted(STATIC.glob("css/*.css")), ids=lambda path: path.name)
def test_stylesheets_load_only_files_that_are_here(sheet: Path) -> None:
    for target in re.findall(r"url\(['\"]?([^'\")]+)", sheet.read_text(encoding="utf-8")):
        assert (sheet.parent / target).resolve().is_file(), target


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "web/templates").as_posix())
def test_templates_have_no_inline_style_or_script(path: Path) -> None:
    text = template(path)
    assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=|javascript:|hx-on", text)
    for script in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in script or re.search(r'type="application/(ld\+)?json"', script)
    assert not re.search(r"(?:src|href)=[\"']https?://", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "web/templates").as_posix())
def test_icons_named_in_templates_exist(path: Path) -> None:
    named = re.findall(r'\bicon\("([a-z0-9-]+)"', template(path))
    assert set(named) <= icons_of("citizen") | icons_of("staff")


def test_the_icons_of_citizens_pages_are_those_of_their_sprite() -> None:
    listed = re.search(r"set COMMON = (\[.*?\])", (ROOT / "web/templates/components/icon.html").read_text(encoding="utf-8"), re.DOTALL)
    assert listed
    assert set(json.loads(listed[1].replace(",\n]", "]"))) == icons_of("citizen")


def test_vendored_files_are_those_listed() -> None:
    checked = subprocess.run([sys.executable, ROOT / "tools/vendor.py", "--check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.exhaustive
def test_the_catalogue_is_complete() -> None:
    checked = subprocess.run([sys.executable, ROOT / "tools/translations.py", "--check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_an_address_of_a_file_names_its_content_and_is_kept_and_asks_the_database_nothing(sqlite_app: Flask) -> None:
    office = Office(sqlite_app)
    page = office.get("operator", "/inbox").get_data(as_text=True)
    [address] = set(re.findall(r'href="(/static/css/tokens\.css\?v=[0-9a-f]{12})"', page))
    assert office.get("operator", address).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert statements_of(lambda: office.get("operator", address)) == 0
    for other in (address[:-1] + "x", address.partition("?")[0]):
        assert office.get("operator", other).headers["Cache-Control"] == "public, max-age=3600", "another content may stand there"
