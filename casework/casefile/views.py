"""What a member of staff sees of a case, as values: texts, photos, answers and limits as rules.md, section 2 allows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from casework.db import db, kept_for_step
from casework.intake.file_report import cleared_words, everything_said, opened_words, original_words, place_words, typed_village
from casework.models import Answer, Assignment, Case, Clock, HandBack, Photo, Publication, Report, ReportText
from casework.permissions import Actor, Role
from casework.permissions.sight import Sight, sees
from casework.photos.records import copy_for
from casework.reading.lacking import Part, is_lacked, not_lacked
from casework.recordings.access import SeenRecording, recordings_seen

OPENING_LENGTH = 110


@dataclass(frozen=True)
class SeenPhoto:
    """A photo with the audience whose copy the person may see."""

    ref: str
    audience: str
    width: int
    height: int
    at: datetime
    purpose: str = ""
    audiences: tuple[str, ...] = ()
    """The audiences that have copies of it."""


@dataclass(frozen=True)
class SeenReport:
    """One report as a person may read it; None for what they may not see."""

    report: Report
    original: str | None
    place: str | None
    village: str | None
    cleared: str | None
    photos: tuple[SeenPhoto, ...]
    can_reveal: bool
    recordings: tuple[SeenRecording, ...] = ()


@dataclass(frozen=True)
class SeenAnswer:
    answer: Answer
    photos: tuple[SeenPhoto, ...]


def reports_seen(case: Case, by: Actor, *, has_step: bool = False) -> list[SeenReport]:
    """The reports of a case with the texts and photos a person may have.

    Who `has_step` in the case reads the cleared words even where no row of the table names them: an answer goes to the next leader up
    when the agency's own leader wrote it, and nobody decides on what they cannot read.
    """
    return _seen_reports(case, by, _photos_by_owner(report_ids=_present(case)), has_step=has_step)


def matter_seen(case: Case, by: Actor) -> tuple[list[SeenReport], dict[int, list[SeenAnswer]]]:
    """`reports_seen` and `answers_seen` of all agencies of a case, reading the photos of both at once."""
    shown = _answers_shown(case.assignments, by)
    photos = _photos_by_owner(report_ids=_present(case), answer_ids=[answer.id for answer in shown])
    return _seen_reports(case, by, photos), _seen_answers(case.assignments, shown, photos)


def _present(case: Case) -> list[int]:
    return [link.report_id for link in case.reports if link.left_at is None]


def _seen_reports(case: Case, by: Actor, photos: "Photos", *, has_step: bool = False) -> list[SeenReport]:
    sees_original, sees_cleared = sees(by, Sight.ORIGINAL, case), sees(by, Sight.CLEARED, case) or has_step
    present = [link.report for link in case.reports if link.left_at is None]
    if sees_original or sees_cleared:
        _read_texts(present)
    found, spoken = [], recordings_seen(case, by, has_step=has_step)
    for report in present:
        audience = "centre" if sees_original else "agencies"
        found.append(
            SeenReport(
                report=report,
                original=everything_said(report) if sees_original else None,
                place=place_words(report) if sees_original else None,
                village=typed_village(report) if sees_original else None,
                cleared=cleared_words(report) if sees_cleared else None,
                photos=photos_seen(photos.get(("report", report.id), []), audience) if sees_original or sees_cleared else (),
                can_reveal=sees(by, Sight.IDENTITY, case) and report.reporter is not None and report.reporter.sealed_identity is not None,
                recordings=tuple(each for each in spoken if each.report_ref == report.ref),
            )
        )
    return found


def _read_texts(reports: Sequence[Report]) -> None:
    """Load the texts of several reports at once, where they are not loaded."""
    unread = {report.id: report for report in reports if "texts" not in report.__dict__}
    if not unread:
        return
    texts: dict[int, list[ReportText]] = {id_: [] for id_ in unread}
    for text in db.session.scalars(select(ReportText).where(ReportText.report_id.in_(unread)).order_by(ReportText.id)):
        texts[text.report_id].append(text)
    for id_, report in unread.items():
        set_committed_value(report, "texts", texts[id_])


def photos_seen(photos: list[Photo], audience: str) -> tuple[SeenPhoto, ...]:
    """The photos with a copy for an audience."""
    copies = ((photo, copy_for(photo, audience, "view")) for photo in photos)
    return tuple(
        SeenPhoto(photo.ref, audience, copy.width, copy.height, photo.uploaded_at, photo.purpose, _audiences(photo))
        for photo, copy in copies
        if copy is not None
    )


def _audiences(photo: Photo) -> tuple[str, ...]:
    there = {file.audience for file in photo.files if file.rendition == "view" and file.erased_at is None}
    return tuple(audience for audience in ("centre", "agencies", "public") if audience in there)


def answers_seen(assignments: Sequence[Assignment], by: Actor) -> dict[int, list[SeenAnswer]]:
    """The versions of agencies' answers a person may read, newest first, by the assignment's row.

    Its own agency and whoever decides read all, the centre and the committee too (there is no version that was not
    submitted), other agencies on the case the approved ones.
    """
    shown = _answers_shown(assignments, by)
    with_photos = [answer.id for answer in shown if not is_lacked(Part.ANSWER_PHOTOS, answer.assignment_id)]
    return _seen_answers(assignments, shown, _photos_by_owner(answer_ids=with_photos))


def _answers_shown(assignments: Sequence[Assignment], by: Actor) -> list[Answer]:
    rows = {assignment.id: assignment for assignment in assignments if not is_lacked(Part.ANSWERS, assignment.id)}
    if not rows:
        return []
    unread = [row.id for row in rows.values() if "answers" not in row.__dict__]
    answers = [answer for row in rows.values() if row.id not in unread for answer in reversed(row.answers)]
    if unread:
        query = select(Answer).where(Answer.assignment_id.in_(unread)).order_by(Answer.version.desc())
        answers += db.session.scalars(query.options(joinedload(Answer.decision), joinedload(Answer.author)))
    return [answer for answer in answers if _reads_answer(answer, rows[answer.assignment_id], by)]


def _seen_answers(assignments: Sequence[Assignment], shown: Sequence[Answer], photos: "Photos") -> dict[int, list[SeenAnswer]]:
    found: dict[int, list[SeenAnswer]] = {assignment.id: [] for assignment in assignments}
    for answer in shown:
        found[answer.assignment_id].append(SeenAnswer(answer, photos_seen(photos.get(("answer", answer.id), []), "centre")))
    return found


Photos = dict[tuple[str, int], list[Photo]]
"""Linked photos of reports and answers, in order, by "report" or "answer" and its row."""


def _photos_by_owner(*, report_ids: Collection[int] = (), answer_ids: Collection[int] = ()) -> Photos:
    found: Photos = {}
    report_ids = not_lacked(Part.REPORT_PHOTOS, report_ids)
    owners = [column.in_(ids) for column, ids in ((Photo.report_id, report_ids), (Photo.answer_id, answer_ids)) if ids]
    if not owners:
        return found
    query = select(Photo).where(or_(*owners), Photo.state == "linked").options(joinedload(Photo.files))
    for photo in db.session.scalars(query.order_by(Photo.position, Photo.id)).unique():
        owner = ("report", photo.report_id) if photo.report_id is not None else ("answer", photo.answer_id or 0)
        found.setdefault(owner, []).append(photo)
    return found


def _reads_answer(answer: Answer, assignment: Assignment, by: Actor) -> bool:
    decides = assignment.approval_desk is not None and by.grant_at(assignment.approval_desk) is not None
    if by.works_for(assignment, assignment.case) or decides or sees(by, Sight.SUBMITTED_ANSWERS, assignment.case):
        return True
    return answer.is_approved and sees(by, Sight.APPROVED_ANSWERS, assignment.case)


def clocks_of(case: Case) -> list[Clock]:
    """Every limit of a case in the order they started."""
    query = select(Clock).where(Clock.case_id == case.id).options(joinedload(Clock.pauses)).order_by(Clock.id)
    clocks = list(db.session.scalars(query).unique())
    # casework/clocks/acts.py asks again for the running ones when it says which acts are possible
    kept_for_step().setdefault(("clocks", case.id), [clock for clock in clocks if clock.ended_at is None])
    return clocks


def publications_of(case: Case) -> list[Publication]:
    """What the public and the reporters were told, newest first."""
    if is_lacked(Part.PUBLICATIONS, case.id):
        return []
    query = select(Publication).where(Publication.case_id == case.id).options(joinedload(Publication.versions))
    return list(db.session.scalars(query.order_by(Publication.number.desc())).unique())


def hand_backs_of(case: Case) -> list[HandBack]:
    """Every hand-back of a case, oldest first."""
    query = select(HandBack).join(Assignment, HandBack.assignment_id == Assignment.id).where(Assignment.case_id == case.id)
    return list(db.session.scalars(query.options(joinedload(HandBack.suggested_agency)).order_by(HandBack.id)))


def hand_backs_seen(case: Case, by: Actor) -> list[HandBack]:
    """The hand-backs a person may read: the centre and the committee all, an agency its own, even after it was released."""
    own = {assignment.id for assignment in case.assignments if by.works_for(assignment, case)}
    return [each for each in hand_backs_of(case) if _reads_all(case, by) or each.assignment_id in own]


def reads_words(case: Case, by: Actor) -> bool:
    """Whether a person reads the report's words, cleared or original."""
    return sees(by, Sight.CLEARED, case) or sees(by, Sight.ORIGINAL, case)


