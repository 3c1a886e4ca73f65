"""Who may be served which copy of a photo (rules.md, section 2). The look-up is the permission: None means it is not there for them.

sealed      the original as sent: nobody, through no page
centre      may show faces and house numbers. Of a report: the centre and its sender. Of an answer: see `_sees_answer_photos`.
            Of a step that an administrator drew: whoever reads what was written in it. Of a one-time link: `_sees_reply_photos`
agencies    cleared at verification: whoever reads the cleared words of the case
public      cleared at publication: everybody, as long as the publication stands
sender      of the newest answer, public, private or taken back from the public: the senders of the case's reports, and of the case it is
            a part of
"""

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from casework.casefile.step_records import reads_step_records
from casework.db import db
from casework.models import (
    Answer,
    Assignment,
    Case,
    CaseReport,
    File,
    Photo,
    Publication,
    PublicationPhoto,
    ReplyLink,
    Report,
    StepRecord,
    StepValue,
)
from casework.parts import parent_of
from casework.permissions import Actor
from casework.permissions.sight import SIGHTS, Sight, Viewer, sees, viewers
from casework.photos.copied import is_overtaken
from casework.photos.records import copy_for
from casework.public.parts import is_read_by_public
from casework.public.publication import public_publications

RENDITIONS = ("view", "thumb")


def public_copy(ref: str, rendition: str) -> File | None:
    """The copy the public may see: the one chosen for the present publication, not those made for an earlier or a private answer."""
    photo = _photo(ref)
    if photo is None or photo.state != "linked" or rendition not in RENDITIONS:
        return None
    case = _case_of(photo)
    if case is None or not is_read_by_public(case):
        return None
    publication = public_publications([case]).get(case.id)
    return _chosen_copy(publication, photo, rendition) if publication is not None else None


def private_copy(actor: Actor, ref: str, audience: str, rendition: str, *, form_tokens: frozenset[str] = frozenset()) -> File | None:
    """The copy for agencies, the centre or a sender, if the person may see it. `form_tokens` are the unsent forms open in their browser."""
    photo = _photo(ref)
    if photo is None or audience not in ("agencies", "centre", "sender") or rendition not in RENDITIONS:
        return None
    if audience == "sender":
        return _senders_copy(actor, photo, rendition)
    if photo.state == "staged":
        may_see = _is_own_draft(actor, photo, form_tokens)
    elif photo.state == "linked" and photo.report_id is not None:
        may_see = _sees_report_photo(actor, photo, audience)
    elif photo.state == "linked" and photo.answer_id is not None:
        may_see = audience == "centre" and _sees_answer_photos(actor, photo)
    elif photo.state == "linked" and photo.reply_link_id is not None:
        may_see = audience == "centre" and _sees_reply_photos(actor, photo)
    elif photo.state == "linked" and photo.step_value_id is not None:
        may_see = audience == "centre" and _sees_step_photos(actor, photo)
    else:
        may_see = False
    return copy_for(photo, audience, rendition) if may_see else None


def _senders_copy(actor: Actor, photo: Photo, rendition: str) -> File | None:
    """The copy of an answer's photo in the answer a sender reads now, which may be for them alone."""
    case = _case_of(photo)
    if photo.state != "linked" or photo.answer_id is None or case is None or case.quarantined_at is not None:
        return None
    answered = parent_of(case) or case
    if answered.quarantined_at is not None or (answered.answered_at is None and case is not answered):
        return None
    if not any(link.left_at is None and _is_sender(actor, link.report) for link in answered.reports):
        return None
    publication = public_publications([case], kinds=("interim", "final", "private"), even_taken_back=True).get(case.id)
    return _chosen_copy(publication, photo, rendition) if publication is not None else None


def _chosen_copy(publication: Publication, photo: Photo, rendition: str) -> File | None:
    version = publication.current
    if photo.answer_id is not None and all(row.answer_id != photo.answer_id for row in version.answers):
        return None
    chosen = db.session.get(PublicationPhoto, (version.id, photo.id))
    return chosen.copy(rendition) if chosen is not None and not is_overtaken(chosen) else None


