"""Steps an administrator drew, done through the form the model declares for them, and who reads what was written.

What is written in such a step is like a note: for the centre and the committee, and in a step of an agency's work for that agency too. It
is never public, and the reporter never reads it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from casework.bilingual import Bilingual
from casework.casefile import sentences
from casework.casefile.views import SeenPhoto, photos_seen
from casework.cases import resume_first
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Assignment, Case, Photo, StepRecord, StepValue
from casework.outbox import tell_inbox
from casework.permissions import Action, Actor
from casework.permissions.sight import Sight, Viewer, sees, viewers
from casework.photos.records import link_staged, staged_photos
from casework.states import ENDED_STATES
from casework.steps.fields import IN_CONDITIONS, PHOTO, Option, StepField, Value, fitted, in_conditions, kept_as, number_words
from casework.verbs import DECISION, Input, Verb

DO_STEP = "do_step"
MOST_RECORDS = 100
"""The newest records shown on a case page."""

LONGEST_LABEL = 200
YES, NO = Bilingual("Có", "Yes"), Bilingual("Không", "No")


class StepRecordRefused(CaseworkError):
    """The step cannot be done like this; the text says why."""


@dataclass(frozen=True)
class SeenValue:
    """A filled field of a step. `words` is None where it was left empty, and for photos."""

    label: Bilingual
    type: str
    words: Bilingual | None
    photos: tuple[SeenPhoto, ...]


@dataclass(frozen=True)
class SeenRecord:
    """A finished step as a person may read it. `pressed` is the button used, None where the step has only one way on."""

    label: Bilingual
    pressed: Bilingual | None
    by: str
    at: datetime
    assignment: Assignment | None
    values: tuple[SeenValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepInput(Input):
    """`values` are typed by field as `casework.steps.fields.fitted` takes them, `photos` the tokens of staged photos by field, `button` the
    id of the one pressed."""

    button: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    photos: Mapping[str, str] = field(default_factory=dict)


@Verb("do_step", Action.PERFORM_TASK, kinds=DECISION, staff=sentences.step_done)
def record_step(
    subject: Case | Assignment, given: StepInput, *, by: Actor, now: datetime,
    element: str, label: Bilingual, fields: Sequence[StepField] = (), buttons: Sequence[Option] = (),
) -> dict[str, object]:
    """Do a step that only the model knows: `element`, `label`, `fields` and `buttons` are what it declares.

    Records `do_step` without the values. Returns what gateways read: the button as `outcome`, and by field
    what was given of the types in IN_CONDITIONS, None where it was left empty. Whether the person works at the step's desk has
    been judged. Raises StepRecordRefused while the case stands still, after it has ended, and for a button the step does not
    have; FieldRefused, which names the field.
    """
    case = subject if isinstance(subject, Case) else subject.case
    assignment = subject if isinstance(subject, Assignment) else None
    _refuse_state(case)
    pressed = _pressed(buttons, given.button)
    tokens = given.photos
    sent = {field.id: len(staged_photos(tokens[field.id])) for field in fields if field.type == PHOTO and tokens.get(field.id)}
    filled = {field.id: fitted(field, given.values.get(field.id), photos=sent.get(field.id, 0)) for field in fields}
    said = pressed.label if pressed is not None else None
    record(
        case, DO_STEP, by=by, at=now, element=element, label=list(label), outcome=pressed.id if pressed is not None else None,
        outcome_label=list(said) if said is not None else None, agency=assignment.agency.key if assignment is not None else None,
    )  # fmt: skip
    row = StepRecord(
        case_id=case.id, assignment_id=assignment.id if assignment is not None else None, element=element,
        label_vi=_short(label.vi), label_en=_short(label.en), outcome=pressed.id if pressed is not None else None,
        outcome_vi=_short(said.vi) if said is not None else None, outcome_en=_short(said.en) if said is not None else None,
        done_by_id=by.account_id, done_at=now, values=[_value(field, filled[field.id]) for field in fields],
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    for value in row.values:
        if sent.get(value.field):
            link_staged(tokens[value.field], now=now, step_value=value)
    read = {field.id: in_conditions(filled[field.id]) for field in fields if field.type in IN_CONDITIONS}
    return {**read, "outcome": pressed.id if pressed is not None else None}


def tell_step_waits(case: Case, *, desk: str, element: str, at: datetime) -> None:
    """Tell an inbox that a step only the model knows now waits there, because no use case before it could have said so."""
    tell_inbox(desk, "step_waiting", case=case, at=at, about=element, step=element)


def reads_step_records(by: Actor, case: Case, assignment: Assignment | None) -> bool:
    """Whether a person reads what was written in steps of the case, or of one agency's work on it."""
    if not sees(by, Sight.INTERNAL_NOTES, case):
        return False
    if viewers(by, case) & {Viewer.OPERATOR, Viewer.OPS_LEAD, Viewer.COMMITTEE_LEADER}:
        return True
    return assignment is not None and by.works_for(assignment, case)


