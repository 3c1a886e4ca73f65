"""Who may do what, and who sees what (rules.md, sections 1 and 2). Both are tables, from which the route × role test is generated."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, inspect, or_, select
from sqlalchemy.orm import joinedload, selectinload

from casework.bilingual import Bilingual
from casework.db import BigId, Instant, db
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import Account, Assignment, Case, CaseReport, Deputy, Membership, Report
from casework.successors import Followed, heirs_of


class NotAllowed(CaseworkError):
    def __init__(self) -> None:
        super().__init__("Ông/Bà không có quyền làm việc này.", "You are not allowed to do this.")


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


class Action(StrEnum):
    """The actions of routes and use cases, with the verbs of rules.md, section 7."""

    ACCEPT_ASSIGNMENT = "accept_assignment"
    ACT_ON_CASE = "act_on_case"
    ADD_AGENCY = "add_agency"
    ANSWER_QUESTION = "answer_question"
    APPOINT_DEPUTY = "appoint_deputy"
    APPROVE_ANSWER = "approve_answer"
    APPROVE_PROCESS = "approve_process"
    ASK_REPORTER = "ask_reporter"
    ASSIGN_TASK = "assign_task"
    BLOCK_SENDER = "block_sender"
    CALL_HOTLINE = "call_hotline"
    CHANGE_CALENDAR = "change_calendar"
    CHANGE_LEAD = "change_lead"
    CHANGE_SETTINGS = "change_settings"
    CHECK_HEALTH = "check_health"
    CHOOSE_MESSAGES = "choose_messages"
    CLAIM_TASK = "claim_task"
    CLASSIFY = "classify"
    CLEAR_TEXT = "clear_text"
    CLOSE = "close"
    CONFIRM_CONTACT = "confirm_contact"
    CONFIRM_DEPUTY = "confirm_deputy"
    CORRECT_PUBLICATION = "correct_publication"
    DECIDE_DATA_REQUEST = "decide_data_request"
    DECIDE_EXTENSION = "decide_extension"
    DECIDE_HAND_BACK = "decide_hand_back"
    DECIDE_OBJECTION = "decide_objection"
    DECIDE_WITHDRAWAL = "decide_withdrawal"
    DIRECT = "direct"
    DISTRIBUTE = "distribute"
    EDIT_PROCESS = "edit_process"
    ENDORSE_EXTENSION = "endorse_extension"
    EXPORT_EVENT_LOG = "export_event_log"
    EXPORT_IDENTITY = "export_identity"
    EXPORT_LIST = "export_list"
    FILE_REPORT = "file_report"
    FINISH_DIRECTIVE = "finish_directive"
    FOLLOW = "follow"
    FOLLOW_OWN = "follow_own"
    FREEZE_FIGURES = "freeze_figures"
    HANDLE_BREACH = "handle_breach"
    HAND_BACK = "hand_back"
    HAND_OVER = "hand_over"
    HOLD = "hold"
    KEEP_DRAFT = "keep_draft"
    KEEP_FILTER = "keep_filter"
    KEEP_TEMPLATE = "keep_template"
    LOOK_UP_PHONE = "look_up_phone"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_SESSIONS = "manage_sessions"
    MANAGE_WALLBOARDS = "manage_wallboards"
    MEND_PROCESS = "mend_process"
    MERGE = "merge"
    ME_TOO = "me_too"
    MOVE_CASES = "move_cases"
    NUMBER_LETTER = "number_letter"
    OBJECT_TO_REFUSAL = "object_to_refusal"
    OPEN_SETTINGS = "open_settings"
    PASS_ON = "pass_on"
    PERFORM_TASK = "perform_task"
    PRINT_CASE_FILE = "print_case_file"
    PROGRESS_NOTE = "progress_note"
    PUBLISH = "publish"
    QUARANTINE = "quarantine"
    RATE = "rate"
    READ_BOTTLENECKS = "read_bottlenecks"
    READ_BREACHES = "read_breaches"
    READ_CASE = "read_case"
    READ_HEALTH = "read_health"
    READ_INBOX = "read_inbox"
    READ_LATE = "read_late"
    READ_LETTERS = "read_letters"
    READ_LOOKS = "read_looks"
    READ_PROCESS = "read_process"
    READ_PROCESSING = "read_processing"
    READ_PUBLIC = "read_public"
    READ_SETTING_EVENTS = "read_setting_events"
    READ_STATISTICS = "read_statistics"
    READ_TEAM = "read_team"
    READ_WALLBOARD = "read_wallboard"
    REDO_ANSWER = "redo_answer"
    REFER = "refer"
    REFUSE = "refuse"
    REHEARSE = "rehearse"
    REMIND = "remind"
    REMIND_ALL = "remind_all"
    REMOVE_AGENCY = "remove_agency"
    REOPEN = "reopen"
    REORGANISE = "reorganise"
    REQUEST_DATA = "request_data"
    REQUEST_EXTENSION = "request_extension"
    RESUME = "resume"
    RETRY_INCIDENT = "retry_incident"
    RETRY_MESSAGE = "retry_message"
    REVEAL_IDENTITY = "reveal_identity"
    REVIEW_RATING = "review_rating"
    RUN_JOB = "run_job"
    SCHEDULE_REPORT = "schedule_report"
    SEAL_LETTER = "seal_letter"
    SEARCH_CASES = "search_cases"
    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    SPLIT = "split"
    SUBMIT_ANSWER = "submit_answer"
    TAKE_REPORT = "take_report"
    TRACK_REPORT = "track_report"
    TRANSCRIBE = "transcribe"
    UNPUBLISH = "unpublish"
    VERIFY = "verify"
    VERIFY_DOCUMENT = "verify_document"
    WITHDRAW_REPORT = "withdraw_report"
    WRITE_LETTER = "write_letter"
    WRITE_NOTE = "write_note"
    WRITE_TO_CENTRE = "write_to_centre"


ANYONE = frozenset({"anyone"})
OPERATIONS = frozenset({Role.OPERATOR, Role.OPS_LEAD})
CASE_READERS = frozenset({Role.OPERATOR, Role.OPS_LEAD, Role.OFFICER, Role.AGENCY_LEADER, Role.COMMITTEE_LEADER, Role.ADMINISTRATOR,
                          Role.CONFIDENTIAL_READER})  # fmt: skip
LEADERS = frozenset({Role.AGENCY_LEADER, Role.COMMITTEE_LEADER})
"""The leaders who may decide on an answer: the agency's own, or the next one up where that one wrote it."""
TEAM_LEADERS = frozenset({Role.OPS_LEAD, Role.AGENCY_LEADER})
"""The leaders of an inbox's people: they see their load and assign steps."""
STAFF = frozenset(Role)

