"""Apology and new date for a case whose day has passed: a promise in addition to the limit, which is not moved and stays late.

A practice of the one-stop units ("Phiếu xin lỗi và hẹn lại ngày trả kết quả"), adopted for field reports.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, func, select

from casework.calendars import calendar_of
from casework.db import db
from casework.documents import sentences
from casework.documents.kinds import APOLOGY
from casework.documents.letterheads import letterhead_for
from casework.documents.letters import is_owed_late, refuse_day
from casework.documents.writing import title_told
from casework.errors import CaseworkError
from casework.events import record
from casework.lateness import is_late
from casework.local_time import local_day
from casework.models import Agency, Assignment, Case, Letter
from casework.outbox import tell_reporters
from casework.permissions import OPERATIONS, Action, Actor, Role, require
from casework.states import OPEN_STATES
from casework.text import normal
from casework.verbs import MESSAGE, Input, Situation, Verb
from casework.working_time import TimeLimit, Unit, due_at

LONGEST_REASON = 500
OWED_AFTER = TimeLimit(1, Unit.WORKING_DAYS)
"""How long after its day a late case without an apology owes one."""


class ApologyRefused(CaseworkError):
    """No apology can be written for this case like this; the text says why."""


@dataclass(frozen=True, slots=True)
class OwnApology:
    """An apology as the sender of a report reads it."""

    ref: str
    unit: str
    reason: str
    new_day: date
    made_at: datetime


def an_apology_is_due(at: Situation) -> bool:
    """Where an answer is late, for those who may sign for it."""
    return can_be_apologised_for(at.case, at.now) and may_apologise(at.case, at.by, at.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApologiseInput(Input):
    reason: str
    until: date


@Verb(
    "apologise", Action.WRITE_LETTER, kinds=MESSAGE, about_limit=True, staff=sentences.apologised, sender=sentences.apologised_to_you,
    is_act=True, offered=an_apology_is_due,
)  # fmt: skip
def apologise(case: Case, given: ApologiseInput, *, by: Actor, now: datetime) -> None:
    """Apologise to every reporter of a late case, with the reason and a new day (a working day from tomorrow on).

    Signed for the late unit: the agency of a leader who writes it; else the late lead agency, else another late one, else the centre.
    Moves no limit. Records `apologise` with the day and the agency, without the reason, which is only in the letter. Raises NotAllowed,
    ApologyRefused (also for a leader whose agency is not late), DayTooFar.
    """
    require(by, Action.WRITE_LETTER, case)
    reason = normal(given.reason)
    if not can_be_apologised_for(case, now):
        raise ApologyRefused("Chỉ xin lỗi khi hồ sơ đã quá hạn và chưa trả lời.", "Only a case that is past its day and unanswered.")
    if not may_apologise(case, by, now):
        raise ApologyRefused("Đơn vị của Ông/Bà không trễ hạn trong hồ sơ này.", "Your agency is not late in this case.")
    if not reason or len(reason) > LONGEST_REASON:
        raise ApologyRefused(
            f"Vui lòng nêu lý do chậm trễ, tối đa {LONGEST_REASON} ký tự.", f"Please give the reason, {LONGEST_REASON} characters at most.",
            about="reason",
        )
    refuse_day(case.centre_id, given.until, now)
    if db.session.scalar(_of_case(case.id).where(Letter.reply_by >= given.until)) is not None:
        raise ApologyRefused(
            "Đã hẹn lại ngày này hoặc một ngày sau đó.", "That day, or a later one, has been promised already.",
            about="until",
        )
    agency = unit_signing(case, by, now)
    today = local_day(now)
    content = {
        "head": letterhead_for(case.centre_id, agency.id if agency else None, today).told(),
        "unit": (agency or case.centre).name_vi,
        "phone": (agency.phone if agency else None) or case.centre.phone or "",
        "centre": case.centre.name_vi,
        "code": case.code,
        "filed_at": case.main_report.filed_at.isoformat(),
        "title": title_told(case),
        "due_at": case.due_at.isoformat() if case.due_at else None,
        "on": today.isoformat(),
        "reason": reason,
    }
    letter = Letter(
        kind=APOLOGY, centre_id=case.centre_id, agency_id=agency.id if agency else None, case_id=case.id, reply_by=given.until,
        content=content, made_by_id=by.account_id, made_at=now,
    )  # fmt: skip
    db.session.add(letter)
    record(case, "apologise", by=by, at=now, agency=agency.key if agency else None, new_day=given.until.isoformat())
    due = calendar_of(case.centre_id).end_of(given.until, now)
    tell_reporters(case, "apology", at=now, due_at=due.isoformat())


def can_be_apologised_for(case: Case, now: datetime) -> bool:
    """Whether the case is late, still owes its answer and is not paused."""
    is_owed = case.state in OPEN_STATES and case.standstill is None and case.answered_at is None and case.quarantined_at is None
    return is_owed and is_late(case.due_at, now)


def may_apologise(case: Case, by: Actor, now: datetime) -> bool:
    """Whether this person could sign for a late unit of the case: the centre for any, a leader for their own agency."""
    return by.holds(OPERATIONS, centre_id=case.centre_id) or bool(_own_late(case, by, now))


def unit_signing(case: Case, by: Actor, now: datetime) -> Agency | None:
    """The agency an apology would be signed for; None for the centre."""
    late = _late_parts(case, by, now)
    return late[0].agency if late else None


def is_owed(due: datetime | None, centre_id: int, now: datetime) -> bool:
    """Whether a case past its day, with no apology yet, owes one by now."""
    if due is None or not is_late(due, now):
        return False
    owed_at = due_at(OWED_AFTER, due - timedelta(microseconds=1), calendar_of(centre_id))
    return owed_at is not None and now >= owed_at


def promised_days(case_ids: Collection[int]) -> dict[int, date]:
    """The newest day promised for each case in an apology."""
    query = select(Letter.case_id, func.max(Letter.reply_by)).where(Letter.case_id.in_(case_ids), Letter.kind == APOLOGY)
    rows = db.session.execute(query.where(Letter.withdrawn_at.is_(None)).group_by(Letter.case_id))
    return {case_id: day for case_id, day in rows if case_id is not None and day is not None}


def apologies_in(told: Iterable[Letter]) -> list[OwnApology]:
    """The apologies among the letters shown to the sender of a report (casework.documents.to_senders.letters_told)."""
    return [
        OwnApology(letter.ref, letter.content["unit"], letter.content["reason"], letter.reply_by, letter.made_at)
        for letter in told if letter.kind == APOLOGY and letter.reply_by is not None
    ]  # fmt: skip


def _of_case(case_id: int) -> Select[int]:
    return select(Letter.id).where(Letter.case_id == case_id, Letter.kind == APOLOGY, Letter.withdrawn_at.is_(None)).limit(1)


def _late_parts(case: Case, by: Actor, now: datetime) -> list[Assignment]:
    """The late parts an apology by this person would be signed for, the lead's first."""
    late = [row for row in case.open_assignments if is_owed_late(row, now)]
    if not by.holds(OPERATIONS, centre_id=case.centre_id):
        late = _own_late(case, by, now)
    return sorted(late, key=lambda row: (not row.is_lead, row.id))


def _own_late(case: Case, by: Actor, now: datetime) -> list[Assignment]:
    return [row for row in case.open_assignments if is_owed_late(row, now) and by.holds([Role.AGENCY_LEADER], agency_id=row.agency_id)]
