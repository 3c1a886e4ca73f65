"""Sealed letters damaged at random: none is ever found good whose signed bytes have changed; hostile files end in time and memory."""
from __future__ import annotations

import io
import random
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pikepdf

from reports.signing.examining import examine, roots_of
from reports.signing.found import found_again
from reports.signing.reading import FileUnread, examined
from tests.reports.seal_samples import SIGNED, authority, sealed
from tests.reports.test_signing import bomb, twice
from tests.soak.runs import Options, Round, Run

LONGEST, LARGEST = 20, 700
"""Seconds and megabytes one hostile file may take beside everything else this machine does."""


def _signed_ranges(pdf: bytes) -> list[tuple[int, int]]:
    """What the last signature covers."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        fields: Any = document.Root.AcroForm.Fields
        ranges = [[int(each) for each in field.V.ByteRange] for field in fields if "/V" in field]
    begins, first, after, last = max(ranges, key=lambda each: each[2])
    return [(begins, begins + first), (after, after + last)]


def damaged(seed: int, number: int) -> dict[str, Any]:
    """So many copies with some bytes replaced, cut, doubled or moved."""
    lot, good, counts = random.Random(seed), sealed(), Counter[str]()
    roots, ranges, slowest = roots_of([authority().pem.decode()]), _signed_ranges(good), 0.0
    for _ in range(number):
        pdf = bytearray(good)
        match lot.randrange(4):
            case 0:
                for _each in range(lot.randint(1, 40)):
                    pdf[lot.randrange(len(pdf))] = lot.randrange(256)
            case 1:
                start = lot.randrange(len(pdf))
                del pdf[start : start + lot.randint(1, 4000)]
            case 2:
                start = lot.randrange(len(pdf))
                pdf[start:start] = pdf[start : start + lot.randint(1, 4000)]
            case _:
                pdf += pdf[lot.randrange(len(pdf)) :]
        began = time.process_time()
        try:
            told = examine(bytes(pdf), roots=roots, at=SIGNED).get("signatures", [])
        except Exception as fault:  # a file that cannot be read is told so
            counts[f"unreadable: {type(fault).__name__}"] += 1
            continue
        finally:
            slowest = max(slowest, time.process_time() - began)
        is_good = len(told) == 2 and all(found_again(each).is_good for each in told)
        is_same = len(pdf) == len(good) and all(pdf[start:end] == good[start:end] for start, end in ranges)
        assert not is_good or is_same, "a changed file was found good"
        counts["good, damaged in the padding" if is_good else "found changed"] += 1
    found = {"files": number, "slowest_seconds": round(slowest, 2), "by_kind": dict(counts)}
    print(f"  {found}", flush=True)
    return found


def hostile() -> dict[str, Any]:
    """Files made to keep a reader busy."""
    makers: dict[str, Callable[[], bytes]] = {
        "bomb": bomb,
        "nested": lambda: b"%PDF-1.7\n1 0 obj\n" + b"[" * 20_000_000 + b"\nendobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF",
        "many objects": lambda: _many(350_000), "nothing": lambda: b"%PDF-1.7\n" + bytes(24_900_000),
        "end marks": lambda: b"%PDF-1.7\n" + b"%%EOF\n" * 4_100_000, "a letter and blanks": lambda: twice() + b"\n" * 24_000_000,
    }  # fmt: skip
    found = {}
    for name, make in makers.items():
        pdf, began, word = make(), time.monotonic(), "read"
        try:
            examined(pdf, trust=[authority().pem.decode()], at=SIGNED)
        except FileUnread as refusal:
            word = refusal.word
        took, held = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        found[name] = {"word": word, "seconds": round(took, 1), "largest_so_far_mb": held}
        print(f"  {name}: {found[name]}", flush=True)
        assert took < LONGEST
        assert held < LARGEST
    return found


def _many(number: int) -> bytes:
    out, places = io.BytesIO(), []
    out.write(b"%PDF-1.7\n")
    for each in range(1, number + 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n<</A %d 0 R/B[1 2 3]>>\nendobj\n" % (each, each % number + 1))
    begins = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (number + 1) + b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n" % (number + 1, begins) + b"%%EOF")
    return out.getvalue()


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield "damaged letters", partial(damaged, options.seed, options.runs)
    yield "hostile files", hostile


RUN = Run("signatures", "sealed letters damaged at random, none found good; hostile files end", 3000, rounds)
