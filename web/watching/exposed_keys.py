"""Finds key files that other accounts of this machine can read: with them, anybody can open every identity or sign for the installation."""

import stat
from collections.abc import Iterable
from pathlib import Path


def exposed_keys(folder: Path, *others: Path) -> tuple[str, ...]:
    """The names of world-readable files in the key folder and among the others; empty where their folder is closed to others."""
    inside: Iterable[Path] = sorted(folder.iterdir()) if folder.is_dir() else ()
    return tuple(path.name for path in dict.fromkeys([*inside, *others]) if _is_open_to_all(path))


def _is_open_to_all(path: Path) -> bool:
    try:
        file, folder = path.stat(), path.parent.stat()
    except OSError:
        return False
    return stat.S_ISREG(file.st_mode) and bool(file.st_mode & stat.S_IROTH) and bool(folder.st_mode & stat.S_IXOTH)
