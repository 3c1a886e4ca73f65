"""Files sent with a report: photos, one voice note, one short video. Each is judged separately, and the good ones are kept while the form
is corrected."""

from collections.abc import Iterable
from os import SEEK_END

from flask import current_app
from werkzeug.datastructures import FileStorage

from casework.bilingual import Bilingual
from casework.db import unit_of_work
from casework.files.local import FileNotStored
from casework.permissions import Actor
from casework.photos.records import MOST_PHOTOS, take_turn
from casework.photos.uploads import shown_name
from casework.recordings.formats import refuse_by_size
from casework.recordings.staging import KINDS, RecordingRefused, most_bytes, prepare_recording, stage_recording
from casework.setting_values import VALUES, value_of
from web.clock import now
from web.files.scanning import ScanRefused, refuse_infected
from web.files.uploads import stage_uploads
from web.guards import file_store

SLACK_BYTES = 1_000_000
"""Room for words and fields in addition to the files."""


def most_report_photos() -> int:
    return int(value_of("report_photos"))


def heaviest_report() -> int:
    """The most bytes a report's request may have under any setting; checked before anything is read."""
    recordings = sum(int(VALUES[f"most_{kind}_mb"].default) for kind in KINDS) * 2**20
    return int(current_app.config["MAX_PHOTO_BYTES"]) * MOST_PHOTOS + recordings + SLACK_BYTES


def stage_report_files(
    *, photos: Iterable[FileStorage], voice: FileStorage | None, video: FileStorage | None, token: str, by: Actor
) -> list[Bilingual]:
    """Stage the files sent with a report under its form's token; returns a sentence for each file that was refused."""
    refused = stage_uploads(photos, token=token, purpose="scene", by=by, most=most_report_photos())
    for kind, file in zip(KINDS, (voice, video), strict=True):
        if file is not None and file.filename:
            refused += _stage_recording(file, kind, token, by)
    return refused


def _stage_recording(file: FileStorage, kind: str, token: str, by: Actor) -> list[Bilingual]:
    try:
        _refuse_heavy(file, kind)
        data = file.read()
        refuse_infected(data, file.filename or "")
        prepared = prepare_recording(data, file.filename or "", kind=kind, store=file_store())
    except (RecordingRefused, FileNotStored, ScanRefused) as refusal:
        return [refusal.text]
    with unit_of_work():
        take_turn(token)
        stage_recording(prepared, token=token, by=by, now=now())
    return []


def _refuse_heavy(file: FileStorage, kind: str) -> None:
    """Refuse a file by its size before reading it, since a temporary file need not be loaded to be refused."""
    size = file.seek(0, SEEK_END)
    file.seek(0)
    refuse_by_size(size, most_bytes(kind), shown_name(file.filename or ""), kind)
