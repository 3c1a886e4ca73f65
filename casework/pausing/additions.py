"""Additions by a reporter after filing, and what the operator lets agencies read of them (rules.md, section 6, "Reporter writes")."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Addition, Case, Photo, Report
from casework.outbox import tell_desk
from casework.pausing.added_files import AddedFiles, has_files, link_files, photos_of_additions
from casework.permissions import Action, Actor, Role, require
from casework.permissions.sight import require_sender
from casework.photos.records import PreparedCopies, add_copies
from casework.sealing.seal import open_text, seal_text
from casework.sentences import always
from casework.states import ENDED_STATES
from casework.text import normal
from casework.verbs import MESSAGE, Input, Verb, writes

WORDS_PURPOSE = "addition to a report"
LONGEST_WORDS = 4_000


class AdditionRefused(CaseworkError):
    """Nothing can be added like this, or nothing waits to be read; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteToCentreInput(Input):
    report: Report
    words: str
    token: str | None = None


@Verb(
    "write_to_centre", Action.WRITE_TO_CENTRE, kinds=MESSAGE, is_personal=True, is_from_outside=True,
    staff=always("Viết thêm cho Trung tâm", "Wrote to the centre"), sender=always("Ông/Bà viết thêm", "You wrote more"),
    is_act=True, needs=("reporter_wrote",),
)  # fmt: skip
def write_to_centre(case: Case, given: WriteToCentreInput, *, by: Actor, now: datetime) -> None:
    """Add to one's report, at any time until the case is closed; an operator reads it.

    `token` names the photos and the voice note staged with the form; with some, there need be no words. Records
    `write_to_centre` without the words, which are sealed. Raises NotAllowed for anybody but the report's sender,
    AdditionRefused, TooManyOfAReport. Source: rules.md, section 6, "Reporter writes".
    """
    require_sender(by, given.report, case)
    if case.quarantined_at is not None or case.state in ENDED_STATES:
        raise AdditionRefused("Phản ánh này không nhận thêm thông tin nữa.", "Nothing more can be added to this report.")
    words = normal(given.words)
    if not (words or has_files(given.token)) or len(words) > LONGEST_WORDS:
        raise AdditionRefused(
            f"Vui lòng viết nội dung (tối đa {LONGEST_WORDS} ký tự) hoặc chọn ảnh.",
            f"Please write your words ({LONGEST_WORDS} characters at most) or choose photos.",
            about="words",
        )
    sent = add_to_report(case, given.report, words=words, token=given.token, now=now)
    record(case, "write_to_centre", by=by, at=now, report=given.report.code, **sent.told())
    tell_desk(Role.OPERATOR, "reporter_wrote", case=case, at=now)


def add_to_report(case: Case, report: Report, *, words: str, token: str | None, now: datetime) -> AddedFiles:
    """Store an addition for an operator to read: words, possibly empty, and the files staged under the token."""
    sealed = seal_text(words, purpose=WORDS_PURPOSE) if words else None
    addition = Addition(case_id=case.id, report_id=report.id, sealed_words=sealed, written_at=now)
    db.session.add(addition)
    case.has_unread_words = True
    return link_files(token, addition, report)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearTextInput(Input):
    words: str = ""
    seen: Collection[str] | None = None
    copies: Sequence[tuple[Photo, PreparedCopies]] = ()


@writes("clear_text")
def clear_addition(case: Case, given: ClearTextInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Mark reporters' additions as read; `words`, without traces of their sender, are what agencies may read of the newest, `copies` what
    they may see of its photos. A photo without a copy stays with the centre.

    `seen` are the refs of the additions shown to the reader; later ones stay unread (`left`). Without it all count as read. Records
    `clear_text`. Agencies at work are told when something is cleared for them. Raises AdditionRefused when nothing waits to be read, or a
    photo belongs to none of the additions read.
    """
    require(by, Action.CLEAR_TEXT, case)
    unread = [addition for addition in additions_of(case) if addition.read_at is None]
    read = [addition for addition in unread if given.seen is None or addition.ref in given.seen]
    if not read:
        raise AdditionRefused("Không có nội dung bổ sung nào chưa đọc.", "Nothing that was added waits to be read.")
    words = normal(given.words)
    if len(words) > LONGEST_WORDS:
        raise AdditionRefused(
            f"Nội dung gửi đơn vị tối đa {LONGEST_WORDS} ký tự.", f"The text for agencies has {LONGEST_WORDS} characters at most.",
            about="words",
        )
    _show_to_agencies(given.copies, read, by, now)
    for addition in read:
        addition.read_by_id, addition.read_at = by.account_id, now
    read[-1].cleared_words = words or None
    case.has_unread_words = len(read) < len(unread)
    record(case, "clear_text", by=by, at=now, report=read[-1].report.code, additions=len(read), cleared=bool(words),
           **AddedFiles(photos=len(given.copies)).told())  # fmt: skip
    for assignment in case.open_assignments if words or given.copies else ():
        tell_desk(Role.OFFICER, "words_cleared", case=case, at=now, agency_id=assignment.agency_id)
    return {"outcome": "read", "left": len(unread) - len(read)}


def _show_to_agencies(copies: Sequence[tuple[Photo, PreparedCopies]], read: Sequence[Addition], by: Actor, now: datetime) -> None:
    sent = {photo.id for photos in photos_of_additions(read).values() for photo in photos} if copies else set()
    for photo, prepared in copies:
        if photo.id not in sent:
            raise AdditionRefused("Ảnh này không thuộc nội dung đang đọc.", "This photo was not sent with what is being read.")
        add_copies(photo, prepared, audience="agencies", by=by, now=now)


def additions_of(case: Case) -> list[Addition]:
    """Every addition to a case, oldest first."""
    query = select(Addition).where(Addition.case_id == case.id).options(joinedload(Addition.report)).order_by(Addition.id)
    return list(db.session.scalars(query))


def addition_words(addition: Addition) -> str | None:
    """The sender's own words, for the operations team and their writer; agencies read `cleared_words`."""
    return open_text(addition.sealed_words, purpose=WORDS_PURPOSE) if addition.sealed_words else None