def title_seen(case: Case, by: Actor) -> str | None:
    """The operator's title for readers of the case's words, cleared or original; None for others, and before it has one."""
    return case.title if case.title and reads_words(case, by) else None


def instructions_seen(assignment: Assignment, by: Actor) -> str | None:
    """What the centre asks of an agency: for the centre, the committee, and that agency while it has the case."""
    case = assignment.case
    is_own = by.works_for(assignment, case) and sees(by, Sight.CLEARED, case)
    return assignment.instructions if is_own or _reads_all(case, by) else None


def _reads_all(case: Case, by: Actor) -> bool:
    return sees(by, Sight.SUBMITTED_ANSWERS, case)


def openings(cases: list[Case], by: Actor) -> dict[int, str]:
    """The first words of untitled cases, by case, for readers of the original."""
    codes = {
        case.code: case.id
        for case in cases
        if case.title is None and case.quarantined_at is None and by.holds_for([Role.OPERATOR, Role.OPS_LEAD], case)
    }
    if not codes:
        return {}
    query = select(Report).where(Report.code.in_(codes)).options(selectinload(Report.texts))
    return {codes[report.code]: _shortened(original_words(report) or "") for report in db.session.scalars(query)}


def opening_of(sealed: bytes | None) -> str:
    """The same of sealed words that were read with a row of a list; callers check as for `original_words`."""
    return _shortened(opened_words(sealed) or "")


def _shortened(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= OPENING_LENGTH else f"{line[:OPENING_LENGTH].rsplit(' ', 1)[0]} …"
