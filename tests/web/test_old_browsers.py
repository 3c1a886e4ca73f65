"""What citizens' pages load: readable by a WebView of about 2019, and light enough for one bar of signal. Scripts are parsed."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import playwright
import pytest
import tinycss2
from flask import Flask

from tests import build
from tests.conftest import client_of, environment_of, running
from tests.web.desk import Office
from web.config import Config

NODE = Path(playwright.__file__).parent / "driver/node"
CHECK = Path(__file__).parent / "old_browsers.js"
STATIC = Path(__file__).parent.parent.parent / "web/static"
FIRST_VISIT_LIMIT = 100_000
SHARED = r"/(?:map|messages)\.css"
LATER = ("vendor/leaflet/", "vendor/protomaps-leaflet/")
"""Loaded when somebody opens a map."""


class Loaded(HTMLParser):
    """The addresses a page loads, and those it may load later (in data attributes); inline scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts: set[str] = set()
        self.sheets: set[str] = set()
        self.others: set[str] = set()
        self.inline: list[str] = []
        self.is_staff = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == "body":
            self.is_staff = "staff" in (known.get("class") or "").split()
        if tag == "script" and not known.get("src") and known.get("type") not in ("application/json", "application/ld+json"):
            self.inline.append(str(known))
        self.scripts |= {value for name, value in attrs if value and re.search(r"\.js(\?v=|$)", value) and name != "href"}
        if tag == "link" and known.get("rel") == "stylesheet":
            self.sheets.add(known["href"] or "")
        elif tag == "link" and known.get("rel") in ("icon", "manifest", "apple-touch-icon"):
            self.others.add(known["href"] or "")
        elif tag == "use":
            self.others.add((known["href"] or "").partition("#")[0])
        elif tag == "img" and known.get("src") and known.get("loading") != "lazy":
            self.others.add(known["src"] or "")


def file_of(address: str) -> Path:
    return STATIC / urlsplit(address).path.removeprefix("/static/")


