"""What a member of staff sees of a case, as values: texts, photos, answers and limits as rules.md, section 2 allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from casework.db import db
from casework.intake import cleared_words, original_words, place_words
from casework.models import Answer, Assignment, Case, Clock, HandBack, Photo, Publication, Report
from casework.permissions import Actor, Role, Sight, sees
from casework.photo_records import copy_for, photos_of_report

OPENING_LENGTH = 110


@dataclass(frozen=True)
class SeenPhoto:
    """A photo with the audience whose copy the person may have."""

    ref: str
    audience: str
    width: int
    height: int
    at: datetime


@dataclass(frozen=True)
class SeenReport:
    """One report of a case as a person may read it; what they may not see is None."""

    report: Report
    original: str | None
    place: str | None
    cleared: str | None
    photos: tuple[SeenPhoto, ...]
    can_reveal: bool


@dataclass(frozen=True)
class SeenAnswer:
    """One version of an agency's answer with its photos."""

    answer: Answer
    photos: tuple[SeenPhoto, ...]


def reports_seen(case: Case, by: Actor, *, has_step: bool = False) -> list[SeenReport]:
    """The reports of a case with the texts and photos a person may have.

    Who `has_step` in the case reads the cleared words even where no row of the table names them: an answer goes to the next
    leader up when the agency's own leader wrote it, and nobody decides on what they cannot read.
    """
    sees_original, sees_cleared = sees(by, Sight.ORIGINAL, case), sees(by, Sight.CLEARED, case) or has_step
    found = []
    for link in case.reports:
        if link.left_at is not None:
            continue
        report = link.report
        audience = "centre" if sees_original else "agencies"
        found.append(
            SeenReport(
                report=report,
                original=original_words(report) if sees_original else None,
                place=place_words(report) if sees_original else None,
                cleared=cleared_words(report) if sees_cleared else None,
                photos=photos_seen(photos_of_report(report), audience) if sees_original or sees_cleared else (),
                can_reveal=sees(by, Sight.IDENTITY, case) and report.reporter is not None and report.reporter.sealed_identity is not None,
            )
        )
    return found


def photos_seen(photos: list[Photo], audience: str) -> tuple[SeenPhoto, ...]:
    """The photos that have a copy for an audience."""
    copies = ((photo, copy_for(photo, audience, "view")) for photo in photos)
    return tuple(SeenPhoto(photo.ref, audience, copy.width, copy.height, photo.uploaded_at) for photo, copy in copies if copy is not None)


def answers_seen(assignments: Sequence[Assignment], by: Actor) -> dict[int, list[SeenAnswer]]:
    """The versions of agencies' answers a person may read, newest first, by the assignment's row.

    Its own agency and whoever decides read all, the centre and the committee too (there is no version that was not
    submitted), other agencies on the case the approved ones.
    """
    rows = {assignment.id: assignment for assignment in assignments}
    query = select(Answer).where(Answer.assignment_id.in_(rows)).order_by(Answer.version.desc())
    answers = db.session.scalars(query.options(joinedload(Answer.decision), joinedload(Answer.author)))
    shown = [answer for answer in answers if _reads_answer(answer, rows[answer.assignment_id], by)]
    photos = photos_of_answers_by_id([answer.id for answer in shown])
    found: dict[int, list[SeenAnswer]] = {assignment_id: [] for assignment_id in rows}
    for answer in shown:
        found[answer.assignment_id].append(SeenAnswer(answer, photos_seen(photos.get(answer.id, []), "centre")))
    return found


def _reads_answer(answer: Answer, assignment: Assignment, by: Actor) -> bool:
    decides = assignment.approval_desk is not None and by.grant_at(assignment.approval_desk) is not None
    if assignment.agency_id in by.agency_ids or decides or sees(by, Sight.SUBMITTED_ANSWERS, assignment.case):
        return True
    return answer.is_approved and sees(by, Sight.APPROVED_ANSWERS, assignment.case)


def photos_of_answers_by_id(answer_ids: list[int]) -> dict[int, list[Photo]]:
    """The linked photos of several answers, in order, by answer."""
    if not answer_ids:
        return {}
    query = select(Photo).where(Photo.answer_id.in_(answer_ids), Photo.state == "linked").options(selectinload(Photo.files))
    found: dict[int, list[Photo]] = {}
    for photo in db.session.scalars(query.order_by(Photo.position, Photo.id)):
        found.setdefault(photo.answer_id or 0, []).append(photo)
    return found


def clocks_of(case: Case) -> list[Clock]:
    """Every limit of a case, in the order they started."""
    return list(db.session.scalars(select(Clock).where(Clock.case_id == case.id).options(selectinload(Clock.pauses)).order_by(Clock.id)))


def publications_of(case: Case) -> list[Publication]:
    """What has been told to the public or the reporters, newest first."""
    query = select(Publication).where(Publication.case_id == case.id).options(selectinload(Publication.versions))
    return list(db.session.scalars(query.order_by(Publication.number.desc())))


def hand_backs_of(case: Case) -> list[HandBack]:
    """Every time an agency said that the matter is not its own, oldest first."""
    query = select(HandBack).join(Assignment, HandBack.assignment_id == Assignment.id).where(Assignment.case_id == case.id)
    return list(db.session.scalars(query.options(joinedload(HandBack.suggested_agency)).order_by(HandBack.id)))


def hand_backs_seen(case: Case, by: Actor) -> list[HandBack]:
    """The hand-backs a person may read: the centre and the committee all, an agency its own words even after it was released."""
    own = {assignment.id for assignment in case.assignments if assignment.agency_id in by.agency_ids}
    return [each for each in hand_backs_of(case) if _reads_all(case, by) or each.assignment_id in own]


def instructions_seen(assignment: Assignment, by: Actor) -> str | None:
    """What the centre asks of an agency: for the centre, the committee, and that agency as long as it has the case."""
    case = assignment.case
    is_own = assignment.agency_id in by.agency_ids and sees(by, Sight.CLEARED, case)
    return assignment.instructions if is_own or _reads_all(case, by) else None


def _reads_all(case: Case, by: Actor) -> bool:
    return sees(by, Sight.SUBMITTED_ANSWERS, case)


def openings(cases: list[Case], by: Actor) -> dict[int, str]:
    """The first words of cases that have no title yet, by case, for those who may read the original."""
    codes = {
        case.code: case.id
        for case in cases
        if case.title is None and case.quarantined_at is None and by.holds([Role.OPERATOR, Role.OPS_LEAD], centre_id=case.centre_id)
    }
    if not codes:
        return {}
    query = select(Report).where(Report.code.in_(codes)).options(selectinload(Report.texts))
    return {codes[report.code]: _shortened(original_words(report) or "") for report in db.session.scalars(query)}


def _shortened(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= OPENING_LENGTH else f"{line[:OPENING_LENGTH].rsplit(' ', 1)[0]} …"
