"""The exchanges of a report's sender and the centre after filing, and the centre's decisions, for the sender alone."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Addition, Case, CaseReport, Extension, Question, Recording, Referral, Refusal, Report, Withdrawal
from casework.pausing.added_files import photos_of_additions, recordings_of_additions
from casework.pausing.additions import addition_words
from casework.pausing.questions import answer_words, question_words
from casework.pausing.withdrawals import withdrawal_reason
from casework.reporters.own_rows import OwnPart
from casework.reporters.photos import OwnPhoto, own_photos
from casework.triage.refusals import objection_words


@dataclass(frozen=True)
class ConversationTurn:
    """One turn of the conversation; `note` is its outcome. Another sender's turn has no words: only the fact is shown. `photos` and
    `recordings` came with the words, or alone."""

    by_centre: bool
    heading: Bilingual
    at: datetime
    words: str | None = None
    note: Bilingual | None = None
    photos: tuple[OwnPhoto, ...] = ()
    recordings: tuple[Recording, ...] = ()


@dataclass(frozen=True)
class ReferralTold:
    """The body that handles the matter instead, why, and its result."""

    body: str
    reason: str
    referred_at: datetime
    result: str | None
    came_back: bool
    ended_at: datetime | None
    case_id: int


@dataclass(frozen=True)
class Granted:
    """More time granted: the reason, and the first instant that is now too late."""

    reason: str
    due_at: datetime
    decided_at: datetime


@dataclass(frozen=True)
class Conversation:
    """The turns, newest first; the referrals of all cases the report has been in, newest first; and the extensions that moved the day of
    the answer, newest first (those of cooperating agencies move only their own)."""

    turns: tuple[ConversationTurn, ...]
    referrals: tuple[ReferralTold, ...]
    extensions: tuple[Granted, ...]


ASKED = Bilingual("Trung tâm hỏi", "The centre asked")
ANSWERED = Bilingual("Ông/Bà trả lời", "You answered")
UNANSWERED = Bilingual("Không có trả lời trước hạn.", "There was no answer in time.")
ADDED = Bilingual("Ông/Bà viết thêm", "You wrote more")
SENT_PHOTOS = Bilingual("Ông/Bà gửi thêm ảnh", "You sent more photos")
SENT_VOICE = Bilingual("Ông/Bà gửi thêm lời ghi âm", "You sent a voice note")
READ = Bilingual("Trung tâm đã đọc.", "The centre has read it.")
UNREAD = Bilingual("Trung tâm chưa đọc.", "Not read by the centre yet.")
REFUSED = Bilingual("Trung tâm không tiếp nhận", "The centre did not accept it")
OBJECTED = Bilingual("Ông/Bà đề nghị xem lại việc không tiếp nhận", "You objected to the refusal")
OTHER_OBJECTED = Bilingual("Một người gửi khác đề nghị xem lại việc không tiếp nhận", "Another sender objected to the refusal")
BEING_LOOKED_AT = Bilingual("Trung tâm đang xem lại.", "The centre is looking at it.")
UPHELD = Bilingual("Trung tâm đồng ý và tiếp tục xử lý phản ánh", "The centre agreed and goes on with the report")
DISMISSED = Bilingual("Trung tâm đã xem lại và giữ nguyên việc không tiếp nhận", "The centre looked again and keeps to its refusal")
WITHDRAWAL = Bilingual("Ông/Bà rút phản ánh", "You withdrew the report")
ASKED_TO_WITHDRAW = Bilingual("Ông/Bà đề nghị rút phản ánh", "You asked to withdraw the report")
BEING_CONSIDERED = Bilingual("Trung tâm đang xem xét.", "The centre is considering it.")
OVERTAKEN = Bilingual("Phản ánh đã kết thúc trước khi Trung tâm quyết định.", "The report was closed before the centre decided.")
WITHDRAWAL_GRANTED = Bilingual("Trung tâm đồng ý cho rút phản ánh", "The centre let you withdraw the report")
WITHDRAWAL_KEPT = Bilingual("Trung tâm tiếp tục xử lý, không nêu tên ai", "The centre goes on with it, naming nobody")


def talk_about(report: Report, case: Case, there: Collection[OwnPart]) -> Conversation:
    """The exchanges about a report and the decisions in its case, without other senders' words; `there` is what there may be of them."""
    turns = [turn for part, tell in TURNS.items() if part in there for turn in tell(report)]
    return Conversation(
        tuple(sorted(turns, key=lambda turn: turn.at, reverse=True)),
        tuple(_referrals(report)) if OwnPart.REFERRALS in there else (),
        tuple(_extensions(case)) if OwnPart.EXTENSIONS in there else (),
    )


