"""The photos of a case that go along with a part: copies of what was released to agencies, never of what was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from casework.db import db
from casework.errors import CaseworkError
from casework.files.local import FileStore
from casework.models import Case, File, Photo, Report
from casework.permissions import Actor
from casework.photos.records import PreparedCopies, PreparedPhoto, copy_for, link_prepared, open_copy, prepare_copies_of, prepare_photo

NAME = "anh-da-kiem-tra.jpg"
"""The name a copy has: that of the file that was sent may name a person."""
LARGEST = 100_000_000
"""Our own copy is not judged by its size."""

Copies = tuple[tuple[Photo, PreparedCopies], ...]
"""The photos of a part, each with what agencies are to see of it."""


class PhotoNotReleased(CaseworkError):
    """A photo agencies may not see goes nowhere."""

    def __init__(self) -> None:
        super().__init__(
            "Có ảnh không thuộc hồ sơ này hoặc chưa được cho đơn vị xem. Xin chọn lại ảnh.",
            "A photo is not of this case, or agencies may not see it. Choose the photos again, please.",
        )


@dataclass(frozen=True, slots=True)
class CarriedPhoto:
    """A released photo, and its copies for the part: already on disk, waiting for their rows."""

    photo: Photo
    prepared: PreparedPhoto
    copies: PreparedCopies
    released_id: int
    """The copy agencies saw when it was made."""


def prepare_carried(photo: Photo, *, store: FileStore) -> CarriedPhoto:
    """Copy what agencies see of a photo, before the unit of work. Raises PhotoNotReleased."""
    released = copy_for(photo, "agencies", "view")
    if released is None:
        raise PhotoNotReleased
    with open_copy(released, store=store) as opened:
        data = opened.read()
    prepared, copies = prepare_photo(data, NAME, store=store, max_bytes=LARGEST), prepare_copies_of(data, "agencies", store=store)
    return CarriedPhoto(photo, prepared, copies, released.id)


def refuse_not_released(case: Case, photos: Sequence[CarriedPhoto]) -> None:
    """Raise PhotoNotReleased for a photo that is not of a present report of the locked case, or that agencies see otherwise by now."""
    if not photos:
        return
    present = {link.report_id for link in case.reports if link.left_at is None}
    released = select(File.photo_id, func.max(File.id)).where(File.photo_id.in_([each.photo.id for each in photos]))
    released = released.where(File.audience == "agencies", File.rendition == "view", File.erased_at.is_(None)).group_by(File.photo_id)
    newest: dict[int | None, int] = dict(db.session.execute(released).all())
    if any(each.photo.report_id not in present or newest.get(each.photo.id) != each.released_id for each in photos):
        raise PhotoNotReleased


def carry(photos: Sequence[CarriedPhoto], report: Report, *, by: Actor, now: datetime) -> Copies:
    """Link the copies to the part's report; returns them with what agencies are to see of each."""
    linked = link_prepared([each.prepared for each in photos], report=report, by=by, now=now)
    for photo, each in zip(linked, photos, strict=True):
        photo.copied_from_id = each.photo.id
    return tuple((photo, each.copies) for photo, each in zip(linked, photos, strict=True))