def _is_own_draft(actor: Actor, photo: Photo, form_tokens: frozenset[str]) -> bool:
    return photo.staged_token in form_tokens or (actor.own_id is not None and photo.uploaded_by_id == actor.own_id)


def _sees_report_photo(actor: Actor, photo: Photo, audience: str) -> bool:
    case = _case_of(photo)
    report = db.session.get(Report, photo.report_id)
    if case is None or report is None:
        return False
    sight = Sight.ORIGINAL if audience == "centre" else Sight.CLEARED
    if case.quarantined_at is not None:
        return sees(actor, sight, case)
    # "own" in the table means this report: in a merged case one sender does not see another's photos
    return _is_sender(actor, report) or bool(SIGHTS[sight] & viewers(actor, case) - {Viewer.REPORTER})


def _is_sender(actor: Actor, report: Report) -> bool:
    by_account = actor.own_id is not None and report.reporter is not None and report.reporter.account_id == actor.own_id
    return by_account or report.id in actor.tracked_report_ids


def _sees_answer_photos(actor: Actor, photo: Photo) -> bool:
    """An answer's photos follow its words: its own agency always, whoever decides on it, the centre and the committee once it is
    submitted, other agencies on the case once it is approved. An answer's photos have the centre's copies only until published.
    """
    answer = db.session.scalars(
        select(Answer)
        .where(Answer.id == photo.answer_id)
        .options(joinedload(Answer.assignment).joinedload(Assignment.case), joinedload(Answer.decision))
    ).one()
    assignment = answer.assignment
    if assignment.case.quarantined_at is not None:
        return False
    if actor.works_for(assignment, assignment.case) or (assignment.approval_desk is not None and assignment.approval_desk in actor.desks):
        return True
    if sees(actor, Sight.SUBMITTED_ANSWERS, assignment.case):
        return True
    return answer.is_approved and sees(actor, Sight.APPROVED_ANSWERS, assignment.case)


def _sees_reply_photos(actor: Actor, photo: Photo) -> bool:
    """What came by a one-time link is read by the centre, the committee, and the agency it is of (casework/doors/links/reading.py)."""
    link = db.session.get_one(ReplyLink, photo.reply_link_id)
    case = db.session.get_one(Case, link.case_id)
    if case.quarantined_at is not None:
        return False
    is_own = link.assignment is not None and actor.works_for(link.assignment, case)
    return is_own or sees(actor, Sight.SUBMITTED_ANSWERS, case)


def _sees_step_photos(actor: Actor, photo: Photo) -> bool:
    query = select(StepRecord).join(StepValue, StepValue.record_id == StepRecord.id).where(StepValue.id == photo.step_value_id)
    row = db.session.scalars(query).one()
    case = db.session.get_one(Case, row.case_id)
    return reads_step_records(actor, case, db.session.get(Assignment, row.assignment_id) if row.assignment_id else None)


def _photo(ref: str) -> Photo | None:
    return db.session.scalar(select(Photo).where(Photo.ref == ref).options(selectinload(Photo.files)))


def _case_of(photo: Photo) -> Case | None:
    """The case a linked photo belongs to now: photos of a merged report move with it."""
    query = select(Case).options(selectinload(Case.assignments), selectinload(Case.reports).joinedload(CaseReport.report))
    if photo.report_id is not None:
        query = query.join(CaseReport, CaseReport.case_id == Case.id)
        return db.session.scalars(query.where(CaseReport.report_id == photo.report_id, CaseReport.left_at.is_(None))).one_or_none()
    if photo.answer_id is not None:
        query = query.join(Assignment, Assignment.case_id == Case.id).join(Answer, Answer.assignment_id == Assignment.id)
        return db.session.scalars(query.where(Answer.id == photo.answer_id)).one_or_none()
    return None
