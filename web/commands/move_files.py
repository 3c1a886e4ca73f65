"""`langbiang move-files`: copies the files of one machine's folder to a bucket that several machines share."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from casework.errors import CaseworkError
from casework.files.local import PIECE, FileStore, LocalFileStore
from casework.verification.anchors import share_anchors
from web.config import Config
from web.files.storage import open_file_store, shelf_of
from web.startup_checks import StartRefused


class FileDiffers(CaseworkError):
    """The bucket returned something else than the folder holds."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Tệp {name} trong kho chung khác với tệp trong thư mục. Hãy xóa tệp trong kho rồi chạy lại lệnh.",
            f"The file {name} in the bucket differs from the one in the folder. Delete the one in the bucket and run this again.",
        )


@dataclass
class MoveResult:
    """How many files were copied now, and how many were there before."""

    now: int = 0
    before: int = 0


def move_files(config: Config, *, told: Callable[[int, int], None] = lambda done, total: None) -> MoveResult:
    """Copy every file of the data folder to the bucket as it is, sealed or not, and read each back before the next.

    It may be interrupted and started again; files already there are compared and left. The folder is not changed. Raises StartRefused
    without a bucket, FileNotStored, StorageUnreachable, FileDiffers.
    """
    there, here = open_file_store(config), LocalFileStore(config.files)
    shelf = shelf_of(there)
    if shelf is None:
        raise StartRefused("There is no bucket to move files to: set LANGBIANG_S3_URL and the other settings of it.")
    names, moved = list(here.list_names()), MoveResult()
    for number, name in enumerate(names, start=1):
        if there.exists(name):
            moved.before += 1
        else:
            with here.open(name) as opened:
                there.put(name, opened)
            moved.now += 1
        if _digest(here, name) != _digest(there, name):
            raise FileDiffers(name)
        told(number, len(names))
    share_anchors(config.data, shelf)
    return moved


def _digest(store: FileStore, name: str) -> str:
    digest = hashlib.sha256()
    with store.open(name) as opened:
        while piece := opened.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()
