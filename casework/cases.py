"""Finding and locking a case, whether it can be worked on, and the state that follows from its assignments."""

from collections.abc import Callable, Collection
from functools import cache
from typing import Any

from sqlalchemy import ScalarSelect, Select, bindparam, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload, lazyload, selectinload

from casework.bilingual import Bilingual
from casework.db import db
from casework.errors import CaseworkError
from casework.models import Answer, Assignment, Case, CaseReport, Report
from casework.parts import open_parts
from casework.states import OPEN_STATES, STAFF_LABELS, AssignmentState, CaseState, Standstill


class CaseBusy(CaseworkError):
    """Another step holds the case, or has changed it."""

    def __init__(self) -> None:
        super().__init__(
            "Có người khác đang thao tác trên hồ sơ này. Xin thử lại sau giây lát.",
            "Somebody else is working on this case. Please try again in a moment.",
        )


def lock_case(case_id: int | ScalarSelect[int]) -> Case:
    """Return the case with its row locked until the transaction ends; every step locks the case before anything else.

    `case_id` may be a query for it, which saves asking first. On SQLite the transaction itself is the lock. Reports and senders that were
    read before stay as they were read: refresh what a decision rests on.
    Raises sqlalchemy.exc.NoResultFound when there is no such case.
    """
    if isinstance(case_id, int):
        return db.session.scalars(_locking_one(), {"key": case_id}).one()
    return db.session.scalars(_locking_where(case_id)).one()


def lock_case_named(ref: str) -> Case:
    """The same by the case's public address."""
    return db.session.scalars(_locking_named(), {"ref": ref}).one()


def lock_case_of(case_id: InstrumentedAttribute[int], key: InstrumentedAttribute[Any], value: object) -> Case:
    """The same for the case of a row, such as a step by its ref: its column, and the row's key; the statement is made once."""
    return db.session.scalars(_locking_one(case_id, key), {"key": value}).one()


@cache
def _locking_one(case_id: InstrumentedAttribute[int] | None = None, key: InstrumentedAttribute[Any] | None = None) -> Select[Case]:
    wanted: Any = bindparam("key")
    if case_id is not None and key is not None:
        wanted = select(case_id).where(key == wanted).scalar_subquery()
    return _locking_where(wanted)


@cache
def _locking_named() -> Select[Case]:
    return _with_parts(select(Case).where(Case.ref == bindparam("ref")), lazyload).with_for_update(of=Case)


def _locking_where(wanted: Any) -> Select[Case]:
    # many acts need no reports: those of one case are read when they are asked for
    return _with_parts(select(Case).where(Case.id == wanted), lazyload).with_for_update(of=Case)


def lock_families(case_ids: Collection[int]) -> dict[int, Case]:
    """Lock cases with everything merged with them, main cases and merged ones, and with their parts or the case they are a part of, in id
    order; return them by id.

    So whoever holds part of a family never waits for a part somebody else holds. A merge or split while this waits changes the family:
    then everything locked here is released and locked anew.
    """
    wanted = set(case_ids)
    family = _families_of(wanted)
    if db.session.get_bind().dialect.name == "sqlite":
        return {case.id: case for case in db.session.scalars(_locking(_in_order(family)))}
    while True:
        with db.session.begin_nested() as savepoint:
            locked = {case.id: case for case in db.session.scalars(_locking(_in_order(family)))}
            present = _families_of(wanted)
            if present <= locked.keys():
                return locked
            savepoint.rollback()
        family = present


def _families_of(case_ids: Collection[int]) -> set[int]:
    """The ids of the cases, of those they were merged into or are parts of, and of all merged into or parts of those.

    No main case is itself merged, and no part has parts.
    """
    pointing = select(Case.id, func.coalesce(Case.merged_into_id, Case.parent_id).label("above")).where(Case.id.in_(case_ids))
    mains = {above or case_id for case_id, above in db.session.execute(pointing)}
    below = or_(Case.merged_into_id.in_(mains), Case.parent_id.in_(mains))
    return set(case_ids) | mains | set(db.session.scalars(select(Case.id).where(below)))


def _in_order(case_ids: Collection[int]) -> Select[Case]:
    return select(Case).where(Case.id.in_(case_ids)).order_by(Case.id)


