"""Letters the centre and the agencies write: kept as they stood on their day, read within one's centre or agency.

A letter names no citizen: codes, the operator's titles, days, bodies. When a case leaves the system, its line goes out of every
letter, and the letter is not printed any more (rules.md, section 6, "Quarantine").
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, false, or_, select
from sqlalchemy.orm import joinedload

from casework.calendars import calendar_of
from casework.db import db
from casework.errors import CaseworkError
from casework.folding import normal
from casework.letterheads import letterhead_for
from casework.models import Agency, Assignment, Case, Letter
from casework.outbox import tell_agency_of_letter
from casework.permissions import LOCAL_ZONE, OPERATIONS, WITH_VIEWERS, Action, Actor, Role, Sight, require, sees
from casework.reminders import owes_answer
from casework.settings.values import value_of
from casework.successors import Followed, left_to
from casework.working_time import LONGEST_SEARCH_DAYS, BeyondTenYears, DayTooFar

LATE_LIST = "late_list"
APOLOGY = "apology"
MOST_ROWS = 100
LONGEST_WORDS = 1_000
PAGE = 50


class LetterRefused(CaseworkError):
    """The letter cannot be written so; the text says why."""


def write_late_letter(*, agency: Agency, assignments: Sequence[Assignment], reply_by: date, words: str, by: Actor, now: datetime) -> Letter:
    """Write the letter that lists an agency's late cases and asks for a reply by a working day, and tell the agency's leader.

    `assignments` are the agency's parts of cases, locked or not: the letter says how they stand at `now`. Raises NotAllowed for
    anybody but the centre's operations, LetterRefused.
    """
    require(by, Action.WRITE_LETTER)
    if not by.holds(OPERATIONS, centre_id=agency.centre_id):
        raise LetterRefused("Công văn nhắc do Trung tâm soạn.", "Letters of late cases are written by the centre.")
    words = normal(words)
    late = [row for row in assignments if row.agency_id == agency.id and is_owed_late(row, now)]
    if not late or len(late) != len(assignments) or len(late) > MOST_ROWS:
        raise LetterRefused(
            f"Vui lòng chọn từ 1 đến {MOST_ROWS} hồ sơ đang trễ của đơn vị.", f"Please choose 1 to {MOST_ROWS} late cases of this agency."
        )
    if len(words) > LONGEST_WORDS:
        raise LetterRefused(f"Phần viết thêm tối đa {LONGEST_WORDS} ký tự.", f"The added words may have {LONGEST_WORDS} characters.")
    refuse_day(agency.centre_id, reply_by, now)
    today = local_day(now)
    content = {
        "head": letterhead_for(agency.centre_id, None, today).told(),
        "to": agency.name_vi,
        "on": today.isoformat(),
        "rows": [_row(row, now) for row in sorted(late, key=lambda row: (not row.case.is_urgent, row.due_at, row.id))],
        "words": words,
        "phone": agency.centre.phone or "",
    }
    letter = Letter(
        kind=LATE_LIST, centre_id=agency.centre_id, agency_id=agency.id, reply_by=reply_by, content=content, made_by_id=by.account_id,
        made_at=now,
    )  # fmt: skip
    db.session.add(letter)
    db.session.flush()
    due = calendar_of(agency.centre_id).end_of(reply_by, now)
    tell_agency_of_letter(agency.id, "late_letter", letter=letter.ref, at=now, number=len(late), due_at=due.isoformat())
    return letter


def is_owed_late(assignment: Assignment, now: datetime) -> bool:
    """Whether an agency owes an answer and is late with it."""
    return owes_answer(assignment) and assignment.due_at is not None and now >= assignment.due_at


def refuse_day(centre_id: int, day: date, now: datetime) -> None:
    """Raise LetterRefused unless a day somebody promises or asks for is a working day from tomorrow on; DayTooFar beyond ten years."""
    calendar, today = calendar_of(centre_id), local_day(now)
    if (day - today).days > LONGEST_SEARCH_DAYS:
        raise DayTooFar
    if day <= today or not calendar.is_working_day(day):
        raise LetterRefused("Vui lòng chọn một ngày làm việc từ ngày mai trở đi.", "Please choose a working day from tomorrow on.")


def usual_reply_day(centre_id: int, now: datetime) -> date:
    """The day offered for the reply: so many working days from today as the centre's setting says."""
    calendar, day, left = calendar_of(centre_id), local_day(now), int(value_of("late_letter_reply_days", centre_id))
    for _ in range(LONGEST_SEARCH_DAYS):
        day += timedelta(days=1)
        left -= calendar.is_working_day(day)
        if left <= 0:
            return day
    raise BeyondTenYears


