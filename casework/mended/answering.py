"""What a sender answers to the question whether it is really mended, and the new report after a no."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from casework.cases import lock_case
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.intake.file_report import place_words, typed_village
from casework.mended import sentences
from casework.models import Case, CaseReport, MendedQuestion, Report, Reporter
from casework.permissions import Action, Actor, require
from casework.places.former_areas import areas_now
from casework.places.points import point_of
from casework.publications import is_settled
from casework.verbs import MESSAGE, Verb

YES, NO = "yes", "no"


class MendedRefused(CaseworkError):
    """The question cannot be answered any more; the text says why."""


@dataclass(frozen=True, slots=True)
class PlaceAgain:
    """What a new report takes over from the one before: the place as its sender gave it, and the field. Never the words or the contact."""

    code: str
    area: str
    village: str
    place: str
    latitude: str
    longitude: str
    accuracy: str
    field: str


def question_by_ref(ref: str) -> MendedQuestion | None:
    return db.session.scalars(select(MendedQuestion).where(MendedQuestion.ref == ref)).one_or_none()


def is_open(question: MendedQuestion, case: Case, now: datetime) -> bool:
    """Whether it can be answered: not answered yet, not too old, and the answer it asks about still stands in public."""
    is_in_case = any(link.report_id == question.report_id and link.left_at is None for link in case.reports)
    return question.answer is None and now < question.expires_at and is_settled(case) and is_in_case


def may_report_again(question: MendedQuestion, case: Case, now: datetime) -> bool:
    """Whether a new report may lead back: after a no, once, while the case before still answers its sender. Never once it was set apart,
    the report went on to another case (merged or split off), or the sender was erased."""
    is_wanted = question.answer == NO and question.new_report_id is None and now < question.expires_at
    return is_wanted and case.quarantined_at is None and _is_still_theirs(question)


def _is_still_theirs(question: MendedQuestion) -> bool:
    there = select(Reporter).join(Report, Report.reporter_id == Reporter.id).join(CaseReport, CaseReport.report_id == Report.id)
    there = there.where(Report.id == question.report_id, CaseReport.case_id == question.case_id, CaseReport.left_at.is_(None))
    reporter = db.session.scalars(there).one_or_none()
    return reporter is not None and reporter.can_be_told


@Verb(
    "say_if_mended", Action.SAY_IF_MENDED, kinds=MESSAGE, is_personal=True, is_from_outside=True,
    staff=sentences.said, sender=sentences.said_by_you,
)  # fmt: skip
def say_if_mended(ref: str, *, answer: str, by: Actor, now: datetime) -> MendedQuestion:
    """Take the answer, once. The caller has seen to it that whoever answers holds the link or the report.

    Locks the case; records `say_if_mended`. The same answer again changes nothing. Raises MendedRefused.
    """
    require(by, Action.SAY_IF_MENDED)
    question = db.session.scalars(select(MendedQuestion).where(MendedQuestion.ref == ref)).one()
    case = lock_case(question.case_id)
    # of two presses the second sees what the first has answered
    db.session.refresh(question)
    if question.answer == answer:
        return question
    if answer not in (YES, NO) or not is_open(question, case, now):
        raise MendedRefused(
            "Câu hỏi này không còn trả lời được: đã có câu trả lời, đã quá hạn, hoặc hồ sơ đang được xử lý lại.",
            "This question can no longer be answered: it has an answer, it is too old, or the case is being handled again.",
        )
    code = db.session.scalar(select(Report.code).where(Report.id == question.report_id))
    record(case, "say_if_mended", by=by, at=now, report=code, answer=answer)
    question.answer, question.answered_at = answer, now
    return question


def hold_question(ref: str, *, now: datetime) -> MendedQuestion | None:
    """The question a new report leads back to, with the case before locked: its lock comes before that of the new one. None where it leads
    nowhere any more: the report is taken all the same."""
    question = question_by_ref(ref) if ref else None
    if question is None:
        return None
    case = lock_case(question.case_id)
    db.session.refresh(question)
    return question if may_report_again(question, case, now) else None


@Verb(
    "report_again", Action.FILE_REPORT, kinds=MESSAGE, is_personal=True, is_from_outside=True,
    staff=sentences.reported_again, sender=sentences.reported_again,
)  # fmt: skip
def lead_back(question: MendedQuestion, report: Report, case: Case, *, by: Actor, now: datetime) -> None:
    """Join a new report to the one before, in both histories. Records `report_again` in each; the old case stays as it is."""
    require(by, Action.FILE_REPORT)
    earlier = db.session.scalars(select(Report).where(Report.id == question.report_id)).one()
    before = db.session.get_one(Case, question.case_id)
    question.new_report_id = report.id
    record(before, "report_again", by=by, at=now, report=earlier.code, later=report.code)
    record(case, "report_again", by=by, at=now, report=report.code, earlier=earlier.code)


def place_again(question: MendedQuestion, *, on: date) -> PlaceAgain:
    """The place and field of the report before, opened for its sender alone; of a commune that has ended the one that followed it. Where
    several did, none: its point tells which, or the sender."""
    report = db.session.scalars(select(Report).where(Report.id == question.report_id)).one()
    case = db.session.get_one(Case, question.case_id)
    point = point_of(report)
    areas = areas_now(report.area_id, on) if report.area_id is not None else []
    return PlaceAgain(
        code=report.code,
        area=areas[0].ref if len(areas) == 1 else "",
        village=typed_village(report) or "",
        place=place_words(report) or "",
        latitude=str(point.latitude) if point else "",
        longitude=str(point.longitude) if point else "",
        accuracy=str(point.accuracy_m or "") if point else "",
        field=case.field.service_code if case.field is not None else "",
    )
