"""Desks: the inbox in which a step waits, and who works at it."""

from datetime import datetime

from casework.contacts.confirming import UNCONFIRMED
from casework.models import Assignment, Case
from casework.permissions import AGENCY_ROLES, OPERATIONS, WATCHERS, Actor, Role, desk_name
from casework.permissions.sight import is_reporter
from workflows.bindings import Bindings
from workflows.definitions.process import Element
from workflows.element_settings import role_on

REPORTER = "reporter"

STEP_ROLES = (Role.OPERATOR, Role.OPS_LEAD, Role.COMMITTEE_LEADER, Role.RECORDS_CLERK, Role.OFFICER, Role.AGENCY_LEADER)
"""Who may do a step, in addition to the reporter. The other roles read no case."""

WITHOUT_MATTER = WATCHERS
"""Roles that never read what a case is about, whatever step an administrator draws into their lane (rules.md, sections 1, 2)."""


def desk_of(element: Element, case: Case, assignment: Assignment | None, bindings: Bindings, *, since: datetime, now: datetime) -> str:
    """Return the desk of a step: the binding's choice at this moment, else the role set for the day it began to wait, else that of the
    element or its lane, in this centre or agency.

    Raises ValueError for a role nobody can hold, which the check of a model finds first.
    """
    step = bindings.steps.get(element.id)
    if step is not None and step.desk is not None and (chosen := step.desk(assignment or case, now)):
        return chosen
    if element.role == REPORTER:
        return f"{REPORTER}@r{case.id}"
    role = Role(role_on(element, case.centre_id, since) or "")
    if role in AGENCY_ROLES and assignment is not None:
        return desk_name(role, agency_id=assignment.agency_id)
    return desk_name(role, centre_id=case.centre_id)


def desks_read_by(by: Actor) -> list[str]:
    """Return the desks a person reads; an operations lead reads the operators' too (rules.md, section 1)."""
    leads = {desk_name(Role.OPERATOR, centre_id=grant.centre_id) for grant in by.grants if grant.role == Role.OPS_LEAD}
    return sorted(leads.union(by.desks))


def unconfirmed_desk(centre_id: int | None) -> str:
    """The desk for steps of a centre whose senders are unconfirmed."""
    return f"{UNCONFIRMED}@c{centre_id or 0}"


def unconfirmed_desks(by: Actor) -> list[str]:
    """The unconfirmed desks a person reads: that of the centre for its operators and operations leads."""
    return sorted({unconfirmed_desk(grant.centre_id) for grant in by.grants if grant.role in OPERATIONS})


def own_desk(by: Actor, desk: str) -> str | None:
    """Return the desk at which the person acts on a step of `desk`, None if it is not theirs.

    A deputy acts at the principal's desk.
    """
    if by.grant_at(desk) is not None:
        return desk
    role, _, place = desk.partition("@")
    lead, operator = f"{Role.OPS_LEAD}@{place}", f"{Role.OPERATOR}@{place}"
    if role == UNCONFIRMED and by.grant_at(operator) is not None:
        return operator
    return lead if role in (Role.OPERATOR, UNCONFIRMED) and by.grant_at(lead) is not None else None


def leads_desk(by: Actor, desk: str) -> bool:
    """Whether the person leads that desk's people: the operations lead in a centre, the agency leader in an agency."""
    role, _, place = desk.partition("@")
    if role in AGENCY_ROLES:
        return by.grant_at(f"{Role.AGENCY_LEADER}@{place}") is not None
    return role in (Role.OPERATOR, Role.OPS_LEAD) and by.grant_at(f"{Role.OPS_LEAD}@{place}") is not None


def reads_matter(desk: str) -> bool:
    """Whether people at that desk read what the case is about."""
    return desk.partition("@")[0] not in WITHOUT_MATTER


def is_at(by: Actor, desk: str, case: Case) -> bool:
    """Whether the person may work on a step of that desk in this case. In a quarantined case nobody may."""
    if case.quarantined_at is not None:
        return False
    if desk.startswith(f"{REPORTER}@"):
        return is_reporter(by, case)
    return own_desk(by, desk) is not None