def lock_free_cases(case_ids: Collection[int]) -> list[Case]:
    """Lock those of several cases that nobody else holds, without waiting for the others, in id order."""
    return list(db.session.scalars(_locking(_in_order(case_ids), skips=True)))


def _locking(query: Select[Case], *, skips: bool = False) -> Select[Case]:
    return _with_parts(query, selectinload).with_for_update(of=Case, skip_locked=skips)


def _with_parts(query: Select[Case], reports: Callable[[Any], Any]) -> Select[Case]:
    # area and field are not joined: PostgreSQL would give back the row that was theirs before it had to wait for the lock
    return query.options(
        selectinload(Case.assignments).options(joinedload(Assignment.agency), lazyload(Assignment.answers).joinedload(Answer.decision)),
        reports(Case.reports).joinedload(CaseReport.report).joinedload(Report.reporter),
    ).execution_options(populate_existing=True)


def settle_state(case: Case) -> None:
    """Set the state of a distributed case to that of its least advanced open agency.

    Once one has answered the case does not go back to waiting for agencies to accept: it is in progress until all have ended, and all its
    parts.
    """
    states = {AssignmentState(assignment.state) for assignment in case.open_assignments}
    if not states and not answered_this_round(case):
        case.state = CaseState.TO_DISTRIBUTE
    elif not states:
        case.state = CaseState.HANDLING if open_parts(case) else CaseState.TO_PUBLISH
    elif states <= {AssignmentState.ASKED, AssignmentState.HANDED_BACK} and not answered_this_round(case):
        case.state = CaseState.AT_AGENCY
    elif AssignmentState.REDO in states:
        case.state = CaseState.REDO
    elif states == {AssignmentState.SUBMITTED}:
        case.state = CaseState.APPROVAL
    else:
        case.state = CaseState.HANDLING


def answered_this_round(case: Case) -> bool:
    """Whether an agency's answer has been approved since the case was opened or last reopened."""
    return any(assignment.approved_at is not None and assignment.round == case.reopened for assignment in case.assignments)


def give_up_lead(assignment: Assignment) -> None:
    """Leave the case without a lead if this agency led: for everything that ends its work without an answer or moves it away."""
    if assignment.case.lead_agency_id == assignment.agency_id:
        assignment.case.lead_agency_id = None


NO_SUCH_CASE = Bilingual("Không tìm thấy hồ sơ này.", "There is no such case.")
OF_ANOTHER_CASE = Bilingual("Phản ánh này không thuộc hồ sơ.", "This report does not belong to the case.")


class CaseNotOpen(CaseworkError):
    """The case is not at a point where this can be done; the text says why."""


def refuse_unless_open(case: Case) -> None:
    """Raise CaseNotOpen when the case is answered or ended, or stands still (waiting for its reporter, held, referred)."""
    if case.quarantined_at is not None or case.state not in OPEN_STATES:
        raise CaseNotOpen(
            f"Hồ sơ đang ở trạng thái “{STAFF_LABELS[CaseState(case.state)][1].vi}” nên không làm được việc này.",
            f"The case stands at “{STAFF_LABELS[CaseState(case.state)][1].en}”, so this cannot be done.",
        )
    if case.standstill is not None:
        raise CaseNotOpen(*resume_first(case.standstill))


STANDSTILLS = {
    Standstill.QUESTION: Bilingual("Hồ sơ đang chờ người phản ánh bổ sung.", "The case is waiting for its reporter."),
    Standstill.HOLD: Bilingual("Hồ sơ đang tạm dừng.", "The case is on hold."),
    Standstill.REFERRAL: Bilingual("Hồ sơ đã chuyển cơ quan khác và đang được theo dõi.", "The case was referred and is being watched."),
    Standstill.REFUSED: Bilingual("Hồ sơ không được tiếp nhận.", "The case was not accepted."),
    Standstill.MERGED: Bilingual("Hồ sơ đã gộp vào hồ sơ khác.", "The case was merged into another one."),
}


def resume_first(standstill: Standstill) -> Bilingual:
    """Why nothing can be done to a case that stands still."""
    words = STANDSTILLS[standstill]
    return Bilingual(f"{words.vi} Xin cho tiếp tục trước.", f"{words.en} Resume the case first.")