ACTION_ROLES: dict[Action, frozenset[Role] | frozenset[str]] = {
    Action.ACCEPT_ASSIGNMENT: frozenset({Role.OFFICER}),
    Action.ACT_ON_CASE: STAFF,
    Action.ADD_AGENCY: OPERATIONS,
    Action.ANSWER_QUESTION: ANYONE,
    Action.APPOINT_DEPUTY: frozenset({Role.ADMINISTRATOR, Role.COMMITTEE_LEADER, Role.CONFIDENTIAL_READER}) | TEAM_LEADERS,
    Action.APPROVE_ANSWER: LEADERS,
    Action.APPROVE_PROCESS: frozenset({Role.PROCESS_APPROVER}),
    Action.ASK_REPORTER: OPERATIONS,
    Action.ASSIGN_TASK: TEAM_LEADERS,
    Action.BLOCK_SENDER: frozenset({Role.OPS_LEAD}),
    Action.CALL_HOTLINE: OPERATIONS,
    Action.CHANGE_CALENDAR: frozenset({Role.ADMINISTRATOR}),
    Action.CHANGE_LEAD: OPERATIONS,
    Action.CHANGE_SETTINGS: frozenset({Role.ADMINISTRATOR}),
    Action.CHECK_HEALTH: ANYONE,
    Action.CHOOSE_MESSAGES: ANYONE,
    Action.CLAIM_TASK: STAFF,
    Action.CLASSIFY: OPERATIONS,
    Action.CLEAR_TEXT: OPERATIONS,
    Action.CLOSE: frozenset({Role.OPS_LEAD}),
    Action.CONFIRM_CONTACT: ANYONE,
    Action.CONFIRM_DEPUTY: frozenset({Role.ADMINISTRATOR}),
    Action.CORRECT_PUBLICATION: OPERATIONS,
    Action.DECIDE_DATA_REQUEST: frozenset({Role.OPS_LEAD}),
    Action.DECIDE_EXTENSION: frozenset({Role.OPS_LEAD, Role.COMMITTEE_LEADER}),
    Action.DECIDE_HAND_BACK: OPERATIONS,
    Action.DECIDE_OBJECTION: frozenset({Role.OPS_LEAD, Role.COMMITTEE_LEADER}),
    Action.DECIDE_WITHDRAWAL: OPERATIONS,
    Action.DIRECT: frozenset({Role.COMMITTEE_LEADER}),
    Action.DISTRIBUTE: OPERATIONS,
    Action.EDIT_PROCESS: frozenset({Role.ADMINISTRATOR}),
    Action.ENDORSE_EXTENSION: LEADERS,
    Action.EXPORT_EVENT_LOG: frozenset({Role.ADMINISTRATOR, Role.INSPECTOR}),
    Action.EXPORT_IDENTITY: frozenset({Role.OPS_LEAD}),
    Action.EXPORT_LIST: OPERATIONS | AGENCY_ROLES | {Role.COMMITTEE_LEADER, Role.RECORDS_CLERK, Role.INSPECTOR,
                                                     Role.ADMINISTRATOR, Role.PROCESS_APPROVER},
    Action.FILE_REPORT: ANYONE,
    Action.FINISH_DIRECTIVE: frozenset({Role.OPS_LEAD, Role.COMMITTEE_LEADER}),
    Action.FOLLOW: ANYONE,
    Action.FOLLOW_OWN: ANYONE,
    Action.FREEZE_FIGURES: frozenset({Role.OPS_LEAD}),
    Action.HANDLE_BREACH: frozenset({Role.ADMINISTRATOR}),
    Action.HAND_BACK: frozenset({Role.OFFICER}),
    Action.HAND_OVER: frozenset({Role.CONFIDENTIAL_READER}),
    Action.HOLD: frozenset({Role.OPS_LEAD}),
    Action.KEEP_DRAFT: STAFF,
    Action.KEEP_FILTER: STAFF,
    Action.KEEP_TEMPLATE: AGENCY_ROLES,
    Action.LOOK_UP_PHONE: OPERATIONS,
    Action.MANAGE_PEOPLE: frozenset({Role.ADMINISTRATOR}),
    Action.MANAGE_SESSIONS: ANYONE,
    Action.MANAGE_WALLBOARDS: frozenset({Role.OPS_LEAD, Role.ADMINISTRATOR}),
    Action.MEND_PROCESS: frozenset({Role.ADMINISTRATOR}),
    Action.MERGE: OPERATIONS,
    Action.ME_TOO: ANYONE,
    Action.MOVE_CASES: frozenset({Role.ADMINISTRATOR}),
    Action.NUMBER_LETTER: frozenset({Role.RECORDS_CLERK, Role.AGENCY_LEADER}),
    Action.OBJECT_TO_REFUSAL: ANYONE,
    Action.OPEN_SETTINGS: WATCHERS - {Role.PROCESS_APPROVER} | {Role.COMMITTEE_LEADER} | TEAM_LEADERS,
    Action.PASS_ON: OPERATIONS,
    Action.PERFORM_TASK: STAFF,
    Action.PRINT_CASE_FILE: OPERATIONS | {Role.COMMITTEE_LEADER},
    Action.PROGRESS_NOTE: AGENCY_ROLES,
    Action.PUBLISH: OPERATIONS,
    Action.QUARANTINE: OPERATIONS | AGENCY_ROLES,
    Action.RATE: ANYONE,
    Action.READ_BOTTLENECKS: frozenset({Role.ADMINISTRATOR, Role.PROCESS_APPROVER, Role.INSPECTOR, Role.OPS_LEAD, Role.COMMITTEE_LEADER}),
    Action.READ_BREACHES: frozenset({Role.ADMINISTRATOR, Role.INSPECTOR}),
    Action.READ_CASE: CASE_READERS,
    Action.READ_HEALTH: frozenset({Role.ADMINISTRATOR, Role.INSPECTOR}),
    Action.READ_INBOX: STAFF,
    Action.READ_LATE: OPERATIONS | {Role.AGENCY_LEADER, Role.COMMITTEE_LEADER},
    Action.READ_LETTERS: OPERATIONS | {Role.AGENCY_LEADER, Role.COMMITTEE_LEADER, Role.RECORDS_CLERK},
    Action.READ_LOOKS: frozenset({Role.ADMINISTRATOR, Role.INSPECTOR}),
    Action.READ_PROCESS: frozenset({Role.ADMINISTRATOR, Role.PROCESS_APPROVER, Role.INSPECTOR}),
    Action.READ_PROCESSING: frozenset({Role.ADMINISTRATOR, Role.INSPECTOR}),
    Action.READ_PUBLIC: ANYONE,
    Action.READ_SETTING_EVENTS: frozenset({Role.ADMINISTRATOR, Role.INSPECTOR}),
    Action.READ_STATISTICS: OPERATIONS | {Role.AGENCY_LEADER, Role.COMMITTEE_LEADER, Role.INSPECTOR},
    Action.READ_TEAM: TEAM_LEADERS,
    Action.READ_WALLBOARD: ANYONE,
    Action.REDO_ANSWER: LEADERS,
    Action.REFER: OPERATIONS,
    Action.REFUSE: OPERATIONS,
    Action.REHEARSE: frozenset({Role.ADMINISTRATOR, Role.PROCESS_APPROVER}),
    Action.REMIND: OPERATIONS | {Role.COMMITTEE_LEADER},
    Action.REMIND_ALL: frozenset({Role.OPS_LEAD}),
    Action.REMOVE_AGENCY: OPERATIONS,
    Action.REOPEN: frozenset({Role.OPS_LEAD}),
    Action.REORGANISE: frozenset({Role.ADMINISTRATOR}),
    Action.REQUEST_DATA: ANYONE,
    Action.REQUEST_EXTENSION: frozenset({Role.OFFICER}),
    Action.RESUME: frozenset({Role.OPS_LEAD}),
    Action.RETRY_INCIDENT: frozenset({Role.ADMINISTRATOR}),
    Action.RETRY_MESSAGE: frozenset({Role.ADMINISTRATOR}),
    Action.REVEAL_IDENTITY: OPERATIONS | {Role.CONFIDENTIAL_READER},
    Action.REVIEW_RATING: frozenset({Role.OPS_LEAD, Role.COMMITTEE_LEADER}),
    Action.RUN_JOB: frozenset({Role.ADMINISTRATOR}),
    Action.SCHEDULE_REPORT: frozenset({Role.OPS_LEAD, Role.COMMITTEE_LEADER}),
    Action.SEAL_LETTER: frozenset({Role.RECORDS_CLERK, Role.OPS_LEAD, Role.AGENCY_LEADER, Role.COMMITTEE_LEADER}),
    Action.SEARCH_CASES: OPERATIONS | AGENCY_ROLES | {Role.COMMITTEE_LEADER},
    Action.SIGN_IN: ANYONE,
    Action.SIGN_OUT: ANYONE,
    Action.SPLIT: OPERATIONS,
    Action.SUBMIT_ANSWER: frozenset({Role.OFFICER}),
    Action.TAKE_REPORT: OPERATIONS,
    Action.TRACK_REPORT: ANYONE,
    Action.TRANSCRIBE: OPERATIONS,
    Action.UNPUBLISH: OPERATIONS,
    Action.VERIFY: OPERATIONS,
    Action.VERIFY_DOCUMENT: ANYONE,
    Action.WITHDRAW_REPORT: ANYONE,
    Action.WRITE_LETTER: OPERATIONS | {Role.AGENCY_LEADER},
    Action.WRITE_NOTE: OPERATIONS | AGENCY_ROLES,
    Action.WRITE_TO_CENTRE: ANYONE,
}

