"""Photos as rows: staged with an unsent form, linked when it is sent, copied for each audience once cleared.

Decoding, covering and writing files happen in the `prepare_…` functions, before the write transaction; the rows are written inside it. So
a file without a row is swept away, and a row without a file cannot occur.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO

from sqlalchemy import func, select

from casework.db import db
from casework.errors import CaseworkError
from casework.files.local import FileStore, StoredFile, new_stored_name
from casework.models import Addition, Answer, File, Note, Photo, ReplyLink, Report, StepValue
from casework.permissions import Actor
from casework.photos.copied import for_agencies, for_publication, newest_of, newest_release
from casework.photos.images import Rectangle, accept_photo, cover, size_of, thumb_of
from casework.reading.lacking import Part, is_lacked
from casework.sealing.seal import seal_json, seal_text
from casework.setting_values import value_of

NAME_PURPOSE = "file name"
FACTS_PURPOSE = "photo facts"
MOST_PHOTOS = 10
"""The upper limit, from which the maximum size of a request follows. An administrator may allow fewer."""
OF_A_PHOTO = (("sealed", "original"), ("centre", "view"), ("centre", "thumb"))
"""The files every photo has from the start."""



def most_photos() -> int:
    """How many photos a form accepts now."""
    return int(value_of("most_photos"))


class TooManyPhotos(CaseworkError):
    """A form accepts no more photos."""

    def __init__(self, most: int | None = None) -> None:
        most = most_photos() if most is None else most
        super().__init__(f"Tối đa {most} ảnh cho một lần gửi.", f"At most {most} photos can be sent at once.")


@dataclass(frozen=True)
class PreparedFile:
    """Bytes already on disk, waiting for their row."""

    stored: StoredFile
    rendition: str
    audience: str
    media_type: str
    width: int
    height: int


@dataclass(frozen=True)
class PreparedPhoto:
    """An accepted photo whose sealed original and centre copies are on disk."""

    sha256: str
    sealed_name: bytes
    sealed_facts: bytes
    files: tuple[PreparedFile, ...]


@dataclass(frozen=True)
class PreparedCopies:
    """View and thumb of a photo for an audience beyond the centre, on disk. `made_from` is the newest release there was of the photo it is
    a copy of (casework/photos/copied.py)."""

    files: tuple[PreparedFile, ...]
    made_from: int | None = None


def prepare_photo(data: bytes, filename: str, *, store: FileStore, max_bytes: int) -> PreparedPhoto:
    """Check a sent file, seal its original and write the centre's copies; raises PhotoRefused. Writes nothing to the database."""
    photo = accept_photo(data, filename, max_bytes=max_bytes)
    files = (
        _written(photo.original, "original", "sealed", photo.media_type, store=store),
        _written(photo.view, "view", "centre", "image/jpeg", store=store),
        _written(photo.thumb, "thumb", "centre", "image/webp", store=store),
    )
    return PreparedPhoto(
        sha256=photo.sha256,
        sealed_name=seal_text(photo.filename, purpose=NAME_PURPOSE),
        sealed_facts=seal_json(photo.private_facts(), purpose=FACTS_PURPOSE),
        files=files,
    )


def stage_photo(prepared: PreparedPhoto, *, token: str, purpose: str, by: Actor, now: datetime) -> Photo:
    """Give a prepared photo its rows in an unsent form. Raises TooManyPhotos."""
    before = staged_photos(token)
    if len(before) >= most_photos():
        raise TooManyPhotos
    photo = Photo(
        purpose=purpose, state="staged", staged_token=token, position=len(before), sha256=prepared.sha256,
        sealed_name=prepared.sealed_name, sealed_metadata=prepared.sealed_facts,
        uploaded_by_id=by.own_id, uploaded_at=now,
    )  # fmt: skip
    for file in prepared.files:
        photo.files.append(_row(file, by=by, now=now))
    db.session.add(photo)
    db.session.flush()
    return photo


def take_turn(token: str) -> None:
    """Serialise the staging of files for a form, since simultaneous requests would not see each other's files.

    To be called inside the unit of work that stages, before it reads what is there. SQLite has one writer anyway.
    """
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(token, 0))))


def staged_photos(token: str) -> list[Photo]:
    """The photos of an unsent form, in order."""
    return list(
        db.session.scalars(select(Photo).where(Photo.staged_token == token, Photo.state == "staged").order_by(Photo.position, Photo.id))
    )


