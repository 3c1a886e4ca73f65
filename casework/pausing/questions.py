"""Asking the reporter; the case is paused until they answer or the time given is over (rules.md, section 4, "Pauses")."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from casework.calendars import calendar_of
from casework.cases import OF_ANOTHER_CASE, refuse_unless_open
from casework.clocks.limit_changes import limits_moved, limits_of
from casework.contacts.partners import may_be_asked
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Case, Question, Report
from casework.outbox import tell_desk, tell_reporter, tell_reporters
from casework.parts import open_parts
from casework.pausing import sentences
from casework.pausing.added_files import AddedFiles, has_files
from casework.pausing.additions import add_to_report
from casework.pausing.standstills import end_case, go_on, stand_still
from casework.permissions import SYSTEM, Action, Actor, Role, require
from casework.permissions.sight import require_sender
from casework.sealing.seal import open_text, seal_text
from casework.sentences import always
from casework.states import AssignmentEnd, CaseState, Pause
from casework.text import normal
from casework.verbs import MESSAGE, Input, Situation, Verb
from casework.working_time import TimeLimit, Unit, due_at

ANSWER_PURPOSE = "answer to a question"
MOST_WORKING_DAYS = 7
LONGEST_QUESTION = 2_000
LONGEST_ANSWER = 4_000
CLOSE, CONTINUE = "close", "continue"
NOT_ANSWERED = "Hồ sơ kết thúc vì chưa có thông tin bổ sung; đơn vị không cần tiếp tục."


class QuestionRefused(CaseworkError):
    """The reporter cannot be asked like this; the text says why."""


class QuestionAnswerRefused(CaseworkError):
    """The question cannot be answered like this; the text says why."""


def somebody_can_be_asked(at: Situation) -> bool:
    """Where a question reaches one of the senders."""
    if not at.is_under_way:
        return False
    return bool(may_be_asked([link.report for link in at.case.reports if link.left_at is None]))


@dataclass(frozen=True, slots=True, kw_only=True)
class AskReporterInput(Input):
    report: Report
    words: str
    when_unanswered: str
    working_days: int = MOST_WORKING_DAYS


@Verb(
    "ask_reporter", Action.ASK_REPORTER, kinds=MESSAGE, about_limit=True, is_personal=True, staff=sentences.asked,
    sender=always("Trung tâm hỏi thêm Ông/Bà", "The centre asked you a question", is_main=True),
    is_act=True, needs=("reporter_asked",), offered=somebody_can_be_asked,
)  # fmt: skip
def ask_reporter(case: Case, given: AskReporterInput, *, by: Actor, now: datetime) -> None:
    """Ask the sender of one report; the case and its limits pause for at most `working_days`.

    `when_unanswered` is "close" or "continue", as chosen now. One question at a time. Records `ask_reporter` without the words. Raises
    CaseNotOpen, or QuestionRefused: no words, an unreachable sender, a longer time, or "close" where others reported the same matter
    (their case is not closed because one of them is silent; own rule) or a part is open. Source: rules.md, section 4, "Pauses", and
    section 6, "Anonymous to the centre".
    """
    require(by, Action.ASK_REPORTER, case)
    refuse_unless_open(case)
    words = normal(given.words)
    if not words or len(words) > LONGEST_QUESTION:
        raise QuestionRefused(
            f"Vui lòng viết câu hỏi, tối đa {LONGEST_QUESTION} ký tự.",
            f"Please write the question, {LONGEST_QUESTION} characters at most.",
            about="words",
        )
    if not 1 <= given.working_days <= MOST_WORKING_DAYS or given.when_unanswered not in (CLOSE, CONTINUE):
        raise QuestionRefused(
            f"Vui lòng chọn thời gian chờ từ 1 đến {MOST_WORKING_DAYS} ngày làm việc và cách xử lý khi không có trả lời.",
            f"Please choose 1 to {MOST_WORKING_DAYS} working days and what happens without an answer.",
        )
    present = [link.report for link in case.reports if link.left_at is None]
    if given.report.id not in {each.id for each in present}:
        raise QuestionRefused(*OF_ANOTHER_CASE)
    if not may_be_asked([given.report]):
        raise QuestionRefused("Không có cách liên hệ với người gửi phản ánh này.", "There is no way to reach the sender of this report.")
    if given.when_unanswered == CLOSE and open_parts(case):
        raise QuestionRefused(
            "Hồ sơ còn phần tách ra đang được xử lý nên không kết thúc khi người phản ánh chưa trả lời.",
            "Parts of the case are being handled: it cannot be closed because its reporter does not answer.",
            about="when_unanswered",
        )
    if given.when_unanswered == CLOSE and len(present) > 1:
        raise QuestionRefused(
            "Hồ sơ có nhiều người phản ánh nên không kết thúc khi một người chưa trả lời.",
            "Several people reported this matter: it cannot be closed because one of them does not answer.",
        )
    until = due_at(TimeLimit(given.working_days, Unit.WORKING_DAYS), now, calendar_of(case.centre_id))
    db.session.add(
        Question(case_id=case.id, report_id=given.report.id, words=words, asked_by_id=by.account_id, asked_at=now, due_at=until,
                 when_unanswered=given.when_unanswered)
    )  # fmt: skip
    record(
        case, "ask_reporter", by=by, at=now, report=given.report.code, working_days=given.working_days,
        when_unanswered=given.when_unanswered,
    )  # fmt: skip
    stand_still(case, Pause.QUESTION, at=now, until=until, state=CaseState.WAITING_REPORTER)
    tell_reporter(given.report, "reporter_asked", case=case, at=now, due_at=until.isoformat() if until else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerQuestionInput(Input):
    report: Report
    words: str
    token: str | None = None


@Verb(
    "answer_question", Action.ANSWER_QUESTION, kinds=MESSAGE, moves_limit=True, is_personal=True, is_from_outside=True,
    staff=always("Trả lời câu hỏi của Trung tâm", "Answered the centre's question"),
    sender=always("Ông/Bà trả lời câu hỏi", "You answered the question"),
)  # fmt: skip
def answer_question(case: Case, given: AnswerQuestionInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Take the sender's answer, while the case waits for it; work resumes.

    `token` names the photos and the voice note staged with the form: an operator reviews them like every addition, and may clear them for
    agencies; with some, there need be no words. Records `answer_question` without the words, which are sealed. Raises NotAllowed for
    anybody but the sender who was asked, AnswerRefused, TooManyOfAReport.
    """
    require_sender(by, given.report, case)
    question = open_question(case)
    if question is None or question.report_id != given.report.id:
        raise QuestionAnswerRefused("Trung tâm không còn chờ trả lời của Ông/Bà.", "The centre is not waiting for an answer from you.")
    words, with_files = normal(given.words), has_files(given.token)
    if not (words or with_files) or len(words) > LONGEST_ANSWER:
        raise QuestionAnswerRefused(
            f"Vui lòng viết câu trả lời, tối đa {LONGEST_ANSWER} ký tự.", f"Please write the answer, {LONGEST_ANSWER} characters at most.",
            about="words",
        )
    question.sealed_answer = seal_text(words, purpose=ANSWER_PURPOSE) if words else None
    question.answered_at = question.ended_at = now
    sent = add_to_report(case, given.report, words="", token=given.token, now=now) if with_files else AddedFiles()
    before = limits_of(case)
    go_on(case, at=now)
    record(case, "answer_question", by=by, at=now, report=given.report.code, **sent.told(), **limits_moved(before, case))
    tell_desk(Role.OPERATOR, "question_answered", case=case, at=now)
    return {"outcome": "answered"}


