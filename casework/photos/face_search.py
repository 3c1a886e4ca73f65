"""Photos waiting for the face detector, and its results: suggestions for the person who covers the faces.

A photo is marked before the detector looks at it and never tried twice, because a picture that crashes the detector would do so for ever.
A photo without a result was not looked at, and its pages say so. Where the storage or a key was unavailable, the row says so, and the
photo is tried again after a while.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, or_, select, update

from casework.db import db
from casework.models import File, Photo, PhotoDetection
from casework.photos.faces import DETECTOR, Face

WORTH_LOOKING = timedelta(days=60)
"""The age up to which photos are looked at: nobody needs suggestions for older ones when an installation adds a detector late."""

TRIED_AGAIN_AFTER = timedelta(minutes=10)
STORAGE_AWAY = "StorageAway"
"""The error of a row whose photo could not be read from the storage."""


@dataclass(frozen=True)
class Sought:
    """A photo to look at: its row, and the stored name of its original."""

    photo_id: int
    stored_name: str
    is_sealed: bool


def has_unsought(*, now: datetime) -> bool:
    return any(db.session.scalar(query.limit(1)) is not None for query in (_unsought(now), _put_off(now)))


def claim_unsought(*, now: datetime, most: int) -> list[Sought]:
    """Claim the newest unexamined photos of reports and answers, then those that were put off; no other worker gets them."""
    mine = _take_new(now, most)
    mine += _take_put_off(now, most - len(mine)) if len(mine) < most else []
    if not mine:
        return []
    is_original = (File.audience == "sealed", File.rendition == "original", File.erased_at.is_(None))
    originals = select(File).where(File.photo_id.in_(mine), *is_original)
    found = [
        Sought(file.photo_id, file.stored_name, file.key_id is not None)
        for file in db.session.scalars(originals) if file.photo_id is not None
    ]  # fmt: skip
    return sorted(found, key=lambda each: mine.index(each.photo_id))


def _take_new(now: datetime, most: int) -> list[int]:
    ids = list(db.session.scalars(_unsought(now).limit(most).with_for_update(skip_locked=True)))
    taken = update(Photo).where(Photo.id.in_(ids), Photo.faces_sought_at.is_(None)).values(faces_sought_at=now).returning(Photo.id)
    return list(db.session.scalars(taken, execution_options={"synchronize_session": False})) if ids else []


def _take_put_off(now: datetime, most: int) -> list[int]:
    """Without their row they count as photos the detector was started on: one that crashes it now is not tried again."""
    waiting = _put_off(now).limit(most).with_for_update(skip_locked=True, of=PhotoDetection)
    ids = list(db.session.scalars(waiting))
    if ids:
        gone = delete(PhotoDetection).where(PhotoDetection.photo_id.in_(ids), PhotoDetection.error == STORAGE_AWAY)
        begun = update(Photo).where(Photo.id.in_(ids)).values(faces_sought_at=now)
        for statement in (gone, begun):
            db.session.execute(statement, execution_options={"synchronize_session": False})
    return ids


def _unsought(now: datetime) -> Select[int]:
    which = (Photo.linked_at > now - WORTH_LOOKING, Photo.faces_sought_at.is_(None), Photo.state == "linked")
    may_be_shown = or_(Photo.report_id.is_not(None), Photo.answer_id.is_not(None))
    return select(Photo.id).where(*which, may_be_shown).order_by(Photo.linked_at.desc())


def _put_off(now: datetime) -> Select[int]:
    query = select(PhotoDetection.photo_id).join(Photo, Photo.id == PhotoDetection.photo_id)
    query = query.where(PhotoDetection.error == STORAGE_AWAY, PhotoDetection.detected_at <= now - TRIED_AGAIN_AFTER)
    return query.where(Photo.linked_at > now - WORTH_LOOKING).order_by(PhotoDetection.detected_at)


def keep_found(photo_id: int, *, now: datetime, faces: Collection[Face] = (), error: str | None = None) -> None:
    """Record the faces in a photo, or the class of the error that prevented the search. Nothing is kept for an erased photo."""
    is_there = select(File.id).where(File.photo_id == photo_id, File.audience == "sealed", File.erased_at.is_(None))
    if db.session.scalar(is_there) is None:
        return
    rectangles = [list(face) for face in faces]
    db.session.add(PhotoDetection(photo_id=photo_id, detector=DETECTOR, rectangles=rectangles, error=error, detected_at=now))


def found_in(photos: Collection[Photo]) -> dict[int, PhotoDetection]:
    """The detector's results for these photos, by photo, without those it failed at or has not looked at."""
    if not photos:
        return {}
    query = select(PhotoDetection).where(PhotoDetection.photo_id.in_([photo.id for photo in photos]), PhotoDetection.error.is_(None))
    return {row.photo_id: row for row in db.session.scalars(query)}
