"""Publishing answers, or giving them to the reporter alone: each agency's under its own name, unedited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload

from casework.cases import answered_this_round, refuse_unless_open
from casework.clocks.acts import ClockKind, end_clock, start_clock
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Answer, Assignment, Case, Photo, Publication, PublicationAnswer, PublicationPhoto, PublicationVersion
from casework.outbox import tell_followers, tell_reporters
from casework.parts import open_parts
from casework.permissions import Action, Actor, require
from casework.photos.copied import newest_release
from casework.photos.records import PreparedCopies, add_copies, copy_for
from casework.places.points import place_exactly
from casework.publications import newest_publication, next_number
from casework.publishing import sentences
from casework.search.rows import refresh_search_rows
from casework.sentences import always
from casework.states import CaseState
from casework.text import normal
from casework.verbs import DECISION, NO_KIND, Input, Situation, Verb

ChosenPhotos = tuple[tuple[Photo, PreparedCopies], ...]
"""The photos ticked by the operator, each with copies covered as chosen."""


class PublicationRefused(CaseworkError):
    """The case cannot be published like this; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPrivatelyInput(Input):
    title: str
    question: str
    summary: str = ""
    photos: ChosenPhotos = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishInput(AnswerPrivatelyInput):
    checked: bool
    place: str = ""
    shows_exact_place: bool = False


