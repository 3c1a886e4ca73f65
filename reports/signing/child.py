"""A child process started by `reading.py`: a PDF on standard input, its signatures as a line of JSON on standard output.

It opens nothing and its time and memory are limited, because a crafted file can keep a reader busy for hours or fill a server's memory
(streams that expand a thousandfold, tables that point to themselves). The first line of standard input is JSON: the roots, the instant, and
the number of bytes that were issued.
"""

import asyncio
import codecs
import json
import os
import pkgutil
import resource
import sys
from contextlib import suppress
from datetime import datetime
from importlib import import_module
from typing import Any, NoReturn

from reports.signing.examining import examine, roots_of

PACKAGES = (
    "asn1crypto", "cryptography.hazmat.backends", "cryptography.hazmat.backends.openssl", "cryptography.hazmat.primitives",
    "cryptography.hazmat.primitives.asymmetric", "cryptography.hazmat.primitives.ciphers", "pyhanko.pdf_utils", "pyhanko.pdf_utils.crypt",
    "pyhanko.pdf_utils.metadata", "pyhanko.sign", "pyhanko.sign.diff_analysis", "pyhanko.sign.diff_analysis.rules",
    "pyhanko.sign.timestamps", "pyhanko.sign.validation", "pyhanko_certvalidator", "pyhanko_certvalidator.ltv",
    "pyhanko_certvalidator.revinfo",
)  # fmt: skip
CODECS = ("ascii", "latin-1", "utf-8", "utf-16", "utf-16-be", "utf-16-le", "idna", "punycode", "hex")
"""Encodings of texts in PDFs and certificates."""


def main(seconds: str, memory: str) -> NoReturn:
    """Examine standard input."""
    _warm()
    loop = asyncio.new_event_loop()
    _shut_in(int(seconds), int(memory))
    try:
        asked = json.loads(sys.stdin.buffer.readline())
        told = examine(
            sys.stdin.buffer.read(), roots=roots_of(asked["roots"]), at=datetime.fromisoformat(asked["at"]),
            first_bytes=asked["first_bytes"], run=loop.run_until_complete,
        )  # fmt: skip
    except MemoryError:
        told = {"problem": "too_large"}
    except Exception as fault:  # whatever a forged file causes: the parent process says that it cannot be read
        told = {"problem": "unreadable", "fault": type(fault).__name__}
    _say(told)
    os._exit(0)


def _warm() -> None:
    """Import everything that would be imported later, when nothing can be opened any more."""
    for name in PACKAGES:
        for each in pkgutil.iter_modules(import_module(name).__path__, f"{name}."):
            # some need libraries for fonts, pictures or tokens, which reading does not use
            with suppress(ImportError):
                import_module(each.name)
    for name in CODECS:
        codecs.lookup(name)


def _shut_in(seconds: int, memory: int) -> None:
    """Limit the process to what it already holds: no files, connections or processes, and limited processor time and memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        held = int(file.read().split()[0]) * resource.getpagesize()
    used = resource.getrusage(resource.RUSAGE_SELF)
    for limit, most in (
        (resource.RLIMIT_AS, held + memory),
        (resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + 1 + seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(limit, (most, most))


def _say(told: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n")
    sys.stdout.buffer.flush()
