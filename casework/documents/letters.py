"""Letters the centre and the agencies write: kept as written, and read within one's centre or agency.

A letter names no citizen: it has codes, the operator's titles, days and bodies. When a case leaves the system, its line is removed from
every letter, and the letter is no longer printed (rules.md, section 6, "Quarantine").
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, or_, select
from sqlalchemy.orm import joinedload

from casework.calendars import calendar_of
from casework.clocks.reminders import owes_answer
from casework.db import db
from casework.documents.forgetting import forget_files_of
from casework.documents.kinds import (
    AGENCY_SHEET,
    HANDOVER_MINUTES,
    LATE_LIST,
    PERIOD_REPORT,
    TRANSFER_SLIP,
    YEARBOOK,
    Issuer,
    is_of_the_centre,
    kind_of,
)
from casework.documents.letterheads import letterhead_for
from casework.errors import CaseworkError
from casework.lateness import is_late
from casework.local_time import local_day
from casework.models import Agency, Assignment, Case, CaseReport, Letter, Report
from casework.outbox import tell_agency_of_letter
from casework.permissions import AGENCY_ROLES, OPERATIONS, Action, Actor, Role, require
from casework.permissions.sight import Sight, sees, with_viewers
from casework.sent_once import take_key
from casework.setting_values import value_of
from casework.successors import Followed, heirs_of, left_to
from casework.text import normal
from casework.working_time import LONGEST_SEARCH_DAYS, BeyondTenYears, DayTooFar

LISTS = (LATE_LIST, PERIOD_REPORT, AGENCY_SHEET, YEARBOOK)
"""Kinds of letters whose `rows` list single cases."""

TYPED = frozenset({"words", "assessment", "proposals"})
"""The fields of a letter somebody typed."""

MOST_ROWS = 100
LONGEST_WORDS = 1_000
PAGE = 50


class LetterRefused(CaseworkError):
    """The letter cannot be written like this; the text says why."""


def write_late_letter(*, agency: Agency, assignments: Sequence[Assignment], reply_by: date, words: str, by: Actor, now: datetime) -> Letter:
    """Write the letter that lists an agency's late cases and asks for a reply by a working day, and tell the agency's leader.

    `assignments` are the agency's parts of cases, locked or not: the letter says how they stand at `now`. Raises NotAllowed for
    anybody but the centre's operations, LetterRefused.
    """
    require(by, Action.WRITE_LETTER)
    if not by.holds(OPERATIONS, centre_id=agency.centre_id):
        raise LetterRefused("Công văn nhắc do Trung tâm soạn.", "Letters of late cases are written by the centre.")
    take_key(now)
    words = normal(words)
    late = [row for row in assignments if row.agency_id == agency.id and is_owed_late(row, now)]
    if not late or len(late) != len(assignments) or len(late) > MOST_ROWS:
        raise LetterRefused(
            f"Vui lòng chọn từ 1 đến {MOST_ROWS} hồ sơ đang trễ của đơn vị.", f"Please choose 1 to {MOST_ROWS} late cases of this agency."
        )
    if len(words) > LONGEST_WORDS:
        raise LetterRefused(
            f"Phần viết thêm tối đa {LONGEST_WORDS} ký tự.", f"The added words may have {LONGEST_WORDS} characters.",
            about="words",
        )
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
    return owes_answer(assignment) and is_late(assignment.due_at, now)


def refuse_day(centre_id: int, day: date, now: datetime) -> None:
    """Raise LetterRefused unless a promised or requested day is a working day from tomorrow on; DayTooFar beyond ten years."""
    calendar, today = calendar_of(centre_id), local_day(now)
    if (day - today).days > LONGEST_SEARCH_DAYS:
        raise DayTooFar
    if day <= today or not calendar.is_working_day(day):
        raise LetterRefused("Vui lòng chọn một ngày làm việc từ ngày mai trở đi.", "Please choose a working day from tomorrow on.")


def usual_reply_day(centre_id: int, now: datetime) -> date:
    """The day offered for the reply: as many working days from today as the centre's setting says."""
    calendar, day, left = calendar_of(centre_id), local_day(now), int(value_of("late_letter_reply_days", centre_id))
    for _ in range(LONGEST_SEARCH_DAYS):
        day += timedelta(days=1)
        left -= calendar.is_working_day(day)
        if left <= 0:
            return day
    raise BeyondTenYears


