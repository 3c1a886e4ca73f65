"""Repeating erasures after an older backup was restored, from the separately kept list."""

from datetime import datetime

from sqlalchemy import select

from casework.cases import lock_case
from casework.contacts.report_links import links_of, newest_links
from casework.db import db
from casework.events import append, record
from casework.models import Account, DataRequest, Report
from casework.permissions import SYSTEM
from casework.rights.erasing_people import begin_erasure, erase_account, erase_report
from casework.rights.requests import ERASURE, account_stream, put_down_again, reports_of_account
from casework.upkeep.erasure_log import note_forgotten
from casework.verbs import writes


def erase_account_again(ref: str, *, now: datetime) -> bool | None:
    """Erase an account, and have its reports erased as they end; None where this database does not know it, False where it is erased
    already."""
    account = db.session.scalar(select(Account).where(Account.ref == ref).with_for_update())
    if account is None:
        return None
    if account.sealed_identity is None:
        return False
    if not reports_of_account(account.id):
        append(account_stream(account), "erase_account_again", by=SYSTEM, at=now, payload={})
        erase_account(account, at=now)
        return True
    asked = DataRequest.account_id == account.id, DataRequest.kind == ERASURE, DataRequest.done_at.is_(None)
    requests = list(db.session.scalars(select(DataRequest).where(*asked).order_by(DataRequest.id))) or put_down_again(account, now=now)
    for request in requests:
        request.granted, request.answered_at = True, request.answered_at or now
        db.session.flush()
        begin_erasure(request, by=SYSTEM, now=now)
    return True


@writes("erase_report")
def erase_report_again(ref: str, *, now: datetime) -> bool | None:
    """Erase a report's sender and content, even if it is still under way here; returns like `erase_account_again`."""
    report = db.session.scalar(select(Report).where(Report.ref == ref))
    if report is None:
        return None
    cases = {case_id: lock_case(case_id) for case_id in sorted({link.case_id for link in links_of(report)})}
    db.session.refresh(report)
    reporter = report.reporter
    knows_who = reporter is not None and (reporter.sealed_identity is not None or reporter.account_id is not None)
    if not knows_who and all(text.sealed_body is None for text in report.texts):
        note_forgotten("report", ref, at=now)
        return False
    link = newest_links([report.id])[report.id]
    erase_report(report, link, at=now)
    if (case := cases[link.case_id]).quarantined_at is None:
        record(case, "erase_report", by=SYSTEM, at=now, report=report.code)
    return True