def drop_staged(token: str, ref: str) -> None:
    """Remove a photo from an unsent form; its files are swept later."""
    for photo in staged_photos(token):
        if photo.ref == ref:
            photo.state = "deleted"


def move_staged_earlier(token: str, ref: str) -> None:
    """Move a photo of an unsent form one place earlier; does nothing for the first one, or an unknown one."""
    photos = staged_photos(token)
    at = next((place for place, photo in enumerate(photos) if photo.ref == ref), 0)
    if at:
        photos[at - 1], photos[at] = photos[at], photos[at - 1]
        for place, photo in enumerate(photos):
            photo.position = place


def link_staged(
    token: str,
    *,
    now: datetime,
    report: Report | None = None,
    addition: Addition | None = None,
    answer: Answer | None = None,
    note: Note | None = None,
    step_value: StepValue | None = None,
    reply_link: ReplyLink | None = None,
    first: int = 0,
) -> int:
    """Link the photos of a form to what the form made, and return how many there were. `first` is the position of the first."""
    with db.session.no_autoflush:
        photos = staged_photos(token)
    if photos:
        db.session.flush()  # what the form made gets the number its photos name
    for place, photo in enumerate(photos, start=first):
        photo.state, photo.linked_at, photo.staged_token, photo.position = "linked", now, None, place
        photo.report_id = report.id if report else None
        photo.addition_id = addition.id if addition else None
        photo.answer_id = answer.id if answer else None
        photo.note_id = note.id if note else None
        photo.step_value_id = step_value.id if step_value else None
        photo.reply_link_id = reply_link.id if reply_link else None
    return len(photos)


def prepare_again(photo: Photo, *, store: FileStore) -> PreparedPhoto:
    """Copy the files of a photo, before the unit of work, for a later version of its owner: each version has its own files, so that
    changes to one do not affect another. Raises LookupError when its files are gone."""
    kept = [copy_for(photo, audience, rendition) for audience, rendition in OF_A_PHOTO]
    found = [file for file in kept if file is not None]
    if len(found) < len(OF_A_PHOTO):
        raise LookupError(f"photo {photo.ref} has lost its files")
    return PreparedPhoto(photo.sha256, photo.sealed_name, photo.sealed_metadata or b"", tuple(_again(file, store) for file in found))


def link_carried(carried: Iterable[tuple[Photo, PreparedPhoto]], *, answer: Answer, by: Actor, now: datetime) -> int:
    """Link copies of photos to a later version of an answer, with their original time and sender; return how many."""
    photos = list(carried)
    if not photos:
        return 0
    db.session.flush()
    for place, (earlier, copy) in enumerate(photos):
        photo = Photo(
            purpose=earlier.purpose, state="linked", answer_id=answer.id, position=place, sha256=copy.sha256,
            sealed_name=copy.sealed_name, sealed_metadata=earlier.sealed_metadata, uploaded_by_id=earlier.uploaded_by_id,
            uploaded_at=earlier.uploaded_at, linked_at=now,
        )  # fmt: skip
        photo.files.extend(_row(file, by=by, now=now) for file in copy.files)
        db.session.add(photo)
    db.session.flush()
    return len(photos)


def link_prepared(prepared: Iterable[PreparedPhoto], *, report: Report, by: Actor, now: datetime, first: int = 0) -> list[Photo]:
    """Link prepared photos to a report as those of whoever writes it, and return them in order. `first` is the position of the first."""
    photos = [
        Photo(
            purpose="scene", state="linked", report_id=report.id, position=place, sha256=each.sha256, sealed_name=each.sealed_name,
            sealed_metadata=each.sealed_facts, uploaded_by_id=by.own_id, uploaded_at=now, linked_at=now,
            files=[_row(file, by=by, now=now) for file in each.files],
        )
        for place, each in enumerate(prepared, start=first)
    ]  # fmt: skip
    db.session.add_all(photos)
    db.session.flush()
    return photos


def photos_of_report(report: Report) -> list[Photo]:
    """The photos sent with a report, in order."""
    if is_lacked(Part.REPORT_PHOTOS, report.id):
        return []
    return list(
        db.session.scalars(select(Photo).where(Photo.report_id == report.id, Photo.state == "linked").order_by(Photo.position, Photo.id))
    )