def step_records_seen(case: Case, by: Actor, *, at_step_of: Collection[Assignment | None] = ()) -> list[SeenRecord]:
    """The records of a case's drawn steps that a person may read, newest first, MOST_RECORDS at most.

    `at_step_of`: whoever has a step in the case (None) or in an agency's work also reads what earlier steps wrote there, even where the
    table of sights does not name them. The photos stay with those it does name.
    """
    parts: list[Assignment | None] = [None, *case.assignments]
    readable = {part.id if part is not None else None: part for part in parts if part in at_step_of or reads_step_records(by, case, part)}
    if not readable or case.quarantined_at is not None:
        return []
    query = select(StepRecord).where(StepRecord.case_id == case.id).options(joinedload(StepRecord.done_by), selectinload(StepRecord.values))
    rows = db.session.scalars(query.order_by(StepRecord.id.desc()).limit(MOST_RECORDS))
    shown = [row for row in rows if row.assignment_id in readable]
    pictured = [row for row in shown if reads_step_records(by, case, readable[row.assignment_id])]
    photos = _photos_by_value([value.id for row in pictured for value in row.values if value.type == PHOTO])
    return [_seen(row, readable[row.assignment_id], photos) for row in shown]


def _refuse_state(case: Case) -> None:
    if case.quarantined_at is not None or case.state in ENDED_STATES:
        raise StepRecordRefused("Hồ sơ đã kết thúc nên không làm được bước này.", "The case has ended, so this step cannot be done.")
    if case.standstill is not None:
        raise StepRecordRefused(*resume_first(case.standstill))


def _pressed(buttons: Sequence[Option], button: str | None) -> Option | None:
    found = next((each for each in buttons if each.id == button), None)
    if buttons and found is None:
        raise StepRecordRefused("Vui lòng bấm một trong các nút của bước này.", "Please press one of the buttons of this step.")
    return found


def _short(words: str) -> str:
    return words[:LONGEST_LABEL]


def _value(field: StepField, given: Value) -> StepValue:
    chosen = next((option.label for option in field.choices if option.id == given), None) if field.type == "choice" else None
    return StepValue(
        field=field.id, type=field.type, label_vi=_short(field.label.vi), label_en=_short(field.label.en), value=kept_as(given),
        shown_vi=chosen.vi if chosen is not None else None, shown_en=chosen.en if chosen is not None else None,
    )  # fmt: skip


def _seen(row: StepRecord, assignment: Assignment | None, photos: Mapping[int, list[Photo]]) -> SeenRecord:
    pressed = Bilingual(row.outcome_vi, row.outcome_en) if row.outcome_vi and row.outcome_en else None
    values = tuple(
        SeenValue(Bilingual(value.label_vi, value.label_en), value.type, words_of(value), photos_seen(photos.get(value.id, []), "centre"))
        for value in row.values
    )
    return SeenRecord(Bilingual(row.label_vi, row.label_en), pressed, row.done_by.full_name or "", row.done_at, assignment, values)


def words_of(value: StepValue) -> Bilingual | None:
    """The words of a field as people read them."""
    if value.value is None:
        return None
    match value.type:
        case "choice":
            return Bilingual(value.shown_vi or value.value, value.shown_en or value.value)
        case "yes_no":
            return YES if value.value == "true" else NO
        case "number":
            return number_words(float(value.value))
        case "date":
            day = f"{date.fromisoformat(value.value):%d/%m/%Y}"
            return Bilingual(day, day)
        case _:
            return Bilingual(value.value, value.value)


def _photos_by_value(value_ids: list[int]) -> dict[int, list[Photo]]:
    found: dict[int, list[Photo]] = {}
    if not value_ids:
        return found
    query = select(Photo).where(Photo.step_value_id.in_(value_ids), Photo.state == "linked").options(selectinload(Photo.files))
    for photo in db.session.scalars(query.order_by(Photo.position, Photo.id)):
        found.setdefault(photo.step_value_id or 0, []).append(photo)
    return found
