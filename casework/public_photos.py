"""The photos everybody may see: copies cleared for the public, of cases and answers that are published."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from casework.db import db
from casework.models import CaseReport, Photo, PublicationVersion
from casework.photo_records import copy_for

MARK_LENGTH = 12


@dataclass(frozen=True)
class PublicPhoto:
    """Where a photo is: its ref, and for each copy a mark that changes with its bytes, so that browsers may keep it."""

    ref: str
    view_mark: str
    thumb_mark: str
    width: int
    height: int


def photos_of_cases(
    versions: Mapping[int, PublicationVersion],
) -> tuple[dict[int, tuple[PublicPhoto, ...]], dict[int, tuple[PublicPhoto, ...]]]:
    """Photos before and after, by case, of published cases given with the version people read."""
    query = (
        select(CaseReport.case_id, Photo)
        .join(Photo, Photo.report_id == CaseReport.report_id)
        .where(CaseReport.case_id.in_(list(versions)), CaseReport.left_at.is_(None), Photo.state == "linked")
        .order_by(Photo.report_id, Photo.position, Photo.id)
        .options(selectinload(Photo.files))
    )
    before: dict[int, list[Photo]] = defaultdict(list)
    for case_id, photo in db.session.execute(query):
        before[case_id].append(photo)
    by_answer = photos_of_answers([row.answer_id for version in versions.values() for row in version.answers])
    after = {
        case_id: tuple(photo for row in version.answers for photo in by_answer.get(row.answer_id, ()))
        for case_id, version in versions.items()
    }
    return {case_id: _shown(photos) for case_id, photos in before.items()}, after


def photos_of_answers(answer_ids: Iterable[int]) -> dict[int, tuple[PublicPhoto, ...]]:
    """Photos with a copy for the public, by answer."""
    query = (
        select(Photo)
        .where(Photo.answer_id.in_(list(answer_ids)), Photo.state == "linked")
        .order_by(Photo.position, Photo.id)
        .options(selectinload(Photo.files))
    )
    found: dict[int, list[Photo]] = defaultdict(list)
    for photo in db.session.scalars(query):
        if photo.answer_id is not None:
            found[photo.answer_id].append(photo)
    return {answer_id: _shown(photos) for answer_id, photos in found.items()}


def mark_of(sha256: str) -> str:
    """The part of a digest that stands in addresses."""
    return sha256[:MARK_LENGTH]


def _shown(photos: list[Photo]) -> tuple[PublicPhoto, ...]:
    return tuple(shown for photo in photos if (shown := _public(photo)) is not None)


def _public(photo: Photo) -> PublicPhoto | None:
    view, thumb = copy_for(photo, "public", "view"), copy_for(photo, "public", "thumb")
    if view is None or thumb is None:
        return None
    return PublicPhoto(photo.ref, mark_of(view.sha256), mark_of(thumb.sha256), view.width, view.height)
