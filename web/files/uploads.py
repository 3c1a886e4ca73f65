"""Photos sent with a form: each is judged separately, and the good ones are kept while the form is corrected (rules of photo_records)."""

from collections.abc import Iterable
from hashlib import sha256

from flask import current_app
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from casework.bilingual import Bilingual
from casework.db import unit_of_work
from casework.files.local import FileNotStored
from casework.permissions import Actor
from casework.photos.records import (
    PreparedPhoto,
    TooManyPhotos,
    drop_staged,
    most_photos,
    prepare_photo,
    stage_photo,
    staged_photos,
    take_turn,
)
from casework.photos.uploads import PhotoRefused, takes_heic
from web.clock import now
from web.files.scanning import ScanRefused, refuse_infected
from web.guards import file_store


def stage_uploads(
    files: Iterable[FileStorage], *, token: str, purpose: str, by: Actor, most: int | None = None
) -> list[Bilingual]:
    """Stage the photos sent with a form and return a sentence for each that was refused.

    A photo that is already there, because the browser sent the form twice, is not kept again. `most` is the form's own limit on photos
    where it is lower than the general one.
    """
    prepared, refused = _prepared([file for file in files if file.filename], token, most_photos() if most is None else most)
    if not prepared:
        return refused
    with unit_of_work():
        take_turn(token)
        known = {photo.sha256 for photo in staged_photos(token)}
        for each in prepared:
            if each.sha256 in known:
                continue
            try:
                stage_photo(each, token=token, purpose=purpose, by=by, now=now())
            except TooManyPhotos as refusal:
                refused.append(refusal.text)
                break
            known.add(each.sha256)
    return refused


def drop_upload(token: str, ref: str) -> None:
    with unit_of_work():
        drop_staged(token, ref)


def photo_types() -> str:
    """The `accept` attribute of photo fields: where HEIC cannot be read, it makes the telephone convert to JPEG."""
    return "image/*" if takes_heic() else "image/jpeg,image/png,image/webp"


def photos_taken() -> str:
    """The accepted types in words."""
    most = round(current_app.config["MAX_PHOTO_BYTES"] / 1_000_000)
    if takes_heic():
        return str(_("JPEG, PNG, WebP or HEIC, at most %(max)s MB each.", max=most))
    return str(_("JPEG, PNG or WebP, at most %(max)s MB each.", max=most))


def _prepared(files: list[FileStorage], token: str, most: int) -> tuple[list[PreparedPhoto], list[Bilingual]]:
    """Done before the write transaction, because decoding and writing files takes time."""
    if not files:
        return [], []
    there = staged_photos(token)
    room, known = most - len(there), {photo.sha256 for photo in there}
    prepared: list[PreparedPhoto] = []
    refused: list[Bilingual] = []
    for file in files:
        data = file.read()
        if sha256(data).hexdigest() in known:
            continue
        if len(prepared) >= room:
            refused.append(TooManyPhotos(most).text)
            break
        try:
            refuse_infected(data, file.filename or "")
            prepared.append(prepare_photo(data, file.filename or "", store=file_store(), max_bytes=current_app.config["MAX_PHOTO_BYTES"]))
        except (PhotoRefused, FileNotStored, ScanRefused) as refusal:
            refused.append(refusal.text)
    return prepared, refused
