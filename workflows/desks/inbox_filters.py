"""What is asked of the inbox: a view, a filter, and the index ranges its rows come from: own desks, or places one answers for."""

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_

from casework.lateness import late
from casework.open_cases import of_unconfirmed
from casework.permissions import OPERATIONS, TEAM_LEADERS, Actor, Role, desk_name
from casework.states import Pause
from workflows.desk_access import desks_read_by, reads_matter, unconfirmed_desks
from workflows.models import WaitingTask

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
class InboxQuery:
    """The view a person chose: steps of one element, their own, nearly due, late, on hold, of unconfirmed senders, or those looked for: of
    certain codes, or of cases in whose texts each of `words` begins a word (folded, as casework.search.index.words_asked gives them).

    `chosen` filters further, or asks for the steps of a whole centre or agency.
    """

    element: str | None = None
    only_mine: bool = False
    only_soon: bool = False
    only_late: bool = False
    only_frozen: bool = False
    only_unconfirmed: bool = False
    codes: tuple[str, ...] | None = None
    words: tuple[str, ...] = ()
    chosen: InboxFilter = NO_FILTER

    @property
    def is_looked_for(self) -> bool:
        return self.codes is not None or bool(self.words)

    @property
    def is_about_matter(self) -> bool:
        """Whether it asks what a case is about, which not every desk reads."""
        return self.chosen.is_about_matter or bool(self.words)

    @property
    def is_of_places(self) -> bool:
        """Whether it reaches beyond the person's own desks; rows then lead to the case instead of the step."""
        return self.chosen.waits is not None


@dataclass(frozen=True, slots=True)
class Workplace:
    """A centre or an agency whose open steps somebody may list."""

    centre_id: int | None = None
    agency_id: int | None = None

    @property
    def key(self) -> tuple[str, int]:
        """The first column of its index, and the value there."""
        return ("agency_id", self.agency_id) if self.agency_id is not None else ("centre_id", self.centre_id or 0)


@dataclass(frozen=True, slots=True)
class IndexRange:
    """A range of an index, ordered by due date: `value` in `column` and the state are its first two columns.

    With `waits` only the steps of a place that wait for that party.
    """

    column: str
    value: int | str
    state: str
    waits: Waits | None = None


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


def ranges_of(by: Actor, wanted: InboxQuery) -> list[IndexRange]:
    """Return the index ranges that hold the rows of a query: one per desk, or one per place if it asks whom steps wait for.

    Only open steps are read: ix_waiting_task_inbox by desk, ix_waiting_task_centre and ix_waiting_task_agency by place. Quarantined cases
    are in no place. A person who answers for no place finds nothing there. What is looked for may stand on the unconfirmed desks too.
    """
    chosen = wanted.chosen
    if wanted.only_unconfirmed:
        return [IndexRange("desk", desk, "waiting") for desk in unconfirmed_desks(by)]
    if chosen.waits is None:
        desks = [desk for desk in desks_read_by(by) if not wanted.is_about_matter or reads_matter(desk)]
        desks += unconfirmed_desks(by) if wanted.is_looked_for else []
        return [IndexRange("desk", desk, "frozen" if wanted.only_frozen else "waiting") for desk in desks]
    if chosen.waits == Waits.TEAM:
        return [IndexRange("desk", desk, "waiting") for desk in team_desks(by)]
    return [IndexRange(*place.key, state, chosen.waits) for place in places_of(by) for state in _states_of(chosen.waits)]


def is_late(now: datetime) -> ColumnElement[bool]:
    """The condition for late steps; as workflows.models.WaitingTask.is_late."""
    return late_step(WaitingTask, now)


def late_step(of: Any, now: Any) -> ColumnElement[bool]:
    """The same for any rows with a step's `due_at` and `case_id`."""
    return and_(late(of.due_at, now), ~of_unconfirmed(of.case_id))


def party_of(desk: str, state: str, paused_for: str | None) -> str:
    """Return whom a step waits for: the role of its desk, or what its case is on hold for."""
    if state == "frozen" and paused_for in (Pause.QUESTION, Pause.REFERRAL):
        return Waits.REPORTER if paused_for == Pause.QUESTION else Waits.OTHER_BODY
    return desk.partition("@")[0]


def _states_of(waits: Waits) -> tuple[str, ...]:
    """The states in which an open step may wait for a party."""
    return {Waits.REPORTER: ("waiting", "frozen"), Waits.OTHER_BODY: ("frozen",)}.get(waits, ("waiting",))
