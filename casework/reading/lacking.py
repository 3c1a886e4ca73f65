"""What a case has none of, asked with the row a page begins with, so that a page that is read once (`reading_once`) asks for none of it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import Label, exists, or_
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.orm.attributes import set_committed_value

from casework.db import kept_for_step
from casework.models import (
    Answer,
    AnswerOpening,
    Assignment,
    Case,
    CaseReport,
    Clock,
    ClockPause,
    Deputy,
    Extension,
    HandBack,
    Hold,
    MeToo,
    Note,
    Photo,
    Publication,
    Recording,
)


class Part(StrEnum):
    """What a case may lack, and whose row it is asked by: a report's, an assignment's, the case's, or for deputies an author's."""

    REPORT_PHOTOS = "report_photos"
    RECORDINGS = "recordings"
    ANSWERS = "answers"
    ANSWER_PHOTOS = "answer_photos"
    HAND_BACKS = "hand_backs"
    OPENINGS = "openings"
    EXTENSIONS = "extensions"
    NOTES = "notes"
    PAUSES = "pauses"
    PUBLICATIONS = "publications"
    HOLDS = "holds"
    ME_TOO = "me_too"
    DEPUTIES = "deputies"


UNDER_LOCK = (Part.REPORT_PHOTOS, Part.RECORDINGS, Part.ANSWERS, Part.ANSWER_PHOTOS, Part.PAUSES)
"""What no step of staff adds before it has asked for it."""

_OF_REPORTS = (Part.REPORT_PHOTOS, Part.RECORDINGS)
_OF_ASSIGNMENTS = (Part.ANSWERS, Part.ANSWER_PHOTOS, Part.HAND_BACKS, Part.OPENINGS)


def parts_there(case_id: InstrumentedAttribute[int], parts: Iterable[Part] = Part) -> list[Label[bool]]:
    """Columns that tell of a case which of its parts it has."""
    told = aliased(Case)
    of_report, of_assignment = CaseReport.case_id == case_id, Assignment.case_id == case_id
    asked = {
        Part.REPORT_PHOTOS: exists().where(Photo.report_id == CaseReport.report_id, of_report),
        Part.RECORDINGS: exists().where(Recording.report_id == CaseReport.report_id, of_report),
        Part.ANSWERS: exists().where(Answer.assignment_id == Assignment.id, of_assignment),
        Part.ANSWER_PHOTOS: exists().where(Photo.answer_id == Answer.id, Answer.assignment_id == Assignment.id, of_assignment),
        Part.HAND_BACKS: exists().where(HandBack.assignment_id == Assignment.id, of_assignment),
        Part.OPENINGS: exists().where(AnswerOpening.answer_id == Answer.id, Answer.assignment_id == Assignment.id, of_assignment),
        Part.EXTENSIONS: exists().where(Extension.assignment_id == Assignment.id, of_assignment),
        Part.NOTES: exists().where(Note.case_id == case_id),
        Part.PAUSES: exists().where(ClockPause.clock_id == Clock.id, Clock.case_id == case_id),
        Part.PUBLICATIONS: exists().where(Publication.case_id == case_id),
        Part.HOLDS: exists().where(Hold.case_id == case_id),
        Part.ME_TOO: exists().where(MeToo.case_id == told.id, or_(told.id == case_id, told.merged_into_id == case_id)),
        Part.DEPUTIES: exists().where(
            Answer.assignment_id == Assignment.id, of_assignment,
            or_(*(person.in_((Answer.author_id, Answer.author_for_id)) for person in (Deputy.deputy_id, Deputy.principal_id))),
        ),
    }
    return [asked[part].label(part) for part in parts]


def hold_lacking(case: Case, there: Mapping[Any, Any], parts: Iterable[Part] = Part) -> None:
    """Keep what the case lacks while the page is read or the step is done; `there` are the values of `parts_there`."""
    lacked = frozenset(part for part in parts if not there[part])
    kept_for_step()["lacked"] = (case, lacked)
    if Part.ANSWERS in lacked:
        for row in case.assignments:
            set_committed_value(row, "answers", [])


def hold_unpaused(case: Case, clocks: Iterable[Clock]) -> None:
    """Ask for no pauses of a case's limits where it has none."""
    if is_lacked(Part.PAUSES, case.id):
        for clock in clocks:
            set_committed_value(clock, "pauses", [])


def is_lacked(part: Part, owner_id: int) -> bool:
    """Whether it is known that there is nothing of the kind."""
    case, lacked = kept_for_step().get("lacked", (None, ()))
    return part in lacked and owner_id in _owners(part, case)


def _owners(part: Part, case: Case) -> Iterator[int | None]:
    """Whose parts of the kind the case may have, as far as they are read."""
    if part in _OF_REPORTS:
        yield from (link.report_id for link in case.reports)
    elif part in _OF_ASSIGNMENTS:
        yield from (row.id for row in case.assignments)
    elif part == Part.DEPUTIES:
        read = (answer for row in case.assignments if "answers" in row.__dict__ for answer in row.answers)
        yield from (author_id for answer in read for author_id in (answer.author_id, answer.author_for_id))
    else:
        yield case.id


def not_lacked(part: Part, owner_ids: Iterable[int]) -> Collection[int]:
    """Those of some owners that may have it."""
    return [owner_id for owner_id in owner_ids if not is_lacked(part, owner_id)]
