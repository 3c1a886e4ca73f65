"""The job of the worker that copies recordings without metadata, one at a time: rows are claimed, bytes opened, the copy is sealed."""

from datetime import datetime

from casework.db import db, unit_of_work
from casework.file_store import FileStore, new_stored_name
from casework.recordings.copying import NotCopied, copy_without_metadata, is_installed
from casework.recordings.preparing import Unprepared, claim_unprepared, has_unprepared, keep_copy, keep_refusal
from web.request_log import LOGGER, failure_facts

AT_ONCE = 3
"""Recordings a round takes: the worker's other jobs go on beside it."""


def prepare_recordings(store: FileStore, *, now: datetime) -> int:
    """Copy the recordings that wait, and return how many were taken up; none where the extra `media` is not installed.

    One that cannot be copied is refused with a word and not tried again; where it was the storage that failed, it is.
    """
    if not is_installed() or not has_unprepared(now=now):
        return 0
    with unit_of_work():
        waiting = claim_unprepared(now=now, most=AT_ONCE)
    for each in waiting:
        _prepare(each, store, now)
    return len(waiting)


def _prepare(waiting: Unprepared, store: FileStore, now: datetime) -> None:
    try:
        with store.open(waiting.stored_name, sealed=waiting.is_sealed) as opened:
            data = opened.read()
        copy = copy_without_metadata(data, waiting.media_type, kind=waiting.kind)
        stored = store.put(new_stored_name(), copy.data, sealed=True)
    except NotCopied as refusal:
        db.session.rollback()
        with unit_of_work():
            keep_refusal(waiting.recording_id, str(refusal))
        return
    except Exception as error:  # the storage, or a key that is not here: it is tried again later
        LOGGER.error("recording not prepared", extra=failure_facts(error))
        db.session.rollback()
        return
    db.session.rollback()
    with unit_of_work():
        keep_copy(waiting.recording_id, stored, media_type=copy.media_type, seconds=copy.seconds, now=now)
