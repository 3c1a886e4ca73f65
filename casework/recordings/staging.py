"""Voice notes and videos as rows: staged with an unsent form, linked when it is sent. The token of the form is that of its photos.

The bytes are checked and sealed in `prepare_recording`, before the write transaction; the rows are written inside it. A form has one
voice note and one video: a newer one replaces the earlier one.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from casework.db import db
from casework.files.local import FileStore, StoredFile, new_stored_name
from casework.models import Addition, File, Recording, Report
from casework.permissions import Actor
from casework.photos.records import NAME_PURPOSE
from casework.recordings.formats import RecordingRefused, media_type_of
from casework.sealing.seal import seal_text
from casework.setting_values import value_of

__all__ = [
    "KINDS", "PreparedRecording", "RecordingRefused", "drop_staged_recording", "link_recordings", "most_bytes", "prepare_recording",
    "recordings_of_report", "stage_recording", "staged_recordings",
]  # fmt: skip

KINDS = ("voice", "video")


@dataclass(frozen=True)
class PreparedRecording:
    """An accepted voice note or video whose sealed original is on disk."""

    kind: str
    sha256: str
    sealed_name: bytes
    stored: StoredFile
    media_type: str


def most_bytes(kind: str) -> int:
    return int(value_of(f"most_{kind}_mb")) * 2**20


def prepare_recording(data: bytes, filename: str, *, kind: str, store: FileStore, max_bytes: int | None = None) -> PreparedRecording:
    """Check a sent file and seal its original; `max_bytes` is `most_bytes(kind)` unless given. Writes nothing to the database.

    Raises RecordingRefused, FileNotStored.
    """
    media_type = media_type_of(data, filename, kind=kind, max_bytes=most_bytes(kind) if max_bytes is None else max_bytes)
    stored = store.put(new_stored_name(), data, sealed=True)
    return PreparedRecording(kind, stored.sha256, seal_text(filename, purpose=NAME_PURPOSE), stored, media_type)


def stage_recording(prepared: PreparedRecording, *, token: str, by: Actor, now: datetime) -> Recording:
    """Give a prepared recording its rows in an unsent form.

    The same bytes sent twice are kept once; other bytes of the same kind replace the earlier ones.
    """
    for earlier in staged_recordings(token):
        if (earlier.kind, earlier.sha256) == (prepared.kind, prepared.sha256):
            return earlier
        if earlier.kind == prepared.kind:
            earlier.state = "deleted"
    recording = Recording(
        kind=prepared.kind, state="staged", staged_token=token, position=KINDS.index(prepared.kind), sha256=prepared.sha256,
        sealed_name=prepared.sealed_name, uploaded_by_id=by.own_id, uploaded_at=now,
    )  # fmt: skip
    stored = prepared.stored
    recording.files.append(
        File(
            audience="sealed", rendition="original", stored_name=stored.stored_name, sha256=stored.sha256, size=stored.size,
            media_type=prepared.media_type, key_id=stored.key_id, width=0, height=0, created_at=now, created_by_id=by.own_id,
        )
    )  # fmt: skip
    db.session.add(recording)
    db.session.flush()
    return recording


def staged_recordings(token: str) -> list[Recording]:
    """The recordings of an unsent form: its voice note first."""
    query = select(Recording).where(Recording.staged_token == token, Recording.state == "staged")
    return list(db.session.scalars(query.order_by(Recording.position, Recording.id)))


def drop_staged_recording(token: str, ref: str) -> None:
    """Remove a recording from an unsent form; its file is swept later."""
    for recording in staged_recordings(token):
        if recording.ref == ref:
            recording.state = "deleted"


def link_recordings(token: str, *, now: datetime, report: Report, addition: Addition | None = None) -> int:
    """Link the recordings of a form to the report it made, or to an addition; return how many there were.

    Recordings of an addition still belong to its report, and are merged, split off or erased with it.
    """
    recordings = staged_recordings(token)
    for recording in recordings:
        recording.state, recording.linked_at, recording.staged_token = "linked", now, None
        recording.report_id, recording.addition_id = report.id, addition.id if addition else None
    return len(recordings)


def recordings_of_report(report: Report) -> list[Recording]:
    """The recordings sent with a report and its additions, oldest first."""
    query = select(Recording).where(Recording.report_id == report.id, Recording.state == "linked")
    return list(db.session.scalars(query.order_by(Recording.position, Recording.id)))
