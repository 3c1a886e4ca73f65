"""Sealing what programs before 0.9.1 left in clear, by jobs because a migration has no keys.

Such a program may run in parallel with this one for a while (docs/upgrade.md): it writes in clear, and what it erases keeps its seal.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, or_, select, update

from casework.cases import lock_free_cases
from casework.db import db, unit_of_work
from casework.models import Case, CaseReport, Forgotten, Report, ReportText
from casework.upkeep.erasure_log import HAND_OVER, REPORT

BATCH, MOST_AT_ONCE = 200, 10_000
"""Rows sealed in one unit of work, and looked for by one query."""
BESIDE_OLDER = timedelta(days=2)
"""How long an older program may run in parallel with this one."""


def seal_reports(in_clear: ColumnElement[bool], seal: Callable[[Report, list[Case]], None]) -> int:
    """Seal clear values of reports, each with all cases it was ever in, and return how many. Repeating it does no harm.

    A report whose case somebody is working on is left for the next run.
    """

    def seal_some(ids: list[int]) -> int:
        homes: dict[int, list[int]] = {}
        for report_id, case_id in db.session.execute(select(CaseReport.report_id, CaseReport.case_id).where(CaseReport.report_id.in_(ids))):
            homes.setdefault(report_id, []).append(case_id)
        cases = {case.id: case for case in lock_free_cases({each for several in homes.values() for each in several})}
        free = [id_ for id_ in ids if cases.keys() >= set(homes.get(id_, ()))]
        reports = select(Report).where(Report.id.in_(free), in_clear).execution_options(populate_existing=True)
        found = list(db.session.scalars(reports))
        for report in found:
            seal(report, [cases[each] for each in homes.get(report.id, ())])
        return len(found)

    return _in_parts(Report, in_clear, seal_some)


def seal_cases(in_clear: ColumnElement[bool], seal: Callable[[Case], None]) -> int:
    """Seal clear values of cases, like `seal_reports`."""

    def seal_some(ids: list[int]) -> int:
        cases = lock_free_cases(ids)
        for case in cases:
            seal(case)
        return len(cases)

    return _in_parts(Case, in_clear, seal_some)


def forget_with_their_words(now: datetime) -> None:
    """Erase the sealed places of reports whose words an older program running in parallel has erased."""
    lately = select(Forgotten.kind, Forgotten.subject).where(Forgotten.at >= now - BESIDE_OLDER, Forgotten.kind.in_((HAND_OVER, REPORT)))
    subjects = defaultdict[str, list[str]](list)
    for kind, subject in db.session.execute(lately):
        subjects[kind].append(subject)
    db.session.rollback()
    for kind, forget in ((HAND_OVER, _forget_of_cases), (REPORT, _forget_of_reports)):
        for at in range(0, len(subjects[kind]), BATCH):
            with unit_of_work():
                forget(subjects[kind][at : at + BATCH])


def _forget_of_cases(refs: Sequence[str]) -> None:
    cases = list(db.session.scalars(select(Case.id).where(Case.ref.in_(refs))))
    _forget(cases, list(db.session.scalars(select(CaseReport.report_id).where(CaseReport.case_id.in_(cases)))))


def _forget_of_reports(refs: Sequence[str]) -> None:
    reports = list(db.session.scalars(select(Report.id).where(Report.ref.in_(refs))))
    _forget(list(db.session.scalars(select(CaseReport.case_id).where(CaseReport.report_id.in_(reports)))), reports)


def _forget(cases: Sequence[int], reports: Sequence[int]) -> None:
    free = [case.id for case in lock_free_cases(cases)]
    has_words = exists().where(ReportText.report_id == Report.id, ReportText.sealed_body.is_not(None))
    sealed = or_(Report.sealed_point.is_not(None), Report.sealed_village.is_not(None))
    waits = update(Case).where(Case.id.in_(free), Case.sealed_village.is_not(None)).values(sealed_village=None)
    gone = update(Report).where(Report.id.in_(reports), sealed, ~has_words).values(sealed_point=None, sealed_village=None)
    for change in (waits, gone):
        db.session.execute(change, execution_options={"synchronize_session": False})


def _in_parts(model: type[Report] | type[Case], in_clear: ColumnElement[bool], seal_some: Callable[[list[int]], int]) -> int:
    done = 0
    while ids := list(db.session.scalars(select(model.id).where(in_clear).limit(MOST_AT_ONCE))):
        db.session.rollback()
        sealed = 0
        for at in range(0, len(ids), BATCH):
            with unit_of_work():
                sealed += seal_some(ids[at : at + BATCH])
        if not sealed:
            break
        done += sealed
    db.session.rollback()
    return done
