"""Files of keys that other accounts of this machine can read: whoever has them opens every identity, or signs as the house."""

import stat
from collections.abc import Iterable
from pathlib import Path


def exposed_keys(folder: Path, *others: Path) -> tuple[str, ...]:
    """The names of files in the folder of keys, and of the others, that everybody may read; none where their folder lets nobody in."""
    inside: Iterable[Path] = sorted(folder.iterdir()) if folder.is_dir() else ()
    return tuple(path.name for path in dict.fromkeys([*inside, *others]) if _is_open_to_all(path))


def _is_open_to_all(path: Path) -> bool:
    try:
        file, folder = path.stat(), path.parent.stat()
    except OSError:
        return False
    return stat.S_ISREG(file.st_mode) and bool(file.st_mode & stat.S_IROTH) and bool(folder.st_mode & stat.S_IXOTH)
