"""“Tôi cũng gặp”: how many people are affected by the same matter. Counted by account or by browser, never named, and no step of the
case."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, bindparam, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from casework.cases import NO_SUCH_CASE
from casework.db import db
from casework.errors import CaseworkError
from casework.followers import is_known_to_public
from casework.models import Account, Case, CaseReport, Device, MeToo, Report, Reporter
from casework.permissions import Action, Actor, require
from casework.reading.lacking import Part, not_lacked


class MeTooRefused(CaseworkError):
    """It is not possible for this case; the text says why."""


def say_me_too(case: Case, *, by: Actor, device: Device | None, now: datetime) -> None:
    """Count the person, by account or else by browser; for a merged case at its main. Twice changes nothing.

    Raises MeTooRefused where the case is not public, for its own reporters, and without account and browser.
    """
    require(by, Action.ME_TOO, case)
    case = case.merged_into or case
    if not is_known_to_public(case):
        raise MeTooRefused(*NO_SUCH_CASE)
    if is_own(case, by=by, device=device):
        raise MeTooRefused("Ông/Bà là người gửi phản ánh này nên đã được tính.", "You sent this report, so you are counted already.")
    if by.own_id is None and device is None:
        raise MeTooRefused(
            "Trình duyệt này không giữ lại được gì. Ông/Bà vui lòng đăng nhập rồi thử lại.",
            "This browser keeps nothing. Please sign in and try again.",
        )
    if by.own_id is not None and device is not None:
        # a count from before signing in is the same person's
        db.session.execute(delete(MeToo).where(MeToo.case_id == case.id, MeToo.device_id == device.id))
    insert = sqlite.insert if db.session.get_bind().dialect.name == "sqlite" else postgresql.insert
    who = {"account_id": by.own_id} if by.own_id is not None else {"device_id": device.id if device is not None else None}
    db.session.execute(insert(MeToo).values(case_id=case.id, said_at=now, **who).on_conflict_do_nothing())


def take_me_too_back(case: Case, *, by: Actor, device: Device | None) -> None:
    """Stop counting the person; does nothing where they were not counted."""
    require(by, Action.ME_TOO, case)
    mine = _of(by, device)
    if mine:
        db.session.execute(delete(MeToo).where(MeToo.case_id == (case.merged_into or case).id, or_(*mine)))


def has_said_me_too(case: Case, *, by: Actor, device: Device | None) -> bool:
    """Whether the person is counted."""
    mine = _of(by, device)
    return bool(mine) and db.session.scalar(select(MeToo.id).where(MeToo.case_id == case.id, or_(*mine)).limit(1)) is not None


def is_own(case: Case, *, by: Actor, device: Device | None) -> bool:
    """Whether one of the case's reports is the person's: by account, opened by its secret, or sent without an account by this browser;
    people sharing a telephone need not know of reports sent from each other's accounts."""
    theirs: list[ColumnElement[bool]] = [Report.id.in_(by.tracked_report_ids)] if by.tracked_report_ids else []
    theirs += [Reporter.account_id == by.own_id] if by.own_id is not None else []
    theirs += [(Report.device_id == device.id) & Reporter.account_id.is_(None)] if device is not None else []
    sent = select(Report.id).join(CaseReport, CaseReport.report_id == Report.id).outerjoin(Reporter, Reporter.id == Report.reporter_id)
    own = sent.where(CaseReport.case_id == case.id, CaseReport.left_at.is_(None), or_(*theirs)) if theirs else None
    return own is not None and db.session.scalar(own.limit(1)) is not None


def me_too_counts(case_ids: Iterable[int]) -> dict[int, int]:
    """The counts by case, without zeros. Counts of a merged case are at its main."""
    ids = not_lacked(Part.ME_TOO, case_ids)
    rows = db.session.execute(_COUNTS, {"cases": ids}) if ids else ()
    return {case_id: accounts + devices for case_id, accounts, devices in rows}


_MAIN = func.coalesce(Case.merged_into_id, Case.id)
_CASES: BindParameter[Any] = bindparam("cases", expanding=True)
_COUNTS = (
    select(_MAIN, func.count(MeToo.account_id.distinct()), func.count(MeToo.device_id.distinct()))
    .join(MeToo, MeToo.case_id == Case.id)
    .where(or_(Case.id.in_(_CASES), Case.merged_into_id.in_(_CASES)))
    .group_by(_MAIN)
)


def erase_me_too(*, account: Account | None = None, device: Device | None = None) -> None:
    """Delete everything an account or browser has counted, when it is erased."""
    mine = [MeToo.account_id == account.id] if account is not None else []
    mine += [MeToo.device_id == device.id] if device is not None else []
    if mine:
        db.session.execute(delete(MeToo).where(or_(*mine)))


def _of(by: Actor, device: Device | None) -> list[ColumnElement[bool]]:
    mine = [MeToo.account_id == by.own_id] if by.own_id is not None else []
    return [*mine, *([MeToo.device_id == device.id] if device is not None else [])]
