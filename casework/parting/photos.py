"""The photos of a case that go along with a part: copies of what was released to agencies, never of what was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from casework.errors import CaseworkError
from casework.files.local import FileStore
from casework.models import Case, Photo, Report
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


def prepare_carried(photo: Photo, *, store: FileStore) -> CarriedPhoto:
    """Copy what agencies see of a photo, before the unit of work. Raises PhotoNotReleased."""
    released = copy_for(photo, "agencies", "view")
    if released is None:
        raise PhotoNotReleased
    with open_copy(released, store=store) as opened:
        data = opened.read()
    return CarriedPhoto(photo, prepare_photo(data, NAME, store=store, max_bytes=LARGEST), prepare_copies_of(data, "agencies", store=store))


def refuse_not_released(case: Case, photos: Sequence[CarriedPhoto]) -> None:
    """Raise PhotoNotReleased for a photo that is not of a present report of the case, or that agencies may not see any more."""
    present = {link.report_id for link in case.reports if link.left_at is None}
    if any(each.photo.report_id not in present or copy_for(each.photo, "agencies", "view") is None for each in photos):
        raise PhotoNotReleased


def carry(photos: Sequence[CarriedPhoto], report: Report, *, by: Actor, now: datetime) -> Copies:
    """Link the copies to the part's report; returns them with what agencies are to see of each."""
    linked = link_prepared([each.prepared for each in photos], report=report, by=by, now=now)
    return tuple((photo, each.copies) for photo, each in zip(linked, photos, strict=True))
