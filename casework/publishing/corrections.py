"""Changing what is already published: a marked correction, or taking a publication back."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Case, Publication, PublicationVersion
from casework.outbox import tell_followers, tell_reporters
from casework.parts import parent_of
from casework.permissions import Action, Actor, require
from casework.publications import PUBLIC_KINDS, newest_publication, settle_publicity
from casework.publishing import sentences
from casework.publishing.acts import PublishInput, choose_photos, refuse_quarantined, refuse_unshowable, write_version
from casework.search.rows import refresh_search_rows
from casework.sentences import always
from casework.states import CaseState
from casework.text import normal
from casework.verbs import DECISION, Input, Situation, Verb

LONGEST_REASON = 2_000
GONE = frozenset({CaseState.MERGED, CaseState.REFUSED, CaseState.WITHDRAWN, CaseState.JOINED})
"""States in which a case has no page a correction could be shown on."""


class CorrectionRefused(CaseworkError):
    """What was published cannot be changed like this; the text says why."""


def correctable(at: Situation) -> Iterator[Publication]:
    """What was told and can be corrected; what was public only as long as the case may be."""
    for row in at.publications():
        is_hidden = row.kind in PUBLIC_KINDS and at.case.visibility_reason_id is not None
        if not is_hidden and can_be_corrected(row, at.case, at.publications()):
            yield row


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectPublicationInput(PublishInput):
    """`version_seen` is the version the new words were written over: of two simultaneous corrections, the second writer has to read the
    first one before theirs counts. `again` says that the writer knows it was taken back, and publishes it again on purpose. `reason` is
    shown with the text."""

    publication: Publication
    version_seen: int
    reason: str
    again: bool = False


@Verb(
    "correct_publication", Action.CORRECT_PUBLICATION, kinds=DECISION,
    staff=always("Đính chính kết quả đã công khai", "Corrected what was published", is_main=True),
    public=sentences.corrected_in_public, sender=sentences.corrected_by_centre,
    is_act=True, offered_on=correctable,
)  # fmt: skip
def correct_publication(case: Case, given: CorrectPublicationInput, *, by: Actor, now: datetime) -> None:
    """Write a new version of a publication; one that was taken back is published again by it.

    The agencies' answers stay as they are, and only the chosen photos are shown; the pictures shown before are erased, because they may
    have been covered too little. Ratings stay: they name the version they were given to, so they are marked "before correction". In any
    state of the case, without effect on its limits. Records `correct_publication`; reporters are told, and followers of a public one.
    Raises CorrectionRefused, PublicationRefused. Source: rules.md, section 6, "Answers".
    """
    require(by, Action.CORRECT_PUBLICATION, case)
    publication, reason = given.publication, _refuse_uncorrectable(case, given)
    before, was_taken_back = publication.current, publication.unpublished_at is not None
    answers = [row.answer for row in before.answers]
    version = write_version(publication, answers, given, by=by, now=now, correction_reason=reason)
    choose_photos(version, given.photos, by=by, now=now)
    _erase_copies(before, at=now)
    record(
        case, "correct_publication", by=by, at=now, kind=publication.kind, number=publication.number, version=version.version,
        again=was_taken_back,
    )  # fmt: skip
    publication.unpublished_at = None
    settle_publicity(case)
    refresh_search_rows(case, at=now)
    _tell_corrected(case, publication, now)


def _tell_corrected(case: Case, publication: Publication, now: datetime) -> None:
    """Tell whoever read it: of a part, the senders and followers of its case, once that has its answer."""
    told = parent_of(case)
    answer = newest_publication(told) if told is not None else None
    if told is not None and (answer is None or answer.kind == "interim"):
        return
    told = told or case
    tell_reporters(told, "report_corrected", at=now)
    if publication.kind != "private" and case.is_public and (answer or publication).kind != "private":
        tell_followers(told, "followed_corrected", at=now)


def _refuse_uncorrectable(case: Case, given: CorrectPublicationInput) -> str:
    """Return the reason as it is kept. Raises CorrectionRefused, PublicationRefused."""
    publication = given.publication
    refuse_quarantined(case)
    _refuse_foreign(case, publication)
    if publication.unpublished_at is not None and not given.again:
        raise CorrectionRefused(
            "Bản này đã được gỡ khỏi trang công khai sau khi mở biểu mẫu. Gửi lại lần nữa là công khai lại.",
            "This was taken back after the form was opened. Sending it once more publishes it again.",
            about="again",
        )
    if publication.kind != "private":
        refuse_unshowable(case, checked=given.checked)
    reason = _fit(given.reason, "Vui lòng ghi nội dung và lý do đính chính.", "Please write what is corrected, and why.")
    if not can_be_corrected(publication, case):
        raise CorrectionRefused(
            "Bản này không còn là bản mọi người đọc nên không đính chính được.",
            "This is not what people read now, so it cannot be corrected.",
        )
    if given.version_seen != publication.current.version:
        raise CorrectionRefused(
            "Nội dung này đã được đính chính sau khi mở biểu mẫu. Xin đọc nội dung mới rồi gửi lại.",
            "This was corrected after the form was opened. Please read the newer text, then send yours again.",
        )
    return reason


def in_public(at: Situation) -> Iterator[Publication]:
    """What everybody can read."""
    return (row for row in at.publications() if row.kind in PUBLIC_KINDS and row.unpublished_at is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpublishInput(Input):
    publication: Publication
    reason: str


@Verb(
    "unpublish", Action.UNPUBLISH, kinds=DECISION,
    staff=always("Gỡ kết quả đã công khai", "Took back what was published", is_main=True),
    public=always("Trung tâm gỡ kết quả đã công khai", "The centre took the published result back", is_main=True),
    is_act=True, offered_on=in_public,
)  # fmt: skip
def unpublish(case: Case, given: UnpublishInput, *, by: Actor, now: datetime) -> None:
    """Take a publication back, so that the public reads its words, photos and ratings no more; its senders still do.

    Older ones it replaced are taken back with it, as nobody meant them to be read again. `reason` stays with the centre. In any state of
    the case. Records `unpublish`; the reporters are told. Raises CorrectionRefused for a private answer, one taken back already, or
    without a reason. Source: rules.md, section 6, "Answers".
    """
    require(by, Action.UNPUBLISH, case)
    refuse_quarantined(case)
    _refuse_foreign(case, given.publication)
    reason = _fit(given.reason, "Vui lòng nêu lý do gỡ.", "Please say why it is taken back.")
    if given.publication.kind not in PUBLIC_KINDS or given.publication.unpublished_at is not None:
        raise CorrectionRefused("Bản này hiện không công khai.", "This is not public now.")
    taken_back = [each for each in _public_ones(case) if each.number <= given.publication.number]
    record(case, "unpublish", by=by, at=now, kind=given.publication.kind, numbers=[each.number for each in taken_back])
    for each in taken_back:
        each.unpublished_at, each.unpublish_reason = now, reason
    settle_publicity(case)
    refresh_search_rows(case, at=now)
    if not case.is_public:
        tell_reporters(case, "report_unpublished", at=now)


def can_be_corrected(publication: Publication, case: Case, others: Collection[Publication] | None = None) -> bool:
    """Whether a correction would be shown: the case has a page, and no later publication replaced this one.

    `others` are the publications of the case, if already loaded.
    """
    if others is None:
        others = db.session.scalars(select(Publication).where(Publication.case_id == case.id)).all()
    is_followed = any(each.number > publication.number and each.unpublished_at is None for each in others)
    return case.state not in GONE and not is_followed


def _erase_copies(version: PublicationVersion, *, at: datetime) -> None:
    """Erase the pictures of a corrected version, as the new one has its own copies. A job deletes the files."""
    for row in version.photos:
        for file in (row.view, row.thumb):
            file.erased_at = file.erased_at or at


def _public_ones(case: Case) -> list[Publication]:
    query = select(Publication).where(
        Publication.case_id == case.id, Publication.kind.in_(PUBLIC_KINDS), Publication.unpublished_at.is_(None)
    )
    return list(db.session.scalars(query.order_by(Publication.number)))


def _refuse_foreign(case: Case, publication: Publication) -> None:
    if publication.case_id != case.id:
        raise CorrectionRefused("Bản công khai không thuộc hồ sơ này.", "The publication is of another case.")


def _fit(reason: str, vi: str, en: str) -> str:
    reason = normal(reason)
    if not reason or len(reason) > LONGEST_REASON:
        raise CorrectionRefused(f"{vi} Tối đa {LONGEST_REASON} ký tự.", f"{en} At most {LONGEST_REASON} characters.", about="reason")
    return reason
