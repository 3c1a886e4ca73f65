"""Transcripts of recordings, written by an operator: agencies read them instead of hearing the voice (rules.md, section 2)."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Case, CaseReport, Recording, Report
from casework.outbox import tell_desk
from casework.permissions import Action, Actor, NotAllowed, Role, require
from casework.permissions.sight import Sight, sees
from casework.search.rows import refresh_search_rows
from casework.sentences import always
from casework.text import normal
from casework.verbs import MESSAGE, Verb

LONGEST_WORDS = 10_000


class TranscriptRefused(CaseworkError):
    """The words cannot be the transcript of the recording; the text says why."""


@Verb(
    "transcribe", Action.TRANSCRIBE, kinds=MESSAGE,
    staff=always("Ghi lại lời ghi âm cho đơn vị đọc", "Wrote down what a recording says, for agencies to read"),
)  # fmt: skip
def transcribe(case: Case, *, by: Actor, now: datetime, recording: Recording, words: str) -> None:
    """Write the transcript of a recording, without traces of the speaker; newer words replace earlier ones. The caller holds the lock.

    Records `transcribe` without the words, and tells the agencies at work. The same words again change nothing. Raises NotAllowed for
    anybody who may not hear it, TranscriptRefused for no words, too many, or a recording of another case. Source: rules.md, section 2:
    voice notes are heard by operators only, agencies read the transcript the operator writes.
    """
    require(by, Action.TRANSCRIBE, case)
    if case.quarantined_at is not None or not sees(by, Sight.ORIGINAL, case):
        raise NotAllowed
    report = next((link.report for link in case.reports if link.left_at is None and link.report_id == recording.report_id), None)
    if report is None or recording.state != "linked":
        raise TranscriptRefused("Lời ghi âm này không thuộc hồ sơ.", "This recording does not belong to the case.")
    words = normal(words)
    if not words or len(words) > LONGEST_WORDS:
        raise TranscriptRefused(
            f"Vui lòng ghi lại nội dung nghe được, tối đa {LONGEST_WORDS} ký tự.",
            f"Please write down what is said, in {LONGEST_WORDS} characters at most.",
            about="words",
        )
    if words == recording.transcript:
        return
    recording.transcript, recording.transcribed_by_id, recording.transcribed_at = words, by.own_id, now
    db.session.flush()
    record(case, "transcribe", by=by, at=now, report=report.code, kind=recording.kind)
    for assignment in case.open_assignments:
        tell_desk(Role.OFFICER, "words_cleared", case=case, at=now, agency_id=assignment.agency_id)
    refresh_search_rows(case, at=now)


def recording_of(case: Case, ref: str) -> Recording | None:
    present = CaseReport.case_id == case.id, CaseReport.left_at.is_(None)
    query = select(Recording).join(CaseReport, CaseReport.report_id == Recording.report_id)
    return db.session.scalar(query.where(Recording.ref == ref, Recording.state == "linked", *present))


def transcripts_of(report: Report) -> list[str]:
    """The transcripts of a report's recordings, in order."""
    query = select(Recording.transcript).where(Recording.report_id == report.id, Recording.state == "linked")
    return [words for words in db.session.scalars(query.order_by(Recording.position, Recording.id)) if words]


def has_unheard_voice(report_ids: Collection[int]) -> bool:
    """Whether a voice note of the reports has no transcript, so that agencies would not know its content."""
    unheard = (Recording.kind == "voice", Recording.state == "linked", Recording.transcript.is_(None))
    return db.session.scalar(select(Recording.id).where(Recording.report_id.in_(report_ids), *unheard).limit(1)) is not None
