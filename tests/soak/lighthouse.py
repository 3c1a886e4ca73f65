"""Lighthouse on a telephone's settings, against the demonstration: what citizens open first, each with the bars it is held to.

It is fetched from npm into var/ at its one version, runs with this machine's Node and Chromium, and is no part of the product.
"""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.browser.house import CHROMIUM
from tests.kill.ports import free_port
from tests.soak.runs import RESULTS, Options, Round, Run

VERSION = "12.2.3"
TOOL = RESULTS / "lighthouse"
BARS = {"performance": 0.95, "accessibility": 1.0, "best-practices": 1.0, "seo": 1.0}
NOT_OF_A_DEMONSTRATION = "is-crawlable"
"""An audit left out: a demonstration keeps itself out of search engines, an installation does not."""

PAGES = {"home": "/", "form": "/reports/new", "list": "/reports", "case": "", "transparency": "/transparency"}
TRIES = 3
"""Of a page that misses a bar: other work on the machine costs points of speed, never gives any."""

START_SECONDS = 600


class TooLow(Exception):
    """A page is below a bar; the text says which."""


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield "fetch", fetch
    yield "pages", measure_pages


def fetch() -> dict[str, Any]:
    """Get Lighthouse, without running what its packages would run on being installed."""
    TOOL.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--save-exact", f"lighthouse@{VERSION}", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", "."]
    subprocess.run(command, cwd=TOOL, check=True, stdout=subprocess.DEVNULL)
    return {"version": VERSION}


def measure_pages() -> dict[str, Any]:
    """The scores of each page of a demonstration of its own; raises TooLow at the end, with all of them."""
    found: dict[str, Any] = {}
    with demonstration(TOOL / "demo") as address:
        for name, path in (PAGES | {"case": published_case(address)}).items():
            for _ in range(TRIES):
                found[name] = scores(address + path, TOOL / f"{name}.json")
                if not below(found[name]):
                    break
            print(f"{name:13} " + "  ".join(f"{kind} {round(100 * score)}" for kind, score in found[name].items()), flush=True)
    if low := {name: below(each) for name, each in found.items() if below(each)}:
        raise TooLow(json.dumps(low))
    return {"scores": found}


def scores(address: str, report: Path) -> dict[str, float]:
    """What Lighthouse gives a page, by category; the whole report is kept beside."""
    command = ["node", str(TOOL / "node_modules/lighthouse/cli/index.js"), address, "--quiet", "--output=json", f"--output-path={report}",
               "--chrome-flags=--headless=new --no-sandbox",
               f"--only-categories={','.join(BARS)}", f"--skip-audits={NOT_OF_A_DEMONSTRATION}"]  # fmt: skip
    subprocess.run(command, check=True, env={**os.environ, "CHROME_PATH": CHROMIUM}, stdout=subprocess.DEVNULL)
    told = json.loads(report.read_text(encoding="utf-8"))
    return {kind: float(told["categories"][kind]["score"] or 0) for kind in BARS}


def below(found: dict[str, float]) -> dict[str, float]:
    return {kind: score for kind, score in found.items() if score < BARS[kind]}


@contextmanager
def demonstration(folder: Path) -> Iterator[str]:
    """The demonstration served from a new folder; its address."""
    shutil.rmtree(folder, ignore_errors=True)
    port = free_port()
    with (TOOL / "demo.log").open("wb") as log:
        command = [Path(sys.executable).parent / "langbiang", "demo", "--port", str(port), "--data", folder]
        program = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(address + "/healthz", program)
            yield address
        finally:
            program.terminate()
            program.wait(timeout=60)


def wait_for(address: str, program: subprocess.Popen[bytes]) -> None:
    for _ in range(START_SECONDS):
        if program.poll() is not None:
            raise RuntimeError("the demonstration ended; see demo.log")
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(1)
    raise RuntimeError("the demonstration does not answer")


def published_case(address: str) -> str:
    """The page of the case published last, which has photos."""
    with urllib.request.urlopen(address + "/reports?state=answered", timeout=30) as answer:
        page = answer.read().decode()
    return "/reports/LD-" + page.partition("/reports/LD-")[2].partition('"')[0]


RUN = Run("lighthouse", "Lighthouse on five pages for citizens, as on a telephone", 1, rounds)
