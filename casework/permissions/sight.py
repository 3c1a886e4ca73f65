"""Who sees what of a case (rules.md, section 2): a table, from which the route × role test is generated."""

from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import joinedload, selectinload

from casework.db import db
from casework.models import Assignment, Case, CaseReport, Report
from casework.permissions import Actor, NotAllowed, Role


class Viewer(StrEnum):
    """A person's relation to one case: the columns of the table in rules.md, section 2."""

    REPORTER = "reporter"
    FOLLOWER = "follower"
    PUBLIC = "public"
    OPERATOR = "operator"
    OPS_LEAD = "ops_lead"
    AGENCY = "agency"
    FORMER_AGENCY = "former_agency"
    COMMITTEE_LEADER = "committee_leader"
    ADMINISTRATOR = "administrator"
    CONFIDENTIAL_READER = "confidential_reader"
    CENTRE_SYSTEM = "centre_system"


class Sight(StrEnum):
    """What can be seen of a case: the rows of that table."""

    ORIGINAL = "original"
    CLEARED = "cleared"
    IDENTITY = "identity"
    SUBMITTED_ANSWERS = "submitted_answers"
    APPROVED_ANSWERS = "approved_answers"
    INTERNAL_NOTES = "internal_notes"
    PROCESS = "process"
    QUARANTINED = "quarantined"


SIGHTS: dict[Sight, frozenset[Viewer]] = {
    Sight.ORIGINAL: frozenset({Viewer.OPERATOR, Viewer.OPS_LEAD}),
    Sight.CLEARED: frozenset({Viewer.OPERATOR, Viewer.OPS_LEAD, Viewer.AGENCY, Viewer.COMMITTEE_LEADER, Viewer.CENTRE_SYSTEM}),
    Sight.IDENTITY: frozenset({Viewer.OPERATOR, Viewer.OPS_LEAD}),
    Sight.SUBMITTED_ANSWERS: frozenset({Viewer.OPERATOR, Viewer.OPS_LEAD, Viewer.COMMITTEE_LEADER}),
    Sight.APPROVED_ANSWERS: frozenset({Viewer.OPERATOR, Viewer.OPS_LEAD, Viewer.AGENCY, Viewer.COMMITTEE_LEADER, Viewer.CENTRE_SYSTEM}),
    Sight.INTERNAL_NOTES: frozenset({Viewer.OPERATOR, Viewer.OPS_LEAD, Viewer.AGENCY, Viewer.COMMITTEE_LEADER}),
    Sight.PROCESS: frozenset({Viewer.OPERATOR, Viewer.OPS_LEAD, Viewer.AGENCY, Viewer.FORMER_AGENCY, Viewer.COMMITTEE_LEADER,
                              Viewer.ADMINISTRATOR, Viewer.CENTRE_SYSTEM}),
    Sight.QUARANTINED: frozenset({Viewer.CONFIDENTIAL_READER}),
}  # fmt: skip
"""A person's own words and drafts are looked up by their owner and are not in this table. Identity needs a reason and leaves an event. A
confidential reader sees the original and, with a reason, the identity in *quarantined* cases only. A centre's own system is a service
account of the centre; one of an agency sees what the agency sees."""


_OF_PEOPLE = (
    (Role.OPERATOR, Viewer.OPERATOR),
    (Role.OPS_LEAD, Viewer.OPS_LEAD),
    (Role.COMMITTEE_LEADER, Viewer.COMMITTEE_LEADER),
    (Role.ADMINISTRATOR, Viewer.ADMINISTRATOR),
    (Role.CONFIDENTIAL_READER, Viewer.CONFIDENTIAL_READER),
)
_OF_MACHINES = ((Role.OPERATOR, Viewer.CENTRE_SYSTEM),)
"""Of a service account the role in the centre opens what was cleared, never the sender's own words or who they are."""


@cache
def with_viewers(*, is_one_case: bool = False) -> tuple[Any, ...]:
    """The loader options that read a case with everything `viewers` needs, instead of row by row; of one case its few agencies with it.

    Built at the first call, because it configures the mappers, which a command that only checks a file never needs.
    """
    return (
        (joinedload if is_one_case else selectinload)(Case.assignments).joinedload(Assignment.agency),
        joinedload(Case.area),
        joinedload(Case.field),
        selectinload(Case.reports).joinedload(CaseReport.report).joinedload(Report.reporter),
    )


def viewers(actor: Actor, case: Case) -> frozenset[Viewer]:
    """A person's relations to the case; everybody is at least the public."""
    found = {Viewer.PUBLIC}
    if is_reporter(actor, case):
        found.add(Viewer.REPORTER)
    for role, viewer in _OF_MACHINES if actor.is_machine else _OF_PEOPLE:
        if actor.holds_for([role], case):
            found.add(viewer)
    if actor.agency_ids:
        # the leader of an agency above decides where the agency's own leader wrote the answer
        mine = [row for row in case.assignments if actor.works_for(row, case) or (row.is_open and row.approval_desk in actor.desks)]
        if any(assignment.is_open or assignment.approved_at is not None for assignment in mine):
            found.add(Viewer.AGENCY)
        elif mine:
            found.add(Viewer.FORMER_AGENCY)
    return frozenset(found)


def is_reporter(actor: Actor, case: Case) -> bool:
    """Whether one of the case's reports is the person's own; a program sends reports for others and has none."""
    return not actor.is_machine and any(link.left_at is None and owns_report(actor, link.report) for link in case.reports)


def owns_report(actor: Actor, report: Report) -> bool:
    """Whether the report is the person's own, by account or by tracking secret."""
    if report.id in actor.tracked_report_ids:
        return True
    reporter = report.reporter
    return reporter is not None and reporter.account_id is not None and reporter.account_id == actor.own_id


def require_sender(actor: Actor, report: Report, case: Case) -> None:
    """Raise NotAllowed unless the person sent the report and the case answers it. A camera's report is nobody's own."""
    if report.reporter is None or not owns_report(actor, report):
        raise NotAllowed
    if all(link.report_id != report.id or link.left_at is not None for link in case.reports):
        raise NotAllowed


def sees(actor: Actor, sight: Sight, case: Case) -> bool:
    """Whether the person sees that part of the case. A quarantined case shows its parts only to the confidential reader."""
    roles = viewers(actor, case)
    if case.quarantined_at is not None:
        return Viewer.CONFIDENTIAL_READER in roles and sight in (Sight.ORIGINAL, Sight.IDENTITY, Sight.QUARANTINED)
    return bool(SIGHTS[sight] & roles)


def case_seen_by(actor: Actor, ref: str) -> Case | None:
    """Return the case if the person has any relation to it: the look-up is the permission check.

    For everybody but its confidential readers a quarantined case does not exist.
    """
    case = db.session.scalar(select(Case).where(Case.ref == ref).options(*with_viewers()))
    return seen_by(actor, case) if case is not None else None


def seen_by(actor: Actor, case: Case) -> Case | None:
    """The same for a case that is already loaded."""
    seen = viewers(actor, case)
    if case.quarantined_at is not None:
        return case if Viewer.CONFIDENTIAL_READER in seen else None
    return case if seen & (SIGHTS[Sight.PROCESS] | SIGHTS[Sight.CLEARED]) else None


def report_owned_by(actor: Actor, code: str) -> Report | None:
    """Return the report if it is the person's own, by account or by tracking secret."""
    report = db.session.scalar(_coded(), {"code": code})
    return report if report is not None and owns_report(actor, report) else None


@cache
def _coded() -> Select[Report]:
    return select(Report).where(Report.code == bindparam("code")).options(joinedload(Report.reporter))
