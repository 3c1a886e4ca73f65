"""A sender's own photos as shown on their pages: the centre's copies."""

from collections.abc import Iterable
from dataclasses import dataclass

from casework.models import Photo
from casework.photos.records import copy_for


@dataclass(frozen=True)
class OwnPhoto:
    ref: str
    width: int
    height: int


def own_photos(photos: Iterable[Photo]) -> tuple[OwnPhoto, ...]:
    found = ((photo, copy_for(photo, "centre", "view")) for photo in photos)
    return tuple(OwnPhoto(photo.ref, copy.width, copy.height) for photo, copy in found if copy is not None)
