"""The pages of every role of a demonstration, taken under a stopped clock and laid beside those of another text of the program.

`python -m tools.pages take DATA FOLDER` follows the links each role is shown, from a copy of the data folder of a demonstration, and
writes every answer to FOLDER; with `--language en` in English, with `--language marked` every translated text with its marks, with
`--root /goc` as behind a proxy that serves the program under that path. `python -m tools.pages compare BEFORE AFTER` names what
differs between two such folders and ends with 1 where anything does: a change that moves code and changes no behaviour leaves none.

What is new with every request stands in an answer as a mark: tokens against forged forms, keys of forms, nonces, numbers of requests.
Both are taken with the same PYTHONHASHSEED: the changes of a setting stand in the order of a set.
"""
from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from lxml import html

MOMENT = datetime(2026, 12, 1, 3, tzinfo=UTC)
"""The stopped clock's time."""

MOST = 400
"""Pages of one role."""

ROLES = ("vanhanh", "totruong", "lanhdao", "vanthu", "quantri", "pheduyet", "baomat", "thanhtra", "quantrihethong", "canbo.ptnmt",
         "lanhdao.ptnmt", "lanhdao.pvhtt", "nguoidan1@example.com")  # fmt: skip
"""One person of each kind, by the name they sign in with."""

PASSWORD = "langbiang-minh-hoa"

LEFT_OUT = re.compile(r"^/(static/|sign-out|language|comfort|exports/[0-9a-f]|metrics|healthz|readyz)|/(revoke|photo|file)\b")
"""Links that do something, or lead to files in the store."""

NEW_EACH_TIME = (
    (re.compile(r'(name="csrf_token"[^>]*value=")[^"]*'), r"\1…"),
    (re.compile(r'(value=")Im[\w.~-]{60,}'), r"\1…"),
    (re.compile(r'"I[jm][\w.~-]{60,}"|data-key="[^"]+"'), '"…"'),
    (re.compile(r'(name="(?:\w+_token|draft_window|idempotency_key|key)"[^>]*value=")[^"]*'), r"\1…"),
    (re.compile(r'/sessions/[\w-]+/revocation|(?<=class="qr">)<path.*?>'), "…"),
    (re.compile(r'nonce="[^"]+"'), 'nonce="…"'),
    (re.compile(r'(?<=class="code typedkey" translate="no">)[A-Z2-7 ]+'), "…"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "…"),
    (re.compile(r"/static/[^\"' )]*\?v=[0-9a-f]+"), "/static/…"),
)


@dataclass(frozen=True)
class Way:
    """How the pages are asked for: in `vi`, `en` or `marked` (Vietnamese with marks around each text), and under which path."""

    language: str = "vi"
    root: str = ""


def take(data: Path, folder: Path, way: Way) -> None:
    """Write the pages of each role, one file each, under the role's name."""
    with tempfile.TemporaryDirectory() as made:
        shutil.copytree(data, Path(made) / "data")
        app = program(Path(made) / "data")
        app.config.update(PSEUDO_LOCALE=way.language == "marked", APPLICATION_ROOT=way.root or "/")
        for name in ("", *ROLES):
            number = 0
            for address, answer in pages(app, name, way):
                path = folder / (name or "guest") / (re.sub(r"[^\w.=-]+", "_", address)[:180] + ".txt")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"{address}\n{answer}", encoding="utf-8")
                number += 1
            print(f"{name or 'guest'}: {number}")


def program(data: Path) -> Flask:
    """The application on a folder, its clock stopped."""
    from web import create_app
    from web.config import Config

    config = Config.from_environment({**os.environ, "LANGBIANG_DATA": str(data), "LANGBIANG_DEMO": "yes"})
    app = create_app(config)
    app.config["CLOCK"] = lambda: MOMENT
    return app


def pages(app: Flask, name: str, way: Way) -> Iterator[tuple[str, str]]:
    """Each page a person can reach by links, nearest first, with its content."""
    client = app.test_client()
    if name:
        sign_in(client, name)
    client.get(f"/language?code={'en' if way.language == 'en' else 'vi'}")
    waiting, seen = ["/", "/inbox", "/reports", "/settings", "/dashboard", "/studio"], set[str]()
    while waiting and len(seen) < MOST:
        address = waiting.pop(0)
        if address in seen:
            continue
        seen.add(address)
        answer = client.get(address)
        if answer.mimetype not in ("text/html", "application/json", "text/csv", "text/plain", "application/xml"):
            continue
        text = answer.get_data(as_text=True)
        yield address, f"{answer.status_code} {answer.mimetype} {answer.headers.get('Location', '')}\n{marked(text)}"
        if answer.mimetype == "text/html":
            waiting.extend(links(text, address, seen, way.root))


def sign_in(client: FlaskClient, name: str) -> None:
    """Sign in with the password of every demonstration account. Raises AssertionError if refused."""
    token = html.fromstring(client.get("/sign-in").text).xpath('//input[@name="csrf_token"]/@value')[0]
    answer = client.post("/sign-in", data={"csrf_token": token, "login": name, "password": PASSWORD, "next": ""})
    assert answer.status_code == 302, name


def marked(text: str) -> str:
    """A page without what differs each time."""
    for pattern, mark in NEW_EACH_TIME:
        text = pattern.sub(mark, text)
    return text


def links(text: str, address: str, seen: Iterable[str], root: str) -> Iterator[str]:
    """The links of a page within the installation, without its root; one that leaves out the root is printed."""
    document = html.fromstring(text) if text.strip() else html.fromstring("<p></p>")
    document.make_links_absolute(f"http://here{root}{address}")
    for href in document.xpath("//a/@href"):
        target, _ = urldefrag(href)
        parts = urlsplit(target)
        if parts.netloc == "here" and not parts.path.startswith(f"{root}/"):
            print(f"{address}: {href} leaves out {root}")
            continue
        found = parts.path.removeprefix(root) + (f"?{parts.query}" if parts.query else "")
        if parts.netloc == "here" and found not in seen and not LEFT_OUT.search(found):
            yield found


def compare(before: Path, after: Path) -> int:
    """Print what differs, and how many pages are the same; returns the exit code."""
    kept = {str(path.relative_to(before)) for path in before.rglob("*.txt")}
    now = {str(path.relative_to(after)) for path in after.rglob("*.txt")}
    other = [name for name in sorted(kept & now) if (before / name).read_bytes() != (after / name).read_bytes()]
    for name in [*sorted(kept ^ now), *other]:
        print(name)
    print(f"{len(kept & now) - len(other)} the same, {len(other)} other, {len(kept ^ now)} in one folder alone")
    return int(bool(other or kept ^ now))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("take", "compare"))
    parser.add_argument("one", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("--language", choices=("vi", "en", "marked"), default="vi")
    parser.add_argument("--root", default="")
    given = parser.parse_args()
    if given.what == "compare":
        sys.exit(compare(given.one, given.other))
    take(given.one, given.other, Way(given.language, given.root))


if __name__ == "__main__":
    main()
