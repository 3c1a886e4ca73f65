"""Filters of the inbox apart from its views, and the index ranges its rows come from: own desks, or places one answers for."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, true

from casework.lateness import late, soon
from casework.models import Account, Agency, Area, Assignment, Case, Field
from casework.open_cases import of_unconfirmed
from casework.permissions import OPERATIONS, TEAM_LEADERS, Actor, Role, desk_name
from casework.states import Pause
from workflows.desk_access import desks_read_by, reads_matter, unconfirmed_desks
from workflows.models import WaitingTask
from workflows.running.claims import counts, is_free

SOON = timedelta(hours=24)
"""A limit is near when less than this is left (look, "How state is shown")."""

NOBODY = "nobody"
"""Holder of a step nobody has taken."""

OWN = "own"
"""Own desks only, without those of principals."""


class Waits(StrEnum):
    """Whom a step waits for: anybody else, one's team, the holders of one role, the reporter, or another body."""

    OTHERS = "others"
    TEAM = "team"
    OPERATOR = "operator"
    OPS_LEAD = "ops_lead"
    OFFICER = "officer"
    AGENCY_LEADER = "agency_leader"
    COMMITTEE_LEADER = "committee_leader"
    REPORTER = "reporter"
    OTHER_BODY = "other_body"


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """A filter of rows; None does not filter, and all given conditions have to hold.

    `field` is a service code, `area` and `agency` are refs, `holder` is an account's ref or NOBODY, `whose` OWN or a principal's ref, `due`
    late or soon. With `waits` the rows are those of the centres and agencies the person answers for (see `places_of`).
    """

    state: str | None = None
    field: str | None = None
    area: str | None = None
    urgency: str | None = None
    agency: str | None = None
    source: str | None = None
    due: str | None = None
    waits: Waits | None = None
    holder: str | None = None
    whose: str | None = None

    def __bool__(self) -> bool:
        return any(getattr(self, each.name) is not None for each in fields(self))

    @property
    def is_about_matter(self) -> bool:
        """Whether it filters by what a case is about, which not every desk reads."""
        return any(each is not None for each in (self.field, self.area, self.agency, self.source))

    @property
    def needs_case(self) -> bool:
        """Whether the case's row has to be read."""
        return any(each is not None for each in (self.state, self.field, self.area, self.agency, self.source))


NO_FILTER = InboxFilter()


@dataclass(frozen=True, slots=True)
class Workplace:
    """A centre or an agency whose open steps somebody may list."""

    centre_id: int | None = None
    agency_id: int | None = None

    @property
    def within(self) -> ColumnElement[bool]:
        """The condition on the first column of its index."""
        return WaitingTask.agency_id == self.agency_id if self.agency_id is not None else WaitingTask.centre_id == self.centre_id


@dataclass(frozen=True, slots=True)
class IndexRange:
    """A range of an index, ordered by due date: `within` and the state are its first two columns, `only` further conditions."""

    within: ColumnElement[bool]
    state: str
    only: tuple[ColumnElement[bool], ...] = ()
    needs_case: bool = False


def places_of(by: Actor) -> list[Workplace]:
    """Return the places whose open steps a person may list beyond their own desks: operators' and leads' centre, leaders' agency."""
    centres = {grant.centre_id for grant in by.grants if grant.role in OPERATIONS and grant.centre_id is not None}
    agencies = {grant.agency_id for grant in by.grants if grant.role == Role.AGENCY_LEADER and grant.agency_id is not None}
    return [*(Workplace(centre_id=each) for each in sorted(centres)), *(Workplace(agency_id=each) for each in sorted(agencies))]


def team_desks(by: Actor) -> list[str]:
    """Return the desks of the people somebody leads: in a centre operators and operations leads, in an agency everybody."""
    found: set[str] = set()
    for grant in by.grants:
        if grant.role == Role.OPS_LEAD and grant.role in TEAM_LEADERS:
            found |= {desk_name(role, centre_id=grant.centre_id) for role in (Role.OPERATOR, Role.OPS_LEAD)}
        elif grant.role in TEAM_LEADERS:
            found |= {desk_name(role, agency_id=grant.agency_id) for role in (Role.OFFICER, Role.AGENCY_LEADER)}
    return sorted(found)


def parties_for(by: Actor) -> list[Waits]:
    """Return the parties a person may filter by; empty if they answer for no place."""
    places = places_of(by)
    if not places:
        return []
    in_centre = any(place.centre_id is not None for place in places)
    team = [Waits.TEAM] if team_desks(by) else []
    rest = [each for each in Waits if each not in (Waits.OTHERS, Waits.TEAM)] if in_centre else [Waits.OFFICER, Waits.AGENCY_LEADER]
    return [Waits.OTHERS, *team, *rest]


