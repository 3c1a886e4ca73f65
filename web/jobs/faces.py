"""The job of the worker that looks for faces in new photos, one at a time: rows are claimed, bytes opened, what was found is kept."""

from datetime import datetime

from casework.db import db, unit_of_work
from casework.files.local import AWAY, FileStore
from casework.photos.face_search import STORAGE_AWAY, Sought, claim_unsought, has_unsought, keep_found
from casework.photos.faces import FaceDetector, is_installed
from web.request_log import LOGGER, failure_facts

AT_ONCE = 5
"""Photos a round takes: the worker's other jobs go on beside it, and the memory is given back after it."""


def seek_faces(store: FileStore, *, now: datetime) -> int:
    """Look at the newest photos nobody has looked at, and return how many; none where the extra `faces` is not installed.

    A photo that cannot be looked at is for people: that it failed is kept, and it is not tried again but where the storage or a key is
    away.
    """
    if not is_installed() or not has_unsought(now=now):
        return 0
    detector = FaceDetector()  # before photos are claimed: one that cannot be loaded costs none of them its turn
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
    except Exception as error:  # a forged picture can raise anything in a decoder, a net anything in OpenCV
        LOGGER.error("faces not sought", extra=failure_facts(error))
        failed = STORAGE_AWAY if data is None and isinstance(error, AWAY) else type(error).__name__
    db.session.rollback()
    with unit_of_work():
        keep_found(sought.photo_id, now=now, faces=faces, error=failed)
