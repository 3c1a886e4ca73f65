"""An answer of Zalo with new tokens, kept as a sealed file until the database has them: whoever is killed in between loses nothing.

The file `zalo-renewal-<oa>-<generation>` lies in the data folder. It is written whole under another name, flushed and renamed.
"""

import os
import re
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from casework.sealing.seal import open_json, seal_json
from casework.zalo.tokens import Tokens

PREFIX = "zalo-renewal"
DRAFT = ".draft"
NAME = re.compile("zalo-renewal-([0-9]{1,24})-([0-9]{1,12})")


def keep_answer(folder: Path, oa_id: str, generation: int, tokens: Tokens, *, given_at: datetime) -> None:
    """Write the pair of a generation to disk; returns once it is there for good. Raises OSError."""
    path = _path(folder, oa_id, generation)
    told = {"access": tokens.access, "refresh": tokens.refresh, "seconds": tokens.lasts.total_seconds(), "at": given_at.isoformat()}
    draft = path.with_name(path.name + DRAFT)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(seal_json(told, purpose=_purpose(oa_id, generation)))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    _flush(folder)


def kept_answers(folder: Path, oa_id: str) -> list[int]:
    """The generations of which an answer is kept, oldest first."""
    found = (NAME.fullmatch(path.name) for path in folder.glob(f"{PREFIX}-*"))
    return sorted(int(match[2]) for match in found if match is not None and match[1] == oa_id)


def open_answer(folder: Path, oa_id: str, generation: int) -> tuple[Tokens, datetime] | None:
    """The pair and when it was given; None where another process has put it in the database meanwhile. Raises SealBroken, KeyMissing."""
    try:
        sealed = _path(folder, oa_id, generation).read_bytes()
    except FileNotFoundError:
        return None
    told = open_json(sealed, purpose=_purpose(oa_id, generation))
    return Tokens(told["access"], told["refresh"], timedelta(seconds=told["seconds"])), datetime.fromisoformat(told["at"])


def forget_answer(folder: Path, oa_id: str, generation: int) -> None:
    with suppress(FileNotFoundError):
        _path(folder, oa_id, generation).unlink()
        _flush(folder)


def _path(folder: Path, oa_id: str, generation: int) -> Path:
    return folder / f"{PREFIX}-{oa_id}-{generation}"


def _purpose(oa_id: str, generation: int) -> str:
    return f"renewed tokens {generation} of Zalo account {oa_id}"


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
