"""Deleting the files that an erasure or a correction has marked."""

from collections.abc import Collection
from datetime import datetime, timedelta
from secrets import SystemRandom

from sqlalchemy import select, update

from casework.db import db, unit_of_work
from casework.files.local import FileStore
from casework.models import File

FILES_ERASED_WITHIN = timedelta(days=2)
"""How long after its mark a file is still looked for, to be deleted: two sweeps may be missed, a third would be an incident."""

MOST_FAILURES = 5
"""Failed deletions in a row after which a run ends."""
NOTED_TOGETHER = 100


def remove_erased_files(store: FileStore, *, now: datetime) -> int:
    """Delete the files that quarantine or a correction marked as erased, and return how many still existed.

    A job: repeating it does no harm, and the next run finishes what a crash cut short. Files known to be gone are not looked for again. A
    file that cannot be removed does not hold up the others; MOST_FAILURES in a row mean that the storage is unreachable. Raises the first
    failure at the end: the run has failed.
    """
    recently = File.erased_at > now - FILES_ERASED_WITHIN
    waiting = select(File.id, File.stored_name).where(File.erased_at.is_not(None), recently, File.removed_at.is_(None))
    left = [(row.id, row.stored_name) for row in db.session.execute(waiting)]
    db.session.rollback()
    # failing files must not come first each time
    SystemRandom().shuffle(left)
    gone, removed, failures, fault = list[int](), 0, 0, None
    for file_id, name in left:
        try:
            if store.exists(name):
                store.delete(name)
                removed += 1
        except Exception as error:
            fault, failures = fault or error, failures + 1
            if failures >= MOST_FAILURES:
                break
            continue
        failures = 0
        gone.append(file_id)
        if len(gone) >= NOTED_TOGETHER:
            _note_removed(gone, now)
            gone = []
    _note_removed(gone, now)
    if fault is not None:
        raise fault
    return removed


def _note_removed(file_ids: Collection[int], now: datetime) -> None:
    if file_ids:
        with unit_of_work():
            removed = update(File).where(File.id.in_(file_ids)).values(removed_at=now)
            db.session.execute(removed, execution_options={"synchronize_session": False})