OWN_ROLE_ALONE = frozenset({Action.APPOINT_DEPUTY, Action.CONFIRM_DEPUTY, Action.MANAGE_PEOPLE, Action.REORGANISE})
"""Actions that give or move roles, passwords, deputies, or the bodies they belong to. No deputy may do them for a principal, since a
deputy could give these rights to themselves. A test watches what each route writes (tests/roles_written.py)."""


@dataclass(frozen=True)
class SecondPerson:
    """The action whose author an act judges, and who does it where those people may not."""

    judges: tuple[Action, ...]
    others: Bilingual


_OTHER_LEADER = Bilingual("lãnh đạo khác của đơn vị hoặc lãnh đạo cấp trên", "another leader of the agency, or the leader above,")
_OTHER_OPERATOR = Bilingual("người khác của tổ vận hành", "somebody else of the operations team")
_LEAD_OR_COMMITTEE = Bilingual("tổ trưởng vận hành khác hoặc lãnh đạo UBND", "another operations lead, or the committee's leader,")

SECOND_PERSON: dict[Action, SecondPerson] = {
    Action.APPROVE_ANSWER: SecondPerson((Action.SUBMIT_ANSWER,), _OTHER_LEADER),
    Action.APPROVE_PROCESS: SecondPerson(
        (Action.EDIT_PROCESS,), Bilingual("người duyệt quy trình khác", "another process approver")
    ),
    Action.CONFIRM_DEPUTY: SecondPerson((Action.APPOINT_DEPUTY,), Bilingual("quản trị viên khác", "another administrator")),
    Action.DECIDE_DATA_REQUEST: SecondPerson(
        (Action.REQUEST_DATA,), Bilingual("tổ trưởng vận hành khác", "another operations lead")
    ),
    Action.DECIDE_EXTENSION: SecondPerson((Action.REQUEST_EXTENSION, Action.ENDORSE_EXTENSION), _LEAD_OR_COMMITTEE),
    Action.DECIDE_HAND_BACK: SecondPerson((Action.HAND_BACK,), _OTHER_OPERATOR),
    Action.DECIDE_OBJECTION: SecondPerson((Action.REFUSE, Action.OBJECT_TO_REFUSAL), _LEAD_OR_COMMITTEE),
    Action.DECIDE_WITHDRAWAL: SecondPerson((Action.WITHDRAW_REPORT,), _OTHER_OPERATOR),
    Action.ENDORSE_EXTENSION: SecondPerson((Action.REQUEST_EXTENSION,), _OTHER_LEADER),
    Action.REDO_ANSWER: SecondPerson((Action.SUBMIT_ANSWER,), _OTHER_LEADER),
    Action.REVIEW_RATING: SecondPerson(
        (Action.RATE, Action.SUBMIT_ANSWER, Action.APPROVE_ANSWER, Action.PUBLISH), _LEAD_OR_COMMITTEE
    ),
}  # fmt: skip
"""The acts of a second person. Whoever endorses, decides, approves or reviews is never the person who asked, wrote or decided before, nor
a deputy or principal of theirs (casework.second_person). The test of all pairs tries each row, and fails for such a verb without one."""


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
    Sight.CLEARED: frozenset({Viewer.OPERATOR, Viewer.OPS_LEAD, Viewer.AGENCY, Viewer.COMMITTEE_LEADER}),
    Sight.IDENTITY: frozenset({Viewer.OPERATOR, Viewer.OPS_LEAD}),
    Sight.SUBMITTED_ANSWERS: frozenset({Viewer.OPERATOR, Viewer.OPS_LEAD, Viewer.COMMITTEE_LEADER}),
    Sight.APPROVED_ANSWERS: frozenset({Viewer.OPERATOR, Viewer.OPS_LEAD, Viewer.AGENCY, Viewer.COMMITTEE_LEADER}),
    Sight.INTERNAL_NOTES: frozenset({Viewer.OPERATOR, Viewer.OPS_LEAD, Viewer.AGENCY, Viewer.COMMITTEE_LEADER}),
    Sight.PROCESS: frozenset({Viewer.OPERATOR, Viewer.OPS_LEAD, Viewer.AGENCY, Viewer.FORMER_AGENCY, Viewer.COMMITTEE_LEADER,
                              Viewer.ADMINISTRATOR}),
    Sight.QUARANTINED: frozenset({Viewer.CONFIDENTIAL_READER}),
}  # fmt: skip
"""A person's own words and drafts are looked up by their owner and are not in this table. Identity needs a reason and leaves an event. A
confidential reader sees the original and, with a reason, the identity in *quarantined* cases only."""


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
    """The acting person: an account with its present roles, a citizen, a guest with a tracking secret, or the system."""

    account: Account | None
    grants: tuple[Grant, ...] = ()
    tracked_report_ids: frozenset[int] = field(default_factory=frozenset)
    desk: str | None = None

    @property
    def desks(self) -> list[str]:
        return sorted({grant.desk for grant in self.grants})

    @property
    def is_staff(self) -> bool:
        return bool(self.grants)

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
        """The row of the acting account, None for guests and the system.

        Taken from the identity in the session: a unit of work begins by expiring what was read, and loading the account only for its id
        would cost each step a query.
        """
        if self.account is None:
            return None
        identity = inspect(self.account).identity
        return int(identity[0]) if identity else self.account.id

    @property
    def account_id(self) -> int:
        """The row of the acting account. Raises NotAllowed for guests and the system, who cannot sign an act."""
        own_id = self.own_id
        if own_id is None:
            raise NotAllowed
        return own_id

    @property
    def principal_id(self) -> int | None:
        """The account a deputy acts for at the present desk."""
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
    if account is None or account.kind != "staff" or account.disabled_at is not None:
        return Actor(account=account, tracked_report_ids=tracked)
    today = local_day(now)
    memberships = db.session.scalars(_memberships_held(), {"account_id": account.id, "now": now})
    grants = tuple(
        Grant(Role(row.role), row.centre_id, row.agency_id, None if row.account_id == account.id else row.account_id)
        for row in memberships if row.holds_on(today)
    )  # fmt: skip
    return Actor(account=account, grants=_apart(grants), tracked_report_ids=tracked)


