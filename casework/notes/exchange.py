"""The exchange with one agency of a case: what the centre writes to that agency alone, and what the agency writes to the centre.

Its words are notes (audience `agency`). Each side has read an exchange as a desk: an officer reads for the agency, an operator or their
lead for the centre. What is new for a side is told by four numbers on the assignment, so they go wherever its work goes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Boolean, ColumnElement, FromClause, bindparam, case, or_, select, union, update
from sqlalchemy.orm import joinedload

from casework.db import BigId, db
from casework.models import Agency, Assignment, Case, Note
from casework.permissions import AGENCY_ROLES, OPERATIONS, Actor, Role
from casework.reading.counting import Counted, count
from casework.successors import Followed, left_whole_to

OF_CENTRE = frozenset({"to_agency", "reminder"})
OF_AGENCY = frozenset({"note", "progress"})
"""The kinds of notes each side writes; what a leader of the agency notes when giving a task away (`moved`) is no word to the centre."""

MOST_COUNTED = 99
MOST_SHOWN = 50


class Side(StrEnum):
    CENTRE = "centre"
    AGENCY = "agency"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One agency's exchange as its reader sees it: words newest first, which of them are new for the reader's desk, and which words of the
    reader's own desk the other has not read. `assignment` is the agency's newest at work, `side` the reader's, None for who only reads."""

    agency: Agency
    assignment: Assignment
    side: Side | None
    notes: tuple[Note, ...]
    new: frozenset[int]
    unread_there: frozenset[int]
    can_write: bool


@dataclass(frozen=True, slots=True)
class NewExchange:
    """An exchange with something new for a person's desk."""

    assignment: Assignment
    case: Case
    side: Side


def side_of(by: Actor, assignment: Assignment, case: Case) -> Side | None:
    """For whom the person reads and writes there; None for the committee, which reads, and for everybody else."""
    if by.holds_for(OPERATIONS, case):
        return Side.CENTRE
    return Side.AGENCY if by.works_for(assignment, case) else None


def has_voice(assignment: Assignment) -> bool:
    """Whether the agency is in the case: at work, or with an approved answer. One that handed back or was taken out is not."""
    return assignment.is_open or assignment.approved_at is not None


def is_of_exchange(note: Note) -> bool:
    return note.audience == "agency" and note.assignment_id is not None and note.kind in OF_CENTRE | OF_AGENCY


def put_in_exchange(note: Note, assignment: Assignment) -> None:
    """Let a note that was just written count as new for the other side. Whoever writes for a side has read what it was told."""
    db.session.add(note)
    db.session.flush()
    if note.kind in OF_CENTRE:
        assignment.centre_said = note.id
        assignment.centre_read = max(assignment.centre_read, assignment.agency_said)
    else:
        assignment.agency_said = note.id
        assignment.agency_read = max(assignment.agency_read, assignment.centre_said)


def exchanges_of(by: Actor, case: Case, notes: Iterable[Note]) -> list[Exchange]:
    """The exchanges of a case among the notes the person reads (`notes_seen_by`), the lead's first; also empty ones they may begin."""
    by_agency: dict[int, list[Assignment]] = {}
    for row in case.assignments:
        by_agency.setdefault(row.agency_id, []).append(row)
    words = [note for note in notes if is_of_exchange(note)]
    found = [_exchange(by, case, rows, words) for rows in by_agency.values()]
    there = [each for each in found if each.notes or each.can_write]
    return sorted(there, key=lambda each: (not each.can_write, not each.assignment.is_lead, each.assignment.id))


def exchange_at(by: Actor, assignment: Assignment, notes: Iterable[Note] | None = None) -> Exchange | None:
    """One agency's exchange for a page about its work, without a statement where nothing was written; None for who is on neither side.

    `notes` are those of the case that the person reads, where the page has read them.
    """
    side = side_of(by, assignment, assignment.case)
    if side is None or assignment.case.quarantined_at is not None:
        return None
    words: Sequence[Note] = [note for note in notes or () if is_of_exchange(note)]
    if notes is None and (assignment.centre_said or assignment.agency_said):
        query = select(Note).where(Note.assignment_id == assignment.id, Note.audience == "agency").options(joinedload(Note.written_by))
        words = [note for note in db.session.scalars(query.order_by(Note.id.desc()).limit(MOST_SHOWN)) if is_of_exchange(note)]
    return _exchange(by, assignment.case, [assignment], words)


def _exchange(by: Actor, case: Case, rows: Sequence[Assignment], words: Sequence[Note]) -> Exchange:
    # as for its own notes (`own_open_assignment`): work that ended later does not take the voice an approved answer gives
    newest, at = next((row for row in reversed(rows) if has_voice(row)), rows[-1]), {row.id: row for row in rows}
    side = side_of(by, newest, case)
    theirs, own = (OF_AGENCY, OF_CENTRE) if side is Side.CENTRE else (OF_CENTRE, OF_AGENCY)
    mine = [(note, at[note.assignment_id]) for note in words if note.assignment_id in at]
    new = {note.id for note, row in mine if side is not None and note.kind in theirs and note.id > _read_to(row, side)}
    there = {note.id for note, row in mine if side is not None and note.kind in own and note.id > _read_there(row, side)}
    notes = tuple(note for note, _row in mine)
    can_write = side is not None and has_voice(newest) and case.quarantined_at is None
    return Exchange(newest.agency, newest, side, notes, frozenset(new), frozenset(there), can_write)


