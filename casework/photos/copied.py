"""Photos of a part that are copies of those of its case: never shown with less covered than the case shows them.

A copy was made of what agencies saw then. What the case releases later, to agencies or to the public, holds for the copy too: agencies see
the later release, a publication starts from it, and one that was made from an earlier release shows the photo no more until it is
corrected. Where the case has the photo, the public reads it there anyway.
"""

from sqlalchemy import ColumnElement, and_, exists, func, or_
from sqlalchemy.orm import aliased

from casework.models import File, Photo, PublicationPhoto

RELEASES = ("agencies", "public")
"""Audiences whose copies are releases: what others than the centre may see."""


def newest_of(photo: Photo, audience: str, rendition: str) -> File | None:
    """The newest copy for an audience that is not erased, of the photo itself."""
    there = [file for file in photo.files if file.audience == audience and file.rendition == rendition and file.erased_at is None]
    return there[-1] if there else None


def for_agencies(photo: Photo, rendition: str) -> File | None:
    """What agencies see: of a copy what its case has released to them since, if anything."""
    own = newest_of(photo, "agencies", rendition)
    later = newest_of(photo.copied_from, "agencies", rendition) if own is not None and photo.copied_from is not None else None
    return later if _is_later(later, own) else own


def for_publication(photo: Photo) -> File | None:
    """What a public copy starts from: as the case of a copied photo shows it, else as agencies see it. None where the case shows the photo
    no more, or has released it to agencies anew and not to the public."""
    seen = for_agencies(photo, "view")
    shown = [file for file in _releases(photo) if file.audience == "public"]
    if not shown:
        return seen
    return None if shown[-1].erased_at is not None or _is_later(seen, shown[-1], of=photo.copied_from) else shown[-1]


def newest_release(photo: Photo) -> int | None:
    """The number of the newest copy of the photo it is a copy of that others may see; None for a photo that is no copy."""
    return max((file.id for file in _releases(photo)), default=None)


def is_overtaken(chosen: PublicationPhoto) -> bool:
    """Whether its case has released the photo anew since it was chosen, or shows it no more."""
    made = chosen.made_from_id or 0
    return any(file.id > made or (file.id == made and file.erased_at is not None) for file in _releases(chosen.photo))


def overtaken() -> ColumnElement[bool]:
    """The same as a condition on rows of PublicationPhoto and Photo."""
    release = aliased(File)
    made = func.coalesce(PublicationPhoto.made_from_id, 0)
    newer = or_(release.id > made, and_(release.id == made, release.erased_at.is_not(None)))
    return exists().where(release.photo_id == Photo.copied_from_id, release.audience.in_(RELEASES), release.rendition == "view", newer)


def _releases(photo: Photo) -> list[File]:
    source = photo.copied_from
    return [file for file in source.files if file.audience in RELEASES and file.rendition == "view"] if source is not None else []


def _is_later(one: File | None, other: File | None, *, of: Photo | None = None) -> bool:
    """Whether a stored copy came after another; `of` whom it has to be."""
    if one is None or other is None or one.id is None or other.id is None or (of is not None and one.photo_id != of.id):
        return False
    return one.id > other.id
