"""Recordings waiting for their copy without metadata, and the results: rows are claimed, so that any number of workers may run.

Only attempts that did not finish count, because the recording crashed its reader or something unforeseen happened. An unavailable storage
or key does not count: the recording is tried again, however long that lasts. Whoever may hear a recording may also have an abandoned one
tried again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update

from casework.db import db
from casework.files.local import StoredFile
from casework.models import Case, File, Recording
from casework.permissions import Action, Actor, NotAllowed, require
from casework.permissions.sight import Sight, sees

MOST_ATTEMPTS = 3
TRIED_AGAIN_AFTER = timedelta(minutes=10)
"""How long a worker that was cut off, or an unavailable storage, keeps a recording from the others."""
RETRIED = frozenset({"failed", "too_large", "too_slow", "unreadable"})
"""Refusals that may be retried, on a larger machine or with a newer library. The others are due to the content."""


@dataclass(frozen=True)
class Unprepared:
    """A recording to copy: its row, and the stored name of its original."""

    recording_id: int
    kind: str
    media_type: str
    stored_name: str
    is_sealed: bool


def has_unprepared(*, now: datetime) -> bool:
    return db.session.scalar(select(Recording.id).where(_waits(now)).limit(1)) is not None


def claim_unprepared(*, now: datetime, most: int) -> list[Unprepared]:
    """Claim the recordings that have waited longest, keeping them from other workers for a while.

    One that was tried MOST_ATTEMPTS times without finishing is given up: it crashes its reader.
    """
    waiting = select(Recording.id, Recording.attempts).where(_waits(now)).order_by(Recording.linked_at).limit(most)
    rows = db.session.execute(waiting.with_for_update(skip_locked=True)).all()
    _set([id_ for id_, attempts in rows if attempts >= MOST_ATTEMPTS], refused="failed")
    ids = [id_ for id_, attempts in rows if attempts < MOST_ATTEMPTS]
    if not ids:
        return []
    _set(ids, attempts=Recording.attempts + 1, tried_at=now)
    originals = select(File, Recording.kind).join(Recording, Recording.id == File.recording_id)
    originals = originals.where(File.recording_id.in_(ids), File.rendition == "original", File.erased_at.is_(None)).order_by(File.id)
    return [
        Unprepared(file.recording_id, kind, file.media_type, file.stored_name, file.key_id is not None)
        for file, kind in db.session.execute(originals) if file.recording_id is not None
    ]  # fmt: skip


def keep_copy(recording_id: int, stored: StoredFile, *, media_type: str, seconds: float, now: datetime) -> bool:
    """Give a stored copy its row; False if the recording was quarantined meanwhile, or copied by another worker.

    The copy is for the centre and the sender, and sealed like the original, because a voice identifies the speaker.
    """
    taken = update(Recording).where(_is_open(recording_id)).values(prepared_at=now, seconds=round(seconds, 2)).returning(Recording.id)
    if db.session.scalar(taken, execution_options={"synchronize_session": False}) is None:
        return False
    db.session.add(
        File(
            recording_id=recording_id, audience="centre", rendition="play", stored_name=stored.stored_name, sha256=stored.sha256,
            size=stored.size, media_type=media_type, key_id=stored.key_id, width=0, height=0, created_at=now,
        )
    )  # fmt: skip
    return True


def give_back(recording_id: int) -> None:
    """Do not count an attempt that failed through no fault of the recording; the pause after it stays."""
    back = update(Recording).where(_is_open(recording_id), Recording.attempts > 0).values(attempts=Recording.attempts - 1)
    db.session.execute(back, execution_options={"synchronize_session": False})


def copy_again(case: Case, *, by: Actor, recording: Recording) -> None:
    """Have an abandoned recording tried again at once; does nothing for others.

    The caller holds the lock. Raises NotAllowed for anybody who may not hear it.
    """
    require(by, Action.TRANSCRIBE, case)
    if case.quarantined_at is not None or not sees(by, Sight.ORIGINAL, case):
        raise NotAllowed
    if recording.refused in RETRIED and recording.prepared_at is None:
        recording.refused, recording.attempts, recording.tried_at = None, 0, None
        db.session.flush()


def keep_refusal(recording_id: int, word: str) -> None:
    """Record why no copy can be made, in one of the words of casework.recordings.copying."""
    refused = update(Recording).where(_is_open(recording_id)).values(refused=word)
    db.session.execute(refused, execution_options={"synchronize_session": False})


def _waits(now: datetime) -> ColumnElement[bool]:
    is_free = or_(Recording.tried_at.is_(None), Recording.tried_at < now - TRIED_AGAIN_AFTER)
    return Recording.linked_at.is_not(None) & Recording.prepared_at.is_(None) & Recording.refused.is_(None) & is_free


def _is_open(recording_id: int) -> ColumnElement[bool]:
    return (Recording.id == recording_id) & Recording.prepared_at.is_(None) & Recording.refused.is_(None)


def _set(ids: list[int], **values: object) -> None:
    if ids:
        db.session.execute(update(Recording).where(Recording.id.in_(ids)).values(values), execution_options={"synchronize_session": False})
