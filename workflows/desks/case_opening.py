"""What the page of a case begins with, in two statements: the case with its agencies and what it lacks, its reports with their texts.

Its look-up is the permission check, as that of `case_seen_by`.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import joinedload, selectinload

from casework.casefile.exchanges import TOLD_APART, hold_tables
from casework.db import db
from casework.models import Case, CaseReport, Report, Reporter
from casework.permissions import Actor
from casework.permissions.sight import seen_by, with_viewers
from casework.reading.counting import MOST_KEPT, Counted, Rows, number_of, rows_of, values_of
from casework.reading.lacking import hold_lacking, parts_there
from workflows.models import ProcessInstance, ProcessVersion
from workflows.running.hearing import hold_version_key


def case_opened(by: Actor, ref: str, counted: Mapping[str, Counted | None]) -> tuple[Case | None, dict[str, int]]:
    """The case if the person has any relation to it, and numbers counted in the same statement. Call it within `reading_once`."""
    there = {name: each for name, each in counted.items() if each is not None}
    row = db.session.execute(_opened(rows_of(there)), {"ref": ref, **values_of(there)}).unique().first()
    if row is None:
        return None, dict.fromkeys(counted, 0)
    told = row._mapping
    case = seen_by(by, told["Case"])
    if case is not None:
        hold_lacking(case, told)
        known = {table for table in TOLD_APART if told[_name(table)]}
        hold_tables(case, known, told)
        if told["version_id"] is not None:
            hold_version_key(case, told["version_id"], told["version_digest"])
    return case, {name: told[name] if name in there else 0 for name in counted}


@lru_cache(MOST_KEPT)
def _opened(counted: tuple[tuple[str, Rows], ...]) -> Any:
    asked = (exists().where(table.case_id == Case.id).label(_name(table)) for table in TOLD_APART)
    own = select(ProcessVersion.id).join(ProcessInstance, ProcessInstance.version_id == ProcessVersion.id)
    own = own.where(ProcessInstance.case_id == Case.id, ProcessInstance.assignment_id.is_(None)).limit(1)
    version = (
        own.scalar_subquery().label("version_id"),
        own.with_only_columns(ProcessVersion.sha256).scalar_subquery().label("version_digest"),
    )
    query = select(Case, *parts_there(Case.id), *asked, *version, *(number_of(rows).label(name) for name, rows in counted))
    reports = (
        selectinload(Case.reports)
        .joinedload(CaseReport.report)
        .options(joinedload(Report.texts), joinedload(Report.reporter).joinedload(Reporter.account))
    )
    viewers = with_viewers(is_one_case=True)
    return query.where(Case.ref == bindparam("ref")).options(*viewers, joinedload(Case.centre), joinedload(Case.merged_into), reports)


def _name(table: type[Any]) -> str:
    return f"has_{table.__tablename__}"
