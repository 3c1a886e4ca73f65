"""Telling the public, or the reporter alone: each agency's answer under its own name, rewritten by nobody."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload

from casework.clocks import ClockKind, end_clock, start_clock
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.folding import normal
from casework.models import Answer, Assignment, Case, Photo, Publication, PublicationAnswer, PublicationPhoto, PublicationVersion
from casework.outbox import tell_reporters
from casework.permissions import Action, Actor, require
from casework.photo_records import PreparedCopies, add_copies, copy_for
from casework.publications import next_number
from casework.search_rows import refresh_search_rows
from casework.states import CaseState

ChosenPhotos = tuple[tuple[Photo, PreparedCopies], ...]
"""The photos ticked by the operator, each with copies covered as they said."""


class PublicationRefused(CaseworkError):
    """The case cannot be published so; the text says why."""


def publish(
    case: Case,
    *,
    by: Actor,
    now: datetime,
    title: str,
    question: str,
    checked: bool,
    summary: str = "",
    place: str = "",
    shows_exact_place: bool = False,
    photos: ChosenPhotos = (),
) -> dict[str, object]:
    """Publish every agency's approved answer with edited words for the public, as the final answer.

    `checked` says that names, faces and number plates have been covered. Ends the clocks of publication and of the case;
    starts the rating window. Of photos the public sees the chosen ones alone, whatever was published before.
    Records `publish`. Raises PublicationRefused: a case with a visibility reason is never published.
    Source: rules.md, sections 4 and 6, "Sensitive" and "Answers".
    """
    require(by, Action.PUBLISH, case)
    if case.visibility_reason_id is not None:
        raise PublicationRefused(
            "Hồ sơ thuộc diện không công khai. Vui lòng trả lời riêng người phản ánh.",
            "This case must not be made public. Please answer the reporter in private.",
        )
    if not checked:
        raise PublicationRefused(
            "Vui lòng xác nhận đã che thông tin cá nhân, khuôn mặt và biển số xe.",
            "Please confirm that personal data, faces and number plates are covered.",
        )
    publication = _publication(case, "final", by=by, now=now)
    version = _write_version(
        publication, title=title, question=question, summary=summary, place=place, shows_exact_place=shows_exact_place, by=by, now=now
    )
    _choose_photos(version, photos, by=by, now=now)
    record(case, "publish", by=by, at=now, kind="final", number=publication.number, photos=len(photos))
    case.is_public, case.published_at = True, case.published_at or now
    return _answered(case, publication, by=by, now=now, template="report_published")


def answer_privately(
    case: Case, *, by: Actor, now: datetime, title: str, question: str, summary: str = "", photos: ChosenPhotos = ()
) -> dict[str, object]:
    """Give the approved answers to the reporters alone. It is rated and ends the case clock, and stays out of every public page.

    `photos` are of the answers: of a merged case's reports each sender sees their own already, and nobody else's.
    Records `answer_privately`. Raises PublicationRefused when no answer is approved.
    """
    require(by, Action.PUBLISH, case)
    publication = _publication(case, "private", by=by, now=now)
    version = _write_version(
        publication, title=title, question=question, summary=summary, place="", shows_exact_place=False, by=by, now=now
    )
    _choose_photos(version, tuple(each for each in photos if each[0].answer_id is not None), by=by, now=now)
    record(case, "answer_privately", by=by, at=now, number=publication.number)
    return _answered(case, publication, by=by, now=now, template="report_answered")


def approved_answers(case: Case) -> list[Answer]:
    """The newest approved answer of each agency of the present round, the lead's first."""
    query = (
        select(Answer)
        .join(Answer.assignment)
        .where(Assignment.case_id == case.id, Assignment.round == case.reopened)
        .order_by(Answer.version)
        .options(joinedload(Answer.decision), contains_eager(Answer.assignment))
    )
    newest = {answer.assignment_id: answer for answer in db.session.scalars(query) if answer.is_approved}
    return sorted(newest.values(), key=lambda answer: (not answer.assignment.is_lead, answer.assignment_id))


def _publication(case: Case, kind: str, *, by: Actor, now: datetime) -> Publication:
    if case.quarantined_at is not None:
        raise PublicationRefused(
            "Hồ sơ đang được xử lý theo thủ tục riêng nên không công bố và không trả lời tại đây.",
            "This case is handled under a procedure of its own: it is neither published nor answered here.",
        )
    if case.open_assignments:
        raise PublicationRefused("Còn đơn vị chưa trả lời.", "An agency has not answered yet.")
    publication = Publication(case=case, number=next_number(case), kind=kind, published_by_id=by.account_id, published_at=now)
    db.session.add(publication)
    return publication


def _write_version(
    publication: Publication, *, title: str, question: str, summary: str, place: str, shows_exact_place: bool, by: Actor, now: datetime
) -> PublicationVersion:
    title, question = normal(title), normal(question)
    if not title or not question:
        raise PublicationRefused("Vui lòng ghi tiêu đề và nội dung phản ánh đã biên tập.", "Please write the title and the edited matter.")
    answers = approved_answers(publication.case)
    if not answers:
        raise PublicationRefused("Chưa có trả lời nào được phê duyệt.", "No answer has been approved.")
    version = PublicationVersion(
        publication=publication, version=len(publication.versions) + 1, title=title[:200], question=question,
        summary=normal(summary) or None, place=normal(place) or None, shows_exact_place=shows_exact_place,
        written_by_id=by.account_id, written_at=now,
    )  # fmt: skip
    for position, answer in enumerate(answers):
        version.answers.append(PublicationAnswer(answer=answer, position=position))
    db.session.add(version)
    return version


def _choose_photos(version: PublicationVersion, photos: ChosenPhotos, *, by: Actor, now: datetime) -> None:
    for position, (photo, copies) in enumerate(photos):
        add_copies(photo, copies, audience="public", by=by, now=now)
        view, thumb = copy_for(photo, "public", "view"), copy_for(photo, "public", "thumb")
        if view is None or thumb is None:
            raise ValueError(f"photo {photo.ref} was prepared without view or thumb")
        version.photos.append(PublicationPhoto(photo=photo, view=view, thumb=thumb, position=position))


def _answered(case: Case, publication: Publication, *, by: Actor, now: datetime, template: str) -> dict[str, object]:
    can_be_rated = any(link.left_at is None and link.report.reporter and link.report.reporter.can_be_told for link in case.reports)
    # without a rater the end of the process closes the case: an owed hotline call may still hold it open
    case.state, case.answered_at = (CaseState.RATING if can_be_rated else CaseState.ANSWERED), now
    db.session.flush()
    end_clock(case, ClockKind.PUBLICATION, at=now)
    end_clock(case, ClockKind.CASE, at=now)
    refresh_search_rows(case, at=now)
    tell_reporters(case, template, at=now)
    if not can_be_rated:
        return {"has_rater": False}
    clock = start_clock(case, ClockKind.RATING, at=now, publication=publication)
    return {"has_rater": True, "rating_due_at": clock.first_due_at.isoformat()}