def photos_of_answer(answer: Answer) -> list[Photo]:
    """The photos of an answer, in order."""
    if is_lacked(Part.ANSWER_PHOTOS, answer.assignment_id):
        return []
    return list(
        db.session.scalars(select(Photo).where(Photo.answer_id == answer.id, Photo.state == "linked").order_by(Photo.position, Photo.id))
    )


def photos_of_links(link_ids: Collection[int]) -> dict[int, list[Photo]]:
    """The photos that came with answers by one-time links, in order, by the row number of the link; one statement, none without links."""
    found: dict[int, list[Photo]] = {}
    if link_ids:
        query = select(Photo).where(Photo.reply_link_id.in_(link_ids), Photo.state == "linked").order_by(Photo.position, Photo.id)
        for photo in db.session.scalars(query):
            found.setdefault(photo.reply_link_id or 0, []).append(photo)
    return found


def uncleared_photos(report: Report) -> list[Photo]:
    with db.session.no_autoflush:  # copies just made are in the photo's own list
        return [photo for photo in photos_of_report(report) if copy_for(photo, "agencies", "view") is None]


def copy_for(photo: Photo, audience: str, rendition: str) -> File | None:
    """The newest copy an audience may see; of a part's photo agencies see what its case has released of it since."""
    return for_agencies(photo, rendition) if audience == "agencies" else newest_of(photo, audience, rendition)


def start_of(photo: Photo, audience: str) -> File | None:
    """The copy from which those for agencies or the public are made, the newest of a narrower audience; None where there is none, or where
    the case of a copied photo shows it no more."""
    if audience == "public" and (photo.copied_from_id is not None or copy_for(photo, "agencies", "view") is not None):
        return for_publication(photo)
    return newest_of(photo, "centre", "view")


def prepare_copies(
    photo: Photo, rectangles: Iterable[Rectangle], *, audience: str, store: FileStore, source: File | None = None
) -> PreparedCopies:
    """Make view and thumb of a photo for agencies or the public with some parts covered, from the newest copy of a narrower audience.

    `source` is another copy to start from: a published one, whose covered parts stay covered. Raises LookupError without any.
    """
    made_from = newest_release(photo)
    source = source or start_of(photo, audience)
    if source is None:
        raise LookupError(f"photo {photo.ref} has no copy to start from")
    with open_copy(source, store=store) as opened:
        view = cover(opened.read(), rectangles)
    return replace(prepare_copies_of(view, audience, store=store), made_from=made_from)


def prepare_copies_of(view: bytes, audience: str, *, store: FileStore) -> PreparedCopies:
    """Write a picture as it is, and its thumb, for an audience."""
    files = (
        _written(view, "view", audience, "image/jpeg", store=store),
        _written(thumb_of(view), "thumb", audience, "image/webp", store=store),
    )
    return PreparedCopies(files)


def add_copies(photo: Photo, copies: PreparedCopies, *, audience: str, by: Actor, now: datetime) -> None:
    """Let an audience see the prepared copies, which replace older ones."""
    for file in copies.files:
        if file.audience != audience:
            raise ValueError(f"copies made for {file.audience} are not for {audience}")
        photo.files.append(_row(file, by=by, now=now))


def open_copy(file: File, *, store: FileStore) -> BinaryIO:
    return store.open(file.stored_name, sealed=file.key_id is not None)


def _written(data: bytes, rendition: str, audience: str, media_type: str, *, store: FileStore) -> PreparedFile:
    # the centre's copies may show faces and house numbers, so they are sealed like the original
    is_sealed = audience in ("sealed", "centre")
    width, height = size_of(data)
    return PreparedFile(store.put(new_stored_name(), data, sealed=is_sealed), rendition, audience, media_type, width, height)


def _again(file: File, store: FileStore) -> PreparedFile:
    with open_copy(file, store=store) as opened:
        stored = store.put(new_stored_name(), opened.read(), sealed=file.key_id is not None)
    return PreparedFile(stored, file.rendition, file.audience, file.media_type, file.width, file.height)


def _row(file: PreparedFile, *, by: Actor, now: datetime) -> File:
    stored = file.stored
    return File(
        audience=file.audience, rendition=file.rendition, stored_name=stored.stored_name, sha256=stored.sha256, size=stored.size,
        media_type=file.media_type, key_id=stored.key_id, width=file.width, height=file.height,
        created_at=now, created_by_id=by.own_id,
    )  # fmt: skip