def _read_to(row: Assignment, side: Side) -> int:
    return row.centre_read if side is Side.CENTRE else row.agency_read


def _read_there(row: Assignment, side: Side) -> int:
    return row.agency_read if side is Side.CENTRE else row.centre_read


def reads_for_desk(by: Actor, exchange: Exchange) -> bool:
    """Whether the person's looking counts as the desk's. An agency's leader looks beside its officers, who are to act on it."""
    if exchange.side is Side.CENTRE:
        return True
    return exchange.side is Side.AGENCY and by.holds_beside([Role.OFFICER], exchange.assignment, exchange.assignment.case)


def mark_exchange_read(exchange: Exchange) -> None:
    """Mark what this page showed as read by the reader's side; what was written meanwhile stays new."""
    shown = {note.assignment_id: note.id for note in reversed(exchange.notes) if note.id in exchange.new}
    column = Assignment.centre_read if exchange.side is Side.CENTRE else Assignment.agency_read
    for assignment_id, note_id in shown.items():
        read = update(Assignment).where(Assignment.id == assignment_id, column < note_id).values({column: note_id})
        db.session.execute(read, execution_options={"synchronize_session": False})


# -- what is new for a person ------------------------------------------------------------------------------------------

_PART, _CASE = Assignment.__table__.c, Case.__table__.c
_IN_CASE = select(_PART.id).join_from(Assignment.__table__, Case.__table__, _CASE.id == _PART.case_id).where(_CASE.quarantined_at.is_(None))
_FOR_CENTRE = _IN_CASE.where(
    _PART.agency_said > _PART.centre_read,
    or_(bindparam("exchange_everywhere", type_=Boolean), _CASE.centre_id.in_(bindparam("exchange_centres", type_=BigId, expanding=True))),
).limit(MOST_COUNTED + 1)
_FOR_AGENCY = _IN_CASE.where(
    _PART.centre_said > _PART.agency_read,
    _PART.agency_id.in_(bindparam("exchange_agencies", type_=BigId, expanding=True)),
    or_(_PART.ended_at.is_(None), _PART.approved_at.is_not(None)),
).limit(MOST_COUNTED + 1)
NEW = union(select(_FOR_CENTRE.subquery().c.id), select(_FOR_AGENCY.subquery().c.id)).limit(MOST_COUNTED + 1)


def new_for_desk(desk: ColumnElement[str], case_id: ColumnElement[int], own: FromClause) -> ColumnElement[bool]:
    """Whether something is new for the desk of a step: of an agency in its `own` exchange, of the centre in any of the case."""
    talks = Assignment.__table__.alias("talks")
    of_case = select(talks.c.id).where(talks.c.case_id == case_id, talks.c.agency_said > talks.c.centre_read)
    of_centre = or_(*(desk.startswith(f"{role}@") for role in sorted(OPERATIONS)))
    is_own = own.c.id.is_not(None) & desk.like("%@a%")
    return case((is_own, own.c.centre_said > own.c.agency_read), else_=of_case.exists() & of_centre)


def new_exchanges(by: Actor) -> Counted | None:
    """The exchanges with something new for the person's desks, to be counted with other numbers; None for who has no such desk.

    A desk that was divided counts only what it was left whole; the others are still marked in their cases.
    """
    in_centres = [grant for grant in by.grants if grant.role in OPERATIONS]
    agencies = {grant.agency_id for grant in by.grants if grant.role in AGENCY_ROLES and grant.agency_id is not None}
    if not in_centres and not agencies:
        return None
    centres = {grant.centre_id for grant in in_centres if grant.centre_id is not None}
    values = {
        "exchange_everywhere": any(grant.centre_id is None for grant in in_centres),
        "exchange_centres": sorted(centres | left_whole_to(Followed.CENTRE, centres)),
        "exchange_agencies": sorted(agencies | left_whole_to(Followed.AGENCY, agencies)),
    }
    return Counted(NEW, values)


def new_exchange_count(by: Actor) -> int:
    """How many there are, counted one past MOST_COUNTED."""
    return count(new_exchanges(by))


def exchanges_new_for(by: Actor) -> list[NewExchange]:
    """The exchanges with something new for the person's desks, the latest first; at most MOST_SHOWN."""
    counted = new_exchanges(by)
    ids = list(db.session.scalars(counted.rows, dict(counted.values))) if counted is not None else []
    query = select(Assignment).where(Assignment.id.in_(ids)).options(joinedload(Assignment.case), joinedload(Assignment.agency))
    rows = [(row, side) for row in (db.session.scalars(query) if ids else ()) if (side := side_of(by, row, row.case)) is not None]
    there = [NewExchange(row, row.case, side) for row, side in rows if has_voice(row) or side is Side.CENTRE]
    return sorted(there, key=lambda each: -_said_to(each))[:MOST_SHOWN]


def _said_to(each: NewExchange) -> int:
    return each.assignment.agency_said if each.side is Side.CENTRE else each.assignment.centre_said
