"""Letters nobody could be sure of: an operator reads one and attaches it to a case, files a report from it, or throws it away.

A letter to a report is read by whoever reads the words of its case, after a merge or a move by those of the case it is in then; one of a
case set apart by its confidential readers alone. A letter that names no report of ours is read by the operators of the default centre.
Who sent it, and its subject, are shown with a reason and an event, like a reporter's identity.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, bindparam, or_, select, true
from sqlalchemy.orm import aliased

from casework.db import db
from casework.errors import CaseworkError
from casework.events import append, record
from casework.mail_in.keeping import KEPT_FOR, RAW_PURPOSE, mark_handled
from casework.mail_in.reading import Letter, read_letter
from casework.models import Account, Case, CaseReport, Centre, IncomingLetter, Report
from casework.permissions import OPERATIONS, Action, Actor, NotAllowed, Role, require
from casework.permissions.sight import Sight, sees, with_viewers
from casework.privacy.identity import SHORTEST_REASON
from casework.reading.counting import Counted
from casework.sealing.seal import open_sealed
from casework.sentences import always
from casework.successors import Followed, followed_by
from casework.text import normal
from casework.verbs import MESSAGE, Verb, writes

STREAM = "letters_in"
PAGE = 30
MOST_COUNTED = 99
LONGEST_REASON = 300
LEFT_THERE = frozenset({"size", "not_given"})
"""Why a letter was not fetched: it lies in the mailbox, flagged."""

READERS = OPERATIONS | {Role.CONFIDENTIAL_READER}


class LetterRefused(CaseworkError):
    """Nothing is done with the letter; the text says why."""


class LetterGone(LetterRefused):
    """Somebody has done with it already."""

    def __init__(self) -> None:
        super().__init__("Thư này đã có người xử lý xong.", "Somebody has dealt with this letter already.")


@dataclass(frozen=True, slots=True)
class UnclearLetter:
    """A letter in the list. `code`: of the report whose address it was sent to. `ends_at`: it is erased then if nobody deals with it."""

    ref: str
    why: str
    received_at: datetime
    ends_at: datetime
    size: int
    code: str
    case_ref: str
    holder: str
    holder_id: int | None

    @property
    def lies_in_mailbox(self) -> bool:
        return self.why in LEFT_THERE


@dataclass(frozen=True, slots=True)
class UnclearPage:
    """Some letters, the oldest first, and the row after which the next page begins."""

    letters: list[UnclearLetter]
    after: int | None


def unclear_letters(by: Actor, *, after: int = 0, limit: int = PAGE) -> UnclearPage:
    """The letters that wait for this person. Raises NotAllowed."""
    require(by, Action.HANDLE_MAIL)
    query = _letters(by).where(IncomingLetter.id > after).order_by(IncomingLetter.id).limit(limit + 1)
    rows = list(db.session.execute(query).unique())
    shown = [_told(row) for row in rows[:limit] if _is_seen(by, row[1])]
    return UnclearPage(shown, rows[limit - 1][0].id if len(rows) > limit else None)


def unclear_seen(by: Actor, ref: str) -> UnclearLetter | None:
    """One letter, if it waits for this person. Raises NotAllowed."""
    require(by, Action.HANDLE_MAIL)
    row = db.session.execute(_letters(by).where(IncomingLetter.ref == ref)).unique().first()
    return _told(row) if row is not None and _is_seen(by, row[1]) else None


def unclear(by: Actor) -> Counted:
    """How many wait, counted one past MOST_COUNTED."""
    rows = select(IncomingLetter.id).outerjoin(Case, Case.id == _case_id()).where(IncomingLetter.state == "unclear")
    centres = _centres_of(by)
    if centres is None:
        return Counted(rows.where(Case.quarantined_at.is_(None)).limit(MOST_COUNTED + 1), {})
    rows = rows.where(Case.quarantined_at.is_(None), _within(bindparam("letters_of", expanding=True), has_strays=True))
    return Counted(rows.limit(MOST_COUNTED + 1), {"letters_of": centres})


def opened(ref: str) -> Letter:
    """What a letter says; the caller has looked whether the reader may know. Raises LetterRefused where it was not fetched, Unreadable."""
    sealed = db.session.scalar(select(IncomingLetter.sealed_raw).where(IncomingLetter.ref == ref, IncomingLetter.state == "unclear"))
    if sealed is None:
        raise LetterRefused("Thư này còn ở hộp thư, chưa lấy về.", "This letter lies in the mailbox and was not fetched.")
    return read_letter(open_sealed(sealed, purpose=RAW_PURPOSE))


def look_after_letter(ref: str, *, by: Actor, now: datetime, takes: bool) -> None:
    """Take a letter upon oneself, or leave it to others again. Records `look_after_letter`. Raises LetterRefused."""
    row = _locked(ref, by, ends_hold=not takes)
    row.holder_id = by.account_id if takes else None
    append(STREAM, "look_after_letter", by=by, at=now, payload={"letter": ref, "takes": takes})


@writes("reveal_identity")
def reveal_letter(ref: str, *, by: Actor, reason: str, now: datetime) -> tuple[str, str]:
    """Who a letter says it is from, and its subject. Records `reveal_identity` with the reason before anything is shown.

    Raises LetterRefused where the reason is too short, or the sender of that report asked to restrict processing; Unreadable.
    """
    reason = _reason(reason)
    row = _locked(ref, by, ends_hold=True)
    report = db.session.get(Report, row.report_id) if row.report_id is not None else None
    if report is not None and report.reporter is not None and report.reporter.is_restricted:
        raise LetterRefused(
            "Người gửi phản ánh đã yêu cầu hạn chế xử lý dữ liệu của mình; không ai xem được cho đến khi họ bỏ yêu cầu.",
            "The sender of the report asked that their data rest; nobody can look until they lift that.",
        )
    case = _case_of(row)
    if case is not None and report is not None:
        record(case, "reveal_identity", by=by, at=now, report=report.code, reason=reason)
    else:
        append(STREAM, "reveal_identity", by=by, at=now, payload={"letter": ref, "reason": reason})
    letter = opened(ref)
    return letter.sender, letter.subject


def throw_letter(ref: str, *, by: Actor, reason: str, now: datetime) -> None:
    """Erase a letter. Records `throw_letter` with the reason. Raises LetterRefused."""
    reason = _reason(reason)
    row = _locked(ref, by)
    append(STREAM, "throw_letter", by=by, at=now, payload={"letter": ref, "why": row.why, "reason": reason})
    mark_handled(row.id, state="thrown", now=now, report_id=row.report_id)


@Verb(
    "attach_letter", Action.HANDLE_MAIL, kinds=MESSAGE, is_personal=True,
    staff=always("Đưa một thư điện tử chưa rõ vào hồ sơ", "Put an unclear e-mail into the case"),
)  # fmt: skip
def attach_letter(ref: str, report: Report, case: Case, *, by: Actor, now: datetime) -> None:
    """Note that a letter's words were added to a report; the caller adds them, in the same unit of work, and holds the case's lock.

    Records `attach_letter` without them. Raises LetterRefused, NotAllowed.
    """
    require(by, Action.HANDLE_MAIL, case)
    if not sees(by, Sight.ORIGINAL, case) or case.quarantined_at is not None:
        raise NotAllowed
    row = _locked(ref, by)
    record(case, "attach_letter", by=by, at=now, report=report.code)
    mark_handled(row.id, state="taken", now=now)


def file_letter(ref: str, report: Report, *, by: Actor, now: datetime) -> None:
    """Note that a report was filed from a letter, in the same unit of work. Records `file_letter`. Raises LetterRefused."""
    row = _locked(ref, by)
    append(STREAM, "file_letter", by=by, at=now, payload={"letter": ref, "report": report.code})
    mark_handled(row.id, state="filed", now=now)


def report_to_attach(by: Actor, code: str) -> tuple[Report, Case]:
    """The report of a code the person reads the words of, and the case it is in. Raises LetterRefused."""
    report = db.session.scalars(select(Report).where(Report.code == normal(code).upper())).first()
    case = _case_of_report(report.id) if report is not None else None
    if report is None or case is None or case.quarantined_at is not None or not sees(by, Sight.ORIGINAL, case):
        raise LetterRefused(
            "Không có phản ánh nào của Trung tâm mang mã này.", "The centre has no report with this code.", about="code",
        )  # fmt: skip
    return report, case


def _locked(ref: str, by: Actor, *, ends_hold: bool = False) -> IncomingLetter:
    """The letter's row, locked, within what the person may see. Raises LetterGone, and LetterRefused where a colleague looks after it."""
    require(by, Action.HANDLE_MAIL)
    row = db.session.scalars(
        select(IncomingLetter).where(IncomingLetter.ref == ref).with_for_update().execution_options(populate_existing=True)
    ).first()
    if row is None or row.state != "unclear" or unclear_seen(by, ref) is None:
        raise LetterGone
    may_end = ends_hold and Role.OPS_LEAD in by.roles
    if row.holder_id is not None and row.holder_id not in by.counts_as and not may_end:
        raise LetterRefused("Một đồng nghiệp đang xử lý thư này.", "A colleague is looking after this letter.")
    return row


