"""The roles of staff, and the groups of them that tables, pages and rules name."""

from enum import StrEnum


class Role(StrEnum):
    """The roles of staff, in a centre or an agency."""

    OPERATOR = "operator"
    OPS_LEAD = "ops_lead"
    OFFICER = "officer"
    AGENCY_LEADER = "agency_leader"
    COMMITTEE_LEADER = "committee_leader"
    RECORDS_CLERK = "records_clerk"
    ADMINISTRATOR = "administrator"
    PROCESS_APPROVER = "process_approver"
    CONFIDENTIAL_READER = "confidential_reader"
    INSPECTOR = "inspector"


WATCHERS = frozenset({Role.ADMINISTRATOR, Role.PROCESS_APPROVER, Role.INSPECTOR, Role.CONFIDENTIAL_READER})
"""Roles that watch each other: no person holds two of them, deputies included (rules.md, section 1)."""

AGENCY_ROLES = frozenset({Role.OFFICER, Role.AGENCY_LEADER})
CENTRE_ROLES = frozenset(Role) - AGENCY_ROLES

ANYONE = frozenset({"anyone"})
OPERATIONS = frozenset({Role.OPERATOR, Role.OPS_LEAD})
CASE_READERS = frozenset({Role.OPERATOR, Role.OPS_LEAD, Role.OFFICER, Role.AGENCY_LEADER, Role.COMMITTEE_LEADER, Role.ADMINISTRATOR,
                          Role.CONFIDENTIAL_READER})  # fmt: skip
LEADERS = frozenset({Role.AGENCY_LEADER, Role.COMMITTEE_LEADER})
"""The leaders who may decide on an answer: the agency's own, or the next one up where that one wrote it."""
TEAM_LEADERS = frozenset({Role.OPS_LEAD, Role.AGENCY_LEADER})
"""The leaders of an inbox's people: they see their load and assign steps."""
STAFF = frozenset(Role)