def shared_reply_day(centre_ids: Collection[int], now: datetime) -> date:
    """The day offered in letters of several centres at once: the last of their usual ones, put off to a working day of all of them."""
    day, calendars = max(usual_reply_day(each, now) for each in centre_ids), [calendar_of(each) for each in centre_ids]
    for _ in range(LONGEST_SEARCH_DAYS):
        if all(calendar.is_working_day(day) for calendar in calendars):
            return day
        day += timedelta(days=1)
    raise BeyondTenYears


def days_late(due_at: datetime, now: datetime) -> int:
    """Whole local days since the last day in time: 0 on that day itself."""
    return (local_day(now) - local_day(due_at - timedelta(microseconds=1))).days


def letters_seen(by: Actor, *, before: int | None = None, limit: int = PAGE) -> list[Letter]:
    """A page of the letters of the person's centres and agencies, newest first; `before` is the last row of the previous page."""
    query = _seen(by).order_by(Letter.id.desc()).limit(limit)
    return list(db.session.scalars(query if before is None else query.where(Letter.id < before)))


def letter_seen(by: Actor, ref: str) -> Letter | None:
    """One letter within the person's sight; None where there is none."""
    return db.session.scalars(_seen(by).where(Letter.ref == ref)).first()


def letters_within(by: Actor) -> Select[Letter]:
    """The letters the person may see, as a query to narrow further."""
    return _seen(by)


def content_for(by: Actor, letter: Letter) -> dict[str, Any]:
    """The content of a letter for a reader, without words about cases they may not read now, such as a removed agency.

    In a list those are the titles; a letter about one case has `is_hidden` instead of its content.
    """
    if letter.case_id is not None:
        return letter.content if reads_whole(by, letter) else _without_words(letter.content)
    rows = letter.content.get("rows")
    if not rows:
        return letter.content
    named = _cases_named({row["code"] for row in rows}, _told_at(letter))
    cases = db.session.scalars(select(Case).where(Case.id.in_(set(named.values()))).options(*with_viewers()))
    # the examples in a yearbook are on each case's public page
    is_of_all = letter.kind == YEARBOOK
    seen = {case.id for case in cases if sees(by, Sight.CLEARED, case) or (is_of_all and case.is_public and not case.visibility_reason_id)}
    read = {code for code, case_id in named.items() if case_id in seen}
    return {**letter.content, "rows": [row if row["code"] in read else {**row, "title": ""} for row in rows]}


def reads_whole(by: Actor, letter: Letter) -> bool:
    """Whether a person who knows of a letter may read all of it, as printed.

    A letter about one case is read by whoever reads the case's words now, and by the agency that issued it, which keeps its own texts
    (rules.md, section 2). A records clerk numbers it without reading the matter. Minutes of hand-over reveal none.
    """
    kind = kind_of(letter)
    if letter.case_id is None or letter.kind == HANDOVER_MINUTES:
        return True
    case = db.session.scalars(select(Case).where(Case.id == letter.case_id).options(*with_viewers())).one()
    if sees(by, Sight.CLEARED, case):
        return True
    if kind.issuer is not Issuer.NAMED_AGENCY or letter.agency_id is None:
        return False
    own = (letter.agency_id, *heirs_of(Followed.AGENCY, letter.agency_id, case.area_id))
    return any(by.holds(AGENCY_ROLES, agency_id=agency_id) for agency_id in own)


def take_out_of_letters(cases: Collection[Case], *, at: datetime, reports: Collection[Report] = ()) -> None:
    """Remove cases that leave the system from all letters: letters about one lose their content, lists lose the line.

    `reports` that leave with them may have been in other cases before, whose slips repeated their words. The files of such letters are
    erased and their sealing orders dropped.
    """
    if not cases:
        return
    since, ids = min(case.opened_at for case in cases), [case.id for case in cases]
    told = or_(Letter.case_id.in_(ids), Letter.id.in_(_slips_with([report.id for report in reports])))
    emptied = []
    for letter in db.session.scalars(select(Letter).where(told).order_by(Letter.id).with_for_update()):
        letter.content, letter.withdrawn_at, letter.withdrawn_reason = {}, letter.withdrawn_at or at, None
        emptied.append(letter.id)
    # a list may name a case by a code that now belongs to it or to another case
    codes = {case.code for case in cases} | set(db.session.scalars(_codes_in(ids)))
    lists = select(Letter).where(Letter.kind.in_(LISTS), Letter.made_at >= since).order_by(Letter.id)
    for letter in db.session.scalars(lists):
        rows = letter.content.get("rows", [])
        told_codes = codes & {row["code"] for row in rows}
        named = _cases_named(told_codes, _told_at(letter)) if told_codes else {}
        leaving = {code for code in told_codes if named.get(code, ids[0]) in ids}
        if leaving:
            # words somebody added may be about the same case
            typed = dict.fromkeys(TYPED & letter.content.keys(), "")
            letter.content = {**letter.content, "rows": [row for row in rows if row["code"] not in leaving], **typed}
            letter.withdrawn_at, letter.withdrawn_reason = letter.withdrawn_at or at, None
            emptied.append(letter.id)
    forget_files_of(emptied, at=at)


