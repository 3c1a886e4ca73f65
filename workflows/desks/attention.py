"""Cases leaders should look at, apart from late ones: pending decisions, second hand-backs, ratings to review; and at which steps cases
stand.

Read from the steps waiting in a centre, through their index.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Assignment, Case, Extension, HandBack, Note
from casework.notes.notes import reads_note
from casework.permissions import Actor
from casework.permissions.sight import Sight, sees
from workflows.desk_access import REPORTER
from workflows.models import WaitingTask
from workflows.running.drawn_steps import label_of_step

MOST = 500
"""Cases of all kinds together: more than a leader looks at."""


class Attention(StrEnum):
    """Why a leader should look at a case."""

    HANDED_BACK = "handed_back"
    EXTENSION = "extension"
    REVIEW = "review"


WHY = {
    "decide_hand_back": Attention.HANDED_BACK, "endorse_extension": Attention.EXTENSION, "decide_extension": Attention.EXTENSION,
    "review_rating": Attention.REVIEW,
}  # fmt: skip
"""By step, as every model names it, the reason for which a case waits there."""

TWICE = 2
"""From the second hand-back on, the centre has to settle which agency is responsible before asking again."""


@dataclass(frozen=True, slots=True)
class DelayNote:
    """The newest word on why a case is late: an extension requested or refused, or a progress note."""

    kind: str
    words: str
    at: datetime


def attention_of(centre_id: int, *, agency_id: int | None = None) -> dict[Attention, list[int]]:
    """The cases of a centre, or of those one agency leads, that wait for a decision; the longest waiting first, MOST in all.

    Of the cases handed back, only those handed back TWICE or more.
    """
    query = select(WaitingTask.element, WaitingTask.case_id).join(Case, Case.id == WaitingTask.case_id)
    query = query.where(WaitingTask.centre_id == centre_id, WaitingTask.state == "waiting", WaitingTask.element.in_(WHY))
    query = query.where(Case.quarantined_at.is_(None))
    if agency_id is not None:
        query = query.where(Case.lead_agency_id + 0 == agency_id)
    found: dict[Attention, list[int]] = {why: [] for why in Attention}
    for element, case_id in db.session.execute(query.order_by(WaitingTask.entered_at, WaitingTask.id).limit(MOST)):
        if case_id not in found[WHY[element]]:
            found[WHY[element]].append(case_id)
    found[Attention.HANDED_BACK] = _handed_back_twice(found[Attention.HANDED_BACK])
    return found


def steps_of(cases: Collection[Case]) -> dict[int, list[Bilingual]]:
    """The steps at which cases stand, the earliest due first; steps that wait for a citizen are left out."""
    query = select(WaitingTask).where(
        WaitingTask.case_id.in_([case.id for case in cases]), WaitingTask.state.in_(("waiting", "frozen")),
        WaitingTask.desk.not_like(f"{REPORTER}@%"),
    )  # fmt: skip
    query = query.options(joinedload(WaitingTask.instance), joinedload(WaitingTask.case)).order_by(WaitingTask.due_at, WaitingTask.id)
    found: dict[int, list[Bilingual]] = {case.id: [] for case in cases}
    for task in db.session.scalars(query) if cases else ():
        label = label_of_step(task)
        if label not in found[task.case_id]:
            found[task.case_id].append(label)
    return found


def delay_notes(by: Actor, cases: Sequence[Case]) -> dict[int, DelayNote]:
    """The newest word on why each case is late, as far as the person may read it. Sensitive cases are left out of such lists."""
    known = {case.id: case for case in cases if case.visibility_reason_id is None and sees(by, Sight.INTERNAL_NOTES, case)}
    if not known:
        return {}
    found: dict[int, DelayNote] = {}
    extensions = select(Extension, Assignment).join(Assignment, Assignment.id == Extension.assignment_id)
    extensions = extensions.where(Assignment.case_id.in_(known), Assignment.ended_at.is_(None)).order_by(Extension.id)
    for extension, part in db.session.execute(extensions):
        case = known[part.case_id]
        if extension.granted or not (sees(by, Sight.SUBMITTED_ANSWERS, case) or by.works_for(part, case)):
            continue
        refused = extension.granted is False or extension.endorsed is False
        at = extension.decided_at or extension.endorsed_at or extension.requested_at
        said = DelayNote("refused" if refused else "asked", (refused and extension.decision_words) or extension.reason, at)
        found[part.case_id] = _newer(found.get(part.case_id), said)
    for note in db.session.scalars(select(Note).where(Note.case_id.in_(known), Note.kind == "progress").order_by(Note.id)):
        if reads_note(by, note, known[note.case_id]):
            found[note.case_id] = _newer(found.get(note.case_id), DelayNote("progress", note.body, note.written_at))
    return found


def _newer(one: DelayNote | None, other: DelayNote) -> DelayNote:
    return other if one is None or other.at >= one.at else one


def _handed_back_twice(case_ids: Sequence[int]) -> list[int]:
    query = select(Assignment.case_id).join(HandBack, HandBack.assignment_id == Assignment.id).where(Assignment.case_id.in_(case_ids))
    twice = set(db.session.scalars(query.group_by(Assignment.case_id).having(func.count() >= TWICE))) if case_ids else set()
    return [case_id for case_id in case_ids if case_id in twice]