@pytest.fixture(scope="module")
def module_app(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One application for tests that only look."""
    variables = environment_of(tmp_path_factory.mktemp("old-browsers"))
    shutil.copyfile(sqlite_template, Path(variables["LANGBIANG_DATA"]) / "langbiang.db")
    with running(Config.from_environment(variables)) as app:
        yield app


@pytest.fixture(scope="module")
def office(module_app: Flask) -> Office:
    return Office(module_app)


@pytest.fixture(scope="module")
def citizens_pages(module_app: Flask, office: Office) -> dict[str, Loaded]:
    """Every page a guest or a citizen gets to see, by address: all that need no more than an address, a published case, an own report."""
    case = build.case_at(office.world, "rating")
    found: dict[str, Loaded] = {}
    rules = [str(rule) for rule in module_app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments]
    for browser in (client_of(module_app), office.browser("citizen")):
        for address in (*rules, f"/reports/{case.code}", f"/track/{case.code}", f"/mine/{case.code}"):
            with browser.get(address) as answer:
                page = Loaded(answer.get_data(as_text=True)) if answer.status_code == 200 and answer.mimetype == "text/html" else None
            if page and not page.is_staff and not any("tokens.css" in sheet for sheet in page.sheets):
                found[address] = page
    return found


def scripts_of(app: Flask, pages: dict[str, Loaded], folder: Path) -> Iterator[Path]:
    """The scripts of these pages as files; what the application puts together itself is written down for the parser."""
    asked = sorted({address for page in pages.values() for address in page.scripts} | {"/sw.js", "/push-worker.js"})
    client = client_of(app)
    while asked:
        address = asked.pop()
        if address.startswith("/static/"):
            yield file_of(address)
            continue
        with client.get(address) as answer:
            assert answer.status_code == 200, address
            text = answer.get_data(as_text=True)
        place = folder / address.strip("/").replace("/", "-")
        if not place.exists():
            place.write_text(text, encoding="utf-8")
            asked += re.findall(r"""importScripts\(["']([^"']+)""", text)
            yield place


def faults_of(*files: Path) -> list[str]:
    said = subprocess.run([NODE, CHECK, *files], capture_output=True, text=True, check=True, timeout=60)
    return said.stdout.splitlines()


def test_every_script_of_citizens_pages_is_es2019_and_calls_nothing_newer(
    module_app: Flask, citizens_pages: dict[str, Loaded], tmp_path: Path
) -> None:
    assert len(citizens_pages) >= 12, sorted(citizens_pages)
    assert {"/", "/reports", "/reports/new", "/transparency"} <= set(citizens_pages)
    scripts = sorted(set(scripts_of(module_app, citizens_pages, tmp_path)))
    assert {"citizen.js", "forms.js", "push.js", "sw.js", "push-worker.js"} <= {script.name for script in scripts}
    assert faults_of(*scripts) == []
    assert {address: page.inline for address, page in citizens_pages.items() if page.inline} == {}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("a?.b;", "Unexpected token"),
        ("a ?? b;", "Unexpected token"),
        ("class A { x = 1 }", "Unexpected token"),
        ("'a'.replaceAll('a', 'b');", "replaceAll"),
        ("[1].at(-1);", "at is newer"),
        ("Object.hasOwn({}, 'a');", "hasOwn"),
        ("Promise.any([]);", "any"),
        ("const b = structuredClone({});", "structuredClone"),
    ],
)
def test_the_check_finds_what_is_newer(code: str, said: str, tmp_path: Path) -> None:
    script = tmp_path / "citizen.js"
    script.write_text((STATIC / "js/citizen.js").read_text(encoding="utf-8") + code, encoding="utf-8")
    [fault] = faults_of(script)
    assert said in fault


def test_the_check_lets_pass_what_asks_first(tmp_path: Path) -> None:
    script = tmp_path / "asks.js"
    script.write_text(
        "const key = crypto.randomUUID ? crypto.randomUUID() : '1'; if (typeof structuredClone === 'function') structuredClone({});"
        "const x = async () => { try { for await (const y of z) y.flat(); } catch { return { ...x }; } };",
        encoding="utf-8",
    )
    assert faults_of(script) == []


NEWER_SELECTORS = frozenset({"has", "is", "where"})
NEWER_VALUES = frozenset({"color-mix", "oklch", "oklab", "light-dark"})
GAPS = frozenset({"gap", "row-gap", "column-gap"})
"""Of a grid they are old enough, of a row of boxes not."""

NEWER_PROPERTIES = GAPS | frozenset({"inset", "inset-inline", "inset-block", "translate", "rotate", "scale"})
NEWER_RULES = frozenset({"layer", "container", "starting-style", "scope", "property"})


def newer_css(text: str) -> list[str]:
    found: list[str] = []

    def look(rules: list[object]) -> None:
        for rule in rules:
            if rule.type == "at-rule":
                if rule.lower_at_keyword in NEWER_RULES:
                    found.append(f"@{rule.lower_at_keyword}")
                if rule.content is not None and rule.lower_at_keyword in ("media", "supports"):
                    look(tinycss2.parse_rule_list(rule.content, skip_whitespace=True, skip_comments=True))
            elif rule.type == "qualified-rule":
                found.extend(
                    f":{part.lower_name}()" for part in rule.prelude if part.type == "function" and part.lower_name in NEWER_SELECTORS
                )
                lines = tinycss2.parse_blocks_contents(rule.content, skip_whitespace=True, skip_comments=True)
                is_flex = any(
                    line.type == "declaration" and line.lower_name == "display" and "flex" in tinycss2.serialize(line.value)
                    for line in lines
                )
                for line in lines:
                    if line.type == "declaration" and (line.lower_name not in GAPS or is_flex):
                        found.extend([line.lower_name] if line.lower_name in NEWER_PROPERTIES else [])
                        found.extend(part.lower_name for part in line.value if part.type == "function" and part.lower_name in NEWER_VALUES)
                    elif line.type != "declaration":
                        found.append("nested rule")

    look(tinycss2.parse_stylesheet(text, skip_whitespace=True, skip_comments=True))
    return found


def test_style_sheets_of_citizens_pages_hold_nothing_that_old_webviews_take_for_a_mistake(citizens_pages: dict[str, Loaded]) -> None:
    assert newer_css(".a:has(b){display:flex;gap:1px}.b{display:grid;gap:1px}@layer x{}.c{color:color-mix(in srgb,red,blue)}") == [
        ":has()",
        "gap",
        "@layer",
        "color-mix",
    ]
    sheets = {address for page in citizens_pages.values() for address in page.sheets}
    assert any("citizen.css" in address for address in sheets)
    said = {address: newer_css(file_of(address).read_text(encoding="utf-8")) for address in sheets if "/vendor/" not in address}
    # shared with staff pages: what stands closer together there is not citizens' own
    said = {address: [fault for fault in faults if fault not in GAPS or not re.search(SHARED, address)] for address, faults in said.items()}
    assert {address: faults for address, faults in said.items() if faults} == {}


def test_a_first_visit_to_the_form_is_light_as_it_is_served(module_app: Flask, citizens_pages: dict[str, Loaded]) -> None:
    guest = client_of(module_app)
    asked = {"Accept-Encoding": "gzip, deflate, br"}

    def weight(address: str) -> int:
        with guest.get(address, headers=asked) as answer:
            assert answer.status_code == 200, address
            return len(answer.get_data())

    page = guest.get("/reports/new", headers=asked)
    assert page.headers["Content-Encoding"] == "gzip"
    loaded = Loaded(gzip.decompress(page.get_data()).decode())
    files = {
        each
        for each in loaded.scripts | loaded.sheets | loaded.others
        if not file_of(each).as_posix().removeprefix(f"{STATIC}/").startswith(LATER)
    }
    manifest = [each for each in files if "manifest" in each]
    icons = {icon["src"] for each in manifest for icon in json.loads(guest.get(each).get_data())["icons"][:1]}
    weights = {each: weight(each) for each in files | icons} | {"/reports/new": len(page.get_data())}
    print("first visit to the form:", sum(weights.values()), "bytes")
    assert sum(weights.values()) <= FIRST_VISIT_LIMIT, weights


def test_only_pages_for_everybody_are_pressed_and_only_for_guests(module_app: Flask, office: Office) -> None:
    asked = {"Accept-Encoding": "gzip"}
    guest = client_of(module_app)
    for address in ("/", "/reports?q=rac", "/transparency"):
        answer = guest.get(address, headers=asked)
        assert answer.headers.get("Content-Encoding") == "gzip", address
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert "Content-Encoding" not in guest.get(address).headers
        assert gzip.decompress(answer.get_data()).startswith(b"<!doctype html>")
    for name, address in (("citizen", "/"), ("operator", "/inbox"), ("citizen", "/mine")):
        assert "Content-Encoding" not in office.browser(name).get(address, headers=asked).headers
    assert "Content-Encoding" not in guest.get("/sign-in?next=/mine", headers=asked).headers
    sheet = re.search(r'href="(/static/css/citizen\.css\?v=\w+)"', guest.get("/").get_data(as_text=True))
    assert sheet
    with guest.get(sheet[1]) as plain, guest.get(sheet[1], headers=asked) as pressed:
        without_comments = re.sub(rb"/\*.*?\*/\n?", b"", plain.get_data(), flags=re.DOTALL)
        assert gzip.decompress(pressed.get_data()) == without_comments != b""
    assert int(pressed.headers["Content-Length"]) == len(pressed.get_data()) < len(plain.get_data()) / 2
    assert pressed.headers["Cache-Control"] == plain.headers["Cache-Control"]
    with guest.get(sheet[1], headers={**asked, "If-None-Match": pressed.headers["ETag"]}) as again:
        assert again.status_code == 304