def days_late(due_at: datetime, now: datetime) -> int:
    """Whole local days since the last day in time: 0 on that day itself."""
    return (local_day(now) - local_day(due_at - timedelta(microseconds=1))).days


def local_day(instant: datetime) -> date:
    """The local day of an instant."""
    return instant.astimezone(LOCAL_ZONE).date()


def letters_seen(by: Actor, *, before: int | None = None, limit: int = PAGE) -> list[Letter]:
    """A page of the letters of the person's centres and agencies, the newest first; `before` is the row the last page ended with."""
    query = _seen(by).order_by(Letter.id.desc()).limit(limit)
    return list(db.session.scalars(query if before is None else query.where(Letter.id < before)))


def letter_seen(by: Actor, ref: str) -> Letter | None:
    """One letter within what the person may see; None where there is none."""
    return db.session.scalars(_seen(by).where(Letter.ref == ref)).first()


def content_for(by: Actor, letter: Letter) -> dict[str, Any]:
    """What a letter says to its reader: without the title of a case whose words they do not read now, as an agency that was removed."""
    rows = letter.content.get("rows")
    if not rows:
        return letter.content
    cases = db.session.scalars(select(Case).where(Case.code.in_([row["code"] for row in rows])).options(*WITH_VIEWERS))
    read = {case.code for case in cases if sees(by, Sight.CLEARED, case)}
    return {**letter.content, "rows": [row if row["code"] in read else {**row, "title": ""} for row in rows]}


def take_out_of_letters(cases: Collection[Case], *, at: datetime) -> None:
    """Let no letter tell of cases that leave the system: apologies lose all they said, lists lose the line."""
    if not cases:
        return
    codes, since = {case.code for case in cases}, min(case.opened_at for case in cases)
    for letter in db.session.scalars(select(Letter).where(Letter.case_id.in_([case.id for case in cases])).with_for_update()):
        letter.content, letter.withdrawn_at = {}, letter.withdrawn_at or at
    lists = select(Letter).where(Letter.kind == LATE_LIST, Letter.made_at >= since).order_by(Letter.id)
    for letter in db.session.scalars(lists):
        rows = letter.content.get("rows", [])
        if any(row["code"] in codes for row in rows):
            # the words somebody added may speak of the same case
            letter.content = {**letter.content, "rows": [row for row in rows if row["code"] not in codes], "words": ""}
            letter.withdrawn_at = letter.withdrawn_at or at


def _row(assignment: Assignment, now: datetime) -> dict[str, object]:
    case, due = assignment.case, assignment.due_at or now
    return {
        "code": case.code,
        "title": case.title if case.title and case.visibility_reason_id is None else "",
        "source": case.source,
        "urgent": case.is_urgent,
        "due_at": due.isoformat(),
        "days": days_late(due, now),
    }


def _seen(by: Actor) -> Select[Letter]:
    query = select(Letter).options(joinedload(Letter.agency), joinedload(Letter.centre))
    return query.where(_within(by))


def _within(by: Actor) -> ColumnElement[bool]:
    """Letters of the centres somebody runs or leads, and those to or of the agencies they lead."""
    of_centres = [grant.centre_id for grant in by.grants if grant.role in OPERATIONS | {Role.COMMITTEE_LEADER}]
    of_agencies = [grant.agency_id for grant in by.grants if grant.role == Role.AGENCY_LEADER]
    if None in of_centres:
        return Letter.id > 0
    area = select(Case.area_id).where(Case.id == Letter.case_id).correlate(Letter).scalar_subquery()
    left = [
        *left_to(Followed.CENTRE, set(filter(None, of_centres)), body=Letter.centre_id.expression, area=area),
        *left_to(Followed.AGENCY, set(filter(None, of_agencies)), body=Letter.agency_id.expression, area=area),
    ]
    return or_(false(), Letter.centre_id.in_(of_centres), Letter.agency_id.in_(of_agencies), *left)
