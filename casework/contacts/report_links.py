"""How a report belongs to a case: by one link at a time, which ends when the report is merged, split off or withdrawn."""

from collections.abc import Iterable

from sqlalchemy import ScalarSelect, Select, select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.models import Assignment, Case, CaseReport, Question, Report


def case_of(report: Report) -> Case:
    """The case that answers a report now; for a report withdrawn from a case that goes on for others, its last one."""
    return db.session.scalars(select(Case).where(Case.id == id_of_case(report)).options(joinedload(Case.area))).one()


def id_of_case(report: Report) -> ScalarSelect[int]:
    """The query for the row of that case."""
    query = select(CaseReport.case_id).where(CaseReport.report_id == report.id)
    return query.order_by(CaseReport.left_at.is_not(None), CaseReport.id.desc()).limit(1).scalar_subquery()


def links_of(report: Report) -> list[CaseReport]:
    """Every link of a report; the last is the present one, or else the one that ended last."""
    return list(db.session.scalars(_links([report.id])))


def links_of_reports(report_ids: list[int]) -> dict[int, list[CaseReport]]:
    """The same of several reports, by their rows."""
    found: dict[int, list[CaseReport]] = {id_: [] for id_ in report_ids}
    for link in db.session.scalars(_links(report_ids)) if report_ids else ():
        found[link.report_id].append(link)
    return found


def newest_links(report_ids: list[int]) -> dict[int, CaseReport]:
    """The last link of each report, by the report's row."""
    return {link.report_id: link for link in db.session.scalars(_links(report_ids))}


def _links(report_ids: list[int]) -> Select[CaseReport]:
    query = select(CaseReport).join(Case, CaseReport.case_id == Case.id).where(CaseReport.report_id.in_(report_ids))
    query = query.order_by(CaseReport.left_at.is_(None), CaseReport.id)
    query = query.options(joinedload(CaseReport.case).selectinload(Case.assignments).joinedload(Assignment.agency))
    return query.options(joinedload(CaseReport.case).joinedload(Case.area))


def ended_questions(case_ids: Iterable[int]) -> dict[int, Question]:
    """The newest question of each case that has ended, answered or not."""
    query = select(Question).where(Question.case_id.in_(list(case_ids)), Question.ended_at.is_not(None)).order_by(Question.id)
    return {question.case_id: question for question in db.session.scalars(query)}


def open_questions(report_ids: list[int]) -> dict[int, Question]:
    """The open questions to the reports' senders, by the report's row."""
    query = select(Question).where(Question.report_id.in_(report_ids), Question.ended_at.is_(None)).order_by(Question.id)
    return {question.report_id: question for question in db.session.scalars(query)}