def _reason(typed: str) -> str:
    reason = normal(typed)
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise LetterRefused(
            f"Vui lòng nêu lý do, từ {SHORTEST_REASON} đến {LONGEST_REASON} ký tự.",
            f"Please give the reason, in {SHORTEST_REASON} to {LONGEST_REASON} characters.",
            about="reason",
        )
    return reason


def _letters(by: Actor) -> Any:
    holder = aliased(Account)
    query: Any = select(IncomingLetter, Case, Report.code, holder.full_name).select_from(IncomingLetter)
    query = query.outerjoin(Case, Case.id == _case_id())
    query = query.outerjoin(Report, Report.id == IncomingLetter.report_id).outerjoin(holder, holder.id == IncomingLetter.holder_id)
    query = query.where(IncomingLetter.state == "unclear").options(*with_viewers())
    centres, has_strays = _centres_of(by), by.holds(OPERATIONS)
    if centres is None:
        return query.where(true() if has_strays else IncomingLetter.report_id.is_not(None))
    return query.where(_within(centres, has_strays=has_strays))


def _within(centres: Any, *, has_strays: bool) -> ColumnElement[bool]:
    default = select(Centre.id).where(Centre.is_default, Centre.id.in_(centres)).exists()
    in_theirs: ColumnElement[bool] = Case.centre_id.in_(centres)
    return or_(in_theirs, and_(IncomingLetter.report_id.is_(None), default)) if has_strays else in_theirs


