"""The revocation lists in the folder of trusted authorities, reloaded when their files change."""

from pathlib import Path

from flask import current_app

from casework.models import LetterFile
from reports.signing.found import SignatureFound, found_again
from reports.signing.revoking import NOTHING_KNOWN, ListUnread, Revocations, read_lists
from web.clock import now
from web.request_log import LOGGER

LISTS = ".crl"
Stamp = tuple[tuple[str, int, int], ...]

_kept: dict[Path, tuple[Stamp, Revocations]] = {}


def lists_in(folder: Path, authorities: tuple[str, ...]) -> Revocations:
    """Read the lists of a folder. Raises ListUnread, which names the file."""
    held = []
    for path in _files(folder):
        try:
            data = path.read_bytes()
            read_lists([data], authorities)
        except OSError as error:
            raise ListUnread(f"{str(path)!r} cannot be read ({error.strerror})") from None
        except ListUnread as fault:
            raise ListUnread(f"{str(path)!r}: {fault}") from None
        held.append(data)
    return read_lists(held, authorities)


def revocations() -> Revocations:
    """The current lists. While a newer file cannot be read, the previous lists stay in force."""
    folder: Path | None = current_app.config["TRUST"]
    if folder is None:
        return NOTHING_KNOWN
    stamp = _stamp(folder)
    before = _kept.get(folder)
    if before is not None and before[0] == stamp:
        return before[1]
    try:
        found = lists_in(folder, current_app.extensions["trust"])
    except ListUnread:
        LOGGER.error("revocation list not read", extra={"folder": folder.name})
        found = before[1] if before is not None else NOTHING_KNOWN
    _kept[folder] = (stamp, found)
    return found


def signatures_today(file: LetterFile | None) -> list[SignatureFound]:
    """The signatures of a stored file as found when it was stored, judged by today's lists. That it was stored then proves it
    existed then."""
    known, moment = revocations(), now()
    return [found_again(each).as_of(moment, known, had_since=file.made_at) for each in file.signatures] if file is not None else []


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(each for each in folder.iterdir() if each.suffix.lower() == LISTS)
    except OSError:
        return []


def _stamp(folder: Path) -> Stamp:
    found = []
    for path in _files(folder):
        try:
            told = path.stat()
        except OSError:
            continue
        found.append((path.name, told.st_mtime_ns, told.st_size))
    return tuple(found)