def _apart(grants: tuple[Grant, ...]) -> tuple[Grant, ...]:
    """Without the deputy's roles where roles that watch each other would meet in a person because of their dates."""
    if len({grant.role for grant in grants if grant.role in WATCHERS}) < 2:
        return grants
    return tuple(grant for grant in grants if grant.principal_id is None or grant.role not in WATCHERS)


@cache
def _memberships_held() -> Select[Membership]:
    """The roles of an account and of those it stands in for; built once, because every page asks this.

    A deputy of a confidential reader counts only once confirmed by a second person.
    """
    account_id, now = bindparam("account_id", type_=BigId), bindparam("now", type_=Instant)
    deputyships = (
        select(Deputy.principal_id)
        .join(Deputy.principal)
        .where(Deputy.deputy_id == account_id, Deputy.starts_at <= now, now < Deputy.ends_at, Account.disabled_at.is_(None))
    )
    confirmed = deputyships.where(Deputy.confirmed_at.is_not(None))
    as_deputy = or_(
        and_(Membership.role != Role.CONFIDENTIAL_READER, Membership.account_id.in_(deputyships)), Membership.account_id.in_(confirmed)
    )
    is_held = or_(Membership.account_id == account_id, as_deputy)
    return select(Membership).where(is_held).order_by(Membership.id)


