"""Reads the signatures in a file somebody sends, in a child process with limited time and memory (child.py)."""

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from casework.bilingual import Bilingual
from casework.errors import CaseworkError
from reports.signing.found import SignatureFound, found_again

MOST_BYTES = 25_000_000
SECONDS = 6
"""Processor time for one file; a letter takes a tenth of a second."""
WAITED = 30
"""Seconds after which it is ended, however little it computes."""
MEMORY = 384 * 2**20
"""Bytes in addition to what the process holds when it begins: several times the largest file."""
BUSY_AFTER = 2
"""Seconds a file waits for its turn. Each waiting upload holds a server thread, and thirty at once would hold them all."""
AT_ONCE = 2
"""Files one server process reads at the same time; each may take all its memory and a processor."""

ROOT = Path(__file__).parent.parent.parent
PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from reports.signing.child import main; main(*sys.argv[2:])"
PDF_MARK = b"%PDF-"
MARK_WITHIN = 1024
"""Bytes at the beginning in which readers look for the mark."""
END_MARK = b"startxref"
END_WITHIN = 65_536
"""Bytes at the end in which a file names its table; searching further would keep a reader busy."""

WORDS: dict[str, Bilingual] = {
    "not_pdf": Bilingual("Tệp này không phải tệp PDF.", "This file is not a PDF."),
    "too_big": Bilingual("Tệp quá lớn (tối đa 25 MB).", "The file is too large (25 MB at most)."),
    "encrypted": Bilingual(
        "Tệp PDF này có mật khẩu, nên không đọc được chữ ký.", "This PDF has a password, so its signatures cannot be read."
    ),
    "too_many": Bilingual("Tệp có quá nhiều chữ ký để kiểm tra.", "The file has too many signatures to be checked."),
    "too_large": Bilingual("Tệp cần quá nhiều bộ nhớ để đọc.", "The file needs too much memory to be read."),
    "too_slow": Bilingual("Tệp cần quá nhiều thời gian để đọc.", "The file takes too long to be read."),
    "unreadable": Bilingual("Tệp PDF bị hỏng, không đọc được.", "The PDF is damaged and cannot be read."),
    "busy": Bilingual(
        "Đang kiểm tra nhiều tệp khác. Vui lòng thử lại sau ít phút.", "Other files are being checked. Please try again in some minutes."
    ),
}
_places = threading.BoundedSemaphore(AT_ONCE)


class FileUnread(CaseworkError):
    """The signatures of a file could not be read; `word` says why, by WORDS."""

    def __init__(self, word: str) -> None:
        super().__init__(*WORDS[word])
        self.word = word


@dataclass(frozen=True, slots=True)
class Examined:
    """The result for a file. `only_signed`: only signatures came after the bytes that were asked about."""

    signatures: list[SignatureFound]
    pages: int
    only_signed: bool = False


def signatures_of(pdf: bytes, *, trust: Sequence[str], at: datetime) -> list[SignatureFound]:
    """Every signature in a PDF. `trust` are the PEM texts of the roots we trust, `at` is now. Raises FileUnread."""
    return examined(pdf, trust=trust, at=at).signatures


def examined(
    pdf: bytes, *, trust: Sequence[str], at: datetime, first_bytes: int | None = None, seconds: int = SECONDS, memory: int = MEMORY
) -> Examined:
    """Examine a PDF in a child process. With `first_bytes`, also what came after that many. Raises FileUnread."""
    if len(pdf) > MOST_BYTES:
        raise FileUnread("too_big")
    if PDF_MARK not in pdf[:MARK_WITHIN]:
        raise FileUnread("not_pdf")
    if END_MARK not in pdf[-END_WITHIN:]:
        raise FileUnread("unreadable")
    if not _places.acquire(timeout=BUSY_AFTER):
        raise FileUnread("busy")
    try:
        told = _in_child(pdf, {"roots": list(trust), "at": at.isoformat(), "first_bytes": first_bytes}, seconds, memory)
    finally:
        _places.release()
    if "problem" in told:
        raise FileUnread(told["problem"])
    return Examined([found_again(each) for each in told["signatures"]], told["pages"], told.get("only_signed", False))


def _in_child(pdf: bytes, asked: dict[str, Any], seconds: int, memory: int) -> dict[str, Any]:
    command = [sys.executable, "-B", "-s", "-c", PROGRAM, str(ROOT), str(seconds), str(memory)]
    try:
        done = subprocess.run(
            command, input=json.dumps(asked).encode() + b"\n" + pdf, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=WAITED,
            cwd="/", env={"MALLOC_ARENA_MAX": "1"}, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"problem": "too_slow"}
    if done.returncode != 0:
        # ended by a signal: the time limit, or an allocation a library did not check
        return {"problem": "too_slow" if done.returncode in (-24, -9) else "too_large"}
    told: dict[str, Any] = json.loads(done.stdout)
    return told
