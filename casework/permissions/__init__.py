"""Who may do what (rules.md, section 1): a table, from which the route × role test is generated. Who sees what is in sight.py."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CTE, Date, Row, Subquery, bindparam, or_, select, true, union_all

from casework.db import BigId, Instant, db
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import Account, Assignment, Case, Deputy, Membership
from casework.permissions.acting_account import ActingAccount
from casework.permissions.roles import (
    AGENCY_ROLES,
    ANYONE,
    CASE_READERS,
    CENTRE_ROLES,
    LEADERS,
    OPERATIONS,
    STAFF,
    TEAM_LEADERS,
    WATCHERS,
    Role,
)
from casework.successors import Followed, heirs_of


class NotAllowed(CaseworkError):
    def __init__(self) -> None:
        super().__init__("Ông/Bà không có quyền làm việc này.", "You are not allowed to do this.")


class Action(StrEnum):
    """The actions of routes and use cases, with the verbs of rules.md, section 7, and the roles that may do them."""

    roles: frozenset[Role] | frozenset[str]

    def __new__(cls, verb: str, roles: Iterable[Role] | Iterable[str]) -> "Action":
        action = str.__new__(cls, verb)
        action._value_ = verb
        action.roles = frozenset(roles)
        return action

    ACCEPT_ASSIGNMENT = "accept_assignment", {Role.OFFICER}
    ACT_ON_CASE = "act_on_case", STAFF
    ADD_AGENCY = "add_agency", OPERATIONS
    AGREE_BEHALF = "agree_behalf", STAFF
    ANSWER_LINK = "answer_link", ANYONE
    ANSWER_QUESTION = "answer_question", ANYONE
    APPOINT_DEPUTY = "appoint_deputy", frozenset({Role.ADMINISTRATOR, Role.COMMITTEE_LEADER, Role.CONFIDENTIAL_READER}) | TEAM_LEADERS
    APPROVE_ANSWER = "approve_answer", LEADERS
    APPROVE_PROCESS = "approve_process", {Role.PROCESS_APPROVER}
    ASK_REPORTER = "ask_reporter", OPERATIONS
    ASSIGN_TASK = "assign_task", TEAM_LEADERS
    BE_SEEN = "be_seen", OPERATIONS | AGENCY_ROLES | {Role.COMMITTEE_LEADER}
    BLOCK_SENDER = "block_sender", {Role.OPS_LEAD}
    CALL_HOTLINE = "call_hotline", OPERATIONS
    CHANGE_CALENDAR = "change_calendar", {Role.ADMINISTRATOR}
    CHANGE_LEAD = "change_lead", OPERATIONS
    CHANGE_SETTINGS = "change_settings", {Role.ADMINISTRATOR}
    CHECK_HEALTH = "check_health", ANYONE
    CHOOSE_MESSAGES = "choose_messages", ANYONE
    CLAIM_TASK = "claim_task", STAFF
    CLASSIFY = "classify", OPERATIONS
    CLEAR_TEXT = "clear_text", OPERATIONS
    CLOSE = "close", {Role.OPS_LEAD}
    CONFIRM_CONTACT = "confirm_contact", ANYONE
    CONFIRM_DEPUTY = "confirm_deputy", {Role.ADMINISTRATOR}
    CORRECT_PUBLICATION = "correct_publication", OPERATIONS
    DECIDE_DATA_REQUEST = "decide_data_request", {Role.OPS_LEAD}
    DECIDE_EXTENSION = "decide_extension", {Role.OPS_LEAD, Role.COMMITTEE_LEADER}
    DECIDE_HAND_BACK = "decide_hand_back", OPERATIONS
    DECIDE_OBJECTION = "decide_objection", {Role.OPS_LEAD, Role.COMMITTEE_LEADER}
    DECIDE_WITHDRAWAL = "decide_withdrawal", OPERATIONS
    DIRECT = "direct", {Role.COMMITTEE_LEADER}
    DIVIDE = "divide", OPERATIONS
    DISTRIBUTE = "distribute", OPERATIONS
    EDIT_PROCESS = "edit_process", {Role.ADMINISTRATOR}
    ENDORSE_EXTENSION = "endorse_extension", LEADERS
    EXPORT_EVENT_LOG = "export_event_log", {Role.ADMINISTRATOR, Role.INSPECTOR}
    EXPORT_IDENTITY = "export_identity", {Role.OPS_LEAD}
    EXPORT_LIST = "export_list", OPERATIONS | AGENCY_ROLES | {Role.COMMITTEE_LEADER, Role.RECORDS_CLERK, Role.INSPECTOR,
                                                     Role.ADMINISTRATOR, Role.PROCESS_APPROVER}
    FILE_REPORT = "file_report", ANYONE
    FINISH_DIRECTIVE = "finish_directive", {Role.OPS_LEAD, Role.COMMITTEE_LEADER}
    FOLLOW = "follow", ANYONE
    FOLLOW_AREA = "follow_area", ANYONE
    FOLLOW_OWN = "follow_own", ANYONE
    FREEZE_FIGURES = "freeze_figures", {Role.OPS_LEAD}
    HANDLE_BREACH = "handle_breach", {Role.ADMINISTRATOR}
    HANDLE_MAIL = "handle_mail", OPERATIONS | {Role.CONFIDENTIAL_READER}
    HAND_BACK = "hand_back", {Role.OFFICER}
    HAND_OVER = "hand_over", {Role.CONFIDENTIAL_READER}
    HOLD = "hold", {Role.OPS_LEAD}
    JOIN_PART = "join_part", OPERATIONS
    KEEP_DRAFT = "keep_draft", STAFF
    KEEP_FILTER = "keep_filter", STAFF
    KEEP_TEMPLATE = "keep_template", AGENCY_ROLES
    LOOK_UP_PHONE = "look_up_phone", OPERATIONS
    MANAGE_PEOPLE = "manage_people", {Role.ADMINISTRATOR}
    MANAGE_SESSIONS = "manage_sessions", ANYONE
    MANAGE_WALLBOARDS = "manage_wallboards", {Role.OPS_LEAD, Role.ADMINISTRATOR}
    MEND_PROCESS = "mend_process", {Role.ADMINISTRATOR}
    MERGE = "merge", OPERATIONS
    ME_TOO = "me_too", ANYONE
    MOVE_CASES = "move_cases", {Role.ADMINISTRATOR}
    NUMBER_LETTER = "number_letter", {Role.RECORDS_CLERK, Role.AGENCY_LEADER}
    OBJECT_TO_REFUSAL = "object_to_refusal", ANYONE
    OPEN_PALETTE = "open_palette", STAFF
    OPEN_SETTINGS = "open_settings", WATCHERS - {Role.PROCESS_APPROVER} | {Role.COMMITTEE_LEADER} | TEAM_LEADERS
    PASS_ON = "pass_on", OPERATIONS
    PERFORM_TASK = "perform_task", STAFF
    PRINT_CASE_FILE = "print_case_file", OPERATIONS | {Role.COMMITTEE_LEADER}
    PROGRESS_NOTE = "progress_note", AGENCY_ROLES
    PUBLISH = "publish", OPERATIONS
    QUARANTINE = "quarantine", OPERATIONS | AGENCY_ROLES
    RATE = "rate", ANYONE
    READ_BELL = "read_bell", STAFF
    READ_BOTTLENECKS = "read_bottlenecks", {Role.ADMINISTRATOR, Role.PROCESS_APPROVER, Role.INSPECTOR, Role.OPS_LEAD, Role.COMMITTEE_LEADER}
    READ_BREACHES = "read_breaches", {Role.ADMINISTRATOR, Role.INSPECTOR}
    READ_CASE = "read_case", CASE_READERS
    READ_HEALTH = "read_health", {Role.ADMINISTRATOR, Role.INSPECTOR}
    READ_FIELD_DESK = "read_field_desk", {Role.OFFICER}
    READ_INBOX = "read_inbox", STAFF
    READ_LATE = "read_late", OPERATIONS | {Role.AGENCY_LEADER, Role.COMMITTEE_LEADER}
    READ_LETTERS = "read_letters", OPERATIONS | {Role.AGENCY_LEADER, Role.COMMITTEE_LEADER, Role.RECORDS_CLERK}
    READ_LOOKS = "read_looks", {Role.ADMINISTRATOR, Role.INSPECTOR}
    READ_OPEN_MAP = "read_open_map", OPERATIONS | AGENCY_ROLES | {Role.COMMITTEE_LEADER}
    READ_PROCESS = "read_process", {Role.ADMINISTRATOR, Role.PROCESS_APPROVER, Role.INSPECTOR}
    READ_PROCESSING = "read_processing", {Role.ADMINISTRATOR, Role.INSPECTOR}
    READ_PUBLIC = "read_public", ANYONE
    READ_SETTING_EVENTS = "read_setting_events", {Role.ADMINISTRATOR, Role.INSPECTOR}
    READ_STATISTICS = "read_statistics", OPERATIONS | {Role.AGENCY_LEADER, Role.COMMITTEE_LEADER, Role.INSPECTOR}
    READ_TEAM = "read_team", TEAM_LEADERS
    READ_WALLBOARD = "read_wallboard", ANYONE
    REDO_ANSWER = "redo_answer", LEADERS
    REFER = "refer", OPERATIONS
    REFUSE = "refuse", OPERATIONS
    REHEARSE = "rehearse", {Role.ADMINISTRATOR, Role.PROCESS_APPROVER}
    REMIND = "remind", OPERATIONS | {Role.COMMITTEE_LEADER}
    REMIND_ALL = "remind_all", {Role.OPS_LEAD}
    REMOVE_AGENCY = "remove_agency", OPERATIONS
    REOPEN = "reopen", {Role.OPS_LEAD}
    REORGANISE = "reorganise", {Role.ADMINISTRATOR}
    REQUEST_DATA = "request_data", ANYONE
    REQUEST_EXTENSION = "request_extension", {Role.OFFICER}
    RESUME = "resume", {Role.OPS_LEAD}
    RETRY_INCIDENT = "retry_incident", {Role.ADMINISTRATOR}
    RETRY_MESSAGE = "retry_message", {Role.ADMINISTRATOR}
    REVEAL_IDENTITY = "reveal_identity", OPERATIONS | {Role.CONFIDENTIAL_READER}
    REVIEW_RATING = "review_rating", {Role.OPS_LEAD, Role.COMMITTEE_LEADER}
    REVOKE_LINK = "revoke_link", OPERATIONS | {Role.ADMINISTRATOR}
    RUN_JOB = "run_job", {Role.ADMINISTRATOR}
    SAY_IF_MENDED = "say_if_mended", ANYONE
    SCHEDULE_REPORT = "schedule_report", {Role.OPS_LEAD, Role.COMMITTEE_LEADER}
    SEAL_LETTER = "seal_letter", {Role.RECORDS_CLERK, Role.OPS_LEAD, Role.AGENCY_LEADER, Role.COMMITTEE_LEADER}
    SEARCH_CASES = "search_cases", OPERATIONS | AGENCY_ROLES | {Role.COMMITTEE_LEADER}
    SIGN_IN = "sign_in", ANYONE
    SIGN_OUT = "sign_out", ANYONE
    SEND_LINK = "send_link", OPERATIONS
    SPLIT = "split", OPERATIONS
    SUBMIT_ANSWER = "submit_answer", {Role.OFFICER}
    TAKE_BACK_HELD = "take_back_held", STAFF
    TAKE_REPORT = "take_report", OPERATIONS
    TRACK_REPORT = "track_report", ANYONE
    TRANSCRIBE = "transcribe", OPERATIONS
    UNPUBLISH = "unpublish", OPERATIONS
    VERIFY = "verify", OPERATIONS
    VERIFY_DOCUMENT = "verify_document", ANYONE
    WITHDRAW_REPORT = "withdraw_report", ANYONE
    WRITE_LETTER = "write_letter", OPERATIONS | {Role.AGENCY_LEADER}
    WRITE_NOTE = "write_note", OPERATIONS | AGENCY_ROLES
    WRITE_TO_CENTRE = "write_to_centre", ANYONE


OWN_ROLE_ALONE = frozenset({Action.APPOINT_DEPUTY, Action.CONFIRM_DEPUTY, Action.MANAGE_PEOPLE, Action.REORGANISE})
"""Actions that give or move roles, passwords, deputies, or the bodies they belong to. No deputy may do them for a principal, since a
deputy could give these rights to themselves. A test watches what each route writes (tests/roles_written.py)."""


@dataclass(frozen=True)
class Grant:
    """A role held now, as oneself or as the deputy of `principal_id`."""

    role: Role
    centre_id: int | None
    agency_id: int | None
    principal_id: int | None = None

    @property
    def desk(self) -> str:
        return desk_name(self.role, centre_id=self.centre_id, agency_id=self.agency_id)


@dataclass(frozen=True)
class Actor:
    """The acting person: an account with its present roles, a citizen, a guest with a tracking secret, a service account, or the system."""

    account: ActingAccount | None
    grants: tuple[Grant, ...] = ()
    tracked_report_ids: frozenset[int] = field(default_factory=frozenset)
    desk: str | None = None
    scopes: frozenset[Action] | None = None
    """Of a service account what its key opens, beside what its roles allow; None for people and the system."""
    on_behalf_id: int | None = None
    """The person in whose name a service account acts (casework/doors/behalf.py)."""

    @property
    def desks(self) -> list[str]:
        return sorted({grant.desk for grant in self.grants})

    @property
    def is_staff(self) -> bool:
        return bool(self.grants)

    @property
    def is_machine(self) -> bool:
        """Whether it is a service account: nobody who looks at anything, and never shown what is of the reporter."""
        return self.scopes is not None

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(grant.role for grant in self.grants)

    @property
    def agency_ids(self) -> frozenset[int]:
        return frozenset(grant.agency_id for grant in self.grants if grant.agency_id is not None)

    def grant_at(self, desk: str) -> Grant | None:
        """Return the role that opens a desk, the person's own before a deputy's."""
        found = [grant for grant in self.grants if grant.desk == desk]
        return min(found, key=lambda grant: grant.principal_id is not None, default=None)

    @property
    def alone(self) -> "Actor":
        """The same person with only their own roles, without those of their principals."""
        return replace(self, grants=tuple(grant for grant in self.grants if grant.principal_id is None))

    def holds(self, roles: Iterable[Role], *, centre_id: int | None = None, agency_id: int | None = None) -> bool:
        """Whether one of the roles is held there; a role in the installation counts in every centre."""
        wanted = frozenset(roles)
        return any(
            grant.role in wanted
            and (centre_id is None or grant.centre_id in (None, centre_id))
            and (agency_id is None or grant.agency_id == agency_id)
            for grant in self.grants
        )

    def holds_for(self, roles: Iterable[Role], case: Case) -> bool:
        """Whether one of the roles is held in the centre of the case, or in its successor."""
        wanted = frozenset(roles) & self.roles
        if not wanted or self.holds(wanted, centre_id=case.centre_id):
            return bool(wanted)
        return any(self.holds(wanted, centre_id=heir) for heir in heirs_of(Followed.CENTRE, case.centre_id, case.area_id))

    def holds_beside(self, roles: Iterable[Role], assignment: Assignment, case: Case) -> bool:
        """Whether one of the roles is held in the agency of the assignment, or in its successor."""
        wanted = frozenset(roles) & self.roles
        if not wanted or self.holds(wanted, agency_id=assignment.agency_id):
            return bool(wanted)
        return any(self.holds(wanted, agency_id=heir) for heir in heirs_of(Followed.AGENCY, assignment.agency_id, case.area_id))

    def works_for(self, assignment: Assignment, case: Case) -> bool:
        """Whether the person works in the agency of the assignment, or in its successor."""
        return self.holds_beside(AGENCY_ROLES, assignment, case)

    def at(self, desk: str) -> "Actor":
        """Return the same person at one inbox, so that a deputy's act is recorded as done for the principal."""
        return replace(self, desk=desk)

    @property
    def own_id(self) -> int | None:
        """The row of the acting account, None for guests and the system."""
        return self.account.id if self.account is not None else None

    @property
    def account_id(self) -> int:
        """The row of the acting account. Raises NotAllowed for guests and the system, who cannot sign an act."""
        own_id = self.own_id
        if own_id is None:
            raise NotAllowed
        return own_id

    @property
    def signs_as(self) -> int:
        """Whose act it is where a row names one person: of a service account's the person in whose name it acts. Raises NotAllowed."""
        return self.on_behalf_id if self.on_behalf_id is not None else self.account_id

    @property
    def principal_id(self) -> int | None:
        """The account a deputy acts for at the present desk, or the person in whose name a service account acts."""
        if self.on_behalf_id is not None:
            return self.on_behalf_id
        grant = self.grant_at(self.desk) if self.desk else None
        return grant.principal_id if grant else None

    @property
    def counts_as(self) -> frozenset[int]:
        """The accounts this act counts as: the person, and the principal when acting as a deputy."""
        return frozenset(id_ for id_ in (self.own_id, self.principal_id) if id_ is not None)


