"""Photos and voice notes a reporter sends after filing. They belong to the report and to the addition they came with, so access to
copies, erasing and the search for faces treat them like the report's other files."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from casework.db import db
from casework.errors import CaseworkError
from casework.models import Addition, Photo, Recording, Report
from casework.photos.records import copy_for, link_staged, staged_photos
from casework.recordings.staging import link_recordings, staged_recordings

MOST_OF_A_REPORT = 60
"""Photos of one report in all, since its pages show every one of them."""


class TooManyOfAReport(CaseworkError):
    """The report has as many photos as one report can have."""

    def __init__(self) -> None:
        super().__init__(
            f"Phản ánh này đã có {MOST_OF_A_REPORT} ảnh, không nhận thêm ảnh được nữa. Ông/Bà vẫn có thể viết thêm.",
            f"This report has {MOST_OF_A_REPORT} photos and takes no more of them. You can still write.",
        )


@dataclass(frozen=True)
class AddedFiles:
    """How many photos and recordings came with an addition."""

    photos: int = 0
    recordings: int = 0

    def told(self) -> dict[str, int]:
        """The numbers as an event stores them; empty where there were none."""
        return {name: number for name, number in (("photos", self.photos), ("recordings", self.recordings)) if number}


def has_files(token: str | None) -> bool:
    return bool(token) and bool(staged_photos(token or "") or staged_recordings(token or ""))


def link_files(token: str | None, addition: Addition, report: Report) -> AddedFiles:
    """Link the files waiting under a form's token to an addition. Raises TooManyOfAReport."""
    if not token:
        return AddedFiles()
    db.session.flush()
    count, last = db.session.execute(
        select(func.count(), func.max(Photo.position)).where(Photo.report_id == report.id, Photo.state == "linked")
    ).one()
    if count + len(staged_photos(token)) > MOST_OF_A_REPORT:
        raise TooManyOfAReport
    photos = link_staged(token, now=addition.written_at, report=report, addition=addition, first=0 if last is None else last + 1)
    return AddedFiles(photos, link_recordings(token, now=addition.written_at, report=report, addition=addition))


def photos_of_additions(additions: Collection[Addition]) -> dict[int, list[Photo]]:
    """The photos of some additions, by addition, in order, with their files loaded."""
    of_reports = {addition.report_id for addition in additions}
    ids = {addition.id for addition in additions}
    found: dict[int, list[Photo]] = {}
    if not ids:
        return found
    query = select(Photo).where(Photo.report_id.in_(of_reports), Photo.addition_id.in_(ids), Photo.state == "linked")
    for photo in db.session.scalars(query.options(selectinload(Photo.files)).order_by(Photo.position, Photo.id)):
        found.setdefault(photo.addition_id or 0, []).append(photo)
    return found


def recordings_of_additions(additions: Collection[Addition]) -> dict[int, list[Recording]]:
    ids, of_reports = {addition.id for addition in additions}, {addition.report_id for addition in additions}
    found: dict[int, list[Recording]] = {}
    if not ids:
        return found
    query = select(Recording).where(Recording.report_id.in_(of_reports), Recording.addition_id.in_(ids), Recording.state == "linked")
    for recording in db.session.scalars(query.order_by(Recording.id)):
        found.setdefault(recording.addition_id or 0, []).append(recording)
    return found


def uncleared_of(additions: Collection[Addition]) -> list[Photo]:
    """Those photos of some additions that no agency may see yet, in order."""
    return [
        photo
        for _addition, photos in sorted(photos_of_additions(additions).items())
        for photo in photos
        if copy_for(photo, "agencies", "view") is None
    ]
