"""The worker's job that looks for faces in new photos one at a time: it claims rows, opens the bytes and stores the result."""

from datetime import datetime

from casework.db import db, unit_of_work
from casework.files.local import AWAY, FileStore
from casework.photos.face_search import STORAGE_AWAY, Sought, claim_unsought, has_unsought, keep_found
from casework.photos.faces import FaceDetector, is_installed
from web.request_log import LOGGER, failure_facts

AT_ONCE = 5
"""Photos per run, so that the worker's other jobs get their turn and the memory is released."""


def seek_faces(store: FileStore, *, now: datetime) -> int:
    """Examine the newest unexamined photos and return how many; none where the extra `faces` is not installed.

    A photo that fails is marked as such for people to look at, and is tried again only where the storage or a key was away.
    """
    if not is_installed() or not has_unsought(now=now):
        return 0
    detector = FaceDetector()  # before photos are claimed, so that a detector that cannot be loaded costs none of them its turn
    with unit_of_work():
        photos = claim_unsought(now=now, most=AT_ONCE)
    for sought in photos:
        _look(detector, sought, store, now)
    return len(photos)


def _look(detector: FaceDetector, sought: Sought, store: FileStore, now: datetime) -> None:
    faces, failed, data = [], None, None
    try:
        with store.open(sought.stored_name, sealed=sought.is_sealed) as opened:
            data = opened.read()
        faces = detector.faces_in(data)
    except Exception as error:  # a forged picture can raise anything in a decoder, a neural network anything in OpenCV
        LOGGER.error("faces not sought", extra=failure_facts(error))
        failed = STORAGE_AWAY if data is None and isinstance(error, AWAY) else type(error).__name__
    db.session.rollback()
    with unit_of_work():
        keep_found(sought.photo_id, now=now, faces=faces, error=failed)