SYSTEM = Actor(account=None)
"""The actor of acts done by the clock."""


def desk_name(role: Role | str, *, centre_id: int | None = None, agency_id: int | None = None) -> str:
    """The name of an inbox: `operator@c1` for a centre, `officer@a7` for an agency."""
    return f"{Role(role)}@a{agency_id}" if Role(role) in AGENCY_ROLES else f"{Role(role)}@c{centre_id or 0}"


def actor_for(account: Account | None, *, now: datetime, tracked_report_ids: Iterable[int] = ()) -> Actor:
    """Return the account with the roles it holds on the local day of `now`, including those of its principals."""
    tracked = frozenset(tracked_report_ids)
    if account is None:
        return Actor(account=None, tracked_report_ids=tracked)
    if db.session.autoflush:
        db.session.flush()          # a statement of tables does not do so, and a new account has no id before
    acting = ActingAccount.of(account)
    if account.kind != "staff" or account.disabled_at is not None:
        return Actor(account=acting, tracked_report_ids=tracked)
    rows = db.session.execute(_ROLES_OF_ACCOUNT, {"account_id": acting.id, **moments(now)})
    return Actor(account=acting, grants=grants_in(rows, acting.id), tracked_report_ids=tracked)


def grants_in(rows: Iterable[Row[*tuple[Any, ...]]], own_id: int) -> tuple[Grant, ...]:
    """The roles in rows of `roles_held`; without the deputy's where roles that watch each other would meet in a person because of their
    dates."""
    held = (
        Grant(Role(row.role), row.centre_id, row.agency_id, None if row.holder_id == own_id else row.holder_id)
        for row in rows if row.role is not None
    )  # fmt: skip
    grants = tuple(dict.fromkeys(held))         # somebody may be the deputy of one person twice at once
    if len({grant.role for grant in grants if grant.role in WATCHERS}) < 2:
        return grants
    return tuple(grant for grant in grants if grant.principal_id is None or grant.role not in WATCHERS)


