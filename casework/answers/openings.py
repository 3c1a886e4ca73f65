"""Which version of an answer each person has opened. Several answers are approved at once only if each was opened before."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from casework.answers.acts import newest_answer
from casework.db import db, inserting
from casework.errors import CaseworkError
from casework.models import Answer, AnswerOpening, Assignment
from casework.permissions import Actor
from casework.reading.lacking import Part, is_lacked


class NotOpened(CaseworkError):
    """The version to be approved was not opened by this person; the text names it."""


def record_opening(answer_id: int, *, by: Actor, now: datetime) -> None:
    """Record that a person has read a version of an answer; only the first time counts. It is no event, because nothing is decided."""
    row = inserting(AnswerOpening).values(answer_id=answer_id, account_id=by.account_id, opened_at=now)
    db.session.execute(row.on_conflict_do_nothing())


def opened_by(by: Actor, answers: Collection[Answer]) -> frozenset[int]:
    """The rows of those answers the person has opened. A deputy's reading counts for the deputy, not for the principal."""
    ids = [answer.id for answer in answers if not is_lacked(Part.OPENINGS, answer.assignment_id)]
    query = select(AnswerOpening.answer_id).where(AnswerOpening.account_id == by.account_id, AnswerOpening.answer_id.in_(ids))
    return frozenset(db.session.scalars(query)) if ids else frozenset()


def newest_answers(assignment_ids: Collection[int]) -> dict[int, Answer]:
    """The answer each assignment waits to have judged, by the assignment's row."""
    query = select(Answer).where(Answer.assignment_id.in_(assignment_ids)).order_by(Answer.version)
    return {answer.assignment_id: answer for answer in db.session.scalars(query)} if assignment_ids else {}


def refuse_unopened(assignment: Assignment, *, by: Actor, version: int) -> None:
    """Raise NotOpened unless the person has opened the newest version and `version` is that one.

    Each version waits in its own step, so the version cannot change while the step waits.
    """
    answer = newest_answer(assignment)
    if answer is None or answer.version != version:
        raise NotOpened(
            "Trả lời đã có bản khác sau khi mở danh sách. Xin mở đọc bản mới.",
            "There is another version since the list was opened. Please open and read it.",
        )
    if not opened_by(by, [answer]):
        raise NotOpened("Ông/Bà chưa mở đọc trả lời này.", "You have not opened this answer yet.")
