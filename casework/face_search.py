"""Which photos a detector has still to look at, and what it found: suggestions for whoever covers them by hand.

A photo is marked before it is looked at and never tried twice: a picture that brings the detector down would do it for ever. One
without a row of what was found was looked at by nobody, and its pages say so.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select, update

from casework.db import db
from casework.face_detection import DETECTOR, Face
from casework.models import File, Photo, PhotoDetection

WORTH_LOOKING = timedelta(days=60)
"""Of older photos nobody will need the suggestion any more: of an installation that gets a detector late only these are looked at."""


@dataclass(frozen=True)
class Sought:
    """A photo to be looked at: its row, and where the bytes it was sent as lie."""

    photo_id: int
    stored_name: str
    is_sealed: bool


def has_unsought(*, now: datetime) -> bool:
    """Whether some photo has still to be looked at."""
    return db.session.scalar(_unsought(now).limit(1)) is not None


def claim_unsought(*, now: datetime, most: int) -> list[Sought]:
    """Take the newest photos of reports and answers that nobody has looked at; another worker does not get them any more."""
    ids = list(db.session.scalars(_unsought(now).limit(most).with_for_update(skip_locked=True)))
    if not ids:
        return []
    taken = update(Photo).where(Photo.id.in_(ids), Photo.faces_sought_at.is_(None)).values(faces_sought_at=now).returning(Photo.id)
    mine = list(db.session.scalars(taken, execution_options={"synchronize_session": False}))
    is_original = (File.audience == "sealed", File.rendition == "original", File.erased_at.is_(None))
    originals = select(File).where(File.photo_id.in_(mine), *is_original)
    found = [
        Sought(file.photo_id, file.stored_name, file.key_id is not None)
        for file in db.session.scalars(originals) if file.photo_id is not None
    ]  # fmt: skip
    return sorted(found, key=lambda each: mine.index(each.photo_id))


def _unsought(now: datetime) -> Select[int]:
    which = (Photo.linked_at > now - WORTH_LOOKING, Photo.faces_sought_at.is_(None), Photo.state == "linked")
    may_be_shown = or_(Photo.report_id.is_not(None), Photo.answer_id.is_not(None))
    return select(Photo.id).where(*which, may_be_shown).order_by(Photo.linked_at.desc())


def keep_found(photo_id: int, *, now: datetime, faces: Collection[Face] = (), error: str | None = None) -> None:
    """Write down what was found in a photo, or the class of the error nothing was found for. One erased meanwhile keeps nothing."""
    is_there = select(File.id).where(File.photo_id == photo_id, File.audience == "sealed", File.erased_at.is_(None))
    if db.session.scalar(is_there) is None:
        return
    rectangles = [list(face) for face in faces]
    db.session.add(PhotoDetection(photo_id=photo_id, detector=DETECTOR, rectangles=rectangles, error=error, detected_at=now))


def found_in(photos: Collection[Photo]) -> dict[int, PhotoDetection]:
    """What a detector said of these photos, by photo; one it failed at, or has not looked at, is not among them."""
    if not photos:
        return {}
    query = select(PhotoDetection).where(PhotoDetection.photo_id.in_([photo.id for photo in photos]), PhotoDetection.error.is_(None))
    return {row.photo_id: row for row in db.session.scalars(query)}