def _case_id() -> ScalarSelect[int]:
    """The row of the case the letter's report is in now, or was in last."""
    query = select(CaseReport.case_id).where(CaseReport.report_id == IncomingLetter.report_id)
    return query.order_by(CaseReport.left_at.is_not(None), CaseReport.id.desc()).limit(1).correlate(IncomingLetter).scalar_subquery()


def _case_of(row: IncomingLetter) -> Case | None:
    return _case_of_report(row.report_id) if row.report_id is not None else None


def _case_of_report(report_id: int) -> Case | None:
    link = select(CaseReport.case_id).where(CaseReport.report_id == report_id)
    link = link.order_by(CaseReport.left_at.is_not(None), CaseReport.id.desc()).limit(1)
    return db.session.scalars(select(Case).where(Case.id == link.scalar_subquery()).options(*with_viewers())).unique().first()


def _is_seen(by: Actor, case: Case | None) -> bool:
    return sees(by, Sight.ORIGINAL, case) if case is not None else by.holds(OPERATIONS)


def _centres_of(by: Actor) -> list[int] | None:
    """The centres whose letters the person reads, ended ones among them; None for all."""
    own = {grant.centre_id for grant in by.grants if grant.role in READERS}
    centres = {centre_id for centre_id in own if centre_id is not None}
    return None if None in own else sorted(centres | followed_by(Followed.CENTRE, centres))


def _told(row: Any) -> UnclearLetter:
    letter, case, code, holder = row
    return UnclearLetter(
        letter.ref, letter.why or "", letter.received_at, (letter.handled_at or letter.received_at) + KEPT_FOR, letter.size,
        code or "", case.ref if case is not None else "", holder or "", letter.holder_id,
    )  # fmt: skip
