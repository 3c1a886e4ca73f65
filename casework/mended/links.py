"""Which report led to which after a no: for the sender's page, and for the public as far as both are public."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from sqlalchemy import and_, literal, or_, select, union_all

from casework.db import db
from casework.models import Case, CaseReport, MendedQuestion, Report
from casework.public.filters import is_shown
from casework.publications import is_settled


@dataclass(frozen=True, slots=True)
class OwnMended:
    """What a sender's page shows: an open question by its ref, what was answered, and the reports before and after."""

    ref: str | None = None
    until: datetime | None = None
    answer: str | None = None
    can_report: str | None = None
    later: str | None = None
    earlier: str | None = None


@dataclass(frozen=True, slots=True)
class PublicLinks:
    """Codes of public cases: those whose sender came back after this one's answer, and the one this case came after."""

    later: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()


MOST_LINKS = 20


def own_mended(report: Report, case: Case, now: datetime) -> OwnMended:
    """What of this concerns a report of the reader's own; one statement."""
    other = or_(
        and_(MendedQuestion.report_id == report.id, Report.id == MendedQuestion.new_report_id),
        and_(MendedQuestion.new_report_id == report.id, Report.id == MendedQuestion.report_id),
    )
    query = select(MendedQuestion, Report.code).outerjoin(Report, other)
    query = query.where(or_(MendedQuestion.report_id == report.id, MendedQuestion.new_report_id == report.id))
    is_there = case.quarantined_at is None and report.reporter is not None and report.reporter.can_be_told
    shown = OwnMended()
    for question, told in db.session.execute(query.order_by(MendedQuestion.id)):
        code = cast("str | None", told)
        if question.new_report_id == report.id:
            shown = replace(shown, earlier=code)
            continue
        is_in_time = now < question.expires_at
        is_asked = question.answer is None and is_in_time and question.case_id == case.id and is_settled(case)
        can_report = question.answer == "no" and code is None and is_in_time and question.case_id == case.id and is_there
        shown = replace(
            shown, ref=question.ref if is_asked else None, until=question.expires_at if is_asked else None, answer=question.answer,
            can_report=question.ref if can_report else None, later=code or shown.later,
        )  # fmt: skip
    return shown


def public_links(case_id: int) -> PublicLinks:
    """The public cases before and after a public case, without itself: a new report may have been merged into it. One statement."""
    link = and_(CaseReport.case_id == Case.id, CaseReport.left_at.is_(None))
    after = select(Case.code, literal("later").label("way"), MendedQuestion.id.label("id")).join(CaseReport, link)
    after = after.join(MendedQuestion, MendedQuestion.new_report_id == CaseReport.report_id)
    after = after.where(MendedQuestion.case_id == case_id, Case.id != case_id, is_shown())
    before = select(Case.code, literal("earlier"), MendedQuestion.id).join(MendedQuestion, MendedQuestion.case_id == Case.id)
    before = before.join(CaseReport, and_(CaseReport.report_id == MendedQuestion.new_report_id, CaseReport.left_at.is_(None)))
    before = before.where(CaseReport.case_id == case_id, Case.id != case_id, is_shown())
    rows = union_all(after, before).subquery()
    found = db.session.execute(select(rows.c.code, rows.c.way).order_by(rows.c.id).limit(MOST_LINKS)).all()
    return PublicLinks(
        tuple(dict.fromkeys(code for code, way in found if way == "later")),
        tuple(dict.fromkeys(code for code, way in found if way == "earlier")),
    )