def moments(now: datetime) -> dict[str, datetime | date]:
    """What statements with `roles_held` are sent, in addition to whose roles they ask for."""
    return {"now": now, "today": local_day(now)}


def roles_held(who: CTE) -> Subquery:
    """The roles held today by the account in `who`, and by those it stands in for now: their columns, and whose each is.

    A deputy of a confidential reader counts only once confirmed by a second person.
    """
    role, deputy, principal = Membership.__table__, Deputy.__table__, Account.__table__.alias("principal")
    now, today = bindparam("now", type_=Instant), bindparam("today", type_=Date)
    as_deputy = (
        select(deputy.c.principal_id, deputy.c.confirmed_at.is_not(None))
        .join_from(who, deputy, deputy.c.deputy_id == who.c.account_id)
        .join(principal, principal.c.id == deputy.c.principal_id)
        .where(deputy.c.starts_at <= now, now < deputy.c.ends_at, principal.c.disabled_at.is_(None))
    )
    acts_as = union_all(select(who.c.account_id, true().label("is_trusted")), as_deputy).subquery("acts_as")
    return (
        select(role.c.id, role.c.role, role.c.centre_id, role.c.agency_id, role.c.account_id.label("holder_id"))
        .join_from(acts_as, role, role.c.account_id == acts_as.c.account_id)
        .where(
            role.c.valid_from <= today, or_(role.c.valid_to.is_(None), today < role.c.valid_to),
            or_(role.c.role != Role.CONFIDENTIAL_READER, acts_as.c.is_trusted),
        )
        .subquery("held")
    )  # fmt: skip