def _referrals(report: Report) -> Iterator[ReferralTold]:
    of_report = select(CaseReport.case_id).where(CaseReport.report_id == report.id)
    query = select(Referral).where(Referral.case_id.in_(of_report)).order_by(Referral.id.desc())
    for row in db.session.scalars(query):
        yield ReferralTold(row.body, row.reason, row.referred_at, row.result, bool(row.came_back), row.ended_at, row.case_id)


def _extensions(case: Case) -> Iterator[Granted]:
    leading = [row.id for row in case.assignments if row.is_lead]
    query = select(Extension).where(Extension.assignment_id.in_(leading), Extension.granted.is_(True)).order_by(Extension.id.desc())
    for row in db.session.scalars(query):
        if row.new_due_at is not None and row.decided_at is not None:
            yield Granted(row.reason, row.new_due_at, row.decided_at)


def _questions(report: Report) -> Iterator[ConversationTurn]:
    for row in db.session.scalars(select(Question).where(Question.report_id == report.id)):
        is_over = row.ended_at is not None and row.answered_at is None
        yield ConversationTurn(True, ASKED, row.asked_at, question_words(row), UNANSWERED if is_over else None)
        if row.answered_at is not None:
            yield ConversationTurn(False, ANSWERED, row.answered_at, answer_words(row))


def _additions(report: Report) -> Iterator[ConversationTurn]:
    rows = list(db.session.scalars(select(Addition).where(Addition.report_id == report.id)))
    photos, recordings = photos_of_additions(rows), recordings_of_additions(rows)
    for row in rows:
        words, note = addition_words(row), READ if row.read_at is not None else UNREAD
        own, spoken = own_photos(photos.get(row.id, ())), tuple(recordings.get(row.id, ()))
        heading = SENT_PHOTOS if own and not words else SENT_VOICE if spoken and not words else ADDED
        yield ConversationTurn(False, heading, row.written_at, words, note, own, spoken)


def _objections(report: Report) -> Iterator[ConversationTurn]:
    """Objections and decisions while the report was in the case. A refusal in force is shown above the conversation."""
    query = select(Refusal).join(CaseReport, CaseReport.case_id == Refusal.case_id).where(CaseReport.report_id == report.id)
    query = query.where(Refusal.refused_at >= CaseReport.joined_at)
    for row in db.session.scalars(query.where(or_(CaseReport.left_at.is_(None), Refusal.refused_at <= CaseReport.left_at))):
        if row.objected_at is None:
            continue
        is_own, is_decided = row.objected_by_id == report.id, row.decided_at is not None
        if row.objection_upheld:
            yield ConversationTurn(True, REFUSED, row.refused_at, row.words, row.reason.name)
        note = None if is_decided else BEING_LOOKED_AT
        yield ConversationTurn(
            False, OBJECTED if is_own else OTHER_OBJECTED, row.objected_at, objection_words(row) if is_own else None, note
        )
        if row.decided_at is not None:
            # the words answer the person who objected, and may repeat what only that person said
            yield ConversationTurn(
                True, UPHELD if row.objection_upheld else DISMISSED, row.decided_at, row.decision_words if is_own else None
            )


def _withdrawals(report: Report) -> Iterator[ConversationTurn]:
    for row in db.session.scalars(select(Withdrawal).where(Withdrawal.report_id == report.id)):
        was_at_once = row.granted and row.decided_by_id is None
        note = None if row.granted is not None else OVERTAKEN if row.decided_at is not None else BEING_CONSIDERED
        yield ConversationTurn(False, WITHDRAWAL if was_at_once else ASKED_TO_WITHDRAW, row.requested_at, withdrawal_reason(row), note)
        if row.decided_at is not None and row.granted is not None and not was_at_once:
            yield ConversationTurn(True, WITHDRAWAL_GRANTED if row.granted else WITHDRAWAL_KEPT, row.decided_at, row.decision_words)


TURNS: dict[OwnPart, Callable[[Report], Iterator[ConversationTurn]]] = {
    OwnPart.QUESTIONS: _questions,
    OwnPart.ADDITIONS: _additions,
    OwnPart.REFUSALS: _objections,
    OwnPart.WITHDRAWALS: _withdrawals,
}
