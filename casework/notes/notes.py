"""Notes of staff outside the steps: the centre's own, the centre's for agencies, or one agency's. Never public."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Assignment, Case, Note
from casework.notes import sentences
from casework.notes.exchange import Side, has_voice, put_in_exchange, side_of
from casework.outbox import tell_desk
from casework.permissions import Action, Actor, NotAllowed, Role, may, require
from casework.permissions.sight import Sight, Viewer, sees, viewers
from casework.reading.lacking import Part, is_lacked
from casework.sentences import of_agency
from casework.states import ENDED_STATES
from casework.text import normal
from casework.verbs import MESSAGE, Input, Situation, Verb

LONGEST_NOTE = 4_000
MOST_NOTES = 200
"""The newest notes shown on a case page."""

SAID_ONCE = timedelta(minutes=1)
"""A word of an exchange that is sent again within this time is not said again."""


class NoteRefused(CaseworkError):
    """The note cannot be written like this; the text says why."""


def note_audiences(by: Actor, case: Case) -> list[str]:
    """Return the audiences a person may write to: the centre to itself or to agencies, an agency to its own people."""
    if by.holds_for([Role.OPERATOR, Role.OPS_LEAD], case):
        return ["centre", "agencies"]
    return ["agency"] if own_open_assignment(by, case) is not None else []


@Verb("write_note", Action.WRITE_NOTE, kinds=MESSAGE, staff=sentences.noted)
def write_note(case: Case, *, by: Actor, now: datetime, audience: str, words: str, assignment: Assignment | None = None) -> Note:
    """Write a note. Records `write_note` without the words.

    With an `assignment` it is a word in the exchange with that agency alone, by the centre or by the agency itself. Said twice by the same
    person within SAID_ONCE, it is one.

    Raises NotAllowed when the person may not write to that audience, NoteRefused when the words are missing or too long.
    Source: rules.md, section 2, "internal notes".
    """
    if case.quarantined_at is not None:
        raise NotAllowed
    if assignment is None:
        if audience not in note_audiences(by, case):
            raise NotAllowed
        assignment = own_open_assignment(by, case) if audience == "agency" else None
    elif audience != "agency" or not may_exchange(by, assignment, case):
        raise NotAllowed
    words, to_agency = _fit(words), assignment is not None and side_of(by, assignment, case) is Side.CENTRE
    note = Note(
        case_id=case.id, assignment_id=assignment.id if assignment else None, kind="to_agency" if to_agency else "note",
        audience=audience, body=words, written_by_id=by.account_id, written_at=now,
    )  # fmt: skip
    if assignment is not None and (said := _just_said(note)) is not None:
        return said
    db.session.add(note)
    record(case, "write_note", by=by, at=now, audience=audience, **({"agency": assignment.agency.key} if assignment is not None else {}))
    if assignment is not None:
        put_in_exchange(note, assignment)
    return note


def may_exchange(by: Actor, assignment: Assignment, case: Case) -> bool:
    """Whether the person may write in the exchange with that agency: the centre and the agency, while it has a voice in the case."""
    is_there = assignment.case_id == case.id and has_voice(assignment) and sees(by, Sight.INTERNAL_NOTES, case)
    return is_there and side_of(by, assignment, case) is not None


def _just_said(note: Note) -> Note | None:
    """The same word by the same person a moment ago: a form that was sent twice."""
    query = select(Note).where(Note.assignment_id == note.assignment_id).order_by(Note.id.desc()).limit(1)
    last = db.session.scalars(query).first()
    is_same = last is not None and (last.body, last.kind, last.written_by_id) == (note.body, note.kind, note.written_by_id)
    return last if is_same and last is not None and note.written_at - last.written_at < SAID_ONCE else None


def has_progress(at: Situation) -> Iterator[Assignment]:
    """The person's own agencies at work, also while the case rests."""
    for row in at.case.open_assignments if at.case.state not in ENDED_STATES else ():
        if row.accepted_at is not None and may(at.by, Action.PROGRESS_NOTE, at.case, agency_id=row.agency_id):
            yield row


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressNoteInput(Input):
    words: str


@Verb(
    "progress_note", Action.PROGRESS_NOTE, kinds=MESSAGE, staff=of_agency("{agency} ghi tiến độ", "{agency} noted its progress"),
    is_act=True, offered_on=has_progress,
)  # fmt: skip
def progress_note(assignment: Assignment, given: ProgressNoteInput, *, by: Actor, now: datetime) -> None:
    """Report the agency's progress; read in the agency and by the centre, which is told.

    Never public. Possible while the case is paused, too. Records `progress_note` without the words. Raises NoteRefused before the agency
    has accepted, after its part has ended, and when the words are missing or too long.
    """
    case = assignment.case
    require(by, Action.PROGRESS_NOTE, case, agency_id=assignment.agency_id)
    if case.quarantined_at is not None:
        raise NotAllowed
    if case.state in ENDED_STATES or not assignment.is_open or assignment.accepted_at is None:
        raise NoteRefused(
            "Chỉ ghi tiến độ khi đơn vị đã tiếp nhận và chưa xong việc.",
            "Progress is noted once the agency has accepted the case and until its part is done.",
        )
    words = _fit(given.words)
    record(case, "progress_note", by=by, at=now, agency=assignment.agency.key)
    note = Note(
        case_id=case.id, assignment_id=assignment.id, kind="progress", audience="agency", body=words,
        written_by_id=by.account_id, written_at=now,
    )  # fmt: skip
    put_in_exchange(note, assignment)
    tell_desk(Role.OPERATOR, "progress_noted", case=case, at=now, agency=assignment.agency.key)


def notes_seen_by(by: Actor, case: Case) -> list[Note]:
    """The notes a person may read, newest first: agencies their own and the centre's for agencies, the centre and the committee all."""
    query = select(Note).where(Note.case_id == case.id).options(joinedload(Note.written_by)).order_by(Note.id.desc()).limit(MOST_NOTES)
    if is_lacked(Part.NOTES, case.id) or not sees(by, Sight.INTERNAL_NOTES, case):
        return []
    return [note for note in db.session.scalars(query) if reads_note(by, note, case)]


def reads_note(by: Actor, note: Note, case: Case) -> bool:
    """Whether a person may read one note of a case now (rules.md, section 2, "internal notes")."""
    if not sees(by, Sight.INTERNAL_NOTES, case):
        return False
    if viewers(by, case) & {Viewer.OPERATOR, Viewer.OPS_LEAD, Viewer.COMMITTEE_LEADER}:
        return True
    own = {assignment.id for assignment in case.assignments if by.works_for(assignment, case)}
    return note.audience == "agencies" or (note.audience == "agency" and note.assignment_id in own)


def own_open_assignment(by: Actor, case: Case) -> Assignment | None:
    """The newest assignment of the person's agency that still gives a voice in the case."""
    mine = [row for row in case.assignments if by.works_for(row, case) and has_voice(row)]
    return mine[-1] if mine else None


def _fit(words: str) -> str:
    words = normal(words)
    if not words or len(words) > LONGEST_NOTE:
        raise NoteRefused(
            f"Vui lòng viết ghi chú, tối đa {LONGEST_NOTE} ký tự.", f"Please write the note, {LONGEST_NOTE} characters at most.",
            about="words",
        )
    return words
