"""The file of what was erased: one line of JSON each with refs only, and a last line with the SHA-256 of the lines before.

It is kept apart from the backups and outlives them: after restoring an older backup, it is applied again (docs/personal-data.md).
"""

import hashlib
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import orjson

from casework.errors import CaseworkError
from casework.upkeep.erasure_log import KINDS, ErasureEntry

FORMAT = 1


class ListDamaged(CaseworkError):
    """The file is damaged; nothing of it is applied."""

    def __init__(self) -> None:
        super().__init__("Tệp danh sách bị hỏng hoặc bị cắt; không thực hiện gì.", "The list is damaged or cut short; nothing was done.")


def write_forgotten(path: Path, lines: Iterable[ErasureEntry], *, now: datetime) -> int:
    """Replace the file with this list, whole or not at all; returns the number of lines."""
    staged, digest, number = path.with_name(f".{path.name}.part"), hashlib.sha256(), 0
    with open(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:

        def put(value: object) -> None:
            line = orjson.dumps(value) + b"\n"
            digest.update(line)
            file.write(line)

        put({"format": FORMAT, "made_at": now.isoformat()})
        for line in lines:
            put([line.kind, line.subject, line.at.isoformat()])
            number += 1
        file.write(orjson.dumps({"lines": number, "digest": digest.hexdigest()}) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)
    return number


def read_forgotten(path: Path) -> list[ErasureEntry]:
    """Read the lines of a file. Raises ListDamaged."""
    try:
        *body, end = path.read_bytes().splitlines(keepends=True)
        told = orjson.loads(end)
        if told["digest"] != hashlib.sha256(b"".join(body)).hexdigest() or orjson.loads(body[0])["format"] != FORMAT:
            raise ListDamaged
        lines = [ErasureEntry(kind, subject, datetime.fromisoformat(at)) for kind, subject, at in map(orjson.loads, body[1:])]
    except (ValueError, KeyError, TypeError, IndexError):
        raise ListDamaged from None
    if any(line.kind not in KINDS for line in lines):
        raise ListDamaged
    return lines