@Verb(
    "publish", Action.PUBLISH, kinds=DECISION, writes=Publication, staff=sentences.published, public=sentences.published_by_centre,
)  # fmt: skip
def publish(case: Case, given: PublishInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Publish every agency's approved answer with edited words for the public, as the final answer.

    `checked` says that names, faces and number plates have been covered. Ends the clocks of publication and of the case; starts the
    rating window. The public sees only the chosen photos, whatever was published before. What is published of a part is read on the page of
    its case, once that has its final answer. Records `publish`. Raises PublicationRefused while an agency or a part is at work or a request
    to withdraw is undecided; a case with a visibility reason is never published. Source: rules.md, sections 4 and 6, "Sensitive",
    "Answers" and "Children".
    """
    require(by, Action.PUBLISH, case)
    refuse_unshowable(case, checked=given.checked)
    _refuse_unfinished(case)
    answers = _answers_to_show(case)
    publication = _publication(case, "final", by=by, now=now)
    version = write_version(publication, answers, given, by=by, now=now)
    choose_photos(version, given.photos, by=by, now=now)
    record(case, "publish", by=by, at=now, kind="final", number=publication.number, photos=len(given.photos))
    case.is_public, case.published_at = True, case.published_at or now
    result = _answered(case, publication, now=now, template="report_published")
    tell_followers(case, "followed_published", at=now)
    return result


def can_be_published_so_far(at: Situation) -> bool:
    """While agencies or parts are at work and agencies have answered, where everybody may read the case."""
    case = at.case
    if case.parent_id is not None or not at.is_under_way or case.visibility_reason_id is not None or not _is_worked_on(case):
        return False
    return answered_this_round(case) and has_new_answer(case)


def _is_worked_on(case: Case) -> bool:
    return bool(case.open_assignments) or bool(open_parts(case))


@Verb(
    "publish_interim", Action.PUBLISH, kinds=NO_KIND, recorded_as="publish",
    is_act=True, offered=can_be_published_so_far,
)  # fmt: skip
def publish_interim(case: Case, given: PublishInput, *, by: Actor, now: datetime) -> None:
    """Publish the answers approved so far while other agencies or parts are at work: nobody rates it, and every limit goes on.

    The final publication shows all answers and replaces it. After a further answer, another interim one may follow. Records `publish` of
    kind interim. Raises CaseNotOpen, and PublicationRefused as `publish` does, and when no agency has answered since the last one, or
    none is at work any more. Source: rules.md, section 6, "Answers".
    """
    require(by, Action.PUBLISH, case)
    _refuse_part(case)
    refuse_unless_open(case)
    refuse_unshowable(case, checked=given.checked)
    if not _is_worked_on(case):
        raise PublicationRefused(
            "Các đơn vị đã trả lời xong. Xin công khai kết quả chính thức.", "Every agency has answered. Publish the final answer, please."
        )
    answers = _answers_to_show(case)
    if not has_new_answer(case):
        raise PublicationRefused(
            "Chưa có trả lời mới kể từ lần công khai trước. Nếu cần sửa, xin đính chính bản đó.",
            "No agency has answered since it was last published. To change what was published, correct it.",
        )
    publication = _publication(case, "interim", by=by, now=now)
    version = write_version(publication, answers, given, by=by, now=now)
    choose_photos(version, given.photos, by=by, now=now)
    record(case, "publish", by=by, at=now, kind="interim", number=publication.number, photos=len(given.photos))
    case.is_public, case.published_at = True, case.published_at or now
    db.session.flush()
    refresh_search_rows(case, at=now)
    tell_reporters(case, "report_interim", at=now)
    tell_followers(case, "followed_interim", at=now)


@Verb(
    "answer_privately", Action.PUBLISH, kinds=DECISION, writes=Publication,
    staff=always("Trả lời riêng người gửi", "Answered the sender in private", is_main=True),
    sender=always("Trung tâm trả lời riêng Ông/Bà", "The centre answered you in private", is_main=True),
)  # fmt: skip
def answer_privately(case: Case, given: AnswerPrivatelyInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Give the approved answers to the reporters alone. It is rated and ends the case clock, and stays out of every public page.

    `photos` are of the answers: of a merged case's reports each sender sees their own already, and nobody else's. This is not possible
    while an interim answer is public, because it would say for ever that the work goes on; that one is taken back first, with its reason.
    Records `answer_privately`. Raises PublicationRefused for that, and when no answer is approved.
    """
    require(by, Action.PUBLISH, case)
    refuse_quarantined(case)
    _refuse_unfinished(case)
    newest = newest_publication(case)
    if newest is not None and newest.kind == "interim":
        raise PublicationRefused(
            "Hồ sơ đang công khai kết quả bước đầu. Xin gỡ bản đó trước khi trả lời riêng.",
            "An interim answer is public. Take it back before you answer in private.",
        )
    publication = _publication(case, "private", by=by, now=now)
    version = write_version(publication, _answers_to_show(case), given, by=by, now=now)
    choose_photos(version, given.photos, by=by, now=now)
    record(case, "answer_privately", by=by, at=now, number=publication.number)
    return _answered(case, publication, now=now, template="report_answered")


def _refuse_unfinished(case: Case) -> None:
    """The answer ends the work on a case: no agency and no part may be at work, and no withdrawal request undecided."""
    if waited_for := open_parts(case):
        codes = ", ".join(part.code for part in waited_for)
        raise PublicationRefused(f"Còn phần tách ra chưa trả lời: {codes}.", f"A part of it has not been answered yet: {codes}.")
    if case.open_assignments:
        raise PublicationRefused("Còn đơn vị chưa trả lời.", "An agency has not answered yet.")
    if case.withdrawal_asked:
        raise PublicationRefused(
            "Người phản ánh đang đề nghị rút. Xin quyết định việc đó trước.", "Its reporter asks to withdraw it. Decide on that first."
        )


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


def has_new_answer(case: Case) -> bool:
    """Whether an agency's approved answer of this round is in no interim publication yet."""
    before = newest_publication(case, kinds=("interim",))
    shown = {row.answer_id for row in before.current.answers} if before is not None else set()
    return any(answer.id not in shown for answer in approved_answers(case))


def refuse_unshowable(case: Case, *, checked: bool) -> None:
    """Raise PublicationRefused for a case that must not be public, and before personal data have been covered."""
    refuse_quarantined(case)
    if case.visibility_reason_id is not None:
        raise PublicationRefused(
            "Hồ sơ thuộc diện không công khai. Vui lòng trả lời riêng người phản ánh.",
            "This case must not be made public. Please answer the reporter in private.",
        )
    if not checked:
        raise PublicationRefused(
            "Vui lòng xác nhận đã che thông tin cá nhân, khuôn mặt và biển số xe.",
            "Please confirm that personal data, faces and number plates are covered.",
            about="checked",
        )


def _refuse_part(case: Case) -> None:
    """A part is told with the case it belongs to, so nothing of it is told before its answer is final."""
    if case.parent_id is not None:
        raise PublicationRefused(
            "Đây là một phần tách ra: kết quả được công khai cùng hồ sơ chính, nên không công khai bước đầu.",
            "This is a part: its answer is published with its case, so there is no interim one.",
        )


def refuse_quarantined(case: Case) -> None:
    if case.quarantined_at is not None:
        raise PublicationRefused(
            "Hồ sơ đang được xử lý theo thủ tục riêng nên không công bố và không trả lời tại đây.",
            "This case is handled under a procedure of its own: it is neither published nor answered here.",
        )


def write_version(
    publication: Publication, answers: Sequence[Answer], given: AnswerPrivatelyInput, *,
    by: Actor, now: datetime, correction_reason: str | None = None,
) -> PublicationVersion:
    """Write the next version of a publication with those answers; only a first one has no `correction_reason`.

    A private answer has no place.
    """
    title, question = normal(given.title), normal(given.question)
    public = given if isinstance(given, PublishInput) and publication.kind != "private" else None
    if not title or not question:
        raise PublicationRefused(
            "Vui lòng ghi tiêu đề và nội dung phản ánh đã biên tập.",
            "Please write the title and the edited matter.",
            about="question" if title else "title",
        )
    version = PublicationVersion(
        publication=publication, version=len(publication.versions) + 1, title=title[:200], question=question,
        summary=normal(given.summary) or None, place=normal(public.place) or None if public else None,
        shows_exact_place=public is not None and public.shows_exact_place and place_exactly(publication.case, now=now),
        correction_reason=correction_reason, written_by_id=by.account_id, written_at=now,
    )  # fmt: skip
    for position, answer in enumerate(answers):
        version.answers.append(PublicationAnswer(answer=answer, position=position))
    db.session.add(version)
    return version


def choose_photos(version: PublicationVersion, photos: ChosenPhotos, *, by: Actor, now: datetime) -> None:
    """Show these photos with a version. A private answer has only those of the answers: a report's belong to its sender."""
    if version.publication.kind == "private":
        photos = tuple(each for each in photos if each[0].answer_id is not None)
    refuse_overtaken(photos)
    for position, (photo, copies) in enumerate(photos):
        add_copies(photo, copies, audience="public", by=by, now=now)
        view, thumb = copy_for(photo, "public", "view"), copy_for(photo, "public", "thumb")
        if view is None or thumb is None:
            raise ValueError(f"photo {photo.ref} was prepared without view or thumb")
        version.photos.append(PublicationPhoto(photo=photo, view=view, thumb=thumb, position=position, made_from_id=copies.made_from))


def refuse_overtaken(photos: ChosenPhotos) -> None:
    """Raise PublicationRefused for a copied photo that its case has released anew, or shows no more, since its copies were made."""
    if any(photo.copied_from_id is not None and newest_release(photo) != copies.made_from for photo, copies in photos):
        raise PublicationRefused(
            "Trong lúc Ông/Bà soạn, hồ sơ chính đã che lại hoặc gỡ một ảnh đi kèm phần này. Xin xem lại ảnh rồi công khai.",
            "While you were writing, the case covered a photo of this part anew, or shows it no more. Please look at the photos again.",
        )


def _answers_to_show(case: Case) -> list[Answer]:
    answers = approved_answers(case)
    if not answers:
        raise PublicationRefused("Chưa có trả lời nào được phê duyệt.", "No answer has been approved.")
    return answers


def _publication(case: Case, kind: str, *, by: Actor, now: datetime) -> Publication:
    publication = Publication(
        case=case, number=next_number(case), kind=kind, published_by_id=by.account_id, published_at=now, versions=[]
    )  # fmt: skip
    db.session.add(publication)
    return publication


def _answered(case: Case, publication: Publication, *, now: datetime, template: str) -> dict[str, object]:
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
