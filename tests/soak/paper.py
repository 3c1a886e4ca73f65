"""Official documents many times over: how long a letter takes, whether memory grows, whether threads disturb each other, and whatever
may be typed. (`bin/soak paper`; the figure is 150 ms for a letter, warm.)"""
from __future__ import annotations

import io
import random
import resource
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pikepdf
from lxml import etree

from casework.documents.letterheads import Head
from reports.official import letter_pdf
from tests.reports import samples
from tests.reports.checker import checked
from tests.reports.decree import faults
from tests.reports.measuring import measured
from tests.reports.test_hostile import asked_for
from tests.soak.runs import Options, Round, Run

FIGURE = 0.150
UNTOUCHED = ("margin ", "not A4", "is set in", "the motto", "national name")
"""Faults that nothing typed may cause."""
USUAL = "letter, numbered"
ODD = "aàạăắâấđêếôốơớưứỳỹ AẬỆỖỮĐ.,;:-–/\\\"'<>&{}%()0123456789"
ODD += "\n\t\x00\x01\x1f\x7f\x85\u00a0\u00ad\u200b\u200d\u202a\u202e\u2066\u2069\u2028\ufeff"
ODD += "\ufffd\ufffe\ud800\ufb01\u05d0\u05d1\u0627\u0628\u0301\u0323\U0001f3e0中ﷺ€№✓"


def quick() -> dict[str, Any]:
    """A letter with everything a letter can have, and an apology, one after the other in a warm process."""
    found: dict[str, Any] = {}
    for name in (USUAL, "apology", "receipt"):
        samples.as_pdf(samples.SAMPLES[name]())
        took, used = [], []
        for _ in range(40):
            begun, cpu = time.perf_counter(), time.process_time()
            samples.as_pdf(samples.SAMPLES[name]())
            took.append(time.perf_counter() - begun)
            used.append(time.process_time() - cpu)
        found[name] = {
            "median_ms": _ms(statistics.median(took)), "p90_ms": _ms(sorted(took)[35]), "cpu_median_ms": _ms(statistics.median(used)),
        }  # fmt: skip
        # by processor time: other work on the machine is no fault of the letter
        assert statistics.median(used) < FIGURE, found
    return found


WARM = 200
"""Letters after which memory grows by what each leaves behind alone."""
MOST_LEFT = 0.1
"""Megabytes a letter may leave behind."""


def steady(letters: int) -> dict[str, Any]:
    """How much memory a letter leaves behind: pango keeps some, so it is never nought; after so many as a busy day has it stays small."""
    html = samples.SAMPLES[USUAL]()
    assert isinstance(html, str)
    for _ in range(WARM):
        letter_pdf(html)
    before = _megabytes()
    for _ in range(letters):
        letter_pdf(html)
    grown = _megabytes() - before
    assert grown / letters < MOST_LEFT, grown
    return {"letters": letters, "megabytes": before, "grown": grown}


def threaded(letters: int) -> dict[str, Any]:
    """Many threads, different letters at once: each comes out as it does alone."""
    pages = [(name, made) for name in samples.SAMPLES if isinstance(made := samples.SAMPLES[name](), str)]
    alone = {name: letter_pdf(html) for name, html in pages}
    lot = random.Random(1)
    work = [lot.choice(pages) for _ in range(letters)]
    with ThreadPoolExecutor(8) as threads:
        for (name, _html), pdf in zip(work, threads.map(lambda each: letter_pdf(each[1]), work), strict=True):
            assert pdf == alone[name], name
    return {"letters": letters, "threads": 8, "kinds": len(pages)}


def typed(letters: int, seed: int) -> dict[str, Any]:
    """Letters of whatever can be typed: nothing asked for, sound files, the parts that are not typed still as the decree has them."""
    lot = random.Random(seed)
    kinds: dict[str, int] = {}

    def text(most: int) -> str:
        words = lot.choice((ODD, ODD, "Ư", "W ", "ố-/"))
        return "".join(lot.choice(words) for _ in range(lot.randrange(most)))

    with TemporaryDirectory() as folder:
        files = []
        for number in range(letters):
            head = Head(text(200), text(200), text(40), text(80), text(40), text(120), text(120))
            frame = samples.frame(
                head, subject=text(300), to=tuple(text(200) for _ in range(lot.randrange(9))),
                copies=tuple(text(200) for _ in range(lot.randrange(40))), type_name=lot.choice((None, text(60))),
                number=lot.choice((None, 5, 12345)), urgency=lot.choice((None, "khan", "hoa_toc")),
                verify_url=lot.choice((None, samples.VERIFY)), signature_field=True,
            )  # fmt: skip
            with asked_for() as asked:
                pdf = letter_pdf(samples.letter(frame, lot.randrange(4), closing=text(2000)))
            assert all(url.startswith("app:///fonts/") for url in asked), asked
            with pikepdf.open(io.BytesIO(pdf)) as document:
                assert document.check_pdf_syntax() == [], (seed, number)
                etree.fromstring(document.Root.Metadata.read_bytes())
            for fault in faults(measured(pdf)):
                kinds[fault.split(":")[0][:40]] = kinds.get(fault.split(":")[0][:40], 0) + 1
                if not fault.startswith("order"):
                    assert not any(word in fault for word in UNTOUCHED), (seed, number, fault)
            path = Path(folder) / f"{number}.pdf"
            path.write_bytes(pdf)
            files.append(path)
        errors = {path.stem: told for path, told in checked(files).items() if any(grave == "error" for grave, _words in told)}
    assert not errors, errors
    return {"letters": letters, "differences": kinds}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _megabytes() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def _rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield "quick", quick
    yield "steady", lambda: steady(options.runs)
    yield "threaded", lambda: threaded(options.runs)
    yield "typed", lambda: typed(options.runs, options.seed)


RUN = Run("paper", "so many letters: time, memory, threads, whatever can be typed", 300, _rounds)
