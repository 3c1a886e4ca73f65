"""Who may be served which file of a voice note or video (rules.md, section 2). The look-up is the permission.

play       the copy without metadata: operators and operations leads of the case, and who sent the report
original   of a voice note its sender, and the same staff as long as there is no copy, so that it is heard at once; of a video nobody
Of an unsent form whoever fills it in has what they put there.
Of a case in quarantine the copies are gone, and its confidential readers have the originals. Agencies and the public have neither.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from casework.db import db
from casework.models import Case, CaseReport, File, Recording, Report
from casework.permissions import Action, Actor, may
from casework.permissions.sight import SIGHTS, Sight, owns_report, sees, viewers
from casework.reading.lacking import Part, not_lacked
from casework.recordings.preparing import RETRIED

RENDITIONS = ("play", "original")


@dataclass(frozen=True, slots=True)
class SeenRecording:
    """A recording as one person may have it; None or empty for what they may not have, or does not exist."""

    ref: str
    kind: str
    report_ref: str
    uploaded_at: datetime
    seconds: float | None
    rendition: str | None
    """The file to play; None where there is none yet, or none for this person."""
    media_type: str
    refused: str | None
    transcript: str | None
    """The text for agencies, written by an operator."""
    transcribed_at: datetime | None
    addition_id: int | None = None
    can_transcribe: bool = False
    """Whether this person may write it."""
    can_retry: bool = False
    """Whether this person may have an abandoned copy tried again."""


def recording_file(actor: Actor, ref: str, rendition: str, *, form_tokens: frozenset[str] = frozenset()) -> File | None:
    """The file of a recording, if the person may have it. `form_tokens` are the unsent forms open in their browser."""
    query = select(Recording).where(Recording.ref == ref).options(selectinload(Recording.files))
    recording = db.session.scalar(query)
    if recording is None or rendition not in RENDITIONS:
        return None
    if recording.state == "staged":
        is_own = recording.staged_token in form_tokens or (actor.own_id is not None and recording.uploaded_by_id == actor.own_id)
        return _file(recording, rendition) if is_own else None
    if recording.state != "linked" or recording.report_id is None:
        return None
    report, case = db.session.get_one(Report, recording.report_id), _case_of(recording.report_id)
    if case is None:
        return None
    if case.quarantined_at is not None:
        return _file(recording, rendition) if sees(actor, Sight.ORIGINAL, case) else None
    if rendition == "original" and recording.kind == "video":
        return None
    # the metadata of an original may name its sender: staff have it only while there is nothing else to hear
    is_needed = rendition == "play" or _file(recording, "play") is None
    may_have = owns_report(actor, report) or (is_needed and bool(SIGHTS[Sight.ORIGINAL] & viewers(actor, case)))
    return _file(recording, rendition) if may_have else None


def recordings_seen(case: Case, actor: Actor, *, has_step: bool = False) -> list[SeenRecording]:
    """The recordings of a case's reports, in order: playable for the centre, with the transcript for readers of the cleared words, and
    without those the person may have nothing of."""
    reports = {link.report_id: link.report.ref for link in case.reports if link.left_at is None}
    plays, reads = sees(actor, Sight.ORIGINAL, case), sees(actor, Sight.CLEARED, case) or has_step
    if not reports or not (plays or reads):
        return []
    writes = plays and may(actor, Action.TRANSCRIBE, case)
    found = [_seen(each, reports[each.report_id or 0], plays=plays, reads=reads, writes=writes) for each in _linked(reports)]
    return [each for each in found if plays or each.transcript]


def _linked(report_ids: Collection[int]) -> list[Recording]:
    report_ids = not_lacked(Part.RECORDINGS, report_ids)
    if not report_ids:
        return []
    query = select(Recording).where(Recording.report_id.in_(report_ids), Recording.state == "linked")
    query = query.order_by(Recording.report_id, Recording.position, Recording.id)
    return list(db.session.scalars(query.options(joinedload(Recording.files))).unique())


def _seen(recording: Recording, report_ref: str, *, plays: bool, reads: bool, writes: bool = False) -> SeenRecording:
    file = (_file(recording, "play") or (_file(recording, "original") if recording.kind == "voice" else None)) if plays else None
    return SeenRecording(
        ref=recording.ref, kind=recording.kind, report_ref=report_ref, uploaded_at=recording.uploaded_at, seconds=recording.seconds,
        rendition=file.rendition if file else None, media_type=file.media_type if file else "",
        refused=recording.refused if plays else None, transcript=recording.transcript if reads else None,
        transcribed_at=recording.transcribed_at if reads else None, addition_id=recording.addition_id, can_transcribe=writes,
        can_retry=writes and recording.refused in RETRIED,
    )  # fmt: skip


def originals_apart(case: Case, actor: Actor) -> list[SeenRecording]:
    """The recordings of a quarantined case for its confidential readers, as sent; empty once erased."""
    if case.quarantined_at is None or not sees(actor, Sight.ORIGINAL, case):
        return []
    reports = {link.report_id: link.report.ref for link in case.reports if link.left_at is None}
    found = ((each, _file(each, "original")) for each in _linked(reports))
    return [
        SeenRecording(each.ref, each.kind, reports[each.report_id or 0], each.uploaded_at, each.seconds, "original", file.media_type, None,
                      None, None)
        for each, file in found if file is not None
    ]  # fmt: skip


def _file(recording: Recording, rendition: str) -> File | None:
    found = [file for file in recording.files if file.rendition == rendition and file.erased_at is None]
    return found[-1] if found else None


def _case_of(report_id: int) -> Case | None:
    """The case a report belongs to now: the recordings of a merged report move with it."""
    query = select(Case).join(CaseReport, CaseReport.case_id == Case.id)
    query = query.where(CaseReport.report_id == report_id, CaseReport.left_at.is_(None))
    query = query.options(selectinload(Case.assignments), selectinload(Case.reports).joinedload(CaseReport.report))
    return db.session.scalars(query).one_or_none()
