"""Earlier reports by the sender of a report, with their states but without the sender's identity.

They are found by account and by the keyed digests of the contact, so nothing sealed is opened (rules.md, sections 2 and 3).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CompoundSelect, Select, exists, func, or_, select, union
from sqlalchemy.orm import contains_eager

from casework.db import db
from casework.models import Account, Area, Case, CaseReport, MendedQuestion, Report, Reporter
from casework.permissions import Actor
from casework.permissions.sight import Sight, sees

MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class EarlierReport:
    """An earlier report: its code and day, and the case that answers it, whose state and title may be shown.

    `is_followed`: after its answer the sender said that it is not mended, and sent a report of this case.
    """

    code: str
    filed_at: datetime
    case: Case
    is_followed: bool = False


@dataclass(frozen=True, slots=True)
class EarlierReports:
    """The newest MOST_LISTED of them, and their total number."""

    newest: tuple[EarlierReport, ...] = ()
    count: int = 0


def earlier_reports(case: Case, *, by: Actor) -> EarlierReports:
    """Return the earlier reports of a case's senders in the same centre, for readers of original words.

    Reports in quarantine are neither listed nor counted, nor are those of the case itself. A report without account or contact finds
    nothing.
    """
    if case.quarantined_at is not None or not sees(by, Sight.ORIGINAL, case):
        return EarlierReports()
    same = _same_sender(case)
    if same is None:
        return EarlierReports()
    rows = db.session.execute(_reports_of(case, same)).all()
    found = tuple(EarlierReport(link.report.code, link.report.filed_at, link.case, followed) for link, _count, followed in rows)
    return EarlierReports(found, rows[0][1] if rows else 0)


def _same_sender(case: Case) -> CompoundSelect[int] | None:
    """The reporters' rows of the same people; None when nothing is known of any of them."""
    reporters = [link.report.reporter for link in case.reports if link.left_at is None and link.report.reporter is not None]
    accounts = [reporter.account for reporter in reporters if reporter.account is not None]
    phones = {row.phone_digest for row in reporters} | {row.phone_digest for row in accounts}
    emails = {row.email_digest for row in reporters} | {row.email_digest for row in accounts}
    phones.discard(None)
    emails.discard(None)
    account_ids = {account.id for account in accounts}
    if not (account_ids or phones or emails):
        return None
    # a sender without a login may have an account with the same telephone
    has_same = or_(Account.phone_digest.in_(phones), Account.email_digest.in_(emails))
    with_account = select(Reporter.id).join(Account, Account.id == Reporter.account_id).where(Account.kind == "citizen", has_same)
    is_same = or_(Reporter.account_id.in_(account_ids), Reporter.phone_digest.in_(phones), Reporter.email_digest.in_(emails))
    return union(select(Reporter.id).where(is_same), with_account)


def _reports_of(case: Case, same: CompoundSelect[int]) -> Select[CaseReport, int, bool]:
    """Each with the case that answers it, and their total beyond the limit."""
    own = [link.report_id for link in case.reports if link.left_at is None]
    last = max(link.report.filed_at for link in case.reports if link.left_at is None)
    is_followed = exists().where(MendedQuestion.report_id == Report.id, MendedQuestion.new_report_id.in_(own))
    return (
        select(CaseReport, func.count().over(), is_followed)
        .join(Report, Report.id == CaseReport.report_id)
        .join(Case, Case.id == CaseReport.case_id)
        .where(Report.reporter_id.in_(same), CaseReport.left_at.is_(None))
        .where(Case.centre_id == case.centre_id, Case.quarantined_at.is_(None), Report.filed_at <= last, Report.id.not_in(own))
        .order_by(Report.filed_at.desc(), Report.id.desc())
        .limit(MOST_LISTED)
        .options(
            contains_eager(CaseReport.report),
            contains_eager(CaseReport.case).joinedload(Case.area).load_only(Area.name_vi, Area.name_en),
        )
    )
