"""Parts of the case page: the limit in the bar, pictures, and what remains of a quarantined case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from casework.casefile.exchanges import Dealings
from casework.casefile.views import SeenAnswer, SeenPhoto, SeenReport
from casework.erasure.quarantine import hand_over_receipt, quarantine_reason
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import Case, Photo
from casework.permissions.sight import Sight, sees
from casework.photos.records import photos_of_report
from casework.recordings.access import SeenRecording, originals_apart
from casework.upkeep.erasure_log import handed_over_at
from web.clock import now
from web.due_words import DueWords, due_words
from web.guards import actor
from web.locales import in_reader_language as local
from workflows.models import ProcessVersion, WaitingTask

FILE_WORDS = {"report": _l("Report"), "answer": _l("Answer"), "step": _l("Step")}
AUDIENCE_WORDS = {"centre": _l("the centre"), "agencies": _l("agencies"), "public": _l("the public")}
SENDERS = {"citizen": _l("The reporter"), "camera": _l("Camera"), "phone": _l("The centre, for a caller"), "officer": _l("Member of staff")}


@dataclass(frozen=True)
class CasePicture:
    """One picture of a case. `purpose` is what it was sent for, `sender` a role in the case and never a citizen's name."""

    photo: SeenPhoto
    purpose: str
    sender: str
    of: str


@dataclass(frozen=True)
class QuarantinedCase:
    """A quarantined case as its confidential readers see it."""

    since: datetime
    reason: str | None
    photos: list[Photo]
    recordings: list[SeenRecording]
    handed_over_at: datetime | None
    receipt: str | None


def due_of(case: Case, *, runs: bool) -> DueWords | None:
    """The limit shown in the bar: paused while the case is on hold."""
    if not runs:
        return None
    return DueWords("paused", _("Paused"), None) if case.paused_for is not None else due_words(case.due_at, now=now())


def version_of(tasks: Sequence[WaitingTask]) -> ProcessVersion | None:
    """The process version of the case, where one of its own steps is waiting."""
    return next((task.instance.process_version for task in tasks if task.instance.assignment_id is None), None)


def files_of(
    reports: Sequence[SeenReport], answers: Mapping[int, Sequence[SeenAnswer]], case: Case, dealings: Dealings
) -> list[CasePicture]:
    """Every picture the reader may see, in page order: its purpose, the sender's role in the case, and its audience."""
    found = [CasePicture(photo, "report", SENDERS[each.report.source], each.report.code) for each in reports for photo in each.photos]
    for row in case.assignments:
        for seen in answers[row.id]:
            words = _("version %(number)s", number=seen.answer.version)
            found += [CasePicture(photo, "answer", local(row.agency.short_name), words) for photo in seen.photos]
    for record in dealings.records:
        sender = local(record.assignment.agency.short_name) if record.assignment is not None else _("The centre")
        found += [CasePicture(photo, "step", sender, local(record.label)) for value in record.values for photo in value.photos]
    return found


def moment_words(instant: datetime) -> str:
    """A moment as people say it: today and yesterday by name."""
    there = instant.astimezone(LOCAL_ZONE)
    days = (local_day(now()) - there.date()).days
    if days == 0:
        return str(_("%(time)s today", time=f"{there:%H:%M}"))
    if days == 1:
        return str(_("%(time)s yesterday", time=f"{there:%H:%M}"))
    return f"{there:%H:%M %d/%m/%Y}"


def apart_seen(case: Case) -> QuarantinedCase | None:
    """What remains of a quarantined case; None for everybody but its confidential readers."""
    by = actor()
    if case.quarantined_at is None or not sees(by, Sight.QUARANTINED, case):
        return None
    handed_at = handed_over_at(case)
    photos = [photo for link in case.reports if link.left_at is None for photo in photos_of_report(link.report)]
    return QuarantinedCase(
        case.quarantined_at, quarantine_reason(case, by=by), [] if handed_at else photos, originals_apart(case, by), handed_at,
        hand_over_receipt(case, by=by),
    )  # fmt: skip