_HELD = roles_held(select(bindparam("account_id", type_=BigId).label("account_id")).cte("who"))
_ROLES_OF_ACCOUNT = select(_HELD.c.role, _HELD.c.centre_id, _HELD.c.agency_id, _HELD.c.holder_id).order_by(_HELD.c.id)


def may(actor: Actor, action: Action, case: Case | None = None, *, agency_id: int | None = None) -> bool:
    """Whether somebody's roles, and a service account's scopes, allow the action, in the centre of the case or, for agencies, there."""
    if actor.scopes is not None and action not in actor.scopes:
        return False
    roles = action.roles
    if roles == ANYONE:
        return True
    wanted = frozenset(Role(role) for role in roles)
    if action in OWN_ROLE_ALONE:
        actor = actor.alone
    if case is None:
        return actor.holds(wanted)
    if agency_id is not None:
        return actor.holds(wanted, agency_id=agency_id)
    return actor.holds_for(wanted & CENTRE_ROLES, case) or (
        bool(wanted & AGENCY_ROLES) and any(actor.holds_beside(wanted & AGENCY_ROLES, row, case) for row in case.assignments)
    )


def require(actor: Actor, action: Action, case: Case | None = None, *, agency_id: int | None = None) -> None:
    if not may(actor, action, case, agency_id=agency_id):
        raise NotAllowed