def narrowed(by: Actor, whose: str | None, principal_ids: dict[str, int]) -> Actor:
    """Return the person with only their own roles (OWN) or only those of one principal, by ref; an unknown ref gives none."""
    if whose is None:
        return by
    wanted = None if whose == OWN else principal_ids.get(whose, -1)
    return replace(by, grants=tuple(grant for grant in by.grants if grant.principal_id == wanted))


def sources_for(by: Actor, chosen: InboxFilter, *, frozen: bool = False, with_apart: bool = False) -> list[IndexRange]:
    """Return the index ranges that hold the rows of a filter: one per desk, or one per place if it asks whom steps wait for.

    Only open steps are read: ix_waiting_task_inbox by desk, ix_waiting_task_centre and ix_waiting_task_agency by place. Quarantined cases
    are in no place. A person who answers for no place finds nothing there. `with_apart` adds the unconfirmed desks.
    """
    if chosen.waits is None:
        desks = [desk for desk in desks_read_by(by) if not chosen.is_about_matter or reads_matter(desk)]
        desks += unconfirmed_desks(by) if with_apart else []
        return [IndexRange(WaitingTask.desk == desk, "frozen" if frozen else "waiting") for desk in desks]
    if chosen.waits == Waits.TEAM:
        return [IndexRange(WaitingTask.desk == desk, "waiting") for desk in team_desks(by)]
    known = Case.quarantined_at.is_(None)
    return [
        IndexRange(place.within, state, (known, *only), needs_case=True)
        for place in places_of(by)
        for state, only in _of_party(chosen.waits, by)
    ]


def conditions_of(chosen: InboxFilter, *, now: datetime) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions on a row. Its case is looked up by primary key."""
    if chosen.state is not None:
        yield Case.state == chosen.state
    if chosen.field is not None:
        yield Case.field_id.in_(select(Field.id).where(Field.service_code == chosen.field))
    if chosen.area is not None:
        yield Case.area_id.in_(select(Area.id).where(Area.ref == chosen.area))
    if chosen.urgency is not None:
        yield WaitingTask.urgent.is_(chosen.urgency == "urgent")
    if chosen.source is not None:
        yield Case.source == chosen.source
    if chosen.agency is not None:
        yield _concerns_agency(chosen.agency)
    if chosen.holder == NOBODY:
        yield is_free(now)
    elif chosen.holder is not None:
        yield WaitingTask.claimed_by_id.in_(select(Account.id).where(Account.ref == chosen.holder))
        yield counts(now)
    if chosen.due is not None:
        yield is_late(now) if chosen.due == "late" else is_near(now)


def is_late(now: datetime) -> ColumnElement[bool]:
    """The condition for late steps; as workflows.models.WaitingTask.is_late."""
    return late_step(WaitingTask, now)


def late_step(of: Any, now: datetime) -> ColumnElement[bool]:
    """The same for any rows with a step's `due_at` and `case_id`."""
    return and_(late(of.due_at, now), ~of_unconfirmed(of.case_id))


def is_near(now: datetime) -> ColumnElement[bool]:
    """Not late, but less than SOON left."""
    return soon(WaitingTask.due_at, now, now + SOON)


def party_of(task: WaitingTask) -> str:
    """Return whom a step waits for: the role of its desk, or what its case is on hold for."""
    if task.state == "frozen" and task.case.paused_for in (Pause.QUESTION, Pause.REFERRAL):
        return Waits.REPORTER if task.case.paused_for == Pause.QUESTION else Waits.OTHER_BODY
    return task.desk.partition("@")[0]


def _of_party(waits: Waits, by: Actor) -> list[tuple[str, tuple[ColumnElement[bool], ...]]]:
    """The states and further conditions under which an open step of a place waits for a party."""
    at_desk: ColumnElement[bool] = WaitingTask.desk.startswith(f"{waits}@", autoescape=True)
    match waits:
        case Waits.OTHERS:
            return [("waiting", (WaitingTask.desk.not_in([*desks_read_by(by), *unconfirmed_desks(by)]),))]
        case Waits.REPORTER:
            return [("waiting", (at_desk,)), ("frozen", (Case.paused_for == Pause.QUESTION,))]
        case Waits.OTHER_BODY:
            return [("frozen", (Case.paused_for == Pause.REFERRAL,))]
        case _:
            return [("waiting", (at_desk,))]


def _concerns_agency(ref: str) -> ColumnElement[bool]:
    """The agency works on the step itself, leads the case, or is asked to take part in it."""
    agency: Any = select(Agency.id).where(Agency.ref == ref).scalar_subquery()
    taking_part = exists().where(Assignment.case_id == WaitingTask.case_id, Assignment.agency_id == agency, Assignment.ended_at.is_(None))
    return or_(WaitingTask.agency_id == agency, Case.lead_agency_id == agency, taking_part)


def all_of(conditions: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    return and_(*conditions) if conditions else true()
