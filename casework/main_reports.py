"""The main report of a case, whose code the case shows."""

from sqlalchemy import select

from casework.db import db, new_ref
from casework.models import Case, Report, SearchRow


def make_main(case: Case, report: Report) -> None:
    """Make another of its reports the one whose code a case shows.

    If a merged case still has that code, the two swap codes: each code belongs to one case, and tracking uses the report. The caller
    holds the lock of the case.
    """
    for link in case.reports:
        if link.left_at is None:
            link.is_main = link.report_id == report.id
    if case.code == report.code:
        return
    other = db.session.scalar(select(Case).where(Case.code == report.code))
    old = case.code
    if other is not None:
        other.code = new_ref()
        db.session.flush()
    case.code = report.code
    db.session.flush()
    if other is not None:
        other.code = old
        db.session.flush()
    for changed in filter(None, (case, other)):
        for row in db.session.scalars(select(SearchRow).where(SearchRow.case_id == changed.id)):
            row.code = changed.code
