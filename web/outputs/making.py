"""The job of the worker that makes what was ordered, one after the other: leased, made outside of any write transaction, sealed away.

What makes a kind registers itself in MAKERS; `web.jobs.output_makers` brings all that do. A maker reads as long as it likes in the
session it
finds, for its progress is told in sessions of their own.
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
"""Orders a round of the job makes: its next round comes soon."""
TOLD_EVERY = 1.0
"""Seconds between two tellings of progress: each is a write, and nobody looks more often."""
LEFT_BEHIND = timedelta(hours=6)
"""How old a folder is that a killed worker left."""
FOLDER = "making"


class OutputDropped(Exception):
    """Nobody waits for it any more, or another worker has it: what was made so far is thrown away."""


@dataclass(frozen=True, slots=True)
class Made:
    """What came out: bytes or a file in the folder of its progress, the name people download it by, and what it is."""

    content: bytes | Path
    name: str
    media_type: str


class Progress:
    """For whom something is made and when, where files may lie meanwhile, and how far it has come.

    This one tells `say`, if anybody; the worker's writes into the order. `beside` is what else its events are to say.
    """

    def __init__(
        self, *, by: Actor, now: datetime, folder: Path, say: Callable[[int, int | None], None] | None = None,
        beside: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.by, self.now, self.folder, self.beside = by, now, folder, beside or {}
        self._say = say

    def tell(self, done: int, total: int | None = None) -> None:
        """Say that `done` rows or pages of `total` are made. Raises OutputDropped where nobody waits for it any more."""
        if self._say is not None:
            self._say(done, total)

    @property
    def is_dropped(self) -> bool:
        """Whether nobody waits for it any more."""
        return False


class WorkerProgress(Progress):
    """The progress of an order a worker has leased: telling it holds the lease, in a short transaction of a session of its own."""

    def __init__(self, taken: Taken, *, by: Actor, clock: Clock, folder: Path) -> None:
        super().__init__(by=by, now=clock(), folder=folder)
        self.taken, self._clock = taken, clock
        self._told = monotonic() - TOLD_EVERY

    def tell(self, done: int, total: int | None = None) -> None:
        """Say that `done` rows or pages of `total` are made. Raises OutputDropped where nobody waits for it any more."""
        if monotonic() - self._told < TOLD_EVERY and done != total:
            return
        with _session_of_its_own(), unit_of_work():
            taken = tell_of_output(self.taken, done=done, total=total, now=self._clock())
        if taken is None:
            raise OutputDropped
        self.taken, self._told = taken, monotonic()

    @property
    def is_dropped(self) -> bool:
        """Whether nobody waits for it any more."""
        with _session_of_its_own():
            return not is_held(self.taken)


Maker = Callable[[Output, Progress], Made]
"""`(output, progress) -> made`: reads what it needs as `progress.by` may see it, tells its progress at least every some minutes. A
CaseworkError it raises is shown and not tried again; everything else is tried again later."""

MAKERS: dict[str, Maker] = {}
"""By the kind of an output."""


def maker_of(kind: str) -> Maker:
    """What makes a kind of output. Raises LookupError where nothing does: a program that did not import `web.jobs.output_makers`."""
    if kind not in MAKERS:
        raise LookupError(f"nothing here makes {kind!r}; web.jobs.output_makers brings everything that makes something")
    return MAKERS[kind]


def make_outputs(app: Flask, store: FileStore, *, now: datetime, clock: Clock | None = None) -> int:
    """Let go of files whose time is over and make what was ordered, the oldest first; returns how many were taken up.

    `clock` says what time it is as the round goes on; without it the time that has really passed is added to `now`.
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
    """Make one order and keep what came out, or why nothing did. Raises nothing: others wait behind it."""
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
    except Exception as error:  # whatever a maker, the database or the storage says: nobody's order may stop the others'
        LOGGER.error("output not made", extra={"output": taken.output_id, **failure_facts(error)})
        name = type(error).__name__
        is_failed = _fail(taken, Bilingual(f"Lỗi kỹ thuật ({name}).", f"A technical fault ({name})."), clock, again=True)
        # only where it is certain that no row names it: the answer to a commit can be lost, and what is left over the sweep finds
        if stored is not None and is_failed:
            store.delete(stored.stored_name)


_READ = (joinedload(Output.centre), joinedload(Output.agency), joinedload(Output.asked_by),
         joinedload(Output.schedule).joinedload(ReportSchedule.made_by))  # fmt: skip


def _stored(store: FileStore, made: Made) -> StoredFile:
    """Sealed in the file store: lists tell as much as the database does."""
    if isinstance(made.content, bytes):
        return store.put(new_stored_name(), made.content, sealed=True)
    with made.content.open("rb") as file:
        return store.put(new_stored_name(), file, sealed=True)


def _fail(taken: Taken, words: Bilingual, clock: Clock, *, again: bool) -> bool:
    """Write down why it was not made. False where the order was not this worker's any more, or is ready, or nobody knows."""
    db.session.rollback()
    try:
        with unit_of_work():
            return fail_output(taken, words, now=clock(), again=again)
    except Exception as error:  # the lease runs out, and it is tried again
        LOGGER.error("output not marked as failed", extra={"output": taken.output_id, **failure_facts(error)})
        return False


@contextmanager
def _session_of_its_own() -> Iterator[None]:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the thread's own context holds the maker's session
    with app.app_context():
        yield


@contextmanager
def working_folder(data: Path) -> Iterator[Path]:
    """A folder for files that are not sealed yet, readable by this account alone and gone afterwards."""
    above = data / FOLDER
    above.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=above, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def forget_left_folders(data: Path) -> None:
    """Delete what killed workers left."""
    above = data / FOLDER
    for folder in above.iterdir() if above.is_dir() else ():
        if time() - folder.stat().st_mtime > LEFT_BEHIND.total_seconds():
            shutil.rmtree(folder, ignore_errors=True)
