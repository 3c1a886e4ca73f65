"""What an officer takes along to where there is no signal: their open steps, with what they need to do them there.

Read in a fixed number of statements, at most MOST steps, those due first. Nothing is in it that the page of a step does not show them:
words and photos as agencies read them, and the point the case holds, if the person may see one.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from casework.answers.acts import PARTS
from casework.casefile.place_seen import point_seen
from casework.db import db
from casework.intake.file_report import cleared_words
from casework.local_time import local_day
from casework.models import Answer, Assignment, Case, CaseReport, Draft, Photo, Report
from casework.permissions import Action, Actor, Role, require
from casework.permissions.sight import with_viewers
from casework.photos.records import copy_for
from casework.places.in_words import PlaceInWords, place_in_words
from casework.places.points import Point
from casework.steps.drafts import opened_fields
from workflows.models import WaitingTask

MOST = 60
"""Steps taken along; an officer has a dozen."""
MOST_PHOTOS = 3
"""Small photos of one case taken along."""
ACCEPT, ANSWER = "accept_assignment", "submit_answer"


@dataclass(frozen=True, slots=True)
class FieldDraft:
    """The person's newest draft of an answer: which one, and the parts in it. `photos_token` names the photos sent with it."""

    ref: str
    revision: int
    saved_at: datetime
    parts: dict[str, str]
    photos_token: str


@dataclass(frozen=True, slots=True)
class FieldCase:
    """One open step. `version` counts the answers there are; `is_redo`: the leader sent the answer back, with `instructions_again`."""

    assignment: str
    task: str
    element: str
    code: str
    title: str
    words: tuple[str, ...]
    photos: tuple[str, ...]
    place: PlaceInWords
    point: Point | None
    is_urgent: bool
    is_paused: bool
    due_at: datetime | None
    answer_due_at: datetime | None
    asks_for_time: bool
    instructions: str
    version: int
    is_redo: bool
    instructions_again: str
    draft: FieldDraft | None


def field_work(by: Actor, *, now: datetime) -> tuple[FieldCase, ...]:
    """The officer's own open steps, those due first. Raises NotAllowed for whoever is no officer."""
    require(by, Action.READ_FIELD_DESK)
    desks = [grant.desk for grant in by.grants if grant.role is Role.OFFICER]
    steps = _steps(desks)
    _read_reports({step.case for step in steps})
    parts = [step.assignment for step in steps if step.assignment is not None]
    photos = _photos({link.report_id for step in steps for link in _present(step.case)})
    drafts = newest_drafts(by, [part.id for part in parts])
    answers = _newest_answers([part.id for part in parts])
    return tuple(
        _case(step, step.assignment, by, now, photos, drafts.get(step.assignment.id), answers.get(step.assignment.id))
        for step in steps
        if step.assignment is not None
    )


def newest_drafts(by: Actor, assignment_ids: Collection[int]) -> dict[int, FieldDraft]:
    """The person's newest draft of each of some agencies' answers."""
    if not assignment_ids:
        return {}
    rows = select(Draft).where(Draft.account_id == by.account_id, Draft.assignment_id.in_(assignment_ids), Draft.subject == ANSWER)
    return {row.assignment_id: field_draft(row) for row in db.session.scalars(rows.order_by(Draft.saved_at, Draft.id)) if row.assignment_id}


def field_draft(row: Draft) -> FieldDraft:
    said = dict(opened_fields(row))
    parts = {name: said.get(name, "") for name in (*PARTS, "no_photo_reason")}
    return FieldDraft(row.ref, row.revision, row.saved_at, parts, said.get("photos_token", ""))


def _steps(desks: Sequence[str]) -> Sequence[WaitingTask]:
    if not desks:
        return ()
    steps = select(WaitingTask).join(Case, Case.id == WaitingTask.case_id).options(
        joinedload(WaitingTask.case), joinedload(WaitingTask.assignment), joinedload(WaitingTask.instance)
    )
    steps = steps.where(WaitingTask.desk.in_(desks), WaitingTask.state == "waiting", WaitingTask.element.in_((ACCEPT, ANSWER)))
    return db.session.scalars(steps.where(Case.quarantined_at.is_(None)).order_by(WaitingTask.due_at, WaitingTask.id).limit(MOST)).all()


def _read_reports(cases: Collection[Case]) -> None:
    """Load the reports of some cases with their texts, and whom a case concerns, in as many statements as for one."""
    if cases:
        with_texts = selectinload(Case.reports).joinedload(CaseReport.report).selectinload(Report.texts)
        db.session.scalars(select(Case).where(Case.id.in_([case.id for case in cases])).options(*with_viewers(), with_texts)).all()


def _newest_answers(assignment_ids: Collection[int]) -> dict[int, Answer]:
    query = select(Answer).where(Answer.assignment_id.in_(assignment_ids)).options(joinedload(Answer.decision)).order_by(Answer.version)
    return {answer.assignment_id: answer for answer in db.session.scalars(query)} if assignment_ids else {}


def _present(case: Case) -> list[CaseReport]:
    return [link for link in case.reports if link.left_at is None]


def _photos(report_ids: Collection[int]) -> dict[int, list[str]]:
    """The refs of photos with a small copy for agencies, by report."""
    found: dict[int, list[str]] = defaultdict(list)
    if report_ids:
        query = select(Photo).where(Photo.report_id.in_(report_ids), Photo.state == "linked").options(selectinload(Photo.files))
        for photo in db.session.scalars(query.order_by(Photo.position, Photo.id)):
            if photo.report_id is not None and copy_for(photo, "agencies", "thumb") is not None:
                found[photo.report_id].append(photo.ref)
    return found


def _case(
    step: WaitingTask, part: Assignment, by: Actor, now: datetime, photos: dict[int, list[str]], draft: FieldDraft | None,
    answer: Answer | None,
) -> FieldCase:  # fmt: skip
    case = step.case
    point, reports = point_seen(case, by, has_step=True), [link.report for link in _present(case)]
    is_told = case.visibility_reason_id is None and case.accepted_at is not None
    held = (point.latitude, point.longitude) if point is not None else None
    decision = answer.decision if answer is not None and answer.decision is not None and answer.decision.verdict == "redo" else None
    words = (cleared_words(report) for report in reports)
    return FieldCase(
        assignment=part.ref,
        task=step.ref,
        element=step.element,
        code=case.code,
        title=case.title or "",
        words=tuple(each for each in words if each),
        photos=tuple(ref for report in reports for ref in photos.get(report.id, ()))[:MOST_PHOTOS],
        place=place_in_words(case.area_id, case.village if is_told else None, on=local_day(now), point=held),
        point=point,
        is_urgent=case.urgency == "urgent",
        is_paused=bool(case.paused_for),
        due_at=step.limit,
        answer_due_at=part.due_at,
        asks_for_time=part.extension_asked,
        instructions=part.instructions or "",
        version=answer.version if answer is not None else 0,
        is_redo=decision is not None,
        instructions_again=(decision.instructions or "") if decision is not None else "",
        draft=draft,
    )