@cache
def with_viewers() -> tuple[Any, ...]:
    """The loader options that read a case with everything `viewers` needs, instead of row by row.

    Built at the first call, because it configures the mappers, which a command that only checks a file never needs.
    """
    return (
        selectinload(Case.assignments).joinedload(Assignment.agency),
        joinedload(Case.area),
        joinedload(Case.field),
        selectinload(Case.reports).joinedload(CaseReport.report).joinedload(Report.reporter),
    )


def viewers(actor: Actor, case: Case) -> frozenset[Viewer]:
    """A person's relations to the case; everybody is at least the public."""
    found = {Viewer.PUBLIC}
    if is_reporter(actor, case):
        found.add(Viewer.REPORTER)
    for role, viewer in (
        (Role.OPERATOR, Viewer.OPERATOR),
        (Role.OPS_LEAD, Viewer.OPS_LEAD),
        (Role.COMMITTEE_LEADER, Viewer.COMMITTEE_LEADER),
        (Role.ADMINISTRATOR, Viewer.ADMINISTRATOR),
        (Role.CONFIDENTIAL_READER, Viewer.CONFIDENTIAL_READER),
    ):
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
    """Whether one of the case's reports is the person's own."""
    return any(link.left_at is None and owns_report(actor, link.report) for link in case.reports)


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


def may(actor: Actor, action: Action, case: Case | None = None, *, agency_id: int | None = None) -> bool:
    """Whether the person's roles allow the action, in the centre of the case and, for agencies' acts, in that agency."""
    roles = ACTION_ROLES[action]
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
    report = db.session.scalar(select(Report).where(Report.code == code))
    return report if report is not None and owns_report(actor, report) else None
