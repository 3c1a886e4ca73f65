"""What a reporter writes after filing, and what the operator lets agencies read of it (rules.md, section 6, "Reporter writes")."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.folding import normal
from casework.models import Addition, Case, Report
from casework.outbox import tell_desk
from casework.permissions import Action, Actor, Role, require, require_sender
from casework.sealing import open_text, seal_text
from casework.states import ENDED_STATES

WORDS_PURPOSE = "addition to a report"
LONGEST_WORDS = 4_000


class AdditionRefused(CaseworkError):
    """Nothing can be added so, or nothing waits to be read; the text says why."""


def write_to_centre(case: Case, *, by: Actor, now: datetime, report: Report, words: str) -> None:
    """Add to one's report, at any time until the case is closed; an operator reads it.

    Records `write_to_centre` without the words, which are sealed. Raises NotAllowed for anybody but the report's sender,
    AdditionRefused. Source: rules.md, section 6, "Reporter writes".
    """
    require_sender(by, report, case)
    if case.quarantined_at is not None or case.state in ENDED_STATES:
        raise AdditionRefused("Phản ánh này không nhận thêm thông tin nữa.", "Nothing more can be added to this report.")
    words = normal(words)
    if not words or len(words) > LONGEST_WORDS:
        raise AdditionRefused(
            f"Vui lòng viết nội dung, tối đa {LONGEST_WORDS} ký tự.", f"Please write your words, {LONGEST_WORDS} characters at most."
        )
    db.session.add(Addition(case_id=case.id, report_id=report.id, sealed_words=seal_text(words, purpose=WORDS_PURPOSE), written_at=now))
    record(case, "write_to_centre", by=by, at=now, report=report.code)
    case.has_unread_words = True
    tell_desk(Role.OPERATOR, "reporter_wrote", case=case, at=now)


def clear_addition(case: Case, *, by: Actor, now: datetime, words: str = "", seen: Collection[str] | None = None) -> dict[str, object]:
    """Mark what reporters added as read; `words`, free of who wrote them, become what agencies may read of the newest.

    `seen` are the refs of the additions the reader had in front of them; what came in later stays unread (`left`). Without it
    all count as read. Records `clear_text`. Agencies at work are told when something is cleared for them.
    Raises AdditionRefused when nothing waits to be read.
    """
    require(by, Action.CLEAR_TEXT, case)
    unread = [addition for addition in additions_of(case) if addition.read_at is None]
    read = [addition for addition in unread if seen is None or addition.ref in seen]
    if not read:
        raise AdditionRefused("Không có nội dung bổ sung nào chưa đọc.", "Nothing that was added waits to be read.")
    words = normal(words)
    if len(words) > LONGEST_WORDS:
        raise AdditionRefused(
            f"Nội dung gửi đơn vị tối đa {LONGEST_WORDS} ký tự.", f"The text for agencies has {LONGEST_WORDS} characters at most."
        )
    for addition in read:
        addition.read_by_id, addition.read_at = by.account_id, now
    read[-1].cleared_words = words or None
    case.has_unread_words = len(read) < len(unread)
    record(case, "clear_text", by=by, at=now, report=read[-1].report.code, additions=len(read), cleared=bool(words))
    for assignment in case.open_assignments if words else ():
        tell_desk(Role.OFFICER, "words_cleared", case=case, at=now, agency_id=assignment.agency_id)
    return {"outcome": "read", "left": len(unread) - len(read)}


def additions_of(case: Case) -> list[Addition]:
    """Everything reporters of a case wrote after filing, oldest first."""
    query = select(Addition).where(Addition.case_id == case.id).options(joinedload(Addition.report)).order_by(Addition.id)
    return list(db.session.scalars(query))


def addition_words(addition: Addition) -> str | None:
    """The sender's own words: for the operations team and their writer; agencies read `cleared_words`."""
    return open_text(addition.sealed_words, purpose=WORDS_PURPOSE) if addition.sealed_words else None
