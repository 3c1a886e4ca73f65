"""The worker's job that copies recordings without metadata one at a time: it claims rows, opens the bytes and seals the copy."""

from datetime import datetime

from casework.db import db, unit_of_work
from casework.files.local import AWAY, FileStore, new_stored_name
from casework.recordings.copying import NotCopied, copy_without_metadata, is_installed
from casework.recordings.preparing import Unprepared, claim_unprepared, give_back, has_unprepared, keep_copy, keep_refusal
from web.request_log import LOGGER, failure_facts

AT_ONCE = 3
"""Recordings per run, so that the worker's other jobs get their turn."""


def prepare_recordings(store: FileStore, *, now: datetime) -> int:
    """Copy the waiting recordings and return how many were taken up; none where the extra `media` is not installed.

    Each is claimed only when its turn comes, so that one that crashes its reader costs no other an attempt. One that cannot be copied is
    marked with the reason and not tried again, unless the storage or a key was away.
    """
    taken = 0
    for _ in range(AT_ONCE if is_installed() else 0):
        if not has_unprepared(now=now):
            break
        with unit_of_work():
            waiting = claim_unprepared(now=now, most=1)
        for each in waiting:
            _prepare(each, store, now)
        taken += len(waiting)
    return taken


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
    except Exception as error:
        LOGGER.error("recording not prepared", extra=failure_facts(error))
        db.session.rollback()
        if isinstance(error, AWAY):
            with unit_of_work():
                give_back(waiting.recording_id)
        return
    db.session.rollback()
    with unit_of_work():
        keep_copy(waiting.recording_id, stored, media_type=copy.media_type, seconds=copy.seconds, now=now)
