"""The worker's job that makes ordered outputs one after the other: leased, made outside any write transaction, stored sealed.

Modules register their makers in MAKERS; `web.jobs.output_makers` imports them all. A maker may read for as long as it likes in the present
session, because its progress is written in sessions of its own.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, time

from flask import Flask, current_app
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.files.local import FileNotStored, FileStore, StorageUnreachable, StoredFile, new_stored_name
from casework.models import Output, ReportSchedule
from casework.outputs import (
    Taken,
    actor_of,
    erase_expired,
    fail_output,
    finish_output,
    has_expired,
    has_output_to_make,
    is_held,
    take_output,
    tell_of_output,
)
from casework.permissions import Actor
from web.request_log import LOGGER, failure_facts
from workflows.clock import Clock, clock_from

AT_ONCE = 10
"""Orders per run of the job; its next run comes soon."""
TOLD_EVERY = 1.0
"""Seconds between two progress updates: each is a write, and nobody looks more often."""
LEFT_BEHIND = timedelta(hours=6)
"""The age at which a folder must have been left by a killed worker."""
FOLDER = "making"


class OutputDropped(Exception):
    """The order was cancelled or is leased by another worker: the result so far is discarded."""


@dataclass(frozen=True, slots=True)
class Made:
    """The result: bytes or a file in the progress's folder, the file name for downloads, and the media type."""

    content: bytes | Path
    name: str
    media_type: str


class Progress:
    """The person and time of an order, a folder for temporary files, and how far it is.

    This class calls `say`; the worker's writes to the order. `event_facts` holds further facts for its events.
    """

    def __init__(
        self, *, by: Actor, now: datetime, folder: Path, say: Callable[[int, int | None], None] | None = None,
        event_facts: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.by, self.now, self.folder, self.event_facts = by, now, folder, event_facts or {}
        self._say = say

    def tell(self, done: int, total: int | None = None) -> None:
        """Report that `done` rows or pages of `total` are made. Raises OutputDropped where nobody is waiting any more."""
        if self._say is not None:
            self._say(done, total)

    @property
    def is_dropped(self) -> bool:
        """Whether nobody is waiting any more."""
        return False


class WorkerProgress(Progress):
    """The progress of an order leased by a worker: each update renews the lease, in a short transaction of its own session."""

    def __init__(self, taken: Taken, *, by: Actor, clock: Clock, folder: Path) -> None:
        super().__init__(by=by, now=clock(), folder=folder)
        self.taken, self._clock = taken, clock
        self._told = monotonic() - TOLD_EVERY

    def tell(self, done: int, total: int | None = None) -> None:
        if monotonic() - self._told < TOLD_EVERY and done != total:
            return
        with _session_of_its_own(), unit_of_work():
            taken = tell_of_output(self.taken, done=done, total=total, now=self._clock())
        if taken is None:
            raise OutputDropped
        self.taken, self._told = taken, monotonic()

    @property
    def is_dropped(self) -> bool:
        with _session_of_its_own():
            return not is_held(self.taken)


Maker = Callable[[Output, Progress], Made]
"""`(output, progress) -> made`: reads as `progress.by` may see and reports progress at least every few minutes. A CaseworkError is shown
and final; any other exception is tried again later."""

MAKERS: dict[str, Maker] = {}
"""By kind of output."""


def maker_of(kind: str) -> Maker:
    """The maker of a kind of output. Raises LookupError where none is registered, because `web.jobs.output_makers` was not imported."""
    if kind not in MAKERS:
        raise LookupError(f"nothing here makes {kind!r}; web.jobs.output_makers brings everything that makes something")
    return MAKERS[kind]


def make_outputs(app: Flask, store: FileStore, *, now: datetime, clock: Clock | None = None) -> int:
    """Delete expired files and make what was ordered, oldest first; returns how many were taken up.

    `clock` gives the time as the run proceeds; without it, elapsed time is added to `now`.
    """
    clock = clock or clock_from(now)
    if has_expired(now):
        with unit_of_work():
            erase_expired(now)
    forget_left_folders(app.config["DATA"])
    for number in range(AT_ONCE):
        db.session.rollback()
        if not has_output_to_make(clock()):
            db.session.rollback()
            return number
        with unit_of_work():
            taken = take_output(clock())
        if taken is None:
            return number
        _make(taken, store, clock, app.config["DATA"])
    return AT_ONCE


def _make(taken: Taken, store: FileStore, clock: Clock, data: Path) -> None:
    """Make one order and store the result or the reason for failing. Never raises, because other orders wait behind it."""
    stored: StoredFile | None = None
    try:
        with working_folder(data) as folder:
            output = db.session.get_one(Output, taken.output_id, options=_READ)
            by = actor_of(output, now=clock())
            progress = WorkerProgress(taken, by=by, clock=clock, folder=folder)
            try:
                made = maker_of(output.kind)(output, progress)
                db.session.rollback()
                stored = _stored(store, made)
            finally:
                taken = progress.taken
        db.session.rollback()
        with unit_of_work():
            is_kept = finish_output(taken, stored, name=made.name, media_type=made.media_type, by=by, now=clock())
        if not is_kept:
            store.delete(stored.stored_name)
    except OutputDropped:
        db.session.rollback()
    except CaseworkError as refusal:
        _fail(taken, refusal.text, clock, again=isinstance(refusal, FileNotStored | StorageUnreachable))
    except Exception as error:  # whatever a maker, the database or the storage raises: one order may not stop the others
        LOGGER.error("output not made", extra={"output": taken.output_id, **failure_facts(error)})
        name = type(error).__name__
        is_failed = _fail(taken, Bilingual(f"Lỗi kỹ thuật ({name}).", f"A technical fault ({name})."), clock, again=True)
        # only where certainly no row names it: a commit's answer can be lost, and the sweep finds what is left
        if stored is not None and is_failed:
            store.delete(stored.stored_name)


_READ = (joinedload(Output.centre), joinedload(Output.agency), joinedload(Output.asked_by),
         joinedload(Output.schedule).joinedload(ReportSchedule.made_by))  # fmt: skip


def _stored(store: FileStore, made: Made) -> StoredFile:
    """Sealed in the file store, because lists reveal as much as the database."""
    if isinstance(made.content, bytes):
        return store.put(new_stored_name(), made.content, sealed=True)
    with made.content.open("rb") as file:
        return store.put(new_stored_name(), file, sealed=True)


def _fail(taken: Taken, words: Bilingual, clock: Clock, *, again: bool) -> bool:
    """Record why it was not made. False where the order is no longer this worker's, is ready, or that is unknown."""
    db.session.rollback()
    try:
        with unit_of_work():
            return fail_output(taken, words, now=clock(), again=again)
    except Exception as error:  # the lease expires, and it is tried again
        LOGGER.error("output not marked as failed", extra={"output": taken.output_id, **failure_facts(error)})
        return False


@contextmanager
def _session_of_its_own() -> Iterator[None]:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the thread's own context holds the maker's session
    with app.app_context():
        yield


@contextmanager
def working_folder(data: Path) -> Iterator[Path]:
    """A folder for unsealed files, readable by this account only and removed afterwards."""
    above = data / FOLDER
    above.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=above, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def forget_left_folders(data: Path) -> None:
    """Delete folders left by killed workers."""
    above = data / FOLDER
    for folder in above.iterdir() if above.is_dir() else ():
        if time() - folder.stat().st_mtime > LEFT_BEHIND.total_seconds():
            shutil.rmtree(folder, ignore_errors=True)
