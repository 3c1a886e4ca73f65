"""Files of an offline report, staged one by one until its fields arrive."""

from hashlib import sha256

from flask import current_app

from casework.db import unit_of_work
from casework.models import Device, Photo, Recording
from casework.permissions import Actor
from casework.photos.records import prepare_photo, stage_photo, staged_photos, take_turn
from casework.recordings.staging import KINDS, prepare_recording, stage_recording, staged_recordings
from casework.sealing.seal import lookup_digest
from web.clock import now
from web.files.scanning import refuse_infected
from web.guards import file_store

PHOTOS = "photos"
FILE_KINDS = (PHOTOS, *KINDS)
TOKEN_PURPOSE = "files of a report that waits"


def staging_token(client_key: str, device: Device) -> str:
    """The staging token for a report's files: for an account the same after signing in again, and different for everybody else."""
    owner = f"device {device.id}" if device.account_id is None else f"account {device.account_id}"
    return lookup_digest(f"{owner} {client_key}", purpose=TOKEN_PURPOSE)[:24]


def digests_here(token: str) -> list[str]:
    """The SHA-256 digests of the staged files, as they were in the browser."""
    return [each.sha256 for each in _staged(token)]


def keep_file(data: bytes, filename: str, *, kind: str, token: str, by: Actor) -> None:
    """Judge one file and stage it, unless it is there already. Raises PhotoRefused, RecordingRefused, TooManyPhotos, ScanRefused,
    FileNotStored."""
    if sha256(data).hexdigest() in digests_here(token):
        return
    refuse_infected(data, filename)
    if kind == PHOTOS:
        photo = prepare_photo(data, filename, store=file_store(), max_bytes=current_app.config["MAX_PHOTO_BYTES"])
        with unit_of_work():
            take_turn(token)
            if photo.sha256 not in digests_here(token):
                stage_photo(photo, token=token, purpose="scene", by=by, now=now())
        return
    recording = prepare_recording(data, filename, kind=kind, store=file_store())
    with unit_of_work():
        take_turn(token)
        stage_recording(recording, token=token, by=by, now=now())


def keep_only(token: str, digests: list[str]) -> None:
    """Keep only the files the report names, photos in its order, so that files removed from it meanwhile are not sent."""
    for each in _staged(token):
        if each.sha256 not in digests:
            each.state = "deleted"
        elif isinstance(each, Photo):
            each.position = digests.index(each.sha256)


def _staged(token: str) -> list[Photo | Recording]:
    return [*staged_photos(token), *staged_recordings(token)]
