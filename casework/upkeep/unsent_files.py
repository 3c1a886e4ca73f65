"""Cleaning up unsent forms: drafts go after a while, photos and recordings not in a draft sooner, first the rows, then the files."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import InstrumentedAttribute

from casework.db import db, unit_of_work
from casework.files.local import FileStore, sweep
from casework.files.under_maps import named_ground_files
from casework.models import DraftPhotos, File, Photo, Recording
from casework.setting_values import VALUES, value_of
from casework.steps.drafts import forget_old_drafts
from casework.taking_back.held_acts import forget_returned

UNSENT_KEPT = timedelta(days=VALUES["unsent_photo_days"].default)
"""How long the photos and recordings of an unsent form are kept."""

FILES_KEPT = timedelta(days=1)
MOST_AT_ONCE = 500
"""Rows deleted in one transaction: the rest waits for the next sweep, and nobody who files waits for this."""


def sweep_unsent(store: FileStore, *, now: datetime) -> list[str]:
    """Delete old drafts and acts that went back, the photos and recordings of old unsent forms, and every file without a row; returns the
    names of those files.

    Rows are deleted and committed before files: after a crash in between, the files stay until the next sweep.
    """
    with unit_of_work():
        forget_old_drafts(now=now)
        forget_returned(now=now)
        forget_unsent(now=now)
    return sweep(store, named_files, now=now, older_than=FILES_KEPT)


def forget_unsent(*, now: datetime) -> int:
    """Delete the rows of photos and recordings staged or removed long ago and not in a draft; return how many."""
    before = now - timedelta(days=value_of("unsent_photo_days"))
    return _forget_old(Photo, File.photo_id, before) + _forget_old(Recording, File.recording_id, before)


def _forget_old(kind: type[Photo] | type[Recording], of_file: InstrumentedAttribute[int | None], before: datetime) -> int:
    held = exists().where(DraftPhotos.token == kind.staged_token, kind.state == "staged")
    old = select(kind.id).where(kind.linked_at.is_(None), kind.state.in_(("staged", "deleted")), kind.uploaded_at < before, ~held)
    ids = list(db.session.scalars(old.order_by(kind.uploaded_at).limit(MOST_AT_ONCE)))
    if ids:
        for model, column in ((File, of_file), (kind, kind.id)):
            db.session.execute(delete(model).where(column.in_(ids)), execution_options={"synchronize_session": False})
    return len(ids)


def named_files(names: Collection[str]) -> set[str]:
    """The stored names among these that have a row and are not erased, or are drawn under maps."""
    query = select(File.stored_name).where(File.stored_name.in_(names), File.erased_at.is_(None))
    found = set(db.session.scalars(query)) | named_ground_files(names)
    db.session.rollback()
    return found
