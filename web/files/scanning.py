"""Has uploaded files scanned by ClamAV before they are kept, where LANGBIANG_CLAMAV names a daemon.

The protocol is INSTREAM: pieces preceded by their length, an empty one at the end, one line as the answer. Infected files are refused by
name. Where the daemon does not answer in time the file is refused for the moment as well, and the form keeps what was typed: an unscanned
file may not be among evidence that officers open. LANGBIANG_CLAMAV_DOWN=accept takes it nevertheless and logs that: originals are sealed
and opened by few, and what others see was decoded and encoded again.
"""

import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from re import compile as pattern

from flask import current_app

from casework.errors import CaseworkError
from web.request_log import LOGGER

PIECE = 1 << 16
SECONDS = 20.0
"""The most seconds a scan may take, however slowly the daemon answers."""
LONGEST_ANSWER = 1_000
FOUND = pattern(r"stream: (.{1,200}) FOUND")
CLEAN = "stream: OK"
ACCEPT, REFUSE = "accept", "refuse"


class ScanRefused(CaseworkError):
    """A file is not kept because something was found in it, or because it could not be scanned, which passes."""

    def __init__(self, vi: str, en: str, *, passes: bool = False) -> None:
        super().__init__(vi, en)
        self.passes = passes


class ScannerAway(Exception):
    """The daemon did not scan the file; the text is short and for the log."""


@dataclass(frozen=True)
class Scanner:
    """A clamd at a path, or at a host and port."""

    path: str = ""
    host: str = ""
    port: int = 0

    @classmethod
    def read(cls, address: str) -> "Scanner":
        """Parse an address that web.config has validated."""
        if address.startswith("unix:"):
            return cls(path=address.removeprefix("unix:"))
        host, _, port = address.rpartition(":")
        return cls(host=host.strip("[]"), port=int(port))

    def finds(self, data: bytes) -> str | None:
        """The daemon's name for what it found in the data; None for nothing. Raises ScannerAway."""
        end = time.monotonic() + SECONDS
        try:
            with self._line() as line:
                for piece in _framed(data):
                    line.settimeout(_left(end))
                    line.sendall(piece)
                answer = _answer(line, end)
        except OSError as error:
            raise ScannerAway(type(error).__name__) from error
        if answer == CLEAN:
            return None
        found = FOUND.fullmatch(answer)
        if found is None:
            # too large for the daemon, or a fault of its own
            raise ScannerAway("no verdict")
        return found[1]

    def _line(self) -> socket.socket:
        if not self.path:
            return socket.create_connection((self.host, self.port), timeout=SECONDS)
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(SECONDS)
        try:
            line.connect(self.path)
        except OSError:
            line.close()
            raise
        return line


def refuse_infected(data: bytes, name: str) -> None:
    """Scan a file if this installation has a daemon. Raises ScanRefused with the file's name."""
    scanner: Scanner | None = current_app.extensions["scanner"]
    if scanner is None or not data:
        return
    shown = "".join(sign for sign in name if sign.isprintable())[-80:] or "?"
    try:
        found = scanner.finds(data)
    except ScannerAway as away:
        LOGGER.warning("a file was not scanned", extra={"reason": str(away), "taken": current_app.config["CLAMAV_DOWN"] == ACCEPT})
        if current_app.config["CLAMAV_DOWN"] == ACCEPT:
            return
        raise ScanRefused(
            f"Tệp “{shown}” chưa nhận được vì hiện không kiểm tra được mã độc. Ông/Bà vui lòng gửi lại sau ít phút, "
            "hoặc gửi không kèm tệp.",
            f"The file “{shown}” could not be taken because files cannot be checked at the moment. Please send it again in some minutes, "
            "or send without it.",
            passes=True,
        ) from None
    if found is not None:
        LOGGER.warning("a file was refused by the scanner", extra={"found": found})
        raise ScanRefused(
            f"Tệp “{shown}” không nhận được: phát hiện mã độc ({found}). Ông/Bà vui lòng kiểm tra thiết bị của mình.",
            f"The file “{shown}” is not taken: malware was found in it ({found}). Please check your device.",
        )


def _framed(data: bytes) -> Iterator[bytes]:
    yield b"zINSTREAM\0"
    for start in range(0, len(data), PIECE):
        piece = data[start : start + PIECE]
        yield struct.pack(">I", len(piece)) + piece
    yield struct.pack(">I", 0)


def _answer(line: socket.socket, end: float) -> str:
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < LONGEST_ANSWER:
        line.settimeout(_left(end))
        piece = line.recv(LONGEST_ANSWER)
        if not piece:
            break
        answer += piece
    return answer.rstrip(b"\0\n").decode("utf-8", "replace")


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
