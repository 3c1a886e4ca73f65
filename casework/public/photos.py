"""Public photos: the copies chosen for the present version, and no others."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import aliased

from casework.db import db
from casework.models import CaseReport, File, Photo, PublicationPhoto, PublicationVersion
from casework.photos.copied import overtaken

MARK_LENGTH = 12


@dataclass(frozen=True)
class PublicPhoto:
    """The ref of a photo, and for each copy a mark that changes with its bytes, so that browsers may cache it."""

    ref: str
    view_mark: str
    thumb_mark: str
    width: int
    height: int


@dataclass(frozen=True)
class ChosenPhotos:
    """The photos of a version: of the case's reports, and of each answer, in the order of the answers."""

    before: tuple[PublicPhoto, ...] = ()
    by_answer: Mapping[int, tuple[PublicPhoto, ...]] = field(default_factory=dict)

    @property
    def after(self) -> tuple[PublicPhoto, ...]:
        """The photos of all answers."""
        return tuple(photo for photos in self.by_answer.values() for photo in photos)


class AnswerShown(Protocol):
    """An answer of a version, by its row."""

    @property
    def answer_id(self) -> int: ...


class VersionShown(Protocol):
    """A version with its answers, however it was read."""

    @property
    def id(self) -> int: ...
    @property
    def answers(self) -> Sequence[AnswerShown]: ...


def photos_of_cases(versions: Mapping[int, VersionShown]) -> dict[int, ChosenPhotos]:
    """The photos of published cases, by case, given the present versions."""
    chosen = _chosen([version.id for version in versions.values()])
    reports = {row.report_id for rows in chosen.values() for row in rows} - {None}
    query = select(CaseReport.case_id, CaseReport.report_id).where(CaseReport.report_id.in_(reports), CaseReport.left_at.is_(None))
    joined = {(case_id, report_id) for case_id, report_id in db.session.execute(query)} if reports else set()
    return {
        case_id: ChosenPhotos(
            # a report split off since then has taken its photos along
            before=tuple(row.photo for row in chosen[version.id] if (case_id, row.report_id) in joined),
            by_answer=_by_answer(version, chosen[version.id]),
        )
        for case_id, version in versions.items()
    }


def photos_of_answers(version: PublicationVersion) -> dict[int, tuple[PublicPhoto, ...]]:
    """The photos chosen for a version, by answer, in the order of its answers."""
    return _by_answer(version, _chosen([version.id])[version.id])


def mark_of(sha256: str) -> str:
    """The part of a digest used in addresses."""
    return sha256[:MARK_LENGTH]


class _Chosen(NamedTuple):
    """A chosen photo and its owner."""

    photo: PublicPhoto
    report_id: int | None
    answer_id: int | None


def _chosen(version_ids: list[int]) -> dict[int, list[_Chosen]]:
    """The photos chosen for each version, in order, whose copies both still exist."""
    found: dict[int, list[_Chosen]] = defaultdict(list)
    for row in db.session.execute(_CHOSEN, {"versions": version_ids}) if version_ids else ():
        photo = PublicPhoto(row.ref, mark_of(row.view_sha256), mark_of(row.thumb_sha256), row.width, row.height)
        found[row.version_id].append(_Chosen(photo, row.report_id, row.answer_id))
    return found


_VIEW, _THUMB = aliased(File), aliased(File)
_CHOSEN = (
    select(
        PublicationPhoto.version_id, Photo.ref, Photo.report_id, Photo.answer_id, _VIEW.width, _VIEW.height,
        _VIEW.sha256.label("view_sha256"), _THUMB.sha256.label("thumb_sha256"),
    )
    .join(Photo, Photo.id == PublicationPhoto.photo_id)
    .join(_VIEW, _VIEW.id == PublicationPhoto.view_file_id)
    .join(_THUMB, _THUMB.id == PublicationPhoto.thumb_file_id)
    .where(
        PublicationPhoto.version_id.in_(bindparam("versions", expanding=True)), Photo.state == "linked",
        _VIEW.erased_at.is_(None), _THUMB.erased_at.is_(None), or_(Photo.copied_from_id.is_(None), ~overtaken()),
    )
    .order_by(PublicationPhoto.version_id, PublicationPhoto.position)
)  # fmt: skip


def _by_answer(version: VersionShown, rows: list[_Chosen]) -> dict[int, tuple[PublicPhoto, ...]]:
    return {answer.answer_id: tuple(row.photo for row in rows if row.answer_id == answer.answer_id) for answer in version.answers}
