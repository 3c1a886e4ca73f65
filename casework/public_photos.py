"""The photos everybody may see: the copies chosen for the version that people read now, and no others."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload

from casework.db import db
from casework.models import CaseReport, Photo, PublicationPhoto, PublicationVersion

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
    rows = _rows([version.id for version in versions.values()])
    reports = {row.photo.report_id for found in rows.values() for row in found} - {None}
    query = select(CaseReport.case_id, CaseReport.report_id).where(CaseReport.report_id.in_(reports), CaseReport.left_at.is_(None))
    joined = {(case_id, report_id) for case_id, report_id in db.session.execute(query)}
    before = {
        # a report split off since then has taken its photos along
        case_id: _shown(row for row in rows[version.id] if (case_id, row.photo.report_id) in joined)
        for case_id, version in versions.items()
    }
    after = {
        case_id: tuple(photo for photos in _by_answer(version, rows[version.id]).values() for photo in photos)
        for case_id, version in versions.items()
    }
    return before, after


def photos_of_answers(version: PublicationVersion) -> dict[int, tuple[PublicPhoto, ...]]:
    """The photos chosen for a version, by answer, in the order of its answers."""
    return _by_answer(version, _rows([version.id])[version.id])


def mark_of(sha256: str) -> str:
    """The part of a digest that stands in addresses."""
    return sha256[:MARK_LENGTH]


def _rows(version_ids: list[int]) -> dict[int, list[PublicationPhoto]]:
    """What was chosen for each version, in order."""
    query = (
        select(PublicationPhoto)
        .join(PublicationPhoto.photo)
        .where(PublicationPhoto.version_id.in_(version_ids), Photo.state == "linked")
        .order_by(PublicationPhoto.version_id, PublicationPhoto.position)
        .options(contains_eager(PublicationPhoto.photo), joinedload(PublicationPhoto.view), joinedload(PublicationPhoto.thumb))
    )
    found: dict[int, list[PublicationPhoto]] = defaultdict(list)
    for row in db.session.scalars(query):
        found[row.version_id].append(row)
    return found


def _by_answer(version: PublicationVersion, rows: list[PublicationPhoto]) -> dict[int, tuple[PublicPhoto, ...]]:
    return {answer.answer_id: _shown(row for row in rows if row.photo.answer_id == answer.answer_id) for answer in version.answers}


def _shown(rows: Iterable[PublicationPhoto]) -> tuple[PublicPhoto, ...]:
    return tuple(shown for row in rows if (shown := _public(row)) is not None)


def _public(row: PublicationPhoto) -> PublicPhoto | None:
    view, thumb = row.copy("view"), row.copy("thumb")
    if view is None or thumb is None:
        return None
    return PublicPhoto(row.photo.ref, mark_of(view.sha256), mark_of(thumb.sha256), view.width, view.height)