def _cases_named(codes: Collection[str], at: datetime) -> dict[str, int]:
    """The case a code meant at an instant: the one the code's report was in then.

    Codes move between cases when a main report is withdrawn (casework.main_reports), and a list shows those of its day.
    """
    there = select(Report.code, CaseReport.case_id).join(CaseReport, CaseReport.report_id == Report.id).where(
        Report.code.in_(codes), CaseReport.joined_at <= at, or_(CaseReport.left_at.is_(None), CaseReport.left_at >= at)
    )  # fmt: skip
    # a split keeps the earlier link and that of the merge: the later one counts
    return {row.code: row.case_id for row in db.session.execute(there.order_by(CaseReport.joined_at, CaseReport.id))}


def _told_at(letter: Letter) -> datetime:
    """The instant a list describes: when its figures were read, or when it was written."""
    read_at = letter.content.get("read_at")
    return datetime.fromisoformat(read_at) if read_at else letter.made_at


def _codes_in(case_ids: Collection[int]) -> Select[str]:
    """The codes of all reports that are or were in these cases."""
    return select(Report.code).join(CaseReport, CaseReport.report_id == Report.id).where(CaseReport.case_id.in_(case_ids)).distinct()


def _slips_with(report_ids: Sequence[int]) -> Select[int]:
    """The slips written in any case while one of these reports was in it."""
    was_there = exists().where(
        CaseReport.case_id == Letter.case_id, CaseReport.report_id.in_(report_ids), CaseReport.joined_at <= Letter.made_at,
        or_(CaseReport.left_at.is_(None), CaseReport.left_at >= Letter.made_at),
    )  # fmt: skip
    cases = select(CaseReport.case_id).where(CaseReport.report_id.in_(report_ids))
    return select(Letter.id).where(Letter.case_id.in_(cases), Letter.kind == TRANSFER_SLIP, was_there)


HIDDEN: dict[str, Any] = {
    "title": "", "where": "", "field": "", "texts": [], "photos": 0, "instructions": "", "words": "", "reason": "…", "explained": "",
    "guidance": "", "answers": [], "summary": "", "missing": [],
}  # fmt: skip
"""The content of a letter about one case, and what replaces it for readers who may not read the case."""


def _without_words(content: dict[str, Any]) -> dict[str, Any]:
    return {name: HIDDEN.get(name, value) for name, value in content.items()} | {"is_hidden": True}


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
    return query.where(_within(by), ~_is_apart(by))


def _is_apart(by: Actor) -> ColumnElement[bool]:
    """Minutes about a quarantined case: on no list; their confidential readers find them in the case. A program finds no letter of one."""
    is_quarantined = exists().where(Case.id == Letter.case_id, Case.quarantined_at.is_not(None))
    return is_quarantined if by.is_machine else and_(Letter.kind == HANDOVER_MINUTES, is_quarantined)


def _within(by: Actor) -> ColumnElement[bool]:
    """Letters of the centres a person runs or leads, those to or of agencies they lead, and for a clerk those in the centre's book."""
    of_centres = [grant.centre_id for grant in by.grants if grant.role in OPERATIONS | {Role.COMMITTEE_LEADER}]
    of_agencies = [grant.agency_id for grant in by.grants if grant.role == Role.AGENCY_LEADER]
    if None in of_centres:
        return Letter.id > 0
    area = select(Case.area_id).where(Case.id == Letter.case_id).correlate(Letter).scalar_subquery()
    left = [
        *left_to(Followed.CENTRE, set(filter(None, of_centres)), body=Letter.centre_id.expression, area=area),
        *left_to(Followed.AGENCY, set(filter(None, of_agencies)), body=Letter.agency_id.expression, area=area),
    ]
    of_clerks = [grant.centre_id for grant in by.grants if grant.role == Role.RECORDS_CLERK]
    left_to_clerks = left_to(Followed.CENTRE, set(filter(None, of_clerks)), body=Letter.centre_id.expression, area=area)
    by_the_clerk = or_(Letter.centre_id.in_(of_clerks), *left_to_clerks) & is_of_the_centre()
    return or_(false(), Letter.centre_id.in_(of_centres), Letter.agency_id.in_(of_agencies), by_the_clerk, *left)
