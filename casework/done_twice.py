"""Whether a person has just done the same thing to a case: what is sent twice leaves one note and one reminder."""

from datetime import datetime, timedelta

from sqlalchemy import exists, select

from casework.db import db
from casework.errors import CaseworkError
from casework.folding import normal
from casework.models import Assignment, Case, Event, Note
from casework.permissions import Actor

JUST_NOW = timedelta(minutes=10)


class DoneAlready(CaseworkError):
    """The same was done a moment ago; nothing was done again."""


def refuse_same_note(case: Case, *, by: Actor, now: datetime, audience: str, words: str) -> None:
    """Raise DoneAlready where the person wrote the same note to the same readers within JUST_NOW. Of a locked case."""
    same = exists().where(
        Note.case_id == case.id, Note.written_by_id == by.account_id, Note.written_at > now - JUST_NOW, Note.audience == audience,
        Note.body == normal(words),
    )  # fmt: skip
    if db.session.scalar(select(same)):
        raise DoneAlready("Ghi chú này vừa được lưu rồi.", "This note has just been kept already.")


def refuse_same_reminder(case: Case, assignment: Assignment, *, by: Actor, now: datetime) -> None:
    """Raise DoneAlready where the person reminded the same agency of the case within JUST_NOW. Of a locked case."""
    query = select(Event.payload).where(Event.case_id == case.id, Event.type == "remind")
    query = query.where(Event.actor_id == by.account_id, Event.at > now - JUST_NOW)
    if any((payload or {}).get("agency") == assignment.agency.key for payload in db.session.scalars(query)):
        raise DoneAlready("Đơn vị vừa được nhắc rồi.", "The agency has just been reminded already.")