def is_waited_for(at: Situation) -> bool:
    """While the case waits for the answer to a question."""
    return at.case.paused_for == Pause.QUESTION


@Verb(
    "stop_waiting", Action.ASK_REPORTER, kinds=MESSAGE, moves_limit=True,
    staff=always("Thôi chờ trả lời, tiếp tục xử lý", "Stopped waiting and went on"),
    sender=always("Trung tâm xử lý tiếp theo thông tin đã có", "The centre goes on with what it knows"),
    is_act=True, offered=is_waited_for,
)  # fmt: skip
def stop_waiting(case: Case, *, by: Actor, now: datetime) -> None:
    """Continue without the answer. Records `stop_waiting`; the sender who was asked is told. Raises QuestionRefused."""
    require(by, Action.ASK_REPORTER, case)
    question = _awaited(case)
    before = limits_of(case)
    _go_on_without(case, question, now)
    record(case, "stop_waiting", by=by, at=now, **limits_moved(before, case))


@Verb("end_question", None, kinds=MESSAGE, moves_limit=True, staff=sentences.question_ended, sender=sentences.not_answered)
def end_question(case: Case, *, now: datetime) -> dict[str, object]:
    """End the wait because its time is over: close the case with notice, or continue, as chosen when asking.

    A case that others have joined meanwhile, or that has open parts, continues. Records `end_question`. Raises QuestionRefused when nothing
    is awaited.
    """
    question = _awaited(case)
    is_sole = sum(link.left_at is None for link in case.reports) == 1
    closes = question.when_unanswered == CLOSE and is_sole and not open_parts(case)
    before = limits_of(case)
    if closes:
        record(case, "end_question", by=SYSTEM, at=now, closes=closes, due=None)
        end_case(case, CaseState.CLOSED, end=AssignmentEnd.CLOSED, words=NOT_ANSWERED, at=now)
        tell_reporters(case, "question_closed_case", at=now)
    else:
        _go_on_without(case, question, now)
        record(case, "end_question", by=SYSTEM, at=now, closes=closes, **limits_moved(before, case))
    return {"closes": closes}


def open_question(case: Case) -> Question | None:
    query = select(Question).where(Question.case_id == case.id, Question.ended_at.is_(None))
    return db.session.scalars(query.order_by(Question.id.desc())).first()


def question_words(question: Question) -> str:
    """The centre's words, for the operations team and the sender who was asked."""
    return question.words


def answer_words(question: Question) -> str | None:
    """The sender's answer, for the operations team and its writer."""
    return open_text(question.sealed_answer, purpose=ANSWER_PURPOSE) if question.sealed_answer else None


def _awaited(case: Case) -> Question:
    question = open_question(case)
    if question is None or case.paused_for != Pause.QUESTION:
        raise QuestionRefused("Hồ sơ không chờ trả lời nào.", "The case is not waiting for an answer.")
    return question


def _go_on_without(case: Case, question: Question, now: datetime) -> None:
    question.ended_at = now
    go_on(case, at=now)
    report = next((link.report for link in case.reports if link.report_id == question.report_id and link.left_at is None), None)
    if report is not None:
        tell_reporter(report, "question_lapsed", case=case, at=now)
